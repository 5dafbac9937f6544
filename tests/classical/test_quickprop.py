import numpy as np
import pytest

from nndl_support.classical.quickprop import minimize_quickprop, quickprop_step


def parabola_path(curvature, *, learning_rate, growth=1.75, n_steps=6, start=2.0, minimum=0.5):
    """Distances from the minimum of a parabola on the way."""
    path = minimize_quickprop(
        lambda w: curvature * (w - minimum), [start], learning_rate=learning_rate, growth=growth, n_steps=n_steps
    )
    return path[:, 0] - minimum


def test_a_gradient_step_of_the_right_length_is_all_a_parabola_needs():
    distance = parabola_path(4.0, learning_rate=0.25)
    np.testing.assert_allclose(distance[1:], 0, atol=1e-15)


@pytest.mark.parametrize("product", [1.1, 1.5, 1.9, 5.0])
def test_a_parabola_overshot_is_solved_by_the_second_step(product):
    distance = parabola_path(4.0, learning_rate=product / 4.0)
    assert distance[1] * distance[0] < 0
    np.testing.assert_allclose(distance[2:], 0, atol=1e-14)


@pytest.mark.parametrize("product", [0.37, 0.5, 0.9])
def test_a_parabola_approached_from_one_side_takes_three_steps_with_the_error_that_theory_says(product):
    assert product >= 1 / (1 + 1.75)  # else the growth limit forbids the secant step
    distance = parabola_path(4.0, learning_rate=product / 4.0)
    np.testing.assert_allclose(distance[1], (1 - product) * distance[0], rtol=1e-13)
    np.testing.assert_allclose(distance[2], -product * distance[1], rtol=1e-12)
    np.testing.assert_allclose(distance[3:], 0, atol=1e-13)


@pytest.mark.parametrize("growth", [1.2, 1.75, 3.0])
def test_no_step_exceeds_the_growth_limit_by_more_than_the_gradient_step(growth):
    rate = 1e-3
    path = minimize_quickprop(lambda w: w, [1.0], learning_rate=rate, growth=growth, n_steps=5)[:, 0]
    steps = np.diff(path)
    np.testing.assert_allclose(steps[1:] + rate * path[1:-1], growth * steps[:-1], rtol=1e-10)


def test_a_slope_that_steepens_downhill_is_followed_at_the_limit():
    step = quickprop_step(np.array([0.1]), np.array([-2.0]), np.array([-1.0]), learning_rate=0.01, growth=1.5)
    np.testing.assert_allclose(step, 1.5 * 0.1 + 0.01 * 2.0)


def test_a_secant_towards_a_maximum_is_replaced_by_the_gradient():
    # Moving right and uphill while the slope falls: its zero, further right, is a maximum.
    step = quickprop_step(np.array([0.1]), np.array([1.0]), np.array([1.5]), learning_rate=0.01, growth=1.75)
    np.testing.assert_allclose(step, -0.01 * 1.0)


def test_the_first_step_is_a_gradient_step():
    slope = np.array([[3.0, -2.0, 0.0]])
    step = quickprop_step(np.zeros((1, 3)), slope, np.zeros((1, 3)), learning_rate=0.1)
    np.testing.assert_array_equal(step, -0.1 * slope)


def test_every_weight_is_treated_alone():
    rng = np.random.default_rng(0)
    step, slope, previous = rng.normal(size=(3, 5, 7))
    together = quickprop_step(step, slope, previous, learning_rate=0.2)
    alone = [
        [quickprop_step(step[i, j], slope[i, j], previous[i, j], learning_rate=0.2) for j in range(7)] for i in range(5)
    ]
    np.testing.assert_array_equal(together, alone)


@pytest.mark.parametrize("seed", range(5))
def test_coupled_weights_still_reach_the_solution_of_the_linear_system(seed):
    rng = np.random.default_rng(seed)
    root = rng.normal(size=(11, 3))
    A, b = root.T @ root / 11 + 0.1 * np.eye(3), rng.normal(size=3)
    path = minimize_quickprop(lambda w: A @ w - b, np.zeros(3), learning_rate=0.1, n_steps=300)
    np.testing.assert_allclose(path[-1], np.linalg.solve(A, b), atol=1e-8)


def test_quickprop_beats_the_gradient_on_an_ill_conditioned_separable_quadratic():
    curvature = np.array([1.0, 30.0, 1000.0])
    start, rate = np.array([1.0, -1.0, 1.0]), 1.9 / 1000
    quick = minimize_quickprop(lambda w: curvature * w, start, learning_rate=rate, n_steps=40)[-1]
    plain = start * (1 - rate * curvature) ** 40
    assert np.abs(quick).max() < 1e-6 < 0.5 < np.abs(plain).max()


def test_nothing_moves_where_the_slope_is_zero_from_the_start():
    path = minimize_quickprop(np.zeros_like, np.ones((2, 3)), learning_rate=1.0, n_steps=5)
    np.testing.assert_array_equal(path, np.ones((6, 2, 3)))


@pytest.mark.parametrize("options", [{"learning_rate": 0.0}, {"learning_rate": 0.1, "growth": -1.0}])
def test_rates_must_be_positive(options):
    with pytest.raises(ValueError, match="must be positive, but are"):
        minimize_quickprop(lambda w: w, [1.0], **options)
