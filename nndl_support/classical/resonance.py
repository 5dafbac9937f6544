r"""One search of an adaptive resonance network: choice, match, reset, resonance; written to be read.

The recognition layer (识别层) proposes the category with the greatest choice value; the comparison layer (比较层) measures
how much of the input its template explains; below the vigilance (识别阈值) the category is reset (重置) and the next one
proposed. The minimum of two numbers is the AND of fuzzy sets; on patterns of 0 and 1 it is the AND of logic, and the formulas
of fuzzy ART are those of ART1.

Shapes: C categories, M components of an input (D features, or 2 D with complement coding).

References
----------
Carpenter and Grossberg (1987), A massively parallel architecture for a self-organizing neural pattern recognition machine,
Computer Vision, Graphics, and Image Processing 37(1), 54-115, https://doi.org/10.1016/S0734-189X(87)80014-2.
Carpenter, Grossberg and Rosen (1991), Fuzzy ART, Neural Networks 4(6), 759-771,
https://doi.org/10.1016/0893-6080(91)90056-B.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

TOLERANCE = 1e-12
"""How far below the vigilance a match may fall and still count as reaching it: the sums of two numbers that rounding made
differ by less than this are equal."""


def choice_values(weights: npt.ArrayLike, x: npt.ArrayLike, *, choice: float) -> np.ndarray:
    r"""How strongly each category answers an input.

    .. math:: T_j = \frac{|I \wedge w_j|}{\alpha + |w_j|}

    Parameters
    ----------
    weights : array (C, M), entries in [0, 1]
    x : array (M,), the input I
    choice : float > 0, the choice parameter alpha; small values prefer templates that the input contains whole

    Returns
    -------
    array (C,)

    Raises
    ------
    ValueError
        When x has not one component for each column of the weights.

    Notes
    -----
    ART1 multiplies by L and has alpha = L - 1; the factor changes no ranking.

    Examples
    --------
    >>> choice_values([[1.0, 1.0, 0.0], [1.0, 0.0, 0.0]], [1.0, 0.0, 1.0], choice=1.0)
    array([0.33333333, 0.5       ])
    """
    templates, pattern = _fitting(weights, x)
    return np.minimum(pattern, templates).sum(axis=1) / (choice + templates.sum(axis=1))


def match_values(weights: npt.ArrayLike, x: npt.ArrayLike) -> np.ndarray:
    r"""Which part of the input each template explains.

    .. math:: M_j = \frac{|I \wedge w_j|}{|I|}

    Parameters
    ----------
    weights : array (C, M), entries in [0, 1]
    x : array (M,), not all zero

    Returns
    -------
    array (C,) in [0, 1]

    Raises
    ------
    ValueError
        When x has not one component for each column of the weights, or is all zero.

    Examples
    --------
    >>> match_values([[1.0, 1.0, 0.0], [1.0, 0.0, 0.0]], [1.0, 0.0, 1.0])
    array([0.5, 0.5])
    """
    templates, pattern = _fitting(weights, x)
    if not pattern.any():
        raise ValueError("x is all zero: it has no part that a template could explain")
    return np.minimum(pattern, templates).sum(axis=1) / pattern.sum()


def learn(w: npt.ArrayLike, x: npt.ArrayLike, *, learning_rate: float = 1.0) -> np.ndarray:
    r"""The template after resonance with an input.

    .. math:: w \leftarrow \beta\,(I \wedge w) + (1 - \beta)\,w

    Parameters
    ----------
    w, x : arrays (M,)
    learning_rate : float in (0, 1], the beta; 1 is fast learning

    Returns
    -------
    array (M,), no component greater than in w

    Examples
    --------
    >>> learn([0.5, 1.0], [0.75, 0.5])
    array([0.5, 0.5])
    >>> learn([0.5, 1.0], [0.75, 0.5], learning_rate=0.5)
    array([0.5 , 0.75])
    """
    old = np.asarray(w, dtype=np.float64)
    return learning_rate * np.minimum(x, old) + (1.0 - learning_rate) * old


@dataclass(frozen=True)
class Trial:
    """One proposal of the recognition layer and what the comparison layer said to it."""

    category: int
    choice: float
    match: float
    resonates: bool


def search(weights: npt.ArrayLike, x: npt.ArrayLike, *, vigilance: float, choice: float) -> list[Trial]:
    """Propose categories in the order of their choice values until one matches.

    Parameters
    ----------
    weights : array (C, M), C may be 0
    x : array (M,), not all zero
    vigilance : float in [0, 1]
    choice : float > 0

    Returns
    -------
    list of Trial
        Every proposal in order. The last one resonates; if none does, all committed categories have been reset and
        the input becomes the template of a new one.

    Raises
    ------
    ValueError
        As for :func:`match_values`.

    Notes
    -----
    Equal choice values are proposed in the order in which the categories were committed. The estimators of
    :mod:`nndl_support.classical.art` reach the same category without a search, see
    :class:`nndl_support.classical.categories.Categories`.

    Examples
    --------
    >>> for trial in search([[1.0, 0.0, 0.0], [1.0, 1.0, 0.0]], [1.0, 1.0, 1.0], vigilance=0.6, choice=0.5):
    ...     print(trial.category, round(trial.choice, 3), round(trial.match, 3), trial.resonates)
    1 0.8 0.667 True
    """
    activity, match = choice_values(weights, x, choice=choice), match_values(weights, x)
    trials: list[Trial] = []
    for j in np.argsort(-activity, kind="stable").tolist():
        trials.append(Trial(j, float(activity[j]), float(match[j]), bool(match[j] >= vigilance - TOLERANCE)))
        if trials[-1].resonates:
            break
    return trials


def _fitting(weights: npt.ArrayLike, x: npt.ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """Templates (C, M) and an input (M,) that fits them; an empty list of templates fits any input."""
    templates, pattern = np.asarray(weights, dtype=np.float64), np.asarray(x, dtype=np.float64)
    if not templates.size:
        templates = templates.reshape(0, pattern.size)
    if templates.ndim != 2 or pattern.shape != templates.shape[1:]:
        raise ValueError(
            f"x of shape {pattern.shape} does not fit weights of shape {templates.shape}: expected (M,) and (C, M)"
        )
    return templates, pattern
