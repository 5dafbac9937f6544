"""Grids of units: distances by enumeration, by hexagonal counting and by walking around the torus."""

import itertools

import numpy as np
import pytest

from nndl_support.classical.map_grid import adjacent_units, check_grid, unit_distances, unit_positions


def hexagonal_steps(a, b):
    """Steps between two cells (row, column) of a honeycomb whose odd rows are shifted right, by cube coordinates."""
    (q1, r1), (q2, r2) = ((column - (row - row % 2) // 2, row) for row, column in (a, b))
    return max(abs(q1 - q2), abs(r1 - r2), abs(q1 + r1 - q2 - r2))


def cells(rows, columns):
    return list(itertools.product(range(rows), range(columns)))


def test_units_are_counted_row_by_row():
    np.testing.assert_array_equal(unit_positions((2, 3)), [[0, 0], [1, 0], [2, 0], [0, 1], [1, 1], [2, 1]])


def test_rectangular_distances_are_pythagoras():
    distance = unit_distances((5, 7))
    for i, (r1, c1) in enumerate(cells(5, 7)):
        for j, (r2, c2) in enumerate(cells(5, 7)):
            assert distance[i, j] == pytest.approx(np.hypot(r1 - r2, c1 - c2))


def test_six_neighbours_stand_around_an_inner_hexagonal_unit_all_at_distance_one():
    distance = unit_distances((5, 7), "hexagonal")
    for i, (row, column) in enumerate(cells(5, 7)):
        near = np.flatnonzero((distance[i] > 0) & (distance[i] < 1.2))
        assert {cells(5, 7)[j] for j in near} == {
            cell for cell in cells(5, 7) if hexagonal_steps((row, column), cell) == 1
        }
        np.testing.assert_allclose(distance[i, near], 1.0)
        if 0 < row < 4 and 0 < column < 6:
            assert len(near) == 6


def test_hexagonal_adjacency_is_one_step_on_the_honeycomb():
    adjacent = adjacent_units((5, 7), "hexagonal")
    expected = [[hexagonal_steps(a, b) == 1 for b in cells(5, 7)] for a in cells(5, 7)]
    np.testing.assert_array_equal(adjacent, expected)


def test_rectangular_adjacency_is_a_king_s_move():
    adjacent = adjacent_units((5, 7))
    expected = [[max(abs(a[0] - b[0]), abs(a[1] - b[1])) == 1 for b in cells(5, 7)] for a in cells(5, 7)]
    np.testing.assert_array_equal(adjacent, expected)


@pytest.mark.parametrize("topology", ["rectangular", "hexagonal"])
def test_a_torus_takes_the_shortest_of_the_nine_ways(topology):
    rows, columns = 4, 7
    position = unit_positions((rows, columns), topology)
    height = rows * (1.0 if topology == "rectangular" else np.sqrt(3) / 2)
    ways = [
        np.linalg.norm(position[:, None] - position[None] + [i * columns, j * height], axis=2)
        for i in (-1, 0, 1)
        for j in (-1, 0, 1)
    ]
    np.testing.assert_allclose(
        unit_distances((rows, columns), topology, toroidal=True), np.min(ways, axis=0), atol=1e-12
    )


@pytest.mark.parametrize(("topology", "number"), [("rectangular", 8), ("hexagonal", 6)])
def test_on_a_torus_every_unit_has_all_its_neighbours(topology, number):
    adjacent = adjacent_units((4, 7), topology, toroidal=True)
    np.testing.assert_array_equal(adjacent.sum(axis=1), number)
    np.testing.assert_array_equal(adjacent, adjacent.T)


@pytest.mark.parametrize("toroidal", [False, True])
@pytest.mark.parametrize("topology", ["rectangular", "hexagonal"])
def test_distances_are_a_metric(topology, toroidal):
    distance = unit_distances((4, 5), topology, toroidal=toroidal)
    np.testing.assert_allclose(distance, distance.T)
    np.testing.assert_array_equal(np.diag(distance), 0.0)
    assert distance[~np.eye(20, dtype=bool)].min() == pytest.approx(1.0)
    assert (distance[:, None, :] + distance[None, :, :] - distance[..., None].transpose(0, 2, 1) >= -1e-12).all()


@pytest.mark.parametrize("shape", [(1, 1), (1, 4), (4, 1)])
def test_lines_and_points_are_grids_too(shape):
    assert unit_distances(shape).max() == max(shape) - 1
    assert adjacent_units(shape).sum() == 2 * (max(shape) - 1)


@pytest.mark.parametrize("shape", [(3,), (3, 4, 5), (0, 4), (3, -1), (3.0, 4), 12, "ab", (True, 4), None])
def test_a_bad_shape_is_named(shape):
    with pytest.raises(ValueError, match=r"shape must be two whole numbers \(rows, columns\), both at least 1, got"):
        check_grid(shape)


def test_other_bad_grids_are_named():
    with pytest.raises(ValueError, match=r"topology must be one of .*hexagonal.*, got 'triangular'"):
        check_grid((3, 4), "triangular")
    with pytest.raises(ValueError, match="a hexagonal torus needs an even number of rows, got 3"):
        unit_distances((3, 4), "hexagonal", toroidal=True)
