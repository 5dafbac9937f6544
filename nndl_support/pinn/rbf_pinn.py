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
        When there is not one weight for each equation, or not one epsilon for each centre.

    Examples
    --------
    >>> from nndl_support.pinn.linear_operators import dirichlet
    >>> A, b = weighted_system([Collocation(dirichlet(), [[0.0], [1.0]], 3.0)], [2.0], np.zeros((1, 1)), [1.0])
    >>> A.T, b
    (array([[1.        , 0.36787944]]), array([3., 3.]))
    """
    shapes = np.broadcast_to(np.asarray(epsilons, dtype=float), len(centres))
    if len(weights) != len(equations):
        raise ValueError(f"there are {len(weights)} weights, but {len(equations)} equations; expected one for each")
    rows, data = [], []
    for equation, weight in zip(equations, weights):
        places = equation.places()
        # Every unit has a width of its own, so every unit is a basis of its own.
        columns = [
            equation.operator.matrix(KernelBasis(centre[None], kernel, epsilon), places)
            for centre, epsilon in zip(centres, shapes)
        ]
        scale = np.sqrt(weight / len(places))
        rows.append(scale * np.hstack(columns))
        data.append(scale * equation.right_hand_side())
    return np.vstack(rows), np.concatenate(data)


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
    u, sigma, vt = np.linalg.svd(A, full_matrices=False)
    shrinking = 1 - (sigma / sigma[0]) ** 2
    done = 1 - shrinking[None, :] ** np.asarray(steps, dtype=float)[:, None]
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
    the latter are searched for, by a trust-region Gauss-Newton method with differences for derivatives.

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
        if self.centres.ndim != 2:
            raise ValueError(f"centres has shape {self.centres.shape}; expected (H, D)")

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
        shapes = np.broadcast_to(np.asarray(self.epsilon, dtype=float), len(self.centres))
        hidden = np.concatenate([self.centres.ravel(), np.log(shapes)])

        def residual(hidden: np.ndarray) -> np.ndarray:
            A, b = weighted_system(equations, balance, *self._unpack(hidden), self.kernel)
            return A @ _least_squares(A, b) - b

        self.losses_ = [float(np.sum(residual(hidden) ** 2))]
        if self.learn:
            hidden = least_squares(residual, hidden, max_nfev=self.max_evaluations).x
            self.losses_.append(float(np.sum(residual(hidden) ** 2)))
        self.centres_, self.epsilons_ = self._unpack(hidden)
        self.coefficients_ = _least_squares(
            *weighted_system(equations, balance, self.centres_, self.epsilons_, self.kernel)
        )
        return self

    def predict(self, x: npt.ArrayLike) -> np.ndarray:
        """Output at places (M, D): array (M,)."""
        columns = [
            KernelBasis(centre[None], self.kernel, epsilon).values(x)
            for centre, epsilon in zip(self.centres_, self.epsilons_)
        ]
        return np.hstack(columns) @ self.coefficients_

    def _unpack(self, hidden: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        split = self.centres.size
        # Logarithms, so that widths stay positive.
        return hidden[:split].reshape(self.centres.shape), np.exp(hidden[split:])


def _least_squares(A: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.asarray(np.linalg.lstsq(A, b, rcond=1e-13)[0])
