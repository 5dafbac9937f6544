"""References by Fourier modes: order of convergence, other solvers, closed forms, conserved quantities."""

import numpy as np
import pytest
from scipy.integrate import quad, solve_ivp

from nndl_support.pinn.cole_hopf import burgers
from nndl_support.pinn.exact_solutions import kdv_soliton, schrodinger_two_soliton
from nndl_support.pinn.fourier_series import FourierSeries
from nndl_support.pinn.periodic_equations import (
    allen_cahn,
    allen_cahn_modes,
    burgers_fourier,
    korteweg_de_vries,
    nonlinear_schrodinger,
    solve_periodic,
)


def order(steps, errors):
    return np.polyfit(np.log(steps), np.log(errors), 1)[0]


def test_burgers_agrees_with_cole_hopf_to_ten_digits():
    x, t = np.linspace(-1, 1, 101), np.array([0.0, 0.2, 0.45, 1.0])
    assert abs(burgers_fourier(x, t, max_step=1.25e-4) - burgers(x, t)).max() < 1e-10


def test_burgers_error_falls_with_the_fourth_power_of_the_step():
    x, nu = np.linspace(-1, 1, 29), 0.05
    steps = np.array([1 / 50, 1 / 100, 1 / 200])
    errors = [
        abs(burgers_fourier(x, [0.6], nu=nu, points=256, max_step=h) - burgers(x, [0.6], nu=nu)).max() for h in steps
    ]
    assert order(steps, errors) == pytest.approx(4, abs=0.4)


def chebyshev(n):
    """Chebyshev points on [0, 1], descending, and the matrix that differentiates there."""
    j = np.arange(n + 1)
    x = np.cos(np.pi * j / n)
    c = np.where((j == 0) | (j == n), 2.0, 1.0) * (-1.0) ** j
    distance = x[:, None] - x + np.eye(n + 1)
    D = np.outer(c, 1 / c) / distance
    D -= np.diag(D.sum(axis=1))
    return (x + 1) / 2, 2 * D


def allen_cahn_by_chebyshev(t, n=128):
    """The same equation as polynomials on half the period: the solution is even, so its slope is 0 at both ends."""
    x, D = chebyshev(n)
    # The two end values follow from the inner ones: D[0] u = D[n] u = 0.
    ends = -np.linalg.solve(D[np.ix_([0, n], [0, n])], D[[0, n], 1:-1])

    def whole(inner):
        return np.concatenate([ends[:1] @ inner, inner, ends[1:] @ inner])

    second = D[1:-1] @ D
    diffusion = 1e-4 * (second[:, 1:-1] + second[:, [0, n]] @ ends)
    solution = solve_ivp(
        lambda _, u: diffusion @ u + 5 * u * (1 - u * u),
        (0, t),
        (x**2 * np.cos(np.pi * x))[1:-1],
        method="DOP853",
        rtol=1e-12,
        atol=1e-13,
    )
    return x, whole(solution.y[:, -1])


def test_allen_cahn_agrees_with_chebyshev_polynomials_in_another_time_stepper():
    # Later the layers between -1 and 1 are too thin for polynomials over the whole interval.
    x, u = allen_cahn_by_chebyshev(0.3)
    assert abs(allen_cahn(x, [0.3])[:, 0] - u).max() < 2e-9


def test_allen_cahn_agrees_with_another_time_stepper_to_ten_digits():
    series = FourierSeries(2048)
    k = series.wavenumbers

    def slope(_, v):
        u = series.values(v)
        return -1e-4 * k**2 * v + series.modes(5 * u * (1 - u * u))

    # Each time from the start anew: between its steps DOP853 only interpolates, with less accuracy.
    x = np.linspace(-1, 1, 57)
    for t in (0.1, 1.0):
        v = solve_ivp(slope, (0, t), allen_cahn_modes(series), method="DOP853", rtol=3e-13, atol=1e-14).y[:, -1]
        assert abs(allen_cahn(x, [t]) - series.evaluate([v], x)).max() < 1e-10


def test_allen_cahn_error_falls_with_the_fourth_power_of_the_step():
    x, t = np.linspace(-1, 1, 57), [0.2, 1.0]
    best = allen_cahn(x, t, points=1024, max_step=1 / 1600)
    steps = np.array([1 / 50, 1 / 100, 1 / 200, 1 / 400])
    errors = [abs(allen_cahn(x, t, points=1024, max_step=h) - best).max() for h in steps]
    assert order(steps, errors) == pytest.approx(4, abs=0.4)


