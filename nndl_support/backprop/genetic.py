"""A genetic algorithm on real vectors: tournaments, blend crossover, Gaussian mutation, an elite that survives.

Shapes: P individuals, D coordinates, G generations; ``...`` stands for any number of leading axes, independent
populations that evolve beside one another.

References
----------
Holland (1975), Adaptation in natural and artificial systems, University of Michigan Press.
Eshelman and Schaffer (1993), Real-coded genetic algorithms and interval-schemata, Foundations of Genetic
Algorithms 2, doi:10.1016/B978-0-08-094832-4.50018-0 (the blend crossover).
Zhou (2016), 机器学习, section 5.4.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nndl_support.backprop.escaping_minima import Function


@dataclass(frozen=True)
class EvolutionResult:
    """The last generation and how evolution got there.

    Attributes
    ----------
    x : array (..., D), the fittest individual
    value : array (...), its value
    n_evaluations : int, evaluations that one population paid for
    populations : array (G + 1, ..., P, D), every generation, or None unless asked for
    best_values : array (G + 1, ...), the lowest value of every generation; with an elite it never rises

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> result = evolve(lambda x: np.sum(x**2, axis=-1), rng.normal(size=(7, 2)), n_generations=5, rng=rng)
    >>> result.x.shape, result.best_values.shape, result.n_evaluations
    ((2,), (6,), 37)
    """

    x: np.ndarray
    value: np.ndarray
    n_evaluations: int
    populations: np.ndarray | None
    best_values: np.ndarray


def tournament(values: np.ndarray, n_winners: int, *, size: int = 2, rng: np.random.Generator) -> np.ndarray:
    """Indices of parents: each is the lowest of ``size`` individuals drawn at random with replacement.

    Parameters
    ----------
    values : array (..., P)
    n_winners : int >= 1
    size : int >= 1, individuals in a tournament; 1 is no selection at all
    rng : numpy.random.Generator

    Returns
    -------
    integer array (..., n_winners), in 0 .. P - 1

    Examples
    --------
    >>> tournament(np.array([3.0, 1.0, 2.0]), 4, size=50, rng=np.random.default_rng(0))
    array([1, 1, 1, 1])
    """
    drawn = rng.integers(values.shape[-1], size=(*values.shape[:-1], n_winners, size))
    drawn_values = np.take_along_axis(values[..., None, :], drawn, axis=-1)
    winner = np.argmin(drawn_values, axis=-1)
    return np.take_along_axis(drawn, winner[..., None], axis=-1)[..., 0]


def blend_crossover(
    first: np.ndarray, second: np.ndarray, *, extension: float = 0.25, rng: np.random.Generator
) -> np.ndarray:
    r"""Children drawn, coordinate by coordinate, from the interval between two parents, extended on both sides.

    .. math:: c_d = w_d\, a_d + (1 - w_d)\, b_d, \qquad w_d \sim \mathcal{U}(-\alpha, 1 + \alpha)

    Parameters
    ----------
    first, second : array (..., D), the parents a and b
    extension : float >= 0, the share :math:`\alpha` of their distance by which a child may lie outside
    rng : numpy.random.Generator

    Returns
    -------
    array (..., D)

    Examples
    --------
    >>> child = blend_crossover(np.zeros(1000), np.ones(1000), extension=0.0, rng=np.random.default_rng(0))
    >>> bool(child.min() >= 0 and child.max() <= 1), round(float(child.mean()), 1)
    (True, 0.5)
    """
    weight = rng.uniform(-extension, 1.0 + extension, size=first.shape)
    return weight * first + (1.0 - weight) * second


def evolve(
    function: Function,
    population: npt.ArrayLike,
    *,
    n_generations: int,
    rng: np.random.Generator,
    tournament_size: int = 2,
    extension: float = 0.25,
    mutation_rate: float = 0.2,
    mutation_scale: npt.ArrayLike = 0.5,
    n_elite: int = 1,
    keep_populations: bool = False,
) -> EvolutionResult:
    """Let a population evolve towards low values of a function.

    Parameters
    ----------
    function : function from (..., D) to (...)
    population : array (..., P, D), the first generation
    n_generations : int >= 0, generations after the first
    rng : numpy.random.Generator
    tournament_size : int >= 1, selection pressure
    extension : float >= 0, of the blend crossover
    mutation_rate : float in [0, 1], the chance of every coordinate to mutate
    mutation_scale : float or array (G,), standard deviation of a mutation, in units of x
    n_elite : int in 0 .. P - 1, how many of the fittest pass unchanged into the next generation
    keep_populations : whether to keep every generation

    Returns
    -------
    EvolutionResult
        A population pays for P values at first and P - ``n_elite`` in every generation.

    Raises
    ------
    ValueError
        When the population is too small, the elite too large, or the schedule of mutations has the wrong length.

    Examples
    --------
    >>> from nndl_support.backprop.escaping_minima import multi_well
    >>> rng = np.random.default_rng(0)
    >>> result = evolve(multi_well, rng.uniform(-6, 6, (20, 1)), n_generations=20, rng=rng)
    >>> result.x.round(1), result.n_evaluations
    (array([-0.8]), 400)
    """
    population = np.array(population, dtype=float)
    if population.ndim < 2 or population.shape[-2] < 2:
        raise ValueError(
            f"a population has shape (..., individuals, coordinates) with at least two of the former, "
            f"not {population.shape}"
        )
    n_individuals = population.shape[-2]
    if not 0 <= n_elite < n_individuals:
        raise ValueError(f"n_elite must lie in 0 .. {n_individuals - 1} for {n_individuals} individuals, not {n_elite}")
    scales = np.asarray(mutation_scale, dtype=float)
    if scales.ndim > 1 or (scales.ndim == 1 and len(scales) != n_generations):
        raise ValueError(
            f"mutation_scale has shape {scales.shape}, expected a number or one for each of {n_generations} generations"
        )
    scales = np.broadcast_to(scales, n_generations)
    n_children = n_individuals - n_elite

    values = np.asarray(function(population), dtype=float)
    generations = [population]
    best_values = [values.min(axis=-1)]
    for scale in scales:
        parents = tournament(values, 2 * n_children, size=tournament_size, rng=rng)
        chosen = np.take_along_axis(population, parents[..., None], axis=-2)
        children = blend_crossover(
            chosen[..., :n_children, :], chosen[..., n_children:, :], extension=extension, rng=rng
        )
        mutates = rng.random(children.shape) < mutation_rate
        children = children + mutates * scale * rng.standard_normal(children.shape)

        elite = np.argsort(values, axis=-1)[..., :n_elite]
        population = np.concatenate([np.take_along_axis(population, elite[..., None], axis=-2), children], axis=-2)
        # The elite's values are known: only children are evaluated.
        values = np.concatenate([np.take_along_axis(values, elite, axis=-1), function(children)], axis=-1)
        generations.append(population)
        best_values.append(values.min(axis=-1))

    best = np.argmin(values, axis=-1)
    return EvolutionResult(
        x=np.take_along_axis(population, best[..., None, None], axis=-2)[..., 0, :],
        value=np.take_along_axis(values, best[..., None], axis=-1)[..., 0],
        n_evaluations=n_individuals + n_generations * n_children,
        populations=np.stack(generations) if keep_populations else None,
        best_values=np.stack(best_values),
    )
