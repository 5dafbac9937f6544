r"""The squared error of many small networks at once, as a function of their weights written as one vector.

The strategies that search weight space see a network as a point in it. Here a network has D inputs, one hidden
layer of H logistic units and one logistic output, and thousands of them are evaluated in a handful of array
operations.

Shapes: N examples, D inputs, H hidden units, P = H (D + 2) + 1 parameters per network; ``...`` are the networks. The
parameters are stored in the order of ``split``.

References
----------
Zhou (2016), 机器学习, section 5.3: equations 5.3 and 5.4, thresholds written as biases.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from nndl_support.activations.sigmoid_family import logistic


def n_parameters(n_inputs: int, n_hidden: int) -> int:
    """Weights and biases of one network: H (D + 2) + 1.

    Parameters
    ----------
    n_inputs, n_hidden : int >= 1

    Returns
    -------
    int

    Examples
    --------
    >>> n_parameters(2, 2)
    9
    """
    return n_hidden * (n_inputs + 2) + 1


def split(parameters: npt.ArrayLike, n_inputs: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Weights and biases of both layers, cut out of parameter vectors.

    Parameters
    ----------
    parameters : array (..., P)
    n_inputs : int >= 1

    Returns
    -------
    tuple of arrays (..., D, H), (..., H), (..., H), (...)
        Weights and biases into the hidden layer, weights and bias into the output.

    Raises
    ------
    ValueError
        When no number of hidden units has P parameters.

    Examples
    --------
    >>> [part.shape for part in split(np.zeros((5, 9)), 2)]
    [(5, 2, 2), (5, 2), (5, 2), (5,)]
    """
    theta = np.asarray(parameters, dtype=float)
    n_hidden, rest = divmod(theta.shape[-1] - 1, n_inputs + 2)
    if rest or n_hidden < 1:
        raise ValueError(
            f"{theta.shape[-1]} parameters do not fit a network of {n_inputs} inputs: "
            f"expected H * {n_inputs + 2} + 1 for H >= 1"
        )
    cut = n_inputs * n_hidden
    return (
        theta[..., :cut].reshape(*theta.shape[:-1], n_inputs, n_hidden),
        theta[..., cut : cut + n_hidden],
        theta[..., cut + n_hidden : cut + 2 * n_hidden],
        theta[..., -1],
    )


def outputs(parameters: npt.ArrayLike, X: npt.ArrayLike) -> np.ndarray:
    """Answers of every network to every example.

    Parameters
    ----------
    parameters : array (..., P)
    X : array (N, D)

    Returns
    -------
    array (..., N), in (0, 1)

    Examples
    --------
    >>> outputs(np.zeros(9), [[0.0, 1.0], [1.0, 1.0]])
    array([0.5, 0.5])
    """
    X = np.asarray(X, dtype=float)
    W1, b1, w2, b2 = split(parameters, X.shape[1])
    return _forward(W1, b1, w2, b2, X)[1]


def squared_error(parameters: npt.ArrayLike, X: npt.ArrayLike, y: npt.ArrayLike) -> np.ndarray:
    r"""Mean over the examples of half the squared error.

    .. math:: E = \frac{1}{N} \sum_{n=1}^{N} \frac{1}{2} (\hat{y}_n - y_n)^2

    Parameters
    ----------
    parameters : array (..., P)
    X : array (N, D)
    y : array (N,)

    Returns
    -------
    array (...)

    Examples
    --------
    >>> squared_error(np.zeros(9), [[0, 0], [0, 1], [1, 0], [1, 1]], [0, 1, 1, 0])
    array(0.125)
    """
    return np.asarray(0.5 * np.mean((outputs(parameters, X) - np.asarray(y, dtype=float)) ** 2, axis=-1))


def squared_error_gradient(parameters: npt.ArrayLike, X: npt.ArrayLike, y: npt.ArrayLike) -> np.ndarray:
    """Gradient of ``squared_error`` by back-propagation, for every network.

    Parameters
    ----------
    parameters : array (..., P)
    X : array (N, D)
    y : array (N,)

    Returns
    -------
    array (..., P)

    Examples
    --------
    >>> squared_error_gradient(np.zeros(9), [[0, 0], [0, 1], [1, 0], [1, 1]], [0, 1, 1, 0])
    array([0., 0., 0., 0., 0., 0., 0., 0., 0.])
    """
    X = np.asarray(X, dtype=float)
    W1, b1, w2, b2 = split(parameters, X.shape[1])
    hidden, answer = _forward(W1, b1, w2, b2, X)
    # delta of the output unit, then of the hidden units: Zhou (2016), 5.10 and 5.15, with the sign of descent left
    # to the caller.
    delta_output = (answer - np.asarray(y, dtype=float)) * answer * (1.0 - answer) / len(X)  # (..., N)
    delta_hidden = delta_output[..., :, None] * w2[..., None, :] * hidden * (1.0 - hidden)  # (..., N, H)
    lead = W1.shape[:-2]
    return np.concatenate(
        [
            (X.T @ delta_hidden).reshape(*lead, -1),
            delta_hidden.sum(axis=-2),
            (delta_output[..., None, :] @ hidden)[..., 0, :],
            delta_output.sum(axis=-1)[..., None],
        ],
        axis=-1,
    )


def _forward(
    W1: np.ndarray, b1: np.ndarray, w2: np.ndarray, b2: np.ndarray, X: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Hidden activations (..., N, H) and outputs (..., N)."""
    hidden = logistic(X @ W1 + b1[..., None, :])
    answer = logistic((hidden @ w2[..., :, None])[..., 0] + b2[..., None])
    return hidden, answer
