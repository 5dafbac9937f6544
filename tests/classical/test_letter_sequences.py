import re

import numpy as np
import pytest

from nndl_support.classical.letter_sequences import FEATURES, SYLLABLES, best_prediction, encode, letter_sequence


def test_a_sequence_consists_of_the_three_syllables_equally_often():
    letters = letter_sequence(3000, np.random.default_rng(0))
    assert re.fullmatch("(ba|dii|guuu)+", letters)
    counts = [letters.count(syllable[0]) for syllable in SYLLABLES]
    assert sum(counts) == 3000
    assert min(counts) > 900


def test_the_syllables_are_independent():
    letters = re.sub("[aiu]", "", letter_sequence(9000, np.random.default_rng(1)))
    pairs = [letters[i : i + 2] for i in range(len(letters) - 1)]
    assert all(abs(pairs.count(first + second) / len(pairs) - 1 / 9) < 0.01 for first in "bdg" for second in "bdg")


def test_the_six_letters_have_six_different_codes_and_are_a_consonant_or_a_vowel():
    codes = encode("bdgaiu")
    assert codes.shape == (6, len(FEATURES))
    assert len({row.tobytes() for row in codes}) == 6
    np.testing.assert_array_equal(codes[:, :2], [[1, 0]] * 3 + [[0, 1]] * 3)
    np.testing.assert_array_equal(codes[:, FEATURES.index("interrupted")], [1, 1, 1, 0, 0, 0])
    np.testing.assert_array_equal(codes[:, FEATURES.index("voiced")], np.ones(6))
    assert encode("i")[0, FEATURES.index("back")] == 0  # a front vowel
    assert encode("a")[0, FEATURES.index("high")] == 0  # an open vowel


def test_the_best_prediction_is_the_mean_of_what_comes_where_the_past_is_the_same():
    letters = letter_sequence(4000, np.random.default_rng(2))
    best, codes = best_prediction(letters), encode(letters)
    consonant = codes[:, 0] == 1
    np.testing.assert_array_equal(best[~consonant], codes[~consonant])
    np.testing.assert_allclose(best[consonant], np.broadcast_to([1, 0, 1, 1 / 3, 1 / 3, 1], (4000, 6)))
    np.testing.assert_allclose(codes[consonant].mean(axis=0), best[consonant][0], atol=0.03)


def test_no_letters_are_no_rows():
    assert encode("").shape == best_prediction("").shape == (0, 6)


def test_wrong_letters_are_named():
    with pytest.raises(ValueError, match=r"the letters \['e', 'x'\] have no code"):
        encode("bax e".replace(" ", ""))
    with pytest.raises(ValueError, match="no syllable begins at letter 2, which is 'u'"):
        best_prediction("bauuu")
