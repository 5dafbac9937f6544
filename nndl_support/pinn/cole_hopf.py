r"""Burgers' equation (伯格斯方程) solved exactly: the Cole-Hopf transformation turns it into the heat equation.

The problem that physics-informed networks are measured by,

.. math:: u_t + u u_x = \nu u_{xx}, \quad -1 \le x \le 1, \quad u(x, 0) = -\sin \pi x, \quad u(\pm 1, t) = 0,

steepens into a shock at :math:`x = 0`. With :math:`u = -2 \nu \phi_x / \phi` the new unknown :math:`\phi` obeys
:math:`\phi_t = \nu \phi_{xx}`, whose solution is a Gaussian average of :math:`\phi(y, 0) = e^{-\cos(\pi y) / (2 \pi \nu)}`. So

.. math:: u(x, t) = -\langle \sin \pi y \rangle, \qquad y = x - z \sqrt{4 \nu t},

the mean being over :math:`z` with the weight :math:`e^{-z^2} \phi(y, 0)`. Gauss-Hermite quadrature takes the mean.

Shapes: X places, T times, Q quadrature nodes.

References
----------
Cole (1951), On a quasi-linear parabolic equation occurring in aerodynamics, Quarterly of Applied Mathematics 9(3), 225-236,
https://doi.org/10.1090/qam/42889.
Hopf (1950), The partial differential equation u_t + u u_x = μ u_xx, Communications on Pure and Applied Mathematics 3(3),
201-230, https://doi.org/10.1002/cpa.3160030302.
Basdevant et al. (1986), Spectral and finite difference solutions of the Burgers equation, Computers & Fluids 14(1), 23-41,
https://doi.org/10.1016/0045-7930(86)90036-8: this problem, and the steepest slope that its solution reaches.
"""

from collections.abc import Iterator
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from scipy.special import roots_hermite

from nndl_support.pinn.reference_arguments import checked_grid

__all__ = ["SMALLEST_VISCOSITY", "burgers", "burgers_slope"]

# Below it the peaks of the weight stand where float64 holds no Gaussian any more.
SMALLEST_VISCOSITY = 3e-4


def burgers(x: npt.ArrayLike, t: npt.ArrayLike, *, nu: float = 0.01 / np.pi, nodes: int | None = None) -> np.ndarray:
    r"""Solution of Burgers' equation that starts as :math:`-\sin \pi x`, to about fourteen digits.

    Parameters
    ----------
    x : array (X,), places; beyond [-1, 1] the solution continues with period 2
    t : array (T,), times, none negative
    nu : float, viscosity, at least 0.0003
    nodes : int, optional
        Nodes of the quadrature; by default ``100 + max(t) * (1 / (8 nu) + 250 nu)``. At small viscosity the peaks of the weight
        are narrow and few nodes fall on any of them; at large viscosity the Gaussian spans many periods of the sine.

    Returns
    -------
    array (X, T)

    Raises
    ------
    ValueError
        When x or t has more than one axis, a time is negative, the viscosity too small, or there are no nodes.

    Notes
    -----
    The exponent :math:`1/(2 \pi \nu)` is 50 at the usual viscosity and overflows below :math:`2 \cdot 10^{-4}`. Only ratios of
    weights matter, therefore each place has its largest exponent subtracted before the exponential is taken. What limits the
    viscosity is the Gaussian: float64 holds :math:`e^{-z^2}` up to :math:`z = 27`, and a peak may stand 1 away from x, at
    :math:`z = 1 / \sqrt{4 \nu t}`.

    Examples
    --------
    >>> burgers([-0.5, 0.5], [0.0, 1.0]).round(6)
    array([[ 1.      ,  0.376181],
           [-1.      , -0.376181]])
    """
    places, times = checked_grid(x, t)
    u = np.empty((len(places), len(times)))
    for column, (sine, _, weight) in enumerate(_weighted_sources(places, times, nu, nodes)):
        u[:, column] = -(weight * sine).sum(axis=1)
    return u


def burgers_slope(
    x: npt.ArrayLike, t: npt.ArrayLike, *, nu: float = 0.01 / np.pi, nodes: int | None = None
) -> np.ndarray:
    r"""Slope :math:`u_x` of the same solution: how steep the shock has become.

    .. math:: u_x = -\pi \langle \cos \pi y \rangle
        - \frac{1}{2 \nu} \bigl(\langle \sin^2 \pi y \rangle - \langle \sin \pi y \rangle^2\bigr)

    Parameters
    ----------
    x : array (X,)
    t : array (T,), none negative
    nu : float, viscosity, at least 0.0003
    nodes : int, optional, as in :func:`burgers`

    Returns
    -------
    array (X, T)

    Notes
    -----
    The second term is the derivative of the weights. The variance is summed about the mean, which loses no digits.

    References
    ----------
    Basdevant et al. (1986): at :math:`\nu = 0.01/\pi` the steepest slope is -152.00516, at :math:`x = 0, t = 1.6037/\pi`.

    Examples
    --------
    >>> burgers_slope([0.0], [1.6037 / np.pi]).round(5)
    array([[-152.00516]])
    """
    places, times = checked_grid(x, t)
    slope = np.empty((len(places), len(times)))
    for column, (sine, cosine, weight) in enumerate(_weighted_sources(places, times, nu, nodes)):
        spread = sine - (weight * sine).sum(axis=1, keepdims=True)
        slope[:, column] = -(weight * (np.pi * cosine + spread**2 / (2 * nu))).sum(axis=1)
    return slope


def _weighted_sources(
    x: np.ndarray, t: np.ndarray, nu: float, nodes: int | None
) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """For each time, sin πy, cos πy and the weights (X, Q), which sum to 1 over the nodes."""
    if not nu >= SMALLEST_VISCOSITY:
        raise ValueError(f"nu is {nu}; the quadrature needs a viscosity of at least {SMALLEST_VISCOSITY}")
    if nodes is None:
        nodes = 100 + int(np.ceil(t.max(initial=0.0) * (1 / (8 * nu) + 250 * nu)))
    if nodes < 1:
        raise ValueError(f"nodes is {nodes}; expected at least 1")
    z, log_gauss = _hermite(nodes)
    for time in t:
        y = x[:, None] - np.sqrt(4 * nu * time) * z
        sine, cosine = np.sin(np.pi * y), np.cos(np.pi * y)
        exponent = log_gauss - cosine / (2 * np.pi * nu)
        weight = np.exp(exponent - exponent.max(axis=1, keepdims=True))
        yield sine, cosine, weight / weight.sum(axis=1, keepdims=True)


@lru_cache(maxsize=8)
def _hermite(nodes: int) -> tuple[np.ndarray, np.ndarray]:
    """Gauss-Hermite nodes and the logarithms of their weights, without the far nodes whose weight underflows."""
    z, weight = roots_hermite(nodes)
    kept = weight > 0
    return z[kept], np.log(weight[kept])
