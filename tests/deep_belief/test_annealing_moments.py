"""Expectations of annealing by transition matrices: unbiased to the last digit, and what chains scatter around."""

import itertools
import math

import pytest
import torch

from nndl_support.deep_belief import partition, reverse_annealing
from nndl_support.deep_belief.annealing_moments import (
    exact_end_distribution,
    exact_reverse_moments,
    exact_weight_moments,
)
from nndl_support.deep_belief.annealing_path import linear_temperatures, log_z_at_base, tempered_machine
from nndl_support.deep_belief.expected_divergence import gibbs_matrix
from nndl_support.deep_belief.harmonium import Harmonium
from nndl_support.deep_belief.importance_sampling import exact_log_weight_moments
from nndl_support.deep_belief.units import SoftmaxUnits

V, H, C = 5, 3, 20_000
LADDERS = (linear_temperatures(2), linear_temperatures(5), torch.tensor([0.0, 0.1, 0.15, 0.8, 1.0]))


def random(*shape, seed=0, scale=1.0):
    return scale * torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@pytest.fixture(params=[0, 1, 2])
def rbm(request):
    return Harmonium(random(V, H, seed=request.param, scale=1.5), random(V, seed=11), random(H, seed=12))


def ratio(rbm, a0):
    return partition.exact_log_z(rbm) - log_z_at_base(rbm, a0)


def test_the_gibbs_matrix_is_a_sum_over_hidden_states(rbm):
    T, states = gibbs_matrix(rbm), rbm.visible.states()
    v, w = states[19], states[6]
    total = 0.0
    for h in rbm.hidden.states():
        q, p = rbm.mean_hidden(v), rbm.mean_visible(h)
        total += float(torch.where(h == 1, q, 1 - q).prod() * torch.where(w == 1, p, 1 - p).prod())
    assert float(T[19, 6]) == pytest.approx(total, rel=1e-12)


def test_the_gibbs_matrix_keeps_the_machine_and_is_reversible(rbm):
    T, p = gibbs_matrix(rbm), (-rbm.free_energy(rbm.visible.states())).softmax(0)
    torch.testing.assert_close(T.sum(1), torch.ones(2**V).double())
    torch.testing.assert_close(p @ T, p)
    torch.testing.assert_close(p[:, None] * T, (p[:, None] * T).T)


@pytest.mark.parametrize("beta", LADDERS, ids=len)
@pytest.mark.parametrize("base", [0.0, 1.0])
def test_annealing_is_unbiased_in_both_directions(rbm, beta, base):
    a0 = base * random(V, seed=13)
    up, down = exact_weight_moments(rbm, beta, a0), exact_reverse_moments(rbm, beta, a0)
    assert up.log_mean == pytest.approx(ratio(rbm, a0), abs=1e-12)
    assert down.log_mean == pytest.approx(-ratio(rbm, a0), abs=1e-12)


def test_softmax_units_are_annealed_without_bias():
    rbm = Harmonium(random(6, 2), random(6, seed=1), random(2, seed=2), SoftmaxUnits(6, 3))
    a0 = random(6, seed=3)
    assert exact_weight_moments(rbm, LADDERS[1], a0).log_mean == pytest.approx(ratio(rbm, a0), abs=1e-12)


def test_the_mean_logarithms_enclose_the_truth_and_close_in(rbm):
    a0, gaps = torch.zeros(V).double(), []
    for n in (2, 5, 17, 65):
        up, down = (f(rbm, linear_temperatures(n), a0) for f in (exact_weight_moments, exact_reverse_moments))
        assert up.mean_log < ratio(rbm, a0) < -down.mean_log
        gaps.append(-down.mean_log - up.mean_log)
    assert gaps == sorted(gaps, reverse=True)
    assert 3 < gaps[2] / gaps[3] < 5  # a quarter of the step, a quarter of the gap


def test_two_temperatures_are_simple_importance_sampling(rbm):
    a0 = random(V, seed=13)
    up = exact_weight_moments(rbm, linear_temperatures(2), a0)
    assert (up.log_mean, up.log_mean_square) == pytest.approx(exact_log_weight_moments(rbm, a0), abs=1e-12)


