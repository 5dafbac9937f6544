r"""Bayesian optimisation: each evaluation is placed where a model of the objective promises most (贝叶斯优化).

Shapes: N trials so far, M candidates, D dimensions of the space.

References
----------
Mockus, Tiesis and Zilinskas (1978), The application of Bayesian methods for seeking the extremum, in: Towards Global
Optimization 2.
Snoek, Larochelle and Adams (2012), Practical Bayesian optimization of machine learning algorithms,
https://arxiv.org/abs/1206.2944.
Ginsbourger, Le Riche and Carraro (2010), Kriging is well-suited to parallelize optimization,
https://doi.org/10.1007/978-3-642-10701-6_6 (constant liar, Kriging believer).
"""

from functools import partial
from numbers import Integral
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.stats import qmc

from nndl_support.optimization import acquisition as acquisition_functions
from nndl_support.optimization.acquisition_search import Score, climb, spread_out
from nndl_support.optimization.covariance_functions import NAMES as KERNELS
from nndl_support.optimization.cube_features import CubeFeatures
from nndl_support.optimization.cube_search import CubeSearch
from nndl_support.optimization.gaussian_process import GaussianProcessRegressor

__all__ = ["BayesianOptimization", "compress"]

_N_CANDIDATES = 512
_N_NEIGHBOURS = 32
_N_STARTS = 4
# Below this distance two places of the unit cube are one as far as an evaluation is concerned.
_SAME = 1e-9


def compress(values: npt.ArrayLike) -> tuple[np.ndarray, float]:
    r"""Values as the model sees them: those above the median on a logarithmic scale, then mean 0 and variance 1.

    .. math:: z = \frac{y - \operatorname{median}}{\operatorname{median} - \min}, \qquad
        z \mapsto \log(1 + z) \quad\text{where } z > 0

    Parameters
    ----------
    values : array (N,), finite

    Returns
    -------
    compressed : array (N,), in the order of the values
    unit : float > 0, so much of the objective is one unit of ``compressed`` below the median

    Notes
    -----
    A configuration that diverged tells how bad bad can be, which nobody needs to know: left alone, a few of them
    would be most of the variance, and the differences between good configurations would look like noise. Below the median
    nothing is bent.

    Examples
    --------
    >>> compress([0.0, 1.0, 2.0, 1e9])[0].round(2)
    array([-0.65, -0.57, -0.51,  1.73])
    """
    y = np.asarray(values, dtype=float)
    median = float(np.median(y))
    span = (median - float(y.min())) or float(y.std()) or 1.0
    z = (y - median) / span
    z = np.where(z > 0, np.log1p(np.maximum(z, 0.0)), z)
    deviation = float(z.std()) or 1.0
    return (z - z.mean()) / deviation, span * deviation


