import copy
import pickle

import numpy as np
import pytest
from sklearn.exceptions import NotFittedError

from nndl_support.classical.art import ART1, FuzzyART, FuzzyARTMAP
from nndl_support.classical.category_learner import CategoryClusterer, CategoryLearner, check_number

LEARNERS = [FuzzyART(0.6), ART1(0.6), FuzzyARTMAP(0.6)]


def examples(n, seed=0):
    rng = np.random.default_rng(seed)
    return np.hstack([bits := rng.integers(0, 2, (n, 5)).astype(float), 1 - bits]), rng.integers(0, 3, n)


def test_the_three_networks_share_their_base():
    assert all(isinstance(model, CategoryLearner) for model in LEARNERS)
    assert [isinstance(model, CategoryClusterer) for model in LEARNERS] == [True, True, False]


@pytest.mark.parametrize("model", [FuzzyART(), ART1(), FuzzyARTMAP()], ids=lambda model: type(model).__name__)
def test_before_fit_there_is_nothing_to_ask_for(model):
    for ask in (lambda: model.weights_, lambda: model.n_categories_, lambda: model.predict(np.ones((1, 2)))):
        with pytest.raises(NotFittedError):
            ask()


@pytest.mark.parametrize("model", LEARNERS, ids=lambda model: type(model).__name__)
@pytest.mark.parametrize(
    "twin_of", [copy.deepcopy, lambda model: pickle.loads(pickle.dumps(model))], ids=["copy", "pickle"]
)
def test_a_copy_learns_on_by_itself_and_just_as_the_original(model, twin_of):
    X, y = examples(150)
    model.fit(X[:50], y[:50])
    twin, weights = twin_of(model), model.weights_
    twin.partial_fit(X[50:], y[50:])
    np.testing.assert_array_equal(model.weights_, weights)
    assert twin.n_categories_ >= model.n_categories_
    model.partial_fit(X[50:], y[50:])
    np.testing.assert_array_equal(twin.weights_, model.weights_)
    np.testing.assert_array_equal(twin.labels_, model.labels_)


@pytest.mark.parametrize("seed", [0, 1])
def test_shuffling_presents_another_order_in_every_epoch_and_the_seed_fixes_it(seed):
    X, _ = examples(80, seed=3)
    model = FuzzyART(0.7, 5.0, shuffle=True, random_state=seed, max_epochs=3)
    first, second = model.fit(X).labels_.copy(), model.fit(X).labels_
    np.testing.assert_array_equal(first, second)
    rng = np.random.RandomState(seed)
    by_hand = FuzzyART(0.7, 5.0)
    for _ in range(model.n_iter_):
        by_hand.partial_fit(X[rng.permutation(80)])
    np.testing.assert_array_equal(model.weights_, by_hand.weights_)


def test_learning_stops_after_the_first_epoch_that_changes_nothing():
    X, _ = examples(60)
    model = FuzzyART(0.6, max_epochs=50).fit(X)
    assert model.converged_
    assert model.n_iter_ < 50
    assert not FuzzyART(0.6, max_epochs=1).fit(X).converged_


@pytest.mark.parametrize("max_epochs", [1, 2, 3])
def test_learning_goes_on_for_max_epochs_when_templates_keep_changing(max_epochs):
    X = np.random.default_rng(0).random((97, 3))
    model = FuzzyART(vigilance=0.8, learning_rate=0.1, max_epochs=max_epochs).fit(X)
    assert model.n_iter_ == max_epochs
    assert not model.converged_


def test_a_number_out_of_range_is_named_with_its_value():
    with pytest.raises(ValueError, match="speed must be positive, got -3"):
        check_number("speed", -3, "be positive", lambda v: v > 0)
    with pytest.raises(ValueError, match="speed must be positive, got None"):
        check_number("speed", None, "be positive", lambda v: v > 0)
    check_number("speed", np.float64(2), "be positive", lambda v: v > 0)
