"""The race: equal conditions, an independent loop, tuning on the validation split, and what its record claims."""

import math
from functools import partial

import numpy as np
import pytest
import torch
from sklearn.datasets import make_classification
from torch.nn import functional as F

from nndl_support import records
from nndl_support.data.digits import load_mnist_5k
from nndl_support.optimization import race
from nndl_support.optimization.optimizers import AdamW, Muon
from nndl_support.optimization.race import ENTRANTS, new_network, run, tune

OPTIONS = {"n_epochs": 3, "batch_size": 13, "n_hidden": 11}


@pytest.fixture(scope="module")
def splits():
    X, y = make_classification(100, 7, n_informative=5, n_classes=3, random_state=0)
    X, y = torch.tensor(X, dtype=torch.float32), torch.tensor(y)
    return (X[:67], y[:67]), (X[67:], y[67:])


def test_a_run_is_the_plain_loop_with_torchs_optimiser(splits):
    (X, y), (X_other, y_other) = splits
    curves = run(ENTRANTS["Adam"], 0.02, *splits, seed=5, **OPTIONS)
    model = new_network(7, 11, 3, seed=5)
    optimizer, generator = torch.optim.Adam(model.parameters(), lr=0.02), torch.Generator().manual_seed(5)
    for epoch in range(3):
        order = torch.randperm(67, generator=generator)
        for start in range(0, 67, 13):
            rows = order[start : start + 13]
            optimizer.zero_grad()
            F.cross_entropy(model(X[rows]), y[rows]).backward()
            optimizer.step()
        with torch.no_grad():
            assert curves.training_loss[epoch + 1] == pytest.approx(F.cross_entropy(model(X), y).item(), rel=1e-5)
            assert curves.loss[epoch + 1] == pytest.approx(F.cross_entropy(model(X_other), y_other).item(), rel=1e-5)
            right = (model(X_other).argmax(1) == y_other).float().mean().item()
            assert curves.accuracy[epoch + 1] == pytest.approx(right, abs=1 / 33 + 1e-9)
    assert len(curves.training_loss) == 4


def test_all_start_from_the_same_network_and_a_seed_repeats_a_run(splits):
    starts = {run(entrant, 1e-3, *splits, seed=2, **OPTIONS).training_loss[0] for entrant in ENTRANTS.values()}
    assert len(starts) == 1
    again = [run(ENTRANTS["momentum"], 0.1, *splits, seed=s, **OPTIONS) for s in (2, 2, 3)]
    assert again[0] == again[1] != again[2]


def test_a_seed_of_the_network_leaves_the_callers_random_numbers_alone():
    torch.manual_seed(1)
    expected = torch.rand(3)
    torch.manual_seed(1)
    new_network(5, 3, 2, seed=0)
    assert torch.equal(torch.rand(3), expected)


@pytest.mark.parametrize("name", ENTRANTS)
def test_every_entrant_learns_at_some_rate_of_the_grid(name, splits):
    losses = [run(ENTRANTS[name], lr, *splits, seed=0, **OPTIONS).training_loss for lr in (0.003, 0.03, 0.3, 3.0)]
    assert min(curve[-1] for curve in losses) < 0.8 * losses[0][0]


def test_a_run_that_diverges_says_so(splits):
    curves = run(ENTRANTS["SGD"], 1e6, *splits, seed=0, **OPTIONS)
    assert curves.diverged
    assert len(curves.training_loss) < 4
    assert np.isfinite(curves.training_loss).all()


def test_tuning_chooses_by_mean_accuracy_and_the_smallest_of_equals(splits, monkeypatch):
    accuracy = {(0.1, 0): 0.5, (0.1, 1): 0.9, (0.3, 0): 0.8, (0.3, 1): 0.6, (1.0, 0): 1.0, (1.0, 1): 1.0}

    def pretend(entrant, lr, training, validation, *, seed):
        diverged = lr == 1.0 and seed == 1
        return race.Curves([1.0], [accuracy[lr, seed]], [1.0], diverged)

    monkeypatch.setattr(race, "run", pretend)
    best, scores = tune(ENTRANTS["SGD"], (0.3, 0.1, 1.0), *splits, seeds=(0, 1))
    assert best == 0.1
    assert scores == pytest.approx({0.3: 0.7, 0.1: 0.7, 1.0: 0.0})


def test_a_cosine_ends_at_zero_with_the_last_step():
    model = new_network(5, 3, 2, seed=0)
    (optimizer,), (schedule,) = ENTRANTS["SGD, cosine"](model, 0.5, 20)
    for step in range(20):
        assert optimizer.param_groups[0]["lr"] == pytest.approx(0.25 * (1 + math.cos(math.pi * step / 20)))
        optimizer.step()
        schedule.step()
    assert optimizer.param_groups[0]["lr"] == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("batch_size", [13, 67, 100])
def test_an_entrant_is_told_how_many_steps_will_come_and_its_schedule_follows_each(splits, batch_size):
    told, rates = [], []

    class Noting(torch.optim.SGD):
        def step(self, closure=None):
            rates.append(self.param_groups[0]["lr"])
            return super().step(closure)

    def entrant(model, lr, n_steps):
        told.append(n_steps)
        optimizer = Noting(model.parameters(), lr=lr)
        return [optimizer], [torch.optim.lr_scheduler.LambdaLR(optimizer, lambda t: 1 - t / n_steps)]

    run(entrant, 0.1, *splits, seed=0, **(OPTIONS | {"batch_size": batch_size}))
    assert told == [3 * math.ceil(67 / batch_size)] == [len(rates)]
    np.testing.assert_allclose(rates, 0.1 * (1 - np.arange(told[0]) / told[0]), rtol=1e-12)


