"""A step of Lion, Muon, SOAP and L-BFGS beside torch.optim and pytorch_optimizer: a million parameters, one thread, 32 bits.

Muon is measured twice: with the iteration in bfloat16, as the peers always have it, and in the parameters' own width, which they
cannot do; that one is reported without a bar, since on a processor that multiplies 16-bit matrices in hardware the two are not
the same work. SOAP's figure is the mean over as many steps as lie between two bases, the new basis included. L-BFGS has a
full history of ten pairs and a loss that costs little, so that the direction is what is measured.
"""

import time

import numpy as np
import pytest
import torch

from nndl_support import records
from nndl_support.optimization.lbfgs import LBFGS
from nndl_support.optimization.lion import Lion
from nndl_support.optimization.muon import Muon
from nndl_support.optimization.soap import SOAP

BAR = 1.5
ROUNDS, REPETITIONS = 7, 3
SHAPES = [(256, 256)] * 12 + [(128, 512)] * 4  # 1,048,576 parameters
FREQUENCY = 5
STEPS = {"lion": 10, "muon": 1, "muon_float32": 1, "soap": FREQUENCY, "lbfgs": 5}


def parameters():
    generator = torch.Generator().manual_seed(0)
    params = [torch.randn(shape, generator=generator).requires_grad_() for shape in SHAPES]
    for p in params:
        p.grad = torch.randn(p.shape, generator=generator)
    return params


def first_order(make):
    """A call that makes one step with gradients that stay as they are."""
    return make(parameters()).step


def lbfgs(kind):
    """A call that makes one iteration on a quadratic whose gradient is the place itself, its history filled."""
    params = parameters()
    optimizer = kind(params, lr=1e-3, max_iter=1, history_size=10, tolerance_grad=0.0, tolerance_change=0.0)

    def closure():
        total = 0.0
        for p in params:
            p.grad.copy_(p.detach())
            total += float(p.detach().square().sum())
        return total / 2

    for _ in range(12):
        optimizer.step(closure)
    return lambda: optimizer.step(closure)


def contestants():
    """For each method our step and those of the peers that have it."""
    peers = pytest.importorskip("pytorch_optimizer")
    use_muon = lambda params: [{"params": params, "use_muon": True}]  # noqa: E731
    soap = {"precondition_frequency": FREQUENCY}
    muons = {"pytorch_optimizer": lambda: first_order(lambda p: peers.Muon(use_muon(p), weight_decay=0.1))}
    if hasattr(torch.optim, "Muon"):
        muons["torch"] = lambda: first_order(torch.optim.Muon)
    return {
        "lion": {
            "ours": lambda: first_order(lambda p: Lion(p, weight_decay=0.1)),
            "pytorch_optimizer": lambda: first_order(lambda p: peers.Lion(p, weight_decay=0.1)),
        },
        "muon": {"ours": lambda: first_order(Muon)} | muons,
        "muon_float32": {"ours": lambda: first_order(lambda p: Muon(p, ns_dtype=None))} | muons,
        "soap": {
            "ours": lambda: first_order(lambda p: SOAP(p, **soap)),
            "pytorch_optimizer": lambda: first_order(lambda p: peers.SOAP(p, **soap)),
        },
        "lbfgs": {"ours": lambda: lbfgs(LBFGS), "torch": lambda: lbfgs(torch.optim.LBFGS)},
    }


def measure(calls, steps):
    """The smallest time of a step of each side over interleaved rounds, after one round to warm up."""
    rounds = []
    for _ in range(ROUNDS + 1):
        times = []
        for call in calls.values():
            start = time.perf_counter()
            for _ in range(steps):
                call()
            times.append((time.perf_counter() - start) / steps)
        rounds.append(times)
    return dict(zip(calls, np.min(rounds[1:], axis=0), strict=True))


def test_a_step_takes_at_most_half_as_long_again_as_the_peers():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    figures = {}
    try:
        for name, sides in contestants().items():
            repetitions = [
                measure({side: make() for side, make in sides.items()}, STEPS[name]) for _ in range(REPETITIONS)
            ]
            ratios = {side: [float(r["ours"] / r[side]) for r in repetitions] for side in sides if side != "ours"}
            figures[name] = {
                "milliseconds": {side: 1e3 * float(min(r[side] for r in repetitions)) for side in sides},
                "ratios": ratios,
                "median_ratio": {side: float(np.median(values)) for side, values in ratios.items()},
            }
            print(name, figures[name]["milliseconds"], figures[name]["median_ratio"], flush=True)
    finally:
        torch.set_num_threads(threads)
    record = records.environment(
        seeds=[0],
        packages=("numpy", "torch", "pytorch-optimizer"),
        command="make bench ONLY=benchmarks/test_optimization_new_optimizers.py",
    )
    record |= {
        "what": "one step, one thread, float32, fixed gradients; ratios are our time over the peer's",
        "shapes": SHAPES,
        "parameters": sum(a * b for a, b in SHAPES),
        "soap_precondition_frequency": FREQUENCY,
        "bar": BAR,
        "rounds": ROUNDS,
        "figures": figures,
    }
    records.save("optimization/new_optimizers", record)
    missed = {
        f"{name} beside {side}": ratio
        for name, figure in figures.items()
        for side, ratio in figure["median_ratio"].items()
        if ratio > BAR and name != "muon_float32"
    }
    assert missed == {}
