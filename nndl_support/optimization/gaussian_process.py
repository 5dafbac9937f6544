r"""Regression with a Gaussian process: a distribution over functions, conditioned on what was observed (高斯过程).

Shapes: N observations, M places, D coordinates. The hyper-parameters are kept as the vector
:math:`\theta = (\log \ell_1, \dots, \log \ell_D, \log \sigma_f^2, \log \sigma_n^2)`.

References
----------
Rasmussen and Williams (2006), Gaussian Processes for Machine Learning, MIT Press, algorithm 2.1 and equations
2.23-2.26, https://gaussianprocess.org/gpml/.
"""

from numbers import Integral
from typing import Self

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

from nndl_support.optimization.covariance_functions import NAMES
from nndl_support.optimization.gaussian_posterior import GaussianPosterior
from nndl_support.optimization.marginal_likelihood import cholesky, maximize

__all__ = ["GaussianProcessRegressor"]


class GaussianProcessRegressor(RegressorMixin, BaseEstimator):
    r"""Gaussian process with a constant mean, a stationary covariance with one length per coordinate, and Gaussian noise.

    .. math::
        \mu(x) = m + k(x)^\top K^{-1} (y - m), \qquad \sigma^2(x) = \sigma_f^2 - k(x)^\top K^{-1} k(x), \qquad
        K = \sigma_f^2\, C + \sigma_n^2 I

    Parameters
    ----------
    kernel : "matern52" or "rbf"
    length_scale : float > 0 or array (D,), where the search for the best lengths starts
    signal_variance : float > 0, :math:`\sigma_f^2`, a start likewise
    noise_variance : float > 0, :math:`\sigma_n^2`, a start likewise
    mean : float, optional
        The constant m; without it the one that maximises the likelihood.
    optimizer : "lbfgs" or None
        None keeps the three hyper-parameters as they are.
    n_restarts : int >= 0, searches that start from random hyper-parameters besides the given ones
    prior : bool
        Whether to maximise the likelihood times :func:`nndl_support.optimization.marginal_likelihood.log_prior`, made for
        inputs in a unit cube, rather than the likelihood alone.
    normalize_y : bool
        Whether to work with outputs moved and scaled to mean 0 and variance 1.
    length_scale_bounds, signal_variance_bounds, noise_variance_bounds : pair of floats
        Where the search stays; two equal numbers fix a hyper-parameter.
    random_state : int, numpy.random.RandomState or None, for the restarts

    Attributes
    ----------
    ``length_scale_`` : array (D,)
    ``signal_variance_``, ``noise_variance_``, ``mean_`` : float, of the outputs as normalised
    ``theta_`` : array (D + 2,), logarithms of the first three
    ``log_marginal_likelihood_value_`` : float, in nats, of the outputs as normalised
    ``jitter_`` : float, what had to be added to the diagonal, mostly 0
    ``X_train_`` : array (N, D); ``y_train_`` : array (N,), as normalised
    ``L_`` : array (N, N), Cholesky factor of K; ``alpha_`` : array (N,), :math:`K^{-1}(y - m)`

    Raises
    ------
    ValueError
        When the kernel or the optimiser is unknown, a hyper-parameter is not positive or lies outside its bounds, or there are
        as many lengths as there are not coordinates.

    Notes
    -----
    The variance is that of the function, not of a new noisy observation, as in ``sklearn.gaussian_process``; with
    the same hyper-parameters the two agree. A maximised constant mean is treated as known. Differences: the gradient of
    the prediction (:meth:`predict_gradient`) and observations added for N² operations (:meth:`condition_on`).

    References
    ----------
    Rasmussen and Williams (2006), https://gaussianprocess.org/gpml/, algorithm 2.1.

    Examples
    --------
    >>> X, y = [[0.0], [0.5], [1.0]], [1.0, 0.0, 1.0]
    >>> gp = GaussianProcessRegressor(length_scale=0.5, noise_variance=1e-8, mean=0.6, optimizer=None).fit(X, y)
    >>> mean, std = gp.predict([[0.5], [5.0]], return_std=True)
    >>> mean.round(3) + 0.0, std.round(3)  # it knows what it saw, and knows nothing far away
    (array([0. , 0.6]), array([0., 1.]))
    """

    _posterior: GaussianPosterior

    def __init__(
        self,
        *,
        kernel: str = "matern52",
        length_scale: float | npt.ArrayLike = 0.5,
        signal_variance: float = 1.0,
        noise_variance: float = 1e-4,
        mean: float | None = None,
        optimizer: str | None = "lbfgs",
        n_restarts: int = 1,
        prior: bool = True,
        normalize_y: bool = False,
        length_scale_bounds: tuple[float, float] = (1e-2, 1e2),
        signal_variance_bounds: tuple[float, float] = (1e-3, 1e3),
        noise_variance_bounds: tuple[float, float] = (1e-8, 1e1),
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.kernel = kernel
        self.length_scale = length_scale
        self.signal_variance = signal_variance
        self.noise_variance = noise_variance
        self.mean = mean
        self.optimizer = optimizer
        self.n_restarts = n_restarts
        self.prior = prior
        self.normalize_y = normalize_y
        self.length_scale_bounds = length_scale_bounds
        self.signal_variance_bounds = signal_variance_bounds
        self.noise_variance_bounds = noise_variance_bounds
        self.random_state = random_state

    def fit(self, X: npt.ArrayLike, y: npt.ArrayLike) -> Self:
        """Find the hyper-parameters and condition the process on the observations.

        Parameters
        ----------
        X : array (N, D)
        y : array (N,)

        Returns
        -------
        self
        """
        checked = validate_data(self, X, y, y_numeric=True, dtype=np.float64)
        places, outputs = (np.asarray(part, dtype=float) for part in checked)
        theta, bounds = self._start(places.shape[1])
        self._shift, self._scale = 0.0, 1.0
        if self.normalize_y:
            self._shift, self._scale = float(outputs.mean()), float(outputs.std()) or 1.0
        outputs = (outputs - self._shift) / self._scale
        if self.optimizer is not None:
            theta = maximize(
                places,
                outputs,
                theta,
                bounds,
                kernel=self.kernel,
                mean=self.mean,
                prior=self.prior,
                n_restarts=self.n_restarts,
                random=check_random_state(self.random_state),
            )
        self._adopt(GaussianPosterior(places, outputs, theta, self.kernel, self.mean))
        return self

    def predict(
        self, X: npt.ArrayLike, return_std: bool = False, return_cov: bool = False
    ) -> np.ndarray | tuple[np.ndarray, np.ndarray]:
        """Posterior mean of the function, on request with its standard deviation or its covariance.

        Parameters
        ----------
        X : array (M, D)
        return_std : bool
        return_cov : bool

        Returns
        -------
        mean : array (M,), alone or followed by the standard deviation, array (M,), or the covariance, array (M, M)

        Raises
        ------
        ValueError
            When both are asked for.
        """
        check_is_fitted(self)
        if return_std and return_cov:
            raise ValueError("ask for return_std or for return_cov, not for both")
        places = np.asarray(validate_data(self, X, reset=False, dtype=np.float64))
        mean = self._shift + self._scale * self._posterior.mean(places)
        if return_cov:
            return mean, self._scale**2 * self._posterior.cov(places)
        return (mean, self._scale * self._posterior.std(places)) if return_std else mean

    def predict_gradient(self, X: npt.ArrayLike) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Posterior mean and standard deviation with their derivatives along the coordinates.

        Parameters
        ----------
        X : array (M, D)

        Returns
        -------
        mean : array (M,)
        std : array (M,)
        mean_gradient : array (M, D)
        std_gradient : array (M, D), zero where the standard deviation is zero

        Notes
        -----
        For the inner loop of a search: the inputs are not validated, and the inverse of the Cholesky factor is kept.
        """
        mean, *others = self._posterior.gradient(np.asarray(X, dtype=float))
        std, mean_gradient, std_gradient = (self._scale * part for part in others)
        return self._shift + self._scale * mean, std, mean_gradient, std_gradient

    def condition_on(self, X: npt.ArrayLike, y: npt.ArrayLike) -> "GaussianProcessRegressor":
        """Return the process conditioned on further observations too, hyper-parameters unchanged, for N² operations each.

        Parameters
        ----------
        X : array (P, D), the places of the further observations
        y : array (P,)

        Returns
        -------
        GaussianProcessRegressor, another one; this one stays as it is

        Raises
        ------
        ValueError
            When X and y do not fit together or to the coordinates of the process.
        """
        check_is_fitted(self)
        X, y = np.asarray(X, dtype=float), np.asarray(y, dtype=float)
        if X.ndim != 2 or X.shape[1] != self.n_features_in_ or y.shape != X.shape[:1]:
            raise ValueError(
                f"X has shape {X.shape} and y {y.shape}; expected (P, {self.n_features_in_}) and (P,) for a process "
                f"in {self.n_features_in_} coordinates"
            )
        other = GaussianProcessRegressor(**self.get_params(deep=False))
        other.__dict__.update(self.__dict__)
        other._adopt(self._posterior.extended(X, (y - self._shift) / self._scale))
        return other

    def sample_y(self, X: npt.ArrayLike, n_samples: int = 1, random_state: int | None = 0) -> np.ndarray:
        """Functions drawn from the posterior.

        Parameters
        ----------
        X : array (M, D)
        n_samples : int >= 1
        random_state : int, numpy.random.RandomState or None

        Returns
        -------
        array (M, n_samples), one function in each column
        """
        mean, covariance = self.predict(X, return_cov=True)
        L, _ = cholesky(covariance)
        return mean[:, None] + L @ check_random_state(random_state).standard_normal((len(mean), n_samples))

    def _adopt(self, posterior: GaussianPosterior) -> None:
        self._posterior = posterior
        self.X_train_: np.ndarray = posterior.X
        self.y_train_: np.ndarray = posterior.y
        self.theta_: np.ndarray = posterior.theta
        self.length_scale_: np.ndarray = posterior.length_scale
        self.signal_variance_: float = posterior.signal_variance
        self.noise_variance_: float = posterior.noise_variance
        self.L_: np.ndarray = posterior.L
        self.jitter_: float = posterior.jitter
        self.mean_: float = posterior.m
        self.alpha_: np.ndarray = posterior.alpha
        self.log_marginal_likelihood_value_: float = posterior.log_likelihood

    def _start(self, n_coordinates: int) -> tuple[np.ndarray, np.ndarray]:
        """Hyper-parameters and their bounds as logarithms, checked."""
        if self.kernel not in NAMES:
            raise ValueError(f"there is no covariance function {self.kernel!r}; known are {', '.join(NAMES)}")
        if self.optimizer not in ("lbfgs", None):
            raise ValueError(f"optimizer must be 'lbfgs' or None, not {self.optimizer!r}")
        if not isinstance(self.n_restarts, Integral) or self.n_restarts < 0:
            raise ValueError(f"n_restarts is {self.n_restarts!r}; expected a whole number >= 0")
        lengths = np.asarray(self.length_scale, dtype=float)
        if lengths.shape not in ((), (1,), (n_coordinates,)):
            raise ValueError(f"length_scale has shape {lengths.shape}, but X has {n_coordinates} columns")
        values = np.append(np.broadcast_to(lengths, n_coordinates), [self.signal_variance, self.noise_variance])
        if not (np.isfinite(values).all() and (values > 0).all()):
            raise ValueError(
                f"length_scale, signal_variance and noise_variance must be positive, not {lengths.tolist()}, "
                f"{self.signal_variance} and {self.noise_variance}"
            )
        bounds = np.array(
            [self.length_scale_bounds] * n_coordinates + [self.signal_variance_bounds, self.noise_variance_bounds],
            dtype=float,
        )
        if not ((bounds[:, 0] > 0).all() and (bounds[:, 0] <= bounds[:, 1]).all()):
            raise ValueError(f"bounds must be positive and not reversed, but are {bounds.tolist()}")
        return np.log(values), np.log(bounds)
