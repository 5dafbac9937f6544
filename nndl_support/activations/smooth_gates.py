r"""Smooth relatives of ReLU: the input times a gate between 0 and 1.

Every function has the form

.. math:: f(x) = x\,g(x), \qquad f' = g + x g', \qquad f'' = 2 g' + x g''

with a smooth gate g that opens from 0 on the left to 1 on the right: the logistic function (Swish, SiLU), the normal
distribution function (GELU), a logistic function of a cubic (the tanh form of GELU), tanh of softplus (Mish). All are
elementwise, take an array of any shape, and keep their digits in the left tail, where :math:`1 + \tanh` or
:math:`1 + \operatorname{erf}` would cancel. They stay finite, without a warning, for all inputs up to 1e50 in size; an
infinite input makes some of them NaN, since :math:`0 \cdot \infty` is nothing.

References
----------
Qiu (2019), Neural Networks and Deep Learning (in Chinese), equation 4.26 and figure 4.5 (Swish).
Hendrycks and Gimpel (2016), Gaussian error linear units, arXiv:1606.08415 (GELU and both approximations, SiLU).
Elfwing, Uchibe and Doya (2018), Sigmoid-weighted linear units for neural network function approximation in
reinforcement learning, Neural Networks 107, 3-11 (SiLU).
Ramachandran, Zoph and Le (2017), Searching for activation functions, arXiv:1710.05941 (Swish).
Misra (2019), Mish: a self regularized non-monotonic activation function, arXiv:1908.08681.

Examples
--------
Half of the input passes near 0, all of it far to the right, nothing far to the left:

>>> for f in (silu, gelu, gelu_tanh, gelu_sigmoid, mish):
...     print(f([-1e4, 0.0, 1e4]) + 0.0)
[    0.     0. 10000.]
[    0.     0. 10000.]
[    0.     0. 10000.]
[    0.     0. 10000.]
[    0.     0. 10000.]
>>> gelu_derivative(0.0).item(), round(gelu_second_derivative(0.0).item(), 6)
(0.5, 0.797885)
>>> [round(df(0.0).item(), 3) for df in (silu_derivative, gelu_tanh_derivative, gelu_sigmoid_derivative, mish_derivative)]
[0.5, 0.5, 0.5, 0.6]
>>> [round(d2f(0.0).item(), 3) for d2f in (silu_second_derivative, gelu_sigmoid_second_derivative, mish_second_derivative)]
[0.5, 0.851, 0.64]
>>> round(gelu_tanh_second_derivative(0.0).item(), 3)
0.798
"""

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr

from nndl_support.activations.rectifiers import _with_parameter
from nndl_support.activations.sigmoid_family import _floats, logistic_derivative

CUBIC = 0.044715  #: coefficient of the cube in the tanh form of GELU
SIGMOID_SCALE = 1.702  #: Swish's beta in the sigmoid form of GELU
_SLOPE = np.sqrt(8 / np.pi)  # tanh(u) = 2 sigma(2u) - 1, and u has the factor sqrt(2/pi)


def swish(x: npt.ArrayLike, beta: float | np.ndarray = 1.0) -> np.ndarray:
    r"""Swish, the input times its own logistic gate.

    .. math:: \operatorname{swish}_\beta(x) = x\,\sigma(\beta x) = \frac{x}{1 + e^{-\beta x}}

    Parameters
    ----------
    x : array of any shape
    beta : float, or array that broadcasts against x
        Steepness of the gate: 0 gives x/2, infinity would give ReLU.

    Returns
    -------
    array of the same shape

    References
    ----------
    Qiu (2019), equation 4.26; Ramachandran, Zoph and Le (2017).

    Examples
    --------
    >>> swish([-2.0, 2.0], beta=0.0)
    array([-1.,  1.])
    >>> swish([-2.0, 2.0], beta=100.0)
    array([-2.76779305e-87,  2.00000000e+00])
    """
    x, beta = _with_parameter(x, beta, "beta")
    return _times_logistic(x, np.multiply(x, -beta, out=np.empty_like(x)))


def swish_derivative(x: npt.ArrayLike, beta: float | np.ndarray = 1.0) -> np.ndarray:
    r"""First derivative of Swish, :math:`\sigma(\beta x) + \beta x\,\sigma'(\beta x)` (Qiu, exercise 4-4)."""
    _, z = _steepened(x, beta)
    gate, slope = _logistic_with_slope(z)
    slope *= z
    slope += gate
    return slope


def swish_second_derivative(x: npt.ArrayLike, beta: float | np.ndarray = 1.0) -> np.ndarray:
    r"""Second derivative of Swish, :math:`\beta\sigma'(\beta x)\,(2 - \beta x\tanh(\beta x/2))`."""
    _, z = _steepened(x, beta)
    gate, slope = _logistic_with_slope(z)
    gate *= 2.0
    gate -= 1.0  # tanh(z / 2)
    gate *= z
    np.subtract(2.0, gate, out=gate)
    slope *= gate
    slope *= beta
    return slope


