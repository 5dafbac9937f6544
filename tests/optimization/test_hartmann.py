"""Hartmann's function: its minimum, its batches, its error."""

import numpy as np
import pytest
from scipy.optimize import minimize

from nndl_support.optimization.hartmann import MINIMUM, hartmann6


def test_no_descent_from_the_known_minimiser_or_from_many_places_gets_below_the_minimum():
    known = [0.20169, 0.15001, 0.47687, 0.27533, 0.31165, 0.65730]
    starts = [known, *np.random.default_rng(0).random((20, 6))]
    found = [minimize(hartmann6, start, bounds=[(0, 1)] * 6).fun for start in starts]
    assert found[0] == pytest.approx(MINIMUM, abs=1e-8)
    assert min(found) >= MINIMUM - 1e-12


def test_the_second_deepest_bump_is_a_local_minimum_an_eighth_above_the_global_one():
    found = [minimize(hartmann6, start, bounds=[(0, 1)] * 6).fun for start in np.random.default_rng(1).random((20, 6))]
    local = np.array([value for value in found if value > MINIMUM + 1e-3])
    assert local.min() - MINIMUM == pytest.approx(0.119, abs=1e-3)


def test_a_batch_is_a_loop_over_points():
    x = np.random.default_rng(0).random((7, 6))
    np.testing.assert_allclose(hartmann6(x), [hartmann6(row) for row in x], rtol=1e-14)


def test_another_number_of_coordinates_is_refused():
    with pytest.raises(ValueError, match=r"x has shape \(3, 5\); expected \(M, 6\)"):
        hartmann6(np.zeros((3, 5)))
