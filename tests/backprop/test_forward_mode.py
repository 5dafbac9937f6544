"""Proofs for nndl_support.backprop.forward_mode (D24)."""

import hypothesis.extra.numpy as hnp
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from nndl_support.backprop.forward_mode import Dual, derivative, directional_derivative, jacobian_forward


def torch_directional_derivative(f, x, direction):
    """J v by two reverse passes: u -> J'u is linear, and its transpose is J."""
    x = torch.tensor(x, requires_grad=True)
    y = f(x)
    u = torch.zeros_like(y, requires_grad=True)
    (pulled_back,) = torch.autograd.grad(y, x, u, create_graph=True)
    return y.detach(), torch.autograd.grad(pulled_back, u, torch.tensor(direction))[0]


POINTS = hnp.arrays(np.float64, (5, 3), elements=st.floats(-2, 2))

FUNCTIONS = {
    "arithmetic": lambda x: (3 * x - x / 2 + 1) * x - 2 / (x * x + 1),
    "powers": lambda x: (x * x + 0.5) ** 1.5 + x**3 - 2.0**x,
    "elementary": lambda x: x.exp() * x.sin() + (x * x + 1).log() * x.cos() - (x * x + 1).sqrt(),
    "squashing": lambda x: x.tanh() * x,
    "sums": lambda x: (x.sum(0) * x.mean(1, keepdims=True)).sum(),
    "matmul": lambda x: (x.T @ x) @ x.T,
    "shapes": lambda x: x.reshape(3, 5)[1:, 2] * x[0, 1],
}


