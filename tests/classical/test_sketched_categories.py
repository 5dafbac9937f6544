import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nndl_support.classical import sketched_categories
from nndl_support.classical.categories import Categories
from nndl_support.classical.sketched_categories import SketchedCategories


def live(memory, X, vigilance, learning_rate=1.0):
    """The labels that a memory gives when it learns a stream."""
    labels = []
    for x in X:
        j = memory.winner(x, x.sum(), vigilance=vigilance)
        if j < 0:
            j = memory.commit(x)
        else:
            memory.learn(j, x, learning_rate=learning_rate)
        labels.append(j)
    return labels


@pytest.mark.parametrize("M", [32, 37, 64])
@pytest.mark.parametrize(("vigilance", "learning_rate"), [(0.75, 1.0), (0.85, 1.0), (0.85, 0.5), (1.0, 1.0)])
def test_sketches_change_no_winner_and_no_template(M, vigilance, learning_rate):
    X = np.random.default_rng(M).random((600, M))
    plain, sketched = Categories(M, choice=0.01), SketchedCategories(M, choice=0.01)
    assert live(plain, X, vigilance, learning_rate) == live(sketched, X, vigilance, learning_rate)
    np.testing.assert_array_equal(plain.weights, sketched.weights)
    assert sketched.n_categories > sketched_categories._MANY  # else nothing was tested


@pytest.mark.parametrize("memory", [Categories(37, choice=0.01), SketchedCategories(37, choice=0.01)])
def test_what_is_prepared_for_a_pass_is_what_a_search_would_have_made_itself(memory):
    rng = np.random.default_rng(2)
    for w in rng.random((200, 37)):
        memory.commit(w)
    X = rng.random((31, 37))
    looks = list(memory.looks(X))
    assert len(looks) == len(X)
    alone = [memory.winner(x, x.sum(), vigilance=0.8) for x in X]
    assert len({*alone}) > 5
    assert [memory.winner(x, x.sum(), vigilance=0.8, look=look) for x, look in zip(X, looks)] == alone
    if isinstance(memory, SketchedCategories):  # and it is used: another's sketch misleads the search
        assert [memory.winner(x, x.sum(), vigilance=0.8, look=0 * look) for x, look in zip(X, looks)] != alone


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 10**6), vigilance=st.sampled_from([0.0, 0.3, 0.6, 0.8, 0.9]), levels=st.sampled_from([1, 2, 16])
)
def test_on_coarse_grids_where_ties_abound_the_first_of_equals_still_wins(seed, vigilance, levels):
    rng = np.random.default_rng(seed)
    W = rng.integers(0, levels + 1, (150, 33)) / levels
    plain, sketched = Categories(33, choice=0.01), SketchedCategories(33, choice=0.01)
    for w in W:
        plain.commit(w)
        sketched.commit(w)
    for x in rng.integers(0, levels + 1, (5, 33)) / levels:
        size = max(x.sum(), 0.5)
        assert plain.winner(x, size, vigilance=vigilance) == sketched.winner(x, size, vigilance=vigilance)


def test_a_sketch_never_bounds_too_low():
    rng = np.random.default_rng(1)
    memory = SketchedCategories(37, choice=0.01)
    for w in rng.random((200, 37)):
        memory.commit(w)
    for x in rng.random((20, 37)):
        bound = np.minimum(memory._sketches[:200], memory._sketch(x)).sum(axis=1)
        assert (bound * (1 + sketched_categories._SLACK) >= memory.overlaps(x)).all()


def test_sketches_follow_what_the_templates_learn():
    rng = np.random.default_rng(2)
    memory = SketchedCategories(33, choice=0.01)
    live(memory, rng.random((900, 33)), 0.8)
    np.testing.assert_allclose(memory._sketches[: memory.n_categories], memory._sketch(memory.weights))


def test_narrow_inputs_are_compared_in_full():
    memory = SketchedCategories(sketched_categories._WIDE - 1, choice=0.01)
    live(memory, np.random.default_rng(3).random((300, sketched_categories._WIDE - 1)), 1.0)
    assert memory.n_categories == 300
    assert not memory._sketching


def test_a_bound_that_flatters_its_template_does_not_hide_the_true_winner():
    present, absent = [1.0, 0.0, 1.0, 0.0], [0.0, 1.0, 0.0, 1.0]  # same sum, nothing shared
    x = np.array(present * 8 + [0.0] * 4)
    flattered = np.array(present * 7 + absent + [0.0] * 4)  # T = 14/16, its sketch says 16/16
    plain = np.array(present * 6 + [0.0] * 8 + [0.39] * 4)  # T = 12/13.56, and its sketch says so
    memory = SketchedCategories(36, choice=1e-9)
    for w in [flattered, plain] + [np.array([0.0] * 32 + [1.0] * 4)] * 150:
        memory.commit(w)
    assert memory._sketching
    assert memory.winner(x, x.sum(), vigilance=0.1) == 1
    assert memory.winner(x, x.sum(), vigilance=0.75) == 1  # it explains exactly 12 of 16
    assert memory.winner(x, x.sum(), vigilance=0.8) == 0
