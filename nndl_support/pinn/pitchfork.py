r"""The pitchfork :math:`\dot x = \mu x - x^3`: where a rest state loses its stability, and where a residual is deceived by it.

The system slides downhill on :math:`V(x) = -\tfrac12\mu x^2 + \tfrac14 x^4`. For :math:`\mu > 0` it rests in one of the valleys
:math:`\pm\sqrt\mu`, or on the ridge 0, from which the slightest push would take it.

Shapes: N times, H hidden units.

References
----------
Strogatz (2015), Nonlinear Dynamics and Chaos, 2nd edition, https://doi.org/10.1201/9780429492563, section 3.4. Freidlin and
Wentzell (2012), Random Perturbations of Dynamical Systems, https://doi.org/10.1007/978-3-642-25847-3, chapter 4 (the price of
climbing). Rohrhofer et al. (2022), On the role of fixed points of dynamical systems in training physics-informed neural networks,
https://arxiv.org/abs/2203.13648. Section "Why physics?" of this book.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize_scalar

from nndl_support.pinn.minpack import minimise_squares
from nndl_support.pinn.tanh_layer import gauss_points, jet, random_weights


class PitchforkFit(NamedTuple):
    """What :func:`fit_pitchfork` returns: weights (3H,), the loss it minimised, and its square roots, term by term.

    Examples
    --------
    >>> PitchforkFit._fields
    ('weights', 'loss', 'residual', 'initial_error')
    """

    weights: np.ndarray
    loss: float
    residual: float
    initial_error: float


def pitchfork_solution(t: npt.ArrayLike, x0: float, mu: float = 1.0) -> np.ndarray:
    r"""The solution that starts at x0.

    .. math:: x(t) = \frac{x_0 e^{\mu t}}{\sqrt{1 + x_0^2\,(e^{2\mu t} - 1)/\mu}}

    Parameters
    ----------
    t : array of any shape, times
    x0 : float
    mu : float, not 0

    Returns
    -------
    array of that shape

    Examples
    --------
    >>> pitchfork_solution([0.0, 50.0], -0.1, mu=4.0).round(6).tolist()
    [-0.1, -2.0]
    """
    if mu == 0:
        raise ValueError("mu is 0, where the formula is 0 / 0; the solution there is x0 / sqrt(1 + 2 x0^2 t)")
    decay = np.exp(-abs(mu) * np.asarray(t, dtype=float))
    # For mu > 0 above and below are divided by e^{mu t}: nothing overflows.
    above, below = (1.0, decay**2) if mu > 0 else (decay, 1.0)
    if x0 == 0:
        return 0.0 * decay
    return x0 * above / np.sqrt(below + x0**2 * (1.0 - decay**2) / abs(mu))


def largest_residual(weights: npt.ArrayLike, t: npt.ArrayLike, mu: float = 1.0) -> float:
    r"""The largest :math:`|\dot x - \mu x + x^3|` of a network at given times.

    Parameters
    ----------
    weights : array (3H,)
    t : array (N,), times
    mu : float

    Returns
    -------
    float

    Examples
    --------
    >>> largest_residual([0.0, 10.0, 2.0], [0.0, 1.0])
    6.0
    """
    x = jet(weights, t)
    return float(np.abs(x.first - mu * x.value + x.value**3).max())


def price_of_a_detour(x0: float, mu: float, horizon: float) -> float:
    r"""Mean square residual of a curve that climbs from x0 back to the ridge and stays there.

    .. math:: \min_x \frac1T \int_0^T (\dot x - \mu x + x^3)^2\,dt
        = \frac{4\,(V(0) - V(x_0))}{T} = \frac{2\mu x_0^2 - x_0^4}{T}

    Parameters
    ----------
    x0 : float, between the valleys
    mu : float > 0
    horizon : float > 0, T, long enough for the climb

    Returns
    -------
    float

    Notes
    -----
    With :math:`f = -V'` one has :math:`(\dot x - f)^2 = (\dot x + f)^2 - 4 f \dot x`. The last term integrates to
    :math:`4 (V(0) - V(x_0))` whatever the path; the first vanishes for the motion with time reversed, :math:`\dot x = -f`.

    Examples
    --------
    >>> price_of_a_detour(0.1, 1.0, 10.0)
    0.00199
    """
    if not (mu > 0 and x0 * x0 <= mu):
        raise ValueError(f"x0 is {x0} and mu {mu}; expected mu > 0 and x0 between -sqrt(mu) and sqrt(mu)")
    if not horizon > 0:
        raise ValueError(f"horizon is {horizon}; expected a positive number")
    return (2.0 * mu * x0**2 - x0**4) / horizon


def loss_of_a_detour(x0: float, mu: float, horizon: float) -> float:
    r"""The loss of :func:`fit_pitchfork` at the best curve that stays on the ridge: it starts a little too low as well.

    .. math:: \min_a \; \frac{2\mu a^2 - a^4}{T} + (a - x_0)^2

    Parameters
    ----------
    x0 : float, between the valleys
    mu : float > 0
    horizon : float > 0, T

    Returns
    -------
    float

    Examples
    --------
    >>> round(loss_of_a_detour(0.3, 1.0, 16.0), 5)
    0.00968
    """
    best = minimize_scalar(
        lambda a: price_of_a_detour(a, mu, horizon) + (a - x0) ** 2,
        bounds=(min(0.0, x0), max(0.0, x0)),
        method="bounded",
    )
    return float(best.fun)


def fit_pitchfork(
    x0: float,
    horizon: float,
    rng: np.random.Generator,
    *,
    mu: float = 1.0,
    n_units: int = 20,
    n_points: int = 100,
    start: npt.ArrayLike | None = None,
    max_evaluations: int = 200,
) -> PitchforkFit:
    r"""Minimise mean square residual plus squared error of the initial value, by Levenberg-Marquardt.

    .. math:: L = \frac1T \int_0^T (\dot x - \mu x + x^3)^2\,dt + (x(0) - x_0)^2

    Parameters
    ----------
    x0 : float
    horizon : float > 0, T
    rng : numpy.random.Generator, draws the start
    mu : float
    n_units : int, H
    n_points : int, Gauss-Legendre points in time
    start : array (3H,), optional
        Weights to start from instead, such as those of a shorter horizon.
    max_evaluations : int

    Returns
    -------
    PitchforkFit

    Examples
    --------
    >>> fit = fit_pitchfork(0.5, 2.0, np.random.default_rng(0))
    >>> bool(abs(jet(fit.weights, [2.0]).value[0] - pitchfork_solution(2.0, 0.5)) < 1e-4)
    True
    """
    t, q = gauss_points(n_points, horizon)
    root, zero = np.sqrt(q), np.zeros(1)

    def both(weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        x, at_zero = jet(weights, t), jet(weights, zero)
        residual = root * (x.first - mu * x.value + x.value**3)
        slopes = x.first_slopes + (3.0 * x.value**2 - mu)[:, None] * x.value_slopes
        return np.append(residual, at_zero.value - x0), np.vstack([root[:, None] * slopes, at_zero.value_slopes])

    first = random_weights(n_units, horizon, rng, steepness=8.0) if start is None else start
    found = minimise_squares(both, first, max_evaluations=max_evaluations)
    residual = float(np.sqrt(np.sum(found.fun[:-1] ** 2)))
    return PitchforkFit(found.x, 2.0 * float(found.cost), residual, float(abs(found.fun[-1])))
