"""Learning rules: closed forms by loops, minisom's step, k-means as the limit, and an energy that never rises."""

import numpy as np
import pytest
from sklearn.cluster import KMeans

from nndl_support.classical.map_grid import unit_distances, unit_positions
from nndl_support.classical.map_learning import (
    INITIALISATIONS,
    batch_step,
    energy,
    initial_weights,
    online_step,
    smoothed_winners,
)
from nndl_support.classical.map_neighbourhood import neighbourhood
from nndl_support.classical.map_quality import best_matching_units


@pytest.fixture
def whole():
    rng = np.random.default_rng(0)
    X, W = rng.normal(size=(53, 5)), rng.normal(size=(6, 5))
    return X, W, best_matching_units(X, W)[:, 0], neighbourhood("gaussian", unit_distances((2, 3)), 0.9)


@pytest.fixture
def gaps(whole):
    X, W, _, H = whole
    X = np.where(np.random.default_rng(1).random(X.shape) < 0.3, np.nan, X)
    X = X[~np.isnan(X).all(axis=1)]
    return X, W, best_matching_units(X, W)[:, 0], H


def means_by_loops(X, W, winners, H):
    new = W.copy()
    for j in range(len(W)):
        for d in range(W.shape[1]):
            top = sum(H[c, j] * x[d] for x, c in zip(X, winners) if not np.isnan(x[d]))
            bottom = sum(H[c, j] for x, c in zip(X, winners) if not np.isnan(x[d]))
            if bottom > 0:
                new[j, d] = top / bottom
    return new


@pytest.mark.parametrize("data", ["whole", "gaps"])
def test_a_batch_step_takes_weighted_means(data, request):
    X, W, winners, H = request.getfixturevalue(data)
    np.testing.assert_allclose(batch_step(X, W, winners, H), means_by_loops(X, W, winners, H), rtol=1e-12)
    skew = np.random.default_rng(2).random(H.shape)  # not symmetric: H[c, j] is not H[j, c]
    np.testing.assert_allclose(batch_step(X, W, winners, skew), means_by_loops(X, W, winners, skew), rtol=1e-12)


def test_a_batch_step_lowers_the_energy_to_its_minimum_for_these_winners(whole):
    X, W, winners, H = whole
    best = batch_step(X, W, winners, H)
    rng = np.random.default_rng(3)
    for _ in range(20):
        assert energy(X, best + 1e-3 * rng.normal(size=W.shape), winners, H) > energy(X, best, winners, H)


def test_units_that_no_example_reaches_stay_where_they_are():
    X, W = np.array([[1.0, np.nan], [3.0, np.nan]]), np.array([[0.0, 5.0], [9.0, 7.0]])
    new = batch_step(X, W, np.array([0, 0]), np.eye(2))
    np.testing.assert_array_equal(new, [[2.0, 5.0], [9.0, 7.0]])
    faint = neighbourhood("gaussian", unit_distances((1, 3)), 0.02)  # exp(-1250) is 0
    np.testing.assert_array_equal(batch_step(X[:, :1], np.zeros((3, 1)), np.array([0, 0]), faint), [[2], [0], [0]])


def test_with_radius_zero_a_batch_step_is_lloyd_s_step_of_k_means(whole):
    X, W, winners, _ = whole
    assert len(np.unique(winners)) == len(W)
    peer = KMeans(len(W), init=W, n_init=1, max_iter=1, algorithm="lloyd").fit(X)
    ours = batch_step(X, W, winners, neighbourhood("gaussian", unit_distances((2, 3)), 0.0))
    np.testing.assert_allclose(ours, peer.cluster_centers_, rtol=1e-12)


