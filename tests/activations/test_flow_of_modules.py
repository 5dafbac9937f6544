"""Gradient norms of torch modules: backward as the reference, order of layers, no trace left behind, bad input."""

import numpy as np
import pytest
import torch
from torch import nn

from nndl_support.activations.flow_of_modules import is_module, layer_gradient_norms

X = torch.randn(11, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
LABELS = torch.arange(11) % 2
TARGETS = X @ torch.tensor([[1.0, 0.5], [-1.0, 0.0], [0.0, 2.0]], dtype=torch.float64)


def small(*extra, seed=0):
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(3, 7), *extra, nn.Tanh(), nn.Linear(7, 5), nn.Tanh(), nn.Linear(5, 2)).double()


class Residual(nn.Module):
    """Declares its last layer first, and calls one layer twice."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.last, self.shared, self.first = nn.Linear(5, 2), nn.Linear(5, 5), nn.Linear(3, 5)
        self.double()

    def forward(self, x):
        h = self.first(x)
        for _ in range(2):
            h = h + torch.tanh(self.shared(h))
        return self.last(h)


class WithSpare(nn.Module):
    """Has a layer that nobody calls."""

    def __init__(self):
        super().__init__()
        self.spare, self.used = nn.Linear(2, 2).double(), small()

    def forward(self, x):
        return self.used(x)


def by_backward(module, layers, loss, of):
    module.zero_grad()
    loss(module(X)).backward()
    return [getattr(layer, of).grad.norm().item() for layer in layers]


@pytest.mark.parametrize(("of", "attribute"), [("weights", "weight"), ("biases", "bias")])
def test_the_norms_are_those_that_backward_leaves(of, attribute):
    module = small()
    layers = [layer for layer in module if isinstance(layer, nn.Linear)]
    entropy = by_backward(module, layers, lambda z: nn.functional.cross_entropy(z, LABELS), attribute)
    assert layer_gradient_norms(module, X, LABELS, of=of) == pytest.approx(entropy, rel=1e-12)
    squares = by_backward(module, layers, lambda z: ((z - TARGETS) ** 2).mean(), attribute)
    assert layer_gradient_norms(module, X, TARGETS, of=of) == pytest.approx(squares, rel=1e-12)
    given = by_backward(module, layers, lambda z: (z**4).sum(), attribute)
    norms = layer_gradient_norms(module, X, TARGETS, of=of, loss=lambda output, y: (output**4).sum())
    assert norms == pytest.approx(given, rel=1e-12)


def test_layers_come_in_the_order_in_which_they_run():
    module = Residual()
    layers = [module.first, module.shared, module.last]
    expected = by_backward(module, layers, lambda z: nn.functional.cross_entropy(z, LABELS), "weight")
    assert layer_gradient_norms(module, X, LABELS) == pytest.approx(expected, rel=1e-12)


def test_several_weights_of_one_layer_share_a_norm():
    torch.manual_seed(0)
    module = nn.LSTM(3, 5, batch_first=True).double()
    x, y = X[None].repeat(2, 1, 1), torch.zeros(2, dtype=torch.float64)
    module.zero_grad()
    module(x)[0].square().sum().backward()
    weights = [module.weight_ih_l0.grad, module.weight_hh_l0.grad]
    biases = [module.bias_ih_l0.grad, module.bias_hh_l0.grad]
    for of, gradients in (("weights", weights), ("biases", biases)):
        expected = torch.cat([g.ravel() for g in gradients]).norm().item()
        found = layer_gradient_norms(module, x, y, of=of, loss=lambda output, _: output[0].square().sum())
        assert found == pytest.approx([expected], rel=1e-12)


def test_frozen_layers_are_left_out_and_unused_ones_have_nothing():
    module = small()
    whole = layer_gradient_norms(module, X, LABELS)
    module[2].requires_grad_(False)
    assert layer_gradient_norms(module, X, LABELS) == pytest.approx([whole[0], whole[2]])
    found = layer_gradient_norms(WithSpare(), X, LABELS)
    assert found[:3] == pytest.approx(whole)
    assert found[3] == 0.0


def test_looking_leaves_no_trace():
    module = small(nn.BatchNorm1d(7), nn.Dropout(0.5))
    state = {name: value.clone() for name, value in module.state_dict().items()}
    torch.manual_seed(3)
    expected = torch.rand(1)
    torch.manual_seed(3)
    assert len(layer_gradient_norms(module, X, LABELS)) == 4
    assert torch.rand(1) == expected
    assert all(torch.equal(value, state[name]) for name, value in module.state_dict().items())
    assert all(p.grad is None for p in module.parameters())
    assert module.training
    assert not any(layer._forward_pre_hooks for layer in module.modules())


def test_it_runs_inside_no_grad_and_takes_lists_and_single_precision():
    module = small().float()
    with torch.no_grad():
        inside = layer_gradient_norms(module, X.tolist(), LABELS.tolist())
    assert inside == pytest.approx(layer_gradient_norms(small(), X, LABELS), rel=1e-4)
    assert layer_gradient_norms(module, X.numpy(), LABELS.numpy()) == pytest.approx(inside)


def test_token_numbers_stay_whole_numbers():
    torch.manual_seed(0)
    module = nn.Sequential(nn.Embedding(7, 3), nn.Linear(3, 2)).double()
    assert np.isfinite(layer_gradient_norms(module, torch.arange(5), torch.arange(5) % 2)).all()


def test_a_column_of_outputs_meets_a_vector_of_targets_without_broadcasting():
    torch.manual_seed(0)
    module = nn.Linear(3, 1).double()
    expected = by_backward(module, [module], lambda z: ((z[:, 0] - X[:, 0]) ** 2).mean(), "weight")
    assert layer_gradient_norms(module, X, X[:, 0]) == pytest.approx(expected)


def test_modules_are_recognised():
    assert is_module(nn.Tanh())
    assert not is_module(np.tanh)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: layer_gradient_norms(nn.Tanh(), X, LABELS), "Tanh has no parameters that require"),
        (lambda: layer_gradient_norms(small().requires_grad_(False), X, LABELS), "Sequential has no parameters"),
        (
            lambda: layer_gradient_norms(nn.Linear(3, 2, bias=False).double(), X, LABELS, of="biases"),
            "a layer of type Linear has no biases; it owns weight",
        ),
        (lambda: layer_gradient_norms(small(), X, LABELS[:7]), "x has 11 examples, but y has 7"),
        (lambda: layer_gradient_norms(small(), X[:0], LABELS[:0]), r"x has shape \(0, 3\); expected a batch"),
        (lambda: layer_gradient_norms(small(), X * np.nan, LABELS), "x contains NaN or infinity"),
        (lambda: layer_gradient_norms(small(), X, TARGETS / 0), "y contains NaN or infinity"),
        (
            lambda: layer_gradient_norms(small(), X, TARGETS[:, 0]),
            r"the output has shape \(11, 2\), but y has shape \(11,\)",
        ),
        (
            lambda: layer_gradient_norms(small(), X, LABELS + 1),
            "y has labels from 1 to 2, but the output has 2 classes",
        ),
        (lambda: layer_gradient_norms(small(), X, LABELS[:, None]), r"y must be \(11,\), but is \(11, 1\)"),
        (
            lambda: layer_gradient_norms(nn.Sequential(nn.Linear(3, 1), nn.Flatten(0)).double(), X, LABELS),
            r"one score per class, but the output has shape \(11,\); give loss=",
        ),
        (
            lambda: layer_gradient_norms(small(), X, TARGETS, loss=lambda output, y: output - y),
            r"the loss must be a single number, but has shape \(11, 2\)",
        ),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
