r"""Evolution equations on a periodic interval, solved by Fourier modes and ETDRK4: references where no formula is known.

.. list-table::
   :header-rows: 1

   * - Equation
     - :math:`L(k)`
     - :math:`G(k)`
     - :math:`n(u)`
   * - Burgers, :math:`u_t + u u_x = \nu u_{xx}`
     - :math:`-\nu k^2`
     - :math:`-ik/2`
     - :math:`u^2`
   * - Allen-Cahn, :math:`u_t = d u_{xx} + r (u - u^3)`
     - :math:`-d k^2`
     - 1
     - :math:`r (u - u^3)`
   * - Korteweg-de Vries, :math:`u_t + u u_x + \delta u_{xxx} = 0`
     - :math:`i \delta k^3`
     - :math:`-ik/2`
     - :math:`u^2`
   * - Schrödinger, :math:`i h_t + \tfrac12 h_{xx} + |h|^2 h = 0`
     - :math:`-i k^2 / 2`
     - :math:`i`
     - :math:`|h|^2 h`

Shapes: X places, T times, K modes.

References
----------
Raissi, Perdikaris and Karniadakis (2019), Physics-informed neural networks, Journal of Computational Physics 378, 686-707,
https://doi.org/10.1016/j.jcp.2018.10.045: these four equations, with these initial values.
Kassam and Trefethen (2005), see :mod:`nndl_support.pinn.exponential_integrator`.
"""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from nndl_support.pinn.exponential_integrator import etdrk4
from nndl_support.pinn.fourier_series import FourierSeries
from nndl_support.pinn.reference_arguments import checked_grid

__all__ = [
    "allen_cahn",
    "allen_cahn_modes",
    "burgers_fourier",
    "korteweg_de_vries",
    "nonlinear_schrodinger",
    "solve_periodic",
]

Pointwise = Callable[[np.ndarray], np.ndarray]


def solve_periodic(
    series: FourierSeries,
    x: npt.ArrayLike,
    t: npt.ArrayLike,
    v0: npt.ArrayLike,
    *,
    linear: npt.ArrayLike,
    pointwise: Pointwise,
    outer: npt.ArrayLike = 1.0,
    max_step: float,
    first_step: float | None = None,
) -> np.ndarray:
    r"""Solution of :math:`u_t = \mathcal L u + \mathcal G\, n(u)` at any places and times.

    Parameters
    ----------
    series : FourierSeries
    x : array (X,)
    t : array (T,), ascending from 0 on
    v0 : array (K,), modes of the initial values
    linear : array (K,), :math:`L(k)`
    pointwise : function n of an array (N,), the values on the grid
    outer : array (K,) or a number, :math:`G(k)`
    max_step, first_step : float, see :func:`.etdrk4`

    Returns
    -------
    array (X, T), complex where the series is

    Notes
    -----
    Products are formed on the grid without padding. That is exact to rounding as long as the modes at the end of the spectrum
    are as small as rounding; a reference has to be that well resolved anyway.

    Examples
    --------
    Diffusion with decay, :math:`u_t = u_{xx} - u`, has a solution in closed form:

    >>> series = FourierSeries(16, half_width=np.pi)
    >>> v0 = series.modes(np.cos(series.grid))
    >>> u = solve_periodic(
    ...     series, [0.0, 1.0], [0.5], v0, linear=-series.wavenumbers**2, pointwise=lambda u: -u, max_step=0.01
    ... )
    >>> bool(np.allclose(u[:, 0], np.cos([0.0, 1.0]) * np.exp(-1.0), atol=1e-9))
    True
    """
    factor = np.asarray(outer)

    def nonlinear(v: np.ndarray) -> np.ndarray:
        return factor * series.modes(pointwise(series.values(v)))

    v = etdrk4(linear, nonlinear, v0, t, max_step=max_step, first_step=first_step)
    return series.evaluate(v, x)


