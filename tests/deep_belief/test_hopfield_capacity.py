import numpy as np
import pytest

from nndl_support import records
from nndl_support.deep_belief.hopfield_capacity import (
    crossing_load,
    extrapolate,
    load_at,
    random_patterns,
    recall_overlaps,
)
from nndl_support.deep_belief.hopfield_dynamics import asynchronous_path
from nndl_support.deep_belief.hopfield_storage import hebb_weights
from nndl_support.deep_belief.hopfield_theory import critical_load, hebb_overlap


def test_random_patterns_are_fair_and_uncorrelated():
    X = random_patterns(211, 307, np.random.default_rng(0))
    assert set(np.unique(X)) == {-1.0, 1.0}
    assert abs(X.mean()) < 4 / np.sqrt(X.size)
    G = X @ X.T / 307
    assert np.std(G[np.triu_indices(211, 1)]) == pytest.approx(307**-0.5, rel=0.03)


def test_overlaps_are_those_of_a_path_that_is_walked_slowly():
    m = recall_overlaps(31, 7, rng=np.random.default_rng(3))
    rng = np.random.default_rng(3)
    X = random_patterns(7, 31, rng)
    order = np.concatenate([rng.permutation(31) for _ in range(40)])
    for mu in range(7):
        end = asynchronous_path(hebb_weights(X), X[mu], order)[-1]
        assert m[0, mu] == pytest.approx(end @ X[mu] / 31)


def test_few_patterns_are_kept_by_both_rules_and_many_by_the_projection():
    for storage in ("hebb", "pseudo_inverse"):
        assert recall_overlaps(300, 6, storage=storage, rng=np.random.default_rng(0)).min() == 1.0
    assert recall_overlaps(200, 100, rng=np.random.default_rng(0)).mean() < 0.6
    assert recall_overlaps(200, 100, storage="pseudo_inverse", rng=np.random.default_rng(0)).min() == 1.0


@pytest.mark.parametrize("load", [0.08, 0.1, 0.11])
def test_overlaps_below_the_transition_are_those_of_theory(load):
    m = recall_overlaps(500, round(load * 500), n_networks=4, rng=np.random.default_rng(0))
    assert m.mean() == pytest.approx(float(hebb_overlap(load)), abs=0.006)


def test_curves_are_read_between_their_points():
    assert load_at([1, 2, 4], [0.9, 0.6, 0.2], 0.4) == pytest.approx(3.0)
    assert crossing_load([1, 2, 3], [0.8, 0.8, 0.8], [0.9, 0.9, 0.7]) == pytest.approx(2.5)


def test_a_straight_line_in_a_power_of_the_size_is_extrapolated_exactly():
    sizes = np.array([100, 200, 700])
    limit, distance = extrapolate(sizes, 0.138 + 0.9 * sizes**-0.8, 0.8)
    assert limit == pytest.approx(0.138)
    assert distance < 1e-12


def test_what_cannot_be_read_is_named():
    with pytest.raises(ValueError, match=r"the shares, from 0.9 to 0.7, do not fall through 0.5"):
        load_at([1, 2], [0.9, 0.7])
    with pytest.raises(ValueError, match="storage is 'storkey'; expected one of hebb, pseudo_inverse"):
        recall_overlaps(5, 2, storage="storkey", rng=np.random.default_rng(0))


# The record -------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def record():
    return records.load("deep_belief/hopfield_capacity")


def test_the_record_puts_the_capacity_where_theory_does(record):
    share = {str(row["n_units"]): row["share"] for row in record["figures"]}
    crossings = {
        pair: crossing_load(record["loads"], *(share[n] for n in pair.split("-"))) for pair in record["crossings"]
    }
    levels = {n: load_at(record["loads"], curve, record["level"]) for n, curve in share.items()}
    assert record["crossings"] == pytest.approx(crossings)
    assert record["loads_at_level"] == pytest.approx(levels)
    low, high = record["bars"]["capacity"]
    for power, limits in record["limits"].items():
        for name, values in (("crossings", crossings), ("levels", levels)):
            sizes = [int(key.split("-")[-1]) for key in values]
            limit, _ = extrapolate(sizes, list(values.values()), float(power))
            assert limits[name] == pytest.approx(limit)
            assert low <= limit <= high


def test_the_readings_of_the_record_approach_theory_from_both_sides(record):
    crossings, levels = list(record["crossings"].values()), list(record["loads_at_level"].values())
    assert (np.diff(crossings) > 0).all()
    assert (np.diff(levels) < 0).all()
    assert crossings[-1] < critical_load()[0] < levels[-1]


def test_the_record_has_the_overlaps_of_both_rules_at_0138(record):
    target, margin = record["bars"]["hebb_overlap"]
    k = record["loads"].index(0.138)
    for row in record["figures"]:
        assert row["overlap"][k] == pytest.approx(target, abs=margin)
    target, margin = record["bars"]["pseudo_inverse_overlap"]
    assert record["pseudo_inverse_overlap"] == pytest.approx(target, abs=margin)


def test_the_first_figure_of_the_record_can_be_computed_again(record):
    row = record["figures"][0]
    n, load = row["n_units"], record["loads"][0]
    rng = np.random.default_rng([n, round(1000 * load)])
    m = recall_overlaps(n, round(load * n), n_networks=3, rng=rng)
    np.testing.assert_allclose((m > record["recalled"]).mean(axis=1), row["per_network"][0][:3], atol=0.02)
