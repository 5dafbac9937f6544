r"""How much a Hopfield network holds, measured: random patterns, recall from the patterns themselves, networks of several sizes.

Shapes: N units, P patterns, K sizes, L loads.

References
----------
Amit, Gutfreund and Sompolinsky (1987), Statistical mechanics of neural networks near saturation, Annals of Physics 173(1),
https://doi.org/10.1016/0003-4916(87)90092-3 (theory, and the simulation after which this one is made).
"""

import numpy as np
import numpy.typing as npt

from nndl_support.deep_belief.hopfield_dynamics import asynchronous_recall
from nndl_support.deep_belief.hopfield_storage import hebb_weights, projection_weights

__all__ = ["crossing_load", "extrapolate", "load_at", "random_patterns", "recall_overlaps"]

STORAGE = {"hebb": hebb_weights, "pseudo_inverse": projection_weights}


def random_patterns(n_patterns: int, n_units: int, rng: np.random.Generator) -> np.ndarray:
    """Patterns whose entries are tosses of a fair coin.

    Parameters
    ----------
    n_patterns, n_units : int
    rng : numpy.random.Generator

    Returns
    -------
    array (P, N) of -1.0 and 1.0

    Examples
    --------
    >>> random_patterns(2, 3, np.random.default_rng(0))
    array([[ 1.,  1.,  1.],
           [-1., -1., -1.]])
    """
    return 2.0 * rng.integers(0, 2, (n_patterns, n_units)) - 1.0


def recall_overlaps(
    n_units: int, n_patterns: int, *, storage: str = "hebb", n_networks: int = 1, rng: np.random.Generator
) -> np.ndarray:
    r"""Store random patterns, start at each of them, and see how much is left when the network has come to rest.

    .. math:: m^{(\mu)} = \frac1N \sum_i x_i^{(\mu)} s_i

    Parameters
    ----------
    n_units, n_patterns : int
    storage : {"hebb", "pseudo_inverse"}
    n_networks : int, networks to average over
    rng : numpy.random.Generator

    Returns
    -------
    array (n_networks, P)

    Raises
    ------
    ValueError
        When there is no such rule.

    Examples
    --------
    >>> recall_overlaps(100, 3, rng=np.random.default_rng(0))
    array([[1., 1., 1.]])
    """
    if storage not in STORAGE:
        raise ValueError(f"storage is {storage!r}; expected one of {', '.join(STORAGE)}")
    overlaps = []
    for _ in range(n_networks):
        X = random_patterns(n_patterns, n_units, rng)
        end = asynchronous_recall(STORAGE[storage](X), X, rng=rng).states
        overlaps.append((end * X).mean(axis=1))
    return np.array(overlaps)


def load_at(loads: npt.ArrayLike, shares: npt.ArrayLike, level: float = 0.5) -> float:
    """The load at which a falling curve of shares passes a level, between two measured points.

    Parameters
    ----------
    loads : array (L,), rising
    shares : array (L,)
    level : float

    Returns
    -------
    float

    Raises
    ------
    ValueError
        When the curve does not pass the level.

    Examples
    --------
    >>> load_at([0.1, 0.2, 0.3], [1.0, 0.75, 0.25])
    0.25
    """
    x, y = np.asarray(loads, dtype=float), np.asarray(shares, dtype=float)
    passes = np.flatnonzero((y[:-1] >= level) & (y[1:] < level))
    if not len(passes):
        raise ValueError(f"the shares, from {y[0]:g} to {y[-1]:g}, do not fall through {level:g}")
    k = passes[-1]
    return float(x[k] + (x[k + 1] - x[k]) * (y[k] - level) / (y[k] - y[k + 1]))


def crossing_load(loads: npt.ArrayLike, small: npt.ArrayLike, large: npt.ArrayLike) -> float:
    """The load at which the curves of a small and a large network cross.

    Below a sharp transition the larger network does better, above it worse. Where they cross, size makes no difference.

    Parameters
    ----------
    loads : array (L,), rising
    small, large : arrays (L,), shares of recalled patterns

    Returns
    -------
    float, the zero of the difference, linearly between two loads

    Raises
    ------
    ValueError
        When the larger network is not better at first and worse in the end.

    Examples
    --------
    >>> crossing_load([0.1, 0.2, 0.3], [0.8, 0.7, 0.6], [0.9, 0.8, 0.5])
    0.25
    """
    return load_at(loads, np.asarray(large, dtype=float) - np.asarray(small, dtype=float), 0.0)


def extrapolate(sizes: npt.ArrayLike, values: npt.ArrayLike, exponent: float) -> tuple[float, float]:
    r"""The limit of a quantity for infinite networks, from a straight line in a power of the size.

    .. math:: v(N) = v_\infty + c\, N^{-\kappa}

    Parameters
    ----------
    sizes : array (K,), the N
    values : array (K,)
    exponent : float > 0, the kappa

    Returns
    -------
    tuple of two floats, the limit and the root mean square distance of the points from the line

    Examples
    --------
    >>> limit, distance = extrapolate([1, 4, 16], [2.0, 1.5, 1.25], 0.5)
    >>> round(limit, 9), round(distance, 9)
    (1.0, 0.0)
    """
    x, y = np.asarray(sizes, dtype=float) ** -exponent, np.asarray(values, dtype=float)
    slope, limit = np.polyfit(x, y, 1)
    return float(limit), float(np.sqrt(np.mean((limit + slope * x - y) ** 2)))
