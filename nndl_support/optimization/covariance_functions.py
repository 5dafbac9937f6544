r"""Stationary covariance functions of Gaussian processes, with one length for each coordinate (协方差函数).

Both depend on two points through one number, the squared distance in units of the length-scales, so they are written as
functions of it; the chain rule then gives every derivative from one slope.

Shapes: N and M points, D coordinates.

References
----------
Rasmussen and Williams (2006), Gaussian Processes for Machine Learning, MIT Press, equations 4.9 and 4.17,
https://gaussianprocess.org/gpml/.
"""

import numpy as np
import numpy.typing as npt

__all__ = ["NAMES", "matern52", "scaled_squared_distances", "squared_exponential", "value_and_slope"]


def scaled_squared_distances(A: npt.ArrayLike, B: npt.ArrayLike, length_scale: npt.ArrayLike) -> np.ndarray:
    r"""Squared distances between points, each coordinate measured in its own length.

    .. math:: q_{nm} = \sum_{d=1}^{D} \frac{(a_{nd} - b_{md})^2}{\ell_d^2}

    Parameters
    ----------
    A : array (N, D)
    B : array (M, D)
    length_scale : float > 0 or array (D,)

    Returns
    -------
    array (N, M)

    Notes
    -----
    The differences are squared one coordinate at a time. The usual shortcut :math:`a^2 - 2ab + b^2` is faster for many
    coordinates but loses half the digits for points that nearly coincide, which is where a search ends.

    Examples
    --------
    >>> scaled_squared_distances([[0.0, 0.0]], [[3.0, 4.0], [0.0, 1.0]], [1.0, 2.0])
    array([[13.  ,  0.25]])
    """
    a, b = np.asarray(A, dtype=float) / length_scale, np.asarray(B, dtype=float) / length_scale
    q = np.zeros((len(a), len(b)))
    for left, right in zip(a.T, b.T, strict=True):
        difference = left[:, None] - right
        difference *= difference
        q += difference
    return q


def squared_exponential(q: npt.ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    r"""The squared exponential, also called RBF or Gaussian kernel: functions drawn from it have all derivatives.

    .. math:: k(q) = e^{-q/2}, \qquad k'(q) = -\tfrac12 e^{-q/2}

    Parameters
    ----------
    q : array of squared distances in units of the length-scales

    Returns
    -------
    value, slope : two arrays of the same shape, k and dk/dq

    Examples
    --------
    >>> squared_exponential([0.0])
    (array([1.]), array([-0.5]))
    """
    value = np.exp(-0.5 * np.asarray(q, dtype=float))
    return value, -0.5 * value


def matern52(q: npt.ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    r"""The Matérn function with :math:`\nu = 5/2`: functions drawn from it have two derivatives and no more.

    .. math:: k(q) = \bigl(1 + s + \tfrac13 s^2\bigr) e^{-s}, \qquad k'(q) = -\tfrac56 (1 + s)\, e^{-s}, \qquad s = \sqrt{5q}

    Parameters
    ----------
    q : array of squared distances in units of the length-scales

    Returns
    -------
    value, slope : two arrays of the same shape, k and dk/dq

    Notes
    -----
    The slope with respect to the squared distance stays finite where points coincide; with respect to the distance one would
    divide zero by zero there.

    Examples
    --------
    >>> value, slope = matern52([0.0, 0.2])
    >>> value.round(4), slope.round(4)
    (array([1.    , 0.8584]), array([-0.8333, -0.6131]))
    """
    s = np.sqrt(5.0 * np.asarray(q, dtype=float))
    decay = np.exp(-s)
    first = (1.0 + s) * decay
    return first + s * s * decay / 3.0, (-5.0 / 6.0) * first


_FUNCTIONS = {"matern52": matern52, "rbf": squared_exponential}
NAMES = tuple(_FUNCTIONS)


def value_and_slope(kernel: str, q: npt.ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """Value and slope of the covariance function of that name.

    Parameters
    ----------
    kernel : "matern52" or "rbf"
    q : array of squared distances in units of the length-scales

    Returns
    -------
    value, slope : two arrays of the same shape

    Raises
    ------
    ValueError
        When there is no such covariance function.

    Examples
    --------
    >>> value_and_slope("matern", 0.0)
    Traceback (most recent call last):
    ValueError: there is no covariance function 'matern'; known are matern52, rbf
    """
    if kernel not in _FUNCTIONS:
        raise ValueError(f"there is no covariance function {kernel!r}; known are {', '.join(NAMES)}")
    return _FUNCTIONS[kernel](q)
