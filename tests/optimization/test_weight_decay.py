import pytest
import torch

from nndl_support.optimization.optimizers import SGD, Adam, AdamW
from nndl_support.optimization.weight_decay import descend, resting_point

CURVATURE = torch.tensor([0.5, 1.0, 4.0], dtype=torch.float64)
TARGET = torch.tensor([2.0, -3.0, 0.4], dtype=torch.float64)


def slope(w):
    return CURVATURE * (w - TARGET)


def start():
    return torch.tensor([1.0, 1.0, -1.0], dtype=torch.float64)


def fade(optimizer, n):
    return torch.optim.lr_scheduler.LambdaLR(optimizer, lambda t: (1 - t / (n + 1)) ** 2)


def test_under_plain_descent_penalty_and_decay_are_one_and_the_same():
    by_penalty = descend(SGD([start()], lr=0.1), slope, 300, l2=0.7)
    by_decay = descend(SGD([start()], lr=0.1), slope, 300, decay=0.7)
    assert (by_penalty - by_decay).abs().max() < 1e-15
    assert (by_penalty[-1] - TARGET).abs().max() > 0.1


def test_the_same_strength_without_the_learning_rate_is_not_the_same():
    # The trap of (7.64): beta = learning rate x lambda, so that a changed rate changes what beta means.
    by_penalty = descend(SGD([start()], lr=0.1), slope, 10, l2=0.7)
    by_beta = descend(SGD([start()], lr=0.1), slope, 10, decay=0.7 / 0.1)
    assert (by_penalty - by_beta).abs().max() > 0.1


@pytest.mark.parametrize("options", [{"momentum": 0.9}, {"momentum": 0.9, "nesterov": True}])
def test_with_momentum_they_part_in_the_second_step_and_for_good(options):
    by_penalty = descend(SGD([start()], lr=0.05, **options), slope, 2000, l2=0.7)
    by_decay = descend(SGD([start()], lr=0.05, **options), slope, 2000, decay=0.7)
    if "nesterov" not in options:
        torch.testing.assert_close(by_penalty[1], by_decay[1], rtol=0, atol=1e-15)
    assert (by_penalty[2] - by_decay[2]).abs().max() > 1e-3
    torch.testing.assert_close(by_penalty[-1], resting_point("l2", CURVATURE, TARGET, 0.7))
    torch.testing.assert_close(by_decay[-1], resting_point("sgd decay", CURVATURE, TARGET, 0.7, momentum=0.9))


def test_with_momentum_a_decay_one_over_one_minus_mu_as_strong_rests_where_the_penalty_does():
    by_decay = descend(SGD([start()], lr=0.05, momentum=0.9), slope, 2000, decay=0.7 / (1 - 0.9))
    torch.testing.assert_close(by_decay[-1], resting_point("l2", CURVATURE, TARGET, 0.7))


def test_the_two_forms_are_those_of_the_optimisers_themselves():
    def run(optimizer_class, weight_decay, **options):
        w = start()
        optimizer = optimizer_class([w], lr=0.05, weight_decay=weight_decay, **options)
        for _ in range(50):
            w.grad = slope(w)
            optimizer.step()
        return w

    for options in ({}, {"momentum": 0.9}):
        ours = descend(SGD([start()], lr=0.05, **options), slope, 50, l2=0.7)[-1]
        torch.testing.assert_close(ours, run(torch.optim.SGD, 0.7, **options), rtol=0, atol=1e-14)
    ours = descend(Adam([start()], lr=0.05), slope, 50, l2=0.7)[-1]
    torch.testing.assert_close(ours, run(torch.optim.Adam, 0.7), rtol=0, atol=1e-13)
    ours = descend(Adam([start()], lr=0.05), slope, 50, decay=0.7)[-1]
    torch.testing.assert_close(ours, run(torch.optim.AdamW, 0.7), rtol=0, atol=1e-13)
    torch.testing.assert_close(ours, run(AdamW, 0.7), rtol=0, atol=1e-13)


def test_adam_with_a_penalty_rests_where_everyone_does():
    optimizer = Adam([start()], lr=0.05)
    way = descend(optimizer, slope, 3000, l2=0.7, scheduler=fade(optimizer, 3000))
    torch.testing.assert_close(way[-1], resting_point("l2", CURVATURE, TARGET, 0.7), rtol=0, atol=1e-4)


@pytest.mark.parametrize("decay", [0.2, 0.45])
def test_adam_with_decay_does_nothing_inside_a_box_and_cuts_outside(decay):
    # A short memory of the squares: with 0.999 they forget the first large slopes so slowly that 3000 steps are not enough.
    optimizer = Adam([start()], lr=0.05, betas=(0.9, 0.9))
    way = descend(optimizer, slope, 3000, decay=decay, scheduler=fade(optimizer, 3000))
    expected = resting_point("adam decay", CURVATURE, TARGET, decay)
    torch.testing.assert_close(way[-1], expected, rtol=0, atol=5e-3)
    assert bool((expected == TARGET).any())
    assert bool((expected == TARGET).all()) == (decay == 0.2)


def test_with_noise_adam_s_decay_is_a_ridge_penalty_scaled_by_the_noise():
    n, generator = 2000, torch.Generator().manual_seed(0)
    noise = torch.tensor([3.0, 10.0], dtype=torch.float64).repeat_interleave(n)
    w = torch.zeros(2 * n, dtype=torch.float64)
    optimizer = Adam([w], lr=0.02)

    def noisy(w):
        return 1.0 * (w - 1.0) + noise * torch.randn(len(w), generator=generator, dtype=torch.float64)

    way = descend(optimizer, noisy, 4000, decay=0.1, scheduler=fade(optimizer, 4000))
    one = torch.ones(1, dtype=torch.float64)
    for part, sigma in zip(way[-1].split(n), (3.0, 10.0)):
        expected = resting_point("adam decay", one, one, 0.1, noise=sigma).item()
        assert part.mean().item() == pytest.approx(expected, abs=0.06)


def test_a_weight_without_signal_is_forgotten_at_a_rate_that_only_adam_s_penalty_lets_depend_on_the_noise():
    n, generator = 4000, torch.Generator().manual_seed(0)

    def left(optimizer_class, sigma, **options):
        w = torch.ones(n, dtype=torch.float64)
        optimizer = optimizer_class([w], lr=0.002)
        way = descend(
            optimizer, lambda w: sigma * torch.randn(n, generator=generator, dtype=torch.float64), 1000, **options
        )
        return way[-1].mean().item()

    for sigma in (1.0, 4.0):
        assert left(SGD, sigma, l2=0.3) == pytest.approx((1 - 0.002 * 0.3) ** 1000, abs=0.02)
        assert left(Adam, sigma, decay=0.3) == pytest.approx((1 - 0.002 * 0.3) ** 1000, abs=0.02)
        assert left(Adam, sigma, l2=0.3) == pytest.approx((1 - 0.002 * 0.3 / sigma) ** 1000, abs=0.05)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: descend(SGD([start()], lr=0.1), slope, 1, l2=-1), "l2 is -1 and decay 0.0"),
        (lambda: descend(SGD([start()], lr=0.1, weight_decay=0.1), slope, 1), "weight_decay of 0.1 of its own"),
        (lambda: resting_point("ridge", CURVATURE, TARGET, 1.0), "rule is 'ridge'"),
    ],
)
def test_what_makes_no_sense_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
