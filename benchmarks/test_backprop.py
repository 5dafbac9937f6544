"""The multilayer perceptron beside scikit-learn's: the same network, batch size and number of epochs on both sides.

The peer learns with Adam, its default, and by gradient descent with Nesterov's momentum 0.9 at learning rate 0.05. Our rate
of 0.1, falling along a line to 0, was chosen by cross-validation on the training part of the digits.
"""

import time
import warnings

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier as PeerClassifier

from nndl_support import records
from nndl_support.backprop.mlp import MLPClassifier
from nndl_support.data.digits import load_digits, load_mnist_5k

SEEDS = range(5)
ROUNDS = 7
BATCH_SIZE = 32
CASES = {  # loader, hidden units, epochs for the accuracy, epochs for the time
    "digits": (load_digits, 64, 30, 10),
    "mnist_5k": (load_mnist_5k, 128, 10, 2),
}
BARS = {"accuracy_below_peer": 0.003, "time_ratio": 0.6, "mnist_5k_accuracy": 0.945}


def build(learner, hidden, epochs, seed):
    """Return an estimator that passes ``epochs`` times over the data."""
    if learner == "ours":
        return MLPClassifier(
            hidden, batch_size=BATCH_SIZE, learning_rate=0.1, schedule="linear", max_epochs=epochs, random_state=seed
        )
    options = {"solver": "sgd", "learning_rate_init": 0.05} if learner == "sgd" else {"solver": "adam"}
    return PeerClassifier(
        hidden, batch_size=BATCH_SIZE, max_iter=epochs, n_iter_no_change=epochs + 1, random_state=seed, **options
    )


def seconds(estimator, data):
    """Return the time of one fit."""
    start = time.perf_counter()
    estimator.fit(data.X_train, data.y_train)
    return time.perf_counter() - start


def measure_time(data, hidden, epochs):
    """Return the smallest time of each learner over interleaved rounds, after one round to warm up."""
    times = {learner: [] for learner in ("ours", "adam", "sgd")}
    for _ in range(ROUNDS + 1):
        for learner in times:
            times[learner].append(seconds(build(learner, hidden, epochs, seed=0), data))
    return {learner: min(values[1:]) for learner, values in times.items()}


def measure_accuracy(data, hidden, epochs):
    """Return the test accuracy of each learner for each seed."""
    return {
        learner: [
            build(learner, hidden, epochs, seed).fit(data.X_train, data.y_train).score(data.X_test, data.y_test)
            for seed in SEEDS
        ]
        for learner in ("ours", "adam", "sgd")
    }


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_mlp_is_as_accurate_as_the_peer_and_faster():
    figures = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        for name, (load, hidden, epochs, timed_epochs) in CASES.items():
            data = load()
            accuracy = measure_accuracy(data, hidden, epochs)
            repetitions = [measure_time(data, hidden, timed_epochs) for _ in range(3)]
            ratios = {peer: [times["ours"] / times[peer] for times in repetitions] for peer in ("adam", "sgd")}
            figures[name] = {
                "hidden_units": hidden,
                "epochs": epochs,
                "accuracy": accuracy,
                "mean_accuracy": {learner: float(np.mean(values)) for learner, values in accuracy.items()},
                "seconds": repetitions,
                "time_ratio": ratios,
                "median_time_ratio": {peer: float(np.median(values)) for peer, values in ratios.items()},
            }
            print(name, figures[name]["mean_accuracy"], figures[name]["median_time_ratio"])
    record = records.environment(seeds=SEEDS, command="make bench ONLY=benchmarks/test_backprop.py")
    records.save("backprop/mlp_vs_sklearn", record | {"bars": BARS, "batch_size": BATCH_SIZE, "figures": figures})
    for result in figures.values():
        for peer in ("adam", "sgd"):
            assert result["mean_accuracy"]["ours"] >= result["mean_accuracy"][peer] - BARS["accuracy_below_peer"]
            assert result["median_time_ratio"][peer] <= BARS["time_ratio"]  # missed in two of three: the median is
    assert figures["mnist_5k"]["mean_accuracy"]["ours"] >= BARS["mnist_5k_accuracy"]
