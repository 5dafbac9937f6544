r"""What a Boltzmann machine learns from: its log-likelihood, its gradient in two phases, and estimates of it by sampling.

.. math:: \frac{\partial \mathcal{L}}{\partial w_{ij}} = \frac1T \bigl(\langle x_i x_j\rangle_+ - \langle x_i x_j\rangle_-\bigr)

In the positive phase the visible units are clamped to data, in the negative phase the machine runs free. When the first units are
*inputs*, they stay clamped in both phases, and the likelihood is that of the outputs given the inputs.

Shapes: B examples, N = D + H units, D of them visible (I inputs first) and H hidden.

References
----------
Ackley, Hinton and Sejnowski (1985), A learning algorithm for Boltzmann machines, Cognitive Science 9(1), 147-169,
https://doi.org/10.1207/s15516709cog0901_7.
Montavon and Müller (2012), Deep Boltzmann machines and the centering trick, in Neural Networks: Tricks of the Trade,
https://doi.org/10.1007/978-3-642-35289-8_33.
Qiu (2019), 神经网络与深度学习, equations 12.18 to 12.28; the public chapter of 2019 lacks a minus sign in 12.23.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.special import logsumexp

from nndl_support.deep_belief.boltzmann_distribution import MAX_UNITS, all_states
from nndl_support.deep_belief.boltzmann_energy import check_network, check_states

__all__ = [
    "Phases",
    "centre_gradient",
    "exact_gradient",
    "gradient_over_states",
    "likelihood_hessian",
    "pattern_distribution",
    "phases",
    "sampled_gradient",
]


class Phases(NamedTuple):
    """The two phases of learning, as distributions over all states.

    Attributes
    ----------
    positive : array (2^N,), visible units clamped to data: data(v) p(h | v)
    negative : array (2^N,), inputs clamped, all others free: data(inputs) p(the rest | inputs)
    log_likelihood : float, mean log-likelihood of the data, in nats

    Examples
    --------
    >>> phases(np.zeros((2, 2)), np.zeros(2), [0.0, 1.0]).negative
    array([0.25, 0.25, 0.25, 0.25])
    """

    positive: np.ndarray
    negative: np.ndarray
    log_likelihood: float


def pattern_distribution(X: npt.ArrayLike, sample_weight: npt.ArrayLike | None = None) -> np.ndarray:
    """How often each visible pattern occurs.

    Parameters
    ----------
    X : array (B, D), entries 0 or 1
    sample_weight : array (B,), optional, at least 0 and not all 0

    Returns
    -------
    array (2^D,), in the order of ``all_states(D)``, sums to one

    Raises
    ------
    ValueError
        When X holds anything else than 0 and 1, has more than 20 columns or the weights do not fit.

    Examples
    --------
    >>> pattern_distribution([[0, 1], [1, 1], [0, 1], [0, 1]])
    array([0.  , 0.75, 0.  , 0.25])
    """
    patterns = np.atleast_2d(np.asarray(X, dtype=float))
    n = patterns.shape[1]
    if n > MAX_UNITS:
        raise ValueError(
            f"X has {n} columns and so {2**n:,} possible patterns; enumeration goes up to {MAX_UNITS} units"
        )
    patterns = check_states(patterns, n, "X", "visible units")
    weights = np.ones(len(patterns)) if sample_weight is None else np.asarray(sample_weight, dtype=float)
    if weights.shape != (len(patterns),) or not np.all(weights >= 0) or not 0 < weights.sum() < np.inf:
        raise ValueError(f"sample_weight must hold {len(patterns)} numbers of at least 0 that are not all zero")
    index = patterns.astype(int) @ (1 << np.arange(n)[::-1])
    return np.bincount(index, weights, minlength=2**n) / weights.sum()


def phases(
    W: npt.ArrayLike, b: npt.ArrayLike, data: npt.ArrayLike, *, n_inputs: int = 0, temperature: float = 1.0
) -> Phases:
    r"""Both phases of learning by enumeration.

    .. math:: p_+(v, h) = p_{data}(v)\, p(h \mid v), \qquad p_-(v, h) = p(v, h)

    Parameters
    ----------
    W : array (N, N), symmetric with zero diagonal
    b : array (N,)
    data : array (2^D,), the distribution of the visible patterns, in the order of ``all_states(D)``
    n_inputs : int, 0 <= I < D, visible units that are clamped in the negative phase too
    temperature : float > 0, in units of energy

    Returns
    -------
    Phases

    Raises
    ------
    ValueError
        When an argument is not what it should be or there are more than 20 units.

    Examples
    --------
    >>> XOR = pattern_distribution([[0, 0, 0], [0, 1, 1], [1, 0, 1], [1, 1, 0]])
    >>> phases(np.zeros((3, 3)), np.zeros(3), XOR, n_inputs=2).log_likelihood  # ln 1/2
    -0.693...
    """
    weights, biases = _check(W, b, data, n_inputs, temperature)
    target, states = np.asarray(data, dtype=float), all_states(len(biases))
    return _phases(weights, biases, states, target, n_inputs, temperature)


def exact_gradient(
    W: npt.ArrayLike, b: npt.ArrayLike, data: npt.ArrayLike, *, n_inputs: int = 0, temperature: float = 1.0
) -> tuple[np.ndarray, np.ndarray, float]:
    r"""Gradient of the mean log-likelihood with respect to weights and biases (12.25 to 12.27), by enumeration.

    .. math::

        \frac{\partial \mathcal{L}}{\partial w_{ij}} = \frac{\langle x_i x_j\rangle_+ - \langle x_i x_j\rangle_-}{T}, \qquad
        \frac{\partial \mathcal{L}}{\partial b_i} = \frac{\langle x_i\rangle_+ - \langle x_i\rangle_-}{T}

    Parameters
    ----------
    W : array (N, N), symmetric with zero diagonal
    b : array (N,)
    data : array (2^D,), the distribution of the visible patterns, in the order of ``all_states(D)``
    n_inputs : int, 0 <= I < D
    temperature : float > 0, in units of energy

    Returns
    -------
    (array (N, N), array (N,), float)
        Gradients, the first symmetric with zero diagonal (w_ij and w_ji are one number and move together), and the mean
        log-likelihood in nats.

    Raises
    ------
    ValueError
        As in ``phases``.

    Examples
    --------
    >>> dW, db, value = exact_gradient(np.zeros((2, 2)), np.zeros(2), [0.0, 0.0, 0.0, 1.0])
    >>> dW, db
    (array([[0.  , 0.75],
           [0.75, 0.  ]]), array([0.5, 0.5]))
    """
    weights, biases = _check(W, b, data, n_inputs, temperature)
    target, states = np.asarray(data, dtype=float), all_states(len(biases))
    dW, db, _, value = gradient_over_states(weights, biases, states, target, n_inputs, temperature)
    return dW, db, value


def sampled_gradient(
    positive: npt.ArrayLike, negative: npt.ArrayLike, *, temperature: float = 1.0
) -> tuple[np.ndarray, np.ndarray]:
    r"""Estimate of the gradient from states of clamped and of free chains.

    Parameters
    ----------
    positive : array (B, N), states of chains whose visible units are clamped to data
    negative : array (C, N), states of free chains
    temperature : float > 0, in units of energy

    Returns
    -------
    (array (N, N), array (N,)), as the first two of ``exact_gradient``

    Raises
    ------
    ValueError
        When the numbers of units differ or an entry is neither 0 nor 1.

    Examples
    --------
    >>> sampled_gradient([[1, 1]], [[0, 0], [1, 0]])
    (array([[0., 1.],
           [1., 0.]]), array([0.5, 1. ]))
    """
    if not temperature > 0:
        raise ValueError(f"temperature must be positive, got {temperature}")
    plus = np.atleast_2d(np.asarray(positive, dtype=float))
    plus = check_states(plus, plus.shape[1], "positive")
    minus = check_states(np.atleast_2d(np.asarray(negative, dtype=float)), plus.shape[1], "negative")
    dW = (plus.T @ plus / len(plus) - minus.T @ minus / len(minus)) / temperature
    np.fill_diagonal(dW, 0.0)
    return dW, (plus.mean(axis=0) - minus.mean(axis=0)) / temperature


def centre_gradient(
    dW: np.ndarray, db: np.ndarray, means: np.ndarray, connections: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    r"""The direction of the gradient when units are measured from their means instead of from 0.

    .. math::

        \Delta W = \nabla_W - \mu\, \nabla_b^\top - \nabla_b\, \mu^\top, \qquad \Delta b = \nabla_b - \Delta W \mu

    Parameters
    ----------
    dW : array (N, N), symmetric with zero diagonal
    db : array (N,)
    means : array (N,), the offsets :math:`\mu`, usually the means of both phases averaged
    connections : boolean array (N, N), optional
        Pairs that may change.

    Returns
    -------
    (array (N, N), array (N,)), what to add to weights and biases in place of dW and db; still uphill

    Notes
    -----
    Write :math:`x = \mu + (x - \mu)` in the energy and take the gradient by the weights and biases of the deviations: it
    is then a covariance that each weight follows, not a product of states, and no weight does the work of a bias.

    References
    ----------
    Montavon and Müller (2012); Cho, Raiko and Ilin (2011), Enhanced gradient and adaptive learning rate for training
    restricted Boltzmann machines, ICML.

    Examples
    --------
    Two independent units, both on more often in the data: only biases need to change.

    >>> dW, db, _ = exact_gradient(np.zeros((2, 2)), np.zeros(2), [0.04, 0.16, 0.16, 0.64])
    >>> centre_gradient(dW, db, np.full(2, 0.65))[0].round(12) + 0.0
    array([[0., 0.],
           [0., 0.]])
    """
    centred = dW - np.outer(means, db) - np.outer(db, means)
    np.fill_diagonal(centred, 0.0)
    if connections is not None:
        centred = centred * connections
    return centred, db - centred @ means


def likelihood_hessian(W: npt.ArrayLike, b: npt.ArrayLike, *, temperature: float = 1.0) -> np.ndarray:
    r"""Second derivatives of the log-likelihood of a machine without hidden units, whatever the data.

    .. math:: \nabla^2 \mathcal{L} = -\frac{1}{T^2} \operatorname{Cov}_p(\phi), \qquad \phi(x) = (x_i x_j)_{i<j} \oplus (x_i)_i

    Parameters
    ----------
    W : array (N, N), symmetric with zero diagonal
    b : array (N,)
    temperature : float > 0, in units of energy

    Returns
    -------
    array (M, M) with M = N (N - 1) / 2 + N: pairs first, row by row, then units. Never positive: a covariance with a minus.

    Raises
    ------
    ValueError
        When W or b is not what it should be or there are more than 20 units.

    Examples
    --------
    >>> likelihood_hessian([[0.0]], [0.0])
    array([[-0.25]])
    """
    weights, biases = check_network(W, b)
    if not temperature > 0:
        raise ValueError(f"temperature must be positive, got {temperature}")
    states = all_states(len(biases))
    first, second = np.triu_indices(len(biases), 1)
    features = np.hstack([states[:, first] * states[:, second], states])
    score = _scores(weights, biases, states, temperature)
    p = np.exp(score - logsumexp(score))
    centred = features - p @ features
    return -(centred.T * p) @ centred / temperature**2


def _scores(W: np.ndarray, b: np.ndarray, states: np.ndarray, temperature: float) -> np.ndarray:
    """-E(x) / T of all states, without checks: the inner loop of learning."""
    return (np.einsum("si,si->s", states @ W, states) / 2 + states @ b) / temperature


def _phases(
    W: np.ndarray,
    b: np.ndarray,
    states: np.ndarray,
    data: np.ndarray,
    n_inputs: int,
    temperature: float,
) -> Phases:
    score = _scores(W, b, states, temperature)
    # Units in the order inputs, outputs, hidden make a table of all states two tables, whose rows are what is clamped.
    clamped, free = score.reshape(len(data), -1), score.reshape(2**n_inputs, -1)
    log_v, log_inputs = logsumexp(clamped, axis=1), logsumexp(free, axis=1)
    inputs = data.reshape(2**n_inputs, -1).sum(axis=1)
    positive = data[:, None] * np.exp(clamped - log_v[:, None])
    negative = inputs[:, None] * np.exp(free - log_inputs[:, None])
    return Phases(positive.ravel(), negative.ravel(), float(data @ log_v - inputs @ log_inputs))


def gradient_over_states(
    W: np.ndarray, b: np.ndarray, states: np.ndarray, data: np.ndarray, n_inputs: int, temperature: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray, float]:
    """The same as ``exact_gradient`` for a table of states made once and without checks: the inner loop of learning.

    Parameters
    ----------
    W : array (N, N), symmetric with zero diagonal
    b : array (N,)
    states : array (2^N, N), ``all_states(N)``
    data : array (2^D,), probabilities
    n_inputs : int
    temperature : float > 0, in units of energy

    Returns
    -------
    (array (N, N), array (N,), array (N,), float)
        Gradients, the means of the units averaged over both phases, mean log-likelihood.

    Examples
    --------
    >>> gradient_over_states(np.zeros((1, 1)), np.zeros(1), all_states(1), np.array([0.0, 1.0]), 0, 1.0)[1:3]
    (array([0.5]), array([0.75]))
    """
    both = _phases(W, b, states, data, n_inputs, temperature)
    difference = (both.positive - both.negative) / temperature
    dW = (states.T * difference) @ states
    np.fill_diagonal(dW, 0.0)
    means = (both.positive + both.negative) @ states / 2
    return dW, difference @ states, means, both.log_likelihood


def _check(
    W: npt.ArrayLike, b: npt.ArrayLike, data: npt.ArrayLike, n_inputs: int, temperature: float
) -> tuple[np.ndarray, np.ndarray]:
    weights, biases = check_network(W, b)
    target, n = np.asarray(data, dtype=float), len(biases)
    if n > MAX_UNITS:
        raise ValueError(f"{n} units have {2**n:,} states; enumeration goes up to {MAX_UNITS} units")
    n_visible = len(target).bit_length() - 1 if target.ndim == 1 else -1
    if not 0 < n_visible <= n or len(target) != 2**n_visible:
        raise ValueError(
            f"data has shape {target.shape}; expected (2^D,), one probability per pattern of D of the {n} units"
        )
    if not np.all(target >= 0) or not np.isclose(target.sum(), 1.0, atol=1e-6):
        raise ValueError(f"data must be probabilities that sum to one, the sum is {target.sum()}")
    if not 0 <= n_inputs < n_visible:
        raise ValueError(
            f"n_inputs must lie between 0 and {n_visible - 1}: {n_visible} units are visible, got {n_inputs}"
        )
    if not temperature > 0:
        raise ValueError(f"temperature must be positive, got {temperature}")
    return weights, biases
