r"""How well a least-squares fit knows a few of its parameters when thousands of others were fitted along with them.

Near a solution the residuals are linear, :math:`\rho(\theta + \delta) \approx \rho + J \delta`. Split the columns of J into
those of the network's weights, K, and those of the unknown parameters :math:`\lambda` of the equation, L. What the weights
can imitate says nothing about :math:`\lambda`; what is left,

.. math:: M = (I - K K^+)\, L, \qquad \delta\lambda = -A \rho, \qquad A = M^+ ,

decides everything: A is the influence (影响) of every single residual on every parameter, and noise of the rows with standard
deviations s leaves the covariance :math:`A \operatorname{diag}(s^2) A^\top`.

Shapes: S residuals, P parameters of which the last U are asked for.

References
----------
Golub and Pereyra (1973), The differentiation of pseudo-inverses and nonlinear least squares problems whose variables separate,
SIAM Journal on Numerical Analysis 10(2), https://doi.org/10.1137/0710036, for the projection.
Hampel (1974), The influence curve and its role in robust estimation, Journal of the American Statistical Association 69(346),
https://doi.org/10.1080/01621459.1974.10482962.
"""

import numpy as np
import numpy.typing as npt
from scipy.linalg import lstsq

__all__ = ["correlation", "covariance", "identifiable_directions", "influence", "profiled_columns"]


def profiled_columns(jacobian: npt.ArrayLike, n_unknown: int, *, rcond: float = 1e-7) -> np.ndarray:
    """Columns of the last parameters after everything that the other columns can imitate was taken out.

    Parameters
    ----------
    jacobian : array (S, P)
    n_unknown : int, U, from 1 to P
    rcond : float > 0
        Directions in which the other parameters act more weakly than this, relative to the strongest, count as no direction:
        the fit cannot have used them.

    Returns
    -------
    array (S, U)

    Examples
    --------
    A slope beside an unknown constant is known from the deviations from the mean:

    >>> profiled_columns([[1, 1], [1, 2], [1, 6]], 1).ravel()
    array([-2., -1.,  3.])
    """
    matrix = np.asarray(jacobian, dtype=float)
    if matrix.ndim != 2 or not 1 <= n_unknown <= matrix.shape[1]:
        raise ValueError(
            f"jacobian has shape {matrix.shape} and n_unknown is {n_unknown}; expected (S, P), and 1 to P of its columns"
        )
    others, wanted = matrix[:, : matrix.shape[1] - n_unknown], matrix[:, matrix.shape[1] - n_unknown :]
    if not others.shape[1]:
        return wanted.copy()
    return wanted - others @ lstsq(others, wanted, cond=rcond)[0]


def influence(jacobian: npt.ArrayLike, n_unknown: int, *, rcond: float = 1e-7) -> np.ndarray:
    r"""By how much the fitted parameters move for a unit of each residual, with the opposite sign.

    .. math:: A = M^+, \qquad \hat\lambda = \lambda - A \rho

    Parameters
    ----------
    jacobian, n_unknown, rcond : as in :func:`profiled_columns`

    Returns
    -------
    array (U, S)

    Examples
    --------
    For a mean of three observations, each counts a third:

    >>> influence([[1], [1], [1]], 1).round(4)
    array([[0.3333, 0.3333, 0.3333]])
    """
    return np.linalg.pinv(profiled_columns(jacobian, n_unknown, rcond=rcond))


def covariance(influences: npt.ArrayLike, noise: npt.ArrayLike) -> np.ndarray:
    r"""Covariance of the fitted parameters when the rows carry independent noise.

    .. math:: A \operatorname{diag}(s_1^2, \dots, s_S^2)\, A^\top

    Parameters
    ----------
    influences : array (U, S), A
    noise : array (S,) or one number, standard deviations; 0 for a row without noise

    Returns
    -------
    array (U, U)

    Notes
    -----
    With s = 1 in every row this is the textbook's :math:`(J^\top J)^{-1}`, the lower right corner of it, and treats the
    residual of the equation as one more measurement with noise. With s = 0 there it answers another question: how would the
    estimate scatter if only the data were drawn again? Statisticians call the second kind a sandwich.

    Examples
    --------
    >>> covariance([[0.5, 0.5]], 0.2).round(12)
    array([[0.02]])
    """
    rows, sizes = np.asarray(influences, dtype=float), np.asarray(noise, dtype=float)
    if rows.ndim != 2 or sizes.shape not in ((), rows.shape[1:]):
        raise ValueError(
            f"influences have shape {rows.shape} and noise {sizes.shape}; expected (U, S), and (S,) or one number"
        )
    scaled = rows * sizes
    return scaled @ scaled.T


def correlation(cov: npt.ArrayLike) -> np.ndarray:
    """Correlations that belong to a covariance.

    Parameters
    ----------
    cov : array (U, U)

    Returns
    -------
    array (U, U)

    Examples
    --------
    >>> correlation([[4.0, 1.0], [1.0, 1.0]])
    array([[1. , 0.5],
           [0.5, 1. ]])
    """
    matrix = np.asarray(cov, dtype=float)
    scale = np.sqrt(np.diag(matrix))
    return matrix / np.outer(scale, scale)


def identifiable_directions(columns: npt.ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """Combinations of parameters in the order in which data tell them, and how strongly they do.

    Parameters
    ----------
    columns : array (S, U), sensitivities, or :func:`profiled_columns`

    Returns
    -------
    strengths : array (U,), falling; a value near zero belongs to a combination that the data leave open
    directions : array (U, U), one unit vector in a row, its largest entry positive

    Examples
    --------
    Only the sum of two parameters acts:

    >>> strengths, directions = identifiable_directions([[1.0, 1.0], [2.0, 2.0]])
    >>> (strengths.round(6) + 0).tolist(), directions[0].round(4).tolist()
    ([3.162278, 0.0], [0.7071, 0.7071])
    """
    _, strengths, directions = np.linalg.svd(np.asarray(columns, dtype=float), full_matrices=False)
    largest = directions[np.arange(len(directions)), np.abs(directions).argmax(axis=1)]
    return strengths, directions * np.sign(largest)[:, None]
