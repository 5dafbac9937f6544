r"""Maximum cut (最大割): divide the nodes of a graph in two so that the edges between the parts weigh as much as possible.

A binary unit per node says on which side it is. The cut is then minus the energy of a Boltzmann machine:

.. math::

    \mathrm{cut}(x) = \sum_{i<j} a_{ij} (x_i + x_j - 2 x_i x_j) = -E(x), \qquad
    w_{ij} = -2 a_{ij}, \quad b_i = \sum_j a_{ij}

Finding the maximum is NP-hard in general. Two ways to know it here: enumeration, and, for a grid, dynamic programming row
by row.

Shapes: N nodes; a grid has R rows and C columns, nodes counted row by row.

References
----------
Barahona (1982), On the computational complexity of Ising spin glass models, Journal of Physics A 15(10), 3241-3253,
https://doi.org/10.1088/0305-4470/15/10/028 (planar graphs are easy).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from nndl_support.deep_belief.boltzmann_distribution import all_states
from nndl_support.deep_belief.boltzmann_energy import check_states

__all__ = ["cut_network", "cut_value", "grid_graph", "grid_maximum_cut", "maximum_cut", "random_graph", "spin_network"]


def cut_network(A: npt.ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """Weights and biases of the Boltzmann machine whose energy is minus the cut.

    Parameters
    ----------
    A : array (N, N), weights of the edges, symmetric with zero diagonal, of either sign

    Returns
    -------
    (array (N, N), array (N,))

    Raises
    ------
    ValueError
        When A is not square, not symmetric or has a loop.

    Examples
    --------
    >>> cut_network([[0, 1], [1, 0]])
    (array([[ 0., -2.],
           [-2.,  0.]]), array([1., 1.]))
    """
    graph = _check_graph(A)
    return 0.0 - 2.0 * graph, graph.sum(axis=1)


def spin_network(A: npt.ArrayLike) -> np.ndarray:
    r"""Weights of the Hopfield network, with states -1 and 1, whose energy is lowest at the largest cut.

    .. math:: \operatorname{cut}(s) = \tfrac14 \sum_{i,j} a_{ij} - \tfrac12 E(s), \qquad W = -A

    Parameters
    ----------
    A : array (N, N), symmetric with zero diagonal

    Returns
    -------
    array (N, N)

    Raises
    ------
    ValueError
        When A is no graph.

    Examples
    --------
    >>> spin_network([[0, 2], [2, 0]]) + 0.0
    array([[ 0., -2.],
           [-2.,  0.]])
    """
    return -_check_graph(A)


def cut_value(A: npt.ArrayLike, x: npt.ArrayLike) -> np.ndarray:
    """Weight of the edges whose ends lie on different sides.

    Parameters
    ----------
    A : array (N, N), symmetric with zero diagonal
    x : array (..., N), entries 0 or 1

    Returns
    -------
    array (...)

    Raises
    ------
    ValueError
        When A is no graph or x does not fit.

    Examples
    --------
    >>> triangle = [[0, 1, 1], [1, 0, 1], [1, 1, 0]]
    >>> cut_value(triangle, [[0, 0, 0], [0, 0, 1]])
    array([0., 2.])
    """
    graph = _check_graph(A)
    side = check_states(x, len(graph), of="nodes")
    return np.sum(side @ graph * (1.0 - side), axis=-1)


def maximum_cut(A: npt.ArrayLike) -> tuple[float, np.ndarray]:
    """The maximum cut by enumeration.

    Parameters
    ----------
    A : array (N, N), symmetric with zero diagonal, N at most 20

    Returns
    -------
    (float, array (N,)), the value and one best division, in which the first node is on side 0

    Raises
    ------
    ValueError
        When A is no graph or has too many nodes.

    Examples
    --------
    >>> maximum_cut([[0, 1, 1], [1, 0, 1], [1, 1, 0]])
    (2.0, array([0., 0., 1.]))
    """
    graph = _check_graph(A)
    # Swapping the sides changes nothing, so the first node may stay on side 0.
    states = all_states(len(graph))[: 2 ** (len(graph) - 1)]
    values = np.sum(states @ graph * (1.0 - states), axis=1)
    return float(values.max()), states[values.argmax()]


def random_graph(n: int, density: float, rng: np.random.Generator, *, heaviest: int = 1) -> np.ndarray:
    """A graph in which every pair is an edge with the same probability, of a whole weight from 1 to ``heaviest``.

    Parameters
    ----------
    n : int >= 1
    density : float in [0, 1]
    rng : numpy.random.Generator
    heaviest : int >= 1

    Returns
    -------
    array (N, N)

    Raises
    ------
    ValueError
        When ``heaviest`` is below 1.

    Examples
    --------
    >>> random_graph(3, 1.0, np.random.default_rng(0))
    array([[0., 1., 1.],
           [1., 0., 1.],
           [1., 1., 0.]])
    """
    if heaviest < 1:
        raise ValueError(f"the heaviest edge must weigh at least 1, got {heaviest}")
    weights = rng.integers(1, heaviest + 1, (n, n)) if heaviest > 1 else 1
    upper = np.triu(weights * (rng.random((n, n)) < density).astype(float), 1)
    return upper + upper.T


def grid_graph(horizontal: npt.ArrayLike, vertical: npt.ArrayLike) -> np.ndarray:
    """The graph of a grid with given weights.

    Parameters
    ----------
    horizontal : array (R, C - 1), weights of the edges within rows
    vertical : array (R - 1, C), weights of the edges between rows

    Returns
    -------
    array (R C, R C)

    Raises
    ------
    ValueError
        When the shapes do not belong to one grid.

    Examples
    --------
    >>> grid_graph([[5.0], [6.0]], [[7.0, 8.0]])
    array([[0., 5., 7., 0.],
           [5., 0., 0., 8.],
           [7., 0., 0., 6.],
           [0., 8., 6., 0.]])
    """
    across, down = _check_grid(horizontal, vertical)
    rows, columns = len(across), down.shape[1]
    node = np.arange(rows * columns).reshape(rows, columns)
    A = np.zeros((rows * columns, rows * columns))
    A[node[:, :-1], node[:, 1:]] = across
    A[node[:-1], node[1:]] = down
    return A + A.T


def grid_maximum_cut(horizontal: npt.ArrayLike, vertical: npt.ArrayLike) -> float:
    """The maximum cut of a grid by dynamic programming over the states of a row (the max-plus transfer matrix).

    Parameters
    ----------
    horizontal : array (R, C - 1), C at most 10
    vertical : array (R - 1, C)

    Returns
    -------
    float

    Raises
    ------
    ValueError
        When the shapes do not belong to one grid or a row is too long.

    Examples
    --------
    >>> grid_maximum_cut([[1.0], [1.0]], [[1.0, -1.0]])  # a square with one edge that should not be cut
    2.0
    """
    across, down = _check_grid(horizontal, vertical)
    columns = down.shape[1]
    if columns > 10:
        raise ValueError(f"a row of {columns} nodes has {2**columns:,} states; at most 10 columns")
    row = all_states(columns)
    differs = row[:, :-1] != row[:, 1:]
    between = (row[:, None] != row[None]).astype(float)  # (2^C, 2^C, C)
    best = differs @ across[0]
    for inside, link in zip(across[1:], down):
        best = (best[:, None] + between @ link).max(axis=0) + differs @ inside
    return float(best.max())


def _check_graph(A: npt.ArrayLike) -> np.ndarray:
    graph = np.asarray(A, dtype=float)
    if graph.ndim != 2 or graph.shape[0] != graph.shape[1]:
        raise ValueError(f"A has shape {graph.shape}, expected (N, N)")
    if not np.array_equal(graph, graph.T) or np.any(np.diag(graph)):
        raise ValueError("A must be symmetric with zeros on its diagonal: undirected edges, no loops")
    return graph


def _check_grid(horizontal: npt.ArrayLike, vertical: npt.ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    across, down = np.asarray(horizontal, dtype=float), np.asarray(vertical, dtype=float)
    if across.ndim != 2 or down.shape != (len(across) - 1, across.shape[1] + 1):
        raise ValueError(
            f"horizontal has shape {across.shape} and vertical {down.shape}; expected (R, C - 1) and (R - 1, C)"
        )
    return across, down
