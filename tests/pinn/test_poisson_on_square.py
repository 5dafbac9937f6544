"""Points on the unit square, and finite differences there."""

import numpy as np
import pytest

from nndl_support.pinn import poisson_on_square as square
from nndl_support.pinn.exact_solutions import poisson


@pytest.mark.parametrize("spacing", ["uniform", "chebyshev"])
def test_a_grid_is_split_into_inside_and_boundary(spacing):
    nodes = square.square_nodes(7, spacing=spacing)
    assert [len(part) for part in nodes] == [25, 24, 24]
    assert ((nodes.inside > 0) & (nodes.inside < 1)).all()
    assert (((nodes.boundary == 0) | (nodes.boundary == 1)).any(axis=1)).all()
    assert len(np.unique(np.vstack(nodes), axis=0)) == 73


def test_chebyshev_points_crowd_at_the_sides():
    gaps = np.diff(np.unique(square.square_nodes(9, spacing="chebyshev").inside[:, 0]))
    assert (np.diff(gaps)[: len(gaps) // 2 - 1] > 0).all()
    np.testing.assert_allclose(gaps, gaps[::-1])


def test_ghosts_lie_outside_by_one_distance():
    nodes = square.square_nodes(5)
    beyond = np.maximum(np.abs(nodes.ghosts - 0.5).max(axis=1) - 0.5, 0)
    np.testing.assert_allclose(beyond, 0.25)


def test_finite_differences_are_exact_for_what_the_formula_is_exact_for():
    # x(1 - x) y(1 - y): fourth derivatives in one variable vanish.
    points, u = square.finite_differences(8, lambda x: 2 * (x[:, 0] * (1 - x[:, 0]) + x[:, 1] * (1 - x[:, 1])))
    assert len(points) == 36
    np.testing.assert_allclose(u, np.prod(points * (1 - points), axis=1), atol=1e-14)


def test_the_equations_are_those_of_the_known_solution():
    nodes = square.square_nodes(5)
    inside, edge = square.equations(nodes)
    np.testing.assert_array_equal(inside.places(), nodes.inside)
    np.testing.assert_array_equal(edge.places(), nodes.boundary)
    np.testing.assert_allclose(inside.right_hand_side(), 2 * np.pi**2 * poisson(nodes.inside))
    np.testing.assert_array_equal(edge.right_hand_side(), 0)


def test_the_largest_error_of_nothing_is_the_largest_value():
    assert square.largest_error(lambda x: np.zeros(len(x))) == pytest.approx(1)
    assert square.largest_error(poisson) == 0


def test_other_spacings_are_refused():
    with pytest.raises(ValueError, match="spacing 'random'; expected at least 2, and 'uniform' or 'chebyshev'"):
        square.square_nodes(5, spacing="random")
    with pytest.raises(ValueError, match="n is 1 and spacing 'uniform'; expected at least 2"):
        square.square_nodes(1)
    with pytest.raises(ValueError, match="n is 2; expected at least 3 lines"):
        square.finite_differences(2, poisson)
    with pytest.raises(ValueError, match=r"right_hand_side returned shape \(9, 2\) for 9 points; expected \(9,\)"):
        square.finite_differences(5, lambda x: x)
