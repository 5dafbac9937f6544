"""The statistics of a comparison: closed forms, SciPy, coverage by simulation; and the record of the chapter's comparison."""

import itertools

import numpy as np
import pytest
from scipy import stats

from nndl_support import records
from nndl_support.activations import comparison, registry
from nndl_support.activations.learnt_units import LearntUnitClassifier
from nndl_support.backprop import network
from nndl_support.backprop.mlp import MLPClassifier
from nndl_support.data.digits import load_mnist_5k


@pytest.fixture(scope="module")
def record():
    return records.load("activations/choosing")


def test_the_interval_of_a_mean_is_students():
    values = np.random.default_rng(0).normal(size=7)
    estimate, low, high = comparison.mean_interval(values, confidence=0.9)
    peer = stats.ttest_1samp(values, 0.0).confidence_interval(0.9)
    assert (estimate, low, high) == pytest.approx((values.mean(), peer.low, peer.high))


def test_the_interval_covers_the_truth_as_often_as_it_says():
    rng = np.random.default_rng(1)
    hits = sum(low <= 3.0 <= high for _, low, high in map(comparison.mean_interval, rng.normal(3.0, 2.0, (2000, 5))))
    assert abs(hits - 1900) < 4 * np.sqrt(2000 * 0.95 * 0.05)


def test_the_paired_difference_is_scipys_and_unmoved_by_what_both_share():
    rng = np.random.default_rng(2)
    a, b, shared = rng.normal(size=(3, 11))
    found = comparison.paired_difference(a, b)
    peer = stats.ttest_rel(a, b)
    assert found.p_value == pytest.approx(peer.pvalue)
    assert (found.low, found.high) == pytest.approx(tuple(peer.confidence_interval(0.95)))
    assert comparison.paired_difference(a + 100 * shared, b + 100 * shared).p_value == pytest.approx(found.p_value)


def test_equal_differences_leave_no_doubt():
    a = np.array([0.9, 0.8, 0.7])
    assert comparison.paired_difference(a, a) == (0.0, 0.0, 0.0, 1.0)
    assert comparison.paired_difference(a + 0.25, a).p_value == 0.0


def test_holm_is_the_step_down_rule_on_every_order():
    """By the definition: reject the smallest at level/M, the next at level/(M - 1), until one stands."""
    p = [0.005, 0.011, 0.02, 0.021, 0.2]
    for order in itertools.permutations(range(5)):
        adjusted = comparison.holm([p[i] for i in order])
        for level in (0.02, 0.03, 0.05, 0.06, 0.5):
            rejected = set()
            for step, i in enumerate(sorted(range(5), key=lambda i: p[i])):
                if p[i] > level / (5 - step):
                    break
                rejected.add(i)
            assert {i for i, value in zip(order, adjusted) if value <= level} == rejected


def test_holm_keeps_false_alarms_rare():
    rng = np.random.default_rng(3)
    alarms = np.mean([(comparison.holm(rng.uniform(size=20)) < 0.05).any() for _ in range(4000)])
    unadjusted = np.mean([(rng.uniform(size=20) < 0.05).any() for _ in range(4000)])
    assert alarms < 0.06
    assert unadjusted > 0.6  # 1 - 0.95^20


@pytest.mark.parametrize(("n_right", "n"), [(0, 7), (7, 7), (950, 1000)])
def test_wilsons_interval_solves_its_quadratic(n_right, n):
    """Its ends are the p at which the observed share lies z standard errors away."""
    z = stats.norm.ppf(0.975)
    estimate, low, high = comparison.accuracy_interval(n_right, n)
    for end in (low, high):
        assert (estimate - end) ** 2 == pytest.approx(z**2 * end * (1 - end) / n, abs=1e-12)


def test_mcnemar_counts_coin_tosses():
    a, b = np.array([1] * 9 + [0] * 3 + [1] * 20, bool), np.array([0] * 9 + [1] * 3 + [1] * 20, bool)
    only_a, only_b, p = comparison.mcnemar(a, b)
    assert (only_a, only_b) == (9, 3)
    assert p == pytest.approx(2 * sum(stats.binom.pmf(k, 12, 0.5) for k in range(4)))
    assert comparison.mcnemar(a, a) == (0, 0, 1.0)
    assert comparison.mcnemar(b, a) == (3, 9, p)


def test_rank_intervals_of_methods_that_never_change_places_are_points():
    scores = np.array([[0.1], [0.5], [0.3]]) + np.random.default_rng(4).normal(size=5) * 10
    found = comparison.rank_intervals(scores, np.random.default_rng(0))
    np.testing.assert_array_equal(found, [[3, 3], [1, 1], [2, 2]])


