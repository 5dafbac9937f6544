"""Medians over rows of records."""

import pytest

from nndl_support.pinn.record_rows import median_size

ROWS = [
    {"noise": 0.0, "seed": 0, "error": -5.0, "found": {"k": 1.0}},
    {"noise": 0.1, "seed": 0, "error": 2.0, "found": {"k": -7.0}},
    {"noise": 0.1, "seed": 1, "error": -3.0, "found": {"k": 9.0}},
    {"noise": 0.1, "seed": 2, "error": 11.0, "found": {"k": 2.0}},
]


def test_only_matching_rows_count_and_signs_do_not():
    assert median_size(ROWS, "error", noise=0.1) == 3.0
    assert median_size(ROWS, "found.k", noise=0.1) == 7.0
    assert median_size(ROWS, "error", noise=0.1, seed=2) == 11.0
    assert median_size(ROWS, "error") == 4.0


def test_settings_that_no_row_has_are_refused():
    with pytest.raises(ValueError, match="no row"):
        median_size(ROWS, "error", noise=0.3)
    with pytest.raises(ValueError, match=r"no row has {'scale': None}; the 4 rows have noise, seed, error, found"):
        median_size(ROWS, "error", scale=None)
    with pytest.raises(ValueError, match=r"no result 'found\.x'"):
        median_size(ROWS, "found.x", noise=0.1)
