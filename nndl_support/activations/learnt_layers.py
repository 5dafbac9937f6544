r"""Hidden layers that learn more than weights and a bias: a slope, a steepness, several pieces, a gate.

Shapes: B examples, D inputs of the layer, M units, P pieces of a maxout unit.

==============  ===============================  ==========================  ==========================================
unit            output                           parameters                  start
==============  ===============================  ==========================  ==========================================
"relu"          max(z, 0), z = xW + b            W (D, M), b (M,)            variance 2/D
"prelu"         max(z, 0) + s min(z, 0)          W, b, slopes s (M,)         as "relu", s = 0.25
"swish"         z sigma(beta z)                  W, b, beta (M,)             as "relu", beta = 1
"maxout"        the largest of P values z        W (P, D, M), b (P, M)       variance 1/D: the larger of two standard
                                                                             normal numbers has mean square 1
"glu", ...      g(xW + b) (xV + c)               W (D, M), b, V, c           variance 1/D for W; for V such that the
                                                                             product has mean square 1
"identity"      z                                W, b                        variance 2/(D + M): an output layer
==============  ===============================  ==========================  ==========================================

The gated kinds are those of :mod:`nndl_support.activations.gated_units`.

References
----------
He, Zhang, Ren and Sun (2015), Delving deep into rectifiers, arXiv:1502.01852 (PReLU); Ramachandran, Zoph and Le (2017),
Searching for activation functions, arXiv:1710.05941 (Swish with learnt beta); Goodfellow, Warde-Farley, Mirza, Courville
and Bengio (2013), Maxout networks, arXiv:1302.4389; Shazeer (2020), GLU variants improve Transformer, arXiv:2002.05202.
"""

from collections.abc import Callable, Sequence

import numpy as np

from nndl_support.activations import registry
from nndl_support.activations.gated_units import KINDS
from nndl_support.activations.rectifiers import prelu, prelu_derivative, prelu_slope_derivative
from nndl_support.activations.smooth_gates import swish, swish_derivative, swish_derivative_by_beta

Arrays = list[np.ndarray]
#: How a layer pulls a gradient back: from the derivatives by its outputs to those by its inputs and its parameters.
PullBack = Callable[[np.ndarray], tuple[np.ndarray, Arrays]]

UNITS = ("relu", "prelu", "swish", "maxout", *KINDS)


def start(unit: str, n_inputs: int, n_units: int, rng: np.random.Generator, *, n_pieces: int = 2) -> Arrays:
    """Draw the parameters of one layer.

    Parameters
    ----------
    unit : str, one of ``UNITS``, or "identity"
    n_inputs, n_units : int
    rng : numpy.random.Generator
    n_pieces : int of at least 2, for maxout only

    Returns
    -------
    list of arrays, in the order of the table above

    Examples
    --------
    >>> [p.shape for p in start("prelu", 3, 2, np.random.default_rng(0))]
    [(3, 2), (2,), (2,)]
    >>> [p.shape for p in start("maxout", 3, 2, np.random.default_rng(0), n_pieces=5)]
    [(5, 3, 2), (5, 2)]
    """
    shape = (n_inputs, n_units)
    if unit == "maxout":
        return [rng.normal(0.0, np.sqrt(1 / n_inputs), (n_pieces, *shape)), np.zeros((n_pieces, n_units))]
    if unit in KINDS:
        W = rng.normal(0.0, np.sqrt(1 / n_inputs), shape)
        V = rng.normal(0.0, np.sqrt(1 / (n_inputs * mean_square(KINDS[unit]))), shape)
        return [W, np.zeros(n_units), V, np.zeros(n_units)]
    variance = 2 / (n_inputs + n_units) if unit == "identity" else 2 / n_inputs
    further = {"prelu": [np.full(n_units, 0.25)], "swish": [np.ones(n_units)]}.get(unit, [])
    return [rng.normal(0.0, np.sqrt(variance), shape), np.zeros(n_units), *further]


