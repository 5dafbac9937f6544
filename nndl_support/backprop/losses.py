r"""Losses of a network, with their derivatives, averaged over the examples of a batch.

Shapes: B examples in a batch, K outputs. Targets ``y`` and predictions ``p`` are arrays (B, K).

References
----------
Qiu (2019), Neural Networks and Deep Learning (in Chinese), equations 4.39-4.42; Zhou (2016), Machine
Learning (in Chinese), equation 5.4.

Examples
--------
>>> y, p = np.array([[1.0, 0.0]]), np.array([[0.8, 0.2]])
>>> [round(get(name).function(y, p), 4) for name in names()]
[0.4463, 0.2231, 0.04]
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from nndl_support.activations.rectifiers import softplus
from nndl_support.activations.sigmoid_family import log_softmax


def squared_error(y: np.ndarray, p: np.ndarray) -> float:
    r"""Half the squared error, summed over outputs, averaged over examples.

    .. math:: L = \frac{1}{2B}\sum_{b,k} (p_{bk} - y_{bk})^2

    Examples
    --------
    >>> squared_error(np.array([[1.0, 0.0]]), np.array([[0.0, 2.0]]))
    2.5
    """
    _check_shapes(y, p)
    residual = (p - y).ravel()
    return float(residual @ residual) / (2 * len(y))


def squared_error_derivative(y: np.ndarray, p: np.ndarray) -> np.ndarray:
    """Derivative of :func:`squared_error` by the predictions, array (B, K)."""
    _check_shapes(y, p)
    return (p - y) / len(y)


def cross_entropy(y: np.ndarray, p: np.ndarray) -> float:
    r"""Cross-entropy of a distribution over K classes, averaged over examples.

    .. math:: L = -\frac{1}{B}\sum_{b,k} y_{bk}\log p_{bk}

    Parameters
    ----------
    y : array (B, K), one-hot rows, or rows of probabilities
    p : array (B, K), probabilities of the classes

    Returns
    -------
    float, in nats, at least 0

    Notes
    -----
    The minus sign matters: without it, as in the text beside equation 4.85 of Qiu (2019), the loss of a perfect
    prediction is a maximum.

    Examples
    --------
    >>> cross_entropy(np.array([[0.0, 1.0]]), np.array([[0.75, 0.25]]))  # log 4
    1.386294361119890...
    """
    _check_shapes(y, p)
    with np.errstate(divide="ignore"):
        logarithm = np.log(p)
    return float(-np.where(y == 0, 0.0, y * np.where(y == 0, 0.0, logarithm)).sum()) / len(y)


def cross_entropy_derivative(y: np.ndarray, p: np.ndarray) -> np.ndarray:
    r"""Derivative of :func:`cross_entropy` by the predictions, :math:`-y/(Bp)`, array (B, K)."""
    _check_shapes(y, p)
    return -np.divide(y, p, out=np.zeros_like(p), where=y != 0) / len(y)


def binary_cross_entropy(y: np.ndarray, p: np.ndarray) -> float:
    r"""Cross-entropy of K independent yes-or-no outputs, summed over outputs, averaged over examples.

    .. math:: L = -\frac{1}{B}\sum_{b,k}\bigl(y_{bk}\log p_{bk} + (1 - y_{bk})\log(1 - p_{bk})\bigr)

    Parameters
    ----------
    y : array (B, K), entries in [0, 1]
    p : array (B, K), probabilities of a yes

    Returns
    -------
    float, in nats, at least 0

    Examples
    --------
    >>> binary_cross_entropy(np.array([[1.0]]), np.array([[0.5]]))  # log 2
    0.693147180559945...
    """
    return cross_entropy(y, p) + cross_entropy(1 - y, 1 - p)


def binary_cross_entropy_derivative(y: np.ndarray, p: np.ndarray) -> np.ndarray:
    r"""Derivative of :func:`binary_cross_entropy` by the predictions, array (B, K)."""
    return cross_entropy_derivative(y, p) - cross_entropy_derivative(1 - y, 1 - p)


def _softmax_cross_entropy(y: np.ndarray, z: np.ndarray) -> float:
    return -float((y * log_softmax(z)).sum()) / len(y)


def _logistic_cross_entropy(y: np.ndarray, z: np.ndarray) -> float:
    return float((softplus(z) - y * z).sum()) / len(y)


@dataclass(frozen=True)
class Loss:
    r"""A loss with what back-propagation needs of it.

    Parameters
    ----------
    name : str
    function : callable, (y, p) to float
    derivative : callable, (y, p) to array (B, K)
    partner : str
        The output activation for which :math:`\partial L/\partial z = (p - y)/B`: the pairs of a generalised linear model.
    of_pre_activation : callable
        (y, z) to float: the loss of the partner's pre-activations, without the rounding of ``log(softmax(z))``.
    """

    name: str
    function: Callable[[np.ndarray, np.ndarray], float]
    derivative: Callable[[np.ndarray, np.ndarray], np.ndarray]
    partner: str
    of_pre_activation: Callable[[np.ndarray, np.ndarray], float]


_KNOWN = {
    loss.name: loss
    for loss in (
        Loss("squared_error", squared_error, squared_error_derivative, "identity", squared_error),
        Loss("cross_entropy", cross_entropy, cross_entropy_derivative, "softmax", _softmax_cross_entropy),
        Loss(
            "binary_cross_entropy",
            binary_cross_entropy,
            binary_cross_entropy_derivative,
            "logistic",
            _logistic_cross_entropy,
        ),
    )
}


def names() -> tuple[str, ...]:
    """Return the known names in alphabetical order."""
    return tuple(sorted(_KNOWN))


def get(name: str) -> Loss:
    """Return the loss of that name.

    Raises
    ------
    ValueError
        When the name is unknown; the message lists the known ones.

    Examples
    --------
    >>> get("cross_entropy").partner
    'softmax'
    """
    if not isinstance(name, str) or name not in _KNOWN:
        raise ValueError(f"unknown loss {name!r}; known are {', '.join(names())}")
    return _KNOWN[name]


def _check_shapes(y: np.ndarray, p: np.ndarray) -> None:
    if y.shape != p.shape:
        raise ValueError(f"the targets have shape {y.shape}, but the predictions have shape {p.shape}")
