import hashlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nndl_support.data.splits import stratified_split


@settings(max_examples=50, deadline=None)
@given(
    sizes=st.lists(st.integers(5, 40), min_size=1, max_size=5),
    fraction=st.floats(0.15, 0.85),
    seed=st.integers(0, 99),
)
def test_every_row_stands_on_exactly_one_side_and_every_class_gives_its_share(sizes, fraction, seed):
    y = np.repeat(np.arange(len(sizes)), sizes)
    train, test = stratified_split(y, test_fraction=fraction, seed=seed)
    np.testing.assert_array_equal(np.sort(np.concatenate([train, test])), np.arange(len(y)))
    np.testing.assert_array_equal(np.bincount(y[test], minlength=len(sizes)), [round(fraction * n) for n in sizes])


def test_sorted_labels_come_out_shuffled_on_both_sides():
    y = np.repeat([0, 1, 2], 40)
    for rows in stratified_split(y, test_fraction=0.5):
        assert np.count_nonzero(np.diff(y[rows])) > 20  # sorted labels would change twice


def test_the_split_is_fixed_by_its_seed():
    y = np.repeat([0, 1], 20)
    first, again, other = (stratified_split(y, test_fraction=0.25, seed=seed) for seed in (3, 3, 4))
    np.testing.assert_array_equal(first[0], again[0])
    assert not np.array_equal(first[0], other[0])


def test_the_split_is_the_same_on_every_machine_and_with_every_numpy():
    # A fingerprint, not a truth: it notices a NumPy whose generator draws otherwise, which would move every accuracy.
    rows = np.concatenate(stratified_split(np.arange(1000) % 10, test_fraction=0.2)).astype("<i8")
    assert hashlib.sha256(rows.tobytes()).hexdigest()[:16] == "f27d1991d091cbbd"


@pytest.mark.parametrize("fraction", [0.0, 1.0, -0.1, float("nan")])
def test_a_fraction_that_is_none_is_refused(fraction):
    with pytest.raises(ValueError, match="between 0 and 1"):
        stratified_split([0, 0, 1, 1], test_fraction=fraction)


def test_a_class_too_small_for_both_sides_is_named():
    with pytest.raises(ValueError, match="class 7 has 1 example"):
        stratified_split([0, 0, 0, 0, 7], test_fraction=0.25)


def test_labels_must_be_one_per_example():
    with pytest.raises(ValueError, match=r"shape \(2, 2\)"):
        stratified_split([[0, 1], [1, 0]], test_fraction=0.5)
