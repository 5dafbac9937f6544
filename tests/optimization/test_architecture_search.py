"""Architecture searches: steps by hand, evolution by its rules, random draws, errors."""

import itertools

import numpy as np
import pytest

from nndl_support.optimization.architecture_controller import Controller
from nndl_support.optimization.architecture_search import mutate, random_search, regularized_evolution, reinforce

N_CHOICES = [2, 3, 5]
ALL = list(itertools.product(*map(range, N_CHOICES)))


def reward(architecture):
    """Separable but for one bonus."""
    a, b, c = architecture
    return a + 0.5 * b - 0.1 * (c - 2) ** 2 + (a == 1 and c == 4)


def test_one_step_of_reinforce_by_hand():
    rewards = iter([1.0, 3.0, 0.5, 2.5])
    controller = Controller([2, 2])
    result = reinforce(
        lambda a: next(rewards),
        [2, 2],
        4,
        np.random.default_rng(0),
        batch_size=2,
        learning_rate=0.3,
        controller=controller,
    )
    # The first batch only sets the baseline to 2 and the scale to 1; the second moves the logits from zero.
    expected = [np.zeros(2), np.zeros(2)]
    for architecture, advantage in zip(result.architectures[2:], (-1.5, 0.5), strict=True):
        for s, choice in enumerate(architecture):
            expected[s] += 0.15 * advantage * (np.eye(2)[choice] - 0.5)
    np.testing.assert_allclose(controller.logits, expected, atol=1e-9)


def test_baseline_and_scale_are_moving_averages():
    # Batches of one, decay 0.8: the formulas of the docstring, step by step, along the architectures that were drawn.
    rewards, controller = [3.0, 5.0, 4.0, 9.0, 1.0], Controller([2, 3])
    handed_out = iter(rewards)
    options = {"batch_size": 1, "baseline_decay": 0.8, "learning_rate": 0.3, "controller": controller}
    result = reinforce(lambda a: next(handed_out), [2, 3], 5, np.random.default_rng(0), **options)
    logits = [np.zeros(2), np.zeros(3)]
    # One reward has no scale: the second trial sets it to its squared distance from the baseline, and moves nothing.
    baseline, scale = 0.8 * 3.0 + 0.2 * 5.0, 4.0
    for architecture, reward in zip(result.architectures[2:], rewards[2:], strict=True):
        for part, choice in zip(logits, architecture, strict=True):
            softmax = np.exp(part) / np.exp(part).sum()
            part += 0.3 * (reward - baseline) / np.sqrt(scale) * (np.eye(len(part))[choice] - softmax)
        scale = 0.8 * scale + 0.2 * (reward - baseline) ** 2
        baseline = 0.8 * baseline + 0.2 * reward
    np.testing.assert_allclose(controller.logits[0], logits[0], rtol=1e-9)
    np.testing.assert_allclose(controller.logits[1], logits[1], rtol=1e-9)


def test_rewards_that_are_all_equal_move_nothing_and_one_that_differs_moves_little():
    rewards, controller = iter([1.0] * 6 + [2.0] * 4), Controller([2, 3])
    reinforce(lambda a: next(rewards), [2, 3], 10, np.random.default_rng(0), batch_size=2, controller=controller)
    assert 0 < np.abs(np.concatenate(controller.logits)).max() < 1


@pytest.mark.parametrize("seed", range(3))
def test_reinforce_learns(seed):
    result = reinforce(reward, N_CHOICES, 600, np.random.default_rng(seed))
    assert result.rewards[-100:].mean() > result.rewards[:100].mean() + 0.5


def test_mutation_reaches_every_neighbour_equally_often_and_nothing_else():
    rng = np.random.default_rng(0)
    counts = {}
    for _ in range(7000):
        neighbour = mutate((1, 0, 2), N_CHOICES, rng)
        counts[neighbour] = counts.get(neighbour, 0) + 1
    neighbours = [a for a in ALL if sum(x != y for x, y in zip(a, (1, 0, 2), strict=True)) == 1]
    assert sorted(counts) == neighbours
    assert max(abs(n - 1000) for n in counts.values()) < 150


