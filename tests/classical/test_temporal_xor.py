from itertools import product

import numpy as np
import pytest

from nndl_support.classical.temporal_xor import (
    ENTROPY_BOUND,
    bayes_prediction,
    delayed_xor,
    learn_from_fresh_bits,
    phase_uncertainty,
    signed,
    temporal_xor_bits,
)


def likelihood(bits, phase):
    """Probability of a stream under a phase, straight from the definition."""
    p = 1.0
    for t, bit in enumerate(bits):
        if t >= 2 and t % 3 == phase:
            p *= float(bit == bits[t - 1] ^ bits[t - 2])
        else:
            p *= 0.5
    return p


def streams(n_bits, phase):
    """All streams of that length that the phase allows, each with its probability."""
    everything = ((bits, likelihood(bits, phase)) for bits in product((0, 1), repeat=n_bits))
    return [(bits, p) for bits, p in everything if p > 0]


def log_loss(bits, probability):
    x = np.array(bits)
    return -np.log(np.where(x == 1, probability, 1 - probability))


@pytest.mark.parametrize("phase", [0, 1, 2])
def test_every_third_bit_is_the_xor_of_the_two_before_it_and_the_others_are_coins(phase):
    bits = temporal_xor_bits(30_001, np.random.default_rng(phase), phase=phase).astype(int)
    t = np.arange(2, len(bits))
    right = bits[t] == bits[t - 1] ^ bits[t - 2]
    assert right[t % 3 == phase].all()
    for other in {0, 1, 2} - {phase}:
        assert abs(right[t % 3 == other].mean() - 0.5) < 0.02
        assert abs(bits[other::3].mean() - 0.5) < 0.02
    assert likelihood(bits[:20], phase) > 0


@pytest.mark.parametrize("phase", [0, 1, 2])
def test_the_generator_draws_every_possible_stream_and_equally_often(phase):
    rng = np.random.default_rng(0)
    counts = {}
    for _ in range(6400):
        key = tuple(temporal_xor_bits(7, rng, phase=phase).astype(int))
        counts[key] = counts.get(key, 0) + 1
    possible = streams(7, phase)
    assert set(counts) == {bits for bits, _ in possible}
    assert max(counts.values()) < 6400 / len(possible) * 1.6


def test_the_entropy_bound_is_what_the_best_predictor_pays_by_enumeration():
    """Conditional entropies of all streams of nine bits, from their joint distribution alone."""
    joint = streams(9, phase=2)

    def entropy(n):
        heads = {}
        for bits, p in joint:
            heads[bits[:n]] = heads.get(bits[:n], 0.0) + p
        return -sum(p * np.log(p) for p in heads.values())

    per_bit = np.diff([entropy(n) for n in range(10)])
    np.testing.assert_allclose(per_bit, np.tile([np.log(2), np.log(2), 0.0], 3), atol=1e-12)
    np.testing.assert_allclose(per_bit.mean(), ENTROPY_BOUND)
    for bits, _ in joint:
        paid = log_loss(bits, bayes_prediction(bits, prior=(0, 0, 1))[0])
        np.testing.assert_allclose(paid, per_bit, atol=1e-12)  # and not only on average


@pytest.mark.parametrize("n_triples", [0, 1, 2, 3])
def test_the_uncertainty_of_the_phase_is_the_enumerated_one(n_triples):
    total = 0.0
    for bits in product((0, 1), repeat=3 * n_triples + 2):
        p = np.array([likelihood(bits, phase) for phase in range(3)]) / 3
        if p.sum() > 0:
            posterior = p[p > 0] / p.sum()
            total -= p.sum() * (posterior @ np.log(posterior))
    np.testing.assert_allclose(phase_uncertainty(n_triples), total, atol=1e-12)


@pytest.mark.parametrize("n_triples", [1, 2])
def test_not_knowing_the_phase_costs_what_is_learnt_about_it(n_triples):
    n_bits, extra = 3 * n_triples + 2, 0.0
    for phase in range(3):
        for bits, p in streams(n_bits, phase):
            known = log_loss(bits, bayes_prediction(bits, prior=np.eye(3)[phase])[0]).sum()
            extra += p / 3 * (log_loss(bits, bayes_prediction(bits)[0]).sum() - known)
    np.testing.assert_allclose(extra, np.log(3) - phase_uncertainty(n_triples), atol=1e-12)


