import numpy as np
import pytest

from nndl_support.deep_belief.linear_associator import correlation_memory, crosstalk, optimal_memory, recall

P, N, M = 3, 11, 5
RNG = np.random.default_rng(0)
KEYS, VALUES = RNG.choice([-1.0, 1.0], (P, N)), RNG.normal(size=(P, M))


def hadamard(n):
    H = np.ones((1, 1))
    while len(H) < n:
        H = np.block([[H, H], [H, -H]])
    return H


def test_hebbs_matrix_is_the_sum_over_the_pairs():
    A = np.zeros((N, M))
    for x, y in zip(KEYS, VALUES):
        for i in range(N):
            for j in range(M):
                A[i, j] += x[i] * y[j] / N
    np.testing.assert_allclose(correlation_memory(KEYS, VALUES), A, atol=1e-14)


def test_orthogonal_keys_are_recalled_exactly_by_both_rules():
    keys = hadamard(8)[:5]
    values = RNG.normal(size=(5, M))
    for rule in (correlation_memory, optimal_memory):
        np.testing.assert_allclose(recall(rule(keys, values), keys), values, atol=1e-12)


def test_correlated_keys_are_recalled_exactly_by_the_optimal_memory_only():
    keys = np.ones((P, N))
    keys[[0, 1], [0, 1]] = -1.0
    assert np.abs(recall(correlation_memory(keys, VALUES), keys) - VALUES).max() > 0.5
    np.testing.assert_allclose(recall(optimal_memory(keys, VALUES), keys), VALUES, atol=1e-12)


def test_the_answer_of_hebbs_matrix_is_the_value_and_the_crosstalk():
    answer = recall(correlation_memory(KEYS, VALUES), KEYS)
    np.testing.assert_allclose(answer, VALUES + crosstalk(KEYS, VALUES), atol=1e-13)
    by_hand = sum(KEYS[0] @ KEYS[mu] / N * VALUES[mu] for mu in (1, 2))
    np.testing.assert_allclose(crosstalk(KEYS, VALUES)[0], by_hand, atol=1e-13)


def test_keys_of_any_length_bring_their_own_factor():
    keys = RNG.normal(size=(P, N))
    direct = (keys**2).sum(axis=1, keepdims=True) / N * VALUES
    np.testing.assert_allclose(
        recall(correlation_memory(keys, VALUES), keys), direct + crosstalk(keys, VALUES), atol=1e-13
    )


def test_the_optimal_memory_has_the_smallest_error_and_then_the_smallest_entries():
    too_many = RNG.normal(size=(17, N)), RNG.normal(size=(17, M))
    for keys, values in ((KEYS, VALUES), too_many):
        A = optimal_memory(keys, values)
        error = np.linalg.norm(recall(A, keys) - values)
        for _ in range(20):
            other = A + 1e-3 * RNG.normal(size=A.shape)
            assert np.linalg.norm(recall(other, keys) - values) > error - 1e-12
        np.testing.assert_allclose(A, np.linalg.pinv(keys) @ values, atol=1e-12)
    # what solves the pairs as well is longer
    outside = (np.eye(N) - np.linalg.pinv(KEYS) @ KEYS) @ RNG.normal(size=(N, M))
    A = optimal_memory(KEYS, VALUES)
    np.testing.assert_allclose(recall(A + outside, KEYS), VALUES, atol=1e-12)
    assert np.linalg.norm(A + outside) > np.linalg.norm(A)


def test_the_optimal_auto_associator_is_an_orthogonal_projection():
    A = optimal_memory(KEYS, KEYS)
    np.testing.assert_allclose(A @ A, A, atol=1e-12)
    np.testing.assert_allclose(A, A.T, atol=1e-12)
    assert np.trace(A) == pytest.approx(P)


def test_a_projection_leaves_the_share_p_over_n_of_the_noise():
    noise = RNG.normal(size=(20_000, N))
    left = recall(optimal_memory(KEYS, KEYS), noise)
    assert (left**2).sum(axis=1).mean() / (noise**2).sum(axis=1).mean() == pytest.approx(P / N, rel=0.03)


def test_one_key_is_answered_like_a_table_of_one():
    A = correlation_memory(KEYS, VALUES)
    np.testing.assert_array_equal(recall(A, KEYS[0]), recall(A, KEYS[:1])[0])


@pytest.mark.parametrize("function", [correlation_memory, optimal_memory, crosstalk])
def test_pairs_that_do_not_fit_are_named(function):
    with pytest.raises(ValueError, match=r"keys of shape \(3, 11\) and values of shape \(2, 5\): expected"):
        function(KEYS, VALUES[:2])
    with pytest.raises(ValueError, match="values hold NaN or infinity"):
        function(KEYS, np.where(VALUES[0, 0] == VALUES, np.nan, VALUES))
    with pytest.raises(ValueError, match="expected"):
        function(KEYS[0], VALUES)


def test_a_key_of_the_wrong_length_is_named():
    with pytest.raises(ValueError, match=r"keys of shape \(3, 5\) do not fit a memory of shape \(11, 5\)"):
        recall(np.zeros((N, M)), np.zeros((3, M)))
