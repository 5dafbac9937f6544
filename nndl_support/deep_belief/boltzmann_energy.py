r"""The energy of a Boltzmann machine (玻尔兹曼机), and its joint distribution where all states can be listed.

.. math:: E(x) = -\Bigl(\sum_{i<j} w_{ij} x_i x_j + \sum_i b_i x_i\Bigr), \qquad p(x) = \frac1Z e^{-E(x)/T}

A unit is 0 or 1. Every pair may be connected; the matrix of the weights is symmetric with zeros on its diagonal. Visible
units come first, hidden units last: x = (v, h).

Shapes: C states, N = D + H units, D of them visible and H hidden.

References
----------
Ackley, Hinton and Sejnowski (1985), A learning algorithm for Boltzmann machines, Cognitive Science 9(1), 147-169,
https://doi.org/10.1207/s15516709cog0901_7.
Qiu (2019), 神经网络与深度学习, equations 12.1 and 12.2.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.special import logsumexp

from nndl_support.deep_belief.boltzmann_distribution import MAX_UNITS, all_states, boltzmann_probabilities

__all__ = ["check_network", "check_states", "energy", "energy_gap", "joint_distribution", "visible_log_probabilities"]


def check_network(W: npt.ArrayLike, b: npt.ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """Weights and biases as float64 arrays, or an error that says what is wrong with them.

    Parameters
    ----------
    W : array (N, N), symmetric with zero diagonal
    b : array (N,)

    Returns
    -------
    (array (N, N), array (N,))

    Raises
    ------
    ValueError
        When the sizes do not fit, a number is not finite, W is not symmetric or a unit is connected with itself.

    Examples
    --------
    >>> check_network([[0, 1], [2, 0]], [0, 0])
    Traceback (most recent call last):
    ...
    ValueError: W must be symmetric, but W[0, 1] is 1.0 and W[1, 0] is 2.0
    """
    weights, biases = np.asarray(W, dtype=float), np.asarray(b, dtype=float)
    if biases.ndim != 1 or weights.shape != (len(biases), len(biases)):
        raise ValueError(f"W has shape {weights.shape} and b {biases.shape}; expected (N, N) and (N,) for N units")
    if not (np.isfinite(weights).all() and np.isfinite(biases).all()):
        raise ValueError("W and b must be finite")
    if np.any(np.diag(weights)):
        i = int(np.flatnonzero(np.diag(weights))[0])
        raise ValueError(f"no unit is connected with itself, but W[{i}, {i}] is {weights[i, i]}")
    if not np.allclose(weights, weights.T, rtol=1e-9, atol=1e-12):
        i, j = np.argwhere(~np.isclose(weights, weights.T, rtol=1e-9, atol=1e-12))[0]
        raise ValueError(f"W must be symmetric, but W[{i}, {j}] is {weights[i, j]} and W[{j}, {i}] is {weights[j, i]}")
    return weights, biases


def check_states(x: npt.ArrayLike, n: int, name: str = "x", of: str = "units") -> np.ndarray:
    """States as a float64 array whose last axis counts the units, or an error that says what is wrong with them.

    Parameters
    ----------
    x : array (..., n), entries 0 or 1
    n : int, the number of units
    name, of : str, for the message

    Returns
    -------
    array (..., n)

    Raises
    ------
    ValueError
        When the last axis has another length or an entry is neither 0 nor 1.

    Examples
    --------
    >>> check_states([[0, 1, 2]], 3)
    Traceback (most recent call last):
    ...
    ValueError: x must hold only 0 and 1, but 1 of its 3 entries do not, the first is 2.0
    """
    states = np.asarray(x, dtype=float)
    if states.ndim == 0 or states.shape[-1] != n:
        raise ValueError(f"{name} has shape {states.shape}, expected (..., {n}): the machine has {n} {of}")
    wrong = ~((states == 0) | (states == 1))
    if wrong.any():
        raise ValueError(
            f"{name} must hold only 0 and 1, but {wrong.sum()} of its {states.size} entries do not, "
            f"the first is {states[wrong][0]}"
        )
    return states


def energy(W: npt.ArrayLike, b: npt.ArrayLike, x: npt.ArrayLike) -> np.ndarray:
    r"""Energy of states (12.2); each pair counts once.

    .. math:: E(x) = -\tfrac12\, x^\top W x - b^\top x

    Parameters
    ----------
    W : array (N, N), symmetric with zero diagonal
    b : array (N,)
    x : array (..., N), entries 0 or 1

    Returns
    -------
    array (...), one number per state

    Raises
    ------
    ValueError
        When W, b or x is not what it should be.

    Examples
    --------
    >>> energy([[0, 3], [3, 0]], [1, -1], [[0, 0], [1, 0], [1, 1]])
    array([ 0., -1., -3.])
    """
    weights, biases = check_network(W, b)
    states = check_states(x, len(biases))
    return 0.0 - np.sum(states @ weights * states, axis=-1) / 2 - states @ biases


def energy_gap(W: npt.ArrayLike, b: npt.ArrayLike, x: npt.ArrayLike) -> np.ndarray:
    r"""What each unit would save by being on instead of off, all others as they are (12.10).

    .. math:: \Delta E_i = E(x_i = 0, x_{\setminus i}) - E(x_i = 1, x_{\setminus i}) = \sum_j w_{ij} x_j + b_i

    Parameters
    ----------
    W : array (N, N), symmetric with zero diagonal
    b : array (N,)
    x : array (..., N), entries 0 or 1

    Returns
    -------
    array (..., N), in units of energy

    Raises
    ------
    ValueError
        When W, b or x is not what it should be.

    Examples
    --------
    >>> energy_gap([[0, 3], [3, 0]], [1, -1], [1, 0])
    array([1., 2.])
    """
    weights, biases = check_network(W, b)
    return check_states(x, len(biases)) @ weights + biases


def joint_distribution(W: npt.ArrayLike, b: npt.ArrayLike, temperature: float = 1.0) -> np.ndarray:
    r"""Probabilities of all :math:`2^N` states at thermal equilibrium (12.1), by enumeration.

    Parameters
    ----------
    W : array (N, N), symmetric with zero diagonal
    b : array (N,)
    temperature : float >= 0, in units of energy

    Returns
    -------
    array (2^N,), in the order of ``all_states(N)``

    Raises
    ------
    ValueError
        When W or b is not what it should be, the temperature is negative or N exceeds 20.

    Examples
    --------
    >>> joint_distribution([[0, np.log(5)], [np.log(5), 0]], [0, 0])
    array([0.125, 0.125, 0.125, 0.625])
    """
    weights, biases = check_network(W, b)
    return boltzmann_probabilities(energy(weights, biases, all_states(len(biases))), temperature)


def visible_log_probabilities(
    W: npt.ArrayLike, b: npt.ArrayLike, n_visible: int, v: npt.ArrayLike | None = None, *, temperature: float = 1.0
) -> np.ndarray:
    r"""Logarithm of the marginal probability of visible vectors, by enumeration.

    .. math:: p(v) = \sum_h p(v, h)

    Parameters
    ----------
    W : array (N, N), symmetric with zero diagonal
    b : array (N,)
    n_visible : int, the first D of the N units
    v : array (C, D), entries 0 or 1, optional; all :math:`2^D` in the order of ``all_states(D)`` unless given
    temperature : float > 0, in units of energy

    Returns
    -------
    array (C,) or (2^D,), in nats

    Raises
    ------
    ValueError
        When an argument is not what it should be or N exceeds 20.

    Examples
    --------
    >>> visible_log_probabilities(np.zeros((3, 3)), np.zeros(3), 2, [[0, 1]])  # ln 1/4
    array([-1.386...])
    """
    weights, biases = check_network(W, b)
    n, n_hidden = len(biases), len(biases) - n_visible
    if not 0 < n_visible <= n:
        raise ValueError(f"n_visible must lie between 1 and the {n} units, got {n_visible}")
    if not temperature > 0:
        raise ValueError(f"temperature must be positive, got {temperature}")
    if n > MAX_UNITS:
        raise ValueError(f"{n} units have {2**n:,} states; enumeration goes up to {MAX_UNITS} units")
    scores = -energy(weights, biases, all_states(n)).reshape(2**n_visible, 2**n_hidden) / temperature
    marginal = logsumexp(scores, axis=1) - logsumexp(scores)
    if v is None:
        return marginal
    states = check_states(v, n_visible, "v", "visible units")
    return marginal[states.astype(int) @ (1 << np.arange(n_visible)[::-1])]
