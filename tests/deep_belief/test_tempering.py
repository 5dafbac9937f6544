import itertools

import numpy as np
import pytest
import torch
from scipy import stats

from nndl_support.deep_belief.harmonium import Harmonium
from nndl_support.deep_belief.tempering import swap_neighbours, tempered_free_energy, tempered_gibbs_step
from nndl_support.deep_belief.units import BernoulliUnits, GaussianUnits

F64 = torch.float64
V, H = 3, 2


def machine(seed=0, hidden=None):
    generator = torch.Generator().manual_seed(seed)
    W, a, b = (1.5 * torch.randn(shape, generator=generator, dtype=F64) for shape in ((V, H), (V,), (H,)))
    return Harmonium(W, a, b, hidden=hidden)


RBM, BASE = machine(), torch.tensor([0.4, -1.0, 0.2], dtype=F64)
STATES = BernoulliUnits(V).states()


def rung(beta):
    """The machine that stands on a rung: its weights and hidden biases times beta, its visible bias in between."""
    return Harmonium(beta * RBM.W, (1 - beta) * BASE + beta * RBM.a, beta * RBM.b)


def distribution(beta):
    return (-rung(beta).free_energy(STATES)).softmax(0).numpy()


@pytest.mark.parametrize("beta", [0.0, 0.3, 1.0])
def test_a_rung_is_a_machine_of_its_own(beta):
    torch.testing.assert_close(tempered_free_energy(RBM, STATES, beta, BASE), rung(beta).free_energy(STATES))


def test_the_ladder_begins_with_independent_units_and_ends_with_the_machine():
    p = (-tempered_free_energy(RBM, STATES, 0.0, BASE)).softmax(0)
    independent = torch.where(STATES == 1, BASE.sigmoid(), 1 - BASE.sigmoid()).prod(-1)
    torch.testing.assert_close(p, independent)
    assert torch.equal(tempered_free_energy(RBM, STATES, 1.0, BASE), RBM.free_energy(STATES))


def test_all_rungs_at_once_are_a_loop_over_rungs():
    beta = torch.tensor([0.0, 0.25, 0.6, 1.0], dtype=F64)
    v = STATES.expand(4, -1, -1)
    whole = tempered_free_energy(RBM, v, beta[:, None], BASE)
    torch.testing.assert_close(whole, torch.stack([tempered_free_energy(RBM, STATES, b, BASE) for b in beta.tolist()]))


def test_a_step_on_every_rung_keeps_the_distribution_of_that_rung():
    beta, n = torch.tensor([0.0, 0.5, 1.0], dtype=F64), 30_000
    generator = torch.Generator().manual_seed(0)
    start = torch.stack(
        [
            STATES[torch.tensor(distribution(b)).multinomial(n, replacement=True, generator=generator)]
            for b in beta.tolist()
        ]
    )
    moved = tempered_gibbs_step(RBM, start, beta[:, None], BASE, generator)
    for b, chains in zip(beta.tolist(), moved):
        counts = [(chains == state).all(-1).sum().item() for state in STATES]
        assert stats.chisquare(counts, n * distribution(b)).pvalue > 1e-4


def test_a_step_on_a_rung_is_a_gibbs_step_of_its_machine():
    start = STATES[torch.arange(800) % 8]
    ours = tempered_gibbs_step(RBM, start, 0.3, BASE, torch.Generator().manual_seed(1))
    theirs = rung(0.3).gibbs_step(start, torch.Generator().manual_seed(1))
    assert torch.equal(ours, theirs)


@pytest.mark.parametrize("beta", [0.0, 0.4, 1.0])
def test_gaussian_hidden_units_keep_their_variance_of_one_on_every_rung(beta):
    rbm = machine(hidden=GaussianUnits(H))
    own = Harmonium(beta * rbm.W, (1 - beta) * BASE + beta * rbm.a, beta * rbm.b, rbm.visible, rbm.hidden)
    torch.testing.assert_close(tempered_free_energy(rbm, STATES, beta, BASE), own.free_energy(STATES))
    ours = tempered_gibbs_step(rbm, STATES, beta, BASE, torch.Generator().manual_seed(1))
    assert torch.equal(ours, own.gibbs_step(STATES, torch.Generator().manual_seed(1)))


# Swaps --------------------------------------------------------------------------------------------------------------------


