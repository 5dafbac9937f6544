r"""Elman's network (Elman 网络) as a scikit-learn estimator: a hidden layer with a copy of its own past among its inputs.

Shapes: T time steps (rows of X), D inputs, H hidden units, C context units, K outputs, S streams read side by side.

References
----------
Elman (1990), Finding structure in time, Cognitive Science 14(2), 179-211, https://doi.org/10.1207/s15516709cog1402_1.
Jordan (1986), Serial order: a parallel distributed processing approach, ICS report 8604, University of California San
Diego (feedback from the outputs, and context units that decay).
Zhou (2016), Machine Learning (in Chinese), section 5.5.5; Qiu (2019), equations 6.5-6.7.
"""

from numbers import Integral, Real
from typing import Self

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted, check_random_state, validate_data

from nndl_support.activations import registry
from nndl_support.classical.elman_cell import (
    OUTPUTS,
    Weights,
    initial_state,
    loss_per_step,
    net_input,
    output_units,
    truncated_gradient,
)

FEEDBACKS = ("hidden", "output")
SCHEDULES = ("constant", "linear")


class ElmanNetwork(RegressorMixin, BaseEstimator):
    r"""Simple recurrent network, trained online by Elman's rule: back-propagation that stops at the context units.

    .. math:: h_t = f(x_t W + c_t U + b), \qquad \hat y_t = g(h_t V + a), \qquad c_{t+1} = \mu\, c_t + h_t

    Parameters
    ----------
    hidden_size : int >= 1, H
    activation : str
        Of the hidden units: an elementwise one of :func:`nndl_support.activations.registry.names`.
    output : "identity", "logistic" or "softmax"
        Output units and the loss that matches them: half the squared error, cross-entropy of each output, cross-entropy
        of a distribution. Targets are any numbers, numbers in [0, 1], rows that add up to 1 (such as one-hot rows).
    feedback : "hidden" or "output"
        What is copied into the context units: the hidden units (Elman) or the outputs (Jordan).
    context_decay : float in [0, 1), mu
        Share of its old value that a context unit keeps when the copy is added. Elman's network has 0.
    learning_rate : float > 0
    momentum : float in [0, 1)
        Share of the last change in the next: ``change = momentum * change - learning_rate * gradient``.
    schedule : "constant" or "linear"
        Whether ``fit`` keeps the learning rate or lets it fall along a line, pass by pass, towards 0.
    max_epochs : int >= 1
        Passes over the data in ``fit``.
    n_streams : int >= 1
        Pieces into which the rows are cut and which are read side by side, one row of each per update, as if the network
        lived S lives at once. With 1, Elman's choice, the weights move after every single row.
    weight_scale : float > 0
        The weights start uniform in :math:`\pm s/\sqrt{n}`, n the number of units they come from (inputs counted apart from
        context units); biases start at 0.
    random_state : int, RandomState or None

    Attributes
    ----------
    W_ : array (D, H), from the inputs
    U_ : array (C, H), from the context units
    b_ : array (H,)
    V_ : array (H, K), from the hidden units to the outputs
    a_ : array (K,)
    loss_curve_ : list of float
        Mean loss per row of each pass, measured while the weights moved.
    n_iter_ : int, passes made
    n_outputs_ : int, K
    n_features_in_ : int, D

    Notes
    -----
    **Rows are time steps**, so their order matters: a shuffled X is another sequence. ``lengths`` names the lengths of
    several sequences that stand one below the other; the context starts anew, from f(0), with each of them, with each
    stream, and with each call.

    The gradient of one row is exact except that the context counts as a constant: truncation after one step. It is that of
    ``torch.nn.RNN`` whose hidden state is detached after every step.

    References
    ----------
    Elman (1990); Zhou (2016), section 5.5.5 and exercise 5.9.

    Examples
    --------
    The next bit of 1, 1, 0, 1, 1, 0, ... depends on the last two; the input is the last one only.

    >>> bits = np.tile([1.0, 1.0, 0.0], 40)
    >>> network = ElmanNetwork(hidden_size=7, output="logistic", learning_rate=0.05, max_epochs=30, random_state=0)
    >>> network.fit(bits[:-1, None], bits[1:]).predict(bits[:6, None]).round(1)
    array([1., 0., 1., 1., 0., 1.])
    """

    n_features_in_: int

    def __init__(
        self,
        hidden_size: int = 20,
        *,
        activation: str = "tanh",
        output: str = "identity",
        feedback: str = "hidden",
        context_decay: float = 0.0,
        learning_rate: float = 0.01,
        momentum: float = 0.9,
        schedule: str = "constant",
        max_epochs: int = 50,
        n_streams: int = 1,
        weight_scale: float = 1.0,
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.hidden_size = hidden_size
        self.activation = activation
        self.output = output
        self.feedback = feedback
        self.context_decay = context_decay
        self.learning_rate = learning_rate
        self.momentum = momentum
        self.schedule = schedule
        self.max_epochs = max_epochs
        self.n_streams = n_streams
        self.weight_scale = weight_scale
        self.random_state = random_state

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.target_tags.single_output = True
        tags.target_tags.multi_output = True
        return tags

    # --- learning --------------------------------------------------------------------------------------------------

    def fit(self, X: npt.ArrayLike, y: npt.ArrayLike, *, lengths: npt.ArrayLike | None = None) -> Self:
        """Learn from new random weights in ``max_epochs`` passes.

        Parameters
        ----------
        X : array (T, D), one time step per row
        y : array (T,) or (T, K), what to say after each row
        lengths : sequence of int, optional
            Lengths of the sequences of which X consists; one sequence without it.

        Returns
        -------
        ElmanNetwork
            This estimator.

        Raises
        ------
        ValueError
            When X or y is empty or not finite, y does not suit the output units, lengths do not add up to T, or a parameter
            is out of range.
        FloatingPointError
            When the weights or the loss grow beyond all numbers: the learning rate is too large.
        """
        self._check_parameters()
        inputs, targets = self._check_data(X, y, reset=True)
        starts = sequence_starts(len(inputs), lengths)
        self._start(inputs.shape[1], targets.shape[1])
        for epoch in range(self.max_epochs):
            share = 1.0 if self.schedule == "constant" else 1.0 - epoch / self.max_epochs
            self._pass(inputs, targets, starts, self.learning_rate * share)
        return self

    def partial_fit(self, X: npt.ArrayLike, y: npt.ArrayLike, *, lengths: npt.ArrayLike | None = None) -> Self:
        """Go on learning with one pass at the full learning rate; the context starts anew.

        Parameters
        ----------
        X, y, lengths
            As in :meth:`fit`.

        Returns
        -------
        ElmanNetwork
            This estimator.
        """
        self._check_parameters()
        first = not hasattr(self, "W_")
        inputs, targets = self._check_data(X, y, reset=first)
        starts = sequence_starts(len(inputs), lengths)
        if first:
            self._start(inputs.shape[1], targets.shape[1])
        else:
            self._check_columns(targets)
        self._pass(inputs, targets, starts, self.learning_rate)
        return self

    def _start(self, n_inputs: int, n_outputs: int) -> None:
        rng = check_random_state(self.random_state)
        H, C = self.hidden_size, self.hidden_size if self.feedback == "hidden" else n_outputs

        def draw(n_from: int, n_to: int) -> np.ndarray:
            return rng.uniform(-1.0, 1.0, (n_from, n_to)) * self.weight_scale / np.sqrt(n_from)

        self.W_, self.U_, self.b_ = draw(n_inputs, H), draw(C, H), np.zeros(H)
        self.V_, self.a_ = draw(H, n_outputs), np.zeros(n_outputs)
        self._change = np.zeros(sum(part.size for part in self._weights()))
        self.n_outputs_ = n_outputs
        self.loss_curve_: list[float] = []
        self.n_iter_ = 0

    def _pass(self, X: np.ndarray, y: np.ndarray, starts: np.ndarray, rate: float) -> None:
        """Read all rows once, in order, and move the weights after each step of the streams."""
        vector, weights = _pack(self._weights())
        gradient = np.empty_like(vector)
        rows = cut_into_streams(len(X), min(self.n_streams, len(X)))
        blank, total = self._blank_context(), 0.0
        context = np.tile(blank, (rows.shape[1], 1))
        with np.errstate(over="ignore", invalid="ignore"):  # reported below, once
            for step in rows:
                step = step[step >= 0]  # the last row of the shorter streams has passed
                context = np.where(starts[step, None], blank, context[: len(step)])
                gradients, h, net = truncated_gradient(
                    X[step], context, y[step], weights, activation=self.activation, output=self.output
                )
                total += loss_per_step(y[step], net, self.output).sum()
                np.concatenate([part.ravel() for part in gradients], out=gradient)
                self._change *= self.momentum
                self._change -= rate / len(step) * gradient
                vector += self._change
                context = self.context_decay * context + self._fed_back(h, net)
        self.loss_curve_.append(float(total / len(X)))
        self.n_iter_ += 1
        if not (np.isfinite(total) and np.isfinite(vector).all()):
            raise FloatingPointError(
                f"training diverged in pass {self.n_iter_}: lower learning_rate={self.learning_rate} "
                f"(momentum={self.momentum}), or scale X and y"
            )
        self.W_, self.U_, self.b_, self.V_, self.a_ = weights

    # --- use -------------------------------------------------------------------------------------------------------

    def predict(self, X: npt.ArrayLike, *, lengths: npt.ArrayLike | None = None) -> np.ndarray:
        """Outputs along the sequence: expected targets, which for logistic and softmax outputs are probabilities.

        Parameters
        ----------
        X : array (T, D)
        lengths : sequence of int, optional

        Returns
        -------
        array (T,) when y was a vector in ``fit``, else (T, K)
        """
        outputs = output_units(self._read(X, lengths)[1], self.output)
        return outputs[:, 0] if self._vector_target else outputs

    def hidden_states(self, X: npt.ArrayLike, *, lengths: npt.ArrayLike | None = None) -> np.ndarray:
        """Hidden state after each row of X, array (T, H).

        Parameters
        ----------
        X : array (T, D)
        lengths : sequence of int, optional

        Returns
        -------
        array (T, H)
        """
        return self._read(X, lengths)[0]

    def losses(self, X: npt.ArrayLike, y: npt.ArrayLike, *, lengths: npt.ArrayLike | None = None) -> np.ndarray:
        """Loss of each row with the weights as they are, array (T,).

        Parameters
        ----------
        X : array (T, D)
        y : array (T,) or (T, K)
        lengths : sequence of int, optional

        Returns
        -------
        array (T,), in nats for logistic and softmax outputs

        Raises
        ------
        ValueError
            When y does not suit the output units or has another number of columns than in ``fit``.
        """
        check_is_fitted(self, "W_")
        inputs, targets = self._check_data(X, y, reset=False)
        self._check_columns(targets)
        return loss_per_step(targets, self._read(inputs, lengths)[1], self.output)

    def _read(self, X: npt.ArrayLike, lengths: npt.ArrayLike | None) -> tuple[np.ndarray, np.ndarray]:
        """Hidden states (T, H) and net inputs of the outputs (T, K) along the sequences."""
        check_is_fitted(self, "W_")
        inputs = validate_data(self, X, dtype=np.float64, reset=False)
        starts = sequence_starts(len(inputs), lengths)
        function = registry.get(self.activation).function
        states, nets = np.empty((len(inputs), self.hidden_size)), np.empty((len(inputs), self.n_outputs_))
        context = blank = self._blank_context()
        for t, x in enumerate(inputs):
            context = blank if starts[t] else context
            states[t] = function(net_input(x, context, self.W_, self.U_, self.b_))
            nets[t] = states[t] @ self.V_ + self.a_
            context = self.context_decay * context + self._fed_back(states[t], nets[t])
        return states, nets

    def _weights(self) -> Weights:
        return Weights(self.W_, self.U_, self.b_, self.V_, self.a_)

    def _fed_back(self, h: np.ndarray, net: np.ndarray) -> np.ndarray:
        return h if self.feedback == "hidden" else output_units(net, self.output)

    def _blank_context(self) -> np.ndarray:
        if self.feedback == "hidden":
            return initial_state(self.hidden_size, activation=self.activation)
        return output_units(np.zeros(self.n_outputs_), self.output)

    # --- checks ----------------------------------------------------------------------------------------------------

    def _check_data(self, X: npt.ArrayLike, y: npt.ArrayLike, *, reset: bool) -> tuple[np.ndarray, np.ndarray]:
        inputs, targets = validate_data(self, X, y, dtype=np.float64, reset=reset, multi_output=True, y_numeric=True)
        targets = np.asarray(targets, dtype=np.float64)
        if reset:
            self._vector_target = targets.ndim == 1
        targets = targets.reshape(len(targets), -1)
        if self.output == "logistic" and (targets.min() < 0 or targets.max() > 1):
            raise ValueError(
                f"logistic outputs need targets in [0, 1], but y lies between {targets.min():.6g} and {targets.max():.6g}"
            )
        if self.output == "softmax" and (targets.min() < 0 or np.abs(targets.sum(axis=1) - 1).max() > 1e-9):
            raise ValueError(
                "softmax outputs need rows of y that are probabilities and add up to 1, such as one-hot rows"
            )
        return inputs, targets

    def _check_columns(self, targets: np.ndarray) -> None:
        if targets.shape[1] != self.n_outputs_:
            raise ValueError(f"y has {targets.shape[1]} columns, but the network has {self.n_outputs_} outputs")

    def _check_parameters(self) -> None:
        for parameter in ("hidden_size", "max_epochs", "n_streams"):
            value = getattr(self, parameter)
            if not isinstance(value, Integral) or value < 1:
                raise ValueError(f"{parameter} must be a whole number of at least 1, but is {value!r}")
        for parameter, known in (("output", OUTPUTS), ("feedback", FEEDBACKS), ("schedule", SCHEDULES)):
            if getattr(self, parameter) not in known:
                raise ValueError(f"{parameter} must be one of {', '.join(known)}, but is {getattr(self, parameter)!r}")
        if registry.get(self.activation).derivative is None:
            raise ValueError(f"activation must act on each hidden unit alone, but is {self.activation!r}")
        for parameter in ("learning_rate", "weight_scale"):
            value = getattr(self, parameter)
            if not isinstance(value, Real) or not 0 < float(value) < np.inf:
                raise ValueError(f"{parameter} must be positive and finite, but is {value!r}")
        for parameter in ("momentum", "context_decay"):
            value = getattr(self, parameter)
            if not isinstance(value, Real) or not 0 <= float(value) < 1:
                raise ValueError(f"{parameter} must lie in [0, 1), but is {value!r}")


def sequence_starts(n_rows: int, lengths: npt.ArrayLike | None) -> np.ndarray:
    """Mark the first row of every sequence.

    Parameters
    ----------
    n_rows : int, T
    lengths : sequence of positive int that add up to T, or None for one sequence

    Returns
    -------
    boolean array (T,)

    Raises
    ------
    ValueError
        When a length is not a positive whole number, or they do not add up to T.

    Examples
    --------
    >>> sequence_starts(5, [2, 3])
    array([ True, False,  True, False, False])
    """
    sizes = np.asarray([n_rows] if lengths is None else lengths)
    if sizes.ndim != 1 or not np.issubdtype(sizes.dtype, np.integer) or (sizes < 1).any():
        raise ValueError(f"lengths must be positive whole numbers, but are {lengths!r}")
    if sizes.sum() != n_rows:
        raise ValueError(f"lengths add up to {sizes.sum()}, but X has {n_rows} rows")
    starts = np.zeros(n_rows, dtype=bool)
    starts[np.cumsum(sizes) - sizes] = True
    return starts


def cut_into_streams(n_rows: int, n_streams: int) -> np.ndarray:
    """Row numbers of S pieces of nearly equal length that are read side by side.

    Parameters
    ----------
    n_rows : int, T
    n_streams : int <= T, S

    Returns
    -------
    integer array (ceil(T / S), S)
        Row t holds the t-th row of each piece, longer pieces first; -1 where a piece has ended.

    Examples
    --------
    >>> cut_into_streams(7, 3)
    array([[ 0,  3,  5],
           [ 1,  4,  6],
           [ 2, -1, -1]])
    """
    pieces = np.array_split(np.arange(n_rows), n_streams)
    rows = np.full((len(pieces[0]), n_streams), -1)
    for s, piece in enumerate(pieces):
        rows[: len(piece), s] = piece
    return rows


def _pack(weights: Weights) -> tuple[np.ndarray, Weights]:
    """One vector of all parameters, and the five arrays as views into it."""
    vector = np.concatenate([part.ravel() for part in weights])
    ends = np.cumsum([part.size for part in weights])[:-1]
    return vector, Weights(*(p.reshape(w.shape) for p, w in zip(np.split(vector, ends), weights)))
