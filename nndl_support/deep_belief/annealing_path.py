r"""The road from independent units to a restricted Boltzmann machine: where it starts, and where the rungs of the ladder stand.

.. math:: p_\beta(v) \propto e^{-F_\beta(v)}, \qquad 0 = \beta_0 < \beta_1 < \dots < \beta_K = 1

Every rung is itself a harmonium, with the weights :math:`\beta W` and the biases :math:`(1 - \beta) a_0 + \beta a` and
:math:`\beta b`. So whatever is exact about a small machine is exact about every rung.

Shapes: T = K + 1 temperatures, C chains, N examples, V visible units, H hidden units.

References
----------
Salakhutdinov and Murray (2008), On the quantitative analysis of deep belief networks, ICML, sections 3 and 4,
doi:10.1145/1390156.1390266; Gelman and Meng (1998), Simulating normalizing constants, Statistical Science 13(2), section 4,
doi:10.1214/ss/1028905934.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Generator, Tensor

from nndl_support.deep_belief.harmonium import Harmonium
from nndl_support.deep_belief.tempering import tempered_gibbs_step

__all__ = [
    "as_harmonium",
    "base_bias_of",
    "bias_of_means",
    "check_temperatures",
    "equal_length_temperatures",
    "linear_temperatures",
    "log_z_at_base",
    "slope",
    "temperatures_of_2008",
    "tempered_machine",
]


def as_harmonium(rbm: Any) -> Harmonium:
    """The parameters of a fitted estimator (its ``harmonium_``), or the :class:`.Harmonium` itself.

    Examples
    --------
    >>> as_harmonium(Harmonium(torch.zeros(3, 2), torch.zeros(3), torch.zeros(2))).W.shape
    torch.Size([3, 2])
    """
    if isinstance(rbm, Harmonium):
        return rbm
    if not hasattr(type(rbm), "harmonium_") and not hasattr(rbm, "harmonium_"):
        raise TypeError(f"expected a fitted RestrictedBoltzmannMachine or a Harmonium, not {type(rbm).__name__}")
    return rbm.harmonium_


def base_bias_of(rbm: Any, base_bias: Any = None) -> Tensor:
    """Visible bias (V,) at beta 0: the one given, or the one that an estimator learnt from the data, or zeros.

    Raises
    ------
    ValueError
        When its length is not the number of visible units.

    Examples
    --------
    >>> base_bias_of(Harmonium(torch.ones(2, 1), torch.ones(2), torch.ones(1)))
    tensor([0., 0.])
    """
    machine = as_harmonium(rbm)
    if base_bias is None:
        base_bias = getattr(rbm, "base_bias_", None)
    a0 = torch.zeros_like(machine.a) if base_bias is None else torch.as_tensor(base_bias).to(machine.a)
    if a0.shape != machine.a.shape:
        raise ValueError(f"base_bias has shape {tuple(a0.shape)}, but the machine has {len(machine.a)} visible units")
    return a0


def bias_of_means(v: Tensor) -> Tensor:
    """Visible bias of the independent 0-1 units that fit data (N, V) best, as if one half-lit example had been added.

    The added example keeps pixels that are never lit away from a bias of minus infinity, from which no chain could return.

    Examples
    --------
    >>> bias_of_means(torch.tensor([[0.0, 1.0], [0.0, 0.0]])).sigmoid()  # (0 + 0.5) / 3 and (1 + 0.5) / 3
    tensor([0.1667, 0.5000])
    """
    return ((v.sum(0) + 0.5) / (len(v) + 1)).logit()


def tempered_machine(rbm: Harmonium, beta: float, base_bias: Tensor) -> Harmonium:
    """The rung at beta as a machine of its own, with the same units.

    Examples
    --------
    >>> rbm = Harmonium(torch.ones(2, 1), torch.ones(2), torch.ones(1))
    >>> tempered_machine(rbm, 0.25, torch.zeros(2)).W.flatten()
    tensor([0.2500, 0.2500])
    """
    return Harmonium(beta * rbm.W, (1 - beta) * base_bias + beta * rbm.a, beta * rbm.b, rbm.visible, rbm.hidden)


def log_z_at_base(rbm: Harmonium, base_bias: Tensor) -> float:
    """Logarithm of the partition function at beta 0, where all units are independent, in nats.

    Examples
    --------
    >>> rbm = Harmonium(torch.ones(3, 2), torch.ones(3), torch.ones(2))
    >>> log_z_at_base(rbm, torch.zeros(3)) / torch.tensor(2.0).log().item()  # 2 to the 5 states of weight 1
    5.0
    """
    a0 = base_bias.double()
    return float(rbm.visible.log_normalizer(a0) + rbm.hidden.log_normalizer(torch.zeros_like(rbm.b).double()))


def slope(rbm: Harmonium, v: Tensor, beta: float | Tensor, base_bias: Tensor) -> Tensor:
    r"""How fast the unnormalised log-probability of states rises with beta: (..., V) to (...), in nats.

    .. math:: -\frac{\partial F_\beta(v)}{\partial \beta} = (a - a_0)^\top v + (b + W^\top v)^\top\, \mathbb{E}_\beta[h \mid v]

    Its mean over the rung is :math:`d \log Z_\beta / d\beta`, its variance the squared speed at which the rungs change.

    Examples
    --------
    >>> rbm = Harmonium(torch.zeros(2, 1), torch.tensor([1.0, 2.0]), torch.zeros(1))
    >>> slope(rbm, torch.ones(1, 2), 0.5, torch.zeros(2))
    tensor([3.])
    """
    beta = torch.as_tensor(beta, dtype=v.dtype, device=v.device)
    field = rbm.hidden_field(v)
    return v @ (rbm.a - base_bias) + (field * rbm.hidden.mean(beta[..., None] * field)).sum(-1)


def linear_temperatures(n_temperatures: int) -> Tensor:
    """Evenly spaced from 0 to 1: (T,), float64.

    Examples
    --------
    >>> linear_temperatures(5)
    tensor([0.0000, 0.2500, 0.5000, 0.7500, 1.0000], dtype=torch.float64)
    """
    _at_least_two(n_temperatures)
    return torch.linspace(0, 1, n_temperatures, dtype=torch.float64)


def temperatures_of_2008(n_temperatures: int) -> Tensor:
    """Dense towards the machine, in the proportions of Salakhutdinov and Murray: (T,), float64.

    Of 14,500 temperatures they put 500 between 0 and 0.5, 4,000 between 0.5 and 0.9, and 10,000 between 0.9 and 1.

    Examples
    --------
    >>> beta = temperatures_of_2008(14_501)
    >>> (beta[[500, 4500]] - torch.tensor([0.5, 0.9])).abs().max() < 1e-6
    tensor(True)
    """
    _at_least_two(n_temperatures)
    place = torch.linspace(0, 1, n_temperatures, dtype=torch.float64)
    return _interpolate(
        place, torch.tensor([0.0, 500.0, 4500.0, 14500.0]).double() / 14500, torch.tensor([0.0, 0.5, 0.9, 1.0])
    )


def equal_length_temperatures(
    rbm: Harmonium,
    n_temperatures: int,
    base_bias: Tensor,
    *,
    n_chains: int = 100,
    n_pilot: int = 50,
    generator: Generator | None = None,
) -> Tensor:
    r"""Spaced so that each step changes the distribution equally much, as a pilot run of chains has found: (T,), float64.

    .. math:: \int_{\beta_{k-1}}^{\beta_k} \sqrt{\operatorname{var}_\beta(\partial F_\beta / \partial\beta)}\, d\beta
        = \text{the same for all } k

    With chains in equilibrium on every rung this minimises the variance of the log-weight (Gelman and Meng, 1998).

    Parameters
    ----------
    rbm : Harmonium
    n_temperatures : int of at least 2
    base_bias : tensor (V,)
    n_chains, n_pilot : int
        Chains of the pilot run, and its rungs.
    generator : torch.Generator, optional

    Examples
    --------
    >>> rbm = Harmonium(torch.zeros(3, 2), torch.ones(3), torch.zeros(2))  # changes least at the end, where units are surer
    >>> equal_length_temperatures(rbm, 3, torch.zeros(3), n_chains=2000, generator=torch.Generator().manual_seed(0))[1] < 0.5
    tensor(True)
    """
    _at_least_two(n_temperatures)
    v = rbm.visible.sample(base_bias.expand(n_chains, -1), generator)
    pilot = linear_temperatures(n_pilot)
    speed = []
    for beta in pilot.tolist():
        v = tempered_gibbs_step(rbm, v, beta, base_bias, generator)
        speed.append(slope(rbm, v, beta, base_bias).double().std().cpu())
    speeds = torch.stack(speed)
    # a floor, so that no stretch of the road goes without rungs because two hundred chains agreed by chance
    speeds = speeds.clamp(min=float(speeds.mean()) / 20 + 1e-12)
    length = torch.cat([torch.zeros(1, dtype=torch.float64), torch.cumulative_trapezoid(speeds, pilot)])
    place = torch.linspace(0, 1, n_temperatures, dtype=torch.float64)
    return _interpolate(place, length / length[-1], pilot)


def check_temperatures(beta: Any) -> Tensor:
    """The temperatures as a tensor (T,) of float64, after a look at their order.

    Raises
    ------
    ValueError
        Unless there are at least two, rising from 0 to 1.

    Examples
    --------
    >>> check_temperatures([0.0, 0.5, 1.0])
    tensor([0.0000, 0.5000, 1.0000], dtype=torch.float64)
    """
    beta = torch.as_tensor(beta, dtype=torch.float64).cpu()
    if beta.ndim != 1 or len(beta) < 2 or beta[0] != 0 or beta[-1] != 1 or not (beta.diff() > 0).all():
        shown = f"{len(beta)} from {beta[0]:g} to {beta[-1]:g}" if beta.ndim == 1 and len(beta) else "none in a row"
        raise ValueError(f"the temperatures are {shown}; expected at least 2 that rise strictly from 0 to 1")
    return beta


def _interpolate(place: Tensor, marks: Tensor, values: Tensor) -> Tensor:
    """Piecewise linear from marks to values; the ends are exact."""
    marks, values = marks.double(), values.double()
    k = torch.searchsorted(marks, place, right=True).clamp(1, len(marks) - 1)
    share = (place - marks[k - 1]) / (marks[k] - marks[k - 1])
    beta = values[k - 1] + share * (values[k] - values[k - 1])
    beta[0], beta[-1] = 0.0, 1.0
    return beta


def _at_least_two(n_temperatures: int) -> None:
    if n_temperatures < 2:
        raise ValueError(f"n_temperatures is {n_temperatures}; expected at least 2, the two ends of the road")
