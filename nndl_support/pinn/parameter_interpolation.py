r"""Solutions for all values of a parameter by interpolation (参数插值) between a few, with a polynomial through Chebyshev nodes.

What a network with the parameter as one more input has to beat: K runs of any solver, and a polynomial of degree K - 1.

Shapes: K nodes, M values of the parameter, ... the shape of a solution.

References
----------
Trefethen (2019), Approximation Theory and Approximation Practice, SIAM, https://doi.org/10.1137/1.9781611975949, chapter 8: for
functions analytic in the parameter the error falls exponentially with K.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
from numpy.polynomial import chebyshev

__all__ = ["ParameterInterpolation"]


class ParameterInterpolation:
    """A family of solutions, from runs at K values of its parameter.

    Parameters
    ----------
    solver : function of a value of the parameter, returning an array (...)
    low, high : float, range of the parameter, low < high
    n_nodes : int of at least 1, K

    Attributes
    ----------
    nodes : array (K,)
    coefficients : array (K, ...), of Chebyshev polynomials

    Raises
    ------
    ValueError
        When the range is empty or there is no node.

    Examples
    --------
    >>> family = ParameterInterpolation(lambda s: np.array([s**2, 1.0]), 0.0, 2.0, 3)
    >>> family(0.5).round(12).tolist()
    [0.25, 1.0]
    """

    def __init__(self, solver: Callable[[float], npt.ArrayLike], low: float, high: float, n_nodes: int) -> None:
        if not low < high or n_nodes < 1:
            raise ValueError(f"the range is {low} to {high} with {n_nodes} nodes; expected low < high and at least one")
        self.low, self.high = low, high
        unit = chebyshev.chebpts1(n_nodes)
        self.nodes = (low + high) / 2 + (high - low) / 2 * unit
        runs = np.stack([np.asarray(solver(float(s)), dtype=float) for s in self.nodes])
        flat = chebyshev.chebfit(unit, runs.reshape(n_nodes, -1), n_nodes - 1)
        self.coefficients: Any = flat.reshape(runs.shape)

    def __call__(self, value: float) -> np.ndarray:
        """Return the solution for one value of the parameter, array (...)."""
        if not self.low <= value <= self.high:
            raise ValueError(f"the parameter is {value}, outside of {self.low} to {self.high}")
        unit = (2 * value - self.low - self.high) / (self.high - self.low)
        return np.asarray(chebyshev.chebval(unit, self.coefficients))
