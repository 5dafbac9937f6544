"""Runs: what they find, what they record, how they are interrupted and go on, and how they fail."""

import dataclasses
import itertools
import math
import re
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from nndl_support.pinn import problems, solver
from nndl_support.pinn.checkpoint import load_checkpoint
from nndl_support.pinn.geometry import Interval, Rectangle, SpaceTime
from nndl_support.pinn.network import MLP, HardConstraint
from nndl_support.pinn.problem import Observations, Problem, dirichlet, initial
from nndl_support.pinn.solver import METHODS, solve

F64 = torch.float64
EVERY = pytest.mark.parametrize("method", METHODS)
SEEDED = {"seed": 3, "n_points": 17, "resample": 4}


def decay(k=1.0, **changes):
    """u' = -k u with u(0) = 1 and k to be found from three exact measurements of k = 1.7."""
    times = np.array([[0.3], [0.8], [1.5]])
    options = {
        "conditions": [dirichlet(1.0, on=[[0.0]], name="start")],
        "unknown": {"k": k},
        "data": Observations(times, np.exp(-1.7 * times)),
        "hidden": (7,),
    }
    return Problem(Interval(0.0, 2.0, name="t"), {"decay": lambda f, p: f.u_t + p.k * f.u}, **(options | changes))


def plate(**changes):
    """Heat in a plate with a condition on a part of the boundary and one at the start, all points drawn."""
    options = {
        "conditions": [dirichlet(lambda f: f.t, on=lambda q: q[:, 0] == 0, n_points=5), initial(0.0, n_points=7)],
        "hidden": (5,),
    }
    rod = SpaceTime(Interval(0, 1), 0, 1)
    return Problem(rod, {"heat": lambda f, p: f.u_t - 0.1 * f.u_xx}, **(options | changes))


def plain_module(seed=0):
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(2, 7), nn.Tanh(), nn.Linear(7, 1)).double()


def everything(solution):
    parameters = [p.detach().flatten() for p in solution.network.parameters()]
    return torch.cat([*parameters, torch.tensor(list(solution.parameters.values()), dtype=F64)])


def without_seconds(history):
    return {name: column for name, column in history.items() if name != "seconds"}


def test_the_methods_of_the_chapter_are_there():
    assert {"adam", "lbfgs", "levenberg_marquardt", "natural_gradient", "ssbroyden"} <= set(METHODS)


# What is found.


@pytest.mark.parametrize("make", [problems.poisson, problems.heat])
def test_poisson_and_heat_are_solved_to_five_digits(make):
    problem = make()
    solution = solve(problem, max_iterations=120, n_points=200, seed=1)
    low, high = problem.geometry.bounds
    axes = [np.linspace(a, b, 23) for a, b in zip(low, high)]
    grid = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 2)
    assert solution.relative_error(grid) < 1e-5


@pytest.mark.parametrize(("method", "n_steps"), [("levenberg_marquardt", 80), ("ssbroyden", 150)])
@pytest.mark.parametrize("seed", range(2))
def test_an_unknown_rate_is_found_from_three_measurements(method, n_steps, seed):
    solution = solve(decay(), method=method, max_iterations=n_steps, n_points=30, seed=seed, resample=0)
    assert solution.parameters["k"] == pytest.approx(1.7, abs=2e-3)
    t = np.linspace(0, 2, 11)[:, None]
    np.testing.assert_allclose(solution.predict(t), np.exp(-1.7 * t), atol=5e-3)


@EVERY
def test_every_method_lowers_the_loss(method):
    options = {"learning_rate": 0.02} if method == "adam" else {"max_iter": 3} if method == "lbfgs" else {}
    solution = solve(decay(), method=method, max_iterations=12, n_points=30, resample=0, **options)
    assert solution.history["loss"][-1] < 0.7 * solution.history["loss"][0]


