"""Long runs of the section on regularisation: a race of regularisers, curves for early stopping, and distillation.

Each leaves a record with every figure that the section shows of it.
"""

import itertools

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from nndl_support import records
from nndl_support.data.digits import load_mnist_5k
from nndl_support.data.splits import stratified_split
from nndl_support.optimization.calibration import expected_calibration_error
from nndl_support.optimization.regularization import Dropout, distillation_loss, label_smoothing_cross_entropy
from nndl_support.optimization.regularizer_race import REGULARIZERS, judge, train
from nndl_support.training import fit

SEEDS = range(5)
TUNING_SEEDS = (100, 101)
COMMAND = "make bench ONLY=benchmarks/test_optimization_regularization.py"


@pytest.fixture(autouse=True)
def one_thread():
    torch.set_num_threads(1)


@pytest.fixture(scope="module")
def mnist():
    data = load_mnist_5k()
    X, X_test = (torch.tensor(part, dtype=torch.float32) for part in (data.X_train, data.X_test))
    return X, torch.tensor(data.y_train), X_test, torch.tensor(data.y_test)


def calibration_of(network, X, y):
    with torch.no_grad():
        return expected_calibration_error(network(X).double().softmax(1).numpy(), y.numpy())


def test_every_regulariser_with_the_strength_that_validation_data_choose(mnist):
    X, y, X_test, y_test = mnist
    fitted, held_out = stratified_split(y.numpy(), test_fraction=0.2, seed=1)
    figures = []
    for name, strengths in REGULARIZERS.items():
        accuracies = {}
        for strength in strengths:
            runs = [train(name, strength, X[fitted], y[fitted], seed=seed)[0] for seed in TUNING_SEEDS]
            accuracies[strength] = np.mean([judge(run, X[held_out], y[held_out])["accuracy"] for run in runs])
        best = max(accuracies, key=accuracies.get)
        row = {"regularizer": name, "strengths": list(strengths), "strength": best, "train": [], "test": []}
        row |= {"validation": list(accuracies.values()), "test_cross_entropy": [], "calibration_error": []}
        row |= {"weight_norm": []}
        for seed in SEEDS:
            network, _ = train(name, best, X, y, seed=seed)
            scores = judge(network, X_test, y_test)
            row["train"].append(judge(network, X, y)["accuracy"])
            row["test"].append(scores["accuracy"])
            row["test_cross_entropy"].append(scores["cross_entropy"])
            row["calibration_error"].append(calibration_of(network, X_test, y_test))
            squares = [p.square().sum().item() for n, p in network.named_parameters() if n.endswith("weight")]
            row["weight_norm"].append(sum(squares) ** 0.5)
        print(name, best, np.mean(row["train"]), np.mean(row["test"]), np.std(row["test"]), flush=True)
        figures.append(row)
    record = records.environment(seeds=SEEDS, command=COMMAND)
    settings = {"epochs": 30, "n_hidden": 256, "learning_rate": 1e-3, "batch_size": 100, "n_validation": len(held_out)}
    records.save("optimization/regularizers", record | settings | {"figures": figures})


