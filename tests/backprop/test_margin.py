import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize
from sklearn.svm import SVC

from nndl_support.backprop.margin import inseparability_certificate, margin, mistake_bound, optimal_margin, radius
from nndl_support.backprop.perceptron import mistake_path


def separable(seed, n_examples=23, n_inputs=3, gap=0.1):
    rng = np.random.default_rng(seed)
    w = rng.normal(size=n_inputs)
    w /= np.linalg.norm(w)
    X = rng.normal(size=(n_examples, n_inputs))
    y = np.where(X @ w >= 0, 1.0, -1.0)
    return X + gap * y[:, None] * w, y


@pytest.mark.parametrize("seed", range(5))
def test_optimal_margin_agrees_with_quadratic_programming(seed):
    X, y = separable(seed)
    gamma, w = optimal_margin(X, y)
    primal = minimize(
        lambda v: v @ v / 2,
        w / margin(w, X, y) + 0.1,
        jac=lambda v: v,
        constraints={"type": "ineq", "fun": lambda v: y * (X @ v) - 1, "jac": lambda v: y[:, None] * X},
        method="SLSQP",
        options={"ftol": 1e-14, "maxiter": 500},
    )
    assert gamma == pytest.approx(1 / np.linalg.norm(primal.x), rel=1e-6)


@pytest.mark.parametrize("seed", range(3))
def test_optimal_margin_agrees_with_a_support_vector_machine_on_mirrored_data(seed):
    X, y = separable(seed)
    both = np.vstack([X, -X])  # mirrored through the origin, so that the machine's free bias must vanish
    machine = SVC(kernel="linear", C=1e9, tol=1e-8).fit(both, np.append(y, -y))
    gamma, w = optimal_margin(X, y)
    assert gamma == pytest.approx(1 / np.linalg.norm(machine.coef_), rel=1e-5)
    np.testing.assert_allclose(w, machine.coef_[0] / np.linalg.norm(machine.coef_), atol=1e-5)


@given(st.integers(0, 10**6), st.integers(2, 12), st.integers(2, 5))
@settings(max_examples=40, deadline=None)
def test_optimal_margin_is_reached_and_no_other_direction_beats_it(seed, n_examples, n_inputs):
    X, y = separable(seed, n_examples, n_inputs)
    gamma, w = optimal_margin(X, y)
    assert np.linalg.norm(w) == pytest.approx(1)
    assert margin(w, X, y) == pytest.approx(gamma, rel=1e-7)
    for other in np.random.default_rng(seed).normal(size=(50, n_inputs)):
        assert margin(other, X, y) <= gamma * (1 + 1e-9)


@given(st.integers(0, 10**6), st.integers(2, 30), st.floats(0.02, 1.0))
@settings(max_examples=40, deadline=None)
def test_perceptron_never_errs_more_often_than_the_bound(seed, n_examples, gap):  # D39
    X, y = separable(seed, n_examples, 2, gap)
    _, culprits = mistake_path(X, y, max_epochs=10**5)
    assert len(culprits) <= mistake_bound(X, y) * (1 + 1e-9)


def test_radius_is_the_length_of_the_longest_input():
    X = np.random.default_rng(3).normal(size=(7, 3))
    assert radius(X) == max(float(np.sqrt(x @ x)) for x in X)


def test_bound_is_met_with_equality_by_orthogonal_unit_vectors():  # D39
    X, y = np.eye(7), np.ones(7)
    assert mistake_bound(X, y) == pytest.approx(7)
    assert len(mistake_path(X, y)[1]) == 7


def test_margin_and_radius_scale_with_the_data_and_the_bound_does_not():
    X, y = separable(0)
    assert optimal_margin(1e6 * X, y)[0] == pytest.approx(1e6 * optimal_margin(X, y)[0])
    assert radius(1e6 * X) == pytest.approx(1e6 * radius(X))
    assert mistake_bound(1e6 * X, y) == pytest.approx(mistake_bound(X, y))


def test_xor_has_a_certificate_that_no_line_separates_it():  # I3
    X = np.array([[0, 0, 1], [0, 1, 1], [1, 0, 1], [1, 1, 1.0]])
    y = np.array([-1, 1, 1, -1])
    u = inseparability_certificate(X, y)
    np.testing.assert_allclose(u, 0.25)
    np.testing.assert_allclose(u @ (y[:, None] * X), 0, atol=1e-15)


@given(st.integers(0, 10**6))
@settings(max_examples=30, deadline=None)
def test_either_a_margin_or_a_certificate_and_never_both(seed):
    rng = np.random.default_rng(seed)
    X, y = rng.normal(size=(6, 3)), rng.choice([-1.0, 1.0], size=6)
    u = inseparability_certificate(X, y)
    if u is None:
        assert margin(optimal_margin(X, y)[1], X, y) > 0
    else:
        assert (u >= 0).all()
        np.testing.assert_allclose(u @ (y[:, None] * X), 0, atol=1e-9)
        with pytest.raises(ValueError, match="no hyperplane through the origin separates these 6 examples"):
            optimal_margin(X, y)


def test_errors_name_shapes_and_labels():
    with pytest.raises(ValueError, match=r"got \(3, 2\) and \(4,\)"):
        margin([1, 0], np.ones((3, 2)), np.ones(4))
    with pytest.raises(ValueError, match="labels must be -1 or \\+1"):
        margin([1, 0], np.ones((3, 2)), [0, 1, 1])
