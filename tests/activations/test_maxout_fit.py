"""A maxout unit fitted to curves: what it can reach exactly, its floor in closed form, and what it cannot."""

import numpy as np
import pytest
from scipy.optimize import minimize

from nndl_support.activations.maxout_fit import evaluate, fit, parabola_floor, winners

X = np.linspace(-1, 1, 401)


def tangents(n_pieces):
    centres = (2 * np.arange(n_pieces) + 1) / n_pieces - 1
    return 2 * centres, -(centres**2)


def rms(y, slopes, offsets):
    return np.sqrt(np.mean((evaluate(X, slopes, offsets) - y) ** 2))


@pytest.mark.parametrize("seed", range(3))
def test_two_pieces_learn_the_absolute_value_exactly(seed):
    rng = np.random.default_rng(seed)
    slopes, offsets = fit(X, np.abs(X), np.array([0.5, -0.5]) + 0.1 * rng.normal(size=2), 0.1 * rng.normal(size=2))
    np.testing.assert_allclose(sorted(slopes), [-1, 1], atol=1e-6)
    np.testing.assert_allclose(offsets, 0, atol=1e-6)


@pytest.mark.parametrize("n_pieces", [1, 2, 3, 5])
def test_the_floor_of_the_parabola_is_the_error_of_the_best_pieces(n_pieces):
    best = minimize(
        lambda p: rms(X**2, *p.reshape(2, -1)) ** 2, np.ravel(tangents(n_pieces)), method="BFGS", options={"gtol": 1e-9}
    )
    assert np.sqrt(best.fun) == pytest.approx(parabola_floor(n_pieces), rel=0.02)  # 401 points for a line


@pytest.mark.parametrize("n_pieces", [2, 5])
def test_descent_from_tangents_reaches_the_floor(n_pieces):
    learnt = fit(X, X**2, *tangents(n_pieces))
    assert rms(X**2, *learnt) == pytest.approx(parabola_floor(n_pieces), rel=0.03)
    assert len(np.unique(winners(X, *learnt))) == n_pieces


def test_a_piece_that_never_wins_never_moves():
    start = np.array([1.0, -1.0, 0.0]), np.array([0.0, 0.0, -5.0])
    slopes, offsets = fit(X, X**2, *start, n_steps=50)
    assert (slopes[2], offsets[2]) == (0.0, -5.0)
    assert slopes[0] != 1.0
    np.testing.assert_array_equal(start[0], [1.0, -1.0, 0.0])  # the start is left alone


def test_a_concave_function_is_out_of_reach():
    """The best convex function below a tent is its mean: no start and no number of pieces helps."""
    for n_pieces in (2, 5):
        learnt = fit(X, -np.abs(X), *tangents(n_pieces))
        assert rms(-np.abs(X), *learnt) >= np.std(np.abs(X)) - 1e-9


def test_the_error_falls_with_the_square_of_the_pieces():
    assert parabola_floor(3) / parabola_floor(6) == pytest.approx(4, rel=1e-15)


def test_wrong_arguments_are_named():
    with pytest.raises(ValueError, match=r"x and y must be vectors of one length, but have shapes \(401,\) and \(3,\)"):
        fit(X, np.ones(3), np.ones(2), np.ones(2))
    with pytest.raises(ValueError, match=r"\(2,\) slopes and \(3,\) offsets do not make pieces"):
        fit(X, X, np.ones(2), np.ones(3))
    with pytest.raises(ValueError, match="n_pieces must be at least 1, but is 0"):
        parabola_floor(0)
