"""Boundary conditions by the flows they make."""

import numpy as np
import pytest

from nndl_support.pinn.lattice import VELOCITIES, equilibrium
from nndl_support.pinn.lattice_flow import LatticeFlow
from nndl_support.pinn.lattice_walls import bounce_back, free_slip, outlet, periodic


def parabola(n):
    s = (np.arange(n) + 0.5) / n
    return 6 * s * (1 - s)


def test_couette_flow_between_a_wall_at_rest_and_one_that_moves_is_exact():
    """Linear in y, with the walls half-way between nodes; and the channel may lie along either axis."""
    n, speed = 7, 0.05
    exact = speed * (np.arange(n) + 0.5) / n
    flat = LatticeFlow((n, 4), 0.15, boundaries=[periodic("x"), bounce_back("bottom"), bounce_back("top", u=speed)])
    upright = LatticeFlow((4, n), 0.15, boundaries=[periodic("y"), bounce_back("left"), bounce_back("right", v=speed)])
    for flow in (flat, upright):
        flow.step(1500)
    np.testing.assert_allclose(flat.fields()[1], exact[:, None] * np.ones(4), atol=1e-10)
    np.testing.assert_allclose(upright.fields()[2], exact * np.ones((4, 1)), atol=1e-10)


def channel(n, steps=4000, length=2):
    """Steady flow from a parabolic inlet to the outlet."""
    speed = 0.02
    flow = LatticeFlow(
        (n, length * n),
        speed * n / 10,
        boundaries=[
            bounce_back("bottom"),
            bounce_back("top"),
            bounce_back("left", u=speed * parabola(n)),
            outlet(speed * parabola(n).mean()),
        ],
    )
    flow.start(u=speed * parabola(n)[:, None])
    flow.step(steps)
    p, u, v = flow.fields()
    return p / speed**2, u / speed, v / speed


def test_a_parabola_that_enters_a_channel_leaves_it_as_a_parabola_with_the_slope_of_pressure_that_it_needs():
    n = 20
    p, u, v = channel(n)
    # away from the corners, where inlet and outlet meet the walls
    middle = slice(n // 2, 3 * n // 2)
    assert np.abs(u - parabola(n)[:, None])[:, middle].max() < 0.02
    assert np.abs(v[:, middle]).max() < 0.015
    # -p_x = 12 mean velocity / (Re height^2), in units of mean velocity and height, Re = 10
    slope = (p[:, 3 * n // 2] - p[:, n // 2]).mean()
    assert slope == pytest.approx(-1.2, rel=0.03)
    np.testing.assert_allclose(u.mean(axis=0), parabola(n).mean(), rtol=1e-3)


def test_free_slip_is_a_mirror():
    """Half a symmetric flow between mirrors is the flow in the periodic box that holds both halves."""
    rng = np.random.default_rng(0)
    half = 0.01 * rng.normal(size=(3, 5, 7))
    whole = np.concatenate([half, half[:, ::-1] * np.array([1, 1, -1])[:, None, None]], axis=1)
    above = LatticeFlow((5, 7), 0.05, boundaries=[periodic("x"), free_slip("bottom"), free_slip("top")])
    both = LatticeFlow((10, 7), 0.05, boundaries=[periodic("x"), periodic("y")])
    above.populations[:, 1:-1, 1:-1] = equilibrium(*half)
    both.populations[:, 1:-1, 1:-1] = equilibrium(*whole)
    above.step(30)
    both.step(30)
    np.testing.assert_allclose(np.stack(above.fields()), np.stack(both.fields())[:, :5], atol=1e-15)


def test_mirrors_on_the_left_and_right_are_the_ones_above_and_below_turned():
    rng = np.random.default_rng(1)
    p, u, v = 0.01 * rng.normal(size=(3, 5, 7))
    flat = LatticeFlow((5, 7), 0.05, boundaries=[periodic("x"), free_slip("bottom"), free_slip("top")])
    upright = LatticeFlow((7, 5), 0.05, boundaries=[periodic("y"), free_slip("left"), free_slip("right")])
    flat.populations[:, 1:-1, 1:-1] = equilibrium(p, u, v)
    upright.populations[:, 1:-1, 1:-1] = equilibrium(p.T, v.T, u.T)
    flat.step(20)
    upright.step(20)
    p, u, v = flat.fields()
    np.testing.assert_allclose(np.stack(upright.fields()), np.stack([p.T, v.T, u.T]), atol=1e-15)


def test_a_closed_box_keeps_its_mass():
    box = LatticeFlow((7, 5), 0.1, boundaries=[bounce_back(side) for side in ("left", "right", "bottom", "top")])
    box.start(*(0.01 * np.random.default_rng(2).normal(size=(3, 7, 5))))
    before = box.fields()[0].sum()
    box.step(40)
    assert box.fields()[0].sum() == pytest.approx(before, abs=1e-14)


def test_a_plane_sound_wave_leaves_through_the_outlet():
    n = 90
    flow = LatticeFlow((4, n), 0.01, boundaries=[periodic("y"), bounce_back("left"), outlet(0.0)])
    x = np.arange(n)
    pulse = 1e-4 * np.exp(-(((x - 45) / 8) ** 2)) * np.ones((4, 1))
    flow.start(p=pulse, u=pulse * 3**0.5)  # travelling to the right
    flow.step(150)
    assert np.abs(flow.fields()[0]).max() < 0.05 * pulse.max()


def test_each_condition_fills_in_what_enters_and_nothing_else():
    rng = np.random.default_rng(3)
    inward = {"left": (1, 0), "right": (-1, 0), "bottom": (0, 1), "top": (0, -1)}
    for side, normal in inward.items():
        for make in (free_slip, bounce_back):
            f = rng.normal(size=(9, 6, 7))
            g = f.copy()
            make(side)(g, f)
            changed = np.argwhere(f != g)
            assert set(changed[:, 0]) == set(np.flatnonzero(VELOCITIES @ normal == 1))
            axis, place = (2, 1 if side == "left" else 5) if normal[0] else (1, 1 if side == "bottom" else 4)
            assert set(changed[:, axis]) == {place}


def test_errors_say_what_is_wrong():
    with pytest.raises(ValueError, match="expected one of left"):
        bounce_back("front")
    with pytest.raises(ValueError, match="expected 'x' or 'y'"):
        periodic("z")
