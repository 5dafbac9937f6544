r"""How many steps gradient descent needs on a quadratic, and what the scales of the features have to do with it.

On :math:`L(\theta) = \frac12 (\theta - \theta^*)^\top H (\theta - \theta^*)` a step of gradient descent multiplies the error by
:math:`I - \alpha H`. With eigenvalues between :math:`\mu` and :math:`\ell` and **condition number** (条件数)
:math:`\kappa = \ell/\mu`, the best fixed rate and what it leaves of the error per step are

.. math:: \alpha = \frac{2}{\ell + \mu}, \qquad \rho = \frac{\kappa - 1}{\kappa + 1};

with momentum (the heavy ball :math:`v \leftarrow \beta v - \alpha\nabla L,\ \theta \leftarrow \theta + v`) they are

.. math:: \alpha = \frac{4}{(\sqrt\ell + \sqrt\mu)^2}, \qquad \beta = \rho^2, \qquad
    \rho = \frac{\sqrt\kappa - 1}{\sqrt\kappa + 1}.

Shapes: N examples, D features.

References
----------
Polyak (1964), Some methods of speeding up the convergence of iteration methods, https://doi.org/10.1016/0041-5553(64)90137-5.
LeCun, Bottou, Orr and Müller (1998), Efficient BackProp, https://doi.org/10.1007/3-540-49430-8_2. Qiu (2019), section 7.4,
figure 7.7.

Examples
--------
>>> H = np.diag([1.0, 9.0])
>>> condition_number(H)
9.0
>>> rate, momentum, contraction = best_parameters(H)
>>> rate, momentum, contraction
(0.2, 0.0, 0.8)
>>> descend(H, [9.0, 1.0], rate, steps=2).round(10)
array([[ 9.  ,  1.  ],
       [ 7.2 , -0.8 ],
       [ 5.76,  0.64]])
>>> steps_to(1e-6, contraction), steps_to(1e-6, best_parameters(H, heavy_ball=True)[2])
(62, 20)
>>> regression_hessian([[0.0], [2.0]])  # the constant comes first
array([[1., 1.],
       [1., 2.]])
"""

import math

import numpy as np
import numpy.typing as npt


def condition_number(H: npt.ArrayLike) -> float:
    """Largest over smallest eigenvalue of a symmetric positive definite matrix.

    Parameters
    ----------
    H : array (D, D)

    Returns
    -------
    float, infinite when H is singular to rounding

    Raises
    ------
    ValueError
        When H is not symmetric, or has a negative eigenvalue.
    """
    low, high = _extremes(H)
    return float(high / low) if low > 0 else math.inf


def best_parameters(H: npt.ArrayLike, *, heavy_ball: bool = False) -> tuple[float, float, float]:
    """Rate and momentum for the fastest convergence from the worst start, and the factor that a step leaves of the error.

    Parameters
    ----------
    H : array (D, D), symmetric positive definite
    heavy_ball : bool
        False is plain gradient descent, momentum 0.
    """
    low, high = _extremes(H)
    if not low > 0:
        raise ValueError(
            f"the smallest eigenvalue is {low:g}; expected a positive one: no rate makes every direction converge"
        )
    kappa = high / low
    if heavy_ball:
        rho = float((math.sqrt(kappa) - 1) / (math.sqrt(kappa) + 1))
        return float(4 / (math.sqrt(high) + math.sqrt(low)) ** 2), rho**2, rho
    return float(2 / (high + low)), 0.0, float((kappa - 1) / (kappa + 1))


def descend(
    H: npt.ArrayLike, start: npt.ArrayLike, learning_rate: float, *, steps: int, momentum: float = 0.0
) -> np.ndarray:
    """The path of gradient descent to the minimum at the origin.

    Parameters
    ----------
    H : array (D, D)
    start : array (D,)
    learning_rate : float
    steps : int
    momentum : float

    Returns
    -------
    array (steps + 1, D), the start first
    """
    matrix = np.asarray(H, dtype=float)
    path = np.empty((steps + 1, len(matrix)))
    path[0] = start
    velocity = np.zeros(len(matrix))
    for t in range(steps):
        velocity = momentum * velocity - learning_rate * (matrix @ path[t])
        path[t + 1] = path[t] + velocity
    return path


def steps_to(tolerance: float, contraction: float) -> int:
    """Steps until an error that shrinks by a factor each time has shrunk to the tolerance.

    Parameters
    ----------
    tolerance : float in (0, 1)
    contraction : float in [0, 1)
    """
    if not 0 <= contraction < 1:
        raise ValueError(f"contraction is {contraction}; expected [0, 1): otherwise the error does not shrink")
    return 1 if contraction == 0 else math.ceil(math.log(tolerance) / math.log(contraction))


def regression_hessian(X: npt.ArrayLike) -> np.ndarray:
    """Hessian of half the mean squared error of linear regression with a constant, the constant first.

    Parameters
    ----------
    X : array (N, D)

    Returns
    -------
    array (D + 1, D + 1)
    """
    A = np.column_stack([np.ones(len(np.asarray(X))), X])
    return A.T @ A / len(A)


def tanh_unit_hessian(theta: npt.ArrayLike, X: npt.ArrayLike) -> np.ndarray:
    r"""Hessian of half the mean squared error of :math:`\tanh(b + w^\top x)` at weights that fit exactly.

    .. math:: H = \frac1N \sum_n \bigl(1 - \tanh^2 z_n\bigr)^2 \begin{pmatrix} 1 \\ x_n \end{pmatrix}
        \begin{pmatrix} 1 & x_n^\top \end{pmatrix}

    Parameters
    ----------
    theta : array (D + 1,), b first
    X : array (N, D)

    Returns
    -------
    array (D + 1, D + 1)
    """
    A = np.column_stack([np.ones(len(np.asarray(X))), X])
    slopes = 1 - np.tanh(A @ np.asarray(theta, dtype=float)) ** 2
    weighted = A * slopes[:, None]
    return weighted.T @ weighted / len(A)


def live_share(X: npt.ArrayLike, weight_std: float, n_units: int = 1000, *, rng: np.random.Generator) -> float:
    r"""Share of inputs and random tanh units with :math:`|w^\top x + b| < 2`, where the slope is above 0.07.

    Parameters
    ----------
    X : array (N, D)
    weight_std : float, of the weights, which are normal; biases are 0
    n_units : int
    rng : numpy.random.Generator
    """
    data = np.asarray(X, dtype=float)
    weights = rng.normal(0, weight_std, (data.shape[1], n_units))
    return float(np.mean(np.abs(data @ weights) < 2))


def _extremes(H: npt.ArrayLike) -> tuple[float, float]:
    matrix = np.asarray(H, dtype=float)
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1] or not np.allclose(matrix, matrix.T):
        raise ValueError(f"H has shape {matrix.shape}; expected a symmetric matrix (D, D)")
    eigenvalues = np.linalg.eigvalsh(matrix)
    low, high = float(eigenvalues[0]), float(eigenvalues[-1])
    rounding = len(matrix) * np.finfo(float).eps * abs(high)
    if low < -rounding:
        raise ValueError(f"H has the negative eigenvalue {low:g}: the origin is no minimum")
    return (low if low > rounding else 0.0), high
