from itertools import pairwise, product

import numpy as np
import pytest
import torch
from sklearn.datasets import make_blobs, make_friedman1
from sklearn.utils.estimator_checks import parametrize_with_checks

from nndl_support import records
from nndl_support.classical.candidates import score
from nndl_support.classical.cascade_correlation import CascadeCorrelationClassifier, CascadeCorrelationRegressor
from nndl_support.classical.output_phase import outputs
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


def fitted(kind, **options):
    """A network grown on a small problem, with its data and targets as the outputs see them."""
    options = {"max_units": 6, "random_state": 3} | options
    if kind == "numbers":
        X, y = wave()
        model = CascadeCorrelationRegressor(**options).fit(X, y)
    else:
        X, y = blobs(classes=2 if kind == "two classes" else 4)
        model = CascadeCorrelationClassifier(**options).fit(X, y)
    return model, X, model._encode(y)


every_kind = pytest.mark.parametrize("kind", ["two classes", "four classes", "numbers"])


def errors_on_the_way(model, X, T):
    """The design matrix, and the error left with 0, 1, ..., H units."""
    Z = model._features(X)
    return Z, [T - outputs(Z[:, : len(w)], w, model._loss) for w in model.stage_coefs_]


# --- the network -------------------------------------------------------------------------------------------------------


def forward_in_torch(model, X):
    """The whole network again, in torch, unit by unit."""
    function = {"tanh": torch.tanh, "logistic": torch.sigmoid, "gaussian": lambda z: torch.exp(-z * z / 2)}
    seen = [torch.ones(len(X), dtype=torch.float64)]
    for d in range(X.shape[1]):
        seen.append((torch.tensor(X[:, d]) - model.mean_[d]) / model.scale_[d])
    for w, kind in zip(model.hidden_coefs_, model.unit_types_):
        seen.append(function[kind](sum(weight * x for weight, x in zip(torch.tensor(w), seen))))
    net = torch.stack(seen, dim=1) @ torch.tensor(model.coef_)
    if model._loss == "squared_error":
        return net
    return torch.cat([1 - torch.sigmoid(net), torch.sigmoid(net)], dim=1) if net.shape[1] == 1 else net.softmax(dim=1)


@every_kind
@pytest.mark.parametrize("connections", ["cascade", "flat"])
def test_the_forward_pass_is_that_of_torch(kind, connections):
    model, X, _ = fitted(kind, connections=connections, unit_type=("tanh", "gaussian", "logistic"))
    expected = forward_in_torch(model, X).numpy()
    if kind == "numbers":
        np.testing.assert_allclose(model.predict(X), model._decode(expected), rtol=1e-10, atol=1e-12)
    else:
        np.testing.assert_allclose(model.predict_proba(X), expected, rtol=1e-9, atol=1e-12)


@every_kind
def test_a_unit_reads_everything_before_it_and_a_flat_one_the_inputs_only(kind):
    cascade, _, _ = fitted(kind)
    assert [len(w) for w in cascade.hidden_coefs_] == [1 + D + h for h in range(cascade.n_units_)]
    assert cascade.n_units_ >= 2
    flat, _, _ = fitted(kind, connections="flat")
    assert {len(w) for w in flat.hidden_coefs_} == {1 + D}
    H, K = cascade.n_units_, cascade.coef_.shape[1]
    assert cascade.n_weights_ == H * (1 + D) + H * (H - 1) // 2 + (1 + D + H) * K


@every_kind
def test_transform_gives_the_outputs_of_the_hidden_units(kind):
    model, X, _ = fitted(kind)
    H = model.transform(X)
    assert H.shape == (B, model.n_units_)
    first = np.tanh(np.column_stack([np.ones(B), (X - model.mean_) / model.scale_]) @ model.hidden_coefs_[0])
    np.testing.assert_allclose(H[:, 0], first, rtol=1e-12)


# --- growth ------------------------------------------------------------------------------------------------------------


@every_kind
@pytest.mark.parametrize("seed", range(2))
def test_the_residual_error_never_rises_when_a_unit_is_installed(kind, seed):
    for options in ({}, {"alpha": 0.1}, {"max_output_iter": 2}, {"criterion": "correlation"}, {"pool_size": 1}):
        model, _, _ = fitted(kind, random_state=seed, max_candidate_epochs=20, **options)
        assert len(model.loss_curve_) == model.n_units_ + 1 >= 2
        assert (np.diff(model.loss_curve_) <= 0).all()


@every_kind
def test_units_once_installed_stay_frozen(kind):
    few, X, _ = fitted(kind, max_units=3)
    many, _, _ = fitted(kind, max_units=6)
    assert few.n_units_ == 3 < many.n_units_
    for before, after in zip(few.hidden_coefs_, many.hidden_coefs_):
        np.testing.assert_array_equal(before, after)
    kept = [w.copy() for w in few.hidden_coefs_]
    y = few.predict(X) if kind == "numbers" else few.classes_[np.arange(B) % len(few.classes_)]
    few.grow(X, y + 0.1 * X[:, 0] if kind == "numbers" else y, n_units=2)
    assert few.n_units_ == 5
    for before, after in zip(kept, few.hidden_coefs_):
        np.testing.assert_array_equal(before, after)