def test_swaps_are_accepted_as_metropolis_says_for_every_pair_of_states():
    """Detailed balance on the product space: pi(x, y) A(x, y) = pi(y, x) A(y, x), with A measured."""
    beta, n = torch.tensor([0.4, 1.0], dtype=F64), 4000
    p_low, p_high = distribution(0.4), distribution(1.0)
    for x, y in itertools.product((0, 3, 5), (1, 6, 7)):
        v = torch.stack([STATES[x].expand(n, -1), STATES[y].expand(n, -1)])
        swapped, accepted = swap_neighbours(RBM, v, beta, BASE, generator=torch.Generator().manual_seed(x + y))
        expected = min(1.0, p_low[y] * p_high[x] / (p_low[x] * p_high[y]))
        assert float(accepted) == pytest.approx(expected, abs=0.04)
        went = (swapped[1] == STATES[x]).all(-1)
        assert float(went.to(F64).mean()) == float(accepted)
        assert torch.equal(swapped[0], torch.where(went[:, None], STATES[y], STATES[x]))


def test_swaps_leave_the_joint_distribution_of_the_ladder_as_it_is():
    beta, n = torch.tensor([0.0, 0.5, 1.0], dtype=F64), 30_000
    generator = torch.Generator().manual_seed(3)
    v = torch.stack(
        [
            STATES[torch.tensor(distribution(b)).multinomial(n, replacement=True, generator=generator)]
            for b in beta.tolist()
        ]
    )
    for first in (0, 1, 0):
        v, _ = swap_neighbours(RBM, v, beta, BASE, first=first, generator=generator)
    for b, chains in zip(beta.tolist(), v):
        counts = [(chains == state).all(-1).sum().item() for state in STATES]
        assert stats.chisquare(counts, n * distribution(b)).pvalue > 1e-4


@pytest.mark.parametrize(
    ("first", "n_rungs", "pairs"),
    [(0, 4, [(0, 1), (2, 3)]), (1, 4, [(1, 2)]), (0, 5, [(0, 1), (2, 3)]), (1, 5, [(1, 2), (3, 4)])],
)
def test_who_is_whose_neighbour(first, n_rungs, pairs):
    """Machines without any energy accept every swap, so the order of the rungs shows who changed with whom."""
    still = Harmonium(torch.zeros(1, 1), torch.zeros(1), torch.zeros(1))
    v = torch.arange(n_rungs, dtype=torch.float32).reshape(n_rungs, 1, 1)
    swapped, accepted = swap_neighbours(still, v, torch.linspace(0, 1, n_rungs), torch.zeros(1), first=first)
    expected = np.arange(n_rungs)
    for low, high in pairs:
        expected[[low, high]] = expected[[high, low]]
    np.testing.assert_array_equal(swapped.flatten(), expected)
    assert accepted.tolist() == [1.0] * len(pairs)


def test_no_state_is_lost_and_none_is_changed_in_place():
    beta = torch.linspace(0, 1, 5, dtype=F64)
    v = torch.randint(0, 2, (5, 7, V), generator=torch.Generator().manual_seed(0)).to(F64)
    before = v.clone()
    swapped, _ = swap_neighbours(RBM, v, beta, BASE, generator=torch.Generator().manual_seed(1))
    assert torch.equal(v, before)
    code = torch.tensor([4.0, 2.0, 1.0], dtype=F64)
    assert torch.equal((swapped @ code).sort(0).values, (v @ code).sort(0).values)


def test_tempered_chains_cross_where_plain_chains_stay():
    """Two modes, all on and all off, of equal probability: one coupled pair of layers with a barrier in between."""
    W = torch.full((4, 4), 4.0, dtype=F64)
    two_modes = Harmonium(W, W.new_full((4,), -8.0), W.new_full((4,), -8.0))
    generator, beta = torch.Generator().manual_seed(0), torch.linspace(0, 1, 8, dtype=F64)
    plain = torch.zeros(200, 4, dtype=F64)
    ladder = torch.zeros(8, 200, 4, dtype=F64)
    for step in range(60):
        plain = two_modes.gibbs_step(plain, generator)
        ladder = tempered_gibbs_step(two_modes, ladder, beta[:, None], torch.zeros(4, dtype=F64), generator)
        ladder, _ = swap_neighbours(
            two_modes, ladder, beta, torch.zeros(4, dtype=F64), first=step % 2, generator=generator
        )
    assert float(plain.mean()) < 0.1
    assert 0.35 < float(ladder[-1].mean()) < 0.65
