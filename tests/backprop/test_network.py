"""The passes of a network: every layer, activation and loss against differences and against PyTorch."""

import itertools

import numpy as np
import pytest
import torch

from nndl_support.activations import registry
from nndl_support.backprop.gradient_check import check_gradient
from nndl_support.backprop.network import (
    backward,
    check_all_gradients,
    deltas,
    forward,
    initialise,
    loss_value,
    objective,
)

SIZES = (3, 7, 5, 2)  # all different, so that a transposed axis shows
B = 11
# Smooth functions and the two plainest kinks; the others meet the same passes, and their own tests in tests/activations.
NAMES = ("identity", "leaky_relu", "log_softmax", "logistic", "relu", "softmax", "softplus", "tanh")
OUTPUTS = {  # the output activations whose values each loss accepts
    "squared_error": NAMES,
    "cross_entropy": ("softmax", "logistic"),
    "binary_cross_entropy": ("logistic", "softmax"),
}
TORCH = {
    "identity": lambda z: z,
    "logistic": torch.sigmoid,
    "tanh": torch.tanh,
    "relu": torch.relu,
    "leaky_relu": torch.nn.functional.leaky_relu,
    "softplus": lambda z: torch.logaddexp(z, torch.zeros_like(z)),
    "softmax": lambda z: torch.softmax(z, -1),
    "log_softmax": lambda z: torch.log_softmax(z, -1),
}
TORCH_LOSS = {
    "squared_error": lambda y, p: ((p - y) ** 2).sum() / (2 * B),
    "cross_entropy": lambda y, p: -(y * torch.log(p)).sum() / B,
    "binary_cross_entropy": lambda y, p: -(y * torch.log(p) + (1 - y) * torch.log(1 - p)).sum() / B,
}
COMBINATIONS = [(hidden, output, loss) for hidden in NAMES for loss, outputs in OUTPUTS.items() for output in outputs]


def build(hidden, output, loss, seed=0):
    rng = np.random.default_rng(seed)
    activations = (hidden, hidden, output)
    weights, biases = initialise(SIZES, activations, rng)
    weights = [W / 2 for W in weights]  # keeps log(p) of the peer away from log(0)
    biases = [0.3 * rng.normal(size=b.shape) for b in biases]
    X = rng.normal(size=(B, SIZES[0]))
    y = np.eye(SIZES[-1])[rng.integers(SIZES[-1], size=B)] if "entropy" in loss else rng.normal(size=(B, SIZES[-1]))
    return X, y, weights, biases, activations


# D20: every layer, activation and loss
@pytest.mark.parametrize(("hidden", "output", "loss"), COMBINATIONS)
def test_gradients_agree_with_central_differences_and_with_autograd(hidden, output, loss):
    X, y, weights, biases, activations = build(hidden, output, loss)
    gradients = backward(y, *forward(X, weights, biases, activations), weights, activations, loss, alpha=0.1)

    leaves = [torch.tensor(p, requires_grad=True) for p in (*weights, *biases)]
    a = torch.tensor(X)
    for W, b, name in zip(leaves[:3], leaves[3:], activations):
        a = TORCH[name](a @ W + b)
    risk = TORCH_LOSS[loss](torch.tensor(y), a) + 0.05 * sum((W**2).sum() for W in leaves[:3])
    risk.backward()
    assert objective(X, y, weights, biases, activations, loss, alpha=0.1) == pytest.approx(risk.item(), rel=1e-13)

    errors = check_all_gradients(X, y, weights, biases, activations, loss, alpha=0.1, rtol=1e-8)
    assert len(errors) == 6
    assert max(errors) <= 1e-8
    for ours, leaf in zip([*gradients[0], *gradients[1]], leaves):
        np.testing.assert_allclose(ours, leaf.grad.numpy(), rtol=1e-10, atol=1e-13)


