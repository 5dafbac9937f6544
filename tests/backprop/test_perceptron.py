import numpy as np
import pytest
from sklearn.datasets import load_digits, make_blobs
from sklearn.linear_model import Perceptron as Peer
from sklearn.linear_model import SGDClassifier
from sklearn.utils.estimator_checks import parametrize_with_checks

from nndl_support.backprop.perceptron import Perceptron, average, mistake_path, one_pass
from nndl_support.data.watermelon import load_watermelon


@parametrize_with_checks([Perceptron(max_epochs=30), Perceptron(max_epochs=30, averaged=True)])
def test_perceptron_is_a_scikit_learn_estimator(estimator, check):
    check(estimator)


def separable_blobs(seed=0, classes=3):
    X, y = make_blobs(53, 3, centers=10 * np.eye(3)[:classes], cluster_std=1.0, random_state=seed)
    return X, y


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("fit_intercept", [True, False])
def test_weights_equal_those_of_scikit_learn(classes, fit_intercept):  # D39
    X, y = load_digits(n_class=classes, return_X_y=True)
    ours = Perceptron(shuffle=False, max_epochs=7, fit_intercept=fit_intercept).fit(X, y)
    peer = Peer(shuffle=False, max_iter=7, tol=None, fit_intercept=fit_intercept).fit(X, y)
    np.testing.assert_array_equal(ours.coef_, peer.coef_)
    np.testing.assert_array_equal(ours.intercept_, peer.intercept_)
    np.testing.assert_array_equal(ours.predict(X), peer.predict(X))


