"""The estimator: scikit-learn's checks, targets reached, peers, what sampling does, and mistakes."""

import numpy as np
import pytest
from scipy.optimize import minimize
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.utils.estimator_checks import parametrize_with_checks
from sklearn.utils.validation import validate_data

from nndl_support.deep_belief import boltzmann
from nndl_support.deep_belief.boltzmann import BoltzmannMachine
from nndl_support.deep_belief.boltzmann_distribution import all_states, entropy, kl_divergence, total_variation
from nndl_support.deep_belief.boltzmann_energy import energy, joint_distribution, visible_log_probabilities
from nndl_support.deep_belief.boltzmann_gibbs import full_conditional, gibbs_sweep
from nndl_support.deep_belief.boltzmann_gradient import (
    centre_gradient,
    exact_gradient,
    pattern_distribution,
    sampled_gradient,
)


class Thresholded(BoltzmannMachine):
    """Accepts any numbers, for scikit-learn's checks: positive entries are 1."""

    def _prepare(self, X, sample_weight, *, reset):
        X = validate_data(self, X, dtype=np.float64, reset=reset)
        return super()._prepare((X > 0).astype(float), sample_weight, reset=reset)

    def _known(self, X):
        X = validate_data(self, X, dtype=np.float64, reset=False)
        return super()._known((X > 0).astype(float))


def too_many_states(estimator):
    """What enumeration cannot do."""
    if estimator.method == "exact":
        return {"check_sample_weight_equivalence_on_dense_data": "the check has 30 features, and so 2^31 states"}
    return {}


@parametrize_with_checks(
    [
        Thresholded(1, n_epochs=5, random_state=0),
        Thresholded(1, method="sampled", n_epochs=5, random_state=0),
    ],
    expected_failed_checks=too_many_states,
)
def test_boltzmann_machine_is_a_scikit_learn_estimator(estimator, check):
    check(estimator)


def machine(n, seed=0, scale=1.0):
    rng = np.random.default_rng(seed)
    W = np.triu(rng.normal(scale=scale, size=(n, n)), 1)
    return W + W.T, rng.normal(size=n)


def learnt_distribution(bm):
    return np.exp(visible_log_probabilities(bm.weights_, bm.biases_, bm.n_features_in_, temperature=bm.temperature))


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("n", [3, 7])
def test_a_target_that_can_be_represented_is_reached(n, seed):
    W, b = machine(n, seed)
    p = joint_distribution(W, b)
    bm = BoltzmannMachine(learning_rate=2.0, n_epochs=3000).fit(all_states(n), sample_weight=p)
    assert kl_divergence(p, learnt_distribution(bm)) <= 1e-6
    assert bm.n_iter_ <= 3000


def test_twelve_units_reach_their_target():
    W, b = machine(12, seed=4)
    p = joint_distribution(W, b)
    bm = BoltzmannMachine(learning_rate=2.0, n_epochs=600).fit(all_states(12), sample_weight=p)
    assert kl_divergence(p, learnt_distribution(bm)) <= 1e-6
    np.testing.assert_allclose(bm.weights_, W, atol=1e-3)
    np.testing.assert_allclose(bm.biases_, b, atol=1e-3)


def test_the_summit_is_the_same_from_another_start_and_in_other_coordinates():
    X = np.random.default_rng(0).integers(0, 2, size=(97, 5))
    data, S = pattern_distribution(X), all_states(5)
    fresh = BoltzmannMachine(learning_rate=1.0, n_epochs=2000, tolerance=1e-10).fit(X)
    plain = BoltzmannMachine(learning_rate=1.0, centred=False, n_epochs=4000, tolerance=1e-10).fit(X)
    moved = BoltzmannMachine(learning_rate=1.0, n_epochs=50).fit(X[:3])
    for _ in range(500):
        moved.partial_fit(X)
    for bm in (fresh, plain, moved):
        q = learnt_distribution(bm)
        np.testing.assert_allclose((S.T * q) @ S, (S.T * data) @ S, atol=1e-6)
        np.testing.assert_allclose(bm.weights_, fresh.weights_, atol=1e-4)


