"""Burgers' equation with two parameters: the equation itself, an identity of its sensitivities, fits against closed forms."""

import re

import numpy as np
import pytest

from nndl_support.pinn import burgers_inverse
from nndl_support.pinn.burgers_inverse import (
    burgers_at,
    burgers_field,
    burgers_on_grid,
    burgers_sensitivities,
    observe_burgers,
    output_error_fit,
)
from nndl_support.pinn.cole_hopf import burgers
from tests.pinn.central_differences import derivative

POINTS = np.array([[-0.61, 0.2], [0.1, 0.35], [0.45, 0.8], [0.83, 0.55], [-0.07, 0.15]])


@pytest.mark.parametrize("parameters", [(1.0, 0.1), (1.7, 0.06), (0.4, 0.2)])
def test_the_exact_solution_obeys_the_equation_with_both_parameters(parameters):
    def u(points):
        return burgers_at(parameters, points)

    u_x, u_t, u_xx = (derivative(u, POINTS, axes) for axes in ((0,), (1,), (0, 0)))
    np.testing.assert_allclose(u_t + parameters[0] * u(POINTS) * u_x, parameters[1] * u_xx, atol=1e-6)


def test_the_exact_solution_starts_and_ends_as_stated():
    x = np.array([-0.9, -0.2, 0.35])
    np.testing.assert_allclose(burgers_at([3.0, 0.1], np.stack([x, 0 * x], axis=1)), -np.sin(np.pi * x), atol=1e-12)
    assert abs(burgers_at([3.0, 0.1], [[1.0, 0.7]])[0]) < 1e-12
    np.testing.assert_allclose(burgers_at([1.0, 0.1], POINTS), [burgers([a], [b], nu=0.1)[0, 0] for a, b in POINTS])


@pytest.mark.parametrize("parameters", [(1.0, 0.1), (1.7, 0.06)])
def test_the_grid_solver_with_a_scaled_start_converges_to_the_exact_solution_with_order_two(parameters):
    errors = [
        np.abs(burgers_on_grid(parameters, POINTS, n_x=n, n_t=n) - burgers_at(parameters, POINTS)).max()
        for n in (101, 201)
    ]
    assert errors[1] < 2e-3
    assert 3 < errors[0] / errors[1] < 5


def test_both_sensitivities_together_are_a_change_of_the_clock():
    # u depends on lambda_1 t and lambda_2 t through time alone when both grow by the same factor: the sum is t u_t.
    parameters = (1.3, 0.05)
    found = burgers_sensitivities(parameters, POINTS)
    u_t = derivative(lambda points: burgers_at(parameters, points), POINTS, (1,))
    np.testing.assert_allclose(found.sum(axis=1), POINTS[:, 1] * u_t, atol=1e-6)
    assert np.abs(found).max() > 0.1


def test_the_sensitivity_to_viscosity_is_the_difference_of_two_solutions():
    found = burgers_sensitivities((1.0, 0.05), POINTS)[:, 1]
    up, down = (np.array([burgers([a], [b], nu=nu)[0, 0] for a, b in POINTS]) for nu in (0.0501, 0.0499))
    np.testing.assert_allclose(found, 0.05 * (up - down) / 0.0002, atol=1e-6)


def test_observations_are_distinct_values_of_the_film_with_the_stated_noise():
    x, t, u = burgers_field()
    clean = observe_burgers(503, rng=np.random.default_rng(3))
    assert len(np.unique(clean.points, axis=0)) == 503
    assert clean.sigma == 0
    i = np.abs(clean.points[:, :1] - x).argmin(axis=1)
    j = np.abs(clean.points[:, 1:] - t).argmin(axis=1)
    np.testing.assert_array_equal(clean.values[:, 0], u[i, j])
    noisy = observe_burgers(20_011, noise=0.05, rng=np.random.default_rng(3))
    apart = noisy.values - observe_burgers(20_011, rng=np.random.default_rng(3)).values
    assert noisy.sigma == pytest.approx(0.05 * u.std())
    assert apart.std() == pytest.approx(noisy.sigma, rel=0.03)


