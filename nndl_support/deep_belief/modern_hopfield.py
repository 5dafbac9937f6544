r"""Modern Hopfield networks with continuous states: the update rule is the attention of transformers.

Shapes: B states, P patterns, N units.

References
----------
Ramsauer and others (2021), Hopfield networks is all you need, ICLR, https://arxiv.org/abs/2008.02217.
Demircigil, Heusel, Löwe, Upgang and Vermet (2017), On a model of associative memory with huge storage capacity, Journal of
Statistical Physics 168(2), https://doi.org/10.1007/s10955-017-1806-y.
Yuille and Rangarajan (2003), The concave-convex procedure, Neural Computation 15(4),
https://doi.org/10.1162/08997660360581958.
"""

from numbers import Integral
from typing import Self

import numpy as np
import numpy.typing as npt
from scipy.special import logsumexp, softmax
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted, validate_data

__all__ = ["ModernHopfieldNetwork", "attention_energy", "attention_update", "attention_weights"]


def attention_weights(patterns: npt.ArrayLike, states: npt.ArrayLike, *, beta: float) -> np.ndarray:
    r"""How much each pattern has to say in each state.

    .. math:: p = \operatorname{softmax}(\beta X \xi)

    Parameters
    ----------
    patterns : array (P, N), the X
    states : array (B, N), one :math:`\xi` per row
    beta : float > 0, the inverse temperature

    Returns
    -------
    array (B, P), rows sum to one

    Raises
    ------
    ValueError
        When sizes do not fit, an entry is not finite, or beta is not positive.

    Examples
    --------
    >>> attention_weights([[1.0, 0.0], [0.0, 1.0]], [[np.log(3.0), 0.0]], beta=1.0)
    array([[0.75, 0.25]])
    """
    X, xi = _memory(patterns, states, beta)
    return softmax(beta * xi @ X.T, axis=1)


def attention_update(patterns: npt.ArrayLike, states: npt.ArrayLike, *, beta: float) -> np.ndarray:
    r"""One step: the average of the patterns, each with its weight.

    .. math:: \xi \leftarrow X^\top \operatorname{softmax}(\beta X \xi)

    Parameters
    ----------
    patterns, states, beta : as for :func:`attention_weights`

    Returns
    -------
    array (B, N)

    Raises
    ------
    ValueError
        As for :func:`attention_weights`.

    Notes
    -----
    With :math:`\beta = 1 / \sqrt N` this is the attention of transformers with states for queries and patterns for both keys and
    values.

    Examples
    --------
    >>> attention_update([[1.0, 0.0], [0.0, 1.0]], [[np.log(3.0), 0.0]], beta=1.0)
    array([[0.75, 0.25]])
    """
    return attention_weights(patterns, states, beta=beta) @ np.asarray(patterns, dtype=float)


def attention_energy(patterns: npt.ArrayLike, states: npt.ArrayLike, *, beta: float) -> np.ndarray:
    r"""The energy that no update raises.

    .. math:: E(\xi) = -\frac1\beta \ln \sum_\mu e^{\beta\, x_\mu \cdot \xi} + \frac12 \lVert \xi \rVert^2
              + \frac{\ln P}{\beta} + \frac12 \max_\mu \lVert x_\mu \rVert^2

    Parameters
    ----------
    patterns, states, beta : as for :func:`attention_weights`

    Returns
    -------
    array (B,), not negative

    Raises
    ------
    ValueError
        As for :func:`attention_weights`.

    Examples
    --------
    >>> attention_energy([[1.0, 0.0]], [[1.0, 0.0], [0.0, 0.0]], beta=4.0)  # one pattern: half the squared distance
    array([0. , 0.5])
    """
    X, xi = _memory(patterns, states, beta)
    scores = logsumexp(beta * xi @ X.T, axis=1) - np.log(len(X))
    return -scores / beta + 0.5 * (xi**2).sum(axis=1) + 0.5 * (X**2).sum(axis=1).max()


