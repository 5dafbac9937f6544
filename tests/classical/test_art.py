from fractions import Fraction

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.utils.estimator_checks import parametrize_with_checks

from nndl_support import records
from nndl_support.classical import art
from nndl_support.classical.art import ART1, FuzzyART, FuzzyARTMAP
from nndl_support.classical.complement_coding import complement_code, rectangle, rectangle_size
from nndl_support.classical.resonance import learn, search

DIGITS = load_digits().data / 16


class SquashedFuzzyART(FuzzyART):
    """Fuzzy ART of any numbers: the checks feed what lies outside [0, 1]."""

    def _check_values(self, X):
        return super()._check_values(0.5 + np.arctan(X) / np.pi)


class SquashedART1(ART1):
    """ART1 of the signs of any numbers, with their complements: no pattern is all zero."""

    def _check_values(self, X):
        return super()._check_values(np.hstack([X > 0, X <= 0]).astype(float))


@parametrize_with_checks([SquashedFuzzyART(), SquashedFuzzyART(learning_rate=0.5, max_epochs=3), SquashedART1()])
def test_both_are_scikit_learn_estimators(estimator, check):
    check(estimator)


def loop(X, *, vigilance, choice, learning_rate=1.0, epochs=1):
    """An independent network: one search after another, written with the functions of the chapter."""
    W, labels = [], []
    for _ in range(epochs):
        labels = []
        for x in X:
            trials = search(np.reshape(W, (-1, len(x))), x, vigilance=vigilance, choice=choice)
            if trials and trials[-1].resonates:
                j = trials[-1].category
                W[j] = learn(W[j], x, learning_rate=learning_rate)
            else:
                j = len(W)
                W.append(x.copy())
            labels.append(j)
    return np.array(W), np.array(labels)


# ART1 by hand -----------------------------------------------------------------------------------------------------------

PATTERNS = ["11100", "11000", "11111", "00111", "11101", "11011"]
BY_HAND = [  # with L = 2 and vigilance 0.7: proposals (category, T, M), then the label and the template that results
    ([], 0, "11100"),
    ([(0, "4/4", "2/2")], 0, "11000"),
    ([(0, "4/3", "2/5")], 1, "11111"),
    ([(1, "6/6", "3/3")], 1, "00111"),
    ([(0, "4/3", "2/4"), (1, "4/4", "2/4")], 2, "11101"),
    ([(0, "4/3", "2/4"), (2, "6/5", "3/4")], 2, "11001"),
]


def bits(pattern):
    return np.array([float(c) for c in pattern])


def test_art1_follows_the_pen_and_paper_example_step_by_step():
    model = ART1(vigilance=0.7, L=2.0)
    W = np.empty((0, 5))
    for pattern, (proposals, label, template) in zip(PATTERNS, BY_HAND):
        trials = search(W, bits(pattern), vigilance=0.7, choice=2.0 - 1.0)
        assert len(trials) == len(proposals)
        for trial, (j, T, M) in zip(trials, proposals):
            assert trial.category == j
            assert 2.0 * trial.choice == float(Fraction(T))  # the module leaves the factor L out
            assert trial.match == float(Fraction(M))
        model.partial_fit([bits(pattern)])
        W = model.weights_
        assert model.labels_.tolist() == [label]
        np.testing.assert_array_equal(W[label], bits(template))
    np.testing.assert_array_equal(ART1(0.7).fit([bits(p) for p in PATTERNS]).labels_, [0, 0, 1, 1, 2, 2])


def test_bottom_up_weights_give_the_choice_values_of_the_paper():
    model = ART1(vigilance=0.7, L=2.0).fit([bits(p) for p in PATTERNS])
    np.testing.assert_allclose(model.bottom_up_weights_ @ bits("11011"), [4 / 3, 4 / 4, 6 / 4])
    assert model.bottom_up_weights_.shape == (3, 5)


