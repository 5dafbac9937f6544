"""Polygons against triangles, circles and matplotlib's paths."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from matplotlib.path import Path

from nndl_support.pinn.box import Rectangle
from nndl_support.pinn.polygon import Polygon

STEP = [[0, 0], [2, 0], [2, 1], [1, 1], [1, 2], [0, 2]]


def regular(n, radius=1.0):
    angle = 2 * np.pi * np.arange(n) / n
    return radius * np.column_stack([np.cos(angle), np.sin(angle)])


def star(radii):
    """A polygon that sees every point from the origin, thus never meets itself."""
    return regular(len(radii)) * np.array(radii)[:, None]


RADII = st.lists(st.floats(0.3, 3), min_size=4, max_size=11)


def test_area_and_perimeter_of_a_regular_polygon():
    for n in (3, 5, 17):
        shape = Polygon(regular(n, 2.0))
        assert shape.measure == pytest.approx(2 * n * np.sin(2 * np.pi / n), rel=1e-12)
        assert shape.boundary_measure == pytest.approx(4 * n * np.sin(np.pi / n), rel=1e-12)


def test_a_triangle_has_the_area_of_heron():
    corners = np.array([[0.3, 0.1], [2.9, 0.7], [1.1, 2.3]])
    a, b, c = np.linalg.norm(corners - np.roll(corners, 1, axis=0), axis=1)
    s = (a + b + c) / 2
    assert Polygon(corners).measure == pytest.approx(np.sqrt(s * (s - a) * (s - b) * (s - c)), rel=1e-12)


@given(radii=RADII, shift=st.tuples(st.floats(-1e4, 1e4), st.floats(-1e4, 1e4)), first=st.integers(0, 10))
def test_the_sense_the_start_and_the_place_do_not_matter(radii, shift, first):
    vertices = star(radii)
    moved = np.roll(vertices[::-1], first, axis=0) + np.array(shift)
    one, other = Polygon(vertices), Polygon(moved)
    assert other.measure == pytest.approx(one.measure, rel=1e-8)
    places = np.random.default_rng(0).uniform(-3, 3, (31, 2))
    np.testing.assert_allclose(other.signed_distance(places + np.array(shift)), one.signed_distance(places), atol=1e-8)


@given(radii=RADII)
def test_contains_agrees_with_matplotlib(radii):
    vertices = star(radii)
    places = np.random.default_rng(1).uniform(-3, 3, (101, 2))
    shape = Polygon(vertices)
    clear = ~shape.on_boundary(places, tolerance=1e-6)
    expected = Path(np.vstack([vertices, vertices[:1]])).contains_points(places)
    np.testing.assert_array_equal(shape.contains(places)[clear], expected[clear])


def test_a_rectangle_as_a_polygon_is_the_rectangle():
    box, shape = Rectangle([1, -2], [4, 0]), Polygon([[1, -2], [1, 0], [4, 0], [4, -2]])
    places = np.random.default_rng(2).uniform(-4, 6, (211, 2))
    # Rays through corners and along edges are where a count of crossings goes wrong.
    hard = np.array([[x, y] for x in (0, 1, 2, 4, 5) for y in (-3, -2, -1, 0, 1)])
    for points in (places, hard):
        np.testing.assert_allclose(shape.signed_distance(points), box.signed_distance(points), atol=1e-12)


def test_rays_through_vertices_of_a_polygon_that_is_not_convex():
    shape = Polygon([[0, 0], [1, 1], [2, 0], [3, 1], [4, 0], [2, 3]])
    points = [[-1, 0], [1, 0], [3, 0], [0.5, 1], [2, 1], [3.5, 1], [-1, 3]]
    assert shape.contains(points).tolist() == [False, False, False, False, True, False, False]


def test_vertices_are_stored_anticlockwise():
    np.testing.assert_array_equal(Polygon(STEP).vertices, STEP)
    np.testing.assert_array_equal(Polygon(STEP[::-1]).vertices, STEP)


def test_edges_get_points_in_proportion_to_their_length():
    points, normals = Polygon(STEP).sample_boundary(8, method="grid", rng=np.random.default_rng(0))
    expected = [[0.5, 0], [1.5, 0], [2, 0.5], [1.5, 1], [1, 1.5], [0.5, 2], [0, 1.5], [0, 0.5]]
    np.testing.assert_allclose(points, expected, atol=1e-12)
    outward = [[0, -1], [0, -1], [1, 0], [0, 1], [1, 0], [0, 1], [-1, 0], [-1, 0]]
    np.testing.assert_allclose(normals, outward, atol=1e-12)


def test_a_vertex_in_the_middle_of_an_edge_is_allowed():
    assert Polygon([[0, 0], [1, 0], [2, 0], [2, 1], [0, 1]]).measure == 2


def test_edges_that_lie_on_one_line_but_apart_are_allowed():
    assert Polygon([[0, 0], [3, 0], [3, 2], [2, 2], [2, 1], [1, 1], [1, 2], [0, 2]]).measure == 5


@pytest.mark.parametrize(
    ("vertices", "message"),
    [
        ([0, 1, 2], r"vertices has shape \(3,\); expected \(V, 2\)"),
        ([[0, 0, 0], [1, 0, 0], [0, 1, 0]], r"vertices has shape \(3, 3\)"),
        ([[0, 0], [1, 1]], "vertices has 2 rows, but a polygon has at least 3"),
        ([[0, 0], [1, 0], [0, np.inf]], "NaN or infinite"),
        ([[0, 0], [1, 1], [1, 0], [0, 1]], "edges 0 and 2 meet"),
        ([[0, 0], [1, 0], [1, 1], [0, 0]], r"vertices 3 and 0 are the same point \[0.0, 0.0\]"),
        ([[0, 0], [1, 0], [2, 0]], "edges 0 and 2 meet"),
        ([[0, 0], [2, 0], [2, 2], [1, 0], [0, 2]], "edges 0 and 2 meet"),
        ([[0, 0], [3, 0], [1, 0], [1, 2]], "edges 0 and 1 meet"),
        ([[0, 0], [2, 0], [1, 1], [2, 2], [0, 2], [1, 1]], "meet"),
    ],
)
def test_what_is_no_simple_polygon_is_refused(vertices, message):
    with pytest.raises(ValueError, match=f"Polygon: .*{message}"):
        Polygon(vertices)


@given(n=st.integers(5, 13), pair=st.tuples(st.integers(0, 12), st.integers(0, 12)))
def test_exchanging_two_vertices_that_are_not_neighbours_makes_edges_cross(n, pair):
    i, j = (k % n for k in pair)
    assume((i - j) % n not in (0, 1, n - 1))
    vertices = regular(n)
    vertices[[i, j]] = vertices[[j, i]]
    with pytest.raises(ValueError, match="meet"):
        Polygon(vertices)
