import numpy as np
import pytest

from nndl_support.data.watermelon import FIVE_MELONS, load_watermelon

# The numbers as they were checked against the book, by class; the module has them in the book's order.
GOOD = {
    (0.697, 0.460),
    (0.774, 0.376),
    (0.634, 0.264),
    (0.608, 0.318),
    (0.556, 0.215),
    (0.403, 0.237),
    (0.481, 0.149),
    (0.437, 0.211),
}
BAD = {
    (0.666, 0.091),
    (0.243, 0.267),
    (0.245, 0.057),
    (0.343, 0.099),
    (0.639, 0.161),
    (0.657, 0.198),
    (0.360, 0.370),
    (0.593, 0.042),
    (0.719, 0.103),
}


def test_the_seventeen_melons_are_those_of_the_book():  # I19
    melons = load_watermelon()
    assert {tuple(x) for x in melons.X[melons.y == 1]} == GOOD
    assert {tuple(x) for x in melons.X[melons.y == 0]} == BAD
    assert melons.target_names[1] == "good"


def test_a_choice_of_melons_counts_from_one_as_the_book_does():
    melons = load_watermelon(melons=[17, 1])
    np.testing.assert_array_equal(melons.X, [[0.719, 0.103], [0.697, 0.460]])
    np.testing.assert_array_equal(melons.y, [0, 1])
    np.testing.assert_array_equal(melons.number, [17, 1])


def test_the_five_melons_hold_both_kinds():
    assert sorted(load_watermelon(melons=FIVE_MELONS).y) == [0, 0, 1, 1, 1]


@pytest.mark.parametrize("melons", [[0], [18], [1, -1]])
def test_a_melon_that_does_not_exist_is_refused(melons):
    with pytest.raises(ValueError, match=rf"numbered 1 to 17, but \[{melons[-1]}\]"):
        load_watermelon(melons=melons)


def test_whoever_changes_the_arrays_spoils_nothing_for_the_next():
    load_watermelon().X[:] = 0
    assert load_watermelon().X[0, 0] == 0.697
