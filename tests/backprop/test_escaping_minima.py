"""Ways out of local minima: gradients by central differences, costs by counting, outcomes against a grid."""

import numpy as np
import pytest
from scipy.optimize import minimize_scalar

from nndl_support.annealing import geometric_schedule
from nndl_support.backprop.escaping_minima import (
    anneal_vectors,
    descend,
    multi_start,
    multi_well,
    multi_well_gradient,
    noisy_descent,
)
from nndl_support.backprop.gradient_check import check_gradient

GLOBAL = minimize_scalar(lambda x: float(multi_well([x])), bounds=(-1.2, -0.3), method="bounded").x


def test_the_gradient_of_the_landscape_is_its_derivative():
    for x in np.random.default_rng(0).uniform(-6, 6, (7, 3)):
        check_gradient(lambda z: float(multi_well(z)), multi_well_gradient, x)


def test_the_landscape_has_seven_wells_and_one_is_deepest():
    x = np.linspace(-6, 6, 12_001)
    f = multi_well(x[:, None])
    bottoms = np.flatnonzero((f[1:-1] < f[:-2]) & (f[1:-1] < f[2:])) + 1
    assert len(bottoms) == 7
    assert x[f.argmin()] == pytest.approx(GLOBAL, abs=1e-3)
    assert np.diff(np.sort(f[bottoms]))[0] > 0.1


def test_coordinates_add_up():
    x = np.random.default_rng(0).normal(size=(5, 3))
    np.testing.assert_allclose(multi_well(x), sum(multi_well(x[:, [d]]) for d in range(3)))


def test_descent_on_a_parabola_follows_the_closed_form():
    start = np.array([[3.0, -2.0], [0.5, 7.0]])
    path = descend(lambda x: 2 * x, start, learning_rate=0.1, n_steps=13)
    np.testing.assert_allclose(path, 0.8 ** np.arange(14)[:, None, None] * start)


def test_noise_makes_a_descent_wander_with_the_variance_of_its_recursion():
    # x <- (1 - 2 eta) x - eta sigma xi has the stationary variance (eta sigma)^2 / (1 - (1 - 2 eta)^2).
    eta, sigma = 0.1, 3.0
    path = descend(
        lambda x: 2 * x,
        np.zeros((20_000, 1)),
        learning_rate=eta,
        n_steps=60,
        noise=sigma,
        rng=np.random.default_rng(0),
    )
    assert path[-1].var() == pytest.approx((eta * sigma) ** 2 / (1 - (1 - 2 * eta) ** 2), rel=0.04)


def test_a_schedule_of_noise_is_followed_step_by_step():
    noise = np.array([0.0, 5.0, 0.0])
    path = descend(
        np.zeros_like, np.zeros((1000, 2)), learning_rate=1.0, n_steps=3, noise=noise, rng=np.random.default_rng(0)
    )
    spread = np.diff(path, axis=0).std(axis=(1, 2))
    np.testing.assert_allclose(spread, noise, rtol=0.05)


def test_runs_beside_one_another_are_the_runs_one_by_one():
    starts = np.random.default_rng(1).uniform(-6, 6, (5, 3, 2))
    together = multi_start(multi_well, multi_well_gradient, starts, learning_rate=0.03, n_steps=40)
    for run, x, value in zip(starts, together.x, together.value):
        alone = multi_start(multi_well, multi_well_gradient, run, learning_rate=0.03, n_steps=40)
        np.testing.assert_array_equal(alone.x, x)
        assert alone.value == value


def test_many_starts_keep_the_lowest_end():
    starts = np.random.default_rng(1).uniform(-6, 6, (5, 11, 2))
    result = multi_start(multi_well, multi_well_gradient, starts, learning_rate=0.03, n_steps=40)
    ends = descend(multi_well_gradient, starts, learning_rate=0.03, n_steps=40)[-1]
    np.testing.assert_array_equal(result.value, multi_well(ends).min(axis=1))
    np.testing.assert_allclose(multi_well(result.x), result.value)


def test_a_start_that_diverges_does_not_win():
    with np.errstate(over="ignore", invalid="ignore"):
        result = multi_start(
            lambda x: -np.sum(x**3, axis=-1), lambda x: x**3, [[1e3], [0.5]], learning_rate=0.1, n_steps=30
        )
    assert np.isfinite(result.value)


@pytest.mark.parametrize("strategy", ["multi_start", "noisy_descent", "anneal_vectors"])
def test_evaluations_are_counted_truly(strategy):
    spent = 0

    def count(function):
        def counted(x):
            nonlocal spent
            spent += int(np.prod(np.shape(x)[:-1]))
            return function(x)

        return counted

    f, g, rng = count(multi_well), count(multi_well_gradient), np.random.default_rng(0)
    if strategy == "multi_start":
        result = multi_start(f, g, rng.normal(size=(7, 5, 2)), learning_rate=0.01, n_steps=11)
    elif strategy == "noisy_descent":
        result = noisy_descent(f, g, rng.normal(size=(7, 2)), learning_rate=0.01, noise=np.ones(11), rng=rng)
    else:
        result = anneal_vectors(f, rng.normal(size=(7, 2)), step=1.0, temperatures=np.ones(11), rng=rng)
    assert spent == 7 * result.n_evaluations
    assert result.x.shape == (7, 2)
    assert result.value.shape == (7,)


def test_each_strategy_beats_a_single_descent_on_the_landscape():
    rng = np.random.default_rng(0)
    starts = rng.uniform(-6, 6, (200, 1))
    single = descend(multi_well_gradient, starts, learning_rate=0.04, n_steps=200)[-1]
    found = {
        "single": single,
        "restarts": multi_start(
            multi_well, multi_well_gradient, rng.uniform(-6, 6, (200, 10, 1)), learning_rate=0.04, n_steps=20
        ).x,
        "annealing": anneal_vectors(
            multi_well, starts, step=2.0, temperatures=geometric_schedule(1.0, 0.05, 200), rng=rng
        ).x,
    }
    success = {name: np.mean(np.abs(x - GLOBAL) < 0.1) for name, x in found.items()}
    assert success["single"] < 0.3
    assert success["restarts"] > 0.6
    assert success["annealing"] > 0.6


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: descend(np.zeros_like, [1.0], learning_rate=0.0, n_steps=1), "must be positive, not 0.0"),
        (lambda: descend(np.zeros_like, [1.0], learning_rate=1.0, n_steps=1, noise=1.0), "needs a random generator"),
        (lambda: descend(np.zeros_like, [1.0], learning_rate=1.0, n_steps=3, noise=[0, 0]), r"\(2,\).* each of the 3"),
        (
            lambda: multi_start(multi_well, multi_well_gradient, [1.0], learning_rate=1.0, n_steps=1),
            r"number of starts, coordinates\), not \(1,\)",
        ),
    ],
)
def test_a_mistake_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
