"""The road to a machine: every rung is a machine, its slope is a derivative, and the temperatures are where they should be."""

import math

import numpy as np
import pytest
import torch

from nndl_support.deep_belief import enumeration
from nndl_support.deep_belief.annealing_path import (
    as_harmonium,
    base_bias_of,
    bias_of_means,
    check_temperatures,
    equal_length_temperatures,
    linear_temperatures,
    log_z_at_base,
    slope,
    temperatures_of_2008,
    tempered_machine,
)
from nndl_support.deep_belief.harmonium import Harmonium
from nndl_support.deep_belief.rbm import RestrictedBoltzmannMachine
from nndl_support.deep_belief.tempering import tempered_free_energy
from nndl_support.deep_belief.units import BernoulliUnits, GaussianUnits, SoftmaxUnits

V, H, B = 5, 3, 7


def random(*shape, seed=0, scale=1.0):
    return scale * torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@pytest.fixture
def rbm():
    return Harmonium(random(V, H), random(V, seed=1), random(H, seed=2))


@pytest.mark.parametrize("beta", [0.0, 0.3, 1.0])
def test_a_rung_is_a_machine_with_the_tempered_free_energy(rbm, beta):
    v, a0 = rbm.visible.states(), random(V, seed=3)
    expected = tempered_free_energy(rbm, v, beta, a0)
    torch.testing.assert_close(tempered_machine(rbm, beta, a0).free_energy(v), expected)


def test_log_z_at_the_base_is_that_of_the_lowest_rung(rbm):
    a0 = random(V, seed=3)
    assert log_z_at_base(rbm, a0) == pytest.approx(float(enumeration.log_z(tempered_machine(rbm, 0.0, a0))), abs=1e-12)


@pytest.mark.parametrize(
    ("visible", "hidden"),
    [
        (BernoulliUnits(V + 1), BernoulliUnits(H)),
        (GaussianUnits(V + 1), BernoulliUnits(H)),
        (SoftmaxUnits(V + 1, 2), BernoulliUnits(H)),
        (BernoulliUnits(V + 1), GaussianUnits(H)),
    ],
    ids=str,
)
def test_the_slope_is_the_derivative_of_the_free_energy_by_beta(visible, hidden):
    rbm = Harmonium(random(V + 1, H), random(V + 1, seed=1), random(H, seed=2), visible, hidden)
    a0, step = random(V + 1, seed=3), 1e-5
    v = visible.sample(torch.zeros(B, V + 1, dtype=torch.float64), torch.Generator().manual_seed(4))
    low, high = (tempered_free_energy(rbm, v, 0.4 + d, a0) for d in (-step, step))
    torch.testing.assert_close(slope(rbm, v, 0.4, a0), -(high - low) / (2 * step), rtol=1e-8, atol=1e-8)


def test_slope_takes_a_temperature_for_each_rung(rbm):
    v, a0 = rbm.visible.states()[:6].reshape(2, 3, V), random(V, seed=3)
    beta = torch.tensor([[0.2], [0.9]], dtype=torch.float64)
    both = torch.stack([slope(rbm, v[0], 0.2, a0), slope(rbm, v[1], 0.9, a0)])
    torch.testing.assert_close(slope(rbm, v, beta, a0), both)


def test_bias_of_means_is_that_of_the_data_and_one_half_lit_example():
    v = torch.tensor([[0.0, 1.0, 1.0], [0.0, 1.0, 0.0], [0.0, 1.0, 0.0], [0.0, 1.0, 1.0]])
    torch.testing.assert_close(bias_of_means(v).sigmoid(), torch.tensor([0.5, 4.5, 2.5]) / 5)
    assert torch.isfinite(bias_of_means(v)).all()


def test_the_base_is_what_one_gives_or_what_the_estimator_learnt_or_zeros(rbm):
    X = (np.random.default_rng(0).random((11, V)) < 0.3).astype(float)
    fitted = RestrictedBoltzmannMachine(H, n_epochs=1, random_state=0).fit(X)
    np.testing.assert_allclose(base_bias_of(fitted), fitted.base_bias_)
    np.testing.assert_allclose(base_bias_of(fitted), bias_of_means(torch.tensor(X)), rtol=1e-6)
    assert not base_bias_of(rbm).any()
    torch.testing.assert_close(base_bias_of(fitted, random(V)), random(V))
    assert as_harmonium(fitted).W.shape == (V, H)
    assert as_harmonium(rbm) is rbm


def test_the_spacing_of_2008_is_dense_towards_the_machine():
    beta = temperatures_of_2008(14_501)
    assert [float(beta[k]) for k in (0, 500, 4500, 14_500)] == pytest.approx([0.0, 0.5, 0.9, 1.0], abs=1e-7)
    assert (beta.diff() > 0).all()
    assert len(temperatures_of_2008(2)) == 2
    torch.testing.assert_close(linear_temperatures(3), torch.tensor([0.0, 0.5, 1.0]).double())


def test_equal_lengths_follow_the_speed_that_enumeration_gives(rbm):
    """One machine without weights, in which the speed is known: a unit with bias 4 has the variance 16 p(1 - p) at beta."""
    flat = Harmonium(torch.zeros(1, 1).double(), torch.tensor([4.0]).double(), torch.zeros(1).double())
    fine = np.linspace(0, 1, 2001)
    p = 1 / (1 + np.exp(-4 * fine))
    length = np.concatenate([[0], np.cumsum(np.sqrt(p * (1 - p))[1:])])
    expected = np.interp(np.linspace(0, 1, 6), length / length[-1], fine)
    found = equal_length_temperatures(
        flat, 6, torch.zeros(1).double(), n_chains=5000, generator=torch.Generator().manual_seed(0)
    )
    np.testing.assert_allclose(found, expected, atol=0.02)
    check_temperatures(equal_length_temperatures(rbm, 50, torch.zeros(V).double(), n_chains=5, n_pilot=7))


def test_equal_lengths_leave_no_stretch_without_rungs_when_nothing_moves():
    still = Harmonium(torch.zeros(V, H), torch.zeros(V), torch.zeros(H))
    torch.testing.assert_close(equal_length_temperatures(still, 5, torch.zeros(V)), linear_temperatures(5))


@pytest.mark.parametrize(
    "wrong", [[0.0, 0.5], [0.1, 1.0], [0.0, 0.5, 0.5, 1.0], [1.0], [[0.0, 1.0]], [0.0, math.nan, 1.0]]
)
def test_temperatures_that_do_not_rise_from_0_to_1_are_refused(wrong):
    with pytest.raises(ValueError, match="at least 2 that rise strictly from 0 to 1"):
        check_temperatures(wrong)


def test_errors_say_what_was_expected(rbm):
    with pytest.raises(ValueError, match=r"shape \(4,\), but the machine has 5 visible units"):
        base_bias_of(rbm, torch.zeros(4))
    with pytest.raises(TypeError, match="a fitted RestrictedBoltzmannMachine or a Harmonium, not int"):
        as_harmonium(3)
    for spacing in (linear_temperatures, temperatures_of_2008):
        with pytest.raises(ValueError, match="n_temperatures is 1; expected at least 2"):
            spacing(1)
