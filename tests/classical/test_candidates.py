import numpy as np
import pytest
import torch

from nndl_support.classical.candidates import CRITERIA, UNIT_TYPES, score, score_and_gradient, train_pool, unit_outputs

B, M, C, K = 13, 5, 7, 3
MIXED = ("tanh", "gaussian", "logistic", "tanh", "gaussian", "logistic", "tanh")


def problem(seed=0, n_outputs=K):
    rng = np.random.default_rng(seed)
    Z = np.column_stack([np.ones(B), rng.normal(size=(B, M - 1))])
    return rng.normal(size=(C, M)), Z, rng.normal(size=(B, n_outputs))


def score_by_loops(V, E, criterion):
    """The definition, sum by sum."""
    scores = []
    for c in range(V.shape[1]):
        total = sum(
            abs(sum((V[p, c] - V[:, c].mean()) * (E[p, o] - E[:, o].mean()) for p in range(len(V))))
            for o in range(E.shape[1])
        )
        spread = sum((V[p, c] - V[:, c].mean()) ** 2 for p in range(len(V))) ** 0.5
        scores.append(total if criterion == "covariance" else total / spread)
    return scores


def torch_score(weights, Z, E, unit_types, criterion):
    """The same in torch, to be differentiated by autograd."""
    function = {"tanh": torch.tanh, "logistic": torch.sigmoid, "gaussian": lambda z: torch.exp(-(z**2) / 2)}
    net = torch.as_tensor(Z) @ weights.T
    V = torch.stack([function[kind](net[:, c]) for c, kind in enumerate(unit_types)], dim=1)
    V, errors = V - V.mean(dim=0), torch.as_tensor(E) - torch.as_tensor(E).mean(dim=0)
    S = (V.T @ errors).abs().sum(dim=1)
    return S if criterion == "covariance" else S / V.norm(dim=0)


# --- units -------------------------------------------------------------------------------------------------------------


def test_units_are_the_functions_they_are_called():
    z = np.linspace(-3, 3, 11)
    net = np.column_stack([z, z, z])
    V, _ = unit_outputs(net, ["gaussian", "tanh", "logistic"])
    np.testing.assert_allclose(V[:, 0], np.exp(-z * z / 2), rtol=1e-15)
    np.testing.assert_allclose(V[:, 1], np.tanh(z), rtol=1e-15)
    np.testing.assert_allclose(V[:, 2], 1 / (1 + np.exp(-z)), rtol=1e-14)


@pytest.mark.parametrize("kind", UNIT_TYPES)
def test_derivatives_of_units_are_central_differences(kind):
    z, h = np.linspace(-4, 4, 17)[:, None], 1e-5
    slope = (unit_outputs(z + h, [kind])[0] - unit_outputs(z - h, [kind])[0]) / (2 * h)
    np.testing.assert_allclose(unit_outputs(z, [kind])[1], slope, atol=1e-10)


@pytest.mark.parametrize("kind", UNIT_TYPES)
def test_units_stay_finite_far_out(kind):
    V, slope = unit_outputs(np.array([[-1e200], [-1e4], [1e4], [1e200]]), [kind])
    assert np.isfinite(V).all()
    np.testing.assert_array_equal(np.abs(slope), np.zeros((4, 1)))


def test_an_unknown_unit_is_named():
    with pytest.raises(ValueError, match="unknown unit type 'relu'; known are tanh, logistic, gaussian"):
        unit_outputs(np.zeros((2, 1)), ["relu"])


# --- the score ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("criterion", CRITERIA)
def test_the_score_is_its_definition(criterion):
    weights, Z, E = problem()
    V, _ = unit_outputs(Z @ weights.T, MIXED)
    np.testing.assert_allclose(score(V, E, criterion=criterion), score_by_loops(V, E, criterion), rtol=1e-13)
    np.testing.assert_allclose(
        score_and_gradient(weights, Z, E, MIXED, criterion=criterion)[0], score_by_loops(V, E, criterion), rtol=1e-13
    )


def test_the_score_is_the_number_of_examples_times_numpys_covariance():
    weights, Z, E = problem(1)
    V, _ = unit_outputs(Z @ weights.T, MIXED)
    covariance = np.cov(V.T, E.T, bias=True)[:C, C:]
    np.testing.assert_allclose(score(V, E), B * np.abs(covariance).sum(axis=1), rtol=1e-12)
    correlation = np.corrcoef(V.T, E.T)[:C, C:]
    lengths = np.linalg.norm(E - E.mean(axis=0), axis=0)
    np.testing.assert_allclose(score(V, E, criterion="correlation"), np.abs(correlation) @ lengths, rtol=1e-12)


