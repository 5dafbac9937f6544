r"""The Lorenz system: the flow, its Lyapunov exponents, how long a forecast is valid, and three constants from data.

.. math:: \dot x = \sigma(y - x), \qquad \dot y = x(\rho - z) - y, \qquad \dot z = xy - \beta z

Shapes: B states side by side, a state is the last axis (3,).

References
----------
Lorenz (1963), Deterministic nonperiodic flow, Journal of the Atmospheric Sciences 20,
https://doi.org/10.1175/1520-0469(1963)020%3C0130:DNF%3E2.0.CO;2. Benettin, Galgani, Giorgilli and Strelcyn (1980), Lyapunov
characteristic exponents, Meccanica 15, https://doi.org/10.1007/BF02128236. Section "Why physics?" of this book.
"""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from scipy.optimize import least_squares

#: The constants that Lorenz chose: sigma, rho, beta.
CLASSICAL = (10.0, 28.0, 8.0 / 3.0)

Constants = tuple[float, float, float]


def lorenz_field(state: npt.ArrayLike, constants: Constants = CLASSICAL) -> np.ndarray:
    """The velocity.

    Parameters
    ----------
    state : array (..., 3)
    constants : sigma, rho, beta

    Returns
    -------
    array (..., 3)

    Examples
    --------
    >>> lorenz_field([1.0, 2.0, 3.0]).tolist()
    [10.0, 23.0, -6.0]
    """
    state = np.asarray(state, dtype=float)
    if state.shape[-1:] != (3,):
        raise ValueError(f"state has shape {state.shape}; expected (..., 3)")
    sigma, rho, beta = constants
    x, y, z = state[..., 0], state[..., 1], state[..., 2]
    return np.stack([sigma * (y - x), x * (rho - z) - y, x * y - beta * z], axis=-1)


def lorenz_jacobian(state: npt.ArrayLike, constants: Constants = CLASSICAL) -> np.ndarray:
    """The derivative of the velocity: an array (..., 3, 3) for states (..., 3).

    Examples
    --------
    >>> lorenz_jacobian([1.0, 2.0, 3.0])[1].tolist()
    [25.0, -1.0, -1.0]
    """
    state = np.asarray(state, dtype=float)
    sigma, rho, beta = constants
    x, y, z = state[..., 0], state[..., 1], state[..., 2]
    jacobian = np.zeros((*state.shape, 3))
    jacobian[..., 0, 0], jacobian[..., 0, 1] = -sigma, sigma
    jacobian[..., 1, 0], jacobian[..., 1, 1], jacobian[..., 1, 2] = rho - z, -1.0, -x
    jacobian[..., 2, 0], jacobian[..., 2, 1], jacobian[..., 2, 2] = y, x, -beta
    return jacobian


def runge_kutta_step(field: Callable[[np.ndarray], np.ndarray], state: np.ndarray, dt: float) -> np.ndarray:
    """One step of the classical Runge-Kutta method of order four, for any number of states side by side.

    Parameters
    ----------
    field : function of an array (..., 3)
    state : array (..., 3)
    dt : float

    Returns
    -------
    array (..., 3)

    Examples
    --------
    >>> (runge_kutta_step(lambda s: -s, np.ones(3), 0.1) - np.exp(-0.1)).round(7).tolist()
    [1e-07, 1e-07, 1e-07]
    """
    k1 = field(state)
    k2 = field(state + dt / 2.0 * k1)
    k3 = field(state + dt / 2.0 * k2)
    k4 = field(state + dt * k3)
    return state + dt / 6.0 * (k1 + 2.0 * k2 + 2.0 * k3 + k4)


