r"""Lattice-Boltzmann steps (格子玻尔兹曼方法): collide and stream, in one pass over the memory.

Shapes: populations (9, ny + 2, nx + 2), a margin of one ghost node on every side; fields (ny, nx).

Nine populations say nine things about a node. Three are its pressure and velocity, two are its shear stress, one is its
compression; the other three mean nothing to a fluid. A collision keeps the first three, relaxes the stress, and forgets the rest.
Its last operation writes where the populations go, so that streaming costs nothing; bands of rows are small enough for the cache.
Populations that leave the lattice land in the ghost nodes, where the boundary conditions find them.

References
----------
Latt and Chopard (2006), Lattice Boltzmann method with regularized pre-collision distribution functions, Mathematics and Computers
in Simulation 72, https://doi.org/10.1016/j.matcom.2006.05.017: the collision; here the compression is forgotten too, which damps
sound.
Krüger, Kusumaatmaja, Kuzmin, Shardt, Silva and Viggen (2017), The Lattice Boltzmann Method, Springer,
https://doi.org/10.1007/978-3-319-44649-3: chapters 3 to 5.
"""

from collections.abc import Callable, Sequence

import numpy as np

from nndl_support.pinn.lattice import VELOCITIES, equilibrium, moments, shear_populations

Boundary = Callable[[np.ndarray, np.ndarray], None]

_PAIRS = ((1, 3), (2, 4), (5, 7), (6, 8))
_BAND = 20_000


