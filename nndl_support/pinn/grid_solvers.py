r"""Finite differences (有限差分) on regular grids: what a network or a kernel method that solves an equation is up against.

Shapes: X and Y grid points in space, T times, N points of the plane.

The solvers of evolution equations take the grids x (X,) and t (T,) that the reference solutions take, start from the values on x
and hold both ends. They keep every time in t, and so the spacing of t is the step.

References
----------
LeVeque (2007), Finite Difference Methods for Ordinary and Partial Differential Equations, SIAM,
https://doi.org/10.1137/1.9780898717839: chapter 3 (five- and nine-point Laplacian), 9.1 (Crank-Nicolson), 10.2.1 (leap-frog) and
11.5 (implicit-explicit methods).
"""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.linalg import cho_solve_banded, cholesky_banded
from scipy.sparse.linalg import spsolve

__all__ = ["burgers_imex", "heat_crank_nicolson", "helmholtz_grid", "poisson_grid", "wave_leap_frog"]

Field = Callable[[np.ndarray], npt.ArrayLike]


def helmholtz_grid(
    source: Field,
    boundary: Field | float,
    x: npt.ArrayLike,
    y: npt.ArrayLike,
    *,
    wavenumber: float = 0.0,
    order: int = 2,
) -> np.ndarray:
    r"""Solution of :math:`\nabla^2 u + k^2 u = q` on a rectangle.

    Order 2 is the five-point Laplacian. Order 4 is the compact nine-point scheme (紧致格式), on a grid with one spacing h: its
    Laplacian errs by :math:`\tfrac{h^2}{12} \nabla^4 u`, which the equation itself turns into differences of :math:`q - k^2 u`:

    .. math:: \frac{1}{6 h^2} \begin{bmatrix} 1 & 4 & 1 \\ 4 & -20 & 4 \\ 1 & 4 & 1 \end{bmatrix} u
        + \frac{k^2}{12} \begin{bmatrix} & 1 & \\ 1 & 8 & 1 \\ & 1 & \end{bmatrix} u
        = \frac{1}{12} \begin{bmatrix} & 1 & \\ 1 & 8 & 1 \\ & 1 & \end{bmatrix} q

    Parameters
    ----------
    source : function of points (N, 2), returning q (N,)
    boundary : function of points (N, 2), returning u (N,) on the edge; or one number for all of it
    x : array (X,), equally spaced
    y : array (Y,), equally spaced
    wavenumber : float, k
    order : 2 or 4

    Returns
    -------
    array (X, Y)

    Raises
    ------
    ValueError
        When a grid is not equally spaced, has no inner point, or the order is not available on it.

    Examples
    --------
    A quadratic has no error at all:

    >>> line = np.linspace(0, 1, 4)
    >>> exact = lambda points: points[:, 0] ** 2 - 3 * points[:, 1] ** 2
    >>> u = helmholtz_grid(lambda points: np.full(len(points), -4.0), exact, line, line)
    >>> bool(np.isclose(u[1, 2], (1 / 3) ** 2 - 3 * (2 / 3) ** 2, rtol=1e-12))
    True
    """
    xs, hx = _equally_spaced(x, "x")
    ys, hy = _equally_spaced(y, "y")
    if order not in (2, 4) or (order == 4 and not np.isclose(hx, hy, rtol=1e-6)):
        raise ValueError(
            f"order is {order} with the spacings {hx} and {hy}; expected 2, or 4 with one spacing for both"
        )
    nx, ny = len(xs), len(ys)
    points = np.stack(np.meshgrid(xs, ys, indexing="ij"), axis=-1).reshape(-1, 2)
    dx, dy = sparse.kron(_second_difference(nx), sparse.eye(ny)), sparse.kron(sparse.eye(nx), _second_difference(ny))
    laplacian, mean = dx / hx**2 + dy / hy**2, sparse.eye(nx * ny)
    if order == 4:
        # 1/(6h²) [1 4 1; 4 -20 4; 1 4 1] and 1/12 [. 1 .; 1 8 1; . 1 .], as products of second differences.
        laplacian, mean = (dx + dy + dx @ dy / 6) / hx**2, mean + (dx + dy) / 12
    inside = np.zeros((nx, ny), dtype=bool)
    inside[1:-1, 1:-1] = True
    inner = inside.ravel()
    u = np.zeros(nx * ny)
    u[~inner] = boundary(points[~inner]) if callable(boundary) else boundary
    matrix = sparse.csr_array(laplacian + wavenumber**2 * mean)[inner]
    right = sparse.csr_array(mean)[inner] @ np.asarray(source(points), dtype=float) - matrix[:, ~inner] @ u[~inner]
    u[inner] = spsolve(matrix[:, inner].tocsc(), right)
    return u.reshape(nx, ny)


