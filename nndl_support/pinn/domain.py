r"""What every domain of a boundary value problem can do: say what it contains, and spread points over itself and its boundary.

Points are made in the unit cube first (:mod:`nndl_support.pinn.point_sets`) and then carried over. A shape that is no image of
the cube keeps those points of its bounding box that fall inside, in the order of their sequence.

Shapes: N points given, n points wanted, d coordinates.

Examples
--------
>>> from nndl_support.pinn.box import Rectangle
>>> plate = Rectangle([0, 0], [3, 2])
>>> inside = plate.sample(64, rng=np.random.default_rng(0))
>>> edge, normals = plate.sample_boundary(10, method="grid", rng=np.random.default_rng(0))
>>> plate.contains(inside).all(), plate.on_boundary(edge).all(), edge.shape
(np.True_, np.True_, (10, 2))
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from nndl_support.pinn.point_sets import cell_centres, check_request, first_kept

# Points, outward normals, and which rows to keep.
Boundary = tuple[np.ndarray, np.ndarray, np.ndarray]


class Domain(ABC):
    """A closed region with named coordinates; the base of all others.

    Parameters
    ----------
    low, high : array (d,)
        Corners of the smallest box around the region.
    names : sequence of d str
        What the coordinates are called, in the order of the columns.

    Attributes
    ----------
    names : tuple of d str
    dimension : int, d
    bounds : tuple (low, high) of arrays (d,)
    measure : float
        Length, area or volume.
    boundary_measure : float
        Number of end points, length or area of the boundary.
    """

    measure: float
    boundary_measure: float

    def __init__(self, low: npt.ArrayLike, high: npt.ArrayLike, names: Sequence[str]) -> None:
        kind = type(self).__name__
        lower, upper = np.array(low, dtype=float), np.array(high, dtype=float)
        if lower.ndim != 1 or lower.shape != upper.shape:
            raise ValueError(
                f"{kind}: low has shape {lower.shape} and high {upper.shape}; expected one number per coordinate in both"
            )
        if not (np.isfinite(lower).all() and np.isfinite(upper).all()):
            raise ValueError(f"{kind}: low {lower.tolist()} and high {upper.tolist()} must be finite")
        if not (lower < upper).all():
            raise ValueError(
                f"{kind}: low {lower.tolist()} must be less than high {upper.tolist()} in every coordinate"
            )
        if isinstance(names, str) or len(names) != len(lower):
            raise ValueError(
                f"{kind}: names is {names!r}, but there are {len(lower)} coordinates; expected as many str"
            )
        if len(set(names)) != len(names):
            raise ValueError(f"{kind}: names {tuple(names)} must differ from one another")
        lower.flags.writeable = upper.flags.writeable = False
        self.names = tuple(names)
        self.dimension = len(lower)
        self.bounds = (lower, upper)

    @abstractmethod
    def contains(self, points: npt.ArrayLike, *, tolerance: float = 1e-9) -> np.ndarray:
        """Which points lie in the closed region.

        Parameters
        ----------
        points : array (N, d)
        tolerance : float
            Distance outside that still counts as inside, in the unit of the coordinates.

        Returns
        -------
        array (N,) of bool
        """

    @abstractmethod
    def on_boundary(self, points: npt.ArrayLike, *, tolerance: float = 1e-9) -> np.ndarray:
        """Which points lie on the boundary.

        Parameters
        ----------
        points : array (N, d)
        tolerance : float
            Distance from the boundary that still counts as on it, in the unit of the coordinates.

        Returns
        -------
        array (N,) of bool
        """

    @abstractmethod
    def _interior(self, u: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Points for the rows of u in the unit cube, and which of them are inside."""

    @abstractmethod
    def _interior_grid(self, n: int) -> np.ndarray:
        """About n points on a regular grid."""

    @abstractmethod
    def _boundary(self, u: np.ndarray) -> Boundary:
        """Boundary points for the rows of u in the unit cube, evenly by measure; normals; which of them count."""

    @abstractmethod
    def _boundary_grid(self, n: int) -> tuple[np.ndarray, np.ndarray]:
        """About n regularly spaced boundary points and their normals."""

    @property
    def _boundary_columns(self) -> int:
        """How many numbers in [0, 1) name a place on the boundary; end points need one, to say which."""
        return max(1, self.dimension - 1)

    def sample(self, n: int, *, method: str = "sobol", rng: np.random.Generator) -> np.ndarray:
        """Points inside, spread evenly by measure.

        Parameters
        ----------
        n : int >= 1
        method : str
            "sobol", "uniform" or "grid".
        rng : numpy.random.Generator
            Scrambles the Sobol sequence or draws the points; a grid leaves it alone.

        Returns
        -------
        array (n, d)
            Exactly n rows from "sobol" and "uniform"; a grid has about n, because it must fit.
        """
        check_request(n, method, rng)
        if method == "grid":
            return self._interior_grid(n)
        return first_kept(n, self.dimension, self._interior, method=method, rng=rng)[0]

    def sample_boundary(
        self, n: int, *, method: str = "sobol", rng: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray]:
        """Points on the boundary, spread evenly by its measure, with the outward unit normals there.

        Parameters
        ----------
        n : int >= 1
        method : str
            "sobol", "uniform" or "grid".
        rng : numpy.random.Generator

        Returns
        -------
        points : array (n, d)
            Exactly n rows from "sobol" and "uniform"; from "grid" about n.
        normals : array (n, d)
        """
        check_request(n, method, rng)
        if method == "grid":
            return self._boundary_grid(n)
        points, normals = first_kept(n, self._boundary_columns, self._boundary, method=method, rng=rng)
        return points, normals

    def _checked(self, points: npt.ArrayLike) -> np.ndarray:
        array = np.asarray(points, dtype=float)
        listed = ", ".join(self.names)
        if array.ndim != 2:
            raise ValueError(
                f"points has shape {array.shape}, but {type(self).__name__} expects (N, {self.dimension}): {listed}"
            )
        if array.shape[1] != self.dimension:
            raise ValueError(
                f"points has {array.shape[1]} columns, but {type(self).__name__} has {self.dimension} coordinates: {listed}"
            )
        return array


