"""The nine velocities, the equilibrium and its moments."""

import itertools

import numpy as np
import pytest

from nndl_support.pinn.lattice import (
    OPPOSITE,
    SOUND_SPEED,
    VELOCITIES,
    WEIGHTS,
    equilibrium,
    moments,
    shear_populations,
)


@pytest.mark.parametrize("powers", [p for p in itertools.product(range(6), repeat=2) if sum(p) <= 5])
def test_the_weights_integrate_polynomials_up_to_degree_five_like_a_normal_distribution(powers):
    """Gauss-Hermite quadrature with variance 1/3: what makes the lattice isotropic enough for a fluid."""
    normal = {0: 1.0, 2: 1 / 3, 4: 3 / 9}
    exact = np.prod([normal.get(k, 0.0) for k in powers])
    assert (WEIGHTS * np.prod(VELOCITIES**powers, axis=1)).sum() == pytest.approx(exact, abs=1e-15)


def test_opposites_are_opposite_and_the_weights_agree():
    np.testing.assert_array_equal(VELOCITIES[OPPOSITE], -VELOCITIES)
    np.testing.assert_array_equal(WEIGHTS[OPPOSITE], WEIGHTS)
    assert pytest.approx(3**-0.5) == SOUND_SPEED


def test_the_equilibrium_has_the_pressure_the_momentum_and_the_momentum_flux_of_an_ideal_fluid():
    p, u, v = 0.1 * np.random.default_rng(0).normal(size=(3, 5, 7))
    f = equilibrium(p, u, v)
    for found, wanted in zip(moments(f), (p, u, v), strict=True):
        np.testing.assert_allclose(found, wanted, atol=1e-15)
    flux = np.einsum("ia,ib,iyx->abyx", VELOCITIES, VELOCITIES, f)
    np.testing.assert_allclose(flux, [[p + u * u, u * v], [u * v, p + v * v]], atol=1e-15)


def test_the_equilibrium_takes_numbers_and_arrays_together():
    assert equilibrium(0.1, np.zeros((2, 3)), 0.0).shape == (9, 2, 3)


def test_shear_adds_a_stress_and_nothing_else():
    r"""The stress is -(nu + 1/6) times the traceless rate of strain, twice over: half of it acts before a collision."""
    y, x = np.mgrid[:7, :5]
    u, v, nu = 0.01 * x + 0.02 * y, 0.03 * x - 0.01 * y, 0.05
    f = shear_populations(u, v, nu)
    for moment in moments(f):
        np.testing.assert_allclose(moment, 0.0, atol=1e-16)
    stress = np.einsum("ia,ib,iyx->abyx", VELOCITIES, VELOCITIES, f)
    strain = np.array([[2 * 0.01, 0.02 + 0.03], [0.02 + 0.03, -2 * 0.01]])
    np.testing.assert_allclose(stress, (-(nu + 1 / 6) * strain)[:, :, None, None] * np.ones((7, 5)), atol=1e-15)


def test_moments_ask_for_nine_populations():
    with pytest.raises(ValueError, match="9 populations"):
        moments(np.zeros((8, 3, 2)))
