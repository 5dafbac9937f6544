"""Where soft targets help and where not: label smoothing over learning rates, distillation over the width of the student.

Nothing is chosen here: every setting is reported, so that no choice can flatter one side.
"""

import itertools

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from nndl_support import records
from nndl_support.data.digits import load_mnist_5k
from nndl_support.optimization.regularization import Dropout, distillation_loss
from nndl_support.optimization.regularizer_race import judge, train
from nndl_support.training import fit

SEEDS = range(5)
RATES = (1e-3, 3e-3, 1e-2)
COMMAND = "make bench ONLY=benchmarks/test_optimization_soft_targets.py"


@pytest.fixture(autouse=True)
def one_thread():
    torch.set_num_threads(1)


@pytest.fixture(scope="module")
def mnist():
    data = load_mnist_5k()
    X, X_test = (torch.tensor(part, dtype=torch.float32) for part in (data.X_train, data.X_test))
    return X, torch.tensor(data.y_train), X_test, torch.tensor(data.y_test)


def active_share(network, X):
    """Share of pairs of an image and a hidden unit whose rectifier is open."""
    with torch.no_grad():
        return (network[0](X) > 0).double().mean().item()


def test_label_smoothing_over_learning_rates_and_epochs(mnist):
    X, y, X_test, y_test = mnist
    figures = []
    settings = [(name, rate, 30) for name in ("none", "label smoothing") for rate in RATES]
    for name, rate, epochs in (*settings, ("none", 1e-3, 120)):
        row = {"regularizer": name, "strength": 0.8 if name == "label smoothing" else 0.0}
        row |= {"learning_rate": rate, "epochs": epochs, "train": [], "test": [], "active": []}
        for seed in SEEDS:
            network, _ = train(name, row["strength"], X, y, epochs=epochs, learning_rate=rate, seed=seed)
            row["train"].append(judge(network, X, y)["accuracy"])
            row["test"].append(judge(network, X_test, y_test)["accuracy"])
            row["active"].append(active_share(network, X_test))
        print(name, rate, epochs, *(np.mean(row[key]).round(4) for key in ("train", "test", "active")), flush=True)
        figures.append(row)
    records.save(
        "optimization/label_smoothing_rates",
        records.environment(seeds=SEEDS, command=COMMAND) | {"n_hidden": 256, "figures": figures},
    )


def classifier(*sizes, dropout=False):
    layers = [Dropout(0.2)] if dropout else []
    for below, above in itertools.pairwise(sizes):
        layers += [nn.Linear(below, above), nn.ReLU(), *([Dropout(0.5)] if dropout else [])]
    return nn.Sequential(*layers[: -2 if dropout else -1])


def train_by(network, loss, data, seed, epochs=40, rate=2e-3):
    optimizer = torch.optim.Adam(network.parameters(), lr=rate)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, epochs)
    fit(network, loss, data, optimizer, epochs=epochs, batch_size=100, scheduler=schedule, seed=seed)


def test_distillation_over_the_width_of_the_student(mnist):
    X, y, X_test, y_test = mnist
    rows = {}
    for seed in SEEDS:
        torch.manual_seed(1000 + seed)
        teacher = classifier(784, 400, 400, 10, dropout=True)
        train_by(teacher, nn.CrossEntropyLoss(), (X, y), seed, epochs=25)
        with torch.no_grad():
            answers, answers_test = teacher.eval()(X), teacher(X_test)
        students = ((12, 2e-3), (64, 2e-3), (256, 2e-3), (256, 1e-2))
        for (width, rate), temperature in itertools.product(students, (None, 4.0)):
            torch.manual_seed(seed)
            student = classifier(784, width, 10)

            def loss(network, x, teacher, target, temperature=temperature):
                if temperature is None:
                    return F.cross_entropy(network(x), target)
                return distillation_loss(network(x), teacher, target, temperature=temperature, alpha=0.9)

            train_by(student, loss, (X, answers, y), seed, rate=rate)
            row = rows.setdefault((width, temperature, rate), {"train": [], "test": [], "agrees": [], "distance": []})
            row["train"].append(judge(student, X, y)["accuracy"])
            row["test"].append(judge(student, X_test, y_test)["accuracy"])
            with torch.no_grad():
                row["agrees"].append((student(X_test).argmax(1) == answers_test.argmax(1)).double().mean().item())
                row["distance"].append(distillation_loss(student(X), answers, alpha=1.0, temperature=4.0).item() / 16)
            print(seed, width, temperature, rate, *(round(row[key][-1], 4) for key in row), flush=True)
    figures = [{"width": w, "temperature": t, "learning_rate": r} | row for (w, t, r), row in rows.items()]
    records.save(
        "optimization/distillation_width",
        records.environment(seeds=SEEDS, command=COMMAND)
        | {"alpha": 0.9, "teacher": [784, 400, 400, 10], "epochs": 40, "figures": figures},
    )
