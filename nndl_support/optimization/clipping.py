r"""Gradient clipping, by value and by norm: the formulas, and the functions under PyTorch's names.

.. math:: \text{by value:} \quad g \leftarrow \max(\min(g, b), a), \tag{7.24}

.. math:: \text{by norm:} \quad g \leftarrow \frac{b}{\lVert g \rVert}\, g \quad \text{where } \lVert g \rVert > b \tag{7.25}

A million gradients in one tensor or in fifty take no longer than with PyTorch's own functions; the times are in the record
``optimization/clipping_vs_torch``.

References
----------
Pascanu, Mikolov and Bengio (2013), On the difficulty of training recurrent neural networks, ICML, https://arxiv.org/abs/1211.5063.
Qiu (2019), equations 7.24 and 7.25.

Examples
--------
Clipping by norm keeps the direction, clipping by value does not:

>>> g = torch.tensor([3.0, 0.4])
>>> clip_by_norm(g, 1.0), clip_by_value(g, -1.0, 1.0)
(tensor([0.9912, 0.1322]), tensor([1.0000, 0.4000]))
"""

import math
from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor


def clip_by_value(gradient: Any, low: float, high: float) -> Any:
    """Every entry of a gradient moved into [low, high], as a new tensor (or NumPy array).

    Raises
    ------
    ValueError
        When low is above high.
    """
    if not low <= high:
        raise ValueError(f"low is {low} and high {high}; expected low <= high")
    return gradient.clip(low, high)


def clip_by_norm(gradient: Any, max_norm: float) -> Any:
    """A gradient shortened to the Euclidean length ``max_norm`` where it is longer, as a new tensor (or NumPy array).

    Raises
    ------
    ValueError
        When max_norm is not positive.
    """
    if not max_norm > 0:
        raise ValueError(f"max_norm is {max_norm}; expected a positive number")
    norm = float((gradient**2).sum() ** 0.5)
    return gradient * (max_norm / norm) if norm > max_norm else gradient * 1.0


@torch.no_grad()
def clip_grad_norm_(
    parameters: Tensor | Iterable[Tensor],
    max_norm: float,
    norm_type: float = 2.0,
    error_if_nonfinite: bool = False,
    foreach: bool | None = None,
) -> Tensor:
    r"""Scale the gradients of all parameters, in place, by the one factor that brings their common norm down to ``max_norm``.

    .. math:: g \leftarrow g \cdot \min\Bigl(1, \frac{b}{\lVert g \rVert_p + 10^{-6}}\Bigr)

    Parameters
    ----------
    parameters : tensor or iterable of tensors; those whose ``grad`` is None are passed over
    max_norm : float, at least 0
    norm_type : float, the :math:`p` of the norm, ``float("inf")`` for the largest entry
    error_if_nonfinite : bool
        Raise where the norm is NaN or infinite, instead of multiplying every gradient with it.
    foreach : bool, optional
        Work on all tensors by one call per operation (the default) or on one after the other.

    Returns
    -------
    Tensor, scalar: the norm before clipping

    Raises
    ------
    RuntimeError
        When ``error_if_nonfinite`` and the norm is not finite; the message names the parameters at fault by position.
    ValueError
        When max_norm is negative or NaN. (PyTorch's function accepts a negative bound, and turns all gradients round.)

    Notes
    -----
    Same result as :func:`torch.nn.utils.clip_grad_norm_`. The norm is taken over all gradients together: clipping each
    tensor by itself would change the direction.

    Examples
    --------
    >>> layer = torch.nn.Linear(3, 1)
    >>> layer(torch.full((1, 3), 2.0)).sum().backward()
    >>> clip_grad_norm_(layer.parameters(), 1.0)
    tensor(3.6056)
    >>> layer.weight.grad, layer.bias.grad
    (tensor([[0.5547, 0.5547, 0.5547]]), tensor([0.2774]))
    """
    if not max_norm >= 0:
        raise ValueError(f"max_norm is {max_norm}; expected a number of at least 0")
    gradients = _gradients(parameters)
    if not gradients:
        return torch.tensor(0.0)
    one_call = foreach is not False
    norm_type = float(norm_type)
    norms = (
        torch._foreach_norm(gradients, norm_type)
        if one_call
        else [torch.linalg.vector_norm(g, norm_type) for g in gradients]
    )
    # The norm of the norms: gradients may live on several devices and have several precisions.
    total = torch.linalg.vector_norm(torch.stack([norm.to(norms[0].device) for norm in norms]), norm_type)
    if error_if_nonfinite and not math.isfinite(total):
        at_fault = [k for k, norm in enumerate(norms) if not math.isfinite(norm)]
        raise RuntimeError(f"the gradients' norm is {total.item()}; not finite in gradients number {at_fault}")
    factor = torch.clamp(max_norm / (total + 1e-6), max=1.0)
    if one_call and all(g.device == factor.device for g in gradients):
        torch._foreach_mul_(gradients, factor)
    else:
        for g in gradients:
            g.mul_(factor.to(g.device))
    return total


@torch.no_grad()
def clip_grad_value_(parameters: Tensor | Iterable[Tensor], clip_value: float, foreach: bool | None = None) -> None:
    """Move every entry of every gradient into [-clip_value, clip_value], in place.

    Parameters
    ----------
    parameters : tensor or iterable of tensors; those whose ``grad`` is None are passed over
    clip_value : float, at least 0
    foreach : bool, optional
        Work on all tensors by one call per operation (the default) or on one after the other.

    Raises
    ------
    ValueError
        When clip_value is negative or NaN.

    Examples
    --------
    >>> w = torch.zeros(2, requires_grad=True)
    >>> (w * torch.tensor([5.0, -0.3])).sum().backward()
    >>> clip_grad_value_(w, 1.0)
    >>> w.grad
    tensor([ 1.0000, -0.3000])
    """
    if not clip_value >= 0:
        raise ValueError(f"clip_value is {clip_value}; expected a number of at least 0")
    gradients = _gradients(parameters)
    if foreach is False:
        for g in gradients:
            g.clamp_(-clip_value, clip_value)
    elif gradients:
        torch._foreach_clamp_min_(gradients, -clip_value)
        torch._foreach_clamp_max_(gradients, clip_value)


def _gradients(parameters: Tensor | Iterable[Tensor]) -> list[Tensor]:
    tensors = [parameters] if isinstance(parameters, Tensor) else parameters
    return [p.grad for p in tensors if p.grad is not None]
