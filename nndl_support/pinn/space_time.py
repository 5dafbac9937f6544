"""A region of space over a span of time: the cylinder on which an evolution equation lives.

Its surface has three parts, and each carries a condition of its own: the bottom at the start (initial condition), the lateral
surface, boundary of space at all times (boundary condition), and the top, where the equation says all and nothing is prescribed.

Shapes: N points given, n points wanted, d + 1 coordinates, time in the last column.
"""

import numpy as np
import numpy.typing as npt

from nndl_support.pinn.domain import Boundary, Domain, Shape


class SpaceTime(Domain):
    """The product of a region of space and the times from start to end.

    Parameters
    ----------
    space : Interval, Rectangle, Disk, Polygon or Difference
    start, end : float, start < end

    Attributes
    ----------
    space, start, end
    names : tuple of d + 1 str
        Those of space, and "t".
    dimension : int, d + 1
    bounds, measure
        As in :class:`.Domain`.
    boundary_measure : float
        Of the lateral surface.

    Raises
    ------
    ValueError
        Unless start < end, or when a coordinate of space is called "t" already.
    TypeError
        When space is no region of space.

    Notes
    -----
    "Boundary" means the lateral surface alone, in ``on_boundary`` and in ``sample_boundary``, whose normals point sideways: their
    time component is 0. A tolerance applies to space and time alike, each in its unit. A grid takes about as many times as
    there are points along an axis of space.

    Examples
    --------
    >>> from nndl_support.pinn.box import Interval
    >>> rod = SpaceTime(Interval(0, 2), 0, 5)
    >>> rod.names, rod.measure
    (('x', 't'), 10.0)
    >>> rod.on_boundary([[0, 1], [1, 0]]), rod.on_initial([[0, 1], [1, 0]])
    (array([ True, False]), array([False,  True]))
    """

    def __init__(self, space: Shape, start: float, end: float) -> None:
        if not isinstance(space, Shape):
            raise TypeError(f"space must be a region such as Interval or Disk, but is {space!r}")
        if np.ndim(start) or np.ndim(end) or not start < end:
            raise ValueError(f"SpaceTime: start {start!r} must be a number less than end {end!r}")
        low, high = space.bounds
        super().__init__(np.append(low, start), np.append(high, end), (*space.names, "t"))
        self.space, self.start, self.end = space, float(start), float(end)
        self.measure = space.measure * (self.end - self.start)
        self.boundary_measure = space.boundary_measure * (self.end - self.start)

    def contains(self, points: npt.ArrayLike, *, tolerance: float = 1e-9) -> np.ndarray:
        """Which points (N, d + 1) lie in space between start and end, array (N,) of bool; start and end belong to it."""
        x, t = self._split(points)
        return self.space.contains(x, tolerance=tolerance) & self._within(t, tolerance)

    def on_boundary(self, points: npt.ArrayLike, *, tolerance: float = 1e-9) -> np.ndarray:
        """Which points lie on the lateral surface: the boundary of space, at any time from start to end.

        Parameters
        ----------
        points : array (N, d + 1)
        tolerance : float

        Returns
        -------
        array (N,) of bool
        """
        x, t = self._split(points)
        return self.space.on_boundary(x, tolerance=tolerance) & self._within(t, tolerance)

    def on_initial(self, points: npt.ArrayLike, *, tolerance: float = 1e-9) -> np.ndarray:
        """Which points lie in space at the start.

        Parameters
        ----------
        points : array (N, d + 1)
        tolerance : float

        Returns
        -------
        array (N,) of bool
        """
        x, t = self._split(points)
        return self.space.contains(x, tolerance=tolerance) & (np.abs(t - self.start) <= tolerance)

    def sample_initial(self, n: int, *, method: str = "sobol", rng: np.random.Generator) -> np.ndarray:
        """Points inside space at the start.

        Parameters
        ----------
        n : int >= 1
        method : str
            "sobol", "uniform" or "grid".
        rng : numpy.random.Generator

        Returns
        -------
        array (n, d + 1)
            Exactly n rows from "sobol" and "uniform"; from "grid" about n.
        """
        x = self.space.sample(n, method=method, rng=rng)
        return np.column_stack([x, np.full(len(x), self.start)])

    def _split(self, points: npt.ArrayLike) -> tuple[np.ndarray, np.ndarray]:
        array = self._checked(points)
        return array[:, :-1], array[:, -1]

    def _within(self, t: np.ndarray, tolerance: float) -> np.ndarray:
        return (self.start - tolerance <= t) & (t <= self.end + tolerance)

    def _times(self, u: np.ndarray) -> np.ndarray:
        return self.start + u * (self.end - self.start)

    @property
    def _boundary_columns(self) -> int:
        return self.space._boundary_columns + 1

    # The last column of u is the time, so that space and time are spread together and not each by itself.
    def _interior(self, u: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        x, kept = self.space._interior(u[:, :-1])
        return np.column_stack([x, self._times(u[:, -1])]), kept

    def _boundary(self, u: np.ndarray) -> Boundary:
        x, normals, kept = self.space._boundary(u[:, :-1])
        return np.column_stack([x, self._times(u[:, -1])]), np.column_stack([normals, np.zeros(len(u))]), kept

    def _interior_grid(self, n: int) -> np.ndarray:
        n_times = max(1, round(n ** (1 / self.dimension)))
        return self._at_all_times(self.space._interior_grid(max(1, round(n / n_times))), n_times)

    def _boundary_grid(self, n: int) -> tuple[np.ndarray, np.ndarray]:
        if self.space.dimension == 1:  # a boundary of a few ends, whatever n is
            n_places = round(self.space.boundary_measure)
        else:
            n_places = max(1, round(n ** (1 - 1 / self.space.dimension)))
        n_times = max(1, round(n / n_places))
        x, normals = self.space._boundary_grid(n_places)
        sideways = np.column_stack([normals, np.zeros(len(normals))])
        return self._at_all_times(x, n_times), np.tile(sideways, (n_times, 1))

    def _at_all_times(self, x: np.ndarray, n_times: int) -> np.ndarray:
        times = self._times((np.arange(n_times) + 0.5) / n_times)
        return np.column_stack([np.tile(x, (n_times, 1)), np.repeat(times, len(x))])
