r"""A classifier whose hidden units learn their own shape: PReLU, Swish with its beta, maxout, gated linear units.

It is the multilayer perceptron of the chapter on back-propagation with another hidden layer
(:mod:`nndl_support.activations.learnt_layers`). With the plain unit "relu" it *is* that perceptron, down to the order of
the random numbers, so that a comparison of the two compares the units and nothing else.
"""

from collections.abc import Sequence
from itertools import pairwise
from numbers import Integral
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, check_random_state, validate_data

from nndl_support.activations import learnt_layers
from nndl_support.activations.learnt_layers import UNITS, Arrays, PullBack
from nndl_support.activations.sigmoid_family import log_softmax, softmax


class LearntUnitClassifier(ClassifierMixin, BaseEstimator):
    r"""Classifier with hidden layers of units that learn their own shape, and a softmax output.

    Parameters
    ----------
    hidden_layer_sizes : int or sequence of int
    unit : str
        "prelu", "swish", "maxout", one of the gated kinds "glu", "bilinear", "reglu", "geglu", "swiglu", or "relu", which learns
        nothing more and serves as the reference.
    n_pieces : int of at least 2
        Linear pieces of a maxout unit.
    batch_size : int
    learning_rate : float > 0
    momentum : float in [0, 1)
    schedule : "constant" or "linear"
        Whether the learning rate stays, or falls along a line towards 0.
    alpha : float >= 0
        Strength of the penalty ``alpha / 2 * sum(W**2)``, of weights only, never of biases, slopes or steepnesses.
    max_epochs : int
    random_state : int, numpy.random.RandomState or None

    Attributes
    ----------
    layers_ : list of lists of arrays, the parameters of each hidden layer and of the output
    loss_curve_ : list of float, mean loss of each epoch, averaged while the weights moved, without the penalty
    n_parameters_ : int
    classes_ : array (K,)
    n_features_in_ : int

    Notes
    -----
    ``unit="relu"`` with three classes or more gives what ``nndl_support.backprop.mlp.MLPClassifier`` gives.

    Examples
    --------
    One SwiGLU unit multiplies, so two of them make the exclusive or:

    >>> X, y = np.array([[0, 0], [0, 1], [1, 0], [1, 1]]), np.array([0, 1, 1, 0])
    >>> network = LearntUnitClassifier(2, unit="swiglu", learning_rate=0.5, max_epochs=300, random_state=1)
    >>> network.fit(X, y).predict(X)
    array([0, 1, 1, 0])
    """

    def __init__(
        self,
        hidden_layer_sizes: int | Sequence[int] = (100,),
        *,
        unit: str = "swiglu",
        n_pieces: int = 2,
        batch_size: int = 32,
        learning_rate: float = 0.05,
        momentum: float = 0.9,
        schedule: str = "constant",
        alpha: float = 1e-4,
        max_epochs: int = 50,
        random_state: Any = None,
    ):
        self.hidden_layer_sizes = hidden_layer_sizes
        self.unit = unit
        self.n_pieces = n_pieces
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.momentum = momentum
        self.schedule = schedule
        self.alpha = alpha
        self.max_epochs = max_epochs
        self.random_state = random_state

    def fit(self, X: npt.ArrayLike, y: npt.ArrayLike) -> "LearntUnitClassifier":
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
        X, y = map(np.asarray, validate_data(self, X, y, dtype=np.float64))
        check_classification_targets(y)
        sizes = self._check_parameters()
        self.classes_, labels = np.unique(y, return_inverse=True)
        if len(self.classes_) < 2:
            raise ValueError(f"y has one class, {self.classes_.tolist()}; a classifier needs at least two")
        rng = np.random.default_rng(check_random_state(self.random_state).randint(2**31))
        self._units = [*[self.unit] * len(sizes), "identity"]
        widths = [X.shape[1], *sizes, len(self.classes_)]
        self.layers_ = [
            learnt_layers.start(unit, below, above, rng, n_pieces=self.n_pieces)
            for unit, (below, above) in zip(self._units, pairwise(widths))
        ]
        self.n_parameters_ = sum(p.size for layer in self.layers_ for p in layer)
        self.loss_curve_: list[float] = []
        velocities = [[np.zeros_like(p) for p in layer] for layer in self.layers_]
        targets = np.eye(len(self.classes_))[labels]
        with np.errstate(over="ignore", invalid="ignore"):  # a diverging network is reported below, once
            for epoch in range(self.max_epochs):
                rate = self.learning_rate * (1 - epoch / self.max_epochs if self.schedule == "linear" else 1.0)
                self.loss_curve_.append(self._epoch(X, targets, velocities, rate, rng))
        return self

    def _epoch(
        self, X: np.ndarray, targets: np.ndarray, velocities: list[Arrays], rate: float, rng: np.random.Generator
    ) -> float:
        batch_size, order, total = min(self.batch_size, len(X)), rng.permutation(len(X)), 0.0
        for start in range(0, len(X), batch_size):
            rows = order[start : start + batch_size]
            outputs, pull_backs = self._forward(X[rows])
            total -= float((targets[rows] * log_softmax(outputs[-1])).sum())
            upstream = (softmax(outputs[-1]) - targets[rows]) / len(rows)
            for layer in range(len(self.layers_) - 1, -1, -1):
                upstream, gradients = pull_backs[layer](upstream)
                penalised = learnt_layers.is_weight(self._units[layer])
                # velocity <- momentum velocity - rate gradient;  parameter <- parameter + velocity
                for p, v, gradient, shrinks in zip(self.layers_[layer], velocities[layer], gradients, penalised):
                    if shrinks:
                        gradient += self.alpha * p
                    v *= self.momentum
                    v -= rate * gradient
                    p += v
            # An overflow reaches the biases and slopes with the next gradient; to look at these few is cheap.
            if not np.isfinite(total) or not all(np.isfinite(p).all() for layer in self.layers_ for p in layer[1:]):
                epoch = len(self.loss_curve_) + 1
                raise FloatingPointError(
                    f"training diverged in epoch {epoch}; lower learning_rate={self.learning_rate}, or scale X"
                )
        return total / len(X)

    def _forward(self, X: np.ndarray) -> tuple[Arrays, list[PullBack]]:
        """Return the outputs of all layers, the scores before the softmax last, and how to go back."""
        outputs, pull_backs = [X], []
        for unit, parameters in zip(self._units, self.layers_):
            output, pull_back = learnt_layers.forward(unit, outputs[-1], parameters)
            outputs.append(output)
            pull_backs.append(pull_back)
        return outputs[1:], pull_backs

    def predict_proba(self, X: npt.ArrayLike) -> np.ndarray:
        """Return the probabilities of the classes, array (B, K), in the order of ``classes_``."""
        check_is_fitted(self)
        return softmax(self._forward(validate_data(self, X, reset=False, dtype=np.float64))[0][-1])

    def predict(self, X: npt.ArrayLike) -> np.ndarray:
        """Return the most probable label of each row, array (B,)."""
        best = self.predict_proba(X).argmax(axis=1)
        return self.classes_[best]

    def gradients(self, X: npt.ArrayLike, y: npt.ArrayLike) -> tuple[Arrays, Arrays]:
        """Return the gradients of the mean loss, without the penalty, at the present weights; nothing is changed.

        Parameters
        ----------
        X : array (B, D)
        y : array (B,), labels among ``classes_``

        Returns
        -------
        weight_gradients : list of vectors, one per layer, all its weights in a row
        other_gradients : list of vectors, one per layer: biases, slopes, steepnesses
        """
        check_is_fitted(self)
        X, y = map(np.asarray, validate_data(self, X, y, reset=False, dtype=np.float64))
        unseen = np.setdiff1d(y, self.classes_)
        if len(unseen):
            raise ValueError(f"labels {unseen.tolist()} are not among the classes {self.classes_.tolist()}")
        outputs, pull_backs = self._forward(X)
        upstream = (softmax(outputs[-1]) - (y[:, None] == self.classes_)) / len(X)
        weights, others = [], []
        for unit, pull_back in zip(self._units[::-1], pull_backs[::-1]):
            upstream, found = pull_back(upstream)
            of_weights = learnt_layers.is_weight(unit)
            weights.append(np.concatenate([g.ravel() for g, yes in zip(found, of_weights) if yes]))
            others.append(np.concatenate([g.ravel() for g, yes in zip(found, of_weights) if not yes]))
        return weights[::-1], others[::-1]

    def _check_parameters(self) -> list[int]:
        given = self.hidden_layer_sizes
        sizes = [given] if isinstance(given, Integral) else list(given)  # type: ignore[arg-type]
        if any(not isinstance(size, Integral) or size < 1 for size in sizes):
            raise ValueError(f"hidden_layer_sizes must be positive whole numbers, but is {given!r}")
        if self.unit not in UNITS:
            raise ValueError(f"unknown unit {self.unit!r}; known are {', '.join(UNITS)}")
        if self.schedule not in ("constant", "linear"):
            raise ValueError(f"schedule must be 'constant' or 'linear', but is {self.schedule!r}")
        for name, least in (("n_pieces", 2), ("batch_size", 1), ("max_epochs", 1)):
            value = getattr(self, name)
            if not isinstance(value, Integral) or value < least:
                raise ValueError(f"{name} must be a whole number of at least {least}, but is {value!r}")
        for name, fits, interval in (
            ("learning_rate", lambda v: 0 < v < np.inf, "(0, inf)"),
            ("momentum", lambda v: 0 <= v < 1, "[0, 1)"),
            ("alpha", lambda v: 0 <= v < np.inf, "[0, inf)"),
        ):
            if not fits(getattr(self, name)):
                raise ValueError(f"{name} must lie in {interval}, but is {getattr(self, name)!r}")
        return [int(size) for size in sizes]  # type: ignore[call-overload]
