"""Closed forms: every one satisfies its equation, by differences of eighth order, and its conditions."""

import numpy as np
import pytest

from nndl_support.pinn import exact_solutions as exact
from tests.pinn.central_differences import derivative, of_grid

PLANE = np.random.default_rng(2).uniform(-0.9, 0.9, (13, 2))
LINE = np.random.default_rng(4).uniform([0.05, 0.1], [0.95, 0.9], (11, 2))


@pytest.mark.parametrize(("rate", "start", "capacity"), [(1.0, 0.5, 1.0), (2.3, 0.1, 3.0), (0.7, 5.0, 2.0)])
def test_logistic_growth(rate, start, capacity):
    t = np.linspace(0.1, 2, 7)[:, None]
    u = lambda t: exact.logistic(t[:, 0], rate=rate, start=start, capacity=capacity)  # noqa: E731
    np.testing.assert_allclose(derivative(u, t, (0,)), rate * u(t) * (1 - u(t) / capacity), atol=1e-9)
    assert u(np.zeros((1, 1)))[0] == pytest.approx(start)


@pytest.mark.parametrize(("damping", "frequency"), [(2.0, 20.0), (0.0, 3.0), (1.7, 1.9)])
def test_damped_oscillation(damping, frequency):
    t = np.linspace(0.1, 2, 7)[:, None]
    x = lambda t: exact.oscillator(t[:, 0], damping=damping, frequency=frequency)  # noqa: E731
    first, second = derivative(x, t, (0,), 2e-3), derivative(x, t, (0, 0), 2e-3)
    np.testing.assert_allclose(second + 2 * damping * first + frequency**2 * x(t), 0, atol=1e-6)
    at_rest = np.zeros((1, 1))
    assert x(at_rest)[0] == 1
    assert derivative(x, at_rest, (0,), 2e-3)[0] == pytest.approx(0, abs=1e-8)


def test_what_does_not_oscillate_is_refused():
    with pytest.raises(ValueError, match=r"damping is 3.0 and frequency 2.0"):
        exact.oscillator([0.0], damping=3.0, frequency=2.0)


def test_heat():
    options = {"diffusivity": 0.3, "amplitudes": (1.0, -0.4, 0.7), "length": 1.3}
    u = of_grid(exact.heat, **options)
    np.testing.assert_allclose(derivative(u, LINE, (1,)), 0.3 * derivative(u, LINE, (0, 0)), atol=1e-7)
    grid = exact.heat([0.0, 0.3, 1.3], [0.0, 0.5], **options)
    z = np.pi * 0.3 / 1.3
    np.testing.assert_allclose(grid[1, 0], np.sin(z) - 0.4 * np.sin(2 * z) + 0.7 * np.sin(3 * z))
    np.testing.assert_allclose(grid[[0, 2]], 0, atol=1e-14)


def test_waves_run_both_ways():
    # d'Alembert: half the start moves to the left and half to the right.
    x, t = np.linspace(0, 1, 7), np.linspace(0, 1, 5)
    start = lambda x: np.sin(np.pi * x) + 0.5 * np.sin(4 * np.pi * x)  # noqa: E731
    here = x[:, None]
    np.testing.assert_allclose(exact.wave(x, t), (start(here - 2 * t) + start(here + 2 * t)) / 2, atol=1e-13)


def test_wave_with_other_speed_and_length():
    options = {"speed": 0.8, "amplitudes": (0.3, 1.0), "length": 1.7}
    u = of_grid(exact.wave, **options)
    np.testing.assert_allclose(derivative(u, LINE, (1, 1)), 0.64 * derivative(u, LINE, (0, 0)), atol=1e-8)
    at_rest = LINE * [1, 0]
    # Before t = 0 there is no solution, but it is even in time: forward and backward differences agree only at rest.
    assert abs(u(at_rest + [0, 1e-4]) - u(at_rest)).max() < 1e-6
    np.testing.assert_allclose(exact.wave([0.0, 1.7], [0.4], **options), 0, atol=1e-14)


def laplacian(u, points, step=0.01):
    return derivative(u, points, (0, 0), step) + derivative(u, points, (1, 1), step)


def test_poisson():
    np.testing.assert_allclose(-laplacian(exact.poisson, PLANE), exact.poisson_source(PLANE), atol=1e-8)
    edge = [[0, 0.3], [1, 0.3], [0.7, 0], [0.7, 1]]
    np.testing.assert_allclose(exact.poisson(edge), 0, atol=1e-15)
    assert exact.poisson(PLANE).shape == (13,)


