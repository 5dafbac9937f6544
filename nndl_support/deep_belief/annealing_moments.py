r"""What annealed importance sampling does on average, computed without a sample, by the transition matrices of small machines.

A chain that climbs the ladder is a product of matrices, and its weight multiplies a diagonal in between:

.. math:: \mathbb{E}[w] = p_0^\top\, D_1 T_1\, D_2 T_2 \cdots D_K\, \mathbf{1}, \qquad (D_k)_{vv} = e^{F_{k-1}(v) - F_k(v)}

where :math:`T_k(v, v')` is the probability of going from v to v' in one Gibbs step on rung k. With squared diagonals it is
:math:`\mathbb{E}[w^2]`. The mean logarithm is a sum of means over the states that chains pass.

Shapes: S visible states, T = K + 1 temperatures, V visible units, H hidden units.

References
----------
Neal (2001), Annealed importance sampling, https://doi.org/10.1023/A:1008923215028; Burda, Grosse and Salakhutdinov (2015),
Accurate and conservative estimates of MRF log-likelihood using reverse annealing, AISTATS, https://arxiv.org/abs/1412.8566.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any, NamedTuple

import torch
from torch import Tensor

from nndl_support.deep_belief.annealing_path import as_harmonium, check_temperatures, tempered_machine
from nndl_support.deep_belief.expected_divergence import gibbs_matrix
from nndl_support.deep_belief.harmonium import Harmonium

__all__ = ["WeightMoments", "exact_end_distribution", "exact_reverse_moments", "exact_weight_moments"]


class WeightMoments(NamedTuple):
    """Expectations over one chain, in nats, relative to the base distribution.

    ``log_mean`` is the logarithm of the mean weight, ``mean_log`` the mean of its logarithm, ``log_mean_square`` the logarithm
    of the mean squared weight.

    Examples
    --------
    >>> WeightMoments(0.0, -0.5, 1.0).mean_log
    -0.5
    """

    log_mean: float
    mean_log: float
    log_mean_square: float


def exact_weight_moments(rbm: Any, beta: Any, base_bias: Tensor) -> WeightMoments:
    """Moments of the weight of a chain that climbs, as :func:`.annealed_log_weights` draws them.

    Parameters
    ----------
    rbm : fitted RestrictedBoltzmannMachine, or Harmonium, with at most 4096 states in either layer
    beta : array or tensor (T,), rising from 0 to 1
    base_bias : tensor (V,)

    Examples
    --------
    >>> rbm = Harmonium(torch.ones(2, 1), torch.zeros(2), torch.zeros(1))
    >>> moments = exact_weight_moments(rbm, torch.linspace(0, 1, 3), torch.zeros(2))
    >>> moments.mean_log < moments.log_mean < 0.5 * moments.log_mean_square
    True
    """
    machine, rungs = _prepare(rbm, beta, base_bias)
    free = _free_energies(machine, rungs, base_bias)
    start = (-free[0]).softmax(0)
    once, twice, plain, mean_log = start.log(), start.log(), start, 0.0
    for k in range(1, len(rungs)):
        gain = free[k - 1] - free[k]
        mean_log += float(plain @ gain)
        T = gibbs_matrix(tempered_machine(machine, rungs[k], base_bias.double()))
        once, twice, plain = _carry(once + gain, T), _carry(twice + 2 * gain, T), plain @ T
    return WeightMoments(float(once.logsumexp(0)), mean_log, float(twice.logsumexp(0)))


def exact_reverse_moments(rbm: Any, beta: Any, base_bias: Tensor, start: Tensor | None = None) -> WeightMoments:
    r"""Moments of the *inverse* weight of a chain that starts at the machine and descends.

    Parameters
    ----------
    rbm, beta, base_bias
        As for :func:`exact_weight_moments`.
    start : tensor (S,), optional
        Distribution of the visible states at which chains start; the machine's own unless given.

    Returns
    -------
    WeightMoments
        Of :math:`1/w`. From the machine's own distribution ``log_mean`` is :math:`\log Z_0 - \log Z`, and ``-mean_log`` lies
        above :math:`\log Z - \log Z_0`.

    Examples
    --------
    >>> rbm = Harmonium(torch.ones(2, 1), torch.zeros(2), torch.zeros(1))
    >>> beta, a0 = torch.linspace(0, 1, 3), torch.zeros(2)
    >>> abs(exact_reverse_moments(rbm, beta, a0).log_mean + exact_weight_moments(rbm, beta, a0).log_mean) < 1e-12
    True
    """
    machine, rungs = _prepare(rbm, beta, base_bias)
    free = _free_energies(machine, rungs, base_bias)
    plain = (-free[-1]).softmax(0) if start is None else start.double()
    if plain.shape != free[-1].shape:
        raise ValueError(f"start has shape {tuple(plain.shape)}, but there are {len(free[-1])} visible states")
    once, twice, mean_log = plain.log(), plain.log(), 0.0
    for k in range(len(rungs) - 1, 0, -1):
        T = gibbs_matrix(tempered_machine(machine, rungs[k], base_bias.double()))
        loss = free[k] - free[k - 1]
        plain = plain @ T
        mean_log += float(plain @ loss)
        once, twice = _carry(once, T) + loss, _carry(twice, T) + 2 * loss
    return WeightMoments(float(once.logsumexp(0)), mean_log, float(twice.logsumexp(0)))


def exact_end_distribution(rbm: Any, beta: Any, base_bias: Tensor) -> Tensor:
    """Where chains that have climbed the ladder are: probabilities (S,) of the visible states, near to the machine's, not equal.

    Examples
    --------
    >>> rbm = Harmonium(torch.ones(2, 1), torch.zeros(2), torch.zeros(1))
    >>> exact_end_distribution(rbm, torch.linspace(0, 1, 3), torch.zeros(2)).sum()
    tensor(1., dtype=torch.float64)
    """
    machine, rungs = _prepare(rbm, beta, base_bias)
    p = (-_free_energies(machine, rungs[:1], base_bias)[0]).softmax(0)
    for _, high in pairwise(rungs):
        p = p @ gibbs_matrix(tempered_machine(machine, high, base_bias.double()))
    return p


def _prepare(rbm: Any, beta: Any, base_bias: Tensor) -> tuple[Harmonium, list[float]]:
    machine = as_harmonium(rbm).to(torch.float64)
    if base_bias.shape != machine.a.shape:
        raise ValueError(
            f"base_bias has shape {tuple(base_bias.shape)}, but the machine has {len(machine.a)} visible units"
        )
    return machine, check_temperatures(beta).tolist()


def _free_energies(machine: Harmonium, rungs: list[float], base_bias: Tensor) -> list[Tensor]:
    v = machine.visible.states()
    return [tempered_machine(machine, t, base_bias.double()).free_energy(v) for t in rungs]


def _carry(log_mass: Tensor, T: Tensor) -> Tensor:
    """log(e^m T) without overflow."""
    top = log_mass.max()
    return top + ((log_mass - top).exp() @ T).log()
