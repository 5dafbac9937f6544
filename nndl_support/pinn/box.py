"""Intervals and axis-parallel boxes of any dimension.

Shapes: N points, d coordinates; a box has 2 d faces.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from nndl_support.pinn.domain import Boundary, Shape
from nndl_support.pinn.point_sets import cell_centres, split_by_measure


class _Box(Shape):
    """What an interval and a rectangle share: faces across the axes."""

    def __init__(self, low: npt.ArrayLike, high: npt.ArrayLike, names: Sequence[str]) -> None:
        super().__init__(low, high, names)
        self._lengths = self.bounds[1] - self.bounds[0]
        self.measure = float(self._lengths.prod())
        # Face 2 i lies at the low end of axis i, face 2 i + 1 at its high end.
        self._pieces = np.repeat([np.delete(self._lengths, axis).prod() for axis in range(self.dimension)], 2)
        self.boundary_measure = float(self._pieces.sum())

    def signed_distance(self, points: npt.ArrayLike) -> np.ndarray:
        """Distance to the nearest face, edge or corner, array (N,): negative inside, positive outside."""
        low, high = self.bounds
        beyond = np.maximum(low - (x := self._checked(points)), x - high)
        return np.linalg.norm(np.maximum(beyond, 0), axis=1) + np.minimum(beyond.max(axis=1), 0)

    def _boundary(self, u: np.ndarray) -> Boundary:
        face, within = split_by_measure(u[:, 0], self._pieces)
        rest = np.column_stack([within, u[:, 1:]])[:, : self.dimension - 1]
        points, normals = np.empty((len(u), self.dimension)), np.zeros((len(u), self.dimension))
        for i in range(2 * self.dimension):
            here, axis, side = face == i, i // 2, i % 2
            low, high = (np.delete(end, axis) for end in self.bounds)
            points[here] = np.insert(low + rest[here] * (high - low), axis, self.bounds[side][axis], axis=1)
            normals[here, axis] = 2 * side - 1
        return points, normals, np.ones(len(u), dtype=bool)

    def _boundary_grid(self, n: int) -> tuple[np.ndarray, np.ndarray]:
        if self.dimension < 3:
            return super()._boundary_grid(n)
        spacing = (self.boundary_measure / n) ** (1 / (self.dimension - 1))
        points, normals = [], []
        for axis in range(self.dimension):
            low, high = (np.delete(end, axis) for end in self.bounds)
            across = cell_centres(low, high, spacing)
            for side in (0, 1):
                points.append(np.insert(across, axis, self.bounds[side][axis], axis=1))
                normals.append(np.tile((2 * side - 1) * np.eye(self.dimension)[axis], (len(across), 1)))
        return np.concatenate(points), np.concatenate(normals)


class Interval(_Box):
    """The numbers from low to high.

    Parameters
    ----------
    low, high : float, low < high
    name : str

    Attributes
    ----------
    names, dimension, bounds, measure, boundary_measure
        As in :class:`.Domain`; the boundary measures 2, one for each end.

    Raises
    ------
    ValueError
        Unless low < high, both finite.

    Examples
    --------
    >>> rod = Interval(-1, 2)
    >>> rod.measure, rod.names
    (3.0, ('x',))
    >>> rod.sample_boundary(2, method="grid", rng=np.random.default_rng(0))
    (array([[-1.],
           [ 2.]]), array([[-1.],
           [ 1.]]))
    """

    def __init__(self, low: float, high: float, *, name: str = "x") -> None:
        if np.ndim(low) or np.ndim(high):
            raise ValueError(
                f"Interval: low has shape {np.shape(low)} and high {np.shape(high)}; expected a number each"
            )
        super().__init__([low], [high], (name,))


class Rectangle(_Box):
    """An axis-parallel box of two or more dimensions.

    Parameters
    ----------
    low, high : sequence of d float, low < high in every coordinate
    names : sequence of d str

    Attributes
    ----------
    names, dimension, bounds, measure, boundary_measure
        As in :class:`.Domain`.

    Raises
    ------
    ValueError
        For low >= high, lengths that differ, or fewer than two coordinates.

    Examples
    --------
    >>> plate = Rectangle([0, 0], [3, 2])
    >>> plate.measure, plate.boundary_measure
    (6.0, 10.0)
    >>> plate.contains([[3, 1], [3, 2.5]])
    array([ True, False])
    >>> plate.signed_distance([[1, 1.5], [6, 6]])
    array([-0.5,  5. ])
    """

    def __init__(self, low: Sequence[float], high: Sequence[float], *, names: Sequence[str] = ("x", "y")) -> None:
        if np.shape(low) != np.shape(high) or np.ndim(low) != 1 or len(low) < 2:
            raise ValueError(
                f"Rectangle: low has shape {np.shape(low)} and high {np.shape(high)}; expected (d,) twice with d of at least 2"
            )
        super().__init__(low, high, names)
