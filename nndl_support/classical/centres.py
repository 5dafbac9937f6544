r"""Where the hidden units of an RBF network sit, and how wide they are.

Shapes: B examples, D features, M centres, K targets. Widths are the :math:`\sigma` of :math:`e^{-r^2/(2\sigma^2)}`.

References
----------
Moody and Darken (1989), Fast learning in networks of locally-tuned processing units, Neural Computation 1(2),
https://doi.org/10.1162/neco.1989.1.2.281 (k-means, widths from the nearest neighbours).
Chen, Cowan and Grant (1991), Orthogonal least squares learning algorithm for radial basis function networks, IEEE Transactions
on Neural Networks 2(2), 302-309, https://doi.org/10.1109/72.80341.
Haykin (1999), Neural Networks: A Comprehensive Foundation, 2nd edition, Prentice Hall (the width from the largest distance).
"""

import numpy as np
import numpy.typing as npt
from scipy.spatial.distance import cdist, pdist
from sklearn.cluster import KMeans


def random_centres(X: npt.ArrayLike, n_centres: int, rng: np.random.Generator) -> np.ndarray:
    """Draw centres among the distinct examples, each at most once.

    Parameters
    ----------
    X : array (B, D)
    n_centres : int, M
    rng : numpy Generator

    Returns
    -------
    array (M, D)

    Raises
    ------
    ValueError
        When there are fewer distinct examples than centres.

    Examples
    --------
    >>> np.sort(random_centres([[0.0], [1.0], [2.0]], 3, np.random.default_rng(0)), axis=0)
    array([[0.],
           [1.],
           [2.]])
    """
    distinct = _distinct(X, n_centres)
    return distinct[rng.choice(len(distinct), n_centres, replace=False)]


def kmeans_centres(X: npt.ArrayLike, n_centres: int, rng: np.random.Generator) -> np.ndarray:
    """Centres of k-means clusters: near the data, without looking at the targets.

    Parameters
    ----------
    X : array (B, D)
    n_centres : int, M
    rng : numpy Generator

    Returns
    -------
    array (M, D)

    Raises
    ------
    ValueError
        When there are fewer distinct examples than centres.

    Examples
    --------
    >>> X = [[0.0], [0.2], [5.0], [5.4]]
    >>> np.sort(kmeans_centres(X, 2, np.random.default_rng(0)), axis=0)
    array([[0.1],
           [5.2]])
    """
    X = np.asarray(X, dtype=float)
    _distinct(X, n_centres)
    clusters = KMeans(n_centres, n_init=1, random_state=int(rng.integers(2**31))).fit(X)
    return clusters.cluster_centers_


def orthogonal_least_squares(
    candidates: npt.ArrayLike, targets: npt.ArrayLike, n_terms: int
) -> tuple[np.ndarray, np.ndarray]:
    r"""Pick columns one after another, each time the one that explains most of what is still unexplained.

    .. math:: [\text{err}]_i = \frac{\sum_k g_{ik}^2\;w_i^\top w_i}{\sum_k t_k^\top t_k}, \qquad
        g_{ik} = \frac{w_i^\top t_k}{w_i^\top w_i}

    where :math:`w_i` is the candidate minus its projection on all columns picked so far (Gram-Schmidt).

    Parameters
    ----------
    candidates : array (B, P), one column for each possible centre
    targets : array (B, K)
    n_terms : int, M, at most P

    Returns
    -------
    chosen : integer array (M,), columns in the order of their choice; fewer when all other columns depend on those chosen
    error_reduction_ratios : array (M,), the share of the targets' squares that each choice explained

    Raises
    ------
    ValueError
        For shapes that do not fit, NaN, or more terms than candidates.

    Notes
    -----
    The ratios add up to 1 minus the residual's share: because the :math:`w_i` are orthogonal, a choice never has to be weighed
    anew. With an intercept, pass candidates and targets minus their means; then the ratios add up to the coefficient of
    determination. Greedy is not optimal: a pair may do better than the pair of the best and the second best.

    References
    ----------
    Chen, Cowan and Grant (1991), https://doi.org/10.1109/72.80341.

    Examples
    --------
    >>> columns = np.array([[1.0, 0.0, 1.0], [0.0, 1.0, 1.0], [0.0, 0.0, 1.0]])
    >>> chosen, ratios = orthogonal_least_squares(columns, np.array([[3.0], [4.0], [0.0]]), 2)
    >>> chosen, ratios
    (array([2, 1]), array([0.65333333, 0.16666667]))
    """
    w, t = np.array(candidates, dtype=float), np.array(targets, dtype=float)
    if w.ndim != 2 or t.ndim != 2 or len(w) != len(t):
        raise ValueError(f"candidates has shape {w.shape} and targets {t.shape}; expected (B, P) and (B, K)")
    if not 1 <= n_terms <= w.shape[1]:
        raise ValueError(f"n_terms is {n_terms}, but there are {w.shape[1]} candidates")
    if not np.isfinite(w).all() or not np.isfinite(t).all():
        raise ValueError("candidates or targets have entries that are NaN or infinite")
    original, total = np.einsum("bp,bp->p", w, w), np.sum(t * t) or 1.0
    chosen, ratios = [], []
    for _ in range(n_terms):
        squares = np.einsum("bp,bp->p", w, w)
        independent = squares > 1e-12 * original
        if not independent.any():
            break
        gains = np.where(independent, np.sum((w.T @ t) ** 2, axis=1) / np.where(independent, squares, 1.0), -1.0)
        best = int(gains.argmax())
        chosen.append(best)
        ratios.append(gains[best] / total)
        direction = w[:, best] / np.sqrt(squares[best])
        w -= np.outer(direction, direction @ w)
        w[:, best] = 0.0
        t -= np.outer(direction, direction @ t)
    return np.array(chosen), np.array(ratios)


