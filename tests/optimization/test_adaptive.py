"""AdaGrad, RMSprop and AdaDelta against their sums written out, and what scaling the loss does to them."""

import numpy as np
import pytest
import torch

from nndl_support.optimization.adaptive import Adadelta, Adagrad, RMSprop

GRADIENTS = np.random.default_rng(7).normal(size=(23, 5)) * np.array([1e-3, 0.1, 1.0, 10.0, 1e3])


def follow(name, gradients=GRADIENTS, **options):
    """The steps (T, D) that an optimiser makes along given gradients."""
    theta = torch.zeros(gradients.shape[1], dtype=torch.float64, requires_grad=True)
    optimizer, path = name([theta], **options), [np.zeros(gradients.shape[1])]
    for g in gradients:
        theta.grad = torch.tensor(g)
        optimizer.step()
        path.append(theta.detach().numpy().copy())
    return np.diff(path, axis=0)


def test_adagrad_divides_by_the_root_of_the_sum_of_all_squares():
    rates = 0.3 / (1 + 0.1 * np.arange(23))[:, None]
    expected = -rates * GRADIENTS / (np.sqrt(0.2 + np.cumsum(GRADIENTS**2, axis=0)) + 1e-3)
    steps = follow(Adagrad, lr=0.3, lr_decay=0.1, initial_accumulator_value=0.2, eps=1e-3)
    np.testing.assert_allclose(steps, expected, rtol=1e-10)


def test_adagrads_steps_fall_as_one_over_the_root_of_time_where_the_gradient_is_constant():
    steps = follow(Adagrad, np.full((100, 2), 5.0), lr=0.3, eps=0.0)
    np.testing.assert_allclose(steps[:, 0], -0.3 / np.sqrt(np.arange(1, 101)), rtol=1e-10)


def test_rmsprop_unrolled_is_a_sum_with_weights_that_fall_geometrically():
    # G_t = (1 - beta) sum_tau beta^(t - tau) g_tau^2
    t = np.arange(23)
    weights = np.where(t[:, None] >= t, 0.2 * 0.8 ** np.clip(t[:, None] - t, 0, None), 0.0)
    expected = -0.1 * GRADIENTS / (np.sqrt(weights @ GRADIENTS**2) + 1e-3)
    np.testing.assert_allclose(follow(RMSprop, lr=0.1, alpha=0.8, eps=1e-3), expected, rtol=1e-10)


def test_centred_rmsprop_divides_by_a_standard_deviation():
    t = np.arange(23)
    weights = np.where(t[:, None] >= t, 0.2 * 0.8 ** np.clip(t[:, None] - t, 0, None), 0.0)
    variance = weights @ GRADIENTS**2 - (weights @ GRADIENTS) ** 2
    expected = -0.1 * GRADIENTS / (np.sqrt(variance) + 1e-3)
    np.testing.assert_allclose(follow(RMSprop, lr=0.1, alpha=0.8, eps=1e-3, centered=True), expected, rtol=1e-9)


def test_the_momentum_of_rmsprop_carries_divided_gradients():
    plain = follow(RMSprop, lr=0.1, alpha=0.8)
    with_momentum, velocity = follow(RMSprop, lr=0.1, alpha=0.8, momentum=0.7), np.zeros(5)
    for expected, step in zip(plain, with_momentum, strict=True):
        velocity = 0.7 * velocity + expected
        np.testing.assert_allclose(step, velocity, rtol=1e-10)


def test_adadelta_written_out():
    G, X, expected = np.zeros(5), np.zeros(5), []
    for g in GRADIENTS:
        G = 0.9 * G + 0.1 * g**2
        delta = np.sqrt(X + 1e-4) / np.sqrt(G + 1e-4) * g
        X = 0.9 * X + 0.1 * delta**2
        expected.append(-0.5 * delta)
    np.testing.assert_allclose(follow(Adadelta, lr=0.5, rho=0.9, eps=1e-4), expected, rtol=1e-10)


@pytest.mark.parametrize("name", [Adagrad, RMSprop, Adadelta])
def test_without_epsilon_a_loss_in_other_units_gives_the_same_steps(name):
    options = {"eps": 0.0} if name is not Adadelta else {"eps": 1e-300}
    np.testing.assert_allclose(follow(name, **options), follow(name, 1000 * GRADIENTS, **options), rtol=1e-6)


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        (Adagrad, {"lr_decay": -1.0}, "lr_decay is -1"),
        (Adagrad, {"initial_accumulator_value": -1.0}, "initial_accumulator_value is -1"),
        (Adagrad, {"eps": -1.0}, "eps is -1"),
        (RMSprop, {"alpha": 1.0}, r"alpha is 1\.0; expected a number in \[0, 1\)"),
        (RMSprop, {"momentum": -1.0}, "momentum is -1"),
        (RMSprop, {"eps": float("nan")}, "eps is nan"),
        (Adadelta, {"rho": -0.1}, r"rho is -0\.1"),
        (Adadelta, {"eps": -1.0}, "eps is -1"),
    ],
)
def test_options_out_of_range_are_refused(name, options, message):
    with pytest.raises(ValueError, match=message):
        name([torch.zeros(2, requires_grad=True)], **options)
