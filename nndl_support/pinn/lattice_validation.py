r"""The lattice against an exact solution: decaying vortices (泰勒-格林涡) in a periodic box.

.. math:: u = -\cos kx \sin ky\, e^{-2\nu k^2 t}, \qquad v = \sin kx \cos ky\, e^{-2\nu k^2 t}, \qquad
    p = -\tfrac14(\cos 2kx + \cos 2ky)\, e^{-4\nu k^2 t}

Shapes: n rows and n columns, one wave along each side.

References
----------
Taylor and Green (1937), Mechanism of the production of small eddies from large ones, Proceedings of the Royal Society A 158,
https://doi.org/10.1098/rspa.1937.0036.
Krüger et al. (2017), The Lattice Boltzmann Method, Springer, https://doi.org/10.1007/978-3-319-44649-3, section 4.5: why velocity
and spacing are refined together.
"""

import numpy as np

from nndl_support.pinn.lattice_flow import LatticeFlow
from nndl_support.pinn.lattice_walls import periodic


def taylor_green_error(n: int, *, reynolds: float = 20.0, velocity: float = 0.4) -> tuple[float, float]:
    """Relative L2 errors of velocity and pressure when a quarter of the energy is left.

    Parameters
    ----------
    n : int, nodes along a side
    reynolds : float > 0
        Of the largest velocity and the side of the box.
    velocity : float > 0
        The largest velocity is this over n, in nodes per step, so that the error of compressibility falls as fast as that of the
        grid, as the square of the spacing.

    Returns
    -------
    velocity_error, pressure_error : floats

    Raises
    ------
    ValueError
        When a number is out of range.

    Examples
    --------
    >>> max(taylor_green_error(24)) < 0.02
    True
    """
    if n < 4 or not reynolds > 0 or not velocity > 0:
        raise ValueError(
            f"n is {n}, reynolds {reynolds} and velocity {velocity}; expected at least 4 and two positive numbers"
        )
    k, speed, viscosity = 2 * np.pi / n, velocity / n, velocity / reynolds
    y, x = np.mgrid[:n, :n]
    u, v = -speed * np.cos(k * x) * np.sin(k * y), speed * np.sin(k * x) * np.cos(k * y)
    p = -0.25 * speed**2 * (np.cos(2 * k * x) + np.cos(2 * k * y))
    box = LatticeFlow((n, n), viscosity, boundaries=[periodic("x"), periodic("y")])
    box.start(p, u, v)
    steps = round(np.log(4) / (4 * viscosity * k * k))
    box.step(steps)
    decay = np.exp(-2 * viscosity * k * k * steps)
    found_p, found_u, found_v = box.fields()
    exact = np.stack([u, v]) * decay
    velocity_error = np.linalg.norm(np.stack([found_u, found_v]) - exact) / np.linalg.norm(exact)
    return float(velocity_error), float(np.linalg.norm(found_p - p * decay**2) / np.linalg.norm(p * decay**2))
