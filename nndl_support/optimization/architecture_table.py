r"""A table of all architectures of a small space, each trained beforehand, so that a search costs no training (架构基准表).

The space: three slots in a row, each of them empty or a fully connected layer of one of two widths with one of three activation
functions, and the decision whether the input skips to the last layer as well. Empty slots make different decisions the
same network; the table holds each network once.

Shapes: A networks, R training runs of each.

References
----------
Ying, Klein, Real, Christiansen, Murphy and Hutter (2019), NAS-Bench-101: towards reproducible neural architecture search,
https://arxiv.org/abs/1902.09635 (the idea of a table).
"""

import itertools
from collections.abc import Iterable, Mapping, Sequence
from numbers import Integral
from typing import Any

import numpy as np

__all__ = ["LAYERS", "N_CHOICES", "ArchitectureTable", "canonical", "describe", "networks"]

#: The choices of a slot: None, or (units, activation).
LAYERS: tuple[tuple[int, str] | None, ...] = (
    None,
    (8, "relu"),
    (8, "tanh"),
    (8, "sigmoid"),
    (64, "relu"),
    (64, "tanh"),
    (64, "sigmoid"),
)
#: Number of choices of each decision: three slots and the skip connection.
N_CHOICES = (len(LAYERS), len(LAYERS), len(LAYERS), 2)


def canonical(architecture: Sequence[int]) -> tuple[int, ...]:
    """The network that decisions describe: its layers, and at last whether the input skips them.

    Parameters
    ----------
    architecture : four ints, as ``N_CHOICES`` says

    Returns
    -------
    tuple of at most three choices of layers and the skip, which is 0 where there is no layer to skip

    Raises
    ------
    ValueError
        When it is not four decisions, or one of them has no such choice.

    Examples
    --------
    >>> canonical((0, 4, 0, 1)) == canonical((4, 0, 0, 1)), canonical((0, 0, 0, 1))
    (True, (0,))
    """
    if len(architecture) != len(N_CHOICES) or not all(
        isinstance(a, Integral) and 0 <= a < n for a, n in zip(architecture, N_CHOICES, strict=False)
    ):
        raise ValueError(f"architecture is {tuple(architecture)}; expected four decisions with {N_CHOICES} choices")
    *slots, skip = architecture
    layers = [int(choice) for choice in slots if choice > 0]
    return (*layers, int(skip) if layers else 0)


def networks() -> list[tuple[int, ...]]:
    """All networks of the space, each once, sorted.

    Examples
    --------
    >>> len(networks()), int(np.prod(N_CHOICES))
    (517, 686)
    """
    return sorted({canonical(architecture) for architecture in itertools.product(*map(range, N_CHOICES))})


def describe(architecture: Sequence[int]) -> str:
    """A network in words.

    Examples
    --------
    >>> describe((4, 0, 3, 1))
    '64 relu, 8 sigmoid, skip'
    """
    *layers, skip = canonical(architecture)
    words = [f"{LAYERS[choice][0]} {LAYERS[choice][1]}" for choice in layers]  # type: ignore[index]
    return ", ".join([*(words or ["linear"]), *(["skip"] if skip else [])])


class ArchitectureTable:
    """Accuracies of all networks in several training runs.

    Parameters
    ----------
    record : mapping with ``validation`` and ``test``, two lists (A, R) of accuracies in the order of :func:`networks`

    Attributes
    ----------
    validation, test : array (A, R)
    mean_validation, mean_test : array (A,)

    Raises
    ------
    ValueError
        When a list has another shape.

    Examples
    --------
    >>> accuracies = np.tile([0.8, 0.9], (517, 1))
    >>> table = ArchitectureTable({"validation": accuracies, "test": accuracies})
    >>> round(table.reward((0, 0, 0, 0)), 2), table.reward((0, 0, 0, 0), run=1)
    (0.85, 0.9)
    """

    def __init__(self, record: Mapping[str, Any]) -> None:
        self._row = {network: i for i, network in enumerate(networks())}
        self.validation, self.test = (np.asarray(record[name], dtype=float) for name in ("validation", "test"))
        if (
            self.validation.ndim != 2
            or not self.validation.shape == self.test.shape
            or len(self.test) != len(self._row)
        ):
            raise ValueError(
                f"validation and test have shapes {self.validation.shape} and {self.test.shape}; "
                f"expected ({len(self._row)}, R) for both"
            )
        self.mean_validation, self.mean_test = self.validation.mean(axis=1), self.test.mean(axis=1)

    def row(self, architecture: Sequence[int]) -> int:
        """The row of the network that decisions describe."""
        return self._row[canonical(architecture)]

    def reward(self, architecture: Sequence[int], run: int | None = None) -> float:
        """Validation accuracy of an architecture, in one training run or on average over all."""
        row, n_runs = self.row(architecture), self.validation.shape[1]
        if run is not None and not 0 <= run < n_runs:
            raise ValueError(f"run is {run}; the table has the runs 0 to {n_runs - 1}")
        return float(self.mean_validation[row] if run is None else self.validation[row, run])

    def threshold(self, share: float) -> float:
        """The mean validation accuracy that this share of all decisions reaches.

        Parameters
        ----------
        share : float in (0, 1], of the 686 tuples of decisions, as random search draws them
        """
        if not 0 < share <= 1:
            raise ValueError(f"share is {share}; expected a number in (0, 1]")
        everyone = np.sort([self.reward(a) for a in itertools.product(*map(range, N_CHOICES))])[::-1]
        return float(everyone[max(int(share * len(everyone)), 1) - 1])

    def evaluations_to_reach(self, architectures: Iterable[Sequence[int]], threshold: float) -> int | None:
        """After how many evaluations the first architecture comes whose mean accuracy is at least that, None if it never does."""
        for n, architecture in enumerate(architectures, start=1):
            if self.reward(architecture) >= threshold:
                return n
        return None
