"""Each term of the loss: zero at the exact solution, and what it should be elsewhere."""

import math

import pytest
import torch

from nndl_support.pinn.heat_terms import heat_residual, heat_solution, heat_terms


@pytest.fixture
def points():
    generator = torch.Generator().manual_seed(0)
    t, x, wall = torch.rand(3, 53, generator=generator, dtype=torch.float64)
    seen = torch.linspace(0, 1, 11, dtype=torch.float64)
    middle = torch.full_like(seen, 0.5)
    data = torch.stack([seen, middle, heat_solution(seen, middle)], 1)
    return {"inside": torch.stack([t, x], 1), "at_start": x, "at_walls": wall, "data": data}


def test_every_term_is_zero_at_the_exact_solution(points):
    for term in heat_terms(heat_solution, **points):
        assert term.item() < 1e-25


@pytest.mark.parametrize("conductivity", [0.1, 0.7])
def test_the_solution_belongs_to_its_conductivity(points, conductivity):
    def u(t, x):
        return heat_solution(t, x, conductivity)

    t, x = points["inside"].T
    assert heat_residual(u, t, x, conductivity).abs().max().item() < 1e-12
    expected = -(math.pi**2) * (conductivity - 0.3) * u(t, x)
    torch.testing.assert_close(heat_residual(u, t, x, 0.3), expected)


def test_each_term_alone_notices_what_the_others_do_not(points):
    def noticed(u):
        return [term.item() > 1e-6 for term in heat_terms(u, **points)]

    wave = lambda x: torch.sin(2 * math.pi * x)  # noqa: E731 - a formula
    assert noticed(lambda t, x: heat_solution(t, x) + t * wave(x)) == [True, False, False, False]
    second = lambda t, x: torch.exp(-0.1 * (2 * math.pi) ** 2 * t) * wave(x)  # noqa: E731
    assert noticed(lambda t, x: heat_solution(t, x) + second(t, x)) == [False, True, False, False]
    assert noticed(lambda t, x: 0 * t) == [False, True, False, True]
    assert noticed(lambda t, x: heat_solution(t, x) + 0.3) == [False, True, True, True]


def test_the_values_of_the_terms_are_mean_squares(points):
    terms = heat_terms(lambda t, x: heat_solution(t, x) + 0.3, **points)
    for term in terms[1:]:
        torch.testing.assert_close(term.detach(), torch.tensor(0.09, dtype=torch.float64))


def test_the_residual_of_the_loss_has_the_conductivity_that_is_given(points):
    terms = heat_terms(lambda t, x: heat_solution(t, x, 0.7), **points, conductivity=0.7)
    assert terms.residual.item() < 1e-25
    assert heat_terms(lambda t, x: heat_solution(t, x, 0.7), **points).residual.item() > 0.1


def test_the_places_of_the_caller_are_left_as_they_were(points):
    heat_terms(heat_solution, **points)
    t, x = torch.rand(2, 5, dtype=torch.float64)
    heat_residual(heat_solution, t, x)
    assert not any(places.requires_grad for places in (t, x, *points.values()))


def test_both_walls_are_looked_at(points):
    for u in (lambda t, x: 0.2 * x, lambda t, x: 0.2 * (1 - x)):
        torch.testing.assert_close(heat_terms(u, **points).boundary.detach(), torch.tensor(0.02, dtype=torch.float64))


def test_functions_of_one_variable_and_constants_pass():
    t, x = torch.rand(2, 5, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    torch.testing.assert_close(heat_residual(lambda t, x: t**2, t, x).detach(), 2 * t)
    torch.testing.assert_close(heat_residual(lambda t, x: x**3, t, x, 0.5).detach(), -3 * x)
    torch.testing.assert_close(heat_residual(lambda t, x: torch.ones_like(t), t, x).detach(), 0 * t)


def test_the_loss_of_a_network_can_be_differentiated(points):
    net = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.Tanh(), torch.nn.Linear(3, 1)).double()
    terms = heat_terms(lambda t, x: net(torch.stack([t, x], 1))[:, 0], **points)
    sum(terms).backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in net.parameters())


def test_shapes_that_do_not_fit_are_named(points):
    with pytest.raises(ValueError, match=r"t has shape \(3,\) and x \(4,\); expected \(B,\) for both"):
        heat_residual(heat_solution, torch.zeros(3), torch.zeros(4))
    with pytest.raises(ValueError, match=r"u returned shape \(3, 2\) for 3 places; expected \(3,\)"):
        heat_residual(lambda t, x: torch.stack([t, x], 1), torch.zeros(3), torch.zeros(3))
    for name, columns in (("inside", 2), ("data", 3)):
        with pytest.raises(ValueError, match=rf"{name} has shape \(5,\); expected \(B, {columns}\)"):
            heat_terms(heat_solution, **points | {name: torch.zeros(5)})
