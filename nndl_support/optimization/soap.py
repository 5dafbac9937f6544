r"""SOAP: Adam, run in the coordinates in which the gradients of a weight matrix are uncorrelated.

Shapes: a weight is (m, n); L is (m, m), R is (n, n), their eigenvectors are the columns of :math:`Q_L` and :math:`Q_R`. A weight
of more dimensions has one such pair for each of them.

References
----------
Vyas et al. (2024), SOAP: improving and stabilizing Shampoo using Adam, https://arxiv.org/abs/2409.11321, algorithm 3; Gupta,
Koren and Singer (2018), Shampoo: preconditioned stochastic tensor optimization, https://arxiv.org/abs/1802.09568.
"""

import math
from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor

from nndl_support.optimization.optimizer_base import Buffers, OptimizerBase, check_fraction

__all__ = ["SOAP", "eigenbasis", "refined_basis", "rotate"]

Bases = list[Tensor | None]


def rotate(tensor: Tensor, bases: Bases, *, back: bool = False) -> Tensor:
    r"""A tensor in other coordinates along every axis: :math:`Q_L^\top M Q_R` for a matrix, or :math:`Q_L M Q_R^\top` back.

    Parameters
    ----------
    tensor : tensor (n_1, ..., n_d)
    bases : list of d tensors (n_i, n_i) with orthonormal columns, or None where the axis stays as it is
    back : bool, from the new coordinates to the old ones

    Examples
    --------
    >>> turn = torch.tensor([[0.0, -1.0], [1.0, 0.0]])
    >>> rotate(torch.tensor([[1.0, 2.0], [3.0, 4.0]]), [turn, None])
    tensor([[ 3.,  4.],
            [-1., -2.]])
    """
    for q in bases:
        # Contracting the first axis puts the new one last, so that after d turns every axis is in its place.
        tensor = tensor.movedim(0, -1) if q is None else torch.tensordot(tensor, q, dims=([0], [1 if back else 0]))
    return tensor


def eigenbasis(matrix: Tensor) -> Tensor:
    """Eigenvectors of a symmetric matrix as columns, the one with the largest eigenvalue first.

    Parameters
    ----------
    matrix : tensor (n, n)

    Examples
    --------
    >>> eigenbasis(torch.tensor([[1.0, 0.0], [0.0, 5.0]])).abs()
    tensor([[0., 1.],
            [1., 0.]])
    """
    return torch.linalg.eigh(matrix).eigenvectors.flip(1)


def refined_basis(matrix: Tensor, basis: Tensor) -> tuple[Tensor, Tensor]:
    """One step of orthogonal iteration from the present basis towards the eigenvectors: a product, then a QR decomposition.

    Parameters
    ----------
    matrix : tensor (n, n), symmetric
    basis : tensor (n, n) with orthonormal columns

    Returns
    -------
    order : tensor (n,) of int, where the columns came from: the present estimates of the eigenvalues, decreasing
    basis : tensor (n, n)

    Examples
    --------
    >>> order, basis = refined_basis(torch.diag(torch.tensor([1.0, 5.0])), torch.eye(2))
    >>> order, basis.abs()
    (tensor([1, 0]), tensor([[0., 1.],
            [1., 0.]]))
    """
    product = matrix @ basis
    order = torch.argsort((basis * product).sum(0), descending=True)
    return order, torch.linalg.qr(product[:, order]).Q


