"""Illnesses of training and their remedies, at the same number of steps, over several seeds; the section shows one seed live.

Each test adds its part to the record ``pinn/training_pathologies``, so that one can be repeated alone.
"""

import time

import numpy as np
import torch

from nndl_support import records
from nndl_support.pinn import problems
from nndl_support.pinn.causal_weights import CausalWeights
from nndl_support.pinn.embeddings import FourierFeatures, Rescale
from nndl_support.pinn.loss_balancing import LossBalancing
from nndl_support.pinn.network import MLP
from nndl_support.pinn.pathological_problems import (
    convection,
    oscillation,
    standing_wave,
    standing_wave_with_soft_ends,
)
from nndl_support.pinn.solver import solve

NAME = "pinn/training_pathologies"
SEEDS = [0, 1, 2]
ADAM = {"method": "adam", "learning_rate": 3e-3}
LM = {"method": "levenberg_marquardt"}
LINE = np.linspace(0, 1, 301)[:, None]


def rounded(value, digits=4):
    return float(f"{value:.{digits}g}")


def weights_of(solution):
    return [rounded(float(w), 12) for p in solution.network.parameters() for w in p.detach().reshape(-1)]


def keep(part, rows, **extra):
    for row in rows:
        print(part, {key: value for key, value in row.items() if key != "weights"}, flush=True)
    kept = records.load(NAME) if NAME in records.names() else {}
    environment = records.environment(
        seeds=range(5), command="make bench ONLY=benchmarks/test_pinn_training_pathologies.py"
    )
    records.save(NAME, kept | environment | {part: {"rows": rows, **extra}})


def grid(x_low, x_high):
    X, T = np.meshgrid(np.linspace(x_low, x_high, 101), np.linspace(0, 1, 51), indexing="ij")
    return np.column_stack([X.ravel(), T.ravel()])


def timed(**options):
    start = time.process_time()
    solution = solve(**options)
    return solution, rounded(time.process_time() - start, 3)


def last(solution, name):
    return rounded(solution.history[name][-1])


def test_weights_of_the_terms():
    rows = []
    for seed in SEEDS:
        for rule in ("none", "100", "annealing", "damped_annealing", "gradient_norm", "trace"):
            callback = None if rule in ("none", "100") else LossBalancing(rule)
            problem = standing_wave_with_soft_ends(weight=100.0 if rule == "100" else 1.0)
            found, seconds = timed(
                problem=problem, **ADAM, max_iterations=1200, n_points=60, callback=callback, seed=seed
            )
            weight = callback.history[-1]["u at the ends"] if callback else float(rule.replace("none", "1"))
            row = {"rule": rule, "seed": seed, "error": rounded(found.relative_error(LINE)), "weight": rounded(weight)}
            rows.append(
                row | {"ends": last(found, "u at the ends"), "equation": last(found, "equation"), "seconds": seconds}
            )
        found, seconds = timed(problem=standing_wave_with_soft_ends(), **LM, max_iterations=150, n_points=60, seed=seed)
        row = {"rule": "levenberg_marquardt", "seed": seed, "error": rounded(found.relative_error(LINE)), "weight": 1.0}
        rows.append(
            row | {"ends": last(found, "u at the ends"), "equation": last(found, "equation"), "seconds": seconds}
        )
    keep("balance", rows, steps=1200)
    errors = {
        r: np.median([row["error"] for row in rows if row["rule"] == r]) for r in ("none", "100", "levenberg_marquardt")
    }
    assert errors["levenberg_marquardt"] < errors["100"] < errors["none"]


def wave(k, scale, seed, **options):
    embedding = Rescale([0.0], [1.0]) if scale is None else FourierFeatures(1, 64, scale, seed=seed)
    errors = []

    def good_enough(state):
        if state.iteration % 50 == 0:
            errors.append(state.solution.relative_error(LINE))
            return errors[-1] < 0.05
        return False

    network = MLP(1, hidden=(20, 20), embedding=embedding, seed=seed)
    found, seconds = timed(problem=standing_wave(k), network=network, callback=good_enough, seed=seed, **options)
    return {"half_waves": k, "scale": scale, "seed": seed, "steps": found.n_iterations, "error": rounded(errors[-1]),
            "seconds": seconds}  # fmt: skip


def test_steps_until_a_wave_is_found():
    rows = []
    for seed in SEEDS:
        for k in (1, 4, 8):
            for scale in (None, 1.0, 4.0):
                rows.append({"method": "adam"} | wave(k, scale, seed, **ADAM, max_iterations=1000))
                rows.append({"method": "levenberg_marquardt"} | wave(k, scale, seed, **LM, max_iterations=200))
    keep("waves", rows, limit=1000, good=0.05)
    plain = [
        row["steps"] for row in rows if row["scale"] is None and row["method"] == "adam" and row["half_waves"] == 1
    ]
    assert max(plain) < 1000


