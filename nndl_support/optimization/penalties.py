r"""Penalties on weights and the balls that go with them: ℓ1, ℓ2, ℓp, ℓ∞, smoothed ℓ1 (ℓ1 和 ℓ2 正则化).

Shapes: n weights; leading axes, where functions take them, are problems solved side by side.

References
----------
Qiu (2019), Neural Networks and Deep Learning, equations 7.59-7.62 and figure 7.9.
Duchi, Shalev-Shwartz, Singer and Chandra (2008), Efficient projections onto the ℓ1-ball for learning in high
dimensions, ICML, https://doi.org/10.1145/1390156.1390191.
"""

import math

import numpy as np
import numpy.typing as npt

__all__ = [
    "lp_norm",
    "minimum_in_ball",
    "multiplier",
    "project",
    "smoothed_l1",
    "smoothed_l1_gradient",
    "soft_threshold",
]

BALLS = (1, 2, math.inf)


def lp_norm(w: npt.ArrayLike, p: float) -> np.ndarray:
    r"""Return :math:`\lVert w \rVert_p = (\sum_i |w_i|^p)^{1/p}` over the last axis; the largest size for p = inf.

    For p < 1 it is no norm: its balls are not convex.

    Examples
    --------
    >>> [float(lp_norm([3.0, -4.0], p)) for p in (1, 2, math.inf)]
    [7.0, 5.0, 4.0]
    """
    if not p > 0:
        raise ValueError(f"p is {p}; expected a positive number or inf")
    size = np.abs(np.asarray(w, dtype=float))
    largest = size.max(axis=-1)
    if math.isinf(p):
        return largest
    scale = np.where(largest > 0, largest, 1.0)  # so that no power overflows
    return scale * np.sum((size / scale[..., None]) ** p, axis=-1) ** (1 / p)


def smoothed_l1(w: npt.ArrayLike, epsilon: float) -> np.ndarray:
    r"""Return :math:`\sum_i \sqrt{w_i^2 + \varepsilon}`, which has a derivative at 0 and exceeds the ℓ1 norm by at
    most :math:`n\sqrt\varepsilon`.

    Parameters
    ----------
    w : array (..., n)
    epsilon : float > 0, in squared units of w

    Examples
    --------
    >>> smoothed_l1([0.0, 3.0], 16.0)
    np.float64(9.0)
    """
    return np.sqrt(np.asarray(w, dtype=float) ** 2 + _positive(epsilon)).sum(axis=-1)


def smoothed_l1_gradient(w: npt.ArrayLike, epsilon: float) -> np.ndarray:
    r"""Return :math:`w_i / \sqrt{w_i^2 + \varepsilon}`, the derivative of :func:`smoothed_l1`: it vanishes at 0, and
    so pushes nothing onto 0.

    Examples
    --------
    >>> smoothed_l1_gradient([0.0, 3.0], 16.0)
    array([0. , 0.6])
    """
    w = np.asarray(w, dtype=float)
    return w / np.sqrt(w**2 + _positive(epsilon))


def soft_threshold(x: npt.ArrayLike, threshold: npt.ArrayLike) -> np.ndarray:
    r"""Return :math:`\operatorname{sign}(x) \max(|x| - t, 0)`;
    :func:`nndl_support.optimization.regularization.soft_threshold` for tensors.

    Examples
    --------
    >>> soft_threshold([-3.0, 0.2, 2.0], 1.0)
    array([-2.,  0.,  1.])
    """
    x = np.asarray(x, dtype=float)
    return np.sign(x) * np.maximum(np.abs(x) - threshold, 0.0)


