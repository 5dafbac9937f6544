"""Batch sizes and rates on MNIST-5k, minima of small and large batches, saddles of a network, and the time of clipping."""

import math
import time

import numpy as np
import torch
from torch import nn

from nndl_support import records
from nndl_support.data.digits import load_digits, load_mnist_5k
from nndl_support.optimization.batch_size import descend, fit_steps
from nndl_support.optimization.clipping import clip_grad_norm_, clip_grad_value_
from nndl_support.optimization.minibatch import noise_scale, per_example_gradients
from nndl_support.optimization.network_saddles import NetworkLoss, describe, find_critical_point, minimise
from nndl_support.optimization.sharpness import hutchinson_trace, sharpness

COMMAND = "make bench ONLY=benchmarks/test_optimization_landscape.py"
SEEDS = (0, 1, 2)
TARGET = 0.3
SIZES = (2, 8, 32, 128, 512, 4000)
RATES = tuple(0.0125 * 2**k for k in range(8))
# (batch size, learning rate) of the minima that are compared
WAYS = ((8, 0.05), (8, 0.2), (64, 0.05), (64, 0.4), (500, 0.05), (500, 0.4))
N_HIDDEN, N_SEARCHES = 6, 36
BAR, ROUNDS, REPETITIONS = 1.5, 40, 3


def network(seed):
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(784, 30), nn.Tanh(), nn.Linear(30, 10))


def tensors(data):
    return torch.tensor(data.X_train, dtype=torch.float32), torch.tensor(data.y_train)


def arrays(model):
    first, _, second = model
    return tuple(p.detach().double().numpy() for p in (first.weight.T, first.bias, second.weight.T, second.bias))


