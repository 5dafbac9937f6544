"""Places, times and points as the reference solutions want them, checked where they enter.

Shapes: X places, T times, N points of d coordinates.
"""

import numpy as np
import numpy.typing as npt

__all__ = ["checked_grid", "checked_points"]


def checked_grid(x: npt.ArrayLike, t: npt.ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """Places and times as float arrays of one axis.

    Parameters
    ----------
    x : array (X,)
    t : array (T,), none negative

    Returns
    -------
    tuple of an array (X,) and an array (T,)

    Examples
    --------
    >>> checked_grid([0, 1], [2])
    (array([0., 1.]), array([2.]))
    """
    places, times = np.asarray(x, dtype=float), np.asarray(t, dtype=float)
    if places.ndim != 1 or times.ndim != 1:
        raise ValueError(f"x and t have the shapes {places.shape} and {times.shape}; expected (X,) and (T,)")
    if times.size and times.min() < 0:
        raise ValueError(f"t goes down to {times.min()}; the solution starts at t = 0")
    return places, times


def checked_points(points: npt.ArrayLike, coordinates: str) -> np.ndarray:
    """Columns of points, one array for each coordinate.

    Parameters
    ----------
    points : array (N, d)
    coordinates : str, their names, one letter each

    Returns
    -------
    array (d, N)

    Examples
    --------
    >>> checked_points([[1, 2], [3, 4], [5, 6]], "xy")
    array([[1., 3., 5.],
           [2., 4., 6.]])
    """
    rows = np.asarray(points, dtype=float)
    if rows.ndim != 2 or rows.shape[1] != len(coordinates):
        raise ValueError(
            f"points has the shape {rows.shape}; expected (N, {len(coordinates)}), the columns {', '.join(coordinates)}"
        )
    return rows.T
