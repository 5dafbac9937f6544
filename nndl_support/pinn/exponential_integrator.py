r"""Periodic evolution equations solved to near rounding: Fourier modes in space, fourth-order exponential time differencing.

Every equation of the form

.. math:: u_t = \mathcal L u + \mathcal G\, n(u)

with a linear, constant-coefficient :math:`\mathcal L` and :math:`\mathcal G` becomes, mode by mode, the ordinary differential
equation :math:`\dot v = L(k) v + G(k)\, \widehat{n(u)}`. ETDRK4 integrates the stiff first term exactly and applies a Runge-Kutta
method to the second.

Shapes: K modes, T times.

References
----------
Cox and Matthews (2002), Exponential time differencing for stiff systems, Journal of Computational Physics 176(2), 430-455,
https://doi.org/10.1006/jcph.2002.6995, equations 26-29.
Kassam and Trefethen (2005), Fourth-order time-stepping for stiff PDEs, SIAM Journal on Scientific Computing 26(4), 1214-1233,
https://doi.org/10.1137/S1064827502410633, section 2: the coefficients by a contour integral.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

__all__ = ["StepCoefficients", "etdrk4", "etdrk4_coefficients", "graded_steps"]

_CONTOUR_POINTS = 32


class StepCoefficients(NamedTuple):
    r"""What one ETDRK4 step of length h multiplies each mode by, with :math:`z = hL`; all arrays (K,).

    Attributes
    ----------
    full, half : :math:`e^{z}` and :math:`e^{z/2}`
    stage : :math:`h (e^{z/2} - 1) / z`
    first : :math:`h \bigl(-4 - z + e^z (4 - 3z + z^2)\bigr) / z^3`
    middle : :math:`h \bigl(4 + 2z + e^z (-4 + 2z)\bigr) / z^3`, for both inner stages together
    last : :math:`h \bigl(-4 - 3z - z^2 + e^z (4 - z)\bigr) / z^3`

    Examples
    --------
    Where N is constant one step is exact, so the three weights add up to :math:`h (e^z - 1) / z`, the stage's own for a step h:

    >>> c = etdrk4_coefficients([-3.0], 0.5)
    >>> bool(np.isclose(c.first + 2 * c.middle + c.last, (np.exp(-1.5) - 1) / -3.0))
    True
    """

    full: np.ndarray
    half: np.ndarray
    stage: np.ndarray
    first: np.ndarray
    middle: np.ndarray
    last: np.ndarray


def etdrk4_coefficients(linear: npt.ArrayLike, step: float) -> StepCoefficients:
    r"""Coefficients of one step; near :math:`z = 0` their formulas cancel, so each is a mean over a circle around z.

    Parameters
    ----------
    linear : array (K,), real or complex, the symbol L of each mode
    step : float > 0, h

    Returns
    -------
    StepCoefficients

    Notes
    -----
    A function that is analytic equals its mean over any circle (Cauchy), and on a circle of radius 1 nothing cancels. The mean
    over 32 points is exact to rounding: the functions are entire and the error of the trapezoidal rule falls like 1/32!.

    Examples
    --------
    Without a linear term the step is the classical Runge-Kutta method, with weights 1/6, 2/6, 2/6, 1/6:

    >>> c = etdrk4_coefficients([0.0], 0.1)
    >>> bool(np.allclose([c.first, c.middle, c.last], [[0.1 / 6], [0.2 / 6], [0.1 / 6]], rtol=1e-14))
    True
    """
    if not step > 0:
        raise ValueError(f"step is {step}; expected a positive length of time")
    symbol = np.asarray(linear)
    if symbol.ndim != 1:
        raise ValueError(f"linear has the shape {symbol.shape}; expected (K,), one number for each mode")
    centre = step * symbol
    angle = 2j * np.pi * (np.arange(_CONTOUR_POINTS) + 0.5) / _CONTOUR_POINTS
    z = centre[:, None] + np.exp(angle)
    e = np.exp(z)

    def mean(values: np.ndarray) -> np.ndarray:
        average = step * values.mean(axis=1)
        return average if np.iscomplexobj(symbol) else average.real

    return StepCoefficients(
        full=np.exp(centre),
        half=np.exp(centre / 2),
        stage=mean((np.exp(z / 2) - 1) / z),
        first=mean((-4 - z + e * (4 - 3 * z + z**2)) / z**3),
        middle=mean((4 + 2 * z + e * (-4 + 2 * z)) / z**3),
        last=mean((-4 - 3 * z - z**2 + e * (4 - z)) / z**3),
    )


def etdrk4(
    linear: npt.ArrayLike,
    nonlinear: Callable[[np.ndarray], np.ndarray],
    v0: npt.ArrayLike,
    times: npt.ArrayLike,
    *,
    max_step: float,
    first_step: float | None = None,
) -> np.ndarray:
    r"""Modes at the requested times of :math:`\dot v = L v + N(v)`.

    .. math::

        a &= e^{z/2} v + s N(v), \quad b = e^{z/2} v + s N(a), \quad c = e^{z/2} a + s \bigl(2 N(b) - N(v)\bigr) \\
        v' &= e^z v + f_1 N(v) + f_2 \bigl(N(a) + N(b)\bigr) + f_3 N(c)

    Parameters
    ----------
    linear : array (K,), the symbol L
    nonlinear : function of an array (K,), returning an array (K,)
    v0 : array (K,), modes at time 0
    times : array (T,), none negative, ascending
    max_step : float > 0
        Longest step. Steps end exactly on every requested time: between two of them all have one length.
    first_step : float, optional
        Length of the very first step, from which the steps grow; for initial values that are not smooth, whose first moments
        change fast. See :func:`graded_steps`.

    Returns
    -------
    complex array (T, K)

    Raises
    ------
    ValueError
        When a shape does not fit or the times are negative or out of order.

    Examples
    --------
    The logistic equation :math:`\dot v = v - v^2` from 1/2 reaches :math:`1/(1 + e^{-t})`:

    >>> v = etdrk4([1.0], lambda v: -(v**2), [0.5], [0.0, 2.0], max_step=0.01)
    >>> bool(abs(v[1, 0] - 1 / (1 + np.exp(-2))) < 1e-9)
    True
    """
    v = np.asarray(v0, dtype=complex)
    symbol, wanted = np.asarray(linear), np.asarray(times, dtype=float)
    if v.shape != symbol.shape or v.ndim != 1:
        raise ValueError(f"v0 has the shape {v.shape} and linear {symbol.shape}; expected (K,) for both")
    if wanted.ndim != 1 or (wanted.size and (wanted.min() < 0 or np.diff(wanted).min(initial=0.0) < 0)):
        raise ValueError(f"times must be a line of ascending numbers from 0 on, but are {wanted}")
    out = np.empty((len(wanted), len(v)), dtype=complex)
    prepared: dict[str, StepCoefficients] = {}
    now = 0.0
    for row, time in enumerate(wanted):
        for step in graded_steps(now, time, max_step=max_step, first_step=first_step):
            key = f"{step:.14e}"  # equal steps differ in the last digits; their coefficients need not
            if key not in prepared:
                prepared[key] = etdrk4_coefficients(symbol, step)
            v = _advance(v, nonlinear, prepared[key])
        out[row], now = v, time
    return out


def graded_steps(start: float, end: float, *, max_step: float, first_step: float | None = None) -> Iterator[float]:
    """Lengths of steps from one time to another: equal, or in a ladder whose rungs double while time is short.

    Parameters
    ----------
    start, end : float, with 0 <= start <= end
    max_step : float > 0, longest step
    first_step : float, optional
        With it the steps up to time ``16 first_step`` are at most ``first_step`` long, those up to twice that time at most
        twice as long, and so on until ``max_step``.

    Yields
    ------
    float
        Lengths that sum to ``end - start``.

    Examples
    --------
    >>> [round(step, 3) for step in graded_steps(0.0, 1.0, max_step=0.4)]
    [0.333, 0.333, 0.333]
    >>> steps = list(graded_steps(0.0, 1.0, max_step=0.05, first_step=0.005))
    >>> len(steps), round(min(steps), 4), round(max(steps), 4), round(sum(steps), 12)
    (48, 0.005, 0.045, 1.0)
    """
    if not max_step > 0 or (first_step is not None and not first_step > 0):
        raise ValueError(f"max_step is {max_step} and first_step {first_step}; expected positive lengths of time")
    allowed = max_step if first_step is None else min(first_step, max_step)
    while start < end:
        rung = end if allowed >= max_step else min(end, 16 * allowed)
        if rung > start:
            count = int(np.ceil((rung - start) / allowed * (1 - 1e-9)))
            yield from [(rung - start) / count] * count
            start = rung
        allowed = min(2 * allowed, max_step)


def _advance(v: np.ndarray, nonlinear: Callable[[np.ndarray], np.ndarray], c: StepCoefficients) -> np.ndarray:
    """One step of ETDRK4."""
    at_v = nonlinear(v)
    half = c.half * v
    a = half + c.stage * at_v
    at_a = nonlinear(a)
    at_b = nonlinear(half + c.stage * at_a)
    at_c = nonlinear(c.half * a + c.stage * (2 * at_b - at_v))
    return c.full * v + c.first * at_v + c.middle * (at_a + at_b) + c.last * at_c
