"""Grid, random, successive halving, Hyperband: counts, what climbs, workers and clusters, bad input."""

import importlib.util
import itertools
import warnings

import joblib
import numpy as np
import pytest
from scipy import stats

from nndl_support.optimization.brackets import bracket_cost, halving_rungs, hyperband_brackets, most_configs
from nndl_support.optimization.search import GridSearch, Hyperband, RandomSearch, SuccessiveHalving
from nndl_support.optimization.search_space import SearchSpace, config_key

SPACE = {"x": (-1.0, 1.0), "rate": stats.loguniform(1e-4, 1.0), "kind": ["a", "b", "c"]}
PLAIN = [GridSearch(), RandomSearch()]
WITH_RESOURCE = [SuccessiveHalving(), SuccessiveHalving(11, eta=2, n_rungs=2), Hyperband(), Hyperband(9, sizes="table")]


def loss(config, resource=1):
    """Falls with the resource; the order of the configurations changes on the way."""
    return (config["x"] - 0.3) ** 2 + abs(np.log10(config["rate"]) + 2) / resource + (config["kind"] == "b")


def trials_by_resource(result):
    return [list(group) for _, group in itertools.groupby(result.trials, key=lambda trial: trial.resource)]


# Grid ----------------------------------------------------------------------------------------------------------------


def test_a_grid_is_the_product_of_its_axes():
    result = GridSearch(resolution=2).minimize(loss, SPACE, budget=12)
    expected = itertools.product([-0.5, 0.5], [1e-3, 1e-1], ["a", "b", "c"])
    for trial, values in zip(result.trials, expected, strict=True):
        assert list(trial.config) == ["x", "rate", "kind"]
        assert trial.config["kind"] == values[2]
        assert [trial.config["x"], trial.config["rate"]] == pytest.approx(values[:2])


@pytest.mark.parametrize("budget", [3, 5, 6, 11, 12, 27, 35, 100])
def test_a_grid_uses_as_much_of_the_budget_as_an_even_one_can(budget):
    sizes = GridSearch().sizes(SearchSpace(SPACE), budget)
    assert sizes[2] == 3
    assert np.prod(sizes) <= budget
    for size in sizes[:2]:  # no axis could have one value more
        assert np.prod(sizes) // size * (size + 1) > budget


def test_a_grid_of_numbers_is_even():
    for budget, sizes in [(12, [2, 2, 3]), (18, [3, 2, 3]), (27, [3, 3, 3]), (100, [6, 5, 3])]:
        assert GridSearch().sizes(SearchSpace(SPACE), budget) == sizes


def test_an_axis_of_whole_numbers_has_no_more_values_than_there_are():
    result = GridSearch().minimize(lambda config: config["n"], {"n": (1, 3), "x": (0.0, 1.0)}, budget=20)
    assert sorted({trial.config["n"] for trial in result.trials}) == [1, 2, 3]
    assert len(result.trials) == 18


def test_a_grid_of_one_name_may_be_finer_than_the_rest():
    result = GridSearch(resolution={"x": 5}).minimize(loss, SPACE, budget=31)
    assert len({trial.config["x"] for trial in result.trials}) == 5
    assert len({trial.config["rate"] for trial in result.trials}) == 2


def test_a_grid_does_not_depend_on_the_seed():
    first, second = (GridSearch().minimize(loss, SPACE, budget=13, random_state=seed).trials for seed in (0, 1))
    assert first == second


def test_n_draws_hit_a_share_p_of_the_space_with_the_probability_of_the_closed_form():
    """1 - (1 - p)^n, for p = 0.05, n = 20, over 400 searches, within four standard deviations."""
    hits = 0
    for seed in range(400):
        result = RandomSearch().minimize(lambda c: c["x"], {"x": (0.0, 1.0)}, budget=20, random_state=seed)
        hits += result.best_value < 0.05
    expected = 1 - 0.95**20
    assert abs(hits / 400 - expected) < 4 * np.sqrt(expected * (1 - expected) / 400)


def test_a_longer_random_search_begins_like_a_shorter_one():
    short, long = (RandomSearch().minimize(loss, SPACE, budget=n, random_state=3).trials for n in (7, 13))
    assert long[:7] == short


# Successive halving --------------------------------------------------------------------------------------------------


