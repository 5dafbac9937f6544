"""What a new shape inherits when it says no more than its signed distance."""

import numpy as np
import pytest

from nndl_support.pinn.domain import Domain, Shape


class Diamond(Shape):
    """Points with |x| + |y| <= 1; area 2, perimeter 4 sqrt(2)."""

    measure, boundary_measure, _pieces = 2.0, 4 * 2**0.5, np.ones(4)

    def __init__(self):
        super().__init__([-1, -1], [1, 1], ("x", "y"))

    def signed_distance(self, points):
        return (np.abs(self._checked(points)).sum(axis=1) - 1) / np.sqrt(2)

    def _boundary(self, u):
        side, within = np.divmod(4 * u[:, 0], 1)
        corners = np.array([[1, 0], [0, 1], [-1, 0], [0, -1], [1, 0]])
        side = side.astype(int)
        a, b = corners[side], corners[side + 1]
        return a + within[:, None] * (b - a), (a + b) / np.sqrt(2), np.ones(len(u), dtype=bool)


class Thin(Diamond):
    """Less than a thousandth of its box, and off its middle."""

    measure = 1e-3

    def signed_distance(self, points):
        x, y = self._checked(points).T
        return np.maximum(np.abs(x - y - 0.01) - 1e-3, np.abs(x - 0.3) - 0.25)


def rng():
    return np.random.default_rng(0)


def test_bounds_names_and_dimension_are_told_and_fixed():
    shape = Diamond()
    assert (shape.names, shape.dimension) == (("x", "y"), 2)
    with pytest.raises(ValueError, match="read-only"):
        shape.bounds[0][0] = 5


@pytest.mark.parametrize("method", ["sobol", "uniform", "grid"])
def test_points_come_from_the_distance_alone(method):
    points = Diamond().sample(500, method=method, rng=rng())
    assert (np.abs(points).sum(axis=1) < 1).all()
    # The mean of |x| over the diamond is 1/3, its standard deviation 0.24.
    np.testing.assert_allclose(np.abs(points).mean(axis=0), 1 / 3, atol=0.055)


@pytest.mark.parametrize("method", ["sobol", "uniform", "grid"])
def test_boundary_points_come_with_the_normals_of_their_side(method):
    points, normals = Diamond().sample_boundary(40, method=method, rng=rng())
    np.testing.assert_allclose(np.abs(points).sum(axis=1), 1)
    np.testing.assert_allclose((points * normals).sum(axis=1), 1 / np.sqrt(2))


def test_a_grid_is_refined_until_it_meets_a_thin_shape():
    points = Thin().sample(1, method="grid", rng=rng())
    assert len(points) >= 1
    assert Thin().contains(points).all()


def test_what_lies_within_the_tolerance_counts():
    points = [[0.5, 0.5], [0.5, 0.6], [0.5, 0.4]]
    assert Diamond().contains(points).tolist() == [True, False, True]
    assert Diamond().contains(points, tolerance=0.08).tolist() == [True, True, True]
    assert Diamond().on_boundary(points).tolist() == [True, False, False]
    assert Diamond().on_boundary(points, tolerance=0.08).tolist() == [True, True, True]


def test_a_domain_that_cannot_say_what_it_contains_is_none():
    with pytest.raises(TypeError, match="abstract"):
        Domain([0], [1], ("x",))
