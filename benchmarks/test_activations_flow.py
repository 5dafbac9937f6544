"""Long runs of the section on vanishing gradients: the speed of learning per layer, and the sweep of learning rates.

Both leave a record with every figure that the section shows of them.
"""

import os

import pytest
import torch
from torch import nn

from nndl_support import records
from nndl_support.activations.deep_stack import DeepStack
from nndl_support.activations.flow import gradient_norms
from nndl_support.activations.speed_of_learning import speeds_during_training
from nndl_support.data.digits import load_digits, load_mnist_5k
from nndl_support.training import fit

SEEDS = range(3)
ACTIVATIONS = ("logistic", "tanh", "relu", "gelu", "selu")
LEARNING_RATE, EPOCHS, EVERY = 0.1, 500, 10
SIZES = [64, *[30] * 5, 10]
GLOBAL_RATES = (0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0, 1000.0)
LAYER_STEPS = (0.003, 0.01, 0.03, 0.1, 0.3, 1.0)
LONG = 1000


@pytest.fixture(autouse=True)
def one_thread():
    os.environ["NNDL_PROGRESS"] = "0"
    torch.set_num_threads(1)


def rounded(values, digits=6):
    return [rounded(v, digits) if isinstance(v, list) else float(f"{v:.{digits}g}") for v in values]


def test_the_speed_of_learning_of_each_layer():
    data = load_mnist_5k()
    x, y = torch.tensor(data.X_train[:1000]), torch.tensor(data.y_train[:1000])
    x_test, y_test = torch.tensor(data.X_test), torch.tensor(data.y_test)
    figures = []
    for activation in ACTIVATIONS:
        for n_hidden in (2, 3, 4, 5):
            for seed in SEEDS:
                generator = torch.Generator().manual_seed(seed)
                stack = DeepStack([784, *[30] * n_hidden, 10], activation, bias_std=1.0, generator=generator)
                looks = speeds_during_training(stack, x, y, learning_rate=LEARNING_RATE, n_epochs=EPOCHS, every=EVERY)
                with torch.no_grad():
                    accuracy = (stack(x_test).argmax(1) == y_test).double().mean().item()
                shown = slice(None, None, 1 if seed == 0 else EPOCHS // EVERY)  # the other draws: first and last look
                figures.append(
                    {"activation": activation, "n_hidden": n_hidden, "seed": seed, "test_accuracy": accuracy}
                    | {"epochs": looks["epochs"][shown], "losses": rounded(looks["losses"][shown], 9)}
                    | {"speeds": rounded(looks["speeds"][shown])}
                )
    record = records.environment(seeds=SEEDS, command="make bench ONLY=benchmarks/test_activations_flow.py")
    settings = {"learning_rate": LEARNING_RATE, "n_epochs": EPOCHS, "width": 30, "n_examples": 1000, "bias_std": 1.0}
    records.save("activations/speed_of_learning", record | settings | {"figures": figures})


def run(stack, groups, data, seed, epochs, optimizer=torch.optim.SGD, **options):
    """Train, and say how it went."""
    x, y = torch.tensor(data.X_train), torch.tensor(data.y_train)
    start = [layer.weight.detach().clone() for layer in stack.layers]
    try:
        result = fit(
            stack,
            nn.CrossEntropyLoss(),
            (x, y),
            optimizer(groups, **options),
            epochs=epochs,
            batch_size=100,
            seed=seed,
        )
        losses = result.history["train_loss"]
    except FloatingPointError:
        losses = []
    with torch.no_grad():
        right = stack(torch.tensor(data.X_test)).argmax(1) == torch.tensor(data.y_test)
        moved = [(layer.weight - W).norm().item() / W.norm().item() for layer, W in zip(stack.layers, start)]
        *hidden, _ = stack.layers
        for layer in hidden:
            x = torch.sigmoid(layer(x))
        saturated = ((x < 0.01) | (x > 0.99)).double().mean().item()
    outcome = {"test_accuracy": right.double().mean().item(), "moved": rounded(moved), "losses": rounded(losses, 9)}
    return outcome | ({"saturated": saturated} if stack.activation == "logistic" and not stack.residual else {})


def test_a_larger_learning_rate_in_a_six_layer_logistic_network():
    data = load_digits()
    x, y = torch.tensor(data.X_train), torch.tensor(data.y_train)
    figures = []

    def note(kind, label, rate, seed, outcome):
        figures.append({"kind": kind, "label": label, "rate": rate, "seed": seed} | outcome)
        print(kind, label, rate, seed, outcome["test_accuracy"], flush=True)

    for seed in SEEDS:

        def stack(activation="logistic", seed=seed, **options):
            return DeepStack(SIZES, activation, generator=torch.Generator().manual_seed(seed), **options)

        for rate in GLOBAL_RATES:
            network = stack()
            note("global", "one rate", rate, seed, run(network, network.parameters(), data, seed, 60, lr=rate))
        norms = gradient_norms(stack(), x, y)
        for step in LAYER_STEPS:
            network = stack()
            # Each layer moves its weights by ``step`` (in norm) in a first step on the whole batch.
            outcome = run(network, network.rates((step / norms).tolist()), data, seed, 60)
            note("layerwise", "a rate per layer", step, seed, outcome)
        for rate in (0.3, 1.0, 3.0):
            network = stack()
            note("patience", "one rate", rate, seed, run(network, network.parameters(), data, seed, LONG, lr=rate))
        remedies = {
            "4 x Xavier": (stack(gain=4.0), 1.0),
            "tanh": (stack("tanh"), 0.3),
            "relu, He": (stack("relu", gain=2**0.5), 0.3),
            "shortcuts": (stack(residual=True), 0.3),
        }
        for label, (network, rate) in remedies.items():
            note("remedy", label, rate, seed, run(network, network.parameters(), data, seed, 60, lr=rate))
        network = stack()
        outcome = run(network, network.parameters(), data, seed, 60, torch.optim.Adam, lr=0.01)
        note("adam", "Adam", 0.01, seed, outcome)
    record = records.environment(seeds=SEEDS, command="make bench ONLY=benchmarks/test_activations_flow.py")
    settings = {"sizes": SIZES, "epochs": 60, "long_epochs": LONG, "batch_size": 100}
    records.save("activations/learning_rate_sweep", record | settings | {"figures": figures})
