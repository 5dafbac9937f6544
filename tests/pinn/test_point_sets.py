"""Sequences, cells and shares: the parts that all regions are made with."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nndl_support.pinn import point_sets

MEASURES = st.lists(st.floats(0.01, 100), min_size=1, max_size=7).map(np.array)


@given(measures=MEASURES)
def test_parts_get_numbers_in_proportion_to_their_measure(measures):
    n = 1009
    part, within = point_sets.split_by_measure((np.arange(n) + 0.5) / n, measures)
    counts = np.bincount(part, minlength=len(measures))
    assert (np.abs(counts - n * measures / measures.sum()) <= 1 + 1e-9).all()
    for k in np.flatnonzero(counts > 1):
        np.testing.assert_allclose(np.diff(within[part == k]), measures.sum() / (n * measures[k]), rtol=1e-6)


@given(measures=MEASURES)
def test_the_place_within_a_part_stays_between_its_ends(measures):
    edges = np.append(0.0, np.cumsum(measures / measures.sum()))
    part, within = point_sets.split_by_measure(np.concatenate([edges, np.nextafter(edges, 0)]).clip(0, 1), measures)
    assert ((part >= 0) & (part < len(measures))).all()
    assert ((within >= 0) & (within <= 1)).all()


@given(lengths=st.lists(st.floats(0.1, 3), min_size=1, max_size=3).map(np.array), spacing=st.floats(0.1, 1))
def test_cells_are_equal_and_about_as_large_as_wanted(lengths, spacing):
    low = np.full(len(lengths), -1.5)
    points = point_sets.cell_centres(low, low + lengths, spacing)
    np.testing.assert_allclose(points.mean(axis=0), low + lengths / 2, atol=1e-12)
    for axis, length in enumerate(lengths):
        values = np.unique(points[:, axis])
        size = length / len(values)
        np.testing.assert_allclose(values, low[axis] + size * (np.arange(len(values)) + 0.5), atol=1e-12)
        assert len(values) == 1 or spacing / 1.51 < size < 1.51 * spacing
    assert len(points) == len(np.unique(points, axis=0))


def test_the_first_rows_that_are_kept_come_in_the_order_of_the_sequence():
    seen = []

    def half(u):
        seen.append(u)
        return u, u[:, 0] < 0.1

    (kept,) = point_sets.first_kept(23, 2, half, method="uniform", rng=np.random.default_rng(0))
    everything = np.concatenate(seen)
    np.testing.assert_array_equal(kept, everything[everything[:, 0] < 0.1][:23])
    assert len(seen) > 1


def test_a_sequence_that_is_drawn_in_parts_remains_one_sequence():
    draw = point_sets._sobol_stream(2, np.random.default_rng(0))
    points = np.concatenate([draw(100), draw(128), draw(200)])
    assert len(points) == 512
    # A net in base 2 has exactly one point in each of 512 cells, whichever way the square is cut.
    for columns in (1, 2, 8, 64, 512):
        cells = np.floor(points[:, 0] * columns) * (512 // columns) + np.floor(points[:, 1] * (512 // columns))
        assert len(np.unique(cells)) == 512


@pytest.mark.parametrize(
    ("n", "method", "rng", "error", "message"),
    [
        (0, "sobol", np.random.default_rng(0), ValueError, "n must be a whole number of at least 1, but is 0"),
        (2.5, "sobol", np.random.default_rng(0), ValueError, "but is 2.5"),
        (True, "grid", np.random.default_rng(0), ValueError, "but is True"),
        (3, "halton", np.random.default_rng(0), ValueError, "'sobol', 'uniform' or 'grid', but is 'halton'"),
        (3, "sobol", 0, TypeError, "rng must be a numpy.random.Generator, but is 0"),
        (3, "grid", np.random.RandomState(0), TypeError, "but is RandomState"),
    ],
)
def test_requests_that_cannot_be_met(n, method, rng, error, message):
    with pytest.raises(error, match=message):
        point_sets.check_request(n, method, rng)
