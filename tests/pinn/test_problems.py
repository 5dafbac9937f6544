"""Every term of every problem vanishes at its solution; what is built in holds for any weights."""

import math

import numpy as np
import pytest
import torch
from torch import nn

from nndl_support.pinn import problems, reference
from nndl_support.pinn.geometry import Disk, Interval, Rectangle, SpaceTime
from nndl_support.pinn.objective import Objective
from nndl_support.pinn.operators import partial
from nndl_support.pinn.problem import Observations, dirichlet
from nndl_support.pinn.solver import solve

F64 = torch.float64
pi = math.pi
FLOW = SpaceTime(Rectangle((-1, -1), (1, 1)), 0, 1)
HALL = Rectangle((-0.5, -0.5), (1.0, 1.5))
TRUE = {"lambda1": 1.0, "lambda2": 0.025}


class Solved(nn.Module):
    """A function of points in the place of a network; the weight is there to be counted."""

    def __init__(self, function):
        super().__init__()
        self.function, self.weight = function, nn.Parameter(torch.zeros(1, dtype=F64))

    def forward(self, points):
        return self.function(*points.unbind(1))


def kovasznay(x, y):
    rate = 20 - math.sqrt(400 + 4 * pi**2)
    u = 1 - torch.exp(rate * x) * torch.cos(2 * pi * y)
    v = rate / (2 * pi) * torch.exp(rate * x) * torch.sin(2 * pi * y)
    return torch.stack([u, v, 0.5 * (1 - torch.exp(2 * rate * x))], dim=1)


def taylor_green(x, y, t, nu=0.025):
    fade = torch.exp(-2 * pi**2 * nu * t)
    u = -torch.cos(pi * x) * torch.sin(pi * y) * fade
    v = torch.sin(pi * x) * torch.cos(pi * y) * fade
    p = -(torch.cos(2 * pi * x) + torch.cos(2 * pi * y)) * fade**2 / 4
    return torch.stack([u, v, p], dim=1)


def burgers(x, t, nu=0.05):
    """Cole and Hopf: the heat kernel on exp(-cos(pi x) / (2 pi nu)), by Gauss and Hermite's points."""
    zeta, weight = (torch.as_tensor(a) for a in np.polynomial.hermite.hermgauss(80))
    where = x[:, None] - 2 * torch.sqrt(nu * t)[:, None] * zeta
    kernel = weight * torch.exp(-torch.cos(pi * where) / (2 * pi * nu))
    return -(torch.sin(pi * where) * kernel).sum(1) / kernel.sum(1)


def observed(function, geometry, n=7):
    points = torch.as_tensor(geometry.sample(n, rng=np.random.default_rng(5)))
    values = function(*points.unbind(1))
    return Observations(points, values if values.ndim == 2 else values[:, None])


CASES = {
    "poisson": (problems.poisson, lambda x, y: torch.sin(pi * x) * torch.sin(pi * y)),
    "helmholtz": (problems.helmholtz, lambda x, y: torch.sin(pi * x) * torch.sin(4 * pi * y)),
    "helmholtz of other waves": (
        lambda: problems.helmholtz(a1=2.0, a2=3.0, wavenumber=1.5),
        lambda x, y: torch.sin(2 * pi * x) * torch.sin(3 * pi * y),
    ),
    "heat": (problems.heat, lambda x, t: torch.sin(pi * x) * torch.exp(-0.4 * pi**2 * t)),
    "wave": (
        problems.wave,
        lambda x, t: torch.sin(pi * x) * torch.cos(2 * pi * t) + 0.5 * torch.sin(4 * pi * x) * torch.cos(8 * pi * t),
    ),
    "burgers": (lambda: problems.burgers(nu=0.05), burgers),
    "burgers with unknowns": (
        lambda: problems.burgers(
            nu=0.05,
            unknown={"lambda1": 1.0, "lambda2": 0.05},
            data=observed(burgers, SpaceTime(Interval(-1, 1), 0, 1)),
        ),
        burgers,
    ),
    "kovasznay": (problems.kovasznay, kovasznay),
    "kovasznay with unknowns": (
        lambda: problems.kovasznay(unknown=TRUE, data=observed(kovasznay, HALL)),
        kovasznay,
    ),
    "taylor_green": (lambda: problems.taylor_green(nu=0.025), taylor_green),
    "taylor_green with unknowns": (
        lambda: problems.taylor_green(nu=0.025, unknown=TRUE, data=observed(taylor_green, FLOW)),
        taylor_green,
    ),
    "navier_stokes, steady": (
        lambda: problems.navier_stokes(
            HALL, nu=1 / 40, conditions=[dirichlet(lambda f: kovasznay(f.x, f.y)[:, 0])], exact=None
        ),
        kovasznay,
    ),
    "navier_stokes with unknowns": (
        lambda: problems.navier_stokes(FLOW, unknown=TRUE, data=observed(taylor_green, FLOW)),
        taylor_green,
    ),
}
EVERY = pytest.mark.parametrize("case", CASES)


