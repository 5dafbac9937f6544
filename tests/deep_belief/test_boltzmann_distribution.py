"""The Boltzmann distribution against closed forms, SciPy, and the identities of thermodynamics."""

from itertools import product

import numpy as np
import pytest
from scipy.stats import entropy as scipy_entropy

from nndl_support.annealing import boltzmann_distribution
from nndl_support.deep_belief.boltzmann_distribution import (
    all_states,
    boltzmann_probabilities,
    entropy,
    free_energy,
    internal_energy,
    kl_divergence,
    log_partition,
    total_variation,
)

ENERGIES = np.random.default_rng(0).normal(scale=3.0, size=17)


@pytest.mark.parametrize("n", [0, 1, 5])
def test_all_states_are_those_of_itertools_in_the_same_order(n):
    expected = np.array(list(product([0.0, 1.0], repeat=n))).reshape(2**n, n)
    np.testing.assert_array_equal(all_states(n), expected)


@pytest.mark.parametrize("temperature", [0.3, 1.0, 7.0])
def test_probabilities_are_those_of_the_shared_module(temperature):
    p = boltzmann_probabilities(ENERGIES, temperature)
    np.testing.assert_allclose(p, boltzmann_distribution(ENERGIES, temperature), rtol=1e-12)
    np.testing.assert_allclose(p, np.exp(-ENERGIES / temperature - log_partition(ENERGIES, temperature)), rtol=1e-12)


def test_a_ratio_of_probabilities_depends_on_the_difference_of_energies_only():
    for temperature in (0.4, 2.0):
        p = boltzmann_probabilities(ENERGIES, temperature)
        q = boltzmann_probabilities(np.append(ENERGIES + 100.0, [95.0, 99.0]), temperature)
        ratio = np.exp((ENERGIES[3] - ENERGIES[11]) / temperature)
        assert p[11] / p[3] == pytest.approx(ratio, rel=1e-10)
        assert q[11] / q[3] == pytest.approx(ratio, rel=1e-10)


def test_the_limits_of_temperature_are_the_ground_states_and_the_uniform_distribution():
    energies = [2.0, -1.0, -1.0, 5.0]
    np.testing.assert_array_equal(boltzmann_probabilities(energies, 0.0), [0, 0.5, 0.5, 0])
    np.testing.assert_array_equal(boltzmann_probabilities(energies, np.inf), np.full(4, 0.25))
    np.testing.assert_allclose(boltzmann_probabilities(energies, 1e-3), [0, 0.5, 0.5, 0], atol=1e-12)


def test_extreme_energies_neither_overflow_nor_vanish():
    assert log_partition([-5000.0, -5000.0], 1.0) == pytest.approx(5000 + np.log(2))
    np.testing.assert_allclose(boltzmann_probabilities([1e6, 1e6 + np.log(3)], 1.0), [0.75, 0.25], rtol=1e-8)


@pytest.mark.parametrize("temperature", [0.2, 1.0, 9.0])
def test_free_energy_is_u_minus_ts_and_its_slope_is_minus_the_entropy(temperature):
    p = boltzmann_probabilities(ENERGIES, temperature)
    U, S, h = internal_energy(ENERGIES, temperature), entropy(p), 1e-5
    assert free_energy(ENERGIES, temperature) == pytest.approx(U - temperature * S, abs=1e-12)
    slope = (free_energy(ENERGIES, temperature + h) - free_energy(ENERGIES, temperature - h)) / (2 * h)
    assert slope == pytest.approx(-S, abs=1e-7)
    capacity = (internal_energy(ENERGIES, temperature + h) - internal_energy(ENERGIES, temperature - h)) / (2 * h)
    assert capacity == pytest.approx((p @ ENERGIES**2 - U**2) / temperature**2, abs=1e-6)


def test_no_distribution_has_a_lower_free_energy_and_the_excess_is_the_divergence():
    p = boltzmann_probabilities(ENERGIES, 1.7)
    for seed in range(5):
        q = np.random.default_rng(seed).dirichlet(np.ones(17))
        excess = q @ ENERGIES - 1.7 * entropy(q) - free_energy(ENERGIES, 1.7)
        assert excess == pytest.approx(1.7 * kl_divergence(q, p), abs=1e-10)
        assert excess > 0


def test_entropy_and_divergence_are_scipys():
    p, q = np.random.default_rng(1).dirichlet(np.ones(11), size=2)
    assert entropy(p) == pytest.approx(scipy_entropy(p), abs=1e-12)
    assert kl_divergence(p, q) == pytest.approx(scipy_entropy(p, q), abs=1e-12)
    assert kl_divergence([0.5, 0.5, 0.0], [0.5, 0.25, 0.25]) == pytest.approx(
        scipy_entropy([0.5, 0.5, 0], [0.5, 0.25, 0.25])
    )
    assert kl_divergence([0.5, 0.5], [1.0, 0.0]) == np.inf
    assert kl_divergence(p, p) == 0


def test_total_variation_is_the_largest_difference_over_all_events():
    p, q = np.random.default_rng(2).dirichlet(np.ones(7), size=2)
    events = all_states(7)
    assert total_variation(p, q) == pytest.approx(np.max(events @ (p - q)), abs=1e-12)


def test_mistakes_are_named():
    with pytest.raises(ValueError, match="33 units have 8,589,934,592 states"):
        all_states(33)
    with pytest.raises(ValueError, match="from 0 to 20 units"):
        all_states(-1)
    with pytest.raises(ValueError, match="temperature must not be negative, got -2"):
        boltzmann_probabilities(ENERGIES, -2)
    with pytest.raises(ValueError, match="at temperature 0"):
        log_partition(ENERGIES, 0.0)
    with pytest.raises(ValueError, match="vector of numbers"):
        boltzmann_probabilities([[1.0, 2.0]], 1.0)
    with pytest.raises(ValueError, match="vector of numbers"):
        boltzmann_probabilities([np.nan], 1.0)
    with pytest.raises(ValueError, match="p must be a vector of probabilities"):
        entropy([0.5, 0.6])
    with pytest.raises(ValueError, match="p has 2 states, but q has 3"):
        total_variation([0.5, 0.5], [0.5, 0.25, 0.25])
