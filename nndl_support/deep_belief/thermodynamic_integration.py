r"""The partition function as an area: the mean slope of the log-probability, integrated along the road.

.. math:: \log Z = \log Z_0 + \int_0^1 \mathbb{E}_\beta\Bigl[-\frac{\partial F_\beta(v)}{\partial\beta}\Bigr]\, d\beta

Chains stay on their rungs, where they exchange places with their neighbours now and then, and average; nothing is ever
weighted. The error of the rule of integration comes on top of that of the means.

Shapes: T rungs, C chains on each, V visible units, H hidden units.

References
----------
Kirkwood (1935), Statistical mechanics of fluid mixtures, J. Chem. Phys. 3, https://doi.org/10.1063/1.1749657; Gelman and Meng
(1998), Simulating normalizing constants, Statistical Science 13(2), https://doi.org/10.1214/ss/1028905934.
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

from nndl_support.deep_belief import enumeration
from nndl_support.deep_belief.annealing_path import as_harmonium, base_bias_of, log_z_at_base, slope, tempered_machine
from nndl_support.deep_belief.partition import seeded_generator
from nndl_support.deep_belief.tempering import swap_neighbours, tempered_gibbs_step

__all__ = ["exact_mean_slope", "gauss_legendre", "thermodynamic_integration"]


def gauss_legendre(n_nodes: int) -> tuple[Tensor, Tensor]:
    """Nodes and weights (n,) that integrate polynomials of degree 2n - 1 over [0, 1] exactly; float64.

    The nodes are eigenvalues of a tridiagonal matrix, the weights squared first entries of its eigenvectors (Golub and Welsch,
    1969).

    Examples
    --------
    >>> x, w = gauss_legendre(3)
    >>> bool(((w * x**5).sum() - 1 / 6).abs() < 1e-15)
    True
    """
    if n_nodes < 1:
        raise ValueError(f"n_nodes is {n_nodes}; expected at least 1")
    k = torch.arange(1, n_nodes, dtype=torch.float64)
    beside = k / (4 * k**2 - 1).sqrt()
    values, vectors = torch.linalg.eigh(torch.diag(beside, 1) + torch.diag(beside, -1))
    return (values + 1) / 2, vectors[0] ** 2


def exact_mean_slope(rbm: Any, beta: float, base_bias: Tensor) -> float:
    r"""The mean slope over a rung, the derivative of its log Z by beta, by enumeration; in nats.

    .. math:: \frac{d \log Z_\beta}{d \beta} = (a - a_0)^\top \mathbb{E}_\beta[v] + b^\top \mathbb{E}_\beta[h]
        + \sum_{ij} W_{ij}\, \mathbb{E}_\beta[v_i h_j]

    Examples
    --------
    >>> from nndl_support.deep_belief.harmonium import Harmonium
    >>> rbm = Harmonium(torch.zeros(2, 1), torch.tensor([1.0, 3.0]), torch.zeros(1))
    >>> round(exact_mean_slope(rbm, 0.0, torch.zeros(2)), 12)  # both units are fair coins at first
    2.0
    """
    machine, a0 = as_harmonium(rbm).to(torch.float64), base_bias.double()
    mean = enumeration.exact_moments(tempered_machine(machine, beta, a0))
    return float((machine.a - a0) @ mean.a + machine.b @ mean.b + (machine.W * mean.W).sum())


def thermodynamic_integration(
    rbm: Any,
    *,
    n_nodes: int = 30,
    n_chains: int = 50,
    n_steps: int = 200,
    n_burn_in: int = 50,
    random_state: Any = None,
    base_bias: Any = None,
) -> tuple[float, float]:
    """Estimate of log Z and its standard error, in nats, from tempered chains that stay in equilibrium.

    Parameters
    ----------
    rbm : fitted RestrictedBoltzmannMachine, or Harmonium
    n_nodes : int of at least 1, rungs between the ends, at the nodes of a Gauss-Legendre rule
    n_chains : int of at least 2, independent ladders
    n_steps, n_burn_in : int
        Gibbs steps that are averaged, and steps before them that are not; swaps between neighbours follow each.
    random_state : int, RandomState or None
    base_bias : array or tensor (V,), optional, as for :func:`.annealed_importance_sampling`

    Returns
    -------
    log_z : float
    standard_error : float
        Scatter of the ladders. It knows nothing of the rule's own error, nor of a mode that no ladder has found.

    Examples
    --------
    >>> from nndl_support.deep_belief.harmonium import Harmonium
    >>> rbm = Harmonium(torch.ones(3, 2), torch.zeros(3), torch.zeros(2))
    >>> log_z, error = thermodynamic_integration(rbm, n_nodes=5, random_state=0)
    >>> abs(log_z - float(enumeration.log_z(rbm))) < 4 * error < 0.1
    True
    """
    if n_chains < 2 or n_steps < 1 or n_burn_in < 0:
        raise ValueError(
            f"n_chains is {n_chains}, n_steps {n_steps}, n_burn_in {n_burn_in}; expected at least 2, 1 and 0"
        )
    machine = as_harmonium(rbm)
    a0 = base_bias_of(rbm, base_bias)
    nodes, weights = (x.to(machine.W) for x in gauss_legendre(n_nodes))
    # a rung at 0, where chains forget everything, has weight 0 in the rule
    beta = torch.cat([nodes.new_zeros(1), nodes])
    generator = seeded_generator(random_state, machine.W.device)
    v = machine.visible.sample(a0.expand(len(beta), n_chains, -1), generator)
    total = torch.zeros(n_chains, dtype=torch.float64, device=v.device)
    for step in range(n_burn_in + n_steps):
        v = tempered_gibbs_step(machine, v, beta[:, None], a0, generator)
        if step >= n_burn_in:
            total += (weights @ slope(machine, v[1:], nodes[:, None], a0)).double()
        v, _ = swap_neighbours(machine, v, beta, a0, first=step % 2, generator=generator)
    area = total / n_steps
    return log_z_at_base(machine, a0) + float(area.mean()), float(area.std() / math.sqrt(n_chains))
