r"""Hopfield and Tank's network for the travelling salesman (旅行商问题): graded units, one per city and place in the tour.

Unit (x, i) says "city x comes i-th". Its output :math:`V_{xi} = \frac12 (1 + \tanh(u_{xi} / u_0))` lies between 0 and 1, its
input u leaks, and the energy has three terms that ask for a valid tour and one that asks for a short one:

.. math::

    E = \frac A2 \sum_x \sum_{i \ne j} V_{xi} V_{xj} + \frac B2 \sum_i \sum_{x \ne y} V_{xi} V_{yi}
        + \frac C2 \Big(\sum_{x,i} V_{xi} - \tilde n\Big)^2 + \frac D2 \sum_{x,y,i} d_{xy} V_{xi} (V_{y,i+1} + V_{y,i-1})

.. math:: \frac{du_{xi}}{dt} = -u_{xi} - \frac{\partial E}{\partial V_{xi}}

Shapes: R runs, n cities, n places.

References
----------
Hopfield and Tank (1985), "Neural" computation of decisions in optimization problems, Biological Cybernetics 52(3),
https://doi.org/10.1007/BF00339943.
Wilson and Pawley (1988), On the stability of the travelling salesman problem algorithm of Hopfield and Tank, Biological
Cybernetics 58(1), https://doi.org/10.1007/BF00363956.
"""

from dataclasses import dataclass
from itertools import permutations

import numpy as np
import numpy.typing as npt

__all__ = ["Penalties", "all_tours", "read_tours", "run_tank", "tank_energy", "tank_forces", "tour_lengths"]


@dataclass(frozen=True)
class Penalties:
    """The constants of the energy, with the values of 1985.

    Attributes
    ----------
    row : float, the A: a city in two places
    column : float, the B: two cities in one place
    total : float, the C: too many or too few units on
    distance : float, the D
    excess : float, the number of units that the third term asks for, as a multiple of n; 1.5 in 1985, to make up for the pull
        of the other terms
    """

    row: float = 500.0
    column: float = 500.0
    total: float = 200.0
    distance: float = 500.0
    excess: float = 1.5


def all_tours(n_cities: int) -> np.ndarray:
    """Every closed tour once: it starts in city 0, and of the two directions the one with the smaller second city is listed.

    Parameters
    ----------
    n_cities : int, 3 to 10

    Returns
    -------
    array ((n - 1)! / 2, n) of int

    Raises
    ------
    ValueError
        When there are too few cities for a tour, or too many to list.

    Examples
    --------
    >>> all_tours(4)
    array([[0, 1, 2, 3],
           [0, 1, 3, 2],
           [0, 2, 1, 3]])
    """
    if not 3 <= n_cities <= 10:
        raise ValueError(f"{n_cities} cities: expected 3 to 10, since all (n - 1)! / 2 tours are listed")
    rest = np.array(list(permutations(range(1, n_cities))), dtype=np.int8)
    rest = rest[rest[:, 0] < rest[:, -1]].astype(int)
    return np.hstack([np.zeros((len(rest), 1), dtype=int), rest])


def tour_lengths(distances: npt.ArrayLike, tours: npt.ArrayLike) -> np.ndarray:
    """Length of closed tours.

    Parameters
    ----------
    distances : array (n, n)
    tours : array (B, n) of int, the cities in their order

    Returns
    -------
    array (B,), in the unit of the distances

    Examples
    --------
    >>> tour_lengths([[0, 1, 2], [1, 0, 4], [2, 4, 0]], [[0, 1, 2]])
    array([7.])
    """
    order = np.asarray(tours)
    return np.asarray(distances, dtype=float)[order, np.roll(order, -1, axis=1)].sum(axis=1)


def tank_energy(V: npt.ArrayLike, distances: npt.ArrayLike, penalties: Penalties = Penalties()) -> np.ndarray:
    """The energy E of the module's formula, without the part of the leak.

    Parameters
    ----------
    V : array (R, n, n), outputs; rows are cities, columns places
    distances : array (n, n), symmetric
    penalties : Penalties

    Returns
    -------
    array (R,)

    Raises
    ------
    ValueError
        When sizes do not fit.

    Examples
    --------
    >>> tour, d = np.eye(3)[None], np.array([[0.0, 1, 2], [1, 0, 4], [2, 4, 0]])
    >>> tank_energy(tour, d, Penalties(excess=1.0)) / 500  # a valid tour pays for its length alone
    array([7.])
    """
    v, d, p = *_fitting(V, distances), penalties
    rows, columns = v.sum(axis=2), v.sum(axis=1)
    squares = (v**2).sum(axis=(1, 2))
    beside = np.roll(v, 1, axis=2) + np.roll(v, -1, axis=2)
    return (
        p.row / 2 * ((rows**2).sum(axis=1) - squares)
        + p.column / 2 * ((columns**2).sum(axis=1) - squares)
        + p.total / 2 * (v.sum(axis=(1, 2)) - p.excess * len(d)) ** 2
        + p.distance / 2 * np.einsum("rxi,xy,ryi->r", v, d, beside)
    )


