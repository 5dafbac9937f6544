r"""The encoder problem: two groups of units must agree through a bottleneck (瓶颈) of hidden units.

In the 4-2-4 encoder one unit of each visible group of four is on, the same in both. The groups are not connected with each
other, so that the two hidden units must carry the message: four patterns, two bits, one code each.

Shapes: n units in each visible group, D = 2 n visible, H hidden, N = D + H units.

References
----------
Ackley, Hinton and Sejnowski (1985), A learning algorithm for Boltzmann machines, Cognitive Science 9(1), 147-169,
https://doi.org/10.1207/s15516709cog0901_7, section 4.
"""

from __future__ import annotations

import numpy as np

__all__ = ["encoder_connections", "encoder_patterns", "n_distinct_codes"]


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
