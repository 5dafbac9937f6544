"""The race: nobody spends more than the budget, and what is reported is what was spent."""

import numpy as np
import pytest

from nndl_support.backprop.escaping_minima import multi_well, multi_well_gradient
from nndl_support.backprop.strategies import Settings, compare_strategies

SETTINGS = Settings(0.04, 20, 20, noise=8.0, step=2.0, temperatures=(1.0, 0.1), population=13, mutation_scale=2.0)


def sample(shape, rng):
    return rng.uniform(-6, 6, (*shape, 2))


@pytest.mark.parametrize("budget", [37, 100, 211])
def test_the_bill_is_right_and_within_the_budget(budget):
    spent = 0

    def count(function):
        def counted(x):
            nonlocal spent
            spent += int(np.prod(x.shape[:-1]))
            return function(x)

        return counted

    n_runs = 5
    results = compare_strategies(
        count(multi_well),
        count(multi_well_gradient),
        sample,
        SETTINGS,
        budget=budget,
        n_runs=n_runs,
        rng=np.random.default_rng(0),
    )
    assert list(results) == [
        "one descent",
        "restarts",
        "noisy gradient",
        "annealing",
        "genetic",
        "random points",
    ]
    assert spent == n_runs * sum(result.n_evaluations for result in results.values())
    for result in results.values():
        assert 0.8 * budget <= result.n_evaluations <= budget
        assert result.x.shape == (n_runs, 2)
        np.testing.assert_allclose(result.value, multi_well(result.x))


def test_a_budget_too_small_for_a_population_is_refused():
    with pytest.raises(ValueError, match=r"budget of 30 leaves 9 evaluations .* 13 individuals"):
        compare_strategies(
            multi_well, multi_well_gradient, sample, SETTINGS, budget=30, n_runs=2, rng=np.random.default_rng(0)
        )
