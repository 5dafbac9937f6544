"""Scattered points of a solution that is given on grids."""

import numpy as np
import pytest

from nndl_support.pinn.point_values import at_points


def test_points_in_any_order_and_twice_get_their_own_value():
    calls = []

    def solution(x, t):
        calls.append((x, t))
        return np.sin(x)[:, None] + 10 * t**2

    points = np.random.default_rng(0).random((7, 2))
    points = np.concatenate([points, points[[3, 1]], points[:, ::-1]])
    np.testing.assert_allclose(at_points(solution, points), np.sin(points[:, 0]) + 10 * points[:, 1] ** 2, rtol=1e-14)
    (x, t), *others = calls
    assert not others
    # The grid is no finer than it must be.
    assert len(x) == len(np.unique(points[:, 0]))
    assert len(t) == len(np.unique(points[:, 1]))


def test_the_points_of_a_grid_are_evaluated_on_that_grid():
    x, t = np.linspace(0, 1, 5), np.linspace(0, 2, 3)
    points = np.stack(np.meshgrid(x, t, indexing="ij"), -1).reshape(-1, 2)
    seen = {}
    found = at_points(lambda a, b: seen.update(shape=(len(a), len(b))) or np.outer(a, b), points)
    assert seen == {"shape": (5, 3)}
    np.testing.assert_allclose(found.reshape(5, 3), np.outer(x, t))


def test_lists_of_whole_numbers_will_do():
    assert at_points(lambda x, t: np.subtract.outer(x, t), [[1, 2], [5, 3]]).tolist() == [-1.0, 2.0]


@pytest.mark.parametrize("points", [np.zeros(4), np.zeros((3, 3)), np.zeros((2, 2, 2))])
def test_points_of_another_shape_are_named(points):
    with pytest.raises(ValueError, match=r"points has shape \(.*\); expected \(M, 2\): x and t"):
        at_points(np.add.outer, points)


def test_a_grid_that_would_be_too_large_is_refused_before_it_is_made():
    points = np.random.default_rng(0).random((2100, 2))
    with pytest.raises(ValueError, match=r"2100 points have 2100 different x and 2100 different t, a grid of 4410000"):
        at_points(lambda x, t: pytest.fail("asked for the grid"), points)
