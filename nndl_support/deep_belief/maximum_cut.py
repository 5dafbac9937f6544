r"""The maximum cut of a graph (最大割) as the energy of a Hopfield network: its weights are not learnt, they are the problem.

Divide the vertices into two camps so that the edges between the camps weigh as much as possible. Camps are states -1 and 1, and
with :math:`W = -A` the cut is

.. math:: \operatorname{cut}(s) = \frac14 \sum_{i,j} a_{ij} (1 - s_i s_j) = \frac14 \sum_{i,j} a_{ij} - \frac12 E(s)

so a fixed point of the network is a division that no single vertex can improve by changing camps.

Shapes: N vertices, B divisions.

References
----------
Karp (1972), Reducibility among combinatorial problems (maximum cut is NP-complete), https://doi.org/10.1007/978-1-4684-2001-2_9.
"""

import numpy as np
import numpy.typing as npt

from nndl_support.deep_belief.hopfield_states import spin_states
from nndl_support.deep_belief.hopfield_storage import check_patterns

__all__ = ["cut_values", "cut_weights", "largest_cut", "random_graph"]


def random_graph(n_vertices: int, rng: np.random.Generator, *, density: float = 0.5) -> np.ndarray:
    """A graph in which each pair is joined with a probability, by an edge that weighs 1 to 9.

    Parameters
    ----------
    n_vertices : int
    rng : numpy.random.Generator
    density : float in [0, 1]

    Returns
    -------
    array (N, N), symmetric, zero where there is no edge

    Examples
    --------
    >>> A = random_graph(4, np.random.default_rng(0), density=1.0)
    >>> bool((A == A.T).all()), bool((A[np.triu_indices(4, 1)] >= 1).all())
    (True, True)
    """
    edges = rng.integers(1, 10, (n_vertices, n_vertices)) * (rng.random((n_vertices, n_vertices)) < density)
    upper = np.triu(edges, 1).astype(float)
    return upper + upper.T


def cut_weights(adjacency: npt.ArrayLike) -> np.ndarray:
    """Weights of the network whose energy is lowest at the largest cut.

    Parameters
    ----------
    adjacency : array (N, N), symmetric, with a zero diagonal

    Returns
    -------
    array (N, N), the adjacency with the other sign

    Raises
    ------
    ValueError
        When the matrix is not square, not symmetric, or joins a vertex with itself.

    Examples
    --------
    >>> cut_weights([[0, 2], [2, 0]])
    array([[-0., -2.],
           [-2., -0.]])
    """
    return -_graph(adjacency)


def cut_values(adjacency: npt.ArrayLike, states: npt.ArrayLike) -> np.ndarray:
    """Weight of the edges between the two camps of each division.

    Parameters
    ----------
    adjacency : array (N, N), symmetric, with a zero diagonal
    states : array (B, N), the camps, -1 or 1

    Returns
    -------
    array (B,)

    Raises
    ------
    ValueError
        As for :func:`cut_weights`, and when a state is not -1 or 1.

    Examples
    --------
    >>> cut_values([[0, 2, 1], [2, 0, 0], [1, 0, 0]], [[1, -1, -1], [1, 1, -1]])
    array([3., 1.])
    """
    A = _graph(adjacency)
    S = check_patterns(states, len(A))
    return (A.sum() - np.einsum("bi,bi->b", S @ A, S)) / 4.0


def largest_cut(adjacency: npt.ArrayLike) -> tuple[float, np.ndarray]:
    """The maximum cut, by trying every division.

    Parameters
    ----------
    adjacency : array (N, N), N at most 18

    Returns
    -------
    tuple of a float, the weight of the cut, and an array (N,), a division that has it

    Examples
    --------
    >>> largest_cut([[0, 2, 1], [2, 0, 0], [1, 0, 0]])
    (3.0, array([-1.,  1.,  1.]))
    """
    states = spin_states(len(_graph(adjacency)))
    values = cut_values(adjacency, states)
    return float(values.max()), states[values.argmax()]


def _graph(adjacency: npt.ArrayLike) -> np.ndarray:
    A = np.asarray(adjacency, dtype=float)
    if A.ndim != 2 or A.shape[0] != A.shape[1]:
        raise ValueError(f"an adjacency matrix of shape {A.shape}: expected (N, N)")
    if not np.isfinite(A).all() or (A != A.T).any() or np.diag(A).any():
        raise ValueError("an adjacency matrix must be finite and symmetric, with zeros on its diagonal")
    return A
