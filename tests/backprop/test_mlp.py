"""The estimators: scikit-learn's rules, learning, its variants, and bad input."""

import pickle

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.utils.estimator_checks import parametrize_with_checks

from nndl_support import records
from nndl_support.activations import registry
from nndl_support.backprop.mlp import MLPClassifier, MLPRegressor
from nndl_support.backprop.network import backward, forward, objective
from nndl_support.data.digits import load_digits, load_mnist_5k

RNG = np.random.default_rng(0)
X = RNG.normal(size=(41, 3))
LABELS = np.array(["bad", "fair", "good"])[(X[:, 0] > 0).astype(int) + (X[:, 1] > 0.5)]
TARGETS = X @ np.array([[1.0, 0.5], [-1.0, 0.0], [0.0, 2.0]])


@parametrize_with_checks([MLPClassifier(), MLPRegressor(), MLPClassifier(early_stopping=True)])
def test_estimators_keep_the_rules_of_scikit_learn(estimator, check):
    check(estimator)


# --- quality -----------------------------------------------------------------------------------------------------


def test_digits_are_learnt_well():
    data = load_digits()
    scores = [
        MLPClassifier(64, max_epochs=30, random_state=seed)
        .fit(data.X_train, data.y_train)
        .score(data.X_test, data.y_test)
        for seed in range(3)
    ]
    assert np.mean(scores) >= 0.955


def test_mnist_5k_is_learnt_better_than_by_the_nearest_neighbours():
    data = load_mnist_5k()
    scores = [
        MLPClassifier(128, max_epochs=10, random_state=seed)
        .fit(data.X_train, data.y_train)
        .score(data.X_test, data.y_test)
        for seed in range(5)
    ]
    assert np.mean(scores) >= 0.945


@pytest.mark.parametrize("update", ["minibatch", "standard", "accumulated"])
def test_every_kind_of_update_solves_xor(update):
    corners, answer = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]), np.array([0, 1, 1, 0])
    network = MLPClassifier(
        8, activation="tanh", update=update, batch_size=2, learning_rate=0.1, max_epochs=500, random_state=0
    )
    np.testing.assert_array_equal(network.fit(corners, answer).predict(corners), answer)


@pytest.mark.parametrize("name", registry.names())
def test_every_activation_learns_a_line(name):
    network = MLPRegressor((7, 5), activation=name, learning_rate=0.005, max_epochs=600, random_state=0)
    assert network.fit(X, TARGETS[:, 0]).score(X, TARGETS[:, 0]) > 0.9


def test_targets_of_several_columns_keep_their_shape():
    network = MLPRegressor((11, 7), learning_rate=0.02, max_epochs=200, random_state=0).fit(X, TARGETS)
    assert network.predict(X).shape == TARGETS.shape
    assert network.score(X, TARGETS) > 0.9


@pytest.mark.parametrize(("output", "lower", "upper"), [("logistic", 0, 1), ("tanh", -1, 1)])
def test_s_shaped_outputs_stay_in_their_range(output, lower, upper):  # D38
    network = MLPRegressor(7, output_activation=output, max_epochs=50, random_state=0).fit(X, TARGETS[:, 0])
    predicted = network.predict(10 * X)
    assert lower <= predicted.min() < predicted.max() <= upper
    linear = MLPRegressor(7, max_epochs=50, random_state=0).fit(X, TARGETS[:, 0]).predict(10 * X)
    assert linear.min() < lower - 1
    assert linear.max() > upper + 1


# --- what an update is -------------------------------------------------------------------------------------------


def test_an_accumulated_epoch_is_one_step_down_the_gradient_of_the_objective():
    start = MLPClassifier(5, update="accumulated", momentum=0.0, learning_rate=1e-12, max_epochs=1, random_state=0)
    start.fit(X, LABELS)
    network = clone(start).set_params(learning_rate=0.1, alpha=0.3).fit(X, LABELS)
    y = np.eye(3)[np.searchsorted(network.classes_, LABELS)]
    passed = forward(X, start.coefs_, start.intercepts_, start.activations_)
    weight_gradients, bias_gradients = backward(
        y, *passed, start.coefs_, start.activations_, "cross_entropy", alpha=0.3
    )
    for before, after, gradient in zip(start.coefs_, network.coefs_, weight_gradients):
        np.testing.assert_allclose(after, before - 0.1 * gradient, atol=1e-10)
    for before, after, gradient in zip(start.intercepts_, network.intercepts_, bias_gradients):
        np.testing.assert_allclose(after, before - 0.1 * gradient, atol=1e-10)