@pytest.mark.parametrize(
    ("name", "kind", "options"),
    [
        ("SGD", "SGD", {"momentum": 0.0, "nesterov": False}),
        ("momentum", "SGD", {"momentum": 0.9, "nesterov": False}),
        ("Nesterov", "SGD", {"momentum": 0.9, "nesterov": True}),
        ("AdaGrad", "Adagrad", {}),
        ("RMSprop", "RMSprop", {"momentum": 0.0, "centered": False}),
        ("AdaDelta", "Adadelta", {}),
        ("Adam", "Adam", {"amsgrad": False, "weight_decay": 0.0}),
        ("AMSGrad", "Adam", {"amsgrad": True, "weight_decay": 0.0}),
        ("AdamW", "AdamW", {"decoupled_weight_decay": True, "weight_decay": 0.01}),
        ("Nadam", "NAdam", {"weight_decay": 0.0}),
        ("Lion, cosine", "Lion", {"weight_decay": 0.0}),
        ("SOAP, cosine", "SOAP", {"max_precondition_dim": 512}),
    ],
)
def test_an_entrant_is_what_its_name_says(name, kind, options):
    for entrant in {name, f"{name}, cosine"} & set(ENTRANTS):
        (optimizer,), schedules = ENTRANTS[entrant](new_network(7, 5, 3, seed=0), 0.02, 10)
        assert type(optimizer).__name__ == kind
        (group,) = optimizer.param_groups
        assert len(group["params"]) == 4
        assert {key: group[key] for key in options} == options
        assert len(schedules) == entrant.endswith("cosine")


def test_bad_input_is_named(splits):
    with pytest.raises(ValueError, match="n_epochs=0, batch_size=13 and n_hidden=11"):
        run(ENTRANTS["SGD"], 0.1, *splits, seed=0, **(OPTIONS | {"n_epochs": 0}))
    with pytest.raises(ValueError, match="the grid has no rate"):
        tune(ENTRANTS["SGD"], [], *splits, seeds=[0], **OPTIONS)


def test_an_entrant_can_be_anything_that_makes_optimisers(splits):
    def two_halves(model, lr, n_steps):
        first, second = list(model.parameters())[:2], list(model.parameters())[2:]
        return [torch.optim.SGD(first, lr=lr), torch.optim.SGD(second, lr=lr)], []

    apart, whole = (run(e, 0.1, *splits, seed=0, **OPTIONS) for e in (two_halves, partial(ENTRANTS["SGD"])))
    np.testing.assert_allclose(apart.training_loss, whole.training_loss, rtol=1e-6)


def test_muon_takes_the_hidden_weights_and_leaves_the_rest_to_adamw_at_the_same_rate():
    model = new_network(7, 5, 3, seed=0)
    (hidden, rest), schedules = ENTRANTS["Muon, cosine"](model, 0.02, 10)
    assert type(hidden) is Muon
    assert type(rest) is AdamW
    assert [p.shape for p in hidden.param_groups[0]["params"]] == [(5, 7)]
    taken = [p for optimizer in (hidden, rest) for p in optimizer.param_groups[0]["params"]]
    assert sorted(map(id, taken)) == sorted(map(id, model.parameters()))
    assert [optimizer.param_groups[0]["lr"] for optimizer in (hidden, rest)] == [0.02, 0.02]
    assert len(schedules) == 2


@pytest.fixture(scope="module")
def record():
    return records.load("optimization/optimizer_race")


def test_in_the_record_all_had_the_same_chances_and_the_best_rate_was_taken(record):
    assert set(record["figures"]) == set(ENTRANTS)
    for entry in record["figures"].values():
        scores = {float(rate): score for rate, score in entry["validation_accuracy"].items()}
        assert set(record["grid"]) <= set(scores)
        assert scores[entry["lr"]] == max(scores.values())
        assert min(scores) < entry["lr"] < max(scores)
        assert np.shape(entry["test_accuracy"]) == (5, record["options"]["n_epochs"] + 1)


@pytest.mark.parametrize(("name", "seed"), [("momentum", 1), ("Adam, cosine", 3)])
def test_a_run_of_the_record_can_be_repeated(record, name, seed):
    digits = load_mnist_5k()
    splits = [
        (torch.tensor(X, dtype=torch.float32), torch.tensor(y))
        for X, y in ((digits.X_train, digits.y_train), (digits.X_test, digits.y_test))
    ]
    entry, options = record["figures"][name], record["options"]
    curves = run(ENTRANTS[name], entry["lr"], *splits, seed=seed, **options)
    np.testing.assert_allclose(curves.training_loss[:4], entry["training_loss"][seed][:4], rtol=0.1)
    np.testing.assert_allclose(curves.accuracy[:2], entry["test_accuracy"][seed][:2], atol=0.01)
    assert curves.accuracy[-1] == pytest.approx(entry["test_accuracy"][seed][-1], abs=0.02)
