r"""Annealing backwards: chains that start at samples of the machine and descend bound its partition function from above.

.. math:: \mathbb{E}\Bigl[\frac1w\Bigr] = \frac{Z_0}{Z}, \qquad
    \mathbb{E}[\log w]_{\text{up}} \;\le\; \log \frac{Z}{Z_0} \;\le\; \mathbb{E}[\log w]_{\text{down}}

The same weight :math:`w` of the same kind of chain; only its beginning is at the other end. Started at one test example instead,
it gives a conservative estimate of that example's log-probability (RAISE).

Shapes: C chains, B examples, V visible units, H hidden units, T temperatures, S states.

References
----------
Grosse, Ghahramani and Adams (2015), Sandwiching the marginal likelihood using bidirectional Monte Carlo,
https://arxiv.org/abs/1511.02543; Burda, Grosse and Salakhutdinov (2015), Accurate and conservative estimates of MRF
log-likelihood using reverse annealing, AISTATS, https://arxiv.org/abs/1412.8566.
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any, NamedTuple

import torch
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
from nndl_support.deep_belief.partition import annealed_log_weights, log_mean_weight, log_ratio, seeded_generator

__all__ = ["Sandwich", "bennett_log_ratio", "exact_samples", "raise_log_probability", "reverse_log_weights", "sandwich"]


class Sandwich(NamedTuple):
    """What climbing and descending chains say about log Z, in nats.

    ``lower`` and ``upper`` are means of log-weights, bounds on average, and ``lower_error`` and ``upper_error`` their standard
    errors. ``climbing`` and ``descending`` are logarithms of mean weights, the estimates of annealed importance sampling in
    either direction, which lie between the two bounds; ``bennett`` is the estimate that makes the best of both.

    Examples
    --------
    >>> round(Sandwich(9.9, 0.1, 10.2, 0.1, 10.0, 10.1, 10.05).gap, 3)
    0.3
    """

    lower: float
    lower_error: float
    upper: float
    upper_error: float
    climbing: float
    descending: float
    bennett: float

    @property
    def gap(self) -> float:
        """Upper minus lower bound."""
        return self.upper - self.lower


def sandwich(
    rbm: Any,
    samples: Any,
    *,
    n_chains: int = 100,
    n_temperatures: int = 1000,
    random_state: Any = None,
    base_bias: Any = None,
    temperatures: Any = None,
) -> Sandwich:
    r"""log Z from below by chains that climb, and from above by chains that descend from samples of the machine.

    Parameters
    ----------
    rbm : fitted RestrictedBoltzmannMachine, or Harmonium
    samples : array or tensor (C', V), at least 2
        Where the descending chains start. The upper end is a bound on average only if they come from the machine itself.
    n_chains : int of at least 2, chains that climb
    n_temperatures, random_state, base_bias, temperatures
        As for :func:`.annealed_importance_sampling`.

    Returns
    -------
    Sandwich

    Notes
    -----
    The gap is the sum of two Kullback-Leibler divergences and falls like one over the number of temperatures. If it stays open,
    chains do not mix somewhere on the road, whatever the standard errors say. A closed gap proves nothing when the samples miss
    a mode that the climbing chains miss too.

    Examples
    --------
    >>> rbm = Harmonium(torch.ones(3, 2), torch.zeros(3), torch.zeros(2))
    >>> found = sandwich(rbm, exact_samples(rbm, 100, seeded_generator(0)), n_temperatures=50, random_state=1)
    >>> abs(found.gap) < 0.1
    True
    """
    machine = as_harmonium(rbm)
    v = torch.as_tensor(samples).to(machine.W)
    if n_chains < 2 or v.ndim != 2 or len(v) < 2:
        raise ValueError(
            f"n_chains is {n_chains} and samples has shape {tuple(v.shape)}; expected at least 2 chains and rows"
        )
    beta = linear_temperatures(n_temperatures) if temperatures is None else check_temperatures(temperatures)
    a0 = base_bias_of(rbm, base_bias)
    generator = seeded_generator(random_state, machine.W.device)
    up, log_z0, _ = annealed_log_weights(machine, beta, a0, n_chains=n_chains, generator=generator)
    down, _, _ = reverse_log_weights(machine, beta, a0, v, generator)
    return Sandwich(
        log_z0 + float(up.mean()),
        float(up.std() / math.sqrt(len(up))),
        log_z0 + float(down.mean()),
        float(down.std() / math.sqrt(len(down))),
        log_z0 + log_mean_weight(up)[0],
        log_z0 - log_mean_weight(-down)[0],
        log_z0 + bennett_log_ratio(up, down),
    )


def bennett_log_ratio(up: Tensor, down: Tensor) -> float:
    r"""log Z / Z_0 from the log-weights of climbing and of descending chains together, after Bennett.

    .. math:: \sum_{c\,\text{up}} \sigma\Bigl(\log w_c - r + \log\tfrac{n_\downarrow}{n_\uparrow}\Bigr) =
        \sum_{c\,\text{down}} \sigma\Bigl(r - \log w_c - \log\tfrac{n_\downarrow}{n_\uparrow}\Bigr)

    solved for r by bisection. Of all estimates from these weights it has the least variance.

    Parameters
    ----------
    up, down : tensor (C,) and (C',), log-weights as of :func:`.annealed_log_weights` and :func:`reverse_log_weights`

    References
    ----------
    Bennett (1976), Efficient estimation of free energy differences from Monte Carlo data, https://doi.org/10.1016/0021-9991(76)90078-4;
    Crooks (2000), Path-ensemble averages, https://doi.org/10.1103/PhysRevE.61.2361.

    Examples
    --------
    >>> round(bennett_log_ratio(torch.tensor([2.0, 3.0]), torch.tensor([4.0, 3.0])), 9)
    3.0
    """
    shift = math.log(len(down) / len(up))
    both, margin = torch.cat([up, down]), 40.0 + 2 * abs(shift)
    low, high = float(both.min()) - margin, float(both.max()) + margin
    for _ in range(100):
        r = 0.5 * (low + high)
        # the left side falls with r and the right side rises
        excess = torch.sigmoid(up - r + shift).sum() - torch.sigmoid(r - down - shift).sum()
        low, high = (r, high) if excess > 0 else (low, r)
    return 0.5 * (low + high)


def reverse_log_weights(
    rbm: Harmonium, beta: Any, base_bias: Tensor, v: Tensor, generator: Generator | None = None
) -> tuple[Tensor, float, Tensor]:
    r"""Weights of chains that start at visible states and descend to the base distribution.

    .. math:: v_{k-1} \sim T_{\beta_k}(\cdot \mid v_k), \qquad
        \log w = \sum_{k=K}^1 F_{\beta_{k-1}}(v_{k-1}) - F_{\beta_k}(v_{k-1})

    Parameters
    ----------
    rbm : Harmonium
    beta : array or tensor (T,), rising from 0 to 1
    base_bias : tensor (V,)
    v : tensor (C, V), where the chains start
    generator : torch.Generator, optional

    Returns
    -------
    log_weights : tensor (C,) of float64, in nats; of w, not of its inverse
    log_z0 : float
    v : tensor (C, V), where the chains ended

    Examples
    --------
    >>> rbm = Harmonium(torch.zeros(3, 2), torch.zeros(3), torch.zeros(2))
    >>> reverse_log_weights(rbm, torch.linspace(0, 1, 5), torch.zeros(3), torch.zeros(2, 3))[0]
    tensor([0., 0.], dtype=torch.float64)
    """
    rbm.visible.check(v)
    rungs = check_temperatures(beta).tolist()
    log_w = torch.zeros(len(v), dtype=torch.float64, device=v.device)
    field = rbm.hidden_field(v)
    for high, low in pairwise(reversed(rungs)):
        # a step on the upper rung, whose stationary distribution it leaves; then the weight, at the new state
        h = rbm.hidden.sample(high * field, generator)
        v = rbm.visible.sample(torch.lerp(base_bias, rbm.visible_field(h), high), generator)
        field = rbm.hidden_field(v)
        log_w += log_ratio(rbm, v, field, low, high, base_bias)
    return log_w, log_z_at_base(rbm, base_bias), v


def raise_log_probability(
    rbm: Any,
    v: Any,
    *,
    n_chains: int = 20,
    n_temperatures: int = 1000,
    random_state: Any = None,
    base_bias: Any = None,
    temperatures: Any = None,
) -> Tensor:
    r"""Conservative estimate of log p(v) for test examples, by reverse annealing from each of them: (B, V) to (B,), in nats.

    .. math:: \hat p(v) = \frac{e^{-F(v)}}{Z_0}\, \frac1C \sum_c \frac{1}{w_c}

    Parameters
    ----------
    rbm : fitted RestrictedBoltzmannMachine, or Harmonium
    v : array or tensor (B, V)
    n_chains : int of at least 1, for every example
    n_temperatures, random_state, base_bias, temperatures
        As for :func:`.annealed_importance_sampling`.

    Notes
    -----
    It is an unbiased estimate of the probability of v under the *annealed* model, the distribution of where climbing chains end
    (:func:`nndl_support.deep_belief.annealing_moments.exact_end_distribution`), which tends to the machine's with the number of
    temperatures. Its logarithm is too low on average. Unlike 1/Z from climbing chains it does not flatter the model when
    chains miss a mode.

    Examples
    --------
    >>> rbm = Harmonium(torch.ones(3, 2), torch.zeros(3), torch.zeros(2))
    >>> v = torch.ones(1, 3)
    >>> exact = enumeration.exact_log_likelihood(rbm, v)
    >>> bool((raise_log_probability(rbm, v, n_chains=500, n_temperatures=50, random_state=0) - exact).abs() < 0.1)
    True
    """
    machine = as_harmonium(rbm)
    if n_chains < 1:
        raise ValueError(f"n_chains is {n_chains}; expected at least 1")
    x = torch.as_tensor(v).to(machine.W)
    beta = linear_temperatures(n_temperatures) if temperatures is None else check_temperatures(temperatures)
    generator = seeded_generator(random_state, machine.W.device)
    start = x.repeat_interleave(n_chains, 0)
    log_w, log_z0, _ = reverse_log_weights(machine, beta, base_bias_of(rbm, base_bias), start, generator)
    log_mean = (-log_w).reshape(len(x), n_chains).logsumexp(1) - math.log(n_chains)
    return -machine.free_energy(x).double() - log_z0 + log_mean


def exact_samples(rbm: Any, n_samples: int, generator: Generator | None = None) -> Tensor:
    """Independent visible states of a machine of which one layer can be listed: (n_samples, V), without a chain.

    Raises
    ------
    ValueError
        When both layers have more than a million states.

    Examples
    --------
    >>> rbm = Harmonium(torch.zeros(2, 1), torch.tensor([50.0, -50.0]), torch.zeros(1))
    >>> exact_samples(rbm, 3)
    tensor([[1., 0.],
            [1., 0.],
            [1., 0.]])
    """
    machine = as_harmonium(rbm)
    if not enumeration.is_enumerable(machine):
        raise ValueError(
            f"{machine.visible!r} and {machine.hidden!r} both have more than 2^{enumeration.MAX_LOG2_STATES} states"
        )
    by_hidden = machine.hidden.n_states <= machine.visible.n_states
    listed = machine.transposed() if by_hidden else machine
    states = listed.visible.states(dtype=machine.W.dtype, device=machine.W.device)
    log_p = torch.cat([-listed.free_energy(chunk) for chunk in states.split(2**14)])
    # inverse of the distribution function: torch.multinomial takes no more than 2^24 categories and rounds in float32
    steps = log_p.double().softmax(0).cumsum(0)
    u = torch.rand(n_samples, generator=generator, dtype=torch.float64, device=steps.device) * steps[-1]
    chosen = states[torch.searchsorted(steps, u).clamp(max=len(states) - 1)]
    return machine.sample_visible(chosen, generator) if by_hidden else chosen
