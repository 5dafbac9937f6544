"""The Gaussian process: scikit-learn's posterior, gradients, growing, sampling, duplicates, errors."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.gaussian_process import GaussianProcessRegressor as Peer
from sklearn.gaussian_process.kernels import RBF, ConstantKernel, Matern
from sklearn.utils.estimator_checks import parametrize_with_checks

from nndl_support.backprop.gradient_check import numerical_gradient
from nndl_support.optimization.gaussian_process import GaussianProcessRegressor
from nndl_support.optimization.marginal_likelihood import log_marginal_likelihood

RNG = np.random.default_rng(0)
X, PLACES = RNG.random((19, 3)), RNG.random((7, 3))
Y = np.sin(5 * X[:, 0]) + X[:, 1] ** 2 + 0.1 * RNG.normal(size=19)
LENGTHS = np.array([0.4, 0.9, 1.7])
FIXED = {"length_scale": LENGTHS, "signal_variance": 2.3, "noise_variance": 0.01, "optimizer": None}
PEERS = {"matern52": Matern(LENGTHS, nu=2.5), "rbf": RBF(LENGTHS)}


@parametrize_with_checks([GaussianProcessRegressor()])
def test_it_is_a_scikit_learn_estimator(estimator, check):
    check(estimator)


@pytest.mark.parametrize("kernel", ["matern52", "rbf"])
@pytest.mark.parametrize("mean", [0.0, 0.7])
def test_the_posterior_is_that_of_scikit_learn_at_the_same_hyper_parameters(kernel, mean):
    ours = GaussianProcessRegressor(kernel=kernel, mean=mean, **FIXED).fit(X, Y)
    peer = Peer(ConstantKernel(2.3) * PEERS[kernel], alpha=0.01, optimizer=None).fit(X, Y - mean)
    for flag in ("return_std", "return_cov"):
        (our_mean, ours_), (peer_mean, theirs) = (
            ours.predict(PLACES, **{flag: True}),
            peer.predict(PLACES, **{flag: True}),
        )
        np.testing.assert_allclose(our_mean, peer_mean + mean, atol=1e-10)
        np.testing.assert_allclose(ours_, theirs, atol=1e-10)
    likelihood = peer.log_marginal_likelihood(peer.kernel_.theta)
    assert ours.log_marginal_likelihood_value_ == pytest.approx(likelihood, abs=1e-10)


def test_hyper_parameters_found_are_at_least_as_likely_as_those_of_scikit_learn():
    ours = GaussianProcessRegressor(mean=0.0, prior=False, n_restarts=4, random_state=0).fit(X, Y)
    kernel = ConstantKernel(1.0, (1e-3, 1e3)) * Matern(np.full(3, 0.5), (1e-2, 1e2), nu=2.5)
    peer = Peer(kernel, alpha=ours.noise_variance_, n_restarts_optimizer=4, random_state=0).fit(X, Y)
    assert ours.log_marginal_likelihood_value_ >= peer.log_marginal_likelihood_value_ - 1e-3


def test_the_stored_likelihood_is_that_of_the_hyper_parameters():
    gp = GaussianProcessRegressor(random_state=0).fit(X, Y)
    assert gp.log_marginal_likelihood_value_ == pytest.approx(log_marginal_likelihood(gp.theta_, X, Y)[0], rel=1e-9)


@pytest.mark.parametrize("kernel", ["matern52", "rbf"])
@pytest.mark.parametrize("normalize_y", [False, True])
def test_gradients_of_the_prediction_agree_with_central_differences(kernel, normalize_y):
    gp = GaussianProcessRegressor(kernel=kernel, normalize_y=normalize_y, **FIXED).fit(X, Y)
    mean, std, mean_gradient, std_gradient = gp.predict_gradient(PLACES)
    expected = gp.predict(PLACES, return_std=True)
    np.testing.assert_allclose(mean, expected[0], atol=1e-12)
    np.testing.assert_allclose(std, expected[1], atol=1e-12)
    for i, x in enumerate(PLACES):
        by_mean = numerical_gradient(lambda p: float(gp.predict(p[None])[0]), x)
        by_std = numerical_gradient(lambda p: float(gp.predict(p[None], return_std=True)[1][0]), x)
        np.testing.assert_allclose(mean_gradient[i], by_mean, atol=1e-7)
        np.testing.assert_allclose(std_gradient[i], by_std, atol=1e-7)


@pytest.mark.parametrize("mean", [None, 0.2])
def test_a_process_grown_row_by_row_is_the_process_of_all_observations(mean):
    whole = GaussianProcessRegressor(mean=mean, **FIXED).fit(X, Y)
    grown = GaussianProcessRegressor(mean=mean, **FIXED).fit(X[:11], Y[:11])
    grown = grown.condition_on(X[11:13], Y[11:13]).condition_on(X[13:], Y[13:])
    np.testing.assert_allclose(grown.L_, whole.L_, atol=1e-12)
    assert grown.log_marginal_likelihood_value_ == pytest.approx(whole.log_marginal_likelihood_value_, rel=1e-12)
    for ours, expected in zip(
        grown.predict(PLACES, return_std=True), whole.predict(PLACES, return_std=True), strict=True
    ):
        np.testing.assert_allclose(ours, expected, atol=1e-12)


def test_observations_added_to_normalised_ones_are_in_the_units_of_the_first():
    options = FIXED | {"normalize_y": True}
    scale, shift = Y[:11].std(), Y[:11].mean()
    whole = GaussianProcessRegressor(**FIXED).fit(X, (Y - shift) / scale)
    grown = GaussianProcessRegressor(**options).fit(X[:11], Y[:11]).condition_on(X[11:], Y[11:])
    np.testing.assert_allclose(grown.predict(PLACES), shift + scale * whole.predict(PLACES), atol=1e-12)


def test_growing_leaves_the_process_as_it_was():
    gp = GaussianProcessRegressor(**FIXED).fit(X, Y)
    before = gp.predict(PLACES)
    gp.condition_on(PLACES, np.zeros(7))
    np.testing.assert_array_equal(gp.predict(PLACES), before)
    assert len(gp.X_train_) == 19


def test_believing_the_prediction_changes_no_mean_but_shrinks_the_deviation():
    gp = GaussianProcessRegressor(**FIXED).fit(X, Y)
    more = gp.condition_on(PLACES[:1], gp.predict(PLACES[:1]))
    np.testing.assert_allclose(more.predict(PLACES), gp.predict(PLACES), atol=1e-11)
    assert (more.predict(PLACES, return_std=True)[1] < gp.predict(PLACES, return_std=True)[1]).all()


def test_without_noise_it_goes_through_the_observations_and_is_certain_of_them():
    gp = GaussianProcessRegressor(noise_variance=1e-12, noise_variance_bounds=(1e-12, 1e-12), random_state=0).fit(X, Y)
    mean, std = gp.predict(X, return_std=True)
    np.testing.assert_allclose(mean, Y, atol=1e-5)
    assert std.max() < 1e-4


def test_far_away_it_returns_to_the_prior():
    gp = GaussianProcessRegressor(**FIXED).fit(X, Y)
    mean, std = gp.predict(np.full((1, 3), 1e3), return_std=True)
    assert mean[0] == pytest.approx(gp.mean_)
    assert std[0] == pytest.approx(np.sqrt(2.3))


@pytest.mark.parametrize("seed", range(3))
def test_the_band_covers_as_often_as_it_claims(seed):
    # Functions drawn from the process itself: 95 % of their values lie within 1.96 posterior deviations.
    rng = np.random.default_rng(seed)
    x = np.linspace(0, 1, 40)[:, None]
    prior = GaussianProcessRegressor(length_scale=0.2, noise_variance=1e-8, mean=0.0, optimizer=None)
    prior.fit([[99.0]], [0.0])
    functions = prior.sample_y(x, 200, random_state=seed)
    inside = []
    for f in functions.T:
        seen = rng.choice(40, size=6, replace=False)
        mean, std = clone(prior).fit(x[seen], f[seen]).predict(x, return_std=True)
        hidden = np.setdiff1d(np.arange(40), seen)
        inside.append(np.mean(np.abs(f - mean)[hidden] < 1.96 * std[hidden]))
    assert np.mean(inside) == pytest.approx(0.95, abs=0.02)


def test_samples_have_the_posterior_mean_and_covariance():
    gp = GaussianProcessRegressor(**FIXED).fit(X, Y)
    mean, covariance = gp.predict(PLACES, return_cov=True)
    samples = gp.sample_y(PLACES, 40_000, random_state=0)
    standard_error = np.sqrt(np.diagonal(covariance) / 40_000)
    assert (np.abs(samples.mean(axis=1) - mean) < 4.5 * standard_error).all()
    np.testing.assert_allclose(np.cov(samples), covariance, atol=0.05 * covariance.max())


def test_duplicated_places_count_as_repeated_measurements():
    options = {"mean": 0.0, "length_scale": 0.5, "optimizer": None}
    twice = GaussianProcessRegressor(noise_variance=0.2, **options).fit([[0.3], [0.3]], [1.0, 3.0])
    once = GaussianProcessRegressor(noise_variance=0.1, **options).fit([[0.3]], [2.0])
    for ours, expected in zip(
        twice.predict([[0.6]], return_std=True), once.predict([[0.6]], return_std=True), strict=True
    ):
        np.testing.assert_allclose(ours, expected, rtol=1e-12)


def test_many_duplicates_without_noise_are_survived():
    gp = GaussianProcessRegressor(noise_variance=1e-18, optimizer=None).fit(np.full((9, 2), 0.5), np.full(9, 3.0))
    mean, std = gp.predict([[0.5, 0.5], [0.1, 0.2]], return_std=True)
    assert gp.jitter_ > 0
    assert mean[0] == pytest.approx(3.0)
    assert np.isfinite(std).all()


def test_outputs_are_normalised_on_request():
    raw, scaled = (
        GaussianProcessRegressor(normalize_y=True, random_state=0).fit(X, y).predict(PLACES, return_std=True)
        for y in (Y, 1e6 * Y + 5e6)
    )
    np.testing.assert_allclose(scaled[0], 1e6 * raw[0] + 5e6, rtol=1e-6)
    np.testing.assert_allclose(scaled[1], 1e6 * raw[1], rtol=1e-5)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"kernel": "matern"}, "no covariance function 'matern'"),
        ({"optimizer": "adam"}, "optimizer must be 'lbfgs' or None, not 'adam'"),
        ({"length_scale": [1.0, 2.0]}, r"length_scale has shape \(2,\), but X has 3 columns"),
        ({"noise_variance": 0.0}, "must be positive"),
        ({"length_scale": -1.0}, "must be positive"),
        ({"noise_variance_bounds": (1.0, 0.1)}, "bounds must be positive and not reversed"),
    ],
)
def test_impossible_options_are_named(options, message):
    with pytest.raises(ValueError, match=message):
        GaussianProcessRegressor(**options).fit(X, Y)


def test_impossible_calls_are_named():
    gp = GaussianProcessRegressor(**FIXED).fit(X, Y)
    with pytest.raises(ValueError, match="return_std or for return_cov, not for both"):
        gp.predict(X, return_std=True, return_cov=True)
    with pytest.raises(ValueError, match=r"X has shape \(7, 3\) and y \(6,\); expected \(P, 3\) and \(P,\)"):
        gp.condition_on(PLACES, np.zeros(6))


def test_outputs_that_are_all_equal_are_normalised_without_a_scale():
    gp = GaussianProcessRegressor(normalize_y=True, random_state=0).fit(X, np.full(19, 7.0))
    mean, std = gp.predict(PLACES, return_std=True)
    np.testing.assert_allclose(mean, 7.0)
    assert np.isfinite(std).all()


def test_a_number_of_restarts_that_is_none_is_named():
    for n_restarts in (-1, 1.5):
        with pytest.raises(ValueError, match=f"n_restarts is {n_restarts}; expected a whole number >= 0"):
            GaussianProcessRegressor(n_restarts=n_restarts).fit(X, Y)
