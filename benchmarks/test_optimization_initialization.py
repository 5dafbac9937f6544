"""Which initialisations learn, at which depth, and what an adaptive optimiser or batch normalisation changes about it.

Networks of 64 units per layer on the 8 x 8 digits. The learning rate of every combination is chosen from the grid of its depth,
by the training loss of the first seed; the test accuracy is that of all three seeds at this rate.
"""

import os

import pytest
import torch

from nndl_support import records
from nndl_support.data.digits import load_digits
from nndl_support.optimization.deep_mlp import deep_mlp, initialise_, train

SEEDS = range(3)
DEPTHS = (2, 10, 50)
WIDTH, EPOCHS = 64, 25
SCHEMES = ("small", "default", "xavier", "he", "orthogonal", "lsuv")
# A grid for each depth, so that the best rates of those that learn do not lie at its ends.
RATES = {
    2: (0.01, 0.03, 0.1, 0.3, 1.0),
    10: (0.001, 0.003, 0.01, 0.03, 0.1),
    50: (0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03),
}
ADAM_RATES = (0.0001, 0.0003, 0.001, 0.003)
NORMALISED_RATES = (0.0003, 0.001, 0.003, 0.03)
COMMAND = "make bench ONLY=benchmarks/test_optimization_initialization.py"


@pytest.fixture(autouse=True)
def one_thread():
    os.environ["NNDL_PROGRESS"] = "0"
    torch.set_num_threads(1)


def run(activation, scheme, depth, rate, seed, *, method="sgd", batch_norm=False):
    data = load_digits()
    train_set, test_set = (
        (torch.tensor(X, dtype=torch.float32), torch.tensor(y))
        for X, y in ((data.X_train, data.y_train), (data.X_test, data.y_test))
    )
    model = deep_mlp(64, WIDTH, depth, 10, activation, batch_norm=batch_norm)
    generator = torch.Generator().manual_seed(seed)
    initialise_(model, scheme, activation, batch=train_set[0][:256], generator=generator)
    return train(model, train_set, test_set, rate=rate, epochs=EPOCHS, method=method, seed=seed)


def choose_rate(activation, scheme, depth, rates, **options):
    """The rate with the smallest final training loss for the first seed, then all seeds at this rate."""
    first = {rate: run(activation, scheme, depth, rate, SEEDS[0], **options) for rate in rates}
    best = min(rates, key=lambda rate: first[rate][0][-1])
    runs = [first[best]] + [run(activation, scheme, depth, best, seed, **options) for seed in SEEDS[1:]]
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
        choose_rate(activation, scheme, depth, RATES[depth])
        for activation in ("tanh", "relu")
        for depth in DEPTHS
        for scheme in SCHEMES
    ]
    rates = {"rates": {str(depth): grid for depth, grid in RATES.items()}}
    settings = {"width": WIDTH, "epochs": EPOCHS, "batch_size": 100, "momentum": 0.9} | rates
    record = records.environment(seeds=SEEDS, command=COMMAND)
    records.save("optimization/initialization_depth", record | settings | {"figures": figures})


def save_repairs(name, rates, figures):
    settings = {"width": WIDTH, "epochs": EPOCHS, "batch_size": 100, "rates": rates}
    records.save(
        f"optimization/{name}", records.environment(seeds=SEEDS, command=COMMAND) | settings | {"figures": figures}
    )


def test_what_adam_changes_in_fifty_layers():
    figures = [
        choose_rate(activation, scheme, 50, ADAM_RATES, method="adam")
        for activation in ("tanh", "relu")
        for scheme in SCHEMES[:-1]
    ]
    save_repairs("initialization_adam", ADAM_RATES, figures)


def test_what_batch_normalisation_changes_in_fifty_layers():
    figures = [
        choose_rate(activation, scheme, 50, NORMALISED_RATES, batch_norm=True)
        for activation in ("relu", "tanh")
        for scheme in SCHEMES[1:-1]
    ]
    save_repairs("initialization_batch_norm", NORMALISED_RATES, figures)
