r"""Tree-structured Parzen estimator: where good trials are dense and bad ones are rare (树状 Parzen 估计).

A Gaussian process models p(y | x). This search models p(x | y) instead, by two densities: l(x) through the best share
:math:`\gamma` of the trials, g(x) through the others. By Bayes' rule the expected improvement on the threshold between
them depends on x only through g(x) / l(x).

Shapes: N trials so far, M candidates, D dimensions of the space.

References
----------
Bergstra, Bardenet, Bengio and Kegl (2011), Algorithms for hyper-parameter optimization, NeurIPS, section 4.
Falkner, Klein and Hutter (2018), BOHB: robust and efficient hyperparameter optimization at scale,
https://arxiv.org/abs/1807.01774.
Watanabe (2023), Tree-structured Parzen estimator: understanding its algorithm components and their roles for better
empirical performance, https://arxiv.org/abs/2304.11127.
"""

from numbers import Integral
from typing import Any

import numpy as np
import numpy.typing as npt

from nndl_support.optimization.cube_features import CubeFeatures
from nndl_support.optimization.cube_search import CubeSearch
from nndl_support.optimization.parzen import ParzenDensity

__all__ = ["TPE", "relative_improvement", "split"]


def split(values: npt.ArrayLike, gamma: float) -> tuple[np.ndarray, np.ndarray]:
    r"""Indices of the best share of the trials and of the others.

    Parameters
    ----------
    values : array (N,), N >= 2; infinity where a trial failed
    gamma : float in (0, 1); :math:`\lceil \gamma N \rceil` trials count as good, at least one and not all

    Returns
    -------
    good, bad : two int arrays, the smallest value first

    Examples
    --------
    >>> split([3.0, 1.0, 2.0, 5.0], 0.25)
    (array([1]), array([2, 0, 3]))
    """
    values = np.asarray(values, dtype=float)
    if values.ndim != 1 or len(values) < 2:
        raise ValueError(f"values has shape {values.shape}; expected (N,) with N >= 2")
    if not 0 < gamma < 1:
        raise ValueError(f"gamma must lie between 0 and 1, but is {gamma}")
    order = np.argsort(values, kind="stable")
    n_good = min(int(np.ceil(gamma * len(values))), len(values) - 1)
    return order[:n_good], order[n_good:]


def relative_improvement(good: npt.ArrayLike, bad: npt.ArrayLike, gamma: float) -> np.ndarray:
    r"""The expected improvement up to a factor that is the same everywhere.

    .. math:: \mathrm{EI}(x) \propto \Bigl(\gamma + \frac{g(x)}{l(x)} (1 - \gamma)\Bigr)^{-1}

    Parameters
    ----------
    good : array (M,), l(x) > 0
    bad : array (M,), g(x) >= 0
    gamma : float in (0, 1)

    Returns
    -------
    array (M,), between 0 and :math:`1 / \gamma`

    Examples
    --------
    >>> relative_improvement([1.0, 2.0], [1.0, 0.0], 0.25)
    array([1., 4.])
    """
    return 1.0 / (gamma + (1.0 - gamma) * np.asarray(bad, dtype=float) / np.asarray(good, dtype=float))


class TPE(CubeSearch):
    r"""Search with Parzen estimators of the good trials and the bad ones.

    Parameters
    ----------
    gamma : float in (0, 1), the share of the trials that counts as good
    n_initial : int >= 2, random configurations to begin with
    n_candidates : int >= 1, so many draws from l(x), of which the one with the largest l(x) / g(x) is evaluated
    joint : bool
        Whether the densities are sums of products over the dimensions (Falkner et al. 2018), or products of sums (Bergstra
        et al. 2011), where a good depth and a good rate are combined even when they were never good together.
    prior_weight : float > 0, how many observations the prior is worth

    Raises
    ------
    ValueError
        When an option is out of its range.

    Notes
    -----
    Each proposal costs N operations where a Gaussian process costs N³. Trials that failed are bad ones. Of several workers
    each gets draws of its own.

    References
    ----------
    Bergstra, Bardenet, Bengio and Kegl (2011), Algorithms for hyper-parameter optimization, NeurIPS, section 4.

    Examples
    --------
    >>> def objective(config):
    ...     return (config["x"] - 0.3) ** 2 + (0.1 if config["kind"] == "bad" else 0.0)
    >>> space = {"x": (-2.0, 2.0), "kind": ["good", "bad"]}
    >>> result = TPE().minimize(objective, space, budget=60, random_state=0)
    >>> result.best_config["kind"], abs(result.best_config["x"] - 0.3) < 0.1
    ('good', True)
    """

    def __init__(
        self,
        *,
        gamma: float = 0.15,
        n_initial: int = 10,
        n_candidates: int = 24,
        joint: bool = True,
        prior_weight: float = 1.0,
    ) -> None:
        if not 0 < gamma < 1:
            raise ValueError(f"gamma must lie between 0 and 1, but is {gamma}")
        for name, value, least in (("n_initial", n_initial, 2), ("n_candidates", n_candidates, 1)):
            if not isinstance(value, Integral) or value < least:
                raise ValueError(f"{name} is {value!r}; expected a whole number of at least {least}")
        if not 0 < prior_weight < np.inf:
            raise ValueError(f"prior_weight must be positive and finite, not {prior_weight}")
        self.gamma = gamma
        self.n_initial = n_initial
        self.n_candidates = n_candidates
        self.joint = joint
        self.prior_weight = prior_weight

    def _suggest(
        self,
        features: CubeFeatures,
        places: np.ndarray,
        values: np.ndarray,
        n: int,
        rng: np.random.Generator,
        memory: dict[str, Any],
    ) -> np.ndarray:
        good, bad = (
            ParzenDensity(
                places[part], features.ends, features.unordered, joint=self.joint, prior_weight=self.prior_weight
            )
            for part in split(values, self.gamma)
        )
        candidates = good.sample(n * self.n_candidates, rng)
        log_ratio = (good.log_density(candidates) - bad.log_density(candidates)).reshape(n, -1)
        best = log_ratio.argmax(axis=1)
        return features.snap(candidates.reshape(n, self.n_candidates, -1)[np.arange(n), best])
