r"""Nine problems with known answers, each stated the way a reader would state one of his own.

Every function returns a :class:`~nndl_support.pinn.problem.Problem` whose ``exact`` is a closed form or a reference solution, and
whose ``solver`` names the options that served it well.

References
----------
Raissi, Perdikaris and Karniadakis (2019), Journal of Computational Physics 378, https://doi.org/10.1016/j.jcp.2018.10.045, for
Burgers and Allen-Cahn. Wang, Teng and Perdikaris (2021), Understanding and mitigating gradient flow pathologies in
physics-informed neural networks, SIAM Journal on Scientific Computing 43(5), https://doi.org/10.1137/20M1318043, for Helmholtz.
Kovasznay (1948), Laminar flow behind a two-dimensional grid, Mathematical Proceedings of the Cambridge Philosophical Society
44(1).
"""

from collections.abc import Mapping
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from nndl_support.pinn import reference
from nndl_support.pinn.embeddings import PeriodicFeatures, Rescale
from nndl_support.pinn.fields import Fields
from nndl_support.pinn.geometry import Interval, Rectangle, SpaceTime
from nndl_support.pinn.lifts import diffused_kink, start_and_edge, transfinite
from nndl_support.pinn.point_values import at_points
from nndl_support.pinn.problem import Observations, Problem, dirichlet

__all__ = [
    "allen_cahn",
    "burgers",
    "heat",
    "helmholtz",
    "kovasznay",
    "navier_stokes",
    "poisson",
    "taylor_green",
    "wave",
]

pi = torch.pi


def poisson() -> Problem:
    r"""Poisson's equation on the unit square, zero on its edge, which is built in.

    .. math:: -\nabla^2 u = 2\pi^2 \sin \pi x \sin \pi y

    Returns
    -------
    Problem, outputs u; exact :func:`nndl_support.pinn.exact_solutions.poisson`

    Examples
    --------
    >>> poisson().coordinates
    ('x', 'y')
    """
    return Problem(
        Rectangle((0, 0), (1, 1)),
        lambda f, p: f.u_xx + f.u_yy + 2 * pi**2 * torch.sin(pi * f.x) * torch.sin(pi * f.y),
        hard=(_zero, lambda q: 16 * q[:, 0] * (1 - q[:, 0]) * q[:, 1] * (1 - q[:, 1])),
        exact=reference.poisson,
        solver={"n_points": 400, "budget": 10.0, "resample": 0},
    )


def helmholtz(*, a1: float = 1.0, a2: float = 4.0, wavenumber: float = 1.0) -> Problem:
    r"""Helmholtz' equation on the square [-1, 1], zero on its edge, which is built in.

    .. math:: \nabla^2 u + k^2 u = q, \qquad u = \sin(a_1 \pi x) \sin(a_2 \pi y)

    Parameters
    ----------
    a1, a2 : float, half waves
    wavenumber : float, k

    Returns
    -------
    Problem, outputs u

    Examples
    --------
    >>> helmholtz().outputs
    ('u',)
    """
    strength = wavenumber**2 - (a1 * pi) ** 2 - (a2 * pi) ** 2

    def equation(f: Fields, p: Any) -> Tensor:
        source = strength * torch.sin(a1 * pi * f.x) * torch.sin(a2 * pi * f.y)
        return f.u_xx + f.u_yy + wavenumber**2 * f.u - source

    return Problem(
        Rectangle((-1, -1), (1, 1)),
        equation,
        hard=(_zero, lambda q: (1 - q[:, 0] ** 2) * (1 - q[:, 1] ** 2)),
        # Sines whose phases reach further than [-1, 1] start near the waves they have to become.
        embedding=lambda: Rescale(*((side / (1 + a1 / 2), side / (1 + a2 / 2)) for side in (-1, 1))),
        hidden=(20, 20),
        activation="sin",
        exact=partial(reference.helmholtz, a1=a1, a2=a2),
        solver={"n_points": 1000, "budget": 30.0, "resample": 0},
    )


