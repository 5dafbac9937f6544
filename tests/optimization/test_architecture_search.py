"""Architecture searches: the policy gradient exactly, by autograd and by sampling; evolution by its rules; errors."""

import itertools

import numpy as np
import pytest
import torch

from nndl_support.optimization.architecture_search import (
    Controller,
    mutate,
    random_search,
    regularized_evolution,
    reinforce,
)

N_CHOICES = [2, 3, 5]
ALL = list(itertools.product(*map(range, N_CHOICES)))


def reward(architecture):
    """Separable but for one bonus."""
    a, b, c = architecture
    return a + 0.5 * b - 0.1 * (c - 2) ** 2 + (a == 1 and c == 4)


def trained_controller():
    controller = Controller(N_CHOICES)
    rng = np.random.default_rng(0)
    controller.logits = [rng.normal(size=n) for n in N_CHOICES]
    return controller


def test_probabilities_of_all_architectures_sum_to_one():
    assert sum(map(trained_controller().probability, ALL)) == pytest.approx(1.0, rel=1e-12)
    assert Controller(N_CHOICES).probability((0, 0, 0)) == pytest.approx(1 / 30)


def test_the_gradient_of_the_log_probability_is_that_of_autograd():
    controller = trained_controller()
    logits = [torch.tensor(part, requires_grad=True) for part in controller.logits]
    architecture = (1, 2, 3)
    sum(torch.log_softmax(part, 0)[c] for part, c in zip(logits, architecture, strict=True)).backward()
    for ours, part in zip(controller.log_probability_gradient(architecture), logits, strict=True):
        np.testing.assert_allclose(ours, part.grad, atol=1e-12)


def test_the_exact_gradient_is_that_of_the_expected_reward():
    controller = trained_controller()
    exact = controller.expected_reward_gradient(reward)
    for s, part in enumerate(controller.logits):
        for c in range(len(part)):
            sides = []
            for step in (1e-6, -1e-6):
                part[c] += step
                sides.append(sum(controller.probability(a) * reward(a) for a in ALL))
                part[c] -= step
            assert exact[s][c] == pytest.approx((sides[0] - sides[1]) / 2e-6, abs=1e-8)


@pytest.mark.parametrize("baseline", [0.0, 1.0])
def test_the_sampled_gradient_is_unbiased_with_and_without_a_baseline(baseline):
    controller, rng = trained_controller(), np.random.default_rng(1)
    exact = np.concatenate(controller.expected_reward_gradient(reward))
    by_architecture = {a: np.concatenate(controller.log_probability_gradient(a)) for a in ALL}
    probabilities = np.array([controller.probability(a) for a in ALL])
    drawn = rng.choice(len(ALL), size=200_000, p=probabilities / probabilities.sum())
    each = np.array([(reward(a) - baseline) * by_architecture[a] for a in ALL])[drawn]
    standard_error = each.std(axis=0) / np.sqrt(len(each))
    assert (np.abs(each.mean(axis=0) - exact) < 4 * standard_error).all()


def test_a_baseline_takes_variance_away_without_moving_the_mean():
    # Exactly, by enumeration: rewards near 10 with and without their mean as a baseline.
    controller = trained_controller()
    p = np.array([controller.probability(a) for a in ALL])
    gradients = np.array([np.concatenate(controller.log_probability_gradient(a)) for a in ALL])
    rewards = np.array([10 + reward(a) for a in ALL])
    means, variances = [], []
    for baseline in (0.0, p @ rewards):
        each = (rewards - baseline)[:, None] * gradients
        means.append(p @ each)
        variances.append((p @ (each - means[-1]) ** 2).sum())
    np.testing.assert_allclose(means[0], means[1], atol=1e-12)
    assert variances[1] < 0.05 * variances[0]


def test_samples_follow_the_policy():
    controller, rng = trained_controller(), np.random.default_rng(0)
    counts = np.zeros(N_CHOICES)
    for _ in range(5000):
        counts[controller.sample(rng)] += 1
    expected = np.array([controller.probability(a) for a in ALL])
    assert (np.abs(counts.ravel() / 5000 - expected) < 4.5 * np.sqrt(expected * (1 - expected) / 5000) + 1e-9).all()


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
