r"""Functions that pass positive inputs and hold back negative ones.

Every function but maxout is elementwise and takes an array of any shape. Where a function has a kink, at 0, no derivative
exists; these functions then return the slope on the *left*, which is also the choice of PyTorch: 0 for ReLU, ``slope`` for
leaky ReLU and PReLU, ``alpha`` for ELU. Second derivatives are 0 there.

References
----------
Qiu (2019), Neural Networks and Deep Learning (in Chinese), equations 4.16-4.17 (ReLU), 4.18-4.22 (leaky ReLU, PReLU),
4.23-4.24 (ELU), 4.25 (softplus) and 4.27-4.28 (maxout).
Klambauer, Unterthiner, Mayr and Hochreiter (2017), Self-normalizing neural networks, https://arxiv.org/abs/1706.02515.

Examples
--------
>>> relu_derivative([-1.0, 0.0, 1.0]), leaky_relu_derivative([-1.0, 0.0, 1.0])
(array([0., 0., 1.]), array([0.01, 0.01, 1.  ]))
>>> softplus_derivative(0.0).item(), softplus_second_derivative(0.0).item()
(0.5, 0.25)
>>> elu([-np.inf, 0.0, 2.0], alpha=0.5), elu_derivative([-np.inf, 0.0, 2.0], alpha=0.5)
(array([-0.5,  0. ,  2. ]), array([0. , 0.5, 1. ]))
"""

from math import erfc, exp, isfinite, pi, sqrt
from numbers import Real
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.special import erfcx

from nndl_support.activations.sigmoid_family import _decay, _floats, _positive, logistic, logistic_derivative


def relu(x: npt.ArrayLike) -> np.ndarray:
    r"""Rectified linear unit, :math:`\max(x, 0)`.

    Examples
    --------
    >>> relu([-2.0, 0.0, 3.0])
    array([0., 0., 3.])
    """
    return np.maximum(_floats(x), 0.0)


def relu_derivative(x: npt.ArrayLike) -> np.ndarray:
    """First derivative of ReLU: 1 where x > 0, else 0 (0 at the kink)."""
    return (_floats(x) > 0).astype(float)


def relu_second_derivative(x: npt.ArrayLike) -> np.ndarray:
    """Second derivative of ReLU: 0 wherever it exists."""
    return np.zeros_like(_floats(x))


def leaky_relu(x: npt.ArrayLike, slope: float = 0.01) -> np.ndarray:
    r"""Leaky ReLU: x where x is positive, ``slope`` times x elsewhere.

    Parameters
    ----------
    x : array of any shape
    slope : float, the slope on the negative side

    Returns
    -------
    array of the same shape

    Examples
    --------
    >>> leaky_relu([-2.0, 3.0], slope=0.1)
    array([-0.2,  3. ])
    """
    x = _floats(x)
    _finite("slope", slope)
    scaled = np.multiply(x, slope, out=np.empty_like(x))
    # Of x and slope x, the positive side wants the larger one if slope <= 1, and the smaller one if not.
    return np.maximum(x, scaled, out=scaled) if slope <= 1 else np.minimum(x, scaled, out=scaled)


def leaky_relu_derivative(x: npt.ArrayLike, slope: float = 0.01) -> np.ndarray:
    """First derivative of leaky ReLU: 1 where x > 0, else ``slope`` (``slope`` at the kink)."""
    _finite("slope", slope)
    return _one_or(slope, _floats(x) > 0)


def leaky_relu_second_derivative(x: npt.ArrayLike, slope: float = 0.01) -> np.ndarray:
    """Second derivative of leaky ReLU: 0 wherever it exists, whatever the ``slope``."""
    _finite("slope", slope)
    return np.zeros_like(_floats(x))


def prelu(x: npt.ArrayLike, slope: npt.ArrayLike = 0.25) -> np.ndarray:
    r"""Parametric ReLU: leaky ReLU whose slope is learnt.

    .. math:: \max(x, 0) + \gamma \min(x, 0)

    Parameters
    ----------
    x : array of any shape
    slope : float, or array that broadcasts against x
        For x of shape (B, M), shape (M,) gives every unit its own slope.

    Returns
    -------
    array of the same shape as x

    Raises
    ------
    ValueError
        When the slopes do not fit x, or are not finite.

    Notes
    -----
    PyTorch's ``PReLU`` starts from 0.25, the default here, and puts the channels on axis 1; here NumPy's broadcasting
    decides.

    References
    ----------
    He, Zhang, Ren and Sun (2015), Delving deep into rectifiers, https://arxiv.org/abs/1502.01852.

    Examples
    --------
    >>> prelu([[-2.0, -2.0], [3.0, 3.0]], slope=[0.5, 0.1])
    array([[-1. , -0.2],
           [ 3. ,  3. ]])
    >>> prelu_slope_derivative([-2.0, 0.0, 3.0])
    array([-2.,  0.,  0.])
    """
    x, slope = _with_parameter(x, slope, "slope")
    if isinstance(slope, float):
        return leaky_relu(x, slope)
    out = np.minimum(x, 0.0, out=np.empty_like(x))
    out *= slope
    out += np.maximum(x, 0.0)
    return out


