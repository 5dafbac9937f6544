r"""Quickprop: for every weight alone, a parabola through the last two slopes, and a jump to its lowest point.

Shapes: ``...`` stands for any shape of the weights; every entry is treated alone.

References
----------
Fahlman (1988), An empirical study of learning speed in back-propagation networks, technical report CMU-CS-88-162,
Carnegie Mellon University.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt


def quickprop_step(
    step: np.ndarray,
    slope: np.ndarray,
    previous_slope: np.ndarray,
    *,
    learning_rate: float,
    growth: float = 1.75,
) -> np.ndarray:
    r"""The next step of every weight, towards lower values of the function.

    .. math::

        \Delta_t = \frac{g_t}{g_{t-1} - g_t}\,\Delta_{t-1} \;-\; \eta\, g_t\,[\text{not past the minimum}]

    The fraction is the secant step to the zero of the slope g. Where it would exceed ``growth`` times the last step, or points
    backwards because the slope became steeper, ``growth`` times the last step is taken. The gradient step is added
    where the weight still moves downhill; it stands alone where the last step was zero, or the secant leads uphill.

    Parameters
    ----------
    step : array (...), the last step; zeros at the start
    slope, previous_slope : arrays (...), derivatives of the function at the present and at the last weights
    learning_rate : float > 0, the :math:`\eta` of the gradient step
    growth : float > 0, the largest factor between one step and the next

    Returns
    -------
    array (...)

    Notes
    -----
    On a parabola of curvature h the method needs one step when :math:`\eta h = 1`, two when the gradient step went past the
    minimum, and three when :math:`1 / (1 + \text{growth}) \le \eta h < 1`: the added gradient step then misses by a factor
    :math:`-\eta h` what the secant had hit, and the next secant step repairs it.

    References
    ----------
    Fahlman (1988), section 3.3.

    Examples
    --------
    >>> slope_at = lambda w: 2.0 * (w - 3.0)
    >>> w, step, previous = np.zeros(1), np.zeros(1), np.zeros(1)
    >>> for _ in range(3):
    ...     slope = slope_at(w)
    ...     step, previous = quickprop_step(step, slope, previous, learning_rate=0.25), slope
    ...     w = w + step
    >>> w
    array([3.])
    """
    downhill = step * slope <= 0  # true also where there was no step
    largest = growth * np.abs(step)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        secant = step * slope / (previous_slope - slope)
    # Downhill on a slope that does not level off: the zero of the slope lies at infinity or behind.
    runaway = downhill & (~np.isfinite(secant) | ((secant * step <= 0) & (slope != 0)))
    # Past the minimum, yet the secant leads further uphill, to a maximum: only the gradient can be trusted.
    lost = ~downhill & (~np.isfinite(secant) | (secant * slope > 0))
    secant = np.clip(np.nan_to_num(secant), -largest, largest)
    secant = np.where(runaway, growth * step, np.where(lost, 0.0, secant))
    return secant - np.where(downhill | lost, learning_rate * slope, 0.0)


def minimize_quickprop(
    slope_at: Callable[[np.ndarray], np.ndarray],
    start: npt.ArrayLike,
    *,
    learning_rate: float,
    growth: float = 1.75,
    n_steps: int = 50,
) -> np.ndarray:
    """Follow quickprop for a number of steps.

    Parameters
    ----------
    slope_at : callable, array (...) to the derivatives there, array (...)
    start : array (...)
    learning_rate, growth : floats, see :func:`quickprop_step`
    n_steps : int >= 0

    Returns
    -------
    array (n_steps + 1, ...), the whole path

    Raises
    ------
    ValueError
        When ``learning_rate`` or ``growth`` is not positive.

    Examples
    --------
    >>> curvature = np.array([1.0, 4.0])
    >>> path = minimize_quickprop(lambda w: curvature * w, [1.0, 1.0], learning_rate=0.2, n_steps=8)
    >>> bool(np.abs(path[-1]).max() < 1e-9)
    True
    """
    if not learning_rate > 0 or not growth > 0:
        raise ValueError(f"learning_rate and growth must be positive, but are {learning_rate} and {growth}")
    path = [np.array(start, dtype=float)]
    step, previous = np.zeros_like(path[0]), np.zeros_like(path[0])
    for _ in range(n_steps):
        slope = np.asarray(slope_at(path[-1]), dtype=float)
        step = quickprop_step(step, slope, previous, learning_rate=learning_rate, growth=growth)
        path.append(path[-1] + step)
        previous = slope
    return np.array(path)
