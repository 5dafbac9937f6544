r"""How good a map is: best matching units, quantisation and topographic error, U-matrix, hits and labels.

Everything here is computed from the weights W and the grid alone, whoever trained the map.

Shapes: B examples, D features, M units of a grid of R rows and C columns. A missing entry of X is NaN; it is left out of
every distance.

References
----------
Kiviluoto (1996), Topology preservation in self-organizing maps, Proceedings of ICNN'96,
https://doi.org/10.1109/ICNN.1996.548907 (the topographic error).
Ultsch and Siemon (1990), Kohonen's self organizing feature maps for exploratory data analysis, Proceedings of INNC'90
(the U-matrix).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy.spatial.distance import cdist


def _check_widths(X: np.ndarray, W: np.ndarray) -> None:
    if X.ndim != 2 or W.ndim != 2 or X.shape[1] != W.shape[1]:
        raise ValueError(f"X has shape {X.shape} and the weights {W.shape}; expected (B, D) and (M, D)")


def distances(X: np.ndarray, W: np.ndarray) -> np.ndarray:
    r"""Euclidean distance of every example to every unit, over the entries that are there.

    .. math:: \lVert x - w_j \rVert = \Big(\sum_{d:\ x_d \text{ known}} (x_d - w_{jd})^2\Big)^{1/2}

    Parameters
    ----------
    X : array (B, D), NaN where missing
    W : array (M, D)

    Returns
    -------
    array (B, M), in units of X

    Raises
    ------
    ValueError
        When the widths of X and W differ.

    Notes
    -----
    A row without any entry is at distance 0 from every unit; the estimator refuses such rows.
    ``sklearn.metrics.pairwise.nan_euclidean_distances`` multiplies the sum by D over the number of known entries. The
    factor is the same for all units, so it never changes a winner.

    Examples
    --------
    >>> distances(np.array([[3.0, np.nan, 4.0]]), np.zeros((1, 3)))
    array([[5.]])
    """
    _check_widths(X, W)
    missing = np.isnan(X)
    if not missing.any():
        return cdist(X, W)
    squared = np.empty((len(X), len(W)))
    for j, w in enumerate(W):
        squared[:, j] = (np.where(missing, 0.0, X - w) ** 2).sum(axis=1)
    return np.sqrt(squared)


def scores(X: np.ndarray, W: np.ndarray) -> np.ndarray:
    r"""Half the squared distance less what all units share: one matrix product, enough to compare units.

    .. math:: s_j = \tfrac{1}{2} \lVert w_j \rVert^2 - x^\top w_j

    Parameters
    ----------
    X : array (B, D), NaN where missing
    W : array (M, D)

    Returns
    -------
    array (B, M)

    Examples
    --------
    >>> scores(np.array([[1.0, 0.0]]), np.array([[1.0, 0.0], [0.0, 2.0]]))
    array([[-0.5,  2. ]])
    """
    missing = np.isnan(X)
    if missing.any():
        half_lengths = (~missing).astype(float) @ (0.5 * W**2).T
        X = np.where(missing, 0.0, X)
    else:
        half_lengths = 0.5 * (W**2).sum(axis=1)
    product = X @ W.T
    return np.subtract(half_lengths, product, out=product)  # in place: B M numbers are the largest array of all


def best_matching_units(X: np.ndarray, W: np.ndarray, k: int = 1) -> np.ndarray:
    """The k nearest units of every example, nearest first; of units with equal weights the lower index.

    Parameters
    ----------
    X : array (B, D), NaN where missing
    W : array (M, D)
    k : int, from 1 to M

    Returns
    -------
    integer array (B, k)

    Raises
    ------
    ValueError
        When the widths of X and W differ or k is not in 1 .. M.

    Examples
    --------
    >>> best_matching_units(np.array([[0.9]]), np.array([[0.0], [1.0], [3.0]]), k=2)
    array([[1, 0]])
    """
    _check_widths(X, W)
    if not 1 <= k <= len(W):
        raise ValueError(f"k must lie in 1 .. {len(W)}, the number of units, got {k!r}")
    # Distances do not change when the origin moves; the rounding errors of the product do.
    origin = W.mean(axis=0)
    near = scores(X - origin, W - origin)
    found = [near.argmin(axis=1)]
    while len(found) < k:
        near[np.arange(len(X)), found[-1]] = np.inf
        found.append(near.argmin(axis=1))
    return np.column_stack(found)


def quantization_error(X: np.ndarray, W: np.ndarray) -> float:
    """Mean distance of the examples to their best matching units.

    Parameters
    ----------
    X : array (B, D), NaN where missing
    W : array (M, D)

    Returns
    -------
    float, in units of X

    Examples
    --------
    >>> quantization_error(np.array([[0.0], [4.0]]), np.array([[1.0], [4.0]]))
    0.5
    """
    winner = best_matching_units(X, W)[:, 0]
    return float(np.sqrt(np.nansum((X - W[winner]) ** 2, axis=1)).mean())


def topographic_error(X: np.ndarray, W: np.ndarray, adjacent: np.ndarray) -> float:
    """Share of examples whose best and second best matching units do not touch on the grid.

    Parameters
    ----------
    X : array (B, D), NaN where missing
    W : array (M, D)
    adjacent : bool array (M, M), such as :func:`nndl_support.classical.map_grid.adjacent_units`

    Returns
    -------
    float in [0, 1]

    Raises
    ------
    ValueError
        When there is only one unit, and so no second best.

    Examples
    --------
    >>> from nndl_support.classical.map_grid import adjacent_units
    >>> W = np.array([[0.0], [2.0], [1.0]])  # a folded line
    >>> topographic_error(np.array([[0.1], [1.4], [1.9], [0.8]]), W, adjacent_units((1, 3)))
    0.5
    """
    if len(W) < 2:
        raise ValueError("the topographic error needs at least 2 units, but the map has 1")
    first, second = best_matching_units(X, W, k=2).T
    return float(1.0 - adjacent[first, second].mean())


def u_matrix(W: np.ndarray, adjacent: np.ndarray) -> np.ndarray:
    """Mean distance of every unit's weights to those of the units that touch it: high on a border between clusters.

    Parameters
    ----------
    W : array (M, D)
    adjacent : bool array (M, M)

    Returns
    -------
    array (M,), in units of the data; 0 for a unit without neighbours

    Examples
    --------
    >>> from nndl_support.classical.map_grid import adjacent_units
    >>> u_matrix(np.array([[0.0], [1.0], [5.0]]), adjacent_units((1, 3)))
    array([1. , 2.5, 4. ])
    """
    n_neighbours = adjacent.sum(axis=1)
    return (cdist(W, W) * adjacent).sum(axis=1) / np.maximum(n_neighbours, 1)


def majority_labels(winners: npt.ArrayLike, y: npt.ArrayLike, n_units: int, *, empty: int = -1) -> np.ndarray:
    """The most frequent label among the examples that each unit wins; of equally frequent ones the smaller.

    Parameters
    ----------
    winners : integer array (B,), in 0 .. n_units - 1
    y : integer array (B,), labels >= 0
    n_units : int, the M above
    empty : int, for a unit that wins nothing

    Returns
    -------
    integer array (M,)

    Raises
    ------
    ValueError
        When the lengths differ, a winner is not in 0 .. M - 1 or a label is negative.

    Examples
    --------
    >>> majority_labels([0, 0, 0, 2], [7, 3, 7, 5], 3)
    array([ 7, -1,  5])
    """
    winners, y = _checked_winners(winners, n_units), np.asarray(y)
    if winners.shape != y.shape:
        raise ValueError(f"there are {winners.size} winners, but {y.size} labels")
    if y.size and (not np.issubdtype(y.dtype, np.integer) or y.min() < 0):
        raise ValueError("labels must be whole numbers >= 0; leave unlabelled examples out")
    y = y.astype(int)
    counts = np.zeros((n_units, int(y.max(initial=0)) + 1), dtype=int)
    np.add.at(counts, (winners, y), 1)
    return np.where(counts.any(axis=1), counts.argmax(axis=1), empty)


def hit_map(winners: npt.ArrayLike, shape: Sequence[int]) -> np.ndarray:
    """How many examples each unit wins, laid out as the grid.

    Parameters
    ----------
    winners : integer array (B,)
    shape : (rows, columns)

    Returns
    -------
    integer array (R, C)

    Raises
    ------
    ValueError
        When a winner is not in 0 .. M - 1.

    Examples
    --------
    >>> hit_map([0, 5, 5], (2, 3))
    array([[1, 0, 0],
           [0, 0, 2]])
    """
    rows, columns = shape
    return np.bincount(_checked_winners(winners, rows * columns), minlength=rows * columns).reshape(rows, columns)


def _checked_winners(winners: npt.ArrayLike, n_units: int) -> np.ndarray:
    array = np.asarray(winners)
    if array.size and (not np.issubdtype(array.dtype, np.integer) or array.min() < 0 or array.max() >= n_units):
        raise ValueError(f"winners must be whole numbers from 0 to {n_units - 1}, got {array}")
    return array.astype(int)
