"""Inverse problems by physics-informed networks: Burgers at four noise levels, flows without pressure, spread, and DeepXDE.

Every test writes one record, so that a run that was broken off loses little. Seconds are process seconds of one core.
"""

import dataclasses
import os
import time

import numpy as np
import pytest
import torch

from nndl_support import records
from nndl_support.pinn import problems, reference
from nndl_support.pinn.burgers_inverse import (
    burgers_at,
    burgers_field,
    burgers_sensitivities,
    observe_burgers,
    output_error_fit,
)
from nndl_support.pinn.derivative_regression import strong_form_regression, weak_form_regression
from nndl_support.pinn.drifting_vortices import drifting_vortices
from nndl_support.pinn.geometry import Rectangle, SpaceTime
from nndl_support.pinn.inverse import estimate, linearize
from nndl_support.pinn.problem import Observations, dirichlet
from nndl_support.pinn.solver import Solution, solve

SEEDS = (0, 1, 2)
NU = 0.01 / np.pi
TRUE = {"lambda1": 1.0, "lambda2": NU}
# The noisier the data, the more the equation is trusted: see the section for what maximum likelihood would say.
EQUATION_WEIGHT = {0.0: 1.0, 0.01: 1.0, 0.05: 3.0, 0.1: 10.0}
ITERATIONS = {0.0: 150, 0.01: 120, 0.05: 120, 0.1: 120}
BARS = {0.0: (0.1, 0.3), 0.01: (0.2, 1.0)}
COMMAND = "make bench ONLY=benchmarks/test_pinn_inverse_problems.py"


def burgers_problem(data, weight=1.0):
    problem = problems.burgers(
        unknown={"lambda1": 0.0, "lambda2": 0.0}, data=Observations(data.points, data.values, ["u"])
    )
    return dataclasses.replace(problem, weights={"equation": weight})


def off(parameters, true=TRUE):
    """Errors in per cent, by name."""
    return {name: float(f"{100 * (value / true[name] - 1):.4g}") for name, value in parameters.items()}


def relative(errors, true=TRUE):
    """Standard errors in per cent of the true values, by name."""
    return {name: float(f"{100 * value / true[name]:.4g}") for name, value in errors.items()}


def text(vector):
    return " ".join(f"{v:.7g}" for v in vector.tolist())


def weights_of(network):
    return torch.cat([p.detach().reshape(-1) for p in network.parameters()])


def merged(name, rows, key):
    """Save the rows in place of those of the record that have the same key, and return all."""
    try:
        before = records.load(name)["runs"]
    except FileNotFoundError:
        before = []
    replaced = {row[key] for row in rows}
    every = sorted([r for r in before if r[key] not in replaced] + rows, key=lambda r: (str(r[key]), r.get("seed", 0)))
    seeds = sorted({row.get("seed", 0) for row in every})
    packages = ("numpy", "scipy", "torch", "deepxde")
    environment = records.environment(seeds=seeds, command=COMMAND, packages=packages)
    records.save(name, environment | {"runs": every})
    return every


@pytest.mark.parametrize("noise", [0.01, 0.0, 0.1, 0.05])
def test_burgers_with_noise(noise):
    rows = []
    for seed in SEEDS:
        data = observe_burgers(noise=noise, rng=np.random.default_rng(seed))
        start = time.process_time()
        solution = solve(
            burgers_problem(data, EQUATION_WEIGHT[noise]),
            max_iterations=ITERATIONS[noise],
            n_points=1000,
            resample=20,
            seed=seed,
        )
        found = estimate(linearize(solution, candidates=5000), {"data": data.sigma})
        seconds = time.process_time() - start
        sensitivity = burgers_sensitivities(list(TRUE.values()), data.points)
        least = 100 * data.sigma * np.sqrt(np.diag(np.linalg.inv(sensitivity.T @ sensitivity)))
        rows.append(
            {
                "noise": noise,
                "seed": seed,
                "equation_weight": EQUATION_WEIGHT[noise],
                "network": off(solution.parameters),
                "one_step": off(found.parameters),
                "standard_error": relative(found.standard_errors),
                "least_error": {name: float(f"{v:.4g}") for name, v in zip(TRUE, least, strict=True)},
                "seconds": round(seconds, 1),
                "sigma": data.sigma,
                "parameters": solution.parameters,
                "weights": text(weights_of(solution.network)),
                "history": {
                    name: [float(f"{v:.5g}") for v in solution.history[name]]
                    for name in ("iteration", "lambda1", "lambda2")
                },
            }
        )
        print({k: v for k, v in rows[-1].items() if k not in ("weights", "history", "parameters")}, flush=True)
    merged("pinn/inverse_burgers", rows, "noise")
    for name, bar in zip(TRUE, BARS.get(noise, (3.0, 25.0)), strict=True):
        assert np.median([abs(r["one_step"][name]) for r in rows]) <= bar, (noise, name)


