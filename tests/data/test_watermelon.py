import numpy as np
import pytest

from nndl_support.data.watermelon import FIVE_MELONS, load_watermelon, load_watermelon_mixed

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


def entropy(y):
    p = np.bincount(y, minlength=2) / len(y)
    return -sum(q * np.log2(q) for q in p if q)


def gain(y, values):
    return entropy(y) - sum(np.mean(values == v) * entropy(y[values == v]) for v in set(values.tolist()))


@pytest.mark.parametrize(
    ("word", "printed"),
    [("colour", 0.109), ("root", 0.143), ("knock", 0.141), ("texture", 0.381), ("navel", 0.289), ("touch", 0.006)],
)
def test_the_words_give_the_information_gains_that_the_book_prints(word, printed):
    # Zhou (2016), section 4.2.1: six gains of the same table, to three digits; a misplaced word would move one.
    melons = load_watermelon_mixed()
    # The book rounds on the way (0.998 - 0.889 = 0.109), hence the last digit.
    assert gain(melons.y, melons.words[:, melons.word_names.index(word)]) == pytest.approx(printed, abs=0.0012)


@pytest.mark.parametrize(
    ("feature", "threshold", "printed"), [("density", 0.381, 0.262), ("sugar content", 0.126, 0.349)]
)
def test_the_numbers_give_the_information_gains_that_the_book_prints(feature, threshold, printed):
    # Zhou (2016), section 4.4.1: the best threshold of each numeric column and its gain.
    melons = load_watermelon_mixed()
    values = melons.X[:, melons.feature_names.index(feature)]
    middle = (np.sort(values)[1:] + np.sort(values)[:-1]) / 2
    gains = [gain(melons.y, values > t) for t in middle]
    assert max(gains) == pytest.approx(printed, abs=0.0012)
    assert middle[np.argmax(gains)] == pytest.approx(threshold, abs=0.001)


def test_every_word_is_one_of_its_column_s_values_and_the_numbers_follow():
    melons = load_watermelon_mixed()
    assert len(melons.feature_names) == melons.X.shape[1] == 19
    np.testing.assert_array_equal(melons.X[:, :17].sum(axis=1), 6)  # one value of each of six words
    for row, words in zip(melons.X, melons.words):
        for name, word in zip(melons.word_names, words):
            assert row[melons.feature_names.index(f"{name}={word}")] == 1
    np.testing.assert_array_equal(melons.X[:, 17:], load_watermelon().X)