def test_a_sum_over_all_paths_agrees():
    """Three temperatures and two visible units: every path of states is listed, with its probability and its weight."""
    rbm, a0 = Harmonium(random(2, 1), random(2, seed=1), random(1, seed=2)), random(2, seed=3)
    rungs = [tempered_machine(rbm, b, a0) for b in (0.0, 0.4, 1.0)]
    F = [r.free_energy(r.visible.states()) for r in rungs]
    p0, T = (-F[0]).softmax(0), gibbs_matrix(rungs[1])
    once = log = twice = 0.0
    for i, j in itertools.product(range(4), repeat=2):
        weight = float((F[0][i] - F[1][i] + F[1][j] - F[2][j]).exp())
        chance = float(p0[i] * T[i, j])
        once, log, twice = once + chance * weight, log + chance * math.log(weight), twice + chance * weight**2
    found = exact_weight_moments(rbm, [0.0, 0.4, 1.0], a0)
    assert found == pytest.approx((math.log(once), log, math.log(twice)), abs=1e-12)


@pytest.mark.parametrize("beta", LADDERS[1:], ids=len)
def test_climbing_chains_scatter_around_the_exact_moments(rbm, beta):
    a0 = 0.5 * random(V, seed=13)
    log_w, log_z0, v = partition.annealed_log_weights(
        rbm, beta, a0, n_chains=C, generator=torch.Generator().manual_seed(7)
    )
    exact = exact_weight_moments(rbm, beta, a0)
    assert log_z0 == pytest.approx(log_z_at_base(rbm, a0), abs=1e-12)
    assert abs(float(log_w.mean()) - exact.mean_log) < 5 * float(log_w.std()) / C**0.5
    estimate, error = partition.log_mean_weight(log_w)
    assert abs(estimate - exact.log_mean) < 5 * error
    assert error == pytest.approx(math.sqrt((math.exp(exact.log_mean_square - 2 * exact.log_mean) - 1) / C), rel=0.25)
    where = torch.bincount((v @ torch.tensor([16.0, 8, 4, 2, 1]).double()).long(), minlength=32) / C
    torch.testing.assert_close(where.double(), exact_end_distribution(rbm, beta, a0), atol=0.02, rtol=0)


@pytest.mark.parametrize("from_machine", [True, False])
def test_descending_chains_scatter_around_the_exact_moments(rbm, from_machine):
    beta, a0, generator = LADDERS[1], 0.5 * random(V, seed=13), torch.Generator().manual_seed(8)
    start = None if from_machine else torch.full((2**V,), 2.0**-V)
    v = (
        reverse_annealing.exact_samples(rbm, C, generator)
        if from_machine
        else torch.bernoulli(torch.full((C, V), 0.5).double(), generator=generator)
    )
    log_w, *_ = reverse_annealing.reverse_log_weights(rbm, beta, a0, v, generator)
    exact = exact_reverse_moments(rbm, beta, a0, start)
    assert abs(float(-log_w.mean()) - exact.mean_log) < 5 * float(log_w.std()) / C**0.5
    estimate, error = partition.log_mean_weight(-log_w)
    assert abs(estimate - exact.log_mean) < 5 * error


def test_a_descent_that_starts_elsewhere_is_biased(rbm):
    a0, n = torch.zeros(V).double(), 2**V
    elsewhere = torch.zeros(n).double()
    elsewhere[int(rbm.free_energy(rbm.visible.states()).argmax())] = 1.0
    found = exact_reverse_moments(rbm, LADDERS[1], a0, elsewhere)
    assert abs(found.log_mean + ratio(rbm, a0)) > 0.01


def test_chains_that_climb_slowly_end_at_the_machine(rbm):
    p = (-rbm.free_energy(rbm.visible.states())).softmax(0)
    distances = [
        float((exact_end_distribution(rbm, linear_temperatures(n), torch.zeros(V)) - p).abs().sum()) for n in (2, 9, 65)
    ]
    assert distances == sorted(distances, reverse=True)
    assert distances[-1] < 0.05


def test_errors_say_what_was_given(rbm):
    big = Harmonium(torch.zeros(13, 2), torch.zeros(13), torch.zeros(2))
    with pytest.raises(ValueError, match="neither may have more than 4096 states"):
        gibbs_matrix(big)
    with pytest.raises(ValueError, match=r"start has shape \(3,\), but there are 32 visible states"):
        exact_reverse_moments(rbm, LADDERS[0], torch.zeros(V), torch.ones(3))
    with pytest.raises(ValueError, match=r"base_bias has shape \(2,\), but the machine has 5"):
        exact_weight_moments(rbm, LADDERS[0], torch.zeros(2))
