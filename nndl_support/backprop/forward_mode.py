r"""Forward-mode automatic differentiation: dual numbers :math:`a + b\varepsilon` with :math:`\varepsilon^2 = 0`.

A dual number carries a value and its tangent (the directional derivative of that value) through every operation, so one pass
over a program yields the function value and one directional derivative, both to working precision. Value and tangent may be
numbers, arrays of one shape, or dual numbers themselves; the last gives second and higher derivatives.

Shapes: n inputs, m outputs.

References
----------
Qiu (2019), section 4.5.3, equations 4.74-4.79 (forward mode).
Baydin, Pearlmutter, Radul and Siskind (2018), Automatic differentiation in machine learning: a survey, JMLR 18(153).
Siskind and Pearlmutter (2008), Nesting forward-mode AD in a functional framework, https://doi.org/10.1007/s10990-008-9037-1
(perturbation confusion).
"""

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import expit

from nndl_support.backprop.elementary import is_constant, partials

_levels = itertools.count(1)
_np: Any = np  # NumPy with its types hidden: the stubs do not know that its functions accept dual numbers


def _plain(x: Any) -> Any:
    """Return the number or array at the bottom of nested dual numbers."""
    while isinstance(x, Dual):
        x = x.value
    return x


def _array(x: Any) -> Any:
    """x with array methods: a dual number as it is, anything else as an array."""
    return x if isinstance(x, Dual) else np.asarray(x)


