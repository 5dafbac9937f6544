import numpy as np
import pytest

from nndl_support.pinn.reference_arguments import checked_grid, checked_points


def test_a_grid_becomes_two_lines_of_floats():
    x, t = checked_grid([0, 2, 5], range(2))
    assert (x.dtype, t.dtype, x.tolist(), t.tolist()) == (float, float, [0, 2, 5], [0, 1])
    assert checked_grid([], [])[1].shape == (0,)


def test_points_become_a_row_for_each_coordinate():
    x, y, t = checked_points([[1, 2, 3], [4, 5, 6]], "xyt")
    assert (x.tolist(), y.tolist(), t.tolist()) == ([1, 4], [2, 5], [3, 6])


def test_what_is_not_a_grid_or_a_list_of_points_is_named():
    with pytest.raises(ValueError, match=r"shapes \(2,\) and \(1, 1\)"):
        checked_grid([0, 1], [[0]])
    with pytest.raises(ValueError, match=r"down to -2\.0"):
        checked_grid([0, 1], [1, -2])
    with pytest.raises(ValueError, match=r"shape \(3,\); expected \(N, 2\), the columns x, y"):
        checked_points(np.zeros(3), "xy")
