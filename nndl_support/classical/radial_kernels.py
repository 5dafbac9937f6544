r"""Radial basis functions (径向基函数): the kernels :math:`\varphi(\varepsilon r)`, their derivatives, and matrices of them.

Shapes: M places x at which something is wanted, N centres c, D coordinates. A kernel sees its argument only through the scaled
distance :math:`t = \varepsilon\lVert x - c\rVert`, where the shape parameter :math:`\varepsilon` is an inverse length.

References
----------
Fasshauer (2007), Meshfree Approximation Methods with MATLAB, World Scientific, https://doi.org/10.1142/6437: chapters 2, 7, 8
(which kernel is positive definite, or conditionally so), 11 (Wendland's functions) and appendix D (derivatives).
Wendland (1995), Piecewise polynomial, positive definite and compactly supported radial functions of minimal degree, Advances in
Computational Mathematics 4, https://doi.org/10.1007/BF02123482.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.spatial.distance import cdist

Profile = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class RadialKernel:
    r"""A radial function :math:`\varphi(t)` of :math:`t = \varepsilon r \ge 0`, and what one must know before using it.

    Attributes
    ----------
    name : str
    value, first, second : functions of an array t, returning :math:`\varphi`, :math:`\varphi'`, :math:`\varphi''`
    first_over_t : function of an array t, :math:`\varphi'(t)/t`, with its limit at 0
    least_degree : int
        Degree that the polynomial beside the kernels must have for a unique interpolant; -1 where none is needed, because
        the kernel is positive definite.
    smoothness : float
        How often the kernel can be differentiated, with continuous result, at its own centre.
    needs_epsilon : bool
        False for kernels to which another unit of length makes no difference.
    largest_dimension : float
        The kernel is (conditionally) positive definite in so many dimensions and fewer.
    """

    name: str
    value: Profile
    first: Profile
    second: Profile
    first_over_t: Profile
    least_degree: int = -1
    smoothness: float = np.inf
    needs_epsilon: bool = True
    largest_dimension: float = np.inf


def _log(t: np.ndarray) -> np.ndarray:
    """Logarithm that is finite at 0, where every product it stands in is 0 or was ruled out before."""
    return np.log(np.maximum(t, np.finfo(float).tiny))


def _minus_fifth_power(t: np.ndarray) -> np.ndarray:
    """Five factors in three passes over the memory, which is what evaluation costs."""
    power = t * t
    power *= power
    power *= -t
    return power


def _inside(t: np.ndarray) -> np.ndarray:
    """The distance to the edge of a compact support, 0 beyond it."""
    return np.maximum(1.0 - t, 0.0)


_KERNELS = [
    RadialKernel(
        "linear",
        value=lambda t: -t,
        first=lambda t: np.full_like(t, -1.0),
        second=lambda t: np.zeros_like(t),
        first_over_t=lambda t: -1.0 / t,
        least_degree=0,
        smoothness=0,
        needs_epsilon=False,
    ),
    RadialKernel(
        "thin_plate_spline",
        value=lambda t: t * t * _log(t),
        first=lambda t: 2 * t * _log(t) + t,
        second=lambda t: 2 * _log(t) + 3,
        first_over_t=lambda t: 2 * _log(t) + 1,
        least_degree=1,
        smoothness=1,
        needs_epsilon=False,
    ),
    RadialKernel(
        "cubic",
        value=lambda t: t * t * t,
        first=lambda t: 3 * t * t,
        second=lambda t: 6 * t,
        first_over_t=lambda t: 3 * t,
        least_degree=1,
        smoothness=2,
        needs_epsilon=False,
    ),
    RadialKernel(
        "quintic",
        value=_minus_fifth_power,
        first=lambda t: -5 * (t * t) * (t * t),
        second=lambda t: -20 * t * t * t,
        first_over_t=lambda t: -5 * t * t * t,
        least_degree=2,
        smoothness=4,
        needs_epsilon=False,
    ),
    RadialKernel(
        "multiquadric",
        value=lambda t: -np.sqrt(1 + t * t),
        first=lambda t: -t / np.sqrt(1 + t * t),
        second=lambda t: -((1 + t * t) ** -1.5),
        first_over_t=lambda t: -1 / np.sqrt(1 + t * t),
        least_degree=0,
    ),
    RadialKernel(
        "inverse_multiquadric",
        value=lambda t: 1 / np.sqrt(1 + t * t),
        first=lambda t: -t * (1 + t * t) ** -1.5,
        second=lambda t: (2 * t * t - 1) * (1 + t * t) ** -2.5,
        first_over_t=lambda t: -((1 + t * t) ** -1.5),
    ),
    RadialKernel(
        "inverse_quadratic",
        value=lambda t: 1 / (1 + t * t),
        first=lambda t: -2 * t / (1 + t * t) ** 2,
        second=lambda t: (6 * t * t - 2) / (1 + t * t) ** 3,
        first_over_t=lambda t: -2 / (1 + t * t) ** 2,
    ),
    RadialKernel(
        "gaussian",
        value=lambda t: np.exp(-t * t),
        first=lambda t: -2 * t * np.exp(-t * t),
        second=lambda t: (4 * t * t - 2) * np.exp(-t * t),
        first_over_t=lambda t: -2 * np.exp(-t * t),
    ),
    RadialKernel(
        "wendland_c2",
        value=lambda t: _inside(t) ** 4 * (4 * t + 1),
        first=lambda t: -20 * t * _inside(t) ** 3,
        second=lambda t: 20 * _inside(t) ** 2 * (4 * t - 1),
        first_over_t=lambda t: -20 * _inside(t) ** 3,
        smoothness=2,
        largest_dimension=3,
    ),
    RadialKernel(
        "wendland_c4",
        value=lambda t: _inside(t) ** 6 * (35 * t * t + 18 * t + 3) / 3,
        first=lambda t: -56 / 3 * t * _inside(t) ** 5 * (5 * t + 1),
        second=lambda t: 56 / 3 * _inside(t) ** 4 * (35 * t * t - 4 * t - 1),
        first_over_t=lambda t: -56 / 3 * _inside(t) ** 5 * (5 * t + 1),
        smoothness=4,
        largest_dimension=3,
    ),
]
_BY_NAME = {kernel.name: kernel for kernel in _KERNELS}


def names() -> list[str]:
    """Return the names of all kernels.

    Examples
    --------
    >>> names()[:3]
    ['linear', 'thin_plate_spline', 'cubic']
    """
    return list(_BY_NAME)


def get(name: str | RadialKernel) -> RadialKernel:
    r"""Return a kernel by its name.

    ==================== ===================================== ============================
    name                 :math:`\varphi(t)`                    least degree of a polynomial
    ==================== ===================================== ============================
    linear               :math:`-t`                            0
    thin_plate_spline    :math:`t^2\ln t`                      1
    cubic                :math:`t^3`                           1
    quintic              :math:`-t^5`                          2
    multiquadric         :math:`-\sqrt{1+t^2}`                 0
    inverse_multiquadric :math:`1/\sqrt{1+t^2}`                none
    inverse_quadratic    :math:`1/(1+t^2)`                     none
    gaussian             :math:`e^{-t^2}`                      none
    wendland_c2          :math:`(1-t)_+^4(4t+1)`               none, in 3 dimensions at most
    wendland_c4          :math:`(1-t)_+^6(35t^2+18t+3)/3`      none, in 3 dimensions at most
    ==================== ===================================== ============================

    Raises
    ------
    ValueError
        When there is no kernel of that name.

    Notes
    -----
    Names and signs are those of ``scipy.interpolate.RBFInterpolator``, which lacks the last two. The minus signs, as in
    Hardy's multiquadric, make every kernel *conditionally positive definite*, so that smoothing adds to the diagonal with
    the same sign for all. An interpolant is the same with either sign.

    Examples
    --------
    >>> get("multiquadric").value(np.array([0.0, 1.0]))
    array([-1.        , -1.41421356])
    """
    if isinstance(name, RadialKernel):
        return name
    if not isinstance(name, str) or name not in _BY_NAME:
        raise ValueError(f"there is no radial kernel {name!r}; known are {', '.join(names())}")
    return _BY_NAME[name]


def value_matrix(
    x: npt.ArrayLike, centres: npt.ArrayLike, kernel: str | RadialKernel, epsilon: float = 1.0
) -> np.ndarray:
    r"""Value of the kernel of every centre at every place.

    .. math:: A_{ij} = \varphi(\varepsilon\lVert x_i - c_j\rVert)

    Parameters
    ----------
    x : array (M, D)
    centres : array (N, D)
    kernel : str or RadialKernel
    epsilon : float > 0, inverse length

    Returns
    -------
    array (M, N)

    Examples
    --------
    >>> value_matrix([[0.0], [2.0]], [[0.0]], "gaussian", epsilon=0.5)
    array([[1.        ],
           [0.36787944]])
    """
    return get(kernel).value(_scaled_distances(x, centres, epsilon))


def gradient_matrix(
    x: npt.ArrayLike, centres: npt.ArrayLike, kernel: str | RadialKernel, epsilon: float = 1.0
) -> np.ndarray:
    r"""Gradient, with respect to the place, of the kernel of every centre.

    .. math:: \nabla_x\,\varphi(\varepsilon\lVert x - c\rVert) = \varepsilon^2\,\frac{\varphi'(t)}{t}\,(x - c),
        \qquad t = \varepsilon\lVert x - c\rVert

    Parameters
    ----------
    x : array (M, D)
    centres : array (N, D)
    kernel : str or RadialKernel
    epsilon : float > 0

    Returns
    -------
    array (M, N, D)

    Raises
    ------
    ValueError
        When a place is a centre and the kernel has no gradient there (linear).

    Examples
    --------
    >>> gradient_matrix([[3.0, 4.0]], [[0.0, 0.0]], "linear")
    array([[[-0.6, -0.8]]])
    """
    kernel, t = get(kernel), _scaled_distances(x, centres, epsilon)
    _check_smooth(kernel, t, 1, "gradient")
    difference = np.asarray(x, dtype=float)[:, None, :] - np.asarray(centres, dtype=float)[None, :, :]
    return epsilon**2 * kernel.first_over_t(t)[:, :, None] * difference


def laplacian_matrix(
    x: npt.ArrayLike, centres: npt.ArrayLike, kernel: str | RadialKernel, epsilon: float = 1.0
) -> np.ndarray:
    r"""Laplacian, with respect to the place, of the kernel of every centre: what collocation methods need.

    .. math:: \nabla^2\,\varphi(\varepsilon\lVert x - c\rVert)
        = \varepsilon^2\left(\varphi''(t) + (D - 1)\,\frac{\varphi'(t)}{t}\right)

    Parameters
    ----------
    x : array (M, D)
    centres : array (N, D)
    kernel : str or RadialKernel
    epsilon : float > 0

    Returns
    -------
    array (M, N)

    Raises
    ------
    ValueError
        When a place is a centre and the kernel has no Laplacian there (linear, thin_plate_spline).

    Examples
    --------
    >>> laplacian_matrix([[0.0, 0.0, 0.0]], [[0.0, 0.0, 0.0]], "gaussian")
    array([[-6.]])
    """
    kernel, t = get(kernel), _scaled_distances(x, centres, epsilon)
    _check_smooth(kernel, t, 2, "Laplacian")
    curvature = kernel.second(t)
    n_coordinates = np.shape(x)[1]
    if n_coordinates > 1:
        curvature = curvature + (n_coordinates - 1) * kernel.first_over_t(t)
    return epsilon**2 * curvature


def _scaled_distances(x: npt.ArrayLike, centres: npt.ArrayLike, epsilon: float) -> np.ndarray:
    places, nodes = np.asarray(x, dtype=float), np.asarray(centres, dtype=float)
    if places.ndim != 2 or nodes.ndim != 2 or places.shape[1] != nodes.shape[1]:
        raise ValueError(
            f"x has shape {places.shape} and the centres {nodes.shape}; expected (M, D) and (N, D) with the same D"
        )
    if not 0 < epsilon < np.inf:
        raise ValueError(f"epsilon must be positive and finite, but is {epsilon!r}")
    t = cdist(places, nodes)
    if epsilon != 1.0:
        t *= epsilon
    return t


def _check_smooth(kernel: RadialKernel, t: np.ndarray, needed: int, what: str) -> None:
    if kernel.smoothness < needed and not t.all():
        raise ValueError(
            f"the kernel {kernel.name!r} has no {what} at its own centre, and {np.sum(t == 0)} of the places are centres"
        )
