"""The race of the section on second-order training, at equal seconds of the processor, and DeepXDE beside it.

Every run is a test of its own and keeps its curve in the record at once: a race that was broken off goes on.
"""

import os
import time

import numpy as np
import pytest

from nndl_support import records
from nndl_support.pinn import problems, reference
from nndl_support.pinn.race import race

RECORD, SEEDS = "pinn/second_order_race", (0, 1, 2)
SECONDS = {"burgers": 60.0, "poisson": 8.0}
LONG = 120.0
X, T = np.linspace(-1, 1, 256), np.linspace(0, 1, 100)
GRID = np.stack(np.meshgrid(X, T, indexing="ij"), axis=-1).reshape(-1, 2)
SQUARE = np.stack(np.meshgrid(*[np.linspace(0, 1, 101)] * 2, indexing="ij"), axis=-1).reshape(-1, 2)
OPTIONS = {
    "adam": {"learning_rate": 5e-3, "half_life": 2000, "resample": 100},
    "lbfgs": {"resample": 50},
    "ssbroyden": {"resample": 500},
    "natural_gradient": {"cutoff": 1e-6},
    "levenberg_marquardt": {},
    "recursive_levenberg_marquardt": {"memory": 0.9, "share": 0.025},
}
STAY = {"adam", "lbfgs", "ssbroyden", "natural_gradient", "levenberg_marquardt"}


def keep(problem, method, seed, entry):
    """Put one run into the record."""
    try:
        record = records.load(RECORD)
    except FileNotFoundError:
        record = {"runs": {}}
    record |= records.environment(seeds=SEEDS, command="make bench ONLY=benchmarks/test_pinn_second_order_training.py")
    record["seconds"] = SECONDS | {"burgers_long": LONG}
    record["runs"].setdefault(problem, {}).setdefault(method, {})[str(seed)] = entry
    records.save(RECORD, record)


def rounded(curve, most=24):
    """The curve with three digits and at most so many looks, which keeps the record small; the last look stays."""
    n = len(curve["seconds"])
    looks = sorted({n - 1 - int(k) for k in np.linspace(0, n - 1, min(n, most))})
    return {
        name: [float(f"{column[k]:.3g}") for k in looks] for name, column in curve.items() if name != "iteration"
    } | {"iterations": int(curve["iteration"][-1])}


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("method", OPTIONS)
@pytest.mark.parametrize("name", ["burgers", "poisson"])
def test_race(name, method, seed):
    problem, options, seconds = getattr(problems, name)(), dict(OPTIONS[method]), SECONDS[name]
    points, values = (GRID, reference.burgers(X, T).ravel()) if name == "burgers" else (SQUARE, None)
    if name == "poisson":
        options |= {"resample": 0} if method in STAY else {"n_points": 200, "resample": 1, "candidates": 0}
    own = method == "recursive_levenberg_marquardt"
    if own and name == "burgers":
        seconds = LONG
    curve, solution = race(problem, method, seconds, points, values=values, seed=seed, n_looks=int(seconds), **options)
    entry = {"curve": rounded(curve), "options": options}
    if own:
        vector = np.concatenate([p.detach().numpy().ravel() for p in solution.network.parameters()])
        entry["vector"] = [float(f"{v:.10g}") for v in vector]
        entry["error"] = float(f"{curve['error'][-1]:.4g}")
    print(name, method, seed, f"{curve['error'][-1]:.2e} after {solution.n_iterations} steps")
    keep(name, method, seed, entry)


ELSEWHERE = {"kovasznay": (10.0, 300), "wave": (20.0, 500), "allen_cahn": (25.0, 500)}


