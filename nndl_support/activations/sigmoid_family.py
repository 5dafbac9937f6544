r"""The S-shaped functions: step, logistic, tanh, their hard forms, and their relative with many outputs, softmax.

Every function is elementwise, takes an array of any shape and stays finite for every finite input; softmax and
log-softmax work along the last axis, whose length is K. The hard forms have corners. No derivative exists there; these
functions then return 0, the slope of the flat side, which is also the choice of PyTorch's ``hardtanh`` and
``hardsigmoid`` (its ``clamp`` returns the slope of the steep side).

References
----------
Qiu (2019), Neural Networks and Deep Learning (in Chinese), equations 4.4-4.6 (logistic, tanh), 4.7-4.15 (hard forms)
and 4.36-4.38 (softmax).

Examples
--------
>>> bool(np.isclose(tanh(0.3), 2 * logistic(0.6) - 1))
True
>>> step([-1.0, 0.0, 1.0]), hard_tanh([-3.0, 0.5, 3.0])
(array([0., 1., 1.]), array([-1. ,  0.5,  1. ]))
>>> hard_tanh_derivative([-1.0, 0.5, 1.0]), hard_logistic_derivative([-2.0, 0.5, 2.0])
(array([0., 1., 0.]), array([0.  , 0.25, 0.  ]))
>>> softmax_jacobian([0.0, 0.0])
array([[ 0.25, -0.25],
       [-0.25,  0.25]])
"""

from numbers import Real

import numpy as np
import numpy.typing as npt


def step(x: npt.ArrayLike) -> np.ndarray:
    """Heaviside's step: 1 where x >= 0, else 0. Its derivative is 0 wherever it exists, so that nothing can be learnt by it."""
    x = _floats(x)
    return np.heaviside(x, 1.0, out=np.empty_like(x))


def step_derivative(x: npt.ArrayLike) -> np.ndarray:
    """First derivative of the step: 0 (also at the jump, where no derivative exists)."""
    return np.zeros_like(_floats(x))


def step_second_derivative(x: npt.ArrayLike) -> np.ndarray:
    """Second derivative of the step: 0 wherever it exists."""
    return np.zeros_like(_floats(x))


def logistic(x: npt.ArrayLike) -> np.ndarray:
    r"""Logistic function, the S-curve from 0 to 1.

    .. math:: \sigma(x) = \frac{1}{1 + e^{-x}}

    Parameters
    ----------
    x : array of any shape

    Returns
    -------
    array of the same shape, entries in [0, 1]

    Examples
    --------
    >>> logistic([-1000.0, 0.0, 1000.0])
    array([0. , 0.5, 1. ])
    """
    x = _floats(x)
    decay = _decay(x)
    numerator = np.exp(np.minimum(x, 0.0, out=np.empty_like(x)))  # 1 where x >= 0, else e^-|x|
    decay += 1.0
    return np.divide(numerator, decay, out=decay)


def logistic_derivative(x: npt.ArrayLike) -> np.ndarray:
    r"""First derivative :math:`\sigma'(x) = \sigma(x)(1 - \sigma(x))`, at most 1/4.

    Written with :math:`e^{-|x|}`, so that the tails keep all their digits where :math:`1 - \sigma(x)` would have lost them.

    Examples
    --------
    >>> float(logistic_derivative(0.0))
    0.25
    """
    decay = _decay(_floats(x))
    square = decay + 1.0
    square *= square
    return np.divide(decay, square, out=decay)


def logistic_second_derivative(x: npt.ArrayLike) -> np.ndarray:
    r"""Second derivative :math:`\sigma''(x) = \sigma'(x)(1 - 2\sigma(x)) = -\sigma'(x)\tanh(x/2)`."""
    x = _floats(x)
    return -logistic_derivative(x) * np.tanh(x / 2)


def tanh(x: npt.ArrayLike) -> np.ndarray:
    r"""Hyperbolic tangent, the S-curve from -1 to 1.

    .. math:: \tanh(x) = \frac{e^x - e^{-x}}{e^x + e^{-x}} = 2\sigma(2x) - 1

    Parameters
    ----------
    x : array of any shape

    Returns
    -------
    array of the same shape, entries in [-1, 1]
    """
    return np.tanh(_floats(x))


def tanh_derivative(x: npt.ArrayLike) -> np.ndarray:
    r"""First derivative :math:`\tanh'(x) = 1 - \tanh^2(x) = 4\sigma'(2x)`, at most 1.

    Examples
    --------
    >>> float(tanh_derivative(0.0))
    1.0
    """
    return 4.0 * logistic_derivative(2.0 * _floats(x))


def tanh_second_derivative(x: npt.ArrayLike) -> np.ndarray:
    r"""Second derivative :math:`\tanh''(x) = -2\tanh(x)\tanh'(x)`."""
    return -2.0 * tanh(x) * tanh_derivative(x)


def hard_logistic(x: npt.ArrayLike, slope: float = 0.25) -> np.ndarray:
    r"""Hard logistic function: the tangent of the logistic function at 0, cut off at 0 and 1.

    .. math:: \max(\min(0.25 x + 0.5, 1), 0)

    Parameters
    ----------
    x : array of any shape
    slope : float > 0
        Slope between the corners, which lie at :math:`\pm 1/(2\,\text{slope})`. The tangent has 1/4.

    Returns
    -------
    array of the same shape, entries in [0, 1]

    Notes
    -----
    PyTorch's ``Hardsigmoid`` has slope 1/6 and corners at -3 and 3; it is not tangent to the logistic function.

    References
    ----------
    Qiu (2019), equations 4.7-4.11.

    Examples
    --------
    The book's function and PyTorch's at x = 1:

    >>> hard_logistic(1.0).item(), round(hard_logistic(1.0, slope=1 / 6).item(), 3)
    (0.75, 0.667)
    """
    x = _floats(x)
    out = np.multiply(x, _positive("slope", slope), out=np.empty_like(x))
    out += 0.5
    return _clip(out, 0.0, 1.0, out=out)


