"""Bayesian optimisation: the bar on Branin, its record, all kinds of spaces, noise, batches, failures, errors."""

import numpy as np
import pytest
from joblib import parallel_config
from scipy.stats import loguniform

from nndl_support import records
from nndl_support.optimization import acquisition
from nndl_support.optimization.bayesian_optimization import BayesianOptimization, compress
from nndl_support.optimization.cube_features import CubeFeatures
from nndl_support.optimization.gaussian_process import GaussianProcessRegressor
from nndl_support.optimization.search import BayesianOptimization as EXPORTED
from nndl_support.optimization.search import RandomSearch
from nndl_support.optimization.search_space import SearchSpace
from nndl_support.optimization.surfaces import SURFACES

BRANIN = SURFACES["branin"]
SPACE = {"x": BRANIN.domain[0], "y": BRANIN.domain[1]}
MINIMUM = 5 / (4 * np.pi)


def branin(config):
    return float(BRANIN.value(np.array([config["x"], config["y"]])))


def regret(search, *, seed, budget=50, **options):
    return search.minimize(branin, SPACE, budget=budget, random_state=seed, **options).best_value - MINIMUM


def test_the_median_regret_on_branin_is_below_a_thousandth():
    assert np.median([regret(BayesianOptimization(), seed=seed) for seed in range(3)]) < 1e-3


@pytest.mark.parametrize(
    ("options", "bound"),
    [
        ({"acquisition": "log_ei"}, 1e-3),
        ({"acquisition": "lcb"}, 1e-2),
        ({"acquisition": "pi", "margin": 0.01}, 0.2),
        ({"kernel": "rbf"}, 1e-2),
        ({"noise": 0.0}, 1e-3),
    ],
)
def test_other_ways_get_there_too(options, bound):
    assert regret(BayesianOptimization(**options), seed=0) < bound


def test_the_first_points_are_a_design_that_covers_the_space():
    result = BayesianOptimization(n_initial=8).minimize(branin, SPACE, budget=8, random_state=0)
    for name, (low, high) in SPACE.items():
        cells = np.floor(8 * (np.array([trial.config[name] for trial in result.trials]) - low) / (high - low))
        assert sorted(cells) == list(range(8))  # each eighth of each axis once: random points do that hardly ever


def test_all_kinds_of_dimensions():
    space = {"rate": loguniform(1e-5, 1.0), "depth": (1, 9), "kind": ["a", "b", "c", "d"]}

    def objective(config):
        return (np.log10(config["rate"]) + 2) ** 2 + (config["depth"] - 3) ** 2 / 4 + (config["kind"] != "c")

    for seed in range(2):
        result = BayesianOptimization().minimize(objective, space, budget=45, random_state=seed)
        assert result.best_config["kind"] == "c"
        assert result.best_config["depth"] == 3
        assert abs(np.log10(result.best_config["rate"]) + 2) < 0.1


def test_a_finite_space_is_searched_without_repetition_and_then_again():
    space = {"a": (0, 4), "b": ["x", "y"]}
    result = BayesianOptimization(n_initial=3).minimize(
        lambda c: c["a"] + (c["b"] == "x"), space, budget=12, random_state=0
    )
    seen = [tuple(trial.config.values()) for trial in result.trials]
    assert len(set(seen[:3])) + len(set(seen[3:10]) - set(seen[:3])) >= 9
    assert len(set(seen)) >= 9
    assert result.best_config == {"a": 0, "b": "y"}


def test_noise_is_estimated_and_the_mean_is_trusted_rather_than_a_lucky_value():
    def noisy(config, rng=np.random.default_rng(0)):  # noqa: B008 -- one stream for all calls is what is wanted
        return config["x"] ** 2 + 0.1 * rng.normal()

    places = []
    for seed in range(3):
        result = BayesianOptimization().minimize(noisy, {"x": (-2.0, 2.0)}, budget=40, random_state=seed)
        places.append(np.median([abs(trial.config["x"]) for trial in result.trials[-10:]]))
    assert np.median(places) < 0.5


def test_compressed_values_keep_their_order_and_below_the_median_their_distances():
    values = np.random.default_rng(0).lognormal(size=31)
    compressed, unit = compress(values)
    np.testing.assert_array_equal(np.argsort(compressed), np.argsort(values))
    assert compressed.mean() == pytest.approx(0, abs=1e-12)
    assert compressed.std() == pytest.approx(1)
    low = values <= np.median(values)
    np.testing.assert_allclose(np.diff(compressed[low]) * unit, np.diff(values[low]), atol=1e-12)
    # Above it, the logarithm by hand.
    z = (values - np.median(values)) / (np.median(values) - values.min())
    shift = compressed[values == np.median(values)][0]
    scale = (np.median(values) - values.min()) / unit
    np.testing.assert_allclose(compressed[~low], shift + scale * np.log(1 + z[~low]), atol=1e-12)


def test_a_diverged_trial_does_not_hide_the_differences_between_good_ones():
    values = np.append(np.linspace(0.05, 0.15, 20), 1e6)
    assert np.ptp(compress(values)[0][:20]) > 0.4
    assert np.ptp(((values - values.mean()) / values.std())[:20]) < 1e-6


