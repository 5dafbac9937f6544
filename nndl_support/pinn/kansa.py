r"""Kansa's method: a linear differential equation, collocated with radial kernels, is one linear system (无网格配点法).

Shapes: N centres, R monomials, M equations (M = N), D coordinates.

References
----------
Kansa (1990), Multiquadrics, a scattered data approximation scheme with applications to computational fluid-dynamics, II,
Computers & Mathematics with Applications 19(8-9), https://doi.org/10.1016/0898-1221(90)90271-K.
Hon and Schaback (2001), On unsymmetric collocation by radial basis functions, Applied Mathematics and Computation 119(2-3),
https://doi.org/10.1016/S0096-3003(99)00255-6 (the system can be singular).
Cavoretto, Dell'Accio, De Rossi, Sommariva and Vianello (2024), https://arxiv.org/abs/2403.18017 (at random points it almost
never is).
Rippa (1999), https://doi.org/10.1023/A:1018975909870 (leave-one-out errors).
"""

from collections.abc import Sequence
from numbers import Real

import numpy as np
import numpy.typing as npt
from scipy.spatial import KDTree

from nndl_support.classical import radial_kernels
from nndl_support.classical.shape_parameter import choose_epsilon, leave_one_out_errors
from nndl_support.pinn.kernel_basis import Expansion, KernelBasis
from nndl_support.pinn.linear_operators import Collocation

# Where rounding may leave this much of the right-hand side unmet, the system was not solved.
_WORST_ROUNDING = 0.01


