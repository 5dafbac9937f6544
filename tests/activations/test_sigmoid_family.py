"""Step, logistic, tanh, hard forms and softmax against PyTorch's functions and its automatic derivatives."""

from functools import partial

import numpy as np
import pytest
import torch
from scipy.special import expit

from nndl_support.activations import sigmoid_family
from nndl_support.activations.registry import get
from nndl_support.activations.sigmoid_family import (
    hard_logistic,
    hard_logistic_derivative,
    hard_tanh,
    hard_tanh_derivative,
    log_softmax,
    log_softmax_jacobian,
    logistic,
    logistic_derivative,
    softmax,
    softmax_jacobian,
    step,
    step_derivative,
    step_second_derivative,
    tanh,
    tanh_derivative,
)
from nndl_support.backprop import mcculloch_pitts

GRID = np.concatenate([np.linspace(-30, 30, 1201), [0.0, -1e-8, 1e-8], [-3.0, -2.0, -1.0, 1.0, 2.0, 3.0]])
HUGE = np.array([-1e300, -1e4, -1e3, -745.0, -709.0, 0.0, 709.0, 745.0, 1e3, 1e4, 1e300])
PEERS = {"logistic": torch.sigmoid, "tanh": torch.tanh, "hard_tanh": torch.nn.functional.hardtanh}
NAMES = [*PEERS, "hard_logistic"]


@pytest.mark.parametrize("name", ["logistic", "tanh"])
def test_values_and_both_derivatives_agree_with_autograd(name):
    x = torch.tensor(GRID, requires_grad=True)
    value = PEERS[name](x)
    (first,) = torch.autograd.grad(value.sum(), x, create_graph=True)
    (second,) = torch.autograd.grad(first.sum(), x)
    np.testing.assert_allclose(get(name).function(GRID), value.detach().numpy(), rtol=0, atol=1e-14)
    np.testing.assert_allclose(get(name).derivative(GRID), first.detach().numpy(), rtol=0, atol=1e-10)
    np.testing.assert_allclose(get(name).second_derivative(GRID), second.numpy(), rtol=0, atol=1e-10)


@pytest.mark.parametrize(
    ("function", "derivative", "peer"),
    [
        (hard_tanh, hard_tanh_derivative, torch.nn.functional.hardtanh),
        # both hard logistic functions, as torch's hardtanh moved and shrunk
        (hard_logistic, hard_logistic_derivative, lambda x: torch.nn.functional.hardtanh(x / 2) / 2 + 0.5),
        (
            partial(hard_logistic, slope=1 / 6),
            partial(hard_logistic_derivative, slope=1 / 6),
            lambda x: torch.nn.functional.hardtanh(x / 3) / 2 + 0.5,
        ),
    ],
)
def test_hard_forms_agree_with_torch_at_the_corners_too(function, derivative, peer):
    x = torch.tensor(GRID, requires_grad=True)
    value = peer(x)
    (first,) = torch.autograd.grad(value.sum(), x)
    np.testing.assert_allclose(function(GRID), value.detach().numpy(), rtol=0, atol=1e-14)
    np.testing.assert_allclose(derivative(GRID), first.numpy(), rtol=0, atol=1e-10)


def test_hardsigmoid_of_torch_is_the_sixth_form_but_its_backward_pass_knows_one_sixth_in_32_bits_only():
    x = torch.tensor(GRID, requires_grad=True)
    value = torch.nn.functional.hardsigmoid(x)
    (first,) = torch.autograd.grad(value.sum(), x)
    np.testing.assert_allclose(hard_logistic(GRID, slope=1 / 6), value.detach().numpy(), rtol=0, atol=1e-14)
    np.testing.assert_array_equal(hard_logistic_derivative(GRID, slope=np.float32(1 / 6).item()), first.numpy())
    np.testing.assert_allclose(hard_logistic_derivative(GRID, slope=1 / 6), first.numpy(), rtol=0, atol=5e-9)


