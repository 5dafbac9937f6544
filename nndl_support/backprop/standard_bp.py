r"""Standard and accumulated back-propagation for one hidden layer, in the letters of Zhou's textbook.

Shapes: m examples, d inputs, q hidden units, l outputs. All units are logistic and carry thresholds, which are *subtracted*:

.. math:: \alpha_h = \sum_i v_{ih} x_i, \quad b_h = f(\alpha_h - \gamma_h), \qquad
          \beta_j = \sum_h w_{hj} b_h, \quad \hat y_j = f(\beta_j - \theta_j)

References
----------
Zhou (2016), Machine Learning (in Chinese), equations 5.3-5.17, figures 5.7 and 5.8.

Examples
--------
>>> X, Y = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]), np.array([[0.0], [1.0], [1.0], [0.0]])
>>> network = random_network(2, 4, 1, np.random.default_rng(0))
>>> network = train(network, X, Y, eta=1.0, n_epochs=5000)[-1]
>>> forward(network, X).y_hat.round().ravel()
array([0., 1., 1., 0.])
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from nndl_support.activations.sigmoid_family import logistic


class Network(NamedTuple):
    """The weights and thresholds of a network with one hidden layer.

    Parameters
    ----------
    v : array (d, q), from input i to hidden unit h
    gamma : array (q,), thresholds of the hidden units
    w : array (q, l), from hidden unit h to output j
    theta : array (l,), thresholds of the outputs
    """

    v: np.ndarray
    gamma: np.ndarray
    w: np.ndarray
    theta: np.ndarray


class Signals(NamedTuple):
    """What flows forward through the network.

    Parameters
    ----------
    alpha : array (..., q), net inputs of the hidden units
    b : array (..., q), their outputs
    beta : array (..., l), net inputs of the outputs
    y_hat : array (..., l), the outputs
    """

    alpha: np.ndarray
    b: np.ndarray
    beta: np.ndarray
    y_hat: np.ndarray


def random_network(d: int, q: int, l: int, rng: np.random.Generator) -> Network:  # noqa: E741
    """Draw all weights and thresholds uniformly from (0, 1), as line 1 of figure 5.8 asks."""
    return Network(rng.random((d, q)), rng.random(q), rng.random((q, l)), rng.random(l))


def forward(network: Network, x: np.ndarray) -> Signals:
    """Compute the signals for one example, array (d,), or for many, array (m, d) (equation 5.3).

    Raises
    ------
    ValueError
        When x has another number of columns than the network has inputs.
    """
    v, gamma, w, theta = network
    if x.shape[-1] != len(v):
        raise ValueError(f"x has {x.shape[-1]} columns, but the network has {len(v)} inputs")
    alpha = x @ v
    b = logistic(alpha - gamma)
    beta = b @ w
    return Signals(alpha, b, beta, logistic(beta - theta))


def gradient_terms(network: Network, signals: Signals, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    r"""Return the gradient terms of the outputs and of the hidden units.

    .. math:: g_j = \hat y_j (1 - \hat y_j)(y_j - \hat y_j), \qquad e_h = b_h (1 - b_h) \sum_j w_{hj} g_j

    Parameters
    ----------
    network : Network
    signals : Signals, what :func:`forward` returned
    y : array (..., l), targets in [0, 1]

    Returns
    -------
    g : array (..., l), equation 5.10
    e : array (..., q), equation 5.15
    """
    y_hat, b = signals.y_hat, signals.b
    g = y_hat * (1 - y_hat) * (y - y_hat)
    e = b * (1 - b) * (g @ network.w.T)
    return g, e


def steps(network: Network, x: np.ndarray, y: np.ndarray) -> Network:
    r"""Return the directions in which one example moves the parameters: the updates without their factor :math:`\eta`.

    .. math:: \Delta w_{hj} = \eta g_j b_h, \quad \Delta\theta_j = -\eta g_j, \quad
              \Delta v_{ih} = \eta e_h x_i, \quad \Delta\gamma_h = -\eta e_h

    Parameters
    ----------
    network : Network
    x : array (d,)
    y : array (l,)

    Returns
    -------
    Network of the same shapes: minus the gradient of the error :math:`E_k` (equations 5.11-5.14)
    """
    signals = forward(network, x)
    g, e = gradient_terms(network, signals, y)
    return Network(v=np.outer(x, e), gamma=-e, w=np.outer(signals.b, g), theta=-g)


def standard_epoch(network: Network, X: np.ndarray, Y: np.ndarray, eta: float) -> Network:
    """Pass once over the data and move after *every* example: m updates (figure 5.8, lines 3-8).

    Parameters
    ----------
    network : Network
    X : array (m, d)
    Y : array (m, l)
    eta : float, the learning rate

    Returns
    -------
    Network, a new one
    """
    _check_data(X, Y)
    for x, y in zip(X, Y):
        network = Network(*(p + eta * step for p, step in zip(network, steps(network, x, y))))
    return network


def accumulated_epoch(network: Network, X: np.ndarray, Y: np.ndarray, eta: float) -> Network:
    """Pass once over the data and move *once*, along the mean of all the examples' steps (equation 5.16).

    Parameters and return value are those of :func:`standard_epoch`.
    """
    mean = mean_steps(network, X, Y)
    return Network(*(p + eta * step for p, step in zip(network, mean)))


def mean_steps(network: Network, X: np.ndarray, Y: np.ndarray) -> Network:
    """Return the mean over all examples of :func:`steps`, by matrix products instead of a loop."""
    _check_data(X, Y)
    signals = forward(network, X)
    g, e = gradient_terms(network, signals, Y)
    m = len(X)
    return Network(v=X.T @ e / m, gamma=-e.mean(axis=0), w=signals.b.T @ g / m, theta=-g.mean(axis=0))


def train(
    network: Network,
    X: np.ndarray,
    Y: np.ndarray,
    eta: float,
    n_epochs: int,
    *,
    epoch: Callable[[Network, np.ndarray, np.ndarray, float], Network] = standard_epoch,
) -> list[Network]:
    """Repeat an epoch and keep every network on the way.

    Parameters
    ----------
    network : Network, the start
    X : array (m, d)
    Y : array (m, l)
    eta : float, the learning rate
    n_epochs : int
    epoch : :func:`standard_epoch` or :func:`accumulated_epoch`

    Returns
    -------
    list of n_epochs + 1 networks, the start first
    """
    history = [network]
    for _ in range(n_epochs):
        history.append(epoch(history[-1], X, Y, eta))
    return history


def cancellation(network: Network, X: np.ndarray, Y: np.ndarray) -> float:
    r"""Return the share of the single steps that their sum has lost, from 0 (all agree) to 1 (they cancel).

    .. math:: 1 - \frac{\lVert \sum_k s_k \rVert}{\sum_k \lVert s_k \rVert}

    where :math:`s_k` holds all the steps of example k.
    """
    _check_data(X, Y)
    single = np.array([np.concatenate([p.ravel() for p in steps(network, x, y)]) for x, y in zip(X, Y)])
    travelled = np.linalg.norm(single, axis=1).sum()
    return float(1 - np.linalg.norm(single.sum(axis=0)) / travelled) if travelled > 0 else 0.0


def error(network: Network, X: np.ndarray, Y: np.ndarray) -> float:
    r"""Accumulated error :math:`E = \frac1m\sum_k E_k` with :math:`E_k = \frac12\sum_j(\hat y_j^k - y_j^k)^2` (5.4, 5.16)."""
    _check_data(X, Y)
    return float(((forward(network, X).y_hat - Y) ** 2).sum()) / (2 * len(X))


def regularised_error(network: Network, X: np.ndarray, Y: np.ndarray, lam: float) -> float:
    r"""Error with a penalty on *all* weights and thresholds (equation 5.17).

    .. math:: \lambda \frac1m \sum_k E_k + (1 - \lambda) \sum_i w_i^2, \qquad \lambda \in (0, 1)

    Notes
    -----
    The sum runs over thresholds too. Most libraries, and :mod:`nndl_support.backprop.mlp`, spare them.
    """
    if not 0 < lam < 1:
        raise ValueError(f"lambda must lie in (0, 1), but is {lam}")
    return lam * error(network, X, Y) + (1 - lam) * sum(float((p**2).sum()) for p in network)


def regularised_steps(network: Network, X: np.ndarray, Y: np.ndarray, lam: float) -> Network:
    """Return minus the gradient of :func:`regularised_error`."""
    if not 0 < lam < 1:
        raise ValueError(f"lambda must lie in (0, 1), but is {lam}")
    mean = mean_steps(network, X, Y)
    return Network(*(lam * step - 2 * (1 - lam) * p for p, step in zip(network, mean)))


def _check_data(X: np.ndarray, Y: np.ndarray) -> None:
    if X.ndim != 2 or Y.ndim != 2 or len(X) != len(Y) or len(X) == 0:
        raise ValueError(
            f"X and Y need the shapes (m, d) and (m, l) with m at least 1, but are {X.shape} and {Y.shape}"
        )
