r"""Multilayer perceptrons as scikit-learn estimators: back-propagation written by hand, in NumPy.

The passes are those of :mod:`nndl_support.backprop.network`; this module adds what turns a gradient into learning: three
ways to update (after each example, after each mini-batch, after each pass), momentum, a decaying learning rate, early
stopping.

Shapes: B examples, D features, K outputs (classes or targets).

References
----------
Qiu (2019), Neural Networks and Deep Learning (in Chinese), algorithm 4.1, equations 4.36-4.46; Zhou (2016),
Machine Learning (in Chinese), section 5.3 (standard and accumulated back-propagation).
"""

from collections.abc import Sequence
from numbers import Integral, Real
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.model_selection import train_test_split
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, check_random_state, column_or_1d, validate_data

from nndl_support.activations import registry
from nndl_support.backprop.network import Parameters, backward, forward, initialise, loss_value, penalty

UPDATES = ("minibatch", "standard", "accumulated")
SCHEDULES = ("constant", "linear", "cosine")


class _MultilayerPerceptron(BaseEstimator):
    """What the classifier and the regressor share: everything but the targets."""

    # --- what the two estimators fill in ---------------------------------------------------------------------------

    _fewest_validation_rows = 1

    def _output_layer(self) -> tuple[str, str]:
        """Return the names of the output activation and of the loss."""
        raise NotImplementedError

    def _encode(self, y: np.ndarray) -> np.ndarray:
        """Return the targets of the network, array (B, K)."""
        raise NotImplementedError

    # --- learning --------------------------------------------------------------------------------------------------

    def _fit(self, X: np.ndarray, y: np.ndarray) -> None:
        self._check_parameters()
        rng = np.random.default_rng(check_random_state(self.random_state).randint(2**31))
        validation = None
        if self.early_stopping:
            X, X_validation, y, y_validation = self._split(X, y, seed=int(rng.integers(2**31)))
            validation = X_validation, y_validation
        targets = self._encode(y)
        self._start(X.shape[1], targets.shape[1], rng)
        self._train(X, targets, self.max_epochs, self.schedule, validation)

    def _partial_fit(self, X: np.ndarray, y: np.ndarray) -> None:
        self._check_parameters()
        targets = self._encode(y)
        if not hasattr(self, "coefs_"):
            rng = np.random.default_rng(check_random_state(self.random_state).randint(2**31))
            self._start(X.shape[1], targets.shape[1], rng)
        self._train(X, targets, 1, "constant", None)

    def _start(self, n_inputs: int, n_outputs: int, rng: np.random.Generator) -> None:
        """Draw the weights and forget everything learnt before."""
        output_activation, self._loss = self._output_layer()
        hidden, names = self._hidden_layers()
        self.activations_ = (*names, output_activation)
        sizes = (n_inputs, *hidden, n_outputs)
        self.coefs_, self.intercepts_ = initialise(sizes, self.activations_, rng, scheme=self.initialisation)
        self.loss_curve_: list[float] = []
        self.validation_scores_: list[float] = []
        self.n_iter_ = 0
        self._rng = rng
        self._velocity = np.zeros(sum(p.size for p in (*self.coefs_, *self.intercepts_)))

    def _train(
        self,
        X: np.ndarray,
        targets: np.ndarray,
        n_epochs: int,
        schedule: str,
        validation: tuple[np.ndarray, np.ndarray] | None,
    ) -> None:
        parameters, self.coefs_, self.intercepts_ = _pack(self.coefs_, self.intercepts_)
        best, best_score, epochs_without_gain = parameters.copy(), -np.inf, 0
        with np.errstate(over="ignore", invalid="ignore"):  # a diverging network is reported below, once
            for epoch in range(n_epochs):
                rate = self.learning_rate * _schedule(schedule, epoch, n_epochs)
                self.loss_curve_.append(self._epoch(X, targets, parameters, rate))
                self.n_iter_ += 1
                if not (np.isfinite(self.loss_curve_[-1]) and np.isfinite(parameters).all()):
                    raise FloatingPointError(
                        f"training diverged in epoch {self.n_iter_}: the loss is {self.loss_curve_[-1]}; lower "
                        f"learning_rate={self.learning_rate} (momentum={self.momentum}), or scale X and y"
                    )
                if validation is None:
                    continue
                self.validation_scores_.append(self.score(*validation))
                if self.validation_scores_[-1] > best_score:
                    best, best_score, epochs_without_gain = parameters.copy(), self.validation_scores_[-1], 0
                else:
                    epochs_without_gain += 1
                if epochs_without_gain >= self.patience:
                    break
        if validation is not None:
            parameters[:] = best

    def _epoch(self, X: np.ndarray, targets: np.ndarray, parameters: np.ndarray, rate: float) -> float:
        """Pass once over the data, in random order; return the mean objective on the way."""
        gradient = np.empty_like(parameters)
        _, *gradients = _pack(self.coefs_, self.intercepts_, into=gradient)
        n_weights = sum(W.size for W in self.coefs_)  # the weights come first, the biases after them
        weights, weight_gradient = parameters[:n_weights], gradient[:n_weights]
        decay = np.empty_like(weights)
        batch_size = {"standard": 1, "accumulated": len(X)}.get(self.update, min(self.batch_size, len(X)))
        order, total = self._rng.permutation(len(X)), 0.0
        for start in range(0, len(X), batch_size):
            rows = order[start : start + batch_size]
            y = targets[rows]
            passed = forward(X[rows], self.coefs_, self.intercepts_, self.activations_)
            total += len(rows) * loss_value(y, *passed, self.activations_, self._loss)
            backward(y, *passed, self.coefs_, self.activations_, self._loss, out=(gradients[0], gradients[1]))
            weight_gradient += np.multiply(weights, self.alpha, out=decay)
            # velocity <- momentum * velocity - rate * gradient;  parameters <- parameters + velocity
            gradient *= rate
            self._velocity *= self.momentum
            self._velocity -= gradient
            parameters += self._velocity
        return total / len(X) + penalty(self.coefs_, self.alpha)

    # --- use -------------------------------------------------------------------------------------------------------

    def _outputs(self, X: npt.ArrayLike) -> np.ndarray:
        check_is_fitted(self)
        checked = np.asarray(validate_data(self, X, reset=False, dtype=np.float64))
        return forward(checked, self.coefs_, self.intercepts_, self.activations_)[1][-1]

    def _gradients(self, X: np.ndarray, y: np.ndarray) -> tuple[Parameters, Parameters]:
        targets = self._encode(y)
        passed = forward(X, self.coefs_, self.intercepts_, self.activations_)
        return backward(targets, *passed, self.coefs_, self.activations_, self._loss)

    # --- parameters ------------------------------------------------------------------------------------------------

    def _hidden_layers(self) -> tuple[tuple[int, ...], tuple[str, ...]]:
        sizes = self.hidden_layer_sizes
        hidden = (sizes,) if isinstance(sizes, Integral) else tuple(sizes)
        names = (self.activation,) * len(hidden) if isinstance(self.activation, str) else tuple(self.activation)
        return hidden, names

    def _check_parameters(self) -> None:
        for parameter, kind in (("hidden_layer_sizes", Integral), ("activation", str)):
            value = getattr(self, parameter)
            if isinstance(value, bool) or not isinstance(value, kind | Sequence | np.ndarray):
                one = "a whole number" if kind is Integral else "a name"
                raise ValueError(f"{parameter} must be {one}, or one for each hidden layer, but is {value!r}")
        hidden, names = self._hidden_layers()
        if any(not isinstance(size, Integral) or size < 1 for size in hidden):
            raise ValueError(f"hidden_layer_sizes must be positive whole numbers, but is {self.hidden_layer_sizes!r}")
        if len(names) != len(hidden):
            raise ValueError(f"activation names {len(names)} layers, but hidden_layer_sizes has {len(hidden)}")
        for name in names:
            registry.get(name)
        _check_choice("update", self.update, UPDATES)
        _check_choice("schedule", self.schedule, SCHEDULES)
        for parameter in ("batch_size", "max_epochs", "patience"):
            value = getattr(self, parameter)
            if not isinstance(value, Integral) or value < 1:
                raise ValueError(f"{parameter} must be a whole number of at least 1, but is {value!r}")
        _check_interval("learning_rate", self.learning_rate, "(0, inf)", lambda v: 0 < v < np.inf)
        _check_interval("momentum", self.momentum, "[0, 1)", lambda v: 0 <= v < 1)
        _check_interval("alpha", self.alpha, "[0, inf)", lambda v: 0 <= v < np.inf)
        _check_interval("validation_fraction", self.validation_fraction, "(0, 1)", lambda v: 0 < v < 1)

    def _split(self, X: np.ndarray, y: np.ndarray, seed: int) -> list[np.ndarray]:
        n_validation = int(np.ceil(self.validation_fraction * len(X)))
        if n_validation >= len(X):
            raise ValueError(f"early stopping needs data to learn from and to validate on, but X has {len(X)} rows")
        if n_validation < self._fewest_validation_rows:
            raise ValueError(
                f"validation_fraction={self.validation_fraction} of {len(X)} rows holds out {n_validation}, but the score "
                f"needs {self._fewest_validation_rows}: raise validation_fraction, or do without early_stopping"
            )
        return train_test_split(X, y, test_size=n_validation, random_state=seed, stratify=self._strata(y, n_validation))

    def _strata(self, y: np.ndarray, n_validation: int) -> np.ndarray | None:
        return None


