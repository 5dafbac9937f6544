r"""How strongly a winner takes its neighbours along, and how radius and learning rate shrink.

Shapes: d is any array of grid distances, in units of the distance between direct neighbours.

References
----------
Kohonen (2001), Self-organizing maps, third edition, Springer, https://doi.org/10.1007/978-3-642-56927-2, chapter 3.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

NEIGHBOURHOODS = ("gaussian", "bubble", "mexican_hat")
DECAYS = ("exponential", "linear", "inverse")


def neighbourhood(name: str, distance: npt.ArrayLike, radius: float) -> np.ndarray:
    r"""Weight h of a unit at a given distance from the winner; 1 at the winner itself.

    .. math::

        \text{gaussian: } e^{-d^2/2\sigma^2}, \qquad
        \text{bubble: } \mathbb{1}[d \le \sigma], \qquad
        \text{mexican hat: } \Big(1 - \frac{d^2}{2\sigma^2}\Big)\, e^{-d^2/2\sigma^2}

    Parameters
    ----------
    name : {"gaussian", "bubble", "mexican_hat"}
    distance : array of any shape, entries >= 0
    radius : float >= 0
        The sigma above, in grid units. At 0 every function is 1 at the winner and 0 elsewhere: winner takes all.

    Returns
    -------
    array of the shape of ``distance``

    Raises
    ------
    ValueError
        When the name is unknown or the radius is negative or not finite.

    Notes
    -----
    The bubble is a disc; minisom's is a square that leaves its own edge out. The Mexican hat is the one whose integral
    over the plane is zero; minisom and susi have d²/σ² in the bracket, whose integral is zero along a line.

    Examples
    --------
    >>> neighbourhood("gaussian", [0.0, 1.0, 2.0], 1.0).round(3)
    array([1.   , 0.607, 0.135])
    >>> neighbourhood("bubble", [0.0, 1.0, 2.0], 1.0)
    array([1., 1., 0.])
    >>> neighbourhood("mexican_hat", [0.0, 1.0, 2.0], 1.0).round(3)
    array([ 1.   ,  0.303, -0.135])
    """
    if name not in NEIGHBOURHOODS:
        raise ValueError(f"neighbourhood must be one of {NEIGHBOURHOODS}, got {name!r}")
    if not 0 <= radius < np.inf:
        raise ValueError(f"radius must be finite and at least 0, got {radius!r}")
    d = np.asarray(distance, dtype=float)
    if radius == 0:
        return (d == 0).astype(float)
    if name == "bubble":
        return (d <= radius * (1 + 1e-12)).astype(float)  # distances such as 3 sqrt(3)/2 are rounded
    with np.errstate(over="ignore"):  # a tiny radius: the square overflows to infinity, the weight is 0
        half_square = 0.5 * (d / radius) ** 2
    if name == "gaussian":
        return np.exp(-half_square)
    far = half_square > 700  # exp(-700) is 0 for every purpose, and infinity times 0 would not be
    return np.where(far, 0.0, (1.0 - half_square) * np.exp(-np.where(far, 0.0, half_square)))


def decay(name: str, start: float, end: float, progress: npt.ArrayLike) -> np.ndarray:
    r"""A value that goes from ``start`` to ``end`` while ``progress`` p goes from 0 to 1.

    .. math::

        \text{exponential: } a\,(b/a)^p, \qquad
        \text{linear: } a + (b - a)\,p, \qquad
        \text{inverse: } \frac{a}{1 + (a/b - 1)\,p}

    Parameters
    ----------
    name : {"exponential", "linear", "inverse"}
    start, end : float, the a and b above; both positive except for ``"linear"``
    progress : float or array, in [0, 1]

    Returns
    -------
    array of the shape of ``progress``

    Raises
    ------
    ValueError
        When the name is unknown, or a value is 0 that the formula divides by.

    Notes
    -----
    minisom's and torchsom's ``asymptotic_decay`` is the inverse decay to a third of the start; susi's ``"min"`` is the
    exponential one.

    Examples
    --------
    >>> [decay(name, 4.0, 1.0, [0.0, 0.5, 1.0]).tolist() for name in DECAYS]
    [[4.0, 2.0, 1.0], [4.0, 2.5, 1.0], [4.0, 1.6, 1.0]]
    """
    if name not in DECAYS:
        raise ValueError(f"decay must be one of {DECAYS}, got {name!r}")
    p = np.asarray(progress, dtype=float)
    if name == "linear":
        return start + (end - start) * p
    if start <= 0 or end <= 0:
        raise ValueError(f"the {name} decay needs positive values, got start={start!r} and end={end!r}; use 'linear'")
    if name == "exponential":
        return start * (end / start) ** p
    return start / (1.0 + (start / end - 1.0) * p)