class ModernHopfieldNetwork(BaseEstimator):
    r"""A memory of real vectors whose capacity grows exponentially with the number of units.

    .. math:: \xi \leftarrow X^\top \operatorname{softmax}(\beta X \xi)

    Parameters
    ----------
    beta : float > 0
        The inverse temperature. Large: a state is drawn to the one pattern nearest to it. Small: to an average of several, a
        *metastable state* (亚稳态), in the end to the mean of all.
    max_iter : int
        Updates, at most; 1 is one layer of attention.
    tol : float >= 0
        A state that moves by less in every component has arrived.

    Attributes
    ----------
    patterns_ : array (P, N), what was stored; there are no other weights
    n_features_in_ : int, the N

    References
    ----------
    Ramsauer and others (2021), see the module.

    Examples
    --------
    >>> memory = ModernHopfieldNetwork(beta=8.0).fit([[1.0, 0.0, 1.0], [0.0, 1.0, 1.0]])
    >>> memory.predict([[0.9, 0.0, 0.0]]).round(2)
    array([[1., 0., 1.]])
    >>> ModernHopfieldNetwork(beta=0.1).fit([[1.0, 0.0, 1.0], [0.0, 1.0, 1.0]]).predict([[0.9, 0.0, 0.0]]).round(2)
    array([[0.5, 0.5, 1. ]])
    """

    def __init__(self, *, beta: float = 1.0, max_iter: int = 100, tol: float = 1e-9) -> None:
        self.beta = beta
        self.max_iter = max_iter
        self.tol = tol

    def fit(self, X: npt.ArrayLike, y: object = None) -> Self:
        """Store patterns, in place of those stored before.

        Parameters
        ----------
        X : array (P, N)
        y : ignored

        Returns
        -------
        This estimator.

        Raises
        ------
        ValueError
            When a parameter is out of range or X is not finite.
        """
        self._check_parameters()
        self.patterns_ = validate_data(self, X, dtype=np.float64).copy()
        return self

    def predict(self, X: npt.ArrayLike) -> np.ndarray:
        """The state in which the network ends from every probe, array (B, N).

        Parameters
        ----------
        X : array (B, N)

        Returns
        -------
        array (B, N)
        """
        states = self._states(X)
        self._check_parameters()
        for _ in range(self.max_iter):
            states, before = attention_update(self.patterns_, states, beta=self.beta), states
            if np.abs(states - before).max() <= self.tol:
                break
        return states

    recall = predict

    def attention(self, X: npt.ArrayLike) -> np.ndarray:
        """Weight of every stored pattern in states as they are, array (B, N) to array (B, P)."""
        states = self._states(X)
        return attention_weights(self.patterns_, states, beta=self.beta)

    def energy(self, X: npt.ArrayLike) -> np.ndarray:
        """Energy of states as they are, array (B, N) to array (B,)."""
        states = self._states(X)
        return attention_energy(self.patterns_, states, beta=self.beta)

    def _states(self, X: npt.ArrayLike) -> np.ndarray:
        check_is_fitted(self, "patterns_")
        return validate_data(self, X, dtype=np.float64, reset=False)

    def _check_parameters(self) -> None:
        _check_beta(self.beta)
        if not isinstance(self.max_iter, Integral) or self.max_iter < 1:
            raise ValueError(f"max_iter must be at least 1 and whole, got {self.max_iter!r}")
        if not self.tol >= 0:
            raise ValueError(f"tol must not be negative, got {self.tol!r}")


def _check_beta(beta: float) -> None:
    if not 0 < beta < np.inf:
        raise ValueError(f"beta must be positive and finite, got {beta!r}")


def _memory(patterns: npt.ArrayLike, states: npt.ArrayLike, beta: float) -> tuple[np.ndarray, np.ndarray]:
    _check_beta(beta)
    X, xi = np.asarray(patterns, dtype=float), np.asarray(states, dtype=float)
    if X.ndim != 2 or xi.ndim != 2 or X.shape[1] != xi.shape[1] or not X.size:
        raise ValueError(f"patterns of shape {X.shape} and states of shape {xi.shape}: expected (P, N) and (B, N)")
    if not (np.isfinite(X).all() and np.isfinite(xi).all()):
        raise ValueError("patterns and states must be finite, but hold NaN or infinity")
    return X, xi