def heat(*, diffusivity: float = 0.4) -> Problem:
    r"""Heat equation on the unit interval, from a half wave, with cold ends; all conditions are built in.

    .. math:: u_t = \alpha u_{xx}, \qquad u(x, 0) = \sin \pi x

    Parameters
    ----------
    diffusivity : float > 0

    Returns
    -------
    Problem, outputs u; exact :func:`nndl_support.pinn.exact_solutions.heat`

    Examples
    --------
    >>> heat().coordinates
    ('x', 't')
    """
    return Problem(
        SpaceTime(Interval(0, 1), 0, 1),
        lambda f, p: f.u_t - diffusivity * f.u_xx,
        hard=(lambda q: torch.sin(pi * q[:, 0]), lambda q: 4 * q[:, 1] * q[:, 0] * (1 - q[:, 0])),
        exact=partial(at_points, partial(reference.heat, diffusivity=diffusivity)),
        solver={"n_points": 400, "budget": 10.0, "resample": 0},
    )


def wave(*, speed: float = 2.0) -> Problem:
    r"""Wave equation on the unit interval, with ends that hold still; all conditions, the two at the start too, are built in.

    .. math:: u_{tt} = c^2 u_{xx}, \qquad u(x, 0) = \sin \pi x + \tfrac12 \sin 4 \pi x, \qquad u_t(x, 0) = 0

    Parameters
    ----------
    speed : float > 0

    Returns
    -------
    Problem, outputs u; exact :func:`nndl_support.pinn.exact_solutions.wave`

    Examples
    --------
    >>> wave().outputs
    ('u',)
    """
    return Problem(
        SpaceTime(Interval(0, 1), 0, 1),
        lambda f, p: f.u_tt / speed**2 - f.u_xx,
        hard=(
            lambda q: torch.sin(pi * q[:, 0]) + 0.5 * torch.sin(4 * pi * q[:, 0]),
            # Like t² at the start, so that u_t vanishes there too, and 1 soon after: the network's task is the same at all times.
            lambda q: (1 - torch.exp(-((10 * q[:, 1]) ** 2))) * 4 * q[:, 0] * (1 - q[:, 0]),
        ),
        exact=partial(at_points, partial(reference.wave, speed=speed)),
        embedding=lambda: Rescale((1 / 4, 7 / 16), (3 / 4, 9 / 16)),
        hidden=(25, 25),
        activation="sin",
        solver={"n_points": 1000, "budget": 40.0, "resample": 20, "candidates": 0},
    )


def burgers(
    *, nu: float = 0.01 / pi, unknown: Mapping[str, float] | None = None, data: Observations | None = None
) -> Problem:
    r"""Burgers' equation: a sine that steepens into a shock. Start and ends are built in.

    .. math:: u_t + \lambda_1 u u_x = \lambda_2 u_{xx}, \qquad u(x, 0) = -\sin \pi x, \qquad u(\pm 1, t) = 0

    Parameters
    ----------
    nu : float > 0, the viscosity :math:`\lambda_2`; :math:`\lambda_1 = 1`
    unknown : dict with the keys "lambda1" and "lambda2", optional
        Where the search for both starts; the equation then has them as unknowns, and nothing is built in.
    data : Observations, optional

    Returns
    -------
    Problem, outputs u; exact :func:`nndl_support.pinn.cole_hopf.burgers`

    Examples
    --------
    >>> list(burgers(unknown={"lambda1": 0.0, "lambda2": 0.0}).unknown)
    ['lambda1', 'lambda2']
    """
    exact = partial(at_points, partial(reference.burgers, nu=nu))
    domain = SpaceTime(Interval(-1, 1), 0, 1)
    if unknown is None:
        return Problem(
            domain,
            lambda f, p: f.u_t + f.u * f.u_x - nu * f.u_xx,
            hard=(lambda q: -torch.sin(pi * q[:, 0]), lambda q: q[:, 1] * (1 - q[:, 0] ** 2)),
            data=data,
            exact=exact,
            solver={"method": "recursive_levenberg_marquardt", "budget": 60.0},
        )
    return Problem(
        domain,
        lambda f, p: f.u_t + p.lambda1 * f.u * f.u_x - p.lambda2 * f.u_xx,
        unknown=unknown,
        data=data,
        exact=exact,
        solver={"n_points": 1000, "budget": 90.0, "resample": 20},
    )


