"""What the record of the benchmark claims, evaluated again with the weights that it keeps."""

import numpy as np
import pytest
import torch

from nndl_support import records
from nndl_support.pinn import problems
from nndl_support.pinn.collocation import point_generator, relative_l2
from nndl_support.pinn.embeddings import Rescale
from nndl_support.pinn.network import MLP
from nndl_support.pinn.objective import Objective
from nndl_support.pinn.pathological_problems import convection, oscillation

RECORD = records.load("pinn/training_pathologies")


def grid(low, high):
    axes = np.meshgrid(np.linspace(low, high, 101), np.linspace(0, 1, 51), indexing="ij")
    return np.column_stack([axis.ravel() for axis in axes])


def burgers():
    problem = problems.burgers()
    network = problem.constrain(MLP(2, hidden=(20, 20, 20), embedding=Rescale([-1.0, 0.0], [1.0, 1.0])))
    return problem, network, 400, grid(-1, 1)


def plain(problem, n_points, points):
    return problem, problem.network(), n_points, points


KEPT = {
    "causality": lambda: plain(oscillation(), 100, np.linspace(0, 1, 301)[:, None]),
    "convection": lambda: plain(convection(), 400, grid(0, 2 * np.pi)),
    "resampling": burgers,
}


@pytest.mark.parametrize("part", KEPT)
def test_a_small_loss_and_a_large_error_are_found_again(part):
    row = next(row for row in RECORD[part]["rows"] if "weights" in row)
    problem, network, n_points, points = KEPT[part]()
    objective = Objective(problem, network, n_points=n_points, rng=point_generator(row["seed"]))
    objective.set(torch.tensor(row["weights"], dtype=torch.float64))
    assert objective.value() == pytest.approx(row["loss"], rel=1e-2)
    with torch.no_grad():
        found = network(torch.as_tensor(points))[:, 0].numpy()
    error = relative_l2(found, problem.exact(points))
    assert error == pytest.approx(row["error"], rel=1e-2)
    assert row["loss"] < 1e-5
    assert error > 0.05


def column(part, name, **which):
    return [row[name] for row in RECORD[part]["rows"] if all(row[k] == v for k, v in which.items())]


def test_the_record_is_whole():
    assert {part: len(RECORD[part]["rows"]) for part in RECORD if isinstance(RECORD[part], dict) and "rows" in RECORD[part]} == {
        "balance": 21,
        "waves": 54,
        "causality": 20,
        "front": 6,
        "convection": 9,
        "resampling": 9,
        "precision": 12,
    }  # fmt: skip


def test_the_record_bears_out_the_section():
    errors = [column("balance", "error", rule=rule) for rule in ("levenberg_marquardt", "100", "none")]
    assert max(errors[0]) < min(errors[1])
    assert max(errors[1]) < min(errors[2])
    assert max(column("causality", "error", remedy="new points")) < min(column("causality", "error", remedy="none"))
    assert max(column("resampling", "error", points="residual")) < min(column("resampling", "error", points="fixed"))
    front = [column("front", "until", remedy=remedy) for remedy in ("new points", "causal and new points")]
    assert max(front[0]) < min(front[1])
    single, double = (column("precision", "error", method="levenberg_marquardt", bits=bits) for bits in (32, 64))
    assert max(double) < min(single)
