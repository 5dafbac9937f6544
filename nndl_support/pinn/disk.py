"""Disks, the round region of the plane.

Shapes: N points, two coordinates.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from nndl_support.pinn.domain import Boundary, Shape


class Disk(Shape):
    """All points of the plane at most a radius away from a centre.

    Parameters
    ----------
    centre : sequence of 2 float
    radius : float > 0
    names : sequence of 2 str

    Attributes
    ----------
    centre : array (2,)
    radius : float
    names, dimension, bounds, measure, boundary_measure
        As in :class:`.Domain`.

    Raises
    ------
    ValueError
        For a centre without two coordinates, or a radius that is not positive and finite.

    Examples
    --------
    >>> pipe = Disk([1, 0], 2)
    >>> round(pipe.measure, 4), round(pipe.boundary_measure, 4)
    (12.5664, 12.5664)
    >>> pipe.signed_distance([[1, 0], [1, 2], [5, 3]])
    array([-2.,  0.,  3.])
    """

    def __init__(self, centre: Sequence[float], radius: float, *, names: Sequence[str] = ("x", "y")) -> None:
        middle = np.array(centre, dtype=float)
        if middle.shape != (2,):
            raise ValueError(f"Disk: centre has shape {middle.shape}; expected (2,)")
        if np.ndim(radius) or not 0 < radius < np.inf:
            raise ValueError(f"Disk: radius must be a positive number, but is {radius!r}")
        super().__init__(middle - radius, middle + radius, names)
        middle.flags.writeable = False
        self.centre, self.radius = middle, float(radius)
        self.measure = float(np.pi * radius**2)
        self.boundary_measure = float(2 * np.pi * radius)
        self._pieces = np.array([self.boundary_measure])

    def signed_distance(self, points: npt.ArrayLike) -> np.ndarray:
        """Distance to the circle, array (N,): negative inside, positive outside."""
        offset = self._checked(points) - self.centre
        return np.hypot(offset[:, 0], offset[:, 1]) - self.radius

    def _boundary(self, u: np.ndarray) -> Boundary:
        angle = 2 * np.pi * u[:, 0]
        normals = np.column_stack([np.cos(angle), np.sin(angle)])
        return self.centre + self.radius * normals, normals, np.ones(len(u), dtype=bool)
