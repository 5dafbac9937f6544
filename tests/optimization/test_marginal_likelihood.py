"""The marginal likelihood: the multivariate normal density, its gradient, the search, repaired factors."""

import numpy as np
import pytest
from scipy.linalg import LinAlgError
from scipy.stats import multivariate_normal

from nndl_support.backprop.gradient_check import numerical_gradient
from nndl_support.optimization.covariance_functions import scaled_squared_distances, value_and_slope
from nndl_support.optimization.marginal_likelihood import cholesky, log_marginal_likelihood, log_prior, maximize

RNG = np.random.default_rng(0)
X, Y = RNG.random((11, 3)), RNG.normal(size=11)
THETA = np.log([0.4, 0.9, 1.7, 2.3, 0.05])


def covariance(kernel, theta):
    K = np.exp(theta[-2]) * value_and_slope(kernel, scaled_squared_distances(X, X, np.exp(theta[:-2])))[0]
    return K + np.exp(theta[-1]) * np.eye(len(X))


@pytest.mark.parametrize("kernel", ["matern52", "rbf"])
def test_it_is_the_density_of_a_multivariate_normal(kernel):
    value, _ = log_marginal_likelihood(THETA, X, Y, kernel=kernel, mean=0.3)
    K = covariance(kernel, THETA)
    assert value == pytest.approx(multivariate_normal(np.full(11, 0.3), K).logpdf(Y), rel=1e-12)


@pytest.mark.parametrize("kernel", ["matern52", "rbf"])
@pytest.mark.parametrize("mean", [0.3, None])
def test_its_gradient_agrees_with_central_differences(kernel, mean):
    _, gradient = log_marginal_likelihood(THETA, X, Y, kernel=kernel, mean=mean)
    numerical = numerical_gradient(lambda t: log_marginal_likelihood(t, X, Y, kernel=kernel, mean=mean)[0], THETA)
    np.testing.assert_allclose(gradient, numerical, rtol=1e-6, atol=1e-8)


def test_the_maximised_mean_is_the_best_constant():
    best = log_marginal_likelihood(THETA, X, Y)[0]
    others = [log_marginal_likelihood(THETA, X, Y, mean=mean)[0] for mean in np.linspace(-1, 1, 2001)]
    assert 0 <= best - max(others) < 1e-5


def test_the_gradient_of_the_prior_agrees_with_central_differences():
    value, gradient = log_prior(THETA)
    assert value < 0
    np.testing.assert_allclose(gradient, numerical_gradient(lambda t: log_prior(t)[0], THETA), rtol=1e-7)


@pytest.mark.parametrize("prior", [True, False])
def test_at_the_maximum_no_neighbour_is_better(prior):
    bounds = np.log([[1e-2, 1e2]] * 4 + [[1e-6, 1e1]])
    y = np.sin(6 * X[:, 0]) + 0.1 * Y

    def height(theta):
        return log_marginal_likelihood(theta, X, y)[0] + (log_prior(theta)[0] if prior else 0.0)

    theta = maximize(X, y, THETA, bounds, prior=prior, n_restarts=2, random=np.random.RandomState(0))
    assert (theta >= bounds[:, 0]).all()
    assert (theta <= bounds[:, 1]).all()
    for step in 0.05 * np.vstack([np.eye(5), -np.eye(5)]):
        assert height(theta) >= height(np.clip(theta + step, *bounds.T)) - 1e-3


def test_restarts_never_make_the_maximum_worse():
    bounds = np.log([[1e-2, 1e2]] * 4 + [[1e-6, 1e1]])
    heights = []
    for n_restarts in (0, 5):
        theta = maximize(X, Y, THETA, bounds, n_restarts=n_restarts, random=np.random.RandomState(1))
        heights.append(log_marginal_likelihood(theta, X, Y)[0] + log_prior(theta)[0])
    assert heights[1] >= heights[0]


def test_equal_bounds_fix_a_hyper_parameter():
    bounds = np.log([[0.2, 0.2]] + [[1e-2, 1e2]] * 3 + [[1e-3, 1e-3]])
    theta = maximize(X, Y, THETA, bounds)
    np.testing.assert_allclose(np.exp(theta[[0, -1]]), [0.2, 1e-3])


def test_relevant_coordinates_get_shorter_lengths_than_irrelevant_ones():
    places = np.random.default_rng(2).random((60, 3))
    theta = maximize(places, np.sin(9 * places[:, 1]), np.log([0.5] * 3 + [1.0, 1e-3]), np.log([[1e-2, 1e2]] * 5))
    lengths = np.exp(theta[:3])
    assert lengths[1] < 0.3 * min(lengths[0], lengths[2])


def test_a_singular_covariance_is_repaired_by_the_smallest_jitter_that_helps():
    # Two equal rows: singular, and rounding pushes its smallest eigenvalue below zero.
    K = np.array([[1.0, 1.0, 0.3], [1.0, 1.0, 0.3], [0.3, 0.3, 1.0]]) - 1e-14 * np.eye(3)
    L, jitter = cholesky(K)
    assert 0 < jitter <= 1e-10
    np.testing.assert_allclose(L @ L.T, K + jitter * np.eye(3), atol=1e-15)


def test_a_healthy_covariance_gets_no_jitter():
    K = covariance("matern52", THETA)
    L, jitter = cholesky(K)
    assert jitter == 0.0
    np.testing.assert_allclose(L @ L.T, K, rtol=1e-13)


def test_what_is_no_covariance_is_refused():
    with pytest.raises(LinAlgError, match="matrix of size 2 is not positive definite"):
        cholesky(np.array([[1.0, 2.0], [2.0, 1.0]]))


def test_a_wrong_number_of_hyper_parameters_is_named():
    with pytest.raises(ValueError, match=r"theta has shape \(4,\), but 3 coordinates need 5 hyper-parameters"):
        log_marginal_likelihood(THETA[:4], X, Y)


def test_observations_of_another_number_are_named():
    with pytest.raises(ValueError, match=r"X has shape \(5, 2\) and y \(3,\); expected \(N, D\) and \(N,\)"):
        log_marginal_likelihood(np.zeros(4), np.zeros((5, 2)), np.zeros(3))


def test_the_jitter_is_in_units_of_the_diagonal():
    singular = np.ones((5, 5)) + 1e-17 * np.eye(5)
    scale = 2.0**20
    assert cholesky(scale * singular)[1] == scale * cholesky(singular)[1] > 0


@pytest.mark.parametrize("n_coordinates", [1, 4, 9])
def test_the_prior_is_largest_at_lengths_that_grow_with_the_root_of_the_dimension(n_coordinates):
    theta = np.log([*[0.5 * n_coordinates**0.5] * n_coordinates, 1.0, 1e-4])
    value, gradient = log_prior(theta)
    assert value == pytest.approx(0.0, abs=1e-12)
    np.testing.assert_allclose(gradient, 0.0, atol=1e-12)
    # One width away a normal density has fallen by exp(-1/2): 1.6 for a length and the signal, 6 for the noise.
    for j, width in ((0, 1.6), (-2, 1.6), (-1, 6.0)):
        assert log_prior(theta + width * np.eye(len(theta))[j])[0] == pytest.approx(-0.5)