def lorenz_map(
    state: npt.ArrayLike, time: float, constants: Constants = CLASSICAL, *, n_substeps: int = 10
) -> np.ndarray:
    """Where the states are after a while: ``n_substeps`` Runge-Kutta steps.

    Parameters
    ----------
    state : array (..., 3)
    time : float
    constants : sigma, rho, beta
    n_substeps : int

    Returns
    -------
    array (..., 3)

    Examples
    --------
    The vertical axis leads to the origin.

    >>> lorenz_map([0.0, 0.0, 24.0], 0.3).round(4).tolist()
    [0.0, 0.0, 10.7839]
    """
    if n_substeps < 1:
        raise ValueError(f"n_substeps is {n_substeps}; expected at least 1")
    state = np.asarray(state, dtype=float)
    for _ in range(n_substeps):
        state = runge_kutta_step(lambda s: lorenz_field(s, constants), state, time / n_substeps)
    return state


def iterate(step: Callable[[np.ndarray], np.ndarray], state: npt.ArrayLike, n_steps: int) -> np.ndarray:
    """Apply a map again and again.

    Parameters
    ----------
    step : function of an array (..., 3)
    state : array (..., 3)
    n_steps : int

    Returns
    -------
    array (n_steps + 1, ..., 3), the start included

    Examples
    --------
    >>> iterate(lambda s: 2 * s, np.ones(3), 3)[:, 0].tolist()
    [1.0, 2.0, 4.0, 8.0]
    """
    if n_steps < 0:
        raise ValueError(f"n_steps is {n_steps}; expected at least 0")
    states = [np.asarray(state, dtype=float)]
    for _ in range(n_steps):
        states.append(step(states[-1]))
    return np.array(states)


def lyapunov_exponents(
    states: npt.ArrayLike, time: float, constants: Constants = CLASSICAL, *, dt: float = 0.01, warm_up: float = 5.0
) -> np.ndarray:
    r"""Growth rates of small errors along the orbits of B states, by following three of them and keeping them orthogonal.

    Parameters
    ----------
    states : array (B, 3), on the attractor
    time : float, how long to measure
    constants : sigma, rho, beta
    dt : float, the step
    warm_up : float, time before, in which the errors turn into the directions of their growth

    Returns
    -------
    array (B, 3), in 1 / time, the largest first

    Notes
    -----
    The three sum to the divergence of the field, :math:`-(\sigma + 1 + \beta)`, on any orbit.

    Examples
    --------
    >>> lyapunov_exponents([[1.0, 2.0, 20.0]], 5.0).sum(axis=1).round(2).tolist()
    [-13.67]
    """
    states = np.asarray(states, dtype=float)
    if states.ndim != 2 or states.shape[1] != 3 or not np.isfinite(states).all():
        raise ValueError(f"states have shape {states.shape}; expected (B, 3), all of it finite")
    if not (dt > 0 and round(time / dt) >= 1 and warm_up >= 0):
        raise ValueError(
            f"time is {time}, dt {dt} and warm_up {warm_up}; expected at least one step of positive length"
        )
    # A state and the three errors that travel with it, as rows (B, 4, 3); no error begins along an axis.
    errors = np.array([[1.0, 1.0, 1.0], [1.0, -1.0, 0.0], [1.0, 1.0, -2.0]])
    joint = np.concatenate([states[:, None], np.broadcast_to(errors, (len(states), 3, 3))], axis=1)

    def field(joint: np.ndarray) -> np.ndarray:
        errors = joint[:, 1:] @ np.swapaxes(lorenz_jacobian(joint[:, 0], constants), 1, 2)
        return np.concatenate([lorenz_field(joint[:, :1], constants), errors], axis=1)

    growth, n_steps, n_before = np.zeros((len(states), 3)), round(time / dt), round(warm_up / dt)
    for step in range(-n_before, n_steps):
        joint = runge_kutta_step(field, joint, dt)
        orthogonal, triangle = np.linalg.qr(np.swapaxes(joint[:, 1:], 1, 2))
        if step >= 0:
            growth += np.log(np.abs(np.diagonal(triangle, axis1=1, axis2=2)))
        joint[:, 1:] = np.swapaxes(orthogonal, 1, 2)
    return growth / (n_steps * dt)


