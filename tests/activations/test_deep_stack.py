"""The deep stack: the same sums by hand, its shortcuts, its initial weights, its learning rates."""

import numpy as np
import pytest
import torch

from nndl_support.activations import registry
from nndl_support.activations.deep_stack import ACTIVATIONS, DeepStack
from nndl_support.activations.flow import gradient_norms
from nndl_support.backprop import network

X = torch.randn(11, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
LABELS = torch.arange(11) % 2


def seeded(sizes, activation="logistic", **options):
    return DeepStack(sizes, activation, generator=torch.Generator().manual_seed(0), **options)


@pytest.mark.parametrize("activation", sorted(ACTIVATIONS))
def test_a_plain_stack_is_the_network_of_the_chapter_on_back_propagation(activation):
    stack = seeded([3, 7, 5, 2], activation)
    weights = [layer.weight.detach().numpy().T for layer in stack.layers]
    biases = [layer.bias.detach().numpy() for layer in stack.layers]
    names = [activation, activation, "softmax"]
    passed = network.forward(X.numpy(), weights, biases, names)
    np.testing.assert_allclose(stack(X).detach().numpy(), passed[0][-1], atol=1e-12)
    by_weight, _ = network.backward(np.eye(2)[LABELS], *passed, weights, names, "cross_entropy")
    np.testing.assert_allclose(gradient_norms(stack, X, LABELS), [np.linalg.norm(g) for g in by_weight], rtol=1e-10)


def test_a_shortcut_adds_the_input_where_the_sizes_agree():
    stack = seeded([3, 5, 5, 2], "tanh", residual=True)
    first, second, last = stack.layers
    h = torch.tanh(first(X))
    expected = last(h + torch.tanh(second(h)))
    torch.testing.assert_close(stack(X), expected)
    assert not torch.allclose(stack(X), seeded([3, 5, 5, 2], "tanh")(X))


def test_with_dead_layers_a_residual_stack_still_passes_everything_through():
    for residual in (False, True):
        stack = seeded([3, *[5] * 9, 2], "tanh", residual=residual)
        with torch.no_grad():
            for layer in stack.layers[1:-1]:
                layer.weight.zero_()
        norm = gradient_norms(stack, X, LABELS)[0]
        assert (norm > 1e-3) == residual
        assert residual or norm == 0


def test_a_logistic_stack_starves_its_first_layer_and_shortcuts_feed_it():
    plain, shortcuts = (
        gradient_norms(seeded([3, *[30] * 10, 2], residual=residual), X, LABELS) for residual in (False, True)
    )
    assert plain[1] / plain[-2] < 1e-3
    assert shortcuts[1] / shortcuts[-2] > 0.1


def test_the_gain_scales_the_hidden_weights_only():
    one, four = seeded([300, 200, 100, 7]), seeded([300, 200, 100, 7], gain=4.0)
    for layer, other in zip(one.layers[:-1], four.layers[:-1]):
        torch.testing.assert_close(4 * layer.weight, other.weight)
        assert layer.weight.std().item() == pytest.approx(layer.in_features**-0.5, rel=0.02)
    torch.testing.assert_close(one.layers[-1].weight, four.layers[-1].weight)
    assert not any(layer.bias.any() for layer in four.layers)


def test_the_same_functions_as_in_the_registry():
    x = torch.linspace(-4, 4, 101, dtype=torch.float64)
    for name, function in ACTIVATIONS.items():
        np.testing.assert_allclose(function(x).numpy(), registry.get(name).function(x.numpy()), atol=1e-14)


def test_each_layer_moves_at_its_own_rate():
    stack = seeded([3, 5, 2], "tanh")
    before = [p.clone() for p in stack.parameters()]
    optimizer = torch.optim.SGD(stack.rates([0.3, 0.01]))
    torch.nn.functional.cross_entropy(stack(X), LABELS).backward()
    gradients = [p.grad.clone() for p in stack.parameters()]
    optimizer.step()
    for p, start, g, rate in zip(stack.parameters(), before, gradients, (0.3, 0.3, 0.01, 0.01)):
        torch.testing.assert_close(p.detach(), (start - rate * g).detach())


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: DeepStack([3]), r"two or more positive sizes, but got \[3\]"),
        (lambda: DeepStack([3, 0, 2]), r"positive sizes, but got \[3, 0, 2\]"),
        (lambda: DeepStack([3, 2], "sigmoid"), "unknown activation 'sigmoid'; known are gelu, identity"),
        (lambda: DeepStack([3, 5, 2]).rates([0.1]), "there are 1 rates, but the stack has 2 layers"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
