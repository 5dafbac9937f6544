"""Bayesian optimisation and TPE beside optuna's samplers and random search, on Branin's and Hartmann's functions.

All searches of one seed run one after another in one process with one thread, so that a busy machine slows all of them.
"""

import time
import warnings

import numpy as np
import optuna
import torch

from nndl_support import records
from nndl_support.optimization import hartmann
from nndl_support.optimization.search import TPE, BayesianOptimization, RandomSearch
from nndl_support.optimization.surfaces import SURFACES

SEEDS = range(10)
ROUNDS = 7
BRANIN = SURFACES["branin"]
FUNCTIONS = {
    "branin": {
        "space": {"x": BRANIN.domain[0], "y": BRANIN.domain[1]},
        "value": lambda config: float(BRANIN.value(np.array([config["x"], config["y"]]))),
        "minimum": 5 / (4 * np.pi),
        "budget": 50,
    },
    "hartmann6": {
        "space": {f"x{d}": (0.0, 1.0) for d in range(6)},
        "value": lambda config: float(hartmann.hartmann6(list(config.values()))),
        "minimum": hartmann.MINIMUM,
        "budget": 80,
    },
}
OURS = {
    "GP, expected improvement": lambda: BayesianOptimization("ei"),
    "GP, probability of improvement": lambda: BayesianOptimization("pi"),
    "GP, lower confidence bound": lambda: BayesianOptimization("lcb"),
    "TPE": TPE,
    "random": RandomSearch,
}
THEIRS = {"optuna GP": optuna.samplers.GPSampler, "optuna TPE": optuna.samplers.TPESampler}
BARS = {"branin_median_regret": 1e-3, "time_ratio_to_optuna_gp": 0.5}


def run_ours(name, function, seed):
    result = OURS[name]().minimize(function["value"], function["space"], budget=function["budget"], random_state=seed)
    return [trial.value for trial in result.trials]


def run_theirs(name, function, seed):
    def objective(trial):
        return function["value"]({key: trial.suggest_float(key, *ends) for key, ends in function["space"].items()})

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        study = optuna.create_study(sampler=THEIRS[name](seed=seed))
        study.optimize(objective, n_trials=function["budget"])
    return [trial.value for trial in study.trials]


def timed(run, *arguments):
    start = time.perf_counter()
    values = run(*arguments)
    return values, time.perf_counter() - start


def test_regret_and_time_beside_optuna():
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    torch.set_num_threads(1)
    figures = {}
    for function_name, function in FUNCTIONS.items():
        regrets, seconds = {}, {}
        for seed in SEEDS:
            for name in [*OURS, *THEIRS]:
                values, spent = timed(run_ours if name in OURS else run_theirs, name, function, seed)
                regrets.setdefault(name, []).append(np.minimum.accumulate(values) - function["minimum"])
                seconds.setdefault(name, []).append(spent)
        figures[function_name] = {
            name: {
                "final_regrets": [float(curve[-1]) for curve in curves],
                # Per evaluation: lower quartile, median and upper quartile over the seeds.
                "quartiles": [
                    [float(f"{x:.4g}") for x in row] for row in np.quantile(np.array(curves), [0.25, 0.5, 0.75], axis=0)
                ],
                "seconds": [round(s, 4) for s in seconds[name]],
            }
            for name, curves in regrets.items()
        }
        for name, found in figures[function_name].items():
            median = np.median(found["final_regrets"])
            print(f"{function_name:10s} {name:32s} median regret {median:.2e}, {min(found['seconds']):.3f} s")

    # Time on Branin, three times over: interleaved rounds of one and the same seed, ratio of the smallest.
    ratios = []
    for repetition in range(3):
        spent = {"GP, expected improvement": [], "optuna GP": []}
        for _ in range(ROUNDS):
            for name, times in spent.items():
                run = run_ours if name in OURS else run_theirs
                times.append(timed(run, name, FUNCTIONS["branin"], repetition)[1])
        ratios.append(min(spent["GP, expected improvement"]) / min(spent["optuna GP"]))
    print("time on Branin, ours / optuna GP:", ratios)

    record = records.environment(
        seeds=SEEDS,
        packages=("numpy", "scipy", "scikit-learn", "torch", "optuna"),
        command="make bench ONLY=benchmarks/test_optimization_bayesian.py",
    )
    budgets = {name: function["budget"] for name, function in FUNCTIONS.items()}
    content = {"bars": BARS, "budgets": budgets, "rounds": ROUNDS, "time_ratios": ratios, "figures": figures}
    records.save("optimization/bayesian_vs_optuna", record | content)

    branin = {name: np.median(found["final_regrets"]) for name, found in figures["branin"].items()}
    assert branin["GP, expected improvement"] <= BARS["branin_median_regret"]
    assert np.median(ratios) <= BARS["time_ratio_to_optuna_gp"]
    assert branin["TPE"] < branin["random"]
