import warnings

import numpy as np
import pytest
import sklearn.linear_model as peer
from sklearn.datasets import load_diabetes
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils.estimator_checks import parametrize_with_checks

from nndl_support.optimization.elastic_net import (
    ElasticNet,
    coordinate_descent,
    kkt_violation,
    objective,
    proximal_gradient,
    regularization_path,
    smallest_alpha_without_weights,
)

SOLVERS = {"coordinate_descent": coordinate_descent, "proximal_gradient": proximal_gradient}


def data(n_examples=23, n_inputs=7, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n_examples, n_inputs))
    X[:, 1] += 0.9 * X[:, 0]
    y = X @ np.array([2.0, 0, 0, -1, 0, 0.5, 0])[:n_inputs] + rng.normal(size=n_examples)
    return X - X.mean(axis=0), y - y.mean()


@parametrize_with_checks([ElasticNet(), ElasticNet(0.01, l1_ratio=1.0, solver="proximal_gradient")])
def test_it_is_a_scikit_learn_estimator(estimator, check):
    check(estimator)


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("alpha", [0.01, 0.1, 0.5])
@pytest.mark.parametrize("l1_ratio", [0.2, 0.7, 1.0])
def test_it_is_scikit_learn_s_elastic_net_and_lasso(solver, alpha, l1_ratio):
    X, y = data()
    X += 3.0
    ours = ElasticNet(alpha, l1_ratio=l1_ratio, solver=solver).fit(X, y + 5)
    make = peer.Lasso(alpha, tol=1e-14) if l1_ratio == 1 else peer.ElasticNet(alpha, l1_ratio=l1_ratio, tol=1e-14)
    theirs = make.set_params(max_iter=100_000).fit(X, y + 5)
    np.testing.assert_allclose(ours.coef_, theirs.coef_, atol=1e-8)
    assert ours.intercept_ == pytest.approx(theirs.intercept_, abs=1e-8)
    np.testing.assert_array_equal(ours.coef_ == 0, theirs.coef_ == 0)


@pytest.mark.parametrize("solver", SOLVERS)
def test_without_l1_it_is_ridge_regression_with_n_times_the_alpha(solver):
    X, y = data()
    ours = ElasticNet(0.3, l1_ratio=0.0, solver=solver, tol=1e-12).fit(X, y)
    theirs = peer.Ridge(0.3 * len(X)).fit(X, y)
    np.testing.assert_allclose(ours.coef_, theirs.coef_, atol=1e-8)
    assert np.abs(peer.Ridge(0.3).fit(X, y).coef_ - ours.coef_).max() > 0.05  # the trap


@pytest.mark.parametrize("solver", SOLVERS)
def test_without_penalty_it_is_least_squares(solver):
    X, y = data()
    w, _ = SOLVERS[solver](X, y, 0.0, 0.5)
    np.testing.assert_allclose(w, np.linalg.lstsq(X, y)[0], atol=1e-8)


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("seed", range(5))
def test_the_optimality_conditions_hold_and_no_neighbour_is_better(solver, seed):
    X, y = data(11, 7, seed)
    w, _ = SOLVERS[solver](X, y, 0.2, 0.6)
    assert kkt_violation(X, y, w, 0.2, 0.6) < 1e-9
    lowest = objective(X, y, w, 0.2, 0.6)
    steps = np.random.default_rng(seed).normal(size=(100, 7))
    assert all(objective(X, y, w + size * step, 0.2, 0.6) > lowest for size in (1e-3, 0.1, 1) for step in steps)


def test_the_violation_is_the_slope_where_the_objective_is_smooth():
    X, y = data()
    w = np.linspace(-1, 1, 7) + 0.05
    slope = [
        (objective(X, y, w + 1e-6 * e, 0.2, 0.6) - objective(X, y, w - 1e-6 * e, 0.2, 0.6)) / 2e-6 for e in np.eye(7)
    ]
    assert kkt_violation(X, y, w, 0.2, 0.6) == pytest.approx(np.abs(slope).max(), rel=1e-6)


