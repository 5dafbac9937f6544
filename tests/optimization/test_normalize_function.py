"""The function under the layers: first and second derivatives, and what it hands on."""

import pytest
import torch

from nndl_support.optimization.normalize_function import check_count, check_eps, normalize, register_affine

G = torch.Generator().manual_seed(0)
X = torch.randn(5, 3, 2, generator=G, dtype=torch.float64) * 2 + 1
CASES = {
    "columns": {"axes": (0, 2), "outer": (0, 2), "centre": True, "eps": 1e-5},
    "rows": {"axes": (-1,), "outer": (0, 1), "centre": True, "eps": 0.1},
    "rows, not centred": {"axes": (-1,), "outer": (0, 1), "centre": False, "eps": 1e-5},
}
SHAPES = {"columns": (1, 3, 1), "rows": (2,), "rows, not centred": (2,)}


def leaves(case):
    weight, bias = (torch.randn(SHAPES[case], generator=G, dtype=torch.float64, requires_grad=True) for _ in range(2))
    return X.clone().requires_grad_(), weight, bias


@pytest.mark.parametrize("case", CASES)
def test_first_and_second_derivatives_are_those_of_central_differences(case):
    def y(x, weight, bias):
        return normalize(x, weight, bias, **CASES[case])[0]

    inputs = leaves(case)
    assert torch.autograd.gradcheck(y, inputs)
    assert torch.autograd.gradgradcheck(y, inputs)


def test_the_two_ways_back_agree():
    inputs = leaves("columns")
    y, _, _ = normalize(*inputs, **CASES["columns"])
    up = torch.randn(X.shape, generator=G, dtype=torch.float64)
    by_hand = torch.autograd.grad(y, inputs, up, retain_graph=True)
    by_graph = torch.autograd.grad(y, inputs, up, create_graph=True)
    torch.testing.assert_close(by_hand, by_graph, atol=1e-12, rtol=0)


def test_parameters_may_be_missing_or_frozen():
    x, weight, bias = leaves("columns")
    y = normalize(x, None, None, **CASES["columns"])[0]
    (by_x,) = torch.autograd.grad(y, [x], torch.ones_like(y), create_graph=True)
    torch.testing.assert_close(by_x, torch.zeros_like(x), atol=1e-12, rtol=0)
    y = normalize(x.detach(), weight, bias.detach(), **CASES["columns"])[0]
    assert torch.autograd.grad(y.sum(), [weight], create_graph=True)[0].shape == weight.shape


def test_it_hands_on_the_statistics_without_gradients():
    _, mean, variance = normalize(X.clone().requires_grad_(), None, None, axes=(0,), outer=(0,), eps=0.0)
    torch.testing.assert_close(mean, X.mean(0, keepdim=True))
    torch.testing.assert_close(variance, X.var(0, correction=0, keepdim=True))
    assert not mean.requires_grad
    assert not variance.requires_grad


def test_the_input_is_left_alone():
    before = X.clone()
    normalize(X, None, None, axes=(0,), outer=(0,), eps=0.0, centre=False)
    assert torch.equal(X, before)


def test_parameters_are_ones_and_zeros_or_missing():
    for affine, bias in ((True, True), (True, False), (False, True)):
        module = torch.nn.Module()
        register_affine(module, (3, 2), affine, bias, None, torch.float64)
        assert (module.weight is not None) == affine
        assert (module.bias is not None) == (affine and bias)
    register_affine(module, 3, True, True, None, None)
    assert torch.equal(module.weight, torch.ones(3))
    assert torch.equal(module.bias, torch.zeros(3))


def test_bad_numbers_are_named():
    with pytest.raises(ValueError, match="eps must be at least 0, but is -1"):
        check_eps(-1)
    with pytest.raises(ValueError, match="num_groups must be a whole number of at least 1, but is 0"):
        check_count("num_groups", 0)
    with pytest.raises(ValueError, match=r"num_features must be a whole number of at least 1, but is 2\.5"):
        check_count("num_features", 2.5)
    assert check_eps(0.0) == 0
    assert check_count("n", 3) == 3


def test_without_parameters_neither_the_output_nor_the_upstream_gradient_is_shared():
    x = X.clone().requires_grad_()
    y = normalize(x, None, None, **CASES["columns"])[0]
    up = torch.randn(X.shape, generator=G, dtype=torch.float64)
    kept = up.clone()
    (expected,) = torch.autograd.grad(y, x, up, retain_graph=True)
    assert torch.equal(up, kept)  # the pass back works in place, but not in its argument
    y.detach().mul_(7.0)  # nor does the caller reach what was saved for the pass back
    torch.testing.assert_close(torch.autograd.grad(y, x, up)[0], expected, rtol=0, atol=0)