def burgers_fourier(
    x: npt.ArrayLike,
    t: npt.ArrayLike,
    *,
    nu: float = 0.01 / np.pi,
    points: int = 2048,
    max_step: float = 2.5e-4,
) -> np.ndarray:
    r"""The solution that :func:`nndl_support.pinn.cole_hopf.burgers` gives, found without the Cole-Hopf transformation.

    The start :math:`-\sin \pi x` is odd, and so the periodic solution stays zero at :math:`x = \pm 1`.

    Parameters
    ----------
    x : array (X,)
    t : array (T,), ascending from 0 on
    nu : float > 0, viscosity
    points : int, even; the shock is about :math:`4 \nu` wide and wants a dozen of them
    max_step : float > 0

    Returns
    -------
    array (X, T)

    Examples
    --------
    >>> burgers_fourier([-0.5, 0.5], [1.0], points=512, max_step=4e-3).round(3)
    array([[ 0.376],
           [-0.376]])
    """
    series = FourierSeries(points)
    k = series.wavenumbers
    return solve_periodic(
        series,
        x,
        t,
        series.modes(-np.sin(np.pi * series.grid)),
        linear=-nu * k**2,
        pointwise=np.square,
        outer=-0.5j * k,
        max_step=max_step,
    )


def allen_cahn(
    x: npt.ArrayLike,
    t: npt.ArrayLike,
    *,
    diffusivity: float = 1e-4,
    reaction: float = 5.0,
    points: int = 4096,
    max_step: float = 1 / 1600,
) -> np.ndarray:
    r"""Solution of the Allen-Cahn equation that starts as :math:`x^2 \cos \pi x`, with period 2.

    .. math:: u_t = d u_{xx} + r (u - u^3), \quad u(x, 0) = x^2 \cos \pi x, \quad -1 \le x \le 1

    Parameters
    ----------
    x : array (X,)
    t : array (T,), ascending from 0 on
    diffusivity : float > 0, d
    reaction : float, r, in units of 1 / time
    points : int, even, of the Fourier grid
    max_step : float > 0

    Returns
    -------
    array (X, T)

    Notes
    -----
    The start is continuous across the period, but its slope jumps there from -2 to 2: modes fall only like :math:`n^{-2}`, until
    diffusion has rounded the corner, which damps mode n by :math:`e^{-d \pi^2 n^2 t}`. Three measures keep the digits:

    - the initial modes are integrals in closed form. Modes of *samples* on N points are wrong by about :math:`2/(3 N^2)` each,
      because the slow tail folds back, and the solution stays wrong for all times;
    - the first steps are short (1e-4, growing), or the fast start costs the method its order;
    - at t = 0 the start itself is returned.

    With the defaults the error is below 1e-11 from t = 0.005 on. Before that, the modes beyond the grid are missing: 3e-9 at
    t = 0.002, 3e-7 at t = 0.001 and 5e-5 at t = 0.0001, at the corner :math:`x = \pm 1` and nowhere else.

    Examples
    --------
    >>> allen_cahn([0.0, 1.0], [0.0, 0.5, 1.0]).round(6)
    array([[ 0.      ,  0.001216,  0.02958 ],
           [-1.      , -0.999886, -0.999999]])
    """
    places, times = checked_grid(x, t)
    series = FourierSeries(points)
    u = solve_periodic(
        series,
        places,
        times,
        allen_cahn_modes(series),
        linear=-diffusivity * series.wavenumbers**2,
        pointwise=lambda u: reaction * u * (1 - u * u),
        max_step=max_step,
        first_step=1e-4,
    )
    inside = np.remainder(places + 1, 2) - 1
    u[:, times == 0] = (inside**2 * np.cos(np.pi * inside))[:, None]
    return u


