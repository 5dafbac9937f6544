r"""How much a Hopfield network with Hebb's weights can hold, in formulas: one step exactly, and the limit of large networks.

The load (负载) is the number of random patterns per unit, :math:`\alpha = P / N`.

References
----------
Amit, Gutfreund and Sompolinsky (1985), Storing infinite numbers of patterns in a spin-glass model of neural networks, Physical
Review Letters 55(14), https://doi.org/10.1103/PhysRevLett.55.1530.
McEliece, Posner, Rodemich and Venkatesh (1987), The capacity of the Hopfield associative memory, IEEE Transactions on Information
Theory 33(4), https://doi.org/10.1109/TIT.1987.1057328.
Hertz, Krogh and Palmer (1991), Introduction to the theory of neural computation, Addison-Wesley, chapter 2.
"""

from functools import lru_cache

import numpy as np
import numpy.typing as npt
from scipy.optimize import brentq, minimize_scalar
from scipy.special import erf, erfc
from scipy.stats import binom

__all__ = [
    "critical_load",
    "error_free_patterns",
    "exact_one_step_error",
    "hebb_overlap",
    "mean_field_residuals",
    "one_step_error",
    "share_of_fixed_patterns",
]


def one_step_error(load: npt.ArrayLike) -> np.ndarray:
    r"""Probability that a unit of a stored pattern wants to flip, in a large network.

    .. math:: P = Q\!\left(\sqrt{1/\alpha}\right), \qquad Q(z) = \tfrac12 \operatorname{erfc}(z / \sqrt2)

    Parameters
    ----------
    load : array, the alpha, > 0

    Returns
    -------
    array of the same shape

    Examples
    --------
    >>> one_step_error([0.105, 0.138, 0.185]).round(4)
    array([0.001 , 0.0036, 0.01  ])
    """
    return 0.5 * erfc(np.sqrt(0.5 / _positive_load(load)))


def exact_one_step_error(n_units: int, n_patterns: int) -> float:
    r"""The same probability for N units and P patterns, without an approximation.

    The crosstalk on a unit is a sum of :math:`K = (N-1)(P-1)` independent signs, so it is :math:`2 B - K` with a binomial B. The
    unit errs when the sum is below :math:`-(N-1)`, and, since a field of zero means +1, in half of the ties.

    Parameters
    ----------
    n_units : int >= 2
    n_patterns : int >= 1

    Returns
    -------
    float

    Raises
    ------
    ValueError
        When there are too few units or patterns.

    Examples
    --------
    >>> round(exact_one_step_error(1000, 138), 4), round(float(one_step_error(0.138)), 4)
    (0.0035, 0.0036)
    """
    if n_units < 2 or n_patterns < 1:
        raise ValueError(f"{n_units} units and {n_patterns} patterns: expected at least 2 and 1")
    terms = (n_units - 1) * (n_patterns - 1)
    threshold = (terms - (n_units - 1)) / 2.0  # 2 B - K = -(N - 1)
    below = binom.cdf(np.ceil(threshold) - 1.0, terms, 0.5)
    tie = binom.pmf(threshold, terms, 0.5) if threshold == int(threshold) else 0.0
    return float(below + 0.5 * tie)


def share_of_fixed_patterns(n_units: int, n_patterns: int) -> float:
    r"""Share of stored patterns in which no unit at all wants to flip, as if the units erred independently.

    .. math:: (1 - P)^N

    Parameters
    ----------
    n_units : int >= 2
    n_patterns : int >= 1

    Returns
    -------
    float in [0, 1]

    Notes
    -----
    They do not quite: a pattern with large overlaps is in danger in all its units together, so that errors come in clusters and
    somewhat more patterns than this are free of them.

    Examples
    --------
    >>> round(share_of_fixed_patterns(100, 10), 2), round(share_of_fixed_patterns(100, 20), 2)
    (0.96, 0.32)
    """
    return float(np.exp(n_units * np.log1p(-exact_one_step_error(n_units, n_patterns))))


