"""Puzzles in weights: energy is cost, and the states that cost nothing are the solutions that others count."""

from itertools import permutations, product

import numpy as np
import pytest

from nndl_support.annealing import geometric_schedule
from nndl_support.deep_belief.boltzmann_distribution import all_states
from nndl_support.deep_belief.boltzmann_energy import energy
from nndl_support.deep_belief.boltzmann_gibbs import random_states, run_chains
from nndl_support.deep_belief.constraint_satisfaction import (
    Puzzle,
    colouring,
    constraint_network,
    cost,
    queens,
    sudoku,
)

RING = np.array([[k, (k + 1) % 5] for k in range(5)])
PUZZLES = {"queens": queens(5), "sudoku": sudoku(2), "colouring": colouring(5, RING, 3)}


@pytest.mark.parametrize("name", PUZZLES)
def test_energy_is_cost_up_to_the_constant(name):
    puzzle = PUZZLES[name]
    W, b, constant = constraint_network(puzzle)
    x = random_states(200, puzzle.n_units, np.random.default_rng(0))
    np.testing.assert_allclose(energy(W, b, x) + constant, cost(puzzle, x), atol=1e-9)


def attacks(board):
    """By the rules of chess."""
    places = list(zip(*np.nonzero(board)))
    return any(r == p or c == q or abs(r - p) == abs(c - q) for k, (r, c) in enumerate(places) for p, q in places[:k])


def test_four_queens_have_two_solutions_among_all_states():
    x = all_states(16)
    free = x[cost(queens(4), x) == 0]
    assert len(free) == 2
    assert all(board.sum() == 4 and not attacks(board.reshape(4, 4)) for board in free)


@pytest.mark.parametrize(("n", "n_solutions"), [(1, 1), (2, 0), (3, 0), (4, 2), (5, 10), (6, 4), (7, 40)])
def test_permutations_that_cost_nothing_are_as_many_as_is_known(n, n_solutions):
    boards = np.array([np.eye(n)[list(rows)].ravel() for rows in permutations(range(n))])
    assert np.sum(cost(queens(n), boards) == 0) == n_solutions


def test_the_small_sudoku_has_288_solutions():
    lines = np.array(list(permutations(range(4))))
    grids = np.array([np.stack(rows) for rows in product(lines, repeat=4) if len({r[0] for r in rows}) == 4])
    x = np.eye(4)[grids].reshape(len(grids), 64)
    assert np.sum(cost(sudoku(2), x) == 0) == 288


def test_a_ring_of_five_has_thirty_colourings_with_three_colours():
    """(k - 1)^n + (-1)^n (k - 1) proper colourings of a ring of n nodes with k colours."""
    x = all_states(15)
    assert np.sum(cost(PUZZLES["colouring"], x) == 0) == 2**5 - 2


@pytest.mark.parametrize("seed", range(4))
def test_a_falling_temperature_solves_five_queens(seed):
    puzzle, rng = queens(5), np.random.default_rng(seed)
    W, b, _ = constraint_network(puzzle)
    schedule = np.append(geometric_schedule(2.0, 0.15, 60), np.zeros(3))
    x = run_chains(W, b, random_states(60, 25, rng), schedule, rng=rng)
    solved = x[cost(puzzle, x) == 0]
    assert len(solved) > 30
    assert not any(attacks(board.reshape(5, 5)) for board in solved)


def test_the_boxes_of_a_large_sudoku_are_its_nine_squares():
    puzzle = sudoku(3)
    assert puzzle.n_units == 729
    assert len(puzzle.exactly_one) == 81 + 3 * 81
    cells = {tuple(sorted(divmod(int(u) // 9, 9) for u in group)) for group in puzzle.exactly_one}
    assert tuple((r, c) for r in (3, 4, 5) for c in (6, 7, 8)) in cells


def test_mistakes_are_named():
    with pytest.raises(ValueError, match="expected different ones below 2"):
        constraint_network(Puzzle(2, [np.array([0, 0])], []))
    with pytest.raises(ValueError, match="expected different ones below 2"):
        constraint_network(Puzzle(2, [], [np.array([1, 2])]))
    with pytest.raises(ValueError, match="the machine has 25 units"):
        cost(queens(5), np.zeros(24))
