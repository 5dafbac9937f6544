"""Proofs for nndl_support.backprop.finite_differences (D21)."""

import numpy as np
import pytest

from nndl_support.backprop.finite_differences import (
    EPSILON,
    central_difference,
    complex_step,
    forward_difference,
    optimal_step,
    total_error,
)


def slope_of_log_error(difference, steps):
    errors = np.abs(difference(np.exp, 0.7, steps) - np.exp(0.7))
    return np.polyfit(np.log(steps), np.log(errors), 1)[0]


def test_truncation_error_falls_with_the_first_and_second_power_of_the_step():
    assert slope_of_log_error(forward_difference, np.logspace(-5, -2, 7)) == pytest.approx(1, abs=0.02)
    assert slope_of_log_error(central_difference, np.logspace(-3, -1, 7)) == pytest.approx(2, abs=0.02)


def test_truncation_error_has_the_derived_constant():
    h = 1e-3
    assert forward_difference(np.exp, 0.7, h) - np.exp(0.7) == pytest.approx(h / 2 * np.exp(0.7), rel=1e-3)
    assert central_difference(np.exp, 0.7, h) - np.exp(0.7) == pytest.approx(h**2 / 6 * np.exp(0.7), rel=1e-3)


@pytest.mark.parametrize(("difference", "order"), [(forward_difference, 1), (central_difference, 2)])
def test_rounding_error_grows_as_the_step_shrinks_and_stays_below_the_bound(difference, order):
    x = np.linspace(0.3, 1.3, 101)[:, None]
    steps = np.logspace(-13, -1, 49)
    errors = np.abs(difference(np.exp, x, steps) - np.exp(x))
    bounds = np.array([total_error(steps, order=order, value=np.exp(v), higher_derivative=np.exp(v)) for v in x[:, 0]])
    # The bound keeps only the leading term of truncation, hence the few per cent at the largest steps.
    assert (errors <= 1.06 * bounds).all()
    assert errors[:, 0].mean() > 1e3 * errors.mean(axis=0).min()


@pytest.mark.parametrize(("difference", "order"), [(forward_difference, 1), (central_difference, 2)])
def test_measured_best_step_is_the_derived_one_within_a_factor_of_three(difference, order):
    x = np.linspace(0.3, 1.3, 997)[:, None]
    steps = np.logspace(-12, -2, 201)
    mean_error = np.abs(difference(np.exp, x, steps) - np.exp(x)).mean(axis=0)
    measured = steps[mean_error.argmin()]
    derived = optimal_step(order=order, value=1.0, higher_derivative=1.0)
    # Rounding errors are on average smaller than their bound, so the measured optimum lies a little to the left.
    assert derived / 5 < measured < derived * 1.5


def test_optimal_step_minimises_the_bound_and_scales_as_root_and_cube_root_of_epsilon():
    for order, power in ((1, 1 / 2), (2, 1 / 3)):
        h = optimal_step(order=order, value=3.0, higher_derivative=7.0)
        near = total_error(h * np.array([0.9, 1.0, 1.1]), order=order, value=3.0, higher_derivative=7.0)
        assert near.argmin() == 1
        assert 1 < optimal_step(order=order, value=1.0, higher_derivative=1.0) / EPSILON**power < 2.1


def test_complex_step_is_exact_to_rounding_however_small_the_step():
    x = np.linspace(0.1, 2.0, 13)
    for h in (1e-20, 1e-100, 1e-300):
        np.testing.assert_allclose(complex_step(np.exp, x, h), np.exp(x), rtol=1e-15)


def test_steps_broadcast_against_points():
    assert central_difference(np.sin, np.zeros((5, 1)), np.array([1e-3, 1e-4, 1e-5])).shape == (5, 3)


def test_wrong_arguments_are_named():
    for difference in (forward_difference, central_difference, complex_step):
        with pytest.raises(ValueError, match="step h must be positive"):
            difference(np.exp, 0.0, 0.0)
        with pytest.raises(ValueError, match="step h must be positive"):
            difference(np.exp, 0.0, np.nan)
    with pytest.raises(TypeError, match="not analytic"):
        complex_step(np.abs, 1.0)
    with pytest.raises(ValueError, match="order must be 1"):
        optimal_step(order=3, value=1.0, higher_derivative=1.0)
    with pytest.raises(ValueError, match="order must be 1"):
        total_error(0.1, order=3, value=1.0, higher_derivative=1.0)
    with pytest.raises(ValueError, match="no best step"):
        optimal_step(order=1, value=1.0, higher_derivative=0.0)