def is_weight(unit: str) -> tuple[bool, ...]:
    """Tell of each parameter of a layer whether it is a matrix of weights, which alone a penalty should shrink.

    Examples
    --------
    >>> is_weight("prelu"), is_weight("swiglu")
    ((True, False, False), (True, False, True, False))
    """
    if unit in KINDS:
        return True, False, True, False
    return (True, False, False) if unit in ("prelu", "swish") else (True, False)


def forward(unit: str, x: np.ndarray, parameters: Sequence[np.ndarray]) -> tuple[np.ndarray, PullBack]:
    """Run one layer, and return with its outputs the function that pulls gradients back through it.

    Parameters
    ----------
    unit : str, one of ``UNITS``, or "identity"
    x : array (B, D)
    parameters : as :func:`start` made them

    Returns
    -------
    outputs : array (B, M)
    pull_back : callable
        From the derivatives of the loss by the outputs, array (B, M), to those by x, array (B, D), and by each
        parameter, a list.

    Examples
    --------
    >>> parameters = [np.eye(2), np.zeros(2), np.array([0.5, 0.1])]
    >>> outputs, pull_back = forward("prelu", np.array([[-2.0, -2.0]]), parameters)
    >>> outputs, pull_back(np.ones((1, 2)))[0]
    (array([[-1. , -0.2]]), array([[0.5, 0.1]]))
    """
    if unit == "maxout":
        return _maxout(x, *parameters)
    if unit in KINDS:
        return _gated(registry.get(KINDS[unit]), x, *parameters)
    W, b, *shape = parameters
    z = x @ W + b
    if unit == "prelu":
        slope, by_shape = prelu_derivative(z, *shape), prelu_slope_derivative(z)
        outputs = prelu(z, *shape)
    elif unit == "swish":
        slope, by_shape = swish_derivative(z, *shape), swish_derivative_by_beta(z, *shape)
        outputs = swish(z, *shape)
    else:
        activation = registry.get(unit)
        assert activation.derivative is not None
        outputs, slope, by_shape = activation.function(z), activation.derivative(z), None

    def pull_back(upstream: np.ndarray) -> tuple[np.ndarray, Arrays]:
        delta = upstream * slope
        gradients = [x.T @ delta, delta.sum(axis=0)]
        if by_shape is not None:
            gradients.append((upstream * by_shape).sum(axis=0))
        return delta @ W.T, gradients

    return outputs, pull_back


def mean_square(activation: str) -> float:
    r"""Mean of :math:`f(z)^2` for a standard normal z, by Gauss-Hermite quadrature.

    Examples
    --------
    >>> round(mean_square("identity"), 12), round(mean_square("silu"), 4)
    (1.0, 0.3558)
    """
    nodes, weights = np.polynomial.hermite_e.hermegauss(80)
    return float(weights @ registry.get(activation).function(nodes) ** 2 / weights.sum())


def _maxout(x: np.ndarray, W: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, PullBack]:
    z = x @ W + b[:, None, :]  # (P, B, M)
    winner = z.argmax(axis=0) == np.arange(len(W))[:, None, None]

    def pull_back(upstream: np.ndarray) -> tuple[np.ndarray, Arrays]:
        delta = winner * upstream  # only the piece that won receives the gradient
        return (delta @ W.transpose(0, 2, 1)).sum(axis=0), [x.T @ delta, delta.sum(axis=1)]

    return z.max(axis=0), pull_back


def _gated(
    gate: registry.Activation, x: np.ndarray, W: np.ndarray, b: np.ndarray, V: np.ndarray, c: np.ndarray
) -> tuple[np.ndarray, PullBack]:
    z, through = x @ W + b, x @ V + c
    opening = gate.function(z)

    def pull_back(upstream: np.ndarray) -> tuple[np.ndarray, Arrays]:
        by_gate, by_through = gate.pull_back(z, upstream * through), upstream * opening
        by_x = by_gate @ W.T + by_through @ V.T
        return by_x, [x.T @ by_gate, by_gate.sum(axis=0), x.T @ by_through, by_through.sum(axis=0)]

    return opening * through, pull_back
