r"""Whether a classifier knows how sure it may be: reliability, calibration error, accuracy after rejection (校准).

Shapes: N examples, K classes, M bins of confidence.

References
----------
Guo, Pleiss, Sun and Weinberger (2017), On calibration of modern neural networks, arXiv:1706.04599.
Naeini, Cooper and Hauskrecht (2015), Obtaining well calibrated probabilities using Bayesian binning, AAAI.

Examples
--------
>>> reliability([[0.9, 0.1], [0.4, 0.6]], [0, 0], n_bins=2).accuracy
array([0.5])
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt


class Reliability(NamedTuple):
    """Confidence against accuracy, bin by bin; empty bins are left out.

    Attributes
    ----------
    confidence : array, mean of the largest probability in each bin
    accuracy : array, share of right answers in it
    n_examples : array of int, examples in it
    """

    confidence: np.ndarray
    accuracy: np.ndarray
    n_examples: np.ndarray


def reliability(probabilities: npt.ArrayLike, y: npt.ArrayLike, *, n_bins: int = 15) -> Reliability:
    """Group examples by the confidence of the answer, in bins of equal width, and compare with how often it was right.

    Parameters
    ----------
    probabilities : array (N, K), rows that sum to 1
    y : array (N,) of int, the classes
    n_bins : int, M; bin m holds confidences in ((m - 1)/M, m/M]

    Returns
    -------
    Reliability

    Raises
    ------
    ValueError
        When shapes do not fit, or the rows are no distributions (logits, for instance).

    Examples
    --------
    >>> reliability([[0.9, 0.1], [0.8, 0.2], [0.3, 0.7]], [0, 1, 1], n_bins=2)
    Reliability(confidence=array([0.8]), accuracy=array([0.66666667]), n_examples=array([3]))
    """
    p, y = np.asarray(probabilities, dtype=float), np.asarray(y)
    if p.ndim != 2 or y.shape != p.shape[:1]:
        raise ValueError(f"probabilities have shape {p.shape} and y {y.shape}; expected (N, K) and (N,)")
    if n_bins < 1:
        raise ValueError(f"n_bins is {n_bins}; expected at least 1")
    if p.size == 0 or p.min() < -1e-6 or np.abs(p.sum(axis=1) - 1).max() > 1e-4:
        raise ValueError("the rows are no probabilities that sum to 1: are they logits?")
    confidence, right = p.max(axis=1), p.argmax(axis=1) == y
    bins = np.clip(np.ceil(confidence * n_bins).astype(int) - 1, 0, n_bins - 1)
    count = np.bincount(bins, minlength=n_bins)
    full = count > 0
    mean = [np.bincount(bins, weights=values, minlength=n_bins)[full] / count[full] for values in (confidence, right)]
    return Reliability(mean[0], mean[1], count[full])


def expected_calibration_error(probabilities: npt.ArrayLike, y: npt.ArrayLike, *, n_bins: int = 15) -> float:
    r"""Mean distance of confidence and accuracy over the bins of :func:`reliability`.

    .. math:: \mathrm{ECE} = \sum_m \frac{N_m}{N} \bigl| \mathrm{acc}_m - \mathrm{conf}_m \bigr|

    Parameters
    ----------
    probabilities, y, n_bins : as for :func:`reliability`

    Returns
    -------
    float from 0 to 1

    Notes
    -----
    With few examples it is biased upwards: even perfect probabilities have bins whose accuracy is off by chance.

    Examples
    --------
    >>> round(expected_calibration_error([[0.9, 0.1], [0.8, 0.2], [0.3, 0.7]], [0, 1, 1], n_bins=2), 4)
    0.1333
    """
    bins = reliability(probabilities, y, n_bins=n_bins)
    return float(np.sum(bins.n_examples * np.abs(bins.accuracy - bins.confidence)) / bins.n_examples.sum())


def accuracy_of_the_surest(uncertainty: npt.ArrayLike, right: npt.ArrayLike, shares: npt.ArrayLike) -> np.ndarray:
    """Accuracy on the examples that are kept when the most uncertain ones are rejected.

    Parameters
    ----------
    uncertainty : array (N,), larger is less sure
    right : array (N,) of bool
    shares : array of floats in (0, 1], how much is kept; at least one example always is

    Returns
    -------
    array like shares

    Examples
    --------
    >>> accuracy_of_the_surest([0.1, 0.9, 0.5, 0.2], [True, False, True, True], [1.0, 0.5])
    array([0.75, 1.  ])
    """
    u, right = np.asarray(uncertainty, dtype=float), np.asarray(right, dtype=bool)
    shares = np.asarray(shares, dtype=float)
    if u.ndim != 1 or u.shape != right.shape:
        raise ValueError(f"uncertainty has shape {u.shape} and right {right.shape}; expected twice (N,)")
    if np.any(shares <= 0) or np.any(shares > 1):
        raise ValueError("shares must be above 0 and at most 1")
    kept = np.maximum(np.round(shares * len(u)).astype(int), 1)
    in_order = np.cumsum(right[np.argsort(u, kind="stable")])
    return in_order[kept - 1] / kept
