r"""Boundary conditions of a rectangular lattice: periodic sides, mirrors, walls at rest or moving, and an outlet.

Shapes: populations (9, ny + 2, nx + 2) with a margin of ghost nodes; a line of nodes along a side has n = ny or nx of them.
Walls lie half-way between the last node and the ghost nodes. Every function here returns a boundary condition, to be handed to
:class:`nndl_support.pinn.lattice_flow.LatticeFlow`: a callable that finds what has left the lattice in the ghost
nodes and fills in what enters.

References
----------
Ladd (1994), Numerical simulations of particulate suspensions via a discretized Boltzmann equation, Part 1, Journal of Fluid
Mechanics 271, https://doi.org/10.1017/S0022112094001771: bounce-back from a moving wall.
Ginzburg, Verhaeghe and d'Humières (2008), Study of simple hydrodynamic solutions with the two-relaxation-times lattice
Boltzmann scheme, Communications in Computational Physics 3, 519-581: anti-bounce-back, which sets the pressure.
"""

import numpy as np
import numpy.typing as npt

from nndl_support.pinn.lattice import OPPOSITE, SOUND_SPEED, VELOCITIES, WEIGHTS, moments
from nndl_support.pinn.lattice_flow import Boundary

# Side: the direction that points into the lattice.
_INWARD = {"left": (1, 0), "right": (-1, 0), "bottom": (0, 1), "top": (0, -1)}


def _incoming(side: str) -> np.ndarray:
    if side not in _INWARD:
        raise ValueError(f"side is {side!r}; expected one of {', '.join(_INWARD)}")
    return np.flatnonzero(VELOCITIES @ _INWARD[side] == 1)


def _line(f: np.ndarray, side: str, depth: int, shift: int = 0) -> np.ndarray:
    """View of the nodes of one population along a side; depth 0 are the ghosts; moved along the side by a shift."""
    normal = _INWARD[side]
    place = depth if sum(normal) > 0 else -1 - depth
    n = f.shape[0 if normal[0] else 1] - 2
    along = slice(1 + shift, n + 1 + shift)
    return f[along, place] if normal[0] else f[place, along]


def periodic(axis: str) -> Boundary:
    """What leaves on one side enters on the other; list these before all other conditions.

    Parameters
    ----------
    axis : "x" or "y"

    Examples
    --------
    >>> f = np.zeros((9, 5, 4))
    >>> f[1, 2, 3] = 1.0  # an eastbound population in the ghost nodes of the right side
    >>> periodic("x")(f, f)
    >>> float(f[1, 2, 1])
    1.0
    """
    if axis not in ("x", "y"):
        raise ValueError(f"axis is {axis!r}; expected 'x' or 'y'")
    component = 0 if axis == "x" else 1

    def boundary(arrived: np.ndarray, before: np.ndarray) -> None:
        for i in range(9):
            f = arrived[i] if axis == "y" else arrived[i].T
            if VELOCITIES[i, component] > 0:
                f[1] = f[-1]
            elif VELOCITIES[i, component] < 0:
                f[-2] = f[0]

    return boundary


def free_slip(side: str) -> Boundary:
    """A mirror: no flow through the side, no friction along it.

    Parameters
    ----------
    side : "left", "right", "bottom" or "top"

    Examples
    --------
    >>> f = np.zeros((9, 5, 4))
    >>> f[8, 0, 2] = 1.0  # south-east, below the bottom
    >>> free_slip("bottom")(f, f)
    >>> float(f[5, 1, 2])
    1.0
    """
    incoming, normal = _incoming(side), np.array(_INWARD[side])
    velocities = VELOCITIES.tolist()
    mirrored = [velocities.index((VELOCITIES[i] - 2 * normal).tolist()) for i in incoming]

    def boundary(arrived: np.ndarray, before: np.ndarray) -> None:
        for i, j in zip(incoming, mirrored, strict=True):
            _line(arrived[i], side, 1)[:] = _line(arrived[j], side, 0)

    return boundary


def bounce_back(side: str, u: npt.ArrayLike = 0.0, v: npt.ArrayLike = 0.0) -> Boundary:
    r"""A wall with a given velocity: at rest no-slip, with a velocity through the side an inlet.

    .. math:: f_i(x, t + 1) = f^*_{\bar\imath}(x, t) + 6\,w_i\,c_i\cdot u_{\mathrm{wall}}

    Parameters
    ----------
    side : "left", "right", "bottom" or "top"
    u, v : floats or arrays (n,) along the side, in lattice units

    Examples
    --------
    >>> f = np.zeros((9, 5, 4))
    >>> bounce_back("left", u=0.06)(f, f)
    >>> float(f[1, 2, 1].round(3)), float(f[5, 2, 1].round(3))
    (0.04, 0.01)
    """
    incoming = _incoming(side)
    kicks = [6 * WEIGHTS[i] * (VELOCITIES[i, 0] * np.asarray(u) + VELOCITIES[i, 1] * np.asarray(v)) for i in incoming]
    along = 1 if _INWARD[side][0] else 0

    def boundary(arrived: np.ndarray, before: np.ndarray) -> None:
        for i, kick in zip(incoming, kicks, strict=True):
            _line(arrived[i], side, 1)[:] = _line(arrived[OPPOSITE[i]], side, 0, shift=-VELOCITIES[i, along]) + kick

    return boundary


def outlet(mean_velocity: float) -> Boundary:
    r"""The right side as an outlet: pressure zero, velocity free, and transparent for plane sound waves.

    .. math:: f_i(x, t + 1) = -f^*_{\bar\imath}(x, t)
        + 2 w_i \left(3p + \tfrac92 (c_i\cdot u)^2 - \tfrac32\lVert u\rVert^2\right),
        \qquad p = c_s\,(\bar u - \bar u_{\mathrm{in}})

    Parameters
    ----------
    mean_velocity : float
        What enters at the inlet, averaged over the height. The outflow :math:`\bar u` differs from it only while a sound wave
        passes, and the pressure given is that of the wave.

    Examples
    --------
    >>> f = np.zeros((9, 5, 4))
    >>> outlet(0.0)(f, f)
    >>> float(abs(f).max())
    0.0
    """
    incoming = _incoming("right")

    def boundary(arrived: np.ndarray, before: np.ndarray) -> None:
        # The velocity is that of the last node; extrapolated to the side it would make the corners at a wall unstable.
        _, u, v = moments(before[:, 1:-1, -2])
        shared = 3 * SOUND_SPEED * (u.mean() - mean_velocity) - 1.5 * (u * u + v * v)
        for i in incoming:
            a, b = VELOCITIES[i]
            left = _line(arrived[OPPOSITE[i]], "right", 0, shift=-b)
            _line(arrived[i], "right", 1)[:] = 2 * WEIGHTS[i] * (shared + 4.5 * (a * u + b * v) ** 2) - left

    return boundary
