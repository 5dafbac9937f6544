r"""Wake-sleep: a deep belief network learns to generate while awake, and to recognise while asleep.

Awake, the recognition weights R draw hidden states for real data, and the generative weights G learn to predict each layer from
the one above. Asleep, the generative weights dream, and the recognition weights learn to guess what caused the dream. Both are
delta rules, local to a connection:

.. math:: \Delta G = \eta\, x\,(y - \sigma(x^\top G + g))^\top, \qquad \Delta R = \eta\, y\,(x - \sigma(y^\top R + r))^\top

with :math:`x` the layer above and :math:`y` the layer below. In between, the top machine takes a contrastive divergence step,
which gives the algorithm its other name, up-down.

Shapes: B examples, n_l units in layer l, C labels.

References
----------
Hinton, Dayan, Frey and Neal (1995), The wake-sleep algorithm for unsupervised neural networks, Science 268,
https://doi.org/10.1126/science.7761831; Hinton, Osindero and Teh (2006), https://doi.org/10.1162/neco.2006.18.7.1527, appendix B;
Qiu (2019), section 12.3.2.2.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

import torch
from torch import Generator, Tensor

from nndl_support.deep_belief.belief_stack import BeliefStack, Layer
from nndl_support.deep_belief.moments import Moments, moments

__all__ = ["Direction", "contrastive_wake_sleep", "delta_rule", "moved", "parameters"]


class Direction(NamedTuple):
    """By how much each parameter of a :class:`.BeliefStack` is to move, named like the parameters.

    Examples
    --------
    >>> Direction([], [], Moments(*[torch.zeros(1)] * 3)).top.W
    tensor([0.])
    """

    recognition: Sequence[Layer]
    generative: Sequence[Layer]
    top: Moments


def delta_rule(x: Tensor, y: Tensor, layer: Layer, weight: Tensor | None = None) -> Layer:
    r"""How a layer that sees ``x`` learns to predict ``y``: the gradient of the mean of log p(y | x).

    .. math:: \frac1B \sum_n x_n (y_n - \sigma(W^\top x_n + b))^\top

    Parameters
    ----------
    x : tensor (B, m), the states it sees
    y : tensor (B, n), the states it shall predict
    layer : Layer with weight (m, n), bias (n,)
    weight : tensor (B,), optional
        How much each row counts, with the sum 1; all alike unless given.

    Returns
    -------
    Layer, the direction of weight and bias

    Examples
    --------
    >>> x, y = torch.tensor([[1.0, 0.0]]), torch.tensor([[1.0]])
    >>> delta_rule(x, y, Layer(torch.zeros(2, 1), torch.zeros(1))).weight  # half of the way to the 1 is missing
    tensor([[0.5000],
            [0.0000]])
    """
    error = y - torch.sigmoid(x @ layer.weight + layer.bias)
    error = error / len(x) if weight is None else error * weight[:, None]
    return Layer(x.T @ error, error.sum(0))


def contrastive_wake_sleep(
    stack: BeliefStack, v: Tensor, n_steps: int = 1, generator: Generator | None = None, *, labels: Tensor | None = None
) -> Direction:
    """One pass up from the data, ``n_steps`` Gibbs steps at the top, one pass down.

    Parameters
    ----------
    stack : BeliefStack
    v : tensor (B, n_0), the data
    n_steps : int of at least 1
    generator : torch.Generator, optional
    labels : tensor (B, C), where the top machine has labels

    Returns
    -------
    Direction

    Examples
    --------
    >>> from nndl_support.deep_belief.harmonium import Harmonium
    >>> rbm = Harmonium(torch.zeros(3, 2), torch.zeros(3), torch.zeros(2))
    >>> stack = BeliefStack.from_machines([rbm, rbm.transposed()])
    >>> contrastive_wake_sleep(stack, torch.ones(1, 3)).generative[0].bias  # each pixel is 1 and was expected at a half
    tensor([0.5000, 0.5000, 0.5000])
    """
    # Wake: up by the recognition weights; the way down learns
    awake = stack.sample_up(v, generator)
    generative = [
        delta_rule(above, below, down)
        for below, above, down in zip(awake[:-1], awake[1:], stack.generative, strict=True)
    ]
    # Top: contrastive divergence, from where the data have led
    x = awake[-1] if labels is None else torch.cat([awake[-1], labels], dim=1)
    fantasy = stack.sample_top(x, n_steps, generator)
    top = moments(stack.top, x).minus(moments(stack.top, fantasy))
    # Sleep: down by the generative weights; the way up learns
    asleep, _ = stack.sample_down(fantasy[:, : stack.sizes[-2]], generator)
    recognition = [
        delta_rule(below, above, up)
        for below, above, up in zip(asleep[:-1], asleep[1:], stack.recognition, strict=True)
    ]
    return Direction(recognition, generative, top)


def moved(
    stack: BeliefStack, direction: Direction, rate: float, *, parts: Sequence[str] = Direction._fields
) -> BeliefStack:
    """The network after a step of length ``rate``, of all parts or of some of "recognition", "generative" and "top".

    Examples
    --------
    >>> from nndl_support.deep_belief.harmonium import Harmonium
    >>> stack = BeliefStack([], [], Harmonium(torch.zeros(1, 1), torch.zeros(1), torch.zeros(1)))
    >>> moved(stack, Direction([], [], Moments(torch.ones(1, 1), torch.ones(1), torch.ones(1))), 0.5).top.a
    tensor([0.5000])
    """

    if unknown := set(parts) - set(Direction._fields):
        raise ValueError(f"parts has {sorted(unknown)}; expected some of {', '.join(Direction._fields)}")

    def stepped(part: str) -> Sequence[Layer]:
        layers: Sequence[Layer] = getattr(stack, part)
        if part not in parts:
            return layers
        return [
            Layer(*(p + rate * d for p, d in zip(layer, step, strict=True)))
            for layer, step in zip(layers, getattr(direction, part), strict=True)
        ]

    top = stack.top
    if "top" in parts:
        W, a, b = (p + rate * d for p, d in zip((top.W, top.a, top.b), direction.top, strict=True))
        top = replace(top, W=W, a=a, b=b)
    return BeliefStack(stepped("recognition"), stepped("generative"), top)


def parameters(stack: BeliefStack) -> Iterator[Tensor]:
    """All parameter tensors: recognition, generative, top.

    Examples
    --------
    >>> from nndl_support.deep_belief.harmonium import Harmonium
    >>> [len(p) for p in parameters(BeliefStack([], [], Harmonium(torch.zeros(1, 2), torch.zeros(1), torch.zeros(2))))]
    [1, 1, 2]
    """
    for layer in (*stack.recognition, *stack.generative):
        yield from layer
    yield from (stack.top.W, stack.top.a, stack.top.b)
