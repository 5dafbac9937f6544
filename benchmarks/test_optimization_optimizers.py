"""One step of every optimiser beside PyTorch's foreach implementation, on a million parameters and one thread.

Ours looks for NaN and infinity in the gradients, PyTorch's does not; the search is part of the measured time. The million
parameters are one tensor, fifty of equal size, or the tensors of a multilayer perceptron. Gradients do not change during the
measurement: the time of a step does not depend on their values.

One case misses the bar and is recorded as a miss: plain SGD on fifty tensors. Its own step is so cheap, two to three
microseconds for each tensor, that the two that a look at a tensor takes, half of them for the call alone, show. Without the look
it is faster than PyTorch, which is recorded too.
"""

import time

import numpy as np
import torch

from nndl_support import records
from nndl_support.optimization import optimizers

LAYOUTS = {
    "one tensor": [(1_000_000,)],
    "fifty tensors": [(20_000,)] * 50,
    "perceptron": [(784, 1000), (1000,), (1000, 200), (200,), (200, 64), (64,), (64, 10), (10,)],
}
OPTIONS = {
    "SGD": {"lr": 1e-3},
    "SGD without the check": {"lr": 1e-3},
    "SGD with momentum": {"lr": 1e-3, "momentum": 0.9},
    "SGD with Nesterov's momentum": {"lr": 1e-3, "momentum": 0.9, "nesterov": True, "weight_decay": 1e-4},
    "Adagrad": {},
    "RMSprop": {},
    "RMSprop, centred, with momentum": {"momentum": 0.9, "centered": True},
    "Adadelta": {},
    "Adam": {},
    "Adam with AMSGrad": {"amsgrad": True, "weight_decay": 1e-4},
    "AdamW": {},
    "NAdam": {},
}
STEPS = 5
ROUNDS = 15
REPETITIONS = 3
BAR = 1.5
KNOWN_MISSES = {"fifty tensors": {"SGD"}}


def made(package, label, shapes, **more):
    """Return an optimiser of either package over parameters that have gradients."""
    generator = torch.Generator().manual_seed(0)
    params = [torch.randn(shape, generator=generator).requires_grad_() for shape in shapes]
    for p in params:
        p.grad = torch.randn(p.shape, generator=generator)
    name = label.split()[0].rstrip(",")
    if package is optimizers and label.endswith("without the check"):
        more["check_finite"] = False
    return getattr(package, name)(params, **OPTIONS[label], **more)


def seconds(optimizer):
    start = time.perf_counter()
    for _ in range(STEPS):
        optimizer.step()
    return (time.perf_counter() - start) / STEPS


def measure(ours, theirs):
    """Return the smallest time of each side over interleaved rounds, after one to warm up."""
    rounds = [(seconds(ours), seconds(theirs)) for _ in range(ROUNDS + 1)]
    return np.min(rounds[1:], axis=0)


def test_every_step_is_within_one_and_a_half_times_of_torch_foreach():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    figures = {}
    try:
        for layout, shapes in LAYOUTS.items():
            for label in OPTIONS:
                ours, theirs = made(optimizers, label, shapes), made(torch.optim, label, shapes, foreach=True)
                repetitions = [measure(ours, theirs) for _ in range(REPETITIONS)]
                best = np.min(repetitions, axis=0) * 1e3
                figures.setdefault(layout, {})[label] = {
                    "milliseconds": {"ours": best[0], "torch": best[1]},
                    "ratios": [float(mine / their) for mine, their in repetitions],
                    "median_ratio": float(np.median([mine / their for mine, their in repetitions])),
                }
    finally:
        torch.set_num_threads(threads)
    for layout, by_label in figures.items():
        for label, result in by_label.items():
            times = result["milliseconds"]
            print(f"{layout:<14} {label:<32} {times['ours']:.3f} {times['torch']:.3f} ms  {result['median_ratio']:.2f}")
    # A bar is missed when it is missed in two of three repetitions, that is, when the median misses it.
    missed = {
        layout: [label for label, result in by_label.items() if result["median_ratio"] > BAR]
        for layout, by_label in figures.items()
    }
    record = records.environment(command="make bench ONLY=benchmarks/test_optimization_optimizers.py")
    record |= {"bar": BAR, "rounds": ROUNDS, "layouts": LAYOUTS, "missed": missed, "figures": figures}
    records.save("optimization/optimizers_vs_torch", record)
    for layout, labels in missed.items():
        assert set(labels) <= KNOWN_MISSES.get(layout, set()), (layout, labels)
