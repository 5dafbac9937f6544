r"""The learning rules of the self-organizing map: where weights start, the online step, the batch step, an energy.

Shapes: B examples, D features, M units. H is the matrix (M, M) of neighbourhood weights: ``H[c, j]`` says how strongly
unit j learns when unit c wins. A missing entry of X is NaN; it teaches no unit anything.

References
----------
Kohonen (1982), Self-organized formation of topologically correct feature maps, Biological Cybernetics 43, 59-69,
https://doi.org/10.1007/BF00337288 (the online rule).
Kohonen (2013), Essentials of the self-organizing map, Neural Networks 37, 52-65,
https://doi.org/10.1016/j.neunet.2012.09.018 (the batch rule).
Heskes (1999), Energy functions for self-organizing maps, in Oja and Kaski (eds.), Kohonen Maps, Elsevier, 303-315
(the smoothed winner).
"""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_array

from nndl_support.classical.map_quality import scores

INITIALISATIONS = ("pca", "sample", "random")


def initial_weights(X: np.ndarray, positions: np.ndarray, method: str, rng: np.random.RandomState) -> np.ndarray:
    """Weights to start from.

    Parameters
    ----------
    X : array (B, D), NaN where missing
    positions : array (M, 2), where the units stand in the plane
    method : {"pca", "sample", "random"}
        ``"pca"`` lays the grid flat into the plane of the first two principal components, its longer side along the
        first, one standard deviation to each side of the mean. ``"sample"`` copies examples, all different as far as
        there are enough. ``"random"`` draws each feature uniformly between its extremes.
    rng : numpy.random.RandomState

    Returns
    -------
    array (M, D)

    Raises
    ------
    ValueError
        When a feature is missing in all rows, or the method is unknown.

    Notes
    -----
    Missing entries count as their column's mean here.

    Examples
    --------
    >>> X = np.array([[-2.0, 0.0], [2.0, 0.0]])
    >>> initial_weights(X, np.array([[0.0, 0.0], [1.0, 0.0], [2.0, 0.0]]), "pca", np.random.RandomState(0)) + 0.0
    array([[-2.,  0.],
           [ 0.,  0.],
           [ 2.,  0.]])
    """
    if method not in INITIALISATIONS:
        raise ValueError(f"initialisation must be one of {INITIALISATIONS}, got {method!r}")
    missing = np.isnan(X)
    if missing.all(axis=0).any():
        columns = np.flatnonzero(missing.all(axis=0)).tolist()
        raise ValueError(f"the features {columns} are missing in all {len(X)} rows")
    filled = np.where(missing, np.nanmean(X, axis=0), X) if missing.any() else X
    n_units = len(positions)
    if method == "sample":
        return filled[rng.choice(len(X), n_units, replace=len(X) < n_units)]
    if method == "random":
        low, high = filled.min(axis=0), filled.max(axis=0)
        return low + (high - low) * rng.random_sample((n_units, X.shape[1]))
    mean = filled.mean(axis=0)
    spread, components = _principal_components(filled - mean)
    extent = np.ptp(positions, axis=0)
    place = 2.0 * (positions - positions.min(axis=0)) / np.where(extent > 0, extent, 1.0) - (extent > 0)
    place = place[:, np.argsort(-extent, kind="stable")]  # the longer side of the grid first
    return mean + place[:, : len(spread)] * spread @ components


