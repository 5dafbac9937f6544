r"""Burgers' equation for all viscosities at once: the exponent of the viscosity is one more coordinate.

.. math:: u_t + u u_x = 10^s u_{xx}, \qquad u(x, s, 0) = -\sin \pi x, \qquad u(\pm 1, s, t) = 0

Shapes: N points with the columns x, s, t.

References
----------
Sun, Gao, Pan and Wang (2020), Surrogate modeling for fluid flows based on physics-constrained deep learning without simulation
data, Computer Methods in Applied Mechanics and Engineering 361, https://doi.org/10.1016/j.cma.2019.112732, for networks with the
parameters of a flow among their inputs.
"""

import torch

from nndl_support.pinn.box import Rectangle
from nndl_support.pinn.problem import Problem
from nndl_support.pinn.space_time import SpaceTime

__all__ = ["burgers_family"]


def burgers_family(low: float, high: float) -> Problem:
    """State the family for viscosities from 10^low to 10^high.

    Parameters
    ----------
    low, high : float, low < high, exponents of the viscosity

    Returns
    -------
    Problem, coordinates x, s, t; output u

    Raises
    ------
    ValueError
        For an empty range.

    Examples
    --------
    >>> burgers_family(-2.0, -1.0).coordinates
    ('x', 's', 't')
    """
    if not low < high:
        raise ValueError(f"the exponents go from {low} to {high}; expected low < high")
    return Problem(
        SpaceTime(Rectangle((-1, low), (1, high), names=("x", "s")), 0, 1),
        lambda f, p: f.u_t + f.u * f.u_x - 10**f.s * f.u_xx,
        hard=(lambda q: -torch.sin(torch.pi * q[:, 0]), lambda q: q[:, 2] * (1 - q[:, 0] ** 2)),
        hidden=(15, 15, 15),
        solver={"n_points": 800, "resample": 10},
    )
