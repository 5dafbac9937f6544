"""Taylor mode against nested reverse mode, and against sines."""

import itertools

import pytest
import torch
from torch import nn

from nndl_support.pinn import taylor
from nndl_support.pinn.network import MLP
from nndl_support.pinn.operators import partial

F64 = torch.float64
ALL_OF_THREE = [index for n in range(4) for index in itertools.combinations_with_replacement(range(3), n)]
EVERY = pytest.mark.parametrize("activation", taylor.ACTIVATIONS)


def random_points(n, d, seed=0):
    return 2 * torch.rand(n, d, generator=torch.Generator().manual_seed(seed), dtype=F64) - 1


def test_there_are_five_activations():
    assert set(taylor.ACTIVATIONS) == {"tanh", "sin", "sigmoid", "softplus", "silu"}


@EVERY
def test_slopes_of_an_activation_are_those_of_reverse_mode(activation):
    known = {"sin": torch.sin, "softplus": nn.functional.softplus}
    plain = known.get(activation) or getattr(nn.functional, activation, None) or getattr(torch, activation)
    z = torch.linspace(-12, 12, 37, dtype=F64, requires_grad=True)
    slopes = taylor.ACTIVATIONS[activation](z, 3)
    wanted = plain(z)
    for order in range(4):
        torch.testing.assert_close(slopes[order], wanted, rtol=1e-10, atol=1e-12)
        if order < 3:
            (wanted,) = torch.autograd.grad(wanted.sum(), z, create_graph=True)


@EVERY
@pytest.mark.parametrize("order", range(4))
def test_no_more_slopes_are_computed_than_asked_for(activation, order):
    assert len(taylor.ACTIVATIONS[activation](torch.zeros(2), order)) == order + 1


@pytest.mark.parametrize("z", [-700.0, -30.0, 30.0, 700.0])
@EVERY
def test_slopes_are_finite_far_out(activation, z):
    assert all(torch.isfinite(s).all() for s in taylor.ACTIVATIONS[activation](torch.tensor([z], dtype=F64), 3))


@EVERY
@pytest.mark.parametrize("hidden", [(5,), (7, 5), (5, 3, 7)])
def test_every_derivative_up_to_the_third_is_that_of_nested_reverse_mode(activation, hidden):
    network = MLP(3, 2, hidden, activation=activation, seed=1)
    for layer in network.layers:
        nn.init.normal_(layer.bias, generator=torch.Generator().manual_seed(5))
    points = random_points(4, 3).requires_grad_()
    found = taylor.derivatives(network.layers, points, ALL_OF_THREE, activation=activation)
    assert set(found) == set(ALL_OF_THREE)
    values = network(points)
    for index in ALL_OF_THREE:
        wanted = torch.stack([partial(values[:, c], points, index) for c in range(2)], dim=1)
        torch.testing.assert_close(found[index], wanted, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("wanted", [[()], [(1,)], [(0, 2)], [(1, 1), (0,)], [(0, 1, 2)], [(2, 2, 2)]])
def test_a_few_derivatives_are_the_same_as_all_of_them(wanted):
    network, points = MLP(3, 1, (7, 5), seed=2), random_points(4, 3)
    all_of_them = taylor.derivatives(network.layers, points, ALL_OF_THREE)
    for index, value in taylor.derivatives(network.layers, points, wanted).items():
        torch.testing.assert_close(value, all_of_them[index], rtol=1e-12, atol=1e-14)


def test_gradients_by_the_weights_pass_through_the_derivatives():
    network, points = MLP(2, 1, (5, 3), seed=0), random_points(7, 2).requires_grad_()
    by_taylor = taylor.derivatives(network.layers, points.detach(), [(0, 0, 1)])[0, 0, 1].square().sum()
    by_reverse = partial(network(points), points, (0, 0, 1)).square().sum()
    weights = list(network.parameters())
    for a, b in zip(
        torch.autograd.grad(by_taylor, weights, materialize_grads=True),
        torch.autograd.grad(by_reverse, weights, materialize_grads=True),
    ):
        torch.testing.assert_close(a, b, rtol=1e-9, atol=1e-11)


def test_a_single_sine_has_the_derivatives_of_a_plane_wave():
    k, points = torch.tensor([2.0, -3.0], dtype=F64), random_points(5, 2)
    inner, outer = nn.Linear(2, 1, dtype=F64), nn.Linear(1, 1, dtype=F64)
    with torch.no_grad():
        inner.weight.copy_(k[None])
        inner.bias.fill_(0.7)
        outer.weight.fill_(1.0)
        outer.bias.fill_(0.0)
    found = taylor.derivatives([inner, outer], points, [(0, 1, 1), (0, 0)], activation="sin")
    phase = points @ k + 0.7
    torch.testing.assert_close(found[0, 1, 1][:, 0], -k[0] * k[1] ** 2 * torch.cos(phase), rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(found[0, 0][:, 0], -(k[0] ** 2) * torch.sin(phase), rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(found[1,][:, 0], k[1] * torch.cos(phase), rtol=1e-12, atol=1e-12)


def test_a_batch_is_its_rows():
    network, points = MLP(2, 1, (5, 3), seed=0), random_points(7, 2)
    together = taylor.derivatives(network.layers, points, [(0, 1)])[0, 1]
    alone = torch.cat([taylor.derivatives(network.layers, row[None], [(0, 1)])[0, 1] for row in points])
    torch.testing.assert_close(together, alone, rtol=1e-12, atol=1e-14)


def test_the_closure_holds_every_part_and_nothing_else():
    assert taylor.closure([(1, 0, 1)]) == ((), (0,), (1,), (0, 1), (1, 1), (0, 1, 1))
    assert taylor.closure([]) == ((),)
    assert taylor.closure([(2,), (2,)]) == ((), (2,))


def test_a_derivative_of_the_fourth_order_is_refused():
    with pytest.raises(ValueError, match=r"\(0, 0, 0, 1\) has order 4; Taylor mode is written out up to order 3"):
        taylor.closure([(0, 0, 0, 1)])


def test_points_that_do_not_fit_are_named():
    layers = MLP(3, 1, (5,)).layers
    with pytest.raises(ValueError, match=r"points have shape \(4, 2\), but the first layer has 3 inputs"):
        taylor.derivatives(layers, torch.zeros(4, 2), [()])


def test_activations_between_the_layers_of_a_sequence_are_skipped():
    inner, outer = nn.Linear(2, 3), nn.Linear(3, 1)
    points = torch.rand(4, 2)
    plain = nn.Sequential(inner, nn.Tanh(), outer)
    torch.testing.assert_close(taylor.derivatives(plain, points, [()])[()], plain(points))