def test_standard_updates_are_mini_batches_of_one_and_accumulated_ones_of_all():
    def weights(**options):
        return MLPClassifier(5, max_epochs=3, random_state=0, **options).fit(X, LABELS).coefs_

    for one, other in (
        (weights(update="standard"), weights(batch_size=1)),
        (weights(update="accumulated"), weights(batch_size=10**6)),
    ):
        for a, b in zip(one, other):
            np.testing.assert_allclose(a, b, atol=1e-14)


def test_examples_come_in_a_random_order_and_only_single_updates_notice():
    """Equal initial weights leave the order of the examples as the only thing that the seed decides."""

    def weights(update, seed):
        network = MLPRegressor(5, update=update, initialisation=0.1, max_epochs=2, random_state=seed)
        return network.fit(X, TARGETS).coefs_[0]

    assert np.abs(weights("standard", 0) - weights("standard", 1)).max() > 1e-6
    np.testing.assert_allclose(weights("accumulated", 0), weights("accumulated", 1), atol=1e-12)


def test_momentum_repeats_a_share_of_the_last_step():
    """With a learning rate of almost 0 the gradient stays what it was, so the steps add up as a geometric series."""
    options = {"update": "accumulated", "learning_rate": 1e-7, "alpha": 0.0, "random_state": 0}
    base = MLPRegressor(5, momentum=0.0, max_epochs=1, **options).fit(X, TARGETS)
    other = MLPRegressor(5, momentum=0.0, max_epochs=2, **options).fit(X, TARGETS)
    step = other.coefs_[0] - base.coefs_[0]
    start = base.coefs_[0] - step
    fast = MLPRegressor(5, momentum=0.5, max_epochs=3, **options).fit(X, TARGETS)
    np.testing.assert_allclose(fast.coefs_[0] - start, (1 + 1.5 + 1.75) * step, rtol=1e-4, atol=1e-13)


def test_the_schedules_end_near_zero():
    options = {"update": "accumulated", "learning_rate": 1e-7, "momentum": 0.0, "alpha": 0.0}
    options |= {"max_epochs": 10, "random_state": 0}
    moved = {}
    start = MLPRegressor(5, **{**options, "learning_rate": 1e-15}).fit(X, TARGETS).coefs_[0]
    for schedule in ("constant", "linear", "cosine"):
        moved[schedule] = np.abs(MLPRegressor(5, schedule=schedule, **options).fit(X, TARGETS).coefs_[0] - start).sum()
    assert moved["linear"] / moved["constant"] == pytest.approx(0.55, rel=1e-3)
    assert moved["cosine"] / moved["constant"] == pytest.approx(0.55, rel=1e-3)


def test_the_loss_curve_ends_at_the_objective():
    network = MLPRegressor(7, learning_rate=0.01, schedule="linear", max_epochs=200, alpha=0.01, random_state=0)
    network.fit(X, TARGETS)
    at_the_end = objective(
        X, TARGETS, network.coefs_, network.intercepts_, network.activations_, "squared_error", alpha=0.01
    )
    assert len(network.loss_curve_) == network.n_iter_ == 200
    assert network.loss_curve_[-1] == pytest.approx(at_the_end, rel=0.01)
    assert network.loss_curve_[-1] < network.loss_curve_[0] / 10


def test_a_stronger_penalty_gives_smaller_weights():
    sizes = [
        sum((W**2).sum() for W in MLPClassifier(7, alpha=alpha, random_state=0).fit(X, LABELS).coefs_)
        for alpha in (0.0, 0.01, 0.1)
    ]
    assert sizes[0] > sizes[1] > sizes[2]


