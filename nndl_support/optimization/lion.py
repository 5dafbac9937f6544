r"""Lion: every parameter moves by the learning rate, up or down, and only the sign is asked of the gradient.

Shapes: as in :mod:`nndl_support.optimization.optimizer_base`; ``exp_avg`` is the momentum m, shaped like its parameter.

References
----------
Chen et al. (2023), Symbolic discovery of optimization algorithms, https://arxiv.org/abs/2302.06675, algorithm 2; Chen, Liu, Liang
and Liu (2024), Lion secretly solves constrained optimization: as Lyapunov predicts, https://arxiv.org/abs/2310.05898.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import torch
from torch import Tensor

from nndl_support.optimization.optimizer_base import Buffers, OptimizerBase

__all__ = ["Lion"]


class Lion(OptimizerBase):
    r"""Sign of an interpolated momentum, with decoupled weight decay.

    .. math:: \theta_t = \theta_{t-1} - \alpha \left( \operatorname{sign}\left(\beta_1 m_{t-1} + (1 - \beta_1) g_t\right)
              + \lambda\, \theta_{t-1} \right), \qquad m_t = \beta_2 m_{t-1} + (1 - \beta_2) g_t

    Parameters
    ----------
    params : iterable of tensors, of ``(name, tensor)`` pairs, or of dicts with a key ``"params"``
    lr : float or tensor of one element, >= 0
        The :math:`\alpha` of the formula. Since every coordinate moves by it in every step, it has to be smaller than Adam's; the
        paper recommends a third to a tenth, with a weight decay greater by the same factor.
    betas : tuple of two floats in [0, 1)
        The first weighs the momentum in the step, the second in the memory. The step sees the new gradient more than the memory
        does when the first is smaller, as with the defaults.
    weight_decay : float >= 0, the :math:`\lambda` of the formula
    maximize : bool
    check_finite : bool
        Refuse gradients with NaN or infinity, naming the parameter. The sign would hide them: NaN has none, infinity a good one.

    Raises
    ------
    ValueError
        See :class:`~nndl_support.optimization.optimizer_base.OptimizerBase`.

    Notes
    -----
    Without decay a coordinate moves by exactly ``lr``, or not at all where momentum and gradient cancel to 0. With it, all
    coordinates are drawn into the box :math:`\lvert\theta\rvert \le 1/\lambda`, and stay there. Multiplying the loss by a
    positive number changes nothing.

    References
    ----------
    Chen et al. (2023), algorithm 2, with that paper's defaults.

    Examples
    --------
    >>> theta = torch.tensor([3.0, -2.0], requires_grad=True)
    >>> optimizer = Lion([theta], lr=0.5)
    >>> (1e-6 * theta[0] ** 2 + 1e6 * theta[1] ** 2).backward()
    >>> optimizer.step()
    >>> theta.detach()
    tensor([ 2.5000, -1.5000])
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float | Tensor = 1e-4,
        betas: tuple[float, float] = (0.9, 0.99),
        weight_decay: float = 0.0,
        *,
        maximize: bool = False,
        check_finite: bool = True,
    ) -> None:
        defaults = {"lr": lr, "betas": betas, "weight_decay": weight_decay}
        super().__init__(params, defaults | {"maximize": maximize, "check_finite": check_finite})

    def _buffer_names(self, group: dict[str, Any]) -> Sequence[str]:
        return ("exp_avg",)

    def _update(self, group: dict[str, Any], params: list[Tensor], grads: list[Tensor], buffers: Buffers) -> None:
        lr, (beta1, beta2), momentum = float(group["lr"]), group["betas"], buffers["exp_avg"]
        if group["weight_decay"]:
            torch._foreach_mul_(params, 1 - lr * group["weight_decay"])
        # theta <- theta - lr sign(beta1 m + (1 - beta1) g), with the momentum of the step before
        direction = torch._foreach_lerp(momentum, grads, 1 - beta1)
        torch._foreach_sign_(direction)
        torch._foreach_add_(params, direction, alpha=-lr)
        torch._foreach_lerp_(momentum, grads, 1 - beta2)
