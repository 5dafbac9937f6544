"""How the network grows, judged through the two estimators that grow."""

from itertools import pairwise, product

import numpy as np
import pytest
import torch
from sklearn.datasets import make_blobs

from nndl_support.classical import growing
from nndl_support.classical.candidates import score, train_pool
from nndl_support.classical.cascade_correlation import CascadeCorrelationClassifier, CascadeCorrelationRegressor
from nndl_support.classical.output_phase import outputs

B, D = 47, 3


def blobs(seed=0, classes=4):
    """Overlapping classes: linear outputs alone do not fit them."""
    return make_blobs(B, D, centers=np.random.default_rng(seed).normal(size=(classes, D)), random_state=seed)


def wave(seed=0, noise=0.0):
    rng = np.random.default_rng(seed)
    X = rng.uniform(-2, 2, size=(B, D))
    return X, np.sin(2 * X[:, 0]) + X[:, 1] * X[:, 2] + noise * rng.normal(size=B)


def fitted(kind, **options):
    """A network grown on a small problem, with its data and targets as the outputs see them."""
    options = {"max_units": 6, "pool_size": 4, "random_state": 3} | options
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


def test_early_stopping_returns_to_the_best_stage():
    X, y = wave(noise=1.0)
    model = CascadeCorrelationRegressor(early_stopping=True, patience=4, random_state=1).fit(X, y)
    best = int(np.argmax(model.validation_scores_))
    assert best == model.n_units_ == len(model.stage_coefs_) - 1 == len(model.unit_types_)
    assert len(model.validation_scores_) == best + 1 + 4 == len(model.loss_curve_)
    assert len(list(model.staged_predict(X))) == best + 1


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


def test_growing_on_labels_or_columns_never_seen_is_refused():
    model, X, _ = fitted("two classes")
    with pytest.raises(ValueError, match=r"labels \[2\] are not among the classes \[0, 1\]"):
        model.grow(X, np.arange(B) % 3)
    regressor, X, _ = fitted("numbers")
    with pytest.raises(ValueError, match="y has 2 dimensions, but fit saw 1"):
        regressor.grow(X, X[:, :2])


@pytest.mark.parametrize("estimator", [CascadeCorrelationClassifier, CascadeCorrelationRegressor])
def test_a_constant_feature_neither_helps_nor_harms(estimator):
    X, y = blobs(classes=2)
    X = np.column_stack([X, np.full(B, 0.1)])
    model = estimator(max_units=3, random_state=0).fit(X, y)
    elsewhere = X.copy()
    elsewhere[:, -1] = 1e6
    np.testing.assert_array_equal(model.predict(X), model.predict(elsewhere))
    assert np.isfinite(model.transform(elsewhere)).all()


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
        ({"unit_type": 5}, "unit_type must be one or some of tanh, logistic, gaussian, but is 5"),
        ({"connections": "dense"}, "connections must be one of cascade, flat, but is 'dense'"),
        ({"criterion": "cosine"}, "criterion must be one of covariance, correlation, but is 'cosine'"),
        ({"validation_fraction": 0.99, "early_stopping": True}, "needs data to learn from"),
    ],
)
def test_parameters_outside_their_range_are_named(options, message):
    X, y = blobs()
    with pytest.raises(ValueError, match=message):
        CascadeCorrelationClassifier(**options).fit(X[:9], y[:9])


def test_several_kinds_of_unit_take_turns_in_the_pool(monkeypatch):
    pools = []

    def spy(weights, Z, E, unit_types, **options):
        pools.append(list(unit_types))
        return train_pool(weights, Z, E, unit_types, **options)

    monkeypatch.setattr(growing, "train_pool", spy)
    fitted("two classes", unit_type=("tanh", "gaussian"), pool_size=5, max_units=1)
    assert pools == [["tanh", "gaussian", "tanh", "gaussian", "tanh"]]


def test_a_class_with_one_member_does_not_prevent_early_stopping():
    X, y = blobs(classes=2)
    y = np.append(y[:-1], 2)
    model = CascadeCorrelationClassifier(early_stopping=True, max_units=2, random_state=0).fit(X, y)
    assert len(model.validation_scores_) >= 1
