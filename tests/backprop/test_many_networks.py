"""Many small networks at once: the same numbers as one network by the book, and gradients by central differences."""

import numpy as np
import pytest

from nndl_support.backprop import network
from nndl_support.backprop.gradient_check import check_gradient
from nndl_support.backprop.many_networks import n_parameters, outputs, split, squared_error, squared_error_gradient

B, D, H = 7, 3, 2


@pytest.fixture
def data():
    rng = np.random.default_rng(0)
    return rng.normal(size=(5, n_parameters(D, H))), rng.normal(size=(B, D)), rng.random(B)


def test_every_network_agrees_with_the_pass_of_a_single_one(data):
    theta, X, y = data
    W1, b1, w2, b2 = split(theta, D)
    for k in range(5):
        weights, biases = [W1[k], w2[k][:, None]], [b1[k], b2[k : k + 1]]
        activations = ["logistic", "logistic"]
        passed = network.forward(X, weights, biases, activations)
        np.testing.assert_allclose(outputs(theta, X)[k], passed[1][-1][:, 0], rtol=1e-13)
        loss = network.objective(X, y[:, None], weights, biases, activations, "squared_error")
        assert squared_error(theta, X, y)[k] == pytest.approx(loss, rel=1e-13)
        dW, db = network.backward(y[:, None], *passed, weights, activations, "squared_error")
        expected = np.concatenate([dW[0].ravel(), db[0], dW[1].ravel(), db[1]])
        np.testing.assert_allclose(squared_error_gradient(theta, X, y)[k], expected, rtol=1e-11, atol=1e-15)


def test_the_gradient_is_the_derivative(data):
    theta, X, y = data
    for parameters in theta:
        check_gradient(lambda p: float(squared_error(p, X, y)), lambda p: squared_error_gradient(p, X, y), parameters)


def test_leading_axes_are_independent(data):
    theta, X, y = data
    folded = theta[:4].reshape(2, 2, -1)
    np.testing.assert_allclose(squared_error(folded, X, y).ravel(), squared_error(theta[:4], X, y))
    np.testing.assert_allclose(
        squared_error_gradient(folded, X, y).reshape(4, -1), squared_error_gradient(theta[:4], X, y)
    )


def test_swapping_hidden_units_changes_nothing(data):
    theta, X, _ = data
    W1, b1, w2, b2 = split(theta, D)
    order = [1, 0]
    swapped = np.concatenate([W1[:, :, order].reshape(5, -1), b1[:, order], w2[:, order], b2[:, None]], axis=1)
    np.testing.assert_allclose(outputs(swapped, X), outputs(theta, X), rtol=1e-13)


def test_the_parameters_are_counted():
    for n_hidden in (1, 2, 11):
        W1, b1, w2, b2 = split(np.zeros(n_parameters(D, n_hidden)), D)
        assert W1.shape == (D, n_hidden)
        assert W1.size + b1.size + w2.size + b2.size == n_parameters(D, n_hidden)


def test_parameters_that_fit_no_network_are_named():
    with pytest.raises(ValueError, match=r"8 parameters do not fit a network of 2 inputs: expected H \* 4 \+ 1"):
        split(np.zeros(8), 2)
    with pytest.raises(ValueError, match="1 parameters do not fit"):
        split(np.zeros(1), 2)
