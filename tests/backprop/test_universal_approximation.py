import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nndl_support.backprop import universal_approximation as ua

A, B = -1.0, 2.0
FREQUENCY = 3.0
LIPSCHITZ, CURVATURE = FREQUENCY, FREQUENCY**2


def wave(x):
    return np.sin(FREQUENCY * x)


def fitted_order(units, errors):
    return np.polyfit(np.log(units), np.log(errors), 1)[0]


@pytest.mark.parametrize("n_units", [1, 2, 3, 7, 50, 301])
@pytest.mark.parametrize("sharpness", [2.0, 10.0, 40.0])
def test_staircase_keeps_its_certified_error(n_units, sharpness):  # D16
    network = ua.logistic_staircase(wave, A, B, n_units, sharpness=sharpness)
    bound = ua.staircase_error_bound(n_units, lipschitz=LIPSCHITZ, length=B - A, sharpness=sharpness)
    assert ua.sup_error(wave, *network, "logistic", A, B) <= bound


@pytest.mark.parametrize("n_units", [1, 2, 3, 7, 50, 301])
def test_interpolant_keeps_its_certified_error(n_units):  # D16
    network = ua.relu_interpolant(wave, A, B, n_units)
    bound = ua.interpolant_error_bound(n_units, curvature=CURVATURE, length=B - A)
    assert ua.sup_error(wave, *network, "relu", A, B) <= bound * (1 + 1e-9)


def test_interpolant_bound_is_sharp_on_a_parabola():  # D16
    network = ua.relu_interpolant(np.square, A, B, 8)
    bound = ua.interpolant_error_bound(8, curvature=2.0, length=B - A)
    assert ua.sup_error(np.square, *network, "relu", A, B) == pytest.approx(bound, rel=1e-2)


def test_staircase_bound_is_sharp_on_a_line():  # D16
    network = ua.logistic_staircase(lambda x: x, A, B, 10, sharpness=500.0)
    bound = ua.staircase_error_bound(10, lipschitz=1.0, length=B - A, sharpness=500.0)
    assert ua.sup_error(lambda x: x, *network, "logistic", A, B, points_per_unit=999) == pytest.approx(bound, rel=0.02)


def test_staircase_bound_sums_the_tails_of_all_other_steps():
    j = np.arange(1, 400)
    for sharpness in (0.5, 2.0, 10.0):
        cells = 0.5 + np.exp(-sharpness * j).sum() + np.exp(-sharpness * (j - 0.5)).sum()
        bound = ua.staircase_error_bound(5, lipschitz=3.0, length=2.0, sharpness=sharpness)
        assert bound == pytest.approx(3.0 * 2.0 / 6 * cells, rel=1e-12)


@pytest.mark.parametrize("n_units", [3, 700])
def test_sup_error_finds_the_worst_place(n_units):
    network = ua.relu_interpolant(wave, A, B, n_units)
    for spoilt in (A, 0.4 * A + 0.6 * B, B):

        def target(x, spoilt=spoilt):
            return wave(x) + 7.0 * (np.abs(x - spoilt) < 1e-2)

        x = np.linspace(A, B, 32 * (n_units + 1) + 1)
        expected = np.abs(ua.evaluate(*network, "relu", x) - target(x)).max()
        assert expected > 5
        assert ua.sup_error(target, *network, "relu", A, B) == pytest.approx(expected)


def test_error_falls_with_the_first_power_for_steps_and_the_second_for_segments():  # D16
    units = np.array([32, 64, 128, 256, 512])
    steps = [ua.sup_error(wave, *ua.logistic_staircase(wave, A, B, m), "logistic", A, B) for m in units]
    segments = [ua.sup_error(wave, *ua.relu_interpolant(wave, A, B, m), "relu", A, B) for m in units]
    assert fitted_order(units, steps) == pytest.approx(-1, abs=0.05)
    assert fitted_order(units, segments) == pytest.approx(-2, abs=0.05)


@given(st.floats(1e-3, 3.0))
@settings(max_examples=25, deadline=None)
def test_units_for_epsilon_suffice_and_one_fewer_is_not_certified(epsilon):  # D16
    m = ua.staircase_units(epsilon, lipschitz=LIPSCHITZ, length=B - A)
    assert ua.staircase_error_bound(m, lipschitz=LIPSCHITZ, length=B - A) <= epsilon * (1 + 1e-12)
    if m > 1:
        assert ua.staircase_error_bound(m - 1, lipschitz=LIPSCHITZ, length=B - A) > epsilon * (1 - 1e-12)
    m = ua.interpolant_units(epsilon, curvature=CURVATURE, length=B - A)
    assert ua.interpolant_error_bound(m, curvature=CURVATURE, length=B - A) <= epsilon * (1 + 1e-12)
    if m > 1:
        assert ua.interpolant_error_bound(m - 1, curvature=CURVATURE, length=B - A) > epsilon * (1 - 1e-12)


