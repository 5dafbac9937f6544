"""Closed forms of the Bratu problem against the equation itself, a boundary value solver and many random functions."""

import numpy as np
import pytest
from scipy.integrate import solve_bvp

from nndl_support.pinn.bratu import bratu_fold, bratu_lambda, bratu_solution, bratu_theta, fold_mode, residual_floor

X = np.linspace(0, 1, 201)
H = 1e-3


def second_difference(f, x):
    # Fourth order, so that the truncation is far below the tolerance.
    return (-f(x + 2 * H) + 16 * f(x + H) - 30 * f(x) + 16 * f(x - H) - f(x - 2 * H)) / (12 * H * H)


@pytest.mark.parametrize("branch", ["lower", "upper"])
@pytest.mark.parametrize("lam", [0.3, 1.0, 2.7, 3.51])
def test_both_solutions_satisfy_equation_and_boundary_values(lam, branch):
    def u(x):
        return bratu_solution(x, lam, branch)

    inner = X[5:-5]
    reaction = lam * np.exp(u(inner))
    np.testing.assert_allclose(second_difference(u, inner), -reaction, rtol=1e-4, atol=1e-6 * reaction.max())
    np.testing.assert_allclose(u(np.array([0.0, 1.0])), 0, atol=1e-12)


def test_the_upper_solution_is_above_the_lower_one():
    inner = X[1:-1]
    assert (bratu_solution(inner, 1.0, "upper") > bratu_solution(inner, 1.0)).all()


@pytest.mark.parametrize("branch", ["lower", "upper"])
def test_a_boundary_value_solver_agrees(branch):
    mesh = np.linspace(0, 1, 31)
    guess = np.vstack([bratu_solution(mesh, 1.4, branch), 0 * mesh])
    found = solve_bvp(lambda x, s: [s[1], -1.4 * np.exp(s[0])], lambda a, b: [a[0], b[0]], mesh, guess, tol=1e-8)
    assert found.success
    np.testing.assert_allclose(found.sol(X)[0], bratu_solution(X, 1.4, branch), atol=1e-6)


def test_the_fold_is_the_top_of_the_curve():
    fold, theta = bratu_fold()
    around = np.linspace(0.9 * theta, 1.1 * theta, 4001)
    assert abs(fold - 3.513830719) < 1e-9
    np.testing.assert_allclose(bratu_lambda(theta), fold, rtol=1e-14)
    assert abs(bratu_lambda(around).max() - fold) < 1e-7
    assert bratu_lambda(around).max() <= fold + 1e-14


@pytest.mark.parametrize("lam", [1e-6, 0.2, 3.0, 3.5138])
@pytest.mark.parametrize("branch", ["lower", "upper"])
def test_theta_solves_its_equation(lam, branch):
    theta = bratu_theta(lam, branch)
    np.testing.assert_allclose(bratu_lambda(theta), lam, rtol=1e-9)
    assert (theta < bratu_fold()[1]) == (branch == "lower")


def test_both_branches_meet_at_the_fold():
    fold, theta = bratu_fold()
    assert bratu_theta(fold) == bratu_theta(fold, "upper") == theta


def test_the_mode_is_a_null_vector_of_the_linear_operator_at_the_fold():
    fold, inner = bratu_fold()[0], X[5:-5]
    reaction = fold * np.exp(bratu_solution(inner, fold)) * fold_mode(inner)
    np.testing.assert_allclose(second_difference(fold_mode, inner), -reaction, atol=1e-6)
    np.testing.assert_allclose(fold_mode(np.array([0.0, 1.0])), 0, atol=1e-14)
    assert (fold_mode(inner) > 0).all()


@pytest.mark.parametrize("lam", [3.52, 4.0, 6.0])
def test_no_function_gets_below_the_floor(lam):
    # u is a sum of sines around the solution at the fold; the residual is integrated by Gauss-Legendre.
    nodes, q = np.polynomial.legendre.leggauss(80)
    x, q, rng = (nodes + 1) / 2, q / 2, np.random.default_rng(0)
    fold = bratu_fold()[0]
    wave = np.pi * np.arange(1, 6)[:, None]
    for size in (0.0, 0.01, 0.1, 1.0):
        for _ in range(30):
            a = rng.normal(size=5) * size / wave[:, 0] ** 2
            base = bratu_solution(x, fold)
            u = base + a @ np.sin(wave * x)
            curvature = -fold * np.exp(base) - (a * wave[:, 0] ** 2) @ np.sin(wave * x)
            residual = curvature + lam * np.exp(u)
            assert np.sqrt(q @ residual**2) >= residual_floor(lam) * (1 - 1e-9)


@pytest.mark.parametrize("beyond", [1e-3, 1e-5])
def test_the_floor_is_reached_close_to_the_fold(beyond):
    # To first order the residual of u* + v is v'' + lambda* exp(u*) v + beyond exp(u*); v is the best sum of sines.
    nodes, q = np.polynomial.legendre.leggauss(80)
    x, root, fold = (nodes + 1) / 2, np.sqrt(q / 2), bratu_fold()[0]
    heat, wave = np.exp(bratu_solution(x, fold)), np.pi * np.arange(1, 31)
    bent = (fold * heat[:, None] - wave**2) * np.sin(x[:, None] * wave)
    best = np.linalg.lstsq(root[:, None] * bent, -root * beyond * heat)[0]
    least = np.linalg.norm(root * (bent @ best + beyond * heat))
    np.testing.assert_allclose(residual_floor(fold + beyond), least, rtol=1e-3)


def test_the_floor_begins_at_the_fold_and_rises():
    fold = bratu_fold()[0]
    assert residual_floor(1.0) == 0
    assert residual_floor(fold) == 0
    ratio = residual_floor(fold + 1e-4) / residual_floor(fold + 1e-5)
    assert abs(ratio - 10) < 1e-3
    assert (np.diff([residual_floor(lam) for lam in np.linspace(3.6, 9, 20)]) > 0).all()


def test_there_is_no_solution_beyond_the_fold_and_the_error_says_so():
    with pytest.raises(ValueError, match=r"0 < lambda <= 3\.5138"):
        bratu_solution(0.5, 3.6)
    with pytest.raises(ValueError, match="expected 'lower' or 'upper'"):
        bratu_theta(1.0, "middle")
    with pytest.raises(ValueError, match="positive"):
        residual_floor(-1.0)