@pytest.mark.parametrize("spoilt", range(6))
def test_the_check_of_all_gradients_notices_each_wrong_one(spoilt, monkeypatch):
    X, y, weights, biases, activations = build("tanh", "identity", "squared_error")

    def wrong(*arguments, **options):
        gradients = backward(*arguments, **options)
        [*gradients[0], *gradients[1]][spoilt].flat[0] += 1e-6
        return gradients

    monkeypatch.setattr("nndl_support.backprop.network.backward", wrong)
    with pytest.raises(AssertionError, match="the gradient is wrong"):
        check_all_gradients(X, y, weights, biases, activations, "squared_error")


def test_delta_is_the_derivative_by_the_net_input():
    X, y, weights, biases, activations = build("tanh", "softmax", "cross_entropy")
    pre_activations, outputs = forward(X, weights, biases, activations)
    errors = deltas(y, pre_activations, outputs, weights, activations, "cross_entropy")
    for layer, delta in enumerate(errors):

        def value(z, layer=layer):  # the rest of the network above this net input
            a = registry.get(activations[layer]).function(z)
            zs, above = (
                forward(a, weights[layer + 1 :], biases[layer + 1 :], activations[layer + 1 :])
                if layer < 2
                else ([z], [a])
            )
            return loss_value(y, zs, above, activations, "cross_entropy")

        check_gradient(value, delta, pre_activations[layer])


def test_a_batch_is_the_mean_of_its_examples():
    X, y, weights, biases, activations = build("relu", "softmax", "cross_entropy")
    together = backward(y, *forward(X, weights, biases, activations), weights, activations, "cross_entropy")
    alone = [
        backward(
            y[i : i + 1], *forward(X[i : i + 1], weights, biases, activations), weights, activations, "cross_entropy"
        )
        for i in range(B)
    ]
    for kind, layer in itertools.product(range(2), range(3)):
        np.testing.assert_allclose(together[kind][layer], np.mean([g[kind][layer] for g in alone], axis=0), atol=1e-15)


def test_permuting_hidden_units_changes_nothing():
    X, _, weights, biases, activations = build("tanh", "identity", "squared_error")
    before = forward(X, weights, biases, activations)[1][-1]
    order = np.random.default_rng(1).permutation(SIZES[1])
    permuted = [weights[0][:, order], weights[1][order], weights[2]], [biases[0][order], *biases[1:]]
    np.testing.assert_allclose(forward(X, *permuted, activations)[1][-1], before, atol=1e-15)


# D30: equal weights stay equal
@pytest.mark.parametrize("start", [0.0, 0.5])
@pytest.mark.parametrize("hidden", ["logistic", "tanh", "relu"])
def test_units_that_start_alike_receive_the_same_gradient(hidden, start):
    X, y, *_ = build(hidden, "identity", "squared_error")
    activations = (hidden, hidden, "identity")
    weights, biases = initialise(SIZES, activations, np.random.default_rng(0), scheme=start)
    for _ in range(5):
        gradients = backward(y, *forward(X, weights, biases, activations), weights, activations, "squared_error")
        for parameters, gradient in zip((weights, biases), gradients):
            for p, g in zip(parameters, gradient):
                p -= 0.1 * g
    np.testing.assert_allclose(weights[0], weights[0][:, :1] * np.ones(SIZES[1]), rtol=1e-12)
    np.testing.assert_allclose(weights[1], weights[1][:1, :1] * np.ones(SIZES[1:3]), rtol=1e-12)


def test_the_penalty_spares_the_biases():  # D18, exercise 4-7
    X, y, weights, biases, activations = build("tanh", "identity", "squared_error")
    passed = forward(X, weights, biases, activations)
    plain = backward(y, *passed, weights, activations, "squared_error")
    decayed = backward(y, *passed, weights, activations, "squared_error", alpha=2.0)
    for W, without, with_penalty in zip(weights, plain[0], decayed[0]):
        np.testing.assert_allclose(with_penalty - without, 2.0 * W)
    for without, with_penalty in zip(plain[1], decayed[1]):
        np.testing.assert_array_equal(with_penalty, without)


