r"""One network, three faces: the same function written with logistic, shifted logistic or tanh units.

A hidden unit of any of the forms computes

.. math:: f(z) = s\,\sigma(g z) + c

with (s, g, c) = (1, 1, 0) for the logistic unit, (1, 1, -1/2) for the shifted one, and (2, 2, -1) for tanh. What one form
computes, each of the others computes too, with other weights (:func:`rewrite`). Gradient descent, however, descends in the
weights, and there the forms differ: only the logistic unit hands a mean of about 1/2 to the next layer, the bias shift.

Shapes: B examples, layer l has n_l units; weights[l] is (n_l, n_{l+1}), biases[l] is (n_{l+1},). Hidden layers have one form,
the output is softmax with cross-entropy.

References
----------
LeCun, Kanter and Solla (1991), Eigenvalues of covariance matrices: application to neural-network learning, Physical Review
Letters 66(18), 2396-2399, https://doi.org/10.1103/PhysRevLett.66.2396; LeCun, Bottou, Orr and Müller (1998), Efficient
BackProp, sections 4.3 and 4.4. Qiu (2019), exercise 4-1.

Examples
--------
>>> rng = np.random.default_rng(0)
>>> weights, biases = start((3, 7, 2), rng)
>>> X = rng.normal(size=(5, 3))
>>> as_logistic = forward(X, weights, biases, FORMS["logistic"])[-1]
>>> as_tanh = forward(X, *rewrite(weights, biases, FORMS["tanh"]), FORMS["tanh"])[-1]
>>> bool(np.allclose(as_logistic, as_tanh, rtol=0, atol=1e-14))
True
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from nndl_support.activations.sigmoid_family import log_softmax, logistic, logistic_derivative, softmax

Parameters = list[np.ndarray]


class Form(NamedTuple):
    """The constants of f(z) = scale * logistic(gain * z) + offset."""

    scale: float
    gain: float
    offset: float


FORMS = {"logistic": Form(1, 1, 0), "shifted": Form(1, 1, -0.5), "tanh": Form(2, 2, -1)}


def start(sizes: Sequence[int], rng: np.random.Generator) -> tuple[Parameters, Parameters]:
    r"""Draw a network of logistic units: standard deviation :math:`4\sqrt{2/(n_l + n_{l+1})}`, biases that centre.

    The biases are such that a hidden unit at its mean 1/2 adds nothing: :math:`b = -\tfrac12 \sum_i W_{i:}` (0 in the
    first layer), so that the other forms start with biases of zero.
    """
    weights = [rng.normal(scale=4 * np.sqrt(2 / (a + b)), size=(a, b)) for a, b in pairwise(sizes)]
    biases = [np.zeros(sizes[1]), *(-W.sum(axis=0) / 2 for W in weights[1:])]
    return weights, biases


def rewrite(weights: Parameters, biases: Parameters, form: Form) -> tuple[Parameters, Parameters]:
    """Return the weights and biases with which units of ``form`` compute what these compute with logistic units."""
    new_weights, new_biases = [], []
    for layer, (W, b) in enumerate(zip(weights, biases)):
        # The units below send s h + c instead of h, the units here read g z instead of z.
        scale, offset = (1.0, 0.0) if layer == 0 else (form.scale, form.offset)
        gain = 1.0 if layer == len(weights) - 1 else form.gain
        new_weights.append(W / (scale * gain))
        new_biases.append((b - offset / scale * W.sum(axis=0)) / gain)
    return new_weights, new_biases


def forward(X: np.ndarray, weights: Parameters, biases: Parameters, form: Form) -> list[np.ndarray]:
    """Return the inputs, the outputs of each hidden layer, and last the scores before the softmax."""
    outputs = [X]
    for layer, (W, b) in enumerate(zip(weights, biases)):
        z = outputs[-1] @ W + b
        last = layer == len(weights) - 1
        outputs.append(z if last else form.scale * logistic(form.gain * z) + form.offset)
    return outputs


def loss(X: np.ndarray, y: np.ndarray, weights: Parameters, biases: Parameters, form: Form) -> float:
    """Mean cross-entropy in nats; y is one-hot, array (B, K)."""
    return float(-(y * log_softmax(forward(X, weights, biases, form)[-1])).sum() / len(X))


def gradients(
    X: np.ndarray, y: np.ndarray, weights: Parameters, biases: Parameters, form: Form
) -> tuple[Parameters, Parameters]:
    """Gradients of :func:`loss` by weights and biases, by back-propagation."""
    outputs = forward(X, weights, biases, form)
    delta = (softmax(outputs[-1]) - y) / len(X)
    by_weights, by_biases = [], []
    for layer in range(len(weights) - 1, -1, -1):
        by_weights.append(outputs[layer].T @ delta)
        by_biases.append(delta.sum(axis=0))
        if layer:
            z = outputs[layer - 1] @ weights[layer - 1] + biases[layer - 1]
            delta = delta @ weights[layer].T * (form.scale * form.gain * logistic_derivative(form.gain * z))
    return by_weights[::-1], by_biases[::-1]


def train(
    X: np.ndarray,
    y: np.ndarray,
    weights: Parameters,
    biases: Parameters,
    form: Form,
    *,
    learning_rate: float,
    n_epochs: int,
    rng: np.random.Generator,
    batch_size: int = 32,
) -> tuple[list[float], Parameters, Parameters]:
    """Descend by mini-batches, without momentum; the weights given are not changed.

    Returns
    -------
    losses : list of n_epochs + 1 floats, the mean loss over all the data before the first and after every epoch
    weights, biases : the learnt ones
    """
    weights, biases = [W.copy() for W in weights], [b.copy() for b in biases]
    losses = [loss(X, y, weights, biases, form)]
    for _ in range(n_epochs):
        order = rng.permutation(len(X))
        for first in range(0, len(X), batch_size):
            rows = order[first : first + batch_size]
            slopes = gradients(X[rows], y[rows], weights, biases, form)
            for p, slope in zip([*weights, *biases], [*slopes[0], *slopes[1]]):
                p -= learning_rate * slope
        losses.append(loss(X, y, weights, biases, form))
    return losses, weights, biases


def output_hessian(X: np.ndarray, weights: Parameters, biases: Parameters, form: Form) -> np.ndarray:
    r"""Hessian of the loss by the weights and biases of the *last* layer, exactly.

    The scores are linear in those weights, so that the Hessian is the Gauss-Newton matrix, and no label enters:

    .. math:: H = \frac1B \sum_n \bigl(\operatorname{diag} p_n - p_n p_n^\top\bigr) \otimes \tilde a_n \tilde a_n^\top,
              \qquad \tilde a_n = (1, a_n)

    with a the outputs of the last hidden layer.

    Returns
    -------
    array (K (1 + H), K (1 + H)), for each class in turn its bias and its H weights
    """
    outputs = forward(X, weights, biases, form)
    p, a = softmax(outputs[-1]), np.insert(outputs[-2], 0, 1.0, axis=1)
    n_classes, n_inputs = p.shape[1], a.shape[1]
    blocks = np.empty((n_classes, n_inputs, n_classes, n_inputs))
    for k in range(n_classes):
        for j in range(n_classes):
            curvature = p[:, k] * ((k == j) - p[:, j])
            blocks[k, :, j] = (a * curvature[:, None]).T @ a / len(X)
    return blocks.reshape(n_classes * n_inputs, -1)
