"""Operators applied to bases, against the same operators applied by hand and by differences."""

import numpy as np
import pytest

from nndl_support.pinn.kernel_basis import KernelBasis
from nndl_support.pinn.linear_operators import (
    AdvectionDiffusion,
    BoundaryOperator,
    Collocation,
    dirichlet,
    neumann,
    robin,
)

RNG = np.random.default_rng(7)
BASIS = KernelBasis(RNG.random((7, 2)), "gaussian", 1.1, degree=1)
X = RNG.random((5, 2))
NORMALS = np.column_stack([np.cos(np.arange(5.0)), np.sin(np.arange(5.0))])


def test_advection_diffusion_is_the_sum_of_its_terms():
    rows = AdvectionDiffusion(0.3, [2.0, -1.0], 5.0).matrix(BASIS, X)
    gradients = BASIS.gradients(X)
    by_hand = -0.3 * BASIS.laplacians(X) + 2 * gradients[:, :, 0] - gradients[:, :, 1] + 5 * BASIS.values(X)
    np.testing.assert_allclose(rows, by_hand, rtol=1e-12, atol=1e-13)


def test_coefficients_may_change_from_place_to_place():
    kappa, wind, sigma = 1 + X[:, 0], np.column_stack([X[:, 1], -X[:, 0]]), X[:, 0] ** 2
    as_arrays = AdvectionDiffusion(kappa, wind, sigma).matrix(BASIS, X)
    as_functions = AdvectionDiffusion(
        lambda x: 1 + x[:, 0], lambda x: np.column_stack([x[:, 1], -x[:, 0]]), lambda x: x[:, 0] ** 2
    ).matrix(BASIS, X)
    np.testing.assert_array_equal(as_arrays, as_functions)
    for m in range(5):
        alone = AdvectionDiffusion(kappa[m], wind[m], sigma[m]).matrix(BASIS, X[[m]])
        np.testing.assert_allclose(as_arrays[[m]], alone, rtol=1e-12, atol=1e-13)


def test_coefficients_may_vanish_at_some_places_and_not_at_others():
    some = np.array([0.0, 2.0, 0.0, -1.0, 0.0])
    rows = AdvectionDiffusion(reaction=some).matrix(BASIS, X)
    np.testing.assert_allclose(rows, some[:, None] * BASIS.values(X) - BASIS.laplacians(X), rtol=1e-12, atol=1e-13)
    mixed = BoundaryOperator(1.0, some, NORMALS).matrix(BASIS, X)
    slopes = neumann(NORMALS).matrix(BASIS, X)
    np.testing.assert_allclose(mixed, BASIS.values(X) + some[:, None] * slopes, rtol=1e-12, atol=1e-13)


def test_anisotropic_diffusion_with_equal_axes_is_diffusion():
    np.testing.assert_allclose(
        AdvectionDiffusion(0.7 * np.eye(2)).matrix(BASIS, X), AdvectionDiffusion(0.7).matrix(BASIS, X), atol=1e-12
    )


def test_anisotropic_diffusion_counts_mixed_derivatives():
    K = np.array([[1.0, 0.4], [0.2, 2.0]])
    rotated = AdvectionDiffusion(K).matrix(BASIS, X)
    hessians = BASIS.hessians(X)
    by_hand = -(hessians[:, :, 0, 0] + 0.6 * hessians[:, :, 0, 1] + 2 * hessians[:, :, 1, 1])
    np.testing.assert_allclose(rotated, by_hand, atol=1e-12)


def test_a_robin_condition_is_value_and_slope():
    slope = (BASIS.values(X + 1e-6 * NORMALS) - BASIS.values(X - 1e-6 * NORMALS)) / 2e-6
    np.testing.assert_allclose(neumann(NORMALS).matrix(BASIS, X), slope, atol=1e-7)
    np.testing.assert_allclose(dirichlet().matrix(BASIS, X), BASIS.values(X))
    np.testing.assert_allclose(robin(3.0, 2.0, NORMALS).matrix(BASIS, X), 3 * BASIS.values(X) + 2 * slope, atol=1e-6)


def test_values_are_numbers_arrays_or_functions():
    for values in (2.0, np.full(5, 2.0), lambda x: 2 + 0 * x[:, 0]):
        np.testing.assert_array_equal(Collocation(dirichlet(), X, values).right_hand_side(), np.full(5, 2.0))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: AdvectionDiffusion(np.ones(3)).matrix(BASIS, X),
            r"diffusion has shape \(3,\); expected \(\) or \(5,\)",
        ),
        (lambda: AdvectionDiffusion(1.0, np.ones((2, 5))).matrix(BASIS, X), r"velocity has shape \(2, 5\)"),
        (lambda: AdvectionDiffusion(reaction=np.ones((5, 1))).matrix(BASIS, X), r"reaction has shape \(5, 1\)"),
        (lambda: BoundaryOperator(np.ones(4)).matrix(BASIS, X), r"value has shape \(4,\)"),
        (lambda: BoundaryOperator(0.0, 1.0).matrix(BASIS, X), r"no normals; expected an array \(5, 2\)"),
        (lambda: neumann(NORMALS[:4]).matrix(BASIS, X), r"directions has shape \(4, 2\), but there are 5 places"),
        (lambda: Collocation(dirichlet(), X, np.ones(4)).right_hand_side(), r"values has shape \(4,\)"),
        (lambda: Collocation(dirichlet(), X, np.nan).right_hand_side(), "5 of the 5 values are not finite"),
        (lambda: Collocation(dirichlet(), X[:, 0]).places(), r"points has shape \(5,\); expected \(M, D\)"),
    ],
)
def test_shapes_that_do_not_fit_are_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
