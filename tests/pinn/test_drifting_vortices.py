"""Drifting vortices against the Navier-Stokes equations by central differences, and the reason why they have to drift."""

import numpy as np
import pytest

from nndl_support.pinn.drifting_vortices import drifting_vortices
from nndl_support.pinn.exact_solutions import taylor_green
from tests.pinn.central_differences import derivative

POINTS = np.random.default_rng(0).uniform(-1, 1, (11, 3)) * [1, 1, 0.4] + [0, 0, 0.5]


def parts(axes, component, **options):
    return derivative(lambda q: drifting_vortices(q, **options)[:, component], POINTS, axes)


@pytest.mark.parametrize("drift", [(0.5, 0.0), (-0.3, 0.7), (0.0, 0.0)])
def test_the_flow_obeys_the_equations(drift):
    options = {"nu": 0.03, "drift": drift}
    u, v, _ = drifting_vortices(POINTS, **options).T
    for i in (0, 1):
        convection = u * parts((0,), i, **options) + v * parts((1,), i, **options)
        diffusion = parts((0, 0), i, **options) + parts((1, 1), i, **options)
        left = parts((2,), i, **options) + convection + parts((i,), 2, **options)
        np.testing.assert_allclose(left, 0.03 * diffusion, atol=1e-7)
    np.testing.assert_allclose(parts((0,), 0, **options) + parts((1,), 1, **options), 0, atol=1e-8)


def test_without_drift_they_are_the_vortices_of_taylor_and_green():
    np.testing.assert_array_equal(drifting_vortices(POINTS, drift=(0.0, 0.0)), taylor_green(POINTS, nu=0.01))


@pytest.mark.parametrize(("drift", "hidden"), [((0.0, 0.0), True), ((0.5, 0.0), False)])
def test_only_the_drift_makes_the_convection_more_than_a_gradient(drift, hidden):
    # The curl of the convection is u w_x + v w_y with the vorticity w = v_x - u_y, for a flow without sources.
    u, v, _ = drifting_vortices(POINTS, drift=drift).T
    along_x = parts((0, 0), 1, drift=drift) - parts((0, 1), 0, drift=drift)
    along_y = parts((0, 1), 1, drift=drift) - parts((1, 1), 0, drift=drift)
    curl = np.abs(u * along_x + v * along_y).max()
    assert curl < 1e-6 if hidden else curl > 1


def test_a_drift_is_a_pair():
    with pytest.raises(ValueError, match=r"drift is \(1\.0, 2\.0, 3\.0\); expected a pair, U and V"):
        drifting_vortices(POINTS, drift=(1.0, 2.0, 3.0))