def test_rank_intervals_of_equals_span_everything():
    scores = np.random.default_rng(5).normal(size=(4, 6))
    scores -= scores.mean(axis=1, keepdims=True)
    found = comparison.rank_intervals(scores, np.random.default_rng(0))
    assert (found[:, 0] == 1).all()
    assert (found[:, 1] == 4).all()


def test_silent_units_are_those_without_slope_on_every_example():
    z = [np.array([[-1.0, 5.0, -1.0], [-2.0, -5.0, 1.0]]), np.array([[-3.0, 0.5], [-0.1, 2.0]])]
    assert comparison.silent_share(z, registry.get("relu").derivative) == pytest.approx(2 / 5)
    assert comparison.silent_share(z, registry.get("leaky_relu").derivative) == 0.0
    steep = [np.array([[9.0, 0.0], [-9.0, 8.0]])]
    assert comparison.silent_share(steep, registry.get("logistic").derivative, tolerance=0.01) == 0.5


def test_wrong_arguments_are_named():
    with pytest.raises(
        ValueError, match=r"values must hold at least two finite numbers, one per seed, but has shape \(1,\)"
    ):
        comparison.mean_interval([0.5])
    with pytest.raises(ValueError, match="b must hold at least two finite numbers"):
        comparison.paired_difference([0.5, 0.6], [0.5, np.nan])
    with pytest.raises(ValueError, match="a has 3 scores and b has 2"):
        comparison.paired_difference([0.5, 0.6, 0.7], [0.5, 0.6])
    with pytest.raises(ValueError, match="p_values must be a vector of numbers between 0 and 1"):
        comparison.holm([0.5, 1.5])
    with pytest.raises(ValueError, match="8 right answers among 7 examples are not possible"):
        comparison.accuracy_interval(8, 7)
    with pytest.raises(ValueError, match=r"right_a has shape \(2,\) and right_b \(3,\)"):
        comparison.mcnemar([True, False], [True, False, True])
    with pytest.raises(ValueError, match=r"scores has shape \(4,\); expected \(M, S\) with at least two seeds"):
        comparison.rank_intervals([1.0, 2.0, 3.0, 4.0], np.random.default_rng(0))


# The record of the section "Choosing an activation function" --------------------------------------------------------


def retrain(record, unit, depth, which="best", seed=0):
    protocol = record["protocol"]
    options = {
        "learning_rate": record["units"][unit][str(depth)][which]["rate"],
        "schedule": "linear",
        "max_epochs": protocol["epochs"],
        "batch_size": protocol["batch_size"],
        "random_state": protocol["seeds"][str(depth)][seed],
    }
    if unit == "swiglu":
        network = LearntUnitClassifier((protocol["matched_width"][str(depth)],) * depth, unit="swiglu", **options)
    else:
        network = MLPClassifier((protocol["width"],) * depth, activation=unit, **options)
    mnist = load_mnist_5k()
    return network.fit(mnist.X_train, mnist.y_train), mnist


@pytest.mark.parametrize(("unit", "depth"), [("relu", 2), ("gelu", 8), ("swiglu", 2)])
def test_the_record_can_be_had_again(record, unit, depth):
    model, mnist = retrain(record, unit, depth)
    claimed = record["units"][unit][str(depth)]["best"]["accuracy"][0]
    assert model.score(mnist.X_test, mnist.y_test) == pytest.approx(
        claimed, abs=0.015
    )  # other BLAS, other rounding: another run


def test_the_share_of_silent_units_in_the_record_can_be_had_again(record):
    model, mnist = retrain(record, "relu", 2)
    z, _ = network.forward(mnist.X_train, model.coefs_, model.intercepts_, model.activations_)
    share = comparison.silent_share(z[:-1], registry.get("relu").derivative)
    assert share == pytest.approx(record["units"]["relu"]["2"]["best"]["silent_share"][0], abs=0.02)


def test_the_record_covers_the_registry_and_is_consistent(record):
    elementwise = {n for n in registry.names() if registry.get(n).derivative is not None and n != "swish"}
    assert set(record["units"]) == elementwise | {"prelu_learnt", "swish_learnt", "maxout", "swiglu"}
    for results in record["units"].values():
        for depth, at in results.items():
            curve = {float(rate): value for rate, value in at["validation"].items()}
            assert set(record["protocol"]["rates"]) <= set(curve)
            assert curve[at["best"]["rate"]] == max(curve.values())
            assert min(curve) < at["best"]["rate"] < max(curve)  # not at an end: a longer ladder would not help
            assert at["common"]["rate"] == record["protocol"]["common_rate"]
            for which in ("best", "common"):
                assert len(at[which]["accuracy"]) == len(record["protocol"]["seeds"][depth])
