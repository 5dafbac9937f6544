r"""The output layer that needs no descent: linear least squares with a ridge, and its leave-one-out residuals.

Shapes: B examples, M hidden units, K outputs.

References
----------
Broomhead and Lowe (1988), Multivariable functional interpolation and adaptive networks, Complex Systems 2, 321-355.
Allen (1974), The relationship between variable selection and data augmentation and a method for prediction, Technometrics
16(1), https://doi.org/10.1080/00401706.1974.10489157 (PRESS, the leave-one-out residuals).
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt


class Readout(NamedTuple):
    """Weights (M, K) and bias (K,) of a linear output layer, and its leave-one-out residuals (B, K).

    Examples
    --------
    >>> fit_readout([[0.0], [1.0], [2.0]], [[1.0], [3.0], [5.0]])._fields
    ('weights', 'bias', 'leave_one_out')
    """

    weights: np.ndarray
    bias: np.ndarray
    leave_one_out: np.ndarray


def fit_readout(
    hidden: npt.ArrayLike, targets: npt.ArrayLike, *, regularization: float = 0.0, fit_intercept: bool = True
) -> Readout:
    r"""Best linear output layer on given hidden activations.

    .. math:: \min_{w,b}\ \sum_n \lVert h_n^\top w + b - t_n\rVert^2 + \lambda\lVert w\rVert^2, \qquad
        t_n - \hat t^{(n)}_n = \frac{t_n - \hat t_n}{1 - H_{nn}}, \quad H = \tfrac1B\mathbb{1}\mathbb{1}^\top
        + U\,\mathrm{diag}\frac{s^2}{s^2 + \lambda}\,U^\top

    with the singular value decomposition :math:`U\,\mathrm{diag}(s)\,V^\top` of the hidden activations minus their mean. The
    bias is not penalised; without one, neither the mean nor the term 1/B occurs.

    Parameters
    ----------
    hidden : array (B, M)
    targets : array (B, K)
    regularization : float >= 0, lambda
    fit_intercept : bool

    Returns
    -------
    Readout

    Raises
    ------
    ValueError
        When the shapes do not fit or ``regularization`` is negative.

    Notes
    -----
    Directions with singular values below 1e-12 of the largest are left alone: the solution of least norm.
    A point that alone decides its own output, :math:`H_{nn} = 1`, has no leave-one-out residual; infinity stands there.

    Examples
    --------
    >>> readout = fit_readout([[0.0], [1.0], [2.0]], [[1.0], [3.0], [5.0]])
    >>> readout.weights, readout.bias
    (array([[2.]]), array([1.]))
    """
    h, t = np.asarray(hidden, dtype=float), np.asarray(targets, dtype=float)
    if h.ndim != 2 or t.ndim != 2 or len(h) != len(t):
        raise ValueError(f"hidden has shape {h.shape} and targets {t.shape}; expected (B, M) and (B, K)")
    if not regularization >= 0:
        raise ValueError(f"regularization must be at least 0, but is {regularization}")
    h_mean = h.mean(axis=0) if fit_intercept else np.zeros(h.shape[1])
    t_mean = t.mean(axis=0) if fit_intercept else np.zeros(t.shape[1])
    u, s, vt = np.linalg.svd(h - h_mean, full_matrices=False)
    kept = s > 1e-12 * s[0]
    u, s, vt = u[:, kept], s[kept], vt[kept]
    weights = vt.T @ ((s / (s * s + regularization))[:, None] * (u.T @ (t - t_mean)))
    bias = t_mean - h_mean @ weights
    leverage = (u * u) @ (s * s / (s * s + regularization)) + (1 / len(h) if fit_intercept else 0.0)
    residual, freedom = t - h @ weights - bias, 1 - leverage
    with np.errstate(divide="ignore", invalid="ignore"):
        left_out = np.where(freedom[:, None] > 1e-12, residual / freedom[:, None], np.inf)
    return Readout(weights, bias, left_out)