def test_values_that_are_all_equal_or_mostly_the_smallest_are_survived():
    for values in (np.full(5, 3.0), [0.0, 0.0, 0.0, 1.0, 2.0]):
        compressed, unit = compress(values)
        assert np.isfinite(compressed).all()
        assert unit > 0


def test_noise_that_is_stated_is_used_and_noise_that_is_not_is_estimated():
    rng = np.random.default_rng(0)
    X = rng.random((60, 2))
    values = 50 * np.sin(3 * X[:, 0]) + 7.0 * rng.normal(size=60)
    stated, estimated = (
        BayesianOptimization(noise=noise)._model(X, values, None, np.random.default_rng(0)).noise_variance_
        for noise in (2.5, None)
    )
    unit = compress(values)[1]
    assert np.sqrt(stated) * unit == pytest.approx(2.5)
    # The upper half of the values is bent, and its noise with it.
    assert np.sqrt(estimated) * unit == pytest.approx(7.0, rel=0.5)


@pytest.mark.parametrize("batch", ["believer", "liar"])
def test_a_batch_holds_different_points_and_still_finds_the_minimum(batch):
    with parallel_config(backend="threading"):
        result = BayesianOptimization(batch=batch, n_initial=6).minimize(
            branin, SPACE, budget=50, random_state=0, n_jobs=4
        )
    assert result.best_value - MINIMUM < 0.05
    points = np.array([[trial.config["x"], trial.config["y"]] for trial in result.trials])[6:]
    for start in range(0, 44, 4):
        group = points[start : start + 4]
        gaps = np.linalg.norm(group[:, None] - group, axis=-1) + 99 * np.eye(len(group))
        assert gaps.min() > 1e-6


def test_the_same_seed_is_the_same_search_and_a_search_remembers_nothing():
    search = BayesianOptimization()
    first = search.minimize(branin, SPACE, budget=15, random_state=3)
    search.minimize(lambda config: -config["x"], SPACE, budget=12, random_state=4)
    assert search.minimize(branin, SPACE, budget=15, random_state=3).trials == first.trials
    assert EXPORTED is BayesianOptimization


def test_a_journal_replays_it(tmp_path):
    whole = BayesianOptimization().minimize(branin, SPACE, budget=15, random_state=3)
    journal = tmp_path / "journal.jsonl"
    for _ in range(2):
        resumed = BayesianOptimization().minimize(branin, SPACE, budget=15, random_state=3, resume=journal)
        assert resumed.trials == whole.trials


def test_what_fails_is_avoided():
    def objective(config):
        if config["x"] > 0:
            raise RuntimeError("diverged")
        return (config["x"] + 2) ** 2 + config["y"] ** 2

    result = BayesianOptimization().minimize(objective, {"x": (-5.0, 5.0), "y": (-5.0, 5.0)}, budget=40, random_state=0)
    failed = np.array([trial.error is not None for trial in result.trials])
    assert failed[-20:].sum() <= 4
    assert result.best_value < 0.01


def test_a_start_of_failures_only_and_a_constant_objective_are_survived():
    calls = iter(range(100))

    def objective(config):
        if next(calls) < 9:
            raise RuntimeError("not yet")
        return 1.0

    result = BayesianOptimization(n_initial=2).minimize(objective, SPACE, budget=15, random_state=0)
    assert result.best_value == 1.0
    assert len({tuple(trial.config.values()) for trial in result.trials}) == 15


def test_it_beats_random_search_on_every_seed():
    for seed in range(2):
        random = RandomSearch().minimize(branin, SPACE, budget=200, random_state=seed).best_value - MINIMUM
        assert regret(BayesianOptimization(), seed=seed, budget=40) < random


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"acquisition": "ucb"}, "no acquisition function 'ucb'"),
        ({"n_initial": 0}, "n_initial is 0; expected a whole number of at least 1"),
        ({"kernel": "linear"}, "no covariance function 'linear'"),
        ({"noise": -1.0}, "noise is -1.0; expected a finite number >= 0"),
        ({"beta": np.inf}, "beta is inf; expected a finite number >= 0"),
        ({"margin": -0.1}, "margin is -0.1; expected"),
        ({"batch": "both"}, "batch is 'both'; expected 'believer' or 'liar'"),
    ],
)
def test_impossible_options_are_named(options, message):
    with pytest.raises(ValueError, match=message):
        BayesianOptimization(**options)


def test_the_record_keeps_its_bars_and_random_search_repeats_it_to_the_last_digit():
    record = records.load("optimization/bayesian_vs_optuna")
    final = {name: np.array(found["final_regrets"]) for name, found in record["figures"]["branin"].items()}
    assert len(final["GP, expected improvement"]) == 10
    assert np.median(final["GP, expected improvement"]) <= record["bars"]["branin_median_regret"] == 1e-3
    assert np.median(record["time_ratios"]) <= record["bars"]["time_ratio_to_optuna_gp"] == 0.5
    assert np.median(final["TPE"]) < np.median(final["random"])
    again = [regret(RandomSearch(), seed=seed) for seed in record["seeds"]]
    np.testing.assert_allclose(again, final["random"], rtol=1e-12)
    for found in record["figures"].values():
        for curves in found.values():
            quartiles = np.array(curves["quartiles"])
            np.testing.assert_allclose(
                quartiles[:, -1], np.quantile(curves["final_regrets"], [0.25, 0.5, 0.75]), rtol=1e-3
            )
            assert (np.diff(quartiles[1]) <= 0).all()


