r"""What contrastive divergence does on average, without a sample: the Gibbs chain of a small machine as a matrix.

.. math:: T_{v v'} = \sum_h p(h \mid v)\, p(v' \mid h), \qquad
    \mathbb E[\text{negative phase of CD-}k] = \sum_{v'} (p_{\text{data}} T^k)(v')\; \langle v' h^\top \rangle

With the bias laid open, one can ask how it shrinks with k, and where learning with CD-k comes to rest.

Shapes: B examples, V visible units, H hidden units, S = number of visible states (2^V for binary units).

References
----------
Carreira-Perpiñán and Hinton (2005), On contrastive divergence learning, AISTATS; Fischer and Igel (2011), Bounding the bias of
contrastive divergence learning, Neural Computation 23(3), https://doi.org/10.1162/NECO_a_00085; Sutskever and Tieleman (2010), On
the convergence properties of contrastive divergence, AISTATS.
"""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from nndl_support.deep_belief.harmonium import Harmonium
from nndl_support.deep_belief.moments import Moments

__all__ = ["MAX_STATES", "expected_negative_phase", "gibbs_matrix", "moments_under", "rest_point"]

#: Layers with more states than this get no matrix.
MAX_STATES = 4096


def gibbs_matrix(rbm: Harmonium) -> Tensor:
    """Probability that a full Gibbs step leads from one visible state to another.

    Parameters
    ----------
    rbm : Harmonium with few states in both layers

    Returns
    -------
    tensor (S, S) of float64, rows sum to 1, in the order of ``rbm.visible.states()``

    Raises
    ------
    ValueError
        When a layer has more than 4096 states.

    Examples
    --------
    >>> gibbs_matrix(Harmonium(torch.zeros(1, 1), torch.zeros(1), torch.zeros(1)))
    tensor([[0.5000, 0.5000],
            [0.5000, 0.5000]], dtype=torch.float64)
    """
    if max(rbm.visible.n_states, rbm.hidden.n_states) > MAX_STATES:
        raise ValueError(
            f"the layers are {rbm.visible!r} and {rbm.hidden!r}; for a matrix neither may have more than {MAX_STATES} states"
        )
    rbm = rbm.to(torch.float64)
    v, h = rbm.visible.states(device=rbm.W.device), rbm.hidden.states(device=rbm.W.device)
    # p(h | v) is proportional to exp(h' field), row by row; the own energies are zero for discrete units
    up = (rbm.hidden_field(v) @ h.T).softmax(1)
    down = (rbm.visible_field(h) @ v.T).softmax(1)
    return up @ down


def moments_under(rbm: Harmonium, p: Tensor) -> Moments:
    """Averages over a distribution of visible states, with the hidden units at their means given these.

    Parameters
    ----------
    rbm : Harmonium
    p : tensor (S,), probabilities in the order of ``rbm.visible.states()``

    Examples
    --------
    >>> rbm = Harmonium(torch.zeros(2, 1), torch.zeros(2), torch.zeros(1))
    >>> moments_under(rbm, torch.tensor([0.0, 0.0, 0.5, 0.5])).a
    tensor([1.0000, 0.5000])
    """
    v = rbm.visible.states(dtype=rbm.W.dtype, device=rbm.W.device)
    p = p.to(v)
    if p.shape != v.shape[:1]:
        raise ValueError(f"p has shape {tuple(p.shape)}, but the visible layer has {len(v)} states")
    h = rbm.mean_hidden(v)
    return Moments((p[:, None] * v).T @ h, p @ v, p @ h)


def expected_negative_phase(rbm: Harmonium, p: Tensor, n_steps: int) -> Moments:
    """Mean over all chains of the negative phase of CD-k, when examples occur with probability ``p``.

    Parameters
    ----------
    rbm : Harmonium
    p : tensor (S,), the distribution of the data
    n_steps : int of at least 0; with 0 this is the positive phase

    Examples
    --------
    >>> rbm = Harmonium(torch.zeros(1, 1), torch.tensor([50.0]), torch.zeros(1))
    >>> expected_negative_phase(rbm, torch.tensor([1.0, 0.0]), 1).a  # one step, and the data are forgotten
    tensor([1.])
    """
    p, T = p.to(torch.float64), gibbs_matrix(rbm)
    for _ in range(n_steps):
        p = p @ T
    return moments_under(rbm, p)


def rest_point(
    rbm: Harmonium, p: Tensor, *, n_steps: int | None, n_iterations: int = 200, tolerance: float = 1e-10
) -> tuple[Harmonium, float]:
    r"""Where learning with the expected update of CD-k, or with the gradient of the likelihood, comes to rest.

    .. math:: \theta \leftarrow \theta + (\lambda I - J)^{-1} g(\theta), \qquad \lambda = \lVert g(\theta) \rVert_\infty

    The flow :math:`\dot\theta = g(\theta)` along the expected update g is followed in implicit steps of length 1 / lambda, with
    the Jacobian J; close to the end they become Newton's.

    Parameters
    ----------
    rbm : Harmonium of float64, where to start
    p : tensor (S,), the distribution of the data, all of them positive so that the weights stay finite
    n_steps : int of at least 1, or None for the true gradient (the chain run for ever)
    n_iterations : int
    tolerance : float, largest entry of the update at which to stop

    Returns
    -------
    Harmonium, float
        The last machine, and the largest entry of its expected update.

    Examples
    --------
    >>> start = Harmonium(*[torch.full(s, 0.1, dtype=torch.float64) for s in ((1, 1), (1,), (1,))])
    >>> end, largest = rest_point(start, torch.tensor([0.25, 0.75]), n_steps=None)
    >>> (-end.free_energy(torch.tensor([[0.0], [1.0]]).double())).softmax(0), largest < 1e-9
    (tensor([0.2500, 0.7500], dtype=torch.float64), True)
    """
    p = p.to(rbm.W.dtype)
    shapes = [rbm.W.shape, rbm.a.shape, rbm.b.shape]

    def machine(theta: Tensor) -> Harmonium:
        parts = theta.split([shape.numel() for shape in shapes])
        W, a, b = (part.reshape(shape) for part, shape in zip(parts, shapes, strict=True))
        return replace(rbm, W=W, a=a, b=b)

    def update(theta: Tensor) -> Tensor:
        here = machine(theta)
        if n_steps is None:
            states = here.visible.states(dtype=theta.dtype, device=theta.device)
            negative = moments_under(here, (-here.free_energy(states)).softmax(0))
        else:
            negative = expected_negative_phase(here, p, n_steps)
        return torch.cat([part.flatten() for part in moments_under(here, p).minus(negative)])

    theta = torch.cat([rbm.W.flatten(), rbm.a, rbm.b])
    for _ in range(n_iterations):
        g = update(theta)
        size = g.abs().max()
        if size < tolerance:
            break
        J = torch.autograd.functional.jacobian(update, theta)
        theta = theta + torch.linalg.solve(size * torch.eye(len(theta), dtype=theta.dtype, device=theta.device) - J, g)
    return machine(theta), float(update(theta).abs().max())
