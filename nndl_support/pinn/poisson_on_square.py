r"""Poisson's equation on the unit square: points to collocate it at, and finite differences for it.

.. math:: -\nabla^2 u = 2\pi^2 \sin \pi x \sin \pi y, \qquad u = 0 \text{ on the boundary}, \qquad u = \sin \pi x \sin \pi y

The solution and its right-hand side are ``poisson`` and ``poisson_source`` of :mod:`nndl_support.pinn.exact_solutions`.

Shapes: n points along a side, N = n² in all, M places.

References
----------
LeVeque (2007), Finite Difference Methods for Ordinary and Partial Differential Equations, SIAM,
https://doi.org/10.1137/1.9780898717839, chapter 3 (the five-point Laplacian).
Trefethen (2000), Spectral Methods in MATLAB, SIAM, https://doi.org/10.1137/1.9780898719598, chapter 5 (Chebyshev points).
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import spsolve

from nndl_support.pinn.exact_solutions import poisson, poisson_source
from nndl_support.pinn.linear_operators import AdvectionDiffusion, Collocation, dirichlet


class SquareNodes(NamedTuple):
    """Points of a tensor grid on the closed unit square.

    Attributes
    ----------
    inside : array (N - 4n + 4, 2)
    boundary : array (4n - 4, 2), corners included
    ghosts : array (4n - 4, 2)
        The boundary points moved outwards by 1/(n - 1), diagonally at the corners.

    Examples
    --------
    >>> square_nodes(3).ghosts[0]
    array([-0.5, -0.5])
    """

    inside: np.ndarray
    boundary: np.ndarray
    ghosts: np.ndarray


def square_nodes(n: int, *, spacing: str = "uniform") -> SquareNodes:
    r"""Points of a grid with n lines in each direction.

    Parameters
    ----------
    n : int of at least 2
    spacing : str
        "uniform", or "chebyshev": :math:`\tfrac12(1 - \cos\tfrac{\pi k}{n - 1})`, denser towards the sides.

    Returns
    -------
    SquareNodes

    Raises
    ------
    ValueError
        For another spacing or fewer than two lines.

    Examples
    --------
    >>> nodes = square_nodes(3)
    >>> nodes.inside, len(nodes.boundary)
    (array([[0.5, 0.5]]), 8)
    """
    if n < 2 or spacing not in ("uniform", "chebyshev"):
        raise ValueError(f"n is {n} and spacing {spacing!r}; expected at least 2, and 'uniform' or 'chebyshev'")
    line = np.linspace(0, 1, n)
    if spacing == "chebyshev":
        line = (1 - np.cos(np.pi * line)) / 2
    points = np.stack(np.meshgrid(line, line, indexing="ij"), axis=-1).reshape(-1, 2)
    outwards = (points == 1).astype(float) - (points == 0)
    edge = outwards.any(axis=1)
    return SquareNodes(points[~edge], points[edge], points[edge] + outwards[edge] / (n - 1))


def equations(nodes: SquareNodes) -> list[Collocation]:
    """Poisson's equation at the points inside, and 0 at those on the boundary.

    Parameters
    ----------
    nodes : SquareNodes

    Returns
    -------
    list of two Collocation

    Examples
    --------
    >>> [len(equation.places()) for equation in equations(square_nodes(4))]
    [4, 12]
    """
    return [Collocation(AdvectionDiffusion(), nodes.inside, poisson_source), Collocation(dirichlet(), nodes.boundary)]


def finite_differences(n: int, right_hand_side: Callable[[np.ndarray], np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Solve minus Laplacian of u = f with u = 0 on the boundary by the five-point formula, whose error falls like 1/n².

    Parameters
    ----------
    n : int of at least 3, lines in each direction, the sides included
    right_hand_side : function of the points (M, 2), returning (M,)

    Returns
    -------
    points : array (M, 2), M = (n - 2)², those inside
    u : array (M,)

    Examples
    --------
    >>> points, u = finite_differences(3, poisson_source)
    >>> points, u.round(4)
    (array([[0.5, 0.5]]), array([1.2337]))
    """
    if n < 3:
        raise ValueError(f"n is {n}; expected at least 3 lines, one of them inside")
    h = 1 / (n - 1)
    points = square_nodes(n).inside
    f = np.asarray(right_hand_side(points), dtype=float)
    if f.shape != (len(points),):
        raise ValueError(
            f"right_hand_side returned shape {f.shape} for {len(points)} points; expected ({len(points)},)"
        )
    second = sparse.diags_array([-1.0, 2.0, -1.0], offsets=[-1, 0, 1], shape=(n - 2, n - 2)) / h**2
    one = sparse.eye_array(n - 2)
    laplacian = sparse.kron(second, one) + sparse.kron(one, second)
    return points, np.atleast_1d(spsolve(laplacian.tocsc(), f))


def largest_error(predict: Callable[[np.ndarray], np.ndarray], *, lines: int = 41) -> float:
    """Largest deviation from the exact solution, whose maximum is 1, on a uniform grid.

    Parameters
    ----------
    predict : function of places (M, 2), returning (M,)
    lines : int, lines of the grid in each direction

    Returns
    -------
    float

    Examples
    --------
    >>> largest_error(lambda x: np.zeros(len(x)))
    1.0
    """
    line = np.linspace(0, 1, lines)
    places = np.stack(np.meshgrid(line, line), axis=-1).reshape(-1, 2)
    return float(np.abs(predict(places) - poisson(places)).max())