def valid_time(
    forecast: npt.ArrayLike, truth: npt.ArrayLike, scale: npt.ArrayLike, dt: float, *, tolerance: float = 0.4
) -> np.ndarray:
    r"""How long each forecast stays within a tolerance of the truth.

    Parameters
    ----------
    forecast, truth : array (T, B, 3), from the start on
    scale : array (3,), standard deviation of each coordinate on the attractor
    dt : float, time between rows
    tolerance : float
        Of :math:`\lVert (s - \hat s) / \text{scale} \rVert_2 / \sqrt 3`, the error in standard deviations.

    Returns
    -------
    array (B,), times; T dt where the forecast is valid to the end

    Examples
    --------
    >>> truth = np.zeros((4, 1, 3))
    >>> valid_time(truth + [[[0.1]], [[0.2]], [[0.5]], [[0.9]]], truth, np.ones(3), 0.5).tolist()
    [1.0]
    """
    forecast, truth = np.asarray(forecast, dtype=float), np.asarray(truth, dtype=float)
    if forecast.shape != truth.shape or forecast.ndim != 3:
        raise ValueError(f"forecast has shape {forecast.shape} and truth {truth.shape}; expected (T, B, 3) for both")
    with np.errstate(invalid="ignore", over="ignore"):
        error = np.sqrt(np.mean(((forecast - truth) / scale) ** 2, axis=-1))
        wrong = ~(error < tolerance)  # NaN is wrong too
    return np.where(wrong.any(axis=0), wrong.argmax(axis=0), len(truth)) * dt


def one_step_error(
    step: Callable[[np.ndarray], np.ndarray], before: npt.ArrayLike, after: npt.ArrayLike, scale: npt.ArrayLike
) -> float:
    """Root mean square error of a model's next state, in units of the spread of each coordinate.

    Parameters
    ----------
    step : function of an array (N, 3)
    before, after : array (N, 3)
    scale : array (3,)

    Returns
    -------
    float

    Examples
    --------
    >>> one_step_error(lambda s: s + 1, np.zeros((5, 3)), np.zeros((5, 3)), [2.0, 2.0, 2.0])
    0.5
    """
    before, after = np.asarray(before, dtype=float), np.asarray(after, dtype=float)
    if before.shape != after.shape or before.ndim != 2:
        raise ValueError(f"before has shape {before.shape} and after {after.shape}; expected (N, 3) for both")
    return float(np.sqrt(np.mean(((step(before) - after) / scale) ** 2)))


def recover_constants(
    before: npt.ArrayLike, after: npt.ArrayLike, dt: float, *, start: Constants = (5.0, 20.0, 1.0), n_substeps: int = 4
) -> np.ndarray:
    """The sigma, rho and beta whose flow takes each state to the next, by least squares.

    Parameters
    ----------
    before, after : array (N, 3), states a time dt apart
    dt : float
    start : a guess of sigma, rho, beta
    n_substeps : int, Runge-Kutta steps within dt

    Returns
    -------
    array (3,)

    Examples
    --------
    >>> before = np.random.default_rng(0).normal(size=(20, 3)) * 8 + [0, 0, 24]
    >>> recover_constants(before, lorenz_map(before, 0.02), 0.02).round(4).tolist()
    [10.0, 28.0, 2.6667]
    """
    before, after = np.asarray(before, dtype=float), np.asarray(after, dtype=float)
    right_shapes = before.shape == after.shape and before.ndim == 2 and before.shape[1] == 3
    if not right_shapes or not (np.isfinite(before).all() and np.isfinite(after).all()):
        raise ValueError(
            f"before has shape {before.shape} and after {after.shape}; expected (N, 3) for both, all of it finite"
        )

    def miss(constants: np.ndarray) -> np.ndarray:
        return (lorenz_map(before, dt, tuple(constants), n_substeps=n_substeps) - after).ravel()

    return least_squares(miss, start, xtol=1e-14, ftol=1e-14, gtol=1e-14).x