@pytest.mark.parametrize("method", ["levenberg_marquardt", "natural_gradient"])
@pytest.mark.parametrize("seed", range(2))
def test_on_fixed_points_the_loss_never_rises(method, seed):
    losses = []
    solve(
        plate(),
        method=method,
        max_iterations=25,
        n_points=30,
        resample=0,
        seed=seed,
        callback=lambda s: losses.append(s.loss),
    )
    assert (np.diff(losses) <= 0).all()


@pytest.mark.parametrize("method", ["adam", "lbfgs", "ssbroyden"])
def test_any_module_can_be_trained(method):
    network = plain_module()
    solution = solve(plate(), network, method=method, max_iterations=5, n_points=20, resample=3)
    assert solution.network is network
    assert solution.history["loss"][-1] < solution.history["loss"][0]
    assert solution.predict([[0.1, 0.2]]).shape == (1, 1)
    slope = solution.evaluate([[0.1, 0.2], [0.3, 0.4]], lambda f: f.u_xt)
    assert slope.shape == (2,)


@pytest.mark.parametrize("method", ["levenberg_marquardt", "natural_gradient"])
def test_methods_that_need_a_jacobian_refuse_other_modules(method):
    with pytest.raises(
        TypeError, match=r"the network is a Sequential .* use the methods 'adam', 'lbfgs' or 'ssbroyden'"
    ):
        solve(plate(), plain_module(), method=method, max_iterations=3)


@EVERY
def test_single_precision_trains(method):
    problem = decay()
    solution = solve(
        problem, problem.network(dtype=torch.float32), method=method, max_iterations=5, n_points=20, resample=0
    )
    assert solution.history["loss"][-1] < solution.history["loss"][0]
    assert solution.predict([[0.5]]).dtype == np.float32


def test_a_network_of_ones_own_gets_the_hard_constraints():
    hard = (lambda q: torch.sin(q[:, 0]), lambda q: q[:, 1])
    network = MLP(2, 1, (3,))
    solution = solve(plate(hard=hard), network, max_iterations=1, n_points=10)
    assert isinstance(solution.network, HardConstraint)
    assert solution.network.network is network
    assert solution.predict([[0.5, 0.0]])[0, 0] == np.sin(0.5)


def test_a_solution_in_place_of_a_network_goes_on_from_its_parameters_too():
    problem = decay()
    first = solve(problem, max_iterations=30, n_points=20, resample=0)
    assert abs(first.parameters["k"] - 1.0) > 0.1
    again = solve(problem, first, max_iterations=0)
    assert again.parameters == first.parameters
    assert again.network is first.network
    # With the network alone the parameters start anew.
    assert solve(problem, first.network, max_iterations=0).parameters == {"k": 1.0}
    # Of another problem, those it knows by name.
    more = dataclasses.replace(
        problem, unknown={"c": 5.0, "k": 1.0}, equations=lambda f, p: f.u_t + p.k * f.u + p.c * f.u**2
    )
    assert solve(more, first, max_iterations=0).parameters == {"c": 5.0, "k": first.parameters["k"]}


# What comes back.


def test_predictions_come_in_the_shape_of_the_outputs():
    rod = SpaceTime(Interval(0, 1), 0, 1)
    problem = Problem(rod, {"a": lambda f, p: f.u_x + f.v_t}, outputs=("u", "v"), hidden=(3,))
    solution = solve(problem, max_iterations=1, n_points=10)
    points = np.random.default_rng(0).random((20_003, 2))
    found = solution.predict(points)
    assert found.shape == (20_003, 2)
    with torch.no_grad():
        np.testing.assert_allclose(found, solution.network(torch.as_tensor(points)).numpy(), rtol=1e-12)
    assert not solution.network(torch.as_tensor(points[:2])).isnan().any()
    vorticity = solution.evaluate(points[:5], lambda f: f.v_x - f.u_t)
    step = np.array([[1e-5, 0.0]])
    along = (solution.predict(points[:5] + step) - solution.predict(points[:5] - step)) / 2e-5
    across = (solution.predict(points[:5] + step[:, ::-1]) - solution.predict(points[:5] - step[:, ::-1])) / 2e-5
    np.testing.assert_allclose(vorticity, along[:, 1] - across[:, 0], atol=1e-8)


