r"""A radial-basis network as a physics-informed network with one layer: centres and widths may learn, too.

The loss is that of a physics-informed network, the mean square of the residuals of every equation, weighted. With fixed hidden
units it is linear least squares; with one unit for each equation its minimum 0 is Kansa's solution.

Shapes: H units, M equations, D coordinates.

References
----------
Broomhead and Lowe (1988), Multivariable functional interpolation and adaptive networks, Complex Systems 2, 321-355.
Golub and Pereyra (1973), The differentiation of pseudo-inverses and nonlinear least squares problems whose variables separate,
SIAM Journal on Numerical Analysis 10(2), https://doi.org/10.1137/0710036.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy.optimize import least_squares

from nndl_support.pinn.kernel_basis import KernelBasis
from nndl_support.pinn.linear_operators import Collocation

# Singular values smaller than this, relative to the largest, are not inverted.
_NEGLIGIBLE = 1e-13
# Widths stay within a factor of a thousand of those at the start, as logarithms.
_FARTHEST = np.log(1e3)


def weighted_system(
    equations: Sequence[Collocation],
    weights: Sequence[float],
    centres: np.ndarray,
    epsilons: npt.ArrayLike,
    kernel: str = "gaussian",
) -> tuple[np.ndarray, np.ndarray]:
    r"""Matrix and right-hand side whose squared difference is the loss of a physics-informed network.

    .. math:: \lVert Ac - b\rVert^2
        = \sum_e \frac{\lambda_e}{M_e} \sum_{i=1}^{M_e} \bigl((\mathcal{L}_e u)(x_i) - f_e(x_i)\bigr)^2

    Parameters
    ----------
    equations : sequence of E Collocation
    weights : sequence of E floats > 0, lambda
    centres : array (H, D)
    epsilons : array (H,) of floats > 0, one over the width of each unit
    kernel : str

    Returns
    -------
    A : array (M, H)
    b : array (M,)

    Raises
    ------
    ValueError
        When there is not one positive weight for each equation, or not one positive epsilon for each centre.

    Examples
    --------
    >>> from nndl_support.pinn.linear_operators import dirichlet
    >>> A, b = weighted_system([Collocation(dirichlet(), [[0.0], [1.0]], 3.0)], [2.0], np.zeros((1, 1)), [1.0])
    >>> A.T, b
    (array([[1.        , 0.36787944]]), array([3., 3.]))
    """
    centres, shapes = _check_units(centres, epsilons)
    if not len(equations):
        raise ValueError("there are no equations; expected at least one Collocation")
    if len(weights) != len(equations):
        raise ValueError(f"there are {len(weights)} weights, but {len(equations)} equations; expected one for each")
    if not all(weight > 0 for weight in weights):
        raise ValueError(f"weights is {list(weights)}; expected positive numbers")
    columns = [_column(equations, weights, centre, shape, kernel) for centre, shape in zip(centres, shapes)]
    data = [_scale(e, weight) * e.right_hand_side() for e, weight in zip(equations, weights)]
    return np.column_stack(columns), np.concatenate(data)


def _column(
    equations: Sequence[Collocation], weights: Sequence[float], centre: np.ndarray, epsilon: float, kernel: str
) -> np.ndarray:
    # Every unit has a width of its own, so every unit is a basis of its own.
    basis = KernelBasis(centre[None], kernel, float(epsilon))
    rows = [_scale(e, weight) * e.operator.matrix(basis, e.places())[:, 0] for e, weight in zip(equations, weights)]
    return np.concatenate(rows)


def _scale(equation: Collocation, weight: float) -> float:
    return float(np.sqrt(weight / len(equation.places())))


def _check_units(centres: npt.ArrayLike, epsilons: npt.ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """Centres (H, D) and one over the width of each, (H,)."""
    places, shapes = np.asarray(centres, dtype=float), np.asarray(epsilons, dtype=float)
    if places.ndim != 2 or not np.isfinite(places).all():
        raise ValueError(f"centres has shape {places.shape}; expected (H, D), all of it finite")
    if shapes.shape not in ((), (len(places),)):
        raise ValueError(f"epsilon has shape {shapes.shape} for {len(places)} centres; expected () or ({len(places)},)")
    if not (np.isfinite(shapes) & (shapes > 0)).all():
        raise ValueError(f"epsilon is {shapes.tolist()}; expected positive numbers")
    return places, np.broadcast_to(shapes, len(places))


def projected_jacobian(A: np.ndarray, b: np.ndarray, slopes: np.ndarray) -> np.ndarray:
    r"""How the residual with the best output weights changes with the hidden units (Golub and Pereyra).

    .. math:: r = Ac - b,\ c = A^+ b \quad\Rightarrow\quad
        \frac{\partial r}{\partial\theta} = (I - AA^+)\, \frac{\partial A}{\partial\theta}\, c
        - (A^+)^\top \frac{\partial A^\top}{\partial\theta}\, r

    Parameters
    ----------
    A : array (M, H)
    b : array (M,)
    slopes : array (H, P, M)
        Derivative of column h of A with respect to the p-th number of unit h, on which no other column depends.

    Returns
    -------
    array (M, HP), the unit before the number

    Examples
    --------
    One unit, :math:`A = (1, \theta)^\top` at 0, so that :math:`r = (0, -1)` and moving the second entry turns it:

    >>> projected_jacobian(np.array([[1.0], [0.0]]), np.array([1.0, 1.0]), np.array([[[0.0, 1.0]]]))
    array([[1.],
           [1.]])
    """
    inverse = np.linalg.pinv(A, rcond=_NEGLIGIBLE)
    c = inverse @ b
    residual = A @ c - b
    moved = slopes * c[:, None, None]
    moved = moved - moved @ inverse.T @ A.T
    turned = (slopes @ residual)[:, :, None] * inverse[:, None, :]
    return (moved - turned).reshape(-1, len(b)).T


def gradient_descent_path(A: np.ndarray, b: np.ndarray, steps: npt.ArrayLike) -> np.ndarray:
    r"""Output weights after so many steps of gradient descent on the loss, from zero, with the largest rate that is safe.

    .. math:: c^{(t+1)} = c^{(t)} - \eta A^\top (Ac^{(t)} - b), \quad \eta = \sigma_1^{-2} \qquad\Rightarrow\qquad
        c^{(t)} = \sum_k \bigl(1 - (1 - \sigma_k^2/\sigma_1^2)^t\bigr)\,\frac{u_k^\top b}{\sigma_k}\,v_k

    Parameters
    ----------
    A : array (M, H), with singular values sigma and vectors u, v
    b : array (M,)
    steps : integer array (T,), t

    Returns
    -------
    array (T, H)

    Notes
    -----
    The sum is what a loop would compute without rounding; each direction has its own pace, and the slowest takes of the order of
    the squared condition number of A.

    Examples
    --------
    >>> gradient_descent_path(np.diag([2.0, 1.0]), np.array([2.0, 1.0]), [0, 1, 2])
    array([[0.    , 0.    ],
           [1.    , 0.25  ],
           [1.    , 0.4375]])
    """
    t = np.asarray(steps)
    if (t < 0).any():
        raise ValueError(f"steps is {t.tolist()}; expected numbers of at least 0")
    if A.ndim != 2 or b.shape != A.shape[:1]:
        raise ValueError(f"A has shape {A.shape} and b {b.shape}; expected (M, H) and (M,)")
    u, sigma, vt = np.linalg.svd(A, full_matrices=False)
    shrinking = 1 - (sigma / sigma[0]) ** 2
    done = 1 - shrinking[None, :] ** t.astype(float)[:, None]
    return np.asarray((done * (u.T @ b) / sigma) @ vt)


class RBFNetworkPINN:
    r"""One hidden layer of radial units, trained on the residuals of differential equations.

    .. math:: u(x) = \sum_{i=1}^{H} c_i\,\varphi(\varepsilon_i\lVert x - x_i\rVert)

    Parameters
    ----------
    centres : array (H, D)
        Where the units are, or start.
    epsilon : float > 0 or array (H,)
        One over their widths, at the start.
    kernel : str
    learn : bool
        Whether centres and widths learn; the output weights always do.
    max_evaluations : int
        How many steps the search for centres and widths may try.

    Attributes
    ----------
    centres_ : array (H, D)
    epsilons_ : array (H,)
    coefficients_ : array (H,)
    losses_ : list of float, at the start and at the end

    Notes
    -----
    Output weights are the solution of a linear least-squares problem for whatever centres and widths (variable projection); only
    the latter are searched for, by a trust-region Gauss-Newton method with :func:`projected_jacobian`.

    Examples
    --------
    >>> from nndl_support.pinn.linear_operators import AdvectionDiffusion, dirichlet
    >>> line = np.linspace(0, 1, 21)[:, None]
    >>> equations = [Collocation(AdvectionDiffusion(), line, 2.0), Collocation(dirichlet(), line[[0, -1]])]
    >>> network = RBFNetworkPINN(line[::5], 1.0).fit(equations)
    >>> network.predict([[0.5]]).round(3)
    array([0.25])
    """

    def __init__(
        self,
        centres: npt.ArrayLike,
        epsilon: float | npt.ArrayLike,
        *,
        kernel: str = "gaussian",
        learn: bool = False,
        max_evaluations: int = 100,
    ) -> None:
        self.centres, self.epsilon, self.kernel = np.array(centres, dtype=float), epsilon, kernel
        self.learn, self.max_evaluations = learn, max_evaluations
        _check_units(self.centres, epsilon)

    def fit(self, equations: Sequence[Collocation], *, weights: Sequence[float] | None = None) -> "RBFNetworkPINN":
        """Minimise the weighted mean squares of the residuals.

        Parameters
        ----------
        equations : sequence of E Collocation
        weights : sequence of E floats > 0; all 1 without it

        Returns
        -------
        RBFNetworkPINN, itself
        """
        balance = [1.0] * len(equations) if weights is None else list(weights)
        places, shapes = _check_units(self.centres, self.epsilon)
        hidden = np.column_stack([places, np.log(shapes)]).ravel()

        def system(hidden: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            return weighted_system(equations, balance, *self._unpack(hidden), self.kernel)

        def residual(hidden: np.ndarray) -> np.ndarray:
            A, b = system(hidden)
            return A @ _least_squares(A, b) - b

        def jacobian(hidden: np.ndarray) -> np.ndarray:
            slopes = [self._slopes(equations, balance, unit) for unit in zip(*self._unpack(hidden))]
            return projected_jacobian(*system(hidden), np.array(slopes))

        self.losses_ = [float(np.sum(residual(hidden) ** 2))]
        if self.learn:
            hidden = least_squares(residual, hidden, jac=jacobian, max_nfev=self.max_evaluations).x
            self.losses_.append(float(np.sum(residual(hidden) ** 2)))
        self.centres_, self.epsilons_ = self._unpack(hidden)
        self.coefficients_ = _least_squares(
            *weighted_system(equations, balance, self.centres_, self.epsilons_, self.kernel)
        )
        return self

    def predict(self, x: npt.ArrayLike) -> np.ndarray:
        """Output at places (M, D): array (M,)."""
        if not hasattr(self, "coefficients_"):
            raise ValueError("this RBFNetworkPINN has learnt nothing yet; call fit(equations) first")
        columns = [
            KernelBasis(centre[None], self.kernel, epsilon).values(x)
            for centre, epsilon in zip(self.centres_, self.epsilons_)
        ]
        return np.hstack(columns) @ self.coefficients_

    def _slopes(
        self, equations: Sequence[Collocation], weights: Sequence[float], unit: tuple[np.ndarray, float]
    ) -> np.ndarray:
        """Central differences of a unit's column with respect to its centre and ln epsilon: array (D + 1, M)."""
        here, step, columns = np.append(unit[0], np.log(unit[1])), 1e-5, []
        for change in step * np.eye(len(here)):
            ahead, behind = (
                _column(equations, weights, moved[:-1], np.exp(moved[-1]), self.kernel)
                for moved in (here + change, here - change)
            )
            columns.append((ahead - behind) / (2 * step))
        return np.array(columns)

    def _unpack(self, hidden: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        # A row for each unit: its centre and ln epsilon, so that widths stay positive. A unit that has lost its weight feels no
        # slope, and a step may carry it anywhere: the limits keep its numbers finite.
        rows = hidden.reshape(len(self.centres), -1)
        first = np.log(np.asarray(self.epsilon, dtype=float))
        return rows[:, :-1], np.exp(np.clip(rows[:, -1], first - _FARTHEST, first + _FARTHEST))


def _least_squares(A: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.asarray(np.linalg.lstsq(A, b, rcond=_NEGLIGIBLE)[0])
