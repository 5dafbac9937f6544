r"""An error estimate after the fact (后验误差估计): from the residual of an oscillator to the error of its solution.

Where :math:`u_{tt}/\omega^2 + u = 0` is violated by r(t), while u(0) and :math:`u_t(0)` are right, the error e obeys

.. math:: \frac{e_{tt}}{\omega^2} + e = r, \qquad e(t) = \omega \int_0^t \sin \omega (t - s)\, r(s)\, ds, \qquad
    |e(t)| \le \omega \int_0^t |r(s)|\, ds ,

by Duhamel's principle. Neither needs the solution; both need the residual *everywhere*.

Shapes: T times.

References
----------
Hairer, Nørsett and Wanner (1993), Solving Ordinary Differential Equations I, Springer, https://doi.org/10.1007/978-3-540-78862-1,
section I.10: from defects to errors.
"""

import numpy as np
import numpy.typing as npt
from scipy.integrate import cumulative_trapezoid

__all__ = ["oscillator_error", "oscillator_error_bound"]


def oscillator_error(t: npt.ArrayLike, residual: npt.ArrayLike, frequency: float) -> np.ndarray:
    r"""Error that a residual causes.

    With :math:`\sin \omega(t - s) = \sin \omega t \cos \omega s - \cos \omega t \sin \omega s` it is two running integrals, which
    the trapezoidal rule computes.

    Parameters
    ----------
    t : array (T,), rising from the start on, many times to a period
    residual : array (T,), r
    frequency : float, :math:`\omega`

    Returns
    -------
    array (T,), e

    Examples
    --------
    A constant residual r = 1 ends in :math:`e = 1 - \cos \omega t`:

    >>> t = np.linspace(0, np.pi, 1001)
    >>> bool(np.allclose(oscillator_error(t, np.ones(1001), 1.0), 1 - np.cos(t), atol=1e-5))
    True
    """
    times, r = _checked(t, residual)
    sine, cosine = np.sin(frequency * times), np.cos(frequency * times)
    with_cosine = cumulative_trapezoid(cosine * r, times, initial=0)
    with_sine = cumulative_trapezoid(sine * r, times, initial=0)
    return frequency * (sine * with_cosine - cosine * with_sine)


def oscillator_error_bound(t: npt.ArrayLike, residual: npt.ArrayLike, frequency: float) -> np.ndarray:
    r"""Bound of the size of the error, :math:`\omega \int_0^t |r|`.

    Parameters
    ----------
    t, residual, frequency : as in :func:`oscillator_error`

    Returns
    -------
    array (T,)

    Examples
    --------
    >>> oscillator_error_bound([0.0, 1.0], [0.5, -0.5], 2.0).tolist()
    [0.0, 1.0]
    """
    times, r = _checked(t, residual)
    return frequency * cumulative_trapezoid(np.abs(r), times, initial=0)


def _checked(t: npt.ArrayLike, residual: npt.ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    times, r = np.asarray(t, dtype=float), np.asarray(residual, dtype=float)
    if times.shape != r.shape or times.ndim != 1 or (np.diff(times) <= 0).any():
        raise ValueError(f"t has the shape {times.shape} and residual {r.shape}; expected one length and rising times")
    return times, r
