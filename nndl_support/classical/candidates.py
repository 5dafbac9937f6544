r"""Candidate units of cascade-correlation: how much they covary with the error that is left, and how a pool of them learns.

Shapes: B examples, M inputs of a candidate (1 for the bias, the features, the hidden units installed before), C candidates,
K outputs of the network. ``weights`` (C, M) holds one candidate in each row, ``Z`` (B, M) has the ones in its first
column, ``E`` (B, K) is the error left, target minus output.

References
----------
Fahlman and Lebiere (1990), The cascade-correlation learning architecture, Advances in Neural Information Processing
Systems 2, 524-532. Kwok and Yeung (1997), Objective functions for training new hidden units in constructive neural
networks, IEEE Transactions on Neural Networks 8(5) (the criterion "correlation").
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nndl_support.activations.sigmoid_family import logistic
from nndl_support.classical.quickprop import quickprop_step

UNIT_TYPES = ("tanh", "logistic", "gaussian")
CRITERIA = ("covariance", "correlation")


def unit_outputs(net: np.ndarray, unit_types: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """Outputs of a row of units and their derivatives with respect to the net inputs.

    Parameters
    ----------
    net : array (B, C), net inputs
    unit_types : sequence of C str, each "tanh", "logistic" or "gaussian" (``exp(-net**2 / 2)``)

    Returns
    -------
    outputs, derivatives : arrays (B, C)

    Raises
    ------
    ValueError
        When a type is unknown, or there is not one for each unit.

    Examples
    --------
    >>> outputs, derivatives = unit_outputs(np.zeros((1, 3)), ["tanh", "logistic", "gaussian"])
    >>> outputs, derivatives
    (array([[0. , 0.5, 1. ]]), array([[ 1.  ,  0.25, -0.  ]]))
    """
    if len(unit_types) != net.shape[1]:
        raise ValueError(f"there are {len(unit_types)} unit types for {net.shape[1]} candidates")
    outputs, derivatives = np.empty_like(net), np.empty_like(net)
    for name in dict.fromkeys(unit_types):
        columns = slice(None) if len(set(unit_types)) == 1 else [kind == name for kind in unit_types]
        z = net[:, columns]
        if name == "tanh":
            v = np.tanh(z)
            slope = 1.0 - v**2
        elif name == "logistic":
            v = logistic(z)
            slope = v * (1.0 - v)
        elif name == "gaussian":
            with np.errstate(over="ignore", under="ignore"):
                v = np.exp(-0.5 * z**2)
                slope = -z * v
        else:
            raise ValueError(f"unknown unit type {name!r}; known are {', '.join(UNIT_TYPES)}")
        outputs[:, columns], derivatives[:, columns] = v, slope
    return outputs, derivatives


def score(V: np.ndarray, E: np.ndarray, *, criterion: str = "covariance") -> np.ndarray:
    r"""How well each candidate's output goes with the error: the S of the paper.

    .. math:: S_c = \sum_o \Big| \sum_p (V_{pc} - \bar V_c)(E_{po} - \bar E_o) \Big|

    Parameters
    ----------
    V : array (B, C), outputs of the candidates
    E : array (B, K), error left
    criterion : "covariance" for S as printed, or "correlation" for
        :math:`S_c / \lVert V_c - \bar V_c \rVert`, which does not grow with the spread of V

    Returns
    -------
    array (C,); for "correlation" in the units of E

    Raises
    ------
    ValueError
        When the criterion is unknown.

    Examples
    --------
    >>> V, E = np.array([[0.0], [1.0], [2.0]]), np.array([[1.0], [0.0], [-4.0]])
    >>> score(V, E), score(V, E, criterion="correlation").round(3)
    (array([5.]), array([3.536]))
    """
    _check_criterion(criterion)
    centred = V - V.mean(axis=0)
    S = np.abs(centred.T @ (E - E.mean(axis=0))).sum(axis=1)
    return S if criterion == "covariance" else S / _spread(centred)


def score_and_gradient(
    weights: np.ndarray,
    Z: np.ndarray,
    E: np.ndarray,
    unit_types: Sequence[str],
    *,
    criterion: str = "covariance",
) -> tuple[np.ndarray, np.ndarray]:
    r"""The score of every candidate and its derivative with respect to the candidate's weights.

    .. math:: \frac{\partial S_c}{\partial w_{ci}} = \sum_{p,o} \sigma_{co}\,(E_{po} - \bar E_o)\,f'_{pc}\,Z_{pi}

    where :math:`\sigma_{co}` is the sign of the covariance and :math:`f'` the derivative of the unit. For "correlation", the
    factor :math:`\sum_o \sigma_{co} (E_{po} - \bar E_o)` becomes
    :math:`(\sum_o \sigma_{co} (E_{po} - \bar E_o) - S_c (V_{pc} - \bar V_c)/n_c^2) / n_c` with
    :math:`n_c = \lVert V_c - \bar V_c \rVert` and S of the covariance.

    Parameters
    ----------
    weights : array (C, M)
    Z : array (B, M)
    E : array (B, K)
    unit_types : sequence of C str
    criterion : "covariance" or "correlation"

    Returns
    -------
    scores : array (C,)
    gradient : array (C, M)

    Raises
    ------
    ValueError
        When the criterion or a type of unit is unknown.

    Notes
    -----
    The mean of V depends on the weights too, but its derivative meets the factor
    :math:`\sum_p (E_{po} - \bar E_o) = 0`: nothing is neglected. S has a kink where a covariance changes its sign.

    Examples
    --------
    >>> Z = np.column_stack([np.ones(3), [-1.0, 0.0, 1.0]])
    >>> S, gradient = score_and_gradient(np.array([[0.0, 1.0]]), Z, np.array([[0.0], [1.0], [2.0]]), ["tanh"])
    >>> S.round(3), gradient.round(3)
    (array([1.523]), array([[0. , 0.84]]))
    """
    _check_criterion(criterion)
    V, derivative = unit_outputs(Z @ weights.T, unit_types)
    centred, E = V - V.mean(axis=0), E - E.mean(axis=0)
    covariance = centred.T @ E
    S = np.abs(covariance).sum(axis=1)
    pull = E @ np.sign(covariance).T  # (B, C): dS / dV
    if criterion == "correlation":
        spread = _spread(centred)
        pull = (pull - centred * (S / spread**2)) / spread
        S = S / spread
    return S, (pull * derivative).T @ Z


@dataclass(frozen=True)
class TrainedPool:
    """A pool of candidates after its training.

    Attributes
    ----------
    weights : array (C, M)
    scores : array (C,), the score of every candidate with these weights
    unit_types : tuple of C str
    history : array (T, C), the scores after each of T passes over the data, the start included
    best : int, the candidate with the highest score
    """

    weights: np.ndarray
    scores: np.ndarray
    unit_types: tuple[str, ...]
    history: np.ndarray

    @property
    def best(self) -> int:
        """The candidate with the highest score."""
        return int(np.argmax(self.scores))


def train_pool(
    weights: npt.ArrayLike,
    Z: np.ndarray,
    E: np.ndarray,
    unit_types: Sequence[str],
    *,
    criterion: str = "covariance",
    learning_rate: float = 0.3,
    growth: float = 1.75,
    max_epochs: int = 300,
    patience: int = 12,
    tol: float = 0.01,
) -> TrainedPool:
    r"""Climb the score with all candidates at once, by quickprop.

    Every candidate keeps the best weights that it passed through. All stop together, when no candidate has raised its best
    score by the factor ``1 + tol`` within ``patience`` epochs.

    Parameters
    ----------
    weights : array (C, M), where the candidates start
    Z : array (B, M)
    E : array (B, K)
    unit_types : sequence of C str
    criterion : "covariance" or "correlation"
    learning_rate, growth : floats, of quickprop; the slopes are those of the score divided by the most it can reach,
        the sum of :math:`|E_{po} - \bar E_o|` ("correlation": the sum of the lengths of the columns), so that neither
        the number of examples nor the size of the error matters
    max_epochs : int >= 0, passes over the data
    patience : int >= 1
    tol : float >= 0

    Returns
    -------
    TrainedPool

    Raises
    ------
    ValueError
        When the shapes do not fit, the criterion or a type of unit is unknown, or quickprop gets a rate that is not positive.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> x = np.linspace(-2, 2, 41)
    >>> Z, E = np.column_stack([np.ones(41), x]), np.sign(x)[:, None]
    >>> pool = train_pool(rng.uniform(-1, 1, (5, 2)), Z, E, ["tanh"] * 5)
    >>> bool((pool.scores >= pool.history[0]).all()), round(float(pool.scores.max()))
    (True, 40)
    """
    w = np.array(weights, dtype=float)
    _check(w, Z, E, unit_types, criterion)
    if not learning_rate > 0 or not growth > 0:
        raise ValueError(f"learning_rate and growth must be positive, but are {learning_rate} and {growth}")
    E = E - E.mean(axis=0)
    # What the score of a unit with outputs in [-1, 1] can reach at most.
    most = np.abs(E).sum() if criterion == "covariance" else np.linalg.norm(E, axis=0).sum()
    if most == 0:
        S = np.zeros(len(w))
        return TrainedPool(w, S, tuple(unit_types), S[None])
    step, previous = np.zeros_like(w), np.zeros_like(w)
    best_weights, best_scores = w.copy(), np.full(len(w), -np.inf)
    mark, stale, history = np.full(len(w), -np.inf), 0, []
    for epoch in range(max_epochs + 1):
        scores, gradient = score_and_gradient(w, Z, E, unit_types, criterion=criterion)
        history.append(scores)
        better = scores > best_scores
        best_scores[better], best_weights[better] = scores[better], w[better]
        gained = best_scores > mark * (1 + tol)
        mark[gained] = best_scores[gained]
        stale = 0 if gained.any() else stale + 1
        if epoch == max_epochs or stale >= patience:
            break
        slope = -gradient / most  # quickprop descends
        step = quickprop_step(step, slope, previous, learning_rate=learning_rate, growth=growth)
        w, previous = w + step, slope
    return TrainedPool(best_weights, best_scores, tuple(unit_types), np.array(history))


def _spread(centred: np.ndarray) -> np.ndarray:
    """The length of each centred column; a candidate that does not vary at all gets 1 instead of 0, and so the score 0."""
    length = np.linalg.norm(centred, axis=0)
    return np.where(length > 1e-12 * np.sqrt(len(centred)), length, 1.0)


def _check(weights: np.ndarray, Z: np.ndarray, E: np.ndarray, unit_types: Sequence[str], criterion: str) -> None:
    if weights.ndim != 2 or weights.shape[1] != Z.shape[1]:
        raise ValueError(
            f"weights have shape {weights.shape}, but Z has {Z.shape[1]} columns; expected (C, {Z.shape[1]})"
        )
    if E.ndim != 2 or len(E) != len(Z):
        raise ValueError(f"E has shape {E.shape}, but Z has {len(Z)} rows; expected ({len(Z)}, K)")
    if len(unit_types) != len(weights):
        raise ValueError(f"there are {len(unit_types)} unit types for {len(weights)} candidates")
    _check_criterion(criterion)


def _check_criterion(criterion: str) -> None:
    if criterion not in CRITERIA:
        raise ValueError(f"criterion must be one of {', '.join(CRITERIA)}, but is {criterion!r}")
