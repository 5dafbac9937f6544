r"""Muon: the momentum of a weight matrix is replaced by a matrix with the same singular vectors and singular values near 1.

Shapes: a matrix is (m, n), outputs by inputs; a weight of more dimensions counts as the matrix (m, product of the others).

References
----------
Jordan et al. (2024), Muon: an optimizer for hidden layers in neural networks, https://kellerjordan.github.io/posts/muon/; Liu et
al. (2025), Muon is scalable for LLM training, https://arxiv.org/abs/2502.16982; Bernstein and Newhouse (2024), Old optimizer, new
norm: an anthology, https://arxiv.org/abs/2409.20325.
"""

import math
from collections.abc import Iterable, Sequence
from typing import Any

import torch
from torch import Tensor

from nndl_support.optimization.optimizer_base import Buffers, OptimizerBase, check_fraction

__all__ = ["CONVERGENT", "JORDAN", "Muon", "newton_schulz", "polar_factor"]

JORDAN = (3.4445, -4.7750, 2.0315)
CONVERGENT = (15 / 8, -10 / 8, 3 / 8)


def newton_schulz(
    matrix: Tensor,
    steps: int = 5,
    coefficients: tuple[float, float, float] = JORDAN,
    *,
    eps: float = 1e-7,
    dtype: torch.dtype | None = None,
) -> Tensor:
    r"""Move all singular values of a matrix towards 1, by matrix products alone.

    .. math:: X_0 = M / \lVert M \rVert_F, \qquad X_{k+1} = a X_k + b\, (X_k X_k^\top) X_k + c\, (X_k X_k^\top)^2 X_k

    A product of this kind leaves the singular vectors as they are and sends each singular value s to
    :math:`a s + b s^3 + c s^5`.

    Parameters
    ----------
    matrix : tensor (m, n)
    steps : int >= 0
    coefficients : (a, b, c)
        ``JORDAN``, Muon's, has the steepest start (a = 3.4445) and never settles: after five steps the singular values that
        were at least 0.002 of the norm lie between 0.68 and 1.21. ``CONVERGENT`` has the fixed point 1 with vanishing first and
        second derivative, and needs more steps.
    eps : float, least number to divide by
    dtype : torch.dtype, optional
        Width of the numbers during the iteration and of the result; the matrix's own without it.

    Returns
    -------
    tensor (m, n)

    Examples
    --------
    >>> x = newton_schulz(torch.tensor([[3.0, 0.0], [4.0, 5.0], [0.0, 0.0]]), steps=20, coefficients=CONVERGENT)
    >>> torch.allclose(x.T @ x, torch.eye(2), atol=1e-5)
    True
    """
    if matrix.ndim != 2:
        raise ValueError(f"the matrix has shape {tuple(matrix.shape)}; expected two dimensions")
    a, b, c = coefficients
    tall = matrix.shape[0] > matrix.shape[1]
    x = (matrix.T if tall else matrix).to(dtype or matrix.dtype)  # X X^T is then the smaller of the two products
    x = x / x.norm().clamp(min=eps)
    for _ in range(steps):
        gram = x @ x.T
        polynomial = torch.addmm(gram, gram, gram, beta=b, alpha=c)
        x = torch.addmm(x, polynomial, x, beta=a)
    return x.T if tall else x


def polar_factor(matrix: Tensor) -> Tensor:
    r"""The matrix :math:`U V^\top` of the singular value decomposition :math:`M = U S V^\top`: all singular values are 1.

    It is the direction of steepest descent among the matrices with largest singular value 1, and the limit of
    ``newton_schulz`` with convergent coefficients.

    Parameters
    ----------
    matrix : tensor (m, n)

    Examples
    --------
    >>> polar_factor(torch.tensor([[0.0, -7.0], [2.0, 0.0]]))
    tensor([[ 0., -1.],
            [ 1.,  0.]])
    """
    u, _, vh = torch.linalg.svd(matrix, full_matrices=False)
    return u @ vh


