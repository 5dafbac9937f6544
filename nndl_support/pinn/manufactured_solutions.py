r"""Known solutions of linear equations, to judge numerical ones by: waves, layers, corners, and some made for the purpose.

A solution can be made up (method of manufactured solutions, 构造解): choose u, differentiate it, and call the result the
right-hand side.

Shapes: M places.

References
----------
Roache (2002), Code verification by the method of manufactured solutions, Journal of Fluids Engineering 124(1),
https://doi.org/10.1115/1.1436090.
Grisvard (1985), Elliptic Problems in Nonsmooth Domains, Pitman, https://doi.org/10.1137/1.9781611972030 (the corner).
"""

import numpy as np
import numpy.typing as npt

from nndl_support.pinn.exact_solutions import poisson, poisson_source

# Where the detail of `sine_and_bump` is, and how narrow.
BUMP, SHARPNESS = (0.35, 0.6), 60.0


def plane_wave(x: npt.ArrayLike, wave_number: float, *, angle: float = 0.5) -> np.ndarray:
    r"""A standing wave across the plane, :math:`\sin(k\,n\cdot x)`, which solves :math:`-\nabla^2 u - k^2 u = 0`.

    Parameters
    ----------
    x : array (M, 2)
    wave_number : float, k, in 1/length
    angle : float, of the direction n against the first axis, in radians

    Returns
    -------
    array (M,)

    Examples
    --------
    >>> plane_wave([[1.0, 0.0]], np.pi / 2, angle=0.0)
    array([1.])
    """
    direction = np.array([np.cos(angle), np.sin(angle)])
    return np.asarray(np.sin(wave_number * (_places(x) @ direction)))


def boundary_layer(x: npt.ArrayLike, peclet: float) -> np.ndarray:
    r"""What a wind along the first axis piles up before a wall at 1, a layer of the width 1/Pe.

    .. math:: u = \frac{e^{\mathrm{Pe}(x - 1)} - e^{-\mathrm{Pe}}}{1 - e^{-\mathrm{Pe}}},\qquad
        -\frac1{\mathrm{Pe}}\nabla^2 u + \frac{\partial u}{\partial x} = 0

    Parameters
    ----------
    x : array (M, D)
    peclet : float > 0, Péclet number of the unit length

    Returns
    -------
    array (M,), from 0 at 0 to 1 at 1

    Examples
    --------
    >>> boundary_layer([[0.0], [0.5], [1.0]], 2.0).round(3)
    array([0.   , 0.269, 1.   ])
    """
    if not peclet > 0:
        raise ValueError(f"peclet is {peclet}; expected a positive number")
    places = np.asarray(x, dtype=float)
    if places.ndim != 2:
        raise ValueError(f"x has shape {places.shape}; expected (M, D)")
    first = places[:, 0]
    return np.asarray((np.exp(peclet * (first - 1)) - np.exp(-peclet)) / -np.expm1(-peclet))


def corner_singularity(x: npt.ArrayLike) -> np.ndarray:
    r"""The harmonic function of a corner of 270 degrees at the origin, the missing quarter being the fourth one.

    .. math:: u = r^{2/3}\sin\tfrac23\theta

    It vanishes on both sides of the corner and has an infinite gradient in it.

    Parameters
    ----------
    x : array (M, 2), with angles from 0 to 3/2 pi

    Returns
    -------
    array (M,)

    Examples
    --------
    >>> corner_singularity([[1.0, 0.0], [0.0, -8.0], [-1.0, 1.0]]).round(6)
    array([0.      , 0.      , 1.259921])
    """
    places = _places(x)
    angle = np.arctan2(places[:, 1], places[:, 0]) % (2 * np.pi)
    return np.asarray(np.hypot(places[:, 0], places[:, 1]) ** (2 / 3) * np.sin(2 * angle / 3))


def harmonic(x: npt.ArrayLike) -> np.ndarray:
    r"""A smooth function without a Laplacian, :math:`e^y\cos x`.

    Parameters
    ----------
    x : array (M, 2)

    Returns
    -------
    array (M,)

    Examples
    --------
    >>> harmonic([[0.0, 0.0]])
    array([1.])
    """
    first, second = _places(x).T
    return np.asarray(np.exp(second) * np.cos(first))


def tilted_waves(x: npt.ArrayLike) -> np.ndarray:
    r"""A made-up temperature, :math:`u = \sin(3x + y) + x y^2`.

    Parameters
    ----------
    x : array (M, 2)

    Returns
    -------
    array (M,)

    Examples
    --------
    >>> tilted_waves([[1.0, -3.0]])
    array([9.])
    """
    first, second = _places(x).T
    return np.asarray(np.sin(3 * first + second) + first * second**2)


def tilted_waves_gradient(x: npt.ArrayLike) -> np.ndarray:
    """Gradient of :func:`tilted_waves`, array (M, 2).

    Examples
    --------
    >>> tilted_waves_gradient([[1.0, -3.0]])
    array([[12., -5.]])
    """
    first, second = _places(x).T
    slope = np.cos(3 * first + second)
    return np.column_stack([3 * slope + second**2, slope + 2 * first * second])


def tilted_waves_source(x: npt.ArrayLike) -> np.ndarray:
    """Minus the Laplacian of :func:`tilted_waves`, array (M,).

    Examples
    --------
    >>> tilted_waves_source([[1.0, -3.0]])
    array([-2.])
    """
    first, second = _places(x).T
    return np.asarray(10 * np.sin(3 * first + second) - 2 * first)


def sine_and_bump(x: npt.ArrayLike) -> np.ndarray:
    r"""A smooth hill with a detail, :math:`u = \sin\pi x\sin\pi y + e^{-60\lVert x - p\rVert^2}` with p = (0.35, 0.6).

    Parameters
    ----------
    x : array (M, 2)

    Returns
    -------
    array (M,)

    Examples
    --------
    >>> sine_and_bump([[0.35, 0.6]]).round(4)
    array([1.8474])
    """
    return np.asarray(poisson(x) + np.exp(-SHARPNESS * _squared_distance(x)))


def sine_and_bump_source(x: npt.ArrayLike) -> np.ndarray:
    """Minus the Laplacian of :func:`sine_and_bump`, array (M,).

    Examples
    --------
    >>> sine_and_bump_source([[0.35, 0.6]]).round(2)
    array([256.73])
    """
    r2 = _squared_distance(x)
    bump = (4 * SHARPNESS**2 * r2 - 4 * SHARPNESS) * np.exp(-SHARPNESS * r2)
    return np.asarray(poisson_source(x) - bump)


def _squared_distance(x: npt.ArrayLike) -> np.ndarray:
    return np.asarray(((_places(x) - BUMP) ** 2).sum(axis=1))


def _places(x: npt.ArrayLike) -> np.ndarray:
    places = np.asarray(x, dtype=float)
    if places.ndim != 2 or places.shape[1] != 2:
        raise ValueError(f"x has shape {places.shape}; expected (M, 2)")
    return places
