r"""Why slow waves are learnt before fast ones (谱偏差): the tangent kernel, and how fast it lets each wave of an error shrink.

Under small steps of gradient descent on :math:`L = \lVert\rho(\theta)\rVert^2` a residual vector obeys

.. math:: \dot\rho = -2 K \rho, \qquad K = J J^\top, \qquad J_{nq} = \frac{\partial \rho_n}{\partial \theta_q}

so that its part along an eigenvector of K shrinks at twice the eigenvalue.

Shapes: N points, S residuals, P parameters, W waves.

References
----------
Jacot, Gabriel and Hongler (2018), Neural tangent kernel, https://arxiv.org/abs/1806.07572.
Rahaman et al. (2019), On the spectral bias of neural networks, https://arxiv.org/abs/1806.08734.
Tancik et al. (2020), Fourier features let networks learn high frequency functions, https://arxiv.org/abs/2006.10739.
Wang, Yu and Perdikaris (2022), When and why PINNs fail to train: a neural tangent kernel perspective, Journal of Computational
Physics 449, https://doi.org/10.1016/j.jcp.2021.110768.
"""

from typing import Any

import torch
from torch import Tensor

from nndl_support.pinn.jacobian import residual_jacobian
from nndl_support.pinn.network import MLP, HardConstraint

__all__ = ["expected_fourier_kernel", "gradient_flow", "shrinking_rates", "sine_waves", "tangent_kernel"]


def tangent_kernel(network: MLP | HardConstraint, points: Tensor) -> Tensor:
    r"""Tangent kernel of the values of a network (神经正切核).

    .. math:: K_{nm} = \nabla_\theta u(x_n) \cdot \nabla_\theta u(x_m)

    Parameters
    ----------
    network : MLP or HardConstraint, with one output
    points : tensor (N, D)

    Returns
    -------
    tensor (N, N), symmetric, without negative eigenvalues

    Notes
    -----
    That of the residuals of a problem is ``J @ J.T`` with ``J`` from
    :meth:`nndl_support.pinn.objective.Objective.jacobian`.

    Examples
    --------
    For one linear layer, u = w x + b, the kernel is x y + 1:

    >>> tangent_kernel(MLP(1, hidden=()), torch.tensor([[2.0], [3.0]]).double()).tolist()
    [[5.0, 7.0], [7.0, 10.0]]
    """
    values, inputs, sums = network.traced(network.prepare(points, ((),)))
    if values.shape[2] != 1:
        raise ValueError(f"the network has {values.shape[2]} outputs; expected 1")
    jacobian = residual_jacobian([values[0, :, 0]], inputs, sums)[0]
    return jacobian @ jacobian.T


def sine_waves(points: Tensor, half_waves: Any) -> Tensor:
    r"""Sines at points of the unit interval.

    .. math:: s_k(x) = \sin k \pi x

    Parameters
    ----------
    points : tensor (N, 1)
    half_waves : sequence of W numbers k

    Returns
    -------
    tensor (W, N)

    Examples
    --------
    >>> sine_waves(torch.tensor([[0.5]]), [1, 2]).round(decimals=6).abs().tolist()
    [[1.0], [0.0]]
    """
    k = torch.as_tensor(half_waves, dtype=points.dtype)
    return torch.sin(torch.pi * k[:, None] * points[:, 0])


def shrinking_rates(kernel: Tensor, waves: Tensor) -> Tensor:
    r"""Rate at which the kernel lets each wave shrink at first, when it is the only error.

    .. math:: \kappa_k = \frac{s_k^\top K s_k}{N\, s_k^\top s_k}

    Parameters
    ----------
    kernel : tensor (N, N)
    waves : tensor (W, N)

    Returns
    -------
    tensor (W,)

    Notes
    -----
    Divided by N, for a loss that is a mean of squares, the rate tends to a limit when more points are taken.

    Examples
    --------
    >>> shrinking_rates(torch.tensor([[4.0, 0.0], [0.0, 2.0]]), torch.eye(2)).tolist()
    [2.0, 1.0]
    """
    if kernel.shape != (waves.shape[1], waves.shape[1]):
        raise ValueError(f"the kernel has shape {tuple(kernel.shape)}, but the waves have {waves.shape[1]} points")
    return torch.einsum("wn,nm,wm->w", waves, kernel, waves) / waves.square().sum(dim=1) / waves.shape[1]


def gradient_flow(kernel: Tensor, residuals: Tensor, time: float) -> Tensor:
    r"""Residuals after gradient descent with small steps, while the kernel stays what it is.

    .. math:: \rho(t) = e^{-2Kt}\rho(0)

    Parameters
    ----------
    kernel : tensor (S, S)
    residuals : tensor (S,)
    time : float, the learning rate times the number of steps

    Returns
    -------
    tensor (S,)

    Examples
    --------
    >>> gradient_flow(torch.diag(torch.tensor([0.0, 0.5])), torch.tensor([1.0, 1.0]), 1.0).log().tolist()
    [0.0, -1.0]
    """
    values, vectors = torch.linalg.eigh(kernel)
    return vectors @ (torch.exp(-2 * values * time) * (vectors.T @ residuals))


def expected_fourier_kernel(distance: Tensor, scale: float) -> Tensor:
    r"""What the inner product of random Fourier features of two points tends to with many features.

    .. math:: \mathbb E_{b \sim \mathcal N(0, s^2 I)} \cos(2\pi\, b \cdot \Delta) = e^{-2\pi^2 s^2 \lVert\Delta\rVert^2}

    Parameters
    ----------
    distance : tensor, the lengths :math:`\lVert\Delta\rVert`
    scale : float > 0, s, as in :class:`nndl_support.pinn.embeddings.FourierFeatures`

    Returns
    -------
    tensor of the same shape, the mean product of one cosine and sine pair

    Examples
    --------
    >>> expected_fourier_kernel(torch.tensor([0.0]), 3.0).item()
    1.0
    """
    return torch.exp(-2 * torch.pi**2 * scale**2 * distance**2)
