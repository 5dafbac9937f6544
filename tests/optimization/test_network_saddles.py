"""Critical points of a network: derivatives by PyTorch, sleeping units in closed form, searches from random places."""

import pytest
import torch
from torch import nn

from nndl_support import records
from nndl_support.data.digits import load_digits
from nndl_support.optimization.network_saddles import NetworkLoss, describe, find_critical_point, minimise

N, D, H, C = 23, 3, 2, 5


@pytest.fixture(scope="module")
def problem():
    generator = torch.Generator().manual_seed(0)
    X = torch.randn(N, D, generator=generator, dtype=torch.float64)
    return NetworkLoss(X, torch.arange(N) % C, n_hidden=H, n_classes=C, weight_decay=3e-3)


def somewhere(problem, seed=0):
    return torch.randn(problem.n_parameters, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def test_the_loss_is_that_of_a_torch_network_with_a_penalty(problem):
    theta = somewhere(problem)
    W1, b1, W2, b2 = problem.parts(theta)
    model = nn.Sequential(nn.Linear(D, H), nn.Tanh(), nn.Linear(H, C)).double()
    model.load_state_dict({"0.weight": W1.T, "0.bias": b1, "2.weight": W2.T, "2.bias": b2})
    expected = nn.functional.cross_entropy(model(problem.X), problem.y) + 1.5e-3 * (theta**2).sum()
    assert problem(theta).item() == pytest.approx(expected.item(), rel=1e-13)


def test_gradient_and_hessian_are_those_of_central_differences(problem):
    theta, h, eye = somewhere(problem), 1e-5, torch.eye(problem.n_parameters, dtype=torch.float64)
    numeric = torch.stack([(problem(theta + h * e) - problem(theta - h * e)) / (2 * h) for e in eye])
    torch.testing.assert_close(problem.gradient(theta), numeric, atol=1e-8, rtol=1e-6)
    rows = torch.stack([(problem.gradient(theta + h * e) - problem.gradient(theta - h * e)) / (2 * h) for e in eye])
    torch.testing.assert_close(problem.hessian(theta), rows, atol=1e-8, rtol=1e-6)


def test_sleeping_units_change_neither_the_function_nor_the_gradient_of_the_others(problem):
    theta, wide = somewhere(problem), problem.widened(H + 3)
    padded = problem.with_sleeping_units(theta, 3)
    torch.testing.assert_close(wide.scores(padded), problem.scores(theta), rtol=0, atol=1e-14)
    torch.testing.assert_close(
        wide.gradient(padded), problem.with_sleeping_units(problem.gradient(theta), 3), rtol=0, atol=1e-14
    )


@pytest.mark.parametrize("n_sleeping", [1, 3])
def test_the_hessian_has_the_predicted_eigenvalues_for_every_sleeping_unit(problem, n_sleeping):
    theta = somewhere(problem)
    wide, padded = problem.widened(H + n_sleeping), problem.with_sleeping_units(theta, n_sleeping)
    down = problem.sleeping_curvatures(theta)
    alpha, n_zero = problem.weight_decay, D + 1 + C - 2 * len(down)
    block = torch.cat([down, 2 * alpha - down, torch.full((n_zero,), alpha, dtype=torch.float64)])
    expected = torch.cat([torch.linalg.eigvalsh(problem.hessian(theta)), block.repeat(n_sleeping)]).sort()[0]
    torch.testing.assert_close(torch.linalg.eigvalsh(wide.hessian(padded)), expected, atol=1e-12, rtol=0)


def test_a_mini_batch_does_not_wake_a_sleeping_unit(problem):
    wide, padded = problem.widened(H + 1), problem.with_sleeping_units(somewhere(problem), 1)
    for seed in range(3):
        rows = torch.randperm(N, generator=torch.Generator().manual_seed(seed))[:4]
        batch = NetworkLoss(problem.X[rows], problem.y[rows], n_hidden=H + 1, n_classes=C)
        W1, b1, W2, _ = wide.parts(batch.gradient(padded))
        assert W1[:, -1].abs().max() == b1[-1].abs() == W2[-1].abs().max() == 0
        assert W1[:, :-1].abs().max() > 0


def test_without_hidden_units_the_minimum_is_the_frequencies_of_the_classes():
    X, y = torch.zeros(7, D, dtype=torch.float64), torch.tensor([0, 0, 0, 0, 1, 1, 2])
    problem = NetworkLoss(X, y, n_hidden=0, n_classes=3, weight_decay=0.0)
    found = minimise(problem, torch.tensor([0.3, -0.2, 0.1], dtype=torch.float64))
    torch.testing.assert_close(
        torch.softmax(found, 0), torch.tensor([4.0, 2.0, 1.0], dtype=torch.float64) / 7, atol=1e-6, rtol=0
    )


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_a_minimum_has_no_gradient_and_no_way_down(problem, seed):
    point = describe(problem, minimise(problem, somewhere(problem, seed)))
    assert point.gradient_norm < 1e-8
    assert point.index == 0
    assert point.loss < problem(torch.zeros(problem.n_parameters, dtype=torch.float64)).item()


def test_minima_of_smaller_networks_are_saddles_of_larger_ones_with_a_way_down_for_each_large_singular_value(problem):
    small = problem.widened(1)
    theta = minimise(small, somewhere(small))
    wide = problem.widened(3)
    point = describe(wide, small.with_sleeping_units(theta, 2))
    assert point.gradient_norm < 1e-8
    predicted = 2 * (small.sleeping_curvatures(theta) < 0).sum().item()
    assert round(point.index * wide.n_parameters) == predicted > 0
    assert point.lowest == pytest.approx(small.sleeping_curvatures(theta)[0].item(), rel=1e-9)


def test_the_search_finds_a_saddle_where_descent_would_leave_it(problem):
    wide = problem.widened(3)
    start = 0.02 * somewhere(wide)
    point = describe(wide, find_critical_point(wide, start))
    assert point.gradient_norm < 1e-9
    assert point.index > 0
    assert describe(wide, minimise(wide, start)).loss < point.loss


def test_bad_input_is_named(problem):
    with pytest.raises(ValueError, match=r"X has shape \(23, 3\) and y \(22,\)"):
        NetworkLoss(problem.X, problem.y[:-1], n_hidden=2, n_classes=5)
    with pytest.raises(ValueError, match="n_hidden is -1 and n_classes 5"):
        problem.widened(-1)
    with pytest.raises(ValueError, match=r"theta has shape \(3,\); expected \(23,\)"):
        problem(torch.zeros(3))


def test_the_recorded_points_are_critical_and_have_the_recorded_loss_and_index():
    record, data = records.load("optimization/network_saddles"), load_digits()
    X = data.X_train.reshape(-1, 4, 2, 4, 2).mean(axis=(2, 4)).reshape(-1, 16)[:500]
    options = {"n_hidden": record["n_hidden"], "n_classes": 10, "weight_decay": record["weight_decay"]}
    digits = NetworkLoss(torch.tensor(X), torch.tensor(data.y_train[:500]), **options)
    for point in record["points"][::4]:
        found = describe(digits, torch.tensor(point["theta"], dtype=torch.float64))
        assert found.gradient_norm < 1e-7
        assert found.loss == pytest.approx(point["loss"], abs=1e-9)
        assert found.index == pytest.approx(point["index"])


def test_the_hessian_is_symmetric_to_the_last_bit(problem):
    hessian = problem.hessian(somewhere(problem))
    assert torch.equal(hessian, hessian.T)


def test_curvatures_within_the_tolerance_are_no_ways_down(problem):
    theta = somewhere(problem)
    lowest = describe(problem, theta).lowest
    assert lowest < 0
    assert describe(problem, theta, tolerance=1.001 * abs(lowest)).index == 0
    assert describe(problem, theta, tolerance=0.999 * abs(lowest)).index == pytest.approx(1 / problem.n_parameters)
