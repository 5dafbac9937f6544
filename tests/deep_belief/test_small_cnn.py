"""The convolution is what its formula says, sharing sums gradients, and the counts are those of the layers."""

import itertools

import pytest
import torch
from torch.nn import functional as F

from nndl_support.deep_belief.small_cnn import LeNet, count_layers, locally_connected


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def random(*shape, seed=0):
    return torch.randn(shape, generator=seeded(seed), dtype=torch.float64)


def test_the_forward_pass_is_the_formula_written_with_loops():
    network = LeNet(generator=seeded()).double()
    x = torch.rand(2, 784, generator=seeded(1), dtype=torch.float64)

    def by_hand(images, weight, bias):
        size = weight.shape[2]
        rows, columns = (n - size + 1 for n in images.shape[2:])
        out = bias[:, None, None].expand(len(images), -1, rows, columns).clone()
        for i, j in itertools.product(range(rows), range(columns)):
            patch = images[:, :, i : i + size, j : j + size]
            out[:, :, i, j] += (patch[:, None] * weight).sum(dim=(2, 3, 4))
        return out

    def largest(maps):
        quarters = [maps[:, :, i::2, j::2] for i, j in itertools.product((0, 1), (0, 1))]
        return torch.stack(quarters).amax(0)

    padded = torch.zeros(2, 1, 32, 32, dtype=torch.float64)
    padded[:, 0, 2:30, 2:30] = x.reshape(2, 28, 28)
    maps = largest(by_hand(padded, network.C1.weight, network.C1.bias).clamp(min=0))
    maps = largest(by_hand(maps, network.C3.weight, network.C3.bias).clamp(min=0))
    units = maps.reshape(2, 400)
    for layer in (network.C5, network.F6):
        units = (units @ layer.weight.T + layer.bias).clamp(min=0)
    expected = units @ network.output.weight.T + network.output.bias
    torch.testing.assert_close(network(x), expected, rtol=1e-11, atol=1e-11)


def test_a_convolution_is_a_local_layer_whose_copies_are_equal():
    x, shared, bias = random(5, 3, 7, 11), random(2, 3, 4, 4, seed=1), random(2, seed=2)
    copies = shared[..., None, None].expand(-1, -1, -1, -1, 4, 8)
    local = locally_connected(x, copies, bias[:, None, None].expand(-1, 4, 8))
    torch.testing.assert_close(local, F.conv2d(x, shared, bias), rtol=1e-12, atol=1e-12)


def test_the_gradient_of_a_shared_weight_is_the_sum_over_its_copies():
    x, shared = random(5, 3, 7, 11), random(2, 3, 4, 4, seed=1).requires_grad_()
    goal, bias = random(5, 2, 4, 8, seed=3), torch.zeros(2, 4, 8, dtype=torch.float64)
    copies = shared.detach()[..., None, None].repeat(1, 1, 1, 1, 4, 8).requires_grad_()
    (apart,) = torch.autograd.grad((locally_connected(x, copies, bias) * goal).sum(), copies)
    (together,) = torch.autograd.grad((F.conv2d(x, shared) * goal).sum(), shared)
    torch.testing.assert_close(apart.sum(dim=(-2, -1)), together, rtol=1e-12, atol=1e-12)


def test_the_local_layer_is_right_by_central_differences():
    x, weight = random(2, 3, 4, 5).requires_grad_(), random(2, 3, 2, 2, 3, 4, seed=1).requires_grad_()
    bias = random(2, 3, 4, seed=2).requires_grad_()
    assert torch.autograd.gradcheck(locally_connected, (x, weight, bias))


def test_a_shifted_image_gives_shifted_maps():
    network = LeNet(generator=seeded()).double()
    x = torch.zeros(1, 1, 28, 28, dtype=torch.float64)
    x[:, :, 8:19, 8:19] = random(1, 1, 11, 11)
    moved = network.C1(x.roll((3, 2), dims=(2, 3)))
    torch.testing.assert_close(moved, network.C1(x).roll((3, 2), dims=(2, 3)))


def test_the_counts_are_those_of_the_parameters_and_of_the_products():
    network = LeNet()
    layers = {layer.name: layer for layer in count_layers(network)}
    assert sum(layer.parameters for layer in layers.values()) == sum(p.numel() for p in network.parameters())
    # LeCun et al. (1998): C1 has 156 parameters and 122,304 connections, C5 48,120, F6 10,164
    assert (layers["C1"].parameters, layers["C1"].connections) == (156, 122304)
    assert layers["C5"].parameters == layers["C5"].connections == 48120
    assert layers["F6"].parameters == layers["F6"].connections == 10164
    assert [layer.units for layer in layers.values()] == [6 * 28 * 28, 16 * 10 * 10, 120, 84, 10]


def test_the_same_generator_gives_the_same_network_and_wrong_shapes_are_refused():
    a, b, c = (LeNet(generator=seeded(seed)).C3.weight for seed in (0, 0, 1))
    assert torch.equal(a, b)
    assert not torch.equal(a, c)
    with pytest.raises(ValueError, match=r"x has the shape \(2, 28, 28\); expected rows of 784 pixels"):
        LeNet()(torch.zeros(2, 28, 28))
    with pytest.raises(ValueError, match="a 2 x 2 kernel on images of 4 x 5 has 3 x 4 places"):
        locally_connected(random(1, 1, 4, 5), random(1, 1, 2, 2, 4, 4), random(1, 4, 4))