def proposals_watched(monkeypatch, n, **options):
    """Propose n places after nine noisy trials; the process, the best values handed out, and the stand-ins."""
    rng = np.random.default_rng(0)
    features = CubeFeatures(SearchSpace({"x": (0.0, 1.0), "y": (0.0, 1.0)}))
    places, bests, stand_ins = rng.random((9, 2)), [], []
    search, grow = BayesianOptimization(**options), GaussianProcessRegressor.condition_on
    process = search._model(places, places.sum(axis=1) + 0.3 * rng.normal(size=9), None, rng)

    def watched(self, X, y):
        stand_ins.append((self, X, float(y[0])))
        return grow(self, X, y)

    score = search._score
    monkeypatch.setattr(search, "_score", lambda best: bests.append(best) or score(best))
    monkeypatch.setattr(GaussianProcessRegressor, "condition_on", watched)
    proposals = search._next(process, features, places, n, rng)
    return process, proposals, bests, stand_ins


@pytest.mark.parametrize("margin", [0.0, 0.7])
def test_the_value_to_undercut_is_the_smallest_posterior_mean_less_the_margin(monkeypatch, margin):
    process, _, bests, _ = proposals_watched(monkeypatch, 1, margin=margin)
    smallest_mean = process.predict(process.X_train_).min()
    assert smallest_mean > process.y_train_.min() + 0.01
    assert bests == pytest.approx([smallest_mean - margin])


@pytest.mark.parametrize("batch", ["believer", "liar"])
def test_a_pending_value_is_the_prediction_or_the_best_value(monkeypatch, batch):
    process, proposals, _, stand_ins = proposals_watched(monkeypatch, 3, batch=batch)
    assert len(stand_ins) == 2
    for proposal, (model, X, y) in zip(proposals, stand_ins, strict=False):
        np.testing.assert_array_equal(X[0], proposal)
        assert y == pytest.approx(float(model.predict(X)[0]) if batch == "believer" else process.y_train_.min())


def test_a_failed_trial_counts_as_the_worst_value_and_options_reach_the_model():
    X, values = np.random.default_rng(0).random((7, 2)), np.array([3.0, 1.0, np.inf, 5.0, 2.0, 4.0, 2.5])
    process = BayesianOptimization(kernel="rbf")._model(X, values, None, np.random.default_rng(0))
    assert process.y_train_[2] == process.y_train_[3] == process.y_train_.max()
    assert process.kernel == "rbf"


def test_the_search_for_hyper_parameters_starts_from_the_last_ones():
    rng, memory = np.random.default_rng(0), {}
    features = CubeFeatures(SearchSpace({"x": (0.0, 1.0), "y": (0.0, 1.0)}))
    places, values, search = rng.random((9, 2)), rng.random(9), BayesianOptimization()
    search._suggest(features, places, values, 1, rng, memory)
    again = search._model(places, values, memory["theta"], rng)
    np.testing.assert_allclose(again.length_scale, np.exp(memory["theta"][:2]))
    assert (again.signal_variance, again.noise_variance) == pytest.approx(tuple(np.exp(memory["theta"][2:])))


def test_the_score_is_the_function_of_that_name_with_its_parameter():
    mean, std = np.array([0.3, -0.2]), np.array([0.5, 0.1])
    for name, expected in (
        ("ei", acquisition.log_expected_improvement(mean, std, 0.1)),
        ("log_ei", acquisition.log_expected_improvement(mean, std, 0.1)),
        ("pi", acquisition.probability_of_improvement(mean, std, 0.1)),
        ("lcb", acquisition.lower_confidence_bound(mean, std, 9.0)),
    ):
        ours = BayesianOptimization(name, beta=9.0)._score(0.1)(mean, std)
        np.testing.assert_array_equal(ours, expected)


def test_a_lucky_value_among_bad_ones_is_not_the_value_to_undercut(monkeypatch):
    features, bests = CubeFeatures(SearchSpace({"x": (0.0, 1.0)})), []
    places = np.array([[0.0], [0.02], [0.04], [0.96], [0.98], [1.0]])
    values = np.array([-1.0, -1.1, -0.9, 2.0, -1.5, 2.0])
    noisy = GaussianProcessRegressor(length_scale=0.3, noise_variance=1.0, mean=0.0, optimizer=None).fit(places, values)
    search = BayesianOptimization()
    score = search._score
    monkeypatch.setattr(search, "_score", lambda best: bests.append(best) or score(best))
    search._next(noisy, features, places, 1, np.random.default_rng(0))
    means = noisy.predict(places)
    assert means.argmin() < 3
    assert values.argmin() == 4
    assert bests == [means.min()]