@every_kind
@pytest.mark.parametrize("criterion", ["covariance", "correlation"])
def test_the_candidate_with_the_highest_score_is_installed(kind, criterion):
    model, X, T = fitted(kind, criterion=criterion)
    Z, errors = errors_on_the_way(model, X, T)
    for h, E in enumerate(errors[:-1]):
        V = Z[:, 1 + D + h : 2 + D + h]
        np.testing.assert_allclose(score(V, E, criterion=criterion)[0], model.candidate_scores_[h].max(), rtol=1e-9)
        expected = [np.corrcoef(V[:, 0], E[:, k])[0, 1] for k in range(E.shape[1])]
        np.testing.assert_allclose(model.correlations_[h], expected, atol=1e-9)
        assert len(model.candidate_scores_[h]) == model.pool_size


def test_least_squares_falls_by_exactly_what_the_correlation_promises():
    model, X, T = fitted("numbers", alpha=0.0, max_units=8)
    Z, errors = errors_on_the_way(model, X, T)
    for h, (before, after) in enumerate(pairwise(errors)):
        v, earlier = Z[:, 1 + D + h], Z[:, : 1 + D + h]
        rest = v - earlier @ np.linalg.lstsq(earlier, v, rcond=None)[0]
        unexplained = np.sum(rest**2) / np.sum((v - v.mean()) ** 2)  # 1 - R^2 of v given what is there
        fall = np.sum(after**2) / np.sum(before**2)
        r = model.correlations_[h][0]
        np.testing.assert_allclose(fall, 1 - r**2 / unexplained, rtol=1e-7)
        assert fall <= 1 - r**2 + 1e-12


@every_kind
def test_the_score_is_the_slope_of_the_loss_along_the_new_output_weight(kind):
    model, X, T = fitted(kind, max_output_iter=2000, alpha=1e-3, max_units=3)
    Z, errors = errors_on_the_way(model, X, T)
    for h, E in enumerate(errors[:-1]):
        slope = -Z[:, 1 + D + h] @ E / B  # derivative of the mean loss by the new weight, at weight 0
        np.testing.assert_allclose(np.abs(slope).sum(), model.candidate_scores_[h].max() / B, rtol=1e-3)


@every_kind
def test_the_same_seed_grows_the_same_network(kind):
    one, X, _ = fitted(kind)
    two, _, _ = fitted(kind)
    other, _, _ = fitted(kind, random_state=4)
    np.testing.assert_array_equal(one.transform(X), two.transform(X))
    assert np.abs(one.hidden_coefs_[0] - other.hidden_coefs_[0]).max() > 1e-6


@every_kind
def test_the_order_of_the_examples_does_not_matter(kind):
    options = {"max_units": 2, "max_candidate_epochs": 10, "alpha": 0.01, "max_output_iter": 1000, "random_state": 5}
    X, y = wave() if kind == "numbers" else blobs(classes=2 if kind == "two classes" else 4)
    estimator = CascadeCorrelationRegressor if kind == "numbers" else CascadeCorrelationClassifier
    order = np.random.default_rng(1).permutation(B)
    one, two = estimator(**options).fit(X, y), estimator(**options).fit(X[order], y[order])
    np.testing.assert_allclose(one.transform(X), two.transform(X), atol=2e-3)
    np.testing.assert_allclose(one.loss_curve_, two.loss_curve_, rtol=1e-3)


@every_kind
def test_stages_are_the_networks_that_smaller_limits_give(kind):
    model, X, _ = fitted(kind)
    stages = list(model.staged_predict(X))
    assert len(stages) == model.n_units_ + 1
    for limit in (0, 2):
        np.testing.assert_array_equal(stages[limit], fitted(kind, max_units=limit)[0].predict(X))
    np.testing.assert_array_equal(stages[-1], model.predict(X))


def test_staged_probabilities_end_at_the_probabilities():
    model, X, _ = fitted("four classes")
    *_, last = model.staged_predict_proba(X)
    np.testing.assert_array_equal(last, model.predict_proba(X))
    np.testing.assert_allclose(last.sum(axis=1), 1, rtol=1e-12)


def test_growth_stops_when_all_is_learnt():
    X = np.array(list(product([0, 1], repeat=2)))
    assert CascadeCorrelationClassifier(random_state=0).fit(X, X.all(axis=1)).n_units_ == 0
    assert CascadeCorrelationRegressor(random_state=0, alpha=0, tol=1e-9).fit(X, X @ [2.0, -3.0] + 1).n_units_ == 0


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
        for seed in range(3):
            X, y = make_friedman1(500, n_features=5, random_state=seed)
            model = CascadeCorrelationRegressor(max_units=8, criterion=criterion, random_state=seed)
            scores[criterion].append(model.fit(X[:200], y[:200]).score(X[200:], y[200:]))
    assert np.mean(scores["correlation"]) > np.mean(scores["covariance"]) > 0.8


