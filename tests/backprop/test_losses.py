"""Losses: values, derivatives, and the minus sign of cross-entropy."""

import numpy as np
import pytest
import torch

from nndl_support.activations import registry
from nndl_support.activations.sigmoid_family import logistic, softmax
from nndl_support.backprop import losses
from nndl_support.backprop.gradient_check import check_gradient

B, K = 5, 3
RNG = np.random.default_rng(0)
SCORES = RNG.normal(size=(B, K))
ONE_HOT = np.eye(K)[[0, 2, 1, 1, 0]]
YES_NO = np.array([[0, 1, 1], [1, 0, 1], [0, 0, 0], [1, 1, 1], [0, 1, 0]], dtype=float)
CASES = {
    "squared_error": (RNG.normal(size=(B, K)), SCORES),
    "cross_entropy": (ONE_HOT, softmax(SCORES)),
    "binary_cross_entropy": (YES_NO, logistic(SCORES)),
}


@pytest.mark.parametrize("name", losses.names())
def test_derivatives_agree_with_central_differences(name):
    y, p = CASES[name]
    loss = losses.get(name)
    check_gradient(lambda p: loss.function(y, p), loss.derivative(y, p), p)


@pytest.mark.parametrize("name", losses.names())
def test_with_its_partner_the_derivative_is_prediction_minus_target(name):
    y, _ = CASES[name]
    loss = losses.get(name)
    partner = registry.get(loss.partner)
    p = partner.function(SCORES)
    check_gradient(lambda z: loss.of_pre_activation(y, z), (p - y) / B, SCORES)
    np.testing.assert_allclose(partner.pull_back(SCORES, loss.derivative(y, p)), (p - y) / B, atol=1e-15)
    assert loss.of_pre_activation(y, SCORES) == pytest.approx(loss.function(y, p), rel=1e-14)


def test_values_agree_with_torch():
    torch_scores = torch.tensor(SCORES)
    ours = losses.cross_entropy(ONE_HOT, softmax(SCORES))
    assert ours == pytest.approx(torch.nn.functional.cross_entropy(torch_scores, torch.tensor(ONE_HOT)).item())
    ours = losses.binary_cross_entropy(YES_NO, logistic(SCORES))
    theirs = torch.nn.functional.binary_cross_entropy_with_logits(torch_scores, torch.tensor(YES_NO), reduction="sum")
    assert ours == pytest.approx(theirs.item() / B)
    y, p = CASES["squared_error"]
    theirs = torch.nn.functional.mse_loss(torch.tensor(p), torch.tensor(y), reduction="sum")
    assert losses.squared_error(y, p) == pytest.approx(theirs.item() / 2 / B)


def test_the_printed_cross_entropy_without_a_minus_sign_is_refuted():
    """Qiu (2019), beside equation 4.85: L = ln y falls without bound as the prediction gets worse."""
    target = np.array([[1.0]])
    right, wrong = np.array([[0.9]]), np.array([[0.1]])
    assert np.log(wrong) < np.log(right) < 0  # as printed: negative, and better for the worse prediction
    assert losses.cross_entropy(target, wrong) > losses.cross_entropy(target, right) > 0  # with the minus sign


def test_certain_and_right_costs_nothing_and_certain_and_wrong_costs_infinity():
    assert losses.cross_entropy(np.array([[0.0, 1.0]]), np.array([[0.0, 1.0]])) == 0.0
    assert losses.cross_entropy(np.array([[0.0, 1.0]]), np.array([[1.0, 0.0]])) == np.inf
    assert losses.binary_cross_entropy(np.array([[1.0, 0.0]]), np.array([[1.0, 0.0]])) == 0.0


def test_from_pre_activations_nothing_overflows():
    far = np.array([[1e4, -1e4, 0.0]])
    assert losses.get("cross_entropy").of_pre_activation(np.array([[0.0, 1.0, 0.0]]), far) == 2e4
    assert losses.get("binary_cross_entropy").of_pre_activation(np.array([[0.0, 1.0, 1.0]]), far) == 2e4 + np.log(2)


def test_wrong_shapes_and_names_are_named():
    with pytest.raises(ValueError, match=r"targets have shape \(5, 3\), but the predictions have shape \(5, 2\)"):
        losses.squared_error(ONE_HOT, ONE_HOT[:, :2])
    with pytest.raises(
        ValueError, match="unknown loss 'mse'; known are binary_cross_entropy, cross_entropy, squared_e"
    ):
        losses.get("mse")


def test_a_certain_and_right_prediction_has_a_finite_slope():
    y = np.array([[1.0, 0.0]])
    np.testing.assert_array_equal(losses.cross_entropy_derivative(y, y), [[-1.0, 0.0]])
    np.testing.assert_array_equal(losses.binary_cross_entropy_derivative(y, y), [[-1.0, 1.0]])
