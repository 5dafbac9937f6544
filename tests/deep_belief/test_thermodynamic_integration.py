"""Thermodynamic integration: a rule of integration, a slope, and an area that is log Z."""

import numpy as np
import pytest
import torch

from nndl_support.deep_belief import partition
from nndl_support.deep_belief.annealing_path import log_z_at_base, slope, tempered_machine
from nndl_support.deep_belief.harmonium import Harmonium
from nndl_support.deep_belief.thermodynamic_integration import (
    exact_mean_slope,
    gauss_legendre,
    thermodynamic_integration,
)
from nndl_support.deep_belief.units import GaussianUnits

V, H = 5, 3


def random(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@pytest.fixture
def rbm():
    return Harmonium(random(V, H), random(V, seed=1), random(H, seed=2))


@pytest.mark.parametrize("n", [1, 2, 5, 31])
def test_the_rule_is_that_of_numpy(n):
    x, w = np.polynomial.legendre.leggauss(n)
    nodes, weights = gauss_legendre(n)
    np.testing.assert_allclose(nodes, (x + 1) / 2, atol=1e-13)
    np.testing.assert_allclose(weights, w / 2, atol=1e-13)


def test_the_mean_slope_is_the_mean_over_the_rung(rbm):
    a0, v = random(V, seed=3), rbm.visible.states()
    p = (-tempered_machine(rbm, 0.6, a0).free_energy(v)).softmax(0)
    assert exact_mean_slope(rbm, 0.6, a0) == pytest.approx(float(p @ slope(rbm, v, 0.6, a0)), abs=1e-12)


def test_the_mean_slope_is_the_derivative_of_log_z(rbm):
    a0, step = random(V, seed=3), 1e-5
    low, high = (partition.exact_log_z(tempered_machine(rbm, 0.6 + d, a0)) for d in (-step, step))
    assert exact_mean_slope(rbm, 0.6, a0) == pytest.approx((high - low) / (2 * step), rel=1e-8)


def test_the_area_under_the_exact_slope_is_log_z(rbm):
    a0 = random(V, seed=3)
    nodes, weights = gauss_legendre(20)
    area = sum(float(w) * exact_mean_slope(rbm, float(x), a0) for x, w in zip(nodes, weights, strict=True))
    assert log_z_at_base(rbm, a0) + area == pytest.approx(partition.exact_log_z(rbm), abs=1e-10)


@pytest.mark.parametrize("seed", range(4))
def test_chains_find_the_exact_value_within_their_error(rbm, seed):
    log_z, error = thermodynamic_integration(rbm, n_nodes=7, n_chains=40, n_steps=60, n_burn_in=10, random_state=seed)
    assert abs(log_z - partition.exact_log_z(rbm)) < 4.5 * error < 0.3


def test_the_base_and_gaussian_units_are_respected():
    rbm = Harmonium(0.4 * random(4, 2), random(4, seed=1), random(2, seed=2), GaussianUnits(4))
    for base in (None, random(4, seed=3)):
        log_z, error = thermodynamic_integration(
            rbm, n_nodes=9, n_chains=40, n_steps=100, n_burn_in=10, random_state=0, base_bias=base
        )
        assert abs(log_z - partition.exact_log_z(rbm)) < 4.5 * error < 0.5


def test_nothing_is_left_to_chance_without_weights():
    free = Harmonium(torch.zeros(V, H).double(), torch.zeros(V).double(), torch.zeros(H).double())
    log_z, error = thermodynamic_integration(free, n_nodes=2, n_chains=3, n_steps=2, n_burn_in=0, random_state=0)
    assert (log_z, error) == pytest.approx((partition.exact_log_z(free), 0.0))


def test_errors_say_what_was_given(rbm):
    with pytest.raises(ValueError, match="n_nodes is 0"):
        gauss_legendre(0)
    with pytest.raises(ValueError, match="n_chains is 1, n_steps 200, n_burn_in 50"):
        thermodynamic_integration(rbm, n_chains=1)
