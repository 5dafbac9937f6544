r"""The Boltzmann machine (玻尔兹曼机) as an estimator, which learns a distribution over binary vectors.

Learning by enumeration is exact and goes up to about a dozen units; learning by sampling has no such limit and is what the
authors did.

Shapes: B examples, N = D + H units: D visible first (I inputs first among them), H hidden last; C chains.

References
----------
Ackley, Hinton and Sejnowski (1985), A learning algorithm for Boltzmann machines, Cognitive Science 9(1), 147-169,
https://doi.org/10.1207/s15516709cog0901_7.
Tieleman (2008), Training restricted Boltzmann machines using approximations to the likelihood gradient (chains that
persist), https://doi.org/10.1145/1390156.1390290.
Qiu (2019), 神经网络与深度学习, section 12.1.
"""

from __future__ import annotations

from numbers import Integral, Real
from typing import Self

import numpy as np
import numpy.typing as npt
from scipy.special import logsumexp
from sklearn.base import BaseEstimator, DensityMixin
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

from nndl_support.deep_belief.boltzmann_distribution import MAX_UNITS, all_states
from nndl_support.deep_belief.boltzmann_energy import check_states, energy, visible_log_probabilities
from nndl_support.deep_belief.boltzmann_gibbs import full_conditional, gibbs_sweep, random_states, run_chains
from nndl_support.deep_belief.boltzmann_gradient import (
    centre_gradient,
    gradient_over_states,
    pattern_distribution,
    sampled_gradient,
)

__all__ = ["BoltzmannMachine"]