def tank_forces(V: npt.ArrayLike, distances: npt.ArrayLike, penalties: Penalties = Penalties()) -> np.ndarray:
    r"""What the other units tell each unit, :math:`-\partial E / \partial V`.

    Parameters
    ----------
    V : array (R, n, n)
    distances : array (n, n), symmetric
    penalties : Penalties

    Returns
    -------
    array (R, n, n)

    Examples
    --------
    >>> tank_forces(np.zeros((1, 3, 3)), np.zeros((3, 3)))[0, 0]  # nobody is on: all are asked to
    array([900., 900., 900.])
    """
    v, d, p = *_fitting(V, distances), penalties
    return -(
        p.row * (v.sum(axis=2, keepdims=True) - v)
        + p.column * (v.sum(axis=1, keepdims=True) - v)
        + p.total * (v.sum(axis=(1, 2), keepdims=True) - p.excess * len(d))
        + p.distance * (d @ (np.roll(v, 1, axis=2) + np.roll(v, -1, axis=2)))
    )


def run_tank(
    distances: npt.ArrayLike,
    n_runs: int,
    *,
    rng: np.random.Generator,
    penalties: Penalties = Penalties(),
    gain: float = 0.02,
    step: float = 1e-5,
    n_steps: int = 2000,
) -> np.ndarray:
    """Let many networks run from outputs of about 1/n, each with its own little noise.

    Parameters
    ----------
    distances : array (n, n), symmetric
    n_runs : int
    rng : numpy.random.Generator
    penalties : Penalties
    gain : float > 0, the u_0: how far an input must move to change an output
    step : float > 0, of Euler's method, in units of the leak's time constant
    n_steps : int

    Returns
    -------
    array (R, n, n), the outputs at the end

    Raises
    ------
    ValueError
        When distances are not a square, symmetric table.

    Examples
    --------
    >>> d = np.array([[0.0, 1, 1], [1, 0, 1], [1, 1, 0]])
    >>> run_tank(d, 2, rng=np.random.default_rng(0)).shape
    (2, 3, 3)
    """
    d = np.asarray(distances, dtype=float)
    n = len(d)
    # Outputs of 1/n on average, inputs off by at most a tenth of the gain.
    u = gain * np.arctanh(2.0 / n - 1.0) + gain * rng.uniform(-0.1, 0.1, (n_runs, n, n))
    for _ in range(n_steps):
        V = 0.5 * (1.0 + np.tanh(u / gain))
        u += step * (tank_forces(V, d, penalties) - u)
    return 0.5 * (1.0 + np.tanh(u / gain))


def read_tours(V: npt.ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """Which runs ended in a tour, and in which: units above one half are on.

    Parameters
    ----------
    V : array (R, n, n)

    Returns
    -------
    tuple of an array (R,) of bool, whether exactly one unit is on in every row and in every column, and an array (R, n) of int,
    the city in each place; rows of runs that are not valid say -1

    Examples
    --------
    >>> valid, tours = read_tours([[[0.9, 0.1], [0.2, 0.8]], [[0.9, 0.7], [0.2, 0.1]]])
    >>> valid.tolist(), tours.tolist()
    ([True, False], [[0, 1], [-1, -1]])
    """
    on = np.asarray(V, dtype=float) > 0.5
    valid = (on.sum(axis=1) == 1).all(axis=1) & (on.sum(axis=2) == 1).all(axis=1)
    return valid, np.where(valid[:, None], on.argmax(axis=1), -1)


def _fitting(V: npt.ArrayLike, distances: npt.ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    v, d = np.asarray(V, dtype=float), np.asarray(distances, dtype=float)
    if d.ndim != 2 or d.shape[0] != d.shape[1] or not np.array_equal(d, d.T):
        raise ValueError(f"distances of shape {d.shape} must be a symmetric table (n, n) without NaN")
    if v.ndim != 3 or v.shape[1:] != d.shape:
        raise ValueError(f"outputs of shape {v.shape} do not fit {len(d)} cities: expected (R, {len(d)}, {len(d)})")
    return v, d
