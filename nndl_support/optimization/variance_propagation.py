r"""What random weights do to the variance of signals on their way up and of errors on their way down (方差传播).

For a linear layer of n inputs and n' outputs with independent weights of mean 0,

.. math:: \operatorname{var} z = n \operatorname{var} w \cdot \operatorname{var} a, \qquad
          \operatorname{var} \delta_{\text{below}} = n' \operatorname{var} w \cdot \operatorname{var} \delta

and with an activation function f, whose net inputs are nearly normal, factors :math:`\mathbb E f^2` and
:math:`\mathbb E f'^2` join them: see :mod:`nndl_support.activations.random_depth`, whose maps are iterated here.

Shapes: B examples, L layers; weight matrices are (n, n') as in ``X @ W``.

References
----------
Qiu (2019), Neural Networks and Deep Learning (in Chinese), equations 7.28-7.35 (6.10-6.12 in an earlier draft). Glorot and Bengio
(2010), Understanding the difficulty of training deep feedforward neural networks, AISTATS. Hanin and Nica (2020), Products of
many large random matrices and gradients in deep neural networks, https://arxiv.org/abs/1812.05994.
"""

from collections.abc import Callable, Sequence

import numpy as np

from nndl_support.activations import registry
from nndl_support.activations.random_depth import backward_factor, next_variance
from nndl_support.activations.slopes import mean_square


def variance_ratios(n_inputs: int, n_outputs: int, weight_variance: float) -> tuple[float, float]:
    r"""Factors of the variance in one linear layer, :math:`n \operatorname{var} w` up and :math:`n' \operatorname{var} w` down.

    Examples
    --------
    >>> up, down = variance_ratios(64, 32, 2 / (64 + 32))  # Xavier: a compromise
    >>> round(up, 3), round(down, 3)
    (1.333, 0.667)
    """
    if min(n_inputs, n_outputs) < 1 or not 0 <= weight_variance < np.inf:
        raise ValueError(
            f"expected positive sizes and a variance of at least 0, but got {n_inputs}, {n_outputs} and {weight_variance}"
        )
    return n_inputs * weight_variance, n_outputs * weight_variance


def measured_ratios(
    draw: Callable[[np.random.Generator, tuple[int, int]], np.ndarray],
    n_inputs: int,
    n_outputs: int,
    rng: np.random.Generator,
    *,
    n_draws: int = 1000,
) -> tuple[np.ndarray, np.ndarray]:
    """The two factors of one linear layer by Monte Carlo.

    Parameters
    ----------
    draw : callable that takes ``rng`` and a shape (n, n'), and returns weights
    n_inputs, n_outputs : int, n and n'
    rng : numpy.random.Generator
    n_draws : int, independent matrices, each with a normal input and a normal error of its own

    Returns
    -------
    array (2,), the mean factors upwards and downwards, and array (2,), their standard errors

    Examples
    --------
    >>> mean, error = measured_ratios(lambda rng, shape: rng.normal(0, 0.5, shape), 7, 3, np.random.default_rng(0))
    >>> bool(np.all(np.abs(mean - [7 / 4, 3 / 4]) < 4 * error))
    True
    """
    if n_draws < 2:
        raise ValueError(f"a standard error needs at least 2 draws, but n_draws is {n_draws}")
    ratios = np.empty((n_draws, 2))
    for row in ratios:
        W = draw(rng, (n_inputs, n_outputs))
        a, delta = rng.normal(size=n_inputs), rng.normal(size=n_outputs)
        row[:] = np.mean((a @ W) ** 2) / np.mean(a**2), np.mean((W @ delta) ** 2) / np.mean(delta**2)
    return ratios.mean(axis=0), ratios.std(axis=0, ddof=1) / np.sqrt(n_draws)


def variance_gain(activation: str, q: float = 1.0) -> float:
    r"""The gain :math:`\sigma_w` that hands a variance q of net inputs on unchanged, :math:`\sqrt{q / \mathbb E f(z)^2}`.

    Parameters
    ----------
    activation : str, the name of an elementwise function
    q : float > 0

    Examples
    --------
    >>> [round(variance_gain(name), 4) for name in ("identity", "relu", "tanh", "selu")]
    [1.0, 1.4142, 1.5925, 1.0]
    """
    if not 0 < q < np.inf:
        raise ValueError(f"q must be positive and finite, but is {q}")
    return float(np.sqrt(q / mean_square(activation, q)))


