r"""Radial basis function networks: a layer of few radial units below a linear one (径向基函数网络).

The interpolant with one unit for each point, :class:`.RBFInterpolator`, is defined in
:mod:`nndl_support.classical.rbf_interpolation` and may be imported from here.

Shapes: N data points, B examples, D features, M centres, K targets at each point.

References
----------
Zhou (2016), Machine Learning (in Chinese), section 5.5.1.
Broomhead and Lowe (1988), Multivariable functional interpolation and adaptive networks, Complex Systems 2, 321-355.
"""

from numbers import Integral, Real
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from scipy.spatial.distance import cdist, pdist
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.utils import check_random_state
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from nndl_support.classical import centres as placing
from nndl_support.classical import rbf_gradient
from nndl_support.classical.linear_readout import Readout, fit_readout
from nndl_support.classical.rbf_interpolation import RBFInterpolator

__all__ = ["RBFInterpolator", "RBFNetworkClassifier", "RBFNetworkRegressor"]

# Widths, their inverses and coordinates beyond this have squares that float64 cannot hold.
_LARGEST = 1e150


class _RBFNetwork(BaseEstimator):
    """What classifier and regressor share: hidden units on centres, then a linear layer."""

    def __init__(
        self,
        n_centers: int = 10,
        *,
        centers: str | npt.ArrayLike = "kmeans",
        width: str | float = "loo",
        regularization: float = 1e-8,
        fit_intercept: bool = True,
        max_iter: int = 200,
        random_state: Any = None,
    ) -> None:
        self.n_centers = n_centers
        self.centers = centers
        self.width = width
        self.regularization = regularization
        self.fit_intercept = fit_intercept
        self.max_iter = max_iter
        self.random_state = random_state

    def hidden_activations(self, X: npt.ArrayLike) -> np.ndarray:
        """Activation of every hidden unit.

        Parameters
        ----------
        X : array (B, D)

        Returns
        -------
        array (B, M), entries in [0, 1]
        """
        return self._hidden(self._checked(X))

    def distance_to_centers(self, X: npt.ArrayLike) -> np.ndarray:
        """How many widths the nearest unit is away: small where the network has seen data, large where it guesses.

        Parameters
        ----------
        X : array (B, D)

        Returns
        -------
        array (B,)
        """
        return (cdist(self._checked(X), self.centers_) / self.widths_).min(axis=1)

    def _checked(self, X: npt.ArrayLike) -> np.ndarray:
        check_is_fitted(self)
        return np.asarray(validate_data(self, X, reset=False, dtype=np.float64))

    def _hidden(self, X: np.ndarray) -> np.ndarray:
        return rbf_gradient.activations(X, self.centers_, 1 / (2 * self.widths_**2))

    def _outputs(self, X: npt.ArrayLike) -> np.ndarray:
        return self.hidden_activations(X) @ self.coef_ + self.intercept_

    def _fit(self, X: np.ndarray, targets: np.ndarray) -> None:
        self._check_parameters(X)
        rng = np.random.default_rng(check_random_state(self.random_state).randint(2**31))
        how = self.centers if isinstance(self.centers, str) else "given"
        self.n_iter_ = 1
        for name in ("error_reduction_ratios_", "loss_curve_"):  # of an earlier fit in another way
            if hasattr(self, name):
                delattr(self, name)
        if how == "given":
            self.centers_ = np.array(self.centers, dtype=float)
        elif how in ("kmeans", "gradient"):
            self.centers_ = placing.kmeans_centres(X, self.n_centers, rng)
        else:
            self.centers_ = placing.random_centres(X, self.n_centers, rng)
        self.widths_, readout = self._widths_and_readout(X, targets)
        if how == "ols":
            # The candidates need a width before they can be chosen: that of the random centres.
            readout = self._select(X, targets, float(self.widths_.mean()))
        if how == "gradient":
            start = rbf_gradient.Parameters(self.centers_, 1 / (2 * self.widths_**2), readout.weights, readout.bias)
            learnt, self.loss_curve_ = rbf_gradient.descend(
                X,
                targets,
                start,
                regularization=self.regularization,
                fit_intercept=self.fit_intercept,
                max_iter=self.max_iter,
            )
            self.centers_, self.widths_ = learnt.centres, 1 / np.sqrt(2 * learnt.beta)
            readout = Readout(learnt.weights, learnt.bias, np.empty((0, 0)))
            self.n_iter_ = max(1, len(self.loss_curve_) - 1)
        self.coef_, self.intercept_ = readout.weights, readout.bias

    def _select(self, X: np.ndarray, targets: np.ndarray, width: float) -> Readout:
        candidates = np.unique(X, axis=0)
        hidden = rbf_gradient.activations(X, candidates, 1 / (2 * width**2))
        means = (hidden.mean(axis=0), targets.mean(axis=0)) if self.fit_intercept else (0.0, 0.0)
        chosen, self.error_reduction_ratios_ = placing.orthogonal_least_squares(
            hidden - means[0], targets - means[1], self.n_centers
        )
        self.centers_ = candidates[chosen]
        self.widths_, readout = self._widths_and_readout(X, targets)
        return readout

    def _widths_and_readout(self, X: np.ndarray, targets: np.ndarray) -> tuple[np.ndarray, Readout]:
        """Widths by the rule asked for, and the output layer that belongs to them."""
        n_centers = len(self.centers_)
        if isinstance(self.width, Real):
            return self._with(X, targets, np.full(n_centers, float(self.width)))
        # A lone unit, or units in one place, know no distance between centres: the spread of the data stands in.
        spread = np.sqrt(np.mean(cdist(X, self.centers_, "sqeuclidean"))) or 1.0
        apart = n_centers > 1 and pdist(self.centers_).min() > 0
        if self.width == "loo":
            typical = float(np.median(placing.nearest_neighbour_widths(self.centers_))) if apart else spread
            tried = [
                self._with(X, targets, np.full(n_centers, factor * typical)) for factor in np.geomspace(0.25, 8, 16)
            ]
            return min(tried, key=lambda pair: np.sum(pair[1].leave_one_out ** 2))
        if not apart:
            return self._with(X, targets, np.full(n_centers, spread))
        if self.width == "nearest":
            return self._with(X, targets, placing.nearest_neighbour_widths(self.centers_))
        return self._with(X, targets, np.full(n_centers, placing.maximum_distance_width(self.centers_)))

    def _with(self, X: np.ndarray, targets: np.ndarray, widths: np.ndarray) -> tuple[np.ndarray, Readout]:
        hidden = rbf_gradient.activations(X, self.centers_, 1 / (2 * widths**2))
        return widths, fit_readout(
            hidden, targets, regularization=self.regularization, fit_intercept=self.fit_intercept
        )

    def _check_parameters(self, X: np.ndarray) -> None:
        for name in ("n_centers", "max_iter"):
            value = getattr(self, name)
            if not isinstance(value, Integral) or isinstance(value, bool) or value < 1:
                raise ValueError(f"{name} must be a whole number of at least 1, but is {value!r}")
        if isinstance(self.centers, str):
            if self.centers not in ("kmeans", "random", "ols", "gradient"):
                raise ValueError(
                    f"centers must be 'kmeans', 'random', 'ols', 'gradient' or an array, but is {self.centers!r}"
                )
            if self.n_centers > len(X):
                raise ValueError(
                    f"n_centers={self.n_centers} needs at least as many examples, but X has n_samples={len(X)}"
                )
        else:
            shape = np.shape(self.centers)
            if len(shape) != 2 or shape[0] < 1 or shape[1] != X.shape[1]:
                raise ValueError(
                    f"centers has shape {shape}, but X has {X.shape[1]} features; expected (M, {X.shape[1]})"
                )
            unusable = ~np.isfinite(np.asarray(self.centers, dtype=float))
            if unusable.any():
                raise ValueError(f"centers has {unusable.sum()} entries that are NaN or infinite")
        largest = np.abs(X).max()
        if largest > _LARGEST:
            raise ValueError(
                f"X has entries as large as {largest:.1e}, whose squared distances overflow; scale the features"
            )
        by_rule = isinstance(self.width, str) and self.width in ("loo", "nearest", "max_distance")
        by_value = (
            isinstance(self.width, Real) and not isinstance(self.width, bool) and 1 / _LARGEST < self.width < _LARGEST
        )
        if not by_rule and not by_value:
            raise ValueError(f"width must be positive, or 'loo', 'nearest' or 'max_distance', but is {self.width!r}")
        if not isinstance(self.regularization, Real) or not 0 <= self.regularization < np.inf:
            raise ValueError(f"regularization must be at least 0 and finite, but is {self.regularization!r}")


