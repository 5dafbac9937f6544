r"""The Boltzmann distribution over enumerated states, its thermodynamics, and two distances between distributions.

.. math:: p(s) = \frac1Z e^{-E(s)/T}, \qquad Z = \sum_s e^{-E(s)/T}

Boltzmann's constant is 1 here, so that temperatures are measured in units of energy and entropies in nats.

Shapes: S states, n binary units with S = 2^n.

References
----------
Qiu (2019), 神经网络与深度学习, equations 12.3 to 12.5.
Boltzmann (1868), Studien über das Gleichgewicht der lebendigen Kraft zwischen bewegten materiellen Punkten.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.special import logsumexp, xlogy

__all__ = [
    "MAX_UNITS",
    "all_states",
    "boltzmann_probabilities",
    "entropy",
    "free_energy",
    "internal_energy",
    "kl_divergence",
    "log_partition",
    "total_variation",
]

#: More binary units than this are not enumerated: 2^20 rows of 20 numbers are 168 MB.
MAX_UNITS = 20


def all_states(n: int) -> np.ndarray:
    """All states of n binary units, in the order in which one counts.

    Parameters
    ----------
    n : int, 0 <= n <= 20

    Returns
    -------
    array (2^n, n) of 0.0 and 1.0; the first unit changes slowest, so row k is k written in binary

    Raises
    ------
    ValueError
        When n is negative or so large that the table would not fit.

    Examples
    --------
    >>> all_states(2)
    array([[0., 0.],
           [0., 1.],
           [1., 0.],
           [1., 1.]])
    """
    if not 0 <= n <= MAX_UNITS:
        raise ValueError(
            f"{n} units have {f'2^{n}' if n < 0 else f'{2**n:,}'} states; this table goes from 0 to {MAX_UNITS} units"
        )
    return (np.arange(2**n)[:, None] >> np.arange(n - 1, -1, -1) & 1).astype(float)


def log_partition(energies: npt.ArrayLike, temperature: float) -> float:
    r"""Logarithm of the partition function, :math:`\ln Z`.

    Parameters
    ----------
    energies : array (S,)
    temperature : float > 0, in units of energy, infinity included

    Returns
    -------
    float, in nats

    Raises
    ------
    ValueError
        When the temperature is not positive or an energy is not a number.

    Examples
    --------
    >>> log_partition([0.0, 0.0, 0.0], 1.0)  # ln 3
    1.098...
    """
    values = _check(energies, temperature)
    if temperature == 0:
        raise ValueError("at temperature 0 the partition function is 0 or infinite: give a positive temperature")
    return float(logsumexp(-values / temperature))


def boltzmann_probabilities(energies: npt.ArrayLike, temperature: float) -> np.ndarray:
    r"""Probabilities of enumerated states at thermal equilibrium, the two limits of the temperature included.

    .. math:: p(s) = \frac1Z e^{-E(s)/T}

    Parameters
    ----------
    energies : array (S,)
    temperature : float >= 0, in units of energy. At 0 the states of lowest energy share all probability evenly, at
        infinity all states do

    Returns
    -------
    array (S,), sums to one

    Raises
    ------
    ValueError
        When the temperature is negative or an energy is not a number.

    Notes
    -----
    ``nndl_support.annealing.boltzmann_distribution`` is the same formula without the limits.

    Examples
    --------
    >>> boltzmann_probabilities([0.0, np.log(3.0)], 1.0)
    array([0.75, 0.25])
    >>> boltzmann_probabilities([2.0, 1.0, 1.0], 0.0)
    array([0. , 0.5, 0.5])
    """
    values = _check(energies, temperature)
    if temperature == 0:
        lowest = (values == values.min()).astype(float)
        return lowest / lowest.sum()
    scaled = -values / temperature
    return np.exp(scaled - logsumexp(scaled))


def internal_energy(energies: npt.ArrayLike, temperature: float) -> float:
    r"""Mean energy at thermal equilibrium, :math:`U = \sum_s p(s) E(s)`.

    Parameters
    ----------
    energies : array (S,)
    temperature : float >= 0, in units of energy

    Returns
    -------
    float, in units of energy

    Examples
    --------
    >>> internal_energy([0.0, 4.0], np.inf)
    2.0
    """
    return float(boltzmann_probabilities(energies, temperature) @ np.asarray(energies, dtype=float))


def entropy(p: npt.ArrayLike) -> float:
    r"""Shannon's entropy, :math:`S = -\sum_s p(s) \ln p(s)`, which is Gibbs' entropy when Boltzmann's constant is 1.

    Parameters
    ----------
    p : array (S,), probabilities

    Returns
    -------
    float, in nats

    Examples
    --------
    >>> entropy([0.5, 0.5, 0.0])  # ln 2
    0.693...
    """
    probabilities = _probabilities(p, "p")
    return float(-xlogy(probabilities, probabilities).sum())


def free_energy(energies: npt.ArrayLike, temperature: float) -> float:
    r"""Helmholtz' free energy, computed from the partition function; it equals :math:`U - TS`.

    .. math:: F = -T \ln Z

    Parameters
    ----------
    energies : array (S,)
    temperature : float > 0, in units of energy

    Returns
    -------
    float, in units of energy

    Examples
    --------
    >>> E, T = [0.0, 1.0, 3.0], 2.0
    >>> U, S = internal_energy(E, T), entropy(boltzmann_probabilities(E, T))
    >>> bool(np.isclose(free_energy(E, T), U - T * S))
    True
    """
    return -temperature * log_partition(energies, temperature)


def total_variation(p: npt.ArrayLike, q: npt.ArrayLike) -> float:
    r"""Total variation: the greatest difference between the probabilities that p and q give to any event.

    .. math:: d(p, q) = \tfrac12 \sum_s |p(s) - q(s)|

    Parameters
    ----------
    p, q : array (S,), probabilities

    Returns
    -------
    float in [0, 1]

    Raises
    ------
    ValueError
        When the sizes differ or an argument is no distribution.

    Examples
    --------
    >>> total_variation([0.5, 0.5, 0.0], [0.25, 0.25, 0.5])
    0.5
    """
    first, second = _pair(p, q)
    return float(np.abs(first - second).sum() / 2)


def kl_divergence(p: npt.ArrayLike, q: npt.ArrayLike) -> float:
    r"""Kullback and Leibler's divergence of q from p.

    .. math:: \mathrm{KL}(p \,\|\, q) = \sum_s p(s) \ln \frac{p(s)}{q(s)}

    Parameters
    ----------
    p, q : array (S,), probabilities

    Returns
    -------
    float >= 0, in nats; infinite when q forbids what p does

    Raises
    ------
    ValueError
        When the sizes differ or an argument is no distribution.

    Examples
    --------
    >>> kl_divergence([1.0, 0.0], [0.5, 0.5])  # ln 2
    0.693...
    """
    first, second = _pair(p, q)
    if np.any((second == 0) & (first > 0)):
        return float("inf")
    positive = first > 0
    return float(max(0.0, np.sum(first[positive] * np.log(first[positive] / second[positive]))))


def _check(energies: npt.ArrayLike, temperature: float) -> np.ndarray:
    values = np.asarray(energies, dtype=float)
    if values.ndim != 1 or not len(values) or np.isnan(values).any():
        raise ValueError(f"energies must be a vector of numbers, one per state, got shape {values.shape}")
    if not temperature >= 0:
        raise ValueError(f"temperature must not be negative, got {temperature}")
    return values


def _probabilities(p: npt.ArrayLike, name: str) -> np.ndarray:
    values = np.asarray(p, dtype=float)
    if values.ndim != 1 or not np.all(values >= 0) or not np.isclose(values.sum(), 1.0, atol=1e-6):
        raise ValueError(f"{name} must be a vector of probabilities that sum to one, got shape {values.shape}")
    return values


def _pair(p: npt.ArrayLike, q: npt.ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    first, second = _probabilities(p, "p"), _probabilities(q, "q")
    if len(first) != len(second):
        raise ValueError(f"p has {len(first)} states, but q has {len(second)}")
    return first, second