def test_art1_is_fuzzy_art_on_binary_patterns():
    X = (DIGITS[:400] > 0.5).astype(float)
    for L, vigilance in ((1.01, 0.6), (2.0, 0.8), (5.0, 0.4)):
        one = ART1(vigilance, L).fit(X)
        fuzzy = FuzzyART(vigilance, L - 1.0, complement_coding=False).fit(X)
        np.testing.assert_array_equal(one.labels_, fuzzy.labels_)
        np.testing.assert_array_equal(one.weights_, fuzzy.weights_)
        assert set(np.unique(one.weights_)) == {0.0, 1.0}


# Against an independent loop, and against artlib -------------------------------------------------------------------------


@pytest.mark.parametrize("learning_rate", [1.0, 0.5])
@pytest.mark.parametrize("complement_coding", [True, False])
@pytest.mark.parametrize("vigilance", [0.4, 0.75])
def test_fuzzy_art_is_the_plain_loop(vigilance, complement_coding, learning_rate):
    X = DIGITS[:150]
    W, labels = loop(
        complement_code(X) if complement_coding else X,
        vigilance=vigilance, choice=0.25, learning_rate=learning_rate, epochs=2,
    )  # fmt: skip
    model = FuzzyART(vigilance, 0.25, learning_rate, complement_coding=complement_coding, max_epochs=2).fit(X)
    np.testing.assert_array_equal(model.labels_, labels)
    np.testing.assert_array_equal(model.weights_, W)


@pytest.mark.parametrize(
    ("vigilance", "choice", "learning_rate"),
    [(0.0, 0.01, 1.0), (0.5, 0.01, 1.0), (0.7, 1e-3, 1.0), (0.6, 5.0, 1.0), (0.7, 0.01, 0.5)],
)
def test_labels_and_weights_on_all_digits_are_those_of_artlib(vigilance, choice, learning_rate):
    artlib = pytest.importorskip("artlib")
    peer = artlib.FuzzyART(vigilance, choice, learning_rate).fit(complement_code(DIGITS))
    ours = FuzzyART(vigilance, choice, learning_rate).fit(DIGITS)
    assert len(DIGITS) == 1797
    np.testing.assert_array_equal(ours.labels_, peer.labels_)
    np.testing.assert_array_equal(ours.weights_, peer.W)


def test_data_prepared_by_artlib_gives_its_labels_whether_coded_here_or_there():
    artlib = pytest.importorskip("artlib")
    peer = artlib.FuzzyART(0.75, 0.01, 1.0)
    prepared = peer.prepare_data(DIGITS)  # every pixel stretched to [0, 1], then complement coded
    peer.fit(prepared)
    coded_there = FuzzyART(0.75, 0.01, complement_coding=False).fit(prepared)
    coded_here = FuzzyART(0.75, 0.01).fit(prepared[:, :64])
    for ours in (coded_there, coded_here):
        np.testing.assert_array_equal(ours.labels_, peer.labels_)
        np.testing.assert_array_equal(ours.weights_, peer.W)


def test_predictions_are_artlibs_wherever_its_winner_reaches_the_vigilance():
    artlib = pytest.importorskip("artlib")
    train, new = DIGITS[:600], DIGITS[600:900]
    peer = artlib.FuzzyART(0.7, 0.01, 1.0).fit(complement_code(train))
    ours = FuzzyART(0.7, 0.01).fit(train)
    theirs, labels = peer.predict(complement_code(new)), ours.predict(new)
    match = np.minimum(complement_code(new), ours.weights_[theirs]).sum(axis=1) / 64
    assert 30 < np.sum(match >= 0.7) < 270
    np.testing.assert_array_equal(labels[match >= 0.7], theirs[match >= 0.7])
    np.testing.assert_array_equal(labels[labels < 0], -1)
    assert (labels == -1).any()


BINARY = complement_code((DIGITS > 0.5).astype(float))


@pytest.mark.parametrize(("vigilance", "L"), [(0.6, 2.0), (0.75, 1.5)])
def test_art1_on_all_binary_digits_is_artlibs_fuzzy_art_with_alpha_l_minus_1(vigilance, L):
    artlib = pytest.importorskip("artlib")
    peer = artlib.FuzzyART(vigilance, L - 1.0, 1.0).fit(BINARY)
    ours = ART1(vigilance, L).fit(BINARY)
    np.testing.assert_array_equal(ours.labels_, peer.labels_)
    np.testing.assert_array_equal(ours.weights_, peer.W)


