r"""A cliff in the loss of the smallest recurrent network, with its gradient by hand and the reason why it stands where it stands.

One logistic unit feeds itself, and the loss asks for the state 0.65 at step T:

.. math:: h_t = \sigma(w h_{t-1} + b), \quad h_0 = 0.3, \qquad L = (h_T - 0.65)^2, \quad T = 100

.. math:: \frac{\partial h_t}{\partial w} = h_t (1 - h_t) \Bigl( h_{t-1} + w \frac{\partial h_{t-1}}{\partial w} \Bigr), \qquad
          \frac{\partial h_t}{\partial b} = h_t (1 - h_t) \Bigl( 1 + w \frac{\partial h_{t-1}}{\partial b} \Bigr)

Weights ``w, b`` are arrays of any common shape S.

References
----------
Pascanu, Mikolov and Bengio (2013), On the difficulty of training recurrent neural networks, ICML, https://arxiv.org/abs/1211.5063.
Qiu (2019), figure 7.5. Strogatz (1994), Nonlinear Dynamics and Chaos, chapter 10 (fixed points of maps).

Examples
--------
>>> loss(5.0, [-2.35, -2.345]).round(3)
array([0.163, 0.059])
"""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from nndl_support.activations.sigmoid_family import logistic

START, TARGET, STEPS = 0.3, 0.65, 100


def states(w: npt.ArrayLike, b: npt.ArrayLike, *, start: float = START, n_steps: int = STEPS) -> np.ndarray:
    """All states h_0 to h_T of the unit, array (T + 1,) + S."""
    w, b = np.broadcast_arrays(np.asarray(w, dtype=float), np.asarray(b, dtype=float))
    h = np.empty((n_steps + 1, *w.shape))
    h[0] = start
    for t in range(n_steps):
        h[t + 1] = logistic(w * h[t] + b)
    return h


def loss(w: npt.ArrayLike, b: npt.ArrayLike, *, start: float = START, n_steps: int = STEPS) -> np.ndarray:
    """Squared distance of the last state from 0.65, array of shape S."""
    return (states(w, b, start=start, n_steps=n_steps)[-1] - TARGET) ** 2


def gradient(w: npt.ArrayLike, b: npt.ArrayLike, *, start: float = START, n_steps: int = STEPS) -> np.ndarray:
    """Gradient of :func:`loss` by (w, b), array S + (2,), carried forward along with the state."""
    w, b = np.broadcast_arrays(np.asarray(w, dtype=float), np.asarray(b, dtype=float))
    h, by_w, by_b = np.full(w.shape, start), np.zeros(w.shape), np.zeros(w.shape)
    for _ in range(n_steps):
        after = logistic(w * h + b)
        slope = after * (1 - after)
        by_w, by_b, h = slope * (h + w * by_w), slope * (1 + w * by_b), after
    return 2 * (h - TARGET)[..., None] * np.stack([by_w, by_b], axis=-1)


def saddle_node(w: npt.ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    r"""The two biases between which the map :math:`h \mapsto \sigma(wh + b)` has two stable fixed points.

    A fixed point is born or dies where the curve touches the diagonal: :math:`h = \sigma(wh + b)` and
    :math:`1 = w h (1 - h)`. Hence

    .. math:: h_\pm = \tfrac12 \bigl(1 \pm \sqrt{1 - 4/w}\bigr), \qquad b_\pm = \ln \frac{h_\pm}{1 - h_\pm} - w h_\pm

    Parameters
    ----------
    w : array of shape S, at least 4; below 4 the slope never reaches 1 and there is one fixed point

    Returns
    -------
    (b_plus, b_minus), arrays of shape S: below ``b_plus`` only the low state is left, above ``b_minus`` only the high one

    Raises
    ------
    ValueError
        When a weight is below 4.

    Examples
    --------
    >>> [float(edge.round(4)) for edge in saddle_node(5.0)]
    [-2.6556, -2.3444]
    """
    w = np.asarray(w, dtype=float)
    if (w < 4).any():
        raise ValueError(f"w is {w.min():g}; below 4 the map has a single fixed point for every b")
    half = np.sqrt(1 - 4 / w) / 2
    plus, minus = (np.log(h / (1 - h)) - w * h for h in (0.5 + half, 0.5 - half))
    return plus, minus


def edge(w: npt.ArrayLike, *, start: float = START) -> np.ndarray:
    r"""The bias at which the unit, starting at ``start``, tips from the low to the high state for :math:`T \to \infty`.

    For a start below the tangent point :math:`h_-` the low state has to disappear first: the saddle-node bias :math:`b_-`. For a
    start between :math:`h_-` and :math:`h_+` it suffices that the *unstable* fixed point lies below it, which it does from
    :math:`b = \ln\frac{h_0}{1 - h_0} - w h_0` on. Above :math:`h_+` it is :math:`b_+`.

    Parameters
    ----------
    w : array of shape S, at least 4
    start : float in (0, 1)

    Returns
    -------
    array of shape S

    Examples
    --------
    >>> edge([4.5, 5.0]).round(4)
    array([-2.1931, -2.3473])
    """
    w = np.asarray(w, dtype=float)
    plus, minus = saddle_node(w)
    half = np.sqrt(1 - 4 / w) / 2
    through_start = np.log(start / (1 - start)) - w * start
    return np.where(start < 0.5 - half, minus, np.where(start > 0.5 + half, plus, through_start))


def descend(
    at: npt.ArrayLike,
    *,
    learning_rate: float,
    n_steps: int,
    clip: Callable[[np.ndarray], np.ndarray] | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Gradient descent on the surface, with every gradient passed through ``clip`` first.

    Parameters
    ----------
    at : array S + (2,), the starting (w, b), or several that run beside one another
    learning_rate : float
    n_steps : int
    clip : callable, array S + (2,) to array S + (2,), optional

    Returns
    -------
    (path, losses) : arrays (n_steps + 1,) + S + (2,) and (n_steps + 1,) + S

    Examples
    --------
    >>> path, losses = descend([5.0, -2.0], learning_rate=0.2, n_steps=3)
    >>> path.shape, bool(losses[-1] < losses[0])
    ((4, 2), True)
    """
    path = [np.asarray(at, dtype=float)]
    for _ in range(n_steps):
        step = gradient(path[-1][..., 0], path[-1][..., 1])
        path.append(path[-1] - learning_rate * (step if clip is None else clip(step)))
    path_array = np.stack(path)
    return path_array, loss(path_array[..., 0], path_array[..., 1])
