"""Where points go: the density, how often each candidate is drawn, and parts of a boundary."""

import numpy as np
import pytest

from nndl_support.pinn.collocation import (
    boundary_part,
    point_generator,
    relative_l2,
    residual_density,
    residual_sample,
)
from nndl_support.pinn.geometry import Disk, Interval, Rectangle, SpaceTime


@pytest.mark.parametrize("power", [0.0, 0.5, 1.0, 2.0])
@pytest.mark.parametrize("floor", [0.0, 1.0, 3.0])
def test_the_density_is_that_of_the_paper(power, floor):
    residual = np.random.default_rng(0).normal(size=11)
    raised = np.abs(residual) ** power
    wanted = raised / raised.mean() + floor
    np.testing.assert_allclose(residual_density(residual, power=power, floor=floor), wanted / wanted.sum(), rtol=1e-12)


def test_the_scale_of_the_residual_makes_no_difference():
    residual = np.array([1.0, -2.0, 5.0])
    for scale in (1e-200, 1e200):
        np.testing.assert_allclose(residual_density(scale * residual, power=2), residual_density(residual, power=2))


def test_where_nothing_is_wrong_the_density_is_uniform():
    np.testing.assert_allclose(residual_density(np.zeros(5), floor=0), 0.2)
    np.testing.assert_allclose(residual_density(np.zeros(5)), 0.2)


def test_candidates_are_drawn_as_often_as_their_density_says():
    residual, rng = np.array([0.0, 1.0, 2.0, 5.0]), np.random.default_rng(0)
    candidates = np.arange(4.0)[:, None]
    n_draws = 4000
    drawn = [int(residual_sample(candidates, residual, 1, rng=rng)[0, 0]) for _ in range(n_draws)]
    share = np.bincount(drawn, minlength=4) / n_draws
    # Five standard deviations of a share.
    assert np.abs(share - residual_density(residual)).max() < 5 * 0.5 / np.sqrt(n_draws)


def test_a_candidate_is_drawn_once_at_most_and_the_seed_decides():
    candidates = np.random.default_rng(1).random((20, 2))
    residual = np.arange(20.0)
    one, same = (residual_sample(candidates, residual, 13, rng=np.random.default_rng(3)) for _ in range(2))
    assert one.shape == (13, 2)
    assert len(np.unique(one, axis=0)) == 13
    np.testing.assert_array_equal(one, same)
    assert {tuple(p) for p in one} <= {tuple(p) for p in candidates}
    everything = residual_sample(candidates, residual, 20, rng=np.random.default_rng(0))
    assert len(np.unique(everything, axis=0)) == 20


def test_without_a_floor_only_what_is_wrong_is_drawn():
    residual = np.array([0.0, 3.0, 0.0, 1.0])
    drawn = residual_sample(np.arange(4.0)[:, None], residual, 2, floor=0, rng=np.random.default_rng(0))
    assert sorted(drawn[:, 0]) == [1.0, 3.0]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: residual_density([1.0, np.nan]), r"shape \(2,\) and 1 entries that are not finite"),
        (lambda: residual_density([[1.0]]), r"residual has shape \(1, 1\) and 0 entries"),
        (lambda: residual_density([]), r"expected \(M,\), all finite"),
        (lambda: residual_density([1.0], power=-1), r"power is -1 and floor 1\.0; expected at least 0"),
        (lambda: residual_density([1.0], floor=-0.5), r"floor -0\.5"),
        (
            lambda: residual_sample(np.zeros((3, 2)), np.ones(3), 4, rng=np.random.default_rng(0)),
            "cannot draw 4 of 3 candidates with 3 residuals",
        ),
        (
            lambda: residual_sample(np.zeros((3, 2)), np.ones(2), 1, rng=np.random.default_rng(0)),
            "cannot draw 1 of 3 candidates with 2 residuals",
        ),
        (
            lambda: residual_sample(np.zeros((3, 2)), [0.0, 2.0, 0.0], 2, floor=0, rng=np.random.default_rng(0)),
            "cannot draw 2 candidates: only 1 of 3 have a residual, and the floor is 0",
        ),
        (lambda: point_generator(-3), "seed is -3; expected a whole number of at least 0"),
        (lambda: relative_l2([1.0, 2.0], [0.0, 0.0]), r"wanted has shape \(2,\) and is zero everywhere"),
        (lambda: residual_sample(np.zeros((3, 2)), np.ones(3), 0, rng=np.random.default_rng(0)), "cannot draw 0 of 3"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_a_side_of_a_square_with_its_normals():
    points, normals = boundary_part(Rectangle((0, 0), (2, 1)), lambda p: p[:, 1] == 1, 13, rng=np.random.default_rng(0))
    assert points.shape == normals.shape == (13, 2)
    np.testing.assert_array_equal(points[:, 1], 1)
    np.testing.assert_array_equal(normals, [[0.0, 1.0]] * 13)
    assert np.ptp(points[:, 0]) > 1


def test_a_small_arc_is_found_and_filled():
    disk = Disk([0, 0], 1.0)
    points, normals = boundary_part(disk, lambda p: p[:, 0] > 0.999, 7, rng=np.random.default_rng(0))
    assert (points[:, 0] > 0.999).all()
    np.testing.assert_allclose(normals, points, atol=1e-12)


def test_one_end_of_a_rod_at_all_times():
    rod = SpaceTime(Interval(0, 1), 0, 3)
    points, normals = boundary_part(rod, lambda p: p[:, 0] == 1, 11, rng=np.random.default_rng(0))
    np.testing.assert_array_equal(points[:, 0], 1)
    np.testing.assert_array_equal(normals, [[1.0, 0.0]] * 11)
    assert np.ptp(points[:, 1]) > 1


@pytest.mark.parametrize(
    ("chooses", "message"),
    [
        (
            lambda p: p[:, 0] > 7,
            r"picked 0 of \d+ boundary points, but 2 are wanted; the geometry spans \[0\.0, 0\.0\]",
        ),
        (lambda p: p[:3, 0] == 0, r"returned shape \(3,\) of bool for 8 points; expected \(8,\) of bool"),
        (lambda p: p[:, 0], r"returned shape \(8,\) of float64 for 8 points"),
        (lambda p: p == 0, r"returned shape \(8, 2\) of bool"),
    ],
)
def test_a_part_that_is_no_part_is_named(chooses, message):
    with pytest.raises(ValueError, match=message):
        boundary_part(Rectangle((0, 0), (1, 1)), chooses, 2, rng=np.random.default_rng(0))


def test_a_seed_is_a_sequence_of_points():
    assert point_generator(3).integers(1_000_000) == point_generator(3).integers(1_000_000)
    assert point_generator(3).integers(1_000_000) != point_generator(4).integers(1_000_000)


def test_the_relative_error_is_a_ratio_of_norms():
    assert relative_l2([[3.0, 0.0], [0.0, 4.0]], [[0.0, 0.0], [0.0, 4.0]]) == 0.75
    assert relative_l2(np.arange(5), np.arange(5)) == 0
    # Units cancel.
    assert relative_l2([7.0, 1.0], [6.0, 2.0]) == pytest.approx(relative_l2([70.0, 10.0], [60.0, 20.0]))
    with pytest.raises(ValueError, match=r"found has shape \(2, 1\), but wanted has \(2,\)"):
        relative_l2([[1.0], [2.0]], [1.0, 2.0])
