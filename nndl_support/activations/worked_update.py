"""A deep logistic chain whose first weight has a prescribed, tiny gradient.

A popular article shows a weight that one update moves from 0.2 to 0.199999978 at a learning rate of 0.5, without the
network. The gradient must have been 4.4e-8; here is a network in which it is.

References
----------
Hansen (2019), Activation functions explained, https://mlfromscratch.com/activation-functions-explained/.
"""

import numpy as np
from scipy.optimize import brentq, minimize_scalar

from nndl_support.activations.chain_of_factors import chain_bias_gradients


def chain_with_gradient(
    gradient: float, *, first_weight: float = 0.2, x: float = 1.0, y: float = 0.0, n_layers: int = 11
) -> tuple[np.ndarray, np.ndarray]:
    r"""Find a chain of logistic units in which :math:`\partial C/\partial w_1` is what was asked for.

    The cost is half the squared error. All biases are 0, and all weights after the first are equal: their common value is the
    root that is looked for.

    Parameters
    ----------
    gradient : float > 0
    first_weight : float
    x, y : float, the one example; for a positive gradient the target must lie below the output
    n_layers : int of at least 2, units in the chain

    Returns
    -------
    weights, biases : arrays (n_layers,)

    Raises
    ------
    ValueError
        When no common weight gives so large a gradient.

    Notes
    -----
    The gradient rises with the common weight only up to a point; beyond it the units saturate, and it falls again. Of the two
    roots, the smaller weight is returned.

    Examples
    --------
    >>> weights, biases = chain_with_gradient(4.4e-8)
    >>> float(weights[0]), len(weights), f"{chain_bias_gradients(weights, biases, 1.0, 0.0)[0]:.6e}"
    (0.2, 11, '4.400000e-08')
    """
    if n_layers < 2:
        raise ValueError(f"a chain needs at least 2 layers to choose the second weight, but n_layers is {n_layers}")
    if not gradient > 0:
        raise ValueError(f"the gradient must be positive, but is {gradient}")
    biases = np.zeros(n_layers)

    def chain(common: float) -> np.ndarray:
        return np.concatenate([[first_weight], np.full(n_layers - 1, common)])

    def log_gradient(common: float) -> float:
        # A logarithm, because the gradient runs through many powers of ten.
        return float(np.log(x * chain_bias_gradients(chain(common), biases, x, y)[0]))

    if not x * chain_bias_gradients(chain(1.0), biases, x, y)[0] > 0:
        raise ValueError(f"with x={x} and y={y} the gradient is not positive")
    peak = minimize_scalar(lambda common: -log_gradient(common), bounds=(1e-3, 4.0), method="bounded")
    if -peak.fun < np.log(gradient):
        raise ValueError(
            f"in a chain of {n_layers} units no common weight gives a gradient above {np.exp(-peak.fun):.3g}, "
            f"but {gradient:.3g} was asked for: take fewer layers"
        )
    low = peak.x
    while log_gradient(low) > np.log(gradient):
        low /= 2
    if low < peak.x:
        low = brentq(lambda common: log_gradient(common) - np.log(gradient), low, peak.x, xtol=1e-15, rtol=8.9e-16)
    return chain(low), biases
