"""The path over a surface: closed form on a bowl, autograd, and the end of a path that diverges."""

import numpy as np
import pytest
import torch

from nndl_support.optimization.descent_path import descend
from nndl_support.optimization.optimizers import SGD, Adam
from nndl_support.optimization.surfaces import SURFACES, quadratic


def test_on_a_bowl_each_coordinate_shrinks_geometrically():
    path = descend(quadratic(7.0), (3.0, -2.0), lambda params: SGD(params, lr=0.1), 20)
    t = np.arange(21)[:, None]
    np.testing.assert_allclose(path, np.array([3.0, -2.0]) * (1 - 0.1 * np.array([1.0, 7.0])) ** t, rtol=1e-12)


@pytest.mark.parametrize("name", ["rosenbrock", "beale", "himmelblau"])
def test_the_steps_are_those_of_automatic_differentiation(name):
    surface = SURFACES[name]
    path = descend(surface, (0.5, 1.0), lambda params: Adam(params, lr=0.05), 30)
    theta = torch.tensor([0.5, 1.0], dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.Adam([theta], lr=0.05)
    for place in path[1:]:
        optimizer.zero_grad()
        surface.value(theta).backward()
        optimizer.step()
        np.testing.assert_allclose(theta.detach(), place, atol=1e-9)


def test_a_path_that_diverges_ends_while_it_is_finite():
    path = descend(SURFACES["rosenbrock"], (-1.5, 2.0), lambda params: SGD(params, lr=0.1), 100)
    assert len(path) < 101
    assert path.isfinite().all()
    assert path[-1].abs().max() > 1e50


@pytest.mark.parametrize("start", [(1.0,), (1.0, 2.0, 3.0), (float("nan"), 0.0)])
def test_a_start_off_the_plane_is_refused(start):
    with pytest.raises(ValueError, match=r"start is .*; expected two finite numbers"):
        descend(quadratic(2.0), start, lambda params: SGD(params, lr=0.1), 3)
