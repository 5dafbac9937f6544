r"""The 2^n networks inside a network with dropout, counted out one by one (子网络的集成).

With n inputs there are 2^n masks. For small n the expectation over masks need not be sampled: all of them are visited.

Shapes: N examples, n inputs that may be dropped, M = 2^n masks, K classes.

References
----------
Goodfellow, Bengio and Courville (2016), Deep Learning, section 7.12.
Baldi and Sadowski (2014), The dropout learning algorithm, Artificial Intelligence 210,
https://doi.org/10.1016/j.artint.2014.02.004. Wager, Wang and Liang (2013), Dropout training as adaptive
regularization, arXiv:1307.1493.
"""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt


def all_masks(n: int) -> np.ndarray:
    """Return every mask of n zeros and ones, an array (2^n, n).

    Examples
    --------
    >>> all_masks(2)
    array([[0., 0.],
           [0., 1.],
           [1., 0.],
           [1., 1.]])
    """
    if not 1 <= n <= 20:
        raise ValueError(f"n is {n}; expected 1 to 20: there are 2^n masks")
    return (np.arange(2**n)[:, None] >> np.arange(n)[::-1] & 1).astype(float)


def mask_probabilities(masks: npt.ArrayLike, keep: float) -> np.ndarray:
    r"""Probability of each mask, :math:`\pi^{k}(1-\pi)^{n-k}` with k units kept.

    Parameters
    ----------
    masks : array (M, n)
    keep : float in (0, 1], :math:`\pi`

    Examples
    --------
    >>> mask_probabilities(all_masks(2), 0.8).round(2)
    array([0.04, 0.16, 0.16, 0.64])
    """
    if not 0 < keep <= 1:
        raise ValueError(f"keep is {keep}; expected a probability above 0 and at most 1")
    masks = np.asarray(masks, dtype=float)
    kept = masks.sum(axis=1)
    return keep**kept * (1 - keep) ** (masks.shape[1] - kept)


def mean_over_masks(f: Callable[[np.ndarray], np.ndarray], x: npt.ArrayLike, keep: float) -> np.ndarray:
    r"""Exact mean :math:`\sum_m P(m)\, f(m \odot x / \pi)` of a function of a vector under inverted dropout.

    Parameters
    ----------
    f : function of an array (M, n) that returns (M, ...)
    x : array (n,)
    keep : float in (0, 1]

    Examples
    --------
    >>> mean_over_masks(lambda z: z.sum(axis=1), [1.0, 2.0, 3.0], keep=0.5)
    array(6.)
    """
    x = np.asarray(x, dtype=float)
    masks = all_masks(len(x))
    return np.tensordot(mask_probabilities(masks, keep), f(masks * x / keep), axes=1)


def geometric_mean(probabilities: npt.ArrayLike, weights: npt.ArrayLike) -> np.ndarray:
    r"""Normalised geometric mean of distributions, :math:`\tilde p_k \propto \prod_m p_{mk}^{w_m}`.

    Parameters
    ----------
    probabilities : array (M, K), every row a distribution without zeros
    weights : array (M,), at least 0, sum 1

    Returns
    -------
    array (K,)

    Examples
    --------
    >>> geometric_mean([[0.5, 0.5], [0.2, 0.8]], [0.5, 0.5]).round(3)
    array([0.333, 0.667])
    """
    p, w = np.asarray(probabilities, dtype=float), np.asarray(weights, dtype=float)
    if p.ndim != 2 or w.shape != p.shape[:1]:
        raise ValueError(f"probabilities have shape {p.shape} and weights {w.shape}; expected (M, K) and (M,)")
    if p.min() <= 0:
        raise ValueError("a probability is 0, so that every geometric mean with it is 0")
    log_p = w @ np.log(p)
    log_p -= log_p.max()
    return np.exp(log_p) / np.exp(log_p).sum()


def dropout_squared_error(X: npt.ArrayLike, y: npt.ArrayLike, w: npt.ArrayLike, keep: float) -> float:
    r"""Expected squared error of linear regression whose inputs are dropped.

    .. math:: \mathbb E_m \lVert y - (M \odot X) w / \pi \rVert^2
        = \lVert y - X w \rVert^2 + \frac{1 - \pi}{\pi} \sum_i \Bigl(\sum_n x_{ni}^2\Bigr) w_i^2

    Parameters
    ----------
    X : array (N, n)
    y : array (N,)
    w : array (n,)
    keep : float in (0, 1], :math:`\pi`; every entry of X has its own mask

    Returns
    -------
    float, in squared units of y

    Examples
    --------
    >>> dropout_squared_error([[1.0]], [1.0], [1.0], keep=0.5)
    1.0
    """
    X, y, w = np.asarray(X, dtype=float), np.asarray(y, dtype=float), np.asarray(w, dtype=float)
    return float(np.sum((y - X @ w) ** 2) + (1 - keep) / keep * np.sum(X**2, axis=0) @ w**2)


def dropout_regression(X: npt.ArrayLike, y: npt.ArrayLike, keep: float) -> np.ndarray:
    r"""Weights that minimise :func:`dropout_squared_error`: ridge regression in the scale of each input.

    .. math:: w = \Bigl(X^\top X + \frac{1 - \pi}{\pi} \operatorname{diag}(X^\top X)\Bigr)^{-1} X^\top y

    Parameters
    ----------
    X : array (N, n)
    y : array (N,)
    keep : float in (0, 1)

    Returns
    -------
    array (n,)

    Examples
    --------
    >>> dropout_regression([[1.0], [2.0]], [1.0, 2.0], keep=0.8).round(6)
    array([0.8])
    """
    X, y = np.asarray(X, dtype=float), np.asarray(y, dtype=float)
    gram = X.T @ X
    return np.linalg.solve(gram + (1 - keep) / keep * np.diag(np.diag(gram)), X.T @ y)