class LatticeFlow:
    r"""A D2Q9 lattice that advances in time.

    .. math:: f_i(x + c_i, t + 1) = f_i^{\mathrm{eq}} + (1 - \omega)\,\frac{9 w_i}{2}\,
        \Bigl(c_i c_i - \tfrac12\lVert c_i\rVert^2 I\Bigr) : \sum_j c_j c_j\,(f_j - f_j^{\mathrm{eq}}),
        \qquad \frac1\omega = 3\nu + \frac12

    Parameters
    ----------
    shape : pair of ints (ny, nx)
    viscosity : float > 0, in lattice units (nodes squared per step)
    boundaries : sequence of callables
        Each is called after streaming as ``boundary(arrived, before)`` with the populations of now and of one step ago, both
        with their ghost nodes, and fills in the populations that enter the lattice. The last one wins at corners.

    Attributes
    ----------
    populations : array (9, ny + 2, nx + 2)
        Deviations from rest.

    Raises
    ------
    ValueError
        When the lattice has fewer than 3 rows or columns, or the viscosity is not positive.

    Notes
    -----
    The bulk viscosity is 1/6 in lattice units, whatever the viscosity, so that sound of wave number k decays at a rate of at
    least :math:`k^2/12` per step.

    Examples
    --------
    A shear wave decays as :math:`e^{-\nu k^2 t}`:

    >>> from nndl_support.pinn.lattice_walls import periodic
    >>> y = np.arange(32)[:, None] * np.ones(3)
    >>> box = LatticeFlow((32, 3), viscosity=0.1, boundaries=[periodic("x"), periodic("y")])
    >>> box.start(u=0.01 * np.sin(2 * np.pi * y / 32))
    >>> box.step(160)
    >>> p, u, v = box.fields()
    >>> print(f"{u.max() / 0.01:.3f}, {np.exp(-0.1 * (2 * np.pi / 32) ** 2 * 160):.3f}")
    0.539, 0.540
    """

    def __init__(self, shape: tuple[int, int], viscosity: float, *, boundaries: Sequence[Boundary] = ()) -> None:
        ny, nx = shape
        if ny < 3 or nx < 3 or not viscosity > 0:
            raise ValueError(
                f"shape is {shape} and viscosity {viscosity}; expected 3 rows and columns or more, and a positive viscosity"
            )
        self.shape = (ny, nx)
        self.viscosity = viscosity
        self.boundaries = list(boundaries)
        self.populations = np.zeros((9, ny + 2, nx + 2))
        self._next = np.zeros_like(self.populations)
        self._rows = min(ny, max(1, _BAND // nx))
        self._buffers = np.empty((11, self._rows, nx))

    def start(
        self,
        p: np.ndarray | float = 0.0,
        u: np.ndarray | float = 0.0,
        v: np.ndarray | float = 0.0,
    ) -> None:
        """Set the populations to given fields, with the stress that belongs to them.

        Parameters
        ----------
        p, u, v : arrays (ny, nx) or floats, in lattice units
        """
        p, u, v = (np.broadcast_to(np.asarray(a, dtype=float), self.shape) for a in (p, u, v))
        self.populations[:] = 0.0
        self.populations[:, 1:-1, 1:-1] = equilibrium(p, u, v) + shear_populations(u, v, self.viscosity)

    def fields(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return pressure and velocity p, u, v, arrays (ny, nx), in lattice units."""
        return moments(self.populations[:, 1:-1, 1:-1])

    def step(self, n_steps: int = 1) -> None:
        """Collide, stream and apply the boundary conditions, ``n_steps`` times."""
        ny = self.shape[0]
        for _ in range(n_steps):
            for first in range(0, ny, self._rows):
                self._collide_and_stream(first, min(first + self._rows, ny))
            for boundary in self.boundaries:
                boundary(self._next, self.populations)
            self.populations, self._next = self._next, self.populations

    def _collide_and_stream(self, first: int, last: int) -> None:
        nx, omega = self.shape[1], 1 / (3 * self.viscosity + 0.5)
        f = self.populations[:, first + 1 : last + 1, 1:-1]
        to = [self._next[i, first + 1 + b : last + 1 + b, 1 + a : nx + 1 + a] for i, (a, b) in enumerate(VELOCITIES)]
        even, (u, v, rho, energy, normal, shear, work) = np.split(self._buffers[:, : last - first], [4])
        # u = f1 - f3 + (f5 - f7) - (f6 - f8), v = f2 - f4 + (f5 - f7) + (f6 - f8)
        np.subtract(f[1], f[3], out=u)
        np.subtract(f[2], f[4], out=v)
        np.subtract(f[5], f[7], out=work)
        u += work
        v += work
        np.subtract(f[6], f[8], out=work)
        u -= work
        v += work
        for k, (i, j) in enumerate(_PAIRS):
            np.add(f[i], f[j], out=even[k])
        # stresses sum_i (cx^2 - cy^2) f_i and sum_i cx cy f_i, and the density, 3 p
        np.subtract(even[0], even[1], out=normal)
        np.subtract(even[2], even[3], out=shear)
        np.add(even[0], even[1], out=rho)
        even[2] += even[3]
        rho += even[2]
        rho += f[0]
        # they relax towards u^2 - v^2 and u v; what the populations need are their quarters
        a, b, square, diagonal = even
        np.multiply(u, u, out=a)
        np.multiply(v, v, out=b)
        np.add(a, b, out=energy)
        a -= b
        np.multiply(u, v, out=b)
        for stress, target in ((normal, a), (shear, b)):
            stress *= (1 - omega) / 4
            target *= omega / 4
            stress += target
        # rest: 4/9 rho - 2/3 |u|^2
        energy *= 1 / 12
        rho *= 1 / 36
        np.multiply(rho, 16, out=to[0])
        np.multiply(energy, 8, out=work)
        to[0] -= work
        # diagonals: rho/36 + |u|^2/12 +- shear + (cx u + cy v)/12; axes: rho/9 + |u|^2/12 +- normal + (cx u + cy v)/3
        np.add(rho, energy, out=square)
        rho *= 4
        energy += rho
        u *= 1 / 12
        v *= 1 / 12
        np.add(u, v, out=diagonal)
        np.subtract(v, u, out=work)
        np.add(square, shear, out=a)
        np.subtract(square, shear, out=b)
        u *= 4
        v *= 4
        np.add(energy, normal, out=square)
        energy -= normal
        for (i, j), half, odd in zip(_PAIRS, (square, energy, a, b), (u, v, diagonal, work), strict=True):
            np.add(half, odd, out=to[i])
            np.subtract(half, odd, out=to[j])
