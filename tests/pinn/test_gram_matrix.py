"""Gram matrices by blocks."""

import pytest
import torch

from nndl_support.pinn.gram_matrix import gram_matrix

F64 = torch.float64


@pytest.mark.parametrize("shape", [(7, 1), (3, 10), (40, 23), (5, 384), (0, 4)])
@pytest.mark.parametrize("width", [1, 4, 192, 1000])
def test_it_is_the_product_of_the_transpose_with_the_matrix(shape, width):
    matrix = torch.randn(shape, dtype=F64, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(gram_matrix(matrix, width=width), matrix.T @ matrix, rtol=1e-13, atol=1e-12)


def test_it_is_exactly_symmetric_and_keeps_its_precision():
    for dtype in (torch.float32, F64):
        product = gram_matrix(torch.randn(50, 300, dtype=dtype, generator=torch.Generator().manual_seed(1)), width=64)
        assert product.dtype == dtype
        assert torch.equal(product, product.T)


def test_a_transposed_matrix_is_as_good_as_any():
    matrix = torch.randn(30, 9, dtype=F64, generator=torch.Generator().manual_seed(2))
    torch.testing.assert_close(gram_matrix(matrix.T, width=8), matrix @ matrix.T)


@pytest.mark.parametrize(("shape", "width"), [((3,), 4), ((2, 3, 4), 4), ((2, 3), 0)])
def test_what_is_no_matrix_is_named(shape, width):
    with pytest.raises(ValueError, match=r"expected \(S, P\) and at least 1"):
        gram_matrix(torch.zeros(shape), width=width)
