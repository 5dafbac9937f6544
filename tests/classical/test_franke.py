import numpy as np
import pytest

from nndl_support.classical.franke import franke


def test_each_bump_stands_where_it_should_with_its_height():
    # At the middle of one bump the other terms are computed by hand.
    at_peak = 0.75 + 0.75 * np.exp(-9 / 49 - 0.3) + 0.5 * np.exp(-(25 + 1) / 4) - 0.2 * np.exp(-4 - 25)
    at_dip = 0.75 * np.exp(-(4 + 25) / 4) + 0.75 * np.exp(-25 / 49 - 0.8) + 0.5 * np.exp(-(9 + 16) / 4) - 0.2
    np.testing.assert_allclose(franke([[2 / 9, 2 / 9], [4 / 9, 7 / 9]]), [at_peak, at_dip], rtol=1e-13)


def test_the_surface_is_not_symmetric_in_its_coordinates():
    np.testing.assert_allclose(
        franke([[7 / 9, 3 / 9]]), 0.5 + 0.75 * np.exp(-64 / 49 - 0.4) + 0.75 * np.exp(-26 / 4), atol=1e-9
    )
    assert franke([[3 / 9, 7 / 9]])[0] < 0.3


def test_wrong_shape_is_named():
    with pytest.raises(ValueError, match=r"x has shape \(5, 3\); expected \(M, 2\)"):
        franke(np.zeros((5, 3)))
