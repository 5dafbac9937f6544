r"""Adaptive resonance networks (自适应谐振理论网络): ART1 for patterns of 0 and 1, fuzzy ART for values in [0, 1].

Both make categories as they need them and learn from one example at a time. :class:`.FuzzyARTMAP`, the classifier, is defined
in :mod:`nndl_support.classical.artmap` and may be imported from here.

Shapes: B examples, D features, C categories.

References
----------
Carpenter and Grossberg (1987), A massively parallel architecture for a self-organizing neural pattern recognition machine,
Computer Vision, Graphics, and Image Processing 37(1), 54-115, https://doi.org/10.1016/S0734-189X(87)80014-2.
Carpenter, Grossberg and Rosen (1991), Fuzzy ART, Neural Networks 4(6), 759-771,
https://doi.org/10.1016/0893-6080(91)90056-B.
周志华 (2016), 《机器学习》, 清华大学出版社, section 5.5.2.
"""

from typing import Any

import numpy as np
from sklearn.base import ClusterMixin

from nndl_support.classical.artmap import FuzzyARTMAP
from nndl_support.classical.categories import BinaryCategories, Categories
from nndl_support.classical.category_learner import CategoryClusterer, check_number
from nndl_support.classical.sketched_categories import SketchedCategories

__all__ = ["ART1", "FuzzyART", "FuzzyARTMAP"]


class ART1(ClusterMixin, CategoryClusterer):
    r"""Categories of binary patterns, with fast learning.

    .. math::

        T_j = \frac{L\,|I \cap w_j|}{L - 1 + |w_j|}, \qquad |I \cap w_J| \ge \rho\,|I|, \qquad w_J \leftarrow I \cap w_J

    Parameters
    ----------
    vigilance : float in [0, 1], the part of a pattern's ones that the template must share; the rho
    L : float > 1, weighs the bottom-up weights; near 1 the greatest template inside the pattern is proposed first
    max_epochs : int
        ``fit`` passes over the data until a pass changes nothing, at most this often.
    shuffle : bool
        Present the examples in a new random order in every epoch.
    random_state : int, RandomState or None

    Attributes
    ----------
    labels_ : array (B,) of int, the category that each example resonated with when it was last presented
    weights_ : array (C, D) of 0.0 and 1.0, the top-down weights (the templates)
    bottom_up_weights_ : array (C, D)
    n_categories_, n_iter_, n_features_in_ : int
    converged_ : bool, whether the last epoch of ``fit`` changed nothing

    Notes
    -----
    The match is measured against the pattern, as in the paper. artlib 0.1.12 divides by the number of features instead, and
    gives a new category bottom-up weights L / (L - 1 + D) until its second example; its ART1 therefore differs, while
    its fuzzy ART on binary data with alpha = L - 1 agrees with this class to the last bit.

    A pattern without ones has no match to measure and is an error.

    References
    ----------
    Carpenter and Grossberg (1987), see the module.

    Examples
    --------
    >>> model = ART1(vigilance=0.6).fit([[1, 1, 1, 0, 0], [1, 1, 0, 0, 0], [0, 0, 0, 1, 1]])
    >>> model.labels_
    array([0, 0, 1])
    >>> model.weights_
    array([[1., 1., 0., 0., 0.],
           [0., 0., 0., 1., 1.]])
    >>> model.predict([[1, 0, 0, 1, 0]])
    array([-1])
    """

    def __init__(
        self,
        vigilance: float = 0.7,
        L: float = 2.0,
        *,
        max_epochs: int = 1,
        shuffle: bool = False,
        random_state: Any = None,
    ) -> None:
        self.vigilance = vigilance
        self.L = L
        self.max_epochs = max_epochs
        self.shuffle = shuffle
        self.random_state = random_state

    @property
    def bottom_up_weights_(self) -> np.ndarray:
        r""":math:`L w / (L - 1 + \lvert w\rvert)`, array (C, D): their product with a pattern is the choice value."""
        templates = self.weights_
        return self.L * templates / (self.L - 1.0 + templates.sum(axis=1, keepdims=True))

    def _new_memory(self, n_components: int) -> Categories:
        return BinaryCategories(n_components, choice=self.L - 1.0)

    def _check_parameters(self) -> None:
        super()._check_parameters()
        check_number("L", self.L, "be greater than 1", lambda v: v > 1)

    def _check_values(self, X: np.ndarray) -> np.ndarray:
        other = X[(X != 0) & (X != 1)]
        if len(other):
            raise ValueError(
                f"ART1 learns patterns of 0 and 1, but X has {len(other)} other values such as {other[0]:g}: "
                "compare with a threshold first, or use FuzzyART"
            )
        return X


class FuzzyART(ClusterMixin, CategoryClusterer):
    r"""Categories of points in the unit cube: rectangles, when the inputs are complement coded.

    .. math::

        T_j = \frac{|I \wedge w_j|}{\alpha + |w_j|}, \qquad |I \wedge w_J| \ge \rho\,|I|, \qquad
        w_J \leftarrow \beta\,(I \wedge w_J) + (1 - \beta)\,w_J

    Parameters
    ----------
    vigilance : float in [0, 1], the part of an input that the template must explain; the rho
    choice : float > 0, the choice parameter alpha
    learning_rate : float in (0, 1], the beta
        1 is fast learning. Smaller values recode slowly; a new category always takes its first input whole (fast commit,
        slow recode).
    complement_coding : bool
        Learn (a, 1 - a) for an example a. Turn it off for inputs that are coded already, or to see why it is needed.
    max_epochs : int
        ``fit`` passes over the data until a pass changes nothing, at most this often.
    shuffle : bool
        Present the examples in a new random order in every epoch.
    random_state : int, RandomState or None

    Attributes
    ----------
    labels_ : array (B,) of int, the category that each example resonated with when it was last presented
    weights_ : array (C, 2 D), or (C, D) without complement coding
    n_categories_, n_iter_, n_features_in_ : int
    converged_ : bool, whether the last epoch of ``fit`` changed nothing

    Notes
    -----
    artlib's FuzzyART, fed with complement-coded data, has the same labels and weights; its ``predict`` names the greatest
    choice value even where the vigilance is missed, ours says -1.

    References
    ----------
    Carpenter, Grossberg and Rosen (1991), see the module.

    Examples
    --------
    >>> model = FuzzyART(vigilance=0.75).fit([[0.25, 0.25], [0.375, 0.5], [1.0, 0.75]])
    >>> model.labels_
    array([0, 0, 1])
    >>> model.weights_
    array([[0.25 , 0.25 , 0.625, 0.5  ],
           [1.   , 0.75 , 0.   , 0.25 ]])
    """

    def __init__(
        self,
        vigilance: float = 0.7,
        choice: float = 0.001,
        learning_rate: float = 1.0,
        *,
        complement_coding: bool = True,
        max_epochs: int = 1,
        shuffle: bool = False,
        random_state: Any = None,
    ) -> None:
        self.vigilance = vigilance
        self.choice = choice
        self.learning_rate = learning_rate
        self.complement_coding = complement_coding
        self.max_epochs = max_epochs
        self.shuffle = shuffle
        self.random_state = random_state

    def _new_memory(self, n_components: int) -> Categories:
        return SketchedCategories(n_components, choice=self.choice)

    def _check_parameters(self) -> None:
        super()._check_parameters()
        check_number("choice", self.choice, "be positive", lambda v: v > 0)