class RBFNetworkRegressor(RegressorMixin, _RBFNetwork):
    r"""RBF network with a linear output for each target.

    .. math:: \hat y(x) = \sum_{i=1}^{M} w_i\,e^{-\lVert x - c_i\rVert^2 / (2\sigma_i^2)} + b

    Parameters
    ----------
    n_centers : int
        Hidden units, at most as many as there are distinct examples.
    centers : str or array (M, D)
        "kmeans": the means of clusters; "random": examples; "ols": examples, greedily, by how much of the targets they explain
        (fewer than ``n_centers`` when the others could add nothing, because their columns depend on those chosen);
        "gradient": starts from k-means and then moves centres, widths and weights downhill. An array is taken as it is, and
        ``n_centers`` has then no say.
    width : float, or str
        :math:`\sigma` of all units, or a rule: "loo", one width, the best of sixteen by the leave-one-out error in training;
        "nearest", for each unit the root mean square distance to its two nearest fellows; "max_distance", one width,
        :math:`d_{\max}/\sqrt{2M}`. A lone unit under a rule gets the spread of the data.
    regularization : float >= 0
        :math:`\lambda` of the penalty :math:`\lambda\lVert w\rVert^2` beside the sum of squared errors.
    fit_intercept : bool
    max_iter : int
        Steps of the descent; of use for ``centers="gradient"`` alone.
    random_state : int, RandomState or None

    Attributes
    ----------
    centers_ : array (M, D)
    widths_ : array (M,)
    coef_ : array (M,), or (M, K) for K targets
    intercept_ : float, or array (K,)
    error_reduction_ratios_ : array (M,)
        For "ols": the share of the variance that each unit explained at the pilot width, that of as many random centres.
    loss_curve_ : array (T + 1,)
        For "gradient": half the penalised squared error before and after each step.
    n_iter_ : int
        Steps of the descent; 1 where the output layer is solved at once.
    n_features_in_ : int

    Notes
    -----
    A constant feature changes no distance and so has no effect; scale features whose units differ, for the distance adds them up.

    References
    ----------
    Zhou (2016), equations 5.18 and 5.19, with :math:`\beta_i = 1/(2\sigma_i^2)` and a bias b that 5.18 does not have.

    Examples
    --------
    >>> x = np.linspace(-3, 3, 61)[:, None]
    >>> network = RBFNetworkRegressor(7, random_state=0).fit(x, np.sin(x[:, 0]))
    >>> network.score(x, np.sin(x[:, 0])) > 0.9999
    True
    """

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags

    def fit(self, X: npt.ArrayLike, y: npt.ArrayLike) -> Self:
        """Place the units, then solve for the output layer.

        Parameters
        ----------
        X : array (B, D)
        y : array (B,) or (B, K)

        Returns
        -------
        RBFNetworkRegressor
            This estimator.

        Raises
        ------
        ValueError
            For NaN or wrong shapes, more centres than (distinct) examples, or a parameter out of its range.
        """
        inputs, targets = validate_data(self, X, y, dtype=np.float64, multi_output=True, y_numeric=True)
        targets = np.asarray(targets, dtype=float)
        self._fit(inputs, targets.reshape(len(inputs), -1))
        if targets.ndim == 1:
            self.coef_, self.intercept_ = self.coef_[:, 0], self.intercept_[0]
        return self

    def predict(self, X: npt.ArrayLike) -> np.ndarray:
        """Return the outputs, array (B,) or (B, K)."""
        return self._outputs(X)


