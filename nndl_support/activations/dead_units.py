r"""Dead rectifiers: units that are silent on all data, how they are made, found and revived.

A ReLU unit is dead when its net input is negative or 0 for *every* example. Its output and its slope are then 0 for every
example too, so that no gradient reaches its weights, its bias, or the weights that lead on from it.

Shapes: B examples, D inputs, H units.

References
----------
Qiu (2019), Neural Networks and Deep Learning (in Chinese), section 4.1.2 and exercise 4-3; Lu, Shin, Su and Karniadakis (2020),
Dying ReLU and initialization: theory and numerical examples, https://arxiv.org/abs/1903.06733 (networks that are born dead).
"""

import numpy as np
import numpy.typing as npt

from nndl_support.activations.rectifiers import relu
from nndl_support.activations.sigmoid_family import _floats


def is_dead(z: npt.ArrayLike) -> np.ndarray:
    """Tell of each unit whether its net input is never positive.

    Parameters
    ----------
    z : array (B, H), net inputs on all the data

    Returns
    -------
    array (H,) of bool

    Examples
    --------
    >>> is_dead([[-1.0, -1.0], [-2.0, 3.0]])
    array([ True, False])
    """
    z = _floats(z, "z")
    if z.ndim != 2 or len(z) == 0:
        raise ValueError(f"z must be of shape (B, H) with at least one example, but has shape {z.shape}")
    if np.isnan(z).any():
        raise ValueError("z contains NaN, of which nobody can say whether it is positive")
    return np.all(z <= 0, axis=0)


def deadly_bias(X: npt.ArrayLike, w: npt.ArrayLike, *, margin: float = 1.0) -> float:
    """Return the bias with which a unit of these weights is dead on these data.

    Parameters
    ----------
    X : array (B, D)
    w : array (D,)
    margin : float >= 0, how far below 0 the largest net input shall lie

    Examples
    --------
    >>> deadly_bias([[1.0, 0.0], [0.0, 2.0]], [3.0, 2.0])
    -5.0
    """
    if not 0 <= margin < np.inf:
        raise ValueError(f"margin must be a finite number of at least 0, but is {margin}")
    X, w = _data_and_weights(X, w)
    return float(-(X @ w).max() - margin)


def normalised(X: npt.ArrayLike, w: npt.ArrayLike) -> tuple[np.ndarray, float]:
    """Return weights and a bias of the same direction whose net inputs have mean 0 and variance 1 on these data.

    What a layer of batch normalisation does in every step, done once. Such a unit cannot be dead.

    Parameters
    ----------
    X : array (B, D)
    w : array (D,)

    Returns
    -------
    weights : array (D,)
    bias : float

    Raises
    ------
    ValueError
        When the net input is the same for all examples.

    Examples
    --------
    >>> normalised([[1.0], [3.0], [5.0]], [2.0])
    (array([0.61237244]), -1.8371173070873836)
    """
    X, w = _data_and_weights(X, w)
    net_input = X @ w
    deviation = net_input.std()
    if not deviation > 1e-12 * np.abs(net_input).max():
        raise ValueError("the unit has the same net input for all examples, so that nothing can be normalised")
    return w / deviation, float(-net_input.mean() / deviation)


def born_dead_probability(width: int, depth: int) -> float:
    r"""Probability that a fresh ReLU network without biases maps a given input to zero.

    .. math:: 1 - (1 - 2^{-n})^L

    With weights drawn symmetrically about 0, each of the n units of a layer is silent with probability 1/2, independently,
    as long as anything arrives; the layer is silent when all of them are, and then all layers above it are.

    Parameters
    ----------
    width : int, units n in each layer
    depth : int, layers L

    Examples
    --------
    >>> born_dead_probability(1, 1), round(born_dead_probability(2, 20), 4)
    (0.5, 0.9968)
    """
    if width < 1 or depth < 1:
        raise ValueError(f"width={width} and depth={depth} must both be at least 1")
    return 1 - (1 - 0.5**width) ** depth


def born_dead_share(width: int, depth: int, rng: np.random.Generator, *, n_networks: int = 1000) -> float:
    """Draw networks without biases and return the share of them that maps an input of ones to zero.

    Parameters
    ----------
    width, depth : int
    rng : numpy.random.Generator
    n_networks : int

    Examples
    --------
    >>> born_dead_share(50, 3, np.random.default_rng(0), n_networks=10)
    0.0
    """
    if min(width, depth, n_networks) < 1:
        raise ValueError(f"width={width}, depth={depth} and n_networks={n_networks} must all be at least 1")
    a = np.ones((n_networks, width, 1))
    for _ in range(depth):
        a = relu(rng.normal(size=(n_networks, width, width)) @ a)
        a /= np.maximum(a.max(axis=1, keepdims=True), np.finfo(float).tiny)  # only the signs count
    return float(np.mean(~a.any(axis=(1, 2))))


def _data_and_weights(X: npt.ArrayLike, w: npt.ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    X, w = _floats(X, "X"), _floats(w, "w")
    if X.ndim != 2 or len(X) == 0 or w.shape != X.shape[1:]:
        raise ValueError(f"X has shape {X.shape} and w {w.shape}; expected (B, D) and (D,), with at least one example")
    if not (np.isfinite(X).all() and np.isfinite(w).all()):
        raise ValueError("X and w must be finite")
    return X, w
