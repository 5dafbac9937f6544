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
from typing import Any

import torch
from sklearn.utils import check_random_state
from torch import Generator, Tensor

from nndl_support.deep_belief import enumeration
from nndl_support.deep_belief.harmonium import Harmonium
from nndl_support.deep_belief.tempering import tempered_free_energy, tempered_gibbs_step

__all__ = ["annealed_importance_sampling", "annealed_log_weights", "exact_log_z", "log_mean_weight", "seeded_generator"]


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
    return float(enumeration.log_z(_harmonium(rbm)))


def annealed_importance_sampling(
    rbm: Any,
    *,
    n_chains: int = 100,
    n_temperatures: int = 1000,
    random_state: Any = None,
    base_bias: Any = None,
) -> tuple[float, float]:
    r"""Estimate of the logarithm of the partition function, and its standard error, both in nats.

    .. math:: \log Z \approx \log Z_0 + \log \frac1C \sum_c w_c

    Parameters
    ----------
    rbm : fitted RestrictedBoltzmannMachine, or Harmonium
    n_chains : int of at least 2
    n_temperatures : int of at least 2, rungs from the easy distribution to the machine
    random_state : int, RandomState or None
    base_bias : array or tensor (V,), optional
        Visible bias of the easy distribution. Unless given: the one that fits the training data best, where ``rbm`` knows it (an
        estimator that was fitted), else zeros.

    Returns
    -------
    log_z : float
    standard_error : float

    Notes
    -----
    The estimate of Z is unbiased, that of log Z is too low on average. The error is that of the mean weight,
    carried over to the logarithm; it sees only chains that were run: where all of them miss a mode, the estimate is low and the
    error is small.

    Examples
    --------
    >>> rbm = Harmonium(torch.ones(3, 2), torch.zeros(3), torch.zeros(2))
    >>> log_z, error = annealed_importance_sampling(rbm, n_temperatures=100, random_state=0)
    >>> abs(log_z - exact_log_z(rbm)) < 3 * error < 0.3
    True
    """
    harmonium = _harmonium(rbm)
    if n_chains < 2 or n_temperatures < 2:
        raise ValueError(f"n_chains is {n_chains} and n_temperatures {n_temperatures}; expected at least 2 of each")
    if base_bias is None:
        base_bias = getattr(rbm, "base_bias_", None)
    a0 = torch.zeros_like(harmonium.a) if base_bias is None else torch.as_tensor(base_bias).to(harmonium.a)
    if a0.shape != harmonium.a.shape:
        raise ValueError(f"base_bias has shape {tuple(a0.shape)}, but the machine has {len(harmonium.a)} visible units")
    beta = torch.linspace(0, 1, n_temperatures, dtype=torch.float64)
    generator = seeded_generator(random_state, harmonium.W.device)
    log_weights, log_z0, _ = annealed_log_weights(harmonium, beta, a0, n_chains=n_chains, generator=generator)
    log_mean, error = log_mean_weight(log_weights)
    return log_z0 + log_mean, error


def annealed_log_weights(
    rbm: Harmonium, beta: Tensor, base_bias: Tensor, *, n_chains: int, generator: Generator | None = None
) -> tuple[Tensor, float, Tensor]:
    r"""Weights of chains that climb from the easy distribution to the machine.

    .. math:: \log w = \sum_k F_{\beta_{k-1}}(v_{k-1}) - F_{\beta_k}(v_{k-1})

    Parameters
    ----------
    rbm : Harmonium
    beta : tensor (T,), rising from 0 to 1
    base_bias : tensor (V,)
    n_chains : int
    generator : torch.Generator, optional

    Returns
    -------
    log_weights : tensor (C,), in nats
    log_z0 : float, the logarithm of the partition function at beta 0
    v : tensor (C, V), where the chains ended

    Examples
    --------
    >>> rbm = Harmonium(torch.zeros(3, 2), torch.zeros(3), torch.zeros(2))  # nothing to climb: all weights are 1
    >>> annealed_log_weights(rbm, torch.linspace(0, 1, 5), torch.zeros(3), n_chains=2)[0]
    tensor([0., 0.])
    """
    log_z0 = float(rbm.visible.log_normalizer(base_bias) + rbm.hidden.log_normalizer(torch.zeros_like(rbm.b)))
    v = rbm.visible.sample(base_bias.expand(n_chains, -1), generator)
    log_w = v.new_zeros(n_chains)
    for low, high in zip(beta[:-1].tolist(), beta[1:].tolist(), strict=True):
        log_w += tempered_free_energy(rbm, v, low, base_bias) - tempered_free_energy(rbm, v, high, base_bias)
        v = tempered_gibbs_step(rbm, v, high, base_bias, generator)
    return log_w, log_z0, v


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


def _harmonium(rbm: Any) -> Harmonium:
    return rbm if isinstance(rbm, Harmonium) else rbm.harmonium_
