r"""Functions that pass positive inputs and hold back negative ones.

Every function is elementwise and takes an array of any shape. Where a function has a kink, at 0, no derivative exists;
these functions then return the slope on the *left*, which is also the choice of PyTorch: 0 for ReLU, ``slope`` for leaky
ReLU. Second derivatives are 0 there.

References
----------
Qiu (2019), Neural Networks and Deep Learning (in Chinese), equations 4.16-4.22 (ReLU, leaky ReLU) and 4.25 (softplus).

Examples
--------
>>> relu_derivative([-1.0, 0.0, 1.0]), leaky_relu_derivative([-1.0, 0.0, 1.0])
(array([0., 0., 1.]), array([0.01, 0.01, 1.  ]))
>>> softplus_derivative(0.0).item(), softplus_second_derivative(0.0).item()
(0.5, 0.25)
"""

import numpy as np
import numpy.typing as npt

from nndl_support.activations.sigmoid_family import logistic, logistic_derivative


def relu(x: npt.ArrayLike) -> np.ndarray:
    r"""Rectified linear unit, :math:`\max(x, 0)`.

    Examples
    --------
    >>> relu([-2.0, 0.0, 3.0])
    array([0., 0., 3.])
    """
    return np.maximum(np.asarray(x, dtype=float), 0.0)


def relu_derivative(x: npt.ArrayLike) -> np.ndarray:
    """First derivative of ReLU: 1 where x > 0, else 0 (0 at the kink)."""
    return (np.asarray(x, dtype=float) > 0).astype(float)


def relu_second_derivative(x: npt.ArrayLike) -> np.ndarray:
    """Second derivative of ReLU: 0 wherever it exists."""
    return np.zeros_like(np.asarray(x, dtype=float))


def leaky_relu(x: npt.ArrayLike, slope: float = 0.01) -> np.ndarray:
    r"""Leaky ReLU: x where x is positive, ``slope`` times x elsewhere.

    Parameters
    ----------
    x : array of any shape
    slope : float, the slope on the negative side

    Returns
    -------
    array of the same shape

    Examples
    --------
    >>> leaky_relu([-2.0, 3.0], slope=0.1)
    array([-0.2,  3. ])
    """
    x = np.asarray(x, dtype=float)
    return np.where(x > 0, x, slope * x)


def leaky_relu_derivative(x: npt.ArrayLike, slope: float = 0.01) -> np.ndarray:
    """First derivative of leaky ReLU: 1 where x > 0, else ``slope`` (``slope`` at the kink)."""
    return np.where(np.asarray(x, dtype=float) > 0, 1.0, slope)


def leaky_relu_second_derivative(x: npt.ArrayLike, slope: float = 0.01) -> np.ndarray:
    """Second derivative of leaky ReLU: 0 wherever it exists, whatever the ``slope``."""
    return np.zeros_like(np.asarray(x, dtype=float))


def softplus(x: npt.ArrayLike) -> np.ndarray:
    r"""Softplus, the smooth ReLU.

    .. math:: \log(1 + e^x) = \max(x, 0) + \log(1 + e^{-|x|})

    Parameters
    ----------
    x : array of any shape

    Returns
    -------
    array of the same shape, positive

    Notes
    -----
    PyTorch replaces softplus(x) by x above x = 20, which is off by 2e-9 there; this function makes no such cut.

    Examples
    --------
    >>> softplus(-1000.0).item(), softplus(1000.0).item()
    (0.0, 1000.0)
    """
    x = np.asarray(x, dtype=float)
    return np.maximum(x, 0.0) + np.log1p(np.exp(-np.abs(x)))


def softplus_derivative(x: npt.ArrayLike) -> np.ndarray:
    """First derivative of softplus: the logistic function."""
    return logistic(x)


def softplus_second_derivative(x: npt.ArrayLike) -> np.ndarray:
    """Second derivative of softplus: the first derivative of the logistic function."""
    return logistic_derivative(x)
