import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.ensemble import BaggingClassifier
from sklearn.utils.estimator_checks import parametrize_with_checks

from nndl_support.classical.artmap import MATCH_TRACKING, FuzzyARTMAP
from nndl_support.classical.complement_coding import complement_code, rectangle
from nndl_support.classical.resonance import choice_values, learn, match_values
from nndl_support.data.spirals import make_two_spirals

X, y = load_digits(return_X_y=True)
X = X / 16


class SquashedARTMAP(FuzzyARTMAP):
    """Fuzzy ARTMAP of any numbers: the checks feed what lies outside [0, 1]."""

    def _check_values(self, X):
        return super()._check_values(0.5 + np.arctan(X) / np.pi)


@parametrize_with_checks([SquashedARTMAP(), SquashedARTMAP(match_tracking="MT-", epsilon=1e-3, learning_rate=0.5)])
def test_artmap_is_a_scikit_learn_estimator(estimator, check):
    check(estimator)


def loop(X, y, *, vigilance, choice, epsilon, learning_rate=1.0):
    """Fuzzy ARTMAP with MT+ or, for a negative epsilon, MT-: the search written out, one proposal after another."""
    W, classes, labels, lifts = [], [], [], []
    for x, label in zip(complement_code(X), y):
        rho, winner = vigilance, None
        if W:
            activity, match = choice_values(W, x, choice=choice), match_values(W, x)
            for j in np.argsort(-activity, kind="stable"):
                if match[j] < rho - 1e-12:
                    continue
                if classes[j] == label:
                    winner = j
                    break
                rho = match[j] + epsilon
                lifts.append((match[j], rho))
        if winner is None:
            W.append(x)
            classes.append(label)
            winner = len(W) - 1
        else:
            W[winner] = learn(W[winner], x, learning_rate=learning_rate)
        labels.append(winner)
    return np.array(W), np.array(classes), np.array(labels), lifts


@pytest.mark.parametrize(("tracking", "epsilon"), [("MT+", 1e-3), ("MT+", 0.0), ("MT-", 1e-3), ("MT-", 0.05)])
@pytest.mark.parametrize("vigilance", [0.0, 0.6])
def test_artmap_is_the_plain_loop(tracking, epsilon, vigilance):
    signed = epsilon if tracking == "MT+" else -epsilon
    W, classes, labels, lifts = loop(X[:250], y[:250], vigilance=vigilance, choice=0.01, epsilon=signed)
    model = FuzzyARTMAP(vigilance, 0.01, match_tracking=tracking, epsilon=epsilon).fit(X[:250], y[:250])
    np.testing.assert_array_equal(model.labels_, labels)
    np.testing.assert_array_equal(model.weights_, W)
    np.testing.assert_array_equal(model.category_classes_, classes)
    assert len(lifts) > 20


@pytest.mark.parametrize("tracking", MATCH_TRACKING)
@pytest.mark.parametrize("vigilance", [0.0, 0.6])
def test_categories_on_the_digits_are_those_of_artlib(tracking, vigilance):
    artlib = pytest.importorskip("artlib")
    rows = slice(None) if tracking in ("MT+", "MT-") else slice(500)
    vigilance += 1e-7  # off the grid of the digits: under MT0 and MT~ artlib asks for more than the vigilance
    peer = artlib.SimpleARTMAP(artlib.FuzzyART(vigilance, 0.01, 1.0))
    peer.fit(complement_code(X[rows]), y[rows], match_tracking=tracking, epsilon=1e-3)
    ours = FuzzyARTMAP(vigilance, 0.01, match_tracking=tracking, epsilon=1e-3).fit(X[rows], y[rows])
    np.testing.assert_array_equal(ours.labels_, peer.module_a.labels_)
    np.testing.assert_array_equal(ours.weights_, peer.module_a.W)
    np.testing.assert_array_equal(ours.category_classes_, [peer.map[j] for j in range(ours.n_categories_)])
    np.testing.assert_array_equal(ours.predict(X[:200]), peer.predict(complement_code(X[:200])))


def test_match_tracking_lifts_the_vigilance_just_above_the_match_of_the_culprit():
    a, b = np.array([[0.25, 0.25]]), np.array([[0.5, 0.25]])
    model = FuzzyARTMAP(epsilon=1e-6).fit(a, ["A"])
    overlaps = model._memory.overlaps(complement_code(b)[0])
    match = overlaps[0] / 2
    assert match == 0.875
    assert model._lifted(match) == pytest.approx(match + 1e-6)
    minus = FuzzyARTMAP(match_tracking="MT-", epsilon=1e-6)
    assert minus._lifted(match) == pytest.approx(match - 1e-6)
    assert FuzzyARTMAP(match_tracking="MT1")._lifted(match) == np.inf
    assert match < FuzzyARTMAP(match_tracking="MT0")._lifted(match) < match + 1e-10


