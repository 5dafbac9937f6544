r"""The output phase of cascade-correlation: the weights into the outputs, everything below them held fixed.

With fixed features Z the outputs form a linear model, and its fit is a convex problem: logistic or softmax regression
for classes, least squares for numbers. It is solved here rather than descended for a while.

Shapes: B examples, M features (the first is the constant 1), K outputs.

References
----------
Fahlman and Lebiere (1990), The cascade-correlation learning architecture, Advances in Neural Information Processing
Systems 2, 524-532 (there with squared error, S-shaped outputs and quickprop).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize

from nndl_support.activations.sigmoid_family import log_softmax, logistic, softmax

LOSSES = ("cross_entropy", "squared_error")


@dataclass(frozen=True)
class FittedOutputs:
    """Output weights after the output phase.

    Attributes
    ----------
    coef : array (M, K)
    objective : float, mean loss plus penalty at ``coef``
    n_iter : int, iterations of the solver; 1 for least squares
    """

    coef: np.ndarray
    objective: float
    n_iter: int


def outputs(Z: np.ndarray, coef: np.ndarray, loss: str) -> np.ndarray:
    """What the network says: probabilities for classes, numbers for least squares.

    Parameters
    ----------
    Z : array (B, M)
    coef : array (M, K); one column for two classes
    loss : "cross_entropy" or "squared_error"

    Returns
    -------
    array (B, K)

    Raises
    ------
    ValueError
        When the loss is unknown.

    Examples
    --------
    >>> outputs(np.array([[1.0, 2.0]]), np.zeros((2, 1)), "cross_entropy")
    array([[0.5]])
    """
    _check_loss(loss)
    net = Z @ coef
    if loss == "squared_error":
        return net
    return logistic(net) if coef.shape[1] == 1 else softmax(net)


def objective(coef: np.ndarray, Z: np.ndarray, T: np.ndarray, *, loss: str, alpha: float = 0.0) -> float:
    r"""Mean loss over the examples plus :math:`\frac{\alpha}{2}\lVert W \rVert^2`, the biases left out.

    Parameters
    ----------
    coef : array (M, K), the biases in row 0
    Z : array (B, M)
    T : array (B, K), targets: 0 and 1 for two classes, one-hot rows for more, numbers for "squared_error"
    loss : "cross_entropy" (nats) or "squared_error" (half the squared distance)
    alpha : float >= 0

    Returns
    -------
    float

    Examples
    --------
    >>> Z, T = np.array([[1.0, -1.0], [1.0, 1.0]]), np.array([[0.0], [1.0]])
    >>> round(objective(np.zeros((2, 1)), Z, T, loss="cross_entropy"), 4)
    0.6931
    """
    _check_loss(loss)
    net = Z @ coef
    if loss == "squared_error":
        total = 0.5 * np.sum((T - net) ** 2)
    elif coef.shape[1] == 1:
        total = np.sum(np.logaddexp(0.0, net) - T * net)  # -t ln p - (1 - t) ln(1 - p) with p logistic
    else:
        total = -np.sum(T * log_softmax(net))
    return float(total / len(Z) + 0.5 * alpha * np.sum(coef[1:] ** 2))


def gradient(coef: np.ndarray, Z: np.ndarray, T: np.ndarray, *, loss: str, alpha: float = 0.0) -> np.ndarray:
    r"""Derivative of :func:`objective`: minus the mean of error times feature, for all three kinds of output.

    .. math:: \nabla_W = -\frac{1}{B} Z^\top (T - Y) + \alpha W

    Parameters
    ----------
    coef, Z, T, loss, alpha
        As in :func:`objective`.

    Returns
    -------
    array (M, K)

    Examples
    --------
    >>> Z, T = np.array([[1.0, -1.0], [1.0, 1.0]]), np.array([[0.0], [1.0]])
    >>> gradient(np.zeros((2, 1)), Z, T, loss="cross_entropy").ravel()
    array([ 0. , -0.5])
    """
    result = Z.T @ (outputs(Z, coef, loss) - T) / len(Z)
    result[1:] += alpha * coef[1:]
    return result


def fit_outputs(
    Z: np.ndarray, T: np.ndarray, start: np.ndarray, *, loss: str, alpha: float = 0.0, max_iter: int = 200
) -> FittedOutputs:
    """Minimise the objective over the output weights; it never ends above where it started.

    Parameters
    ----------
    Z : array (B, M)
    T : array (B, K)
    start : array (M, K), usually the weights found before, with zeros for the new unit
    loss, alpha
        As in :func:`objective`.
    max_iter : int >= 1, iterations of L-BFGS; least squares needs none

    Returns
    -------
    FittedOutputs

    Raises
    ------
    ValueError
        When the shapes do not fit, or the loss is unknown.

    Examples
    --------
    >>> Z, T = np.array([[1.0, -1.0], [1.0, 0.0], [1.0, 1.0]]), np.array([[0.0], [2.0], [4.0]])
    >>> fit_outputs(Z, T, np.zeros((2, 1)), loss="squared_error").coef.round(6).ravel()
    array([2., 2.])
    """
    if T.shape != (len(Z), start.shape[1]) or start.shape[0] != Z.shape[1]:
        raise ValueError(
            f"Z has shape {Z.shape}, T {T.shape} and start {start.shape}; expected (B, M), (B, K) and (M, K)"
        )
    before = objective(start, Z, T, loss=loss, alpha=alpha)
    if loss == "squared_error":
        coef, n_iter = _least_squares(Z, T, alpha), 1
    else:
        solution = minimize(
            lambda w: (
                objective(w.reshape(start.shape), Z, T, loss=loss, alpha=alpha),
                gradient(w.reshape(start.shape), Z, T, loss=loss, alpha=alpha).ravel(),
            ),
            start.ravel(),
            jac=True,
            method="L-BFGS-B",
            options={"maxiter": max_iter, "ftol": 1e-12, "gtol": 1e-8},
        )
        coef, n_iter = solution.x.reshape(start.shape), int(solution.nit)
    after = objective(coef, Z, T, loss=loss, alpha=alpha)
    if not after <= before:  # round-off at the minimum
        return FittedOutputs(start.copy(), before, n_iter)
    return FittedOutputs(coef, after, n_iter)


def _check_loss(loss: str) -> None:
    if loss not in LOSSES:
        raise ValueError(f"loss must be one of {', '.join(LOSSES)}, but is {loss!r}")


def _least_squares(Z: np.ndarray, T: np.ndarray, alpha: float) -> np.ndarray:
    """Ridge regression with a free bias, as an ordinary least-squares problem with M - 1 more rows."""
    penalty = np.sqrt(alpha * len(Z)) * np.eye(Z.shape[1])[1:]
    A, b = np.vstack([Z, penalty]), np.vstack([T, np.zeros((len(penalty), T.shape[1]))])
    return np.linalg.lstsq(A, b, rcond=None)[0]
