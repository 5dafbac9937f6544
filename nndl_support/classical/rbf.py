r"""Radial basis functions at work: an interpolant with one unit for each point, and a network with fewer (径向基函数网络).

Shapes: N data points, B examples, D coordinates or features, M centres, S values or K targets at each point.

References
----------
Zhou (2016), Machine Learning (in Chinese), section 5.5.1.
Broomhead and Lowe (1988), Multivariable functional interpolation and adaptive networks, Complex Systems 2, 321-355.
Fasshauer (2007), Meshfree Approximation Methods with MATLAB, World Scientific, https://doi.org/10.1142/6437.
"""

from collections.abc import Iterator
from numbers import Integral, Real
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from scipy.linalg import LinAlgError
from scipy.linalg.lapack import dgesv
from scipy.spatial import KDTree
from scipy.spatial.distance import cdist, pdist
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.utils import check_random_state
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from nndl_support.classical import centres as placing
from nndl_support.classical import polynomial_tail, radial_kernels, rbf_gradient
from nndl_support.classical.linear_readout import Readout, fit_readout
from nndl_support.classical.shape_parameter import choose_epsilon, leave_one_out_errors

# So many numbers of a matrix at a time, when interpolants are evaluated: they fit into a processor's cache.
_CHUNK = 2**15
# Widths, their inverses and coordinates beyond this have squares that float64 cannot hold.
_LARGEST = 1e150


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