def test_the_fit_is_scipys_maximum_entropy_distribution():
    X = (np.random.default_rng(1).random((83, 5)) < [0.2, 0.5, 0.7, 0.4, 0.6]).astype(float)
    X[:, 1] = np.where(np.random.default_rng(2).random(83) < 0.8, X[:, 0], X[:, 1])
    data, S, pairs = pattern_distribution(X), all_states(5), np.triu_indices(5, 1)
    features = np.hstack([S[:, pairs[0]] * S[:, pairs[1]], S])

    def dual(theta):
        return np.log(np.exp(features @ theta).sum()) - data @ features @ theta

    theta = minimize(dual, np.zeros(15), method="BFGS", options={"gtol": 1e-8}).x
    bm = BoltzmannMachine(learning_rate=1.0, n_epochs=4000, tolerance=1e-10).fit(X)
    scores = np.exp(features @ theta)
    assert total_variation(learnt_distribution(bm), scores / scores.sum()) < 1e-5


def test_an_output_without_hidden_units_is_logistic_regression():
    rng = np.random.default_rng(3)
    X = rng.integers(0, 2, size=(211, 4)).astype(float)
    y = (rng.random(211) < 1 / (1 + np.exp(-(X @ [1.0, -2.0, 0.5, 1.5] - 0.5)))).astype(float)
    bm = BoltzmannMachine(n_inputs=4, learning_rate=1.0, n_epochs=2000).fit(np.column_stack([X, y]))
    peer = LogisticRegression(C=np.inf, tol=1e-10, max_iter=1000).fit(X, y)
    np.testing.assert_allclose(bm.weights_[4, :4], peer.coef_[0], atol=1e-4)
    assert bm.biases_[4] == pytest.approx(peer.intercept_[0], abs=1e-4)
    np.testing.assert_allclose(bm.output_distribution(all_states(4)), peer.predict_proba(all_states(4)), atol=1e-5)


def test_a_step_is_the_gradient_with_momentum_and_decay():
    X = np.random.default_rng(4).integers(0, 2, size=(13, 3))
    options = {"learning_rate": 0.3, "momentum": 0.7, "weight_decay": 0.02, "temperature": 1.7, "random_state": 5}
    for centred in (False, True):
        bm = BoltzmannMachine(2, centred=centred, n_epochs=3, **options).fit(X)
        first = BoltzmannMachine(2, centred=centred, n_epochs=1, initial_scale=0.1, **options)
        first._check_parameters(3)
        first.n_features_in_ = 3
        first._start()
        W, b, vW, vb = first.weights_, first.biases_, 0.0, 0.0
        for _ in range(3):
            dW, db, _ = exact_gradient(W, b, pattern_distribution(X), temperature=1.7)
            if centred:
                from nndl_support.deep_belief.boltzmann_gradient import phases

                both = phases(W, b, pattern_distribution(X), temperature=1.7)
                dW, db = centre_gradient(dW, db, (both.positive + both.negative) @ all_states(5) / 2)
            vW = 0.7 * vW + 0.3 * (dW - 0.02 * W)
            vb = 0.7 * vb + 0.3 * db
            W, b = W + vW, b + vb
        np.testing.assert_allclose(bm.weights_, W, atol=1e-12)
        np.testing.assert_allclose(bm.biases_, b, atol=1e-12)


@pytest.mark.parametrize("method", ["exact", "sampled"])
def test_partial_fit_called_once_per_epoch_is_fit(method):
    X = np.random.default_rng(5).integers(0, 2, size=(17, 3))
    whole = BoltzmannMachine(2, method=method, n_epochs=6, n_chains=11, random_state=0).fit(X)
    pieces = BoltzmannMachine(2, method=method, n_chains=11, random_state=0)
    for _ in range(6):
        pieces.partial_fit(X)
    np.testing.assert_allclose(pieces.weights_, whole.weights_, rtol=1e-12)
    assert pieces.n_iter_ == whole.n_iter_ == 6


