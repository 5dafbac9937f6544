"""Covariance functions: scikit-learn's values, slopes by differences, permissible matrices, errors."""

import numpy as np
import pytest
from sklearn.gaussian_process.kernels import RBF, Matern

from nndl_support.optimization.covariance_functions import (
    NAMES,
    matern52,
    scaled_squared_distances,
    squared_exponential,
    value_and_slope,
)

RNG = np.random.default_rng(0)
A, B, LENGTHS = RNG.normal(size=(7, 3)), RNG.normal(size=(5, 3)), np.array([0.3, 1.1, 2.3])


@pytest.mark.parametrize(("kernel", "peer"), [("matern52", Matern(LENGTHS, nu=2.5)), ("rbf", RBF(LENGTHS))])
def test_values_are_those_of_scikit_learn(kernel, peer):
    ours = value_and_slope(kernel, scaled_squared_distances(A, B, LENGTHS))[0]
    np.testing.assert_allclose(ours, peer(A, B), rtol=1e-12)


@pytest.mark.parametrize("kernel", NAMES)
def test_slopes_agree_with_central_differences(kernel):
    q, h = np.array([1e-2, 0.3, 2.0, 17.0]), 1e-6
    numerical = (value_and_slope(kernel, q + h)[0] - value_and_slope(kernel, q - h)[0]) / (2 * h)
    np.testing.assert_allclose(value_and_slope(kernel, q)[1], numerical, rtol=1e-6)


@pytest.mark.parametrize("function", [matern52, squared_exponential])
def test_the_value_at_distance_zero_is_one_and_the_slope_is_finite(function):
    value, slope = function(0.0)
    assert value == 1.0
    one_sided = (function(1e-9)[0] - 1.0) / 1e-9
    assert slope == pytest.approx(one_sided, rel=1e-3)


@pytest.mark.parametrize("kernel", NAMES)
def test_every_matrix_is_positive_semidefinite(kernel):
    X = np.random.default_rng(1).random((31, 2))
    K = value_and_slope(kernel, scaled_squared_distances(X, X, 0.7))[0]
    assert np.linalg.eigvalsh(K).min() > -1e-13


def test_distances_of_near_points_keep_their_digits():
    base, step = 1e3, 2.0**-20
    q = scaled_squared_distances([[base]], [[base + step]], 1.0)
    assert q[0, 0] == step**2
    # The shortcut a² - 2ab + b² has none left.
    assert base**2 - 2 * base * (base + step) + (base + step) ** 2 != step**2


def test_an_unknown_name_is_refused():
    with pytest.raises(ValueError, match="no covariance function 'matern'; known are matern52, rbf"):
        value_and_slope("matern", 0.0)
