from math import comb

import numpy as np
import pytest

from nndl_support.backprop.gradient_check import numerical_gradient
from nndl_support.classical.polynomial_tail import (
    monomial_gradients,
    monomial_powers,
    monomial_second_derivatives,
    monomials,
)


@pytest.mark.parametrize("dimension", [1, 2, 3, 5])
@pytest.mark.parametrize("degree", [-1, 0, 1, 2, 4])
def test_every_exponent_up_to_the_degree_occurs_once(dimension, degree):
    powers = monomial_powers(dimension, degree)
    assert powers.shape == (comb(degree + dimension, dimension) if degree >= 0 else 0, dimension)
    assert len({tuple(row) for row in powers}) == len(powers)
    assert (powers.sum(axis=1) <= degree).all()


def test_monomials_are_products_of_powers():
    x, powers = np.random.default_rng(0).normal(size=(7, 3)), monomial_powers(3, 3)
    by_definition = np.prod(x[:, None, :] ** powers[None], axis=2)
    np.testing.assert_allclose(monomials(x, powers), by_definition, rtol=1e-13)


def test_derivatives_agree_with_differences():
    x, powers = np.random.default_rng(0).normal(size=(5, 3)), monomial_powers(3, 3)
    gradients, second = monomial_gradients(x, powers), monomial_second_derivatives(x, powers)
    assert gradients.shape == second.shape == (5, 20, 3)
    for m in range(5):
        for r in range(20):
            numerical = numerical_gradient(lambda p, r=r: float(monomials(p[None], powers)[0, r]), x[m])
            np.testing.assert_allclose(gradients[m, r], numerical, atol=1e-9)
            for d in range(3):
                slope = lambda p, r=r, d=d: float(monomial_gradients(p[None], powers)[0, r, d])  # noqa: E731
                np.testing.assert_allclose(second[m, r, d], numerical_gradient(slope, x[m])[d], atol=1e-9)


def test_derivatives_at_the_origin_are_finite():
    powers = monomial_powers(2, 2)
    np.testing.assert_array_equal(monomial_gradients([[0.0, 0.0]], powers)[0, 1:3], np.eye(2))
    np.testing.assert_array_equal(monomial_second_derivatives([[0.0, 0.0]], powers)[0, :, 0], 2.0 * (powers[:, 0] == 2))


def test_no_monomials_make_empty_matrices():
    powers = monomial_powers(2, -1)
    assert monomials(np.ones((3, 2)), powers).shape == (3, 0)
    assert monomial_gradients(np.ones((3, 2)), powers).shape == (3, 0, 2)


def test_columns_that_the_monomials_do_not_know_are_named():
    with pytest.raises(ValueError, match=r"x has shape \(7, 3\), but the monomials have 2 coordinates"):
        monomials(np.zeros((7, 3)), monomial_powers(2, 1))
