import numpy as np
import pytest
import torch

from nndl_support.deep_belief.belief_stack import BeliefStack, Layer, bernoulli_log_probability
from nndl_support.deep_belief.moments import moments
from nndl_support.deep_belief.wake_sleep import contrastive_wake_sleep, delta_rule, moved, parameters
from tests.deep_belief.stacks import F64, V_ROWS, random_stack


def test_a_delta_rule_is_the_gradient_of_the_log_probability():
    generator = torch.Generator().manual_seed(0)
    x, y = (torch.rand(7, n, generator=generator, dtype=F64).round() for n in (3, 5))
    layer = Layer(*(torch.randn(s, generator=generator, dtype=F64).requires_grad_() for s in ((3, 5), (5,))))
    weight = torch.rand(7, generator=generator, dtype=F64)
    weight /= weight.sum()
    for counted in (None, weight):
        log_p = bernoulli_log_probability(y, x @ layer.weight + layer.bias)
        value = log_p.mean() if counted is None else counted @ log_p
        with torch.no_grad():
            ours = delta_rule(x, y, layer, counted)
        for found, expected in zip(ours, torch.autograd.grad(value, layer), strict=True):
            np.testing.assert_allclose(found, expected, atol=1e-12)


def test_each_phase_is_the_delta_rule_of_the_states_that_were_drawn():
    """The same draws, taken from a second generator with the same seed, and autograd on the log-probabilities."""
    stack = random_stack()
    found = contrastive_wake_sleep(stack, V_ROWS, 2, torch.Generator().manual_seed(3))
    same = torch.Generator().manual_seed(3)
    leaves = [p.clone().requires_grad_() for p in parameters(stack)]
    up, down = [Layer(*leaves[0:2]), Layer(*leaves[2:4])], [Layer(*leaves[4:6]), Layer(*leaves[6:8])]
    awake = stack.sample_up(V_ROWS, same)
    fantasy = stack.sample_top(awake[-1], 2, same)
    asleep, _ = stack.sample_down(fantasy, same)
    free = BeliefStack(up, down, stack.top)
    wake = torch.autograd.grad(free.log_directed(awake).mean(), leaves[4:8])
    sleep = torch.autograd.grad(free.log_recognition(asleep).mean(), leaves[0:4])
    for layers, gradients in ((found.generative, wake), (found.recognition, sleep)):
        flat = [p for layer in layers for p in layer]
        for ours, theirs in zip(flat, gradients, strict=True):
            np.testing.assert_allclose(ours, theirs, atol=1e-10)
    expected = moments(stack.top, awake[-1]).minus(moments(stack.top, fantasy))
    for ours, theirs in zip(found.top, expected, strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-12)


def test_with_labels_the_top_learns_them_and_the_layers_below_do_not_see_them():
    stack = random_stack(n_labels=3)
    labels = torch.eye(3, dtype=F64)
    step = contrastive_wake_sleep(stack, V_ROWS, 1, torch.Generator().manual_seed(0), labels=labels)
    assert step.top.W.shape == (5, 4)
    assert step.top.a[2:].sum().abs() < 1e-12  # one label on before, one label on after
    assert [tuple(layer.weight.shape) for layer in step.recognition] == [(5, 3), (3, 2)]


def test_moved_takes_the_parts_it_is_told():
    stack = random_stack()
    step = contrastive_wake_sleep(stack, V_ROWS, 1, torch.Generator().manual_seed(0))
    after = moved(stack, step, 0.5, parts=("top",))
    assert after.recognition is stack.recognition
    np.testing.assert_allclose(after.top.W, stack.top.W + 0.5 * step.top.W)
    whole = moved(stack, step, 0.5)
    np.testing.assert_allclose(whole.generative[1].weight, stack.generative[1].weight + 0.5 * step.generative[1].weight)
    with pytest.raises(ValueError, match=r"parts has \['bottom'\]; expected some of recognition, generative, top"):
        moved(stack, step, 0.5, parts=("bottom",))
