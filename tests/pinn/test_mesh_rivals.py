"""Mesh solvers as rivals: their orders, and the search for the cheapest that is good enough."""

import numpy as np
import pytest

from nndl_support.pinn import mesh_rivals
from nndl_support.pinn.chebyshev_flow import steady_flow
from nndl_support.pinn.exact_solutions import kovasznay
from nndl_support.pinn.forward_rivals import Row
from nndl_support.pinn.lattice_validation import taylor_green_error
from nndl_support.pinn.mesh_rivals import RIVALS, Rival, cheapest, first_reach, seconds_each


@pytest.mark.parametrize(
    ("run", "coarse", "order"),
    [
        (mesh_rivals.grid_wave, 65, 2),
        (mesh_rivals.grid_helmholtz, 33, 4),
        (mesh_rivals.lattice_taylor_green, 24, 2),
    ],
)
def test_error_falls_with_the_order_of_the_method(run, coarse, order):
    fine = 2 * coarse - 1 if run is not mesh_rivals.lattice_taylor_green else 2 * coarse
    measured = np.log2(run(coarse).error / run(fine).error)
    assert abs(measured - order) < 0.5


@pytest.mark.parametrize(
    ("run", "coarse", "fine"),
    [
        (mesh_rivals.fourier_burgers, 512, 1024),
        (mesh_rivals.fourier_allen_cahn, 128, 256),
        (mesh_rivals.chebyshev_kovasznay, 11, 15),
        (mesh_rivals.marched_spring, 5, 9),
    ],
)
def test_spectral_and_high_order_rivals_gain_more_than_a_digit(run, coarse, fine):
    assert run(fine).error < run(coarse).error / 10


def test_of_several_unknown_functions_the_worst_counts():
    flow = steady_flow(11, lambda edge: kovasznay(edge)[:, :2], viscosity=1 / 40, low=(-0.5, -0.5), high=(1.0, 1.5))
    exact = kovasznay(flow.points)
    off = flow.values + [0, 0, exact[:, 2].mean()] - exact
    each = np.linalg.norm(off, axis=0) / np.linalg.norm(exact, axis=0)
    assert each.max() > 2 * each.min()
    assert mesh_rivals.chebyshev_kovasznay(11).error == pytest.approx(each.max(), rel=1e-6)
    velocity, pressure = taylor_green_error(24)
    assert mesh_rivals.lattice_taylor_green(24).error == pressure > 2 * velocity


def test_every_problem_of_the_chapter_has_a_rival():
    names = {"spring", "poisson", "heat", "helmholtz", "wave", "burgers", "allen_cahn", "kovasznay", "taylor_green"}
    assert set(RIVALS) == names


def stub(seconds):
    return lambda n: Row("stub", n, seconds * n, 1 / n)


def test_the_first_good_rung_of_each_ladder_is_taken_and_the_fastest_of_them_returned():
    slow, fast, hopeless = Rival(stub(3.0), (1, 4, 8)), Rival(stub(1.0), (2, 6, 12)), Rival(stub(0.1), (1, 2))
    assert cheapest([slow, fast, hopeless], 0.25) == Row("stub", 6, 6.0, 1 / 6)
    assert cheapest([slow], 0.25) == Row("stub", 4, 12.0, 1 / 4)


def test_nobody_climbs_higher_than_needed_and_the_fastest_repetition_counts():
    tried = []

    def run(n):
        tried.append(n)
        return Row("stub", n, 10.0 - len(tried), 1 / n)

    assert cheapest([Rival(run, (2, 5, 9))], 0.2, repeats=3).seconds == 6.0
    assert tried == [2, 5, 5, 5]


def test_an_error_out_of_reach_is_refused():
    with pytest.raises(ValueError, match=r"1\.0e-03"):
        cheapest([Rival(stub(1.0), (1, 2))], 1e-3)


def test_the_first_look_that_is_good_enough_counts_even_if_a_later_one_is_not():
    assert first_reach([0.5, 1.5, 2.5], [1e-1, 1e-3, 1e-2], 1e-2) == 1.5
    assert first_reach([0.5], [1e-1], 1e-2) == float("inf")
    with pytest.raises(ValueError, match="zip"):
        first_reach([0.5], [1e-1, 1e-2], 1e-2)


def test_mean_seconds_belong_to_one_call():
    asked = []

    def work(value):
        asked.append(value)
        sum(range(200_000))

    one, four = seconds_each(work, [1.0]), seconds_each(work, [1.0, 2.0, 3.0, 4.0])
    assert asked == [1.0, 1.0, 2.0, 3.0, 4.0]
    assert one > 0
    assert four < 3 * one
    with pytest.raises(ValueError, match="no values"):
        seconds_each(work, [])
