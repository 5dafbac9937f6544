"""The recursion against the sum of squares that it stands for, and what the memory is good for."""

import math

import pytest
import torch

from nndl_support.pinn.levenberg_marquardt import LevenbergMarquardt
from nndl_support.pinn.recursive_levenberg_marquardt import RecursiveLevenbergMarquardt
from tests.pinn.small_objectives import F64, SumOfSquares, random_matrix, rosenbrock


def batches(n_parameters, n_rows, n_batches, noise=0.0):
    """Pairs A, c with A theta = c for one theta, up to noise."""
    truth = random_matrix(n_parameters, 1, 50)[:, 0]
    for k in range(n_batches):
        A = random_matrix(n_rows, n_parameters, k)
        yield A, A @ truth + noise * random_matrix(n_rows, 1, 1000 + k)[:, 0]


def bend(A, c):
    """Residuals that are not linear in theta."""
    return lambda theta: torch.tanh(A @ theta / 4) - torch.tanh(c / 4)


def walk(memory, data, make, *, share=0.0, damping=1e-2):
    """Steps over batches; the objective, the method, and the linear models met on the way."""
    objective, models = SumOfSquares(None, torch.zeros(5)), []
    method = RecursiveLevenbergMarquardt(objective, memory=memory, share=share, damping=damping)
    for A, c in data:
        objective.function = make(A, c)
        models.append((*objective.jacobian(), objective.get()))
        method.step()
    return objective, method, models


