r"""How likely a deep belief network finds its data: the variational bound, and the truth where it can be enumerated.

.. math:: \log p(v) \;\ge\; \mathcal L(v) = \mathbb E_{q(h \mid v)}\bigl[\log p(v, h) - \log q(h \mid v)\bigr]
    = \log p(v) - \operatorname{KL}\bigl(q(h \mid v) \,\|\, p(h \mid v)\bigr)

Here h stands for the layers 1, ..., L - 1; the topmost layer is summed out in closed form. q draws each layer from the one
below by the recognition weights.

Shapes: B examples, n_l units in layer l, S joint states of the layers 1, ..., L - 1.

References
----------
Hinton, Osindero and Teh (2006), section 4, https://doi.org/10.1162/neco.2006.18.7.1527; Salakhutdinov and Murray (2008),
https://doi.org/10.1145/1390156.1390266, section 5; Burda, Grosse and Salakhutdinov (2015), https://arxiv.org/abs/1509.00519.
"""

from __future__ import annotations

import math

import torch
from torch import Generator, Tensor

from nndl_support.deep_belief import enumeration
from nndl_support.deep_belief.belief_stack import BeliefStack
from nndl_support.deep_belief.units import BernoulliUnits

__all__ = [
    "exact_bound",
    "exact_log_likelihood",
    "exact_log_posterior",
    "hidden_states",
    "importance_weighted_bound",
    "log_weights",
    "sampled_bound",
]

_MAX_UNITS = 20


def hidden_states(stack: BeliefStack) -> list[Tensor]:
    """All joint states of the layers 1, ..., L - 1: L - 1 tensors (S, n_l), float64.

    Raises
    ------
    ValueError
        When these layers have more than 20 units together.

    Examples
    --------
    >>> from nndl_support.deep_belief.harmonium import Harmonium
    >>> rbm = Harmonium(torch.zeros(3, 2), torch.zeros(3), torch.zeros(2))
    >>> hidden_states(BeliefStack.from_machines([rbm, rbm.transposed()]))[0].shape
    torch.Size([4, 2])
    """
    sizes = stack.sizes[1:-1]
    if sum(sizes) > _MAX_UNITS:
        raise ValueError(
            f"the layers between data and top have {'+'.join(map(str, sizes))} units; enumeration goes to {_MAX_UNITS}: "
            "estimate by sampling instead"
        )
    if not sizes:
        return []
    return list(BernoulliUnits(sum(sizes)).states(device=stack.top.W.device).split(sizes, dim=1))


def exact_log_likelihood(stack: BeliefStack, v: Tensor) -> Tensor:
    """log p(v) of every row by enumeration: (B, n_0) to (B,), in nats.

    Examples
    --------
    >>> from nndl_support.deep_belief.harmonium import Harmonium
    >>> rbm = Harmonium(torch.zeros(3, 2), torch.zeros(3), torch.zeros(2))
    >>> exact_log_likelihood(BeliefStack.from_machines([rbm, rbm.transposed()]), torch.zeros(1, 3)).exp()
    tensor([0.1250], dtype=torch.float64)
    """
    return _log_joint(stack, v).logsumexp(-1)


def exact_log_posterior(stack: BeliefStack, v: Tensor) -> Tensor:
    """log p(h | v) of the states of :func:`hidden_states`: (B, n_0) to (B, S), in nats.

    Examples
    --------
    >>> from nndl_support.deep_belief.harmonium import Harmonium
    >>> rbm = Harmonium(torch.zeros(3, 1), torch.zeros(3), torch.zeros(1))
    >>> exact_log_posterior(BeliefStack.from_machines([rbm, rbm.transposed()]), torch.zeros(1, 3)).exp()
    tensor([[0.5000, 0.5000]], dtype=torch.float64)
    """
    return _log_joint(stack, v).log_softmax(-1)


def exact_bound(stack: BeliefStack, v: Tensor) -> Tensor:
    """The variational bound of every row by enumeration: (B, n_0) to (B,), in nats.

    Examples
    --------
    >>> from nndl_support.deep_belief.harmonium import Harmonium
    >>> rbm = Harmonium(torch.ones(3, 2), torch.zeros(3), torch.zeros(2))
    >>> stack, v = BeliefStack.from_machines([rbm, rbm.transposed()]), torch.zeros(1, 3)
    >>> (exact_bound(stack, v) - enumeration.exact_log_likelihood(rbm, v)).abs() < 1e-12  # nothing is lost at this start
    tensor([True])
    """
    log_joint, states = _log_joint(stack, v), hidden_states(stack)
    stack, v = stack.to(torch.float64), v.double()
    log_q = stack.log_recognition(_beside(v, states)) if states else torch.zeros_like(log_joint)
    # a state that q never proposes contributes 0, not 0 times minus infinity
    return torch.where(log_q > -math.inf, log_q.exp() * (log_joint - log_q), 0.0).sum(-1)


