import math

import numpy as np
import pytest
from scipy.optimize import minimize

from nndl_support.optimization.penalties import (
    lp_norm,
    minimum_in_ball,
    multiplier,
    project,
    smoothed_l1,
    smoothed_l1_gradient,
    soft_threshold,
)

BALLS = [1, 2, math.inf]


def problem(n=5, seed=0):
    rng = np.random.default_rng(seed)
    root = rng.normal(size=(n, n + 2))
    return root @ root.T / n + 0.1 * np.eye(n), rng.normal(size=n) * 3


@pytest.mark.parametrize("p", [0.5, 1, 1.5, 2, 3, math.inf])
def test_norms_are_numpy_s(p):
    w = np.random.default_rng(0).normal(size=(7, 5))
    np.testing.assert_allclose(lp_norm(w, p), [np.linalg.norm(row, p) for row in w], rtol=1e-14)
    assert lp_norm(np.zeros(3), p) == 0


def test_huge_weights_do_not_overflow():
    assert lp_norm([1e200, 1e200], 2) == pytest.approx(math.sqrt(2) * 1e200)


def test_the_smoothed_norm_lies_between_the_norm_and_what_is_promised():
    w = np.random.default_rng(0).normal(size=(7, 5))
    excess = smoothed_l1(w, 1e-4) - lp_norm(w, 1)
    assert np.all(excess > 0)
    assert np.all(excess <= 5 * 1e-2)
    assert smoothed_l1(np.zeros(5), 1e-4) == pytest.approx(5e-2)  # the bound is attained


def test_the_smoothed_norm_s_gradient_is_its_difference():
    w, h = np.array([0.0, 1e-3, -0.5, 2.0]), 1e-6
    differences = [(smoothed_l1(w + h * e, 0.01) - smoothed_l1(w - h * e, 0.01)) / (2 * h) for e in np.eye(4)]
    np.testing.assert_allclose(smoothed_l1_gradient(w, 0.01), differences, atol=1e-8)


@pytest.mark.parametrize("t", [0.0, 0.3, 1.7])
def test_the_soft_threshold_minimises_its_objective(t):
    x, w = np.linspace(-3, 3, 13), np.linspace(-4, 4, 80_001)[:, None]
    best = w[np.argmin(0.5 * (w - x) ** 2 + t * np.abs(w), axis=0), 0]
    np.testing.assert_allclose(soft_threshold(x, t), best, atol=1.1e-4)


@pytest.mark.parametrize("p", BALLS)
def test_the_projection_is_the_nearest_point_of_the_ball(p):
    rng = np.random.default_rng(0)
    w = 2 * rng.normal(size=(11, 3))
    near = project(w, 1.3, p)
    assert np.all(lp_norm(near, p) <= 1.3 + 1e-12)
    inside = project(rng.normal(size=(2000, 3)) * 1.5, 1.3, p)
    distance = np.linalg.norm(w[:, None] - inside, axis=2)
    assert np.all(distance >= np.linalg.norm(w - near, axis=1)[:, None] - 1e-12)
    # The angle at the nearest point of a convex set is obtuse towards every point of the set.
    assert np.max(np.einsum("kd,kmd->km", w - near, inside - near[:, None])) < 1e-12


@pytest.mark.parametrize("p", BALLS)
def test_what_is_inside_stays_and_what_is_outside_comes_to_the_rim(p):
    w = np.array([[0.1, -0.2, 0.05], [5.0, -1.0, 0.2], [0.0, 0.0, 0.0]])
    near = project(w, 1.0, p)
    np.testing.assert_array_equal(near[[0, 2]], w[[0, 2]])
    assert lp_norm(near[1], p) == pytest.approx(1.0)
    np.testing.assert_allclose(near[1], project(w[1], 1.0, p))  # rows by themselves or together


@pytest.mark.parametrize("p", BALLS)
def test_the_minimum_in_the_ball_is_scipy_s(p):
    A, b = problem()
    w = minimum_in_ball(A, b, 0.7, p)
    # scipy sees w = u - v with u, v >= 0, in which every ball is smooth inequalities.
    size = {1: lambda z: z.sum(), 2: lambda z: np.sqrt(np.sum((z[:5] - z[5:]) ** 2) + 1e-300), math.inf: None}[p]
    constraints = [] if size is None else [{"type": "ineq", "fun": lambda z: 0.7 - size(z)}]
    found = minimize(
        lambda z: 0.5 * (z[:5] - z[5:]) @ A @ (z[:5] - z[5:]) - b @ (z[:5] - z[5:]),
        np.full(10, 0.01) + np.repeat([0.01, 0.0], 5),
        bounds=[(0, 0.7)] * 10,
        constraints=constraints,
        method="SLSQP",
        options={"ftol": 1e-15, "maxiter": 1000},
    )
    np.testing.assert_allclose(w, found.x[:5] - found.x[5:], atol=1e-5)


