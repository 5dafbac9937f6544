r"""Solutions in closed form, against which a network that solves a differential equation (微分方程) is measured.

Where space is a line, x (X,) and t (T,) span a grid and the answer is (X, T). Elsewhere a row of ``points`` is one place, with
the columns x, y (and t), and the answer has a row for each.

Shapes: X places, T times, N points.

References
----------
Kovasznay (1948), Laminar flow behind a two-dimensional grid, Mathematical Proceedings of the Cambridge Philosophical Society
44(1), 58-62, https://doi.org/10.1017/S0305004100023999.
Taylor and Green (1937), Mechanism of the production of small eddies from large ones, Proceedings of the Royal Society A 158(895),
499-521, https://doi.org/10.1098/rspa.1937.0036.
Wang, Teng and Perdikaris (2021), Understanding and mitigating gradient flow pathologies in physics-informed neural networks,
SIAM Journal on Scientific Computing 43(5), https://doi.org/10.1137/20M1318043: the Helmholtz problem.
"""

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from nndl_support.pinn.reference_arguments import checked_grid, checked_points

__all__ = [
    "heat",
    "helmholtz",
    "helmholtz_source",
    "kdv_soliton",
    "kovasznay",
    "logistic",
    "oscillator",
    "poisson",
    "poisson_source",
    "schrodinger_two_soliton",
    "taylor_green",
    "wave",
]


def logistic(t: npt.ArrayLike, *, rate: float = 1.0, start: float = 0.5, capacity: float = 1.0) -> np.ndarray:
    r"""Logistic growth.

    .. math:: \dot u = r u (1 - u / K), \qquad u(t) = \frac{K}{1 + (K / u_0 - 1) e^{-r t}}

    Parameters
    ----------
    t : array (T,)
    rate : float, r, per unit of time
    start : float > 0, :math:`u_0`
    capacity : float > 0, K

    Returns
    -------
    array (T,)

    Examples
    --------
    >>> logistic([0.0, np.log(3.0)])
    array([0.5 , 0.75])
    """
    times = np.asarray(t, dtype=float)
    return capacity / (1 + (capacity / start - 1) * np.exp(-rate * times))


def oscillator(t: npt.ArrayLike, *, damping: float = 2.0, frequency: float = 20.0) -> np.ndarray:
    r"""Damped oscillation, released at rest from 1.

    .. math:: \ddot u + 2 \delta \dot u + \omega_0^2 u = 0, \qquad
        u(t) = e^{-\delta t} \Bigl(\cos \omega t + \frac{\delta}{\omega} \sin \omega t\Bigr), \quad
        \omega = \sqrt{\omega_0^2 - \delta^2}

    Parameters
    ----------
    t : array (T,)
    damping : float >= 0, :math:`\delta`, per unit of time
    frequency : float > damping, :math:`\omega_0`, in radians per unit of time

    Returns
    -------
    array (T,)

    Raises
    ------
    ValueError
        When the damping is so strong that nothing oscillates.

    Examples
    --------
    >>> oscillator([0.0, np.pi], damping=0.0, frequency=1.0)
    array([ 1., -1.])
    """
    if not 0 <= damping < frequency:
        raise ValueError(
            f"damping is {damping} and frequency {frequency}; an oscillation needs 0 <= damping < frequency"
        )
    times = np.asarray(t, dtype=float)
    omega = np.sqrt(frequency**2 - damping**2)
    return np.exp(-damping * times) * (np.cos(omega * times) + damping / omega * np.sin(omega * times))


def heat(
    x: npt.ArrayLike,
    t: npt.ArrayLike,
    *,
    diffusivity: float = 0.4,
    amplitudes: Sequence[float] = (1.0,),
    length: float = 1.0,
) -> np.ndarray:
    r"""Heat in a rod whose ends are held at 0.

    .. math:: u_t = \alpha u_{xx}, \qquad u(x, t) = \sum_n a_n e^{-\alpha (n \pi / \ell)^2 t} \sin \frac{n \pi x}{\ell}

    Parameters
    ----------
    x : array (X,), in [0, length]
    t : array (T,), none negative
    diffusivity : float > 0, :math:`\alpha`, in units of length² / time
    amplitudes : sequence of float, :math:`a_1, a_2, \dots` of the start
    length : float > 0, :math:`\ell`

    Returns
    -------
    array (X, T)

    Examples
    --------
    >>> heat([0.5], [0.0, np.log(2.0)], diffusivity=1 / np.pi**2)
    array([[1. , 0.5]])
    """
    return _sine_series(x, t, amplitudes, length, lambda k, times: np.exp(-diffusivity * np.outer(k**2, times)))


