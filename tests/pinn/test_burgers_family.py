"""Burgers' equation with the viscosity as a coordinate."""

import numpy as np
import pytest
import torch

from nndl_support.pinn import problems
from nndl_support.pinn.burgers_family import burgers_family
from nndl_support.pinn.fields import of_network
from nndl_support.pinn.reference import burgers
from nndl_support.pinn.solver import solve


def test_residual_at_one_viscosity_is_that_of_burgers_equation():
    family, single = burgers_family(-2.0, -1.0), problems.burgers(nu=10**-1.4)
    x, t = torch.linspace(-0.9, 0.8, 7, dtype=torch.float64), torch.linspace(0.1, 0.7, 7, dtype=torch.float64)

    def wave(x, t):
        return torch.sin(3 * x - t) * torch.exp(x)

    three = torch.stack([x, torch.full_like(x, -1.4), t], dim=1)
    two = torch.stack([x, t], dim=1)
    ours = family.equations["equation"](
        of_network(lambda q: wave(q[:, 0], q[:, 2])[:, None], three, ("x", "s", "t"), ("u",)), None
    )
    theirs = single.equations["equation"](
        of_network(lambda q: wave(q[:, 0], q[:, 1])[:, None], two, ("x", "t"), ("u",)), None
    )
    torch.testing.assert_close(ours, theirs)


def test_start_and_ends_are_right_before_training():
    network = burgers_family(-2.0, -1.0).network()
    start = torch.tensor([[0.3, -1.7, 0.0], [1.0, -1.2, 0.5], [-1.0, -1.2, 0.8]], dtype=torch.float64)
    expected = torch.tensor([-np.sin(0.3 * np.pi), 0.0, 0.0])
    torch.testing.assert_close(network(start)[:, 0].detach(), expected, atol=1e-9, rtol=0.0, check_dtype=False)


def test_a_short_training_finds_the_family_roughly():
    solution = solve(burgers_family(-1.3, -1.0), max_iterations=30, n_points=300)
    x = np.linspace(-1, 1, 21)
    for exponent in (-1.25, -1.05):
        found = solution.predict(np.stack([x, 0 * x + exponent, 0 * x + 1.0], axis=1))[:, 0]
        wanted = burgers(x, [1.0], nu=10**exponent)[:, 0]
        assert np.linalg.norm(found - wanted) < 0.1 * np.linalg.norm(wanted)


def test_an_empty_range_is_refused():
    with pytest.raises(ValueError, match="low < high"):
        burgers_family(-1.0, -1.0)
