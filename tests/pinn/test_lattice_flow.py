"""The collision against one written by matrices, and flows with a known solution."""

import numpy as np
import pytest

from nndl_support.pinn.lattice import VELOCITIES, WEIGHTS, equilibrium, moments
from nndl_support.pinn.lattice_flow import LatticeFlow
from nndl_support.pinn.lattice_walls import periodic

BOX = [periodic("x"), periodic("y")]


def collide_and_stream(f, viscosity):
    """The formula of the class as it stands, with projections and np.roll."""
    omega = 1 / (3 * viscosity + 0.5)
    eq = equilibrium(*moments(f))
    stress = np.einsum("ia,ib,iyx->abyx", VELOCITIES, VELOCITIES, f - eq)
    c2 = (VELOCITIES**2).sum(axis=1)
    hermite = np.einsum("ia,ib->iab", VELOCITIES, VELOCITIES) - c2[:, None, None] * np.eye(2) / 2
    g = eq + (1 - omega) * 4.5 * np.einsum("i,iab,abyx->iyx", WEIGHTS, hermite, stress)
    return np.stack([np.roll(p, (b, a), axis=(0, 1)) for p, (a, b) in zip(g, VELOCITIES, strict=True)])


@pytest.mark.parametrize("shape", [(5, 7), (3, 3), (11, 4)])
@pytest.mark.parametrize("band", [1, 3, 1000])
def test_a_step_is_the_collision_by_matrices_however_the_rows_are_banded(shape, band, monkeypatch):
    monkeypatch.setattr("nndl_support.pinn.lattice_flow._BAND", band * shape[1])
    f = 0.01 * np.random.default_rng(0).normal(size=(9, *shape))
    box = LatticeFlow(shape, 0.03, boundaries=BOX)
    box.populations[:, 1:-1, 1:-1] = f
    for _ in range(3):
        box.step()
        f = collide_and_stream(f, 0.03)
        np.testing.assert_allclose(box.populations[:, 1:-1, 1:-1], f, atol=1e-16)


def test_mass_and_momentum_are_conserved_in_a_periodic_box():
    box = LatticeFlow((7, 11), 0.02, boundaries=BOX)
    box.start(*(0.02 * np.random.default_rng(1).normal(size=(3, 7, 11))))
    before = [m.sum() for m in box.fields()]
    box.step(50)
    np.testing.assert_allclose([m.sum() for m in box.fields()], before, atol=1e-13)


def test_a_start_has_the_fields_asked_for():
    given = 0.02 * np.random.default_rng(2).normal(size=(3, 5, 6))
    box = LatticeFlow((5, 6), 0.04)
    box.start(*given)
    np.testing.assert_allclose(np.stack(box.fields()), given, atol=1e-16)


def test_the_solution_turns_with_the_box():
    """A flow turned by 90 degrees stays the turned flow: no direction of the lattice is preferred."""
    rng = np.random.default_rng(3)
    p, u, v = 0.01 * rng.normal(size=(3, 9, 9))
    straight, turned = LatticeFlow((9, 9), 0.05, boundaries=BOX), LatticeFlow((9, 9), 0.05, boundaries=BOX)
    straight.start(p, u, v)
    straight.populations[:, 1:-1, 1:-1] = equilibrium(p, u, v)
    # x' = y, y' = -x
    turned.populations[:, 1:-1, 1:-1] = equilibrium(p.T[::-1], v.T[::-1], -u.T[::-1])
    straight.step(20)
    turned.step(20)
    p, u, v = straight.fields()
    np.testing.assert_allclose(np.stack(turned.fields()), np.stack([p.T[::-1], v.T[::-1], -u.T[::-1]]), atol=1e-15)


def test_sound_travels_at_the_speed_of_sound_and_decays():
    n, k = 64, 2 * np.pi / 64
    x = np.arange(n) * np.ones((3, 1))
    box = LatticeFlow((3, n), 0.01, boundaries=BOX)
    box.start(p=1e-5 * np.cos(k * x))
    steps = round(n * 3**0.5)
    box.step(steps)
    p = box.fields()[0]
    # one period later the wave has its phase back, and is smaller by the bulk viscosity 1/6 and the shear viscosity
    amplitude = 2 * (p[0] * np.exp(1j * k * x[0])).mean() / 1e-5
    assert abs(np.angle(amplitude)) < 0.06
    assert abs(amplitude) == pytest.approx(np.exp(-0.5 * (0.01 + 1 / 6) * k * k * steps), rel=0.02)


def test_errors_say_what_is_wrong():
    with pytest.raises(ValueError, match="3 rows and columns"):
        LatticeFlow((2, 9), 0.1)
    with pytest.raises(ValueError, match="positive viscosity"):
        LatticeFlow((9, 9), 0.0)