def allen_cahn(*, diffusivity: float = 1e-4, fading: float = 2.0) -> Problem:
    r"""Allen-Cahn equation: two phases part. The start, the period and the symmetry are built in.

    .. math:: u_t = D u_{xx} + 5u - 5u^3, \qquad u(x, 0) = x^2 \cos \pi x, \qquad \text{period 2 in x}

    Parameters
    ----------
    diffusivity : float > 0, D
    fading : float >= 0
        The residual is multiplied by :math:`e^{-kt}` with this k, because the equation multiplies early errors: near u = 0 by
        :math:`e^{5t}`.

    Returns
    -------
    Problem, outputs u; exact :func:`nndl_support.pinn.periodic_equations.allen_cahn`

    Notes
    -----
    The start has a kink at the ends of the period, with the slopes -2 and 2, which no smooth periodic ansatz can have. So the
    lift holds the kink and how diffusion rounds it off (:func:`nndl_support.pinn.lifts.diffused_kink`). The start is even, the
    equation keeps it so, and hence the features are cosines.

    Examples
    --------
    >>> allen_cahn().conditions
    ()
    """

    def lift(q: Tensor) -> Tensor:
        x, t = q[:, 0], q[:, 1]
        return x**2 * torch.cos(pi * x) + 2 * diffused_kink(1 - x.abs(), 4 * diffusivity * t)

    return Problem(
        SpaceTime(Interval(-1, 1), 0, 1),
        lambda f, p: torch.exp(-fading * f.t) * (f.u_t - diffusivity * f.u_xx - 5 * f.u + 5 * f.u**3),
        hard=(lift, lambda q: q[:, 1]),
        embedding=lambda: nn.Sequential(PeriodicFeatures(0, 2.0, 5, even=True), Rescale([-1.0] * 5 + [0.0], [1.0] * 6)),
        exact=partial(at_points, partial(reference.allen_cahn, diffusivity=diffusivity)),
        hidden=(25, 25, 25),
        solver={"n_points": 1000, "budget": 60.0, "resample": 20},
    )


def _navier_stokes_equations(steady: bool, unknown: bool, nu: float) -> dict[str, Any]:
    """Momentum along x and y, and continuity, for the fields u, v and p."""

    def along(component: str) -> Any:
        def equation(f: Fields, p: Any) -> Tensor:
            convection = f.u * getattr(f, f"{component}_x") + f.v * getattr(f, f"{component}_y")
            pressure = f.p_x if component == "u" else f.p_y
            diffusion = f.laplacian(component)
            rate = 0.0 if steady else getattr(f, f"{component}_t")
            if unknown:
                return rate + p.lambda1 * convection + pressure - p.lambda2 * diffusion
            return rate + convection + pressure - nu * diffusion

        return equation

    return {"momentum x": along("u"), "momentum y": along("v"), "continuity": lambda f, p: f.u_x + f.v_y}