def test_early_stopping_returns_to_the_best_epoch():
    data = load_digits()
    network = MLPClassifier(32, early_stopping=True, patience=5, max_epochs=300, random_state=0)
    network.fit(data.X_train, data.y_train)
    best = int(np.argmax(network.validation_scores_))
    assert network.n_iter_ == best + 1 + 5 < 300
    again = clone(network).set_params(max_epochs=best + 1, patience=300).fit(data.X_train, data.y_train)
    for one, other in zip(network.coefs_, again.coefs_):
        np.testing.assert_array_equal(one, other)


def test_constant_initial_weights_keep_the_hidden_units_alike():  # D30
    network = MLPClassifier(5, activation="logistic", initialisation=0.5, random_state=0).fit(X, LABELS)
    np.testing.assert_allclose(network.coefs_[0], network.coefs_[0][:, :1] * np.ones(5), rtol=1e-9)
    broken = MLPClassifier(5, activation="logistic", random_state=0).fit(X, LABELS)
    assert np.ptp(broken.coefs_[0], axis=1).min() > 0.1


# --- use ---------------------------------------------------------------------------------------------------------


def test_partial_fit_continues_as_fit_does():
    whole = MLPClassifier(5, max_epochs=4, random_state=0).fit(X, LABELS)
    parts = MLPClassifier(5, random_state=0)
    for _ in range(4):
        parts.partial_fit(X, LABELS, classes=["good", "bad", "fair"])
    assert parts.n_iter_ == 4
    np.testing.assert_allclose(parts.predict_proba(X), whole.predict_proba(X), atol=1e-14)
    resumed = pickle.loads(pickle.dumps(whole)).partial_fit(X, LABELS)
    np.testing.assert_allclose(resumed.coefs_[0], whole.partial_fit(X, LABELS).coefs_[0], atol=1e-15)


def test_partial_fit_learns_a_regression_too():
    network = MLPRegressor(7, learning_rate=0.02, random_state=0)
    for _ in range(100):
        network.partial_fit(X, TARGETS[:, 0])
    assert network.score(X, TARGETS[:, 0]) > 0.9


@pytest.mark.parametrize("estimator", [MLPClassifier(5, max_epochs=3), MLPRegressor(5, max_epochs=3)])
def test_clones_and_pickles_predict_the_same_and_seeds_differ(estimator):
    y = LABELS if isinstance(estimator, MLPClassifier) else TARGETS
    answer = estimator.predict_proba if isinstance(estimator, MLPClassifier) else estimator.predict
    estimator.set_params(random_state=0).fit(X, y)
    name = answer.__name__
    np.testing.assert_array_equal(getattr(clone(estimator).fit(X, y), name)(X), answer(X))
    np.testing.assert_array_equal(getattr(pickle.loads(pickle.dumps(estimator)), name)(X), answer(X))
    assert not np.allclose(getattr(clone(estimator).set_params(random_state=1).fit(X, y), name)(X), answer(X))


def test_heads_have_one_logistic_output_for_two_classes_and_a_softmax_for_more():  # D17
    two = MLPClassifier(5, max_epochs=2).fit(X, LABELS == "good")
    more = MLPClassifier((5, 4), activation=["tanh", "relu"], max_epochs=2).fit(X, LABELS)
    assert two.activations_ == ("relu", "logistic")
    assert more.activations_ == ("tanh", "relu", "softmax")
    assert [W.shape for W in two.coefs_] == [(3, 5), (5, 1)]
    assert [W.shape for W in more.coefs_] == [(3, 5), (5, 4), (4, 3)]
    for network in (two, more):
        np.testing.assert_allclose(network.predict_proba(X).sum(axis=1), 1.0)


def test_without_hidden_layers_it_is_logistic_regression():
    network = MLPClassifier((), alpha=0.0, learning_rate=0.5, max_epochs=50, random_state=0).fit(X, X[:, 0] > 0)
    assert network.score(X, X[:, 0] > 0) > 0.95


