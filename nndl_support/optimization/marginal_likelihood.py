r"""How probable the observations are under a Gaussian process, and the hyper-parameters that make them most probable (边际似然).

Shapes: N observations, D coordinates. The hyper-parameters are kept as the vector
:math:`\theta = (\log \ell_1, \dots, \log \ell_D, \log \sigma_f^2, \log \sigma_n^2)`.

References
----------
Rasmussen and Williams (2006), Gaussian Processes for Machine Learning, MIT Press, equations 2.30, 5.8 and 5.9,
https://gaussianprocess.org/gpml/.
Hvarfner, Hellsten and Nardi (2024), Vanilla Bayesian optimization performs great in high dimensions,
https://arxiv.org/abs/2402.02229 (length-scales that grow with the square root of the dimension).
"""

import numpy as np
import numpy.typing as npt
from scipy.linalg import LinAlgError
from scipy.linalg.lapack import dpotrf, dpotri
from scipy.optimize import minimize

from nndl_support.optimization.covariance_functions import value_and_slope

__all__ = ["cholesky", "log_marginal_likelihood", "log_prior", "maximize"]

_LOG_TWO_PI = float(np.log(2 * np.pi))
# Standard deviations of the normal priors on the logarithms: lengths and amplitude may vary by a factor of 5,
# noise by 400: nobody knows beforehand whether an objective has any.
_PRIOR_WIDTH = {"length": 1.6, "signal": 1.6, "noise": 6.0}
_PRIOR_NOISE = 1e-4
_TOLERANCES = {"ftol": 1e-7, "gtol": 1e-4}


def cholesky(K: np.ndarray) -> tuple[np.ndarray, float]:
    r"""Lower Cholesky factor of a covariance matrix that rounding may have made indefinite.

    Parameters
    ----------
    K : array (N, N), symmetric

    Returns
    -------
    L : array (N, N), lower triangular, :math:`L L^\top = K + \text{jitter} \cdot I`
    jitter : float, 0 where the matrix is numerically positive definite, else the smallest that helps of
        :math:`10^{-12}, 10^{-11}, \dots, 10^{-4}` times the mean of the diagonal

    Raises
    ------
    numpy.linalg.LinAlgError
        When the largest jitter does not help: the matrix is no covariance.

    Examples
    --------
    >>> cholesky(np.array([[4.0, 2.0], [2.0, 5.0]]))
    (array([[2., 0.],
           [1., 2.]]), 0.0)
    """
    L, failed = dpotrf(K, lower=1, clean=1)
    if not failed:
        return L, 0.0
    scale = float(np.mean(np.diagonal(K)))
    for exponent in range(-12, -3):
        jitter = scale * 10.0**exponent
        L, failed = dpotrf(K + jitter * np.eye(len(K)), lower=1, clean=1)
        if not failed:
            return L, jitter
    raise LinAlgError(
        f"the matrix of size {len(K)} is not positive definite, not even with {jitter:.1e} on its diagonal"
    )


def log_marginal_likelihood(
    theta: npt.ArrayLike,
    X: npt.ArrayLike,
    y: npt.ArrayLike,
    *,
    kernel: str = "matern52",
    mean: float | None = None,
) -> tuple[float, np.ndarray]:
    r"""Logarithm of the density of the observations under the process, and its gradient.

    .. math::
        \log p(y) = -\tfrac12 (y - m)^\top K^{-1} (y - m) - \tfrac12 \log\det K - \tfrac{N}{2} \log 2\pi, \qquad
        \frac{\partial \log p}{\partial \theta_j} = \tfrac12 \operatorname{tr}\Bigl(\bigl(\alpha \alpha^\top - K^{-1}\bigr)
        \frac{\partial K}{\partial \theta_j}\Bigr), \qquad \alpha = K^{-1}(y - m)

    Parameters
    ----------
    theta : array (D + 2,), logarithms of the length-scales, of the signal's variance and of the noise's variance
    X : array (N, D)
    y : array (N,)
    kernel : "matern52" or "rbf"
    mean : float, optional
        The constant m; without it the one that maximises the likelihood,
        :math:`m = \mathbf 1^\top K^{-1} y / \mathbf 1^\top K^{-1} \mathbf 1`.

    Returns
    -------
    value : float, in nats
    gradient : array (D + 2,). With m maximised out it needs no further term: the derivative with respect to m is zero there.

    Raises
    ------
    ValueError
        When X and y do not fit together, or theta has another length than D + 2.

    Examples
    --------
    Two observations so far apart that they are independent, each with variance 1 + 1:

    >>> value, gradient = log_marginal_likelihood([0.0, 0.0, 0.0], [[0.0], [100.0]], [0.0, 0.0], mean=0.0)
    >>> bool(np.isclose(value, -np.log(2.0) - np.log(2 * np.pi))), gradient.round(3) + 0.0
    (True, array([ 0. , -0.5, -0.5]))
    """
    theta, X, y = (np.asarray(a, dtype=float) for a in (theta, X, y))
    if X.ndim != 2 or y.shape != X.shape[:1]:
        raise ValueError(f"X has shape {X.shape} and y {y.shape}; expected (N, D) and (N,)")
    if theta.shape != (X.shape[1] + 2,):
        raise ValueError(
            f"theta has shape {theta.shape}, but {X.shape[1]} coordinates need {X.shape[1] + 2} hyper-parameters"
        )
    squares = (X.T[:, :, None] - X.T[:, None, :]) ** 2
    return _likelihood(theta, squares.reshape(len(squares), -1), y, kernel, mean)