def allen_cahn_modes(series: FourierSeries) -> np.ndarray:
    r"""Fourier coefficients of :math:`x^2 \cos \pi x` on [-1, 1], by integration.

    .. math:: v_n = \tfrac12 (g_{n+1} + g_{n-1}), \qquad
        g_m = \int_0^1 x^2 \cos(m \pi x)\, dx = \frac{2 (-1)^m}{m^2 \pi^2}, \quad g_0 = \tfrac13

    Parameters
    ----------
    series : FourierSeries, real with half width 1

    Returns
    -------
    complex array (K,)

    Examples
    --------
    The mean of the start is -2/π², and the mean of its samples is wrong by 2 / (3 N²):

    >>> series = FourierSeries(64)
    >>> bool(np.isclose(allen_cahn_modes(series)[0], -2 / np.pi**2))
    True
    >>> sampled = series.modes(series.grid**2 * np.cos(np.pi * series.grid))[0].real
    >>> round(float((sampled + 2 / np.pi**2) * 64**2), 3)
    -0.667
    """
    order = np.arange(series.points // 2 + 2)
    sign = np.where(order % 2, -1.0, 1.0)
    moment = np.concatenate([[1 / 3], 2 * sign[1:] / (np.pi * order[1:]) ** 2])
    v = 0.5 * (moment[1:] + moment[np.abs(order[1:] - 2)])
    v[-1] = 0.0
    return v.astype(complex)


def korteweg_de_vries(
    x: npt.ArrayLike,
    t: npt.ArrayLike,
    *,
    initial: Pointwise | None = None,
    dispersion: float = 0.0025,
    half_width: float = 1.0,
    points: int = 512,
    max_step: float = 2e-4,
) -> np.ndarray:
    r"""Solution of the Korteweg-de Vries equation, by default the one of Zabusky and Kruskal's start :math:`\cos \pi x`.

    .. math:: u_t + u u_x + \delta u_{xxx} = 0

    Parameters
    ----------
    x : array (X,)
    t : array (T,), ascending from 0 on
    initial : function of an array, smooth and periodic; by default the cosine
    dispersion : float, :math:`\delta`
    half_width : float > 0, half the period
    points : int, even, of the Fourier grid
    max_step : float > 0

    Returns
    -------
    array (X, T)

    References
    ----------
    Zabusky and Kruskal (1965), Interaction of "solitons" in a collisionless plasma, Physical Review Letters 15(6), 240-243,
    https://doi.org/10.1103/PhysRevLett.15.240.

    Examples
    --------
    >>> u = korteweg_de_vries([0.0, 1.0], [0.0, 0.5])
    >>> u[:, 0].round(12)
    array([ 1., -1.])
    """
    series = FourierSeries(points, half_width=half_width)
    k = series.wavenumbers
    start = np.cos(np.pi * series.grid / half_width) if initial is None else initial(series.grid)
    return solve_periodic(
        series,
        x,
        t,
        series.modes(start),
        linear=1j * dispersion * k**3,
        pointwise=np.square,
        outer=-0.5j * k,
        max_step=max_step,
    )


def nonlinear_schrodinger(
    x: npt.ArrayLike,
    t: npt.ArrayLike,
    *,
    initial: Pointwise | None = None,
    half_width: float = 5.0,
    points: int = 1024,
    max_step: float = 5e-4,
) -> np.ndarray:
    r"""Solution of the focusing Schrödinger equation, by default from :math:`2 \operatorname{sech} x` with period 10.

    .. math:: i h_t + \tfrac12 h_{xx} + |h|^2 h = 0

    Parameters
    ----------
    x : array (X,)
    t : array (T,), ascending from 0 on
    initial : function of an array, periodic; by default 2 sech
    half_width : float > 0, half the period
    points : int, even, of the Fourier grid
    max_step : float > 0

    Returns
    -------
    complex array (X, T)

    Notes
    -----
    The default start has a corner at the end of its period, of slope 0.027 on either side. Nothing smooths it, as diffusion does
    in :func:`allen_cahn`: it disperses into short waves of height 1e-5, which no grid resolves. That is the floor of the error,
    in the relative norm too. Smooth starts on a long period are solved to ten digits.

    Examples
    --------
    >>> h = nonlinear_schrodinger([0.0, 1.0], [0.0, np.pi / 4])
    >>> abs(h[0]).round(2)
    array([2., 4.])
    """
    series = FourierSeries(points, half_width=half_width, real=False)
    k = series.wavenumbers
    start = 2 / np.cosh(series.grid) if initial is None else initial(series.grid)
    return solve_periodic(
        series,
        x,
        t,
        series.modes(start),
        linear=-0.5j * k**2,
        pointwise=lambda h: np.abs(h) ** 2 * h,
        outer=1j,
        max_step=max_step,
    )
