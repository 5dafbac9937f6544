"""The problem on which Adam walks to the worst point: its sums, the walk in plain arithmetic, and who gets it right."""

import pytest

from nndl_support.optimization.adam_counterexample import CYCLE, follow, slope
from nndl_support.optimization.optimizers import SGD, Adam


def adam(beta2, lr=1.0, **options):
    return lambda params: Adam(params, lr=lr, betas=(0.9, beta2), check_finite=False, **options)


def test_a_cycle_has_one_steep_loss_and_adds_up_to_ten_x():
    slopes = [slope(t) for t in range(1, 3 * CYCLE + 1)]
    assert slopes.count(1010.0) == 3
    assert slopes[0] == slopes[CYCLE] == 1010.0
    assert sum(slopes[:CYCLE]) == sum(slopes[CYCLE : 2 * CYCLE]) == 10.0


def test_the_walk_is_that_of_plain_arithmetic():
    x, m, v, places = 0.25, 0.0, 0.0, []
    for t in range(1, 3 * CYCLE + 1):
        g = 1010.0 if t % CYCLE == 1 else -10.0
        m, v = 0.9 * m + 0.1 * g, 0.99 * v + 0.01 * g * g
        x -= 0.3 / t**0.5 * (m / (1 - 0.9**t)) / ((v / (1 - 0.99**t)) ** 0.5 + 1e-8)
        x = min(1.0, max(-1.0, x))
        if t % CYCLE == 0:
            places.append(x)
    assert follow(adam(0.99, lr=0.3), 3, start=0.25).tolist() == pytest.approx(places, rel=1e-10)


def test_adam_ends_at_the_worst_point_and_amsgrad_does_not():
    assert follow(adam(0.99), 40)[-1] == 1.0
    kept = follow(adam(0.99, amsgrad=True), 10)
    assert (kept.diff() < 0).all()
    assert kept[-1] < -0.5


def test_a_long_memory_turns_adam_round():
    places = follow(adam(0.9999, lr=0.1), 12)
    assert (places.diff() < 0).all()
    assert (follow(adam(0.99, lr=0.1), 12).diff() > 0).all()


def test_plain_descent_is_right():
    places = follow(lambda params: SGD(params, lr=0.001), 10)
    assert (places.diff() < 0).all()
    assert places[-1] < -0.8


@pytest.mark.parametrize("options", [{"n_cycles": 0}, {"n_cycles": 3, "start": 2.0}])
def test_bad_input_is_named(options):
    with pytest.raises(ValueError, match=r"n_cycles is \d and start"):
        follow(adam(0.99), **options)
