"""Mini-batch gradients: every batch of a small set enumerated, PyTorch as an independent implementation."""

import numpy as np
import pytest
import torch

from nndl_support.optimization.minibatch import (
    all_batches,
    best_learning_rate,
    gradient_variance,
    noise_scale,
    noise_scale_from_two_sizes,
    per_example_gradients,
)

N, D, H, C = 7, 3, 2, 5


@pytest.fixture(scope="module")
def network():
    rng = np.random.default_rng(0)
    weights = tuple(rng.normal(size=shape) for shape in ((D, H), (H,), (H, C), (C,)))
    return weights, rng.normal(size=(N, D)), rng.integers(0, C, N)


@pytest.fixture(scope="module")
def gradients(network):
    return per_example_gradients(*network)


def enumerated(gradients, batch_size, replace):
    return np.stack(
        [gradients[list(batch)].mean(axis=0) for batch in all_batches(len(gradients), batch_size, replace=replace)]
    )


def test_the_gradient_of_each_example_is_that_of_automatic_differentiation(network, gradients):
    weights, X, y = network
    for n in range(N):
        tensors = [torch.tensor(w, requires_grad=True) for w in weights]
        z = torch.tanh(torch.tensor(X[n : n + 1]) @ tensors[0] + tensors[1]) @ tensors[2] + tensors[3]
        torch.nn.functional.cross_entropy(z, torch.tensor(y[n : n + 1])).backward()
        np.testing.assert_allclose(gradients[n], np.concatenate([t.grad.numpy().ravel() for t in tensors]), atol=1e-14)


@pytest.mark.parametrize("replace", [True, False])
@pytest.mark.parametrize("batch_size", [1, 2, 3, 4])
def test_the_mean_over_all_batches_is_the_full_gradient(gradients, batch_size, replace):
    np.testing.assert_allclose(
        enumerated(gradients, batch_size, replace).mean(axis=0), gradients.mean(axis=0), atol=1e-14
    )


@pytest.mark.parametrize("replace", [True, False])
@pytest.mark.parametrize("batch_size", [1, 2, 3, 4])
def test_the_variance_over_all_batches_is_the_formula(gradients, batch_size, replace):
    batches = enumerated(gradients, batch_size, replace)
    measured = np.sum((batches - gradients.mean(axis=0)) ** 2, axis=1).mean()
    np.testing.assert_allclose(gradient_variance(gradients, batch_size, replace=replace), measured, rtol=1e-12)


def test_a_batch_of_everything_has_no_noise_without_replacement_only(gradients):
    assert gradient_variance(gradients, N, replace=False) == 0
    assert gradient_variance(gradients, N, replace=True) > 0


def test_the_variance_falls_as_one_over_the_batch_size(gradients):
    sizes = np.array([1, 2, 4, 100])
    np.testing.assert_allclose(
        sizes * gradient_variance(gradients, sizes, replace=True), gradient_variance(gradients, 1, replace=True)
    )


def test_at_the_noise_scale_noise_and_signal_are_equal(gradients):
    scale = noise_scale(gradients)
    signal = np.sum(gradients.mean(axis=0) ** 2)
    assert gradient_variance(gradients, 1, replace=True) / scale == pytest.approx(signal, rel=1e-12)


@pytest.mark.parametrize("batch_size", [1, 2, 4])
def test_the_best_rate_is_the_one_that_all_batches_of_a_regression_agree_on(batch_size):
    rng = np.random.default_rng(2)
    X, t, theta = rng.normal(size=(N, D)), rng.normal(size=N), rng.normal(size=D)
    of_each = (X @ theta - t)[:, None] * X
    batches = enumerated(of_each, batch_size, True)
    rates = np.array([0.0, 0.1, 0.2])
    expected = [np.mean((X @ (theta - rate * batches).T - t[:, None]) ** 2) / 2 for rate in rates]
    quadratic, linear, _ = np.polyfit(rates, expected, 2)
    assert best_learning_rate(of_each, X.T @ X / N, batch_size) == pytest.approx(-linear / quadratic / 2, rel=1e-9)


def test_the_best_rate_grows_in_proportion_to_small_batches_and_not_to_large_ones(gradients):
    flat = np.eye(gradients.shape[1])
    noisy = gradients - 0.95 * gradients.mean(axis=0)
    assert noise_scale(noisy) > 100
    one, two, many, twice = best_learning_rate(noisy, flat, np.array([1, 2, 10**6, 2 * 10**6]))
    assert two / one == pytest.approx(2, rel=0.02)
    assert twice / many == pytest.approx(1, rel=0.02)


def test_two_batch_sizes_give_the_noise_scale_when_every_batch_is_counted(gradients):
    squared = {k: np.sum(enumerated(gradients, k, True) ** 2, axis=1).mean() for k in (2, 4)}
    assert noise_scale_from_two_sizes(squared[2], 2, squared[4], 4) == pytest.approx(noise_scale(gradients), rel=1e-10)


def test_bad_input_is_named(network):
    weights, X, y = network
    with pytest.raises(ValueError, match=r"X has shape \(7, 2\), but W1 \(3, 2\); expected \(N, 3\)"):
        per_example_gradients(weights, X[:, :2], y)
    with pytest.raises(ValueError, match=r"y has shape \(6,\), but X has 7 rows"):
        per_example_gradients(weights, X, y[:-1])
    with pytest.raises(ValueError, match="batch_size is 8 with 7 examples; expected at least 1 and at most 7 without"):
        gradient_variance(np.ones((7, 2)), 8, replace=False)
    with pytest.raises(ValueError, match="batch_size is 0 with 7 examples"):
        all_batches(7, 0, replace=True)
    with pytest.raises(ValueError, match=r"gradients have shape \(7,\)"):
        noise_scale(np.ones(7))
    with pytest.raises(ValueError, match="the batch sizes are 4 and 2"):
        noise_scale_from_two_sizes(1.0, 4, 2.0, 2)
    with pytest.raises(ValueError, match=r"the estimate of the squared gradient is -0\.333"):
        noise_scale_from_two_sizes(3.0, 1, 0.5, 4)


def test_scores_of_thousands_do_not_overflow(network):
    (W1, b1, W2, b2), X, y = network
    loud = per_example_gradients((W1, b1, 1e4 * W2, b2), X, y)
    assert np.isfinite(loud).all()
    errors = loud[:, -C:]  # softmax of such scores is a one-hot vector
    np.testing.assert_allclose(errors, np.round(errors), atol=1e-12)
