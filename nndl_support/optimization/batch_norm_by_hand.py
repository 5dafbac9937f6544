r"""Batch normalisation (批量归一化) with the pass back derived by hand, its running statistics and inference, in NumPy.

Equation 7.46 of Qiu, with the statistics 7.44-7.45 of the mini-batch:

.. math:: \hat z = \gamma \odot \frac{z - \mu_{\mathcal B}}{\sqrt{\sigma^2_{\mathcal B} + \epsilon}} + \beta

Shapes: B examples, C channels (units), L positions of each channel; arrays (B, C) or (B, C, L).

References
----------
Ioffe and Szegedy (2015), Batch normalization, https://arxiv.org/abs/1502.03167. Qiu (2019), equations 7.42-7.48.

Examples
--------
>>> x = np.array([[1.0, 10.0], [3.0, 30.0]])
>>> y, cache = batch_norm(x, gamma=[1.0, 2.0], eps=0.0)
>>> y
array([[-1., -2.],
       [ 1.,  2.]])
>>> by_x, by_gamma, by_beta = batch_norm_backward([[1.0, 0.0], [0.0, 1.0]], cache)
>>> by_gamma, by_beta
(array([-1.,  1.]), array([1., 1.]))
>>> mean, variance = update_running_statistics(np.zeros(2), np.ones(2), cache, n_values=2, momentum=0.5)
>>> mean, variance
(array([ 1., 10.]), array([  1.5, 100.5]))
>>> batch_norm_inference([[1.0, 10.0]], mean, variance)
array([[0., 0.]])
"""

import numpy as np
import numpy.typing as npt

from nndl_support.optimization.standardize_by_hand import (
    Cache,
    Gradients,
    affine,
    affine_backward,
    batch_axes,
    checked,
    per_channel,
    standardize,
    standardize_backward,
)


def batch_norm(
    x: npt.ArrayLike, gamma: npt.ArrayLike | None = None, beta: npt.ArrayLike | None = None, *, eps: float = 1e-5
) -> tuple[np.ndarray, Cache]:
    """Batch normalisation in training mode: each channel over all examples (and positions), 7.44-7.47.

    Parameters
    ----------
    x : array (B, C) or (B, C, L), with at least two values per channel
    gamma, beta : array (C,), 1 and 0 unless told
    eps : float >= 0

    Returns
    -------
    array of the shape of x, Cache

    Raises
    ------
    ValueError
        When a channel has one value only: its mean is itself, and everything would become beta.
    """
    array = checked(x)
    if array.size // array.shape[1] < 2:
        raise ValueError(
            f"batch normalisation got x of shape {array.shape}, one value per channel; expected at least 2 in training mode"
        )
    axes = batch_axes(array)
    return affine(standardize(array, axes, eps), *per_channel(array, gamma, beta))


def batch_norm_backward(dy: npt.ArrayLike, cache: Cache) -> Gradients:
    """Gradients with respect to x, gamma and beta."""
    grad = np.asarray(dy, dtype=float)
    axes = batch_axes(grad)
    return standardize_backward(grad * cache.gamma, cache, axes), *affine_backward(grad, cache, axes)


def update_running_statistics(
    mean: npt.ArrayLike, variance: npt.ArrayLike, cache: Cache, n_values: int, momentum: float = 0.1
) -> tuple[np.ndarray, np.ndarray]:
    r"""Moving averages of the statistics of mini-batches, in PyTorch's convention.

    .. math:: \bar\mu \leftarrow (1 - \rho)\,\bar\mu + \rho\,\mu_{\mathcal B}, \qquad
        \bar\sigma^2 \leftarrow (1 - \rho)\,\bar\sigma^2 + \rho\,\tfrac{m}{m-1}\,\sigma^2_{\mathcal B}

    Parameters
    ----------
    mean, variance : array (C,), the averages so far
    cache : Cache of :func:`batch_norm`
    n_values : int of at least 2
        m, the values per channel in the batch: what is *kept* is the unbiased variance, though the batch was *divided* by the
        biased one.
    momentum : float in [0, 1]
        The weight of the new batch, not of the old average.
    """
    unbiased = cache.variance.ravel() * n_values / (n_values - 1)
    return (
        (1 - momentum) * np.asarray(mean, dtype=float) + momentum * cache.mean.ravel(),
        (1 - momentum) * np.asarray(variance, dtype=float) + momentum * unbiased,
    )


def batch_norm_inference(
    x: npt.ArrayLike,
    mean: npt.ArrayLike,
    variance: npt.ArrayLike,
    gamma: npt.ArrayLike | None = None,
    beta: npt.ArrayLike | None = None,
    *,
    eps: float = 1e-5,
) -> np.ndarray:
    """Batch normalisation in evaluation mode: an affine map with statistics that were kept; one example is enough."""
    array = checked(x)
    kept_mean, kept_variance = per_channel(array, mean, variance)
    g, b = per_channel(array, gamma, beta)
    return (array - kept_mean) / np.sqrt(kept_variance + eps) * g + b