def test_squared_error_is_a_possible_loss_of_a_classifier():
    network = MLPClassifier(7, loss="squared_error", learning_rate=0.2, max_epochs=100, random_state=0)
    assert network.fit(X, LABELS).score(X, LABELS) > 0.9
    assert network.fit(X, LABELS == "good").score(X, LABELS == "good") > 0.9
    network.set_params(update="accumulated", learning_rate=1e-12, max_epochs=1)
    for labels in (LABELS, LABELS == "good"):
        network.fit(X, labels)
        y = network._encode(np.asarray(labels))
        expected = objective(
            X, y, network.coefs_, network.intercepts_, network.activations_, "squared_error", alpha=1e-4
        )
        assert network.loss_curve_ == [pytest.approx(expected, rel=1e-9)]


def test_the_held_out_part_has_each_class_in_its_share_where_that_is_possible():
    rare = np.arange(40) % 10 == 0
    for seed in range(5):
        y_validation = MLPClassifier(validation_fraction=0.5)._split(np.zeros((40, 1)), rare, seed=seed)[3]
        assert (len(y_validation), y_validation.sum()) == (20, 2)
    lonely = np.arange(40) == 7  # a class of one cannot be shared out, and is no reason to fail
    assert len(MLPClassifier()._split(np.zeros((40, 1)), lonely, seed=0)[3]) == 4


def test_a_refused_first_call_leaves_nothing_behind():
    network = MLPClassifier(5, random_state=0)
    with pytest.raises(ValueError, match="are not among the classes"):
        network.partial_fit(X, LABELS, classes=["bad", "fair"])
    network.partial_fit(X, LABELS, classes=["bad", "fair", "good"])
    assert list(network.classes_) == ["bad", "fair", "good"]


@pytest.mark.parametrize("kind", [str, object, int, bool])
def test_labels_come_back_in_the_kind_they_came_in(kind):
    labels = np.array(LABELS if kind in (str, object) else LABELS == "good", dtype=kind)
    network = MLPClassifier(5, max_epochs=3, random_state=0).fit(X, labels)
    assert network.predict(X).dtype == labels.dtype


def test_fitting_again_forgets_the_first_time():
    network = MLPClassifier(5, early_stopping=True, max_epochs=7, random_state=0).fit(X, LABELS)
    assert len(network.validation_scores_) == network.n_iter_
    network.set_params(early_stopping=False).fit(X[:, :2], LABELS == "good")
    fresh = MLPClassifier(5, max_epochs=7, random_state=0).fit(X[:, :2], LABELS == "good")
    assert network.validation_scores_ == []
    assert network.loss_curve_ == fresh.loss_curve_
    np.testing.assert_array_equal(network.predict_proba(X[:, :2]), fresh.predict_proba(X[:, :2]))


# --- bad input ---------------------------------------------------------------------------------------------------


