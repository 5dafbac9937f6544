"""Regression on films of Burgers' equation: convergence, exact integrals, noise."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from nndl_support.pinn import derivative_regression
from nndl_support.pinn.burgers_inverse import burgers_at
from nndl_support.pinn.derivative_regression import strong_form_regression, weak_form_regression

TRUE = np.array([1.4, 0.1])


def film(n_x, n_t, parameters=TRUE):
    x, t = np.linspace(-1, 1, n_x), np.linspace(0, 1, n_t)
    points = np.stack(np.meshgrid(x, t, indexing="ij"), axis=-1).reshape(-1, 2)
    return x, t, burgers_at(parameters, points).reshape(n_x, n_t)


def test_differences_converge_with_order_two():
    coarse, fine = (np.abs(strong_form_regression(*film(n, n)) / TRUE - 1) for n in (101, 201))
    assert np.all(fine < 0.02)
    assert np.all((coarse / fine > 3) & (coarse / fine < 5))


def test_the_weak_form_is_exact_to_many_digits_where_the_film_is_smooth():
    np.testing.assert_allclose(weak_form_regression(*film(151, 131)), TRUE, rtol=1e-4)


def test_the_bump_has_the_derivatives_that_it_claims():
    spacing = 0.01
    bump, first, second = derivative_regression._bump(200, spacing)
    np.testing.assert_allclose(np.gradient(bump, spacing)[1:-1], first[1:-1], atol=1e-4)
    np.testing.assert_allclose(np.diff(bump, 2) / spacing**2, second[1:-1], atol=1e-3)
    assert bump[0] == bump[-1] == first[0] == 0


def test_noise_ruins_differences_and_not_integrals():
    x, t, u = film(151, 131)
    for seed in range(3):
        noisy = u + 0.02 * u.std() * np.random.default_rng(seed).standard_normal(u.shape)
        strong, weak = (np.abs(f(x, t, noisy) / TRUE - 1).max() for f in (strong_form_regression, weak_form_regression))
        assert weak < 0.05
        assert strong > 10 * weak


def test_smoothing_helps_where_the_film_is_smooth():
    x, t, u = film(151, 131)
    noisy = u + 0.01 * np.random.default_rng(0).standard_normal(u.shape)
    raw, smoothed = (np.abs(strong_form_regression(x, t, noisy, smoothing=s) / TRUE - 1).max() for s in (0.0, 3.0))
    assert smoothed < raw / 3


def test_smoothing_is_a_gaussian_filter_of_the_stated_width():
    x, t, u = film(51, 41)
    wanted = strong_form_regression(x, t, gaussian_filter(u, 1.5, mode="nearest"))
    np.testing.assert_allclose(strong_form_regression(x, t, u, smoothing=1.5), wanted)


def test_bumps_stand_at_every_stride_up_to_the_last_that_fits(monkeypatch):
    x, t, u = film(46, 37)
    sizes = []
    original = np.linalg.lstsq
    monkeypatch.setattr(np.linalg, "lstsq", lambda a, b, rcond: sizes.append(a.shape) or original(a, b, rcond=rcond))
    weak_form_regression(x, t, u, width=(20, 15), stride=(5, 2))
    # Starts 0 and 5 in x, and 0, 2, 4, 6 in t: the last bumps end with the grid.
    assert sizes == [(2 * 4, 2)]


@pytest.mark.parametrize("options", [{"width": (0, 3)}, {"width": (3, 0)}, {"stride": (0, 1)}, {"stride": (1, 0)}])
def test_a_bump_without_width_and_a_stride_of_nothing_are_refused(options):
    with pytest.raises(ValueError, match="a bump of 2 width"):
        weak_form_regression(*film(31, 21), **({"width": (3, 3)} | options))


@pytest.mark.parametrize("width", [(10, 3), (3, 8)])
def test_a_bump_has_to_fit_into_the_grid(width):
    weak_form_regression(*film(21, 17), width=width)
    with pytest.raises(ValueError, match=r"on a grid of \(20, 16\)"):
        weak_form_regression(*film(20, 16), width=width)


def test_two_places_have_no_second_difference():
    with pytest.raises(ValueError, match="on 2 places and 5 times"):
        strong_form_regression([0, 1], np.arange(5), np.zeros((2, 5)))


def test_mistakes_are_named():
    x, t, u = film(31, 21)
    with pytest.raises(ValueError, match=r"u has shape \(21, 31\) on 31 places and 21 times"):
        strong_form_regression(x, t, u.T)
    with pytest.raises(ValueError, match="smoothing is -1"):
        strong_form_regression(x, t, u, smoothing=-1)
    with pytest.raises(ValueError, match=r"width is \(20, 15\)"):
        weak_form_regression(x, t, u)


@pytest.mark.parametrize(("x", "t"), [([0, 1, 3, 4], [0, 1, 2]), ([0, 1, 2, 3], [0, 1, 3]), ([3, 2, 1, 0], [0, 1, 2])])
def test_grids_that_are_not_equally_spaced_or_fall_are_refused(x, t):
    with pytest.raises(ValueError, match="expected equal spacing, rising"):
        strong_form_regression(x, t, np.zeros((4, 3)))
