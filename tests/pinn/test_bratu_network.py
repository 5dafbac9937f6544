"""The network for the Bratu problem: its Jacobian, both branches, deflation, and the floor beyond the fold."""

import numpy as np
import pytest

from nndl_support.pinn.bratu import bratu_solution, residual_floor
from nndl_support.pinn.bratu_network import bratu_residual, deflation_factor, fit_bratu, start_at_height
from nndl_support.pinn.tanh_layer import gauss_points, jet

X = np.linspace(0, 1, 23)


def start(height, seed, n_units=12):
    return start_at_height(height, np.random.default_rng(seed), n_units=n_units)


def test_the_start_has_the_wanted_height():
    fit = fit_bratu(1.0, start(3.0, 0), max_evaluations=1)
    np.testing.assert_allclose(fit.profile(X), 12 * X * (1 - X), atol=0.1)


def test_the_residual_is_that_of_the_profile_by_differences():
    weights, h, x = start(1.0, 1, 5), 1e-4, np.array([0.2, 0.55, 0.9])

    def u(x):
        w, b, c = weights.reshape(3, 5)
        return x * (1 - x) * (np.tanh(x[:, None] * w + b) @ c)

    curvature = (u(x + h) - 2 * u(x) + u(x - h)) / h**2
    np.testing.assert_allclose(bratu_residual(weights, 2.0, x)[0], curvature + 2.0 * np.exp(u(x)), atol=1e-5)


def test_the_jacobian_agrees_with_central_differences():
    weights, x = start(1.0, 2, 5), np.array([0.1, 0.4, 0.8])
    _, jacobian = bratu_residual(weights, 2.0, x)
    for k, step in enumerate(1e-6 * np.eye(15)):
        slope = (bratu_residual(weights + step, 2.0, x)[0] - bratu_residual(weights - step, 2.0, x)[0]) / 2e-6
        np.testing.assert_allclose(jacobian[:, k], slope, rtol=1e-5, atol=1e-5)


def test_the_boundary_values_are_exact_whatever_the_weights():
    assert (fit_bratu(1.0, start(2.0, 0), max_evaluations=2).profile([0.0, 1.0]) == 0).all()


@pytest.mark.parametrize(("lam", "hot"), [(1.0, 4.5), (3.0, 2.0)])
def test_low_starts_find_the_lower_solution_and_high_starts_the_upper_one(lam, hot):
    for branch, height in (("lower", 0.3), ("upper", hot)):
        fits = [fit_bratu(lam, start(height, seed), max_evaluations=100) for seed in range(3)]
        truth = bratu_solution(X, lam, branch)
        assert min(np.abs(fit.profile(X) - truth).max() for fit in fits) < 0.01
        assert min(fit.residual for fit in fits) < 0.1


def test_deflation_finds_the_other_solution_from_the_same_start():
    reached = 0
    for seed in range(3):
        plain = fit_bratu(2.0, start(1.0, seed), max_evaluations=100)
        np.testing.assert_allclose(plain.profile(X), bratu_solution(X, 2.0), atol=1e-3)
        second = fit_bratu(2.0, start(1.0, seed), away_from=plain.profile, max_evaluations=200)
        reached += np.abs(second.profile(X) - bratu_solution(X, 2.0, "upper")).max() < 0.02
    assert reached >= 1


def test_the_deflation_factor_is_one_plus_the_inverse_square_of_the_distance_and_so_are_its_slopes():
    weights, (x, q) = start(1.0, 2, 5), gauss_points(30)
    known = bratu_solution(x, 2.0)
    fine, even = gauss_points(60)
    apart = fine * (1 - fine) * jet(weights, fine).value - bratu_solution(fine, 2.0)
    factor, slopes = deflation_factor(weights, known, x, q)
    np.testing.assert_allclose(factor, 1 + 1 / (even @ apart**2), rtol=1e-6)
    for k, step in enumerate(1e-6 * np.eye(15)):
        ahead, behind = (deflation_factor(weights + s, known, x, q)[0] for s in (step, -step))
        np.testing.assert_allclose(slopes[k], (ahead - behind) / 2e-6, rtol=1e-4, atol=1e-4)


def test_what_is_minimised_is_the_mean_square_over_the_slab():
    # Above the fold the weights of the points decide: 1.0167 times the floor with those of Gauss, 1.0216 without.
    fits = [fit_bratu(6.0, start(1.2, seed)) for seed in range(3)]
    assert min(fit.residual for fit in fits) < 1.019 * residual_floor(6.0)


def test_beyond_the_fold_the_network_stands_on_the_floor():
    fits = [fit_bratu(4.0, start(1.2, seed), max_evaluations=200) for seed in range(3)]
    assert all(fit.residual > residual_floor(4.0) for fit in fits)
    assert min(fit.residual for fit in fits) < 1.02 * residual_floor(4.0)


def test_measured_and_seen_residual_agree_for_a_smooth_network():
    fit = fit_bratu(1.0, start(0.3, 0), max_evaluations=3)
    assert abs(fit.residual - fit.seen) < 1e-3 * (1 + fit.seen)


def test_bad_input_is_named():
    with pytest.raises(ValueError, match=r"lambda is -1\.0; expected a positive number"):
        fit_bratu(-1.0, start(1.0, 0))
    with pytest.raises(ValueError, match=r"away_from returned shape \(\) for 40 points; expected \(40,\)"):
        fit_bratu(1.0, start(1.0, 0), away_from=lambda x: 1.0)
