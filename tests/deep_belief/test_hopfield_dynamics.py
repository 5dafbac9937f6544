import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nndl_support.deep_belief.hopfield_dynamics import (
    asynchronous_path,
    asynchronous_recall,
    energy,
    local_fields,
    synchronous_recall,
    two_step_energy,
)

B, N = 5, 7


def network(seed, n=N, *, whole_numbers=False):
    """A symmetric network without learning: weights and thresholds of both signs, with many ties when they are whole."""
    rng = np.random.default_rng(seed)
    A = rng.integers(-2, 3, (n, n)).astype(float) if whole_numbers else rng.normal(size=(n, n))
    W = np.tril(A, -1) + np.tril(A, -1).T
    theta = rng.integers(-1, 2, n).astype(float) if whole_numbers else rng.normal(size=n)
    return W, theta, rng


def states(rng, b=B, n=N):
    return rng.choice([-1.0, 1.0], (b, n))


def loop_field(W, s, theta, i):
    return sum(W[i, j] * s[j] for j in range(len(s))) - theta[i]


def loop_energy(W, s, theta):
    pairs = sum(W[i, j] * s[i] * s[j] for i in range(len(s)) for j in range(len(s)))
    return -pairs / 2 + sum(theta[i] * s[i] for i in range(len(s)))


# The golden example -----------------------------------------------------------------------------------------------------


def test_two_units_that_inhibit_each_other_swap_for_ever_when_they_change_at_once():
    """Exercise 8-4 asks to prove that the energy falls: with synchronous updates it need not, here it is constant."""
    W = np.array([[0.0, -1.0], [-1.0, 0.0]])
    result = synchronous_recall(W, [[-1, -1]], max_steps=7)
    assert result.period.tolist() == [2]
    assert not result.converged[0]
    np.testing.assert_array_equal(np.unique(result.energies), [1.0])
    np.testing.assert_array_equal(np.where(local_fields(W, [[-1, -1]]) >= 0, 1, -1), [[1, 1]])
    np.testing.assert_array_equal(np.where(local_fields(W, [[1, 1]]) >= 0, 1, -1), [[-1, -1]])
    alone = asynchronous_recall(W, [[-1, -1]], rng=np.random.default_rng(0))
    assert alone.converged.all()
    assert alone.energies[-1, 0] == -1.0


# Against loops ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(3))
def test_fields_and_energies_are_the_sums_of_the_definition(seed):
    W, theta, rng = network(seed)
    S = states(rng)
    for b in range(B):
        assert energy(W, S, theta)[b] == pytest.approx(loop_energy(W, S[b], theta))
        for i in range(N):
            assert local_fields(W, S, theta)[b, i] == pytest.approx(loop_field(W, S[b], theta, i))


def test_half_the_double_sum_counts_every_pair_once():
    W, theta, rng = network(0)
    S = states(rng)
    once = [-sum(W[i, j] * s[i] * s[j] for i in range(N) for j in range(i)) + theta @ s for s in S]
    np.testing.assert_allclose(energy(W, S, theta), once)


def test_the_field_is_what_the_energy_gains_by_flipping():
    W, theta, rng = network(1)
    S = states(rng)
    for i in range(N):
        flipped = S.copy()
        flipped[:, i] *= -1
        change = energy(W, flipped, theta) - energy(W, S, theta)
        np.testing.assert_allclose(change, 2 * S[:, i] * local_fields(W, S, theta)[:, i], atol=1e-12)


@pytest.mark.parametrize("whole_numbers", [False, True])
@pytest.mark.parametrize("seed", range(4))
def test_the_fast_recall_is_the_slow_path_along_the_same_orders(seed, whole_numbers):
    W, theta, rng = network(seed, whole_numbers=whole_numbers)
    S = states(rng)
    fast = asynchronous_recall(W, S, theta, rng=np.random.default_rng(seed))
    again = np.random.default_rng(seed)
    order = np.concatenate([again.permutation(N) for _ in range(len(fast.energies) - 1)])
    for b in range(B):
        path = asynchronous_path(W, S[b], order, theta)
        np.testing.assert_array_equal(path[-1], fast.states[b])
        np.testing.assert_allclose(energy(W, path[::N], theta), fast.energies[:, b], atol=1e-12)
        changed = (path[:-1] != path[1:]).any(axis=1).reshape(-1, N).any(axis=1)
        assert fast.n_steps[b] == changed.sum()


