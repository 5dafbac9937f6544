"""Derivatives of eighth order by central differences, for the residual of a differential equation."""

import numpy as np

_FIRST = np.array([1 / 280, -4 / 105, 1 / 5, -4 / 5, 0, 4 / 5, -1 / 5, 4 / 105, -1 / 280])
_SECOND = np.array([-1 / 560, 8 / 315, -1 / 5, 8 / 5, -205 / 72, 8 / 5, -1 / 5, 8 / 315, -1 / 560])
_OFFSETS = np.arange(-4, 5)


def derivative(f, points, axes, step=0.01):
    """Derivative of f, a function of points (N, d), along the axes one after another; (0, 0, 1) means f_xxy."""
    points = np.asarray(points, dtype=float)
    if not axes:
        return f(points)
    if len(axes) > 1 and axes[0] == axes[1]:
        weights, rest, scale = _SECOND, axes[2:], step**2
    else:
        weights, rest, scale = _FIRST, axes[1:], step
    total = 0.0
    for offset, weight in zip(_OFFSETS, weights):
        if weight:
            moved = points.copy()
            moved[:, axes[0]] += offset * step
            total = total + weight * derivative(f, moved, rest, step)
    return total / scale


def of_grid(solution, **options):
    """The function of points (N, 2), columns x and t, that a solution on a grid of x and t is."""
    return lambda points: np.array([solution([x], [t], **options)[0, 0] for x, t in points])