def test_allen_cahn_starts_with_short_steps():
    # The corner of the start changes fast: equal steps of 1/200 would already be wrong by 1e-7 here.
    x = np.linspace(-1, 1, 57)
    coarse, fine = (allen_cahn(x, [0.005], points=1024, max_step=h) for h in (1 / 200, 1 / 12800))
    assert abs(coarse - fine).max() < 1e-10


def test_allen_cahn_is_resolved_from_early_on():
    x, t = np.concatenate([np.linspace(-1, 1, 57), 1 - np.geomspace(1e-4, 0.1, 17)]), [0.005, 0.05, 0.3]
    twice = allen_cahn(x, t, points=8192, max_step=1 / 1600)
    assert abs(allen_cahn(x, t) - twice).max() < 5e-11


def test_sampled_initial_values_cost_seven_digits():
    # The reason why the initial modes are integrals: the slope jumps at the end of the period.
    series = FourierSeries(1024)
    sampled = series.modes(series.grid**2 * np.cos(np.pi * series.grid))
    exact = allen_cahn_modes(series)
    assert 1e-7 < abs(sampled - exact)[:100].max() < 1e-6
    for n in (0, 1, 7, 40):
        integral = quad(lambda x, n=n: x**2 * np.cos(np.pi * x) * np.cos(n * np.pi * x), 0, 1, limit=400)[0]
        assert exact[n].real == pytest.approx(integral, abs=1e-12)


def test_the_usual_start_of_allen_cahn_has_a_kink_that_its_printed_condition_denies():
    # The condition u_x(-1, t) = u_x(1, t) is printed for all times; at t = 0 the slopes of x² cos πx are 2 and -2.
    h, ends = 1e-6, np.array([-1.0, 1.0])
    start = lambda x: x**2 * np.cos(np.pi * x)  # noqa: E731
    np.testing.assert_allclose((start(ends + h) - start(ends - h)) / (2 * h), [2.0, -2.0], atol=1e-8)
    # So the modes fall like n^-2, and no faster: (n π)² times their size tends to half of the jump.
    order = np.array([100, 200, 400, 800])
    modes = np.abs(allen_cahn_modes(FourierSeries(2048)).real[order])
    np.testing.assert_allclose(modes * (np.pi * order) ** 2, 2.0, rtol=1e-3)
    # Read literally, a reference starts from the modes of samples; its error at all later times has order two in their number.
    x = np.linspace(-1, 1, 57)
    wanted, literal, exact = allen_cahn(x, [0.3])[:, 0], [], []
    for n in (128, 256, 512):
        series = FourierSeries(n)
        u = solve_periodic(
            series,
            x,
            [0.3],
            series.modes(start(series.grid)),
            linear=-1e-4 * series.wavenumbers**2,
            pointwise=lambda u: 5 * u * (1 - u * u),
            max_step=1 / 400,
            first_step=1e-4,
        )
        literal.append(abs(u[:, 0] - wanted).max())
        exact.append(abs(allen_cahn(x, [0.3], points=n, max_step=1 / 400)[:, 0] - wanted).max())
    orders = np.log2(np.array(literal[:-1]) / literal[1:])
    np.testing.assert_allclose(orders, 2.0, atol=0.25)
    assert literal[-1] > 1000 * exact[-1]


def test_allen_cahn_starts_as_it_should_and_has_its_period():
    x = np.linspace(-1, 1, 37)
    u = allen_cahn(x, [0.0, 0.25], points=1024, max_step=0.01)
    np.testing.assert_allclose(u[:, 0], x**2 * np.cos(np.pi * x), atol=1e-15)
    np.testing.assert_allclose(u, u[::-1], atol=1e-12)
    np.testing.assert_allclose(allen_cahn(x + 2, [0.0, 0.25], points=1024, max_step=0.01), u, atol=1e-10)


def test_allen_cahn_without_diffusion_is_a_law_for_each_place():
    # u' = r (u - u³) has u/√(1 - u²) = (u0/√(1 - u0²)) exp(r t); diffusion 1e-9 hardly matters where the start is smooth.
    x, r = np.linspace(-0.6, 0.6, 13), 3.0
    start = x**2 * np.cos(np.pi * x)
    odds = start / np.sqrt(1 - start**2) * np.exp(r * 0.1)
    u = allen_cahn(x, [0.1], diffusivity=1e-9, reaction=r, points=2048, max_step=0.01)[:, 0]
    np.testing.assert_allclose(u, odds / np.sqrt(1 + odds**2), atol=1e-5)