def swish_derivative_by_beta(x: npt.ArrayLike, beta: float | np.ndarray = 1.0) -> np.ndarray:
    r"""Derivative of Swish by its parameter, :math:`\partial f/\partial\beta = x^2\,\sigma'(\beta x)`, never negative.

    Examples
    --------
    >>> swish_derivative_by_beta([-2.0, 2.0], beta=0.0)
    array([1., 1.])
    """
    x, z = _steepened(x, beta)
    slope = logistic_derivative(z)
    slope *= x
    slope *= x
    return slope


def silu(x: npt.ArrayLike) -> np.ndarray:
    r"""Sigmoid linear unit, :math:`x\,\sigma(x)`: Swish with beta = 1."""
    return swish(x)


def silu_derivative(x: npt.ArrayLike) -> np.ndarray:
    """First derivative of SiLU: that of Swish with beta = 1."""
    return swish_derivative(x)


def silu_second_derivative(x: npt.ArrayLike) -> np.ndarray:
    """Second derivative of SiLU: that of Swish with beta = 1."""
    return swish_second_derivative(x)


def gelu(x: npt.ArrayLike) -> np.ndarray:
    r"""Gaussian error linear unit, the input times the normal distribution function.

    .. math:: \operatorname{gelu}(x) = x\,\Phi(x) = \frac{x}{2}\Bigl(1 + \operatorname{erf}\frac{x}{\sqrt 2}\Bigr)

    Parameters
    ----------
    x : array of any shape

    Returns
    -------
    array of the same shape

    Notes
    -----
    Where x < -9 the form with 1 + erf returns 0; this one returns the tiny negative value.

    References
    ----------
    Hendrycks and Gimpel (2016), section 2.

    Examples
    --------
    >>> gelu([-10.0, 1.0])
    array([-7.61985302e-23,  8.41344746e-01])
    """
    x = _floats(x)
    gate = ndtr(x, out=np.empty_like(x))
    gate *= x
    return gate


def gelu_derivative(x: npt.ArrayLike) -> np.ndarray:
    r"""First derivative of GELU, :math:`\Phi(x) + x\,\varphi(x)` with the normal density :math:`\varphi`."""
    x = _floats(x)
    density = _normal_density(x)
    density *= x
    density += ndtr(x)
    return density


def gelu_second_derivative(x: npt.ArrayLike) -> np.ndarray:
    r"""Second derivative of GELU, :math:`\varphi(x)(2 - x^2)`: it bends the other way beyond :math:`\pm\sqrt 2`."""
    x = _floats(x)
    result = np.multiply(x, x, out=np.empty_like(x))
    np.subtract(2.0, result, out=result)
    result *= _normal_density(x)
    return result


def gelu_tanh(x: npt.ArrayLike) -> np.ndarray:
    r"""Tanh form of GELU, which needs no error function.

    .. math:: \frac{x}{2}\Bigl(1 + \tanh\bigl(\sqrt{2/\pi}\,(x + 0.044715\,x^3)\bigr)\Bigr)
              = x\,\sigma\bigl(\sqrt{8/\pi}\,(x + 0.044715\,x^3)\bigr)

    Parameters
    ----------
    x : array of any shape

    Returns
    -------
    array of the same shape, within 4.8e-4 of :func:`gelu`

    References
    ----------
    Hendrycks and Gimpel (2016), section 2.

    Examples
    --------
    >>> gelu_tanh([-1.0, 1.0]).round(6)
    array([-0.158808,  0.841192])
    """
    x = _floats(x)
    return _times_logistic(x, _cubic(x, -_SLOPE))


def gelu_tanh_derivative(x: npt.ArrayLike) -> np.ndarray:
    r"""First derivative of the tanh form, :math:`\sigma(v) + x\,v'\sigma'(v)` with the cubic v of :func:`gelu_tanh`."""
    x = _floats(x)
    gate, slope = _logistic_with_slope(_cubic(x, _SLOPE))
    slope *= _cubic_derivative(x)
    slope *= x
    slope += gate
    return slope


def gelu_tanh_second_derivative(x: npt.ArrayLike) -> np.ndarray:
    r"""Second derivative of the tanh form, :math:`\sigma'(v)\,(2v' + x v'' - x v'^2\tanh(v/2))`."""
    x = _floats(x)
    gate, slope = _logistic_with_slope(_cubic(x, _SLOPE))
    first = _cubic_derivative(x)
    bracket = 2.0 * first + 6.0 * CUBIC * _SLOPE * x * x - x * first * first * (2.0 * gate - 1.0)
    return np.multiply(slope, bracket, out=slope)


def gelu_sigmoid(x: npt.ArrayLike) -> np.ndarray:
    r"""Sigmoid form of GELU, :math:`x\,\sigma(1.702\,x)`: Swish with beta = 1.702, within 0.021 of :func:`gelu`."""
    return swish(x, SIGMOID_SCALE)


