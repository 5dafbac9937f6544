from itertools import combinations

import numpy as np
import pytest

from nndl_support.classical.centres import (
    kmeans_centres,
    maximum_distance_width,
    nearest_neighbour_widths,
    orthogonal_least_squares,
    random_centres,
)

RNG = np.random.default_rng(0)
X = RNG.normal(size=(53, 3))


@pytest.mark.parametrize("seed", range(5))
def test_random_centres_are_different_examples(seed):
    centres = random_centres(np.vstack([X, X]), 17, np.random.default_rng(seed))
    assert len({tuple(c) for c in centres} & {tuple(x) for x in X}) == 17


def test_every_example_is_drawn_equally_often():
    points = np.arange(7.0)[:, None]
    rng = np.random.default_rng(0)
    drawn = np.concatenate([random_centres(points, 2, rng)[:, 0] for _ in range(3500)])
    counts = np.bincount(drawn.astype(int), minlength=7)
    assert np.abs(counts - 1000).max() < 5 * np.sqrt(1000 * 6 / 7)


def test_kmeans_finds_clusters_that_are_far_apart():
    means = 20 * np.eye(3)
    points = np.vstack([m + RNG.normal(size=(40, 3)) for m in means])
    centres = kmeans_centres(points, 3, np.random.default_rng(0))
    by_hand = np.array([points[i * 40 : i * 40 + 40].mean(axis=0) for i in range(3)])
    np.testing.assert_allclose(centres[np.argsort(-centres, axis=0)[0]], by_hand, atol=1e-9)


def test_kmeans_centres_are_means_of_the_examples_nearest_to_them():
    centres = kmeans_centres(X, 5, np.random.default_rng(1))
    nearest = ((X[:, None] - centres[None]) ** 2).sum(axis=2).argmin(axis=1)
    means = np.array([X[nearest == i].mean(axis=0) for i in range(5)])
    np.testing.assert_allclose(centres, means, atol=1e-9)


@pytest.mark.parametrize("choose", [random_centres, kmeans_centres])
def test_fewer_distinct_examples_than_centres_are_named(choose):
    with pytest.raises(ValueError, match="4 centres were asked for, but X has only 3 distinct rows"):
        choose(np.repeat(X[:3], 9, axis=0), 4, np.random.default_rng(0))


def explained(columns, targets):
    """Share of the targets' squares that a least-squares fit explains."""
    fit = columns @ np.linalg.lstsq(columns, targets)[0]
    return 1 - np.sum((targets - fit) ** 2) / np.sum(targets**2)


@pytest.mark.parametrize("n_targets", [1, 2])
def test_error_reduction_ratios_are_gains_of_a_least_squares_fit(n_targets):
    columns, targets = RNG.normal(size=(31, 11)), RNG.normal(size=(31, n_targets))
    chosen, ratios = orthogonal_least_squares(columns, targets, 7)
    gains = np.diff([0.0] + [explained(columns[:, chosen[: k + 1]], targets) for k in range(7)])
    np.testing.assert_allclose(ratios, gains, atol=1e-12)


def test_every_choice_is_the_best_single_addition():
    columns, targets = RNG.normal(size=(31, 11)), RNG.normal(size=(31, 2))
    chosen, _ = orthogonal_least_squares(columns, targets, 6)
    for k in range(6):
        shares = [explained(columns[:, [*chosen[:k], j]], targets) for j in range(11)]
        assert np.argmax(shares) == chosen[k]


def test_orthogonal_candidates_are_chosen_optimally():
    columns, targets = np.linalg.qr(RNG.normal(size=(19, 7)))[0], RNG.normal(size=(19, 1))
    chosen, ratios = orthogonal_least_squares(columns, targets, 3)
    best = max(combinations(range(7), 3), key=lambda some: explained(columns[:, some], targets))
    assert set(chosen) == set(best)
    assert (np.diff(ratios) <= 0).all()


def test_greedy_can_miss_the_best_pair():
    # The third column is close to the target alone; the first two make it exactly, together.
    columns = np.array([[1.0, -1.0, 1.0], [5.0, 5.0, 0.0], [0.0, 0.0, 0.3]])
    targets = columns[:, [0]] - columns[:, [1]]
    chosen, ratios = orthogonal_least_squares(columns, targets, 2)
    assert chosen[0] == 2
    assert ratios.sum() < 1 - 1e-3 < explained(columns[:, :2], targets)


def test_dependent_candidates_end_the_choice():
    chosen, ratios = orthogonal_least_squares(np.hstack([X[:, :2], X[:, :2] @ [[1.0], [2.0]]]), X[:, 2:], 3)
    assert len(chosen) == len(ratios) == 2


def test_arguments_are_not_changed():
    columns, targets = X.copy(), X[:, :1].copy()
    orthogonal_least_squares(columns, targets, 2)
    np.testing.assert_array_equal(columns, X)
    np.testing.assert_array_equal(targets, X[:, :1])


def test_bad_sizes_are_named():
    with pytest.raises(ValueError, match=r"candidates has shape \(53, 3\) and targets \(52, 1\)"):
        orthogonal_least_squares(X, X[1:, :1], 2)
    with pytest.raises(ValueError, match="n_terms is 4, but there are 3 candidates"):
        orthogonal_least_squares(X, X[:, :1], 4)


def test_widths_follow_their_formulas():
    centres = np.array([[0.0, 0.0], [3.0, 4.0], [0.0, 1.0]])
    assert maximum_distance_width(centres) == pytest.approx(5 / np.sqrt(6))
    squares = [[1.0, 25.0], [18.0, 25.0], [1.0, 18.0]]
    np.testing.assert_allclose(nearest_neighbour_widths(centres), np.sqrt(np.mean(squares, axis=1)))
    np.testing.assert_allclose(nearest_neighbour_widths(centres, 1), np.sqrt([1.0, 18.0, 1.0]))
    np.testing.assert_allclose(nearest_neighbour_widths(centres, 99), nearest_neighbour_widths(centres, 2))
    with pytest.raises(ValueError, match="NaN or infinite"):
        orthogonal_least_squares(np.full((5, 2), np.nan), np.ones((5, 1)), 1)


def test_widths_from_distances_need_two_centres():
    for rule in (maximum_distance_width, nearest_neighbour_widths):
        with pytest.raises(ValueError, match=r"centres has shape \(1, 3\); expected \(M, D\) with at least 2 centres"):
            rule(np.zeros((1, 3)))
    with pytest.raises(ValueError, match="n_neighbours must be at least 1, but is 0"):
        nearest_neighbour_widths(X, 0)
    for place in (random_centres, kmeans_centres):
        with pytest.raises(ValueError, match="n_centres must be at least 1, but is 0"):
            place(X, 0, np.random.default_rng(0))