def test_the_relative_error_is_against_the_exact_solution_or_given_values():
    solution = solve(plate(exact=lambda q: np.asarray(q)[:, 0] ** 2), max_iterations=1, n_points=10)
    points = np.random.default_rng(0).random((7, 2))
    found, wanted = solution.predict(points)[:, 0], points[:, 0] ** 2
    error = np.linalg.norm(found - wanted) / np.linalg.norm(wanted)
    assert solution.relative_error(points) == pytest.approx(error, rel=1e-12)
    assert solution.relative_error(points, wanted[:, None]) == pytest.approx(error, rel=1e-12)
    assert solution.relative_error(points, wanted.tolist()) == pytest.approx(error, rel=1e-12)
    with pytest.raises(ValueError, match=r"found has shape \(7, 1\), but wanted has \(1, 7\)"):
        solution.relative_error(points, wanted[None])
    with pytest.raises(ValueError, match="the problem has no exact solution: pass the values to compare with"):
        solve(plate(), max_iterations=1, n_points=10).relative_error(points)


def test_the_history_has_a_row_for_every_look_and_the_last_step():
    solution = solve(decay(), max_iterations=17, n_points=20, log_every=5)
    assert set(solution.history) == {"iteration", "seconds", "loss", "decay", "start", "data", "k"}
    assert {len(column) for column in solution.history.values()} == {5}
    assert solution.history["iteration"] == [0, 5, 10, 15, 17]
    assert solution.history["k"][0] == 1.0
    assert solution.history["k"][-1] == solution.parameters["k"]
    assert solution.n_iterations == 17
    assert (np.diff(solution.history["seconds"]) >= 0).all()
    assert solution.history["seconds"][-1] == solution.seconds > 0
    total = solution.history["decay"][2] + solution.history["start"][2] + solution.history["data"][2]
    assert solution.history["loss"][2] == pytest.approx(total, rel=1e-12)


def test_no_steps_leave_the_network_as_it_was():
    problem = decay()
    solution = solve(problem, max_iterations=0, seed=2)
    assert solution.history["iteration"] == [0]
    wanted = problem.network(seed=2)(torch.tensor([[0.5]], dtype=F64)).detach().numpy()
    np.testing.assert_array_equal(solution.predict([[0.5]]), wanted)


# When a run ends.


def test_the_budget_is_kept():
    began = time.perf_counter()
    solution = solve(plate(), budget=0.3, n_points=20)
    elapsed = time.perf_counter() - began
    # Stops after the first step that passes it.
    before_last = solution.seconds - (solution.seconds / solution.n_iterations)
    assert solution.seconds >= 0.3
    assert before_last < 0.3 + 2.0
    assert elapsed < 20


def test_of_budget_and_iterations_the_first_to_run_out_stops(monkeypatch):
    assert solve(plate(), budget=1e-9, max_iterations=50, n_points=10).n_iterations == 1
    assert solve(plate(), budget=1e9, max_iterations=3, n_points=10).n_iterations == 3
    # Iterations alone: a clock on which every look costs an hour does not stop them.
    clock = itertools.count(step=3600.0)
    monkeypatch.setattr(solver.time, "perf_counter", lambda: next(clock))
    patient = solve(plate(), max_iterations=3, n_points=10)
    assert (patient.n_iterations, patient.seconds) == (3, 3 * 3600.0)
    assert solve(plate(), n_points=10).n_iterations == 1


