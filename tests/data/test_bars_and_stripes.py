import itertools
import math

import numpy as np
import pytest

from nndl_support.data.bars_and_stripes import make_bars_and_stripes


@pytest.mark.parametrize("size", [1, 2, 3, 4])
def test_the_patterns_are_those_of_all_pictures_whose_rows_or_columns_have_one_colour(size):
    expected = []
    for pixels in itertools.product((0, 1), repeat=size * size):
        picture = np.reshape(pixels, (size, size))
        rows = all(len(set(row)) == 1 for row in picture.tolist())
        columns = all(len(set(column)) == 1 for column in picture.T.tolist())
        if rows or columns:
            expected.append(pixels)
    patterns = make_bars_and_stripes(size)
    assert [tuple(row) for row in patterns.X.astype(int).tolist()] == expected
    assert patterns.X.dtype == np.float64
    assert patterns.image_shape == (size, size)


@pytest.mark.parametrize("size", [2, 3, 5, 7])
def test_their_number_is_that_of_the_formula_and_bounds_the_likelihood(size):
    patterns = make_bars_and_stripes(size)
    assert patterns.X.shape == (2 ** (size + 1) - 2, size * size)
    assert patterns.entropy == pytest.approx(math.log(2 ** (size + 1) - 2))


def test_turning_a_picture_by_a_quarter_or_inverting_it_gives_another_pattern_of_the_set():
    X = make_bars_and_stripes(3).X
    turned = {tuple(np.rot90(x.reshape(3, 3)).ravel()) for x in X}
    inverted = {tuple(1 - x) for x in X}
    assert turned == inverted == {tuple(x) for x in X}


@pytest.mark.parametrize("size", [0, 13, 2.0, True, "4"])
def test_other_sizes_are_named(size):
    with pytest.raises(ValueError, match=f"whole number from 1 to 12, but is {size!r}"):
        make_bars_and_stripes(size)