@pytest.mark.parametrize("p", BALLS)
def test_the_ball_and_the_penalty_are_one_problem(p):
    A, b = problem()
    w = minimum_in_ball(A, b, 0.7, p)
    strength = multiplier(A, b, w, p)

    def penalised(v):
        return 0.5 * v @ A @ v - b @ v + strength * lp_norm(v, p)

    rng = np.random.default_rng(1)
    for size in (1e-5, 1e-3, 0.1, 1.0):
        assert all(penalised(w + size * step) >= penalised(w) - 1e-12 for step in rng.normal(size=(200, 5)))
    # Optimality in one equation: the slope and w attain Hölder's bound.
    assert -w @ (A @ w - b) == pytest.approx(strength * 0.7, rel=1e-9)


@pytest.mark.parametrize("p", BALLS)
def test_a_ball_that_holds_the_free_minimum_does_not_bind(p):
    A, b = problem()
    free = np.linalg.solve(A, b)
    w = minimum_in_ball(A, b, 1.01 * float(lp_norm(free, p)), p)
    np.testing.assert_allclose(w, free, atol=1e-9)
    assert multiplier(A, b, w, p) < 1e-8


def test_problems_side_by_side_are_the_problems_one_by_one():
    problems = [problem(3, seed) for seed in range(5)]
    A, b = (np.array(part) for part in zip(*problems))
    for p in BALLS:
        alone = [minimum_in_ball(A[i], b[i], 0.5, p) for i in range(5)]
        np.testing.assert_allclose(minimum_in_ball(A, b, 0.5, p), alone, atol=1e-10)


def test_the_diamond_gives_exact_zeros_and_the_circle_none():
    rng = np.random.default_rng(0)
    root = rng.normal(size=(500, 2, 3))
    A, b = root @ root.transpose(0, 2, 1) + 0.3 * np.eye(2), rng.normal(size=(500, 2)) * 2
    for p, least, most in ((1, 0.5, 1.0), (2, 0.0, 0.0)):
        share = np.mean(np.any(minimum_in_ball(A, b, 0.3, p) == 0, axis=1))
        assert least <= share <= most


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: lp_norm([1.0], 0), "p is 0; expected a positive number or inf"),
        (lambda: project([1.0], 1.0, 3), "p is 3; expected 1, 2 or inf"),
        (lambda: project([1.0], 0.0, 1), "radius is 0.0"),
        (lambda: smoothed_l1([1.0], 0.0), "epsilon is 0.0"),
        (lambda: minimum_in_ball(np.eye(3), np.ones(2), 1.0, 1), r"A has shape \(3, 3\) and b \(2,\)"),
        (
            lambda: minimum_in_ball(-np.eye(2), np.ones(2), 1.0, 1),
            "A has the eigenvalue -1; expected positive ones only",
        ),
    ],
)
def test_what_makes_no_sense_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_the_multiplier_of_other_norms_is_the_dual_norm_of_the_slope():
    A, b = problem()
    w = np.linspace(-0.3, 0.5, 5)
    assert multiplier(A, b, w, 3) == pytest.approx(np.linalg.norm(A @ w - b, 1.5), rel=1e-12)


@pytest.mark.parametrize("p", BALLS)
def test_the_units_of_the_weights_do_not_matter(p):
    A, b = problem()
    w = minimum_in_ball(A, 1e6 * b, 0.7e6, p)
    np.testing.assert_allclose(w / 1e6, minimum_in_ball(A, b, 0.7, p), atol=1e-10)


@pytest.mark.parametrize("p", BALLS)
def test_momentum_needs_about_the_root_of_the_steps(p):
    A, free = np.diag([1e-4, 1e-2, 1.0]), np.array([0.3, -0.2, 0.1])
    # Plain descent shrinks the error of the flattest direction by 1 - 1e-4 per step: more than 100,000 steps.
    np.testing.assert_allclose(minimum_in_ball(A, A @ free, 1.0, p, max_iter=4000), free, atol=1e-9)


def test_too_few_steps_are_an_error_and_no_answer():
    with pytest.raises(RuntimeError, match="after 3 steps"):
        minimum_in_ball(*problem(), 0.7, 2, max_iter=3)
