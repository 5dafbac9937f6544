import itertools
import math

import numpy as np
import pytest
import torch

from nndl_support.deep_belief import dbn_bound, enumeration
from nndl_support.deep_belief.belief_stack import BeliefStack
from nndl_support.deep_belief.harmonium import Harmonium
from nndl_support.deep_belief.layer_machine import upside_down
from nndl_support.deep_belief.units import BernoulliUnits
from tests.deep_belief.stacks import F64, V_ROWS, random_stack


def numpy_log_joint(stack, v):
    """log p(v, h1, h2) and log q(h1, h2 | v) for all hidden states, with loops and NumPy: a second implementation."""
    top_W, top_a, top_b = stack.top.W.numpy(), stack.top.a.numpy(), stack.top.b.numpy()

    def log_sigmoid_layer(x, y, layer):
        field = x @ layer.weight.numpy() + layer.bias.numpy()
        return sum(-np.log1p(np.exp(-f)) if on else -np.log1p(np.exp(f)) for f, on in zip(field, y, strict=True))

    def log_weight(h2):
        return math.log(
            sum(
                np.exp(top_a @ h2 + top_b @ np.array(g) + h2 @ top_W @ np.array(g))
                for g in itertools.product((0, 1), repeat=4)
            )
        )

    all_h2 = [np.array(h) for h in itertools.product((0, 1), repeat=2)]
    log_z = math.log(sum(math.exp(log_weight(h)) for h in all_h2))
    joint, recognition = [], []
    for h1 in itertools.product((0, 1), repeat=3):
        for h2 in all_h2:
            h1 = np.array(h1)
            joint.append(
                log_sigmoid_layer(h1, v, stack.generative[0])
                + log_sigmoid_layer(h2, h1, stack.generative[1])
                + log_weight(h2)
                - log_z
            )
            recognition.append(
                log_sigmoid_layer(v, h1, stack.recognition[0]) + log_sigmoid_layer(h1, h2, stack.recognition[1])
            )
    return np.array(joint), np.array(recognition)


def test_likelihood_posterior_and_bound_agree_with_an_independent_implementation():
    stack = random_stack()
    for row in V_ROWS:
        joint, recognition = numpy_log_joint(stack, row.numpy())
        likelihood = np.log(np.exp(joint).sum())
        bound = (np.exp(recognition) * (joint - recognition)).sum()
        assert dbn_bound.exact_log_likelihood(stack, row[None]).item() == pytest.approx(likelihood, abs=1e-10)
        assert dbn_bound.exact_bound(stack, row[None]).item() == pytest.approx(bound, abs=1e-10)
        np.testing.assert_allclose(dbn_bound.exact_log_posterior(stack, row[None])[0], joint - likelihood, atol=1e-10)


def test_the_likelihood_sums_to_one_over_all_data():
    everything = BernoulliUnits(5).states()
    assert abs(dbn_bound.exact_log_likelihood(random_stack(seed=1), everything).exp().sum() - 1) < 1e-10


def test_the_gap_is_the_divergence_of_the_factorial_guess_from_the_posterior():
    stack = random_stack(seed=2)
    gap = dbn_bound.exact_log_likelihood(stack, V_ROWS) - dbn_bound.exact_bound(stack, V_ROWS)
    posterior = dbn_bound.exact_log_posterior(stack, V_ROWS)
    states = [V_ROWS[:, None].expand(-1, 32, -1), *(h.expand(3, -1, -1) for h in dbn_bound.hidden_states(stack))]
    log_q = stack.log_recognition(states)
    np.testing.assert_allclose(gap, (log_q.exp() * (log_q - posterior)).sum(1), atol=1e-10)
    assert (gap > 0).all()


