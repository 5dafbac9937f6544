r"""Linear regression under ℓ1 and ℓ2 penalties together, solved in two ways (弹性网络).

.. math:: \min_w \frac{1}{2N} \lVert y - Xw \rVert^2 + \alpha\rho \lVert w \rVert_1
    + \frac{\alpha (1 - \rho)}{2} \lVert w \rVert^2

These are scikit-learn's letters: alpha the strength, rho the ``l1_ratio``. Qiu's (7.63) has one strength per penalty.

Shapes: N examples, n inputs, S strengths.

References
----------
Zou and Hastie (2005), Regularization and variable selection via the elastic net, JRSS B 67,
https://doi.org/10.1111/j.1467-9868.2005.00503.x. Friedman, Hastie and Tibshirani (2010), Regularization paths for
generalized linear models via coordinate descent, Journal of Statistical Software 33(1),
https://doi.org/10.18637/jss.v033.i01. Beck and Teboulle (2009), A fast iterative shrinkage-thresholding algorithm,
https://doi.org/10.1137/080716542.
"""

import warnings
from numbers import Integral, Real
from typing import Self

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils.validation import check_is_fitted, validate_data

from nndl_support.optimization.penalties import soft_threshold


def objective(X: np.ndarray, y: np.ndarray, w: np.ndarray, alpha: float, l1_ratio: float) -> float:
    """Value of the elastic net's objective, as at the top of this module.

    Examples
    --------
    >>> objective(np.eye(2), np.array([2.0, 0.0]), np.array([1.0, 0.0]), alpha=1.0, l1_ratio=0.5)
    1.0
    """
    error = np.sum((y - X @ w) ** 2) / (2 * len(y))
    return float(error + alpha * l1_ratio * np.abs(w).sum() + alpha * (1 - l1_ratio) / 2 * np.sum(w**2))


def kkt_violation(X: np.ndarray, y: np.ndarray, w: np.ndarray, alpha: float, l1_ratio: float) -> float:
    r"""Size of the shortest subgradient of the objective, in the largest entry; 0 exactly at the minimum.

    With :math:`r_j = \frac1N x_j^\top (y - Xw) - \alpha(1-\rho) w_j`, a weight that is not zero needs
    :math:`r_j = \alpha\rho\, \operatorname{sign}(w_j)`, one that is zero only :math:`|r_j| \le \alpha\rho`.

    Examples
    --------
    >>> kkt_violation(np.eye(2), np.array([4.0, 0.5]), np.array([2.0, 0.0]), alpha=1.0, l1_ratio=1.0)
    0.0
    """
    r = X.T @ (y - X @ w) / len(y) - alpha * (1 - l1_ratio) * w
    violation = np.where(w != 0, np.abs(r - alpha * l1_ratio * np.sign(w)), np.abs(r) - alpha * l1_ratio)
    return float(np.maximum(violation, 0).max(initial=0.0))


def smallest_alpha_without_weights(X: np.ndarray, y: np.ndarray, l1_ratio: float = 1.0) -> float:
    r"""Strength from which on all weights are zero, :math:`\max_j |x_j^\top y| / (N\rho)`.

    Examples
    --------
    >>> smallest_alpha_without_weights(np.eye(2), np.array([4.0, 0.5]))
    2.0
    """
    if not 0 < l1_ratio <= 1:
        raise ValueError(f"l1_ratio is {l1_ratio}; expected above 0 and at most 1: the ℓ2 norm alone never gives zeros")
    return float(np.abs(X.T @ y).max() / (len(y) * l1_ratio))