@pytest.mark.parametrize("name", NAMES)
def test_derivatives_are_the_slopes_of_what_they_claim_to_be(name):
    activation, h = get(name), 1e-5
    x = GRID[np.min(np.abs(np.abs(GRID)[:, None] - [1.0, 2.0]), axis=1) > 1e-3]  # away from the corners
    for function, slope in [
        (activation.function, activation.derivative),
        (activation.derivative, activation.second_derivative),
    ]:
        np.testing.assert_allclose((function(x + h) - function(x - h)) / (2 * h), slope(x), rtol=0, atol=1e-10)


@pytest.mark.parametrize("name", NAMES)
def test_everything_stays_finite_far_from_zero(name):
    activation = get(name)
    for function in (activation.function, activation.derivative, activation.second_derivative):
        assert np.isfinite(function(HUGE)).all()
    np.testing.assert_array_equal(activation.derivative(HUGE[[0, 1, 2, -3, -2, -1]]), 0.0)


def test_logistic_keeps_its_digits_in_both_tails():
    np.testing.assert_allclose(logistic(GRID), expit(GRID), rtol=1e-15)
    np.testing.assert_allclose(logistic_derivative(GRID), expit(GRID) * expit(-GRID), rtol=1e-14)
    np.testing.assert_allclose(logistic(np.linspace(-700, -30, 671)), expit(np.linspace(-700, -30, 671)), rtol=1e-15)


def test_tanh_is_a_logistic_function_stretched_to_both_signs():
    np.testing.assert_allclose(tanh(GRID), 2 * logistic(2 * GRID) - 1, rtol=0, atol=1e-15)


def test_hard_tanh_is_the_hard_logistic_function_stretched_to_both_signs():
    np.testing.assert_allclose(hard_tanh(GRID), 2 * hard_logistic(2 * GRID) - 1, rtol=0, atol=1e-15)


def test_tanh_slope_does_not_vanish_by_rounding():
    assert tanh_derivative(20.0) == pytest.approx(4 * np.exp(-40.0), rel=1e-15)
    assert 1 - tanh(20.0) ** 2 == 0.0  # what the textbook formula would say


# D4: the book's hard logistic function is not PyTorch's
def test_the_hard_logistic_of_the_book_is_tangent_and_that_of_torch_is_not():
    assert hard_logistic(1.0) == 0.75
    torch_value = torch.nn.functional.hardsigmoid(torch.tensor(1.0, dtype=torch.float64)).item()
    assert torch_value == pytest.approx(2 / 3, rel=1e-15)
    assert hard_logistic_derivative(0.0) == logistic_derivative(0.0) == 0.25
    assert hard_tanh_derivative(0.0) == tanh_derivative(0.0) == 1.0
    assert np.abs(hard_logistic(GRID) - hard_logistic(GRID, slope=1 / 6)).max() == pytest.approx(1 / 6)  # at 2


def test_a_hard_form_leaves_its_curve_like_the_cube():
    """A first-order Taylor polynomial of an odd function is off by the third-order term."""
    h = np.array([0.1, 0.05])
    for hard, smooth in ((hard_logistic, logistic), (hard_tanh, tanh)):
        large, small = np.abs(hard(h) - smooth(h))
        assert np.log2(large / small) == pytest.approx(3, abs=0.02)


def test_corners_belong_to_the_flat_side():
    np.testing.assert_array_equal(hard_logistic_derivative([-2.0, -1.9, 1.9, 2.0]), [0.0, 0.25, 0.25, 0.0])
    np.testing.assert_array_equal(hard_tanh_derivative([-1.0, -0.9, 0.9, 1.0]), [0.0, 1.0, 1.0, 0.0])
    x = torch.tensor([-1.0, 1.0], dtype=torch.float64, requires_grad=True)
    (steep,) = torch.autograd.grad(torch.clamp(x, -1, 1).sum(), x)
    assert steep.tolist() == [1.0, 1.0]  # torch's clamp computes the same values and chooses the other side


def test_step_is_the_threshold_of_the_neuron_and_has_no_slope():
    x = np.array([-1e4, -0.5, -0.0, 0.0, 1e-300, 1e4])
    np.testing.assert_array_equal(step(x), mcculloch_pitts.step(x))
    assert not step_derivative(x).any()
    assert not step_second_derivative(x).any()