def test_output_error_with_a_grid_solver():
    """The same data, the grid solver, and a start that is half and six times the truth."""
    rows = []
    for noise in EQUATION_WEIGHT:
        for seed in SEEDS:
            data = observe_burgers(noise=noise, rng=np.random.default_rng(seed))
            start = time.process_time()
            fit = output_error_fit(data)
            seconds = round(time.process_time() - start, 1)
            found = off(dict(zip(TRUE, fit.parameters, strict=True)))
            rows.append(
                {"noise": noise, "seed": seed, "output_error": found, "seconds": seconds, "solutions": fit.evaluations}
            )
            print(rows[-1], flush=True)
    merged("pinn/inverse_output_error", rows, "noise")


def test_the_spread_over_noise_and_the_standard_error():
    """The same points, twelve draws of one per cent of noise; each fit goes on from the network of the record."""
    base = observe_burgers(noise=0.01, rng=np.random.default_rng(0))
    clean = observe_burgers(noise=0.0, rng=np.random.default_rng(0)).values
    kept = next(r for r in records.load("pinn/inverse_burgers")["runs"] if (r["noise"], r["seed"]) == (0.01, 0))
    draws = []
    for seed in range(100, 112):
        data = base._replace(values=clean + base.sigma * np.random.default_rng(seed).standard_normal(clean.shape))
        problem = dataclasses.replace(burgers_problem(data), unknown=kept["parameters"])
        network = problem.network()
        torch.nn.utils.vector_to_parameters(
            torch.tensor([float(v) for v in kept["weights"].split()]).double(), network.parameters()
        )
        again = solve(problem, network, max_iterations=10, n_points=1000, resample=0, seed=seed)
        found = estimate(linearize(again, candidates=5000), {"data": base.sigma})
        rival = output_error_fit(data, start=(1.0, NU), forward=burgers_at)
        draws.append(
            {
                "seed": seed,
                "network": off(again.parameters),
                "one_step": off(found.parameters),
                "standard_error": relative(found.standard_errors),
                "exact_model": off(dict(zip(TRUE, rival.parameters, strict=True))),
            }
        )
        print(draws[-1], flush=True)
    records.save(
        "pinn/inverse_spread",
        records.environment(seeds=range(100, 112), command=COMMAND) | {"noise": 0.01, "runs": draws},
    )
    for name in TRUE:
        spread = np.std([d["one_step"][name] for d in draws], ddof=1)
        error = np.median([d["standard_error"][name] for d in draws])
        print(name, "spread", spread, "standard error", error)
        assert 0.5 < spread / error < 2


def test_the_last_step_at_other_and_at_more_points():
    """The last step once more, from the networks of the record: three draws of points, of two sizes."""
    rows = []
    for kept in records.load("pinn/inverse_burgers")["runs"]:
        data = observe_burgers(noise=kept["noise"], rng=np.random.default_rng(kept["seed"]))
        problem = burgers_problem(data, kept["equation_weight"])
        network = problem.network()
        torch.nn.utils.vector_to_parameters(
            torch.tensor([float(v) for v in kept["weights"].split()]).double(), network.parameters()
        )
        solution = Solution(problem, network, parameters=kept["parameters"])
        for n_points in (1000, 3000):
            found = [
                estimate(linearize(solution, n_points=n_points, candidates=5 * n_points, seed=s), {"data": data.sigma})
                for s in (1, 2, 3)
            ]
            rows.append(
                {"noise": kept["noise"], "seed": kept["seed"], "n_points": n_points}
                | {"one_step": [off(f.parameters) for f in found]}
                | {"standard_error": [relative(f.standard_errors) for f in found]}
            )
            print(rows[-1], flush=True)
    records.save("pinn/inverse_last_step", records.environment(seeds=SEEDS, command=COMMAND) | {"runs": rows})