def test_weights_are_repetitions():
    X = np.random.default_rng(6).integers(0, 2, size=(7, 3))
    times = np.array([1, 3, 2, 1, 1, 2, 5])
    weighted = BoltzmannMachine(1, n_epochs=20, random_state=0).fit(X, sample_weight=times)
    repeated = BoltzmannMachine(1, n_epochs=20, random_state=0).fit(np.repeat(X, times, axis=0))
    np.testing.assert_allclose(weighted.weights_, repeated.weights_, rtol=1e-10)


def test_the_likelihood_rises_and_is_recorded():
    X = np.random.default_rng(7).integers(0, 2, size=(17, 4))
    bm = BoltzmannMachine(2, learning_rate=0.05, momentum=0.0, n_epochs=200, random_state=0).fit(X)
    assert np.all(np.diff(bm.log_likelihoods_) > -1e-12)
    assert bm.score(X) >= bm.log_likelihoods_[-1]
    assert bm.score(X) == pytest.approx(np.mean(bm.score_samples(X)))
    assert bm.log_likelihoods_[0] == pytest.approx(-4 * np.log(2), abs=0.05)


def test_xor_needs_a_hidden_unit():
    even = all_states(3)[all_states(3).sum(axis=1) % 2 == 0]
    alone = BoltzmannMachine(learning_rate=0.5).fit(even)
    assert -np.log(4) - alone.score(even) == pytest.approx(np.log(2), abs=1e-10)
    for seed in range(3):
        helped = BoltzmannMachine(1, learning_rate=0.5, n_epochs=600, initial_scale=1.0, random_state=seed).fit(even)
        assert -np.log(4) - helped.score(even) < 0.1


@pytest.mark.parametrize("n_hidden", [0, 2])
def test_inputs_are_conditioned_on(n_hidden):
    X = np.random.default_rng(8).integers(0, 2, size=(29, 4))
    bm = BoltzmannMachine(n_hidden, n_inputs=2, n_epochs=30, random_state=0).fit(X)
    table = learnt_distribution(bm).reshape(4, 4)
    conditional = table / table.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(np.exp(bm.score_samples(all_states(4))), conditional.ravel(), rtol=1e-10)
    np.testing.assert_allclose(bm.output_distribution(all_states(2)), conditional, rtol=1e-10)


def test_hidden_distribution_is_bayes_rule():
    X = np.random.default_rng(9).integers(0, 2, size=(11, 3))
    bm = BoltzmannMachine(2, n_epochs=40, initial_scale=1.0, temperature=1.4, random_state=0).fit(X)
    joint = joint_distribution(bm.weights_, bm.biases_, 1.4).reshape(8, 4)
    expected = joint / joint.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(bm.hidden_distribution(all_states(3)), expected, rtol=1e-10)
    np.testing.assert_allclose(bm.energy(all_states(5)), energy(bm.weights_, bm.biases_, all_states(5)))
    on = full_conditional(bm.weights_, bm.biases_, all_states(5), temperature=1.4)
    np.testing.assert_array_equal(bm.conditional(all_states(5)), on)


@pytest.mark.parametrize("seed", range(4))
def test_samples_follow_the_learnt_distribution(seed):
    X = [[0, 0, 1], [1, 1, 0], [1, 1, 1], [0, 0, 0]]
    bm = BoltzmannMachine(1, n_epochs=60, random_state=0).fit(X)
    samples = bm.sample(5000, n_sweeps=60, random_state=seed)
    assert total_variation(pattern_distribution(samples), learnt_distribution(bm)) < 0.05
    given = BoltzmannMachine(1, n_inputs=1, n_epochs=60, random_state=0).fit(X)
    samples = given.sample(5000, inputs=[1], n_sweeps=60, random_state=seed)
    np.testing.assert_array_equal(samples[:, 0], 1)
    assert total_variation(pattern_distribution(samples[:, 1:]), given.output_distribution([[1]])[0]) < 0.05


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("options", [{}, {"persistent": False, "schedule": [3.0, 2.0]}])
def test_sampled_learning_comes_near_the_exact_one(seed, options):
    W, b = machine(4, seed=2)
    X = all_states(4)[np.random.default_rng(0).choice(16, size=300, p=joint_distribution(W, b))]
    exact = BoltzmannMachine(learning_rate=1.0).fit(X)
    sampled = BoltzmannMachine(
        method="sampled", learning_rate=0.05, momentum=0.5, n_chains=200, n_epochs=300, random_state=seed, **options
    ).fit(X)
    assert exact.score(X) - sampled.score(X) < 0.1


