r"""Wake-sleep without a sample, for networks small enough that every state can be listed.

The wake direction is then the gradient of the variational bound with respect to everything that generates; the sleep direction is
the gradient of :math:`\mathbb E_{p(v, h)}[\log q(h \mid v)]`, which is *not* that of the bound.

Shapes: B examples, n_l units in layer l, S joint states of the layers 1, ..., L - 1.

References
----------
Hinton, Dayan, Frey and Neal (1995), https://doi.org/10.1126/science.7761831.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from nndl_support.deep_belief.belief_stack import BeliefStack
from nndl_support.deep_belief.dbn_bound import hidden_states
from nndl_support.deep_belief.enumeration import exact_moments, log_z
from nndl_support.deep_belief.harmonium import Harmonium
from nndl_support.deep_belief.moments import Moments
from nndl_support.deep_belief.units import BernoulliUnits
from nndl_support.deep_belief.wake_sleep import Direction, delta_rule, moved

__all__ = ["climb", "exact_wake_sleep"]


def exact_wake_sleep(stack: BeliefStack, v: Tensor, *, parts: Sequence[str] = Direction._fields) -> Direction:
    """The directions of :func:`.contrastive_wake_sleep` in expectation, the chain of the top machine run for ever.

    Parameters
    ----------
    stack : BeliefStack of float64, without labels
    v : tensor (B, n_0)
    parts : of "recognition", "generative" and "top", those whose direction is wanted; others come out empty or zero

    Returns
    -------
    Direction

    Examples
    --------
    >>> rbm = Harmonium(torch.zeros(3, 2).double(), torch.zeros(3).double(), torch.zeros(2).double())
    >>> stack = BeliefStack.from_machines([rbm, rbm.transposed()])
    >>> exact_wake_sleep(stack, torch.ones(1, 3).double()).generative[0].bias
    tensor([0.5000, 0.5000, 0.5000], dtype=torch.float64)
    """
    if stack.n_labels:
        raise ValueError(
            f"the top machine has {stack.n_labels} labels; exact wake-sleep is for networks without labels"
        )
    generative, recognition = [], []
    top = Moments(*(torch.zeros_like(p) for p in (stack.top.W, stack.top.a, stack.top.b)))
    # Wake: every example with every hidden state, weighted with q(h | v)
    awake = _paired(v, hidden_states(stack))
    weight = stack.log_recognition(awake).exp() / len(v)
    if "generative" in parts:
        generative = [
            delta_rule(above, below, down, weight)
            for below, above, down in zip(awake[:-1], awake[1:], stack.generative, strict=True)
        ]
    if "top" in parts:
        top = _weighted_moments(stack.top, awake[-1], weight).minus(exact_moments(stack.top))
    # Sleep: everything that can be dreamt, weighted with p(v, h)
    if "recognition" in parts:
        everything = BernoulliUnits(stack.sizes[0]).states(device=v.device)
        asleep = _paired(everything, hidden_states(stack))
        weight = (stack.log_directed(asleep) + stack.log_top(asleep[-1]) - log_z(stack.top)).exp()
        recognition = [
            delta_rule(below, above, up, weight)
            for below, above, up in zip(asleep[:-1], asleep[1:], stack.recognition, strict=True)
        ]
    return Direction(recognition, generative, top)


def climb(
    stack: BeliefStack, v: Tensor, *, n_steps: int, rate: float, parts: Sequence[str] = Direction._fields
) -> BeliefStack:
    """The network after ``n_steps`` of :func:`exact_wake_sleep` for all examples together, of all parts or of some.

    Examples
    --------
    >>> from nndl_support.deep_belief.dbn_bound import exact_bound
    >>> rbm = Harmonium(torch.zeros(3, 2).double(), torch.zeros(3).double(), torch.zeros(2).double())
    >>> stack, v = BeliefStack.from_machines([rbm, rbm.transposed()]), torch.ones(1, 3).double()
    >>> float(exact_bound(climb(stack, v, n_steps=50, rate=1.0), v).exp().round(decimals=1))
    1.0
    """
    for _ in range(n_steps):
        stack = moved(stack, exact_wake_sleep(stack, v, parts=parts), rate, parts=parts)
    return stack


def _weighted_moments(rbm: Harmonium, x: Tensor, weight: Tensor) -> Moments:
    h = rbm.mean_hidden(x) * weight[:, None]
    return Moments(x.T @ h, weight @ x, h.sum(0))


def _paired(v: Tensor, states: list[Tensor]) -> list[Tensor]:
    """Every row of ``v`` with every joint state of the hidden layers: L tensors (B S, n_l)."""
    if not states:
        return [v]
    n_states = len(states[0])
    return [v.repeat_interleave(n_states, 0)] + [h.repeat(len(v), 1) for h in states]
