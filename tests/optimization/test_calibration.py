import numpy as np
import pytest
from sklearn.calibration import calibration_curve

from nndl_support.optimization.calibration import accuracy_of_the_surest, expected_calibration_error, reliability


def drawn(n=5000, n_classes=7, seed=0, sharpen=1.0):
    """Labels drawn from probabilities, which are then sharpened: calibrated without sharpening."""
    rng = np.random.default_rng(seed)
    p = rng.dirichlet(np.full(n_classes, 0.4), size=n)
    y = np.array([rng.choice(n_classes, p=row) for row in p])
    told = p**sharpen
    return told / told.sum(axis=1, keepdims=True), y


def test_two_bins_by_hand():
    p = [[0.9, 0.1], [0.8, 0.2], [0.3, 0.7], [0.55, 0.45]]
    bins = reliability(p, [0, 1, 1, 1], n_bins=10)
    # ceil puts 0.7 and 0.8 and 0.9 at the upper ends of their bins.
    np.testing.assert_allclose(bins.confidence, [0.55, 0.7, 0.8, 0.9])
    np.testing.assert_allclose(bins.accuracy, [0, 1, 0, 1])
    assert bins.n_examples.tolist() == [1, 1, 1, 1]
    assert expected_calibration_error(p, [0, 1, 1, 1], n_bins=10) == pytest.approx((0.55 + 0.3 + 0.8 + 0.1) / 4)


def test_the_bins_are_scikit_learn_s():
    p, y = drawn()
    bins = reliability(p, y, n_bins=10)
    accuracy, confidence = calibration_curve(p.argmax(axis=1) == y, p.max(axis=1), n_bins=10)
    np.testing.assert_allclose(bins.accuracy, accuracy)
    np.testing.assert_allclose(bins.confidence, confidence)
    assert bins.n_examples.sum() == len(y)


def test_true_probabilities_have_a_small_error_and_sharpened_ones_a_large_one():
    assert expected_calibration_error(*drawn()) < 0.03
    assert expected_calibration_error(*drawn(sharpen=3.0)) > 0.1
    bins = reliability(*drawn(sharpen=3.0))
    assert np.mean(bins.confidence > bins.accuracy) > 0.9  # overconfident


def test_with_one_bin_it_is_the_mean_confidence_against_the_accuracy():
    p, y = drawn(sharpen=2.0)
    expected = abs(p.max(axis=1).mean() - np.mean(p.argmax(axis=1) == y))
    assert expected_calibration_error(p, y, n_bins=1) == pytest.approx(expected)


def test_a_confidence_on_the_border_of_two_bins_belongs_to_the_lower_one():
    np.testing.assert_array_equal(reliability([[0.5, 0.5], [0.75, 0.25]], [0, 0], n_bins=2).n_examples, [1, 1])


def test_certainty_is_counted_in_the_last_bin():
    assert reliability([[1.0, 0.0]], [0], n_bins=3) == (1.0, 1.0, 1)
    assert expected_calibration_error([[1.0, 0.0]], [0]) == 0


def test_rejection_by_hand_and_by_sorting():
    u, right = [0.1, 0.9, 0.5, 0.2], [True, False, False, True]
    np.testing.assert_allclose(accuracy_of_the_surest(u, right, [0.25, 0.5, 0.75, 1.0]), [1, 1, 2 / 3, 0.5])
    rng = np.random.default_rng(0)
    u, right = rng.random(101), rng.random(101) < 0.7
    kept = np.argsort(u)[:47]
    assert accuracy_of_the_surest(u, right, [47 / 101])[0] == pytest.approx(right[kept].mean())
    assert accuracy_of_the_surest(u, right, [1e-9])[0] == right[np.argmin(u)]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: reliability([[0.5, 0.5]], [0, 1]), r"shape \(1, 2\) and y \(2,\)"),
        (lambda: reliability([[3.0, -1.0]], [0]), "are they logits"),
        (lambda: reliability([[0.5, 0.5]], [0], n_bins=0), "n_bins is 0"),
        (lambda: accuracy_of_the_surest([0.1], [True, False], [1.0]), r"shape \(1,\) and right \(2,\)"),
        (lambda: accuracy_of_the_surest([0.1], [True], [0.0]), "shares must be above 0"),
    ],
)
def test_what_does_not_fit_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
