r"""The partition function of a restricted Boltzmann machine: exactly, and by annealed importance sampling.

Every function takes a fitted :class:`.RestrictedBoltzmannMachine` or a :class:`.Harmonium`.

Shapes: C chains, V visible units, H hidden units, T temperatures.

References
----------
Neal (2001), Annealed importance sampling, Statistics and Computing 11, https://doi.org/10.1023/A:1008923215028;
Salakhutdinov and Murray (2008), On the quantitative analysis of deep belief networks, ICML, https://doi.org/10.1145/1390156.1390266.
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import torch
from sklearn.utils import check_random_state
from torch import Generator, Tensor

from nndl_support.deep_belief import enumeration
from nndl_support.deep_belief.annealing_path import (
    as_harmonium,
    base_bias_of,
    check_temperatures,
    linear_temperatures,
    log_z_at_base,
)
from nndl_support.deep_belief.harmonium import Harmonium

__all__ = [
    "annealed_importance_sampling",
    "annealed_log_weights",
    "exact_log_z",
    "log_mean_weight",
    "log_ratio",
    "seeded_generator",
]


def seeded_generator(random_state: Any, device: torch.device | str = "cpu") -> Generator:
    """A torch generator seeded from what scikit-learn takes as ``random_state``.

    Examples
    --------
    >>> torch.rand(1, generator=seeded_generator(3)) == torch.rand(1, generator=seeded_generator(3))
    tensor([True])
    """
    return Generator(device=device).manual_seed(int(check_random_state(random_state).randint(2**31 - 1)))


def exact_log_z(rbm: Any) -> float:
    """Logarithm of the partition function by enumeration of the smaller layer, in nats.

    Parameters
    ----------
    rbm : fitted RestrictedBoltzmannMachine, or Harmonium

    Raises
    ------
    ValueError
        When both layers have more than a million states; the message says how many.

    Examples
    --------
    >>> rbm = Harmonium(torch.zeros(3, 2), torch.zeros(3), torch.zeros(2))
    >>> exact_log_z(rbm) / math.log(2.0)
    5.0
    """
    return float(enumeration.log_z(as_harmonium(rbm)))


def annealed_importance_sampling(
    rbm: Any,
    *,
    n_chains: int = 100,
    n_temperatures: int = 1000,
    random_state: Any = None,
    base_bias: Any = None,
    temperatures: Any = None,
) -> tuple[float, float]:
    r"""Estimate of the logarithm of the partition function, and its standard error, both in nats.

    .. math:: \log Z \approx \log Z_0 + \log \frac1C \sum_c w_c

    Parameters
    ----------
    rbm : fitted RestrictedBoltzmannMachine, or Harmonium
    n_chains : int of at least 2
    n_temperatures : int of at least 2, rungs from the easy distribution to the machine, evenly spaced
    random_state : int, RandomState or None
    base_bias : array or tensor (V,), optional
        Visible bias of the easy distribution. Unless given: the one that fits the training data best, where ``rbm`` knows it (an
        estimator that was fitted), else zeros.
    temperatures : array or tensor (T,), optional
        Rungs that rise from 0 to 1, instead of ``n_temperatures`` evenly spaced ones.

    Returns
    -------
    log_z : float
    standard_error : float

    Notes
    -----
    The estimate of Z is unbiased, that of log Z is too low on average. The error is that of the mean weight,
    carried over to the logarithm; it sees only chains that were run: where all of them miss a mode, the estimate is low and the
    error is small. :func:`nndl_support.deep_belief.reverse_annealing.sandwich` looks from the other side.

    Examples
    --------
    >>> rbm = Harmonium(torch.ones(3, 2), torch.zeros(3), torch.zeros(2))
    >>> log_z, error = annealed_importance_sampling(rbm, n_temperatures=100, random_state=0)
    >>> abs(log_z - exact_log_z(rbm)) < 3 * error < 0.3
    True
    """
    machine = as_harmonium(rbm)
    if n_chains < 2 or n_temperatures < 2:
        raise ValueError(f"n_chains is {n_chains} and n_temperatures {n_temperatures}; expected at least 2 of each")
    beta = linear_temperatures(n_temperatures) if temperatures is None else temperatures
    a0 = base_bias_of(rbm, base_bias)
    generator = seeded_generator(random_state, machine.W.device)
    log_weights, log_z0, _ = annealed_log_weights(machine, beta, a0, n_chains=n_chains, generator=generator)
    log_mean, error = log_mean_weight(log_weights)
    return log_z0 + log_mean, error


def annealed_log_weights(
    rbm: Harmonium, beta: Any, base_bias: Tensor, *, n_chains: int, generator: Generator | None = None
) -> tuple[Tensor, float, Tensor]:
    r"""Weights of chains that climb from the easy distribution to the machine.

    .. math:: \log w = \sum_{k=1}^K F_{\beta_{k-1}}(v_{k-1}) - F_{\beta_k}(v_{k-1}), \qquad
        v_k \sim T_{\beta_k}(\cdot \mid v_{k-1})

    Parameters
    ----------
    rbm : Harmonium
        Chains have its precision; weights are added up in float64.
    beta : array or tensor (T,), rising from 0 to 1
    base_bias : tensor (V,)
    n_chains : int
    generator : torch.Generator, optional

    Returns
    -------
    log_weights : tensor (C,) of float64, in nats
    log_z0 : float, the logarithm of the partition function at beta 0
    v : tensor (C, V), where the chains ended

    Examples
    --------
    >>> rbm = Harmonium(torch.zeros(3, 2), torch.zeros(3), torch.zeros(2))  # nothing to climb: all weights are 1
    >>> annealed_log_weights(rbm, torch.linspace(0, 1, 5), torch.zeros(3), n_chains=2)[0]
    tensor([0., 0.], dtype=torch.float64)
    """
    rungs = check_temperatures(beta).tolist()
    v = rbm.visible.sample(base_bias.expand(n_chains, -1), generator)
    log_w = torch.zeros(n_chains, dtype=torch.float64, device=v.device)
    for low, high in pairwise(rungs):
        # one product with W serves both free energies and the draw of the hidden units
        field = rbm.hidden_field(v)
        log_w += log_ratio(rbm, v, field, low, high, base_bias)
        h = rbm.hidden.sample(high * field, generator)
        v = rbm.visible.sample(torch.lerp(base_bias, rbm.visible_field(h), high), generator)
    return log_w, log_z_at_base(rbm, base_bias), v


def log_ratio(rbm: Harmonium, v: Tensor, field: Tensor, low: float, high: float, base_bias: Tensor) -> Tensor:
    r"""How much more weight a state has on the upper of two rungs than on the lower: (C, V) to (C,), in nats.

    .. math:: F_s(v) - F_t(v) = (t - s)\,(a - a_0)^\top v + A\bigl(t\,(b + W^\top v)\bigr) - A\bigl(s\,(b + W^\top v)\bigr)

    Parameters
    ----------
    rbm : Harmonium
    v : tensor (C, V)
    field : tensor (C, H), ``rbm.hidden_field(v)``
    low, high : float, s and t
    base_bias : tensor (V,)

    Examples
    --------
    >>> rbm = Harmonium(torch.zeros(2, 1), torch.tensor([1.0, 2.0]), torch.zeros(1))
    >>> v = torch.ones(1, 2)
    >>> log_ratio(rbm, v, rbm.hidden_field(v), 0.0, 0.5, torch.zeros(2))
    tensor([1.5000])
    """
    bias_part = (high - low) * (v @ (rbm.a - base_bias))
    return bias_part + rbm.hidden.log_normalizer(high * field) - rbm.hidden.log_normalizer(low * field)


def log_mean_weight(log_weights: Tensor) -> tuple[float, float]:
    r"""Logarithm of the mean weight, and its standard error by the delta method.

    .. math:: \log \bar w, \qquad \frac{1}{\bar w} \sqrt{\frac{\operatorname{var}(w)}{C}}

    Examples
    --------
    >>> log_mean_weight(torch.tensor([2.0, 2.0, 2.0]))
    (2.0, 0.0)
    """
    n_chains = len(log_weights)
    log_mean = log_weights.logsumexp(0) - math.log(n_chains)
    relative = (log_weights - log_mean).exp()  # w / mean(w)
    return float(log_mean), float(relative.std() / math.sqrt(n_chains))