def test_without_memory_it_is_levenberg_marquardt():
    objective, other = rosenbrock(), rosenbrock()
    method, plain = RecursiveLevenbergMarquardt(objective, memory=0.0, share=0.0), LevenbergMarquardt(other)
    for _ in range(8):
        assert method.step() == pytest.approx(plain.step(), rel=1e-6)
        assert method.damping == pytest.approx(plain.damping, rel=1e-5)
    torch.testing.assert_close(objective.get(), other.get(), rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("memory", [0.5, 0.9])
def test_on_linear_residuals_every_step_is_least_squares_of_all_rows_with_fading_weights(memory):
    data = list(batches(5, 3, 6, noise=1.0))
    objective, _, _ = walk(memory, data, lambda A, c: lambda theta: A @ theta - c, damping=1e-13)
    root = [memory ** ((len(data) - 1 - k) / 2) for k in range(len(data))]
    rows = torch.cat([r * A for r, (A, _) in zip(root, data, strict=True)])
    right = torch.cat([r * c for r, (_, c) in zip(root, data, strict=True)])
    torch.testing.assert_close(objective.get(), torch.linalg.lstsq(rows, right).solution, rtol=1e-6, atol=1e-7)


def test_a_step_minimises_the_faded_sum_of_all_linear_models_with_the_damping():
    memory, data = 0.8, list(batches(5, 3, 4))
    objective, method, models = walk(memory, data[:3], bend)
    here, damping = objective.get(), method.damping
    objective.function = bend(*data[3])
    models.append((*objective.jacobian(), here))
    method.step()
    weights = [memory ** (3 - j) for j in range(4)]
    root = [math.sqrt(w / sum(weights)) for w in weights]
    rows = torch.cat([r * J for r, (_, J, _) in zip(root, models, strict=True)])
    rows = torch.cat([rows, math.sqrt(damping) * torch.eye(5, dtype=F64)])
    # Each model keeps the place where it was made.
    right = [r * (rho + J @ (here - place)) for r, (rho, J, place) in zip(root, models, strict=True)]
    wanted = -torch.linalg.lstsq(rows, torch.cat([*right, torch.zeros(5, dtype=F64)])).solution
    torch.testing.assert_close(objective.get() - here, wanted, rtol=1e-7, atol=1e-10)


@pytest.mark.parametrize("seed", range(3))
def test_noise_averages_out_over_what_is_remembered(seed):
    data = list(batches(5, 8, 150, noise=0.3))[50 * seed : 50 * seed + 50]
    error = {}
    for memory in (0.0, 0.95):
        objective, _, _ = walk(memory, data, lambda A, c: lambda theta: A @ theta - c, damping=1e-9)
        error[memory] = float((objective.get() - random_matrix(5, 1, 50)[:, 0]).norm())
    assert error[0.95] < 0.5 * error[0.0]


def test_without_noise_the_truth_is_found_although_no_batch_determines_it():
    objective, _, _ = walk(0.7, batches(5, 2, 150), bend)
    torch.testing.assert_close(objective.get(), random_matrix(5, 1, 50)[:, 0], rtol=0, atol=1e-5)


def test_a_step_is_refused_where_the_linear_model_of_the_latest_points_breaks():
    objective = SumOfSquares(torch.atan, [10.0])
    method = RecursiveLevenbergMarquardt(objective, damping=1e-5)
    assert method.step() < math.atan(10.0) ** 2
    assert method.damping > 1e-4


def test_a_step_to_where_the_loss_is_not_a_number_is_refused():
    objective = SumOfSquares(torch.log, [3.0])
    method = RecursiveLevenbergMarquardt(objective, memory=0.5, damping=1e-6)
    for _ in range(40):
        assert math.isfinite(method.step())
    assert float(objective.get()) == pytest.approx(1.0, abs=1e-6)


def test_where_no_step_can_be_had_the_parameters_stay_and_the_past_is_forgotten():
    objective = SumOfSquares(lambda theta: torch.sqrt(theta) + 1, [0.0])
    method = RecursiveLevenbergMarquardt(objective, largest=1e3)
    assert method.step() == 1.0
    assert objective.get().tolist() == [0.0]
    assert method.damping == 1.0
    assert method.state_dict()["matrix"] is None


def test_the_search_for_a_damping_ends_at_the_largest():
    objective, looks = SumOfSquares(lambda theta: theta, [1.0]), []
    objective.value = lambda: looks.append(objective.get().item()) or math.nan
    method = RecursiveLevenbergMarquardt(objective, largest=1e3)
    assert method.step() == 1.0
    # 0.01 times 1, 2, 8, 64, 1024 and 2^15: the next would be beyond the largest.
    assert looks == pytest.approx([1 - 1 / (1 + 0.01 * 2**n) for n in (0, 1, 3, 6, 10, 15)])
    assert method.state_dict()["growth"] == 2.0


@pytest.mark.parametrize("memory", [0.5, 0.9])
def test_the_damping_follows_what_the_error_of_the_linear_model_leaves_of_the_promise(memory):
    objective, models = SumOfSquares(None, [2.0]), []
    method = RecursiveLevenbergMarquardt(objective, memory=memory, share=0.0, damping=1e-4)
    for function in (torch.sinh, lambda theta: torch.sinh(theta - 2)):
        objective.function = function
        rho, J = (part.detach() for part in objective.jacobian())
        here, damping = objective.get(), method.damping
        models.append((rho, J, here))
        loss = method.step()
    step = objective.get() - here

    def model(theta):
        """The faded mean of both linear models, Q."""
        old, new = (float((rho + J @ (theta - place)).square().sum()) for rho, J, place in models)
        return (memory * old + new) / (memory + 1)

    gain = 1 - (loss - float((rho + J @ step).square().sum())) / (model(here) - model(here + step))
    assert 0.8 < gain < 0.9  # between the bounds of the rule
    assert method.damping == pytest.approx(damping * (1 - (2 * gain - 1) ** 3), rel=1e-6)


def test_after_steps_that_were_refused_the_growth_begins_anew():
    objective = SumOfSquares(torch.atan, [10.0])
    method = RecursiveLevenbergMarquardt(objective, damping=1e-5)
    method.step()
    assert objective.n_values > 1
    assert method.state_dict()["growth"] == 2.0


def test_what_was_saved_does_not_change_with_the_next_step():
    data = list(batches(5, 3, 4))
    objective, method, _ = walk(0.5, data[:3], bend)
    state = method.state_dict()
    kept = {name: state[name].clone() for name in ("matrix", "gradient")}
    objective.function = bend(*data[3])
    method.step()
    for name, before in kept.items():
        assert torch.equal(state[name], before)
        assert not torch.equal(method.state_dict()[name], before)


def test_a_run_that_takes_over_the_state_goes_the_same_way():
    data = list(batches(5, 3, 8))
    objective, method, _ = walk(0.5, data[:5], bend, share=0.6)
    other = SumOfSquares(None, objective.get())
    second = RecursiveLevenbergMarquardt(other, memory=0.5, share=0.6)
    second.load_state_dict(method.state_dict())
    for A, c in data[5:]:
        objective.function = other.function = bend(A, c)
        assert method.step() == second.step()
    assert objective.get().tolist() == other.get().tolist()


def test_a_memory_that_grows_weights_the_rows_with_the_products_of_its_factors():
    """With share 1/2 and memory 1/2 the factors are 1/2 up to the fourth step, then 1 - 2/k after k steps."""
    data = list(batches(5, 3, 8, noise=1.0))
    objective, _, _ = walk(0.5, data, lambda A, c: lambda theta: A @ theta - c, share=0.5, damping=1e-13)
    factors = [max(0.5, 1 - 2 / k) for k in range(1, 8)]
    assert factors[3:6] == pytest.approx([0.5, 0.6, 2 / 3])
    root = [math.sqrt(math.prod(factors[k:])) for k in range(8)]
    rows = torch.cat([r * A for r, (A, _) in zip(root, data, strict=True)])
    right = torch.cat([r * c for r, (_, c) in zip(root, data, strict=True)])
    torch.testing.assert_close(objective.get(), torch.linalg.lstsq(rows, right).solution, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize(
    ("memory", "share", "damping"), [(1.0, 0.0, 1e-2), (-0.1, 0.0, 1e-2), (0.5, 0.0, 0.0), (0.5, -1.0, 1e-2)]
)
def test_options_out_of_range_are_named(memory, share, damping):
    with pytest.raises(
        ValueError, match=f"memory is {memory}, share {share} and damping {damping}; expected 0 <= memory"
    ):
        RecursiveLevenbergMarquardt(rosenbrock(), memory=memory, share=share, damping=damping)
