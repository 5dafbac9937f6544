r"""Hopfield networks (霍普菲尔德网络): patterns are valleys of an energy, and to recall is to roll down.

:class:`HopfieldNetwork` is the classical one, with weights and states -1 and 1; :class:`.ModernHopfieldNetwork`, whose update is
the attention of transformers, is defined in :mod:`nndl_support.deep_belief.modern_hopfield` and may be imported from here.

Shapes: B probes, P patterns, N units.

References
----------
Hopfield (1982), Neural networks and physical systems with emergent collective computational abilities, PNAS 79(8),
https://doi.org/10.1073/pnas.79.8.2554.
Qiu (2019), 神经网络与深度学习, section 8.3.4, equations 8.32 to 8.37.
"""

from numbers import Integral
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

from nndl_support.deep_belief.hopfield_dynamics import Recall, asynchronous_recall, energy, synchronous_recall
from nndl_support.deep_belief.hopfield_storage import check_patterns, hebb_weights, projection_weights
from nndl_support.deep_belief.modern_hopfield import ModernHopfieldNetwork

__all__ = ["HopfieldNetwork", "ModernHopfieldNetwork"]

_RULES = {"hebb": hebb_weights, "pseudo_inverse": projection_weights}
_UPDATES = ("asynchronous", "synchronous")


class HopfieldNetwork(BaseEstimator):
    r"""A memory of patterns of -1 and 1 that completes what it is shown a damaged part of.

    .. math:: s_i \leftarrow \operatorname{sign}\Big(\sum_j w_{ij} s_j - \theta_i\Big), \qquad
              E = -\frac12 \sum_{i,j} w_{ij} s_i s_j + \sum_i \theta_i s_i

    Parameters
    ----------
    storage : {"hebb", "pseudo_inverse"}
        Hebb's rule 8.37, local, for a few patterns that have little in common; or the projection rule, for up to nearly as many
        patterns as units, however similar.
    update : {"asynchronous", "synchronous"}
        One unit at a time in random order, so that the energy never rises; or all at once, which may end in a cycle of two.
    fit_thresholds : bool
        Store every pattern with one more unit that is always 1, and make its weights the thresholds. Without them, the reverse
        of every pattern is stored too.
    max_iter : int
        Sweeps over the units, or steps of all of them, at most.
    random_state : int, RandomState or None
        For the order of the units; an integer makes each call of ``predict`` use the same orders.

    Attributes
    ----------
    weights_ : array (N, N), symmetric, with a zero diagonal
    thresholds_ : array (N,); Qiu's biases with the other sign
    patterns_ : array (P, N), what was stored
    n_features_in_ : int, the N

    Notes
    -----
    States are -1 and 1; other entries are an error, since 0 for "off" is the likeliest mistake.

    References
    ----------
    Hopfield (1982), see the module.

    Examples
    --------
    >>> patterns = [[1, 1, 1, 1, -1, -1, -1, -1], [1, -1, 1, -1, 1, -1, 1, -1]]
    >>> memory = HopfieldNetwork(random_state=0).fit(patterns)
    >>> memory.predict([[-1, 1, 1, 1, -1, -1, -1, -1]])  # the first pattern with one error
    array([[ 1.,  1.,  1.,  1., -1., -1., -1., -1.]])
    >>> memory.identify([[-1, 1, 1, 1, -1, -1, -1, -1], [-1, -1, -1, -1, 1, 1, 1, 1]])
    array([ 0, -1])
    >>> memory.energy(patterns)
    array([-12., -12.])
    """

    def __init__(
        self,
        *,
        storage: str = "hebb",
        update: str = "asynchronous",
        fit_thresholds: bool = False,
        max_iter: int = 200,
        random_state: Any = None,
    ) -> None:
        self.storage = storage
        self.update = update
        self.fit_thresholds = fit_thresholds
        self.max_iter = max_iter
        self.random_state = random_state

    def fit(self, X: npt.ArrayLike, y: object = None) -> Self:
        """Store patterns, in place of those stored before.

        Parameters
        ----------
        X : array (P, N), entries -1 or 1
        y : ignored

        Returns
        -------
        This estimator.

        Raises
        ------
        ValueError
            When a parameter is not one of those listed, or an entry is not -1 or 1.
        """
        self._check_parameters()
        patterns = self._check_values(validate_data(self, X, dtype=np.float64))
        if self.fit_thresholds:
            always_on = np.ones((len(patterns), 1))
            whole = _RULES[self.storage](np.hstack([patterns, always_on]))
            self.weights_, self.thresholds_ = whole[:-1, :-1].copy(), -whole[:-1, -1]
        else:
            self.weights_ = _RULES[self.storage](patterns)
            self.thresholds_ = np.zeros(patterns.shape[1])
        self.patterns_ = patterns
        return self

    def recall(self, X: npt.ArrayLike) -> Recall:
        """Let the network run from every probe, and tell how it went.

        Parameters
        ----------
        X : array (B, N), entries -1 or 1

        Returns
        -------
        Recall
            The last states, whether they are fixed points, the energy after every sweep or step.

        Raises
        ------
        ValueError
            When an entry is not -1 or 1, or the number of columns is not the number of units.
        """
        states = self._states(X)
        self._check_parameters()
        if self.update == "synchronous":
            return synchronous_recall(self.weights_, states, self.thresholds_, max_steps=self.max_iter)
        rng = np.random.default_rng(check_random_state(self.random_state).randint(2**31))
        return asynchronous_recall(self.weights_, states, self.thresholds_, rng=rng, max_sweeps=self.max_iter)

    def predict(self, X: npt.ArrayLike) -> np.ndarray:
        """The state in which the network ends from every probe, array (B, N) of -1.0 and 1.0; see :meth:`recall`."""
        return self.recall(X).states

    def identify(self, X: npt.ArrayLike) -> np.ndarray:
        """Number of the stored pattern that every probe recalls to the last unit, array (B,) of int; -1 where it is none."""
        agrees = self.predict(X) @ self.patterns_.T == self.patterns_.shape[1]
        return np.where(agrees.any(axis=1), agrees.argmax(axis=1), -1)

    def energy(self, X: npt.ArrayLike) -> np.ndarray:
        """Energy of states as they are, without running the network: array (B, N) to array (B,)."""
        states = self._states(X)
        return energy(self.weights_, states, self.thresholds_)

    def _states(self, X: npt.ArrayLike) -> np.ndarray:
        check_is_fitted(self, "weights_")
        return self._check_values(validate_data(self, X, dtype=np.float64, reset=False))

    def _check_values(self, X: np.ndarray) -> np.ndarray:
        """States as the network may see them, array (B, N) of -1 and 1."""
        return check_patterns(X)

    def _check_parameters(self) -> None:
        if self.storage not in _RULES:
            raise ValueError(f"storage is {self.storage!r}; expected one of {', '.join(_RULES)}")
        if self.update not in _UPDATES:
            raise ValueError(f"update is {self.update!r}; expected one of {', '.join(_UPDATES)}")
        if not isinstance(self.max_iter, Integral) or self.max_iter < 1:
            raise ValueError(f"max_iter must be at least 1 and whole, got {self.max_iter!r}")