def objective_of(problem, network):
    return Objective(problem, network, n_points=60, rng=np.random.default_rng(1))


@EVERY
def test_every_term_is_zero_at_the_solution(case):
    make, function = CASES[case]
    objective = objective_of(make(), Solved(function))
    assert not objective.taylor
    losses = {name: float(value.detach()) for name, value in objective.losses().items()}
    assert set(losses) >= set(objective.problem.equations)
    assert max(losses.values()) < 1e-16, losses


def test_a_pinned_pressure_does_not_determine_the_factor_of_the_convection():
    # Kovasznay: both factors and the pressure may be scaled together, about the pin at (1, 0).
    def scaled(x, y, s=3.0):
        u, v, p = kovasznay(x, y).unbind(1)
        at_pin = kovasznay(torch.ones_like(x), torch.zeros_like(y))[:, 2]
        return torch.stack([u, v, at_pin + s * (p - at_pin)], dim=1)

    other = problems.kovasznay(unknown={"lambda1": 3.0, "lambda2": 3.0 * 0.025})
    assert max(float(value.detach()) for value in objective_of(other, Solved(scaled)).losses().values()) < 1e-16
    unscaled = problems.kovasznay(unknown={"lambda1": 3.0, "lambda2": 0.025})
    assert float(objective_of(unscaled, Solved(scaled)).losses()["momentum x"].detach()) > 1e-2

    # Taylor and Green: the pressure alone makes up for the convection, and the decay holds the viscosity.
    def heavier(x, y, t, s=3.0):
        u, v, p = taylor_green(x, y, t).unbind(1)
        at_pin = taylor_green(torch.zeros_like(x), torch.zeros_like(y), t)[:, 2]
        return torch.stack([u, v, at_pin + s * (p - at_pin)], dim=1)

    other = problems.taylor_green(nu=0.025, unknown={"lambda1": 3.0, "lambda2": 0.025})
    assert max(float(value.detach()) for value in objective_of(other, Solved(heavier)).losses().values()) < 1e-16


@EVERY
def test_no_equation_is_zero_elsewhere(case):
    make, function = CASES[case]

    def wrong(*q):
        values = function(*q)
        bump = 0.3 * torch.sin(2 * q[0] + 1) * torch.cos(3 * q[1])
        return values + (bump if values.ndim == 1 else torch.stack([bump, bump**2, -bump], dim=1))

    losses = objective_of(make(), Solved(wrong)).losses()
    assert min(float(value.detach()) for value in losses.values()) > 1e-6, losses


@pytest.mark.parametrize("case", [case for case in CASES if not case.startswith("navier_stokes")])
def test_the_exact_solution_of_the_problem_is_that_one(case):
    make, function = CASES[case]
    problem = make()
    points = problem.geometry.sample(31, rng=np.random.default_rng(2))
    found = np.asarray(problem.exact(points))
    wanted = function(*torch.as_tensor(points).unbind(1)).numpy()
    np.testing.assert_allclose(found.reshape(wanted.shape), wanted, atol=1e-9)


