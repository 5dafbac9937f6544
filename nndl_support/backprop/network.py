r"""A feed-forward network as pure functions: initialise, forward pass, deltas, gradients.

Shapes: B examples in a batch, layer l has n_l units (n_0 inputs, n_L outputs). Examples are *rows*, so that a
batch is one matrix product:

.. math:: z^{(l)} = a^{(l-1)} W^{(l)} + b^{(l)}, \qquad a^{(l)} = f_l(z^{(l)}), \qquad a^{(0)} = x

with ``weights[l-1]`` = W of shape (n_{l-1}, n_l): the transpose of the W that a text with column vectors writes.

References
----------
Qiu (2019), Neural Networks and Deep Learning (in Chinese), equations 4.29-4.33 and 4.47-4.63, algorithm
4.1.

Examples
--------
A gradient, and its check:

>>> rng = np.random.default_rng(0)
>>> X, y, names = rng.normal(size=(5, 3)), rng.normal(size=(5, 2)), ["tanh", "identity"]
>>> weights, biases = initialise([3, 7, 2], names, rng)
>>> max(check_all_gradients(X, y, weights, biases, names, "squared_error", alpha=0.1)) < 1e-8
True
"""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from nndl_support.activations import registry
from nndl_support.backprop import losses
from nndl_support.backprop.gradient_check import check_gradient

Parameters = list[np.ndarray]

# Activations that hold back one half of their inputs, which the 2 in "he" makes up for.
_RECTIFIERS = {"relu", "leaky_relu", "prelu", "elu", "softplus"}
_SMOOTH_GATES = {"swish", "silu", "gelu", "gelu_tanh", "gelu_sigmoid", "mish"}


def initialise(
    sizes: Sequence[int],
    activations: Sequence[str],
    rng: np.random.Generator,
    *,
    scheme: str | float = "auto",
) -> tuple[Parameters, Parameters]:
    r"""Draw the weights; the biases start at zero.

    Parameters
    ----------
    sizes : L + 1 numbers of units, from the inputs to the outputs
    activations : L names, one for each layer after the inputs
    rng : numpy.random.Generator
    scheme : "auto", "xavier", "he", "lecun", or a number
        Standard deviation of the normal distribution: "he" :math:`\sqrt{2/n_{l-1}}`, "lecun" :math:`\sqrt{1/n_{l-1}}`, "xavier"
        :math:`\sqrt{2/(n_{l-1} + n_l)}`, four times that for a logistic or hard logistic layer (their slope at 0 is 1/4); "auto"
        takes "he" for the rectifiers and their smooth relatives (relu, leaky_relu, prelu, elu, softplus, swish, silu, mish, every
        gelu), "lecun" for selu, whose constants assume it, and "xavier" for the rest. A number sets *every* weight to it: units
        that start alike stay alike.

    Returns
    -------
    weights : list of arrays (n_{l-1}, n_l)
    biases : list of arrays (n_l,)

    Examples
    --------
    >>> weights, biases = initialise([3, 5, 2], ["relu", "softmax"], np.random.default_rng(0))
    >>> [W.shape for W in weights], [b.shape for b in biases]
    ([(3, 5), (5, 2)], [(5,), (2,)])
    """
    if len(sizes) != len(activations) + 1:
        raise ValueError(f"{len(sizes)} sizes need {len(sizes) - 1} activations, but {len(activations)} were given")
    if any(size < 1 for size in sizes):
        raise ValueError(f"every layer needs at least one unit, but the sizes are {list(sizes)}")
    weights = []
    for (fan_in, fan_out), name in zip(pairwise(sizes), activations):
        registry.get(name)
        if isinstance(scheme, int | float):
            if not np.isfinite(scheme):
                raise ValueError(f"a weight must be a finite number, but the initialisation is {scheme}")
            weights.append(np.full((fan_in, fan_out), float(scheme)))
        else:
            weights.append(rng.normal(0.0, _standard_deviation(scheme, name, fan_in, fan_out), (fan_in, fan_out)))
    return weights, [np.zeros(size) for size in sizes[1:]]


