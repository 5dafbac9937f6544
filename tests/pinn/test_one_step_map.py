"""The learned map: its formula, that it learns, and that it does not know where it has not been."""

import pytest
import torch

from nndl_support.pinn.one_step_map import OneStepMap, one_step_loss, train_one_step_map


def pairs(n=200, seed=0):
    before = torch.randn(n, 2, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    rotation = torch.tensor([[0.9, -0.2], [0.2, 0.9]], dtype=torch.float64)
    return before, before @ rotation.T + 0.1 * torch.sin(before)


def test_the_step_is_the_formula():
    before, after = pairs(17)
    model = OneStepMap(before, after, 5, generator=torch.Generator().manual_seed(1))
    g = torch.tanh((before - before.mean(0)) / before.std(0) @ model.hidden.weight.T + model.hidden.bias)
    expected = before + (after - before).std(0) * (g @ model.out.weight.T + model.out.bias)
    torch.testing.assert_close(model(before), expected)


def test_a_forecast_steps_like_the_model_and_carries_no_gradient():
    before, after = pairs(17)
    model = OneStepMap(before, after, 5)
    step = model.advance(before.numpy())
    torch.testing.assert_close(torch.from_numpy(step), model(before).detach())


def test_the_loss_is_one_for_increments_that_miss_by_their_spread():
    before, after = pairs(17)
    model = OneStepMap(before, after, 5)
    missed = model(before).detach() + (after - before).std(0)
    torch.testing.assert_close(one_step_loss(model, before, missed).detach(), torch.tensor(1.0, dtype=torch.float64))


@pytest.mark.parametrize("seed", range(2))
def test_it_learns_a_smooth_map_and_generalises_within_the_data_but_not_far_outside(seed):
    before, after = pairs()
    model = train_one_step_map(before, after, width=12, iterations=100, seed=seed)
    start = OneStepMap(before, after, 12, generator=torch.Generator().manual_seed(seed))
    assert one_step_loss(model, before, after).item() < 1e-3 * one_step_loss(start, before, after).item()
    inside, outside = pairs(50, seed=9), [10 * part for part in pairs(50, seed=9)]
    assert one_step_loss(model, *inside).item() < 0.05
    assert one_step_loss(model, *outside).item() > 10 * one_step_loss(model, *inside).item()


def test_the_same_seed_gives_the_same_map():
    before, after = pairs(40)
    first, second = (train_one_step_map(before, after, width=3, iterations=100, seed=4) for _ in range(2))
    torch.testing.assert_close(first(before), second(before), rtol=0, atol=0)


def test_another_seed_gives_another_map_and_more_iterations_a_better_one():
    before, after = pairs(40)
    first, second, longer = (
        train_one_step_map(before, after, width=3, iterations=n, seed=seed)
        for n, seed in ((100, 4), (100, 5), (300, 4))
    )
    assert not torch.allclose(first(before), second(before))
    assert one_step_loss(longer, before, after) < one_step_loss(first, before, after)


def test_weights_start_with_the_spread_of_their_fan_in():
    before, after = pairs(40)
    model = OneStepMap(before, after, 900, generator=torch.Generator().manual_seed(0))
    assert abs(model.hidden.weight.std().item() * 2**0.5 - 1) < 0.1
    assert abs(model.out.weight.std().item() * 30 - 0.1) < 0.01


def test_shapes_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match=r"before has shape \(4, 3\) and after \(5, 3\)"):
        OneStepMap(torch.zeros(4, 3), torch.zeros(5, 3), 2)
    before, after = pairs(7)
    with pytest.raises(ValueError, match="iterations is 0; expected at least 1"):
        train_one_step_map(before, after, iterations=0)
    with pytest.raises(ValueError, match=r"coordinates \[1\] of the 7 states, or of their increments, do not vary"):
        OneStepMap(before, torch.column_stack([after[:, 0], before[:, 1]]), 2)
