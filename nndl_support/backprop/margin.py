r"""How often a perceptron can err: the margin, the radius, and the bound that Novikoff proved from them.

The hyperplanes here pass through the origin; append a constant column for a bias. Labels are -1 and +1.

Shapes: B examples, D inputs.

References
----------
Novikoff (1962), On convergence proofs on perceptrons, Symposium on the Mathematical Theory of Automata 12, 615-622.
Qiu (2019), Neural Networks and Deep Learning (in Chinese), theorem 3.1.
"""

import numpy as np
import numpy.typing as npt
from scipy.optimize import nnls


def _signed_rows(X: npt.ArrayLike, y: npt.ArrayLike) -> np.ndarray:
    """Rows y_n x_n (B, D); separating them from the origin separates the two classes."""
    X, y = np.asarray(X, dtype=np.float64), np.asarray(y, dtype=np.float64)
    if X.ndim != 2 or y.shape != X.shape[:1]:
        raise ValueError(f"expected X of shape (B, D) and y of shape (B,), got {X.shape} and {y.shape}")
    if not np.isin(y, (-1.0, 1.0)).all():
        raise ValueError(f"labels must be -1 or +1, got {np.unique(y)[:5]}")
    return y[:, None] * X


def radius(X: npt.ArrayLike) -> float:
    r"""Largest length of an input vector.

    .. math:: R = \max_n \lVert x^{(n)} \rVert

    Parameters
    ----------
    X : array (B, D)

    Returns
    -------
    float, in the unit of X

    Examples
    --------
    >>> radius([[3.0, 4.0], [1.0, 0.0]])
    5.0
    """
    return float(np.linalg.norm(np.asarray(X, dtype=np.float64), axis=1).max())


def margin(w: npt.ArrayLike, X: npt.ArrayLike, y: npt.ArrayLike) -> float:
    r"""Smallest signed distance of an example from the hyperplane :math:`w^\top x = 0`.

    .. math:: \gamma(w) = \min_n \frac{y^{(n)} w^\top x^{(n)}}{\lVert w \rVert}

    Parameters
    ----------
    w : array (D,), not zero
    X : array (B, D)
    y : array (B,), entries -1 or +1

    Returns
    -------
    float, in the unit of X; negative when an example lies on the wrong side

    Examples
    --------
    >>> margin([2.0, 0.0], [[1.0, 5.0], [-3.0, 1.0]], [1, -1])
    1.0
    """
    w = np.asarray(w, dtype=np.float64)
    return float((_signed_rows(X, y) @ w).min() / np.linalg.norm(w))


def optimal_margin(X: npt.ArrayLike, y: npt.ArrayLike) -> tuple[float, np.ndarray]:
    r"""Largest margin that a hyperplane through the origin can have, and its unit normal.

    .. math:: \gamma = \max_{\lVert w \rVert = 1} \min_n y^{(n)} w^\top x^{(n)}

    Parameters
    ----------
    X : array (B, D)
    y : array (B,), entries -1 or +1

    Returns
    -------
    gamma : float > 0, in the unit of X
    w : array (D,), of length 1

    Raises
    ------
    ValueError
        When no hyperplane through the origin separates the classes.

    Notes
    -----
    The shortest v with :math:`y^{(n)} v^\top x^{(n)} \ge 1` is a least-distance problem, which Lawson and Hanson turn
    into non-negative least squares: a finite algorithm, exact up to rounding. Then :math:`\gamma = 1/\lVert v\rVert`.

    References
    ----------
    Lawson and Hanson (1974), Solving Least Squares Problems, chapter 23, https://doi.org/10.1137/1.9781611971217.

    Examples
    --------
    >>> gamma, w = optimal_margin([[2.0, 1.0], [2.0, -1.0], [-3.0, 0.0]], [1, 1, -1])
    >>> round(gamma, 6)
    2.0
    """
    rows = _signed_rows(X, y)
    scale = radius(rows)
    residual = _least_distance_residual(rows / scale)
    if np.linalg.norm(residual) < 1e-10:
        raise ValueError(f"no hyperplane through the origin separates these {len(rows)} examples")
    v = -residual[:-1] / residual[-1]
    return scale / float(np.linalg.norm(v)), v / np.linalg.norm(v)


def _least_distance_residual(rows: np.ndarray) -> np.ndarray:
    """Residual (D + 1,) of non-negative least squares; zero exactly when rows @ v >= 1 has no solution."""
    matrix = np.vstack([rows.T, np.ones(len(rows))])
    target = np.append(np.zeros(rows.shape[1]), 1.0)
    coefficients, _ = nnls(matrix, target, maxiter=30 * max(matrix.shape))
    return matrix @ coefficients - target


def inseparability_certificate(X: npt.ArrayLike, y: npt.ArrayLike) -> np.ndarray | None:
    r"""Weights that prove that no hyperplane through the origin separates the classes, or None.

    By Gordan's theorem either some w has :math:`y^{(n)} w^\top x^{(n)} > 0` for all n, or some
    :math:`u \ge 0`, :math:`u \ne 0` has :math:`\sum_n u_n y^{(n)} x^{(n)} = 0`; never both.

    Parameters
    ----------
    X : array (B, D)
    y : array (B,), entries -1 or +1

    Returns
    -------
    array (B,) of non-negative numbers that sum to 1, or None when the classes can be separated

    Examples
    --------
    >>> inseparability_certificate([[1.0], [-2.0]], [1, -1]) is None
    True
    >>> inseparability_certificate([[1.0], [1.0]], [1, -1])
    array([0.5, 0.5])
    """
    rows = _signed_rows(X, y)
    rows = rows / max(radius(rows), np.finfo(float).tiny)
    if np.linalg.norm(_least_distance_residual(rows)) >= 1e-10:
        return None
    matrix = np.vstack([rows.T, np.ones(len(rows))])
    u, _ = nnls(matrix, np.append(np.zeros(rows.shape[1]), 1.0), maxiter=30 * max(matrix.shape))
    return u / u.sum()


def mistake_bound(X: npt.ArrayLike, y: npt.ArrayLike) -> float:
    r"""Most mistakes that the perceptron rule can make on these examples, in whatever order they come.

    .. math:: M \le R^2 / \gamma^2

    Parameters
    ----------
    X : array (B, D)
    y : array (B,), entries -1 or +1

    Returns
    -------
    float, number of updates

    Raises
    ------
    ValueError
        When no hyperplane through the origin separates the classes.

    References
    ----------
    Qiu (2019), theorem 3.1.

    Examples
    --------
    >>> mistake_bound([[1.0, 0.0], [-1.0, 0.0]], [1, -1])
    1.0
    """
    return (radius(X) / optimal_margin(X, y)[0]) ** 2
