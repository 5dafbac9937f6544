"""Values at scattered points of a solution that is given on grids.

Shapes: M points with columns x and t, X and T different values of them.
"""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

__all__ = ["at_points"]

_LARGEST = 4_000_000


def at_points(solution: Callable[[np.ndarray, np.ndarray], np.ndarray], points: npt.ArrayLike) -> np.ndarray:
    """Evaluate a solution at points by asking for the grid of all their x and t.

    Parameters
    ----------
    solution : function of x (X,) and t (T,), returning an array (X, T)
    points : array (M, 2), columns x and t

    Returns
    -------
    array (M,)

    Raises
    ------
    ValueError
        When the shape is another, or the grid would have more than four million points: take fewer points, or points of a grid.

    Examples
    --------
    >>> at_points(lambda x, t: np.add.outer(x, 10 * t), [[1.0, 2.0], [3.0, 4.0]])
    array([21., 43.])
    """
    places = np.asarray(points, dtype=float)
    if places.ndim != 2 or places.shape[1] != 2:
        raise ValueError(f"points has shape {places.shape}; expected (M, 2): x and t")
    x, row = np.unique(places[:, 0], return_inverse=True)
    t, column = np.unique(places[:, 1], return_inverse=True)
    if len(x) * len(t) > _LARGEST:
        raise ValueError(
            f"the {len(places)} points have {len(x)} different x and {len(t)} different t, a grid of {len(x) * len(t)}; "
            f"expected at most {_LARGEST}"
        )
    return solution(x, t)[row, column]
