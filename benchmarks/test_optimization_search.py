"""Hyper-parameter searches with equal budgets: against scikit-learn's successive halving, and against each other.

Three records. ``halving_vs_sklearn``: a support vector machine on the digits, the resource is the number of examples,
and the total is what ``HalvingRandomSearchCV`` handed out. ``search_race``: a network on MNIST-5k, the resource is the
number of epochs, every search has 432 of them and recommends one configuration, whose test error is measured once.
``learning_curves``: what random configurations of that network do over 27 epochs, from which one can see whom early
decisions hit.
"""

import time
import warnings

import numpy as np
import torch
from scipy.stats import loguniform
from sklearn.model_selection import StratifiedKFold, cross_val_score
from sklearn.svm import SVC

from nndl_support import records
from nndl_support.data.digits import load_digits, load_mnist_5k
from nndl_support.data.splits import stratified_split
from nndl_support.optimization.brackets import halving_rungs
from nndl_support.optimization.search import (
    TPE,
    BayesianOptimization,
    GridSearch,
    Hyperband,
    RandomSearch,
    SuccessiveHalving,
)
from nndl_support.optimization.search_space import SearchSpace, config_key
from nndl_support.optimization.tuning_task import SPACE, TuningTask, error_rate

COMMAND = "make bench ONLY=benchmarks/test_optimization_search.py"
SVM_SPACE = {"C": loguniform(1e-3, 1e3), "gamma": loguniform(1e-6, 1e1)}
SVM_SEEDS = range(40)
RACE_SEEDS = range(6)
EPOCHS = 9
BUDGET = 48 * EPOCHS


def in_stratified_order(y, rng):
    """Row numbers in random order, such that the classes take turns: the first n rows are a stratified sample."""
    shuffled = rng.permutation(len(y))
    turn = np.empty(len(y))
    for label in np.unique(y):
        rows = np.flatnonzero(y[shuffled] == label)
        turn[rows] = np.arange(len(rows)) + rng.random(len(rows))
    return shuffled[np.argsort(turn)]


