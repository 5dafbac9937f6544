r"""Differential operators (微分算子) by reverse-mode automatic differentiation, for any differentiable function of points.

Shapes: N points with D coordinates, C components. Each operator takes the tensor of values and the tensor of points from which
they were computed, which must have ``requires_grad=True``; each row of the values depends on its own row of the points only. The
results can be differentiated again, by the points and by the weights of a network.

References
----------
Raissi, Perdikaris and Karniadakis (2019), Physics-informed neural networks, Journal of Computational Physics 378,
https://doi.org/10.1016/j.jcp.2018.10.045, section 2.
"""

from collections.abc import Iterable

import torch
from torch import Tensor

__all__ = ["curl", "divergence", "gradient", "laplacian", "partial", "time_derivative"]


def gradient(values: Tensor, points: Tensor) -> Tensor:
    r"""Gradient (梯度) of a scalar field at every point, :math:`(\nabla u)_d = \partial u / \partial x_d`.

    Parameters
    ----------
    values : tensor (N,) or (N, 1)
    points : tensor (N, D)

    Returns
    -------
    tensor (N, D); zero when the values do not depend on the points

    Raises
    ------
    ValueError
        When the shapes do not fit, or the points were not marked by ``requires_grad``.

    Examples
    --------
    >>> x = torch.tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
    >>> gradient(x[:, 0] ** 2 * x[:, 1], x).tolist()
    [[4.0, 1.0], [24.0, 9.0]]
    """
    field = _scalar(values, points)
    if not field.requires_grad:
        return torch.zeros_like(points)
    (slope,) = torch.autograd.grad(field.sum(), points, create_graph=True, materialize_grads=True)
    return slope


def partial(values: Tensor, points: Tensor, index: Iterable[int]) -> Tensor:
    r"""Any partial derivative of a scalar field: ``(0, 0, 1)`` is :math:`\partial^3 u / \partial x_0^2 \partial x_1`.

    Parameters
    ----------
    values : tensor (N,) or (N, 1)
    points : tensor (N, D)
    index : coordinates to differentiate by, one after the other

    Returns
    -------
    tensor (N,)

    Examples
    --------
    >>> x = torch.tensor([[2.0, 5.0]], requires_grad=True)
    >>> partial(x[:, 0] ** 3 * x[:, 1], x, (0, 0, 1)).item()
    12.0
    """
    field = _scalar(values, points)
    for coordinate in index:
        _check_coordinate(points, coordinate)
        field = gradient(field, points)[:, coordinate]
    return field


def divergence(values: Tensor, points: Tensor) -> Tensor:
    r"""Divergence (散度) of a vector field, :math:`\nabla\cdot v = \sum_c \partial v_c / \partial x_c`.

    Parameters
    ----------
    values : tensor (N, C)
        Component c belongs to coordinate c; with C < D the coordinates after the first C, such as time, take no part.
    points : tensor (N, D)

    Returns
    -------
    tensor (N,)

    Examples
    --------
    >>> x = torch.tensor([[1.0, 2.0]], requires_grad=True)
    >>> divergence(torch.stack([x[:, 0] * x[:, 1], x[:, 1] ** 2], dim=1), x).item()
    6.0
    """
    _check_vector(values, points, range(1, points.shape[-1] + 1))
    return torch.stack([gradient(values[:, c], points)[:, c] for c in range(values.shape[1])]).sum(dim=0)


