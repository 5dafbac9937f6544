r"""Periodic functions as Fourier series: from values on a grid to modes, back, and to values anywhere.

.. math:: u(x) = \sum_k v_k e^{i k x}, \qquad k = \frac{\pi n}{\ell}, \quad n = 0, \pm 1, \dots, \pm (N/2 - 1)

for a function with period :math:`2 \ell`. The grid starts at 0, not at :math:`-\ell`, so that no mode carries a sign.

Shapes: N grid points, K modes that are kept, X places, T times.

References
----------
Trefethen (2000), Spectral Methods in MATLAB, SIAM, https://doi.org/10.1137/1.9780898719598, chapter 3.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import fft

__all__ = ["FourierSeries"]

_PLACES_AT_ONCE = 1024


@dataclass(frozen=True)
class FourierSeries:
    """Modes of functions with period ``2 * half_width``.

    Parameters
    ----------
    points : int, N, even
    half_width : float > 0
    real : bool
        Whether the functions are real; then only modes with k >= 0 are stored, K = N/2 + 1, and K = N otherwise.

    Notes
    -----
    The mode n = N/2, of which the grid sees a cosine but no sine, is set to zero: its derivative would be lost.

    Examples
    --------
    >>> series = FourierSeries(8, half_width=1.0)
    >>> v = series.modes(np.sin(2 * np.pi * series.grid))
    >>> series.evaluate(v[None], [0.25, 0.125]).round(12)
    array([[1.        ],
           [0.70710678]])
    """

    points: int
    half_width: float = 1.0
    real: bool = True

    def __post_init__(self) -> None:
        if self.points < 4 or self.points % 2:
            raise ValueError(f"points is {self.points}; expected an even number from 4 on")
        if not self.half_width > 0:
            raise ValueError(f"half_width is {self.half_width}; expected a positive length")

    @property
    def grid(self) -> np.ndarray:
        """Grid points (N,) from 0 up, those past the half width brought back by one period."""
        half = self.points // 2
        steps = np.arange(self.points)
        return 2 * self.half_width / self.points * np.where(steps < half, steps, steps - self.points)

    @property
    def wavenumbers(self) -> np.ndarray:
        """The k of each mode (K,), in radians per unit of length."""
        order = np.fft.rfftfreq(self.points) if self.real else np.fft.fftfreq(self.points)
        return np.pi / self.half_width * self.points * order

    def modes(self, values: np.ndarray) -> np.ndarray:
        """Modes (K,) of the function with these values (N,) on the grid."""
        v = fft.rfft(values, norm="forward") if self.real else fft.fft(values, norm="forward")
        v[self.points // 2] = 0.0
        return v

    def values(self, modes: np.ndarray) -> np.ndarray:
        """Values (N,) on the grid of the function with these modes (K,)."""
        return fft.irfft(modes, self.points, norm="forward") if self.real else fft.ifft(modes, norm="forward")

    def evaluate(self, modes: npt.ArrayLike, x: npt.ArrayLike) -> np.ndarray:
        """Values of the series at any places.

        Parameters
        ----------
        modes : array (T, K), one function in each row
        x : array (X,)

        Returns
        -------
        array (X, T), real or complex
        """
        v, places = np.asarray(modes), np.asarray(x, dtype=float)
        k = self.wavenumbers
        if v.ndim != 2 or v.shape[1] != len(k) or places.ndim != 1:
            raise ValueError(f"modes has the shape {v.shape} and x {places.shape}; expected (T, {len(k)}) and (X,)")
        if self.real:
            v = np.where(k > 0, 2.0, 1.0) * v
        out = np.empty((len(places), len(v)), dtype=float if self.real else complex)
        for start in range(0, len(places), _PLACES_AT_ONCE):
            rows = slice(start, start + _PLACES_AT_ONCE)
            phase = np.outer(places[rows], k)
            if self.real:
                out[rows] = np.cos(phase) @ v.real.T - np.sin(phase) @ v.imag.T
            else:
                out[rows] = np.exp(1j * phase) @ v.T
        return out
