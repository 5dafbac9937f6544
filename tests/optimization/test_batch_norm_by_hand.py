"""Batch normalisation by hand beside PyTorch, central differences and what it promises."""

import numpy as np
import pytest
import torch

from nndl_support.optimization.batch_norm_by_hand import (
    batch_norm,
    batch_norm_backward,
    batch_norm_inference,
    update_running_statistics,
)

RNG = np.random.default_rng(0)
GAMMA, BETA = RNG.normal(1.0, 0.5, 5), RNG.normal(size=5)
INPUTS = [RNG.normal(3.0, 2.0, (7, 5)), RNG.normal(-1.0, 3.0, (7, 5, 3))]
both_shapes = pytest.mark.parametrize("x", INPUTS, ids=["(B, C)", "(B, C, L)"])


@both_shapes
def test_forward_and_backward_agree_with_torch(x):
    up = RNG.normal(size=x.shape)
    leaves = [torch.tensor(v, requires_grad=True) for v in (x, GAMMA, BETA)]
    y = torch.nn.functional.batch_norm(leaves[0], None, None, leaves[1], leaves[2], training=True)
    y.backward(torch.tensor(up))
    ours, cache = batch_norm(x, GAMMA, BETA)
    np.testing.assert_allclose(ours, y.detach(), atol=1e-10)
    for gradient, leaf in zip(batch_norm_backward(up, cache), leaves, strict=True):
        np.testing.assert_allclose(gradient, leaf.grad, atol=1e-10)


@both_shapes
def test_the_gradients_are_those_of_central_differences(x):
    up, h = RNG.normal(size=x.shape), 1e-5

    def loss(x, gamma, beta):
        return (np.tanh(batch_norm(x, gamma, beta)[0]) * up).sum()

    y, cache = batch_norm(x, GAMMA, BETA)
    gradients = batch_norm_backward(up * (1 - np.tanh(y) ** 2), cache)
    arguments = [x, GAMMA, BETA]
    for k, gradient in enumerate(gradients):
        direction = RNG.normal(size=gradient.shape)
        ahead, behind = list(arguments), list(arguments)
        ahead[k], behind[k] = arguments[k] + h * direction, arguments[k] - h * direction
        assert (gradient * direction).sum() == pytest.approx((loss(*ahead) - loss(*behind)) / (2 * h), abs=1e-8)


@both_shapes
def test_gamma_the_root_of_the_variance_and_beta_the_mean_restore_the_input(x):
    _, cache = batch_norm(x)
    restored, _ = batch_norm(x, cache.scale.ravel(), cache.mean.ravel())
    np.testing.assert_allclose(restored, x, atol=1e-13)


@both_shapes
def test_no_gradient_moves_the_mean_of_a_channel_or_its_spread(x):
    up = RNG.normal(size=x.shape)
    _, cache = batch_norm(x, GAMMA, BETA, eps=0.0)
    axes = (0,) if x.ndim == 2 else (0, 2)
    by_x = batch_norm_backward(up, cache)[0]
    np.testing.assert_allclose(by_x.sum(axis=axes), 0, atol=1e-13)
    np.testing.assert_allclose((by_x * cache.x_hat).sum(axis=axes), 0, atol=1e-13)


def test_the_order_of_the_examples_does_not_matter_but_their_company_does():
    x, order = INPUTS[0], RNG.permutation(7)
    np.testing.assert_allclose(batch_norm(x[order])[0], batch_norm(x)[0][order], atol=1e-14)
    assert np.abs(batch_norm(x[:4])[0] - batch_norm(x)[0][:4]).max() > 0.1


@both_shapes
def test_running_statistics_are_those_of_torch_over_many_batches(x):
    mean, variance = np.zeros(5), np.ones(5)
    theirs = torch.nn.BatchNorm1d(5, momentum=0.3, dtype=torch.float64)
    for _ in range(20):
        batch = x + RNG.normal(size=x.shape)
        theirs(torch.tensor(batch))
        _, cache = batch_norm(batch)
        mean, variance = update_running_statistics(mean, variance, cache, batch.size // 5, momentum=0.3)
    np.testing.assert_allclose(mean, theirs.running_mean, atol=1e-12)
    np.testing.assert_allclose(variance, theirs.running_var, atol=1e-12)
    theirs.eval()
    with torch.no_grad():
        np.testing.assert_allclose(batch_norm_inference(x, mean, variance), theirs(torch.tensor(x)), atol=1e-10)


def test_one_sigma_for_both_would_not_be_torch():
    """The book writes one variance: kept biased, the running variance is off by the factor m / (m - 1)."""
    x = INPUTS[0]
    theirs = torch.nn.BatchNorm1d(5, momentum=1.0, dtype=torch.float64)
    y = theirs(torch.tensor(x)).detach().numpy()
    np.testing.assert_allclose(theirs.running_var, x.var(axis=0, ddof=1))
    np.testing.assert_allclose(theirs.running_var, x.var(axis=0) * 7 / 6)
    np.testing.assert_allclose(y.var(axis=0), 1, atol=1e-4)  # divided by the biased one


def test_inference_scales_and_shifts():
    x = INPUTS[1]
    y = batch_norm_inference(x, x.mean(axis=(0, 2)), x.var(axis=(0, 2)), GAMMA, BETA)
    np.testing.assert_allclose(y, batch_norm(x, GAMMA, BETA)[0], atol=1e-13)


def test_one_value_per_channel_is_refused():
    with pytest.raises(ValueError, match=r"x of shape \(1, 5\), one value per channel; expected at least 2"):
        batch_norm(np.zeros((1, 5)))
    assert batch_norm(np.zeros((1, 5, 2)))[0].shape == (1, 5, 2)
    assert batch_norm_inference(np.zeros((1, 5)), np.zeros(5), np.ones(5)).shape == (1, 5)
