"""Weights without a length: perpendicular gradients, Pythagoras, and decay as a growing rate."""

import copy

import numpy as np
import pytest
import torch
from torch import nn

from nndl_support.optimization.batch_norm import BatchNorm1d
from nndl_support.optimization.normalized_mlp import NormalizedMLP
from nndl_support.optimization.scale_invariance import descend, growing_rate, invariant_weights

X = torch.randn(53, 5, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
Y = (X[:, 0] * X[:, 1] > 0).long()


def make(norm=lambda n: BatchNorm1d(n, eps=0.0), seed=0):
    return NormalizedMLP([5, 11, 7, 2], norm, "tanh", seed=seed, dtype=torch.float64)


def gradients(model):
    loss = nn.functional.cross_entropy(model(X), Y)
    return loss, torch.autograd.grad(loss, invariant_weights(model))


@pytest.mark.parametrize("seed", range(3))
def test_scaling_the_weights_changes_nothing_and_divides_the_gradient(seed):
    model = make(seed=seed)
    scaled = copy.deepcopy(model)
    with torch.no_grad():
        for w in invariant_weights(scaled):
            w.mul_(7.0)
    (loss, first), (same, second) = gradients(model), gradients(scaled)
    torch.testing.assert_close(loss, same)
    for w, g, h in zip(invariant_weights(model), first, second):
        torch.testing.assert_close(h, g / 7)
        assert abs((w * g).sum().item()) < 1e-14
        torch.testing.assert_close((w * g).sum(1), torch.zeros(len(w), dtype=w.dtype), atol=1e-14, rtol=0)


def test_a_step_without_decay_is_the_theorem_of_pythagoras():
    model, lengths = make(), []
    before = sum((w**2).sum().item() for w in invariant_weights(model))
    length = sum((g**2).sum().item() for g in gradients(model)[1])
    descend(model, X, Y, learning_rate=0.5, weight_decay=0.0, steps=1, lengths=lengths)
    assert lengths[0] ** 2 == pytest.approx(before + 0.25 * length, rel=1e-12)


def test_without_decay_the_weights_only_grow_and_with_it_they_settle():
    free, decayed = [], []
    for decay, lengths in ((0.0, free), (0.1, decayed)):
        descend(make(), X, Y, learning_rate=0.3, weight_decay=decay, steps=300, batch_size=17, lengths=lengths)
    assert (np.diff(free) > 0).all()
    assert decayed[-1] < free[-1] / 2


@pytest.mark.parametrize("batch_size", [None, 17])
def test_decay_is_a_growing_rate(batch_size):
    runs = [
        descend(
            make(), X, Y, learning_rate=0.1, weight_decay=0.3, steps=30, batch_size=batch_size, as_growing_rate=growing
        )
        for growing in (False, True)
    ]
    np.testing.assert_allclose(*runs, atol=1e-10)
    without = descend(make(), X, Y, learning_rate=0.1, weight_decay=0.0, steps=30, batch_size=batch_size)
    assert np.abs(np.array(without) - runs[0]).max() > 1e-3


def test_behind_no_normalisation_no_weight_is_without_length():
    assert invariant_weights(make("none")) == []
    assert len(invariant_weights(make())) == 2


def test_the_rate_grows_by_the_same_factor_at_every_step():
    rates = [growing_rate(0.2, 0.5, step=t) for t in range(4)]
    np.testing.assert_allclose(np.divide(rates[1:], rates[:-1]), 0.9**-2)
    assert rates[0] == pytest.approx(0.2 / 0.9)
    with pytest.raises(ValueError, match=r"learning_rate \* weight_decay is 2; expected a number in \[0, 1\)"):
        growing_rate(1.0, 2.0, step=0)


def test_batches_are_taken_in_order_and_around_the_end():
    model, twin = make(), make()
    losses = descend(model, X, Y, learning_rate=0.2, weight_decay=0.0, steps=5, batch_size=23)
    optimizer = torch.optim.SGD(twin.parameters(), lr=0.2)
    for t, found in enumerate(losses):
        rows = [(23 * t + k) % 53 for k in range(23)]
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(twin(X[rows]), Y[rows])
        loss.backward()
        optimizer.step()
        assert found == pytest.approx(loss.item(), rel=1e-10)