def forward(
    X: np.ndarray, weights: Parameters, biases: Parameters, activations: Sequence[str]
) -> tuple[list[np.ndarray], list[np.ndarray]]:
    r"""Run the batch through the network and keep what the backward pass needs.

    Parameters
    ----------
    X : array (B, n_0)
    weights, biases : L arrays each
    activations : L names

    Returns
    -------
    pre_activations : [z^(1), ..., z^(L)], arrays (B, n_l)
    outputs : [a^(0), a^(1), ..., a^(L)], arrays (B, n_l); a^(0) is X, the last is the prediction

    Examples
    --------
    Two ReLU units solve XOR:

    >>> X = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
    >>> weights = [np.array([[1.0, 1.0], [1.0, 1.0]]), np.array([[1.0], [-2.0]])]
    >>> forward(X, weights, [np.array([0.0, -1.0]), np.zeros(1)], ["relu", "identity"])[1][-1].ravel()
    array([0., 1., 1., 0.])
    """
    if X.shape[-1] != len(weights[0]):
        raise ValueError(f"X has {X.shape[-1]} columns, but the network has {len(weights[0])} inputs")
    pre_activations, outputs = [], [X]
    for W, b, name in zip(weights, biases, activations):
        z = outputs[-1] @ W
        z += b
        pre_activations.append(z)
        outputs.append(registry.get(name).function(z))
    return pre_activations, outputs


def deltas(
    y: np.ndarray,
    pre_activations: list[np.ndarray],
    outputs: list[np.ndarray],
    weights: Parameters,
    activations: Sequence[str],
    loss: str,
) -> list[np.ndarray]:
    r"""Error terms of all layers, from the last back to the first.

    .. math:: \delta^{(l)} = \frac{\partial L}{\partial z^{(l)}}

    .. math:: \delta^{(L)} = f_L'(z^{(L)}) \odot \frac{\partial L}{\partial a^{(L)}}, \qquad
              \delta^{(l)} = f_l'(z^{(l)}) \odot \bigl(\delta^{(l+1)} {W^{(l+1)}}^\top\bigr)

    Parameters
    ----------
    y : array (B, n_L), the targets
    pre_activations, outputs : what :func:`forward` returned
    weights : L arrays
    activations : L names
    loss : name of the loss

    Returns
    -------
    list of L arrays (B, n_l); the average over the batch is already inside

    References
    ----------
    Qiu (2019), equations 4.47-4.63, in rows instead of columns.
    """
    if y.shape != (expected := outputs[-1].shape):
        raise ValueError(f"the targets have shape {y.shape}, but the network's outputs have shape {expected}")
    chosen, last = losses.get(loss), registry.get(activations[-1])
    if last.name == chosen.partner:
        delta = (outputs[-1] - y) / len(y)  # the slopes of f_L and L cancel
    else:
        slope = chosen.derivative(y, outputs[-1])
        delta = last.pull_back(pre_activations[-1], slope)
    result = [delta]
    for layer in range(len(weights) - 1, 0, -1):
        from_above = delta @ weights[layer].T
        activation = registry.get(activations[layer - 1])
        delta = activation.pull_back(pre_activations[layer - 1], from_above)
        result.append(delta)
    return result[::-1]


def backward(
    y: np.ndarray,
    pre_activations: list[np.ndarray],
    outputs: list[np.ndarray],
    weights: Parameters,
    activations: Sequence[str],
    loss: str,
    *,
    alpha: float = 0.0,
    out: tuple[Parameters, Parameters] | None = None,
) -> tuple[Parameters, Parameters]:
    r"""Gradients of the objective by all weights and biases.

    .. math:: \frac{\partial R}{\partial W^{(l)}} = {a^{(l-1)}}^\top \delta^{(l)} + \alpha W^{(l)}, \qquad
              \frac{\partial R}{\partial b^{(l)}} = \sum_b \delta^{(l)}_b

    Parameters
    ----------
    y, pre_activations, outputs, weights, activations, loss
        As in :func:`deltas`.
    alpha : float >= 0, strength of the weight penalty (see :func:`objective`)
    out : two lists of arrays to write into, or None for new ones

    Returns
    -------
    weight_gradients : list of arrays (n_{l-1}, n_l)
    bias_gradients : list of arrays (n_l,)

    References
    ----------
    Qiu (2019), equations 4.47-4.63.
    """
    if out is None:
        out = [np.empty_like(W) for W in weights], [np.empty(W.shape[1]) for W in weights]
    errors = deltas(y, pre_activations, outputs, weights, activations, loss)
    for W, below, delta, by_weight, by_bias in zip(weights, outputs, errors, *out):
        np.matmul(below.T, delta, out=by_weight)
        if alpha:
            by_weight += alpha * W
        delta.sum(axis=0, out=by_bias)
    return out