def poisson_grid(
    source: Field, boundary: Field | float, x: npt.ArrayLike, y: npt.ArrayLike, *, order: int = 2
) -> np.ndarray:
    r"""Solution of Poisson's equation :math:`-\nabla^2 u = f` on a rectangle: :func:`helmholtz_grid` with k = 0, q = -f.

    Parameters
    ----------
    source : function of points (N, 2), returning f (N,)
    boundary : function of points (N, 2), returning u (N,) on the edge; or one number for all of it
    x, y : arrays (X,) and (Y,), equally spaced
    order : 2 or 4

    Returns
    -------
    array (X, Y)

    Examples
    --------
    >>> from nndl_support.pinn.exact_solutions import poisson_source
    >>> line = np.linspace(0, 1, 33)
    >>> [round(float(poisson_grid(poisson_source, 0.0, line, line, order=order)[16, 16]), 6) for order in (2, 4)]
    [1.000804, 1.0]
    """
    return helmholtz_grid(lambda points: -np.asarray(source(points)), boundary, x, y, order=order)


def heat_crank_nicolson(
    x: npt.ArrayLike, t: npt.ArrayLike, start: npt.ArrayLike, *, diffusivity: float = 0.4
) -> np.ndarray:
    r"""Heat equation :math:`u_t = \alpha u_{xx}` with both ends held, by the trapezoidal rule in time: order 2 in both spacings.

    .. math:: \Bigl(I - \tfrac{\alpha \tau}{2} D\Bigr) u^{n+1} = \Bigl(I + \tfrac{\alpha \tau}{2} D\Bigr) u^n

    Parameters
    ----------
    x : array (X,), equally spaced
    t : array (T,), equally spaced
    start : array (X,), u at the first time; its ends are held
    diffusivity : float > 0, :math:`\alpha`

    Returns
    -------
    array (X, T)

    Notes
    -----
    Stable for every step, but a jump in the start rings: fast modes are multiplied by nearly -1, not by 0.

    Examples
    --------
    >>> heat_crank_nicolson([0.0, 0.5, 1.0], [0.0, 0.25], [0.0, 1.0, 0.0], diffusivity=0.5).round(12)
    array([[0.        , 0.        ],
           [1.        , 0.33333333],
           [0.        , 0.        ]])
    """
    u, h, step = _march(x, t, start)
    solve = _diffusion_step(len(u) - 2, diffusivity * step / (2 * h**2))
    for n in range(u.shape[1] - 1):
        explicit = u[1:-1, n] + diffusivity * step / (2 * h**2) * np.diff(u[:, n], 2)
        u[1:-1, n + 1] = solve(explicit, u[0, n], u[-1, n])
    return u


def wave_leap_frog(
    x: npt.ArrayLike,
    t: npt.ArrayLike,
    start: npt.ArrayLike,
    *,
    velocity: npt.ArrayLike = 0.0,
    speed: float = 2.0,
) -> np.ndarray:
    r"""Wave equation :math:`u_{tt} = c^2 u_{xx}` with fixed ends, by central differences in time and space: order 2.

    .. math:: u_i^{n+1} = 2 u_i^n - u_i^{n-1} + C^2 (u_{i+1}^n - 2 u_i^n + u_{i-1}^n), \qquad C = c \tau / h

    Parameters
    ----------
    x : array (X,), equally spaced
    t : array (T,), equally spaced
    start : array (X,), u at the first time; its ends are held
    velocity : array (X,) or a number, :math:`u_t` at the first time
    speed : float, c

    Returns
    -------
    array (X, T)

    Raises
    ------
    ValueError
        Also when the Courant number C exceeds 1: then the waves outrun the grid and the method is unstable.

    Notes
    -----
    At C = 1 the scheme is exact on the grid.

    Examples
    --------
    >>> x = np.linspace(0, 1, 5)
    >>> wave_leap_frog(x, [0.0, 0.125, 0.25], np.sin(np.pi * x))[2].round(12)
    array([1.        , 0.70710678, 0.        ])
    """
    u, h, step = _march(x, t, start)
    courant = speed * step / h
    if abs(courant) > 1 + 1e-9:
        raise ValueError(f"the Courant number speed * step / spacing is {courant:.4g}; leap-frog is unstable beyond 1")
    initial_velocity = np.broadcast_to(np.asarray(velocity, dtype=float), u[:, 0].shape)
    for n in range(u.shape[1] - 1):
        push = courant**2 * np.diff(u[:, n], 2)
        if n == 0:
            # The value before the first, from a central difference for the velocity: u⁻¹ = u¹ - 2 τ v.
            u[1:-1, 1] = u[1:-1, 0] + step * initial_velocity[1:-1] + push / 2
        else:
            u[1:-1, n + 1] = 2 * u[1:-1, n] - u[1:-1, n - 1] + push
    return u


