r"""The gradient check: a hand-derived gradient against central differences in float64.

The plain central difference has an error of order :math:`h^2`, and rounding adds :math:`\epsilon|f|/h`; the best
compromise, :math:`h\approx\epsilon^{1/3}`, leaves about ten correct digits. Two step widths together cancel the
:math:`h^2` term (Richardson),

.. math:: f'(x) = \frac{4 D(h/2) - D(h)}{3} + O(h^4), \qquad D(h) = \frac{f(x+h) - f(x-h)}{2h},

so that :math:`h\approx\epsilon^{1/5}` leaves about twelve to thirteen: enough to ask a gradient for agreement to 1e-8.

References
----------
Qiu (2019), Neural Networks and Deep Learning (in Chinese), equations 4.64-4.65.
"""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

_STEP = np.finfo(float).eps ** (1 / 5)


def numerical_gradient(f: Callable[[np.ndarray], float], x: npt.ArrayLike) -> np.ndarray:
    r"""Gradient of a scalar function by central differences, extrapolated to fourth order.

    Parameters
    ----------
    f : function of one array that returns one number; it must not change its argument
    x : array of any shape; the step for an entry is :math:`\epsilon^{1/5}\max(1, |x_i|)`, about 7e-4

    Returns
    -------
    array of the shape of x

    Raises
    ------
    ValueError
        When x or a value of f is not finite, or f returns more than one number.

    Notes
    -----
    Four evaluations of f for each entry of x. A kink (ReLU at 0) closer to x than the step spoils the entry: choose
    another point.

    Examples
    --------
    >>> numerical_gradient(lambda x: np.sum(x**3), [[1.0, 2.0], [3.0, 4.0]])
    array([[ 3., 12.],
           [27., 48.]])
    """
    gradient, _ = gradient_and_resolution(f, x)
    return gradient


def check_gradient(
    f: Callable[[np.ndarray], float],
    gradient: npt.ArrayLike | Callable[[np.ndarray], npt.ArrayLike],
    x: npt.ArrayLike,
    *,
    rtol: float = 1e-8,
) -> float:
    r"""Compare a gradient with central differences; return the relative error, or fail and say where.

    .. math:: \text{error} = \frac{\max_i |g_i - n_i|}{\max(\max_i |g_i|, \max_i |n_i|)}

    with g the claimed and n the numerical gradient.

    Parameters
    ----------
    f : function of one array that returns one number
    gradient : array of the shape of x, or a function that returns it for x
    x : array of any shape, the point
    rtol : float > 0, the largest relative error that passes

    Returns
    -------
    float, the relative error

    Raises
    ------
    AssertionError
        When the error exceeds rtol; the message names the worst entry and both of its values.
    ValueError
        When the shapes differ, or a number is not finite.

    Notes
    -----
    The error is relative to the largest entry, not entry by entry: differences cannot resolve an entry that is 1e-12 of its
    neighbours. For the same reason a gradient that is zero everywhere passes although the differences return rounding noise.

    Examples
    --------
    >>> check_gradient(lambda x: np.sum(np.sin(x)), np.cos, [0.1, 0.2, 0.3]) < 1e-11
    True
    >>> check_gradient(lambda x: np.sum(x**2), lambda x: x, [3.0, 1.0])
    Traceback (most recent call last):
        ...
    AssertionError: the gradient is wrong: at entry (0,) it says 3, central differences say 6 ...
    """
    if not rtol > 0:
        raise ValueError(f"rtol is {rtol}, but must be positive")
    x = np.asarray(x, dtype=float)
    claimed = np.asarray(gradient(x.copy()) if callable(gradient) else gradient, dtype=float)
    if claimed.shape != x.shape:
        raise ValueError(f"the gradient has shape {claimed.shape}, but x has shape {x.shape}")
    if not np.isfinite(claimed).all():
        raise ValueError(f"the gradient has {np.count_nonzero(~np.isfinite(claimed))} entries that are not finite")
    numerical, resolution = gradient_and_resolution(f, x)
    if x.size == 0:
        return 0.0
    difference = np.abs(claimed - numerical)
    # Where rounding of f drowns the whole gradient, rtol is asked of the smallest gradient that it can resolve.
    scale = max(np.abs(claimed).max(), np.abs(numerical).max(), resolution / rtol)
    error = float(difference.max() / scale)
    if error > rtol:
        worst = tuple(int(i) for i in np.unravel_index(difference.argmax(), x.shape))
        wrong = np.count_nonzero(difference > rtol * scale)
        raise AssertionError(
            f"the gradient is wrong: at entry {worst} it says {claimed[worst]:.10g}, central differences say "
            f"{numerical[worst]:.10g} (relative error {error:.1e}, allowed {rtol:.1e}); "
            f"{wrong} of {x.size} entries are off{_suspicion(claimed, numerical, rtol)}"
        )
    return error


