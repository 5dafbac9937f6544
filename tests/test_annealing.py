"""Simulated annealing: equilibrium by enumeration, schedules by their formula, ground states by brute force."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nndl_support import annealing
from nndl_support.annealing import (
    anneal,
    boltzmann_distribution,
    geometric_schedule,
    heat_bath_acceptance,
    initial_temperature,
    linear_schedule,
    logarithmic_schedule,
    metropolis_acceptance,
    transition_matrix,
)

RULES = [metropolis_acceptance, heat_bath_acceptance]


@pytest.fixture
def glass():
    """Five spins with random symmetric couplings: 32 states, their energies, and the proposal that flips one spin."""
    rng = np.random.default_rng(3)
    couplings = np.triu(rng.normal(size=(5, 5)), 1)
    states = np.array(list(itertools.product([-1, 1], repeat=5)))
    energies = -np.einsum("si,ij,sj->s", states, couplings, states)
    proposal = (np.abs(states[:, None] - states[None]).sum(axis=2) == 2) / 5

    def energy(s):
        return -np.einsum("...i,ij,...j->...", s, couplings, s)

    return states, energies, proposal, energy


def flip_one(s, rng):
    """Flip one spin of every chain."""
    s = s.copy()
    if s.ndim == 1:
        s[rng.integers(len(s))] *= -1
    else:
        s[np.arange(len(s)), rng.integers(s.shape[1], size=len(s))] *= -1
    return s


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("temperature", [0.3, 1.0, 7.0])
def test_the_walk_is_in_detailed_balance_with_the_boltzmann_distribution(glass, rule, temperature):
    _, energies, proposal, _ = glass
    p = boltzmann_distribution(energies, temperature)
    flow = p[:, None] * transition_matrix(energies, proposal, temperature, acceptance=rule)
    np.testing.assert_allclose(flow, flow.T, atol=1e-15)
    np.testing.assert_allclose(flow.sum(axis=0), p, atol=1e-14)


def test_a_lopsided_proposal_breaks_detailed_balance(glass):
    _, energies, proposal, _ = glass
    lopsided = proposal * np.linspace(1, 3, 32)
    lopsided /= lopsided.sum(axis=1, keepdims=True)
    p = boltzmann_distribution(energies, 1.0)
    flow = p[:, None] * transition_matrix(energies, lopsided, 1.0)
    assert np.abs(flow - flow.T).max() > 1e-3


@pytest.mark.parametrize("rule", RULES)
def test_one_step_of_the_walk_has_the_enumerated_transition_probabilities(glass, rule):
    states, energies, proposal, energy = glass
    temperature, start, n_chains = 1.5, 11, 40_000
    walk = anneal(
        energy,
        np.repeat(states[start][None], n_chains, axis=0),
        flip_one,
        [temperature],
        rng=np.random.default_rng(0),
        acceptance=rule,
    )
    reached = (walk.final_state > 0) @ (2 ** np.arange(5)[::-1])
    frequency = np.bincount(reached, minlength=32) / n_chains
    expected = transition_matrix(energies, proposal, temperature, acceptance=rule)[start]
    # Five standard errors of a frequency.
    assert np.abs(frequency - expected).max() < 5 * 0.5 / np.sqrt(n_chains)


@pytest.mark.parametrize("rule", RULES)
def test_a_long_walk_at_fixed_temperature_samples_the_boltzmann_distribution(glass, rule):
    _, energies, _, energy = glass
    n_chains, temperature = 4000, 2.0
    start = np.random.default_rng(1).choice([-1, 1], size=(n_chains, 5))
    walk = anneal(energy, start, flip_one, np.full(150, temperature), rng=np.random.default_rng(2), acceptance=rule)
    frequency = np.bincount((walk.final_state > 0) @ (2 ** np.arange(5)[::-1]), minlength=32) / n_chains
    p = boltzmann_distribution(energies, temperature)
    # Total variation distance: its expectation under sampling noise alone is about 0.03 here.
    assert 0.5 * np.abs(frequency - p).sum() < 0.05
    uniform = 1 / 32
    assert 0.5 * np.abs(frequency - uniform).sum() > 0.2


def test_annealing_finds_the_ground_state_of_a_spin_glass_more_often_than_a_quench():
    rng = np.random.default_rng(1)
    couplings = np.triu(rng.normal(size=(10, 10)), 1)
    states = np.array(list(itertools.product([-1, 1], repeat=10)))

    def energy(s):
        return -np.einsum("...i,ij,...j->...", s, couplings, s)

    ground = energy(states).min()
    start = rng.choice([-1, 1], size=(200, 10))
    slow = anneal(energy, start, flip_one, geometric_schedule(5.0, 0.1, 1000), rng=rng)
    quench = anneal(energy, start, flip_one, np.zeros(1000), rng=rng)
    found = np.isclose(slow.final_energy, ground)
    np.testing.assert_allclose(slow.energy, ground)
    assert found.mean() > np.isclose(quench.final_energy, ground).mean() + 0.15


def test_annealing_shortens_a_tour_to_the_brute_force_optimum():
    cities = np.random.default_rng(5).random((7, 2))

    def length(tour):
        return np.linalg.norm(cities[tour] - cities[np.roll(tour, 1)], axis=1).sum()

    def reverse_a_piece(tour, rng):
        i, j = np.sort(rng.choice(len(tour) + 1, size=2, replace=False))
        return np.concatenate([tour[:i], tour[i:j][::-1], tour[j:]])

    shortest = min(length(np.array((0, *rest))) for rest in itertools.permutations(range(1, 7)))
    result = anneal(
        length, np.arange(7), reverse_a_piece, geometric_schedule(1.0, 0.005, 1500), rng=np.random.default_rng(0)
    )
    assert sorted(result.state) == list(range(7))
    assert result.energy == pytest.approx(shortest)


@given(change=st.floats(-1e6, 1e6), temperature=st.floats(1e-3, 1e3))
def test_both_rules_give_probabilities_whose_odds_are_boltzmanns(change, temperature):
    for rule in RULES:
        up, down = float(rule(change, temperature)), float(rule(-change, temperature))
        assert 0 <= up <= 1
        # A(x) / A(-x) = exp(-x / T), written so that nothing overflows.
        assert up == pytest.approx(np.exp(-abs(change) / temperature) * down if change > 0 else up, abs=1e-15)


def test_metropolis_never_accepts_less_than_the_heat_bath():
    change = np.linspace(-9, 9, 101)
    assert np.all(metropolis_acceptance(change, 2.0) >= heat_bath_acceptance(change, 2.0))


def test_at_zero_temperature_no_move_climbs_and_at_huge_temperature_all_are_taken():
    change = np.array([-2.0, 0.0, 3.0])
    np.testing.assert_array_equal(metropolis_acceptance(change, 0.0), [1, 1, 0])
    np.testing.assert_array_equal(heat_bath_acceptance(change, 0.0), [1, 0.5, 0])
    np.testing.assert_allclose(metropolis_acceptance(change, 1e12), 1)
    np.testing.assert_allclose(heat_bath_acceptance(change, 1e12), 0.5)


def test_at_zero_temperature_the_energy_never_rises(glass):
    *_, energy = glass
    walk = anneal(energy, np.ones(5), flip_one, np.zeros(60), rng=np.random.default_rng(0))
    assert np.all(np.diff(walk.energies) <= 0)


@given(n_steps=st.integers(2, 300), initial=st.floats(0.5, 100), ratio=st.floats(1e-4, 1))
def test_schedules_fall_from_their_first_to_their_last_temperature(n_steps, initial, ratio):
    for schedule in (
        geometric_schedule(initial, initial * ratio, n_steps),
        linear_schedule(initial, initial * ratio, n_steps),
    ):
        assert len(schedule) == n_steps
        np.testing.assert_allclose(schedule[[0, -1]], [initial, initial * ratio])
        assert np.all(np.diff(schedule) <= 1e-12)
    logarithmic = logarithmic_schedule(initial, n_steps)
    np.testing.assert_allclose(logarithmic * np.log(np.arange(n_steps) + 2), initial * np.log(2))


def test_geometric_falls_by_a_factor_and_linear_by_an_amount():
    geometric = geometric_schedule(7.0, 0.03, 23)
    np.testing.assert_allclose(geometric[1:] / geometric[:-1], geometric[1] / geometric[0])
    np.testing.assert_allclose(np.diff(linear_schedule(7.0, 0.0, 23)), -7.0 / 22)


def test_the_best_state_is_remembered_though_the_walk_leaves_it(glass):
    *_, energy = glass
    walk = anneal(energy, np.ones((7, 5)), flip_one, np.full(80, 50.0), rng=np.random.default_rng(0), keep_path=True)
    np.testing.assert_allclose(walk.energy, walk.energies.min(axis=0))
    np.testing.assert_allclose(energy(walk.state), walk.energy)
    np.testing.assert_allclose(energy(walk.path), walk.energies)
    assert np.any(walk.final_energy > walk.energy)
    assert walk.path.shape == (81, 7, 5)


def test_evaluations_are_counted_truly(glass):
    *_, energy = glass
    calls = []

    def counted(s):
        calls.append(1)
        return energy(s)

    walk = anneal(counted, np.ones(5), flip_one, np.ones(13), rng=np.random.default_rng(0))
    assert walk.n_evaluations == len(calls) == 14


def test_the_same_seed_gives_the_same_walk(glass):
    *_, energy = glass
    first, second = (
        anneal(energy, np.ones(5), flip_one, np.ones(50), rng=np.random.default_rng(8)).energies for _ in range(2)
    )
    np.testing.assert_array_equal(first, second)


@settings(max_examples=20, deadline=None)
@given(n_chains=st.integers(1, 5))
def test_chains_share_nothing_but_the_temperature(n_chains):
    def energy(x):
        return (x**2).sum(axis=-1)

    def step(x, rng):
        return x + rng.normal(size=x.shape)

    walk = anneal(energy, np.zeros((n_chains, 3)), step, np.ones(20), rng=np.random.default_rng(0), keep_path=True)
    assert walk.energies.shape == (21, n_chains)
    np.testing.assert_allclose((walk.path**2).sum(axis=-1), walk.energies)


def test_forbidden_states_are_never_entered():
    def energy(x):
        return np.where(x > 0, x, np.inf)

    def step(x, rng):
        return x + rng.choice([-1, 1], size=x.shape)

    walk = anneal(energy, np.full(11, 3), step, np.full(50, 100.0), rng=np.random.default_rng(0), keep_path=True)
    assert walk.path.min() == 1

    def broken(x):
        return np.where(x > 0, x, np.nan)

    walk = anneal(broken, np.full(11, 3), step, np.full(50, 100.0), rng=np.random.default_rng(0), keep_path=True)
    assert walk.path.min() == 1
    assert np.isfinite(walk.energies).all()


def test_the_initial_temperature_accepts_the_share_asked_for():
    rng = np.random.default_rng(0)

    def step(x, rng):
        return x + rng.choice([-1, 1], size=x.shape)

    # Every climbing move climbs by exactly 3.
    temperature = initial_temperature(lambda x: 3.0 * float(x), 0, step, rng=rng, acceptance_rate=0.6)
    assert metropolis_acceptance(3.0, temperature) == pytest.approx(0.6)
    # Chains beside one another: each climbs by its own amount, and the mean counts.
    temperature = initial_temperature(
        lambda x: np.array([1.0, 5.0]) * x, np.zeros(2), lambda x, rng: x + 1, rng=rng, acceptance_rate=0.25
    )
    assert metropolis_acceptance(3.0, temperature) == pytest.approx(0.25)
    assert initial_temperature(lambda x: 0.0, np.zeros(3), step, rng=rng) == 1.0


def test_temperature_limits_of_the_boltzmann_distribution():
    energies = np.array([0.5, -1.0, 2.0])
    np.testing.assert_allclose(boltzmann_distribution(energies, 1e9), 1 / 3, atol=1e-8)
    np.testing.assert_allclose(boltzmann_distribution(energies, 1e-9), [0, 1, 0])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: metropolis_acceptance(1.0, -1.0), "must not be negative, got -1"),
        (lambda: heat_bath_acceptance(1.0, float("nan")), "must not be negative, got nan"),
        (lambda: geometric_schedule(1.0, 2.0, 5), "must fall and not be negative, got 1.0 to 2.0"),
        (lambda: geometric_schedule(1.0, 0.0, 5), "never reaches 0"),
        (lambda: linear_schedule(1.0, 0.0, 0), "at least one step, got 0"),
        (lambda: boltzmann_distribution([1.0], 0.0), "must be positive, not 0"),
        (lambda: transition_matrix([0.0, 1.0], np.eye(3), 1.0), r"shape \(3, 3\), expected \(2, 2\)"),
        (lambda: transition_matrix([0.0, 1.0], np.ones((2, 2)), 1.0), "sum to one"),
        (lambda: initial_temperature(abs, 1.0, None, rng=None, acceptance_rate=1.0), "strictly between 0 and 1"),
        (lambda: anneal(abs, 1.0, None, [[1.0]], rng=None), r"must be a vector .* shape \(1, 1\)"),
        (lambda: anneal(np.sum, [np.inf], None, [1.0], rng=None), "finite energy"),
        (lambda: anneal(np.abs, np.ones((3, 2)), None, [1.0], rng=None), r"\(3, 2\) has shape \(3, 2\)"),
        (
            lambda: anneal(np.sum, np.ones(3), lambda s, rng: s[:2], [1.0], rng=np.random.default_rng(0)),
            r"shape \(2,\) for a state of shape \(3,\)",
        ),
    ],
)
def test_a_mistake_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_nothing_here_draws_from_the_global_generator(glass):
    *_, energy = glass
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    anneal(energy, np.ones(5), flip_one, np.ones(5), rng=np.random.default_rng(0))
    np.testing.assert_array_equal(before, np.random.get_state()[1])  # noqa: NPY002
    assert annealing.__doc__
