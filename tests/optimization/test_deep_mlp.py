"""Deep networks and the ways to draw their weights."""

import pytest
import torch
from torch import nn

from nndl_support import records
from nndl_support.data.digits import load_digits
from nndl_support.optimization.deep_mlp import SCHEMES, deep_mlp, initialise_, linear_layers, train


def generator():
    return torch.Generator().manual_seed(0)


def test_the_layers_have_the_sizes_and_the_order_they_should():
    model = deep_mlp(7, 5, 3, 2, "tanh", batch_norm=True)
    assert [tuple(layer.weight.shape) for layer in linear_layers(model)] == [(5, 7), (5, 5), (5, 5), (2, 5)]
    assert [type(piece).__name__ for piece in model] == ["Linear", "BatchNorm1d", "Tanh"] * 3 + ["Linear"]
    assert [type(piece).__name__ for piece in deep_mlp(7, 5, 1, 2, "relu")] == ["Linear", "ReLU", "Linear"]


@pytest.mark.parametrize(
    ("scheme", "activation", "variance"),
    [
        ("zero", "tanh", 0),
        ("small", "tanh", 1e-4),
        ("default", "relu", 1 / (3 * 151)),
        ("xavier", "relu", 2 / (151 + 97)),
        ("he", "tanh", 2 / 151),
        # Rows of length g: the sum of squares of the smaller side, divided by the number of entries.
        ("orthogonal", "tanh", 1 / 151),
        ("orthogonal", "relu", 2 / 151),
    ],
)
def test_the_first_layer_has_the_variance_of_its_scheme(scheme, activation, variance):
    model = initialise_(deep_mlp(151, 97, 2, 3, activation), scheme, activation, generator=generator())
    weight = model[0].weight.detach()
    assert abs(weight.square().mean().item() - variance) <= 0.05 * variance
    assert (model[0].bias.count_nonzero() == 0) == (scheme != "default")


def test_the_default_makes_the_draws_of_torch():
    torch.manual_seed(4)
    theirs = deep_mlp(7, 5, 3, 2, "relu")
    mine = initialise_(deep_mlp(7, 5, 3, 2, "relu"), "default", "relu", generator=torch.Generator().manual_seed(4))
    for ours, reference in zip(mine.parameters(), theirs.parameters()):
        torch.testing.assert_close(ours, reference, rtol=0, atol=1e-7)


def test_lsuv_scales_by_the_batch():
    batch = 100 * torch.rand(31, 7, generator=generator())
    model = initialise_(deep_mlp(7, 5, 3, 2, "relu"), "lsuv", "relu", batch=batch, generator=generator())
    torch.testing.assert_close(model(batch).detach().var(correction=0).item(), 1.0, rtol=1e-4, atol=0)


def test_units_that_start_equal_stay_equal_however_long_one_trains():
    # Zero weights: no error passes down, and the units of each layer receive the same gradient for ever.
    x, y = torch.randn(17, 7, generator=generator()), torch.arange(17) % 3
    model = initialise_(deep_mlp(7, 5, 2, 3, "logistic"), "zero", "logistic")
    optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
    for _ in range(100):
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(x), y).backward()
        optimizer.step()
    first, second, last = linear_layers(model)
    assert last.weight.detach().abs().max() > 0.01
    for layer in (first, second):
        torch.testing.assert_close(layer.weight, layer.weight[:1].expand_as(layer.weight), rtol=1e-5, atol=1e-7)
    torch.testing.assert_close(last.weight, last.weight[:, :1].expand_as(last.weight), rtol=1e-5, atol=1e-7)
    # With an odd function that is 0 at 0 nothing but the last bias moves at all.
    model = initialise_(deep_mlp(7, 5, 2, 3, "tanh"), "zero", "tanh")
    nn.functional.cross_entropy(model(x), y).backward()
    moved = [name for name, parameter in model.named_parameters() if parameter.grad.abs().max() > 0]
    assert moved == ["4.bias"]


def test_random_biases_alone_break_the_symmetry():
    model = initialise_(deep_mlp(3, 11, 2, 3, "tanh"), "zero", "tanh")
    for layer in linear_layers(model):
        nn.init.normal_(layer.bias, std=0.5, generator=generator())
    losses, _ = train(model, blobs(), blobs(30), rate=0.1, epochs=60)
    assert losses[-1] < 0.5 * losses[0]
    assert min(layer.weight.detach().std(dim=0).min() for layer in linear_layers(model)) > 0.01


