r"""The McCulloch-Pitts neuron, the logic gates it can compute by hand, and the one it cannot.

A neuron adds its weighted inputs and fires when the sum reaches a threshold. The threshold becomes an ordinary
weight when a *dummy node* (哑结点) with the constant input -1 joins the inputs: :math:`w^\top x - \theta`.

Shapes: B examples in a batch, D inputs, H neurons in a layer.

References
----------
McCulloch and Pitts (1943), A logical calculus of the ideas immanent in nervous activity, Bulletin of Mathematical
Biophysics 5, 115-133, https://doi.org/10.1007/BF02478259.
Zhou (2016), Machine Learning (in Chinese), section 5.1-5.2, equations 5.1-5.2, figures 5.1-5.5.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt


class Neuron(NamedTuple):
    """Weights and threshold of one McCulloch-Pitts neuron.

    Attributes
    ----------
    weights : tuple of D floats
    threshold : float

    Examples
    --------
    >>> majority = Neuron((1.0, 1.0, 1.0), threshold=2.0)
    >>> fire([[0, 1, 1], [0, 0, 1]], *majority)
    array([1., 0.])
    """

    weights: tuple[float, ...]
    threshold: float


AND = Neuron((1.0, 1.0), 2.0)
OR = Neuron((1.0, 1.0), 0.5)
NOT = Neuron((-0.6,), -0.5)

# Zhou (2016), figure 5.5: each hidden neuron finds one of the two rows with different inputs, the last one is OR.
XOR_HIDDEN = (Neuron((1.0, -1.0), 0.5), Neuron((-1.0, 1.0), 0.5))
XOR_OUTPUT = Neuron((1.0, 1.0), 0.5)


def step(x: npt.ArrayLike) -> np.ndarray:
    r"""Step function (阶跃函数): 1 where x is at least 0, else 0.

    .. math:: \varepsilon(x) = [x \ge 0]

    Parameters
    ----------
    x : array, any shape

    Returns
    -------
    array of the same shape, entries 0.0 or 1.0

    Examples
    --------
    >>> step([-0.1, 0.0, 3.0])
    array([0., 1., 1.])
    """
    return np.greater_equal(x, 0).astype(np.float64)


def fire(X: npt.ArrayLike, weights: npt.ArrayLike, threshold: npt.ArrayLike) -> np.ndarray:
    r"""Output of McCulloch-Pitts neurons, all of one layer at once.

    .. math:: y = \varepsilon\Big(\sum_i w_i x_i - \theta\Big)

    Parameters
    ----------
    X : array (B, D)
    weights : array (D,) for one neuron or (D, H) for a layer
    threshold : float for one neuron or array (H,) for a layer

    Returns
    -------
    array (B,) or (B, H), entries 0.0 or 1.0

    Raises
    ------
    ValueError
        When X has another number of columns than the neuron has weights.

    References
    ----------
    Zhou (2016), figure 5.1.

    Examples
    --------
    >>> fire([[0, 0], [0, 1], [1, 0], [1, 1]], *AND)
    array([0., 0., 0., 1.])
    """
    X, weights = np.atleast_2d(np.asarray(X, dtype=np.float64)), np.asarray(weights, dtype=np.float64)
    if X.shape[1] != len(weights):
        raise ValueError(f"X has {X.shape[1]} columns, but the neuron has {len(weights)} weights")
    return step(X @ weights - np.asarray(threshold, dtype=np.float64))


def truth_table(n_inputs: int) -> np.ndarray:
    """All rows of a truth table, counting upwards in binary.

    Parameters
    ----------
    n_inputs : int >= 1

    Returns
    -------
    array (2**n_inputs, n_inputs), entries 0.0 or 1.0

    Examples
    --------
    >>> truth_table(2)
    array([[0., 0.],
           [0., 1.],
           [1., 0.],
           [1., 1.]])
    """
    numbers = np.arange(2**n_inputs)[:, None]
    return (numbers >> np.arange(n_inputs)[::-1] & 1).astype(np.float64)


def append_dummy(X: npt.ArrayLike, value: float = -1.0) -> np.ndarray:
    r"""X with one more column that is constant, so that the threshold becomes one more weight.

    .. math:: w^\top x - \theta = (w, \theta)^\top (x, -1)

    Parameters
    ----------
    X : array (B, D)
    value : float, the constant; -1 makes the last weight a threshold, +1 makes it a bias

    Returns
    -------
    array (B, D + 1)

    Examples
    --------
    >>> append_dummy([[2.0, 3.0]])
    array([[ 2.,  3., -1.]])
    """
    X = np.asarray(X, dtype=np.float64)
    return np.column_stack([X, np.full(len(X), value)])


def learning_rule(w: npt.ArrayLike, x: npt.ArrayLike, y: float, *, learning_rate: float = 1.0) -> np.ndarray:
    r"""Weights of a threshold neuron after it has seen one labelled example.

    .. math:: w_i \leftarrow w_i + \eta\,(y - \hat y)\,x_i, \qquad \hat y = \varepsilon(w^\top x)

    Parameters
    ----------
    w : array (D + 1,), the last entry is the threshold
    x : array (D + 1,), the last entry is the dummy input -1
    y : 0 or 1, the wanted output
    learning_rate : float > 0

    Returns
    -------
    array (D + 1,), equal to w where the neuron was right

    References
    ----------
    Zhou (2016), equations 5.1-5.2.

    Examples
    --------
    >>> learning_rule([0.0, 0.0, 0.0], [0.0, 1.0, -1.0], 0)  # fires, but should not
    array([ 0., -1.,  1.])
    """
    w, x = np.asarray(w, dtype=np.float64), np.asarray(x, dtype=np.float64)
    return w + learning_rate * (y - step(w @ x)) * x


def learn(
    X: npt.ArrayLike, y: npt.ArrayLike, *, learning_rate: float = 1.0, max_epochs: int = 100
) -> tuple[np.ndarray, int]:
    """Weights after every presented example, until an epoch passes without a change.

    Parameters
    ----------
    X : array (B, D), inputs without the dummy node
    y : array (B,), entries 0 or 1
    learning_rate : float > 0
    max_epochs : int, the most passes over the data

    Returns
    -------
    path : array (1 + B * epochs, D + 1), weights and threshold, starting from zero
    epochs : int, passes made; smaller than ``max_epochs`` means that the last pass was free of mistakes

    Examples
    --------
    >>> path, epochs = learn(truth_table(2), [0, 0, 0, 1])
    >>> fire(truth_table(2), path[-1, :2], path[-1, 2])
    array([0., 0., 0., 1.])
    """
    inputs = append_dummy(X)
    path = [np.zeros(inputs.shape[1])]
    for _ in range(max_epochs):
        before = path[-1]
        for x, target in zip(inputs, np.asarray(y, dtype=np.float64)):
            path.append(learning_rule(path[-1], x, target, learning_rate=learning_rate))
        if all((w == before).all() for w in path[-len(inputs) :]):
            break
    return np.array(path), (len(path) - 1) // len(inputs)


def two_layer_xor(X: npt.ArrayLike) -> np.ndarray:
    r"""Exclusive or of two inputs by three threshold neurons in two layers.

    .. math:: h_1 = \varepsilon(x_1 - x_2 - 0.5),\quad h_2 = \varepsilon(x_2 - x_1 - 0.5),\quad
        y = \varepsilon(h_1 + h_2 - 0.5)

    Parameters
    ----------
    X : array (B, 2), entries 0 or 1

    Returns
    -------
    array (B,), entries 0.0 or 1.0

    References
    ----------
    Zhou (2016), figure 5.5.

    Examples
    --------
    >>> two_layer_xor(truth_table(2))
    array([0., 1., 1., 0.])
    """
    hidden = np.column_stack([fire(X, *neuron) for neuron in XOR_HIDDEN])
    return fire(hidden, *XOR_OUTPUT)
