"""Annealing backwards: exact samples, a sandwich that holds the truth, Crooks' relation, Bennett's estimate, RAISE."""

import itertools
import math

import numpy as np
import pytest
import torch
from scipy.optimize import brentq
from scipy.special import expit

from nndl_support import records
from nndl_support.data.digits import load_digits
from nndl_support.deep_belief import partition
from nndl_support.deep_belief.annealing_moments import exact_end_distribution
from nndl_support.deep_belief.annealing_path import linear_temperatures
from nndl_support.deep_belief.enumeration import exact_log_likelihood, exact_moments
from nndl_support.deep_belief.harmonium import Harmonium
from nndl_support.deep_belief.rbm import RestrictedBoltzmannMachine
from nndl_support.deep_belief.reverse_annealing import (
    Sandwich,
    bennett_log_ratio,
    exact_samples,
    raise_log_probability,
    reverse_log_weights,
    sandwich,
)
from nndl_support.deep_belief.units import GaussianUnits

V, H, C = 5, 3, 7


def random(*shape, seed=0, scale=1.0):
    return scale * torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@pytest.fixture
def rbm():
    return Harmonium(random(V, H, scale=1.5), random(V, seed=1), random(H, seed=2))


@pytest.fixture(scope="module")
def digits_machine():
    X = (load_digits().X_train > 0.5).astype(float)
    options = {"method": "pcd", "learning_rate": 0.1, "batch_size": 50, "n_chains": 100, "n_epochs": 40}
    return RestrictedBoltzmannMachine(16, **options, random_state=0).fit(X)


@pytest.mark.parametrize("transpose", [False, True])
def test_exact_samples_have_the_exact_distribution(rbm, transpose):
    machine = rbm.transposed() if transpose else rbm
    v = exact_samples(machine, 50_000, torch.Generator().manual_seed(0))
    n = v.shape[1]
    counted = torch.bincount((v @ 2.0 ** torch.arange(n - 1, -1, -1).double()).long(), minlength=2**n) / len(v)
    p = exact_log_likelihood(machine, machine.visible.states()).exp()
    torch.testing.assert_close(counted.double(), p, atol=0.01, rtol=0)


def test_exact_samples_of_gaussian_units_have_the_exact_mean():
    rbm = Harmonium(random(4, 2), random(4, seed=1), random(2, seed=2), GaussianUnits(4))
    v = exact_samples(rbm, 50_000, torch.Generator().manual_seed(0))
    torch.testing.assert_close(v.mean(0), exact_moments(rbm).a, atol=0.03, rtol=0)


def test_descending_chains_are_chains_run_by_a_plain_loop(rbm):
    beta, a0, start = [0.0, 0.3, 1.0], random(V, seed=3), rbm.visible.states()[3 : 3 + C]
    found, _, end = reverse_log_weights(rbm, beta, a0, start, torch.Generator().manual_seed(5))
    g, v, log_w = torch.Generator().manual_seed(5), start, torch.zeros(C).double()
    for high, low in ((1.0, 0.3), (0.3, 0.0)):
        h = (torch.rand(C, H, generator=g, dtype=torch.float64) < (high * (v @ rbm.W + rbm.b)).sigmoid()).double()
        on = ((1 - high) * a0 + high * (rbm.a + h @ rbm.W.T)).sigmoid()
        v = (torch.rand(C, V, generator=g, dtype=torch.float64) < on).double()
        for sign, b in ((1, low), (-1, high)):
            bias, field = (1 - b) * a0 + b * rbm.a, b * (v @ rbm.W + rbm.b)
            log_w += sign * (-(v @ bias) - (1 + field.exp()).log().sum(1))
    torch.testing.assert_close(found, log_w)
    torch.testing.assert_close(end, v)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("n_temperatures", [5, 20])
def test_the_sandwich_holds_the_exact_value(digits_machine, seed, n_temperatures):
    samples = exact_samples(digits_machine, 200, torch.Generator().manual_seed(seed))
    ends = sandwich(digits_machine, samples, n_chains=200, n_temperatures=n_temperatures, random_state=seed)
    exact = partition.exact_log_z(digits_machine)
    assert ends.lower < exact < ends.upper
    assert ends.lower <= ends.climbing
    assert ends.descending <= ends.upper
    assert abs(ends.climbing - exact) < 1
    assert abs(ends.descending - exact) < 1
    assert abs(ends.bennett - exact) < 0.3


def test_each_end_of_the_sandwich_has_the_mean_and_the_standard_error_of_its_own_chains(rbm):
    beta, a0, samples = linear_temperatures(4), torch.zeros(V).double(), rbm.visible.states()[:11]
    ends = sandwich(rbm, samples, n_chains=C, n_temperatures=4, random_state=3)
    g = partition.seeded_generator(3)
    up, log_z0, _ = partition.annealed_log_weights(rbm, beta, a0, n_chains=C, generator=g)
    down, *_ = reverse_log_weights(rbm, beta, a0, samples, g)
    assert (ends.lower, ends.upper) == pytest.approx((log_z0 + up.mean().item(), log_z0 + down.mean().item()))
    errors = np.std(up.numpy(), ddof=1) / math.sqrt(C), np.std(down.numpy(), ddof=1) / math.sqrt(11)
    assert (ends.lower_error, ends.upper_error) == pytest.approx(errors)


def test_a_sandwich_of_many_temperatures_is_thin_and_right(digits_machine):
    samples = exact_samples(digits_machine, 100, torch.Generator().manual_seed(0))
    ends = sandwich(digits_machine, samples, n_temperatures=1000, random_state=0)
    exact = partition.exact_log_z(digits_machine)
    assert ends.lower - 4 * ends.lower_error < exact < ends.upper + 4 * ends.upper_error
    assert abs(ends.gap) < 0.15