def prelu_derivative(x: npt.ArrayLike, slope: npt.ArrayLike = 0.25) -> np.ndarray:
    """First derivative of PReLU by x: 1 where x > 0, else ``slope`` (``slope`` at the kink)."""
    x, slope = _with_parameter(x, slope, "slope")
    return _one_or(slope, x > 0)


def prelu_second_derivative(x: npt.ArrayLike, slope: npt.ArrayLike = 0.25) -> np.ndarray:
    """Second derivative of PReLU by x: 0 wherever it exists, whatever the ``slope``."""
    x, _ = _with_parameter(x, slope, "slope")
    return np.zeros_like(x)


def prelu_slope_derivative(x: npt.ArrayLike) -> np.ndarray:
    r"""Derivative of PReLU by its slope, :math:`\min(x, 0)`: sum it, times the incoming gradient, over all uses of the slope."""
    return np.minimum(_floats(x), 0.0)


def elu(x: npt.ArrayLike, alpha: float = 1.0) -> np.ndarray:
    r"""Exponential linear unit.

    .. math:: \max(x, 0) + \min(0, \alpha (e^x - 1)) \quad (\alpha \ge 0)

    Parameters
    ----------
    x : array of any shape
    alpha : float, minus the value far to the left

    Returns
    -------
    array of the same shape

    References
    ----------
    Clevert, Unterthiner and Hochreiter (2016), Fast and accurate deep network learning by exponential linear units,
    https://arxiv.org/abs/1511.07289.
    """
    x = _floats(x)
    _finite("alpha", alpha)
    out = np.minimum(x, 0.0, out=np.empty_like(x))
    np.expm1(out, out=out)  # keeps the digits that exp(x) - 1 loses near 0
    out *= alpha
    out += np.maximum(x, 0.0)
    return out


def elu_derivative(x: npt.ArrayLike, alpha: float = 1.0) -> np.ndarray:
    r"""First derivative of ELU: 1 where x > 0, else :math:`\alpha e^x` (``alpha`` at 0)."""
    x = _floats(x)
    _finite("alpha", alpha)
    out = _alpha_exp(x, alpha)
    if alpha != 1.0:  # else exp(min(x, 0)) is already 1 where x > 0
        positive = x > 0
        out *= ~positive
        out += positive
    return out


def elu_second_derivative(x: npt.ArrayLike, alpha: float = 1.0) -> np.ndarray:
    r"""Second derivative of ELU: :math:`\alpha e^x` where x < 0, else 0 (0 at 0, as in PyTorch)."""
    x = _floats(x)
    _finite("alpha", alpha)
    out = _alpha_exp(x, alpha)
    out *= x < 0
    return out


class SELUConstants(NamedTuple):
    """The two constants of SELU."""

    alpha: float
    scale: float


def selu_constants() -> SELUConstants:
    r"""Solve for the constants that let SELU keep mean 0 and variance 1 of a Gaussian input.

    With z standard normal and :math:`\Phi` its distribution function, completing the square gives

    .. math:: \mathrm E[e^{kz}; z < 0] = e^{k^2/2}\,\Phi(-k)

    so that mean 0 is one linear equation for :math:`\alpha`, and variance 1 then one equation for the scale
    :math:`\lambda`:

    .. math:: \frac{1}{\sqrt{2\pi}} + \alpha \bigl(e^{1/2}\Phi(-1) - \tfrac12\bigr) = 0

    .. math:: \lambda^2 \Bigl(\tfrac12 + \alpha^2 \bigl(e^2\Phi(-2) - 2 e^{1/2}\Phi(-1) + \tfrac12\bigr)\Bigr) = 1

    Returns
    -------
    SELUConstants
        The named tuple (alpha, scale).

    References
    ----------
    Klambauer et al. (2017), https://arxiv.org/abs/1706.02515.

    Examples
    --------
    >>> alpha, scale = selu_constants()
    >>> round(alpha, 10), round(scale, 10)
    (1.6732632424, 1.050700987)
    """
    first = exp(0.5) * _normal_below(-1.0)  # E[e^z; z < 0]
    second = exp(2.0) * _normal_below(-2.0)  # E[e^2z; z < 0]
    alpha = (1 / sqrt(2 * pi)) / (0.5 - first)
    return SELUConstants(alpha, 1 / sqrt(0.5 + alpha**2 * (second - 2 * first + 0.5)))


