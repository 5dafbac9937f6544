r"""How a deep linear network stretches and shrinks: the singular values of a product of many matrices (动力学等距).

Shapes: L layers of n units.

References
----------
Saxe, McClelland and Ganguli (2014), Exact solutions to the nonlinear dynamics of learning in deep linear neural networks,
https://arxiv.org/abs/1312.6120 (who speak of dynamical isometry). Newman (1986), The distribution of Lyapunov exponents: exact
results for random matrices, Communications in Mathematical Physics 103. Forrester (2015), Asymptotics of finite system Lyapunov
exponents for some random matrix ensembles, https://arxiv.org/abs/1501.05702.
"""

from collections.abc import Sequence

import numpy as np
from scipy.special import digamma


def stretching_exponents(matrices: Sequence[np.ndarray]) -> np.ndarray:
    r"""Rates at which a product of square matrices stretches and shrinks: :math:`\lambda_k \approx \frac1L \log s_k`.

    Parameters
    ----------
    matrices : L arrays (n, n), the first is applied first

    Returns
    -------
    array (n,), per layer, in descending order but for fluctuations

    Notes
    -----
    The singular values s of a long product span more powers of ten than floating point has, so they are not computed from it. An
    orthonormal frame is sent through the layers instead and straightened by a QR decomposition after each; the
    diagonals of the R multiply up to the volumes that the product makes of the frame's.

    Examples
    --------
    >>> stretching_exponents([np.diag([2.0, 0.5])] * 3).round(3) + 0.0
    array([ 0.693, -0.693])
    """
    if len(matrices) == 0:
        raise ValueError("there are no matrices; expected one square matrix per layer")
    n = len(matrices[0])
    Q, logs = np.eye(n), np.zeros(n)
    for layer, W in enumerate(matrices, start=1):
        if np.shape(W) != (n, n):
            raise ValueError(f"the matrix of layer {layer} has shape {np.shape(W)}; expected ({n}, {n})")
        Q, R = np.linalg.qr(W @ Q)
        logs += np.log(np.abs(np.diag(R)))
    return logs / len(matrices)


def gaussian_exponents(n: int) -> np.ndarray:
    r"""The exponents of products of normal matrices with variance 1/n, exactly.

    .. math:: \lambda_k = \tfrac12 \Bigl(\log\tfrac2n + \psi\bigl(\tfrac{n - k + 1}{2}\bigr)\Bigr), \qquad k = 1, \dots, n

    Notes
    -----
    What a normal matrix makes of the k-th vector of an orthonormal frame, less its parts along the k - 1 before, has the
    length of a normal vector with n - k + 1 entries.

    Examples
    --------
    >>> gaussian_exponents(100)[[0, 49, 99]].round(2)
    array([-0.01, -0.35, -2.94])
    """
    if n < 1:
        raise ValueError(f"n must be at least 1, but is {n}")
    return (np.log(2 / n) + digamma((n - np.arange(n)) / 2)) / 2
