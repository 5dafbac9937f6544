r"""One maxout unit fitted to a curve by gradient descent: a convex function drawn with K straight pieces.

Shapes: B points on the line, K pieces.

References
----------
Goodfellow, Warde-Farley, Mirza, Courville and Bengio (2013), Maxout networks, https://arxiv.org/abs/1302.4389, figure 1 (the
idea of such a picture).
"""

import numpy as np

from nndl_support.activations.rectifiers import maxout, maxout_backward


def fit(
    x: np.ndarray,
    y: np.ndarray,
    slopes: np.ndarray,
    offsets: np.ndarray,
    *,
    learning_rate: float = 0.1,
    momentum: float = 0.9,
    n_steps: int = 2000,
) -> tuple[np.ndarray, np.ndarray]:
    """Descend on half the mean squared error over all points.

    Parameters
    ----------
    x, y : arrays (B,)
    slopes, offsets : arrays (K,), where to start; not changed
    learning_rate, momentum, n_steps

    Returns
    -------
    slopes, offsets : arrays (K,)

    Raises
    ------
    ValueError
        When the sizes do not fit.

    Examples
    --------
    >>> x = np.linspace(-1, 1, 41)
    >>> slopes, offsets = fit(x, np.abs(x), np.array([0.5, -0.3]), np.array([0.1, 0.0]))
    >>> slopes.round(3), (offsets + 0.0).round(3) + 0.0
    (array([ 1., -1.]), array([0., 0.]))
    """
    if x.ndim != 1 or x.shape != y.shape:
        raise ValueError(f"x and y must be vectors of one length, but have shapes {x.shape} and {y.shape}")
    if slopes.ndim != 1 or slopes.shape != offsets.shape:
        raise ValueError(f"{slopes.shape} slopes and {offsets.shape} offsets do not make pieces")
    W, b = slopes[:, None, None].astype(float), offsets[:, None].astype(float)
    steps = [np.zeros_like(W), np.zeros_like(b)]
    for _ in range(n_steps):
        error = maxout(x[:, None], W, b) - y[:, None]
        _, *gradients = maxout_backward(x[:, None], W, b, error / len(x))
        for parameter, step, gradient in zip((W, b), steps, gradients):
            step *= momentum
            step -= learning_rate * gradient
            parameter += step
    return W[:, 0, 0], b[:, 0]


def evaluate(x: np.ndarray, slopes: np.ndarray, offsets: np.ndarray) -> np.ndarray:
    """Value of the unit at the points x, array (B,).

    Examples
    --------
    >>> evaluate(np.array([-2.0, 3.0]), np.array([1.0, -1.0]), np.zeros(2))
    array([2., 3.])
    """
    return maxout(x[:, None], slopes[:, None, None], offsets[:, None])[:, 0]


def winners(x: np.ndarray, slopes: np.ndarray, offsets: np.ndarray) -> np.ndarray:
    """Number of the piece that is largest at each point, array (B,) of int; pieces that never win receive no gradient.

    Examples
    --------
    >>> winners(np.array([-2.0, 3.0]), np.array([1.0, -1.0]), np.zeros(2))
    array([1, 0])
    """
    return (np.outer(x, slopes) + offsets).argmax(axis=1)


def parabola_floor(n_pieces: int) -> float:
    r"""Smallest root mean squared error with which K straight pieces can draw :math:`x^2` on [-1, 1].

    .. math:: \frac{2}{3\sqrt5\,K^2}

    On an interval of half-width h the best line leaves :math:`\tfrac23 h^2 P_2`, with Legendre's :math:`P_2`, whose mean square
    is 1/5; equal intervals, h = 1/K, are best, and their lines meet at the borders.

    Examples
    --------
    >>> round(parabola_floor(4), 5)
    0.01863
    """
    if n_pieces < 1:
        raise ValueError(f"n_pieces must be at least 1, but is {n_pieces}")
    return float(2 / (3 * np.sqrt(5) * n_pieces**2))