def test_the_heat_may_spread_and_the_wave_travel_at_other_speeds():
    for problem, function in [
        (problems.heat(diffusivity=0.1), lambda x, t: torch.sin(pi * x) * torch.exp(-0.1 * pi**2 * t)),
        (
            problems.wave(speed=0.7),
            lambda x, t: (
                torch.sin(pi * x) * torch.cos(0.7 * pi * t) + 0.5 * torch.sin(4 * pi * x) * torch.cos(2.8 * pi * t)
            ),
        ),
    ]:
        assert float(objective_of(problem, Solved(function)).loss().detach()) < 1e-18
        points = problem.geometry.sample(31, rng=np.random.default_rng(2))
        np.testing.assert_allclose(
            problem.exact(points), function(*torch.as_tensor(points).unbind(1)).numpy(), atol=1e-12
        )


HARD = {
    name: CASES[name][0] for name in ("poisson", "helmholtz", "heat", "wave", "burgers", "kovasznay", "taylor_green")
}


@pytest.mark.parametrize("name", HARD)
@pytest.mark.parametrize("seed", range(2))
def test_what_is_built_in_holds_for_any_weights(name, seed):
    problem, rng = HARD[name](), np.random.default_rng(seed)
    network = problem.network(seed=seed)
    with torch.no_grad():
        for p in network.parameters():
            p.add_(0.5)
    places = [problem.geometry.sample_boundary(40, rng=rng)[0]]
    if isinstance(problem.geometry, SpaceTime):
        places.append(problem.geometry.sample_initial(40, rng=rng))
    for points in places:
        with torch.no_grad():
            found = network(torch.as_tensor(points)).numpy()
        wanted = problem.exact(points).reshape(found.shape)
        # Of a flow the velocity is given, the pressure is not.
        np.testing.assert_allclose(found[:, :2], wanted[:, :2], atol=1e-12)
    # Inside, the weights have a say everywhere.
    inside = torch.as_tensor(problem.geometry.sample(40, rng=rng))
    assert (network.factor(inside) != 0).all()


def test_the_string_is_released_at_rest():
    problem = problems.wave()
    network = problem.network(seed=1)
    q = torch.as_tensor(problem.geometry.sample_initial(20, rng=np.random.default_rng(0))).requires_grad_()
    assert partial(network(q), q, (1,)).abs().max() < 1e-14


