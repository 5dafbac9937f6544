r"""A small network for the Bratu problem: minimise the residual, from a start of chosen height, or away from a known solution.

The ansatz :math:`u(x) = x(1 - x)\,N(x)` has the boundary values built in; N is one layer of tanh units. What is left to
minimise is the mean square residual :math:`\int_0^1 (u'' + \lambda e^u)^2\,dx`.

Shapes: P collocation points, H hidden units.

References
----------
Lagaris, Likas and Fotiadis (1998), https://doi.org/10.1109/72.712178 (the ansatz). Farrell, Birkisson and Funke (2015), Deflation
techniques for finding distinct solutions of nonlinear partial differential equations, SIAM Journal on Scientific Computing 37(4),
https://doi.org/10.1137/140984798 (the factor that repels). Section "Why physics?" of this book.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nndl_support.pinn.minpack import minimise_squares
from nndl_support.pinn.tanh_layer import gauss_points, jet, random_weights

# The exponential of a height that only a wild step visits.
_HIGHEST = 30.0


@dataclass(frozen=True)
class BratuFit:
    """A fitted network.

    Attributes
    ----------
    weights : array (3H,)
    residual : float, root mean square of the residual, measured at a hundred times as many points
    seen : float, the same at the points of the training: smaller, where the network is wild between them
    n_evaluations : int, residuals that the solver asked for

    Examples
    --------
    >>> BratuFit(np.array([0.0, 10.0, 2.0]), 0.1, 0.1, 7).profile([0.0, 0.5]).tolist()
    [0.0, 0.5]
    """

    weights: np.ndarray
    residual: float
    seen: float
    n_evaluations: int

    def profile(self, x: npt.ArrayLike) -> np.ndarray:
        """The solution at places (M,): an array (M,)."""
        x = np.asarray(x, dtype=float)
        return x * (1.0 - x) * jet(self.weights, x).value


def start_at_height(height: float, rng: np.random.Generator, *, n_units: int = 12) -> np.ndarray:
    """Random hidden units whose outputs are fitted to the parabola with the given height in the middle.

    Parameters
    ----------
    height : float
    rng : numpy.random.Generator
    n_units : int, H

    Returns
    -------
    array (3H,)

    Examples
    --------
    >>> start = start_at_height(2.0, np.random.default_rng(0))
    >>> round(float(0.25 * jet(start, [0.5]).value[0]), 1)
    2.0
    """
    weights = random_weights(n_units, 1.0, rng)
    x = gauss_points(40)[0]
    hidden = jet(weights, x).value_slopes[:, 2 * n_units :]
    weights[2 * n_units :] = np.linalg.lstsq(hidden, np.full(len(x), 4.0 * height), rcond=1e-6)[0]
    return weights


def bratu_residual(weights: npt.ArrayLike, lam: float, x: npt.ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    r"""The residual :math:`u'' + \lambda e^u` of the ansatz at P points, and its Jacobian in the weights.

    Parameters
    ----------
    weights : array (3H,)
    lam : float
    x : array (P,)

    Returns
    -------
    residual : array (P,)
    jacobian : array (P, 3H)

    Examples
    --------
    A network that says nothing leaves the reaction.

    >>> residual, jacobian = bratu_residual(np.zeros(6), 2.0, [0.25, 0.5])
    >>> residual.tolist(), jacobian.shape
    ([2.0, 2.0], (2, 6))
    """
    x, of_N = np.asarray(x, dtype=float), jet(weights, x)
    bump, slope = x * (1.0 - x), 1.0 - 2.0 * x
    u, reaction = bump * of_N.value, lam * np.exp(np.minimum(bump * of_N.value, _HIGHEST))
    # (x(1-x) N)'' = x(1-x) N'' + 2 (1-2x) N' - 2 N
    residual = bump * of_N.second + 2.0 * slope * of_N.first - 2.0 * of_N.value + reaction
    growth = (reaction * bump * (u < _HIGHEST) - 2.0)[:, None]
    jacobian = (
        bump[:, None] * of_N.second_slopes + 2.0 * slope[:, None] * of_N.first_slopes + growth * of_N.value_slopes
    )
    return residual, jacobian


def deflation_factor(
    weights: npt.ArrayLike, known: npt.ArrayLike, x: npt.ArrayLike, q: npt.ArrayLike
) -> tuple[float, np.ndarray]:
    r"""What a residual is multiplied by to keep the ansatz away from a known solution, and its slopes in the weights.

    .. math:: 1 + \frac{1}{\lVert u - u_1 \rVert^2}, \qquad \lVert v \rVert^2 = \int_0^1 v^2\,dx \approx \sum_i q_i\,v(x_i)^2

    Parameters
    ----------
    weights : array (3H,)
    known : array (P,), values of the known solution
    x, q : array (P,), places and weights of a quadrature, as :func:`nndl_support.pinn.tanh_layer.gauss_points` returns

    Returns
    -------
    factor : float
    slopes : array (3H,)

    Examples
    --------
    Two units of height apart everywhere, so a quarter is added to one:

    >>> x, q = gauss_points(5)
    >>> deflation_factor(np.zeros(3), np.full(5, 2.0), x, q)[0]
    1.25
    """
    x, q = np.asarray(x, dtype=float), np.asarray(q, dtype=float)
    of_N, bump = jet(weights, x), x * (1.0 - x)
    apart = bump * of_N.value - known
    distance = q @ apart**2
    return float(1.0 + 1.0 / distance), -2.0 / distance**2 * ((q * apart * bump) @ of_N.value_slopes)


def fit_bratu(
    lam: float,
    start: npt.ArrayLike,
    *,
    away_from: Callable[[np.ndarray], np.ndarray] | None = None,
    n_points: int = 40,
    max_evaluations: int = 150,
) -> BratuFit:
    r"""Minimise the mean square residual by Levenberg-Marquardt.

    Parameters
    ----------
    lam : float > 0
    start : array (3H,), such as :func:`start_at_height` returns
    away_from : function of an array (P,), optional
        A solution that is known. The residual is multiplied by :math:`1 + 1 / \lVert u - u_1 \rVert^2`, which is infinite
        there: *deflation*. Every other solution stays a solution.
    n_points : int, P, Gauss-Legendre points
    max_evaluations : int

    Returns
    -------
    BratuFit

    Examples
    --------
    >>> low = fit_bratu(1.0, start_at_height(0.5, np.random.default_rng(0)))
    >>> high = fit_bratu(1.0, start_at_height(4.5, np.random.default_rng(0)))
    >>> float(low.profile([0.5])[0].round(4)), float(high.profile([0.5])[0].round(3))
    (0.1405, 4.091)
    """
    if not lam > 0:
        raise ValueError(f"lambda is {lam}; expected a positive number")
    x, q = gauss_points(n_points)
    known = None if away_from is None else np.asarray(away_from(x), dtype=float)
    if known is not None and known.shape != x.shape:
        raise ValueError(f"away_from returned shape {known.shape} for {n_points} points; expected ({n_points},)")

    def both(weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        residual, jacobian = bratu_residual(weights, lam, x)
        # So weighted, the sum of squares is the mean square over the slab.
        residual, jacobian = np.sqrt(q) * residual, np.sqrt(q)[:, None] * jacobian
        if known is None:
            return residual, jacobian
        factor, factor_slopes = deflation_factor(weights, known, x, q)
        return factor * residual, factor * jacobian + np.outer(residual, factor_slopes)

    found = minimise_squares(both, start, max_evaluations=max_evaluations)
    even = (np.arange(100 * n_points) + 0.5) / (100 * n_points)
    measured = float(np.sqrt(np.mean(bratu_residual(found.x, lam, even)[0] ** 2)))
    seen = float(np.sqrt(q @ bratu_residual(found.x, lam, x)[0] ** 2))
    return BratuFit(found.x, measured, seen, int(found.nfev))
