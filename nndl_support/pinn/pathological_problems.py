r"""Four small problems with closed solutions, each of which shows one illness of training.

Shapes: N points.

References
----------
Wang, Teng and Perdikaris (2021), https://doi.org/10.1137/20M1318043 (conditions that lose against the equation).
Krishnapriyan, Gholami, Zhe, Kirby and Mahoney (2021), Characterizing possible failure modes in physics-informed neural networks,
https://arxiv.org/abs/2109.01050 (convection).
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from nndl_support.pinn.embeddings import PeriodicFeatures, Rescale
from nndl_support.pinn.geometry import Interval, SpaceTime
from nndl_support.pinn.problem import Problem, dirichlet, initial

__all__ = ["convection", "oscillation", "standing_wave", "standing_wave_with_soft_ends"]

pi = torch.pi


def standing_wave(half_waves: float = 1.0) -> Problem:
    r"""Poisson's equation on the unit interval with k half waves as its solution; the ends are built in.

    .. math:: \frac{u_{xx}}{(k\pi)^2} + \sin k \pi x = 0, \qquad u(0) = u(1) = 0, \qquad u = \sin k \pi x

    Parameters
    ----------
    half_waves : float > 0, k; whole, for ends that are zero

    Returns
    -------
    Problem, outputs u; its residual is of size 1 for every k

    Examples
    --------
    >>> float(standing_wave(2).exact([[0.25]])[0])
    1.0
    """
    return Problem(
        Interval(0, 1),
        lambda f, p: f.u_xx / (half_waves * pi) ** 2 + torch.sin(half_waves * pi * f.x),
        hard=(lambda x: 0 * x[:, 0], lambda x: 4 * x[:, 0] * (1 - x[:, 0])),
        exact=_at_arrays(lambda x: torch.sin(half_waves * pi * x[:, 0])),
        hidden=(20, 20),
        solver={"n_points": 100, "resample": 0},
    )


def standing_wave_with_soft_ends(half_waves: float = 4.0, *, weight: float = 1.0) -> Problem:
    r"""The same equation as textbooks write it, and the two ends as terms of the loss.

    .. math:: u_{xx} + (k\pi)^2 \sin k \pi x = 0, \qquad
        L = \operatorname{mean}_n r_n^2 + \lambda\, \tfrac12 \left(u(0)^2 + u(1)^2\right)

    Parameters
    ----------
    half_waves : float > 0, k
    weight : float > 0, :math:`\lambda`

    Returns
    -------
    Problem, outputs u

    Examples
    --------
    >>> [condition.name for condition in standing_wave_with_soft_ends().conditions]
    ['u at the ends']
    """
    return Problem(
        Interval(0, 1),
        lambda f, p: f.u_xx + (half_waves * pi) ** 2 * torch.sin(half_waves * pi * f.x),
        conditions=[dirichlet(0.0, on=[[0.0], [1.0]], name="u at the ends", weight=weight)],
        exact=_at_arrays(lambda x: torch.sin(half_waves * pi * x[:, 0])),
        hidden=(20, 20),
        solver={"n_points": 100, "resample": 0},
    )


def oscillation(frequency: float = 30.0) -> Problem:
    r"""An undamped oscillation over a unit of time; start and slope are built in.

    .. math:: \frac{u_{tt}}{\omega^2} + u = 0, \qquad u(0) = 1, \qquad u_t(0) = 0, \qquad u = \cos \omega t

    Parameters
    ----------
    frequency : float > 0, :math:`\omega`, in radians per unit of time

    Returns
    -------
    Problem, outputs u

    Examples
    --------
    >>> oscillation().coordinates
    ('t',)
    """
    return Problem(
        Interval(0, 1, name="t"),
        lambda f, p: f.u_tt / frequency**2 + f.u,
        hard=(lambda q: 1 + 0 * q[:, 0], lambda q: q[:, 0] ** 2),
        exact=_at_arrays(lambda q: torch.cos(frequency * q[:, 0])),
        hidden=(20, 20),
        solver={"n_points": 200, "resample": 0},
    )


def convection(speed: float = 30.0, *, weight: float = 100.0) -> Problem:
    r"""A wave that moves along a circle without changing its shape.

    .. math:: u_t + \beta u_x = 0, \qquad u(x, 0) = \sin x, \qquad \text{period } 2\pi, \qquad u = \sin(x - \beta t)

    Parameters
    ----------
    speed : float, :math:`\beta`
    weight : float > 0, of the initial condition

    Returns
    -------
    Problem, outputs u; the period is built in

    Examples
    --------
    >>> convection().coordinates
    ('x', 't')
    """

    def embedding() -> nn.Module:
        return nn.Sequential(PeriodicFeatures(0, 2 * pi), Rescale((-1, -1, 0), (1, 1, 1)))

    return Problem(
        SpaceTime(Interval(0, 2 * pi), 0, 1),
        lambda f, p: f.u_t + speed * f.u_x,
        conditions=[initial(lambda f: torch.sin(f.x), n_points=50, weight=weight)],
        embedding=embedding,
        exact=_at_arrays(lambda q: torch.sin(q[:, 0] - speed * q[:, 1])),
        solver={"n_points": 400, "resample": 0},
    )


def _at_arrays(solution: Callable[[Tensor], Tensor]) -> Callable[[Any], Any]:
    """A function of tensors (N, d) as one of arrays (N, d), which is what a problem calls exact."""
    return lambda points: solution(torch.as_tensor(points, dtype=torch.float64)).numpy()