class MLPClassifier(ClassifierMixin, _MultilayerPerceptron):
    r"""Classifier: hidden layers, then one logistic output (two classes) or a softmax (more).

    Parameters
    ----------
    hidden_layer_sizes : int or sequence of int
        Units of each hidden layer; an empty sequence gives logistic or softmax regression.
    activation : str or sequence of str
        One name for all hidden layers, or one for each (:func:`nndl_support.activations.registry.names`).
    update : "minibatch", "standard" or "accumulated"
        When the weights move: after ``batch_size`` examples; after each single example (standard back-propagation); once per
        epoch, on the gradient of all examples (accumulated back-propagation).
    batch_size : int
        Examples in a mini-batch; used when ``update="minibatch"``.
    learning_rate : float > 0
        For the gradient of the *mean* loss over the examples of one update.
    momentum : float in [0, 1)
        Share of the last step in the next: ``step = momentum * step - learning_rate * gradient``.
    schedule : "constant", "linear" or "cosine"
        How the learning rate falls over ``max_epochs``: not at all, or along a line or half a cosine towards 0.
    alpha : float >= 0
        Strength of the penalty ``alpha / 2 * sum(W**2)``, of weights only, never of biases.
    initialisation : "auto", "xavier", "he" or float
        See :func:`nndl_support.backprop.network.initialise`.
    loss : "cross_entropy" or "squared_error"
        Cross-entropy (binary for two classes), or half the squared error of the probabilities.
    max_epochs : int
        Passes over the data.
    early_stopping : bool
        Hold out part of the data, stop when its accuracy no longer rises, and return to the best weights.
    validation_fraction : float in (0, 1)
        The part held out, stratified where every class is large enough.
    patience : int
        Epochs without a better validation score before training stops.
    random_state : int, numpy.random.RandomState or None
        Seed of weights, order of examples and held-out part.

    Attributes
    ----------
    coefs_, intercepts_ : lists of arrays (n_{l-1}, n_l) and (n_l,)
    activations_ : tuple of str, hidden layers and output
    loss_curve_ : list of float, the objective (mean loss plus penalty) of each epoch, averaged while the weights moved
    validation_scores_ : list of float, one per epoch with early stopping, else empty
    n_iter_ : int, epochs done
    classes_ : array (K,)
    n_features_in_ : int

    References
    ----------
    Qiu (2019), algorithm 4.1; Zhou (2016), section 5.3.

    Examples
    --------
    >>> X, y = np.array([[0, 0], [0, 1], [1, 0], [1, 1]]), np.array(["no", "yes", "yes", "no"])
    >>> network = MLPClassifier(8, activation="tanh", update="accumulated", learning_rate=0.5, max_epochs=200, random_state=0)
    >>> network.fit(X, y).predict(X)
    array(['no', 'yes', 'yes', 'no'], dtype='<U3')
    """

    def __init__(
        self,
        hidden_layer_sizes: int | Sequence[int] = (100,),
        *,
        activation: str | Sequence[str] = "relu",
        update: str = "minibatch",
        batch_size: int = 32,
        learning_rate: float = 0.05,
        momentum: float = 0.9,
        schedule: str = "constant",
        alpha: float = 1e-4,
        initialisation: str | float = "auto",
        loss: str = "cross_entropy",
        max_epochs: int = 50,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        patience: int = 10,
        random_state: Any = None,
    ):
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.update = update
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.momentum = momentum
        self.schedule = schedule
        self.alpha = alpha
        self.initialisation = initialisation
        self.loss = loss
        self.max_epochs = max_epochs
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.patience = patience
        self.random_state = random_state

    def fit(self, X: npt.ArrayLike, y: npt.ArrayLike) -> "MLPClassifier":
        """Learn from scratch.

        Parameters
        ----------
        X : array (B, D)
        y : array (B,), labels of at least two classes

        Raises
        ------
        ValueError
            For NaN or wrong shapes in the data, a single class, or a parameter outside its range.
        FloatingPointError
            When the loss overflows: the learning rate is too large for these data.
        """
        X, y = self._check_data(X, y, reset=True)
        self.classes_ = np.unique(y)
        _check_classes(self.classes_, "y")
        self._fit(X, y)
        return self

    def partial_fit(self, X: npt.ArrayLike, y: npt.ArrayLike, classes: npt.ArrayLike | None = None) -> "MLPClassifier":
        """Pass once more over these data, at the constant learning rate, from the present weights.

        Parameters
        ----------
        X : array (B, D)
        y : array (B,)
        classes : array (K,)
            All labels that will ever occur; needed in the first call.
        """
        first = not hasattr(self, "coefs_")
        X, y = self._check_data(X, y, reset=first)
        if first:
            if classes is None:
                raise ValueError("the first call to partial_fit needs classes: all the labels that will ever occur")
            self.classes_ = np.unique(np.asarray(classes))
            _check_classes(self.classes_, "classes")
        elif classes is not None and not np.array_equal(np.unique(np.asarray(classes)), self.classes_):
            raise ValueError(
                f"classes={np.unique(np.asarray(classes)).tolist()} differ from those of the first call, "
                f"{self.classes_.tolist()}"
            )
        self._partial_fit(X, y)
        return self

    def gradients(self, X: npt.ArrayLike, y: npt.ArrayLike) -> tuple[Parameters, Parameters]:
        """Return the gradients of the mean loss at the present weights; nothing is changed.

        Parameters
        ----------
        X : array (B, D)
        y : array (B,), labels among ``classes_``

        Returns
        -------
        weight_gradients : list of arrays (n_{l-1}, n_l), one per layer
        bias_gradients : list of arrays (n_l,)

        Notes
        -----
        The penalty is left out, so that what comes back through the layers can be seen: an update adds ``alpha * W``.

        Examples
        --------
        >>> X, y = np.array([[0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]), [0, 1, 2]
        >>> network = MLPClassifier((5, 4), random_state=0).partial_fit(X, y, classes=[0, 1, 2])
        >>> [gradient.shape for gradient in network.gradients(X, y)[0]]
        [(2, 5), (5, 4), (4, 3)]
        """
        check_is_fitted(self)
        return self._gradients(*self._check_data(X, y, reset=False))

    def predict_proba(self, X: npt.ArrayLike) -> np.ndarray:
        """Return the probabilities of the classes, array (B, K), in the order of ``classes_``."""
        p = self._outputs(X)
        return np.hstack([1 - p, p]) if p.shape[1] == 1 else p

    def predict(self, X: npt.ArrayLike) -> np.ndarray:
        """Return the most probable label of each row, array (B,)."""
        best = self.predict_proba(X).argmax(axis=1)
        return self.classes_[best]

    def _check_data(self, X: npt.ArrayLike, y: npt.ArrayLike, *, reset: bool) -> tuple[np.ndarray, np.ndarray]:
        X, y = validate_data(self, X, y, reset=reset, dtype=np.float64, multi_output=True)
        y = column_or_1d(y, warn=True)
        check_classification_targets(y)
        return np.asarray(X), np.asarray(y)

    def _output_layer(self) -> tuple[str, str]:
        _check_choice("loss", self.loss, ("cross_entropy", "squared_error"))
        two_classes = len(self.classes_) == 2
        loss = "binary_cross_entropy" if two_classes and self.loss == "cross_entropy" else self.loss
        return "logistic" if two_classes else "softmax", loss

    def _encode(self, y: np.ndarray) -> np.ndarray:
        unseen = np.setdiff1d(y, self.classes_)
        if len(unseen):
            raise ValueError(f"labels {unseen.tolist()} are not among the classes {self.classes_.tolist()}")
        indices = np.searchsorted(self.classes_, y)
        return indices[:, None].astype(float) if len(self.classes_) == 2 else np.eye(len(self.classes_))[indices]

    def _strata(self, y: np.ndarray, n_validation: int) -> np.ndarray | None:
        counts = np.unique(y, return_counts=True)[1]
        large_enough = counts.min() >= 2 and len(counts) <= min(n_validation, len(y) - n_validation)
        return y if large_enough else None


