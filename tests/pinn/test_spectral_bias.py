"""The tangent kernel against another automatic differentiation, and what it foretells against gradient descent."""

import pytest
import torch

from nndl_support.pinn.collocation import point_generator
from nndl_support.pinn.embeddings import FourierFeatures
from nndl_support.pinn.network import MLP, hard_constraint
from nndl_support.pinn.objective import Objective
from nndl_support.pinn.pathological_problems import standing_wave
from nndl_support.pinn.spectral_bias import (
    expected_fourier_kernel,
    gradient_flow,
    shrinking_rates,
    sine_waves,
    tangent_kernel,
)

F64 = torch.float64


def spread(n, seed=0, d=1):
    return torch.rand(n, d, generator=torch.Generator().manual_seed(seed), dtype=F64)


@pytest.mark.parametrize("kind", ["plain", "hard", "waves"])
def test_the_kernel_is_that_of_another_differentiation(kind):
    network = MLP(2, hidden=(5, 3), embedding=FourierFeatures(2, 6) if kind == "waves" else None, seed=4)
    model = hard_constraint(network, lambda q: q[:, 0], lambda q: q[:, 1]) if kind == "hard" else network
    points, names = spread(7, d=2), dict(model.named_parameters())

    def values(parameters):
        return torch.func.functional_call(model, parameters, (points,))[:, 0]

    parts = torch.func.jacrev(values)({name: p.detach() for name, p in names.items()})
    jacobian = torch.cat([part.reshape(7, -1) for part in parts.values()], dim=1)
    torch.testing.assert_close(tangent_kernel(model, points), jacobian @ jacobian.T)


def test_small_steps_of_gradient_descent_follow_the_kernel():
    problem = standing_wave(2)
    objective = Objective(problem, problem.network(seed=0), n_points=11, rng=point_generator(0))
    start, jacobian = objective.jacobian()
    foretold = gradient_flow(jacobian @ jacobian.T, start, 2e-3)
    for _ in range(200):
        objective.set(objective.get() - 1e-5 * objective.gradient()[1])
    found = objective.residuals().detach()
    assert (found - foretold).norm() < 0.02 * (start - foretold).norm()


def test_an_eigenvector_shrinks_at_its_eigenvalue():
    A = torch.randn(5, 5, generator=torch.Generator().manual_seed(1), dtype=F64)
    values, vectors = torch.linalg.eigh(A @ A.T)
    torch.testing.assert_close(shrinking_rates(A @ A.T, vectors.T), values / 5)
    # Two of the five, and of any length.
    torch.testing.assert_close(shrinking_rates(A @ A.T, 3 * vectors.T[[1, 4]]), values[[1, 4]] / 5)
    flowed = gradient_flow(A @ A.T, vectors[:, 2] + vectors[:, 4], 0.7)
    torch.testing.assert_close(
        flowed, vectors[:, 2] * (-1.4 * values[2]).exp() + vectors[:, 4] * (-1.4 * values[4]).exp()
    )


def test_waves_are_sines_and_orthogonal_on_a_grid():
    points = (torch.arange(13, dtype=F64) + 0.5)[:, None] / 13
    waves = sine_waves(points, [1, 2, 5])
    assert waves.shape == (3, 13)
    torch.testing.assert_close(waves[2], torch.sin(5 * torch.pi * points[:, 0]))
    torch.testing.assert_close(waves @ waves.T, 6.5 * torch.eye(3, dtype=F64))


@pytest.mark.parametrize("seed", range(3))
def test_slow_waves_shrink_first(seed):
    points = torch.linspace(0, 1, 101, dtype=F64)[:, None]
    rates = shrinking_rates(tangent_kernel(MLP(1, hidden=(20, 20), seed=seed), points), sine_waves(points, [1, 4, 16]))
    assert rates[0] > 10 * rates[1]
    assert rates[1] > 3 * rates[2]


@pytest.mark.parametrize(("d", "scale"), [(1, 0.5), (2, 1.0), (3, 0.3)])
def test_many_random_waves_have_the_gaussian_kernel(d, scale):
    points, n_waves = spread(6, seed=2, d=d), 200_000
    features = FourierFeatures(d, 2 * n_waves, scale, seed=1)(points)
    wanted = expected_fourier_kernel(torch.cdist(points, points), scale)
    # Six standard errors of a mean of numbers of size 1 at most.
    assert (features @ features.T / n_waves - wanted).abs().max() < 6 / n_waves**0.5


def test_what_does_not_fit_is_named():
    with pytest.raises(ValueError, match="network has 2 outputs"):
        tangent_kernel(MLP(1, 2, hidden=(3,)), spread(4))
    with pytest.raises(ValueError, match="waves have 5 points"):
        shrinking_rates(torch.eye(4), torch.ones(3, 5))
