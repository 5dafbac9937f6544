r"""The functions out of which a collocation method builds its solution: one kernel for each centre, beside a polynomial.

.. math:: u(x) = \sum_{j=1}^{N} c_j\,\varphi(\varepsilon\lVert x - x_j\rVert) + \sum_{r=1}^{R} a_r\,p_r(x)

Shapes: M places, N centres, R monomials, K = N + R functions, D coordinates.

References
----------
Fasshauer (2007), Meshfree Approximation Methods with MATLAB, World Scientific, https://doi.org/10.1142/6437, chapters 6 and 38.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from nndl_support.classical import polynomial_tail, radial_kernels
from nndl_support.classical.radial_kernels import RadialKernel
from nndl_support.pinn.kernels import hessian_matrix


class KernelBasis:
    """Kernels on centres and the monomials up to a degree, with their derivatives as matrices.

    Parameters
    ----------
    centres : array (N, D)
    kernel : str or RadialKernel
        One of :func:`nndl_support.classical.radial_kernels.names`.
    epsilon : float > 0
        Shape parameter, an inverse length: small is flat.
    degree : int of at least -1
        Degree of the polynomial; -1 is none.

    Attributes
    ----------
    centres, kernel, epsilon, degree
    powers : integer array (R, D), exponents of the monomials

    Raises
    ------
    ValueError
        When the centres are no array (N, D) of finite numbers, or there are too few of them for the polynomial.

    Notes
    -----
    The monomials are those of the coordinates moved and scaled to -1 ... 1 over the centres.

    Examples
    --------
    >>> basis = KernelBasis([[0.0], [1.0]], "gaussian", 1.0, degree=0)
    >>> basis.values([[0.0]])
    array([[1.        , 0.36787944, 1.        ]])
    >>> basis.laplacians([[0.0]])[0, 0], basis.size
    (np.float64(-2.0), 3)
    """

    def __init__(self, centres: npt.ArrayLike, kernel: str | RadialKernel, epsilon: float, *, degree: int = -1) -> None:
        self.centres = np.array(centres, dtype=float)
        if self.centres.ndim != 2 or 0 in self.centres.shape or not np.isfinite(self.centres).all():
            raise ValueError(f"centres has shape {self.centres.shape}; expected (N, D), all of it finite")
        if degree < -1:
            raise ValueError(f"degree is {degree}; expected at least -1, which is no polynomial")
        self.kernel, self.epsilon, self.degree = radial_kernels.get(kernel), epsilon, degree
        self.powers = polynomial_tail.monomial_powers(self.centres.shape[1], degree)
        if len(self.powers) > len(self.centres):
            raise ValueError(
                f"{len(self.centres)} centres cannot carry the {len(self.powers)} monomials of degree {degree}"
            )
        low, high = self.centres.min(axis=0), self.centres.max(axis=0)
        self._shift, self._scale = (high + low) / 2, np.where(high > low, (high - low) / 2, 1.0)

    @property
    def size(self) -> int:
        """How many functions there are, K = N + R."""
        return len(self.centres) + len(self.powers)

    def values(self, x: npt.ArrayLike) -> np.ndarray:
        """Value of every function at every place: array (M, K)."""
        kernels = radial_kernels.value_matrix(x, self.centres, self.kernel, self.epsilon)
        return np.hstack([kernels, polynomial_tail.monomials(self._unit(x), self.powers)])

    def gradients(self, x: npt.ArrayLike) -> np.ndarray:
        """Gradients: array (M, K, D)."""
        kernels = radial_kernels.gradient_matrix(x, self.centres, self.kernel, self.epsilon)
        tail = polynomial_tail.monomial_gradients(self._unit(x), self.powers) / self._scale
        return np.concatenate([kernels, tail], axis=1)

    def laplacians(self, x: npt.ArrayLike) -> np.ndarray:
        """Laplacians: array (M, K)."""
        kernels = radial_kernels.laplacian_matrix(x, self.centres, self.kernel, self.epsilon)
        tail = polynomial_tail.monomial_second_derivatives(self._unit(x), self.powers) / self._scale**2
        return np.hstack([kernels, tail.sum(axis=2)])

    def hessians(self, x: npt.ArrayLike) -> np.ndarray:
        """All second derivatives: array (M, K, D, D)."""
        kernels = hessian_matrix(x, self.centres, self.kernel, self.epsilon)
        n_coordinates, places = self.centres.shape[1], self._unit(x)
        tail = np.empty((len(places), len(self.powers), n_coordinates, n_coordinates))
        for d, unit in enumerate(np.eye(n_coordinates, dtype=int)):
            # d/dx_d of the monomial, which has one power less, and then its gradient.
            lowered = np.maximum(self.powers - unit, 0)
            gradients = polynomial_tail.monomial_gradients(places, lowered)
            tail[:, :, d, :] = self.powers[:, d, None] * gradients / (self._scale[d] * self._scale)
        return np.concatenate([kernels, tail], axis=1)

    def moments(self) -> np.ndarray:
        """Rows that keep the kernels from saying what the polynomial can say: array (R, K), to be equated with 0."""
        P = polynomial_tail.monomials(self._unit(self.centres), self.powers)
        return np.hstack([P.T, np.zeros((len(self.powers), len(self.powers)))])

    def _unit(self, x: npt.ArrayLike) -> np.ndarray:
        # Shapes were checked by the kernels, which come first.
        return np.asarray((np.asarray(x, dtype=float) - self._shift) / self._scale)


class Expansion(NamedTuple):
    """A function out of a basis: coefficients times functions.

    Attributes
    ----------
    basis : KernelBasis
    coefficients : array (K,)

    Examples
    --------
    >>> bump = Expansion(KernelBasis([[0.0]], "gaussian", 1.0), np.array([2.0]))
    >>> bump.predict([[0.0]]), bump.laplacian([[0.0]])
    (array([2.]), array([-4.]))
    """

    basis: KernelBasis
    coefficients: np.ndarray

    def predict(self, x: npt.ArrayLike) -> np.ndarray:
        """Value at places (M, D): array (M,)."""
        return self.basis.values(x) @ self.coefficients

    def gradient(self, x: npt.ArrayLike) -> np.ndarray:
        """Gradient: array (M, D)."""
        return np.einsum("mkd,k->md", self.basis.gradients(x), self.coefficients)

    def laplacian(self, x: npt.ArrayLike) -> np.ndarray:
        """Laplacian: array (M,)."""
        return self.basis.laplacians(x) @ self.coefficients
