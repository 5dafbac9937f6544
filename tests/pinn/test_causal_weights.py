"""Weights in the order of time, against sums on paper."""

from types import SimpleNamespace

import pytest
import torch

from nndl_support.pinn.causal_weights import CausalWeights, causal_weights, slice_losses, time_slices
from nndl_support.pinn.collocation import point_generator
from nndl_support.pinn.objective import Objective
from nndl_support.pinn.pathological_problems import convection, oscillation

F64 = torch.float64


def objective_of(problem, n_points=23):
    return Objective(problem, problem.network(seed=1), n_points=n_points, rng=point_generator(3))


def test_the_weights_are_those_of_the_paper():
    losses = torch.tensor([0.5, 2.0, 0.25, 4.0], dtype=F64)
    wanted = torch.tensor([0.0, 0.5, 2.5, 2.75], dtype=F64).mul(-0.3).exp()
    torch.testing.assert_close(causal_weights(losses, 0.3), wanted)
    assert causal_weights(losses, 0.0).tolist() == [1.0] * 4


def test_a_loss_weighs_on_later_slices_alone():
    losses = torch.rand(7, generator=torch.Generator().manual_seed(0), dtype=F64)
    before = causal_weights(losses, 2.0)
    losses[3] += 1
    after = causal_weights(losses, 2.0)
    assert torch.equal(after[:4], before[:4])
    torch.testing.assert_close(after[4:], before[4:] * torch.tensor(-2.0, dtype=F64).exp())


def test_every_time_has_its_slice():
    times = torch.tensor([-1.0, -0.51, -0.49, 0.2, 0.99, 1.0])
    assert time_slices(times, 4, -1.0, 1.0).tolist() == [0, 0, 1, 2, 3, 3]
    # Rounding beyond either end stays inside.
    assert time_slices(torch.tensor([-1.001, 1.001]), 4, -1.0, 1.0).tolist() == [0, 3]


@pytest.mark.parametrize("problem", [oscillation(5.0), convection(3.0)], ids=["line", "plane"])
def test_the_losses_of_the_slices_are_means_of_squares(problem):
    objective = objective_of(problem)
    objective.weights["equation"] = 1.7
    points = objective.blocks[0].points
    slices = time_slices(points[:, -1], 5, 0.0, 1.0)
    residuals = objective.residuals()[: len(points)].detach() * len(points) ** 0.5
    wanted = torch.stack([residuals[slices == i].square().mean() for i in range(5)])
    torch.testing.assert_close(slice_losses(objective, slices, 5), wanted)


def test_a_slice_of_one_point_has_the_loss_of_that_point():
    objective = objective_of(oscillation(5.0), n_points=3)
    squares = 3 * objective.residuals().detach() ** 2
    torch.testing.assert_close(slice_losses(objective, torch.tensor([2, 0, 1]), 3), squares[[1, 2, 0]])


def test_an_empty_slice_costs_nothing():
    objective = objective_of(oscillation(5.0))
    found = slice_losses(objective, torch.full((23,), 2), 4)
    assert found[[0, 1, 3]].tolist() == [0.0, 0.0, 0.0]
    assert found[2] > 0


@pytest.mark.parametrize("problem", [oscillation(5.0), convection(3.0)], ids=["line", "plane"])
def test_every_point_gets_the_weight_of_its_slice(problem):
    objective, causal = objective_of(problem), CausalWeights(5, 3.0)
    slices = time_slices(objective.blocks[0].points[:, -1], 5, 0.0, 1.0)
    wanted = causal_weights(slice_losses(objective, slices, 5), 3.0)
    plain = objective.residuals().detach()[:23]
    causal.apply(objective)
    torch.testing.assert_close(objective.blocks[0].point_weights, wanted[slices])
    torch.testing.assert_close(objective.residuals().detach()[:23], plain * wanted[slices].sqrt())
    # The losses of the slices do not see the weights, so applying them twice changes nothing.
    causal.apply(objective)
    torch.testing.assert_close(causal.weights, wanted)


def test_the_start_counts_as_a_slice_before_the_first():
    objective = objective_of(convection(3.0, weight=2.0))
    first = 2.0 * float(objective.losses()["u at the start"].detach())
    without, with_start = CausalWeights(4, 0.1), CausalWeights(4, 0.1, start="u at the start")
    without.apply(objective)
    with_start.apply(objective)
    ratio = torch.tensor(-0.1 * first, dtype=F64).exp()
    torch.testing.assert_close(with_start.weights, without.weights * ratio)


def test_the_next_epsilon_comes_when_all_weights_are_near_one():
    objective, causal = objective_of(oscillation(5.0)), CausalWeights(4, [1e-9, 1e9, 7.0], every=2)
    state = SimpleNamespace(iteration=1, objective=objective)
    causal(state)
    assert causal.history == []
    state.iteration = 2
    causal(state)
    assert causal.epsilon == 1e9
    causal(state)
    causal(state)
    assert causal.epsilon == 1e9
    assert float(causal.weights.min()) < 0.5


def test_what_does_not_fit_is_named():
    with pytest.raises(ValueError, match="least entry -1"):
        causal_weights(torch.tensor([1.0, -1.0]), 1.0)
    with pytest.raises(ValueError, match="epsilon is -2"):
        causal_weights(torch.tensor([1.0]), -2)
    with pytest.raises(ValueError, match="n_slices is 0"):
        time_slices(torch.zeros(3), 0, 0.0, 1.0)
    with pytest.raises(ValueError, match="threshold 1"):
        CausalWeights(4, 1.0, threshold=1)
    for epsilon in (-1.0, [1.0, -1.0], []):
        with pytest.raises(ValueError, match=r"epsilon is .*; expected a number >= 0, or a list of such"):
            CausalWeights(4, epsilon)
    with pytest.raises(ValueError, match="n_slices is 0, every 1"):
        CausalWeights(0, 1.0)
    with pytest.raises(
        ValueError, match="there is no term 'begin' to start from; the terms are equation, u at the start"
    ):
        CausalWeights(4, 1.0, start="begin").apply(objective_of(convection(3.0)))
