r"""One hidden layer of tanh units in one variable, with two derivatives and all slopes in its weights, written by hand.

.. math:: N(t) = \sum_h c_h \tanh(w_h t + b_h)

Enough for small differential equations: the derivatives of N are closed formulas, so a residual such as
:math:`N'' + N` and its Jacobian in the weights go straight to a Levenberg-Marquardt solver.

Shapes: N places, H hidden units; the weights are one vector (3H,) that holds w, then b, then c.

References
----------
Lagaris, Likas and Fotiadis (1998), Artificial neural networks for solving ordinary and partial differential equations,
IEEE Transactions on Neural Networks 9(5), https://doi.org/10.1109/72.712178. Section "Why physics?" of this book.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt


class Jet(NamedTuple):
    """Value and derivatives of the network at N places, each an array (N,), and their slopes in the weights, (N, 3H).

    Examples
    --------
    >>> Jet._fields[:3]
    ('value', 'first', 'second')
    """

    value: np.ndarray
    first: np.ndarray
    second: np.ndarray
    value_slopes: np.ndarray
    first_slopes: np.ndarray
    second_slopes: np.ndarray


def jet(weights: npt.ArrayLike, t: npt.ArrayLike) -> Jet:
    r"""Value, first and second derivative of the network, and the Jacobian of each in the weights.

    With :math:`a = \tanh(wt + b)` the derivatives of tanh are :math:`a' = 1 - a^2`, :math:`a'' = -2aa'` and
    :math:`a''' = -2a'(1 - 3a^2)`.

    Parameters
    ----------
    weights : array (3H,)
    t : array (N,)

    Returns
    -------
    Jet

    Raises
    ------
    ValueError
        When the number of weights is no multiple of three, or t is no vector.

    Examples
    --------
    >>> one = jet([1.0, 0.0, 2.0], [0.0])
    >>> one.value.item(), one.first.item(), one.value_slopes.tolist()
    (0.0, 2.0, [[0.0, 2.0, 0.0]])
    """
    weights, t = np.asarray(weights, dtype=float), np.asarray(t, dtype=float)
    if weights.ndim != 1 or len(weights) % 3 or t.ndim != 1:
        raise ValueError(f"weights have shape {weights.shape} and t {t.shape}; expected (3H,) and (N,)")
    w, b, c = np.split(weights, 3)
    column = t[:, None]
    a = np.tanh(column * w + b)
    a1 = 1.0 - a * a
    a2 = -2.0 * a * a1
    a3 = -2.0 * a1 * (1.0 - 3.0 * a * a)
    return Jet(
        a @ c,
        a1 @ (c * w),
        a2 @ (c * w * w),
        np.hstack([c * a1 * column, c * a1, a]),
        np.hstack([c * (a1 + w * a2 * column), c * w * a2, w * a1]),
        np.hstack([c * w * (2.0 * a2 + w * a3 * column), c * w * w * a3, w * w * a2]),
    )


def random_weights(n_units: int, length: float, rng: np.random.Generator, *, steepness: float = 4.0) -> np.ndarray:
    r"""Weights whose units switch somewhere in [0, length].

    Parameters
    ----------
    n_units : int, H
    length : float > 0
    rng : numpy.random.Generator
    steepness : float > 0
        Standard deviation of w, in units of 1 / length.

    Returns
    -------
    array (3H,)

    Notes
    -----
    Unit h is zero at the place :math:`-b_h / w_h`, drawn evenly over the interval; outputs have standard deviation 0.3.

    Examples
    --------
    >>> random_weights(5, 2.0, np.random.default_rng(0)).shape
    (15,)
    """
    if n_units < 1 or not length > 0:
        raise ValueError(f"n_units is {n_units} and length {length}; expected at least 1 unit and a positive number")
    w = rng.normal(size=n_units) * steepness / length
    return np.concatenate([w, -w * rng.random(n_units) * length, 0.3 * rng.normal(size=n_units)])


def gauss_points(n: int, length: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    r"""Places in [0, length] and weights by which a *mean* over the interval becomes a sum.

    .. math:: \frac1L \int_0^L f(t)\,dt \approx \sum_i q_i f(t_i)

    exact for polynomials up to degree 2n - 1 (Gauss-Legendre).

    Parameters
    ----------
    n : int of at least 1
    length : float > 0

    Returns
    -------
    places : array (n,)
    q : array (n,), sums to 1

    Examples
    --------
    >>> t, q = gauss_points(2, 3.0)
    >>> round(float(q @ t**3), 12)
    6.75
    """
    if n < 1 or not length > 0:
        raise ValueError(f"n is {n} and length {length}; expected at least 1 point and a positive number")
    nodes, q = np.polynomial.legendre.leggauss(n)
    return (nodes + 1.0) / 2.0 * length, q / 2.0
