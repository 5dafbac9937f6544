r"""Optimisers with a rate for every single parameter, adapted to the size of its gradients: AdaGrad, RMSprop, AdaDelta.

All operations are elementwise. Each rule divides by a root of accumulated squares; they differ in what they accumulate.

References
----------
Duchi, Hazan and Singer (2011), Adaptive subgradient methods for online learning and stochastic optimization, JMLR 12;
Tieleman and Hinton (2012), RMSProp, lecture 6.5 of Neural Networks for Machine Learning (Coursera); Zeiler (2012), ADADELTA: an
adaptive learning rate method, https://arxiv.org/abs/1212.5701; Qiu (2019), equations 7.8-7.14.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import torch
from torch import Tensor

from nndl_support.optimization.optimizer_base import (
    Buffers,
    OptimizerBase,
    check_fraction,
    check_non_negative,
    l2_gradients,
)

__all__ = ["Adadelta", "Adagrad", "RMSprop"]


class Adagrad(OptimizerBase):
    r"""Divide by the root of the sum of all squared gradients so far.

    .. math:: G_t = G_{t-1} + g_t^2, \qquad
              \theta_t = \theta_{t-1} - \frac{\alpha}{1 + (t-1)\,d}\, \frac{g_t}{\sqrt{G_t} + \varepsilon}

    Parameters
    ----------
    params
        As in :class:`~nndl_support.optimization.optimizer_base.OptimizerBase`.
    lr : float >= 0, :math:`\alpha`
    lr_decay : float >= 0, :math:`d`
    weight_decay : float >= 0, the factor of an :math:`\ell_2` penalty whose gradient is added to :math:`g_t`
    initial_accumulator_value : float >= 0, :math:`G_0`
    eps : float >= 0, outside of the root (Qiu's 7.9 has it inside)
    maximize, check_finite
        As in :class:`~nndl_support.optimization.optimizer_base.OptimizerBase`.

    Examples
    --------
    >>> theta = torch.tensor([1.0, 1.0], requires_grad=True)
    >>> theta.grad = torch.tensor([100.0, 0.01])
    >>> Adagrad([theta], lr=0.5).step()
    >>> theta.detach()  # the first step has the length of the rate, whatever the gradient
    tensor([0.5000, 0.5000])
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float | Tensor = 1e-2,
        lr_decay: float = 0.0,
        weight_decay: float = 0.0,
        initial_accumulator_value: float = 0.0,
        eps: float = 1e-10,
        *,
        maximize: bool = False,
        check_finite: bool = True,
    ) -> None:
        defaults = {
            "lr": lr,
            "lr_decay": lr_decay,
            "weight_decay": weight_decay,
            "initial_accumulator_value": initial_accumulator_value,
            "eps": eps,
            "maximize": maximize,
            "check_finite": check_finite,
        }
        super().__init__(params, defaults)

    def _check_options(self, group: dict[str, Any]) -> None:
        super()._check_options(group)
        for name in ("lr_decay", "initial_accumulator_value"):
            check_non_negative(name, group[name])

    def _buffer_names(self, group: dict[str, Any]) -> Sequence[str]:
        return ("step", "sum")

    def _new_buffer(self, name: str, param: Tensor, group: dict[str, Any]) -> Tensor:
        buffer = super()._new_buffer(name, param, group)
        return buffer.fill_(group["initial_accumulator_value"]) if name == "sum" else buffer

    def _update(self, group: dict[str, Any], params: list[Tensor], grads: list[Tensor], buffers: Buffers) -> None:
        lr, total = float(group["lr"]), buffers["sum"]
        torch._foreach_add_(buffers["step"], 1)
        grads = l2_gradients(grads, params, group["weight_decay"])
        # alpha_t = alpha / (1 + (t - 1) d)
        negative_rates = [-lr / (1 + (step.item() - 1) * group["lr_decay"]) for step in buffers["step"]]
        # G_t = G_{t-1} + g_t^2
        torch._foreach_addcmul_(total, grads, grads, 1.0)
        # theta_t = theta_{t-1} - alpha_t g_t / (sqrt(G_t) + eps)
        root = torch._foreach_sqrt(total)
        torch._foreach_add_(root, group["eps"])
        torch._foreach_addcdiv_(params, grads, root, negative_rates)


