import copy
import pickle

import numpy as np
import pytest

from nndl_support.classical.categories import BinaryCategories, Categories
from nndl_support.classical.resonance import choice_values, search


def fill(memory, templates):
    for w in templates:
        memory.commit(w)
    return memory


@pytest.mark.parametrize("C", [1, 2, 15, 16, 17, 127, 128, 129, 301])
def test_overlaps_and_choice_values_equal_the_formulas_at_every_size_of_the_array(C):
    rng = np.random.default_rng(C)
    W, x = rng.integers(0, 17, (C, 7)) / 16, rng.integers(0, 17, 7) / 16
    memory = fill(Categories(7, choice=0.25), W)
    overlaps = memory.overlaps(x)
    np.testing.assert_array_equal(overlaps, np.minimum(W, x).sum(axis=1))
    np.testing.assert_array_equal(memory.choice_values(overlaps), choice_values(W, x, choice=0.25))
    np.testing.assert_array_equal(memory.weights, W)
    assert memory.n_categories == C


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("vigilance", [0.0, 0.5, 0.8, 1.0])
def test_the_winner_is_where_the_search_ends(seed, vigilance):
    rng = np.random.default_rng(seed)
    W, x = rng.integers(0, 5, (13, 5)) / 4, rng.integers(1, 5, 5) / 4
    trials = search(W, x, vigilance=vigilance, choice=0.01)
    expected = trials[-1].category if trials[-1].resonates else -1
    assert fill(Categories(5, choice=0.01), W).winner(x, x.sum(), vigilance=vigilance) == expected


def test_an_empty_memory_has_no_winner():
    assert Categories(3, choice=0.1).winner(np.ones(3), 3.0, vigilance=0.0) == -1


def test_a_category_that_shares_nothing_may_win_when_the_vigilance_is_zero():
    memory = fill(Categories(2, choice=0.1), [np.array([1.0, 0.0])])
    assert memory.winner(np.array([0.0, 1.0]), 1.0, vigilance=0.0) == 0
    assert memory.winner(np.array([0.0, 1.0]), 1.0, vigilance=0.1) == -1


def test_a_template_matches_itself_although_its_sum_is_rounded():
    points = np.random.default_rng(7).random((300, 11))
    below = 0
    for a in points:
        x = np.concatenate([a, 1.0 - a])
        memory = fill(Categories(22, choice=0.1), [x])
        assert memory.winner(x, 11.0, vigilance=1.0) == 0
        below += memory.overlaps(x)[0] < 11.0
    assert below > 10  # else nothing was tested


@pytest.mark.parametrize("learning_rate", [1.0, 0.5, 0.125])
def test_learning_changes_one_template_and_its_size(learning_rate):
    rng = np.random.default_rng(5)
    W, x = rng.integers(0, 17, (7, 5)) / 16, rng.integers(0, 17, 5) / 16
    memory = fill(Categories(5, choice=0.25), W)
    memory.learn(3, x, learning_rate=learning_rate)
    expected = W.copy()
    expected[3] = learning_rate * np.minimum(x, W[3]) + (1 - learning_rate) * W[3]
    np.testing.assert_array_equal(memory.weights, expected)
    np.testing.assert_array_equal(memory.choice_values(memory.overlaps(x)), choice_values(expected, x, choice=0.25))


@pytest.mark.parametrize("C", [1, 16, 17, 130])
def test_on_binary_templates_the_product_equals_the_minimum(C):
    rng = np.random.default_rng(C)
    W, x = rng.integers(0, 2, (C, 11)).astype(float), rng.integers(0, 2, 11).astype(float)
    plain, binary = fill(Categories(11, choice=1.0), W), fill(BinaryCategories(11, choice=1.0), W)
    np.testing.assert_array_equal(binary.overlaps(x), plain.overlaps(x))
    for vigilance in (0.0, 0.5, 1.0):
        assert binary.winner(x, x.sum(), vigilance=vigilance) == plain.winner(x, x.sum(), vigilance=vigilance)


@pytest.mark.parametrize("kind", [Categories, BinaryCategories])
@pytest.mark.parametrize(
    "twin_of", [copy.deepcopy, lambda memory: pickle.loads(pickle.dumps(memory))], ids=["copy", "pickle"]
)
def test_a_copied_memory_answers_alike_and_learns_apart(kind, twin_of):
    rng = np.random.default_rng(6)
    W, x = rng.integers(0, 2, (21, 7)).astype(float), rng.integers(0, 2, 7).astype(float)
    memory = fill(kind(7, choice=0.3), W)
    twin = twin_of(memory)
    before = memory.choice_values(memory.overlaps(x)).copy()
    np.testing.assert_array_equal(twin.choice_values(twin.overlaps(x)), before)
    twin.learn(4, np.zeros(7))
    twin.commit(x)
    np.testing.assert_array_equal(memory.weights, W)
    np.testing.assert_array_equal(memory.choice_values(memory.overlaps(x)), before)
    np.testing.assert_array_equal(twin.choice_values(twin.overlaps(x))[4], 0.0)


@pytest.mark.parametrize(
    "twin_of", [copy.deepcopy, lambda memory: pickle.loads(pickle.dumps(memory))], ids=["copy", "pickle"]
)
def test_a_copy_keeps_the_rounding_of_the_sums(twin_of):
    rng = np.random.default_rng(8)
    memory = fill(Categories(11, choice=0.3), rng.random((90, 11)))
    for j, x in enumerate(rng.random((90, 11))):
        memory.learn(j, x)
    x = rng.random(11)
    answer, afresh = memory.choice_values(memory.overlaps(x)), fill(Categories(11, choice=0.3), memory.weights)
    assert (afresh.choice_values(afresh.overlaps(x)) != answer).any()  # summed anew they are others
    twin = twin_of(memory)
    np.testing.assert_array_equal(twin.choice_values(twin.overlaps(x)), answer)