class MLPRegressor(RegressorMixin, _MultilayerPerceptron):
    r"""Regressor: hidden layers, then one linear (or S-shaped) output for each target; half the squared error.

    Parameters
    ----------
    hidden_layer_sizes, activation, update, batch_size, learning_rate, momentum, schedule, alpha, initialisation
        As in :class:`MLPClassifier`.
    max_epochs, early_stopping, validation_fraction, patience, random_state
        As in :class:`MLPClassifier`; early stopping watches the coefficient of determination.
    output_activation : str
        "identity" lets the output take any value; "logistic" and "tanh" bound it to (0, 1) and (-1, 1).

    Attributes
    ----------
    coefs_, intercepts_, activations_, loss_curve_, validation_scores_, n_iter_, n_features_in_
        As in :class:`MLPClassifier`.

    Examples
    --------
    >>> x = np.linspace(-3, 3, 61)[:, None]
    >>> network = MLPRegressor(20, activation="tanh", learning_rate=0.1, max_epochs=300, random_state=0)
    >>> network.fit(x, np.sin(x[:, 0])).score(x, np.sin(x[:, 0])) > 0.99
    True
    """

    def __init__(
        self,
        hidden_layer_sizes: int | Sequence[int] = (100,),
        *,
        activation: str | Sequence[str] = "relu",
        output_activation: str = "identity",
        update: str = "minibatch",
        batch_size: int = 32,
        learning_rate: float = 0.001,
        momentum: float = 0.9,
        schedule: str = "constant",
        alpha: float = 1e-4,
        initialisation: str | float = "auto",
        max_epochs: int = 100,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        patience: int = 10,
        random_state: Any = None,
    ):
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.output_activation = output_activation
        self.update = update
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.momentum = momentum
        self.schedule = schedule
        self.alpha = alpha
        self.initialisation = initialisation
        self.max_epochs = max_epochs
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.patience = patience
        self.random_state = random_state

    def fit(self, X: npt.ArrayLike, y: npt.ArrayLike) -> "MLPRegressor":
        """Learn from scratch.

        Parameters
        ----------
        X : array (B, D)
        y : array (B,) or (B, K)

        Raises
        ------
        ValueError
            For NaN or wrong shapes in the data, or a parameter outside its range.
        FloatingPointError
            When the loss overflows: the learning rate is too large for these data.
        """
        X, y = self._check_data(X, y, reset=True)
        self._shape = y.shape[1:]
        self._fit(X, y)
        return self

    def partial_fit(self, X: npt.ArrayLike, y: npt.ArrayLike) -> "MLPRegressor":
        """Pass once more over these data, at the constant learning rate, from the present weights.

        Parameters
        ----------
        X : array (B, D)
        y : array (B,) or (B, K)
        """
        first = not hasattr(self, "coefs_")
        X, y = self._check_data(X, y, reset=first)
        if first:
            self._shape = y.shape[1:]
        self._check_shape(y)
        self._partial_fit(X, y)
        return self

    def gradients(self, X: npt.ArrayLike, y: npt.ArrayLike) -> tuple[Parameters, Parameters]:
        """Return the gradients of half the mean squared error at the present weights, as :meth:`MLPClassifier.gradients`.

        Parameters
        ----------
        X : array (B, D)
        y : array (B,) or (B, K), as it was when the network learnt

        Returns
        -------
        weight_gradients : list of arrays (n_{l-1}, n_l), one per layer
        bias_gradients : list of arrays (n_l,)
        """
        check_is_fitted(self)
        X, y = self._check_data(X, y, reset=False)
        self._check_shape(y)
        return self._gradients(X, y)

    def predict(self, X: npt.ArrayLike) -> np.ndarray:
        """Return the outputs, array (B,) or (B, K) as y was."""
        outputs = self._outputs(X)
        return outputs.reshape(len(outputs), *self._shape)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags

    _fewest_validation_rows = 2  # the coefficient of determination of one example is undefined

    def _check_data(self, X: npt.ArrayLike, y: npt.ArrayLike, *, reset: bool) -> tuple[np.ndarray, np.ndarray]:
        X, y = validate_data(self, X, y, reset=reset, dtype=np.float64, multi_output=True, y_numeric=True)
        return np.asarray(X), np.asarray(y, dtype=np.float64)

    def _check_shape(self, y: np.ndarray) -> None:
        if y.shape[1:] != self._shape:
            raise ValueError(
                f"y has shape {y.shape}, but the first call had targets of shape (B, {', '.join(map(str, self._shape))})"
            )

    def _output_layer(self) -> tuple[str, str]:
        registry.get(self.output_activation)
        return self.output_activation, "squared_error"

    def _encode(self, y: np.ndarray) -> np.ndarray:
        return y.reshape(len(y), -1)


