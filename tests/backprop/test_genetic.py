"""The genetic algorithm: selection by its probabilities, crossover by its interval, evolution by what it promises."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nndl_support.backprop.escaping_minima import multi_well
from nndl_support.backprop.genetic import blend_crossover, evolve, tournament


def sphere(x):
    return np.sum(x**2, axis=-1)


def test_a_tournament_chooses_each_rank_with_its_probability():
    # Drawn with replacement, the best of k has rank above r with probability ((P - r) / P)^k.
    values, size = np.array([4.0, 0.0, 3.0, 1.0, 2.0]), 3
    winners = values[tournament(values, 40_000, size=size, rng=np.random.default_rng(0))].astype(int)
    above = ((5 - np.arange(6)) / 5) ** size
    np.testing.assert_allclose(np.bincount(winners, minlength=5) / 40_000, above[:-1] - above[1:], atol=0.01)


def test_a_tournament_of_one_does_not_select():
    chosen = tournament(np.array([1.0, 9.0]), 20_000, size=1, rng=np.random.default_rng(0))
    assert chosen.mean() == pytest.approx(0.5, abs=0.02)


@given(extension=st.floats(0, 1), seed=st.integers(0, 100))
def test_children_stay_in_the_extended_interval_of_their_parents(extension, seed):
    rng = np.random.default_rng(seed)
    first, second = rng.normal(size=(2, 11, 3))
    child = blend_crossover(first, second, extension=extension, rng=rng)
    low, high = np.minimum(first, second), np.maximum(first, second)
    reach = extension * (high - low) + 1e-12
    assert np.all((child >= low - reach) & (child <= high + reach))


def test_two_equal_parents_have_children_like_themselves():
    parent = np.arange(6.0).reshape(2, 3)
    np.testing.assert_allclose(blend_crossover(parent, parent, rng=np.random.default_rng(0)), parent)


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 1000), n_elite=st.integers(1, 3))
def test_with_an_elite_the_best_value_never_rises(seed, n_elite):
    rng = np.random.default_rng(seed)
    result = evolve(multi_well, rng.uniform(-6, 6, (7, 2)), n_generations=9, n_elite=n_elite, rng=rng)
    assert np.all(np.diff(result.best_values) <= 0)
    assert result.value == result.best_values[-1] == multi_well(result.x)


def test_without_mutation_and_extension_the_population_never_leaves_its_box():
    rng = np.random.default_rng(0)
    first = rng.uniform(-6, 6, (5, 13, 2))
    result = evolve(
        multi_well, first, n_generations=8, mutation_rate=0.0, extension=0.0, keep_populations=True, rng=rng
    )
    assert result.populations.shape == (9, 5, 13, 2)
    low, high = first.min(axis=1, keepdims=True), first.max(axis=1, keepdims=True)
    assert np.all((result.populations >= low - 1e-12) & (result.populations <= high + 1e-12))


def test_selection_is_what_makes_it_work():
    rng = np.random.default_rng(0)
    first = rng.uniform(-6, 6, (50, 20, 3))
    chosen = evolve(sphere, first, n_generations=25, mutation_scale=0.1, n_elite=0, rng=rng)
    drifting = evolve(sphere, first, n_generations=25, mutation_scale=0.1, n_elite=0, tournament_size=1, rng=rng)
    assert np.median(chosen.value) < 0.1 * np.median(drifting.value)


def test_evaluations_are_counted_truly():
    spent = 0

    def counted(x):
        nonlocal spent
        spent += int(np.prod(x.shape[:-1]))
        return sphere(x)

    rng = np.random.default_rng(0)
    result = evolve(counted, rng.normal(size=(3, 7, 2)), n_generations=5, n_elite=2, rng=rng)
    assert spent == 3 * result.n_evaluations == 3 * (7 + 5 * 5)


def test_mutations_follow_their_schedule():
    result = evolve(
        lambda x: np.zeros(x.shape[:-1]),
        np.zeros((2000, 2)),
        n_generations=2,
        mutation_rate=0.5,
        mutation_scale=[0.0, 3.0],
        n_elite=0,
        keep_populations=True,
        rng=np.random.default_rng(0),
    )
    assert not result.populations[1].any()
    moved = result.populations[2] != 0
    assert moved.mean() == pytest.approx(0.5, abs=0.03)
    assert result.populations[2][moved].std() == pytest.approx(3.0, rel=0.05)


@pytest.mark.parametrize(
    ("population", "options", "message"),
    [
        (np.zeros((1, 2)), {}, r"at least two .* not \(1, 2\)"),
        (np.zeros(5), {}, r"not \(5,\)"),
        (np.zeros((4, 2)), {"n_elite": 4}, r"0 \.\. 3 for 4 individuals, not 4"),
        (np.zeros((4, 2)), {"mutation_scale": [1.0, 2.0]}, r"\(2,\).*3 generations"),
    ],
)
def test_a_mistake_is_named(population, options, message):
    with pytest.raises(ValueError, match=message):
        evolve(sphere, population, n_generations=3, rng=np.random.default_rng(0), **options)