class Shape(Domain):
    """A region of space, known by the signed distance to its boundary."""

    _pieces: np.ndarray  # measures of the smooth pieces of the boundary, in the order of ``_boundary``

    @abstractmethod
    def signed_distance(self, points: npt.ArrayLike) -> np.ndarray:
        """Distance to the boundary: negative inside, zero on it, positive outside.

        Parameters
        ----------
        points : array (N, d)

        Returns
        -------
        array (N,), in the unit of the coordinates
        """

    def contains(self, points: npt.ArrayLike, *, tolerance: float = 1e-9) -> np.ndarray:
        """Which points lie in the closed region, array (N,) of bool, or at most ``tolerance`` outside."""
        return self.signed_distance(points) <= tolerance

    def on_boundary(self, points: npt.ArrayLike, *, tolerance: float = 1e-9) -> np.ndarray:
        """Which points lie on the boundary, array (N,) of bool, or at most ``tolerance`` from it."""
        return np.abs(self.signed_distance(points)) <= tolerance

    def _interior(self, u: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        low, high = self.bounds
        points = low + u * (high - low)
        return points, self.signed_distance(points) < 0

    def _interior_grid(self, n: int) -> np.ndarray:
        low, high = self.bounds
        while True:
            points = cell_centres(low, high, (self.measure / n) ** (1 / self.dimension))
            inside = points[self.signed_distance(points) < 0]
            if len(inside):
                return inside
            n *= 2  # a thin shape slips between the points of a coarse grid

    def _boundary_grid(self, n: int) -> tuple[np.ndarray, np.ndarray]:
        # For curves and end points; surfaces say it themselves. Each piece is cut evenly, which keeps points off the corners.
        ends = np.append(0.0, np.cumsum(self._pieces / self._pieces.sum()))
        counts = np.diff(np.rint(ends * n)).astype(int)
        u = np.concatenate([a + (np.arange(m) + 0.5) * (b - a) / m for a, b, m in zip(ends, ends[1:], counts) if m])
        points, normals, _ = self._boundary(u[:, None])
        return points, normals