def test_gradients_are_written_where_asked():
    X, y, weights, biases, activations = build("relu", "identity", "squared_error")
    out = [np.full_like(W, np.nan) for W in weights], [np.full_like(b, np.nan) for b in biases]
    returned = backward(y, *forward(X, weights, biases, activations), weights, activations, "squared_error", out=out)
    assert returned is out
    assert all(np.isfinite(g).all() for part in out for g in part)


def test_transposed_weights_give_a_silent_error_that_the_check_catches():
    """On a square layer W and its transpose have one shape: only a gradient check sees the difference."""
    rng = np.random.default_rng(0)
    activations = ("tanh", "tanh", "identity")
    weights, biases = initialise((4, 4, 4, 4), activations, rng)
    X, y = rng.normal(size=(B, 4)), rng.normal(size=(B, 4))
    wrong = [weights[0], weights[1].T, weights[2].T]
    gradients = backward(y, *forward(X, weights, biases, activations), wrong, activations, "squared_error")
    with pytest.raises(AssertionError, match="the gradient is wrong"):
        check_gradient(
            lambda W: objective(X, y, [W, *weights[1:]], biases, activations, "squared_error"),
            gradients[0][0],
            weights[0],
        )


@pytest.mark.parametrize(
    ("activation", "scheme", "deviation"),
    [
        ("relu", "auto", np.sqrt(2 / 400)),
        ("tanh", "auto", np.sqrt(2 / 700)),
        ("logistic", "auto", 4 * np.sqrt(2 / 700)),
        ("tanh", "he", np.sqrt(2 / 400)),
        ("relu", "xavier", np.sqrt(2 / 700)),
    ],
)
def test_initial_weights_have_the_promised_deviation(activation, scheme, deviation):
    (W,), (b,) = initialise((400, 300), (activation,), np.random.default_rng(0), scheme=scheme)
    assert W.std() == pytest.approx(deviation, rel=0.01)
    assert abs(W.mean()) < 4 * deviation / np.sqrt(W.size)
    assert not b.any()


def test_wrong_arguments_are_named():
    rng = np.random.default_rng(0)
    weights, biases = initialise((3, 2), ("identity",), rng)
    with pytest.raises(ValueError, match="X has 4 columns, but the network has 3 inputs"):
        forward(np.ones((5, 4)), weights, biases, ("identity",))
    with pytest.raises(ValueError, match="3 sizes need 2 activations, but 1 were given"):
        initialise((3, 4, 2), ("relu",), rng)
    with pytest.raises(ValueError, match="at least one unit"):
        initialise((3, 0, 2), ("relu", "relu"), rng)
    with pytest.raises(ValueError, match="unknown initialisation 'orthogonal'"):
        initialise((3, 2), ("relu",), rng, scheme="orthogonal")
    passed = forward(np.ones((5, 3)), weights, biases, ("identity",))
    with pytest.raises(ValueError, match=r"targets have shape \(5,\), but the network's outputs have shape \(5, 2\)"):
        backward(np.ones(5), *passed, weights, ("identity",), "squared_error")


@pytest.mark.parametrize(
    ("names", "scheme", "deviation"),
    [
        ({"elu", "prelu", "swish", "silu", "gelu", "gelu_tanh", "gelu_sigmoid", "mish"}, "auto", np.sqrt(2 / 400)),
        ({"selu"}, "auto", np.sqrt(1 / 400)),
        ({"hard_logistic"}, "auto", 4 * np.sqrt(2 / 700)),
        ({"hard_tanh"}, "auto", np.sqrt(2 / 700)),
        ({"tanh", "relu", "logistic"}, "lecun", np.sqrt(1 / 400)),
    ],
    ids=("half open", "selu", "hard logistic", "hard tanh", "lecun"),
)
def test_each_family_gets_the_deviation_it_needs(names, scheme, deviation):
    for name in sorted(names):
        (W,), _ = initialise((400, 300), (name,), np.random.default_rng(0), scheme=scheme)
        assert W.std() == pytest.approx(deviation, rel=0.01), name
