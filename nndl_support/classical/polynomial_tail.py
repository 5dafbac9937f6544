r"""The polynomial that stands beside the radial functions of an interpolant, and its derivatives.

Shapes: M places x, D coordinates, R monomials. A monomial is a row of exponents :math:`p`, and means
:math:`x^p = \prod_d x_d^{p_d}`.

References
----------
Fasshauer (2007), Meshfree Approximation Methods with MATLAB, World Scientific, https://doi.org/10.1142/6437, chapter 6.
"""

from itertools import combinations_with_replacement

import numpy as np
import numpy.typing as npt


def monomial_powers(n_coordinates: int, degree: int) -> np.ndarray:
    r"""Exponents of all monomials up to a degree, :math:`\binom{D + degree}{D}` of them; none for degree -1.

    Parameters
    ----------
    n_coordinates : int, D
    degree : int of at least -1

    Returns
    -------
    integer array (R, D)

    Examples
    --------
    >>> monomial_powers(2, 1)
    array([[0, 0],
           [1, 0],
           [0, 1]])
    """
    rows = [
        np.bincount(np.array(factors, dtype=int), minlength=n_coordinates)
        for total in range(degree + 1)
        for factors in combinations_with_replacement(range(n_coordinates), total)
    ]
    return np.array(rows, dtype=int).reshape(-1, n_coordinates)


def monomials(x: npt.ArrayLike, powers: np.ndarray) -> np.ndarray:
    """Value of every monomial at every place.

    Parameters
    ----------
    x : array (M, D)
    powers : integer array (R, D)

    Returns
    -------
    array (M, R)

    Raises
    ------
    ValueError
        When x does not have one column for each coordinate of the monomials.

    Examples
    --------
    >>> monomials([[2.0, 3.0]], np.array([[0, 0], [1, 2]]))
    array([[ 1., 18.]])
    """
    places = np.asarray(x, dtype=float)
    if places.ndim != 2 or places.shape[1] != powers.shape[1]:
        raise ValueError(
            f"x has shape {places.shape}, but the monomials have {powers.shape[1]} coordinates; "
            f"expected (M, {powers.shape[1]})"
        )
    result = np.ones((len(places), len(powers)))
    for d, exponents in enumerate(powers.T):
        result *= _columns_to_the(places[:, d], exponents)
    return result


def monomial_gradients(x: npt.ArrayLike, powers: np.ndarray) -> np.ndarray:
    r"""Gradient of every monomial at every place: :math:`\partial_d x^p = p_d\,x^{p - e_d}`.

    Parameters
    ----------
    x : array (M, D)
    powers : integer array (R, D)

    Returns
    -------
    array (M, R, D)

    Examples
    --------
    >>> monomial_gradients([[2.0, 3.0]], np.array([[1, 2]]))
    array([[[ 9., 12.]]])
    """
    lowered = [powers - unit for unit in np.eye(powers.shape[1], dtype=int)]
    columns = [powers[:, d] * monomials(x, np.maximum(lower, 0)) for d, lower in enumerate(lowered)]
    return np.stack(columns, axis=2)


def monomial_second_derivatives(x: npt.ArrayLike, powers: np.ndarray) -> np.ndarray:
    r"""Second derivative of every monomial along every coordinate: :math:`p_d(p_d - 1)\,x^{p - 2e_d}`.

    Parameters
    ----------
    x : array (M, D)
    powers : integer array (R, D)

    Returns
    -------
    array (M, R, D); its sum over the last axis is the Laplacian when all coordinates have the same scale

    Examples
    --------
    >>> monomial_second_derivatives([[2.0, 3.0]], np.array([[1, 2]]))
    array([[[0., 4.]]])
    """
    lowered = [powers - 2 * unit for unit in np.eye(powers.shape[1], dtype=int)]
    columns = [
        powers[:, d] * (powers[:, d] - 1) * monomials(x, np.maximum(lower, 0)) for d, lower in enumerate(lowered)
    ]
    return np.stack(columns, axis=2)


def _columns_to_the(column: np.ndarray, exponents: np.ndarray) -> np.ndarray:
    """The powers of one column, array (M, R), each computed once."""
    table = {p: column ** int(p) for p in np.unique(exponents)}
    return np.column_stack([table[p] for p in exponents]) if len(exponents) else np.ones((len(column), 0))
