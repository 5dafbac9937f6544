"""The direction against the pseudo-inverse, and the search along it."""

import numpy as np
import pytest
import torch

from nndl_support.pinn.geometry import Interval
from nndl_support.pinn.natural_gradient import NaturalGradient, least_squares_direction
from nndl_support.pinn.problem import Observations, Problem
from nndl_support.pinn.solver import solve
from tests.pinn.small_objectives import F64, SumOfSquares, linear, random_matrix, rosenbrock


@pytest.mark.parametrize(("rows", "columns"), [(11, 5), (5, 11), (7, 7)])
@pytest.mark.parametrize("seed", range(3))
def test_the_direction_is_the_pseudo_inverse_of_the_jacobian(rows, columns, seed):
    J, rho = random_matrix(rows, columns, seed), random_matrix(rows, 1, seed + 9)[:, 0]
    wanted = -torch.linalg.pinv(J) @ rho
    torch.testing.assert_close(least_squares_direction(rho, J), wanted, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize(("rows", "columns"), [(11, 5), (5, 11)])
def test_directions_without_influence_are_left_alone(rows, columns):
    # Rank 3: the pseudo-inverse gives the shortest of all least-squares solutions.
    J, rho = random_matrix(rows, 3) @ random_matrix(3, columns, 1), random_matrix(rows, 1, 9)[:, 0]
    wanted = -torch.linalg.pinv(J, rtol=1e-6) @ rho
    torch.testing.assert_close(least_squares_direction(rho, J), wanted, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize(("rows", "columns"), [(11, 5), (5, 11)])
def test_it_is_the_gradient_in_the_metric_of_the_residuals(rows, columns):
    J, rho = random_matrix(rows, columns), random_matrix(rows, 1, 9)[:, 0]
    direction = least_squares_direction(rho, J)
    torch.testing.assert_close(J.T @ J @ direction, -J.T @ rho, rtol=1e-7, atol=1e-9)


def test_the_cutoff_decides_what_counts_as_no_influence():
    J, rho = torch.diag(torch.tensor([1.0, 1e-2], dtype=F64)), torch.ones(2, dtype=F64)
    torch.testing.assert_close(least_squares_direction(rho, J, 1e-5), -torch.tensor([1.0, 100.0], dtype=F64))
    torch.testing.assert_close(least_squares_direction(rho, J, 1e-3), -torch.tensor([1.0, 0.0], dtype=F64))


def test_single_precision_has_a_cutoff_of_its_own():
    J = random_matrix(11, 3).float() @ random_matrix(3, 5, 1).float()
    direction = least_squares_direction(torch.ones(11), J)
    assert direction.dtype == torch.float32
    wanted = -torch.linalg.pinv(J.double(), rtol=1e-3) @ torch.ones(11, dtype=F64)
    torch.testing.assert_close(direction.double(), wanted, rtol=1e-2, atol=1e-2)


@pytest.mark.parametrize(("rows", "columns"), [(11, 5), (5, 11)])
def test_one_step_solves_a_linear_problem(rows, columns):
    objective, A, c = linear(rows, columns)
    loss = NaturalGradient(objective).step()
    least = (A @ torch.linalg.lstsq(A, c).solution - c).square().sum()
    assert loss == pytest.approx(float(least), rel=1e-8, abs=1e-15)


def test_of_the_halvings_the_best_is_taken():
    # From 10 on the arctangent the whole step goes to -138: of the losses at 1, 1/2, 1/4 ... of it the least is taken.
    objective = SumOfSquares(torch.atan, [10.0])
    direction = least_squares_direction(*objective.jacobian())
    losses = [float(torch.atan(objective.get() + 0.5**n * direction) ** 2) for n in range(20)]
    best = min(range(20), key=losses.__getitem__)
    assert best not in (0, 19)
    assert NaturalGradient(objective).step() == losses[best]
    torch.testing.assert_close(objective.get(), 10 + 0.5**best * direction)


def test_the_search_ends_where_two_halvings_in_a_row_are_no_better():
    losses = [0.9, 0.95, 0.5, 0.6, 0.4, 0.7, 0.8, 0.1]  # at 1, 1/2, 1/4 ... of the step: the last is not looked at
    objective, looks = SumOfSquares(lambda theta: theta, [1.0]), []

    def value():
        looks.append(objective.get().item())
        return losses[len(looks) - 1]

    objective.value = value
    assert NaturalGradient(objective).step() == 0.4
    assert looks == [1 - 0.5**n for n in range(7)]
    assert objective.get().item() == 1 - 0.5**4


def test_no_more_halvings_are_tried_than_allowed():
    objective = SumOfSquares(torch.atan, [10.0])
    before = objective.value()
    objective.n_values = 0
    assert NaturalGradient(objective, n_halvings=3).step() == before
    assert objective.n_values == 3
    assert objective.get().tolist() == [10.0]


def test_the_method_leaves_directions_below_its_cutoff_alone():
    J = torch.diag(torch.tensor([1.0, 1e-2], dtype=F64))
    for cutoff, left in ((1e-5, 0.0), (1e-3, 1.0)):
        objective = SumOfSquares(lambda theta: J @ theta, [1.0, 1.0])
        NaturalGradient(objective, cutoff=cutoff).step()
        torch.testing.assert_close(objective.get(), torch.tensor([0.0, left], dtype=F64), rtol=0, atol=1e-9)


def test_a_small_inverse_problem_wants_a_larger_cutoff():
    t = np.linspace(0, 2, 23)[:, None]
    cooling = Problem(
        Interval(0.0, 2.0, name="t"),
        lambda f, p: f.u_t + p.k * f.u - p.c,
        unknown={"k": 0.3, "c": 0.0},
        data=Observations(t, 0.25 + 0.75 * np.exp(-0.8 * t)),
        hidden=(10, 10),
    )
    options = {"method": "natural_gradient", "n_points": 40, "resample": 0, "max_iterations": 20}
    loss = {
        cutoff: np.median([solve(cooling, cutoff=cutoff, seed=s, **options).history["loss"][-1] for s in range(3)])
        for cutoff in (1e-12, 1e-7)
    }
    assert loss[1e-7] < 1e-3 * loss[1e-12]


def test_the_loss_never_rises_and_is_that_of_the_parameters():
    objective = rosenbrock()
    method, last = NaturalGradient(objective), objective.value()
    for _ in range(25):
        loss = method.step()
        assert loss <= last
        assert loss == objective.value()
        last = loss


def test_without_a_step_that_helps_nothing_moves():
    objective = SumOfSquares(lambda theta: torch.cat([theta, torch.ones(1, dtype=F64)]), [0.0, 0.0])
    assert NaturalGradient(objective).step() == 1.0
    assert objective.get().tolist() == [0.0, 0.0]


def test_it_has_nothing_to_keep():
    method = NaturalGradient(rosenbrock())
    assert method.state_dict() == {}
    method.load_state_dict({})


@pytest.mark.parametrize("options", [{"cutoff": 0.0}, {"n_halvings": 0}])
def test_options_out_of_range_are_named(options):
    with pytest.raises(ValueError, match="expected more than 0 and at least 1"):
        NaturalGradient(rosenbrock(), **options)


def test_sizes_that_do_not_fit_are_named():
    with pytest.raises(ValueError, match=r"residuals have shape \(3,\) and the Jacobian \(4, 2\); expected \(S,\) and"):
        least_squares_direction(torch.ones(3), torch.ones(4, 2))
