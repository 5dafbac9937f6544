"""The surface of two units: autograd and differences for its derivatives, theorems about its shape."""

import numpy as np
import pytest
import torch

from nndl_support.activations.two_unit_surface import LOSSES, gradient, hessian, loss

X, Y = np.array([1.0, -0.7, 0.3]), np.array([1.0, 0.0, 0.6])
POINTS = np.random.default_rng(0).uniform(-4, 4, (7, 2))


def of_torch(w, name):
    p = torch.sigmoid(w[1] * torch.sigmoid(w[0] * torch.tensor(X)))
    y = torch.tensor(Y)
    squares = (p - y) ** 2
    entropy = -y * torch.log(p) - (1 - y) * torch.log(1 - p)
    return (squares if name == "squared_error" else entropy).sum()


@pytest.mark.parametrize("name", LOSSES)
def test_value_gradient_and_hessian_are_those_of_autograd(name):
    for point in POINTS:
        w = torch.tensor(point, requires_grad=True)
        value = of_torch(w, name)
        np.testing.assert_allclose(loss(*point, X, Y, name), value.item(), rtol=1e-12)
        np.testing.assert_allclose(
            gradient(*point, X, Y, name), torch.autograd.grad(value, w)[0].numpy(), rtol=1e-10, atol=1e-14
        )
        exact = torch.autograd.functional.hessian(lambda w: of_torch(w, name), torch.tensor(point)).numpy()
        np.testing.assert_allclose(hessian(*point, X, Y, name), exact, rtol=1e-9, atol=1e-13)


@pytest.mark.parametrize("name", LOSSES)
def test_the_gradient_is_a_central_difference(name):
    for w1, w2 in POINTS:
        by_w1 = (loss(w1 + 1e-6, w2, X, Y, name) - loss(w1 - 1e-6, w2, X, Y, name)) / 2e-6
        by_w2 = (loss(w1, w2 + 1e-6, X, Y, name) - loss(w1, w2 - 1e-6, X, Y, name)) / 2e-6
        np.testing.assert_allclose(gradient(w1, w2, X, Y, name), [by_w1, by_w2], atol=1e-8)


@pytest.mark.parametrize("name", LOSSES)
def test_a_grid_of_weights_is_evaluated_point_by_point(name):
    w1, w2 = np.meshgrid(np.linspace(-3, 3, 5), np.linspace(-2, 2, 3))
    assert loss(w1, w2, X, Y, name).shape == (3, 5)
    assert gradient(w1, w2, X, Y, name).shape == (3, 5, 2)
    assert hessian(w1, w2, X, Y, name).shape == (3, 5, 2, 2)
    for i, j in np.ndindex(w1.shape):
        point = w1[i, j], w2[i, j]
        np.testing.assert_allclose(loss(w1, w2, X, Y, name)[i, j], loss(*point, X, Y, name), rtol=1e-14)
        np.testing.assert_allclose(hessian(w1, w2, X, Y, name)[i, j], hessian(*point, X, Y, name), rtol=1e-13)
    assert hessian(0.5, w2, X, Y, name).shape == (3, 5, 2, 2)


@pytest.mark.parametrize("name", LOSSES)
def test_on_the_axis_of_no_second_weight_the_hessian_is_indefinite(name):
    """There p = 1/2, and the determinant is -(l' h')^2 with h' = sigma'(w1), for the one example x = y = 1."""
    w1 = np.linspace(-5, 5, 11)
    H = hessian(w1, 0.0, [1.0], [1.0], name)
    slope = np.exp(-w1) / (1 + np.exp(-w1)) ** 2
    first = {"squared_error": 2 * (0.5 - 1) * 0.25, "cross_entropy": 0.5 - 1}[name]
    np.testing.assert_allclose(np.linalg.det(H), -((first * slope) ** 2), rtol=1e-10)
    eigenvalues = np.linalg.eigvalsh(H)
    assert np.all(eigenvalues[:, 0] < 0)
    assert np.all(eigenvalues[:, 1] > 0)


@pytest.mark.parametrize("name", LOSSES)
def test_one_example_leaves_no_stationary_point(name):
    """l'(z) < 0 and h > 0: the second component of the gradient is always negative, so the way down leads to infinity."""
    w1, w2 = np.meshgrid(np.linspace(-20, 20, 81), np.linspace(-20, 20, 81))
    g = gradient(w1, w2, [1.0], [1.0], name)
    assert np.all(g[..., 1] < 0)


def test_two_opposite_examples_make_a_saddle_at_the_origin():
    for name, curvature in (("cross_entropy", 1 / 8), ("squared_error", 2 * 2 / 16 / 4)):
        np.testing.assert_allclose(gradient(0.0, 0.0, [1.0, -1.0], [1.0, 0.0], name), 0.0, atol=1e-16)
        H = hessian(0.0, 0.0, [1.0, -1.0], [1.0, 0.0], name)
        assert H[1, 1] == pytest.approx(curvature)
        assert H[0, 0] == pytest.approx(0, abs=1e-16)
        low, high = np.linalg.eigvalsh(H)
        assert low < 0 < high


def test_cross_entropy_multiplies_both_gradients_by_the_same_number():
    """It cancels the slope of the last unit, 2 p (1 - p), and nothing else."""
    for w1, w2 in POINTS:
        p = 1 / (1 + np.exp(-w2 / (1 + np.exp(-w1))))
        squared, entropy = (gradient(w1, w2, [1.0], [1.0], name) for name in LOSSES)
        np.testing.assert_allclose(entropy, squared / (2 * p * (1 - p)), rtol=1e-10)


def test_the_far_corner_is_flat_for_squares_and_sloping_for_cross_entropy():
    squared, entropy = (gradient(6.0, -30.0, [1.0], [1.0], name) for name in LOSSES)
    assert np.abs(squared).max() < 1e-10
    assert entropy[1] == pytest.approx(-1, abs=0.01)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: loss(0, 0, [1.0], [1.0], "hinge"), "unknown loss 'hinge'; known are squared_error, cross_entropy"),
        (lambda: loss(0, 0, [1.0, 2.0], [1.0], LOSSES[0]), r"x has shape \(2,\) and y \(1,\)"),
        (lambda: gradient(0, 0, [], [], LOSSES[0]), "at least one example"),
        (lambda: hessian(0, 0, [1.0], [2.0], LOSSES[1]), r"y lie in \[0, 1\]"),
        (lambda: hessian(0, 0, [np.nan], [1.0], LOSSES[1]), "x must be finite"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
