"""Continuation: a circle, and the fold of the Bratu problem with an error that falls as h squared."""

import numpy as np
import pytest

from nndl_support.pinn.arclength import bratu_equations, follow_branch
from nndl_support.pinn.bratu import bratu_fold, bratu_solution


def circle(u, lam):
    return u**2 + lam**2 - 1, np.diag(2 * u), np.full(1, 2 * lam)


def test_it_goes_round_a_circle_and_stays_on_it():
    u, lam = follow_branch(circle, [1.0], 0.0, step=0.1, n_steps=70)
    np.testing.assert_allclose(u[:, 0] ** 2 + lam**2, 1, atol=1e-9)
    angle = np.unwrap(np.arctan2(lam, u[:, 0]))
    assert (np.diff(angle) > 0).all()
    assert angle[-1] > 2 * np.pi


@pytest.mark.parametrize("step", [0.02, 0.1])
def test_points_of_the_curve_are_a_step_apart(step):
    u, lam = follow_branch(circle, [1.0], 0.0, step=step, n_steps=9)
    # A step is measured along the tangent, the chord is a little longer.
    chords = np.hypot(np.diff(u[:, 0]), np.diff(lam))
    assert ((chords >= step) & (chords < 1.01 * step)).all()


def test_a_start_beside_the_curve_is_brought_onto_it():
    u, lam = follow_branch(circle, [1.2], 0.0, step=0.1, n_steps=1)
    np.testing.assert_allclose(u[:, 0] ** 2 + lam**2, 1, atol=1e-9)


def test_it_starts_towards_larger_lambda():
    assert follow_branch(circle, [1.0], 0.0, step=0.1, n_steps=1)[1][1] > 0
    assert follow_branch(circle, [-1.0], 0.0, step=0.1, n_steps=1)[1][1] > 0


def test_the_jacobians_of_the_bratu_equations_agree_with_differences():
    equations, rng = bratu_equations(5), np.random.default_rng(0)
    u, h = rng.normal(size=5), 1e-6
    _, F_u, F_lam = equations(u, 1.3)
    for k, step in enumerate(h * np.eye(5)):
        np.testing.assert_allclose(
            F_u[:, k], (equations(u + step, 1.3)[0] - equations(u - step, 1.3)[0]) / (2 * h), rtol=1e-6, atol=1e-6
        )
    np.testing.assert_allclose(F_lam, (equations(u, 1.3 + h)[0] - equations(u, 1.3 - h)[0]) / (2 * h), rtol=1e-6)


def test_the_curve_passes_both_solutions_and_the_fold():
    x, distance, tops = np.arange(1, 64) / 64, {}, []
    u, lam = follow_branch(bratu_equations(63), np.zeros(63), 0.0, step=0.25, n_steps=150)
    for branch in ("lower", "upper"):
        heights = bratu_solution(x, 2.0, branch).max()
        rows = np.flatnonzero(np.diff(np.sign(lam - 2.0)))
        distance[branch] = min(abs(u[k : k + 2].max(axis=1) - heights).min() for k in rows)
    assert max(distance.values()) < 0.1
    for n in (7, 15, 31):
        _, lam = follow_branch(bratu_equations(n), np.zeros(n), 0.0, step=0.02, n_steps=400)
        tops.append(abs(lam.max() - bratu_fold()[0]))
    # Twice the points, a quarter of the error.
    assert 3.5 < tops[0] / tops[1] < 4.5
    assert 3.5 < tops[1] / tops[2] < 4.5


def test_a_step_that_is_too_long_is_reported():
    with pytest.raises(RuntimeError, match="too long"):
        follow_branch(circle, [1.0], 0.0, step=5.0, n_steps=3)


def test_bad_input_is_named():
    with pytest.raises(ValueError, match="n is 0; expected at least 1 inner point"):
        bratu_equations(0)
    with pytest.raises(ValueError, match=r"step is 0\.0; expected a positive number"):
        follow_branch(circle, [1.0], 0.0, step=0.0, n_steps=3)
    with pytest.raises(ValueError, match=r"u has shape \(4,\); expected \(3,\)"):
        follow_branch(bratu_equations(3), np.zeros(4), 0.0, step=0.1, n_steps=3)
    with pytest.raises(
        ValueError, match=r"for u of shape \(2,\) the equations returned shapes \(2,\), \(2, 2\) and \(1,\)"
    ):
        follow_branch(circle, [1.0, 0.0], 0.0, step=0.1, n_steps=3)
