r"""The S-shaped functions: logistic, tanh, and their relative with many outputs, softmax.

Every function is elementwise, takes an array of any shape and stays finite for every finite input; softmax and
log-softmax work along the last axis, whose length is K.

References
----------
Qiu (2019), Neural Networks and Deep Learning (in Chinese), equations 4.4-4.6 (logistic, tanh) and 4.36-4.38
(softmax).

Examples
--------
>>> bool(np.isclose(tanh(0.3), 2 * logistic(0.6) - 1))
True
>>> softmax_jacobian([0.0, 0.0])
array([[ 0.25, -0.25],
       [-0.25,  0.25]])
"""

import numpy as np
import numpy.typing as npt


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
    x = np.asarray(x, dtype=float)
    decay = np.exp(-np.abs(x))  # never overflows, whatever the sign of x
    return np.where(x >= 0, 1.0, decay) / (1.0 + decay)


def logistic_derivative(x: npt.ArrayLike) -> np.ndarray:
    r"""First derivative :math:`\sigma'(x) = \sigma(x)(1 - \sigma(x))`, at most 1/4.

    Written with :math:`e^{-|x|}`, so that the tails keep all their digits where :math:`1 - \sigma(x)` would have lost them.

    Examples
    --------
    >>> float(logistic_derivative(0.0))
    0.25
    """
    decay = np.exp(-np.abs(np.asarray(x, dtype=float)))
    return decay / (1.0 + decay) ** 2


def logistic_second_derivative(x: npt.ArrayLike) -> np.ndarray:
    r"""Second derivative :math:`\sigma''(x) = \sigma'(x)(1 - 2\sigma(x)) = -\sigma'(x)\tanh(x/2)`."""
    x = np.asarray(x, dtype=float)
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
    return np.tanh(np.asarray(x, dtype=float))


def tanh_derivative(x: npt.ArrayLike) -> np.ndarray:
    r"""First derivative :math:`\tanh'(x) = 1 - \tanh^2(x) = 4\sigma'(2x)`, at most 1.

    Examples
    --------
    >>> float(tanh_derivative(0.0))
    1.0
    """
    return 4.0 * logistic_derivative(2.0 * np.asarray(x, dtype=float))


def tanh_second_derivative(x: npt.ArrayLike) -> np.ndarray:
    r"""Second derivative :math:`\tanh''(x) = -2\tanh(x)\tanh'(x)`."""
    return -2.0 * tanh(x) * tanh_derivative(x)


def softmax(x: npt.ArrayLike) -> np.ndarray:
    r"""Softmax along the last axis: K scores become K probabilities.

    .. math:: p_k = \frac{e^{x_k}}{\sum_j e^{x_j}}

    Parameters
    ----------
    x : array (..., K)

    Returns
    -------
    array (..., K), positive entries that sum to 1 along the last axis

    Examples
    --------
    >>> softmax([[1000.0, 1000.0], [0.0, np.log(3.0)]])
    array([[0.5 , 0.5 ],
           [0.25, 0.75]])
    """
    x = np.asarray(x, dtype=float)
    shifted = np.exp(x - x.max(axis=-1, keepdims=True))  # the shift cancels and keeps exp below 1
    return shifted / shifted.sum(axis=-1, keepdims=True)


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
    x = np.asarray(x, dtype=float)
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
