r"""Linear associators (线性联想器): one matrix that answers a key with the value it was stored with.

Where keys and values are different patterns the memory is *hetero-associative* (异联想), where they are the same it is
*auto-associative* (自联想) and completes what it is shown a part of.

Shapes: P pairs, N components of a key, M components of a value.

References
----------
Kohonen (1972), Correlation matrix memories, IEEE Transactions on Computers C-21(4), https://doi.org/10.1109/TC.1972.5008975.
Kohonen and Ruohonen (1973), Representation of associated data by matrix operators, IEEE Transactions on Computers C-22(7),
https://doi.org/10.1109/TC.1973.5009138.
Qiu (2019), 神经网络与深度学习, section 8.3.4.
"""

import numpy as np
import numpy.typing as npt

__all__ = ["correlation_memory", "crosstalk", "optimal_memory", "recall"]


def correlation_memory(keys: npt.ArrayLike, values: npt.ArrayLike) -> np.ndarray:
    r"""The matrix of Hebb's rule: every pair adds the product of its key and its value.

    .. math:: A = \frac1N X^\top Y

    Parameters
    ----------
    keys : array (P, N), the X; with :math:`\lVert x \rVert^2 = N`, as for entries -1 and 1, one pair is recalled exactly
    values : array (P, M), the Y

    Returns
    -------
    array (N, M)

    Raises
    ------
    ValueError
        When keys and values are not two tables with equally many rows, or hold NaN or infinity.

    Examples
    --------
    >>> A = correlation_memory([[1, 1, 1, 1], [1, -1, 1, -1]], [[3.0], [5.0]])
    >>> recall(A, [[1, -1, 1, -1]])  # the keys are orthogonal: no crosstalk
    array([[5.]])
    """
    X, Y = _pairs(keys, values)
    return X.T @ Y / X.shape[1]


def optimal_memory(keys: npt.ArrayLike, values: npt.ArrayLike) -> np.ndarray:
    r"""The matrix with the smallest error on the stored pairs and, among those, the smallest entries.

    .. math:: A = X^{+} Y

    with the pseudo-inverse :math:`X^{+}`. Linearly independent keys are recalled exactly.

    Parameters
    ----------
    keys : array (P, N)
    values : array (P, M)

    Returns
    -------
    array (N, M)

    Raises
    ------
    ValueError
        As for :func:`correlation_memory`.

    Notes
    -----
    With ``values`` equal to ``keys`` this is the orthogonal projection on the span of the keys.

    Examples
    --------
    >>> A = optimal_memory([[1, 1, 1, 1], [1, 1, 1, -1]], [[3.0], [5.0]])
    >>> recall(A, [[1, 1, 1, 1], [1, 1, 1, -1]])
    array([[3.],
           [5.]])
    """
    X, Y = _pairs(keys, values)
    return np.linalg.lstsq(X, Y, rcond=None)[0]


def recall(memory: npt.ArrayLike, keys: npt.ArrayLike) -> np.ndarray:
    """What the memory answers: one product of matrices.

    Parameters
    ----------
    memory : array (N, M)
    keys : array (B, N), or (N,)

    Returns
    -------
    array (B, M), or (M,)

    Raises
    ------
    ValueError
        When the keys have another number of components than the memory has rows.

    Examples
    --------
    >>> recall([[2.0], [1.0]], [1.0, -1.0])
    array([1.])
    """
    A, x = np.asarray(memory, dtype=float), np.asarray(keys, dtype=float)
    if A.ndim != 2 or x.shape[-1:] != A.shape[:1]:
        raise ValueError(f"keys of shape {x.shape} do not fit a memory of shape {A.shape}: expected (B, N) and (N, M)")
    return x @ A


def crosstalk(keys: npt.ArrayLike, values: npt.ArrayLike) -> np.ndarray:
    r"""What the other pairs add to each answer of Hebb's matrix (串扰).

    .. math:: x_\nu A = \frac{\lVert x_\nu \rVert^2}{N}\, y_\nu + \sum_{\mu \ne \nu} \frac{x_\nu \cdot x_\mu}{N}\, y_\mu

    Parameters
    ----------
    keys : array (P, N)
    values : array (P, M)

    Returns
    -------
    array (P, M), the second term for every pair

    Raises
    ------
    ValueError
        As for :func:`correlation_memory`.

    Examples
    --------
    >>> crosstalk([[1, 1, 1, 1], [1, 1, 1, -1]], [[3.0], [5.0]])
    array([[2.5],
           [1.5]])
    """
    X, Y = _pairs(keys, values)
    overlap = X @ X.T / X.shape[1]
    np.fill_diagonal(overlap, 0.0)
    return overlap @ Y


def _pairs(keys: npt.ArrayLike, values: npt.ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    X, Y = np.asarray(keys, dtype=float), np.asarray(values, dtype=float)
    if X.ndim != 2 or Y.ndim != 2 or len(X) != len(Y) or not X.size:
        raise ValueError(
            f"keys of shape {X.shape} and values of shape {Y.shape}: expected (P, N) and (P, M), one row per pair"
        )
    for name, table in (("keys", X), ("values", Y)):
        if not np.isfinite(table).all():
            raise ValueError(f"{name} hold NaN or infinity")
    return X, Y
