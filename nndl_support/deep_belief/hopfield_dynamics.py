r"""The dynamics of a Hopfield network: fields, energy, one unit at a time or all at once.

A unit looks at the weighted states of the others and takes the sign of what it sees above its threshold:

.. math:: s_i \leftarrow \begin{cases} +1 & \text{if } \sum_j w_{ij} s_j - \theta_i \ge 0 \\ -1 & \text{otherwise} \end{cases}

Shapes: B states (probes) that run independently, N units, T steps.

References
----------
Hopfield (1982), Neural networks and physical systems with emergent collective computational abilities, PNAS 79(8),
https://doi.org/10.1073/pnas.79.8.2554.
Goles-Chacc, Fogelman-Soulie and Pellegrin (1985), Decreasing energy functions as a tool for studying threshold networks,
Discrete Applied Mathematics 12(3), https://doi.org/10.1016/0166-218X(85)90029-0.
Qiu (2019), 神经网络与深度学习, equations 8.32 to 8.36; his bias is :math:`b_i = -\theta_i`.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nndl_support.deep_belief.hopfield_storage import check_patterns

__all__ = [
    "Recall",
    "asynchronous_path",
    "asynchronous_recall",
    "energy",
    "local_fields",
    "synchronous_recall",
    "two_step_energy",
]

ROUNDING = 1e-12
"""A field smaller than this part of the weights that made it counts as zero: it is what rounding leaves of a tie."""


@dataclass(frozen=True)
class Recall:
    """Where the dynamics led every probe.

    Attributes
    ----------
    states : array (B, N) of -1.0 and 1.0, the last states
    converged : array (B,) of bool, whether the state is a fixed point
    period : array (B,) of int: 1 for a fixed point, 2 for a state of a cycle of two, 0 when the steps ran out before
    n_steps : array (B,) of int, sweeps (asynchronous) or steps (synchronous) that changed the state
    energies : array (T + 1, B), at the start and after every sweep or step
    """

    states: np.ndarray
    converged: np.ndarray
    period: np.ndarray
    n_steps: np.ndarray
    energies: np.ndarray


def local_fields(weights: npt.ArrayLike, states: npt.ArrayLike, thresholds: npt.ArrayLike | None = None) -> np.ndarray:
    r"""What each unit sees, above its threshold.

    .. math:: h_i = \sum_j w_{ij} s_j - \theta_i

    Parameters
    ----------
    weights : array (N, N), ``weights[i, j]`` leads from unit j to unit i
    states : array (B, N), entries -1 or 1
    thresholds : array (N,), zero unless given

    Returns
    -------
    array (B, N); what is only rounding is zero

    Raises
    ------
    ValueError
        When sizes do not fit, a state is not -1 or 1, or a weight is not finite.

    Examples
    --------
    >>> local_fields([[0, -1], [-1, 0]], [[-1, -1]])
    array([[1., 1.]])
    """
    W, S, theta = _network(weights, states, thresholds)
    return _without_rounding(S @ W.T - theta, _tolerance(W, theta))


def energy(weights: npt.ArrayLike, states: npt.ArrayLike, thresholds: npt.ArrayLike | None = None) -> np.ndarray:
    r"""The energy of states: low where units agree with their weights.

    .. math:: E(s) = -\frac12 \sum_{i, j} w_{ij} s_i s_j + \sum_i \theta_i s_i

    Parameters
    ----------
    weights : array (N, N), symmetric
    states : array (B, N), entries -1 or 1
    thresholds : array (N,), zero unless given

    Returns
    -------
    array (B,)

    Raises
    ------
    ValueError
        As for :func:`local_fields`, and when the weights are not symmetric: then no energy governs the dynamics.

    Notes
    -----
    The half of a sum over all pairs (i, j), as here and in 8.35, is the sum over i < j, each pair once, as Boltzmann machines
    are usually written, plus a constant for the diagonal, which is zero here.

    Examples
    --------
    >>> energy([[0, -1], [-1, 0]], [[-1, -1], [1, 1], [1, -1]])
    array([ 1.,  1., -1.])
    """
    W, S, theta = _network(weights, states, thresholds)
    _check_symmetric(W)
    return -0.5 * np.einsum("bi,bi->b", S @ W, S) + S @ theta


def two_step_energy(
    weights: npt.ArrayLike, states: npt.ArrayLike, previous: npt.ArrayLike, thresholds: npt.ArrayLike | None = None
) -> np.ndarray:
    r"""The quantity that never rises when all units of a symmetric network change at once.

    .. math:: L(s^t, s^{t-1}) = -\sum_{i,j} w_{ij} s_i^t s_j^{t-1} + \sum_i \theta_i (s_i^t + s_i^{t-1})

    Parameters
    ----------
    weights : array (N, N), symmetric; the diagonal may be anything
    states, previous : arrays (B, N), entries -1 or 1
    thresholds : array (N,), zero unless given

    Returns
    -------
    array (B,), twice the energy where the two states are equal

    Raises
    ------
    ValueError
        As for :func:`energy`.

    Examples
    --------
    >>> two_step_energy([[0, -1], [-1, 0]], [[1, 1]], [[-1, -1]])  # in the cycle of two: the lowest there is
    array([-2.])
    """
    W, S, theta = _network(weights, states, thresholds)
    _check_symmetric(W)
    before = check_patterns(previous, len(W))
    return -np.einsum("bi,bi->b", S @ W, before) + (S + before) @ theta


def asynchronous_path(
    weights: npt.ArrayLike, state: npt.ArrayLike, order: npt.ArrayLike, thresholds: npt.ArrayLike | None = None
) -> np.ndarray:
    """Update one unit after the other in a given order, and keep every state: the dynamics as it is defined.

    Parameters
    ----------
    weights : array (N, N)
    state : array (N,), entries -1 or 1
    order : array (T,) of int, the unit to look at in each step; units may occur several times
    thresholds : array (N,), zero unless given

    Returns
    -------
    array (T + 1, N), the state at the start and after every step

    Raises
    ------
    ValueError
        As for :func:`local_fields`.

    Examples
    --------
    >>> asynchronous_path([[0, -1], [-1, 0]], [-1, -1], order=[0, 1])
    array([[-1., -1.],
           [ 1., -1.],
           [ 1., -1.]])
    """
    W, S, theta = _network(weights, np.asarray(state, dtype=float)[None], thresholds)
    tolerance, s = _tolerance(W, theta), S[0].copy()
    path = [s.copy()]
    for i in np.asarray(order, dtype=int):
        s[i] = 1.0 if W[i] @ s - theta[i] >= -tolerance[i] else -1.0
        path.append(s.copy())
    return np.array(path)


def asynchronous_recall(
    weights: npt.ArrayLike,
    states: npt.ArrayLike,
    thresholds: npt.ArrayLike | None = None,
    *,
    rng: np.random.Generator,
    max_sweeps: int = 200,
) -> Recall:
    """Update unit after unit, in a new random order in every sweep, until a whole sweep changes nothing.

    Parameters
    ----------
    weights : array (N, N)
    states : array (B, N), entries -1 or 1; all probes meet the units in the same order, else they are independent
    thresholds : array (N,), zero unless given
    rng : numpy.random.Generator, for the orders
    max_sweeps : int >= 1

    Returns
    -------
    Recall

    Raises
    ------
    ValueError
        As for :func:`local_fields`, and when ``max_sweeps`` is not positive.

    Notes
    -----
    The fields of all probes are computed once; a unit that flips then adds twice its column of weights to them. Near a
    fixed point few units flip, so that a sweep costs far less than a product of matrices.

    Examples
    --------
    >>> result = asynchronous_recall([[0, -1], [-1, 0]], [[-1, -1]], rng=np.random.default_rng(0))
    >>> int(result.states.sum()), bool(result.converged[0]), result.energies[:, 0]
    (0, True, array([ 1., -1., -1.]))
    """
    W, S, theta = _network(weights, states, thresholds)
    _check_steps("max_sweeps", max_sweeps)
    S, tolerance = S.copy(), _tolerance(W, theta)
    columns = np.ascontiguousarray(W.T)
    walking, n_steps = np.arange(len(S)), np.zeros(len(S), dtype=int)
    s, fields = S.copy(), S @ W.T - theta  # of the probes that still walk
    energies = [_energy(s, fields, theta)]
    for _ in range(max_sweeps):
        moved = np.zeros(len(s), dtype=bool)
        for i in rng.permutation(len(W)):
            wanted = np.where(fields[:, i] >= -tolerance[i], 1.0, -1.0)
            flips = np.flatnonzero(wanted != s[:, i])
            if len(flips):
                fields[flips] += 2.0 * wanted[flips, None] * columns[i]
                s[flips, i] = wanted[flips]
                moved[flips] = True
        n_steps[walking] += moved
        energies.append(energies[-1].copy())
        energies[-1][walking], S[walking] = _energy(s, fields, theta), s
        # Who passed a whole sweep without a flip has arrived.
        walking, s, fields = walking[moved], s[moved], fields[moved]
        if not len(walking):
            break
    converged = ~np.isin(np.arange(len(S)), walking)
    return Recall(S, converged, converged.astype(int), n_steps, np.array(energies))


def synchronous_recall(
    weights: npt.ArrayLike,
    states: npt.ArrayLike,
    thresholds: npt.ArrayLike | None = None,
    *,
    max_steps: int = 1000,
) -> Recall:
    """Update all units at once until every probe is at a fixed point or in a cycle of two.

    Parameters
    ----------
    weights : array (N, N)
    states : array (B, N), entries -1 or 1
    thresholds : array (N,), zero unless given
    max_steps : int >= 1

    Returns
    -------
    Recall
        Energies are those of the symmetric part of the weights.

    Raises
    ------
    ValueError
        As for :func:`local_fields`, and when ``max_steps`` is not positive.

    Notes
    -----
    With symmetric weights nothing else can happen, see :func:`two_step_energy`; with others, longer cycles can, and leave
    ``period`` at 0.

    Examples
    --------
    >>> result = synchronous_recall([[0, -1], [-1, 0]], [[-1, -1], [1, -1]])
    >>> result.period, result.energies[:, 0]
    (array([2, 1]), array([1., 1., 1.]))
    """
    W, S, theta = _network(weights, states, thresholds)
    _check_steps("max_steps", max_steps)
    tolerance, n_steps = _tolerance(W, theta), np.zeros(len(S), dtype=int)
    before, fields = np.zeros_like(S), S @ W.T - theta
    energies = [_energy(S, fields, theta)]
    for _ in range(max_steps):
        after = np.where(fields >= -tolerance, 1.0, -1.0)
        still, back = (after == S).all(axis=1), (after == before).all(axis=1)
        n_steps += ~(still | back)
        before, S = S, after
        fields = S @ W.T - theta
        energies.append(_energy(S, fields, theta))
        if (still | back).all():
            break
    return Recall(S, still, np.where(still, 1, np.where(back, 2, 0)), n_steps, np.array(energies))


def _energy(S: np.ndarray, fields: np.ndarray, theta: np.ndarray) -> np.ndarray:
    # -s W s / 2 + theta s, where the fields are s W - theta
    return -0.5 * np.einsum("bi,bi->b", S, fields - theta)


def _tolerance(W: np.ndarray, theta: np.ndarray) -> np.ndarray:
    return ROUNDING * (np.abs(W).sum(axis=1) + np.abs(theta))


def _without_rounding(fields: np.ndarray, tolerance: np.ndarray) -> np.ndarray:
    return np.where(np.abs(fields) <= tolerance, 0.0, fields)


def _network(
    weights: npt.ArrayLike, states: npt.ArrayLike, thresholds: npt.ArrayLike | None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    W = np.asarray(weights, dtype=float)
    if W.ndim != 2 or W.shape[0] != W.shape[1]:
        raise ValueError(f"weights of shape {W.shape}: expected (N, N), one row and one column per unit")
    theta = np.zeros(len(W)) if thresholds is None else np.asarray(thresholds, dtype=float)
    if theta.shape != (len(W),):
        raise ValueError(f"thresholds of shape {theta.shape}: expected ({len(W)},), one per unit")
    if not (np.isfinite(W).all() and np.isfinite(theta).all()):
        raise ValueError("weights and thresholds must be finite, but hold NaN or infinity")
    return W, check_patterns(states, len(W)), theta


def _check_symmetric(W: np.ndarray) -> None:
    gap = np.abs(W - W.T)
    if gap.max() > ROUNDING * np.abs(W).max():
        i, j = np.unravel_index(gap.argmax(), gap.shape)
        raise ValueError(
            f"weights must be symmetric (8.34), but w[{i}, {j}] = {W[i, j]:g} and w[{j}, {i}] = {W[j, i]:g}: "
            "an asymmetric network has no energy"
        )


def _check_steps(name: str, value: int) -> None:
    if value < 1:
        raise ValueError(f"{name} must be at least 1, got {value}")