@pytest.mark.parametrize("name", FUNCTIONS)
@settings(max_examples=20, deadline=None)
@given(x=POINTS, direction=POINTS)
def test_value_and_tangent_are_those_of_torch(name, x, direction):
    f = FUNCTIONS[name]
    value, tangent = directional_derivative(f, x, direction)
    torch_f = {
        "sums": lambda x: (x.sum(0) * x.mean(1, keepdim=True)).sum(),
    }.get(name, f)
    expected_value, expected_tangent = torch_directional_derivative(torch_f, x, direction)
    np.testing.assert_allclose(value, expected_value, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(tangent, expected_tangent, rtol=1e-11, atol=1e-11)


def test_softmax_logsumexp_max_relu_and_logistic_are_those_of_torch():
    rng = np.random.default_rng(5)
    x, v = rng.normal(size=(2, 7, 5)) * 3
    pairs = [
        (lambda x: x.softmax(1), lambda x: torch.softmax(x, 1)),
        (lambda x: x.log_softmax(0), lambda x: torch.log_softmax(x, 0)),
        (lambda x: x.logsumexp(1), lambda x: torch.logsumexp(x, 1)),
        (lambda x: x.max(1), lambda x: torch.amax(x, 1)),
        (lambda x: x.relu(), torch.relu),
        (lambda x: x.logistic(), torch.sigmoid),
        (abs, torch.abs),
        (lambda x: np.maximum(x, 0.25), lambda x: torch.maximum(x, torch.tensor(0.25))),
        (lambda x: np.arctan(x), torch.arctan),
        (lambda x: np.ones((3, 7)) @ x, lambda x: torch.ones(3, 7, dtype=x.dtype) @ x),
    ]
    for ours, theirs in pairs:
        for got, expected in zip(directional_derivative(ours, x, v), torch_directional_derivative(theirs, x, v)):
            np.testing.assert_allclose(got, expected, rtol=1e-12, atol=1e-14)


def test_a_tie_in_max_shares_the_tangent_and_relu_is_flat_at_zero():
    assert directional_derivative(lambda x: x.max(), np.array([2.0, 2.0, 1.0]), np.array([1.0, 3.0, 5.0]))[1] == 2.0
    assert derivative(lambda x: x.relu(), 0.0) == 0.0


def test_the_worked_example_has_slope_one_quarter():
    def unit(w):
        return 1 / (np.exp(-(w * 1.0 + 0.0)) + 1)

    value, slope = directional_derivative(unit, 0.0, 1.0)
    assert (value, slope) == (0.5, 0.25)


def test_nested_duals_give_higher_derivatives():
    def f(x):
        return np.exp(x) * np.sin(x)

    second = derivative(lambda x: derivative(f, x), 0.7)
    third = derivative(lambda x: derivative(lambda y: derivative(f, y), x), 0.7)
    assert second == pytest.approx(2 * np.exp(0.7) * np.cos(0.7), rel=1e-14)
    assert third == pytest.approx(2 * np.exp(0.7) * (np.cos(0.7) - np.sin(0.7)), rel=1e-14)


def test_nested_array_duals_give_hessian_vector_products():
    A = np.array([[2.0, -1.0, 0.5], [-1.0, 3.0, 0.0], [0.5, 0.0, 1.0]])
    u, v = np.array([1.0, 2.0, 3.0]), np.array([-1.0, 0.5, 2.0])

    def along_u(x):
        return directional_derivative(lambda y: (y * (A @ y)).sum() / 2, x, u)[1]

    assert directional_derivative(along_u, np.ones(3), v)[1] == pytest.approx(u @ A @ v, rel=1e-14)


def test_perturbations_of_nested_derivatives_are_not_confused():
    # d/dx [x * d/dy (x + y)] is 1; an implementation with one epsilon for both says 2.
    assert derivative(lambda x: x * derivative(lambda y: x + y, 1.0), 1.0) == 1.0
    confused = Dual(1.0, 1.0) * (Dual(1.0, 1.0) + Dual(1.0, 1.0)).tangent
    assert confused.tangent == 2.0


def test_programs_with_branches_and_loops_are_differentiated_along_the_path_taken():
    def newton_root(a):
        x = a
        while abs(x * x - a) > 1e-13:
            x = (x + a / x) / 2
        return x if x > 1 else -x

    assert derivative(newton_root, 9.0) == pytest.approx(1 / 6, rel=1e-12)
    assert derivative(newton_root, 0.25) == pytest.approx(-1.0, rel=1e-12)


def test_jacobian_has_outputs_as_rows_and_inputs_as_columns():
    W = np.arange(15.0).reshape(5, 3) / 10
    x = np.array([0.1, -0.2, 0.3])
    expected = (1 - np.tanh(W @ x) ** 2)[:, None] * W
    np.testing.assert_allclose(jacobian_forward(lambda x: (W @ x).tanh(), x), expected, rtol=1e-14)
    np.testing.assert_allclose(jacobian_forward(lambda x: (x * x).sum(), x), 2 * x, rtol=1e-15)


def test_a_function_that_ignores_its_argument_has_derivative_zero():
    assert derivative(lambda x: 3.0, 1.0) == 0.0


def test_mistakes_are_named():
    with pytest.raises(ValueError, match=r"tangent of shape \(2,\) does not fit a value of shape \(3,\)"):
        Dual(np.ones(3), np.ones(2))
    with pytest.raises(TypeError, match="but got str"):
        Dual("3")
    with pytest.raises(ValueError, match=r"add cannot combine shapes \(5, 3\) and \(2,\)"):
        Dual(np.ones((5, 3))) + np.ones(2)
    with pytest.raises(ValueError, match=r"matmul cannot combine shapes \(5, 3\) and \(5, 3\)"):
        Dual(np.ones((5, 3))) @ np.ones((5, 3))
    with pytest.raises(TypeError, match="floor has no derivative rule"):
        np.floor(Dual(1.0))
    with pytest.raises(TypeError, match="plain call"):
        np.add.reduce(Dual(np.ones(3)))
    with pytest.raises(TypeError, match="cannot mix a dual number with a NoneType"):
        Dual(1.0) + None
    with pytest.raises(ValueError, match="must be a vector"):
        jacobian_forward(lambda x: x, np.ones((2, 2)))


@pytest.mark.parametrize("x", [-np.inf, -1.0, 0.0, 2.0, np.inf])
def test_relu_cuts_infinities_and_nests(x):
    y = Dual(x, 3.0).relu()
    assert (y.value, y.tangent) == (max(x, 0.0), 3.0 * (x > 0))
    if np.isfinite(x):
        assert derivative(lambda t: derivative(lambda u: (u * u * u).relu(), t), x) == 6 * x * (x > 0)


def test_division_by_zero_is_infinite_and_no_error():
    with np.errstate(divide="ignore"):
        assert (Dual(1.0, 1.0) / 0.0).tangent == np.inf
        assert Dual(0.0, 1.0).log().tangent == np.inf


def test_a_number_is_no_sequence_and_is_as_true_as_its_value():
    for call in (len, iter):
        with pytest.raises(TypeError, match="without axes"):
            call(Dual(1.0))
    assert [entry.tangent for entry in Dual([1.0, 2.0], [3.0, 4.0])] == [3.0, 4.0]
    assert Dual(0.5, 0.0)
    assert not Dual(0.0, 1.0)


def test_an_inner_function_that_returns_the_outer_variable_is_constant_to_the_inner_one():
    assert derivative(lambda x: x * derivative(lambda y: x, 2.0), 3.0) == 0.0


def test_matrices_of_two_levels_multiply():
    A, B = np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([[5.0, 6.0], [7.0, 8.0]])

    def product(a, b):
        return ((a * A) @ (b * B)).sum()

    assert derivative(lambda a: derivative(lambda b: product(a, b), 1.0), 1.0) == (A @ B).sum()
    assert derivative(lambda b: derivative(lambda a: product(a, b), 1.0), 1.0) == (A @ B).sum()


def test_logsumexp_and_softmax_do_not_overflow():
    x = Dual([1000.0, 1000.0], [1.0, 0.0])
    assert x.logsumexp().value == 1000.0 + np.log(2.0)
    np.testing.assert_allclose(x.softmax().value, [0.5, 0.5], rtol=1e-12)
    np.testing.assert_allclose(x.softmax().tangent, [0.25, -0.25], rtol=1e-12)
