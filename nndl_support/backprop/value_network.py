r"""A multilayer perceptron on :class:`nndl_support.backprop.reverse_mode.Value`: only the forward pass, the tape does the rest.

Shapes: B examples, layer l maps n_{l-1} to n_l units; the weights W are (n_{l-1}, n_l), the biases b are (n_l,).

References
----------
Karpathy (2020), micrograd, https://github.com/karpathy/micrograd (the network and the loss of its demo, there unit by unit).

Examples
--------
>>> layers = initialise([2, 3, 1], np.random.default_rng(0))
>>> X, y = np.array([[0.0, 1.0], [1.0, 0.0]]), [-1, 1]
>>> loss = max_margin_loss(scores(layers, X), y) + weight_penalty(layers, 1e-4)
>>> gradient_step(layers, loss, learning_rate=0.1)
>>> len(parameters(layers)), bool(max_margin_loss(scores(layers, X), y) < loss)
(4, True)
>>> cross_entropy(Value([[0.0, 0.0]]), [1])             # ln 2: a guess among two
Value(data=0.693, grad=0.0)
"""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from nndl_support.backprop.reverse_mode import Value

Layers = list[tuple[Value, Value]]


def initialise(sizes: Sequence[int], rng: np.random.Generator) -> Layers:
    r"""Weights uniform in :math:`\pm\sqrt{6 / n_{l-1}}`, which keeps the variance through ReLU layers; biases zero.

    Parameters
    ----------
    sizes : numbers of units, inputs first
    rng : numpy.random.Generator

    Returns
    -------
    list of (W, b), one pair per layer

    Examples
    --------
    >>> [W.shape for W, b in initialise([2, 16, 1], np.random.default_rng(0))]
    [(2, 16), (16, 1)]
    """
    pairs = pairwise(sizes)
    return [(Value(rng.uniform(-1, 1, (n, m)) * np.sqrt(6 / n)), Value(np.zeros(m))) for n, m in pairs]


def parameters(layers: Layers) -> list[Value]:
    """All weights and biases, layer by layer."""
    return [p for layer in layers for p in layer]


def scores(layers: Layers, X: npt.ArrayLike) -> Value:
    """Forward pass: ReLU in the hidden layers, nothing after the last.

    Parameters
    ----------
    layers : list of (W, b)
    X : array (B, n_0)

    Returns
    -------
    Value (B, n_L)

    Raises
    ------
    ValueError
        When X has another width than the first layer.
    """
    X = np.asarray(X, dtype=np.float64)
    width = layers[0][0].shape[0]
    if X.ndim != 2 or X.shape[1] != width:
        raise ValueError(f"X has shape {X.shape}, but the network has {width} inputs: expected (B, {width})")
    W, b = layers[0]
    z = X @ W + b
    for W, b in layers[1:]:
        z = z.relu() @ W + b
    return z


def max_margin_loss(z: Value, y: npt.ArrayLike) -> Value:
    r"""Mean hinge loss of a support vector machine.

    .. math:: \frac{1}{B} \sum_i \max(0,\; 1 - y_i z_i)

    Parameters
    ----------
    z : Value (B, 1), scores
    y : array (B,), labels -1 or 1

    Returns
    -------
    Value holding one number
    """
    y = np.asarray(y, dtype=np.float64)
    if z.shape != (len(y), 1):
        raise ValueError(f"the scores have shape {z.shape}, but {len(y)} labels need ({len(y)}, 1)")
    return (1.0 - z * y[:, None]).relu().mean()


def cross_entropy(z: Value, labels: npt.ArrayLike) -> Value:
    r"""Mean negative log-likelihood of a softmax classifier.

    .. math:: \frac{1}{B} \sum_i \Bigl(\log \sum_k e^{z_{ik}} - z_{i, y_i}\Bigr)

    Parameters
    ----------
    z : Value (B, K), scores
    labels : array (B,) of integers 0, ..., K - 1

    Returns
    -------
    Value holding one number, in nats
    """
    labels = np.asarray(labels)
    if len(z.shape) != 2 or labels.shape != z.shape[:1]:
        raise ValueError(f"scores (B, K) and labels (B,) expected, but got {z.shape} and {labels.shape}")
    if labels.dtype.kind not in "iu" or labels.min() < 0 or labels.max() >= z.shape[1]:
        raise ValueError(f"labels must be integers from 0 to {z.shape[1] - 1}, but got {np.unique(labels)[:9]}")
    return (z.logsumexp(axis=1) - z[np.arange(len(labels)), labels]).mean()


def weight_penalty(layers: Layers, alpha: float) -> Value:
    r""":math:`\alpha` times the sum of squares of all weights and biases (biases too, as in micrograd's demo)."""
    total = Value(0.0)
    for p in parameters(layers):
        total = total + (p * p).sum()
    return total * alpha


def gradient_step(layers: Layers, loss: Value, learning_rate: float) -> None:
    """Clear the gradients, run the tape backwards, move every parameter against its gradient.

    Parameters
    ----------
    layers : list of (W, b), changed in place
    loss : Value holding one number, computed from the layers
    learning_rate : float
    """
    for p in parameters(layers):
        p.grad = np.zeros_like(p.data)
    loss.backward()
    for p in parameters(layers):
        p.data = p.data - learning_rate * p.grad
