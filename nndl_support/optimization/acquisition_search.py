r"""Where an acquisition function is largest: many candidates at once, then a climb from the best of them.

The function is cheap beside the objective but has as many peaks as the observations have gaps, and is flat between; so a search
looks at hundreds of candidates and climbs from a few. The few climb together: the sum of the acquisition over S
points is one function of all their coordinates, so that one call of the model serves them all.

Shapes: M candidates, S starts, D coordinates.

References
----------
Balandat et al. (2020), BoTorch: a framework for efficient Monte-Carlo Bayesian optimization, https://arxiv.org/abs/1910.06403
(joint optimisation of the starts).
"""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize

from nndl_support.optimization.gaussian_process import GaussianProcessRegressor

__all__ = ["Score", "climb", "spread_out"]

Score = Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray, np.ndarray]]


def spread_out(points: npt.ArrayLike, values: npt.ArrayLike, n: int, distance: float) -> np.ndarray:
    """Indices of points with large values that keep apart from each other.

    Parameters
    ----------
    points : array (M, D)
    values : array (M,)
    n : int >= 1, how many at most
    distance : float >= 0, the least Euclidean distance between any two

    Returns
    -------
    array (at most n,), the largest value first

    Raises
    ------
    ValueError
        When the shapes do not fit.

    Examples
    --------
    >>> spread_out([[0.0], [0.1], [0.9]], [3.0, 2.0, 1.0], n=2, distance=0.5)
    array([0, 2])
    """
    points, values = np.asarray(points, dtype=float), np.asarray(values, dtype=float)
    if points.ndim != 2 or values.shape != points.shape[:1]:
        raise ValueError(f"points has shape {points.shape} and values {values.shape}; expected (M, D) and (M,)")
    order = np.argsort(-values, kind="stable")
    chosen: list[int] = []
    while len(order) and len(chosen) < n:
        chosen.append(int(order[0]))
        gaps = np.sqrt(((points[order] - points[order[0]]) ** 2).sum(axis=1))
        order = order[1:][gaps[1:] >= distance]
    return np.array(chosen)


def climb(
    process: GaussianProcessRegressor,
    score: Score,
    starts: npt.ArrayLike,
    *,
    free: npt.ArrayLike | None = None,
    max_steps: int = 50,
) -> tuple[np.ndarray, np.ndarray]:
    """Climb from every start to a local maximum of the acquisition function within the unit cube.

    Parameters
    ----------
    process : fitted GaussianProcessRegressor
    score : function of (mean, std) that returns the values and the derivatives by mean and by std, three arrays (S,)
    starts : array (S, D), in the unit cube
    free : bool array (D,), the coordinates that may move; all of them unless given
    max_steps : int >= 1, at most so many steps of L-BFGS-B for all starts together

    Returns
    -------
    points : array (S, D)
    values : array (S,)

    Raises
    ------
    ValueError
        When the starts do not fit the process.

    Examples
    --------
    The lower confidence bound of a process that saw both ends of an interval is largest in the middle:

    >>> from nndl_support.optimization.acquisition import lower_confidence_bound
    >>> gp = GaussianProcessRegressor(length_scale=0.3, optimizer=None).fit([[0.0], [1.0]], [0.0, 0.0])
    >>> points, _ = climb(gp, lower_confidence_bound, [[0.3], [0.9]])
    >>> points.round(3).tolist()
    [[0.5], [0.5]]
    """
    starts = np.array(starts, dtype=float)
    if starts.ndim != 2 or starts.shape[1] != process.n_features_in_:
        raise ValueError(
            f"starts has shape {starts.shape}; expected (S, {process.n_features_in_}) for the process's coordinates"
        )
    moves = np.ones(starts.shape[1], dtype=bool) if free is None else np.asarray(free, dtype=bool)

    def values_and_gradients(points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        mean, std, mean_gradient, std_gradient = process.predict_gradient(points)
        # A logarithm needs a positive deviation also at the observations themselves.
        value, by_mean, by_std = score(mean, np.maximum(std, 1e-12))
        return value, by_mean[:, None] * mean_gradient + by_std[:, None] * std_gradient

    def cost(flat: np.ndarray) -> tuple[float, np.ndarray]:
        points = starts.copy()
        points[:, moves] = flat.reshape(len(starts), -1)
        value, gradient = values_and_gradients(points)
        return -float(value.sum()), -gradient[:, moves].ravel()

    points = starts.copy()
    if moves.any():
        found = minimize(
            cost,
            starts[:, moves].ravel(),
            jac=True,
            method="L-BFGS-B",
            bounds=[(0.0, 1.0)] * int(len(starts) * moves.sum()),
            options={"maxiter": max_steps, "ftol": 1e-9, "gtol": 1e-6},
        )
        points[:, moves] = found.x.reshape(len(starts), -1)
    return points, values_and_gradients(points)[0]
