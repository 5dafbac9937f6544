"""Normalisation on MNIST-5k: the rates at which deep networks train, accuracy against batch size, and time beside torch.nn.

The times are those of one pass forward and back in single precision, ours and the layer of torch.nn in turn on one thread; there
is no bar, the aim is a ratio of three.
"""

import time

import numpy as np
import torch
from torch import nn

from nndl_support import records
from nndl_support.data.digits import load_mnist_5k
from nndl_support.optimization import normalization
from nndl_support.optimization.normalized_mlp import NormalizedMLP, accuracy, train

SEEDS = range(3)
WIDTH = 64
DEPTHS = (3, 10, 20)
RATES = (0.03, 0.1, 0.3, 1.0, 3.0, 10.0)
BATCH_SIZES = (2, 4, 8, 16, 32, 64)
RATE_OF_32 = 0.1
EPOCHS = {"rates": 3, "batch_sizes": 2}
ROUNDS, REPETITIONS, CALLS = 9, 3, 50
LAYERS = {
    "BatchNorm1d": ((256,), {}, (256, 256)),
    "LayerNorm": ((256,), {}, (256, 256)),
    "GroupNorm": ((8, 64), {}, (64, 64, 16)),
    "InstanceNorm1d": ((64,), {"affine": True}, (64, 64, 16)),
    "RMSNorm": ((256,), {}, (256, 256)),
    "LocalResponseNorm": ((5,), {}, (64, 64, 16)),
    "WeightNorm": ((), {}, (256, 256)),
}
COMMAND = "make bench ONLY=benchmarks/test_optimization_normalization.py"


def tensors():
    """Return the training and the test part of MNIST-5k in single precision."""
    data = load_mnist_5k()
    parts = [torch.tensor(part, dtype=torch.float32) for part in (data.X_train, data.X_test)]
    return parts[0], torch.tensor(data.y_train), parts[1], torch.tensor(data.y_test)


def trained(norm, depth, seed, data, **options):
    """Return a trained network, and whether its loss stopped being finite."""
    model = NormalizedMLP([784, *[WIDTH] * depth, 10], norm, seed=seed)
    run = train(model, data[0], data[1], seed=seed, **options)
    return model, run.diverged


def together(model, X, y, size):
    """Return the accuracy in training mode, on batches of the size of the training."""
    mode, right = model.training, 0
    model.train()
    with torch.no_grad():
        for rows in torch.arange(len(X)).split(size):
            right += (model(X[rows]).argmax(dim=1) == y[rows]).sum().item()
    model.train(mode)
    return right / len(X)


def test_rates_and_batch_sizes():
    torch.set_num_threads(1)
    data = tensors()
    rates = []
    for depth in DEPTHS:
        for norm in ("none", "batch", "layer"):
            for rate in RATES:
                for seed in SEEDS:
                    options = {"epochs": EPOCHS["rates"], "batch_size": 64, "learning_rate": rate}
                    model, diverged = trained(norm, depth, seed, data, **options)
                    result = 0.1 if diverged else accuracy(model, *data[2:])
                    rates.append({"depth": depth, "norm": norm, "rate": rate, "seed": seed, "accuracy": result})
    sizes = []
    for size in BATCH_SIZES:
        for norm in ("none", "batch", "layer", "group"):
            for seed in SEEDS:
                rate = RATE_OF_32 * size / 32
                options = {"epochs": EPOCHS["batch_sizes"], "batch_size": size, "learning_rate": rate}
                model, _ = trained(norm, 3, seed, data, **options)
                row = {"size": size, "norm": norm, "rate": rate, "seed": seed, "accuracy": accuracy(model, *data[2:])}
                sizes.append(row | {"in_training_mode": together(model, *data[2:], size)})
    record = records.environment(seeds=SEEDS, command=COMMAND)
    content = {"width": WIDTH, "epochs": EPOCHS, "rates": rates, "batch_sizes": sizes}
    records.save("optimization/normalization_batch_size", record | content)

    def mean(rows, **wanted):
        return np.mean([r["accuracy"] for r in rows if all(r[k] == v for k, v in wanted.items())])

    for depth in DEPTHS:
        for norm in ("none", "batch", "layer"):
            print(depth, norm, [round(float(mean(rates, depth=depth, norm=norm, rate=rate)), 3) for rate in RATES])
    for norm in ("none", "batch", "layer", "group"):
        print(norm, [round(float(mean(sizes, norm=norm, size=size)), 3) for size in BATCH_SIZES])
    assert mean(rates, depth=20, norm="batch", rate=0.3) > mean(rates, depth=20, norm="none", rate=0.3) + 0.3
    assert mean(sizes, norm="batch", size=2) < mean(sizes, norm="group", size=2) - 0.3
    assert mean(sizes, norm="batch", size=64) > mean(sizes, norm="group", size=64)


def pair(name):
    """Return our layer, the layer of torch.nn, an input and a gradient of the output."""
    args, options, shape = LAYERS[name]
    torch.manual_seed(0)
    if name == "WeightNorm":
        ours = normalization.WeightNorm(nn.Linear(256, 256))
        peer = nn.utils.parametrizations.weight_norm(nn.Linear(256, 256))
    else:
        ours, peer = (getattr(module, name)(*args, **options) for module in (normalization, nn))
    return ours, peer, torch.randn(shape, requires_grad=True), torch.randn(shape)


def seconds(layer, x, up):
    """Return the time of one pass forward and back, averaged over several."""
    start = time.perf_counter()
    for _ in range(CALLS):
        layer(x).backward(up)
    return (time.perf_counter() - start) / CALLS


def test_layers_beside_torch():
    torch.set_num_threads(1)
    figures = {}
    for name, (_, _, shape) in LAYERS.items():
        ours, peer, x, up = pair(name)
        repetitions = []
        for _ in range(REPETITIONS):
            rounds = [(seconds(ours, x, up), seconds(peer, x, up)) for _ in range(ROUNDS + 1)]
            repetitions.append([float(v) for v in np.min(rounds[1:], axis=0)])
        ratios = [mine / theirs for mine, theirs in repetitions]
        figures[name] = {"shape": shape, "seconds": repetitions, "median_ratio": float(np.median(ratios))}
        print(f"{name:18s} {1e6 * repetitions[0][0]:7.0f} us, ratio {figures[name]['median_ratio']:.2f}")
    record = records.environment(command=COMMAND)
    records.save("optimization/normalization_vs_torch", record | {"rounds": ROUNDS, "figures": figures})
    assert all(result["median_ratio"] < 10 for result in figures.values())
