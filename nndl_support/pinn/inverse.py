r"""The last step of an inverse problem: from a trained network to an estimate of the parameters with its standard errors.

After training, the residuals are linearised once, in the weights and the unknown parameters together, and one full
Gauss-Newton step is taken for the parameters alone (Le Cam's one-step estimator, 一步估计). Gradient methods and damped
ones creep along the flat directions in which weights and parameters trade places; the linear model crosses them at once.

Shapes: S residuals, P weights and unknown parameters together, U unknown parameters.

References
----------
van der Vaart (1998), Asymptotic Statistics, Cambridge University Press, section 5.7: one step of Newton's method from any
estimate of the right order is as good as the maximum of the likelihood.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from nndl_support.pinn.collocation import point_generator
from nndl_support.pinn.objective import Objective
from nndl_support.pinn.solver import Solution
from nndl_support.pinn.uncertainty import correlation, covariance, identifiable_directions, influence, profiled_columns

__all__ = ["Estimate", "Linearization", "estimate", "linearize"]


@dataclass(frozen=True)
class Linearization:
    """Residuals of a solved problem and their Jacobian, at points drawn anew.

    Attributes
    ----------
    residuals : tensor (S,), scaled so that their squared norm is the loss
    jacobian : tensor (S, P), unknown parameters last
    rows : dict of the names of the residuals and slices
    scales : dict of the names and floats: what multiplied the raw residuals
    parameters : dict of the unknown parameters and floats
    """

    residuals: Tensor
    jacobian: Tensor
    rows: dict[str, slice]
    scales: dict[str, float]
    parameters: dict[str, float]

    def noise(self, sigma: Mapping[str, float]) -> Tensor:
        """Return the standard deviation of every row, tensor (S,), when the raw residuals named in sigma carry noise."""
        if strangers := set(sigma) - set(self.rows):
            raise ValueError(f"sigma names {sorted(strangers)}, but the residuals are {list(self.rows)}")
        if negative := {name: value for name, value in sigma.items() if not value >= 0}:
            raise ValueError(f"sigma is {negative}; expected standard deviations of at least 0")
        result = torch.zeros_like(self.residuals)
        for name, value in sigma.items():
            result[self.rows[name]] = self.scales[name] * value
        return result


@dataclass(frozen=True)
class Estimate:
    """Parameters with their uncertainty.

    Attributes
    ----------
    parameters : dict of names and floats, after the last step
    standard_errors : dict of names and floats, for data drawn anew
    correlation : tensor (U, U)
    strengths, directions : tensors (U,) and (U, U)
        How strongly the terms of the loss determine combinations of the parameters, see
        :func:`nndl_support.pinn.uncertainty.identifiable_directions`.
    influence : tensor (U, S), of every row
    """

    parameters: dict[str, float]
    standard_errors: dict[str, float]
    correlation: Tensor
    strengths: Tensor
    directions: Tensor
    influence: Tensor


def linearize(
    solution: Solution,
    *,
    n_points: int = 1000,
    candidates: int | None = None,
    weights: Mapping[str, float] | None = None,
    seed: int = 1_000,
) -> Linearization:
    """Linearise all residuals of a solution about what was found.

    Parameters
    ----------
    solution : Solution
    n_points : int, collocation points
    candidates : int, optional; as in :meth:`nndl_support.pinn.objective.Objective.resample`
    weights : dict of the names of residuals and floats, in place of those of the problem, optional
    seed : int, of the points

    Returns
    -------
    Linearization

    Examples
    --------
    >>> from nndl_support.pinn.geometry import Interval
    >>> from nndl_support.pinn.problem import Observations, Problem
    >>> from nndl_support.pinn.solver import solve
    >>> problem = Problem(
    ...     Interval(0, 1, name="t"),
    ...     lambda f, p: f.u_t + p.k * f.u,
    ...     unknown={"k": 0.5},
    ...     data=Observations([[0.0], [0.5], [1.0]], [[1.0], [0.61], [0.37]]),
    ...     hidden=(3,),
    ... )
    >>> model = linearize(solve(problem, max_iterations=5, n_points=7), n_points=7)
    >>> model.jacobian.shape, model.rows["data"]
    (torch.Size([10, 11]), slice(7, 10, None))
    """
    if not solution.parameters:
        raise ValueError("the problem has no unknown parameters; expected at least one in Problem(unknown=...)")
    objective = Objective(solution.problem, solution.network, n_points=n_points, rng=point_generator(seed))
    with torch.no_grad():
        objective.unknown.copy_(torch.tensor(list(solution.parameters.values()), dtype=objective.dtype))
    objective.weights.update(weights or {})
    if candidates:
        objective.resample(candidates=candidates)
    residuals, jacobian = objective.jacobian()
    rows, scales, start = {}, {}, 0
    for block in objective.blocks:
        for name in block.names:
            rows[name] = slice(start, start + len(block.points))
            scales[name] = (objective.weights[name] / len(block.points)) ** 0.5
            start += len(block.points)
    return Linearization(residuals.detach(), jacobian.detach(), rows, scales, dict(solution.parameters))


def estimate(model: Linearization, sigma: Mapping[str, float], *, rcond: float = 1e-7) -> Estimate:
    """Take the last step and say how far the answer may be trusted.

    Parameters
    ----------
    model : Linearization
    sigma : dict of the names of data residuals and floats, standard deviations of the noise in the data
    rcond : float, as in :func:`nndl_support.pinn.uncertainty.profiled_columns`

    Returns
    -------
    Estimate

    Notes
    -----
    The Jacobian is decomposed once for the projection; three thousand rows and nine hundred weights take about two seconds.

    Examples
    --------
    >>> line = Linearization(
    ...     torch.tensor([-1.0, -2.0, -6.0]),
    ...     torch.tensor([[1.0, 1], [1, 2], [1, 6]]),
    ...     {"data": slice(0, 3)},
    ...     {"data": 1.0},
    ...     {"a": 0.0},
    ... )
    >>> found = estimate(line, {"data": 0.1})
    >>> round(found.parameters["a"], 6), round(found.standard_errors["a"] * 14**0.5, 6)
    (1.0, 0.1)
    """
    jacobian = model.jacobian.double().numpy()
    columns = profiled_columns(jacobian, len(model.parameters), rcond=rcond)
    reach = influence(columns, columns.shape[1])
    change = -reach @ model.residuals.double().numpy()
    cov = covariance(reach, model.noise(sigma).double().numpy())
    strengths, directions = identifiable_directions(columns)
    return Estimate(
        {name: value + float(d) for (name, value), d in zip(model.parameters.items(), change, strict=True)},
        {name: float(v) ** 0.5 for name, v in zip(model.parameters, cov.diagonal(), strict=True)},
        torch.as_tensor(correlation(cov)) if cov.any() else torch.full(cov.shape, torch.nan),
        torch.as_tensor(strengths),
        torch.as_tensor(directions),
        torch.as_tensor(reach),
    )
