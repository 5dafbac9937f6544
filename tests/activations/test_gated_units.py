"""Gated linear units: closed forms, PyTorch, and central differences for every argument."""

import numpy as np
import pytest
import torch

from nndl_support.activations.gated_units import KINDS, gated_linear_unit, gated_linear_unit_backward, matched_width
from nndl_support.backprop.gradient_check import check_gradient

B, D, M = 7, 5, 3  # all different, so that a transposed axis shows
TORCH = {
    "glu": torch.sigmoid,
    "bilinear": lambda z: z,
    "reglu": torch.relu,
    "geglu": torch.nn.functional.gelu,
    "swiglu": torch.nn.functional.silu,
}


def layer(seed=0):
    rng = np.random.default_rng(seed)
    return [rng.normal(size=shape) for shape in ((B, D), (D, M), (M,), (D, M), (M,))]


@pytest.mark.parametrize("kind", KINDS)
def test_outputs_and_all_five_gradients_agree_with_autograd(kind):
    arguments, upstream = layer(), np.random.default_rng(1).normal(size=(B, M))
    tensors = [torch.tensor(a, requires_grad=True) for a in arguments]
    x, W, b, V, c = tensors
    outputs = TORCH[kind](x @ W + b) * (x @ V + c)
    gradients = torch.autograd.grad((outputs * torch.tensor(upstream)).sum(), tensors)
    np.testing.assert_allclose(gated_linear_unit(*arguments, kind=kind), outputs.detach().numpy(), atol=1e-13)
    for ours, theirs in zip(gated_linear_unit_backward(*arguments, upstream, kind=kind), gradients):
        np.testing.assert_allclose(ours, theirs.numpy(), atol=1e-12)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("position", range(5), ids="xWbVc")
def test_gradients_agree_with_central_differences(kind, position):
    arguments, upstream = layer(2), np.random.default_rng(3).normal(size=(B, M))

    def loss(moved):
        changed = [moved if i == position else a for i, a in enumerate(arguments)]
        return (upstream * gated_linear_unit(*changed, kind=kind)).sum()

    gradient = gated_linear_unit_backward(*arguments, upstream, kind=kind)[position]
    check_gradient(loss, gradient, arguments[position])


def test_torch_gates_the_first_half_by_the_second():
    x, W, b, V, c = layer(4)
    both = torch.tensor(np.concatenate([x @ V + c, x @ W + b], axis=1))
    np.testing.assert_allclose(gated_linear_unit(x, W, b, V, c), torch.nn.functional.glu(both).numpy(), atol=1e-14)
    the_other_way = torch.nn.functional.glu(both.roll(M, dims=1)).numpy()
    assert np.abs(gated_linear_unit(x, W, b, V, c) - the_other_way).max() > 0.1


def test_a_bilinear_unit_is_a_quadratic_form():
    x, W, _, V, _ = layer(5)
    zero = np.zeros(M)
    quadratic = np.einsum("bd,dm,em,be->bm", x, W, V, x)
    np.testing.assert_allclose(gated_linear_unit(x, W, zero, V, zero, kind="bilinear"), quadratic, atol=1e-13)
    doubled = gated_linear_unit(2 * x, W, zero, V, zero, kind="bilinear")
    np.testing.assert_allclose(doubled, 4 * quadratic, atol=1e-12)


def test_a_unit_whose_gate_is_its_own_line_is_the_square_of_relu():
    x, W, b, _, _ = layer(6)
    np.testing.assert_allclose(gated_linear_unit(x, W, b, W, b, kind="reglu"), np.maximum(x @ W + b, 0) ** 2)


def test_a_closed_gate_lets_no_gradient_into_the_line_but_some_into_the_gate():
    x, W, b, V, c = layer(7)
    closed = gated_linear_unit_backward(x, 0 * W, b - 60, V, c, np.ones((B, M)), kind="glu")
    assert all(np.abs(gradient).max() < 1e-20 for gradient in closed)
    half = gated_linear_unit_backward(x, 0 * W, 0 * b, 0 * V, 0 * c, np.ones((B, M)), kind="swiglu")
    assert all(not gradient.any() for gradient in half)  # both factors are 0: a saddle, with nothing to follow


@pytest.mark.parametrize(("n_units", "n_inputs", "n_outputs"), [(128, 784, 10), (64, 64, 64), (3, 5, 7)])
def test_the_matched_width_has_the_nearest_number_of_parameters(n_units, n_inputs, n_outputs):
    def dear(width):
        return width * (2 * (n_inputs + 1) + n_outputs)

    wanted = n_units * (n_inputs + 1 + n_outputs)
    width = matched_width(n_units, n_inputs, n_outputs)
    assert abs(dear(width) - wanted) == min(abs(dear(other) - wanted) for other in range(1, 2 * n_units))


def test_a_transformer_block_keeps_two_thirds_of_its_units():
    assert matched_width(3072, 768, 768) == 2048


def test_wrong_arguments_are_named():
    x, W, b, V, c = layer()
    with pytest.raises(ValueError, match="unknown kind 'tanhglu' of gated linear unit; known are glu, bilinear"):
        gated_linear_unit(x, W, b, V, c, kind="tanhglu")
    with pytest.raises(ValueError, match=r"x has shape \(7, 4\), but W has shape \(5, 3\)"):
        gated_linear_unit(x[:, 1:], W, b, V, c)
    with pytest.raises(ValueError, match=r"W has shape \(5, 3\), but V has \(4, 3\), b has \(3,\) and c has \(3,\)"):
        gated_linear_unit(x, W, b, V[1:], c)
    with pytest.raises(ValueError, match=r"upstream has shape \(3, 7\), but the outputs have shape \(7, 3\)"):
        gated_linear_unit_backward(x, W, b, V, c, np.ones((M, B)))
    with pytest.raises(ValueError, match="all sizes must be at least 1, but they are 3, 0 and 2"):
        matched_width(3, 0, 2)
