"""Transition matrices: stationary, balanced or not, and as fast as their eigenvalues say."""

import numpy as np
import pytest

from nndl_support.annealing import heat_bath_acceptance, transition_matrix
from nndl_support.deep_belief.boltzmann_distribution import all_states
from nndl_support.deep_belief.boltzmann_energy import energy, joint_distribution
from nndl_support.deep_belief.boltzmann_transitions import (
    detailed_balance_error,
    distances_to_equilibrium,
    metropolis_matrix,
    mixing_time,
    random_scan_matrix,
    spectral_gap,
    sweep_matrix,
    unit_matrix,
)

MATRICES = [random_scan_matrix, sweep_matrix, metropolis_matrix]


def machine(n, seed=0, scale=1.0):
    rng = np.random.default_rng(seed)
    W = np.triu(rng.normal(scale=scale, size=(n, n)), 1)
    return W + W.T, rng.normal(size=n)


@pytest.mark.parametrize("matrix", MATRICES)
@pytest.mark.parametrize("temperature", [0.4, 1.0, 4.0])
def test_the_boltzmann_distribution_is_stationary(matrix, temperature):
    W, b = machine(5)
    P, p = matrix(W, b, temperature=temperature), joint_distribution(W, b, temperature)
    assert np.all(P >= 0)
    np.testing.assert_allclose(P.sum(axis=1), 1.0, atol=1e-12)
    np.testing.assert_allclose(p @ P, p, atol=1e-14)


def test_single_updates_are_in_detailed_balance_and_a_sweep_is_not():
    W, b = machine(5)
    p = joint_distribution(W, b)
    assert detailed_balance_error(random_scan_matrix(W, b), p) < 1e-15
    assert detailed_balance_error(metropolis_matrix(W, b), p) < 1e-15
    assert all(detailed_balance_error(unit_matrix(W, b, i), p) < 1e-15 for i in range(5))
    assert detailed_balance_error(sweep_matrix(W, b), p) > 1e-3


def test_random_scan_is_the_heat_bath_of_the_shared_module():
    W, b = machine(5, seed=1)
    rows = np.arange(32)
    proposal = np.zeros((32, 32))
    for i in range(5):
        proposal[rows, rows ^ (1 << i)] = 1 / 5
    E = energy(W, b, all_states(5))
    expected = transition_matrix(E, proposal, 0.7, acceptance=heat_bath_acceptance)
    np.testing.assert_allclose(random_scan_matrix(W, b, temperature=0.7), expected, atol=1e-14)


def test_a_sweep_updates_the_first_unit_first():
    W, b = machine(3, seed=2)
    P = [unit_matrix(W, b, i) for i in range(3)]
    np.testing.assert_allclose(sweep_matrix(W, b), P[0] @ P[1] @ P[2], atol=1e-15)


@pytest.mark.parametrize("matrix", MATRICES)
def test_the_distance_to_equilibrium_never_rises_and_vanishes_at_the_rate_of_the_gap(matrix):
    W, b = machine(4, seed=3)
    P, p = matrix(W, b), joint_distribution(W, b)
    d = distances_to_equilibrium(P, p, 150)
    assert d[0] == pytest.approx(1 - p.min())
    assert np.all(np.diff(d) <= 1e-13)
    late = np.flatnonzero(d > 1e-9)[-1]
    rate = (d[late] / d[late - 8]) ** (1 / 8)
    assert rate == pytest.approx(1 - spectral_gap(P), abs=0.03)


def test_a_given_start_is_followed_exactly():
    W, b = machine(3)
    P, p = random_scan_matrix(W, b), joint_distribution(W, b)
    start = np.eye(8)[5]
    d = distances_to_equilibrium(P, p, 6, start)
    assert d[6] == pytest.approx(np.abs(start @ np.linalg.matrix_power(P, 6) - p).sum() / 2, abs=1e-14)


@pytest.mark.parametrize("temperature", [0.5, 1.0, 3.0])
@pytest.mark.parametrize("tolerance", [0.25, 0.01])
def test_the_mixing_time_is_the_first_step_within_the_tolerance(temperature, tolerance):
    W, b = machine(4, seed=4)
    P, p = random_scan_matrix(W, b, temperature=temperature), joint_distribution(W, b, temperature)
    t = mixing_time(P, p, tolerance)
    d = distances_to_equilibrium(P, p, t)
    assert d[t] <= tolerance
    assert t == 0 or d[t - 1] > tolerance


def test_a_two_state_chain_has_the_gap_of_the_textbook():
    for a, c in ((0.1, 0.4), (0.9, 0.8)):
        assert spectral_gap([[1 - a, a], [c, 1 - c]]) == pytest.approx(1 - abs(1 - a - c))
    assert spectral_gap([[1.0]]) == 1.0
    assert spectral_gap(metropolis_matrix([[0.0]], [0.0])) == pytest.approx(0.0)


def test_the_gap_closes_as_the_machine_cools():
    W, b = 1.0 - np.eye(5), np.full(5, -2.0)
    gaps = [spectral_gap(sweep_matrix(W, b, temperature=T)) for T in (4.0, 2.0, 1.0, 0.5, 0.25)]
    assert np.all(np.diff(gaps) < 0)


def test_mistakes_are_named():
    W, b = machine(3)
    with pytest.raises(ValueError, match="there is no unit 3: the machine has 3 units"):
        unit_matrix(W, b, 3)
    with pytest.raises(ValueError, match="13 units have 8,192 states and a transition matrix of 67,108,864 numbers"):
        sweep_matrix(np.zeros((13, 13)), np.zeros(13))
    with pytest.raises(ValueError, match="rows sum to one"):
        spectral_gap([[0.5, 0.6], [0.5, 0.5]])
    with pytest.raises(ValueError, match=r"p has shape \(3,\), but P has 2 states"):
        detailed_balance_error(np.eye(2), np.ones(3) / 3)
    with pytest.raises(ValueError, match="start has 3 states, but P has 2"):
        distances_to_equilibrium(np.eye(2), np.ones(2) / 2, 1, np.ones(3) / 3)
    with pytest.raises(ValueError, match="tolerance must lie strictly between 0 and 1"):
        mixing_time(np.eye(2), np.ones(2) / 2, 0.0)
    with pytest.raises(ValueError, match="is it the equilibrium"):
        mixing_time(np.eye(2), np.ones(2) / 2)
