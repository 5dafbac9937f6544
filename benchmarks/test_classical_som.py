"""The self-organizing map beside minisom, susi and torchsom: a 10 x 10 map of all 1797 digits, pixels in [0, 1].

Two errors count, and they pull in opposite directions: a narrow neighbourhood fits the data, a wide one keeps the order.
So every library gets a sweep over its final radius, with the settings beside it that were best for it in trials
(initialisation from principal components or, where that is worse, from samples; learning rates and their decay), and
10 passes over the data. Both errors of all maps come from the same two functions, which see nothing but the weights.
"""

import time
import warnings

import numpy as np
import pytest

from nndl_support import records
from nndl_support.classical.map_grid import adjacent_units
from nndl_support.classical.map_quality import quantization_error, topographic_error
from nndl_support.classical.som import SelfOrganizingMap
from nndl_support.data.digits import load_digits

SHAPE = (10, 10)
SEEDS = range(3)
PASSES = 10  # of a peer
EPOCHS = {"ours": 50, "ours_long": 200}  # the long training takes its time, as torchsom does
ROUNDS, REPETITIONS = 7, 3
FINAL_RADII = np.round(np.geomspace(0.28, 1.8, 32), 3)
FIRST_RADII = (4.0, 5.0, 6.0, 7.0)
BARS = {"time_ratio": 0.1}


def minisom(X, seed, *, sigma, sigma_decay, learning_rate, decay, passes=PASSES):
    from minisom import MiniSom

    som = MiniSom(
        *SHAPE,
        X.shape[1],
        sigma=sigma,
        sigma_decay_function=sigma_decay,
        learning_rate=learning_rate,
        decay_function=decay,
        random_seed=seed,
    )
    som.pca_weights_init(X)
    som.train(X, passes * len(X), random_order=True)
    return som.get_weights()


def susi(X, seed, *, radius_decay, rate_decay, start, passes=PASSES):
    from susi import SOMClustering

    som = SOMClustering(
        *SHAPE,
        n_iter_unsupervised=passes * len(X),
        neighborhood_mode_unsupervised=radius_decay,
        learn_mode_unsupervised=rate_decay,
        learning_rate_start=start,
        learning_rate_end=0.05 * start,
        init_mode_unsupervised="random_data",
        n_jobs=1,
        random_state=seed,
    )
    return som.fit(X).unsuper_som_


def torchsom(X, seed, *, sigma, sigma_decay, learning_rate, decay, batch_size, passes=PASSES):
    import torch
    from torchsom.core.som import SOM

    data = torch.tensor(X, dtype=torch.float32)
    som = SOM(
        *SHAPE,
        X.shape[1],
        epochs=passes,
        batch_size=batch_size,
        sigma=sigma,
        sigma_decay_function=sigma_decay,
        learning_rate=learning_rate,
        lr_decay_function=decay,
        search_backend="torch",
        device="cpu",
        random_seed=seed,
    )
    som.initialize_weights(data, mode="pca")
    som.fit(data, verbose=False)
    return som.weights.detach().double().numpy()


def ours(X, seed, *, radius, final_radius, n_epochs):
    som = SelfOrganizingMap(SHAPE, radius=radius, final_radius=final_radius, n_epochs=n_epochs, random_state=seed)
    return som.fit(X).weights_


def settings():
    """Every setting of every library. The radius that decays asymptotically ends at a third of its start."""
    widths = [("linear_decay_to_one", 5.0)] + [("asymptotic_decay", s) for s in (4.0, 3.0, 2.4, 2.0, 1.75, 1.5, 1.2)]
    minisoms = [
        {"sigma": sigma, "sigma_decay": sigma_decay, "learning_rate": rate, "decay": decay}
        for sigma_decay, sigma in widths
        for rate in (0.5, 0.2, 0.1)
        for decay in ("asymptotic_decay", "linear_decay_to_zero")
    ]
    susis = [
        {"radius_decay": radius_decay, "rate_decay": rate_decay, "start": start}
        for radius_decay in ("linear", "min", "exp")
        for rate_decay in ("min", "linear")
        for start in (0.5, 0.2)
    ]
    torchsoms = [
        {
            "sigma": sigma,
            "sigma_decay": sigma_decay.replace("linear", "sig_linear"),
            "learning_rate": 0.1 * batch_size,
            "decay": decay,
            "batch_size": batch_size,
        }
        for sigma_decay, sigma in widths
        for batch_size in (5, 16)
        for decay in ("asymptotic_decay", "lr_linear_decay_to_zero")
    ]
    own = {
        library: [
            {"radius": first, "final_radius": float(last), "n_epochs": n_epochs}
            for last in FINAL_RADII
            for first in FIRST_RADII
        ]
        for library, n_epochs in EPOCHS.items()
    }
    return {"minisom": minisoms, "susi": susis, "torchsom": torchsoms} | own


