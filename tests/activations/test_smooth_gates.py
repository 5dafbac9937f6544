"""Smooth gates against PyTorch and its automatic differentiation, and in both tails against closed forms."""

from fractions import Fraction

import numpy as np
import pytest
import torch
from scipy.optimize import minimize_scalar
from scipy.special import expit, log_expit, log_ndtr

from nndl_support.activations import smooth_gates
from nndl_support.activations.rectifiers import relu, softplus
from nndl_support.activations.smooth_gates import (
    gelu,
    gelu_sigmoid,
    gelu_tanh,
    mish,
    silu,
    swish,
    swish_derivative,
    swish_derivative_by_beta,
    swish_second_derivative,
)
from nndl_support.backprop.gradient_check import check_gradient

functional = torch.nn.functional
GRID = np.append(np.linspace(-30, 30, 6001), [0.0, -1e-8, 1e-8])
HUGE = np.array([-1e4, -800.0, -745.0, -40.0, 40.0, 745.0, 800.0, 1e4])
PEERS = {
    "silu": functional.silu,
    "gelu": functional.gelu,
    "gelu_tanh": lambda x: functional.gelu(x, approximate="tanh"),
    "gelu_sigmoid": lambda x: x * torch.sigmoid(1.702 * x),
    "mish": functional.mish,
}
NAMES = tuple(PEERS)


def of(name, suffix=""):
    return getattr(smooth_gates, name + suffix)


@pytest.mark.parametrize("name", NAMES)
def test_values_and_both_derivatives_agree_with_autograd_at_zero_too(name):
    x = torch.tensor(GRID, requires_grad=True)
    value = PEERS[name](x)
    (first,) = torch.autograd.grad(value.sum(), x, create_graph=True)
    (second,) = torch.autograd.grad(first.sum(), x)
    np.testing.assert_allclose(of(name)(GRID), value.detach().numpy(), rtol=0, atol=1e-14)
    np.testing.assert_allclose(of(name, "_derivative")(GRID), first.detach().numpy(), rtol=0, atol=1e-10)
    np.testing.assert_allclose(of(name, "_second_derivative")(GRID), second.numpy(), rtol=0, atol=1e-10)


@pytest.mark.parametrize("beta", [-1.3, 0.0, 0.5, 1.0, 2.7, 100.0])
def test_swish_and_its_three_derivatives_agree_with_autograd_for_every_beta(beta):
    x = torch.tensor(GRID, requires_grad=True)
    b = torch.full_like(x, beta, requires_grad=True)
    value = x * torch.sigmoid(b * x)
    first, by_beta = torch.autograd.grad(value.sum(), (x, b), create_graph=True)
    (second,) = torch.autograd.grad(first.sum(), x)
    np.testing.assert_allclose(swish(GRID, beta), value.detach().numpy(), rtol=0, atol=1e-14)
    np.testing.assert_allclose(swish_derivative(GRID, beta), first.detach().numpy(), rtol=0, atol=1e-10)
    np.testing.assert_allclose(swish_second_derivative(GRID, beta), second.numpy(), rtol=0, atol=1e-10)
    np.testing.assert_allclose(swish_derivative_by_beta(GRID, beta), by_beta.detach().numpy(), rtol=0, atol=1e-10)


def test_swish_runs_from_half_the_identity_to_relu():
    np.testing.assert_array_equal(swish(GRID, 0.0), GRID / 2)
    for beta in (1.0, 100.0, 1e4):
        # |swish - relu| = |x| sigma(-beta |x|) = (t sigma(-t)) / beta with t = beta |x|, at most 0.2785 / beta
        assert np.abs(swish(GRID, beta) - relu(GRID)).max() <= 0.278465 / beta


@pytest.mark.parametrize("name", NAMES)
def test_the_function_is_the_input_times_a_gate_that_opens_from_zero_to_one(name):
    gate = of(name)(GRID[GRID != 0]) / GRID[GRID != 0]
    assert (gate >= 0).all()
    assert (gate <= 1).all()
    assert (np.diff(gate[np.argsort(GRID[GRID != 0])]) >= -1e-15).all()


@pytest.mark.parametrize("name", ["silu", "gelu", "gelu_tanh", "gelu_sigmoid"])
def test_the_two_sides_differ_by_the_identity(name):
    """A gate with g(-x) = 1 - g(x) makes f(x) - f(-x) = x; Mish has no such symmetry."""
    np.testing.assert_allclose(of(name)(GRID) - of(name)(-GRID), GRID, rtol=0, atol=1e-14)
    assert np.abs(mish(GRID) - mish(-GRID) - GRID).max() > 0.1


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("suffix", ["", "_derivative", "_second_derivative"])
def test_everything_stays_finite_and_silent_far_from_zero(name, suffix):
    values = of(name, suffix)(HUGE)  # a warning would be an error here
    assert np.isfinite(values).all()
    limits = {"": HUGE * (HUGE > 0), "_derivative": (HUGE > 0) * 1.0, "_second_derivative": 0 * HUGE}[suffix]
    np.testing.assert_allclose(values, limits, rtol=1e-15, atol=2e-15)


def test_the_left_tail_keeps_its_digits():
    x = np.linspace(-36.0, -5.0, 311)
    np.testing.assert_allclose(silu(x), x * np.exp(log_expit(x)), rtol=1e-13)
    np.testing.assert_allclose(gelu(x), x * np.exp(log_ndtr(x)), rtol=1e-12)
    np.testing.assert_allclose(mish(x), x * np.tanh(softplus(x)), rtol=1e-13)
    slope = np.exp(log_expit(x)) * (1 + x * expit(-x))
    np.testing.assert_allclose(smooth_gates.silu_derivative(x), slope, rtol=1e-13)