def log_weights(stack: BeliefStack, states: list[Tensor], log_z: float | Tensor) -> Tensor:
    """log p(v, h) - log q(h | v) of states of the layers 0, ..., L - 1: L tensors (..., n_l) to (...), in nats.

    Examples
    --------
    >>> from nndl_support.deep_belief.harmonium import Harmonium
    >>> rbm = Harmonium(torch.zeros(3, 2), torch.zeros(3), torch.zeros(2))
    >>> stack = BeliefStack.from_machines([rbm, rbm.transposed()])
    >>> log_weights(stack, stack.sample_up(torch.zeros(1, 3)), math.log(32.0)).exp()
    tensor([0.1250])
    """
    return stack.log_directed(states) + stack.log_top(states[-1]) - log_z - stack.log_recognition(states)


def sampled_bound(
    stack: BeliefStack, v: Tensor, log_z: float | Tensor, *, n_samples: int = 10, generator: Generator | None = None
) -> Tensor:
    """Unbiased estimate of the bound: the mean over draws of h from q; (B, n_0) to (B,), in nats.

    Examples
    --------
    >>> from nndl_support.deep_belief.harmonium import Harmonium
    >>> rbm = Harmonium(torch.zeros(3, 2), torch.zeros(3), torch.zeros(2))
    >>> stack = BeliefStack.from_machines([rbm, rbm.transposed()])
    >>> sampled_bound(stack, torch.zeros(1, 3), math.log(32.0)).exp()
    tensor([0.1250])
    """
    return _drawn_log_weights(stack, v, log_z, n_samples, generator).mean(0)


def importance_weighted_bound(
    stack: BeliefStack, v: Tensor, log_z: float | Tensor, *, n_samples: int = 100, generator: Generator | None = None
) -> Tensor:
    r"""A closer bound: the logarithm of the mean of p(v, h) / q(h | v); (B, n_0) to (B,), in nats.

    .. math:: \mathcal L \le \mathbb E \log \frac1K \sum_{k=1}^K \frac{p(v, h_k)}{q(h_k \mid v)} \le \log p(v)

    It rises to log p(v) with the number of draws K.

    Examples
    --------
    >>> from nndl_support.deep_belief.harmonium import Harmonium
    >>> rbm = Harmonium(torch.zeros(3, 2), torch.zeros(3), torch.zeros(2))
    >>> stack = BeliefStack.from_machines([rbm, rbm.transposed()])
    >>> importance_weighted_bound(stack, torch.zeros(1, 3), math.log(32.0)).exp()
    tensor([0.1250])
    """
    weights = _drawn_log_weights(stack, v, log_z, n_samples, generator)
    return weights.logsumexp(0) - math.log(n_samples)


def _drawn_log_weights(
    stack: BeliefStack, v: Tensor, log_z: float | Tensor, n_samples: int, generator: Generator | None
) -> Tensor:
    """(n_samples, B)"""
    if n_samples < 1:
        raise ValueError(f"n_samples is {n_samples}; expected at least 1")
    return torch.stack([log_weights(stack, stack.sample_up(v, generator), log_z) for _ in range(n_samples)])


def _log_joint(stack: BeliefStack, v: Tensor) -> Tensor:
    """log p(v, h) for all states of the hidden layers but the topmost: (B, n_0) to (B, S)."""
    states = hidden_states(stack)
    stack, v = stack.to(torch.float64), v.double()
    log_z = enumeration.log_z(stack.top)
    if not states:
        return (stack.log_top(v) - log_z)[:, None]
    return stack.log_directed(_beside(v, states)) + stack.log_top(states[-1]) - log_z


def _beside(v: Tensor, states: list[Tensor]) -> list[Tensor]:
    """Data (B, 1, n_0) beside hidden states (1, S, n_l), so that every pair meets."""
    n_rows, n_states = len(v), len(states[0])
    return [v[:, None].expand(-1, n_states, -1)] + [h.expand(n_rows, -1, -1) for h in states]
