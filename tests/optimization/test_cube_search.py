"""The common loop of searches with a model: what they are shown, and when."""

import numpy as np
import pytest
from joblib import parallel_config
from scipy.stats import randint

from nndl_support.optimization.cube_search import CubeSearch
from nndl_support.optimization.search_space import SearchSpace


class Recorder(CubeSearch):
    """Random points; remembers what it was shown."""

    def __init__(self, n_initial=None):
        self.n_initial = n_initial
        self._shown = []

    def _suggest(self, features, places, values, n, rng, memory):
        self._shown.append((places.copy(), values.copy(), n, dict(memory)))
        memory["calls"] = memory.get("calls", 0) + 1
        return features.snap(rng.random((n, places.shape[1])))


SPACE = {"x": (-1.0, 1.0), "kind": ["a", "b", "c"], "seed": randint(0, 10**9)}


def objective(config):
    if config["kind"] == "c":
        raise RuntimeError("not today")
    return config["x"]


def test_the_model_is_shown_the_points_that_were_evaluated_and_their_values():
    search = Recorder(n_initial=3)
    result = search.minimize(objective, SPACE, budget=11, random_state=0)
    parsed = SearchSpace(SPACE)
    for places, values, _, _ in search._shown:
        trials = result.trials[: len(values)]
        np.testing.assert_array_equal(values, [trial.value for trial in trials])
        np.testing.assert_allclose(places, [parsed.encode(trial.config) for trial in trials], atol=1e-12)
    assert np.isinf(search._shown[-1][1]).any()
    assert [len(values) for _, values, _, _ in search._shown] == list(range(3, 11))


@pytest.mark.parametrize(("n_initial", "budget", "calls"), [(None, 20, 12), (5, 20, 15), (30, 20, 0), (20, 20, 0)])
def test_the_design_comes_first_and_the_budget_is_kept(n_initial, budget, calls):
    search = Recorder(n_initial)
    assert len(search.minimize(objective, SPACE, budget=budget, random_state=0).trials) == budget
    assert len(search._shown) == calls


def test_batches_are_as_large_as_the_number_of_workers_and_the_rest():
    search = Recorder(n_initial=4)
    with parallel_config(backend="threading"):
        search.minimize(objective, SPACE, budget=13, random_state=0, n_jobs=4)
    assert [n for _, _, n, _ in search._shown] == [4, 4, 1]


def test_memory_lasts_for_one_search():
    search = Recorder(n_initial=1)
    for _ in range(2):
        search.minimize(objective, {"x": (0.0, 1.0), "kind": ["a"]}, budget=4, random_state=0)
    assert [memory.get("calls") for *_, memory in search._shown] == [None, 1, 2, None, 1, 2]