TRAINERS = {"minisom": minisom, "susi": susi, "torchsom": torchsom, "ours": ours, "ours_long": ours}


def digits():
    """All 1797 digits, pixels in [0, 1]."""
    data = load_digits()
    return np.vstack([data.X_train, data.X_test])


def errors(X, weights):
    """Quantisation and topographic error of a map, by one definition for all."""
    W = weights.reshape(-1, X.shape[1])
    return quantization_error(X, W), topographic_error(X, W, adjacent_units(SHAPE))


def measure(X, library, setting):
    """Return the setting with the errors of every seed, their means and the time of the fastest."""
    runs, seconds = [], []
    for seed in [0] if library in EPOCHS else SEEDS:  # ours uses no chance: the seed changes nothing
        start = time.perf_counter()
        weights = TRAINERS[library](X, seed, **setting)
        seconds.append(time.perf_counter() - start)
        runs.append(errors(X, weights))
    quantization, topographic = np.mean(runs, axis=0)
    return setting | {
        "quantization_error": quantization,
        "topographic_error": topographic,
        "runs": runs,
        "seconds": min(seconds),
    }


def dominates(a, b):
    """Whether no error of a is larger than that of b, and one is smaller. Points are (quantisation, topographic)."""
    return a[0] <= b[0] and a[1] <= b[1] and tuple(a) != tuple(b)


def point(entry):
    return entry["quantization_error"], entry["topographic_error"]


def front(entries):
    """The entries that no other entry dominates, from the lowest quantisation error on."""
    best = [e for e in entries if not any(dominates(point(other), point(e)) for other in entries)]
    return sorted(best, key=lambda e: e["quantization_error"])


def times(X):
    """Seconds of every library: minima over interleaved rounds, at settings in the middle of the sweeps.

    Seconds of the processor, not of the clock: all sides run in one thread, and other programs that wait for the same
    processor do not count.
    """
    chosen = {
        "ours": {"radius": 5.0, "final_radius": 0.7, "n_epochs": EPOCHS["ours"]},
        "ours_long": {"radius": 5.0, "final_radius": 0.7, "n_epochs": EPOCHS["ours_long"]},
        "minisom": settings()["minisom"][20],
        "susi": settings()["susi"][0],
        "torchsom": settings()["torchsom"][16],
    }
    found = []
    for _ in range(REPETITIONS):
        seconds = {library: [] for library in chosen}
        for _ in range(ROUNDS):
            for library, setting in chosen.items():
                start = time.process_time()
                TRAINERS[library](X, 0, **setting)
                seconds[library].append(time.process_time() - start)
        found.append({library: min(values) for library, values in seconds.items()})
    return chosen, found


def test_our_front_dominates_minisom_and_susi_and_is_not_dominated_by_torchsom():
    pytest.importorskip("minisom")
    pytest.importorskip("susi")
    torch = pytest.importorskip("torch")
    pytest.importorskip("torchsom")
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")  # minisom warns of a small sigma, joblib of its workers
    X = digits()
    maps = {}
    for library, all_settings in settings().items():
        maps[library] = [measure(X, library, setting) for setting in all_settings]
        for entry in front(maps[library]):
            print(library, *(f"{entry[key]:.4f}" for key in ("quantization_error", "topographic_error", "seconds")))
    chosen, seconds = times(X)
    ratios = {peer: [s["ours"] / s[peer] for s in seconds] for peer in ("minisom", "susi", "torchsom")}
    ratios["torchsom_long"] = [s["ours_long"] / s["torchsom"] for s in seconds]
    print(ratios)
    packages = ("numpy", "scipy", "scikit-learn", "torch", "minisom", "susi", "torchsom")
    record = records.environment(
        seeds=SEEDS, command="make bench ONLY=benchmarks/test_classical_som.py", packages=packages
    )
    records.save(
        "classical/som_vs_peers",
        record
        | {
            "bars": BARS,
            "data": "1797 digits, 64 pixels in [0, 1]",
            "shape": SHAPE,
            "passes_of_peers": PASSES,
            "maps": maps,
            "timed_settings": chosen,
            "seconds": seconds,
            "time_ratio": ratios,
            "median_time_ratio": {peer: float(np.median(values)) for peer, values in ratios.items()},
        },
    )
    own = [point(entry) for entry in maps["ours"]]
    for peer in ("minisom", "susi"):
        missed = [e for e in maps[peer] if not any(dominates(mine, point(e)) for mine in own)]
        assert missed == []
        assert np.median(ratios[peer]) <= BARS["time_ratio"]
    torchsoms = [point(entry) for entry in maps["torchsom"]]
    best = [point(entry) for entry in front(maps["ours"] + maps["ours_long"])]
    assert [mine for mine in best if any(dominates(theirs, mine) for theirs in torchsoms)] == []
    assert np.median(ratios["torchsom_long"]) < 1