class RBFNetworkClassifier(ClassifierMixin, _RBFNetwork):
    r"""RBF network whose outputs are fitted to 1 for the class of an example and 0 (two classes: -1) for the others.

    Parameters
    ----------
    n_centers, centers, width, regularization, fit_intercept, max_iter, random_state
        As in :class:`RBFNetworkRegressor`.

    Attributes
    ----------
    classes_ : array (K,)
    coef_ : array (M, K), or (M, 1) for two classes
    intercept_ : array (K,), or (1,)
    centers_, widths_, error_reduction_ratios_, loss_curve_, n_features_in_
        As in :class:`RBFNetworkRegressor`.

    Notes
    -----
    The outputs estimate probabilities by least squares and may leave [0, 1]: ``decision_function`` returns them as they are.

    Examples
    --------
    >>> X, y = [[0, 0], [0, 1], [1, 0], [1, 1]], ["same", "differ", "differ", "same"]
    >>> network = RBFNetworkClassifier(centers=[[0, 0], [1, 1]], width=0.5**0.5).fit(X, y)
    >>> network.predict(X)
    array(['same', 'differ', 'differ', 'same'], dtype='<U6')
    """

    classes_: np.ndarray

    def fit(self, X: npt.ArrayLike, y: npt.ArrayLike) -> Self:
        """Place the units, then solve for the output layer.

        Parameters
        ----------
        X : array (B, D)
        y : array (B,), labels of at least two classes

        Returns
        -------
        RBFNetworkClassifier
            This estimator.

        Raises
        ------
        ValueError
            For NaN or wrong shapes, one class only, more centres than (distinct) examples, or a parameter out of its range.
        """
        inputs, labels = validate_data(self, X, y, dtype=np.float64)
        check_classification_targets(labels)
        self.classes_, index = np.unique(labels, return_inverse=True)
        if len(self.classes_) < 2:
            raise ValueError(
                f"RBFNetworkClassifier needs at least two classes, but y has one class: {self.classes_.tolist()}"
            )
        two = len(self.classes_) == 2
        self._fit(inputs, 2.0 * index[:, None] - 1 if two else np.eye(len(self.classes_))[index])
        return self

    def decision_function(self, X: npt.ArrayLike) -> np.ndarray:
        """Return the outputs: array (B,) for two classes, positive for the second, else (B, K)."""
        outputs = self._outputs(X)
        return outputs[:, 0] if len(self.classes_) == 2 else outputs

    def predict(self, X: npt.ArrayLike) -> np.ndarray:
        """Return the label with the largest output, array (B,)."""
        scores = self.decision_function(X)
        return self.classes_[(scores > 0).astype(int) if scores.ndim == 1 else scores.argmax(axis=1)]
