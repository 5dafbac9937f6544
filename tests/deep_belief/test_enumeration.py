import itertools
import math

import numpy as np
import pytest
import torch
from scipy import integrate
from scipy.special import logsumexp

from nndl_support.deep_belief import enumeration
from nndl_support.deep_belief.enumeration import exact_log_likelihood, exact_moments, is_enumerable, log_z
from nndl_support.deep_belief.harmonium import Harmonium
from nndl_support.deep_belief.units import BernoulliUnits, GaussianUnits, JointUnits, SoftmaxUnits

F64 = torch.float64


def machine(visible, hidden, seed=0, scale=1.0):
    generator = torch.Generator().manual_seed(seed)
    shapes = (visible.n, hidden.n), (visible.n,), (hidden.n,)
    return Harmonium(*(scale * torch.randn(s, generator=generator, dtype=F64) for s in shapes), visible, hidden)


DISCRETE = [
    machine(BernoulliUnits(5), BernoulliUnits(3)),
    machine(BernoulliUnits(3), BernoulliUnits(5)),
    machine(BernoulliUnits(3), BernoulliUnits(3)),
    machine(SoftmaxUnits(6, 3), BernoulliUnits(2)),
    machine(JointUnits([BernoulliUnits(3), SoftmaxUnits(2, 2)]), BernoulliUnits(2)),
    machine(BernoulliUnits(2), SoftmaxUnits(7, 7)),
]
IDS = [f"{rbm.visible!r}-{rbm.hidden!r}" for rbm in DISCRETE]


def log_weights(rbm):
    """-E(v, h) of all pairs of states in NumPy."""
    v, h = rbm.visible.states().numpy(), rbm.hidden.states().numpy()
    W, a, b = rbm.W.numpy(), rbm.a.numpy(), rbm.b.numpy()
    return (v @ a)[:, None] + h @ b + v @ W @ h.T


@pytest.mark.parametrize("rbm", DISCRETE, ids=IDS)
def test_partition_function_is_the_sum_over_all_pairs(rbm):
    assert float(log_z(rbm)) == pytest.approx(logsumexp(log_weights(rbm)), abs=1e-12)


@pytest.mark.parametrize("rbm", DISCRETE, ids=IDS)
def test_moments_are_the_averages_over_all_pairs(rbm):
    p = np.exp(log_weights(rbm) - logsumexp(log_weights(rbm)))
    v, h = rbm.visible.states().numpy(), rbm.hidden.states().numpy()
    found = exact_moments(rbm)
    np.testing.assert_allclose(found.W, v.T @ p @ h, rtol=1e-11)
    np.testing.assert_allclose(found.a, p.sum(1) @ v, rtol=1e-11)
    np.testing.assert_allclose(found.b, p.sum(0) @ h, rtol=1e-11)


def test_a_unit_object_that_serves_both_layers_does_not_confuse_them():
    units = BernoulliUnits(3)
    shared, apart = machine(units, units, seed=5), machine(BernoulliUnits(3), BernoulliUnits(3), seed=5)
    for ours, theirs in zip(exact_moments(shared), exact_moments(apart)):
        torch.testing.assert_close(ours, theirs)
    assert not torch.allclose(exact_moments(shared).W, exact_moments(shared).W.T)


@pytest.mark.parametrize("rbm", DISCRETE, ids=IDS)
def test_moments_are_the_derivatives_of_log_z(rbm):
    """d log Z / d theta by central differences."""
    step = 1e-5
    found = exact_moments(rbm)
    for name in ("W", "a", "b"):
        parameter = getattr(rbm, name)
        for place in itertools.islice(np.ndindex(*parameter.shape), 0, None, 2):
            values = []
            for sign in (1, -1):
                moved = {n: getattr(rbm, n).clone() for n in ("W", "a", "b")}
                moved[name][place] += sign * step
                values.append(float(log_z(Harmonium(**moved, visible=rbm.visible, hidden=rbm.hidden))))
            slope = (values[0] - values[1]) / (2 * step)
            assert slope == pytest.approx(float(getattr(found, name)[place]), abs=1e-9)


