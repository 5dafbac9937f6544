"""Blocks, codes, bits and decibels, each against its definition."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from nndl_support.backprop.compression import (
    blocks_to_image,
    decode,
    encode,
    image_to_blocks,
    peak_signal_to_noise_ratio,
    quantise,
)
from nndl_support.backprop.mlp import MLPRegressor


@given(rows=st.integers(1, 5), columns=st.integers(1, 5), size=st.integers(1, 4))
def test_blocks_go_back_to_where_they_came_from(rows, columns, size):
    image = np.arange(rows * columns * size * size).reshape(rows * size, columns * size)
    blocks = image_to_blocks(image, size)
    assert blocks.shape == (rows * columns, size * size)
    np.testing.assert_array_equal(blocks_to_image(blocks, columns), image)


def test_a_block_is_a_square_of_neighbouring_pixels_and_the_rest_is_dropped():
    image = np.arange(7 * 11).reshape(7, 11)
    blocks = image_to_blocks(image, 3)
    assert blocks.shape == (6, 9)
    np.testing.assert_array_equal(blocks[4].reshape(3, 3), image[3:6, 3:6])


def test_decoding_a_code_is_the_networks_own_answer():
    X = np.random.default_rng(0).random((11, 7))
    model = MLPRegressor((5, 2, 3), activation=("tanh", "identity", "relu"), max_epochs=2, random_state=0).fit(X, X)
    for layer, width in ((1, 5), (2, 2), (3, 3)):
        code = encode(model, X, layer)
        assert code.shape == (11, width)
        np.testing.assert_allclose(decode(model, code, layer), model.predict(X), rtol=1e-12)
    by_hand = np.tanh(X @ model.coefs_[0] + model.intercepts_[0]) @ model.coefs_[1] + model.intercepts_[1]
    np.testing.assert_allclose(encode(model, X, 2), by_hand, rtol=1e-12)


@given(arrays(float, 13, elements=st.floats(-1, 2)), st.integers(1, 10))
def test_a_quantised_value_lies_in_the_middle_of_its_cell(values, n_bits):
    rounded = quantise(values, n_bits, -1.0, 2.0)
    assert np.abs(rounded - values).max() <= 1.5 / 2**n_bits + 1e-12
    assert len(np.unique(rounded)) <= 2**n_bits
    np.testing.assert_allclose(quantise(rounded, n_bits, -1.0, 2.0), rounded)


def test_each_code_unit_has_its_own_limits():
    values = np.array([[0.1, 10.0], [0.9, 90.0]])
    np.testing.assert_allclose(quantise(values, 1, [0.0, 0.0], [1.0, 100.0]), [[0.25, 25.0], [0.75, 75.0]])


def test_a_bit_more_is_six_decibels_more():
    x = np.random.default_rng(0).random(100_000)
    ratios = [peak_signal_to_noise_ratio(x, quantise(x, bits, 0.0, 1.0)) for bits in (3, 4, 5)]
    # Uniform error of width 2^-b has variance 4^-b / 12.
    np.testing.assert_allclose(ratios, [10 * np.log10(12 * 4**bits) for bits in (3, 4, 5)], atol=0.05)


def test_an_exact_copy_has_no_noise():
    assert peak_signal_to_noise_ratio([1.0, 2.0], [1.0, 2.0]) == float("inf")
    assert peak_signal_to_noise_ratio([0.0], [1.0], peak=255.0) == pytest.approx(20 * np.log10(255))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: image_to_blocks(np.zeros((4, 4, 3)), 2), r"not shape \(4, 4, 3\)"),
        (lambda: image_to_blocks(np.zeros((4, 9)), 5), r"at least 5 x 5 pixels"),
        (lambda: blocks_to_image(np.zeros((6, 5)), 2), r"not \(6, 5\)"),
        (lambda: blocks_to_image(np.zeros((6, 4)), 4), "6 blocks do not fill rows of 4"),
        (lambda: quantise([0.0], 0, 0.0, 1.0), "at least one bit"),
        (lambda: quantise([0.0], 1, 1.0, 0.0), "low must lie below high"),
        (lambda: peak_signal_to_noise_ratio([0.0], [0.0, 1.0]), r"\(1,\), but the copy has shape \(2,\)"),
    ],
)
def test_a_mistake_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_a_layer_that_is_not_hidden_is_refused():
    X = np.random.default_rng(0).random((11, 7))
    model = MLPRegressor((5, 2), max_epochs=1, random_state=0).fit(X, X)
    for layer in (0, 3):
        with pytest.raises(ValueError, match=f"one of the 2 hidden layers, counted from 1, not {layer}"):
            encode(model, X, layer)
