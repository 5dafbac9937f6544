r"""How steep an activation function is: at its steepest, and on average over normally distributed inputs.

References
----------
Qiu (2019), Neural Networks and Deep Learning (in Chinese), table 4.2 and figure 4.11 (derivatives); Poole, Lahiri, Raghu,
Sohl-Dickstein and Ganguli (2016), Exponential expressivity in deep neural networks through transient chaos,
https://arxiv.org/abs/1606.05340 (averages over normal inputs).
"""

from collections.abc import Callable

import numpy as np
from scipy.optimize import minimize_scalar

from nndl_support.activations import registry

# Where the functions of the registry have kinks; panels of the quadrature must not straddle one.
_KINKS = np.array([-3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0])
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(8)


def steepest_slope(activation: str, *, low: float = -10.0, high: float = 10.0) -> tuple[float, float]:
    """Return where :math:`|f'|` is largest, and its value there.

    Parameters
    ----------
    activation : str, the name of an elementwise function
    low, high : float, where to look

    Returns
    -------
    x, slope : two floats; where the largest slope is attained on an interval, x is its left end on the grid

    Examples
    --------
    >>> x, slope = steepest_slope("logistic")
    >>> slope
    0.25
    >>> round(steepest_slope("gelu")[0], 4)  # the square root of 2
    1.4142
    """
    f = _derivative(activation)
    if not low < high:
        raise ValueError(f"expected low < high, but low={low} and high={high}")
    grid = np.linspace(low, high, 2001)
    best = int(np.abs(f(grid)).argmax())
    step = grid[1] - grid[0]
    around = (max(low, grid[best] - step), min(high, grid[best] + step))
    refined = minimize_scalar(lambda x: -abs(float(f(x))), bounds=around, method="bounded", options={"xatol": 1e-10})
    at_grid, at_refined = abs(float(f(grid[best]))), -float(refined.fun)
    return (float(refined.x), at_refined) if at_refined > at_grid * (1 + 1e-12) else (float(grid[best]), at_grid)


def mean_square(activation: str, variance: float) -> float:
    r"""Mean of :math:`f(z)^2` for normal z of mean 0.

    Parameters
    ----------
    activation : str, the name of an elementwise function
    variance : float >= 0, of z

    Examples
    --------
    >>> round(mean_square("relu", 3.0), 12)  # half of the variance survives
    1.5
    """
    _derivative(activation)  # refuses softmax, which is not a function of one number
    return _normal_mean(lambda z: np.square(registry.get(activation).function(z)), variance)


def mean_square_slope(activation: str, variance: float) -> float:
    r"""Mean of :math:`f'(z)^2` for normal z of mean 0.

    Parameters
    ----------
    activation : str, the name of an elementwise function
    variance : float >= 0, of z

    Examples
    --------
    >>> round(mean_square_slope("relu", 3.0), 12), mean_square_slope("logistic", 0.0)
    (0.5, 0.0625)
    """
    f = _derivative(activation)
    return _normal_mean(lambda z: np.square(f(z)), variance)


def _derivative(activation: str) -> Callable[..., np.ndarray]:
    derivative = registry.get(activation).derivative
    if derivative is None:
        raise ValueError(f"{activation} is not elementwise: it has a Jacobian matrix instead of a slope")
    return derivative


def _normal_mean(function: Callable[[np.ndarray], np.ndarray], variance: float) -> float:
    """Gauss-Legendre quadrature on panels between -12 and 12 standard deviations."""
    if not 0 <= variance < np.inf:
        raise ValueError(f"a variance must be finite and not negative, but is {variance}")
    if variance == 0:
        return float(function(np.zeros(1))[0])
    deviation = np.sqrt(variance)
    edges = np.linspace(-12 * deviation, 12 * deviation, 401)
    edges = np.unique(np.append(edges, _KINKS[np.abs(_KINKS) < edges[-1]]))
    half = np.diff(edges)[:, None] / 2
    z = edges[:-1, None] + half * (1 + _NODES)
    density = np.exp(-(z**2) / (2 * variance)) / np.sqrt(2 * np.pi * variance)
    return float(np.sum(half * _WEIGHTS * density * function(z)))