def test_tracking_refuses_a_category_that_the_baseline_would_accept():
    # C is right but matches x less than the culprit A: MT+ commits a new category, MT~ and a large MT- accept C.
    points, names = [[0.5, 0.5], [0.0, 0.0]], ["A", "C"]
    x, label = [[0.375, 0.5]], ["C"]
    counts = {}
    for tracking, epsilon in (("MT+", 1e-6), ("MT0", 0.0), ("MT1", 0.0), ("MT-", 0.9), ("MT~", 0.0)):
        model = FuzzyARTMAP(match_tracking=tracking, epsilon=epsilon).fit(points, names)
        assert model.n_categories_ == 2
        counts[tracking] = model.partial_fit(x, label).n_categories_
    assert counts == {"MT+": 3, "MT0": 3, "MT1": 3, "MT-": 2, "MT~": 2}


def test_a_category_that_had_its_turn_is_not_asked_again_when_mt_minus_lowers_the_vigilance():
    model = FuzzyARTMAP(1.0, 1.0, complement_coding=False, match_tracking="MT-", epsilon=0.2)
    model.partial_fit([[1.0, 0.0, 0.0, 0.0], [0.25, 1.0, 0.0, 0.75]], ["B", "A"])
    x = np.array([0.5, 0.25, 1.0, 0.25])
    np.testing.assert_array_equal(choice_values(model.weights_, x, choice=1.0), [0.25, 0.25])  # B is asked first
    np.testing.assert_array_equal(match_values(model.weights_, x), [0.25, 0.375])
    model.set_params(vigilance=0.3).partial_fit(
        [x], ["B"]
    )  # B fails, A errs, the vigilance falls to 0.175: too late for B
    assert model.labels_.tolist() == [2]


def test_rounding_does_not_refuse_a_match_that_equals_the_lifted_vigilance():
    rng, rounded = np.random.default_rng(9), 0
    for _ in range(40):
        culprit = rng.random(7)
        model = FuzzyARTMAP(complement_coding=False, epsilon=0.0).fit([culprit, rng.permutation(culprit)], ["A", "B"])
        assert model.n_categories_ == 2
        first, second = model._memory.overlaps(np.ones(7))
        rounded += first > second  # the same numbers, added in another order
        assert model.partial_fit([np.ones(7)], ["B"]).labels_.tolist() == [1]
    assert rounded > 3  # else nothing was tested


def test_the_lifted_vigilance_is_forgotten_with_the_next_example():
    model = FuzzyARTMAP(0.0).fit([[0.0, 0.0], [0.125, 0.0], [0.9, 0.9]], ["A", "B", "B"])
    assert model.labels_.tolist() == [0, 1, 1]  # far away, match 0.16: only the baseline of 0 lets it in


@pytest.mark.parametrize("tracking", ["MT+", "MT-", "MT0"])
@pytest.mark.parametrize("seed", range(3))
def test_after_convergence_every_training_example_is_predicted_right(tracking, seed):
    spirals = make_two_spirals()
    points = (spirals.X_train + 6.5) / 13
    model = FuzzyARTMAP(match_tracking=tracking, epsilon=1e-6, max_epochs=50, shuffle=True, random_state=seed)
    model.fit(points, spirals.y_train)
    assert model.converged_
    assert model.score(points, spirals.y_train) == 1.0


def test_every_category_holds_examples_of_its_class_inside_its_rectangle():
    model = FuzzyARTMAP(0.5).fit(X[:300], y[:300])
    lower, upper = rectangle(model.weights_[model.labels_])
    assert (X[:300] >= lower).all()
    assert (X[:300] <= upper).all()
    np.testing.assert_array_equal(model.category_classes_[model.labels_], y[:300])


def test_an_input_with_two_labels_makes_mt_plus_multiply_and_mt_minus_rest():
    points, names = [[0.25, 0.5]] * 2, ["A", "B"]
    plus = FuzzyARTMAP(max_epochs=20).fit(points, names)
    minus = FuzzyARTMAP(max_epochs=20, match_tracking="MT-", epsilon=1e-6).fit(points, names)
    assert not plus.converged_
    assert plus.n_categories_ == 21  # one more in every epoch
    assert minus.converged_
    assert minus.n_categories_ == 2


