r"""The inverse problem of the wake: which flow obeys the Navier-Stokes equations and passes through scattered velocities?

.. math::
    u_t + \lambda_1 (u\,u_x + v\,u_y) &= -p_x + \lambda_2 \nabla^2 u \\
    v_t + \lambda_1 (u\,v_x + v\,v_y) &= -p_y + \lambda_2 \nabla^2 v \\
    u_x + v_y &= 0

Unknown are the two numbers and three functions; of the third, the pressure, nothing was observed.

Shapes: N samples with the columns x, y, t and u, v; P weights.

References
----------
Raissi, Perdikaris and Karniadakis (2019), Physics-informed neural networks, Journal of Computational Physics 378,
https://doi.org/10.1016/j.jcp.2018.10.045, section 4.1.1.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import nn

from nndl_support.pinn.geometry import Rectangle, SpaceTime
from nndl_support.pinn.problem import Observations, Problem
from nndl_support.pinn.problems import navier_stokes
from nndl_support.pinn.solver import Solution

__all__ = ["restore", "wake_problem", "weight_vector"]


def wake_problem(
    points: Any,
    velocities: Any,
    *,
    window: tuple[float, float, float, float] = (1.0, 8.0, -2.0, 2.0),
    length: float = 6.0,
    hidden: Sequence[int] = (24, 24, 24),
    data_weight: float = 20.0,
    unknown: Mapping[str, float] | None = None,
) -> Problem:
    """State the problem; samples outside of the window or later than its length are left out.

    Parameters
    ----------
    points : array (N, 3), columns x, y, t
    velocities : array (N, 2), columns u, v; further columns are not looked at
    window : four floats, least and largest x, least and largest y
    length : float > 0, times from 0 to this
    hidden : sequence of int, units of each hidden layer
    data_weight : float > 0, of the mean square of each velocity; the equations have the weight 1
    unknown : dict with the keys "lambda1" and "lambda2", optional; where the search for both starts, 0 without it

    Returns
    -------
    Problem, outputs u, v, p, unknown parameters lambda1 and lambda2

    Raises
    ------
    ValueError
        When points and velocities differ in number, the parameters have other names, or no sample is left.

    Examples
    --------
    >>> problem = wake_problem([[2.0, 0.0, 1.0], [9.0, 0.0, 1.0]], [[0.5, 0.1], [0.6, 0.0]])
    >>> len(problem.data.points), dict(problem.unknown)
    (1, {'lambda1': 0.0, 'lambda2': 0.0})
    """
    start = dict(unknown or {"lambda1": 0.0, "lambda2": 0.0})
    places, seen = torch.as_tensor(points), torch.as_tensor(velocities)[:, :2]
    if len(places) != len(seen) or set(start) != {"lambda1", "lambda2"}:
        raise ValueError(
            f"{len(places)} points, {len(seen)} velocities and unknown {', '.join(start)}; expected as many and lambda1, lambda2"
        )
    domain = SpaceTime(Rectangle((window[0], window[2]), (window[1], window[3])), 0.0, length)
    kept = torch.as_tensor(domain.contains(points))
    if not kept.any():
        low, high = (side.tolist() for side in domain.bounds)
        raise ValueError(f"none of {len(places)} samples lies between {low} and {high}")
    return navier_stokes(
        domain,
        unknown=start,
        data=Observations(places[kept], seen[kept], outputs=("u", "v"), weight=data_weight),
        hidden=tuple(hidden),
        solver={"n_points": 1000, "resample": 20, "candidates": 0},
    )


def weight_vector(network: nn.Module) -> Any:
    """All weights of a network, array (P,), for a record.

    Parameters
    ----------
    network : module

    Examples
    --------
    >>> weight_vector(nn.Linear(2, 1)).shape
    (3,)
    """
    return nn.utils.parameters_to_vector(network.parameters()).detach().cpu().numpy()


def restore(problem: Problem, weights: Any, parameters: dict[str, float]) -> Solution:
    """Return the solution that a record keeps.

    Parameters
    ----------
    problem : Problem, as it was solved
    weights : array (P,), from :func:`weight_vector`
    parameters : dict of the unknown parameters and floats

    Returns
    -------
    Solution, without a history

    Raises
    ------
    ValueError
        When the network of the problem has another number of weights.

    Examples
    --------
    >>> problem = wake_problem([[2.0, 0.0, 1.0]], [[0.5, 0.1]], hidden=(2,))
    >>> restore(problem, torch.zeros(17), {"lambda1": 1.0, "lambda2": 0.01}).predict([[2.0, 0.0, 1.0]]).tolist()
    [[0.0, 0.0, 0.0]]
    """
    network = problem.network()
    vector = torch.as_tensor(weights, dtype=network.dtype)
    n_weights = sum(p.numel() for p in network.parameters())
    if vector.shape != (n_weights,):
        raise ValueError(f"there are {tuple(vector.shape)} weights, but the network has {n_weights}")
    nn.utils.vector_to_parameters(vector, network.parameters())
    return Solution(problem, network, dict(parameters))