class BoltzmannMachine(DensityMixin, BaseEstimator):
    """Boltzmann machine with binary units, learnt by gradient ascent on the likelihood.

    Parameters
    ----------
    n_hidden : int >= 0
    method : {"exact", "sampled"}
        Gradient by enumeration of all states, or from Gibbs chains.
    n_inputs : int >= 0
        The first visible units are inputs: clamped in both phases, so that the outputs *given* the inputs are learnt.
    temperature : float > 0, in units of energy
    learning_rate : float > 0
    momentum : float in [0, 1)
    centred : bool
        Whether to follow the gradient for units measured from their means (:func:`.centre_gradient`), or exactly 12.28.
    weight_decay : float >= 0
        Each step also subtracts learning_rate times this share of the weights (not of the biases).
    n_epochs : int >= 1
        Steps of the gradient; each uses all data (exact) or ``n_chains`` examples (sampled).
    tolerance : float >= 0
        Exact only: stop when no entry of the gradient is larger.
    initial_scale : float >= 0
        Standard deviation of the first weights of hidden units. All other weights and biases start at 0.
    connections : boolean array (N, N), optional
        Which pairs are connected, symmetric; all unless given.
    n_chains : int >= 1
        Sampled only: chains in each phase.
    n_sweeps : int >= 1
        Sampled only: sweeps at ``temperature`` before the states are read.
    persistent : bool
        Sampled only: whether the free chains go on where they stopped, or start at random each time. Chains with
        clamped inputs always start at random.
    schedule : sequence of floats, optional
        Sampled only: temperatures of sweeps that chains which start at random run through first.
    random_state : int, RandomState instance or None

    Attributes
    ----------
    weights_ : array (N, N), symmetric with zero diagonal
    biases_ : array (N,)
    log_likelihoods_ : array (number of steps,), exact only: mean log-likelihood before each step of the last ``fit``, in nats
    n_iter_ : int, steps made
    n_features_in_ : int, D

    Notes
    -----
    A step changes a weight by ``learning_rate`` times the difference of two correlations, which both its units can
    observe: the rule is local (12.28).

    References
    ----------
    Section "Boltzmann machine" of this book.

    Examples
    --------
    >>> X = [[0, 0], [1, 1], [1, 0], [1, 1]]
    >>> machine = BoltzmannMachine().fit(X)
    >>> np.exp(machine.score_samples([[0, 0], [1, 1]])).round(2)
    array([0.25, 0.5 ])
    """

    n_features_in_: int

    def __init__(
        self,
        n_hidden: int = 0,
        *,
        method: str = "exact",
        n_inputs: int = 0,
        temperature: float = 1.0,
        learning_rate: float = 0.1,
        momentum: float = 0.9,
        centred: bool = True,
        weight_decay: float = 0.0,
        n_epochs: int = 1000,
        tolerance: float = 1e-8,
        initial_scale: float = 0.1,
        connections: npt.ArrayLike | None = None,
        n_chains: int = 100,
        n_sweeps: int = 5,
        persistent: bool = True,
        schedule: npt.ArrayLike | None = None,
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.n_hidden = n_hidden
        self.method = method
        self.n_inputs = n_inputs
        self.temperature = temperature
        self.learning_rate = learning_rate
        self.momentum = momentum
        self.centred = centred
        self.weight_decay = weight_decay
        self.n_epochs = n_epochs
        self.tolerance = tolerance
        self.initial_scale = initial_scale
        self.connections = connections
        self.n_chains = n_chains
        self.n_sweeps = n_sweeps
        self.persistent = persistent
        self.schedule = schedule
        self.random_state = random_state

    def fit(self, X: npt.ArrayLike, y: object = None, *, sample_weight: npt.ArrayLike | None = None) -> Self:
        """Learn from new weights in ``n_epochs`` steps.

        Parameters
        ----------
        X : array (B, D), entries 0 or 1, inputs first
        y : ignored
        sample_weight : array (B,), optional
            With X = ``all_states(D)`` and a distribution as weights, the machine learns that distribution itself.

        Returns
        -------
        BoltzmannMachine
            This estimator.

        Raises
        ------
        ValueError
            When X holds anything else than 0 and 1, a parameter is out of range, or there are too many states.
        """
        patterns, weights = self._prepare(X, sample_weight, reset=True)
        self._start()
        self._learn(patterns, weights, int(self.n_epochs))
        return self

    def partial_fit(self, X: npt.ArrayLike, y: object = None, *, sample_weight: npt.ArrayLike | None = None) -> Self:
        """Go on with one step; ``n_epochs`` calls with the same X are one :meth:`fit`.

        Parameters
        ----------
        X : array (B, D), entries 0 or 1
        y : ignored
        sample_weight : array (B,), optional

        Returns
        -------
        BoltzmannMachine
            This estimator.
        """
        first = not hasattr(self, "weights_")
        patterns, weights = self._prepare(X, sample_weight, reset=first)
        if first:
            self._start()
        self._learn(patterns, weights, 1)
        return self

    def energy(self, x: npt.ArrayLike) -> np.ndarray:
        """Energy of states of all units.

        Parameters
        ----------
        x : array (..., N), entries 0 or 1

        Returns
        -------
        array (...)
        """
        check_is_fitted(self)
        return energy(self.weights_, self.biases_, x)

    def conditional(self, x: npt.ArrayLike) -> np.ndarray:
        """Probability of each unit to be on, given the states of all others.

        Parameters
        ----------
        x : array (..., N), entries 0 or 1

        Returns
        -------
        array (..., N)
        """
        check_is_fitted(self)
        return full_conditional(self.weights_, self.biases_, x, temperature=self.temperature)

    def score_samples(self, X: npt.ArrayLike) -> np.ndarray:
        """Exact log-probability of visible vectors; with inputs, of the outputs given the inputs.

        Parameters
        ----------
        X : array (B, D), entries 0 or 1

        Returns
        -------
        array (B,), in nats

        Raises
        ------
        ValueError
            When there are more than 20 units, or X holds anything else than 0 and 1.
        """
        patterns = self._known(X)
        n_visible = self.n_features_in_
        if len(self.biases_) > MAX_UNITS:
            self._too_many(len(self.biases_))
        table = visible_log_probabilities(self.weights_, self.biases_, n_visible, temperature=self.temperature)
        index = patterns.astype(int) @ (1 << np.arange(n_visible)[::-1])
        if not self.n_inputs:
            return table[index]
        inputs = logsumexp(table.reshape(2**self.n_inputs, -1), axis=1)
        return table[index] - inputs[index >> (n_visible - self.n_inputs)]

    def score(self, X: npt.ArrayLike, y: object = None) -> float:
        """Mean of :meth:`score_samples`.

        Parameters
        ----------
        X : array (B, D), entries 0 or 1
        y : ignored

        Returns
        -------
        float, in nats per example
        """
        return float(np.mean(self.score_samples(X)))

    def output_distribution(self, inputs: npt.ArrayLike) -> np.ndarray:
        """Exact probabilities of all output patterns given inputs.

        Parameters
        ----------
        inputs : array (B, I), entries 0 or 1

        Returns
        -------
        array (B, 2^(D - I)), in the order of ``all_states(D - I)``

        Raises
        ------
        ValueError
            When there are more than 20 units or the inputs are not what they should be.
        """
        check_is_fitted(self)
        given = check_states(inputs, self.n_inputs, "inputs", "inputs")
        outputs = all_states(self.n_features_in_ - self.n_inputs)
        X = np.hstack([np.repeat(given, len(outputs), axis=0), np.tile(outputs, (len(given), 1))])
        return np.exp(self.score_samples(X)).reshape(len(given), len(outputs))

    def hidden_distribution(self, X: npt.ArrayLike) -> np.ndarray:
        """Exact probabilities of all hidden patterns given visible vectors.

        Parameters
        ----------
        X : array (B, D), entries 0 or 1

        Returns
        -------
        array (B, 2^H), in the order of ``all_states(H)``

        Raises
        ------
        ValueError
            When there are more than 20 hidden units, or X holds anything else than 0 and 1.
        """
        patterns = self._known(X)
        hidden = all_states(len(self.biases_) - self.n_features_in_)
        states = np.concatenate(
            [
                np.broadcast_to(patterns[:, None], (len(patterns), len(hidden), patterns.shape[1])),
                np.broadcast_to(hidden, (len(patterns), *hidden.shape)),
            ],
            axis=2,
        )
        scores = -energy(self.weights_, self.biases_, states) / self.temperature
        return np.exp(scores - logsumexp(scores, axis=1, keepdims=True))

    def sample(
        self,
        n_samples: int = 1,
        *,
        inputs: npt.ArrayLike | None = None,
        n_sweeps: int = 100,
        random_state: int | np.random.RandomState | None = None,
    ) -> np.ndarray:
        """Visible vectors from Gibbs chains that start at random, one chain per sample.

        Parameters
        ----------
        n_samples : int >= 1
        inputs : array (I,), entries 0 or 1, optional
            Clamped inputs, the same for all chains.
        n_sweeps : int >= 1
            Sweeps of each chain, after those of ``schedule``.
        random_state : int, RandomState instance or None

        Returns
        -------
        array (n_samples, D)

        Raises
        ------
        ValueError
            When the inputs do not fit.
        """
        check_is_fitted(self)
        rng = np.random.default_rng(check_random_state(random_state).randint(2**31))
        x = random_states(n_samples, len(self.biases_), rng)
        clamped = np.arange(0 if inputs is None else self.n_inputs)
        if inputs is not None:
            x[:, : self.n_inputs] = check_states(inputs, self.n_inputs, "inputs", "inputs")
        temperatures = np.append(self._warm_up(), np.full(n_sweeps, float(self.temperature)))
        x = run_chains(self.weights_, self.biases_, x, temperatures, rng=rng, clamped=clamped)
        return x[:, : self.n_features_in_]

    def _warm_up(self) -> np.ndarray:
        return np.empty(0) if self.schedule is None else np.asarray(self.schedule, dtype=float)

    def _known(self, X: npt.ArrayLike) -> np.ndarray:
        check_is_fitted(self)
        patterns = validate_data(self, X, dtype=np.float64, reset=False)
        return check_states(patterns, self.n_features_in_, "X", "visible units")

    def _prepare(
        self, X: npt.ArrayLike, sample_weight: npt.ArrayLike | None, *, reset: bool
    ) -> tuple[np.ndarray, np.ndarray]:
        patterns = validate_data(self, X, dtype=np.float64, reset=reset)
        patterns = check_states(patterns, patterns.shape[1], "X", "visible units")
        weights = np.ones(len(patterns)) if sample_weight is None else np.asarray(sample_weight, dtype=float)
        if weights.shape != (len(patterns),) or not np.all(weights >= 0) or not 0 < weights.sum() < np.inf:
            raise ValueError(f"sample_weight must hold {len(patterns)} numbers of at least 0 that are not all zero")
        self._check_parameters(patterns.shape[1])
        if not reset and len(self.biases_) != patterns.shape[1] + self.n_hidden:
            raise ValueError(
                f"the machine has {len(self.biases_)} units, but its parameters now ask for another number"
            )
        return patterns, weights

    def _check_parameters(self, n_visible: int) -> None:
        if self.method not in ("exact", "sampled"):
            raise ValueError(f"method must be 'exact' or 'sampled', got {self.method!r}")
        for name, low in (("n_hidden", 0), ("n_inputs", 0), ("n_epochs", 1), ("n_chains", 1), ("n_sweeps", 1)):
            value = getattr(self, name)
            if not isinstance(value, Integral) or isinstance(value, bool) or value < low:
                raise ValueError(f"{name} must be a whole number of at least {low}, got {value!r}")
        for name, positive in (
            ("temperature", True),
            ("learning_rate", True),
            ("weight_decay", False),
            ("tolerance", False),
            ("initial_scale", False),
        ):
            value = getattr(self, name)
            if not isinstance(value, Real) or not 0 <= float(value) < np.inf or (positive and value == 0):
                raise ValueError(f"{name} must be finite and {'above' if positive else 'at least'} 0, got {value!r}")
        if not isinstance(self.momentum, Real) or not 0 <= float(self.momentum) < 1:
            raise ValueError(f"momentum must lie in [0, 1), got {self.momentum!r}")
        if not self.n_inputs < n_visible:
            raise ValueError(f"n_inputs is {self.n_inputs}, but X has {n_visible} columns: at least one is an output")
        n = n_visible + self.n_hidden
        if self.method == "exact" and n > MAX_UNITS:
            self._too_many(n)
        if self.connections is not None:
            mask = np.asarray(self.connections)
            if mask.shape != (n, n) or mask.dtype != bool or not np.array_equal(mask, mask.T):
                raise ValueError(f"connections must be a symmetric boolean array ({n}, {n}), got shape {mask.shape}")
        if np.any(np.isnan(self._warm_up())) or np.any(self._warm_up() < 0) or self._warm_up().ndim != 1:
            raise ValueError(f"schedule must be a sequence of temperatures of at least 0, got {self.schedule!r}")

    @staticmethod
    def _too_many(n: int) -> None:
        raise ValueError(
            f"{n} units have {2**n:,} states; enumeration goes up to {MAX_UNITS} units: use method='sampled', "
            "or fewer units where an exact probability is needed"
        )

    def _start(self) -> None:
        n_visible, n = self.n_features_in_, self.n_features_in_ + int(self.n_hidden)
        # One seed for everything that is random, whatever kind of random_state the caller has.
        self._rng = np.random.default_rng(check_random_state(self.random_state).randint(2**31))
        self._mask = np.ones((n, n), dtype=bool) if self.connections is None else np.array(self.connections)
        np.fill_diagonal(self._mask, False)
        W = np.triu(self._rng.normal(scale=self.initial_scale, size=(n, n)), 1)
        W[:n_visible, :n_visible] = 0.0  # only hidden units need their symmetry broken
        self.weights_ = (W + W.T) * self._mask
        self.biases_ = np.zeros(n)
        self._velocity = np.zeros((n, n)), np.zeros(n)
        self._chains = random_states(int(self.n_chains), n, self._rng)
        self.log_likelihoods_ = np.empty(0)
        self.n_iter_ = 0

    def _learn(self, X: np.ndarray, sample_weight: np.ndarray, n_epochs: int) -> None:
        exact, values = self.method == "exact", []
        if exact:
            states, data = all_states(len(self.biases_)), pattern_distribution(X, sample_weight)
        for _ in range(n_epochs):
            if exact:
                dW, db, means, value = gradient_over_states(
                    self.weights_, self.biases_, states, data, int(self.n_inputs), float(self.temperature)
                )
                values.append(value)
            else:
                dW, db, means = self._estimate(X, sample_weight / sample_weight.sum())
            dW = dW * self._mask
            if exact and max(np.abs(dW - self.weight_decay * self.weights_).max(), np.abs(db).max()) <= self.tolerance:
                break
            if self.centred:
                dW, db = centre_gradient(dW, db, means, self._mask)
            dW = dW - self.weight_decay * self.weights_
            self._step(dW, db)
            self.n_iter_ += 1
        self.log_likelihoods_ = np.append(self.log_likelihoods_, values)

    def _step(self, dW: np.ndarray, db: np.ndarray) -> None:
        velocity_W = self.momentum * self._velocity[0] + self.learning_rate * dW
        velocity_b = self.momentum * self._velocity[1] + self.learning_rate * db
        self._velocity = velocity_W, velocity_b
        self.weights_ = self.weights_ + velocity_W
        self.biases_ = self.biases_ + velocity_b

    def _estimate(self, X: np.ndarray, share: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The gradient from clamped and from free chains, and the mean states of both."""
        n, n_visible, n_inputs = len(self.biases_), X.shape[1], int(self.n_inputs)
        # Systematic resampling: every example as often as its share says, but for less than one.
        places = (np.arange(self.n_chains) + self._rng.random()) / self.n_chains
        order = self._rng.permutation(len(X))
        ends = np.cumsum(share[order])
        rows = X[order[np.searchsorted(ends, places * ends[-1], side="right").clip(max=len(X) - 1)]]
        positive = random_states(len(rows), n, self._rng)
        positive[:, :n_visible] = rows
        if n > n_visible:
            positive = self._run(positive, np.arange(n_visible, n), warm_up=True)
        if n_inputs:
            negative = random_states(len(rows), n, self._rng)
            negative[:, :n_inputs] = rows[:, :n_inputs]
            negative = self._run(negative, np.arange(n_inputs, n), warm_up=True)
        else:
            start = self._chains if self.persistent else random_states(len(rows), n, self._rng)
            negative = self._chains = self._run(start, np.arange(n), warm_up=not self.persistent)
        means = (positive.mean(axis=0) + negative.mean(axis=0)) / 2
        return *sampled_gradient(positive, negative, temperature=self.temperature), means

    def _run(self, x: np.ndarray, units: np.ndarray, *, warm_up: bool) -> np.ndarray:
        sweeps = np.full(int(self.n_sweeps), float(self.temperature))
        for temperature in np.append(self._warm_up(), sweeps) if warm_up else sweeps:
            x = gibbs_sweep(self.weights_, self.biases_, x, rng=self._rng, temperature=float(temperature), units=units)
        return x
