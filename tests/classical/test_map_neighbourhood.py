"""Neighbourhood functions and decays: exact values, limits, integrals, and the formulas of other libraries."""

import numpy as np
import pytest

from nndl_support.classical.map_neighbourhood import DECAYS, NEIGHBOURHOODS, decay, neighbourhood


@pytest.mark.parametrize("name", NEIGHBOURHOODS)
def test_the_winner_has_weight_one_and_radius_zero_leaves_it_alone(name):
    assert neighbourhood(name, 0.0, 1.7) == 1.0
    np.testing.assert_array_equal(neighbourhood(name, [[0.0, 1.0], [np.sqrt(2), 0.0]], 0.0), [[1, 0], [0, 1]])


@pytest.mark.parametrize("name", NEIGHBOURHOODS)
@pytest.mark.parametrize("radius", [1e-300, 1e-160, 1e-8])
def test_a_tiny_radius_is_radius_zero_without_a_warning(name, radius):
    np.testing.assert_array_equal(neighbourhood(name, [0.0, 1.0, 9.0], radius), [1.0, 0.0, 0.0])


def test_the_gaussian_has_the_standard_deviation_sigma():
    assert neighbourhood("gaussian", 2.6, 1.3) == pytest.approx(np.exp(-2.0), rel=1e-15)


def test_the_bubble_includes_its_rim_in_spite_of_rounding():
    rim = 3 * np.sqrt(3) / 2
    np.testing.assert_array_equal(neighbourhood("bubble", [0.0, rim, rim * (1 + 1e-15), 2.7], rim), [1, 1, 1, 0])


def test_the_mexican_hat_integrates_to_zero_over_the_plane():
    r = np.linspace(0.0, 30.0, 200_001)
    ring = neighbourhood("mexican_hat", r, 1.9) * 2 * np.pi * r
    assert np.trapezoid(ring, r) == pytest.approx(0.0, abs=1e-6)
    assert np.trapezoid(np.abs(ring), r) > 1.0


@pytest.mark.parametrize("name", ["gaussian", "bubble"])
def test_weights_never_grow_with_the_distance(name):
    assert (np.diff(neighbourhood(name, np.linspace(0, 9, 101), 2.3)) <= 0).all()


def test_bad_neighbourhoods_are_named():
    with pytest.raises(ValueError, match=r"neighbourhood must be one of .*mexican_hat.*, got 'cone'"):
        neighbourhood("cone", 1.0, 1.0)
    for radius in (-0.1, np.inf, np.nan):
        with pytest.raises(ValueError, match="radius must be finite and at least 0"):
            neighbourhood("gaussian", 1.0, radius)


@pytest.mark.parametrize("name", DECAYS)
@pytest.mark.parametrize(("start", "end"), [(5.0, 0.3), (0.2, 0.9)])
def test_a_decay_goes_from_start_to_end_without_turning(name, start, end):
    values = decay(name, start, end, np.linspace(0, 1, 101))
    np.testing.assert_allclose(values[[0, -1]], [start, end])
    assert (np.sign(np.diff(values)) == np.sign(end - start)).all()


def test_each_decay_has_its_own_law():
    p = np.linspace(0, 1, 7)
    np.testing.assert_allclose(np.diff(np.log(decay("exponential", 5.0, 0.3, p))), np.log(0.3 / 5.0) / 6)
    np.testing.assert_allclose(np.diff(decay("linear", 5.0, 0.0, p)), -5.0 / 6)
    np.testing.assert_allclose(np.diff(1 / decay("inverse", 5.0, 0.3, p)), (1 / 0.3 - 1 / 5.0) / 6)


def test_the_inverse_decay_to_a_third_is_minisom_s_asymptotic_one():
    minisom = pytest.importorskip("minisom")
    som = minisom.MiniSom(3, 3, 2)
    ours = decay("inverse", 2.4, 0.8, np.arange(50) / 50)
    np.testing.assert_allclose(ours, [som._asymptotic_decay(2.4, t, 50) for t in range(50)], rtol=1e-14)


def test_the_exponential_decay_is_susi_s_min():
    susi = pytest.importorskip("susi")
    ours = decay("exponential", 5.0, 0.4, np.arange(50) / 50)
    theirs = [susi.decreasing_rate(5.0, 0.4, iteration_max=50, iteration=t, mode="min") for t in range(50)]
    np.testing.assert_allclose(ours, theirs, rtol=1e-14)


def test_bad_decays_are_named():
    with pytest.raises(ValueError, match=r"decay must be one of .*linear.*, got 'cosine'"):
        decay("cosine", 1.0, 0.1, 0.5)
    for name in ("exponential", "inverse"):
        with pytest.raises(ValueError, match=f"the {name} decay needs positive values, got .*end=0.*; use 'linear'"):
            decay(name, 1.0, 0.0, 0.5)
