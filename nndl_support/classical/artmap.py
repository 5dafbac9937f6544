r"""Fuzzy ARTMAP: fuzzy ART whose categories each predict one class, with match tracking (匹配跟踪).

This is the simplified form for classification, in which the second ART module and the map field (映射场) reduce to a list
that says which class each category stands for.

Shapes: B examples, D features, C categories, K classes.

References
----------
Carpenter, Grossberg, Markuzon, Reynolds and Rosen (1992), Fuzzy ARTMAP: a neural network architecture for incremental
supervised learning of analog multidimensional maps, IEEE Transactions on Neural Networks 3(5), 698-713,
https://doi.org/10.1109/72.159059.
Carpenter and Markuzon (1998), ARTMAP-IC and medical diagnosis: instance counting and inconsistent cases, Neural Networks
11(2), 323-336 (MT-).
"""

from typing import Any, Self

import numpy as np
import numpy.typing as npt
from sklearn.base import ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from nndl_support.classical.categories import Categories
from nndl_support.classical.category_learner import CategoryLearner, check_number
from nndl_support.classical.resonance import TOLERANCE

MATCH_TRACKING = ("MT+", "MT-", "MT0", "MT1", "MT~")


class FuzzyARTMAP(ClassifierMixin, CategoryLearner):
    r"""Classifier that learns one example at a time and makes a new category only where its prediction fails.

    When the category that resonates predicts another class, match tracking lifts the vigilance for the rest of this
    search just above the match of the culprit,

    .. math:: \rho \leftarrow \frac{|I \wedge w_J|}{|I|} + \varepsilon

    and the search goes on. The next example starts from the baseline vigilance again.

    Parameters
    ----------
    vigilance : float in [0, 1], the baseline; 0 makes as few categories as possible
    choice : float > 0, the choice parameter alpha
    learning_rate : float in (0, 1], the beta of fuzzy ART
    complement_coding : bool
    match_tracking : {"MT+", "MT-", "MT0", "MT1", "MT~"}
        After a wrong prediction with match M the rest of the search must match at least M + epsilon (MT+, the original), or
        M - epsilon (MT-, which can learn the same input with two classes), or more than M (MT0), or gives up and commits
        a new category at once (MT1). With MT~ categories of other classes are not proposed at all, and the vigilance stays.
    epsilon : float >= 0
    max_epochs : int
        ``fit`` passes over the data until a pass changes nothing, at most this often.
    shuffle : bool
        Present the examples in a new random order in every epoch; voters differ by it.
    random_state : int, RandomState or None

    Attributes
    ----------
    classes_ : array (K,), the labels seen so far, sorted
    labels_ : array (B,) of int, the category that each example resonated with when it was last presented
    category_classes_ : array (C,), the label that each category predicts
    weights_ : array (C, 2 D), or (C, D) without complement coding
    n_categories_, n_iter_, n_features_in_ : int
    converged_ : bool, whether the last epoch of ``fit`` changed nothing

    Notes
    -----
    artlib's SimpleARTMAP around FuzzyART has the same categories. It compares with "greater" instead of "at least" under
    MT0 and MT~ even before any conflict, so there the two differ when a match equals the vigilance exactly.

    References
    ----------
    Carpenter et al. (1992) and Carpenter and Markuzon (1998), see the module.

    Examples
    --------
    >>> X, y = [[0.125, 0.25], [0.25, 0.25], [0.75, 0.5]], ["bad", "good", "good"]
    >>> model = FuzzyARTMAP().fit(X, y)
    >>> model.labels_, model.category_classes_
    (array([0, 1, 1]), array(['bad', 'good'], dtype='<U4'))
    >>> model.predict([[0.5, 0.375]])
    array(['good'], dtype='<U4')
    """

    def __init__(
        self,
        vigilance: float = 0.0,
        choice: float = 0.001,
        learning_rate: float = 1.0,
        *,
        complement_coding: bool = True,
        match_tracking: str = "MT+",
        epsilon: float = 1e-10,
        max_epochs: int = 1,
        shuffle: bool = False,
        random_state: Any = None,
    ) -> None:
        self.vigilance = vigilance
        self.choice = choice
        self.learning_rate = learning_rate
        self.complement_coding = complement_coding
        self.match_tracking = match_tracking
        self.epsilon = epsilon
        self.max_epochs = max_epochs
        self.shuffle = shuffle
        self.random_state = random_state

    def fit(self, X: npt.ArrayLike, y: npt.ArrayLike) -> Self:
        """Forget everything, then learn the labelled examples in their order.

        Parameters
        ----------
        X : array (B, D), values in [0, 1]
        y : array (B,) of labels

        Returns
        -------
        FuzzyARTMAP
            This estimator.

        Raises
        ------
        ValueError
            When a parameter is out of range, or X or y cannot be learnt.
        """
        self._check_parameters()
        points, labels = validate_data(self, X, y, dtype=np.float64)
        check_classification_targets(labels)
        inputs, sizes = self._coded(points)
        self._start(inputs.shape[1])
        self.classes_ = np.unique(labels)
        self._category_codes: list[int] = []
        self._epochs(inputs, sizes, np.searchsorted(self.classes_, labels))
        return self

    def partial_fit(self, X: npt.ArrayLike, y: npt.ArrayLike, classes: npt.ArrayLike | None = None) -> Self:
        """Go on learning: one pass over further examples, whose labels may be new ones.

        Parameters
        ----------
        X : array (B, D), values in [0, 1]
        y : array (B,) of labels
        classes : array (K,), optional
            Labels to expect. Nothing requires them: a new class is learnt when its first example comes.

        Returns
        -------
        FuzzyARTMAP
            This estimator; ``labels_`` are those of this call's examples.

        Raises
        ------
        ValueError
            As for ``fit``, and when the number of features changes.
        """
        self._check_parameters()
        first = not hasattr(self, "_memory")
        points, labels = validate_data(self, X, y, dtype=np.float64, reset=first)
        check_classification_targets(labels)
        inputs, sizes = self._coded(points)
        if first:
            self._start(inputs.shape[1])
            self.classes_, self._category_codes = np.unique(labels), []
        self._meet(np.unique(labels if classes is None else np.concatenate([labels, np.asarray(classes)])))
        self.labels_ = np.array(self._pass(inputs, sizes, np.searchsorted(self.classes_, labels)), dtype=np.intp)
        return self

    @property
    def category_classes_(self) -> np.ndarray:
        """The label that each category predicts, array (C,)."""
        check_is_fitted(self, "_memory")
        return self.classes_[np.array(self._category_codes, dtype=np.intp)]

    def predict(self, X: npt.ArrayLike) -> np.ndarray:
        """Label of every example: that of the category with the greatest choice value, whatever the match.

        Parameters
        ----------
        X : array (B, D), values in [0, 1]

        Returns
        -------
        array (B,) of labels
        """
        check_is_fitted(self, "_memory")
        inputs, _ = self._coded(validate_data(self, X, dtype=np.float64, reset=False))
        memory = self._memory
        winners = [int(memory.choice_values(memory.overlaps(x)).argmax()) for x in inputs]
        return self.category_classes_[winners]

    def apply(self, X: npt.ArrayLike) -> np.ndarray:
        """Category that each example would resonate with at the baseline vigilance, or -1 where none matches.

        Parameters
        ----------
        X : array (B, D), values in [0, 1]

        Returns
        -------
        array (B,) of int
        """
        return self._recognise(X)

    def _pass(self, inputs: np.ndarray, sizes: np.ndarray, *extra: np.ndarray) -> list[int]:
        (codes,) = extra
        labels = []
        for x, size, code in zip(inputs, sizes.tolist(), codes.tolist()):
            j = self._tracked_winner(self._memory.overlaps(x), size, code)
            if j < 0:
                j = self._memory.commit(x)
                self._category_codes.append(code)
            else:
                self._memory.learn(j, x, learning_rate=self.learning_rate)
            labels.append(j)
        return labels

    def _tracked_winner(self, overlaps: np.ndarray, size: float, code: int) -> int:
        """The category of the right class that the search with match tracking ends with, or -1."""
        if not len(overlaps):
            return -1
        activity = self._memory.choice_values(overlaps)
        if self.match_tracking == "MT~":
            activity[np.array(self._category_codes) != code] = -1.0
        floor = (self.vigilance - TOLERANCE) * size
        while True:
            proposed = np.where(overlaps >= floor, activity, -1.0)
            j = int(proposed.argmax())
            if proposed[j] < 0.0:
                return -1
            if self._category_codes[j] == code:
                return j
            # Wrong class. What stood before j in the order of the search has had its turn, and so has j.
            tied = activity[: j + 1]
            tied[tied == proposed[j]] = -1.0
            activity[activity > proposed[j]] = -1.0
            floor = self._lifted(overlaps[j] / size) * size

    def _lifted(self, match: float) -> float:
        """The vigilance after a wrong prediction with this match."""
        rise = {"MT+": self.epsilon, "MT-": -self.epsilon, "MT0": 2 * TOLERANCE, "MT1": np.inf}
        return match + rise[self.match_tracking] - TOLERANCE

    def _meet(self, labels: np.ndarray) -> None:
        """Add labels to ``classes_``; codes are positions there, so those of the categories move along."""
        known, old = np.union1d(self.classes_, labels), self.classes_
        self._category_codes = np.searchsorted(known, old)[np.array(self._category_codes, dtype=np.intp)].tolist()
        self.classes_ = known

    def _new_memory(self, n_components: int) -> Categories:
        # Without sketches: match tracking asks for every overlap.
        return Categories(n_components, choice=self.choice)

    def _check_parameters(self) -> None:
        super()._check_parameters()
        check_number("choice", self.choice, "be positive", lambda v: v > 0)
        check_number("epsilon", self.epsilon, "be 0 or positive", lambda v: v >= 0)
        if self.match_tracking not in MATCH_TRACKING:
            raise ValueError(f"match_tracking must be one of {', '.join(MATCH_TRACKING)}, got {self.match_tracking!r}")