def allen_cahn_interpolant(diffusivity, start):
    """The reference between its grid points: a Fourier series in x, a Chebyshev series in t from ``start`` to 1."""
    n_x, n_t = 64, 30
    x = -1 + 2 * np.arange(n_x) / n_x
    nodes = np.cos(pi * (np.arange(n_t) + 0.5) / n_t)[::-1]
    values = reference.allen_cahn(x, start + (1 - start) * (nodes + 1) / 2, diffusivity=diffusivity)
    modes = np.fft.rfft(values, axis=0) / n_x
    modes[1:-1] *= 2
    by_time = np.linalg.solve(np.polynomial.chebyshev.chebvander(nodes, n_t - 1), modes.T)  # (degree, mode)
    real, imaginary = torch.as_tensor(by_time.real.copy()), torch.as_tensor(by_time.imag.copy())
    degree, order = torch.arange(n_t, dtype=F64), torch.arange(n_x // 2 + 1, dtype=F64)

    def function(x, t):
        s = 2 * (t - start) / (1 - start) - 1
        chebyshev = torch.cos(degree * torch.acos(s)[:, None])
        phase = pi * order * (x[:, None] + 1)
        return ((chebyshev @ real) * torch.cos(phase) - (chebyshev @ imaginary) * torch.sin(phase)).sum(1)

    return function


def test_allen_and_cahns_equation_holds_for_its_reference():
    problem = problems.allen_cahn(diffusivity=0.05)
    function = allen_cahn_interpolant(0.05, start=0.2)
    objective = objective_of(problem, Solved(function))
    points = np.random.default_rng(0).uniform([-1, 0.25], [1, 0.95], size=(60, 2))
    objective.set_points(objective.blocks[0], points)
    assert objective.losses()["equation"] < 1e-9
    np.testing.assert_allclose(problem.exact(points), function(*torch.as_tensor(points).unbind(1)), atol=1e-6)


@pytest.mark.parametrize("fading", [0.0, 3.0])
def test_the_residual_of_allen_and_cahn_fades_as_fast_as_asked(fading):
    usual, other = problems.allen_cahn(), problems.allen_cahn(fading=fading)
    points = torch.tensor([[0.3, 0.0], [0.3, 0.5], [-0.6, 1.0]], dtype=F64)
    sizes = [objective_of(problem, usual.network(seed=1)).residual_size(points) for problem in (usual, other)]
    torch.testing.assert_close(sizes[1], sizes[0] * torch.exp((2.0 - fading) * points[:, 1]))


def test_a_pinned_pressure_weighs_ten_times_an_equation():
    for problem in (problems.kovasznay(), problems.taylor_green()):
        objective = objective_of(problem, problem.network())
        assert [objective.weights[c.name] for c in problem.conditions] == [10.0]
        assert all(objective.weights[name] == 1.0 for name in problem.equations)


def test_the_lift_of_allen_and_cahn_rounds_its_kink_off_as_fast_as_the_equation_does():
    # At the kink u is close to -1, where the reaction vanishes; half or twice the diffusivity would be off by 5e-4 or more.
    problem = problems.allen_cahn()
    x = 1 - np.geomspace(1e-4, 1e-3, 7)
    lift = problem.hard[0](torch.as_tensor(np.stack([x, np.full(7, 0.005)], axis=1))).numpy()
    assert abs(lift - reference.allen_cahn(x, [0.005])[:, 0]).max() < 2e-4


def test_allen_and_cahns_start_and_period_are_those_of_the_reference():
    problem = problems.allen_cahn()
    network = problem.network(seed=3)
    x = np.linspace(-1, 1, 41)
    points = torch.as_tensor(np.stack([x, np.zeros(41)], axis=1))
    with torch.no_grad():
        found = network(points)[:, 0].numpy()
    np.testing.assert_allclose(found, reference.allen_cahn(x, [0.0])[:, 0], atol=1e-6)
    np.testing.assert_allclose(found, x**2 * np.cos(pi * x), atol=1e-7)
    # Not at t = 0, where the lift has its kink.
    t = torch.linspace(0.05, 1, 7, dtype=F64)
    left, right = (torch.stack([torch.full_like(t, side), t], dim=1).requires_grad_() for side in (-1.0, 1.0))
    for index in [(), (0,), (0, 0)]:
        torch.testing.assert_close(
            partial(network(left), left, index), partial(network(right), right, index), rtol=1e-10, atol=1e-10
        )


ALL = [
    problems.poisson,
    problems.helmholtz,
    problems.heat,
    problems.wave,
    problems.burgers,
    problems.allen_cahn,
    problems.kovasznay,
    problems.taylor_green,
    lambda: problems.navier_stokes(Disk([0, 0], 1.0), nu=0.1, conditions=[dirichlet(lambda f: -f.y)]),
]


@pytest.mark.parametrize("make", ALL)
def test_every_problem_takes_a_step_with_its_own_options(make):
    problem = make()
    assert set(problem.solver) <= {"method", "budget", "n_points", "resample", "candidates", "survey"}
    solution = solve(problem, max_iterations=1, n_points=12)
    assert math.isfinite(solution.history["loss"][-1])
    assert set(problem.equations) | {c.name for c in problem.conditions} <= set(solution.history)


@pytest.mark.parametrize("name", problems.__all__)
def test_the_nine_problems_are_listed(name):
    assert len(problems.__all__) == 9
    assert callable(getattr(problems, name))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: problems.navier_stokes(HALL), "give nu or unknown, one of them; nu is None, unknown None"),
        (lambda: problems.navier_stokes(HALL, nu=0.1, unknown=TRUE), r"nu is 0\.1, unknown {'lambda1'"),
        (
            lambda: problems.navier_stokes(Interval(0, 1), nu=0.1),
            r"the geometry has the coordinates \('x',\); expected \('x', 'y'\) or \('x', 'y', 't'\)",
        ),
    ],
)
def test_flows_that_are_not_well_stated_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()
