"""One function in three forms: equal outputs, exact gradients, an exact Hessian, and the race they were built for."""

import numpy as np
import pytest

from nndl_support.activations.bias_shift import (
    FORMS,
    forward,
    gradients,
    loss,
    output_hessian,
    rewrite,
    start,
    train,
)
from nndl_support.activations.sigmoid_family import logistic, tanh
from nndl_support.backprop.gradient_check import check_gradient

SIZES, B = (3, 7, 5, 2), 11


def case(form, seed=0):
    rng = np.random.default_rng(seed)
    weights, biases = rewrite(*start(SIZES, rng), FORMS[form])
    biases = [b + 0.3 * rng.normal(size=b.shape) for b in biases]
    return rng.normal(size=(B, SIZES[0])), np.eye(2)[rng.integers(2, size=B)], weights, biases, FORMS[form]


@pytest.mark.parametrize(
    ("form", "unit"), [("logistic", logistic), ("shifted", lambda z: logistic(z) - 0.5), ("tanh", tanh)]
)
def test_a_form_is_the_unit_that_its_name_says(form, unit):
    X, _, weights, biases, constants = case(form)
    outputs = forward(X, weights, biases, constants)
    np.testing.assert_allclose(outputs[1], unit(X @ weights[0] + biases[0]), rtol=0, atol=1e-15)
    np.testing.assert_allclose(outputs[2], unit(outputs[1] @ weights[1] + biases[1]), rtol=0, atol=1e-14)
    np.testing.assert_allclose(outputs[3], outputs[2] @ weights[2] + biases[2], rtol=0, atol=1e-15)


@pytest.mark.parametrize("form", FORMS)
def test_a_rewritten_network_computes_the_same(form):
    X, _, weights, biases, logistic_form = case("logistic")
    ours = forward(X, *rewrite(weights, biases, FORMS[form]), FORMS[form])[-1]
    np.testing.assert_allclose(ours, forward(X, weights, biases, logistic_form)[-1], rtol=0, atol=1e-13)


@pytest.mark.parametrize("form", ["shifted", "tanh"])
def test_the_centred_forms_start_with_biases_of_zero(form):
    for b in rewrite(*start(SIZES, np.random.default_rng(0)), FORMS[form])[1]:
        np.testing.assert_allclose(b, 0.0, atol=1e-14)


@pytest.mark.parametrize("form", FORMS)
def test_gradients_agree_with_central_differences(form):
    X, y, weights, biases, constants = case(form)
    for mine, parameters in zip(gradients(X, y, weights, biases, constants), (weights, biases)):
        for layer, gradient in enumerate(mine):

            def value(p, parameters=parameters, layer=layer):
                original, parameters[layer] = parameters[layer], p
                result = loss(X, y, weights, biases, constants)
                parameters[layer] = original
                return result

            check_gradient(value, gradient, parameters[layer])


@pytest.mark.parametrize("form", FORMS)
def test_the_hessian_of_the_last_layer_is_the_slope_of_its_gradient(form):
    X, y, weights, biases, constants = case(form)

    def last_gradient(parameters):
        table = parameters.reshape(2, 1 + SIZES[-2])  # one row per class: bias, then weights
        by_W, by_b = gradients(X, y, [*weights[:-1], table[:, 1:].T], [*biases[:-1], table[:, 0]], constants)
        return np.column_stack([by_b[-1], by_W[-1].T]).ravel()

    here, h = np.column_stack([biases[-1], weights[-1].T]).ravel(), 1e-5
    numerical = [(last_gradient(here + step) - last_gradient(here - step)) / (2 * h) for step in h * np.eye(len(here))]
    np.testing.assert_allclose(output_hessian(X, weights, biases, constants), numerical, rtol=0, atol=1e-9)


def test_training_leaves_the_start_alone_and_repeats_itself():
    X, y, weights, biases, form = case("tanh")
    before = [p.copy() for p in (*weights, *biases)]
    runs = [
        train(X, y, weights, biases, form, learning_rate=0.3, n_epochs=20, rng=np.random.default_rng(1), batch_size=5)
        for _ in range(2)
    ]
    for p, original in zip((*weights, *biases), before):
        np.testing.assert_array_equal(p, original)
    assert runs[0][0] == runs[1][0]
    losses, new_weights, new_biases = runs[0]
    assert len(losses) == 21
    assert losses[0] == loss(X, y, weights, biases, form)
    assert losses[-1] == loss(X, y, new_weights, new_biases, form) < losses[0]


@pytest.mark.parametrize("seed", range(3))
def test_a_mean_of_one_half_makes_the_steepest_direction_several_times_steeper(seed):
    """D3, exercise 4-1: the logistic and the shifted network are one function, and differ in their curvature."""
    rng = np.random.default_rng(seed)
    X, P = rng.normal(size=(197, 13)), start((13, 31, 7), rng)
    steepest = {
        form: np.linalg.eigvalsh(output_hessian(X, *rewrite(*P, FORMS[form]), FORMS[form])).max()
        for form in ("logistic", "shifted")
    }
    assert steepest["logistic"] > 3 * steepest["shifted"]
