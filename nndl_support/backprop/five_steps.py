r"""The five training steps of a two-layer network, as the classical scripts number them.

Step 1 draws small random weights; step 2 runs the data forward; step 3 sends the error backwards; step 4 moves the
weights; step 5 looks at the error and returns to step 2 or stops. Examples stand in *columns*, the habit of those scripts.

Shapes: R inputs, S1 hidden units (tanh), S2 outputs (linear), Q examples; P (R, Q) inputs, T (S2, Q) targets.

References
----------
Rumelhart, Hinton and Williams (1986), Learning representations by back-propagating errors, Nature 323, doi:10.1038/323533a0.

Examples
--------
>>> P, T = np.array([[0.0, 1.0]]), np.array([[0.0, 0.5]])
>>> weights = step_1_initialise(1, 3, 1, np.random.default_rng(0))
>>> A1, A2, E = step_2_forward(weights, P, T)
>>> D1, D2 = step_3_backward(weights, A1, E)
>>> moved = step_4_update(weights, P, A1, D1, D2, learning_rate=0.1)
>>> bool((step_2_forward(moved, P, T)[2] ** 2).sum() < (E**2).sum())
True
"""

from typing import NamedTuple

import numpy as np


class Weights(NamedTuple):
    """Weights and biases of both layers.

    Parameters
    ----------
    W1 : array (S1, R)
    B1 : array (S1, 1)
    W2 : array (S2, S1)
    B2 : array (S2, 1)
    """

    W1: np.ndarray
    B1: np.ndarray
    W2: np.ndarray
    B2: np.ndarray


def step_1_initialise(R: int, S1: int, S2: int, rng: np.random.Generator) -> Weights:
    """Draw all weights and biases uniformly from [-1, 1]: random, so that the hidden units differ."""
    return Weights(
        rng.uniform(-1, 1, (S1, R)),
        rng.uniform(-1, 1, (S1, 1)),
        rng.uniform(-1, 1, (S2, S1)),
        rng.uniform(-1, 1, (S2, 1)),
    )


def step_2_forward(weights: Weights, P: np.ndarray, T: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return A1 = tanh(W1 P + B1), A2 = W2 A1 + B2 and the error E = T - A2."""
    if P.shape[0] != weights.W1.shape[1] or T.shape != (len(weights.W2), P.shape[1]):
        raise ValueError(
            f"the network takes {weights.W1.shape[1]} inputs to {len(weights.W2)} outputs, "
            f"but P has shape {P.shape} and T has shape {T.shape}"
        )
    A1 = np.tanh(weights.W1 @ P + weights.B1)
    A2 = weights.W2 @ A1 + weights.B2
    return A1, A2, T - A2


def step_3_backward(weights: Weights, A1: np.ndarray, E: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return D2 = E (the output is linear) and D1 = (1 - A1²) ⊙ (W2ᵀ D2): *minus* the deltas of this book."""
    D2 = E
    D1 = (1 - A1**2) * (weights.W2.T @ D2)
    return D1, D2


def step_4_update(
    weights: Weights, P: np.ndarray, A1: np.ndarray, D1: np.ndarray, D2: np.ndarray, learning_rate: float
) -> Weights:
    """Move every weight along the sum over the examples of delta times input."""
    return Weights(
        weights.W1 + learning_rate * D1 @ P.T,
        weights.B1 + learning_rate * D1.sum(axis=1, keepdims=True),
        weights.W2 + learning_rate * D2 @ A1.T,
        weights.B2 + learning_rate * D2.sum(axis=1, keepdims=True),
    )


def train(
    P: np.ndarray,
    T: np.ndarray,
    S1: int,
    rng: np.random.Generator,
    *,
    learning_rate: float,
    goal: float,
    max_epochs: int,
) -> tuple[Weights, list[float]]:
    """Run the five steps until the sum of squared errors falls below the goal.

    Parameters
    ----------
    P : array (R, Q)
    T : array (S2, Q)
    S1 : int, hidden units
    rng : numpy.random.Generator
    learning_rate : float, for the gradient of half the *sum* of squared errors
    goal : float, the sum of squared errors to stop at
    max_epochs : int

    Returns
    -------
    weights : Weights
    errors : list of float, the sum of squared errors before each update and at the end

    Raises
    ------
    FloatingPointError
        When the error overflows.

    Examples
    --------
    >>> P = np.linspace(-1, 1, 21)[None, :]
    >>> _, errors = train(P, np.sin(np.pi * P), 5, np.random.default_rng(0), learning_rate=0.02, goal=0.02, max_epochs=9000)
    >>> errors[-1] <= 0.02 < errors[-2]
    True
    """
    weights, errors = step_1_initialise(len(P), S1, len(T), rng), []
    while True:
        with np.errstate(over="ignore", invalid="ignore"):  # divergence is reported below, once
            A1, _, E = step_2_forward(weights, P, T)
            errors.append(float((E**2).sum()))
        if not np.isfinite(errors[-1]):
            raise FloatingPointError(f"diverged after {len(errors) - 1} epochs; lower learning_rate={learning_rate}")
        if errors[-1] <= goal or len(errors) > max_epochs:  # step 5
            return weights, errors
        D1, D2 = step_3_backward(weights, A1, E)
        weights = step_4_update(weights, P, A1, D1, D2, learning_rate)
