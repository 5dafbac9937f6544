import itertools
import math

import numpy as np
import pytest
import torch

from nndl_support.deep_belief.sigmoid_belief import (
    SigmoidBeliefNetwork,
    em_step,
    exact_gradient,
    layered,
    log_likelihood,
)

F64 = torch.float64


def random_network(n=5, seed=0, scale=1.5):
    generator = torch.Generator().manual_seed(seed)
    W = scale * torch.randn(n, n, generator=generator, dtype=F64).triu(1)
    return SigmoidBeliefNetwork(W, torch.randn(n, generator=generator, dtype=F64))


def by_loops(network):
    """p(x) of all states, with plain loops over units and parents (Qiu 12.65)."""
    W, b = network.W.tolist(), network.b.tolist()
    table = {}
    for x in itertools.product((0, 1), repeat=len(b)):
        p = 1.0
        for k in range(len(b)):
            on = 1 / (1 + math.exp(-(b[k] + sum(W[i][k] * x[i] for i in range(k)))))
            p *= on if x[k] else 1 - on
        table[x] = p
    return table


def test_the_joint_distribution_agrees_with_plain_loops_and_sums_to_one():
    network = random_network()
    table = by_loops(network)
    states = torch.tensor(list(table), dtype=F64)
    np.testing.assert_allclose(network.log_joint(states).exp(), list(table.values()), rtol=1e-12)
    assert abs(sum(table.values()) - 1) < 1e-12


@pytest.mark.parametrize("evidence", [{}, {4: 1}, {0: 1, 3: 0}, {0: 0, 1: 1, 2: 1, 3: 0, 4: 1}])
def test_the_posterior_is_the_table_cut_to_the_evidence(evidence):
    network = random_network(seed=1)
    kept = {x: p for x, p in by_loops(network).items() if all(x[k] == value for k, value in evidence.items())}
    states, p = network.posterior(evidence)
    assert states.int().tolist() == [list(x) for x in kept]
    np.testing.assert_allclose(p, np.array(list(kept.values())) / sum(kept.values()), rtol=1e-10)


def test_the_likelihood_sums_the_causes_out():
    network, table = random_network(seed=2), by_loops(random_network(seed=2))
    v = torch.tensor([[1.0, 0.0], [1.0, 1.0], [0.0, 1.0]], dtype=F64)
    expected = [sum(p for x, p in table.items() if x[3:] == tuple(row)) for row in v.int().tolist()]
    np.testing.assert_allclose(log_likelihood(network, v).exp(), expected, rtol=1e-10)


def test_the_gradient_agrees_with_autograd_and_with_central_differences():
    network = layered(
        [torch.randn(2, 3, dtype=F64, generator=torch.Generator().manual_seed(3))],
        [torch.ones(2, dtype=F64), torch.zeros(3, dtype=F64)],
    )
    v = torch.tensor([[1.0, 0, 1], [0, 0, 1], [1, 1, 1], [0, 1, 0]], dtype=F64)
    W, b = network.W.clone().requires_grad_(), network.b.clone().requires_grad_()
    value = log_likelihood(SigmoidBeliefNetwork(W * network.mask, b, network.mask), v).mean()
    for ours, theirs in zip(exact_gradient(network, v), torch.autograd.grad(value, (W, b)), strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-12)
    step = torch.zeros_like(network.W)
    step[1, 3] = 1e-6
    up, down = (log_likelihood(network.moved((sign * step, torch.zeros(5)), 1.0), v).mean() for sign in (1, -1))
    assert abs((up - down) / 2e-6 - exact_gradient(network, v)[0][1, 3]) < 1e-8


def test_connections_that_do_not_exist_do_not_learn():
    network = layered([torch.zeros(2, 3, dtype=F64)], [torch.zeros(2, dtype=F64), torch.zeros(3, dtype=F64)])
    gradient, _ = exact_gradient(network, torch.eye(3, dtype=F64))
    assert not gradient[~network.mask].any()
    assert network.mask[:2, 2:].all()
    assert network.mask.sum() == 6


def test_samples_have_the_frequencies_of_the_distribution():
    network = random_network(4, seed=4)
    drawn = network.sample(40_000, torch.Generator().manual_seed(0))
    code = (drawn @ torch.tensor([8.0, 4, 2, 1], dtype=F64)).long()
    frequency = torch.bincount(code, minlength=16) / len(code)
    expected = torch.tensor(list(by_loops(network).values()))
    assert (frequency - expected).abs().max() < 4 * math.sqrt(0.25 / 40_000)


@pytest.mark.parametrize("seed", range(4))
def test_expectation_maximisation_never_lowers_the_likelihood(seed):
    v = random_network(6, seed=5).sample(50, torch.Generator().manual_seed(seed))[:, 2:]
    network = random_network(6, seed=6 + seed, scale=0.5)
    course = [log_likelihood(network, v).mean()]
    for _ in range(15):
        network = em_step(network, v, n_steps=5, rate=0.5)
        course.append(log_likelihood(network, v).mean())
    assert min(b - a for a, b in itertools.pairwise(course)) > -1e-12
    assert course[-1] > course[0] + 0.1


def test_the_first_half_step_of_expectation_maximisation_is_the_gradient():
    network, v = random_network(5, seed=7), torch.tensor([[1.0, 0, 1], [0, 1, 1]], dtype=F64)
    after = em_step(network, v, n_steps=1, rate=0.25)
    np.testing.assert_allclose((after.W - network.W) / 0.25, exact_gradient(network, v)[0], atol=1e-12)


def test_errors_name_what_was_given():
    with pytest.raises(ValueError, match=r"W has shape \(2, 3\), b \(3,\); expected \(K, K\)"):
        SigmoidBeliefNetwork(torch.zeros(2, 3), torch.zeros(3))
    with pytest.raises(
        ValueError, match=r"W\[1, 0\] is not 0, but the network has no connection from unit 1 to unit 0"
    ):
        SigmoidBeliefNetwork(torch.tensor([[0.0, 0.0], [1.0, 0.0]]), torch.zeros(2))
    with pytest.raises(ValueError, match="True only above the diagonal"):
        SigmoidBeliefNetwork(torch.zeros(2, 2), torch.zeros(2), torch.ones(2, 2, dtype=torch.bool))
    with pytest.raises(ValueError, match="x has 3 columns, but the network has 5 units"):
        random_network().log_joint(torch.zeros(1, 3, dtype=F64))
    with pytest.raises(ValueError, match="v has 7 columns, but the network has 5 units"):
        log_likelihood(random_network(), torch.zeros(1, 7, dtype=F64))
    with pytest.raises(ValueError, match=r"17 units are not observed, with 2\^17 = 1.31e\+05 states"):
        SigmoidBeliefNetwork(torch.zeros(19, 19), torch.zeros(19)).posterior({0: 1, 1: 1})
