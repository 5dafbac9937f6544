r"""Dense associative memories (稠密联想记忆): states -1 and 1, and an energy that rewards a close match out of proportion.

.. math:: E(s) = -\sum_\mu F(x^{(\mu)} \cdot s), \qquad F(z) = z^K \text{ or } e^z

With :math:`K = 2` this is Hopfield's network; a unit then meets pairs, with :math:`K` it meets groups of :math:`K` units.

Shapes: B states (probes), P patterns, N units.

References
----------
Krotov and Hopfield (2016), Dense associative memory for pattern recognition, NeurIPS, https://arxiv.org/abs/1606.01164.
Demircigil, Heusel, Löwe, Upgang and Vermet (2017), On a model of associative memory with huge storage capacity, Journal of
Statistical Physics 168(2), https://doi.org/10.1007/s10955-017-1806-y (the exponential).
Baldi and Venkatesh (1987), Number of stable points for spin-glasses and neural networks of higher orders, Physical Review Letters
58(9), https://doi.org/10.1103/PhysRevLett.58.913 (orders above two).
"""

import numpy as np
import numpy.typing as npt
from scipy.special import factorial2, ndtr

from nndl_support.deep_belief.hopfield_storage import check_patterns

__all__ = ["dense_energy", "dense_one_step_error", "dense_recall", "share_wanting_to_flip"]


def dense_energy(patterns: npt.ArrayLike, states: npt.ArrayLike, *, order: float) -> np.ndarray:
    r"""Energy of states, in units of the energy of a perfect match.

    .. math:: E(s) = -\sum_\mu \frac{F(x^{(\mu)} \cdot s)}{F(N)}

    Parameters
    ----------
    patterns : array (P, N), entries -1 or 1
    states : array (B, N), entries -1 or 1
    order : int >= 2, the K; ``numpy.inf`` for the exponential

    Returns
    -------
    array (B,)

    Raises
    ------
    ValueError
        When sizes do not fit, an entry is not -1 or 1, or the order is below 2 or not whole.

    Examples
    --------
    >>> dense_energy([[1, 1, 1, 1], [1, -1, 1, -1]], [[1, 1, 1, 1], [1, 1, 1, -1]], order=3)
    array([-1.  , -0.25])
    """
    X, S = _memory(patterns, states)
    reward = _reward(X.shape[1], order)
    return -reward[_overlaps(S, X) + X.shape[1]].sum(axis=1) / reward[-1]


def dense_recall(
    patterns: npt.ArrayLike,
    states: npt.ArrayLike,
    *,
    order: float,
    rng: np.random.Generator,
    max_sweeps: int = 50,
) -> np.ndarray:
    r"""Turn one unit after the other to the side with the lower energy, until a sweep changes nothing.

    .. math:: s_i \leftarrow \operatorname{sign}\Big( \sum_\mu F\big(x_i^{(\mu)} + \textstyle\sum_{j \ne i} x_j^{(\mu)} s_j\big)
              - F\big(-x_i^{(\mu)} + \textstyle\sum_{j \ne i} x_j^{(\mu)} s_j\big) \Big)

    Parameters
    ----------
    patterns : array (P, N), entries -1 or 1
    states : array (B, N), entries -1 or 1
    order : int >= 2, the K; ``numpy.inf`` for the exponential
    rng : numpy.random.Generator, for the order of the units
    max_sweeps : int >= 1

    Returns
    -------
    array (B, N) of -1.0 and 1.0

    Raises
    ------
    ValueError
        As for :func:`dense_energy`.

    Examples
    --------
    >>> dense_recall([[1, 1, 1, 1, 1], [1, -1, 1, -1, 1]], [[1, 1, 1, 1, -1]], order=3, rng=np.random.default_rng(0))
    array([[1., 1., 1., 1., 1.]])
    """
    X, S = _memory(patterns, states)
    n, S, gain = X.shape[1], S.copy(), _gain(X.shape[1], order)
    overlaps = _overlaps(S, X)
    signs = X.astype(int)
    for _ in range(max_sweeps):
        moved = False
        for i in rng.permutation(n):
            others = overlaps - S[:, i, None].astype(int) * signs[:, i]
            # F(o + x) - F(o - x) = x (F(o + 1) - F(o - 1)), since x is -1 or 1
            wanted = np.where(gain[others + n] @ X[:, i] >= 0, 1.0, -1.0)
            flips = wanted != S[:, i]
            if flips.any():
                overlaps[flips] += 2 * wanted[flips, None].astype(int) * signs[:, i]
                S[flips, i] = wanted[flips]
                moved = True
        if not moved:
            break
    return S