class Dual:
    r"""A dual number: a value and its tangent.

    .. math:: f(a + b\varepsilon) = f(a) + b f'(a)\,\varepsilon

    Parameters
    ----------
    value : float, array or Dual
    tangent : float, array or Dual, broadcast to the shape of the value; 0 for a constant
    level : int
        Which :math:`\varepsilon` the tangent belongs to. Two dual numbers of different levels differentiate with respect to
        different variables: to the higher one, the lower one is a constant. :func:`derivative` opens a new level by itself.

    Raises
    ------
    ValueError
        When the tangent cannot take the shape of the value.
    TypeError
        When the value is neither number, array nor dual number.

    Notes
    -----
    NumPy functions (``np.exp(x)``), operators, and the methods of :class:`nndl_support.backprop.reverse_mode.Value` all work, so
    that one function body serves both modes.

    Examples
    --------
    >>> x = Dual(3.0, 1.0)
    >>> x * x + 2 * x
    Dual(15.0, 8.0)
    >>> np.exp(Dual(0.0, 1.0))
    Dual(1.0, 1.0)
    """

    __slots__ = ("level", "tangent", "value")

    def __init__(self, value: Any, tangent: Any = 0.0, *, level: int = 0) -> None:
        for part in (value, tangent):
            if not (isinstance(part, Dual) or is_constant(part)):
                raise TypeError(
                    f"a dual number is made of numbers, arrays or dual numbers, but got {type(part).__name__}"
                )
        if not isinstance(value, Dual):
            value = np.asarray(value, dtype=np.float64)[()]
        if not isinstance(tangent, Dual):
            try:
                tangent = np.broadcast_to(np.asarray(tangent, dtype=np.float64), np.shape(_plain(value)))[()]
            except ValueError:
                raise ValueError(
                    f"a tangent of shape {np.shape(tangent)} does not fit a value of shape {np.shape(_plain(value))}"
                ) from None
        self.value, self.tangent, self.level = value, tangent, level

    # Bookkeeping -------------------------------------------------------------------------------------------------------------

    def _split(self, x: Any) -> tuple[Any, Any]:
        """Value and tangent of x with respect to this number's own epsilon; the tangent is None for a constant."""
        if isinstance(x, Dual) and x.level == self.level:
            return x.value, x.tangent
        return x, None

    def _linear(self, function: Callable) -> "Dual":
        """Apply a linear function (a sum, a reshape): the derivative of a linear map is the map itself."""
        return Dual(function(_array(self.value)), function(_array(self.tangent)), level=self.level)

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        if method != "__call__" or kwargs:
            raise TypeError(
                f"np.{ufunc.__name__} works on dual numbers as a plain call, not as .{method} or with {kwargs}"
            )
        for x in inputs:
            if not (isinstance(x, Dual) or is_constant(x)):
                raise TypeError(f"np.{ufunc.__name__} cannot mix a dual number with a {type(x).__name__}")
        if ufunc is np.matmul:
            return _matmul(*inputs)
        # The highest level wins: with respect to it, all the others are constants.
        outermost = max((x for x in inputs if isinstance(x, Dual)), key=lambda x: x.level)
        pairs = [outermost._split(x) for x in inputs]
        values = [value for value, _ in pairs]
        rules = partials(ufunc)
        try:
            result = ufunc(*values)
        except ValueError:
            shapes = " and ".join(str(np.shape(_plain(value))) for value in values)
            raise ValueError(f"np.{ufunc.__name__} cannot combine shapes {shapes}") from None
        # Chain rule: the tangent of the result is the sum over the inputs of partial derivative times tangent.
        tangent: Any = 0.0
        for rule, (_, input_tangent) in zip(rules, pairs):
            if input_tangent is not None:
                tangent = tangent + rule(*values, result) * input_tangent
        return Dual(result, tangent, level=outermost.level)

    def __repr__(self) -> str:
        value, tangent = (
            repr(x) if isinstance(x, Dual) else repr(np.asarray(x).tolist()) for x in (self.value, self.tangent)
        )
        return f"Dual({value}, {tangent})" if self.level == 0 else f"Dual({value}, {tangent}, level={self.level})"

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the value (and of the tangent)."""
        return np.shape(_plain(self))

    def __len__(self) -> int:
        if not self.shape:
            raise TypeError("a dual number without axes has no len()")
        return len(_plain(self))

    def __iter__(self) -> Any:
        if not self.shape:
            raise TypeError("a dual number without axes cannot be iterated over")
        return (self[i] for i in range(len(self)))

    def __bool__(self) -> bool:
        return bool(_plain(self))

    # Operators ---------------------------------------------------------------------------------------------------------------

    def __add__(self, other: Any) -> "Dual":
        return _np.add(self, other)

    def __radd__(self, other: Any) -> "Dual":
        return _np.add(other, self)

    def __sub__(self, other: Any) -> "Dual":
        return _np.subtract(self, other)

    def __rsub__(self, other: Any) -> "Dual":
        return _np.subtract(other, self)

    def __mul__(self, other: Any) -> "Dual":
        return _np.multiply(self, other)

    def __rmul__(self, other: Any) -> "Dual":
        return _np.multiply(other, self)

    def __truediv__(self, other: Any) -> "Dual":
        return _np.divide(self, other)

    def __rtruediv__(self, other: Any) -> "Dual":
        return _np.divide(other, self)

    def __pow__(self, other: Any) -> "Dual":
        return _np.power(self, other)

    def __rpow__(self, other: Any) -> "Dual":
        return _np.power(other, self)

    def __matmul__(self, other: Any) -> "Dual":
        return _np.matmul(self, other)

    def __rmatmul__(self, other: Any) -> "Dual":
        return _np.matmul(other, self)

    def __neg__(self) -> "Dual":
        return _np.negative(self)

    def __pos__(self) -> "Dual":
        return self

    def __abs__(self) -> "Dual":
        return _np.absolute(self)

    # Comparisons look at values only, so programs branch as they would on plain numbers.

    def __lt__(self, other: Any) -> Any:
        return _plain(self) < _plain(other)

    def __le__(self, other: Any) -> Any:
        return _plain(self) <= _plain(other)

    def __gt__(self, other: Any) -> Any:
        return _plain(self) > _plain(other)

    def __ge__(self, other: Any) -> Any:
        return _plain(self) >= _plain(other)

    # Elementary functions ----------------------------------------------------------------------------------------------------

    def exp(self) -> "Dual":
        """Exponential."""
        return _np.exp(self)

    def log(self) -> "Dual":
        """Natural logarithm."""
        return _np.log(self)

    def sqrt(self) -> "Dual":
        """Square root."""
        return _np.sqrt(self)

    def sin(self) -> "Dual":
        """Sine of an angle in radians."""
        return _np.sin(self)

    def cos(self) -> "Dual":
        """Cosine of an angle in radians."""
        return _np.cos(self)

    def tanh(self) -> "Dual":
        """Hyperbolic tangent."""
        return _np.tanh(self)

    def logistic(self) -> "Dual":
        """Logistic function 1 / (1 + exp(-x)), without overflow."""
        return expit(self)

    def relu(self) -> "Dual":
        """max(x, 0); its derivative at 0 is taken as 0, as in torch."""
        value = self.value.relu() if isinstance(self.value, Dual) else np.maximum(self.value, 0.0)
        return Dual(value, self.tangent * np.greater(_plain(self), 0.0).astype(np.float64), level=self.level)

    # Reductions and shapes ---------------------------------------------------------------------------------------------------

    def sum(self, axis: Any = None, keepdims: bool = False) -> "Dual":
        """Sum over an axis, several axes, or all entries."""
        return self._linear(lambda x: x.sum(axis=axis, keepdims=keepdims))

    def mean(self, axis: Any = None, keepdims: bool = False) -> "Dual":
        """Arithmetic mean over an axis, several axes, or all entries."""
        return self._linear(lambda x: x.mean(axis=axis, keepdims=keepdims))

    def max(self, axis: Any = None, keepdims: bool = False) -> "Dual":
        """Largest entry; entries that tie share the derivative equally."""
        plain = _plain(self)
        winners = plain == np.max(plain, axis=axis, keepdims=True)
        shares = winners / winners.sum(axis=axis, keepdims=True)
        value = _array(self.value).max(axis=axis, keepdims=keepdims)
        return Dual(value, (shares * self.tangent).sum(axis=axis, keepdims=keepdims), level=self.level)

    def logsumexp(self, axis: Any = None, keepdims: bool = False) -> "Dual":
        """log of the sum of exponentials over an axis, without overflow."""
        peak = np.max(_plain(self), axis=axis, keepdims=True)
        total = _np.log(_np.exp(self - peak).sum(axis=axis, keepdims=True)) + peak
        return total if keepdims else total.sum(axis=axis)

    def softmax(self, axis: int = -1) -> "Dual":
        """Exponentials divided by their sum along an axis."""
        return _np.exp(self.log_softmax(axis))

    def log_softmax(self, axis: int = -1) -> "Dual":
        """Logarithm of the softmax along an axis, without overflow."""
        return self - self.logsumexp(axis, keepdims=True)

    def reshape(self, *shape: Any) -> "Dual":
        """The same entries in another shape."""
        return self._linear(lambda x: x.reshape(*shape))

    def transpose(self, *axes: Any) -> "Dual":
        """Axes reversed, or in the given order."""
        return self._linear(lambda x: x.transpose(*axes))

    @property
    def T(self) -> "Dual":
        """Axes reversed."""
        return self.transpose()

    def __getitem__(self, index: Any) -> "Dual":
        return self._linear(lambda x: x[index])


def _matmul(a: Any, b: Any) -> Dual:
    """Product rule for matrices: (A B)' = A' B + A B'."""
    outermost = max((x for x in (a, b) if isinstance(x, Dual)), key=lambda x: x.level)
    (a, a_tangent), (b, b_tangent) = outermost._split(a), outermost._split(b)
    try:
        value = np.matmul(a, b)
    except ValueError:
        raise ValueError(f"matmul cannot combine shapes {np.shape(_plain(a))} and {np.shape(_plain(b))}") from None
    tangent: Any = 0.0
    if a_tangent is not None:
        tangent = tangent + np.matmul(a_tangent, b)
    if b_tangent is not None:
        tangent = tangent + np.matmul(a, b_tangent)
    return Dual(value, tangent, level=outermost.level)