def spoilt(value):
    bad = X.copy()
    bad[3, 1] = value
    return bad


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: MLPClassifier().fit(spoilt(np.nan), LABELS), "Input X contains NaN"),
        (lambda: MLPClassifier().fit(spoilt(np.inf), LABELS), "Input X contains infinity"),
        (lambda: MLPRegressor().fit(X, spoilt(np.nan)[:, 1]), "Input y contains NaN"),
        (lambda: MLPClassifier().fit(X[:0], LABELS[:0]), r"0 sample\(s\) \(shape=\(0, 3\)\)"),
        (lambda: MLPRegressor().fit(X, TARGETS).partial_fit(X[:0], TARGETS[:0]), r"0 sample\(s\)"),
        (lambda: MLPClassifier().fit(X, LABELS[:-1]), r"inconsistent numbers of samples: \[41, 40\]"),
        (
            lambda: MLPClassifier().fit(X, LABELS).predict(X[:, :2]),
            "X has 2 features, but MLPClassifier is expecting 3",
        ),
        (lambda: MLPRegressor().fit(X, TARGETS).predict(X[:, :2]), "X has 2 features, but MLPRegressor is expecting 3"),
        (lambda: MLPClassifier().fit(X, np.ones(41)), r"at least two classes, but y has one class only: \[1"),
        (lambda: MLPClassifier().fit(X, TARGETS[:, 0]), "Unknown label type: continuous"),
        (lambda: MLPClassifier(activation="sigmoid").fit(X, LABELS), "unknown activation 'sigmoid'; known are"),
        (lambda: MLPRegressor(output_activation="step").fit(X, TARGETS), "unknown activation 'step'; known are"),
        (lambda: MLPClassifier((5, 4), activation=["relu"]).fit(X, LABELS), "activation names 1 layers, but .* has 2"),
        (lambda: MLPClassifier((5, 0)).fit(X, LABELS), r"positive whole numbers, but is \(5, 0\)"),
        (lambda: MLPClassifier(None).fit(X, LABELS), "hidden_layer_sizes must be a whole number.*but is None"),
        (lambda: MLPClassifier(2.5).fit(X, LABELS), "hidden_layer_sizes must be a whole number.*but is 2.5"),
        (lambda: MLPClassifier("10").fit(X, LABELS), "hidden_layer_sizes must be positive whole numbers, but is '10'"),
        (lambda: MLPRegressor(activation=None).fit(X, TARGETS), "activation must be a name.*but is None"),
        (lambda: MLPClassifier(initialisation=np.nan).fit(X, LABELS), "a weight must be a finite number"),
        (
            lambda: MLPRegressor(early_stopping=True).fit(X[:9], TARGETS[:9]),
            "validation_fraction=0.1 of 9 rows holds out 1, but the score needs 2",
        ),
        (lambda: MLPClassifier().partial_fit(X, LABELS, classes=["bad"]), r"but classes has one class only: \['bad'\]"),
        (
            lambda: MLPClassifier(update="online").fit(X, LABELS),
            "update must be one of minibatch, standard, accumulated",
        ),
        (lambda: MLPClassifier(loss="hinge").fit(X, LABELS), "loss must be one of cross_entropy, squared_error"),
        (lambda: MLPClassifier(initialisation="ones").fit(X, LABELS), "unknown initialisation 'ones'"),
        (lambda: MLPClassifier(schedule="step").fit(X, LABELS), "schedule must be one of constant, linear, cosine"),
        (
            lambda: MLPClassifier(batch_size=0).fit(X, LABELS),
            "batch_size must be a whole number of at least 1, but is 0",
        ),
        (lambda: MLPClassifier(max_epochs=1.5).fit(X, LABELS), "max_epochs must be a whole number"),
        (lambda: MLPClassifier(learning_rate=0).fit(X, LABELS), r"learning_rate must lie in \(0, inf\), but is 0"),
        (lambda: MLPClassifier(momentum=1.0).fit(X, LABELS), r"momentum must lie in \[0, 1\), but is 1.0"),
        (lambda: MLPClassifier(alpha=-1).fit(X, LABELS), r"alpha must lie in \[0, inf\), but is -1"),
        (
            lambda: MLPRegressor(early_stopping=True).fit(X[:1], TARGETS[:1]),
            "early stopping needs data .* X has 1 rows",
        ),
        (lambda: MLPClassifier().partial_fit(X, LABELS), "the first call to partial_fit needs classes"),
        (
            lambda: MLPClassifier().partial_fit(X, LABELS, classes=["bad", "fair"]),
            r"labels \['good'\] are not among the classes \['bad', 'fair'\]",
        ),
        (
            lambda: MLPClassifier().fit(X, LABELS).partial_fit(X, LABELS, classes=["bad", "good"]),
            "differ from those of the first call",
        ),
        (lambda: MLPRegressor().fit(X, TARGETS).partial_fit(X, TARGETS[:, 0]), r"y has shape \(41,\), but"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_a_diverging_network_says_so_instead_of_returning_nonsense():
    with pytest.raises(FloatingPointError, match=r"training diverged in epoch \d+.*lower learning_rate=5"):
        MLPRegressor(learning_rate=5, random_state=0).fit(100 * X, 100 * TARGETS)


# --- the committed benchmark -------------------------------------------------------------------------------------


@pytest.mark.parametrize("data", ["digits", "mnist_5k"])
@pytest.mark.parametrize("peer", ["adam", "sgd"])
def test_the_record_beside_scikit_learn_keeps_its_bars(data, peer):
    """Accuracy at least the peer's less 0.3 point at 0.6 times its time, over five seeds; see benchmarks/test_backprop.py."""
    record = records.load("backprop/mlp_vs_sklearn")
    result = record["figures"][data]
    accuracy, seconds = result["accuracy"], result["seconds"]
    assert len(accuracy["ours"]) == len(accuracy[peer]) == len(record["seeds"]) == 5
    assert np.mean(accuracy["ours"]) >= np.mean(accuracy[peer]) - 0.003
    missed = [times["ours"] / times[peer] > 0.6 for times in seconds]
    assert len(missed) == 3
    assert sum(missed) < 2
    if data == "mnist_5k":
        assert np.mean(accuracy["ours"]) >= 0.945


# --- gradients at the present weights ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("network", "y"),
    [
        (MLPClassifier((7, 5), activation="tanh", alpha=0.3, max_epochs=2, random_state=0), LABELS),
        (MLPClassifier((7, 5), activation="logistic", max_epochs=2, random_state=0), LABELS == "good"),
        (MLPClassifier(7, loss="squared_error", activation="tanh", max_epochs=2, random_state=0), LABELS),
        (MLPRegressor((7, 5), activation="softplus", alpha=0.3, max_epochs=2, random_state=0), TARGETS),
        (MLPRegressor(7, activation="tanh", output_activation="tanh", max_epochs=2, random_state=0), TARGETS[:, 0]),
    ],
)
def test_gradients_are_those_of_the_mean_loss_without_the_penalty(network, y):
    """Central differences through the parameters of the fitted estimator itself."""
    network.fit(X, y)
    targets = network._encode(np.asarray(y))
    before = [p.copy() for p in (*network.coefs_, *network.intercepts_)]
    weight_gradients, bias_gradients = network.gradients(X, y)
    for p, kept in zip((*network.coefs_, *network.intercepts_), before):
        np.testing.assert_array_equal(p, kept)

    def loss():
        return objective(X, targets, network.coefs_, network.intercepts_, network.activations_, network._loss)

    for p, gradient in zip((*network.coefs_, *network.intercepts_), (*weight_gradients, *bias_gradients)):
        assert p.shape == gradient.shape
        for index in np.ndindex(p.shape):
            value, p[index] = p[index], p[index] + 1e-5
            above = loss()
            p[index] = value - 1e-5
            below = loss()
            p[index] = value
            assert gradient[index] == pytest.approx((above - below) / 2e-5, abs=1e-8)


