"""Standardising by hand: what it leaves, and what its pass back removes."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nndl_support.optimization.standardize_by_hand import (
    affine,
    affine_backward,
    along_last,
    batch_axes,
    checked,
    grouped,
    per_channel,
    standardize,
    standardize_backward,
)

RNG = np.random.default_rng(0)
X = RNG.normal(3.0, 2.0, (7, 5, 3))
G = RNG.normal(size=X.shape)
AXES = [(0,), (1,), (2,), (0, 2), (1, 2)]


def jacobian(x, eps):
    """Of the standardisation of one set, entry by entry, from the formula of the docstring."""
    m, mean = len(x), x.mean()
    s = np.sqrt(x.var() + eps)
    hat = (x - mean) / s
    return (np.eye(m) - 1 / m - np.outer(hat, hat) / m) / s


@pytest.mark.parametrize("axes", AXES)
def test_sets_have_mean_zero_and_variance_one(axes):
    hat = standardize(X, axes, eps=0.0).x_hat
    np.testing.assert_allclose(hat.mean(axis=axes), 0, atol=1e-14)
    np.testing.assert_allclose(hat.var(axis=axes), 1)


def test_the_variance_is_the_biased_one():
    cache = standardize(X, (0,))
    np.testing.assert_allclose(cache.variance[0], X.var(axis=0, ddof=0))
    np.testing.assert_allclose(cache.scale**2, cache.variance + 1e-5)


def test_the_jacobian_of_the_docstring_is_that_of_central_differences():
    x, h = X[:, 0, 0], 1e-5
    columns = [(standardize(x + h * e, (0,)).x_hat - standardize(x - h * e, (0,)).x_hat) / (2 * h) for e in np.eye(7)]
    np.testing.assert_allclose(np.array(columns).T, jacobian(x, 1e-5), atol=1e-10)


def test_the_pass_back_is_the_transposed_jacobian():
    x, g = X[:, 0, 0], G[:, 0, 0]
    np.testing.assert_allclose(standardize_backward(g, standardize(x, (0,)), (0,)), jacobian(x, 1e-5).T @ g, atol=1e-14)


@pytest.mark.parametrize("axes", AXES)
def test_what_comes_back_is_orthogonal_to_one_and_to_x_hat(axes):
    cache = standardize(X, axes, eps=0.0)
    back = standardize_backward(G, cache, axes)
    np.testing.assert_allclose(back.sum(axis=axes), 0, atol=1e-13)
    np.testing.assert_allclose((back * cache.x_hat).sum(axis=axes), 0, atol=1e-13)


def test_with_eps_the_second_orthogonality_is_only_approximate():
    cache = standardize(X, (0,), eps=0.1)
    back = standardize_backward(G, cache, (0,))
    np.testing.assert_allclose(back.sum(axis=0), 0, atol=1e-13)
    assert np.abs((back * cache.x_hat).sum(axis=0)).max() > 1e-3


@settings(max_examples=50, deadline=None)
@given(
    st.integers(2, 11), st.floats(0.1, 100), st.floats(-100, 100), st.sampled_from([-1.0, 1.0]), st.integers(0, 2**31)
)
def test_shift_and_scale_of_the_input_change_nothing(m, scale, shift, sign, seed):
    x = np.random.default_rng(seed).normal(size=m)
    before, after = (standardize(v, (0,), eps=0.0).x_hat for v in (x, sign * scale * x + shift))
    np.testing.assert_allclose(after, sign * before, atol=1e-6)


def test_scaling_the_input_divides_the_gradient():
    small, large = (standardize_backward(G, standardize(c * X, (0,), eps=0.0), (0,)) for c in (1.0, 10.0))
    np.testing.assert_allclose(large, small / 10, atol=1e-14)


def test_the_variance_is_exact_beside_a_large_mean():
    cache = standardize([1e8, 1e8 + 1, 1e8 + 2], (0,), eps=0.0)
    np.testing.assert_allclose(cache.variance, 2 / 3)


def test_scale_and_shift_and_their_gradients():
    cache = standardize(X, (0, 2))
    gamma, beta = per_channel(X, np.arange(1.0, 6), np.arange(5.0))
    y, kept = affine(cache, gamma, beta)
    np.testing.assert_allclose(y[:, 4], 5 * cache.x_hat[:, 4] + 4)
    assert kept.gamma is gamma
    by_gamma, by_beta = affine_backward(G, cache, (0, 2))
    np.testing.assert_allclose(by_gamma, np.einsum("bcl,bcl->c", G, cache.x_hat))
    np.testing.assert_allclose(by_beta, np.einsum("bcl->c", G))


def test_groups_are_neighbouring_channels():
    x = np.arange(12.0).reshape(1, 6, 2)
    np.testing.assert_array_equal(grouped(x, 3)[0, 1], [[4, 5], [6, 7]])
    assert batch_axes(x) == (0, 2)
    assert batch_axes(x[..., 0]) == (0,)
    assert along_last(x, None, None)[0].shape == (2,)


def test_what_cannot_be_standardised_is_named():
    with pytest.raises(ValueError, match="1 of 2 sets of entries are constant: with eps=0"):
        standardize([[1.0, 2.0], [1.0, 3.0]], (0,), eps=0.0)
    with pytest.raises(ValueError, match="eps must be at least 0, but is -1"):
        standardize(X, (0,), eps=-1)
    with pytest.raises(ValueError, match="eps must be at least 0, but is nan"):
        standardize(X, (0,), eps=float("nan"))
    with pytest.raises(ValueError, match=r"x has shape \(7,\); expected \(B, C\) or \(B, C, L\)"):
        checked(np.zeros(7))
    with pytest.raises(ValueError, match="5 channels cannot be divided into 2 groups"):
        grouped(X, 2)
    with pytest.raises(ValueError, match="5 channels cannot be divided into 0 groups"):
        grouped(X, 0)
    with pytest.raises(ValueError, match=r"gamma has shape \(3,\), but x has 5 channels; expected \(5,\)"):
        per_channel(X, np.ones(3), None)
    with pytest.raises(ValueError, match=r"beta has shape \(5,\), but x has 3 channels; expected \(3,\)"):
        along_last(X, None, np.ones(5))


def test_a_constant_set_stays_finite_with_eps():
    cache = standardize(np.full((7, 2), 3.0), (0,))
    np.testing.assert_array_equal(cache.x_hat, 0)
    assert np.isfinite(standardize_backward(np.ones((7, 2)), cache, (0,))).all()
