"""Proofs for nndl_support.backprop.value_network; its equality with micrograd is in test_reverse_mode."""

import numpy as np
import pytest
import torch

from nndl_support import records
from nndl_support.backprop.reverse_mode import Value
from nndl_support.backprop.value_network import (
    cross_entropy,
    gradient_step,
    initialise,
    max_margin_loss,
    parameters,
    scores,
    weight_penalty,
)


def test_losses_and_gradients_are_those_of_torch():
    rng = np.random.default_rng(0)
    layers = initialise([3, 7, 5], rng)
    X, labels = rng.normal(size=(11, 3)), rng.integers(0, 5, 11)
    loss = cross_entropy(scores(layers, X), labels) + weight_penalty(layers, 0.01)
    loss.backward()
    (W, b), (V, c) = tensors = [tuple(torch.tensor(p.data, requires_grad=True) for p in layer) for layer in layers]
    z = torch.relu(torch.tensor(X) @ W + b) @ V + c
    penalty = 0.01 * sum((p * p).sum() for layer in tensors for p in layer)
    expected = torch.nn.functional.cross_entropy(z, torch.tensor(labels)) + penalty
    expected.backward()
    assert loss.data == pytest.approx(expected.item(), rel=1e-14)
    for p, t in zip(parameters(layers), (W, b, V, c)):
        np.testing.assert_allclose(p.grad, t.grad, rtol=1e-12, atol=1e-15)


def test_gradient_descent_learns_over_several_seeds():
    for seed in range(5):
        rng = np.random.default_rng(seed)
        X = rng.normal(size=(101, 2))
        y = np.where((X**2).sum(1) > 1.2, 1, -1)
        layers = initialise([2, 13, 1], rng)
        for _ in range(150):
            gradient_step(layers, max_margin_loss(scores(layers, X), y), learning_rate=0.3)
        assert np.mean(np.sign(scores(layers, X).data[:, 0]) == y) > 0.9


def test_a_step_starts_from_fresh_gradients():
    layers = initialise([2, 3, 1], np.random.default_rng(0))
    for p in parameters(layers):
        p.grad = p.grad + 1e6
    before = [p.data for p in parameters(layers)]
    gradient_step(layers, max_margin_loss(scores(layers, np.ones((5, 2))), np.ones(5)), learning_rate=1.0)
    assert all(np.abs(p.data - old).max() < 100 for p, old in zip(parameters(layers), before))


def test_mistakes_are_named():
    layers = initialise([3, 5, 2], np.random.default_rng(0))
    with pytest.raises(ValueError, match=r"shape \(7, 4\), but the network has 3 inputs"):
        scores(layers, np.ones((7, 4)))
    z = Value(np.ones((7, 2)))
    with pytest.raises(ValueError, match="integers from 0 to 1"):
        cross_entropy(z, np.full(7, 2))
    with pytest.raises(ValueError, match="expected, but got"):
        cross_entropy(z, np.zeros(6, dtype=int))
    with pytest.raises(ValueError, match=r"7 labels need \(7, 1\)"):
        max_margin_loss(z, np.ones(7))


def test_the_recorded_race_with_micrograd_meets_its_bar():
    record = records.load("backprop/autodiff_vs_micrograd")
    assert record["bar"] >= 100
    assert len(record["ratios"]) == 3
    assert sum(ratio < record["bar"] for ratio in record["ratios"]) < 2
    assert record["ratio"] == pytest.approx(np.median(record["ratios"]))
    assert record["largest_weight_difference_after_two_steps"] < 1e-12
    np.testing.assert_allclose(record["losses"], record["peer_losses"], rtol=1e-12)
    assert record["parameters"] == 337
