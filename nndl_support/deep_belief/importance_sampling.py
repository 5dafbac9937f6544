r"""Why simple importance sampling does not find a partition function: weights, their effective number, and what is exact of them.

.. math:: \frac{Z}{Z_0} = \mathbb{E}_{p_0}\bigl[w(v)\bigr], \qquad w(v) = e^{F_0(v) - F(v)}

The mean is right for any base distribution :math:`p_0` that leaves no state out. How many draws it takes is another matter.

Shapes: N draws, V visible units, H hidden units, S states.

References
----------
Kong, Liu and Wong (1994), Sequential imputations and Bayesian missing data problems, JASA 89, doi:10.1080/01621459.1994.10476469
(effective sample size); Salakhutdinov and Murray (2008), section 3, doi:10.1145/1390156.1390266.
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Generator, Tensor

from nndl_support.deep_belief.annealing_path import as_harmonium, log_z_at_base
from nndl_support.deep_belief.harmonium import Harmonium
from nndl_support.deep_belief.partition import log_ratio

__all__ = ["effective_sample_size", "exact_log_weight_moments", "importance_log_weights", "log_z_over_both_layers"]


def log_z_over_both_layers(rbm: Any) -> float:
    """Logarithm of the partition function as its definition says: a sum over all pairs of states, in nats.

    It takes 2 to the V + H terms, where :func:`.exact_log_z` takes 2 to the smaller of the two.

    Raises
    ------
    ValueError
        When there are more than four million pairs.

    Examples
    --------
    >>> log_z_over_both_layers(Harmonium(torch.zeros(3, 2), torch.zeros(3), torch.zeros(2))) / math.log(2.0)
    5.0
    """
    machine = as_harmonium(rbm).to(torch.float64)
    n_pairs = machine.visible.n_states * machine.hidden.n_states
    if n_pairs > 2**22:
        raise ValueError(f"{machine.visible!r} and {machine.hidden!r} have {n_pairs:g} pairs of states, more than 2^22")
    v, h = machine.visible.states(), machine.hidden.states()
    # -E(v, h) of every pair
    log_weights = (v @ machine.a)[:, None] + h @ machine.b + v @ machine.W @ h.T
    return float(log_weights.flatten().logsumexp(0))


def importance_log_weights(
    rbm: Harmonium, base_bias: Tensor, n_samples: int, generator: Generator | None = None
) -> tuple[Tensor, float]:
    """Weights of independent draws from the base distribution: annealing in a single step.

    Parameters
    ----------
    rbm : Harmonium
    base_bias : tensor (V,)
    n_samples : int of at least 1
    generator : torch.Generator, optional

    Returns
    -------
    log_weights : tensor (N,), in nats
    log_z0 : float, the logarithm of the partition function of the base distribution

    Examples
    --------
    >>> rbm = Harmonium(torch.zeros(3, 2), torch.zeros(3), torch.zeros(2))
    >>> importance_log_weights(rbm, torch.zeros(3), 2)[0]
    tensor([0., 0.])
    """
    if n_samples < 1:
        raise ValueError(f"n_samples is {n_samples}; expected at least 1")
    v = rbm.visible.sample(base_bias.expand(n_samples, -1), generator)
    return log_ratio(rbm, v, rbm.hidden_field(v), 0.0, 1.0, base_bias), log_z_at_base(rbm, base_bias)


def effective_sample_size(log_weights: Tensor) -> float:
    r"""How many equal weights would be as good: between 1 and the number of weights.

    .. math:: \mathrm{ESS} = \frac{\bigl(\sum_n w_n\bigr)^2}{\sum_n w_n^2}

    Notes
    -----
    It is computed from the weights that were drawn, so it too knows nothing of a state that was never visited.

    Examples
    --------
    >>> effective_sample_size(torch.zeros(5, dtype=torch.float64)), effective_sample_size(torch.tensor([0.0, -1e4, -1e4]))
    (5.0, 1.0)
    """
    if log_weights.ndim != 1 or not len(log_weights):
        raise ValueError(f"log_weights has shape {tuple(log_weights.shape)}; expected a row of at least 1 weight")
    log_w = log_weights.double()
    return math.exp(2 * float(log_w.logsumexp(0)) - float((2 * log_w).logsumexp(0)))


def exact_log_weight_moments(rbm: Any, base_bias: Tensor) -> tuple[float, float]:
    r"""Logarithms of the mean weight and of the mean squared weight, by a sum over all visible states.

    .. math:: \mathbb{E}[w] = \frac{Z}{Z_0}, \qquad
        \mathbb{E}[w^2] = \frac{1}{Z_0} \sum_v e^{F_0(v) - 2 F(v)}

    The share of N draws that is effective tends to :math:`\mathbb{E}[w]^2 / \mathbb{E}[w^2]`.

    Parameters
    ----------
    rbm : fitted RestrictedBoltzmannMachine, or Harmonium, whose visible layer can be listed
    base_bias : tensor (V,)

    Examples
    --------
    >>> rbm = Harmonium(torch.zeros(3, 2), torch.zeros(3), torch.zeros(2))
    >>> exact_log_weight_moments(rbm, torch.zeros(3))
    (0.0, 0.0)
    """
    machine = as_harmonium(rbm).to(torch.float64)
    v, a0 = machine.visible.states(), base_bias.double()
    log_w = log_ratio(machine, v, machine.hidden_field(v), 0.0, 1.0, a0)
    log_p0 = v @ a0 - machine.visible.log_normalizer(a0)
    return float((log_p0 + log_w).logsumexp(0)), float((log_p0 + 2 * log_w).logsumexp(0))
