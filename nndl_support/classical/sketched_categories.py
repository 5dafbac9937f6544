r"""The memory of an adaptive resonance network for many categories: most templates are ruled out by a sketch of them.

A sketch adds up groups of four components. The minimum of two sums is never less than the sum of the minima,

.. math:: \sum_g \min\Big(\sum_{i \in g} I_i,\ \sum_{i \in g} w_i\Big) \ \ge\ \sum_i \min(I_i, w_i) = |I \wedge w|

so a quarter of the work bounds every match and every choice value from above. Only templates whose bound could still win are
compared in full: on handwritten digits with vigilance 0.7 about nine of two hundred and fifty. The winner is the same.

Shapes: C committed categories, M components of an input, G = ceil(M / 4) groups.
"""

from collections.abc import Iterable

import numpy as np

from nndl_support.classical.categories import Categories
from nndl_support.classical.resonance import TOLERANCE

_GROUP = 4
# Below this many categories, or components, the full comparison is as fast.
_MANY, _WIDE = 128, 32
# Sketches are kept in single precision; its rounding over G sums stays far below this part of the result.
_SLACK = 1e-4


class SketchedCategories(Categories):
    """:class:`~nndl_support.classical.categories.Categories` whose ``winner`` looks at the sketches first.

    Parameters
    ----------
    n_components : int, M
    choice : float > 0, the choice parameter alpha

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> plain, sketched = Categories(40, choice=0.01), SketchedCategories(40, choice=0.01)
    >>> for x in rng.random((200, 40)):
    ...     _ = plain.commit(x), sketched.commit(x)
    >>> x = rng.random(40)
    >>> plain.winner(x, x.sum(), vigilance=0.7) == sketched.winner(x, x.sum(), vigilance=0.7)
    True
    """

    def __init__(self, n_components: int, *, choice: float) -> None:
        # Row i has its 1 in the column of the group of component i: a product with it adds up the groups.
        self._groups = np.repeat(np.eye(-(-n_components // _GROUP)), _GROUP, axis=0)[:n_components]
        self._group_ones = np.ones(self._groups.shape[1], dtype=np.float32)
        self._sketches = np.empty((0, self._groups.shape[1]), dtype=np.float32)
        self._sketching = False
        super().__init__(n_components, choice=choice)

    def looks(self, inputs: np.ndarray) -> Iterable[np.ndarray]:
        """The sketches of all inputs of a pass, made together."""
        return self._sketch(inputs)

    def winner(self, x: np.ndarray, size: float, *, vigilance: float, look: np.ndarray | None = None) -> int:
        """The category with which a search for the input of the given size would end, or -1 when none matches."""
        if not self._sketching:
            return super().winner(x, size, vigilance=vigilance)
        least = (vigilance - TOLERANCE) * size
        np.minimum(self._seen_sketches, self._sketch(x) if look is None else look, out=self._group_minima)
        bounds = self._group_minima.dot(self._group_ones)
        activity = np.divide(bounds, self._denominators, out=self._activity)
        activity *= bounds >= least * (1.0 - _SLACK)
        j = int(activity.argmax())
        overlap = np.minimum(self._weights[j], x).dot(self._ones)
        # Of the rest, only what could match and does not certainly answer less than j can win.
        certain = overlap / self._sums[j] * (1.0 - _SLACK) if overlap >= least else 0.0
        (rivals,) = (activity >= certain if certain else bounds >= least * (1.0 - _SLACK)).nonzero()
        if len(rivals) <= 1:
            return j if overlap >= least else -1
        shared = self._weights.take(rivals, axis=0)
        overlaps = np.minimum(shared, x, out=shared).dot(self._ones)
        exact = overlaps / self._sums.take(rivals)
        exact[overlaps < least] = -1.0
        best = int(exact.argmax())
        return int(rivals[best]) if exact[best] >= 0.0 else -1

    def commit(self, x: np.ndarray) -> int:
        """Make the input the template of a new category and return its index."""
        j = super().commit(x)
        if self._sketching:
            self._sketches[j] = self._sketch(x)
        elif self.n_categories == _MANY and len(x) >= _WIDE:
            self._sketching = True
            self._make_room()
            self._sketches[:_MANY] = self._sketch(self.weights)
            self._set_views()
        return j

    def learn(self, j: int, x: np.ndarray, *, learning_rate: float = 1.0) -> None:
        """Move template j towards what it shares with the input."""
        super().learn(j, x, learning_rate=learning_rate)
        if self._sketching:
            self._sketches[j] = self._sketch(self._weights[j])

    def _sketch(self, x: np.ndarray) -> np.ndarray:
        return x.dot(self._groups).astype(np.float32)

    def _grow(self) -> None:
        super()._grow()
        if self._sketching:
            self._make_room()

    def _make_room(self) -> None:
        known = self._sketches
        self._sketches = np.empty((len(self._weights), self._groups.shape[1]), dtype=np.float32)
        self._sketches[: len(known)] = known
        self._group_room = np.empty_like(self._sketches)

    def _set_views(self) -> None:
        super()._set_views()
        if self._sketching:
            C = self.n_categories
            self._seen_sketches, self._group_minima = self._sketches[:C], self._group_room[:C]
