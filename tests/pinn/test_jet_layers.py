"""Layers on jets: backward passes written by hand against differences and against autograd."""

import pytest
import torch
from torch import nn

from nndl_support.pinn.jet_layers import activate_jet, linear_jet, multiply_jets
from nndl_support.pinn.taylor import ACTIVATIONS, activate, closure, plan

F64 = torch.float64
# Jets of (), (0,), (1,), (0, 0), (0, 1), (1, 1).
LOW, PAIRS = 3, ((1, 1), (1, 2), (2, 2))


def random_tensor(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=F64).requires_grad_()


def by_autograd(jet, slopes):
    s = slopes(jet[0], 2)
    rows = [s[0], *(s[1] * z for z in jet[1:LOW])]
    rows += [s[1] * jet[k] + s[2] * jet[i] * jet[j] for k, (i, j) in enumerate(PAIRS, start=LOW)]
    return torch.stack(rows)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activation_and_its_gradient_are_those_of_autograd(name):
    jet, weights = random_tensor(6, 5, 3), random_tensor(6, 5, 3, seed=1)
    ours, theirs = activate_jet(jet, ACTIVATIONS[name], LOW, PAIRS), by_autograd(jet, ACTIVATIONS[name])
    torch.testing.assert_close(ours, theirs)
    for one, two in zip(
        torch.autograd.grad(ours, jet, weights), torch.autograd.grad(theirs, jet, weights), strict=True
    ):
        torch.testing.assert_close(one, two)


@pytest.mark.parametrize(("low", "pairs"), [(2, ((1, 1),)), (3, ((1, 2),))], ids=["u_xx alone", "u_xy alone"])
def test_a_single_second_derivative_has_the_gradient_of_differences(low, pairs):
    jet = random_tensor(low + 1, 2, 3)
    assert torch.autograd.gradcheck(lambda z: activate_jet(z, ACTIVATIONS["tanh"], low, pairs), jet)
    assert torch.autograd.gradcheck(lambda z: activate_jet(z, ACTIVATIONS["sin"], low, pairs), jet)


@pytest.mark.parametrize("name", ["tanh", "sin", "sigmoid", "softplus"])
def test_activation_can_be_differentiated_twice(name):
    products = plan(closure([(0, 0), (0, 1), (1, 1)]))

    def function(jet):
        return activate(jet, products, name)

    assert torch.autograd.gradcheck(function, random_tensor(6, 2, 3))
    assert torch.autograd.gradgradcheck(function, random_tensor(6, 2, 3))


def test_slopes_from_the_value_are_those_from_the_argument():
    def again(a, order):
        return [a, 1 - a**2, -2 * a * (1 - a**2), (6 * a**2 - 2) * (1 - a**2)][: order + 1]

    jet, weights = random_tensor(6, 5, 3), random_tensor(6, 5, 3, seed=1)
    one = activate_jet(jet, ACTIVATIONS["tanh"], LOW, PAIRS)
    two = activate_jet(jet, ACTIVATIONS["tanh"], LOW, PAIRS, again=again)
    torch.testing.assert_close(torch.autograd.grad(one, jet, weights), torch.autograd.grad(two, jet, weights))


def test_first_derivatives_alone_pass_through():
    jet = random_tensor(3, 2, 5)
    assert torch.autograd.gradcheck(lambda z: activate_jet(z, ACTIVATIONS["tanh"], 3, ()), jet)


def test_linear_layer_is_torchs_for_the_value_and_has_no_bias_for_derivatives():
    layer = nn.Linear(5, 3, dtype=F64)
    jet = random_tensor(4, 7, 5)
    out = linear_jet(jet, layer.weight, layer.bias)
    torch.testing.assert_close(out[0], layer(jet[0]))
    torch.testing.assert_close(out[1:], jet[1:] @ layer.weight.T)


def test_linear_layer_has_the_gradients_of_differences():
    arguments = (random_tensor(4, 2, 5), random_tensor(3, 5, seed=1), random_tensor(3, seed=2))
    assert torch.autograd.gradcheck(linear_jet, arguments)
    assert torch.autograd.gradgradcheck(linear_jet, arguments)


def test_product_of_jets_follows_leibniz_and_differences():
    # x² times exp(2x), and its derivatives, at one point.
    x = torch.tensor(0.7, dtype=F64)
    outer = torch.stack([x**2, 2 * x, torch.tensor(2.0, dtype=F64)]).reshape(3, 1, 1)
    e = torch.exp(2 * x)
    inner = torch.stack([e, 2 * e, 4 * e]).reshape(3, 1, 1)
    terms = ((0, 0, 0, 1), (1, 1, 0, 1), (1, 0, 1, 1), (2, 2, 0, 1), (2, 1, 1, 2), (2, 0, 2, 1))
    found = multiply_jets(outer, inner, terms).flatten()
    wanted = torch.stack([x**2 * e, (2 * x + 2 * x**2) * e, (2 + 8 * x + 4 * x**2) * e])
    torch.testing.assert_close(found, wanted)
    factor = random_tensor(3, 5, 2).detach()
    assert torch.autograd.gradcheck(lambda z: multiply_jets(factor, z, terms), random_tensor(3, 5, 2, seed=3))
