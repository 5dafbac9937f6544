from itertools import product

import numpy as np
import pytest
from sklearn.datasets import make_blobs, make_friedman1
from sklearn.utils.estimator_checks import parametrize_with_checks

from nndl_support import records
from nndl_support.classical.cascade_correlation import CascadeCorrelationClassifier, CascadeCorrelationRegressor
from nndl_support.data.spirals import make_two_spirals

B, D = 47, 3


@parametrize_with_checks(
    [
        CascadeCorrelationClassifier(max_units=3, pool_size=3),
        CascadeCorrelationRegressor(max_units=3, pool_size=3),
        CascadeCorrelationClassifier(max_units=2, pool_size=3, early_stopping=True, connections="flat"),
    ]
)
def test_cascade_correlation_is_a_scikit_learn_estimator(estimator, check):
    check(estimator)


def blobs(seed=0, classes=4):
    """Overlapping classes: linear outputs alone do not fit them."""
    return make_blobs(B, D, centers=np.random.default_rng(seed).normal(size=(classes, D)), random_state=seed)


def wave(seed=0, noise=0.0):
    rng = np.random.default_rng(seed)
    X = rng.uniform(-2, 2, size=(B, D))
    return X, np.sin(2 * X[:, 0]) + X[:, 1] * X[:, 2] + noise * rng.normal(size=B)


# --- learning -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(5))
def test_exclusive_or_takes_one_unit(seed):
    X = np.array(list(product([0, 1], repeat=2)))
    model = CascadeCorrelationClassifier(random_state=seed).fit(X, X[:, 0] != X[:, 1])
    assert model.score(X, X[:, 0] != X[:, 1]) == 1
    assert model.n_units_ == 1


@pytest.mark.parametrize("seed", range(3))
def test_parity_of_five_bits_is_learnt_with_few_units(seed):
    X = np.array(list(product([0, 1], repeat=5)))
    model = CascadeCorrelationClassifier(random_state=seed).fit(X, X.sum(axis=1) % 2)
    assert model.train_scores_[-1] == 1
    assert model.n_units_ <= 7


@pytest.mark.parametrize("seed", range(3))
def test_a_smooth_function_is_approximated(seed):
    x = np.linspace(-3, 3, 101)[:, None]
    between = (x[1:] + x[:-1]) / 2
    options = {"max_units": 20, "unit_type": "gaussian", "connections": "flat", "random_state": seed}
    model = CascadeCorrelationRegressor(**options).fit(x, np.sin(2 * x[:, 0]))
    assert model.score(between, np.sin(2 * between[:, 0])) > 0.999


def test_correlation_approximates_a_function_of_five_inputs_better_than_covariance():
    scores = {}
    for criterion in ("covariance", "correlation"):
        scores[criterion] = []
        for seed in range(5):
            X, y = make_friedman1(500, n_features=5, random_state=seed)
            model = CascadeCorrelationRegressor(max_units=8, criterion=criterion, random_state=seed)
            scores[criterion].append(model.fit(X[:200], y[:200]).score(X[200:], y[200:]))
    # Medians, because one fit in twenty or so with the correlation goes astray.
    assert np.median(scores["correlation"]) > np.median(scores["covariance"]) > 0.8


def test_several_targets_share_the_hidden_units():
    X, y = wave()
    both = np.column_stack([y, 1000 * np.cos(X[:, 0])])
    model = CascadeCorrelationRegressor(max_units=15, random_state=0).fit(X, both)
    assert model.predict(X).shape == (B, 2)
    assert model.coef_.shape == (1 + D + model.n_units_, 2)
    assert model.score(X, both) > 0.9


def test_early_stopping_protects_against_wrong_labels():
    gains = []
    for seed in range(3):
        X, y = make_blobs(500, 2, centers=[[-1, 0], [1, 0]], cluster_std=0.5, random_state=seed)
        rng = np.random.default_rng(seed)
        wrong = np.where(rng.random(100) < 0.25, 1 - y[:100], y[:100])
        options = {"max_units": 15, "pool_size": 4, "random_state": seed}
        careless = CascadeCorrelationClassifier(**options).fit(X[:100], wrong)
        careful = CascadeCorrelationClassifier(early_stopping=True, **options).fit(X[:100], wrong)
        gains.append(careful.score(X[100:], y[100:]) - careless.score(X[100:], y[100:]))
        assert careful.n_units_ < careless.n_units_
    assert np.mean(gains) > 0.05


# --- bad input ---------------------------------------------------------------------------------------------------------


def test_a_constant_target_needs_no_unit():
    X, _ = wave()
    model = CascadeCorrelationRegressor().fit(X, np.full(B, 7.0))
    assert model.n_units_ == 0
    assert model.train_scores_ == [1.0]
    np.testing.assert_allclose(model.predict(X), 7.0)


@pytest.mark.parametrize("estimator", [CascadeCorrelationClassifier, CascadeCorrelationRegressor])
def test_missing_values_are_refused(estimator):
    X, y = blobs()
    X[3, 1] = np.nan
    with pytest.raises(ValueError, match="NaN"):
        estimator().fit(X, y)


def test_one_class_is_refused():
    with pytest.raises(ValueError, match="needs at least two classes, but y has one class: \\[4\\]"):
        CascadeCorrelationClassifier().fit(np.eye(3), [4, 4, 4])


# --- two spirals -------------------------------------------------------------------------------------------------------


def test_two_spirals_are_told_apart_as_the_record_claims():
    record = records.load("classical/cascade_two_spirals")
    data = make_two_spirals()
    seed = record["seeds"][0]
    model = CascadeCorrelationClassifier(random_state=seed).fit(data.X_train, data.y_train)
    assert (model.predict(data.X_train) == data.y_train).sum() == 194
    assert model.n_units_ <= record["bars"]["median_units"]


def test_the_record_meets_the_bars():
    record = records.load("classical/cascade_two_spirals")
    runs, bars = record["figures"]["runs"], record["bars"]
    assert len(runs) == len(record["seeds"]) >= 20
    assert {run["correct"] for run in runs} == {bars["correct"]}
    assert np.median([run["units"] for run in runs]) <= bars["median_units"]
    assert max(run["seconds"] for run in runs) <= bars["seconds"]
    assert record["figures"]["median_units"] == np.median([run["units"] for run in runs])


@pytest.mark.parametrize("estimator", [CascadeCorrelationClassifier, CascadeCorrelationRegressor])
def test_numbers_whose_squares_overflow_are_refused(estimator):
    X, y = blobs()
    with pytest.raises(ValueError, match=r"X has entries as large as .*e\+20\d, whose squares overflow"):
        estimator().fit(X * 1e200, y)
    with pytest.raises(ValueError, match=r"y has entries as large as 3.0e\+200, whose squares overflow"):
        CascadeCorrelationRegressor().fit(X, y * 1e200)


def test_the_recorded_network_is_what_the_record_says():
    record = records.load("classical/cascade_two_spirals")["figures"]["network"]
    data = make_two_spirals()
    model = CascadeCorrelationClassifier()
    model.n_features_in_, model.classes_ = 2, np.array([0, 1])
    model.mean_, model.scale_ = np.array(record["mean"]), np.array(record["scale"])
    model.hidden_coefs_ = [np.array(w) for w in record["hidden_coefs"]]
    model.unit_types_ = ["tanh"] * len(model.hidden_coefs_)
    model.stage_coefs_ = [np.array(record["coef"])]
    assert (model.predict(data.X_train) == data.y_train).sum() == 194
    assert model.score(data.X_test, data.y_test) == pytest.approx(record["between_the_points"])
