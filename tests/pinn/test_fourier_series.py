"""Fourier series: there and back, between the grid points, derivatives."""

import numpy as np
import pytest

from nndl_support.pinn.fourier_series import FourierSeries


def smooth(x, real):
    """A function with period 6, analytic, neither odd nor even."""
    z = np.pi * x / 3
    return np.exp(np.sin(z) + 0.3 * np.cos(2 * z)) * (1 if real else np.exp(1j * np.cos(z + 1)))


@pytest.mark.parametrize("real", [True, False])
def test_a_smooth_function_is_found_again_anywhere(real):
    series = FourierSeries(90, half_width=3.0, real=real)
    v = series.modes(smooth(series.grid, real))
    np.testing.assert_allclose(series.values(v), smooth(series.grid, real), atol=1e-13)
    x = np.random.default_rng(5).uniform(-7, 7, 1031)
    u = series.evaluate(np.stack([v, 2 * v]), x)
    assert u.shape == (1031, 2)
    np.testing.assert_allclose(u, np.outer(smooth(x, real), [1, 2]), atol=1e-12)


@pytest.mark.parametrize("real", [True, False])
def test_ik_differentiates(real):
    series = FourierSeries(90, half_width=3.0, real=real)
    v = series.modes(smooth(series.grid, real))
    slope = series.evaluate([1j * series.wavenumbers * v], [0.4, -2.9])[:, 0]
    h = 1e-5
    difference = (smooth(np.array([0.4, -2.9]) + h, real) - smooth(np.array([0.4, -2.9]) - h, real)) / (2 * h)
    np.testing.assert_allclose(slope, difference, rtol=1e-8)


def test_the_grid_starts_at_zero_and_stays_within_the_period():
    np.testing.assert_allclose(FourierSeries(6, half_width=3.0).grid, [0, 1, 2, -3, -2, -1])


def test_the_mode_that_the_grid_cannot_tell_is_dropped():
    series = FourierSeries(8, half_width=4.0)
    np.testing.assert_array_equal(series.modes(np.array([1.0, -1] * 4)), 0)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"points": 7}, "points is 7"),
        ({"points": 2}, "points is 2"),
        ({"points": 8, "half_width": 0}, "half_width is 0"),
    ],
)
def test_wrong_grids_are_named(options, message):
    with pytest.raises(ValueError, match=message):
        FourierSeries(**options)


def test_wrong_shapes_are_named():
    with pytest.raises(ValueError, match=r"shape \(4,\) and x \(1,\); expected \(T, 5\)"):
        FourierSeries(8).evaluate(np.zeros(4), [0.0])
