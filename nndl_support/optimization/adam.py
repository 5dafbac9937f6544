r"""Adam and its relatives: a direction from a moving average of gradients, a scale from one of their squares.

References
----------
Kingma and Ba (2015), Adam: a method for stochastic optimization, https://arxiv.org/abs/1412.6980; Dozat (2016), Incorporating
Nesterov momentum into Adam, ICLR workshop; Reddi, Kale and Kumar (2018), On the convergence of Adam and beyond,
https://arxiv.org/abs/1904.09237 (AMSGrad); Loshchilov and Hutter (2019), Decoupled weight decay regularization,
https://arxiv.org/abs/1711.05101; Qiu (2019), equations 7.19-7.23.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import torch
from torch import Tensor

from nndl_support.optimization.optimizer_base import (
    Buffers,
    OptimizerBase,
    check_non_negative,
    l2_gradients,
    new_scalar,
)

__all__ = ["Adam", "AdamW", "NAdam"]


class Adam(OptimizerBase):
    r"""Averages of the gradient and of its square, both corrected for having started at zero.

    .. math:: M_t = \beta_1 M_{t-1} + (1 - \beta_1)\, g_t, \qquad G_t = \beta_2 G_{t-1} + (1 - \beta_2)\, g_t^2

    .. math:: \hat M_t = \frac{M_t}{1 - \beta_1^t}, \qquad \hat G_t = \frac{G_t}{1 - \beta_2^t}, \qquad
              \theta_t = \theta_{t-1} - \alpha \frac{\hat M_t}{\sqrt{\hat G_t} + \varepsilon}

    Parameters
    ----------
    params
        As in :class:`~nndl_support.optimization.optimizer_base.OptimizerBase`.
    lr : float >= 0, :math:`\alpha`
    betas : two floats in [0, 1), :math:`\beta_1` and :math:`\beta_2`
    eps : float >= 0, outside of the root (Qiu's 7.23 has it inside)
    weight_decay : float >= 0, the factor :math:`\lambda` of an :math:`\ell_2` penalty whose gradient is added to :math:`g_t`
    amsgrad : bool; divide by the largest :math:`G` seen so far instead of the present one
    maximize, check_finite
        As in :class:`~nndl_support.optimization.optimizer_base.OptimizerBase`.
    decoupled_weight_decay : bool
        Shrink the weights by the factor :math:`1 - \alpha\lambda` instead of adding to the gradient; that is AdamW.

    Notes
    -----
    With ``amsgrad`` the largest of the uncorrected :math:`G` is kept and then divided by :math:`1 - \beta_2^t`, as in PyTorch.
    Reddi, Kale and Kumar (2018) have no correction at all.

    Examples
    --------
    >>> theta = torch.tensor([1.0, 1.0], requires_grad=True)
    >>> theta.grad = torch.tensor([100.0, 0.01])
    >>> Adam([theta], lr=0.5).step()
    >>> theta.detach()
    tensor([0.5000, 0.5000])
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float | Tensor = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        amsgrad: bool = False,
        *,
        maximize: bool = False,
        decoupled_weight_decay: bool = False,
        check_finite: bool = True,
    ) -> None:
        defaults = {
            "lr": lr,
            "betas": tuple(betas),
            "eps": eps,
            "weight_decay": weight_decay,
            "amsgrad": amsgrad,
            "maximize": maximize,
            "decoupled_weight_decay": decoupled_weight_decay,
            "check_finite": check_finite,
        }
        super().__init__(params, defaults)

    def _check_options(self, group: dict[str, Any]) -> None:
        _check_two_betas(group)
        super()._check_options(group)

    def _buffer_names(self, group: dict[str, Any]) -> Sequence[str]:
        return ("step", "exp_avg", "exp_avg_sq", *(["max_exp_avg_sq"] if group["amsgrad"] else []))

    def _update(self, group: dict[str, Any], params: list[Tensor], grads: list[Tensor], buffers: Buffers) -> None:
        lr, (beta1, beta2) = float(group["lr"]), group["betas"]
        M, G = buffers["exp_avg"], buffers["exp_avg_sq"]
        torch._foreach_add_(buffers["step"], 1)
        grads = _decayed(group, params, grads)
        # M_t = beta1 M_{t-1} + (1 - beta1) g_t
        torch._foreach_lerp_(M, grads, 1 - beta1)
        # G_t = beta2 G_{t-1} + (1 - beta2) g_t^2
        torch._foreach_mul_(G, beta2)
        torch._foreach_addcmul_(G, grads, grads, 1 - beta2)
        del grads  # with weight decay they are a copy, whose memory serves the denominator
        if group["amsgrad"]:
            # max(G_1, ..., G_t)
            torch._foreach_maximum_(buffers["max_exp_avg_sq"], G)
            G = buffers["max_exp_avg_sq"]
        steps = [step.item() for step in buffers["step"]]
        # sqrt(G_t / (1 - beta2^t)) + eps
        denominator = torch._foreach_sqrt(G)
        torch._foreach_div_(denominator, [(1 - beta2**t) ** 0.5 for t in steps])
        torch._foreach_add_(denominator, group["eps"])
        # theta_t = theta_{t-1} - alpha / (1 - beta1^t) M_t / denominator
        torch._foreach_addcdiv_(params, M, denominator, [-lr / (1 - beta1**t) for t in steps])


