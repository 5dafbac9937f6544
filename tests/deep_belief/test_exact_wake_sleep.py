import math

import numpy as np
import pytest
import torch

from nndl_support.deep_belief import dbn_bound
from nndl_support.deep_belief.belief_stack import BeliefStack, Layer
from nndl_support.deep_belief.exact_wake_sleep import climb, exact_wake_sleep
from nndl_support.deep_belief.harmonium import Harmonium
from nndl_support.deep_belief.wake_sleep import Direction, contrastive_wake_sleep, parameters
from tests.deep_belief.stacks import F64, V_ROWS, random_stack


def free_stack(stack):
    leaves = [p.clone().requires_grad_() for p in parameters(stack)]
    up, down = [Layer(*leaves[0:2]), Layer(*leaves[2:4])], [Layer(*leaves[4:6]), Layer(*leaves[6:8])]
    return leaves, BeliefStack(up, down, Harmonium(*leaves[8:]))


def test_the_wake_direction_is_the_gradient_of_the_bound():
    stack = random_stack(seed=1)
    leaves, free = free_stack(stack)
    expected = torch.autograd.grad(dbn_bound.exact_bound(free, V_ROWS).mean(), leaves[4:])
    found = exact_wake_sleep(stack, V_ROWS)
    flat = [p for layer in found.generative for p in layer] + list(found.top)
    for ours, theirs in zip(flat, expected, strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-10)


def test_the_sleep_direction_is_the_gradient_of_the_dreams_recognition_and_not_of_the_bound():
    stack = random_stack(seed=2)
    leaves, free = free_stack(stack)
    everything = torch.cartesian_prod(*[torch.arange(2)] * 5).to(F64)
    h1, h2 = dbn_bound.hidden_states(stack)
    weight = (
        dbn_bound.exact_log_posterior(stack, everything) + dbn_bound.exact_log_likelihood(stack, everything)[:, None]
    ).exp()
    states = [everything[:, None].expand(-1, 32, -1), h1.expand(32, -1, -1), h2.expand(32, -1, -1)]
    expected = torch.autograd.grad((weight * free.log_recognition(states)).sum(), leaves[:4])
    found = [p for layer in exact_wake_sleep(stack, V_ROWS).recognition for p in layer]
    for ours, theirs in zip(found, expected, strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-10)
    of_bound = torch.autograd.grad(dbn_bound.exact_bound(free, V_ROWS).mean(), leaves[0])[0]
    assert (found[0] - of_bound).abs().max() > 1e-2


def test_sampled_wake_sleep_has_the_exact_direction_on_average():
    stack = random_stack((3, 2, 5), seed=3)
    rows = V_ROWS[:, :3]
    exact, generator = exact_wake_sleep(stack, rows), torch.Generator().manual_seed(0)
    n = 20_000
    drawn = contrastive_wake_sleep(stack, rows.repeat(n, 1), 40, generator)
    tolerance = 5 / math.sqrt(n)
    for part in ("recognition", "generative"):
        for ours, theirs in zip(getattr(drawn, part), getattr(exact, part), strict=True):
            np.testing.assert_allclose(ours.weight, theirs.weight, atol=tolerance)
    np.testing.assert_allclose(drawn.top.W, exact.top.W, atol=tolerance)


@pytest.mark.parametrize("seed", range(4))
def test_training_the_top_raises_the_bound_and_wake_sleep_raises_it_further(seed):
    generator = torch.Generator().manual_seed(seed)
    rbm = Harmonium(*(torch.randn(s, generator=generator, dtype=F64) for s in ((5, 3), (5,), (3,))))
    stack = BeliefStack.from_machines([rbm, rbm.transposed()])
    course = [dbn_bound.exact_bound(stack, V_ROWS).mean()]
    for _ in range(20):
        stack = climb(stack, V_ROWS, n_steps=1, rate=0.2, parts=("top",))
        course.append(dbn_bound.exact_bound(stack, V_ROWS).mean())
    assert min(np.diff(torch.stack(course).numpy())) > 0
    refined = climb(stack, V_ROWS, n_steps=60, rate=0.2)
    assert dbn_bound.exact_bound(refined, V_ROWS).mean() > course[-1] + 0.05


def test_parts_that_are_not_wanted_are_not_computed():
    found = exact_wake_sleep(random_stack(), V_ROWS, parts=("top",))
    assert found.recognition == found.generative == []
    assert found.top.W.abs().max() > 0
    assert Direction._fields == ("recognition", "generative", "top")
    with pytest.raises(ValueError, match="the top machine has 3 labels"):
        exact_wake_sleep(random_stack(n_labels=3), V_ROWS)