@pytest.mark.parametrize("persistent", [True, False])
def test_persistent_chains_go_on_where_they_stopped_and_others_begin_anywhere(persistent):
    """Weights so strong that all-on never ends: chains that were there still are, chains drawn anew are in both modes."""
    options = {"n_chains": 97, "n_sweeps": 1, "learning_rate": 1e-9, "persistent": persistent, "random_state": 0}
    bm = BoltzmannMachine(method="sampled", **options).partial_fit(np.eye(5))
    bm.weights_, bm.biases_, bm._chains = 20.0 * (1 - np.eye(5)), np.full(5, -40.0), np.ones((97, 5))
    bm.partial_fit(np.eye(5))
    on = bm._chains.mean()
    assert on == 1.0 if persistent else 0.2 < on < 0.8


@pytest.mark.parametrize(("persistent", "expected"), [(True, [5, 3, 1, 1, 1, 1]), (False, [5, 3, 1, 1, 5, 3, 1, 1])])
def test_the_schedule_comes_before_the_sweeps_of_all_chains_that_are_started_anew(monkeypatch, persistent, expected):
    temperatures = []

    def recorded(W, b, x, *, temperature, **options):
        temperatures.append(temperature)
        return gibbs_sweep(W, b, x, temperature=temperature, **options)

    monkeypatch.setattr(boltzmann, "gibbs_sweep", recorded)
    options = {"n_sweeps": 2, "schedule": [5.0, 3.0], "persistent": persistent, "random_state": 0}
    BoltzmannMachine(2, method="sampled", **options).partial_fit(np.eye(3))
    assert temperatures == expected


@pytest.mark.parametrize("seed", range(3))
def test_sampled_learning_shows_each_example_as_often_as_its_weight_says(monkeypatch, seed):
    shown = []

    def recorded(positive, negative, **options):
        shown.append(positive)
        return sampled_gradient(positive, negative, **options)

    monkeypatch.setattr(boltzmann, "sampled_gradient", recorded)
    bm = BoltzmannMachine(method="sampled", n_chains=8, n_sweeps=1, random_state=seed)
    bm.partial_fit(np.eye(5), sample_weight=[0, 3, 0, 4, 1])
    assert shown[0].sum(axis=0).tolist() == [0, 3, 0, 4, 1]


def test_sampled_learning_with_inputs_learns_a_function():
    bits = all_states(2)
    X = np.column_stack([bits, bits.max(axis=1)])
    bm = BoltzmannMachine(
        method="sampled", n_inputs=2, learning_rate=0.3, momentum=0.5, n_epochs=400, random_state=0
    ).fit(X)
    assert bm.score(X) > -0.2


def test_sampled_learning_keeps_inputs_clamped_so_that_nothing_is_learnt_about_them():
    X = np.array([[1, 1, 0, 1], [1, 1, 1, 0], [0, 1, 1, 1]])
    options = {"n_inputs": 2, "centred": False, "n_epochs": 7, "n_chains": 13, "random_state": 0}
    for method in ("sampled", "exact"):
        bm = BoltzmannMachine(1, method=method, **options).fit(X)
        np.testing.assert_allclose(bm.biases_[:2], 0.0, atol=1e-12)
        assert bm.weights_[0, 1] == pytest.approx(0.0, abs=1e-12)
        assert np.all(bm.biases_[2:] != 0)


def test_missing_connections_stay_missing():
    mask = ~np.eye(5, dtype=bool)
    mask[0, 2] = mask[2, 0] = False
    X = np.random.default_rng(10).integers(0, 2, size=(17, 3))
    for method in ("exact", "sampled"):
        bm = BoltzmannMachine(2, method=method, connections=mask, n_epochs=20, random_state=0).fit(X)
        assert bm.weights_[0, 2] == bm.weights_[2, 0] == 0
        assert np.count_nonzero(bm.weights_) == 18
        np.testing.assert_allclose(bm.weights_, bm.weights_.T, atol=1e-14)


