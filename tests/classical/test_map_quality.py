"""Measures of a map: tiny maps by hand, loops with missing values, and minisom's and scikit-learn's own functions."""

import numpy as np
import pytest
from sklearn.metrics.pairwise import nan_euclidean_distances

from nndl_support.classical.map_grid import adjacent_units
from nndl_support.classical.map_quality import (
    best_matching_units,
    distances,
    hit_map,
    majority_labels,
    quantization_error,
    scores,
    topographic_error,
    u_matrix,
)


@pytest.fixture
def gaps():
    """Thirteen rows of five features, every third entry missing, and weights of six units."""
    rng = np.random.default_rng(3)
    X = rng.normal(size=(13, 5))
    X[rng.random(X.shape) < 0.3] = np.nan
    X[np.isnan(X).all(axis=1), 0] = 0.5
    assert 5 < np.isnan(X).sum() < 35
    return X, rng.normal(size=(6, 5))


def by_loops(X, W):
    return np.array([[np.sqrt(sum((xd - wd) ** 2 for xd, wd in zip(x, w) if not np.isnan(xd))) for w in W] for x in X])


def test_distances_leave_missing_entries_out(gaps):
    X, W = gaps
    np.testing.assert_allclose(distances(X, W), by_loops(X, W), rtol=1e-14)
    whole = np.nan_to_num(X)
    np.testing.assert_allclose(distances(whole, W), by_loops(whole, W), rtol=1e-14)


def test_distances_are_scikit_learn_s_without_its_factor(gaps):
    X, W = gaps
    factor = np.sqrt(5 / (~np.isnan(X)).sum(axis=1))[:, None]
    np.testing.assert_allclose(distances(X, W) * factor, nan_euclidean_distances(X, W), rtol=1e-12)


def test_scores_differ_from_half_squared_distances_by_one_number_per_row(gaps):
    X, W = gaps
    for data in (X, np.nan_to_num(X)):
        rest = 0.5 * by_loops(data, W) ** 2 - scores(data, W)
        np.testing.assert_allclose(rest, np.broadcast_to(rest[:, :1], rest.shape), atol=1e-13)


def test_best_matching_units_are_the_first_of_the_sorted_distances(gaps):
    X, W = gaps
    for data in (X, np.nan_to_num(X)):
        np.testing.assert_array_equal(best_matching_units(data, W, k=3), by_loops(data, W).argsort(axis=1)[:, :3])


def test_far_from_the_origin_winners_stay_the_same():
    rng = np.random.default_rng(0)
    X, W = rng.normal(size=(40, 3)), rng.normal(size=(7, 3))
    np.testing.assert_array_equal(best_matching_units(X + 1e8, W + 1e8), best_matching_units(X, W))


def test_of_units_with_equal_weights_the_first_wins():
    assert best_matching_units(np.array([[1.0]]), np.array([[3.0], [1.5], [3.0], [1.5]]), k=4).tolist() == [
        [1, 3, 0, 2]
    ]


def test_errors_of_a_folded_line_by_hand():
    W = np.array([[0.0], [4.0], [1.0], [9.0]])
    X = np.array([[0.25], [3.0], [6.0], [8.0]])
    # Winners 0, 1, 1, 3 at distances 0.25, 1, 2, 1; second 2, 2, 3, 1. On the line 0-1-2-3 only 1-2 is a pair of neighbours.
    assert quantization_error(X, W) == pytest.approx(4.25 / 4)
    assert topographic_error(X, W, adjacent_units((1, 4))) == 0.75


def test_quantization_error_averages_over_known_entries(gaps):
    X, W = gaps
    assert quantization_error(X, W) == pytest.approx(by_loops(X, W).min(axis=1).mean(), rel=1e-14)


def test_errors_on_a_rectangular_grid_equal_those_of_minisom():
    minisom = pytest.importorskip("minisom")
    X = np.random.default_rng(1).normal(size=(211, 4))
    peer = minisom.MiniSom(5, 7, 4, random_seed=0)
    peer.random_weights_init(X)
    W, adjacent = peer.get_weights().reshape(35, 4), adjacent_units((5, 7))
    assert quantization_error(X, W) == pytest.approx(peer.quantization_error(X), rel=1e-12)
    assert 0.2 < topographic_error(X, W, adjacent) < 1.0
    assert topographic_error(X, W, adjacent) == pytest.approx(peer.topographic_error(X), abs=1e-12)


def test_errors_on_a_honeycomb_equal_those_of_minisom():
    minisom = pytest.importorskip("minisom")
    X = np.random.default_rng(2).normal(size=(211, 4))
    # minisom's second index is our row; it shifts its last row and every other one above it to the left, so that with
    # an odd number of rows the grids agree but for a translation.
    peer = minisom.MiniSom(5, 7, 4, topology="hexagonal", random_seed=0)
    peer.random_weights_init(X)
    W = peer.get_weights().transpose(1, 0, 2).reshape(35, 4)
    error = topographic_error(X, W, adjacent_units((7, 5), "hexagonal"))
    assert 0.2 < error < 1.0
    assert error == pytest.approx(peer.topographic_error(X), abs=1e-12)


