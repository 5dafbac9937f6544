r"""Weight normalisation (权重归一化) with the pass back derived by hand: the weights are normalised, not the activations.

Each row of a weight matrix is written as a length times a direction, 7.55:

.. math:: W_{i,:} = \frac{g_i}{\lVert v_i\rVert}\, v_i, \qquad
    \frac{\partial L}{\partial g_i} = \frac{v_i^\top \nabla_{W_{i,:}} L}{\lVert v_i\rVert}, \qquad
    \nabla_{v_i} L = \frac{g_i}{\lVert v_i\rVert} \Bigl( I - \frac{v_i v_i^\top}{\lVert v_i\rVert^2} \Bigr) \nabla_{W_{i,:}} L.

The matrix in brackets projects onto what is perpendicular to :math:`v_i`. So a gradient step can only make :math:`v_i` longer:
:math:`\lVert v - \eta\nabla_v L\rVert^2 = \lVert v\rVert^2 + \eta^2 \lVert\nabla_v L\rVert^2`.

Shapes: M units with D inputs each.

References
----------
Salimans and Kingma (2016), Weight normalization, https://arxiv.org/abs/1602.07868. Qiu (2019), equation 7.55.

Examples
--------
>>> v = np.array([[3.0, 4.0]])
>>> weight_norm(v, [10.0])
array([[6., 8.]])
>>> by_v, by_g = weight_norm_backward([[1.0, 0.0]], v, [10.0])
>>> by_v.round(2), float((by_v * v).sum().round(12)), by_g
(array([[ 1.28, -0.96]]), 0.0, array([0.6]))
"""

import numpy as np
import numpy.typing as npt


def weight_norm(v: npt.ArrayLike, g: npt.ArrayLike) -> np.ndarray:
    """Rows of the directions of v and the lengths g.

    Parameters
    ----------
    v : array (M, D), no row zero
    g : array (M,)

    Returns
    -------
    array (M, D)

    Raises
    ------
    ValueError
        When the shapes do not fit, or a row of v is zero and has no direction.
    """
    directions, lengths, norms = _parts(v, g)
    return lengths * directions / norms


def weight_norm_backward(dw: npt.ArrayLike, v: npt.ArrayLike, g: npt.ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """Gradients with respect to v and g of a loss whose gradient with respect to W is dw.

    Parameters
    ----------
    dw, v : array (M, D)
    g : array (M,)

    Returns
    -------
    array (M, D), array (M,)
    """
    directions, lengths, norms = _parts(v, g)
    grad = np.asarray(dw, dtype=float)
    if grad.shape != directions.shape:
        raise ValueError(f"dw has shape {grad.shape}, but v has {directions.shape}")
    unit = directions / norms
    by_g = (grad * unit).sum(axis=1, keepdims=True)
    return lengths / norms * (grad - unit * by_g), by_g.ravel()


def _parts(v: npt.ArrayLike, g: npt.ArrayLike) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    directions, lengths = np.asarray(v, dtype=float), np.asarray(g, dtype=float)
    if directions.ndim != 2 or lengths.shape != (len(directions),):
        raise ValueError(f"v has shape {directions.shape} and g {lengths.shape}; expected (M, D) and (M,)")
    norms = np.linalg.norm(directions, axis=1, keepdims=True)
    if (norms == 0).any():
        raise ValueError(f"row {int(np.argmin(norms))} of v is zero: it has no direction to normalise")
    return directions, lengths[:, None], norms