def test_curves_of_trainings_that_overfit(mnist):
    X, y, X_test, y_test = mnist
    figures, epochs = [], 120
    held_out = slice(3000, 4000)
    for task, n_images, noise in (("noisy labels", 1500, 0.2), ("few images", 400, 0.0)):
        for n_hidden in (16, 64):
            for seed in SEEDS:
                generator = torch.Generator().manual_seed(seed)
                chosen = torch.randperm(3000, generator=generator)[:n_images]
                labels = y.clone()
                wrong = (
                    torch.rand(len(y), generator=generator) < noise
                )  # validation labels are as noisy as those of training
                labels[wrong] = torch.randint(10, (int(wrong.sum()),), generator=generator)
                torch.manual_seed(seed)
                network = nn.Sequential(nn.Linear(784, n_hidden), nn.ReLU(), nn.Linear(n_hidden, 10))
                result = fit(
                    network,
                    nn.CrossEntropyLoss(),
                    (X[chosen], labels[chosen]),
                    torch.optim.SGD(network.parameters(), lr=0.02, momentum=0.9),
                    epochs=epochs,
                    batch_size=50,
                    validation=(X[held_out], labels[held_out]),
                    metrics={
                        "test_loss": lambda network: judge(network, X_test, y_test)["cross_entropy"],
                        "test_error": lambda network: 1 - judge(network, X_test, y_test)["accuracy"],
                    },
                    seed=seed,
                )
                curves = {key: [float(f"{v:.4g}") for v in result.history[key]] for key in result.history}
                kept = ("train_loss", "validation_loss", "test_loss", "test_error")
                figures.append({"task": task, "n_hidden": n_hidden, "seed": seed} | {key: curves[key] for key in kept})
                print(task, n_hidden, seed, np.argmin(curves["validation_loss"]), flush=True)
    record = records.environment(seeds=SEEDS, command=COMMAND)
    records.save("optimization/early_stopping", record | {"epochs": epochs, "figures": figures})


def classifier(*sizes, dropout=False):
    layers = [Dropout(0.2)] if dropout else []
    for below, above in itertools.pairwise(sizes):
        layers += [nn.Linear(below, above), nn.ReLU(), *([Dropout(0.5)] if dropout else [])]
    return nn.Sequential(*layers[: -2 if dropout else -1])


def train_by(network, loss, data, seed, epochs=40):
    optimizer = torch.optim.Adam(network.parameters(), lr=2e-3)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, epochs)
    fit(network, loss, data, optimizer, epochs=epochs, batch_size=100, scheduler=schedule, seed=seed)


def test_distillation(mnist):
    X, y, X_test, y_test = mnist
    figures = []

    def note(role, seed, network, **what):
        scores = judge(network, X_test, y_test)
        calibration = calibration_of(network, X_test, y_test)
        figures.append({"role": role, "seed": seed} | what | scores | {"calibration_error": calibration})
        print(figures[-1], flush=True)

    def smoothed(epsilon):
        return lambda network, x, target: label_smoothing_cross_entropy(network(x), target, smoothing=epsilon)

    for seed in SEEDS:
        answers = {}
        for epsilon in (0.0, 0.1):
            torch.manual_seed(1000 + seed)
            teacher = classifier(784, 400, 400, 10, dropout=True)
            train_by(teacher, smoothed(epsilon), (X, y), seed, epochs=25)
            note("teacher", seed, teacher, smoothing=epsilon)
            with torch.no_grad():
                answers[epsilon] = teacher.eval()(X)
        for epsilon in (0.0, 0.1, 0.4):
            torch.manual_seed(seed)
            student = classifier(784, 12, 10)
            train_by(student, smoothed(epsilon), (X, y), seed)
            note("alone", seed, student, smoothing=epsilon)
        for epsilon, logits in answers.items():
            for temperature in (1.0, 2.0, 4.0, 8.0):
                torch.manual_seed(seed)
                student = classifier(784, 12, 10)

                def loss(network, x, teacher, target, temperature=temperature):
                    return distillation_loss(network(x), teacher, target, temperature=temperature, alpha=0.9)

                train_by(student, loss, (X, logits, y), seed)
                note("distilled", seed, student, smoothing=epsilon, temperature=temperature)
        soft = {epsilon: F.softmax(logits / 4, 1).max(1).values.mean().item() for epsilon, logits in answers.items()}
        figures.append({"role": "softness", "seed": seed, "plain": soft[0.0], "smoothed": soft[0.1]})
    record = records.environment(seeds=SEEDS, command=COMMAND)
    settings = {"alpha": 0.9, "student": [784, 12, 10], "teacher": [784, 400, 400, 10]}
    records.save("optimization/distillation", record | settings | {"figures": figures})