def _normal_below(z: float) -> float:
    """Distribution function of the standard normal distribution."""
    return erfc(-z / sqrt(2)) / 2


# The same two numbers solved with 50 digits and rounded once: selu_constants() differs by its last bits.
SELU_ALPHA, SELU_SCALE = 1.6732632423543772, 1.0507009873554805


def selu(x: npt.ArrayLike) -> np.ndarray:
    r"""Scaled exponential linear unit, :math:`\lambda\,\mathrm{ELU}_\alpha(x)` with the constants of :func:`selu_constants`.

    Examples
    --------
    >>> selu([-np.inf, 0.0, 1.0]).round(4)
    array([-1.7581,  0.    ,  1.0507])
    """
    out = elu(x, SELU_ALPHA)
    out *= SELU_SCALE
    return out


def selu_derivative(x: npt.ArrayLike) -> np.ndarray:
    r"""First derivative of SELU: :math:`\lambda` where x > 0, else :math:`\lambda\alpha e^x` (:math:`\lambda\alpha` at 0)."""
    out = elu_derivative(x, SELU_ALPHA)
    out *= SELU_SCALE
    return out


def selu_second_derivative(x: npt.ArrayLike) -> np.ndarray:
    r"""Second derivative of SELU: :math:`\lambda\alpha e^x` where x < 0, else 0 (0 at 0, as in PyTorch)."""
    out = elu_second_derivative(x, SELU_ALPHA)
    out *= SELU_SCALE
    return out


def selu_moments(mean: float, variance: float) -> tuple[float, float]:
    r"""Mean and variance of SELU(z) for Gaussian z: the map whose fixed point (0, 1) gave the constants.

    Parameters
    ----------
    mean : float
    variance : float > 0

    Returns
    -------
    tuple (mean, variance)

    References
    ----------
    Klambauer et al. (2017), https://arxiv.org/abs/1706.02515.

    Examples
    --------
    >>> [abs(round(moment, 12)) for moment in selu_moments(0.0, 1.0)]
    [0.0, 1.0]
    """
    _finite("mean", mean)
    deviation = sqrt(_positive("variance", variance))
    above, density = _normal_below(mean / deviation), exp(-(mean**2) / (2 * variance)) / sqrt(2 * pi)

    def exponential(k: int) -> float:  # E[e^kz; z < 0] = exp(k mean + k^2 variance / 2) Phi(-u)
        u = mean / deviation + k * deviation
        if u > 0:  # the same without the exponential, which overflows for large variances
            return exp(-(mean**2) / (2 * variance)) * float(erfcx(u / sqrt(2))) / 2
        return exp(k * mean + k**2 * variance / 2) * _normal_below(-u)

    below = exponential(1) - (1 - above)
    squared_below = exponential(2) - 2 * exponential(1) + 1 - above
    first = SELU_SCALE * (mean * above + deviation * density + SELU_ALPHA * below)
    squared_above = (mean**2 + variance) * above + mean * deviation * density
    second = SELU_SCALE**2 * (squared_above + SELU_ALPHA**2 * squared_below)
    return first, second - first**2


def softplus(x: npt.ArrayLike) -> np.ndarray:
    r"""Softplus, the smooth ReLU.

    .. math:: \log(1 + e^x) = \max(x, 0) + \log(1 + e^{-|x|})

    Parameters
    ----------
    x : array of any shape

    Returns
    -------
    array of the same shape, positive

    Notes
    -----
    PyTorch replaces softplus(x) by x above x = 20, which is off by 2e-9 there; this function makes no such cut.

    Examples
    --------
    >>> softplus(-1000.0).item(), softplus(1000.0).item()
    (0.0, 1000.0)
    """
    x = _floats(x)
    out = _decay(x)
    np.log1p(out, out=out)
    out += np.maximum(x, 0.0)
    return out


def softplus_derivative(x: npt.ArrayLike) -> np.ndarray:
    """First derivative of softplus: the logistic function."""
    return logistic(x)


def softplus_second_derivative(x: npt.ArrayLike) -> np.ndarray:
    """Second derivative of softplus: the first derivative of the logistic function."""
    return logistic_derivative(x)


def maxout(x: npt.ArrayLike, W: npt.ArrayLike, b: npt.ArrayLike) -> np.ndarray:
    r"""Maxout: the largest of K affine functions of x, a convex piecewise-linear function.

    .. math:: \max_k z_k, \qquad z_k = x W_k + b_k

    Parameters
    ----------
    x : array (B, D), B examples with D features
    W : array (K, D, M), one matrix for each of the K pieces; M units
    b : array (K, M)

    Returns
    -------
    array (B, M)

    Raises
    ------
    ValueError
        When the sizes do not fit.

    References
    ----------
    Goodfellow, Warde-Farley, Mirza, Courville and Bengio (2013), Maxout networks, https://arxiv.org/abs/1302.4389.

    Examples
    --------
    The absolute value, as the larger of x and -x:

    >>> maxout([[-3.0], [2.0]], [[[1.0]], [[-1.0]]], [[0.0], [0.0]])
    array([[3.],
           [2.]])
    """
    return _pieces(*_maxout_arguments(x, W, b)).max(axis=0)


