import numpy as np
import pytest

from nndl_support.deep_belief.hopfield_storage import check_patterns, hebb_weights, projection_weights

P, N = 3, 13
RNG = np.random.default_rng(0)
X = RNG.choice([-1.0, 1.0], (P, N))


def test_hebbs_weights_are_837_entry_by_entry():
    W = hebb_weights(X)
    for i in range(N):
        for j in range(N):
            expected = 0.0 if i == j else sum(X[mu, i] * X[mu, j] for mu in range(P)) / P
            assert W[i, j] == pytest.approx(expected, abs=1e-15)


def test_hebbs_rule_adds_pattern_after_pattern():
    first, second = hebb_weights(X[:1]), hebb_weights(X[1:])
    np.testing.assert_allclose(hebb_weights(X), (first + 2 * second) / P, atol=1e-15)


@pytest.mark.parametrize("rule", [hebb_weights, projection_weights])
def test_weights_are_symmetric_with_a_zero_diagonal_and_know_no_sign(rule):
    W = rule(X)
    np.testing.assert_array_equal(W, W.T)
    np.testing.assert_array_equal(np.diag(W), 0.0)
    np.testing.assert_allclose(rule(X * [[1], [-1], [1]]), W, atol=1e-15)


@pytest.mark.parametrize("rule", [hebb_weights, projection_weights])
def test_permuting_units_permutes_weights(rule):
    order = RNG.permutation(N)
    np.testing.assert_allclose(rule(X[:, order]), rule(X)[np.ix_(order, order)], atol=1e-14)


def test_projection_weights_are_the_projection_by_the_pseudo_inverse_without_its_diagonal():
    projection = np.linalg.pinv(X) @ X
    np.testing.assert_allclose(projection_weights(X) + np.diag(np.diag(projection)), projection, atol=1e-12)


def test_the_field_of_a_pattern_is_the_pattern_times_one_minus_the_diagonal():
    diagonal = np.diag(np.linalg.pinv(X) @ X)
    np.testing.assert_allclose(X @ projection_weights(X), (1 - diagonal) * X, atol=1e-12)


@pytest.mark.parametrize("seed", range(5))
def test_every_pattern_is_a_fixed_point_of_the_projection_however_similar_the_patterns_are(seed):
    rng = np.random.default_rng(seed)
    similar = np.ones((7, N))
    similar[np.arange(7), rng.permutation(N)[:7]] = -1.0
    fields = similar @ projection_weights(similar)
    assert (fields * similar >= -1e-12).all()
    assert ((similar @ hebb_weights(similar)) * similar < 0).any()  # which Hebb's rule cannot hold


def test_repeated_or_dependent_patterns_do_not_change_the_projection():
    np.testing.assert_allclose(projection_weights(np.vstack([X, -X[1:], X])), projection_weights(X), atol=1e-12)


def test_patterns_that_span_everything_leave_no_weight():
    np.testing.assert_array_equal(projection_weights(2.0 * np.tri(N) - 1.0), 0.0)


def test_orthogonal_patterns_make_both_rules_proportional():
    orthogonal = np.array([[1, 1, 1, 1, 1, 1, 1, 1], [1, -1, 1, -1, 1, -1, 1, -1], [1, 1, -1, -1, 1, 1, -1, -1]])
    np.testing.assert_allclose(projection_weights(orthogonal), hebb_weights(orthogonal) * 3 / 8, atol=1e-12)


@pytest.mark.parametrize("rule", [hebb_weights, projection_weights, check_patterns])
def test_entries_that_are_not_minus_one_or_one_are_named(rule):
    with pytest.raises(
        ValueError, match=r"states are -1 or 1, but 2 of 4 entries are not, such as 0: write 2 \* x - 1"
    ):
        rule([[0, 1], [0, 1]])
    with pytest.raises(ValueError, match="such as nan"):
        rule([[1, np.nan]])
    with pytest.raises(ValueError, match=r"states of shape \(2,\): expected \(B, N\)"):
        rule([1, -1])
    with pytest.raises(ValueError, match="expected"):
        rule(np.empty((0, 3)))


def test_the_number_of_units_is_checked_when_it_is_known():
    with pytest.raises(ValueError, match="states have 2 columns, but the network has 3 units"):
        check_patterns([[1, -1]], 3)
