r"""Pseudo-arclength continuation: following a curve of solutions round its folds.

A branch of :math:`F(u, \lambda) = 0` cannot be followed in :math:`\lambda` beyond a fold, where :math:`F_u` is singular. Measured
along the curve instead, the fold is a point like any other: Newton's method solves

.. math:: F(u, \lambda) = 0, \qquad \dot u^\top (u - u_0) + \dot\lambda\,(\lambda - \lambda_0) = \Delta s

for both unknowns, with the unit tangent :math:`(\dot u, \dot\lambda)` of the last point.

Shapes: n unknowns.

References
----------
Keller (1977), Numerical solution of bifurcation and nonlinear eigenvalue problems, in Rabinowitz (ed.), Applications of
Bifurcation Theory, Academic Press. Section "Why physics?" of this book.
"""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

#: Takes u (n,) and lambda; returns F (n,), its Jacobian in u (n, n), and its derivative in lambda (n,).
Equations = Callable[[np.ndarray, float], tuple[np.ndarray, np.ndarray, np.ndarray]]


def bratu_equations(n: int) -> Equations:
    r"""The Bratu problem by central differences at the n inner points of an even grid.

    .. math:: F_i = \frac{u_{i-1} - 2u_i + u_{i+1}}{h^2} + \lambda e^{u_i}, \qquad h = \frac{1}{n + 1}

    Parameters
    ----------
    n : int

    Returns
    -------
    function of u (n,) and lambda

    Examples
    --------
    >>> F, F_u, F_lam = bratu_equations(3)(np.zeros(3), 2.0)
    >>> F.tolist(), F_u.diagonal().tolist(), F_lam.tolist()
    ([2.0, 2.0, 2.0], [-30.0, -30.0, -30.0], [1.0, 1.0, 1.0])
    """
    if n < 1:
        raise ValueError(f"n is {n}; expected at least 1 inner point")
    difference = (np.eye(n, k=1) + np.eye(n, k=-1) - 2.0 * np.eye(n)) * (n + 1) ** 2

    def equations(u: np.ndarray, lam: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        if u.shape != (n,):
            raise ValueError(f"u has shape {u.shape}; expected ({n},)")
        growth = np.exp(u)
        return difference @ u + lam * growth, difference + np.diag(lam * growth), growth

    return equations


def follow_branch(
    equations: Equations, u: npt.ArrayLike, lam: float, *, step: float, n_steps: int, tolerance: float = 1e-9
) -> tuple[np.ndarray, np.ndarray]:
    """Follow the curve of solutions from one of them, first towards larger lambda.

    Parameters
    ----------
    equations : function of u (n,) and lambda, see ``Equations``
    u : array (n,), a solution, or close to one
    lam : float
    step : float > 0, the length of a step along the curve, in the units of u and lambda together
    n_steps : int
    tolerance : float
        Newton's method ends when its step is smaller than this, relative to the unknowns.

    Returns
    -------
    u : array (n_steps + 1, n)
    lam : array (n_steps + 1,)

    Raises
    ------
    RuntimeError
        When Newton's method does not converge in 20 steps: the step along the curve is too long.

    Examples
    --------
    A circle has two folds.

    >>> circle = lambda u, lam: (u**2 + lam**2 - 1, np.diag(2 * u), np.full(1, 2 * lam))
    >>> u, lam = follow_branch(circle, [1.0], 0.0, step=0.1, n_steps=40)
    >>> bool(u.min() < -0.9), bool(lam.max() > 0.99), bool(lam.min() < 0)
    (True, True, True)
    """
    if not step > 0:
        raise ValueError(f"step is {step}; expected a positive number")
    point = np.append(np.asarray(u, dtype=float), lam)
    F, F_u, F_lam = equations(point[:-1], point[-1])
    n = len(point) - 1
    if (np.shape(F), np.shape(F_u), np.shape(F_lam)) != ((n,), (n, n), (n,)):
        raise ValueError(
            f"for u of shape ({n},) the equations returned shapes {np.shape(F)}, {np.shape(F_u)} and {np.shape(F_lam)}; "
            f"expected ({n},), ({n}, {n}) and ({n},)"
        )
    tangent = np.append(np.zeros(len(point) - 1), 1.0)
    point = _newton(equations, point, tangent, point, 0.0, tolerance)
    curve = [point]
    for _ in range(n_steps):
        # The tangent is in the null space of (F_u, F_lambda); its sign keeps the direction.
        _, F_u, F_lam = equations(point[:-1], point[-1])
        tangent = np.linalg.solve(np.vstack([np.column_stack([F_u, F_lam]), tangent]), np.eye(len(point))[-1])
        tangent /= np.linalg.norm(tangent)
        point = _newton(equations, point + step * tangent, tangent, point, step, tolerance)
        curve.append(point)
    branch = np.array(curve)
    return branch[:, :-1], branch[:, -1]


def _newton(
    equations: Equations, guess: np.ndarray, tangent: np.ndarray, origin: np.ndarray, step: float, tolerance: float
) -> np.ndarray:
    """The point of the curve whose distance from the origin, measured along the tangent, is the step."""
    point = guess
    for _ in range(20):
        F, F_u, F_lam = equations(point[:-1], point[-1])
        along = tangent @ (point - origin) - step
        change = np.linalg.solve(np.vstack([np.column_stack([F_u, F_lam]), tangent]), np.append(F, along))
        point = point - change
        if np.linalg.norm(change) <= tolerance * (1.0 + np.linalg.norm(point)):
            return point
    raise RuntimeError(f"Newton's method did not converge near lambda = {point[-1]:.4g}; the step {step:g} is too long")
