from itertools import product

import numpy as np
import pytest

from nndl_support.deep_belief.hopfield_dynamics import asynchronous_recall, energy
from nndl_support.deep_belief.maximum_cut import cut_values, cut_weights, largest_cut, random_graph

N = 7
A = random_graph(N, np.random.default_rng(0), density=0.7)


def loop_cut(A, s):
    return sum(A[i, j] for i in range(len(A)) for j in range(i) if s[i] != s[j])


def test_the_cut_is_the_weight_of_the_edges_between_the_camps():
    S = np.random.default_rng(1).choice([-1.0, 1.0], (5, N))
    np.testing.assert_allclose(cut_values(A, S), [loop_cut(A, s) for s in S])


def test_the_largest_cut_is_the_largest_of_all():
    value, s = largest_cut(A)
    assert value == max(loop_cut(A, t) for t in product([-1, 1], repeat=N)) == loop_cut(A, s)


def test_the_energy_falls_by_two_where_the_cut_grows_by_one():
    S = np.random.default_rng(2).choice([-1.0, 1.0], (5, N))
    np.testing.assert_allclose(energy(cut_weights(A), S), A.sum() / 2 - 2 * cut_values(A, S))


def test_no_vertex_can_improve_a_fixed_point_by_changing_camps():
    S = np.random.default_rng(3).choice([-1.0, 1.0], (11, N))
    ends = asynchronous_recall(cut_weights(A), S, rng=np.random.default_rng(0)).states
    assert (cut_values(A, ends) >= cut_values(A, S)).all()
    for i in range(N):
        changed = ends.copy()
        changed[:, i] *= -1
        assert (cut_values(A, changed) <= cut_values(A, ends)).all()


def test_a_graph_has_about_the_density_that_was_asked_for():
    edges = random_graph(60, np.random.default_rng(4), density=0.3)[np.triu_indices(60, 1)]
    assert np.mean(edges > 0) == pytest.approx(0.3, abs=0.04)
    assert set(np.unique(edges)) == set(range(10))


@pytest.mark.parametrize("matrix", [[[0, 1], [2, 0]], [[1, 0], [0, 0]], [[0, np.nan], [np.nan, 0]]])
def test_what_is_no_graph_is_refused(matrix):
    with pytest.raises(ValueError, match="must be finite and symmetric, with zeros on its diagonal"):
        cut_weights(matrix)
    with pytest.raises(ValueError, match=r"an adjacency matrix of shape \(2, 1\): expected \(N, N\)"):
        cut_values([[0], [0]], [[1, 1]])
