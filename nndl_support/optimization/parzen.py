r"""Parzen estimators on the unit cube: a density drawn through a few points (Parzen 窗估计).

A density is a mixture with one component for each point and one, wide, for what was known before. Each component is a product of
kernels, one for each dimension: a Gaussian cut off at 0 and 1, the same on levels, or a table of categories.

Shapes: N points, K components, M places, D dimensions, C categories or levels.

References
----------
Bergstra, Bardenet, Bengio and Kegl (2011), Algorithms for hyper-parameter optimization, NeurIPS, section 4.2 (widths, cut,
prior). Falkner, Klein and Hutter (2018), BOHB, https://arxiv.org/abs/1807.01774 (products of kernels).
Parzen (1962), On estimation of a probability density function and mode, https://doi.org/10.1214/aoms/1177704472.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy.special import logsumexp, ndtr, ndtri

__all__ = ["CategoryKernels", "GaussianKernels", "LevelKernels", "ParzenDensity", "bandwidths"]

_LOG_SQRT_TWO_PI = 0.5 * np.log(2 * np.pi)
_PRIOR_MEAN, _PRIOR_WIDTH = 0.5, 1.0


def bandwidths(points: npt.ArrayLike, *, smallest: float = 0.0) -> np.ndarray:
    """Width of the Gaussian at each point: the larger one of the distances to its neighbours on the left and the right.

    Parameters
    ----------
    points : array (N,), in [0, 1]
    smallest : float >= 0, what no width falls below

    Returns
    -------
    array (N,), at most 1

    Notes
    -----
    The outermost points have one neighbour each; the ends of the interval do not count, unless there is one point only.

    Examples
    --------
    >>> bandwidths([0.5, 0.1, 0.6]).round(2), bandwidths([0.3]), bandwidths([0.2, 0.2], smallest=0.05)
    (array([0.4, 0.4, 0.1]), array([0.7]), array([0.05, 0.05]))
    """
    points = np.asarray(points, dtype=float)
    order = np.argsort(points, kind="stable")
    gaps = np.diff(np.concatenate([[0.0], points[order], [1.0]]))
    if len(points) > 1:
        gaps[0] = gaps[-1] = 0.0
    widths = np.empty(len(points))
    widths[order] = np.maximum(gaps[:-1], gaps[1:])
    return np.clip(widths, smallest, 1.0)


class GaussianKernels:
    r"""Gaussians cut off at 0 and 1, each scaled up to integrate to one.

    .. math:: p_k(u) = \frac{\varphi\bigl((u - \mu_k) / \sigma_k\bigr)}{\sigma_k\, Z_k}, \qquad
        Z_k = \Phi\Bigl(\frac{1 - \mu_k}{\sigma_k}\Bigr) - \Phi\Bigl(\frac{-\mu_k}{\sigma_k}\Bigr)

    Parameters
    ----------
    means : array (K,), in [0, 1]
    widths : array (K,), > 0, the standard deviations before the cut

    Raises
    ------
    ValueError
        When the shapes differ or a number is out of its range.

    Examples
    --------
    >>> beside_zero_and_everywhere = GaussianKernels([0.0, 0.5], [0.1, 1e9])
    >>> np.exp(beside_zero_and_everywhere.log_density([0.0, 0.9])).round(2)
    array([[7.98, 1.  ],
           [0.  , 1.  ]])
    """

    def __init__(self, means: npt.ArrayLike, widths: npt.ArrayLike) -> None:
        self.means, self.widths = np.asarray(means, dtype=float), np.asarray(widths, dtype=float)
        if self.means.ndim != 1 or self.means.shape != self.widths.shape:
            raise ValueError(
                f"means and widths have shapes {self.means.shape} and {self.widths.shape}; expected (K,) for both"
            )
        if not ((self.means >= 0) & (self.means <= 1)).all():
            raise ValueError(f"means must lie between 0 and 1, but are {self.means.tolist()}")
        if not (self.widths > 0).all():
            raise ValueError(f"widths must be positive, but are {self.widths.tolist()}")
        self._below = ndtr(-self.means / self.widths)
        self._inside = ndtr((1.0 - self.means) / self.widths) - self._below

    def log_density(self, u: npt.ArrayLike) -> np.ndarray:
        """Logarithm of every kernel's density at places (M,) of the unit interval: array (M, K)."""
        z = (np.asarray(u, dtype=float)[:, None] - self.means) / self.widths
        return -0.5 * z * z - np.log(self.widths * self._inside) - _LOG_SQRT_TWO_PI

    def sample(self, k: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Draw one place from each of the kernels ``k``: array of the same shape."""
        # The inverse of the distribution function, between its values at 0 and 1.
        u = self.means[k] + self.widths[k] * ndtri(self._below[k] + rng.random(k.shape) * self._inside[k])
        return np.clip(u, 0.0, 1.0)


class _Tables:
    """Kernels that are tables of probabilities (K, C) of intervals of the unit interval."""

    def __init__(self, probabilities: np.ndarray, ends: np.ndarray) -> None:
        self.probabilities, self.ends = probabilities, ends
        self._middles = (ends + np.append(0.0, ends[:-1])) / 2
        self._cumulative = np.cumsum(probabilities, axis=1)

    def log_density(self, u: npt.ArrayLike) -> np.ndarray:
        """Logarithm of every kernel's probability of the values at places (M,): array (M, K)."""
        return np.log(self.probabilities[:, _index(u, self.ends)].T)

    def sample(self, k: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Draw one place, the middle of an interval, from each of the kernels ``k``: array of the same shape."""
        beyond = rng.random(k.shape)[..., None] > self._cumulative[k][..., :-1]
        return self._middles[beyond.sum(axis=-1)]


class LevelKernels(_Tables):
    """Gaussians on ordered values: each value has the probability of its interval under the Gaussian that is cut off.

    Parameters
    ----------
    means : array (K,), in [0, 1]
    widths : array (K,), > 0
    ends : array (C,), increasing, the last one is 1: the upper ends of the intervals

    Examples
    --------
    >>> LevelKernels([0.25], [0.3], [0.5, 1.0]).probabilities.round(2)
    array([[0.75, 0.25]])
    """

    def __init__(self, means: npt.ArrayLike, widths: npt.ArrayLike, ends: npt.ArrayLike) -> None:
        gaussians, ends = GaussianKernels(means, widths), np.asarray(ends, dtype=float)
        borders = (np.append(0.0, ends) - gaussians.means[:, None]) / gaussians.widths[:, None]
        mass = np.diff(ndtr(borders), axis=1)
        # Far from the mean a probability underflows; its logarithm is taken.
        mass = np.maximum(mass, 1e-300)
        super().__init__(mass / mass.sum(axis=1, keepdims=True), ends)


class CategoryKernels(_Tables):
    r"""Tables for values without an order: most of the probability on one value, the rest of it spread evenly.

    .. math:: p_k(c) = (1 - \epsilon)\, [c = c_k] + \frac{\epsilon}{C}

    Parameters
    ----------
    points : array (N,), places of the unit interval that belong to the values :math:`c_k`
    ends : array (C,), increasing, the last one is 1: the upper ends of the intervals
    spread : float in (0, 1], :math:`\epsilon`

    Notes
    -----
    An even table is added as the last kernel: the prior.

    Examples
    --------
    >>> CategoryKernels([0.1], [0.5, 1.0], spread=0.2).probabilities
    array([[0.9, 0.1],
           [0.5, 0.5]])
    """

    def __init__(self, points: npt.ArrayLike, ends: npt.ArrayLike, *, spread: float) -> None:
        if not 0 < spread <= 1:
            raise ValueError(f"spread must be positive and at most 1, not {spread}")
        ends = np.asarray(ends, dtype=float)
        one_hot = np.eye(len(ends))[_index(points, ends)]
        table = (1.0 - spread) * one_hot + spread / len(ends)
        super().__init__(np.vstack([table, np.full((1, len(ends)), 1.0 / len(ends))]), ends)


class ParzenDensity:
    r"""Density through points of the unit cube.

    .. math:: p(u) = \sum_{k=1}^{N+1} w_k \prod_{d=1}^{D} p_{kd}(u_d) \quad\text{(joint)}, \qquad
        p(u) = \prod_{d=1}^{D} \sum_{k=1}^{N+1} w_k\, p_{kd}(u_d) \quad\text{(independent)}

    Parameters
    ----------
    points : array (N, D), in the unit cube; N may be 0
    ends : sequence of D arrays or None
        For a dimension of discrete values the upper ends of their intervals, None for a continuous one.
    unordered : sequence of D bool, whether the values of a dimension have no order
    joint : bool, which of the two forms
    prior_weight : float > 0, weight of the prior, where each point has weight 1

    Raises
    ------
    ValueError
        When the shapes do not fit or the weight is not positive.

    Notes
    -----
    No Gaussian is narrower than 1 / (N + 2) or 1 / 100, whichever is larger, so that points which nearly coincide make no
    spikes. Of discrete dimensions the density is the probability of the value.

    Examples
    --------
    >>> density = ParzenDensity([[0.2], [0.3]], [None], [False])
    >>> np.exp(density.log_density([[0.25], [0.9]])).round(2)
    array([1.59, 0.37])
    """

    def __init__(
        self,
        points: npt.ArrayLike,
        ends: Sequence[np.ndarray | None],
        unordered: Sequence[bool],
        *,
        joint: bool = True,
        prior_weight: float = 1.0,
    ) -> None:
        points = np.asarray(points, dtype=float)
        if points.ndim != 2 or not points.shape[1] == len(ends) == len(unordered):
            raise ValueError(
                f"points has shape {points.shape}, but ends and unordered describe {len(ends)} and {len(unordered)} "
                "dimensions; expected (N, D)"
            )
        if not 0 < prior_weight < np.inf:
            raise ValueError(f"prior_weight must be positive and finite, not {prior_weight}")
        self.joint = joint
        weights = np.append(np.ones(len(points)), prior_weight)
        self.weights = weights / weights.sum()
        self.kernels = [
            _kernels(column, end, without_order, prior_weight)
            for column, end, without_order in zip(points.T, ends, unordered, strict=True)
        ]

    def log_density(self, u: npt.ArrayLike) -> np.ndarray:
        """Logarithm of the density at places (M, D): array (M,)."""
        u = np.asarray(u, dtype=float)
        log_weights = np.log(self.weights)
        each = [kernels.log_density(column) for kernels, column in zip(self.kernels, u.T, strict=True)]
        if self.joint:
            return np.asarray(logsumexp(np.sum(each, axis=0) + log_weights, axis=1))
        return np.sum([logsumexp(one + log_weights, axis=1) for one in each], axis=0)

    def sample(self, n: int, rng: np.random.Generator) -> np.ndarray:
        """Draw n places: array (n, D)."""
        size = (n, 1 if self.joint else len(self.kernels))
        k = np.broadcast_to(rng.choice(len(self.weights), size=size, p=self.weights), (n, len(self.kernels)))
        return np.column_stack([kernels.sample(k[:, d], rng) for d, kernels in enumerate(self.kernels)])


def _kernels(
    points: np.ndarray, ends: np.ndarray | None, unordered: bool, prior_weight: float
) -> GaussianKernels | LevelKernels | CategoryKernels:
    """The kernels of one dimension, one for each point and the prior's."""
    if ends is not None and unordered:
        return CategoryKernels(points, ends, spread=prior_weight / (len(points) + prior_weight))
    means = np.append(points, _PRIOR_MEAN)
    widths = np.append(bandwidths(points, smallest=1.0 / min(100, len(points) + 2)), _PRIOR_WIDTH)
    return GaussianKernels(means, widths) if ends is None else LevelKernels(means, widths, ends)


def _index(u: npt.ArrayLike, ends: np.ndarray) -> np.ndarray:
    return np.minimum(np.searchsorted(ends, np.asarray(u, dtype=float), side="right"), len(ends) - 1)
