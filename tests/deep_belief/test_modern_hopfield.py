import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.utils.estimator_checks import parametrize_with_checks

from nndl_support.deep_belief.modern_hopfield import (
    ModernHopfieldNetwork,
    attention_energy,
    attention_update,
    attention_weights,
)

B, P, N = 5, 3, 7
RNG = np.random.default_rng(0)
X, XI = RNG.normal(size=(P, N)), RNG.normal(size=(B, N))


@parametrize_with_checks([ModernHopfieldNetwork(), ModernHopfieldNetwork(beta=0.1, max_iter=1)])
def test_it_is_a_scikit_learn_estimator(estimator, check):
    check(estimator)


@pytest.mark.parametrize("beta", [0.01, 1 / np.sqrt(N), 1.0, 30.0])
def test_one_update_is_the_attention_of_torch(beta):
    queries, memory = (torch.tensor(a)[None] for a in (XI, X))
    theirs = torch.nn.functional.scaled_dot_product_attention(queries, memory, memory, scale=beta)[0].numpy()
    np.testing.assert_allclose(attention_update(X, XI, beta=beta), theirs, atol=1e-12)


def test_weights_and_energy_are_their_sums():
    beta = 0.7
    for b in range(B):
        e = [np.exp(beta * sum(X[mu, i] * XI[b, i] for i in range(N))) for mu in range(P)]
        np.testing.assert_allclose(attention_weights(X, XI, beta=beta)[b], np.array(e) / sum(e))
        value = -np.log(sum(e)) / beta + XI[b] @ XI[b] / 2 + np.log(P) / beta + max(x @ x for x in X) / 2
        assert attention_energy(X, XI, beta=beta)[b] == pytest.approx(value)


def test_the_update_is_the_state_minus_the_gradient_of_the_energy():
    beta, step = 1.3, 1e-5
    for i in range(N):
        e = np.zeros(N)
        e[i] = step
        slope = (attention_energy(X, XI + e, beta=beta) - attention_energy(X, XI - e, beta=beta)) / (2 * step)
        np.testing.assert_allclose((XI - attention_update(X, XI, beta=beta))[:, i], slope, atol=1e-8)


@settings(max_examples=80, deadline=None)
@given(seed=st.integers(0, 2**31), beta=st.floats(1e-3, 50.0), scale=st.floats(0.1, 20.0))
def test_the_energy_never_rises_and_is_never_negative(seed, beta, scale):
    rng = np.random.default_rng(seed)
    patterns, xi = scale * rng.normal(size=(P, N)), scale * rng.normal(size=(B, N))
    for _ in range(4):
        after = attention_update(patterns, xi, beta=beta)
        before_energy, after_energy = (attention_energy(patterns, v, beta=beta) for v in (xi, after))
        assert (after_energy <= before_energy + 1e-10 * scale**2).all()
        assert (after_energy >= -1e-10 * scale**2).all()
        # the concave-convex procedure promises more: half the squared step
        gain = 0.5 * ((after - xi) ** 2).sum(axis=1)
        assert (before_energy - after_energy >= gain - 1e-9 * scale**2).all()
        xi = after


def test_large_beta_returns_the_nearest_pattern_and_small_beta_the_mean():
    orthogonal = np.eye(N)[:P]
    probes = orthogonal + 0.1 * RNG.normal(size=(P, N))
    np.testing.assert_allclose(
        ModernHopfieldNetwork(beta=1000.0).fit(orthogonal).predict(probes), orthogonal, atol=1e-9
    )
    mean = ModernHopfieldNetwork(beta=1e-6).fit(orthogonal).predict(probes)
    np.testing.assert_allclose(mean, np.tile(orthogonal.mean(axis=0), (P, 1)), atol=1e-5)


def test_two_patterns_that_are_close_share_a_metastable_state():
    close = np.array([[4.0, 0.3, 0.0], [4.0, -0.3, 0.0], [-4.0, 0.0, 0.0]])
    end = ModernHopfieldNetwork(beta=1.0).fit(close).predict([[3.0, 0.3, 0.1]])
    np.testing.assert_allclose(end, [[4.0, 0.0, 0.0]], atol=1e-3)


def test_predict_runs_until_nothing_moves():
    memory = ModernHopfieldNetwork(beta=2.0, max_iter=5000).fit(X)
    end = memory.predict(XI)
    np.testing.assert_allclose(attention_update(X, end, beta=2.0), end, atol=1e-8)
    once = ModernHopfieldNetwork(beta=2.0, max_iter=1).fit(X)
    np.testing.assert_array_equal(once.predict(XI), attention_update(X, XI, beta=2.0))
    np.testing.assert_array_equal(memory.recall(XI), end)


def test_the_estimator_shows_its_energy_and_its_attention():
    memory = ModernHopfieldNetwork(beta=0.3).fit(X)
    np.testing.assert_array_equal(memory.energy(XI), attention_energy(X, XI, beta=0.3))
    np.testing.assert_array_equal(memory.attention(XI), attention_weights(X, XI, beta=0.3))


def test_what_is_stored_is_a_copy():
    patterns = X.copy()
    memory = ModernHopfieldNetwork().fit(patterns)
    patterns[:] = 0.0
    np.testing.assert_array_equal(memory.patterns_, X)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"beta": 0.0}, "beta must be positive and finite, got 0.0"),
        ({"beta": np.inf}, "beta must be positive and finite, got inf"),
        ({"max_iter": 0}, "max_iter must be at least 1 and whole, got 0"),
        ({"tol": -1.0}, "tol must not be negative, got -1.0"),
    ],
)
def test_parameters_out_of_range_are_named(parameters, message):
    with pytest.raises(ValueError, match=message):
        ModernHopfieldNetwork(**parameters).fit(X)


def test_arrays_that_do_not_fit_are_named():
    with pytest.raises(ValueError, match=r"patterns of shape \(3, 7\) and states of shape \(5, 6\): expected"):
        attention_update(X, XI[:, :6], beta=1.0)
    with pytest.raises(ValueError, match="must be finite, but hold NaN"):
        attention_energy(X, np.full((1, N), np.nan), beta=1.0)
    with pytest.raises(ValueError, match="X has 6 features, but ModernHopfieldNetwork is expecting 7 features"):
        ModernHopfieldNetwork().fit(X).predict(XI[:, :6])
