"""The partition function: exact, and estimated by annealed importance sampling within its own error."""

import math

import numpy as np
import pytest
import torch

from nndl_support import records
from nndl_support.data.digits import load_digits
from nndl_support.deep_belief import enumeration
from nndl_support.deep_belief.annealing_path import linear_temperatures, log_z_at_base, temperatures_of_2008
from nndl_support.deep_belief.harmonium import Harmonium
from nndl_support.deep_belief.partition import (
    annealed_importance_sampling,
    annealed_log_weights,
    exact_log_z,
    log_mean_weight,
    log_ratio,
    seeded_generator,
)
from nndl_support.deep_belief.rbm import RestrictedBoltzmannMachine
from nndl_support.deep_belief.tempering import tempered_free_energy
from nndl_support.deep_belief.units import BernoulliUnits, GaussianUnits, SoftmaxUnits

V, H, C = 5, 3, 7


def random(*shape, seed=0, scale=1.0):
    return scale * torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@pytest.fixture
def rbm():
    return Harmonium(random(V, H), random(V, seed=1), random(H, seed=2))


@pytest.fixture(scope="module")
def digits():
    return (load_digits().X_train > 0.5).astype(float)


def trained(X, seed):
    options = {"method": "pcd", "learning_rate": 0.1, "batch_size": 50, "n_chains": 100, "n_epochs": 40}
    return RestrictedBoltzmannMachine(16, **options, random_state=seed).fit(X)


def test_exact_log_z_is_a_loop_over_all_pairs_of_states(rbm):
    total = sum(math.exp(-float(rbm.energy(v, h))) for v in rbm.visible.states() for h in rbm.hidden.states())
    assert exact_log_z(rbm) == pytest.approx(math.log(total), abs=1e-12)


def test_exact_log_z_of_gaussian_visible_units_is_an_integral():
    rbm = Harmonium(random(1, 2), random(1, seed=1), random(2, seed=2), GaussianUnits(1))
    x = torch.linspace(-15, 15, 30_001, dtype=torch.float64)[:, None]
    area = torch.trapezoid((-rbm.free_energy(x)).exp(), x[:, 0])
    assert exact_log_z(rbm) == pytest.approx(math.log(float(area)), abs=1e-9)


def test_an_estimator_and_its_harmonium_have_the_same_partition_function(digits):
    fitted = RestrictedBoltzmannMachine(H, n_epochs=1, random_state=0).fit(digits[:20, 20:27])
    assert exact_log_z(fitted) == exact_log_z(fitted.harmonium_)


@pytest.mark.parametrize(
    ("visible", "hidden"),
    [
        (BernoulliUnits(6), BernoulliUnits(H)),
        (GaussianUnits(6), BernoulliUnits(H)),
        (SoftmaxUnits(6, 3), BernoulliUnits(H)),
        (BernoulliUnits(6), GaussianUnits(H)),
    ],
    ids=str,
)
def test_annealing_agrees_with_enumeration_for_every_kind_of_units(visible, hidden):
    rbm = Harmonium(random(6, H, scale=0.7), random(6, seed=1), random(H, seed=2), visible, hidden)
    for seed in range(3):
        log_z, error = annealed_importance_sampling(rbm, n_chains=300, n_temperatures=200, random_state=seed)
        assert abs(log_z - exact_log_z(rbm)) < 4 * error < 0.4


def test_log_ratio_is_the_difference_of_two_free_energies(rbm):
    v, a0 = rbm.visible.states(), random(V, seed=3)
    expected = tempered_free_energy(rbm, v, 0.2, a0) - tempered_free_energy(rbm, v, 0.7, a0)
    torch.testing.assert_close(log_ratio(rbm, v, rbm.hidden_field(v), 0.2, 0.7, a0), expected)


def test_all_chains_at_once_are_chains_run_by_a_plain_loop(rbm):
    """Another program: free energies by their formula, rungs by hand, the same random numbers in the same order."""
    beta, a0 = [0.0, 0.3, 0.6, 1.0], random(V, seed=3)
    found, log_z0, end = annealed_log_weights(rbm, beta, a0, n_chains=C, generator=torch.Generator().manual_seed(5))
    g = torch.Generator().manual_seed(5)
    v = (torch.rand(C, V, generator=g, dtype=torch.float64) < a0.sigmoid()).double()
    log_w = torch.zeros(C).double()
    for low, high in ((0.0, 0.3), (0.3, 0.6), (0.6, 1.0)):
        for sign, b in ((1, low), (-1, high)):
            bias, field = (1 - b) * a0 + b * rbm.a, b * (v @ rbm.W + rbm.b)
            log_w += sign * (-(v @ bias) - (1 + field.exp()).log().sum(1))
        h = (torch.rand(C, H, generator=g, dtype=torch.float64) < (high * (v @ rbm.W + rbm.b)).sigmoid()).double()
        on = ((1 - high) * a0 + high * (rbm.a + h @ rbm.W.T)).sigmoid()
        v = (torch.rand(C, V, generator=g, dtype=torch.float64) < on).double()
    torch.testing.assert_close(found, log_w)
    torch.testing.assert_close(end, v)
    assert log_z0 == pytest.approx(log_z_at_base(rbm, a0))