def test_regression_on_derivatives():
    """All 25,600 values of the film, which is thirteen times what the networks see."""
    x, t, u = burgers_field()
    rows = []
    for noise in EQUATION_WEIGHT:
        for seed in SEEDS:
            noisy = u + noise * u.std() * np.random.default_rng(seed).standard_normal(u.shape)
            for name, found in (
                ("differences", strong_form_regression(x, t, noisy)),
                ("differences, smoothed", strong_form_regression(x, t, noisy, smoothing=1.0)),
                ("weak form", weak_form_regression(x, t, noisy)),
            ):
                rows.append({"noise": noise, "seed": seed, "method": name, **off(dict(zip(TRUE, found, strict=True)))})
    records.save("pinn/inverse_regression", records.environment(seeds=SEEDS, command=COMMAND) | {"runs": rows})


def vortices(seed, noise, n=1000):
    rng = np.random.default_rng(seed)
    geometry = SpaceTime(Rectangle((-1, -1), (1, 1)), 0, 1)
    points = geometry.sample(n, rng=rng)
    velocity = drifting_vortices(points)[:, :2]
    sigma = noise * velocity.std(axis=0)
    return geometry, points, velocity + sigma * rng.standard_normal(velocity.shape), sigma


def test_drifting_vortices_without_pressure():
    rows = []
    for noise in (0.0, 0.01):
        for seed in SEEDS:
            geometry, points, velocity, sigma = vortices(seed, noise)
            problem = problems.navier_stokes(
                geometry,
                unknown={"lambda1": 0.0, "lambda2": 0.0},
                data=Observations(points, velocity, ("u", "v")),
            )
            rows.append(
                flow(
                    "drifting vortices",
                    problem,
                    seed,
                    noise,
                    sigma,
                    drifting_vortices,
                    0.01,
                    iterations=80,
                    n_points=400,
                )
            )
    within_bars(rows)


def test_kovasznay_with_two_taps():
    rows = []
    for noise in (0.0, 0.01):
        for seed in SEEDS:
            rng = np.random.default_rng(seed)
            geometry = Rectangle((-0.5, -0.5), (1.0, 1.5))
            points = geometry.sample(500, rng=rng)
            velocity = reference.kovasznay(points)[:, :2]
            sigma = noise * velocity.std(axis=0)
            velocity = velocity + sigma * rng.standard_normal(velocity.shape)
            taps = np.array([[-0.5, 0.0], [1.0, 0.0]])
            inlet, outlet = torch.as_tensor(reference.kovasznay(taps)[:, 2])
            problem = problems.navier_stokes(
                geometry,
                unknown={"lambda1": 0.5, "lambda2": 0.1},
                data=Observations(points, velocity, ("u", "v")),
                conditions=[
                    dirichlet(
                        lambda f, a=inlet, b=outlet: torch.where(f.x < 0, a, b), output="p", on=taps, name="two taps"
                    )
                ],
            )
            rows.append(
                flow(
                    "Kovasznay, two taps",
                    problem,
                    seed,
                    noise,
                    sigma,
                    reference.kovasznay,
                    1 / 40,
                    iterations=30,
                    n_points=300,
                    data_first=30,
                )
            )
    within_bars(rows)


def within_bars(rows):
    merged("pinn/inverse_flows", rows, "flow")
    clean = [row["one_step"] for row in rows if row["noise"] == 0]
    assert np.median([abs(row["lambda1"]) for row in clean]) <= 0.1
    assert np.median([abs(row["lambda2"]) for row in clean]) <= 1.0


def flow(name, problem, seed, noise, sigma, exact, nu, *, iterations, n_points, data_first=0):
    """One run, with the error of the pressure up to a constant of each time."""
    start = time.process_time()
    options = {"method": "levenberg_marquardt", "n_points": n_points, "resample": 20, "candidates": 0, "seed": seed}
    network = None
    if data_first:
        light = dataclasses.replace(problem, weights=dict.fromkeys(problem.equations, 1e-3))
        first = solve(light, max_iterations=data_first, **options)
        network, problem = first.network, dataclasses.replace(problem, unknown=first.parameters)
    solution = solve(problem, network, max_iterations=iterations, **options)
    spread = {"data u": float(sigma[0]), "data v": float(sigma[1])}
    found = estimate(linearize(solution, n_points=n_points), spread)
    seconds = time.process_time() - start
    errors = []
    for t in (0.1, 0.5, 0.9) if "t" in problem.coordinates else (None,):
        where = problem.geometry.sample(900, rng=np.random.default_rng(99))
        if t is not None:
            where[:, 2] = t
        got, want = solution.predict(where)[:, 2], exact(where)[:, 2]
        errors.append(np.linalg.norm(got - got.mean() - want + want.mean()) / np.linalg.norm(want - want.mean()))
    true = {"lambda1": 1.0, "lambda2": nu}
    row = {
        "flow": name,
        "noise": noise,
        "seed": seed,
        "network": off(solution.parameters, true),
        "one_step": off(found.parameters, true),
        "standard_error": relative(found.standard_errors, true),
        "pressure_error": float(f"{max(errors):.3g}"),
        "seconds": round(seconds, 1),
        "parameters": solution.parameters,
        "weights": text(weights_of(solution.network)),
    }
    print({k: v for k, v in row.items() if k != "weights"}, flush=True)
    return row


