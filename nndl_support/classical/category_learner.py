"""What ART1, fuzzy ART and fuzzy ARTMAP share: checking, coding, passing over the data, asking for a category.

Shapes: B examples, D features, M components of a coded input (D, or 2 D with complement coding), C categories.
"""

from numbers import Integral, Real
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

from nndl_support.classical.categories import Categories
from nndl_support.classical.complement_coding import complement_code


class CategoryLearner(BaseEstimator):
    """Base class of the estimators of :mod:`nndl_support.classical.art`; not used by itself.

    Examples
    --------
    >>> from nndl_support.classical.art import FuzzyART
    >>> isinstance(FuzzyART(), CategoryLearner)
    True
    """

    complement_coding: bool = False
    learning_rate: float = 1.0
    vigilance: float
    max_epochs: int
    shuffle: bool
    random_state: Any
    _memory: Categories

    @property
    def weights_(self) -> np.ndarray:
        """Templates of the categories, array (C, M), a copy that later learning does not change."""
        check_is_fitted(self, "_memory")
        return self._memory.weights.copy()

    @property
    def n_categories_(self) -> int:
        """Number of categories committed so far."""
        check_is_fitted(self, "_memory")
        return self._memory.n_categories

    def _new_memory(self, n_components: int) -> Categories:
        raise NotImplementedError

    def _check_parameters(self) -> None:
        check_number("vigilance", self.vigilance, "lie in [0, 1]", lambda v: 0 <= v <= 1)
        check_number("learning_rate", self.learning_rate, "lie in (0, 1]", lambda v: 0 < v <= 1)
        if not isinstance(self.max_epochs, Integral) or self.max_epochs < 1:
            raise ValueError(f"max_epochs must be at least 1 and whole, got {self.max_epochs!r}")

    def _check_values(self, X: np.ndarray) -> np.ndarray:
        """Examples as the network may see them, array (B, D) in [0, 1]."""
        low, high = X.min(), X.max()
        if low < 0 or high > 1:
            raise ValueError(
                f"{type(self).__name__} learns values in [0, 1], but X lies between {low:g} and {high:g}: "
                "scale it first, for example with sklearn.preprocessing.MinMaxScaler(clip=True)"
            )
        return X

    def _coded(self, X: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Inputs of the comparison layer (B, M) and their sizes |I| (B,)."""
        points = self._check_values(X)
        if self.complement_coding:
            return complement_code(points), np.full(len(points), float(points.shape[1]))
        sizes = points.sum(axis=1)
        if not sizes.all():
            raise ValueError(
                f"row {int(np.flatnonzero(sizes == 0)[0])} of X is all zero: without complement coding it has nothing "
                "that could match; leave it out, or append the complement of every feature"
            )
        return points, sizes

    def _start(self, n_components: int) -> None:
        self._memory = self._new_memory(n_components)

    def _epochs(self, inputs: np.ndarray, sizes: np.ndarray, *extra: np.ndarray) -> None:
        """Pass over the data until a pass changes no template, at most ``max_epochs`` times."""
        rng = check_random_state(self.random_state)
        self.converged_ = False
        for epoch in range(1, self.max_epochs + 1):
            before = self._memory.weights.copy()
            order = rng.permutation(len(inputs)) if self.shuffle else np.arange(len(inputs))
            self.labels_ = np.empty(len(inputs), dtype=np.intp)
            self.labels_[order] = self._pass(inputs[order], sizes[order], *(array[order] for array in extra))
            self.n_iter_ = epoch
            self.converged_ = np.array_equal(before, self._memory.weights)
            if self.converged_:
                break

    def _pass(self, inputs: np.ndarray, sizes: np.ndarray, *extra: np.ndarray) -> list[int]:
        """Show every input once; return the category that each resonated with."""
        memory, vigilance, learning_rate = self._memory, self.vigilance, self.learning_rate
        labels = []
        for x, look, size in zip(inputs, memory.looks(inputs), sizes.tolist()):
            j = memory.winner(x, size, vigilance=vigilance, look=look)
            if j < 0:
                j = memory.commit(x)
            else:
                memory.learn(j, x, learning_rate=learning_rate)
            labels.append(j)
        return labels

    def _recognise(self, X: npt.ArrayLike) -> np.ndarray:
        """Index of the category that each example would resonate with, or -1, without learning; array (B,)."""
        check_is_fitted(self, "_memory")
        inputs, sizes = self._coded(validate_data(self, X, dtype=np.float64, reset=False))
        memory = self._memory
        winners = [memory.winner(x, size, vigilance=self.vigilance) for x, size in zip(inputs, sizes)]
        return np.array(winners, dtype=np.intp)


class CategoryClusterer(CategoryLearner):
    """Base class of ART1 and fuzzy ART, which learn without labels; not used by itself.

    Examples
    --------
    >>> from nndl_support.classical.art import ART1
    >>> isinstance(ART1(), CategoryClusterer)
    True
    """

    def fit(self, X: npt.ArrayLike, y: object = None) -> Self:
        """Forget everything, then learn the examples in their order.

        Parameters
        ----------
        X : array (B, D)
        y : ignored

        Returns
        -------
        This estimator.

        Raises
        ------
        ValueError
            When a parameter is out of range or X is not what the network can see.
        """
        self._check_parameters()
        inputs, sizes = self._coded(validate_data(self, X, dtype=np.float64))
        self._start(inputs.shape[1])
        self._epochs(inputs, sizes)
        return self

    def partial_fit(self, X: npt.ArrayLike, y: object = None) -> Self:
        """Go on learning: one pass over further examples, in their order.

        Parameters
        ----------
        X : array (B, D)
        y : ignored

        Returns
        -------
        This estimator; ``labels_`` are those of this call's examples.

        Raises
        ------
        ValueError
            As for ``fit``, and when the number of features changes.
        """
        self._check_parameters()
        first = not hasattr(self, "_memory")
        inputs, sizes = self._coded(validate_data(self, X, dtype=np.float64, reset=first))
        if first:
            self._start(inputs.shape[1])
        self.labels_ = np.array(self._pass(inputs, sizes), dtype=np.intp)
        return self

    def predict(self, X: npt.ArrayLike) -> np.ndarray:
        """Category of every example, without learning.

        Parameters
        ----------
        X : array (B, D)

        Returns
        -------
        array (B,) of int
            Among the categories that reach the vigilance the one with the greatest choice value; -1 where none does:
            an example unlike all that was seen.
        """
        return self._recognise(X)


def check_number(name: str, value: object, wanted: str, holds: Any) -> None:
    """Raise a ValueError unless a parameter is a finite real number for which ``holds`` is true.

    Examples
    --------
    >>> check_number("vigilance", 1.5, "lie in [0, 1]", lambda v: 0 <= v <= 1)
    Traceback (most recent call last):
    ValueError: vigilance must lie in [0, 1], got 1.5
    """
    if not isinstance(value, Real) or not np.isfinite(float(value)) or not holds(value):
        raise ValueError(f"{name} must {wanted}, got {value!r}")
