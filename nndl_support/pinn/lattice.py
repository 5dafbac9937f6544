r"""The lattice D2Q9 (格子): nine velocities on a square grid, their equilibrium, and what the populations say about the flow.

Shapes: ny rows and nx columns of nodes, 9 populations per node. Units are those of the lattice: the distance of neighbours and
the time step are 1, the density at rest is 1, and the square of the speed of sound is :math:`c_s^2 = 1/3`. Populations are
stored as deviations from rest, :math:`f_i - w_i`, which loses fewer digits.

The equilibrium is the one for incompressible flow, in which the density multiplies no velocity. The pressure is
:math:`p = c_s^2\,\delta\rho` and the velocity is the momentum itself; no division is needed.

References
----------
Qian, d'Humières and Lallemand (1992), Lattice BGK models for Navier-Stokes equation, Europhysics Letters 17,
https://doi.org/10.1209/0295-5075/17/6/001: the lattice and its weights.
He and Luo (1997), Lattice Boltzmann model for the incompressible Navier-Stokes equation, Journal of Statistical Physics 88,
https://doi.org/10.1023/B:JOSS.0000015179.12689.e4: the equilibrium.
"""

import numpy as np
import numpy.typing as npt

# Rest, the four axes counter-clockwise from the east, the four diagonals counter-clockwise from the north-east.
VELOCITIES = np.array([[0, 0], [1, 0], [0, 1], [-1, 0], [0, -1], [1, 1], [-1, 1], [-1, -1], [1, -1]])
WEIGHTS = np.array([4 / 9] + 4 * [1 / 9] + 4 * [1 / 36])
OPPOSITE = np.array([0, 3, 4, 1, 2, 7, 8, 5, 6])
SOUND_SPEED = 3**-0.5


def equilibrium(p: npt.ArrayLike, u: npt.ArrayLike, v: npt.ArrayLike) -> np.ndarray:
    r"""Populations to which collisions drive a node with this pressure and velocity.

    .. math:: f_i^{\mathrm{eq}} - w_i
        = w_i\left(3p + 3\,c_i\cdot u + \tfrac92 (c_i\cdot u)^2 - \tfrac32\lVert u\rVert^2\right)

    Parameters
    ----------
    p, u, v : arrays of one shape (...), in lattice units

    Returns
    -------
    array (9, ...), deviations from rest

    Examples
    --------
    >>> f = equilibrium(0.01, 0.05, -0.02)
    >>> np.round(f.sum(), 10), np.round(VELOCITIES.T @ f, 10)
    (np.float64(0.03), array([ 0.05, -0.02]))
    """
    p, u, v = np.broadcast_arrays(np.asarray(p, dtype=float), u, v)
    along = np.tensordot(VELOCITIES, np.stack([u, v]), axes=1)
    w = WEIGHTS.reshape((9,) + (1,) * p.ndim)
    return np.asarray(w * (3 * p + 3 * along + 4.5 * along**2 - 1.5 * (u * u + v * v)))


def moments(f: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    r"""Pressure and velocity of populations.

    .. math:: p = \tfrac13 \sum_i (f_i - w_i), \qquad u = \sum_i c_i f_i

    Parameters
    ----------
    f : array (9, ...), deviations from rest

    Returns
    -------
    p, u, v : arrays (...)

    Examples
    --------
    >>> [float(np.round(m, 12)) for m in moments(equilibrium(0.01, 0.05, -0.02))]
    [0.01, 0.05, -0.02]
    """
    if f.shape[0] != 9:
        raise ValueError(f"f has shape {f.shape}; expected 9 populations along the first axis")
    u, v = np.tensordot(VELOCITIES.T, f, axes=1)
    return f.sum(axis=0) / 3, u, v


def shear_populations(u: np.ndarray, v: np.ndarray, viscosity: float) -> np.ndarray:
    r"""What a sheared flow adds to the equilibrium, so that a flow can start with given fields.

    .. math:: f_i^{(1)} = -\tfrac32 w_i\,(1 + 6\nu)\,
        \bigl(c_i c_i - \tfrac12\lVert c_i\rVert^2 I\bigr) : \nabla u

    Parameters
    ----------
    u, v : arrays (ny, nx), with three nodes or more along each axis; differences are central, one-sided at the edges
    viscosity : float > 0, in lattice units

    Returns
    -------
    array (9, ny, nx)

    Examples
    --------
    >>> y = np.arange(4.0)[:, None] * np.ones(5)
    >>> shear_populations(0.01 * y, 0 * y, 1 / 6)[5:, 2, 2].round(6) * 12
    array([-0.01,  0.01, -0.01,  0.01])
    """
    (u_y, u_x), (v_y, v_x) = np.gradient(u, edge_order=2), np.gradient(v, edge_order=2)
    # -3 w_i / omega, with 1 / omega = 3 nu + 1/2
    factors = -1.5 * (1 + 6 * viscosity) * WEIGHTS
    return np.stack(
        [
            factor * ((a * a - b * b) / 2 * (u_x - v_y) + a * b * (u_y + v_x))
            for factor, (a, b) in zip(factors, VELOCITIES, strict=True)
        ]
    )