def share_wanting_to_flip(patterns: npt.ArrayLike, *, order: float, n_probes: int | None = None) -> float:
    """Share of units of stored patterns that the other patterns persuade to flip, all looked at once.

    Parameters
    ----------
    patterns : array (P, N), entries -1 or 1
    order : int >= 2, the K; ``numpy.inf`` for the exponential
    n_probes : int, optional
        Ask only the first so many patterns, not all; the others are stored all the same.

    Returns
    -------
    float in [0, 1]

    Raises
    ------
    ValueError
        As for :func:`dense_energy`.

    Examples
    --------
    >>> share_wanting_to_flip([[1, 1, 1, 1], [1, -1, 1, -1]], order=2)
    0.0
    """
    X = check_patterns(patterns)
    S = X[:n_probes]
    n, overlaps, gain, wrong = X.shape[1], _overlaps(S, X), _gain(X.shape[1], order), 0
    for s, x in zip(S.T, X.T):
        others = overlaps - np.outer(s, x).astype(int)
        wrong += int(np.sum(np.where(gain[others + n] @ x >= 0, 1.0, -1.0) != s))
    return wrong / S.size


def dense_one_step_error(n_units: int, n_patterns: npt.ArrayLike, *, order: int) -> np.ndarray:
    r"""Probability that a unit of a stored random pattern wants to flip, for large networks.

    .. math:: P = Q\!\left( \sqrt{\frac{N^{K-1}}{(2K - 3)!!\; P}} \right)

    Parameters
    ----------
    n_units : int
    n_patterns : array, the P
    order : int >= 2, the K

    Returns
    -------
    array of the shape of ``n_patterns``

    Notes
    -----
    The crosstalk of one pattern is about :math:`2 K z^{K-1}` with a normal z of variance N, whose variance has the
    double factorial of 2 K - 3. A fixed error is therefore reached at a number of patterns that grows like :math:`N^{K-1}`.
    (For even K - 1 the mean of :math:`z^{K-1}` is not zero, but its sign :math:`x_i^{(\mu)} x_i^{(\nu)}` is random.)

    References
    ----------
    Krotov and Hopfield (2016), equation 5.

    Examples
    --------
    >>> dense_one_step_error(100, [10, 20], order=2).round(4)  # Q(sqrt(N / P)), as for Hebb's weights
    array([0.0008, 0.0127])
    """
    _check_order(order)
    signal = float(n_units) ** (order - 1) / (factorial2(2 * order - 3) * np.asarray(n_patterns, dtype=float))
    return ndtr(-np.sqrt(signal))


def _reward(n_units: int, order: float) -> np.ndarray:
    """F(z) for the overlaps z = -N, ..., N: a table, since overlaps are whole. Entry z + N belongs to z."""
    _check_order(order)
    z = np.arange(-n_units, n_units + 1.0)
    # Whole numbers to a power are exact, so that ties are ties; the exponential is scaled by F(N) lest it overflow.
    return np.exp(z - n_units) if np.isinf(order) else z ** int(order)


def _gain(n_units: int, order: float) -> np.ndarray:
    """F(z + 1) - F(z - 1); the two ends, which the overlap of all units but one never reaches, are zero."""
    reward, gain = _reward(n_units, order), np.zeros(2 * n_units + 1)
    gain[1:-1] = reward[2:] - reward[:-2]
    return gain


def _overlaps(S: np.ndarray, X: np.ndarray) -> np.ndarray:
    return np.rint(S @ X.T).astype(int)


def _check_order(order: float) -> None:
    if not (order == np.inf or (order >= 2 and order == int(order))):
        raise ValueError(f"order must be a whole number from 2 on, or numpy.inf for the exponential, got {order!r}")


def _memory(patterns: npt.ArrayLike, states: npt.ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    X = check_patterns(patterns)
    return X, check_patterns(states, X.shape[1])
