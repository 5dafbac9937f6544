"""Competitors differ in what their names say and in nothing else; the records hold what the section claims."""

import math

import numpy as np
import pytest
import torch
from torch import nn

from nndl_support import records
from nndl_support.data.digits import load_mnist_5k
from nndl_support.deep_belief.few_labels import fit_reference, labelled_rows
from nndl_support.deep_belief.packed_weights import unpack
from nndl_support.deep_belief.pretraining_study import (
    COMPETITORS,
    Competitor,
    build,
    epochs_for,
    fine_tune,
    gradient_sizes,
    judge,
    pretrain,
    shuffled,
)
from nndl_support.optimization.regularization import Dropout

SIZES = (7, 5, 3, 2)


def easy(n=60):
    y = torch.arange(n) % 2
    x = torch.rand(n, 7, generator=torch.Generator().manual_seed(0)) * 0.3
    x[torch.arange(n), y] += 0.7
    return x, y


@pytest.fixture(scope="module")
def dbn():
    return pretrain(easy()[0].numpy(), SIZES[1:-1], n_epochs=3, seed=1)


def linears(network):
    return [layer for layer in network if isinstance(layer, nn.Linear)]


@pytest.mark.parametrize("name", COMPETITORS)
def test_every_competitor_has_the_layers_of_the_sizes(name, dbn):
    network = build(COMPETITORS[name], SIZES, dbn)
    assert [tuple(layer.weight.shape) for layer in linears(network)] == [(5, 7), (3, 5), (2, 3)]
    kinds = {type(layer) for layer in network} - {nn.Linear}
    assert kinds == {nn.ReLU if "ReLU" in name else nn.Sigmoid} | ({Dropout} if "dropout" in name else set())
    assert all(layer.bias.abs().max() == 0 for layer in linears(network)) == (name != "pre-trained")


def test_the_pre_trained_network_is_the_inference_of_the_stack_with_a_linear_layer_on_top(dbn):
    network = build(COMPETITORS["pre-trained"], SIZES, dbn).double()
    x = easy()[0]
    h = torch.as_tensor(dbn.transform(x.double().numpy()))
    torch.testing.assert_close(network(x.double()), network[-1](h), rtol=1e-6, atol=1e-6)
    machine = dbn.rbms_[0]
    assert np.array_equal(network[0].weight.float().detach().numpy(), machine.components_)
    before = machine.components_.copy()
    fine_tune(network, x.double(), easy()[1], epochs=2, learning_rate=0.1)
    assert np.array_equal(machine.components_, before)


@pytest.mark.parametrize(
    ("start", "unit", "variance"),
    [("small", "sigmoid", 1e-4), ("xavier", "sigmoid", 16 * 2 / 500), ("he", "relu", 2 / 300)],
)
def test_first_weights_have_the_variance_of_their_rule(start, unit, variance):
    network = build(Competitor(start, unit), (300, 200, 7), seed=3)
    assert network[0].weight.var().item() == pytest.approx(variance, rel=0.03)


def test_the_seed_decides_the_first_weights():
    a, b, c = (build(COMPETITORS["ReLU"], SIZES, seed=seed)[0].weight for seed in (0, 0, 1))
    assert torch.equal(a, b)
    assert not torch.equal(a, c)


@pytest.mark.parametrize("name", ["pre-trained", "Xavier start", "ReLU", "ReLU, dropout"])
def test_an_easy_task_is_learnt_by_all_but_the_small_start(name, dbn):
    x, y = easy()
    # three rectifiers may all be dead from the start; seventeen are not
    sizes = SIZES if name == "pre-trained" else (7, 23, 17, 2)
    network = build(COMPETITORS[name], sizes, dbn, seed=2)
    fine_tune(network, x, y, learning_rate=0.03, epochs=150)
    assert judge(network, x, y)["accuracy"] > 0.95


def test_shuffling_keeps_sizes_and_biases_and_loses_places(dbn):
    network = build(COMPETITORS["pre-trained"], SIZES, dbn)
    before = [p.clone() for p in network.parameters()]
    mixed = shuffled(network, seed=1)
    for old, new in zip(linears(network)[:-1], linears(mixed)[:-1]):
        assert not torch.equal(old.weight, new.weight)
        assert torch.equal(old.weight.flatten().sort().values, new.weight.flatten().sort().values)
        assert torch.equal(old.bias, new.bias)
    assert torch.equal(network[-1].weight, mixed[-1].weight)
    assert all(torch.equal(p, q) for p, q in zip(before, network.parameters()))
    assert torch.equal(mixed[0].weight, shuffled(network, seed=1)[0].weight)
    assert not torch.equal(mixed[0].weight, shuffled(network, seed=2)[0].weight)


def test_one_step_of_momentum_is_the_gradient_times_the_rate():
    x, y = easy()
    moved, twin = (build(COMPETITORS["Xavier start"], SIZES, seed=5) for _ in range(2))
    fine_tune(moved, x, y, learning_rate=0.3, epochs=1, batch_size=60, method="momentum")
    gradients = torch.autograd.grad(nn.functional.cross_entropy(twin(x), y), list(twin.parameters()))
    for after, start, gradient in zip(moved.parameters(), twin.parameters(), gradients):
        torch.testing.assert_close(after, start - 0.3 * gradient, rtol=1e-4, atol=1e-6)


