import numpy as np
import pytest
from scipy.linalg import LinAlgError

from nndl_support.classical.shape_parameter import choose_epsilon, leave_one_out_errors

RNG = np.random.default_rng(0)


def bordered(n, r, smoothing=0.0):
    x = RNG.normal(size=(n, 2))
    A = np.exp(-((x[:, None] - x[None]) ** 2).sum(axis=2)) + smoothing * np.eye(n)
    P = np.column_stack([np.ones(n), x])[:, :r]
    return np.block([[A, P], [P.T, np.zeros((r, r))]])


@pytest.mark.parametrize("r", [0, 1, 3])
@pytest.mark.parametrize("smoothing", [0.0, 0.2])
def test_formula_equals_deleting_the_row_and_the_column(r, smoothing):
    K, d = bordered(11, r, smoothing), RNG.normal(size=(11, 2))
    errors = leave_one_out_errors(K, d)
    for k in range(11):
        rest = np.delete(np.arange(11 + r), k)
        c = np.linalg.solve(K[np.ix_(rest, rest)], np.vstack([np.delete(d, k, axis=0), np.zeros((r, 2))]))
        np.testing.assert_allclose(errors[k], d[k] - K[k, rest] @ c, rtol=1e-6)


def test_shape_of_the_values_is_kept():
    K, d = bordered(7, 1), RNG.normal(size=(7, 3))
    assert leave_one_out_errors(K, d[:, 0]).shape == (7,)
    np.testing.assert_allclose(leave_one_out_errors(K, d)[:, 0], leave_one_out_errors(K, d[:, 0]))


def test_the_matrix_is_not_changed():
    K = bordered(7, 1)
    before = K.copy()
    leave_one_out_errors(K, np.ones(7))
    np.testing.assert_array_equal(K, before)


def test_a_singular_matrix_is_named():
    with pytest.raises(LinAlgError, match="system of 3 equations is singular"):
        leave_one_out_errors(np.zeros((3, 3)), np.ones(3))


@pytest.mark.parametrize("target", [0.013, 0.5, 3.0, 77.0])
def test_the_least_cost_is_found_anywhere_in_the_range(target):
    assert choose_epsilon(lambda e: abs(np.log(e / target)), 0.01, 100, tolerance=1e-4) == pytest.approx(
        target, rel=1e-3
    )


def test_the_deeper_of_two_valleys_is_found():
    def cost(e):
        u = np.log(e)
        return -np.exp(-8 * (u - 2) ** 2) - 1.2 * np.exp(-8 * (u + 2) ** 2)

    assert choose_epsilon(cost, 0.01, 100) == pytest.approx(np.exp(-2), rel=1e-2)


def test_failures_count_as_infinitely_bad():
    def cost(e):
        if e < 1:
            raise LinAlgError
        return np.nan if e < 2 else e

    assert choose_epsilon(cost, 0.01, 100, tolerance=1e-4) == pytest.approx(2.0, rel=1e-3)


def test_bad_ranges_and_hopeless_costs_are_named():
    with pytest.raises(ValueError, match="finite for no epsilon between 1 and 2"):
        choose_epsilon(lambda e: np.inf, 1.0, 2.0)
    with pytest.raises(ValueError, match="cannot scan from 2 to 1"):
        choose_epsilon(abs, 2, 1)


def test_a_point_without_which_nothing_is_determined_has_an_infinite_error():
    # The inverse has a 0 on its diagonal: without point 0 the other equations are singular. Nothing is warned of.
    assert np.isinf(leave_one_out_errors(np.array([[0.0, 1.0], [1.0, 0.0]]), [1.0, 2.0])).all()
