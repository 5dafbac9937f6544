"""Adam and L-BFGS against PyTorch's, on the same sum of squares."""

import copy
import math

import pytest
import torch

from nndl_support.pinn.first_order import AdamSteps, LBFGSSteps
from tests.pinn.small_objectives import F64, SumOfSquares, rosenbrock


def closure_of(objective, optimizer):
    def closure():
        optimizer.zero_grad()
        loss = objective.loss()
        loss.backward()
        return loss

    return closure


def test_adam_walks_the_path_of_torch():
    objective, other = rosenbrock(), rosenbrock()
    method, peer = AdamSteps(objective, learning_rate=0.03), torch.optim.Adam(other.parameters, lr=0.03)
    for _ in range(50):
        assert method.step() == pytest.approx(peer.step(closure_of(other, peer)).item(), rel=1e-9)
        torch.testing.assert_close(objective.get(), other.get(), rtol=1e-9, atol=1e-12)


def test_the_rate_is_half_after_the_half_life():
    objective, other = rosenbrock(), rosenbrock()
    method, peer = AdamSteps(objective, learning_rate=0.03, half_life=4), torch.optim.Adam(other.parameters, lr=0.03)
    for k in range(9):
        peer.param_groups[0]["lr"] = 0.03 * 2 ** (-k / 4)
        peer.step(closure_of(other, peer))
        method.step()
    torch.testing.assert_close(objective.get(), other.get(), rtol=1e-9, atol=1e-12)
    assert method.optimizer.param_groups[0]["lr"] == pytest.approx(0.03 / 4)


def test_adam_returns_the_loss_before_the_step():
    objective = rosenbrock()
    before = objective.value()
    assert AdamSteps(objective).step() == before
    assert objective.value() != before


def test_adam_does_not_move_when_the_loss_is_no_number():
    objective = SumOfSquares(torch.sqrt, [-1.0])
    assert math.isnan(AdamSteps(objective).step())
    assert objective.get().tolist() == [-1.0]


def test_lbfgs_walks_the_path_of_torch():
    objective, other = rosenbrock(), rosenbrock()
    method = LBFGSSteps(objective, history_size=3, max_iter=4)
    peer = torch.optim.LBFGS(
        other.parameters,
        max_iter=4,
        max_eval=16,
        history_size=3,
        line_search_fn="strong_wolfe",
        tolerance_grad=0.0,
        tolerance_change=0.0,
    )
    for _ in range(4):
        loss = method.step()
        peer.step(closure_of(other, peer))
        torch.testing.assert_close(objective.get(), other.get(), rtol=1e-6, atol=1e-8)
        assert loss == objective.value()


def test_lbfgs_does_not_stop_where_the_loss_is_tiny():
    # The same valley, 1e-10 times as deep: PyTorch's tolerances would end the search at once.
    scale = 1e-5
    valley = rosenbrock(2)
    objective = SumOfSquares(lambda theta: scale * valley.function(theta), valley.get())
    method = LBFGSSteps(objective, max_iter=20)
    for _ in range(8):
        loss = method.step()
    assert loss < 1e-20
    torch.testing.assert_close(objective.get(), torch.ones(2, dtype=F64), rtol=0, atol=1e-4)


@pytest.mark.parametrize("kind", [AdamSteps, LBFGSSteps])
def test_the_state_can_be_saved_and_taken_over(kind):
    method = kind(rosenbrock(), **({"half_life": 5} if kind is AdamSteps else {"max_iter": 3}))
    for _ in range(4):
        method.step()
    state, here = copy.deepcopy(method.state_dict()), method.objective.get()
    other = kind(rosenbrock(), **({"half_life": 5} if kind is AdamSteps else {"max_iter": 3}))
    other.objective.set(here)
    other.load_state_dict(state)
    for _ in range(3):
        assert method.step() == other.step()
        assert torch.equal(method.objective.get(), other.objective.get())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"learning_rate": 0.0}, r"learning_rate is 0\.0 and half_life inf; expected both > 0"),
        ({"half_life": 0}, "half_life 0; expected both > 0"),
    ],
)
def test_rates_out_of_range_are_named(options, message):
    with pytest.raises(ValueError, match=message):
        AdamSteps(rosenbrock(), **options)