def deepxde():
    """The peer, set up as here: PyTorch, float64."""
    os.environ["DDE_BACKEND"] = "pytorch"
    import deepxde as dde

    dde.config.set_default_float("float64")
    return dde


def burgers_for(dde):
    """Both unknown constants and the residual, a function of two arguments: DeepXDE counts them."""
    lambda1, lambda2 = dde.Variable(0.0), dde.Variable(0.0)

    def equation(x, u):
        u_x, u_t = (dde.grad.jacobian(u, x, i=0, j=j) for j in (0, 1))
        return u_t + lambda1 * u * u_x - lambda2 * dde.grad.hessian(u, x, i=0, j=0)

    return [lambda1, lambda2], equation


def test_deepxde_on_burgers():
    """The same data, 2-20-20-20-1, float64, Adam 3000 and L-BFGS 3000, one seed."""
    dde, rows = deepxde(), []
    for noise in (0.0, 0.01):
        data = observe_burgers(noise=noise, rng=np.random.default_rng(0))
        unknown, equation = burgers_for(dde)
        geometry = dde.geometry.GeometryXTime(dde.geometry.Interval(-1, 1), dde.geometry.TimeDomain(0, 1))
        seen = dde.icbc.PointSetBC(data.points, data.values)
        pde = dde.data.TimePDE(geometry, equation, [seen], num_domain=1000, anchors=data.points)
        rows.append(deepxde_run(dde, pde, [2, 20, 20, 20, 1], unknown, "Burgers", noise, NU))
        merged("pinn/inverse_deepxde", rows, "problem")


def test_deepxde_on_drifting_vortices():
    """The same data, 3-20-20-20-3, float64, Adam 3000 and L-BFGS 3000, one seed."""
    dde = deepxde()
    _, points, velocity, _ = vortices(0, 0.0)
    lambda1, lambda2 = dde.Variable(0.0), dde.Variable(0.0)

    def momentum(x, w):
        u, v = w[:, 0:1], w[:, 1:2]
        d = [[dde.grad.jacobian(w, x, i=i, j=j) for j in range(3)] for i in range(3)]
        residuals = [
            d[i][2]
            + lambda1 * (u * d[i][0] + v * d[i][1])
            + d[2][i]
            - lambda2 * sum(dde.grad.hessian(w, x, component=i, i=j, j=j) for j in (0, 1))
            for i in (0, 1)
        ]
        return [*residuals, d[0][0] + d[1][1]]

    space_time = dde.geometry.GeometryXTime(dde.geometry.Rectangle([-1, -1], [1, 1]), dde.geometry.TimeDomain(0, 1))
    seen = [dde.icbc.PointSetBC(points, velocity[:, [i]], component=i) for i in (0, 1)]
    pde = dde.data.TimePDE(space_time, momentum, seen, num_domain=400, anchors=points)
    row = deepxde_run(dde, pde, [3, 20, 20, 20, 3], [lambda1, lambda2], "drifting vortices", 0.0, 0.01)
    merged("pinn/inverse_deepxde", [row], "problem")


def deepxde_run(dde, pde, layers, unknown, name, noise, nu):
    dde.config.set_random_seed(0)
    start = time.process_time()
    model = dde.Model(pde, dde.nn.FNN(layers, "tanh", "Glorot uniform"))
    model.compile("adam", lr=1e-3, external_trainable_variables=unknown)
    model.train(iterations=3000, display_every=1000, verbose=0)
    after_adam = [float(v.detach()) for v in unknown]
    dde.optimizers.set_LBFGS_options(maxiter=3000)
    model.compile("L-BFGS", external_trainable_variables=unknown)
    model.train(display_every=1000, verbose=0)
    true = {"lambda1": 1.0, "lambda2": nu}
    row = {
        "problem": name,
        "noise": noise,
        "after_adam": off(dict(zip(true, after_adam, strict=True)), true),
        "after_lbfgs": off(dict(zip(true, [float(v.detach()) for v in unknown], strict=True)), true),
        "seconds": round(time.process_time() - start, 1),
    }
    print(row, flush=True)
    return row
