r"""Parameters of the Navier-Stokes equations (纳维-斯托克斯方程) from dense snapshots, by differences and least squares.

Shapes: T snapshots of ny rows and nx columns, equally spaced in time and space. Every function cuts two points off at every edge.

With the whole field at hand the inverse problem is a linear regression in two unknowns. In the momentum equations the pressure is
needed; their curl, the vorticity equation, does without it but asks for one derivative more:

.. math:: \omega_t + \lambda_1\,(u\,\omega_x + v\,\omega_y) = \lambda_2\,\nabla^2\omega, \qquad \omega = v_x - u_y

This is the judge of how well a simulated flow obeys the equations, and the rival of the network where the field is dense.

References
----------
Rudy, Brunton, Proctor and Kutz (2017), Data-driven discovery of partial differential equations, Science Advances 3,
https://doi.org/10.1126/sciadv.1602614: regression on differences, for this very wake.
"""

import numpy as np


def difference(f: np.ndarray, spacing: float, axis: int, derivative: int = 1) -> np.ndarray:
    r"""First or second derivative by the central difference of fourth order.

    .. math:: f' \approx \frac{f_{-2} - 8f_{-1} + 8f_1 - f_2}{12h}, \qquad
        f'' \approx \frac{-f_{-2} + 16f_{-1} - 30f_0 + 16f_1 - f_2}{12h^2}

    Parameters
    ----------
    f : array, with five or more points along the axis
    spacing : float, the distance h
    axis : int
    derivative : 1 or 2

    Returns
    -------
    array, shorter by four along the axis

    Examples
    --------
    >>> difference(np.arange(7.0) ** 3, 1.0, 0)
    array([12., 27., 48.])
    """
    if derivative not in (1, 2) or f.shape[axis] < 5:
        raise ValueError(f"derivative {derivative} of {f.shape[axis]} points; expected 1 or 2, of 5 points or more")
    f = np.moveaxis(f, axis, 0)
    n = len(f) - 4
    weights = ((1, -8, 0, 8, -1), (-1, 16, -30, 16, -1))[derivative - 1]
    total = np.zeros((n, *f.shape[1:]))
    for k, w in enumerate(weights):
        if w:
            total += w * f[k : n + k]
    return np.moveaxis(total, 0, axis) / (12 * spacing**derivative)


def regress_momentum(
    u: np.ndarray, v: np.ndarray, p: np.ndarray, *, spacing: float, interval: float
) -> tuple[float, float, float]:
    r"""Parameters of the momentum equations when the pressure is known too.

    .. math:: u_t + p_x = -\lambda_1 (u\,u_x + v\,u_y) + \lambda_2 \nabla^2 u, \qquad
        v_t + p_y = -\lambda_1 (u\,v_x + v\,v_y) + \lambda_2 \nabla^2 v

    Parameters
    ----------
    u, v, p : arrays (T, ny, nx), with 5 points or more along each axis
    spacing : float, distance of neighbouring points
    interval : float, time between snapshots

    Returns
    -------
    lambda_1, lambda_2 : floats
    unexplained : float
        Size of the residual relative to the viscous term.

    Examples
    --------
    Taylor's decaying vortices:

    >>> t, y, x = np.meshgrid(np.arange(0, 1, 0.1), np.arange(0, 4, 0.1), np.arange(0, 3, 0.1), indexing="ij")
    >>> e = np.exp(-0.04 * t)
    >>> u, v, p = -np.cos(x) * np.sin(y) * e, np.sin(x) * np.cos(y) * e, -(np.cos(2 * x) + np.cos(2 * y)) / 4 * e**2
    >>> lambda_1, lambda_2, _ = regress_momentum(u, v, p, spacing=0.1, interval=0.1)
    >>> print(f"{lambda_1:.4f} {lambda_2:.5f}")
    1.0000 0.02000
    """
    _check(spacing, interval, u, v, p)
    left, convection, diffusion = [], [], []
    for f, axis in ((u, 2), (v, 1)):
        left.append(_time(f, interval) + _cut(_space(p, spacing, axis)))
        convection.append(_cut(_convection(u, v, f, spacing)))
        diffusion.append(_cut(_laplacian(f, spacing)))
    return _solve(np.stack(left), np.stack(convection), np.stack(diffusion))