class BayesianOptimization(CubeSearch):
    r"""Sequential model-based optimisation with a Gaussian process (algorithm 7.1).

    .. math:: x_{t+1} = \arg\max_x a(x; \mathcal H_t), \qquad \mathcal H_{t+1} = \mathcal H_t \cup \{(x_{t+1}, f(x_{t+1}))\}

    Parameters
    ----------
    acquisition : "ei", "log_ei", "pi" or "lcb"
        The acquisition function a. "ei" is maximised through its logarithm, which has the same maxima and slopes
        wherever one stands.
    n_initial : int >= 1, optional
        How many configurations of a Sobol sequence come first; D + 4, but at least 8, unless given. A model of very few values
        may be sure of a wrong thing.
    kernel : "matern52" or "rbf"
    noise : float >= 0, optional
        Standard deviation of the objective's noise; estimated unless given. Zero means a hundred-thousandth of the
        spread of the values.
    beta : float >= 0
        Weight of the uncertainty in "lcb".
    margin : float >= 0
        By how much a value must undercut the best one to count for "ei" and "pi", in the units of the values as
        ``compress`` leaves them, which have variance 1.
    batch : "believer" or "liar"
        What stands for the values of configurations that are still being evaluated, when ``n_jobs`` > 1: the
        model's own prediction, or the best value so far.

    Raises
    ------
    ValueError
        When an option is unknown or out of its range.

    Notes
    -----
    The model sees every dimension as a quantile of its distribution, so a rate drawn from ``loguniform`` is seen as its
    logarithm; whole numbers stay on their levels and lists are one-hot coded. Values pass through ``compress``; a
    failed trial counts as the worst value so far. The best value in "ei" and "pi" is the smallest posterior mean at a trial:
    without noise this is the smallest value, with noise it is not deceived by a lucky one. Each proposal costs N³ operations
    for the model.

    References
    ----------
    Snoek, Larochelle and Adams (2012), https://arxiv.org/abs/1206.2944.

    Examples
    --------
    >>> def objective(config):
    ...     return (config["x"] - 0.3) ** 2 + (0.1 if config["kind"] == "bad" else 0.0)
    >>> space = {"x": (-2.0, 2.0), "kind": ["good", "bad"]}
    >>> result = BayesianOptimization().minimize(objective, space, budget=20, random_state=0)
    >>> result.best_config["kind"], round(result.best_config["x"], 2)
    ('good', 0.3)
    """

    def __init__(
        self,
        acquisition: str = "ei",
        *,
        n_initial: int | None = None,
        kernel: str = "matern52",
        noise: float | None = None,
        beta: float = 4.0,
        margin: float = 0.0,
        batch: str = "believer",
    ) -> None:
        acquisition_functions.get(acquisition)
        if n_initial is not None and (not isinstance(n_initial, Integral) or n_initial < 1):
            raise ValueError(f"n_initial is {n_initial!r}; expected a whole number of at least 1, or None")
        if kernel not in KERNELS:
            raise ValueError(f"there is no covariance function {kernel!r}; known are {', '.join(KERNELS)}")
        for name, value in (("noise", 0.0 if noise is None else noise), ("beta", beta), ("margin", margin)):
            if not 0 <= value < np.inf:
                raise ValueError(f"{name} is {value}; expected a finite number >= 0")
        if batch not in ("believer", "liar"):
            raise ValueError(f"batch is {batch!r}; expected 'believer' or 'liar'")
        self.acquisition = acquisition
        self.n_initial = n_initial
        self.kernel = kernel
        self.noise = noise
        self.beta = beta
        self.margin = margin
        self.batch = batch

    def _initial(self, n_dimensions: int, n: int, rng: np.random.Generator) -> np.ndarray:
        # The sequence is balanced for powers of two, and scipy warns of any other number: draw one and take a part.
        return qmc.Sobol(n_dimensions, rng=rng).random_base2(int(np.ceil(np.log2(max(n, 2)))))[:n]

    def _suggest(
        self,
        features: CubeFeatures,
        places: np.ndarray,
        values: np.ndarray,
        n: int,
        rng: np.random.Generator,
        memory: dict[str, Any],
    ) -> np.ndarray:
        if np.isfinite(values).sum() < 2:
            return features.snap(rng.random((n, places.shape[1])))
        process = self._model(features.encode(places), values, memory.get("theta"), rng)
        memory["theta"] = process.theta_
        return self._next(process, features, places, n, rng)

    def _model(
        self, X: np.ndarray, values: np.ndarray, theta: np.ndarray | None, rng: np.random.Generator
    ) -> GaussianProcessRegressor:
        """The process of all trials; the search for its hyper-parameters starts from the last ones."""
        success = np.isfinite(values)
        y = np.where(success, values, values[success].max())
        y, spread = compress(y)
        options: dict = {"n_restarts": 2}
        if theta is not None:
            *lengths, signal, noise = np.exp(theta)
            options = {"n_restarts": 0, "length_scale": lengths, "signal_variance": signal, "noise_variance": noise}
        if self.noise is not None:
            variance = max((self.noise / spread) ** 2, 1e-10)
            options |= {"noise_variance": variance, "noise_variance_bounds": (variance, variance)}
        return GaussianProcessRegressor(kernel=self.kernel, random_state=int(rng.integers(2**31)), **options).fit(X, y)

    def _next(
        self,
        process: GaussianProcessRegressor,
        features: CubeFeatures,
        places: np.ndarray,
        n: int,
        rng: np.random.Generator,
    ) -> np.ndarray:
        """The next n places, each chosen as if the values at those before it were known."""
        chosen: list[np.ndarray] = []
        while True:
            means = np.asarray(process.predict(process.X_train_))
            lowest = int(np.argmin(means))
            everywhere = np.vstack([places, *chosen])
            chosen.append(self._best_place(process, features, everywhere, lowest, float(means[lowest]), rng)[None])
            if len(chosen) == n:
                return np.vstack(chosen)
            x = features.encode(chosen[-1])
            stand_in = process.predict(x) if self.batch == "believer" else process.y_train_.min(keepdims=True)
            process = process.condition_on(x, stand_in)

    def _best_place(
        self,
        process: GaussianProcessRegressor,
        features: CubeFeatures,
        places: np.ndarray,
        lowest: int,
        best: float,
        rng: np.random.Generator,
    ) -> np.ndarray:
        """The place of the largest acquisition that was not yet tried."""
        score = self._score(best - self.margin)
        u = np.vstack(
            [
                features.snap(rng.random((_N_CANDIDATES, places.shape[1]))),
                features.neighbours(places[lowest], _N_NEIGHBOURS, 0.05, rng),
                features.neighbours(places[lowest], _N_NEIGHBOURS, 0.005, rng),
            ]
        )
        X = features.encode(u)
        mean, std = process.predict(X, return_std=True)
        promise = score(mean, np.maximum(std, 1e-12))[0]
        starts = spread_out(X, promise, _N_STARTS, distance=0.02)
        top, value = climb(process, score, X[starts], free=features.free)
        u = np.vstack([features.moved(u[starts], top), u])
        order = np.argsort(-np.append(value, promise), kind="stable")
        for i in order:
            if np.abs(places - u[i]).max(axis=1).min() > _SAME:
                return u[i]
        # Every candidate was tried before: the space is small and finite, and evaluating again tells at least the noise.
        return u[order[0]]

    def _score(self, best: float) -> Score:
        if self.acquisition == "lcb":
            return partial(acquisition_functions.lower_confidence_bound, beta=self.beta)
        function = acquisition_functions.get("log_ei" if self.acquisition == "ei" else self.acquisition)
        return partial(function, best=best)
