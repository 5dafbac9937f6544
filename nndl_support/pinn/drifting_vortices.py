r"""Taylor and Green's vortices (泰勒-格林涡) seen from a moving train: a flow whose velocities alone give away both parameters.

Newton's laws look the same to an observer in uniform motion. If :math:`(u, v, p)(x, y, t)` solves the Navier-Stokes
equations, so does

.. math:: \bigl(U + u,\; V + v,\; p\bigr)(x - Ut,\, y - Vt,\, t) .

At rest the convection of these vortices is the gradient of a potential, which an unobserved pressure absorbs whatever
:math:`\lambda_1` is. A drift carries the pattern along at a speed that :math:`\lambda_1` alone explains.

Shapes: N points with the columns x, y and t.

References
----------
Taylor and Green (1937), Proceedings of the Royal Society A 158(895), https://doi.org/10.1098/rspa.1937.0036.
Landau and Lifshitz (1987), Fluid Mechanics, 2nd edition, chapter II, for the equations and their invariance.
"""

import numpy as np
import numpy.typing as npt

from nndl_support.pinn.exact_solutions import taylor_green
from nndl_support.pinn.reference_arguments import checked_points

__all__ = ["drifting_vortices"]


def drifting_vortices(
    points: npt.ArrayLike, *, nu: float = 0.01, drift: tuple[float, float] = (0.5, 0.0)
) -> np.ndarray:
    """Velocity and pressure of decaying vortices that are carried along.

    Parameters
    ----------
    points : array (N, 3), columns x, y, t
    nu : float >= 0, kinematic viscosity
    drift : pair of float, U and V

    Returns
    -------
    array (N, 3), columns u, v, p

    Examples
    --------
    The vortex that stood at the origin has arrived at x = 0.5:

    >>> drifting_vortices([[0.5, 0.0, 1.0]]).round(12)[0, :2].tolist()
    [0.5, 0.0]
    """
    x, y, t = checked_points(points, "xyt")
    if len(drift) != 2:
        raise ValueError(f"drift is {drift}; expected a pair, U and V")
    flow = taylor_green(np.stack([x - drift[0] * t, y - drift[1] * t, t], axis=1), nu=nu)
    flow[:, :2] += np.asarray(drift, dtype=float)
    return flow
