"""Strouhal number and peaks of signals that are known."""

import numpy as np
import pytest

from nndl_support.pinn.vortex_shedding import shedding, spectral_strouhal, upward_crossings


@pytest.mark.parametrize("frequency", [0.157, 0.2, 0.31])
@pytest.mark.parametrize("phase", [0.0, 1.0, 2.5])
def test_frequency_mean_and_peaks_of_a_periodic_signal_with_harmonics(frequency, phase):
    t = np.arange(0, 60, 0.013)
    angle = 2 * np.pi * frequency * t + phase
    transient = np.exp(-t)
    lift = 0.02 + 0.3 * np.sin(angle) + 0.01 * np.sin(3 * angle) + transient
    drag = 1.4 + 0.01 * np.cos(2 * angle) - transient
    found = shedding(t, drag, lift, after=20.0)
    assert found.strouhal == pytest.approx(frequency, rel=1e-4)
    assert found.n_periods == int(np.floor((t[-1] - upward_crossings(t[t >= 20], lift[t >= 20])[0]) * frequency))
    assert found.irregularity < 1e-3
    assert found.drag_mean == pytest.approx(1.4, abs=1e-4)
    assert found.drag_max == pytest.approx(1.41, abs=1e-4)
    assert found.lift_max - found.lift_min == pytest.approx(2 * 0.29, abs=0.005)
    assert spectral_strouhal(t, lift, after=20.0) == pytest.approx(frequency, rel=0.01)


def test_a_frequency_that_drifts_is_irregular():
    t = np.arange(0, 60, 0.01)
    assert shedding(t, 0 * t, np.sin(0.6 * t + 0.004 * t * t), after=5.0).irregularity > 0.05


def test_a_signal_that_does_not_oscillate_is_refused():
    t = np.arange(0, 10, 0.1)
    with pytest.raises(ValueError, match="rises through its mean 0 times after 5"):
        shedding(t, t, -t, after=5.0)
    with pytest.raises(ValueError, match="0 times after 50"):
        shedding(t, t, -t, after=50.0)
    with pytest.raises(ValueError, match=r"0 of 100 times are 50\.0 or later"):
        spectral_strouhal(t, t, after=50.0)
    with pytest.raises(ValueError, match="expected two arrays"):
        upward_crossings(t, t[1:])
