"""The wake: units, symmetry, a run at low Reynolds number, a start from another run."""

import numpy as np
import pytest

from nndl_support.pinn.lattice_boltzmann import simulate_cylinder_wake

SMALL = {"diameter": 8, "velocity": 0.08, "upstream": 4, "downstream": 7, "height": 8}


@pytest.fixture(scope="module")
def steady():
    """Below the onset of shedding, at Re = 20."""
    return simulate_cylinder_wake(20.0, **SMALL, duration=30, record_from=29, every=1.0, window=(-4, 7, -4, 4))


def test_shapes_coordinates_and_times_belong_together(steady):
    assert steady.u.shape == steady.v.shape == steady.p.shape == (2, 64, 88)
    assert (len(steady.t), len(steady.y), len(steady.x)) == (2, 64, 88)
    np.testing.assert_allclose(
        [steady.t[0], np.diff(steady.x)[0], np.diff(steady.y)[0]], [29.0, 1 / 8, 1 / 8], rtol=1e-9
    )
    # the sides lie half a node beyond the last nodes
    assert steady.x[0] == pytest.approx(-4 + 1 / 16)
    assert steady.y[0] == -steady.y[-1] == pytest.approx(-4 + 1 / 16)
    assert len(steady.force_times) == len(steady.drag) == len(steady.lift) == 3000
    np.testing.assert_allclose(steady.force_times[[0, -1]], [0.005, 29.995])
    assert steady.mach == pytest.approx(3**0.5 * 0.08)


def test_the_steady_wake_is_symmetric_and_has_a_bubble_behind_the_cylinder(steady):
    u, v, p = steady.u[-1], steady.v[-1], steady.p[-1]
    assert np.abs(u - u[::-1]).max() < 0.03
    assert np.abs(v + v[::-1]).max() < 0.03
    behind = (np.abs(steady.x - 0.8) < 0.1)[None] & (np.abs(steady.y) < 0.1)[:, None]
    assert u[behind].max() < 0
    assert abs(steady.lift[-1]) < 0.05
    # high pressure in front, low behind
    assert p[31:33, steady.x < -0.6].max() > 0.4
    assert p[31:33, steady.x > 0.6].min() < -0.2


def test_drag_at_reynolds_20_is_of_the_known_size(steady):
    """Unconfined, the literature has a steady drag of about 2; mirrors at 4 D raise it."""
    assert 2.0 < steady.drag[-1] < 3.0
    assert np.abs(np.diff(steady.drag[-500:])).max() < 1e-3


def test_mass_is_conserved_from_section_to_section(steady):
    flux = steady.u[-1].mean(axis=0)
    fluid = np.abs(steady.x) > 0.6
    np.testing.assert_allclose(flux[fluid], 1.0, atol=0.02)


def test_the_momentum_that_the_fluid_loses_is_the_drag(steady):
    """Integral over the sections far before and behind: pressure, flux of momentum and viscous stress against the drag."""
    u, p = steady.u[-1], steady.p[-1]
    h = 1 / 8

    def thrust(x):
        column = int(np.abs(steady.x - x).argmin())
        stress = 2 / 20 * (u[:, column + 1] - u[:, column - 1]) / (2 * h)
        return ((p + u * u)[:, column] - stress).sum() * h

    assert 2 * (thrust(-2.5) - thrust(4.0)) == pytest.approx(steady.drag[-1], rel=0.02)


def test_a_run_may_begin_where_another_ended(steady):
    finer = simulate_cylinder_wake(
        20.0,
        **(SMALL | {"diameter": 12}),
        duration=1.0,
        record_from=0.0,
        every=1.0,
        window=(-3, 6, -3, 3),
        begin=steady,
    )
    probe = [
        int(np.abs(finer.x - 3.0).argmin()),
        int(np.abs(steady.x - finer.x[np.abs(finer.x - 3.0).argmin()]).argmin()),
    ]
    rows = [int(np.abs(w.y - 0.7).argmin()) for w in (finer, steady)]
    assert finer.u[0, rows[0], probe[0]] == pytest.approx(steady.u[-1, rows[1], probe[1]], abs=0.05)
    assert finer.u[1, rows[0], probe[0]] == pytest.approx(steady.u[-1, rows[1], probe[1]], abs=0.05)
    before, after = (w.p[k][np.ix_(np.abs(w.y) < 0.1, w.x < -0.7)].max() for w, k in ((steady, -1), (finer, 0)))
    # the nearest nodes in front of the cylinder are not at the same distance
    assert after == pytest.approx(before, rel=0.3)


