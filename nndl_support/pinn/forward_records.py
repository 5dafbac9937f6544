r"""Networks that long runs have trained, put together again from a record, and two problems stated without any craft.

Shapes: P weights of a network, in the order of its parameters; X and Y lines of a grid along the first and the second coordinate.

References
----------
Section "Physics-informed networks" of this book, and its benchmark, which writes the records.
"""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import nn

from nndl_support.pinn import problems
from nndl_support.pinn.embeddings import PeriodicFeatures, Rescale
from nndl_support.pinn.problem import Problem, initial
from nndl_support.pinn.solver import Solution

__all__ = ["on_grid", "plain_problem", "restored", "with_weights"]


def with_weights(problem: Problem, weights: Sequence[float]) -> Solution:
    """Return the solution whose network, of the problem's own make, has these weights.

    Parameters
    ----------
    problem : Problem
    weights : sequence of P floats

    Raises
    ------
    ValueError
        When the network has another number of weights.

    Examples
    --------
    >>> with_weights(problems.heat(), [0.0] * 921).predict([[0.5, 0.3]]).round(3)
    array([[1.]])
    """
    network = problem.network()
    parameters = list(network.parameters())
    sizes = [p.numel() for p in parameters]
    if len(weights) != sum(sizes):
        raise ValueError(f"there are {len(weights)} weights, but the network of this problem has {sum(sizes)}")
    parts = torch.tensor(list(weights), dtype=torch.float64).split(sizes)
    with torch.no_grad():
        for p, part in zip(parameters, parts, strict=True):
            p.copy_(part.view_as(p))
    return Solution(problem, network)


def restored(record: Mapping[str, Any]) -> Solution:
    """Return the solution that a record of the benchmark holds: the seed with the median error.

    Parameters
    ----------
    record : mapping with ``problem``, a name in :mod:`nndl_support.pinn.problems`, and ``checkpoint`` with ``weights``

    Examples
    --------
    >>> record = {"problem": "heat", "checkpoint": {"weights": [0.0] * 921}}
    >>> restored(record).problem.coordinates
    ('x', 't')
    """
    return with_weights(getattr(problems, record["problem"])(), record["checkpoint"]["weights"])


def plain_problem(name: str) -> Problem:
    """Return the wave or the Allen-Cahn equation as one would first state it.

    The wave with :math:`t^2` as factor and a network of tanh on the unit square. Allen and Cahn's equation with its start asked
    for at 400 points with the weight 100, one wave as periodic feature, and a residual that counts the same at all times.

    Parameters
    ----------
    name : "wave" or "allen_cahn"

    Raises
    ------
    ValueError
        For another name.

    Examples
    --------
    >>> plain_problem("allen_cahn").conditions[0].name
    'u at the start'
    """
    if name == "wave":
        wave = problems.wave()
        assert wave.hard is not None
        hard = (wave.hard[0], lambda q: q[:, 1] ** 2 * 4 * q[:, 0] * (1 - q[:, 0]))
        return dataclasses.replace(wave, hard=hard, embedding=None, activation="tanh")
    if name == "allen_cahn":
        return dataclasses.replace(
            problems.allen_cahn(fading=0.0),
            conditions=[initial(lambda f: f.x**2 * torch.cos(torch.pi * f.x), n_points=400, weight=100.0)],
            hard=None,
            embedding=lambda: nn.Sequential(PeriodicFeatures(0, 2.0), Rescale((-1, -1, 0), (1, 1, 1))),
        )
    raise ValueError(f"there is no plain statement of {name!r}; known are 'wave' and 'allen_cahn'")


def on_grid(solution: Solution, shape: tuple[int, int], *, output: int = 0) -> tuple[list[Any], Any, Any]:
    """Return a solution of two coordinates and its error on a grid over the whole domain, for maps.

    Parameters
    ----------
    solution : Solution of a problem with two coordinates and an exact solution
    shape : pair of int, (X, Y)
    output : int, number of the output

    Returns
    -------
    lines : list of two arrays (X,) and (Y,)
    values, errors : arrays (X, Y); the errors are absolute

    Examples
    --------
    >>> lines, values, errors = on_grid(with_weights(problems.heat(), [0.0] * 921), (3, 5))
    >>> values.shape, values[1].round(2).tolist()
    ((3, 5), [1.0, 1.0, 1.0, 1.0, 1.0])
    """
    low, high = solution.problem.geometry.bounds
    if len(low) != 2 or solution.problem.exact is None:
        raise ValueError(
            f"the problem has {len(low)} coordinates and the exact solution {solution.problem.exact}; expected 2 and one"
        )
    lines = [
        torch.linspace(float(a), float(b), n, dtype=torch.float64) for a, b, n in zip(low, high, shape, strict=True)
    ]
    points = torch.cartesian_prod(*lines).numpy()
    values = solution.predict(points)[:, output]
    exact = solution.problem.exact(points).reshape(len(points), -1)[:, output]
    return [line.numpy() for line in lines], values.reshape(shape), abs(values - exact).reshape(shape)