def error_free_patterns(n_units: npt.ArrayLike, *, all_patterns: bool = False) -> np.ndarray:
    r"""How many patterns may be stored so that a large network recalls them without any error.

    .. math:: P = \frac{N}{2 \ln N} \text{ (nearly every pattern)}, \qquad P = \frac{N}{4 \ln N} \text{ (all of them)}

    Parameters
    ----------
    n_units : array, the N, > 1
    all_patterns : bool
        Whether all patterns together are to be fixed points, or any given one.

    Returns
    -------
    array of the same shape

    Raises
    ------
    ValueError
        When there are not at least two units.

    References
    ----------
    McEliece and others (1987), see the module.

    Examples
    --------
    >>> error_free_patterns([100, 1000]).round(1)
    array([10.9, 72.4])
    """
    n = np.asarray(n_units, dtype=float)
    if not (n > 1).all():
        raise ValueError(f"n_units must exceed 1, got {n_units!r}")
    return n / ((4.0 if all_patterns else 2.0) * np.log(n))


def hebb_overlap(load: npt.ArrayLike) -> np.ndarray:
    r"""Overlap of a stored pattern with the fixed point beside it, in an infinite network at temperature zero.

    With :math:`x = m / \sqrt{2 \alpha r}` the equations of :func:`mean_field_residuals` become one,

    .. math:: \sqrt{2 \alpha} = \frac1x \left( \operatorname{erf} x - \frac{2 x}{\sqrt\pi} e^{-x^2} \right), \qquad
              m = \operatorname{erf} x

    and the largest solution is the stable one. Above the critical load there is none but :math:`m = 0`.

    Parameters
    ----------
    load : array, the alpha, > 0

    Returns
    -------
    array of the same shape, in [0, 1]

    Raises
    ------
    ValueError
        When a load is not positive.

    Examples
    --------
    >>> hebb_overlap([0.05, 0.1, 0.137, 0.139]).round(4)
    array([1.    , 0.998 , 0.9754, 0.    ])
    """
    loads = _positive_load(load)
    return np.vectorize(_overlap, otypes=[float])(loads)


def critical_load() -> tuple[float, float]:
    """The largest load at which stored patterns have fixed points beside them, and their overlap there.

    Returns
    -------
    tuple of two floats, alpha_c and m_c

    Notes
    -----
    Replica-symmetric theory. Breaking the symmetry once moves the load to 0.138186, see Steffan and Kühn (1994),
    Replica symmetry breaking in attractor neural network models, https://doi.org/10.1007/BF01312198.

    Examples
    --------
    >>> print("{:.6f} {:.4f}".format(*critical_load()))
    0.137906 0.9674
    """
    x, value = _top()
    return value**2 / 2.0, float(erf(x))


def mean_field_residuals(m: float, r: float, load: float) -> tuple[float, float]:
    r"""By how much an overlap and a noise miss the two equations of Amit, Gutfreund and Sompolinsky at temperature zero.

    .. math:: m = \operatorname{erf} \frac{m}{\sqrt{2 \alpha r}}, \qquad r = \frac{1}{(1 - C)^2}, \qquad
              C = \sqrt{\frac{2}{\pi \alpha r}}\; e^{-m^2 / 2 \alpha r}

    Parameters
    ----------
    m : float, the overlap
    r : float, the mean square overlap with the other patterns, in units of alpha / P
    load : float, the alpha

    Returns
    -------
    tuple of two floats

    Examples
    --------
    >>> [round(gap, 3) for gap in mean_field_residuals(1.0, 1.0, 1e-3)]  # few patterns: perfect recall, noise of chance
    [0.0, 0.0]
    """
    C = np.sqrt(2.0 / (np.pi * load * r)) * np.exp(-(m**2) / (2.0 * load * r))
    return float(m - erf(m / np.sqrt(2.0 * load * r))), float(r - 1.0 / (1.0 - C) ** 2)


def _curve(x: float) -> float:
    return float((erf(x) - 2.0 * x / np.sqrt(np.pi) * np.exp(-(x**2))) / x)


@lru_cache(maxsize=1)
def _top() -> tuple[float, float]:
    """Where the curve of the one equation has its maximum, and the maximum."""
    best = minimize_scalar(lambda x: -_curve(x), bounds=(1.0, 2.5), method="bounded", options={"xatol": 1e-12})
    return float(best.x), -float(best.fun)


def _overlap(load: float) -> float:
    x, value = _top()
    wanted = np.sqrt(2.0 * load)
    if wanted > value:
        return 0.0
    # Beyond its maximum the curve falls like 1 / x.
    return float(erf(brentq(lambda z: _curve(z) - wanted, x, 2.0 / wanted + 2.0, xtol=1e-14)))


def _positive_load(load: npt.ArrayLike) -> np.ndarray:
    loads = np.asarray(load, dtype=float)
    if not (loads > 0).all():
        raise ValueError(f"a load is a positive number of patterns per unit, got {load!r}")
    return loads
