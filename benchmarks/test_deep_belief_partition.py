"""What an estimate of log Z costs and how good it is; a machine of 500 hidden units on MNIST; pseudo-likelihood beside its peers.

No library installed here estimates the partition function of a restricted Boltzmann machine (learnergy and scikit-learn have the
stochastic pseudo-likelihood only), so annealed importance sampling is measured against enumeration, and its time against chains
that are run one after the other.
"""

import math
import time

import numpy as np
import pytest
import torch
from sklearn.neural_network import BernoulliRBM

from nndl_support import records
from nndl_support.data.digits import load_digits, load_mnist_5k
from nndl_support.deep_belief import (
    annealing_path,
    importance_sampling,
    partition,
    pseudo_likelihood,
    reverse_annealing,
)
from nndl_support.deep_belief.rbm import RestrictedBoltzmannMachine
from nndl_support.deep_belief.thermodynamic_integration import thermodynamic_integration

COMMAND = "make bench ONLY=benchmarks/test_deep_belief_partition.py"
SEEDS = (0, 1, 2)
REPETITIONS = 20
GRID = ((100, 10), (100, 30), (100, 100), (100, 300), (100, 1000), (10, 1000), (1000, 100))
BAR, ROUNDS, TIMES = 1.2, 25, 3


def binary(images):
    return (images > 0.5).astype("float32")


@pytest.fixture(autouse=True)
def _one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def test_error_of_the_estimates_against_their_cost():
    X, runs = binary(load_digits().X_train).astype("float64"), []
    options = {"method": "pcd", "batch_size": 50, "n_chains": 100, "n_epochs": 40, "learning_rate": 0.05}
    for seed in SEEDS:
        rbm = RestrictedBoltzmannMachine(16, **options, random_state=seed).fit(X)
        exact, a0, machine = partition.exact_log_z(rbm), torch.tensor(rbm.base_bias_), rbm.harmonium_
        methods = {
            f"annealing, {c} chains, {t} temperatures": (
                c * t,
                lambda s, c=c, t=t, rbm=rbm: partition.annealed_importance_sampling(
                    rbm, n_chains=c, n_temperatures=t, random_state=s
                ),
            )
            for c, t in GRID
        }
        for base, bias in (("data means", a0), ("uniform", torch.zeros_like(a0))):

            def simple(s, bias=bias, machine=machine):
                generator = partition.seeded_generator(s)
                log_w, log_z0 = importance_sampling.importance_log_weights(machine, bias, 100_000, generator)
                log_mean, error = partition.log_mean_weight(log_w)
                return log_z0 + log_mean, error

            methods[f"simple importance sampling, {base}, 100000 draws"] = (100_000, simple)
        methods["thermodynamic integration, 20 rungs, 50 chains, 100 steps"] = (
            21 * 50 * 120,
            lambda s, rbm=rbm: thermodynamic_integration(
                rbm, n_nodes=20, n_chains=50, n_steps=100, n_burn_in=20, random_state=s
            ),
        )
        for name, (n_steps, method) in methods.items():
            start = time.process_time()
            found = np.array([method(s) for s in range(REPETITIONS)])
            seconds = (time.process_time() - start) / REPETITIONS
            off = found[:, 0] - exact
            runs.append(
                {
                    "seed": seed,
                    "method": name,
                    "gibbs_steps": n_steps,
                    "seconds": seconds,
                    "bias": float(off.mean()),
                    "rms_error": float(np.sqrt((off**2).mean())),
                    "mean_standard_error": float(found[:, 1].mean()),
                    "inside_3_sigma": float((np.abs(off) <= 3 * found[:, 1]).mean()),
                }
            )
            print({k: round(v, 4) if isinstance(v, float) else v for k, v in runs[-1].items()}, flush=True)
    record = records.environment(seeds=SEEDS, command=COMMAND)
    content = {"repetitions": REPETITIONS, "peer": "none that is installed", "runs": runs}
    records.save("deep_belief/partition_cost_accuracy", record | content)
    best = [r for r in runs if r["method"] == "annealing, 100 chains, 1000 temperatures"]
    assert max(r["rms_error"] for r in best) < 0.1
    assert min(r["inside_3_sigma"] for r in best) >= 0.9


def test_chains_at_once_against_chains_one_by_one():
    X = binary(load_digits().X_train).astype("float64")
    rbm = RestrictedBoltzmannMachine(16, batch_size=50, n_epochs=5, random_state=0).fit(X)
    machine, a0, beta = rbm.harmonium_, torch.tensor(rbm.base_bias_), annealing_path.linear_temperatures(100)
    repetitions = []
    for _ in range(TIMES):
        rounds = []
        for _ in range(7):
            times = [time.perf_counter()]
            partition.annealed_log_weights(machine, beta, a0, n_chains=50)
            times.append(time.perf_counter())
            for _ in range(50):
                partition.annealed_log_weights(machine, beta, a0, n_chains=1)
            times.append(time.perf_counter())
            rounds.append(np.diff(times))
        repetitions.append([float(t) for t in np.min(rounds, axis=0)])
    ratio = float(np.median([together / one for together, one in repetitions]))
    print(f"50 chains at once take {ratio:.3f} of the time of one by one")
    record = records.environment(command=COMMAND)
    records.save("deep_belief/partition_vectorised", record | {"seconds": repetitions, "median_ratio": ratio})
    assert ratio < 0.2


