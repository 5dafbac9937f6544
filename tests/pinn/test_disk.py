"""Disks against the formulas of the circle."""

import numpy as np
import pytest

from nndl_support.pinn.disk import Disk

PIPE = Disk([3, -2], 1.5)


def test_area_and_circumference():
    assert PIPE.measure == pytest.approx(2.25 * np.pi, rel=1e-14)
    assert PIPE.boundary_measure == pytest.approx(3 * np.pi, rel=1e-14)


def test_the_area_within_a_smaller_circle_grows_with_its_square():
    points = PIPE.sample(4096, rng=np.random.default_rng(0))
    radius = np.linalg.norm(points - PIPE.centre, axis=1)
    for share in (0.1, 0.25, 0.5, 0.9):
        assert abs(np.mean(radius < 1.5 * np.sqrt(share)) - share) < 0.02


def test_a_grid_on_the_circle_has_equal_arcs():
    points, normals = PIPE.sample_boundary(7, method="grid", rng=np.random.default_rng(0))
    np.testing.assert_allclose(points, PIPE.centre + 1.5 * normals, rtol=1e-14)
    chords = np.linalg.norm(points - np.roll(points, 1, axis=0), axis=1)
    np.testing.assert_allclose(chords, 3 * np.sin(np.pi / 7), rtol=1e-12)


@pytest.mark.parametrize(
    ("centre", "radius", "message"),
    [
        ([0, 0, 0], 1, r"Disk: centre has shape \(3,\); expected \(2,\)"),
        ([0, 0], 0, "Disk: radius must be a positive number, but is 0"),
        ([0, 0], np.nan, "radius must be a positive number, but is nan"),
        ([0, 0], [1], "radius must be a positive number"),
        ([0, np.nan], 1, "must be finite"),
    ],
)
def test_errors_say_what_was_given(centre, radius, message):
    with pytest.raises(ValueError, match=message):
        Disk(centre, radius)