def test_observations_stay_where_one_may_look():
    seen = observe_burgers(31, rng=np.random.default_rng(0), within=lambda x, t: (t < 0.3) & (abs(x) > 0.5))
    assert seen.points[:, 1].max() < 0.3
    assert np.abs(seen.points[:, 0]).min() > 0.5
    with pytest.raises(ValueError, match="n is 3 of 2 points"):
        observe_burgers(3, rng=np.random.default_rng(0), within=lambda x, t: (t == 0) & (abs(x) == 1))


@pytest.mark.parametrize(("options", "given"), [({"n": 0}, "n is 0 of 25600"), ({"noise": -0.1}, "noise -0.1")])
def test_no_points_and_negative_noise_are_refused(options, given):
    with pytest.raises(ValueError, match=given):
        observe_burgers(rng=np.random.default_rng(0), **options)


def test_two_thousand_points_are_the_set_up_of_the_literature():
    assert observe_burgers(rng=np.random.default_rng(0)).points.shape == (2000, 2)


def smooth_data(noise=0.0, seed=0):
    rng = np.random.default_rng(seed)
    grid = np.stack(np.meshgrid(np.linspace(-0.9, 0.9, 13), np.linspace(0.1, 1, 7)), axis=-1).reshape(-1, 2)
    values = burgers_at((1.0, 0.1), grid) + noise * rng.standard_normal(len(grid))
    return burgers_inverse.Scattered(grid, values[:, None], noise)


def test_the_fit_of_the_exact_model_finds_the_parameters_from_afar():
    for start in ((0.4, 0.4), (2.0, 0.05)):
        fit = output_error_fit(smooth_data(), start=start, forward=burgers_at)
        np.testing.assert_allclose(fit.parameters, [1.0, 0.1], rtol=1e-6)
        assert fit.rms < 1e-8
        assert fit.evaluations > 5


def test_the_covariance_of_the_fit_is_that_of_the_sensitivities():
    data = smooth_data()
    fit = output_error_fit(data, forward=burgers_at)
    slopes = burgers_sensitivities((1.0, 0.1), data.points) / [1.0, 0.1]
    np.testing.assert_allclose(fit.covariance, np.linalg.inv(slopes.T @ slopes), rtol=5e-3)


def test_the_misfit_of_a_fit_is_the_root_of_its_mean_square():
    data = smooth_data(0.05)
    fit = output_error_fit(data, start=(1.0, 0.1), forward=burgers_at)
    apart = burgers_at(fit.parameters, data.points) - data.values[:, 0]
    assert fit.rms == pytest.approx(np.linalg.norm(apart) / np.sqrt(len(apart)))


def test_noise_scatters_the_fit_as_its_covariance_says():
    off = []
    for seed in range(30):
        fit = output_error_fit(smooth_data(0.02, seed), start=(1.0, 0.1), forward=burgers_at)
        off.append((fit.parameters - [1.0, 0.1]) / (0.02 * np.sqrt(fit.covariance.diagonal())))
    assert 0.6 < np.std(off) < 1.5


@pytest.mark.parametrize("parameters", [[1.0, -0.1], [-1.0, 0.1], [0.0, 0.1], [1.0, 0.1, 0.2], [1.0]])
def test_parameters_that_are_not_two_and_positive_are_refused(parameters):
    for forward in (burgers_at, burgers_on_grid, burgers_sensitivities):
        with pytest.raises(
            ValueError, match=re.escape(f"the parameters are {parameters}; expected two, both positive")
        ):
            forward(parameters, POINTS)
    with pytest.raises(ValueError, match="expected two, both positive"):
        output_error_fit(smooth_data(), start=parameters)


@pytest.mark.parametrize("points", [[0.1, 0.2], [[1.1, 0.2]], [[0.1, -0.2]], [[0.1, 1.2]], [[0.1, 0.2, 0.3]]])
def test_points_outside_the_film_are_not_guessed(points):
    with pytest.raises(ValueError, match=r"not all in the film; expected \(M, 2\)"):
        burgers_on_grid([1.0, 0.1], points, n_x=11, n_t=11)
