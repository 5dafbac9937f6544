"""The worked update: the designed gradient, confirmed by back-propagation, autograd and differences."""

import numpy as np
import pytest
import torch

from nndl_support.activations.worked_update import chain_with_gradient
from nndl_support.backprop import network

NAMES = ["logistic"] * 11


def test_back_propagation_finds_the_designed_gradient_and_updates_as_printed():
    weights, biases = chain_with_gradient(4.4e-8)
    W, b = [np.array([[w]]) for w in weights], [np.array([v]) for v in biases]
    passed = network.forward(np.ones((1, 1)), W, b, NAMES)
    by_weight, _ = network.backward(np.zeros((1, 1)), *passed, W, NAMES, "squared_error")
    assert by_weight[0].item() == pytest.approx(4.4e-8, rel=1e-10)
    assert f"{W[0].item() - 0.5 * by_weight[0].item():.9f}" == "0.199999978"


def test_autograd_finds_it_too():
    weights, biases = (torch.tensor(v, requires_grad=True) for v in chain_with_gradient(4.4e-8))
    a = torch.ones((), dtype=torch.float64)
    for w, b in zip(weights, biases):
        a = torch.sigmoid(w * a + b)
    (a**2 / 2).backward()
    assert weights.grad[0].item() == pytest.approx(4.4e-8, rel=1e-10)


@pytest.mark.parametrize(
    ("gradient", "options"),
    [(1e-3, {"n_layers": 5}), (1e-5, {"n_layers": 7, "x": 2.0}), (3e-7, {"first_weight": -1.0, "y": 0.1})],
)
def test_other_gradients_can_be_had(gradient, options):
    options = {"first_weight": 0.2, "x": 1.0, "y": 0.0} | options
    weights, biases = chain_with_gradient(gradient, **options)

    def cost(first):
        a = options["x"]
        for w in (first, *weights[1:]):
            a = 1 / (1 + np.exp(-w * a))
        return (a - options["y"]) ** 2 / 2

    assert weights[0] == options["first_weight"]
    assert not biases.any()
    h = 1e-3
    difference = (
        8 * (cost(weights[0] + h) - cost(weights[0] - h)) - cost(weights[0] + 2 * h) + cost(weights[0] - 2 * h)
    ) / (12 * h)
    assert difference == pytest.approx(gradient, rel=1e-5)


def test_of_the_two_chains_with_this_gradient_the_one_with_smaller_weights_is_returned():
    common = chain_with_gradient(4.4e-8)[0][1]
    assert 0 < common < 1.2


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: chain_with_gradient(1e-3), r"chain of 11 units no common weight gives a gradient above .*take fewer"),
        (lambda: chain_with_gradient(-1.0), "the gradient must be positive, but is -1.0"),
        (lambda: chain_with_gradient(1e-8, y=1.0), "with x=1.0 and y=1.0 the gradient is not positive"),
        (lambda: chain_with_gradient(1e-8, n_layers=1), "needs at least 2 layers"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
