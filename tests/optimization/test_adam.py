"""Adam, AdamW and NAdam against their sums written out, and the properties that made them popular."""

import numpy as np
import pytest
import torch

from nndl_support.optimization.adam import Adam, AdamW, NAdam

GRADIENTS = np.random.default_rng(11).normal(size=(29, 5)) * np.array([1e-3, 0.1, 1.0, 10.0, 1e3])
T = np.arange(1, 30)[:, None]


def follow(name, gradients=GRADIENTS, start=0.0, **options):
    """The parameters (T + 1, D) along given gradients."""
    theta = torch.full((gradients.shape[1],), start, dtype=torch.float64, requires_grad=True)
    optimizer, path = name([theta], **options), [theta.detach().numpy().copy()]
    for g in gradients:
        theta.grad = torch.tensor(g)
        optimizer.step()
        path.append(theta.detach().numpy().copy())
    return np.array(path)


def average(values, beta):
    """(1 - beta) sum_tau beta^(t - tau) values_tau, for every t: the recursion unrolled."""
    t = np.arange(len(values))
    return np.where(t[:, None] >= t, (1 - beta) * beta ** np.clip(t[:, None] - t, 0, None), 0.0) @ values


@pytest.mark.parametrize("amsgrad", [False, True])
def test_adam_unrolled(amsgrad):
    M, G = average(GRADIENTS, 0.8), average(GRADIENTS**2, 0.95)
    G = np.maximum.accumulate(G, axis=0) if amsgrad else G
    expected = -0.1 * (M / (1 - 0.8**T)) / (np.sqrt(G / (1 - 0.95**T)) + 1e-4)
    path = follow(Adam, lr=0.1, betas=(0.8, 0.95), eps=1e-4, amsgrad=amsgrad)
    np.testing.assert_allclose(np.diff(path, axis=0), expected, rtol=1e-9)


def test_nadam_unrolled():
    M, G = average(GRADIENTS, 0.8), average(GRADIENTS**2, 0.95)
    mu = 0.8 * (1 - 0.5 * 0.96 ** (0.1 * np.arange(1, 31)))[:, None]
    product = np.cumprod(mu, axis=0)
    along = mu[1:] / (1 - product[1:]) * M + (1 - mu[:-1]) / (1 - product[:-1]) * GRADIENTS
    expected = -0.1 * along / (np.sqrt(G / (1 - 0.95**T)) + 1e-4)
    path = follow(NAdam, lr=0.1, betas=(0.8, 0.95), eps=1e-4, momentum_decay=0.1)
    # The product of the mu is kept in 32 bits, as in torch.optim.
    np.testing.assert_allclose(np.diff(path, axis=0), expected, rtol=1e-5)


@pytest.mark.parametrize("name", [Adam, AdamW, NAdam])
def test_without_epsilon_a_loss_in_other_units_gives_the_same_steps(name):
    options = {"eps": 0.0, "weight_decay": 0.0}
    np.testing.assert_allclose(follow(name, **options), follow(name, 1000 * GRADIENTS, **options), rtol=1e-6)


def test_the_first_step_has_the_length_of_the_rate_whatever_the_gradient():
    np.testing.assert_allclose(follow(Adam, lr=0.1, eps=0.0)[1], -0.1 * np.sign(GRADIENTS[0]), rtol=1e-12)


def test_no_step_of_adam_is_longer_than_its_bound():
    # Kingma and Ba, section 2.1: |step| <= lr (1 - beta1) / sqrt(1 - beta2) where 1 - beta1 > sqrt(1 - beta2)
    rare = np.zeros((4000, 1))
    rare[-1] = 7.0
    steps = np.diff(follow(Adam, rare, lr=0.1, betas=(0.9, 0.999), eps=0.0 + 1e-30), axis=0)
    bound = 0.1 * 0.1 / np.sqrt(0.001)
    assert np.abs(steps).max() <= bound * (1 + 1e-9)
    assert np.abs(steps[-1, 0]) == pytest.approx(bound, rel=0.02)  # one gradient after a long silence attains it


@pytest.mark.parametrize("name", [Adam, NAdam])
def test_coupled_decay_is_adam_on_the_penalised_gradient(name):
    # One step at a time, so that the gradients can be prepared by hand.
    theta = torch.full((5,), 0.7, dtype=torch.float64, requires_grad=True)
    twin = theta.detach().clone().requires_grad_()
    ours, by_hand = name([theta], lr=0.1, weight_decay=0.3), name([twin], lr=0.1)
    for g in GRADIENTS:
        theta.grad, twin.grad = torch.tensor(g), torch.tensor(g) + 0.3 * twin.detach()
        ours.step()
        by_hand.step()
        np.testing.assert_allclose(theta.detach(), twin.detach(), rtol=1e-12)


@pytest.mark.parametrize("name", [AdamW, NAdam])
def test_decoupled_decay_shrinks_and_then_steps(name):
    theta = torch.full((5,), 0.7, dtype=torch.float64, requires_grad=True)
    twin = theta.detach().clone().requires_grad_()
    decoupled = {} if name is AdamW else {"decoupled_weight_decay": True}
    ours, by_hand = name([theta], lr=0.1, weight_decay=0.3, **decoupled), name([twin], lr=0.1, weight_decay=0.0)
    for g in GRADIENTS:
        theta.grad, twin.grad = torch.tensor(g), torch.tensor(g)
        with torch.no_grad():
            twin *= 1 - 0.1 * 0.3
        ours.step()
        by_hand.step()
        np.testing.assert_allclose(theta.detach(), twin.detach(), rtol=1e-12)


def test_adamw_stays_decoupled_when_it_loads_a_state_that_does_not_say_so():
    theta = torch.zeros(3, requires_grad=True)
    saved = AdamW([theta]).state_dict()
    saved["param_groups"][0].pop("decoupled_weight_decay")
    fresh = AdamW([theta])
    fresh.load_state_dict(saved)
    assert fresh.param_groups[0]["decoupled_weight_decay"] is True


@pytest.mark.parametrize("name", [Adam, AdamW, NAdam])
@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"betas": (1.0, 0.9)}, r"betas\[0\] is 1\.0; expected a number in \[0, 1\)"),
        ({"betas": (0.9, -0.1)}, r"betas\[1\] is -0\.1"),
        ({"betas": (0.9,)}, r"betas is \(0\.9,\); expected two numbers"),
        ({"eps": -1e-8}, "eps is -1e-08"),
    ],
)
def test_options_out_of_range_are_refused(name, options, message):
    with pytest.raises(ValueError, match=message):
        name([torch.zeros(2, requires_grad=True)], **options)


def test_nadam_checks_its_momentum_decay():
    with pytest.raises(ValueError, match="momentum_decay is -1"):
        NAdam([torch.zeros(2, requires_grad=True)], momentum_decay=-1.0)