def kovasznay(
    *, re: float = 40.0, unknown: Mapping[str, float] | None = None, data: Observations | None = None
) -> Problem:
    r"""Kovasznay's flow behind a grid: steady Navier-Stokes, its velocity on the edge built in, its pressure known at one point.

    Parameters
    ----------
    re : float > 0, Reynolds number
    unknown : dict with the keys "lambda1" and "lambda2", optional
        As in :func:`navier_stokes`; the velocity on the edge is then unknown too.
    data : Observations, optional

    Returns
    -------
    Problem, outputs u, v, p; exact :func:`nndl_support.pinn.exact_solutions.kovasznay`

    Notes
    -----
    With unknown parameters, observed velocities and the pressure at one point determine only the ratio
    :math:`\lambda_2 / \lambda_1`: with :math:`s\lambda_1`, :math:`s\lambda_2` and :math:`s\,p + c` the same velocity is a
    solution for every s, and one point fixes no more than c. Pressures at two or more places, observed as data, fix s.

    Examples
    --------
    >>> kovasznay().outputs
    ('u', 'v', 'p')
    """
    exact = partial(reference.kovasznay, re=re)
    low, high, pin = (-0.5, -0.5), (1.0, 1.5), [[1.0, 0.0]]

    def factor(q: Tensor) -> Tensor:
        return _still_on_the_edge((q[:, 0] + 0.5) * (1 - q[:, 0]) * (q[:, 1] + 0.5) * (1.5 - q[:, 1]) * 16 / 9)

    return Problem(
        Rectangle(low, high),
        _navier_stokes_equations(True, unknown is not None, 1 / re),
        outputs=("u", "v", "p"),
        conditions=[_pin(exact, pin, "p at one point")],
        hard=(transfinite(partial(_kovasznay_velocity, re), low, high), factor) if unknown is None else None,
        unknown=dict(unknown or {}),
        data=data,
        exact=exact,
        hidden=(20, 20) if unknown is None else (20, 20, 20),
        solver={"n_points": 500, "budget": 40.0, "resample": 0},
    )


def taylor_green(
    *, nu: float = 0.01, unknown: Mapping[str, float] | None = None, data: Observations | None = None
) -> Problem:
    r"""Taylor and Green's vortices: unsteady Navier-Stokes on [-1, 1] x [-1, 1] for a unit of time.

    Parameters
    ----------
    nu : float > 0, viscosity
    unknown, data : as in :func:`kovasznay`

    Returns
    -------
    Problem, outputs u, v, p; exact :func:`nndl_support.pinn.exact_solutions.taylor_green`

    Notes
    -----
    The convection is a gradient, so that the pressure makes up for any :math:`\lambda_1`: with :math:`s\lambda_1`,
    :math:`\lambda_2` and :math:`s\,p + c(t)` the same velocity is a solution for every s. Observed velocities determine
    :math:`\lambda_2` by the decay, and the pressure at one place fixes c(t) but not s; pressures at several places do.

    Examples
    --------
    >>> taylor_green().coordinates
    ('x', 'y', 't')
    """
    exact = partial(reference.taylor_green, nu=nu)
    pin = [[0.0, 0.0, t] for t in (0.0, 0.25, 0.5, 0.75, 1.0)]
    velocity = partial(_taylor_green_velocity, nu)
    lift = start_and_edge(transfinite(velocity, (-1, -1), (1, 1)), velocity)

    def factor(q: Tensor) -> Tensor:
        return _still_on_the_edge((1 - q[:, 0] ** 2) * (1 - q[:, 1] ** 2) * q[:, 2])

    return Problem(
        SpaceTime(Rectangle((-1, -1), (1, 1)), 0, 1),
        _navier_stokes_equations(False, unknown is not None, nu),
        outputs=("u", "v", "p"),
        conditions=[_pin(exact, pin, "p at five times")],
        hard=(lift, factor) if unknown is None else None,
        unknown=dict(unknown or {}),
        data=data,
        exact=exact,
        # Sines whose phases reach further than [-1, 1] start near the waves they have to become.
        embedding=(lambda: Rescale((-2 / 3, -2 / 3, 0), (2 / 3, 2 / 3, 1))) if unknown is None else None,
        hidden=(20, 20) if unknown is None else (20, 20, 20),
        activation="sin" if unknown is None else "tanh",
        solver={"n_points": 1000, "budget": 60.0, "resample": 20, "candidates": 0},
    )


