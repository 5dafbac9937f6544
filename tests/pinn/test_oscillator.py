"""The damped oscillation: its formula, and what data, law, and a wrong law make of it."""

import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.optimize import curve_fit

from nndl_support.pinn.oscillator import damped_oscillation, fit_oscillator, measure_oscillation
from nndl_support.pinn.tanh_layer import jet

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


def documented_loss(found, scale, t, x, physics):
    """The loss as the docstring writes it, with the outputs of the network scaled."""
    w, b, c = np.split(found.weights, 3)
    weights = np.concatenate([w, b, scale * c])
    even = np.linspace(0, HORIZON, 4001)
    path = jet(weights, even)
    broken = path.second + 2 * found.gamma * path.first + found.omega**2 * path.value
    data = np.mean(((jet(weights, t).value - x) / NOISE) ** 2)
    return data + physics**2 * np.mean(broken**2) + 1e-6 * weights @ weights


@pytest.mark.parametrize("physics", [3.0, 100.0])
def test_data_and_law_are_weighed_as_documented(physics):
    # Under a wrong law the two pull in different directions, and only the right weights balance them.
    t, x, _ = measurements(0)
    found = fit(0, physics=physics, law=(0.0, 2.0))
    middle = documented_loss(found, 1.0, t, x, physics)
    ahead, behind = (documented_loss(found, scale, t, x, physics) for scale in (1.01, 0.99))
    assert min(ahead, behind) > middle
    # The parabola through the three has its bottom within a thousandth of where the fit is.
    assert abs(0.01 * (behind - ahead) / (2 * (ahead + behind - 2 * middle))) < 1e-3


def test_the_residual_is_that_of_the_law_over_the_whole_time():
    found = fit(1, physics=30.0)
    path = jet(found.weights, np.linspace(0, HORIZON, 4001))
    broken = path.second + 2 * found.gamma * path.first + found.omega**2 * path.value
    np.testing.assert_allclose(found.residual, np.sqrt(np.mean(broken**2)), rtol=0.02)


def test_the_evaluations_are_limited():
    t, x, _ = measurements(0)
    few, more = (
        fit_oscillator(t, x, HORIZON, np.random.default_rng(0), noise=NOISE, physics=0.0, max_evaluations=n)
        for n in (2, 9)
    )
    assert more.misfit < 0.9 * few.misfit


def test_misfit_is_in_units_of_the_noise():
    t, x, _ = measurements(1)
    found = fit(1, physics=30.0)
    np.testing.assert_allclose(found.misfit, np.sqrt(np.mean((found.position(t) - x) ** 2)) / NOISE, rtol=1e-9)


def test_what_does_not_oscillate_or_fit_is_refused():
    with pytest.raises(ValueError, match="oscillates only"):
        damped_oscillation(1.0, 2.0, 1.0)
    with pytest.raises(ValueError, match=r"t has shape \(3,\) and x \(2,\)"):
        fit_oscillator(np.zeros(3), np.zeros(2), 1.0, np.random.default_rng(0), noise=1.0, physics=1.0)
    for name, wrong in {"noise": 0.0, "physics": -1.0, "horizon": -2.0}.items():
        options = {"horizon": 1.0, "noise": 1.0, "physics": 1.0} | {name: wrong}
        with pytest.raises(ValueError, match=f"{name} is {wrong}; expected"):
            fit_oscillator(np.zeros(3), np.zeros(3), rng=np.random.default_rng(0), **options)
    with pytest.raises(ValueError, match=r"t has shape \(2,\) and x \(2,\).*all of it finite"):
        fit_oscillator([0.0, np.nan], [0.0, 0.0], 1.0, np.random.default_rng(0), noise=1.0, physics=1.0)
    with pytest.raises(ValueError, match=r"law is \(1\.0,\); expected gamma and omega"):
        fit_oscillator([0.0, 1.0], [0.0, 1.0], 2.0, np.random.default_rng(0), noise=1.0, physics=1.0, law=(1.0,))
    for n, noise in ((0, 0.1), (3, -0.1)):
        with pytest.raises(ValueError, match=f"n is {n} and noise {noise}; expected at least 1 measurement"):
            measure_oscillation(n, 1.0, np.random.default_rng(0), gamma=0.1, omega=1.0, noise=noise)