def burgers_imex(x: npt.ArrayLike, t: npt.ArrayLike, start: npt.ArrayLike, *, nu: float = 0.01 / np.pi) -> np.ndarray:
    r"""Burgers' equation with both ends held: diffusion by Crank-Nicolson, the flux by Adams and Bashforth's formula.

    .. math:: \frac{u^{n+1} - u^n}{\tau} = \tfrac{\nu}{2} D (u^n + u^{n+1})
        - \tfrac32 F(u^n) + \tfrac12 F(u^{n-1}), \qquad F_i(u) = \frac{u_{i+1}^2 - u_{i-1}^2}{4 h}

    Parameters
    ----------
    x : array (X,), equally spaced
    t : array (T,), equally spaced
    start : array (X,), u at the first time; its ends are held
    nu : float > 0, viscosity

    Returns
    -------
    array (X, T)

    Notes
    -----
    Order 2 in both spacings. Central differences of the flux wiggle where the grid is coarser than the shock, which wants
    :math:`h \lesssim 2 \nu / \max |u|`. The first step, for which no earlier flux exists, is one of Heun's kind.

    Examples
    --------
    >>> x = np.linspace(-1, 1, 1001)
    >>> u = burgers_imex(x, np.linspace(0, 0.5, 1001), -np.sin(np.pi * x))
    >>> u[[250, 750], -1].round(3)
    array([ 0.593, -0.593])
    """
    u, h, step = _march(x, t, start)
    rate = nu * step / (2 * h**2)
    solve = _diffusion_step(len(u) - 2, rate)

    def flux(v: np.ndarray) -> np.ndarray:
        return (v[2:] ** 2 - v[:-2] ** 2) / (4 * h)

    trial = u[:, 0].copy()
    trial[1:-1] = solve(u[1:-1, 0] + rate * np.diff(u[:, 0], 2) - step * flux(u[:, 0]), u[0, 0], u[-1, 0])
    # With this as the flux before the start, the formula below takes the mean of both fluxes in its first step.
    before = 2 * flux(u[:, 0]) - flux(trial)
    for n in range(u.shape[1] - 1):
        now = flux(u[:, n])
        right = u[1:-1, n] + rate * np.diff(u[:, n], 2) - step * (1.5 * now - 0.5 * before)
        u[1:-1, n + 1], before = solve(right, u[0, n], u[-1, n]), now
    return u


def _equally_spaced(grid: npt.ArrayLike, name: str, *, fewest: int = 3) -> tuple[np.ndarray, float]:
    """The grid as floats and its spacing."""
    line = np.asarray(grid, dtype=float)
    if line.ndim != 1 or len(line) < fewest:
        raise ValueError(f"{name} has the shape {line.shape}; expected a line of at least {fewest} numbers")
    gaps = np.diff(line)
    spacing = (line[-1] - line[0]) / (len(line) - 1)
    if not spacing > 0 or abs(gaps - spacing).max() > 1e-6 * spacing:
        raise ValueError(f"{name} must rise in equal steps, but they go from {gaps.min():.6g} to {gaps.max():.6g}")
    return line, float(spacing)


def _march(x: npt.ArrayLike, t: npt.ArrayLike, start: npt.ArrayLike) -> tuple[np.ndarray, float, float]:
    """Room for the solution (X, T) with the start and the held ends filled in, the spacing and the step."""
    places, h = _equally_spaced(x, "x")
    times, step = _equally_spaced(t, "t", fewest=2)
    first = np.asarray(start, dtype=float)
    if first.shape != places.shape:
        raise ValueError(f"start has the shape {first.shape}; expected {places.shape}, one value for each x")
    u = np.empty((len(places), len(times)))
    u[:, 0], u[0], u[-1] = first, first[0], first[-1]
    return u, h, step


def _second_difference(n: int) -> sparse.dia_array:
    """Matrix (n, n) of u[i-1] - 2 u[i] + u[i+1]."""
    return sparse.diags_array([np.ones(n - 1), np.full(n, -2.0), np.ones(n - 1)], offsets=[-1, 0, 1])


def _diffusion_step(n: int, rate: float) -> Callable[[np.ndarray, float, float], np.ndarray]:
    """Solver of (I - rate D) u = right for the inner values (n,), given both ends."""
    factor = cholesky_banded(np.stack([np.full(n, -rate), np.full(n, 1 + 2 * rate)]))

    def solve(right: np.ndarray, left_end: float, right_end: float) -> np.ndarray:
        b = right.copy()
        b[0] += rate * left_end
        b[-1] += rate * right_end
        return cho_solve_banded((factor, False), b)

    return solve