def gradient_and_resolution(f: Callable[[np.ndarray], float], x: npt.ArrayLike) -> tuple[np.ndarray, float]:
    r"""Nudge every entry of x in turn, both ways, by two step widths.

    .. math:: n_i = \frac{4 D_i(h/2) - D_i(h)}{3}, \qquad D_i(h) = \frac{f(x + h e_i) - f(x - h e_i)}{2h}

    Parameters
    ----------
    f : function of one array that returns one number
    x : array of any shape

    Returns
    -------
    gradient : array of the shape of x
    resolution : float, the size of the rounding noise in its entries

    Raises
    ------
    ValueError
        As in :func:`numerical_gradient`, which returns the gradient alone.

    Examples
    --------
    >>> gradient, resolution = gradient_and_resolution(lambda x: np.sum(x**2), [1.0, 2.0])
    >>> gradient.round(9), bool(resolution < 1e-10)
    (array([2., 4.]), True)
    """
    point = np.array(x, dtype=float)
    _check_finite(point)
    flat, gradient = point.reshape(-1), np.empty(point.size)
    largest = 0.0

    def value(i: int, moved: float) -> float:
        nonlocal largest
        old, flat[i] = flat[i], moved
        result = _one_number(f(point), i, moved)
        flat[i] = old
        largest = max(largest, abs(result))
        return result

    def central_difference(i: int, step: float) -> float:
        right, left = flat[i] + step, flat[i] - step
        return (value(i, right) - value(i, left)) / (right - left)

    for i in range(flat.size):
        h = _STEP * max(1.0, abs(flat[i]))
        fine, coarse = central_difference(i, h / 2), central_difference(i, h)
        gradient[i] = (4 * fine - coarse) / 3
    return gradient.reshape(point.shape), 8 * np.finfo(float).eps * largest / _STEP


def _check_finite(x: np.ndarray) -> None:
    if not np.isfinite(x).all():
        raise ValueError(f"x has {np.count_nonzero(~np.isfinite(x))} entries that are not finite")


def _one_number(result: npt.ArrayLike, i: int, moved: float) -> float:
    result = np.asarray(result, dtype=float)
    if result.size != 1:
        raise ValueError(f"f must return one number, but returned an array of shape {result.shape}")
    if not np.isfinite(result).all():
        raise ValueError(f"f is {result.item()} when entry {i} of x (flattened) is {moved:.6g}")
    return result.item()


def _suspicion(claimed: np.ndarray, numerical: np.ndarray, rtol: float) -> str:
    """Name the commonest causes when the claimed gradient is a multiple of the numerical one."""
    square = float((numerical * numerical).sum())
    factor = float((claimed * numerical).sum()) / square if square > 0 else 0.0
    if factor == 0.0 or np.abs(claimed - factor * numerical).max() > max(rtol, 1e-6) * np.abs(claimed).max():
        return ""
    cause = "a sign is wrong" if np.isclose(factor, -1.0) else "a constant factor (batch size? one half?) is wrong"
    return f"; every entry is {factor:.6g} times the numerical one: {cause}"