def test_a_callback_that_says_so_stops_the_run_and_sees_its_state():
    seen = []

    def callback(state):
        seen.append((state.iteration, state.loss, state.parameters["k"], state.solution.predict([[0.5]])[0, 0]))
        assert state.objective.value() == state.loss
        assert state.seconds > 0
        return state.iteration == 4

    solution = solve(decay(), max_iterations=50, n_points=20, callback=callback)
    assert [row[0] for row in seen] == [1, 2, 3, 4]
    assert solution.n_iterations == 4
    assert solution.history["iteration"] == [0, 4]
    assert seen[-1][1:] == (solution.history["loss"][-1], solution.parameters["k"], solution.predict([[0.5]])[0, 0])


def test_a_callback_may_change_weights():
    def callback(state):
        state.objective.weights["start"] = 100.0

    solution = solve(decay(), max_iterations=1, n_points=20, callback=callback)
    last = {name: column[-1] for name, column in solution.history.items()}
    assert last["loss"] == pytest.approx(last["decay"] + 100 * last["start"] + last["data"], rel=1e-12)


# The same run again.


@EVERY
def test_a_run_is_reproducible(method):
    one, same = (solve(plate(), method=method, max_iterations=9, **SEEDED) for _ in range(2))
    assert torch.equal(everything(one), everything(same))
    assert without_seconds(one.history) == without_seconds(same.history)


def test_the_seed_decides_network_and_points():
    one, other = (solve(plate(), max_iterations=2, n_points=17, seed=seed) for seed in (0, 1))
    assert not torch.equal(everything(one), everything(other))
    network = plate().network(seed=0)
    drawn = []
    solve(
        plate(),
        network,
        max_iterations=1,
        n_points=17,
        seed=5,
        callback=lambda s: drawn.append(s.objective.blocks[0].points),
    )
    solve(plate(), max_iterations=1, n_points=17, seed=6, callback=lambda s: drawn.append(s.objective.blocks[0].points))
    assert not torch.equal(*drawn)


@EVERY
@pytest.mark.parametrize("make", [decay, plate])
def test_a_run_that_was_interrupted_goes_on_as_if_it_had_not_been(method, make, tmp_path):
    def callback(state):
        # Weights that change on the way, and of single points, must come back too.
        state.objective.weights[next(iter(state.objective.weights))] = 1 + 0.1 * state.iteration
        if state.iteration == 2:
            state.objective.blocks[1].point_weights = torch.full(
                (len(state.objective.blocks[1].points),), 0.5, dtype=F64
            )
        return state.iteration in stops

    options = {"method": method, "max_iterations": 14, "callback": callback, "log_every": 5, **SEEDED}
    stops = set()
    whole = solve(make(), **options)
    stops = {3, 9}
    path = tmp_path / "run.pt"
    for wanted in (3, 9, 14):
        # Another network each time: all that matters is in the file.
        parts = solve(make(), make().network(seed=wanted if wanted > 3 else 3), checkpoint=path, **options)
        assert parts.n_iterations == wanted
    assert torch.equal(everything(parts), everything(whole))
    assert without_seconds(parts.history) == without_seconds(whole.history)


def test_a_run_that_is_killed_has_lost_no_more_than_the_steps_since_the_checkpoint(tmp_path):
    path = tmp_path / "deep" / "run.pt"

    def kill(state):
        if state.iteration == 8:
            raise KeyboardInterrupt

    options = {"max_iterations": 12, "checkpoint": path, "checkpoint_every": 5, "log_every": 2, **SEEDED}
    with pytest.raises(KeyboardInterrupt):
        solve(plate(), callback=kill, **options)
    assert load_checkpoint(path)["n_iterations"] == 5
    resumed = solve(plate(), **options)
    whole = solve(plate(), **(options | {"checkpoint": None}))
    assert torch.equal(everything(resumed), everything(whole))
    assert without_seconds(resumed.history) == without_seconds(whole.history)
    assert resumed.seconds >= load_checkpoint(path)["history"]["seconds"][-1] > 0


def test_a_run_that_was_done_is_done(tmp_path):
    path = tmp_path / "run.pt"
    one = solve(decay(), max_iterations=7, checkpoint=path, **SEEDED)
    again = solve(decay(), max_iterations=7, checkpoint=path, **SEEDED)
    assert again.n_iterations == 7
    assert torch.equal(everything(one), everything(again))
    assert one.history == again.history
    assert one.parameters == again.parameters