def loss_value(
    y: np.ndarray, pre_activations: list[np.ndarray], outputs: list[np.ndarray], activations: Sequence[str], loss: str
) -> float:
    """Return the loss of a forward pass, from the last pre-activations where that is more exact."""
    chosen = losses.get(loss)
    if activations[-1] == chosen.partner:
        return chosen.of_pre_activation(y, pre_activations[-1])
    return chosen.function(y, outputs[-1])


def objective(
    X: np.ndarray,
    y: np.ndarray,
    weights: Parameters,
    biases: Parameters,
    activations: Sequence[str],
    loss: str,
    *,
    alpha: float = 0.0,
) -> float:
    r"""Structural risk: the mean loss plus the penalty of the weights, and of the weights alone.

    .. math:: R(W, b) = \frac{1}{B}\sum_b L_b + \frac{\alpha}{2} \sum_l \lVert W^{(l)} \rVert_F^2

    Biases are not penalised: a bias shifts a unit's threshold and does not make the function steeper.

    Notes
    -----
    scikit-learn divides the penalty by the batch size; its ``alpha`` is B times this one.

    References
    ----------
    Qiu (2019), equations 4.39-4.42 and exercise 4-7.
    """
    pre_activations, outputs = forward(X, weights, biases, activations)
    return loss_value(y, pre_activations, outputs, activations, loss) + penalty(weights, alpha)


def penalty(weights: Parameters, alpha: float) -> float:
    r"""Weight penalty :math:`\frac{\alpha}{2} \sum_l \lVert W^{(l)} \rVert_F^2`."""
    return alpha / 2 * sum(float(W.ravel() @ W.ravel()) for W in weights) if alpha else 0.0


def check_all_gradients(
    X: np.ndarray,
    y: np.ndarray,
    weights: Parameters,
    biases: Parameters,
    activations: Sequence[str],
    loss: str,
    *,
    alpha: float = 0.0,
    rtol: float = 1e-8,
) -> list[float]:
    """Compare what :func:`backward` returns with central differences of :func:`objective`, layer by layer.

    Parameters
    ----------
    X, y, weights, biases, activations, loss, alpha
        As in :func:`objective`.
    rtol : float > 0, the largest relative error that passes

    Returns
    -------
    list of 2 L floats: the relative error of each weight matrix, then of each bias vector

    Raises
    ------
    AssertionError
        When a gradient is off by more than rtol (:func:`nndl_support.backprop.gradient_check.check_gradient`).
    """
    parameters = [*weights, *biases]
    passed = forward(X, weights, biases, activations)
    weight_gradients, bias_gradients = backward(y, *passed, weights, activations, loss, alpha=alpha)
    errors = []
    for i, gradient in enumerate([*weight_gradients, *bias_gradients]):

        def moved(parameter: np.ndarray, i: int = i) -> float:
            changed = [*parameters[:i], parameter, *parameters[i + 1 :]]
            n_layers = len(weights)
            return objective(X, y, changed[:n_layers], changed[n_layers:], activations, loss, alpha=alpha)

        errors.append(check_gradient(moved, gradient, parameters[i], rtol=rtol))
    return errors


def _standard_deviation(scheme: str, activation: str, fan_in: int, fan_out: int) -> float:
    if scheme == "auto":
        half_open = activation in _RECTIFIERS | _SMOOTH_GATES
        scheme = "he" if half_open else "lecun" if activation == "selu" else "xavier"
    if scheme == "he":
        return float(np.sqrt(2 / fan_in))
    if scheme == "lecun":
        return float(np.sqrt(1 / fan_in))
    if scheme == "xavier":
        return float(np.sqrt(2 / (fan_in + fan_out))) * (4 if activation in {"logistic", "hard_logistic"} else 1)
    raise ValueError(
        f"unknown initialisation {scheme!r}; known are auto, he, lecun, xavier, or a number for all weights"
    )