def navier_stokes(
    geometry: Any,
    *,
    nu: float | None = None,
    unknown: Mapping[str, float] | None = None,
    data: Observations | None = None,
    conditions: Any = (),
    **options: Any,
) -> Problem:
    r"""Incompressible flow in a plane, on any domain.

    .. math::
        u_t + \lambda_1 (u u_x + v u_y) &= -p_x + \lambda_2 (u_{xx} + u_{yy}) \\
        v_t + \lambda_1 (u v_x + v v_y) &= -p_y + \lambda_2 (v_{xx} + v_{yy}) \\
        u_x + v_y &= 0

    Parameters
    ----------
    geometry : domain with the coordinates x, y, and t where the flow is unsteady
    nu : float > 0, optional; the viscosity, with :math:`\lambda_1 = 1`
    unknown : dict with the keys "lambda1" and "lambda2", optional; where the search for both starts, in place of ``nu``
    data : Observations, optional
    conditions : sequence of Condition
    options : of :class:`~nndl_support.pinn.problem.Problem`

    Returns
    -------
    Problem, outputs u, v, p

    Raises
    ------
    ValueError
        When the viscosity is both given and unknown, or neither, or the coordinates are others.

    Examples
    --------
    >>> list(navier_stokes(Rectangle((0, 0), (1, 1)), nu=0.1).equations)
    ['momentum x', 'momentum y', 'continuity']
    """
    names = tuple(geometry.names)
    if names not in (("x", "y"), ("x", "y", "t")):
        raise ValueError(f"the geometry has the coordinates {names}; expected ('x', 'y') or ('x', 'y', 't')")
    if (nu is None) == (unknown is None):
        raise ValueError(f"give nu or unknown, one of them; nu is {nu}, unknown {unknown}")
    return Problem(
        geometry,
        _navier_stokes_equations("t" not in names, unknown is not None, 0.0 if nu is None else nu),
        outputs=("u", "v", "p"),
        conditions=conditions,
        unknown=dict(unknown or {}),
        data=data,
        **options,
    )


def _pin(exact: Any, points: Any, name: str) -> Any:
    """The condition that the pressure, which the equations leave open up to a constant, is right at some points."""

    def value(f: Fields) -> Tensor:
        return torch.as_tensor(exact(f.points.detach().cpu().numpy())[:, 2]).to(f.points)

    return dirichlet(value, output="p", on=points, name=name, weight=10.0)


def _still_on_the_edge(bubble: Tensor) -> Tensor:
    """The factor of a flow: a bubble for both velocities, 1 for the pressure."""
    return torch.stack([bubble, bubble, torch.ones_like(bubble)], dim=1)


def _kovasznay_velocity(re: float, q: Tensor) -> Tensor:
    """Kovasznay's velocity where it is asked for, on the edge, and no pressure: (N, 3)."""
    rate = re / 2 - (re**2 / 4 + 4 * pi**2) ** 0.5
    growth, phase = torch.exp(rate * q[:, 0]), 2 * pi * q[:, 1]
    u, v = 1 - growth * torch.cos(phase), rate / (2 * pi) * growth * torch.sin(phase)
    return torch.stack([u, v, torch.zeros_like(u)], dim=1)


def _taylor_green_velocity(nu: float, q: Tensor) -> Tensor:
    """Taylor and Green's velocity where it is asked for, on the edge and at the start, and no pressure: (N, 3)."""
    fade, x, y = torch.exp(-2 * pi**2 * nu * q[:, 2]), pi * q[:, 0], pi * q[:, 1]
    u, v = -torch.cos(x) * torch.sin(y) * fade, torch.sin(x) * torch.cos(y) * fade
    return torch.stack([u, v, torch.zeros_like(u)], dim=1)


def _zero(points: Tensor) -> Tensor:
    return torch.zeros_like(points[:, 0])