def test_a_path_follows_832_step_by_step():
    W, theta, rng = network(2, whole_numbers=True)
    s = states(rng)[0]
    order = rng.integers(0, N, 40)
    path = asynchronous_path(W, s, order, theta)
    for t, i in enumerate(order):
        s = s.copy()
        s[i] = 1 if loop_field(W, s, theta, i) >= 0 else -1
        np.testing.assert_array_equal(path[t + 1], s)


@pytest.mark.parametrize("seed", range(4))
def test_synchronous_recall_is_the_step_repeated(seed):
    W, theta, rng = network(seed)
    S = states(rng)
    result = synchronous_recall(W, S, theta)
    for b in range(B):
        s, seen = S[b], [S[b]]
        for _ in range(len(result.energies) - 1):
            s = np.array([1.0 if loop_field(W, s, theta, i) >= 0 else -1.0 for i in range(N)])
            seen.append(s)
        np.testing.assert_array_equal(result.states[b], s)
        np.testing.assert_allclose(result.energies[:, b], energy(W, np.array(seen), theta), atol=1e-12)
        assert result.period[b] == (1 if (seen[-1] == seen[-2]).all() else 2)


# Lyapunov ---------------------------------------------------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**31), n=st.integers(1, 12), whole_numbers=st.booleans())
def test_energy_never_rises_in_asynchronous_order(seed, n, whole_numbers):
    W, theta, rng = network(seed, n, whole_numbers=whole_numbers)
    path = asynchronous_path(W, states(rng, 1, n)[0], rng.integers(0, n, 10 * n), theta)
    assert np.diff(energy(W, path, theta)).max() <= 1e-12


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**31), n=st.integers(1, 12), whole_numbers=st.booleans())
def test_asynchronous_recall_ends_in_a_fixed_point_and_falls_on_the_way(seed, n, whole_numbers):
    W, theta, rng = network(seed, n, whole_numbers=whole_numbers)
    result = asynchronous_recall(W, states(rng, B, n), theta, rng=rng)
    assert result.converged.all()
    assert np.diff(result.energies, axis=0).max() <= 1e-12
    wanted = np.where(local_fields(W, result.states, theta) >= 0, 1, -1)
    np.testing.assert_array_equal(wanted, result.states)
    np.testing.assert_allclose(result.energies[-1], energy(W, result.states, theta), atol=1e-12)


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**31), n=st.integers(1, 12), whole_numbers=st.booleans())
def test_synchronous_walks_of_symmetric_networks_end_in_cycles_of_one_or_two(seed, n, whole_numbers):
    W, theta, rng = network(seed, n, whole_numbers=whole_numbers)
    W += np.diag(rng.integers(-2, 3, n))  # here the diagonal may be anything
    result = synchronous_recall(W, states(rng, B, n), theta)
    assert (result.period > 0).all()


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**31), n=st.integers(1, 9), whole_numbers=st.booleans())
def test_the_two_step_energy_never_rises_in_synchronous_order(seed, n, whole_numbers):
    W, theta, rng = network(seed, n, whole_numbers=whole_numbers)
    s, values = states(rng, 1, n), []
    for _ in range(12):
        after = np.where(local_fields(W, s, theta) >= 0, 1.0, -1.0)
        values.append(two_step_energy(W, after, s, theta)[0])
        s = after
    assert np.diff(values).max() <= 1e-12


def test_the_two_step_energy_is_twice_the_energy_at_rest_and_knows_no_order():
    W, theta, rng = network(3)
    S, T = states(rng), states(rng)
    np.testing.assert_allclose(two_step_energy(W, S, S, theta), 2 * energy(W, S, theta), atol=1e-12)
    np.testing.assert_allclose(two_step_energy(W, S, T, theta), two_step_energy(W, T, S, theta), atol=1e-12)
    by_hand = -S[0] @ W @ T[0] + theta @ (S[0] + T[0])
    assert two_step_energy(W, S, T, theta)[0] == pytest.approx(by_hand)


def test_the_energy_does_rise_when_all_units_change_at_once():
    rises = 0
    for seed in range(20):
        W, theta, rng = network(seed)
        rises += (np.diff(synchronous_recall(W, states(rng), theta).energies, axis=0) > 1e-9).any()
    assert rises > 0