def one_search_of_each(seed, data, folds):
    """Our search and scikit-learn's, from the same number of configurations and with the same total of examples."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from sklearn.experimental import enable_halving_search_cv  # noqa: F401
        from sklearn.model_selection import HalvingRandomSearchCV
    X, y = data.X_train, data.y_train

    def score(config, rows):
        return float(cross_val_score(SVC(**config), X[rows], y[rows], cv=folds).mean())

    every = np.arange(len(y))
    theirs = HalvingRandomSearchCV(SVC(), SVM_SPACE, factor=3, cv=folds, random_state=seed, refit=False).fit(X, y)
    order = in_stratified_order(y, np.random.default_rng(seed))
    n, budget = theirs.n_candidates_[0], int(np.dot(theirs.n_candidates_, theirs.n_resources_))
    result = {
        "rungs": list(zip(theirs.n_candidates_, theirs.n_resources_)),
        "budget": budget,
        "sklearn": {"best_score": float(theirs.best_score_), "full_score": score(theirs.best_params_, every)},
    }
    for label, n_rungs in (("ours", len(theirs.n_candidates_)), ("ours, algorithm 7.2", None)):
        search = SuccessiveHalving(n, n_rungs=n_rungs)
        ours = search.minimize(
            lambda config, size: 1 - score(config, order[:size]), SVM_SPACE, budget=budget, random_state=seed
        )
        assert ours.resource_spent()[-1] <= budget
        result[label] = {
            "rungs": halving_rungs(n, budget, eta=3, n_rungs=n_rungs),
            "best_config": ours.best_config,
            "best_score": 1 - ours.best_value,
            "full_score": score(ours.best_config, every),
        }
    return result


def test_halving_is_at_least_as_good_as_that_of_scikit_learn_at_its_resources():
    data, folds = load_digits(), StratifiedKFold(3, shuffle=True, random_state=0)
    runs = [one_search_of_each(seed, data, folds) for seed in SVM_SEEDS]
    record = records.environment(seeds=SVM_SEEDS, command=COMMAND)
    records.save("optimization/halving_vs_sklearn", record | {"runs": runs})
    means = {}
    for kind in ("best_score", "full_score"):
        means[kind] = {
            name: np.mean([run[name][kind] for run in runs]) for name in ("sklearn", "ours", "ours, algorithm 7.2")
        }
        print(kind, {name: round(float(mean), 5) for name, mean in means[kind].items()})
    assert means["best_score"]["ours"] >= means["best_score"]["sklearn"]
    # On all examples both recommend equally good configurations; what is left is the luck of the draws.
    gain = np.array([run["ours"]["full_score"] - run["sklearn"]["full_score"] for run in runs])
    error = gain.std(ddof=1) / len(gain) ** 0.5
    print(f"all examples: ours minus theirs {gain.mean():.5f}, standard error {error:.5f}")
    assert gain.mean() > -2 * error


def mnist_task(seed):
    """Training and validation images, and the test set: 2000, 1000 and 1000; another 2000 and other weights for every seed."""
    data = load_mnist_5k()
    training, validation = stratified_split(data.y_train, test_fraction=0.25, seed=seed)
    training = training[:2000]
    task = TuningTask(
        (data.X_train[training], data.y_train[training]),
        (data.X_train[validation], data.y_train[validation]),
        seed=seed,
    )
    return task, torch.as_tensor(data.X_test, dtype=torch.float32), torch.as_tensor(data.y_test)


class Watched:
    """The task as an objective that also notes, for nobody to decide by, the errors on the test set and 100 images."""

    def __init__(self, seed):
        self.task, self.x_test, self.y_test = mnist_task(seed)
        self.notes = {}

    def __call__(self, config, epochs=EPOCHS):
        net = self.task.fit(config, epochs)
        error = error_rate(net, self.task.x_validation, self.task.y_validation)
        self.notes[config_key(config), epochs] = (
            error_rate(net, self.x_test, self.y_test),
            error_rate(net, self.task.x_validation[:100], self.task.y_validation[:100]),
        )
        return error

    def noted(self, trial):
        """The errors on the test set and on 100 validation images; None for a training that diverged."""
        return self.notes.get((config_key(trial.config), trial.resource or EPOCHS), (None, None))


def searches():
    """Every search with its budget."""
    return {
        "grid": (GridSearch(), BUDGET // EPOCHS),
        "random": (RandomSearch(), BUDGET // EPOCHS),
        "random, twice the budget": (RandomSearch(), 2 * BUDGET // EPOCHS),
        "Gaussian process": (BayesianOptimization(), BUDGET // EPOCHS),
        "TPE": (TPE(), BUDGET // EPOCHS),
        "successive halving": (SuccessiveHalving(144, n_rungs=3), BUDGET),
        "Hyperband": (Hyperband(EPOCHS), BUDGET),
    }


def run_search(search, budget, seed):
    """One search: what it recommends, how good that is, and how the best value fell."""
    objective, start = Watched(seed), time.process_time()
    result = search.minimize(objective, SPACE, budget=budget, random_state=seed)
    factor = 1 if search.takes_resource else EPOCHS
    best, spent = result.best_so_far(), factor * result.resource_spent()
    falls = np.flatnonzero(np.diff(best, prepend=np.inf))
    chosen = result.best_trial
    return (
        result,
        objective,
        {
            "seconds": time.process_time() - start,
            "epochs": int(spent[-1]),
            "n_trials": len(result.trials),
            "n_configurations": len({config_key(trial.config) for trial in result.trials}),
            "n_failed": sum(trial.error is not None for trial in result.trials),
            "falls": [[int(spent[i]), best[i]] for i in falls],
            "config": chosen.config,
            "resource": chosen.resource or EPOCHS,
            "validation_error": chosen.value,
            "test_error": objective.noted(chosen)[0],
        },
    )


def test_the_searches_race_on_mnist_with_equal_budgets():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    runs, draws = {}, []
    try:
        for seed in RACE_SEEDS:
            for name, (search, budget) in searches().items():
                result, objective, summary = run_search(search, budget, seed)
                runs.setdefault(name, []).append(summary)
                print(
                    seed,
                    f"{name:26s} validation {summary['validation_error']:.3f} test {summary['test_error']:.3f}",
                    flush=True,
                )
                if name == "random, twice the budget":
                    draws.append(
                        [
                            [trial.value if trial.error is None else None, *objective.noted(trial)]
                            for trial in result.trials
                        ]
                    )
    finally:
        torch.set_num_threads(threads)
    record = records.environment(seeds=RACE_SEEDS, command=COMMAND)
    space = SearchSpace(SPACE).describe()
    columns = ["validation_error", "test_error", "validation_error_100"]
    what = {"space": space, "budget": BUDGET, "epochs": EPOCHS, "runs": runs, "columns": columns, "draws": draws}
    records.save("optimization/search_race", record | what)
    mean = {name: np.mean([run["validation_error"] for run in of_name]) for name, of_name in runs.items()}
    print({name: round(float(value), 4) for name, value in mean.items()})
    for name, of_name in runs.items():
        allowed = 2 * BUDGET if "twice" in name else BUDGET
        assert all(run["epochs"] <= allowed for run in of_name)
    # More draws of the same sequence cannot be worse, and the grid leaves three dimensions alone.
    assert mean["random, twice the budget"] <= mean["random"] < mean["grid"]


def test_learning_curves_of_random_configurations():
    task, rng, space = mnist_task(0)[0], np.random.default_rng(0), SearchSpace(SPACE)
    curves = []
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        while len(curves) < 81:
            config = space.sample(rng)
            try:
                curves.append({"config": config, "validation_error": task.curve(config, 27)})
            except FloatingPointError:
                curves.append({"config": config, "validation_error": None})
    finally:
        torch.set_num_threads(threads)
    record = records.environment(seeds=[0], command=COMMAND)
    records.save("optimization/learning_curves", record | {"curves": curves})
    finished = np.array([curve["validation_error"] for curve in curves if curve["validation_error"] is not None])
    assert len(finished) > 60
    assert finished[:, -1].min() < 0.1
