from fractions import Fraction

import numpy as np
import pytest

from nndl_support.classical.resonance import choice_values, learn, match_values, search


def random_memory(seed, C=7, M=5):
    rng = np.random.default_rng(seed)
    return rng.integers(0, 9, (C, M)) / 8, rng.integers(1, 9, M) / 8


@pytest.mark.parametrize("seed", range(5))
def test_choice_and_match_equal_the_formulas_in_rational_numbers(seed):
    W, x = random_memory(seed)
    for j, (T, m) in enumerate(zip(choice_values(W, x, choice=0.25), match_values(W, x))):
        overlap = sum(min(Fraction(a), Fraction(b)) for a, b in zip(W[j], x))
        assert float(overlap / (Fraction(1, 4) + sum(map(Fraction, W[j])))) == T
        assert float(overlap / sum(map(Fraction, x))) == m


def test_on_binary_patterns_the_fuzzy_and_is_the_logical_one():
    rng = np.random.default_rng(0)
    W, x = rng.integers(0, 2, (7, 11)).astype(bool), rng.integers(0, 2, 11).astype(bool)
    np.testing.assert_array_equal(match_values(W, x), (W & x).sum(axis=1) / x.sum())


def test_a_template_inside_the_input_is_chosen_before_one_that_is_not_when_alpha_is_small():
    W, x = np.array([[1.0, 1.0, 1.0, 0.0], [1.0, 0.0, 0.0, 0.0]]), np.array([1.0, 1.0, 0.0, 0.0])
    small, large = choice_values(W, x, choice=1e-6), choice_values(W, x, choice=10.0)
    assert small.argmax() == 1
    assert large.argmax() == 0


def test_fast_learning_is_the_minimum_and_slow_learning_goes_part_of_the_way():
    w, x = np.array([0.5, 1.0, 0.25]), np.array([0.75, 0.5, 0.0])
    np.testing.assert_array_equal(learn(w, x), [0.5, 0.5, 0.0])
    np.testing.assert_array_equal(learn(w, x, learning_rate=0.25), 0.25 * np.array([0.5, 0.5, 0.0]) + 0.75 * w)


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("vigilance", [0.3, 0.7, 0.95])
def test_a_search_proposes_in_falling_order_and_ends_with_the_first_that_matches(seed, vigilance):
    W, x = random_memory(seed)
    trials = search(W, x, vigilance=vigilance, choice=0.1)
    order = [trial.choice for trial in trials]
    assert order == sorted(order, reverse=True)
    assert len({trial.category for trial in trials}) == len(trials)
    assert all(trial.match < vigilance and not trial.resonates for trial in trials[:-1])
    if trials[-1].resonates:
        assert trials[-1].match >= vigilance
    else:
        assert len(trials) == len(W)
        assert match_values(W, x).max() < vigilance


def test_equal_choice_values_are_proposed_in_the_order_of_commitment():
    W = np.array([[0.5, 0.5], [1.0, 0.0], [0.5, 0.5], [0.5, 0.5]])
    trials = search(W, [0.25, 0.25], vigilance=1.0, choice=0.5)
    assert [trial.category for trial in trials] == [0]
    assert [t.category for t in search(W, [1.0, 1.0], vigilance=1.0, choice=0.5)] == [0, 1, 2, 3]


def test_without_categories_there_is_nothing_to_propose():
    assert search(np.empty((0, 3)), [1.0, 0.5, 0.0], vigilance=0.0, choice=0.1) == []


def test_rounding_does_not_turn_a_match_that_equals_the_vigilance_into_a_reset():
    below = 0
    for n in range(2, 40):
        x = np.full(n, 0.1)
        for k in range(1, n + 1):
            w = np.where(np.arange(n) < k, x, 0.0)
            (trial,) = search([w], x, vigilance=k / n, choice=0.1)
            assert trial.resonates
            below += trial.match < k / n
    assert below > 10  # else nothing was tested


def test_an_empty_list_of_templates_fits_any_input():
    assert search([], [1.0, 0.5, 0.0], vigilance=0.0, choice=0.1) == []


@pytest.mark.parametrize("x", [np.ones(6), np.ones(1), np.ones((1, 4))], ids=["longer", "broadcast", "row"])
def test_an_input_that_does_not_fit_the_templates_is_an_error_with_both_shapes(x):
    for function, options in ((choice_values, {"choice": 0.1}), (match_values, {})):
        with pytest.raises(ValueError, match=r"x of shape \(.*\) does not fit weights of shape \(3, 4\): expected"):
            function(np.ones((3, 4)), x, **options)
    with pytest.raises(ValueError, match="does not fit"):
        search(np.ones((3, 4)), x, vigilance=0.5, choice=0.1)


def test_an_input_without_ink_is_an_error_and_not_a_match_of_nan():
    with pytest.raises(ValueError, match="x is all zero"):
        match_values(np.ones((2, 3)), np.zeros(3))