def maxout_backward(
    x: npt.ArrayLike, W: npt.ArrayLike, b: npt.ArrayLike, upstream: npt.ArrayLike
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    r"""Pull a gradient back through maxout: only the piece that won receives it.

    .. math:: \frac{\partial L}{\partial z_k} = \frac{\partial L}{\partial \max_j z_j} [k = \arg\max_j z_j]

    Parameters
    ----------
    x, W, b
        As in :func:`maxout`.
    upstream : array (B, M), the derivatives of the loss by the outputs

    Returns
    -------
    gradients by x, W and b, arrays of their shapes

    Notes
    -----
    In a tie the first of the largest pieces takes all, as in ``torch.max(z, dim)``; ``torch.amax`` would share.

    Examples
    --------
    >>> x, W, b = [[-3.0], [2.0]], [[[1.0]], [[-1.0]]], [[0.0], [0.0]]
    >>> slope, by_weight, by_bias = maxout_backward(x, W, b, [[1.0], [1.0]])
    >>> slope.ravel(), by_weight.ravel(), by_bias.ravel()
    (array([-1.,  1.]), array([ 2., -3.]), array([1., 1.]))
    """
    x, W, b = _maxout_arguments(x, W, b)
    upstream = _floats(upstream)
    if upstream.shape != (len(x), W.shape[2]):
        raise ValueError(f"upstream has shape {upstream.shape}, but the outputs have shape {(len(x), W.shape[2])}")
    winner = _pieces(x, W, b).argmax(axis=0)
    delta = np.where(winner == np.arange(len(W))[:, None, None], upstream, 0.0)  # (K, B, M)
    by_x = np.einsum("kbm,kdm->bd", delta, W)
    by_W = np.einsum("bd,kbm->kdm", x, delta)
    return by_x, by_W, delta.sum(axis=1)


def _pieces(x: np.ndarray, W: np.ndarray, b: np.ndarray) -> np.ndarray:
    return x @ W + b[:, None, :]  # (K, B, M)


def _maxout_arguments(
    x: npt.ArrayLike, W: npt.ArrayLike, b: npt.ArrayLike
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    x, W, b = _floats(x), _floats(W), _floats(b)
    if (x.ndim, W.ndim, b.ndim) != (2, 3, 2):
        raise ValueError(
            f"maxout needs x (B, D), W (K, D, M) and b (K, M), but their shapes are {x.shape}, {W.shape} and {b.shape}"
        )
    if x.shape[1] != W.shape[1]:
        raise ValueError(f"x has {x.shape[1]} columns, but the maxout units have {W.shape[1]} inputs")
    if b.shape != (W.shape[0], W.shape[2]):
        raise ValueError(
            f"b has shape {b.shape}, but {W.shape[0]} pieces of {W.shape[2]} units need {(W.shape[0], W.shape[2])}"
        )
    return x, W, b


def _finite(name: str, value: float) -> None:
    if not isinstance(value, Real):
        raise TypeError(f"{name} must be a number, but is {value!r:.60}")
    if not isfinite(value):
        raise ValueError(f"{name} must be a finite number, but is {value!r}")


def _one_or(slope: float | np.ndarray, positive: np.ndarray) -> np.ndarray:
    """1 where positive, else ``slope``; by arithmetic, which on random signs is several times faster than a choice."""
    out = np.multiply(~positive, slope, out=np.empty(positive.shape))
    out += positive
    return out


def _with_parameter(x: npt.ArrayLike, value: npt.ArrayLike, name: str) -> tuple[np.ndarray, float | np.ndarray]:
    """x and a parameter that is one number or broadcasts against x, or an error that names the parameter."""
    x = _floats(x)
    if isinstance(value, float):
        _finite(name, value)
        return x, value
    value = _floats(value, name)
    if not np.isfinite(value).all():
        raise ValueError(f"{name} must be finite, but is {value}")
    try:
        fits = np.broadcast_shapes(x.shape, value.shape) == x.shape
    except ValueError:
        fits = False
    if not fits:
        raise ValueError(f"{name}s of shape {value.shape} do not fit x of shape {x.shape}")
    return x, value


def _alpha_exp(x: np.ndarray, alpha: float) -> np.ndarray:
    out = np.minimum(x, 0.0, out=np.empty_like(x))
    np.exp(out, out=out)
    out *= alpha
    return out
