import numpy as np
import pytest

from nndl_support.backprop.gradient_check import check_gradient
from nndl_support.classical.rbf_gradient import Parameters, activations, descend, loss_and_gradients

RNG = np.random.default_rng(0)
X, T = RNG.normal(size=(11, 3)), RNG.normal(size=(11, 2))
START = Parameters(RNG.normal(size=(5, 3)), RNG.uniform(0.1, 1, 5), RNG.normal(size=(5, 2)), RNG.normal(size=2))


def test_activations_follow_equation_5_19():
    by_hand = [[np.exp(-b * np.sum((x - c) ** 2)) for c, b in zip(START.centres, START.beta)] for x in X]
    np.testing.assert_allclose(activations(X, START.centres, START.beta), by_hand, rtol=1e-12)


@pytest.mark.parametrize("name", Parameters._fields)
def test_every_gradient_agrees_with_differences(name):
    def loss(value):
        return loss_and_gradients(X, T, START._replace(**{name: value}), regularization=0.3)[0]

    gradients = loss_and_gradients(X, T, START, regularization=0.3)[1]
    check_gradient(loss, getattr(gradients, name), getattr(START, name))


def test_the_penalty_leaves_the_bias_alone():
    only_bias = START._replace(weights=np.zeros((5, 2)))
    assert loss_and_gradients(X, T, only_bias)[0] == loss_and_gradients(X, T, only_bias, regularization=9.0)[0]


def test_gradients_of_examples_add_up():
    whole = loss_and_gradients(X, T, START)
    parts = [loss_and_gradients(X[i : i + 1], T[i : i + 1], START) for i in range(11)]
    assert whole[0] == pytest.approx(sum(part[0] for part in parts))
    for name in Parameters._fields:
        np.testing.assert_allclose(getattr(whole[1], name), sum(getattr(part[1], name) for part in parts), atol=1e-12)


def test_descent_never_rises_and_ends_where_the_gradient_vanishes():
    targets = activations(X, START.centres, START.beta) @ START.weights
    start = START._replace(centres=START.centres + 0.1, weights=1.1 * START.weights)
    learnt, losses = descend(X, targets, start, max_iter=500, regularization=1e-3)
    assert (np.diff(losses) <= 1e-15).all()
    assert losses[-1] < 0.05 * losses[0]
    before = loss_and_gradients(X, targets, start, regularization=1e-3)[1]
    after = loss_and_gradients(X, targets, learnt, regularization=1e-3)[1]
    assert max(np.abs(g).max() for g in after) < 1e-2 * max(np.abs(g).max() for g in before)


def test_without_an_intercept_the_bias_stays():
    learnt, _ = descend(X, T, START, fit_intercept=False, max_iter=5)
    np.testing.assert_array_equal(learnt.bias, START.bias)
    assert (descend(X, T, START, max_iter=5)[0].bias != START.bias).all()


def test_beta_stays_positive():
    learnt, _ = descend(X, 100 * T, START, max_iter=50)
    assert (learnt.beta > 0).all()


@pytest.mark.parametrize("beta", [0.02, 1.0, 30.0])
def test_the_shape_of_a_bump_is_found_however_wide_it_is(beta):
    x = np.linspace(-2, 2, 41)[:, None] / np.sqrt(beta)
    start = Parameters(np.array([[0.3]]) / np.sqrt(beta), np.array([2 * beta]), np.ones((1, 1)), np.zeros(1))
    learnt, losses = descend(x, activations(x, [[0.0]], beta), start, max_iter=60)
    assert losses[-1] < 1e-8
    np.testing.assert_allclose(learnt.beta, beta, rtol=1e-3)


def test_shapes_that_do_not_fit_are_named():
    with pytest.raises(ValueError, match=r"X has shape \(11, 3\) and centres \(5, 2\)"):
        activations(X, np.zeros((5, 2)), 1.0)
    with pytest.raises(ValueError, match=r"targets has shape \(11,\); expected \(11, 2\)"):
        loss_and_gradients(X, T[:, 0], START)
    with pytest.raises(ValueError, match=r"every beta must be positive at the start, but the smallest is -1\.0"):
        descend(X, T, START._replace(beta=-np.ones(5)))
