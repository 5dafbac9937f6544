"""The rivals of the network converge at their orders, on both problems."""

import itertools

import numpy as np
import pytest

from nndl_support.pinn.forward_rivals import grid_heat, grid_poisson, kansa_heat, kansa_poisson, unit_grid


@pytest.mark.parametrize(
    ("method", "order"),
    [(grid_poisson, 2), (lambda n: grid_poisson(n, order=4), 4), (grid_heat, 2)],
)
def test_grids_converge_at_their_order(method, order):
    coarse, fine = method(9), method(17)
    assert np.log2(coarse.error / fine.error) == pytest.approx(order, abs=0.3)
    # Values at the start and on the edge are given; the heat has none before its end that are.
    assert (coarse.unknowns, fine.unknowns) == ((7 * 8, 15 * 16) if method is grid_heat else (7 * 7, 15 * 15))
    assert fine.condition is None


@pytest.mark.parametrize("method", [kansa_poisson, kansa_heat])
def test_kansa_converges_faster_than_any_order(method):
    errors = [method(n).error for n in (5, 7, 9, 11)]
    assert all(later < 0.4 * earlier for earlier, later in itertools.pairwise(errors))
    row = method(7)
    assert (row.unknowns, row.method) == (49, "Kansa, Gaussians")
    assert row.condition > 1e4


def test_heat_that_spreads_at_another_rate_is_found_too():
    assert kansa_heat(10, diffusivity=0.1).error < 1e-2


def test_unit_grid_runs_through_the_second_coordinate_first():
    grid = unit_grid(3)
    assert grid.shape == (9, 2)
    assert grid[1].tolist() == [0.0, 0.5]
