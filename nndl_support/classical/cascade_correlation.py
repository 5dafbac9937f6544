r"""Cascade-correlation (级联相关网络): a network that starts without hidden units and installs them one at a time.

Each new unit sees all inputs and all units before it, learns to covary with the error that is left, and is frozen; then
the outputs are fitted anew. The parts are in :mod:`~nndl_support.classical.candidates` and
:mod:`~nndl_support.classical.output_phase`.

Shapes: B examples, D features, H hidden units, C candidates, K outputs (1 for two classes). The columns of the design
matrix Z (B, 1 + D + H) are a constant 1, the features, and the hidden units in the order of their installation.

References
----------
Fahlman and Lebiere (1990), The cascade-correlation learning architecture, Advances in Neural Information Processing
Systems 2, 524-532. Zhou (2016), Machine Learning (in Chinese), section 5.5.4, figure 5.12.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from numbers import Integral, Real
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from sklearn.base import (
    BaseEstimator,
    ClassifierMixin,
    ClassNamePrefixFeaturesOutMixin,
    RegressorMixin,
    TransformerMixin,
)
from sklearn.model_selection import train_test_split
from sklearn.utils import check_random_state
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, column_or_1d, validate_data

from nndl_support.classical.candidates import CRITERIA, UNIT_TYPES, train_pool, unit_outputs
from nndl_support.classical.output_phase import fit_outputs, outputs


class _CascadeCorrelation(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):
    """What the classifier and the regressor share: how the network grows."""

    _loss: str
    n_features_in_: int

    def __init__(
        self,
        *,
        max_units: int = 30,
        pool_size: int = 8,
        unit_type: str | Sequence[str] = "tanh",
        connections: str = "cascade",
        criterion: str = "covariance",
        alpha: float = 1e-6,
        tol: float = 0.0,
        learning_rate: float = 0.3,
        growth: float = 1.75,
        max_candidate_epochs: int = 300,
        candidate_patience: int = 12,
        candidate_tol: float = 0.01,
        max_output_iter: int = 200,
        standardize: bool = True,
        early_stopping: bool = False,
        validation_fraction: float = 0.2,
        patience: int = 5,
        random_state: Any = None,
    ) -> None:
        self.max_units = max_units
        self.pool_size = pool_size
        self.unit_type = unit_type
        self.connections = connections
        self.criterion = criterion
        self.alpha = alpha
        self.tol = tol
        self.learning_rate = learning_rate
        self.growth = growth
        self.max_candidate_epochs = max_candidate_epochs
        self.candidate_patience = candidate_patience
        self.candidate_tol = candidate_tol
        self.max_output_iter = max_output_iter
        self.standardize = standardize
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.patience = patience
        self.random_state = random_state

    # --- what the two estimators fill in ---------------------------------------------------------------------------

    def _check_data(self, X: npt.ArrayLike, y: npt.ArrayLike, *, reset: bool) -> tuple[np.ndarray, np.ndarray]:
        raise NotImplementedError

    def _learn_targets(self, y: np.ndarray) -> None:
        """Remember the classes, or the scale of the numbers."""
        raise NotImplementedError

    def _encode(self, y: np.ndarray) -> np.ndarray:
        """Targets of the outputs, array (B, K)."""
        raise NotImplementedError

    def _stage_score(self, Y: np.ndarray, T: np.ndarray) -> float:
        """Accuracy, or coefficient of determination, of the outputs Y (B, K)."""
        raise NotImplementedError

    def _strata(self, y: np.ndarray, n_validation: int) -> np.ndarray | None:
        return None

    # --- growing ---------------------------------------------------------------------------------------------------

    def fit(self, X: npt.ArrayLike, y: npt.ArrayLike) -> Self:
        """Start without hidden units and install them until the data are fitted or ``max_units`` are there.

        Parameters
        ----------
        X : array (B, D)
        y : array (B,), labels of at least two classes, or numbers (B,) or (B, K)

        Raises
        ------
        ValueError
            For NaN or wrong shapes in the data, a single class, or a parameter outside its range.
        """
        self._check_parameters()
        X, y = self._check_data(X, y, reset=True)
        self._learn_targets(y)
        self._rng = np.random.default_rng(check_random_state(self.random_state).randint(2**31))
        validation = None
        if self.early_stopping:
            X, X_validation, y, y_validation = self._split(X, y)
            validation = X_validation, self._encode(y_validation)
        self._start(X)
        T = self._encode(y)
        Z = self._features(X)
        E = self._output_phase(Z, T, np.zeros((Z.shape[1], T.shape[1])))
        best = self._validate(validation)
        while self.n_units_ < self.max_units and not self._fitted(E, T):
            Z, E = self._install(Z, T, E)
            best = self._validate(validation)
            if validation is not None and self.n_units_ - best >= self.patience:
                break
        if validation is not None:
            self._keep(best)
        return self

    def grow(self, X: npt.ArrayLike, y: npt.ArrayLike, n_units: int = 1) -> Self:
        """Fit the outputs to these data and install more units, keeping all that are there.

        Parameters
        ----------
        X : array (B, D), the old data or new ones with the same features
        y : array (B,), no label that ``fit`` has not seen
        n_units : int >= 0, how many units to add at most; fewer when nothing is left to explain

        Raises
        ------
        ValueError
            For unknown labels, wrong shapes, or a negative ``n_units``.
        """
        check_is_fitted(self)
        self._check_parameters()
        _check_whole("n_units", n_units, 0)
        X, y = self._check_data(X, y, reset=False)
        T = self._encode(y)
        Z = self._features(X)
        E = self._output_phase(Z, T, self.stage_coefs_.pop())
        for _ in range(n_units):
            if not E.any():
                break
            Z, E = self._install(Z, T, E)
        return self

    def _start(self, X: np.ndarray) -> None:
        spread = X.std(axis=0)
        # A constant feature becomes 0; its spread may be round-off instead of 0.
        varies = spread > 1e-12 * np.maximum(1.0, np.abs(X).max(axis=0))
        self.mean_ = X.mean(axis=0) if self.standardize else np.zeros(X.shape[1])
        self.scale_ = np.where(varies, spread, np.inf) if self.standardize else np.ones(X.shape[1])
        self.hidden_coefs_: list[np.ndarray] = []
        self.unit_types_: list[str] = []
        self.stage_coefs_: list[np.ndarray] = []
        self.loss_curve_: list[float] = []
        self.train_scores_: list[float] = []
        self.validation_scores_: list[float] = []
        self.candidate_scores_: list[np.ndarray] = []
        self.correlations_: list[np.ndarray] = []
        self.n_epochs_ = 0

    def _output_phase(self, Z: np.ndarray, T: np.ndarray, start: np.ndarray) -> np.ndarray:
        """Fit the output weights, and return the error that is left, array (B, K)."""
        fitted = fit_outputs(Z, T, start, loss=self._loss, alpha=self.alpha, max_iter=self.max_output_iter)
        Y = outputs(Z, fitted.coef, self._loss)
        self.stage_coefs_.append(fitted.coef)
        self.loss_curve_.append(fitted.objective)
        self.train_scores_.append(self._stage_score(Y, T))
        self.n_epochs_ += fitted.n_iter
        return T - Y

    def _install(self, Z: np.ndarray, T: np.ndarray, E: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Train a pool of candidates, freeze the best as a hidden unit, and fit the outputs anew."""
        seen = Z if self.connections == "cascade" else Z[:, : 1 + self.n_features_in_]
        kinds = (self.unit_type,) if isinstance(self.unit_type, str) else tuple(self.unit_type)
        unit_types = [kinds[c % len(kinds)] for c in range(self.pool_size)]
        # Net inputs of unit variance for standardised inputs: wider ones would start saturated.
        width = np.sqrt(3.0 / seen.shape[1])
        pool = train_pool(
            self._rng.uniform(-width, width, size=(self.pool_size, seen.shape[1])),
            seen,
            E,
            unit_types,
            criterion=self.criterion,
            learning_rate=self.learning_rate,
            growth=self.growth,
            max_epochs=self.max_candidate_epochs,
            patience=self.candidate_patience,
            tol=self.candidate_tol,
        )
        self.hidden_coefs_.append(pool.weights[pool.best])
        self.unit_types_.append(unit_types[pool.best])
        self.candidate_scores_.append(pool.scores)
        self.n_epochs_ += len(pool.history)
        v = unit_outputs(seen @ pool.weights[pool.best][:, None], unit_types[pool.best : pool.best + 1])[0]
        self.correlations_.append(_correlation(v, E))
        Z = np.hstack([Z, v])
        # The new unit enters with weight 0: the outputs start where they were, and descend.
        return Z, self._output_phase(Z, T, np.vstack([self.stage_coefs_[-1], np.zeros((1, T.shape[1]))]))

    def _fitted(self, E: np.ndarray, T: np.ndarray) -> bool:
        return not E.any() or 1 - self.train_scores_[-1] <= self.tol

    def _validate(self, validation: tuple[np.ndarray, np.ndarray] | None) -> int:
        """Judge the newest stage on the part held out; return which stage is the best so far."""
        if validation is None:
            return self.n_units_
        X, T = validation
        Y = outputs(self._features(X), self.stage_coefs_[-1], self._loss)
        self.validation_scores_.append(self._stage_score(Y, T))
        return int(np.argmax(self.validation_scores_))

    def _keep(self, n_units: int) -> None:
        """Take the last units out again, those after the best stage."""
        del self.hidden_coefs_[n_units:], self.unit_types_[n_units:], self.stage_coefs_[n_units + 1 :]

    # --- use -------------------------------------------------------------------------------------------------------

    @property
    def n_units_(self) -> int:
        """Number of hidden units."""
        return len(self.hidden_coefs_)

    @property
    def n_weights_(self) -> int:
        """Number of weights, biases included: those of the hidden units and those of the outputs."""
        return sum(w.size for w in self.hidden_coefs_) + self.coef_.size

    @property
    def coef_(self) -> np.ndarray:
        """Output weights, array (1 + D + H, K)."""
        return self.stage_coefs_[-1]

    @property
    def _n_features_out(self) -> int:
        return self.n_units_

    def transform(self, X: npt.ArrayLike) -> np.ndarray:
        """Outputs of the hidden units.

        Parameters
        ----------
        X : array (B, D)

        Returns
        -------
        array (B, H)
        """
        return self._checked_features(X)[:, 1 + self.n_features_in_ :]

    def _features(self, X: np.ndarray) -> np.ndarray:
        """The design matrix Z, array (B, 1 + D + H): unit by unit, because each may read all those before it."""
        Z = np.empty((len(X), 1 + X.shape[1] + self.n_units_))
        Z[:, 0] = 1.0
        Z[:, 1 : 1 + X.shape[1]] = (X - self.mean_) / self.scale_
        for h, (w, kind) in enumerate(zip(self.hidden_coefs_, self.unit_types_), start=1 + X.shape[1]):
            Z[:, h : h + 1] = unit_outputs(Z[:, : len(w)] @ w[:, None], (kind,))[0]
        return Z

    def _checked_features(self, X: npt.ArrayLike) -> np.ndarray:
        check_is_fitted(self)
        return self._features(np.asarray(validate_data(self, X, reset=False, dtype=np.float64)))

    def _stages(self, X: npt.ArrayLike) -> Iterator[np.ndarray]:
        """Outputs (B, K) with 0, 1, ..., H hidden units."""
        Z = self._checked_features(X)
        for coef in self.stage_coefs_:
            yield outputs(Z[:, : len(coef)], coef, self._loss)

    # --- parameters ------------------------------------------------------------------------------------------------

    def _check_parameters(self) -> None:
        for name, least in (
            ("max_units", 0),
            ("pool_size", 1),
            ("max_candidate_epochs", 0),
            ("candidate_patience", 1),
            ("max_output_iter", 1),
            ("patience", 1),
        ):
            _check_whole(name, getattr(self, name), least)
        for name, interval, inside in (
            ("alpha", "[0, inf)", lambda v: 0 <= v < np.inf),
            ("tol", "[0, 1)", lambda v: 0 <= v < 1),
            ("learning_rate", "(0, inf)", lambda v: 0 < v < np.inf),
            ("growth", "(0, inf)", lambda v: 0 < v < np.inf),
            ("candidate_tol", "[0, inf)", lambda v: 0 <= v < np.inf),
            ("validation_fraction", "(0, 1)", lambda v: 0 < v < 1),
        ):
            value = getattr(self, name)
            if not isinstance(value, Real) or not inside(value):
                raise ValueError(f"{name} must lie in {interval}, but is {value!r}")
        kinds = (self.unit_type,) if isinstance(self.unit_type, str) else tuple(self.unit_type)
        if not kinds or any(kind not in UNIT_TYPES for kind in kinds):
            raise ValueError(f"unit_type must be one or some of {', '.join(UNIT_TYPES)}, but is {self.unit_type!r}")
        _check_choice("connections", self.connections, ("cascade", "flat"))
        _check_choice("criterion", self.criterion, CRITERIA)

    def _split(self, X: np.ndarray, y: np.ndarray) -> list[np.ndarray]:
        n_validation = int(np.ceil(self.validation_fraction * len(X)))
        if n_validation >= len(X):
            raise ValueError(f"early stopping needs data to learn from and to validate on, but X has {len(X)} rows")
        seed = int(self._rng.integers(2**31))
        return train_test_split(X, y, test_size=n_validation, random_state=seed, stratify=self._strata(y, n_validation))


class CascadeCorrelationClassifier(ClassifierMixin, _CascadeCorrelation):
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


class CascadeCorrelationRegressor(RegressorMixin, _CascadeCorrelation):
    r"""Regressor that grows: linear outputs, fitted by least squares after every new unit.

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


def _correlation(v: np.ndarray, E: np.ndarray) -> np.ndarray:
    """Correlation of one unit's output (B, 1) with each column of E (B, K); 0 where either does not vary."""
    v, E = v - v.mean(axis=0), E - E.mean(axis=0)
    length = np.linalg.norm(v) * np.linalg.norm(E, axis=0)
    return np.where(length > 0, (v.T @ E)[0] / np.where(length > 0, length, 1.0), 0.0)


def _check_whole(name: str, value: Any, least: int) -> None:
    if not isinstance(value, Integral) or isinstance(value, bool) or value < least:
        raise ValueError(f"{name} must be a whole number of at least {least}, but is {value!r}")


def _check_choice(name: str, value: Any, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise ValueError(f"{name} must be one of {', '.join(choices)}, but is {value!r}")
