"""Simple importance sampling: sums over both layers, exact moments of the weight, and an effective number that is naive."""

import math

import pytest
import torch

from nndl_support.deep_belief import partition
from nndl_support.deep_belief.annealing_path import tempered_machine
from nndl_support.deep_belief.harmonium import Harmonium
from nndl_support.deep_belief.importance_sampling import (
    effective_sample_size,
    exact_log_weight_moments,
    importance_log_weights,
    log_z_over_both_layers,
)
from nndl_support.deep_belief.units import SoftmaxUnits

V, H = 5, 3


def random(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@pytest.fixture
def rbm():
    return Harmonium(random(V, H), random(V, seed=1), random(H, seed=2))


def test_the_sum_over_both_layers_is_a_loop_over_all_pairs(rbm):
    total = 0.0
    for v in rbm.visible.states():
        for h in rbm.hidden.states():
            total += math.exp(-float(rbm.energy(v, h)))
    assert log_z_over_both_layers(rbm) == pytest.approx(math.log(total), abs=1e-12)


@pytest.mark.parametrize("size", [(V, H), (H, V)])
def test_it_equals_the_sum_over_one_layer(size):
    rbm = Harmonium(random(*size), random(size[0], seed=1), random(size[1], seed=2))
    assert log_z_over_both_layers(rbm) == pytest.approx(partition.exact_log_z(rbm), abs=1e-12)


def test_it_sums_over_softmax_states_too():
    rbm = Harmonium(random(6, 2), random(6, seed=1), random(2, seed=2), SoftmaxUnits(6, 3))
    assert log_z_over_both_layers(rbm) == pytest.approx(partition.exact_log_z(rbm), abs=1e-12)


def test_the_mean_weight_is_the_ratio_of_partition_functions(rbm):
    a0 = random(V, seed=3)
    z0 = partition.exact_log_z(tempered_machine(rbm, 0.0, a0))
    assert exact_log_weight_moments(rbm, a0)[0] == pytest.approx(partition.exact_log_z(rbm) - z0, abs=1e-12)


def test_the_mean_squared_weight_is_a_sum_over_states(rbm):
    a0, states = random(V, seed=3), rbm.visible.states()
    base = tempered_machine(rbm, 0.0, a0)
    p0 = (-base.free_energy(states)).softmax(0)
    w = (base.free_energy(states) - rbm.free_energy(states)).exp()
    expected = math.log(float((p0 * w**2).sum()))
    assert exact_log_weight_moments(rbm, a0)[1] == pytest.approx(expected, abs=1e-12)


def test_drawn_weights_have_the_exact_moments(rbm):
    a0 = 0.5 * random(V, seed=3)
    log_w, log_z0 = importance_log_weights(rbm, a0, 200_000, torch.Generator().manual_seed(4))
    log_mean, log_square = exact_log_weight_moments(rbm, a0)
    assert log_z0 == pytest.approx(partition.exact_log_z(tempered_machine(rbm, 0.0, a0)), abs=1e-12)
    estimate, error = partition.log_mean_weight(log_w)
    assert abs(estimate - log_mean) < 5 * error < 0.1
    share = effective_sample_size(log_w) / len(log_w)
    assert share == pytest.approx(math.exp(2 * log_mean - log_square), rel=0.1)


def test_copies_side_by_side_multiply_the_effective_share(rbm):
    two = Harmonium(torch.block_diag(rbm.W, rbm.W), rbm.a.repeat(2), rbm.b.repeat(2))
    one = exact_log_weight_moments(rbm, torch.zeros(V).double())
    assert exact_log_weight_moments(two, torch.zeros(2 * V).double()) == pytest.approx([2 * m for m in one], abs=1e-10)


def test_the_effective_sample_size_counts_equal_weights():
    assert effective_sample_size(torch.full((7,), 3000.0)) == pytest.approx(7.0)
    weights = torch.tensor([1.0, 2.0, 5.0], dtype=torch.float64)
    assert effective_sample_size(weights.log()) == pytest.approx(64 / 30)
    assert effective_sample_size(torch.tensor([0.0, -math.inf])) == 1.0


def test_errors_say_what_was_given(rbm):
    big = Harmonium(torch.zeros(13, 11), torch.zeros(13), torch.zeros(11))
    with pytest.raises(ValueError, match=r"have 1\.67772e\+07 pairs of states, more than 2\^22"):
        log_z_over_both_layers(big)
    with pytest.raises(ValueError, match="n_samples is 0"):
        importance_log_weights(rbm, torch.zeros(V), 0)
    with pytest.raises(ValueError, match=r"shape \(2, 2\); expected a row"):
        effective_sample_size(torch.zeros(2, 2))
