"""The posterior at fixed hyper-parameters: conditioning a joint normal by its textbook formulas, growing, gradients."""

import numpy as np
import pytest
from scipy.stats import multivariate_normal

from nndl_support.backprop.gradient_check import numerical_gradient
from nndl_support.optimization.covariance_functions import scaled_squared_distances, value_and_slope
from nndl_support.optimization.gaussian_posterior import GaussianPosterior

RNG = np.random.default_rng(0)
X, Y, PLACES = RNG.random((13, 3)), RNG.normal(size=13), RNG.random((7, 3))
LENGTHS, SIGNAL, NOISE = np.array([0.4, 0.9, 1.7]), 2.3, 0.05
THETA = np.log([*LENGTHS, SIGNAL, NOISE])


def posterior(kernel="matern52", constant=None, rows=slice(None), theta=THETA):
    return GaussianPosterior(X[rows], Y[rows], theta, kernel, constant)


@pytest.mark.parametrize("kernel", ["matern52", "rbf"])
@pytest.mark.parametrize("constant", [0.0, 0.7, None])
def test_it_is_the_joint_normal_conditioned_with_inverse_matrices(kernel, constant):
    joint = SIGNAL * value_and_slope(kernel, scaled_squared_distances(*[np.vstack([X, PLACES])] * 2, LENGTHS))[0]
    inverse = np.linalg.inv(joint[:13, :13] + NOISE * np.eye(13))
    m = inverse.sum(axis=0) @ Y / inverse.sum() if constant is None else constant
    ours = posterior(kernel, constant)
    covariance = joint[13:, 13:] - joint[13:, :13] @ inverse @ joint[:13, 13:]
    assert ours.m == pytest.approx(m, abs=1e-10)
    np.testing.assert_allclose(ours.mean(PLACES), m + joint[13:, :13] @ inverse @ (Y - m), atol=1e-10)
    np.testing.assert_allclose(ours.cov(PLACES), covariance, atol=1e-10)
    np.testing.assert_allclose(ours.std(PLACES), np.sqrt(np.diagonal(covariance)), atol=1e-10)
    np.testing.assert_allclose(ours.L @ ours.L.T, joint[:13, :13] + NOISE * np.eye(13), atol=1e-12)
    density = multivariate_normal(np.full(13, m), ours.L @ ours.L.T).logpdf(Y)
    assert ours.log_likelihood == pytest.approx(density, abs=1e-9)


@pytest.mark.parametrize("kernel", ["matern52", "rbf"])
def test_its_gradients_agree_with_central_differences(kernel):
    ours = posterior(kernel)
    mean, std, by_mean, by_std = ours.gradient(PLACES)
    np.testing.assert_allclose(mean, ours.mean(PLACES), atol=1e-12)
    np.testing.assert_allclose(std, ours.std(PLACES), atol=1e-12)
    for i, x in enumerate(PLACES):
        np.testing.assert_allclose(by_mean[i], numerical_gradient(lambda p: float(ours.mean(p[None])[0]), x), atol=1e-7)
        np.testing.assert_allclose(by_std[i], numerical_gradient(lambda p: float(ours.std(p[None])[0]), x), atol=1e-7)


def test_where_nothing_is_uncertain_the_deviation_has_gradient_zero():
    # Two observations without noise, so near the first that rounding leaves no variance.
    sure = GaussianPosterior(np.array([[0.5], [0.9]]), np.array([1.0, 2.0]), np.log([0.5, 1.0, 1e-300]), "rbf", 0.0)
    _, std, _, by_std = sure.gradient(np.array([[0.5]]))
    assert std[0] == 0.0
    assert by_std[0] == 0.0


@pytest.mark.parametrize("constant", [None, 0.2])
def test_growing_is_conditioning_on_everything_at_once(constant):
    whole, part = posterior(constant=constant), posterior(constant=constant, rows=slice(5))
    grown = part.extended(X[5:7], Y[5:7]).extended(X[7:], Y[7:])
    assert len(part.X) == 5
    np.testing.assert_allclose(grown.L, whole.L, atol=1e-12)
    np.testing.assert_allclose(grown.alpha, whole.alpha, atol=1e-10)
    np.testing.assert_allclose(grown.std(PLACES), whole.std(PLACES), atol=1e-12)


def test_growing_keeps_the_jitter_of_a_singular_covariance():
    theta = np.log([0.5, 0.5, 0.5, 1.0, 1e-18])
    same = GaussianPosterior(np.full((5, 3), 0.5), np.full(5, 3.0), theta, "rbf", None)
    grown = same.extended(np.full((1, 3), 0.1), np.array([1.0]))
    assert grown.jitter == same.jitter > 0
    np.testing.assert_allclose(np.diagonal(grown.L @ grown.L.T), 1.0 + same.jitter, rtol=1e-14)
