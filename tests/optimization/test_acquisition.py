"""Acquisition functions: quadrature, Monte Carlo, mpmath's digits, differences, limits, errors."""

import mpmath
import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import norm

from nndl_support.optimization import acquisition
from nndl_support.optimization.acquisition import (
    expected_improvement,
    log_expected_improvement,
    lower_confidence_bound,
    probability_of_improvement,
    srinivas_beta,
)

MEAN, STD, BEST = np.array([-1.3, 0.2, 0.7, 3.0, 0.4]), np.array([0.5, 1.1, 0.1, 1.7, 0.3]), 0.4


def test_the_expected_improvement_is_its_integral():
    for mean, std, value in zip(MEAN, STD, expected_improvement(MEAN, STD, BEST)[0], strict=True):
        density = norm(mean, std).pdf
        direct, _ = quad(lambda y, p=density: (BEST - y) * p(y), mean - 40 * std, BEST, epsabs=1e-13, limit=200)
        assert value == pytest.approx(direct, abs=1e-10)


def test_the_probability_of_improvement_is_its_integral():
    for mean, std, value in zip(MEAN, STD, probability_of_improvement(MEAN, STD, BEST)[0], strict=True):
        integral, _ = quad(norm(mean, std).pdf, mean - 40 * std, BEST, epsabs=1e-13, limit=200)
        assert value == pytest.approx(integral, abs=1e-10)


@pytest.mark.parametrize("seed", range(3))
def test_closed_forms_are_the_means_of_samples(seed):
    y = MEAN[:, None] + STD[:, None] * np.random.default_rng(seed).normal(size=(5, 100_000))
    for function, sampled in (
        (expected_improvement, np.maximum(BEST - y, 0.0)),
        (probability_of_improvement, (y < BEST).astype(float)),
    ):
        standard_error = sampled.std(axis=1) / np.sqrt(sampled.shape[1])
        assert (np.abs(function(MEAN, STD, BEST)[0] - sampled.mean(axis=1)) < 4 * standard_error + 1e-12).all()


@pytest.mark.parametrize("name", acquisition.NAMES)
def test_derivatives_agree_with_central_differences(name):
    function, h = acquisition.get(name), 1e-6
    arguments = () if name == "lcb" else (BEST,)
    _, by_mean, by_std = function(MEAN, STD, *arguments)
    for step, claimed in (((h, 0.0), by_mean), ((0.0, h), by_std)):
        above = function(MEAN + step[0], STD + step[1], *arguments)[0]
        below = function(MEAN - step[0], STD - step[1], *arguments)[0]
        np.testing.assert_allclose(claimed, (above - below) / (2 * h), rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("u", [-200.0, -60.001, -59.999, -37.0, -9.0, -1.0, -1e-8, 0.0, 1e-8, 2.0, 8.0, 40.0])
def test_the_logarithm_has_its_digits_everywhere(u):
    with mpmath.workdps(100):
        distribution = mpmath.erfc(-mpmath.mpf(u) / mpmath.sqrt(2)) / 2
        h = mpmath.npdf(u) + u * distribution
        expected, by_mean, by_std = (
            float(x) for x in (mpmath.log(2 * h), -distribution / (2 * h), mpmath.npdf(u) / (2 * h))
        )
    value, *slopes = log_expected_improvement([-2.0 * u], [2.0], 0.0)
    assert value[0] == pytest.approx(expected, rel=1e-12)
    np.testing.assert_allclose(np.ravel(slopes), [by_mean, by_std], rtol=5e-12)


def test_the_logarithm_is_that_of_the_expected_improvement():
    np.testing.assert_allclose(
        log_expected_improvement(MEAN, STD, BEST)[0], np.log(expected_improvement(MEAN, STD, BEST)[0]), rtol=1e-10
    )


def test_far_away_only_the_logarithm_has_a_slope():
    value, slope, _ = expected_improvement([50.0], [1.0], 0.0)
    assert value[0] == slope[0] == 0.0
    value, slope, _ = log_expected_improvement([50.0], [1.0], 0.0)
    assert np.isfinite(value[0])
    assert slope[0] < -1


def test_certainty_is_the_limit_of_small_deviations():
    mean = np.array([-1.0, 0.4, 2.0])
    for function, limit in ((expected_improvement, [1.4, 0.0, 0.0]), (probability_of_improvement, [1.0, 0.0, 0.0])):
        exact = function(mean, np.zeros(3), BEST)
        np.testing.assert_allclose(exact[0], limit, atol=1e-15)
        assert all(np.isfinite(part).all() for part in exact)
        near = function(mean[[0, 2]], np.full(2, 1e-9), BEST)[0]
        np.testing.assert_allclose(near, np.array(limit)[[0, 2]], atol=1e-12)


def test_improvement_grows_with_the_deviation_and_falls_with_the_mean():
    grid = np.linspace(0.1, 3, 30)
    assert (np.diff(expected_improvement(np.full(30, 1.0), grid, 0.0)[0]) > 0).all()
    assert (np.diff(expected_improvement(grid, np.full(30, 0.5), 0.0)[0]) < 0).all()


def test_the_probability_is_greedy_where_the_expectation_is_not():
    # A small sure gain against a large uncertain one.
    mean, std = np.array([-0.01, 0.5]), np.array([0.005, 1.0])
    assert np.argmax(probability_of_improvement(mean, std, 0.0)[0]) == 0
    assert np.argmax(expected_improvement(mean, std, 0.0)[0]) == 1


def test_the_lower_bound_is_a_quantile():
    value = -lower_confidence_bound(MEAN, STD, beta=norm.ppf(0.975) ** 2)[0]
    np.testing.assert_allclose(value, norm(MEAN, STD).ppf(0.025), rtol=1e-12)


def test_the_weight_of_srinivas_and_others_grows_with_the_logarithm_of_time():
    weights = [srinivas_beta(100, t) for t in (1, 10, 100)]
    np.testing.assert_allclose(np.diff(weights), 4 * np.log(10))
    assert np.exp(weights[0] / 2) == pytest.approx(100 * np.pi**2 / 0.6)


def test_impossible_input_is_named():
    with pytest.raises(ValueError, match="no acquisition function 'ucb'; known are ei, log_ei, pi, lcb"):
        acquisition.get("ucb")
    with pytest.raises(ValueError, match=r"mean has shape \(2,\), but std has shape \(3,\)"):
        expected_improvement(np.zeros(2), np.ones(3), 0.0)
    with pytest.raises(ValueError, match="std must not be negative, but its smallest entry is -1"):
        probability_of_improvement([0.0], [-1.0], 0.0)
    with pytest.raises(ValueError, match="std must be positive"):
        log_expected_improvement([0.0], [0.0], 0.0)
    with pytest.raises(ValueError, match="beta must not be negative"):
        lower_confidence_bound([0.0], [1.0], beta=-1.0)
    with pytest.raises(ValueError, match="expected n_points >= 1"):
        srinivas_beta(0, 1)
