r"""A damped oscillation seen for a third of its time: a network that knows data, law, or both.

.. math:: x'' + 2\gamma x' + \omega^2 x = 0

Shapes: M measurements, N times, H hidden units.

References
----------
Raissi, Perdikaris and Karniadakis (2019), Physics-informed neural networks, Journal of Computational Physics 378,
https://doi.org/10.1016/j.jcp.2018.10.045 (data and residual in one loss; unknown coefficients as further unknowns).
Section "Why physics?" of this book.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nndl_support.pinn.minpack import minimise_squares
from nndl_support.pinn.tanh_layer import gauss_points, jet, random_weights


def damped_oscillation(t: npt.ArrayLike, gamma: float, omega: float, x0: float = 1.0, v0: float = 0.0) -> np.ndarray:
    r"""The solution that starts at x0 with velocity v0.

    .. math:: x(t) = e^{-\gamma t} \Bigl( x_0 \cos \omega_1 t + \frac{v_0 + \gamma x_0}{\omega_1} \sin \omega_1 t \Bigr),
        \qquad \omega_1 = \sqrt{\omega^2 - \gamma^2}

    Parameters
    ----------
    t : array of any shape, times
    gamma : float, damping rate, 1 / time
    omega : float > abs(gamma), angular frequency without damping, 1 / time
    x0, v0 : float

    Returns
    -------
    array of that shape

    Examples
    --------
    >>> damped_oscillation([0.0, np.pi], 0.0, 2.0).round(12).tolist()
    [1.0, 1.0]
    """
    if not omega > abs(gamma):
        raise ValueError(f"gamma is {gamma} and omega {omega}; it oscillates only for omega > |gamma|")
    t, omega1 = np.asarray(t, dtype=float), np.sqrt(omega**2 - gamma**2)
    return np.exp(-gamma * t) * (x0 * np.cos(omega1 * t) + (v0 + gamma * x0) / omega1 * np.sin(omega1 * t))


def measure_oscillation(
    n: int, until: float, rng: np.random.Generator, *, gamma: float, omega: float, noise: float
) -> tuple[np.ndarray, np.ndarray]:
    """Measurements of the oscillation at random times, with normal noise.

    Parameters
    ----------
    n : int, M
    until : float, the last possible time
    rng : numpy.random.Generator
    gamma, omega : float, the law
    noise : float, standard deviation

    Returns
    -------
    t, x : array (M,), in the order of time

    Examples
    --------
    >>> t, x = measure_oscillation(4, 3.0, np.random.default_rng(0), gamma=0.2, omega=2.0, noise=0.0)
    >>> bool((x == damped_oscillation(t, 0.2, 2.0)).all())
    True
    """
    if n < 1 or not noise >= 0:
        raise ValueError(f"n is {n} and noise {noise}; expected at least 1 measurement and a deviation of at least 0")
    t = np.sort(rng.random(n)) * until
    return t, damped_oscillation(t, gamma, omega) + noise * rng.normal(size=n)


@dataclass(frozen=True)
class OscillatorFit:
    """A fitted network and what it believes about the law.

    Attributes
    ----------
    weights : array (3H,)
    gamma, omega : float
        Found, or as given.
    misfit : float, root mean square error at the measurements, in units of ``noise``
    residual : float, root mean square of the law's residual over the whole time

    Examples
    --------
    >>> OscillatorFit(np.array([1.0, 0.0, 2.0]), 0.1, 2.0, 0.9, 0.01).position([0.0]).tolist()
    [0.0]
    """

    weights: np.ndarray
    gamma: float
    omega: float
    misfit: float
    residual: float

    def position(self, t: npt.ArrayLike) -> np.ndarray:
        """The network at times (N,): an array (N,)."""
        return jet(self.weights, t).value


def fit_oscillator(
    t: npt.ArrayLike,
    x: npt.ArrayLike,
    horizon: float,
    rng: np.random.Generator,
    *,
    noise: float,
    physics: float,
    law: tuple[float, float] | None = None,
    n_units: int = 24,
    n_points: int = 100,
    ridge: float = 1e-3,
    max_evaluations: int = 150,
) -> OscillatorFit:
    r"""Fit a network to measurements and, with a weight, to the law at all times up to the horizon.

    .. math:: L = \frac1M \sum_m \Bigl(\frac{x(t_m) - x_m}{\sigma}\Bigr)^2
        + \beta^2\, \frac1T \int_0^T (x'' + d x' + k x)^2\,dt + \rho^2 \lVert \text{weights} \rVert^2

    Parameters
    ----------
    t, x : array (M,), times of the measurements in [0, horizon], and positions
    horizon : float > 0, T
    rng : numpy.random.Generator, draws the start
    noise : float > 0, standard deviation of the measurements, sigma
    physics : float of at least 0, beta; 0 is a fit to data alone
    law : (gamma, omega), optional
        With it the law is taken as known; without it :math:`d = 2\gamma` and :math:`k = \omega^2` are found, from 0.5 and 3.
    n_units : int, H
    n_points : int, Gauss-Legendre points in time
    ridge : float > 0, rho; it decides nothing but which of many equal fits is taken
    max_evaluations : int

    Returns
    -------
    OscillatorFit

    Examples
    --------
    >>> t = np.linspace(0, 3, 20)
    >>> rng = np.random.default_rng(0)
    >>> fit = fit_oscillator(t, damped_oscillation(t, 0.2, 2.0), 6.0, rng, noise=0.01, physics=30.0)
    >>> round(fit.gamma, 1), round(fit.omega, 1)
    (0.2, 2.0)
    """
    t, x = np.asarray(t, dtype=float), np.asarray(x, dtype=float)
    if t.shape != x.shape or t.ndim != 1 or len(t) == 0 or not (np.isfinite(t).all() and np.isfinite(x).all()):
        raise ValueError(
            f"t has shape {t.shape} and x {x.shape}; expected two vectors (M,) of one length, all of it finite"
        )
    for name, given, least in (("horizon", horizon, t.max()), ("noise", noise, 0.0)):
        if not (given > 0 and given >= least):
            raise ValueError(f"{name} is {given}; expected a positive number of at least {least:.4g}")
    if not physics >= 0:
        raise ValueError(f"physics is {physics}; expected a number of at least 0")
    if law is not None and len(law) != 2:
        raise ValueError(f"law is {law}; expected gamma and omega")
    times, q = gauss_points(n_points, horizon)
    root, n_weights = physics * np.sqrt(q), 3 * n_units
    per_datum = noise * np.sqrt(len(t))
    fixed = None if law is None else np.array([2.0 * law[0], law[1] ** 2])

    def split(unknowns: np.ndarray) -> tuple[np.ndarray, float, float]:
        d, k = unknowns[n_weights:] if fixed is None else fixed
        return unknowns[:n_weights], float(d), float(k)

    def both(unknowns: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        weights, d, k = split(unknowns)
        seen, path = jet(weights, t), jet(weights, times)
        law_broken = path.second + d * path.first + k * path.value
        terms = np.concatenate([(seen.value - x) / per_datum, root * law_broken, ridge * weights])
        slopes = path.second_slopes + d * path.first_slopes + k * path.value_slopes
        of_weights = np.vstack([seen.value_slopes / per_datum, root[:, None] * slopes, ridge * np.eye(n_weights)])
        if fixed is not None:
            return terms, of_weights
        of_law = np.zeros((len(terms), 2))
        of_law[len(t) : len(t) + n_points] = root[:, None] * np.column_stack([path.first, path.value])
        return terms, np.hstack([of_weights, of_law])

    start = random_weights(n_units, horizon, rng, steepness=1.5 * horizon)
    if fixed is None:
        start = np.append(start, [0.5, 3.0])
    found = minimise_squares(both, start, max_evaluations=max_evaluations)
    weights, d, k = split(found.x)
    path = jet(weights, times)
    residual = np.sqrt(q @ (path.second + d * path.first + k * path.value) ** 2)
    misfit = np.linalg.norm(found.fun[: len(t)])
    return OscillatorFit(weights, d / 2.0, float(np.sqrt(max(k, 0.0))), float(misfit), float(residual))
