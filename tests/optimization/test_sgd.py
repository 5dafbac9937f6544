"""Gradient descent with momentum against closed forms on a quadratic, and the two conventions of its rate."""

import numpy as np
import pytest
import torch

from nndl_support.optimization.sgd import SGD


def descend(curvatures, start, steps, **options):
    """Iterates (steps + 1, D) on the quadratic with these curvatures."""
    curvatures = torch.tensor(curvatures, dtype=torch.float64)
    theta = torch.tensor(start, dtype=torch.float64, requires_grad=True)
    optimizer, path = SGD([theta], **options), [theta.detach().clone()]
    for _ in range(steps):
        theta.grad = curvatures * theta.detach()
        optimizer.step()
        path.append(theta.detach().clone())
    return torch.stack(path).numpy()


@pytest.mark.parametrize("lr", [0.1, 0.5, 0.66, 0.67, 1.0])
def test_on_a_quadratic_every_coordinate_shrinks_by_one_minus_rate_times_curvature(lr):
    path = descend([3.0, 0.5], [1.0, -2.0], 40, lr=lr)
    closed = np.array([1.0, -2.0]) * (1 - lr * np.array([3.0, 0.5])) ** np.arange(41)[:, None]
    np.testing.assert_allclose(path, closed, rtol=1e-12, atol=1e-15)
    assert (abs(path[-1, 0]) > 1) == (lr > 2 / 3)  # the rate of divergence, 2 / curvature


@pytest.mark.parametrize(("momentum", "nesterov"), [(0.5, False), (0.9, False), (0.9, True)])
def test_momentum_on_a_quadratic_is_a_linear_recurrence(momentum, nesterov):
    lr, curvature = 0.05, 4.0
    # x_{t+1} = x_t - lr v_{t+1}, v_{t+1} = mu v_t + c x_t; with Nesterov the step is c x_t + mu v_{t+1}
    step = np.array([[curvature, momentum]])  # v_{t+1} from (x_t, v_t)
    move = np.array([[curvature, 0.0]]) + momentum * step if nesterov else step
    matrix = np.vstack([np.array([[1.0, 0.0]]) - lr * move, step])
    state, closed = np.array([1.0, 0.0]), [1.0]
    for _ in range(50):
        state = matrix @ state
        closed.append(state[0])
    path = descend([curvature], [1.0], 50, lr=lr, momentum=momentum, nesterov=nesterov)
    np.testing.assert_allclose(path[:, 0], closed, rtol=1e-10, atol=1e-14)


def test_heavy_ball_stays_stable_up_to_twice_one_plus_momentum_over_curvature():
    bound = 2 * (1 + 0.9) / 4.0
    calm = descend([4.0], [1.0], 2000, lr=0.99 * bound, momentum=0.9)
    wild = descend([4.0], [1.0], 2000, lr=1.01 * bound, momentum=0.9)
    assert abs(calm[-1, 0]) < 1e-6
    assert abs(wild[-1, 0]) > 1e6


def gradients_and_rates(steps=12):
    rng = np.random.default_rng(5)
    return rng.normal(size=(steps, 3)), rng.uniform(0.01, 0.2, size=steps)


def follow(gradients, rates, momentum, dampening=0.0):
    theta = torch.zeros(3, dtype=torch.float64, requires_grad=True)
    optimizer, path = SGD([theta], lr=0.0, momentum=momentum, dampening=dampening), []
    for g, rate in zip(gradients, rates, strict=True):
        optimizer.param_groups[0]["lr"] = rate
        theta.grad = torch.tensor(g)
        optimizer.step()
        path.append(theta.detach().clone())
    return torch.stack(path).numpy()


def books_convention(gradients, rates, momentum):
    delta, theta, path = np.zeros(3), np.zeros(3), []
    for g, rate in zip(gradients, rates, strict=True):
        delta = momentum * delta - rate * g
        theta = theta + delta
        path.append(theta)
    return np.array(path)


def test_the_two_places_of_the_rate_agree_while_it_is_constant_and_part_when_it_changes():
    gradients, rates = gradients_and_rates()
    constant = np.full_like(rates, 0.07)
    np.testing.assert_allclose(
        follow(gradients, constant, 0.9), books_convention(gradients, constant, 0.9), rtol=1e-12, atol=1e-15
    )
    apart = np.abs(follow(gradients, rates, 0.9) - books_convention(gradients, rates, 0.9))
    np.testing.assert_allclose(apart[0], 0, atol=1e-15)  # the first step is the same
    assert apart[1:].max(axis=1).min() > 1e-3


def test_the_velocity_is_the_exponential_average_of_the_gradients_divided_by_one_minus_momentum():
    gradients, _ = gradients_and_rates()
    theta = torch.zeros(3, dtype=torch.float64, requires_grad=True)
    optimizer, average = SGD([theta], lr=0.1, momentum=0.8), np.zeros(3)
    for g in gradients:
        theta.grad = torch.tensor(g)
        optimizer.step()
        average = 0.8 * average + 0.2 * g
        np.testing.assert_allclose(optimizer.state[theta]["momentum_buffer"].numpy(), average / 0.2, rtol=1e-12)


def test_dampening_equal_to_momentum_makes_it_an_average_that_starts_at_the_first_gradient():
    gradients, rates = gradients_and_rates()
    average, theta, expected = None, np.zeros(3), []
    for g, rate in zip(gradients, rates, strict=True):
        average = g if average is None else 0.8 * average + 0.2 * g
        theta = theta - rate * average
        expected.append(theta)
    np.testing.assert_allclose(follow(gradients, rates, 0.8, dampening=0.8), expected, rtol=1e-12)


def test_plain_descent_keeps_no_state():
    theta = torch.ones(3, requires_grad=True)
    optimizer = SGD([theta], lr=0.1)
    theta.grad = torch.ones(3)
    optimizer.step()
    assert optimizer.state_dict()["state"] == {}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"momentum": -0.1}, r"momentum is -0\.1; expected a finite number >= 0"),
        ({"dampening": -0.1}, r"dampening is -0\.1"),
        (
            {"nesterov": True},
            r"nesterov=True with momentum 0\.0 and dampening 0\.0; expected momentum > 0 and dampening 0",
        ),
        ({"nesterov": True, "momentum": 0.9, "dampening": 0.1}, r"with momentum 0\.9 and dampening 0\.1"),
    ],
)
def test_options_that_make_no_sense_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        SGD([torch.zeros(2, requires_grad=True)], **options)
