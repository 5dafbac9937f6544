import numpy as np
import pytest
import torch

from nndl_support.backprop.gradient_check import check_gradient
from nndl_support.classical.elman_cell import (
    Weights,
    elman_step,
    hidden_states,
    initial_state,
    loss_per_step,
    net_input,
    output_units,
    truncated_gradient,
)

T, S, D, H, K = 11, 5, 3, 7, 2


def some_weights(seed=0, n_outputs=K, n_context=H):
    rng = np.random.default_rng(seed)
    shapes = ((D, H), (n_context, H), (H,), (H, n_outputs), (n_outputs,))
    return Weights(*(rng.normal(size=shape) for shape in shapes))


def some_targets(output, seed=1, shape=(T, S)):
    y = np.random.default_rng(seed).random((*shape, K))
    return y / y.sum(axis=-1, keepdims=True) if output == "softmax" else y


def torch_rnn(weights, nonlinearity="tanh"):
    rnn = torch.nn.RNN(len(weights.W), len(weights.U), nonlinearity=nonlinearity, dtype=torch.float64)
    with torch.no_grad():
        rnn.weight_ih_l0.copy_(torch.tensor(weights.W.T))
        rnn.weight_hh_l0.copy_(torch.tensor(weights.U.T))
        rnn.bias_ih_l0.copy_(torch.tensor(weights.b))
        rnn.bias_hh_l0.zero_()
    return rnn


def torch_loss(output, net, y):
    if output == "identity":
        return 0.5 * ((net - y) ** 2).sum()
    if output == "logistic":
        return torch.nn.functional.binary_cross_entropy_with_logits(net, y, reduction="sum")
    return torch.nn.functional.cross_entropy(net, y, reduction="sum")


def torch_gradients(weights, X, y, output, *, detach):
    """Gradients of the loss of the whole sequence by autograd, the hidden state cut off after each step or not."""
    rnn = torch_rnn(weights)
    V, a = (torch.tensor(part, requires_grad=True) for part in (weights.V, weights.a))
    h, total = torch.zeros(1, X.shape[1], H, dtype=torch.float64), 0.0
    for x_t, y_t in zip(torch.tensor(X), torch.tensor(y)):
        out, h = rnn(x_t[None], h.detach() if detach else h)
        total = total + torch_loss(output, out[0] @ V + a, y_t)
    total.backward()
    ours = (rnn.weight_ih_l0.grad.T, rnn.weight_hh_l0.grad.T, rnn.bias_ih_l0.grad, V.grad, a.grad)
    return Weights(*(part.numpy() for part in ours))


def gradients_by_elmans_rule(weights, X, y, output):
    total, h = [0.0] * 5, np.zeros((X.shape[1], H))
    for x_t, y_t in zip(X, y):
        gradient, h, _ = truncated_gradient(x_t, h, y_t, weights, activation="tanh", output=output)
        total = [old + new for old, new in zip(total, gradient)]
    return Weights(*total)


# --- forwards ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("activation", ["tanh", "relu"])
@pytest.mark.parametrize("seed", range(3))
def test_hidden_states_are_those_of_torch(activation, seed):
    weights = some_weights(seed)
    X = np.random.default_rng(seed).normal(size=(T, S, D))
    h0 = np.random.default_rng(seed + 9).normal(size=(S, H))
    scale = 0.2 if activation == "relu" else 1.0  # rectifiers with weights of size 1 grow without bound
    weights = weights._replace(U=scale * weights.U)
    with torch.no_grad():
        theirs = torch_rnn(weights, activation)(torch.tensor(X), torch.tensor(h0)[None])[0].numpy()
    ours = hidden_states(X, weights.W, weights.U, weights.b, h0=h0, activation=activation)
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-12)


