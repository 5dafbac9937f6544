r"""Even sets of points in the unit cube, and in boxes: where all sampling of domains begins.

Three methods: "sobol", a scrambled Sobol sequence, which leaves smaller gaps than chance does; "uniform", independent draws;
"grid", the centres of equal cells.

Shapes: n points.

References
----------
Sobol' (1967), On the distribution of points in a cube and the approximate evaluation of integrals, USSR Computational Mathematics
and Mathematical Physics 7(4), https://doi.org/10.1016/0041-5553(67)90144-9.
Owen (1998), Scrambling Sobol' and Niederreiter-Xing points, Journal of Complexity 14(4), https://doi.org/10.1006/jcom.1998.0487.
Rejection (of points outside): Devroye (1986), Non-Uniform Random Variate Generation, Springer,
https://doi.org/10.1007/978-1-4613-8643-8, section II.3.

Examples
--------
>>> check_request(3, "sobol", np.random.default_rng(0))
"""

from collections.abc import Callable
from numbers import Integral

import numpy as np
from scipy.stats import qmc

METHODS = ("sobol", "uniform", "grid")


def cell_centres(low: np.ndarray, high: np.ndarray, spacing: float) -> np.ndarray:
    """Centres of the cells of a box, all coordinates cut into equal parts of about the same size.

    Parameters
    ----------
    low, high : array (d,)
    spacing : float > 0
        Wanted size of a cell.

    Returns
    -------
    array (n, d)

    Examples
    --------
    >>> cell_centres(np.zeros(1), np.ones(1), 0.24).ravel()
    array([0.125, 0.375, 0.625, 0.875])
    """
    counts = np.maximum(1, np.rint((high - low) / spacing)).astype(int)
    axes = [a + (np.arange(m) + 0.5) * (b - a) / m for a, b, m in zip(low, high, counts)]
    return np.stack([axis.ravel() for axis in np.meshgrid(*axes, indexing="ij")], axis=1)


def split_by_measure(u: np.ndarray, measures: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Give every number in [0, 1) to one of K parts, in proportion to their measure.

    Parameters
    ----------
    u : array (n,)
    measures : array (K,), positive

    Returns
    -------
    part : array (n,) of int
    within : array (n,)
        How far into its part the number lies, from 0 to 1.

    Examples
    --------
    >>> part, within = split_by_measure(np.array([0.0, 0.5, 0.75]), np.array([1.0, 1.0]))
    >>> part.tolist(), within.tolist()
    ([0, 1, 1], [0.0, 0.0, 0.5])
    """
    share = measures / measures.sum()
    ends = np.cumsum(share)
    part = np.minimum(np.searchsorted(ends, u, side="right"), len(share) - 1)
    return part, np.clip((u - ends[part]) / share[part] + 1, 0, 1)


def check_request(n: int, method: str, rng: np.random.Generator) -> None:
    """Refuse a number of points, a method or a source of randomness that cannot be used.

    Parameters
    ----------
    n : int >= 1
    method : str
        "sobol", "uniform" or "grid".
    rng : numpy.random.Generator

    Raises
    ------
    ValueError
        For another n or method.
    TypeError
        For another source of randomness, such as a seed.
    """
    if not isinstance(n, Integral) or isinstance(n, bool) or n < 1:
        raise ValueError(f"n must be a whole number of at least 1, but is {n!r}")
    if method not in METHODS:
        raise ValueError(f"method must be 'sobol', 'uniform' or 'grid', but is {method!r}")
    if not isinstance(rng, np.random.Generator):
        raise TypeError(f"rng must be a numpy.random.Generator, but is {rng!r}")


def first_kept(
    n: int,
    columns: int,
    place: Callable[[np.ndarray], tuple[np.ndarray, ...]],
    *,
    method: str,
    rng: np.random.Generator,
) -> list[np.ndarray]:
    """First n rows that a map keeps of an endless sequence in the unit cube, so that they follow one another evenly.

    Parameters
    ----------
    n : int >= 1
    columns : int
        Dimension of the cube.
    place : function of an array (M, columns)
        Returns arrays of M rows, the last of them of bool: which rows to keep.
    method : str
        "sobol" or "uniform".
    rng : numpy.random.Generator

    Returns
    -------
    list of arrays of n rows
        What ``place`` returned, but for the last.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> (low,) = first_kept(100, 2, lambda u: (u, u[:, 0] < 0.1), method="sobol", rng=rng)
    >>> low.shape, low[:, 0].max() < 0.1
    ((100, 2), np.True_)
    """
    draw = _sobol_stream(columns, rng) if method == "sobol" else lambda count: rng.random((count, columns))
    found: list[list[np.ndarray]] = []
    missing, batch = n, n
    while missing > 0:
        u = draw(batch)
        *arrays, kept = place(u)
        found.append([array[kept] for array in arrays])
        missing -= int(kept.sum())
        batch = int(1.2 * missing * len(u) / max(1, kept.sum())) + 1
    return [np.concatenate(parts)[:n] for parts in zip(*found)]


def _sobol_stream(columns: int, rng: np.random.Generator) -> Callable[[int], np.ndarray]:
    """Draws at least so many further points of one scrambled sequence."""
    engine = qmc.Sobol(columns, rng=rng)
    # Powers of two keep the sequence balanced; half a step of its 30 bits keeps its points away from 0.
    return lambda count: engine.random(2 ** (count - 1).bit_length()) + 0.5**31
