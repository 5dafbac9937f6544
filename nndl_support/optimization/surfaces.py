r"""Surfaces over the plane on which one can watch an optimiser walk: value, gradient, domain and minima, all known exactly.

.. math:: \text{Rosenbrock} \quad & (1 - x)^2 + 100\,(y - x^2)^2 \\
          \text{Beale} \quad & (1.5 - x + xy)^2 + (2.25 - x + xy^2)^2 + (2.625 - x + xy^3)^2 \\
          \text{Himmelblau} \quad & (x^2 + y - 11)^2 + (x + y^2 - 7)^2 \\
          \text{Branin} \quad & \bigl(y - \tfrac{5.1}{4\pi^2} x^2 + \tfrac5\pi x - 6\bigr)^2
                                + 10 \bigl(1 - \tfrac{1}{8\pi}\bigr) \cos x + 10 \\
          \text{saddle} \quad & x^2 - y^2 \\
          \text{quadratic} \quad & \tfrac12 (x^2 + \kappa\, y^2)

Points are arrays ``(..., 2)``; values have shape ``(...)`` and gradients ``(..., 2)``. The formulas use operators and indexing
only, so that a PyTorch tensor goes in and comes out as well, with its automatic derivative.

References
----------
Rosenbrock (1960), An automatic method for finding the greatest or least value of a function, The Computer Journal 3(3).
Beale (1958), On an iterative method for finding a local minimum of a function of more than one variable, Princeton.
Himmelblau (1972), Applied Nonlinear Programming, McGraw-Hill.
Branin (1972), Widely convergent method for finding multiple solutions of simultaneous nonlinear equations, IBM Journal 16(5).

Examples
--------
>>> branin = SURFACES["branin"]
>>> branin.value(branin.minima).round(6)
array([0.397887, 0.397887, 0.397887])
>>> SURFACES["saddle"].gradient(np.array([2.0, 3.0]))
array([ 4., -6.])
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Surface:
    """A function of two variables with everything that a demonstration needs to know about it.

    Attributes
    ----------
    name : str
    value : callable, array (..., 2) to array (...)
    gradient : callable, array (..., 2) to array (..., 2)
    domain : ((x low, x high), (y low, y high)), the part of the plane that is usually shown or searched
    minima : array (M, 2), every global minimum in the domain; empty where there is none
    """

    name: str
    value: Callable[[Any], Any]
    gradient: Callable[[Any], Any]
    domain: tuple[tuple[float, float], tuple[float, float]]
    minima: np.ndarray


def quadratic(condition: float, angle: float = 0.0) -> Surface:
    r"""A bowl :math:`\frac12 (x^2 + \kappa y^2)` with the condition number :math:`\kappa`, its minimum at the origin.

    Parameters
    ----------
    condition : float >= 1, the ratio of the two curvatures
    angle : float, in radians
        By which the bowl is turned anticlockwise: x and y of the formula are then coordinates along its own axes.

    Returns
    -------
    Surface

    Raises
    ------
    ValueError
        When the condition number is below 1 or not finite.

    Examples
    --------
    >>> float(quadratic(9.0).value(np.array([1.0, 1.0])))
    5.0
    >>> float(quadratic(9.0, angle=np.pi / 2).value(np.array([1.0, 0.0])).round(12))
    4.5
    """
    if not 1 <= condition < float("inf"):
        raise ValueError(f"condition is {condition}; expected a finite number of at least 1")
    c, s = float(np.cos(angle)), float(np.sin(angle))

    def own(point: Any) -> tuple[Any, Any]:
        x, y = _coordinates(point)
        return c * x + s * y, c * y - s * x

    def value(point: Any) -> Any:
        x, y = own(point)
        return 0.5 * (x**2 + condition * y**2)

    def gradient(point: Any) -> Any:
        x, y = own(point)
        return _pair(point, c * x - condition * s * y, s * x + condition * c * y)

    return Surface(f"quadratic, condition {condition:g}", value, gradient, ((-2.0, 2.0), (-2.0, 2.0)), np.zeros((1, 2)))


def _coordinates(point: Any) -> tuple[Any, Any]:
    if point.shape[-1:] != (2,):
        raise ValueError(f"points have shape {tuple(point.shape)}; expected (..., 2)")
    return point[..., 0], point[..., 1]


def _pair(like: Any, first: Any, second: Any) -> Any:
    """The array (..., 2) of two arrays (...), of the kind of ``like``."""
    both = like * 0.0
    both[..., 0], both[..., 1] = first, second
    return both


def _cos_sin(x: Any) -> tuple[Any, Any]:
    # A tensor has them as methods, and NumPy's functions would cut its graph.
    return (x.cos(), x.sin()) if hasattr(x, "cos") else (np.cos(x), np.sin(x))


def _saddle(point: Any) -> Any:
    x, y = _coordinates(point)
    return x**2 - y**2


def _saddle_gradient(point: Any) -> Any:
    x, y = _coordinates(point)
    return _pair(point, 2 * x, -2 * y)


def _rosenbrock(point: Any) -> Any:
    x, y = _coordinates(point)
    return (1 - x) ** 2 + 100 * (y - x**2) ** 2


def _rosenbrock_gradient(point: Any) -> Any:
    x, y = _coordinates(point)
    return _pair(point, -2 * (1 - x) - 400 * x * (y - x**2), 200 * (y - x**2))


_BEALE = (1.5, 2.25, 2.625)


def _beale(point: Any) -> Any:
    x, y = _coordinates(point)
    return sum((c - x + x * y**k) ** 2 for k, c in enumerate(_BEALE, start=1))


def _beale_gradient(point: Any) -> Any:
    x, y = _coordinates(point)
    by_x = sum(2 * (c - x + x * y**k) * (y**k - 1) for k, c in enumerate(_BEALE, start=1))
    by_y = sum(2 * (c - x + x * y**k) * x * k * y ** (k - 1) for k, c in enumerate(_BEALE, start=1))
    return _pair(point, by_x, by_y)


def _himmelblau(point: Any) -> Any:
    x, y = _coordinates(point)
    return (x**2 + y - 11) ** 2 + (x + y**2 - 7) ** 2


def _himmelblau_gradient(point: Any) -> Any:
    x, y = _coordinates(point)
    first, second = x**2 + y - 11, x + y**2 - 7
    return _pair(point, 4 * x * first + 2 * second, 2 * first + 4 * y * second)


def _himmelblau_minima() -> np.ndarray:
    # Both brackets vanish: y = 11 - x^2 and x + y^2 = 7, a quartic in x with four real roots.
    x = np.sort(np.roots([1.0, 0.0, -22.0, 1.0, 114.0]).real)
    return np.column_stack([x, 11 - x**2])


_BRANIN_B, _BRANIN_C, _BRANIN_T = 5.1 / (4 * np.pi**2), 5 / np.pi, 1 / (8 * np.pi)


def _branin(point: Any) -> Any:
    x, y = _coordinates(point)
    cos, _ = _cos_sin(x)
    return (y - _BRANIN_B * x**2 + _BRANIN_C * x - 6) ** 2 + 10 * (1 - _BRANIN_T) * cos + 10


def _branin_gradient(point: Any) -> Any:
    x, y = _coordinates(point)
    _, sin = _cos_sin(x)
    bracket = y - _BRANIN_B * x**2 + _BRANIN_C * x - 6
    return _pair(point, 2 * bracket * (_BRANIN_C - 2 * _BRANIN_B * x) - 10 * (1 - _BRANIN_T) * sin, 2 * bracket)


_SQUARE = ((-2.0, 2.0), (-2.0, 2.0))

#: The surfaces by name; ``quadratic`` has the condition number 25.
SURFACES: dict[str, Surface] = {
    "saddle": Surface("saddle", _saddle, _saddle_gradient, _SQUARE, np.empty((0, 2))),
    "quadratic": quadratic(25.0),
    "rosenbrock": Surface(
        "Rosenbrock", _rosenbrock, _rosenbrock_gradient, ((-2.0, 2.0), (-1.0, 3.0)), np.array([[1.0, 1.0]])
    ),
    "beale": Surface("Beale", _beale, _beale_gradient, ((-4.5, 4.5), (-4.5, 4.5)), np.array([[3.0, 0.5]])),
    "himmelblau": Surface(
        "Himmelblau", _himmelblau, _himmelblau_gradient, ((-5.0, 5.0), (-5.0, 5.0)), _himmelblau_minima()
    ),
    # Where the bracket vanishes and cos x = -1.
    "branin": Surface(
        "Branin",
        _branin,
        _branin_gradient,
        ((-5.0, 10.0), (0.0, 15.0)),
        np.array([[-np.pi, 12.275], [np.pi, 2.275], [3 * np.pi, 2.475]]),
    ),
}
