"""The derivatives of the elementary operations: all the calculus that an automatic differentiator knows.

Every operation is a NumPy ufunc. ``PARTIALS`` holds, per ufunc, one function per argument: given the inputs and the output
it returns the partial derivative with respect to that argument. The rules are written with ufuncs themselves, so one table
serves floats, arrays, dual numbers, and the nodes of a graph; what differs between the modes is only the bookkeeping around it.

Conventions at kinks: the derivative of ``abs`` at 0 is 0, of ``maximum`` and ``minimum`` at a tie one half each (as in torch).

References
----------
Griewank and Walther (2008), Evaluating Derivatives, 2nd edition, table 2.3, https://doi.org/10.1137/1.9780898717761.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.special import expit


def _power_by_base(base: Any, exponent: Any, power: Any) -> Any:
    # A constant exponent of zero: 0 * base**(-1) would be NaN at base 0.
    if isinstance(exponent, int | float) and exponent == 0:
        return 0.0
    return exponent * base ** (exponent - 1)


PARTIALS: dict[np.ufunc, tuple[Callable, ...]] = {
    np.add: (lambda a, b, y: 1.0, lambda a, b, y: 1.0),
    np.subtract: (lambda a, b, y: 1.0, lambda a, b, y: -1.0),
    np.multiply: (lambda a, b, y: b, lambda a, b, y: a),
    np.divide: (lambda a, b, y: np.divide(1.0, b), lambda a, b, y: -np.divide(y, b)),
    np.power: (_power_by_base, lambda a, b, y: y * np.log(a)),
    np.maximum: (lambda a, b, y: np.heaviside(a - b, 0.5), lambda a, b, y: np.heaviside(b - a, 0.5)),
    np.minimum: (lambda a, b, y: np.heaviside(b - a, 0.5), lambda a, b, y: np.heaviside(a - b, 0.5)),
    np.logaddexp: (lambda a, b, y: np.exp(a - y), lambda a, b, y: np.exp(b - y)),
    np.negative: (lambda x, y: -1.0,),
    np.positive: (lambda x, y: 1.0,),
    np.reciprocal: (lambda x, y: -y * y,),
    np.square: (lambda x, y: 2.0 * x,),
    np.sqrt: (lambda x, y: 0.5 / y,),
    np.exp: (lambda x, y: y,),
    np.expm1: (lambda x, y: y + 1.0,),
    np.log: (lambda x, y: np.divide(1.0, x),),
    np.log1p: (lambda x, y: np.divide(1.0, 1.0 + x),),
    np.sin: (lambda x, y: np.cos(x),),
    np.cos: (lambda x, y: -np.sin(x),),
    np.tan: (lambda x, y: 1.0 + y * y,),
    np.arctan: (lambda x, y: 1.0 / (1.0 + x * x),),
    np.sinh: (lambda x, y: np.cosh(x),),
    np.cosh: (lambda x, y: np.sinh(x),),
    np.tanh: (lambda x, y: 1.0 - y * y,),
    np.absolute: (lambda x, y: np.sign(x),),
    np.sign: (lambda x, y: 0.0,),
    np.heaviside: (lambda a, b, y: 0.0, lambda a, b, y: 0.0),
    expit: (lambda x, y: y * (1.0 - y),),
}
"""Partial derivatives of each ufunc, one function of (inputs..., output) per argument."""


def partials(ufunc: np.ufunc) -> tuple[Callable, ...]:
    """The rules for one operation.

    Parameters
    ----------
    ufunc : a NumPy (or SciPy) ufunc

    Returns
    -------
    tuple of functions, one per argument of the ufunc, each of (inputs..., output)

    Raises
    ------
    TypeError
        When the operation has no rule; the message lists those that have one.

    Examples
    --------
    >>> (rule,) = partials(np.exp)
    >>> rule(0.0, 1.0)
    1.0
    """
    try:
        return PARTIALS[ufunc]
    except KeyError:
        known = ", ".join(sorted(known.__name__ for known in PARTIALS))
        raise TypeError(f"{ufunc.__name__} has no derivative rule; the operations with one are {known}") from None


def is_constant(x: Any) -> bool:
    """Whether x is plain data: a number or an array that no differentiator follows.

    Examples
    --------
    >>> is_constant(2.0), is_constant([1.0, 2.0]), is_constant("two")
    (True, True, False)
    """
    if isinstance(x, int | float | np.number):
        return True
    return isinstance(x, list | tuple | np.ndarray) and np.asarray(x).dtype.kind in "biuf"