class _RBFNetwork(BaseEstimator):
    """What classifier and regressor share: hidden units on centres, then a linear layer."""

    def __init__(
        self,
        n_centers: int = 10,
        *,
        centers: str | npt.ArrayLike = "kmeans",
        width: str | float = "loo",
        regularization: float = 1e-8,
        fit_intercept: bool = True,
        max_iter: int = 200,
        random_state: Any = None,
    ) -> None:
        self.n_centers = n_centers
        self.centers = centers
        self.width = width
        self.regularization = regularization
        self.fit_intercept = fit_intercept
        self.max_iter = max_iter
        self.random_state = random_state

    def hidden_activations(self, X: npt.ArrayLike) -> np.ndarray:
        """Activation of every hidden unit.

        Parameters
        ----------
        X : array (B, D)

        Returns
        -------
        array (B, M), entries in [0, 1]
        """
        return self._hidden(self._checked(X))

    def distance_to_centers(self, X: npt.ArrayLike) -> np.ndarray:
        """How many widths the nearest unit is away: small where the network has seen data, large where it guesses.

        Parameters
        ----------
        X : array (B, D)

        Returns
        -------
        array (B,)
        """
        return (cdist(self._checked(X), self.centers_) / self.widths_).min(axis=1)

    def _checked(self, X: npt.ArrayLike) -> np.ndarray:
        check_is_fitted(self)
        return np.asarray(validate_data(self, X, reset=False, dtype=np.float64))

    def _hidden(self, X: np.ndarray) -> np.ndarray:
        return rbf_gradient.activations(X, self.centers_, 1 / (2 * self.widths_**2))

    def _outputs(self, X: npt.ArrayLike) -> np.ndarray:
        return self.hidden_activations(X) @ self.coef_ + self.intercept_

    def _fit(self, X: np.ndarray, targets: np.ndarray) -> None:
        self._check_parameters(X)
        rng = np.random.default_rng(check_random_state(self.random_state).randint(2**31))
        how = self.centers if isinstance(self.centers, str) else "given"
        self.n_iter_ = 1
        for name in ("error_reduction_ratios_", "loss_curve_"):  # of an earlier fit in another way
            if hasattr(self, name):
                delattr(self, name)
        if how == "given":
            self.centers_ = np.array(self.centers, dtype=float)
        elif how in ("kmeans", "gradient"):
            self.centers_ = placing.kmeans_centres(X, self.n_centers, rng)
        else:
            self.centers_ = placing.random_centres(X, self.n_centers, rng)
        self.widths_, readout = self._widths_and_readout(X, targets)
        if how == "ols":
            # The candidates need a width before they can be chosen: that of the random centres.
            readout = self._select(X, targets, float(self.widths_.mean()))
        if how == "gradient":
            start = rbf_gradient.Parameters(self.centers_, 1 / (2 * self.widths_**2), readout.weights, readout.bias)
            learnt, self.loss_curve_ = rbf_gradient.descend(
                X,
                targets,
                start,
                regularization=self.regularization,
                fit_intercept=self.fit_intercept,
                max_iter=self.max_iter,
            )
            self.centers_, self.widths_ = learnt.centres, 1 / np.sqrt(2 * learnt.beta)
            readout = Readout(learnt.weights, learnt.bias, np.empty((0, 0)))
            self.n_iter_ = max(1, len(self.loss_curve_) - 1)
        self.coef_, self.intercept_ = readout.weights, readout.bias

    def _select(self, X: np.ndarray, targets: np.ndarray, width: float) -> Readout:
        candidates = np.unique(X, axis=0)
        hidden = rbf_gradient.activations(X, candidates, 1 / (2 * width**2))
        means = (hidden.mean(axis=0), targets.mean(axis=0)) if self.fit_intercept else (0.0, 0.0)
        chosen, self.error_reduction_ratios_ = placing.orthogonal_least_squares(
            hidden - means[0], targets - means[1], self.n_centers
        )
        self.centers_ = candidates[chosen]
        self.widths_, readout = self._widths_and_readout(X, targets)
        return readout

    def _widths_and_readout(self, X: np.ndarray, targets: np.ndarray) -> tuple[np.ndarray, Readout]:
        """Widths by the rule asked for, and the output layer that belongs to them."""
        n_centers = len(self.centers_)
        if isinstance(self.width, Real):
            return self._with(X, targets, np.full(n_centers, float(self.width)))
        # A lone unit, or units in one place, know no distance between centres: the spread of the data stands in.
        spread = np.sqrt(np.mean(cdist(X, self.centers_, "sqeuclidean"))) or 1.0
        apart = n_centers > 1 and pdist(self.centers_).min() > 0
        if self.width == "loo":
            typical = float(np.median(placing.nearest_neighbour_widths(self.centers_))) if apart else spread
            tried = [
                self._with(X, targets, np.full(n_centers, factor * typical)) for factor in np.geomspace(0.25, 8, 16)
            ]
            return min(tried, key=lambda pair: np.sum(pair[1].leave_one_out ** 2))
        if not apart:
            return self._with(X, targets, np.full(n_centers, spread))
        if self.width == "nearest":
            return self._with(X, targets, placing.nearest_neighbour_widths(self.centers_))
        return self._with(X, targets, np.full(n_centers, placing.maximum_distance_width(self.centers_)))

    def _with(self, X: np.ndarray, targets: np.ndarray, widths: np.ndarray) -> tuple[np.ndarray, Readout]:
        hidden = rbf_gradient.activations(X, self.centers_, 1 / (2 * widths**2))
        return widths, fit_readout(
            hidden, targets, regularization=self.regularization, fit_intercept=self.fit_intercept
        )

    def _check_parameters(self, X: np.ndarray) -> None:
        for name in ("n_centers", "max_iter"):
            value = getattr(self, name)
            if not isinstance(value, Integral) or isinstance(value, bool) or value < 1:
                raise ValueError(f"{name} must be a whole number of at least 1, but is {value!r}")
        if isinstance(self.centers, str):
            if self.centers not in ("kmeans", "random", "ols", "gradient"):
                raise ValueError(
                    f"centers must be 'kmeans', 'random', 'ols', 'gradient' or an array, but is {self.centers!r}"
                )
            if self.n_centers > len(X):
                raise ValueError(
                    f"n_centers={self.n_centers} needs at least as many examples, but X has n_samples={len(X)}"
                )
        else:
            shape = np.shape(self.centers)
            if len(shape) != 2 or shape[0] < 1 or shape[1] != X.shape[1]:
                raise ValueError(
                    f"centers has shape {shape}, but X has {X.shape[1]} features; expected (M, {X.shape[1]})"
                )
            unusable = ~np.isfinite(np.asarray(self.centers, dtype=float))
            if unusable.any():
                raise ValueError(f"centers has {unusable.sum()} entries that are NaN or infinite")
        largest = np.abs(X).max()
        if largest > _LARGEST:
            raise ValueError(
                f"X has entries as large as {largest:.1e}, whose squared distances overflow; scale the features"
            )
        by_rule = isinstance(self.width, str) and self.width in ("loo", "nearest", "max_distance")
        by_value = (
            isinstance(self.width, Real) and not isinstance(self.width, bool) and 1 / _LARGEST < self.width < _LARGEST
        )
        if not by_rule and not by_value:
            raise ValueError(f"width must be positive, or 'loo', 'nearest' or 'max_distance', but is {self.width!r}")
        if not isinstance(self.regularization, Real) or not 0 <= self.regularization < np.inf:
            raise ValueError(f"regularization must be at least 0 and finite, but is {self.regularization!r}")


