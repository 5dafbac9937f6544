"""Whitening: covariance, nearness to the data, deficient rank, regularisation, against scikit-learn's PCA."""

import numpy as np
import pytest
from scipy.linalg import inv, sqrtm
from scipy.stats import ortho_group
from sklearn.decomposition import PCA

from nndl_support.optimization.scaling import StandardScaler
from nndl_support.optimization.whitening import PCAWhitening, ZCAWhitening

MIX = np.array([[3.0, 1.0, 0.0, 0.5], [0.0, 0.3, 0.1, 0.0], [1.0, 1.0, 2.0, -1.0], [0.0, 0.2, 0.0, 0.7]])


@pytest.fixture
def X():
    return np.random.default_rng(0).normal(size=(53, 4)) @ MIX + [10.0, 0.0, -3.0, 1.0]


@pytest.mark.parametrize("ddof", [0, 1])
@pytest.mark.parametrize("whitening", [PCAWhitening, ZCAWhitening])
def test_the_covariance_becomes_the_identity(X, whitening, ddof):
    Z = whitening(ddof=ddof).fit_transform(X)
    np.testing.assert_allclose(np.cov(Z.T, ddof=ddof), np.eye(4), atol=1e-12)
    np.testing.assert_allclose(Z.mean(axis=0), 0, atol=1e-12)
    assert np.abs(np.cov(Z.T, ddof=1 - ddof) - np.eye(4)).max() > 0.01  # the other convention does not


def test_pca_whitening_is_that_of_scikit_learn(X):
    for n_components in (None, 2):
        theirs = PCA(n_components, whiten=True).fit(X)
        ours = PCAWhitening(n_components).fit(X)
        np.testing.assert_allclose(ours.transform(X), theirs.transform(X), rtol=0, atol=1e-12)
        np.testing.assert_allclose(ours.components_, theirs.components_, rtol=0, atol=1e-12)
        np.testing.assert_allclose(ours.explained_variance_, theirs.explained_variance_, rtol=1e-12)
        Z = ours.transform(X)
        np.testing.assert_allclose(ours.inverse_transform(Z), theirs.inverse_transform(Z), rtol=0, atol=1e-12)


def test_zca_whitening_is_the_inverse_root_of_the_covariance(X):
    root = inv(sqrtm(np.cov(X.T)))
    np.testing.assert_allclose(ZCAWhitening().fit_transform(X), (X - X.mean(axis=0)) @ root, atol=1e-11)


def test_no_other_whitening_is_nearer_to_the_data_than_zca(X):
    centred = X - X.mean(axis=0)
    model = ZCAWhitening(ddof=0).fit(X)
    Z = model.transform(X)
    nearest = np.square(Z - centred).sum(axis=1).mean()
    # Along each principal axis a spread of sqrt(lambda) becomes 1.
    np.testing.assert_allclose(nearest, np.square(1 - np.sqrt(model.explained_variance_)).sum())
    turned = [np.square(Z @ Q - centred).sum(axis=1).mean() for Q in ortho_group.rvs(4, size=200, random_state=0)]
    assert min(turned) > nearest
    assert np.square(PCAWhitening(ddof=0).fit_transform(X) - centred).sum(axis=1).mean() > nearest
    # Nearby rotations too: the minimum is flat there, so it is one.
    small = np.eye(4) + 1e-3 * np.array([[0, 1, 0, 0], [-1, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0]])
    small = np.linalg.qr(small)[0] * np.sign(np.diag(np.linalg.qr(small)[1]))
    excess = np.square(Z @ small - centred).sum(axis=1).mean() - nearest
    assert 0 < excess < 1e-4


def test_collinear_columns_leave_only_the_directions_with_variance(X):
    wide = np.column_stack([X, X[:, 0] - 2 * X[:, 1], np.full(53, 3.0)])
    model = PCAWhitening().fit(wide)
    assert model.n_components_ == 4
    Z = model.transform(wide)
    np.testing.assert_allclose(np.cov(Z.T), np.eye(4), atol=1e-12)
    np.testing.assert_allclose(model.inverse_transform(Z), wide, atol=1e-12)
    model = ZCAWhitening().fit(wide)
    Z = model.transform(wide)
    assert Z.shape == wide.shape
    np.testing.assert_allclose(np.cov(Z.T), model.components_.T @ model.components_, atol=1e-12)
    np.testing.assert_allclose(model.inverse_transform(Z), wide, atol=1e-12)