class Muon(OptimizerBase):
    r"""Momentum, orthogonalised.

    .. math:: B_t = \mu B_{t-1} + (1 - \mu) G_t, \quad O_t = \mathrm{NS}\left((1 - \mu) G_t + \mu B_t\right), \quad
              W_t = (1 - \alpha \lambda) W_{t-1} - \alpha\, s(m, n)\, O_t

    Parameters
    ----------
    params : iterable of tensors, of ``(name, tensor)`` pairs, or of dicts with a key ``"params"``
        With two dimensions or more. Biases, gains, embeddings and the last layer belong to another optimiser, such as AdamW.
    lr : float or tensor of one element, >= 0
    weight_decay : float >= 0, decoupled: the :math:`\lambda` of the formula
    momentum : float in [0, 1)
    nesterov : bool
        Orthogonalise :math:`(1 - \mu) G_t + \mu B_t`, as in the formula, or :math:`B_t` itself.
    ns_coefficients, eps, ns_steps
        As ``coefficients``, ``eps`` and ``steps`` of ``newton_schulz``.
    adjust_lr_fn : str, optional
        The scale s: :math:`\sqrt{\max(1, m/n)}` for None and ``"original"``; :math:`0.2 \sqrt{\max(m, n)}` for
        ``"match_rms_adamw"`` (Liu et al.), which gives steps about the size of Adam's, so that Adam's rate can be kept.
    maximize, check_finite : bool, see :class:`~nndl_support.optimization.optimizer_base.OptimizerBase`
    ns_dtype : torch.dtype or None
        Width of the numbers in the iteration; None for each parameter's own. The default, 8 bits of precision, is what
        ``torch.optim.Muon`` always takes, and makes the paths of both the same. It is fast on hardware made for it, and slow
        on other.

    Raises
    ------
    ValueError
        When a parameter has fewer than two dimensions, and as OptimizerBase does.

    Notes
    -----
    The original, :math:`B_t = \mu B_{t-1} + G_t`, has a momentum :math:`1/(1-\mu)` times as large; orthogonalising forgets the
    difference, up to ``eps``. PyTorch (2.9 and later) has this class for exactly two dimensions; with parameters in bfloat16 and
    ``nesterov=False`` it normalises its momentum in place, so that the memory of the gradients' size is lost (seen in 2.13).

    References
    ----------
    Jordan et al. (2024); Liu et al. (2025), equation 4 for the scale.

    Examples
    --------
    >>> weight = torch.zeros(2, 2, requires_grad=True)
    >>> optimizer = Muon([weight], lr=1.0, ns_steps=30, ns_coefficients=CONVERGENT, ns_dtype=None)
    >>> (1000 * weight[0, 0] + weight[1, 1]).backward()
    >>> optimizer.step()
    >>> weight.detach().round(decimals=3)
    tensor([[-1., 0.],
            [ 0., -1.]])
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float | Tensor = 1e-3,
        weight_decay: float = 0.1,
        momentum: float = 0.95,
        nesterov: bool = True,
        ns_coefficients: tuple[float, float, float] = JORDAN,
        eps: float = 1e-7,
        ns_steps: int = 5,
        adjust_lr_fn: str | None = None,
        *,
        maximize: bool = False,
        check_finite: bool = True,
        ns_dtype: torch.dtype | None = torch.bfloat16,
    ) -> None:
        defaults = {
            "lr": lr,
            "weight_decay": weight_decay,
            "momentum": momentum,
            "nesterov": nesterov,
            "ns_coefficients": ns_coefficients,
            "eps": eps,
            "ns_steps": ns_steps,
            "adjust_lr_fn": adjust_lr_fn,
            "ns_dtype": ns_dtype,
        }
        super().__init__(params, defaults | {"maximize": maximize, "check_finite": check_finite})

    def _check_options(self, group: dict[str, Any]) -> None:
        super()._check_options(group)
        check_fraction("momentum", group["momentum"])
        if len(group["ns_coefficients"]) != 3:
            raise ValueError(f"ns_coefficients has {len(group['ns_coefficients'])} numbers; expected three: a, b, c")
        if group["ns_steps"] < 0:
            raise ValueError(f"ns_steps is {group['ns_steps']}; expected a whole number >= 0")
        if group["adjust_lr_fn"] not in (None, "original", "match_rms_adamw"):
            raise ValueError(
                f"adjust_lr_fn is {group['adjust_lr_fn']!r}; expected 'original', 'match_rms_adamw' or None"
            )

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Add a group of parameters that have two dimensions or more."""
        super().add_param_group(param_group)
        for p in self.param_groups[-1]["params"]:
            if p.ndim < 2:
                described = self._describe(p)
                self.param_groups.pop()
                raise ValueError(f"{described} is not a matrix; give it to another optimiser, such as AdamW")

    def _buffer_names(self, group: dict[str, Any]) -> Sequence[str]:
        return ("momentum_buffer",)

    def _update(self, group: dict[str, Any], params: list[Tensor], grads: list[Tensor], buffers: Buffers) -> None:
        lr, momentum, average = float(group["lr"]), group["momentum"], buffers["momentum_buffer"]
        torch._foreach_lerp_(average, grads, 1 - momentum)
        ahead = torch._foreach_lerp(grads, average, momentum) if group["nesterov"] else average
        if group["weight_decay"]:
            torch._foreach_mul_(params, 1 - lr * group["weight_decay"])
        for p, update in zip(params, ahead, strict=True):
            matrix = update.flatten(1)
            orthogonal = newton_schulz(
                matrix, group["ns_steps"], group["ns_coefficients"], eps=group["eps"], dtype=group["ns_dtype"]
            )
            p.add_(orthogonal.view_as(p), alpha=-lr * _scale(matrix, group["adjust_lr_fn"]))


def _scale(matrix: Tensor, adjust_lr_fn: str | None) -> float:
    """What the rate is multiplied by, from the shape of the matrix."""
    m, n = matrix.shape
    return 0.2 * math.sqrt(max(m, n)) if adjust_lr_fn == "match_rms_adamw" else math.sqrt(max(1, m / n))
