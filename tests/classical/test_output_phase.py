import numpy as np
import pytest
import scipy.linalg
import torch
from sklearn.linear_model import LogisticRegression, Ridge

from nndl_support.classical import output_phase
from nndl_support.classical.output_phase import fit_outputs, gradient, objective, outputs

B, M = 29, 5
CASES = [("cross_entropy", 1), ("cross_entropy", 3), ("squared_error", 2)]
every_case = pytest.mark.parametrize(("loss", "n_outputs"), CASES)


def problem(loss, n_outputs, seed=0):
    rng = np.random.default_rng(seed)
    Z = np.column_stack([np.ones(B), rng.normal(size=(B, M - 1))])
    if loss == "squared_error":
        T = rng.normal(size=(B, n_outputs))
    elif n_outputs == 1:
        T = rng.integers(2, size=(B, 1)).astype(float)
    else:
        T = np.eye(n_outputs)[rng.integers(n_outputs, size=B)]
    return Z, T, rng.normal(size=(M, n_outputs))


@every_case
def test_the_gradient_is_the_central_difference(loss, n_outputs):
    Z, T, coef = problem(loss, n_outputs)
    difference, h = np.empty_like(coef), 1e-6
    for index in np.ndindex(coef.shape):
        up, down = coef.copy(), coef.copy()
        up[index] += h
        down[index] -= h
        plus, minus = (objective(w, Z, T, loss=loss, alpha=0.3) for w in (up, down))
        difference[index] = (plus - minus) / (2 * h)
    np.testing.assert_allclose(gradient(coef, Z, T, loss=loss, alpha=0.3), difference, atol=1e-8)


def test_the_objective_is_that_of_torch():
    Z, T, coef = problem("cross_entropy", 1)
    net = torch.tensor(Z @ coef)
    expected = torch.nn.functional.binary_cross_entropy_with_logits(net, torch.tensor(T))
    np.testing.assert_allclose(objective(coef, Z, T, loss="cross_entropy"), expected, rtol=1e-13)
    Z, T, coef = problem("cross_entropy", 3)
    expected = torch.nn.functional.cross_entropy(torch.tensor(Z @ coef), torch.tensor(T))
    np.testing.assert_allclose(objective(coef, Z, T, loss="cross_entropy"), expected, rtol=1e-13)
    Z, T, coef = problem("squared_error", 2)
    expected = torch.nn.functional.mse_loss(torch.tensor(Z @ coef), torch.tensor(T))
    np.testing.assert_allclose(objective(coef, Z, T, loss="squared_error"), expected, rtol=1e-13)  # half a sum of two


def test_the_penalty_leaves_out_the_biases():
    Z, T, coef = problem("cross_entropy", 3)
    plain, penalised = (objective(coef, Z, T, loss="cross_entropy", alpha=alpha) for alpha in (0.0, 2.0))
    np.testing.assert_allclose(penalised - plain, np.sum(coef[1:] ** 2), rtol=1e-12)


@pytest.mark.parametrize("n_outputs", [1, 3])
def test_classes_are_fitted_as_scikit_learn_fits_them(n_outputs):
    Z, T, _ = problem("cross_entropy", n_outputs)
    alpha = 0.1
    ours = fit_outputs(Z, T, np.zeros((M, n_outputs)), loss="cross_entropy", alpha=alpha)
    labels = T[:, 0] if n_outputs == 1 else T.argmax(axis=1)
    peer = LogisticRegression(C=1 / (alpha * B), tol=1e-10, max_iter=1000).fit(Z[:, 1:], labels)
    probabilities = peer.predict_proba(Z[:, 1:])
    expected = probabilities[:, 1:] if n_outputs == 1 else probabilities
    np.testing.assert_allclose(outputs(Z, ours.coef, "cross_entropy"), expected, atol=1e-5)


def test_numbers_are_fitted_by_least_squares():
    Z, T, start = problem("squared_error", 2)
    ours = fit_outputs(Z, T, start, loss="squared_error")
    np.testing.assert_allclose(ours.coef, scipy.linalg.lstsq(Z, T)[0], atol=1e-12)
    np.testing.assert_allclose(Z.T @ (T - outputs(Z, ours.coef, "squared_error")), 0, atol=1e-12)


def test_the_penalty_makes_it_ridge_regression():
    Z, T, start = problem("squared_error", 2)
    ours = fit_outputs(Z, T, start, loss="squared_error", alpha=0.7)
    peer = Ridge(alpha=0.7 * B).fit(Z[:, 1:], T)
    np.testing.assert_allclose(ours.coef, np.vstack([peer.intercept_, peer.coef_.T]), atol=1e-12)


@every_case
@pytest.mark.parametrize("max_iter", [1, 3, 200])
def test_it_never_ends_above_its_start(loss, n_outputs, max_iter):
    for seed in range(5):
        Z, T, start = problem(loss, n_outputs, seed)
        fitted = fit_outputs(Z, T, start, loss=loss, alpha=1e-3, max_iter=max_iter)
        assert fitted.objective <= objective(start, Z, T, loss=loss, alpha=1e-3)
        np.testing.assert_allclose(fitted.objective, objective(fitted.coef, Z, T, loss=loss, alpha=1e-3), rtol=1e-14)
        again = fit_outputs(Z, T, fitted.coef, loss=loss, alpha=1e-3, max_iter=max_iter)
        assert again.objective <= fitted.objective


@every_case
def test_at_the_minimum_the_mean_error_of_every_output_is_zero(loss, n_outputs):
    Z, T, start = problem(loss, n_outputs)
    fitted = fit_outputs(Z, T, start, loss=loss, alpha=1e-2, max_iter=1000)
    np.testing.assert_allclose((T - outputs(Z, fitted.coef, loss)).mean(axis=0), 0, atol=1e-5)


def test_classes_that_can_be_separated_stay_finite():
    x = np.linspace(-1, 1, 11)
    Z, T = np.column_stack([np.ones(11), x]), (x > 0.1)[:, None].astype(float)
    fitted = fit_outputs(Z, T, np.zeros((2, 1)), loss="cross_entropy")
    assert np.isfinite(fitted.coef).all()
    assert fitted.objective < 1e-3


def test_a_solution_worse_than_the_start_is_not_taken(monkeypatch):
    Z, T, start = problem("squared_error", 2)
    monkeypatch.setattr(output_phase, "_least_squares", lambda Z, T, alpha: start + 100.0)
    fitted = fit_outputs(Z, T, start, loss="squared_error")
    np.testing.assert_array_equal(fitted.coef, start)
    assert fitted.objective == objective(start, Z, T, loss="squared_error")


def test_bad_input_is_named():
    Z, T, coef = problem("cross_entropy", 1)
    for call in (lambda: outputs(Z, coef, "mse"), lambda: objective(coef, Z, T, loss="mse")):
        with pytest.raises(ValueError, match="loss must be one of cross_entropy, squared_error, but is 'mse'"):
            call()
    with pytest.raises(ValueError, match=r"Z has shape \(29, 5\), T \(29,\) and start \(5, 1\)"):
        fit_outputs(Z, T[:, 0], coef, loss="cross_entropy")