def test_without_a_first_state_the_sequence_begins_as_in_torch():
    weights = some_weights()
    X = np.random.default_rng(0).normal(size=(T, D))
    with torch.no_grad():
        theirs = torch_rnn(weights)(torch.tensor(X))[0].numpy()
    np.testing.assert_allclose(hidden_states(X, weights.W, weights.U, weights.b), theirs, rtol=0, atol=1e-12)


def test_sequences_side_by_side_are_sequences_one_by_one():
    W, U, b, *_ = some_weights()
    X = np.random.default_rng(3).normal(size=(T, S, D))
    together = hidden_states(X, W, U, b)
    assert together.shape == (T, S, H)
    for s in range(S):
        np.testing.assert_allclose(together[:, s], hidden_states(X[:, s], W, U, b), rtol=0, atol=1e-14)


def test_a_step_is_the_formula_unit_by_unit():
    W, U, b, *_ = some_weights(4)
    x, h = np.random.default_rng(5).normal(size=D), np.random.default_rng(6).normal(size=H)
    by_hand = [
        np.tanh(sum(x[i] * W[i, j] for i in range(D)) + sum(h[k] * U[k, j] for k in range(H)) + b[j]) for j in range(H)
    ]
    np.testing.assert_allclose(elman_step(x, h, W, U, b), by_hand, rtol=0, atol=1e-14)


def test_the_context_begins_at_the_state_of_no_net_input():
    np.testing.assert_array_equal(initial_state(3), np.zeros(3))
    np.testing.assert_array_equal(initial_state(3, activation="logistic"), np.full(3, 0.5))
    W, U, b = np.zeros((1, 3)), np.eye(3), np.zeros(3)
    first = hidden_states(np.zeros((1, 1)), W, U, b, activation="logistic")[0]
    np.testing.assert_allclose(first, 1 / (1 + np.exp(-0.5)))


# --- backwards ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("output", ["identity", "logistic", "softmax"])
@pytest.mark.parametrize("seed", range(3))
def test_elmans_rule_is_torch_with_the_hidden_state_detached(output, seed):
    weights, X = some_weights(seed), np.random.default_rng(seed).normal(size=(T, S, D))
    y = some_targets(output, seed)
    theirs = torch_gradients(weights, X, y, output, detach=True)
    for name, ours, their in zip(Weights._fields, gradients_by_elmans_rule(weights, X, y, output), theirs):
        np.testing.assert_allclose(ours, their, rtol=0, atol=1e-12, err_msg=name)


@pytest.mark.parametrize("output", ["identity", "logistic", "softmax"])
@pytest.mark.parametrize("activation", ["tanh", "logistic", "softplus"])
def test_elmans_rule_is_the_gradient_with_the_context_held_fixed(output, activation):
    weights = some_weights(2)
    rng = np.random.default_rng(2)
    x, context, y = rng.normal(size=(S, D)), rng.normal(size=(S, H)), some_targets(output, shape=(S,))
    gradient, *_ = truncated_gradient(x, context, y, weights, activation=activation, output=output)
    for name in Weights._fields:

        def loss(value, name=name):
            changed = weights._replace(**{name: value})
            _, _, net = truncated_gradient(x, context, y, changed, activation=activation, output=output)
            return loss_per_step(y, net, output).sum()

        check_gradient(loss, getattr(gradient, name), getattr(weights, name))


def test_one_sequence_without_an_axis_for_it_gives_the_same_gradient():
    weights, rng = some_weights(), np.random.default_rng(0)
    x, context, y = rng.normal(size=D), rng.normal(size=H), rng.normal(size=K)
    flat, h, net = truncated_gradient(x, context, y, weights, activation="tanh", output="identity")
    rows, *_ = truncated_gradient(x[None], context[None], y[None], weights, activation="tanh", output="identity")
    assert h.shape == (H,)
    assert net.shape == (K,)
    for one, other in zip(flat, rows):
        np.testing.assert_array_equal(one, other)