@pytest.mark.parametrize(("radius", "rate"), [(0.7, 0.5), (2.3, 0.05)])
def test_an_online_step_is_minisom_s(radius, rate):
    minisom = pytest.importorskip("minisom")
    rng = np.random.default_rng(4)
    peer = minisom.MiniSom(3, 5, 4, sigma=radius, learning_rate=rate, random_seed=0)
    W = peer.get_weights().reshape(15, 4).copy()
    H = neighbourhood("gaussian", unit_distances((3, 5)), radius)
    for x in rng.normal(size=(7, 4)):
        c = best_matching_units(x[None], W)[0, 0]
        W = online_step(x, W, H[c], rate)
        assert peer.winner(x) == (c // 5, c % 5)
        peer.update(x, peer.winner(x), 0, 100)  # at t = 0 its rate and sigma are those given
        np.testing.assert_allclose(W, peer.get_weights().reshape(15, 4), rtol=0, atol=1e-12)


def test_an_online_step_leaves_features_alone_that_are_missing():
    rng = np.random.default_rng(5)
    W, h = rng.normal(size=(6, 3)), rng.random(6)
    new = online_step(np.array([0.3, np.nan, -1.0]), W, h, 0.4)
    np.testing.assert_array_equal(new[:, 1], W[:, 1])
    for j in range(6):
        for d, x in ((0, 0.3), (2, -1.0)):
            assert new[j, d] == pytest.approx(W[j, d] + 0.4 * h[j] * (x - W[j, d]), rel=1e-14)


def test_the_mean_online_step_goes_down_the_energy(whole):
    X, W, winners, H = whole
    eta = 1e-3
    mean = np.mean([online_step(x, W, H[c], eta) - W for x, c in zip(X, winners)], axis=0)
    gradient, h = np.zeros_like(W), 1e-6
    for index in np.ndindex(W.shape):
        up, down = W.copy(), W.copy()
        up[index] += h
        down[index] -= h
        gradient[index] = (energy(X, up, winners, H) - energy(X, down, winners, H)) / (2 * h)
    np.testing.assert_allclose(mean, -eta * gradient, rtol=1e-6, atol=1e-12)


@pytest.mark.parametrize("data", ["whole", "gaps"])
def test_smoothed_winners_and_energy_by_loops(data, request):
    X, W, winners, _ = request.getfixturevalue(data)
    H = np.random.default_rng(6).random((6, 6))  # with different sums of rows, and not symmetric
    squares = np.array([[np.nansum((x - w) ** 2) for w in W] for x in X])
    local = np.array([[sum(H[c, j] * squares[n, j] for j in range(6)) for c in range(6)] for n in range(len(X))])
    np.testing.assert_array_equal(smoothed_winners(X, W, H), local.argmin(axis=1))
    assert energy(X, W, winners, H) == pytest.approx(local[np.arange(len(X)), winners].sum() / (2 * len(X)))
    moved = energy(X + 1e6, W + 1e6, winners, H)  # the origin does not matter, even far away
    assert moved == pytest.approx(energy(X, W, winners, H), rel=1e-6)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("radius", [0.0, 0.6, 2.0])
def test_with_smoothed_winners_the_energy_never_rises(seed, radius):
    rng = np.random.default_rng(seed)
    X, W = rng.normal(size=(101, 3)), rng.normal(size=(20, 3))
    H = neighbourhood("gaussian", unit_distances((4, 5)), radius)
    energies = []
    for _ in range(30):
        winners = smoothed_winners(X, W, H)
        energies.append(energy(X, W, winners, H))
        W = batch_step(X, W, winners, H)
        energies.append(energy(X, W, winners, H))
    assert (np.diff(energies) <= 1e-12 * energies[0]).all()
    assert energies[-1] < energies[0]


def test_with_the_nearest_winners_the_energy_may_rise():
    rises = 0
    for seed in range(10):
        rng = np.random.default_rng(seed)
        X, W = rng.normal(size=(101, 3)), rng.normal(size=(20, 3))
        H = neighbourhood("gaussian", unit_distances((4, 5)), 0.8)
        energies = []
        for _ in range(30):
            winners = best_matching_units(X, W)[:, 0]
            energies.append(energy(X, W, winners, H))
            W = batch_step(X, W, winners, H)
        rises += (np.diff(energies) > 1e-9).any()
    assert rises > 0


def test_the_start_from_principal_components_spans_one_standard_deviation_to_each_side():
    rng = np.random.default_rng(7)
    X = rng.normal(size=(211, 3)) * [1.0, 5.0, 2.0] + [10.0, 20.0, 30.0]
    W = initial_weights(X, unit_positions((4, 7)), "pca", np.random.RandomState(0)).reshape(4, 7, 3)
    values, vectors = np.linalg.eigh(np.cov(X.T, bias=True))
    first = (W[0, -1] - W[0, 0]) / 2  # 7 columns are more than 4 rows: they take the first component
    second = (W[-1, 0] - W[0, 0]) / 2
    assert np.linalg.norm(first) == pytest.approx(np.sqrt(values[2]))
    assert np.linalg.norm(second) == pytest.approx(np.sqrt(values[1]))
    assert abs(first @ vectors[:, 2]) == pytest.approx(np.sqrt(values[2]))
    np.testing.assert_allclose(W.mean(axis=(0, 1)), X.mean(axis=0))
    tall = initial_weights(X, unit_positions((7, 4)), "pca", np.random.RandomState(0)).reshape(7, 4, 3)
    np.testing.assert_allclose(tall, W.transpose(1, 0, 2))


@pytest.mark.parametrize("method", INITIALISATIONS)
@pytest.mark.parametrize(("n", "width"), [(1, 3), (2, 5), (53, 1), (53, 4)])
def test_every_start_lies_among_the_data(method, n, width):
    X = np.random.default_rng(8).normal(size=(n, width))
    W = initial_weights(X, unit_positions((3, 4)), method, np.random.RandomState(0))
    assert W.shape == (12, width)
    if method != "pca":
        assert (X.min(axis=0) <= W).all()
        assert (X.max(axis=0) >= W).all()
    if n == 1:
        np.testing.assert_allclose(W, np.repeat(X, 12, axis=0))


def test_samples_are_all_different_when_there_are_enough():
    X = np.arange(13.0)[:, None]
    W = initial_weights(X, unit_positions((3, 4)), "sample", np.random.RandomState(0))
    assert len(np.unique(W)) == 12


def test_missing_entries_start_at_their_column_s_mean():
    X = np.array([[1.0, np.nan], [3.0, 8.0]])
    W = initial_weights(X, unit_positions((1, 2)), "sample", np.random.RandomState(0))
    assert {tuple(w) for w in W} == {(1.0, 8.0), (3.0, 8.0)}
    with pytest.raises(ValueError, match=r"the features \[1\] are missing in all 2 rows"):
        initial_weights(np.array([[1.0, np.nan], [2.0, np.nan]]), unit_positions((1, 2)), "pca", None)
    with pytest.raises(ValueError, match=r"initialisation must be one of .*sample.*, got 'zeros'"):
        initial_weights(X, unit_positions((1, 2)), "zeros", None)
