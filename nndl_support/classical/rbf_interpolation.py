r"""Interpolation by radial basis functions: one unit for each point, in any number of dimensions (径向基函数插值).

Shapes: N data points, B places, D coordinates, S values at each point.

References
----------
Broomhead and Lowe (1988), Multivariable functional interpolation and adaptive networks, Complex Systems 2, 321-355.
Fasshauer (2007), Meshfree Approximation Methods with MATLAB, World Scientific, https://doi.org/10.1142/6437.
"""

from collections.abc import Iterator
from numbers import Integral, Real

import numpy as np
import numpy.typing as npt
from scipy.linalg import LinAlgError
from scipy.linalg.lapack import dgesv
from scipy.spatial import KDTree

from nndl_support.classical import polynomial_tail, radial_kernels
from nndl_support.classical.shape_parameter import choose_epsilon, leave_one_out_errors

# So many numbers of a matrix at a time, when interpolants are evaluated: they fit into a processor's cache.
_CHUNK = 2**15


class RBFInterpolator:
    r"""Smooth function through scattered points, in any number of dimensions.

    .. math:: s(x) = \sum_{j=1}^{N} c_j\,\varphi(\varepsilon\lVert x - y_j\rVert) + \sum_{r=1}^{R} a_r\,p_r(x), \qquad
        \begin{pmatrix} A + \lambda I & P \\ P^\top & 0 \end{pmatrix} \begin{pmatrix} c \\ a \end{pmatrix} =
        \begin{pmatrix} d \\ 0 \end{pmatrix}

    Parameters
    ----------
    y : array (N, D), the points
    d : array (N, ...), the value or values at each of them
    smoothing : float >= 0 or array (N,)
        :math:`\lambda`; 0 goes through the values, more trades closeness for smoothness.
    kernel : str
        One of :func:`nndl_support.classical.radial_kernels.names`.
    epsilon : float > 0, or "loo"
        Shape parameter, an inverse length: small is flat. "loo" takes the one whose leave-one-out error is the smallest between
        1/50 and 2 over the mean distance of nearest neighbours; it costs about forty inverses. May be left out for the
        kernels that have no scale: linear, thin_plate_spline, cubic, quintic.
    degree : int, at least -1
        Degree of the polynomial; -1 is none. Unless told, the least that the kernel needs, and at least 0.

    Attributes
    ----------
    y, d, smoothing, epsilon, kernel, degree, powers
        As used: with ``epsilon`` chosen, ``smoothing`` an array (N,), and the exponents (R, D) of the monomials.
    coefficients : array (N, ...), c
    polynomial_coefficients : array (R, ...), a, of monomials of the coordinates moved and scaled to -1 ... 1

    Raises
    ------
    ValueError
        When the shapes do not fit, a number is not finite, two points coincide without smoothing, the points are too few for
        the polynomial, or a parameter is out of its range.

    Notes
    -----
    The call, the kernels, their signs and the scaling of the polynomial follow ``scipy.interpolate.RBFInterpolator``, with which
    results agree. That one can use only near neighbours; this one adds derivatives, leave-one-out errors and the kernels
    of Wendland. Nothing warns when the system is ill-conditioned: see :meth:`condition_number`;
    only an exactly singular one raises ``numpy.linalg.LinAlgError``. "loo" often ends near the limit of double precision;
    there the shape depends on the last bits of the matrix, so it may differ from one computer to another.

    References
    ----------
    Fasshauer (2007), chapters 2, 6, 8 and 17. Rippa (1999), https://doi.org/10.1023/A:1018975909870.

    Examples
    --------
    >>> corners = [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]
    >>> xor = RBFInterpolator(corners, [0, 1, 1, 0], kernel="gaussian", epsilon=1.0)
    >>> xor([[0.0, 1.0], [1.0, 1.0]])
    array([1., 0.])
    >>> xor.gradient([[0.5, 0.5]])
    array([[0., 0.]])
    """

    def __init__(
        self,
        y: npt.ArrayLike,
        d: npt.ArrayLike,
        *,
        smoothing: float | npt.ArrayLike = 0.0,
        kernel: str = "thin_plate_spline",
        epsilon: float | str | None = None,
        degree: int | None = None,
    ) -> None:
        self.y, self.d = _points_and_values(y, d)
        n_points, n_coordinates = self.y.shape
        self.kernel = kernel
        profile = radial_kernels.get(kernel)
        self.smoothing = _smoothing(smoothing, n_points)
        self.degree = _degree(degree, profile)
        if n_coordinates > profile.largest_dimension:
            raise ValueError(
                f"the kernel {kernel!r} is positive definite in at most {profile.largest_dimension} dimensions, "
                f"but y has {n_coordinates} columns"
            )
        self.powers = polynomial_tail.monomial_powers(n_coordinates, self.degree)
        low, high = self.y.min(axis=0), self.y.max(axis=0)
        self._shift = (high + low) / 2
        self._scale = np.where(high > low, (high - low) / 2, 1.0)
        self._values = np.vstack([self.d.reshape(n_points, -1), np.zeros((len(self.powers), self.d[0].size))])
        self._check_determined()
        self._check_apart()
        self.epsilon = self._choose(epsilon) if isinstance(epsilon, str) else _epsilon(epsilon, profile)
        self._solve()

    def __call__(self, x: npt.ArrayLike) -> np.ndarray:
        """Evaluate the interpolant.

        Parameters
        ----------
        x : array (M, D)

        Returns
        -------
        array (M, ...), with the trailing shape of d
        """

        places = self._places(x)
        result = polynomial_tail.monomials(self._unit(places), self.powers) @ self._polynomial_part
        for rows in self._chunks(places):
            result[rows] += (
                radial_kernels.value_matrix(places[rows], self.y, self.kernel, self.epsilon) @ self._kernel_part
            )
        return result.reshape(len(places), *self.d.shape[1:])

    def gradient(self, x: npt.ArrayLike) -> np.ndarray:
        """First derivatives of the interpolant.

        Parameters
        ----------
        x : array (M, D)

        Returns
        -------
        array (M, ..., D), with the trailing shape of d between

        Raises
        ------
        ValueError
            At the data points themselves for the kernel "linear", which has a kink there.
        """

        places = self._places(x)
        monomials = polynomial_tail.monomial_gradients(self._unit(places), self.powers) / self._scale
        result = np.einsum("mrd,rs->msd", monomials, self._polynomial_part)
        for rows in self._chunks(places):
            kernels = radial_kernels.gradient_matrix(places[rows], self.y, self.kernel, self.epsilon)
            result[rows] += np.einsum("mnd,ns->msd", kernels, self._kernel_part)
        return result.reshape(len(places), *self.d.shape[1:], self.y.shape[1])

    def laplacian(self, x: npt.ArrayLike) -> np.ndarray:
        """Sum of the second derivatives of the interpolant along all coordinates.

        Parameters
        ----------
        x : array (M, D)

        Returns
        -------
        array (M, ...), with the trailing shape of d

        Raises
        ------
        ValueError
            At the data points themselves for the kernels "linear" and "thin_plate_spline", which have none there.
        """

        places = self._places(x)
        monomials = polynomial_tail.monomial_second_derivatives(self._unit(places), self.powers) / self._scale**2
        result = monomials.sum(axis=2) @ self._polynomial_part
        for rows in self._chunks(places):
            result[rows] += (
                radial_kernels.laplacian_matrix(places[rows], self.y, self.kernel, self.epsilon) @ self._kernel_part
            )
        return result.reshape(len(places), *self.d.shape[1:])

    def leave_one_out_errors(self) -> np.ndarray:
        """Error at every point of the interpolant of all the others, by Rippa's formula.

        Returns
        -------
        array of the shape of d
        """
        return leave_one_out_errors(self.system(), self._values[: len(self.y)]).reshape(self.d.shape)

    def system(self, epsilon: float | None = None) -> np.ndarray:
        """The symmetric matrix of the linear equations, kernels first, then monomials.

        Parameters
        ----------
        epsilon : float, optional, another shape parameter than the interpolant's

        Returns
        -------
        array (N + R, N + R)
        """
        n_points, shape = len(self.y), self.epsilon if epsilon is None else epsilon
        system = np.zeros((n_points + len(self.powers),) * 2)
        kernels = system[:n_points, :n_points]
        for rows in self._chunks(self.y):
            kernels[rows] = radial_kernels.value_matrix(self.y[rows], self.y, self.kernel, shape)
        kernels[np.diag_indices(n_points)] += self.smoothing
        system[:n_points, n_points:] = polynomial_tail.monomials(self._unit(self.y), self.powers)
        system[n_points:, :n_points] = system[:n_points, n_points:].T
        return system

    def condition_number(self) -> float:
        """Largest over smallest singular value of :meth:`system`; beyond about 1e16 the coefficients are noise."""
        return float(np.linalg.cond(self.system()))

    def _check_determined(self) -> None:
        rank = (
            np.linalg.matrix_rank(polynomial_tail.monomials(self._unit(self.y), self.powers)) if len(self.powers) else 0
        )
        if rank < len(self.powers):
            raise ValueError(
                f"the {len(self.y)} points determine only {rank} of the {len(self.powers)} coefficients of a polynomial of "
                f"degree {self.degree} in {self.y.shape[1]} coordinates: add points that do not lie on one curve, or lower degree"
            )

    def _check_apart(self) -> None:
        order = np.lexsort((self.smoothing, *self.y.T))
        same = np.flatnonzero((np.diff(self.y[order], axis=0) == 0).all(axis=1))
        rigid = [i for i in same if self.smoothing[order[i]] == 0 and self.smoothing[order[i + 1]] == 0]
        if rigid:
            first, second = sorted((int(order[rigid[0]]), int(order[rigid[0] + 1])))
            raise ValueError(
                f"points {first} and {second} coincide at {self.y[first].tolist()} ({len(rigid)} such pairs); drop or average "
                "them, or let smoothing be positive there"
            )

    def _solve(self) -> None:
        # The matrix is symmetric, so its transpose is the same matrix in the order of columns that LAPACK wants.
        *_, solution, failed = dgesv(self.system().T, self._values, overwrite_a=True)
        if failed or not np.isfinite(solution).all():
            raise LinAlgError(
                f"singular system for the kernel {self.kernel!r} with epsilon={self.epsilon}: raise epsilon, or use smoothing"
            )
        n_points = len(self.y)
        self._kernel_part, self._polynomial_part = solution[:n_points], solution[n_points:]
        self.coefficients = self._kernel_part.reshape(self.d.shape)
        self.polynomial_coefficients = self._polynomial_part.reshape(len(self.powers), *self.d.shape[1:])

    def _choose(self, epsilon: str) -> float:
        if epsilon != "loo":
            raise ValueError(f"epsilon must be a positive number or 'loo', but is {epsilon!r}")
        if not radial_kernels.get(self.kernel).needs_epsilon:
            raise ValueError(f"the kernel {self.kernel!r} has no shape to choose: leave epsilon out")
        if len(self.y) < 3:
            raise ValueError(f"epsilon='loo' needs at least 3 points, but y has {len(self.y)}")
        spacing = KDTree(self.y).query(self.y, k=2)[0][:, 1].mean()
        if not spacing > 0:
            raise ValueError("epsilon='loo' needs points that differ")
        values = self._values[: len(self.y)]
        # Flat kernels are ill-conditioned, but rounding makes the errors larger much more often than smaller: no shape is
        # ruled out.
        return choose_epsilon(
            lambda shape: float(np.sum(leave_one_out_errors(self.system(shape), values) ** 2)),
            0.02 / spacing,
            2 / spacing,
        )

    def _unit(self, x: np.ndarray) -> np.ndarray:
        return (x - self._shift) / self._scale

    def _places(self, x: npt.ArrayLike) -> np.ndarray:
        places = np.asarray(x, dtype=float)
        if places.ndim != 2 or places.shape[1] != self.y.shape[1]:
            raise ValueError(
                f"x has shape {places.shape}, but the points have {self.y.shape[1]} coordinates; expected (M, D)"
            )
        return places

    def _chunks(self, places: np.ndarray) -> Iterator[slice]:
        """Rows of so many places at a time that their kernels fit into a processor's cache."""
        size = max(1, _CHUNK // len(self.y))
        return (slice(start, start + size) for start in range(0, len(places), size))


def _points_and_values(y: npt.ArrayLike, d: npt.ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    points, values = np.array(y, dtype=float), np.array(d)
    if points.ndim != 2 or 0 in points.shape:
        raise ValueError(f"y has shape {points.shape}; expected (N, D): N points with D coordinates")
    if values.ndim == 0 or len(values) != len(points):
        raise ValueError(f"d has shape {values.shape}, but y has {len(points)} points; expected ({len(points)}, ...)")
    if np.iscomplexobj(values):
        raise ValueError("d is complex: pass real and imaginary part as two columns")
    values = values.astype(float)
    for name, array in (("y", points), ("d", values)):
        if not np.isfinite(array).all():
            raise ValueError(f"{name} has {np.sum(~np.isfinite(array))} entries that are NaN or infinite")
    return points, values


def _smoothing(smoothing: float | npt.ArrayLike, n_points: int) -> np.ndarray:
    amounts = np.asarray(smoothing, dtype=float)
    if amounts.shape not in ((), (n_points,)) or not (amounts >= 0).all() or not np.isfinite(amounts).all():
        raise ValueError(
            f"smoothing must be a number >= 0, or one for each of the {n_points} points, but is {smoothing!r}"
        )
    return np.broadcast_to(amounts, (n_points,))


def _degree(degree: int | None, kernel: radial_kernels.RadialKernel) -> int:
    if degree is None:
        return max(kernel.least_degree, 0)
    if not isinstance(degree, Integral) or degree < -1 or -1 < degree < kernel.least_degree:
        raise ValueError(
            f"degree must be -1 (no polynomial) or a whole number of at least {max(kernel.least_degree, 0)} for the kernel "
            f"{kernel.name!r}, but is {degree!r}"
        )
    return int(degree)


def _epsilon(epsilon: float | None, kernel: radial_kernels.RadialKernel) -> float:
    if epsilon is None:
        if kernel.needs_epsilon:
            raise ValueError(f"the kernel {kernel.name!r} needs epsilon: a positive number, or 'loo' to have it chosen")
        return 1.0
    if not isinstance(epsilon, Real) or not 0 < epsilon < np.inf:
        raise ValueError(f"epsilon must be positive and finite, or 'loo', but is {epsilon!r}")
    return float(epsilon)
