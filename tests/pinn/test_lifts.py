"""Lifts take the prescribed values exactly, and a kink that diffuses obeys the heat equation."""

import math

import numpy as np
import pytest
import torch

from nndl_support.pinn.lifts import diffused_kink, start_and_edge, transfinite
from nndl_support.pinn.operators import partial

LOW, HIGH = (-1.0, 0.5), (2.0, 2.0)


def wavy(q):
    rest = q[:, 2] if q.shape[1] > 2 else 0
    return torch.stack([torch.sin(q[:, 0] * q[:, 1]) + rest, torch.exp(q[:, 0]) - q[:, 1] ** 3], dim=1)


def edge_points(n, d=2, seed=0):
    q = torch.rand(n, d, generator=torch.Generator().manual_seed(seed)).double()
    q[:, :2] = torch.tensor(LOW) + q[:, :2] * (torch.tensor(HIGH) - torch.tensor(LOW))
    side = torch.arange(n) % 4
    for k, (column, value) in enumerate([(0, LOW[0]), (0, HIGH[0]), (1, LOW[1]), (1, HIGH[1])]):
        q[side == k, column] = value
    return q


@pytest.mark.parametrize("d", [2, 3])
def test_transfinite_interpolation_takes_the_values_on_every_edge(d):
    q = edge_points(53, d)
    torch.testing.assert_close(transfinite(wavy, LOW, HIGH)(q), wavy(q), rtol=0, atol=1e-13)


def test_transfinite_interpolation_asks_for_edges_only():
    asked = []

    def values(q):
        asked.append(q)
        return wavy(q)

    inside = torch.tensor([[0.3, 1.1], [1.7, 0.6]]).double()
    transfinite(values, LOW, HIGH)(inside)
    q = torch.cat(asked)
    on_x = (q[:, 0] == LOW[0]) | (q[:, 0] == HIGH[0])
    on_y = (q[:, 1] == LOW[1]) | (q[:, 1] == HIGH[1])
    assert (on_x | on_y).all()


def test_transfinite_interpolation_finds_functions_that_are_linear_in_one_coordinate():
    def ruled(q):
        return (torch.exp(q[:, 1]) * (2 - q[:, 0]) + q[:, 0])[:, None]

    q = torch.rand(17, 2, generator=torch.Generator().manual_seed(1)).double()
    torch.testing.assert_close(transfinite(ruled, LOW, HIGH)(q), ruled(q))


def test_a_rectangle_upside_down_is_refused():
    with pytest.raises(ValueError, match=r"low = \(0, 3\) must be below high = \(1, 2\)"):
        transfinite(wavy, (0, 3), (1, 2))
    with pytest.raises(ValueError, match="low has 1 numbers and high 2; expected 2 each"):
        transfinite(wavy, (0,), (1, 2))


def test_start_and_edge_are_both_met():
    def truth(q):
        return wavy(q[:, :2]) * torch.cos(q[:, 2:])

    lift = start_and_edge(transfinite(truth, LOW, HIGH), truth)
    q = edge_points(41, 3)
    torch.testing.assert_close(lift(q), truth(q), rtol=0, atol=1e-12)
    start = torch.rand(19, 3, generator=torch.Generator().manual_seed(2)).double()
    start[:, 2] = 0
    torch.testing.assert_close(lift(start), truth(start), rtol=0, atol=1e-12)


@pytest.mark.parametrize("diffusivity", [1e-4, 0.3])
def test_a_kink_diffuses_as_the_heat_equation_says(diffusivity):
    rng = np.random.default_rng(3)
    t = torch.as_tensor(rng.uniform(0.2, 1.0, 23))
    d = torch.as_tensor(rng.uniform(0.1, 2.0, 23)) * torch.sqrt(diffusivity * t)
    q = torch.stack([d, t], dim=1).requires_grad_()
    w = q[:, 0] + diffused_kink(q[:, 0], 4 * diffusivity * q[:, 1])
    torch.testing.assert_close(partial(w, q, (1,)), diffusivity * partial(w, q, (0, 0)), rtol=1e-8, atol=1e-10)


def test_a_diffused_kink_is_an_average_over_a_normal_distribution():
    nodes, weights = np.polynomial.legendre.leggauss(400)
    d, spread = 0.4, 0.6
    # Two halves, so that no interval contains the kink.
    halves = [(-12.0, -d), (-d, 12.0)]
    total = 0.0
    for a, b in halves:
        y = (a + b) / 2 + (b - a) / 2 * nodes
        density = np.exp(-(y**2) / spread) / math.sqrt(math.pi * spread)
        total += (b - a) / 2 * np.sum(weights * density * np.abs(d + y))
    found = diffused_kink(*torch.tensor([[d], [spread]], dtype=torch.float64))
    assert float(found) == pytest.approx(total - d, abs=1e-12)


def test_a_kink_is_flat_at_its_tip_once_it_diffuses_and_untouched_before():
    d = torch.zeros(3, 1, dtype=torch.float64, requires_grad=True)
    spread = torch.tensor([1e-3, 0.1, 2.0]).double()
    slope = partial(d[:, 0] + diffused_kink(d[:, 0], spread), d, (0,))
    assert slope.abs().max() < 1e-6
    q = torch.linspace(0, 1, 11, dtype=torch.float64)
    assert diffused_kink(q, torch.zeros_like(q)).abs().max() < 1e-7
