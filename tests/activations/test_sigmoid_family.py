"""Logistic, tanh and softmax against PyTorch's functions and its automatic derivatives."""

import numpy as np
import pytest
import torch
from scipy.special import expit

from nndl_support.activations.registry import get
from nndl_support.activations.sigmoid_family import (
    log_softmax,
    log_softmax_jacobian,
    logistic,
    logistic_derivative,
    softmax,
    softmax_jacobian,
    tanh,
    tanh_derivative,
)

GRID = np.append(np.linspace(-30, 30, 1201), [0.0, -1e-8, 1e-8])
HUGE = np.array([-1e4, -800.0, 800.0, 1e4])
PEERS = {"logistic": torch.sigmoid, "tanh": torch.tanh}


@pytest.mark.parametrize("name", PEERS)
def test_values_and_both_derivatives_agree_with_autograd(name):
    x = torch.tensor(GRID, requires_grad=True)
    value = PEERS[name](x)
    (first,) = torch.autograd.grad(value.sum(), x, create_graph=True)
    (second,) = torch.autograd.grad(first.sum(), x)
    np.testing.assert_allclose(get(name).function(GRID), value.detach().numpy(), rtol=0, atol=1e-14)
    np.testing.assert_allclose(get(name).derivative(GRID), first.detach().numpy(), rtol=0, atol=1e-10)
    np.testing.assert_allclose(get(name).second_derivative(GRID), second.numpy(), rtol=0, atol=1e-10)


@pytest.mark.parametrize("name", PEERS)
def test_everything_stays_finite_far_from_zero(name):
    activation = get(name)
    for function in (activation.function, activation.derivative, activation.second_derivative):
        assert np.isfinite(function(HUGE)).all()


def test_logistic_keeps_its_digits_in_both_tails():
    np.testing.assert_allclose(logistic(GRID), expit(GRID), rtol=1e-15)
    np.testing.assert_allclose(logistic_derivative(GRID), expit(GRID) * expit(-GRID), rtol=1e-14)


def test_tanh_is_a_logistic_function_stretched_to_both_signs():
    np.testing.assert_allclose(tanh(GRID), 2 * logistic(2 * GRID) - 1, rtol=0, atol=1e-15)


def test_tanh_slope_does_not_vanish_by_rounding():
    assert tanh_derivative(20.0) == pytest.approx(4 * np.exp(-40.0), rel=1e-15)
    assert 1 - tanh(20.0) ** 2 == 0.0  # what the textbook formula would say


def test_softmax_and_its_logarithm_agree_with_torch():
    x = np.random.default_rng(0).normal(scale=10, size=(5, 3, 7))
    np.testing.assert_allclose(softmax(x), torch.softmax(torch.tensor(x), -1).numpy(), atol=1e-14)
    np.testing.assert_allclose(log_softmax(x), torch.log_softmax(torch.tensor(x), -1).numpy(), atol=1e-13)


@pytest.mark.parametrize(
    ("function", "jacobian", "peer"),
    [(softmax, softmax_jacobian, torch.softmax), (log_softmax, log_softmax_jacobian, torch.log_softmax)],
)
def test_jacobians_agree_with_autograd(function, jacobian, peer):
    rows = np.random.default_rng(0).uniform(-30, 30, size=(5, 3))
    for x, ours in zip(rows, jacobian(rows)):
        theirs = torch.autograd.functional.jacobian(lambda t: peer(t, -1), torch.tensor(x))
        np.testing.assert_allclose(ours, theirs.numpy(), rtol=0, atol=1e-10)


def test_softmax_ignores_a_shift_and_stays_finite():
    x = np.array([[-1e4, 0.0, 1e4], [3.0, 3.0, 3.0]])
    np.testing.assert_allclose(softmax(x), softmax(x + 1e4))
    assert np.isfinite(log_softmax(x)).all()
    assert np.isfinite(softmax_jacobian(x)).all()
    np.testing.assert_allclose(softmax(x).sum(axis=-1), 1.0)
