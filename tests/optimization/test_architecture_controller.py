"""The controller: its policy and the gradient exactly, by autograd, by enumeration and by sampling."""

import itertools

import numpy as np
import pytest
import torch

from nndl_support.optimization.architecture_controller import Controller, check_choices

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


def test_large_logits_do_not_overflow():
    controller = Controller([2, 3])
    controller.logits = [np.array([1e3, 0.0]), np.array([-1e4, 0.0, 1e4])]
    assert controller.probability((0, 2)) == 1.0


def test_every_decision_needs_a_choice():
    assert check_choices(np.array([3, 2])) == [3, 2]
    for n_choices, message in (
        ((), r"n_choices is \(\)"),
        ((2, 0), r"n_choices is \(2, 0\)"),
        ((2.5,), r"n_choices is \(2.5,\)"),
    ):
        with pytest.raises(ValueError, match=message + "; expected one whole number of at least 1 for each decision"):
            Controller(n_choices)


def test_an_architecture_of_another_length_is_refused():
    with pytest.raises(ValueError, match="shorter"):
        Controller(N_CHOICES).probability((0, 1))
