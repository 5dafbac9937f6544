r"""A ladder of distributions from an easy one to a restricted Boltzmann machine, and chains that exchange their places on it.

.. math:: p_\beta(v) \propto e^{-F_\beta(v)}, \qquad
    F_\beta(v) = B(v) - \bigl((1 - \beta)\, a_0 + \beta\, a\bigr)^\top v - A\bigl(\beta\,(b + W^\top v)\bigr)

At :math:`\beta = 0` the units are independent with visible bias :math:`a_0`; at :math:`\beta = 1` they are the machine. Annealed
importance sampling climbs the ladder once; parallel tempering keeps chains on all rungs and swaps neighbours, so that a chain
stuck at the top is carried down, shuffled, and brought up elsewhere.

Shapes: T rungs, C chains on each, V visible units, H hidden units; v (T, C, V) with beta (T, 1), or v (C, V) with a number.

References
----------
Salakhutdinov and Murray (2008), On the quantitative analysis of deep belief networks, ICML, doi:10.1145/1390156.1390266;
Desjardins, Courville, Bengio, Vincent and Delalleau (2010), Tempered Markov chain Monte Carlo for training of restricted
Boltzmann machines, AISTATS.
"""

import torch
from torch import Generator, Tensor

from nndl_support.deep_belief.harmonium import Harmonium

__all__ = ["swap_neighbours", "tempered_free_energy", "tempered_gibbs_step"]


def tempered_free_energy(rbm: Harmonium, v: Tensor, beta: float | Tensor, base_bias: Tensor) -> Tensor:
    """Free energy on a rung: (..., V) to (...), in nats.

    Parameters
    ----------
    rbm : Harmonium
    v : tensor (..., V)
    beta : float, or tensor that broadcasts against v without its last axis
        0 at the easy end, 1 at the machine.
    base_bias : tensor (V,), the visible bias at beta 0

    Examples
    --------
    >>> rbm = Harmonium(torch.ones(2, 1), torch.ones(2), torch.ones(1))
    >>> v = torch.tensor([[1.0, 0.0]])
    >>> bool(tempered_free_energy(rbm, v, 1.0, torch.zeros(2)) == rbm.free_energy(v))
    True
    """
    beta = torch.as_tensor(beta, dtype=v.dtype, device=v.device)
    fields = beta[..., None] * rbm.hidden_field(v)
    bias_part = (1 - beta) * (v @ base_bias) + beta * (v @ rbm.a)
    return rbm.visible.own_energy(v) - bias_part - rbm.hidden.log_normalizer(fields)


def tempered_gibbs_step(
    rbm: Harmonium, v: Tensor, beta: float | Tensor, base_bias: Tensor, generator: Generator | None = None
) -> Tensor:
    """Hidden, then visible units drawn anew on every rung: (..., V) to (..., V).

    Examples
    --------
    >>> rbm = Harmonium(torch.zeros(1, 1), torch.tensor([-50.0]), torch.zeros(1))
    >>> rungs = torch.tensor([[0.0], [1.0]])
    >>> tempered_gibbs_step(rbm, torch.zeros(2, 3, 1), rungs, torch.tensor([50.0])).squeeze(-1)
    tensor([[1., 1., 1.],
            [0., 0., 0.]])
    """
    beta = torch.as_tensor(beta, dtype=v.dtype, device=v.device)[..., None]
    h = rbm.hidden.sample(beta * rbm.hidden_field(v), generator)
    return rbm.visible.sample((1 - beta) * base_bias + beta * rbm.visible_field(h), generator)


def swap_neighbours(
    rbm: Harmonium,
    v: Tensor,
    beta: Tensor,
    base_bias: Tensor,
    *,
    first: int = 0,
    generator: Generator | None = None,
) -> tuple[Tensor, Tensor]:
    r"""Let the chains on rungs (first, first + 1), (first + 2, first + 3), ... exchange their states, after Metropolis.

    .. math:: A = \min\bigl\{1, \exp\bigl(F_s(v_s) + F_t(v_t) - F_s(v_t) - F_t(v_s)\bigr)\bigr\}

    Parameters
    ----------
    rbm : Harmonium
    v : tensor (T, C, V)
    beta : tensor (T,)
    base_bias : tensor (V,)
    first : 0 or 1; alternate between them
    generator : torch.Generator, optional

    Returns
    -------
    tensor (T, C, V), tensor (number of pairs,)
        The states after the exchange, and for every pair the share of chains that exchanged.

    Examples
    --------
    >>> rbm = Harmonium(torch.zeros(1, 1), torch.zeros(1), torch.zeros(1))
    >>> v = torch.tensor([[[0.0]], [[1.0]]])
    >>> swap_neighbours(rbm, v, torch.tensor([0.5, 1.0]), torch.zeros(1))[0].flatten()  # equally likely: always accepted
    tensor([1., 0.])
    """
    n_pairs = (len(beta) - first) // 2
    low = slice(first, first + 2 * n_pairs, 2)
    high = slice(first + 1, first + 2 * n_pairs, 2)
    v_low, v_high = v[low], v[high]
    b_low, b_high = beta[low, None], beta[high, None]
    # F_s(v_s) + F_t(v_t) - F_s(v_t) - F_t(v_s)
    log_ratio = (
        tempered_free_energy(rbm, v_low, b_low, base_bias)
        + tempered_free_energy(rbm, v_high, b_high, base_bias)
        - tempered_free_energy(rbm, v_high, b_low, base_bias)
        - tempered_free_energy(rbm, v_low, b_high, base_bias)
    )
    u = torch.rand(log_ratio.shape, generator=generator, dtype=v.dtype, device=v.device)
    accepted = u.log() < log_ratio
    swapped = v.clone()
    swapped[low] = torch.where(accepted[..., None], v_high, v_low)
    swapped[high] = torch.where(accepted[..., None], v_low, v_high)
    return swapped, accepted.to(v.dtype).mean(-1)
