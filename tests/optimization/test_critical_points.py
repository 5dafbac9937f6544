"""Critical points: closed forms for small matrices, integration, Monte Carlo, and descents that really run."""

import math

import numpy as np
import pytest
from scipy.integrate import dblquad

from nndl_support.optimization.critical_points import (
    KINDS,
    classify,
    gaussian_orthogonal,
    index,
    log_probability_of_minimum,
    steps_to_leave,
)
from nndl_support.optimization.surfaces import SURFACES


def rotated(eigenvalues, seed=0):
    q, _ = np.linalg.qr(np.random.default_rng(seed).normal(size=(len(eigenvalues), len(eigenvalues))))
    return q @ np.diag(eigenvalues) @ q.T


@pytest.mark.parametrize(
    ("eigenvalues", "kind", "share"),
    [
        ([3.0, 1.0, 0.5], "minimum", 0.0),
        ([-3.0, -1.0, -0.5], "maximum", 1.0),
        ([3.0, 1.0, -0.5, -2.0, 7.0], "saddle", 0.4),
        ([3.0, 0.0, 1.0], "degenerate", 0.0),
        ([-3.0, 0.0, -1.0], "degenerate", 2 / 3),
        ([3.0, 0.0, -1.0], "saddle", 1 / 3),
        ([0.0, 0.0], "degenerate", 0.0),
    ],
)
def test_the_signs_of_the_eigenvalues_decide_in_any_coordinates(eigenvalues, kind, share):
    assert kind in KINDS
    for seed in range(3):
        assert classify(rotated(eigenvalues, seed)) == kind
        assert index(rotated(eigenvalues, seed)) == pytest.approx(share)


def test_an_eigenvalue_is_zero_relative_to_the_largest_and_not_to_one():
    for scale in (1e-12, 1.0, 1e12):
        assert classify(scale * np.diag([1.0, -1e-6])) == "saddle"
        assert classify(scale * np.diag([1.0, -1e-12])) == "degenerate"


def test_minima_of_the_test_surfaces_are_minima_and_the_saddle_is_one():
    for name, surface in SURFACES.items():
        for at in surface.minima if len(surface.minima) else np.zeros((1, 2)):
            h = 1e-5
            hessian = np.stack(
                [(surface.gradient(at + h * e) - surface.gradient(at - h * e)) / (2 * h) for e in np.eye(2)]
            )
            assert classify((hessian + hessian.T) / 2) == ("saddle" if name == "saddle" else "minimum")


def test_the_ensemble_is_symmetric_with_variance_one_and_a_half():
    drawn = gaussian_orthogonal(3, 40_000, np.random.default_rng(0))
    np.testing.assert_array_equal(drawn, drawn.transpose(0, 2, 1))
    np.testing.assert_allclose(drawn.var(axis=0), np.full((3, 3), 0.5) + 0.5 * np.eye(3), rtol=0.05)


def test_one_two_and_three_eigenvalues_have_closed_forms():
    expected = [1 / 2, (2 - math.sqrt(2)) / 4, (math.pi - 2 * math.sqrt(2)) / (4 * math.pi)]
    np.testing.assert_allclose([log_probability_of_minimum(n) for n in (1, 2, 3)], np.log(expected), rtol=1e-11)


def test_two_eigenvalues_agree_with_numerical_integration():
    def density(y, x):
        return abs(x - y) * math.exp(-(x**2 + y**2) / 2)

    # Twice the triangle y < x, on which the integrand is smooth.
    inside = 2 * dblquad(density, 0, 12, 0, lambda x: x)[0]
    whole = 2 * dblquad(density, -12, 12, -12, lambda x: x)[0]
    assert math.log(inside / whole) == pytest.approx(log_probability_of_minimum(2), abs=1e-7)


@pytest.mark.parametrize("n", [2, 3, 4, 5])
def test_the_exact_probability_is_that_of_drawn_matrices(n):
    size = 100_000
    eigenvalues = np.linalg.eigvalsh(gaussian_orthogonal(n, size, np.random.default_rng(n)))
    p = math.exp(log_probability_of_minimum(n))
    assert abs(np.mean(eigenvalues[:, 0] > 0) - p) < 4 * math.sqrt(p / size)


def test_the_second_difference_approaches_dean_and_majumdars_constant():
    values = {n: log_probability_of_minimum(n) for n in (4, 6, 8, 10, 12)}
    # Of -c n^2 with step 2 the second difference is -8c; terms linear in n drop out.
    estimates = [-(values[n + 2] - 2 * values[n] + values[n - 2]) / 8 for n in (6, 8, 10)]
    errors = np.abs(np.array(estimates) - math.log(3) / 4)
    assert np.all(np.diff(errors) < 0)
    assert errors[-1] < 1e-3


def test_minima_are_far_rarer_than_independent_signs_would_make_them():
    assert all(log_probability_of_minimum(n) < -n * math.log(2) for n in range(2, 13))


@pytest.mark.parametrize("distance", [1e-3, 1e-6, 1e-9])
def test_the_time_to_leave_is_that_of_gradient_descent_on_the_saddle(distance):
    rate, surface = 0.03, SURFACES["saddle"]
    at, steps = np.array([0.7, distance]), 0
    while abs(at[1]) < 1.0:
        at, steps = at - rate * surface.gradient(at), steps + 1
    assert steps == math.ceil(steps_to_leave(distance, 1.0, -2.0, rate))


def test_bad_input_is_named():
    with pytest.raises(ValueError, match=r"hessian has shape \(2, 3\); expected \(n, n\)"):
        classify(np.zeros((2, 3)))
    with pytest.raises(ValueError, match="hessian is not symmetric: entries differ by up to 1"):
        index([[1.0, 1.0], [0.0, 1.0]])
    with pytest.raises(ValueError, match="hessian has 1 entries that are not finite"):
        classify([[np.nan, 0.0], [0.0, 1.0]])
    with pytest.raises(ValueError, match="n is 13; expected 1 to 12"):
        log_probability_of_minimum(13)
    with pytest.raises(ValueError, match=r"distance is 2\.0 and radius 1\.0"):
        steps_to_leave(2.0, 1.0, -1.0, 0.1)
    with pytest.raises(ValueError, match=r"curvature is 1\.0 and learning_rate 0\.1"):
        steps_to_leave(0.1, 1.0, 1.0, 0.1)
