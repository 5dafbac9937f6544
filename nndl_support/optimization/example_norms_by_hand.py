r"""Layer, group, instance and RMS normalisation with the passes back derived by hand, in NumPy: each example by itself.

Every function with the ending ``_backward`` takes the gradient of the output and the cache that its partner returned.

Shapes: B examples, C channels (units), L positions of each channel; arrays (B, C) or (B, C, L).

References
----------
Ba, Kiros and Hinton (2016), Layer normalization, https://arxiv.org/abs/1607.06450. Wu and He (2018), Group normalization,
https://arxiv.org/abs/1803.08494. Ulyanov, Vedaldi and Lempitsky (2016), Instance normalization,
https://arxiv.org/abs/1607.08022. Zhang and Sennrich (2019), Root mean square layer normalization,
https://arxiv.org/abs/1910.07467. Qiu (2019), equations 7.49-7.52.

Examples
--------
>>> x = np.array([[1.0, 3.0, 10.0, 30.0]])
>>> group_norm(x, 2, eps=0.0)[0]
array([[-1.,  1., -1.,  1.]])
>>> y, cache = rms_norm(np.array([[3.0, 4.0]]), eps=0.0)
>>> rms_norm_backward(np.array([[3.0, 4.0]]), cache)[0].round(12)  # scaling x changes nothing
array([[0., 0.]])
"""

import numpy as np
import numpy.typing as npt

from nndl_support.optimization.standardize_by_hand import (
    Cache,
    Gradients,
    affine,
    affine_backward,
    along_last,
    batch_axes,
    checked,
    grouped,
    per_channel,
    standardize,
    standardize_backward,
)


def layer_norm(
    x: npt.ArrayLike, gamma: npt.ArrayLike | None = None, beta: npt.ArrayLike | None = None, *, eps: float = 1e-5
) -> tuple[np.ndarray, Cache]:
    """Layer normalisation: each example over its last axis, 7.49-7.52.

    Parameters
    ----------
    x : array (..., C)
    gamma, beta : array (C,), 1 and 0 unless told
    eps : float >= 0
    """
    array = np.asarray(x, dtype=float)
    return affine(standardize(array, (-1,), eps), *along_last(array, gamma, beta))


def layer_norm_backward(dy: npt.ArrayLike, cache: Cache) -> Gradients:
    """Gradients with respect to x, gamma and beta."""
    grad = np.asarray(dy, dtype=float)
    outer = tuple(range(grad.ndim - 1))
    return standardize_backward(grad * cache.gamma, cache, (-1,)), *affine_backward(grad, cache, outer)


def group_norm(
    x: npt.ArrayLike,
    n_groups: int,
    gamma: npt.ArrayLike | None = None,
    beta: npt.ArrayLike | None = None,
    *,
    eps: float = 1e-5,
) -> tuple[np.ndarray, Cache]:
    """Group normalisation: each example over groups of neighbouring channels and their positions.

    One group is layer normalisation over all channels and positions; as many groups as channels is instance normalisation.

    Parameters
    ----------
    x : array (B, C) or (B, C, L)
    n_groups : int that divides C
    gamma, beta : array (C,), 1 and 0 unless told
    eps : float >= 0
    """
    array = checked(x)
    by_group = standardize(grouped(array, n_groups), (2, 3), eps)
    cache = by_group._replace(x_hat=by_group.x_hat.reshape(array.shape))
    g, b = per_channel(array, gamma, beta)
    return cache.x_hat * g + b, cache._replace(gamma=g)


def group_norm_backward(dy: npt.ArrayLike, cache: Cache) -> Gradients:
    """Gradients with respect to x, gamma and beta; the number of groups is read from the cache."""
    grad = np.asarray(dy, dtype=float)
    n_groups = cache.scale.shape[1]
    by_group = cache._replace(x_hat=grouped(cache.x_hat, n_groups))
    by_x = standardize_backward(grouped(grad * cache.gamma, n_groups), by_group, (2, 3))
    return by_x.reshape(grad.shape), *affine_backward(grad, cache, batch_axes(grad))


def instance_norm(
    x: npt.ArrayLike, gamma: npt.ArrayLike | None = None, beta: npt.ArrayLike | None = None, *, eps: float = 1e-5
) -> tuple[np.ndarray, Cache]:
    """Instance normalisation: each channel of each example over its positions.

    Parameters
    ----------
    x : array (B, C, L) with L of at least 2
    gamma, beta : array (C,), 1 and 0 unless told
    eps : float >= 0
    """
    array = checked(x)
    if array.ndim != 3 or array.shape[2] < 2:
        raise ValueError(
            f"instance normalisation got x of shape {array.shape}; expected (B, C, L) with L of at least 2"
        )
    return affine(standardize(array, (2,), eps), *per_channel(array, gamma, beta))


def instance_norm_backward(dy: npt.ArrayLike, cache: Cache) -> Gradients:
    """Gradients with respect to x, gamma and beta."""
    grad = np.asarray(dy, dtype=float)
    return standardize_backward(grad * cache.gamma, cache, (2,)), *affine_backward(grad, cache, (0, 2))


def rms_norm(x: npt.ArrayLike, gamma: npt.ArrayLike | None = None, *, eps: float = 1e-5) -> tuple[np.ndarray, Cache]:
    r"""Divide each example by the root of its mean square; no mean is subtracted and nothing is added.

    .. math:: \hat x = x / \sqrt{\operatorname{mean}(x^2) + \epsilon}, \qquad y = \gamma \odot \hat x

    Parameters
    ----------
    x : array (..., C)
    gamma : array (C,), 1 unless told
    eps : float >= 0
    """
    array = np.asarray(x, dtype=float)
    square = (array**2).mean(axis=-1, keepdims=True)
    scale = np.sqrt(square + eps)
    g, _ = along_last(array, gamma, None)
    x_hat = array / scale
    return x_hat * g, Cache(x_hat, scale, g, np.zeros_like(square), square)


def rms_norm_backward(dy: npt.ArrayLike, cache: Cache) -> tuple[np.ndarray, np.ndarray]:
    """Gradients with respect to x and gamma: as for layer normalisation, without the term that removes the mean."""
    grad = np.asarray(dy, dtype=float)
    inner = grad * cache.gamma
    along = (inner * cache.x_hat).mean(axis=-1, keepdims=True)
    outer = tuple(range(grad.ndim - 1))
    return (inner - cache.x_hat * along) / cache.scale, (grad * cache.x_hat).sum(axis=outer)
