"""Weight normalisation by hand: beside PyTorch, perpendicular to v, only ever longer."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from nndl_support.optimization.weight_norm_by_hand import weight_norm, weight_norm_backward

RNG = np.random.default_rng(0)
V, G, DW = RNG.normal(size=(3, 5)), RNG.normal(size=3), RNG.normal(size=(3, 5))


def test_rows_have_the_lengths_g_and_the_directions_of_v():
    w = weight_norm(V, np.abs(G))
    np.testing.assert_allclose(np.linalg.norm(w, axis=1), np.abs(G))
    cosines = (w * V).sum(axis=1) / np.linalg.norm(w, axis=1) / np.linalg.norm(V, axis=1)
    np.testing.assert_allclose(cosines, 1)


def test_forward_and_backward_agree_with_torch():
    v, g = torch.tensor(V, requires_grad=True), torch.tensor(G[:, None], requires_grad=True)
    w = torch._weight_norm(v, g, 0)
    w.backward(torch.tensor(DW))
    np.testing.assert_allclose(weight_norm(V, G), w.detach(), atol=1e-14)
    by_v, by_g = weight_norm_backward(DW, V, G)
    np.testing.assert_allclose(by_v, v.grad, atol=1e-13)
    np.testing.assert_allclose(by_g, g.grad.ravel(), atol=1e-13)


def test_the_gradients_are_those_of_central_differences():
    by_v, by_g = weight_norm_backward(DW, V, G)
    h, dv, dg = 1e-5, RNG.normal(size=V.shape), RNG.normal(size=3)
    sides = [(weight_norm(V + s * dv, G + s * dg) * DW).sum() for s in (h, -h)]
    assert (by_v * dv).sum() + (by_g * dg).sum() == pytest.approx((sides[0] - sides[1]) / (2 * h), abs=1e-9)


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 5), st.integers(2, 7), st.integers(0, 2**31), st.floats(0.01, 10))
def test_the_gradient_is_perpendicular_to_v_and_a_step_makes_v_longer(units, inputs, seed, rate):
    rng = np.random.default_rng(seed)
    v, dw, g = rng.normal(size=(units, inputs)), rng.normal(size=(units, inputs)), rng.normal(size=units)
    by_v, _ = weight_norm_backward(dw, v, g)
    lengths = np.linalg.norm(by_v, axis=1) * np.linalg.norm(v, axis=1)
    np.testing.assert_allclose((by_v * v).sum(axis=1), 0, atol=1e-12 * (1 + lengths.max()))
    np.testing.assert_allclose(
        ((v - rate * by_v) ** 2).sum(axis=1), (v**2).sum(axis=1) + rate**2 * (by_v**2).sum(axis=1), rtol=1e-9
    )


def test_the_length_of_v_changes_the_gradient_and_not_the_weights():
    np.testing.assert_allclose(weight_norm(10 * V, G), weight_norm(V, G))
    np.testing.assert_allclose(weight_norm_backward(DW, 10 * V, G)[0], weight_norm_backward(DW, V, G)[0] / 10)


def test_what_does_not_fit_is_named():
    with pytest.raises(ValueError, match="row 1 of v is zero: it has no direction"):
        weight_norm(np.array([[1.0, 0.0], [0.0, 0.0]]), np.ones(2))
    with pytest.raises(ValueError, match=r"v has shape \(3, 5\) and g \(5,\); expected \(M, D\) and \(M,\)"):
        weight_norm(V, np.ones(5))
    with pytest.raises(ValueError, match=r"dw has shape \(5, 3\), but v has \(3, 5\)"):
        weight_norm_backward(DW.T, V, G)
