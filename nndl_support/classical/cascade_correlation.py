r"""Cascade-correlation (级联相关网络) as scikit-learn estimators: networks that start without hidden units and grow.

How they grow is in :mod:`~nndl_support.classical.growing`; this module adds the targets.

Shapes: B examples, D features, H hidden units, C candidates, K outputs (1 for two classes).

References
----------
Fahlman and Lebiere (1990), The cascade-correlation learning architecture, Advances in Neural Information Processing
Systems 2, 524-532. Zhou (2016), Machine Learning (in Chinese), section 5.5.4, figure 5.12.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.base import ClassifierMixin, RegressorMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import column_or_1d, validate_data

from nndl_support.classical.growing import GrowingNetwork
from nndl_support.classical.output_phase import outputs


class CascadeCorrelationClassifier(ClassifierMixin, GrowingNetwork):
    r"""Classifier that grows: cross-entropy of one logistic output (two classes) or a softmax (more).

    Parameters
    ----------
    max_units : int >= 0
        Growth ends here at the latest; 0 gives logistic or softmax regression.
    pool_size : int >= 1
        Candidates trained beside one another for each new unit.
    unit_type : "tanh", "logistic", "gaussian", or a sequence of these
        Kind of the candidates; several kinds take turns in the pool, and the best candidate wins whatever its kind.
    connections : "cascade" or "flat"
        Whether a new unit reads the earlier units as well as the inputs. "flat" grows a single hidden layer.
    criterion : "covariance" or "correlation"
        What candidates maximise, see :func:`nndl_support.classical.candidates.score`.
    alpha : float >= 0
        Strength of the penalty ``alpha / 2 * sum(W**2)`` on the output weights, biases left out.
    tol : float in [0, 1)
        Growth ends when this share of the training examples, or less, is classified wrongly.
    learning_rate, growth : float > 0
        Of quickprop, by which candidates learn (:func:`nndl_support.classical.quickprop.quickprop_step`).
    max_candidate_epochs, candidate_patience, candidate_tol
        When the candidates stop (:func:`nndl_support.classical.candidates.train_pool`).
    max_output_iter : int >= 1
        Iterations of L-BFGS in one output phase.
    standardize : bool
        Bring every feature to mean 0 and variance 1 first. A constant feature becomes 0.
    early_stopping : bool
        Hold out part of the data, stop growing when its score no longer rises, and take out the units after the best stage.
    validation_fraction : float in (0, 1)
        The part held out, stratified where every class is large enough.
    patience : int >= 1
        Units without a better validation score before growth stops.
    random_state : int, numpy.random.RandomState or None
        Seed of the candidates' first weights and of the held-out part.

    Attributes
    ----------
    n_units_, n_weights_ : int, hidden units installed (H), and weights in all
    hidden_coefs_ : list of H arrays; the weights of unit h (from 0) are (1 + D + h,), or (1 + D,) for "flat", bias first
    unit_types_ : list of H str
    coef_ : array (1 + D + H, K), weights of the outputs, bias first; (.., 1) for two classes
    stage_coefs_ : list of H + 1 arrays, the output weights with 0, 1, ..., H units
    loss_curve_ : list of float, the objective after each output phase (mean cross-entropy in nats plus penalty)
    train_scores_, validation_scores_ : lists of float, accuracy after each output phase; the second is empty without
        early stopping
    candidate_scores_ : list of arrays (C,), the scores of each trained pool; its largest was installed
    correlations_ : list of arrays (K,), correlation of each new unit with the error of each output, when it was installed
    n_epochs_ : int, passes over the training data, of candidates and outputs together
    mean_, scale_ : arrays (D,), what standardises the features; the scale of a constant feature is infinite
    classes_ : array of labels
    n_features_in_ : int

    Notes
    -----
    Variants of the original: the outputs are fitted by convex optimisation of the cross-entropy, where the paper takes
    quickprop and the squared error of S-shaped outputs, so that the error left is simply target minus probability;
    features are standardised; slopes are divided by the sum of the absolute errors; every candidate keeps its best
    weights. Histories keep the stages that early stopping took back.

    References
    ----------
    Fahlman and Lebiere (1990); Zhou (2016), section 5.5.4.

    Examples
    --------
    >>> X, y = [[0, 0], [0, 1], [1, 0], [1, 1]], ["no", "yes", "yes", "no"]
    >>> model = CascadeCorrelationClassifier(random_state=0).fit(X, y)
    >>> model.n_units_, model.predict(X)
    (1, array(['no', 'yes', 'yes', 'no'], dtype='<U3'))
    """

    _loss = "cross_entropy"
    classes_: np.ndarray

    def predict_proba(self, X: npt.ArrayLike) -> np.ndarray:
        """Probabilities of the classes, array (B, number of classes), in the order of ``classes_``."""
        Z = self._checked_features(X)
        return _both(outputs(Z, self.coef_, self._loss))

    def predict(self, X: npt.ArrayLike) -> np.ndarray:
        """The most probable label of each row, array (B,)."""
        best = self.predict_proba(X).argmax(axis=1)
        return self.classes_[best]

    def staged_predict_proba(self, X: npt.ArrayLike) -> Iterator[np.ndarray]:
        """Yield what ``predict_proba`` returned when the network had 0, 1, ..., H hidden units."""
        return map(_both, self._stages(X))

    def staged_predict(self, X: npt.ArrayLike) -> Iterator[np.ndarray]:
        """Yield what ``predict`` returned when the network had 0, 1, ..., H hidden units."""
        return (self.classes_[p.argmax(axis=1)] for p in self.staged_predict_proba(X))

    def _check_data(self, X: npt.ArrayLike, y: npt.ArrayLike, *, reset: bool) -> tuple[np.ndarray, np.ndarray]:
        X, y = validate_data(self, X, y, reset=reset, dtype=np.float64, multi_output=True)
        y = column_or_1d(y, warn=True)
        check_classification_targets(y)
        return np.asarray(X), np.asarray(y)

    def _learn_targets(self, y: np.ndarray) -> None:
        self.classes_ = np.unique(y)
        if len(self.classes_) < 2:
            raise ValueError(
                f"CascadeCorrelationClassifier needs at least two classes, but y has one class: {self.classes_.tolist()}"
            )

    def _encode(self, y: np.ndarray) -> np.ndarray:
        unseen = np.setdiff1d(y, self.classes_)
        if len(unseen):
            raise ValueError(f"labels {unseen.tolist()} are not among the classes {self.classes_.tolist()}")
        index = np.searchsorted(self.classes_, y)
        return index[:, None].astype(float) if len(self.classes_) == 2 else np.eye(len(self.classes_))[index]

    def _stage_score(self, Y: np.ndarray, T: np.ndarray) -> float:
        return float(np.mean(_both(Y).argmax(axis=1) == _both(T).argmax(axis=1)))

    def _strata(self, y: np.ndarray, n_validation: int) -> np.ndarray | None:
        counts = np.unique(y, return_counts=True)[1]
        large_enough = counts.min() >= 2 and len(counts) <= min(n_validation, len(y) - n_validation)
        return y if large_enough else None


class CascadeCorrelationRegressor(RegressorMixin, GrowingNetwork):
    """Regressor that grows: linear outputs, fitted by least squares after every new unit.

    Parameters
    ----------
    max_units, pool_size, unit_type, connections, criterion, learning_rate, growth, max_candidate_epochs, \
    candidate_patience, candidate_tol, standardize, validation_fraction, patience, random_state
        As in :class:`CascadeCorrelationClassifier`.
    alpha : float >= 0
        Strength of the penalty on the output weights, for targets of variance 1.
    tol : float in [0, 1)
        Growth ends when this share of the targets' variance, or less, is left unexplained.
    max_output_iter : int
        Not needed: least squares are solved in one step.
    early_stopping : bool
        As in the classifier; the score is the coefficient of determination.

    Attributes
    ----------
    n_units_, n_weights_, hidden_coefs_, unit_types_, coef_, stage_coefs_, candidate_scores_, correlations_, n_epochs_, \
    mean_, scale_
        As in :class:`CascadeCorrelationClassifier`; ``coef_`` refers to targets of mean 0 and variance 1.
    loss_curve_ : list of float, half the mean squared error of those targets plus penalty, after each output phase
    train_scores_, validation_scores_ : lists of float, coefficient of determination after each output phase
    target_mean_, target_scale_ : arrays (K,), in the units of y
    n_features_in_ : int

    Examples
    --------
    >>> x = np.linspace(-3, 3, 61)[:, None]
    >>> model = CascadeCorrelationRegressor(tol=1e-3, random_state=0).fit(x, np.sin(x[:, 0]))
    >>> model.score(x, np.sin(x[:, 0])) > 0.998
    True
    """

    _loss = "squared_error"

    def predict(self, X: npt.ArrayLike) -> np.ndarray:
        """Numbers in the units of y, array (B,) or (B, K)."""
        return self._decode(outputs(self._checked_features(X), self.coef_, self._loss))

    def staged_predict(self, X: npt.ArrayLike) -> Iterator[np.ndarray]:
        """Yield what ``predict`` returned when the network had 0, 1, ..., H hidden units."""
        return map(self._decode, self._stages(X))

    def __sklearn_tags__(self) -> Any:
        """Tell scikit-learn that y may have several columns."""
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags

    def _check_data(self, X: npt.ArrayLike, y: npt.ArrayLike, *, reset: bool) -> tuple[np.ndarray, np.ndarray]:
        X, y = validate_data(self, X, y, reset=reset, dtype=np.float64, multi_output=True, y_numeric=True)
        y = np.asarray(y, dtype=np.float64)
        if not reset and (y.ndim == 1) != self._one_target:
            raise ValueError(f"y has {y.ndim} dimensions, but fit saw {1 if self._one_target else 2}")
        return np.asarray(X), y

    def _learn_targets(self, y: np.ndarray) -> None:
        self._one_target = y.ndim == 1
        columns = y.reshape(len(y), -1)
        largest = np.abs(columns).max()
        if largest > 1e150:
            raise ValueError(f"y has entries as large as {largest:.1e}, whose squares overflow; scale the targets")
        self.target_mean_ = columns.mean(axis=0)
        spread = columns.std(axis=0)
        self.target_scale_ = np.where(spread > 0, spread, 1.0)

    def _encode(self, y: np.ndarray) -> np.ndarray:
        columns = y.reshape(len(y), -1)
        if columns.shape[1] != len(self.target_mean_):
            raise ValueError(f"y has {columns.shape[1]} columns, but fit saw {len(self.target_mean_)}")
        return (columns - self.target_mean_) / self.target_scale_

    def _decode(self, Y: np.ndarray) -> np.ndarray:
        y = Y * self.target_scale_ + self.target_mean_
        return y[:, 0] if self._one_target else y

    def _stage_score(self, Y: np.ndarray, T: np.ndarray) -> float:
        total = np.sum((T - T.mean(axis=0)) ** 2)
        return float(1 - np.sum((T - Y) ** 2) / total) if total > 0 else 1.0


def _both(p: np.ndarray) -> np.ndarray:
    """Probabilities of both classes from that of the second; more columns stay as they are."""
    return np.hstack([1 - p, p]) if p.shape[1] == 1 else p
