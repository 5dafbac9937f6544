r"""What becomes of a signal on its way up through many layers of random weights.

.. math:: a^{(l)} = f\bigl(a^{(l-1)} W^{(l)}\bigr), \qquad W^{(l)}_{ij} \sim \mathcal N(0, g / n_{l-1})

The gain g is 1 for LeCun's initialisation, which SELU asks for, and 2 for He's, which ReLU asks for.

Shapes: B examples, D inputs, L layers of n units.

References
----------
Klambauer, Unterthiner, Mayr and Hochreiter (2017), Self-normalizing neural networks, https://arxiv.org/abs/1706.02515.
"""

from collections.abc import Callable, Iterator

import numpy as np

from nndl_support.activations.rectifiers import SELU_ALPHA, SELU_SCALE


def layers(
    function: Callable[[np.ndarray], np.ndarray],
    X: np.ndarray,
    n_layers: int,
    rng: np.random.Generator,
    *,
    width: int = 500,
    gain: float = 1.0,
    drop: Callable[[np.ndarray], np.ndarray] | None = None,
) -> Iterator[np.ndarray]:
    """Yield the outputs of one layer after the other, arrays (B, n).

    Parameters
    ----------
    function : callable, the activation function
    X : array (B, D)
    n_layers : int
    rng : numpy.random.Generator, for the weights
    width : int, units n in each layer
    gain : float > 0
    drop : callable, optional
        Applied to the outputs of every layer, such as a dropout.

    Examples
    --------
    >>> outputs = list(layers(np.tanh, np.ones((5, 3)), 7, np.random.default_rng(0), width=11))
    >>> len(outputs), outputs[-1].shape
    (7, (5, 11))
    """
    if not 0 < gain < np.inf:
        raise ValueError(f"gain must be a positive finite number, but is {gain}")
    if X.ndim != 2 or width < 1:
        raise ValueError(f"expected X of shape (B, D) and a width of at least 1, but got {X.shape} and {width}")
    a = X
    for _ in range(n_layers):
        a = function(a @ rng.normal(scale=np.sqrt(gain / a.shape[1]), size=(a.shape[1], width)))
        if drop is not None:
            a = drop(a)
        yield a


def dropout(a: np.ndarray, rate: float, rng: np.random.Generator) -> np.ndarray:
    """Set a share ``rate`` of the outputs to 0 and divide the rest by ``1 - rate``: the mean stays, the variance grows.

    Examples
    --------
    >>> dropout(np.ones(5), 0.5, np.random.default_rng(0))
    array([2., 0., 0., 0., 2.])
    """
    _check_rate(rate)
    return a * (rng.uniform(size=a.shape) >= rate) / (1 - rate)


def alpha_dropout(a: np.ndarray, rate: float, rng: np.random.Generator) -> np.ndarray:
    r"""Dropout for SELU: dropped outputs become :math:`-\lambda\alpha`, then all are moved and scaled back to mean 0, variance 1.

    Notes
    -----
    With q = 1 - rate and :math:`a' = -\lambda\alpha`, the mixture has mean :math:`(1 - q)a'` and variance
    :math:`q + q(1 - q)a'^2` if the outputs have mean 0 and variance 1.

    References
    ----------
    Klambauer et al. (2017), https://arxiv.org/abs/1706.02515, section on alpha dropout.

    Examples
    --------
    >>> alpha_dropout(np.zeros(5), 0.0, np.random.default_rng(0))
    array([0., 0., 0., 0., 0.])
    """
    _check_rate(rate)
    keep, low = 1 - rate, -SELU_SCALE * SELU_ALPHA
    mixed = np.where(rng.uniform(size=a.shape) < rate, low, a)
    return (mixed - rate * low) / np.sqrt(keep + keep * rate * low**2)


def _check_rate(rate: float) -> None:
    if not 0 <= rate < 1:
        raise ValueError(f"rate must lie in [0, 1), but is {rate}")
