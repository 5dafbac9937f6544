"""Pseudo-likelihood: conditionals read off a table, scikit-learn's and learnergy's stochastic form, and what it cannot see."""

import importlib.util
import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from sklearn.neural_network import BernoulliRBM

from nndl_support import records
from nndl_support.deep_belief import pseudo_likelihood
from nndl_support.deep_belief.enumeration import exact_log_likelihood
from nndl_support.deep_belief.harmonium import Harmonium
from nndl_support.deep_belief.monitoring import reconstruction_error
from nndl_support.deep_belief.pseudo_likelihood import (
    flip_costs,
    log_pseudo_likelihood,
    stochastic_log_pseudo_likelihood,
)
from nndl_support.deep_belief.units import BernoulliUnits, GaussianUnits

V, H, B = 5, 3, 7


def random(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@pytest.fixture
def rbm():
    return Harmonium(random(V, H), random(V, seed=1), random(H, seed=2))


@pytest.fixture
def v():
    return torch.bernoulli(torch.full((B, V), 0.5).double(), generator=torch.Generator().manual_seed(3))


@pytest.mark.parametrize("scale", [0.1, 1.0, 5.0])
def test_it_is_the_product_of_the_conditionals_of_the_table(rbm, scale):
    rbm = Harmonium(scale * rbm.W, scale * rbm.a, scale * rbm.b)
    states = rbm.visible.states()
    p = exact_log_likelihood(rbm, states).exp().reshape([2] * V)
    table = sum((p / p.sum(i, keepdim=True)).log() for i in range(V)).flatten()
    torch.testing.assert_close(log_pseudo_likelihood(rbm, states), table, atol=1e-10, rtol=1e-10)


@pytest.mark.parametrize("hidden", [BernoulliUnits(H), GaussianUnits(H)], ids=str)
def test_the_cost_of_a_flip_is_a_difference_of_free_energies(rbm, v, hidden):
    rbm = Harmonium(rbm.W, rbm.a, rbm.b, hidden=hidden)
    for i in range(V):
        turned = v.clone()
        turned[:, i] = 1 - turned[:, i]
        torch.testing.assert_close(flip_costs(rbm, v)[:, i], rbm.free_energy(turned) - rbm.free_energy(v))


def test_rows_in_pieces_are_rows_at_once(rbm, v, monkeypatch):
    at_once = flip_costs(rbm, v)
    monkeypatch.setattr(pseudo_likelihood, "_MAX_ENTRIES", 2 * V * H)
    torch.testing.assert_close(flip_costs(rbm, v), at_once)


def test_the_stochastic_form_has_the_exact_expectation(rbm, v):
    many = v.repeat(40_000, 1)
    found = stochastic_log_pseudo_likelihood(rbm, many, torch.Generator().manual_seed(0)).reshape(-1, B)
    error = found.std(0) / len(found) ** 0.5
    assert ((found.mean(0) - log_pseudo_likelihood(rbm, v)).abs() < 5 * error).all()


def test_each_stochastic_value_is_v_times_the_term_of_one_unit(rbm, v):
    terms = V * F.logsigmoid(flip_costs(rbm, v))
    found = stochastic_log_pseudo_likelihood(rbm, v, torch.Generator().manual_seed(1))
    assert ((terms - found[:, None]).abs().min(1).values < 1e-12).all()


def test_it_is_what_scikit_learn_returns_as_score_samples(rbm, v):
    peer = BernoulliRBM(H, random_state=4)
    peer.components_, peer.intercept_hidden_, peer.intercept_visible_ = (x.numpy() for x in (rbm.W.T, rbm.b, rbm.a))
    unit = np.random.RandomState(4).randint(0, V, B)
    terms = (V * F.logsigmoid(flip_costs(rbm, v))).numpy()
    np.testing.assert_allclose(peer.score_samples(v.numpy()), terms[np.arange(B), unit], atol=1e-12)


@pytest.mark.skipif(importlib.util.find_spec("learnergy") is None, reason="learnergy is not installed")
def test_it_is_what_learnergy_estimates(rbm, v):
    from learnergy.models.bernoulli import RBM

    peer = RBM(n_visible=V, n_hidden=H)
    with torch.no_grad():
        for theirs, ours in ((peer.W, rbm.W), (peer.a, rbm.a), (peer.b, rbm.b)):
            theirs.copy_(ours)
    torch.manual_seed(0)
    draws = torch.stack([peer.pseudo_likelihood(v.float()).detach() for _ in range(3000)])
    error = float(draws.std()) / len(draws) ** 0.5
    assert float(draws.mean()) == pytest.approx(float(log_pseudo_likelihood(rbm, v).mean()), abs=5 * error + 1e-4)


def test_it_is_the_likelihood_where_units_are_independent(rbm, v):
    alone = Harmonium(torch.zeros(V, H).double(), rbm.a, rbm.b)
    torch.testing.assert_close(log_pseudo_likelihood(alone, v), exact_log_likelihood(alone, v))
    own = Harmonium(torch.diag(torch.tensor([1.0, -2.0, 3.0, 0.5, 2.0])).double(), rbm.a, random(V, seed=5))
    torch.testing.assert_close(log_pseudo_likelihood(own, v), exact_log_likelihood(own, v))


def coins(noise, share):
    x = math.log(noise / (1 - noise))
    bias = math.log(share / (1 - share)) + 12 * x
    return Harmonium(*(torch.tensor(t).double() for t in ([[-2 * x]] * 12, [x] * 12, [bias])))


def test_it_prefers_the_machine_that_the_likelihood_rejects():
    states = BernoulliUnits(12).states()
    data = exact_log_likelihood(coins(0.05, 0.5), states).exp()
    wrong_share, wrong_noise = coins(0.05, 0.01), coins(0.1, 0.5)
    likelihood = [float(data @ exact_log_likelihood(m, states)) for m in (wrong_share, wrong_noise)]
    pseudo = [float(data @ log_pseudo_likelihood(m, states)) for m in (wrong_share, wrong_noise)]
    assert likelihood[0] < likelihood[1] - 1
    assert pseudo[0] > pseudo[1] + 0.1
    mistakes = [float(data @ reconstruction_error(m, states)) for m in (wrong_share, wrong_noise)]
    assert mistakes[0] < mistakes[1]


def test_two_coins_in_one_machine_are_a_mixture_of_two_products():
    states, lit = BernoulliUnits(12).states(), BernoulliUnits(12).states().sum(1)
    mixture = 0.7 * 0.05**lit * 0.95 ** (12 - lit) + 0.3 * 0.95**lit * 0.05 ** (12 - lit)
    torch.testing.assert_close(exact_log_likelihood(coins(0.05, 0.3), states).exp(), mixture)


def test_errors_say_what_was_given(rbm, v):
    gaussian = Harmonium(rbm.W, rbm.a, rbm.b, GaussianUnits(V))
    for function in (log_pseudo_likelihood, stochastic_log_pseudo_likelihood):
        with pytest.raises(TypeError, match=r"0 or 1 can be turned over; the visible layer is GaussianUnits\(5\)"):
            function(gaussian, v)
        with pytest.raises(ValueError, match="are not 0 or 1"):
            function(rbm, 0.5 * v)
        with pytest.raises(ValueError, match="got 4 columns"):
            function(rbm, v[:, :4])


def test_the_record_against_the_peers_is_below_its_bar():
    record = records.load("deep_belief/pseudo_likelihood_vs_peers")
    assert record["median_ratio"] <= record["bar"]
    assert record["names"][:2] == ["ours", "scikit-learn"]