def test_scikit_learn_keeps_the_direction_without_variance_and_fills_it_with_rounding_errors(X):
    wide = np.column_stack([X, X[:, 0]])
    pca = PCA(whiten=True)
    theirs = pca.fit_transform(wide)
    assert theirs.shape == (53, 5)
    # divided by a deviation of 1e-16 or so: how large the errors become (variance 1, or much less) depends on the processor
    enlarged = np.abs(theirs[:, 4]).max() / np.abs((wide - pca.mean_) @ pca.components_[4]).max()
    assert enlarged > 1e6
    assert PCAWhitening().fit_transform(wide).shape == (53, 4)


@pytest.mark.parametrize("offset", [0.0, 1e6])
def test_more_columns_than_rows_leave_one_direction_fewer_than_rows(offset):
    X = np.random.default_rng(2).normal(size=(7, 29)) + offset
    assert PCAWhitening().fit(X).n_components_ == 6


def test_a_tolerance_leaves_out_weak_directions(X):
    spread = np.sqrt(PCAWhitening().fit(X).explained_variance_)
    assert PCAWhitening(tol=(spread[1] + spread[2]) / 2 / spread[0]).fit(X).n_components_ == 2


@pytest.mark.parametrize("whitening", [PCAWhitening, ZCAWhitening])
def test_eps_damps_weak_directions_by_the_known_factor(X, whitening):
    plain = whitening().fit(X)
    damped = whitening(eps=0.3).fit(X)
    variance = plain.explained_variance_
    eigenvalues = np.sort(np.linalg.eigvalsh(np.cov(damped.transform(X).T)))[::-1]
    np.testing.assert_allclose(eigenvalues, variance / (variance + 0.3))
    np.testing.assert_allclose(damped.inverse_transform(damped.transform(X)), X, atol=1e-12)


def test_whitening_does_not_see_units(X):
    # Standardising first changes the axes of the principal components, not the whiteness.
    Z = PCAWhitening(ddof=0).fit_transform(StandardScaler().fit_transform(X * [1.0, 100.0, 1e-3, 1.0]))
    np.testing.assert_allclose(np.cov(Z.T, ddof=0), np.eye(4), atol=1e-12)
    # The whitened clouds differ by a rotation only: all distances between rows are the same.
    other = PCAWhitening(ddof=0).fit_transform(X)
    np.testing.assert_allclose(Z @ Z.T, other @ other.T, atol=1e-10)


def test_names_of_the_columns():
    X = np.random.default_rng(3).normal(size=(11, 3))
    assert PCAWhitening(2).fit(X).get_feature_names_out().tolist() == ["pcawhitening0", "pcawhitening1"]
    assert ZCAWhitening().fit(X).get_feature_names_out(["a", "b", "c"]).tolist() == ["a", "b", "c"]


def test_bad_input_is_named(X):
    with pytest.raises(ValueError, match="none of the 3 columns varies over the 5 rows"):
        PCAWhitening().fit(np.full((5, 3), 0.1))
    with pytest.raises(ValueError, match="between 1 and 4, the number of directions with variance, but is 5"):
        PCAWhitening(5).fit(np.column_stack([X, X[:, 0]]))
    with pytest.raises(ValueError, match=r"but is 1\.5"):
        PCAWhitening(1.5).fit(X)
    with pytest.raises(ValueError, match="eps must be a finite number of at least 0, but is -1"):
        ZCAWhitening(eps=-1).fit(X)
    with pytest.raises(ValueError, match=r"tol must lie in \[0, 1\), but is 1"):
        ZCAWhitening(tol=1).fit(X)
    with pytest.raises(ValueError, match="ddof must be 0 or 1, but is 2"):
        PCAWhitening(ddof=2).fit(X)
