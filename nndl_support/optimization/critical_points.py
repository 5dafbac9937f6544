r"""Critical points: what kind they are, how rare minima are among them by chance, and how long a saddle holds gradient descent.

At a critical point the gradient vanishes and the Hessian decides. If the signs of its n eigenvalues were independent coin
tosses, a share :math:`2^{-n}` of all critical points would be minima. Eigenvalues of a symmetric random matrix repel one
another, which makes minima far rarer still:

.. math:: P(\text{all } \lambda_i > 0) \approx e^{-\frac{\ln 3}{4} n^2}

for the Gaussian orthogonal ensemble (GOE), whose entries are independent normal numbers, with the variance 1 on the
diagonal and ½ beside it.

References
----------
Dauphin, Pascanu, Gulcehre, Cho, Ganguli and Bengio (2014), Identifying and attacking the saddle point problem in high-dimensional
non-convex optimization, NeurIPS, https://arxiv.org/abs/1406.2572.
Dean and Majumdar (2006), Large deviations of extreme eigenvalues of random matrices, Physical Review Letters 97, 160201.
de Bruijn (1955), On some multiple integrals involving determinants, Journal of the Indian Mathematical Society 19.
Qiu (2019), section 7.1 and figure 7.1.
"""

import math

import numpy as np
import numpy.typing as npt
from numpy.polynomial import legendre

KINDS = ("minimum", "maximum", "saddle", "degenerate")
_LARGEST = 12


def classify(hessian: npt.ArrayLike, *, tolerance: float = 1e-9) -> str:
    """Kind of a critical point, from the signs of the eigenvalues of its Hessian.

    Parameters
    ----------
    hessian : array (n, n), symmetric
    tolerance : float
        An eigenvalue counts as zero when it is at most this fraction of the largest in size.

    Returns
    -------
    "minimum", "maximum", "saddle", or "degenerate" where the second order does not decide: eigenvalues of zero, and the others
    all of one sign. (With both signs it is a saddle, whatever the zeros.)

    Raises
    ------
    ValueError
        When the Hessian is not a finite symmetric square matrix.

    Examples
    --------
    >>> classify([[2.0, 0.0], [0.0, -2.0]]), classify([[2.0, 0.0], [0.0, 0.0]])
    ('saddle', 'degenerate')
    """
    eigenvalues = _eigenvalues(hessian)
    threshold = tolerance * np.abs(eigenvalues).max()
    up, down = np.sum(eigenvalues > threshold), np.sum(eigenvalues < -threshold)
    if up and down:
        return "saddle"
    if up + down < len(eigenvalues):
        return "degenerate"
    return "minimum" if up else "maximum"


def index(hessian: npt.ArrayLike, *, tolerance: float = 1e-9) -> float:
    """Share of negative eigenvalues of a Hessian, from 0 (no way down) to 1 (a maximum).

    Examples
    --------
    >>> index(np.diag([3.0, 1.0, -1.0, 0.0]))
    0.25
    """
    eigenvalues = _eigenvalues(hessian)
    return float(np.mean(eigenvalues < -tolerance * np.abs(eigenvalues).max()))


def gaussian_orthogonal(n: int, size: int, rng: np.random.Generator) -> np.ndarray:
    """Draw symmetric matrices of the Gaussian orthogonal ensemble.

    Returns
    -------
    array (size, n, n)

    Examples
    --------
    >>> gaussian_orthogonal(3, 5, np.random.default_rng(0)).shape
    (5, 3, 3)
    """
    square = rng.normal(size=(size, n, n))
    return (square + square.transpose(0, 2, 1)) / 2