def _pack(
    weights: Parameters, biases: Parameters, into: np.ndarray | None = None
) -> tuple[np.ndarray, Parameters, Parameters]:
    """Lay all parameters end to end, so that one update moves them all; return the vector and views of their shapes."""
    arrays = [*weights, *biases]
    vector = np.concatenate([array.ravel() for array in arrays]) if into is None else into
    ends = np.cumsum([array.size for array in arrays])
    views = [part.reshape(array.shape) for part, array in zip(np.split(vector, ends[:-1]), arrays)]
    return vector, views[: len(weights)], views[len(weights) :]


def _schedule(name: str, epoch: int, n_epochs: int) -> float:
    """Return the share of the learning rate that is left in an epoch (counted from 0)."""
    if name == "linear":
        return 1 - epoch / n_epochs
    if name == "cosine":
        return float((1 + np.cos(np.pi * epoch / n_epochs)) / 2)
    return 1.0


def _check_classes(classes: np.ndarray, where: str) -> None:
    if len(classes) < 2:
        raise ValueError(f"a classifier needs at least two classes, but {where} has one class only: {classes.tolist()}")


def _check_choice(parameter: str, value: object, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise ValueError(f"{parameter} must be one of {', '.join(choices)}, but is {value!r}")


def _check_interval(parameter: str, value: object, interval: str, inside: Any) -> None:
    if not isinstance(value, Real) or not inside(value):
        raise ValueError(f"{parameter} must lie in {interval}, but is {value!r}")