def test_mish_is_the_input_times_tanh_of_softplus():
    np.testing.assert_allclose(mish(GRID), GRID * np.tanh(np.logaddexp(0.0, GRID)), rtol=0, atol=1e-14)


def test_gelu_is_an_average_over_random_gates():
    """The mean of x m with m = 1 as often as a normal number stays below x."""
    x, n = np.array([-1.5, -0.3, 0.7, 2.0]), 400_000
    below = np.random.default_rng(0).normal(size=(n, 1)) <= x
    error = np.abs(x) * np.sqrt(gelu(x) / x * (1 - gelu(x) / x) / n)
    assert (np.abs((x * below).mean(axis=0) - gelu(x)) < 4 * error).all()


def test_the_tanh_form_is_off_by_less_than_five_in_ten_thousand():
    worst = minimize_scalar(lambda x: -abs(gelu_tanh(x) - gelu(x)), bounds=(1.5, 3.5), method="bounded")
    assert -worst.fun == pytest.approx(4.73e-4, abs=1e-6)
    assert np.abs(gelu_tanh(GRID) - gelu(GRID)).max() <= -worst.fun * (1 + 1e-9)


def test_the_sigmoid_form_is_off_by_two_in_a_hundred():
    worst = minimize_scalar(lambda x: -abs(gelu_sigmoid(x) - gelu(x)), bounds=(1.5, 3.5), method="bounded")
    assert 0.020 < -worst.fun < 0.021
    assert np.abs(gelu_sigmoid(GRID) - gelu(GRID)).max() <= -worst.fun * (1 + 1e-9)


def test_gelu_bends_the_other_way_beyond_the_root_of_two():
    second = smooth_gates.gelu_second_derivative
    assert abs(second(np.sqrt(2))) < 1e-15
    assert second(1.41) > 0 > second(1.42)


@pytest.mark.parametrize("name", NAMES)
def test_shapes_numbers_and_the_input_itself_are_left_as_they_are(name):
    x = np.arange(30.0).reshape(5, 3, 2) - 12
    before = x.copy()
    for suffix in ("", "_derivative", "_second_derivative"):
        f = of(name, suffix)
        assert f(x).shape == x.shape
        np.testing.assert_array_equal(x, before)
        assert f(2).item() == f(2.0).item() == f([2])[0] == f(np.float32(2))  # ints and scalars are numbers too
        assert f(np.zeros((0, 3))).shape == (0, 3)


@pytest.mark.parametrize("name", NAMES)
def test_derivatives_agree_with_central_differences(name):
    x = np.array([-7.0, -1.3, -0.2, 0.0, 0.9, 3.1, 11.0])
    check_gradient(lambda z: of(name)(z).sum(), of(name, "_derivative")(x), x)
    check_gradient(lambda z: of(name, "_derivative")(z).sum(), of(name, "_second_derivative")(x), x)


def test_the_second_derivative_of_mish_is_the_fraction_it_claims_to_be():
    """In exact arithmetic: g = w/(w+2) with de/dx = e, differentiated twice by the quotient rule."""
    for e in (Fraction(1, 3), Fraction(1), Fraction(7, 2)):
        w, dw, d2w = e * e + 2 * e, 2 * e * e + 2 * e, 4 * e * e + 2 * e  # by x, as e' = e
        first = 2 * dw / (w + 2) ** 2
        second = (2 * d2w * (w + 2) - 4 * dw * dw) / (w + 2) ** 3
        x = np.log(float(e))
        expected = 2 * float(first) + x * float(second)
        assert smooth_gates.mish_second_derivative(x) == pytest.approx(expected, rel=1e-13)


@pytest.mark.parametrize("suffix", ["", "_derivative", "_second_derivative", "_derivative_by_beta"])
def test_a_beta_for_each_unit_fits_or_is_named(suffix):
    f, x = of("swish", suffix), np.random.default_rng(0).normal(size=(5, 3))
    betas = np.array([0.5, -1.0, 3.0])
    np.testing.assert_array_equal(f(x, betas), np.stack([f(x[:, i], b) for i, b in enumerate(betas)], axis=1))
    with pytest.raises(ValueError, match=r"betas of shape \(5,\) do not fit x of shape \(5, 3\)"):
        f(x, np.ones(5))
    with pytest.raises(ValueError, match=r"betas of shape \(3,\) do not fit x of shape \(\)"):
        f(1.0, betas)
    for bad in (np.nan, np.inf, [1.0, np.nan, 1.0]):
        with pytest.raises(ValueError, match=r"beta must be .*finite.*, but is"):
            f(x, bad)
    with pytest.raises(TypeError, match="needs real numbers, but beta has type <U1: '1'"):
        f(x, "1")


@pytest.mark.parametrize("name", NAMES)
def test_even_inputs_of_1e50_raise_no_warning(name):
    x = np.array([-1e50, 1e50])
    np.testing.assert_allclose(of(name)(x), [0.0, 1e50])
    np.testing.assert_allclose(of(name, "_derivative")(x), [0.0, 1.0], atol=1e-20)
    np.testing.assert_allclose(of(name, "_second_derivative")(x), 0.0, atol=1e-20)
