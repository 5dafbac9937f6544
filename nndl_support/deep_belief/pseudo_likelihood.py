r"""Pseudo-likelihood: the probability of every unit given all others, in which the partition function cancels.

.. math:: \mathrm{PL}(v) = \sum_i \log p(v_i \mid v_{-i}) = -\sum_i \log\bigl(1 + e^{F(v) - F(v^{(i)})}\bigr)

where :math:`v^{(i)}` is v with unit i turned over. One conditional needs two free energies and no sum over states.

Shapes: B examples, V visible units, H hidden units.

References
----------
Besag (1975), Statistical analysis of non-lattice data, The Statistician 24(3), https://doi.org/10.2307/2987782; the stochastic
form is that of scikit-learn's ``BernoulliRBM.score_samples``.
"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Generator, Tensor

from nndl_support.deep_belief.annealing_path import as_harmonium
from nndl_support.deep_belief.harmonium import Harmonium
from nndl_support.deep_belief.units import BernoulliUnits

__all__ = ["flip_costs", "log_pseudo_likelihood", "stochastic_log_pseudo_likelihood"]

_MAX_ENTRIES = 2**22


def flip_costs(rbm: Harmonium, v: Tensor) -> Tensor:
    r"""By how much the free energy rises when one unit is turned over: (B, V) to (B, V), in nats.

    .. math:: F(v^{(i)}) - F(v) = -d_i a_i - A\bigl(b + W^\top v + d_i W_i\bigr) + A\bigl(b + W^\top v\bigr), \qquad
        d_i = 1 - 2 v_i

    Turning over unit i changes the field of the hidden units by one row of W, so no free energy is computed anew.

    Examples
    --------
    >>> rbm = Harmonium(torch.zeros(2, 1), torch.tensor([1.0, 2.0]), torch.zeros(1))
    >>> flip_costs(rbm, torch.tensor([[0.0, 1.0]]))
    tensor([[-1.,  2.]])
    """
    if not isinstance(rbm.visible, BernoulliUnits):
        raise TypeError(f"units that are 0 or 1 can be turned over; the visible layer is {rbm.visible!r}")
    rbm.visible.check(v)
    rows = max(1, _MAX_ENTRIES // rbm.W.numel())
    costs = []
    for chunk in v.split(rows):
        d = 1 - 2 * chunk
        field = rbm.hidden_field(chunk)
        flipped = rbm.hidden.log_normalizer(field[:, None, :] + d[:, :, None] * rbm.W)
        costs.append(rbm.hidden.log_normalizer(field)[:, None] - flipped - d * rbm.a)
    return torch.cat(costs)


def log_pseudo_likelihood(rbm: Any, v: Any) -> Tensor:
    """Sum over the units of log p(v_i | all others): (B, V) to (B,), in nats.

    Parameters
    ----------
    rbm : fitted RestrictedBoltzmannMachine, or Harmonium, with visible units that are 0 or 1
    v : array or tensor (B, V), entries 0 or 1

    Examples
    --------
    >>> rbm = Harmonium(torch.zeros(3, 2), torch.zeros(3), torch.zeros(2))
    >>> log_pseudo_likelihood(rbm, torch.zeros(1, 3)).exp()  # three fair coins
    tensor([0.1250])
    """
    machine = as_harmonium(rbm)
    return F.logsigmoid(flip_costs(machine, torch.as_tensor(v).to(machine.W))).sum(1)


def stochastic_log_pseudo_likelihood(rbm: Any, v: Any, generator: Generator | None = None) -> Tensor:
    """V times the term of one unit, drawn anew for every example: unbiased, and V times cheaper; (B, V) to (B,), in nats.

    Parameters
    ----------
    rbm : fitted RestrictedBoltzmannMachine, or Harmonium, with visible units that are 0 or 1
    v : array or tensor (B, V), entries 0 or 1
    generator : torch.Generator, optional

    Examples
    --------
    >>> rbm = Harmonium(torch.zeros(3, 2), torch.zeros(3), torch.zeros(2))
    >>> stochastic_log_pseudo_likelihood(rbm, torch.zeros(1, 3)).exp()
    tensor([0.1250])
    """
    machine = as_harmonium(rbm)
    if not isinstance(machine.visible, BernoulliUnits):
        raise TypeError(f"units that are 0 or 1 can be turned over; the visible layer is {machine.visible!r}")
    x = torch.as_tensor(v).to(machine.W)
    machine.visible.check(x)
    rows = torch.arange(len(x), device=x.device)
    unit = torch.randint(x.shape[1], (len(x),), generator=generator, device=x.device)
    # as in flip_costs, for one unit of every row: the field changes by one row of W
    d = 1 - 2 * x[rows, unit]
    field = machine.hidden_field(x)
    cost = machine.hidden.log_normalizer(field) - d * machine.a[unit]
    cost -= machine.hidden.log_normalizer(field.addcmul_(d[:, None], machine.W[unit]))
    return x.shape[1] * F.logsigmoid(cost)
