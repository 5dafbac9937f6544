from itertools import product

import numpy as np
import pytest

from nndl_support.deep_belief.hopfield_dynamics import asynchronous_recall, energy, synchronous_recall, two_step_energy
from nndl_support.deep_belief.hopfield_states import (
    asynchronous_energy_changes,
    classify,
    cycle_lengths,
    fixed_points,
    mixtures_of_three,
    spin_states,
    synchronous_map,
)
from nndl_support.deep_belief.hopfield_storage import hebb_weights

N = 7
HADAMARD = np.array([[1, 1], [1, -1]])
H16 = np.kron(np.kron(np.kron(HADAMARD, HADAMARD), HADAMARD), HADAMARD)


def network(seed, n=N):
    rng = np.random.default_rng(seed)
    A = rng.integers(-2, 3, (n, n)) if seed % 2 else rng.normal(size=(n, n))
    return np.tril(A, -1) + np.tril(A, -1).T, rng.integers(-1, 2, n).astype(float), rng


def test_states_are_all_words_of_two_letters():
    np.testing.assert_array_equal(spin_states(3), list(product([-1, 1], repeat=3)))


@pytest.mark.parametrize("seed", range(6))
def test_fixed_points_are_the_states_that_a_loop_cannot_improve(seed):
    W, theta, _ = network(seed)
    by_loop = [
        s
        for s in product([-1.0, 1.0], repeat=N)
        if all((sum(W[i, j] * s[j] for j in range(N)) - theta[i] >= -1e-12) == (s[i] == 1) for i in range(N))
    ]
    found = fixed_points(W, theta)
    assert len(found) >= 1
    np.testing.assert_array_equal(found, by_loop)


@pytest.mark.parametrize("seed", range(6))
def test_no_update_of_one_unit_raises_the_energy_from_any_state(seed):
    W, theta, _ = network(seed, 10)
    changes = asynchronous_energy_changes(W, theta)
    assert changes.min() < 0
    assert changes.max() <= 1e-12


def test_a_positive_diagonal_is_allowed_by_the_proof_and_a_negative_one_is_not():
    W, theta, _ = network(0)
    assert asynchronous_energy_changes(W + 3 * np.eye(N), theta).max() <= 1e-12
    assert asynchronous_energy_changes(W - 3 * np.eye(N), theta).max() > 0.1


@pytest.mark.parametrize("seed", range(3))
def test_energy_changes_are_the_two_energies_by_hand(seed):
    W, theta, rng = network(seed)
    changes, S = asynchronous_energy_changes(W, theta), spin_states(N)
    for row, i in zip(rng.integers(0, 2**N, 30), rng.integers(0, N, 30)):
        after = S[row].copy()
        after[i] = 1.0 if W[i] @ S[row] - theta[i] >= -1e-12 else -1.0
        expected = energy(W, [after], theta) - energy(W, [S[row]], theta)
        assert changes[row, i] == pytest.approx(expected[0], abs=1e-12)


@pytest.mark.parametrize("seed", range(4))
def test_all_synchronous_walks_of_a_symmetric_network_end_in_cycles_of_one_or_two(seed):
    W, theta, _ = network(seed, 9)
    successor = synchronous_map(W, theta)
    lengths = cycle_lengths(successor)
    assert set(lengths.tolist()) <= {1, 2}
    np.testing.assert_array_equal(lengths, synchronous_recall(W, spin_states(9), theta).period)
    # the proof: the two-step energy falls along every step, from every state
    S = spin_states(9)
    one, two = S[successor], S[successor[successor]]
    assert (two_step_energy(W, two, one, theta) - two_step_energy(W, one, S, theta)).max() <= 1e-12


def test_an_asymmetric_map_has_longer_cycles():
    W = np.random.default_rng(1).normal(size=(8, 8))
    lengths = cycle_lengths(synchronous_map(W))
    assert lengths.max() > 2


def test_cycle_lengths_of_a_map_that_was_drawn():
    # 0 -> 1 -> 2 -> 0, a tail 4 -> 3 -> 0, a fixed point 5, a pair 6 <-> 7
    assert cycle_lengths([1, 2, 0, 0, 3, 5, 7, 6]).tolist() == [3, 3, 3, 3, 3, 1, 2, 2]


@pytest.mark.parametrize("size", [5, 64, 65])
def test_cycle_lengths_agree_with_a_walk(size):
    successor = np.random.default_rng(size).integers(0, size, size)
    for start, length in enumerate(cycle_lengths(successor)):
        place = start
        for _ in range(size):
            place = successor[place]
        home, steps = place, 0
        while True:
            place, steps = successor[place], steps + 1
            if place == home:
                break
        assert steps == length


def test_asynchronous_recall_from_every_state_ends_in_the_fixed_points():
    W, theta, rng = network(4, 8)
    ends = asynchronous_recall(W, spin_states(8), theta, rng=rng).states
    known = {tuple(s) for s in fixed_points(W, theta)}
    assert {tuple(s) for s in ends} <= known


def test_three_orthogonal_patterns_have_six_fixed_points_and_eight_mixtures_with_overlap_one_half():
    X = H16[[1, 2, 4]]
    mixtures = mixtures_of_three(X)
    np.testing.assert_array_equal(np.abs(mixtures @ X.T) / 16, 0.5)
    kinds = classify(fixed_points(hebb_weights(X)), X)
    assert np.sum(kinds == "stored") == np.sum(kinds == "reversed") == 3
    assert np.sum(kinds == "mixture") == 8


def test_energy_of_a_mixture_is_above_that_of_a_pattern():
    X = H16[[1, 2, 4]]
    W = hebb_weights(X)
    assert energy(W, mixtures_of_three(X)).min() > energy(W, X).max()


def test_classify_prefers_the_better_name():
    X = np.array([[1.0, 1, 1, 1], [-1, -1, -1, -1], [1, -1, 1, -1]])
    assert classify(np.vstack([X, -X, [[1, 1, 1, -1]]]), X).tolist() == ["stored"] * 5 + ["reversed", "other"]
    assert mixtures_of_three(X[:2]).shape == (0, 4)


def test_too_many_units_and_maps_that_leave_are_named():
    with pytest.raises(ValueError, match=r"19 units: expected 1 to 18"):
        spin_states(19)
    with pytest.raises(ValueError, match="successor must list"):
        cycle_lengths([0, 2])
    with pytest.raises(ValueError, match="successor must list"):
        cycle_lengths([-1, 0])
