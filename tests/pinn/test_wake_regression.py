"""Differences against polynomials, and the regression on a flow whose parameters are known."""

import numpy as np
import pytest

from nndl_support.pinn.wake_regression import difference, regress_momentum, regress_vorticity, vorticity


@pytest.mark.parametrize("derivative", [1, 2])
@pytest.mark.parametrize("axis", [0, 1, -1])
def test_differences_are_exact_for_polynomials_of_degree_four(derivative, axis):
    c = np.random.default_rng(0).normal(size=5)
    x = np.moveaxis(np.tile(0.3 * np.arange(9), (3, 2, 1)), -1, axis)
    poly = np.polynomial.Polynomial(c)
    inner = np.moveaxis(np.moveaxis(x, axis, 0)[2:-2], 0, axis)
    np.testing.assert_allclose(difference(poly(x), 0.3, axis, derivative), poly.deriv(derivative)(inner), atol=1e-10)


def drifting_vortices(n, viscosity=0.03, u0=0.4, v0=-0.2):
    """Taylor's vortices in a uniform stream: an exact solution with convection that matters."""
    t, y, x = np.meshgrid(np.linspace(0, 1, 7), *2 * [np.linspace(0, 3, n)], indexing="ij")
    a, b, e = x - u0 * t, y - v0 * t, np.exp(-5 * viscosity * t)
    # stream function cos(2 a) cos(b), an eigenfunction of the Laplacian with the value -5
    u, v = -np.cos(2 * a) * np.sin(b) * e, 2 * np.sin(2 * a) * np.cos(b) * e
    p = -(np.cos(4 * a) + 4 * np.cos(2 * b)) / 4 * e**2
    return u + u0, v + v0, p, 3 / (n - 1)


def test_both_regressions_find_the_parameters_and_converge():
    errors = []
    for n in (25, 49):
        u, v, p, h = drifting_vortices(n)
        found = np.array(
            [
                regress_momentum(u, v, p, spacing=h, interval=1 / 6)[:2],
                regress_vorticity(u, v, spacing=h, interval=1 / 6)[:2],
            ]
        )
        errors.append(np.abs(found / [1.0, 0.03] - 1))
    assert errors[1].max() < 2e-3
    assert (errors[1] < errors[0]).all()


def test_the_pressure_and_the_convection_enter_with_the_right_sign():
    u, v, p, h = drifting_vortices(49)
    right = regress_momentum(u, v, p, spacing=h, interval=1 / 6)
    wrong = regress_momentum(u, v, -p, spacing=h, interval=1 / 6)
    assert right[2] < 0.02
    assert wrong[2] > 1
    # A flow that is stretched in time by a factor of 2 seems to be half as fast and half as viscous.
    slow = regress_vorticity(u, v, spacing=h, interval=2 / 6)
    assert slow[:2] == pytest.approx((0.5, 0.015), rel=0.01)


def test_the_vorticity_of_a_rigid_rotation_is_twice_its_rate():
    y, x = np.mgrid[:7, :9] * 0.5
    np.testing.assert_allclose(vorticity(np.stack([-3 * y]), np.stack([3 * x]), 0.5), 6 * np.ones((1, 3, 5)))


def test_errors_say_what_is_wrong():
    with pytest.raises(ValueError, match="of 4 points"):
        difference(np.zeros((9, 4)), 1.0, 1)
    with pytest.raises(ValueError, match="derivative 3"):
        difference(np.zeros(9), 1.0, 0, 3)
    field = np.zeros((5, 9, 11))
    with pytest.raises(ValueError, match=r"shapes \[\(5, 9, 11\), \(5, 9, 10\)\]"):
        regress_vorticity(field, field[:, :, 1:], spacing=0.1, interval=0.1)
    with pytest.raises(ValueError, match="spacing is 0"):
        regress_momentum(field, field, field, spacing=0, interval=0.1)
