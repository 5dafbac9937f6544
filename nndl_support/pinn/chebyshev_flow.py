r"""Steady plane flow in a rectangle by Chebyshev polynomials (切比雪夫配点) and Newton's method: the mesh solver's best day.

Velocity has degree n + 1 along each axis, pressure degree n - 1, both given by their values on Chebyshev points; the pressure
lives on the n inner ones alone, and so the momentum equations and :math:`u_x + v_y = 0` there leave no spurious modes.

Shapes: n inner lines along each axis, n + 2 with the edges, N points.

References
----------
Trefethen (2000), Spectral Methods in MATLAB, SIAM, https://doi.org/10.1137/1.9780898719598, chapter 6: derivatives as a matrix.
Canuto, Hussaini, Quarteroni and Zang (2007), Spectral Methods: Evolution to Complex Geometries and Applications to Fluid
Dynamics, Springer, https://doi.org/10.1007/978-3-540-30728-0: pressure two degrees below the velocity.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

__all__ = ["SteadyFlow", "derivative_matrix", "steady_flow"]


class SteadyFlow(NamedTuple):
    """Velocity and pressure on the inner points.

    Attributes
    ----------
    points : array (n², 2), x changes slowest
    values : array (n², 3), u, v and p
    residual : float, largest violation of an equation before the last step

    Examples
    --------
    >>> SteadyFlow(np.zeros((9, 2)), np.ones((9, 3)), 1e-12).values.shape
    (9, 3)
    """

    points: np.ndarray
    values: np.ndarray
    residual: float


def derivative_matrix(nodes: npt.ArrayLike) -> np.ndarray:
    r"""Derivative, at the nodes, of the polynomial through values at the nodes.

    .. math:: D_{ij} = \frac{w_j / w_i}{x_i - x_j}, \qquad D_{ii} = -\sum_{j \ne i} D_{ij}, \qquad
        w_i^{-1} = \prod_{j \ne i} (x_i - x_j)

    Parameters
    ----------
    nodes : array (n,), all different

    Returns
    -------
    array (n, n)

    Examples
    --------
    >>> x = np.array([0.0, 1.0, 3.0])
    >>> (derivative_matrix(x) @ x**2).round(12)
    array([0., 2., 6.])
    """
    x = np.asarray(nodes, dtype=float)
    gaps = x[:, None] - x + np.eye(len(x))
    if (gaps == 0).any():
        raise ValueError(f"two of the {len(x)} nodes are equal; a polynomial needs different ones")
    w = 1 / gaps.prod(axis=1)
    D = w / w[:, None] / gaps
    np.fill_diagonal(D, 0)
    np.fill_diagonal(D, -D.sum(axis=1))
    return D


def steady_flow(
    n: int,
    velocity: Callable[[np.ndarray], np.ndarray],
    *,
    viscosity: float,
    low: tuple[float, float],
    high: tuple[float, float],
    tolerance: float = 1e-11,
    max_steps: int = 20,
) -> SteadyFlow:
    r"""Solution of :math:`(u\cdot\nabla)u = -\nabla p + \nu\nabla^2 u,\ \nabla\cdot u = 0` with given velocity on the edge.

    Parameters
    ----------
    n : int of at least 3
    velocity : function of points (N, 2), returning u and v (N, 2); asked on the edge only
    viscosity : float > 0
    low, high : pairs of floats, corners of the rectangle
    tolerance : float > 0, largest violation of an equation at which Newton's method stops
    max_steps : int

    Returns
    -------
    SteadyFlow; the pressure has the mean zero over the points

    Raises
    ------
    ValueError
        When n or the viscosity is too small, or the rectangle is empty.
    RuntimeError
        When Newton's method has not converged.

    Examples
    --------
    Flow between plates that drags itself along, :math:`u = 1 - y^2`, needs the pressure :math:`p = -2 \nu x`:

    >>> flow = steady_flow(
    ...     3, lambda q: np.stack([1 - q[:, 1] ** 2, 0 * q[:, 0]], 1), viscosity=0.5, low=(-1, -1), high=(1, 1)
    ... )
    >>> bool(np.allclose(flow.values[:, 2], -flow.points[:, 0]))
    True
    """
    if n < 3 or not viscosity > 0 or not (np.asarray(low) < high).all():
        raise ValueError(
            f"n is {n}, viscosity {viscosity} and the corners {low} and {high}; expected at least 3, a positive number and "
            "low < high"
        )
    angles = np.pi * np.arange(n + 2) / (n + 1)
    x, y = ((a + b) / 2 - (b - a) / 2 * np.cos(angles) for a, b in zip(low, high, strict=True))
    points = np.stack(np.meshgrid(x, y, indexing="ij"), axis=-1).reshape(-1, 2)
    inside = np.zeros((n + 2, n + 2), dtype=bool)
    inside[1:-1, 1:-1] = True
    inner = inside.ravel()
    Dx, Dy = derivative_matrix(x), derivative_matrix(y)
    one, few = np.eye(n + 2), np.eye(n)
    dx, dy = np.kron(Dx, one)[inner], np.kron(one, Dy)[inner]
    laplacian = (np.kron(Dx @ Dx, one) + np.kron(one, Dy @ Dy))[inner]
    px, py = np.kron(derivative_matrix(x[1:-1]), few), np.kron(few, derivative_matrix(y[1:-1]))
    u, v = np.zeros((2, len(points)))
    u[~inner], v[~inner] = velocity(points[~inner]).T
    p, m, zero = np.zeros(n * n), n * n, np.zeros((n * n, n * n))
    for _ in range(max_steps):
        gradients = ux, uy, vx, vy = dx @ u, dy @ u, dx @ v, dy @ v
        a, b = u[inner], v[inner]
        r = np.concatenate(
            [
                a * ux + b * uy + px @ p - viscosity * laplacian @ u,
                a * vx + b * vy + py @ p - viscosity * laplacian @ v,
                gradients[0] + gradients[3],
                [p.mean()],
            ]
        )
        # One equation of continuity follows from the others up to the error of the boundary values: least squares, with p's mean.
        residual = np.abs(r).max()
        carried = a[:, None] * dx[:, inner] + b[:, None] * dy[:, inner] - viscosity * laplacian[:, inner]
        jacobian = np.block(
            [
                [carried + np.diag(ux), np.diag(uy), px],
                [np.diag(vx), carried + np.diag(vy), py],
                [dx[:, inner], dy[:, inner], zero],
                [np.zeros((1, 2 * m)), np.full((1, m), 1 / m)],
            ]
        )
        step = np.linalg.solve(jacobian.T @ jacobian, -jacobian.T @ r)
        u[inner] += step[:m]
        v[inner] += step[m : 2 * m]
        p += step[2 * m :]
        if np.abs(step).max() < tolerance:
            return SteadyFlow(points[inner], np.stack([u[inner], v[inner], p], axis=1), float(residual))
    raise RuntimeError(
        f"Newton's method moves by {np.abs(step).max():.1e} after {max_steps} steps; start nearer or refine"
    )
