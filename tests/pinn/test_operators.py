"""Operators against closed forms and against the identities that bind them."""

import pytest
import torch

from nndl_support.pinn.network import MLP
from nndl_support.pinn.operators import curl, divergence, gradient, laplacian, partial, time_derivative

F64 = torch.float64


def points(n=5, d=3, seed=0):
    return torch.rand(n, d, generator=torch.Generator().manual_seed(seed), dtype=F64).requires_grad_()


def close(found, wanted):
    torch.testing.assert_close(found, wanted, rtol=1e-10, atol=1e-10)


def test_gradient_of_a_product():
    q = points()
    x, y, z = q.unbind(1)
    wanted = torch.stack(
        [y * torch.cos(x) * torch.exp(z), torch.sin(x) * torch.exp(z), y * torch.sin(x) * torch.exp(z)]
    )
    close(gradient(torch.sin(x) * y * torch.exp(z), q), wanted.T)


def test_columns_count_as_scalars():
    q = points()
    close(gradient((q[:, :1] ** 2), q), gradient(q[:, 0] ** 2, q))
    assert laplacian(q[:, :1] ** 2, q).shape == partial(q[:, :1] ** 2, q, (0,)).shape == (5,)
    assert time_derivative(q[:, :1], q).shape == (5,)


def test_divergence_in_two_and_three_dimensions():
    q = points()
    x, y, z = q.unbind(1)
    close(divergence(torch.stack([x**2 * y, y * z, z**3], dim=1), q), 2 * x * y + z + 3 * z**2)
    # Time, the third column, takes no part.
    close(divergence(torch.stack([x**2 * z, y * z], dim=1), q), 2 * x * z + z)


def test_laplacian_over_all_coordinates_or_some():
    q = points()
    x, y, z = q.unbind(1)
    u = x**3 * y**2 + torch.sin(z)
    close(laplacian(u, q), 6 * x * y**2 + 2 * x**3 - torch.sin(z))
    close(laplacian(u, q, range(2)), 6 * x * y**2 + 2 * x**3)
    close(laplacian(u, q, [2]), -torch.sin(z))


def test_curl_in_the_plane():
    q = points(d=2)
    x, y = q.unbind(1)
    close(curl(torch.stack([x * y**2, x**3], dim=1), q), 3 * x**2 - 2 * x * y)


def test_curl_in_space():
    q = points()
    x, y, z = q.unbind(1)
    found = curl(torch.stack([y * z**2, x**2 * z, x * y**3], dim=1), q)
    close(found, torch.stack([3 * x * y**2 - x**2, 2 * y * z - y**3, 2 * x * z - z**2], dim=1))


def test_time_derivative_of_scalars_and_vectors():
    q = points()
    x, _, t = q.unbind(1)
    close(time_derivative(x * t**3, q), 3 * x * t**2)
    close(
        time_derivative(torch.stack([x * t**3, torch.sin(t)], dim=1), q),
        torch.stack([3 * x * t**2, torch.cos(t)], dim=1),
    )


def test_partial_of_the_fourth_order_in_any_sequence():
    q = points()
    x, y, z = q.unbind(1)
    u = x**3 * y**2 * torch.exp(2 * z)
    wanted = 6 * x * 2 * y * 2 * torch.exp(2 * z)
    for index in [(0, 0, 1, 2), (2, 0, 1, 0), (1, 2, 0, 0)]:
        close(partial(u, q, index), wanted)
    close(partial(u, q, ()), u)


@pytest.mark.parametrize("seed", range(3))
def test_a_curl_has_no_divergence_and_a_gradient_no_curl(seed):
    q, vector, scalar = points(seed=seed), MLP(3, 3, (7, 5), seed=seed), MLP(3, 1, (7, 5), seed=seed)
    close(divergence(curl(vector(q), q), q), torch.zeros(5, dtype=F64))
    close(curl(gradient(scalar(q), q), q), torch.zeros(5, 3, dtype=F64))


@pytest.mark.parametrize("seed", range(3))
def test_the_divergence_of_the_gradient_is_the_laplacian(seed):
    q, u = points(seed=seed), MLP(3, 1, (7, 5), seed=seed)
    close(divergence(gradient(u(q), q), q), laplacian(u(q), q))


def test_the_curl_of_the_curl_is_the_gradient_of_the_divergence_less_the_laplacian():
    q = points()
    v = MLP(3, 3, (7, 5), seed=1)(q)
    wanted = gradient(divergence(v, q), q) - torch.stack([laplacian(v[:, c], q) for c in range(3)], dim=1)
    close(curl(curl(v, q), q), wanted)


@pytest.mark.parametrize("operator", [gradient, laplacian, lambda u, q: partial(u, q, (0, 1))])
def test_a_batch_is_its_rows(operator):
    u, q = MLP(3, 1, (5,), seed=0), points()
    rows = [row[None].detach().requires_grad_() for row in q]
    close(operator(u(q), q), torch.cat([operator(u(row), row) for row in rows]))


def test_results_can_be_differentiated_by_the_weights():
    u, q = MLP(3, 1, (5,), seed=0), points()
    laplacian(u(q), q).square().sum().backward()
    weight = u.layers[0].weight
    found, step = weight.grad[2, 1].item(), 1e-5

    def moved(by):
        with torch.no_grad():
            weight[2, 1] += by
        value = laplacian(u(q), q).square().sum().item()
        with torch.no_grad():
            weight[2, 1] -= by
        return value

    assert (moved(step) - moved(-step)) / (2 * step) == pytest.approx(found, rel=1e-5, abs=1e-9)


def test_what_does_not_depend_on_the_points_has_no_slope():
    q, constant = points(), torch.ones(5, dtype=F64)
    assert not gradient(constant, q).any()
    assert not partial(constant, q, (0, 1)).any()
    assert not laplacian(3 * q[:, 0], q).any()
    other = torch.ones(5, dtype=F64, requires_grad=True)
    assert not gradient(other, q).any()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda q: gradient(q, q), r"values have shape \(5, 3\), but there are 5 points; expected \(5,\)"),
        (lambda q: gradient(q[:4, 0], q), r"values have shape \(4,\), but there are 5 points"),
        (lambda q: gradient(q[:, 0], q[:, 0]), r"points have shape \(5,\); expected \(N, D\)"),
        (
            lambda q: gradient(q[:, 0].detach(), q.detach()),
            "points do not require gradients: call points.requires_grad_",
        ),
        (lambda q: partial(q[:, 0], q, (0, 3)), "there is no coordinate 3: points have 3 columns"),
        (lambda q: partial(q[:, 0], q, (-1,)), "there is no coordinate -1"),
        (lambda q: laplacian(q[:, 0], q, [5]), "there is no coordinate 5"),
        (
            lambda q: curl(q[:, :1], q),
            r"values have shape \(5, 1\) and points \(5, 3\); expected \(5, C\) with C in \[2, 3\]",
        ),
        (lambda q: divergence(torch.cat([q, q], dim=1), q), r"with C in \[1, 2, 3\]"),
        (
            lambda q: curl(torch.ones(5, 3), q[:, :2]),
            r"values have shape \(5, 3\) and points \(5, 2\); expected \(5, C\) with C in \[2\]",
        ),
        (lambda q: divergence(q[:, 0], q), r"values have shape \(5,\) and points"),
    ],
)
def test_shapes_that_do_not_fit_are_named(call, message):
    with pytest.raises(ValueError, match=message):
        call(points())