def coordinate_descent(
    X: np.ndarray,
    y: np.ndarray,
    alpha: float,
    l1_ratio: float,
    *,
    start: npt.ArrayLike | None = None,
    max_iter: int = 10_000,
    tol: float = 1e-10,
) -> tuple[np.ndarray, int]:
    r"""Minimise exactly over one weight after the other, round and round.

    .. math:: w_j \leftarrow \frac{S_{\alpha\rho}\bigl(\tfrac1N x_j^\top (y - Xw) + \tfrac1N \lVert x_j\rVert^2 w_j\bigr)}
        {\tfrac1N \lVert x_j\rVert^2 + \alpha(1 - \rho)}

    Parameters
    ----------
    X : array (N, n)
    y : array (N,)
    alpha : float >= 0
    l1_ratio : float from 0 to 1
    start : array (n,), optional; zeros without it
    max_iter : int, rounds over all weights
    tol : float > 0; ends when :func:`kkt_violation` is at most this part of the largest slope at zero

    Returns
    -------
    array (n,), and the number of rounds

    Examples
    --------
    >>> coordinate_descent(np.eye(2), np.array([4.0, 0.5]), alpha=1.0, l1_ratio=1.0)
    (array([2., 0.]), 1)
    """
    gram, moment = X.T @ X / len(y), X.T @ y / len(y)
    w = np.zeros(X.shape[1]) if start is None else np.array(start, dtype=float)
    l1, l2 = alpha * l1_ratio, alpha * (1 - l1_ratio)
    bound = tol * np.abs(moment).max(initial=0.0)
    for round_ in range(1, max_iter + 1):
        for j, curvature in enumerate(gram.diagonal()):
            pull = moment[j] - gram[j] @ w + curvature * w[j]
            size = max(abs(pull) - l1, 0.0)
            w[j] = np.copysign(size, pull) / (curvature + l2) if size > 0 else 0.0
        if kkt_violation(X, y, w, alpha, l1_ratio) <= bound:
            return w, round_
    return w, max_iter


def proximal_gradient(
    X: np.ndarray,
    y: np.ndarray,
    alpha: float,
    l1_ratio: float,
    *,
    start: npt.ArrayLike | None = None,
    max_iter: int = 100_000,
    tol: float = 1e-10,
) -> tuple[np.ndarray, int]:
    r"""Step along the gradient of what is smooth, then threshold for what is not, with Nesterov's momentum.

    .. math:: w \leftarrow S_{\eta\alpha\rho}\bigl(v - \eta \nabla f(v)\bigr), \qquad f(w) = \tfrac{1}{2N} \lVert y - Xw\rVert^2
        + \tfrac{\alpha(1-\rho)}{2} \lVert w \rVert^2

    Parameters
    ----------
    X, y, alpha, l1_ratio, start, tol : as for :func:`coordinate_descent`
    max_iter : int, steps

    Returns
    -------
    array (n,), and the number of steps

    Notes
    -----
    The step is one over the largest curvature, and the momentum starts anew whenever it points uphill.

    Examples
    --------
    >>> proximal_gradient(np.eye(2), np.array([4.0, 0.5]), alpha=1.0, l1_ratio=1.0)
    (array([2., 0.]), 1)
    """
    gram, moment = X.T @ X / len(y), X.T @ y / len(y)
    w = np.zeros(X.shape[1]) if start is None else np.array(start, dtype=float)
    l1, l2 = alpha * l1_ratio, alpha * (1 - l1_ratio)
    largest = np.linalg.eigvalsh(gram)[-1] + l2
    step = 1 / largest if largest > 0 else 1.0
    bound = tol * np.abs(moment).max(initial=0.0)
    ahead, t = w, 1.0
    for n_steps in range(1, max_iter + 1):
        new = soft_threshold(ahead - step * (gram @ ahead - moment + l2 * ahead), step * l1)
        if np.dot(ahead - new, new - w) > 0:
            ahead, t = new, 1.0
        else:
            t_next = (1 + np.sqrt(1 + 4 * t**2)) / 2
            ahead, t = new + (t - 1) / t_next * (new - w), t_next
        w = new
        if kkt_violation(X, y, w, alpha, l1_ratio) <= bound:
            return w, n_steps
    return w, max_iter


_SOLVERS = {"coordinate_descent": coordinate_descent, "proximal_gradient": proximal_gradient}


def regularization_path(
    X: np.ndarray, y: np.ndarray, *, l1_ratio: float = 1.0, n_alphas: int = 50, span: float = 1e-3
) -> tuple[np.ndarray, np.ndarray]:
    """Weights for falling strengths, each solution the start of the next (正则化路径).

    Parameters
    ----------
    X : array (N, n), centred
    y : array (N,), centred
    l1_ratio : float in (0, 1]
    n_alphas : int, S, at equal distances of their logarithms
    span : float in (0, 1), the last strength over the first, which is the least that leaves no weight

    Returns
    -------
    strengths (S,) and weights (S, n)

    Examples
    --------
    >>> alphas, weights = regularization_path(np.eye(2), np.array([4.0, 0.1]), n_alphas=3, span=0.01)
    >>> alphas.round(2), (weights != 0).sum(axis=1)
    (array([2.  , 0.2 , 0.02]), array([0, 1, 2]))
    """
    alphas = smallest_alpha_without_weights(X, y, l1_ratio) * np.geomspace(1, span, n_alphas)
    weights, w = [], np.zeros(X.shape[1])
    for alpha in alphas:
        w, _ = coordinate_descent(X, y, alpha, l1_ratio, start=w)
        weights.append(w)
    return alphas, np.array(weights)


