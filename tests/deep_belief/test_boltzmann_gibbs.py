"""Full conditionals against enumeration; the samplers against the transition matrices that they should draw from."""

import numpy as np
import pytest

from nndl_support.deep_belief.boltzmann_distribution import all_states, total_variation
from nndl_support.deep_belief.boltzmann_energy import energy, joint_distribution
from nndl_support.deep_belief.boltzmann_gibbs import (
    full_conditional,
    gibbs_sweep,
    random_states,
    random_update,
    run_chains,
)
from nndl_support.deep_belief.boltzmann_gradient import pattern_distribution
from nndl_support.deep_belief.boltzmann_transitions import metropolis_matrix, random_scan_matrix, sweep_matrix


def machine(n, seed=0, scale=1.0):
    rng = np.random.default_rng(seed)
    W = np.triu(rng.normal(scale=scale, size=(n, n)), 1)
    return W + W.T, rng.normal(size=n)


@pytest.mark.parametrize("temperature", [0.3, 1.0, 5.0])
def test_the_full_conditional_is_the_ratio_of_joint_probabilities(temperature):
    W, b = machine(6)
    p, S = joint_distribution(W, b, temperature), all_states(6)
    for k, x in enumerate(S):
        on = full_conditional(W, b, x, temperature=temperature)
        for i in range(6):
            bit = 1 << (5 - i)
            expected = p[k | bit] / (p[k | bit] + p[k & ~bit])
            assert on[i] == pytest.approx(expected, abs=1e-10)


def test_hot_units_toss_fair_coins_and_cold_ones_are_threshold_units():
    W, b = machine(7, seed=1)
    x = all_states(7)
    np.testing.assert_array_equal(full_conditional(W, b, x, temperature=np.inf), 0.5)
    np.testing.assert_array_equal(full_conditional(W, b, x, temperature=0.0), x @ W + b > 0)
    assert full_conditional(np.zeros((2, 2)), np.zeros(2), [0, 1], temperature=0.0).tolist() == [0.5, 0.5]
    np.testing.assert_array_equal(full_conditional(1e4 * W, b, x, temperature=1e-9), x @ (1e4 * W) + b > 0)


SAMPLERS = {
    "sweep": (gibbs_sweep, sweep_matrix, {}),
    "random": (random_update, random_scan_matrix, {}),
    "metropolis": (random_update, metropolis_matrix, {"metropolis": True}),
}


@pytest.mark.parametrize("name", SAMPLERS)
@pytest.mark.parametrize("seed", [0, 1])
def test_a_sampler_draws_from_its_transition_matrix(name, seed):
    draw, matrix, options = SAMPLERS[name]
    W, b = machine(4, seed=2)
    P, n_chains = matrix(W, b, temperature=0.8), 40_000
    for k in (0, 6, 15):
        x = np.tile(all_states(4)[k], (n_chains, 1))
        after = draw(W, b, x, rng=np.random.default_rng(seed), temperature=0.8, **options)
        # A share of 40,000 draws has a standard deviation of at most 0.0025.
        np.testing.assert_allclose(pattern_distribution(after), P[k], atol=0.015)
        assert np.all(x == all_states(4)[k]), "the argument is left alone"


@pytest.mark.parametrize("seed", range(3))
def test_chains_reach_the_boltzmann_distribution_whatever_their_start(seed):
    W, b = machine(5, seed=3)
    x = run_chains(W, b, np.ones((20_000, 5)), np.full(40, 1.3), rng=np.random.default_rng(seed))
    assert total_variation(pattern_distribution(x), joint_distribution(W, b, 1.3)) < 0.03


def test_clamped_units_keep_their_states_and_the_others_reach_the_conditional():
    W, b = machine(5, seed=4)
    start = random_states(30_000, 5, np.random.default_rng(0))
    start[:, [1, 3]] = [1, 0]
    x = run_chains(W, b, start, np.ones(30), rng=np.random.default_rng(1), clamped=[1, 3])
    np.testing.assert_array_equal(x[:, [1, 3]], start[:, [1, 3]])
    p, S = joint_distribution(W, b), all_states(5)
    given = np.where((S[:, 1] == 1) & (S[:, 3] == 0), p, 0.0)
    assert total_variation(pattern_distribution(x), given / given.sum()) < 0.03


def test_at_temperature_zero_the_energy_never_rises():
    W, b = machine(11, seed=5)
    rng = np.random.default_rng(0)
    path = run_chains(W, b, random_states(50, 11, rng), np.zeros(12), rng=rng, keep_path=True)
    assert path.shape == (13, 50, 11)
    assert np.all(np.diff(energy(W, b, path), axis=0) <= 1e-12)
    np.testing.assert_array_equal(path[-1], path[-2])


def test_the_same_generator_gives_the_same_chains_and_no_sweep_gives_the_start():
    W, b = machine(5)
    x = random_states(7, 5, np.random.default_rng(0))
    first, second = (run_chains(W, b, x, np.ones(9), rng=np.random.default_rng(3)) for _ in range(2))
    np.testing.assert_array_equal(first, second)
    np.testing.assert_array_equal(run_chains(W, b, x, [], rng=np.random.default_rng(3)), x)


def test_mistakes_are_named():
    W, b = machine(3)
    rng = np.random.default_rng(0)
    with pytest.raises(ValueError, match="temperature must not be negative"):
        full_conditional(W, b, [0, 0, 0], temperature=-1.0)
    with pytest.raises(ValueError, match="vector without negative entries"):
        run_chains(W, b, np.zeros((2, 3)), [1.0, -1.0], rng=rng)
    with pytest.raises(ValueError, match=r"clamped units must lie in 0 .. 2, got \[3\]"):
        run_chains(W, b, np.zeros((2, 3)), [1.0], rng=rng, clamped=[3])
    with pytest.raises(ValueError, match="one row per chain"):
        run_chains(W, b, np.zeros(3), [1.0], rng=rng)
    with pytest.raises(ValueError, match="only 0 and 1"):
        run_chains(W, b, np.full((2, 3), 0.5), [1.0], rng=rng)