def test_gradient_sizes_are_those_of_central_differences():
    x, y = easy(13)
    network, x = build(COMPETITORS["Xavier start"], SIZES, seed=4).double(), x.double()
    weight = network[2].weight
    numeric = torch.zeros_like(weight)
    with torch.no_grad():
        for index in np.ndindex(*weight.shape):
            values = []
            for sign in (1, -1):
                weight[index] += sign * 1e-5
                values.append(nn.functional.cross_entropy(network(x), y))
                weight[index] -= sign * 1e-5
            numeric[index] = (values[0] - values[1]) / 2e-5
    assert gradient_sizes(network, x, y)[1] == pytest.approx(numeric.square().mean().sqrt().item(), rel=1e-6)


def test_the_number_of_epochs_keeps_the_number_of_updates():
    for n in (10, 30, 100, 300, 1000, 4000):
        updates = epochs_for(n) * math.ceil(n / 100)
        assert updates >= 200
        assert epochs_for(n) >= 30
        assert updates < 300 or epochs_for(n) == 30


def test_wrong_stacks_and_names_are_refused(dbn):
    with pytest.raises(ValueError, match=r"has layers None; expected \(7, 5, 3\)"):
        build(COMPETITORS["pre-trained"], SIZES)
    with pytest.raises(ValueError, match=r"has layers \(7, 5, 3\); expected \(7, 5, 4\)"):
        build(COMPETITORS["pre-trained"], (7, 5, 4, 2), dbn)
    with pytest.raises(ValueError, match="start is 'lucky'; expected small, xavier, he or pretrained"):
        build(Competitor("lucky", "relu"), SIZES)
    with pytest.raises(ValueError, match="unit is 'step'; expected sigmoid or relu"):
        build(Competitor("he", "step"), SIZES)
    with pytest.raises(ValueError, match="method is 'prayer'; expected adam or momentum"):
        fine_tune(nn.Linear(7, 2), *easy(), method="prayer")


@pytest.fixture(scope="module")
def mnist():
    torch.set_num_threads(1)
    return load_mnist_5k()


def mean_of(row, part="test"):
    return np.mean([scores["accuracy"] for scores in row[part]])


def test_the_record_of_labels_holds_the_bars_of_the_section():
    record = records.load("deep_belief/fine_tuning_labels")
    rows = {(row["name"], row["per_class"]): row for row in record["figures"]}
    for row in rows.values():
        assert len(row["test"]) == (3 if row["per_class"] == 400 else 5)
        if row["per_class"] > 1:
            assert row["choice"] == row["choices"][int(np.argmax(row["validation"]))]
    assert mean_of(rows["pre-trained", 400]) >= 0.955
    for n in (3, 10, 30):
        gains = [
            a["accuracy"] - b["accuracy"]
            for a, b in zip(rows["pre-trained", n]["test"], rows["small start", n]["test"], strict=True)
        ]
        assert min(gains) > 0


def test_the_packed_network_of_the_record_reaches_the_accuracy_that_it_claims(mnist):
    record = records.load("deep_belief/fine_tuning_network")
    network = build(COMPETITORS["small start"], record["sizes"])
    network.load_state_dict({name: torch.as_tensor(value) for name, value in unpack(record["weights"]).items()})
    X_test, y_test = torch.tensor(mnist.X_test, dtype=torch.float32), torch.tensor(mnist.y_test)
    accuracy = judge(network, X_test, y_test)["accuracy"]
    assert accuracy >= 0.952
    assert accuracy == pytest.approx(record["accuracy_before_rounding"], abs=0.004)


def test_cheap_rows_of_the_record_are_repeated(mnist):
    rows = {(r["name"], r["per_class"]): r for r in records.load("deep_belief/fine_tuning_labels")["figures"]}
    for n in (1, 10):
        row = rows["support vectors", n]
        for seed, expected in enumerate(row["test"]):
            seen = labelled_rows(mnist.y_train, n, seed=seed)
            model = fit_reference("support vectors", row["choice"], mnist.X_train[seen], mnist.y_train[seen])
            assert model.score(mnist.X_test, mnist.y_test) == pytest.approx(expected["accuracy"], abs=0.004)
    row = rows["ReLU", 10]
    network, seen = build(COMPETITORS["ReLU"], (784, 256, 256, 10)), labelled_rows(mnist.y_train, 10)
    X, X_test = (torch.tensor(part, dtype=torch.float32) for part in (mnist.X_train, mnist.X_test))
    fine_tune(network, X[seen], torch.tensor(mnist.y_train[seen]), learning_rate=row["choice"])
    assert judge(network, X_test, torch.tensor(mnist.y_test))["accuracy"] == pytest.approx(
        row["test"][0]["accuracy"], abs=0.03
    )


def test_the_record_of_depth_holds_what_the_section_says():
    rows = {(r["name"], r["method"], r["depth"]): r for r in records.load("deep_belief/fine_tuning_depth")["figures"]}
    for depth in (4, 6):
        assert mean_of(rows["small start", "momentum", depth]) < 0.15
        for name in ("pre-trained", "Xavier start", "ReLU"):
            assert mean_of(rows[name, "adam", depth]) > 0.9