def test_u_matrix_of_a_tiny_map_by_hand():
    W = np.array([[0.0], [1.0], [3.0], [7.0], [2.0], [2.0]])  # (2, 3): 0 1 3 / 7 2 2
    expected = [
        [(1 + 7 + 2) / 3, (1 + 2 + 6 + 1 + 1) / 5, (2 + 1 + 1) / 3],
        [(7 + 6 + 5) / 3, (2 + 1 + 1 + 5 + 0) / 5, (1 + 1 + 0) / 3],
    ]
    np.testing.assert_allclose(u_matrix(W, adjacent_units((2, 3))).reshape(2, 3), expected)
    line = u_matrix(W[:3], adjacent_units((1, 3)))
    np.testing.assert_allclose(line, [1.0, 1.5, 2.0])
    np.testing.assert_array_equal(u_matrix(W[:1], adjacent_units((1, 1))), [0.0])


def test_u_matrix_is_minisom_s_distance_map_before_its_scaling():
    minisom = pytest.importorskip("minisom")
    peer = minisom.MiniSom(4, 5, 3, random_seed=0)
    ours = u_matrix(peer.get_weights().reshape(20, 3), adjacent_units((4, 5))).reshape(4, 5)
    np.testing.assert_allclose(ours / ours.max(), peer.distance_map(scaling="mean"), rtol=1e-12)


def test_the_order_of_features_and_of_examples_does_not_matter():
    rng = np.random.default_rng(5)
    X, W, adjacent = rng.normal(size=(101, 5)), rng.normal(size=(12, 5)), adjacent_units((3, 4))
    rows, columns = rng.permutation(101), rng.permutation(5)
    np.testing.assert_array_equal(best_matching_units(X[rows], W, k=2), best_matching_units(X, W, k=2)[rows])
    assert quantization_error(X[:, columns], W[:, columns]) == pytest.approx(quantization_error(X, W), rel=1e-13)
    assert topographic_error(X[rows][:, columns], W[:, columns], adjacent) == topographic_error(X, W, adjacent)


def test_renumbering_units_and_neighbours_together_changes_no_error():
    rng = np.random.default_rng(6)
    X, W, adjacent = rng.normal(size=(101, 3)), rng.normal(size=(12, 3)), adjacent_units((3, 4), "hexagonal")
    order = rng.permutation(12)
    assert topographic_error(X, W[order], adjacent[np.ix_(order, order)]) == topographic_error(X, W, adjacent)
    np.testing.assert_allclose(u_matrix(W[order], adjacent[np.ix_(order, order)]), u_matrix(W, adjacent)[order])


def test_majority_labels_and_hits_count():
    winners, y = np.array([4, 4, 4, 0, 0, 2]), np.array([2, 2, 1, 3, 1, 0])
    np.testing.assert_array_equal(majority_labels(winners, y, 5), [1, -1, 0, -1, 2])
    np.testing.assert_array_equal(majority_labels(winners, y, 6, empty=9), [1, 9, 0, 9, 2, 9])
    np.testing.assert_array_equal(hit_map(winners, (2, 3)), [[2, 0, 1], [0, 3, 0]])


def test_mistakes_are_named():
    with pytest.raises(ValueError, match="needs at least 2 units, but the map has 1"):
        topographic_error(np.zeros((3, 2)), np.zeros((1, 2)), adjacent_units((1, 1)))
    with pytest.raises(ValueError, match="there are 3 winners, but 2 labels"):
        majority_labels([0, 1, 2], [0, 1], 3)
    for labels in ([-1, 2], [0.0, 1.0]):
        with pytest.raises(ValueError, match="labels must be whole numbers >= 0; leave unlabelled examples out"):
            majority_labels([0, 1], labels, 3)
    for winners in ([0, 3], [-1, 0], [0.0, 1.0]):
        with pytest.raises(ValueError, match="winners must be whole numbers from 0 to 2, got"):
            majority_labels(winners, [1, 2], 3)
        with pytest.raises(ValueError, match="winners must be whole numbers from 0 to 2, got"):
            hit_map(winners, (1, 3))
    for k in (0, 3):
        with pytest.raises(ValueError, match=rf"k must lie in 1 .. 2, the number of units, got {k}"):
            best_matching_units(np.zeros((5, 3)), np.zeros((2, 3)), k=k)
    for measure in (distances, best_matching_units, quantization_error):
        for width in (1, 2):
            with pytest.raises(ValueError, match=rf"X has shape \(5, 3\) and the weights \(2, {width}\); expected"):
                measure(np.full((5, 3), np.nan), np.zeros((2, width)))


def test_no_examples_win_nothing():
    np.testing.assert_array_equal(majority_labels([], [], 3), [-1, -1, -1])
    np.testing.assert_array_equal(hit_map([], (1, 3)), [[0, 0, 0]])
