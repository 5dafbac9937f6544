"""Regions with holes: what is left, and what bounds it."""

import numpy as np
import pytest

from nndl_support.pinn.box import Interval, Rectangle
from nndl_support.pinn.difference import Difference
from nndl_support.pinn.disk import Disk
from nndl_support.pinn.polygon import Polygon
from nndl_support.pinn.space_time import SpaceTime

PLATE = Rectangle([0, 0], [5, 3])


def test_a_hole_inside_leaves_exact_measures():
    plate = Difference(PLATE, Disk([2, 1.5], 1))
    assert plate.measure == pytest.approx(15 - np.pi, rel=1e-14)
    assert plate.boundary_measure == pytest.approx(16 + 2 * np.pi, rel=1e-14)


def test_holes_one_after_the_other_leave_exact_measures():
    plate = Difference(Difference(PLATE, Disk([1.5, 1.5], 1)), Disk([4, 1], 0.5))
    assert plate.measure == pytest.approx(15 - 1.25 * np.pi, rel=1e-14)
    assert plate.boundary_measure == pytest.approx(16 + 3 * np.pi, rel=1e-14)


def test_a_hole_within_an_older_hole_changes_nothing():
    once = Difference(PLATE, Disk([2, 1.5], 1))
    twice = Difference(once, Disk([2, 1.5], 0.5))
    assert twice.measure == pytest.approx(once.measure, rel=1e-12)
    assert twice.boundary_measure == pytest.approx(once.boundary_measure, rel=1e-12)


def test_a_larger_hole_around_an_older_one_swallows_it():
    twice = Difference(Difference(PLATE, Disk([2, 1.5], 0.5)), Disk([2, 1.5], 1))
    assert twice.measure == pytest.approx(15 - np.pi, rel=2e-3)
    assert twice.boundary_measure == pytest.approx(16 + 2 * np.pi, rel=2e-3)


def test_a_quarter_disk_cut_from_a_corner_is_estimated_well():
    plate = Difference(PLATE, Disk([5, 3], 2))
    assert plate.measure == pytest.approx(15 - np.pi, rel=2e-3)
    assert plate.boundary_measure == pytest.approx(16 - 4 + np.pi, rel=2e-3)


def test_a_notch_has_the_measure_of_the_polygon_that_remains():
    notched = Difference(Rectangle([0, 0], [2, 2]), Rectangle([1, 1], [2, 2]))
    step = Polygon([[0, 0], [2, 0], [2, 1], [1, 1], [1, 2], [0, 2]])
    assert notched.measure == pytest.approx(step.measure, rel=1e-12)
    assert notched.boundary_measure == pytest.approx(step.boundary_measure, rel=2e-3)
    points, normals = notched.sample_boundary(512, rng=np.random.default_rng(0))
    assert step.on_boundary(points).all()
    assert not step.contains(points + 1e-6 * normals).any()


def test_the_hole_is_left_out_but_its_edge_is_kept():
    hole = Disk([2, 1.5], 1)
    plate = Difference(PLATE, hole)
    points = plate.sample(997, rng=np.random.default_rng(0))
    assert (hole.signed_distance(points) > 0).all()
    assert plate.contains([[3, 1.5], [2.999, 1.5], [5, 3]]).tolist() == [True, False, True]
    assert plate.on_boundary([[3, 1.5], [2, 1.5], [0, 1]]).tolist() == [True, False, True]


def test_the_normal_on_the_rim_points_into_the_hole():
    plate = Difference(PLATE, Disk([2, 1.5], 1))
    points, normals = plate.sample_boundary(1000, method="grid", rng=np.random.default_rng(0))
    rim = ~PLATE.on_boundary(points)
    np.testing.assert_allclose(normals[rim], np.array([2, 1.5]) - points[rim], atol=1e-12)
    assert abs(rim.sum() - 1000 * 2 * np.pi / (16 + 2 * np.pi)) <= 1


def test_an_interval_with_a_gap_has_four_ends_at_all_times():
    gap = Difference(Interval(0, 5), Interval(1, 2))
    assert (gap.measure, gap.boundary_measure) == (4, 4)
    points, normals = SpaceTime(gap, 0, 1).sample_boundary(40, method="grid", rng=np.random.default_rng(0))
    for end, direction in ((0, -1), (1, 1), (2, -1), (5, 1)):
        assert (points[:, 0] == end).sum() == 10
        np.testing.assert_array_equal(normals[points[:, 0] == end, 0], direction)


def test_the_names_are_those_of_the_outer_region():
    assert Difference(Rectangle([0, 0], [4, 4], names=("r", "z")), Disk([2, 2], 1)).names == ("r", "z")


@pytest.mark.parametrize(
    ("outer", "hole", "error", "message"),
    [
        (PLATE, Disk([2, 1], 9), ValueError, "nothing of outer remains, because the hole with bounds .* covers it"),
        (PLATE, PLATE, ValueError, "nothing of outer remains"),
        (PLATE, Interval(0, 1), ValueError, "outer has 2 dimensions, but hole has 1; they must agree"),
        (PLATE, 3, TypeError, "hole must be a region such as Rectangle or Disk, but is 3"),
        (SpaceTime(Interval(0, 1), 0, 1), PLATE, TypeError, "outer must be a region"),
    ],
)
def test_errors_say_what_was_given(outer, hole, error, message):
    with pytest.raises(error, match=message):
        Difference(outer, hole)