def test_an_open_sandwich_warns_of_a_needle_and_false_samples_close_it_on_a_wrong_value():
    needle = Harmonium(torch.full((30, 1), 8.0).double(), torch.zeros(30).double(), torch.tensor([23.0 - 240]).double())
    exact, generator = partition.exact_log_z(needle), torch.Generator().manual_seed(0)
    samples = exact_samples(needle, 50, generator)
    hay = torch.bernoulli(torch.full((50, 30), 0.5).double(), generator=generator)
    true_ends = sandwich(needle, samples, n_temperatures=200, random_state=0)
    false_ends = sandwich(needle, hay, n_temperatures=200, random_state=0)
    assert true_ends.upper > exact + 2
    assert true_ends.gap > 5
    assert false_ends.upper < exact - 2
    assert abs(false_ends.gap) < 0.1


def test_crooks_relation_holds_between_the_two_histograms(rbm):
    """The density of log w of descending chains is w Z0 / Z times that of climbing ones."""
    n, beta, a0, g = 100_000, linear_temperatures(3), torch.zeros(V).double(), torch.Generator().manual_seed(0)
    up, log_z0, _ = partition.annealed_log_weights(rbm, beta, a0, n_chains=n, generator=g)
    down, *_ = reverse_log_weights(rbm, beta, a0, exact_samples(rbm, n, g), g)
    ratio = partition.exact_log_z(rbm) - log_z0
    edges = np.linspace(ratio - 1.5, ratio + 1.5, 13)
    for low, high in itertools.pairwise(edges):
        inside = (up >= low) & (up < high)
        expected = float((up[inside] - ratio).exp().sum()) / n
        found = float(((down >= low) & (down < high)).double().mean())
        assert found == pytest.approx(expected, rel=0.08)


@pytest.mark.parametrize(("n_up", "n_down"), [(4000, 4000), (500, 20_000), (20_000, 500)])
def test_bennett_is_right_with_unequal_numbers_of_chains(rbm, n_up, n_down):
    beta, a0, g = linear_temperatures(4), torch.zeros(V).double(), torch.Generator().manual_seed(1)
    up, log_z0, _ = partition.annealed_log_weights(rbm, beta, a0, n_chains=n_up, generator=g)
    down, *_ = reverse_log_weights(rbm, beta, a0, exact_samples(rbm, n_down, g), g)
    assert bennett_log_ratio(up, down) + log_z0 == pytest.approx(partition.exact_log_z(rbm), abs=0.15)


def test_bennett_solves_its_equation_as_scipy_does():
    rng = np.random.default_rng(0)
    up, down = rng.normal(3, 1, 11), rng.normal(4, 1, 7)
    shift = math.log(7 / 11)
    root = brentq(lambda r: expit(up - r + shift).sum() - expit(r - down - shift).sum(), -50, 50, xtol=1e-13)
    assert bennett_log_ratio(torch.tensor(up), torch.tensor(down)) == pytest.approx(root, abs=1e-10)


def test_raise_estimates_the_annealed_model_without_bias(rbm):
    beta, v = linear_temperatures(4), rbm.visible.states()[[3, 17, 30]]
    exact = exact_end_distribution(rbm, beta, torch.zeros(V))[[3, 17, 30]]
    found = raise_log_probability(rbm, v, n_chains=50_000, temperatures=beta, random_state=0)
    torch.testing.assert_close(found, exact.log(), atol=0.05, rtol=0)
    machine = exact_log_likelihood(rbm, v)
    assert (machine - exact.log()).abs().max() > 0.1  # with four temperatures it is not yet the machine


def test_raise_tends_to_the_machine_from_below_on_average(digits_machine):
    X = torch.tensor((load_digits().X_test[:40] > 0.5).astype(float))
    exact = float(exact_log_likelihood(digits_machine.harmonium_, X).mean())
    means = [
        float(raise_log_probability(digits_machine, X, n_chains=4, n_temperatures=n, random_state=0).mean())
        for n in (3, 20, 300)
    ]
    assert means[0] < means[1] < exact
    assert means[2] == pytest.approx(exact, abs=0.15)


def test_the_gap_is_upper_minus_lower():
    assert Sandwich(1.0, 0.1, 3.5, 0.1, 2.0, 2.1, 2.05).gap == 2.5


def test_errors_say_what_was_given(rbm):
    with pytest.raises(ValueError, match=r"n_chains is 100 and samples has shape \(1, 5\)"):
        sandwich(rbm, torch.zeros(1, V))
    with pytest.raises(ValueError, match="got 4 columns"):
        sandwich(rbm, torch.zeros(3, 4))
    with pytest.raises(ValueError, match="are not 0 or 1"):
        raise_log_probability(rbm, torch.full((2, V), 0.5))
    with pytest.raises(ValueError, match="n_chains is 0"):
        raise_log_probability(rbm, torch.zeros(2, V), n_chains=0)
    big = Harmonium(torch.zeros(41, 37), torch.zeros(41), torch.zeros(37))
    with pytest.raises(ValueError, match=r"both have more than 2\^20 states"):
        exact_samples(big, 2)


def test_the_record_of_the_large_machine_shows_what_the_section_says():
    record = records.load("deep_belief/partition_mnist")
    for run in record["runs"]:
        assert run["lower"] - 3 * run["lower_error"] < run["bennett"] < run["upper"] + 3 * run["upper_error"]
        assert -run["free_energy_test"] - run["upper"] > run["base_test"] + 50
    ladder = {run["n_temperatures"]: run["upper"] - run["lower"] for run in record["runs"] if run["seed"] == 0}
    assert ladder[100] > ladder[1000] > ladder[10_000]
