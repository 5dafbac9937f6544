r"""The encoder problem: two groups of units must agree through a bottleneck (瓶颈) of hidden units.

In the 4-2-4 encoder one unit of each visible group of four is on, the same in both. The groups are not connected with each
other, so that the two hidden units must carry the message: four patterns, two bits, one code each.

Shapes: n units in each visible group, D = 2 n visible, H hidden, N = D + H units, M machines that learn side by side.

References
----------
Ackley, Hinton and Sejnowski (1985), A learning algorithm for Boltzmann machines, Cognitive Science 9(1), 147-169,
https://doi.org/10.1207/s15516709cog0901_7, section 4.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from nndl_support.annealing import heat_bath_acceptance
from nndl_support.deep_belief.boltzmann_distribution import all_states

__all__ = ["EncoderRun", "encoder_connections", "encoder_patterns", "learn_encoder", "n_distinct_codes"]


def encoder_patterns(n: int = 4) -> np.ndarray:
    """The n patterns that occur: the same unit is on in both groups.

    Parameters
    ----------
    n : int >= 2

    Returns
    -------
    array (n, 2 n)

    Raises
    ------
    ValueError
        When n is below 2.

    Examples
    --------
    >>> encoder_patterns(2)
    array([[1., 0., 1., 0.],
           [0., 1., 0., 1.]])
    """
    if n < 2:
        raise ValueError(f"an encoder needs at least 2 patterns, got {n}")
    return np.hstack([np.eye(n), np.eye(n)])


def encoder_connections(n: int = 4, n_hidden: int = 2) -> np.ndarray:
    """Which pairs are connected: all but those between the two visible groups.

    Parameters
    ----------
    n : int >= 2, units in each visible group
    n_hidden : int >= 1

    Returns
    -------
    boolean array (2 n + H, 2 n + H), symmetric, false on the diagonal

    Raises
    ------
    ValueError
        When a group would be too small.

    Examples
    --------
    >>> encoder_connections(2, 1).astype(int)
    array([[0, 1, 0, 0, 1],
           [1, 0, 0, 0, 1],
           [0, 0, 0, 1, 1],
           [0, 0, 1, 0, 1],
           [1, 1, 1, 1, 0]])
    """
    if n < 2 or n_hidden < 1:
        raise ValueError(f"an encoder needs at least 2 patterns and 1 hidden unit, got {n} and {n_hidden}")
    mask = ~np.eye(2 * n + n_hidden, dtype=bool)
    mask[:n, n : 2 * n] = mask[n : 2 * n, :n] = False
    return mask


def n_distinct_codes(hidden: np.ndarray) -> int:
    """How many different hidden patterns are the most probable one of some visible pattern.

    Parameters
    ----------
    hidden : array (B, 2^H), p(h | v) of B visible patterns, as ``BoltzmannMachine.hidden_distribution`` returns it

    Returns
    -------
    int, at most B

    Examples
    --------
    >>> n_distinct_codes(np.array([[0.9, 0.1], [0.8, 0.2], [0.0, 1.0]]))
    2
    """
    return len(np.unique(np.argmax(hidden, axis=1)))


class EncoderRun(NamedTuple):
    """What several machines have learnt.

    Attributes
    ----------
    weights : array (M, N, N)
    biases : array (M, N)
    codes : integer array (K, M), how many different codes each machine had after each cycle

    Examples
    --------
    >>> learn_encoder(3, 2, np.random.default_rng(0)).codes.shape
    (2, 3)
    """

    weights: np.ndarray
    biases: np.ndarray
    codes: np.ndarray


def learn_encoder(
    n_machines: int,
    n_cycles: int,
    rng: np.random.Generator,
    *,
    n: int = 4,
    n_hidden: int = 2,
    step: npt.ArrayLike = 0.2,
    fixed_step: bool = True,
    noise: tuple[float, float] = (0.15, 0.05),
    schedule: npt.ArrayLike = (2.0, 2.0, 1.5, 1.5, 1.2, 1.2, 1.0, 1.0, 1.0, 1.0),
    n_sweeps: int = 10,
    repeats: int = 2,
) -> EncoderRun:
    """Learn the encoder by sampling, as its authors did in 1985, with many machines side by side.

    A cycle anneals ``repeats`` chains per pattern with the pattern clamped and as many free ones, gathers statistics over
    ``n_sweeps`` sweeps at temperature 1, and moves every weight up or down by ``step``.

    Parameters
    ----------
    n_machines, n_cycles : int >= 1
    rng : numpy.random.Generator
    n, n_hidden : int, size of the encoder
    step : float > 0, or array (n_cycles,) of them
    fixed_step : bool
        Move by ``step`` in the direction of the sign of the gradient, or by ``step`` times the gradient.
    noise : (float, float)
        Probabilities with which a clamped unit that should be on is off, and one that should be off is on.
    schedule : array of temperatures of the sweeps that come first
    n_sweeps, repeats : int >= 1

    Returns
    -------
    EncoderRun

    Raises
    ------
    ValueError
        When a number is out of range.

    Notes
    -----
    The authors write weights ten times as large at temperature 10. All weights and biases start at 0.

    Examples
    --------
    >>> run = learn_encoder(2, 3, np.random.default_rng(0), n=2, n_hidden=1)
    >>> float(np.abs(run.weights).max().round(6)) <= 0.6
    True
    """
    if n_machines < 1 or n_cycles < 1 or n_sweeps < 1 or repeats < 1:
        raise ValueError(
            f"n_machines, n_cycles, n_sweeps and repeats must be at least 1, got {(n_machines, n_cycles, n_sweeps, repeats)}"
        )
    steps = np.asarray(step, dtype=float)
    if steps.shape not in ((), (n_cycles,)) or not np.all(steps > 0) or not all(0 <= p <= 1 for p in noise):
        raise ValueError(
            f"step must be positive, one number or {n_cycles}, and noise two probabilities, got {step!r} and {noise}"
        )
    patterns, mask = encoder_patterns(n), encoder_connections(n, n_hidden)
    shown = np.tile(np.repeat(patterns, repeats, axis=0), (n_machines, 1, 1))
    n_units, temperatures = len(mask), np.append(np.asarray(schedule, dtype=float), np.ones(n_sweeps))
    W, b = np.zeros((n_machines, n_units, n_units)), np.zeros((n_machines, n_units))
    codes = np.empty((n_cycles, n_machines), dtype=int)
    for cycle, length in enumerate(np.broadcast_to(steps, n_cycles)):
        difference = np.zeros((n_machines, n_units, n_units + 1))
        for sign, units in ((1.0, range(2 * n, n_units)), (-1.0, range(n_units))):
            x = (rng.random((*shown.shape[:2], n_units)) < 0.5).astype(float)
            if sign > 0:
                x[..., : 2 * n] = rng.random(shown.shape) < np.where(shown == 1, 1.0 - noise[0], noise[1])
            difference = difference + sign * _moments(W, b, x, temperatures, n_sweeps, units, rng)
        change = length * (np.sign(difference) if fixed_step else difference)
        W, b = W + change[..., :-1] * mask, b + change[..., -1]
        codes[cycle] = [n_distinct_codes(p) for p in _hidden_scores(W, b, patterns)]
    return EncoderRun(W, b, codes)


def _moments(
    W: np.ndarray,
    b: np.ndarray,
    x: np.ndarray,
    temperatures: np.ndarray,
    n_sweeps: int,
    units: range,
    rng: np.random.Generator,
) -> np.ndarray:
    """Mean products (M, N, N) and, in a last column, mean states, over the last sweeps of chains x (M, C, N)."""
    total = np.zeros((*W.shape[:2], W.shape[2] + 1))
    for k, temperature in enumerate(temperatures):
        draws = rng.random((len(units), *x.shape[:2]))
        for i, u in zip(units, draws):
            gap = (x @ W[:, :, i, None])[..., 0] + b[:, i, None]
            x[..., i] = u < heat_bath_acceptance(-gap, float(temperature))
        if k >= len(temperatures) - n_sweeps:
            total[..., :-1] += x.transpose(0, 2, 1) @ x
            total[..., -1] += x.sum(axis=1)
    return total / (n_sweeps * x.shape[1])


def _hidden_scores(W: np.ndarray, b: np.ndarray, patterns: np.ndarray) -> np.ndarray:
    """Minus the energy (M, B, 2^H) of all hidden states, up to what does not depend on them."""
    n_visible = patterns.shape[1]
    hidden = all_states(W.shape[1] - n_visible)
    own = np.einsum("ki,mij,kj->mk", hidden, W[:, n_visible:, n_visible:], hidden) / 2
    field = patterns @ W[:, :n_visible, n_visible:] + b[:, None, n_visible:]
    return field @ hidden.T + own[:, None, :]