def art1_of_the_paper(artlib):
    """artlib's ART1 with its match divided by |I|, and a new category weighted like a learnt one, in double precision.

    Its choice is a sum of many equal weights, whose last digit depends on the processor; rounded, equal choices are equal.
    """

    class PaperART1(artlib.ART1):
        def category_choice(self, i, w, params):
            choice, cache = super().category_choice(i, w, params)
            return round(float(choice), 12), cache

        def match_criterion(self, i, w, params, cache=None):
            return np.count_nonzero(i * w[self.dim_ :]) / np.count_nonzero(i), cache

        def new_weight(self, i, params):
            return np.concatenate([params["L"] / (params["L"] - 1 + i.sum()) * i, i])

        def update(self, i, w, params, cache=None):
            return self.new_weight(i * w[self.dim_ :], params)

    return PaperART1


@pytest.mark.parametrize(("vigilance", "L"), [(0.6, 2.0), (0.85, 2.0)])
def test_artlibs_art1_agrees_once_two_departures_from_the_paper_are_mended(vigilance, L):
    artlib = pytest.importorskip("artlib")
    X = (DIGITS[:500] > 0.5).astype(int)
    peer = art1_of_the_paper(artlib)(vigilance, L).fit(X)
    ours = ART1(vigilance, L).fit(X)
    np.testing.assert_array_equal(ours.labels_, peer.labels_)
    np.testing.assert_array_equal(ours.weights_, np.array(peer.W)[:, 64:])
    np.testing.assert_allclose(ours.bottom_up_weights_, np.array(peer.W)[:, :64])


def test_artlibs_own_art1_cannot_match_a_pattern_with_few_ones_with_itself():
    artlib = pytest.importorskip("artlib")
    X = np.array([[1, 0, 0, 0, 0]] * 3)
    assert len(artlib.ART1(0.7, 2.0).fit(X).W) == 3  # |I and w| / D = 1/5
    assert ART1(0.7, 2.0).fit(X).n_categories_ == 1


# Properties that the theory promises ------------------------------------------------------------------------------------


@pytest.mark.parametrize("learning_rate", [1.0, 0.3])
def test_no_component_of_a_template_ever_grows(learning_rate):
    model = FuzzyART(0.6, 0.01, learning_rate)
    X = np.random.default_rng(0).random((200, 3))
    before = model.partial_fit(X[:1]).weights_
    shrunk = 0
    for x in X[1:]:
        after = model.partial_fit([x]).weights_
        assert (after[: len(before)] <= before + 1e-15).all()
        shrunk += (after[: len(before)] < before).any()
        before = after
    assert shrunk > 20


@pytest.mark.parametrize("vigilance", [0.5, 0.8, 0.95])
def test_no_rectangle_outgrows_what_vigilance_allows_and_each_holds_its_examples(vigilance):
    X = np.random.default_rng(1).random((300, 3))
    model = FuzzyART(vigilance, 0.001).fit(X)
    assert rectangle_size(model.weights_).max() <= (1 - vigilance) * 3 + 1e-9
    lower, upper = rectangle(model.weights_)
    assert (X - lower[model.labels_]).min() >= -1e-12
    assert (upper[model.labels_] - X).min() >= -1e-12


@pytest.mark.parametrize("seed", range(5))
def test_a_category_that_nobody_left_is_the_bounding_box_of_its_examples(seed):
    X = np.random.default_rng(seed).integers(0, 17, (97, 2)) / 16
    model = FuzzyART(0.75, 0.001).fit(X)
    for j in range(model.n_categories_):
        lower, upper = rectangle(model.weights_[j])
        np.testing.assert_array_equal(lower, X[model.labels_ == j].min(axis=0))
        np.testing.assert_array_equal(upper, X[model.labels_ == j].max(axis=0))


def test_one_category_suffices_exactly_up_to_the_vigilance_of_the_bounding_box():
    X = np.random.default_rng(2).integers(2, 13, (53, 3)) / 16
    threshold = 1 - np.mean(X.max(axis=0) - X.min(axis=0))
    assert 0 < threshold < 0.5
    for seed in range(5):
        rows = np.random.default_rng(seed).permutation(53)
        assert FuzzyART(0.0).fit(X[rows]).n_categories_ == 1
        assert FuzzyART(threshold).fit(X[rows]).n_categories_ == 1
        assert FuzzyART(threshold + 1e-6).fit(X[rows]).n_categories_ > 1