def gelu_sigmoid_derivative(x: npt.ArrayLike) -> np.ndarray:
    """First derivative of the sigmoid form: that of Swish with beta = 1.702."""
    return swish_derivative(x, SIGMOID_SCALE)


def gelu_sigmoid_second_derivative(x: npt.ArrayLike) -> np.ndarray:
    """Second derivative of the sigmoid form: that of Swish with beta = 1.702."""
    return swish_second_derivative(x, SIGMOID_SCALE)


def mish(x: npt.ArrayLike) -> np.ndarray:
    r"""Mish, the input times tanh of its softplus.

    .. math:: x\tanh\log(1 + e^x) = x\,\frac{w}{w + 2}, \qquad w = e^x(e^x + 2)

    Parameters
    ----------
    x : array of any shape

    Returns
    -------
    array of the same shape

    Notes
    -----
    The fraction is algebra, not approximation; it spares the logarithm and the tanh. Above x = 40 the gate is 1 to the
    last digit, so the exponent is cut there and never overflows.

    References
    ----------
    Misra (2019), equation 1.

    Examples
    --------
    >>> mish([-1.0, 1.0]).round(6)
    array([-0.303401,  0.865098])
    """
    x = _floats(x)
    gate, w = _exponential_and_w(x)
    np.add(w, 2.0, out=gate)
    w /= gate
    w *= x
    return w


def mish_derivative(x: npt.ArrayLike) -> np.ndarray:
    r"""First derivative of Mish, :math:`w/(w+2) + 4x\,e^x(e^x+1)/(w+2)^2`."""
    x = _floats(x)
    e, w = _exponential_and_w(x)
    below = w + 2.0
    e *= e + 1.0
    e *= 4.0
    e /= below
    e *= np.minimum(x, 40.0)  # cut like the exponent, or a huge x would outgrow the e^-2x beside it
    e += w
    e /= below
    return e


def mish_second_derivative(x: npt.ArrayLike) -> np.ndarray:
    r"""Second derivative of Mish, :math:`2g' + xg''` with :math:`g'' = 4e^x(2 + 2e^x - 3e^{2x} - 2e^{3x})/(w+2)^3`."""
    x = _floats(x)
    e, w = _exponential_and_w(x)
    w += 2.0
    curved = ((-2.0 * e - 3.0) * e + 2.0) * e + 2.0
    curved /= w
    curved *= np.minimum(x, 40.0)  # cut like the exponent
    curved += 2.0 * (e + 1.0)
    curved *= 4.0 * e
    curved /= w * w
    return curved


def _steepened(x: npt.ArrayLike, beta: float | np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return x and beta x, which is x itself where beta is 1."""
    x, beta = _with_parameter(x, beta, "beta")
    return x, x if isinstance(beta, float) and beta == 1.0 else np.multiply(x, beta, out=np.empty_like(x))


def _times_logistic(x: np.ndarray, exponent: np.ndarray) -> np.ndarray:
    """Return x / (1 + exp(exponent)), written over the exponent."""
    with np.errstate(over="ignore"):  # exp overflows to infinity, and x / infinity is the limit, 0
        np.exp(exponent, out=exponent)
    exponent += 1.0
    return np.divide(x, exponent, out=exponent)


def _logistic_with_slope(z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return sigma(z) and sigma'(z) = sigma(z) sigma(-z) as new arrays: nothing cancels, and no element is asked its sign."""
    with np.errstate(over="ignore"):  # exp overflows to infinity, and 1 / infinity is the limit, 0
        gate = np.negative(z, out=np.empty_like(z))
        np.exp(gate, out=gate)
        slope = np.exp(z, out=np.empty_like(z))
    gate += 1.0
    np.reciprocal(gate, out=gate)
    slope += 1.0
    return gate, np.divide(gate, slope, out=slope)


def _cubic(x: np.ndarray, scale: float) -> np.ndarray:
    """Return scale (x + 0.044715 x^3)."""
    result = np.multiply(x, x, out=np.empty_like(x))
    result *= scale * CUBIC
    result += scale
    result *= x
    return result


def _cubic_derivative(x: np.ndarray) -> np.ndarray:
    result = np.multiply(x, x, out=np.empty_like(x))
    result *= 3.0 * CUBIC * _SLOPE
    result += _SLOPE
    return result


def _normal_density(x: np.ndarray) -> np.ndarray:
    result = np.multiply(x, x, out=np.empty_like(x))
    result *= -0.5
    np.exp(result, out=result)
    result *= 1.0 / np.sqrt(2.0 * np.pi)
    return result


def _exponential_and_w(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return e^x and w = e^x (e^x + 2), where tanh(softplus(x)) = w / (w + 2)."""
    e = np.minimum(x, 40.0, out=np.empty_like(x))
    np.exp(e, out=e)
    w = np.add(e, 2.0, out=np.empty_like(x))
    w *= e
    return e, w
