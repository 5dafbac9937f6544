r"""Poisson's equation in a cube of many dimensions, with a solution in which every coordinate acts on its neighbour.

.. math::
    -\nabla^2 u = f \text{ in } [-1, 1]^d, \quad u = 0 \text{ on the faces}, \qquad
    u = g(x) \prod_i (1 - x_i^2), \quad
    g = \frac{1}{\sqrt d} \sum_i c_i \sin\bigl(x_i + \cos x_{i+1} + x_{i+1} \cos x_i\bigr)

with :math:`x_{d+1} = x_1` and the :math:`c_i` drawn from a normal distribution.

Shapes: N points, d coordinates.

References
----------
Hu, Shukla, Karniadakis and Kawaguchi (2024), Tackling the curse of dimensionality with physics-informed neural networks, Neural
Networks 176, https://arxiv.org/abs/2307.12306: "anisotropic and inseparable" solutions as a test of high dimension.
"""

from typing import Any

import torch
from torch import Tensor

from nndl_support.pinn.box import Rectangle
from nndl_support.pinn.fields import tensor_of
from nndl_support.pinn.problem import Problem

__all__ = ["bubble", "pair_problem", "pair_solution", "pair_source", "solution_at", "source_at"]

_LETTERS = "abcdefghijklm"


def bubble(points: Tensor) -> Tensor:
    r"""Return :math:`\prod_i (1 - x_i^2)`, which vanishes on all faces of the cube.

    Parameters
    ----------
    points : tensor (N, d)

    Returns
    -------
    tensor (N,)

    Examples
    --------
    >>> bubble(torch.tensor([[0.0, 0.5], [1.0, 0.2]]))
    tensor([0.7500, 0.0000])
    """
    return (1 - points.square()).prod(dim=1)


def pair_solution(points: Tensor, *, seed: int = 0) -> Tensor:
    """Return u of the module's formula.

    Parameters
    ----------
    points : tensor (N, d)
    seed : int, of the coefficients c

    Returns
    -------
    tensor (N,)

    Examples
    --------
    >>> bool(pair_solution(torch.ones(1, 3)) == 0)
    True
    """
    x, y, c = _pairs(points, seed)
    return bubble(points) * (c * torch.sin(x + y.cos() + y * x.cos())).sum(dim=1)


def pair_source(points: Tensor, *, seed: int = 0) -> Tensor:
    r"""Return :math:`f = -\nabla^2 u`, differentiated by hand.

    Parameters
    ----------
    points : tensor (N, d) with d of at least 2
    seed : int

    Returns
    -------
    tensor (N,)

    Examples
    --------
    >>> pair_source(torch.zeros(1, 2)).shape
    torch.Size([1])
    """
    x, y, c = _pairs(points, seed)
    phase = x + y.cos() + y * x.cos()
    by_x, by_y = 1 - y * x.sin(), x.cos() - y.sin()
    outer, inner = c * phase.cos(), c * phase.sin()
    g = inner.sum(dim=1)
    # Coordinate i is the first of pair i and the second of pair i - 1.
    slope = outer * by_x + (outer * by_y).roll(1, dims=1)
    curvature = (outer * (-y * x.cos() - y.cos()) - inner * (by_x.square() + by_y.square())).sum(dim=1)
    factors = 1 - points.square()
    # The product without its i-th factor: what stands before i times what stands after.
    ones = torch.ones_like(points[:, :1])
    before = torch.cat([ones, factors.cumprod(dim=1)[:, :-1]], dim=1)
    after = torch.cat([ones, factors.flip(1).cumprod(dim=1)[:, :-1]], dim=1).flip(1)
    others = before * after
    whole = bubble(points)
    return 2 * g * others.sum(dim=1) + 4 * (points * others * slope).sum(dim=1) - whole * curvature


def pair_problem(dimension: int, *, seed: int = 0, hidden: tuple[int, ...] = (20, 20)) -> Problem:
    """State the problem for the solver, the faces built in.

    Parameters
    ----------
    dimension : int from 2 to 13
    seed : int, of the coefficients
    hidden : tuple of int, layers of the network

    Returns
    -------
    Problem, coordinates a, b, c, ...; output u

    Raises
    ------
    ValueError
        For other dimensions.

    Examples
    --------
    >>> pair_problem(3).coordinates
    ('a', 'b', 'c')
    """
    if not 2 <= dimension <= len(_LETTERS):
        raise ValueError(f"dimension is {dimension}; expected 2 to {len(_LETTERS)}")
    return Problem(
        Rectangle([-1] * dimension, [1] * dimension, names=tuple(_LETTERS[:dimension])),
        lambda f, p: f.laplacian("u") + pair_source(f.points, seed=seed),
        hard=(lambda q: 0 * q[:, 0], bubble),
        exact=lambda points: solution_at(points, seed=seed),
        hidden=hidden,
        solver={"n_points": 1000, "resample": 5, "candidates": 0},
    )


def solution_at(points: Any, *, seed: int = 0) -> Any:
    """Return :func:`pair_solution` at an array of points (N, d), as an array (N,).

    Examples
    --------
    >>> solution_at([[1.0, 0.5]]).tolist()
    [0.0]
    """
    return pair_solution(tensor_of(points), seed=seed).numpy()


def source_at(points: Any, *, seed: int = 0) -> Any:
    """Return :func:`pair_source` at an array of points (N, d), as an array (N,).

    Examples
    --------
    >>> source_at([[0.1, 0.5]]).shape
    (1,)
    """
    return pair_source(tensor_of(points), seed=seed).numpy()


def _pairs(points: Tensor, seed: int) -> tuple[Tensor, Tensor, Tensor]:
    d = points.shape[1]
    if d < 2:
        raise ValueError(f"points have {d} coordinates; a pair needs at least 2")
    c = torch.randn(d, generator=torch.Generator().manual_seed(seed), dtype=torch.float64).to(points)
    return points, points.roll(-1, dims=1), c / d**0.5
