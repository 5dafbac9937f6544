r"""Franke's surface: two peaks, a saddle and a dip on the unit square, on which methods for scattered data are compared.

Shapes: M places.

References
----------
Franke (1982), Scattered data interpolation: tests of some methods, Mathematics of Computation 38(157), 181-200,
https://doi.org/10.1090/S0025-5718-1982-0637296-4.
"""

import numpy as np
import numpy.typing as npt


def franke(x: npt.ArrayLike) -> np.ndarray:
    r"""Height of Franke's surface.

    .. math:: f(u, v) = \tfrac34 e^{-\frac{(9u-2)^2 + (9v-2)^2}{4}} + \tfrac34 e^{-\frac{(9u+1)^2}{49} - \frac{9v+1}{10}}
        + \tfrac12 e^{-\frac{(9u-7)^2 + (9v-3)^2}{4}} - \tfrac15 e^{-(9u-4)^2 - (9v-7)^2}

    Parameters
    ----------
    x : array (M, 2), usually in the unit square

    Returns
    -------
    array (M,)

    Raises
    ------
    ValueError
        When x does not have two columns.

    Examples
    --------
    >>> franke([[2 / 9, 2 / 9]]).round(4)
    array([1.2131])
    """
    places = np.asarray(x, dtype=float)
    if places.ndim != 2 or places.shape[1] != 2:
        raise ValueError(f"x has shape {places.shape}; expected (M, 2)")
    u, v = 9 * places.T
    return (
        0.75 * np.exp(-((u - 2) ** 2 + (v - 2) ** 2) / 4)
        + 0.75 * np.exp(-((u + 1) ** 2) / 49 - (v + 1) / 10)
        + 0.5 * np.exp(-((u - 7) ** 2 + (v - 3) ** 2) / 4)
        - 0.2 * np.exp(-((u - 4) ** 2) - (v - 7) ** 2)
    )