def test_more_inputs_than_examples_and_repeated_columns_are_fine():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(5, 13)), rng.normal(size=5)
    X[:, 3] = X[:, 7]
    for solver in SOLVERS.values():
        w, _ = solver(X, y, 0.1, 0.5)
        assert kkt_violation(X, y, w, 0.1, 0.5) < 1e-9
        assert w[3] == pytest.approx(w[7], abs=1e-7)  # the ℓ2 part shares between twins


def test_a_column_of_zeros_gets_no_weight():
    X, y = data()
    X[:, 2] = 0
    for solver in SOLVERS.values():
        assert solver(X, y, 0.1, 1.0)[0][2] == 0


def test_the_smallest_strength_without_weights_is_just_that():
    X, y = data()
    alpha = smallest_alpha_without_weights(X, y, 0.5)
    assert np.all(coordinate_descent(X, y, alpha * (1 + 1e-9), 0.5)[0] == 0)
    assert np.sum(coordinate_descent(X, y, alpha * 0.999, 0.5)[0] != 0) == 1


def test_the_path_is_scikit_learn_s():
    X, y = load_diabetes(return_X_y=True)
    X, y = (X - X.mean(axis=0)) / X.std(axis=0), y - y.mean()
    alphas, weights = regularization_path(X, y, l1_ratio=0.8, n_alphas=7)
    _, theirs, _ = peer.enet_path(X, y, l1_ratio=0.8, alphas=alphas, tol=1e-14, max_iter=100_000)
    np.testing.assert_allclose(weights.T, theirs, atol=1e-6)
    assert np.all(weights[0] == 0)


def test_each_solution_of_the_path_is_the_start_of_the_next(monkeypatch):
    X, y = data()
    starts = []

    def spy(X, y, alpha, l1_ratio, *, start):
        starts.append(np.array(start))
        return coordinate_descent(X, y, alpha, l1_ratio, start=start)

    monkeypatch.setattr("nndl_support.optimization.elastic_net.coordinate_descent", spy)
    _, weights = regularization_path(X, y, n_alphas=5)
    np.testing.assert_array_equal(starts, np.vstack([np.zeros(7), weights[:-1]]))


def test_momentum_that_starts_anew_needs_fewer_steps_than_momentum_that_does_not():
    X, y = data()
    gram, moment, step = X.T @ X / 23, X.T @ y / 23, 1 / np.linalg.eigvalsh(X.T @ X / 23)[-1]
    w = ahead = np.zeros(7)
    t, plain = 1.0, 0
    while kkt_violation(X, y, w, 0.01, 1.0) > 1e-10 * np.abs(moment).max():  # Beck and Teboulle's, without restarts
        new = ahead - step * (gram @ ahead - moment)
        new = np.sign(new) * np.maximum(np.abs(new) - 0.01 * step, 0)
        t_next = (1 + np.sqrt(1 + 4 * t**2)) / 2
        w, ahead, t, plain = new, new + (t - 1) / t_next * (new - w), t_next, plain + 1
    assert proximal_gradient(X, y, 0.01, 1.0)[1] < 0.7 * plain


def test_a_start_at_the_solution_is_the_end():
    X, y = data()
    for solver in SOLVERS.values():
        w, _ = solver(X, y, 0.1, 0.5, tol=1e-12)
        again, n = solver(X, y, 0.1, 0.5, start=w)
        assert n == 1
        np.testing.assert_allclose(again, w, atol=1e-10)


def test_too_few_rounds_are_told():
    X, y = data()
    with pytest.warns(
        ConvergenceWarning, match="not converged within max_iter=1: the optimality conditions are off by"
    ):
        ElasticNet(0.01, max_iter=1).fit(X, y)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ElasticNet(0.01).fit(X, y)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"alpha": -1}, "alpha is -1; expected a number of at least 0"),
        ({"alpha": float("nan")}, "alpha is nan"),
        ({"l1_ratio": 1.5}, "l1_ratio is 1.5"),
        ({"solver": "lars"}, "solver is 'lars'"),
        ({"max_iter": 0}, "max_iter is 0"),
        ({"tol": 0.0}, "tol is 0.0"),
    ],
)
def test_options_that_make_no_sense_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        ElasticNet(**options).fit(*data())


def test_ridge_has_no_strength_without_weights():
    with pytest.raises(ValueError, match="the ℓ2 norm alone never gives zeros"):
        smallest_alpha_without_weights(*data(), 0.0)