@pytest.mark.parametrize("criterion", CRITERIA)
@pytest.mark.parametrize(
    "kinds", [("tanh",) * C, ("logistic",) * C, ("gaussian",) * C, MIXED], ids=lambda k: "-".join(k[:2])
)
def test_the_derivative_is_the_central_difference(criterion, kinds):
    weights, Z, E = problem(2)
    _, gradient = score_and_gradient(weights, Z, E, kinds, criterion=criterion)
    difference, h = np.empty_like(weights), 1e-5
    for i in range(M):
        up, down = weights.copy(), weights.copy()
        up[:, i] += h
        down[:, i] -= h
        plus, minus = (score_and_gradient(w, Z, E, kinds, criterion=criterion)[0] for w in (up, down))
        difference[:, i] = (plus - minus) / (2 * h)
    np.testing.assert_allclose(gradient, difference, atol=1e-8)


@pytest.mark.parametrize("criterion", CRITERIA)
@pytest.mark.parametrize("seed", range(3))
def test_the_derivative_is_that_of_autograd(criterion, seed):
    weights, Z, E = problem(seed)
    w = torch.tensor(weights, requires_grad=True)
    scores = torch_score(w, Z, E, MIXED, criterion)
    scores.sum().backward()
    ours, gradient = score_and_gradient(weights, Z, E, MIXED, criterion=criterion)
    np.testing.assert_allclose(ours, scores.detach(), rtol=1e-12)
    np.testing.assert_allclose(gradient, w.grad, atol=1e-12)


@pytest.mark.parametrize("criterion", CRITERIA)
def test_the_order_of_examples_and_constants_in_the_error_do_not_matter(criterion):
    weights, Z, E = problem(3)
    before = score_and_gradient(weights, Z, E, MIXED, criterion=criterion)
    order = np.random.default_rng(0).permutation(B)
    after = score_and_gradient(weights, Z[order], E[order] + [5.0, -7.0, 0.3], MIXED, criterion=criterion)
    for a, b in zip(before, after):
        np.testing.assert_allclose(a, b, rtol=1e-11, atol=1e-12)


def test_covariance_grows_with_the_spread_of_a_unit_and_correlation_does_not():
    rng = np.random.default_rng(4)
    V, E = rng.normal(size=(B, C)), rng.normal(size=(B, K))
    np.testing.assert_allclose(score(-3 * V, E), 3 * score(V, E), rtol=1e-13)
    np.testing.assert_allclose(
        score(-3 * V, E, criterion="correlation"), score(V, E, criterion="correlation"), rtol=1e-13
    )


def test_correlation_is_largest_for_the_error_itself():
    rng = np.random.default_rng(5)
    E = rng.normal(size=(B, 1))
    V = np.hstack([E, rng.normal(size=(B, 3))])
    scores = score(V, E, criterion="correlation")
    np.testing.assert_allclose(scores[0], np.linalg.norm(E - E.mean()), rtol=1e-13)
    assert (scores[1:] < scores[0]).all()


@pytest.mark.parametrize("criterion", CRITERIA)
def test_a_unit_that_does_not_vary_scores_nothing(criterion):
    weights, Z, E = problem()
    weights[2] = 0.0
    weights[5] = [60.0, 0, 0, 0, 0]  # saturated everywhere
    S, gradient = score_and_gradient(weights, Z, E, ("tanh",) * C, criterion=criterion)
    np.testing.assert_allclose(S[[2, 5]], 0, atol=1e-12)
    assert np.isfinite(gradient).all()


# --- the pool ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("criterion", CRITERIA)
def test_a_pool_is_its_candidates_trained_one_by_one(criterion):
    weights, Z, E = problem(6)
    options = {"criterion": criterion, "max_epochs": 12, "patience": 1000}
    together = train_pool(weights, Z, E, MIXED, **options)
    for c in range(C):
        alone = train_pool(weights[c : c + 1], Z, E, MIXED[c : c + 1], **options)
        np.testing.assert_allclose(together.weights[c], alone.weights[0], rtol=1e-7, atol=1e-8)
        np.testing.assert_allclose(together.scores[c], alone.scores[0], rtol=1e-9)


def test_the_order_of_candidates_changes_nothing_but_the_order():
    weights, Z, E = problem(7)
    order = np.array([3, 0, 6, 1, 5, 2, 4])
    pool = train_pool(weights, Z, E, MIXED, max_epochs=12)
    shuffled = train_pool(weights[order], Z, E, [MIXED[c] for c in order], max_epochs=12)
    np.testing.assert_allclose(shuffled.scores, pool.scores[order], rtol=1e-7)
    assert order[shuffled.best] == pool.best


@pytest.mark.parametrize("criterion", CRITERIA)
@pytest.mark.parametrize("seed", range(3))
def test_the_winner_has_the_largest_score_by_brute_force(criterion, seed):
    weights, Z, E = problem(seed)
    pool = train_pool(weights, Z, E, MIXED, criterion=criterion)
    V, _ = unit_outputs(Z @ pool.weights.T, MIXED)
    by_loops = score_by_loops(V, E, criterion)
    np.testing.assert_allclose(pool.scores, by_loops, rtol=1e-12)
    assert pool.best == int(np.argmax(by_loops))
    assert (pool.scores >= pool.history.max(axis=0) * (1 - 1e-12)).all()
    assert pool.scores.mean() > 1.2 * pool.history[0].mean()


