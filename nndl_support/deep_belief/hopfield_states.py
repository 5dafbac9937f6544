r"""All states of a small Hopfield network: its fixed points, its cycles, and whether energy ever rises.

With N units there are 2^N states, so that N = 16 is a table of 65,536 rows; what holds for every row is proved.

Shapes: N units, S = 2^N states, P patterns.

References
----------
Amit, Gutfreund and Sompolinsky (1985), Spin-glass models of neural networks, Physical Review A 32(2),
https://doi.org/10.1103/PhysRevA.32.1007 (mixtures of patterns are fixed points too).
"""

from itertools import combinations

import numpy as np
import numpy.typing as npt

from nndl_support.deep_belief.boltzmann_distribution import all_states
from nndl_support.deep_belief.hopfield_dynamics import energy, local_fields
from nndl_support.deep_belief.hopfield_storage import check_patterns

__all__ = [
    "asynchronous_energy_changes",
    "classify",
    "cycle_lengths",
    "fixed_points",
    "mixtures_of_three",
    "spin_states",
    "synchronous_map",
]

MAX_UNITS = 18


def spin_states(n_units: int) -> np.ndarray:
    """Every state of N units, row k being k in binary with -1 for 0; the first unit changes slowest.

    Parameters
    ----------
    n_units : int, 1 to 18

    Returns
    -------
    array (2^N, N) of -1.0 and 1.0

    Raises
    ------
    ValueError
        When there are so many units that a table is no use.

    Examples
    --------
    >>> spin_states(2)
    array([[-1., -1.],
           [-1.,  1.],
           [ 1., -1.],
           [ 1.,  1.]])
    """
    if not 1 <= n_units <= MAX_UNITS:
        raise ValueError(f"{n_units} units: expected 1 to {MAX_UNITS}, since all 2^N states are listed")
    return 2.0 * all_states(n_units) - 1.0


def fixed_points(weights: npt.ArrayLike, thresholds: npt.ArrayLike | None = None) -> np.ndarray:
    """The states that no update changes, whether of one unit or of all at once.

    Parameters
    ----------
    weights : array (N, N), N at most 18
    thresholds : array (N,), zero unless given

    Returns
    -------
    array (F, N), in the order of :func:`spin_states`

    Examples
    --------
    >>> fixed_points([[0, 1], [1, 0]])
    array([[-1., -1.],
           [ 1.,  1.]])
    """
    S = spin_states(len(np.asarray(weights)))
    wanted = np.where(local_fields(weights, S, thresholds) >= 0, 1.0, -1.0)
    return S[(wanted == S).all(axis=1)]


def asynchronous_energy_changes(weights: npt.ArrayLike, thresholds: npt.ArrayLike | None = None) -> np.ndarray:
    """By how much the energy changes when unit i is updated in state s, for all states and all units.

    The two energies are looked up in the table of all energies; no formula for their difference is used.

    Parameters
    ----------
    weights : array (N, N), symmetric with a zero diagonal, N at most 18
    thresholds : array (N,), zero unless given

    Returns
    -------
    array (2^N, N), zero where the unit keeps its state

    Examples
    --------
    >>> asynchronous_energy_changes([[0, 1], [1, 0]])
    array([[ 0.,  0.],
           [-2., -2.],
           [-2., -2.],
           [ 0.,  0.]])
    """
    n = len(np.asarray(weights))
    S = spin_states(n)
    E = energy(weights, S, thresholds)
    wanted = np.where(local_fields(weights, S, thresholds) >= 0, 1.0, -1.0)
    flipped = np.arange(2**n)[:, None] ^ (1 << np.arange(n)[::-1])
    return np.where(wanted != S, E[flipped] - E[:, None], 0.0)


def synchronous_map(weights: npt.ArrayLike, thresholds: npt.ArrayLike | None = None) -> np.ndarray:
    """Row number of the state that follows each state when all units change at once.

    Parameters
    ----------
    weights : array (N, N), N at most 18
    thresholds : array (N,), zero unless given

    Returns
    -------
    array (2^N,) of int

    Examples
    --------
    >>> synchronous_map([[0, -1], [-1, 0]])
    array([3, 1, 2, 0])
    """
    n = len(np.asarray(weights))
    wanted = local_fields(weights, spin_states(n), thresholds) >= 0
    return wanted @ (1 << np.arange(n)[::-1])


def cycle_lengths(successor: npt.ArrayLike) -> np.ndarray:
    """Length of the cycle in which a deterministic walk ends, from every state.

    Parameters
    ----------
    successor : array (S,) of int, the state after each state

    Returns
    -------
    array (S,) of int, 1 where the walk ends in a fixed point

    Raises
    ------
    ValueError
        When an entry is no state.

    Examples
    --------
    >>> cycle_lengths([3, 1, 2, 0])
    array([2, 1, 1, 2])
    """
    step = np.asarray(successor, dtype=int)
    if step.ndim != 1 or (step < 0).any() or (step >= len(step)).any():
        raise ValueError(f"successor must list, for each of S states, a state 0 to S - 1; its shape is {step.shape}")
    # Twice as far by every squaring: after S steps each walk is on its cycle.
    far = step
    for _ in range(len(step).bit_length()):
        far = far[far]
    lengths, place, walked = np.zeros(len(step), dtype=int), step[far], 1
    while not lengths.all():
        lengths[(lengths == 0) & (place == far)] = walked
        place, walked = step[place], walked + 1
    return lengths


def mixtures_of_three(patterns: npt.ArrayLike) -> np.ndarray:
    r"""The majority votes of three patterns, each of them upright or reversed.

    .. math:: \operatorname{sign}(\pm x^{(\mu)} \pm x^{(\nu)} \pm x^{(\rho)})

    Parameters
    ----------
    patterns : array (P, N), entries -1 or 1

    Returns
    -------
    array (8 * number of triples, N)

    Examples
    --------
    >>> mixtures_of_three([[1, 1, 1], [1, -1, 1], [1, 1, -1]])[-1]
    array([1., 1., 1.])
    """
    X = check_patterns(patterns)
    signs = spin_states(3)
    votes = [np.sign(signs @ X[list(triple)]) for triple in combinations(range(len(X)), 3)]
    return np.concatenate(votes) if votes else np.empty((0, X.shape[1]))


def classify(states: npt.ArrayLike, patterns: npt.ArrayLike) -> np.ndarray:
    """Say of each state what it is: ``"stored"``, ``"reversed"``, ``"mixture"`` of three, or ``"other"``.

    Parameters
    ----------
    states : array (B, N), entries -1 or 1
    patterns : array (P, N), entries -1 or 1

    Returns
    -------
    array (B,) of str

    Examples
    --------
    >>> classify([[1, 1, 1], [-1, -1, -1], [1, -1, -1]], [[1, 1, 1]]).tolist()
    ['stored', 'reversed', 'other']
    """
    X = check_patterns(patterns)
    S = check_patterns(states, X.shape[1])
    kinds = np.full(len(S), "other", dtype="<U8")
    for kind, known in (("mixture", mixtures_of_three(X)), ("reversed", -X), ("stored", X)):
        if len(known):
            kinds[(X.shape[1] == S @ known.T).any(axis=1)] = kind
    return kinds
