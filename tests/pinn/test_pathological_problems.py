"""Four problems: their solutions satisfy them."""

import numpy as np
import pytest
import torch

from nndl_support.pinn import fields
from nndl_support.pinn.collocation import point_generator
from nndl_support.pinn.levenberg_marquardt import LevenbergMarquardt
from nndl_support.pinn.objective import Objective
from nndl_support.pinn.pathological_problems import (
    convection,
    oscillation,
    standing_wave,
    standing_wave_with_soft_ends,
)

pi = torch.pi
SOLVED = [
    (standing_wave(3), lambda q: torch.sin(3 * pi * q[:, 0])),
    (standing_wave_with_soft_ends(5), lambda q: torch.sin(5 * pi * q[:, 0])),
    (oscillation(7.0), lambda q: torch.cos(7 * q[:, 0])),
    (convection(11.0), lambda q: torch.sin(q[:, 0] - 11 * q[:, 1])),
]
EACH = pytest.mark.parametrize(("problem", "solution"), SOLVED, ids=["hard", "soft", "oscillation", "convection"])


def inside(problem, n=13):
    return problem.geometry.sample(n, rng=np.random.default_rng(0))


@EACH
def test_the_exact_solution_is_the_one_on_paper(problem, solution):
    points = inside(problem)
    np.testing.assert_allclose(problem.exact(points), solution(torch.as_tensor(points)), atol=1e-12)


@EACH
def test_it_satisfies_the_equation(problem, solution):
    points = torch.as_tensor(inside(problem)).requires_grad_()
    f = fields.of_network(solution, points, problem.coordinates, problem.outputs)
    assert problem.equations["equation"](f, None).abs().max() < 1e-9


@EACH
def test_it_satisfies_the_conditions(problem, solution):
    for condition in problem.conditions:
        on = condition.on
        where = (
            problem.geometry.sample_initial(7, rng=np.random.default_rng(1)) if isinstance(on, str) else np.array(on)
        )
        points = torch.as_tensor(where).requires_grad_()
        f = fields.of_network(solution, points, problem.coordinates, problem.outputs)
        assert condition.residual(f, None).abs().max() < 1e-12


@pytest.mark.parametrize("index", [0, 2])
def test_what_is_built_in_holds_for_any_weights(index):
    problem = SOLVED[index][0]
    network = problem.network(seed=3)
    ends = torch.tensor([[0.0]] if index == 2 else [[0.0], [1.0]], dtype=torch.float64, requires_grad=True)
    u = network(ends)
    torch.testing.assert_close(
        u[:, 0].detach(), torch.as_tensor(problem.exact(ends.detach().numpy())), atol=1e-12, rtol=0
    )
    if index == 2:
        assert torch.autograd.grad(u.sum(), ends)[0].abs().max() < 1e-12


def test_the_period_is_built_in():
    network = convection().network(seed=1)
    left, right = (torch.tensor([[x, 0.3]], dtype=torch.float64) for x in (0.4, 0.4 + 2 * pi))
    torch.testing.assert_close(network(left), network(right))


def test_weights_of_conditions_are_those_asked_for():
    assert [c.weight for c in convection(weight=3.0).conditions] == [3.0]
    assert [c.weight for c in standing_wave_with_soft_ends(weight=7.0).conditions] == [7.0]
    assert [c.weight for c in convection().conditions + standing_wave_with_soft_ends().conditions] == [100.0, 1.0]


class DoubleAlgebra:
    """An objective of 32 bits whose steps are computed with 64."""

    def __init__(self, objective):
        self.objective, self.value = objective, objective.value

    def jacobian(self):
        return tuple(part.double() for part in self.objective.jacobian())

    def get(self):
        return self.objective.get().double()

    def set(self, vector):
        self.objective.set(vector.float())


def test_in_single_precision_the_algebra_stops_the_descent_before_the_residual_does():
    ratios = []
    for seed in range(3):
        ended = {}
        for wrap in (lambda objective: objective, DoubleAlgebra):
            network = standing_wave().network(seed=seed, dtype=torch.float32)
            objective = Objective(standing_wave(), network, n_points=100, rng=point_generator(0))
            method = LevenbergMarquardt(wrap(objective))
            for _ in range(120):
                ended[wrap] = method.step()
        single, double = ended.values()
        ratios.append(double / single)
    assert sorted(ratios)[1] < 0.5
