"""ETDRK4: its coefficients against series and high precision, its order, the landing of its steps."""

import mpmath
import numpy as np
import pytest
from scipy.integrate import solve_ivp

from nndl_support.pinn.exponential_integrator import etdrk4, etdrk4_coefficients, graded_steps


@pytest.mark.parametrize("z", [0.0, 1e-9, 1e-3, -0.7, 1.0, 3j, -40.0, -0.2 + 11j])
def test_coefficients_agree_with_forty_digits(z):
    step = 0.3
    c = etdrk4_coefficients(np.array([z / step]), step)
    with mpmath.workdps(60):
        # The limit at 0 is reached to 1e-30 by a tiny argument in sixty digits.
        m = mpmath.mpmathify(z) if z else mpmath.mpf("1e-15")
        e = mpmath.exp(m)
        expected = {
            "full": e,
            "half": mpmath.exp(m / 2),
            "stage": step * (mpmath.exp(m / 2) - 1) / m,
            "first": step * (-4 - m + e * (4 - 3 * m + m**2)) / m**3,
            "middle": step * (4 + 2 * m + e * (-4 + 2 * m)) / m**3,
            "last": step * (-4 - 3 * m - m**2 + e * (4 - m)) / m**3,
        }
        expected = {name: complex(value) for name, value in expected.items()}
    for name, value in expected.items():
        np.testing.assert_allclose(getattr(c, name), value, rtol=1e-12, atol=1e-14, err_msg=name)


def test_the_formula_as_printed_loses_every_digit_where_the_contour_keeps_them():
    z = 1e-5
    naive = (-4 - z + np.exp(z) * (4 - 3 * z + z**2)) / z**3
    assert abs(naive - 1 / 6) > 1e-3
    assert abs(etdrk4_coefficients([z], 1.0).first[0] - 1 / 6) < 1e-5


def test_the_linear_part_is_integrated_exactly():
    rates = np.array([-300.0, -2.0, 0.0, 1.0]) + 1j * np.array([0.0, 50.0, 7.0, 0.0])
    v = etdrk4(rates, np.zeros_like, np.ones(4), [0.1, 0.35], max_step=0.1)
    np.testing.assert_allclose(v, np.exp(np.outer([0.1, 0.35], rates)), atol=1e-13)


STIFF = np.array([-1.0, -5.0, -20.0])


def coupled(v):
    """A smooth coupling of three modes."""
    return np.array([v[1] * v[2] + 1, v[0] ** 2 - v[2], 3 * np.cos(v[0]) * v[1]])


def test_the_error_falls_with_the_fourth_power_of_the_step():
    start = np.array([1.0, -0.5, 2.0])
    exact = solve_ivp(lambda t, v: STIFF * v + coupled(v), (0, 1), start, method="DOP853", rtol=1e-13, atol=1e-14).y[
        :, -1
    ]
    steps = np.array([1 / 20, 1 / 40, 1 / 80, 1 / 160])
    errors = [abs(etdrk4(STIFF, coupled, start, [1.0], max_step=h)[0] - exact).max() for h in steps]
    assert np.polyfit(np.log(steps), np.log(errors), 1)[0] == pytest.approx(4, abs=0.3)
    assert errors[-1] < 1e-6


def test_steps_land_on_the_times_wherever_they_are():
    times = [0.0, 0.011, 0.011, 0.3, 1.0]
    together = etdrk4(STIFF, coupled, np.ones(3), times, max_step=0.005)
    assert together.shape == (5, 3)
    np.testing.assert_array_equal(together[0], 1)
    for row, time in zip(together, times):
        np.testing.assert_allclose(row, etdrk4(STIFF, coupled, np.ones(3), [time], max_step=0.002)[0], atol=1e-7)


@pytest.mark.parametrize(("start", "end"), [(0.0, 1.0), (0.0, 0.003), (0.013, 0.7), (0.5, 0.5)])
@pytest.mark.parametrize("first", [None, 1e-4, 0.5])
def test_graded_steps_fill_the_time_and_respect_the_ladder(start, end, first):
    steps = np.array(list(graded_steps(start, end, max_step=0.07, first_step=first)))
    assert steps.sum() == pytest.approx(end - start, abs=1e-12)
    began = start + np.cumsum(steps) - steps
    allowed = np.full(len(steps), 0.07)
    if first is not None:
        allowed = np.minimum(
            allowed, first * 2 ** np.maximum(0, np.ceil(np.log2((began + steps) / (16 * first)) - 1e-9))
        )
    assert (steps <= allowed * (1 + 1e-6)).all()
    assert len(steps) < 100


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((STIFF, coupled, np.ones(2), [1.0]), r"v0 has the shape \(2,\) and linear \(3,\)"),
        ((STIFF, coupled, np.ones(3), [1.0, 0.5]), "ascending"),
        ((STIFF, coupled, np.ones(3), [-1.0]), "ascending"),
    ],
)
def test_wrong_arguments_are_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        etdrk4(*arguments, max_step=0.1)


def test_wrong_steps_are_named():
    with pytest.raises(ValueError, match="max_step is 0"):
        list(graded_steps(0.0, 1.0, max_step=0))
    with pytest.raises(ValueError, match=r"first_step -1"):
        list(graded_steps(0.0, 1.0, max_step=1, first_step=-1))
    with pytest.raises(ValueError, match="step is 0"):
        etdrk4_coefficients(STIFF, 0)
    with pytest.raises(ValueError, match=r"shape \(3, 1\)"):
        etdrk4_coefficients(STIFF[:, None], 1)