def test_a_checkpoint_of_another_run_is_refused(tmp_path):
    path = tmp_path / "run.pt"
    solve(decay(), max_iterations=1, checkpoint=path, **SEEDED)
    with pytest.raises(
        ValueError, match=r"is of a run by 'levenberg_marquardt' with 23 parameters and 3 terms; .* by 'adam'"
    ):
        solve(decay(), method="adam", max_iterations=1, checkpoint=path, **SEEDED)
    with pytest.raises(ValueError, match=r"this run is by 'levenberg_marquardt' with \d+ and 3"):
        solve(decay(hidden=(11,)), max_iterations=1, checkpoint=path, **SEEDED)


# What is shown.


def test_the_bar_is_silent_when_it_should_be(monkeypatch, capfd):
    monkeypatch.setenv("NNDL_PROGRESS", "0")
    solve(decay(), max_iterations=5, n_points=10)
    assert capfd.readouterr() == ("", "")


def test_the_bar_shows_steps_loss_and_parameters(monkeypatch, capfd):
    monkeypatch.delenv("NNDL_PROGRESS")
    solution = solve(decay(), max_iterations=150, n_points=10, resample=0, description="decaying")
    out, err = capfd.readouterr()
    assert out == ""
    last = err.split("\r")[-1]
    assert "decaying" in last
    assert "150/150" in last
    assert f"loss={solution.history['loss'][-1]:.1e}" in last
    assert f"k={solution.parameters['k']:.4g}" in last
    # It draws itself ten times a second at most, and not at every step.
    assert err.count("\r") < 100 + 12 * solution.seconds


# What goes wrong.


def test_a_rate_that_is_far_too_large_is_reported_with_the_term_and_the_last_good_state():
    problem = Problem(
        Interval(0, 1),
        {"calm": lambda f, p: f.u_x, "logarithm": lambda f, p: torch.log(2 + f.u)},
        hidden=(3,),
    )
    network, before = problem.network(seed=0), []
    with pytest.raises(
        FloatingPointError, match=r"not finite: 'logarithm' \(nan\)\. The network has the last state with"
    ):
        solve(
            problem,
            network,
            method="adam",
            learning_rate=50.0,
            max_iterations=50,
            n_points=20,
            callback=lambda s: before.append([p.detach().clone() for p in network.parameters()]),
        )
    # The step before the last was the last from a finite loss.
    points = torch.linspace(0, 1, 20, dtype=F64)[:, None]
    assert torch.isfinite(torch.log(2 + network(points))).all()
    wanted = before[-2] if len(before) > 1 else [p.detach() for p in problem.network(seed=0).parameters()]
    assert all(torch.equal(a, b) for a, b in zip(network.parameters(), wanted))


def test_a_loss_that_is_no_number_after_the_very_last_step_is_reported_too():
    # A straight line, whose offset falls by 50.
    problem = Problem(Interval(0, 1), {"root": lambda f, p: torch.sqrt(7 + f.u)}, hidden=())
    network = problem.network(seed=0)
    with pytest.raises(FloatingPointError, match="the loss is nan after 1 steps; not finite: 'root'"):
        solve(problem, network, method="adam", learning_rate=50.0, max_iterations=1, n_points=20)
    wanted = problem.network(seed=0).parameters()
    assert all(torch.equal(a, b) for a, b in zip(network.parameters(), wanted))


@EVERY
def test_a_problem_that_starts_without_a_number_says_which_term(method):
    problem = Problem(
        Interval(0, 1), {"fine": lambda f, p: f.u_x, "pole": lambda f, p: f.u + torch.log(f.x - 2)}, hidden=(3,)
    )
    with pytest.raises(FloatingPointError, match=r"the loss is nan after 0 steps; not finite: 'pole' \(nan\)"):
        solve(problem, method=method, max_iterations=3, n_points=10)


