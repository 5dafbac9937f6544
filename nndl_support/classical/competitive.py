r"""Competitive learning (竞争学习): the unit nearest to an example wins, and only the winner learns.

Shapes: B examples, D features, M units, T steps.

References
----------
Rumelhart and Zipser (1985), Feature discovery by competitive learning, Cognitive Science 9(1), 75-112,
https://doi.org/10.1207/s15516709cog0901_5.
DeSieno (1988), Adding a conscience to competitive learning, IEEE International Conference on Neural Networks,
https://doi.org/10.1109/ICNN.1988.23839.
Zhou (2016), 机器学习, section 5.5.2.
"""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Integral

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class CompetitiveResult:
    """What competition has made of the weights.

    Attributes
    ----------
    weights : array (M, D), after the last step
    wins : integer array (M,), steps that each unit has won; 0 marks a dead unit
    path : array (T + 1, M, D), the weights before the first and after every step, or None unless asked for
    """

    weights: np.ndarray
    wins: np.ndarray
    path: np.ndarray | None


def winner(x: np.ndarray, weights: np.ndarray, bias: npt.ArrayLike = 0.0) -> int:
    r"""The unit with the smallest squared distance less its bias.

    .. math:: c = \arg\min_j \big( \lVert x - w_j \rVert^2 - b_j \big)

    Parameters
    ----------
    x : array (D,)
    weights : array (M, D)
    bias : float or array (M,), a handicap in squared units of x

    Returns
    -------
    int in 0 .. M - 1

    Examples
    --------
    >>> weights = np.array([[0.0], [3.0]])
    >>> winner(np.array([1.0]), weights), winner(np.array([1.0]), weights, bias=[0.0, 3.5])
    (0, 1)
    """
    return int((((x - weights) ** 2).sum(axis=1) - bias).argmin())


def compete(
    X: npt.ArrayLike,
    weights: npt.ArrayLike,
    *,
    learning_rate: float = 0.05,
    n_epochs: int = 10,
    conscience: float = 0.0,
    memory: float = 1e-2,
    keep_path: bool = False,
    rng: np.random.Generator,
) -> CompetitiveResult:
    r"""Show all examples ``n_epochs`` times in random order; each time the winner moves towards the example.

    .. math::

        w_c \leftarrow w_c + \eta\,(x - w_c), \qquad
        p_j \leftarrow p_j + \beta\,(\mathbb{1}[j = c] - p_j), \qquad
        b_j = \gamma\,(1/M - p_j)

    Parameters
    ----------
    X : array (B, D)
    weights : array (M, D), where the units start
    learning_rate : float in (0, 1], the eta above
    n_epochs : int >= 0
    conscience : float >= 0, in squared units of X
        The gamma above. A unit that has won more than its share 1/M is handicapped, one that has won less is helped;
        0 is plain competition. A dead unit is helped by gamma/M in the end, so gamma must pass M times the squared
        distance that keeps it from winning.
    memory : float in (0, 1]
        The beta above: the shares p of past wins, 1/M each at the start, forget with this rate.
    keep_path : whether to keep the weights after every step
    rng : numpy.random.Generator

    Returns
    -------
    CompetitiveResult

    Raises
    ------
    ValueError
        When the widths of X and weights differ, there is no unit, an entry is NaN or infinite, or an option is out of
        range.

    Notes
    -----
    DeSieno decides by the biased distance who learns, as here; he compares squared distances too.

    Examples
    --------
    >>> X, start = [[0.0], [1.0], [9.0]], [[0.0], [8.0], [99.0]]
    >>> result = compete(X, start, learning_rate=0.5, n_epochs=20, rng=np.random.default_rng(0))
    >>> result.wins
    array([40, 20,  0])
    """
    X, W = np.asarray(X, dtype=float), np.array(weights, dtype=float)
    if X.ndim != 2 or W.ndim != 2 or X.shape[1] != W.shape[1]:
        raise ValueError(f"X has shape {X.shape} and weights {W.shape}; expected (B, D) and (M, D)")
    if not len(W) or not np.isfinite(X).all() or not np.isfinite(W).all():
        raise ValueError(f"X and weights must be finite and hold at least one unit, got {X.shape} and {W.shape}")
    if not isinstance(n_epochs, Integral) or n_epochs < 0:
        raise ValueError(f"n_epochs must be whole and at least 0, got {n_epochs!r}")
    if not 0 < learning_rate <= 1 or not 0 < memory <= 1 or not 0 <= conscience < np.inf:
        raise ValueError(
            f"learning_rate and memory must lie in (0, 1] and conscience be finite and at least 0, "
            f"got {learning_rate!r}, {memory!r} and {conscience!r}"
        )
    n_units = len(W)
    wins, share = np.zeros(n_units, dtype=int), np.full(n_units, 1.0 / n_units)
    path = [W.copy()]
    for _ in range(n_epochs):
        for x in X[rng.permutation(len(X))]:
            c = winner(x, W, conscience * (1.0 / n_units - share))
            W[c] += learning_rate * (x - W[c])
            share *= 1.0 - memory
            share[c] += memory
            wins[c] += 1
            if keep_path:
                path.append(W.copy())
    return CompetitiveResult(W, wins, np.stack(path) if keep_path else None)