def wave(
    x: npt.ArrayLike,
    t: npt.ArrayLike,
    *,
    speed: float = 2.0,
    amplitudes: Sequence[float] = (1.0, 0.0, 0.0, 0.5),
    length: float = 1.0,
) -> np.ndarray:
    r"""Standing waves of a string with fixed ends, released at rest.

    .. math:: u_{tt} = c^2 u_{xx}, \qquad
        u(x, t) = \sum_n a_n \cos \frac{c n \pi t}{\ell} \sin \frac{n \pi x}{\ell}

    Parameters
    ----------
    x : array (X,), in [0, length]
    t : array (T,), none negative
    speed : float, c, in units of length / time
    amplitudes : sequence of float, :math:`a_1, a_2, \dots`; by default :math:`u(x, 0) = \sin \pi x + \tfrac12 \sin 4 \pi x`
    length : float > 0, :math:`\ell`

    Returns
    -------
    array (X, T)

    Examples
    --------
    >>> wave([0.5], [0.0, 0.5, 1.0]).round(12)
    array([[ 1., -1.,  1.]])
    """
    return _sine_series(x, t, amplitudes, length, lambda k, times: np.cos(speed * np.outer(k, times)))


def _sine_series(
    x: npt.ArrayLike,
    t: npt.ArrayLike,
    amplitudes: Sequence[float],
    length: float,
    course: Callable[[np.ndarray, np.ndarray], np.ndarray],
) -> np.ndarray:
    """Sum of sines that vanish at 0 and at the length, each with its own course (modes, T) in time."""
    places, times = checked_grid(x, t)
    k = np.pi * np.arange(1, len(amplitudes) + 1) / length
    return (np.sin(np.outer(places, k)) * np.asarray(amplitudes)) @ course(k, times)


def poisson(points: npt.ArrayLike) -> np.ndarray:
    r"""Solution of :math:`-\nabla^2 u = 2 \pi^2 \sin \pi x \sin \pi y` that is 0 on the edge of the unit square.

    .. math:: u = \sin \pi x \sin \pi y

    Parameters
    ----------
    points : array (N, 2), columns x, y

    Returns
    -------
    array (N,)

    Examples
    --------
    >>> poisson([[0.5, 0.5]])
    array([1.])
    """
    return helmholtz(points, a1=1.0, a2=1.0)


def poisson_source(points: npt.ArrayLike) -> np.ndarray:
    r"""Right-hand side :math:`2 \pi^2 \sin \pi x \sin \pi y` of the problem that :func:`poisson` solves.

    Takes points (N, 2) and returns an array (N,), as that function does.

    Examples
    --------
    >>> bool(np.isclose(poisson_source([[0.5, 0.5]])[0], 2 * np.pi**2))
    True
    """
    return 2 * np.pi**2 * poisson(points)


def helmholtz(points: npt.ArrayLike, *, a1: float = 1.0, a2: float = 4.0) -> np.ndarray:
    r"""Solution of :math:`\nabla^2 u + k^2 u = q` that was chosen first; :func:`helmholtz_source` gives the q it needs.

    .. math:: u = \sin(a_1 \pi x) \sin(a_2 \pi y)

    Parameters
    ----------
    points : array (N, 2), columns x, y, usually in [-1, 1]
    a1, a2 : float, half waves per unit of length in x and in y

    Returns
    -------
    array (N,)

    Examples
    --------
    >>> helmholtz([[0.5, 0.125]])
    array([1.])
    """
    x, y = checked_points(points, "xy")
    return np.sin(a1 * np.pi * x) * np.sin(a2 * np.pi * y)


def helmholtz_source(points: npt.ArrayLike, *, a1: float = 1.0, a2: float = 4.0, wavenumber: float = 1.0) -> np.ndarray:
    r"""Right-hand side :math:`q = \bigl(k^2 - (a_1 \pi)^2 - (a_2 \pi)^2\bigr) u` of the problem that :func:`helmholtz` solves.

    Parameters
    ----------
    points : array (N, 2), columns x, y
    a1, a2 : float, as in :func:`helmholtz`
    wavenumber : float, k

    Returns
    -------
    array (N,)

    Examples
    --------
    >>> bool(np.isclose(helmholtz_source([[0.5, 0.125]])[0], 1 - 17 * np.pi**2))
    True
    """
    return (wavenumber**2 - (a1 * np.pi) ** 2 - (a2 * np.pi) ** 2) * helmholtz(points, a1=a1, a2=a2)


def kovasznay(points: npt.ArrayLike, re: float = 40.0) -> np.ndarray:
    r"""Steady flow behind a grid: a solution of the Navier-Stokes equations with viscosity 1/Re.

    .. math:: u = 1 - e^{\lambda x} \cos 2 \pi y, \quad v = \frac{\lambda}{2 \pi} e^{\lambda x} \sin 2 \pi y, \quad
        p = \tfrac12 \bigl(1 - e^{2 \lambda x}\bigr), \quad \lambda = \frac{Re}{2} - \sqrt{\frac{Re^2}{4} + 4 \pi^2}

    Parameters
    ----------
    points : array (N, 2), columns x, y
    re : float > 0, Reynolds number

    Returns
    -------
    array (N, 3), columns u, v, p

    Notes
    -----
    The formula for λ subtracts two numbers that nearly agree when Re is large; the code has the equal
    :math:`-4 \pi^2 / \bigl(Re/2 + \sqrt{Re^2/4 + 4 \pi^2}\bigr)`.

    Examples
    --------
    >>> kovasznay([[0.0, 0.5]])
    array([[ 2.,  0.,  0.]])
    """
    if not re > 0:
        raise ValueError(f"re is {re}; expected a positive Reynolds number")
    x, y = checked_points(points, "xy")
    rate = -4 * np.pi**2 / (re / 2 + np.hypot(re / 2, 2 * np.pi))
    wake = np.exp(rate * x)
    u = 1 - wake * np.cos(2 * np.pi * y)
    v = rate / (2 * np.pi) * wake * np.sin(2 * np.pi * y)
    return np.stack([u, v, (1 - wake**2) / 2], axis=1)


