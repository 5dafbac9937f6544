"""Samples come from the wake, from the window asked for, and from no place twice."""

import numpy as np
import pytest

from nndl_support.pinn.lattice_boltzmann import CylinderWake
from nndl_support.pinn.wake_samples import add_noise, relative_errors, scatter

X, Y, T = np.linspace(0, 5, 11), np.linspace(-2, 2, 9), np.linspace(10, 13, 7)


def wake():
    """Fields that tell where they were read."""
    t, y, x = np.meshgrid(T, Y, X, indexing="ij")
    empty = np.empty(0)
    return CylinderWake(X, Y, T, x + 10 * y, y * t, x - t, empty, empty, empty, 100.0, 0.1, 2, ())


def test_values_belong_to_their_points():
    points, values = scatter(wake(), 50, (0.9, 4.1, -1.1, 1.1), (11.0, 12.5), np.random.default_rng(0))
    x, y, t = points.T
    np.testing.assert_allclose(values, np.stack([x + 10 * y, y * (t + 11), x - (t + 11)], axis=1))
    assert x.min() >= 1
    assert x.max() <= 4
    assert np.abs(y).max() <= 1
    assert t.min() == 0
    assert t.max() <= 1.5


def test_all_places_of_a_window_can_be_drawn_and_none_twice():
    points, _ = scatter(wake(), 11 * 9 * 7, (0, 5, -2, 2), (10, 13), np.random.default_rng(1))
    assert len(np.unique(points, axis=0)) == 11 * 9 * 7
    with pytest.raises(ValueError, match="holds 7 snapshots of 9 x 11 nodes"):
        scatter(wake(), 11 * 9 * 7 + 1, (0, 5, -2, 2), (10, 13), np.random.default_rng(1))


def test_draws_are_spread_over_the_window():
    points, _ = scatter(wake(), 300, (0, 5, -2, 2), (10, 13), np.random.default_rng(2))
    np.testing.assert_allclose(points.mean(axis=0), [2.5, 0.0, 1.5], atol=0.3)


def test_noise_is_in_proportion_to_each_column_and_leaves_the_values_alone():
    values = np.random.default_rng(3).normal(size=(4000, 3)) * [1.0, 10.0, 0.1]
    copy = values.copy()
    noisy = add_noise(values, 0.05, np.random.default_rng(4))
    np.testing.assert_array_equal(values, copy)
    np.testing.assert_allclose((noisy - values).std(axis=0), 0.05 * values.std(axis=0), rtol=0.1)
    np.testing.assert_array_equal(add_noise(values, 0.0, np.random.default_rng(4)), values)
    with pytest.raises(ValueError, match="expected 0 or more"):
        add_noise(values, -0.1, np.random.default_rng(4))


def test_errors_are_relative_and_know_no_constant_of_the_pressure():
    rng = np.random.default_rng(5)
    truth = rng.normal(size=(50, 3)) + [1.0, 0.0, 3.0]
    found = 1.1 * truth
    expected = 0.1 * np.ones(3)
    np.testing.assert_allclose(relative_errors(found, truth), expected)
    np.testing.assert_allclose(relative_errors(found + [0, 0, 5.0], truth), expected)
    assert relative_errors(truth + [0.1, 0, 0], truth)[0] > 0.05
    with pytest.raises(ValueError, match="expected twice"):
        relative_errors(truth, truth[:, :2])
