r"""The loop that all hyper-parameter searches share: propose, evaluate in parallel, write down, continue after a kill.

A search subclasses :class:`Search` and writes ``_plan``, a generator that yields batches of :class:`Proposal` and is
sent the finished trials of each batch, in order::

    def _plan(self, space, budget, rng, batch_size):
        trials = yield [Proposal(space.sample(rng)) for _ in range(budget)]

Batches run through ``joblib.Parallel``; the trials of one batch may finish in any order. A search that learns from
every trial subclasses :class:`SequentialSearch` instead and writes ``_propose(space, trials, rng, n)``, which returns
the next n configurations given all trials so far; it is asked for as many at a time as there are workers. Trials whose
``error`` is not None have the value infinity and must be left out of models (or taken as the worst).

A plan must draw its random numbers from ``rng`` alone, and decide by nothing but the trials it was sent. Then the same
seed gives the same search, whatever the number of workers (for a sequential search: with the same number), and a
journal can replay it.

References
----------
Bergstra, Bardenet, Bengio and Kegl (2011), Algorithms for hyper-parameter optimization, NeurIPS (asynchronous
proposals).
"""

import abc
import math
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from numbers import Integral, Real
from os import PathLike
from typing import Any

import numpy as np
from joblib import Parallel, delayed, effective_n_jobs
from joblib.parallel import get_active_backend

from nndl_support.optimization.search_journal import Journal
from nndl_support.optimization.search_space import Config, SearchSpace, config_key

__all__ = ["Proposal", "Search", "SearchResult", "SequentialSearch", "Trial"]

Objective = Callable[..., float]


@dataclass(frozen=True)
class Proposal:
    """A configuration to evaluate, and with how much of the resource (None where the objective takes none)."""

    config: Config
    resource: int | None = None


@dataclass(frozen=True)
class Trial:
    """A configuration that was evaluated.

    Attributes
    ----------
    number : int, from 0 in the order of the proposals
    config : dict
    value : float, what the objective returned; infinity when it failed
    resource : int, or None where the objective takes none
    seconds : float, time of the objective alone; two trials that differ only in it are equal
    error : str, why it failed, or None
    """

    number: int
    config: Config
    value: float
    resource: int | None = None
    seconds: float = field(default=0.0, compare=False)
    error: str | None = None


@dataclass(frozen=True)
class SearchResult:
    """What :meth:`Search.minimize` returns.

    Attributes
    ----------
    best_trial : Trial
    trials : list of Trial, all of them in the order of their numbers
    """

    best_trial: Trial
    trials: list[Trial]

    @property
    def best_value(self) -> float:
        """The value of the best trial."""
        return self.best_trial.value

    @property
    def best_config(self) -> Config:
        """The configuration of the best trial."""
        return self.best_trial.config

    def best_so_far(self) -> np.ndarray:
        """The smallest value among the first n trials, for n = 1, 2, ...: array (number of trials,)."""
        return np.minimum.accumulate([trial.value for trial in self.trials])

    def resource_spent(self) -> np.ndarray:
        """The resource (or number of evaluations) of the first n trials together, for n = 1, 2, ..."""
        return np.cumsum([1 if trial.resource is None else trial.resource for trial in self.trials])


