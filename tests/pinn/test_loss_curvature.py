"""Curvature against closed forms and differences of gradients."""

import dataclasses

import pytest
import torch

from nndl_support.pinn import problems
from nndl_support.pinn.collocation import point_generator
from nndl_support.pinn.loss_curvature import Curvature, curvature, rescaled, unused_decrease
from nndl_support.pinn.objective import Objective
from tests.pinn.small_objectives import F64, linear, random_matrix, rosenbrock


def test_the_curvature_of_the_valley_is_the_one_written_down():
    objective = rosenbrock(2)
    x, y = objective.get().tolist()
    here = curvature(objective)
    gradient = [-400 * x * (y - x**2) - 2 * (1 - x), 200 * (y - x**2)]
    full = [[1200 * x**2 - 400 * y + 2, -400 * x], [-400 * x, 200]]
    without = [[800 * x**2 + 2, -400 * x], [-400 * x, 200]]
    for found, wanted in ((here.gradient, gradient), (here.hessian, full), (here.gauss_newton, without)):
        torch.testing.assert_close(found, torch.tensor(wanted, dtype=F64))


def test_what_is_left_out_is_measured_by_spectral_norms():
    hessian, kept = torch.diag(torch.tensor([4.0, -10.0])), torch.diag(torch.tensor([1.0, 0.0]))
    assert Curvature(torch.ones(2), hessian, kept).left_out == pytest.approx(1.0)  # 10 of 10
    kept = torch.tensor([[4.0, 3.0], [3.0, -10.0]])
    assert Curvature(torch.ones(2), hessian, kept).left_out == pytest.approx(
        0.3
    )  # no sum over rows, no root of squares
    kept = torch.tensor([[4.0, 3.0], [0.0, -13.0]])
    assert Curvature(torch.ones(2), hessian, kept).left_out == pytest.approx(0.3 * 2**0.5)


def test_nothing_is_left_out_where_the_residuals_are_linear():
    objective, A, _ = linear(7, 5)
    here = curvature(objective)
    torch.testing.assert_close(here.hessian, 2 * A.T @ A)
    assert here.left_out < 1e-12


def test_the_hessian_of_a_network_is_the_change_of_its_gradient():
    problem = dataclasses.replace(problems.poisson(), hidden=(5, 3))
    objective = Objective(problem, problem.network(seed=1), n_points=11, rng=point_generator(0))
    start, step = objective.get(), 1e-5
    direction = random_matrix(len(start), 1)[:, 0]
    slopes = []
    for sign in (1, -1):
        objective.set(start + sign * step * direction)
        slopes.append(objective.gradient()[1])
    objective.set(start)
    wanted = (slopes[0] - slopes[1]) / (2 * step)
    torch.testing.assert_close(
        curvature(objective).hessian @ direction, wanted, rtol=1e-5, atol=1e-6 * float(wanted.norm())
    )


@pytest.mark.parametrize("seed", range(3))
def test_what_is_left_out_is_weighted_with_the_residual(seed):
    """Residuals that are all k times as large, with the same Jacobian: the part left out is k times as large."""
    objective = rosenbrock()
    objective.set(random_matrix(5, 1, seed)[:, 0])
    near = curvature(objective)
    rest, function, values = near.hessian - near.gauss_newton, objective.function, objective.residuals().detach()
    objective.function = lambda theta: function(theta) + 2 * values
    far = curvature(objective)
    torch.testing.assert_close(far.gauss_newton, near.gauss_newton)
    torch.testing.assert_close(far.hessian - far.gauss_newton, 3 * rest, rtol=1e-9, atol=1e-9)


def test_rescaling_undoes_any_scales_of_single_weights():
    A = random_matrix(7, 5)
    matrix, scales = A.T @ A, torch.tensor([1e-4, 1.0, 30.0, 1e3, 0.2], dtype=F64)
    torch.testing.assert_close(rescaled(scales[:, None] * matrix * scales), rescaled(matrix))
    torch.testing.assert_close(rescaled(matrix).diagonal(), torch.ones(5, dtype=F64))
    dead = matrix.clone()
    dead[2], dead[:, 2] = 0, 0
    assert torch.isfinite(rescaled(dead)).all()


def test_directions_count_down_to_rounding():
    gradient = torch.ones(3, dtype=F64)
    values, _ = unused_decrease(gradient, torch.diag(torch.tensor([1e-12, 1.0, 1e-17], dtype=F64)))
    assert values.tolist() == [1.0, 1e-12]


def test_the_decreases_add_up_to_what_newton_gains():
    A, gradient = random_matrix(7, 5), random_matrix(5, 1, 3)[:, 0]
    matrix = A.T @ A
    values, decreases = unused_decrease(gradient, matrix)
    assert (values[:-1] >= values[1:]).all()
    assert float(decreases.sum()) == pytest.approx(float(gradient @ torch.linalg.solve(matrix, gradient)) / 2, rel=1e-9)


def test_directions_without_curvature_are_left_out():
    matrix = torch.diag(torch.tensor([2.0, 0.0, 5.0], dtype=F64))
    values, decreases = unused_decrease(torch.ones(3, dtype=F64), matrix)
    assert values.tolist() == [5.0, 2.0]
    assert decreases.tolist() == pytest.approx([0.1, 0.25])


def test_a_gradient_of_another_size_is_named():
    with pytest.raises(ValueError, match=r"gradient has 2 entries and the matrix shape \(3, 3\)"):
        unused_decrease(torch.ones(2), torch.eye(3))
