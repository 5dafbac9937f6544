r"""The three averages whose difference between data and model is the gradient of a restricted Boltzmann machine.

.. math::

    \frac{\partial}{\partial W} \frac1B \sum_n \log p(v^{(n)})
    = \langle v h^\top \rangle_{\text{data}} - \langle v h^\top \rangle_{\text{model}}

and the same with :math:`v` for the visible and :math:`h` for the hidden bias. The first average, the *positive phase*, is exact;
the *negative phase* is exact for small machines and sampled for others.

Shapes: B examples or chains, V visible units, H hidden units.

References
----------
Qiu (2019), equations 12.52-12.58; Hinton (2002), https://doi.org/10.1162/089976602760128018; Cho, Raiko and Ilin (2011),
Enhanced gradient and adaptive learning rate for training restricted Boltzmann machines, ICML; Montavon and Müller (2012), Deep
Boltzmann machines and the centering trick, https://doi.org/10.1007/978-3-642-35289-8_33.
"""

from __future__ import annotations

from typing import NamedTuple

from torch import Generator, Tensor

from nndl_support.deep_belief.harmonium import Harmonium

__all__ = ["Moments", "centred_gradient", "contrastive_divergence", "moments"]


class Moments(NamedTuple):
    """E[v h^T] (V, H), E[v] (V,) and E[h] (H,), named like the parameters to which they belong.

    Examples
    --------
    >>> import torch
    >>> Moments(torch.ones(2, 1), torch.ones(2), torch.ones(1)).minus(Moments(*[torch.ones(1)] * 3)).b
    tensor([0.])
    """

    W: Tensor
    a: Tensor
    b: Tensor

    def minus(self, other: Moments) -> Moments:
        """The difference, entry by entry: positive minus negative phase is the gradient of the log-likelihood."""
        return Moments(*(x - y for x, y in zip(self, other, strict=True)))


def moments(rbm: Harmonium, v: Tensor) -> Moments:
    """Averages over visible vectors, with the hidden units at their means given these.

    Parameters
    ----------
    rbm : Harmonium
    v : tensor (B, V)

    Returns
    -------
    Moments

    Examples
    --------
    >>> import torch
    >>> rbm = Harmonium(torch.zeros(2, 1), torch.zeros(2), torch.zeros(1))
    >>> moments(rbm, torch.tensor([[1.0, 0.0], [1.0, 1.0]])).W
    tensor([[0.5000],
            [0.2500]])
    """
    h = rbm.mean_hidden(v)
    # the mean is taken of h, the smaller matrix
    return Moments(v.T @ (h / len(v)), v.mean(0), h.mean(0))


def contrastive_divergence(
    rbm: Harmonium, v: Tensor, n_steps: int = 1, generator: Generator | None = None
) -> tuple[Moments, Tensor]:
    """Negative phase from chains that start at ``v`` and run for ``n_steps`` full Gibbs steps.

    Parameters
    ----------
    rbm : Harmonium
    v : tensor (B, V)
        The data, for contrastive divergence (Qiu's algorithm 12.1); where the chains ended last time, for its persistent form.
    n_steps : int of at least 1
    generator : torch.Generator, optional

    Returns
    -------
    Moments, tensor (B, V)
        The averages, and where the chains ended.

    Notes
    -----
    Every state that a chain passes is drawn; only in the averages do the hidden units stand at their means, which has the same
    expectation and less variance.

    Examples
    --------
    >>> import torch
    >>> rbm = Harmonium(torch.zeros(2, 1), torch.tensor([50.0, -50.0]), torch.zeros(1))
    >>> contrastive_divergence(rbm, torch.zeros(3, 2), generator=torch.Generator().manual_seed(0))[0].a
    tensor([1., 0.])
    """
    if n_steps < 1:
        raise ValueError(f"contrastive divergence takes at least 1 step, not {n_steps}")
    for _ in range(n_steps):
        v = rbm.gibbs_step(v, generator)
    return moments(rbm, v), v


def centred_gradient(positive: Moments, negative: Moments) -> Moments:
    r"""Direction of ascent for a machine whose units count from their means :math:`\mu` and :math:`\lambda` instead of from 0.

    .. math::

        \nabla_W = g_W - \mu\, g_b^\top - g_a \lambda^\top, \qquad
        \nabla_a = g_a - \nabla_W \lambda, \qquad \nabla_b = g_b - \nabla_W^\top \mu

    Here :math:`g` is the plain gradient, positive minus negative phase, and :math:`\mu, \lambda` are the means of the visible and
    hidden units over both phases.

    Parameters
    ----------
    positive, negative : Moments

    Returns
    -------
    Moments

    Notes
    -----
    The energy :math:`-(v - \mu)^\top W (h - \lambda) - \alpha^\top v - \beta^\top h` describes the same machines, with
    :math:`a = \alpha - W \lambda` and :math:`b = \beta - W^\top \mu`: this is its plain gradient, written for W, a and b. It
    vanishes where the plain one does, and learning with it does not depend on which state of a unit is called 1.

    Examples
    --------
    >>> import torch
    >>> up = Moments(torch.tensor([[0.5]]), torch.tensor([1.0]), torch.tensor([0.5]))
    >>> down = Moments(torch.tensor([[0.25]]), torch.tensor([0.5]), torch.tensor([0.5]))
    >>> centred_gradient(up, down)  # more v, at unchanged mean h, is no reason for another weight
    Moments(W=tensor([[0.]]), a=tensor([0.5000]), b=tensor([0.]))
    """
    g = positive.minus(negative)
    mu, lam = (positive.a + negative.a) / 2, (positive.b + negative.b) / 2
    # gW - mu gb' - ga lambda'
    W = g.W - mu[:, None] * g.b - g.a[:, None] * lam
    return Moments(W, g.a - W @ lam, g.b - mu @ W)
