"""Maximum cut: energy and cut are one number; dynamic programming against enumeration."""

import numpy as np
import pytest

from nndl_support.annealing import geometric_schedule
from nndl_support.deep_belief.boltzmann_distribution import all_states
from nndl_support.deep_belief.boltzmann_energy import energy
from nndl_support.deep_belief.boltzmann_gibbs import random_states, run_chains
from nndl_support.deep_belief.hopfield_dynamics import asynchronous_recall
from nndl_support.deep_belief.hopfield_dynamics import energy as hopfield_energy
from nndl_support.deep_belief.max_cut import (
    cut_network,
    cut_value,
    grid_graph,
    grid_maximum_cut,
    maximum_cut,
    random_graph,
    spin_network,
)


def weighted_graph(n, seed=0):
    A = np.triu(np.random.default_rng(seed).normal(size=(n, n)), 1)
    return A + A.T


def test_the_cut_is_minus_the_energy_and_counts_edges_between_the_sides():
    A = weighted_graph(7)
    for x in all_states(7)[::3]:
        by_hand = sum(A[i, j] for i in range(7) for j in range(i) if x[i] != x[j])
        assert cut_value(A, x) == pytest.approx(by_hand, abs=1e-12)
        assert energy(*cut_network(A), x) == pytest.approx(-by_hand, abs=1e-12)


def test_exchanging_the_sides_changes_nothing():
    A, x = weighted_graph(7, 1), all_states(7)
    np.testing.assert_allclose(cut_value(A, x), cut_value(A, 1 - x), atol=1e-12)


@pytest.mark.parametrize("seed", range(3))
def test_the_maximum_is_the_best_of_all_states(seed):
    A = weighted_graph(8, seed)
    value, x = maximum_cut(A)
    assert value == pytest.approx(cut_value(A, all_states(8)).max(), abs=1e-12)
    assert cut_value(A, x) == pytest.approx(value)
    assert x[0] == 0


def test_known_graphs_have_their_known_cuts():
    ring = np.roll(np.eye(7), 1, axis=1) + np.roll(np.eye(7), -1, axis=1)
    assert maximum_cut(ring)[0] == 6  # an odd ring has one edge too many
    assert maximum_cut(random_graph(6, 1.0, np.random.default_rng(0)))[0] == 9  # 3 against 3
    bipartite = np.block([[np.zeros((3, 3)), np.ones((3, 4))], [np.ones((4, 3)), np.zeros((4, 4))]])
    assert maximum_cut(bipartite)[0] == 12


@pytest.mark.parametrize(("rows", "columns"), [(1, 5), (3, 4), (5, 3), (2, 7)])
def test_dynamic_programming_on_a_grid_is_enumeration(rows, columns):
    rng = np.random.default_rng(rows)
    across, down = rng.normal(size=(rows, columns - 1)), rng.normal(size=(rows - 1, columns))
    A = grid_graph(across, down)
    assert grid_maximum_cut(across, down) == pytest.approx(maximum_cut(A)[0], abs=1e-12)
    assert np.count_nonzero(A) == 2 * (across.size + down.size)


@pytest.mark.parametrize("seed", range(4))
def test_annealing_finds_the_maximum_of_a_small_grid(seed):
    rng = np.random.default_rng(seed)
    across, down = rng.choice([-1.0, 1.0], size=(6, 4)), rng.choice([-1.0, 1.0], size=(5, 5))
    A, best = grid_graph(across, down), grid_maximum_cut(across, down)
    schedule = np.append(geometric_schedule(4.0, 0.3, 80), np.zeros(3))
    cuts = cut_value(A, run_chains(*cut_network(A), random_states(60, 30, rng), schedule, rng=rng))
    assert cuts.max() == best
    assert np.mean(cuts) > 0.85 * best


def test_mistakes_are_named():
    with pytest.raises(ValueError, match=r"A has shape \(2, 3\), expected \(N, N\)"):
        cut_network(np.zeros((2, 3)))
    with pytest.raises(ValueError, match="symmetric with zeros on its diagonal"):
        maximum_cut(np.eye(3))
    with pytest.raises(ValueError, match="the machine has 3 nodes"):
        cut_value(np.zeros((3, 3)), [0, 1])
    with pytest.raises(ValueError, match=r"horizontal has shape \(2, 2\) and vertical \(2, 3\)"):
        grid_graph(np.zeros((2, 2)), np.zeros((2, 3)))
    with pytest.raises(ValueError, match="a row of 11 nodes has 2,048 states"):
        grid_maximum_cut(np.zeros((2, 10)), np.zeros((1, 11)))
    with pytest.raises(ValueError, match="21 units"):
        maximum_cut(np.zeros((21, 21)))


def test_a_hopfield_network_s_energy_falls_by_two_where_the_cut_grows_by_one():
    A = random_graph(7, 0.7, np.random.default_rng(0), heaviest=9)
    s = np.random.default_rng(2).choice([-1.0, 1.0], (5, 7))
    np.testing.assert_allclose(hopfield_energy(spin_network(A), s), A.sum() / 2 - 2 * cut_value(A, s > 0))


def test_no_node_can_improve_a_fixed_point_of_the_hopfield_network_by_changing_sides():
    A = random_graph(7, 0.7, np.random.default_rng(0), heaviest=9)
    starts = np.random.default_rng(3).choice([-1.0, 1.0], (11, 7))
    ends = asynchronous_recall(spin_network(A), starts, rng=np.random.default_rng(0)).states
    assert (cut_value(A, ends > 0) >= cut_value(A, starts > 0)).all()
    for i in range(7):
        changed = ends.copy()
        changed[:, i] *= -1
        assert (cut_value(A, changed > 0) <= cut_value(A, ends > 0)).all()


def test_a_graph_has_about_the_density_and_all_the_weights_that_were_asked_for():
    edges = random_graph(60, 0.3, np.random.default_rng(4), heaviest=9)[np.triu_indices(60, 1)]
    assert np.mean(edges > 0) == pytest.approx(0.3, abs=0.04)
    assert set(np.unique(edges)) == set(range(10))
    with pytest.raises(ValueError, match="must weigh at least 1, got 0"):
        random_graph(3, 0.5, np.random.default_rng(0), heaviest=0)
