"""Kernels against closed forms, differences and definiteness."""

import numpy as np
import pytest

from nndl_support.backprop.gradient_check import numerical_gradient
from nndl_support.classical import radial_kernels
from nndl_support.classical.polynomial_tail import monomial_powers, monomials

NAMES = radial_kernels.names()
EVERY = pytest.mark.parametrize("name", NAMES)
T = np.array([0.13, 0.4, 0.71, 0.93, 1.2, 2.3])


def differences(f, t):
    return np.array([float(numerical_gradient(lambda u: float(f(np.atleast_1d(u))[0]), p)) for p in t])


@pytest.mark.parametrize(
    ("name", "formula"),
    [
        ("linear", lambda t: -t),
        ("thin_plate_spline", lambda t: t**2 * np.log(t)),
        ("cubic", lambda t: t**3),
        ("quintic", lambda t: -(t**5)),
        ("multiquadric", lambda t: -np.sqrt(1 + t**2)),
        ("inverse_multiquadric", lambda t: (1 + t**2) ** -0.5),
        ("inverse_quadratic", lambda t: 1 / (1 + t**2)),
        ("gaussian", lambda t: np.exp(-(t**2))),
        ("wendland_c2", lambda t: np.where(t < 1, (1 - t) ** 4 * (4 * t + 1), 0)),
        ("wendland_c4", lambda t: np.where(t < 1, (1 - t) ** 6 * (35 * t**2 + 18 * t + 3) / 3, 0)),
    ],
)
def test_values_follow_the_formula(name, formula):
    np.testing.assert_allclose(radial_kernels.get(name).value(T), formula(T), rtol=1e-14)


def test_the_list_is_complete():
    assert len(NAMES) == 10


@EVERY
def test_derivatives_agree_with_differences(name):
    kernel = radial_kernels.get(name)
    np.testing.assert_allclose(kernel.first(T), differences(kernel.value, T), rtol=1e-8, atol=1e-9)
    np.testing.assert_allclose(kernel.second(T), differences(kernel.first, T), rtol=1e-8, atol=1e-9)
    np.testing.assert_allclose(kernel.first_over_t(T) * T, kernel.first(T), rtol=1e-13)


@EVERY
def test_the_slope_over_the_distance_has_its_limit_at_the_centre(name):
    kernel, zero = radial_kernels.get(name), np.zeros(1)
    assert np.isfinite(kernel.value(zero)).all()
    if kernel.smoothness >= 2:
        # phi'(t) / t tends to phi''(0), because phi'(0) = 0.
        np.testing.assert_allclose(kernel.first_over_t(zero), kernel.second(zero))
        np.testing.assert_allclose(kernel.first_over_t(np.array([1e-7])), kernel.second(zero), atol=1e-4)
    if kernel.smoothness >= 1:
        assert kernel.first(zero) == 0


@pytest.mark.parametrize("name", ["wendland_c2", "wendland_c4"])
def test_wendlands_functions_end_smoothly_and_are_one_at_the_centre(name):
    kernel = radial_kernels.get(name)
    assert kernel.value(np.zeros(1)) == 1
    beyond = np.array([1.0, 1.5, 40.0])
    for profile in (kernel.value, kernel.first, kernel.second, kernel.first_over_t):
        np.testing.assert_array_equal(profile(beyond), 0)


@pytest.mark.parametrize(
    ("name", "dimension"),
    [(name, d) for name in NAMES for d in (1, 2, 3, 7) if d <= radial_kernels.get(name).largest_dimension],
)
def test_kernels_are_positive_definite_on_all_that_annihilates_their_polynomial(name, dimension):
    kernel = radial_kernels.get(name)
    points = np.random.default_rng(dimension).random((41, dimension))
    # Flat kernels are positive by less than rounding: the shape is as narrow as the spacing of the points.
    A = radial_kernels.value_matrix(points, points, kernel, epsilon={1: 20.0, 2: 4.0, 3: 1.5, 7: 1.0}[dimension])
    P = monomials(points, monomial_powers(dimension, kernel.least_degree))
    q = np.linalg.qr(P, mode="complete")[0][:, P.shape[1] :] if P.shape[1] else np.eye(41)
    assert q.shape[1] > 0
    eigenvalues = np.linalg.eigvalsh(q.T @ A @ q)
    assert eigenvalues.min() > 1e-14 * eigenvalues.max()
    assert eigenvalues.min() > 0


