r"""How patterns become weights: Hebb's rule and the projection rule, for networks of units with states -1 and 1.

Shapes: P patterns, N units.

References
----------
Hopfield (1982), Neural networks and physical systems with emergent collective computational abilities, PNAS 79(8),
https://doi.org/10.1073/pnas.79.8.2554.
Personnaz, Guyon and Dreyfus (1985), Information storage and retrieval in spin-glass like neural networks, Journal de Physique
Lettres 46(8), https://doi.org/10.1051/jphyslet:01985004608035900.
Kanter and Sompolinsky (1987), Associative recall of memory without errors, Physical Review A 35(1),
https://doi.org/10.1103/PhysRevA.35.380.
Qiu (2019), 神经网络与深度学习, equations 8.33, 8.34 and 8.37.
"""

import numpy as np
import numpy.typing as npt

__all__ = ["check_patterns", "hebb_weights", "projection_weights"]


def hebb_weights(patterns: npt.ArrayLike) -> np.ndarray:
    r"""Hebb's rule: units that agree in most patterns excite each other.

    .. math:: w_{ij} = \frac1P \sum_{\mu=1}^{P} x_i^{(\mu)} x_j^{(\mu)} \quad (i \ne j), \qquad w_{ii} = 0

    Parameters
    ----------
    patterns : array (P, N), entries -1 or 1

    Returns
    -------
    array (N, N), symmetric, with a zero diagonal (8.33, 8.34)

    Raises
    ------
    ValueError
        When the patterns are not a table of -1 and 1.

    Notes
    -----
    Equation 8.37 divides by the number of patterns; physicists divide by the number of units. As long as there are no
    thresholds the factor changes no state, only the unit of energy.

    Examples
    --------
    >>> hebb_weights([[1, 1, -1], [1, -1, -1]])
    array([[ 0.,  0., -1.],
           [ 0.,  0.,  0.],
           [-1.,  0.,  0.]])
    """
    X = check_patterns(patterns)
    weights = X.T @ X / len(X)
    np.fill_diagonal(weights, 0.0)
    return weights


def projection_weights(patterns: npt.ArrayLike) -> np.ndarray:
    r"""The projection rule (伪逆规则): project a state on the space that the patterns span, and leave out the diagonal.

    .. math:: W = X^{+} X - \operatorname{diag}(X^{+} X)

    Parameters
    ----------
    patterns : array (P, N), entries -1 or 1

    Returns
    -------
    array (N, N), symmetric, with a zero diagonal

    Raises
    ------
    ValueError
        When the patterns are not a table of -1 and 1.

    Notes
    -----
    A projection leaves every pattern alone, so without its diagonal :math:`d_i` the field is :math:`(1 - d_i)\,x_i`: as long as
    :math:`d_i < 1` every pattern is a fixed point, however similar the patterns are. When the patterns span everything,
    all :math:`d_i = 1` and nothing is left. The rule is not local: a weight depends on all units.

    Examples
    --------
    >>> W = projection_weights([[1, 1, 1, 1], [1, 1, 1, -1]])
    >>> W.round(3)
    array([[0.   , 0.333, 0.333, 0.   ],
           [0.333, 0.   , 0.333, 0.   ],
           [0.333, 0.333, 0.   , 0.   ],
           [0.   , 0.   , 0.   , 0.   ]])
    """
    X = check_patterns(patterns)
    # An orthonormal basis of the row space; directions with singular values at rounding level are not in it.
    _, lengths, basis = np.linalg.svd(X, full_matrices=False)
    basis = basis[lengths > lengths[0] * max(X.shape) * np.finfo(float).eps]
    weights = basis.T @ basis
    np.fill_diagonal(weights, 0.0)
    # Rounding leaves a crumb where the projection is exact, as for a full basis; a weight below it is none.
    weights[np.abs(weights) < 1e-12] = 0.0
    return (weights + weights.T) / 2.0


def check_patterns(patterns: npt.ArrayLike, n_units: int | None = None) -> np.ndarray:
    """Return patterns as a table of floats after making sure that they are -1 and 1.

    Parameters
    ----------
    patterns : array (B, N)
    n_units : int, optional
        The N that is expected.

    Returns
    -------
    array (B, N) of float

    Raises
    ------
    ValueError
        When it is not a table, has no entries, another number of columns, or other entries than -1 and 1.

    Examples
    --------
    >>> check_patterns([[1, -1]])
    array([[ 1., -1.]])
    >>> check_patterns([[1, 0]])
    Traceback (most recent call last):
        ...
    ValueError: states are -1 or 1, but 1 of 2 entries are not, such as 0: write 2 * x - 1 for bits x
    """
    X = np.asarray(patterns, dtype=float)
    if X.ndim != 2 or not X.size:
        raise ValueError(f"states of shape {X.shape}: expected (B, N), one state of N units per row")
    if n_units is not None and X.shape[1] != n_units:
        raise ValueError(f"states have {X.shape[1]} columns, but the network has {n_units} units")
    other = X[np.abs(X) != 1]
    if len(other):
        raise ValueError(
            f"states are -1 or 1, but {len(other)} of {X.size} entries are not, such as {other[0]:g}: write 2 * x - 1 for bits x"
        )
    return X