class RBFNetworkRegressor(RegressorMixin, _RBFNetwork):
    r"""RBF network with a linear output for each target.

    .. math:: \hat y(x) = \sum_{i=1}^{M} w_i\,e^{-\lVert x - c_i\rVert^2 / (2\sigma_i^2)} + b

    Parameters
    ----------
    n_centers : int
        Hidden units, at most as many as there are distinct examples.
    centers : str or array (M, D)
        "kmeans": the means of clusters; "random": examples; "ols": examples, greedily, by how much of the targets they explain
        (fewer than ``n_centers`` when the others could add nothing, because their columns depend on those chosen);
        "gradient": starts from k-means and then moves centres, widths and weights downhill. An array is taken as it is, and
        ``n_centers`` has then no say.
    width : float, or str
        :math:`\sigma` of all units, or a rule: "loo", one width, the best of sixteen by the leave-one-out error in training;
        "nearest", for each unit the root mean square distance to its two nearest fellows; "max_distance", one width,
        :math:`d_{\max}/\sqrt{2M}`. A lone unit under a rule gets the spread of the data.
    regularization : float >= 0
        :math:`\lambda` of the penalty :math:`\lambda\lVert w\rVert^2` beside the sum of squared errors.
    fit_intercept : bool
    max_iter : int
        Steps of the descent; of use for ``centers="gradient"`` alone.
    random_state : int, RandomState or None

    Attributes
    ----------
    centers_ : array (M, D)
    widths_ : array (M,)
    coef_ : array (M,), or (M, K) for K targets
    intercept_ : float, or array (K,)
    error_reduction_ratios_ : array (M,)
        For "ols": the share of the variance that each unit explained at the pilot width, that of as many random centres.
    loss_curve_ : array (T + 1,)
        For "gradient": half the penalised squared error before and after each step.
    n_iter_ : int
        Steps of the descent; 1 where the output layer is solved at once.
    n_features_in_ : int

    Notes
    -----
    A constant feature changes no distance and so has no effect; scale features whose units differ, for the distance adds them up.

    References
    ----------
    Zhou (2016), equations 5.18 and 5.19, with :math:`\beta_i = 1/(2\sigma_i^2)` and a bias b that 5.18 does not have.

    Examples
    --------
    >>> x = np.linspace(-3, 3, 61)[:, None]
    >>> network = RBFNetworkRegressor(7, random_state=0).fit(x, np.sin(x[:, 0]))
    >>> network.score(x, np.sin(x[:, 0])) > 0.9999
    True
    """

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags

    def fit(self, X: npt.ArrayLike, y: npt.ArrayLike) -> Self:
        """Place the units, then solve for the output layer.

        Parameters
        ----------
        X : array (B, D)
        y : array (B,) or (B, K)

        Returns
        -------
        RBFNetworkRegressor
            This estimator.

        Raises
        ------
        ValueError
            For NaN or wrong shapes, more centres than (distinct) examples, or a parameter out of its range.
        """
        inputs, targets = validate_data(self, X, y, dtype=np.float64, multi_output=True, y_numeric=True)
        targets = np.asarray(targets, dtype=float)
        self._fit(inputs, targets.reshape(len(inputs), -1))
        if targets.ndim == 1:
            self.coef_, self.intercept_ = self.coef_[:, 0], self.intercept_[0]
        return self

    def predict(self, X: npt.ArrayLike) -> np.ndarray:
        """Return the outputs, array (B,) or (B, K)."""
        return self._outputs(X)


class RBFNetworkClassifier(ClassifierMixin, _RBFNetwork):
    r"""RBF network whose outputs are fitted to 1 for the class of an example and 0 (two classes: -1) for the others.

    Parameters
    ----------
    n_centers, centers, width, regularization, fit_intercept, max_iter, random_state
        As in :class:`RBFNetworkRegressor`.

    Attributes
    ----------
    classes_ : array (K,)
    coef_ : array (M, K), or (M, 1) for two classes
    intercept_ : array (K,), or (1,)
    centers_, widths_, error_reduction_ratios_, loss_curve_, n_features_in_
        As in :class:`RBFNetworkRegressor`.

    Notes
    -----
    The outputs estimate probabilities by least squares and may leave [0, 1]: ``decision_function`` returns them as they are.

    Examples
    --------
    >>> X, y = [[0, 0], [0, 1], [1, 0], [1, 1]], ["same", "differ", "differ", "same"]
    >>> network = RBFNetworkClassifier(centers=[[0, 0], [1, 1]], width=0.5**0.5).fit(X, y)
    >>> network.predict(X)
    array(['same', 'differ', 'differ', 'same'], dtype='<U6')
    """

    classes_: np.ndarray

    def fit(self, X: npt.ArrayLike, y: npt.ArrayLike) -> Self:
        """Place the units, then solve for the output layer.

        Parameters
        ----------
        X : array (B, D)
        y : array (B,), labels of at least two classes

        Returns
        -------
        RBFNetworkClassifier
            This estimator.

        Raises
        ------
        ValueError
            For NaN or wrong shapes, one class only, more centres than (distinct) examples, or a parameter out of its range.
        """
        inputs, labels = validate_data(self, X, y, dtype=np.float64)
        check_classification_targets(labels)
        self.classes_, index = np.unique(labels, return_inverse=True)
        if len(self.classes_) < 2:
            raise ValueError(
                f"RBFNetworkClassifier needs at least two classes, but y has one class: {self.classes_.tolist()}"
            )
        two = len(self.classes_) == 2
        self._fit(inputs, 2.0 * index[:, None] - 1 if two else np.eye(len(self.classes_))[index])
        return self

    def decision_function(self, X: npt.ArrayLike) -> np.ndarray:
        """Return the outputs: array (B,) for two classes, positive for the second, else (B, K)."""
        outputs = self._outputs(X)
        return outputs[:, 0] if len(self.classes_) == 2 else outputs

    def predict(self, X: npt.ArrayLike) -> np.ndarray:
        """Return the label with the largest output, array (B,)."""
        scores = self.decision_function(X)
        return self.classes_[(scores > 0).astype(int) if scores.ndim == 1 else scores.argmax(axis=1)]
