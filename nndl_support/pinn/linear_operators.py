r"""Linear differential operators as data: what acts inside a domain, and what acts on its boundary.

An operator turns a basis of K functions into a matrix: one row for each of M points, one column for each function. Numbers that
change from place to place are given as functions of the points, or as arrays with one entry for each.

Shapes: M points, K functions, D coordinates.

References
----------
Fasshauer (2007), Meshfree Approximation Methods with MATLAB, World Scientific, https://doi.org/10.1142/6437, chapter 38.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from nndl_support.pinn.kernel_basis import KernelBasis
from nndl_support.pinn.kernels import along_directions

Coefficient = npt.ArrayLike | Callable[[np.ndarray], npt.ArrayLike]


class LinearOperator(Protocol):
    """Anything that turns a basis and points into rows of equations.

    Examples
    --------
    >>> class Doubled:
    ...     def matrix(self, basis, points):
    ...         return 2 * basis.values(points)
    >>> Doubled().matrix(KernelBasis([[0.0]], "gaussian", 1.0), np.array([[0.0]]))
    array([[2.]])
    """

    def matrix(self, basis: KernelBasis, points: np.ndarray) -> np.ndarray:
        """Rows (M, K): the operator applied to every function at every point."""


@dataclass(frozen=True)
class AdvectionDiffusion:
    r"""Diffusion, advection and reaction, which covers Poisson's, Helmholtz' and the transport equation.

    .. math:: \mathcal{L}u = -\kappa\nabla^2 u + v\cdot\nabla u + \sigma u, \qquad\text{or}\qquad
        \mathcal{L}u = -\sum_{ab} \kappa_{ab}\,\partial_a\partial_b u + v\cdot\nabla u + \sigma u

    Attributes
    ----------
    diffusion : number, array (M,), array (D, D) or function of the points (M, D) that returns one of them
        :math:`\kappa`, in length squared over time.
    velocity : array (D,), array (M, D), function of the points, or None for no wind
    reaction : number, array (M,) or function of the points
        :math:`\sigma`; minus the square of a wave number makes it Helmholtz' operator.

    Notes
    -----
    The operator is not in divergence form: :math:`-\nabla\cdot(\kappa\nabla u)` with :math:`\kappa` that varies needs
    :math:`-\nabla\kappa` in the velocity. An array (D, D) with D = M is read as the anisotropic one.

    Examples
    --------
    >>> basis = KernelBasis([[0.0]], "gaussian", 1.0)
    >>> AdvectionDiffusion().matrix(basis, np.array([[0.0]]))
    array([[2.]])
    >>> AdvectionDiffusion(diffusion=0.5, reaction=lambda x: 3 + x[:, 0]).matrix(basis, np.array([[0.0]]))
    array([[4.]])
    """

    diffusion: Coefficient = 1.0
    velocity: Coefficient | None = None
    reaction: Coefficient = 0.0

    def matrix(self, basis: KernelBasis, points: np.ndarray) -> np.ndarray:
        """Rows (M, K) of equations; raises ``ValueError`` when a coefficient has the wrong shape."""
        n_points, n_coordinates = points.shape
        kappa, sigma = _at(self.diffusion, points), _at(self.reaction, points)
        _check("diffusion", kappa, ((), (n_points,), (n_coordinates, n_coordinates)))
        _check("reaction", sigma, ((), (n_points,)))
        if kappa.shape == (n_coordinates, n_coordinates):
            rows = -np.einsum("ab,mkab->mk", kappa, basis.hessians(points))
        else:
            rows = -_column(kappa) * basis.laplacians(points)
        if self.velocity is not None:
            wind = _at(self.velocity, points)
            _check("velocity", wind, ((n_coordinates,), (n_points, n_coordinates)))
            rows = rows + along_directions(basis.gradients(points), np.broadcast_to(wind, points.shape))
        return rows + _column(sigma) * basis.values(points) if sigma.any() else rows


@dataclass(frozen=True)
class BoundaryOperator:
    r"""A condition on the boundary: Dirichlet (0 slope), Neumann (0 value) or Robin.

    .. math:: \mathcal{B}u = \alpha u + \beta\,\frac{\partial u}{\partial n}

    Attributes
    ----------
    value : number, array (M,) or function of the points, alpha
    slope : number, array (M,) or function of the points, beta
    normals : array (M, D), outward unit normals; needed where ``slope`` is not 0

    Examples
    --------
    >>> basis = KernelBasis([[0.0]], "cubic", 1.0)
    >>> BoundaryOperator(0.0, 1.0, normals=[[1.0]]).matrix(basis, np.array([[2.0]]))
    array([[12.]])
    """

    value: Coefficient = 1.0
    slope: Coefficient = 0.0
    normals: npt.ArrayLike | None = None

    def matrix(self, basis: KernelBasis, points: np.ndarray) -> np.ndarray:
        """Rows (M, K) of equations; raises ``ValueError`` when normals are missing or a shape is wrong."""
        alpha, beta = _at(self.value, points), _at(self.slope, points)
        for name, number in (("value", alpha), ("slope", beta)):
            _check(name, number, ((), (len(points),)))
        rows = _column(alpha) * basis.values(points)
        if not beta.any():
            return rows
        if self.normals is None:
            raise ValueError(f"the slope is {self.slope!r}, but there are no normals; expected an array {points.shape}")
        return rows + _column(beta) * along_directions(basis.gradients(points), self.normals)


def dirichlet() -> BoundaryOperator:
    """Return the operator that gives the value on the boundary.

    Examples
    --------
    >>> dirichlet().value, dirichlet().slope
    (1.0, 0.0)
    """
    return BoundaryOperator()


def neumann(normals: npt.ArrayLike) -> BoundaryOperator:
    """Return the operator that gives the slope along the outward normals, array (M, D).

    Examples
    --------
    >>> neumann([[0.0, 1.0]]).value, neumann([[0.0, 1.0]]).slope
    (0.0, 1.0)
    """
    return BoundaryOperator(0.0, 1.0, normals)


def robin(value: Coefficient, slope: Coefficient, normals: npt.ArrayLike) -> BoundaryOperator:
    """Return the operator that gives value times u plus slope times its normal derivative.

    Examples
    --------
    >>> robin(2.0, 3.0, [[0.0, 1.0]]).value
    2.0
    """
    return BoundaryOperator(value, slope, normals)


class Collocation(NamedTuple):
    """An operator, the points at which it acts, and what must come out there.

    Attributes
    ----------
    operator : LinearOperator
    points : array (M, D)
    values : number, array (M,) or function of the points

    Examples
    --------
    >>> Collocation(dirichlet(), [[0.0], [1.0]], lambda x: 2 * x[:, 0]).right_hand_side()
    array([0., 2.])
    """

    operator: LinearOperator
    points: npt.ArrayLike
    values: Coefficient = 0.0

    def places(self) -> np.ndarray:
        """The points as an array (M, D); raises ``ValueError`` for another shape."""
        places = np.asarray(self.points, dtype=float)
        if places.ndim != 2 or not np.isfinite(places).all():
            raise ValueError(f"points has shape {places.shape}; expected (M, D), all of it finite")
        return places

    def right_hand_side(self) -> np.ndarray:
        """The values, array (M,); raises ``ValueError`` for another shape."""
        places = self.places()
        values = _at(self.values, places)
        _check("values", values, ((), (len(places),)))
        filled = np.array(np.broadcast_to(values, len(places)))
        if not np.isfinite(filled).all():
            raise ValueError(f"{(~np.isfinite(filled)).sum()} of the {len(places)} values are not finite")
        return filled


def _at(coefficient: Coefficient, points: np.ndarray) -> np.ndarray:
    return np.asarray(coefficient(points) if callable(coefficient) else coefficient, dtype=float)


def _column(number: np.ndarray) -> np.ndarray:
    return number[:, None] if number.ndim else number


def _check(name: str, number: np.ndarray, allowed: tuple[tuple[int, ...], ...]) -> None:
    if number.shape not in allowed:
        raise ValueError(f"{name} has shape {number.shape}; expected {' or '.join(map(str, allowed))}")
