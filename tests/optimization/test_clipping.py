"""Clipping: equal to PyTorch's in every option, and the properties that the two kinds have."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from nndl_support import records
from nndl_support.optimization.clipping import clip_by_norm, clip_by_value, clip_grad_norm_, clip_grad_value_

SHAPES = [(3, 2), (5,), (), (2, 7, 1)]


def parameters(scale=1.0, dtypes=(torch.float64,), without=()):
    generator = torch.Generator().manual_seed(0)
    made = []
    for k, shape in enumerate(SHAPES):
        p = torch.zeros(shape, dtype=dtypes[k % len(dtypes)], requires_grad=True)
        if k not in without:
            p.grad = (scale * torch.randn(shape, generator=generator, dtype=torch.float64)).to(p.dtype)
        made.append(p)
    return made


def gradients(tensors):
    return [p.grad for p in tensors if p.grad is not None]


@pytest.mark.parametrize("norm_type", [1, 2.0, 3.5, math.inf, 0.5])
@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e4])
@pytest.mark.parametrize("foreach", [None, True, False])
@pytest.mark.parametrize("without", [(), (1, 3)])
def test_clipping_by_norm_is_that_of_pytorch(norm_type, scale, foreach, without):
    ours, theirs = parameters(scale, without=without), parameters(scale, without=without)
    norm = clip_grad_norm_(ours, 0.7, norm_type=norm_type, foreach=foreach)
    expected = torch.nn.utils.clip_grad_norm_(theirs, 0.7, norm_type=norm_type)
    torch.testing.assert_close(norm, expected, rtol=1e-12, atol=0)
    torch.testing.assert_close(gradients(ours), gradients(theirs), rtol=1e-12, atol=0)


@pytest.mark.parametrize("foreach", [None, True, False])
@pytest.mark.parametrize("clip_value", [0.0, 0.4, 1e6])
def test_clipping_by_value_is_that_of_pytorch(foreach, clip_value):
    ours, theirs = parameters(without=(1,)), parameters(without=(1,))
    assert clip_grad_value_(ours, clip_value, foreach=foreach) is None
    torch.nn.utils.clip_grad_value_(theirs, clip_value)
    torch.testing.assert_close(gradients(ours), gradients(theirs), rtol=0, atol=0)


def test_one_tensor_a_generator_and_several_precisions_are_accepted():
    for make in (lambda p: p[0], lambda p: iter(p), lambda p: (q for q in p)):
        for mixed in ((torch.float64, torch.float32), (torch.float32, torch.float64)):
            ours, theirs = parameters(dtypes=mixed), parameters(dtypes=mixed)
            norm, expected = clip_grad_norm_(make(ours), 0.5), torch.nn.utils.clip_grad_norm_(make(theirs), 0.5)
            torch.testing.assert_close(norm, expected, rtol=0, atol=0)  # assert_close compares the dtype, too
            torch.testing.assert_close(gradients(ours), gradients(theirs), rtol=0, atol=0)


def test_without_gradients_the_norm_is_zero_and_nothing_happens():
    for nothing in ([], parameters(without=(0, 1, 2, 3))):
        assert clip_grad_norm_(nothing, 1.0) == torch.nn.utils.clip_grad_norm_(nothing, 1.0) == 0
        clip_grad_value_(nothing, 1.0)


def test_the_clipped_norm_is_the_bound_and_the_direction_is_kept():
    tensors = parameters(30.0)
    before = torch.cat([g.flatten() for g in gradients(tensors)])
    norm = clip_grad_norm_(tensors, 0.7)
    after = torch.cat([g.flatten() for g in gradients(tensors)])
    assert norm == pytest.approx(before.norm().item(), rel=1e-14)
    assert after.norm() == pytest.approx(0.7, rel=1e-6)
    assert after.norm() <= 0.7
    assert torch.cosine_similarity(before, after, dim=0) == pytest.approx(1, abs=1e-14)


def test_clipping_by_value_turns_the_gradient():
    tensors = parameters(30.0)
    before = torch.cat([g.flatten() for g in gradients(tensors)])
    clip_grad_value_(tensors, 0.7)
    after = torch.cat([g.flatten() for g in gradients(tensors)])
    assert after.abs().max() == 0.7
    assert torch.cosine_similarity(before, after, dim=0) < 0.95


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=7), st.floats(1e-3, 1e3))
def test_the_formulas_hold_for_arrays_and_tensors_of_any_length(values, bound):
    g = np.array(values)
    by_norm, by_value = clip_by_norm(g, bound), clip_by_value(g, -bound, bound)
    assert np.linalg.norm(by_norm) <= bound * (1 + 1e-12)
    assert np.abs(by_value).max() <= bound
    if np.linalg.norm(g) <= bound:
        np.testing.assert_array_equal(by_norm, g)
    else:
        np.testing.assert_allclose(by_norm, g / np.linalg.norm(g) * bound, rtol=1e-12, atol=1e-300)
    np.testing.assert_array_equal(by_value, np.maximum(np.minimum(g, bound), -bound))
    np.testing.assert_allclose(clip_by_norm(torch.tensor(g), bound).numpy(), by_norm, rtol=1e-12, atol=1e-300)
    np.testing.assert_array_equal(clip_by_value(torch.tensor(g), -bound, bound).numpy(), by_value)


def test_the_formulas_leave_their_argument_alone():
    g = np.array([3.0, 4.0])
    clip_by_norm(g, 10.0)[0] = 7.0
    clip_by_norm(g, 1.0)[0] = 7.0
    clip_by_value(g, -1.0, 1.0)[0] = 7.0
    np.testing.assert_array_equal(g, [3.0, 4.0])


def test_an_asymmetric_interval_is_possible_by_value():
    np.testing.assert_array_equal(clip_by_value(np.array([-3.0, 0.5, 9.0]), -1.0, 2.0), [-1.0, 0.5, 2.0])


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_a_gradient_that_is_not_finite_raises_on_request_and_is_named(bad):
    tensors = parameters()
    tensors[1].grad[2] = bad
    before = tensors[0].grad.clone()
    with pytest.raises(RuntimeError, match=r"not finite in gradients number \[1\]"):
        clip_grad_norm_(tensors, 1.0, error_if_nonfinite=True)
    torch.testing.assert_close(tensors[0].grad, before, rtol=0, atol=0)
    theirs = parameters()
    theirs[1].grad[2] = bad
    clip_grad_norm_(tensors, 1.0)
    torch.nn.utils.clip_grad_norm_(theirs, 1.0)
    torch.testing.assert_close(gradients(tensors), gradients(theirs), equal_nan=True)


def test_bad_input_is_named():
    with pytest.raises(ValueError, match=r"max_norm is -1\.0; expected a number of at least 0"):
        clip_grad_norm_(parameters(), -1.0)
    with pytest.raises(ValueError, match="clip_value is nan"):
        clip_grad_value_(parameters(), math.nan)
    with pytest.raises(ValueError, match=r"low is 1\.0 and high -1\.0; expected low <= high"):
        clip_by_value(np.zeros(2), 1.0, -1.0)
    with pytest.raises(ValueError, match="max_norm is 0; expected a positive number"):
        clip_by_norm(np.zeros(2), 0)


def test_the_record_of_times_keeps_the_bar():
    record = records.load("optimization/clipping_vs_torch")
    results = [r for by_name in record["figures"].values() for r in by_name.values()]
    assert len(results) == 4
    for result in results:
        ratios = [ours / theirs for ours, theirs in result["seconds"]]
        assert result["median_ratio"] == pytest.approx(sorted(ratios)[1])
        assert result["median_ratio"] <= record["bar"]
