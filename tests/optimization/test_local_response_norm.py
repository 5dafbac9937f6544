"""Local response normalisation as a module: the book's convention beside PyTorch's, and derivatives."""

import numpy as np
import pytest
import torch

from nndl_support.optimization.local_response_norm import LocalResponseNorm
from nndl_support.optimization.response_norm_by_hand import local_response_norm

X = torch.randn(3, 7, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


@pytest.mark.parametrize("divide", [True, False])
@pytest.mark.parametrize("size", [1, 2, 5, 20])
def test_both_conventions_are_those_written_by_hand(size, divide):
    expected, _ = local_response_norm(X.numpy(), size, alpha=0.3, k=2.0, divide_alpha=divide)
    np.testing.assert_allclose(LocalResponseNorm(size, 0.3, k=2.0, divide_alpha=divide)(X), expected, atol=1e-14)


def test_the_book_with_alpha_is_torch_with_n_alpha():
    book = LocalResponseNorm(5, 0.3, divide_alpha=False)(X)
    torch.testing.assert_close(book, torch.nn.LocalResponseNorm(5, 5 * 0.3)(X))
    assert (book - torch.nn.LocalResponseNorm(5, 0.3)(X)).abs().max() > 0.01


def test_the_gradient_is_that_of_central_differences():
    layer = LocalResponseNorm(4, 0.3, divide_alpha=False)
    assert torch.autograd.gradcheck(layer, X.clone().requires_grad_())


def test_misfits_are_named():
    with pytest.raises(ValueError, match=r"got an input of shape \(7,\); expected \(B, C, ...\)"):
        LocalResponseNorm(5)(torch.zeros(7))
    with pytest.raises(ValueError, match="size must be a whole number of at least 1, but is 0"):
        LocalResponseNorm(0)
    assert "divide_alpha=True" in repr(LocalResponseNorm(5))
