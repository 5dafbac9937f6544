r"""Elman's cell (简单循环网络): a hidden layer that reads the input and a copy of its own last state.

.. math:: h_t = f(x_t W + c_t U + b), \qquad \hat y_t = g(h_t V + a), \qquad c_t = h_{t-1}

Shapes: T time steps, S sequences side by side, D inputs, H hidden units, C context units (C = H in Elman's network,
C = K in Jordan's), K outputs. ``...`` stands for nothing (one sequence) or for S.

The functions here are what a recurrent network needs for one step, forwards and backwards; Elman's learning rule is to
use them once per step and to send nothing further back.

References
----------
Elman (1990), Finding structure in time, Cognitive Science 14(2), 179-211, https://doi.org/10.1207/s15516709cog1402_1.
Qiu (2019), Neural Networks and Deep Learning (in Chinese), equations 6.5-6.7 (there U, W are the transposes of ours).
Zhou (2016), Machine Learning (in Chinese), section 5.5.5, exercise 5.9.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from nndl_support.activations import registry
from nndl_support.activations.sigmoid_family import log_softmax, logistic, softmax

OUTPUTS = ("identity", "logistic", "softmax")


class Weights(NamedTuple):
    """The parameters of a simple recurrent network, or a gradient of the same shapes.

    Attributes
    ----------
    W : array (D, H), from the inputs
    U : array (C, H), from the context units
    b : array (H,), bias of the hidden units
    V : array (H, K), from the hidden units
    a : array (K,), bias of the outputs

    Examples
    --------
    >>> weights = Weights(np.zeros((1, 2)), np.zeros((2, 2)), np.zeros(2), np.zeros((2, 1)), np.zeros(1))
    >>> weights._replace(b=np.ones(2)).b
    array([1., 1.])
    """

    W: np.ndarray
    U: np.ndarray
    b: np.ndarray
    V: np.ndarray
    a: np.ndarray


def net_input(x: np.ndarray, context: np.ndarray, W: np.ndarray, U: np.ndarray, b: np.ndarray) -> np.ndarray:
    r"""Net input of the hidden units.

    .. math:: z_t = x_t W + c_t U + b

    Parameters
    ----------
    x : array (..., D)
    context : array (..., C)
    W : array (D, H)
    U : array (C, H)
    b : array (H,)

    Returns
    -------
    array (..., H)

    Raises
    ------
    ValueError
        When the inputs or the context do not fit the weights.

    References
    ----------
    Qiu (2019), equation 6.5.

    Examples
    --------
    >>> net_input(np.array([2.0]), np.array([1.0, 0.5]), np.array([[1.0, -1.0]]), np.eye(2), np.zeros(2))
    array([ 3. , -1.5])
    """
    if x.shape[-1] != len(W):
        raise ValueError(f"x has {x.shape[-1]} columns, but W takes {len(W)} inputs")
    if context.shape[-1] != len(U):
        raise ValueError(f"the context has {context.shape[-1]} columns, but U takes {len(U)} context units")
    return x @ W + context @ U + b


def elman_step(
    x: np.ndarray, h: np.ndarray, W: np.ndarray, U: np.ndarray, b: np.ndarray, *, activation: str = "tanh"
) -> np.ndarray:
    r"""Next hidden state from the input and the last hidden state.

    .. math:: h_t = f(x_t W + h_{t-1} U + b)

    Parameters
    ----------
    x : array (..., D)
    h : array (..., H), the last hidden state: what the context units hold
    W : array (D, H)
    U : array (H, H)
    b : array (H,)
    activation : str, an elementwise one of :func:`nndl_support.activations.registry.names`

    Returns
    -------
    array (..., H)

    Notes
    -----
    ``torch.nn.RNNCell`` computes the same with ``weight_ih = W.T``, ``weight_hh = U.T`` and two biases whose sum is b.

    References
    ----------
    Qiu (2019), equation 6.7.

    Examples
    --------
    >>> elman_step(np.array([0.0]), np.array([1.0]), np.array([[1.0]]), np.array([[0.5]]), np.array([0.0]))
    array([0.46211716])
    """
    return registry.get(activation).function(net_input(x, h, W, U, b))


def initial_state(size: int, *, activation: str = "tanh") -> np.ndarray:
    r"""What the context units hold before the first step: the state at net input zero.

    .. math:: h_0 = f(0)

    Parameters
    ----------
    size : int, H
    activation : str

    Returns
    -------
    array (H,): zeros for tanh (as in torch), one half for logistic units (as in Elman, 1990)

    Examples
    --------
    >>> initial_state(2, activation="logistic")
    array([0.5, 0.5])
    """
    return registry.get(activation).function(np.zeros(size))


def hidden_states(
    X: npt.ArrayLike,
    W: np.ndarray,
    U: np.ndarray,
    b: np.ndarray,
    *,
    h0: np.ndarray | None = None,
    activation: str = "tanh",
) -> np.ndarray:
    """Hidden states of Elman's network along a sequence.

    Parameters
    ----------
    X : array (T, ..., D), one time step per row; an axis of S in the middle runs S sequences side by side
    W, U, b : arrays (D, H), (H, H), (H,)
    h0 : array (..., H), optional
        State before the first step; :func:`initial_state` without it.
    activation : str

    Returns
    -------
    array (T, ..., H)

    Examples
    --------
    >>> X = np.array([[1.0], [0.0], [0.0]])
    >>> hidden_states(X, np.ones((1, 1)), np.ones((1, 1)), np.zeros(1)).round(3)
    array([[0.762],
           [0.642],
           [0.566]])
    """
    X = np.asarray(X, dtype=np.float64)
    h = initial_state(len(U), activation=activation) if h0 is None else np.asarray(h0, dtype=np.float64)
    h = np.broadcast_to(h, (*X.shape[1:-1], len(U)))
    states = np.empty((*X.shape[:-1], W.shape[1]))
    for t, x in enumerate(X):
        h = states[t] = elman_step(x, h, W, U, b, activation=activation)
    return states


def output_units(net: np.ndarray, output: str) -> np.ndarray:
    r"""Outputs from their net input.

    Parameters
    ----------
    net : array (..., K), h V + a
    output : "identity", "logistic" or "softmax"

    Returns
    -------
    array (..., K)

    Examples
    --------
    >>> output_units(np.array([0.0, np.log(3.0)]), "softmax")
    array([0.25, 0.75])
    """
    _check_output(output)
    return {"identity": lambda n: n, "logistic": logistic, "softmax": softmax}[output](net)


def loss_per_step(y: np.ndarray, net: np.ndarray, output: str) -> np.ndarray:
    r"""Loss of every step, the one that matches the output units.

    .. math:: \tfrac12 \sum_k (\hat y_k - y_k)^2, \qquad
        -\sum_k \left[y_k \ln \hat y_k + (1 - y_k) \ln(1 - \hat y_k)\right], \qquad -\sum_k y_k \ln \hat y_k

    for identity, logistic and softmax outputs. In all three the derivative by the net input is :math:`\hat y - y`.

    Parameters
    ----------
    y : array (..., K); in [0, 1] for logistic outputs, rows that add up to 1 for softmax
    net : array (..., K)
    output : "identity", "logistic" or "softmax"

    Returns
    -------
    array (...), in nats except for identity

    Examples
    --------
    >>> loss_per_step(np.array([[1.0], [0.0]]), np.zeros((2, 1)), "logistic")  # a fair coin: ln 2
    array([0.69314718, 0.69314718])
    """
    _check_output(output)
    if output == "identity":
        losses = 0.5 * (net - y) ** 2
    elif output == "logistic":
        losses = np.logaddexp(0.0, net) - y * net
    else:
        losses = -y * log_softmax(net)
    return losses.sum(axis=-1)


def truncated_gradient(
    x: np.ndarray, context: np.ndarray, y: np.ndarray, weights: Weights, *, activation: str, output: str
) -> tuple[Weights, np.ndarray, np.ndarray]:
    r"""Gradient of the loss of one step by Elman's rule: the context is an input like any other.

    .. math:: e = \hat y - y, \qquad \delta = (e V^\top) \odot f'(z), \qquad
        \nabla W = x^\top \delta, \quad \nabla U = c^\top \delta, \quad \nabla b = \delta, \quad
        \nabla V = h^\top e, \quad \nabla a = e

    What is *not* computed is :math:`\delta U^\top`, the gradient by the context: it would go back to the step before.

    Parameters
    ----------
    x : array (D,) or (S, D)
    context : array (C,) or (S, C)
    y : array (K,) or (S, K)
    weights : Weights
    activation : str
    output : "identity", "logistic" or "softmax"

    Returns
    -------
    gradient : Weights, summed over the S sequences
    h : array (H,) or (S, H), the new hidden state
    net : array (K,) or (S, K), net input of the outputs

    References
    ----------
    Elman (1990); Zhou (2016), exercise 5.9.

    Examples
    --------
    >>> weights = Weights(np.ones((1, 1)), np.ones((1, 1)), np.zeros(1), np.ones((1, 1)), np.zeros(1))
    >>> gradient, h, net = truncated_gradient(
    ...     np.array([1.0]), np.array([-1.0]), np.array([2.0]), weights, activation="tanh", output="identity"
    ... )
    >>> gradient.W, gradient.U, h
    (array([[-2.]]), array([[2.]]), array([0.]))
    """
    units = registry.get(activation)
    z = net_input(x, context, weights.W, weights.U, weights.b)
    h = units.function(z)
    net = h @ weights.V + weights.a
    error = np.atleast_2d(output_units(net, output) - y)  # also the derivative of the matching loss by net
    delta = units.pull_back(np.atleast_2d(z), error @ weights.V.T)
    gradient = Weights(
        W=np.atleast_2d(x).T @ delta,
        U=np.atleast_2d(context).T @ delta,
        b=delta.sum(axis=0),
        V=np.atleast_2d(h).T @ error,
        a=error.sum(axis=0),
    )
    return gradient, h, net


def _check_output(output: str) -> None:
    if output not in OUTPUTS:
        raise ValueError(f"output is {output!r}; known are {', '.join(OUTPUTS)}")
