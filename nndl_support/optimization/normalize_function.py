r"""Standardise, scale and shift: the function under four normalisation layers (归一化), in torch.

.. math:: y = \gamma \odot \hat x + \beta, \qquad \hat x = \frac{x - \mu}{s}, \qquad s = \sqrt{\sigma^2 + \epsilon}

The pass back is the one derived in :mod:`nndl_support.optimization.normalization_by_hand`, with means over the same entries:

.. math:: \frac{\partial L}{\partial x} =
    \frac1s \Bigl( g - \operatorname{mean}(g) - \hat x \operatorname{mean}(g \odot \hat x) \Bigr),
    \qquad g = \gamma \odot \frac{\partial L}{\partial y} .

Examples
--------
>>> x = torch.tensor([[1.0, 10.0], [3.0, 30.0]], requires_grad=True)
>>> y, mean, variance = normalize(x, None, None, axes=(0,), outer=(0,), eps=0.0)
>>> y.detach(), mean, variance
(tensor([[-1., -1.],
        [ 1.,  1.]]), tensor([[ 2., 20.]]), tensor([[  1., 100.]]))
"""

from numbers import Integral
from typing import Any

import torch
from torch import Tensor, nn

Axes = tuple[int, ...]


def normalize(
    x: Tensor, weight: Tensor | None, bias: Tensor | None, *, axes: Axes, outer: Axes, eps: float, centre: bool = True
) -> tuple[Tensor, Tensor, Tensor]:
    """Return y, and the mean and the biased variance that were used, without gradients of their own.

    Parameters
    ----------
    x : tensor
    weight, bias : tensors that broadcast against x, or None
    axes : the axes whose entries share one mean and variance
    outer : the axes along which weight and bias are repeated
    eps : float >= 0, added to the variance
    centre : bool
        False subtracts no mean; the "variance" is then the mean square, the "mean" 0.

    Notes
    -----
    Can be differentiated twice: where a graph of the gradient is wanted, automatic differentiation takes over.
    """
    return _Normalize.apply(x, weight, bias, axes, outer, eps, centre)


class _Normalize(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Any, bias: Any, axes: Axes, outer: Axes, eps: float, centre: bool) -> Any:
        mean = x.mean(axes, keepdim=True) if centre else x.new_zeros(())
        x_hat = x - mean
        # Two passes: the mean of the squares minus the square of the mean would cancel. torch.var is correct, and slow.
        variance = (x_hat * x_hat).mean(axes, keepdim=True)
        inverse = (variance + eps).rsqrt_()
        x_hat.mul_(inverse)
        ctx.options = axes, outer, eps, centre
        ctx.save_for_backward(x, weight, bias, x_hat, inverse)
        ctx.mark_non_differentiable(mean, variance)
        y = x_hat.clone() if weight is None else x_hat * weight
        return (y if bias is None else y.add_(bias)), mean, variance

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> Any:
        grad = grads[0]
        x, weight, bias, x_hat, inverse = ctx.saved_tensors
        axes, outer, eps, centre = ctx.options
        if torch.is_grad_enabled():
            return (*_differentiable(grad, (x, weight, bias), axes, eps, centre), None, None, None, None)
        product = grad * x_hat
        by_weight = None if weight is None else product.sum(outer, keepdim=True).reshape(weight.shape)
        by_bias = None if bias is None else grad.sum(outer, keepdim=True).reshape(bias.shape)
        if weight is None:
            by_x = grad.clone()
        else:
            by_x = grad * weight
            product.mul_(weight)
        along = product.mean(axes, keepdim=True)
        if centre:
            by_x -= by_x.mean(axes, keepdim=True)
        by_x.sub_(torch.mul(x_hat, along, out=product)).mul_(inverse)
        return by_x, by_weight, by_bias, None, None, None, None


def _differentiable(grad: Tensor, inputs: tuple[Any, ...], axes: Axes, eps: float, centre: bool) -> list[Tensor | None]:
    """The same gradients as a graph that can be differentiated again."""
    x, weight, bias = inputs
    y = x - x.mean(axes, keepdim=True) if centre else x
    y = y * ((y * y).mean(axes, keepdim=True) + eps).rsqrt()
    y = y if weight is None else y * weight
    y = y if bias is None else y + bias
    wanted = [tensor for tensor in inputs if tensor is not None and tensor.requires_grad]
    found = iter(torch.autograd.grad(y, wanted, grad, create_graph=True))
    return [next(found) if tensor is not None and tensor.requires_grad else None for tensor in inputs]


def register_affine(module: nn.Module, shape: Any, affine: bool, bias: bool, device: Any, dtype: Any) -> None:
    """Give a module the parameters ``weight`` (ones) and ``bias`` (zeros) of a shape, or None in their place.

    Parameters
    ----------
    module : torch.nn.Module
    shape : int or sequence of int
    affine : bool, whether to have any
    bias : bool, whether to have the second
    device, dtype : of the parameters
    """
    factory = {"device": device, "dtype": dtype}
    module.register_parameter("weight", nn.Parameter(torch.ones(shape, **factory)) if affine else None)
    module.register_parameter("bias", nn.Parameter(torch.zeros(shape, **factory)) if affine and bias else None)


def check_eps(eps: float) -> float:
    """Return eps, or raise ValueError when it is negative or not a number."""
    if not eps >= 0:
        raise ValueError(f"eps must be at least 0, but is {eps}")
    return eps


def check_count(name: str, value: int) -> int:
    """Return a number of channels or groups, or raise ValueError when it is no positive whole number."""
    if not isinstance(value, Integral) or value < 1:
        raise ValueError(f"{name} must be a whole number of at least 1, but is {value!r}")
    return int(value)
