r"""What searches with a model have in common: they see trials as points of the unit cube, and begin with a design.

Shapes: N trials so far, D dimensions of the space.

References
----------
Bergstra, Bardenet, Bengio and Kegl (2011), Algorithms for hyper-parameter optimization, NeurIPS, figure 1 (sequential
model-based optimisation).
"""

import abc
from collections.abc import Generator
from typing import Any

import numpy as np
from joblib import effective_n_jobs

from nndl_support.optimization.cube_features import CubeFeatures
from nndl_support.optimization.search_engine import Proposal, Search, Trial
from nndl_support.optimization.search_space import SearchSpace

__all__ = ["CubeSearch"]


class CubeSearch(Search):
    """A search that proposes points of the unit cube from all points and values so far.

    Attributes
    ----------
    n_initial : int or None, how many points come first; D + 4 where it is None, but at least 8

    Examples
    --------
    >>> class AroundTheBest(CubeSearch):
    ...     "Random points, then ever closer to the best."
    ...
    ...     n_initial = None
    ...
    ...     def _suggest(self, features, places, values, n, rng, memory):
    ...         memory["width"] = 0.9 * memory.get("width", 1.0)
    ...         return features.neighbours(places[np.argmin(values)], n, memory["width"], rng)
    >>> result = AroundTheBest().minimize(lambda config: config["x"] ** 2, {"x": (-1.0, 1.0)}, budget=50, random_state=0)
    >>> result.best_value < 1e-3
    True
    """

    n_initial: int | None

    def _initial(self, n_dimensions: int, n: int, rng: np.random.Generator) -> np.ndarray:
        """The points (n, D) of the unit cube to begin with."""
        return rng.random((n, n_dimensions))

    @abc.abstractmethod
    def _suggest(
        self,
        features: CubeFeatures,
        places: np.ndarray,
        values: np.ndarray,
        n: int,
        rng: np.random.Generator,
        memory: dict[str, Any],
    ) -> np.ndarray:
        """Return the next points of the cube.

        Parameters
        ----------
        features : CubeFeatures of the space
        places : array (N, D), all points so far
        values : array (N,), infinity where a trial failed
        n : int >= 1
        rng : the only source of random numbers
        memory : dict, empty at first and kept for the length of one search; an object may run several

        Returns
        -------
        array (n, D), snapped to the levels of discrete dimensions
        """

    def _batch_size(self, n_jobs: int | None) -> int:
        return effective_n_jobs(1 if n_jobs is None else n_jobs)

    def _plan(
        self, space: SearchSpace, budget: int, rng: np.random.Generator, batch_size: int
    ) -> Generator[list[Proposal], list[Trial], None]:
        features, memory = CubeFeatures(space), dict[str, Any]()
        n_initial = min(max(8, len(space) + 4) if self.n_initial is None else self.n_initial, budget)
        u = features.snap(self._initial(len(space), n_initial, rng))
        places, values = np.empty((0, len(space))), np.empty(0)
        while True:
            configs = [space.decode(point) for point in u]
            # A whole number with very many values is rounded by decoding; the model must see what was evaluated.
            places = np.vstack([places, [space.encode(config) for config in configs] if features.rounds else u])
            trials = yield [Proposal(config) for config in configs]
            values = np.append(values, [trial.value for trial in trials])
            n = min(batch_size, budget - len(values))
            if n == 0:
                return
            u = self._suggest(features, places, values, n, rng, memory)
