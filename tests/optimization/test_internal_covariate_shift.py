"""Noise after batch normalisation, the drift of inputs, and how well a gradient predicts."""

import math

import pytest
import torch
from torch import nn

from nndl_support.optimization.batch_norm import BatchNorm1d
from nndl_support.optimization.internal_covariate_shift import NoisyBatchNorm1d, along_gradient, drift, input_moments
from nndl_support.optimization.normalized_mlp import NormalizedMLP

X = torch.randn(400, 5, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
Y = (X[:, 0] > 0).long()


def test_without_noise_it_is_batch_normalisation():
    noisy, plain = NoisyBatchNorm1d(5, shift=0.0, scale=1.0, dtype=X.dtype), BatchNorm1d(5, dtype=X.dtype)
    torch.testing.assert_close(noisy(X), plain(X))
    torch.testing.assert_close(noisy.eval()(X), plain.eval()(X))


def test_the_noise_is_the_same_for_all_examples_and_another_for_every_unit_and_step():
    layer, plain = NoisyBatchNorm1d(5, shift=1.0, scale=1.5, dtype=X.dtype), BatchNorm1d(5, dtype=X.dtype)(X)
    stds, means = [], []
    for _ in range(300):
        y = layer(X)
        means.append(y.mean(0))
        stds.append(y.std(0) / plain.std(0))
        torch.testing.assert_close((y - y.mean(0)) / y.std(0), (plain - plain.mean(0)) / plain.std(0))
    means, stds = torch.stack(means).detach(), torch.stack(stds).detach()
    assert 0.95 < means.abs().max() <= 1
    assert math.isclose(means.var().item(), 1 / 3, rel_tol=0.1)  # uniform on (-1, 1)
    assert 1 / 1.5 <= stds.min() < 0.7
    assert 1.45 < stds.max() <= 1.5 + 1e-9
    assert (means[:, 0] - means[:, 1]).abs().max() > 1
    together = torch.corrcoef(torch.stack([means.flatten(), stds.log().flatten()]))[0, 1]
    assert abs(together) < 0.1  # 1500 draws: shift and factor are drawn apart


def test_in_evaluation_there_is_no_noise():
    layer = NoisyBatchNorm1d(5, dtype=X.dtype)
    layer(X)
    layer.eval()
    assert torch.equal(layer(X), layer(X))


def test_the_moments_are_those_in_training_mode_and_leave_the_model_alone():
    model = NormalizedMLP([5, 7, 3, 2], lambda n: NoisyBatchNorm1d(n, seed=n), dtype=X.dtype)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    first = input_moments(model, X)
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())
    again = input_moments(model, X)
    torch.testing.assert_close(first, again)  # the noise has not moved on either
    received = model.net_inputs(X)  # the step that the probe foresaw
    torch.testing.assert_close(first[0][0], received[0].mean(0).detach())
    torch.testing.assert_close(first[1][1], received[1].std(0).detach())


def test_the_drift_is_the_distance_of_two_normal_distributions_in_standard_deviations():
    a = (torch.tensor([0.0, 0.0]), torch.tensor([2.0, 1.0]))
    b = (torch.tensor([3.0, 0.0]), torch.tensor([6.0, 1.0]))
    assert drift([a, b, b]) == pytest.approx([(5 / 2 + 0) / 2, 0.0])


def test_along_the_gradient_of_a_linear_model_the_change_is_that_of_its_hessian():
    model = nn.Linear(5, 2, bias=False).double()
    rate = 1e-4
    found = along_gradient(model, X, Y, rates=[0.0, rate])

    def loss(w):
        return nn.functional.cross_entropy(X @ w.reshape(2, 5).T, Y)

    w = model.weight.detach().reshape(-1)
    g, H = torch.autograd.functional.jacobian(loss, w), torch.autograd.functional.hessian(loss, w)
    assert found["gradient"][0] == 0
    assert found["gradient"][1] == pytest.approx((rate * (H @ g).norm() / g.norm()).item(), rel=1e-3)
    assert found["loss"][0] == pytest.approx(loss(w).item())
    assert found["loss"][1] - found["loss"][0] == pytest.approx(-rate * (g @ g).item(), rel=1e-3)
    assert model.weight.grad is None


def test_options_out_of_range_are_named():
    with pytest.raises(ValueError, match=r"shift must be at least 0 and scale at least 1, but they are -1 and 1\.5"):
        NoisyBatchNorm1d(5, shift=-1)
    with pytest.raises(ValueError, match=r"but they are 1.0 and 0.5"):
        NoisyBatchNorm1d(5, scale=0.5)
