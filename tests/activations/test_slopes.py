"""Steepest and mean slopes: closed forms, Monte Carlo, finite differences."""

from itertools import pairwise

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import norm

from nndl_support.activations import registry
from nndl_support.activations.slopes import mean_square, mean_square_slope, steepest_slope

ELEMENTWISE = [name for name in registry.names() if registry.get(name).derivative is not None]


def test_the_steepest_slopes_that_are_known_exactly():
    assert steepest_slope("logistic") == (pytest.approx(0, abs=1e-6), pytest.approx(0.25, abs=1e-15))
    assert steepest_slope("tanh") == (pytest.approx(0, abs=1e-6), pytest.approx(1, abs=1e-15))
    for name in ("identity", "relu", "leaky_relu"):
        assert steepest_slope(name)[1] == 1.0
    # x Phi(x) is steepest where its second derivative (2 - x^2) phi(x) vanishes.
    x, slope = steepest_slope("gelu")
    assert x == pytest.approx(np.sqrt(2), abs=1e-6)
    assert slope == pytest.approx(norm.cdf(np.sqrt(2)) + np.sqrt(2) * norm.pdf(np.sqrt(2)), abs=1e-14)


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_nowhere_is_a_function_steeper_than_its_steepest_slope(name):
    f = registry.get(name)
    x = np.random.default_rng(0).uniform(-10, 10, 20_000)
    difference = (f.function(x + 1e-6) - f.function(x - 1e-6)) / 2e-6
    where, slope = steepest_slope(name)
    assert np.abs(difference).max() <= slope + 1e-8
    assert np.abs(f.derivative(where)) == pytest.approx(slope, abs=1e-12)
    assert np.abs(difference).max() >= slope - 1e-3


@pytest.mark.parametrize("name", ELEMENTWISE)
@pytest.mark.parametrize("variance", [0.3, 2.0])
def test_means_agree_with_adaptive_quadrature(name, variance):
    f = registry.get(name)

    def mean(function):
        def integrand(z):
            return float(function(z)) ** 2 * norm.pdf(z, scale=np.sqrt(variance))

        kinks = [-3, -2, -1, 0, 1, 2, 3]
        edges = [-np.inf, *kinks, np.inf]
        return sum(quad(integrand, a, b, epsabs=1e-12, limit=200)[0] for a, b in pairwise(edges))

    assert mean_square(name, variance) == pytest.approx(mean(f.function), abs=1e-9)
    assert mean_square_slope(name, variance) == pytest.approx(mean(f.derivative), abs=1e-9)


def test_means_that_are_known_exactly():
    for variance in (1e-6, 0.7, 30.0):
        assert mean_square("identity", variance) == pytest.approx(variance, rel=1e-12)
        assert mean_square("relu", variance) == pytest.approx(variance / 2, rel=1e-12)
        assert mean_square_slope("relu", variance) == pytest.approx(0.5, rel=1e-12)
        assert mean_square_slope("leaky_relu", variance) == pytest.approx((1 + 0.01**2) / 2, rel=1e-12)
        inside = norm.cdf(1 / np.sqrt(variance)) - norm.cdf(-1 / np.sqrt(variance))
        assert mean_square_slope("hard_tanh", variance) == pytest.approx(inside, rel=1e-9)


def test_at_variance_zero_only_the_origin_counts():
    assert mean_square_slope("tanh", 0.0) == 1.0
    assert mean_square("logistic", 0.0) == 0.25


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: steepest_slope("softmax"), "softmax is not elementwise"),
        (lambda: steepest_slope("tanh", low=2.0, high=1.0), "low=2.0 and high=1.0"),
        (lambda: mean_square_slope("log_softmax", 1.0), "log_softmax is not elementwise"),
        (lambda: mean_square("tanh", -1.0), "must be finite and not negative, but is -1.0"),
        (lambda: mean_square_slope("tanh", np.nan), "but is nan"),
        (lambda: mean_square("softmax", 1.0), "softmax is not elementwise"),
        (lambda: mean_square("sine", 1.0), "unknown activation 'sine'"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