@pytest.mark.parametrize("seed", range(4))
def test_a_second_machine_upside_down_leaves_likelihood_and_bound_where_they_were(seed):
    generator = torch.Generator().manual_seed(seed)
    rbm = Harmonium(*(2 * torch.randn(shape, generator=generator, dtype=F64) for shape in ((5, 3), (5,), (3,))))
    stack = BeliefStack.from_machines([rbm, upside_down(rbm)])
    expected = enumeration.exact_log_likelihood(rbm, V_ROWS)
    np.testing.assert_allclose(dbn_bound.exact_bound(stack, V_ROWS), expected, atol=1e-10)
    np.testing.assert_allclose(dbn_bound.exact_log_likelihood(stack, V_ROWS), expected, atol=1e-10)
    # without noise: every single draw has the same weight
    drawn = dbn_bound.sampled_bound(stack, V_ROWS, enumeration.log_z(stack.top), n_samples=1, generator=generator)
    np.testing.assert_allclose(drawn, expected, atol=1e-10)


def test_a_third_machine_upside_down_changes_nothing_either():
    generator = torch.Generator().manual_seed(7)
    rbm = Harmonium(*(torch.randn(shape, generator=generator, dtype=F64) for shape in ((5, 3), (5,), (3,))))
    stack = BeliefStack.from_machines([rbm, upside_down(rbm), rbm])
    np.testing.assert_allclose(
        dbn_bound.exact_bound(stack, V_ROWS), enumeration.exact_log_likelihood(rbm, V_ROWS), atol=1e-10
    )


def test_a_single_machine_is_a_stack_of_one():
    rbm = Harmonium(
        *(torch.randn(shape, generator=torch.Generator().manual_seed(8), dtype=F64) for shape in ((5, 3), (5,), (3,)))
    )
    expected = enumeration.exact_log_likelihood(rbm, V_ROWS)
    stack = BeliefStack([], [], rbm)
    np.testing.assert_allclose(dbn_bound.exact_bound(stack, V_ROWS), expected, atol=1e-12)
    np.testing.assert_allclose(dbn_bound.exact_log_likelihood(stack, V_ROWS), expected, atol=1e-12)


def test_the_sampled_bound_is_unbiased():
    stack, n = random_stack(seed=3), 4000
    exact, generator = dbn_bound.exact_bound(stack, V_ROWS), torch.Generator().manual_seed(0)
    rows, log_z = V_ROWS.repeat(n, 1), enumeration.log_z(stack.top)
    draws = dbn_bound.sampled_bound(stack, rows, log_z, n_samples=1, generator=generator).reshape(n, 3)
    assert ((draws.mean(0) - exact).abs() < 5 * draws.std(0) / math.sqrt(n)).all()


def test_the_importance_weighted_bound_rises_to_the_likelihood():
    generator = torch.Generator().manual_seed(0)
    below, above = (
        Harmonium(*(torch.randn(s, generator=generator, dtype=F64) for s in ((m, n), (m,), (n,))))
        for m, n in ((5, 3), (3, 2))
    )
    stack = BeliefStack.from_machines([below, above])
    log_z, exact = enumeration.log_z(above), dbn_bound.exact_log_likelihood(stack, V_ROWS)
    many = dbn_bound.importance_weighted_bound(stack, V_ROWS, log_z, n_samples=2000, generator=generator)
    np.testing.assert_allclose(many, exact, atol=0.1)
    rows = V_ROWS.repeat(500, 1)
    few = dbn_bound.importance_weighted_bound(stack, rows, log_z, n_samples=3, generator=generator)
    few = few.reshape(500, 3).mean(0)
    assert (few < exact).all()
    assert (few > dbn_bound.exact_bound(stack, V_ROWS)).all()


def test_labels_count_as_hidden():
    stack = random_stack(n_labels=3, seed=5)
    everything = BernoulliUnits(5).states()
    assert abs(dbn_bound.exact_log_likelihood(stack, everything).exp().sum() - 1) < 1e-10


def test_errors_name_the_sizes():
    big = random_stack((5, 11, 13, 3))
    with pytest.raises(ValueError, match=r"have 11\+13 units; enumeration goes to 20"):
        dbn_bound.exact_bound(big, V_ROWS)
    with pytest.raises(ValueError, match="n_samples is 0; expected at least 1"):
        dbn_bound.sampled_bound(random_stack(), V_ROWS, 0.0, n_samples=0)
