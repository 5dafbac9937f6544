"""The clock of a race, on a clock that the test turns."""

import dataclasses
import time
from types import SimpleNamespace

import numpy as np
import pytest

from nndl_support.pinn import problems
from nndl_support.pinn.race import Lap, median_error, race


class Clock:
    def __init__(self, monkeypatch):
        self.now = 100.0
        monkeypatch.setattr(time, "process_time", lambda: self.now)

    def state(self, iteration, *, looking=0.0):
        def relative_error(points, values):
            self.now += looking
            return 1 / iteration

        return SimpleNamespace(iteration=iteration, loss=2.0, solution=SimpleNamespace(relative_error=relative_error))


def test_the_clock_stands_still_while_the_error_is_looked_at(monkeypatch):
    clock = Clock(monkeypatch)
    lap = Lap(4.0, None, np.ones(1), n_looks=4)
    stopped = []
    for iteration in range(1, 9):
        clock.now += 0.5
        stopped.append(lap(clock.state(iteration, looking=7.0)))
    assert lap.curve["seconds"] == [1.0, 2.0, 3.0, 4.0]
    assert lap.curve["iteration"] == [2, 4, 6, 8]
    assert lap.curve["error"] == [1 / 2, 1 / 4, 1 / 6, 1 / 8]
    assert stopped == [False] * 7 + [True]


def test_a_step_longer_than_the_interval_is_looked_at_once(monkeypatch):
    clock = Clock(monkeypatch)
    lap = Lap(10.0, None, np.ones(1), n_looks=10)
    for iteration, seconds in ((1, 3.4), (2, 0.3), (3, 0.4)):
        clock.now += seconds
        assert not lap(clock.state(iteration))
    assert lap.curve["iteration"] == [1, 3]
    clock.now += 20.0
    assert lap(clock.state(4))


def test_a_race_ends_with_the_network_it_measured():
    problem, points = problems.poisson(), [[0.5, 0.5], [0.2, 0.7], [0.9, 0.1]]
    curve, solution = race(
        dataclasses.replace(problem, hidden=(5,)), "levenberg_marquardt", 0.2, points, n_looks=3, n_points=20, seed=1
    )
    assert 1 <= len(curve["error"]) <= 4
    assert curve["error"][-1] == pytest.approx(solution.relative_error(points))
    assert curve["seconds"][-1] >= 0.2
    assert curve["iteration"][-1] == solution.n_iterations


def test_all_that_was_asked_for_reaches_the_solver(monkeypatch):
    asked = {}
    monkeypatch.setattr("nndl_support.pinn.race.solve", lambda problem, **options: asked.update(options))
    race(problems.poisson(), "adam", 3.0, [[0.5, 0.5]], seed=7, n_looks=5, n_points=11, learning_rate=0.1)
    assert {name: asked[name] for name in ("method", "seed", "n_points", "learning_rate")} == {
        "method": "adam",
        "seed": 7,
        "n_points": 11,
        "learning_rate": 0.1,
    }
    # The clock of the race ends it, and not that of the solver.
    assert asked["budget"] == float("inf")
    assert (asked["callback"].seconds, asked["callback"].interval) == (3.0, 0.6)


def test_without_a_truth_there_is_no_race():
    with pytest.raises(ValueError, match="no exact solution"):
        race(dataclasses.replace(problems.poisson(), exact=None), "adam", 1.0, [[0.5, 0.5]])


@pytest.mark.parametrize(("seconds", "n_looks"), [(0.0, 3), (1.0, 0)])
def test_options_out_of_range_are_named(seconds, n_looks):
    with pytest.raises(ValueError, match=f"seconds is {seconds} and n_looks {n_looks}"):
        Lap(seconds, None, np.ones(1), n_looks=n_looks)


def test_the_median_is_taken_at_equal_times_and_on_a_logarithmic_scale():
    curves = [
        {"seconds": [0.0, 2.0], "error": [1.0, 1e-4]},
        {"seconds": [0.0, 1.0], "error": [1.0, 1e-3]},
        {"seconds": [0.5, 4.0], "error": [1e-1, 1e-1]},
    ]
    np.testing.assert_allclose(median_error(curves, [0.0, 1.0, 2.0, 9.0]), [1.0, 1e-2, 1e-3, 1e-3])


def test_of_no_curves_there_is_no_median():
    with pytest.raises(ValueError, match="there are 0 curves; expected at least one"):
        median_error([], [1.0])
