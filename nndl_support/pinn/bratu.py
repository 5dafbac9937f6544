r"""The Bratu problem: two solutions, then one, then none, all in closed form.

.. math:: u'' + \lambda e^u = 0 \quad (0 < x < 1), \qquad u(0) = u(1) = 0

A slab that heats itself: u is the temperature above the wall's, :math:`\lambda > 0` the strength of a reaction that grows
exponentially with it. Up to the fold at :math:`\lambda^*` there are two steady states, beyond it there is none: the slab
explodes.

References
----------
Ascher, Mattheij and Russell (1995), Numerical Solution of Boundary Value Problems for Ordinary Differential Equations, SIAM,
https://doi.org/10.1137/1.9781611971231 (the problem and its closed form). Section "Why physics?" of this book.
"""

from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy.optimize import brentq

from nndl_support.pinn.tanh_layer import gauss_points

Branch = Literal["lower", "upper"]


def bratu_fold() -> tuple[float, float]:
    r"""The largest :math:`\lambda` that has a solution, and its :math:`\theta`.

    .. math:: z \tanh z = 1, \qquad \lambda^* = 8\,(z^2 - 1), \qquad \theta^* = 4z

    Returns
    -------
    lam, theta : float

    Examples
    --------
    >>> [round(value, 6) for value in bratu_fold()]
    [3.513831, 4.798715]
    """
    z = brentq(lambda z: z * np.tanh(z) - 1.0, 1.0, 2.0, xtol=1e-15, rtol=1e-15)
    return 8.0 * (z * z - 1.0), 4.0 * z


def bratu_lambda(theta: npt.ArrayLike) -> np.ndarray:
    r"""The parameter that belongs to a :math:`\theta`: :math:`\lambda = \theta^2 / (2\cosh^2(\theta/4))`.

    Parameters
    ----------
    theta : array of any shape

    Returns
    -------
    array of that shape

    Examples
    --------
    >>> bratu_lambda([0.0, bratu_fold()[1]]).round(6).tolist()
    [0.0, 3.513831]
    """
    theta = np.asarray(theta, dtype=float)
    return theta**2 / (2.0 * np.cosh(theta / 4.0) ** 2)


def bratu_theta(lam: float, branch: Branch = "lower") -> float:
    r"""The root :math:`\theta` of :math:`\theta = \sqrt{2\lambda}\cosh(\theta/4)` on one side of the fold.

    Parameters
    ----------
    lam : float, 0 < lam <= fold
    branch : {"lower", "upper"}

    Returns
    -------
    float

    Raises
    ------
    ValueError
        When there is no solution, or the branch is unknown.

    Examples
    --------
    >>> round(bratu_theta(1.0), 5), round(bratu_theta(1.0, "upper"), 5)
    (1.51716, 10.9387)
    """
    fold, at_fold = bratu_fold()
    if not 0 < lam <= fold:
        raise ValueError(f"lambda is {lam}; the problem has solutions for 0 < lambda <= {fold:.6f}")
    if branch not in ("lower", "upper"):
        raise ValueError(f"branch is {branch!r}; expected 'lower' or 'upper'")
    if lam == fold:
        return at_fold
    # In the logarithm nothing overflows: log(theta) - log cosh(theta / 4) rises to the fold and falls after it.
    ends = (np.sqrt(lam), at_fold) if branch == "lower" else (at_fold, 8.0 * np.log(64.0 / lam) + 40.0)

    def off(theta: float) -> float:
        q = theta / 4.0
        return np.log(theta) - (np.logaddexp(q, -q) - np.log(2.0)) - 0.5 * np.log(2.0 * lam)

    return float(brentq(off, *ends, xtol=1e-14, rtol=1e-14))


def bratu_solution(x: npt.ArrayLike, lam: float, branch: Branch = "lower") -> np.ndarray:
    r"""One of the two solutions.

    .. math:: u(x) = -2 \ln \frac{\cosh((x - \frac12)\theta/2)}{\cosh(\theta/4)}

    Parameters
    ----------
    x : array of any shape, in [0, 1]
    lam : float, 0 < lam <= fold
    branch : {"lower", "upper"}

    Returns
    -------
    array of that shape

    Examples
    --------
    >>> float(bratu_solution(0.5, 1.0).round(5)), float(bratu_solution(0.5, 1.0, "upper").round(5))
    (0.14054, 4.09147)
    """
    theta = bratu_theta(lam, branch)
    return _profile(np.asarray(x, dtype=float), theta)


def fold_mode(x: npt.ArrayLike) -> np.ndarray:
    r"""The direction w in which the solution moves through the fold, where a step costs the equation nothing.

    .. math:: w = \frac{\partial u}{\partial\theta}\Big|_{\theta^*}, \qquad w'' + \lambda^* e^{u^*} w = 0

    Parameters
    ----------
    x : array of any shape, in [0, 1]

    Returns
    -------
    array of that shape, positive inside and zero at both ends

    Examples
    --------
    >>> fold_mode([0.0, 0.5]).round(6).tolist()
    [0.0, 0.416778]
    """
    theta, s = bratu_fold()[1], np.asarray(x, dtype=float) - 0.5
    return 0.5 * np.tanh(theta / 4.0) - s * np.tanh(s * theta / 2.0)


def residual_floor(lam: float) -> float:
    r"""No function with the right boundary values has a smaller root mean square residual.

    .. math:: \min_u \lVert u'' + \lambda e^u \rVert_2 \;\ge\;
        \lambda^* \ln\frac{\lambda}{\lambda^*}\; \frac{\int e^{u^*} w\,dx}{\lVert w \rVert_2}

    Parameters
    ----------
    lam : float > 0

    Returns
    -------
    float; 0 up to the fold

    Notes
    -----
    Multiply the residual by the mode w of :func:`fold_mode` and integrate by parts twice: :math:`\int r w =
    \int (\lambda e^u - \lambda^* e^{u^*} u)\, w`. For each x the bracket is least at :math:`u = u^* + \ln(\lambda^*/\lambda)`,
    where it is :math:`\lambda^* e^{u^*} (1 - u^* + \ln(\lambda/\lambda^*))`; the first two terms integrate to zero, because
    :math:`u^*` itself has no residual. The inequality of Cauchy and Schwarz does the rest.

    Examples
    --------
    >>> residual_floor(3.5), round(residual_floor(4.0), 4)
    (0.0, 1.0771)
    """
    if not lam > 0:
        raise ValueError(f"lambda is {lam}; expected a positive number")
    fold, theta = bratu_fold()
    if lam <= fold:
        return 0.0
    x, q = gauss_points(40)
    w = fold_mode(x)
    return float(fold * np.log(lam / fold) * (q @ (np.exp(_profile(x, theta)) * w)) / np.sqrt(q @ w**2))


def _profile(x: np.ndarray, theta: float) -> np.ndarray:
    s, q = np.abs(x - 0.5) * theta / 2.0, theta / 4.0
    # log cosh without overflow.
    return 2.0 * (np.logaddexp(q, -q) - np.logaddexp(s, -s))