def test_vigilance_zero_makes_one_category_without_complement_coding_too():
    X = np.random.default_rng(3).random((31, 5))
    assert FuzzyART(0.0, complement_coding=False).fit(X).n_categories_ == 1
    assert ART1(0.0).fit((X > 0.6) | np.eye(31, 5, dtype=bool) | (X.max(axis=1, keepdims=True) == X)).n_categories_ == 1


def test_with_vigilance_one_and_complements_every_distinct_pattern_has_its_category():
    X = np.random.default_rng(4).random((41, 3))
    X = np.vstack([X, X[::-1], X[5:20]])
    model = FuzzyART(1.0).fit(X)
    assert model.n_categories_ == 41
    np.testing.assert_array_equal(model.weights_, complement_code(X[:41]))
    np.testing.assert_array_equal(model.labels_[41:82], np.arange(41)[::-1])
    np.testing.assert_array_equal(model.predict(X), model.labels_)


def test_without_complements_vigilance_one_still_lets_a_part_erode_the_whole():
    whole, part = [1, 1, 0], [1, 0, 0]
    first = ART1(1.0).fit([whole, part])
    assert first.labels_.tolist() == [0, 0]  # the template is inside neither any more but equals the part
    np.testing.assert_array_equal(first.weights_, [part])
    again = ART1(1.0, max_epochs=5).fit([whole, part])
    assert again.converged_
    assert again.n_categories_ == 2
    assert ART1(1.0).fit(complement_code([whole, part])).n_categories_ == 2


def one_pass_choice(vigilance, grid):
    """Below this alpha a template inside the input is always proposed before one that is not, see the section."""
    return grid * vigilance / (1 - vigilance)


@pytest.mark.parametrize("vigilance", [0.5, 0.7, 0.9])
@pytest.mark.parametrize("order", range(3))
def test_fast_learning_with_small_alpha_is_stable_after_one_pass(vigilance, order):
    X = DIGITS[np.random.default_rng(order).permutation(len(DIGITS))[:500]]
    model = FuzzyART(vigilance, 0.9 * one_pass_choice(vigilance, 1 / 16), max_epochs=9).fit(X)
    assert model.converged_
    assert model.n_iter_ == 2  # the second pass only finds that nothing changes
    np.testing.assert_array_equal(model.weights_, clone(model).set_params(max_epochs=1).fit(X).weights_)
    np.testing.assert_array_equal(model.labels_, model.predict(X))
    again = model.weights_
    np.testing.assert_array_equal(model.partial_fit(X[::-1]).weights_, again)
    np.testing.assert_array_equal(model.labels_[::-1], model.predict(X))


def test_with_a_large_alpha_one_pass_is_not_enough_but_learning_still_ends():
    model = FuzzyART(0.5, 50.0, max_epochs=100).fit(DIGITS[:500])
    assert model.converged_
    assert model.n_iter_ > 2
    np.testing.assert_array_equal(model.labels_, model.predict(DIGITS[:500]))


@pytest.mark.parametrize("vigilance", [0.4, 0.7, 0.9])
def test_art1_needs_no_more_passes_than_there_are_sizes_of_patterns(vigilance):
    X = (DIGITS[:300] > 0.5).astype(float)
    sizes = len(np.unique(X.sum(axis=1)))
    model = ART1(vigilance, L=1.0 + 1e-4, max_epochs=100).fit(X)
    assert model.converged_
    assert model.n_iter_ - 1 <= sizes


def test_more_vigilance_makes_more_categories_on_the_digits():
    counts = [FuzzyART(v, 0.01).fit(DIGITS).n_categories_ for v in (0.0, 0.3, 0.5, 0.7, 0.9, 1.0)]
    assert counts == sorted(counts)
    assert counts[0] == 1
    assert counts[-1] == len(np.unique(DIGITS, axis=0))


