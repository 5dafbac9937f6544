"""One row for each point, against per-sample gradients and central differences."""

import pytest
import torch
from torch.func import functional_call, grad, vmap

from nndl_support.pinn import taylor
from nndl_support.pinn.jacobian import residual_jacobian
from nndl_support.pinn.network import MLP, FourierFeatures, hard_constraint

F64 = torch.float64
INDICES = taylor.closure([(0, 0), (1,)])


def random_points(n=7, d=2, seed=0):
    return torch.rand(n, d, generator=torch.Generator().manual_seed(seed), dtype=F64)


def two_equations(u, u_x, u_y, u_xx, k):
    """A nonlinear one, and one that does not see every derivative."""
    return [u_y + k * u * u_x - u_xx**2, torch.sin(u) * u_y]


def by_layers(network, points, k=0.7):
    unknown = torch.full((1,), k, dtype=F64, requires_grad=True).expand(len(points), 1)
    outputs, inputs, sums = network.traced(network.prepare(points, INDICES))
    u, u_x, u_y, u_xx = outputs[..., 0].unbind()
    return residual_jacobian(two_equations(u, u_x, u_y, u_xx, unknown[:, 0]), inputs, sums, unknown)


NETWORKS = {
    "plain": lambda: MLP(2, 1, (5, 3), seed=1),
    "no hidden layer": lambda: MLP(2, 1, (), seed=1),
    "features": lambda: MLP(2, 1, (5, 3), embedding=FourierFeatures(2, 4, 0.3), activation="silu", seed=1),
    "hard": lambda: hard_constraint(MLP(2, 1, (5,), seed=1), lambda q: q[:, 0] ** 2, lambda q: q[:, 1] * q[:, 0]),
}


@pytest.mark.parametrize("kind", NETWORKS)
def test_rows_are_the_gradients_of_single_points(kind):
    network, points = NETWORKS[kind](), random_points()
    weights = {name: p.detach() for name, p in network.named_parameters()}

    def residual(weights, k, point, which):
        def u(q):
            return functional_call(network, weights, (q[None],))[0, 0]

        gradient = grad(u)
        second = grad(lambda q: gradient(q)[0])
        u_x, u_y = gradient(point)
        return two_equations(u(point), u_x, u_y, second(point)[0], k)[which]

    found = by_layers(network, points)
    k = torch.tensor(0.7, dtype=F64)
    for which in range(2):
        rows, by_k = vmap(grad(residual, argnums=(0, 1)), in_dims=(None, None, 0, None))(weights, k, points, which)
        wanted = torch.cat([*(rows[name].flatten(1) for name in weights), by_k[:, None]], dim=1)
        torch.testing.assert_close(found[which], wanted, rtol=1e-9, atol=1e-11)


def test_rows_are_central_differences():
    network, points, step = NETWORKS["hard"](), random_points(), 1e-5
    found = by_layers(network, points)
    weights = list(network.parameters())

    def residuals(k=0.7):
        u, u_x, u_y, u_xx = network.outputs(network.prepare(points, INDICES))[..., 0].unbind()
        return torch.stack(two_equations(u, u_x, u_y, u_xx, k)).detach()

    column = 0
    for weight in weights:
        for entry in range(weight.numel()):
            moved = []
            for by in (step, -step):
                with torch.no_grad():
                    weight.view(-1)[entry] += by
                moved.append(residuals())
                with torch.no_grad():
                    weight.view(-1)[entry] -= by
            difference = (moved[0] - moved[1]) / (2 * step)
            torch.testing.assert_close(found[:, :, column], difference, rtol=1e-6, atol=1e-7)
            column += 1
    by_k = (residuals(0.7 + step) - residuals(0.7 - step)) / (2 * step)
    torch.testing.assert_close(found[:, :, column], by_k, rtol=1e-6, atol=1e-8)
    assert column + 1 == found.shape[2]


def test_without_unknown_parameters_there_is_no_column_for_them():
    network, points = NETWORKS["plain"](), random_points()
    outputs, inputs, sums = network.traced(network.prepare(points, INDICES))
    found = residual_jacobian([outputs[3, :, 0]], inputs, sums)
    assert found.shape == (1, 7, sum(p.numel() for p in network.parameters()))
    torch.testing.assert_close(found[0].sum(dim=0)[-1], torch.tensor(0.0, dtype=F64))  # the last bias moves no u_xx


def test_a_residual_without_the_unknown_has_a_column_of_zeros():
    network, points = NETWORKS["plain"](), random_points()
    unknown = torch.ones(1, dtype=F64, requires_grad=True).expand(7, 1)
    outputs, inputs, sums = network.traced(network.prepare(points, INDICES))
    found = residual_jacobian([outputs[1, :, 0], unknown[:, 0] ** 2], inputs, sums, unknown)
    assert not found[0, :, -1].any()
    assert found[1, :, -1].eq(2).all()
    assert not found[1, :, :-1].any()


def test_a_constant_residual_has_a_row_of_zeros():
    network, points = NETWORKS["plain"](), random_points()
    outputs, inputs, sums = network.traced(network.prepare(points, INDICES))
    found = residual_jacobian([points[:, 0] + 1, outputs[0, :, 0]], inputs, sums)
    assert not found[0].any()
    assert found[1].any()


def test_several_outputs_keep_their_columns_apart():
    network, points = MLP(2, 3, (5,), seed=2), random_points()
    outputs, inputs, sums = network.traced(network.prepare(points, ((),)))
    found = residual_jacobian(outputs[0].unbind(1), inputs, sums)
    hidden = torch.tanh(network.layers[0](points))
    last = found[:, :, 15:30].reshape(3, 7, 3, 5)  # after 10 + 5 numbers of the first layer: the weights of the second
    for i in range(3):
        for j in range(3):
            torch.testing.assert_close(last[i, :, j], hidden.detach() * (i == j), rtol=1e-10, atol=1e-12)
