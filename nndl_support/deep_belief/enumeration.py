r"""What is exact about a small restricted Boltzmann machine: its partition function, its moments, its likelihood.

One layer is summed out in closed form, the states of the other are listed, so the work grows with the smaller layer only:

.. math:: Z = \sum_v e^{-F(v)} = \sum_h e^{-F(h)}

Shapes: B examples, V visible units, H hidden units, S states of the layer that is listed.

References
----------
Qiu (2019), equations 12.32 and 12.52-12.56.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from nndl_support.deep_belief.harmonium import Harmonium
from nndl_support.deep_belief.moments import Moments

__all__ = ["MAX_LOG2_STATES", "exact_log_likelihood", "exact_moments", "is_enumerable", "log_z"]

#: Layers with more than 2 to this power states are not listed.
MAX_LOG2_STATES = 20
_CHUNK = 2**14


def is_enumerable(rbm: Harmonium) -> bool:
    """Whether one of the layers has few enough states to be listed.

    Examples
    --------
    >>> is_enumerable(Harmonium(torch.zeros(784, 20), torch.zeros(784), torch.zeros(20)))
    True
    """
    return min(rbm.visible.n_states, rbm.hidden.n_states) <= 2**MAX_LOG2_STATES


def log_z(rbm: Harmonium) -> Tensor:
    """Logarithm of the partition function, in nats, a tensor () of float64.

    Raises
    ------
    ValueError
        When both layers have more than a million states.

    Examples
    --------
    >>> rbm = Harmonium(torch.zeros(3, 2), torch.zeros(3), torch.zeros(2))
    >>> (log_z(rbm) / math.log(2.0)).item()  # 2 to the 5 states of weight one
    5.0
    """
    listed, states, _ = _listed(rbm)
    return torch.cat([-listed.free_energy(chunk) for chunk in states.split(_CHUNK)]).logsumexp(0)


def exact_log_likelihood(rbm: Harmonium, v: Tensor) -> Tensor:
    """log p(v) of every row, in nats: (B, V) to (B,), float64.

    Examples
    --------
    >>> rbm = Harmonium(torch.zeros(3, 2), torch.zeros(3), torch.zeros(2))
    >>> exact_log_likelihood(rbm, torch.zeros(1, 3)).exp()
    tensor([0.1250], dtype=torch.float64)
    """
    return -rbm.to(torch.float64).free_energy(v.double()) - log_z(rbm)


def exact_moments(rbm: Harmonium) -> Moments:
    """E[v h^T], E[v] and E[h] under the model: the negative phase without a sample; in the precision of the parameters.

    Examples
    --------
    >>> exact_moments(Harmonium(torch.zeros(2, 1), torch.zeros(2), torch.zeros(1))).W
    tensor([[0.2500],
            [0.2500]])
    """
    listed, states, turned = _listed(rbm, rbm.W.dtype)
    log_p = torch.cat([-listed.free_energy(chunk) for chunk in states.split(_CHUNK)])
    p = log_p.softmax(0)
    # the listed layer is x, the other y: E[x y^T] = sum_x p(x) x E[y | x]^T
    xy = torch.zeros_like(listed.W)
    y_mean = torch.zeros_like(listed.b)
    for x, weight in zip(states.split(_CHUNK), p.split(_CHUNK), strict=True):
        weighted = weight[:, None] * listed.mean_hidden(x)
        xy += x.T @ weighted
        y_mean += weighted.sum(0)
    x_mean = p @ states
    return Moments(xy.T, y_mean, x_mean) if turned else Moments(xy, x_mean, y_mean)


def _listed(rbm: Harmonium, dtype: torch.dtype = torch.float64) -> tuple[Harmonium, Tensor, bool]:
    """The machine turned so that its visible layer is the one to list, the states of that layer, and whether it was turned."""
    if not is_enumerable(rbm):
        counts = (rbm.visible.n_states, rbm.hidden.n_states)
        sizes = ["infinitely many" if n == math.inf else f"2^{math.log2(n):.0f}" for n in counts]
        raise ValueError(
            f"the layers {rbm.visible!r} and {rbm.hidden!r} have {sizes[0]} and {sizes[1]} states; one of them must have "
            f"at most 2^{MAX_LOG2_STATES} to be enumerated: estimate instead, by annealed importance sampling"
        )
    turned = rbm.hidden.n_states < rbm.visible.n_states
    listed = (rbm.transposed() if turned else rbm).to(dtype)
    return listed, listed.visible.states(dtype=dtype, device=rbm.W.device), turned