def test_successive_halving_follows_algorithm_7_2():
    result = SuccessiveHalving(16, eta=2).minimize(loss, SPACE, budget=64, random_state=0)
    rungs = trials_by_resource(result)
    assert [(len(rung), rung[0].resource) for rung in rungs] == [(16, 1), (8, 2), (4, 5)]
    for rung, following in itertools.pairwise(rungs):
        best = sorted(rung, key=lambda trial: trial.value)[: len(following)]
        assert [trial.config for trial in following] == [trial.config for trial in best]
    assert result.best_trial == min(rungs[-1], key=lambda trial: trial.value)


@pytest.mark.parametrize("budget", [40, 100, 432])
def test_halving_without_a_number_begins_with_as_many_as_get_one_unit_each(budget):
    rungs = trials_by_resource(SuccessiveHalving().minimize(loss, SPACE, budget=budget, random_state=0))
    n = most_configs(budget, eta=3)
    assert [(len(rung), rung[0].resource) for rung in rungs] == halving_rungs(n, budget, eta=3)
    assert rungs[0][0].resource == 1


def test_the_result_of_halving_comes_from_the_last_rung_even_when_an_early_value_was_smaller():
    result = SuccessiveHalving(eta=2).minimize(lambda config, r: r + config["x"] ** 2, SPACE, budget=64, random_state=0)
    assert result.best_trial.resource == 5
    assert result.best_value > min(trial.value for trial in result.trials)


def test_of_equal_values_the_earlier_configuration_climbs():
    rungs = trials_by_resource(
        SuccessiveHalving(16, eta=2).minimize(lambda c, r: 1.0, SPACE, budget=64, random_state=0)
    )
    assert [trial.config for trial in rungs[2]] == [trial.config for trial in rungs[0][:4]]


def test_a_configuration_that_fails_does_not_climb():
    def fragile(config, resource):
        if config["x"] < 0:
            raise ValueError("negative")
        return -config["x"]

    rungs = trials_by_resource(SuccessiveHalving(16, eta=2).minimize(fragile, SPACE, budget=64, random_state=0))
    assert any(trial.error for trial in rungs[0])
    assert not any(trial.error for trial in rungs[-1])


def test_an_objective_with_checkpoints_gives_the_same_search_for_less_work():
    done, work = {}, []

    def cumulative(config, resource):
        work.append(resource - done.get(config_key(config), 0))
        done[config_key(config)] = resource
        return loss(config, resource)

    search = SuccessiveHalving(16, eta=2)
    result = search.minimize(cumulative, SPACE, budget=64, random_state=0)
    assert result.trials == search.minimize(loss, SPACE, budget=64, random_state=0).trials
    assert sum(work) == 16 * 1 + 8 * (2 - 1) + 4 * (5 - 2) < result.resource_spent()[-1] == 52


# Hyperband -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("sizes", ["algorithm", "table"])
def test_hyperband_runs_its_brackets_from_the_widest_to_random_search(sizes):
    brackets = hyperband_brackets(9, sizes=sizes)
    budget = sum(map(bracket_cost, brackets))
    result = Hyperband(9, sizes=sizes).minimize(loss, SPACE, budget=budget, random_state=0)
    expected = [resource for bracket in brackets for n, resource in bracket for _ in range(n)]
    assert [trial.resource for trial in result.trials] == expected
    assert result.resource_spent()[-1] == budget
    assert result.best_value == min(trial.value for trial in result.trials)


def test_hyperband_begins_again_while_the_budget_lasts_and_leaves_out_what_does_not_fit():
    costs = [bracket_cost(bracket) for bracket in hyperband_brackets(9)]
    assert costs == [27, 24, 27]
    spent = [
        int(Hyperband(9).minimize(loss, SPACE, budget=budget, random_state=0).resource_spent()[-1])
        for budget in (24, 26, 27, 51, 78, 78 + 26, 2 * 78)
    ]
    assert spent == [24, 24, 27, 51, 78, 78 + 24, 156]


def test_hyperband_without_a_maximal_resource_takes_the_largest_that_fits():
    result = Hyperband().minimize(lambda config, r: loss(config, r), SPACE, budget=78, random_state=0)
    assert max(trial.resource for trial in result.trials) == 9
    again = Hyperband(9).minimize(loss, SPACE, budget=78, random_state=0)
    assert result.trials == again.trials