@pytest.mark.parametrize("method", ["levenberg_marquardt", "natural_gradient", "ssbroyden", "lbfgs"])
def test_methods_that_look_before_they_leap_never_meet_the_gap(method):
    # ln(u) = 0 from u = 3: Gauss and Newton's first step would go below zero.
    hard = (lambda x: 0 * x[:, 0] + 3, lambda x: 0 * x[:, 0] + 1)
    problem = Problem(Interval(0, 1), lambda f, p: torch.log(f.u), hard=hard, hidden=(3,))
    solution = solve(problem, method=method, max_iterations=25, n_points=20, resample=0)
    assert all(map(math.isfinite, solution.history["loss"]))
    np.testing.assert_allclose(solution.predict([[0.2], [0.9]]), 1.0, atol=1e-2)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"method": "newton"}, "there is no method 'newton'; known are adam, lbfgs"),
        ({"budget": 0.0}, r"budget is 0\.0"),
        ({"resample": -1}, "resample -1"),
        ({"log_every": 0}, "log_every 0"),
        ({"checkpoint_every": 0}, "checkpoint_every 0; expected > 0"),
        ({"n_points": 0}, "n_points is 0; expected at least 1"),
        ({"damping": 0.0}, r"damping is 0\.0"),
        ({"max_iterations": -1}, "max_iterations is -1; expected a whole number >= 0"),
        ({"max_iterations": 2.5}, r"max_iterations is 2\.5"),
        ({"budget": math.nan}, "budget is nan"),
        ({"seed": -1}, "seed is -1; expected a whole number"),
        ({"max_iterations": 3, "n_points": 20, "resample": 2, "candidates": 10}, "cannot draw 20 of 10 candidates"),
    ],
)
def test_options_out_of_range_are_named(options, message):
    with pytest.raises(ValueError, match=message):
        solve(plate(), **options)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"method": "adam", "lr": 0.1},
            "the method 'adam' has no option 'lr'; it knows learning_rate, half_life, besides the arguments of solve",
        ),
        (
            {"max_iter": 5, "decay": 1.0},
            "'levenberg_marquardt' has no option 'decay', 'max_iter'; it knows damping, ",
        ),
        ({"callback": 3}, "callback is a int; expected a function of a State"),
    ],
)
def test_options_that_a_method_does_not_have_are_named_with_those_it_has(options, message):
    with pytest.raises(TypeError, match=message):
        solve(plate(), **options)
    with pytest.raises(TypeError, match="has no option 'steps'"):
        solve(plate(solver={"steps": 3}), max_iterations=1)


def test_points_of_another_shape_and_values_that_are_no_tensor_are_named():
    solution = solve(plate(), max_iterations=0)
    for points in (0.5, [0.5, 0.1], [[0.5]], [[[0.5, 0.1]]]):
        shape = re.escape(str(np.shape(points)))
        for call in (solution.predict, solution.relative_error, lambda q: solution.evaluate(q, lambda f: f.u)):
            with pytest.raises(
                ValueError, match=rf"points have shape {shape}, but the problem has the coordinates x, t"
            ):
                call(points) if call != solution.relative_error else call(points, [[1.0]])
    with pytest.raises(TypeError, match=r"returned a float; expected a tensor \(N,\)"):
        solution.evaluate([[0.5, 0.1]], lambda f: 1.0)


# Whose options count.


