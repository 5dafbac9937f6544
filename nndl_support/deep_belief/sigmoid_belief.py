r"""Sigmoid belief network (Sigmoid 信念网络): units that are 0 or 1, each caused by its parents through a logistic function.

.. math:: p(x) = \prod_k p(x_k \mid x_{\pi_k}), \qquad
    p(x_k = 1 \mid x_{\pi_k}) = \sigma\Bigl(b_k + \sum_{i \in \pi_k} W_{ik} x_i\Bigr)

Parents stand before their children. What generates easily is hard to invert: the posterior of the causes is a sum over all their
states, done here in full, for networks that are small.

Shapes: K units, B examples of the last V units, S states, H = K - V hidden units.

References
----------
Neal (1992), Connectionist learning of belief networks, Artificial Intelligence 56,
https://doi.org/10.1016/0004-3702(92)90065-6; Qiu (2019), equation 12.65.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Self

import torch
from torch import Generator, Tensor

from nndl_support.deep_belief.belief_stack import bernoulli_log_probability
from nndl_support.deep_belief.units import BernoulliUnits

__all__ = ["SigmoidBeliefNetwork", "em_step", "exact_gradient", "layered", "log_likelihood"]

_MAX_HIDDEN = 16


@dataclass(frozen=True)
class SigmoidBeliefNetwork:
    """Units in an order in which every parent stands before its children.

    Parameters
    ----------
    W : tensor (K, K), strictly upper triangular
        W[i, k] is the weight from parent i to child k.
    b : tensor (K,), biases
    mask : tensor (K, K) of bool, optional
        Connections that exist and may learn; all that point forward unless given.

    Raises
    ------
    ValueError
        When sizes do not match, or a weight points backward.

    Examples
    --------
    >>> rain_then_wet = SigmoidBeliefNetwork(torch.tensor([[0.0, 20.0], [0.0, 0.0]]), torch.tensor([0.0, -10.0]))
    >>> rain_then_wet.log_joint(torch.tensor([1.0, 1.0])).exp()
    tensor(0.5000)
    """

    W: Tensor
    b: Tensor
    mask: Tensor = None  # type: ignore[assignment]

    def __post_init__(self) -> None:
        k = len(self.b)
        if self.W.shape != (k, k) or self.b.ndim != 1:
            raise ValueError(f"W has shape {tuple(self.W.shape)}, b {tuple(self.b.shape)}; expected (K, K) and (K,)")
        forward = torch.ones_like(self.W, dtype=torch.bool).triu(1)
        if self.mask is None:
            object.__setattr__(self, "mask", forward)
        if self.mask.shape != (k, k) or (self.mask & ~forward).any():
            raise ValueError(
                f"mask has shape {tuple(self.mask.shape)}; expected ({k}, {k}), True only above the diagonal"
            )
        if (wrong := (self.W != 0) & ~self.mask).any():
            i, j = wrong.nonzero()[0].tolist()
            raise ValueError(f"W[{i}, {j}] is not 0, but the network has no connection from unit {i} to unit {j}")

    def fields(self, x: Tensor) -> Tensor:
        """b + x W, what every unit receives from its parents: (..., K) to (..., K)."""
        if x.shape[-1] != len(self.b):
            raise ValueError(f"x has {x.shape[-1]} columns, but the network has {len(self.b)} units")
        return self.b + x @ self.W

    def log_joint(self, x: Tensor) -> Tensor:
        """log p(x) of states of all units: (..., K) to (...), in nats."""
        return bernoulli_log_probability(x, self.fields(x))

    def sample(self, n: int, generator: Generator | None = None) -> Tensor:
        """States (n, K), drawn unit by unit from the causes to the effects."""
        u = torch.rand((n, len(self.b)), generator=generator, dtype=self.W.dtype, device=self.W.device)
        x = torch.zeros_like(u)
        for k in range(len(self.b)):
            x[:, k] = u[:, k] < torch.sigmoid(self.b[k] + x @ self.W[:, k])
        return x

    def posterior(self, evidence: Mapping[int, float]) -> tuple[Tensor, Tensor]:
        """Probabilities of all states that agree with the evidence.

        Parameters
        ----------
        evidence : mapping from the numbers of observed units to 0 or 1

        Returns
        -------
        tensor (S, K), tensor (S,)
            The states, and their probabilities given the evidence.
        """
        hidden = [k for k in range(len(self.b)) if k not in evidence]
        _check_size(len(hidden))
        x = self.W.new_zeros((2 ** len(hidden), len(self.b)))
        if hidden:
            x[:, hidden] = BernoulliUnits(len(hidden)).states(dtype=x.dtype, device=x.device)
        for unit, value in evidence.items():
            x[:, unit] = value
        return x, self.log_joint(x).softmax(0)

    def moved(self, step: tuple[Tensor, Tensor], rate: float) -> Self:
        """The network after a step of length ``rate`` in the direction of (W, b)."""
        return replace(self, W=self.W + rate * step[0], b=self.b + rate * step[1])


def layered(weights: Sequence[Tensor], biases: Sequence[Tensor]) -> SigmoidBeliefNetwork:
    """A network of layers, each the only parent of the next.

    Parameters
    ----------
    weights : sequence of tensors (n_l, n_{l+1}), from the topmost causes down to the data
    biases : sequence of tensors (n_l,), one more than there are weights

    Examples
    --------
    >>> layered([torch.ones(2, 3)], [torch.zeros(2), torch.zeros(3)]).mask.sum()
    tensor(6)
    """
    sizes = [len(b) for b in biases]
    W = torch.zeros((sum(sizes), sum(sizes)), dtype=biases[0].dtype, device=biases[0].device)
    mask, top = torch.zeros_like(W, dtype=torch.bool), 0
    for weight, above, below in zip(weights, sizes[:-1], sizes[1:], strict=True):
        rows, columns = slice(top, top + above), slice(top + above, top + above + below)
        W[rows, columns], mask[rows, columns] = weight, True
        top += above
    return SigmoidBeliefNetwork(W, torch.cat(list(biases)), mask)


def log_likelihood(network: SigmoidBeliefNetwork, v: Tensor) -> Tensor:
    """log p(v) of the last V units, the others summed out: (B, V) to (B,), in nats.

    Examples
    --------
    >>> log_likelihood(layered([torch.zeros(2, 3)], [torch.zeros(2), torch.zeros(3)]), torch.zeros(1, 3)).exp()
    tensor([0.1250])
    """
    return network.log_joint(_completed(network, v)).logsumexp(1)


def exact_gradient(network: SigmoidBeliefNetwork, v: Tensor) -> tuple[Tensor, Tensor]:
    r"""Gradient of the mean of log p(v): a delta rule, averaged over the exact posterior of the causes.

    .. math:: \frac{\partial \log p(v)}{\partial W_{ik}}
        = \mathbb E_{p(h \mid v)}\bigl[x_i\,(x_k - p(x_k = 1 \mid x_{\pi_k}))\bigr]

    Parameters
    ----------
    network : SigmoidBeliefNetwork
    v : tensor (B, V), the last V units

    Returns
    -------
    tensor (K, K), tensor (K,)

    Examples
    --------
    >>> exact_gradient(SigmoidBeliefNetwork(torch.zeros(1, 1), torch.zeros(1)), torch.ones(1, 1))[1]
    tensor([0.5000])
    """
    x = _completed(network, v)
    return _expected_delta(network, x, network.log_joint(x).softmax(1))


def em_step(network: SigmoidBeliefNetwork, v: Tensor, *, n_steps: int = 20, rate: float = 1.0) -> SigmoidBeliefNetwork:
    """One step of expectation maximisation: the posterior is computed once, then the weights climb towards what it expects.

    Parameters
    ----------
    network : SigmoidBeliefNetwork
    v : tensor (B, V), the last V units
    n_steps : int
        Gradient steps of the second half; what they climb is concave, a logistic regression for every unit.
    rate : float > 0

    Examples
    --------
    >>> network, v = layered([torch.ones(1, 2)], [torch.zeros(1), torch.zeros(2)]), torch.ones(4, 2)
    >>> bool(log_likelihood(em_step(network, v), v).mean() > log_likelihood(network, v).mean())
    True
    """
    x = _completed(network, v)
    posterior = network.log_joint(x).softmax(1)
    for _ in range(n_steps):
        network = network.moved(_expected_delta(network, x, posterior), rate)
    return network


def _expected_delta(network: SigmoidBeliefNetwork, x: Tensor, p: Tensor) -> tuple[Tensor, Tensor]:
    """x (B, S, K) with weights p (B, S): the mean over B of the expectation over S of the delta rule."""
    error = p[..., None] * (x - torch.sigmoid(network.fields(x)))
    return torch.einsum("bsi,bsk->ik", x, error) / len(x) * network.mask, error.sum((0, 1)) / len(x)


def _completed(network: SigmoidBeliefNetwork, v: Tensor) -> Tensor:
    """Every example beside every state of the hidden units: (B, V) to (B, S, K)."""
    n_hidden = len(network.b) - v.shape[-1]
    if n_hidden < 0:
        raise ValueError(f"v has {v.shape[-1]} columns, but the network has {len(network.b)} units")
    _check_size(n_hidden)
    if not n_hidden:
        return v[:, None]
    h = BernoulliUnits(n_hidden).states(dtype=v.dtype, device=v.device)
    return torch.cat([h.expand(len(v), -1, -1), v[:, None].expand(-1, len(h), -1)], dim=2)


def _check_size(n_hidden: int) -> None:
    if n_hidden > _MAX_HIDDEN:
        raise ValueError(
            f"{n_hidden} units are not observed, with 2^{n_hidden} = {math.pow(2, n_hidden):.3g} states; the exact posterior "
            f"is for at most {_MAX_HIDDEN}"
        )
