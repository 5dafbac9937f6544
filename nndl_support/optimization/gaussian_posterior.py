r"""A Gaussian process at fixed hyper-parameters, conditioned on what was observed (后验分布).

Shapes: N observations, M places, P further observations, D coordinates.

References
----------
Rasmussen and Williams (2006), Gaussian Processes for Machine Learning, MIT Press, algorithm 2.1 and equations
2.23-2.26, https://gaussianprocess.org/gpml/.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.linalg import solve_triangular
from scipy.linalg.lapack import dtrtri

from nndl_support.optimization.covariance_functions import scaled_squared_distances, value_and_slope
from nndl_support.optimization.marginal_likelihood import cholesky

__all__ = ["GaussianPosterior"]

_LOG_TWO_PI = float(np.log(2 * np.pi))


@dataclass(frozen=True)
class GaussianPosterior:
    r"""The process given observations; inputs are not validated, so that the inner loop of a search may call it.

    .. math::
        \mu(x) = m + k(x)^\top K^{-1} (y - m), \qquad \sigma^2(x) = \sigma_f^2 - k(x)^\top K^{-1} k(x), \qquad
        K = \sigma_f^2\, C + \sigma_n^2 I

    Parameters
    ----------
    X : array (N, D)
    y : array (N,)
    theta : array (D + 2,), logarithms of the length-scales, of :math:`\sigma_f^2` and of :math:`\sigma_n^2`
    kernel : "matern52" or "rbf"
    constant : float or None
        The mean m of the prior; None takes the one that maximises the likelihood.
    factor : pair of array (N, N) and float, optional
        Cholesky factor of K and the jitter in it, where they are known; computed otherwise.

    Attributes
    ----------
    m : float
    L : array (N, N), Cholesky factor of K
    jitter : float, what had to be added to the diagonal, mostly 0
    alpha : array (N,), :math:`K^{-1}(y - m)`
    log_likelihood : float, :math:`\log p(y)` in nats

    Examples
    --------
    >>> posterior = GaussianPosterior(np.array([[0.0]]), np.array([1.0]), np.log([0.5, 1.0, 1e-8]), "rbf", 0.0)
    >>> posterior.mean(np.array([[0.0], [9.0]])).round(3), posterior.std(np.array([[0.0], [9.0]])).round(3)
    (array([1., 0.]), array([0., 1.]))
    """

    X: np.ndarray
    y: np.ndarray
    theta: np.ndarray
    kernel: str
    constant: float | None
    factor: tuple[np.ndarray, float] | None = None

    @cached_property
    def length_scale(self) -> np.ndarray:
        r"""The lengths :math:`\ell_d`: array (D,)."""
        return np.asarray(np.exp(self.theta[:-2]))

    @cached_property
    def signal_variance(self) -> float:
        r"""The variance of the function, :math:`\sigma_f^2`."""
        return float(np.exp(self.theta[-2]))

    @cached_property
    def noise_variance(self) -> float:
        r"""The variance of the noise, :math:`\sigma_n^2`."""
        return float(np.exp(self.theta[-1]))

    @cached_property
    def _factor(self) -> tuple[np.ndarray, float]:
        if self.factor is not None:
            return self.factor
        K = self.covariance(self.X, self.X)
        K.flat[:: len(K) + 1] += self.noise_variance
        return cholesky(K)

    @property
    def L(self) -> np.ndarray:
        """Cholesky factor of K: array (N, N)."""
        return self._factor[0]

    @property
    def jitter(self) -> float:
        """What was added to the diagonal of K beside the noise."""
        return self._factor[1]

    @cached_property
    def _halves(self) -> np.ndarray:
        """Columns :math:`L^{-1} y` and :math:`L^{-1} 1`: array (N, 2)."""
        right = np.column_stack([self.y, np.ones(len(self.y))])
        return np.asarray(solve_triangular(self.L, right, lower=True, check_finite=False))

    @cached_property
    def m(self) -> float:
        r"""The constant mean, given or :math:`\mathbf 1^\top K^{-1} y / \mathbf 1^\top K^{-1} \mathbf 1`."""
        of_y, of_one = self._halves.T
        return float(of_y @ of_one / (of_one @ of_one) if self.constant is None else self.constant)

    @cached_property
    def alpha(self) -> np.ndarray:
        """The weights of the covariances in the mean: array (N,)."""
        residual = self._halves[:, 0] - self.m * self._halves[:, 1]
        return np.asarray(solve_triangular(self.L, residual, lower=True, trans=1, check_finite=False))

    @cached_property
    def log_likelihood(self) -> float:
        """Logarithm of the density of the observations, in nats."""
        residual = self._halves[:, 0] - self.m * self._halves[:, 1]
        log_root = np.log(np.diagonal(self.L)).sum()
        return float(-0.5 * residual @ residual - log_root - 0.5 * len(self.y) * _LOG_TWO_PI)

    def covariance(self, A: np.ndarray, B: np.ndarray) -> np.ndarray:
        """Covariance of the function, before the observations, at places (N, D) with places (M, D): array (N, M)."""
        q = scaled_squared_distances(A, B, self.length_scale)
        return self.signal_variance * value_and_slope(self.kernel, q)[0]

    def mean(self, places: np.ndarray) -> np.ndarray:
        """Posterior mean at places (M, D): array (M,)."""
        return np.asarray(self.m + self.covariance(places, self.X) @ self.alpha)

    def std(self, places: np.ndarray) -> np.ndarray:
        """Posterior standard deviation at places (M, D): array (M,)."""
        V = self._solve(places)
        return np.asarray(np.sqrt(np.maximum(self.signal_variance - np.einsum("nm,nm->m", V, V), 0.0)))

    def cov(self, places: np.ndarray) -> np.ndarray:
        """Posterior covariance at places (M, D): array (M, M)."""
        V = self._solve(places)
        return np.asarray(self.covariance(places, places) - V.T @ V)

    def gradient(self, places: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        r"""Posterior mean and standard deviation with their derivatives along the coordinates.

        .. math:: \nabla \mu = J^\top \alpha, \qquad \nabla \sigma = -\frac{J^\top K^{-1} k}{\sigma}, \qquad
            J_{nd} = \frac{\partial k_n}{\partial x_d} = 2 \sigma_f^2\, k'(q_n)\, \frac{x_d - x_{nd}}{\ell_d^2}

        Parameters
        ----------
        places : array (M, D)

        Returns
        -------
        mean, std : arrays (M,)
        mean_gradient, std_gradient : arrays (M, D), the latter zero where the standard deviation is zero
        """
        value, slope = value_and_slope(self.kernel, scaled_squared_distances(places, self.X, self.length_scale))
        k = self.signal_variance * value
        V = k @ self._L_inverse.T
        std = np.sqrt(np.maximum(self.signal_variance - np.einsum("mn,mn->m", V, V), 0.0))
        mean = self.m + k @ self.alpha
        # sum_n J_nd w_n = 2 s_f^2 / l_d^2 (x_d sum_n k'_n w_n - sum_n k'_n w_n x_nd), for w = alpha and w = K^-1 k.
        slope *= 2.0 * self.signal_variance
        mean_gradient = self._slope_sum(places, slope * self.alpha)
        std_gradient = self._slope_sum(places, slope * (V @ self._L_inverse))
        std_gradient *= -np.divide(1.0, std, out=np.zeros_like(std), where=std > 0)[:, None]
        return mean, std, mean_gradient, std_gradient

    def extended(self, places: np.ndarray, outputs: np.ndarray) -> "GaussianPosterior":
        r"""The process given further observations (P, D) and (P,) too, for N² operations each.

        The Cholesky factor only grows by rows: :math:`l = L^{-1} k,\ \lambda = \sqrt{k_{**} + \sigma_n^2 - l^\top l}`.
        """
        n, more = len(self.X), len(places)
        L = np.zeros((n + more, n + more))
        L[:n, :n] = self.L
        cross = self._solve(places)
        L[n:, :n] = cross.T
        corner = self.covariance(places, places) - cross.T @ cross
        corner.flat[:: more + 1] += self.noise_variance + self.jitter
        L[n:, n:], _ = cholesky(corner)
        X, y = np.vstack([self.X, places]), np.append(self.y, outputs)
        return GaussianPosterior(X, y, self.theta, self.kernel, self.constant, (L, self.jitter))

    @cached_property
    def _L_inverse(self) -> np.ndarray:
        return np.asarray(dtrtri(self.L, lower=1)[0])

    def _solve(self, places: np.ndarray) -> np.ndarray:
        """:math:`L^{-1} k` at places (M, D): array (N, M)."""
        return np.asarray(solve_triangular(self.L, self.covariance(self.X, places), lower=True, check_finite=False))

    def _slope_sum(self, places: np.ndarray, weights: np.ndarray) -> np.ndarray:
        return (places * weights.sum(axis=1, keepdims=True) - weights @ self.X) / self.length_scale**2