def test_new_classes_are_learnt_without_a_change_for_the_old_ones():
    old, new = y < 5, y >= 5
    model = FuzzyARTMAP(0.5).fit(X[old], y[old])
    before, kinds = model.weights_, model.category_classes_
    model.partial_fit(X[new], y[new])
    np.testing.assert_array_equal(model.classes_, np.arange(10))
    np.testing.assert_array_equal(model.weights_[: len(before)], before)
    np.testing.assert_array_equal(model.category_classes_[: len(kinds)], kinds)


def test_classes_that_sort_before_the_known_ones_keep_the_old_categories_right():
    model = FuzzyARTMAP().partial_fit([[0.75, 0.75]], ["m"]).partial_fit([[0.0, 0.0]], ["a"])
    assert model.classes_.tolist() == ["a", "m"]
    assert model.category_classes_.tolist() == ["m", "a"]
    model.partial_fit([[0.0, 1.0]], ["a long name"], classes=["z", "a long name"])
    assert model.classes_.tolist() == ["a", "a long name", "m", "z"]
    assert model.predict([[0.0, 1.0], [0.75, 0.75], [0.0, 0.0]]).tolist() == ["a long name", "m", "a"]


@pytest.mark.parametrize("tracking", MATCH_TRACKING)
def test_batches_one_by_one_and_all_at_once_are_the_same(tracking):
    model = FuzzyARTMAP(0.3, 0.01, match_tracking=tracking, epsilon=1e-3)
    whole, batches, single = clone(model).fit(X[:200], y[:200]), clone(model), clone(model)
    pieces = zip(np.array_split(X[:200], 7), np.array_split(y[:200], 7))
    in_batches = np.concatenate([batches.partial_fit(*piece).labels_ for piece in pieces])
    one_by_one = np.concatenate([single.partial_fit([x], [label]).labels_ for x, label in zip(X[:200], y)])
    for labels, learner in ((in_batches, batches), (one_by_one, single)):
        np.testing.assert_array_equal(labels, whole.labels_)
        np.testing.assert_array_equal(learner.weights_, whole.weights_)
        np.testing.assert_array_equal(learner.category_classes_, whole.category_classes_)


@pytest.mark.parametrize("seed", range(3))
def test_a_vote_of_orders_is_better_than_its_voters_on_average(seed):
    rows = np.random.default_rng(seed).permutation(len(X))
    train, test = rows[:600], rows[600:1200]
    voters = [FuzzyARTMAP(shuffle=True, random_state=s).fit(X[train], y[train]) for s in range(5)]
    mean = np.mean([voter.score(X[test], y[test]) for voter in voters])
    vote = BaggingClassifier(FuzzyARTMAP(shuffle=True), n_estimators=5, bootstrap=False, random_state=seed)
    assert vote.fit(X[train], y[train]).score(X[test], y[test]) > mean + 0.01


def test_one_class_is_one_category():
    model = FuzzyARTMAP().fit(X[:9], np.full(9, "only"))
    assert model.n_categories_ == 1
    assert set(model.predict(X)) == {"only"}


def test_apply_says_minus_one_to_what_it_does_not_know_and_predict_guesses():
    model = FuzzyARTMAP(0.9).fit([[0.1, 0.1], [0.2, 0.9]], [3, 7])
    assert model.apply([[0.1, 0.12], [0.9, 0.1]]).tolist() == [0, -1]
    assert model.predict([[0.1, 0.12], [0.9, 0.1]]).tolist() == [3, 3]


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"vigilance": 1.01}, r"vigilance must lie in \[0, 1\], got 1.01"),
        ({"choice": -1.0}, "choice must be positive, got -1.0"),
        ({"learning_rate": 2}, r"learning_rate must lie in \(0, 1\], got 2"),
        ({"epsilon": -1e-3}, "epsilon must be 0 or positive, got -0.001"),
        ({"match_tracking": "up"}, r"match_tracking must be one of MT\+, MT-, MT0, MT1, MT~, got 'up'"),
    ],
)
def test_parameters_out_of_range_are_named(parameters, message):
    with pytest.raises(ValueError, match=message):
        FuzzyARTMAP(**parameters).fit([[0.5, 0.5]], [0])


@pytest.mark.parametrize(
    ("points", "labels", "message"),
    [
        ([[0.5, 1.5]], [0], r"FuzzyARTMAP learns values in \[0, 1\], but X lies between 0.5 and 1.5"),
        ([[0.5, np.nan]], [0], "NaN"),
        ([[0.5, 0.5]], [0, 1], "inconsistent numbers of samples"),
        ([[0.5, 0.5], [0.25, 0.5]], [0.5, 1.5], "Unknown label type"),
    ],
)
def test_bad_training_data_is_named(points, labels, message):
    for method in (FuzzyARTMAP().fit, FuzzyARTMAP().partial_fit):
        with pytest.raises(ValueError, match=message):
            method(points, labels)
