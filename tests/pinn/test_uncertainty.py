"""Influence and covariance: closed forms of linear regression, the full inverse, refits with moved data."""

import numpy as np
import pytest
from scipy.optimize import least_squares

from nndl_support.pinn.uncertainty import (
    correlation,
    covariance,
    identifiable_directions,
    influence,
    profiled_columns,
)


@pytest.fixture
def jacobian():
    return np.random.default_rng(0).standard_normal((17, 7))


@pytest.mark.parametrize("n_unknown", [1, 2, 7])
def test_the_influence_is_the_lower_part_of_the_pseudo_inverse(jacobian, n_unknown):
    np.testing.assert_allclose(influence(jacobian, n_unknown), np.linalg.pinv(jacobian)[-n_unknown:], atol=1e-12)


@pytest.mark.parametrize("n_unknown", [1, 3])
def test_equal_noise_gives_the_corner_of_the_inverse_of_the_normal_matrix(jacobian, n_unknown):
    whole = np.linalg.inv(jacobian.T @ jacobian)
    found = covariance(influence(jacobian, n_unknown), 1.0)
    np.testing.assert_allclose(found, whole[-n_unknown:, -n_unknown:], rtol=1e-9)


def test_a_slope_has_the_standard_error_of_the_textbook():
    x = np.array([0.3, 1.1, 2.0, 2.2, 5.0])
    sigma = 0.7
    found = covariance(influence(np.stack([np.ones(5), x], axis=1), 1), sigma)[0, 0]
    assert found == pytest.approx(sigma**2 / np.sum((x - x.mean()) ** 2), rel=1e-12)


def test_rows_without_noise_add_nothing_and_noise_adds_up(jacobian):
    reach = influence(jacobian, 2)
    noise = np.random.default_rng(1).uniform(0, 2, 17)
    by_rows = sum(noise[i] ** 2 * np.outer(reach[:, i], reach[:, i]) for i in range(17))
    np.testing.assert_allclose(covariance(reach, noise), by_rows, rtol=1e-12)
    draws = reach @ (noise[:, None] * np.random.default_rng(2).standard_normal((17, 100_000)))
    np.testing.assert_allclose(np.cov(draws), by_rows, rtol=0.05, atol=0.02 * by_rows.diagonal().max())


def test_the_influence_predicts_where_a_nonlinear_fit_moves():
    t = np.linspace(0, 2, 11)

    def residuals(theta, values):
        return theta[0] * np.exp(-theta[1] * t) - values

    values = 1.7 * np.exp(-0.8 * t)
    first = least_squares(residuals, [1.0, 1.0], args=(values,), xtol=1e-15, ftol=1e-15, gtol=1e-15).x
    slopes = np.stack([np.exp(-first[1] * t), -first[0] * t * np.exp(-first[1] * t)], axis=1)
    reach = influence(slopes, 1)[0]
    for i in (0, 4, 10):
        rates = []
        for sign in (1, -1):
            moved = values.copy()
            moved[i] += sign * 1e-4
            again = least_squares(residuals, first, args=(moved,), xtol=1e-15, ftol=1e-15, gtol=1e-15).x
            rates.append(again[1])
        # A value that rises lowers its residual.
        assert (rates[0] - rates[1]) / 2e-4 == pytest.approx(reach[i], rel=1e-4, abs=1e-6)


def test_what_the_other_columns_can_imitate_is_taken_out(jacobian):
    columns = profiled_columns(jacobian, 2)
    np.testing.assert_allclose(jacobian[:, :-2].T @ columns, 0, atol=1e-12)
    copied = np.column_stack([jacobian, jacobian[:, :3] @ [1.0, -2.0, 0.5]])
    assert np.abs(profiled_columns(copied, 1)).max() < 1e-12


def test_a_direction_too_weak_to_be_used_does_not_count():
    matrix = np.array([[1.0, 0.0, 0.0], [0.0, 1e-9, 1.0], [0.0, 0.0, 1.0]])
    np.testing.assert_allclose(profiled_columns(matrix, 1, rcond=1e-7).ravel(), [0, 1, 1])
    np.testing.assert_allclose(profiled_columns(matrix, 1, rcond=1e-12).ravel(), [0, 0, 1], atol=1e-6)
    np.testing.assert_allclose(influence(matrix, 1, rcond=1e-7).ravel(), [0, 0.5, 0.5])
    np.testing.assert_allclose(influence(matrix, 1, rcond=1e-12).ravel(), [0, 0, 1], atol=1e-6)
    # Without a word, a direction counts down to a ten-millionth of the strongest.
    for strength, left in ((1e-6, [0, 0, 1]), (1e-8, [0, 1, 1])):
        matrix[1, 1] = strength
        np.testing.assert_allclose(profiled_columns(matrix, 1).ravel(), left, atol=1e-6)
        np.testing.assert_allclose(influence(matrix, 1), np.linalg.pinv(np.array(left, float)[:, None]), atol=1e-6)


def test_directions_are_ordered_and_find_a_ratio():
    base = np.random.default_rng(3).standard_normal(13)
    strengths, directions = identifiable_directions(np.stack([base, -40 * base], axis=1))
    assert strengths[1] < 1e-12 * strengths[0]
    # The data tell a - 40 b; what they leave open is a : b = 40 : 1.
    np.testing.assert_allclose(directions[1], np.array([40, 1]) / np.hypot(40, 1))
    np.testing.assert_allclose(directions[0], np.array([-1, 40]) / np.hypot(40, 1))


def test_correlations_lie_between_minus_one_and_one(jacobian):
    cov = covariance(influence(jacobian, 3), 1.0)
    r = correlation(cov)
    np.testing.assert_allclose(r.diagonal(), 1)
    assert np.abs(r).max() <= 1 + 1e-12
    assert r[0, 2] == pytest.approx(cov[0, 2] / np.sqrt(cov[0, 0] * cov[2, 2]))


@pytest.mark.parametrize("n_unknown", [0, 8])
def test_a_wrong_number_of_parameters_is_named(jacobian, n_unknown):
    with pytest.raises(ValueError, match=rf"shape \(17, 7\) and n_unknown is {n_unknown}"):
        influence(jacobian, n_unknown)


def test_directions_point_to_the_side_of_their_largest_entry():
    for seed in range(8):
        _, directions = identifiable_directions(np.random.default_rng(seed).standard_normal((11, 3)))
        np.testing.assert_allclose(directions @ directions.T, np.eye(3), atol=1e-12)
        assert all(row[np.abs(row).argmax()] > 0 for row in directions)


@pytest.mark.parametrize("noise", [np.ones(4), np.ones((1, 5))])
def test_noise_of_another_size_is_named(noise):
    with pytest.raises(ValueError, match=r"influences have shape \(2, 5\) and noise \(.*\); expected \(U, S\)"):
        covariance(np.ones((2, 5)), noise)
