r"""Covariate shift (协变量偏移): inputs come from another distribution in use than in training, targets follow the same law.

.. math:: p_{\text{train}}(x) \ne p_{\text{test}}(x), \qquad p_{\text{train}}(y \mid x) = p_{\text{test}}(y \mid x)

A model that cannot represent the law fits it where the training inputs are. Weighting every example by
:math:`w(x) = p_{\text{test}}(x) / p_{\text{train}}(x)` makes the training loss an unbiased estimate of the loss in use,

.. math:: \mathbb E_{\text{train}} [w(x)\, \ell(x, y)] = \mathbb E_{\text{test}} [\ell(x, y)],

at the price of variance: N weighted examples are worth :math:`(\sum w)^2 / \sum w^2`.

Shapes: N examples with one input.

References
----------
Shimodaira (2000), Improving predictive inference under covariate shift by weighting the log-likelihood function, Journal of
Statistical Planning and Inference 90(2), https://doi.org/10.1016/S0378-3758(00)00115-4, whose example this is.

Examples
--------
>>> TRAIN, TEST
(Normal(mean=0.5, std=0.5), Normal(mean=0.0, std=0.3))
>>> x, y = draw(1000, TRAIN, rng=np.random.default_rng(0))
>>> weights = importance_weights(x, TRAIN, TEST)
>>> plain, weighted = (fit_polynomial(x, y, 1, w) for w in (None, weights))
>>> bool(abs(weighted - best_polynomial(1, TEST)).max() < abs(plain - best_polynomial(1, TEST)).max())
True
>>> 1 < effective_sample_size(weights) < 1000
True
>>> round(risk(best_polynomial(3, TEST), TEST), 6)  # the law itself: nothing is left
0.0
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from numpy.polynomial import hermite_e, polynomial


class Normal(NamedTuple):
    """A normal distribution of the input.

    Attributes
    ----------
    mean, std : float
    """

    mean: float
    std: float

    def density(self, x: npt.ArrayLike) -> np.ndarray:
        """Density at x, per unit of x."""
        z = (np.asarray(x, dtype=float) - self.mean) / self.std
        return np.exp(-(z**2) / 2) / (self.std * np.sqrt(2 * np.pi))


TRAIN, TEST = Normal(0.5, 0.5), Normal(0.0, 0.3)
NOISE = 0.3
LAW = np.array([0.0, -1.0, 0.0, 1.0])  # -x + x^3, coefficients from the constant on


def draw(n: int, inputs: Normal, *, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Examples of the law with noise.

    Parameters
    ----------
    n : int
    inputs : Normal
    rng : numpy.random.Generator

    Returns
    -------
    x, y : arrays (N,)
    """
    x = rng.normal(inputs.mean, inputs.std, n)
    return x, polynomial.polyval(x, LAW) + rng.normal(0, NOISE, n)


def importance_weights(x: npt.ArrayLike, train: Normal, test: Normal, flattening: float = 1.0) -> np.ndarray:
    r"""Ratios of the densities to a power: 0 does not weight at all, 1 is unbiased.

    Parameters
    ----------
    x : array (N,)
    train, test : Normal
    flattening : float in [0, 1], Shimodaira's :math:`\lambda`

    Returns
    -------
    array (N,)
    """
    if not 0 <= flattening <= 1:
        raise ValueError(f"flattening must be in [0, 1], but is {flattening}")
    return (test.density(x) / train.density(x)) ** flattening


def effective_sample_size(weights: npt.ArrayLike) -> float:
    """How many equally weighted examples have the same variance.

    Parameters
    ----------
    weights : array (N,), not negative
    """
    w = np.asarray(weights, dtype=float)
    return float(w.sum() ** 2 / (w**2).sum())


def fit_polynomial(x: npt.ArrayLike, y: npt.ArrayLike, degree: int, weights: npt.ArrayLike | None = None) -> np.ndarray:
    """Coefficients of weighted least squares, the constant first.

    Parameters
    ----------
    x, y : arrays (N,)
    degree : int
    weights : array (N,), optional

    Returns
    -------
    array (degree + 1,)
    """
    roots = None if weights is None else np.sqrt(np.asarray(weights, dtype=float))
    return polynomial.polyfit(np.asarray(x, dtype=float), np.asarray(y, dtype=float), degree, w=roots)


def best_polynomial(degree: int, inputs: Normal) -> np.ndarray:
    """The polynomial with the least expected squared error for these inputs: the limit of infinitely many examples.

    Parameters
    ----------
    degree : int
    inputs : Normal

    Returns
    -------
    array (degree + 1,)
    """
    x, weights = _quadrature(inputs)
    return fit_polynomial(x, polynomial.polyval(x, LAW), degree, weights)


def risk(coefficients: npt.ArrayLike, inputs: Normal) -> float:
    """Expected squared distance of a polynomial from the law, exact by Gauss-Hermite quadrature; the noise comes on top.

    Parameters
    ----------
    coefficients : array, the constant first
    inputs : Normal
    """
    x, weights = _quadrature(inputs)
    return float(weights @ (polynomial.polyval(x, np.asarray(coefficients)) - polynomial.polyval(x, LAW)) ** 2)


def _quadrature(inputs: Normal) -> tuple[np.ndarray, np.ndarray]:
    z, weights = hermite_e.hermegauss(20)
    return inputs.mean + inputs.std * z, weights / weights.sum()
