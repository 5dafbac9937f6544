"""Layers that learn their shape: against the functions of the chapter, PyTorch, and central differences."""

import numpy as np
import pytest
import torch
from scipy.integrate import quad
from scipy.stats import norm

from nndl_support.activations import learnt_layers, rectifiers
from nndl_support.activations.gated_units import KINDS, gated_linear_unit, gated_linear_unit_backward
from nndl_support.activations.registry import get
from nndl_support.activations.smooth_gates import swish
from nndl_support.backprop.gradient_check import check_gradient

B, D, M, P = 7, 5, 3, 4
UNITS = (*learnt_layers.UNITS, "identity")


def layer(unit, seed=0):
    rng = np.random.default_rng(seed)
    parameters = learnt_layers.start(unit, D, M, rng, n_pieces=P)
    moved = [p + 0.3 * rng.normal(size=p.shape) for p in parameters]  # biases and slopes off their start
    return rng.normal(size=(B, D)), moved


@pytest.mark.parametrize("unit", UNITS)
def test_every_gradient_agrees_with_central_differences(unit):
    x, parameters = layer(unit)
    upstream = np.random.default_rng(1).normal(size=(B, M))
    by_x, gradients = learnt_layers.forward(unit, x, parameters)[1](upstream)
    check_gradient(lambda x: (upstream * learnt_layers.forward(unit, x, parameters)[0]).sum(), by_x, x)
    assert len(gradients) == len(parameters)
    for i, gradient in enumerate(gradients):

        def loss(moved, i=i):
            changed = [*parameters[:i], moved, *parameters[i + 1 :]]
            return (upstream * learnt_layers.forward(unit, x, changed)[0]).sum()

        check_gradient(loss, gradient, parameters[i])


def test_maxout_is_the_function_of_the_chapter():
    x, (W, b) = layer("maxout")
    upstream = np.random.default_rng(2).normal(size=(B, M))
    outputs, pull_back = learnt_layers.forward("maxout", x, [W, b])
    np.testing.assert_allclose(outputs, rectifiers.maxout(x, W, b))
    by_x, (by_W, by_b) = pull_back(upstream)
    for ours, theirs in zip((by_x, by_W, by_b), rectifiers.maxout_backward(x, W, b, upstream)):
        np.testing.assert_allclose(ours, theirs, atol=1e-13)


def test_prelu_learns_its_slopes_as_torch_does():
    x, (W, b, slopes) = layer("prelu")
    module = torch.nn.PReLU(M, dtype=torch.float64)
    module.weight.data = torch.tensor(slopes)
    outputs, pull_back = learnt_layers.forward("prelu", x, [W, b, slopes])
    theirs = module(torch.tensor(x @ W + b))
    theirs.sum().backward()
    np.testing.assert_allclose(outputs, theirs.detach().numpy(), atol=1e-14)
    np.testing.assert_allclose(pull_back(np.ones((B, M)))[1][2], module.weight.grad.numpy(), atol=1e-13)


def test_swish_has_one_beta_for_each_unit():
    x, (W, b, betas) = layer("swish")
    outputs, _ = learnt_layers.forward("swish", x, [W, b, betas])
    for unit in range(M):
        np.testing.assert_allclose(outputs[:, unit], swish((x @ W + b)[:, unit], betas[unit]))


@pytest.mark.parametrize("kind", KINDS)
def test_gated_layers_are_the_gated_units(kind):
    x, parameters = layer(kind)
    upstream = np.random.default_rng(3).normal(size=(B, M))
    outputs, pull_back = learnt_layers.forward(kind, x, parameters)
    np.testing.assert_allclose(outputs, gated_linear_unit(x, *parameters, kind=kind))
    by_x, gradients = pull_back(upstream)
    for ours, theirs in zip([by_x, *gradients], gated_linear_unit_backward(x, *parameters, upstream, kind=kind)):
        np.testing.assert_allclose(ours, theirs, atol=1e-13)


@pytest.mark.parametrize("name", ["identity", "logistic", "relu", "gelu", "silu"])
def test_the_mean_square_is_the_integral_over_the_normal_density(name):
    halves = (quad(lambda z: float(get(name).function(z)) ** 2 * norm.pdf(z), a, b)[0] for a, b in ((-9, 0), (0, 9)))
    assert learnt_layers.mean_square(name) == pytest.approx(sum(halves), abs=1e-8)


@pytest.mark.parametrize("unit", ["relu", "maxout", *KINDS])
def test_the_start_keeps_the_mean_square_of_a_normal_input(unit):
    """Two pieces for maxout: E max(z1, z2)^2 = 1 for independent standard normal z1, z2."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(400, 500))
    parameters = learnt_layers.start(unit, 500, 400, rng)
    assert np.mean(learnt_layers.forward(unit, x, parameters)[0] ** 2) == pytest.approx(1.0, rel=0.05)


@pytest.mark.parametrize("unit", UNITS)
def test_only_the_matrices_are_called_weights(unit):
    parameters = learnt_layers.start(unit, D, M, np.random.default_rng(0), n_pieces=P)
    flags = learnt_layers.is_weight(unit)
    assert len(flags) == len(parameters)
    for p, flag in zip(parameters, flags):
        assert flag == (p.shape[-2:] == (D, M))
