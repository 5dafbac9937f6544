"""The gradient against central differences, loops over all states, and samples; the sign that 12.23 lost."""

import numpy as np
import pytest

from nndl_support.deep_belief.boltzmann_distribution import all_states, kl_divergence
from nndl_support.deep_belief.boltzmann_energy import joint_distribution, visible_log_probabilities
from nndl_support.deep_belief.boltzmann_gibbs import random_states, run_chains
from nndl_support.deep_belief.boltzmann_gradient import (
    centre_gradient,
    exact_gradient,
    gradient_over_states,
    likelihood_hessian,
    pattern_distribution,
    phases,
    sampled_gradient,
)


def machine(n, seed=0, scale=1.0):
    rng = np.random.default_rng(seed)
    W = np.triu(rng.normal(scale=scale, size=(n, n)), 1)
    return W + W.T, rng.normal(size=n)


def target(n, seed=0):
    return np.random.default_rng(seed).dirichlet(np.ones(2**n))


def log_likelihood(W, b, data, n_inputs, temperature):
    """By the definition: log p(v) minus log p(inputs)."""
    n_visible = int(np.log2(len(data)))
    table = visible_log_probabilities(W, b, n_visible, temperature=temperature)
    inputs = np.log(np.exp(table).reshape(2**n_inputs, -1).sum(axis=1))
    return data @ (table - np.repeat(inputs, len(data) // len(inputs)))


CASES = [(5, 5, 0, 1.0), (5, 3, 0, 1.0), (6, 4, 2, 1.0), (5, 3, 1, 0.6), (4, 4, 3, 2.5)]


@pytest.mark.parametrize(("n", "n_visible", "n_inputs", "temperature"), CASES)
def test_the_exact_gradient_is_central_differences(n, n_visible, n_inputs, temperature):
    W, b = machine(n, seed=n)
    data = target(n_visible)
    dW, db, value = exact_gradient(W, b, data, n_inputs=n_inputs, temperature=temperature)
    assert value == pytest.approx(log_likelihood(W, b, data, n_inputs, temperature), abs=1e-12)
    h = 1e-5
    for i in range(n):
        bump = h * np.eye(n)[i]
        rise = [log_likelihood(W, b + s * bump, data, n_inputs, temperature) for s in (1, -1)]
        assert db[i] == pytest.approx((rise[0] - rise[1]) / (2 * h), abs=1e-8)
        for j in range(i):
            change = np.zeros((n, n))
            change[[i, j], [j, i]] = h
            rise = [log_likelihood(W + s * change, b, data, n_inputs, temperature) for s in (1, -1)]
            assert dW[i, j] == pytest.approx((rise[0] - rise[1]) / (2 * h), abs=1e-8)
    np.testing.assert_array_equal(dW, dW.T)
    np.testing.assert_array_equal(np.diag(dW), 0.0)


@pytest.mark.parametrize("seed", range(4))
def test_12_23_as_printed_points_the_wrong_way(seed):
    """Printed: + mean of dE/dw clamped, - mean of dE/dw free. The truth has the signs exchanged."""
    W, b = machine(5, seed)
    data, S = target(3, seed), all_states(5)
    both = phases(W, b, data)
    printed = np.einsum("s,sij->ij", both.positive - both.negative, -S[:, :, None] * S[:, None, :])
    np.fill_diagonal(printed, 0.0)
    dW, _, value = exact_gradient(W, b, data)
    np.testing.assert_allclose(printed, -dW, atol=1e-12)
    assert log_likelihood(W + 0.01 * printed, b, data, 0, 1.0) < value
    assert log_likelihood(W - 0.01 * printed, b, data, 0, 1.0) > value


@pytest.mark.parametrize(("n", "n_visible", "n_inputs", "temperature"), CASES)
def test_the_phases_are_conditionals_times_data_by_a_loop(n, n_visible, n_inputs, temperature):
    W, b = machine(n, seed=1)
    data, S, p = target(n_visible, 1), all_states(n), joint_distribution(W, b, temperature)
    both = phases(W, b, data, n_inputs=n_inputs, temperature=temperature)
    V = all_states(n_visible)
    for k, x in enumerate(S):
        same_v = (S[:, :n_visible] == x[:n_visible]).all(axis=1)
        same_inputs = (S[:, :n_inputs] == x[:n_inputs]).all(axis=1)
        data_v = data[(x[:n_visible] == V).all(axis=1)].sum()
        data_inputs = data[(V[:, :n_inputs] == x[:n_inputs]).all(axis=1)].sum()
        assert both.positive[k] == pytest.approx(data_v * p[k] / p[same_v].sum(), abs=1e-12)
        assert both.negative[k] == pytest.approx(data_inputs * p[k] / p[same_inputs].sum(), abs=1e-12)


def test_the_gradient_vanishes_where_the_model_is_the_data():
    W, b = machine(5, seed=2)
    dW, db, value = exact_gradient(W, b, joint_distribution(W, b))
    assert max(np.abs(dW).max(), np.abs(db).max()) < 1e-14
    p = joint_distribution(W, b)
    assert value == pytest.approx(p @ np.log(p))


def test_the_inner_loop_is_the_checked_function():
    W, b = machine(5, seed=3)
    data = target(3)
    dW, db, means, value = gradient_over_states(W, b, all_states(5), data, 1, 0.7)
    expected = exact_gradient(W, b, data, n_inputs=1, temperature=0.7)
    np.testing.assert_array_equal(dW, expected[0])
    np.testing.assert_array_equal(db, expected[1])
    assert value == expected[2]
    both = phases(W, b, data, n_inputs=1, temperature=0.7)
    np.testing.assert_allclose(means, (both.positive + both.negative) @ all_states(5) / 2)


@pytest.mark.parametrize("seed", range(4))
def test_the_centred_gradient_is_the_gradient_in_centred_coordinates(seed):
    """Weights V and biases c of the energy -(x-m)'V(x-m)/2 - c'(x-m): W = V, b = c - V m."""
    W, b = machine(4, seed)
    data, means, h = target(4, seed), np.random.default_rng(seed).random(4), 1e-5
    c = b + W @ means

    def value(V, c):
        return log_likelihood(V, c - V @ means, data, 0, 1.0)

    dW, db = centre_gradient(*exact_gradient(W, b, data)[:2], means)
    for i in range(4):
        for j in range(i):
            bump = np.zeros((4, 4))
            bump[[i, j], [j, i]] = h
            assert dW[i, j] == pytest.approx((value(W + bump, c) - value(W - bump, c)) / (2 * h), abs=1e-8)
        dc = (value(W, c + h * np.eye(4)[i]) - value(W, c - h * np.eye(4)[i])) / (2 * h)
        assert (db + dW @ means)[i] == pytest.approx(dc, abs=1e-8)
    plain = exact_gradient(W, b, data)
    assert np.sum(np.triu(dW * plain[0])) + db @ plain[1] > 0, "still uphill"


def test_centring_leaves_out_pairs_that_are_not_connected():
    W, b = machine(4)
    mask = np.ones((4, 4), dtype=bool)
    mask[0, 3] = mask[3, 0] = False
    dW, _ = centre_gradient(*exact_gradient(W, b, target(4))[:2], np.full(4, 0.3), mask)
    assert dW[0, 3] == dW[3, 0] == 0


def test_the_sampled_gradient_is_exact_when_the_samples_are():
    """All states as often as their probability says: rational probabilities make it possible."""
    positive = np.array([[1, 1, 0], [1, 0, 1], [1, 1, 1], [0, 0, 0], [1, 1, 0]])
    negative = np.array([[0, 0, 1], [1, 0, 1]])
    dW, db = sampled_gradient(positive, negative, temperature=2.0)
    for i in range(3):
        assert db[i] == pytest.approx((positive[:, i].mean() - negative[:, i].mean()) / 2)
        for j in range(3):
            expected = np.mean(positive[:, i] * positive[:, j]) - np.mean(negative[:, i] * negative[:, j])
            assert dW[i, j] == pytest.approx(0 if i == j else expected / 2)


def test_long_chains_estimate_the_gradient_with_a_variance_that_falls_as_one_over_their_number():
    W, b = machine(5, seed=4)
    data = target(3)
    dW = exact_gradient(W, b, data)[0]
    errors = {}
    for n_chains in (20, 500):
        rng, squares = np.random.default_rng(0), []
        for _ in range(30):
            x = random_states(n_chains, 5, rng)
            x[:, :3] = all_states(3)[rng.choice(8, size=n_chains, p=data)]
            plus = run_chains(W, b, x, np.ones(20), rng=rng, clamped=[0, 1, 2])
            minus = run_chains(W, b, random_states(n_chains, 5, rng), np.ones(20), rng=rng)
            squares.append(np.mean((sampled_gradient(plus, minus)[0] - dW) ** 2))
        errors[n_chains] = np.mean(squares)
    assert 12 < errors[20] / errors[500] < 50


@pytest.mark.parametrize("seed", range(3))
def test_the_hessian_is_central_differences_of_the_gradient_and_never_positive(seed):
    W, b = machine(4, seed)
    data, h = target(4, seed), 1e-5
    pairs = np.triu_indices(4, 1)
    H = likelihood_hessian(W, b, temperature=0.8)

    def gradient(theta):
        V = np.zeros((4, 4))
        V[pairs] = theta[:6]
        dW, db, _ = exact_gradient(V + V.T, theta[6:], data, temperature=0.8)
        return np.append(dW[pairs], db)

    theta = np.append(W[pairs], b)
    numerical = [(gradient(theta + h * e) - gradient(theta - h * e)) / (2 * h) for e in np.eye(10)]
    np.testing.assert_allclose(H, numerical, atol=1e-8)
    assert np.linalg.eigvalsh(H).max() < 1e-12


def test_with_hidden_units_the_likelihood_is_not_concave():
    """Exchanging 0 and 1 of a hidden unit gives a machine that is as good; the one half-way is worse than both."""
    data = np.array([0.5, 0.0, 0.0, 0.5])
    W, b = np.zeros((3, 3)), np.array([-3.0, -3.0, -6.0])
    W[2, :2] = W[:2, 2] = 6.0
    mirrored_W, mirrored_b = -W, b + W[2]
    mirrored_b[2] = -b[2]
    first = log_likelihood(W, b, data, 0, 1.0)
    second = log_likelihood(mirrored_W, mirrored_b, data, 0, 1.0)
    middle = log_likelihood((W + mirrored_W) / 2, (b + mirrored_b) / 2, data, 0, 1.0)
    assert first == pytest.approx(second, abs=1e-12)
    assert middle < first - 0.5


def test_patterns_are_counted_with_their_weights():
    p = pattern_distribution([[1, 0, 1], [0, 0, 1], [1, 0, 1]], [1.0, 2.0, 5.0])
    np.testing.assert_allclose(p, np.eye(8)[5] * 0.75 + np.eye(8)[1] * 0.25)
    np.testing.assert_allclose(pattern_distribution(all_states(3), target(3)), target(3))


def test_the_divergence_falls_by_as_much_as_the_likelihood_rises():
    W, b = machine(4)
    data = target(4)
    p = joint_distribution(W, b)
    assert kl_divergence(data, p) == pytest.approx(data @ np.log(data) - exact_gradient(W, b, data)[2])


def test_mistakes_are_named():
    W, b = machine(3)
    with pytest.raises(ValueError, match=r"data has shape \(5,\); expected \(2\^D,\)"):
        exact_gradient(W, b, np.full(5, 0.2))
    with pytest.raises(ValueError, match="of D of the 3 units"):
        phases(W, b, np.full(16, 1 / 16))
    with pytest.raises(ValueError, match=r"sum to one, the sum is 1\.5"):
        phases(W, b, [1.0, 0.5])
    with pytest.raises(ValueError, match="n_inputs must lie between 0 and 1: 2 units are visible, got 2"):
        phases(W, b, np.full(4, 0.25), n_inputs=2)
    with pytest.raises(ValueError, match="temperature must be positive"):
        phases(W, b, np.full(4, 0.25), temperature=0)
    with pytest.raises(ValueError, match="temperature must be positive"):
        likelihood_hessian(W, b, temperature=-1)
    with pytest.raises(ValueError, match="temperature must be positive"):
        sampled_gradient([[1]], [[1]], temperature=0)
    with pytest.raises(ValueError, match="negative has shape"):
        sampled_gradient([[1, 0]], [[1]])
    with pytest.raises(ValueError, match="22 units have 4,194,304 states"):
        phases(np.zeros((22, 22)), np.zeros(22), [0.5, 0.5])
    with pytest.raises(ValueError, match="X has 21 columns and so 2,097,152 possible patterns"):
        pattern_distribution(np.zeros((2, 21)))
    with pytest.raises(ValueError, match="sample_weight must hold 2 numbers"):
        pattern_distribution([[0, 1], [1, 1]], [1.0])
