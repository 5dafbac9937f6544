r"""Differential operators on radial kernels beyond gradient and Laplacian: second derivatives, and derivatives along a direction.

Values, gradients and Laplacians of the kernels are those of :mod:`nndl_support.classical.radial_kernels`.

Shapes: M places x, N centres c, D coordinates; t = epsilon times distance.

References
----------
Kansa (1990), Multiquadrics, a scattered data approximation scheme with applications to computational fluid-dynamics,
II, Computers & Mathematics with Applications 19(8-9), https://doi.org/10.1016/0898-1221(90)90271-K.
Fasshauer (2007), Meshfree Approximation Methods with MATLAB, World Scientific, https://doi.org/10.1142/6437, appendix D.
"""

import numpy as np
import numpy.typing as npt
from scipy.spatial.distance import cdist

from nndl_support.classical import radial_kernels
from nndl_support.classical.radial_kernels import RadialKernel


def hessian_matrix(
    x: npt.ArrayLike, centres: npt.ArrayLike, kernel: str | RadialKernel, epsilon: float = 1.0
) -> np.ndarray:
    r"""All second derivatives, with respect to the place, of the kernel of every centre.

    .. math:: \partial_a \partial_b\,\varphi(\varepsilon\lVert x - c\rVert)
        = \varepsilon^2\left(\frac{\varphi'(t)}{t}\,\delta_{ab}
        + \Bigl(\varphi''(t) - \frac{\varphi'(t)}{t}\Bigr)\,e_a e_b\right), \qquad e = \frac{x - c}{\lVert x - c\rVert}

    Parameters
    ----------
    x : array (M, D)
    centres : array (N, D)
    kernel : str or RadialKernel
    epsilon : float > 0, inverse length

    Returns
    -------
    array (M, N, D, D), symmetric in the last two axes

    Raises
    ------
    ValueError
        When a place is a centre and the kernel has no second derivatives there (linear, thin_plate_spline).

    Notes
    -----
    At its own centre a smooth kernel has the same curvature in all directions, and the second term is nothing.

    Examples
    --------
    >>> hessian_matrix([[0.0, 0.0]], [[0.0, 0.0]], "gaussian")[0, 0]
    array([[-2.,  0.],
           [ 0., -2.]])
    """
    kernel = radial_kernels.get(kernel)
    laplacian = radial_kernels.laplacian_matrix(x, centres, kernel, epsilon)  # checks the shapes and the smoothness
    places, nodes = np.asarray(x, dtype=float), np.asarray(centres, dtype=float)
    n_coordinates = places.shape[1]
    distance = cdist(places, nodes)
    across = epsilon**2 * kernel.first_over_t(epsilon * distance)
    # The Laplacian is one curvature along the ray and D - 1 across it.
    along = laplacian - (n_coordinates - 1) * across
    direction = (places[:, None, :] - nodes[None, :, :]) / np.where(distance > 0, distance, 1.0)[:, :, None]
    rays = direction[:, :, :, None] * direction[:, :, None, :]
    return across[:, :, None, None] * np.eye(n_coordinates) + (along - across)[:, :, None, None] * rays


def directional_derivative_matrix(
    x: npt.ArrayLike,
    centres: npt.ArrayLike,
    directions: npt.ArrayLike,
    kernel: str | RadialKernel,
    epsilon: float = 1.0,
) -> np.ndarray:
    r"""Derivative of the kernel of every centre along a direction that each place has for itself, such as a normal.

    .. math:: n_i \cdot \nabla\varphi(\varepsilon\lVert x_i - c_j\rVert)

    Parameters
    ----------
    x : array (M, D)
    centres : array (N, D)
    directions : array (M, D), n; their lengths count
    kernel : str or RadialKernel
    epsilon : float > 0, inverse length

    Returns
    -------
    array (M, N)

    Raises
    ------
    ValueError
        When there is not one direction for each place, or the kernel is not smooth enough.

    Examples
    --------
    >>> directional_derivative_matrix([[0.5, 0.0]], [[0.0, 0.0]], [[1.0, 0.0]], "cubic")
    array([[0.75]])
    """
    gradient = radial_kernels.gradient_matrix(x, centres, kernel, epsilon)
    return along_directions(gradient, directions)


def along_directions(gradient: np.ndarray, directions: npt.ArrayLike) -> np.ndarray:
    r"""Derivatives along the direction of each place, out of all gradients there.

    Parameters
    ----------
    gradient : array (M, K, D), of K functions
    directions : array (M, D)

    Returns
    -------
    array (M, K)

    Raises
    ------
    ValueError
        When there is not one direction for each place.

    Examples
    --------
    >>> along_directions(np.array([[[1.0, 2.0]]]), [[3.0, 4.0]])
    array([[11.]])
    """
    rays, expected = np.asarray(directions, dtype=float), (gradient.shape[0], gradient.shape[2])
    if rays.shape != expected:
        raise ValueError(f"directions has shape {rays.shape}, but there are {expected[0]} places; expected {expected}")
    return np.einsum("mkd,md->mk", gradient, rays)
