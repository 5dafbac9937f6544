r"""Points at which Kansa's matrix is singular, found by continuity: between two sets with determinants of opposite signs.

Shapes: two points inside the unit square and one on each of its sides, six in all.

References
----------
Hon and Schaback (2001), On unsymmetric collocation by radial basis functions, Applied Mathematics and Computation 119(2-3),
https://doi.org/10.1016/S0096-3003(99)00255-6.
"""

from typing import NamedTuple

import numpy as np

from nndl_support.pinn.kansa import KansaSolver
from nndl_support.pinn.linear_operators import AdvectionDiffusion, Collocation, dirichlet


class SixPoints(NamedTuple):
    """Two points inside, array (2, 2), and one on each side, array (4, 2).

    Examples
    --------
    >>> SixPoints(np.full((2, 2), 0.5), np.zeros((4, 2))).inside.shape
    (2, 2)
    """

    inside: np.ndarray
    edge: np.ndarray


def draw(seed: int) -> SixPoints:
    """Draw six points at random.

    Parameters
    ----------
    seed : int

    Returns
    -------
    SixPoints

    Examples
    --------
    >>> draw(0).edge[:, 1].round(2).tolist()
    [0.0, 0.91, 1.0, 0.73]
    """
    rng = np.random.default_rng(seed)
    inside, t = rng.random((2, 2)), rng.random(4)
    return SixPoints(inside, np.array([[t[0], 0], [1, t[1]], [t[2], 1], [0, t[3]]]))


def on_the_way(s: float, before: SixPoints, after: SixPoints) -> SixPoints:
    """Points that have gone a share s of the straight way from one set to another; those on a side stay on it.

    Parameters
    ----------
    s : float, 0 at the first set and 1 at the second
    before, after : SixPoints

    Returns
    -------
    SixPoints

    Examples
    --------
    >>> bool((on_the_way(1.0, draw(0), draw(1)).inside == draw(1).inside).all())
    True
    """
    return SixPoints(*((1 - s) * first + s * last for first, last in zip(before, after)))


def equations(points: SixPoints) -> list[Collocation]:
    """Poisson's equation with right-hand side 1 at the points inside, and 0 at those on the sides.

    Examples
    --------
    >>> [len(equation.places()) for equation in equations(draw(0))]
    [2, 4]
    """
    return [Collocation(AdvectionDiffusion(), points.inside, 1.0), Collocation(dirichlet(), points.edge)]


def determinant(points: SixPoints, *, kernel: str = "multiquadric", epsilon: float = 1.0) -> float:
    """Determinant of Kansa's matrix on the points: where it vanishes, the system cannot be solved.

    Parameters
    ----------
    points : SixPoints
    kernel : str
    epsilon : float > 0

    Returns
    -------
    float

    Examples
    --------
    Most sets have one sign, a few the other:

    >>> [bool(determinant(draw(seed)) > 0) for seed in (2999, 2989)]
    [False, True]
    """
    return float(np.linalg.det(KansaSolver(kernel).assemble(equations(points)).system(epsilon)))