class KansaSolver:
    r"""Unsymmetric collocation: every equation at every one of its points is a row, every kernel a column.

    .. math:: \begin{pmatrix} \mathcal{L}\varphi(x_i - x_j) \\ \mathcal{B}\varphi(x_i - x_j) \end{pmatrix} c =
        \begin{pmatrix} f \\ g \end{pmatrix}

    Parameters
    ----------
    kernel : str
        One of :func:`nndl_support.classical.radial_kernels.names` that has second derivatives.
    epsilon : float > 0, or "loo"
        Shape parameter, an inverse length: small is flat. "loo" takes the one with the least sum of squares of the leave-one-out
        errors and of the residuals that rounding leaves, between 1/50 and 2 over the mean distance of nearest neighbours; it
        costs about forty inverses.
    degree : int of at least -1
        Degree of a polynomial beside the kernels; -1 is none.

    Attributes
    ----------
    epsilon_ : float, as used
    solution_ : Expansion
    matrix_ : array (N + R, N + R)
    right_hand_side_ : array (N + R,)

    Raises
    ------
    ValueError
        When there are not as many equations as centres, two centres coincide, or a shape does not fit.
    numpy.linalg.LinAlgError
        When the system is singular, or so nearly that its equations are not met.

    Notes
    -----
    For given centres nothing guarantees that the system can be solved: Hon and Schaback (2001) found some for which it cannot.
    They are rare, and the error says what to do.
    The leave-one-out errors are residuals of the omitted equations, those inside in the unit of f and those on the boundary in
    the unit of g. An equation and the centre in the same row of the list are omitted together.

    Examples
    --------
    On a line, minus the second derivative is 2, and the ends are held at 0: a parabola.

    >>> from nndl_support.pinn.linear_operators import AdvectionDiffusion, Collocation, dirichlet
    >>> inside, ends = np.linspace(0, 1, 9)[1:-1, None], [[0.0], [1.0]]
    >>> solver = KansaSolver("multiquadric", epsilon=1.0).fit(
    ...     [Collocation(AdvectionDiffusion(), inside, 2.0), Collocation(dirichlet(), ends)]
    ... )
    >>> solver.predict([[0.5]]).round(3)
    array([0.25])
    """

    def __init__(self, kernel: str = "multiquadric", *, epsilon: float | str = "loo", degree: int = -1) -> None:
        self.kernel, self.epsilon, self.degree = kernel, epsilon, degree

    def fit(self, equations: Sequence[Collocation], *, centres: npt.ArrayLike | None = None) -> "KansaSolver":
        """Assemble the system and solve it.

        Parameters
        ----------
        equations : sequence of Collocation
            The differential equation at points inside, conditions at points of the boundary, in any number and order.
        centres : array (N, D), optional
            As many as there are equations; the points of the equations, in their order, without it.

        Returns
        -------
        KansaSolver, itself
        """
        self.assemble(equations, centres=centres)
        self.epsilon_ = self._choose() if isinstance(self.epsilon, str) else _positive(self.epsilon)
        self.matrix_ = self.system(self.epsilon_)
        self.solution_ = Expansion(self._basis(self.epsilon_), self._solve())
        return self

    def assemble(self, equations: Sequence[Collocation], *, centres: npt.ArrayLike | None = None) -> "KansaSolver":
        """Take and check the equations, as :meth:`fit` does, without solving anything: :meth:`system` is then known."""
        self._equations = tuple(equations)
        if not self._equations:
            raise ValueError("there are no equations; expected at least one Collocation")
        places = [equation.places() for equation in self._equations]
        widths = sorted({points.shape[1] for points in places})
        if len(widths) > 1:
            raise ValueError(f"the points of the equations have {' and '.join(map(str, widths))} coordinates")
        self._centres = np.vstack(places) if centres is None else np.array(centres, dtype=float)
        self._check_square(sum(map(len, places)))
        self._check_apart()
        data = [equation.right_hand_side() for equation in self._equations]
        self.right_hand_side_ = np.concatenate([*data, np.zeros(self._basis(1.0).size - len(self._centres))])
        return self

    def system(self, epsilon: float) -> np.ndarray:
        """Matrix of the equations for a shape parameter, array (N + R, N + R); the last R rows belong to the polynomial."""
        basis = self._basis(epsilon)
        rows = [equation.operator.matrix(basis, equation.places()) for equation in self._equations]
        return np.vstack([*rows, basis.moments()])

    def predict(self, x: npt.ArrayLike) -> np.ndarray:
        """Solution at places (M, D): array (M,)."""
        if not hasattr(self, "solution_"):
            raise ValueError("this KansaSolver has solved nothing yet; call fit(equations) first")
        return self.solution_.predict(x)

    def gradient(self, x: npt.ArrayLike) -> np.ndarray:
        """Its gradient: array (M, D)."""
        return self.solution_.gradient(x)

    def leave_one_out_errors(self) -> np.ndarray:
        """How badly each equation is met when it and its centre are omitted: array (N,), by Rippa's formula."""
        return leave_one_out_errors(self.matrix_, self.right_hand_side_[: len(self._centres)])

    @property
    def condition_number_(self) -> float:
        """Largest over smallest singular value; beyond about 1e16 coefficients are noise, and yet the solution may be good."""
        return float(np.linalg.cond(self.matrix_))

    def _basis(self, epsilon: float) -> KernelBasis:
        return KernelBasis(self._centres, self.kernel, epsilon, degree=self.degree)

    def _solve(self) -> np.ndarray:
        try:
            coefficients = np.linalg.solve(self.matrix_, self.right_hand_side_)
        except np.linalg.LinAlgError:
            raise self._singular() from None
        if not _is_met(self.matrix_, coefficients, self.right_hand_side_):
            raise self._singular()
        return coefficients

    def _singular(self) -> np.linalg.LinAlgError:
        return np.linalg.LinAlgError(
            f"the collocation system of {len(self.matrix_)} equations is singular or nearly so: its condition number is "
            f"{self.condition_number_:.1e} for the kernel {self.kernel!r} with epsilon={self.epsilon_:.3g}. Raise epsilon, take "
            "fewer centres, or move some of them"
        )

    def _choose(self) -> float:
        if self.epsilon != "loo":
            raise ValueError(f"epsilon must be a positive number or 'loo', but is {self.epsilon!r}")
        if not radial_kernels.get(self.kernel).needs_epsilon:
            raise ValueError(f"the kernel {self.kernel!r} has no shape to choose: give epsilon=1.0")
        if len(self._centres) < 2:
            raise ValueError(
                "epsilon='loo' leaves one of the equations out, but there is only one; give epsilon a number"
            )
        spacing = KDTree(self._centres).query(self._centres, k=2)[0][:, 1].mean()
        values = self.right_hand_side_

        def cost(epsilon: float) -> float:
            system = self.system(epsilon)
            errors = leave_one_out_errors(system, values[: len(self._centres)])
            coefficients = np.linalg.solve(system, values)
            # Where kernels are so flat that the equations are not even met, the errors are noise and may happen to be small.
            if not _is_met(system, coefficients, values):
                return np.inf
            return float(np.sum(errors**2) + np.sum((system @ coefficients - values) ** 2))

        return choose_epsilon(cost, 0.02 / spacing, 2 / spacing)

    def _check_square(self, n_equations: int) -> None:
        if not np.isfinite(self._centres).all():
            raise ValueError(f"the centres, of shape {self._centres.shape}, are not all finite")
        if self._centres.ndim != 2 or len(self._centres) != n_equations:
            raise ValueError(
                f"there are {n_equations} equations, but the centres have shape {self._centres.shape}; "
                f"expected ({n_equations}, D)"
            )

    def _check_apart(self) -> None:
        nearest = KDTree(self._centres).query(self._centres, k=2)[0][:, 1]
        same = np.flatnonzero(nearest == 0)
        if len(same):
            first = int(same[0])
            raise ValueError(
                f"{len(same)} centres coincide with another, such as number {first} at {self._centres[first].tolist()}: a "
                "point that bears two equations needs a second centre elsewhere"
            )


def _positive(epsilon: float) -> float:
    if not isinstance(epsilon, Real) or not 0 < epsilon < np.inf:
        raise ValueError(f"epsilon must be positive and finite, or 'loo', but is {epsilon!r}")
    return float(epsilon)


def _is_met(system: np.ndarray, coefficients: np.ndarray, values: np.ndarray) -> bool:
    """Whether large terms that cancel leave enough digits of the right-hand side; False for what is not finite."""
    rounding = np.finfo(float).eps * (np.abs(system) @ np.abs(coefficients)).max()
    return bool(rounding <= _WORST_ROUNDING * np.abs(values).max())
