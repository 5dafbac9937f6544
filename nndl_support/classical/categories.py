"""The memory of an adaptive resonance network: templates in one growing array, all asked at once.

Shapes: C committed categories, M components of an input.
"""

from collections.abc import Iterable
from typing import Any

import numpy as np

from nndl_support.classical.resonance import TOLERANCE

# Templates are compared in blocks, so that what they share with the input stays in the processor's cache until it is summed.
_BLOCK = 128


class Categories:
    r"""Templates with their sizes, and the three things that happen to them: compare, commit, learn.

    Proposing categories one after another in the order of their choice values until one matches finds, among those that
    match, the one with the greatest choice value. So no search is needed: every overlap :math:`|I \wedge w_j|` is computed
    in one sweep, what fails the vigilance is struck out, and the greatest of the rest wins.

    Parameters
    ----------
    n_components : int, M
    choice : float > 0, the choice parameter alpha

    Attributes
    ----------
    n_categories : int, C

    Notes
    -----
    The sums are made by BLAS, in an order of its own. Where they are exact, as for multiples of 1/16, every result is
    the same to the last bit as that of a plain loop; elsewhere two categories may change places when their choice values
    agree to about 15 digits.

    Examples
    --------
    >>> memory = Categories(2, choice=0.5)
    >>> memory.commit(np.array([1.0, 0.0])), memory.commit(np.array([1.0, 1.0]))
    (0, 1)
    >>> x = np.array([0.5, 1.0])
    >>> memory.winner(x, 1.5, vigilance=0.9)
    1
    >>> memory.learn(1, x)
    >>> memory.weights
    array([[1. , 0. ],
           [0.5, 1. ]])
    """

    def __init__(self, n_components: int, *, choice: float) -> None:
        self.choice = choice
        self.n_categories = 0
        self._ones = np.ones(n_components)
        self._minima = np.empty((_BLOCK, n_components))
        self._weights, self._sums = np.empty((16, n_components)), np.empty(16)
        self._room = np.empty((2, 16))
        self._set_views()

    @property
    def weights(self) -> np.ndarray:
        """Templates of the committed categories, array (C, M), a view that later learning changes."""
        return self._weights[: self.n_categories]

    def overlaps(self, x: np.ndarray) -> np.ndarray:
        r"""Size of what each template shares with the input, :math:`|I \wedge w_j|`.

        Parameters
        ----------
        x : array (M,)

        Returns
        -------
        array (C,), overwritten by the next call
        """
        for weights, minima, overlaps in self._blocks:
            np.minimum(weights, x, out=minima)
            minima.dot(self._ones, overlaps)
        return self._overlaps

    def choice_values(self, overlaps: np.ndarray) -> np.ndarray:
        r""":math:`T_j = |I \wedge w_j| / (\alpha + |w_j|)`, array (C,), overwritten by the next call."""
        return np.divide(overlaps, self._denominators, out=self._activity)

    def looks(self, inputs: np.ndarray) -> Iterable[np.ndarray | None]:
        """What :meth:`winner` can use of each input of a pass and is cheaper to prepare for all of them at once: nothing."""
        return [None] * len(inputs)

    def winner(self, x: np.ndarray, size: float, *, vigilance: float, look: np.ndarray | None = None) -> int:
        """The category with which a search for the input of the given size would end, or -1 when none matches.

        ``look`` is what :meth:`looks` prepared for this input, or None.
        """
        if not self.n_categories:
            return -1
        overlaps = self.overlaps(x)
        activity = self.choice_values(overlaps)
        least = (vigilance - TOLERANCE) * size
        activity *= overlaps >= least
        j = int(activity.argmax())
        return j if overlaps[j] >= least else -1

    def commit(self, x: np.ndarray) -> int:
        """Make the input the template of a new category and return its index."""
        j = self.n_categories
        if j == len(self._weights):
            self._grow()
        self._weights[j] = x
        self._sums[j] = self.choice + x.sum()
        self.n_categories += 1
        self._set_views()
        return j

    def learn(self, j: int, x: np.ndarray, *, learning_rate: float = 1.0) -> None:
        """Move template j towards what it shares with the input."""
        w = self._weights[j]
        if learning_rate == 1.0:
            np.minimum(w, x, out=w)
        else:
            w[:] = learning_rate * np.minimum(x, w) + (1.0 - learning_rate) * w
        self._sums[j] = self.choice + w.dot(self._ones)

    def __getstate__(self) -> dict[str, object]:
        return {"choice": self.choice, "weights": self.weights.copy(), "sums": self._denominators.copy()}

    def __setstate__(self, state: dict[str, Any]) -> None:
        # Made anew: the arrays are views of one another, which copying and pickling would tear apart.
        self.__init__(state["weights"].shape[1], choice=state["choice"])  # type: ignore[misc]
        for w in state["weights"]:
            self.commit(w)
        self._denominators[:] = state["sums"]

    def _grow(self) -> None:
        """Twice the room."""
        self._weights = np.concatenate([self._weights, np.empty_like(self._weights)])
        self._sums = np.concatenate([self._sums, np.empty_like(self._sums)])
        self._room = np.empty((2, len(self._sums)))

    def _set_views(self) -> None:
        """Views of what is committed, made once per commitment and not once per input."""
        C = self.n_categories
        self._denominators, self._overlaps, self._activity = self._sums[:C], *self._room[:, :C]
        self._blocks = []
        for start in range(0, C, _BLOCK):
            rows = slice(start, min(start + _BLOCK, C))
            self._blocks.append((self._weights[rows], self._minima[: rows.stop - start], self._overlaps[rows]))


class BinaryCategories(Categories):
    """:class:`Categories` for templates and inputs of 0 and 1, whose overlaps are one matrix product.

    Parameters
    ----------
    n_components : int, M
    choice : float > 0, the choice parameter alpha

    Examples
    --------
    >>> memory = BinaryCategories(3, choice=1.0)
    >>> memory.commit(np.array([1.0, 1.0, 0.0]))
    0
    >>> memory.overlaps(np.array([0.0, 1.0, 1.0]))
    array([1.])
    """

    def overlaps(self, x: np.ndarray) -> np.ndarray:
        r"""Number of ones that each template shares with the input, :math:`|I \cap w_j|`, array (C,)."""
        return self._committed.dot(x, self._overlaps)

    def _set_views(self) -> None:
        super()._set_views()
        self._committed = self.weights
