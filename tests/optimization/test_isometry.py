"""Stretching of products of matrices: exact cases, direct singular values, the closed form for normal matrices."""

import numpy as np
import pytest
from scipy.stats import ortho_group

from nndl_support.optimization.isometry import gaussian_exponents, stretching_exponents


def test_orthogonal_matrices_stretch_nothing():
    matrices = ortho_group.rvs(7, size=50, random_state=0)
    np.testing.assert_allclose(stretching_exponents(matrices), 0, atol=1e-13)


def test_diagonal_matrices_have_the_logarithms_of_their_entries():
    stretches = np.array([[3.0, 1.0, 0.2], [2.0, 0.5, 0.1]])
    np.testing.assert_allclose(stretching_exponents([np.diag(s) for s in stretches]), np.log(stretches).mean(axis=0))


def test_powers_of_one_matrix_have_the_logarithms_of_its_eigenvalues():
    # The frame turns towards the eigenvectors; what it stretches before it arrives is forgotten as 1/L.
    A = np.array([[2.0, 1.0, 0.3], [0.2, 0.7, 0.1], [0.0, 0.4, 0.1]])
    logs = np.sort(np.log(np.abs(np.linalg.eigvals(A))))[::-1]
    np.testing.assert_allclose(stretching_exponents([A] * 3000), logs, atol=2e-3)


def test_the_sum_is_the_logarithm_of_the_determinant_whatever_the_depth():
    rng = np.random.default_rng(0)
    matrices = rng.normal(size=(13, 5, 5))
    determinants = np.log(np.abs(np.linalg.det(matrices)))
    np.testing.assert_allclose(stretching_exponents(matrices).sum(), determinants.mean())


def test_they_are_the_singular_values_of_the_product_where_those_can_be_computed():
    rng = np.random.default_rng(1)
    matrices = rng.normal(size=(400, 2, 2)) / np.sqrt(2)
    product = np.eye(2)
    scale = 0.0
    for W in matrices:
        product = W @ product
        scale += np.log(np.linalg.norm(product))
        product /= np.linalg.norm(product)
    largest = (scale + np.log(np.linalg.norm(product, 2))) / 400
    np.testing.assert_allclose(stretching_exponents(matrices)[0], largest, atol=0.02)


@pytest.mark.parametrize("n", [2, 7, 30])
def test_normal_matrices_have_the_exponents_of_the_closed_form(n):
    rng = np.random.default_rng(n)
    runs = np.array([stretching_exponents(rng.normal(0, n**-0.5, (20, n, n))) for _ in range(100)])
    error = runs.std(axis=0, ddof=1) / 10
    deviation = (runs.mean(axis=0) - gaussian_exponents(n)) / error
    assert np.abs(deviation).max() < 4.5
    assert np.all(np.diff(gaussian_exponents(n)) < 0)


def test_one_unit_has_the_mean_logarithm_of_a_normal_number():
    # E log|g| = -(Euler's constant + log 2) / 2.
    np.testing.assert_allclose(gaussian_exponents(1), [-(np.euler_gamma + np.log(2)) / 2])


def test_bad_input_is_named():
    with pytest.raises(ValueError, match="there are no matrices"):
        stretching_exponents([])
    with pytest.raises(ValueError, match=r"the matrix of layer 2 has shape \(3, 2\); expected \(3, 3\)"):
        stretching_exponents([np.eye(3), np.ones((3, 2))])
    with pytest.raises(ValueError, match="n must be at least 1, but is 0"):
        gaussian_exponents(0)