def test_what_the_caller_leaves_out_comes_from_the_problem():
    seen = {}

    class Spy:
        def __init__(self, objective, **options):
            seen.update(options, n_points=objective.n_points)

        def step(self):
            return 1.0

    own = {"n_points": 11, "resample": 0, "candidates": 0, "damping": 0.5}
    for method, solver_options, call, wanted in [
        (None, own, {}, {"n_points": 11, "damping": 0.5}),
        ("levenberg_marquardt", own, {}, {"n_points": 11, "damping": 0.5}),
        (None, own, {"damping": 0.1, "n_points": 5}, {"n_points": 5, "damping": 0.1}),
        ("adam", own, {"learning_rate": 0.2}, {"n_points": 11, "learning_rate": 0.2}),
        (None, {"method": "adam", "learning_rate": 0.3}, {}, {"n_points": 1000, "learning_rate": 0.3}),
        ("lbfgs", {"method": "adam", "learning_rate": 0.3}, {}, {"n_points": 1000}),
    ]:
        seen.clear()
        with pytest.MonkeyPatch.context() as patch:
            for name in METHODS:
                patch.setitem(solver.METHODS, name, Spy)
            solve(plate(solver=solver_options), method=method, max_iterations=1, **call)
        assert seen == wanted


@pytest.mark.parametrize(("candidates", "wanted"), [(None, 85), (40, 40), (0, 17)])
def test_points_are_drawn_anew_as_often_as_asked_and_from_as_many_candidates(candidates, wanted, monkeypatch):
    asked, moments = [], []
    square = Rectangle((0, 0), (1, 1))
    draw = square.sample

    def sample(n, **options):
        asked.append(n)
        return draw(n, **options)

    monkeypatch.setattr(square, "sample", sample)
    problem = Problem(square, lambda f, p: f.u_x - f.y, hidden=(3,))
    solve(
        problem,
        max_iterations=9,
        n_points=17,
        resample=4,
        candidates=candidates,
        callback=lambda s: moments.append(s.objective.blocks[0].points),
    )
    assert asked == [17, wanted, wanted]
    changed = [not torch.equal(a, b) for a, b in itertools.pairwise(moments)]
    assert [k + 2 for k, moved in enumerate(changed) if moved] == [5, 9]


@pytest.mark.parametrize(
    ("resample", "survey", "wanted"), [(1, 4, [2, 5, 9]), (2, 4, [3, 5, 9]), (2, 5, [3, 7]), (3, 0, [4, 7, 10])]
)
def test_candidates_are_surveyed_as_often_as_asked(resample, survey, wanted):
    pools = [None]
    solve(
        Problem(Rectangle((0, 0), (1, 1)), lambda f, p: f.u_x - f.y, hidden=(3,)),
        method="recursive_levenberg_marquardt",
        max_iterations=10,
        n_points=17,
        resample=resample,
        survey=survey,
        callback=lambda s: pools.append(s.objective.surveyed),
    )
    assert [k for k in range(1, 11) if pools[k] is not pools[k - 1]] == wanted


def test_a_method_that_remembers_brings_its_own_way_of_drawing_points():
    drawn, plain = [], Problem(Rectangle((0, 0), (1, 1)), lambda f, p: f.u_x - f.y, hidden=(3,))
    for problem, options in (
        (plain, {"method": "recursive_levenberg_marquardt"}),
        (plain, {}),
        (problems.burgers(), {}),
        (problems.burgers(), {"method": "levenberg_marquardt"}),
    ):
        points = []
        solve(
            problem,
            max_iterations=2,
            callback=lambda s, kept=points: kept.append(s.objective.blocks[0].points),
            **options,
        )
        drawn.append((len(points[0]), not torch.equal(*points)))
    assert drawn == [(500, True), (1000, False), (500, True), (1000, False)]


def test_a_path_may_be_a_string(tmp_path):
    solve(decay(), max_iterations=1, n_points=10, checkpoint=str(tmp_path / "run.pt"))
    assert Path(tmp_path / "run.pt").exists()


def test_what_is_evaluated_may_know_the_points():
    points, values = np.random.default_rng(0).random((7, 2)), torch.arange(7.0, dtype=F64)
    solution = solve(plate(), max_iterations=1, n_points=10)
    found = solution.evaluate(points, lambda f: f.u - values)
    np.testing.assert_allclose(found, solution.predict(points)[:, 0] - np.arange(7), rtol=1e-10)