def test_an_asymmetric_network_may_walk_in_a_circle_of_four():
    ring = np.array([[0.0, -1.0], [1.0, 0.0]])
    result = synchronous_recall(ring, [[1, 1]], max_steps=8)
    assert result.period.tolist() == [0]
    np.testing.assert_array_equal(result.states, [[1, 1]])
    assert not asynchronous_recall(ring, [[1, 1]], rng=np.random.default_rng(0), max_sweeps=9).converged[0]


def test_a_field_of_rounding_size_is_a_tie_and_means_plus_one():
    W = np.zeros((4, 4))
    W[0, 1:] = W[1:, 0] = [0.1, 0.2, -0.3]
    s = np.array([[-1.0, 1.0, 1.0, 1.0]])
    assert W[0] @ s[0] != 0.0  # 0.1 + 0.2 - 0.3 is not zero on a computer
    assert local_fields(W, s)[0, 0] == 0.0
    assert local_fields(-W, s)[0, 0] == 0.0
    for weights in (W, -W):
        assert asynchronous_path(weights, s[0], [0])[-1, 0] == 1.0
        assert synchronous_recall(weights, s, max_steps=1).states[0, 0] == 1.0


# Batches and errors -----------------------------------------------------------------------------------------------------


def test_probes_run_as_if_alone():
    W, theta, rng = network(4)
    S = states(rng)
    together = asynchronous_recall(W, S, theta, rng=np.random.default_rng(1))
    for b in range(B):
        alone = asynchronous_recall(W, S[b : b + 1], theta, rng=np.random.default_rng(1))
        np.testing.assert_array_equal(alone.states[0], together.states[b])


def test_what_is_given_is_not_changed():
    W, theta, rng = network(5)
    S = states(rng)
    copies = W.copy(), S.copy(), theta.copy()
    asynchronous_recall(W, S, theta, rng=rng)
    synchronous_recall(W, S, theta)
    for given_array, copy in zip((W, S, theta), copies):
        np.testing.assert_array_equal(given_array, copy)


def test_too_few_steps_are_reported_as_not_converged():
    W = -np.ones((N, N)) + np.eye(N)
    result = asynchronous_recall(W, -np.ones((1, N)), rng=np.random.default_rng(0), max_sweeps=1)
    assert not result.converged[0]
    assert result.period[0] == 0


@pytest.mark.parametrize("function", [energy, local_fields, synchronous_recall])
def test_what_does_not_fit_is_named(function):
    with pytest.raises(ValueError, match=r"weights of shape \(2, 3\): expected \(N, N\)"):
        function(np.zeros((2, 3)), [[1, 1]])
    with pytest.raises(ValueError, match="states have 2 columns, but the network has 3 units"):
        function(np.zeros((3, 3)), [[1, 1]])
    with pytest.raises(ValueError, match=r"states are -1 or 1, but 1 of 2 entries are not, such as 0\.5"):
        function(np.zeros((2, 2)), [[1, 0.5]])
    with pytest.raises(ValueError, match=r"thresholds of shape \(3,\): expected \(2,\), one per unit"):
        function(np.zeros((2, 2)), [[1, 1]], np.zeros(3))
    with pytest.raises(ValueError, match="must be finite, but hold NaN"):
        function([[0, np.nan], [0, 0]], [[1, 1]])


def test_an_asymmetric_network_has_no_energy():
    W = np.array([[0.0, -1.0], [1.0, 0.0]])
    message = r"weights must be symmetric \(8.34\), but w\[0, 1\] = -1 and w\[1, 0\] = 1: an asymmetric network has no"
    with pytest.raises(ValueError, match=message):
        energy(W, [[1, 1]])
    with pytest.raises(ValueError, match=message):
        two_step_energy(W, [[1, 1]], [[1, 1]])


def test_steps_must_be_positive():
    with pytest.raises(ValueError, match="max_sweeps must be at least 1, got 0"):
        asynchronous_recall(np.zeros((2, 2)), [[1, 1]], rng=np.random.default_rng(0), max_sweeps=0)
    with pytest.raises(ValueError, match="max_steps must be at least 1, got 0"):
        synchronous_recall(np.zeros((2, 2)), [[1, 1]], max_steps=0)
