"""The rivals of the networks: orders of the grids, errors of Kansa's method, what a row says."""

import numpy as np
import pytest

from nndl_support.pinn.forward_rivals import grid_heat, grid_poisson, kansa_heat, kansa_poisson, unit_grid


def test_the_grid_has_all_corners_and_runs_through_y_first():
    points = unit_grid(3)
    assert points.shape == (9, 2)
    np.testing.assert_array_equal(points[[0, 1, 2, -1]], [[0, 0], [0, 0.5], [0, 1], [1, 1]])


@pytest.mark.parametrize("order", [2, 4])
def test_the_grid_for_poisson_has_its_order(order):
    coarse, fine = grid_poisson(9, order=order).error, grid_poisson(17, order=order).error
    assert abs(np.log2(coarse / fine) - order) < 0.3


def test_the_grid_for_heat_is_of_second_order():
    assert abs(np.log2(grid_heat(17).error / grid_heat(33).error) - 2) < 0.4


@pytest.mark.parametrize("solve", [kansa_poisson, kansa_heat])
def test_kansas_error_falls_faster_than_any_grids(solve):
    coarse, fine = solve(6), solve(12)
    assert fine.error < coarse.error / 2**4
    assert (coarse.unknowns, fine.unknowns) == (36, 144)
    assert coarse.condition < fine.condition


def test_a_row_counts_seconds():
    assert all(row.seconds >= 0 for row in (grid_poisson(8), grid_heat(8), kansa_poisson(6)))


def test_the_errors_are_relative_to_the_solution():
    """With one inner point the five-point formula gives pi^2 / 8 in the middle, where the solution is 1."""
    row = grid_poisson(3)
    assert row.unknowns == 1
    assert row.error == pytest.approx(np.pi**2 / 8 - 1, rel=1e-9)
