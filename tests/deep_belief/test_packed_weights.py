"""What comes back differs from what was packed by at most half a level of its row."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nndl_support.deep_belief.packed_weights import pack, unpack


@given(st.integers(1, 127), st.integers(1, 7), st.integers(1, 11), st.integers(0, 1000))
def test_the_rounding_error_is_at_most_half_a_level_of_the_row(levels, n_rows, n_columns, seed):
    rng = np.random.default_rng(seed)
    W = rng.normal(size=(n_rows, n_columns)) * 10.0 ** rng.integers(-3, 4, size=(n_rows, 1))
    back = unpack(json.loads(json.dumps(pack({"W": W}, levels=levels))))["W"]
    half = np.abs(W).max(axis=1, keepdims=True) / levels / 2
    assert np.all(np.abs(back - W) <= half * 1.01 + np.abs(W) * 1e-5)


def test_names_and_shapes_survive_and_zeros_stay_zeros():
    arrays = {"W": np.zeros((3, 5)), "b": np.array([0.0, 2.0, -7.0])}
    back = unpack(pack(arrays))
    assert list(back) == ["W", "b"]
    assert back["W"].shape == (3, 5)
    assert not back["W"].any()
    np.testing.assert_allclose(back["b"], arrays["b"], atol=7 / 30 * 1.01)
    assert back["b"][2] == pytest.approx(-7, rel=1e-5)


def test_rows_have_scales_of_their_own():
    W = np.array([[1.0, 0.5, -0.25], [1000.0, -500.0, 250.0]])
    np.testing.assert_allclose(unpack(pack({"W": W}, levels=4))["W"], W, rtol=1e-5)


def test_fewer_levels_take_less_space():
    W = np.random.default_rng(0).normal(size=(50, 50))
    lengths = [len(pack({"W": W}, levels=levels)["W"]["text"]) for levels in (3, 31, 127)]
    assert lengths == sorted(lengths)
    assert lengths[1] < 1.6 * 50 * 50


def test_wrong_arrays_and_damaged_texts_are_refused():
    with pytest.raises(ValueError, match="levels is 128; expected 1 to 127"):
        pack({"b": [1.0]}, levels=128)
    with pytest.raises(ValueError, match=r"W has the shape \(2, 1, 1\); expected a finite vector or matrix"):
        pack({"W": [[[1.0]], [[2.0]]]})
    with pytest.raises(ValueError, match="b has the shape"):
        pack({"b": [np.nan]})
    damaged = pack({"b": [1.0, 2.0]})
    damaged["b"]["shape"] = [3]
    with pytest.raises(ValueError, match=r"b has the shape \[3\], but its text holds 2 numbers"):
        unpack(damaged)