def hard_logistic_derivative(x: npt.ArrayLike, slope: float = 0.25) -> np.ndarray:
    """First derivative of the hard logistic function: ``slope`` between the corners, 0 beyond and at them."""
    x = _floats(x)
    return _inside(x, 0.5 / _positive("slope", slope), float(slope))


def hard_logistic_second_derivative(x: npt.ArrayLike, slope: float = 0.25) -> np.ndarray:
    """Second derivative of the hard logistic function: 0 wherever it exists, whatever the ``slope``."""
    _positive("slope", slope)
    return np.zeros_like(_floats(x))


def hard_tanh(x: npt.ArrayLike) -> np.ndarray:
    r"""Hard tanh: the tangent of tanh at 0, cut off at -1 and 1.

    .. math:: \max(\min(x, 1), -1)

    References
    ----------
    Qiu (2019), equations 4.12-4.15.
    """
    x = _floats(x)
    return _clip(x, -1.0, 1.0, out=np.empty_like(x))


def hard_tanh_derivative(x: npt.ArrayLike) -> np.ndarray:
    """First derivative of hard tanh: 1 between the corners, 0 beyond and at them."""
    return _inside(_floats(x), 1.0, 1.0)


def hard_tanh_second_derivative(x: npt.ArrayLike) -> np.ndarray:
    """Second derivative of hard tanh: 0 wherever it exists."""
    return np.zeros_like(_floats(x))


def softmax(x: npt.ArrayLike) -> np.ndarray:
    r"""Softmax along the last axis: K scores become K probabilities.

    .. math:: p_k = \frac{e^{x_k}}{\sum_j e^{x_j}}

    Parameters
    ----------
    x : array (..., K)

    Returns
    -------
    array (..., K), positive entries that sum to 1 along the last axis

    Raises
    ------
    ValueError
        When x has no axis, or its last one is empty.

    Examples
    --------
    >>> softmax([[1000.0, 1000.0], [0.0, np.log(3.0)]])
    array([[0.5 , 0.5 ],
           [0.25, 0.75]])
    """
    x = _scores(x)
    out = x - x.max(axis=-1, keepdims=True)  # the shift cancels and keeps exp below 1
    np.exp(out, out=out)
    out /= out.sum(axis=-1, keepdims=True)
    return out


def softmax_jacobian(x: npt.ArrayLike) -> np.ndarray:
    r"""Jacobian of softmax, :math:`\partial p_k/\partial x_j = p_k(\delta_{kj} - p_j)`.

    Parameters
    ----------
    x : array (..., K)

    Returns
    -------
    array (..., K, K), symmetric in its last two axes
    """
    p = softmax(x)
    return p[..., :, None] * (np.eye(p.shape[-1]) - p[..., None, :])


def log_softmax(x: npt.ArrayLike) -> np.ndarray:
    r"""Logarithm of softmax along the last axis, without ever taking the log of a rounded zero.

    .. math:: \log p_k = x_k - \log\sum_j e^{x_j}

    Parameters
    ----------
    x : array (..., K)

    Returns
    -------
    array (..., K), in nats, all entries at most 0

    Examples
    --------
    >>> log_softmax([0.0, 1000.0])
    array([-1000.,     0.])
    """
    x = _scores(x)
    shifted = x - x.max(axis=-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))


def log_softmax_jacobian(x: npt.ArrayLike) -> np.ndarray:
    r"""Jacobian of log-softmax, :math:`\partial \log p_k/\partial x_j = \delta_{kj} - p_j`.

    Parameters
    ----------
    x : array (..., K)

    Returns
    -------
    array (..., K, K); row k is the gradient of the k-th output
    """
    p = softmax(x)
    return np.eye(p.shape[-1]) - p[..., None, :]


def _floats(x: npt.ArrayLike, name: str = "x") -> np.ndarray:
    """x as an array of float64, or an error that says what was given."""
    if isinstance(x, np.ndarray) and x.dtype == np.float64:
        return x
    given = np.asarray(x)
    if given.dtype.kind not in "biuf":
        raise TypeError(f"an activation function needs real numbers, but {name} has type {given.dtype}: {x!r:.60}")
    return given.astype(np.float64)


def _scores(x: npt.ArrayLike) -> np.ndarray:
    x = _floats(x)
    if x.ndim == 0 or x.shape[-1] == 0:
        raise ValueError(f"softmax needs at least one score along the last axis, but x has shape {x.shape}")
    return x


def _positive(name: str, value: float) -> float:
    if not isinstance(value, Real):
        raise TypeError(f"{name} must be a number, but is {value!r:.60}")
    if not 0 < value < np.inf:
        raise ValueError(f"{name} must be a positive finite number, but is {value!r}")
    return value


def _decay(x: np.ndarray) -> np.ndarray:
    """exp(-|x|), which never overflows, whatever the sign of x; in one array, made anew."""
    out = np.abs(x, out=np.empty_like(x))
    np.negative(out, out=out)
    return np.exp(out, out=out)


def _clip(x: np.ndarray, low: float, high: float, *, out: np.ndarray) -> np.ndarray:
    return np.minimum(np.maximum(x, low, out=out), high, out=out)


def _inside(x: np.ndarray, corner: float, slope: float) -> np.ndarray:
    """``slope`` where |x| < corner, else 0."""
    inside = np.abs(x, out=np.empty_like(x)) < corner
    return inside * slope
