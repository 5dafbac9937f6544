"""The pitchfork: its solution against an integrator, the price of the detour against a minimisation, and the trap."""

import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.optimize import minimize

from nndl_support.pinn.pitchfork import (
    fit_pitchfork,
    largest_residual,
    loss_of_a_detour,
    pitchfork_solution,
    price_of_a_detour,
)
from nndl_support.pinn.tanh_layer import jet


@pytest.mark.parametrize(("x0", "mu"), [(0.1, 1.0), (-0.3, 2.0), (0.7, -0.5), (2.0, 1.3)])
def test_the_solution_agrees_with_an_integrator(x0, mu):
    t = np.linspace(0, 6, 13)
    peer = solve_ivp(lambda t, x: mu * x - x**3, (0, 6), [x0], t_eval=t, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(pitchfork_solution(t, x0, mu), peer.y[0], atol=1e-8)


def test_it_falls_into_the_valley_of_its_sign_and_overflows_nowhere():
    assert pitchfork_solution(1000.0, 1e-3, 4.0) == 2.0
    assert pitchfork_solution(1000.0, -1e-3, 4.0) == -2.0
    assert pitchfork_solution(1000.0, 0.0, 4.0) == 0.0


@pytest.mark.parametrize("x0", [0.3, -0.6])
def test_no_path_to_the_ridge_is_cheaper_than_the_price_and_one_reaches_it(x0):
    T, n = 9.0, 400
    h = T / n

    def cost(inner):
        x = np.concatenate([[x0], inner, [0.0]])
        middle = (x[1:] + x[:-1]) / 2
        return h / T * np.sum((np.diff(x) / h - middle + middle**3) ** 2)

    def slope(inner):
        x = np.concatenate([[x0], inner, [0.0]])
        middle = (x[1:] + x[:-1]) / 2
        r = np.diff(x) / h - middle + middle**3
        by_middle = r * (3 * middle**2 - 1) / 2
        return 2 * h / T * ((r / h + by_middle)[:-1] + (by_middle - r / h)[1:])

    t = np.linspace(0, T, n + 1)[1:-1]
    # Downhill turned round in time is uphill: it starts at x0 and obeys dx/dt = -x + x^3.
    backwards = x0 * np.exp(-t) / np.sqrt(1 - x0**2 * (1 - np.exp(-2 * t)))
    best = minimize(cost, backwards, jac=slope, method="L-BFGS-B", options={"maxiter": 200})
    np.testing.assert_allclose(best.fun, price_of_a_detour(x0, 1.0, T), rtol=0.01)
    rng = np.random.default_rng(0)
    for _ in range(20):
        assert cost(backwards + 0.05 * rng.normal() * np.sin(np.pi * t / T)) > 0.99 * price_of_a_detour(x0, 1.0, T)


@pytest.mark.parametrize("mu", [0.5, 2.0])
def test_the_price_is_four_times_the_climb_over_the_time(mu):
    def height(x):
        return -mu * x**2 / 2 + x**4 / 4

    np.testing.assert_allclose(price_of_a_detour(0.4, mu, 7.0), 4 * (height(0) - height(0.4)) / 7.0, rtol=1e-12)
    a = np.linspace(0, 0.4, 40_001)
    np.testing.assert_allclose(
        loss_of_a_detour(0.4, mu, 7.0), (4 * (height(0) - height(a)) / 7.0 + (a - 0.4) ** 2).min(), rtol=1e-6
    )


def test_giving_way_at_the_start_makes_the_detour_cheaper():
    for T in (5.0, 20.0):
        assert 0 < loss_of_a_detour(0.3, 1.0, T) < price_of_a_detour(0.3, 1.0, T)
        np.testing.assert_allclose(loss_of_a_detour(-0.3, 1.0, T), loss_of_a_detour(0.3, 1.0, T), rtol=1e-6)
    a = np.linspace(0, 0.3, 30001)
    np.testing.assert_allclose(
        loss_of_a_detour(0.3, 1.0, 5.0), ((2 * a**2 - a**4) / 5 + (a - 0.3) ** 2).min(), rtol=1e-6
    )


@pytest.mark.parametrize("x0", [0.4, -0.4])
def test_over_a_short_time_the_network_finds_the_solution_on_either_side(x0):
    t = np.linspace(0, 3, 50)
    for seed in range(2):
        fit = fit_pitchfork(x0, 3.0, np.random.default_rng(seed))
        np.testing.assert_allclose(jet(fit.weights, t).value, pitchfork_solution(t, x0), atol=1e-3)
        np.testing.assert_allclose(fit.residual**2 + fit.initial_error**2, fit.loss, rtol=1e-9)


@pytest.mark.parametrize("mu", [-1.0, 2.0])
def test_the_law_of_the_network_has_the_mu_that_is_given(mu):
    t, fit = np.linspace(0, 2, 50), fit_pitchfork(0.5, 2.0, np.random.default_rng(0), mu=mu, n_units=11)
    assert fit.weights.shape == (33,)
    np.testing.assert_allclose(jet(fit.weights, t).value, pitchfork_solution(t, 0.5, mu), atol=1e-3)


def test_the_evaluations_are_limited():
    few, more = (fit_pitchfork(0.4, 3.0, np.random.default_rng(0), max_evaluations=n) for n in (2, 20))
    assert more.loss < few.loss / 10


def test_the_initial_error_is_the_distance_from_the_initial_value():
    signs = set()
    for seed in range(6):
        fit = fit_pitchfork(0.4, 3.0, np.random.default_rng(seed), max_evaluations=1)
        off = jet(fit.weights, [0.0]).value[0] - 0.4
        np.testing.assert_allclose(fit.initial_error, abs(off), rtol=1e-9)
        np.testing.assert_allclose(fit.residual**2 + fit.initial_error**2, fit.loss, rtol=1e-9)
        signs.add(off > 0)
    assert len(signs) == 2


def test_over_a_long_time_runs_are_trapped_at_the_predicted_loss():
    fits = [fit_pitchfork(0.3, 24.0, np.random.default_rng(seed)) for seed in range(6)]
    trapped = [fit for fit in fits if abs(fit.loss / loss_of_a_detour(0.3, 1.0, 24.0) - 1) < 0.05]
    assert len(trapped) >= 2


def test_the_largest_residual_is_that_of_differences():
    fit, t, h = fit_pitchfork(0.3, 3.0, np.random.default_rng(0), max_evaluations=2), np.linspace(0, 3, 41), 1e-5
    value, slope = jet(fit.weights, t).value, (jet(fit.weights, t + h).value - jet(fit.weights, t - h).value) / (2 * h)
    assert abs(largest_residual(fit.weights, t, 0.7) - np.abs(slope - 0.7 * value + value**3).max()) < 1e-7


def test_a_good_start_is_kept():
    short = fit_pitchfork(0.4, 3.0, np.random.default_rng(0))
    again = fit_pitchfork(0.4, 3.0, np.random.default_rng(1), start=short.weights)
    assert again.loss <= short.loss * (1 + 1e-6)


def test_what_has_no_ridge_is_refused():
    with pytest.raises(ValueError, match="mu is 0"):
        pitchfork_solution(1.0, 0.5, 0.0)
    with pytest.raises(ValueError, match="between -sqrt"):
        price_of_a_detour(2.0, 1.0, 3.0)
    for horizon in (0.0, -3.0):
        with pytest.raises(ValueError, match=f"horizon is {horizon}; expected a positive number"):
            price_of_a_detour(0.3, 1.0, horizon)
    with pytest.raises(ValueError, match=r"start has shape \(3,\); expected \(W,\), all of it finite"):
        fit_pitchfork(0.3, 1.0, np.random.default_rng(0), start=[0.0, np.nan, 1.0])
    with pytest.raises(ValueError, match=r"weights have shape \(4,\)"):
        fit_pitchfork(0.3, 1.0, np.random.default_rng(0), start=np.zeros(4))
