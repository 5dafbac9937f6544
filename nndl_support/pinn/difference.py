"""A region with a part taken out: a plate with a round hole, a channel around a cylinder.

Shapes: N points, d coordinates.
"""

import numpy as np
import numpy.typing as npt

from nndl_support.pinn.domain import Boundary, Shape
from nndl_support.pinn.point_sets import split_by_measure

# On how many places the extent of overlapping shapes is estimated, and which places along their boundaries are compared.
_PLACES = 2**16
_ALONG = 2**12


class Difference(Shape):
    r"""The points of one region that are not inside another.

    Its boundary is what remains of the outer boundary, and as much of the hole's boundary as lies inside the outer region, where
    the normal points into the hole.

    Parameters
    ----------
    outer, hole : Interval, Rectangle, Disk, Polygon or Difference, of the same dimension
        The coordinates are called as in ``outer``.

    Attributes
    ----------
    outer, hole
    names, dimension, bounds
        As in :class:`.Domain`; the bounds are those of ``outer``.
    measure, boundary_measure : float
        Exact when the hole lies in the interior of the outer region. A hole that touches the boundary leaves ``measure`` exact;
        one that crosses it does not. What remains is then counted on 65536 fixed Sobol points, and on 4096 places along
        each boundary, which errs by about a thousandth.

    Raises
    ------
    ValueError
        When the dimensions differ, or when nothing remains.
    TypeError
        When one of the two is no region of space.

    Notes
    -----
    Where the two boundaries run along each other, points on the common piece count as contained, although it bounds nothing that
    remains; ``sample_boundary`` leaves it out. A region with such a notch is better written as a Polygon.
    ``signed_distance`` is the greater of the distance to the outer region and that from the hole: its sign is exact, its absolute
    value at most the distance to the boundary. Several holes: a difference of a difference.

    Examples
    --------
    >>> from nndl_support.pinn.box import Rectangle
    >>> from nndl_support.pinn.disk import Disk
    >>> plate = Difference(Rectangle([0, 0], [4, 2]), Disk([1, 1], 0.5))
    >>> round(8 - plate.measure, 6), plate.contains([[1, 1], [3, 1]])
    (0.785398, array([False,  True]))
    """

    def __init__(self, outer: Shape, hole: Shape) -> None:
        for name, shape in (("outer", outer), ("hole", hole)):
            if not isinstance(shape, Shape):
                raise TypeError(f"Difference: {name} must be a region such as Rectangle or Disk, but is {shape!r}")
        if outer.dimension != hole.dimension:
            raise ValueError(
                f"Difference: outer has {outer.dimension} dimensions, but hole has {hole.dimension}; they must agree"
            )
        super().__init__(*outer.bounds, outer.names)
        self.outer, self.hole = outer, hole
        whole = np.array([outer.boundary_measure, hole.boundary_measure])
        on_outer, on_hole = outer._boundary_grid(_ALONG)[0], hole._boundary_grid(_ALONG)[0]
        if outer.contains(on_hole).all() and not hole.contains(on_outer, tolerance=-1e-9).any():
            self.measure = outer.measure - hole.measure
        else:
            places = outer.sample(_PLACES, rng=np.random.default_rng(0))
            self.measure = outer.measure * float(np.mean(hole.signed_distance(places) > 0))
        remains = [np.mean(self._remains_of_outer(on_outer)), np.mean(self._remains_of_hole(on_hole))]
        self.boundary_measure = float(whole @ remains)
        if self.measure <= 0:
            raise ValueError(
                f"Difference: nothing of outer remains, because the hole with bounds {_listed(hole)} covers it"
            )

    def signed_distance(self, points: npt.ArrayLike) -> np.ndarray:
        """Distance to the outer region or that from the hole, the greater, array (N,): negative inside, positive outside."""
        x = self._checked(points)
        return np.maximum(self.outer.signed_distance(x), -self.hole.signed_distance(x))

    def _remains_of_outer(self, points: np.ndarray) -> np.ndarray:
        return ~self.hole.contains(points)

    def _remains_of_hole(self, points: np.ndarray) -> np.ndarray:
        return self.outer.contains(points) & ~self.outer.on_boundary(points)

    def _boundary(self, u: np.ndarray) -> Boundary:
        whole = np.array([self.outer.boundary_measure, self.hole.boundary_measure])
        part, within = split_by_measure(u[:, 0], whole)
        inward = part == 1
        v = np.column_stack([within, u[:, 1:]])
        points, normals, kept = np.empty((len(u), self.dimension)), np.empty((len(u), self.dimension)), inward.copy()
        for shape, here in ((self.outer, ~inward), (self.hole, inward)):
            points[here], normals[here], kept[here] = shape._boundary(v[here])
        normals[inward] *= -1
        kept[~inward] &= self._remains_of_outer(points[~inward])
        kept[inward] &= self._remains_of_hole(points[inward])
        return points, normals, kept

    def _boundary_grid(self, n: int) -> tuple[np.ndarray, np.ndarray]:
        while True:
            # As dense along both boundaries, so that n remain.
            each = [
                shape._boundary_grid(max(1, round(n * shape.boundary_measure / self.boundary_measure)))
                for shape in (self.outer, self.hole)
            ]
            kept = [self._remains_of_outer(each[0][0]), self._remains_of_hole(each[1][0])]
            points = np.concatenate([pair[0][keep] for pair, keep in zip(each, kept)])
            if len(points):
                return points, np.concatenate([each[0][1][kept[0]], -each[1][1][kept[1]]])
            n *= 2


def _listed(shape: Shape) -> list[list[float]]:
    return [end.tolist() for end in shape.bounds]
