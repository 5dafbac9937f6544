"""Competitors differ in what their names say and in nothing else; the records hold what the section claims."""

import math

import numpy as np
import pytest
import torch
from torch import nn

from nndl_support.deep_belief.pretraining_study import (
    COMPETITORS,
    Competitor,
    build,
    epochs_for,
    fine_tune,
    gradient_sizes,
    judge,
    pretrain,
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
