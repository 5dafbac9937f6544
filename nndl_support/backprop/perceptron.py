r"""Perceptron (感知机): a linear classifier that learns from its mistakes only.

Shapes: B examples, D inputs, K linear units (1 for two classes, else one per class). Targets are -1 and +1.
A constant input +1 stands last among the inputs when an intercept is fitted, so that the intercept is one more weight.

References
----------
Rosenblatt (1958), The perceptron: a probabilistic model for information storage and organization in the brain,
Psychological Review 65(6), 386-408, https://doi.org/10.1037/h0042519.
Qiu (2019), Neural Networks and Deep Learning (in Chinese), algorithms 3.1 and 3.2.
Freund and Schapire (1999), Large margin classification using the perceptron algorithm, Machine Learning 37, 277-296.
"""

from numbers import Integral, Real
from typing import Self

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils import check_random_state
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data


def one_pass(
    weights: np.ndarray,
    drift: np.ndarray,
    X: np.ndarray,
    targets: np.ndarray,
    *,
    learning_rate: float = 1.0,
    examples_seen: int = 0,
) -> int:
    r"""Show every example once; change ``weights`` and ``drift`` in place and return the number of mistakes.

    .. math:: \text{if } y\,w^\top x \le 0:\quad w \leftarrow w + \eta\,y\,x, \qquad u \leftarrow u + t\,\eta\,y\,x

    where t counts the examples seen before this one.

    Parameters
    ----------
    weights : array (K, D)
    drift : array (K, D), the u of the averaged perceptron
    X : array (B, D)
    targets : array (B, K), entries -1 or +1
    learning_rate : float > 0
    examples_seen : int, examples shown before this pass

    Returns
    -------
    int, mistakes of all K units together

    Notes
    -----
    A score of exactly 0 counts as a mistake (as in scikit-learn), otherwise zero weights would never move; so does a
    score that is not a number.

    References
    ----------
    Qiu (2019), algorithms 3.1 and 3.2.

    Examples
    --------
    >>> w, u = np.zeros((1, 2)), np.zeros((1, 2))
    >>> one_pass(w, u, np.array([[1.0, 2.0], [3.0, -1.0]]), np.array([[1], [-1]]))
    2
    >>> w
    array([[-2.,  3.]])
    """
    mistakes = 0
    for t, (x, y) in enumerate(zip(X, targets), start=examples_seen):
        wrong = np.flatnonzero(~(y * (weights @ x) > 0))
        if len(wrong):
            change = learning_rate * np.outer(y[wrong], x)
            weights[wrong] += change
            drift[wrong] += t * change
            mistakes += len(wrong)
    return mistakes


def average(weights: np.ndarray, drift: np.ndarray, examples_seen: int) -> np.ndarray:
    r"""Mean of the weights after each of the T examples seen, without having stored them.

    .. math:: \bar w = \frac1T \sum_{t=1}^{T} w_t = w_T - \frac1T u

    Parameters
    ----------
    weights, drift : arrays (K, D) as :func:`one_pass` left them
    examples_seen : int >= 1, T

    Returns
    -------
    array (K, D)

    References
    ----------
    Qiu (2019), algorithm 3.2.

    Examples
    --------
    >>> average(np.array([[4.0]]), np.array([[6.0]]), examples_seen=3)
    array([[2.]])
    """
    return weights - drift / examples_seen


def mistake_path(
    X: npt.ArrayLike, y: npt.ArrayLike, *, max_epochs: int = 1000, max_mistakes: int = 1_000_000
) -> tuple[np.ndarray, np.ndarray]:
    """Weights after every mistake of one perceptron without intercept, in the given order of the examples.

    Parameters
    ----------
    X : array (B, D)
    y : array (B,), entries -1 or +1
    max_epochs, max_mistakes : int, where to stop when the examples cannot be separated

    Returns
    -------
    path : array (M + 1, D), weights from zero on
    culprits : integer array (M,), the row of X that caused each change

    Examples
    --------
    >>> path, culprits = mistake_path([[1.0, 2.0], [3.0, -1.0]], [1, -1])
    >>> path
    array([[ 0.,  0.],
           [ 1.,  2.],
           [-2.,  3.]])
    """
    rows = np.asarray(y, dtype=np.float64)[:, None] * np.asarray(X, dtype=np.float64)
    path = [np.zeros(rows.shape[1])]
    culprits: list[int] = []
    for _ in range(max_epochs):
        before = len(culprits)
        for n, row in enumerate(rows):
            if path[-1] @ row <= 0 and len(culprits) < max_mistakes:
                path.append(path[-1] + row)
                culprits.append(n)
        if len(culprits) in (before, max_mistakes):
            break
    return np.array(path), np.array(culprits, dtype=int)