def test_the_temperature_only_rescales_the_weights():
    X = np.random.default_rng(11).integers(0, 2, size=(61, 3))
    cold, hot = (
        BoltzmannMachine(temperature=T, learning_rate=T**2, n_epochs=3000, tolerance=1e-10).fit(X) for T in (1.0, 2.0)
    )
    np.testing.assert_allclose(hot.weights_, 2 * cold.weights_, atol=1e-5)
    assert hot.score(X) == pytest.approx(cold.score(X), abs=1e-9)


def test_the_same_seed_gives_the_same_machine_and_cloning_keeps_every_parameter():
    X = np.random.default_rng(12).integers(0, 2, size=(17, 3))
    bm = BoltzmannMachine(2, method="sampled", n_epochs=5, n_chains=7, random_state=3)
    np.testing.assert_array_equal(bm.fit(X).weights_, clone(bm).fit(X).weights_)
    assert entropy(learnt_distribution(bm)) > 0


def test_many_units_learn_by_sampling_and_say_so_when_asked_for_a_probability():
    X = np.random.default_rng(13).integers(0, 2, size=(19, 23))
    bm = BoltzmannMachine(method="sampled", n_epochs=3, n_chains=7, random_state=0).fit(X)
    with pytest.raises(ValueError, match="23 units have 8,388,608 states"):
        bm.score_samples(X)
    assert bm.sample(5, n_sweeps=2, random_state=0).shape == (5, 23)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n_hidden": 18}, "21 units have 2,097,152 states; enumeration goes up to 20 units: use method='sampled'"),
        ({"n_hidden": -1}, "n_hidden must be a whole number of at least 0, got -1"),
        ({"n_epochs": 0}, "n_epochs must be a whole number of at least 1"),
        ({"method": "gibbs"}, "method must be 'exact' or 'sampled', got 'gibbs'"),
        ({"temperature": -1.0}, "temperature must be finite and above 0, got -1.0"),
        ({"temperature": 0.0}, "temperature must be finite and above 0"),
        ({"learning_rate": np.nan}, "learning_rate must be finite and above 0"),
        ({"weight_decay": -0.1}, "weight_decay must be finite and at least 0"),
        ({"momentum": 1.0}, r"momentum must lie in \[0, 1\), got 1.0"),
        ({"n_inputs": 3}, "n_inputs is 3, but X has 3 columns: at least one is an output"),
        ({"connections": np.ones((2, 2), dtype=bool)}, r"symmetric boolean array \(3, 3\), got shape \(2, 2\)"),
        ({"method": "sampled", "schedule": [1.0, -2.0]}, "schedule must be a sequence of temperatures"),
    ],
)
def test_parameters_out_of_range_are_named(options, message):
    with pytest.raises(ValueError, match=message):
        BoltzmannMachine(**options).fit([[0, 1, 0], [1, 1, 0]])


def test_data_that_are_not_binary_are_refused():
    with pytest.raises(ValueError, match=r"X must hold only 0 and 1, but 1 of its 6 entries do not, the first is 0\.5"):
        BoltzmannMachine().fit([[0, 1, 0.5], [1, 1, 0]])
    with pytest.raises(ValueError, match="NaN"):
        BoltzmannMachine().fit([[0, 1, np.nan], [1, 1, 0]])
    with pytest.raises(ValueError, match="sample_weight must hold 2 numbers"):
        BoltzmannMachine().fit([[0, 1, 0], [1, 1, 0]], sample_weight=[1.0, -1.0])
    bm = BoltzmannMachine(n_epochs=2).fit([[0, 1, 0], [1, 1, 0]])
    with pytest.raises(ValueError, match="X must hold only 0 and 1"):
        bm.score_samples([[0, 2, 0]])
    with pytest.raises(ValueError, match="features"):
        bm.score_samples([[0, 1]])
    with pytest.raises(ValueError, match="inputs has shape"):
        BoltzmannMachine(n_inputs=1, n_epochs=2).fit([[0, 1, 0], [1, 1, 0]]).sample(3, inputs=[0, 1])
    with pytest.raises(ValueError, match="its parameters now ask for another number"):
        bm.set_params(n_hidden=2).partial_fit([[0, 1, 0]])
