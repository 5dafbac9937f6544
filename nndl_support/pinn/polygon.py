r"""Simple polygons: one closed chain of edges that does not meet itself.

Shapes: N points, V vertices and as many edges; edge i leads from vertex i to vertex i + 1, the last one back to vertex 0.

References
----------
O'Rourke (1998), Computational Geometry in C, 2nd edition, Cambridge University Press, https://doi.org/10.1017/CBO9780511804120:
sections 1.3 (area), 1.5 (crossing of segments) and 7.4 (point in polygon).
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from nndl_support.pinn.domain import Boundary, Shape
from nndl_support.pinn.point_sets import split_by_measure


class Polygon(Shape):
    r"""The inside of a simple polygon, convex or not.

    .. math:: |\Omega| = \tfrac12 \sum_i (x_i y_{i+1} - x_{i+1} y_i)

    Parameters
    ----------
    vertices : array (V, 2)
        In the order of the boundary, in either sense, the first not repeated at the end.
    names : sequence of 2 str

    Attributes
    ----------
    vertices : array (V, 2), anticlockwise
    names, dimension, bounds, measure, boundary_measure
        As in :class:`.Domain`.

    Raises
    ------
    ValueError
        For fewer than three vertices, a vertex given twice in a row, edges that meet elsewhere than at their common vertex.

    Examples
    --------
    >>> step = Polygon([[0, 0], [2, 0], [2, 1], [1, 1], [1, 2], [0, 2]])
    >>> step.measure, step.boundary_measure
    (3.0, 8.0)
    >>> step.contains([[0.5, 1.5], [1.5, 1.5]])
    array([ True, False])
    """

    def __init__(self, vertices: npt.ArrayLike, *, names: Sequence[str] = ("x", "y")) -> None:
        corners = np.array(vertices, dtype=float)
        if corners.ndim != 2 or corners.shape[1] != 2:
            raise ValueError(f"Polygon: vertices has shape {corners.shape}; expected (V, 2)")
        if len(corners) < 3:
            raise ValueError(f"Polygon: vertices has {len(corners)} rows, but a polygon has at least 3")
        if not np.isfinite(corners).all():
            raise ValueError("Polygon: vertices has entries that are NaN or infinite")
        _refuse_meeting_edges(corners)
        # Seen from vertex 0, so that a polygon far from the origin loses no digits.
        seen = corners - corners[0]
        area = float(_cross(seen, np.roll(seen, -1, axis=0)).sum() / 2)
        if area < 0:
            corners = corners[::-1].copy()
        super().__init__(corners.min(axis=0), corners.max(axis=0), names)
        corners.flags.writeable = False
        self.vertices = corners
        self.measure = abs(area)
        self._edges = np.roll(corners, -1, axis=0) - corners
        self._pieces = np.hypot(self._edges[:, 0], self._edges[:, 1])
        self.boundary_measure = float(self._pieces.sum())

    def signed_distance(self, points: npt.ArrayLike) -> np.ndarray:
        """Distance to the nearest edge, array (N,): negative inside, positive outside."""
        x = self._checked(points)
        nearest, inside = np.full(len(x), np.inf), np.zeros(len(x), dtype=bool)
        for start, edge in zip(self.vertices, self._edges):
            offset = x - start
            along = np.clip(offset @ edge / (edge @ edge), 0, 1)
            rest = offset - along[:, None] * edge
            nearest = np.minimum(nearest, np.hypot(rest[:, 0], rest[:, 1]))
            # A ray to the right crosses this edge: it leaves the polygon, or enters it again.
            straddles = (offset[:, 1] >= 0) != (offset[:, 1] >= edge[1])
            left_of_edge = _cross(edge, offset) > 0
            inside ^= straddles & (left_of_edge == (edge[1] > 0))
        return np.where(inside, -nearest, nearest)

    def _boundary(self, u: np.ndarray) -> Boundary:
        edge, within = split_by_measure(u[:, 0], self._pieces)
        # Anticlockwise, the outside lies to the right of every edge.
        outward = np.column_stack([self._edges[:, 1], -self._edges[:, 0]]) / self._pieces[:, None]
        points = self.vertices[edge] + within[:, None] * self._edges[edge]
        return points, outward[edge], np.ones(len(u), dtype=bool)


def _cross(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Twice the signed area of the triangle that two vectors span, positive when b lies to the left of a."""
    return np.asarray(a[..., 0] * b[..., 1] - a[..., 1] * b[..., 0])


def _refuse_meeting_edges(vertices: np.ndarray) -> None:
    """Raise unless edges meet at common vertices only; closed segments are compared pair by pair."""
    n = len(vertices)
    following = np.roll(vertices, -1, axis=0)
    repeated = np.flatnonzero((vertices == following).all(axis=1))
    if len(repeated):
        i = int(repeated[0])
        raise ValueError(f"Polygon: vertices {i} and {(i + 1) % n} are the same point {vertices[i].tolist()}")
    # side[i, j] and side_after[i, j]: where vertices j and j + 1 lie, seen along edge i.
    edges = following - vertices
    side = np.sign(_cross(edges[:, None], vertices[None] - vertices[:, None]))
    side_after = np.roll(side, -1, axis=1)
    split = side * side_after <= 0
    low, high = np.minimum(vertices, following), np.maximum(vertices, following)
    boxes_meet = ((low[:, None] <= high[None]) & (low[None] <= high[:, None])).all(axis=2)
    meet = split & split.T & boxes_meet
    # Neighbours do meet, at their vertex; what they must not do is turn back on themselves.
    index = np.arange(n)
    after = (index + 1) % n
    back = (side_after[index, after] == 0) & ((edges * edges[after]).sum(axis=1) < 0)
    meet[index, index] = False
    meet[index, after] = meet[after, index] = back
    if meet.any():
        first, second = (int(i) for i in np.argwhere(meet)[0])
        raise ValueError(
            f"Polygon: edges {first} and {second} meet, but a simple polygon does not touch itself; "
            f"edge {first} starts at {vertices[first].tolist()}, edge {second} at {vertices[second].tolist()}"
        )
