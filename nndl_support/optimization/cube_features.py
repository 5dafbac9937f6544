r"""A search space as a Gaussian process sees it: real coordinates that move, levels and corners that do not.

The unit cube of a search space orders the values of every dimension, also where there is no order. For a model of distances
a list of K values becomes K coordinates, one of which is :math:`1 / \sqrt 2` and the others zero, so that any two
values have distance 1; whole numbers keep one coordinate but stay on their levels.

Shapes: M points, D dimensions of the space, F coordinates (features).

References
----------
Garrido-Merchan and Hernandez-Lobato (2020), Dealing with categorical and integer-valued variables in Bayesian optimization
with Gaussian processes, Neurocomputing 380, https://doi.org/10.1016/j.neucom.2019.11.004 (why the model must see rounded values).
"""

from typing import Literal

import numpy as np

from nndl_support.optimization.search_space import Choice, Dimension, Numeric, SearchSpace

__all__ = ["CubeFeatures"]

# A whole number with more values than that is treated as real, and rounded when it is decoded.
_MOST_LEVELS = 1000


class CubeFeatures:
    """Maps between the unit cube of a search space and the coordinates of a model.

    Parameters
    ----------
    space : SearchSpace

    Attributes
    ----------
    free : bool array (F,), the coordinates that are continuous
    continuous : bool array (D,), the dimensions that are continuous
    ends : list of D arrays or None, the upper ends of the intervals that belong to the values of a discrete dimension
    unordered : list of D bool, whether the values of a dimension have no order
    rounds : bool, whether decoding moves a point that :meth:`snap` leaves alone

    Examples
    --------
    >>> space = SearchSpace({"rate": (0.0, 1.0), "depth": (1, 4), "activation": ["relu", "tanh", "gelu"]})
    >>> features = CubeFeatures(space)
    >>> u = features.snap([[0.3, 0.3, 0.9]])
    >>> u.round(3), features.encode(u).round(3)
    (array([[0.3  , 0.375, 0.833]]), array([[0.3  , 0.375, 0.   , 0.   , 0.707]]))
    """

    def __init__(self, space: SearchSpace) -> None:
        self.space = space
        self.ends = [_ends_of_intervals(dimension) for dimension in space.dimensions]
        self._levels = [None if ends is None else (ends + np.append(0.0, ends[:-1])) / 2 for ends in self.ends]
        self.unordered = [isinstance(dimension, Choice) for dimension in space.dimensions]
        self.continuous = np.array([levels is None for levels in self._levels])
        self.rounds = any(
            levels is None and dimension.kind == "integer"
            for levels, dimension in zip(self._levels, space.dimensions, strict=True)
        )
        widths = [
            len(levels) if one_hot and levels is not None else 1
            for levels, one_hot in zip(self._levels, self.unordered, strict=True)
        ]
        self.free = np.repeat(self.continuous, widths)

    def snap(self, u: np.ndarray) -> np.ndarray:
        """Move every discrete dimension to the middle of the interval that it lies in: array (M, D) to array (M, D)."""
        points = np.array(u, dtype=float)
        for d, levels in enumerate(self._levels):
            if levels is not None:
                points[:, d] = levels[self._index(d, points[:, d])]
        return points

    def encode(self, u: np.ndarray) -> np.ndarray:
        """Coordinates of points of the cube: array (M, D) to array (M, F)."""
        points = np.asarray(u, dtype=float)
        columns = []
        for d, levels in enumerate(self._levels):
            if self.unordered[d] and levels is not None:
                columns.append(np.eye(len(levels))[self._index(d, points[:, d])] / np.sqrt(2.0))
            else:
                columns.append(points[:, d : d + 1])
        return np.hstack(columns)

    def moved(self, u: np.ndarray, features: np.ndarray) -> np.ndarray:
        """Points of the cube whose continuous dimensions are taken from ``features`` (M, F): array (M, D)."""
        points = np.array(u, dtype=float)
        points[:, self.continuous] = features[:, self.free]
        return points

    def neighbours(self, u: np.ndarray, n: int, width: float, rng: np.random.Generator) -> np.ndarray:
        """Points near one point of the cube: continuous dimensions shaken, about one discrete dimension changed.

        Parameters
        ----------
        u : array (D,)
        n : int
        width : float > 0, standard deviation of the shaking
        rng : numpy.random.Generator

        Returns
        -------
        array (n, D), snapped
        """
        shaken = np.clip(u + width * rng.standard_normal((n, len(u))), 0.0, 1.0)
        changed = rng.random((n, len(u))) < 1.0 / max(1, int((~self.continuous).sum()))
        discrete = np.where(changed, rng.random((n, len(u))), u)
        return self.snap(np.where(self.continuous, shaken, discrete))

    def _index(self, d: int, column: np.ndarray) -> np.ndarray:
        ends = self.ends[d]
        assert ends is not None
        # On a border a list decodes to the value above, a distribution function's inverse to the one below.
        side: Literal["left", "right"] = "right" if self.unordered[d] else "left"
        return np.minimum(np.searchsorted(ends, column, side=side), len(ends) - 1)


def _ends_of_intervals(dimension: Dimension) -> np.ndarray | None:
    """Upper ends of the intervals of the unit interval that belong to the values of a discrete dimension, else None."""
    if isinstance(dimension, Choice):
        return np.arange(1, len(dimension.values) + 1) / len(dimension.values)
    if dimension.kind == "integer" and dimension.n_values is not None and dimension.n_values <= _MOST_LEVELS:
        assert isinstance(dimension, Numeric)
        return np.asarray(dimension.distribution.cdf(np.arange(dimension.low, dimension.high + 1)))
    return None