def log_probability_of_minimum(n: int) -> float:
    r"""Logarithm of the probability that a GOE matrix has no negative eigenvalue, exactly.

    .. math:: P = \frac{1}{Z_n} \int_{\lambda_i > 0} \prod_{i<j} |\lambda_i - \lambda_j|
                  \prod_i e^{-\lambda_i^2/2} \, d\lambda, \qquad
              Z_n = (2\pi)^{n/2} \prod_{j=1}^{n} \frac{\Gamma(1 + j/2)}{\Gamma(3/2)}

    The product of differences is a determinant of polynomials, and de Bruijn's identity turns the n-fold integral into the
    Pfaffian of a matrix of double integrals (with a border of single ones where n is odd).

    Parameters
    ----------
    n : int from 1 to 12; past that the double integrals cancel to fewer than six digits

    Returns
    -------
    float, natural logarithm

    Raises
    ------
    ValueError
        When n is out of that range.

    Examples
    --------
    >>> [round(math.exp(log_probability_of_minimum(n)), 4) for n in (1, 2, 3)]
    [0.5, 0.1464, 0.0249]
    """
    if not 1 <= n <= _LARGEST:
        raise ValueError(f"n is {n}; expected 1 to {_LARGEST}")
    m, end = 200, math.sqrt(2 * n) + 10
    t, weights = legendre.leggauss(m)
    x, weights = end * (t + 1) / 2, end / 2 * weights
    density = weights * np.exp(-(x**2) / 2)

    # Polynomials orthonormal under exp(-x^2/2) on the half-line: well-conditioned, and the determinant changes by a known factor.
    raw = legendre.legvander(t, n - 1)
    _, triangular = np.linalg.qr(np.sqrt(density)[:, None] * raw)
    phi = np.linalg.solve(triangular.T, raw.T).T
    degree = np.arange(n)
    leading = sum(math.lgamma(2 * k + 1) - 2 * math.lgamma(k + 1) - k * math.log(end) for k in degree)
    log_factor = leading - np.log(np.abs(np.diag(triangular))).sum()

    # a_jk = integral over 0 < x < y of phi_j(x) phi_k(y) - phi_k(x) phi_j(y)
    inner = _antiderivative(t, m) @ (phi * np.exp(-(x**2) / 2)[:, None]) * end / 2
    double = inner.T @ (density[:, None] * phi)
    skew = double - double.T
    if n % 2:
        border = density @ phi
        skew = np.block([[skew, border[:, None]], [-border[None], np.zeros((1, 1))]])
    log_pfaffian = np.linalg.slogdet(skew)[1] / 2
    log_z = n / 2 * math.log(2 * math.pi) + sum(math.lgamma(1 + j / 2) - math.lgamma(1.5) for j in range(1, n + 1))
    return float(math.lgamma(n + 1) + log_pfaffian - log_factor - log_z)


def steps_to_leave(distance: float, radius: float, curvature: float, learning_rate: float) -> float:
    r"""Steps that gradient descent needs to get from one distance to another along a direction of negative curvature.

    .. math:: x_{t+1} = x_t - \eta \lambda x_t = (1 + \eta |\lambda|)\, x_t \quad \Rightarrow \quad
              t = \frac{\ln(r / \varepsilon)}{\ln(1 + \eta |\lambda|)}

    Parameters
    ----------
    distance : float > 0, :math:`\varepsilon`, where the descent starts
    radius : float > distance, :math:`r`
    curvature : float < 0, :math:`\lambda`
    learning_rate : float > 0, :math:`\eta`

    Returns
    -------
    float; the first whole step outside is this rounded up

    Raises
    ------
    ValueError
        When a number is outside its range.

    Examples
    --------
    Ten times closer costs the same number of steps more, each time:

    >>> [round(steps_to_leave(10.0**-k, 1.0, -1.0, 0.1)) for k in (3, 6, 9)]
    [72, 145, 217]
    """
    if not 0 < distance < radius:
        raise ValueError(f"distance is {distance} and radius {radius}; expected 0 < distance < radius")
    if curvature >= 0 or learning_rate <= 0:
        raise ValueError(f"curvature is {curvature} and learning_rate {learning_rate}; expected curvature < 0 < rate")
    return math.log(radius / distance) / math.log1p(-learning_rate * curvature)


def _eigenvalues(hessian: npt.ArrayLike) -> np.ndarray:
    hessian = np.asarray(hessian, dtype=float)
    if hessian.ndim != 2 or hessian.shape[0] != hessian.shape[1] or hessian.size == 0:
        raise ValueError(f"hessian has shape {hessian.shape}; expected (n, n)")
    if not np.isfinite(hessian).all():
        raise ValueError(f"hessian has {np.sum(~np.isfinite(hessian))} entries that are not finite")
    asymmetry = np.abs(hessian - hessian.T).max()
    if asymmetry > 1e-6 * np.abs(hessian).max():
        raise ValueError(f"hessian is not symmetric: entries differ by up to {asymmetry:.3g} from their mirror images")
    return np.linalg.eigvalsh((hessian + hessian.T) / 2)


def _antiderivative(t: np.ndarray, m: int) -> np.ndarray:
    """Matrix (m, m) from values at the Gauss-Legendre nodes t to those of the integral from -1."""
    values = legendre.legvander(t, m)
    integrals = np.empty((m, m))
    integrals[:, 0] = t + 1
    odd = 2 * np.arange(m) + 1
    integrals[:, 1:] = (values[:, 2:] - values[:, : m - 1]) / odd[1:]
    _, weights = legendre.leggauss(m)
    coefficients = (odd / 2)[:, None] * values[:, :m].T * weights
    return integrals @ coefficients
