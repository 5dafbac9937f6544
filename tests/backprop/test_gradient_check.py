"""The gradient check: exact where the answer is known, and it must catch what is wrong."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nndl_support.backprop.gradient_check import check_gradient, numerical_gradient


def test_cubic_polynomials_are_differentiated_without_truncation_error():
    x = np.array([[1.0, -2.0, 3.0], [0.0, 0.5, -1.0]])
    np.testing.assert_allclose(numerical_gradient(lambda x: (x**3 - x).sum(), x), 3 * x**2 - 1, rtol=0, atol=3e-11)


@given(st.floats(-6, 6), st.sampled_from([(), (1,), (3, 2), (2, 1, 3)]))
def test_smooth_functions_reach_eleven_digits_in_any_shape(shift, shape):
    x = np.full(shape, shift) + 0.1 * np.arange(np.prod(shape, dtype=int)).reshape(shape)
    numerical = numerical_gradient(lambda x: np.sin(x).sum(), x)
    assert numerical.shape == x.shape
    np.testing.assert_allclose(numerical, np.cos(x), rtol=0, atol=1e-11)


def test_large_arguments_get_a_larger_step():
    assert numerical_gradient(np.log, 1e8) == pytest.approx(1e-8, rel=1e-10)


def test_the_error_falls_with_the_fourth_power_of_the_step(monkeypatch):
    errors = []
    steps = np.array([0.4, 0.2, 0.1, 0.05])
    for step in steps:
        monkeypatch.setattr("nndl_support.backprop.gradient_check._STEP", step)
        errors.append(abs(numerical_gradient(np.exp, 0.5) - np.exp(0.5)))
    order = np.polyfit(np.log(steps), np.log(errors), 1)[0]
    assert order == pytest.approx(4, abs=0.05)


def test_the_point_is_not_changed():
    x = np.array([1.0, 2.0])
    check_gradient(lambda x: (x**2).sum(), lambda x: 2 * x, x)
    np.testing.assert_array_equal(x, [1.0, 2.0])


def test_a_right_gradient_passes_and_the_error_is_returned():
    x = np.random.default_rng(0).normal(size=(5, 3))
    error = check_gradient(lambda x: np.exp(x).sum(), np.exp(x), x)
    assert 0 <= error < 1e-11


@pytest.mark.parametrize("size", [1e-7, 1e-3, 1.0])
def test_one_wrong_entry_is_named_with_both_values(size):
    x = np.arange(6.0).reshape(2, 3)
    gradient = 2 * x
    gradient[1, 2] += size
    with pytest.raises(
        AssertionError, match=r"entry \(1, 2\) it says 1[01].*central differences say (10|9\.99).* 1 of 6 "
    ):
        check_gradient(lambda x: (x**2).sum(), gradient, x)


def test_the_message_guesses_a_sign_and_a_factor():
    x = np.array([1.0, 2.0, 3.0])
    with pytest.raises(AssertionError, match="a sign is wrong"):
        check_gradient(lambda x: (x**2).sum(), -2 * x, x)
    with pytest.raises(AssertionError, match=r"every entry is 0\.5 times.*constant factor"):
        check_gradient(lambda x: (x**2).sum(), x, x)


def test_a_gradient_of_zero_passes_although_rounding_makes_noise():
    weights = np.array([0.1, 0.7, 0.2])
    assert check_gradient(lambda x: float(np.sin(weights).sum() + 0.0 * x.sum()), np.zeros(3), np.ones(3)) < 1e-8


def test_a_zero_claimed_for_a_steep_function_fails():
    with pytest.raises(AssertionError, match="3 of 3 entries"):
        check_gradient(lambda x: (x**2).sum(), np.zeros(3), np.ones(3))


def test_empty_arrays_have_an_empty_gradient():
    assert numerical_gradient(lambda x: 0.0, np.empty((0, 3))).shape == (0, 3)
    assert check_gradient(lambda x: 0.0, np.empty((0, 3)), np.empty((0, 3))) == 0.0


def test_wrong_arguments_are_named():
    with pytest.raises(ValueError, match=r"f must return one number, but returned an array of shape \(2,\)"):
        numerical_gradient(lambda x: x, np.ones(2))
    with pytest.raises(ValueError, match=r"gradient has shape \(3,\), but x has shape \(2,\)"):
        check_gradient(np.sum, np.ones(3), np.ones(2))
    with pytest.raises(ValueError, match="x has 1 entries that are not finite"):
        numerical_gradient(np.sum, [0.0, np.nan])
    with pytest.raises(ValueError, match="gradient has 2 entries that are not finite"):
        check_gradient(np.sum, [np.inf, np.nan], [0.0, 1.0])
    with pytest.raises(ValueError, match=r"f is nan when entry 1 of x"):
        numerical_gradient(lambda x: float("nan") if x[1] != 1 else 0.0, np.ones(2))
    with pytest.raises(ValueError, match="rtol is 0"):
        check_gradient(np.sum, np.ones(2), np.ones(2), rtol=0)
