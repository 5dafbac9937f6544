r"""What a comparison of networks over seeds does and does not show.

A score that depends on a seed is a random number, and so is the difference of two. The functions here say how large such a
difference is, how sure one can be of its sign, and how much a ranking of many is worth. They know nothing of networks:
S is the number of seeds, M that of the methods compared.

References
----------
Student (1908), The probable error of a mean, Biometrika 6(1) (intervals and the paired test).
Wilson (1927), Probable inference, the law of succession, and statistical inference, J. Amer. Stat. Assoc. 22.
McNemar (1947), Note on the sampling error of the difference between correlated proportions or percentages, Psychometrika 12.
Holm (1979), A simple sequentially rejective multiple test procedure, Scandinavian Journal of Statistics 6(2).

Examples
--------
Two methods, four seeds. Each mean is known to two points, their difference far better, for the seeds move both alike:

>>> a, b = [0.95, 0.93, 0.96, 0.92], [0.94, 0.92, 0.955, 0.91]
>>> interval, difference = mean_interval(a), paired_difference(a, b)
>>> round(interval.high - interval.low, 3), round(difference.high - difference.low, 3)
(0.058, 0.008)
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import stats


class Interval(NamedTuple):
    """An estimate and the interval around it."""

    estimate: float
    low: float
    high: float


class Difference(NamedTuple):
    """The mean of paired differences, its interval, and the two-sided p-value of the hypothesis that it is 0."""

    mean: float
    low: float
    high: float
    p_value: float


def mean_interval(values: npt.ArrayLike, *, confidence: float = 0.95) -> Interval:
    r"""Mean of scores over seeds with Student's interval.

    .. math:: \bar a \pm t_{S-1} \frac{s}{\sqrt S}

    Parameters
    ----------
    values : array (S,), at least two
    confidence : float in (0, 1)

    Returns
    -------
    Interval

    Examples
    --------
    >>> [round(number, 3) for number in mean_interval([0.90, 0.92, 0.94])]
    [0.92, 0.87, 0.97]
    """
    a = _scores("values", values)
    margin = stats.t.ppf((1 + confidence) / 2, len(a) - 1) * a.std(ddof=1) / np.sqrt(len(a))
    return Interval(float(a.mean()), float(a.mean() - margin), float(a.mean() + margin))


def paired_difference(a: npt.ArrayLike, b: npt.ArrayLike, *, confidence: float = 0.95) -> Difference:
    """Mean difference of two methods that ran with the same seeds, with the paired t-test.

    Parameters
    ----------
    a, b : arrays (S,), one score per seed, in the same order of seeds
    confidence : float in (0, 1)

    Returns
    -------
    Difference, of a minus b

    Notes
    -----
    The pairs remove what a seed does to both methods alike. When all differences are equal the p-value is 1 if they are 0,
    else 0. Only the seeds are taken for random: the test images are the same throughout, and another thousand images
    would move all scores.

    Examples
    --------
    >>> difference = paired_difference([0.91, 0.93, 0.95], [0.90, 0.93, 0.93])
    >>> round(difference.mean, 3), round(difference.p_value, 2)
    (0.01, 0.23)
    """
    first, second = _scores("a", a), _scores("b", b)
    if len(first) != len(second):
        raise ValueError(
            f"a has {len(first)} scores and b has {len(second)}; a paired comparison needs one pair per seed"
        )
    gaps = first - second
    interval = mean_interval(gaps, confidence=confidence)
    if np.ptp(gaps) <= 1e-15:  # scipy warns and returns NaN where the differences do not vary
        return Difference(*interval, p_value=float(abs(interval.estimate) <= 1e-15))
    return Difference(*interval, p_value=float(stats.ttest_rel(first, second).pvalue))


def holm(p_values: npt.ArrayLike) -> np.ndarray:
    r"""Adjust the p-values of many tests so that the chance of even one false alarm stays below the level.

    .. math:: \tilde p_{(i)} = \max_{j \le i}\, \min\bigl(1, (M - j + 1)\, p_{(j)}\bigr)

    Parameters
    ----------
    p_values : array (M,)

    Returns
    -------
    array (M,), in the order given

    Examples
    --------
    >>> holm([0.01, 0.04, 0.03])
    array([0.03, 0.06, 0.06])
    """
    p = np.asarray(p_values, dtype=float)
    if p.ndim != 1 or ((p < 0) | (p > 1)).any():
        raise ValueError(f"p_values must be a vector of numbers between 0 and 1, but is {p_values!r}")
    order = np.argsort(p)
    raised = np.maximum.accumulate(np.minimum(1.0, (len(p) - np.arange(len(p))) * p[order]))
    adjusted = np.empty_like(p)
    adjusted[order] = raised
    return adjusted


def accuracy_interval(n_right: int, n: int, *, confidence: float = 0.95) -> Interval:
    r"""Accuracy on n test examples with Wilson's interval: what other examples of the same kind would do to it.

    .. math:: \frac{\hat p + z^2/2n \pm z\sqrt{\hat p(1-\hat p)/n + z^2/4n^2}}{1 + z^2/n}

    Parameters
    ----------
    n_right, n : int, 0 <= n_right <= n, n >= 1
    confidence : float in (0, 1)

    Returns
    -------
    Interval

    Examples
    --------
    >>> [round(number, 3) for number in accuracy_interval(950, 1000)]
    [0.95, 0.935, 0.962]
    """
    if not 0 <= n_right <= n or n < 1:
        raise ValueError(f"{n_right} right answers among {n} examples are not possible")
    found = stats.binomtest(n_right, n).proportion_ci(confidence, method="wilson")
    return Interval(n_right / n, float(found.low), float(found.high))


def mcnemar(right_a: npt.ArrayLike, right_b: npt.ArrayLike) -> tuple[int, int, float]:
    """Compare two classifiers on the same test examples by the examples on which they disagree.

    Parameters
    ----------
    right_a, right_b : arrays (N,) of bool, whether each is right

    Returns
    -------
    only_a, only_b : int, examples on which only one of them is right
    p_value : float, exact and two-sided: of as uneven a split by tossing a coin

    Examples
    --------
    >>> mcnemar([True, True, True, True, False], [False, False, True, True, False])
    (2, 0, 0.5)
    """
    a, b = np.asarray(right_a, dtype=bool), np.asarray(right_b, dtype=bool)
    if a.shape != b.shape or a.ndim != 1:
        raise ValueError(f"right_a has shape {a.shape} and right_b {b.shape}; expected two vectors of one length")
    only_a, only_b = int((a & ~b).sum()), int((b & ~a).sum())
    if only_a + only_b == 0:
        return 0, 0, 1.0
    return only_a, only_b, float(stats.binomtest(only_a, only_a + only_b).pvalue)


def rank_intervals(
    scores: npt.ArrayLike, rng: np.random.Generator, *, n_resamples: int = 2000, confidence: float = 0.95
) -> np.ndarray:
    """How far the rank of each method moves when the seeds are drawn anew (the bootstrap).

    Parameters
    ----------
    scores : array (M, S), one row per method, larger is better
    rng : numpy.random.Generator
    n_resamples : int, how often S seeds are drawn with replacement
    confidence : float in (0, 1)

    Returns
    -------
    array (M, 2) of the lowest and highest rank, 1 for the best mean; the middle ``confidence`` of the resamples

    Examples
    --------
    Two that cannot be told apart, and one that is always last:

    >>> scores = [[0.9, 0.8, 0.9, 0.8], [0.8, 0.9, 0.8, 0.9], [0.1, 0.1, 0.1, 0.1]]
    >>> rank_intervals(scores, np.random.default_rng(0))
    array([[1., 2.],
           [1., 2.],
           [3., 3.]])
    """
    table = np.asarray(scores, dtype=float)
    if table.ndim != 2 or table.shape[1] < 2:
        raise ValueError(f"scores has shape {table.shape}; expected (M, S) with at least two seeds")
    drawn = rng.integers(table.shape[1], size=(n_resamples, table.shape[1]))
    means = table[:, drawn].mean(axis=2)  # (M, resamples)
    ranks = stats.rankdata(-means, axis=0, method="min")
    tail = (1 - confidence) / 2
    return np.quantile(ranks, [tail, 1 - tail], axis=1, method="nearest").T.astype(float)


def silent_share(
    pre_activations: Sequence[np.ndarray],
    derivative: Callable[[np.ndarray], np.ndarray],
    *,
    tolerance: float = 1e-3,
) -> float:
    """Share of hidden units that let no gradient pass on any example: dead ReLUs, saturated S-shapes.

    Parameters
    ----------
    pre_activations : arrays (B, n_l), one for each hidden layer
    derivative : callable, elementwise
    tolerance : float > 0, the slope that counts as none

    Returns
    -------
    float in [0, 1]

    Examples
    --------
    >>> z = np.array([[-1.0, 1.0], [-2.0, -1.0]])
    >>> silent_share([z], lambda z: (z > 0).astype(float))
    0.5
    """
    steepest = np.concatenate([np.abs(derivative(z)).max(axis=0) for z in pre_activations])
    return float(np.mean(steepest < tolerance))


def _scores(name: str, values: npt.ArrayLike) -> np.ndarray:
    scores = np.asarray(values, dtype=float)
    if scores.ndim != 1 or len(scores) < 2 or not np.isfinite(scores).all():
        raise ValueError(f"{name} must hold at least two finite numbers, one per seed, but has shape {scores.shape}")
    return scores