def test_more_vigilance_need_not_make_more_categories_for_every_order():
    rng, fewer = np.random.default_rng(0), 0
    for _ in range(100):
        X = rng.integers(0, 9, (12, 2)) / 8
        low, high = (FuzzyART(v, 0.001).fit(X).n_categories_ for v in (0.75, 0.78))
        fewer += high < low
    assert fewer > 0


def test_the_order_of_the_examples_changes_the_categories():
    counts = {FuzzyART(0.6, 0.01, shuffle=True, random_state=s).fit(DIGITS[:300]).n_categories_ for s in range(5)}
    assert len(counts) > 1


def test_without_complement_coding_templates_erode_and_categories_multiply():
    X = np.random.default_rng(5).random((8000, 2))
    coded, plain = FuzzyART(0.7), FuzzyART(0.7, complement_coding=False)
    half, end = [], []
    for batch, counts in ((X[:4000], half), (X[4000:], end)):
        counts += [model.partial_fit(batch).n_categories_ for model in (coded, plain)]
    assert end[0] - half[0] <= 2
    assert end[1] - half[1] >= 4
    assert end[1] > 1.5 * end[0]


def test_slow_recoding_keeps_a_template_from_one_outlier():
    X = np.vstack([np.full((20, 2), 0.5), [[0.75, 0.75]]])
    fast, slow = (FuzzyART(0.5, 0.001, rate).fit(X) for rate in (1.0, 0.125))
    assert rectangle_size(fast.weights_) == pytest.approx([0.5])
    assert rectangle_size(slow.weights_) == pytest.approx([0.5 / 8])


# The interface ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "model", [FuzzyART(0.6, 0.25), FuzzyART(0.6, 0.25, 0.5), ART1(0.6)], ids=["fast", "slow", "ART1"]
)
def test_batches_one_by_one_and_all_at_once_are_the_same(model):
    X = (DIGITS[:200] > 0.5).astype(float)
    whole = clone(model).fit(X)
    batches, single = clone(model), clone(model)
    in_batches = np.concatenate([batches.partial_fit(part).labels_ for part in np.array_split(X, 7)])
    one_by_one = np.concatenate([single.partial_fit([x]).labels_ for x in X])
    for labels, learner in ((in_batches, batches), (one_by_one, single)):
        np.testing.assert_array_equal(labels, whole.labels_)
        np.testing.assert_array_equal(learner.weights_, whole.weights_)


def test_fit_forgets_and_partial_fit_does_not():
    model = FuzzyART(0.8).fit(DIGITS[:100])
    count = model.n_categories_
    assert model.partial_fit(DIGITS[100:200]).n_categories_ > count
    assert model.fit(DIGITS[:100]).n_categories_ == count


def test_weights_read_before_do_not_move_when_learning_goes_on():
    model = FuzzyART(0.5).fit(DIGITS[:100])
    kept, copied = model.weights_, model.weights_.copy()
    assert np.abs(model.partial_fit(DIGITS[100:]).weights_[: len(copied)] - copied).max() > 0
    np.testing.assert_array_equal(kept, copied)


def test_predict_learns_nothing_and_says_minus_one_to_what_it_does_not_know():
    model = FuzzyART(0.9).fit([[0.1, 0.1], [0.15, 0.1]])
    weights = model.weights_
    assert model.predict([[0.12, 0.1], [0.9, 0.9]]).tolist() == [0, -1]
    np.testing.assert_array_equal(model.weights_, weights)