def taylor_green(points: npt.ArrayLike, nu: float = 0.01) -> np.ndarray:
    r"""Decaying vortices: a solution of the Navier-Stokes equations with density 1 and viscosity ν.

    .. math::

        u &= -\cos \pi x \sin \pi y \, e^{-2 \pi^2 \nu t} \\
        v &= \sin \pi x \cos \pi y \, e^{-2 \pi^2 \nu t} \\
        p &= -\tfrac14 (\cos 2 \pi x + \cos 2 \pi y) \, e^{-4 \pi^2 \nu t}

    Parameters
    ----------
    points : array (N, 3), columns x, y, t
    nu : float >= 0, kinematic viscosity

    Returns
    -------
    array (N, 3), columns u, v, p

    Examples
    --------
    >>> taylor_green([[0.0, 0.5, 0.0]]).round(12) + 0.0
    array([[-1.,  0.,  0.]])
    """
    x, y, t = checked_points(points, "xyt")
    decay = np.exp(-2 * np.pi**2 * nu * t)
    u = -np.cos(np.pi * x) * np.sin(np.pi * y) * decay
    v = np.sin(np.pi * x) * np.cos(np.pi * y) * decay
    p = -(np.cos(2 * np.pi * x) + np.cos(2 * np.pi * y)) / 4 * decay**2
    return np.stack([u, v, p], axis=1)


def kdv_soliton(x: npt.ArrayLike, t: npt.ArrayLike, *, speed: float = 1.0, dispersion: float = 0.0025) -> np.ndarray:
    r"""Solitary wave (孤立波) of the Korteweg-de Vries equation: the higher, the faster and the narrower.

    .. math:: u_t + u u_x + \delta u_{xxx} = 0, \qquad
        u = 3 c \operatorname{sech}^2 \Bigl(\tfrac12 \sqrt{c / \delta}\, (x - c t)\Bigr)

    Parameters
    ----------
    x : array (X,)
    t : array (T,), none negative
    speed : float > 0, c
    dispersion : float > 0, :math:`\delta`

    Returns
    -------
    array (X, T)

    Examples
    --------
    >>> kdv_soliton([0.0, 1.0], [1.0]).round(6)
    array([[0.],
           [3.]])
    """
    places, times = checked_grid(x, t)
    return 3 * speed * _sech(np.sqrt(speed / dispersion) / 2 * (places[:, None] - speed * times)) ** 2


def schrodinger_two_soliton(x: npt.ArrayLike, t: npt.ArrayLike) -> np.ndarray:
    r"""What the focusing Schrödinger equation makes of :math:`2 \operatorname{sech} x` on the whole line: two solitons that beat.

    .. math:: i h_t + \tfrac12 h_{xx} + |h|^2 h = 0, \qquad
        h = \frac{4 e^{it/2} \bigl(\cosh 3x + 3 e^{4it} \cosh x\bigr)}{\cosh 4x + 4 \cosh 2x + 3 \cos 4t}

    Parameters
    ----------
    x : array (X,)
    t : array (T,), none negative

    Returns
    -------
    complex array (X, T)

    Notes
    -----
    The code divides both sides of the fraction by :math:`e^{4|x|}`, which overflows beyond x = 177.

    References
    ----------
    Satsuma and Yajima (1974), Initial value problems of one-dimensional self-modulation of nonlinear waves in dispersive media,
    Progress of Theoretical Physics Supplement 55, 284-306, https://doi.org/10.1143/PTPS.55.284.

    Examples
    --------
    >>> abs(schrodinger_two_soliton([0.0], [0.0, np.pi / 4])).round(6)
    array([[2., 4.]])
    """
    places, times = checked_grid(x, t)
    r = np.abs(places)[:, None]

    def cosh(m: int) -> np.ndarray:
        """cosh(m r) exp(-4 r)."""
        return 0.5 * (np.exp((m - 4) * r) + np.exp(-(m + 4) * r))

    below = cosh(4) + 4 * cosh(2) + 3 * np.cos(4 * times) * np.exp(-4 * r)
    return 4 * np.exp(0.5j * times) * (cosh(3) + 3 * np.exp(4j * times) * cosh(1)) / below


def _sech(z: np.ndarray) -> np.ndarray:
    """1 / cosh z, where cosh z may overflow."""
    decay = np.exp(-np.abs(z))
    return 2 * decay / (1 + decay**2)