def test_steps_to_a_loss_against_batch_size_and_rate():
    data = load_mnist_5k()
    X, y = tensors(data)
    runs = []
    for seed in SEEDS:
        for size in SIZES:
            for rate in RATES:
                n_steps = max(40_000 // size, 400)
                log = descend(
                    network(seed),
                    X,
                    y,
                    batch_size=size,
                    learning_rate=rate,
                    n_steps=n_steps,
                    measure_every=max(1, 200 // size),
                    stop_at=TARGET,
                    generator=torch.Generator().manual_seed(seed),
                )
                runs.append({"seed": seed, "batch_size": size, "rate": rate, "steps": log.steps_to(TARGET)})
        print("seed", seed, "done", flush=True)
    best = {}
    for size in SIZES:
        medians = {}
        for rate in RATES:
            steps = [r["steps"] for r in runs if (r["batch_size"], r["rate"]) == (size, rate)]
            if None not in steps:
                medians[rate] = float(np.median(steps))
        rate = min(medians, key=medians.get)
        best[str(size)] = {"rate": rate, "steps": medians[rate]}
    fewest, critical = fit_steps(SIZES, [best[str(size)]["steps"] for size in SIZES])

    rng, along = np.random.default_rng(0), []
    chosen = rng.choice(len(X), 500, replace=False)
    model, generator = network(0), torch.Generator().manual_seed(0)
    for _ in range(13):
        gradients = per_example_gradients(arrays(model), data.X_train[chosen], data.y_train[chosen])
        with torch.no_grad():
            loss = nn.functional.cross_entropy(model(X), y).item()
        along.append({"loss": loss, "noise_scale": noise_scale(gradients)})
        descend(model, X, y, batch_size=32, learning_rate=0.2, n_steps=40, measure_every=40, generator=generator)
    print(best, fewest, critical, along)
    record = records.environment(seeds=SEEDS, command=COMMAND)
    content = {
        "target": TARGET,
        "runs": runs,
        "best": best,
        "fit": {"fewest": fewest, "critical": critical},
        "along": along,
    }
    records.save("optimization/batch_size", record | content)
    rates = [best[str(size)]["rate"] for size in SIZES]
    assert rates[1] >= 2 * rates[0]
    assert rates[-1] <= 2 * rates[-2]
    assert best["2"]["steps"] > 4 * best["4000"]["steps"]


def test_minima_of_small_and_large_batches():
    data = load_mnist_5k()
    X, y = tensors(data)
    X_test, y_test = torch.tensor(data.X_test, dtype=torch.float32), torch.tensor(data.y_test)
    runs = []
    for size, rate in WAYS:
        for seed in SEEDS:
            model, generator = network(seed), torch.Generator().manual_seed(seed)
            log = descend(
                model,
                X,
                y,
                batch_size=size,
                learning_rate=rate,
                n_steps=20_000,
                measure_every=50,
                stop_at=0.02,
                generator=generator,
            )

            def loss(model=model):
                return nn.functional.cross_entropy(model(X), y)

            scale = torch.cat([p.detach().flatten().abs() for p in model.parameters()])
            with torch.no_grad():
                accuracy = (model(X_test).argmax(dim=1) == y_test).double().mean().item()
            runs.append(
                {
                    "batch_size": size,
                    "rate": rate,
                    "seed": seed,
                    "steps": log.steps[-1],
                    "loss": log.losses[-1],
                    "test_accuracy": accuracy,
                    "sharpness": sharpness(loss, model.parameters(), generator=generator)[0],
                    "relative_sharpness": sharpness(loss, model.parameters(), scale=scale, generator=generator)[0],
                    "trace": hutchinson_trace(loss, model.parameters(), n_vectors=40, generator=generator)[0],
                    "norm": math.sqrt(sum((p.detach() ** 2).sum().item() for p in model.parameters())),
                }
            )
            print(runs[-1], flush=True)
    records.save("optimization/flat_minima", records.environment(seeds=SEEDS, command=COMMAND) | {"runs": runs})
    assert max(run["loss"] for run in runs) <= 0.02


def test_critical_points_of_a_network_on_the_digits():
    data = load_digits()
    X = data.X_train.reshape(-1, 4, 2, 4, 2).mean(axis=(2, 4)).reshape(-1, 16)[:500]
    full = NetworkLoss(
        torch.tensor(X), torch.tensor(data.y_train[:500]), n_hidden=N_HIDDEN, n_classes=10, weight_decay=1e-3
    )
    points = []
    for seed in SEEDS:
        for n_awake in range(N_HIDDEN + 1):
            small = full.widened(n_awake)
            start = 0.5 * torch.randn(
                small.n_parameters, dtype=torch.float64, generator=torch.Generator().manual_seed(100 * seed + n_awake)
            )
            theta = minimise(small, start)
            padded = small.with_sleeping_units(theta, N_HIDDEN - n_awake)
            points.append({"kind": "nested", "seed": seed, "n_awake": n_awake, "theta": padded})
    tried = 0
    for seed in range(N_SEARCHES):
        generator = torch.Generator().manual_seed(seed)
        theta = 0.5 * torch.randn(full.n_parameters, dtype=torch.float64, generator=generator)
        for _ in range(200 * (seed % 12)):  # from the start of a descent to far along it
            theta = theta - 0.7 * full.gradient(theta)
        noise = (0.0, 0.15, 0.3)[seed // 12]
        theta = theta + noise * torch.randn(full.n_parameters, dtype=torch.float64, generator=generator)
        theta, tried = find_critical_point(full, theta, n_iterations=200), tried + 1
        if full.gradient(theta).norm() < 1e-8:
            points.append({"kind": "found", "seed": seed, "n_awake": None, "theta": theta})
    for point in points:
        found = describe(full, point["theta"])
        point |= {
            "theta": [float(f"{value:.12g}") for value in point["theta"].tolist()],
            "loss": found.loss,
            "gradient_norm": found.gradient_norm,
            "index": found.index,
            "lowest": found.lowest,
        }
    found = [p for p in points if p["kind"] == "found"]
    print(f"{len(found)} of {tried} searches ended in a critical point")
    print(sorted({(round(p["loss"], 4), round(p["index"], 4)) for p in found}))
    record = records.environment(seeds=SEEDS, command=COMMAND)
    content = {"n_hidden": N_HIDDEN, "weight_decay": 1e-3, "n_searches": tried, "points": points}
    records.save("optimization/network_saddles", record | content)
    losses, indices = zip(*[(p["loss"], p["index"]) for p in points])
    assert np.corrcoef(losses, indices)[0, 1] > 0.9


def test_clipping_takes_no_longer_than_that_of_torch():
    """A million float32 parameters on one thread; the bounds are far away, which costs as much as a bound that acts."""
    functions = {
        "clip_grad_norm_": (clip_grad_norm_, nn.utils.clip_grad_norm_, 1e6),
        "clip_grad_value_": (clip_grad_value_, nn.utils.clip_grad_value_, 1e6),
    }
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    figures = {}
    try:
        for layout, n_tensors in {"one tensor": 1, "fifty tensors": 50}.items():
            generator = torch.Generator().manual_seed(0)
            parameters = [torch.zeros(1_000_000 // n_tensors, requires_grad=True) for _ in range(n_tensors)]
            for p in parameters:
                p.grad = torch.randn(p.shape, generator=generator)
            for name, (ours, theirs, bound) in functions.items():
                repetitions = []
                for _ in range(REPETITIONS):
                    rounds = []
                    for _ in range(ROUNDS + 1):
                        times = [time.perf_counter()]
                        for clip in (ours, theirs):
                            clip(parameters, bound)
                            times.append(time.perf_counter())
                        rounds.append(np.diff(times))
                    repetitions.append([float(t) for t in np.min(rounds[1:], axis=0)])
                ratio = float(np.median([mine / other for mine, other in repetitions]))
                figures.setdefault(layout, {})[name] = {"seconds": repetitions, "median_ratio": ratio}
                print(f"{layout:14s} {name:17s} {1e6 * repetitions[0][0]:5.0f} us, ratio {ratio:.2f}")
    finally:
        torch.set_num_threads(threads)
    record = records.environment(command=COMMAND) | {"bar": BAR, "rounds": ROUNDS, "figures": figures}
    records.save("optimization/clipping_vs_torch", record)
    assert all(result["median_ratio"] <= BAR for by_name in figures.values() for result in by_name.values())