def _likelihood(
    theta: np.ndarray, squares: np.ndarray, y: np.ndarray, kernel: str, mean: float | None
) -> tuple[float, np.ndarray]:
    """The likelihood from squared differences (D, N * N), which one search for hyper-parameters computes only once."""
    inverse_squares = np.exp(-2.0 * theta[:-2])
    signal, noise = np.exp(theta[-2]), np.exp(theta[-1])
    n = len(y)
    value, slope = value_and_slope(kernel, inverse_squares @ squares)
    K = (signal * value).reshape(n, n)
    K.flat[:: n + 1] += noise
    L, _ = cholesky(K)
    inverse, _ = dpotri(L, lower=1)
    # dpotri fills the lower triangle only.
    inverse += np.tril(inverse, -1).T
    residual = y - (_best_mean(inverse, y) if mean is None else mean)
    alpha = inverse @ residual
    # W = alpha alpha' - K^-1, and tr(W dK) = sum of the products of their entries, as both are symmetric.
    W = np.multiply.outer(alpha, alpha)
    W -= inverse
    flat = W.ravel()
    gradient = np.empty_like(theta)
    # dK/dlog l_d = k'(q) dq/dlog l_d and dq/dlog l_d = -2 (x_d - x'_d)^2 / l_d^2.
    gradient[:-2] = -signal * inverse_squares * (squares @ (flat * slope))
    gradient[-2] = 0.5 * signal * (flat @ value)
    gradient[-1] = 0.5 * noise * np.trace(W)
    log_density = -0.5 * residual @ alpha - np.log(np.diagonal(L)).sum() - 0.5 * n * _LOG_TWO_PI
    return float(log_density), gradient


def _best_mean(inverse: np.ndarray, y: np.ndarray) -> float:
    weights = inverse.sum(axis=0)
    return float(weights @ y / weights.sum())


def log_prior(theta: npt.ArrayLike) -> tuple[float, np.ndarray]:
    r"""Logarithm (up to a constant) of the prior density of hyper-parameters for inputs in a unit cube and unit outputs.

    Normal distributions of the logarithms: lengths about :math:`\tfrac12 \sqrt D`, a signal of variance 1 and noise of
    variance 1e-4, all of them wide. It keeps a handful of observations from being explained by absurd lengths.

    Parameters
    ----------
    theta : array (D + 2,), as in :func:`log_marginal_likelihood`

    Returns
    -------
    value : float
    gradient : array (D + 2,)

    Examples
    --------
    >>> value, gradient = log_prior(np.log([0.5, 1.0, 1e-4]))
    >>> bool(np.isclose(value, 0.0)), bool(np.allclose(gradient, 0.0))
    (True, True)
    """
    theta = np.asarray(theta, dtype=float)
    center, width = _prior_center_and_width(len(theta) - 2)
    z = (theta - center) / width
    return float(-0.5 * z @ z), -z / width


def maximize(
    X: np.ndarray,
    y: np.ndarray,
    start: np.ndarray,
    bounds: np.ndarray,
    *,
    kernel: str = "matern52",
    mean: float | None = None,
    prior: bool = True,
    n_restarts: int = 0,
    random: np.random.RandomState | None = None,
) -> np.ndarray:
    """Hyper-parameters of the largest marginal likelihood, or of the largest likelihood times :func:`log_prior`.

    Parameters
    ----------
    X : array (N, D)
    y : array (N,)
    start : array (D + 2,), where L-BFGS-B starts
    bounds : array (D + 2, 2), of the logarithms
    kernel, mean : as in :func:`log_marginal_likelihood`
    prior : bool
    n_restarts : int >= 0, further starts, drawn from the prior
    random : numpy.random.RandomState, for the restarts

    Returns
    -------
    array (D + 2,), the best of the optima found

    Examples
    --------
    Pure noise of variance 4 is recognised as such:

    >>> X, y = np.linspace(0, 1, 200)[:, None], 2.0 * np.random.default_rng(0).normal(size=200)
    >>> theta = maximize(X, y, np.log([0.3, 1.0, 1.0]), np.log([[0.01, 100.0]] * 3))
    >>> bool(3.0 < np.exp(theta[-1]) < 5.0)
    True
    """
    squares = ((X.T[:, :, None] - X.T[:, None, :]) ** 2).reshape(X.shape[1], -1)

    def cost(theta: np.ndarray) -> tuple[float, np.ndarray]:
        value, gradient = _likelihood(theta, squares, y, kernel, mean)
        if prior:
            more = log_prior(theta)
            value, gradient = value + more[0], gradient + more[1]
        return -value, -gradient

    starts = [start]
    if n_restarts:
        center, width = _prior_center_and_width(X.shape[1])
        random = np.random.RandomState() if random is None else random
        starts += list(center + width * random.standard_normal((n_restarts, len(center))))
    found = [
        minimize(cost, np.clip(point, *bounds.T), jac=True, method="L-BFGS-B", bounds=bounds, options=_TOLERANCES)
        for point in starts
    ]
    return min(found, key=lambda result: result.fun).x


def _prior_center_and_width(n_lengths: int) -> tuple[np.ndarray, np.ndarray]:
    center = np.append(np.full(n_lengths, np.log(0.5 * np.sqrt(n_lengths))), [0.0, np.log(_PRIOR_NOISE)])
    width = np.append(np.full(n_lengths, _PRIOR_WIDTH["length"]), [_PRIOR_WIDTH["signal"], _PRIOR_WIDTH["noise"]])
    return center, width
