r"""Simulated annealing: Metropolis moves at a temperature that falls.

A state is an array and its energy a number; the walk needs nothing else than a way to propose a neighbour. It
serves real vectors (the weights of a network), spins (Hopfield networks, Boltzmann machines, maximum cut) and
permutations (tours) alike.

One chain or many: when the energy of a state is a number, there is one chain. When it is an array (C,), the first
axis of the state counts C independent chains that walk at the same time, which in NumPy costs hardly more than one.

Shapes: C chains, K temperatures, S states of an enumerated space.

References
----------
Metropolis, Rosenbluth, Rosenbluth, Teller and Teller (1953), Equation of state calculations by fast computing
machines, The Journal of Chemical Physics 21(6), doi:10.1063/1.1699114.
Kirkpatrick, Gelatt and Vecchi (1983), Optimization by simulated annealing, Science 220(4598),
doi:10.1126/science.220.4598.671.
Geman and Geman (1984), Stochastic relaxation, Gibbs distributions, and the Bayesian restoration of images, IEEE
Transactions on Pattern Analysis and Machine Intelligence 6(6), doi:10.1109/TPAMI.1984.4767596 (the logarithmic
schedule).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Energy = Callable[[np.ndarray], npt.ArrayLike]
Neighbour = Callable[[np.ndarray, np.random.Generator], np.ndarray]
Acceptance = Callable[[npt.ArrayLike, float], np.ndarray]


def metropolis_acceptance(energy_change: npt.ArrayLike, temperature: float) -> np.ndarray:
    r"""Probability of accepting a move after Metropolis.

    .. math:: A = \min\{1, \exp(-\Delta E / T)\}

    Parameters
    ----------
    energy_change : array, any shape, energy of the candidate minus energy of the state
    temperature : float >= 0, in units of energy; at 0 only moves that do not climb are accepted

    Returns
    -------
    array of the same shape, in [0, 1]

    Raises
    ------
    ValueError
        When the temperature is negative.

    Examples
    --------
    >>> metropolis_acceptance([-1.0, 0.0, np.log(2.0)], 1.0)
    array([1. , 1. , 0.5])
    """
    _check_temperature(temperature)
    change = np.asarray(energy_change, dtype=float)
    if temperature == 0:
        return (change <= 0).astype(float)
    # min(1, exp(-x)) = exp(-max(x, 0)): never overflows.
    return np.exp(-np.maximum(change, 0.0) / temperature)


def heat_bath_acceptance(energy_change: npt.ArrayLike, temperature: float) -> np.ndarray:
    r"""Probability of accepting a move in a heat bath (Glauber, Barker): the rule of a Boltzmann machine's units.

    .. math:: A = \frac{1}{1 + \exp(\Delta E / T)}

    Parameters
    ----------
    energy_change : array, any shape, energy of the candidate minus energy of the state
    temperature : float >= 0, in units of energy; at 0 moves that fall are accepted, level moves by the toss of a
        coin

    Returns
    -------
    array of the same shape, in [0, 1]

    Raises
    ------
    ValueError
        When the temperature is negative.

    Examples
    --------
    >>> heat_bath_acceptance([-np.log(3.0), 0.0, np.log(3.0)], 1.0)
    array([0.75, 0.5 , 0.25])
    """
    _check_temperature(temperature)
    change = np.asarray(energy_change, dtype=float)
    if temperature == 0:
        return (1.0 - np.sign(change)) / 2.0
    # 1 / (1 + e^x) = (1 - tanh(x / 2)) / 2: never overflows.
    return (1.0 - np.tanh(change / (2.0 * temperature))) / 2.0


def geometric_schedule(initial: float, final: float, n_steps: int) -> np.ndarray:
    r"""Temperatures that fall by the same factor at every step, the everyday choice.

    .. math:: T_k = T_0 \left(\frac{T_{K-1}}{T_0}\right)^{k / (K - 1)}

    Parameters
    ----------
    initial, final : float, initial >= final > 0, in units of energy
    n_steps : int >= 1

    Returns
    -------
    array (K,), from ``initial`` to ``final``

    Raises
    ------
    ValueError
        When the temperatures rise or are not positive, or when there is no step.

    Examples
    --------
    >>> geometric_schedule(8.0, 1.0, 4)
    array([8., 4., 2., 1.])
    """
    _check_schedule(initial, final, n_steps)
    if final <= 0:
        raise ValueError(f"a geometric schedule never reaches {final}: its final temperature must be positive")
    return np.geomspace(initial, final, n_steps)


def linear_schedule(initial: float, final: float, n_steps: int) -> np.ndarray:
    r"""Temperatures that fall by the same amount at every step.

    .. math:: T_k = T_0 + \frac{k}{K - 1} (T_{K-1} - T_0)

    Parameters
    ----------
    initial, final : float, initial >= final >= 0, in units of energy
    n_steps : int >= 1

    Returns
    -------
    array (K,), from ``initial`` to ``final``

    Raises
    ------
    ValueError
        When the temperatures rise or are negative, or when there is no step.

    Examples
    --------
    >>> linear_schedule(3.0, 0.0, 4)
    array([3., 2., 1., 0.])
    """
    _check_schedule(initial, final, n_steps)
    return np.linspace(initial, final, n_steps)


def logarithmic_schedule(initial: float, n_steps: int) -> np.ndarray:
    r"""Temperatures that fall so slowly that the walk provably ends in a global minimum, given for ever.

    .. math:: T_k = T_0\, \frac{\ln 2}{\ln (k + 2)}

    Parameters
    ----------
    initial : float >= 0, in units of energy; the proof asks for at least the depth of the deepest well that is not
        the global one
    n_steps : int >= 1

    Returns
    -------
    array (K,), the first entry is ``initial``

    Raises
    ------
    ValueError
        When the temperature is negative or there is no step.

    Notes
    -----
    To halve the temperature once more, square the number of steps: this is a theorem's schedule and rarely
    anyone's choice.

    References
    ----------
    Hajek (1988), Cooling schedules for optimal annealing, Mathematics of Operations Research 13(2),
    doi:10.1287/moor.13.2.311.

    Examples
    --------
    >>> logarithmic_schedule(2.0, 15)[[0, 2, 14]]
    array([2. , 1. , 0.5])
    """
    _check_schedule(initial, 0.0, n_steps)
    return initial * np.log(2.0) / np.log(np.arange(n_steps) + 2.0)


@dataclass(frozen=True)
class AnnealingResult:
    """What a walk found, and where it went.

    Attributes
    ----------
    state : array, the best state met; with C chains one per chain along the first axis
    energy : float, or array (C,), its energy
    final_state : array, the state in which the walk ended
    final_energy : float, or array (C,)
    energies : array (K + 1,) or (K + 1, C), the energy at the start and after every step
    acceptance_rate : array (K,), the share of chains that accepted their move, 0 or 1 with one chain
    path : array (K + 1, ...), the states at the start and after every step, or None unless asked for
    n_evaluations : int, calls of the energy that one chain paid for, K + 1

    Examples
    --------
    >>> def step(x, rng):
    ...     return x + rng.normal()
    >>> result = anneal(lambda x: x**2, 3.0, step, linear_schedule(1.0, 0.0, 50), rng=np.random.default_rng(0))
    >>> result.energies.shape, result.n_evaluations, bool(result.energy <= result.final_energy)
    ((51,), 51, True)
    """

    state: np.ndarray
    energy: np.ndarray
    final_state: np.ndarray
    final_energy: np.ndarray
    energies: np.ndarray
    acceptance_rate: np.ndarray
    path: np.ndarray | None
    n_evaluations: int


def anneal(
    energy: Energy,
    initial: npt.ArrayLike,
    neighbour: Neighbour,
    temperatures: npt.ArrayLike,
    *,
    rng: np.random.Generator,
    acceptance: Acceptance = metropolis_acceptance,
    keep_path: bool = False,
) -> AnnealingResult:
    """Walk from neighbour to neighbour while the temperature falls, and remember the best state met.

    Parameters
    ----------
    energy : function of a state that returns a number, or of C states that returns an array (C,)
    initial : array, the first state; for C chains their C first states along the first axis
    neighbour : function of (state, rng) that returns a new array of the same shape and leaves its argument alone.
        For the walk to settle in the Boltzmann distribution it must propose y from x as often as x from y
    temperatures : array (K,), one per step, in units of energy: a schedule, or a constant for Metropolis sampling
    rng : numpy.random.Generator
    acceptance : ``metropolis_acceptance`` or ``heat_bath_acceptance``, or a function like them
    keep_path : whether to keep every state visited

    Returns
    -------
    AnnealingResult

    Raises
    ------
    ValueError
        When the temperatures are not a vector, when a neighbour has another shape than its state, when the energy
        of the initial state is not finite, or when energies do not match the chains.

    Notes
    -----
    A candidate whose energy is ``inf`` or ``nan`` is never accepted, so forbidden states may return ``inf``.

    Examples
    --------
    The ground state of a ring of six spins with one antiferromagnetic bond has exactly one unsatisfied bond, so
    energy -4:

    >>> bonds = np.array([1, 1, 1, 1, 1, -1])
    >>> def energy(s):
    ...     return -np.sum(bonds * s * np.roll(s, -1))
    >>> def flip_one(s, rng):
    ...     s = s.copy()
    ...     s[rng.integers(6)] *= -1
    ...     return s
    >>> start = np.array([1, -1, 1, -1, 1, -1])
    >>> result = anneal(energy, start, flip_one, geometric_schedule(4.0, 0.1, 200), rng=np.random.default_rng(0))
    >>> int(energy(start)), int(result.energy)
    (4, -4)
    """
    temperatures = np.asarray(temperatures, dtype=float)
    state = np.array(initial)
    value = np.array(energy(state), dtype=float)
    _check_start(temperatures, state, value)

    best_state, best_value = state.copy(), value.copy()
    energies = np.empty((len(temperatures) + 1, *value.shape))
    energies[0] = value
    rates = np.empty(len(temperatures))
    path = [state] if keep_path else None
    for k, temperature in enumerate(temperatures):
        candidate = np.asarray(neighbour(state, rng))
        if candidate.shape != state.shape:
            raise ValueError(f"neighbour returned shape {candidate.shape} for a state of shape {state.shape}")
        candidate_value = np.asarray(energy(candidate), dtype=float)
        # An energy of inf or nan would make the change nan somewhere: such a candidate is refused.
        allowed = np.isfinite(candidate_value)
        change = np.where(allowed, candidate_value - value, 0.0)
        accepted = allowed & (rng.random(value.shape) < acceptance(change, float(temperature)))

        state = np.where(_per_chain(accepted, state), candidate, state)
        value = np.where(accepted, candidate_value, value)
        better = value < best_value
        best_state = np.where(_per_chain(better, state), state, best_state)
        best_value = np.where(better, value, best_value)
        energies[k + 1], rates[k] = value, accepted.mean()
        if path is not None:
            path.append(state)
    return AnnealingResult(
        state=best_state,
        energy=best_value,
        final_state=state,
        final_energy=value,
        energies=energies,
        acceptance_rate=rates,
        path=None if path is None else np.stack(path),
        n_evaluations=len(temperatures) + 1,
    )


def initial_temperature(
    energy: Energy,
    initial: npt.ArrayLike,
    neighbour: Neighbour,
    *,
    rng: np.random.Generator,
    acceptance_rate: float = 0.8,
    n_moves: int = 100,
) -> float:
    r"""Temperature at which about a given share of the climbing moves is accepted, judged from a short free walk.

    .. math:: T_0 = -\frac{\overline{\Delta E_+}}{\ln A}

    Parameters
    ----------
    energy, initial, neighbour, rng : as in ``anneal``
    acceptance_rate : float in (0, 1), the share A of climbing moves to accept
    n_moves : int >= 1, moves of the walk, all of them accepted

    Returns
    -------
    float > 0, in units of energy; 1.0 when no move climbs

    Raises
    ------
    ValueError
        When the acceptance rate is not strictly between 0 and 1.

    References
    ----------
    Johnson, Aragon, McGeoch and Schevon (1989), Optimization by simulated annealing: an experimental evaluation;
    part I, graph partitioning, Operations Research 37(6), doi:10.1287/opre.37.6.865.

    Examples
    --------
    >>> def climb(x, rng):
    ...     return x + 1.0
    >>> t = initial_temperature(lambda x: float(x), 0.0, climb, rng=np.random.default_rng(0), acceptance_rate=0.5)
    >>> bool(np.isclose(t * np.log(2.0), 1.0))  # every move climbs by one, and half of them would be accepted
    True
    """
    if not 0.0 < acceptance_rate < 1.0:
        raise ValueError(f"acceptance_rate must lie strictly between 0 and 1, not {acceptance_rate}")
    state = np.array(initial)
    values = [np.asarray(energy(state), dtype=float)]
    for _ in range(n_moves):
        state = np.asarray(neighbour(state, rng))
        values.append(np.asarray(energy(state), dtype=float))
    changes = np.diff(np.stack(values), axis=0)
    climbing = changes[changes > 0]
    if climbing.size == 0:
        return 1.0
    return float(-climbing.mean() / np.log(acceptance_rate))


def boltzmann_distribution(energies: npt.ArrayLike, temperature: float) -> np.ndarray:
    r"""Probabilities of enumerated states at thermal equilibrium.

    .. math:: p(s) = \frac{\exp(-E(s) / T)}{\sum_{s'} \exp(-E(s') / T)}

    Parameters
    ----------
    energies : array (S,)
    temperature : float > 0, in units of energy

    Returns
    -------
    array (S,), sums to one

    Raises
    ------
    ValueError
        When the temperature is not positive.

    Examples
    --------
    >>> boltzmann_distribution([0.0, np.log(3.0)], 1.0)
    array([0.75, 0.25])
    """
    if not temperature > 0:
        raise ValueError(f"temperature must be positive, not {temperature}")
    scaled = -np.asarray(energies, dtype=float) / temperature
    weight = np.exp(scaled - scaled.max())
    return weight / weight.sum()


def transition_matrix(
    energies: npt.ArrayLike,
    proposal: npt.ArrayLike,
    temperature: float,
    *,
    acceptance: Acceptance = metropolis_acceptance,
) -> np.ndarray:
    r"""Transition probabilities of the walk at a fixed temperature, for a space small enough to enumerate.

    .. math:: P_{ij} = q_{ij}\, A(E_j - E_i) \quad (i \ne j), \qquad P_{ii} = 1 - \sum_{j \ne i} P_{ij}

    Parameters
    ----------
    energies : array (S,)
    proposal : array (S, S), row i holds the probabilities of proposing each state from state i
    temperature : float >= 0, in units of energy
    acceptance : ``metropolis_acceptance`` or ``heat_bath_acceptance``, or a function like them

    Returns
    -------
    array (S, S), rows sum to one

    Raises
    ------
    ValueError
        When the proposal is not an (S, S) matrix whose rows are probabilities.

    Notes
    -----
    With a symmetric proposal both rules are in detailed balance, :math:`p_i P_{ij} = p_j P_{ji}`, with the
    Boltzmann distribution.

    Examples
    --------
    >>> transition_matrix([0.0, np.log(2.0)], [[0.0, 1.0], [1.0, 0.0]], 1.0)
    array([[0.5, 0.5],
           [1. , 0. ]])
    """
    values = np.asarray(energies, dtype=float)
    q = np.asarray(proposal, dtype=float)
    if q.shape != (len(values), len(values)):
        raise ValueError(
            f"proposal has shape {q.shape}, expected ({len(values)}, {len(values)}) for {len(values)} energies"
        )
    if np.any(q < 0) or not np.allclose(q.sum(axis=1), 1.0):
        raise ValueError(f"every row of proposal must hold probabilities that sum to one, the sums are {q.sum(axis=1)}")
    matrix = q * acceptance(values[None, :] - values[:, None], temperature)
    np.fill_diagonal(matrix, 0.0)
    np.fill_diagonal(matrix, 1.0 - matrix.sum(axis=1))
    return matrix


def _per_chain(mask: np.ndarray, state: np.ndarray) -> np.ndarray:
    """One truth value per chain, shaped to broadcast against the states."""
    return mask.reshape(mask.shape + (1,) * (state.ndim - mask.ndim))


def _check_temperature(temperature: float) -> None:
    if not temperature >= 0:
        raise ValueError(f"temperature must not be negative, got {temperature}")


def _check_start(temperatures: np.ndarray, state: np.ndarray, value: np.ndarray) -> None:
    if temperatures.ndim != 1:
        raise ValueError(
            f"temperatures must be a vector with one entry per step, not an array of shape {temperatures.shape}"
        )
    if value.shape not in ((), state.shape[:1]):
        raise ValueError(
            f"the energy of a state of shape {state.shape} has shape {value.shape}: "
            "expected a number (one chain) or one entry per row (one chain per row)"
        )
    if not np.all(np.isfinite(value)):
        raise ValueError(f"the initial state must have a finite energy, not {value}")


def _check_schedule(initial: float, final: float, n_steps: int) -> None:
    if not initial >= final >= 0:
        raise ValueError(f"temperatures must fall and not be negative, got {initial} to {final}")
    if n_steps < 1:
        raise ValueError(f"a schedule needs at least one step, got {n_steps}")
