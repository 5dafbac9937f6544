"""The density of water against values that everyone knows."""

import numpy as np
import pytest
from scipy.optimize import minimize_scalar

from nndl_support.data.water import load_water_density, water_density


def test_the_formula_gives_the_handbooks_values():
    np.testing.assert_allclose(
        water_density([0, 4, 20, 25, 50, 100]), [999.84, 999.97, 998.21, 997.05, 988.04, 958.36], atol=0.02
    )


def test_water_is_densest_just_below_four_degrees():
    top = minimize_scalar(lambda t: -float(water_density(t)), bounds=(0, 10), method="bounded").x
    assert top == pytest.approx(3.98, abs=0.02)


def test_the_split_interleaves():
    water = load_water_density()
    np.testing.assert_array_equal(np.sort(np.r_[water.X_train, water.X_test][:, 0]), np.arange(0, 101, 5))
    np.testing.assert_array_equal(water.y_test, water_density(water.X_test[:, 0]))
    np.testing.assert_array_equal(water.y_beyond, water_density(water.X_beyond[:, 0]))
    assert water.X_beyond.min() > water.X_train.max()


def test_a_temperature_without_measurement_is_refused():
    with pytest.raises(ValueError, match=r"from 0 to 150 degrees Celsius, but was asked from -5\.0 to 20\.0"):
        water_density([-5.0, 20.0])