def test_shuffled_labels_stand_in_the_order_of_the_examples():
    X = np.repeat(np.random.default_rng(6).integers(0, 17, (9, 3)) / 16, 3, axis=0)
    labels = FuzzyART(1.0, shuffle=True, random_state=0).fit(X).labels_
    assert (labels.reshape(9, 3) == labels[::3, None]).all()
    assert FuzzyART(1.0).fit(X).labels_.tolist() == np.repeat(np.arange(9), 3).tolist()
    assert sorted(set(labels)) == list(range(9))
    assert labels.tolist() != sorted(labels)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"vigilance": 1.5}, r"vigilance must lie in \[0, 1\], got 1.5"),
        ({"vigilance": -0.1}, r"vigilance must lie in \[0, 1\], got -0.1"),
        ({"vigilance": np.nan}, r"vigilance must lie in \[0, 1\], got nan"),
        ({"vigilance": "high"}, r"vigilance must lie in \[0, 1\], got 'high'"),
        ({"choice": 0.0}, "choice must be positive, got 0.0"),
        ({"choice": np.inf}, "choice must be positive, got inf"),
        ({"learning_rate": 0.0}, r"learning_rate must lie in \(0, 1\], got 0.0"),
        ({"learning_rate": 1.1}, r"learning_rate must lie in \(0, 1\], got 1.1"),
        ({"max_epochs": 0}, "max_epochs must be at least 1 and whole, got 0"),
        ({"max_epochs": 1.5}, "max_epochs must be at least 1 and whole, got 1.5"),
    ],
)
def test_parameters_out_of_range_are_named(parameters, message):
    with pytest.raises(ValueError, match=message):
        FuzzyART(**parameters).fit([[0.5, 0.5]])
    with pytest.raises(ValueError, match=message):
        FuzzyART(**parameters).partial_fit([[0.5, 0.5]])


@pytest.mark.parametrize("L", [1.0, 0.5, -2, np.nan])
def test_l_of_art1_must_exceed_one(L):
    with pytest.raises(ValueError, match="L must be greater than 1, got"):
        ART1(L=L).fit([[1, 0]])


def test_values_that_the_network_cannot_see_are_named():
    with pytest.raises(
        ValueError, match=r"FuzzyART learns values in \[0, 1\], but X lies between -0.5 and 3: scale it"
    ):
        FuzzyART().fit([[-0.5, 3.0]])
    with pytest.raises(ValueError, match=r"ART1 learns patterns of 0 and 1, but X has 2 other values such as 0\.5"):
        ART1().fit([[0, 1, 0.5], [1, 2, 0]])
    with pytest.raises(ValueError, match="row 1 of X is all zero"):
        ART1().fit([[1, 0], [0, 0]])
    with pytest.raises(ValueError, match="row 0 of X is all zero"):
        FuzzyART(complement_coding=False).fit([[0.0, 0.0]])
    assert FuzzyART().fit([[0.0, 0.0]]).n_categories_ == 1
    for model in (ART1(), FuzzyART()):
        with pytest.raises(ValueError, match="NaN"):
            model.fit([[1.0, np.nan]])


def test_what_is_refused_is_refused_in_partial_fit_and_predict_too_and_changes_nothing():
    model = FuzzyART(0.9).fit(DIGITS[:20])
    weights = model.weights_
    for method in (model.partial_fit, model.predict):
        with pytest.raises(ValueError, match=r"values in \[0, 1\]"):
            method(2 * DIGITS[20:30])
        with pytest.raises(ValueError, match="X has 3 features, but FuzzyART is expecting 64 features"):
            method(DIGITS[:5, :3])
    np.testing.assert_array_equal(model.weights_, weights)


def test_the_classifier_may_be_imported_from_here():
    assert art.FuzzyARTMAP is FuzzyARTMAP
    assert set(art.__all__) == {"ART1", "FuzzyART", "FuzzyARTMAP"}


# The record -------------------------------------------------------------------------------------------------------------


def test_the_record_of_the_race_against_artlib_keeps_its_claims():
    record = records.load("classical/art_vs_artlib")
    figures = record["figures"]
    for name in ("fuzzy_art", "art1"):
        for vigilance, result in figures[name].items():
            assert result["identical_labels"] == len(DIGITS)
            assert result["identical_weights"]
            ratios = [seconds["peer"] / seconds["ours"] for seconds in result["seconds"]]
            assert result["speedup"] == pytest.approx(ratios)
            assert result["median_speedup"] == pytest.approx(float(np.median(ratios)))
            if float(vigilance) in record["bars"]["vigilances"]:
                assert result["median_speedup"] >= record["bars"]["speedup"]
    counts = {v: FuzzyART(float(v), record["choice"]).fit(DIGITS).n_categories_ for v in ("0.5", "0.9")}
    assert {v: figures["fuzzy_art"][v]["categories"] for v in counts} == counts
