r"""Hyper-parameter searches with one interface: grid, random, successive halving and Hyperband; Bayesian ones beside
them.

::

    result = X(...).minimize(objective, space, budget=…, random_state=…, n_jobs=…, resume=…)

See :meth:`nndl_support.optimization.search_engine.Search.minimize` for the arguments; the result has ``best_value``,
``best_config`` and ``trials``. For :class:`SuccessiveHalving` and :class:`Hyperband` the objective is called with a
second argument, the resource, and the budget is the total of the resource.

A configuration that climbs a rung is evaluated again, with more of the resource. To go on instead of starting anew,
the objective keeps its own checkpoints, under :func:`nndl_support.optimization.search_space.config_key`::

    def objective(config, resource):
        file = folder / f"{hash_of(config_key(config))}.pt"
        model, done = load(file) if file.exists() else (build(config), 0)
        train(model, epochs=resource - done)
        save(model, resource, file)
        return validation_error(model)

Such an objective still returns the same value for the same arguments, which resuming and parallel workers rely on.

References
----------
Bergstra and Bengio (2012), Random search for hyper-parameter optimization, Journal of Machine Learning Research 13,
281-305. Jamieson and Talwalkar (2016), https://arxiv.org/abs/1502.07943. Li et al. (2018),
https://arxiv.org/abs/1603.06560.
"""

import itertools
from collections.abc import Generator, Mapping
from numbers import Integral
from typing import Any

import numpy as np

from nndl_support.optimization import brackets
from nndl_support.optimization.bayesian_optimization import BayesianOptimization
from nndl_support.optimization.search_engine import Proposal, Search, SearchResult, SequentialSearch, Trial
from nndl_support.optimization.search_space import Dimension, SearchSpace
from nndl_support.optimization.tpe import TPE

__all__ = [
    "TPE",
    "BayesianOptimization",
    "GridSearch",
    "Hyperband",
    "RandomSearch",
    "Search",
    "SearchResult",
    "SequentialSearch",
    "SuccessiveHalving",
    "Trial",
]

Plan = Generator[list[Proposal], list[Trial], None]


class GridSearch(Search):
    """Every combination of a few values of each hyper-parameter.

    Parameters
    ----------
    resolution : int, dict from names to int, or None
        How many values of each dimension. None takes all choices, and of the numbers as many as the budget allows, as
        evenly as it can.

    Notes
    -----
    m values of a distribution are its quantiles (i + 1/2) / m, the middles of m equally probable parts: they stay
    clear of the bounds, where few optima are, and exist for distributions without bounds.

    Examples
    --------
    >>> search = GridSearch()
    >>> result = search.minimize(lambda config: config["x"], {"x": (0.0, 1.0), "kind": ["a", "b"]}, budget=7)
    >>> [trial.config["x"] for trial in result.trials if trial.config["kind"] == "a"]
    [0.167, 0.5, 0.833]
    """

    def __init__(self, *, resolution: int | Mapping[str, int] | None = None) -> None:
        self.resolution = resolution

    def _plan(self, space: SearchSpace, budget: int, rng: np.random.Generator, batch_size: int) -> Plan:
        axes = [_values(dimension, size) for dimension, size in zip(space.dimensions, self.sizes(space, budget))]
        yield [Proposal(dict(zip(space.names, values))) for values in itertools.product(*axes)]

    def sizes(self, space: SearchSpace, budget: int) -> list[int]:
        """How many values of each dimension the grid has.

        Raises
        ------
        ValueError
            When the grid has more points than the budget.
        """
        known = {dimension.name: dimension.n_values for dimension in space.dimensions}
        if isinstance(self.resolution, Mapping):
            strange = sorted(set(self.resolution) - set(space.names))
            if strange:
                raise ValueError(f"resolution names {strange}, but the space has {space.names}")
        wanted: dict[str, int | None] = {}
        for dimension in space.dimensions:
            size = self.resolution.get(dimension.name) if isinstance(self.resolution, Mapping) else self.resolution
            if dimension.kind == "choice":
                size = dimension.n_values
            if size is not None and (not isinstance(size, Integral) or size < 1):
                raise ValueError(
                    f"the resolution of {dimension.name} is {size!r}; expected a whole number of at least 1"
                )
            wanted[dimension.name] = None if size is None else min(int(size), known[dimension.name] or int(size))
        sizes = {name: 1 if size is None else size for name, size in wanted.items()}
        points = int(np.prod([int(size) for size in sizes.values()]))
        if points > budget:
            raise ValueError(f"the grid has {points} points ({sizes}), but the budget is {budget} evaluations")
        growing = {name for name, size in wanted.items() if size is None}
        while growing:
            name = min(growing, key=lambda name: (sizes[name], space.names.index(name)))
            larger = points // sizes[name] * (sizes[name] + 1)
            if larger > budget or sizes[name] == known[name]:
                growing.remove(name)
            else:
                sizes[name], points = sizes[name] + 1, larger
        return list(sizes.values())