class AdamW(Adam):
    r"""Adam with weight decay apart from the gradient.

    .. math:: \theta \leftarrow (1 - \alpha\lambda)\,\theta, \quad\text{followed by a step of Adam without weight decay}

    Parameters
    ----------
    params, lr, betas, eps, amsgrad, maximize, check_finite
        As in :class:`Adam`.
    weight_decay : float >= 0, :math:`\lambda`, not zero by default

    Examples
    --------
    >>> theta = torch.tensor(2.0, requires_grad=True)
    >>> theta.grad = torch.tensor(0.0)
    >>> AdamW([theta], lr=0.5, weight_decay=0.5).step()
    >>> theta.item()
    1.5
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float | Tensor = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
        amsgrad: bool = False,
        *,
        maximize: bool = False,
        check_finite: bool = True,
    ) -> None:
        super().__init__(
            params,
            lr,
            betas,
            eps,
            weight_decay,
            amsgrad,
            maximize=maximize,
            decoupled_weight_decay=True,
            check_finite=check_finite,
        )

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        for group in self.param_groups:  # older state_dicts of torch.optim.AdamW do not say so
            group["decoupled_weight_decay"] = True


class NAdam(OptimizerBase):
    r"""Adam that looks ahead as Nesterov's momentum does, with a momentum that grows slowly towards :math:`\beta_1`.

    .. math:: \mu_t = \beta_1 \left(1 - \tfrac12\, 0.96^{t\psi}\right), \qquad
              \theta_t = \theta_{t-1} - \frac{\alpha}{\sqrt{\hat G_t} + \varepsilon}
              \left( \frac{\mu_{t+1}}{1 - \prod_{i \le t+1} \mu_i} M_t + \frac{1 - \mu_t}{1 - \prod_{i \le t} \mu_i}\, g_t \right)

    with :math:`M_t` and :math:`\hat G_t` of :class:`Adam`.

    Parameters
    ----------
    params
        As in :class:`~nndl_support.optimization.optimizer_base.OptimizerBase`.
    lr : float >= 0, :math:`\alpha`
    betas : two floats in [0, 1)
    eps : float >= 0, outside of the root
    weight_decay : float >= 0
    momentum_decay : float >= 0, :math:`\psi`
    decoupled_weight_decay : bool; as in :class:`Adam`
    maximize, check_finite
        As in :class:`~nndl_support.optimization.optimizer_base.OptimizerBase`.

    Notes
    -----
    The product of all :math:`\mu_i` is kept in 32 bits unless 64 are the default, also when the parameters have 64, so that a
    run saved by ``torch.optim.NAdam`` continues unchanged.

    Examples
    --------
    >>> theta = torch.tensor(1.0, requires_grad=True)
    >>> theta.grad = torch.tensor(5.0)
    >>> NAdam([theta], lr=0.1).step()
    >>> theta.item() < 0.9  # further than Adam's first step
    True
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float | Tensor = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        momentum_decay: float = 4e-3,
        decoupled_weight_decay: bool = False,
        *,
        maximize: bool = False,
        check_finite: bool = True,
    ) -> None:
        defaults = {
            "lr": lr,
            "betas": tuple(betas),
            "eps": eps,
            "weight_decay": weight_decay,
            "momentum_decay": momentum_decay,
            "decoupled_weight_decay": decoupled_weight_decay,
            "maximize": maximize,
            "check_finite": check_finite,
        }
        super().__init__(params, defaults)

    def _check_options(self, group: dict[str, Any]) -> None:
        _check_two_betas(group)
        super()._check_options(group)
        check_non_negative("momentum_decay", group["momentum_decay"])

    def _buffer_names(self, group: dict[str, Any]) -> Sequence[str]:
        return ("step", "mu_product", "exp_avg", "exp_avg_sq")

    def _new_buffer(self, name: str, param: Tensor, group: dict[str, Any]) -> Tensor:
        return new_scalar(1.0) if name == "mu_product" else super()._new_buffer(name, param, group)

    def _update(self, group: dict[str, Any], params: list[Tensor], grads: list[Tensor], buffers: Buffers) -> None:
        lr, (beta1, beta2), psi = float(group["lr"]), group["betas"], group["momentum_decay"]
        M, G = buffers["exp_avg"], buffers["exp_avg_sq"]
        torch._foreach_add_(buffers["step"], 1)
        grads = _decayed(group, params, grads)
        steps = [step.item() for step in buffers["step"]]
        # mu_t = beta1 (1 - 0.96^(t psi) / 2)
        now, ahead = ([beta1 * (1 - 0.5 * 0.96 ** ((t + more) * psi)) for t in steps] for more in (0, 1))
        # mu_1 mu_2 ... mu_t
        torch._foreach_mul_(buffers["mu_product"], now)
        products = [product.item() for product in buffers["mu_product"]]
        # M_t and G_t as in Adam
        torch._foreach_lerp_(M, grads, 1 - beta1)
        torch._foreach_mul_(G, beta2)
        torch._foreach_addcmul_(G, grads, grads, 1 - beta2)
        # sqrt(G_t / (1 - beta2^t)) + eps
        denominator = torch._foreach_div(G, [1 - beta2**t for t in steps])
        torch._foreach_sqrt_(denominator)
        torch._foreach_add_(denominator, group["eps"])
        # theta <- theta - alpha (1 - mu_t) / (1 - mu_1 ... mu_t) g_t / denominator
        of_gradient = [-lr * (1 - mu) / (1 - product) for mu, product in zip(now, products, strict=True)]
        torch._foreach_addcdiv_(params, grads, denominator, of_gradient)
        # theta <- theta - alpha mu_{t+1} / (1 - mu_1 ... mu_{t+1}) M_t / denominator
        of_average = [-lr * mu / (1 - product * mu) for mu, product in zip(ahead, products, strict=True)]
        torch._foreach_addcdiv_(params, M, denominator, of_average)


def _check_two_betas(group: dict[str, Any]) -> None:
    if len(group["betas"]) != 2:
        raise ValueError(f"betas is {group['betas']}; expected two numbers in [0, 1)")


def _decayed(group: dict[str, Any], params: list[Tensor], grads: list[Tensor]) -> list[Tensor]:
    """Apply weight decay: to the weights when it is decoupled, else to the gradients that are returned."""
    if not group["decoupled_weight_decay"]:
        return l2_gradients(grads, params, group["weight_decay"])
    if group["weight_decay"]:
        # theta <- (1 - alpha lambda) theta
        torch._foreach_mul_(params, 1 - float(group["lr"]) * group["weight_decay"])
    return grads
