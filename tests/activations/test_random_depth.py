"""Random deep networks: closed forms, back-propagation with the same weights, Monte Carlo against theory."""

import numpy as np
import pytest

from nndl_support.activations import registry
from nndl_support.activations.random_depth import (
    backward_factor,
    critical_weight_std,
    next_variance,
    settled_variance,
    squared_deltas,
)


def test_relu_halves_both_the_signal_and_the_error():
    assert next_variance(3.0, "relu", 1.0, 0.5) == pytest.approx(1.5 + 0.25)
    assert backward_factor(7.0, "relu", 1.2) == pytest.approx(0.72)


def test_the_next_variance_is_that_of_a_sample():
    z = np.sqrt(2.0) * np.random.default_rng(0).normal(size=1_000_000)
    sample = 1.3**2 * np.mean(registry.get("tanh").function(z) ** 2) + 0.4**2
    assert next_variance(2.0, "tanh", 1.3, 0.4) == pytest.approx(sample, rel=5e-3)


def test_a_settled_variance_no_longer_moves():
    for bias_std in (0.1, 0.5):
        q = settled_variance("tanh", 1.7, bias_std)
        assert q > 0
        assert next_variance(q, "tanh", 1.7, bias_std) == pytest.approx(q, rel=1e-9)
        assert settled_variance("tanh", 1.7, bias_std, start=9.0) == pytest.approx(q, rel=1e-9)
    assert settled_variance("tanh", 0.9) == pytest.approx(0, abs=1e-9)
    assert settled_variance("relu", 1.0, 0.3) == pytest.approx(0.09 / (1 - 0.5), rel=1e-9)
    assert settled_variance("relu", 1.5) == np.inf


def test_critical_values():
    """ReLU: the square root of 2 whatever the biases. Tanh: 1 without biases, and above 1 with them."""
    for q in (0.1, 1.0, 30.0):
        assert backward_factor(q, "relu", np.sqrt(2)) == pytest.approx(1.0, rel=1e-12)
    assert backward_factor(0.0, "tanh", 1.0) == 1.0
    values = [critical_weight_std("tanh", bias_std) for bias_std in (0.05, 0.3, 0.6)]
    assert 1 < values[0] < values[1] < values[2]
    for bias_std, value in zip((0.05, 0.3, 0.6), values):
        q = settled_variance("tanh", value, bias_std)
        assert backward_factor(q, "tanh", value) == pytest.approx(1.0, abs=1e-4)


def test_the_deltas_are_those_of_a_matrix_product():
    """Draw the same numbers again, and multiply the whole Jacobian out."""
    found = squared_deltas("tanh", 1.3, np.random.default_rng(5), bias_std=0.4, width=7, n_layers=4, n_networks=1)
    rng, f = np.random.default_rng(5), registry.get("tanh")
    z, jacobians = rng.normal(size=7), []
    for _ in range(3):
        W = 1.3 / np.sqrt(7) * rng.normal(size=(7, 7))
        jacobians.append(np.diag(f.derivative(z)) @ W)  # d z_next / d z, transposed
        z = f.function(z) @ W + 0.4 * rng.normal(size=7)
    top = rng.normal(size=7)
    top /= np.linalg.norm(top)
    expected = [1.0]
    product = np.eye(7)
    for jacobian in jacobians[::-1]:
        product = jacobian @ product
        expected.append(np.sum((product @ top) ** 2))
    np.testing.assert_allclose(found[0], expected[::-1], rtol=1e-10)


@pytest.mark.parametrize(
    ("activation", "weight_std", "bias_std"),
    [("tanh", 0.7, 0.0), ("tanh", 1.8, 0.3), ("relu", 1.2, 0.0), ("logistic", 2.0, 0.5), ("selu", 1.0, 0.0)],
)
def test_measured_factors_follow_the_theory(activation, weight_std, bias_std):
    start = settled_variance(activation, weight_std, bias_std)
    start = start if np.isfinite(start) and start > 1e-3 else 1.0
    squared = squared_deltas(
        activation,
        weight_std,
        np.random.default_rng(0),
        bias_std=bias_std,
        width=150,
        n_layers=9,
        n_networks=40,
        start=start,
    ).mean(axis=0)
    q, predicted = start, []
    for _ in range(8):
        predicted.append(backward_factor(q, activation, weight_std))
        q = next_variance(q, activation, weight_std, bias_std)
    measured = (squared[0] / squared[-1]) ** (1 / 8)
    assert measured == pytest.approx(np.prod(predicted) ** (1 / 8), rel=0.03)


def test_the_same_seed_draws_the_same_networks():
    one, two, other = (squared_deltas("relu", 1.0, np.random.default_rng(s), width=11, n_layers=3) for s in (0, 0, 1))
    np.testing.assert_array_equal(one, two)
    assert one.shape == (10, 3)
    assert not np.allclose(one[:, :2], other[:, :2])
    np.testing.assert_allclose(one[:, -1], 1.0)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: squared_deltas("softmax", 1.0, np.random.default_rng(0)), "softmax is not elementwise"),
        (lambda: squared_deltas("tanh", 1.0, np.random.default_rng(0), width=0), "width=0, n_layers=20"),
        (lambda: critical_weight_std("relu", 0.0, low=2.0), "no critical value for relu between 2.0 and 6.0"),
        (lambda: next_variance(-1.0, "tanh", 1.0), "variance must be finite and not negative"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
