"""Known solutions against their equations, by differences."""

import numpy as np
import pytest

from nndl_support.pinn import manufactured_solutions as known

X, STEP = 0.1 + 0.8 * np.random.default_rng(0).random((7, 2)), 1e-4


def gradient(u, x):
    return np.column_stack([(u(x + STEP * e) - u(x - STEP * e)) / (2 * STEP) for e in np.eye(2)])


def laplacian(u, x):
    return sum(u(x + STEP * e) + u(x - STEP * e) - 2 * u(x) for e in np.eye(2)) / STEP**2


@pytest.mark.parametrize("k", [2.0, 7.0])
def test_a_plane_wave_solves_helmholtz_equation(k):
    def wave(x):
        return known.plane_wave(x, k, angle=0.7)

    np.testing.assert_allclose(-laplacian(wave, X) - k**2 * wave(X), 0, atol=1e-4)
    across = np.array([-np.sin(0.7), np.cos(0.7)])
    np.testing.assert_allclose(gradient(wave, X) @ across, 0, atol=1e-6)


@pytest.mark.parametrize("peclet", [1.0, 11.0])
def test_a_boundary_layer_solves_the_transport_equation(peclet):
    def u(x):
        return known.boundary_layer(x, peclet)

    np.testing.assert_allclose(-laplacian(u, X) / peclet + gradient(u, X)[:, 0], 0, atol=1e-3)
    np.testing.assert_allclose(u(np.array([[0.0, 0.3], [1.0, 0.8]])), [0, 1], atol=1e-15)


def test_the_harmonic_function_is_harmonic():
    np.testing.assert_allclose(laplacian(known.harmonic, X), 0, atol=1e-5)
    np.testing.assert_allclose(known.harmonic(X)[0], np.exp(X[0, 1]) * np.cos(X[0, 0]))


def test_the_corner_singularity_is_harmonic_and_vanishes_on_both_sides():
    inside = np.vstack([X, X * [-1, 1], -X])
    np.testing.assert_allclose(laplacian(known.corner_singularity, inside), 0, atol=1e-4)
    sides = np.array([[0.3, 0.0], [0.9, 0.0], [0.0, -0.4]])
    np.testing.assert_allclose(known.corner_singularity(sides), 0, atol=1e-15)
    near = known.corner_singularity(np.array([[-1e-9, 1e-9], [-1e-3, 1e-3]]))
    assert near[1] / near[0] == pytest.approx(1e4)


def test_tilted_waves_come_with_their_derivatives():
    np.testing.assert_allclose(known.tilted_waves_gradient(X), gradient(known.tilted_waves, X), atol=1e-6)
    np.testing.assert_allclose(known.tilted_waves_source(X), -laplacian(known.tilted_waves, X), atol=1e-5)


def test_the_bump_comes_with_its_source():
    np.testing.assert_allclose(known.sine_and_bump_source(X), -laplacian(known.sine_and_bump, X), atol=1e-2)


def test_places_that_are_no_plane_are_named():
    for u in (
        lambda x: known.plane_wave(x, 1.0),
        known.corner_singularity,
        known.harmonic,
        known.tilted_waves,
    ):
        with pytest.raises(ValueError, match=r"x has shape \(4, 3\); expected \(M, 2\)"):
            u(np.zeros((4, 3)))
    with pytest.raises(ValueError, match=r"peclet is 0\.0; expected a positive number"):
        known.boundary_layer([[0.5]], 0.0)
    with pytest.raises(ValueError, match=r"x has shape \(1,\); expected \(M, D\)"):
        known.boundary_layer([0.5], 1.0)
