"""Weight normalisation around a layer beside torch.nn.utils.parametrizations, and what its gradient is perpendicular to."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.utils.parametrizations import weight_norm

from nndl_support.optimization.weight_norm import WeightNorm
from nndl_support.optimization.weight_norm_by_hand import weight_norm_backward

F64 = {"dtype": torch.float64}
LAYERS = {
    "linear": (lambda: nn.Linear(5, 3, **F64), (7, 5)),
    "convolution": (lambda: nn.Conv1d(5, 3, 2, **F64), (7, 5, 11)),
}


def pair(kind, dim):
    make, shape = LAYERS[kind]
    torch.manual_seed(0)
    mine = WeightNorm(make(), dim=dim)
    torch.manual_seed(0)
    return mine, weight_norm(make(), dim=dim), torch.randn(shape, **F64)


@pytest.mark.parametrize("kind", LAYERS)
@pytest.mark.parametrize("dim", [0, 1, None])
def test_values_gradients_and_states_agree_with_torch_while_training(kind, dim):
    mine, theirs, x = pair(kind, dim)
    optimizers = [torch.optim.SGD(layer.parameters(), lr=0.1) for layer in (mine, theirs)]
    for _ in range(5):
        for layer, optimizer in zip((mine, theirs), optimizers):
            optimizer.zero_grad()
            layer(x).square().mean().backward()
        gradients = [{n.removeprefix("module."): p.grad for n, p in m.named_parameters()} for m in (mine, theirs)]
        torch.testing.assert_close(*gradients, atol=1e-10, rtol=0)
        for optimizer in optimizers:
            optimizer.step()
    torch.testing.assert_close(dict(mine.module.state_dict()), dict(theirs.state_dict()), atol=1e-10, rtol=0)
    torch.testing.assert_close(mine(x), theirs(x), atol=1e-10, rtol=0)


def test_at_first_nothing_changes_and_states_can_be_exchanged():
    plain = nn.Linear(5, 3)
    before = plain.weight.detach().clone()
    mine = WeightNorm(plain)
    torch.testing.assert_close(plain.weight.detach(), before)
    other = weight_norm(nn.Linear(5, 3))
    other.load_state_dict(mine.module.state_dict())
    torch.testing.assert_close(other.weight, plain.weight)
    mine.module.load_state_dict(other.state_dict())


def test_the_gradient_is_that_by_hand_and_perpendicular_to_v():
    mine, _, x = pair("linear", 0)
    plain = nn.Linear(5, 3, **F64)
    with torch.no_grad():
        mine.v.mul_(torch.tensor([[2.0], [0.5], [7.0]], **F64))
        plain.weight.copy_(mine.module.weight)
        plain.bias.copy_(mine.module.bias)
    for layer in (mine, plain):
        layer(x).pow(3).mean().backward()
    by_v, by_g = weight_norm_backward(plain.weight.grad.numpy(), mine.v.detach().numpy(), mine.g.detach().numpy()[:, 0])
    np.testing.assert_allclose(mine.v.grad, by_v, atol=1e-12)
    np.testing.assert_allclose(mine.g.grad[:, 0], by_g, atol=1e-12)
    torch.testing.assert_close((mine.v * mine.v.grad).sum(1), torch.zeros(3, **F64), atol=1e-12, rtol=0)


def test_another_parameter_can_be_normalised_by_its_name():
    cell = WeightNorm(nn.RNNCell(2, 3), name="weight_hh")
    assert cell.g.shape == (3, 1)
    assert cell(torch.zeros(1, 2), torch.zeros(1, 3)).shape == (1, 3)


def test_misfits_are_named():
    with pytest.raises(ValueError, match="Linear has no parameter 'weights'; its parameters: weight, bias"):
        WeightNorm(nn.Linear(2, 1), name="weights")
    with pytest.raises(ValueError, match="dim is 2, but weight has 2 axes"):
        WeightNorm(nn.Linear(2, 1), dim=2)
    empty = nn.Linear(2, 3)
    with torch.no_grad():
        empty.weight[1].zero_()
    with pytest.raises(ValueError, match="1 of 3 weight vectors are zero: no direction"):
        WeightNorm(empty)


@pytest.mark.parametrize("kind", LAYERS)
def test_a_negative_axis_counts_from_the_end(kind):
    make, shape = LAYERS[kind]
    torch.manual_seed(0)
    from_the_end, plain = WeightNorm(make(), dim=-1), make()
    last = plain.weight.ndim - 1
    torch.manual_seed(0)
    from_the_front = WeightNorm(make(), dim=last)
    assert from_the_end.g.shape == from_the_front.g.shape == (*[1] * last, plain.weight.shape[-1])
    x = torch.randn(shape, **F64)
    assert torch.equal(from_the_end(x), from_the_front(x))
