r"""What a physics-informed network competes with: Kansa's collocation and finite differences, each on two linear problems.

Poisson's equation on the unit square and the heat equation in the unit square of space and time, both with a half wave. Kansa's
method takes time for one more coordinate: the heat equation is diffusion along x and wind along t.

Shapes: n points or lines along a side.

References
----------
Kansa (1990), Computers & Mathematics with Applications 19(8-9), https://doi.org/10.1016/0898-1221(90)90271-K.
"""

import time
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from nndl_support.pinn import exact_solutions, grid_solvers
from nndl_support.pinn.collocation import relative_l2
from nndl_support.pinn.kansa import KansaSolver
from nndl_support.pinn.linear_operators import AdvectionDiffusion, Collocation, dirichlet
from nndl_support.pinn.poisson_on_square import equations, square_nodes

__all__ = ["Row", "grid_heat", "grid_poisson", "kansa_heat", "kansa_poisson", "unit_grid"]


class Row(NamedTuple):
    """One method on one problem.

    Attributes
    ----------
    method : str
    unknowns : int
    seconds : float, of the processor, to find the solution
    error : float, relative L2 error on the points where the method is judged
    condition : float or None, condition number of the linear system

    Examples
    --------
    >>> Row("finite differences", 49, 0.001, 1e-2).condition is None
    True
    """

    method: str
    unknowns: int
    seconds: float
    error: float
    condition: float | None = None


def unit_grid(n: int) -> np.ndarray:
    """Points of a grid with n lines in each direction on the closed unit square, array (n², 2).

    Examples
    --------
    >>> unit_grid(2).tolist()
    [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]
    """
    line = np.linspace(0, 1, n)
    return np.stack(np.meshgrid(line, line, indexing="ij"), axis=-1).reshape(-1, 2)


def grid_poisson(n: int, *, order: int = 2) -> Row:
    """Finite differences on n by n lines, judged on their own grid.

    Parameters
    ----------
    n : int of at least 3
    order : 2 or 4, see :func:`nndl_support.pinn.grid_solvers.poisson_grid`

    Examples
    --------
    >>> bool(grid_poisson(17).error < 4e-3)
    True
    """
    line = np.linspace(0, 1, n)
    seconds, u = _timed(lambda: grid_solvers.poisson_grid(exact_solutions.poisson_source, 0.0, line, line, order=order))
    error = relative_l2(u.ravel(), exact_solutions.poisson(unit_grid(n)))
    return Row(f"finite differences, order {order}", (n - 2) ** 2, seconds, error)


def grid_heat(n: int) -> Row:
    """Crank and Nicolson's scheme with n lines in space and n in time, judged on its own grid.

    Examples
    --------
    >>> bool(grid_heat(17).error < 0.02)
    True
    """
    line = np.linspace(0, 1, n)
    seconds, u = _timed(lambda: grid_solvers.heat_crank_nicolson(line, line, np.sin(np.pi * line)))
    return Row(
        "finite differences, order 2", (n - 2) * (n - 1), seconds, relative_l2(u, exact_solutions.heat(line, line))
    )


def kansa_poisson(n: int, *, epsilon: float | str = 2.0, lines: int = 65) -> Row:
    """Gaussians on n by n Chebyshev points, judged on a grid.

    Parameters
    ----------
    n : int
    epsilon : as in :class:`nndl_support.pinn.kansa.KansaSolver`
    lines : int, of the grid

    Examples
    --------
    >>> bool(kansa_poisson(8).error < 1e-2)
    True
    """
    points = unit_grid(lines)
    solver = KansaSolver("gaussian", epsilon=epsilon)
    seconds, _ = _timed(lambda: solver.fit(equations(square_nodes(n, spacing="chebyshev"))))
    error = relative_l2(solver.predict(points), exact_solutions.poisson(points))
    return Row("Kansa, Gaussians", n * n, seconds, error, solver.condition_number_)


def kansa_heat(n: int, *, diffusivity: float = 0.4, epsilon: float | str = 2.0, lines: int = 65) -> Row:
    r"""Gaussians in space and time: :math:`u_t - \alpha u_{xx} = 0` is diffusion along x and wind along t.

    Parameters
    ----------
    n : int, Chebyshev points along x and along t
    diffusivity : float > 0
    epsilon, lines : as in :func:`kansa_poisson`

    Notes
    -----
    The start and both ends carry conditions. At the end of time nothing is prescribed, so that the equation stands there too.

    Examples
    --------
    >>> bool(kansa_heat(8).error < 1e-2)
    True
    """
    points = unit_grid(lines)
    nodes = square_nodes(n, spacing="chebyshev")
    places = np.vstack([nodes.inside, nodes.boundary])
    given = (places[:, 1] == 0) | (places[:, 0] == 0) | (places[:, 0] == 1)
    operator = AdvectionDiffusion(diffusion=np.diag([diffusivity, 0.0]), velocity=[0.0, 1.0])
    start = places[given]
    values = np.where(start[:, 1] == 0, np.sin(np.pi * start[:, 0]), 0.0)
    solver = KansaSolver("gaussian", epsilon=epsilon)
    seconds, _ = _timed(
        lambda: solver.fit([Collocation(operator, places[~given], 0.0), Collocation(dirichlet(), start, values)])
    )
    exact = exact_solutions.heat(np.linspace(0, 1, lines), np.linspace(0, 1, lines), diffusivity=diffusivity).ravel()
    return Row("Kansa, Gaussians", n * n, seconds, relative_l2(solver.predict(points), exact), solver.condition_number_)


def _timed(function: Callable[[], Any]) -> tuple[float, Any]:
    start = time.process_time()
    result = function()
    return time.process_time() - start, result
