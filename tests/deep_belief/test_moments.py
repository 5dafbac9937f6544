import itertools

import numpy as np
import pytest
import torch

from nndl_support.deep_belief.enumeration import exact_log_likelihood, exact_moments
from nndl_support.deep_belief.harmonium import Harmonium
from nndl_support.deep_belief.moments import Moments, centred_gradient, contrastive_divergence, moments
from nndl_support.deep_belief.units import BernoulliUnits, GaussianUnits, JointUnits, SoftmaxUnits

F64 = torch.float64
KINDS = [
    (BernoulliUnits(5), BernoulliUnits(3)),
    (GaussianUnits(2), BernoulliUnits(3)),
    (BernoulliUnits(5), GaussianUnits(2)),
    (SoftmaxUnits(6, 3), BernoulliUnits(2)),
    (JointUnits([BernoulliUnits(3), SoftmaxUnits(2, 2)]), BernoulliUnits(2)),
]


def machine(visible, hidden, seed=0, scale=0.7):
    generator = torch.Generator().manual_seed(seed)
    shapes = (visible.n, hidden.n), (visible.n,), (hidden.n,)
    return Harmonium(*(scale * torch.randn(s, generator=generator, dtype=F64) for s in shapes), visible, hidden)


def some_data(visible, n=7):
    generator = torch.Generator().manual_seed(9)
    return visible.sample(torch.randn(n, visible.n, generator=generator, dtype=F64), generator)


def test_moments_of_a_batch_are_means_of_loops_over_pairs():
    rbm = machine(BernoulliUnits(5), BernoulliUnits(3))
    data = some_data(rbm.visible).numpy()
    W, b = rbm.W.numpy(), rbm.b.numpy()
    h = 1 / (1 + np.exp(-(data @ W + b)))
    found = moments(rbm, torch.tensor(data))
    for i, j in itertools.product(range(5), range(3)):
        assert float(found.W[i, j]) == pytest.approx(np.mean([v[i] * y[j] for v, y in zip(data, h)]), abs=1e-14)
    np.testing.assert_allclose(found.a, data.mean(0))
    np.testing.assert_allclose(found.b, h.mean(0))


@pytest.mark.parametrize(("visible", "hidden"), KINDS, ids=repr)
def test_data_minus_model_is_the_gradient_of_the_log_likelihood(visible, hidden):
    """Against central differences of the exact mean log-likelihood, all parameters of all kinds of machines."""
    rbm, step = machine(visible, hidden), 1e-5
    data = some_data(visible)
    gradient = moments(rbm, data).minus(exact_moments(rbm))
    for name in ("W", "a", "b"):
        for place in np.ndindex(*getattr(rbm, name).shape):
            values = []
            for sign in (1, -1):
                moved = {n: getattr(rbm, n).clone() for n in ("W", "a", "b")}
                moved[name][place] += sign * step
                there = Harmonium(**moved, visible=visible, hidden=hidden)
                values.append(float(exact_log_likelihood(there, data).mean()))
            slope = (values[0] - values[1]) / (2 * step)
            assert float(getattr(gradient, name)[place]) == pytest.approx(slope, abs=2e-9)


def test_the_gradient_is_zero_where_the_data_are_all_states_weighted_by_their_probability():
    rbm = machine(BernoulliUnits(4), BernoulliUnits(3))
    p = exact_log_likelihood(rbm, rbm.visible.states()).exp()
    each = [moments(rbm, v[None]) for v in rbm.visible.states()]
    mean = Moments(*(sum(w * part for w, part in zip(p, parts)) for parts in zip(*each)))
    for left in mean.minus(exact_moments(rbm)):
        np.testing.assert_allclose(left, 0, atol=1e-13)


@pytest.mark.parametrize(("visible", "hidden"), KINDS, ids=repr)
def test_chains_draw_every_state_on_their_way(visible, hidden):
    rbm = machine(visible, hidden)
    start = some_data(visible)
    _, ends = contrastive_divergence(rbm, start, 3, torch.Generator().manual_seed(4))
    generator, v = torch.Generator().manual_seed(4), start
    for _ in range(3):
        h = hidden.sample(rbm.b + v @ rbm.W, generator)
        v = visible.sample(rbm.a + h @ rbm.W.T, generator)
    assert torch.equal(ends, v)
    visible.check(ends)


def test_the_averages_belong_to_where_the_chains_ended():
    rbm = machine(BernoulliUnits(5), BernoulliUnits(3))
    negative, ends = contrastive_divergence(rbm, some_data(rbm.visible), 2, torch.Generator().manual_seed(0))
    for ours, theirs in zip(negative, moments(rbm, ends)):
        assert torch.equal(ours, theirs)


def test_many_long_chains_have_the_moments_of_the_model():
    rbm = machine(BernoulliUnits(5), BernoulliUnits(3))
    negative, _ = contrastive_divergence(rbm, torch.zeros(40_000, 5, dtype=F64), 30, torch.Generator().manual_seed(0))
    for ours, exact in zip(negative, exact_moments(rbm)):
        np.testing.assert_allclose(ours, exact, atol=0.015)


def test_what_went_in_is_not_changed():
    rbm = machine(BernoulliUnits(5), BernoulliUnits(3))
    start = some_data(rbm.visible)
    before = start.clone()
    contrastive_divergence(rbm, start, 2)
    assert torch.equal(start, before)


def test_no_step_at_all_is_refused():
    with pytest.raises(ValueError, match="takes at least 1 step, not 0"):
        contrastive_divergence(machine(*KINDS[0]), torch.zeros(1, 5, dtype=F64), 0)