@given(st.integers(1, 40), st.integers(0, 10**6))
@settings(max_examples=25, deadline=None)
def test_interpolant_is_numpys_piecewise_linear_interpolation(n_units, seed):
    a, b = np.sort(np.random.default_rng(seed).uniform(-5, 5, 2))
    x = np.linspace(a, b, 201)
    knots = np.linspace(a, b, n_units + 1)
    values = ua.evaluate(*ua.relu_interpolant(np.cos, a, b, n_units), "relu", x)
    np.testing.assert_allclose(values, np.interp(x, knots, np.cos(knots)), atol=1e-11)


def test_staircase_is_a_sum_of_bumps_and_the_two_ends():
    m, h = 9, (B - A) / 10
    x = np.linspace(A, B, 301)
    total = np.zeros_like(x)
    for cell in range(m + 1):  # the outermost bumps reach beyond the interval
        left, right = A + cell * h - 50 * (cell == 0), A + (cell + 1) * h + 50 * (cell == m)
        height = wave(np.array(A + (cell + 0.5) * h))
        total += ua.evaluate(*ua.logistic_bump(left, right, height, 10 / h), "logistic", x)
    staircase = ua.evaluate(*ua.logistic_staircase(wave, A, B, m, sharpness=10), "logistic", x)
    np.testing.assert_allclose(staircase, total, atol=1e-12)


def test_product_of_two_inputs_by_ridges_has_order_two():  # D16
    ridges = [([1, 1], lambda s: s**2 / 4, -2, 2), ([1, -1], lambda s: -(s**2) / 4, -2, 2)]
    grid = np.random.default_rng(0).uniform(-1, 1, (4001, 2))
    for m in (5, 20, 80):
        weights, biases = ua.ridge_network(ridges, m)
        assert [w.shape for w in weights] == [(2, 2 * m), (2 * m, 1)]
        error = np.abs(ua.evaluate(weights, biases, "relu", grid) - grid.prod(axis=1)).max()
        assert error <= 1 / m**2 + 1e-12


def test_ridges_of_different_heights_add_up():
    ridges = [([0, 3, 0], np.cos, -3, 3), ([1, 0, -1], np.exp, -2, 2)]
    X = np.random.default_rng(1).uniform(-1, 1, (50, 3))
    network = ua.ridge_network(ridges, 2000)
    np.testing.assert_allclose(
        ua.evaluate(*network, "relu", X), np.cos(3 * X[:, 1]) + np.exp(X[:, 0] - X[:, 2]), atol=1e-5
    )


@given(st.integers(1, 12), st.integers(0, 10**6))
@settings(max_examples=40, deadline=None)
def test_number_of_units_cannot_be_fixed_before_the_function(n_units, seed):  # D16, quantifiers of theorem 4.1
    k = n_units // 2 + 2  # waves that need 2k - 2 > n_units kinks
    rng = np.random.default_rng(seed)
    x = (2 * np.arange(2 * k) + 1) / (4 * k)  # crests and troughs
    target = np.sin(2 * np.pi * k * x)
    weights = [rng.choice([-1.0, 1.0], (1, n_units)), rng.normal(0, 5, (n_units, 1))]
    biases = [-weights[0][0] * rng.uniform(0, 1, n_units), rng.normal(size=1)]
    hidden = np.maximum(0, x[:, None] @ weights[0] + biases[0])
    fitted = np.linalg.lstsq(np.column_stack([hidden, np.ones(2 * k)]), target, rcond=None)[0]
    for outer, constant in ((weights[1], biases[1]), (fitted[:-1, None], fitted[-1:])):
        network = ua.evaluate([weights[0], outer], [biases[0], constant], "relu", x)
        assert np.abs(network - target).max() >= 1 - 1e-9


def test_errors_say_what_was_given():
    with pytest.raises(ValueError, match=r"a < b, got \[1, 1\]"):
        ua.relu_interpolant(wave, 1, 1, 3)
    with pytest.raises(ValueError, match="at least one unit, got n_units=0"):
        ua.logistic_staircase(wave, 0, 1, 0)
    with pytest.raises(ValueError, match="epsilon must be positive, got 0"):
        ua.interpolant_units(0, curvature=1, length=1)
    with pytest.raises(ValueError, match="at least one ridge"):
        ua.ridge_network([], 3)
