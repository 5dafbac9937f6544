r"""Poisson's equation in a cube of any dimension by second differences, solved by sine transforms (离散正弦变换).

A mesh at its fastest.

The sine waves that vanish on the faces are eigenvectors of second differences, so the linear system of :math:`m^d` unknowns costs
one transform forth and one back.

Shapes: m inner lines along each of d axes.

References
----------
Van Loan (1992), Computational Frameworks for the Fast Fourier Transform, SIAM, https://doi.org/10.1137/1.9781611970999, section
4.5: fast Poisson solvers.
"""

import time
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from scipy.fft import dstn, idstn

__all__ = ["cube_points", "grid_error", "nodes_needed", "solve_on_cube"]


def cube_points(m: int, dimension: int) -> np.ndarray:
    """Inner points of a grid with m inner lines along each axis of the cube [-1, 1]^d.

    Parameters
    ----------
    m : int of at least 1
    dimension : int of at least 1

    Returns
    -------
    array (m^d, d), the first coordinate changes slowest

    Examples
    --------
    >>> cube_points(3, 1).ravel().tolist()
    [-0.5, 0.0, 0.5]
    """
    if m < 1 or dimension < 1:
        raise ValueError(f"there are {m} lines in dimension {dimension}; expected at least 1 of both")
    line = np.linspace(-1, 1, m + 2)[1:-1]
    return np.stack(np.meshgrid(*[line] * dimension, indexing="ij"), axis=-1).reshape(-1, dimension)


def solve_on_cube(source: npt.ArrayLike) -> np.ndarray:
    r"""Solution of :math:`-\nabla^2 u = f` on [-1, 1]^d, zero on the faces, by second differences along each axis.

    Parameters
    ----------
    source : array (m, ..., m) with d axes, f on the inner points

    Returns
    -------
    array (m, ..., m), u there

    Raises
    ------
    ValueError
        When the axes differ in length.

    Examples
    --------
    A quadratic is exact:

    >>> solve_on_cube(np.ones(3)).tolist()
    [0.375, 0.5, 0.375]
    """
    f = np.asarray(source, dtype=float)
    if f.ndim < 1 or len(set(f.shape)) != 1:
        raise ValueError(f"source has the shape {f.shape}; expected one length for all axes")
    m, d = f.shape[0], f.ndim
    h = 2 / (m + 1)
    waves = (2 / h * np.sin(np.pi * np.arange(1, m + 1) / (2 * (m + 1)))) ** 2
    eigenvalues = sum(waves.reshape([-1 if axis == k else 1 for axis in range(d)]) for k in range(d))
    return idstn(dstn(f, type=1) / eigenvalues, type=1)


def grid_error(
    source: Callable[[np.ndarray], np.ndarray], exact: Callable[[np.ndarray], np.ndarray], m: int, dimension: int
) -> tuple[float, float]:
    """Relative L2 error of the mesh on its own nodes, and the seconds of the processor that its transforms took.

    Parameters
    ----------
    source, exact : functions of points (N, d), returning arrays (N,)
    m : int, inner lines along each axis
    dimension : int, d

    Returns
    -------
    error, seconds : floats

    Examples
    --------
    >>> error, _ = grid_error(lambda x: np.ones(len(x)), lambda x: (1 - x[:, 0] ** 2) / 2, 5, 1)
    >>> error < 1e-12
    True
    """
    points = cube_points(m, dimension)
    f, u = source(points).reshape([m] * dimension), exact(points)
    start = time.process_time()
    found = solve_on_cube(f)
    seconds = time.process_time() - start
    return float(np.linalg.norm(found.ravel() - u) / np.linalg.norm(u)), seconds


def nodes_needed(error: float, dimension: int, *, known: float, lines: int) -> float:
    r"""Nodes that a method of second order needs for an error, extrapolated from one error that is known.

    .. math:: (m + 1)^2 = (m_0 + 1)^2\, e_0 / e

    Parameters
    ----------
    error : float > 0, e
    dimension : int, d
    known : float > 0, the error :math:`e_0`
    lines : int, inner lines along each axis with which it was found, :math:`m_0`

    Returns
    -------
    float, :math:`m^d` with m of at least 1

    Examples
    --------
    A hundredth of the error takes ten times the lines, nearly:

    >>> nodes_needed(1e-4, 3, known=1e-2, lines=9) == 99**3
    True
    """
    if not min(error, known) > 0:
        raise ValueError(f"error is {error} and known {known}; expected two positive numbers")
    return max((lines + 1) * (known / error) ** 0.5 - 1, 1.0) ** dimension
