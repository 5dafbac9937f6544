"""Variance on the way up and down: exact expectations, Monte Carlo with error bars, deep networks of real matrices."""

import numpy as np
import pytest
import torch

from nndl_support.activations.random_depth import squared_deltas
from nndl_support.optimization.initialization import kaiming_normal_, xavier_uniform_
from nndl_support.optimization.variance_propagation import (
    measured_profile,
    measured_ratios,
    predicted_profile,
    relu_log_variances,
    variance_gain,
    variance_ratios,
)


def test_the_ratios_are_exact_by_enumeration_of_all_sign_matrices():
    # Weights +-0.5 with equal probability, n = 3, n' = 2: all 64 matrices, one fixed input and one fixed error.
    a, delta = np.array([1.0, -2.0, 0.5]), np.array([3.0, 1.0])
    signs = 0.5 * (2 * np.array(np.unravel_index(np.arange(64), (2,) * 6)).T.reshape(64, 3, 2) - 1)
    up = np.mean([np.mean((a @ W) ** 2) for W in signs]) / np.mean(a**2)
    down = np.mean([np.mean((W @ delta) ** 2) for W in signs]) / np.mean(delta**2)
    np.testing.assert_allclose((up, down), variance_ratios(3, 2, 0.25))


def test_xavier_keeps_the_variance_exactly_where_a_layer_is_square():
    assert variance_ratios(7, 7, 2 / 14) == (1, 1)
    up, down = variance_ratios(300, 100, 2 / 400)
    assert np.isclose(up, 1.5)
    assert np.isclose(down, 0.5)
    assert np.isclose(up + down, 2)


def test_a_weight_variance_of_one_as_printed_beside_737_would_multiply_by_the_number_of_inputs():
    # 7.35 says 2 / (n + n') and 7.37 is the uniform law with that variance; "var w = 1" fits neither.
    assert variance_ratios(64, 32, 1.0) == (64, 32)
    r = np.sqrt(6 / (64 + 32))
    np.testing.assert_allclose(variance_ratios(64, 32, (2 * r) ** 2 / 12), (4 / 3, 2 / 3))
    mean, error = measured_ratios(lambda rng, shape: rng.uniform(-r, r, shape), 64, 32, np.random.default_rng(0))
    assert np.all(np.abs(mean - (4 / 3, 2 / 3)) < 4 * error)
    assert np.all(np.abs(mean - (64, 32)) > 1000 * error)


@pytest.mark.parametrize(("n", "n_out"), [(64, 32), (11, 53)])
@pytest.mark.parametrize(
    ("draw", "variance"),
    [
        (lambda rng, shape: rng.normal(0, 0.2, shape), 0.04),
        (lambda rng, shape: rng.uniform(-0.3, 0.3, shape), 0.03),
        (lambda rng, shape: rng.choice([-0.1, 0.1], shape), 0.01),
    ],
    ids=["normal", "uniform", "signs"],
)
def test_monte_carlo_finds_the_ratios_within_its_error_bars(n, n_out, draw, variance):
    mean, error = measured_ratios(draw, n, n_out, np.random.default_rng(0), n_draws=1500)
    assert np.all(np.abs(mean - variance_ratios(n, n_out, variance)) < 4 * error)
    assert np.all(error < 0.02 * mean)


def test_the_error_bars_are_honest():
    # Over 60 repetitions the deviation in units of the standard error has variance 1.
    rng = np.random.default_rng(1)
    scores = []
    for _ in range(60):
        mean, error = measured_ratios(lambda r, shape: r.normal(0, 0.5, shape), 7, 5, rng, n_draws=200)
        scores.append((mean - variance_ratios(7, 5, 0.25)) / error)
    assert 0.75 < np.std(scores) < 1.25


@pytest.mark.parametrize("activation", ["relu", "tanh", "selu", "identity"])
@pytest.mark.parametrize("q", [0.3, 1.0, 4.0])
def test_the_gain_of_the_variance_is_the_fixed_point_of_the_map(activation, q):
    up, _ = predicted_profile(activation, variance_gain(activation, q), 5, start=q)
    np.testing.assert_allclose(up, q, rtol=1e-10)
    z = np.sqrt(q) * np.random.default_rng(0).normal(size=200_000)
    f = {
        "relu": lambda z: np.maximum(z, 0),
        "tanh": np.tanh,
        "identity": lambda z: z,
        "selu": lambda z: 1.0507009873554805 * np.where(z > 0, z, 1.6732632423543772 * np.expm1(z)),
    }[activation]
    np.testing.assert_allclose(variance_gain(activation, q), np.sqrt(q / np.mean(f(z) ** 2)), rtol=0.02)


def test_he_keeps_half_of_the_squares_and_doubles_them_exactly():
    up, down = predicted_profile("relu", np.sqrt(2), 50, start=3.0)
    np.testing.assert_allclose(up, 3.0)
    np.testing.assert_allclose(down, 1.0)
    up, down = predicted_profile("relu", 1.0, 51)
    np.testing.assert_allclose(up[-1], 0.5**50)
    np.testing.assert_allclose(down[0], 0.5**50)


