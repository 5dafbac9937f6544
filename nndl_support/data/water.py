"""The density of water between its freezing and its boiling point, and a little beyond.

References
----------
Kell (1975), Density, thermal expansivity, and compressibility of liquid water from 0 to 150 °C, Journal of
Chemical and Engineering Data 20(1), https://doi.org/10.1021/je60064a005 (a formula fitted to measurements).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from sklearn.utils import Bunch

# Coefficients of t^0 ... t^5 in the numerator and of t in the denominator.
_NUMERATOR = (999.83952, 16.945176, -7.9870401e-3, -46.170461e-6, 105.56302e-9, -280.54253e-12)
_DENOMINATOR = 16.879850e-3


def water_density(temperature: npt.ArrayLike) -> np.ndarray:
    r"""Density of liquid water after Kell.

    .. math:: \rho(t) = \frac{\sum_{k=0}^{5} a_k t^k}{1 + b\,t}

    Parameters
    ----------
    temperature : array, in degrees Celsius, in 0 .. 150 (above 100 under pressure)

    Returns
    -------
    array of the same shape, in kg/m³

    Raises
    ------
    ValueError
        When a temperature lies outside the range that was measured.

    Examples
    --------
    >>> water_density([0.0, 3.98, 25.0, 100.0]).round(2)
    array([999.84, 999.97, 997.05, 958.36])
    """
    t = np.asarray(temperature, dtype=float)
    if not np.all((t >= 0) & (t <= 150)):
        raise ValueError(f"the formula holds from 0 to 150 degrees Celsius, but was asked from {t.min()} to {t.max()}")
    return np.polynomial.polynomial.polyval(t, _NUMERATOR) / (1.0 + _DENOMINATOR * t)


def load_water_density() -> Bunch:
    """Return the density of water at 0, 10, ..., 100 °C to learn from, at 5, 15, ..., 95 °C to test on, and hotter.

    Returns
    -------
    sklearn.utils.Bunch
        ``X_train`` (11, 1), ``X_test`` (10, 1) and ``X_beyond`` (5, 1) at 110, 120, ..., 150, in °C; ``y_train``
        (11,), ``y_test`` (10,) and ``y_beyond`` (5,) in kg/m³; ``DESCR``, ``licence``, ``source``.

    Examples
    --------
    >>> water = load_water_density()
    >>> water.X_train.shape, water.y_beyond.round(0)
    ((11, 1), array([951., 943., 935., 926., 917.]))
    """
    train, test, beyond = np.arange(0.0, 101, 10), np.arange(5.0, 100, 10), np.arange(110.0, 151, 10)
    return Bunch(
        X_train=train[:, None],
        y_train=water_density(train),
        X_test=test[:, None],
        y_test=water_density(test),
        X_beyond=beyond[:, None],
        y_beyond=water_density(beyond),
        DESCR="Density of liquid water in kg/m³ against temperature in °C, from a formula fitted to measurements.",
        licence="facts of nature",
        source="Kell (1975), https://doi.org/10.1021/je60064a005",
    )
