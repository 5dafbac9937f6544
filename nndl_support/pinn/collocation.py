r"""Where the residual is looked at: collocation points (配点), and new ones where the residual is large.

Shapes: n points wanted, M candidates, d coordinates.

References
----------
Wu, Zhu, Tan, Kartha and Lu (2023), A comprehensive study of non-adaptive and residual-based adaptive sampling for
physics-informed neural networks, Computer Methods in Applied Mechanics and Engineering 403,
https://doi.org/10.1016/j.cma.2022.115671 (the density of equation 2, called RAD).
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from nndl_support.pinn.domain import Domain

__all__ = ["boundary_part", "point_generator", "relative_l2", "residual_density", "residual_sample"]


def residual_density(residual: npt.ArrayLike, *, power: float = 1.0, floor: float = 1.0) -> np.ndarray:
    r"""Probability with which each candidate becomes a collocation point.

    .. math:: p_i \propto \frac{|r_i|^k}{\operatorname{mean}_j |r_j|^k} + c

    Parameters
    ----------
    residual : array (M,), of any sign
    power : float >= 0, k: 0 is uniform
    floor : float >= 0, c: how much of the sample is spread evenly, however small the residual

    Returns
    -------
    array (M,), summing to 1

    Raises
    ------
    ValueError
        When a residual is not finite, or an option is negative.

    Examples
    --------
    >>> residual_density([0.0, 3.0], power=1, floor=1)
    array([0.25, 0.75])
    """
    size = np.abs(np.asarray(residual, dtype=float))
    if size.ndim != 1 or not len(size) or not np.isfinite(size).all():
        raise ValueError(
            f"residual has shape {size.shape} and {np.sum(~np.isfinite(size))} entries that are not finite; "
            "expected (M,), all finite"
        )
    if not (power >= 0 and floor >= 0):
        raise ValueError(f"power is {power} and floor {floor}; expected at least 0")
    largest = size.max()
    raised = (size / largest) ** power if largest > 0 else np.ones_like(size)
    density = raised / raised.mean() + floor
    return density / density.sum()


def residual_sample(
    candidates: npt.ArrayLike,
    residual: npt.ArrayLike,
    n: int,
    *,
    power: float = 1.0,
    floor: float = 1.0,
    rng: np.random.Generator,
) -> np.ndarray:
    """Draw collocation points among candidates, without repetition, more of them where the residual is large.

    Parameters
    ----------
    candidates : array (M, d)
    residual : array (M,), at the candidates
    n : int, at most M
    power, floor : as in :func:`residual_density`
    rng : numpy.random.Generator

    Returns
    -------
    array (n, d)

    Examples
    --------
    >>> residual_sample([[0.0], [1.0], [2.0]], [0.0, 5.0, 0.0], 1, floor=0, rng=np.random.default_rng(0))
    array([[1.]])
    """
    places = np.asarray(candidates, dtype=float)
    if len(places) != np.size(residual) or not 1 <= n <= len(places):
        raise ValueError(
            f"cannot draw {n} of {len(places)} candidates with {np.size(residual)} residuals; expected as many residuals as "
            "candidates, and no more draws"
        )
    density = residual_density(residual, power=power, floor=floor)
    if (possible := np.count_nonzero(density)) < n:
        raise ValueError(
            f"cannot draw {n} candidates: only {possible} of {len(places)} have a residual, and the floor is {floor}; expected a "
            "floor > 0"
        )
    return places[rng.choice(len(places), size=n, replace=False, p=density)]


def boundary_part(
    geometry: Domain, chooses: Callable[[np.ndarray], Any], n: int, *, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Points on a part of the boundary, with the outward normals there.

    Parameters
    ----------
    geometry : a domain of :mod:`nndl_support.pinn.geometry`
    chooses : function of points (M, d), returning (M,) of bool
    n : int
    rng : numpy.random.Generator

    Returns
    -------
    points, normals : arrays (n, d)

    Raises
    ------
    ValueError
        When the function chooses none of 4096 n points, or returns the wrong shape.

    Examples
    --------
    >>> from nndl_support.pinn.geometry import Rectangle
    >>> points, normals = boundary_part(
    ...     Rectangle((0, 0), (1, 1)), lambda p: p[:, 0] == 0, 5, rng=np.random.default_rng(0)
    ... )
    >>> points.shape, normals[0]
    ((5, 2), array([-1.,  0.]))
    """
    tried = 4 * n
    while tried <= 4096 * n:
        points, normals = geometry.sample_boundary(tried, rng=rng)
        chosen = np.asarray(chooses(points))
        if chosen.shape != (tried,) or chosen.dtype != bool:
            raise ValueError(
                f"the function that chooses a part of the boundary returned shape {chosen.shape} of {chosen.dtype} for "
                f"{tried} points; expected ({tried},) of bool"
            )
        if chosen.sum() >= n:
            return points[chosen][:n], normals[chosen][:n]
        tried *= 4
    low, high = geometry.bounds
    raise ValueError(
        f"the function that chooses a part of the boundary picked {chosen.sum()} of {len(points)} boundary points, but {n} are "
        f"wanted; the geometry spans {low.tolist()} to {high.tolist()}"
    )


def point_generator(seed: int) -> np.random.Generator:
    """Return the generator that all points of a run are drawn with.

    Parameters
    ----------
    seed : int >= 0

    Raises
    ------
    ValueError
        For a negative seed.

    Examples
    --------
    >>> point_generator(3).integers(10) == point_generator(3).integers(10)
    np.True_
    """
    if seed < 0:
        raise ValueError(f"seed is {seed}; expected a whole number of at least 0")
    return np.random.default_rng(seed)


def relative_l2(found: npt.ArrayLike, wanted: npt.ArrayLike) -> float:
    r"""Relative L2 error (相对误差), :math:`\lVert u - u^*\rVert_2 / \lVert u^*\rVert_2` over all entries.

    Parameters
    ----------
    found, wanted : arrays of the same shape

    Raises
    ------
    ValueError
        When the shapes differ, or ``wanted`` is zero everywhere, so that nothing can be relative to it.

    Examples
    --------
    >>> relative_l2([3.0, 5.0], [3.0, 4.0])
    0.2
    """
    u, exact = np.asarray(found, dtype=float), np.asarray(wanted, dtype=float)
    if u.shape != exact.shape:
        raise ValueError(f"found has shape {u.shape}, but wanted has {exact.shape}")
    if not exact.any():
        raise ValueError(
            f"wanted has shape {exact.shape} and is zero everywhere; a relative error needs a value that is not"
        )
    return float(np.linalg.norm(u - exact) / np.linalg.norm(exact))
