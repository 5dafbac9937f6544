"""The classifier with a normalisation of choice: its passes, its loop, and the records made with it."""

import math

import numpy as np
import pytest
import torch
from torch import nn

from nndl_support import records
from nndl_support.data.digits import load_mnist_5k
from nndl_support.optimization.normalized_mlp import ACTIVATIONS, NORMS, NormalizedMLP, accuracy, train

G = torch.Generator().manual_seed(0)
X = torch.randn(31, 5, generator=G)
Y = (X[:, 0] > 0).long()
PEERS = {"none": nn.Identity, "batch": nn.BatchNorm1d, "layer": nn.LayerNorm, "rms": lambda n: nn.RMSNorm(n, eps=None)}


@pytest.mark.parametrize("norm", PEERS)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_it_computes_what_the_same_modules_of_torch_compute(norm, activation):
    model = NormalizedMLP([5, 8, 12, 2], norm, activation, dtype=torch.float64)
    h = X.double()
    for layer, n in zip(model.layers[:-1], (8, 12)):
        h = ACTIVATIONS[activation](PEERS[norm](n).double()(layer(h)))
    torch.testing.assert_close(model(X.double()), model.layers[-1](h), atol=1e-10, rtol=0)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_weights_have_the_variance_for_their_activation_and_follow_the_seed(activation):
    model, same, other = (NormalizedMLP([300, 200, 2], activation=activation, seed=s) for s in (0, 0, 1))
    assert model.layers[0].weight.var().item() == pytest.approx((2 if activation == "relu" else 1) / 300, rel=0.02)
    assert torch.equal(model.layers[0].weight, same.layers[0].weight)
    assert not torch.equal(model.layers[0].weight, other.layers[0].weight)


def test_the_loop_is_gradient_descent_with_decay_on_shuffled_full_batches():
    model, twin = (NormalizedMLP([5, 7, 2], "batch", seed=0) for _ in range(2))
    options = {"batch_size": 8, "learning_rate": 0.1, "weight_decay": 0.01, "seed": 3}
    run = train(model, X, Y, epochs=2, observe=lambda m, step: step, **options)
    assert run.observed == list(range(6))
    optimizer, order = torch.optim.SGD(twin.parameters(), lr=0.1, weight_decay=0.01), torch.Generator().manual_seed(3)
    losses = []
    for _ in range(2):
        shuffled = torch.randperm(31, generator=order)
        for k in range(3):
            rows = shuffled[8 * k : 8 * k + 8]
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(twin(X[rows]), Y[rows])
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
    np.testing.assert_allclose(run.losses, losses, atol=1e-6)
    for a, b in zip(model.state_dict().values(), twin.state_dict().values()):
        torch.testing.assert_close(a, b)


def test_a_run_that_diverges_stops_and_says_so():
    run = train(NormalizedMLP([5, 7, 7, 2]), 1e3 * X, Y, epochs=50, batch_size=8, learning_rate=1e12)
    assert run.diverged
    assert not math.isfinite(run.losses[-1])
    assert len(run.losses) < 50


def test_the_accuracy_leaves_the_mode_and_the_running_statistics_as_they_were():
    model = NormalizedMLP([5, 7, 2], "batch")
    before = [value.clone() for value in model.state_dict().values()]
    for mode in (True, False):
        model.train(mode)
        for training in (True, False):
            assert 0 <= accuracy(model, X, Y, training=training) <= 1
            assert model.training == mode
            assert all(map(torch.equal, before, model.state_dict().values()))


def test_in_training_mode_the_statistics_are_those_of_the_examples_judged():
    model = NormalizedMLP([5, 7, 2], "batch", seed=1)
    model.norms[0].running_mean.fill_(100.0)
    shares = {mode: accuracy(model, X, Y, training=mode) for mode in (False, True)}
    right = {mode: (model.train(mode)(X).argmax(dim=1) == Y).double().mean().item() for mode in (False, True)}
    assert shares == right
    assert shares[True] != shares[False]


def test_the_accuracy_of_a_constant_answer_is_the_share_of_that_class():
    constant = nn.Linear(5, 2)
    nn.init.zeros_(constant.weight)
    with torch.no_grad():
        constant.bias.copy_(torch.tensor([0.0, 1.0]))
    assert accuracy(constant, X, Y) == pytest.approx(Y.double().mean().item())


def test_misfits_are_named():
    with pytest.raises(ValueError, match=r"expected two or more positive sizes, but got \[5\]"):
        NormalizedMLP([5])
    with pytest.raises(ValueError, match="unknown norm 'bath'; known are none, batch, layer, group, rms"):
        NormalizedMLP([5, 2], "bath")
    with pytest.raises(ValueError, match="unknown activation 'sine'"):
        NormalizedMLP([5, 2], activation="sine")
    with pytest.raises(ValueError, match="batch_size is 32, but there are 31 examples"):
        train(NormalizedMLP([5, 2]), X, Y, epochs=1, batch_size=32, learning_rate=0.1)
    with pytest.raises(ValueError, match="1 value per channel"):
        train(NormalizedMLP([5, 7, 2], "batch"), X, Y, epochs=1, batch_size=1, learning_rate=0.1)
    assert set(NORMS) == {"none", "batch", "layer", "group", "rms"}


def test_the_record_of_rates_and_batch_sizes_is_what_these_networks_do():
    """One run of each part is made again; the claims of the section are those of the recorded means."""
    record = records.load("optimization/normalization_batch_size")
    data = load_mnist_5k()
    parts = [torch.tensor(p, dtype=torch.float32) for p in (data.X_train, data.X_test)]
    y_train, y_test = torch.tensor(data.y_train), torch.tensor(data.y_test)
    (rate,) = [
        r for r in record["rates"] if (r["depth"], r["norm"], r["rate"], r["seed"]) == (3, "batch", 0.3, 0)
    ]  # fmt: skip
    (size,) = [r for r in record["batch_sizes"] if (r["size"], r["norm"], r["seed"]) == (64, "layer", 0)]
    for row, epochs, batch_size in ((rate, 3, 64), (size, 2, 64)):
        model = NormalizedMLP([784, 64, 64, 64, 10], row["norm"], seed=0)
        train(model, parts[0], y_train, epochs=epochs, batch_size=batch_size, learning_rate=row["rate"], seed=0)
        assert accuracy(model, parts[1], y_test) == pytest.approx(row["accuracy"], abs=0.03)

    def mean(rows, **wanted):
        return np.mean([r["accuracy"] for r in rows if all(r[k] == v for k, v in wanted.items())])

    assert mean(record["rates"], depth=20, norm="batch", rate=0.3) > 0.3 + mean(
        record["rates"], depth=20, norm="none", rate=0.3
    )
    assert mean(record["batch_sizes"], norm="batch", size=2) < mean(record["batch_sizes"], norm="group", size=2) - 0.3


def test_the_record_of_times_names_every_layer_and_keeps_the_aim():
    figures = records.load("optimization/normalization_vs_torch")["figures"]
    assert len(figures) == 7
    for result in figures.values():
        ratios = [ours / theirs for ours, theirs in result["seconds"]]
        assert result["median_ratio"] == pytest.approx(sorted(ratios)[1])
        assert result["median_ratio"] <= 3
