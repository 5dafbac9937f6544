"""TPE: the split, the identity of Bergstra and others, searches of all kinds, errors."""

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import loguniform

from nndl_support.optimization import tpe
from nndl_support.optimization.cube_features import CubeFeatures
from nndl_support.optimization.search import TPE as EXPORTED
from nndl_support.optimization.search import RandomSearch
from nndl_support.optimization.search_space import SearchSpace
from nndl_support.optimization.surfaces import SURFACES
from nndl_support.optimization.tpe import TPE, relative_improvement, split

BRANIN = SURFACES["branin"]
SPACE = {"x": BRANIN.domain[0], "y": BRANIN.domain[1]}


def branin(config):
    return float(BRANIN.value(np.array([config["x"], config["y"]])))


def test_the_split_by_hand():
    good, bad = split([4.0, 1.0, np.inf, 2.0, 3.0], 0.4)
    assert good.tolist() == [1, 3]
    assert bad.tolist() == [4, 0, 2]


@pytest.mark.parametrize(
    ("n", "gamma", "n_good"), [(2, 0.01, 1), (2, 0.99, 1), (10, 0.15, 2), (20, 0.15, 3), (7, 0.99, 6)]
)
def test_neither_part_is_empty(n, gamma, n_good):
    good, bad = split(np.arange(n), gamma)
    assert (len(good), len(bad)) == (n_good, n - n_good)


def test_the_expected_improvement_depends_on_the_place_through_the_ratio_alone():
    # A world with two densities: y uniform on (0, 1), l below the threshold gamma and g above. By Bayes' rule
    # p(y | x) = p(x | y) p(y) / p(x), and the expected improvement on gamma can be integrated.
    gamma = 0.25
    l, g = np.array([0.3, 2.0, 1.1]), np.array([1.7, 0.1, 1.1])  # noqa: E741 -- the letters of the paper
    integral, _ = quad(lambda y: gamma - y, 0, gamma)
    improvement = integral * l / (gamma * l + (1 - gamma) * g)
    ours = relative_improvement(l, g, gamma)
    np.testing.assert_allclose(improvement / improvement[0], ours / ours[0], rtol=1e-12)
    assert np.argmax(ours) == np.argmax(l / g)


@pytest.mark.parametrize("joint", [False, True])
def test_it_finds_better_points_than_random_search(joint):
    regrets = {
        name: [search.minimize(branin, SPACE, budget=50, random_state=seed).best_value for seed in range(10)]
        for name, search in (("tpe", TPE(joint=joint)), ("random", RandomSearch()))
    }
    minimum = branin({"x": np.pi, "y": 2.275})
    assert np.median(regrets["tpe"]) - minimum < 0.6 * (np.median(regrets["random"]) - minimum)


def test_a_space_of_all_kinds():
    space = {"rate": loguniform(1e-5, 1.0), "depth": (1, 9), "kind": ["a", "b", "c", "d"]}

    def objective(config):
        return abs(np.log10(config["rate"]) + 2) + abs(config["depth"] - 3) + 2.0 * (config["kind"] != "c")

    for seed in range(3):
        result = TPE().minimize(objective, space, budget=120, random_state=seed)
        assert result.best_config["kind"] == "c"
        assert abs(result.best_config["depth"] - 3) <= 1
        assert result.best_value < 1.0
        # Later trials are better: the search has learnt.
        values = np.array([trial.value for trial in result.trials])
        assert np.median(values[-40:]) < 0.6 * np.median(values[:10])


def test_what_fails_is_avoided():
    def objective(config):
        if config["kind"] == "bad":
            raise RuntimeError("diverged")
        return config["x"] ** 2

    result = TPE().minimize(objective, {"x": (-1.0, 1.0), "kind": ["bad", "good"]}, budget=80, random_state=0)
    failed = np.array([trial.error is not None for trial in result.trials])
    assert failed[-40:].mean() < 0.5 * failed[:10].mean()


def test_the_same_seed_is_the_same_search_and_an_object_may_run_twice():
    search = TPE()
    first, second = (search.minimize(branin, SPACE, budget=25, random_state=3) for _ in range(2))
    assert first.trials == second.trials
    assert EXPORTED is TPE


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"gamma": 1.0}, "gamma must lie between 0 and 1, but is 1.0"),
        ({"n_initial": 1}, "n_initial is 1; expected a whole number of at least 2"),
        ({"n_candidates": 0}, "n_candidates is 0; expected"),
        ({"prior_weight": 0.0}, "prior_weight must be positive and finite"),
    ],
)
def test_impossible_options_are_named(options, message):
    with pytest.raises(ValueError, match=message):
        TPE(**options)


def test_impossible_splits_are_named():
    with pytest.raises(ValueError, match=r"values has shape \(1,\); expected \(N,\) with N >= 2"):
        split([1.0], 0.2)
    with pytest.raises(ValueError, match="gamma must lie between 0 and 1"):
        split([1.0, 2.0], 0.0)


def test_every_option_reaches_the_densities(monkeypatch):
    seen, drawn = [], []

    class Watched(tpe.ParzenDensity):
        def __init__(self, points, ends, unordered, **options):
            self.n_points = len(points)
            seen.append((len(points), options))
            super().__init__(points, ends, unordered, **options)

        def sample(self, n, rng):
            drawn.append((self.n_points, n))
            return super().sample(n, rng)

    monkeypatch.setattr(tpe, "ParzenDensity", Watched)
    search = tpe.TPE(gamma=0.4, n_initial=5, n_candidates=7, joint=False, prior_weight=3.0)
    search.minimize(lambda config: config["x"], {"x": (0.0, 1.0)}, budget=6, random_state=0)
    assert seen == [(2, {"joint": False, "prior_weight": 3.0}), (3, {"joint": False, "prior_weight": 3.0})]
    assert drawn == [(2, 7)]  # from the density of the two good points


def test_every_worker_gets_draws_of_its_own():
    features, rng = CubeFeatures(SearchSpace({"x": (0.0, 1.0)})), np.random.default_rng(0)
    proposals = tpe.TPE()._suggest(features, rng.random((20, 1)), rng.random(20), 3, rng, {})
    assert len(np.unique(proposals)) == 3
