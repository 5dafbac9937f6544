import numpy as np
import pytest
import torch

from nndl_support.deep_belief.enumeration import exact_moments
from nndl_support.deep_belief.harmonium import Harmonium
from nndl_support.deep_belief.moments import contrastive_divergence, moments
from nndl_support.deep_belief.negative_phase import METHODS, NegativePhase
from nndl_support.deep_belief.units import BernoulliUnits, GaussianUnits, SoftmaxUnits

F64 = torch.float64
V, H, B = 5, 3, 7


def machine(visible=None, hidden=None, seed=0):
    generator = torch.Generator().manual_seed(seed)
    shapes = (
        (getattr(visible, "n", V), getattr(hidden, "n", H)),
        (getattr(visible, "n", V),),
        (getattr(hidden, "n", H),),
    )
    return Harmonium(*(0.7 * torch.randn(s, generator=generator, dtype=F64) for s in shapes), visible, hidden)


RBM = machine()
BATCH = torch.randint(0, 2, (B, V), generator=torch.Generator().manual_seed(1)).double()


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def test_exact_is_the_enumeration():
    for ours, exact in zip(NegativePhase("exact")(RBM, BATCH), exact_moments(RBM)):
        assert torch.equal(ours, exact)


def test_contrastive_divergence_starts_at_the_batch_every_time():
    phase, generator = NegativePhase("cd", n_steps=2, generator=seeded()), seeded()
    for _ in range(3):
        expected, _ = contrastive_divergence(RBM, BATCH, 2, generator)
        for ours, theirs in zip(phase(RBM, BATCH), expected):
            assert torch.equal(ours, theirs)
    assert phase.chains is None


def test_persistent_chains_go_on_where_they_stopped_and_do_not_look_at_the_batch():
    phase, generator = NegativePhase("pcd", n_steps=2, n_chains=11, generator=seeded()), seeded()
    v = RBM.visible.sample(RBM.a.expand(11, -1), generator)
    for batch in (BATCH, BATCH[:2], 1 - BATCH):
        expected, v = contrastive_divergence(RBM, v, 2, generator)
        for ours, theirs in zip(phase(RBM, batch), expected):
            assert torch.equal(ours, theirs)
        assert torch.equal(phase.chains, v)


@pytest.mark.parametrize("method", ["pcd", "pt"])
def test_chains_that_never_stop_have_the_moments_of_the_model(method):
    phase = NegativePhase(
        method, n_chains=500, n_temperatures=4, base_bias=torch.zeros(V, dtype=F64), generator=seeded()
    )
    for _ in range(20):
        phase(RBM, BATCH)
    calls = [phase(RBM, BATCH) for _ in range(100)]
    for ours, exact in zip((sum(parts) / 100 for parts in zip(*calls)), exact_moments(RBM)):
        np.testing.assert_allclose(ours, exact, atol=0.02)


def test_tempered_chains_stand_on_every_rung_and_the_top_one_counts():
    phase = NegativePhase("pt", n_chains=11, n_temperatures=4, generator=seeded())
    negative = phase(RBM, BATCH)
    assert phase.chains.shape == (4, 11, V)
    for ours, theirs in zip(negative, moments(RBM, phase.chains[-1])):
        assert torch.equal(ours, theirs)
    assert phase.swap_rates.shape == (2,)  # rungs 0-1 and 2-3
    phase(RBM, BATCH)
    assert phase.swap_rates.shape == (1,)  # then 1-2


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    ("visible", "hidden"), [(GaussianUnits(2), None), (None, GaussianUnits(2)), (SoftmaxUnits(6, 3), None)], ids=repr
)
def test_every_method_serves_every_kind_of_units(method, visible, hidden):
    rbm = machine(visible, hidden)
    batch = rbm.visible.sample(torch.zeros(B, rbm.visible.n, dtype=F64), seeded())
    negative = NegativePhase(method, n_temperatures=3, generator=seeded())(rbm, batch)
    assert negative.W.shape == rbm.W.shape
    assert all(torch.isfinite(part).all() for part in negative)


def test_as_many_chains_as_rows_unless_told():
    phase = NegativePhase("pcd")
    phase(RBM, BATCH)
    assert phase.chains.shape == (B, V)


def test_chains_start_at_the_base_bias():
    phase = NegativePhase("pcd", n_chains=3, base_bias=torch.full((V,), 60.0, dtype=F64))
    assert torch.equal(phase._start(RBM, B), torch.ones(3, V, dtype=F64))
    assert isinstance(RBM.visible, BernoulliUnits)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"method": "mcmc"}, "method is 'mcmc'; expected one of cd, pcd, pt, exact"),
        ({"n_steps": 0}, "n_steps is 0; expected at least 1"),
        ({"n_chains": 0}, "n_chains is 0; expected at least 1"),
        ({"method": "pt", "n_temperatures": 1}, "n_temperatures is 1; expected at least 2"),
    ],
)
def test_impossible_options_are_named(options, message):
    with pytest.raises(ValueError, match=message):
        NegativePhase(**options)