@pytest.mark.parametrize("seed", range(3))
def test_halving_finds_the_best_arm_when_early_values_tell_the_truth(seed):
    """With values that only shrink by a common factor, halving keeps the best of all its configurations."""
    result = SuccessiveHalving(27, n_rungs=3).minimize(
        lambda c, r: abs(c["x"]) / r, SPACE, budget=300, random_state=seed
    )
    first = trials_by_resource(result)[0]
    assert len(first) == 27
    assert result.best_config == min(first, key=lambda trial: trial.value).config


# Workers -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("search", [*PLAIN, *WITH_RESOURCE], ids=lambda search: search.describe())
def test_the_number_of_workers_does_not_change_the_search(search):
    arguments = {"objective": loss, "space": SPACE, "budget": 40, "random_state": 7}
    alone = search.minimize(**arguments)
    with joblib.parallel_config("threading"):
        several = search.minimize(n_jobs=3, **arguments)
    assert several.trials == alone.trials == search.minimize(n_jobs=2, **arguments).trials
    assert several.best_trial == alone.best_trial


@pytest.mark.skipif(importlib.util.find_spec("distributed") is None, reason="dask.distributed is not installed")
def test_a_cluster_of_dask_gives_the_same_search():
    with warnings.catch_warnings():
        # Importing and closing a cluster may warn about the machine (its disk, its network, its clock), not about the search.
        warnings.simplefilter("ignore")
        from distributed import Client, LocalCluster

        arguments = {"objective": loss, "space": SPACE, "random_state": 7}
        with (
            LocalCluster(n_workers=2, threads_per_worker=1, processes=False, dashboard_address=None) as cluster,
            Client(cluster) as client,
            joblib.parallel_config("dask"),
        ):
            there = [
                RandomSearch().minimize(budget=10, n_jobs=2, **arguments),
                Hyperband(9).minimize(budget=78, n_jobs=2, **arguments),
            ]
            logs = client.run(lambda dask_worker: len(dask_worker.state.log))
    assert there[0].trials == RandomSearch().minimize(budget=10, **arguments).trials
    assert there[1].trials == Hyperband(9).minimize(budget=78, **arguments).trials
    assert len(logs) == 2
    assert min(logs.values()) > 0


# Bad input -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("search", "budget", "message"),
    [
        (GridSearch(), 2, r"the grid has 3 points .* but the budget is 2 evaluations"),
        (GridSearch(resolution=3), 26, "the grid has 27 points"),
        (GridSearch(resolution=0), 26, "the resolution of x is 0"),
        (GridSearch(resolution={"y": 3}), 26, r"resolution names \['y'\], but the space has \['x', 'rate', 'kind'\]"),
        (SuccessiveHalving(16, eta=2), 47, "a budget of 47 is too small for 16 configurations in 3 rungs"),
        (SuccessiveHalving(eta=1), 47, "eta is 1"),
        (SuccessiveHalving(0), 47, "n_configs is 0"),
        (
            Hyperband(9),
            23,
            "a budget of 23 is too small for one bracket of .* max_resource=9; expected at least 24, and 78",
        ),
        (Hyperband(0), 23, "max_resource is 0"),
        (Hyperband(eta=0), 23, "eta is 0"),
        (Hyperband(sizes="both"), 23, "sizes is 'both'"),
    ],
)
def test_a_budget_too_small_and_impossible_options_are_refused(search, budget, message):
    with pytest.raises(ValueError, match=message):
        search.minimize(loss, SPACE, budget=budget)


def test_every_search_survives_a_failing_trial_and_reports_when_all_fail():
    def fragile(config, resource=1):
        if config["kind"] == "c":
            raise ArithmeticError("c")
        return loss(config, resource)

    def broken(config, resource=1):
        raise ArithmeticError("broken")

    for search in [*PLAIN, *WITH_RESOURCE]:
        assert search.minimize(fragile, SPACE, budget=40, random_state=0).best_config["kind"] != "c"
        with pytest.raises(RuntimeError, match="trials failed; the first: ArithmeticError: broken"):
            search.minimize(broken, SPACE, budget=40, random_state=0)