def test_a_vortex_behind_the_cylinder_breaks_the_symmetry_of_the_start():
    start = simulate_cylinder_wake(20.0, **SMALL, duration=0, record_from=0, every=1, window=(-4, 7, -4, 4))
    assert len(start.t) == 1
    assert np.abs(start.v + start.v[:, ::-1]).max() > 0.1
    assert np.abs(start.v[..., start.x < -1.5]).max() < 0.01


def test_snapshots_can_be_thinned_and_progress_is_told():
    told = []
    options = SMALL | {
        "duration": 0.5,
        "every": 0.1,
        "record_from": 0.1,
        "window": (-1, 3, -1, 1),
        "progress": told.append,
    }
    full, thin = (simulate_cylinder_wake(**options, stride=s) for s in (1, 3))
    np.testing.assert_array_equal(thin.u, full.u[:, ::3, ::3])
    np.testing.assert_array_equal(thin.x, full.x[::3])
    np.testing.assert_allclose(told[:5], full.t)


def test_a_staircase_is_another_cylinder():
    smooth, staircase = (
        simulate_cylinder_wake(20.0, **SMALL, duration=2.0, every=1.0, interpolate=choice) for choice in (True, False)
    )
    assert abs(staircase.drag[-1] / smooth.drag[-1] - 1) > 1e-3


def test_in_a_channel_the_inflow_is_a_parabola_of_mean_one_and_the_walls_hold_the_fluid():
    wake = simulate_cylinder_wake(
        20.0, **(SMALL | {"height": 4.0}), walls="no_slip", centre=-0.25, duration=4.0, every=4.0, window=(-4, 7, -3, 3)
    )
    inlet = wake.u[-1, :, 0]
    assert inlet.mean() == pytest.approx(1.0, rel=0.02)
    assert inlet.max() == pytest.approx(1.5, rel=0.05)
    assert np.abs(wake.u[-1, 0]).max() < 0.6
    # the cylinder lies a quarter of a diameter below the middle
    assert wake.y.mean() == pytest.approx(0.25)


def test_errors_say_what_is_wrong():
    with pytest.raises(ValueError, match="expected 'free_slip' or 'no_slip'"):
        simulate_cylinder_wake(walls="rough")
    with pytest.raises(ValueError, match="leave no snapshot"):
        simulate_cylinder_wake(duration=1.0, record_from=2.0)
    with pytest.raises(ValueError, match=r"holds no node .* x from -6.0 to 14.0 and y from -6.5 to 5.5"):
        simulate_cylinder_wake(window=(50, 60, 0, 1), centre=0.5)
    for wrong in ({"reynolds": -100.0}, {"velocity": 0.0}, {"diameter": 0}, {"stride": 0}):
        ((name, value),) = wrong.items()
        with pytest.raises(ValueError, match=rf"{name} (is )?{value}.* expected positive numbers"):
            simulate_cylinder_wake(**wrong)


def test_a_flow_that_is_too_thin_for_its_nodes_says_so():
    with pytest.raises(ValueError, match=r"unstable before .* smaller velocity than 0.9"):
        simulate_cylinder_wake(100.0, diameter=6, velocity=0.9, upstream=3, downstream=5, height=6, duration=4)
    with pytest.raises(ValueError, match=r"unstable before .* needs more nodes than 5"):
        simulate_cylinder_wake(
            1e5, diameter=5, velocity=0.25, upstream=3, downstream=4, height=6, duration=60, record_from=60
        )
