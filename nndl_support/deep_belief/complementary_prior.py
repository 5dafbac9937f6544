r"""Complementary prior (互补先验): an infinitely deep directed network with tied weights is a restricted Boltzmann machine.

Unroll the Gibbs chain of a machine into layers, :math:`\dots \to h_1 \to v_1 \to h_0 \to v_0`, all with the same weights. From
the top down this is a sigmoid belief network that generates; with infinitely many layers it generates what the machine would.
Each layer above is then exactly the prior that cancels the explaining away in the layer below, so the posterior of h_0 is a
product again.

Shapes: V visible units, H hidden units, S = 2^H states of a hidden layer, B examples; depth is the number of pairs of layers
above h_0.

References
----------
Hinton, Osindero and Teh (2006), section 2 and 3, https://doi.org/10.1162/neco.2006.18.7.1527.
"""

from __future__ import annotations

from torch import Tensor

from nndl_support.deep_belief.belief_stack import bernoulli_log_probability
from nndl_support.deep_belief.harmonium import Harmonium

__all__ = ["tied_log_likelihood", "tied_posterior", "tied_prior", "transition_matrix"]


def transition_matrix(rbm: Harmonium) -> Tensor:
    """One pass down and up again: entry (s, t) is the probability that hidden state s is followed by t; (S, S).

    Examples
    --------
    >>> import torch
    >>> transition_matrix(Harmonium(torch.zeros(2, 1), torch.zeros(2), torch.zeros(1)))
    tensor([[0.5000, 0.5000],
            [0.5000, 0.5000]])
    """
    h = rbm.hidden.states(dtype=rbm.W.dtype, device=rbm.W.device)
    v = rbm.visible.states(dtype=rbm.W.dtype, device=rbm.W.device)
    down = bernoulli_log_probability(v, rbm.visible_field(h)[:, None]).exp()  # (S, 2^V)
    up = bernoulli_log_probability(h, rbm.hidden_field(v)[:, None]).exp()  # (2^V, S)
    return down @ up


def tied_prior(rbm: Harmonium, depth: int) -> Tensor:
    """p(h_0) of the directed network whose topmost layer is a row of independent units with the hidden bias: (S,).

    Examples
    --------
    >>> import torch
    >>> tied_prior(Harmonium(torch.zeros(2, 1), torch.zeros(2), torch.zeros(1)), 3)
    tensor([0.5000, 0.5000])
    """
    h = rbm.hidden.states(dtype=rbm.W.dtype, device=rbm.W.device)
    prior = bernoulli_log_probability(h, rbm.b).exp()
    T = transition_matrix(rbm)
    for _ in range(depth):
        prior = prior @ T
    return prior


def tied_log_likelihood(rbm: Harmonium, v: Tensor, depth: int) -> Tensor:
    """log p(v_0) of the directed network: (B, V) to (B,), in nats; differentiable with respect to the tied weights.

    Examples
    --------
    >>> import torch
    >>> tied_log_likelihood(Harmonium(torch.zeros(2, 1), torch.zeros(2), torch.zeros(1)), torch.zeros(1, 2), 3).exp()
    tensor([0.2500])
    """
    return _log_joint(rbm, v, depth).logsumexp(-1)


def tied_posterior(rbm: Harmonium, v: Tensor, depth: int) -> Tensor:
    """p(h_0 | v_0) of the directed network: (B, V) to (B, S).

    Examples
    --------
    >>> import torch
    >>> tied_posterior(Harmonium(torch.zeros(2, 1), torch.zeros(2), torch.zeros(1)), torch.zeros(1, 2), 3)
    tensor([[0.5000, 0.5000]])
    """
    return _log_joint(rbm, v, depth).softmax(-1)


def _log_joint(rbm: Harmonium, v: Tensor, depth: int) -> Tensor:
    h = rbm.hidden.states(dtype=rbm.W.dtype, device=rbm.W.device)
    # log p(h_0) + log p(v_0 | h_0)
    return tied_prior(rbm, depth).log() + bernoulli_log_probability(v[:, None], rbm.visible_field(h))
