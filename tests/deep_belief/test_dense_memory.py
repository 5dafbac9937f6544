import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nndl_support.deep_belief.dense_memory import (
    dense_energy,
    dense_one_step_error,
    dense_recall,
    share_wanting_to_flip,
)
from nndl_support.deep_belief.hopfield_capacity import random_patterns
from nndl_support.deep_belief.hopfield_dynamics import asynchronous_recall, energy
from nndl_support.deep_belief.hopfield_storage import hebb_weights
from nndl_support.deep_belief.hopfield_theory import one_step_error

B, P, N = 5, 3, 11
RNG = np.random.default_rng(0)
X, S = random_patterns(P, N, RNG), random_patterns(B, N, RNG)


def loop_energy(s, order):
    reward = np.exp if order == np.inf else lambda z: float(z) ** order
    return -sum(reward(sum(x[i] * s[i] for i in range(N))) for x in X) / reward(N)


@pytest.mark.parametrize("order", [2, 3, 5, np.inf])
def test_the_energy_is_the_sum_over_the_patterns(order):
    np.testing.assert_allclose(dense_energy(X, S, order=order), [loop_energy(s, order) for s in S], atol=1e-13)


def test_order_two_is_hopfields_network_but_for_a_constant():
    difference = dense_energy(X, S, order=2) * N**2 - energy(hebb_weights(X) * P * 2, S)
    np.testing.assert_allclose(difference, -P * N, atol=1e-10)
    many, probes = random_patterns(19, 53, RNG), random_patterns(29, 53, RNG)
    ours = dense_recall(many, probes, order=2, rng=np.random.default_rng(1))
    theirs = asynchronous_recall(hebb_weights(many), probes, rng=np.random.default_rng(1)).states
    assert np.mean(ours == theirs) == 1.0


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**31), order=st.sampled_from([2, 3, 4, np.inf]))
def test_the_energy_never_rises(seed, order):
    rng = np.random.default_rng(seed)
    patterns, states = random_patterns(7, N, rng), random_patterns(B, N, rng)
    before = dense_energy(patterns, states, order=order)
    for _ in range(4):
        states = dense_recall(patterns, states, order=order, rng=rng, max_sweeps=1)
        after = dense_energy(patterns, states, order=order)
        assert (after <= before + 1e-12).all()
        before = after


@pytest.mark.parametrize("order", [2, 3, np.inf])
def test_the_end_is_a_state_that_no_unit_can_improve(order):
    ends = dense_recall(X, S, order=order, rng=np.random.default_rng(2))
    value = dense_energy(X, ends, order=order)
    for i in range(N):
        flipped = ends.copy()
        flipped[:, i] *= -1
        assert (dense_energy(X, flipped, order=order) >= value - 1e-12).all()


def test_odd_orders_do_not_store_the_reverse():
    patterns = random_patterns(4, 41, np.random.default_rng(3))
    rng = np.random.default_rng(0)
    np.testing.assert_array_equal(dense_recall(patterns, -patterns, order=2, rng=rng), -patterns)
    assert (dense_recall(patterns, -patterns, order=3, rng=rng) != -patterns).any(axis=1).all()


@pytest.mark.parametrize("order", [2, 3, np.inf])
def test_the_share_that_wants_to_flip_is_counted_unit_by_unit(order):
    patterns = random_patterns(23, 13, np.random.default_rng(4))
    wrong = 0
    for x in patterns:
        for i in range(13):
            up, down = x.copy(), x.copy()
            up[i], down[i] = 1.0, -1.0
            difference = dense_energy(patterns, [down], order=order) - dense_energy(patterns, [up], order=order)
            wrong += (1.0 if difference[0] >= -1e-13 else -1.0) != x[i]
    assert share_wanting_to_flip(patterns, order=order) == pytest.approx(wrong / patterns.size, abs=1e-12)


def test_the_predicted_error_of_order_two_is_that_of_hebbs_weights():
    np.testing.assert_allclose(dense_one_step_error(100, [10, 30], order=2), one_step_error([0.1, 0.3]))


@pytest.mark.parametrize(("order", "n", "p"), [(2, 300, 60), (3, 120, 1000), (4, 60, 3000)])
def test_the_predicted_error_agrees_with_networks(order, n, p):
    patterns = [random_patterns(p, n, np.random.default_rng(seed)) for seed in range(3)]
    found = np.mean([share_wanting_to_flip(X, order=order, n_probes=53) for X in patterns])
    assert found == pytest.approx(float(dense_one_step_error(n, p, order=order)), rel=0.3)


def test_asking_the_first_patterns_is_asking_some_of_all():
    patterns = random_patterns(29, 13, np.random.default_rng(7))
    rest = np.vstack([patterns[11:], patterns[:11]])
    everyone = share_wanting_to_flip(patterns, order=3) * 29
    of_first = share_wanting_to_flip(patterns, order=3, n_probes=11) * 11
    of_rest = share_wanting_to_flip(rest, order=3, n_probes=18) * 18
    assert of_first + of_rest == pytest.approx(everyone)


def test_the_exponential_keeps_four_hundred_patterns_in_20_units():
    patterns = random_patterns(400, 20, np.random.default_rng(5))
    patterns = np.unique(patterns, axis=0)
    assert share_wanting_to_flip(patterns, order=np.inf) < 0.002
    assert share_wanting_to_flip(patterns, order=2) > 0.4


def test_huge_overlaps_do_not_overflow():
    patterns = random_patterns(3, 900, np.random.default_rng(6))
    assert np.isfinite(dense_energy(patterns, patterns, order=np.inf)).all()


@pytest.mark.parametrize("order", [1, 2.5, 0, np.nan])
def test_orders_below_two_or_between_are_refused(order):
    with pytest.raises(ValueError, match=r"order must be a whole number from 2 on, or numpy\.inf"):
        dense_energy(X, S, order=order)


def test_states_are_checked():
    with pytest.raises(ValueError, match="states have 3 columns, but the network has 11 units"):
        dense_recall(X, [[1, 1, 1]], order=2, rng=RNG)
    with pytest.raises(ValueError, match=r"such as 0\.5"):
        share_wanting_to_flip([[0.5, 1]], order=2)
