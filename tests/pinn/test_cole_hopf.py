"""Burgers' equation by Cole-Hopf: the equation, its conditions, another quadrature, a published slope."""

import numpy as np
import pytest

from nndl_support.pinn.cole_hopf import SMALLEST_VISCOSITY, burgers, burgers_slope
from tests.pinn.central_differences import derivative, of_grid

X = np.linspace(-1, 1, 23)
T = np.linspace(0, 1, 7)


def by_equal_steps(x, t, nu):
    """The same mean by the trapezoidal rule on a fine grid of displacements, for one t > 0."""
    spacing = min(np.sqrt(nu) / 40, 0.02)
    reach = np.ceil((2 + np.sqrt(160 * nu * t)) / spacing)
    displacement = spacing * np.arange(-reach, reach + 1)
    y = x[:, None] - displacement
    exponent = -(displacement**2) / (4 * nu * t) - np.cos(np.pi * y) / (2 * np.pi * nu)
    weight = np.exp(exponent - exponent.max(axis=1, keepdims=True))
    return -(weight * np.sin(np.pi * y)).sum(axis=1) / weight.sum(axis=1)


@pytest.mark.parametrize("nu", [SMALLEST_VISCOSITY, 0.002 / np.pi, 0.01 / np.pi, 0.1, 1.0])
@pytest.mark.parametrize("t", [0.03, 0.4, 1.0])
def test_another_quadrature_gives_the_same(nu, t):
    np.testing.assert_allclose(burgers(X, [t], nu=nu)[:, 0], by_equal_steps(X, t, nu), rtol=0, atol=1e-11)


@pytest.mark.parametrize("nu", [0.03, 0.2])
def test_the_equation_holds(nu):
    points = np.random.default_rng(3).uniform([-0.9, 0.1], [0.9, 0.9], (11, 2))
    u = of_grid(burgers, nu=nu, nodes=400)
    u_t, u_x, u_xx = (derivative(u, points, axes, 4e-3) for axes in [(1,), (0,), (0, 0)])
    np.testing.assert_allclose(u_t + u(points) * u_x, nu * u_xx, atol=1e-6)
    assert abs(u_t).max() > 0.1


def test_start_and_edges():
    u = burgers(X, T)
    assert u.shape == (23, 7)
    np.testing.assert_allclose(u[:, 0], -np.sin(np.pi * X), atol=1e-15)
    np.testing.assert_allclose(u[[0, 11, -1]], 0, atol=1e-14)
    np.testing.assert_allclose(u, -u[::-1], atol=1e-14)


def test_the_steepest_slope_is_the_published_one():
    times = np.linspace(1.58, 1.63, 501) / np.pi
    slope = burgers_slope([0.0], times)[0]
    assert slope.min() == pytest.approx(-152.00516, abs=5e-6)
    assert times[slope.argmin()] * np.pi == pytest.approx(1.6037, abs=6e-4)


def test_the_slope_is_the_derivative():
    points = np.array([[-0.6, 0.2], [0.02, 0.5], [0.3, 0.9], [0.95, 0.7]])
    slope = [burgers_slope([x], [t])[0, 0] for x, t in points]
    np.testing.assert_allclose(slope, derivative(of_grid(burgers), points, (0,), 1e-3), rtol=1e-8)


def test_more_nodes_change_nothing_and_fewer_do():
    default = burgers(X, T)
    np.testing.assert_allclose(burgers(X, T, nodes=450), default, rtol=0, atol=1e-12)
    assert abs(burgers(X, T, nodes=30) - default).max() > 1e-4


@pytest.mark.parametrize(
    ("x", "t", "options", "message"),
    [
        ([[0.0]], [0.0], {}, r"shapes \(1, 1\) and \(1,\)"),
        ([0.0], [-0.5, 1.0], {}, r"down to -0.5"),
        ([0.0], [1.0], {"nu": 1e-5}, r"nu is 1e-05; .* at least 0.0003"),
        ([0.0], [1.0], {"nu": np.nan}, r"nu is nan"),
        ([0.0], [1.0], {"nodes": 0}, r"nodes is 0"),
    ],
)
def test_wrong_arguments_are_named(x, t, options, message):
    with pytest.raises(ValueError, match=message):
        burgers(x, t, **options)
