r"""The chain of factors that an error signal passes on its way down a network, and what bounds it.

In a chain of single units, :math:`a_l = f(w_l a_{l-1} + b_l)`, every layer contributes one factor:

.. math:: \frac{\partial a_L}{\partial b_1} = f'(z_1) \prod_{l=2}^{L} w_l f'(z_l)

Shapes: L layers; layer l has n_l units.

References
----------
Nielsen (2015), Neural Networks and Deep Learning, chapter 5, http://neuralnetworksanddeeplearning.com/chap5.html; Qiu (2019),
Neural Networks and Deep Learning (in Chinese), equations 4.86-4.88.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from nndl_support.activations import registry
from nndl_support.activations.sigmoid_family import _floats


def factor(w: npt.ArrayLike, a: npt.ArrayLike, b: npt.ArrayLike, activation: str = "logistic") -> np.ndarray:
    r"""What one unit multiplies a passing error by: :math:`w f'(w a + b)`.

    Parameters
    ----------
    w, a, b : arrays of any shapes that broadcast: weight, input and bias of the unit
    activation : str, the name of an elementwise function

    Returns
    -------
    array of the common shape

    Examples
    --------
    >>> factor([1.0, 4.0, 8.0], 0.5, [-0.5, -2.0, -4.0])  # net input 0, where the slope is 1/4
    array([0.25, 1.  , 2.  ])
    """
    w, a, b = _floats(w, "w"), _floats(a, "a"), _floats(b, "b")
    slope = registry.get(activation).derivative
    if slope is None:
        raise ValueError(f"{activation} is not elementwise: its derivative is a Jacobian matrix, not a factor")
    return w * slope(w * a + b)


def window_width(w: npt.ArrayLike) -> np.ndarray:
    r"""Length of the interval of inputs a in which a logistic unit of weight w does not shrink an error.

    The condition :math:`|w|\,\sigma'(z) \ge 1` reads :math:`2\cosh z \le |w| - 2`, since
    :math:`1/\sigma'(z) = 2 + 2\cosh z`. As a runs, z runs :math:`|w|` times as fast, whatever the bias:

    .. math:: \frac{2}{|w|} \operatorname{arccosh}\frac{|w| - 2}{2} \quad\text{for } |w| \ge 4,
              \qquad 0 \text{ otherwise}

    Parameters
    ----------
    w : array of any shape

    Returns
    -------
    array of the same shape

    References
    ----------
    Nielsen (2015), chapter 5, leaves this as a problem.

    Examples
    --------
    >>> window_width([1.0, 4.0, 6.9, 100.0]).round(3)
    array([0.   , 0.   , 0.448, 0.092])
    """
    size = np.abs(_floats(w, "w"))
    wide = np.maximum(size, 4.0)
    return np.where(size >= 4, 2 / wide * np.arccosh((wide - 2) / 2), 0.0)


def chain_bias_gradients(
    weights: npt.ArrayLike, biases: npt.ArrayLike, x: float, y: float, activation: str = "logistic"
) -> np.ndarray:
    r"""Gradients by the biases of a chain of single units, for half the squared error of its output.

    .. math:: \frac{\partial C}{\partial b_l} = f'(z_l) \prod_{k=l+1}^{L} w_k f'(z_k) \; (a_L - y)

    Parameters
    ----------
    weights, biases : arrays (L,)
    x, y : float, the input and its target

    Returns
    -------
    array (L,); the gradient by w_l is the l-th entry times the input a_{l-1} of the unit

    Examples
    --------
    >>> chain_bias_gradients([0.0, 2.0], [0.0, -1.0], 1.0, 0.0)  # both net inputs are 0, and so all slopes 1/4
    array([0.0625, 0.125 ])
    """
    weights, biases = _floats(weights, "weights"), _floats(biases, "biases")
    if weights.ndim != 1 or weights.shape != biases.shape or len(weights) == 0:
        raise ValueError(f"weights have shape {weights.shape} and biases {biases.shape}; expected (L,) for both")
    f = registry.get(activation)
    if f.derivative is None:
        raise ValueError(f"{activation} is not elementwise: its derivative is a Jacobian matrix, not a factor")
    a: np.ndarray = _floats(x)
    slopes = []
    for w, b in zip(weights, biases):
        z = w * a + b
        slopes.append(float(f.derivative(z)))
        a = f.function(z)
    from_above = np.append(weights[1:], 1.0)  # what multiplies the output of layer l on its way up
    # The product over the layers above l, taken from the top.
    return np.cumprod((np.array(slopes) * from_above)[::-1])[::-1] * (float(a) - y)


def delta_bounds(weights: Sequence[np.ndarray], steepest: float | Sequence[float] = 0.25) -> np.ndarray:
    r"""Largest share of the last error term that can arrive in each layer.

    .. math:: \frac{\lVert \delta^{(l)} \rVert}{\lVert \delta^{(L)} \rVert} \le
              \prod_{k=l}^{L-1} s_k\, \lVert W^{(k+1)} \rVert_2, \qquad s_k = \max_z |f_k'(z)|

    Parameters
    ----------
    weights : L arrays (n_{l-1}, n_l)
    steepest : float or L - 1 floats
        The largest slope of the hidden activations: 1/4 for the logistic function, 1 for tanh and ReLU.

    Returns
    -------
    array (L,); its last entry is 1

    Notes
    -----
    Multiplying entry by entry with slopes of at most s lengthens no vector by more than s, and a product with a matrix none by
    more than its largest singular value; nothing else happens between two layers.

    Examples
    --------
    >>> float(delta_bounds([np.eye(3)] * 11)[0])  # ten logistic layers, no weight enlarges: 0.25 ** 10
    9.5367431640625e-07
    """
    if len(weights) == 0:
        raise ValueError("there are no weights; expected one matrix per layer")
    for layer, W in enumerate(weights, start=1):
        if np.ndim(W) != 2:
            raise ValueError(f"the weights of layer {layer} have shape {np.shape(W)}; expected (n_{{l-1}}, n_l)")
    norms = [np.linalg.norm(W, 2) for W in weights[1:]]
    slopes = np.broadcast_to(_floats(steepest, "steepest"), (len(norms),))
    return np.append(np.cumprod((slopes * norms)[::-1])[::-1], 1.0)
