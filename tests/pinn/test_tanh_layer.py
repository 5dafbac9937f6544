"""The hand-written layer against a plain formula, central differences and exact integrals."""

import numpy as np
import pytest

from nndl_support.backprop.finite_differences import central_difference
from nndl_support.pinn.tanh_layer import gauss_points, jet, random_weights

T = np.linspace(-0.4, 2.3, 7)


@pytest.fixture
def weights():
    return random_weights(5, 2.0, np.random.default_rng(3))


def test_the_value_is_a_sum_of_tanh_units(weights):
    w, b, c = weights.reshape(3, 5)
    expected = [sum(c[h] * np.tanh(w[h] * t + b[h]) for h in range(5)) for t in T]
    np.testing.assert_allclose(jet(weights, T).value, expected, rtol=1e-13)


def test_the_derivatives_in_time_agree_with_central_differences(weights):
    here = jet(weights, T)
    for got, f in ((here.first, "value"), (here.second, "first")):
        slope = (getattr(jet(weights, T + 1e-5), f) - getattr(jet(weights, T - 1e-5), f)) / 2e-5
        np.testing.assert_allclose(got, slope, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("name", ["value", "first", "second"])
def test_the_slopes_in_the_weights_agree_with_central_differences(weights, name):
    slopes = getattr(jet(weights, T), f"{name}_slopes")
    assert slopes.shape == (7, 15)
    for k, step in enumerate(1e-5 * np.eye(15)):
        by_differences = (getattr(jet(weights + step, T), name) - getattr(jet(weights - step, T), name)) / 2e-5
        np.testing.assert_allclose(slopes[:, k], by_differences, rtol=1e-5, atol=1e-6)


def test_central_differences_of_the_book_agree_at_one_place(weights):
    slope = central_difference(lambda t: jet(weights, np.atleast_1d(t)).value[0], 0.7, 1e-5)
    assert abs(jet(weights, [0.7]).first[0] - slope) < 1e-7


@pytest.mark.parametrize("length", [0.5, 3.0])
def test_every_unit_switches_inside_the_interval(length):
    w, b, _ = random_weights(101, length, np.random.default_rng(0)).reshape(3, 101)
    assert ((-b / w >= 0) & (-b / w <= length)).all()
    assert 0.5 < w.std() * length / 4.0 < 2.0


def test_outputs_start_with_a_spread_of_three_tenths():
    c = random_weights(1009, 2.0, np.random.default_rng(0))[2018:]
    assert abs(c.std() - 0.3) < 0.03
    assert abs(c.mean()) < 0.05


def test_gauss_points_integrate_polynomials_exactly_up_to_their_degree():
    t, q = gauss_points(4, 3.0)
    for degree in range(8):
        np.testing.assert_allclose(q @ t**degree, 3.0**degree / (degree + 1), rtol=1e-12)
    assert abs(q @ t**8 - 3.0**8 / 9) > 1e-3


def test_shapes_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match=r"weights have shape \(4,\)"):
        jet(np.zeros(4), [0.0])
    with pytest.raises(ValueError, match="positive number"):
        random_weights(3, 0.0, np.random.default_rng(0))
    with pytest.raises(ValueError, match="n_units is 0"):
        random_weights(0, 1.0, np.random.default_rng(0))
    for n, length in ((0, 1.0), (3, -1.0)):
        with pytest.raises(ValueError, match=f"n is {n} and length {length}; expected at least 1 point"):
            gauss_points(n, length)
