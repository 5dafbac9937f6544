r"""What a mini-batch sees of the gradient: its mean, its variance, and the noise scale that compares both.

.. math:: g_K = \frac1K \sum_{n \in S} \nabla \ell_n, \qquad
          \mathbb E\, g_K = \bar g = \frac1N \sum_{n=1}^N \nabla \ell_n, \qquad
          \Sigma = \frac1N \sum_{n=1}^N (\nabla \ell_n - \bar g)(\nabla \ell_n - \bar g)^\top

.. math:: \operatorname{cov} g_K = \frac{\Sigma}{K} \ \text{(drawn with replacement)}, \qquad
          \operatorname{cov} g_K = \frac{\Sigma}{K} \cdot \frac{N - K}{N - 1} \ \text{(without)}

Shapes: N examples, K in a batch, P parameters, D inputs, H hidden units, C classes.

References
----------
Qiu (2019), equations 7.1 to 7.4. Cochran (1977), Sampling Techniques, theorem 2.2 (the finite-population factor). McCandlish,
Kaplan, Amodei and others (2018), An empirical model of large-batch training, https://arxiv.org/abs/1812.06162.
"""

from collections.abc import Iterator
from itertools import combinations, product

import numpy as np
import numpy.typing as npt


def per_example_gradients(
    weights: tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray], X: npt.ArrayLike, y: npt.ArrayLike
) -> np.ndarray:
    r"""Gradient of every single example's loss, for a network with one hidden tanh layer, softmax and cross-entropy.

    The gradient of a weight matrix by one example is an outer product, :math:`h\, \delta^\top`: nothing is summed over examples.

    Parameters
    ----------
    weights : (W1, b1, W2, b2), arrays (D, H), (H,), (H, C), (C,)
    X : array (N, D)
    y : array (N,) of int from 0 to C - 1

    Returns
    -------
    array (N, P) with P = DH + H + HC + C, in the order W1, b1, W2, b2

    Raises
    ------
    ValueError
        When the shapes do not fit.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> shapes = ((3, 2), (2,), (2, 5), (5,))
    >>> per_example_gradients(tuple(rng.normal(size=s) for s in shapes), rng.normal(size=(7, 3)), np.arange(7) % 5).shape
    (7, 23)
    """
    W1, b1, W2, b2 = weights
    X, y = np.asarray(X, dtype=float), np.asarray(y)
    if X.ndim != 2 or X.shape[1] != len(W1):
        raise ValueError(f"X has shape {X.shape}, but W1 {W1.shape}; expected (N, {len(W1)})")
    if y.shape != (len(X),):
        raise ValueError(f"y has shape {y.shape}, but X has {len(X)} rows")
    h = np.tanh(X @ W1 + b1)
    z = h @ W2 + b2
    p = np.exp(z - z.max(axis=1, keepdims=True))
    upper = p / p.sum(axis=1, keepdims=True)  # delta of the output layer: p - y, one-hot
    upper[np.arange(len(y)), y] -= 1
    lower = (upper @ W2.T) * (1 - h**2)
    outer = (
        (X[:, :, None] * lower[:, None, :]).reshape(len(X), -1),
        (h[:, :, None] * upper[:, None, :]).reshape(len(X), -1),
    )
    return np.concatenate([outer[0], lower, outer[1], upper], axis=1)


def all_batches(n_examples: int, batch_size: int, *, replace: bool) -> Iterator[tuple[int, ...]]:
    """Every batch that can be drawn, all equally likely: ordered ones with replacement, sets without.

    Examples
    --------
    >>> list(all_batches(3, 2, replace=False))
    [(0, 1), (0, 2), (1, 2)]
    >>> len(list(all_batches(3, 2, replace=True)))
    9
    """
    _check_size(n_examples, batch_size, replace)
    return product(range(n_examples), repeat=batch_size) if replace else combinations(range(n_examples), batch_size)


def gradient_variance(gradients: npt.ArrayLike, batch_size: int | npt.ArrayLike, *, replace: bool) -> np.ndarray:
    r"""Expected squared distance of a mini-batch gradient from the full one, :math:`\operatorname{tr} \operatorname{cov} g_K`.

    Parameters
    ----------
    gradients : array (N, P), one gradient per example
    batch_size : int or array of int
    replace : bool, whether an example can occur twice in a batch

    Returns
    -------
    array of the shape of ``batch_size``

    Examples
    --------
    >>> float(gradient_variance([[0.0], [2.0]], 1, replace=False)), float(gradient_variance([[0.0], [2.0]], 2, replace=False))
    (1.0, 0.0)
    """
    gradients, sizes = _matrix(gradients), np.asarray(batch_size)
    n = len(gradients)
    for size in sizes.flat:
        _check_size(n, int(size), replace)
    of_one = np.sum((gradients - gradients.mean(axis=0)) ** 2) / n
    return of_one / sizes if replace else of_one / sizes * (n - sizes) / max(n - 1, 1)


