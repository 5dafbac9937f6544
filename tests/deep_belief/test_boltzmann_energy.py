"""Energy, joint and marginal probabilities against sums written as loops over all states."""

from itertools import product

import numpy as np
import pytest

from nndl_support.deep_belief.boltzmann_distribution import all_states
from nndl_support.deep_belief.boltzmann_energy import (
    check_network,
    check_states,
    energy,
    energy_gap,
    joint_distribution,
    visible_log_probabilities,
)


def machine(n, seed=0, scale=1.0):
    rng = np.random.default_rng(seed)
    W = np.triu(rng.normal(scale=scale, size=(n, n)), 1)
    return W + W.T, rng.normal(size=n)


def energy_by_hand(W, b, x):
    total = 0.0
    for i in range(len(b)):
        total -= b[i] * x[i]
        for j in range(i + 1, len(b)):
            total -= W[i, j] * x[i] * x[j]
    return total


def test_the_energy_counts_every_pair_once():
    W, b = machine(5)
    for x in product([0, 1], repeat=5):
        assert energy(W, b, x) == pytest.approx(energy_by_hand(W, b, x), abs=1e-12)


def test_a_batch_of_any_shape_is_a_loop_over_its_states():
    W, b = machine(5)
    x = all_states(5)[:24].reshape(2, 3, 4, 5)
    loop = [energy_by_hand(W, b, one) for one in x.reshape(-1, 5)]
    np.testing.assert_allclose(energy(W, b, x), np.reshape(loop, (2, 3, 4)), atol=1e-12)


def test_the_gap_is_the_energy_saved_by_switching_on():
    W, b = machine(7, seed=1)
    for x in all_states(7)[::5]:
        for i in range(7):
            off, on = x.copy(), x.copy()
            off[i], on[i] = 0, 1
            assert energy_gap(W, b, x)[i] == pytest.approx(energy(W, b, off) - energy(W, b, on), abs=1e-12)


@pytest.mark.parametrize("temperature", [0.5, 1.0, 3.0])
def test_joint_and_marginal_are_normalised_sums(temperature):
    W, b = machine(7, seed=2)
    weights = np.array([np.exp(-energy_by_hand(W, b, x) / temperature) for x in product([0, 1], repeat=7)])
    joint = weights / weights.sum()
    np.testing.assert_allclose(joint_distribution(W, b, temperature), joint, rtol=1e-10)
    marginal = np.zeros(2**3)
    for x, p in zip(product([0, 1], repeat=7), joint):
        marginal[4 * x[0] + 2 * x[1] + x[2]] += p
    np.testing.assert_allclose(
        np.exp(visible_log_probabilities(W, b, 3, temperature=temperature)), marginal, rtol=1e-10
    )
    chosen = [[1, 0, 1], [0, 1, 1]]
    some = visible_log_probabilities(W, b, 3, chosen, temperature=temperature)
    np.testing.assert_allclose(np.exp(some), marginal[[5, 3]], rtol=1e-10)


def test_renaming_the_units_changes_nothing():
    W, b = machine(7, seed=3)
    order = np.random.default_rng(0).permutation(7)
    x = all_states(7)[[3, 50, 99]]
    np.testing.assert_allclose(energy(W[np.ix_(order, order)], b[order], x[:, order]), energy(W, b, x), atol=1e-12)


def test_a_machine_of_independent_units_is_a_product():
    b = np.array([0.5, -1.0, 2.0])
    on = 1 / (1 + np.exp(-b))
    expected = [np.prod(np.where(x, on, 1 - on)) for x in all_states(3).astype(bool)]
    np.testing.assert_allclose(joint_distribution(np.zeros((3, 3)), b), expected, rtol=1e-12)


def test_mistakes_are_named():
    W, b = machine(3)
    lopsided = W.copy()
    lopsided[0, 2] += 1
    with pytest.raises(ValueError, match=r"W has shape \(3, 3\) and b \(2,\)"):
        check_network(W, b[:2])
    with pytest.raises(ValueError, match=r"W\[0, 2\] is .* and W\[2, 0\] is"):
        check_network(lopsided, b)
    with pytest.raises(ValueError, match=r"W\[1, 1\] is 4.0"):
        check_network(W + np.diag([0.0, 4.0, 0.0]), b)
    with pytest.raises(ValueError, match="must be finite"):
        check_network(W * np.nan, b)
    with pytest.raises(ValueError, match=r"only 0 and 1, but 2 of its 3 entries do not, the first is 0\.5"):
        energy(W, b, [0.5, 1.0, -1.0])
    with pytest.raises(ValueError, match="only 0 and 1, but 1 of its 3"):
        check_states([0, 1, np.nan], 3)
    with pytest.raises(ValueError, match=r"x has shape \(2,\), expected \(..., 3\): the machine has 3 units"):
        energy_gap(W, b, [0, 1])
    with pytest.raises(ValueError, match="25 units have 33,554,432 states"):
        joint_distribution(np.zeros((25, 25)), np.zeros(25))
    with pytest.raises(ValueError, match="21 units have 2,097,152 states"):
        visible_log_probabilities(np.zeros((21, 21)), np.zeros(21), 2)
    with pytest.raises(ValueError, match="n_visible must lie between 1 and the 3 units, got 4"):
        visible_log_probabilities(W, b, 4)
    with pytest.raises(ValueError, match="temperature must be positive"):
        visible_log_probabilities(W, b, 2, temperature=0.0)
