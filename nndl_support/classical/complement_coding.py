r"""Complement coding (补码编码) and the rectangles that fuzzy ART learns in it.

A point a of the unit cube and its complement stand side by side, so that every input has the same size:

.. math:: I = (a,\ 1 - a), \qquad |I| = \sum_i a_i + \sum_i (1 - a_i) = D

A template :math:`w = (u,\ 1 - v)` is then the box of all points between the corner u (the least of every feature) and the
corner v (the greatest), and taking the minimum of templates makes the smallest box around them.

Shapes: B examples, D features, C categories; coded inputs and templates have 2 D columns.

References
----------
Carpenter, Grossberg and Rosen (1991), Fuzzy ART: fast stable learning and categorization of analog patterns by an adaptive
resonance system, Neural Networks 4(6), 759-771, https://doi.org/10.1016/0893-6080(91)90056-B, section 5.
"""

import numpy as np
import numpy.typing as npt


def complement_code(X: npt.ArrayLike) -> np.ndarray:
    r"""Append to every example its complement.

    .. math:: I = (a,\ 1 - a)

    Parameters
    ----------
    X : array (B, D) or (D,), values in [0, 1]

    Returns
    -------
    array (B, 2 D) or (2 D,); every row sums to D

    Raises
    ------
    ValueError
        When a value lies outside [0, 1].

    Examples
    --------
    >>> complement_code([[0.25, 1.0]])
    array([[0.25, 1.  , 0.75, 0.  ]])
    """
    points = np.asarray(X, dtype=np.float64)
    if points.size and not (points.min() >= 0 and points.max() <= 1):
        raise ValueError(
            f"complement coding needs values in [0, 1], but X lies in [{points.min():g}, {points.max():g}]"
        )
    return np.concatenate([points, 1.0 - points], axis=-1)


def rectangle(weights: npt.ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    r"""Lower and upper corner of the box that each template stands for.

    .. math:: w = (u,\ 1 - v) \quad\Rightarrow\quad u,\ v

    Parameters
    ----------
    weights : array (C, 2 D) or (2 D,)

    Returns
    -------
    lower, upper : arrays (C, D) or (D,)

    Raises
    ------
    ValueError
        When the number of columns is odd: such weights were learnt without complement coding.

    Examples
    --------
    >>> lower, upper = rectangle(np.minimum(complement_code([0.25, 1.0]), complement_code([0.5, 0.75])))
    >>> lower, upper
    (array([0.25, 0.75]), array([0.5, 1. ]))
    """
    templates = np.asarray(weights, dtype=np.float64)
    n_columns = templates.shape[-1]
    if n_columns % 2:
        raise ValueError(f"weights have {n_columns} columns, but complement coding makes an even number")
    half = n_columns // 2
    return templates[..., :half], 1.0 - templates[..., half:]


def rectangle_size(weights: npt.ArrayLike) -> np.ndarray:
    r"""Sum of the side lengths of each template's box.

    .. math:: |R| = \sum_i (v_i - u_i) = D - |w|

    Vigilance bounds it: a category that fuzzy ART has learnt fast keeps :math:`|R| \le (1 - \rho) D`.

    Parameters
    ----------
    weights : array (C, 2 D) or (2 D,)

    Returns
    -------
    array (C,) or a number

    Examples
    --------
    >>> print(rectangle_size(np.minimum(complement_code([0.25, 1.0]), complement_code([0.5, 0.75]))))
    0.5
    """
    lower, upper = rectangle(weights)
    return (upper - lower).sum(axis=-1)
