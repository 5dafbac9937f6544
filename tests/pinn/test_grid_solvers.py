"""Finite differences: their orders, the cases in which they are exact, what makes them fail."""

import numpy as np
import pytest

from nndl_support.pinn.cole_hopf import burgers
from nndl_support.pinn.exact_solutions import heat, helmholtz, helmholtz_source, poisson, poisson_source, wave
from nndl_support.pinn.grid_solvers import (
    burgers_imex,
    heat_crank_nicolson,
    helmholtz_grid,
    poisson_grid,
    wave_leap_frog,
)


def order(cells, errors):
    return -np.polyfit(np.log(cells), np.log(errors), 1)[0]


def at(field, x, y):
    """Values (X, Y) of a function of points (N, 2)."""
    points = np.stack(np.meshgrid(x, y, indexing="ij"), axis=-1).reshape(-1, 2)
    return field(points).reshape(len(x), len(y))


@pytest.mark.parametrize("p", [2, 4])
def test_poisson_converges_with_its_order(p):
    cells, errors = [8, 16, 32, 64], []
    for n in cells:
        x = np.linspace(0, 1, n + 1)
        errors.append(abs(poisson_grid(poisson_source, 0.0, x, x, order=p) - at(poisson, x, x)).max())
    assert order(cells, errors) == pytest.approx(p, abs=0.2)


@pytest.mark.parametrize("p", [2, 4])
def test_helmholtz_with_values_on_the_edge_converges_with_its_order(p):
    # u = cos(2x + 1) exp(y) on [0, 1.5] x [-1, 0.5]: not symmetric, not zero on the edge.
    u = lambda points: np.cos(2 * points[:, 0] + 1) * np.exp(points[:, 1])  # noqa: E731
    q = lambda points: (1 - 4 + 1.7**2) * u(points)  # noqa: E731
    cells, errors = [6, 12, 24, 48], []
    for n in cells:
        x, y = np.linspace(0, 1.5, n + 1), np.linspace(-1, 0.5, n + 1)
        errors.append(abs(helmholtz_grid(q, u, x, y, wavenumber=1.7, order=p) - at(u, x, y)).max())
    assert order(cells, errors) == pytest.approx(p, abs=0.3)


def test_the_wave_problem_of_the_literature():
    x = np.linspace(-1, 1, 65)
    u = helmholtz_grid(helmholtz_source, 0.0, x, x, wavenumber=1.0, order=4)
    assert abs(u - at(helmholtz, x, x)).max() < 1e-3


def test_a_rectangle_with_two_spacings_is_exact_for_quadratics():
    u = lambda points: points[:, 0] ** 2 + points[:, 0] * points[:, 1] - 3 * points[:, 1] ** 2  # noqa: E731
    x, y = np.linspace(0, 2, 5), np.linspace(-1, 0, 8)
    solution = poisson_grid(lambda points: np.full(len(points), 4.0), u, x, y)
    np.testing.assert_allclose(solution, at(u, x, y), atol=1e-12)


def test_nine_points_are_exact_for_cubics():
    u = lambda points: points[:, 0] ** 3 - 2 * points[:, 0] * points[:, 1] ** 2  # noqa: E731
    x = np.linspace(0, 1, 4)
    solution = poisson_grid(lambda points: -2 * points[:, 0], u, x, x, order=4)
    np.testing.assert_allclose(solution, at(u, x, x), atol=1e-13)


def test_heat_converges_with_order_two():
    cells, errors = [10, 20, 40, 80], []
    for n in cells:
        x, t = np.linspace(0, 1, n + 1), np.linspace(0, 0.5, n + 1)
        exact = heat(x, t, amplitudes=(1.0, 0.5))
        errors.append(abs(heat_crank_nicolson(x, t, exact[:, 0]) - exact).max())
    assert order(cells, errors) == pytest.approx(2, abs=0.2)


def test_heat_between_two_temperatures_ends_in_a_line():
    x = np.linspace(0, 1, 7)
    start = np.where(x < 0.5, 3.0, -1.0)
    u = heat_crank_nicolson(x, np.linspace(0, 20, 401), start, diffusivity=1.0)
    np.testing.assert_allclose(u[:, -1], 3 - 4 * x, atol=1e-9)
    assert u.shape == (7, 401)


def test_heat_step_is_the_cayley_transform():
    # Independent of the banded solver: the dense (I - A/2)⁻¹ (I + A/2) of one step.
    x, start = np.linspace(0, 1, 6), np.array([0.0, 2, -1, 4, 3, 0])
    A = 0.7 * 0.1 * 25 * (np.diag(np.full(4, -2.0)) + np.diag(np.ones(3), 1) + np.diag(np.ones(3), -1))
    expected = np.linalg.solve(np.eye(4) - A / 2, (np.eye(4) + A / 2) @ start[1:-1])
    np.testing.assert_allclose(
        heat_crank_nicolson(x, [0.0, 0.1], start, diffusivity=0.7)[1:-1, 1], expected, rtol=1e-12
    )


