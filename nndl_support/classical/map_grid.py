r"""Grids for self-organizing maps: where the units stand, how far apart they are, which of them are adjacent.

Units are counted row by row: unit j of a grid of R rows and C columns stands in row j // C, column j % C.
The distance between direct neighbours is 1, on every grid.

Shapes: M = R C units.

References
----------
Kohonen (2001), Self-organizing maps, third edition, Springer, https://doi.org/10.1007/978-3-642-56927-2, chapter 3.
"""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Integral

import numpy as np

TOPOLOGIES = ("rectangular", "hexagonal")
_ROW_HEIGHT = {"rectangular": 1.0, "hexagonal": np.sqrt(3) / 2}


def check_grid(shape: Sequence[int], topology: str = "rectangular", toroidal: bool = False) -> tuple[int, int]:
    """Return (rows, columns), or say what is wrong with the grid.

    Parameters
    ----------
    shape : two integers >= 1, rows and columns
    topology : {"rectangular", "hexagonal"}
    toroidal : bool
        Glue the right edge to the left one, and the bottom to the top.

    Returns
    -------
    (int, int)

    Raises
    ------
    ValueError
        When shape is not two whole numbers >= 1, the topology is unknown, or a hexagonal torus has an odd number of
        rows: every other row is shifted by half a unit, so the first and the last row would not fit together.

    Examples
    --------
    >>> check_grid([3, 5])
    (3, 5)
    """
    sizes = tuple(shape) if isinstance(shape, Sequence | np.ndarray) else shape
    if (
        not isinstance(sizes, tuple)
        or len(sizes) != 2
        or not all(isinstance(size, Integral) and not isinstance(size, bool) and size >= 1 for size in sizes)
    ):
        raise ValueError(f"shape must be two whole numbers (rows, columns), both at least 1, got {shape!r}")
    if topology not in TOPOLOGIES:
        raise ValueError(f"topology must be one of {TOPOLOGIES}, got {topology!r}")
    rows, columns = int(sizes[0]), int(sizes[1])
    if toroidal and topology == "hexagonal" and rows % 2:
        raise ValueError(f"a hexagonal torus needs an even number of rows, got {rows}")
    return rows, columns


def unit_positions(shape: Sequence[int], topology: str = "rectangular") -> np.ndarray:
    """Where the units stand in the plane.

    Parameters
    ----------
    shape : (rows, columns)
    topology : {"rectangular", "hexagonal"}
        On the hexagonal grid every odd row is shifted by half a unit to the right, and rows are sqrt(3)/2 apart.

    Returns
    -------
    array (M, 2): x grows with the column, y with the row

    Examples
    --------
    >>> unit_positions((2, 2), "hexagonal").round(3)
    array([[0.   , 0.   ],
           [1.   , 0.   ],
           [0.5  , 0.866],
           [1.5  , 0.866]])
    """
    rows, columns = check_grid(shape, topology)
    row, column = np.divmod(np.arange(rows * columns), columns)
    shift = 0.5 * (row % 2) if topology == "hexagonal" else 0.0
    return np.column_stack([column + shift, row * _ROW_HEIGHT[topology]])


def unit_distances(shape: Sequence[int], topology: str = "rectangular", *, toroidal: bool = False) -> np.ndarray:
    """Euclidean distance between every two units on the grid; around a torus, along the shorter way.

    Parameters
    ----------
    shape : (rows, columns)
    topology : {"rectangular", "hexagonal"}
    toroidal : bool

    Returns
    -------
    array (M, M), in units of the distance between direct neighbours

    Notes
    -----
    The two periods of the torus are at right angles, so the shorter way is found in each direction on its own.

    Examples
    --------
    >>> unit_distances((1, 5))[0]
    array([0., 1., 2., 3., 4.])
    >>> unit_distances((1, 5), toroidal=True)[0]
    array([0., 1., 2., 2., 1.])
    """
    rows, columns = check_grid(shape, topology, toroidal)
    position = unit_positions(shape, topology)
    difference = position[:, None] - position[None]
    if toroidal:
        period = np.array([columns, rows * _ROW_HEIGHT[topology]])
        difference -= period * np.round(difference / period)
    return np.sqrt((difference**2).sum(axis=2))


def adjacent_units(shape: Sequence[int], topology: str = "rectangular", *, toroidal: bool = False) -> np.ndarray:
    """Which units touch: the 8 around a unit (also across a corner) on a rectangular grid, the 6 on a hexagonal one.

    Parameters
    ----------
    shape : (rows, columns)
    topology : {"rectangular", "hexagonal"}
    toroidal : bool

    Returns
    -------
    bool array (M, M), symmetric, False on the diagonal

    Examples
    --------
    >>> adjacent_units((3, 3)).sum(axis=1).reshape(3, 3)
    array([[3, 5, 3],
           [5, 8, 5],
           [3, 5, 3]])
    """
    distance = unit_distances(shape, topology, toroidal=toroidal)
    # The next distances after the adjacent ones are 2 (rectangular, after sqrt(2)) and sqrt(3) (hexagonal, after 1).
    reach = 1.5 if topology == "rectangular" else 1.25
    return (distance > 0) & (distance < reach)
