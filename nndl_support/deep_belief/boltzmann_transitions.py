r"""The Markov chains of a Boltzmann machine as matrices over all its states, and how fast they forget where they began.

Row x of a transition matrix holds the probabilities of the next state after x. A distribution is a row vector:
p becomes p P after one step.

Shapes: N units, S = 2^N states in the order of ``all_states(N)``.

References
----------
Levin, Peres and Wilmer (2009), Markov chains and mixing times, chapters 4 and 12.
Qiu (2019), 神经网络与深度学习, section 12.1.1 and algorithm 11.2.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from nndl_support.annealing import metropolis_acceptance, transition_matrix
from nndl_support.deep_belief.boltzmann_distribution import all_states
from nndl_support.deep_belief.boltzmann_energy import check_network, energy
from nndl_support.deep_belief.boltzmann_gibbs import full_conditional

__all__ = [
    "detailed_balance_error",
    "distances_to_equilibrium",
    "metropolis_matrix",
    "mixing_time",
    "random_scan_matrix",
    "spectral_gap",
    "sweep_matrix",
    "unit_matrix",
]

#: 2^12 states already make a matrix of 134 MB.
_MAX_UNITS = 12


def unit_matrix(W: npt.ArrayLike, b: npt.ArrayLike, i: int, *, temperature: float = 1.0) -> np.ndarray:
    """Transition matrix of drawing unit i from its full conditional.

    Parameters
    ----------
    W : array (N, N), symmetric with zero diagonal
    b : array (N,)
    i : int, 0 <= i < N
    temperature : float >= 0, in units of energy

    Returns
    -------
    array (S, S), rows sum to one

    Raises
    ------
    ValueError
        When W or b is not what it should be, there is no unit i or there are more than 12 units.

    Examples
    --------
    >>> unit_matrix([[0.0]], [np.log(3.0)], 0)
    array([[0.25, 0.75],
           [0.25, 0.75]])
    """
    weights, biases = _small(W, b)
    n = len(biases)
    if not 0 <= i < n:
        raise ValueError(f"there is no unit {i}: the machine has {n} units, 0 to {n - 1}")
    states = all_states(n)
    on = full_conditional(weights, biases, states, temperature=temperature)[:, i]
    rows, bit = np.arange(2**n), 1 << (n - 1 - i)
    matrix = np.zeros((2**n, 2**n))
    matrix[rows, rows | bit] = on
    matrix[rows, rows & ~bit] = 1.0 - on
    return matrix


def random_scan_matrix(W: npt.ArrayLike, b: npt.ArrayLike, *, temperature: float = 1.0) -> np.ndarray:
    """Transition matrix of Gibbs sampling at random: one unit, chosen with probability 1/N, is drawn.

    Parameters
    ----------
    W : array (N, N), symmetric with zero diagonal
    b : array (N,)
    temperature : float >= 0, in units of energy

    Returns
    -------
    array (S, S), rows sum to one; N of its steps are as much work as one sweep

    Examples
    --------
    >>> random_scan_matrix(np.zeros((2, 2)), np.zeros(2))[0]
    array([0.5 , 0.25, 0.25, 0.  ])
    """
    n = len(_small(W, b)[1])
    return np.mean([unit_matrix(W, b, i, temperature=temperature) for i in range(n)], axis=0)


def sweep_matrix(W: npt.ArrayLike, b: npt.ArrayLike, *, temperature: float = 1.0) -> np.ndarray:
    """Transition matrix of one systematic sweep, from the first unit to the last.

    Parameters
    ----------
    W : array (N, N), symmetric with zero diagonal
    b : array (N,)
    temperature : float >= 0, in units of energy

    Returns
    -------
    array (S, S), rows sum to one

    Notes
    -----
    Every factor is in detailed balance with the Boltzmann distribution, hence the product leaves it unchanged; but the
    product itself is in general not in detailed balance, since backwards the units would come in the other order.

    Examples
    --------
    >>> sweep_matrix(np.zeros((2, 2)), np.zeros(2))[0]  # without weights one sweep forgets everything
    array([0.25, 0.25, 0.25, 0.25])
    """
    n = len(_small(W, b)[1])
    matrix = np.eye(2**n)
    for i in range(n):
        matrix = matrix @ unit_matrix(W, b, i, temperature=temperature)
    return matrix


def metropolis_matrix(W: npt.ArrayLike, b: npt.ArrayLike, *, temperature: float = 1.0) -> np.ndarray:
    r"""Transition matrix of Metropolis' algorithm that proposes to flip one unit, chosen with probability 1/N.

    Parameters
    ----------
    W : array (N, N), symmetric with zero diagonal
    b : array (N,)
    temperature : float >= 0, in units of energy

    Returns
    -------
    array (S, S), rows sum to one

    Examples
    --------
    >>> metropolis_matrix([[0.0]], [np.log(4.0)])
    array([[0.  , 1.  ],
           [0.25, 0.75]])
    """
    weights, biases = _small(W, b)
    n = len(biases)
    rows = np.arange(2**n)
    proposal = np.zeros((2**n, 2**n))
    for i in range(n):
        proposal[rows, rows ^ (1 << i)] = 1.0 / n
    energies = energy(weights, biases, all_states(n))
    return transition_matrix(energies, proposal, temperature, acceptance=metropolis_acceptance)


def detailed_balance_error(P: npt.ArrayLike, p: npt.ArrayLike) -> float:
    r"""Largest violation of detailed balance (细致平衡), :math:`\max |p_x P_{xy} - p_y P_{yx}|`.

    Parameters
    ----------
    P : array (S, S), rows sum to one
    p : array (S,), probabilities

    Returns
    -------
    float >= 0

    Examples
    --------
    >>> detailed_balance_error([[0.5, 0.5], [1.0, 0.0]], [2 / 3, 1 / 3])
    0.0
    """
    matrix, probabilities = _chain(P, p)
    flow = probabilities[:, None] * matrix
    return float(np.abs(flow - flow.T).max())


def distances_to_equilibrium(
    P: npt.ArrayLike, p: npt.ArrayLike, n_steps: int, start: npt.ArrayLike | None = None
) -> np.ndarray:
    """Total variation from the distribution after 0, 1, ..., K steps to the equilibrium.

    Parameters
    ----------
    P : array (S, S), rows sum to one
    p : array (S,), the equilibrium
    n_steps : int >= 0
    start : array (S,), optional
        The distribution to start from; the worst single state at every step unless given.

    Returns
    -------
    array (K + 1,), in [0, 1]

    Raises
    ------
    ValueError
        When the sizes do not fit or the rows of P are no probabilities.

    Examples
    --------
    >>> distances_to_equilibrium([[0.75, 0.25], [0.25, 0.75]], [0.5, 0.5], 3)
    array([0.5   , 0.25  , 0.125 , 0.0625])
    """
    matrix, probabilities = _chain(P, p)
    current = np.eye(len(matrix)) if start is None else np.asarray(start, dtype=float)[None]
    if current.shape[1] != len(matrix):
        raise ValueError(f"start has {current.shape[1]} states, but P has {len(matrix)}")
    distances = []
    for _ in range(n_steps + 1):
        distances.append(np.abs(current - probabilities).sum(axis=1).max() / 2)
        current = current @ matrix
    return np.array(distances)


def spectral_gap(P: npt.ArrayLike) -> float:
    r"""One minus the second largest modulus of the eigenvalues, :math:`1 - |\lambda_2|`.

    Parameters
    ----------
    P : array (S, S), rows sum to one

    Returns
    -------
    float in [0, 1]; the distance to equilibrium shrinks in the long run by the factor one minus the gap per step

    Raises
    ------
    ValueError
        When P is no square matrix whose rows are probabilities.

    Examples
    --------
    >>> spectral_gap([[0.75, 0.25], [0.25, 0.75]])
    0.5
    """
    moduli = np.sort(np.abs(np.linalg.eigvals(_chain(P)[0])))
    return float(np.clip(1.0 - moduli[-2], 0.0, 1.0)) if len(moduli) > 1 else 1.0


def mixing_time(P: npt.ArrayLike, p: npt.ArrayLike, tolerance: float = 0.25) -> int:
    """Number of steps after which the chain is within ``tolerance`` of its equilibrium, wherever it began.

    Parameters
    ----------
    P : array (S, S), rows sum to one
    p : array (S,), the equilibrium
    tolerance : float in (0, 1), a total variation; a quarter is the custom

    Returns
    -------
    int

    Raises
    ------
    ValueError
        When the tolerance is out of range or two to the power of 60 steps do not suffice.

    Notes
    -----
    The worst distance never rises, so the time can be bracketed by squaring the matrix and then searched by bisection.

    Examples
    --------
    >>> mixing_time([[0.75, 0.25], [0.25, 0.75]], [0.5, 0.5], 0.1)
    3
    """
    matrix, probabilities = _chain(P, p)
    if not 0 < tolerance < 1:
        raise ValueError(f"tolerance must lie strictly between 0 and 1, got {tolerance}")

    def far(current: np.ndarray) -> bool:
        return bool(np.abs(current - probabilities).sum(axis=1).max() / 2 > tolerance)

    powers = [matrix]
    while far(powers[-1]):
        if len(powers) > 60:
            raise ValueError("the chain is not near this distribution after 2^60 steps: is it the equilibrium?")
        powers.append(powers[-1] @ powers[-1])
    # The largest number of steps that still is too far, bit by bit; the time is one more.
    steps, current = 0, np.eye(len(matrix))
    if not far(current):
        return 0
    for k in range(len(powers) - 1, -1, -1):
        if far(candidate := current @ powers[k]):
            steps, current = steps + 2**k, candidate
    return steps + 1


def _small(W: npt.ArrayLike, b: npt.ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    weights, biases = check_network(W, b)
    n = len(biases)
    if n > _MAX_UNITS:
        raise ValueError(
            f"{n} units have {2**n:,} states and a transition matrix of {4**n:,} numbers; at most {_MAX_UNITS} units"
        )
    return weights, biases


def _chain(P: npt.ArrayLike, p: npt.ArrayLike | None = None) -> tuple[np.ndarray, np.ndarray]:
    matrix = np.asarray(P, dtype=float)
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1] or not np.allclose(matrix.sum(axis=1), 1.0):
        raise ValueError(f"P must be a square matrix whose rows sum to one, got shape {matrix.shape}")
    probabilities = np.zeros(len(matrix)) if p is None else np.asarray(p, dtype=float)
    if probabilities.shape != (len(matrix),):
        raise ValueError(f"p has shape {probabilities.shape}, but P has {len(matrix)} states")
    return matrix, probabilities
