"""Points at which Kansa's matrix is singular: continuity guarantees them, and the solver refuses them."""

import numpy as np
import pytest
from scipy.optimize import brentq

from nndl_support.pinn import singular_collocation as six
from nndl_support.pinn.kansa import KansaSolver


@pytest.mark.parametrize(
    ("kernel", "seeds"),
    [("multiquadric", (2999, 2989)), ("gaussian", (2999, 2858)), ("inverse_multiquadric", (2999, 2857))],
)
def test_between_two_signs_there_is_a_singular_matrix_that_the_solver_refuses(kernel, seeds):
    first, last = map(six.draw, seeds)

    def along(s):
        return six.determinant(six.on_the_way(s, first, last), kernel=kernel)

    assert along(0) * along(1) < 0
    where = brentq(along, 0, 1, xtol=1e-16)
    points = six.on_the_way(where, first, last)
    singular_values = np.linalg.svd(KansaSolver(kernel).assemble(six.equations(points)).system(1.0))[1]
    assert singular_values[-1] < 1e-12 * singular_values[0]
    assert singular_values[-2] > 1e-5 * singular_values[0]
    with pytest.raises(np.linalg.LinAlgError, match="6 equations is singular or nearly so"):
        KansaSolver(kernel, epsilon=1.0).fit(six.equations(points))


def test_points_lie_where_they_belong_all_the_way():
    for s in (0.0, 0.3, 1.0):
        points = six.on_the_way(s, six.draw(1), six.draw(2))
        assert ((points.inside > 0) & (points.inside < 1)).all()
        np.testing.assert_array_equal(
            [points.edge[0, 1], points.edge[1, 0], points.edge[2, 1], points.edge[3, 0]], [0, 1, 1, 0]
        )


def test_the_way_leads_from_the_first_set_to_the_last():
    first, last = six.draw(1), six.draw(2)
    for s, expected in ((0.0, first), (1.0, last)):
        points = six.on_the_way(s, first, last)
        np.testing.assert_array_equal(points.inside, expected.inside)
        np.testing.assert_array_equal(points.edge, expected.edge)
    near = six.on_the_way(0.25, first, last)
    np.testing.assert_allclose(near.inside, 0.75 * first.inside + 0.25 * last.inside)


def test_the_determinant_is_that_of_the_matrix():
    points = six.draw(5)
    system = KansaSolver("gaussian").assemble(six.equations(points)).system(2.0)
    eigenvalues = np.linalg.eigvals(system)
    assert six.determinant(points, kernel="gaussian", epsilon=2.0) == pytest.approx(np.prod(eigenvalues).real)
