r"""Constraint satisfaction (约束满足): write a puzzle into weights, so that its solutions are the states of lowest energy.

Two kinds of constraints suffice for many puzzles. *Exactly one* of a group of units is on, at a price of

.. math:: \Bigl(\sum_{i \in g} x_i - 1\Bigr)^2 = 1 - \sum_{i \in g} x_i + 2 \sum_{i<j \in g} x_i x_j ,

and *at most one*, at a price of one per pair that is on. Both are quadratic, hence weights and biases. A state that
breaks nothing costs 0; all others cost at least 1.

Shapes: N units.

References
----------
Hinton and Sejnowski (1986), Learning and relearning in Boltzmann machines, in Parallel Distributed Processing, volume 1
(weak constraints and the search for the best state).
Lucas (2014), Ising formulations of many NP problems, https://doi.org/10.3389/fphy.2014.00005.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from nndl_support.deep_belief.boltzmann_energy import check_states

__all__ = ["Puzzle", "colouring", "constraint_network", "cost", "queens", "sudoku"]


class Puzzle(NamedTuple):
    """Constraints on binary units.

    Attributes
    ----------
    n_units : int
    exactly_one : list of integer arrays, groups of which exactly one unit is on
    at_most_one : list of integer arrays, groups of which at most one unit is on

    Examples
    --------
    >>> Puzzle(3, [np.array([0, 1])], [np.array([1, 2])]).n_units
    3
    """

    n_units: int
    exactly_one: list[np.ndarray]
    at_most_one: list[np.ndarray]


def constraint_network(puzzle: Puzzle) -> tuple[np.ndarray, np.ndarray, float]:
    """Weights and biases of a Boltzmann machine whose energy is the cost of the puzzle, up to a constant.

    Parameters
    ----------
    puzzle : Puzzle

    Returns
    -------
    (array (N, N), array (N,), float)
        Weights, biases, and the constant: energy + constant = cost.

    Raises
    ------
    ValueError
        When a constraint names a unit that does not exist, or one unit twice.

    Examples
    --------
    >>> constraint_network(Puzzle(2, [np.array([0, 1])], []))
    (array([[ 0., -2.],
           [-2.,  0.]]), array([1., 1.]), 1.0)
    """
    W, b = np.zeros((puzzle.n_units, puzzle.n_units)), np.zeros(puzzle.n_units)
    for groups, price, reward in ((puzzle.exactly_one, 2.0, 1.0), (puzzle.at_most_one, 1.0, 0.0)):
        for group in groups:
            if len(np.unique(group)) != len(group) or not all(0 <= i < puzzle.n_units for i in group):
                raise ValueError(f"a constraint names the units {list(group)}; expected different ones below {len(b)}")
            W[np.ix_(group, group)] -= price
            b[group] += reward
    np.fill_diagonal(W, 0.0)
    return W, b, float(len(puzzle.exactly_one))


def cost(puzzle: Puzzle, x: npt.ArrayLike) -> np.ndarray:
    """What the broken constraints cost, counted group by group.

    Parameters
    ----------
    puzzle : Puzzle
    x : array (..., N), entries 0 or 1

    Returns
    -------
    array (...), 0 for a solution

    Raises
    ------
    ValueError
        When x does not fit.

    Examples
    --------
    >>> cost(Puzzle(3, [np.array([0, 1])], [np.array([1, 2])]), [[0, 0, 0], [1, 0, 1], [0, 1, 1]])
    array([1., 0., 1.])
    """
    states = check_states(x, puzzle.n_units)
    total = np.zeros(states.shape[:-1])
    for group in puzzle.exactly_one:
        total += (states[..., group].sum(axis=-1) - 1) ** 2
    for group in puzzle.at_most_one:
        on = states[..., group].sum(axis=-1)
        total += on * (on - 1) / 2
    return total


def queens(n: int) -> Puzzle:
    """Place n queens on a board of n by n squares so that none attacks another; unit n r + c is the square (r, c).

    Parameters
    ----------
    n : int >= 1

    Returns
    -------
    Puzzle

    Examples
    --------
    >>> int(cost(queens(4), [0, 1, 0, 0, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0, 1, 0]))
    0
    """
    square = np.arange(n * n).reshape(n, n)
    lines = list(square) + list(square.T)
    diagonals = [board.diagonal(k) for board in (square, square[:, ::-1]) for k in range(2 - n, n - 1)]
    return Puzzle(n * n, lines, diagonals)


def sudoku(box: int = 2) -> Puzzle:
    """Sudoku with boxes of box by box cells and as many digits; unit (box^2 r + c) box^2 + d says that cell (r, c) holds digit d.

    Parameters
    ----------
    box : int >= 1; 3 is the usual puzzle, 2 the small one of 4 by 4

    Returns
    -------
    Puzzle

    Examples
    --------
    >>> sudoku(2).n_units, len(sudoku(2).exactly_one)
    (64, 64)
    """
    n = box * box
    unit = np.arange(n**3).reshape(n, n, n)
    boxes = unit.reshape(box, box, box, box, n).transpose(0, 2, 1, 3, 4).reshape(n, n, n)
    groups = [unit[r, c] for r in range(n) for c in range(n)]
    for digit in range(n):
        groups += [unit[r, :, digit] for r in range(n)] + [unit[:, c, digit] for c in range(n)]
        groups += [boxes[k, :, digit] for k in range(n)]
    return Puzzle(n**3, groups, [])


def colouring(n_nodes: int, edges: npt.ArrayLike, n_colours: int) -> Puzzle:
    """Colour the nodes of a graph so that neighbours differ; unit n_colours v + c says that node v has colour c.

    Parameters
    ----------
    n_nodes, n_colours : int >= 1
    edges : integer array (M, 2)

    Returns
    -------
    Puzzle

    Examples
    --------
    >>> int(cost(colouring(2, [[0, 1]], 2), [1, 0, 1, 0]))
    1
    """
    unit = np.arange(n_nodes * n_colours).reshape(n_nodes, n_colours)
    pairs = [
        unit[np.asarray(edge), c] for edge in np.asarray(edges, dtype=int).reshape(-1, 2) for c in range(n_colours)
    ]
    return Puzzle(n_nodes * n_colours, list(unit), pairs)
