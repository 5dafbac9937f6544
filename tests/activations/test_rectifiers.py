"""Rectifiers against PyTorch, at the kink too."""

import numpy as np
import pytest
import torch
from scipy.special import expit

from nndl_support.activations.rectifiers import leaky_relu, leaky_relu_derivative, softplus
from nndl_support.activations.registry import get

GRID = np.append(np.linspace(-30, 30, 1201), [0.0, -1e-8, 1e-8])
HUGE = np.array([-1e4, -800.0, 800.0, 1e4])
PEERS = {
    "relu": torch.relu,
    "leaky_relu": torch.nn.functional.leaky_relu,
    "softplus": lambda x: torch.logaddexp(x, torch.zeros_like(x)),  # torch's own softplus is cut at 20
    "identity": lambda x: 1 * x,
}


@pytest.mark.parametrize("name", PEERS)
def test_values_and_first_derivatives_agree_with_autograd_at_the_kink_too(name):
    x = torch.tensor(GRID, requires_grad=True)
    value = PEERS[name](x)
    (first,) = torch.autograd.grad(value.sum(), x)
    np.testing.assert_allclose(get(name).function(GRID), value.detach().numpy(), rtol=0, atol=1e-14)
    np.testing.assert_allclose(get(name).derivative(GRID), first.numpy(), rtol=0, atol=1e-10)


@pytest.mark.parametrize("name", PEERS)
def test_second_derivative_is_the_slope_of_the_first_away_from_the_kink(name):
    x, h = GRID[np.abs(GRID) > 1e-3], 1e-5
    slope = (get(name).derivative(x + h) - get(name).derivative(x - h)) / (2 * h)
    np.testing.assert_allclose(get(name).second_derivative(x), slope, rtol=0, atol=1e-10)


@pytest.mark.parametrize("name", PEERS)
def test_everything_stays_finite_far_from_zero(name):
    activation = get(name)
    for function in (activation.function, activation.derivative, activation.second_derivative):
        assert np.isfinite(function(HUGE)).all()


def test_the_slope_at_the_kink_is_the_one_on_the_left():
    assert get("relu").derivative(0.0) == 0.0
    assert get("leaky_relu").derivative(0.0) == 0.01
    assert get("relu").second_derivative(0.0) == get("leaky_relu").second_derivative(0.0) == 0.0


def test_leaky_relu_uses_the_slope_it_is_given():
    np.testing.assert_array_equal(leaky_relu([-2.0, 2.0], slope=0.3), [-0.6, 2.0])
    np.testing.assert_array_equal(leaky_relu_derivative([-2.0, 2.0], slope=0.3), [0.3, 1.0])


def test_softplus_is_exact_where_torch_cuts_it_off():
    np.testing.assert_allclose(softplus(GRID), np.logaddexp(0.0, GRID), rtol=1e-14)
    np.testing.assert_allclose(get("softplus").derivative(GRID), expit(GRID), rtol=1e-15)
    torch_error = abs(torch.nn.functional.softplus(torch.tensor(20.5, dtype=torch.float64)).item() - softplus(20.5))
    assert 1e-9 < torch_error < 3e-9


def test_softplus_is_the_line_far_to_the_right_and_zero_far_to_the_left():
    np.testing.assert_array_equal(softplus([-1e4, 800.0, 1e4]), [0.0, 800.0, 1e4])
