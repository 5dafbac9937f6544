r"""Local response normalisation (局部响应归一化) with the pass back derived by hand.

A unit is divided by what its neighbours among the channels say at the same place, 7.56-7.57. With :math:`N(p)` the window of n
channels around p, cut at the edges,

.. math:: y^p = \frac{x^p}{(d^p)^\beta}, \qquad d^p = k + \alpha' \sum_{j \in N(p)} (x^j)^2, \qquad
    \alpha' = \alpha \text{ (the book, AlexNet)} \quad\text{or}\quad \alpha / n \text{ (PyTorch)} .

Channel q appears in the numerator of its own output and in the denominators of all p with :math:`q \in N(p)`:

.. math:: \frac{\partial L}{\partial x^q} = \frac{g^q}{(d^q)^\beta}
    - 2 \alpha' \beta\, x^q \sum_{p:\, q \in N(p)} \frac{g^p x^p}{(d^p)^{\beta + 1}} .

For even n the window has one channel more below than above, and the sum over p runs over the window turned round.

Shapes: B examples, C channels, L positions; arrays (B, C) or (B, C, L).

References
----------
Krizhevsky, Sutskever and Hinton (2012), ImageNet classification with deep convolutional neural networks, section 3.3,
https://doi.org/10.1145/3065386. Qiu (2019), equations 7.56-7.57.

Examples
--------
>>> x = np.array([[1.0, 2.0, 2.0]])
>>> local_response_norm(x, 3, alpha=1.0, beta=0.5, k=0.0)[0].round(4)
array([[0.4472, 0.6667, 0.7071]])
>>> y, cache = local_response_norm(x, 3, alpha=1.0, beta=0.5, k=0.0)
>>> local_response_norm_backward(x, cache).round(12) @ x.T  # with k = 0 and beta = 1/2 the scale of x does not matter
array([[0.]])
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt


class ResponseCache(NamedTuple):
    """What the pass forward leaves for the pass back: input, denominators before the power, and the options.

    Attributes
    ----------
    x, denominator : arrays (B, C) or (B, C, L)
    size : int
    slope : float, the alpha that multiplies the sum
    beta : float
    """

    x: np.ndarray
    denominator: np.ndarray
    size: int
    slope: float
    beta: float


def local_response_norm(
    x: npt.ArrayLike,
    size: int = 5,
    *,
    alpha: float = 1e-4,
    beta: float = 0.75,
    k: float = 2.0,
    divide_alpha: bool = False,
) -> tuple[np.ndarray, ResponseCache]:
    """Every channel divided by a power of the summed squares of its neighbours.

    Parameters
    ----------
    x : array (B, C) or (B, C, L)
    size : int of at least 1, channels in the window
    alpha, beta, k : float
        The defaults are those of AlexNet.
    divide_alpha : bool
        False is the book and AlexNet; True divides alpha by the size, as PyTorch does.

    Returns
    -------
    array of the shape of x, ResponseCache

    Raises
    ------
    ValueError
        When x has no channels, or the size is not positive.
    """
    array = np.asarray(x, dtype=float)
    if array.ndim < 2:
        raise ValueError(f"x has shape {array.shape}; expected (B, C) or (B, C, L)")
    if size < 1:
        raise ValueError(f"size must be at least 1, but is {size}")
    slope = alpha / size if divide_alpha else alpha
    denominator = k + slope * _window_sum(array**2, size // 2, (size - 1) // 2)
    return array / denominator**beta, ResponseCache(array, denominator, size, slope, beta)


def local_response_norm_backward(dy: npt.ArrayLike, cache: ResponseCache) -> np.ndarray:
    """Gradient with respect to x.

    Parameters
    ----------
    dy : array of the shape of x
    cache : ResponseCache
    """
    grad = np.asarray(dy, dtype=float)
    x, d, size, slope, beta = cache
    shared = _window_sum(grad * x / d ** (beta + 1), (size - 1) // 2, size // 2)
    return grad / d**beta - 2 * slope * beta * x * shared


def _window_sum(array: np.ndarray, below: int, above: int) -> np.ndarray:
    """Sum over the channels p - below ... p + above."""
    n_channels = array.shape[1]
    padded = np.pad(array, [(0, 0), (below, above), *[(0, 0)] * (array.ndim - 2)])
    return sum((padded[:, i : i + n_channels] for i in range(below + above + 1)), np.zeros_like(array))
