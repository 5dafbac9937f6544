"""Which initialisations learn, at which depth, and what an adaptive optimiser or batch normalisation changes about it.

Networks of 64 units per layer on the 8 x 8 digits. The learning rate of every combination is chosen from one grid, by the training loss
of the first seed; the test accuracy is that of all three seeds at this rate.
"""

import math
import os

import pytest
import torch
from torch import nn

from nndl_support import records
from nndl_support.data.digits import load_digits
from nndl_support.optimization.deep_mlp import deep_mlp, initialise_
from nndl_support.optimization.optimizers import SGD, Adam
from nndl_support.training import fit

SEEDS = range(3)
DEPTHS = (2, 10, 50)
WIDTH, EPOCHS, BATCH = 64, 25, 100
SCHEMES = ("small", "default", "xavier", "he", "orthogonal", "lsuv")
RATES = (0.001, 0.003, 0.01, 0.03, 0.1)
ADAM_RATES = (0.0001, 0.0003, 0.001, 0.003)
NORMALISED_RATES = (0.003, 0.03, 0.3)
COMMAND = "make bench ONLY=benchmarks/test_optimization_initialization.py"


@pytest.fixture(autouse=True)
def one_thread():
    os.environ["NNDL_PROGRESS"] = "0"
    torch.set_num_threads(1)


def train(activation, scheme, depth, rate, seed, *, method="sgd", batch_norm=False):
    """Train once, and say how it went; a loss that is not finite counts as infinite."""
    data = load_digits()
    x, y = torch.tensor(data.X_train, dtype=torch.float32), torch.tensor(data.y_train)
    x_test, y_test = torch.tensor(data.X_test, dtype=torch.float32), torch.tensor(data.y_test)
    model = deep_mlp(64, WIDTH, depth, 10, activation, batch_norm=batch_norm)
    initialise_(model, scheme, activation, batch=x[:256], generator=torch.Generator().manual_seed(seed))
    if method == "sgd":
        optimizer = SGD(model.parameters(), lr=rate, momentum=0.9)
    else:
        optimizer = Adam(model.parameters(), lr=rate)
    try:
        history = fit(
            model, nn.CrossEntropyLoss(), (x, y), optimizer, epochs=EPOCHS, batch_size=BATCH, seed=seed
        ).history["train_loss"]
    except FloatingPointError:
        history = [math.inf]
    model.eval()
    with torch.no_grad():
        accuracy = (model(x_test).argmax(1) == y_test).double().mean().item()
    return history, accuracy


def choose_rate(activation, scheme, depth, rates, **options):
    """The rate with the smallest final training loss for the first seed, then all seeds at this rate."""
    first = {rate: train(activation, scheme, depth, rate, SEEDS[0], **options) for rate in rates}
    best = min(rates, key=lambda rate: first[rate][0][-1])
    runs = [first[best]] + [train(activation, scheme, depth, best, seed, **options) for seed in SEEDS[1:]]
    result = {
        "activation": activation,
        "scheme": scheme,
        "n_hidden": depth,
        "rate": best,
        "final_losses_by_rate": [float(f"{min(first[rate][0][-1], 1e9):.4g}") for rate in rates],
        "test_accuracies": [accuracy for _, accuracy in runs],
        "losses": [float(f"{loss:.4g}") for loss in runs[0][0]],
    } | options
    print({key: value for key, value in result.items() if key != "losses"}, flush=True)
    return result


def test_which_initialisation_learns_at_which_depth():
    figures = [
        choose_rate(activation, scheme, depth, RATES)
        for activation in ("tanh", "relu")
        for depth in DEPTHS
        for scheme in SCHEMES
    ]
    settings = {"width": WIDTH, "epochs": EPOCHS, "batch_size": BATCH, "momentum": 0.9, "rates": RATES}
    record = records.environment(seeds=SEEDS, command=COMMAND)
    records.save("optimization/initialization_depth", record | settings | {"figures": figures})


def test_what_adam_and_batch_normalisation_change_in_fifty_layers():
    figures = [
        choose_rate(activation, scheme, 50, rates, **options)
        for activation in ("tanh", "relu")
        for scheme in SCHEMES[:-1]
        for rates, options in (
            (ADAM_RATES, {"method": "adam"}),
            (NORMALISED_RATES, {"method": "sgd", "batch_norm": True}),
        )
    ]
    settings = {"width": WIDTH, "epochs": EPOCHS, "batch_size": BATCH}
    grids = {"adam_rates": ADAM_RATES, "normalised_rates": NORMALISED_RATES}
    record = records.environment(seeds=SEEDS, command=COMMAND)
    records.save("optimization/initialization_repairs", record | settings | grids | {"figures": figures})