class SOAP(OptimizerBase):
    r"""Shampoo with Adam in the preconditioner's eigenbasis.

    .. math:: G' = Q_L^\top G_t Q_R, \quad M_t = \beta_1 M_{t-1} + (1 - \beta_1) G_t, \quad
              V_t = \beta_2 V_{t-1} + (1 - \beta_2)\, G' \odot G'

    .. math:: W_t = W_{t-1} - \alpha_t\, Q_L\, \frac{Q_L^\top M_t Q_R}{\sqrt{V_t} + \varepsilon}\, Q_R^\top, \qquad
              \alpha_t = \alpha \frac{\sqrt{1 - \beta_2^t}}{1 - \beta_1^t}

    .. math:: L_t = \beta_s L_{t-1} + (1 - \beta_s) G_t G_t^\top, \qquad R_t = \beta_s R_{t-1} + (1 - \beta_s) G_t^\top G_t

    Every ``precondition_frequency`` steps :math:`Q_L` and :math:`Q_R` follow the eigenvectors of L and R.

    Parameters
    ----------
    params : iterable of tensors, of ``(name, tensor)`` pairs, or of dicts with a key ``"params"``
    lr : float or tensor of one element, >= 0
    betas : tuple of two floats in [0, 1)
    shampoo_beta : float in [0, 1), optional
        The :math:`\beta_s` of L and R; :math:`\beta_2` without it.
    eps : float >= 0
    weight_decay : float >= 0, decoupled: W is multiplied by :math:`1 - \alpha \lambda` after the step
    precondition_frequency : int >= 1, steps from one basis to the next
    max_precondition_dim : int >= 0, a longer axis keeps its coordinates (its Q is the identity)
    precondition_1d : bool, whether vectors get a basis too; without it they are Adam's
    correct_bias : bool, whether the rate is :math:`\alpha_t` or :math:`\alpha`
    maximize, check_finite : bool, see :class:`~nndl_support.optimization.optimizer_base.OptimizerBase`

    Notes
    -----
    The first step of a parameter only starts L and R and does not move it, so that no gradient is rotated into a basis that it
    has shaped; the printed algorithm leaves the start open, and the authors' program does this. V belongs to the basis it was
    collected in: a new basis takes it over, with its rows and columns in the new order.

    References
    ----------
    Vyas et al. (2024), algorithms 3 (the step) and 4 (the basis).

    Examples
    --------
    >>> weight = torch.tensor([[2.0, 0.0], [0.0, 1.0]], requires_grad=True)
    >>> optimizer = SOAP([weight], lr=0.1)
    >>> for _ in range(200):
    ...     optimizer.zero_grad()
    ...     (weight**2).sum().backward()
    ...     optimizer.step()
    >>> bool(weight.abs().max() < 0.1)
    True
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float | Tensor = 3e-3,
        betas: tuple[float, float] = (0.95, 0.95),
        shampoo_beta: float | None = None,
        eps: float = 1e-8,
        weight_decay: float = 0.01,
        precondition_frequency: int = 10,
        max_precondition_dim: int = 10_000,
        precondition_1d: bool = False,
        correct_bias: bool = True,
        *,
        maximize: bool = False,
        check_finite: bool = True,
    ) -> None:
        defaults = {
            "lr": lr,
            "betas": betas,
            "shampoo_beta": shampoo_beta,
            "eps": eps,
            "weight_decay": weight_decay,
            "precondition_frequency": precondition_frequency,
            "max_precondition_dim": max_precondition_dim,
            "precondition_1d": precondition_1d,
            "correct_bias": correct_bias,
        }
        super().__init__(params, defaults | {"maximize": maximize, "check_finite": check_finite})

    def _check_options(self, group: dict[str, Any]) -> None:
        super()._check_options(group)
        if group["shampoo_beta"] is not None:
            check_fraction("shampoo_beta", group["shampoo_beta"])
        for name, least in (("precondition_frequency", 1), ("max_precondition_dim", 0)):
            if group[name] < least:
                raise ValueError(f"{name} is {group[name]}; expected a whole number >= {least}")

    def _update(self, group: dict[str, Any], params: list[Tensor], grads: list[Tensor], buffers: Buffers) -> None:
        for p, g in zip(params, grads, strict=True):
            state = self.state[p]
            if "step" not in state:
                self._start(state, g, group)
            else:
                self._step(state, p, g, group)

    def _start(self, state: dict[str, Any], grad: Tensor, group: dict[str, Any]) -> None:
        """Zero moments, and bases from the first gradient alone."""
        state["step"] = torch.tensor(0.0)
        state["exp_avg"], state["exp_avg_sq"] = torch.zeros_like(grad), torch.zeros_like(grad)
        wanted = grad.ndim >= 2 or (grad.ndim == 1 and group["precondition_1d"])
        state["covariances"] = [
            grad.new_zeros(n, n) if wanted and n <= group["max_precondition_dim"] else None for n in grad.shape
        ]
        _collect(state["covariances"], grad, _shampoo_beta(group))
        state["bases"] = [None if c is None else eigenbasis(c) for c in state["covariances"]]

    def _step(self, state: dict[str, Any], p: Tensor, grad: Tensor, group: dict[str, Any]) -> None:
        lr, (beta1, beta2) = float(group["lr"]), group["betas"]
        state["step"] += 1
        t, bases, second = int(state["step"]), state["bases"], state["exp_avg_sq"]
        # M in the old coordinates, V in the new ones
        state["exp_avg"].lerp_(grad, 1 - beta1)
        second.lerp_(rotate(grad, bases).square(), 1 - beta2)
        rate = lr * math.sqrt(1 - beta2**t) / (1 - beta1**t) if group["correct_bias"] else lr
        direction = rotate(state["exp_avg"], bases) / second.sqrt().add_(group["eps"])
        p.add_(rotate(direction, bases, back=True), alpha=-rate)
        if group["weight_decay"]:
            p.mul_(1 - lr * group["weight_decay"])
        _collect(state["covariances"], grad, _shampoo_beta(group))
        if t % group["precondition_frequency"] == 0:
            for axis, (covariance, basis) in enumerate(zip(state["covariances"], bases, strict=True)):
                if covariance is not None:
                    order, bases[axis] = refined_basis(covariance, basis)
                    second.copy_(second.index_select(axis, order))


def _shampoo_beta(group: dict[str, Any]) -> float:
    return group["betas"][1] if group["shampoo_beta"] is None else group["shampoo_beta"]


def _collect(covariances: Bases, grad: Tensor, beta: float) -> None:
    """Average the products of the gradient with itself in, over all axes but one: G G^T and G^T G for a matrix."""
    for axis, covariance in enumerate(covariances):
        if covariance is not None:
            flat = grad.movedim(axis, 0).flatten(1) if grad.ndim > 1 else grad[:, None]
            covariance.lerp_(flat @ flat.T, 1 - beta)
