r"""How a cascade-correlation network grows: output phase, candidate phase, installation, and so on.

Each new unit sees all inputs and all units before it, learns to covary with the error that is left, and is frozen; then
the outputs are fitted anew. The two phases are in :mod:`~nndl_support.classical.candidates` and
:mod:`~nndl_support.classical.output_phase`; the estimators, which know what targets are, in
:mod:`~nndl_support.classical.cascade_correlation`.

Shapes: B examples, D features, H hidden units, C candidates, K outputs (1 for two classes). The columns of the design
matrix Z (B, 1 + D + H) are a constant 1, the features, and the hidden units in the order of their installation.

References
----------
Fahlman and Lebiere (1990), The cascade-correlation learning architecture, Advances in Neural Information Processing
Systems 2, 524-532.

Examples
--------
>>> from nndl_support.classical.cascade_correlation import CascadeCorrelationClassifier
>>> issubclass(CascadeCorrelationClassifier, GrowingNetwork)
True
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from numbers import Integral, Real
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.model_selection import train_test_split
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

from nndl_support.classical.candidates import CRITERIA, UNIT_TYPES, train_pool, unit_outputs
from nndl_support.classical.output_phase import fit_outputs, outputs


class GrowingNetwork(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):
    """What the classifier and the regressor of cascade-correlation share: everything but the targets.

    A subclass names its loss in ``_loss`` and fills in ``_check_data``, ``_learn_targets``, ``_encode`` and ``_stage_score``.
    The parameters are explained in :class:`~nndl_support.classical.cascade_correlation.CascadeCorrelationClassifier`.
    """

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

        Returns
        -------
        This estimator.

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

        Returns
        -------
        This estimator. ``loss_curve_`` and ``train_scores_`` get one entry more than there are new units, for the outputs
        that were fitted to these data before the first of them.

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
        largest = np.abs(X).max()
        if largest > 1e150:
            raise ValueError(f"X has entries as large as {largest:.1e}, whose squares overflow; scale the features")
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
        several = isinstance(self.unit_type, Sequence) and not isinstance(self.unit_type, str)
        given = tuple(self.unit_type) if several else (self.unit_type,)
        if not given or any(kind not in UNIT_TYPES for kind in given):
            raise ValueError(f"unit_type must be one or some of {', '.join(UNIT_TYPES)}, but is {self.unit_type!r}")
        _check_choice("connections", self.connections, ("cascade", "flat"))
        _check_choice("criterion", self.criterion, CRITERIA)

    def _split(self, X: np.ndarray, y: np.ndarray) -> list[np.ndarray]:
        n_validation = int(np.ceil(self.validation_fraction * len(X)))
        if n_validation >= len(X):
            raise ValueError(f"early stopping needs data to learn from and to validate on, but X has {len(X)} rows")
        seed = int(self._rng.integers(2**31))
        return train_test_split(X, y, test_size=n_validation, random_state=seed, stratify=self._strata(y, n_validation))


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