# Centred ------------------------------------------------------------------------------------------------------------------


def centred_by_autograd(rbm, data, mu, lam):
    """The plain gradient of the exact likelihood in the parameters (W, alpha, beta) of the centred energy, carried over."""
    W = rbm.W.clone().requires_grad_()
    alpha = (rbm.a + rbm.W @ lam).requires_grad_()
    beta = (rbm.b + mu @ rbm.W).requires_grad_()
    a, b = alpha - W @ lam, beta - mu @ W
    states = rbm.visible.states()

    def free_energy(v):
        return -v @ a - torch.nn.functional.softplus(b + v @ W).sum(-1)

    value = (-free_energy(data)).mean() - (-free_energy(states)).logsumexp(0)
    gW, ga, gb = torch.autograd.grad(value, (W, alpha, beta))
    # a = alpha - W lambda, so da = dalpha - dW lambda; the same for b
    return Moments(gW, ga - gW @ lam, gb - mu @ gW)


def test_the_centred_gradient_is_the_plain_one_of_the_centred_energy():
    rbm = machine(BernoulliUnits(5), BernoulliUnits(3))
    data = some_data(rbm.visible)
    positive, negative = moments(rbm, data), exact_moments(rbm)
    mu, lam = (positive.a + negative.a) / 2, (positive.b + negative.b) / 2
    for ours, theirs in zip(centred_gradient(positive, negative), centred_by_autograd(rbm, data, mu, lam)):
        torch.testing.assert_close(ours, theirs, rtol=1e-10, atol=1e-12)


def test_the_centred_gradient_does_not_mind_which_state_is_called_one():
    """Flip visible units 0 and 3 and hidden unit 1, step, flip back: the same machine as without the flips."""
    rbm = machine(BernoulliUnits(5), BernoulliUnits(3))
    data, states = some_data(rbm.visible), rbm.visible.states()
    s, t = torch.ones(5, dtype=F64), torch.ones(3, dtype=F64)
    s[[0, 3]], t[1] = -1, -1
    flipped_v, flipped_h = (1 - s) / 2, (1 - t) / 2

    def flip(m):
        """v -> f + s v and h -> g + t h in the energy."""
        W = s[:, None] * m.W * t
        return Harmonium(W, s * (m.a + m.W @ flipped_h), t * (m.b + flipped_v @ m.W))

    def step(m, x):
        d = centred_gradient(moments(m, x), exact_moments(m))
        return Harmonium(m.W + 0.3 * d.W, m.a + 0.3 * d.a, m.b + 0.3 * d.b)

    plain = step(rbm, data)
    detour = step(flip(rbm), flipped_v + s * data)
    torch.testing.assert_close(
        exact_log_likelihood(detour, flipped_v + s * states),
        exact_log_likelihood(plain, states),
        rtol=1e-10,
        atol=1e-10,
    )


def test_the_centred_gradient_climbs():
    rbm = machine(BernoulliUnits(5), BernoulliUnits(3))
    positive, negative = moments(rbm, some_data(rbm.visible)), exact_moments(rbm)
    plain, centred = positive.minus(negative), centred_gradient(positive, negative)
    assert sum(float((x * y).sum()) for x, y in zip(plain, centred)) > 0


# As printed ---------------------------------------------------------------------------------------------------------------


def test_the_printed_update_of_h_leaves_the_likelihood_that_belongs_to_b_unclaimed():
    """Qiu 12.58 as printed changes h_j, a state, so b_j stays where it is; the corrected rule climbs higher."""
    start = machine(BernoulliUnits(4), BernoulliUnits(1))
    data = torch.tensor([[1, 1, 0, 0], [1, 1, 0, 1], [0, 0, 1, 1], [0, 0, 1, 0], [1, 0, 1, 0]], dtype=F64)
    values = {}
    for rule in ("b_j", "h_j"):
        rbm = Harmonium(start.W, start.a, start.b + 5)
        for _ in range(600):
            d = moments(rbm, data).minus(exact_moments(rbm))
            b = rbm.b + 0.3 * d.b if rule == "b_j" else rbm.b
            rbm = Harmonium(rbm.W + 0.3 * d.W, rbm.a + 0.3 * d.a, b)
        values[rule] = float(exact_log_likelihood(rbm, data).mean())
    new_h = start.mean_hidden(data) + 0.3 * d.b
    assert not ((new_h == 0) | (new_h == 1)).any()
    assert values["b_j"] > values["h_j"] + 0.01


def test_zhous_update_with_drawn_hidden_states_has_the_same_mean_and_more_variance():
    """(5.24): v h' - v' h'' with all states drawn; ours puts the means of the hidden units."""
    rbm, n = machine(BernoulliUnits(5), BernoulliUnits(3)), 60_000
    v = some_data(rbm.visible, 3).repeat(n // 3, 1)
    generator = torch.Generator().manual_seed(5)
    h = rbm.sample_hidden(v, generator)
    v2 = rbm.sample_visible(h, generator)
    h2 = rbm.sample_hidden(v2, generator)
    drawn = v[:, :, None] * h[:, None] - v2[:, :, None] * h2[:, None]
    means = v[:, :, None] * rbm.mean_hidden(v)[:, None] - v2[:, :, None] * rbm.mean_hidden(v2)[:, None]
    np.testing.assert_allclose(drawn.mean(0), means.mean(0), atol=0.012)
    assert float(drawn.var(0).mean()) > 1.2 * float(means.var(0).mean())
