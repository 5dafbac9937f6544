r"""Newton's method for a non-linear equation, each of whose steps is a linear collocation problem (牛顿–Kansa 法).

Shapes: M points, D coordinates.

References
----------
Kantorovich (1948), Functional analysis and applied mathematics, Uspekhi Matematicheskikh Nauk 3(6) (Newton's method between
spaces of functions).
Bellman and Kalaba (1965), Quasilinearization and Nonlinear Boundary-Value Problems, American Elsevier.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from nndl_support.pinn.kansa import KansaSolver
from nndl_support.pinn.kernel_basis import Expansion
from nndl_support.pinn.linear_operators import AdvectionDiffusion, Collocation

Scalar = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class NewtonRun:
    """What Newton's method found, and the way there.

    Attributes
    ----------
    solution : Expansion
    iterates : list of Expansion, one for each step
    steps : list of float
        Largest change of u at the points of the equation, the first against the start.
    residuals : list of float
        Largest residual of the non-linear equation after each step.
    converged : bool
    """

    solution: Expansion
    iterates: list[Expansion]
    steps: list[float]
    residuals: list[float]
    converged: bool


def newton_kansa(
    equation: Collocation,
    conditions: Sequence[Collocation],
    term: Scalar,
    derivative: Scalar,
    solver: KansaSolver,
    *,
    start: Scalar | None = None,
    tolerance: float = 1e-5,
    max_steps: int = 30,
) -> NewtonRun:
    r"""Solve a linear equation to which a non-linear term of the unknown was added.

    .. math:: \mathcal{L}u + q(u) = f, \qquad
        \bigl(\mathcal{L} + q'(u_k)\bigr)\,u_{k+1} = f - q(u_k) + q'(u_k)\,u_k

    Parameters
    ----------
    equation : Collocation
        The linear part: an AdvectionDiffusion operator, its points and f.
    conditions : sequence of Collocation
        Linear conditions on the boundary.
    term : function of u, array (M,), returning q(u), array (M,)
    derivative : function of u, array (M,), returning q'(u), array (M,)
    solver : KansaSolver
        With a number as epsilon, so that all steps use one basis.
    start : function of the points (M, D), returning (M,); nothing without it
    tolerance : float
        Converged when no step at any point is larger, relative to the largest u. The error then is about the square of it.
    max_steps : int of at least 1

    Returns
    -------
    NewtonRun, also when it did not converge

    Raises
    ------
    ValueError
        When the equation's operator is not an AdvectionDiffusion, epsilon is to be chosen, or a function of u or of the
        points returns another shape, or numbers that are not finite.
    numpy.linalg.LinAlgError
        When a step is a singular problem, as at a fold where two solutions meet.

    Notes
    -----
    The steps shrink quadratically until they reach the rounding noise of the linear systems, which for flat kernels is about
    1e-6 and not 1e-16: a tolerance below it is never met.

    Examples
    --------
    On a line, minus the second derivative plus u³ is a constant, and the ends are held at 1:

    >>> from nndl_support.pinn.linear_operators import dirichlet
    >>> line = np.linspace(0, 1, 9)[:, None]
    >>> run = newton_kansa(
    ...     Collocation(AdvectionDiffusion(), line[1:-1], 1.0),
    ...     [Collocation(dirichlet(), line[[0, -1]], 1.0)],
    ...     lambda u: u**3,
    ...     lambda u: 3 * u**2,
    ...     KansaSolver(epsilon=2.0),
    ... )
    >>> run.converged, run.solution.predict([[0.3]]).round(3)
    (True, array([1.]))
    """
    operator, places = equation.operator, equation.places()
    if not isinstance(operator, AdvectionDiffusion):
        raise ValueError(f"the equation needs an AdvectionDiffusion operator, but has {operator!r}")
    if isinstance(solver.epsilon, str):
        raise ValueError(f"epsilon must be a number, the same in all steps, but is {solver.epsilon!r}")
    if max_steps < 1:
        raise ValueError(f"max_steps is {max_steps}; expected at least 1")
    f = equation.right_hand_side()
    linear = KansaSolver(solver.kernel, epsilon=solver.epsilon, degree=solver.degree)
    sigma = operator.reaction(places) if callable(operator.reaction) else operator.reaction
    u = np.zeros(len(places)) if start is None else np.array(start(places), dtype=float)
    if u.shape != f.shape:
        raise ValueError(f"start returned shape {u.shape} for {len(places)} points; expected ({len(places)},)")
    for name, values in (("term", term(u)), ("derivative", derivative(u))):
        if np.shape(values) != f.shape:
            raise ValueError(f"{name} returned shape {np.shape(values)} for {len(u)} values; expected ({len(u)},)")
    iterates: list[Expansion] = []
    steps: list[float] = []
    residuals: list[float] = []
    for _ in range(max_steps):
        slope = derivative(u)
        around = replace(operator, reaction=np.asarray(sigma, dtype=float) + slope)
        linear.fit([Collocation(around, places, f - term(u) + slope * u), *conditions])
        iterates.append(linear.solution_)
        previous, u = u, linear.predict(places)
        residual = operator.matrix(linear.solution_.basis, places) @ linear.solution_.coefficients + term(u) - f
        steps.append(float(np.abs(u - previous).max()))
        residuals.append(float(np.abs(residual).max()))
        if steps[-1] <= tolerance * np.abs(u).max():
            return NewtonRun(iterates[-1], iterates, steps, residuals, True)
    return NewtonRun(iterates[-1], iterates, steps, residuals, False)