def _principal_components(centred: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Standard deviations and directions (rows) of the first two principal components, or of the only one."""
    n, width = centred.shape
    if width <= n:  # a matrix (D, D) instead of (B, D): ten times faster for the digits
        variances, vectors = np.linalg.eigh(centred.T @ centred / n)
        spread, components = np.sqrt(np.maximum(variances[:-3:-1], 0.0)), vectors[:, :-3:-1].T
    else:
        _, values, rows = np.linalg.svd(centred, full_matrices=False)
        spread, components = values[:2] / np.sqrt(n), rows[:2]
    # The sign of a component is arbitrary: its largest entry is made positive, so that every machine agrees.
    largest = np.abs(components).argmax(axis=1)
    return spread, components * np.where(components[np.arange(len(components)), largest] < 0, -1.0, 1.0)[:, None]


def online_step(x: np.ndarray, W: np.ndarray, h: np.ndarray, learning_rate: float) -> np.ndarray:
    r"""Weights after one example: every unit moves towards it, the more the nearer it stands to the winner.

    .. math:: w_j \leftarrow w_j + \eta\, h_{cj}\, (x - w_j)

    Parameters
    ----------
    x : array (D,), NaN where missing
    W : array (M, D)
    h : array (M,), the row of H that belongs to the winner c
    learning_rate : float, the eta above

    Returns
    -------
    array (M, D)

    Examples
    --------
    >>> online_step(np.array([1.0]), np.array([[0.0], [0.0]]), np.array([1.0, 0.5]), 0.5)
    array([[0.5 ],
           [0.25]])
    """
    pull = x - W
    pull[:, np.isnan(x)] = 0.0
    return W + (learning_rate * h)[:, None] * pull


def batch_step(X: np.ndarray, W: np.ndarray, winners: np.ndarray, H: np.ndarray) -> np.ndarray:
    r"""Weights after all examples at once: each unit becomes a weighted mean, with the winners held fixed.

    .. math:: w_{jd} \leftarrow \frac{\sum_n h_{c_n j}\, x_{nd}}{\sum_n h_{c_n j}}

    where the sums go over the examples n whose entry d is known; a unit that none of them reaches stays where it is.

    Parameters
    ----------
    X : array (B, D), NaN where missing
    W : array (M, D)
    winners : integer array (B,), the c_n above
    H : array (M, M), entries >= 0

    Returns
    -------
    array (M, D)

    Notes
    -----
    Examples of one winner share their neighbourhood weights, so they are added up first: B D + M² D multiplications
    instead of B M D.

    Examples
    --------
    >>> batch_step(np.array([[1.0], [3.0], [8.0]]), np.zeros((2, 1)), np.array([0, 0, 1]), np.eye(2))
    array([[2.],
           [8.]])
    """
    # Row c of ``cells`` has a 1 for every example that unit c wins.
    cells = csr_array((np.ones(len(X)), winners, np.arange(len(X) + 1)), shape=(len(X), len(W))).T
    missing = np.isnan(X)
    if missing.any():
        totals, counts = cells @ np.where(missing, 0.0, X), cells @ (~missing).astype(float)
    else:
        totals, counts = cells @ X, np.bincount(winners, minlength=len(W))[:, None]
    share = H.T @ counts
    # Below the smallest normal number a quotient has no correct digit left.
    reached = share > np.finfo(float).tiny
    return np.where(reached, (H.T @ totals) / np.where(reached, share, 1.0), W)


def smoothed_winners(X: np.ndarray, W: np.ndarray, H: np.ndarray) -> np.ndarray:
    r"""Winners by the whole neighbourhood: the unit around which the map lies nearest to the example.

    .. math:: c(x) = \arg\min_c \sum_j h_{cj} \lVert x - w_j \rVert^2

    Parameters
    ----------
    X : array (B, D), NaN where missing
    W : array (M, D)
    H : array (M, M)

    Returns
    -------
    integer array (B,)

    Examples
    --------
    >>> smoothed_winners(np.array([[0.4]]), np.array([[0.0], [1.0]]), np.eye(2))
    array([0])
    """
    return (_half_squares(X, W) @ H.T).argmin(axis=1)


def energy(X: np.ndarray, W: np.ndarray, winners: np.ndarray, H: np.ndarray) -> float:
    r"""What batch steps with smoothed winners never raise while H stays the same.

    .. math:: E = \frac{1}{2B} \sum_n \sum_j h_{c_n j} \lVert x_n - w_j \rVert^2

    Parameters
    ----------
    X : array (B, D), NaN where missing
    W : array (M, D)
    winners : integer array (B,)
    H : array (M, M)

    Returns
    -------
    float, in squared units of X

    Examples
    --------
    >>> energy(np.array([[0.0], [3.0]]), np.array([[0.0], [1.0]]), np.array([0, 1]), np.eye(2))
    1.0
    """
    return float((H[winners] * _half_squares(X, W)).sum() / len(X))


def _half_squares(X: np.ndarray, W: np.ndarray) -> np.ndarray:
    """Half the squared distances (B, M), computed about the middle of the map: rounding errors grow with the lengths."""
    X, W = X - W.mean(axis=0), W - W.mean(axis=0)
    return scores(X, W) + 0.5 * np.nansum(X**2, axis=1)[:, None]