@pytest.mark.parametrize("phase", [0, 1, 2])
def test_on_no_stream_does_it_cost_more_than_ln_3(phase):
    for seed in range(20):
        bits = temporal_xor_bits(101, np.random.default_rng(seed), phase=phase).astype(int)
        unknown, posterior = bayes_prediction(bits)
        known, _ = bayes_prediction(bits, prior=np.eye(3)[phase])
        cost = log_loss(bits, unknown).sum() - log_loss(bits, known).sum()
        assert -1e-12 <= cost <= np.log(3) + 1e-12
        np.testing.assert_allclose(posterior[-1], np.eye(3)[phase], atol=1e-6)
        np.testing.assert_allclose(posterior.sum(axis=1), 1.0)


@pytest.mark.parametrize("phase", [0, 1, 2])
def test_beliefs_are_those_of_bayes_rule_on_the_whole_stream(phase):
    bits = temporal_xor_bits(10, np.random.default_rng(5), phase=phase).astype(int)
    _, posterior = bayes_prediction(bits, prior=(0.2, 0.3, 0.5))
    for n in range(11):
        weight = np.array([likelihood(bits[:n], k) for k in range(3)]) * (0.2, 0.3, 0.5)
        np.testing.assert_allclose(posterior[n], weight / weight.sum(), atol=1e-12)


@pytest.mark.parametrize("lag", [1, 2, 5])
def test_delayed_xor_is_its_definition(lag):
    X, y = delayed_xor(53, lag, np.random.default_rng(lag))
    coins = (X[:, 0] > 0).astype(int)
    assert set(X[:, 0]) == {-1.0, 1.0}
    np.testing.assert_array_equal(y[:lag], coins[:lag])
    np.testing.assert_array_equal(y[lag:], coins[lag:] ^ coins[:-lag])


class Recorder:
    """Stands for a network and notes what it is shown."""

    def __init__(self):
        self.learning_rate, self.loss_curve_, self.seen = 0.5, [], []

    def set_params(self, learning_rate):
        self.learning_rate = learning_rate

    def partial_fit(self, X, y):
        self.seen.append((self.learning_rate, X[:, 0], y))
        self.loss_curve_.append(len(self.seen))


@pytest.mark.parametrize("phase", [1, 2, None])
def test_every_pass_shows_other_bits_at_a_lower_rate_and_the_target_is_the_next_bit(phase):
    network = Recorder()
    curve = learn_from_fresh_bits(network, np.random.default_rng(0), n_passes=4, n_bits=600, phase=phase)
    assert curve.tolist() == [1, 2, 3, 4]
    assert [rate for rate, *_ in network.seen] == [0.5, 0.375, 0.25, 0.125]
    assert network.learning_rate == 0.5
    phases = set()
    for _, x, y in network.seen:
        assert len(x) == len(y) == 600
        np.testing.assert_array_equal(x[1:], 2 * y[:-1] - 1)
        bits = np.concatenate([[x[0] > 0], y]).astype(int)
        phases |= {k for k in range(3) if likelihood(bits, k) > 0}
    assert phases == {phase} if phase is not None else len(phases) > 1
    assert len({y.tobytes() for *_, y in network.seen}) == 4


def test_signed_bits_are_a_column():
    np.testing.assert_array_equal(signed([0, 1, 1]), [[-1], [1], [1]])


def test_wrong_arguments_are_named():
    rng = np.random.default_rng(0)
    with pytest.raises(ValueError, match="phase must be 0, 1 or 2, but is 3"):
        temporal_xor_bits(9, rng, phase=3)
    with pytest.raises(ValueError, match="lag must be at least 1, but is 0"):
        delayed_xor(9, 0, rng)
    with pytest.raises(ValueError, match="prior must be three probabilities that add up to 1"):
        bayes_prediction([0, 1], prior=(0.5, 0.4, 0.0))
    with pytest.raises(ValueError, match="prior must be three probabilities"):
        bayes_prediction([0, 1], prior=(0.5, 0.5))
    for bits in ([0, 2, 1], [0.5, 1.0], [np.nan, 1.0], "01", [[0, 1]]):
        with pytest.raises(ValueError, match="bits must be a vector of 0 and 1, but are"):
            bayes_prediction(bits)
    with pytest.raises(ValueError, match="n_triples must not be negative, but is -1"):
        phase_uncertainty(-1)
    with pytest.raises(ValueError, match="bit 2 is impossible"):
        bayes_prediction([0, 1, 0], prior=(0, 0, 1))
