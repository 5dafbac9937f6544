"""Factors of a chain: by hand, by central differences, by the network of the chapter on back-propagation; the bounds."""

from itertools import pairwise

import numpy as np
import pytest
from scipy.optimize import brentq

from nndl_support.activations import registry
from nndl_support.activations.chain_of_factors import chain_bias_gradients, delta_bounds, factor, window_width
from nndl_support.backprop import network

ELEMENTWISE = [name for name in registry.names() if registry.get(name).derivative is not None]


def output(weights, biases, x, activation):
    for w, b in zip(weights, biases):
        x = registry.get(activation).function(w * x + b)
    return float(x)


def test_a_factor_is_the_derivative_of_the_output_by_the_input():
    rng = np.random.default_rng(0)
    w, a, b = rng.normal(size=(3, 7))
    for name in ("logistic", "tanh", "gelu"):
        f = registry.get(name).function
        difference = (f(w * (a + 1e-6) + b) - f(w * (a - 1e-6) + b)) / 2e-6
        np.testing.assert_allclose(factor(w, a, b, name), difference, rtol=1e-8)


def test_without_large_weights_no_logistic_factor_exceeds_a_quarter_of_the_weight():
    rng = np.random.default_rng(0)
    w, a, b = rng.uniform(-10, 10, (3, 10_000))
    assert np.all(np.abs(factor(w, a, b)) <= np.abs(w) / 4)
    assert np.abs(factor(w, a, b)).max() > 1  # but a weight above 4 can enlarge


@pytest.mark.parametrize("w", [4.001, 5.0, 6.9, -11.0, 100.0])
@pytest.mark.parametrize("b", [0.0, -3.0])
def test_the_window_is_as_wide_as_the_roots_are_apart(w, b):
    middle = -b / w

    def excess(a):
        return abs(float(factor(w, a, b))) - 1

    low, high = brentq(excess, middle - 9, middle), brentq(excess, middle, middle + 9)
    assert float(window_width(w)) == pytest.approx(high - low, rel=1e-9)


def test_the_window_is_shut_below_four_and_widest_near_6_9():
    assert not window_width([-3.99, 0.0, 1.0, 4.0]).any()
    w = np.linspace(4, 50, 46_001)
    assert w[window_width(w).argmax()] == pytest.approx(6.9, abs=0.05)
    assert window_width(w).max() == pytest.approx(0.45, abs=0.005)


@pytest.mark.parametrize("activation", ELEMENTWISE)
def test_the_gradients_of_a_chain_are_central_differences(activation):
    rng = np.random.default_rng(1)
    weights, biases = rng.normal(size=(2, 5))
    x, y = 0.7, 0.2
    expected = []
    for i in range(5):
        costs = []
        for moved in (1e-6, -1e-6):
            changed = biases + moved * (np.arange(5) == i)
            costs.append((output(weights, changed, x, activation) - y) ** 2 / 2)
        expected.append((costs[0] - costs[1]) / 2e-6)
    np.testing.assert_allclose(chain_bias_gradients(weights, biases, x, y, activation), expected, rtol=1e-6, atol=1e-9)


def test_the_gradients_of_a_chain_are_those_of_back_propagation():
    rng = np.random.default_rng(2)
    weights, biases = rng.normal(size=(2, 7))
    W, b = [np.array([[w]]) for w in weights], [np.array([v]) for v in biases]
    names = ["tanh"] * 7
    passed = network.forward(np.array([[0.7]]), W, b, names)
    _, by_bias = network.backward(np.array([[0.2]]), *passed, W, names, "squared_error")
    np.testing.assert_allclose(chain_bias_gradients(weights, biases, 0.7, 0.2, "tanh"), np.ravel(by_bias), rtol=1e-12)


def test_averaged_over_its_input_the_slope_of_a_chain_never_exceeds_one():
    """A chain of single units is monotone, so the integral of its slope over [0, 1] is a difference of two outputs."""
    a = np.linspace(0, 1, 200_001)
    slope, middle = np.ones_like(a), a.copy()
    for w, b in [(8.0, -4.0)] * 6:
        slope *= factor(w, middle, b)
        middle = registry.get("logistic").function(w * middle + b)
    assert slope.max() == pytest.approx(64, rel=1e-6)
    assert np.trapezoid(slope, a) == pytest.approx(middle[-1] - middle[0], rel=1e-6)
    assert np.trapezoid(slope, a) < 1


@pytest.mark.parametrize(("activation", "steepest"), [("logistic", 0.25), ("tanh", 1.0), ("relu", 1.0), ("gelu", 1.13)])
@pytest.mark.parametrize("seed", range(5))
def test_no_delta_exceeds_its_bound(activation, steepest, seed):
    rng = np.random.default_rng(seed)
    sizes, names = [3, 7, 5, 11, 2], [activation] * 3 + ["identity"]
    weights = [rng.normal(size=(n, k)) for n, k in pairwise(sizes)]
    biases = [rng.normal(size=k) for k in sizes[1:]]
    X, Y = rng.normal(size=(1, 3)), rng.normal(size=(1, 2))
    deltas = network.deltas(Y, *network.forward(X, weights, biases, names), weights, names, "squared_error")
    share = np.array([np.linalg.norm(d) for d in deltas]) / np.linalg.norm(deltas[-1])
    bounds = delta_bounds(weights, steepest)
    assert bounds.shape == (4,)
    assert np.all(share <= bounds * (1 + 1e-12))


def test_the_bound_is_attained_where_all_net_inputs_are_zero():
    weights = [np.eye(3)] * 11
    names = ["logistic"] * 10 + ["identity"]
    biases = [np.zeros(3)] + [np.full(3, -0.5)] * 9 + [np.zeros(3)]
    deltas = network.deltas(
        np.ones((1, 3)), *network.forward(np.zeros((1, 3)), weights, biases, names), weights, names, "squared_error"
    )
    share = np.linalg.norm(deltas[0]) / np.linalg.norm(deltas[-1])
    assert share == pytest.approx(0.25**10, rel=1e-12)
    np.testing.assert_allclose(delta_bounds(weights), 0.25 ** np.arange(10, -1, -1), rtol=1e-12)


def test_each_layer_may_have_its_own_steepest_slope():
    weights = [np.ones((2, 3)), 2 * np.eye(3), 5 * np.eye(3)]
    np.testing.assert_allclose(delta_bounds(weights, [0.25, 1.0]), [0.25 * 2 * 5, 5, 1])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: factor(1.0, 1.0, 0.0, "softmax"), "softmax is not elementwise"),
        (lambda: factor(1.0, 1.0, 0.0, "sigmoid"), "unknown activation 'sigmoid'"),
        (lambda: chain_bias_gradients([1.0, 2.0], [0.0], 1, 0), r"weights have shape \(2,\) and biases \(1,\)"),
        (lambda: chain_bias_gradients([], [], 1, 0), r"expected \(L,\) for both"),
        (lambda: chain_bias_gradients([1.0], [0.0], 1, 0, "log_softmax"), "log_softmax is not elementwise"),
        (lambda: delta_bounds([]), "there are no weights"),
        (lambda: delta_bounds([np.eye(3), np.ones(3)]), r"the weights of layer 2 have shape \(3,\)"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
