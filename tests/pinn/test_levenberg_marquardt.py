"""Damped steps against linear algebra, and the rules by which the damping moves."""

import math

import pytest
import torch

from nndl_support.pinn.levenberg_marquardt import LevenbergMarquardt, damped_step
from tests.pinn.small_objectives import F64, SumOfSquares, linear, random_matrix, rosenbrock


@pytest.mark.parametrize(("rows", "columns"), [(11, 5), (5, 11), (7, 7)])
@pytest.mark.parametrize("damping", [1e-6, 1.0, 1e4])
def test_the_step_solves_the_damped_normal_equations(rows, columns, damping):
    J, rho = random_matrix(rows, columns), random_matrix(rows, 1, 3)[:, 0]
    step, predicted = damped_step(rho, J, damping)
    wanted = -torch.linalg.solve(J.T @ J + damping * torch.eye(columns, dtype=F64), J.T @ rho)
    torch.testing.assert_close(step, wanted, rtol=1e-6, atol=1e-9)
    assert predicted == pytest.approx(float(rho @ rho - (rho + J @ wanted) @ (rho + J @ wanted)), rel=1e-6)


@pytest.mark.parametrize(("rows", "columns"), [(11, 5), (5, 11)])
def test_the_step_minimises_the_linear_model_with_its_penalty(rows, columns):
    J, rho, damping = random_matrix(rows, columns), random_matrix(rows, 1, 3)[:, 0], 0.3
    step, _ = damped_step(rho, J, damping)

    def penalised(delta):
        return (rho + J @ delta).square().sum() + damping * delta.square().sum()

    for seed in range(5):
        assert penalised(step) < penalised(step + 1e-3 * random_matrix(columns, 1, seed)[:, 0])


def test_much_damping_gives_a_short_step_down_the_gradient():
    J, rho = random_matrix(11, 5), random_matrix(11, 1, 3)[:, 0]
    step, _ = damped_step(rho, J, 1e8)
    torch.testing.assert_close(step, -(J.T @ rho) / 1e8, rtol=1e-5, atol=0)


@pytest.mark.parametrize(("rows", "columns"), [(11, 5), (5, 11)])
def test_one_step_solves_a_linear_problem(rows, columns):
    objective, A, c = linear(rows, columns)
    loss = LevenbergMarquardt(objective, damping=1e-12).step()
    least = (A @ torch.linalg.lstsq(A, c).solution - c).square().sum()
    assert loss == pytest.approx(float(least), rel=1e-8, abs=1e-15)
    assert objective.gradient()[1].norm() < 1e-7


def test_the_damping_falls_to_a_third_where_the_model_is_right():
    # A linear model predicts its own step exactly: the gain is 1.
    objective, _, _ = linear(11, 5)
    method = LevenbergMarquardt(objective, damping=0.3)
    method.step()
    assert method.damping == pytest.approx(0.1)


@pytest.mark.parametrize(("start", "low", "high"), [(0.8, 0.7, 0.9), (1.2, 0.2, 0.4)])
def test_the_damping_follows_the_gain_where_the_model_is_half_right(start, low, high):
    objective = SumOfSquares(torch.atan, [start])
    rho, J = objective.jacobian()
    step, predicted = damped_step(rho, J, 0.01)
    gain = float(rho @ rho - torch.atan(objective.get() + step).square().sum()) / predicted
    assert low < gain < high
    method = LevenbergMarquardt(objective, damping=0.01)
    method.step()
    # Nielsen's rule: more damping where less than half of the promise was kept.
    assert method.damping == pytest.approx(0.01 * (1 - (2 * gain - 1) ** 3), rel=1e-9)


@pytest.mark.parametrize("shape", [(9, 4), (4, 9)])
def test_a_gram_matrix_that_is_known_gives_the_same_step_and_stays_as_it_is(shape):
    generator = torch.Generator().manual_seed(3)
    rho, J = torch.randn(shape[0], dtype=F64, generator=generator), torch.randn(shape, dtype=F64, generator=generator)
    gram = J.T @ J if shape[0] >= shape[1] else J @ J.T
    before = gram.clone()
    for damping in (0.1, 10.0):
        step, predicted = damped_step(rho, J, damping, gram=gram)
        plain, expected = damped_step(rho, J, damping)
        torch.testing.assert_close(step, plain)
        assert predicted == pytest.approx(expected)
    assert torch.equal(gram, before)


def test_a_gain_beyond_all_numbers_lowers_the_damping_like_any_good_one():
    # In single precision a prediction can be rounded down to nothing while the loss still falls.
    objective, _, _ = linear(11, 5)
    rho, J = objective.jacobian()
    objective.jacobian, objective.value = lambda: (rho.detach(), 0 * J), lambda: 0.5 * float((rho @ rho).detach())
    method = LevenbergMarquardt(objective, damping=0.3)
    assert method.step() == pytest.approx(0.5 * float((rho @ rho).detach()))
    assert method.damping == pytest.approx(0.1)