@pytest.mark.parametrize(("activation", "weight_std"), [("tanh", 1.4), ("relu", 1.2)])
def test_the_prediction_is_what_wide_networks_of_real_matrices_do(activation, weight_std):
    rng = np.random.default_rng(2)
    n, depth, runs = 150, 12, []
    for _ in range(15):
        weights = [rng.normal(0, weight_std / np.sqrt(n), (n, n)) for _ in range(depth)]
        X = rng.normal(size=(3, n)) / weight_std  # so that the first net inputs have variance 1
        runs.append(measured_profile(weights, X, activation, rng))
    up, down = np.mean(runs, axis=0)
    predicted = predicted_profile(activation, weight_std, depth)
    np.testing.assert_allclose(up, predicted[0], rtol=0.15)
    np.testing.assert_allclose(down, predicted[1], rtol=0.25)
    # An independent simulation of the way down.
    other = squared_deltas(activation, weight_std, np.random.default_rng(3), width=150, n_layers=12, n_networks=30)
    np.testing.assert_allclose(other.mean(axis=0), predicted[1], rtol=0.35)


def test_a_measured_profile_agrees_with_automatic_differentiation():
    rng = np.random.default_rng(4)
    weights = [rng.normal(size=(7, 5)), rng.normal(size=(5, 3)), rng.normal(size=(3, 2))]
    X = rng.normal(size=(11, 7))
    errors = np.random.default_rng(5)
    up, down = measured_profile(weights, X, "tanh", np.random.default_rng(5))
    a, nets = torch.tensor(X), []
    for W in weights:
        nets.append((a @ torch.tensor(W)).requires_grad_())
        nets[-1].retain_grad()
        a = torch.tanh(nets[-1])
    (nets[-1] * torch.tensor(errors.normal(size=(11, 2)))).sum().backward()
    squares = [z.grad.square().mean().item() for z in nets]
    np.testing.assert_allclose(down, np.array(squares) / squares[-1])
    np.testing.assert_allclose(up, [z.detach().square().mean().item() for z in nets])


def test_weights_of_torch_shape_enter_transposed():
    w = xavier_uniform_(torch.empty(32, 64, dtype=torch.float64), generator=torch.Generator().manual_seed(0))
    up, _ = measured_profile(
        [w.T.numpy()], np.random.default_rng(0).normal(size=(500, 64)), "tanh", np.random.default_rng(1)
    )
    assert abs(up[0] - 64 / 48) < 0.1


@pytest.mark.parametrize(("n", "depth"), [(64, 50), (200, 20)])
def test_the_logarithm_of_the_variance_has_the_moments_of_the_formula(n, depth):
    logs = relu_log_variances(n, depth, 4000, np.random.default_rng(6))
    ratio = depth / n
    # The formula holds to first order in L/n: corrections of a few per cent at these sizes.
    assert abs(logs.mean() - (np.log(0.5) - 2.5 * ratio)) < 0.1 * (1 + 2.5 * ratio)
    assert abs(logs.var() / (5 * ratio) - 1) < 0.15
    shallow = relu_log_variances(n, 1, 20000, np.random.default_rng(7))
    assert abs(np.exp(shallow).var() / 0.25 / (5 / n) - 1) < 0.1  # exact for one layer


def test_drawing_net_inputs_is_the_same_as_drawing_matrices():
    g = torch.Generator().manual_seed(8)
    slow = []
    for _ in range(600):
        h = torch.full((23,), 0.5**0.5, dtype=torch.float64)
        for _ in range(9):
            h = torch.relu(kaiming_normal_(torch.empty(23, 23, dtype=torch.float64), generator=g) @ h)
        slow.append(h.square().mean().log().item())
    fast = relu_log_variances(23, 9, 20000, np.random.default_rng(9))
    assert abs(np.mean(slow) - fast.mean()) < 4 * fast.std() / np.sqrt(600)
    assert abs(np.std(slow) / fast.std() - 1) < 0.15


def test_bad_input_is_named():
    with pytest.raises(ValueError, match="a standard error needs at least 2 draws, but n_draws is 1"):
        measured_ratios(lambda rng, shape: rng.normal(size=shape), 3, 2, np.random.default_rng(0), n_draws=1)
    with pytest.raises(ValueError, match="expected positive sizes and a variance of at least 0, but got 3, 0 and 1"):
        variance_ratios(3, 0, 1)
    with pytest.raises(ValueError, match="q must be positive and finite, but is 0"):
        variance_gain("tanh", 0)
    with pytest.raises(ValueError, match="the weights of layer 2 have 4 rows, but the layer receives 3 inputs"):
        measured_profile([np.eye(3), np.eye(4)], np.ones((2, 3)), "tanh", np.random.default_rng(0))
    with pytest.raises(ValueError, match="softmax is not elementwise"):
        measured_profile([np.eye(3)], np.ones((2, 3)), "softmax", np.random.default_rng(0))
    with pytest.raises(ValueError, match="width=0, n_layers=3 and n_networks=2 must all be at least 1"):
        relu_log_variances(0, 3, 2, np.random.default_rng(0))