class Perceptron(ClassifierMixin, BaseEstimator):
    r"""Perceptron and averaged perceptron, one-vs-rest for more than two classes.

    .. math:: \hat y = \operatorname{sgn}(w^\top x + b)

    Parameters
    ----------
    averaged : bool
        Predict with the mean of all weights met during training (averaged perceptron) instead of the last ones.
    learning_rate : float > 0
        Scales the weights and changes no prediction, because the weights start from zero.
    max_epochs : int >= 1
        Most passes over the data in ``fit``, which stops after the first pass without a mistake.
    fit_intercept : bool
    shuffle : bool
        New random order before every pass.
    random_state : int, RandomState or None

    Attributes
    ----------
    coef_ : array (K, D)
        Weights, averaged ones when ``averaged``; K is 1 for two classes, else the number of classes.
    intercept_ : array (K,)
        Bias, the negative of the threshold.
    classes_ : array of labels
    mistakes_ : list of int
        Mistakes in each pass, all units together.
    n_mistakes_ : int
        Mistakes in all passes, which is the number of updates.
    n_iter_ : int
        Passes made.
    converged_ : bool
        Whether the last pass was free of mistakes.
    n_features_in_ : int

    Notes
    -----
    With ``shuffle=False`` the weights equal those of ``sklearn.linear_model.Perceptron(shuffle=False, tol=None)``, and
    with ``averaged=True`` those of ``SGDClassifier(loss="perceptron", learning_rate="constant", average=True)``,
    provided that both pass equally often over the data. A score of exactly 0 is given to the first class, as there.
    When the classes cannot be separated, ``fit`` ends after ``max_epochs`` without a warning: see ``converged_``.

    References
    ----------
    Qiu (2019), algorithms 3.1 and 3.2, theorem 3.1.

    Examples
    --------
    >>> model = Perceptron(shuffle=False).fit([[0, 0], [0, 1], [1, 0], [1, 1]], ["no", "no", "no", "yes"])
    >>> model.predict([[1, 1], [0, 1]])
    array(['yes', 'no'], dtype='<U3')
    >>> model.converged_
    True
    """

    classes_: np.ndarray
    n_features_in_: int

    def __init__(
        self,
        *,
        averaged: bool = False,
        learning_rate: float = 1.0,
        max_epochs: int = 100,
        fit_intercept: bool = True,
        shuffle: bool = True,
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.averaged = averaged
        self.learning_rate = learning_rate
        self.max_epochs = max_epochs
        self.fit_intercept = fit_intercept
        self.shuffle = shuffle
        self.random_state = random_state

    def fit(self, X: npt.ArrayLike, y: npt.ArrayLike) -> Self:
        """Learn from zero weights until a pass is free of mistakes or ``max_epochs`` are over.

        Parameters
        ----------
        X : array (B, D)
        y : array (B,), labels of at least two classes

        Returns
        -------
        Perceptron
            This estimator.

        Raises
        ------
        ValueError
            When X is empty or not finite, y has one class only, or a hyper-parameter is out of range.
        FloatingPointError
            When the scores overflow: the entries of X or the learning rate are too large.
        """
        self._check_parameters()
        inputs, labels = validate_data(self, X, y, dtype=np.float64)
        check_classification_targets(labels)
        self._start(np.unique(labels), inputs.shape[1])
        rng = check_random_state(self.random_state)
        for _ in range(self.max_epochs):
            self._pass(inputs, labels, rng)
            if self.converged_:
                break
        self._finish()
        return self

    def partial_fit(self, X: npt.ArrayLike, y: npt.ArrayLike, classes: npt.ArrayLike | None = None) -> Self:
        """Go on learning with one pass over a batch.

        Parameters
        ----------
        X : array (B, D)
        y : array (B,)
        classes : array of all labels that will ever occur; needed in the first call

        Returns
        -------
        Perceptron
            This estimator.

        Raises
        ------
        ValueError
            When the first call names no classes, a later one names others, or y holds a label that is none of them.
        """
        self._check_parameters()
        first = not hasattr(self, "classes_")
        inputs, labels = validate_data(self, X, y, dtype=np.float64, reset=first)
        check_classification_targets(labels)
        if first and classes is None:
            raise ValueError("classes must be passed on the first call to partial_fit")
        known = self.classes_ if classes is None else np.unique(np.asarray(classes))
        if not first and not np.array_equal(known, self.classes_):
            raise ValueError(f"classes={known.tolist()} differ from {self.classes_.tolist()}, which were named before")
        unseen = np.setdiff1d(labels, known)
        if len(unseen):
            raise ValueError(f"y contains the labels {unseen.tolist()}, but the classes are {known.tolist()}")
        if first:
            self._start(known, inputs.shape[1])
        self._pass(inputs, labels, check_random_state(self.random_state))
        self._finish()
        return self

    def decision_function(self, X: npt.ArrayLike) -> np.ndarray:
        """Score of every example: its distance from the hyperplane times the length of the weights.

        Parameters
        ----------
        X : array (B, D)

        Returns
        -------
        array (B,) for two classes (positive: the second), else (B, K)
        """
        check_is_fitted(self)
        inputs = validate_data(self, X, dtype=np.float64, reset=False)
        scores = inputs @ self.coef_.T + self.intercept_
        return scores[:, 0] if len(self.classes_) == 2 else scores

    def predict(self, X: npt.ArrayLike) -> np.ndarray:
        """Label of every example: the class with the highest score.

        Parameters
        ----------
        X : array (B, D)

        Returns
        -------
        array (B,) of labels
        """
        scores = self.decision_function(X)
        index = (scores > 0).astype(int) if scores.ndim == 1 else scores.argmax(axis=1)
        return self.classes_[index]

    def _check_parameters(self) -> None:
        if not isinstance(self.learning_rate, Real) or not 0 < self.learning_rate < np.inf:
            raise ValueError(f"learning_rate must be positive and finite, got {self.learning_rate!r}")
        if not isinstance(self.max_epochs, Integral) or self.max_epochs < 1:
            raise ValueError(f"max_epochs must be at least 1 and whole, got {self.max_epochs!r}")

    def _start(self, classes: np.ndarray, n_features: int) -> None:
        if len(classes) < 2:
            raise ValueError(f"Perceptron needs at least two classes, but y has one class: {classes.tolist()}")
        self.classes_ = classes
        shape = (1 if len(classes) == 2 else len(classes), n_features + bool(self.fit_intercept))
        self._weights, self._drift = np.zeros(shape), np.zeros(shape)
        self._examples_seen = 0
        self.mistakes_: list[int] = []

    def _pass(self, X: np.ndarray, y: np.ndarray, rng: np.random.RandomState) -> None:
        inputs = np.column_stack([X, np.ones(len(X))]) if self.fit_intercept else X
        positive = self.classes_[-1:] if len(self.classes_) == 2 else self.classes_
        targets = np.where(y[:, None] == positive, 1.0, -1.0)
        order = rng.permutation(len(X)) if self.shuffle else np.arange(len(X))
        with np.errstate(over="ignore", invalid="ignore"):  # reported below, once
            mistakes = one_pass(
                self._weights,
                self._drift,
                inputs[order],
                targets[order],
                learning_rate=self.learning_rate,
                examples_seen=self._examples_seen,
            )
            largest_score = np.abs(self._weights).sum(axis=1).max() * np.abs(inputs).max()
        if not np.isfinite(largest_score):
            raise FloatingPointError(
                f"the scores overflow: X has entries up to {np.abs(inputs).max():.3g} and learning_rate is "
                f"{self.learning_rate}; scale X"
            )
        self._examples_seen += len(X)
        self.mistakes_.append(mistakes)
        self.converged_ = mistakes == 0

    def _finish(self) -> None:
        weights = average(self._weights, self._drift, self._examples_seen) if self.averaged else self._weights.copy()
        n_features = weights.shape[1] - bool(self.fit_intercept)
        self.coef_ = weights[:, :n_features]
        self.intercept_ = weights[:, n_features] if self.fit_intercept else np.zeros(len(weights))
        self.n_mistakes_ = sum(self.mistakes_)
        self.n_iter_ = len(self.mistakes_)
