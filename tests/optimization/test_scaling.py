"""Scaling of columns: by hand, against scikit-learn, in batches, constant columns, bad input."""

import numpy as np
import pytest
import sklearn.preprocessing
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.utils.estimator_checks import parametrize_with_checks

from nndl_support.optimization.scaling import MinMaxScaler, PCAWhitening, StandardScaler, ZCAWhitening

MATRICES = arrays(float, st.tuples(st.integers(2, 17), st.integers(1, 5)), elements=st.floats(-1e3, 1e3, width=32))


@pytest.fixture
def X():
    return np.random.default_rng(0).normal([1.0, -30.0, 0.0], [2.0, 5.0, 0.01], size=(31, 3))


@parametrize_with_checks(
    [
        MinMaxScaler(),
        MinMaxScaler((-2, 3), drop_constant=True, clip=True),
        StandardScaler(),
        StandardScaler(drop_constant=True, ddof=0),
        PCAWhitening(),
        PCAWhitening(eps=0.1, ddof=0),
        ZCAWhitening(),
    ]
)
def test_it_is_a_scikit_learn_estimator(estimator, check):
    check(estimator)


def test_min_and_max_of_a_column_become_the_ends_of_the_range():
    column = np.array([[3.0], [7.0], [4.0]])
    np.testing.assert_array_equal(MinMaxScaler().fit_transform(column).ravel(), [0, 1, 0.25])
    np.testing.assert_array_equal(MinMaxScaler((-1, 1)).fit_transform(column).ravel(), [-1, 1, -0.5])


def test_z_score_of_three_numbers_by_hand():
    # Mean 2, variance (1 + 0 + 1)/3, and 2/2 with ddof=1.
    column = np.array([[1.0], [2.0], [3.0]])
    np.testing.assert_allclose(StandardScaler().fit_transform(column).ravel(), np.array([-1, 0, 1]) * 1.5**0.5)
    np.testing.assert_allclose(StandardScaler(ddof=1).fit_transform(column).ravel(), [-1, 0, 1])


