"""Zhou's back-propagation in Zhou's letters (I5-I9)."""

import numpy as np
import pytest

from nndl_support.backprop.gradient_check import check_gradient
from nndl_support.backprop.network import backward
from nndl_support.backprop.network import forward as general_forward
from nndl_support.backprop.standard_bp import (
    Network,
    accumulated_epoch,
    cancellation,
    error,
    forward,
    gradient_terms,
    mean_steps,
    random_network,
    regularised_error,
    regularised_steps,
    standard_epoch,
    steps,
    train,
)

M, D, Q, L = 5, 3, 7, 2
RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(M, D)), RNG.random((M, L))


@pytest.fixture
def network():
    return random_network(D, Q, L, np.random.default_rng(1))


def replaced(network, field, value):
    return network._replace(**{field: value})


@pytest.mark.parametrize("field", Network._fields)
def test_steps_of_one_example_are_minus_the_gradient_of_its_error(network, field):
    ours = -getattr(steps(network, X[0], Y[0]), field)
    check_gradient(lambda p: error(replaced(network, field, p), X[:1], Y[:1]), ours, getattr(network, field))


@pytest.mark.parametrize("field", Network._fields)
def test_mean_steps_are_minus_the_gradient_of_the_accumulated_error(network, field):
    ours = -getattr(mean_steps(network, X, Y), field)
    check_gradient(lambda p: error(replaced(network, field, p), X, Y), ours, getattr(network, field))


@pytest.mark.parametrize("field", Network._fields)
def test_the_penalty_of_equation_5_17_counts_thresholds_too(network, field):
    ours = -getattr(regularised_steps(network, X, Y, 0.7), field)
    check_gradient(lambda p: regularised_error(replaced(network, field, p), X, Y, 0.7), ours, getattr(network, field))


def test_the_accumulated_step_is_the_mean_of_the_single_steps(network):
    alone = [steps(network, x, y) for x, y in zip(X, Y)]
    for field in Network._fields:
        mean = np.mean([getattr(step, field) for step in alone], axis=0)
        np.testing.assert_allclose(getattr(mean_steps(network, X, Y), field), mean, atol=1e-16)


def test_for_one_example_both_kinds_of_epoch_agree(network):
    for one, other in zip(standard_epoch(network, X[:1], Y[:1], 0.1), accumulated_epoch(network, X[:1], Y[:1], 0.1)):
        np.testing.assert_allclose(one, other, atol=1e-16)


def test_small_standard_epochs_add_up_to_m_accumulated_ones(network):
    eta = 1e-6
    standard = standard_epoch(network, X, Y, eta)
    accumulated = accumulated_epoch(network, X, Y, M * eta)
    for start, one, other in zip(network, standard, accumulated):
        np.testing.assert_allclose((one - start) / eta, (other - start) / eta, rtol=1e-4, atol=1e-5)


def test_opposite_examples_cancel_in_the_mean_but_not_one_by_one(network):
    twice, opposite = np.repeat(X[:1], 2, axis=0), np.array([[0.0], [1.0]])
    network = Network(np.zeros((D, Q)), np.zeros(Q), np.full((Q, 1), 0.3), np.array([0.3 * Q / 2]))  # y_hat = 1/2
    assert forward(network, X[0]).y_hat == pytest.approx(0.5)
    assert max(np.abs(step).max() for step in mean_steps(network, twice, opposite)) < 1e-16
    assert np.abs(steps(network, twice[0], opposite[0]).w).max() > 0.01
    assert cancellation(network, twice, opposite) == pytest.approx(1.0)
    assert cancellation(network, twice, opposite[[0, 0]]) == pytest.approx(0.0)


def test_gradient_terms_are_minus_the_deltas_of_the_general_network(network):
    weights, biases = [network.v, network.w], [-network.gamma, -network.theta]
    activations = ("logistic", "logistic")
    passed = general_forward(X, weights, biases, activations)
    ours = mean_steps(network, X, Y)
    (dv, dw), (dgamma, dtheta) = backward(Y, *passed, weights, activations, "squared_error")
    for mine, theirs in ((ours.v, -dv), (ours.w, -dw), (ours.gamma, dgamma), (ours.theta, dtheta)):
        np.testing.assert_allclose(mine, theirs, atol=1e-16)


def test_terms_have_the_shapes_of_their_layers(network):
    g, e = gradient_terms(network, forward(network, X), Y)
    assert g.shape == (M, L)
    assert e.shape == (M, Q)


def test_learning_lowers_the_error(network):
    history = train(network, X, Y, 0.5, 200)
    assert len(history) == 201
    assert history[0] is network
    assert error(history[-1], X, Y) < error(network, X, Y) / 3
    accumulated = train(network, X, Y, 0.5, 3, epoch=accumulated_epoch)
    np.testing.assert_array_equal(accumulated[1].v, accumulated_epoch(network, X, Y, 0.5).v)


def test_the_old_network_is_not_changed(network):
    copies = [p.copy() for p in network]
    standard_epoch(network, X, Y, 0.5)
    accumulated_epoch(network, X, Y, 0.5)
    for p, copy in zip(network, copies):
        np.testing.assert_array_equal(p, copy)


def test_weights_start_between_0_and_1():
    assert all(((p > 0) & (p < 1)).all() for p in random_network(11, 13, 17, np.random.default_rng(0)))


def test_wrong_arguments_are_named(network):
    with pytest.raises(ValueError, match="x has 4 columns, but the network has 3 inputs"):
        forward(network, np.ones((M, 4)))
    with pytest.raises(ValueError, match=r"m at least 1, but are \(0, 3\) and \(0, 2\)"):
        mean_steps(network, X[:0], Y[:0])
    with pytest.raises(ValueError, match="lambda must lie"):
        regularised_error(network, X, Y, 1.0)
    with pytest.raises(ValueError, match="lambda must lie"):
        regularised_steps(network, X, Y, 0.0)