def test_a_step_of_learning_follows_the_gradients_and_the_penalty():
    network = MLPRegressor((7, 5), update="accumulated", momentum=0.0, learning_rate=0.02, alpha=0.3, random_state=0)
    network.partial_fit(X, TARGETS)
    before, (by_weight, _) = [W.copy() for W in network.coefs_], network.gradients(X, TARGETS)
    network.partial_fit(X, TARGETS)
    for W, new, gradient in zip(before, network.coefs_, by_weight):
        np.testing.assert_allclose(new, W - 0.02 * (gradient + 0.3 * W), atol=1e-12)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: MLPClassifier().gradients(X, LABELS), "not fitted yet"),
        (lambda: MLPRegressor().gradients(X, TARGETS), "not fitted yet"),
        (lambda: MLPClassifier(5, max_epochs=1).fit(X, LABELS).gradients(spoilt(np.nan), LABELS), "X contains NaN"),
        (lambda: MLPClassifier(5, max_epochs=1).fit(X, LABELS).gradients(X[:, :2], LABELS), "X has 2 features, but"),
        (
            lambda: MLPClassifier(5, max_epochs=1).fit(X, LABELS).gradients(X, ["awful"] * 41),
            r"labels \['awful'\] are not",
        ),
        (
            lambda: MLPRegressor(5, max_epochs=1).fit(X, TARGETS).gradients(X, TARGETS[:, 0]),
            r"y has shape \(41,\), but",
        ),
        (lambda: MLPRegressor(5, max_epochs=1).fit(X, TARGETS).gradients(X[:0], TARGETS[:0]), r"0 sample\(s\)"),
    ],
)
def test_gradients_refuse_what_fit_refuses(call, message):
    with pytest.raises(ValueError, match=message):
        call()
