"""A race of methods on one problem: error and loss against the seconds that the processor worked.

Processor seconds (``time.process_time``) count what the run itself did, and not what else the machine was busy with. Looking at
the error takes time too; the clock stands still meanwhile.

Shapes: M points at which the error is measured, C outputs, P parameters, L looks, T times.
"""

import math
import time
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from nndl_support.pinn.problem import Problem
from nndl_support.pinn.solver import Solution, State, solve

__all__ = ["Lap", "median_error", "race"]


class Lap:
    """A callback for :func:`nndl_support.pinn.solver.solve` that looks at the error on a clock, and stops the run.

    Parameters
    ----------
    seconds : float > 0, of the processor, that the run may take
    points : array (M, d)
    values : array (M,) or (M, C), the truth there
    n_looks : int of at least 1, spread evenly over the seconds

    Attributes
    ----------
    curve : dict of lists (L,): ``seconds``, ``iteration``, ``loss`` and ``error``, the relative L2 error

    Examples
    --------
    >>> from nndl_support.pinn import problems
    >>> lap = Lap(0.05, [[0.5, 0.5]], np.ones(1), n_looks=2)
    >>> solution = solve(problems.poisson(), n_points=20, callback=lap, max_iterations=10_000)
    >>> sorted(lap.curve), lap.curve["seconds"][-1] >= 0.05
    (['error', 'iteration', 'loss', 'seconds'], True)
    """

    def __init__(self, seconds: float, points: npt.ArrayLike, values: npt.ArrayLike, *, n_looks: int = 40) -> None:
        if not (seconds > 0 and n_looks >= 1):
            raise ValueError(f"seconds is {seconds} and n_looks {n_looks}; expected more than 0 and at least 1")
        self.seconds, self.points, self.values = seconds, points, np.asarray(values)
        self.interval = seconds / n_looks
        self.curve: dict[str, list[float]] = {"seconds": [], "iteration": [], "loss": [], "error": []}
        self._aside, self._next, self._began = 0.0, self.interval, time.process_time()

    def __call__(self, state: State) -> bool:
        """Look where it is time to, and return whether the seconds are used up."""
        now = time.process_time()
        used = now - self._began - self._aside
        if used < self._next and used < self.seconds:
            return False
        error = state.solution.relative_error(self.points, self.values)
        row = {"seconds": used, "iteration": state.iteration, "loss": state.loss, "error": error}
        for name, value in row.items():
            self.curve[name].append(value)
        self._next = (math.floor(used / self.interval) + 1) * self.interval
        self._aside += time.process_time() - now
        return used >= self.seconds


def race(
    problem: Problem,
    method: str,
    seconds: float,
    points: npt.ArrayLike,
    *,
    values: npt.ArrayLike | None = None,
    n_looks: int = 40,
    seed: int = 0,
    **options: Any,
) -> tuple[dict[str, list[float]], Solution]:
    """Run one method for so many seconds of the processor.

    Parameters
    ----------
    problem : Problem
    method : str, a key of :data:`nndl_support.pinn.solver.METHODS`
    seconds : float > 0
    points : array (M, d), where the error is measured
    values : array (M,) or (M, C), optional; the exact solution of the problem without it
    n_looks : int of at least 1
    seed : int, of network and points
    options : of :func:`nndl_support.pinn.solver.solve`

    Returns
    -------
    curve : dict of lists, see :class:`Lap`
    solution : Solution

    Raises
    ------
    ValueError
        When there are no values and the problem has no exact solution.

    Examples
    --------
    >>> from nndl_support.pinn import problems
    >>> curve, solution = race(problems.poisson(), "levenberg_marquardt", 0.05, [[0.5, 0.5]], n_points=20)
    >>> curve["iteration"][-1] == solution.n_iterations
    True
    """
    if values is None:
        if problem.exact is None:
            raise ValueError("the problem has no exact solution: pass the values to compare with")
        values = problem.exact(points)
    lap = Lap(seconds, points, values, n_looks=n_looks)
    solution = solve(problem, method=method, budget=math.inf, callback=lap, seed=seed, description=method, **options)
    return lap.curve, solution


def median_error(curves: Sequence[Mapping[str, Sequence[float]]], times: npt.ArrayLike) -> np.ndarray:
    """Median over runs of the error at given times; between two looks the error is interpolated on a logarithmic scale.

    Parameters
    ----------
    curves : sequence of curves as :func:`race` returns them
    times : array (T,), seconds; before the first look and after the last, its error counts

    Returns
    -------
    array (T,)

    Examples
    --------
    >>> median_error([{"seconds": [1.0, 3.0], "error": [1e-1, 1e-3]}], [2.0]).round(6)
    array([0.01])
    """
    if not curves:
        raise ValueError("there are 0 curves; expected at least one")
    at = np.asarray(times, dtype=float)
    logarithms = [np.interp(at, curve["seconds"], np.log(curve["error"])) for curve in curves]
    return np.exp(np.median(logarithms, axis=0))
