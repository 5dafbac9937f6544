"""Regression on films of Burgers' equation: convergence, exact integrals, noise."""

import numpy as np
import pytest

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


def test_mistakes_are_named():
    x, t, u = film(31, 21)
    with pytest.raises(ValueError, match=r"u has shape \(21, 31\) on 31 places and 21 times"):
        strong_form_regression(x, t, u.T)
    with pytest.raises(ValueError, match="smoothing is -1"):
        strong_form_regression(x, t, u, smoothing=-1)
    with pytest.raises(ValueError, match=r"width is \(20, 15\)"):
        weak_form_regression(x, t, u)
