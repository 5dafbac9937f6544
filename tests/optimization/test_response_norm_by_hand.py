"""Local response normalisation by hand: the formula entry by entry, PyTorch's convention, central differences."""

import numpy as np
import pytest
import torch

from nndl_support.optimization.response_norm_by_hand import local_response_norm, local_response_norm_backward

RNG = np.random.default_rng(0)
X = RNG.normal(size=(3, 7, 2))
SIZES = (1, 2, 3, 4, 5, 20)


@pytest.mark.parametrize("size", [1, 3, 5])
def test_it_is_the_formula_of_the_book_entry_by_entry(size):
    y, _ = local_response_norm(X, size, alpha=0.3, beta=0.75, k=2.0)
    for b, p, i in np.ndindex(X.shape):
        window = X[b, max(0, p - size // 2) : min(6, p + size // 2) + 1, i]
        assert y[b, p, i] == pytest.approx(X[b, p, i] / (2 + 0.3 * (window**2).sum()) ** 0.75)


@pytest.mark.parametrize("size", SIZES)
def test_dividing_alpha_gives_torch_forward_and_backward(size):
    x, up = torch.tensor(X, requires_grad=True), RNG.normal(size=X.shape)
    y = torch.nn.functional.local_response_norm(x, size, alpha=0.3, beta=0.75, k=2.0)
    y.backward(torch.tensor(up))
    ours, cache = local_response_norm(X, size, alpha=0.3, divide_alpha=True)
    np.testing.assert_allclose(ours, y.detach(), atol=1e-13)
    np.testing.assert_allclose(local_response_norm_backward(up, cache), x.grad, atol=1e-13)


def test_the_book_does_not_divide_alpha_and_torch_does():
    x = torch.tensor(X)
    book = local_response_norm(X, 5, alpha=0.3)[0]
    torchs = torch.nn.functional.local_response_norm(x, 5, alpha=0.3, k=2.0).numpy()
    assert np.abs(book - torchs).max() > 0.01
    np.testing.assert_allclose(
        book, torch.nn.functional.local_response_norm(x, 5, alpha=5 * 0.3, k=2.0).numpy(), atol=1e-13
    )


def test_ten_to_the_minus_four_is_not_ten_e_minus_four():
    """Printed as 10e-4, which is 1e-3; AlexNet has 1e-4, the default here. Large activities tell them apart."""
    x = 100 * X
    printed, alexnet = (local_response_norm(x, 5, alpha=a)[0] for a in (10e-4, 1e-4))
    assert 10e-4 == 1e-3
    np.testing.assert_array_equal(local_response_norm(x, 5)[0], alexnet)
    assert np.abs(alexnet).max() > 2 * np.abs(printed).max()


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("divide", [False, True])
def test_the_gradient_is_that_of_central_differences(size, divide):
    up, direction, h = RNG.normal(size=X.shape), RNG.normal(size=X.shape), 1e-5
    options = {"alpha": 0.7, "beta": 0.6, "k": 1.5, "divide_alpha": divide}
    gradient = local_response_norm_backward(up, local_response_norm(X, size, **options)[1])
    sides = [(local_response_norm(X + s * direction, size, **options)[0] * up).sum() for s in (h, -h)]
    assert (gradient * direction).sum() == pytest.approx((sides[0] - sides[1]) / (2 * h), abs=1e-8)


def test_a_large_channel_does_not_spoil_those_outside_its_window():
    x = np.array([[1e12, 0.0, 0.0, 1.0, 2.0]])
    expected = local_response_norm(x[:, 2:], 3, alpha=1.0)[0]
    np.testing.assert_allclose(local_response_norm(x, 3, alpha=1.0)[0][:, 3:], expected[:, 1:], rtol=1e-14)


def test_a_loud_neighbour_quietens():
    quiet, loud = np.array([[0.0, 1.0, 0.0]]), np.array([[0.0, 1.0, 9.0]])
    assert local_response_norm(loud, 3, alpha=1.0)[0][0, 1] < local_response_norm(quiet, 3, alpha=1.0)[0][0, 1] / 5


def test_what_does_not_fit_is_named():
    with pytest.raises(ValueError, match=r"x has shape \(7,\); expected \(B, C\)"):
        local_response_norm(np.zeros(7))
    with pytest.raises(ValueError, match="size must be at least 1, but is 0"):
        local_response_norm(X, 0)