@pytest.mark.parametrize("name", ELSEWHERE)
def test_the_memory_on_other_equations(name):
    """What the problem takes by itself, Levenberg-Marquardt, beside new points at every step and a memory."""
    (seconds, n_points), problem, runs = ELSEWHERE[name], getattr(problems, name)(), {}
    points = problem.geometry.sample(1500, rng=np.random.default_rng(99))
    spread = {} if name == "allen_cahn" else {"candidates": 0, "survey": 0}
    for label, options in (
        ("levenberg_marquardt", {}),
        ("recursive_levenberg_marquardt", {"n_points": n_points, "resample": 1} | spread),
    ):
        curves = [race(problem, label, seconds, points, n_looks=8, seed=seed, **options)[0] for seed in SEEDS]
        runs[label] = {"options": options, "curves": [rounded(c) for c in curves]}
        print(name, label, [f"{c['error'][-1]:.1e}" for c in curves], flush=True)
    try:
        record = records.load("pinn/second_order_elsewhere")
    except FileNotFoundError:
        record = {"problems": {}}
    record["problems"][name] = {"seconds": seconds, "runs": runs}
    record |= records.environment(seeds=SEEDS, command="make bench ONLY=benchmarks/test_pinn_second_order_training.py")
    records.save("pinn/second_order_elsewhere", record)


def test_deepxde():
    os.environ["DDE_BACKEND"] = "pytorch"
    dde = pytest.importorskip("deepxde")
    dde.config.set_default_float("float64")
    dde.config.set_random_seed(0)
    import torch

    nu = 0.01 / np.pi

    def residual(x, u):
        u_x, u_t = dde.grad.jacobian(u, x, i=0, j=0), dde.grad.jacobian(u, x, i=0, j=1)
        return u_t + u * u_x - nu * dde.grad.hessian(u, x, i=0, j=0)

    domain = dde.geometry.GeometryXTime(dde.geometry.Interval(-1, 1), dde.geometry.TimeDomain(0, 1))
    conditions = [
        dde.icbc.DirichletBC(domain, lambda x: 0, lambda _, on: on),
        dde.icbc.IC(domain, lambda x: -np.sin(np.pi * x[:, :1]), lambda _, initial: initial),
    ]
    data = dde.data.TimePDE(domain, residual, conditions, num_domain=2540, num_boundary=80, num_initial=160)
    model = dde.Model(data, dde.nn.FNN([2, 20, 20, 20, 1], "tanh", "Glorot normal"))
    truth, curve, clock = reference.burgers(X, T).ravel(), {"seconds": [], "iteration": [], "loss": [], "error": []}, {}

    class Look(dde.callbacks.Callback):
        """The error every 100 steps; the clock stands still meanwhile."""

        def on_epoch_end(self):
            if self.model.train_state.iteration % 100 and not clock.get("second"):
                return
            began = time.process_time()
            with torch.no_grad():
                found = self.model.net(torch.as_tensor(GRID)).numpy().ravel()
            curve["error"].append(float(np.linalg.norm(found - truth) / np.linalg.norm(truth)))
            curve["loss"].append(float(np.sum(self.model.train_state.loss_train)))
            curve["iteration"].append(self.model.train_state.iteration)
            curve["seconds"].append(began - clock["start"] - clock["aside"])
            clock["aside"] += time.process_time() - began

    clock |= {"start": time.process_time(), "aside": 0.0}
    model.compile("adam", lr=1e-3)
    model.train(iterations=3000, display_every=100, callbacks=[Look()])
    clock["second"] = len(curve["error"])
    dde.optimizers.config.set_LBFGS_options(maxiter=3000)
    model.compile("L-BFGS")
    model.train(display_every=100, callbacks=[Look()])
    total = time.process_time() - clock["start"] - clock["aside"]
    taken = model.opt.state_dict()["state"][0]["n_iter"]
    entry = {
        "curve": rounded(curve),
        "total_seconds": round(total, 1),
        "lbfgs_iterations": int(taken),
        "adam_looks": clock["second"],
        "version": dde.__version__,
    }
    print("deepxde", f"{curve['error'][-1]:.2e} after {total:.0f} s; {taken} iterations of L-BFGS")
    keep("burgers", "deepxde", 0, entry)


def test_the_bars():
    runs = records.load(RECORD)["runs"]["burgers"]
    limit = runs["deepxde"]["0"]["total_seconds"]
    errors = []
    for seed in SEEDS:
        curve = runs["recursive_levenberg_marquardt"][str(seed)]["curve"]
        inside = [e for e, s in zip(curve["error"], curve["seconds"], strict=True) if s <= limit]
        errors.append(inside[-1])
    print(f"Burgers within DeepXDE's {limit:.0f} s: {[f'{e:.1e}' for e in errors]}, median {np.median(errors):.1e}")
    assert np.median(errors) <= 1e-4