def test_wave_converges_with_order_two():
    cells, errors = [20, 40, 80, 160], []
    for n in cells:
        x, t = np.linspace(0, 1, n + 1), np.linspace(0, 1, 5 * n // 2 + 1)
        exact = wave(x, t)
        errors.append(abs(wave_leap_frog(x, t, exact[:, 0]) - exact).max())
    assert order(cells, errors) == pytest.approx(2, abs=0.25)


def test_wave_is_exact_on_the_grid_at_courant_number_one():
    x, t = np.linspace(0, 1, 18), np.linspace(0, 1, 35)
    exact = wave(x, t)
    np.testing.assert_allclose(wave_leap_frog(x, t, exact[:, 0]), exact, atol=1e-12)


def test_wave_with_an_initial_velocity():
    # u = sin(πx) sin(cπt)/(cπ) starts flat with velocity sin(πx).
    x, t = np.linspace(0, 1, 41), np.linspace(0, 0.6, 61)
    u = wave_leap_frog(x, t, np.zeros(41), velocity=np.sin(np.pi * x), speed=1.5)
    exact = np.outer(np.sin(np.pi * x), np.sin(1.5 * np.pi * t)) / (1.5 * np.pi)
    assert abs(u - exact).max() < 1e-3


def test_waves_that_outrun_the_grid_are_refused():
    x = np.linspace(0, 1, 11)
    with pytest.raises(ValueError, match=r"Courant number .* is 2; leap-frog is unstable beyond 1"):
        wave_leap_frog(x, np.linspace(0, 1, 11), np.sin(np.pi * x))


def test_burgers_converges_with_order_two():
    cells, errors = [100, 200, 400], []
    for n in cells:
        x, t = np.linspace(-1, 1, n + 1), np.linspace(0, 0.8, n + 1)
        solution = burgers_imex(x, t, -np.sin(np.pi * x), nu=0.05)
        errors.append(abs(solution - burgers(x, t, nu=0.05)).max())
    assert order(cells, errors) == pytest.approx(2, abs=0.25)


def test_the_first_step_of_burgers_is_as_good_as_the_others():
    # Between times 0 and h: halving h leaves an eighth of the error. One flux for both halves would leave a quarter.
    x = np.linspace(-1, 1, 101)
    start = -np.sin(np.pi * x)
    errors = []
    for h in (0.04, 0.02, 0.01):
        fine = burgers_imex(x, np.linspace(0, h, 201), start, nu=0.05)[:, -1]
        errors.append(abs(burgers_imex(x, [0, h], start, nu=0.05)[:, 1] - fine).max())
    assert order([1, 2, 4], errors) == pytest.approx(3, abs=0.3)


def test_burgers_keeps_a_travelling_front():
    # u = 1 - tanh((x - t)/(2 nu)) moves with speed 1 and keeps its form; its ends are constant as long as it stays inside.
    x, t = np.linspace(-3, 4, 701), np.linspace(0, 1, 401)
    front = lambda time: 1 - np.tanh((x - time) / 0.2)  # noqa: E731
    u = burgers_imex(x, t, front(0), nu=0.1)
    assert abs(u[:, -1] - front(1)).max() < 5e-3


def test_burgers_wiggles_on_a_grid_coarser_than_the_shock():
    x, t = np.linspace(-1, 1, 65), np.linspace(0, 0.6, 601)
    u = burgers_imex(x, t, -np.sin(np.pi * x))[:, -1]
    assert u.max() > 1.05  # the exact solution never exceeds its start
    assert burgers(x, [0.6]).max() < 1


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: poisson_grid(poisson_source, 0, [0, 0.2, 1], [0, 0.5, 1]),
            r"x must rise in equal steps, .* 0.2 to 0.8",
        ),
        (lambda: poisson_grid(poisson_source, 0, [0, 0.5, 1], [0, 1]), r"y has the shape \(2,\); .* at least 3"),
        (
            lambda: poisson_grid(poisson_source, 0, [0, 0.5, 1], [0, 1, 2], order=4),
            "order is 4 with the spacings 0.5 and 1",
        ),
        (lambda: poisson_grid(poisson_source, 0, [0, 0.5, 1], [0, 0.5, 1], order=3), "order is 3"),
        (lambda: heat_crank_nicolson([0, 1, 2], [0, 1], [0, 0]), r"start has the shape \(2,\); expected \(3,\)"),
        (lambda: heat_crank_nicolson([2, 1, 0], [0, 1], [0, 0, 0]), "x must rise"),
        (lambda: burgers_imex([0, 1, 2], [0, 1, 5], [0, 0, 0]), "t must rise in equal steps"),
        (lambda: burgers_imex([0, 1.001, 2], [0, 1], [0, 0, 0]), "x must rise in equal steps"),
    ],
)
def test_wrong_arguments_are_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
