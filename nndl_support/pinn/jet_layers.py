r"""Layers of a multilayer perceptron on jets, with their backward passes written out: fewer, larger operations than autograd's.

With the loss's derivatives :math:`g` by what comes out, those by what went into an activation function are, up to order two,

.. math::
    \bar z &= \sigma' g + \sigma'' \sum_{\alpha \ne ()} g_\alpha z_\alpha + \sigma''' \sum_{ij} g_{ij}\, z_i z_j \\
    \bar z_i &= \sigma' g_i + \sigma'' \sum_j (1 + \delta_{ij})\, g_{ij}\, z_j, \qquad \bar z_{ij} = \sigma' g_{ij}

Shapes: K derivatives carried, N points, H units, as in :mod:`nndl_support.pinn.taylor`.

References
----------
Griewank and Walther (2008), Evaluating derivatives, 2nd edition, SIAM, chapters 3 and 13.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

__all__ = ["activate_jet", "linear_jet", "multiply_jets"]

Slopes = Callable[[Tensor, int], list[Tensor]]
Pairs = tuple[tuple[int, int], ...]
Terms = tuple[tuple[int, int, int, int], ...]


class _Linear(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, jet: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        ctx.save_for_backward(jet, weight)
        out = torch.nn.functional.linear(jet, weight)
        # A bias moves the value and no derivative.
        out[0].add_(bias)
        return out

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        (grad,) = grads
        jet, weight = ctx.saved_tensors
        back = grad @ weight if ctx.needs_input_grad[0] else None
        by_weight = None
        if ctx.needs_input_grad[1]:
            by_weight = grad.reshape(-1, grad.shape[2]).T @ jet.reshape(-1, jet.shape[2])
        return back, by_weight, grad[0].sum(dim=0) if ctx.needs_input_grad[2] else None


class _Activation(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, z: Tensor, slopes: Slopes, low: int, pairs: Pairs, again: Slopes | None) -> Tensor:
        parts = z.unbind()
        s = slopes(parts[0], 2 if pairs else 1)
        out = s[1] * z
        out[0] = s[0]
        for k, (i, j) in enumerate(pairs, start=low):
            out[k].addcmul_(s[2] * parts[i], parts[j])
        ctx.save_for_backward(z, out)
        ctx.plan = slopes, low, pairs, again
        return out

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        (grad,) = grads
        z, out = ctx.saved_tensors
        slopes, low, pairs, again = ctx.plan
        s = slopes(z[0], 3 if pairs else 2) if again is None else again(out[0], 3 if pairs else 2)
        back = s[1] * grad
        by, of = grad.unbind(), z.unbind()
        if len(of) > 1:
            back[0].addcmul_(s[2], (grad[1:] * z[1:]).sum(dim=0))
        curved = None
        for k, (i, j) in enumerate(pairs, start=low):
            through = by[k] * of[j]
            curved = through * of[i] if curved is None else curved.addcmul_(through, of[i])
            back[i].addcmul_(s[2], through, value=2.0 if i == j else 1.0)
            if i != j:
                back[j].addcmul_(s[2], by[k] * of[i])
        if curved is not None:
            back[0].addcmul_(s[3], curved)
        return back, None, None, None, None


class _Product(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, outer: Tensor, inner: Tensor, terms: Terms) -> Tensor:
        ctx.save_for_backward(outer)
        ctx.terms = terms
        # The value is a factor of every entry.
        out = outer[0] * inner
        for k, i, j, times in terms:
            if i:
                out[k].addcmul_(outer[i], inner[j], value=times)
        return out

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        (outer,) = ctx.saved_tensors
        back = outer[0] * grads[0]
        for k, i, j, times in ctx.terms:
            if i:
                back[j].addcmul_(outer[i], grads[0][k], value=times)
        return None, back, None


def linear_jet(jet: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """Carry a jet through a linear layer.

    Parameters
    ----------
    jet : tensor (K, N, inputs)
    weight : tensor (outputs, inputs)
    bias : tensor (outputs,)

    Returns
    -------
    tensor (K, N, outputs)

    Examples
    --------
    >>> linear_jet(torch.tensor([[[2.0]], [[1.0]]]), torch.tensor([[3.0]]), torch.tensor([5.0])).flatten().tolist()
    [11.0, 3.0]
    """
    return _Linear.apply(jet, weight, bias)


def activate_jet(jet: Tensor, slopes: Slopes, low: int, pairs: Pairs, *, again: Slopes | None = None) -> Tensor:
    """Carry a jet of order two at most through an activation function.

    Parameters
    ----------
    jet : tensor (K, N, H)
    slopes : function of a tensor and an order, returning the value and the derivatives up to that order
    low : int, how many entries of the jet have order 0 or 1
    pairs : for each of the others, the places in the jet of the two first derivatives whose product belongs to it
    again : function of the *value* and an order, returning the same as ``slopes``, where that is possible and cheaper

    Returns
    -------
    tensor (K, N, H)

    Examples
    --------
    The square of z, at z = 3 with z' = 1: the derivatives are 6 and 2.

    >>> jet = torch.tensor([3.0, 1.0, 0.0]).reshape(3, 1, 1)
    >>> def square(z, order):
    ...     return [z**2, 2 * z, 2 * torch.ones_like(z), torch.zeros_like(z)][: order + 1]
    >>> activate_jet(jet, square, 2, ((1, 1),)).flatten().tolist()
    [9.0, 6.0, 2.0]
    """
    return _Activation.apply(jet, slopes, low, pairs, again)


def multiply_jets(outer: Tensor, inner: Tensor, terms: Terms) -> Tensor:
    """Jet of a product of two functions, the first of which holds no weights.

    Parameters
    ----------
    outer : tensor (K, N, outputs), a constant for the backward pass
    inner : tensor (K, N, outputs)
    terms : tuple of (k, i, j, times)
        ``times * outer[i] * inner[j]`` belongs to entry k of the product. Entry 0 is the value, and ``outer[0] * inner[k]``
        belongs to entry k in any case.

    Returns
    -------
    tensor (K, N, outputs)

    Examples
    --------
    The derivative of x times x, from the jet (x, 1) at x = 3:

    >>> jet = torch.tensor([3.0, 1.0]).reshape(2, 1, 1)
    >>> multiply_jets(jet, jet, ((0, 0, 0, 1), (1, 0, 1, 1), (1, 1, 0, 1))).flatten().tolist()
    [9.0, 6.0]
    """
    return _Product.apply(outer, inner, terms)