@pytest.mark.parametrize("feature_range", [(0, 1), (-3, 5)])
@pytest.mark.parametrize("clip", [False, True])
def test_min_max_scaling_is_that_of_scikit_learn(X, feature_range, clip):
    X[:, 2] = 7.5  # a constant column among them
    ours = MinMaxScaler(feature_range, clip=clip).fit(X)
    theirs = sklearn.preprocessing.MinMaxScaler(feature_range, clip=clip).fit(X)
    other = 2 * X + 1
    np.testing.assert_allclose(ours.transform(other), theirs.transform(other), rtol=0, atol=1e-12)
    np.testing.assert_allclose(ours.inverse_transform(other), theirs.inverse_transform(other), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("with_mean", [False, True])
@pytest.mark.parametrize("with_std", [False, True])
def test_standard_scaling_is_that_of_scikit_learn(X, with_mean, with_std):
    X[:, 2] = 0.1
    ours = StandardScaler(with_mean=with_mean, with_std=with_std).fit(X)
    theirs = sklearn.preprocessing.StandardScaler(with_mean=with_mean, with_std=with_std).fit(X)
    other = 2 * X + 1
    np.testing.assert_allclose(ours.transform(other), theirs.transform(other), rtol=0, atol=1e-12)
    np.testing.assert_allclose(ours.inverse_transform(other), theirs.inverse_transform(other), rtol=1e-12, atol=1e-12)


@given(MATRICES)
def test_scaled_columns_have_the_moments_and_the_range_they_should(X):
    scaler = StandardScaler().fit(X)
    Z = scaler.transform(X)
    np.testing.assert_allclose(Z.mean(axis=0), 0, atol=1e-7)
    varied = ~scaler.constant_
    np.testing.assert_allclose(Z[:, varied].std(axis=0), 1, rtol=1e-6)
    scaler = MinMaxScaler().fit(X)
    Z = scaler.transform(X)
    np.testing.assert_array_equal(Z.min(axis=0), 0)
    np.testing.assert_array_equal(Z.max(axis=0), np.where(scaler.constant_, 0.0, 1.0))
    np.testing.assert_array_equal(scaler.constant_, np.ptp(X, axis=0) == 0)


@pytest.mark.parametrize("scaler", [MinMaxScaler(), StandardScaler(), StandardScaler(ddof=1)], ids=str)
def test_batches_of_different_sizes_give_what_all_rows_at_once_give(X, scaler):
    whole = scaler.fit(X).transform(X)
    vars(scaler).pop("n_samples_seen_")
    for rows in (slice(0, 2), slice(2, 13), slice(13, 31)):
        scaler.partial_fit(X[rows])
    assert scaler.n_samples_seen_ == 31
    np.testing.assert_allclose(scaler.transform(X), whole, atol=1e-13)
    scaler.fit(X[:11])
    assert scaler.n_samples_seen_ == 11


def test_batches_far_from_zero_lose_no_digits():
    # The textbook formula E[x^2] - E[x]^2 would give 0 or less here.
    X = 1e9 + np.random.default_rng(1).normal(size=(30, 1))
    scaler = StandardScaler()
    for rows in (slice(0, 7), slice(7, 30)):
        scaler.partial_fit(X[rows])
    np.testing.assert_allclose(scaler.var_, (X - 1e9).var(axis=0), rtol=1e-6)
    assert not scaler.constant_.any()


@pytest.mark.parametrize("scaler", [MinMaxScaler(), StandardScaler()], ids=str)
@pytest.mark.parametrize("value", [0.0, 0.1, -1e300, 1e-300])
def test_a_constant_column_stays_finite_or_is_removed_and_comes_back(scaler, value):
    X = np.column_stack([np.full(11, value), np.arange(11.0)])
    Z = scaler.set_params(drop_constant=False).fit_transform(X)
    np.testing.assert_array_equal(Z[:, 0], np.zeros(11))
    np.testing.assert_allclose(scaler.inverse_transform(Z), X, atol=1e-12)
    Z = scaler.set_params(drop_constant=True).fit_transform(X)
    assert Z.shape == (11, 1)
    assert scaler.get_feature_names_out().tolist() == ["x1"]
    assert scaler.get_feature_names_out(["age", "size"]).tolist() == ["size"]
    np.testing.assert_allclose(scaler.inverse_transform(Z), X, rtol=1e-15, atol=1e-12)


def test_a_removed_constant_comes_back_where_the_mean_was_not_subtracted():
    X = np.column_stack([np.full(11, 4.2), np.arange(11.0)])
    scaler = StandardScaler(with_mean=False, drop_constant=True)
    np.testing.assert_allclose(scaler.inverse_transform(scaler.fit_transform(X)), X)


def test_a_column_in_a_tiny_unit_is_scaled_here_and_left_alone_by_scikit_learn():
    charges = 1.6e-19 * np.arange(1.0, 8.0)[:, None]
    assert MinMaxScaler().fit_transform(charges).max() == 1
    assert sklearn.preprocessing.MinMaxScaler().fit_transform(charges).max() < 1e-17


@pytest.mark.parametrize("scaler", [MinMaxScaler((-1, 2)), StandardScaler(), StandardScaler(with_mean=False)], ids=str)
def test_the_inverse_undoes_the_scaling_of_new_rows(X, scaler):
    scaler.fit(X)
    other = 3 * X - 7
    np.testing.assert_allclose(scaler.inverse_transform(scaler.transform(other)), other, rtol=1e-12, atol=1e-12)


def test_values_outside_the_training_range_are_clipped_only_on_request():
    training, new = np.array([[0.0], [4.0]]), np.array([[-4.0], [8.0]])
    assert MinMaxScaler().fit(training).transform(new).ravel().tolist() == [-1, 2]
    assert MinMaxScaler(clip=True).fit(training).transform(new).ravel().tolist() == [0, 1]


def test_bad_input_is_named(X):
    for estimator in (MinMaxScaler(), StandardScaler(), PCAWhitening(), ZCAWhitening()):
        with pytest.raises(ValueError, match="NaN"):
            estimator.fit([[1.0, np.nan], [2.0, 3.0]])
        with pytest.raises(ValueError, match="infinity"):
            estimator.fit([[1.0, np.inf], [2.0, 3.0]])
        with pytest.raises(ValueError, match=r"X has 2 features, but .* is expecting 3"):
            estimator.fit(X).transform(X[:, :2])
        with pytest.raises(ValueError, match="X has 2 columns, but transform returns 3"):
            estimator.inverse_transform(X[:, :2])
    with pytest.raises(ValueError, match=r"the smaller first, but is \(1, 1\)"):
        MinMaxScaler((1, 1)).fit(X)
    with pytest.raises(ValueError, match="the range of column 1 overflows"):
        MinMaxScaler().fit([[0.0, 1.7e308], [1.0, -1.7e308]])
    with pytest.raises(ValueError, match="the variance of column 1 overflows"):
        StandardScaler().fit([[0.0, 1e200], [1.0, -1e200]])
    with pytest.raises(ValueError, match="ddof must be 0 or 1, but is 2"):
        StandardScaler(ddof=2).fit(X)
    with pytest.raises(ValueError, match="n_samples = 1, but a variance with ddof=1 needs at least 2"):
        StandardScaler(ddof=1).fit(X[:1])
    for scaler in (MinMaxScaler(drop_constant=True), StandardScaler(drop_constant=True)):
        with pytest.raises(ValueError, match="all 3 columns are constant"):
            scaler.fit(np.ones((5, 3))).transform(X)