def test_a_single_candidate_finds_the_best_threshold_on_a_line():
    # One saturating unit of one input against a step: all of the covariance there is, reached only by the right threshold.
    x = np.linspace(-1, 1, 41)
    Z, E = np.column_stack([np.ones(41), x]), np.where(x > 0.27, 1.0, -1.0)[:, None]
    bound = score(E, E)[0]  # no unit within (-1, 1) can covary more with E than E itself does
    pool = train_pool(np.random.default_rng(0).uniform(-1, 1, (5, 2)), Z, E, ["tanh"] * 5, max_epochs=2000, tol=1e-6)
    assert 0.98 * bound < pool.scores.max() <= bound * (1 + 1e-12)
    bias, slope = pool.weights[pool.best]
    assert abs(-bias / slope - 0.275) < 0.03


def test_covariance_drives_a_unit_into_saturation_where_correlation_keeps_it_linear():
    # The error is a straight line. Among bounded outputs its sign covaries most with it, a multiple of it correlates most.
    x = np.linspace(-1, 1, 41)
    Z, E = np.column_stack([np.ones(41), x]), x[:, None]
    start = np.array([[0.3, 1.5]])
    options = {"max_epochs": 500, "tol": 1e-9, "patience": 50}
    steep = train_pool(start, Z, E, ["tanh"], **options)
    flat = train_pool(start, Z, E, ["tanh"], criterion="correlation", **options)
    assert abs(steep.weights[0, 1]) > 10
    assert abs(flat.weights[0, 1]) < 0.3
    np.testing.assert_allclose(steep.scores, np.abs(x).sum(), rtol=1e-2)
    np.testing.assert_allclose(flat.scores, np.linalg.norm(x), rtol=1e-3)


@pytest.mark.parametrize("criterion", CRITERIA)
def test_neither_the_size_of_the_error_nor_repeated_examples_change_the_way(criterion):
    weights, Z, E = problem(8)
    once = train_pool(weights, Z, E, MIXED, criterion=criterion, max_epochs=10)
    larger = train_pool(weights, Z, 1e3 * E, MIXED, criterion=criterion, max_epochs=10)
    np.testing.assert_allclose(larger.weights, once.weights, rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(larger.scores, 1e3 * once.scores, rtol=1e-9)
    twice = train_pool(weights, np.vstack([Z, Z]), np.vstack([E, E]), MIXED, criterion=criterion, max_epochs=10)
    np.testing.assert_allclose(twice.weights, once.weights, rtol=1e-6, atol=1e-8)


def test_training_ends_when_nobody_gains():
    weights, Z, E = problem(9)
    patient = train_pool(weights, Z, E, MIXED, tol=0.0, patience=30, max_epochs=200)
    hasty = train_pool(weights, Z, E, MIXED, tol=0.5, patience=2, max_epochs=200)
    assert len(hasty.history) < len(patient.history) <= 201
    assert train_pool(weights, Z, E, MIXED, max_epochs=0).history.shape == (1, C)


def test_without_error_nothing_is_learnt():
    weights, Z, _ = problem()
    pool = train_pool(weights, Z, np.full((B, K), 0.25), MIXED)
    np.testing.assert_array_equal(pool.weights, weights)
    np.testing.assert_array_equal(pool.scores, np.zeros(C))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"weights": np.zeros((C, M + 1))}, r"weights have shape \(7, 6\), but Z has 5 columns"),
        ({"E": np.zeros((B - 1, K))}, r"E has shape \(12, 3\), but Z has 13 rows"),
        ({"E": np.zeros(B)}, r"E has shape \(13,\)"),
        ({"unit_types": ("tanh",)}, "there are 1 unit types for 7 candidates"),
        ({"criterion": "cosine"}, "criterion must be one of covariance, correlation, but is 'cosine'"),
    ],
)
def test_what_does_not_fit_is_refused(change, message):
    weights, Z, E = problem()
    arguments = {"weights": weights, "Z": Z, "E": E, "unit_types": MIXED} | change
    with pytest.raises(ValueError, match=message):
        train_pool(**arguments)


def test_an_unknown_criterion_is_named_wherever_it_is_given():
    weights, Z, E = problem()
    with pytest.raises(ValueError, match="criterion must be one of covariance, correlation, but is 'cov'"):
        score(Z @ weights.T, E, criterion="cov")
    with pytest.raises(ValueError, match="criterion must be one of covariance, correlation, but is 'cov'"):
        score_and_gradient(weights, Z, E, MIXED, criterion="cov")
    with pytest.raises(ValueError, match="2 unit types for 7 candidates"):
        unit_outputs(Z @ weights.T, ["tanh", "tanh"])
    with pytest.raises(ValueError, match=r"learning_rate and growth must be positive, but are -1\.0 and 1\.75"):
        train_pool(weights, Z, E, MIXED, learning_rate=-1.0)
