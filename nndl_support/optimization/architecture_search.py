r"""Architecture search: random search, regularised evolution, and a controller that learns by REINFORCE (神经架构搜索).

An architecture is a tuple of decisions, each one of finitely many choices; what it is worth is known only by training it. The
three searches call the same function ``evaluate(architecture)`` and differ in what they do with what it returned.

Shapes: S decisions (slots), :math:`C_s` choices of decision s, B architectures in a batch, N evaluations.

References
----------
Williams (1992), Simple statistical gradient-following algorithms for connectionist reinforcement learning, Machine Learning 8,
https://doi.org/10.1007/BF00992696 (REINFORCE).
Zoph and Le (2017), Neural architecture search with reinforcement learning, https://arxiv.org/abs/1611.01578.
Real, Aggarwal, Huang and Le (2019), Regularized evolution for image classifier architecture search, https://arxiv.org/abs/1802.01548.
Li and Talwalkar (2019), Random search and reproducibility for neural architecture search, https://arxiv.org/abs/1902.07638.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Integral

import numpy as np

from nndl_support.optimization.architecture_controller import Architecture, Controller, Evaluate, check_choices

__all__ = [
    "ArchitectureSearchResult",
    "Controller",
    "mutate",
    "random_search",
    "regularized_evolution",
    "reinforce",
]


@dataclass(frozen=True)
class ArchitectureSearchResult:
    """What a search evaluated, in order.

    Attributes
    ----------
    architectures : list of N tuples
    rewards : array (N,), what ``evaluate`` returned, the larger the better
    """

    architectures: list[Architecture]
    rewards: np.ndarray

    @property
    def best(self) -> Architecture:
        """The architecture with the largest reward, the first of equals."""
        return self.architectures[int(np.argmax(self.rewards))]


def random_search(
    evaluate: Evaluate, n_choices: Sequence[int], n_evaluations: int, rng: np.random.Generator
) -> ArchitectureSearchResult:
    """Evaluate architectures drawn independently, every one as probable as any other.

    Parameters
    ----------
    evaluate : function of an architecture, the larger the better
    n_choices : sequence of S int >= 1
    n_evaluations : int >= 1, N
    rng : numpy.random.Generator

    Returns
    -------
    ArchitectureSearchResult

    Examples
    --------
    >>> result = random_search(sum, [3, 4], 50, np.random.default_rng(0))
    >>> result.best, len(result.rewards)
    ((2, 3), 50)
    """
    n_choices = check_choices(n_choices)
    _check_count("n_evaluations", n_evaluations)
    architectures = [_draw(n_choices, rng) for _ in range(n_evaluations)]
    return _result(architectures, [_reward(evaluate, architecture) for architecture in architectures])


def mutate(architecture: Architecture, n_choices: Sequence[int], rng: np.random.Generator) -> Architecture:
    """Change one decision to another choice, all such changes equally probable.

    Parameters
    ----------
    architecture : tuple of S int
    n_choices : sequence of S int, at least one of them > 1
    rng : numpy.random.Generator

    Returns
    -------
    tuple of S int

    Examples
    --------
    >>> mutate((0, 0), [1, 2], np.random.default_rng(0))
    (0, 1)
    """
    changes = [(s, c) for s, n in enumerate(n_choices) for c in range(n) if c != architecture[s]]
    if not changes:
        raise ValueError(f"an architecture with the choices {list(n_choices)} has no neighbour")
    slot, choice = changes[int(rng.integers(len(changes)))]
    return (*architecture[:slot], choice, *architecture[slot + 1 :])


def regularized_evolution(
    evaluate: Evaluate,
    n_choices: Sequence[int],
    n_evaluations: int,
    rng: np.random.Generator,
    *,
    population_size: int = 20,
    sample_size: int = 5,
    kill_oldest: bool = True,
) -> ArchitectureSearchResult:
    """Let the best of a few change one decision, and let the oldest die.

    Parameters
    ----------
    evaluate : function of an architecture, the larger the better
    n_choices : sequence of S int >= 1
    n_evaluations : int >= 1, N, the first population among them
    rng : numpy.random.Generator
    population_size : int >= 1
    sample_size : int >= 1, so many of the population are drawn, with replacement, and the best of them is the parent
    kill_oldest : bool, whether the oldest dies, which is what is regularised, or the worst, as in older evolution

    Returns
    -------
    ArchitectureSearchResult

    Notes
    -----
    Dying of age also removes what was only lucky: an architecture stays in the population through descendants that are
    trained again.

    Examples
    --------
    >>> result = regularized_evolution(sum, [3, 4, 5], 120, np.random.default_rng(0))
    >>> result.best
    (2, 3, 4)
    """
    n_choices = check_choices(n_choices)
    for name, value in (
        ("n_evaluations", n_evaluations),
        ("population_size", population_size),
        ("sample_size", sample_size),
    ):
        _check_count(name, value)
    population: deque[tuple[Architecture, float]] = deque()
    architectures: list[Architecture] = []
    rewards: list[float] = []
    while len(architectures) < n_evaluations:
        if len(population) < population_size:
            child = _draw(n_choices, rng)
        else:
            contestants = [population[i] for i in rng.integers(len(population), size=sample_size)]
            child = mutate(max(contestants, key=lambda member: member[1])[0], n_choices, rng)
        reward = _reward(evaluate, child)
        architectures.append(child)
        rewards.append(reward)
        population.append((child, reward))
        if len(population) > population_size:
            if kill_oldest:
                population.popleft()
            else:
                del population[min(range(len(population)), key=lambda i: population[i][1])]
    return _result(architectures, rewards)


def reinforce(
    evaluate: Evaluate,
    n_choices: Sequence[int],
    n_evaluations: int,
    rng: np.random.Generator,
    *,
    learning_rate: float = 0.3,
    batch_size: int = 5,
    baseline_decay: float = 0.9,
    controller: Controller | None = None,
) -> ArchitectureSearchResult:
    r"""Let a controller learn to propose architectures that are rewarded.

    .. math:: \theta \leftarrow \theta + \eta\, \frac1B \sum_{b=1}^{B} \frac{R(a_b) - \bar R}{\hat\sigma}\, \nabla \log \pi(a_b)

    Parameters
    ----------
    evaluate : function of an architecture, the larger the better
    n_choices : sequence of S int >= 1
    n_evaluations : int >= 1, N
    rng : numpy.random.Generator
    learning_rate : float > 0
    batch_size : int >= 1, B
    baseline_decay : float in [0, 1), of the moving averages that make the baseline :math:`\bar R` and the scale
        :math:`\hat\sigma`, from the batches before; the first batch only sets them, and the next too where its rewards
        are all equal
    controller : Controller, optional
        Starts from this one and changes it; a new one unless given.

    Returns
    -------
    ArchitectureSearchResult

    Raises
    ------
    ValueError
        When a number is out of its range.

    Notes
    -----
    A baseline that does not depend on the batch leaves the expected step unchanged and takes most of its variance away:
    rewards that are all near 0.9 would push every choice that was made, good or bad. Dividing by the scale makes the rate mean
    the same for accuracies and for losses.

    Examples
    --------
    >>> result = reinforce(sum, [3, 4], 200, np.random.default_rng(0))
    >>> bool(result.rewards[-50:].mean() > result.rewards[:50].mean() + 1)
    True
    """
    n_choices = check_choices(n_choices)
    _check_count("n_evaluations", n_evaluations)
    _check_count("batch_size", batch_size)
    if not 0 < learning_rate < np.inf:
        raise ValueError(f"learning_rate is {learning_rate}; expected a positive number")
    if not 0 <= baseline_decay < 1:
        raise ValueError(f"baseline_decay is {baseline_decay}; expected a number in [0, 1)")
    controller = Controller(n_choices) if controller is None else controller
    if controller.n_choices != n_choices:
        raise ValueError(f"the controller decides among {controller.n_choices}, but n_choices is {n_choices}")
    architectures: list[Architecture] = []
    rewards: list[float] = []
    baseline = scale = None
    while len(architectures) < n_evaluations:
        batch = [controller.sample(rng) for _ in range(min(batch_size, n_evaluations - len(architectures)))]
        batch_rewards = np.array([_reward(evaluate, architecture) for architecture in batch])
        architectures += batch
        rewards += batch_rewards.tolist()
        if baseline is None or scale is None:
            baseline, scale = float(batch_rewards.mean()), float(batch_rewards.var())
            continue
        squares = float(np.mean((batch_rewards - baseline) ** 2))
        # As long as all rewards were equal there is no scale, and any step would be infinitely long.
        if scale == 0.0:
            scale = squares
        else:
            advantages = (batch_rewards - baseline) / np.sqrt(scale)
            gradients = [controller.log_probability_gradient(architecture) for architecture in batch]
            for advantage, gradient in zip(advantages, gradients, strict=True):
                for logits, part in zip(controller.logits, gradient, strict=True):
                    logits += learning_rate * advantage / len(batch) * part
            scale = baseline_decay * scale + (1 - baseline_decay) * squares
        baseline = baseline_decay * baseline + (1 - baseline_decay) * float(batch_rewards.mean())
    return _result(architectures, rewards)


def _reward(evaluate: Evaluate, architecture: Architecture) -> float:
    returned = evaluate(architecture)
    try:
        reward = float(returned)
    except (TypeError, ValueError):
        reward = np.nan
    # The largest of numbers among which one is not a number would be that one.
    if not np.isfinite(reward):
        raise ValueError(f"evaluate returned {returned!r} for {architecture}; expected a finite number")
    return reward


def _result(architectures: list[Architecture], rewards: list[float]) -> ArchitectureSearchResult:
    return ArchitectureSearchResult(architectures, np.array(rewards, dtype=float))


def _draw(n_choices: list[int], rng: np.random.Generator) -> Architecture:
    return tuple(int(rng.integers(n)) for n in n_choices)


def _check_count(name: str, value: int) -> None:
    if not isinstance(value, Integral) or value < 1:
        raise ValueError(f"{name} is {value!r}; expected a whole number of at least 1")
