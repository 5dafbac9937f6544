"""A circle between the nodes: geometry, a flow with a closed form, and Newton's third law."""

import numpy as np
import pytest

from nndl_support.pinn.curved_wall import CircularWall
from nndl_support.pinn.lattice import OPPOSITE, VELOCITIES, equilibrium
from nndl_support.pinn.lattice_flow import LatticeFlow
from nndl_support.pinn.lattice_walls import periodic


def test_every_link_ends_inside_and_is_cut_by_the_circle():
    centre, radius = (9.3, 7.8), 4.2
    wall = CircularWall((17, 19), centre, radius)
    assert (wall.fraction > 0).all()
    assert (wall.fraction <= 1).all()
    cut = wall.starts + wall.fraction[:, None] * (wall.ends - wall.starts)
    np.testing.assert_allclose(np.hypot(*(cut - centre).T), radius, rtol=1e-12)
    assert wall.solid[wall.ends[:, 1], wall.ends[:, 0]].all()
    assert not wall.solid[wall.starts[:, 1], wall.starts[:, 0]].any()


def test_links_are_all_pairs_of_a_fluid_and_a_solid_neighbour():
    wall = CircularWall((13, 15), (7.2, 6.1), 3.3)
    y, x = np.argwhere(~wall.solid[1:-1, 1:-1]).T + 1
    count = sum(wall.solid[y + b, x + a].sum() for a, b in VELOCITIES[1:])
    assert len(wall.fraction) == count


def test_what_comes_back_is_the_formula_of_bouzidi_link_by_link():
    shape = (13, 15)
    wall = CircularWall(shape, (7.2, 6.1), 3.3)
    # nine numbers after the collision, with the ghost nodes, and where they are one step later
    before = np.random.default_rng(0).normal(size=(9, 15, 17))
    arrived = np.stack([np.roll(f, (b, a), axis=(0, 1)) for f, (a, b) in zip(before, VELOCITIES, strict=True)])
    wall(arrived, before)
    seen = set()
    for (x, y), end, q in zip(wall.starts, wall.ends, wall.fraction, strict=True):
        a, b = end - (x, y)
        i = VELOCITIES.tolist().index([a, b])
        here, upstream, back = (
            before[i, y + 1, x + 1],
            before[i, y + 1 - b, x + 1 - a],
            before[OPPOSITE[i], y + 1, x + 1],
        )
        wanted = 2 * q * here + (1 - 2 * q) * upstream if q < 0.5 else (here + (2 * q - 1) * back) / (2 * q)
        assert arrived[OPPOSITE[i], y + 1, x + 1] == pytest.approx(wanted)
        seen.add((i, bool(q < 0.5)))
    assert len(seen) == 16
    assert not arrived[:, 1:-1, 1:-1][:, wall.solid].any()


def annulus_error(radius, interpolate):
    """Flow round a circle at rest in a box full of fluid that rotates rigidly further out: u_theta = A r + B / r."""
    n = round(6 * radius)
    n += n % 2
    middle = (n / 2 + 0.17, n / 2 - 0.29)
    y, x = np.mgrid[:n, :n]
    a, b = x - middle[0], y - middle[1]
    r = np.maximum(np.hypot(a, b), 1e-9)
    outer, spin = 2.5 * radius, 0.02 / radius
    # zero at the radius, rigid rotation at the outer one
    slope = spin * outer**2 / (outer**2 - radius**2)
    swirl = np.where(r < outer, slope * (1 - (radius / r) ** 2), spin)
    exact = np.stack([-swirl * b, swirl * a])
    wall = CircularWall((n, n), middle, radius, interpolate=interpolate)
    flow = LatticeFlow((n, n), 0.1, boundaries=[periodic("x"), periodic("y"), wall])
    flow.start(0.0, *exact)
    rigid = r >= outer
    for _ in range(round(6 * radius**2)):
        flow.step()
        # the outer fluid is held in rigid rotation, with the pressure that keeps it on its circles
        p = 0.5 * spin**2 * (r * r - outer**2)
        flow.populations[:, 1:-1, 1:-1][:, rigid] = equilibrium(p[rigid], *exact[:, rigid])
    inside = ~wall.solid & (r < outer - 1)
    _, u, v = flow.fields()
    return np.linalg.norm((np.stack([u, v]) - exact)[:, inside]) / np.linalg.norm(exact[:, inside])


def test_the_flow_between_circles_is_found_and_the_staircase_is_worse():
    smooth, staircase = annulus_error(6.0, True), annulus_error(6.0, False)
    assert smooth < 0.0065
    assert staircase > 2.5 * smooth


def test_the_force_is_the_momentum_that_the_fluid_loses():
    shape = (23, 29)
    wall = CircularWall(shape, (12.4, 11.3), 4.6)
    flow = LatticeFlow(shape, 0.05, boundaries=[periodic("x"), periodic("y"), wall])
    u, v = 0.03, 0.01
    flow.start(0.0, u, v)
    flow.populations[:, 1:-1, 1:-1][:, wall.solid] = 0.0
    fluid = ~wall.solid

    def momentum():
        _, a, b = flow.fields()
        return np.array([a[fluid].sum(), b[fluid].sum()])

    for _ in range(5):
        before = momentum()
        flow.step()
        np.testing.assert_allclose(wall.force, before - momentum(), atol=1e-13)


def test_fluid_at_rest_exerts_no_force():
    wall = CircularWall((15, 16), (7.7, 7.1), 3.9)
    flow = LatticeFlow((15, 16), 0.05, boundaries=[periodic("x"), periodic("y"), wall])
    flow.start()
    flow.step(5)
    np.testing.assert_allclose(wall.force, 0.0, atol=1e-15)


def test_a_circle_too_close_to_a_side_or_too_small_is_refused():
    with pytest.raises(ValueError, match="2 nodes or more to every side"):
        CircularWall((10, 20), (9.0, 4.5), 4.0)
    with pytest.raises(ValueError, match="radius of 1 or more"):
        CircularWall((10, 20), (9.0, 4.5), 0.5)
