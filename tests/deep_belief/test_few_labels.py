"""Labels are drawn evenly and nested, folds cover every row once, and the references are scikit-learn's own."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.svm import SVC

from nndl_support.deep_belief.few_labels import REFERENCES, fit_reference, held_out_fold, labelled_rows

y = np.random.default_rng(0).permutation(np.repeat([0, 1, 2], [11, 13, 17]))


@pytest.mark.parametrize("per_class", [1, 2, 5, 11])
def test_every_class_gives_as_many_rows_and_none_twice(per_class):
    rows = labelled_rows(y, per_class, seed=3)
    assert np.bincount(y[rows]).tolist() == [per_class] * 3
    assert len(set(rows.tolist())) == len(rows)
    assert np.all(np.diff(rows) > 0)


def test_a_smaller_draw_is_a_part_of_a_larger_one():
    for seed in range(4):
        draws = [set(labelled_rows(y, n, seed=seed).tolist()) for n in (1, 3, 7)]
        assert draws[0] < draws[1] < draws[2]


def test_another_seed_draws_other_rows_and_the_same_seed_the_same():
    assert not np.array_equal(labelled_rows(y, 5, seed=0), labelled_rows(y, 5, seed=1))
    np.testing.assert_array_equal(labelled_rows(y, 5, seed=1), labelled_rows(y, 5, seed=1))


def test_every_row_of_a_class_is_as_likely_to_be_drawn():
    counts = sum(np.bincount(labelled_rows(y, 2, seed=seed), minlength=len(y)) for seed in range(3000))
    for label, size in enumerate((11, 13, 17)):
        expected = 3000 * 2 / size
        assert np.abs(counts[y == label] - expected).max() < 5 * np.sqrt(expected)


def test_the_folds_hold_every_row_out_once_and_share_the_classes():
    masks = np.array([held_out_fold(y, fold, 5) for fold in range(5)])
    np.testing.assert_array_equal(masks.sum(axis=0), 1)
    for label in range(3):
        sizes = masks[:, y == label].sum(axis=1)
        assert sizes.max() - sizes.min() <= 1


def test_the_references_are_those_of_scikit_learn():
    rng = np.random.default_rng(1)
    X = rng.normal(size=(len(y), 2)) + y[:, None]
    peers = {"logistic regression": LogisticRegression(C=0.7, max_iter=2000), "support vectors": SVC(C=0.7)}
    assert set(peers) == set(REFERENCES)
    for name, peer in peers.items():
        np.testing.assert_array_equal(fit_reference(name, 0.7, X, y).predict(X), peer.fit(X, y).predict(X))


def test_impossible_wishes_are_refused_with_their_numbers():
    with pytest.raises(ValueError, match="per_class is 0; expected at least 1"):
        labelled_rows(y, 0)
    with pytest.raises(ValueError, match="class 0 has 11 rows, but 12 labels of each class"):
        labelled_rows(y, 12)
    with pytest.raises(ValueError, match="fold is 5 of 5"):
        held_out_fold(y, 5, 5)
    with pytest.raises(ValueError, match="fold is 0 of 1"):
        held_out_fold(y, 0, 1)
    with pytest.raises(ValueError, match="class 0 has 11 rows: too few for 12 folds"):
        held_out_fold(y, 0, 12)
    with pytest.raises(ValueError, match="name is 'oracle'; expected one of logistic regression, support vectors"):
        fit_reference("oracle", 1.0, [[0.0]], [0])
