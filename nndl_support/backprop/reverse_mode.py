r"""Reverse-mode automatic differentiation: a tape that grows while the program runs, and is played backwards.

Every operation on a :class:`Value` computes its result and remembers how to send a gradient from that result back
to its inputs. ``loss.backward()`` then visits the operations in reverse order, each once, and leaves in every node v
the adjoint

.. math:: \bar v = \frac{\partial\,\text{loss}}{\partial v}
          = \sum_{c \text{ computed from } v} \bar c\,\frac{\partial c}{\partial v}

The interface is micrograd's (``data``, ``grad``, ``backward()``, ``_prev``, ``_op``), on scalars and on arrays.

Shapes: data and grad of a node always share one shape; n inputs, m outputs of a function.

References
----------
Qiu (2019), section 4.5.3, equations 4.80-4.84 (reverse mode).
Karpathy (2020), micrograd, https://github.com/karpathy/micrograd (the interface).
Baydin, Pearlmutter, Radul and Siskind (2018), Automatic differentiation in machine learning: a survey, JMLR 18(153).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import expit

from nndl_support.backprop.elementary import is_constant, partials

Data = Any  # a Python float or a float64 array with at least one axis


def _as_data(x: Any) -> Data:
    """A Python float for anything with one number and no axes, else a float64 array."""
    if type(x) is float:
        return x
    if not is_constant(x):
        raise TypeError(
            f"a Value holds a real number or an array of real numbers, but got {type(x).__name__}: {x!r:.60}"
        )
    array = np.asarray(x, dtype=np.float64)
    return float(array) if array.ndim == 0 else array


def _sum_to_shape(gradient: Any, shape: tuple[int, ...]) -> np.ndarray:
    """Undo broadcasting: add up the gradient over the axes along which an input of this shape was repeated."""
    gradient = np.asarray(gradient)
    if gradient.shape == shape:
        return gradient
    if gradient.ndim > len(shape):
        gradient = gradient.sum(axis=tuple(range(gradient.ndim - len(shape))))
    stretched = tuple(axis for axis, size in enumerate(shape) if size == 1 and gradient.shape[axis] != 1)
    return gradient.sum(axis=stretched, keepdims=True) if stretched else gradient


def _add_gradient(node: Value, gradient: Any) -> None:
    """Accumulate: a node that is used twice receives two gradients, and they add up."""
    if type(node.data) is float:
        node.grad += float(gradient) if isinstance(gradient, float) else float(np.sum(gradient))
    else:
        node.grad += _sum_to_shape(gradient, node.data.shape)


def _record(data: Any, inputs: tuple[Value, ...], op: str, backward: Callable[[Any], None]) -> Value:
    """A new node of the tape; backward sends the gradient of this node to its inputs."""
    node = Value.__new__(Value)
    if type(data) is not float and np.ndim(data) == 0:
        data = float(data)
    node.data, node.grad, node._prev, node._op, node._backward = data, 0.0, inputs, op, backward
    return node


def _shapes(*data: Data) -> str:
    return " and ".join(str(np.shape(x)) for x in data)


def _apply(ufunc: np.ufunc, *arguments: Any, op: str = "") -> Value:
    """Any elementary operation of the table of partial derivatives; constants receive no gradient."""
    rules = partials(ufunc)
    data = [x.data if isinstance(x, Value) else _as_data(x) for x in arguments]
    try:
        result = ufunc(*data)
    except ValueError:
        raise ValueError(f"{ufunc.__name__} cannot combine shapes {_shapes(*data)}") from None

    def backward(gradient: Any) -> None:
        for x, rule in zip(arguments, rules):
            if isinstance(x, Value):
                _add_gradient(x, rule(*data, result) * gradient)

    return _record(result, tuple(x for x in arguments if isinstance(x, Value)), op or ufunc.__name__, backward)


class Value:
    """A number or an array that remembers how it was computed.

    Parameters
    ----------
    data : number or array of numbers; arrays are copied, numbers become Python floats

    Attributes
    ----------
    data : float or array
    grad : float or array of the same shape
        Sum of the gradients of all ``backward()`` calls since it was last set to zero.

    Raises
    ------
    TypeError
        When the data are not real numbers.

    Notes
    -----
    Differences from micrograd: arrays with NumPy's broadcasting; constants are not wrapped into nodes; ``_prev`` is a tuple; the
    order of the tape is found without recursion, so depth is not limited; a second ``backward()`` over the same nodes adds
    exactly one more gradient to the leaves (nodes in between start from zero at each call).

    References
    ----------
    Qiu (2019), equations 4.80-4.84.

    Examples
    --------
    >>> w, x, b = Value(0.0), Value(1.0), Value(0.0)
    >>> f = (w * x + b).logistic()
    >>> f.backward()
    >>> f.data, w.grad, b.grad
    (0.5, 0.25, 0.25)
    >>> W = Value([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    >>> (W * np.array([1.0, 0.0, 2.0])).sum().backward()
    >>> W.grad.tolist()
    [[1.0, 0.0, 2.0], [1.0, 0.0, 2.0]]
    """

    __slots__ = ("__weakref__", "_backward", "_op", "_prev", "data", "grad")

    data: Any
    grad: Any
    _prev: tuple[Value, ...]
    _op: str
    _backward: Callable[[Any], None] | None

    def __init__(self, data: Any, _children: Sequence[Value] = (), _op: str = "") -> None:
        data = _as_data(data)
        self.data = data if type(data) is float else data.copy()
        self.grad = 0.0 if type(data) is float else np.zeros_like(data)
        self._prev, self._op, self._backward = tuple(_children), _op, None

    # Backward pass -----------------------------------------------------------------------------------------------------------

    def tape(self) -> list[Value]:
        """All nodes that this one was computed from, inputs before results, this one last.

        Returns
        -------
        list of Value

        Notes
        -----
        Depth-first search with a stack of its own instead of recursion: ten thousand operations in a row are no deeper for it
        than two.

        Examples
        --------
        >>> x = Value(2.0)
        >>> [node._op for node in (x * x + 1.0).tape()]
        ['', '*', '+']
        """
        order: list[Value] = []
        seen = {id(self)}
        stack = [(self, iter(self._prev))]
        while stack:
            node, inputs = stack[-1]
            for x in inputs:
                if id(x) not in seen:
                    seen.add(id(x))
                    stack.append((x, iter(x._prev)))
                    break
            else:  # all the inputs are placed, so this node may follow
                order.append(node)
                stack.pop()
        return order

    def backward(self, seed: npt.ArrayLike | None = None) -> None:
        r"""Add the gradient of this node to ``grad`` of everything it was computed from.

        Parameters
        ----------
        seed : number or array of this node's shape, optional
            The gradient at this node, :math:`\bar y`, by default 1 for a scalar. Each leaf x then receives
            :math:`J^\top \bar y`.

        Raises
        ------
        ValueError
            When this node is an array and no seed is given, or the seed has another shape.

        References
        ----------
        Qiu (2019), equations 4.80-4.84.

        Examples
        --------
        >>> x = Value([1.0, 2.0, 3.0])
        >>> (x * x).backward(seed=[1.0, 0.0, 10.0])
        >>> x.grad.tolist()
        [2.0, 0.0, 60.0]
        """
        if seed is None:
            if np.size(self.data) != 1:
                raise ValueError(
                    f"backward() starts from one number, but this Value has shape {self.shape}: "
                    f"reduce it first (sum, mean) or pass a seed of shape {self.shape}"
                )
            seed = 1.0 if type(self.data) is float else np.ones_like(self.data)
        elif np.shape(seed) != self.shape:
            raise ValueError(f"the seed has shape {np.shape(seed)}, but this Value has shape {self.shape}")
        order = self.tape()
        for node in order:
            is_float = type(node.data) is float
            if node._backward is not None or node.grad is None:  # in between, or reset: start from zero
                node.grad = 0.0 if is_float else np.zeros_like(node.data)
            elif not is_float and np.shape(node.grad) != node.data.shape:  # a leaf after p.grad = 0
                if np.size(node.grad) != 1:
                    raise ValueError(
                        f"a leaf of shape {node.shape} has a grad of shape {np.shape(node.grad)}: reset it"
                    )
                node.grad = np.full_like(node.data, float(node.grad))
        self.grad = self.grad + _as_data(seed)
        for node in reversed(order):
            if node._backward is not None:
                node._backward(node.grad)

    # Arithmetic --------------------------------------------------------------------------------------------------------------

    def __add__(self, other: Any) -> Value:
        if not isinstance(other, Value):
            return _add_constant(self, other)
        a, b = self.data, other.data
        if type(a) is float and type(b) is float:  # the fast road for numbers; arrays take the general one

            def backward_numbers(gradient: float) -> None:
                self.grad += gradient
                other.grad += gradient

            return _record(a + b, (self, other), "+", backward_numbers)
        try:
            result = a + b
        except ValueError:
            raise ValueError(f"add cannot combine shapes {_shapes(a, b)}") from None

        def backward(gradient: Any) -> None:
            _add_gradient(self, gradient)
            _add_gradient(other, gradient)

        return _record(result, (self, other), "+", backward)

    def __mul__(self, other: Any) -> Value:
        if not isinstance(other, Value):
            return _multiply_by_constant(self, other)
        a, b = self.data, other.data
        if type(a) is float and type(b) is float:

            def backward_numbers(gradient: float) -> None:
                self.grad += b * gradient
                other.grad += a * gradient

            return _record(a * b, (self, other), "*", backward_numbers)
        try:
            result = a * b
        except ValueError:
            raise ValueError(f"multiply cannot combine shapes {_shapes(a, b)}") from None

        def backward(gradient: Any) -> None:
            _add_gradient(self, b * gradient)
            _add_gradient(other, a * gradient)

        return _record(result, (self, other), "*", backward)

    def __pow__(self, other: Any) -> Value:
        if type(self.data) is float and is_constant(other) and np.ndim(other) == 0:
            return _scalar_power(self, other)
        return _apply(np.power, self, other, op="**")

    def __truediv__(self, other: Any) -> Value:
        return _apply(np.divide, self, other, op="/")

    def __sub__(self, other: Any) -> Value:
        return _apply(np.subtract, self, other, op="-")

    def __neg__(self) -> Value:
        return self * -1.0

    def __pos__(self) -> Value:
        return self

    def __abs__(self) -> Value:
        return _apply(np.absolute, self)

    def __radd__(self, other: Any) -> Value:
        return self + other

    def __rmul__(self, other: Any) -> Value:
        return self * other

    def __rsub__(self, other: Any) -> Value:
        return _apply(np.subtract, other, self, op="-")

    def __rtruediv__(self, other: Any) -> Value:
        return _apply(np.divide, other, self, op="/")

    def __rpow__(self, other: Any) -> Value:
        return _apply(np.power, other, self, op="**")

    def __matmul__(self, other: Any) -> Value:
        return _matmul(self, other)

    def __rmatmul__(self, other: Any) -> Value:
        return _matmul(other, self)

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Value:
        # NumPy calls this for np.exp(value), array + value, array @ value.
        if "out" in kwargs:
            raise TypeError(
                "a Value cannot be written into an array in place; write a = a + value instead of a += value"
            )
        if method != "__call__" or kwargs:
            raise TypeError(f"np.{ufunc.__name__} works on Values as a plain call, not as .{method} or with {kwargs}")
        if ufunc is np.matmul:
            return _matmul(*inputs)
        binary = _OPERATORS.get(ufunc)
        return binary(*inputs) if binary else _apply(ufunc, *inputs)

    # Elementary functions ----------------------------------------------------------------------------------------------------

    def exp(self) -> Value:
        """Exponential."""
        return _apply(np.exp, self)

    def log(self) -> Value:
        """Natural logarithm."""
        return _apply(np.log, self)

    def sqrt(self) -> Value:
        """Square root."""
        return _apply(np.sqrt, self)

    def sin(self) -> Value:
        """Sine of an angle in radians."""
        return _apply(np.sin, self)

    def cos(self) -> Value:
        """Cosine of an angle in radians."""
        return _apply(np.cos, self)

    def tanh(self) -> Value:
        """Hyperbolic tangent."""
        return _apply(np.tanh, self)

    def logistic(self) -> Value:
        """Logistic function 1 / (1 + exp(-x)), without overflow."""
        return _apply(expit, self, op="logistic")

    def relu(self) -> Value:
        """max(x, 0); its derivative at 0 is taken as 0, as in micrograd and torch."""
        x = self.data
        if type(x) is float:
            result, slope = (x, 1.0) if x > 0 else (0.0 if x <= 0 else x, 0.0)  # NaN stays NaN
        else:
            result, slope = np.maximum(x, 0.0), (x > 0).astype(np.float64)
        return _record(result, (self,), "ReLU", lambda gradient: _add_gradient(self, slope * gradient))

    # Reductions --------------------------------------------------------------------------------------------------------------

    def sum(self, axis: int | tuple[int, ...] | None = None, keepdims: bool = False) -> Value:
        """Sum over an axis, several axes, or all entries."""
        x = np.asarray(self.data)

        def backward(gradient: Any) -> None:
            _add_gradient(self, np.broadcast_to(_keep_axis(gradient, axis, keepdims), x.shape))

        return _record(x.sum(axis=axis, keepdims=keepdims), (self,), "sum", backward)

    def mean(self, axis: int | tuple[int, ...] | None = None, keepdims: bool = False) -> Value:
        """Arithmetic mean over an axis, several axes, or all entries."""
        total = self.sum(axis=axis, keepdims=keepdims)
        if np.size(self.data) == 0:
            raise ValueError(f"the mean of no entries is undefined: this Value has shape {self.shape}")
        return total * (np.size(total.data) / np.size(self.data))

    def max(self, axis: int | tuple[int, ...] | None = None, keepdims: bool = False) -> Value:
        """Largest entry; entries that tie share the gradient equally (as ``torch.amax``)."""
        x = np.asarray(self.data)
        winners = x == x.max(axis=axis, keepdims=True)
        shares = winners / winners.sum(axis=axis, keepdims=True)

        def backward(gradient: Any) -> None:
            _add_gradient(self, shares * _keep_axis(gradient, axis, keepdims))

        return _record(x.max(axis=axis, keepdims=keepdims), (self,), "max", backward)

    def logsumexp(self, axis: int | tuple[int, ...] | None = None, keepdims: bool = False) -> Value:
        """log of the sum of exponentials over an axis, without overflow; its gradient is the softmax."""
        x = np.asarray(self.data)
        peak = x.max(axis=axis, keepdims=True)
        weights = np.exp(x - peak)
        total = weights.sum(axis=axis, keepdims=True)
        result = np.log(total) + peak

        def backward(gradient: Any) -> None:
            _add_gradient(self, weights / total * _keep_axis(gradient, axis, keepdims))

        return _record(result if keepdims else np.squeeze(result, axis=axis), (self,), "logsumexp", backward)

    def log_softmax(self, axis: int = -1) -> Value:
        """Logarithm of the softmax along an axis, without overflow."""
        return self - self.logsumexp(axis, keepdims=True)

    def softmax(self, axis: int = -1) -> Value:
        """Exponentials divided by their sum along an axis."""
        return self.log_softmax(axis).exp()

    # Shapes ------------------------------------------------------------------------------------------------------------------

    def reshape(self, *shape: Any) -> Value:
        """The same entries in another shape."""
        x = np.asarray(self.data)
        try:
            result = x.reshape(*shape)
        except ValueError:
            raise ValueError(f"a Value of shape {x.shape} ({x.size} entries) cannot be reshaped to {shape}") from None
        return _record(result, (self,), "reshape", lambda gradient: _add_gradient(self, np.reshape(gradient, x.shape)))

    def transpose(self, *axes: int) -> Value:
        """Axes reversed, or in the given order."""
        result = np.transpose(self.data, axes or None)
        back = tuple(int(axis) for axis in np.argsort([axis % len(axes) for axis in axes])) if axes else None
        return _record(result, (self,), "transpose", lambda gradient: _add_gradient(self, np.transpose(gradient, back)))

    @property
    def T(self) -> Value:
        """Axes reversed."""
        return self.transpose()

    def __getitem__(self, index: Any) -> Value:
        x = np.asarray(self.data)

        keys = index if isinstance(index, tuple) else (index,)
        is_slice = all(key is None or key is Ellipsis or isinstance(key, int | slice) for key in keys)

        def backward(gradient: Any) -> None:
            if is_slice:
                self.grad[index] += gradient
            else:  # an entry that was picked twice receives two gradients: add.at adds both, += would keep one
                np.add.at(self.grad, index, gradient)

        try:
            result = x[index]
        except IndexError as error:
            raise IndexError(f"a Value of shape {x.shape} has no entry [{index}]: {error}") from None
        return _record(result, (self,), "[]", backward)

    def __setitem__(self, index: Any, value: Any) -> None:
        raise TypeError(
            "entries of a Value cannot be overwritten: the tape needs the old ones for the backward pass; "
            "build a new Value (np.where on the data, concatenate, stack) or change .data after backward()"
        )

    def __len__(self) -> int:
        if type(self.data) is float:
            raise TypeError("a Value that holds one number has no len()")
        return len(self.data)

    def __iter__(self) -> Any:
        if type(self.data) is float:
            raise TypeError("a Value that holds one number cannot be iterated over")
        return (self[i] for i in range(len(self.data)))

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the data, () for one number."""
        return np.shape(self.data)

    # Comparisons look at data only, so programs branch as they would on plain numbers.

    def __lt__(self, other: Any) -> Any:
        return self.data < (other.data if isinstance(other, Value) else other)

    def __le__(self, other: Any) -> Any:
        return self.data <= (other.data if isinstance(other, Value) else other)

    def __gt__(self, other: Any) -> Any:
        return self.data > (other.data if isinstance(other, Value) else other)

    def __ge__(self, other: Any) -> Any:
        return self.data >= (other.data if isinstance(other, Value) else other)

    def __bool__(self) -> bool:
        return bool(self.data)

    def __repr__(self) -> str:
        return f"Value(data={self.data}, grad={self.grad})"


# array + value and array * value reach __array_ufunc__; both commute, so the Value may stand first.
_OPERATORS: dict[np.ufunc, Callable] = {
    np.add: lambda a, b: a + b if isinstance(a, Value) else b + a,
    np.multiply: lambda a, b: a * b if isinstance(a, Value) else b * a,
}


def _add_constant(value: Value, constant: Any) -> Value:
    constant = _as_data(constant)
    try:
        result = value.data + constant
    except ValueError:
        raise ValueError(f"add cannot combine shapes {_shapes(value.data, constant)}") from None
    return _record(result, (value,), "+", lambda gradient: _add_gradient(value, gradient))


def _multiply_by_constant(value: Value, constant: Any) -> Value:
    constant = _as_data(constant)
    try:
        result = value.data * constant
    except ValueError:
        raise ValueError(f"multiply cannot combine shapes {_shapes(value.data, constant)}") from None
    return _record(result, (value,), "*", lambda gradient: _add_gradient(value, constant * gradient))


def _scalar_power(value: Value, exponent: Any) -> Value:
    """One number to a constant power, in plain Python floats."""
    x = value.data
    if x < 0 and exponent != int(exponent):
        raise ValueError(f"{x} ** {exponent} is not a real number")
    if exponent == 0:
        slope = 0.0
    elif x == 0 and 0 < exponent < 1:
        slope = math.inf  # a root is vertical at 0, for numbers as for arrays
    else:
        slope = exponent * x ** (exponent - 1)
    return _record(
        float(x**exponent), (value,), f"**{exponent}", lambda gradient: _add_gradient(value, slope * gradient)
    )


def _keep_axis(gradient: Any, axis: Any, keepdims: bool) -> Any:
    """Give a reduced gradient its axes of size one back, so that it broadcasts against the input."""
    if axis is None or keepdims:
        return gradient
    return np.expand_dims(gradient, axis)


def _matmul(a: Any, b: Any) -> Value:
    r"""Matrix product; its adjoints are :math:`\bar A = \bar Y B^\top` and :math:`\bar B = A^\top \bar Y`."""
    x, y = (np.asarray(v.data if isinstance(v, Value) else _as_data(v)) for v in (a, b))
    try:
        result = np.matmul(x, y)
    except ValueError:
        raise ValueError(f"matmul cannot combine shapes {_shapes(x, y)}") from None

    def backward(gradient: Any) -> None:
        # Vectors become a row (left) or a column (right), as matmul itself does.
        rows, columns = (x[None, :] if x.ndim == 1 else x), (y[:, None] if y.ndim == 1 else y)
        g = np.asarray(gradient)
        g = g[..., None] if y.ndim == 1 else g
        g = g[..., None, :] if x.ndim == 1 else g
        if isinstance(a, Value):
            full = np.matmul(g, columns.swapaxes(-1, -2))
            _add_gradient(a, full[..., 0, :] if x.ndim == 1 else full)
        if isinstance(b, Value):
            full = np.matmul(rows.swapaxes(-1, -2), g)
            _add_gradient(b, full[..., 0] if y.ndim == 1 else full)

    return _record(result, tuple(v for v in (a, b) if isinstance(v, Value)), "@", backward)


def concatenate(values: Sequence[Any], axis: int = 0) -> Value:
    """Join Values (or arrays) along an existing axis.

    Parameters
    ----------
    values : sequence of Value or array, equal in all axes but one
    axis : int

    Returns
    -------
    Value

    Raises
    ------
    ValueError
        When the shapes do not fit.

    Examples
    --------
    >>> concatenate([Value([1.0]), np.array([2.0, 3.0])]).data.tolist()
    [1.0, 2.0, 3.0]
    """
    data = [np.asarray(v.data if isinstance(v, Value) else _as_data(v)) for v in values]
    try:
        result = np.concatenate(data, axis=axis)
    except ValueError:
        raise ValueError(f"concatenate along axis {axis} cannot join shapes {_shapes(*data)}") from None
    borders = np.cumsum([x.shape[axis] for x in data])[:-1]

    def backward(gradient: Any) -> None:
        for v, piece in zip(values, np.split(gradient, borders, axis=axis)):
            if isinstance(v, Value):
                _add_gradient(v, piece)

    return _record(result, tuple(v for v in values if isinstance(v, Value)), "concatenate", backward)


def stack(values: Sequence[Any], axis: int = 0) -> Value:
    """Join Values (or numbers, arrays) of one shape along a new axis.

    Parameters
    ----------
    values : sequence of Value, number or array, all of one shape
    axis : int

    Returns
    -------
    Value

    Raises
    ------
    ValueError
        When the shapes differ.

    Examples
    --------
    >>> a, b = Value(1.0), Value(2.0)
    >>> (stack([a, b]) * np.array([3.0, 4.0])).sum().backward()
    >>> a.grad, b.grad
    (3.0, 4.0)
    """
    data = [np.asarray(v.data if isinstance(v, Value) else _as_data(v)) for v in values]
    try:
        result = np.stack(data, axis=axis)
    except ValueError:
        raise ValueError(f"stack needs equal shapes, but got {_shapes(*data)}") from None

    def backward(gradient: Any) -> None:
        for i, v in enumerate(values):
            if isinstance(v, Value):
                _add_gradient(v, np.take(gradient, i, axis=axis))

    return _record(result, tuple(v for v in values if isinstance(v, Value)), "stack", backward)


def gradient(f: Callable[[Value], Value], x: npt.ArrayLike) -> Any:
    """Gradient of a function with one number as its result, by one backward pass.

    Parameters
    ----------
    f : function of one Value that returns a Value holding one number
    x : number or array

    Returns
    -------
    float or array, the shape of x

    Raises
    ------
    ValueError
        When f returns an array.

    Examples
    --------
    >>> gradient(lambda x: (x * x).sum(), [1.0, 2.0]).tolist()
    [2.0, 4.0]
    """
    leaf = Value(x)
    y = f(leaf)
    if isinstance(y, Value):
        y.backward()
    return leaf.grad


def jacobian_reverse(f: Callable[[Value], Value], x: npt.ArrayLike) -> np.ndarray:
    """Jacobian of f by one forward pass and m backward passes: row i is the gradient of the i-th output.

    Parameters
    ----------
    f : function from a Value (n,) to a Value (m,) or a Value holding one number
    x : array (n,)

    Returns
    -------
    array (m, n), or (n,) when f returns one number

    Raises
    ------
    ValueError
        When x or f(x) has more than one axis.

    Examples
    --------
    >>> jacobian_reverse(lambda x: x * x, [1.0, 2.0]).tolist()
    [[2.0, 0.0], [0.0, 4.0]]
    """
    leaf = Value(x)
    if len(leaf.shape) != 1:
        raise ValueError(f"x must be a vector (n,), but has shape {leaf.shape}")
    y = f(leaf)
    if not isinstance(y, Value):  # f ignored its argument: the derivative of a constant is zero
        return np.zeros((*np.shape(y), len(leaf)))
    if len(y.shape) > 1:
        raise ValueError(f"f must return a vector (m,) or one number, but returned shape {y.shape}")
    rows = []
    for seed in np.eye(max(1, np.size(y.data))):
        leaf.grad = np.zeros_like(leaf.data)
        y.backward(seed if y.shape else 1.0)
        rows.append(leaf.grad)
    return np.stack(rows) if y.shape else rows[0]
