"""The damped oscillation: its formula, and what data, law, and a wrong law make of it."""

import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.optimize import curve_fit

from nndl_support.pinn.oscillator import damped_oscillation, fit_oscillator, measure_oscillation

HORIZON, NOISE = 12.0, 0.05
T = np.linspace(4, HORIZON, 100)


def measurements(seed):
    rng = np.random.default_rng(seed)
    return *measure_oscillation(24, HORIZON / 3, rng, gamma=0.15, omega=2.0, noise=NOISE), rng


def fit(seed, **options):
    t, x, rng = measurements(seed)
    return fit_oscillator(t, x, HORIZON, rng, noise=NOISE, max_evaluations=200, **options)


def error(found):
    return np.sqrt(np.mean((found.position(T) - damped_oscillation(T, 0.15, 2.0)) ** 2))


@pytest.mark.parametrize(("x0", "v0"), [(1.0, 0.0), (-0.3, 2.0)])
def test_the_formula_agrees_with_an_integrator(x0, v0):
    t = np.linspace(0, 7, 11)
    peer = solve_ivp(lambda t, s: [s[1], -0.6 * s[1] - 2.89 * s[0]], (0, 7), [x0, v0], t_eval=t, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(damped_oscillation(t, 0.3, 1.7, x0, v0), peer.y[0], atol=1e-8)


def test_measurements_are_in_time_and_their_noise_is_as_told():
    rng = np.random.default_rng(0)
    t, x = measure_oscillation(5000, 3.0, rng, gamma=0.1, omega=1.3, noise=0.2)
    assert (np.diff(t) >= 0).all()
    assert t[0] >= 0
    assert 2.9 < t[-1] <= 3.0
    assert abs(np.std(x - damped_oscillation(t, 0.1, 1.3)) - 0.2) < 0.01


def test_with_the_law_the_network_goes_on_where_the_data_end_and_alone_it_does_not():
    for seed in range(2):
        informed, alone = fit(seed, physics=30.0), fit(seed, physics=0.0)
        assert error(informed) < 0.15
        assert error(alone) > 2 * error(informed)
        assert alone.misfit < informed.misfit
        assert informed.residual < 0.1 * alone.residual


def test_the_friction_found_is_that_of_a_fit_of_the_formula():
    t, x, _ = measurements(3)
    best, covariance = curve_fit(damped_oscillation, t, x, p0=(0.2, 1.8, 1.0, 0.0))
    found = fit(3, physics=30.0)
    assert abs(found.gamma - best[0]) < 2 * np.sqrt(covariance[0, 0])
    assert abs(found.omega - best[1]) < 2 * np.sqrt(covariance[1, 1])


def test_a_law_that_is_given_is_kept_and_a_wrong_one_shows_in_the_misfit():
    right, wrong = fit(0, physics=30.0, law=(0.15, 2.0)), fit(0, physics=100.0, law=(0.0, 2.0))
    assert (right.gamma, right.omega) == (0.15, 2.0)
    assert wrong.gamma == 0
    assert wrong.misfit > 1.3 * right.misfit


def test_misfit_is_in_units_of_the_noise():
    t, x, _ = measurements(1)
    found = fit(1, physics=30.0)
    np.testing.assert_allclose(found.misfit, np.sqrt(np.mean((found.position(t) - x) ** 2)) / NOISE, rtol=1e-9)


def test_what_does_not_oscillate_or_fit_is_refused():
    with pytest.raises(ValueError, match="oscillates only"):
        damped_oscillation(1.0, 2.0, 1.0)
    with pytest.raises(ValueError, match=r"t has shape \(3,\) and x \(2,\)"):
        fit_oscillator(np.zeros(3), np.zeros(2), 1.0, np.random.default_rng(0), noise=1.0, physics=1.0)
