"""Radial basis functions beside scipy's interpolator, and RBF networks on the digits beside three common classifiers.

Times are those of building the interpolant and evaluating it, on the same points and places, in turn.
"""

import time

import numpy as np
import pytest
from scipy.interpolate import RBFInterpolator as Peer
from scipy.stats.qmc import Halton
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier

from nndl_support import records
from nndl_support.backprop.mlp import MLPClassifier
from nndl_support.classical.franke import franke
from nndl_support.classical.rbf import RBFInterpolator, RBFNetworkClassifier
from nndl_support.data.digits import load_digits

SEEDS = range(5)
ROUNDS = 9
N_POINTS = 1000
N_PLACES = (1000, 5000)
# Shapes at which the system of 1000 points is well-posed.
KERNELS = {
    "linear": None,
    "thin_plate_spline": None,
    "cubic": None,
    "quintic": None,
    "multiquadric": 15.0,
    "inverse_multiquadric": 15.0,
    "inverse_quadratic": 20.0,
    "gaussian": 20.0,
}
BARS = {"relative_difference": 1e-8, "time_ratio": 1.2, "digits_accuracy": 0.95}
N_CENTERS = (10, 20, 30, 50, 70, 100)
WAYS = ("random", "kmeans", "ols", "gradient")


def seconds(interpolator, points, values, places, options):
    """Return the time of building and evaluating, and the result."""
    start = time.perf_counter()
    result = interpolator(points, values, **options)(places)
    return time.perf_counter() - start, result


def race(points, values, places, options):
    """Return the ratio of the smallest times over interleaved rounds, after one round to warm up."""
    times = {Peer: [], RBFInterpolator: []}
    for _ in range(ROUNDS + 1):
        for interpolator in times:
            times[interpolator].append(seconds(interpolator, points, values, places, options)[0])
    return {"ours": min(times[RBFInterpolator][1:]), "scipy": min(times[Peer][1:])}


def root_mean_square(error):
    return float(np.sqrt(np.mean(error**2)))


def test_interpolant_agrees_with_scipy_and_is_no_slower():
    points = Halton(2, seed=0).random(N_POINTS)
    values = franke(points)
    figures = {}
    for kernel, epsilon in KERNELS.items():
        options = {"kernel": kernel, "epsilon": epsilon}
        figures[kernel] = {"epsilon": epsilon}
        for n_places in N_PLACES:
            places = np.random.default_rng(n_places).random((n_places, 2))
            ours, theirs = (seconds(c, points, values, places, options)[1] for c in (RBFInterpolator, Peer))
            repetitions = [race(points, values, places, options) for _ in range(3)]
            figures[kernel][str(n_places)] = {
                "relative_difference": float(np.abs(ours - theirs).max() / np.abs(theirs).max()),
                "seconds": repetitions,
                "median_time_ratio": float(np.median([r["ours"] / r["scipy"] for r in repetitions])),
            }
            result = figures[kernel][str(n_places)]
            print(kernel, n_places, result["relative_difference"], result["median_time_ratio"])
    axis = np.linspace(0, 1, 40)
    grid = np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2)
    options = {"kernel": "multiquadric", "epsilon": 4.0}
    surface = {
        "epsilon": 4.0,
        "rms_ours": root_mean_square(RBFInterpolator(points, values, **options)(grid) - franke(grid)),
        "rms_scipy": root_mean_square(Peer(points, values, **options)(grid) - franke(grid)),
        "condition_number": RBFInterpolator(points, values, **options).condition_number(),
    }
    chosen = RBFInterpolator(points, values, kernel="multiquadric", epsilon="loo")
    surface |= {"epsilon_loo": chosen.epsilon, "rms_loo": root_mean_square(chosen(grid) - franke(grid))}
    print(surface)
    record = records.environment(command="make bench ONLY=benchmarks/test_classical_rbf.py")
    content = {"bars": BARS, "n_points": N_POINTS, "rounds": ROUNDS, "figures": figures, "franke": surface}
    records.save("classical/rbf_vs_scipy", record | content)
    for result in figures.values():
        for n_places in map(str, N_PLACES):
            assert result[n_places]["relative_difference"] <= BARS["relative_difference"]
            assert result[n_places]["median_time_ratio"] <= BARS["time_ratio"]
    assert surface["rms_ours"] == pytest.approx(surface["rms_scipy"], rel=0.01)


def test_networks_on_the_digits():
    data = load_digits()
    accuracy = {
        way: {
            str(n): [
                RBFNetworkClassifier(n, centers=way, random_state=seed)
                .fit(data.X_train, data.y_train)
                .score(data.X_test, data.y_test)
                for seed in SEEDS
            ]
            for n in N_CENTERS
        }
        for way in WAYS
    }
    others = {
        "nearest neighbour": [KNeighborsClassifier(1)],
        "logistic regression": [LogisticRegression(max_iter=2000)],
        "MLP, 64 hidden units": [MLPClassifier(64, max_epochs=30, random_state=seed) for seed in SEEDS],
    }
    peers = {
        name: [m.fit(data.X_train, data.y_train).score(data.X_test, data.y_test) for m in models]
        for name, models in others.items()
    }
    for way, by_number in accuracy.items():
        print(way, {n: round(float(np.mean(values)), 4) for n, values in by_number.items()})
    print({name: round(float(np.mean(values)), 4) for name, values in peers.items()})
    record = records.environment(seeds=SEEDS, command="make bench ONLY=benchmarks/test_classical_rbf.py")
    records.save("classical/rbf_digits", record | {"bars": BARS, "accuracy": accuracy, "peers": peers})
    assert np.mean(accuracy["kmeans"]["100"]) >= BARS["digits_accuracy"]
