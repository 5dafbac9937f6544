r"""How an interpolant judges itself: leave-one-out errors without leaving anything out (Rippa), and the shape they choose.

Shapes: N data points, S values at each, R monomials. The system is bordered by the polynomial,

.. math:: K = \begin{pmatrix} A + \Lambda & P \\ P^\top & 0 \end{pmatrix},\qquad K \begin{pmatrix} c \\ a \end{pmatrix} =
    \begin{pmatrix} d \\ 0 \end{pmatrix}.

References
----------
Rippa (1999), An algorithm for selecting a good value for the parameter c in radial basis function interpolation, Advances in
Computational Mathematics 11, 193-210, https://doi.org/10.1023/A:1018975909870.
"""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from scipy.linalg import LinAlgError
from scipy.linalg.lapack import dgetrf, dgetri


def leave_one_out_errors(system: np.ndarray, values: npt.ArrayLike) -> np.ndarray:
    r"""Error at every data point of the interpolant of all the other points, from one inverse.

    .. math:: e_k = d_k - s^{(k)}(x_k) = \frac{c_k}{(K^{-1})_{kk}}

    Parameters
    ----------
    system : array (N + R, N + R), K: symmetric, kernels first, then the R monomials
    values : array (N,) or (N, S), d

    Returns
    -------
    array of the shape of values

    Notes
    -----
    The formula is exact, also beside a polynomial and with smoothing on the diagonal. To see it, take the interpolant without
    point k and give it the coefficient 0 for the missing kernel. K times these coefficients is d, except in row k, where it is
    :math:`s^{(k)}(x_k)`. So they are :math:`K^{-1}d - e_k K^{-1}u_k` with the k-th unit vector, and their k-th entry, which is
    0, says :math:`0 = c_k - e_k (K^{-1})_{kk}`. Where K is ill-conditioned, rounding adds
    noise to the errors; where it is singular, ``numpy.linalg.LinAlgError`` is raised.

    Examples
    --------
    Without a kernel to help, a lone constant is judged by the mean of the others:

    >>> K = np.array([[1.0, 0, 0, 1], [0, 1, 0, 1], [0, 0, 1, 1], [1, 1, 1, 0]])
    >>> leave_one_out_errors(K, [0.0, 3.0, 9.0])
    array([-6. , -1.5,  7.5])
    """
    d = np.asarray(values, dtype=float)
    factors, pivots, failed = dgetrf(np.asfortranarray(system))
    if failed:
        raise LinAlgError(f"the system of {len(system)} equations is singular")
    inverse, _ = dgetri(factors, pivots, overwrite_lu=True)
    coefficients = inverse[: len(d), : len(d)] @ d
    # Where rounding leaves a 0 on the diagonal, the error is infinite and such a shape is not chosen.
    with np.errstate(divide="ignore", invalid="ignore"):
        return (coefficients.T / np.diagonal(inverse)[: len(d)]).T


def choose_epsilon(
    cost: Callable[[float], float], smallest: float, largest: float, *, n_grid: int = 25, tolerance: float = 1e-3
) -> float:
    r"""Minimise a cost over the shape parameter: a scan on a logarithmic scale, then golden section around its best point.

    Parameters
    ----------
    cost : function of epsilon; what is not finite, or fails as singular, counts as infinitely bad
    smallest, largest : float, the range to search
    n_grid : int of at least 3, points of the scan
    tolerance : float, of ln epsilon

    Returns
    -------
    float

    Raises
    ------
    ValueError
        When the cost is finite nowhere, or the range is empty.

    Notes
    -----
    The cost may have several minima: the scan is there to find the deepest one that it can see.

    Examples
    --------
    >>> round(choose_epsilon(lambda epsilon: (np.log(epsilon) - 1) ** 2, 0.1, 100), 2)
    2.72
    """
    if not 0 < smallest < largest < np.inf or n_grid < 3:
        raise ValueError(
            f"cannot scan from {smallest} to {largest} with {n_grid} points; expected 0 < smallest < largest"
        )

    def careful(log_epsilon: float) -> float:
        try:
            value = float(cost(float(np.exp(log_epsilon))))
        except LinAlgError:
            return np.inf
        return value if np.isfinite(value) else np.inf

    grid = np.linspace(np.log(smallest), np.log(largest), n_grid)
    costs = np.array([careful(point) for point in grid])
    if not np.isfinite(costs).any():
        raise ValueError(f"the cost is finite for no epsilon between {smallest:.3g} and {largest:.3g}")
    best = int(costs.argmin())
    low, high = grid[max(best - 1, 0)], grid[min(best + 1, n_grid - 1)]
    found = _golden_section(careful, low, high, tolerance)
    return float(np.exp(min((costs[best], grid[best]), found)[1]))


def _golden_section(cost: Callable[[float], float], low: float, high: float, tolerance: float) -> tuple[float, float]:
    """Least cost found, and where; compares only, so that infinite costs do no harm."""
    shorter = (3 - np.sqrt(5)) / 2
    left, right = low + shorter * (high - low), high - shorter * (high - low)
    at_left, at_right = cost(left), cost(right)
    while high - low > tolerance:
        if at_left < at_right:
            high, right, at_right = right, left, at_left
            left = low + shorter * (high - low)
            at_left = cost(left)
        else:
            low, left, at_left = left, right, at_right
            right = high - shorter * (high - low)
            at_right = cost(right)
    return min((at_left, float(left)), (at_right, float(right)))