def test_steps_that_climb_are_refused_and_the_damping_grows_faster_and_faster():
    # Gauss and Newton's step from 10 on the arctangent goes to -138; 2, 2 * 4, 2 * 4 * 8 ... times the damping brings it back.
    objective = SumOfSquares(torch.atan, [10.0])
    before, (rho, J) = objective.value(), objective.jacobian()
    tried, growth = [1e-5], 2.0
    while float(torch.atan(objective.get() + damped_step(rho, J, tried[-1])[0]) ** 2) >= before:
        tried.append(tried[-1] * growth)
        growth *= 2
    assert len(tried) >= 3
    method = LevenbergMarquardt(objective, damping=1e-5)
    objective.n_values = 0
    step, predicted = damped_step(rho, J, tried[-1])
    gain = (before - float(torch.atan(objective.get() + step) ** 2)) / predicted
    assert method.step() < before
    assert objective.n_values == len(tried)
    assert method.damping == pytest.approx(tried[-1] * max(1 / 3, 1 - (2 * min(gain, 1) - 1) ** 3), rel=1e-9)
    assert method.state_dict()["growth"] == 2.0


@pytest.mark.parametrize("seed", range(3))
def test_the_loss_never_rises_and_is_that_of_the_parameters(seed):
    objective = rosenbrock()
    objective.set(random_matrix(5, 1, seed)[:, 0])
    method, last = LevenbergMarquardt(objective), objective.value()
    for _ in range(30):
        loss = method.step()
        assert loss <= last
        assert loss == objective.value()
        last = loss


def test_the_valley_of_two_bends_is_walked_to_its_end():
    objective = rosenbrock(2)
    method = LevenbergMarquardt(objective)
    for _ in range(40):
        method.step()
    torch.testing.assert_close(objective.get(), torch.ones(2, dtype=F64), rtol=0, atol=1e-7)


def test_at_a_minimum_the_parameters_stay_and_the_damping_starts_anew():
    objective = SumOfSquares(lambda theta: torch.cat([theta, torch.ones(1, dtype=F64)]), [0.0, 0.0])
    method = LevenbergMarquardt(objective, largest=1e3)
    assert method.step() == 1.0
    assert objective.get().tolist() == [0.0, 0.0]
    assert method.damping == 1.0
    assert method.state_dict()["growth"] == 2.0
    # 0.01 times 1, 2, 8, 64, 1024 and 2^15: the next would be beyond the largest.
    assert objective.n_values == 6


def test_the_damping_does_not_fall_below_what_rounding_leaves_of_it():
    objective, _, _ = linear(11, 5)
    method = LevenbergMarquardt(objective, damping=2e-15)
    method.step()
    assert method.damping == 1e-15


def test_a_step_to_where_the_loss_is_not_a_number_is_refused():
    # Gauss and Newton's step from 3 on the logarithm goes to 3 - 3 ln 3 < 0.
    objective = SumOfSquares(torch.log, [3.0])
    method, last = LevenbergMarquardt(objective, damping=1e-6), objective.value()
    for _ in range(20):
        loss = method.step()
        assert loss <= last
        assert math.isfinite(float(objective.get()))
        last = loss
    assert float(objective.get()) == pytest.approx(1.0, abs=1e-8)


def test_a_damping_lost_in_rounding_is_raised_until_the_matrix_is_definite():
    column = random_matrix(6, 1)
    J = torch.cat([column, column, 1e8 * column], dim=1)
    with pytest.raises(torch.linalg.LinAlgError):
        damped_step(torch.ones(6, dtype=F64), J, 1e-15)
    objective = SumOfSquares(lambda theta: J @ theta - 1, torch.zeros(3))
    before = objective.value()
    assert LevenbergMarquardt(objective, damping=1e-15).step() < before


def test_a_slope_that_is_not_finite_is_no_step():
    objective = SumOfSquares(lambda theta: torch.sqrt(theta) + 1, [0.0])
    assert LevenbergMarquardt(objective).step() == 1.0
    assert objective.get().tolist() == [0.0]


def test_the_state_can_be_saved_and_taken_over():
    method, other = (LevenbergMarquardt(rosenbrock()) for _ in range(2))
    for _ in range(3):
        method.step()
    other.load_state_dict(method.state_dict())
    other.objective.set(method.objective.get())
    assert method.step() == other.step()
    assert method.damping == other.damping


def test_a_damping_that_is_not_positive_is_named():
    with pytest.raises(ValueError, match=r"damping is 0\.0; expected more than 0"):
        LevenbergMarquardt(rosenbrock(), damping=0.0)


def test_a_gain_beyond_any_prediction_is_no_overflow():
    # In single precision the promise of a step may be rounded to nothing: here it is asked to divide by it.
    class Rounded(SumOfSquares):
        def jacobian(self):
            return self.residuals().detach(), torch.full((1, 1), 1e-170, dtype=F64)

    objective = Rounded(lambda theta: 1 + 1e160 * theta, [0.0])
    method = LevenbergMarquardt(objective, damping=1e-10)
    assert method.step() < 1.0
    assert method.damping == pytest.approx(1e-10 / 3)


@pytest.mark.parametrize(
    ("shape", "damping", "given"), [((4, 2), 1.0, r"\(3,\), the Jacobian \(4, 2\)"), ((3, 2), -1.0, "damping is -1.0")]
)
def test_sizes_that_do_not_fit_and_negative_damping_are_named(shape, damping, given):
    with pytest.raises(ValueError, match=given):
        damped_step(torch.ones(3), torch.ones(shape), damping)