def vorticity(u: np.ndarray, v: np.ndarray, spacing: float) -> np.ndarray:
    r"""Vorticity :math:`v_x - u_y`.

    Parameters
    ----------
    u, v : arrays (..., ny, nx)
    spacing : float

    Returns
    -------
    array (..., ny - 4, nx - 4)

    Examples
    --------
    >>> y, x = np.mgrid[:6, :5]
    >>> vorticity(-1.0 * y, 2.0 * x, 1.0).tolist()
    [[3.0], [3.0]]
    """
    inner = slice(2, -2)
    return difference(v, spacing, -1)[..., inner, :] - difference(u, spacing, -2)[..., inner]


def regress_vorticity(u: np.ndarray, v: np.ndarray, *, spacing: float, interval: float) -> tuple[float, float, float]:
    """Parameters from the velocity alone, by the vorticity equation.

    Parameters
    ----------
    u, v : arrays (T, ny, nx), with 5 snapshots and 9 points or more along the other axes
    spacing : float
    interval : float

    Returns
    -------
    lambda_1, lambda_2, unexplained : floats, as :func:`regress_momentum` returns them

    Examples
    --------
    A shear flow says nothing of convection but gives the viscosity:

    >>> t, y, x = np.meshgrid(np.arange(0, 1, 0.1), np.arange(0, 4, 0.1), np.arange(0, 1, 0.1), indexing="ij")
    >>> u = np.exp(-0.05 * t) * np.sin(y)
    >>> print(f"{regress_vorticity(u, 0 * u + 0.1, spacing=0.1, interval=0.1)[1]:.4f}")
    0.0500
    """
    _check(spacing, interval, u, v)
    inner = slice(2, -2)
    omega = vorticity(u, v, spacing)
    u, v = u[:, inner, inner], v[:, inner, inner]
    return _solve(_time(omega, interval), _cut(_convection(u, v, omega, spacing)), _cut(_laplacian(omega, spacing)))


def _check(spacing: float, interval: float, *fields: np.ndarray) -> None:
    shapes = [f.shape for f in fields]
    if len(set(shapes)) > 1 or len(shapes[0]) != 3 or not min(spacing, interval) > 0:
        raise ValueError(
            f"the fields have the shapes {shapes}, spacing is {spacing} and interval {interval}; expected one shape (T, ny, nx) "
            "and positive distances"
        )


def _space(f: np.ndarray, spacing: float, axis: int) -> np.ndarray:
    """Derivative along x (axis 2) or y (axis 1), cut at the edges of the other."""
    inner = slice(2, -2)
    return difference(f, spacing, axis)[:, inner] if axis == 2 else difference(f, spacing, axis)[:, :, inner]


def _convection(u: np.ndarray, v: np.ndarray, f: np.ndarray, spacing: float) -> np.ndarray:
    inner = slice(2, -2)
    return u[:, inner, inner] * _space(f, spacing, 2) + v[:, inner, inner] * _space(f, spacing, 1)


def _laplacian(f: np.ndarray, spacing: float) -> np.ndarray:
    inner = slice(2, -2)
    return difference(f, spacing, 2, 2)[:, inner] + difference(f, spacing, 1, 2)[:, :, inner]


def _time(f: np.ndarray, interval: float) -> np.ndarray:
    return difference(f, interval, 0)[:, 2:-2, 2:-2]


def _cut(f: np.ndarray) -> np.ndarray:
    return f[2:-2]


def _solve(left: np.ndarray, convection: np.ndarray, diffusion: np.ndarray) -> tuple[float, float, float]:
    columns = np.stack([-convection.ravel(), diffusion.ravel()], axis=1)
    (lambda_1, lambda_2), *_ = np.linalg.lstsq(columns, left.ravel(), rcond=None)
    residual = left.ravel() - columns @ (lambda_1, lambda_2)
    return float(lambda_1), float(lambda_2), float(np.linalg.norm(residual) / np.linalg.norm(lambda_2 * columns[:, 1]))
