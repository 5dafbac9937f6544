"""Few labels, many images: which rows carry a label, which are held out, and what scikit-learn makes of them.

Shapes: N images, D columns, K classes, n labels for each class.

References
----------
Chapelle, Schölkopf and Zien (2006), Semi-Supervised Learning, MIT Press, chapter 21: why results from few labels are reported
over several draws of them.
"""

from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.linear_model import LogisticRegression
from sklearn.svm import SVC

__all__ = ["REFERENCES", "fit_reference", "held_out_fold", "labelled_rows"]

#: The references, and the penalties C among which cross-validation chooses.
REFERENCES: dict[str, tuple[float, ...]] = {
    "logistic regression": (0.01, 0.1, 1.0, 10.0),
    "support vectors": (0.3, 1.0, 3.0, 10.0),
}


def labelled_rows(y: npt.ArrayLike, per_class: int, *, seed: int = 0) -> np.ndarray:
    """Draw rows whose labels a learner may see, as many of every class; a smaller draw is a part of a larger one.

    Parameters
    ----------
    y : array (N,), class labels
    per_class : int of at least 1, n
    seed : int

    Returns
    -------
    array (K n,) of int, sorted row numbers

    Raises
    ------
    ValueError
        When a class has fewer than ``per_class`` rows.

    Examples
    --------
    >>> y = np.array([0, 0, 0, 1, 1, 1])
    >>> few, more = labelled_rows(y, 1), labelled_rows(y, 2)
    >>> y[few].tolist(), bool(np.isin(few, more).all())
    ([0, 1], True)
    """
    labels = np.asarray(y)
    if per_class < 1:
        raise ValueError(f"per_class is {per_class}; expected at least 1")
    rng = np.random.default_rng(seed)
    chosen = []
    for label in np.unique(labels):
        rows = rng.permutation(np.flatnonzero(labels == label))
        if len(rows) < per_class:
            raise ValueError(f"class {label} has {len(rows)} rows, but {per_class} labels of each class were asked for")
        chosen.append(rows[:per_class])
    return np.sort(np.concatenate(chosen))


def held_out_fold(y: npt.ArrayLike, fold: int, n_folds: int) -> np.ndarray:
    """Mark one fold of a stratified cross-validation: the rows of each class go to the folds in turn.

    Parameters
    ----------
    y : array (N,), class labels
    fold : int from 0
    n_folds : int of at least 2

    Returns
    -------
    array (N,) of bool, True for the rows to hold out

    Raises
    ------
    ValueError
        When there is no such fold, or a class has fewer rows than there are folds.

    Examples
    --------
    >>> held_out_fold([0, 0, 1, 1, 1, 0], 1, 3).tolist()
    [False, True, False, True, False, False]
    """
    labels = np.asarray(y)
    if n_folds < 2 or not 0 <= fold < n_folds:
        raise ValueError(f"fold is {fold} of {n_folds}; expected 0 to n_folds - 1, and at least 2 folds")
    held_out = np.zeros(len(labels), dtype=bool)
    for label in np.unique(labels):
        rows = np.flatnonzero(labels == label)
        if len(rows) < n_folds:
            raise ValueError(f"class {label} has {len(rows)} rows: too few for {n_folds} folds")
        held_out[rows[fold::n_folds]] = True
    return held_out


def fit_reference(name: str, C: float, X: npt.ArrayLike, y: npt.ArrayLike) -> Any:
    """Fit scikit-learn's multinomial logistic regression or a support vector machine with a Gaussian kernel.

    Parameters
    ----------
    name : str, a name of :data:`REFERENCES`
    C : float > 0, the inverse of the penalty
    X : array (N, D), pixels or features
    y : array (N,)

    Returns
    -------
    The fitted estimator

    Raises
    ------
    ValueError
        When the name is not known.

    Examples
    --------
    >>> X, y = np.array([[0.0], [1.0], [4.0], [5.0]]), np.array([0, 0, 1, 1])
    >>> [fit_reference(name, 10.0, X, y).score(X, y) for name in REFERENCES]
    [1.0, 1.0]
    """
    if name not in REFERENCES:
        raise ValueError(f"name is {name!r}; expected one of {', '.join(REFERENCES)}")
    model = LogisticRegression(C=C, max_iter=2000) if name == "logistic regression" else SVC(C=C)
    return model.fit(X, y)