class Search(abc.ABC):
    """A way to look for the configuration with the smallest objective.

    Notes
    -----
    A subclass stores its options in attributes of the same name, from which a journal recognises it.

    Examples
    --------
    >>> class Twice(Search):
    ...     "Evaluates the same random configuration twice."
    ...
    ...     def _plan(self, space, budget, rng, batch_size):
    ...         yield [Proposal(space.sample(rng))] * 2
    >>> result = Twice().minimize(lambda config: config["x"] ** 2, {"x": (-1.0, 1.0)}, budget=2, random_state=0)
    >>> len(result.trials), result.best_value == result.best_config["x"] ** 2
    (2, True)
    """

    #: Whether the objective is called with a second argument, the resource.
    takes_resource = False

    @abc.abstractmethod
    def _plan(
        self, space: SearchSpace, budget: int, rng: np.random.Generator, batch_size: int
    ) -> Generator[list[Proposal], list[Trial], None]:
        """Yield batches of proposals; each ``yield`` returns their trials, in the same order."""

    def minimize(
        self,
        objective: Objective,
        space: Mapping[str, Any] | SearchSpace,
        *,
        budget: int,
        random_state: int | np.random.Generator | None = None,
        n_jobs: int | None = 1,
        resume: str | PathLike[str] | None = None,
    ) -> SearchResult:
        """Search for the configuration with the smallest value.

        Parameters
        ----------
        objective : callable ``objective(config)``, or ``objective(config, resource)`` where the search hands out a
        resource
            Takes a dict with one value for each name of the space and returns a number, the smaller the better. What it
            raises, and a value that is not finite, is recorded; the search goes on.
        space : dict, see :class:`nndl_support.optimization.search_space.SearchSpace`
        budget : int >= 1, number of evaluations, or total resource
        random_state : int, Generator or None
            The same int gives the same search; None takes a fresh one.
        n_jobs : int
            Number of trials at a time, as joblib understands it: -1 is one for each core. For threads, dask or ray
            wrap the call in ``with joblib.parallel_config(backend=...)``.
        resume : path of a journal, optional
            Every finished trial is written there at once. Called again with the same journal and the same arguments
            after a kill, the search repeats no finished trial and ends with the result it would have had.

        Returns
        -------
        SearchResult

        Raises
        ------
        ValueError, TypeError
            When the space, budget or number of jobs is impossible, or the journal belongs to another search.
        RuntimeError
            When every trial failed; the message repeats the first error.
        """
        parsed = SearchSpace(space)
        if not callable(objective):
            raise TypeError(f"objective is of type {type(objective).__name__}; expected a function of a configuration")
        if isinstance(budget, bool) or not isinstance(budget, Integral) or budget < 1:
            raise ValueError(f"budget is {budget!r}; expected a whole number of at least 1")
        if n_jobs is not None and (not isinstance(n_jobs, Integral) or n_jobs == 0):
            raise ValueError(
                f"n_jobs is {n_jobs!r}; expected a whole number other than 0, such as 1, 4, or -1 for all cores"
            )
        batch_size = self._batch_size(n_jobs)
        seed, journal = _seed(random_state), None
        if resume is not None:
            header = {
                "search": self.describe(),
                "space": parsed.describe(),
                "budget": int(budget),
                "batch_size": batch_size,
            }
            # A fresh seed is drawn only for a new journal: an old one knows its own.
            fresh = {"seed": seed if random_state is not None or not _has_content(resume) else None}
            journal = Journal(resume, header | fresh)
            seed = int(journal.header["seed"])
        plan = self._plan(parsed, int(budget), np.random.default_rng(seed), batch_size or 1)
        trials = _run(plan, objective, self.takes_resource, n_jobs, journal)
        if all(trial.error is not None for trial in trials):
            raise RuntimeError(f"all {len(trials)} trials failed; the first: {trials[0].error}")
        return SearchResult(self._best(trials), trials)

    def describe(self) -> str:
        """The name of the search and its options, the same in every process."""
        options = {name: value for name, value in sorted(vars(self).items()) if not name.startswith("_")}
        return f"{type(self).__name__} {config_key(options)}"

    def _batch_size(self, n_jobs: int | None) -> int | None:
        """How many proposals the plan should make at a time, where that has an influence on what it proposes."""
        return None

    def _best(self, trials: list[Trial]) -> Trial:
        """The trial to recommend; the first of equals."""
        return min(trials, key=lambda trial: (trial.error is not None, trial.value, trial.number))


class SequentialSearch(Search):
    """A search whose next proposal depends on the trials so far.

    Examples
    --------
    >>> class NearTheBest(SequentialSearch):
    ...     "Steps of random size from the best so far."
    ...
    ...     def _propose(self, space, trials, rng, n):
    ...         if not trials:
    ...             return [space.sample(rng) for _ in range(n)]
    ...         centre = space.encode(self._best(trials).config)
    ...         return [space.decode(np.clip(centre + rng.normal(0, 0.1, len(space)), 0, 1)) for _ in range(n)]
    >>> result = NearTheBest().minimize(lambda config: config["x"] ** 2, {"x": (-1.0, 1.0)}, budget=100, random_state=0)
    >>> result.best_value < 1e-3
    True
    """

    @abc.abstractmethod
    def _propose(self, space: SearchSpace, trials: list[Trial], rng: np.random.Generator, n: int) -> list[Config]:
        """Return the next ``n`` configurations, to be evaluated at the same time.

        Parameters
        ----------
        space : SearchSpace
        trials : list of Trial, all finished ones in order; empty at first
            Those that failed have an ``error`` and the value infinity.
        rng : the only source of random numbers
        n : int >= 1, never more than the budget leaves
        """

    def _plan(
        self, space: SearchSpace, budget: int, rng: np.random.Generator, batch_size: int
    ) -> Generator[list[Proposal], list[Trial], None]:
        trials: list[Trial] = []
        while len(trials) < budget:
            n = min(batch_size, budget - len(trials))
            trials += yield [Proposal(config) for config in self._propose(space, trials, rng, n)]

    def _batch_size(self, n_jobs: int | None) -> int:
        return effective_n_jobs(1 if n_jobs is None else n_jobs)


