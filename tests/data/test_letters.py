"""Letters from matplotlib's fonts: where they lie, how they are told apart, and what distortion does to them."""

import numpy as np
import pytest

from nndl_support.data.letters import FACES, distort, load_letters


def test_the_letters_have_their_shape_range_and_order():
    letters = load_letters()
    assert letters.X.shape == (26 * len(FACES), 14 * 14)
    assert letters.X.min() == 0.0
    assert 0.9 < letters.X.max() <= 1.0
    np.testing.assert_array_equal(letters.y[:27], [*range(26), 0])
    np.testing.assert_array_equal(np.bincount(letters.face), 26)
    assert letters.licence
    assert letters.source


def test_every_letter_is_centred_and_inside():
    images = load_letters().X.reshape(-1, 14, 14)
    for axis in (1, 2):
        ink = images.max(axis=axis) > 0.02
        first, last = ink.argmax(axis=1), 13 - ink[:, ::-1].argmax(axis=1)
        assert np.abs(first + last - 13).max() <= 2


def test_no_two_letters_of_a_face_look_the_same():
    for face in FACES:
        X = load_letters((face,)).X
        distance = np.linalg.norm(X[:, None] - X[None], axis=2)
        assert distance[~np.eye(26, dtype=bool)].min() > 0.8


def test_an_unknown_face_is_named():
    with pytest.raises(ValueError, match=r"unknown faces \['Comic'\]; known are DejaVuSans"):
        load_letters(("Comic",))


def test_a_shift_moves_all_ink_and_loses_none():
    image = np.zeros((1, 25))
    image[0, 12] = 1.0  # the middle of 5 x 5
    copies = distort(image, 400, shift=1, rng=np.random.default_rng(0)).reshape(-1, 5, 5)
    assert np.all(copies.sum(axis=(1, 2)) == 1)
    counts = copies.sum(axis=0)
    assert counts[1:4, 1:4].min() > 20
    assert counts.sum() == counts[1:4, 1:4].sum()


def test_copies_follow_their_original_and_noise_has_its_strength():
    X = np.array([[0.0] * 4, [1.0] * 4])
    noisy = distort(X, 5000, noise=0.3, rng=np.random.default_rng(0))
    assert noisy.shape == (10_000, 4)
    np.testing.assert_allclose([noisy[:5000].mean(), noisy[5000:].mean()], [0, 1], atol=0.01)
    assert noisy[:5000].std() == pytest.approx(0.3, rel=0.02)
    np.testing.assert_array_equal(distort(X, 2, rng=np.random.default_rng(0)), X[[0, 0, 1, 1]])


def test_images_that_are_not_square_are_refused():
    with pytest.raises(ValueError, match="square images as rows, not 6 pixels"):
        distort(np.zeros((1, 6)), 1, shift=1, rng=np.random.default_rng(0))
