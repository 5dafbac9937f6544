r"""Acquisition functions: how much a further evaluation at a point promises (收益函数).

All of them are for minimisation, take the posterior mean and standard deviation at M points, and are larger where
an evaluation promises more. Each comes with its derivatives by mean and by standard deviation, from which the chain rule makes
gradients in space.

Shapes: M points; :math:`y^*` is the smallest value observed, :math:`u = (y^* - \mu) / \sigma`, :math:`\varphi` and
:math:`\Phi` are the standard normal density and distribution function.

References
----------
Mockus, Tiesis and Zilinskas (1978), The application of Bayesian methods for seeking the extremum, in: Towards Global
Optimization 2.
Jones, Schonlau and Welch (1998), Efficient global optimization of expensive black-box functions, Journal of Global
Optimization 13, https://doi.org/10.1023/A:1008306431147.
Srinivas, Krause, Kakade and Seeger (2010), Gaussian process optimization in the bandit setting, https://arxiv.org/abs/0912.3995.
Ament, Daulton, Eriksson, Balandat and Bakshy (2023), Unexpected improvements to expected improvement for Bayesian
optimization, https://arxiv.org/abs/2310.20708.
"""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from scipy.special import erfcx, log_ndtr, ndtr

__all__ = [
    "NAMES",
    "expected_improvement",
    "get",
    "log_expected_improvement",
    "lower_confidence_bound",
    "probability_of_improvement",
    "srinivas_beta",
]

Acquisition = tuple[np.ndarray, np.ndarray, np.ndarray]

_SQRT_TWO_PI = np.sqrt(2 * np.pi)
# From here on five terms of the series are better than the difference that loses digits: both err by less than 1e-12.
_SERIES_FROM = 60.0
_LOG_SQRT_TWO_PI = 0.5 * np.log(2 * np.pi)


def expected_improvement(mean: npt.ArrayLike, std: npt.ArrayLike, best: float) -> Acquisition:
    r"""By how much a point is expected to undercut the best value, counting nothing where it does not.

    .. math:: \mathrm{EI} = \int \max(y^* - y, 0)\, p(y)\, \mathrm{d}y = \sigma \bigl(\varphi(u) + u\, \Phi(u)\bigr), \qquad
        \frac{\partial \mathrm{EI}}{\partial \mu} = -\Phi(u), \qquad \frac{\partial \mathrm{EI}}{\partial \sigma} = \varphi(u)

    Parameters
    ----------
    mean : array (M,)
    std : array (M,), >= 0
    best : float, :math:`y^*`

    Returns
    -------
    value, mean_derivative, std_derivative : three arrays (M,), the value in the units of the mean

    Notes
    -----
    Equation 7.58 in closed form. A standard deviation of zero gives the limit :math:`\max(y^* - \mu, 0)`. About 38
    standard deviations above the best value it underflows to zero with its gradient; its logarithm does not.

    Examples
    --------
    An even chance around the best value, with standard deviation 1, promises :math:`1 / \sqrt{2 \pi}`:

    >>> value, by_mean, by_std = expected_improvement([0.0], [1.0], 0.0)
    >>> value.round(4), by_mean, by_std.round(4)
    (array([0.3989]), array([-0.5]), array([0.3989]))
    """
    mean, std = _check(mean, std)
    u = _standardized(mean, std, best)
    density, distribution = np.exp(-0.5 * u * u) / _SQRT_TWO_PI, ndtr(u)
    # u * Phi(u) is inf * 0 or inf * 1 where std is zero.
    value = np.where(std > 0, std * density + (best - mean) * distribution, np.maximum(best - mean, 0.0))
    return np.maximum(value, 0.0), -distribution, density


