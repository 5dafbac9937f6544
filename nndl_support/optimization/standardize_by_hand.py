r"""Standardise a set of entries, and the pass back derived by hand: what four normalisation layers share, in NumPy.

For one set of m entries with mean :math:`\mu`, biased variance :math:`\sigma^2` and :math:`s = \sqrt{\sigma^2 + \epsilon}`,

.. math:: \hat x_i = \frac{x_i - \mu}{s}, \qquad
    \frac{\partial \hat x_i}{\partial x_j} = \frac1s \Bigl( \delta_{ij} - \frac1m - \frac{\hat x_i \hat x_j}{m} \Bigr),

because :math:`\partial\mu/\partial x_j = 1/m` and :math:`\partial s/\partial x_j = (x_j - \mu)/(m s) = \hat x_j/m`. The
Jacobian is symmetric, so that the pass back is the same matrix applied to the gradient :math:`g` of :math:`\hat x`:

.. math:: \frac{\partial L}{\partial x} =
    \frac1s \Bigl( g - \operatorname{mean}(g) - \hat x \operatorname{mean}(g \odot \hat x) \Bigr).

What comes back sums to zero and is orthogonal to :math:`\hat x` (exactly so when :math:`\epsilon = 0`): an error can neither
move the mean of the set nor its spread.

Shapes: B examples, C channels (units), L positions of each channel; arrays (B, C) or (B, C, L).

Examples
--------
>>> cache = standardize([[1.0, 10.0], [3.0, 30.0]], axes=(0,), eps=0.0)
>>> cache.x_hat, cache.scale
(array([[-1., -1.],
       [ 1.,  1.]]), array([[ 1., 10.]]))
>>> standardize_backward(np.array([[1.0, 0.0], [0.0, 0.0]]), cache, (0,))
array([[0., 0.],
       [0., 0.]])
>>> batch_axes(np.zeros((5, 3, 2))), grouped(np.zeros((5, 6, 2)), 3).shape
((0, 2), (5, 3, 2, 2))
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Gradients = tuple[np.ndarray, np.ndarray, np.ndarray]


class Cache(NamedTuple):
    """What a pass forward leaves for the pass back.

    Attributes
    ----------
    x_hat : array of the shape of x, standardised
    scale : array that broadcasts against x, the divisor s
    gamma : array that broadcasts against x
    mean, variance : arrays that broadcast against x; the variance is biased
    """

    x_hat: np.ndarray
    scale: np.ndarray
    gamma: np.ndarray
    mean: np.ndarray
    variance: np.ndarray


def standardize(x: npt.ArrayLike, axes: tuple[int, ...], eps: float = 1e-5) -> Cache:
    """Mean 0 and (up to eps) variance 1 of the entries along the given axes; gamma is 1 here.

    Parameters
    ----------
    x : array
    axes : axes whose entries belong together
    eps : float >= 0, added to the variance under the root
    """
    array = np.asarray(x, dtype=float)
    if not eps >= 0:
        raise ValueError(f"eps must be at least 0, but is {eps}")
    mean = array.mean(axis=axes, keepdims=True)
    centred = array - mean
    variance = (centred**2).mean(axis=axes, keepdims=True)
    scale = np.sqrt(variance + eps)
    if (scale == 0).any():
        raise ValueError(
            f"{(scale == 0).sum()} of {scale.size} sets of entries are constant: with eps=0 they have no scale"
        )
    return Cache(centred / scale, scale, np.ones_like(scale), mean, variance)


def standardize_backward(grad: np.ndarray, cache: Cache, axes: tuple[int, ...]) -> np.ndarray:
    r"""Gradient with respect to x of a loss whose gradient with respect to :math:`\hat x` is ``grad``."""
    mean = grad.mean(axis=axes, keepdims=True)
    along = (grad * cache.x_hat).mean(axis=axes, keepdims=True)
    return (grad - mean - cache.x_hat * along) / cache.scale


def affine(cache: Cache, gamma: np.ndarray, beta: np.ndarray) -> tuple[np.ndarray, Cache]:
    """Scale and shift what was standardised; the cache returned knows gamma."""
    return cache.x_hat * gamma + beta, cache._replace(gamma=gamma)


def affine_backward(dy: np.ndarray, cache: Cache, axes: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Gradients with respect to gamma and beta, which are repeated along the axes."""
    return (dy * cache.x_hat).sum(axis=axes), dy.sum(axis=axes)


def checked(x: npt.ArrayLike) -> np.ndarray:
    """The input as an array (B, C) or (B, C, L), or ValueError."""
    array = np.asarray(x, dtype=float)
    if array.ndim not in (2, 3):
        raise ValueError(f"x has shape {array.shape}; expected (B, C) or (B, C, L)")
    return array


def batch_axes(array: np.ndarray) -> tuple[int, ...]:
    """All axes but that of the channels."""
    return (0,) if array.ndim == 2 else (0, 2)


def grouped(array: np.ndarray, n_groups: int) -> np.ndarray:
    """The channels in groups of neighbours: (B, n_groups, C / n_groups, L)."""
    n_channels = array.shape[1]
    if n_groups < 1 or n_channels % n_groups:
        raise ValueError(f"{n_channels} channels cannot be divided into {n_groups} groups of equal size")
    return array.reshape(len(array), n_groups, n_channels // n_groups, -1)


def along_last(
    array: np.ndarray, gamma: npt.ArrayLike | None, beta: npt.ArrayLike | None
) -> tuple[np.ndarray, np.ndarray]:
    """Vectors gamma and beta for the last axis, 1 and 0 where none are given; ValueError when their sizes do not fit."""
    return _filled(array.shape[-1], gamma, beta)


def per_channel(
    array: np.ndarray, gamma: npt.ArrayLike | None, beta: npt.ArrayLike | None
) -> tuple[np.ndarray, np.ndarray]:
    """The same for axis 1."""
    shape = (1, -1) + (1,) * (array.ndim - 2)
    g, b = _filled(array.shape[1], gamma, beta)
    return g.reshape(shape), b.reshape(shape)


def _filled(size: int, gamma: npt.ArrayLike | None, beta: npt.ArrayLike | None) -> tuple[np.ndarray, np.ndarray]:
    pair = []
    for name, values, default in (("gamma", gamma, 1.0), ("beta", beta, 0.0)):
        filled = np.full(size, default) if values is None else np.asarray(values, dtype=float)
        if filled.shape != (size,):
            raise ValueError(f"{name} has shape {filled.shape}, but x has {size} channels; expected ({size},)")
        pair.append(filled)
    return pair[0], pair[1]
