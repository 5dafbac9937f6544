r"""Hartmann's function of six coordinates, on which searches are compared.

Shapes: M points.

References
----------
Dixon and Szego (1978), The global optimization problem: an introduction, in: Towards Global Optimization 2, 1-15 (the constants).
"""

import numpy as np
import numpy.typing as npt

__all__ = ["MINIMUM", "hartmann6"]

#: The smallest value, at (0.20169, 0.15001, 0.47687, 0.27533, 0.31165, 0.65730); the gradient there vanishes to rounding.
MINIMUM = -3.322368011415515

_HEIGHTS = np.array([1.0, 1.2, 3.0, 3.2])
_STEEPNESS = np.array(
    [
        [10.0, 3.0, 17.0, 3.5, 1.7, 8.0],
        [0.05, 10.0, 17.0, 0.1, 8.0, 14.0],
        [3.0, 3.5, 1.7, 10.0, 17.0, 8.0],
        [17.0, 8.0, 0.05, 10.0, 0.1, 14.0],
    ]
)
_CENTERS = 1e-4 * np.array(
    [
        [1312.0, 1696.0, 5569.0, 124.0, 8283.0, 5886.0],
        [2329.0, 4135.0, 8307.0, 3736.0, 1004.0, 9991.0],
        [2348.0, 1451.0, 3522.0, 2883.0, 3047.0, 6650.0],
        [4047.0, 8828.0, 8732.0, 5743.0, 1091.0, 381.0],
    ]
)


def hartmann6(x: npt.ArrayLike) -> np.ndarray:
    r"""Four bumps in the unit cube, the two deepest of which rival each other.

    .. math:: f(x) = -\sum_{i=1}^{4} c_i \exp\Bigl(-\sum_{d=1}^{6} A_{id} (x_d - P_{id})^2\Bigr)

    Parameters
    ----------
    x : array (M, 6), or (6,)

    Returns
    -------
    array (M,), or a number

    Raises
    ------
    ValueError
        When there are not six coordinates.

    Examples
    --------
    >>> bool(np.isclose(hartmann6([0.20169, 0.15001, 0.47687, 0.27533, 0.31165, 0.65730]), MINIMUM))
    True
    """
    x = np.asarray(x, dtype=float)
    if x.shape[-1:] != (6,):
        raise ValueError(f"x has shape {x.shape}; expected (M, 6) or (6,)")
    exponents = (_STEEPNESS * (x[..., None, :] - _CENTERS) ** 2).sum(axis=-1)
    return -np.exp(-exponents) @ _HEIGHTS
