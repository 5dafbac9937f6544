"""One roof: the names of the chapter, the shapes of their answers."""

import numpy as np
import pytest

from nndl_support.pinn import reference

X, T = np.linspace(0, 1, 5), np.array([0.0, 0.02, 0.05])


def test_every_name_is_there_and_documented():
    for name in reference.__all__:
        assert ">>>" in getattr(reference, name).__doc__, name


@pytest.mark.parametrize(
    "name",
    ["allen_cahn", "burgers", "heat", "kdv_soliton", "korteweg_de_vries", "nonlinear_schrodinger", "wave"],
)
def test_a_grid_of_places_and_times_gives_places_by_times(name):
    u = getattr(reference, name)(X, T)
    assert u.shape == (5, 3)
    assert np.isfinite(u).all()
    # Any single entry is what the function gives alone: no column depends on which others were asked for.
    assert u[3, 2] == pytest.approx(getattr(reference, name)(X[3:4], T[2:])[0, 0], abs=1e-8)


@pytest.mark.parametrize(
    ("name", "columns", "outputs"),
    [("poisson", 2, ()), ("helmholtz", 2, ()), ("kovasznay", 2, (3,)), ("taylor_green", 3, (3,))],
)
def test_points_give_a_row_each(name, columns, outputs):
    points = np.random.default_rng(1).uniform(0, 1, (7, columns))
    u = getattr(reference, name)(points)
    assert u.shape == (7, *outputs)
    np.testing.assert_allclose(u[4], getattr(reference, name)(points[4:5])[0], rtol=1e-13)
