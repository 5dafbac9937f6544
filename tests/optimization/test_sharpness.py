"""Curvature: the explicit Hessian of small networks, closed forms, and descent at the bound that the sharpness sets."""

import pytest
import torch
from torch import nn

from nndl_support.optimization.sharpness import hessian, hessian_vector_product, hutchinson_trace, sharpness


@pytest.fixture
def network():
    generator = torch.Generator().manual_seed(0)
    model = nn.Sequential(nn.Linear(3, 5), nn.Tanh(), nn.Linear(5, 2)).double()
    with torch.no_grad():
        for p in model.parameters():
            p.copy_(torch.randn(p.shape, generator=generator, dtype=p.dtype))
    X = torch.randn(7, 3, generator=generator, dtype=torch.float64)
    y = torch.randint(0, 2, (7,), generator=generator)
    return lambda: nn.functional.cross_entropy(model(X), y), list(model.parameters()), model, X, y


def explicit(model, X, y):
    names = [name for name, _ in model.named_parameters()]
    sizes = [p.numel() for p in model.parameters()]
    shapes = [p.shape for p in model.parameters()]

    def of_vector(theta):
        pieces = {n: piece.view(s) for n, piece, s in zip(names, theta.split(sizes), shapes)}
        return nn.functional.cross_entropy(torch.func.functional_call(model, pieces, (X,)), y)

    at = torch.cat([p.detach().flatten() for p in model.parameters()])
    return torch.autograd.functional.hessian(of_vector, at)


def test_the_hessian_is_that_of_pytorch(network):
    loss, parameters, *rest = network
    torch.testing.assert_close(hessian(loss, parameters), explicit(*rest), rtol=1e-10, atol=1e-12)


def test_a_product_is_that_of_the_explicit_matrix(network):
    loss, parameters, *rest = network
    H = explicit(*rest)
    for seed in range(3):
        v = torch.randn(len(H), generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
        torch.testing.assert_close(hessian_vector_product(loss, parameters)(v), H @ v, rtol=1e-10, atol=1e-12)


def test_the_sharpness_is_the_largest_eigenvalue(network):
    loss, parameters, *rest = network
    values, vectors = torch.linalg.eigh(explicit(*rest))
    found, vector = sharpness(loss, parameters, tolerance=1e-12, max_iterations=5000)
    assert found == pytest.approx(values[-1].item(), rel=1e-8)
    assert abs(vector @ vectors[:, -1]) == pytest.approx(1, abs=1e-4)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_a_large_negative_eigenvalue_does_not_deceive(seed):
    diagonal = torch.tensor([2.0, -9.0, 0.5, -1.0, 3.0], dtype=torch.float64)
    w = torch.zeros(5, dtype=torch.float64, requires_grad=True)
    generator = torch.Generator().manual_seed(seed)
    value, _ = sharpness(
        lambda: (diagonal * w**2).sum() / 2, [w], tolerance=1e-9, max_iterations=2000, generator=generator
    )
    assert value == pytest.approx(3.0, abs=1e-5)


def test_with_units_of_length_it_is_the_largest_eigenvalue_of_the_scaled_hessian(network):
    loss, parameters, *rest = network
    scale = torch.cat([p.detach().flatten().abs() for p in parameters])
    expected = torch.linalg.eigvalsh(scale[:, None] * explicit(*rest) * scale)[-1].item()
    assert sharpness(loss, parameters, scale=scale, tolerance=1e-12, max_iterations=5000)[0] == pytest.approx(expected)


def test_a_good_start_needs_a_single_step(network):
    loss, parameters, *_ = network
    exact, vector = sharpness(loss, parameters, tolerance=1e-12, max_iterations=5000)
    again, _ = sharpness(loss, parameters, max_iterations=1, start=vector)
    assert again == pytest.approx(exact, rel=1e-6)


def test_the_trace_lies_within_its_error_and_its_error_falls_with_the_number_of_vectors(network):
    loss, parameters, *rest = network
    exact = explicit(*rest).trace().item()
    errors = []
    for n_vectors in (50, 800):
        mean, error = hutchinson_trace(
            loss, parameters, n_vectors=n_vectors, generator=torch.Generator().manual_seed(0)
        )
        assert abs(mean - exact) < 4 * error
        errors.append(error)
    assert errors[0] / errors[1] == pytest.approx(4, rel=0.3)


def test_a_loss_without_curvature_has_none():
    w = torch.ones(3, requires_grad=True)
    assert sharpness(lambda: w.sum(), [w])[0] == 0
    assert hutchinson_trace(lambda: 2 * w.sum(), [w], n_vectors=2) == (0, 0)


def test_a_parameter_that_the_loss_does_not_meet_twice_has_zero_rows():
    a, b = (torch.ones(2, dtype=torch.float64, requires_grad=True) for _ in range(2))
    H = hessian(lambda: (a**3).sum() + b.sum(), [a, b])
    torch.testing.assert_close(H, torch.diag(torch.tensor([6.0, 6.0, 0.0, 0.0], dtype=torch.float64)))


def test_bad_input_is_named(network):
    loss, parameters, *_ = network
    with pytest.raises(ValueError, match=r"v has shape \(3,\), but there are 32 parameters"):
        hessian_vector_product(loss, parameters)(torch.zeros(3))
    with pytest.raises(ValueError, match="n_vectors is 1; expected at least 2"):
        hutchinson_trace(loss, parameters, n_vectors=1)


def test_the_tolerance_is_relative_so_that_the_unit_of_the_loss_does_not_matter(network):
    loss, parameters, *_ = network
    options = {"tolerance": 1e-6, "max_iterations": 2000}
    values = [
        sharpness(lambda s=scale: s * loss(), parameters, generator=torch.Generator().manual_seed(0), **options)[0]
        / scale
        for scale in (1.0, 2.0**-40)
    ]
    assert values[1] == pytest.approx(values[0], rel=1e-9)