def directional_derivative(f: Callable, x: Any, direction: Any) -> tuple[Any, Any]:
    r"""Value of f at x and its derivative along a direction, in one forward pass.

    .. math:: \bigl(f(x),\; J_f(x)\,v\bigr)

    Parameters
    ----------
    f : function of one array (or number), built from operations that a Dual knows
    x : float, array (n,) or any shape
    direction : float or array, broadcast to the shape of x

    Returns
    -------
    tuple of value and directional derivative, both in the shape of f(x)

    Notes
    -----
    Each call differentiates with respect to its own epsilon, so calls may be nested.

    References
    ----------
    Baydin et al. (2018), section 3.1.

    Examples
    --------
    >>> value, slope = directional_derivative(lambda x: (x * x).sum(), np.array([1.0, 2.0]), np.array([1.0, 0.0]))
    >>> float(value), float(slope)
    (5.0, 2.0)
    """
    level = next(_levels)
    y = f(Dual(x, direction, level=level))
    if isinstance(y, Dual) and y.level == level:
        return y.value, y.tangent
    # f ignored its argument: the derivative of a constant is zero.
    return y, np.zeros(np.shape(_plain(y)))[()]


def derivative(f: Callable, x: Any) -> Any:
    """Derivative of a function of one number (or of many numbers, entry by entry); nest it for higher derivatives.

    Parameters
    ----------
    f : function of one number
    x : float, array or Dual

    Returns
    -------
    the derivative, in the shape of f(x)

    Examples
    --------
    >>> float(derivative(lambda x: x**3, 2.0))
    12.0
    >>> float(derivative(lambda x: derivative(lambda y: y**3, x), 2.0))
    12.0
    """
    return directional_derivative(f, x, 1.0)[1]


def jacobian_forward(f: Callable, x: npt.ArrayLike) -> np.ndarray:
    """Jacobian of f by n forward passes, one per input: column j is the derivative along the j-th unit vector.

    Parameters
    ----------
    f : function from an array (n,) to an array (m,) or a number
    x : array (n,)

    Returns
    -------
    array (m, n), or (n,) when f returns a number

    Raises
    ------
    ValueError
        When x is not a vector.

    Examples
    --------
    >>> jacobian_forward(lambda x: x * x, [1.0, 2.0]).tolist()
    [[2.0, 0.0], [0.0, 4.0]]
    """
    x = np.asarray(x, dtype=np.float64)
    if x.ndim != 1:
        raise ValueError(f"x must be a vector (n,), but has shape {x.shape}")
    columns = [directional_derivative(f, x, unit)[1] for unit in np.eye(len(x))]
    return np.stack(columns, axis=-1)