def log_expected_improvement(mean: npt.ArrayLike, std: npt.ArrayLike, best: float) -> Acquisition:
    r"""Logarithm of the expected improvement, computed so that it and its gradient survive far from every promise.

    .. math:: \log \mathrm{EI} = \log \sigma + \log h(u), \qquad h(u) = \varphi(u) + u\, \Phi(u)

    Parameters
    ----------
    mean : array (M,)
    std : array (M,), > 0
    best : float, :math:`y^*`

    Returns
    -------
    value, mean_derivative, std_derivative : three arrays (M,)

    Raises
    ------
    ValueError
        When a standard deviation is not positive: the logarithm would be that of zero.

    Notes
    -----
    Where u is negative the two terms of h nearly cancel. There
    :math:`h(u) = \varphi(u) \bigl(1 - t\, r(t)\bigr)` with :math:`t = -u` and Mills' ratio
    :math:`r(t) = \sqrt{\pi/2}\, \mathrm{erfcx}(t / \sqrt 2)`, and from t = 60 on the bracket is summed from its asymptotic series
    :math:`t^{-2} - 3 t^{-4} + 15 t^{-6} - 105 t^{-8} + \dots`. This is the idea of Ament et al. with another cut.

    Examples
    --------
    >>> value, by_mean, by_std = log_expected_improvement([0.0, 100.0], [1.0, 1.0], 0.0)
    >>> value.round(1), by_mean.round(2)  # expected_improvement says 0 with gradient 0 at the second point
    (array([-9.0000e-01, -5.0101e+03]), array([  -1.25, -100.02]))
    """
    mean, std = _check(mean, std)
    if not (std > 0).all():
        raise ValueError(
            f"std must be positive, but its smallest entry is {std.min()}; expected_improvement takes zeros"
        )
    u = (best - mean) / std
    log_density = -0.5 * u * u - _LOG_SQRT_TWO_PI
    t = np.maximum(-u, 0.0)
    mills = np.sqrt(np.pi / 2) * erfcx(t / np.sqrt(2.0))
    s = 1.0 / np.maximum(t, 1.0) ** 2
    tail = s * (1.0 - s * (3.0 - s * (15.0 - s * (105.0 - s * 945.0))))
    bracket = np.where(t > _SERIES_FROM, tail, 1.0 - t * mills)
    positive = np.exp(log_density) + u * ndtr(u)
    log_h = np.where(u > 0, np.log(np.where(u > 0, positive, 1.0)), log_density + np.log(bracket))
    # h'(u) = Phi(u), so dlogEI/dmu = -Phi / (sigma h) and dlogEI/dsigma = phi / (sigma h).
    by_mean = -np.exp(log_ndtr(u) - log_h) / std
    return np.log(std) + log_h, by_mean, np.exp(log_density - log_h) / std


def probability_of_improvement(mean: npt.ArrayLike, std: npt.ArrayLike, best: float) -> Acquisition:
    r"""Probability that a point undercuts the best value, by however little.

    .. math:: \mathrm{PI} = P(y < y^*) = \Phi(u), \qquad \frac{\partial \mathrm{PI}}{\partial \mu} = -\frac{\varphi(u)}{\sigma},
        \qquad \frac{\partial \mathrm{PI}}{\partial \sigma} = -\frac{u\, \varphi(u)}{\sigma}

    Parameters
    ----------
    mean : array (M,)
    std : array (M,), >= 0
    best : float, :math:`y^*`; lower it to ask for an improvement of some size

    Returns
    -------
    value, mean_derivative, std_derivative : three arrays (M,), the value in [0, 1]

    Notes
    -----
    A standard deviation of zero gives 1 below the best value and 0 elsewhere, with derivatives 0.

    Examples
    --------
    >>> probability_of_improvement([0.0, 1.0], [1.0, 0.0], 0.0)[0]
    array([0.5, 0. ])
    """
    mean, std = _check(mean, std)
    u = _standardized(mean, std, best)
    inverse = np.divide(1.0, std, out=np.zeros_like(std), where=std > 0)
    density = np.exp(-0.5 * u * u) / _SQRT_TWO_PI
    finite = np.where(std > 0, u, 0.0)
    return ndtr(u), -density * inverse, -finite * density * inverse


