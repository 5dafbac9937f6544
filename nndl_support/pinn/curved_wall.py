r"""A circle at rest in the lattice: interpolated bounce-back, and the force by exchange of momentum.

Shapes: L links, each from a fluid node to a neighbour inside the circle; the wall cuts a link at the fraction q of its length.

References
----------
Bouzidi, Firdaouss and Lallemand (2001), Momentum transfer of a Boltzmann-lattice fluid with boundaries, Physics of Fluids 13,
https://doi.org/10.1063/1.1399290: linear interpolation between nodes.
Mei, Yu, Shyy and Luo (2002), Force evaluation in the lattice Boltzmann method involving curved geometry, Physical Review E 65,
https://doi.org/10.1103/PhysRevE.65.041203: the exchange of momentum.
"""

import numpy as np

from nndl_support.pinn.lattice import OPPOSITE, VELOCITIES


class CircularWall:
    r"""A boundary condition: no slip on a circle that lies anywhere between the nodes.

    .. math:: f_{\bar\imath}(x, t + 1) = \begin{cases}
        2q\,f_i^*(x) + (1 - 2q)\,f_i^*(x - c_i), & q < \tfrac12 \\
        \tfrac1{2q}\,f_i^*(x) + \tfrac{2q - 1}{2q}\,f_{\bar\imath}^*(x), & q \ge \tfrac12
        \end{cases}

    Parameters
    ----------
    shape : pair of ints (ny, nx)
    centre : pair of floats (x, y), in nodes; node (row 0, column 0) has the coordinates (0, 0)
    radius : float, in nodes
    interpolate : bool
        False puts the wall half-way along every link whatever the circle says, so that it becomes a staircase.

    Attributes
    ----------
    solid : array (ny, nx) of bool
    starts, ends : arrays (L, 2)
        Nodes (x, y) of every link, in the fluid and inside.
    fraction : array (L,)
        The fractions q.
    force : array (2,)
        Drag and lift in the latest step, in lattice units.

    Raises
    ------
    ValueError
        When the circle comes closer than two nodes to a side, or is smaller than one node.

    Examples
    --------
    >>> wall = CircularWall((20, 30), centre=(12.3, 9.1), radius=4.0)
    >>> int(wall.solid.sum()), bool(((wall.fraction > 0) & (wall.fraction <= 1)).all())
    (51, True)
    """

    def __init__(
        self, shape: tuple[int, int], centre: tuple[float, float], radius: float, *, interpolate: bool = True
    ) -> None:
        ny, nx = shape
        margin = min(centre[0], centre[1], nx - 1 - centre[0], ny - 1 - centre[1]) - radius
        if margin < 2 or radius < 1:
            raise ValueError(
                f"a circle of radius {radius} about {centre} leaves {margin:.2f} nodes to the sides of {nx} x {ny} nodes; "
                f"expected a radius of 1 or more and 2 nodes or more to every side"
            )
        y, x = np.mgrid[:ny, :nx]
        self.solid = (x - centre[0]) ** 2 + (y - centre[1]) ** 2 <= radius**2
        self.force = np.zeros(2)
        width = nx + 2
        solid = np.flatnonzero(np.pad(self.solid, 1))
        # A link starts at a fluid node, one step against its direction from a solid node.
        direction = np.repeat(np.arange(1, 9), len(solid))
        stride = VELOCITIES[:, 1] * width + VELOCITIES[:, 0]
        start = np.tile(solid, 8) - stride[direction]
        outside = ~np.pad(self.solid, 1).ravel()[start]
        self._i, self._start = direction[outside], start[outside]
        self._velocity = VELOCITIES[self._i]
        # |start + q c - centre| = radius, the smaller root
        self.starts = np.stack([self._start % width - 1, self._start // width - 1], axis=1)
        self.ends = self.starts + self._velocity
        away = self.starts - np.array(centre)
        cc, ac, aa = (self._velocity**2).sum(1), (away * self._velocity).sum(1), (away**2).sum(1)
        self.fraction = np.clip((-ac - np.sqrt(np.maximum(ac**2 - cc * (aa - radius**2), 0))) / cc, 0.0, 1.0)
        if not interpolate:
            self.fraction = np.full(len(self._i), 0.5)
        size, stride = (ny + 2) * width, stride[self._i]
        self._hit = self._i * size + self._start + stride
        self._behind = self._i * size + self._start
        self._away = OPPOSITE[self._i] * size + self._start - stride
        self._enter = OPPOSITE[self._i] * size + self._start
        self._solid = (np.arange(9)[:, None] * size + solid).ravel()
        q = self.fraction
        near = q < 0.5
        far_q = np.where(near, 1.0, q)
        self._weights = np.stack(
            [np.where(near, 2 * q, 0.5 / far_q), np.where(near, 1 - 2 * q, 0), np.where(near, 0, 1 - 0.5 / far_q)]
        )

    def __call__(self, arrived: np.ndarray, before: np.ndarray) -> None:
        """Send back what has crossed the wall; set the nodes inside to rest."""
        f = arrived.reshape(-1)
        hit = f[self._hit]
        a, b, c = self._weights
        back = a * hit + b * f[self._behind] + c * f[self._away]
        f[self._solid] = 0.0
        f[self._enter] = back
        self.force = (hit + back) @ self._velocity
