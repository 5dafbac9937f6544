"""Layer-sequential unit variance: exact variances, the paper's loop, dead layers, nothing left behind on failure."""

import pytest
import torch
from torch import nn

from nndl_support.optimization.initialization import orthogonal_
from nndl_support.optimization.lsuv import lsuv_


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def outputs_of_layers(model, batch, kind=(nn.Linear, nn.Conv2d)):
    seen = []
    handles = [
        layer.register_forward_hook(lambda *arguments: seen.append(arguments[2].detach()))
        for layer in model.modules()
        if isinstance(layer, kind)
    ]
    model(batch)
    for handle in handles:
        handle.remove()
    return seen


def mlp(activation=nn.ReLU, depth=5):
    layers = [piece for _ in range(depth) for piece in (nn.Linear(13, 13), activation())]
    return nn.Sequential(nn.Linear(7, 13), activation(), *layers, nn.Linear(13, 3)).double()


@pytest.fixture
def batch():
    return torch.randn(29, 7, dtype=torch.float64, generator=generator(1))


@pytest.mark.parametrize("activation", [nn.ReLU, nn.Tanh, nn.Sigmoid, nn.GELU])
def test_every_layer_sends_variance_one(activation, batch):
    model = mlp(activation)
    divisors = lsuv_(model, batch, generator())
    for output in outputs_of_layers(model, batch):
        torch.testing.assert_close(output.var(correction=0).item(), 1.0, rtol=1e-10, atol=0)
    assert len(divisors) == 7
    assert all(layer.bias.count_nonzero() == 0 for layer in model if isinstance(layer, nn.Linear))


def test_one_pass_equals_the_loop_of_the_paper(batch):
    model, other = mlp(), mlp()
    divisors = lsuv_(model, batch, generator())
    g = generator()
    linear = [layer for layer in other if isinstance(layer, nn.Linear)]
    with torch.no_grad():
        for layer in linear:
            orthogonal_(layer.weight, generator=g)
            layer.bias.zero_()
        for index, layer in enumerate(linear):
            for _ in range(10):
                variance = outputs_of_layers(other, batch)[index].var(correction=0)
                if abs(variance - 1) < 1e-12:
                    break
                layer.weight.div_(variance.sqrt())
    for mine, theirs in zip(model.parameters(), other.parameters()):
        torch.testing.assert_close(mine, theirs, rtol=1e-10, atol=1e-12)
    # The weights stay multiples of orthogonal matrices: the divisors are their inverse lengths.
    lengths = [torch.linalg.matrix_norm(layer.weight, 2).item() for layer in linear]
    torch.testing.assert_close(lengths, [1 / std for std in divisors.values()], rtol=1e-10, atol=0)


def test_convolutions_shortcuts_and_the_order_of_running():
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.last = nn.Linear(5, 2)  # defined first, run last
            self.first = nn.Conv2d(3, 5, 2)
            self.norm = nn.BatchNorm2d(5)

        def forward(self, x):
            return self.last(torch.relu(self.norm(self.first(x))).mean(dim=(2, 3)))

    net = Net().double()
    x = torch.randn(11, 3, 7, 6, dtype=torch.float64, generator=generator())
    assert list(lsuv_(net, x, generator())) == ["first", "last"]
    for output in outputs_of_layers(net, x):
        torch.testing.assert_close(output.var(correction=0).item(), 1.0, rtol=1e-10, atol=0)


def test_a_dead_layer_is_named_and_the_weights_are_as_before(batch):
    class Silent(nn.Module):
        def forward(self, x):
            return torch.relu(x - 1e9)

    model = nn.Sequential(nn.Linear(7, 5), nn.ReLU(), nn.Linear(5, 5), Silent(), nn.Linear(5, 2)).double()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    with pytest.raises(ValueError, match=r"layer '4' cannot be scaled .* of shape \(29, 2\), is 0\.0"):
        lsuv_(model, batch)
    for name, value in model.state_dict().items():
        torch.testing.assert_close(value, before[name], rtol=0, atol=0)
    assert not any(module._forward_hooks for module in model.modules())


def test_bad_input_is_named(batch):
    with pytest.raises(ValueError, match="ReLU has no linear or convolutional layer"):
        lsuv_(nn.ReLU(), batch)
    with pytest.raises(ValueError, match=r"layer '0' cannot be scaled .* is nan"):
        lsuv_(mlp(), torch.full_like(batch, torch.nan))
    shared = nn.Linear(7, 7).double()
    with pytest.raises(ValueError, match="layer '0' runs more than once"):
        lsuv_(nn.Sequential(shared, nn.ReLU(), shared), batch)


def test_a_layer_that_does_not_run_is_absent(batch):
    class Half(nn.Module):
        def __init__(self):
            super().__init__()
            self.used, self.idle = nn.Linear(7, 3).double(), nn.Linear(7, 3).double()

        def forward(self, x):
            return self.used(x)

    assert list(lsuv_(Half(), batch)) == ["used"]


def test_the_variance_is_that_of_the_batch_itself_however_few_examples_it_has():
    model = nn.Sequential(nn.Linear(7, 3)).double()
    batch = torch.randn(2, 7, generator=generator(1), dtype=torch.float64)
    lsuv_(model, batch, generator())
    assert model(batch).var(correction=0).item() == pytest.approx(1, rel=1e-12)
