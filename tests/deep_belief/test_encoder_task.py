"""The encoder: its patterns, its codes, and the learning of 1985 against a machine that learns alone."""

import numpy as np
import pytest

from nndl_support import records
from nndl_support.deep_belief.boltzmann import BoltzmannMachine
from nndl_support.deep_belief.boltzmann_distribution import all_states
from nndl_support.deep_belief.boltzmann_energy import energy, joint_distribution
from nndl_support.deep_belief.encoder_task import (
    _hidden_scores,
    _moments,
    encoder_connections,
    encoder_patterns,
    learn_encoder,
    n_distinct_codes,
)


def test_the_same_unit_is_on_in_both_groups():
    X = encoder_patterns(5)
    assert X.shape == (5, 10)
    np.testing.assert_array_equal(X[:, :5], np.eye(5))
    np.testing.assert_array_equal(X[:, 5:], np.eye(5))


def test_only_hidden_units_connect_the_groups():
    mask = encoder_connections(4, 3)
    assert mask.shape == (11, 11)
    np.testing.assert_array_equal(mask, mask.T)
    assert not mask[:4, 4:8].any()
    assert not mask.diagonal().any()
    assert mask.sum() == 11 * 10 - 2 * 16


def test_a_machine_made_by_hand_has_four_codes():
    """Each hidden unit joins the units of both groups whose bit is set and forbids the others."""
    signs = 2 * all_states(2) - 1
    W = np.zeros((10, 10))
    for unit in range(4):
        for group in (0, 4):
            W[group + unit, 8:] = W[8:, group + unit] = 9 * signs[unit]
    hidden = np.array(
        [[np.exp(-energy(W, np.zeros(10), np.append(x, h))) for h in all_states(2)] for x in encoder_patterns()]
    )
    assert n_distinct_codes(hidden) == 4
    assert n_distinct_codes(np.ones((4, 4))) == 1


def test_hidden_scores_rank_hidden_states_as_the_energy_does():
    rng = np.random.default_rng(0)
    W = np.triu(rng.normal(size=(3, 7, 7)), 1)
    W, b, X = W + W.transpose(0, 2, 1), rng.normal(size=(3, 7)), encoder_patterns(2)
    scores = _hidden_scores(W, b, X)
    for m in range(3):
        for k, x in enumerate(X):
            expected = [-energy(W[m], b[m], np.append(x, h)) for h in all_states(3)]
            np.testing.assert_allclose(scores[m, k] - scores[m, k, 0], np.array(expected) - expected[0], atol=1e-12)


@pytest.mark.parametrize("seed", range(3))
def test_the_moments_of_long_free_chains_are_those_of_the_joint_distribution(seed):
    rng = np.random.default_rng(seed)
    W = np.triu(rng.normal(size=(2, 5, 5)), 1)
    W, b = W + W.transpose(0, 2, 1), rng.normal(size=(2, 5))
    x = (rng.random((2, 3000, 5)) < 0.5).astype(float)
    moments = _moments(W, b, x, np.ones(30), 10, range(5), rng)
    for m in range(2):
        p, S = joint_distribution(W[m], b[m]), all_states(5)
        np.testing.assert_allclose(moments[m, :, :-1], (S.T * p) @ S, atol=0.03)
        np.testing.assert_allclose(moments[m, :, -1], p @ S, atol=0.03)


def test_weights_move_by_whole_steps_and_respect_the_connections():
    run = learn_encoder(3, 4, np.random.default_rng(0), step=0.25)
    assert run.codes.shape == (4, 3)
    np.testing.assert_allclose(run.weights / 0.25, np.round(run.weights / 0.25), atol=1e-12)
    np.testing.assert_array_equal(run.weights, run.weights.transpose(0, 2, 1))
    assert np.all(run.weights[:, ~encoder_connections()] == 0)


@pytest.mark.parametrize(("noise", "sign"), [((1.0, 0.0), -1), ((0.0, 1.0), 1)])
def test_the_first_noise_switches_units_off_and_the_second_on(noise, sign):
    """Shown all off, every visible unit is less often on than in the dream, and its bias falls; shown all on, it rises."""
    run = learn_encoder(3, 1, np.random.default_rng(0), noise=noise, step=0.25)
    np.testing.assert_array_equal(run.biases[:, :8], np.full((3, 8), sign * 0.25))


@pytest.mark.parametrize("seed", range(4))
def test_some_machines_find_a_code_with_the_learning_of_1985(seed):
    run = learn_encoder(12, 100, np.random.default_rng(seed))
    assert np.mean(run.codes[-1] >= 3) > 0.6
    assert run.codes.max() == 4


def test_the_exact_gradient_finds_four_codes_from_some_starts_and_three_from_others():
    X, mask, codes, kl = encoder_patterns(), encoder_connections(), [], []
    for seed in range(6):
        bm = BoltzmannMachine(2, learning_rate=1.0, n_epochs=200, connections=mask, random_state=seed).fit(X)
        codes.append(n_distinct_codes(bm.hidden_distribution(X)))
        kl.append(-np.log(4) - bm.score(X))
    assert set(codes) >= {3, 4}
    np.testing.assert_array_equal(np.array(kl) < 0.1, np.array(codes) == 4)


def test_the_record_says_who_finds_four_codes_and_who_keeps_them():
    record = records.load("deep_belief/boltzmann_encoder")
    assert record["seeds"] == [0, 1, 2]
    for fixed, shrinking in zip(record["figures"]["fixed"], record["figures"]["shrinking"]):
        assert len(fixed["first"]) == record["n_machines"]
        assert sum(cycle is not None for cycle in fixed["first"]) > 0.85 * record["n_machines"]
        assert np.mean(shrinking["four_at_the_end"]) > np.mean(fixed["four_at_the_end"]) + 0.2
        assert np.median(shrinking["divergence"]) < np.median(fixed["divergence"])


def test_steps_may_differ_from_cycle_to_cycle():
    run = learn_encoder(2, 3, np.random.default_rng(0), step=[1.0, 0.25, 0.0625])
    np.testing.assert_allclose(run.weights * 16, np.round(run.weights * 16), atol=1e-12)
    assert np.abs(run.weights).max() > 0.6


def test_mistakes_are_named():
    with pytest.raises(ValueError, match="at least 2 patterns, got 1"):
        encoder_patterns(1)
    with pytest.raises(ValueError, match="1 hidden unit, got 4 and 0"):
        encoder_connections(4, 0)
    with pytest.raises(ValueError, match="must be at least 1"):
        learn_encoder(0, 1, np.random.default_rng(0))
    with pytest.raises(ValueError, match="step must be positive"):
        learn_encoder(1, 1, np.random.default_rng(0), step=0.0)
    with pytest.raises(ValueError, match="noise two probabilities"):
        learn_encoder(1, 1, np.random.default_rng(0), noise=(1.5, 0.0))