@pytest.mark.parametrize("name", ["linear", "multiquadric"])
def test_two_kernels_are_solvable_without_their_polynomial_as_micchelli_proved(name):
    points = np.random.default_rng(0).random((23, 2))
    signs = np.sign(np.linalg.eigvalsh(radial_kernels.value_matrix(points, points, name, 3.0)))
    assert (signs == -1).sum() == 1  # one negative eigenvalue, all others positive: regular
    assert (signs == 1).sum() == 22


def test_the_thin_plate_spline_without_its_polynomial_can_be_singular():
    # A centre surrounded by points at distance 1: every kernel between them is 1² ln 1 = 0.
    around = np.column_stack([np.cos(np.arange(3.0)), np.sin(np.arange(3.0))])
    A = radial_kernels.value_matrix(np.vstack([[0, 0], around]), np.vstack([[0, 0], around]), "thin_plate_spline")
    np.testing.assert_allclose(A[0], 0, atol=1e-12)


@EVERY
def test_matrices_of_derivatives_agree_with_differences_of_the_values(name):
    rng = np.random.default_rng(3)
    x, centres, epsilon = rng.random((2, 3)), rng.random((5, 3)), 0.7
    gradient = radial_kernels.gradient_matrix(x, centres, name, epsilon)
    laplacian = radial_kernels.laplacian_matrix(x, centres, name, epsilon)
    assert gradient.shape == (2, 5, 3)
    assert laplacian.shape == (2, 5)
    for m in range(2):
        for n in range(5):
            value = lambda p, n=n: float(radial_kernels.value_matrix(p[None], centres[[n]], name, epsilon)[0, 0])  # noqa: E731
            np.testing.assert_allclose(gradient[m, n], numerical_gradient(value, x[m]), rtol=1e-7, atol=1e-9)
            trace = sum(
                numerical_gradient(
                    lambda p, n=n, d=d: float(
                        radial_kernels.gradient_matrix(p[None], centres[[n]], name, epsilon)[0, 0, d]
                    ),
                    x[m],
                )[d]
                for d in range(3)
            )
            np.testing.assert_allclose(laplacian[m, n], trace, rtol=1e-6, atol=1e-7)


def test_one_dimension_needs_no_slope_over_distance():
    points = np.array([[0.0], [1.0]])
    np.testing.assert_array_equal(radial_kernels.laplacian_matrix(points + 0.5, points, "linear"), 0)


def test_bad_input_is_named():
    with pytest.raises(ValueError, match="no radial kernel 'gauss'; known are linear, thin_plate_spline"):
        radial_kernels.get("gauss")
    with pytest.raises(ValueError, match=r"x has shape \(5, 2\) and the centres \(3, 1\)"):
        radial_kernels.value_matrix(np.zeros((5, 2)), np.zeros((3, 1)), "gaussian")
    with pytest.raises(ValueError, match="'linear' has no gradient at its own centre, and 2 of the places are centres"):
        radial_kernels.gradient_matrix([[0.0], [1.0]], [[0.0], [1.0]], "linear")
    with pytest.raises(ValueError, match="'thin_plate_spline' has no Laplacian"):
        radial_kernels.laplacian_matrix([[0.0, 0.0]], [[0.0, 0.0]], "thin_plate_spline")
    with pytest.raises(ValueError, match=r"epsilon must be positive and finite, but is -1\.0"):
        radial_kernels.value_matrix([[0.0]], [[1.0]], "wendland_c2", -1.0)
    with pytest.raises(ValueError, match=r"no radial kernel \['gaussian'\]"):
        radial_kernels.get(["gaussian"])


@EVERY
def test_kernels_that_are_smooth_enough_have_derivatives_at_their_own_centre(name):
    kernel, place = radial_kernels.get(name), [[0.3, 0.4]]
    if kernel.smoothness >= 1:
        np.testing.assert_array_equal(radial_kernels.gradient_matrix(place, place, name), 0)
    if kernel.smoothness >= 2:
        # phi'(t)/t tends to phi''(0), so the Laplacian in the plane is twice that.
        laplacian = radial_kernels.laplacian_matrix(place, place, name)[0, 0]
        assert laplacian == pytest.approx(2 * float(kernel.second(np.array([1e-7]))[0]), rel=1e-5, abs=1e-5)
