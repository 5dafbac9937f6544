"""The basis of a collocation method: kernels and polynomial, and their derivatives."""

import numpy as np
import pytest

from nndl_support.classical.rbf import RBFInterpolator
from nndl_support.pinn.kernel_basis import Expansion, KernelBasis

RNG = np.random.default_rng(3)
CENTRES, X, STEP = 3 + 2 * RNG.random((11, 2)), 3 + 2 * RNG.random((5, 2)), 1e-5
BASIS = KernelBasis(CENTRES, "inverse_multiquadric", 0.7, degree=2)


def test_sizes_are_kernels_then_monomials():
    assert BASIS.size == 11 + 6
    assert BASIS.values(X).shape == (5, 17)
    assert BASIS.gradients(X).shape == (5, 17, 2)
    assert BASIS.laplacians(X).shape == (5, 17)
    assert BASIS.hessians(X).shape == (5, 17, 2, 2)
    assert BASIS.moments().shape == (6, 17)


def test_derivatives_are_differences():
    for d, unit in enumerate(np.eye(2)):
        ahead, behind = X + STEP * unit, X - STEP * unit
        slope = (BASIS.values(ahead) - BASIS.values(behind)) / (2 * STEP)
        np.testing.assert_allclose(BASIS.gradients(X)[:, :, d], slope, atol=1e-8)
        bend = (BASIS.gradients(ahead) - BASIS.gradients(behind)) / (2 * STEP)
        np.testing.assert_allclose(BASIS.hessians(X)[:, :, d, :], bend, atol=1e-8)
    np.testing.assert_allclose(np.trace(BASIS.hessians(X), axis1=2, axis2=3), BASIS.laplacians(X), atol=1e-12)


def test_an_interpolant_in_this_basis_is_the_rbf_interpolant():
    d = RNG.normal(size=11)
    system = np.vstack([BASIS.values(CENTRES), BASIS.moments()])
    ours = Expansion(BASIS, np.linalg.solve(system, np.append(d, np.zeros(6))))
    theirs = RBFInterpolator(CENTRES, d, kernel="inverse_multiquadric", epsilon=0.7, degree=2)
    np.testing.assert_allclose(ours.predict(X), theirs(X), atol=1e-7)
    np.testing.assert_allclose(ours.gradient(X), theirs.gradient(X), atol=1e-6)
    np.testing.assert_allclose(ours.laplacian(X), theirs.laplacian(X), atol=1e-5)


def test_centres_on_a_line_of_the_plane_leave_the_other_coordinate_as_it_is():
    flat = KernelBasis(np.column_stack([np.linspace(0, 4, 7), np.full(7, 3.0)]), "gaussian", 1.0, degree=1)
    np.testing.assert_allclose(flat.values([[2.0, 3.0], [3.0, 3.5]])[:, 7:], [[1, 0, 0], [1, 0.5, 0.5]], atol=1e-15)


def test_bad_input_is_named():
    with pytest.raises(ValueError, match=r"centres has shape \(3,\); expected \(N, D\)"):
        KernelBasis([0.0, 1.0, 2.0], "gaussian", 1.0)
    with pytest.raises(ValueError, match="2 centres cannot carry the 3 monomials of degree 1"):
        KernelBasis(CENTRES[:2], "gaussian", 1.0, degree=1)
    with pytest.raises(ValueError, match=r"x has shape \(4, 3\) and the centres \(11, 2\)"):
        BASIS.laplacians(np.zeros((4, 3)))
    with pytest.raises(ValueError, match="degree is -2; expected at least -1"):
        KernelBasis(CENTRES, "gaussian", 1.0, degree=-2)