def predicted_profile(
    activation: str, weight_std: float, n_layers: int, *, start: float = 1.0
) -> tuple[np.ndarray, np.ndarray]:
    r"""Variances layer by layer in wide networks of equal layers, weights of variance :math:`\sigma_w^2/n`, no biases.

    Parameters
    ----------
    activation : str
    weight_std : float, :math:`\sigma_w`
    n_layers : int, L
    start : float, variance of the net inputs of the first layer

    Returns
    -------
    array (L,), variance of the net inputs; array (L,), mean squared error term, that of the last layer being 1

    Examples
    --------
    >>> up, down = predicted_profile("relu", np.sqrt(2), 50)
    >>> bool(np.allclose(up, 1) and np.allclose(down, 1))
    True
    """
    up, factors = [start], [1.0]
    for _ in range(n_layers - 1):
        factors.append(backward_factor(up[-1], activation, weight_std))
        up.append(next_variance(up[-1], activation, weight_std))
    # The factor of layer l stands between the error terms of l and l + 1.
    return np.array(up), np.append(np.cumprod(factors[:0:-1])[::-1], 1.0)


def measured_profile(
    weights: Sequence[np.ndarray], X: np.ndarray, activation: str, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Variances layer by layer of one network and one batch.

    Parameters
    ----------
    weights : L matrices (n, n'), without biases
    X : array (B, D)
    activation : str
    rng : numpy.random.Generator, for the errors that enter the last layer

    Returns
    -------
    array (L,), mean square of the net inputs; array (L,), mean square of the error terms, that of the last layer being 1

    Examples
    --------
    >>> up, down = measured_profile([np.eye(3)] * 5, np.ones((2, 3)), "identity", np.random.default_rng(0))
    >>> up.tolist(), down.tolist()
    ([1.0, 1.0, 1.0, 1.0, 1.0], [1.0, 1.0, 1.0, 1.0, 1.0])
    """
    f = registry.get(activation)
    if f.derivative is None:
        raise ValueError(f"{activation} is not elementwise: it has a Jacobian matrix instead of a slope")
    a, nets = X, []
    for layer, W in enumerate(weights, start=1):
        if a.shape[1] != len(W):
            raise ValueError(
                f"the weights of layer {layer} have {len(W)} rows, but the layer receives {a.shape[1]} inputs"
            )
        nets.append(a @ W)
        a = f.function(nets[-1])
    delta = rng.normal(size=nets[-1].shape)
    down = np.empty(len(nets))
    for layer in reversed(range(len(nets))):
        if layer < len(nets) - 1:
            delta = f.derivative(nets[layer]) * (delta @ weights[layer + 1].T)
        down[layer] = np.mean(delta**2)
    return np.array([np.mean(z**2) for z in nets]), down / down[-1]


def relu_log_variances(width: int, n_layers: int, n_networks: int, rng: np.random.Generator) -> np.ndarray:
    r"""Logarithm of the mean square of the last outputs of ReLU networks with He's normal weights, the input having 1/2.

    In the mean over networks the variance stays as it is. Its logarithm does not: each layer multiplies by a random number
    of mean 1 and variance 5/n, so that the logarithm is nearly normal,

    .. math:: \log v_L \approx \mathcal N\Bigl(\log \tfrac12 - \frac{5L}{2n},\; \frac{5L}{n}\Bigr)

    Parameters
    ----------
    width, n_layers, n_networks : int, n, L, and independent networks
    rng : numpy.random.Generator

    Returns
    -------
    array (n_networks,)

    Notes
    -----
    Given the inputs h of a layer, its net inputs are independent normal numbers of variance :math:`2 \lVert h \rVert^2 / n`: the
    matrices need not be drawn. A network of narrow layers may fall silent altogether; its entry is then minus infinity.

    References
    ----------
    Hanin and Nica (2020), https://arxiv.org/abs/1812.05994.

    Examples
    --------
    >>> logs = relu_log_variances(100, 20, 2000, np.random.default_rng(0))
    >>> bool(abs(np.exp(logs).mean() - 0.5) < 0.1), bool(np.median(np.exp(logs)) < 0.35)
    (True, True)
    """
    if min(width, n_layers, n_networks) < 1:
        raise ValueError(f"width={width}, n_layers={n_layers} and n_networks={n_networks} must all be at least 1")
    square = np.full(n_networks, 0.5)
    for _ in range(n_layers):
        z = np.sqrt(2 * square)[:, None] * rng.normal(size=(n_networks, width))
        square = np.mean(np.maximum(z, 0) ** 2, axis=1)
    with np.errstate(divide="ignore"):
        return np.log(square)
