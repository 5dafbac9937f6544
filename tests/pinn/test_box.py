"""Intervals and boxes: what is exact."""

import numpy as np
import pytest

from nndl_support.pinn.box import Interval, Rectangle


def test_measures_are_products_of_lengths():
    assert (Interval(-1, 2).measure, Interval(-1, 2).boundary_measure) == (3, 2)
    assert (Rectangle([0, 1], [3, 2]).measure, Rectangle([0, 1], [3, 2]).boundary_measure) == (3, 8)
    block = Rectangle([0, 0, 0], [2, 3, 5], names=("x", "y", "z"))
    assert (block.measure, block.boundary_measure) == (30, 62)


def test_signed_distance_of_a_rectangle_by_hand():
    points = [[1, 1], [1, 0.25], [-3, 1], [7, 5], [4, 2]]
    np.testing.assert_allclose(Rectangle([0, 0], [4, 2]).signed_distance(points), [-1, -0.25, 3, np.sqrt(18), 0])


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: Interval(2, 2), r"Interval: low \[2.0\] must be less than high \[2.0\]"),
        (lambda: Interval([0], [1]), r"Interval: low has shape \(1,\) and high \(1,\); expected a number each"),
        (lambda: Interval(0, np.inf), "must be finite"),
        (
            lambda: Rectangle([0, 3], [1, 2]),
            r"Rectangle: low \[0.0, 3.0\] must be less than high \[1.0, 2.0\] in every",
        ),
        (
            lambda: Rectangle([0], [1]),
            r"low has shape \(1,\) and high \(1,\); expected \(d,\) twice with d of at least 2",
        ),
        (lambda: Rectangle([0, 0], [1, 1, 1]), r"low has shape \(2,\) and high \(3,\)"),
        (lambda: Rectangle([0, 0, 0], [1, 1, 1]), r"names is \('x', 'y'\), but there are 3 coordinates"),
        (lambda: Rectangle([0, 0], [1, 1], names="xy"), "names is 'xy', but there are 2 coordinates"),
        (lambda: Rectangle([0, 0], [1, 1], names=("x", "x")), r"names \('x', 'x'\) must differ"),
    ],
)
def test_errors_say_what_was_given(build, message):
    with pytest.raises(ValueError, match=message):
        build()


def test_a_grid_in_a_box_has_square_cells():
    points = Rectangle([0, 0], [3, 2]).sample(24, method="grid", rng=np.random.default_rng(0))
    assert len(points) == 24
    for axis, length, count in ((0, 3, 6), (1, 2, 4)):
        np.testing.assert_allclose(np.unique(points[:, axis]), (np.arange(count) + 0.5) * length / count)


def test_a_grid_on_the_faces_of_a_block_is_in_proportion_to_their_areas():
    block = Rectangle([0, 0, 0], [2, 3, 5], names=("x", "y", "z"))
    points, normals = block.sample_boundary(62, method="grid", rng=np.random.default_rng(0))
    assert len(points) == 62
    for axis, area in enumerate((15, 10, 6)):
        assert (normals[:, axis] == 1).sum() == (normals[:, axis] == -1).sum() == area
        across = np.delete(points[normals[:, axis] == 1], axis, axis=1)
        np.testing.assert_allclose(np.unique(across % 1), 0.5)  # centres of unit squares, each of them once
        assert len(np.unique(across, axis=0)) == area


@pytest.mark.parametrize("method", ["sobol", "uniform", "grid"])
def test_normals_of_a_box_point_out_across_the_face_they_stand_on(method):
    for box in (Interval(-1, 2), Rectangle([0, 1], [3, 5]), Rectangle([0, 1, 2], [3, 5, 9], names=("x", "y", "z"))):
        points, normals = box.sample_boundary(59, method=method, rng=np.random.default_rng(0))
        assert box.signed_distance(points + 0.25 * normals) == pytest.approx(0.25)
        assert box.signed_distance(points - 1e-6 * normals) == pytest.approx(-1e-6)
        assert sorted(set(np.abs(normals).sum(axis=1))) == [1.0]