def test_softmax_and_its_logarithm_agree_with_torch():
    x = np.random.default_rng(0).normal(scale=10, size=(5, 3, 7))
    np.testing.assert_allclose(softmax(x), torch.softmax(torch.tensor(x), -1).numpy(), rtol=0, atol=1e-14)
    np.testing.assert_allclose(log_softmax(x), torch.log_softmax(torch.tensor(x), -1).numpy(), rtol=1e-14, atol=1e-14)


@pytest.mark.parametrize(
    ("function", "jacobian", "peer"),
    [(softmax, softmax_jacobian, torch.softmax), (log_softmax, log_softmax_jacobian, torch.log_softmax)],
)
def test_jacobians_agree_with_autograd(function, jacobian, peer):
    rows = np.random.default_rng(0).uniform(-30, 30, size=(5, 3))
    for x, ours in zip(rows, jacobian(rows)):
        theirs = torch.autograd.functional.jacobian(lambda t: peer(t, -1), torch.tensor(x))
        np.testing.assert_allclose(ours, theirs.numpy(), rtol=0, atol=1e-10)


def test_softmax_of_two_scores_is_the_logistic_function_of_their_difference():
    pairs = np.random.default_rng(0).uniform(-15, 15, size=(11, 2))
    np.testing.assert_allclose(softmax(pairs)[:, 0], logistic(pairs[:, 0] - pairs[:, 1]), rtol=1e-14)


def test_softmax_ignores_a_shift_and_stays_finite():
    x = np.array([[-1e4, 0.0, 1e4], [3.0, 3.0, 3.0]])
    np.testing.assert_allclose(softmax(x), softmax(x + 1e4))
    assert np.isfinite(log_softmax(x)).all()
    assert np.isfinite(softmax_jacobian(x)).all()
    np.testing.assert_allclose(softmax(x).sum(axis=-1), 1.0)


@pytest.mark.parametrize("name", [*NAMES, "softmax", "log_softmax"])
def test_the_input_is_left_alone_and_the_output_is_new(name):
    activation, x = get(name), np.linspace(-3, 3, 7)
    for function in (activation.function, activation.derivative, activation.second_derivative, activation.jacobian):
        if function is not None:
            before = x.copy()
            assert not np.shares_memory(function(x), x)
            np.testing.assert_array_equal(x, before)


@pytest.mark.parametrize("x", [np.float64(0.3), 0.3, [0.3], np.full((2, 3, 5), 0.3), np.empty((0, 3))])
@pytest.mark.parametrize("name", NAMES)
def test_any_shape_is_kept(name, x):
    activation = get(name)
    for function in (activation.function, activation.derivative, activation.second_derivative):
        assert np.shape(function(x)) == np.shape(x)


def test_wrong_arguments_are_named():
    for bad in ("warm", [1.0, None], 1j, [[1.0], ["2"]]):
        with pytest.raises(TypeError, match="an activation function needs real numbers, but x has type"):
            logistic(bad)
    for slope in (0.0, -0.25, np.inf, np.nan):
        for function in (hard_logistic, hard_logistic_derivative):
            with pytest.raises(ValueError, match=f"slope must be a positive finite number, but is {slope}"):
                function(1.0, slope=slope)
    for bad in (1.0, np.empty((3, 0))):
        with pytest.raises(ValueError, match=r"softmax needs at least one score along the last axis, but x has shape"):
            softmax(bad)
        with pytest.raises(ValueError, match=r"softmax needs at least one score along the last axis, but x has shape"):
            log_softmax(bad)


def test_not_a_number_is_passed_on():
    for name in NAMES:
        assert np.isnan(getattr(sigmoid_family, name)(np.nan))


def test_a_slope_that_is_no_number_is_named_and_an_integer_is_one():
    for suffix in ("", "_derivative", "_second_derivative"):
        function = getattr(sigmoid_family, "hard_logistic" + suffix)
        for bad in ("1", None, 1j, [0.25]):
            with pytest.raises(TypeError, match="slope must be a number, but is"):
                function([0.1, 0.2], slope=bad)
        with pytest.raises(ValueError, match="slope must be a positive finite number, but is -1"):
            function([0.1, 0.2], slope=-1)
        assert function([0.1, 0.7], slope=1).dtype == np.float64
        np.testing.assert_array_equal(function([0.1, 0.7], slope=1), function([0.1, 0.7], slope=1.0))
