from itertools import product

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.optimize import fsolve

from nndl_support.deep_belief.hopfield_capacity import random_patterns
from nndl_support.deep_belief.hopfield_storage import hebb_weights
from nndl_support.deep_belief.hopfield_theory import (
    critical_load,
    error_free_patterns,
    exact_one_step_error,
    hebb_overlap,
    mean_field_residuals,
    one_step_error,
    share_of_fixed_patterns,
)


def test_one_step_error_is_the_tail_of_the_normal_distribution():
    for load in (0.05, 0.138, 1.0):
        tail, _ = quad(lambda z: np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi), load**-0.5, np.inf)
        assert one_step_error(load) == pytest.approx(tail, rel=1e-6)


@pytest.mark.parametrize(("n_units", "n_patterns"), [(3, 2), (3, 4), (5, 3), (4, 3)])
def test_the_exact_error_is_the_share_over_all_sets_of_patterns(n_units, n_patterns):
    X = np.array(list(product([-1, 1], repeat=n_units * n_patterns))).reshape(-1, n_patterns, n_units)
    W = np.einsum("kmi,kmj->kij", X, X) - n_patterns * np.eye(n_units)
    wanted = np.where(np.einsum("ki,kij->kj", X[:, 0], W) >= 0, 1, -1)
    assert exact_one_step_error(n_units, n_patterns) == pytest.approx(np.mean(wanted != X[:, 0]), rel=1e-12)


def test_the_exact_error_tends_to_the_normal_tail():
    gaps = [abs(exact_one_step_error(n, n // 5) / one_step_error(0.2) - 1) for n in (100, 1000, 10_000)]
    assert gaps[0] > gaps[1] > gaps[2]
    assert gaps[2] < 0.01


@pytest.mark.parametrize("load", [0.15, 0.3])
def test_one_step_errors_of_random_patterns_agree_with_both_formulas(load):
    rng, n, rates = np.random.default_rng(0), 400, []
    for _ in range(12):
        X = random_patterns(round(load * n), n, rng)
        rates.append(np.mean(np.where(X @ hebb_weights(X) >= 0, 1, -1) != X))
    assert np.mean(rates) == pytest.approx(exact_one_step_error(n, round(load * n)), rel=0.08)
    assert np.mean(rates) == pytest.approx(float(one_step_error(load)), rel=0.12)


@pytest.mark.parametrize(("n_units", "n_patterns"), [(60, 8), (100, 15)])
def test_the_share_of_fixed_patterns_is_a_little_below_that_of_networks(n_units, n_patterns):
    """A pattern with unusually large overlaps is in danger in all its units together, so errors come in clusters."""
    rng, shares = np.random.default_rng(1), []
    for _ in range(150):
        X = random_patterns(n_patterns, n_units, rng)
        shares.append(np.mean((np.where(X @ hebb_weights(X) >= 0, 1, -1) == X).all(axis=1)))
    assert -0.015 < np.mean(shares) - share_of_fixed_patterns(n_units, n_patterns) < 0.09


def test_error_free_loads_are_those_at_which_errors_vanish():
    n = np.array([1e4, 1e6, 1e8])
    np.testing.assert_allclose(error_free_patterns(n), 2 * error_free_patterns(n, all_patterns=True))
    # the expected number of errors, N Q(sqrt(N / P)) or N P Q(sqrt(N / P)), tends to zero at the limit, if slowly ...
    one = n * one_step_error(error_free_patterns(n) / n)
    every = (
        n * error_free_patterns(n, all_patterns=True) * one_step_error(error_free_patterns(n, all_patterns=True) / n)
    )
    assert (np.diff(one) < 0).all()
    assert (np.diff(every) < 0).all()
    # ... and grows at a tenth more
    assert (np.diff(n * one_step_error(1.1 * error_free_patterns(n) / n)) > 0).all()


@pytest.mark.parametrize("load", [0.02, 0.08, 0.12, 0.137])
def test_the_overlap_solves_the_two_equations_of_amit_gutfreund_and_sompolinsky(load):
    m = float(hebb_overlap(load))
    _, r = fsolve(lambda z: mean_field_residuals(z[0], z[1], load), [0.99, 1.5], xtol=1e-13)
    np.testing.assert_allclose(mean_field_residuals(m, r, load), 0.0, atol=1e-9)


def test_iterating_the_two_equations_leads_to_the_overlap_below_the_critical_load_and_to_zero_above():
    for load in (0.1, 0.13, 0.15):
        m = r = 1.0
        for _ in range(20_000):
            gap_m, gap_r = mean_field_residuals(m, r, load)
            m, r = m - gap_m, r - 0.2 * gap_r
        assert m == pytest.approx(float(hebb_overlap(load)), abs=1e-6)


def test_the_critical_load_is_the_published_one():
    load, overlap = critical_load()
    assert load == pytest.approx(0.137905566, abs=1e-8)  # Steffan and Kühn (1994): 0.137905
    assert overlap == pytest.approx(0.967, abs=1e-3)
    assert hebb_overlap(load * (1 - 1e-9)) == pytest.approx(overlap, abs=1e-3)
    assert hebb_overlap(load * (1 + 1e-9)) == 0.0
    assert hebb_overlap(0.138) == 0.0  # the rounded figure is already above


def test_the_overlap_falls_with_the_load_and_is_steepest_at_the_end():
    loads = np.linspace(0.005, 0.1379, 50)
    m = hebb_overlap(loads)
    assert m[0] == pytest.approx(1.0, abs=1e-9)
    assert (np.diff(m) <= 0).all()
    assert np.diff(m).argmin() == len(loads) - 2
    assert hebb_overlap(0.1).shape == ()


@pytest.mark.parametrize("function", [hebb_overlap, one_step_error])
def test_loads_must_be_positive(function):
    with pytest.raises(ValueError, match="a load is a positive number of patterns per unit, got 0"):
        function(0)
    with pytest.raises(ValueError, match="a load is a positive"):
        function([0.1, np.nan])


def test_sizes_must_make_sense():
    with pytest.raises(ValueError, match="1 units and 3 patterns: expected at least 2 and 1"):
        exact_one_step_error(1, 3)
    with pytest.raises(ValueError, match="n_units must exceed 1, got 1"):
        error_free_patterns(1)
