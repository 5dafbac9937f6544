r"""The loss surface of the smallest deep network, :math:`p = \sigma(w_2\, \sigma(w_1 x))`, with its gradient and Hessian.

With :math:`h = \sigma(w_1 x)`, :math:`z = w_2 h` and the loss as a function :math:`\ell(z)` of one example,

.. math:: \nabla L = \ell'(z)\, \nabla z, \qquad \nabla^2 L = \ell''(z)\, \nabla z\, \nabla z^\top + \ell'(z)\, \nabla^2 z

.. math:: \nabla z = \begin{pmatrix} w_2 x h' \\ h \end{pmatrix}, \qquad
          \nabla^2 z = \begin{pmatrix} w_2 x^2 h'' & x h' \\ x h' & 0 \end{pmatrix}

Losses are summed over N examples ``x, y`` of shape (N,); weights ``w1, w2`` are arrays of any common shape S.

References
----------
Qiu (2019), Neural Networks and Deep Learning (in Chinese), equation 4.85 and figure 4.10, which has one example, x = y = 1. Its
cross-entropy is printed without the minus sign; the losses here have it.

Examples
--------
At the origin the product of a first and a second weight makes a saddle of two opposite examples:

>>> hessian(0.0, 0.0, [1.0, -1.0], [1.0, 0.0], "cross_entropy")
array([[ 0.   , -0.25 ],
       [-0.25 ,  0.125]])
>>> gradient(0.0, 0.0, [1.0, -1.0], [1.0, 0.0], "cross_entropy")
array([0., 0.])
"""

import numpy as np
import numpy.typing as npt

from nndl_support.activations.rectifiers import softplus
from nndl_support.activations.sigmoid_family import logistic, logistic_derivative, logistic_second_derivative

LOSSES = ("squared_error", "cross_entropy")


def loss(w1: npt.ArrayLike, w2: npt.ArrayLike, x: npt.ArrayLike, y: npt.ArrayLike, name: str) -> np.ndarray:
    r"""Loss of the network, summed over the examples.

    Parameters
    ----------
    w1, w2 : arrays of a common shape S
    x, y : arrays (N,), targets in [0, 1]
    name : "squared_error" for :math:`(p - y)^2`, or "cross_entropy" for :math:`-y\ln p - (1 - y)\ln(1 - p)`

    Returns
    -------
    array of shape S
    """
    z, y, _, _ = _forward(w1, w2, x, y)
    return _of_net_input(z, y, name)[0].sum(axis=-1)


def gradient(w1: npt.ArrayLike, w2: npt.ArrayLike, x: npt.ArrayLike, y: npt.ArrayLike, name: str) -> np.ndarray:
    """Gradient of :func:`loss` by the two weights, array S + (2,)."""
    z, y, by_weights, _ = _forward(w1, w2, x, y)
    _, first, _ = _of_net_input(z, y, name)
    return np.sum(first[..., None] * by_weights, axis=-2)


def hessian(w1: npt.ArrayLike, w2: npt.ArrayLike, x: npt.ArrayLike, y: npt.ArrayLike, name: str) -> np.ndarray:
    """Hessian of :func:`loss` by the two weights, array S + (2, 2)."""
    z, y, by_weights, second_by_weights = _forward(w1, w2, x, y)
    _, first, second = _of_net_input(z, y, name)
    outer = by_weights[..., :, None] * by_weights[..., None, :]
    terms = second[..., None, None] * outer + first[..., None, None] * second_by_weights
    return terms.sum(axis=-3)


def _forward(
    w1: npt.ArrayLike, w2: npt.ArrayLike, x: npt.ArrayLike, y: npt.ArrayLike
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """The net input z of the last unit, array S + (N,), with its first and second derivatives by the two weights."""
    w1, w2 = np.broadcast_arrays(np.asarray(w1, dtype=float)[..., None], np.asarray(w2, dtype=float)[..., None])
    x, y = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    if x.ndim != 1 or x.shape != y.shape or len(x) == 0:
        raise ValueError(f"x has shape {x.shape} and y {y.shape}; expected (N,) for both, with at least one example")
    if not (np.isfinite(x).all() and np.isfinite(y).all() and (y >= 0).all() and (y <= 1).all()):
        raise ValueError("x must be finite and y lie in [0, 1]")
    h, slope, bend = (f(w1 * x) for f in (logistic, logistic_derivative, logistic_second_derivative))
    z = w2 * h
    by_weights = np.stack([w2 * x * slope, h], axis=-1)
    mixed = x * slope
    second = np.stack([np.stack([w2 * x**2 * bend, mixed], -1), np.stack([mixed, np.zeros_like(z)], -1)], -2)
    return z, y, by_weights, second


def _of_net_input(z: np.ndarray, y: np.ndarray, name: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The loss as a function of the last net input, with its first two derivatives."""
    p, slope = logistic(z), logistic_derivative(z)
    if name == "cross_entropy":
        return softplus(z) - y * z, p - y, slope
    if name == "squared_error":
        return (p - y) ** 2, 2 * (p - y) * slope, 2 * slope**2 + 2 * (p - y) * logistic_second_derivative(z)
    raise ValueError(f"unknown loss {name!r}; known are {', '.join(LOSSES)}")