def test_what_elmans_rule_leaves_out_is_the_way_through_the_context():
    """Two steps, by hand: the full gradient has one term more, and it travels through delta U^T."""
    weights, rng = some_weights(7), np.random.default_rng(7)
    X, y = rng.normal(size=(2, 1, D)), rng.normal(size=(2, 1, K))
    truncated = gradients_by_elmans_rule(weights, X, y, "identity")
    full = torch_gradients(weights, X, y, "identity", detach=False)
    h = hidden_states(X, weights.W, weights.U, weights.b)
    delta_2 = ((h[1] @ weights.V + weights.a - y[1]) @ weights.V.T) * (1 - h[1] ** 2)
    sent_back = (delta_2 @ weights.U.T) * (1 - h[0] ** 2)
    np.testing.assert_allclose(full.W - truncated.W, X[0].T @ sent_back, rtol=0, atol=1e-12)
    np.testing.assert_allclose(full.b - truncated.b, sent_back[0], rtol=0, atol=1e-12)
    np.testing.assert_allclose(full.U, truncated.U, rtol=0, atol=1e-12)  # the first context is zero: nothing to add
    np.testing.assert_allclose(full.V, truncated.V, rtol=0, atol=1e-12)
    assert np.abs(sent_back).max() > 0.01


def test_without_context_weights_truncation_loses_nothing_but_with_them_it_does():
    weights, X = some_weights(), np.random.default_rng(1).normal(size=(T, S, D))
    y = some_targets("identity")
    unconnected = weights._replace(U=np.zeros((H, H)))
    np.testing.assert_allclose(
        gradients_by_elmans_rule(unconnected, X, y, "identity").W,
        torch_gradients(unconnected, X, y, "identity", detach=False).W,
        rtol=0,
        atol=1e-12,
    )
    difference = (
        gradients_by_elmans_rule(weights, X, y, "identity").W
        - torch_gradients(weights, X, y, "identity", detach=False).W
    )
    assert np.abs(difference).max() > 0.1


# --- outputs -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("output", ["identity", "logistic", "softmax"])
def test_the_loss_is_that_of_torch_and_its_derivative_is_output_minus_target(output):
    net, y = np.random.default_rng(0).normal(size=(S, K)), some_targets(output, shape=(S,))
    theirs = torch_loss(output, torch.tensor(net), torch.tensor(y)).item()
    np.testing.assert_allclose(loss_per_step(y, net, output).sum(), theirs, rtol=1e-13)
    check_gradient(lambda z: loss_per_step(y, z, output).sum(), output_units(net, output) - y, net)


def test_losses_stay_finite_for_very_sure_units():
    net = np.array([[800.0, -800.0]])
    assert loss_per_step(np.array([[1.0, 0.0]]), net, "logistic") == 0.0
    np.testing.assert_allclose(loss_per_step(np.array([[0.0, 1.0]]), net, "logistic"), [1600.0])
    np.testing.assert_allclose(loss_per_step(np.array([[0.0, 1.0]]), net, "softmax"), [1600.0])


def test_wrong_sizes_and_names_are_named():
    weights = some_weights()
    with pytest.raises(ValueError, match="x has 4 columns, but W takes 3 inputs"):
        net_input(np.zeros(4), np.zeros(H), weights.W, weights.U, weights.b)
    with pytest.raises(ValueError, match="the context has 2 columns, but U takes 7 context units"):
        net_input(np.zeros(D), np.zeros(2), weights.W, weights.U, weights.b)
    with pytest.raises(ValueError, match="output is 'linear'; known are identity, logistic, softmax"):
        output_units(np.zeros(2), "linear")
    with pytest.raises(ValueError, match="output is 'linear'; known are identity, logistic, softmax"):
        loss_per_step(np.zeros(2), np.zeros(2), "linear")
    with pytest.raises(ValueError, match="unknown activation 'sine'"):
        elman_step(np.zeros(D), np.zeros(H), weights.W, weights.U, weights.b, activation="sine")
