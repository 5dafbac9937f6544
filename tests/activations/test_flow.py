"""Gradient norms per layer: products by hand, central differences, autograd, and bad input."""

import numpy as np
import pytest
import torch
from torch import nn

from nndl_support.activations.flow import gradient_norms
from nndl_support.backprop.mlp import MLPClassifier, MLPRegressor
from nndl_support.backprop.network import backward, forward, objective

RNG = np.random.default_rng(0)
X = RNG.normal(size=(11, 3))
LABELS = RNG.integers(4, size=11)
TARGETS = RNG.normal(size=(11, 2))
TORCH = {"tanh": nn.Tanh, "logistic": nn.Sigmoid, "softplus": nn.Softplus}


def as_module(network):
    """The same network as a torch module that returns the scores (the last net inputs)."""
    pieces = []
    for W, b, name in zip(network.coefs_, network.intercepts_, network.activations_):
        linear = nn.Linear(*W.shape).double()
        linear.weight.data, linear.bias.data = torch.tensor(W.T), torch.tensor(b)
        pieces += [linear, TORCH.get(name, nn.Identity)()]
    return nn.Sequential(*pieces[:-1])


@pytest.fixture
def classifier():
    return MLPClassifier((7, 5), activation="tanh", max_epochs=2, random_state=0).fit(X, LABELS)


def test_a_chain_of_two_units_gives_the_product_of_its_factors():
    """Output w2 tanh(w1 x), loss half the squared error: both gradients are written down by hand."""
    network = MLPRegressor(1, activation="tanh", max_epochs=1, random_state=0).fit([[0.0], [1.0]], [0.0, 1.0])
    network.coefs_, network.intercepts_ = [np.array([[0.7]]), np.array([[-1.3]])], [np.zeros(1), np.zeros(1)]
    x, y = 0.9, 0.4
    h = np.tanh(0.7 * x)
    residual = -1.3 * h - y
    expected = [abs(residual * -1.3 * (1 - h**2) * x), abs(residual * h)]
    np.testing.assert_allclose(gradient_norms(network, [[x]], [y]), expected, rtol=1e-12)
    delta = [abs(residual * -1.3 * (1 - h**2)), abs(residual)]
    np.testing.assert_allclose(gradient_norms(network, [[x]], [y], of="biases"), delta, rtol=1e-12)


def test_the_norms_are_those_of_central_differences(classifier):
    y = np.eye(4)[LABELS]
    for of, arrays in (("weights", classifier.coefs_), ("biases", classifier.intercepts_)):
        expected = []
        for array in arrays:
            slopes = []
            for index in np.ndindex(array.shape):
                value = array[index]
                losses = []
                for moved in (value + 1e-5, value - 1e-5):
                    array[index] = moved
                    losses.append(
                        objective(
                            X, y, classifier.coefs_, classifier.intercepts_, classifier.activations_, "cross_entropy"
                        )
                    )
                array[index] = value
                slopes.append((losses[0] - losses[1]) / 2e-5)
            expected.append(np.sqrt(np.sum(np.square(slopes))))
        np.testing.assert_allclose(gradient_norms(classifier, X, LABELS, of=of), expected, rtol=1e-7)


@pytest.mark.parametrize("of", ["weights", "biases"])
@pytest.mark.parametrize("name", sorted(TORCH))
def test_estimator_and_module_have_the_same_norms(name, of):
    network = MLPClassifier((7, 5, 6), activation=name, max_epochs=1, random_state=1).fit(X, LABELS)
    ours, theirs = (gradient_norms(n, X, LABELS, of=of) for n in (network, as_module(network)))
    assert ours.shape == (4,)
    assert ours.dtype == theirs.dtype == np.float64
    np.testing.assert_allclose(ours, theirs, rtol=1e-12)


def test_the_bias_norm_is_the_length_of_the_summed_deltas(classifier):
    passed = forward(X, classifier.coefs_, classifier.intercepts_, classifier.activations_)
    _, by_bias = backward(np.eye(4)[LABELS], *passed, classifier.coefs_, classifier.activations_, "cross_entropy")
    expected = [np.sqrt((b**2).sum()) for b in by_bias]
    np.testing.assert_allclose(gradient_norms(classifier, X, LABELS, of="biases"), expected, rtol=1e-14)


def test_a_regressor_and_a_module_agree_when_the_loss_is_given():
    network = MLPRegressor((5, 7), activation="tanh", max_epochs=1, random_state=0).fit(X, TARGETS)

    def half_squared_error(output, y):
        return ((output - y) ** 2).sum() / (2 * len(y))

    ours = gradient_norms(network, X, TARGETS)
    np.testing.assert_allclose(gradient_norms(as_module(network), X, TARGETS, loss=half_squared_error), ours)
    # Without loss= the mean runs over the two outputs too, without the half: here the same number, K = 2.
    np.testing.assert_allclose(gradient_norms(as_module(network), X, TARGETS), ours)


def test_an_estimator_of_anyone_is_welcome():
    class Network:
        def gradients(self, x, y):
            return [np.full((3, 2), 2.0), np.ones((2, 1))], [np.zeros(2), np.array([-3.0])]

    np.testing.assert_allclose(gradient_norms(Network(), X, LABELS), [np.sqrt(24), np.sqrt(2)])
    np.testing.assert_allclose(gradient_norms(Network(), X, LABELS, of="biases"), [0, 3])


@pytest.mark.parametrize(
    ("network", "error", "message"),
    [
        ("a network", TypeError, r"network is of type str; expected an estimator .* or a torch.nn.Module"),
        (MLPClassifier(), ValueError, "not fitted yet"),
        (type("Empty", (), {"gradients": lambda self, x, y: ([], [])})(), ValueError, "Empty returned no gradients"),
        (nn.Tanh(), ValueError, "Tanh has no parameters"),
    ],
)
def test_a_network_that_is_none_is_named(network, error, message):
    with pytest.raises(error, match=message):
        gradient_norms(network, X, LABELS)


@pytest.mark.parametrize("kind", ["estimator", "module"])
@pytest.mark.parametrize(
    ("x", "y", "message"),
    [
        (X[:0], LABELS[:0], r"x has shape \(0, 3\); expected a batch of at least one"),
        (X, LABELS[:0], r"y has shape \(0,\); expected a batch"),
        (X, LABELS[:-1], "x has 11 examples, but y has 10"),
        (np.where(X > 1, np.nan, X), LABELS, "x contains NaN or infinity"),
    ],
)
def test_bad_data_is_named(classifier, kind, x, y, message):
    network = classifier if kind == "estimator" else as_module(classifier)
    with pytest.raises(ValueError, match=message):
        gradient_norms(network, x, y)


def test_bad_options_are_named(classifier):
    with pytest.raises(ValueError, match="of must be one of weights, biases, but is 'deltas'"):
        gradient_norms(classifier, X, LABELS, of="deltas")
    with pytest.raises(ValueError, match="MLPClassifier has a loss of its own"):
        gradient_norms(classifier, X, LABELS, loss=nn.CrossEntropyLoss())
    with pytest.raises(ValueError, match="X has 2 features, but MLPClassifier is expecting 3"):
        gradient_norms(classifier, X[:, :2], LABELS)