def noise_scale(gradients: npt.ArrayLike) -> float:
    r"""The batch size at which noise and signal of a mini-batch gradient are equally strong.

    .. math:: B_{\text{simple}} = \frac{\operatorname{tr} \Sigma}{\lVert \bar g \rVert^2}

    Parameters
    ----------
    gradients : array (N, P), one gradient per example

    Returns
    -------
    float, in examples

    Examples
    --------
    >>> noise_scale([[1.0, 0.0], [3.0, 0.0]])
    0.25
    """
    gradients = _matrix(gradients)
    mean = gradients.mean(axis=0)
    return float(np.sum((gradients - mean) ** 2) / len(gradients) / (mean @ mean))


def best_learning_rate(gradients: npt.ArrayLike, hessian: npt.ArrayLike, batch_size: int | npt.ArrayLike) -> np.ndarray:
    r"""The rate at which one step of mini-batch descent lowers a quadratic loss the most, in expectation.

    .. math:: \mathbb E\, L(\theta - \eta g_K) = L - \eta \lVert \bar g \rVert^2
              + \frac{\eta^2}{2} \Bigl( \bar g^\top H \bar g + \frac{\operatorname{tr}(H\Sigma)}{K} \Bigr)
              \quad \Rightarrow \quad \eta(K) = \frac{\eta_{\max}}{1 + B / K}, \quad
              B = \frac{\operatorname{tr}(H\Sigma)}{\bar g^\top H \bar g}

    For :math:`K \ll B` this is proportional to K, the linear scaling rule; for :math:`K \gg B` it stands still.

    Parameters
    ----------
    gradients : array (N, P), one gradient per example
    hessian : array (P, P)
    batch_size : int or array of int, drawn with replacement

    Returns
    -------
    array of the shape of ``batch_size``

    References
    ----------
    McCandlish et al. (2018), section 2.

    Examples
    --------
    >>> best_learning_rate([[1.0], [3.0]], [[2.0]], [1, 4, 1000]).round(4)
    array([0.4   , 0.4706, 0.4999])
    """
    gradients, hessian = _matrix(gradients), np.asarray(hessian, dtype=float)
    mean = gradients.mean(axis=0)
    apart = gradients - mean
    noise = np.sum((apart @ hessian) * apart) / len(gradients)
    return (mean @ mean) / (mean @ hessian @ mean + noise / np.asarray(batch_size))


def noise_scale_from_two_sizes(small_squared: float, small: int, big_squared: float, big: int) -> float:
    r"""Noise scale from the mean squared norms of gradients of two batch sizes, without the gradients of single examples.

    The mean squared norm of a batch gradient is :math:`\lVert \bar g \rVert^2 + \operatorname{tr} \Sigma / K`. Two sizes give
    both unknowns:

    .. math:: \operatorname{tr} \Sigma = \frac{\mathbb E \lVert g_k \rVert^2 - \mathbb E \lVert g_K \rVert^2}{1/k - 1/K}, \qquad
              \lVert \bar g \rVert^2 = \frac{K\, \mathbb E \lVert g_K \rVert^2 - k\, \mathbb E \lVert g_k \rVert^2}{K - k}

    Parameters
    ----------
    small_squared, big_squared : float, mean squared norms
    small, big : int, batch sizes, small < big

    Returns
    -------
    float, in examples

    Raises
    ------
    ValueError
        When the sizes are not in order, or the estimate of :math:`\lVert\bar g\rVert^2` is not positive because noise hides it.

    Examples
    --------
    >>> noise_scale_from_two_sizes(1.0 + 8.0 / 2, 2, 1.0 + 8.0 / 16, 16)
    8.0
    """
    if not 0 < small < big:
        raise ValueError(f"the batch sizes are {small} and {big}; expected 0 < small < big")
    trace = (small_squared - big_squared) / (1 / small - 1 / big)
    signal = (big * big_squared - small * small_squared) / (big - small)
    if signal <= 0:
        raise ValueError(f"the estimate of the squared gradient is {signal:.3g}; average over more batches")
    return trace / signal


def _matrix(gradients: npt.ArrayLike) -> np.ndarray:
    gradients = np.asarray(gradients, dtype=float)
    if gradients.ndim != 2 or len(gradients) == 0:
        raise ValueError(f"gradients have shape {gradients.shape}; expected (N, P) with at least one example")
    return gradients


def _check_size(n_examples: int, batch_size: int, replace: bool) -> None:
    if batch_size < 1 or (batch_size > n_examples and not replace):
        raise ValueError(
            f"batch_size is {batch_size} with {n_examples} examples; expected at least 1"
            + ("" if replace else f" and at most {n_examples} without replacement")
        )
