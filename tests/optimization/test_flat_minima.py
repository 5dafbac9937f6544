"""Rescaled networks: the same function to the last bit, another Hessian by a known factor."""

import pytest
import torch
from torch import nn

from nndl_support import records
from nndl_support.data.digits import load_mnist_5k
from nndl_support.optimization.batch_size import descend
from nndl_support.optimization.flat_minima import filter_normalized_direction, loss_along, rescale_relu
from nndl_support.optimization.sharpness import hessian, sharpness


@pytest.fixture
def network():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 7), nn.ReLU(), nn.Linear(7, 5), nn.ReLU(), nn.Linear(5, 2)).double()


X = torch.randn(11, 3, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
Y = torch.arange(11) % 2


@pytest.mark.parametrize("layer", [0, 2])
@pytest.mark.parametrize("factor", [2.0**-6, 16.0])
def test_a_power_of_two_changes_no_output_by_a_bit(network, layer, factor):
    before, weights = network(X), [p.clone() for p in network.parameters()]
    rescale_relu(network, layer, factor)
    torch.testing.assert_close(network(X), before, rtol=0, atol=0)
    changed = [not torch.equal(p, w) for p, w in zip(network.parameters(), weights)]
    assert changed == [k in (layer, layer + 1, layer + 2) for k in range(6)]


def test_any_factor_changes_the_outputs_by_rounding_only(network):
    before = network(X)
    rescale_relu(network, 0, 0.123)
    torch.testing.assert_close(network(X), before, rtol=1e-13, atol=1e-13)


def test_the_hessian_is_multiplied_from_both_sides_by_the_inverse_factors(network):
    def loss():
        return nn.functional.cross_entropy(network(X), Y)

    before = hessian(loss, network.parameters())
    rescale_relu(network, 0, 4.0)
    sizes = [p.numel() for p in network.parameters()]
    factor = torch.cat([torch.full((n,), f, dtype=torch.float64) for n, f in zip(sizes, (0.25, 0.25, 4.0, 1, 1, 1))])
    torch.testing.assert_close(
        hessian(loss, network.parameters()), factor[:, None] * before * factor, rtol=1e-10, atol=1e-12
    )


def test_relative_sharpness_does_not_notice_the_rescaling_and_absolute_sharpness_does(network):
    def measured(relative):
        scale = torch.cat([p.detach().flatten().abs() for p in network.parameters()]) if relative else None
        loss = lambda: nn.functional.cross_entropy(network(X), Y)  # noqa: E731
        return sharpness(loss, network.parameters(), scale=scale, tolerance=1e-11, max_iterations=3000)[0]

    absolute, relative = measured(False), measured(True)
    rescale_relu(network, 0, 32.0)
    assert measured(True) == pytest.approx(relative, rel=1e-5)
    assert measured(False) > 100 * absolute


def test_a_direction_has_the_length_of_every_units_weights_and_no_biases(network):
    generator = torch.Generator().manual_seed(3)
    direction = filter_normalized_direction(network, generator=generator)
    for p, d in zip(network.parameters(), direction):
        assert d.shape == p.shape
        if p.ndim == 2:
            torch.testing.assert_close(d.norm(dim=1), p.detach().norm(dim=1))
            assert abs(torch.cosine_similarity(d.flatten(), p.detach().flatten(), dim=0)) < 0.9
        else:
            assert not d.any()


def test_slices_along_filter_normalised_directions_do_not_notice_the_rescaling(network):
    for part in network:
        if isinstance(part, nn.Linear):
            nn.init.zeros_(part.bias)
    slices = []
    for factor in (1.0, 8.0):
        rescale_relu(network, 0, factor)
        direction = filter_normalized_direction(network, generator=torch.Generator().manual_seed(3))
        slices.append(
            loss_along(network, lambda: nn.functional.cross_entropy(network(X), Y), direction, [-1.0, 0.5, 2.0])
        )
    assert slices[1] == pytest.approx(slices[0], rel=1e-12)


def test_the_weights_are_put_back_even_when_the_loss_fails(network):
    before = [p.clone() for p in network.parameters()]
    direction = filter_normalized_direction(network)

    def broken():
        raise RuntimeError("no")

    with pytest.raises(RuntimeError, match="no"):
        loss_along(network, broken, direction, [1.0])
    for p, start in zip(network.parameters(), before):
        assert torch.equal(p, start)


def test_bad_input_is_named(network):
    with pytest.raises(ValueError, match=r"factor is -1\.0; expected a positive number"):
        rescale_relu(network, 0, -1.0)
    with pytest.raises(TypeError, match="layers 1 to 3 are ReLU, Linear, ReLU; expected Linear, ReLU, Linear"):
        rescale_relu(network, 1, 2.0)
    with pytest.raises(TypeError, match="layers 4 to 6 are Linear; expected"):
        rescale_relu(network, 4, 2.0)
    with pytest.raises(ValueError, match="do not have the shapes"):
        loss_along(network, lambda: X.sum(), [torch.zeros(1)], [0.0])


def test_a_recorded_minimum_is_found_again_as_sharp_and_as_accurate():
    runs = records.load("optimization/flat_minima")["runs"]
    (recorded,) = [run for run in runs if (run["batch_size"], run["rate"], run["seed"]) == (500, 0.4, 0)]
    mnist, generator = load_mnist_5k(), torch.Generator().manual_seed(0)
    inputs, labels = torch.tensor(mnist.X_train, dtype=torch.float32), torch.tensor(mnist.y_train)
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(784, 30), nn.Tanh(), nn.Linear(30, 10))
    options = {"n_steps": 2 * recorded["steps"], "measure_every": 50, "stop_at": 0.02, "generator": generator}
    descend(model, inputs, labels, batch_size=500, learning_rate=0.4, **options)
    value, _ = sharpness(
        lambda: nn.functional.cross_entropy(model(inputs), labels), model.parameters(), generator=generator
    )
    assert value == pytest.approx(recorded["sharpness"], rel=0.1)
    right = model(torch.tensor(mnist.X_test, dtype=torch.float32)).argmax(dim=1) == torch.tensor(mnist.y_test)
    assert right.double().mean().item() == pytest.approx(recorded["test_accuracy"], abs=0.01)
