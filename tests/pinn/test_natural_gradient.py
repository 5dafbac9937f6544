"""The direction against the pseudo-inverse, and the search along it."""

import pytest
import torch

from nndl_support.pinn.natural_gradient import NaturalGradient, least_squares_direction
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
