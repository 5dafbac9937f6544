r"""Parameters of Burgers' equation by linear regression on a whole film of values, without solving the equation.

If u and its derivatives are known, :math:`u_t = -\lambda_1 u u_x + \lambda_2 u_{xx}` is linear in the parameters. The
strong form takes derivatives of the data by differences, as in the sparse regression of partial differential equations
(SINDy). The weak form (弱形式) multiplies by smooth functions :math:`\psi` with compact support and integrates by parts, so
that every derivative falls on :math:`\psi`:

.. math:: \int \psi_t\, u \;=\; -\lambda_1 \int \psi_x\, \tfrac{u^2}{2} - \lambda_2 \int \psi_{xx}\, u .

Shapes: X places, T times.

References
----------
Rudy, Brunton, Proctor and Kutz (2017), Data-driven discovery of partial differential equations, Science Advances 3,
https://doi.org/10.1126/sciadv.1602614.
Reinbold, Gurevich and Grigoriev (2020), Using noisy or incomplete data to discover models of spatiotemporal dynamics, Physical
Review E 101, https://doi.org/10.1103/PhysRevE.101.010203.
"""

import numpy as np
import numpy.typing as npt
from scipy.ndimage import gaussian_filter

__all__ = ["strong_form_regression", "weak_form_regression"]


def strong_form_regression(
    x: npt.ArrayLike, t: npt.ArrayLike, u: npt.ArrayLike, *, smoothing: float = 0.0
) -> np.ndarray:
    """Parameters from differences of the values.

    Parameters
    ----------
    x : array (X,), equally spaced
    t : array (T,), equally spaced
    u : array (X, T)
    smoothing : float >= 0, width of a Gaussian filter in grid cells, applied first

    Returns
    -------
    array (2,)

    Examples
    --------
    >>> from nndl_support.pinn.cole_hopf import burgers
    >>> x, t = np.linspace(-1, 1, 201), np.linspace(0, 1, 201)
    >>> strong_form_regression(x, t, burgers(x, t, nu=0.1)).round(2).tolist()
    [1.0, 0.1]
    """
    places, times, film = _checked(x, t, u)
    if not smoothing >= 0:
        raise ValueError(f"smoothing is {smoothing}; expected at least 0")
    if smoothing:
        film = gaussian_filter(film, smoothing, mode="nearest")
    h = places[1] - places[0]
    slope = np.gradient(film, times, axis=1)[1:-1, 1:-1]
    convection = (film * np.gradient(film, places, axis=0))[1:-1, 1:-1]
    diffusion = np.diff(film, 2, axis=0)[:, 1:-1] / h**2
    columns = np.stack([-convection.ravel(), diffusion.ravel()], axis=1)
    return np.linalg.lstsq(columns, slope.ravel(), rcond=None)[0]


def weak_form_regression(
    x: npt.ArrayLike,
    t: npt.ArrayLike,
    u: npt.ArrayLike,
    *,
    width: tuple[int, int] = (20, 15),
    stride: tuple[int, int] = (4, 4),
) -> np.ndarray:
    r"""Parameters from integrals of the values against bumps :math:`\psi = (1 - \xi^2)^4 (1 - \tau^2)^4`.

    Parameters
    ----------
    x : array (X,), equally spaced
    t : array (T,), equally spaced
    u : array (X, T)
    width : pair of int, half widths of a bump in grid cells
    stride : pair of int, cells from one bump to the next

    Returns
    -------
    array (2,)

    Examples
    --------
    >>> from nndl_support.pinn.cole_hopf import burgers
    >>> x, t = np.linspace(-1, 1, 201), np.linspace(0, 1, 201)
    >>> weak_form_regression(x, t, burgers(x, t, nu=0.1)).round(4).tolist()
    [1.0, 0.1]
    """
    places, times, film = _checked(x, t, u)
    a, b = width
    if min(*width, *stride) < 1 or 2 * a >= len(places) or 2 * b >= len(times):
        raise ValueError(
            f"width is {width} and stride {stride} on a grid of {film.shape}; a bump of 2 width + 1 cells has to fit"
        )
    h, step = places[1] - places[0], times[1] - times[0]
    bump_x, bump_t = (_bump(n, spacing) for n, spacing in ((a, h), (b, step)))
    rows, right = [], []
    for i in range(0, film.shape[0] - 2 * a, stride[0]):
        for j in range(0, film.shape[1] - 2 * b, stride[1]):
            patch = film[i : i + 2 * a + 1, j : j + 2 * b + 1]
            right.append(bump_x[0] @ patch @ bump_t[1])
            rows.append((-bump_x[1] @ (patch**2 / 2) @ bump_t[0], -bump_x[2] @ patch @ bump_t[0]))
    return np.linalg.lstsq(np.array(rows), np.array(right), rcond=None)[0]


def _bump(n: int, spacing: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(1 - ξ²)⁴ on 2n + 1 points and its first two derivatives."""
    xi, scale = np.linspace(-1, 1, 2 * n + 1), n * spacing
    base = 1 - xi**2
    return base**4, -8 * xi * base**3 / scale, (48 * xi**2 * base**2 - 8 * base**3) / scale**2


def _checked(x: npt.ArrayLike, t: npt.ArrayLike, u: npt.ArrayLike) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    places, times, film = (np.asarray(a, dtype=float) for a in (x, t, u))
    if film.shape != (len(places), len(times)) or min(film.shape) < 3:
        raise ValueError(
            f"u has shape {film.shape} on {len(places)} places and {len(times)} times; expected a value "
            "for each, on 3 or more"
        )
    for name, axis in (("x", places), ("t", times)):
        gaps = np.diff(axis)
        if not gaps[0] > 0 or np.ptp(gaps) > 1e-6 * gaps[0]:
            raise ValueError(
                f"{name} has gaps from {gaps.min():.6g} to {gaps.max():.6g}; expected equal spacing, rising"
            )
    return places, times, film