@pytest.mark.parametrize("seed", range(4))
def test_it_is_within_a_tenth_of_a_nat_at_16_hidden_units_and_inside_its_own_error(digits, seed):
    fitted = trained(digits, seed)
    log_z, error = annealed_importance_sampling(fitted, n_chains=100, n_temperatures=1000, random_state=seed)
    off = abs(log_z - exact_log_z(fitted))
    assert off < 0.1
    assert off < 3 * error + 0.005
    assert error < 0.03


def test_the_error_is_honest_for_long_ladders_and_not_for_short_ones(digits):
    fitted = trained(digits, 0)
    exact, rbm = exact_log_z(fitted), fitted.harmonium_
    inside = {}
    for n, base in ((100, torch.tensor(fitted.base_bias_).double()), (3, torch.zeros(64).double())):
        log_w, log_z0, _ = annealed_log_weights(
            rbm, linear_temperatures(n), base, n_chains=4000, generator=torch.Generator().manual_seed(0)
        )
        found = [log_mean_weight(group) for group in log_w.split(100)]
        inside[n] = np.mean([abs(log_mean + log_z0 - exact) < 3 * error for log_mean, error in found])
    assert inside[100] >= 0.9
    assert inside[3] <= 0.1


def test_a_needle_in_a_haystack_is_missed_and_the_error_says_nothing():
    needle = Harmonium(torch.full((30, 1), 8.0).double(), torch.zeros(30).double(), torch.tensor([23.0 - 240]).double())
    for seed in range(4):
        log_z, error = annealed_importance_sampling(needle, n_temperatures=100, random_state=seed)
        assert log_z == pytest.approx(30 * math.log(2), abs=0.1)
        assert exact_log_z(needle) - log_z > 50 * error


def test_the_base_of_a_fitted_estimator_is_used_unless_another_is_given(digits):
    fitted = RestrictedBoltzmannMachine(2, n_epochs=0, random_state=0).fit(digits)
    _, known = annealed_importance_sampling(fitted, n_chains=20, n_temperatures=2, random_state=0)
    _, unknown = annealed_importance_sampling(
        fitted, n_chains=20, n_temperatures=2, random_state=0, base_bias=np.zeros(64)
    )
    assert known < 0.1 < unknown


def test_other_temperatures_may_be_given(rbm):
    log_z, error = annealed_importance_sampling(rbm, temperatures=temperatures_of_2008(400), random_state=0)
    assert abs(log_z - exact_log_z(rbm)) < 4 * error + 1e-3
    with pytest.raises(ValueError, match="rise strictly from 0 to 1"):
        annealed_importance_sampling(rbm, temperatures=[0.0, 0.7])


def test_single_precision_adds_its_weights_up_in_double(rbm):
    log_w, *_ = annealed_log_weights(
        rbm.to(torch.float32), linear_temperatures(9), torch.zeros(V), n_chains=2000, generator=seeded_generator(0)
    )
    assert log_w.dtype == torch.float64
    log_mean, error = log_mean_weight(log_w)
    assert abs(log_mean + log_z_at_base(rbm, torch.zeros(V)) - exact_log_z(rbm)) < 5 * error


def test_log_mean_weight_is_the_delta_method_and_does_not_overflow():
    w = np.array([1.0, 2.0, 5.0, 0.5])
    log_mean, error = log_mean_weight(torch.tensor(np.log(w)))
    assert log_mean == pytest.approx(math.log(w.mean()))
    assert error == pytest.approx(w.std(ddof=1) / 2 / w.mean())
    shifted, same = log_mean_weight(torch.tensor(np.log(w)) + 5000)
    assert (shifted - 5000, same) == pytest.approx((log_mean, error))


def test_a_seed_decides_everything(rbm):
    one, two, other = (annealed_importance_sampling(rbm, n_temperatures=20, random_state=s) for s in (3, 3, 4))
    assert one == two != other
    a, b = (torch.rand(2, generator=seeded_generator(np.random.RandomState(1))) for _ in range(2))
    torch.testing.assert_close(a, b)


def test_errors_say_what_was_given(rbm):
    with pytest.raises(ValueError, match="n_chains is 1 and n_temperatures 1000"):
        annealed_importance_sampling(rbm, n_chains=1)
    with pytest.raises(ValueError, match="n_chains is 100 and n_temperatures 1;"):
        annealed_importance_sampling(rbm, n_temperatures=1)
    with pytest.raises(ValueError, match=r"shape \(4,\), but the machine has 5"):
        annealed_importance_sampling(rbm, base_bias=[0.0] * 4)
    big = Harmonium(torch.zeros(41, 37), torch.zeros(41), torch.zeros(37))
    with pytest.raises(ValueError, match=r"2\^41 and 2\^37 states"):
        exact_log_z(big)
    assert not enumeration.is_enumerable(big)


def test_the_record_of_costs_shows_what_the_section_says():
    record = records.load("deep_belief/partition_cost_accuracy")
    by_method = {}
    for run in record["runs"]:
        by_method.setdefault(run["method"], []).append(run)
    best = by_method["annealing, 100 chains, 1000 temperatures"]
    simple = by_method["simple importance sampling, data means, 100000 draws"]
    assert [run["seed"] for run in best] == record["seeds"] == [0, 1, 2]
    assert max(run["rms_error"] for run in best) < 0.1
    assert min(run["inside_3_sigma"] for run in best) >= 0.9
    assert np.mean([run["rms_error"] for run in simple]) > 5 * np.mean([run["rms_error"] for run in best])


def test_the_record_of_chains_at_once_is_below_its_bar():
    assert records.load("deep_belief/partition_vectorised")["median_ratio"] < 0.2