class RMSprop(OptimizerBase):
    r"""Divide by the root of a moving average of the squared gradients.

    .. math:: G_t = \beta\, G_{t-1} + (1 - \beta)\, g_t^2, \qquad
              \theta_t = \theta_{t-1} - \alpha \frac{g_t}{\sqrt{G_t} + \varepsilon}

    Parameters
    ----------
    params
        As in :class:`~nndl_support.optimization.optimizer_base.OptimizerBase`.
    lr : float >= 0, :math:`\alpha` in the formula
    alpha : float in [0, 1), :math:`\beta` in the formula: the name is PyTorch's
    eps : float >= 0, outside of the root
    weight_decay : float >= 0, the factor of an :math:`\ell_2` penalty whose gradient is added to :math:`g_t`
    momentum : float >= 0, :math:`\mu`
        The divided gradient enters a velocity, :math:`v_t = \mu v_{t-1} + g_t/(\sqrt{G_t} + \varepsilon)`.
    centered : bool
        Divide by an estimate of the standard deviation, :math:`\sqrt{G_t - \bar g_t^2}`, with a moving average :math:`\bar g_t`.
    maximize, check_finite
        As in :class:`~nndl_support.optimization.optimizer_base.OptimizerBase`.

    Examples
    --------
    >>> theta = torch.tensor(1.0, requires_grad=True)
    >>> theta.grad = torch.tensor(8.0)
    >>> RMSprop([theta], lr=0.1, alpha=0.75).step()
    >>> round(theta.item(), 4)  # a first step of lr / sqrt(1 - alpha): the average starts at zero and is not corrected
    0.8
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float | Tensor = 1e-2,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        momentum: float = 0.0,
        centered: bool = False,
        *,
        maximize: bool = False,
        check_finite: bool = True,
    ) -> None:
        defaults = {
            "lr": lr,
            "alpha": alpha,
            "eps": eps,
            "weight_decay": weight_decay,
            "momentum": momentum,
            "centered": centered,
            "maximize": maximize,
            "check_finite": check_finite,
        }
        super().__init__(params, defaults)

    def _check_options(self, group: dict[str, Any]) -> None:
        super()._check_options(group)
        check_fraction("alpha", group["alpha"])

    def _buffer_names(self, group: dict[str, Any]) -> Sequence[str]:
        optional = {"momentum_buffer": group["momentum"], "grad_avg": group["centered"]}
        return ("step", "square_avg", *[name for name, used in optional.items() if used])

    def _update(self, group: dict[str, Any], params: list[Tensor], grads: list[Tensor], buffers: Buffers) -> None:
        lr, beta, square_avg = float(group["lr"]), group["alpha"], buffers["square_avg"]
        torch._foreach_add_(buffers["step"], 1)
        grads = l2_gradients(grads, params, group["weight_decay"])
        # G_t = beta G_{t-1} + (1 - beta) g_t^2
        torch._foreach_mul_(square_avg, beta)
        torch._foreach_addcmul_(square_avg, grads, grads, 1 - beta)
        if group["centered"]:
            # mean_t = beta mean_{t-1} + (1 - beta) g_t;  sqrt(G_t - mean_t^2)
            torch._foreach_lerp_(buffers["grad_avg"], grads, 1 - beta)
            root = list(torch._foreach_addcmul(square_avg, buffers["grad_avg"], buffers["grad_avg"], -1.0))
            torch._foreach_sqrt_(root)
        else:
            root = list(torch._foreach_sqrt(square_avg))
        torch._foreach_add_(root, group["eps"])
        if group["momentum"]:
            # v_t = mu v_{t-1} + g_t / (sqrt(G_t) + eps);  theta_t = theta_{t-1} - alpha v_t
            torch._foreach_mul_(buffers["momentum_buffer"], group["momentum"])
            torch._foreach_addcdiv_(buffers["momentum_buffer"], grads, root, 1.0)
            torch._foreach_add_(params, buffers["momentum_buffer"], alpha=-lr)
        else:
            # theta_t = theta_{t-1} - alpha g_t / (sqrt(G_t) + eps)
            torch._foreach_addcdiv_(params, grads, root, -lr)


class Adadelta(OptimizerBase):
    r"""Like RMSprop, with the root of the mean squared *step* in place of a rate.

    .. math:: G_t = \rho\, G_{t-1} + (1 - \rho)\, g_t^2, \qquad
              \Delta_t = \frac{\sqrt{X_{t-1} + \varepsilon}}{\sqrt{G_t + \varepsilon}}\, g_t, \qquad
              X_t = \rho\, X_{t-1} + (1 - \rho)\, \Delta_t^2, \qquad
              \theta_t = \theta_{t-1} - \alpha\, \Delta_t

    Parameters
    ----------
    params
        As in :class:`~nndl_support.optimization.optimizer_base.OptimizerBase`.
    lr : float >= 0, :math:`\alpha`; 1 is the published method
    rho : float in [0, 1)
    eps : float >= 0, inside of both roots; it decides how large the first steps are
    weight_decay : float >= 0, the factor of an :math:`\ell_2` penalty whose gradient is added to :math:`g_t`
    maximize, check_finite
        As in :class:`~nndl_support.optimization.optimizer_base.OptimizerBase`.

    Examples
    --------
    >>> theta = torch.tensor(1.0, requires_grad=True)
    >>> theta.grad = torch.tensor(1000.0)
    >>> Adadelta([theta], rho=0.75, eps=1e-6).step()
    >>> round(1 - theta.item(), 4)  # sqrt(eps) / sqrt(1 - rho)
    0.002
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float | Tensor = 1.0,
        rho: float = 0.9,
        eps: float = 1e-6,
        weight_decay: float = 0.0,
        *,
        maximize: bool = False,
        check_finite: bool = True,
    ) -> None:
        defaults = {
            "lr": lr,
            "rho": rho,
            "eps": eps,
            "weight_decay": weight_decay,
            "maximize": maximize,
            "check_finite": check_finite,
        }
        super().__init__(params, defaults)

    def _check_options(self, group: dict[str, Any]) -> None:
        super()._check_options(group)
        check_fraction("rho", group["rho"])

    def _buffer_names(self, group: dict[str, Any]) -> Sequence[str]:
        return ("step", "square_avg", "acc_delta")

    def _update(self, group: dict[str, Any], params: list[Tensor], grads: list[Tensor], buffers: Buffers) -> None:
        rho, eps, square_avg, acc_delta = group["rho"], group["eps"], buffers["square_avg"], buffers["acc_delta"]
        torch._foreach_add_(buffers["step"], 1)
        grads = l2_gradients(grads, params, group["weight_decay"])
        # G_t = rho G_{t-1} + (1 - rho) g_t^2
        torch._foreach_mul_(square_avg, rho)
        torch._foreach_addcmul_(square_avg, grads, grads, 1 - rho)
        # Delta_t = sqrt(X_{t-1} + eps) / sqrt(G_t + eps) g_t
        root = torch._foreach_add(square_avg, eps)
        torch._foreach_sqrt_(root)
        delta = torch._foreach_add(acc_delta, eps)
        torch._foreach_sqrt_(delta)
        torch._foreach_div_(delta, root)
        torch._foreach_mul_(delta, grads)
        # X_t = rho X_{t-1} + (1 - rho) Delta_t^2
        torch._foreach_mul_(acc_delta, rho)
        torch._foreach_addcmul_(acc_delta, delta, delta, 1 - rho)
        # theta_t = theta_{t-1} - alpha Delta_t
        torch._foreach_add_(params, delta, alpha=-float(group["lr"]))