def _run(
    plan: Generator[list[Proposal], list[Trial], None],
    objective: Objective,
    takes_resource: bool,
    n_jobs: int | None,
    journal: Journal | None,
) -> list[Trial]:
    """Follow a plan to its end and return all trials in the order of their numbers."""
    trials: list[Trial] = []
    batch: list[Trial] | None = None
    while True:
        try:
            proposals = plan.send(batch) if batch is not None else next(plan)
        except StopIteration:
            return trials
        numbered = list(enumerate(proposals, start=len(trials)))
        known = _replay(numbered, journal)
        rest = [(number, proposal) for number, proposal in numbered if number not in known]
        for trial in _evaluate_all(objective, rest, takes_resource, n_jobs):
            known[trial.number] = trial
            if journal is not None:
                journal.append(_line(trial))
        batch = [known[number] for number, _ in numbered]
        trials += batch


def _evaluate_all(
    objective: Objective, numbered: Iterable[tuple[int, Proposal]], takes_resource: bool, n_jobs: int | None
) -> Iterator[Trial]:
    """Yield the trials as they finish, in any order."""
    backend, _ = get_active_backend()
    # Without results as they come, a kill costs the whole batch; it happens only with backends that joblib does not bring.
    as_they_come = getattr(backend, "supports_return_generator", False)
    parallel = Parallel(n_jobs=n_jobs, return_as="generator_unordered" if as_they_come else "list")
    yield from parallel(
        delayed(_evaluate)(objective, number, proposal, takes_resource) for number, proposal in numbered
    )


def _evaluate(objective: Objective, number: int, proposal: Proposal, takes_resource: bool) -> Trial:
    """Call the objective; what goes wrong in it becomes the trial's error."""
    value, error = math.inf, None
    # The objective gets a copy: one that changes it must not change what is recorded.
    arguments = (dict(proposal.config), proposal.resource) if takes_resource else (dict(proposal.config),)
    start = time.perf_counter()
    try:
        value = _number(objective(*arguments))
    except Exception as exception:
        error = f"{type(exception).__name__}: {exception}"
    return Trial(number, proposal.config, value, proposal.resource, time.perf_counter() - start, error)


def _number(returned: Any) -> float:
    if getattr(returned, "size", None) == 1 or (hasattr(returned, "numel") and returned.numel() == 1):
        returned = returned.item()
    if isinstance(returned, bool) or not isinstance(returned, Real):
        raise TypeError(f"the objective returned {returned!r} of type {type(returned).__name__}; expected a number")
    if not math.isfinite(returned):
        raise ValueError(f"the objective returned {float(returned)}; expected a finite number")
    return float(returned)


def _line(trial: Trial) -> dict[str, Any]:
    value = trial.value if trial.error is None else None
    return {
        "number": trial.number,
        "config": config_key(trial.config),
        "resource": trial.resource,
        "value": value,
        "seconds": trial.seconds,
        "error": trial.error,
    }


def _replay(numbered: list[tuple[int, Proposal]], journal: Journal | None) -> dict[int, Trial]:
    """The trials among the proposals that the journal knows."""
    known: dict[int, Trial] = {}
    for number, proposal in numbered:
        line = journal.finished.get(number) if journal is not None else None
        if journal is None or line is None:
            continue
        if (line["config"], line["resource"]) != (config_key(proposal.config), proposal.resource):
            raise ValueError(
                f"trial {number} of the journal {journal.path} is {line['config']} with resource {line['resource']}, but "
                f"this search proposes {config_key(proposal.config)} with {proposal.resource}: it is not the same search"
            )
        value = math.inf if line["value"] is None else line["value"]
        known[number] = Trial(number, proposal.config, value, proposal.resource, line["seconds"], line["error"])
    return known


def _seed(random_state: int | np.random.Generator | None) -> int:
    if isinstance(random_state, np.random.Generator):
        return int(random_state.integers(2**53))
    if random_state is None:
        return int(np.random.default_rng().integers(2**53))
    if isinstance(random_state, bool) or not isinstance(random_state, Integral) or random_state < 0:
        raise ValueError(f"random_state is {random_state!r}; expected a whole number >= 0, a numpy Generator, or None")
    return int(random_state)


def _has_content(path: str | PathLike[str]) -> bool:
    from pathlib import Path

    return Path(path).is_file() and Path(path).stat().st_size > 0