@pytest.mark.parametrize("kill_oldest", [True, False])
@pytest.mark.parametrize("seed", range(3))
def test_evolution_finds_the_best_of_a_smooth_space(seed, kill_oldest):
    result = regularized_evolution(sum, [5, 5, 5, 5], 200, np.random.default_rng(seed), kill_oldest=kill_oldest)
    assert result.best == (4, 4, 4, 4)
    assert len(result.architectures) == 200


def test_children_are_one_step_from_a_member_of_the_population():
    result = regularized_evolution(reward, N_CHOICES, 60, np.random.default_rng(0), population_size=7, sample_size=3)
    for i in range(7, 60):
        living = result.architectures[i - 7 : i]  # the oldest dies, so the living are the last seven
        steps = [sum(x != y for x, y in zip(result.architectures[i], other, strict=True)) for other in living]
        assert 1 in steps


def test_a_lucky_ancestor_dies_of_age_but_not_among_the_worst():
    # Rewards are noise, but the first is hugely lucky: only without ageing does it stay the parent of everything.
    def near_the_first(kill_oldest):
        rewards = iter([1e9, *np.random.default_rng(0).normal(size=400)])
        result = regularized_evolution(
            lambda a: next(rewards), [9] * 6, 400, np.random.default_rng(1), sample_size=20, kill_oldest=kill_oldest
        )
        first = result.architectures[0]
        return np.mean([sum(x != y for x, y in zip(a, first, strict=True)) <= 1 for a in result.architectures[-100:]])

    assert near_the_first(kill_oldest=False) > 0.5
    assert near_the_first(kill_oldest=True) < 0.1


def test_random_search_draws_uniformly_and_the_seed_decides():
    first, second = (random_search(reward, N_CHOICES, 3000, np.random.default_rng(0)) for _ in range(2))
    assert first.architectures == second.architectures
    counts = np.bincount([ALL.index(a) for a in first.architectures], minlength=30)
    assert np.abs(counts - 100).max() < 45
    assert reward(first.best) == max(map(reward, ALL))


@pytest.mark.parametrize(
    ("search", "options", "message"),
    [
        (random_search, {"n_choices": []}, r"n_choices is \[\]; expected one whole number"),
        (random_search, {"n_choices": [2, 0]}, r"n_choices is \[2, 0\]"),
        (random_search, {"n_evaluations": 0}, "n_evaluations is 0; expected a whole number of at least 1"),
        (regularized_evolution, {"population_size": 0}, "population_size is 0"),
        (regularized_evolution, {"sample_size": 1.5}, "sample_size is 1.5"),
        (reinforce, {"learning_rate": -1.0}, "learning_rate is -1.0; expected a positive number"),
        (reinforce, {"baseline_decay": 1.0}, r"baseline_decay is 1.0; expected a number in \[0, 1\)"),
        (reinforce, {"controller": Controller([2, 2])}, r"decides among \[2, 2\], but n_choices is \[2, 3, 5\]"),
    ],
)
def test_impossible_arguments_are_named(search, options, message):
    arguments = {"n_choices": N_CHOICES, "n_evaluations": 5} | options
    with pytest.raises(ValueError, match=message):
        search(reward, rng=np.random.default_rng(0), **arguments)


def test_what_has_no_neighbour_cannot_mutate():
    with pytest.raises(ValueError, match=r"the choices \[1, 1\] has no neighbour"):
        mutate((0, 0), [1, 1], np.random.default_rng(0))


@pytest.mark.parametrize("search", [random_search, regularized_evolution, reinforce])
@pytest.mark.parametrize("returned", [float("nan"), None, "good", float("inf")])
def test_a_reward_that_is_no_number_is_named(search, returned):
    with pytest.raises(
        ValueError, match=rf"evaluate returned {returned!r} for \(\d, \d, \d\); expected a finite number"
    ):
        search(lambda architecture: returned, N_CHOICES, 3, np.random.default_rng(0))
