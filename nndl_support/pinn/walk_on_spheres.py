r"""Walk on spheres (球面随机游走): one value of the solution of Poisson's equation in any number of dimensions, by chance.

For :math:`-\nabla^2 u = f` in a cube and u = 0 on its faces,

.. math:: u(x) = \mathbb{E} \sum_k \frac{R_k^2}{2d}\, f(Y_k), \qquad
    X_0 = x, \quad X_{k+1} \text{ even on the sphere around } X_k \text{ with radius } R_k,

where :math:`R_k` is the distance to the nearest face and :math:`Y_k` has the density of Green's function of that ball.

Shapes: W walks, N points, d coordinates.

References
----------
Muller (1956), Some continuous Monte Carlo methods for the Dirichlet problem, Annals of Mathematical Statistics 27(3),
https://doi.org/10.1214/aoms/1177728169. Sawhney and Crane (2020), Monte Carlo geometry processing, ACM Transactions on Graphics
39(4), https://doi.org/10.1145/3386569.3392374, for the source term.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

__all__ = ["Walks", "green_radii", "poisson_by_walks"]


class Walks(NamedTuple):
    """A value with its uncertainty.

    Attributes
    ----------
    value : float
    standard_error : float
    steps : float, mean number of spheres in a walk

    Examples
    --------
    >>> Walks(0.5, 0.01, 12.0).standard_error
    0.01
    """

    value: float
    standard_error: float
    steps: float


def green_radii(n: int, dimension: int, rng: np.random.Generator) -> np.ndarray:
    r"""Radii with the density of Green's function of the unit ball, seen from its centre.

    .. math:: p(r) \propto r - r^{d-1} \quad (d \ne 2), \qquad p(r) \propto -r \ln r \quad (d = 2)

    Parameters
    ----------
    n : int
    dimension : int of at least 1
    rng : numpy.random.Generator

    Returns
    -------
    array (n,)

    Notes
    -----
    For d >= 3 the power :math:`r^{d-2}` has a beta distribution; in the plane the square is a product of two even numbers.

    Examples
    --------
    By the density the mean of r is 1/3 on a line and 5/9 for d = 5:

    >>> rng = np.random.default_rng(0)
    >>> [round(float(green_radii(200_000, d, rng).mean()), 2) for d in (1, 5)]
    [0.33, 0.56]
    """
    if dimension < 1:
        raise ValueError(f"dimension is {dimension}; expected at least 1")
    if dimension == 1:
        return rng.beta(1.0, 2.0, n)
    if dimension == 2:
        return np.sqrt(rng.random(n) * rng.random(n))
    return rng.beta(2 / (dimension - 2), 2.0, n) ** (1 / (dimension - 2))


def poisson_by_walks(
    source: Callable[[np.ndarray], np.ndarray],
    start: npt.ArrayLike,
    *,
    walks: int,
    rng: np.random.Generator,
    shell: float = 1e-4,
    max_steps: int = 10_000,
) -> Walks:
    r"""Value at one point of the solution of :math:`-\nabla^2 u = f` in the cube [-1, 1]^d, zero on its faces.

    Parameters
    ----------
    source : function f of points (N, d), returning an array (N,)
    start : array (d,), inside the cube
    walks : int of at least 2, W
    rng : numpy.random.Generator
    shell : float > 0, the distance to a face at which a walk has arrived; what it leaves out is of the order shell
    max_steps : int

    Returns
    -------
    Walks

    Raises
    ------
    ValueError
        When the start is not inside, there are fewer than two walks, the shell is not positive, or the source has another shape.
    RuntimeError
        When a walk has not arrived.

    Examples
    --------
    On a line, u = (1 - x²) / 2 for f = 1:

    >>> found = poisson_by_walks(lambda x: np.ones(len(x)), [0.5], walks=2000, rng=np.random.default_rng(0))
    >>> abs(found.value - 0.375) < 4 * found.standard_error
    True
    """
    centre = np.asarray(start, dtype=float)
    d = centre.size
    if centre.ndim != 1 or not (np.abs(centre) < 1).all() or walks < 2 or not shell > 0:
        raise ValueError(
            f"start is {centre} with {walks} walks and shell {shell}; expected a point (d,) inside (-1, 1)^{d}, at least 2 and a "
            "positive shell"
        )
    if np.shape(source(centre[None])) != (1,):
        raise ValueError(f"source has the shape {np.shape(source(centre[None]))} for one point; expected (1,)")
    x, total, alive, steps = np.tile(centre, (walks, 1)), np.zeros(walks), np.arange(walks), 0
    for _ in range(max_steps):
        radius = 1 - np.abs(x).max(axis=1)
        going = radius > shell
        x, radius, alive = x[going], radius[going], alive[going]
        if not len(alive):
            return Walks(float(total.mean()), float(total.std(ddof=1) / np.sqrt(walks)), steps / walks)
        steps += len(alive)
        seen = green_radii(len(alive), d, rng) * radius
        total[alive] += radius**2 / (2 * d) * source(x + seen[:, None] * _directions(len(alive), d, rng))
        x = x + radius[:, None] * _directions(len(alive), d, rng)
    raise RuntimeError(f"{len(alive)} of {walks} walks have not arrived after {max_steps} steps")


def _directions(n: int, d: int, rng: np.random.Generator) -> np.ndarray:
    """Even on the unit sphere, array (n, d)."""
    z = rng.standard_normal((n, d))
    return z / np.linalg.norm(z, axis=1, keepdims=True)
