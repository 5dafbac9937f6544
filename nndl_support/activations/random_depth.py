r"""Signals and errors in a deep network whose weights are still random: what theory predicts, and a way to measure it.

Weights are normal with variance :math:`\sigma_w^2/n`, biases normal with variance :math:`\sigma_b^2`. In wide layers
the net inputs are then normal too, with a variance q that moves from layer to layer, and so does the mean squared error term:

.. math:: q_{l+1} = \sigma_w^2\, \mathbb{E} f(z)^2 + \sigma_b^2, \qquad
          \mathbb{E}\lVert\delta^{(l)}\rVert^2 = \chi\; \mathbb{E}\lVert\delta^{(l+1)}\rVert^2, \qquad
          \chi = \sigma_w^2\, \mathbb{E} f'(z)^2, \qquad z \sim \mathcal N(0, q_l)

Errors vanish where :math:`\chi < 1` and explode where :math:`\chi > 1`.

Shapes: L layers of n units.

References
----------
Poole, Lahiri, Raghu, Sohl-Dickstein and Ganguli (2016), Exponential expressivity in deep neural networks through transient
chaos, https://arxiv.org/abs/1606.05340; Schoenholz, Gilmer, Ganguli and Sohl-Dickstein (2017), Deep information propagation,
https://arxiv.org/abs/1611.01232; He, Zhang, Ren and Sun (2015), Delving deep into rectifiers, https://arxiv.org/abs/1502.01852.
"""

import numpy as np
from scipy.optimize import brentq

from nndl_support.activations import registry
from nndl_support.activations.slopes import mean_square, mean_square_slope


def next_variance(q: float, activation: str, weight_std: float, bias_std: float = 0.0) -> float:
    r"""Variance of the net inputs one layer further up, :math:`\sigma_w^2\, \mathbb{E} f(z)^2 + \sigma_b^2`.

    Parameters
    ----------
    q : float >= 0, the variance of the net inputs z
    activation : str, the name of an elementwise function
    weight_std, bias_std : float, :math:`\sigma_w` and :math:`\sigma_b`

    Examples
    --------
    >>> round(next_variance(3.0, "relu", np.sqrt(2)), 12)  # He's initialisation keeps the variance
    3.0
    """
    return float(weight_std**2 * mean_square(activation, q) + bias_std**2)


def settled_variance(
    activation: str, weight_std: float, bias_std: float = 0.0, *, start: float = 1.0, n_layers: int = 200
) -> float:
    """Variance of the net inputs after many layers; infinity where it grows without end.

    Parameters
    ----------
    activation, weight_std, bias_std
        As in :func:`next_variance`.
    start : float >= 0, the variance in the first layer
    n_layers : int

    Examples
    --------
    >>> settled_variance("relu", 1.5), round(settled_variance("tanh", 0.5), 6)
    (inf, 0.0)
    """
    q = start
    for _ in range(n_layers):
        q = next_variance(q, activation, weight_std, bias_std)
        if q > 1e6:
            return float("inf")
    return q


def backward_factor(q: float, activation: str, weight_std: float) -> float:
    r"""What one layer multiplies the mean squared error term by: :math:`\chi = \sigma_w^2\, \mathbb{E} f'(z)^2`.

    Parameters
    ----------
    q : float >= 0, the variance of the net inputs
    activation, weight_std
        As in :func:`next_variance`.

    Examples
    --------
    >>> backward_factor(0.0, "logistic", 1.0), backward_factor(0.0, "logistic", 4.0)
    (0.0625, 1.0)
    """
    return float(weight_std**2 * mean_square_slope(activation, q))


def critical_weight_std(activation: str, bias_std: float, *, low: float = 0.5, high: float = 6.0) -> float:
    r"""The :math:`\sigma_w` at which errors neither vanish nor explode, :math:`\chi = 1` at the settled variance.

    Raises
    ------
    ValueError
        When :math:`\chi - 1` does not change its sign between ``low`` and ``high``.

    Examples
    --------
    >>> round(critical_weight_std("tanh", 0.3), 3) > 1
    True
    """

    def excess(weight_std: float) -> float:
        # A variance without end comes from a function that grows like a line, whose mean slope no longer moves.
        q = min(settled_variance(activation, weight_std, bias_std), 1e6)
        return backward_factor(q, activation, weight_std) - 1

    if excess(low) * excess(high) > 0:
        raise ValueError(f"no critical value for {activation} between {low} and {high} with bias_std={bias_std}")
    return float(brentq(excess, low, high, xtol=1e-6))


def squared_deltas(
    activation: str,
    weight_std: float,
    rng: np.random.Generator,
    *,
    bias_std: float = 0.0,
    width: int = 200,
    n_layers: int = 20,
    n_networks: int = 10,
    start: float = 1.0,
) -> np.ndarray:
    r"""Squared length of the error term in each layer of random networks, the last one being sent down with length 1.

    Parameters
    ----------
    activation, weight_std, bias_std
        As in :func:`next_variance`.
    rng : numpy.random.Generator
    width, n_layers, n_networks : int, units per layer, layers, and independent draws
    start : float >= 0, the variance of the net inputs in the first layer

    Returns
    -------
    array (n_networks, n_layers), :math:`\lVert\delta^{(l)}\rVert^2` from the first layer to the last

    Notes
    -----
    The error that enters the last layer is random and independent of the network. A linear loss does that; with a real loss,
    only the length of the first vector would differ.

    Examples
    --------
    >>> squared_deltas("identity", 1.0, np.random.default_rng(0), n_layers=3, n_networks=2).shape
    (2, 3)
    """
    if min(width, n_layers, n_networks) < 1:
        raise ValueError(f"width={width}, n_layers={n_layers} and n_networks={n_networks} must all be at least 1")
    f = registry.get(activation)
    if f.derivative is None:
        raise ValueError(f"{activation} is not elementwise: it has a Jacobian matrix instead of a slope")
    result = np.empty((n_networks, n_layers))
    for draw in range(n_networks):
        z = np.sqrt(start) * rng.normal(size=width)
        weights, slopes = [], [f.derivative(z)]
        for _ in range(n_layers - 1):
            weights.append(weight_std / np.sqrt(width) * rng.normal(size=(width, width)))
            z = f.function(z) @ weights[-1] + bias_std * rng.normal(size=width)
            slopes.append(f.derivative(z))
        delta = rng.normal(size=width)
        delta /= np.linalg.norm(delta)
        result[draw, -1] = delta @ delta
        for layer in range(n_layers - 2, -1, -1):
            delta = slopes[layer] * (weights[layer] @ delta)
            result[draw, layer] = delta @ delta
    return result
