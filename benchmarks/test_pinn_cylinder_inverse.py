"""Convection and viscosity of a wake from scattered velocities, clean and noisy, over three seeds; the pressure with them.

The samples are those that ``benchmarks/test_pinn_cylinder_wake.py`` recorded. A step of Levenberg-Marquardt costs in proportion
to the number of residuals, and is about as good with a part of them while the network is far from the flow. So seven short stages
see a part of the samples each, drawn anew, and the last stage sees all. At the end the parameters take one step without damping,
with three times the collocation points.
"""

import json
import time

import numpy as np
import pytest
import torch

from nndl_support import records
from nndl_support.pinn.fixed_point_text import from_text, to_text
from nndl_support.pinn.inverse import estimate, linearize
from nndl_support.pinn.solver import solve
from nndl_support.pinn.wake_problem import wake_problem, weight_vector
from nndl_support.pinn.wake_samples import add_noise, relative_errors

COMMAND = "make bench ONLY=benchmarks/test_pinn_cylinder_inverse.py"
NAME = "pinn/cylinder_inverse"
SEEDS = (0, 1, 2)
NOISES = (0.0, 0.01, 0.05)
SETTING = {"length": 6.5, "hidden": (24, 24, 24), "data_weight": 100.0}
ITERATIONS = 25
#: Samples and collocation points of each stage.
STAGES = ((300, 200), (600, 350), *5 * ((1200, 700),), (None, 1000))
#: Where the damping starts in all stages but the first; it adapts by itself, but falls by a factor of three a step only.
DAMPING = 1e-4
LAST_STEP = {"n_points": 3000, "seed": 1000}


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


def train(points, velocities, seed):
    """One stage after the other, each from where the last one came to."""
    start = time.process_time()
    rng, kept = np.random.default_rng(200 + seed), np.flatnonzero(points[:, 2] <= SETTING["length"])
    network, unknown, history, done, options = None, None, {}, 0, {}
    for number, (n_samples, n_points) in enumerate(STAGES):
        chosen = rng.permutation(kept)[:n_samples]
        problem = wake_problem(points[chosen], velocities[chosen], unknown=unknown, **SETTING)
        options |= {"max_iterations": ITERATIONS, "n_points": n_points, "seed": seed + 10 * number}
        solution = solve(problem, network, log_every=5, resample=0, **options)
        network, unknown, options = solution.network, solution.parameters, {"damping": DAMPING}
        stage_history = solution.history | {"iteration": [done + k for k in solution.history["iteration"]]}
        for name, values in stage_history.items():
            # The start of a stage is the end of the one before.
            history.setdefault(name, []).extend(values[min(number, 1) :])
        done += solution.n_iterations
    return solution, history, time.process_time() - start


def run(noise, seed, samples, truth):
    points, values = from_text(samples["points"]), from_text(samples["values"])
    noisy = add_noise(values[:, :2], noise, np.random.default_rng(100 + seed))
    solution, history, seconds = train(points, noisy, seed)
    sigma = dict(zip(("data u", "data v"), noise * values[:, :2].std(axis=0), strict=True))
    last = estimate(linearize(solution, **LAST_STEP), sigma)
    digits = {"loss": ".4g", "lambda1": ".6f", "lambda2": ".7f"}
    return {
        "noise": noise,
        "seed": seed,
        "samples": len(solution.problem.data.points),
        "seconds": round(seconds, 1),
        "trained": {name: round(value, 7) for name, value in solution.parameters.items()},
        "parameters": {name: round(value, 7) for name, value in last.parameters.items()},
        "standard_errors": {name: float(f"{value:.3g}") for name, value in last.standard_errors.items()},
        "errors": field_errors(solution, truth),
        "history": {"iteration": history["iteration"]}
        | {name: [float(f"{value:{form}}") for value in history[name]] for name, form in digits.items()},
        "weights": to_text(weight_vector(solution.network), 6) if seed == 0 else None,
    }


def median_errors(runs, noise):
    found = np.array([list(r["parameters"].values()) for r in runs if r["noise"] == noise])
    return np.median(np.abs(found / [1.0, 0.01] - 1), axis=0)


@pytest.mark.parametrize("noise", NOISES)
def test_runs_at_one_level_of_noise(noise):
    """The runs take the place of those of the same noise, and the whole record that of one with another setting."""
    samples, truth = records.load("pinn/cylinder_samples"), records.load("pinn/cylinder_truth")
    runs = []
    for seed in SEEDS:
        runs.append(run(noise, seed, samples, truth))
        print(noise, seed, runs[-1]["trained"], runs[-1]["parameters"], runs[-1]["standard_errors"], runs[-1]["errors"])
    setting = SETTING | {
        "stages": STAGES,
        "iterations": ITERATIONS,
        "damping": DAMPING,
        "last_step": LAST_STEP,
        "method": "levenberg_marquardt",
    }
    # As it will be read.
    setting = json.loads(json.dumps(setting))
    before = records.load(NAME) if NAME in records.names() else {"setting": None}
    others = [r for r in before["runs"] if r["noise"] != noise] if before["setting"] == setting else []
    runs = sorted(others + runs, key=lambda r: (r["noise"], r["seed"]))
    records.save(NAME, records.environment(seeds=SEEDS, command=COMMAND) | {"setting": setting, "runs": runs})
    lambda_1, lambda_2 = median_errors(runs, noise)
    assert lambda_1 <= {0.0: 0.005, 0.01: 0.005, 0.05: 0.02}[noise]
    assert lambda_2 <= {0.0: 0.04, 0.01: 0.05, 0.05: 0.2}[noise]
