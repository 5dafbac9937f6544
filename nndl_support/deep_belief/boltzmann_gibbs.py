r"""Gibbs sampling (吉布斯采样) of a Boltzmann machine: unit after unit tosses a coin that its neighbours have loaded.

.. math:: p(x_i = 1 \mid x_{\setminus i}) = \sigma\!\left(\frac{\sum_j w_{ij} x_j + b_i}{T}\right)

Many chains walk at once: a state is an array (C, N), and one unit of all chains is updated by one product.

Shapes: C chains, N units, K temperatures.

References
----------
Geman and Geman (1984), Stochastic relaxation, Gibbs distributions, and the Bayesian restoration of images, IEEE
Transactions on Pattern Analysis and Machine Intelligence 6(6), https://doi.org/10.1109/TPAMI.1984.4767596.
Qiu (2019), 神经网络与深度学习, theorem 12.1, equations 12.6 to 12.17.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from nndl_support.annealing import heat_bath_acceptance, metropolis_acceptance
from nndl_support.deep_belief.boltzmann_energy import check_network, check_states, energy_gap

__all__ = ["full_conditional", "gibbs_sweep", "random_states", "random_update", "run_chains"]


def full_conditional(W: npt.ArrayLike, b: npt.ArrayLike, x: npt.ArrayLike, *, temperature: float = 1.0) -> np.ndarray:
    r"""Probability of each unit to be on, given the states of all others (theorem 12.1, 全条件概率).

    .. math:: p(x_i = 1 \mid x_{\setminus i}) = \sigma\!\left(\frac{\sum_j w_{ij} x_j + b_i}{T}\right)

    Parameters
    ----------
    W : array (N, N), symmetric with zero diagonal
    b : array (N,)
    x : array (..., N), entries 0 or 1
    temperature : float >= 0, in units of energy, infinity included

    Returns
    -------
    array (..., N), in [0, 1]

    Raises
    ------
    ValueError
        When W, b or x is not what it should be or the temperature is negative.

    Notes
    -----
    As the temperature goes to infinity every unit tosses a fair coin; as it goes to zero a unit becomes a threshold unit of
    Hopfield's network (12.17). On a tie the limit is one half.

    Examples
    --------
    >>> full_conditional([[0, 2], [2, 0]], [-1, -1], [1, 0], temperature=1.0).round(3)
    array([0.269, 0.731])
    >>> full_conditional([[0, 2], [2, 0]], [-1, -1], [1, 0], temperature=0.0)
    array([0., 1.])
    """
    # Switching on changes the energy by minus the gap; the heat bath is the logistic function, at every temperature.
    return heat_bath_acceptance(-energy_gap(W, b, x), temperature)


def random_states(n_chains: int, n_units: int, rng: np.random.Generator) -> np.ndarray:
    """States in which every unit has tossed a fair coin: equilibrium at infinite temperature.

    Parameters
    ----------
    n_chains, n_units : int
    rng : numpy.random.Generator

    Returns
    -------
    array (C, N) of 0.0 and 1.0

    Examples
    --------
    >>> random_states(2, 3, np.random.default_rng(0)).shape
    (2, 3)
    """
    return (rng.random((n_chains, n_units)) < 0.5).astype(float)


def gibbs_sweep(
    W: np.ndarray,
    b: np.ndarray,
    x: np.ndarray,
    *,
    rng: np.random.Generator,
    temperature: float = 1.0,
    units: npt.ArrayLike | None = None,
) -> np.ndarray:
    """One systematic sweep: every unit in turn is drawn from its full conditional, in all chains at once.

    Parameters
    ----------
    W : array (N, N), symmetric with zero diagonal
    b : array (N,)
    x : array (C, N), entries 0 or 1; left alone
    rng : numpy.random.Generator
    temperature : float >= 0, in units of energy
    units : integer array, optional
        The units to update and their order; the others are clamped. All, from first to last, unless given.

    Returns
    -------
    array (C, N)

    Notes
    -----
    Arguments are not checked, because this is the inner loop: ``run_chains`` checks them once.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> gibbs_sweep(np.zeros((3, 3)), np.array([9.0, -9.0, 9.0]), np.zeros((2, 3)), rng=rng, units=[0, 1])
    array([[1., 0., 0.],
           [1., 0., 0.]])
    """
    x = x.copy()
    order = np.arange(len(b)) if units is None else np.asarray(units, dtype=int)
    draws = rng.random((len(order), len(x)))
    for i, u in zip(order, draws):
        x[:, i] = u < heat_bath_acceptance(-(x @ W[:, i] + b[i]), temperature)
    return x


def random_update(
    W: np.ndarray,
    b: np.ndarray,
    x: np.ndarray,
    *,
    rng: np.random.Generator,
    temperature: float = 1.0,
    metropolis: bool = False,
) -> np.ndarray:
    """One update of one unit per chain, chosen at random: drawn from its full conditional, or flipped after Metropolis.

    Parameters
    ----------
    W : array (N, N), symmetric with zero diagonal
    b : array (N,)
    x : array (C, N), entries 0 or 1; left alone
    rng : numpy.random.Generator
    temperature : float >= 0, in units of energy
    metropolis : bool
        Propose the other state and accept it with probability min{1, exp(-change / T)} (algorithm 11.2).

    Returns
    -------
    array (C, N)

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> int(random_update(np.zeros((5, 5)), np.full(5, 9.0), np.zeros((3, 5)), rng=rng, metropolis=True).sum())
    3
    """
    x = x.copy()
    chains, chosen = np.arange(len(x)), rng.integers(len(b), size=len(x))
    state = x[chains, chosen]
    gap = np.sum(x * W[chosen], axis=1) + b[chosen]
    # A flip from 0 to 1 lowers the energy by the gap, one from 1 to 0 raises it by the gap.
    change = np.where(state == 0, -gap, gap)
    accept = (metropolis_acceptance if metropolis else heat_bath_acceptance)(change, temperature)
    x[chains, chosen] = np.where(rng.random(len(x)) < accept, 1.0 - state, state)
    return x


def run_chains(
    W: npt.ArrayLike,
    b: npt.ArrayLike,
    x: npt.ArrayLike,
    temperatures: npt.ArrayLike,
    *,
    rng: np.random.Generator,
    clamped: npt.ArrayLike = (),
    keep_path: bool = False,
) -> np.ndarray:
    """Run chains for one systematic sweep per temperature: sampling when they are equal, annealing when they fall.

    Parameters
    ----------
    W : array (N, N), symmetric with zero diagonal
    b : array (N,)
    x : array (C, N), entries 0 or 1, where the chains start
    temperatures : array (K,), each >= 0, in units of energy
    rng : numpy.random.Generator
    clamped : integer array, units that keep their states
    keep_path : bool
        Whether to return the states at the start and after every sweep.

    Returns
    -------
    array (C, N), the states after the last sweep; or (K + 1, C, N)

    Raises
    ------
    ValueError
        When W, b or x is not what it should be, a temperature is negative or a clamped unit does not exist.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> pair = np.array([[0.0, 5.0], [5.0, 0.0]])
    >>> x = run_chains(pair, np.full(2, -2.5), random_states(400, 2, rng), np.ones(30), rng=rng)
    >>> bool(np.mean(x[:, 0] == x[:, 1]) > 0.8)
    True
    """
    weights, biases = check_network(W, b)
    states = check_states(x, len(biases))
    if states.ndim != 2:
        raise ValueError(f"x has shape {states.shape}, expected (C, {len(biases)}): one row per chain")
    schedule = np.asarray(temperatures, dtype=float)
    if schedule.ndim != 1 or not np.all(schedule >= 0):
        raise ValueError(f"temperatures must be a vector without negative entries, got {temperatures!r}")
    fixed = np.asarray(clamped, dtype=int)
    if fixed.size and not (fixed.min() >= 0 and fixed.max() < len(biases)):
        raise ValueError(f"clamped units must lie in 0 .. {len(biases) - 1}, got {fixed.tolist()}")
    units = np.setdiff1d(np.arange(len(biases)), fixed)
    path = [states]
    for temperature in schedule:
        states = gibbs_sweep(weights, biases, states, rng=rng, temperature=float(temperature), units=units)
        if keep_path:
            path.append(states)
    return np.stack(path) if keep_path else states.copy()