@pytest.mark.parametrize("classes", [2, 3])
def test_averaged_weights_equal_those_of_scikit_learn(classes):  # D39
    X, y = load_digits(n_class=10, return_X_y=True)
    X, y = X[y < classes + 6], np.maximum(y[y < classes + 6] - 6, 0)  # classes that are not easily told apart
    ours = Perceptron(averaged=True, shuffle=False, max_epochs=2).fit(X, y)
    assert ours.n_iter_ == 2
    peer = SGDClassifier(
        loss="perceptron",
        penalty=None,
        learning_rate="constant",
        eta0=1,
        average=True,
        shuffle=False,
        max_iter=2,
        tol=None,
    ).fit(X, y)
    np.testing.assert_allclose(ours.coef_, peer.coef_, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(ours.intercept_, peer.intercept_, rtol=1e-9, atol=1e-9)


def test_average_is_the_naive_mean_of_all_weights_on_the_way():  # D39
    rng = np.random.default_rng(0)
    X, targets = rng.normal(size=(11, 3)), rng.choice([-1.0, 1.0], size=(11, 2))
    weights, drift = np.zeros((2, 3)), np.zeros((2, 3))
    everything = []
    for t in range(33):
        n = t % 11
        one_pass(weights, drift, X[n : n + 1], targets[n : n + 1], examples_seen=t)
        everything.append(weights.copy())
    np.testing.assert_allclose(average(weights, drift, 33), np.mean(everything, axis=0), atol=1e-14)


def test_one_versus_rest_is_one_perceptron_for_each_class():
    X, y = load_digits(n_class=5, return_X_y=True)
    together = Perceptron(shuffle=False, max_epochs=3).fit(X, y)
    alone = [Perceptron(shuffle=False, max_epochs=3).fit(X, y == k) for k in range(5)]
    np.testing.assert_array_equal(together.coef_, np.vstack([model.coef_ for model in alone]))
    assert together.n_mistakes_ == sum(model.n_mistakes_ for model in alone)


def test_every_mistake_adds_the_signed_example_to_the_weights():
    rng = np.random.default_rng(2)
    X, y = rng.normal(size=(13, 3)), rng.choice([-1.0, 1.0], size=13)
    path, culprits = mistake_path(X, y, max_epochs=5)
    assert len(path) == len(culprits) + 1
    np.testing.assert_allclose(np.diff(path, axis=0), y[culprits, None] * X[culprits])
    assert (y[culprits] * (path[:-1] * X[culprits]).sum(axis=1) <= 0).all()


def test_estimator_and_path_make_the_same_mistakes():
    X, y = separable_blobs(classes=2)
    model = Perceptron(shuffle=False, fit_intercept=False).fit(X, y)
    path, culprits = mistake_path(X, 2 * y - 1)
    np.testing.assert_array_equal(model.coef_[0], path[-1])
    assert model.n_mistakes_ == len(culprits) == sum(model.mistakes_)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("averaged", [True, False])
def test_separable_classes_are_learnt_without_a_mistake(seed, averaged):
    X, y = separable_blobs(seed)
    model = Perceptron(averaged=averaged, random_state=seed, max_epochs=1000).fit(X, y)
    assert model.converged_
    assert model.mistakes_[-1] == 0
    assert model.n_iter_ == len(model.mistakes_) < 1000
    if not averaged:
        assert model.score(X, y) == 1.0


def test_inseparable_melons_never_let_the_rule_rest():
    melons = load_watermelon()
    model = Perceptron(max_epochs=200, random_state=0).fit(melons.X, melons.y)
    assert not model.converged_
    assert min(model.mistakes_) > 0


def test_learning_rate_only_scales_the_weights():
    X, y = separable_blobs()
    slow, fast = (Perceptron(learning_rate=rate, random_state=0).fit(X, y) for rate in (0.25, 8.0))
    np.testing.assert_array_equal(32 * slow.coef_, fast.coef_)
    np.testing.assert_array_equal(slow.predict(X), fast.predict(X))


@pytest.mark.parametrize("averaged", [True, False])
def test_partial_fit_on_batches_equals_one_pass_of_fit(averaged):
    X, y = load_digits(n_class=4, return_X_y=True)
    whole = Perceptron(averaged=averaged, shuffle=False, max_epochs=1).fit(X, y)
    batches = Perceptron(averaged=averaged, shuffle=False)
    for X_batch, y_batch in zip(np.array_split(X, 7), np.array_split(y, 7)):
        batches.partial_fit(X_batch, y_batch, classes=range(4))
    np.testing.assert_allclose(batches.coef_, whole.coef_, atol=1e-12)
    assert batches.n_mistakes_ == whole.n_mistakes_
    assert batches.n_iter_ == 7


def test_weights_read_before_do_not_move_when_learning_goes_on():
    X, y = load_digits(n_class=4, return_X_y=True)
    model = Perceptron(shuffle=False).partial_fit(X[:50], y[:50], classes=range(4))
    kept, copied = model.coef_, model.coef_.copy()
    assert np.abs(model.partial_fit(X, y).coef_ - copied).max() > 0
    np.testing.assert_array_equal(kept, copied)


def test_averaging_helps_after_two_passes_over_mnist():
    from nndl_support.data.digits import load_mnist_5k

    data = load_mnist_5k()
    plain, averaged = (
        np.mean(
            [
                Perceptron(averaged=flag, max_epochs=2, random_state=seed)
                .fit(data.X_train, data.y_train)
                .score(data.X_test, data.y_test)
                for seed in range(3)
            ]
        )
        for flag in (False, True)
    )
    assert averaged > plain + 0.02


def test_labels_of_any_kind_come_back():
    X, y = separable_blobs()
    names = np.array(["red", "green", "blue"])[y]
    assert set(Perceptron(random_state=0).fit(X, names).predict(X)) == {"red", "green", "blue"}


@pytest.fixture
def fitted():
    return Perceptron(random_state=0).fit(*separable_blobs())


@pytest.mark.parametrize(
    ("X", "y", "message"),
    [
        (np.zeros((4, 2)), [0, 0, 0, 0], "at least two classes, but y has one class"),
        (np.zeros((0, 2)), [], "Found array with 0 sample"),
        ([[0.0, np.nan], [1.0, 0.0]], [0, 1], "NaN"),
        ([[0.0, np.inf], [1.0, 0.0]], [0, 1], "infinity"),
        (np.zeros((3, 2)), [0, 1], "inconsistent numbers of samples"),
        (np.zeros((2, 2)), [0.5, 1.5], "Unknown label type"),
    ],
)
def test_bad_training_data_is_named(X, y, message):
    with pytest.raises(ValueError, match=message):
        Perceptron().fit(X, y)


def test_wrong_width_is_named(fitted):
    with pytest.raises(ValueError, match="X has 2 features, but Perceptron is expecting 3 features"):
        fitted.predict(np.zeros((1, 2)))
    with pytest.raises(ValueError, match="X has 4 features, but Perceptron is expecting 3 features"):
        fitted.partial_fit(np.zeros((1, 4)), [0])


def test_empty_batch_is_named(fitted):
    with pytest.raises(ValueError, match="Found array with 0 sample"):
        fitted.partial_fit(np.zeros((0, 3)), [])


def test_labels_unseen_before_are_named_and_change_nothing(fitted):
    before = fitted.coef_.copy()
    with pytest.raises(ValueError, match=r"y contains the labels \[7\], but the classes are \[0, 1, 2\]"):
        fitted.partial_fit(np.ones((2, 3)), [0, 7])
    with pytest.raises(ValueError, match=r"classes=\[0, 1\] differ from \[0, 1, 2\]"):
        fitted.partial_fit(np.ones((2, 3)), [0, 1], classes=[0, 1])
    np.testing.assert_array_equal(fitted.coef_, before)


def test_partial_fit_wants_the_classes_first():
    with pytest.raises(ValueError, match="classes must be passed on the first call to partial_fit"):
        Perceptron().partial_fit(np.ones((2, 3)), [0, 1])
    with pytest.raises(ValueError, match=r"y contains the labels \[2\], but the classes are \[0, 1\]"):
        Perceptron().partial_fit(np.ones((2, 3)), [0, 2], classes=[0, 1])


@pytest.mark.parametrize(
    "parameters",
    [
        {"learning_rate": 0},
        {"learning_rate": -1.0},
        {"learning_rate": "fast"},
        {"learning_rate": np.inf},
        {"max_epochs": 0},
        {"max_epochs": 2.5},
    ],
)
def test_parameters_out_of_range_are_named(parameters):
    with pytest.raises(ValueError, match=f"{next(iter(parameters))} must be"):
        Perceptron(**parameters).fit(*separable_blobs())


def test_scores_that_overflow_are_named_and_not_taken_for_success():
    X, y = separable_blobs()
    with pytest.raises(FloatingPointError, match=r"the scores overflow: X has entries up to .*scale X"):
        Perceptron().fit(1e200 * X, y)
    weights, drift = np.array([[np.nan]]), np.zeros((1, 1))
    assert one_pass(weights, drift, np.ones((1, 1)), np.ones((1, 1))) == 1


def test_a_score_of_exactly_zero_belongs_to_the_first_class():
    two = Perceptron(fit_intercept=False).fit([[1.0], [-1.0]], ["yes", "no"])
    assert two.predict([[0.0], [1e-300]]).tolist() == ["no", "yes"]
    assert Peer(fit_intercept=False).fit([[1.0], [-1.0]], ["yes", "no"]).predict([[0.0]]).tolist() == ["no"]


@pytest.mark.parametrize("limit", [1, 2, 3, 5])
def test_a_path_ends_at_the_greatest_number_of_mistakes_even_within_a_pass(limit):
    path, culprits = mistake_path([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0], [0.0, 1.0]], [1, -1, 1, -1], max_mistakes=limit)
    assert (len(path), len(culprits)) == (limit + 1, limit)
