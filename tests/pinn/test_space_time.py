"""The product with time: three surfaces, and which one is the boundary."""

import numpy as np
import pytest

from nndl_support.pinn.box import Interval, Rectangle
from nndl_support.pinn.disk import Disk
from nndl_support.pinn.space_time import SpaceTime

ROD = SpaceTime(Interval(-1, 2), 3, 5)
PIPE = SpaceTime(Disk([1, 0], 2), 0, 3)


def test_time_is_the_last_coordinate():
    assert (ROD.names, ROD.dimension, ROD.measure, ROD.boundary_measure) == (("x", "t"), 2, 6, 4)
    assert (PIPE.names, PIPE.dimension) == (("x", "y", "t"), 3)
    assert PIPE.measure == pytest.approx(12 * np.pi)
    assert PIPE.boundary_measure == pytest.approx(12 * np.pi)
    np.testing.assert_array_equal(PIPE.bounds, [[-1, -2, 0], [3, 2, 3]])
    assert (ROD.space.measure, ROD.start, ROD.end) == (3, 3, 5)


def test_bottom_side_and_top():
    points = [[-1, 4], [0, 3], [0, 5], [-1, 3], [0, 4], [-1, 2.9], [2.1, 4]]
    assert ROD.contains(points).tolist() == [True, True, True, True, True, False, False]
    assert ROD.on_boundary(points).tolist() == [True, False, False, True, False, False, False]
    assert ROD.on_initial(points).tolist() == [False, True, False, True, False, False, False]


def test_tolerances_hold_in_space_and_in_time():
    points = [[2.05, 4], [0, 2.95], [0, 5.05]]
    assert not ROD.contains(points).any()
    assert ROD.contains(points, tolerance=0.1).all()
    assert ROD.on_boundary(points, tolerance=0.1).tolist() == [True, False, False]
    assert ROD.on_initial(points, tolerance=0.1).tolist() == [False, True, False]


@pytest.mark.parametrize("method", ["sobol", "uniform", "grid"])
@pytest.mark.parametrize("domain", [ROD, PIPE])
def test_initial_points_lie_in_space_at_the_start(domain, method):
    points = domain.sample_initial(97, method=method, rng=np.random.default_rng(0))
    assert points.shape[1] == domain.dimension
    assert domain.on_initial(points).all()
    np.testing.assert_array_equal(points[:, -1], domain.start)
    np.testing.assert_array_equal(points[:, :-1], domain.space.sample(97, method=method, rng=np.random.default_rng(0)))


@pytest.mark.parametrize("method", ["sobol", "uniform", "grid"])
def test_lateral_normals_point_sideways_at_all_times(method):
    points, normals = PIPE.sample_boundary(2000, method=method, rng=np.random.default_rng(1))
    np.testing.assert_array_equal(normals[:, -1], 0)
    np.testing.assert_allclose(normals[:, :-1], (points[:, :-1] - [1, 0]) / 2, atol=1e-12)
    for end in (1, 2):
        assert abs(np.mean(points[:, -1] < end) - end / 3) < 0.055  # five standard errors of independent draws


def test_a_grid_repeats_the_points_of_space_at_every_time():
    points = ROD.sample(60, method="grid", rng=np.random.default_rng(0))
    times, places = np.unique(points[:, 1]), np.unique(points[:, 0])
    assert len(points) == len(times) * len(places) == len(np.unique(points, axis=0))
    np.testing.assert_allclose(times, 3 + 2 * (np.arange(len(times)) + 0.5) / len(times))
    ends, _ = ROD.sample_boundary(10, method="grid", rng=np.random.default_rng(0))
    assert sorted(ends[:, 0].tolist()) == [-1] * 5 + [2] * 5
    np.testing.assert_allclose(np.unique(ends[:, 1]), [3.2, 3.6, 4, 4.4, 4.8])


def test_both_ends_of_a_rod_get_half_of_the_sobol_points():
    points, _ = ROD.sample_boundary(256, rng=np.random.default_rng(2))
    for end in (-1, 2):
        times = np.sort(points[points[:, 0] == end, 1])
        assert len(times) == 128
        # A digital net puts one of them in each of 128 equal spans.
        np.testing.assert_array_equal(np.floor((times - 3) / 2 * 128), np.arange(128))


@pytest.mark.parametrize(
    ("space", "start", "end", "error", "message"),
    [
        (Interval(0, 1), 2, 2, ValueError, "start 2 must be a number less than end 2"),
        (Interval(0, 1), 0, np.nan, ValueError, "less than end nan"),
        (Interval(0, 1), 0, np.inf, ValueError, "must be finite"),
        (Interval(0, 1), [0], 1, ValueError, "must be a number"),
        (Interval(0, 1, name="t"), 0, 1, ValueError, r"names \('t', 't'\) must differ"),
        (ROD, 0, 1, TypeError, "space must be a region such as Interval or Disk, but is <"),
        (Rectangle, 0, 1, TypeError, "space must be a region"),
    ],
)
def test_errors_say_what_was_given(space, start, end, error, message):
    with pytest.raises(error, match=message):
        SpaceTime(space, start, end)


def test_points_without_time_are_refused():
    with pytest.raises(ValueError, match="points has 2 columns, but SpaceTime has 3 coordinates: x, y, t"):
        PIPE.on_initial(np.zeros((5, 2)))
