"""Second derivatives and directional derivatives of kernels against differences."""

import numpy as np
import pytest

from nndl_support.classical import radial_kernels
from nndl_support.pinn import kernels

SMOOTH = [name for name in radial_kernels.names() if radial_kernels.get(name).smoothness >= 2]
RNG = np.random.default_rng(5)
X, CENTRES, EPSILON, STEP = RNG.random((3, 2)), RNG.random((5, 2)), 0.8, 1e-5


def gradient(x, name, centres=CENTRES):
    return radial_kernels.gradient_matrix(x, centres, name, EPSILON)


@pytest.mark.parametrize("name", radial_kernels.names())
def test_hessians_are_differences_of_gradients(name):
    hessian = kernels.hessian_matrix(X, CENTRES, name, EPSILON)
    assert hessian.shape == (3, 5, 2, 2)
    for d, unit in enumerate(np.eye(2)):
        difference = (gradient(X + STEP * unit, name) - gradient(X - STEP * unit, name)) / (2 * STEP)
        np.testing.assert_allclose(hessian[:, :, d, :], difference, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("name", radial_kernels.names())
def test_the_trace_of_the_hessian_is_the_laplacian(name):
    for dimension in (1, 3):
        x, centres = RNG.random((2, dimension)), RNG.random((7, dimension))
        trace = np.trace(kernels.hessian_matrix(x, centres, name, 1.3), axis1=2, axis2=3)
        np.testing.assert_allclose(
            trace, radial_kernels.laplacian_matrix(x, centres, name, 1.3), rtol=1e-12, atol=1e-12
        )


@pytest.mark.parametrize("name", SMOOTH)
def test_at_its_own_centre_a_kernel_bends_equally_in_all_directions(name):
    hessian = kernels.hessian_matrix(X[:1], X[:1], name, EPSILON)[0, 0]
    curvature = EPSILON**2 * radial_kernels.get(name).second(np.zeros(1))[0]
    np.testing.assert_allclose(hessian, curvature * np.eye(2), atol=1e-14)


@pytest.mark.parametrize("name", SMOOTH)
def test_close_to_its_centre_the_hessian_is_not_noise(name):
    near = kernels.hessian_matrix(X[:1] + 1e-9, X[:1], name, EPSILON)[0, 0]
    np.testing.assert_allclose(near, kernels.hessian_matrix(X[:1], X[:1], name, EPSILON)[0, 0], atol=1e-6)


def test_directional_derivatives_follow_the_ray():
    rays = RNG.normal(size=(3, 2))
    expected = (
        radial_kernels.value_matrix(X + STEP * rays, CENTRES, "gaussian", EPSILON)
        - radial_kernels.value_matrix(X - STEP * rays, CENTRES, "gaussian", EPSILON)
    ) / (2 * STEP)
    np.testing.assert_allclose(
        kernels.directional_derivative_matrix(X, CENTRES, rays, "gaussian", EPSILON), expected, atol=1e-8
    )


def test_what_a_kernel_cannot_do_is_said():
    with pytest.raises(ValueError, match="'thin_plate_spline' has no Laplacian at its own centre, and 3 of the places"):
        kernels.hessian_matrix(X, X, "thin_plate_spline")
    with pytest.raises(ValueError, match=r"directions has shape \(2,\), but there are 3 places; expected \(3, 2\)"):
        kernels.directional_derivative_matrix(X, CENTRES, [1.0, 0.0], "gaussian")
