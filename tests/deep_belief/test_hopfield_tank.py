from itertools import permutations

import numpy as np
import pytest
from scipy.special import xlogy

from nndl_support.deep_belief.hopfield_tank import (
    Penalties,
    all_tours,
    read_tours,
    run_tank,
    tank_energy,
    tank_forces,
    tour_lengths,
)

R, CITIES = 3, 5
RNG = np.random.default_rng(0)
POINTS = RNG.random((CITIES, 2))
D = np.linalg.norm(POINTS[:, None] - POINTS, axis=2)
V = RNG.random((R, CITIES, CITIES))
PENALTIES = Penalties(row=3.0, column=5.0, total=2.0, distance=7.0, excess=1.3)


def loop_energy(v, d, p):
    """The published formula, sum by sum."""
    n = len(d)
    rows = sum(v[x, i] * v[x, j] for x in range(n) for i in range(n) for j in range(n) if i != j)
    columns = sum(v[x, i] * v[y, i] for i in range(n) for x in range(n) for y in range(n) if x != y)
    length = sum(
        d[x, y] * v[x, i] * (v[y, (i + 1) % n] + v[y, (i - 1) % n])
        for x in range(n)
        for y in range(n)
        for i in range(n)
        if x != y
    )
    total = (v.sum() - p.excess * n) ** 2
    return (p.row * rows + p.column * columns + p.total * total + p.distance * length) / 2


def test_the_energy_is_the_published_sum():
    np.testing.assert_allclose(tank_energy(V, D, PENALTIES), [loop_energy(v, D, PENALTIES) for v in V])


def test_the_forces_are_minus_the_gradient_by_central_differences():
    forces = tank_forces(V, D, PENALTIES)
    for x in range(CITIES):
        for i in range(CITIES):
            step = np.zeros((CITIES, CITIES))
            step[x, i] = 1e-4
            slope = (tank_energy(V + step, D, PENALTIES) - tank_energy(V - step, D, PENALTIES)) / 2e-4
            np.testing.assert_allclose(forces[:, x, i], -slope, rtol=1e-7)


def test_a_valid_tour_pays_for_its_length_alone():
    for tour in permutations(range(CITIES)):
        v = np.zeros((1, CITIES, CITIES))
        v[0, tour, np.arange(CITIES)] = 1.0
        length = tour_lengths(D, [tour])[0]
        assert tank_energy(v, D, Penalties(3.0, 5.0, 2.0, 7.0, 1.0))[0] == pytest.approx(7.0 * length)
        valid, read = read_tours(v)
        assert valid[0]
        assert read[0].tolist() == list(tour)


def test_all_tours_hold_every_cycle_once():
    tours = all_tours(6)
    assert len(tours) == 60
    cycles = {frozenset(frozenset(pair) for pair in zip(t, np.roll(t, -1))) for t in tours.tolist()}
    assert len(cycles) == 60
    shortest = tour_lengths(D, all_tours(CITIES)).min()
    by_loop = min(sum(D[t[k], t[(k + 1) % CITIES]] for k in range(CITIES)) for t in permutations(range(CITIES)))
    assert shortest == pytest.approx(by_loop)


def test_outputs_that_are_no_permutation_are_not_read():
    v = np.zeros((4, 3, 3))
    v[0] = np.eye(3)
    v[1, 0] = 1.0  # one city everywhere
    v[2, :, 0] = 1.0  # all cities first
    valid, tours = read_tours(v)
    assert valid.tolist() == [True, False, False, False]
    assert (tours[1:] == -1).all()


def test_the_energy_with_its_leak_falls_on_the_way():
    gain, steps = 0.02, (0, 300, 600, 900, 1200)
    energies = []
    for n_steps in steps:
        v = run_tank(D, R, rng=np.random.default_rng(1), n_steps=n_steps)
        # the integral of the inverse activation, which a finite gain adds to E
        leak = gain / 2 * (xlogy(v, v) + xlogy(1 - v, 1 - v)).sum(axis=(1, 2))
        energies.append(tank_energy(v, D) + leak)
    assert np.diff(energies, axis=0).max() <= 1e-6


def test_runs_begin_with_about_one_unit_per_place():
    v = run_tank(D, 20, rng=np.random.default_rng(2), n_steps=0)
    assert v.sum(axis=(1, 2)).mean() == pytest.approx(CITIES, rel=0.05)
    assert len(np.unique(v.round(9))) == v.size


@pytest.mark.parametrize("seed", range(3))
def test_with_weak_distances_most_runs_end_in_a_tour_and_tours_are_poor(seed):
    rng = np.random.default_rng(seed)
    points = rng.random((6, 2))
    d = np.linalg.norm(points[:, None] - points, axis=2)
    ends = read_tours(run_tank(d, 60, rng=rng, penalties=Penalties(distance=100.0)))
    assert ends[0].mean() > 0.4
    found, best = tour_lengths(d, ends[1][ends[0]]), tour_lengths(d, all_tours(6)).min()
    assert found.min() >= best - 1e-9
    assert found.mean() > 1.05 * best


def test_what_does_not_fit_is_named():
    with pytest.raises(ValueError, match=r"outputs of shape \(3, 5, 5\) do not fit 3 cities: expected \(R, 3, 3\)"):
        tank_energy(V, np.zeros((3, 3)))
    with pytest.raises(ValueError, match=r"distances of shape \(2, 2\) must be a symmetric table"):
        run_tank([[0, 1], [2, 0]], 1, rng=RNG)
    with pytest.raises(ValueError, match="11 cities: expected 3 to 10"):
        all_tours(11)


def test_without_forces_the_inputs_leak_away():
    options = {"penalties": Penalties(row=0.0, column=0.0, total=0.0, distance=0.0), "gain": 2.0, "step": 0.25}
    d = np.ones((5, 5)) - np.eye(5)
    start, end = (run_tank(d, 3, rng=np.random.default_rng(0), n_steps=k, **options) for k in (1, 3))
    np.testing.assert_allclose(np.arctanh(2 * end - 1), 0.75**2 * np.arctanh(2 * start - 1), rtol=1e-9)