class ElasticNet(RegressorMixin, BaseEstimator):
    """Linear regression with the elastic net's penalty: the lasso for ``l1_ratio=1``, ridge regression for 0.

    Parameters
    ----------
    alpha : float >= 0
        Strength. The squared error is divided by 2N, as in scikit-learn's ``ElasticNet`` and ``Lasso``; its ``Ridge``
        does not divide, so that its alpha is N times ours.
    l1_ratio : float from 0 to 1
    fit_intercept : bool
    solver : {"coordinate_descent", "proximal_gradient"}
    max_iter : int
    tol : float > 0; how nearly the optimality conditions hold, as a part of the largest slope at zero

    Attributes
    ----------
    coef_ : array (n,)
    intercept_ : float; it is never penalised
    n_iter_ : int, rounds or steps
    n_features_in_ : int

    Warns
    -----
    ConvergenceWarning
        When ``max_iter`` was not enough.

    Examples
    --------
    >>> X = np.array([[1.0, 0.1], [2.0, -0.1], [3.0, 0.0]])
    >>> ElasticNet(alpha=0.1, l1_ratio=1.0).fit(X, [2.0, 4.0, 6.0]).coef_
    array([1.85, 0.  ])
    """

    def __init__(
        self,
        alpha: float = 1.0,
        *,
        l1_ratio: float = 0.5,
        fit_intercept: bool = True,
        solver: str = "coordinate_descent",
        max_iter: int = 10_000,
        tol: float = 1e-10,
    ) -> None:
        self.alpha = alpha
        self.l1_ratio = l1_ratio
        self.fit_intercept = fit_intercept
        self.solver = solver
        self.max_iter = max_iter
        self.tol = tol

    def fit(self, X: npt.ArrayLike, y: npt.ArrayLike) -> Self:
        """Find the weights.

        Parameters
        ----------
        X : array (N, n)
        y : array (N,)
        """
        self._check_parameters()
        checked = validate_data(self, X, y, y_numeric=True, dtype=np.float64)
        inputs, target = (np.asarray(part, dtype=float) for part in checked)
        x_mean, y_mean = (
            (inputs.mean(axis=0), target.mean()) if self.fit_intercept else (np.zeros(inputs.shape[1]), 0.0)
        )
        self.coef_, self.n_iter_ = _SOLVERS[self.solver](
            inputs - x_mean, target - y_mean, self.alpha, self.l1_ratio, max_iter=self.max_iter, tol=self.tol
        )
        self.intercept_ = float(y_mean - x_mean @ self.coef_)
        if self.n_iter_ == self.max_iter:
            left = kkt_violation(inputs - x_mean, target - y_mean, self.coef_, self.alpha, self.l1_ratio)
            warnings.warn(
                f"not converged within max_iter={self.max_iter}: the optimality conditions are off by {left:.1e}",
                ConvergenceWarning,
                stacklevel=2,
            )
        return self

    def predict(self, X: npt.ArrayLike) -> np.ndarray:
        """Return the predictions (N,)."""
        check_is_fitted(self)
        return validate_data(self, X, reset=False, dtype=np.float64) @ self.coef_ + self.intercept_

    def _check_parameters(self) -> None:
        if not isinstance(self.alpha, Real) or not 0 <= self.alpha < np.inf:
            raise ValueError(f"alpha is {self.alpha!r}; expected a number of at least 0")
        if not isinstance(self.l1_ratio, Real) or not 0 <= self.l1_ratio <= 1:
            raise ValueError(f"l1_ratio is {self.l1_ratio!r}; expected a number from 0 to 1")
        if self.solver not in _SOLVERS:
            raise ValueError(f"solver is {self.solver!r}; expected one of {sorted(_SOLVERS)}")
        if not isinstance(self.max_iter, Integral) or self.max_iter < 1:
            raise ValueError(f"max_iter is {self.max_iter!r}; expected an integer of at least 1")
        if not isinstance(self.tol, Real) or not self.tol > 0:
            raise ValueError(f"tol is {self.tol!r}; expected a positive number")
