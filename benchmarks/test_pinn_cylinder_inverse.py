"""Convection and viscosity of a wake from scattered velocities, clean and noisy, over three seeds; the pressure with them.

The samples are those that ``benchmarks/test_pinn_cylinder_wake.py`` recorded.
"""

import time

import numpy as np
import pytest
import torch

from nndl_support import records
from nndl_support.pinn.fixed_point_text import from_text, to_text
from nndl_support.pinn.solver import solve
from nndl_support.pinn.wake_problem import wake_problem, weight_vector
from nndl_support.pinn.wake_samples import add_noise, relative_errors

COMMAND = "make bench ONLY=benchmarks/test_pinn_cylinder_inverse.py"
NAME = "pinn/cylinder_inverse"
SEEDS = (0, 1, 2)
NOISES = (0.0, 0.01, 0.05)
SETTING = {"length": 6.0, "hidden": (24, 24, 24), "data_weight": 20.0}
ITERATIONS, POINTS = 120, 1000


@pytest.fixture(autouse=True)
def _one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def field_errors(solution, truth):
    x, y, t = (from_text(truth[name]) for name in "xyt")
    found = {}
    for k, time_ in enumerate(t):
        if time_ <= SETTING["length"]:
            b, a = np.meshgrid(y, x, indexing="ij")
            places = np.stack([a.ravel(), b.ravel(), np.full(a.size, time_)], axis=1)
            fields = np.stack([from_text(truth[name])[k].ravel() for name in "uvp"], axis=1)
            found[f"{time_:g}"] = relative_errors(solution.predict(places), fields).round(5).tolist()
    return found


def run(noise, seed, samples, truth):
    points, values = from_text(samples["points"]), from_text(samples["values"])
    noisy = add_noise(values[:, :2], noise, np.random.default_rng(100 + seed))
    problem = wake_problem(points, noisy, **SETTING)
    start = time.process_time()
    solution = solve(problem, max_iterations=ITERATIONS, n_points=POINTS, seed=seed, log_every=2)
    seconds = time.process_time() - start
    history = {
        "iteration": solution.history["iteration"],
        "loss": [float(f"{value:.4g}") for value in solution.history["loss"]],
        "lambda1": [round(value, 6) for value in solution.history["lambda1"]],
        "lambda2": [round(value, 7) for value in solution.history["lambda2"]],
    }
    return {
        "noise": noise,
        "seed": seed,
        "samples": len(problem.data.points),
        "seconds": round(seconds, 1),
        "parameters": {name: round(value, 7) for name, value in solution.parameters.items()},
        "errors": field_errors(solution, truth),
        "history": history,
        "weights": to_text(weight_vector(solution.network), 6) if seed == 0 else None,
    }


def median_errors(runs, noise):
    found = np.array([list(r["parameters"].values()) for r in runs if r["noise"] == noise])
    return np.median(np.abs(found / [1.0, 0.01] - 1), axis=0)


@pytest.mark.parametrize("noise", NOISES)
def test_runs_at_one_level_of_noise(noise):
    """The runs take the place of those of the same noise in the record."""
    samples, truth = records.load("pinn/cylinder_samples"), records.load("pinn/cylinder_truth")
    runs = [run(noise, seed, samples, truth) for seed in SEEDS]
    others = records.load(NAME)["runs"] if NAME in records.names() else []
    runs = sorted([r for r in others if r["noise"] != noise] + runs, key=lambda r: (r["noise"], r["seed"]))
    setting = SETTING | {"iterations": ITERATIONS, "points": POINTS, "method": "levenberg_marquardt"}
    records.save(NAME, records.environment(seeds=SEEDS, command=COMMAND) | {"setting": setting, "runs": runs})
    lambda_1, lambda_2 = median_errors(runs, noise)
    assert lambda_1 <= {0.0: 0.005, 0.01: 0.005, 0.05: 0.02}[noise]
    assert lambda_2 <= {0.0: 0.04, 0.01: 0.05, 0.05: 0.2}[noise]