def ring(frequency, remedy, seed, *, steps, n_points):
    """An oscillation, with causal weights, with new points every ten steps, with both or with neither."""
    causal = CausalWeights(16 if frequency < 40 else 32, 1000.0)

    def callback(state):
        if ("new points" in remedy or remedy == "residual") and state.iteration % 10 == 0:
            state.objective.resample(candidates=5 * n_points if remedy == "residual" else None)
        if "causal" in remedy:
            causal(state)

    problem = oscillation(frequency)
    found, seconds = timed(problem=problem, **LM, max_iterations=steps, n_points=n_points, callback=callback, seed=seed)
    wrong = np.abs(found.predict(LINE)[:, 0] - problem.exact(LINE)) > 0.2
    until = float(LINE[np.argmax(wrong), 0]) if wrong.any() else 1.0
    row = {"remedy": remedy, "seed": seed, "error": rounded(found.relative_error(LINE)), "loss": last(found, "loss")}
    return found, row | {"until": rounded(until), "last_weight": rounded(float(causal.weights[-1])), "seconds": seconds}


def test_time_in_order():
    rows = []
    for seed in range(5):
        for remedy in ("none", "causal", "new points", "residual"):
            found, row = ring(30.0, remedy, seed, steps=400, n_points=100)
            rows.append(row | ({"weights": weights_of(found)} if remedy == "none" and seed == 0 else {}))
    keep("causality", rows, steps=400, n_points=100)
    assert min(row["error"] for row in rows if row["remedy"] == "none") > 0.1


def test_time_in_order_for_a_faster_oscillation():
    rows = [
        ring(50.0, remedy, seed, steps=600, n_points=200)[1]
        for seed in SEEDS
        for remedy in ("new points", "causal and new points")
    ]
    keep("front", rows, steps=600, n_points=200)
    assert min(row["until"] for row in rows if "causal" in row["remedy"]) > 0.1


def test_convection_turns_flat():
    rows, points = [], grid(0, 2 * np.pi)
    for seed in SEEDS:
        for speed in (1.0, 10.0, 30.0):
            found, seconds = timed(problem=convection(speed), **LM, max_iterations=120, seed=seed)
            row = {
                "speed": speed,
                "seed": seed,
                "error": rounded(found.relative_error(points)),
                "loss": last(found, "loss"),
            }
            rows.append(
                row | {"seconds": seconds} | ({"weights": weights_of(found)} if speed == 30.0 and seed == 0 else {})
            )
    keep("convection", rows, steps=120)
    assert max(row["loss"] for row in rows) < 1


def test_new_points_where_the_residual_is_large():
    rows, points = [], grid(-1, 1)
    problem = problems.burgers()
    exact = problem.exact(points)
    for seed in SEEDS:
        for how, options in (("fixed", {"resample": 0}), ("uniform", {"resample": 10, "candidates": 0}),
                             ("residual", {"resample": 10})):  # fmt: skip
            network = MLP(2, hidden=(20, 20, 20), embedding=Rescale([-1.0, 0.0], [1.0, 1.0]), seed=seed)
            found, seconds = timed(
                problem=problem, network=network, **LM, max_iterations=150, n_points=400, seed=seed, **options
            )
            residual = found.evaluate(points, lambda f: f.u_t + f.u * f.u_x - 0.01 / np.pi * f.u_xx)
            row = {
                "points": how,
                "seed": seed,
                "error": rounded(found.relative_error(points, exact)),
                "loss": last(found, "loss"),
            }
            row |= {"mean_square": rounded((residual**2).mean()), "largest": rounded(np.abs(residual).max())}
            rows.append(
                row | {"seconds": seconds} | ({"weights": weights_of(found)} if how == "fixed" and seed == 0 else {})
            )
    keep("resampling", rows, steps=150)
    middle = {how: np.median([row["error"] for row in rows if row["points"] == how]) for how in ("fixed", "residual")}
    assert middle["residual"] < middle["fixed"]


def test_single_and_double_precision():
    rows = []
    for seed in SEEDS:
        for bits, dtype in ((32, torch.float32), (64, torch.float64)):
            for method, options in (
                ("levenberg_marquardt", LM | {"max_iterations": 400}),
                ("adam", ADAM | {"max_iterations": 600}),
            ):
                network = MLP(1, hidden=(20, 20), embedding=Rescale([0.0], [1.0]), seed=seed, dtype=dtype)
                found, seconds = timed(problem=standing_wave(1), network=network, seed=seed, **options)
                row = {"bits": bits, "method": method, "seed": seed, "error": rounded(found.relative_error(LINE))}
                rows.append(row | {"loss": last(found, "loss"), "seconds": seconds})
    keep("precision", rows)
    assert all(row["error"] < 0.1 for row in rows)