def test_five_hundred_hidden_units_on_mnist():
    data = load_mnist_5k()
    X, X_test = binary(data.X_train), torch.tensor(binary(data.X_test))
    options = {"method": "pcd", "batch_size": 50, "n_chains": 100, "learning_rate": 0.05, "schedule": "linear"}
    runs = []
    for seed in SEEDS:
        start = time.process_time()
        rbm = RestrictedBoltzmannMachine(500, **options, n_epochs=25, random_state=seed).fit(X)
        fitted = time.process_time() - start
        machine, a0 = rbm.harmonium_.to(torch.float32), torch.tensor(rbm.base_bias_, dtype=torch.float32)
        generator = torch.Generator().manual_seed(seed)
        samples = torch.tensor(X[:100])
        for _ in range(2000):
            samples = machine.gibbs_step(samples, generator)
        free = float(machine.free_energy(X_test).double().mean())
        free_train = float(machine.free_energy(torch.tensor(X)).double().mean())
        base = float((X_test @ a0 - torch.nn.functional.softplus(a0).sum()).mean())
        for n_temperatures in (100, 1000, 10_000) if seed == 0 else (1000,):
            start = time.process_time()
            ends = reverse_annealing.sandwich(
                machine, samples, n_temperatures=n_temperatures, base_bias=a0, random_state=seed
            )
            conservative = reverse_annealing.raise_log_probability(
                machine, X_test[:100], n_chains=1, n_temperatures=n_temperatures, base_bias=a0, random_state=seed
            )
            runs.append(
                {"seed": seed, "n_temperatures": n_temperatures, "fit_seconds": fitted, "base_test": base}
                | {"seconds": time.process_time() - start, "free_energy_test": free, "free_energy_train": free_train}
                | ends._asdict()
                | {"raise_test_100": float(conservative.mean())}
                | {"free_energy_test_100": float(machine.free_energy(X_test[:100]).double().mean())}
            )
            print(runs[-1], flush=True)
    record = records.environment(seeds=SEEDS, command=COMMAND)
    records.save("deep_belief/partition_mnist", record | {"n_components": 500, "n_epochs": 25, "runs": runs})
    assert all(r["lower"] - 3 * r["lower_error"] < r["bennett"] < r["upper"] + 3 * r["upper_error"] for r in runs)
    assert all(-r["free_energy_test"] - r["upper"] > r["base_test"] + 50 for r in runs)


def test_pseudo_likelihood_takes_no_longer_than_that_of_the_peers():
    """1000 images, 784-256; both peers turn over one pixel of every image, as our stochastic form does."""
    X = binary(load_mnist_5k().X_train)[:1000]
    theirs = BernoulliRBM(256, n_iter=1, batch_size=100, random_state=0).fit(X)
    ours = RestrictedBoltzmannMachine(256, batch_size=100, n_epochs=1, random_state=0).fit(X)
    machine, x = ours.harmonium_.to(torch.float32), torch.tensor(X)
    generator = torch.Generator().manual_seed(0)
    candidates = {
        "ours": lambda: pseudo_likelihood.stochastic_log_pseudo_likelihood(machine, x, generator),
        "scikit-learn": lambda: theirs.score_samples(X),
    }
    try:
        from learnergy.models.bernoulli import RBM
    except ImportError:
        print("learnergy is not installed")
    else:
        peer = RBM(n_visible=784, n_hidden=256)
        candidates["learnergy"] = lambda: peer.pseudo_likelihood(x).item()
    repetitions = []
    for _ in range(TIMES):
        rounds = []
        for _ in range(ROUNDS):
            times = [time.perf_counter()]
            for call in candidates.values():
                call()
                times.append(time.perf_counter())
            rounds.append(np.diff(times))
        repetitions.append([float(t) for t in np.min(rounds, axis=0)])
    fastest_peer = [min(row[1:]) for row in repetitions]
    ratio = float(np.median([row[0] / peer for row, peer in zip(repetitions, fastest_peer, strict=True)]))
    print(dict(zip(candidates, repetitions[0], strict=True)), "ratio to the faster peer", ratio)
    record = records.environment(command=COMMAND, packages=("numpy", "torch", "scikit-learn", "learnergy"))
    content = {"bar": BAR, "rounds": ROUNDS, "names": list(candidates), "seconds": repetitions, "median_ratio": ratio}
    records.save("deep_belief/pseudo_likelihood_vs_peers", record | content)
    assert math.isfinite(ratio)
    assert ratio <= BAR
