r"""Ways out of a local minimum: many starts, noise, annealing (a genetic algorithm is in ``genetic``).

Gradient descent ends in the well it starts in. The strategies here pay for a chance at a better well with
evaluations of the function or of its gradient, and say how many they used, so that they can be compared at equal
cost.

Every function works on many independent runs at once: whatever stands before the last axis is run beside one
another.

Shapes: D coordinates, K steps, S starts; ``...`` stands for any number of leading axes, the independent runs.

References
----------
Zhou (2016), 机器学习, section 5.4 and Fig. 5.10 (several starts, simulated annealing, stochastic gradient, genetic
algorithms).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nndl_support.annealing import anneal

Function = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class SearchResult:
    """What a search found, and what it cost.

    Attributes
    ----------
    x : array (..., D), the best point of every run
    value : array (...), its value
    n_evaluations : int, evaluations of the function or of its gradient that one run paid for
    path : array (K + 1, ..., D), the points on the way, or None where the search has no single path

    Examples
    --------
    >>> result = multi_start(multi_well, multi_well_gradient, np.zeros((7, 3, 2)), learning_rate=0.01, n_steps=4)
    >>> result.x.shape, result.value.shape, result.n_evaluations
    ((7, 2), (7,), 15)
    """

    x: np.ndarray
    value: np.ndarray
    n_evaluations: int
    path: np.ndarray | None = None


def multi_well(x: npt.ArrayLike) -> np.ndarray:
    r"""A landscape with seven wells per coordinate on [-6, 6], of which one is the deepest.

    .. math:: f(x) = \sum_{d} \left( \frac{x_d^2}{30} + \sin(2.5\, x_d) + 0.6 \sin(4.1\, x_d + 2) \right)

    Parameters
    ----------
    x : array (..., D)

    Returns
    -------
    array (...)

    Examples
    --------
    >>> multi_well([[0.0], [-0.77], [2.07]])
    array([ 0.55, -1.47, -1.28])
    """
    x = np.asarray(x, dtype=float)
    return np.sum(x**2 / 30.0 + np.sin(2.5 * x) + 0.6 * np.sin(4.1 * x + 2.0), axis=-1)


def multi_well_gradient(x: npt.ArrayLike) -> np.ndarray:
    """Gradient of ``multi_well``.

    Parameters
    ----------
    x : array (..., D)

    Returns
    -------
    array (..., D)

    Examples
    --------
    >>> multi_well_gradient([0.0]).round(2)
    array([1.48])
    """
    x = np.asarray(x, dtype=float)
    return x / 15.0 + 2.5 * np.cos(2.5 * x) + 0.6 * 4.1 * np.cos(4.1 * x + 2.0)


def descend(
    gradient: Function,
    start: npt.ArrayLike,
    *,
    learning_rate: float,
    n_steps: int,
    noise: npt.ArrayLike = 0.0,
    rng: np.random.Generator | None = None,
) -> np.ndarray:
    r"""Points visited by gradient descent, with noise in the gradient when asked for.

    .. math:: x_{k+1} = x_k - \eta \left( \nabla f(x_k) + \sigma_k \xi_k \right), \qquad \xi_k \sim \mathcal{N}(0, I)

    Parameters
    ----------
    gradient : function from (..., D) to (..., D); it may be random itself, as the gradient of one example is
    start : array (..., D)
    learning_rate : float > 0, the step :math:`\eta`
    n_steps : int >= 0
    noise : float or array (K,), standard deviation :math:`\sigma_k` of the noise in the gradient, one value for
        all steps or one each
    rng : numpy.random.Generator, needed when there is noise

    Returns
    -------
    array (K + 1, ..., D), the start first

    Raises
    ------
    ValueError
        When there is noise but no generator, when the schedule of the noise has another length than the walk, or
        when the learning rate is not positive.

    Examples
    --------
    >>> descend(lambda x: 2 * x, [1.0], learning_rate=0.25, n_steps=2).ravel()
    array([1.  , 0.5 , 0.25])
    """
    if not learning_rate > 0:
        raise ValueError(f"learning_rate must be positive, not {learning_rate}")
    sigma = np.asarray(noise, dtype=float)
    if sigma.ndim > 1 or (sigma.ndim == 1 and len(sigma) != n_steps):
        raise ValueError(f"noise has shape {sigma.shape}, expected one number or one for each of the {n_steps} steps")
    if np.any(sigma > 0) and rng is None:
        raise ValueError("noise needs a random generator: pass rng=numpy.random.default_rng(seed)")
    sigma = np.broadcast_to(sigma, n_steps)
    x = np.array(start, dtype=float)
    path = np.empty((n_steps + 1, *x.shape))
    path[0] = x
    for k in range(n_steps):
        step = gradient(x)
        if rng is not None and sigma[k] > 0:
            step = step + sigma[k] * rng.standard_normal(x.shape)
        x = x - learning_rate * step
        path[k + 1] = x
    return path


def multi_start(
    function: Function, gradient: Function, starts: npt.ArrayLike, *, learning_rate: float, n_steps: int
) -> SearchResult:
    """Descend from every start and keep the lowest end.

    Parameters
    ----------
    function : function from (..., D) to (...)
    gradient : function from (..., D) to (..., D)
    starts : array (..., S, D), S starts for every run
    learning_rate : float > 0
    n_steps : int >= 0, steps of each descent

    Returns
    -------
    SearchResult
        A run pays for ``n_steps`` gradients and one value from each start.

    Raises
    ------
    ValueError
        When ``starts`` has fewer than two axes.

    Examples
    --------
    >>> result = multi_start(multi_well, multi_well_gradient, [[-5.0], [-1.0], [4.0]], learning_rate=0.02, n_steps=50)
    >>> result.x.round(2), result.n_evaluations
    (array([-0.77]), 153)
    """
    starts = np.asarray(starts, dtype=float)
    if starts.ndim < 2:
        raise ValueError(f"starts must have shape (..., number of starts, coordinates), not {starts.shape}")
    ends = descend(gradient, starts, learning_rate=learning_rate, n_steps=n_steps)[-1]
    values = function(ends)
    # The lowest end of every run; a run that diverged must not win.
    best = np.argmin(np.where(np.isfinite(values), values, np.inf), axis=-1)
    x = np.take_along_axis(ends, best[..., None, None], axis=-2)[..., 0, :]
    value = np.take_along_axis(values, best[..., None], axis=-1)[..., 0]
    return SearchResult(x=x, value=value, n_evaluations=starts.shape[-2] * (n_steps + 1))


def noisy_descent(
    function: Function,
    gradient: Function,
    start: npt.ArrayLike,
    *,
    learning_rate: float,
    noise: npt.ArrayLike,
    rng: np.random.Generator,
) -> SearchResult:
    r"""Gradient descent in which noise fades away, a stand-in for the stochastic gradient of a network.

    Parameters
    ----------
    function : function from (..., D) to (...)
    gradient : function from (..., D) to (..., D)
    start : array (..., D)
    learning_rate : float > 0
    noise : array (K,), standard deviation of the noise in the gradient at every step
    rng : numpy.random.Generator

    Returns
    -------
    SearchResult
        A run pays for K gradients and one value; its answer is its last point.

    Notes
    -----
    A step :math:`\eta` with noise :math:`\sigma` in the gradient wanders like a particle at temperature
    :math:`T \approx \eta \sigma^2 / 2`, so a falling noise anneals.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> result = noisy_descent(multi_well, multi_well_gradient, [-1.0], learning_rate=0.02, noise=np.zeros(60), rng=rng)
    >>> result.x.round(2), result.n_evaluations
    (array([-0.77]), 61)
    """
    noise = np.asarray(noise, dtype=float)
    path = descend(gradient, start, learning_rate=learning_rate, n_steps=len(noise), noise=noise, rng=rng)
    return SearchResult(x=path[-1], value=function(path[-1]), n_evaluations=len(noise) + 1, path=path)


def anneal_vectors(
    function: Function,
    starts: npt.ArrayLike,
    *,
    step: float,
    temperatures: npt.ArrayLike,
    rng: np.random.Generator,
    keep_path: bool = False,
) -> SearchResult:
    """Simulated annealing on real vectors: every neighbour is a Gaussian step away.

    Parameters
    ----------
    function : function from (C, D) to (C,)
    starts : array (C, D), one start for every run
    step : float > 0, standard deviation of a proposed step in every coordinate
    temperatures : array (K,), one per step, in units of the function
    rng : numpy.random.Generator
    keep_path : whether to keep the path

    Returns
    -------
    SearchResult
        A run pays for K + 1 values; its answer is the best point it met.

    Examples
    --------
    >>> from nndl_support.annealing import geometric_schedule
    >>> temperatures, rng = geometric_schedule(2.0, 0.01, 500), np.random.default_rng(0)
    >>> result = anneal_vectors(multi_well, np.full((5, 1), 4.0), step=1.5, temperatures=temperatures, rng=rng)
    >>> result.x.ravel().round(1)
    array([-0.8, -0.8, -0.8, -0.8, -0.8])
    """

    def gaussian_step(x: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        return x + step * rng.standard_normal(x.shape)

    walk = anneal(function, np.asarray(starts, dtype=float), gaussian_step, temperatures, rng=rng, keep_path=keep_path)
    return SearchResult(x=walk.state, value=walk.energy, n_evaluations=walk.n_evaluations, path=walk.path)
