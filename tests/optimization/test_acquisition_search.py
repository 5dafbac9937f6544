"""Maxima of acquisition functions: on a fine grid, apart from each other, within bounds, errors."""

from functools import partial

import numpy as np
import pytest

from nndl_support.optimization.acquisition import log_expected_improvement, lower_confidence_bound
from nndl_support.optimization.acquisition_search import climb, spread_out
from nndl_support.optimization.gaussian_process import GaussianProcessRegressor

RNG = np.random.default_rng(0)
X = RNG.random((9, 2))
PROCESS = GaussianProcessRegressor(length_scale=[0.3, 0.5], noise_variance=1e-6, optimizer=None).fit(
    X, np.sin(6 * X[:, 0]) + X[:, 1]
)
SCORE = partial(log_expected_improvement, best=PROCESS.predict(X).min())


def test_the_best_climb_ends_no_lower_than_a_fine_grid():
    axis = np.linspace(0, 1, 101)
    grid = np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2)
    heights = SCORE(*PROCESS.predict(grid, return_std=True))[0]
    points, values = climb(PROCESS, SCORE, grid[spread_out(grid, heights, 5, 0.1)])
    assert values.max() >= heights.max()
    assert values.max() - heights.max() < 0.1
    np.testing.assert_allclose(values, SCORE(*PROCESS.predict(points, return_std=True))[0], rtol=1e-8)


def test_climbs_go_up_and_stay_in_the_cube():
    starts = RNG.random((7, 2))
    points, values = climb(PROCESS, lower_confidence_bound, starts)
    before = lower_confidence_bound(*PROCESS.predict(starts, return_std=True))[0]
    assert (values >= before - 1e-9).all()
    assert points.min() >= 0
    assert points.max() <= 1


def test_climbing_together_is_climbing_alone():
    # From near the tops: from afar the shared line search may carry one of them over a pass into another basin.
    tops = climb(PROCESS, lower_confidence_bound, [[0.2, 0.9], [0.9, 0.1], [0.5, 0.5]], max_steps=300)[0]
    starts = np.clip(tops + 0.01 * RNG.normal(size=tops.shape), 0, 1)
    together = climb(PROCESS, lower_confidence_bound, starts, max_steps=300)[1]
    alone = [climb(PROCESS, lower_confidence_bound, start[None], max_steps=300)[1][0] for start in starts]
    np.testing.assert_allclose(together, alone, atol=1e-5)


def test_what_is_not_free_stays():
    starts = RNG.random((5, 2))
    points, _ = climb(PROCESS, lower_confidence_bound, starts, free=[True, False])
    np.testing.assert_array_equal(points[:, 1], starts[:, 1])
    assert (points[:, 0] != starts[:, 0]).any()
    np.testing.assert_array_equal(climb(PROCESS, lower_confidence_bound, starts, free=[False, False])[0], starts)


def test_starting_on_an_observation_is_no_obstacle():
    _, values = climb(PROCESS, SCORE, X[:3])
    assert np.isfinite(values).all()


def test_chosen_points_are_apart_and_the_best_is_first():
    points, values = RNG.random((300, 2)), RNG.random(300)
    chosen = spread_out(points, values, 6, 0.2)
    assert chosen[0] == values.argmax()
    assert (np.diff(values[chosen]) < 0).all()
    gaps = np.linalg.norm(points[chosen][:, None] - points[chosen], axis=-1) + np.eye(len(chosen))
    assert gaps.min() > 0.2
    # Greedily: what lies between two chosen values and was passed over is near to an earlier one.
    for i in np.flatnonzero(values > values[chosen[-1]]):
        better = chosen[values[chosen] > values[i]]
        assert i in chosen or np.linalg.norm(points[better] - points[i], axis=1).min() <= 0.2


def test_fewer_points_than_asked_for_are_returned_when_all_others_are_near():
    assert spread_out(np.zeros((5, 2)), np.arange(5.0), 3, 0.1).tolist() == [4]
    assert spread_out(np.zeros((5, 2)), np.arange(5.0), 3, 0.0).tolist() == [4, 3, 2]


def test_starts_of_another_dimension_are_refused():
    with pytest.raises(ValueError, match=r"starts has shape \(4, 3\); expected \(S, 2\)"):
        climb(PROCESS, SCORE, np.zeros((4, 3)))


def test_values_of_another_number_are_named():
    with pytest.raises(ValueError, match=r"points has shape \(3, 2\) and values \(5,\); expected \(M, D\) and \(M,\)"):
        spread_out(np.zeros((3, 2)), np.zeros(5), n=1, distance=0.1)


def test_points_exactly_at_the_least_distance_stay_and_at_distance_zero_so_do_all():
    points = [[0.0], [0.25], [0.5], [0.5]]
    np.testing.assert_array_equal(spread_out(points, [4.0, 3.0, 2.0, 1.0], n=4, distance=0.25), [0, 1, 2])
    np.testing.assert_array_equal(spread_out(points, [4.0, 3.0, 2.0, 1.0], n=4, distance=0.0), [0, 1, 2, 3])
