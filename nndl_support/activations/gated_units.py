r"""Gated linear units: one linear map of the input decides how much of another passes.

Shapes: B examples, D inputs, M units. Two weight matrices W, V of shape (D, M) and two biases b, c of shape (M,) make

.. math:: h = g(xW + b) \odot (xV + c)

The kind names the gate g: "glu" the logistic function, "bilinear" the identity, "reglu" ReLU, "geglu" GELU, "swiglu" SiLU.
A unit costs two columns of weights where a plain one costs one; :func:`matched_width` says how many units are as dear as
a plain layer.

References
----------
Dauphin, Fan, Auli and Grangier (2017), Language modeling with gated convolutional networks, arXiv:1612.08083 (GLU).
Shazeer (2020), GLU variants improve Transformer, arXiv:2002.05202 (the others).

Examples
--------
>>> rng = np.random.default_rng(0)
>>> x, W, V, b, c = rng.normal(size=(5, 3)), rng.normal(size=(3, 2)), rng.normal(size=(3, 2)), np.zeros(2), np.zeros(2)
>>> gated_linear_unit(x, W, b, V, c, kind="swiglu").shape
(5, 2)
>>> [gradient.shape for gradient in gated_linear_unit_backward(x, W, b, V, c, np.ones((5, 2)), kind="swiglu")]
[(5, 3), (3, 2), (2,), (3, 2), (2,)]
"""

import numpy as np
import numpy.typing as npt

from nndl_support.activations import registry
from nndl_support.activations.sigmoid_family import _floats

#: The gate of each kind, by its name in the registry.
KINDS = {"glu": "logistic", "bilinear": "identity", "reglu": "relu", "geglu": "gelu", "swiglu": "silu"}


def gated_linear_unit(
    x: npt.ArrayLike, W: npt.ArrayLike, b: npt.ArrayLike, V: npt.ArrayLike, c: npt.ArrayLike, *, kind: str = "glu"
) -> np.ndarray:
    r"""Return the outputs of a layer of gated linear units.

    .. math:: h = g(xW + b) \odot (xV + c)

    Parameters
    ----------
    x : array (B, D)
    W, b : arrays (D, M) and (M,), of the gate
    V, c : arrays (D, M) and (M,), of what passes
    kind : "glu", "bilinear", "reglu", "geglu" or "swiglu"

    Returns
    -------
    array (B, M)

    Raises
    ------
    ValueError
        When the kind is unknown or the sizes do not fit.

    Notes
    -----
    ``torch.nn.functional.glu`` takes both halves in one matrix and gates the first half by the *second*.

    References
    ----------
    Shazeer (2020), section 2.

    Examples
    --------
    An open gate passes half of the line, since sigma(0) = 1/2:

    >>> gated_linear_unit([[3.0]], [[0.0]], [0.0], [[2.0]], [0.0])
    array([[3.]])
    """
    gate, _, through = _parts(x, W, b, V, c, kind)
    return gate * through


def gated_linear_unit_backward(
    x: npt.ArrayLike,
    W: npt.ArrayLike,
    b: npt.ArrayLike,
    V: npt.ArrayLike,
    c: npt.ArrayLike,
    upstream: npt.ArrayLike,
    *,
    kind: str = "glu",
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    r"""Pull a gradient back through a layer of gated linear units.

    .. math:: \delta_W = \delta \odot g'(xW + b) \odot (xV + c), \qquad \delta_V = \delta \odot g(xW + b)

    The second of them meets no derivative of a squashing function: this is the linear path along which gradients
    survive.

    Parameters
    ----------
    x, W, b, V, c, kind
        As in :func:`gated_linear_unit`.
    upstream : array (B, M), :math:`\delta`, the derivatives of the loss by the outputs

    Returns
    -------
    gradients by x, W, b, V and c, arrays of their shapes
    """
    x = _floats(x)
    W, V = _floats(W, "W"), _floats(V, "V")
    gate, slope, through = _parts(x, W, b, V, c, kind)
    upstream = _floats(upstream, "upstream")
    if upstream.shape != gate.shape:
        raise ValueError(f"upstream has shape {upstream.shape}, but the outputs have shape {gate.shape}")
    by_gate, by_through = upstream * slope * through, upstream * gate
    by_x = by_gate @ W.T + by_through @ V.T
    return by_x, x.T @ by_gate, by_gate.sum(axis=0), x.T @ by_through, by_through.sum(axis=0)


def matched_width(n_units: int, n_inputs: int, n_outputs: int) -> int:
    r"""Return how many gated units have about as many parameters as a layer of ``n_units`` plain ones.

    A plain unit brings D + 1 parameters in and K out, a gated one 2(D + 1) in and K out:

    .. math:: M = n\,\frac{D + 1 + K}{2(D + 1) + K}

    which is two thirds of n when D and K are large and equal, as in a Transformer's feed-forward block.

    Parameters
    ----------
    n_units : int, units of the plain layer
    n_inputs : int, D
    n_outputs : int, K, units of the layer above

    Returns
    -------
    int, rounded to the nearest

    Examples
    --------
    >>> matched_width(3072, 768, 768), matched_width(128, 784, 10)
    (2048, 64)
    """
    if min(n_units, n_inputs, n_outputs) < 1:
        raise ValueError(f"all sizes must be at least 1, but they are {n_units}, {n_inputs} and {n_outputs}")
    return max(1, round(n_units * (n_inputs + 1 + n_outputs) / (2 * (n_inputs + 1) + n_outputs)))


def _parts(
    x: npt.ArrayLike, W: npt.ArrayLike, b: npt.ArrayLike, V: npt.ArrayLike, c: npt.ArrayLike, kind: str
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the gate g(xW + b), its slope g'(xW + b), and what passes, xV + c."""
    if kind not in KINDS:
        raise ValueError(f"unknown kind {kind!r} of gated linear unit; known are {', '.join(KINDS)}")
    x, W, V = _floats(x), _floats(W, "W"), _floats(V, "V")
    b, c = _floats(b, "b"), _floats(c, "c")
    if x.ndim != 2 or W.ndim != 2 or x.shape[1] != len(W):
        raise ValueError(f"x has shape {x.shape}, but W has shape {W.shape}; expected (B, D) and (D, M)")
    if V.shape != W.shape or b.shape != W.shape[1:] or c.shape != W.shape[1:]:
        raise ValueError(f"W has shape {W.shape}, but V has {V.shape}, b has {b.shape} and c has {c.shape}")
    activation = registry.get(KINDS[kind])
    z = x @ W + b
    assert activation.derivative is not None
    return activation.function(z), activation.derivative(z), x @ V + c