def project(w: npt.ArrayLike, radius: float, p: float) -> np.ndarray:
    r"""Nearest point of the ball :math:`\lVert w \rVert_p \le r`.

    Parameters
    ----------
    w : array (..., n)
    radius : float > 0, r
    p : 1, 2 or inf

    Returns
    -------
    array (..., n)

    Notes
    -----
    For p = 1 it is a soft threshold, at the one t that makes the norm r; sorting finds it.

    Examples
    --------
    >>> [project([2.0, 0.5], 1.0, p).round(3).tolist() for p in (1, 2, math.inf)]
    [[1.0, 0.0], [0.97, 0.243], [1.0, 0.5]]
    """
    w = np.asarray(w, dtype=float)
    if not radius > 0:
        raise ValueError(f"radius is {radius}; expected a positive number")
    if p == 2:
        norm = np.linalg.norm(w, axis=-1, keepdims=True)
        return w * np.minimum(1.0, radius / np.where(norm > 0, norm, 1.0))
    if p == math.inf:
        return np.clip(w, -radius, radius)
    if p != 1:
        raise ValueError(f"p is {p}; expected 1, 2 or inf")
    size = -np.sort(-np.abs(w), axis=-1)
    count = np.arange(1, w.shape[-1] + 1)
    t = (np.cumsum(size, axis=-1) - radius) / count
    n_kept = np.sum(size > t, axis=-1, keepdims=True)
    threshold = np.take_along_axis(t, n_kept - 1, axis=-1)
    return soft_threshold(w, np.maximum(threshold, 0.0))


def minimum_in_ball(
    A: npt.ArrayLike, b: npt.ArrayLike, radius: float, p: float, *, max_iter: int = 20_000, tol: float = 1e-13
) -> np.ndarray:
    r"""Minimum of :math:`\tfrac12 w^\top A w - b^\top w` in a ball, by projected gradient descent with momentum:
    (7.60) for a quadratic.

    Parameters
    ----------
    A : array (..., n, n), symmetric and positive definite
    b : array (..., n)
    radius, p : the ball, as for :func:`project`
    max_iter : int
    tol : float > 0; stops when no weight moves by more, relative to the radius

    Returns
    -------
    array (..., n)

    Raises
    ------
    RuntimeError
        When ``max_iter`` steps do not suffice.

    Examples
    --------
    >>> minimum_in_ball([[1.0, 0.0], [0.0, 1.0]], [2.0, 0.5], 1.0, 1)
    array([1., 0.])
    """
    A, b = np.asarray(A, dtype=float), np.asarray(b, dtype=float)
    if A.shape[-2:] != (b.shape[-1],) * 2:
        raise ValueError(f"A has shape {A.shape} and b {b.shape}; expected (..., n, n) and (..., n)")
    curvature = np.linalg.eigvalsh(A)
    if curvature.min() <= 0:
        raise ValueError(f"A has the eigenvalue {curvature.min():g}; expected positive ones only")
    step = 1 / curvature[..., -1:]
    root = np.sqrt(curvature[..., :1] * step)
    momentum = (1 - root) / (1 + root)
    w = ahead = np.zeros(b.shape)
    for _ in range(max_iter):
        slope = np.einsum("...ij,...j->...i", A, ahead) - b
        new = project(ahead - step * slope, radius, p)
        ahead = new + momentum * (new - w)
        moved = np.abs(new - w).max()
        w = new
        if moved <= tol * radius:
            return w
    raise RuntimeError(f"still moving by {moved:.1e} after {max_iter} steps; A is badly conditioned")


def multiplier(A: npt.ArrayLike, b: npt.ArrayLike, w: npt.ArrayLike, p: float) -> np.ndarray:
    r"""The :math:`\lambda` for which the minimum w in a ball also minimises
    :math:`\tfrac12 w^\top A w - b^\top w + \lambda \lVert w \rVert_p`.

    At the rim the slope points straight into the ball, and its size in the dual norm, 1/p + 1/q = 1, is that multiplier:
    (7.60) and (7.59) are one problem written in two ways.

    Parameters
    ----------
    A : array (..., n, n)
    b, w : arrays (..., n)
    p : float >= 1 or inf

    Returns
    -------
    array (...)

    Examples
    --------
    >>> float(multiplier([[1.0, 0.0], [0.0, 1.0]], [2.0, 0.5], [1.0, 0.0], 1))
    1.0
    """
    slope = np.einsum("...ij,...j->...i", np.asarray(A, dtype=float), np.asarray(w, dtype=float)) - b
    return lp_norm(slope, math.inf if p == 1 else 1 if math.isinf(p) else p / (p - 1))


def _positive(epsilon: float) -> float:
    if not epsilon > 0:
        raise ValueError(f"epsilon is {epsilon}; expected a positive number")
    return epsilon