@pytest.mark.parametrize("rbm", DISCRETE, ids=IDS)
def test_probabilities_of_all_visible_states_sum_to_one(rbm):
    assert float(exact_log_likelihood(rbm, rbm.visible.states()).exp().sum()) == pytest.approx(1.0, abs=1e-12)


def test_density_of_a_gaussian_machine_integrates_to_one():
    rbm = machine(GaussianUnits(1), BernoulliUnits(3), scale=0.7)
    density = lambda x: float(exact_log_likelihood(rbm, torch.tensor([[x]], dtype=F64)).exp())  # noqa: E731
    assert integrate.quad(density, -15, 15)[0] == pytest.approx(1.0, abs=1e-8)
    mean = integrate.quad(lambda x: x * density(x), -15, 15)[0]
    assert mean == pytest.approx(float(exact_moments(rbm).a), abs=1e-7)


def test_gaussian_hidden_units_are_summed_out_against_listed_visible_states():
    rbm = machine(BernoulliUnits(2), GaussianUnits(1), scale=0.7)
    total, first = 0.0, 0.0
    for v in rbm.visible.states():

        def weight(x, v=v):
            return float((-rbm.energy(v[None], torch.tensor([[x]], dtype=F64))).exp())

        total += integrate.quad(weight, -15, 15)[0]
        first += integrate.quad(lambda x, w=weight: x * w(x), -15, 15)[0]
    assert float(log_z(rbm)) == pytest.approx(math.log(total), abs=1e-8)
    assert float(exact_moments(rbm).b) == pytest.approx(first / total, abs=1e-8)


def test_pieces_change_nothing(monkeypatch):
    rbm = DISCRETE[1]
    whole, whole_z = exact_moments(rbm), log_z(rbm)
    monkeypatch.setattr(enumeration, "_CHUNK", 3)
    torch.testing.assert_close(log_z(rbm), whole_z)
    for ours, theirs in zip(exact_moments(rbm), whole):
        torch.testing.assert_close(ours, theirs)


def test_single_precision_machines_are_summed_in_double_but_keep_their_moments_single():
    rbm = DISCRETE[0].to(torch.float32)
    assert log_z(rbm).dtype == exact_log_likelihood(rbm, torch.zeros(1, 5)).dtype == F64
    assert all(part.dtype == torch.float32 for part in exact_moments(rbm))
    np.testing.assert_allclose(exact_moments(rbm).W, exact_moments(DISCRETE[0]).W, rtol=1e-5)


def test_large_energies_do_not_overflow():
    rbm = Harmonium(torch.full((3, 2), 4000.0, dtype=F64), torch.zeros(3, dtype=F64), torch.zeros(2, dtype=F64))
    assert float(log_z(rbm)) == pytest.approx(24_000.0)


def test_too_many_states_are_named_with_a_way_out():
    rbm = Harmonium(torch.zeros(1200, 21), torch.zeros(1200), torch.zeros(21))
    assert not is_enumerable(rbm)
    with pytest.raises(ValueError, match=r"have 2\^1200 and 2\^21 states; one of them must have at most 2\^20"):
        log_z(rbm)
    with pytest.raises(ValueError, match="annealed importance sampling"):
        exact_moments(rbm)


def test_real_units_opposite_to_too_many_binary_ones_are_named():
    rbm = Harmonium(torch.zeros(3, 21), torch.zeros(3), torch.zeros(21), GaussianUnits(3))
    with pytest.raises(ValueError, match=r"have infinitely many and 2\^21 states"):
        log_z(rbm)


def test_either_layer_may_be_the_small_one():
    assert is_enumerable(Harmonium(torch.zeros(30, 20), torch.zeros(30), torch.zeros(20)))
    assert is_enumerable(Harmonium(torch.zeros(20, 30), torch.zeros(20), torch.zeros(30)))
    assert is_enumerable(Harmonium(torch.zeros(30, 5), torch.zeros(30), torch.zeros(5), GaussianUnits(30)))
