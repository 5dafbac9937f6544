"""Layer, group, instance and RMS normalisation by hand beside PyTorch, and how they are relatives."""

from functools import partial

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from nndl_support.optimization.batch_norm_by_hand import batch_norm
from nndl_support.optimization.example_norms_by_hand import (
    group_norm,
    group_norm_backward,
    instance_norm,
    instance_norm_backward,
    layer_norm,
    layer_norm_backward,
    rms_norm,
    rms_norm_backward,
)

RNG = np.random.default_rng(0)
X2, X3 = RNG.normal(3.0, 2.0, (7, 6)), RNG.normal(-1.0, 3.0, (7, 6, 5))
CASES = {
    "layer": (layer_norm, layer_norm_backward, X2, lambda x, g, b: F.layer_norm(x, (6,), g, b)),
    "layer, 3 axes": (layer_norm, layer_norm_backward, X3, lambda x, g, b: F.layer_norm(x, (5,), g, b)),
    "group": (partial(group_norm, n_groups=2), group_norm_backward, X3, lambda x, g, b: F.group_norm(x, 2, g, b)),
    "group, 2 axes": (
        partial(group_norm, n_groups=3),
        group_norm_backward,
        X2,
        lambda x, g, b: F.group_norm(x, 3, g, b),
    ),
    "instance": (instance_norm, instance_norm_backward, X3, lambda x, g, b: F.instance_norm(x, None, None, g, b)),
    "rms": (rms_norm, rms_norm_backward, X2, lambda x, g, b: F.rms_norm(x, (6,), g, 1e-5)),
}
every_case = pytest.mark.parametrize("case", CASES.values(), ids=CASES)


def arguments(forward, x):
    n = x.shape[-1] if forward in (layer_norm, rms_norm) else x.shape[1]
    gamma, beta = RNG.normal(1.0, 0.5, n), RNG.normal(size=n)
    return {"gamma": gamma} if forward is rms_norm else {"gamma": gamma, "beta": beta}


@every_case
def test_forward_and_backward_agree_with_torch(case):
    forward, backward, x, peer = case
    options, up = arguments(forward, x), RNG.normal(size=x.shape)
    leaves = [torch.tensor(v, requires_grad=True) for v in (x, *options.values())]
    y = peer(*leaves, *[None] * (3 - len(leaves)))
    y.backward(torch.tensor(up))
    ours, cache = forward(x, **options)
    np.testing.assert_allclose(ours, y.detach(), atol=1e-10)
    for gradient, leaf in zip(backward(up, cache), leaves, strict=True):
        np.testing.assert_allclose(gradient, leaf.grad, atol=1e-10)


@every_case
def test_the_gradients_are_those_of_central_differences(case):
    forward, backward, x, _ = case
    options, up, h = arguments(forward, x), RNG.normal(size=x.shape), 1e-5
    _, cache = forward(x, **options)
    for name, gradient in zip(("x", *options), backward(up, cache), strict=True):
        values = {"x": x, **options}
        direction = RNG.normal(size=gradient.shape)
        sides = [((forward(**(values | {name: values[name] + s * h * direction}))[0]) * up).sum() for s in (1, -1)]
        assert (gradient * direction).sum() == pytest.approx((sides[0] - sides[1]) / (2 * h), abs=1e-8)


def test_rows_of_layer_norm_are_columns_of_batch_norm():
    np.testing.assert_allclose(layer_norm(X2)[0], batch_norm(X2.T)[0].T, atol=1e-14)
    assert np.abs(layer_norm(X2)[0] - batch_norm(X2)[0]).max() > 0.1


def test_an_example_is_normalised_alone():
    for forward in (layer_norm, rms_norm, partial(group_norm, n_groups=2)):
        rows = np.concatenate([forward(row[None])[0] for row in X2])
        np.testing.assert_allclose(forward(X2)[0], rows, atol=1e-14)


def test_one_group_is_layer_norm_and_as_many_groups_as_channels_is_instance_norm():
    whole = group_norm(X3, 1)[0].reshape(7, -1)
    np.testing.assert_allclose(whole, layer_norm(X3.reshape(7, -1))[0], atol=1e-13)
    np.testing.assert_allclose(group_norm(X3, 6)[0], instance_norm(X3)[0], atol=1e-13)


def test_instance_norm_of_one_example_is_its_batch_norm():
    np.testing.assert_allclose(instance_norm(X3[:1])[0], batch_norm(X3[:1])[0], atol=1e-13)


def test_rms_norm_is_layer_norm_of_rows_without_a_mean():
    centred = X2 - X2.mean(axis=1, keepdims=True)
    np.testing.assert_allclose(rms_norm(centred)[0], layer_norm(X2)[0], atol=1e-13)
    np.testing.assert_allclose((rms_norm(X2, eps=0.0)[0] ** 2).mean(axis=1), 1)


def test_what_comes_back_through_rms_norm_is_orthogonal_to_the_input_but_may_have_a_mean():
    up = RNG.normal(size=X2.shape)
    back = rms_norm_backward(up, rms_norm(X2, eps=0.0)[1])[0]
    np.testing.assert_allclose((back * X2).sum(axis=1), 0, atol=1e-13)
    assert np.abs(back.sum(axis=1)).max() > 0.01


def test_what_does_not_fit_is_named():
    with pytest.raises(ValueError, match="6 channels cannot be divided into 4 groups"):
        group_norm(X3, 4)
    with pytest.raises(ValueError, match=r"instance normalisation got x of shape \(7, 6\); expected \(B, C, L\)"):
        instance_norm(X2)
    with pytest.raises(ValueError, match=r"instance normalisation got x of shape \(7, 6, 1\)"):
        instance_norm(X3[..., :1])
    with pytest.raises(ValueError, match=r"gamma has shape \(5,\), but x has 6 channels"):
        rms_norm(X2, np.ones(5))