def laplacian(values: Tensor, points: Tensor, coordinates: Iterable[int] | None = None) -> Tensor:
    r"""Laplacian (拉普拉斯算子) of a scalar field, :math:`\nabla^2 u = \sum_d \partial^2 u / \partial x_d^2`.

    Parameters
    ----------
    values : tensor (N,) or (N, 1)
    points : tensor (N, D)
    coordinates : iterable of int, optional
        Those to sum over; all without it. With time as the last column, pass ``range(D - 1)``.

    Returns
    -------
    tensor (N,)

    Examples
    --------
    >>> x = torch.tensor([[1.0, 2.0]], requires_grad=True)
    >>> laplacian(x[:, 0] ** 2 + 3 * x[:, 1] ** 2, x).item(), laplacian(x[:, 0] ** 2 + 3 * x[:, 1] ** 2, x, [0]).item()
    (8.0, 2.0)
    """
    slopes = gradient(values, points)
    chosen = list(range(points.shape[1])) if coordinates is None else list(coordinates)
    for coordinate in chosen:
        _check_coordinate(points, coordinate)
    return torch.stack([gradient(slopes[:, d], points)[:, d] for d in chosen]).sum(dim=0)


def curl(values: Tensor, points: Tensor) -> Tensor:
    r"""Curl (旋度) of a vector field: a vector in three dimensions; in two the scalar :math:`\partial_x v - \partial_y u`.

    Parameters
    ----------
    values : tensor (N, C), C = 2 or 3
    points : tensor (N, D), D at least C; coordinates after the first C take no part

    Returns
    -------
    tensor (N,) for C = 2, the vorticity of a plane flow; (N, 3) for C = 3

    Examples
    --------
    A rigid rotation has twice its angular velocity as vorticity:

    >>> x = torch.tensor([[1.0, 2.0]], requires_grad=True)
    >>> curl(torch.stack([-x[:, 1], x[:, 0]], dim=1), x).item()
    2.0
    """
    _check_vector(values, points, (2, 3))
    slopes = [gradient(values[:, c], points) for c in range(values.shape[1])]
    if len(slopes) == 2:
        return slopes[1][:, 0] - slopes[0][:, 1]
    pairs = ((2, 1), (0, 2), (1, 0))  # (component, coordinate): (curl v)_0 = d v_2 / d x_1 - d v_1 / d x_2
    return torch.stack([slopes[c][:, d] - slopes[d][:, c] for c, d in pairs], dim=1)


def time_derivative(values: Tensor, points: Tensor) -> Tensor:
    r"""Derivative by the last coordinate, which is time (时间导数).

    Parameters
    ----------
    values : tensor (N,) or (N, 1), or (N, C) for a vector field
    points : tensor (N, D)

    Returns
    -------
    tensor (N,), or (N, C) for C > 1

    Examples
    --------
    >>> x = torch.tensor([[1.0, 2.0]], requires_grad=True)
    >>> time_derivative(x[:, 0] * x[:, 1] ** 2, x).item()
    4.0
    """
    if values.ndim == 2 and values.shape[1] > 1:
        return torch.stack([gradient(column, points)[:, -1] for column in values.unbind(dim=1)], dim=1)
    return gradient(values, points)[:, -1]


def _scalar(values: Tensor, points: Tensor) -> Tensor:
    if points.ndim != 2:
        raise ValueError(f"points have shape {tuple(points.shape)}; expected (N, D)")
    if values.shape not in ((len(points),), (len(points), 1)):
        raise ValueError(
            f"values have shape {tuple(values.shape)}, but there are {len(points)} points; expected ({len(points)},)"
        )
    if not points.requires_grad:
        raise ValueError("points do not require gradients: call points.requires_grad_() before computing the values")
    return values.reshape(-1)


def _check_vector(values: Tensor, points: Tensor, allowed: Iterable[int]) -> None:
    sizes = [c for c in allowed if c <= points.shape[-1]]
    if values.ndim != 2 or len(values) != len(points) or values.shape[1] not in sizes:
        raise ValueError(
            f"values have shape {tuple(values.shape)} and points {tuple(points.shape)}; expected ({len(points)}, C) "
            f"with C in {sizes}"
        )


def _check_coordinate(points: Tensor, coordinate: int) -> None:
    if not 0 <= coordinate < points.shape[1]:
        raise ValueError(f"there is no coordinate {coordinate}: points have {points.shape[1]} columns, counted from 0")
