"""The flow solver against the literature, and the wake that the inverse problem learns from.

A channel with walls (Schäfer and Turek's case 2D-2), mirrors at growing distance (towards the unconfined cylinder), three grids
whose wakes are put into the Navier-Stokes equations by differences, and 5000 samples of the finest.
"""

import time
from dataclasses import replace

import numpy as np
import pytest

from nndl_support import records
from nndl_support.pinn.fixed_point_text import to_text
from nndl_support.pinn.lattice_boltzmann import simulate_cylinder_wake
from nndl_support.pinn.vortex_shedding import shedding, spectral_strouhal
from nndl_support.pinn.wake_regression import difference, regress_momentum, regress_vorticity
from nndl_support.pinn.wake_samples import scatter

COMMAND = "make bench ONLY=benchmarks/test_pinn_cylinder_wake.py"
CHANNEL = {"upstream": 2.0, "downstream": 20.0, "height": 4.1, "centre": -0.05, "walls": "no_slip", "velocity": 0.05}
OPEN = {"upstream": 8.0, "downstream": 16.0, "height": 16.0, "window": (0.5, 8.5, -2.5, 2.5), "every": 0.1}
WINDOW, LENGTH = (1.0, 8.0, -2.0, 2.0), 8.0
DECIMALS = 5


def run(after, **options):
    """A wake with what the forces say, and the seconds of computing."""
    start = time.process_time()
    wake = simulate_cylinder_wake(**options)
    seconds = time.process_time() - start
    found = shedding(wake.force_times, wake.drag, wake.lift, after=after)._asdict()
    found = {key: round(value, 5) for key, value in found.items()}
    found["spectral_strouhal"] = round(spectral_strouhal(wake.force_times, wake.lift, after=after), 4)
    return wake, {"diameter": wake.diameter, "mach": round(wake.mach, 4), "seconds": round(seconds, 1), **found}


def in_the_equations(wake):
    """Parameters by regression on the dense window, and the root mean square of the divergence."""
    columns = (wake.x >= WINDOW[0]) & (wake.x <= WINDOW[1])
    rows = np.abs(wake.y) <= WINDOW[3]
    u, v, p = (f[:, rows][:, :, columns] for f in (wake.u, wake.v, wake.p))
    steps = {"spacing": wake.x[1] - wake.x[0], "interval": wake.t[1] - wake.t[0]}
    momentum = regress_momentum(u, v, p, **steps)
    curl = regress_vorticity(u, v, **steps)
    divergence = difference(u, steps["spacing"], 2)[:, 2:-2] + difference(v, steps["spacing"], 1)[:, :, 2:-2]
    names = ("lambda_1", "lambda_2", "unexplained")
    return {
        "momentum": {name: round(value, 7) for name, value in zip(names, momentum, strict=True)},
        "vorticity": {name: round(value, 7) for name, value in zip(names, curl, strict=True)},
        "divergence": round(float(divergence.std()), 6),
    }


def test_channel_of_schaefer_and_turek():
    rows, coarse = {}, {}
    for diameter, duration in ((10, 40.0), (20, 30.0), (40, 16.0)):
        for interpolate in (True, False):
            wake, found = run(
                duration - 9,
                diameter=diameter,
                duration=duration,
                record_from=duration,
                interpolate=interpolate,
                begin=coarse.get(interpolate),
                **CHANNEL,
            )
            coarse[interpolate] = wake
            rows.setdefault("interpolated" if interpolate else "staircase", []).append(found)
    last = rows["interpolated"][-1]
    assert 0.295 <= last["strouhal"] <= 0.305
    assert last["drag_max"] == pytest.approx(3.23, rel=0.01)
    assert last["lift_max"] == pytest.approx(1.0, rel=0.02)
    record = records.environment(command=COMMAND) | {"reynolds": 100, "setting": CHANNEL, "figures": rows}
    records.save("pinn/cylinder_channel", record)


def test_mirrors_at_growing_distance():
    rows = []
    for height, upstream in ((8.0, 8.0), (16.0, 8.0), (32.0, 8.0), (32.0, 24.0)):
        place = {"height": height, "upstream": upstream}
        setting = OPEN | place | {"velocity": 0.08, "diameter": 12, "duration": 75.0, "record_from": 75.0}
        rows.append(place | run(50.0, **setting)[1])
    assert rows[-1]["strouhal"] == pytest.approx(0.1644, rel=0.03)
    records.save("pinn/cylinder_blockage", records.environment(command=COMMAND) | {"reynolds": 100, "figures": rows})


def test_wake_on_three_grids_and_its_samples():
    rows, wake = [], None
    for diameter, velocity, warm, kept in (
        (16, 0.05, 74.0, 12.0),
        (16, 0.1, 20.0, 12.0),
        (24, 0.05, 9.0, 12.0),
        (32, 0.05, 10.0, 12.0),
    ):
        setting = OPEN | {"duration": warm + kept, "record_from": warm}
        found, row = run(warm, diameter=diameter, velocity=velocity, begin=wake, **setting)
        rows.append(row | {"velocity": velocity} | in_the_equations(found))
        if velocity == 0.05:
            wake = found
    assert abs(rows[-1]["vorticity"]["lambda_1"] - 1) < 0.005
    assert abs(rows[-1]["vorticity"]["lambda_2"] * 100 - 1) < 0.01
    assert rows[-1]["strouhal"] == pytest.approx(0.1644, rel=0.05)
    begin = wake.t[0]
    points, values = scatter(wake, 5000, WINDOW, (begin, begin + LENGTH), np.random.default_rng(0))
    environment = records.environment(seeds=[0], command=COMMAND)
    setting = {k: v for k, v in OPEN.items() if k not in ("window", "every")}
    about = {"reynolds": 100, "setting": setting | {"window": WINDOW, "length": LENGTH}}
    samples = {"points": to_text(points, DECIMALS), "values": to_text(values, DECIMALS)}
    records.save("pinn/cylinder_samples", environment | about | {"figures": rows} | samples)
    # The truth at three times, on every fourth node.
    near = replace(wake, t=wake.t - begin)
    columns, lines = near.x[(near.x >= 1) & (near.x <= 8)][::4], near.y[np.abs(near.y) <= 2][::4]
    kept = [int(np.abs(near.t - t).argmin()) for t in (2.0, 4.0, 6.0)]
    chosen = np.ix_(kept, np.isin(near.y, lines), np.isin(near.x, columns))
    fields = {name: to_text(getattr(near, name)[chosen], DECIMALS) for name in ("u", "v", "p")}
    grid = {"x": to_text(columns, DECIMALS), "y": to_text(lines, DECIMALS), "t": to_text(near.t[kept], DECIMALS)}
    records.save("pinn/cylinder_truth", environment | about | grid | fields)