def maximum_distance_width(centres: npt.ArrayLike) -> float:
    r"""One width for all units, from the largest distance between centres.

    .. math:: \sigma = \frac{d_{\max}}{\sqrt{2M}}

    Parameters
    ----------
    centres : array (M, D) with M >= 2

    Returns
    -------
    float

    Raises
    ------
    ValueError
        When there is only one centre.

    References
    ----------
    Haykin (1999), section on the fixed centres of RBF networks.

    Examples
    --------
    >>> maximum_distance_width([[0.0], [4.0]])
    2.0
    """
    centres = _several(centres)
    return float(pdist(centres).max() / np.sqrt(2 * len(centres)))


def nearest_neighbour_widths(centres: npt.ArrayLike, n_neighbours: int = 2) -> np.ndarray:
    r"""A width for each unit: the root mean square distance to its P nearest fellow centres.

    .. math:: \sigma_i^2 = \frac1P \sum_{j \in \mathcal{N}_P(i)} \lVert c_i - c_j\rVert^2

    Parameters
    ----------
    centres : array (M, D) with M >= 2
    n_neighbours : int >= 1, P; M - 1 where that is smaller

    Returns
    -------
    array (M,)

    Raises
    ------
    ValueError
        When there is only one centre, or ``n_neighbours`` is below 1.

    References
    ----------
    Moody and Darken (1989), https://doi.org/10.1162/neco.1989.1.2.281.

    Examples
    --------
    >>> nearest_neighbour_widths([[0.0], [3.0], [7.0]], n_neighbours=1)
    array([3., 3., 4.])
    """
    centres = _several(centres)
    if n_neighbours < 1:
        raise ValueError(f"n_neighbours must be at least 1, but is {n_neighbours}")
    squares = np.sort(cdist(centres, centres, "sqeuclidean"), axis=1)
    return np.sqrt(squares[:, 1 : 1 + min(n_neighbours, len(centres) - 1)].mean(axis=1))


def _distinct(X: npt.ArrayLike, n_centres: int) -> np.ndarray:
    if n_centres < 1:
        raise ValueError(f"n_centres must be at least 1, but is {n_centres}")
    distinct = np.unique(np.asarray(X, dtype=float), axis=0)
    if len(distinct) < n_centres:
        raise ValueError(f"{n_centres} centres were asked for, but X has only {len(distinct)} distinct rows")
    return distinct


def _several(centres: npt.ArrayLike) -> np.ndarray:
    array = np.asarray(centres, dtype=float)
    if array.ndim != 2 or len(array) < 2:
        raise ValueError(f"centres has shape {array.shape}; expected (M, D) with at least 2 centres")
    return array