def test_several_targets_share_the_hidden_units():
    X, y = wave()
    both = np.column_stack([y, 1000 * np.cos(X[:, 0])])
    model = CascadeCorrelationRegressor(max_units=15, random_state=0).fit(X, both)
    assert model.predict(X).shape == (B, 2)
    assert model.coef_.shape == (1 + D + model.n_units_, 2)
    assert model.score(X, both) > 0.9


# --- early stopping, and going on --------------------------------------------------------------------------------------


def test_early_stopping_returns_to_the_best_stage():
    X, y = wave(noise=1.0)
    model = CascadeCorrelationRegressor(early_stopping=True, patience=4, random_state=1).fit(X, y)
    best = int(np.argmax(model.validation_scores_))
    assert best == model.n_units_ == len(model.stage_coefs_) - 1 == len(model.unit_types_)
    assert len(model.validation_scores_) == best + 1 + 4 == len(model.loss_curve_)
    assert len(list(model.staged_predict(X))) == best + 1


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


@every_kind
def test_growing_goes_on_where_it_stopped(kind):
    X, y = wave() if kind == "numbers" else blobs(classes=2 if kind == "two classes" else 4)
    model, _, _ = fitted(kind, max_units=1)
    before = model.loss_curve_[-1]
    assert model.grow(X, y, n_units=2) is model
    assert model.n_units_ == 3
    assert len(model.stage_coefs_) == 4
    assert model.loss_curve_[-1] < before
    assert (np.diff(model.loss_curve_) <= 0).all()


# --- bad input ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("estimator", [CascadeCorrelationClassifier, CascadeCorrelationRegressor])
def test_a_constant_feature_neither_helps_nor_harms(estimator):
    X, y = blobs(classes=2)
    X = np.column_stack([X, np.full(B, 0.1)])
    model = estimator(max_units=3, random_state=0).fit(X, y)
    elsewhere = X.copy()
    elsewhere[:, -1] = 1e6
    np.testing.assert_array_equal(model.predict(X), model.predict(elsewhere))
    assert np.isfinite(model.transform(elsewhere)).all()


def test_a_constant_target_needs_no_unit():
    X, _ = wave()
    model = CascadeCorrelationRegressor().fit(X, np.full(B, 7.0))
    assert model.n_units_ == 0
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


def test_growing_on_labels_or_columns_never_seen_is_refused():
    model, X, _ = fitted("two classes")
    with pytest.raises(ValueError, match=r"labels \[2\] are not among the classes \[0, 1\]"):
        model.grow(X, np.arange(B) % 3)
    regressor, X, _ = fitted("numbers")
    with pytest.raises(ValueError, match="y has 2 dimensions, but fit saw 1"):
        regressor.grow(X, X[:, :2])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"max_units": -1}, "max_units must be a whole number of at least 0, but is -1"),
        ({"pool_size": 0}, "pool_size must be a whole number of at least 1, but is 0"),
        ({"pool_size": 2.5}, "pool_size must be a whole number"),
        ({"alpha": -1.0}, r"alpha must lie in \[0, inf\), but is -1.0"),
        ({"tol": 1.0}, r"tol must lie in \[0, 1\), but is 1.0"),
        ({"learning_rate": np.nan}, r"learning_rate must lie in \(0, inf\), but is nan"),
        ({"unit_type": "relu"}, "unit_type must be one or some of tanh, logistic, gaussian, but is 'relu'"),
        ({"unit_type": ()}, "unit_type must be one or some of"),
        ({"connections": "dense"}, "connections must be one of cascade, flat, but is 'dense'"),
        ({"criterion": "cosine"}, "criterion must be one of covariance, correlation, but is 'cosine'"),
        ({"validation_fraction": 0.99, "early_stopping": True}, "needs data to learn from"),
    ],
)
def test_parameters_outside_their_range_are_named(options, message):
    X, y = blobs()
    with pytest.raises(ValueError, match=message):
        CascadeCorrelationClassifier(**options).fit(X[:9], y[:9])


# --- two spirals -------------------------------------------------------------------------------------------------------


def test_two_spirals_are_told_apart_as_the_record_claims():
    record = records.load("classical/cascade_two_spirals")
    data = make_two_spirals()
    seed = record["seeds"][0]
    model = CascadeCorrelationClassifier(random_state=seed).fit(data.X_train, data.y_train)
    assert (model.predict(data.X_train) == data.y_train).sum() == 194
    assert model.n_units_ <= record["bars"]["median_units"]
    here = records.environment()["versions"]
    if all(here[name] == record["versions"][name] for name in ("numpy", "scipy")):
        assert model.n_units_ == record["figures"]["runs"][0]["units"]


def test_the_record_meets_the_bars():
    record = records.load("classical/cascade_two_spirals")
    runs, bars = record["figures"]["runs"], record["bars"]
    assert len(runs) == len(record["seeds"]) >= 20
    assert {run["correct"] for run in runs} == {bars["correct"]}
    assert np.median([run["units"] for run in runs]) <= bars["median_units"]
    assert max(run["seconds"] for run in runs) <= bars["seconds"]
    assert record["figures"]["median_units"] == np.median([run["units"] for run in runs])


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
