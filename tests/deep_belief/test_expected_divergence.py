import numpy as np
import pytest
import torch

from nndl_support.data.bars_and_stripes import make_bars_and_stripes
from nndl_support.deep_belief.enumeration import exact_log_likelihood, exact_moments
from nndl_support.deep_belief.expected_divergence import (
    expected_negative_phase,
    gibbs_matrix,
    moments_under,
    rest_point,
)
from nndl_support.deep_belief.harmonium import Harmonium
from nndl_support.deep_belief.moments import contrastive_divergence, moments
from nndl_support.deep_belief.units import BernoulliUnits, GaussianUnits, JointUnits, SoftmaxUnits

F64 = torch.float64


def machine(visible, hidden, seed=0, scale=0.8):
    generator = torch.Generator().manual_seed(seed)
    shapes = (visible.n, hidden.n), (visible.n,), (hidden.n,)
    return Harmonium(*(scale * torch.randn(s, generator=generator, dtype=F64) for s in shapes), visible, hidden)


RBM = machine(BernoulliUnits(3), BernoulliUnits(2))
KINDS = [RBM, machine(JointUnits([BernoulliUnits(2), SoftmaxUnits(3, 3)]), BernoulliUnits(2))]


def some_distribution(rbm):
    p = torch.rand(int(rbm.visible.n_states), generator=torch.Generator().manual_seed(1), dtype=F64)
    return p / p.sum()


def test_the_matrix_is_the_product_of_unit_probabilities_written_out():
    W, a, b = RBM.W.numpy(), RBM.a.numpy(), RBM.b.numpy()
    logistic = lambda x: 1 / (1 + np.exp(-x))  # noqa: E731
    bernoulli = lambda p, x: np.prod(np.where(x == 1, p, 1 - p))  # noqa: E731
    v, h = RBM.visible.states().numpy(), RBM.hidden.states().numpy()
    expected = [
        [sum(bernoulli(logistic(b + x @ W), z) * bernoulli(logistic(a + W @ z), y) for z in h) for y in v] for x in v
    ]
    np.testing.assert_allclose(gibbs_matrix(RBM), expected, rtol=1e-12)


@pytest.mark.parametrize("rbm", KINDS, ids=lambda rbm: repr(rbm.visible))
def test_the_matrix_is_stochastic_and_reversible_with_the_model_at_rest(rbm):
    T = gibbs_matrix(rbm)
    p = exact_log_likelihood(rbm, rbm.visible.states()).exp()
    torch.testing.assert_close(T.sum(1), torch.ones(len(T), dtype=F64))
    torch.testing.assert_close(p @ T, p)
    torch.testing.assert_close(p[:, None] * T, (p[:, None] * T).T)


@pytest.mark.parametrize("rbm", KINDS, ids=lambda rbm: repr(rbm.visible))
@pytest.mark.parametrize("n_steps", [1, 3])
def test_it_is_the_mean_of_sampled_contrastive_divergence(rbm, n_steps):
    p, n = some_distribution(rbm), 60_000
    generator = torch.Generator().manual_seed(2)
    data = rbm.visible.states()[p.multinomial(n, replacement=True, generator=generator)]
    sampled, _ = contrastive_divergence(rbm, data, n_steps, generator)
    for ours, theirs in zip(expected_negative_phase(rbm, p, n_steps), sampled):
        np.testing.assert_allclose(ours, theirs, atol=0.012)


def test_no_step_is_the_positive_phase_and_many_are_the_exact_negative_one():
    p = some_distribution(RBM)
    data = RBM.visible.states()[[1, 1, 4]]
    share = torch.zeros(8, dtype=F64).index_add_(0, torch.tensor([1, 1, 4]), torch.full((3,), 1 / 3, dtype=F64))
    for ours, theirs in zip(expected_negative_phase(RBM, share, 0), moments(RBM, data)):
        torch.testing.assert_close(ours, theirs)
    for ours, exact in zip(expected_negative_phase(RBM, p, 500), exact_moments(RBM)):
        torch.testing.assert_close(ours, exact, atol=1e-12, rtol=0)


def test_the_bias_falls_geometrically_with_the_second_eigenvalue_of_the_matrix():
    p, exact = some_distribution(RBM), exact_moments(RBM)
    bias = [float(expected_negative_phase(RBM, p, k).minus(exact).W.abs().max()) for k in (10, 11, 12)]
    second = np.sort(np.linalg.eigvals(gibbs_matrix(RBM).numpy()).real)[-2]
    assert bias[1] / bias[0] == pytest.approx(second, rel=1e-3)
    assert bias[2] / bias[1] == pytest.approx(second, rel=1e-3)


def squares(share):
    """The six patterns of 2 x 2 bars and stripes, with the share of all patterns mixed in: no probability is zero."""
    X = torch.tensor(make_bars_and_stripes(2).X)
    p = torch.full((16,), share / 16, dtype=F64)
    p[(X @ torch.tensor([8.0, 4.0, 2.0, 1.0], dtype=F64)).long()] += (1 - share) / 6
    return p


def mean_log_likelihood(rbm, p):
    return float(p @ exact_log_likelihood(rbm, rbm.visible.states()))


def test_the_true_gradient_rests_on_a_summit():
    """Small steps in random directions from the end lead down, and what the machine learnt is the best it can."""
    p = squares(0.5)
    end, rest = rest_point(machine(BernoulliUnits(4), BernoulliUnits(2), seed=1), p, n_steps=None)
    assert rest < 1e-9
    summit, generator = mean_log_likelihood(end, p), torch.Generator().manual_seed(0)
    for _ in range(20):
        push = [1e-2 * torch.randn(x.shape, generator=generator, dtype=F64) for x in (end.W, end.a, end.b)]
        moved = Harmonium(end.W + push[0], end.a + push[1], end.b + push[2])
        assert mean_log_likelihood(moved, p) < summit


def test_contrastive_divergence_comes_to_rest_elsewhere_and_lower():
    p = squares(0.5)
    top, _ = rest_point(machine(BernoulliUnits(4), BernoulliUnits(2), seed=1), p, n_steps=None)
    losses = []
    for k in (1, 2, 5):
        end, rest = rest_point(top, p, n_steps=k)
        assert rest < 1e-9
        difference = moments_under(end, p).minus(expected_negative_phase(end, p, k))
        assert max(float(part.abs().max()) for part in difference) < 1e-9
        losses.append(mean_log_likelihood(top, p) - mean_log_likelihood(end, p))
    assert losses[0] > losses[1] > losses[2] > 0


def test_with_one_hidden_unit_contrastive_divergence_has_the_same_rest_point():
    """<h> agrees there, so h given the data is distributed as under the model, and with it everything drawn from h."""
    p = some_distribution(RBM)
    start = machine(BernoulliUnits(3), BernoulliUnits(1), seed=2)
    end, rest = rest_point(start, p, n_steps=None)
    assert rest < 1e-9
    difference = moments_under(end, p).minus(expected_negative_phase(end, p, 1))
    assert max(float(part.abs().max()) for part in difference) < 1e-8


def test_what_has_too_many_states_or_another_number_is_named():
    with pytest.raises(ValueError, match="neither may have more than 4096 states"):
        gibbs_matrix(machine(BernoulliUnits(13), BernoulliUnits(2)))
    with pytest.raises(ValueError, match="neither may have more than 4096 states"):
        gibbs_matrix(machine(BernoulliUnits(3), GaussianUnits(2)))
    with pytest.raises(ValueError, match=r"p has shape \(5,\), but the visible layer has 8 states"):
        moments_under(RBM, torch.ones(5))
