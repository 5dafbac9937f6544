import math

import numpy as np
import pytest
import torch

from nndl_support.deep_belief.belief_stack import BeliefStack, bernoulli_log_probability
from nndl_support.deep_belief.enumeration import log_z
from nndl_support.deep_belief.harmonium import Harmonium
from nndl_support.deep_belief.units import BernoulliUnits
from tests.deep_belief.stacks import F64, random_stack


def test_the_joint_distribution_sums_to_one():
    stack = random_stack()
    v, h1, h2, h3 = BernoulliUnits(14).states().split(stack.sizes, dim=1)
    log_p = stack.log_directed([v, h1, h2]) - stack.top.energy(h2, h3) - log_z(stack.top)
    assert abs(log_p.exp().sum() - 1) < 1e-10


def test_the_directed_and_the_recognition_part_agree_with_plain_loops():
    stack = random_stack(seed=1)
    states = [torch.tensor([[1.0, 0, 1, 1, 0]], dtype=F64), torch.tensor([[0.0, 1, 1]], dtype=F64)]
    states.append(torch.tensor([[1.0, 0]], dtype=F64))

    def loops(seen, predicted, layer):
        total = 0.0
        for j, y in enumerate(predicted.tolist()):
            field = layer.bias[j].item() + sum(x * layer.weight[i, j].item() for i, x in enumerate(seen.tolist()))
            on = 1 / (1 + math.exp(-field))
            total += math.log(on if y else 1 - on)
        return total

    down = sum(loops(states[k + 1][0], states[k][0], stack.generative[k]) for k in range(2))
    up = sum(loops(states[k][0], states[k + 1][0], stack.recognition[k]) for k in range(2))
    assert stack.log_directed(states).item() == pytest.approx(down, abs=1e-12)
    assert stack.log_recognition(states).item() == pytest.approx(up, abs=1e-12)


def test_one_direction_needs_the_transpose_and_the_printed_form_without_it_fails():
    """Qiu's draft prints (12.64) and (12.66) with the same W and no transpose; enumeration of a square machine decides."""
    generator = torch.Generator().manual_seed(2)
    rbm = Harmonium(
        torch.randn(3, 3, generator=generator, dtype=F64), torch.zeros(3, dtype=F64), torch.zeros(3, dtype=F64)
    )
    down = BeliefStack.from_machines([rbm, rbm]).generative[0]
    v = h = BernoulliUnits(3).states()
    for row in h:
        p = (-rbm.energy(v, row.expand(8, 3))).softmax(0)
        np.testing.assert_allclose(torch.sigmoid(row @ down.weight + down.bias), p @ v, atol=1e-12)
    assert (torch.sigmoid(h @ rbm.W) - torch.sigmoid(h @ rbm.W.T)).abs().max() > 0.1


def test_passing_up_and_transform_hand_probabilities_on():
    stack = random_stack(n_labels=7)
    v = torch.rand(11, 5, generator=torch.Generator().manual_seed(3), dtype=F64)
    h = v.numpy()
    for weight, bias in (*stack.recognition, (stack.top.W[:2], stack.top.b)):
        h = 1 / (1 + np.exp(-(h @ weight.numpy() + bias.numpy())))
    np.testing.assert_allclose(stack.transform(v), h, rtol=1e-12)
    assert [m.shape for m in stack.means_up(v)] == [(11, 3), (11, 2), (11, 4)]


def test_labels_are_summed_out():
    stack = random_stack(n_labels=7, seed=4)
    h = BernoulliUnits(2).states()
    weights = torch.stack([torch.cat([h, label.expand(4, 7)], 1) for label in torch.eye(7, dtype=F64)], 1)
    np.testing.assert_allclose(stack.label_log_weights(h), -stack.top.free_energy(weights), atol=1e-12)
    np.testing.assert_allclose(stack.log_top(h).logsumexp(0), log_z(stack.top), rtol=1e-12)


def test_samples_go_down_with_the_right_frequencies():
    stack = random_stack((3, 2, 5), seed=5)
    h = torch.tensor([[1.0, 0.0]], dtype=F64).expand(20_000, 2)
    states, mean = stack.sample_down(h, torch.Generator().manual_seed(0))
    assert torch.equal(states[1], h)
    expected = torch.sigmoid(stack.generative[0].weight[0] + stack.generative[0].bias)
    np.testing.assert_allclose(mean[0], expected, rtol=1e-12)
    assert (states[0].mean(0) - expected).abs().max() < 4 * math.sqrt(0.25 / 20_000)


def test_samples_go_up_with_the_right_frequencies():
    stack = random_stack((3, 2, 5), seed=5)
    v = torch.tensor([[1.0, 0.0, 1.0]], dtype=F64).expand(20_000, 3)
    states = stack.sample_up(v, torch.Generator().manual_seed(0))
    expected = torch.sigmoid(v[0] @ stack.recognition[0].weight + stack.recognition[0].bias)
    assert (states[1].mean(0) - expected).abs().max() < 4 * math.sqrt(0.25 / 20_000)


def test_samples_pass_through_all_directed_layers():
    stack = random_stack(seed=7)
    h2 = torch.tensor([[1.0, 0.0]], dtype=F64)
    states, _ = stack.sample_down(h2.expand(20_000, 2), torch.Generator().manual_seed(0))
    assert [x.shape[1] for x in states] == [5, 3, 2]
    v, h1 = BernoulliUnits(8).states().split((5, 3), dim=1)
    p = stack.log_directed([v, h1, h2.expand(256, 2)]).exp()
    for found, listed in ((states[0], v), (states[1], h1)):
        assert (found.mean(0) - p @ listed).abs().max() < 4 * math.sqrt(0.25 / 20_000)


@pytest.mark.parametrize("wanted", range(3))
def test_gibbs_steps_at_the_top_with_a_clamped_label_reach_the_conditional_distribution(wanted):
    stack = random_stack((3, 2, 5), n_labels=3, seed=6)
    stack.top.W.mul_(2.0)  # so that labels matter
    label = torch.eye(3, dtype=F64)[wanted].expand(5000, 3)
    x = stack.sample_top(torch.zeros(5000, 5, dtype=F64), 100, torch.Generator().manual_seed(0), labels=label)
    h = BernoulliUnits(2).states()
    exact = stack.label_log_weights(h).softmax(0).T @ h
    assert (exact[0] - exact[1]).abs().max() > 0.1
    assert (x[:, :2].mean(0) - exact[wanted]).abs().max() < 4 * math.sqrt(0.25 / 5000)


def test_bernoulli_log_probability_stands_large_fields():
    field = torch.tensor([800.0, -800.0], dtype=F64)
    assert bernoulli_log_probability(torch.tensor([1.0, 0.0], dtype=F64), field) == 0
    assert bernoulli_log_probability(torch.tensor([0.0, 0.0], dtype=F64), field) == -800


def test_errors_name_the_sizes():
    stack = random_stack()
    with pytest.raises(ValueError, match="there are 2 recognition layers, but 1 generative ones"):
        BeliefStack(stack.recognition, stack.generative[:1], stack.top)
    with pytest.raises(ValueError, match=r"the way up from layer 0 has shape \(5, 3\), the way down \(2, 3\)"):
        BeliefStack(stack.recognition, stack.generative[::-1], stack.top)
    small = Harmonium(torch.zeros(1, 4), torch.zeros(1), torch.zeros(4))
    with pytest.raises(ValueError, match="the top machine sees 1 units, but the layer below has 2"):
        BeliefStack(stack.recognition, stack.generative, small)