def blobs(n=90):
    y = torch.arange(n) % 3
    return torch.eye(3).repeat(n // 3, 1) + 0.1 * torch.randn(n, 3, generator=generator()), y


@pytest.mark.parametrize("method", ["sgd", "adam"])
def test_training_learns_three_blobs_and_says_so(method):
    model = initialise_(deep_mlp(3, 11, 2, 3, "tanh"), "xavier", "tanh", generator=generator())
    losses, accuracy = train(model, blobs(), blobs(30), rate=0.03, epochs=60, method=method)
    assert len(losses) == 60
    assert losses[-1] < 0.1 < losses[0]
    assert accuracy == 1


def test_a_training_that_explodes_ends_with_an_infinite_loss():
    model = initialise_(deep_mlp(3, 11, 2, 3, "relu"), "he", "relu", generator=generator())
    losses, accuracy = train(model, blobs(), blobs(30), rate=1e20, epochs=5)
    assert losses == [float("inf")]
    assert accuracy < 0.5


RECORDS = ("initialization_depth", "initialization_adam", "initialization_batch_norm")


def figures_of(name):
    return records.load(f"optimization/{name}")["figures"]


@pytest.mark.parametrize("name", RECORDS)
def test_the_first_epochs_of_a_recorded_training_come_out_again(name):
    data = load_digits()
    train_set, test_set = (
        (torch.tensor(X, dtype=torch.float32), torch.tensor(y))
        for X, y in ((data.X_train, data.y_train), (data.X_test, data.y_test))
    )
    figure = next(f for f in figures_of(name) if (f["activation"], f["scheme"]) == ("tanh", "orthogonal"))
    batch_norm = figure.get("batch_norm", False)
    model = deep_mlp(64, 64, figure["n_hidden"], 10, "tanh", batch_norm=batch_norm)
    initialise_(model, "orthogonal", "tanh", generator=torch.Generator().manual_seed(0))
    method = figure.get("method", "sgd")
    losses, _ = train(model, train_set, test_set, rate=figure["rate"], epochs=2, method=method)
    assert losses == pytest.approx(figure["losses"][:2], rel=0.02)


def test_the_records_hold_what_the_section_says_of_them():
    found = {(f["activation"], f["n_hidden"], f["scheme"]): f["test_accuracies"] for f in figures_of(RECORDS[0])}
    for activation in ("tanh", "relu"):
        shallow = [min(found[activation, 2, scheme]) for scheme in SCHEMES[1:]]
        assert min(shallow) > 0.93
        assert max(found[activation, 10, "small"]) < 0.2
        assert min(min(found[activation, 10, scheme]) for scheme in SCHEMES[3:]) > 0.85
    assert max(found["relu", 10, "default"]) < 0.2
    assert max(found["relu", 50, "xavier"]) < 0.2 < 0.45 < min(found["relu", 50, "he"])
    assert min(found["tanh", 50, "orthogonal"]) > max(found["tanh", 50, "xavier"])
    adam = {(f["activation"], f["scheme"]): f["test_accuracies"] for f in figures_of(RECORDS[1])}
    assert max(adam["relu", "default"] + adam["tanh", "default"] + adam["relu", "xavier"]) < 0.2
    normalised = {(f["activation"], f["scheme"]): f["test_accuracies"] for f in figures_of(RECORDS[2])}
    assert max(max(runs) for (activation, _), runs in normalised.items() if activation == "relu") < 0.5


def test_the_rates_of_those_that_learn_lie_inside_the_grid():
    for name in RECORDS:
        rates = records.load(f"optimization/{name}")["rates"]
        for f in figures_of(name):
            grid = rates[str(f["n_hidden"])] if isinstance(rates, dict) else rates
            if min(f["test_accuracies"]) > 0.7 and name != RECORDS[2]:
                assert grid[0] < f["rate"] < grid[-1]


def test_bad_input_is_named():
    with pytest.raises(ValueError, match=r"all sizes must be at least 1, but are \(7, 0, 3, 2\)"):
        deep_mlp(7, 0, 3, 2, "tanh")
    with pytest.raises(ValueError, match="unknown activation 'swish'; known are logistic, relu, tanh"):
        deep_mlp(7, 5, 3, 2, "swish")
    model = deep_mlp(7, 5, 3, 2, "tanh")
    with pytest.raises(ValueError, match="unknown scheme 'random'; known are zero, small, default"):
        initialise_(model, "random", "tanh")
    with pytest.raises(ValueError, match="the scheme 'lsuv' needs a batch"):
        initialise_(model, "lsuv", "tanh")
    assert len(SCHEMES) == 7
    with pytest.raises(ValueError, match="method must be 'sgd' or 'adam', but is 'lbfgs'"):
        train(model, blobs(), blobs(), rate=0.1, epochs=1, method="lbfgs")
