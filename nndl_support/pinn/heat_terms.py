r"""Physics as terms of a loss, on the heat equation of a rod: residual, initial, boundary and data.

.. math:: u_t = \kappa u_{xx}, \qquad u(0, x) = \sin \pi x, \qquad u(t, 0) = u(t, 1) = 0

whose solution is :math:`u = e^{-\kappa\pi^2 t} \sin \pi x`. The terms take any differentiable function of time and place, a
network or a formula, and automatic differentiation finds its derivatives.

Shapes: B places in time and space.

References
----------
Raissi, Perdikaris and Karniadakis (2019), https://doi.org/10.1016/j.jcp.2018.10.045. Section "Why physics?" of this book.
"""

import math
from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

#: Takes times (B,) and places (B,), returns values (B,).
Field = Callable[[Tensor, Tensor], Tensor]


class HeatTerms(NamedTuple):
    """The four terms, each a mean square; scalars.

    Examples
    --------
    >>> HeatTerms._fields
    ('residual', 'initial', 'boundary', 'data')
    """

    residual: Tensor
    initial: Tensor
    boundary: Tensor
    data: Tensor


def heat_solution(t: Tensor, x: Tensor, conductivity: float = 0.1) -> Tensor:
    r"""The exact solution :math:`e^{-\kappa\pi^2 t} \sin \pi x`.

    Examples
    --------
    >>> heat_solution(torch.tensor([0.0]), torch.tensor([0.5]))
    tensor([1.])
    """
    return torch.exp(-conductivity * math.pi**2 * t) * torch.sin(math.pi * x)


def heat_residual(u: Field, t: Tensor, x: Tensor, conductivity: float = 0.1) -> Tensor:
    r"""The residual :math:`u_t - \kappa u_{xx}` at places (B,), by automatic differentiation; it can be differentiated again.

    Parameters
    ----------
    u : function of two Tensors (B,)
    t, x : Tensor (B,)
    conductivity : float, kappa

    Returns
    -------
    Tensor (B,)

    Examples
    --------
    >>> heat_residual(lambda t, x: t + x**2, torch.zeros(2), torch.ones(2), conductivity=0.25).tolist()
    [0.5, 0.5]
    """
    if t.ndim != 1 or t.shape != x.shape:
        raise ValueError(f"t has shape {tuple(t.shape)} and x {tuple(x.shape)}; expected (B,) for both")
    t, x = t.detach().requires_grad_(), x.detach().requires_grad_()
    value = u(t, x)
    if value.shape != t.shape:
        raise ValueError(f"u returned shape {tuple(value.shape)} for {len(t)} places; expected ({len(t)},)")
    # The zeros let a function pass that does not depend on t or on x.
    u_t, u_x = torch.autograd.grad(value.sum() + 0 * (t + x).sum(), (t, x), create_graph=True)
    (u_xx,) = torch.autograd.grad(u_x.sum() + 0 * x.sum(), x, create_graph=True)
    return u_t - conductivity * u_xx


def heat_terms(
    u: Field, inside: Tensor, at_start: Tensor, at_walls: Tensor, data: Tensor, *, conductivity: float = 0.1
) -> HeatTerms:
    """The four mean squares.

    Parameters
    ----------
    u : function of two Tensors (B,)
    inside : Tensor (B, 2), columns t and x
    at_start : Tensor (B,), places x at t = 0
    at_walls : Tensor (B,), times at which u vanishes at x = 0 and at x = 1
    data : Tensor (B, 3), columns t, x and the measured value
    conductivity : float, kappa

    Returns
    -------
    HeatTerms

    Examples
    --------
    A rod that is cold all the time obeys the law, but not the start.

    >>> place, seen = torch.tensor([0.5]), torch.tensor([[0.0, 0.5, 1.0]])
    >>> terms = heat_terms(lambda t, x: 0 * t, torch.rand(4, 2), place, place, seen)
    >>> [term.item() for term in terms]
    [0.0, 1.0, 0.0, 1.0]
    """
    for name, places, columns in (("inside", inside, 2), ("data", data, 3)):
        if places.ndim != 2 or places.shape[1] != columns:
            raise ValueError(f"{name} has shape {tuple(places.shape)}; expected (B, {columns})")
    zeros = torch.zeros_like(at_walls)
    walls = torch.cat([u(at_walls, zeros), u(at_walls, zeros + 1)])
    return HeatTerms(
        (heat_residual(u, inside[:, 0], inside[:, 1], conductivity) ** 2).mean(),
        ((u(torch.zeros_like(at_start), at_start) - torch.sin(math.pi * at_start)) ** 2).mean(),
        (walls**2).mean(),
        ((u(data[:, 0], data[:, 1]) - data[:, 2]) ** 2).mean(),
    )