def lower_confidence_bound(mean: npt.ArrayLike, std: npt.ArrayLike, beta: float = 4.0) -> Acquisition:
    r"""How low the value may plausibly be, with its sign turned so that more is better.

    .. math:: -\mathrm{LCB} = -\mu + \sqrt{\beta}\, \sigma

    Parameters
    ----------
    mean : array (M,)
    std : array (M,), >= 0
    beta : float >= 0, how much uncertainty is welcome

    Returns
    -------
    value, mean_derivative, std_derivative : three arrays (M,), the value in the units of the mean

    Raises
    ------
    ValueError
        When beta is negative.

    Notes
    -----
    The mirror image of GP-UCB, which maximises :math:`\mu + \sqrt\beta\,\sigma`.

    Examples
    --------
    >>> lower_confidence_bound([1.0], [0.5], beta=4.0)[0]
    array([-0.])
    """
    mean, std = _check(mean, std)
    if not beta >= 0:
        raise ValueError(f"beta must not be negative, but is {beta}")
    weight = float(np.sqrt(beta))
    return weight * std - mean, np.full_like(mean, -1.0), np.full_like(std, weight)


def srinivas_beta(n_points: int, t: int, delta: float = 0.1) -> float:
    r"""The weight with which GP-UCB provably finds the optimum among finitely many points, with probability 1 - delta.

    .. math:: \beta_t = 2 \log \frac{|D|\, t^2\, \pi^2}{6\, \delta}

    Parameters
    ----------
    n_points : int >= 1, :math:`|D|`
    t : int >= 1, the number of the evaluation
    delta : float in (0, 1)

    Returns
    -------
    float > 0

    Raises
    ------
    ValueError
        When a number is out of its range.

    References
    ----------
    Srinivas et al. (2010), theorem 1.

    Examples
    --------
    >>> round(srinivas_beta(1000, 1), 1)  # in practice 4 is common
    19.4
    """
    if n_points < 1 or t < 1 or not 0 < delta < 1:
        raise ValueError(
            f"expected n_points >= 1, t >= 1 and delta between 0 and 1, but got {n_points}, {t} and {delta}"
        )
    return float(2 * np.log(n_points * t**2 * np.pi**2 / (6 * delta)))


_BY_NAME: dict[str, Callable[..., Acquisition]] = {
    "ei": expected_improvement,
    "log_ei": log_expected_improvement,
    "pi": probability_of_improvement,
    "lcb": lower_confidence_bound,
}
NAMES = tuple(_BY_NAME)


def get(name: str) -> Callable[..., Acquisition]:
    """The acquisition function of that name.

    Parameters
    ----------
    name : "ei", "log_ei", "pi" or "lcb"

    Returns
    -------
    function

    Raises
    ------
    ValueError
        When there is none.

    Examples
    --------
    >>> get("ucb")
    Traceback (most recent call last):
    ValueError: there is no acquisition function 'ucb'; known are ei, log_ei, pi, lcb
    """
    if name not in _BY_NAME:
        raise ValueError(f"there is no acquisition function {name!r}; known are {', '.join(NAMES)}")
    return _BY_NAME[name]


def _check(mean: npt.ArrayLike, std: npt.ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    mean, std = np.asarray(mean, dtype=float), np.asarray(std, dtype=float)
    if mean.shape != std.shape:
        raise ValueError(f"mean has shape {mean.shape}, but std has shape {std.shape}")
    if (std < 0).any():
        raise ValueError(f"std must not be negative, but its smallest entry is {std.min()}")
    return mean, std


def _standardized(mean: np.ndarray, std: np.ndarray, best: float) -> np.ndarray:
    """u, with its limits -inf and inf where the standard deviation is zero (-inf also where nothing is gained)."""
    limit = np.where(best > mean, np.inf, -np.inf)
    return np.divide(best - mean, std, out=limit, where=std > 0)