class RandomSearch(Search):
    """Independent draws from the space.

    Examples
    --------
    >>> result = RandomSearch().minimize(lambda config: abs(config["x"] - 0.3), {"x": (0.0, 1.0)}, budget=60, random_state=0)
    >>> len(result.trials), result.best_value < 0.05
    (60, True)
    """

    def _plan(self, space: SearchSpace, budget: int, rng: np.random.Generator, batch_size: int) -> Plan:
        yield [Proposal(space.sample(rng)) for _ in range(budget)]


class SuccessiveHalving(Search):
    """Many random configurations with little of the resource, the better part of them with more, and so on.

    Parameters
    ----------
    n_configs : int, optional
        How many configurations to begin with; without it as many as the budget allows with one unit each.
    eta : int >= 2
        One in eta climbs, and gets about eta times the resource.
    n_rungs : int, optional
        Number of rungs; that of Qiu's algorithm 7.2 without it, see
        :func:`nndl_support.optimization.brackets.n_halvings`.

    Notes
    -----
    The result is the best trial of the last rung: values with different amounts of the resource are not compared. Of
    equal values the earlier configuration climbs.

    Examples
    --------
    >>> def loss_after(config, epochs):
    ...     return config["x"] ** 2 + 1 / epochs
    >>> result = SuccessiveHalving(eta=2).minimize(loss_after, {"x": (-1.0, 1.0)}, budget=64, random_state=0)
    >>> [trial.resource for trial in result.trials].count(1), result.best_trial.resource
    (16, 5)
    """

    takes_resource = True

    def __init__(self, n_configs: int | None = None, *, eta: int = 3, n_rungs: int | None = None) -> None:
        self.n_configs = n_configs
        self.eta = eta
        self.n_rungs = n_rungs

    def _plan(self, space: SearchSpace, budget: int, rng: np.random.Generator, batch_size: int) -> Plan:
        n_configs = brackets.most_configs(budget, eta=self.eta) if self.n_configs is None else self.n_configs
        rungs = brackets.halving_rungs(n_configs, budget, eta=self.eta, n_rungs=self.n_rungs)
        yield from _climb(rungs, space, rng)

    def _best(self, trials: list[Trial]) -> Trial:
        return min(
            trials, key=lambda trial: (trial.error is not None, -(trial.resource or 0), trial.value, trial.number)
        )


class Hyperband(Search):
    """Successive halving from several starting points: many configurations with little each, few with much.

    Parameters
    ----------
    max_resource : int, optional
        R, the most that one configuration gets; without it the largest with which all brackets fit into the budget
        once.
    eta : int >= 2
    sizes : "algorithm" or "table"
        Sizes of the brackets, see :func:`nndl_support.optimization.brackets.hyperband_brackets`.

    Notes
    -----
    The brackets run in the published order, and again from the first while the budget lasts; a bracket that no longer
    fits is left out. As published, the result is the smallest value seen, with whatever resource.

    Examples
    --------
    >>> def loss_after(config, epochs):
    ...     return config["x"] ** 2 + 1 / epochs
    >>> result = Hyperband(max_resource=9).minimize(loss_after, {"x": (-1.0, 1.0)}, budget=81, random_state=0)
    >>> sorted({trial.resource for trial in result.trials}), int(result.resource_spent()[-1])
    ([1, 3, 9], 78)
    """

    takes_resource = True

    def __init__(self, max_resource: int | None = None, *, eta: int = 3, sizes: str = "algorithm") -> None:
        self.max_resource = max_resource
        self.eta = eta
        self.sizes = sizes

    def _plan(self, space: SearchSpace, budget: int, rng: np.random.Generator, batch_size: int) -> Plan:
        resource = self.max_resource
        if resource is None:
            resource = brackets.largest_resource(budget, eta=self.eta, sizes=self.sizes)
        every = brackets.hyperband_brackets(resource, eta=self.eta, sizes=self.sizes)
        cheapest = min(map(brackets.bracket_cost, every))
        if budget < cheapest:
            raise ValueError(
                f"a budget of {budget} is too small for one bracket of Hyperband with max_resource={resource}; expected "
                f"at least {cheapest}, and {sum(map(brackets.bracket_cost, every))} for all"
            )
        while budget >= cheapest:
            for bracket in every:
                if brackets.bracket_cost(bracket) <= budget:
                    budget -= brackets.bracket_cost(bracket)
                    yield from _climb(bracket, space, rng)


def _values(dimension: Dimension, size: int) -> list[Any]:
    """``size`` values of a dimension, evenly spread; all of a list."""
    values = [dimension.decode((i + 0.5) / size) for i in range(size)]
    # Two quantiles of whole numbers may be the same number; what stands twice in a list was meant to.
    return values if dimension.kind == "choice" else list(dict.fromkeys(values))


def _climb(rungs: brackets.Bracket, space: SearchSpace, rng: np.random.Generator) -> Plan:
    """One run of successive halving."""
    configs = [space.sample(rng) for _ in range(rungs[0][0])]
    for n, resource in rungs:
        # sorted() keeps the order of equals, so the same configurations climb however many workers there are.
        configs = configs[:n]
        trials = yield [Proposal(config, resource) for config in configs]
        configs = [trial.config for trial in sorted(trials, key=lambda trial: (trial.error is not None, trial.value))]
