r"""Back-propagation through an RBF network: the gradient for centres, shapes, weights and bias, and a descent on all of them.

Shapes: B examples, D features, M hidden units, K outputs.

.. math:: \hat y_k = \sum_{i=1}^{M} w_{ik}\,\rho(x, c_i) + b_k, \qquad \rho(x, c_i) = e^{-\beta_i\lVert x - c_i\rVert^2}

References
----------
Zhou (2016), Machine Learning (in Chinese), section 5.5.1, equations 5.18 and 5.19; there without the bias b.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from scipy.spatial.distance import cdist


class Parameters(NamedTuple):
    """All that a Gaussian RBF network learns: centres (M, D), beta (M,), weights (M, K), bias (K,).

    Examples
    --------
    >>> Parameters(np.zeros((5, 2)), np.ones(5), np.zeros((5, 3)), np.zeros(3)).weights.shape
    (5, 3)
    """

    centres: np.ndarray
    beta: np.ndarray
    weights: np.ndarray
    bias: np.ndarray


def activations(X: npt.ArrayLike, centres: npt.ArrayLike, beta: npt.ArrayLike) -> np.ndarray:
    r"""Activation of every Gaussian unit (equation 5.19).

    .. math:: \rho(x, c_i) = e^{-\beta_i\lVert x - c_i\rVert^2}

    Parameters
    ----------
    X : array (B, D)
    centres : array (M, D)
    beta : array (M,) or a number, inverse squared length; :math:`\beta = 1/(2\sigma^2)`

    Returns
    -------
    array (B, M), entries in (0, 1]

    Raises
    ------
    ValueError
        When examples and centres differ in their number of coordinates.

    Examples
    --------
    >>> activations([[0.0, 0.0], [0.0, 1.0]], [[0.0, 0.0], [1.0, 1.0]], 1.0)
    array([[1.        , 0.13533528],
           [0.36787944, 0.36787944]])
    """
    X, centres = np.asarray(X, dtype=float), np.asarray(centres, dtype=float)
    if X.ndim != 2 or centres.ndim != 2 or X.shape[1] != centres.shape[1]:
        raise ValueError(f"X has shape {X.shape} and centres {centres.shape}; expected (B, D) and (M, D)")
    return np.exp(-np.asarray(beta, dtype=float) * cdist(X, centres, "sqeuclidean"))


def loss_and_gradients(
    X: npt.ArrayLike, targets: npt.ArrayLike, parameters: Parameters, *, regularization: float = 0.0
) -> tuple[float, Parameters]:
    r"""Half the squared error, and its derivative by every parameter.

    .. math:: E = \tfrac12\sum_n\lVert\hat y_n - t_n\rVert^2 + \tfrac\lambda2\lVert w\rVert^2

    With the error :math:`e = \hat y - t` and what of it arrives at a unit, :math:`\delta_{ni} = \rho_{ni}\sum_k w_{ik}e_{nk}`,

    .. math:: \frac{\partial E}{\partial w_{ik}} = \sum_n \rho_{ni}e_{nk} + \lambda w_{ik}, \quad
        \frac{\partial E}{\partial b_k} = \sum_n e_{nk}, \quad
        \frac{\partial E}{\partial \beta_i} = -\sum_n \delta_{ni}\lVert x_n - c_i\rVert^2, \quad
        \frac{\partial E}{\partial c_i} = 2\beta_i\sum_n \delta_{ni}(x_n - c_i)

    Parameters
    ----------
    X : array (B, D)
    targets : array (B, K)
    parameters : Parameters
    regularization : float >= 0, lambda

    Returns
    -------
    E : float
    gradients : Parameters, each entry of the shape of its parameter

    Raises
    ------
    ValueError
        When the targets are not an array of examples by outputs.

    Examples
    --------
    >>> network = Parameters(np.array([[0.0]]), np.array([1.0]), np.array([[2.0]]), np.array([0.0]))
    >>> E, gradients = loss_and_gradients([[0.0]], [[1.0]], network)
    >>> E, gradients.weights, gradients.centres
    (0.5, array([[1.]]), array([[0.]]))
    """
    X, t = np.asarray(X, dtype=float), np.asarray(targets, dtype=float)
    centres, beta, weights, bias = parameters
    if t.shape != (len(X), weights.shape[1]):
        raise ValueError(f"targets has shape {t.shape}; expected {(len(X), weights.shape[1])}: (examples, outputs)")
    squares = cdist(X, centres, "sqeuclidean")
    rho = np.exp(-beta * squares)
    error = rho @ weights + bias - t
    delta = rho * (error @ weights.T)
    loss = 0.5 * np.sum(error**2) + 0.5 * regularization * np.sum(weights**2)
    gradients = Parameters(
        centres=2 * beta[:, None] * (delta.T @ X - delta.sum(axis=0)[:, None] * centres),
        beta=-np.einsum("bm,bm->m", delta, squares),
        weights=rho.T @ error + regularization * weights,
        bias=error.sum(axis=0),
    )
    return float(loss), gradients


def descend(
    X: npt.ArrayLike,
    targets: npt.ArrayLike,
    start: Parameters,
    *,
    regularization: float = 0.0,
    fit_intercept: bool = True,
    max_iter: int = 200,
) -> tuple[Parameters, np.ndarray]:
    r"""Move all parameters at once downhill (L-BFGS), from where they are.

    Parameters
    ----------
    X : array (B, D)
    targets : array (B, K)
    start : Parameters
    regularization : float >= 0
    fit_intercept : bool, whether the bias moves
    max_iter : int >= 1

    Returns
    -------
    parameters : Parameters
    losses : array (T + 1,), E at the start and after each iteration; it never rises

    Raises
    ------
    ValueError
        When a beta is not positive at the start.

    Notes
    -----
    :math:`\ln\beta` is moved instead of :math:`\beta`, so that :math:`\beta` stays positive:
    :math:`\partial E/\partial\ln\beta = \beta\,\partial E/\partial\beta`.

    Examples
    --------
    >>> x = np.linspace(-2, 2, 21)[:, None]
    >>> bump = np.exp(-3 * (x - 0.5) ** 2)
    >>> start = Parameters(np.array([[0.0]]), np.array([1.0]), np.array([[1.0]]), np.array([0.0]))
    >>> learnt, losses = descend(x, bump, start)
    >>> round(float(learnt.centres[0, 0]), 3), round(float(learnt.beta[0]), 2)
    (0.5, 3.0)
    """
    if not (np.asarray(start.beta) > 0).all():
        raise ValueError(f"every beta must be positive at the start, but the smallest is {np.min(start.beta)}")
    shapes = [part.shape for part in start]
    cuts = np.cumsum([part.size for part in start])[:-1]

    def unpack(flat: np.ndarray) -> Parameters:
        centres, log_beta, weights, bias = (
            part.reshape(shape) for part, shape in zip(np.split(flat, cuts), shapes, strict=True)
        )
        return Parameters(centres, np.exp(np.clip(log_beta, -50, 50)), weights, bias)

    def objective(flat: np.ndarray) -> tuple[float, np.ndarray]:
        parameters = unpack(flat)
        loss, g = loss_and_gradients(X, targets, parameters, regularization=regularization)
        bias = g.bias if fit_intercept else np.zeros_like(g.bias)
        return loss, np.concatenate([g.centres.ravel(), parameters.beta * g.beta, g.weights.ravel(), bias])

    flat = np.concatenate([start.centres.ravel(), np.log(start.beta), start.weights.ravel(), start.bias])
    losses = [objective(flat)[0]]
    result = minimize(
        objective,
        flat,
        jac=True,
        method="L-BFGS-B",
        options={"maxiter": max_iter, "maxfun": 10 * max_iter},
        callback=lambda intermediate_result: losses.append(float(intermediate_result.fun)),
    )
    return unpack(result.x), np.array(losses)
