"""Six ways to look for a low point, run side by side at the same cost.

Cost is counted in evaluations of the function or of its gradient, one for one. Searches that use values alone
(annealing, genetic, random) spend the end of their budget on a plain descent from the best point found, so that
none is judged by its last digits.

Shapes: R runs, D coordinates.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from nndl_support.annealing import geometric_schedule
from nndl_support.backprop.escaping_minima import (
    Function,
    SearchResult,
    anneal_vectors,
    descend,
    multi_start,
    noisy_descent,
)
from nndl_support.backprop.genetic import evolve

Sample = Callable[[tuple[int, ...], np.random.Generator], np.ndarray]


@dataclass(frozen=True)
class Settings:
    """What the strategies need to know about a landscape.

    Attributes
    ----------
    learning_rate : float, step of every descent
    steps_per_start : int, gradient steps that one of many starts gets
    finish : int, gradient steps kept for the end of a search by values
    noise : float, standard deviation of the noise in the gradient at first; it falls to 0 along a line
    step : float, standard deviation of an annealing proposal
    temperatures : (float, float), first and last temperature
    population : int, individuals of the genetic algorithm
    mutation_scale : float, standard deviation of a mutation
    mutation_rate : float, the chance of a coordinate to mutate

    Examples
    --------
    >>> settings = Settings(
    ...     0.04, 20, 20, noise=8.0, step=2.0, temperatures=(1.0, 0.1), population=20, mutation_scale=2.0
    ... )
    >>> settings.mutation_rate
    0.2
    """

    learning_rate: float
    steps_per_start: int
    finish: int
    noise: float
    step: float
    temperatures: tuple[float, float]
    population: int
    mutation_scale: float
    mutation_rate: float = 0.2


def compare_strategies(
    function: Function,
    gradient: Function,
    sample: Sample,
    settings: Settings,
    *,
    budget: int,
    n_runs: int,
    rng: np.random.Generator,
) -> dict[str, SearchResult]:
    """Run every strategy ``n_runs`` times within the same budget.

    Parameters
    ----------
    function : function from (..., D) to (...)
    gradient : function from (..., D) to (..., D)
    sample : function of (shape, rng) that returns random starts, an array (*shape, D)
    settings : Settings
    budget : int, evaluations that one run may spend
    n_runs : int
    rng : numpy.random.Generator

    Returns
    -------
    dict of SearchResult
        Under "one descent", "restarts", "noisy gradient", "annealing", "genetic" and "random points"; ``x`` has
        shape (R, D).

    Raises
    ------
    ValueError
        When the budget is too small for a first population and a finish.

    Examples
    --------
    >>> from nndl_support.backprop.escaping_minima import multi_well, multi_well_gradient
    >>> settings = Settings(
    ...     0.04, 20, 20, noise=8.0, step=2.0, temperatures=(1.0, 0.1), population=20, mutation_scale=2.0
    ... )
    >>> def sample(shape, rng):
    ...     return rng.uniform(-6, 6, (*shape, 1))
    >>> results = compare_strategies(
    ...     multi_well, multi_well_gradient, sample, settings, budget=200, n_runs=50, rng=np.random.default_rng(0)
    ... )
    >>> [name for name, result in results.items() if np.mean(abs(result.x[:, 0] + 0.77) < 0.1) > 0.5]
    ['restarts', 'annealing', 'genetic', 'random points']
    """
    n_values = budget - settings.finish - 1
    if n_values < settings.population:
        raise ValueError(
            f"a budget of {budget} leaves {n_values} evaluations after the finish of {settings.finish} steps, "
            f"but a population has {settings.population} individuals"
        )
    starts = sample((n_runs,), rng)
    rate = settings.learning_rate

    def finish(x: np.ndarray, spent: int) -> SearchResult:
        end = descend(gradient, x, learning_rate=rate, n_steps=settings.finish)[-1]
        return SearchResult(x=end, value=function(end), n_evaluations=spent + settings.finish + 1)

    single = descend(gradient, starts, learning_rate=rate, n_steps=budget - 1)[-1]
    n_starts = max(1, budget // (settings.steps_per_start + 1))
    restarts = multi_start(
        function, gradient, sample((n_runs, n_starts), rng), learning_rate=rate, n_steps=budget // n_starts - 1
    )
    noisy = noisy_descent(
        function, gradient, starts, learning_rate=rate, noise=np.linspace(settings.noise, 0.0, budget - 1), rng=rng
    )
    annealed = anneal_vectors(
        function,
        starts,
        step=settings.step,
        temperatures=geometric_schedule(*settings.temperatures, n_values - 1),
        rng=rng,
    )
    evolved = evolve(
        function,
        sample((n_runs, settings.population), rng),
        n_generations=(n_values - settings.population) // (settings.population - 1),
        mutation_scale=settings.mutation_scale,
        mutation_rate=settings.mutation_rate,
        rng=rng,
    )
    points = sample((n_runs, n_values), rng)
    lowest = points[np.arange(n_runs), np.argmin(function(points), axis=1)]
    return {
        "one descent": SearchResult(x=single, value=function(single), n_evaluations=budget),
        "restarts": restarts,
        "noisy gradient": noisy,
        "annealing": finish(annealed.x, annealed.n_evaluations),
        "genetic": finish(evolved.x, evolved.n_evaluations),
        "random points": finish(lowest, n_values),
    }
