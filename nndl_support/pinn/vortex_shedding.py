r"""Vortex shedding (涡脱落) from the record of the forces: Strouhal number (斯特劳哈尔数), mean and peaks.

Shapes: S equally spaced times.

References
----------
Roshko (1954), On the development of turbulent wakes from vortex streets, NACA Report 1191,
https://ntrs.nasa.gov/citations/19930092207: the Strouhal number measured, St = 0.212 (1 - 21.2/Re) for 50 < Re < 150.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt


class Shedding(NamedTuple):
    """What is compared between experiments and computations.

    Attributes
    ----------
    strouhal : float, frequency times D/U
    drag_mean, drag_max : floats
    lift_max, lift_min : floats
    n_periods : int, whole periods that entered
    irregularity : float
        Standard deviation of the lengths of the periods relative to their mean; small once the flow is periodic.

    Examples
    --------
    >>> Shedding(0.165, 1.33, 1.34, 0.32, -0.32, 8, 1e-3).strouhal
    0.165
    """

    strouhal: float
    drag_mean: float
    drag_max: float
    lift_max: float
    lift_min: float
    n_periods: int
    irregularity: float


def upward_crossings(times: npt.ArrayLike, signal: npt.ArrayLike) -> np.ndarray:
    """Times at which a signal rises through its mean, by linear interpolation.

    Parameters
    ----------
    times, signal : arrays (S,)

    Returns
    -------
    array (number of crossings,)

    Examples
    --------
    >>> t = np.arange(0, 10, 0.01)
    >>> upward_crossings(t, np.cos(np.pi * t)).round(6)
    array([1.5, 3.5, 5.5, 7.5, 9.5])
    """
    times, signal = np.asarray(times, dtype=float), np.asarray(signal, dtype=float)
    if times.shape != signal.shape or times.ndim != 1:
        raise ValueError(f"times have shape {times.shape} and the signal {signal.shape}; expected two arrays (S,)")
    if not len(signal):
        return np.empty(0)
    level = signal - signal.mean()
    before = np.flatnonzero((level[:-1] < 0) & (level[1:] >= 0))
    share = -level[before] / (level[before + 1] - level[before])
    return times[before] + share * (times[before + 1] - times[before])


def shedding(times: npt.ArrayLike, drag: npt.ArrayLike, lift: npt.ArrayLike, *, after: float) -> Shedding:
    """Evaluate the forces over the whole periods that follow a time.

    Parameters
    ----------
    times, drag, lift : arrays (S,)
        Times in D/U and coefficients, as :class:`nndl_support.pinn.lattice_boltzmann.CylinderWake` has them.
    after : float
        When the transient has died down.

    Returns
    -------
    Shedding

    Raises
    ------
    ValueError
        When less than one period is left.

    Examples
    --------
    >>> t = np.arange(0, 50, 0.01)
    >>> found = shedding(t, 1.3 + 0.01 * np.cos(0.66 * np.pi * t), 0.3 * np.sin(0.33 * np.pi * t), after=10.0)
    >>> round(found.strouhal, 4), round(found.drag_mean, 4), found.n_periods
    (0.165, 1.3, 6)
    """
    times, drag, lift = (np.asarray(a, dtype=float) for a in (times, drag, lift))
    late = times >= after
    crossings = upward_crossings(times[late], lift[late])
    if len(crossings) < 2:
        raise ValueError(
            f"the lift rises through its mean {len(crossings)} times after {after}; expected 2 times or more"
        )
    whole = (times >= crossings[0]) & (times < crossings[-1])
    periods = np.diff(crossings)
    return Shedding(
        float(1 / periods.mean()),
        float(drag[whole].mean()),
        float(drag[whole].max()),
        float(lift[whole].max()),
        float(lift[whole].min()),
        len(periods),
        float(periods.std() / periods.mean()),
    )


def spectral_strouhal(times: npt.ArrayLike, lift: npt.ArrayLike, *, after: float) -> float:
    """Frequency of the highest peak of the spectrum, refined by a parabola through the logarithms of three points.

    Parameters
    ----------
    times, lift : arrays (S,)
    after : float

    Returns
    -------
    float, in U/D

    Raises
    ------
    ValueError
        When fewer than five times are left.

    Examples
    --------
    >>> t = np.arange(0, 50, 0.01)
    >>> round(spectral_strouhal(t, np.sin(0.33 * np.pi * t), after=10.0), 3)
    0.165
    """
    times, lift = np.asarray(times, dtype=float), np.asarray(lift, dtype=float)
    late = times >= after
    if late.sum() < 5:
        raise ValueError(f"{late.sum()} of {len(times)} times are {after} or later; expected at least 5")
    signal = lift[late] - lift[late].mean()
    power = np.abs(np.fft.rfft(signal * np.hanning(len(signal)))) ** 2
    peak = 1 + int(power[1:-1].argmax())
    left, middle, right = np.log(power[peak - 1 : peak + 2])
    shift = 0.5 * (left - right) / (left - 2 * middle + right)
    return float((peak + shift) / (len(signal) * (times[1] - times[0])))
