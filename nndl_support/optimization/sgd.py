r"""Stochastic gradient descent, with momentum and Nesterov's momentum.

References
----------
Polyak (1964), Some methods of speeding up the convergence of iteration methods, https://doi.org/10.1016/0041-5553(64)90137-5;
Sutskever, Martens, Dahl and Hinton (2013), On the importance of initialization and momentum in deep learning, ICML (the form of
Nesterov's method in which neural networks use it); Qiu (2019), equations 7.15-7.18.
"""

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor

from nndl_support.optimization.optimizer_base import Buffers, OptimizerBase, check_non_negative, l2_gradients

__all__ = ["SGD"]


class SGD(OptimizerBase):
    r"""Gradient descent with a velocity.

    .. math:: v_t = \mu\, v_{t-1} + (1 - \tau)\, g_t, \qquad \theta_t = \theta_{t-1} - \alpha\, v_t

    Parameters
    ----------
    params
        As in :class:`~nndl_support.optimization.optimizer_base.OptimizerBase`.
    lr : float >= 0, :math:`\alpha`
    momentum : float >= 0, :math:`\mu`; 0 is plain gradient descent
    dampening : float >= 0, :math:`\tau`; the first gradient enters the velocity undamped
    weight_decay : float >= 0
        Factor :math:`\lambda` of a penalty :math:`\frac{\lambda}{2}\lVert\theta\rVert^2`; its gradient is added to :math:`g_t`.
    nesterov : bool
        Step along :math:`g_t + \mu v_t` instead of :math:`v_t`; needs ``momentum > 0`` and ``dampening = 0``.
    maximize, check_finite
        As in :class:`~nndl_support.optimization.optimizer_base.OptimizerBase`.

    Notes
    -----
    The rate stands outside of the velocity, as in ``torch.optim.SGD``. Many books (Qiu's 7.15 among them) put it inside,
    :math:`\Delta\theta_t = \rho\,\Delta\theta_{t-1} - \alpha g_t`. The two agree as long as the rate does not change.

    References
    ----------
    Polyak (1964); Sutskever, Martens, Dahl and Hinton (2013). Section "Optimisers" of this book.

    Examples
    --------
    >>> theta = torch.tensor(1.0, requires_grad=True)
    >>> optimizer = SGD([theta], lr=0.5, momentum=0.5)
    >>> for _ in range(2):
    ...     theta.grad = torch.tensor(1.0)
    ...     optimizer.step()
    >>> theta.item()  # 1 - 0.5 - 0.5 * 1.5
    -0.25
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float | Tensor = 1e-3,
        momentum: float = 0.0,
        dampening: float = 0.0,
        weight_decay: float = 0.0,
        nesterov: bool = False,
        *,
        maximize: bool = False,
        check_finite: bool = True,
    ) -> None:
        defaults = {
            "lr": lr,
            "momentum": momentum,
            "dampening": dampening,
            "weight_decay": weight_decay,
            "nesterov": nesterov,
            "maximize": maximize,
            "check_finite": check_finite,
        }
        super().__init__(params, defaults)

    def _check_options(self, group: dict[str, Any]) -> None:
        super()._check_options(group)
        check_non_negative("dampening", group["dampening"])
        if group["nesterov"] and not (group["momentum"] > 0 and group["dampening"] == 0):
            raise ValueError(
                f"nesterov=True with momentum {group['momentum']} and dampening {group['dampening']}; "
                "expected momentum > 0 and dampening 0"
            )

    def _update(self, group: dict[str, Any], params: list[Tensor], grads: list[Tensor], buffers: Buffers) -> None:
        lr, momentum = float(group["lr"]), group["momentum"]
        grads = l2_gradients(grads, params, group["weight_decay"])
        if not momentum:
            # theta_t = theta_{t-1} - alpha g_t
            torch._foreach_add_(params, grads, alpha=-lr)
            return
        velocity = self._next_velocity(params, grads, momentum, group["dampening"])
        if group["nesterov"]:
            # theta_t = theta_{t-1} - alpha (g_t + mu v_t), in two parts that need no memory of their own
            torch._foreach_add_(params, grads, alpha=-lr)
            torch._foreach_add_(params, velocity, alpha=-lr * momentum)
        else:
            # theta_t = theta_{t-1} - alpha v_t
            torch._foreach_add_(params, velocity, alpha=-lr)

    def _next_velocity(
        self, params: list[Tensor], grads: list[Tensor], momentum: float, dampening: float
    ) -> list[Tensor]:
        moving = [
            (self.state[p]["momentum_buffer"], g)
            for p, g in zip(params, grads, strict=True)
            if self.state[p].get("momentum_buffer") is not None
        ]
        if moving:
            velocity, follow = (list(tensors) for tensors in zip(*moving, strict=True))
            # v_t = mu v_{t-1} + (1 - tau) g_t
            torch._foreach_mul_(velocity, momentum)
            torch._foreach_add_(velocity, follow, alpha=1 - dampening)
        for p, g in zip(params, grads, strict=True):
            if self.state[p].get("momentum_buffer") is None:
                # v_1 = g_1
                self.state[p]["momentum_buffer"] = g.clone()
        return [self.state[p]["momentum_buffer"] for p in params]