@pytest.mark.parametrize(("a1", "a2", "wavenumber"), [(1.0, 4.0, 1.0), (2.0, 0.5, 3.0)])
def test_helmholtz(a1, a2, wavenumber):
    u = lambda points: exact.helmholtz(points, a1=a1, a2=a2)  # noqa: E731
    q = exact.helmholtz_source(PLANE, a1=a1, a2=a2, wavenumber=wavenumber)
    np.testing.assert_allclose(laplacian(u, PLANE, 5e-3) + wavenumber**2 * u(PLANE), q, atol=1e-6)


def momentum(flow, points, nu, steady):
    """Left side minus right side of both momentum equations, and the divergence."""
    d = {axes: derivative(flow, points, axes) for axes in [(0,), (1,), (0, 0), (1, 1)]}
    u, v, _ = flow(points).T
    inertia = 0 if steady else derivative(flow, points, (2,))[:, :2]
    convection = u[:, None] * d[0,][:, :2] + v[:, None] * d[1,][:, :2]
    pressure = np.stack([d[0,][:, 2], d[1,][:, 2]], axis=1)
    return inertia + convection + pressure - nu * (d[0, 0] + d[1, 1])[:, :2], d[0,][:, 0] + d[1,][:, 1]


@pytest.mark.parametrize("re", [40.0, 3.0])
def test_kovasznay_flow_is_a_flow(re):
    flow = lambda points: exact.kovasznay(points, re)  # noqa: E731
    residual, divergence = momentum(flow, PLANE, 1 / re, steady=True)
    np.testing.assert_allclose(residual, 0, atol=1e-6)
    np.testing.assert_allclose(divergence, 0, atol=1e-7)
    assert flow(PLANE).shape == (13, 3)


def test_the_rate_of_the_wake_is_the_one_in_the_paper():
    rate = 20 - np.sqrt(400 + 4 * np.pi**2)
    assert exact.kovasznay([[0.7, 0.5]])[0, 0] == pytest.approx(1 + np.exp(0.7 * rate), rel=1e-13)
    # At a large Reynolds number the difference of the printed formula has no digits left, the code's quotient has all.
    assert exact.kovasznay([[1e10, 0.5]], re=1e10)[0, 0] == pytest.approx(1 + np.exp(-4 * np.pi**2), rel=1e-12)


@pytest.mark.parametrize("nu", [0.01, 0.3, 0.0])
def test_taylor_green_vortices_are_a_flow(nu):
    points = np.column_stack([PLANE, np.linspace(0.1, 1, 13)])
    residual, divergence = momentum(lambda p: exact.taylor_green(p, nu), points, nu, steady=False)
    np.testing.assert_allclose(residual, 0, atol=1e-8)
    np.testing.assert_allclose(divergence, 0, atol=1e-8)


def test_soliton_of_korteweg_and_de_vries():
    u = of_grid(exact.kdv_soliton, speed=0.9, dispersion=0.2)
    u_t, u_x, u_xxx = (derivative(u, LINE, axes, 0.03) for axes in [(1,), (0,), (0, 0, 0)])
    np.testing.assert_allclose(u_t + u(LINE) * u_x + 0.2 * u_xxx, 0, atol=1e-6)
    assert abs(u_t).max() > 0.1


def test_two_solitons_of_schrodinger():
    h = of_grid(exact.schrodinger_two_soliton)
    points = LINE * [3, 1] - [1, 0]
    h_t, h_xx = derivative(h, points, (1,), 5e-3), derivative(h, points, (0, 0), 5e-3)
    np.testing.assert_allclose(1j * h_t + h_xx / 2 + abs(h(points)) ** 2 * h(points), 0, atol=1e-6)
    x = np.linspace(-9, 9, 19)
    np.testing.assert_allclose(exact.schrodinger_two_soliton(x, [0.0])[:, 0], 2 / np.cosh(x), atol=1e-14)


def test_far_away_nothing_overflows():
    far = [-1e4, 1e4]
    np.testing.assert_array_equal(exact.schrodinger_two_soliton(far, [0.0, 1.0]), 0)
    np.testing.assert_array_equal(exact.kdv_soliton(far, [0.0, 1.0]), 0)


def test_wrong_arguments_are_named():
    with pytest.raises(ValueError, match=r"points has the shape \(2, 3\); expected \(N, 2\), the columns x, y"):
        exact.kovasznay(np.zeros((2, 3)))
    with pytest.raises(ValueError, match=r"expected \(N, 3\), the columns x, y, t"):
        exact.taylor_green(np.zeros((2, 2)))
    with pytest.raises(ValueError, match="re is 0"):
        exact.kovasznay(np.zeros((2, 2)), 0)
    with pytest.raises(ValueError, match="down to -1"):
        exact.wave([0.0], [-1.0])
