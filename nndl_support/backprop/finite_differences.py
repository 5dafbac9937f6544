r"""Numerical differentiation of a scalar function, and the step that makes its error smallest.

A difference quotient errs twice: by truncation, because the step h is not zero, and by rounding, because the two function
values that it subtracts carry a relative error of about ``EPSILON`` each. The first grows with h, the second with 1/h.

Symbols: x point, h step, f function, D^k f its k-th derivative.

References
----------
Qiu (2019), Neural Networks and Deep Learning, section 4.5.1, equations 4.64-4.65.
Higham (2002), Accuracy and Stability of Numerical Algorithms, 2nd edition, section 1.14.1.
Squire and Trapp (1998), Using complex variables to estimate derivatives of real functions, SIAM Review 40(1).
"""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

EPSILON = float(np.finfo(np.float64).eps)
"""Distance from 1.0 to the next float64, about 2.2e-16."""


def _check_step(h: npt.ArrayLike) -> np.ndarray:
    step = np.asarray(h, dtype=np.float64)
    if not np.all(step > 0):
        raise ValueError(f"the step h must be positive, but got {h!r}")
    return step


def forward_difference(f: Callable, x: npt.ArrayLike, h: npt.ArrayLike) -> np.ndarray:
    r"""Slope of the secant through x and x + h.

    .. math:: f'(x) \approx \frac{f(x + h) - f(x)}{h}, \qquad \text{error } \tfrac{h}{2} f''(x) + O(h^2)

    Parameters
    ----------
    f : function of an array, applied to each entry
    x : float or array
    h : float or array > 0, broadcast against x

    Returns
    -------
    array, the broadcast shape of x and h

    Raises
    ------
    ValueError
        When a step is zero, negative or NaN.

    Notes
    -----
    The quotient divides by the step that floating point really took, ``(x + h) - x``, not by h.

    References
    ----------
    Qiu (2019), equation 4.64.

    Examples
    --------
    >>> float(round(forward_difference(np.exp, 0.0, 1e-8), 6))
    1.0
    """
    x, h = np.asarray(x, dtype=np.float64), _check_step(h)
    right = x + h
    return (f(right) - f(x)) / (right - x)


def central_difference(f: Callable, x: npt.ArrayLike, h: npt.ArrayLike) -> np.ndarray:
    r"""Slope of the secant through x - h and x + h.

    .. math:: f'(x) \approx \frac{f(x + h) - f(x - h)}{2h}, \qquad \text{error } \tfrac{h^2}{6} f'''(x) + O(h^4)

    Parameters
    ----------
    f : function of an array, applied to each entry
    x : float or array
    h : float or array > 0, broadcast against x

    Returns
    -------
    array, the broadcast shape of x and h

    Raises
    ------
    ValueError
        When a step is zero, negative or NaN.

    References
    ----------
    Qiu (2019), equation 4.65.

    Examples
    --------
    >>> float(round(central_difference(np.sin, 0.0, 1e-5), 9))
    1.0
    """
    x, h = np.asarray(x, dtype=np.float64), _check_step(h)
    right, left = x + h, x - h
    return (f(right) - f(left)) / (right - left)


def complex_step(f: Callable, x: npt.ArrayLike, h: npt.ArrayLike = 1e-200) -> np.ndarray:
    r"""Derivative from one evaluation beside the real axis; it subtracts nothing, so h may be as small as one likes.

    .. math:: f'(x) \approx \frac{\operatorname{Im} f(x + ih)}{h}, \qquad \text{error } -\tfrac{h^2}{6} f'''(x) + O(h^4)

    Parameters
    ----------
    f : function of an array that is analytic near x and computed by operations that accept complex numbers
    x : float or array
    h : float or array > 0, broadcast against x

    Returns
    -------
    array, the broadcast shape of x and h

    Raises
    ------
    ValueError
        When a step is zero, negative or NaN.
    TypeError
        When f drops the imaginary part, as ``abs`` does: the answer would be zero.

    References
    ----------
    Squire and Trapp (1998), SIAM Review 40(1), 110-112.

    Examples
    --------
    >>> float(complex_step(np.exp, 1.0)) == float(np.exp(1.0))
    True
    """
    x, h = np.asarray(x, dtype=np.float64), _check_step(h)
    value = np.asarray(f(x + 1j * h))
    if not np.iscomplexobj(value):
        raise TypeError(f"f returned {value.dtype} for a complex argument: it is not analytic, use central_difference")
    return value.imag / h


def total_error(h: npt.ArrayLike, *, order: int, value: float, higher_derivative: float) -> np.ndarray:
    r"""Bound on the error of a difference quotient: truncation plus rounding.

    .. math::
        E(h) = \begin{cases}
            \dfrac{h}{2}|f''| + \dfrac{2\epsilon |f|}{h} & \text{forward, order } 1 \\[1ex]
            \dfrac{h^2}{6}|f'''| + \dfrac{\epsilon |f|}{h} & \text{central, order } 2
        \end{cases}

    Here :math:`\epsilon` is ``EPSILON``, taken as the relative error of one function value.

    Parameters
    ----------
    h : float or array > 0
    order : 1 for the forward difference, 2 for the central difference
    value : f(x)
    higher_derivative : f''(x) for order 1, f'''(x) for order 2

    Returns
    -------
    array, the shape of h, in units of f'

    Raises
    ------
    ValueError
        When the order is neither 1 nor 2, or a step is not positive.

    Examples
    --------
    >>> bool(total_error(1e-8, order=1, value=1.0, higher_derivative=1.0) < 1e-7)
    True
    """
    h = _check_step(h)
    curvature, rounding = abs(higher_derivative), EPSILON * abs(value)
    if order == 1:
        return curvature * h / 2 + 2 * rounding / h
    if order == 2:
        return curvature * h**2 / 6 + rounding / h
    raise ValueError(f"order must be 1 (forward) or 2 (central), but got {order}")


def optimal_step(*, order: int, value: float, higher_derivative: float) -> float:
    r"""Step that minimises :func:`total_error`.

    .. math:: h_1^* = 2\sqrt{\epsilon\left|\frac{f}{f''}\right|}, \qquad
        h_2^* = \sqrt[3]{3\epsilon\left|\frac{f}{f'''}\right|}

    Parameters
    ----------
    order : 1 for the forward difference, 2 for the central difference
    value : f(x), not zero
    higher_derivative : f''(x) for order 1, f'''(x) for order 2, not zero

    Returns
    -------
    float, in units of x

    Raises
    ------
    ValueError
        When one of the two is zero (then there is no V and no best step), or the order is neither 1 nor 2.

    Examples
    --------
    >>> optimal_step(order=1, value=1.0, higher_derivative=1.0)
    2.98e-08
    >>> optimal_step(order=2, value=1.0, higher_derivative=1.0)
    8.73e-06
    """
    if value == 0 or higher_derivative == 0:
        raise ValueError(f"no best step exists for f(x) = {value} and a higher derivative of {higher_derivative}")
    scale = EPSILON * abs(value / higher_derivative)
    if order == 1:
        return float(2 * np.sqrt(scale))
    if order == 2:
        return float(np.cbrt(3 * scale))
    raise ValueError(f"order must be 1 (forward) or 2 (central), but got {order}")