def test_a_soliton_keeps_its_shape():
    x, t = np.linspace(-5, 5, 83), [0.0, 0.3, 0.7]
    start = lambda y: kdv_soliton(y, [0.0], speed=1.3, dispersion=0.01)[:, 0]  # noqa: E731
    u = korteweg_de_vries(x, t, initial=start, dispersion=0.01, half_width=5.0, points=512, max_step=2.5e-4)
    assert abs(u - kdv_soliton(x, t, speed=1.3, dispersion=0.01)).max() < 1e-8


def test_korteweg_de_vries_keeps_mass_momentum_and_energy():
    x = np.arange(512) / 256 - 1
    u = korteweg_de_vries(x, [0.0, 0.4, 1.0])
    slope = np.fft.irfft(1j * np.pi * np.arange(257)[:, None] * np.fft.rfft(u, axis=0), 512, axis=0)
    for density in (u, u**2, u**3 / 3 - 0.0025 * slope**2):
        np.testing.assert_allclose(density.mean(axis=0), density[:, 0].mean(), rtol=0, atol=1e-8)
    np.testing.assert_allclose(u[:, 0], np.cos(np.pi * x), atol=1e-13)
    assert u[:, 1].max() > 1.5  # it broke into solitons, higher than the start


def test_two_solitons_beat_on_a_long_period():
    x, t = np.linspace(-6, 6, 47), [0.0, 0.4, np.pi / 4, np.pi / 2]
    h = nonlinear_schrodinger(x, t, half_width=25.0, points=1024, max_step=5e-4)
    assert abs(h - schrodinger_two_soliton(x, t)).max() < 1e-8


def test_the_period_of_ten_is_solved_to_four_digits():
    x, t = np.linspace(-5, 5, 47), [0.3, np.pi / 2]
    finer = nonlinear_schrodinger(x, t, points=1024, max_step=5e-4)
    assert abs(nonlinear_schrodinger(x, t, points=512, max_step=1e-3) - finer).max() < 2e-4


def test_two_sech_with_period_ten_is_not_smooth_and_not_the_two_soliton_of_the_line():
    # The slopes at the ends of the period are -0.027 and 0.027, so that the periodic start has corners.
    h, ends = 1e-6, np.array([-5.0, 5.0])
    slope = (2 / np.cosh(ends + h) - 2 / np.cosh(ends - h)) / (2 * h)
    np.testing.assert_allclose(slope, [0.02695, -0.02695], atol=1e-5)
    # Nothing smooths them: doubling the grid gains a factor of a few, where on a long period it gains all digits.
    x, t = np.linspace(-5, 5, 47), [0.3, np.pi / 2]
    by_ten = [nonlinear_schrodinger(x, t, points=n, max_step=1e-3) for n in (256, 512, 1024)]
    by_fifty = [nonlinear_schrodinger(x, t, half_width=25.0, points=n, max_step=1e-3) for n in (512, 1024)]
    exact = schrodinger_two_soliton(x, t)
    first, second = abs(by_ten[0] - by_ten[1]).max(), abs(by_ten[1] - by_ten[2]).max()
    assert second > first / 10
    assert abs(by_fifty[1] - exact).max() < 1e-2 * abs(by_fifty[0] - exact).max()
    # And the closed form of the whole line is another function, by two hundredths.
    assert 1e-2 < abs(by_ten[2] - exact).max() < 0.1


def test_schrodinger_keeps_the_mass_of_any_start():
    start = lambda x: np.exp(np.cos(np.pi * x / 3)) * (1 + 0.5j * np.sin(np.pi * x / 3))  # noqa: E731
    x = np.arange(256) * 6 / 256
    h = nonlinear_schrodinger(x, [0.0, 0.5], initial=start, half_width=3.0, points=256)
    np.testing.assert_allclose(h[:, 0], start(x), atol=1e-12)
    assert (abs(h) ** 2).mean(axis=0)[1] == pytest.approx((abs(start(x)) ** 2).mean(), rel=1e-8)
    assert abs(h[:, 1] - h[:, 0]).max() > 0.1
