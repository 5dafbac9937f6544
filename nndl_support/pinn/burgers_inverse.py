r"""Burgers' equation with two parameters: data for an inverse problem (反问题), and forward models for the classical answer.

.. math:: u_t + \lambda_1 u u_x = \lambda_2 u_{xx}, \qquad u(x, 0) = -\sin \pi x, \quad u(\pm 1, t) = 0

Two changes of scale lead back to :math:`\lambda_1 = 1`. For the exact solution it is the time,
:math:`u(x, t) = U(x, \lambda_1 t;\, \lambda_2 / \lambda_1)`; for a grid solver, whose start is free, it is the height,
:math:`u = w / \lambda_1` with :math:`w_t + w w_x = \lambda_2 w_{xx}`.

Shapes: M points with the columns x and t, X places and T times of a grid.

References
----------
Raissi, Perdikaris and Karniadakis (2019), Journal of Computational Physics 378, https://doi.org/10.1016/j.jcp.2018.10.045,
for the set-up: 2000 of the 256 x 100 values of a reference solution.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.interpolate import RectBivariateSpline
from scipy.optimize import least_squares

from nndl_support.pinn.cole_hopf import burgers
from nndl_support.pinn.grid_solvers import burgers_imex
from nndl_support.pinn.point_values import at_points

__all__ = [
    "OutputErrorFit",
    "Scattered",
    "burgers_at",
    "burgers_field",
    "burgers_on_grid",
    "burgers_sensitivities",
    "observe_burgers",
    "output_error_fit",
]


class Scattered(NamedTuple):
    """Noisy values at scattered points.

    Attributes
    ----------
    points : array (M, 2), columns x and t
    values : array (M, 1)
    sigma : float, standard deviation of the noise

    Examples
    --------
    >>> Scattered(np.zeros((3, 2)), np.zeros((3, 1)), 0.0).points.shape
    (3, 2)
    """

    points: np.ndarray
    values: np.ndarray
    sigma: float


class OutputErrorFit(NamedTuple):
    """Parameters by the fit of a forward model.

    Attributes
    ----------
    parameters : array (2,)
    covariance : array (2, 2), for noise of standard deviation 1
    rms : float, of the misfit
    evaluations : int, of the forward model, those for slopes included

    Examples
    --------
    >>> OutputErrorFit(np.ones(2), np.eye(2), 0.1, 12).evaluations
    12
    """

    parameters: np.ndarray
    covariance: np.ndarray
    rms: float
    evaluations: int


def burgers_field(*, n_x: int = 256, n_t: int = 100, nu: float = 0.01 / np.pi) -> tuple[np.ndarray, ...]:
    """Reference solution on the grid of the literature.

    Parameters
    ----------
    n_x, n_t : int, points from -1 to 1 and times from 0 to 1
    nu : float, viscosity

    Returns
    -------
    x (X,), t (T,), u (X, T)

    Examples
    --------
    >>> [a.shape for a in burgers_field(n_x=11, n_t=7)]
    [(11,), (7,), (11, 7)]
    """
    x, t = np.linspace(-1, 1, n_x), np.linspace(0, 1, n_t)
    return x, t, burgers(x, t, nu=nu)


def observe_burgers(
    n: int = 2000, *, noise: float = 0.0, rng: np.random.Generator, within: Callable[..., npt.ArrayLike] | None = None
) -> Scattered:
    r"""Draw values of the reference solution, with noise :math:`\sigma = \text{noise} \times \operatorname{std}(u)`.

    Parameters
    ----------
    n : int, points, chosen from the 256 x 100 grid without repetition
    noise : float >= 0, relative to the standard deviation of u over the grid
    rng : numpy.random.Generator
    within : function of x and t, arrays (M,), returning (M,) of bool, optional; where one may look

    Returns
    -------
    Scattered

    Examples
    --------
    >>> data = observe_burgers(7, noise=0.1, rng=np.random.default_rng(0), within=lambda x, t: t < 0.5)
    >>> data.points.shape, data.values.shape, round(data.sigma, 3)
    ((7, 2), (7, 1), 0.061)
    """
    x, t, u = burgers_field()
    places, times = (axis.ravel() for axis in np.meshgrid(x, t, indexing="ij"))
    allowed = np.flatnonzero(np.ones(u.size, bool) if within is None else np.asarray(within(places, times)))
    if not 1 <= n <= len(allowed) or not noise >= 0:
        raise ValueError(f"n is {n} of {len(allowed)} points and noise {noise}; expected 1 to that many, and >= 0")
    chosen = rng.choice(allowed, size=n, replace=False)
    sigma = noise * float(u.std())
    values = u.ravel()[chosen] + sigma * rng.standard_normal(n)
    return Scattered(np.stack([places[chosen], times[chosen]], axis=1), values[:, None], sigma)


def _positive_pair(parameters: npt.ArrayLike) -> np.ndarray:
    pair = np.asarray(parameters, dtype=float)
    if pair.shape != (2,) or not np.all(pair > 0):
        raise ValueError(f"the parameters are {pair.tolist()}; expected two, both positive")
    return pair


def burgers_at(parameters: npt.ArrayLike, points: npt.ArrayLike) -> np.ndarray:
    """Exact solution for any pair of parameters.

    Parameters
    ----------
    parameters : array (2,), both positive
    points : array (M, 2)

    Returns
    -------
    array (M,)

    Examples
    --------
    Twice the convection and twice the viscosity is the same film at double speed:

    >>> burgers_at([2.0, 0.02], [[0.3, 0.25]]) == burgers_at([1.0, 0.01], [[0.3, 0.5]])
    array([ True])
    """
    lambda1, lambda2 = _positive_pair(parameters)
    return at_points(lambda x, t: burgers(x, lambda1 * t, nu=lambda2 / lambda1), points)


def burgers_sensitivities(parameters: npt.ArrayLike, points: npt.ArrayLike, *, step: float = 1e-4) -> np.ndarray:
    r"""Slopes of the exact solution by the logarithms of the parameters, :math:`\lambda_k\,\partial u / \partial \lambda_k`.

    Parameters
    ----------
    parameters : array (2,), both positive
    points : array (M, 2)
    step : float > 0, of the central difference, relative

    Returns
    -------
    array (M, 2)

    Examples
    --------
    At the start no parameter has had time to act:

    >>> burgers_sensitivities([1.0, 0.01], [[0.3, 0.0]]).round(9) + 0.0
    array([[0., 0.]])
    """
    base = _positive_pair(parameters)
    columns = []
    for k in range(2):
        up, down = base.copy(), base.copy()
        up[k] *= 1 + step
        down[k] *= 1 - step
        columns.append((burgers_at(up, points) - burgers_at(down, points)) / (2 * step))
    return np.stack(columns, axis=1)


def burgers_on_grid(
    parameters: npt.ArrayLike, points: npt.ArrayLike, *, n_x: int = 1501, n_t: int = 1201
) -> np.ndarray:
    """Solution by finite differences, interpolated by cubic splines.

    Parameters
    ----------
    parameters : array (2,), both positive
    points : array (M, 2)
    n_x, n_t : int, of the grid

    Returns
    -------
    array (M,)

    Examples
    --------
    >>> point = [[0.25, 0.5]]
    >>> bool(abs(burgers_on_grid([1.0, 0.05], point, n_x=201, n_t=201) - burgers_at([1.0, 0.05], point))[0] < 1e-3)
    True
    """
    lambda1, lambda2 = _positive_pair(parameters)
    where = np.asarray(points, dtype=float)
    if where.ndim != 2 or where.shape[1] != 2 or not np.all((abs(where[:, 0]) <= 1) & (abs(where[:, 1] - 0.5) <= 0.5)):
        raise ValueError(
            f"points of shape {where.shape} are not all in the film; expected (M, 2), x in [-1, 1], t in [0, 1]"
        )
    x, t = np.linspace(-1, 1, n_x), np.linspace(0, 1, n_t)
    u = burgers_imex(x, t, -lambda1 * np.sin(np.pi * x), nu=lambda2) / lambda1
    return RectBivariateSpline(x, t, u).ev(where[:, 0], where[:, 1])


def output_error_fit(
    data: Scattered,
    *,
    start: npt.ArrayLike = (0.5, 0.02),
    forward: Callable[[np.ndarray, np.ndarray], np.ndarray] = burgers_on_grid,
) -> OutputErrorFit:
    r"""Fit the parameters so that a forward model meets the data: the output-error method (输出误差法).

    Parameters
    ----------
    data : Scattered
    start : array (2,), both positive
    forward : function of parameters (2,) and points (M, 2), returning (M,)

    Returns
    -------
    OutputErrorFit

    Notes
    -----
    The search goes over the logarithms, so both stay positive. Unlike the network this method is told where the solution
    starts and what happens at the ends.

    Examples
    --------
    >>> data = observe_burgers(50, rng=np.random.default_rng(0))
    >>> output_error_fit(data, forward=burgers_at).parameters.round(5).tolist()
    [1.0, 0.00318]
    """
    counts, first = [0], _positive_pair(start)

    # Logarithms that begin at 1: slopes are taken with steps relative to them, and a step of nothing is no step.
    def parameters(z: np.ndarray) -> np.ndarray:
        return first * np.exp(z - 1)

    def misfit(z: np.ndarray) -> np.ndarray:
        counts[0] += 1
        return forward(parameters(z), data.points) - data.values[:, 0]

    fit = least_squares(misfit, np.ones(2), diff_step=1e-4)
    found = parameters(fit.x)
    # From slopes by the logarithms to slopes by the parameters.
    scaled = np.linalg.inv(fit.jac.T @ fit.jac) * np.outer(found, found)
    return OutputErrorFit(found, scaled, float(np.sqrt(np.mean(fit.fun**2))), counts[0])
