"""The classifier with learnt units: the perceptron's twin, gradients, estimator checks, learning."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.utils.estimator_checks import parametrize_with_checks

from nndl_support.activations.flow import gradient_norms
from nndl_support.activations.learnt_layers import UNITS
from nndl_support.activations.learnt_units import LearntUnitClassifier
from nndl_support.backprop.gradient_check import check_gradient
from nndl_support.backprop.mlp import MLPClassifier


@pytest.fixture
def rings():
    """Three noisy rings, 151 points: no straight boundary tells them apart."""
    rng = np.random.default_rng(0)
    y = rng.integers(3, size=151)
    angle, radius = rng.uniform(0, 2 * np.pi, 151), y + 0.5 + 0.1 * rng.normal(size=151)
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1), y


@pytest.mark.parametrize("schedule", ["constant", "linear"])
def test_with_relu_it_is_the_perceptron_of_the_other_chapter(rings, schedule):
    X, y = rings
    options = {"batch_size": 13, "learning_rate": 0.03, "schedule": schedule, "alpha": 0.02, "max_epochs": 7}
    ours = LearntUnitClassifier((11, 5), unit="relu", random_state=3, **options).fit(X, y)
    theirs = MLPClassifier((11, 5), activation="relu", random_state=3, **options).fit(X, y)
    for layer, W, b in zip(ours.layers_, theirs.coefs_, theirs.intercepts_):
        np.testing.assert_allclose(layer[0], W, rtol=0, atol=1e-12)
        np.testing.assert_allclose(layer[1], b, rtol=0, atol=1e-12)
    np.testing.assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), rtol=0, atol=1e-12)
    for norms in zip(gradient_norms(ours, X, y), gradient_norms(theirs, X, y)):
        assert norms[0] == pytest.approx(norms[1], rel=1e-9)


@pytest.mark.parametrize("unit", [unit for unit in UNITS if unit != "bilinear"])
def test_every_unit_learns_the_rings(rings, unit):
    X, y = rings
    for seed in range(3):
        network = LearntUnitClassifier(24, unit=unit, max_epochs=60, random_state=seed).fit(X, y)
        assert network.score(X, y) > 0.97
        assert network.loss_curve_[-1] < network.loss_curve_[0] / 3


def test_bilinear_units_learn_rings_because_a_radius_is_a_quadratic_form(rings):
    X, y = rings
    network = LearntUnitClassifier(8, unit="bilinear", learning_rate=0.02, max_epochs=100, random_state=0).fit(X, y)
    assert network.score(X, y) > 0.97


@pytest.mark.parametrize("unit", UNITS)
def test_gradients_agree_with_central_differences(rings, unit):
    X, y = rings[0][:7], rings[1][:7]
    network = LearntUnitClassifier((5, 4), unit=unit, max_epochs=2, random_state=1).fit(X, y)  # no z near a kink
    found = network.gradients(X, y)[0]
    for layer in range(3):
        parameter = network.layers_[layer][0]

        def loss(W, layer=layer):
            network.layers_[layer][0] = W
            return -np.mean(np.log(network.predict_proba(X)[np.arange(7), y]))

        check_gradient(loss, found[layer][: parameter.size].reshape(parameter.shape), parameter)
        network.layers_[layer][0] = parameter


@pytest.mark.parametrize(("unit", "start"), [("prelu", 0.25), ("swish", 1.0)])
def test_slopes_and_steepnesses_move_and_no_penalty_pulls_at_them(rings, unit, start):
    X, y = rings
    network = LearntUnitClassifier(5, unit=unit, max_epochs=5, random_state=0).fit(X, y)
    assert np.abs(network.layers_[0][2] - start).min() > 1e-6
    network.set_params(alpha=1e3, learning_rate=1e-4, momentum=0.0, max_epochs=40).fit(X, y)
    assert np.abs(network.layers_[0][0]).max() < 1e-2  # the penalty has eaten the weights
    np.testing.assert_allclose(network.layers_[0][2], start, atol=0.05)


def test_it_counts_its_parameters(rings):
    X, y = rings
    for unit, hidden in (
        ("relu", 2 * 5 + 5),
        ("prelu", 2 * 5 + 10),
        ("maxout", 3 * (2 * 5 + 5)),
        ("glu", 2 * (2 * 5 + 5)),
    ):
        network = LearntUnitClassifier(5, unit=unit, n_pieces=3, max_epochs=1).fit(X, y)
        assert network.n_parameters_ == hidden + 5 * 3 + 3


def test_the_same_seed_gives_the_same_network(rings):
    network = LearntUnitClassifier(7, unit="swiglu", max_epochs=3, random_state=5)
    first, second = network.fit(*rings).predict_proba(rings[0]), clone(network).fit(*rings).predict_proba(rings[0])
    np.testing.assert_array_equal(first, second)


def test_wrong_parameters_are_named(rings):
    for changes, message in (
        ({"unit": "sine"}, "unknown unit 'sine'; known are relu, prelu, swish, maxout, glu"),
        ({"n_pieces": 1}, "n_pieces must be a whole number of at least 2, but is 1"),
        ({"max_epochs": 0}, "max_epochs must be a whole number of at least 1, but is 0"),
        ({"batch_size": 2.5}, "batch_size must be a whole number of at least 1, but is 2.5"),
        ({"learning_rate": 0.0}, r"learning_rate must lie in \(0, inf\), but is 0.0"),
        ({"momentum": 1.0}, r"momentum must lie in \[0, 1\), but is 1.0"),
        ({"alpha": -1}, r"alpha must lie in \[0, inf\), but is -1"),
        ({"schedule": "cosine"}, "schedule must be 'constant' or 'linear', but is 'cosine'"),
        ({"hidden_layer_sizes": (3, 0)}, r"hidden_layer_sizes must be positive whole numbers, but is \(3, 0\)"),
    ):
        with pytest.raises(ValueError, match=message):
            LearntUnitClassifier(**changes).fit(*rings)


def test_a_diverging_network_says_so(rings):
    with pytest.raises(FloatingPointError, match=r"training diverged in epoch 1; lower learning_rate=1000000000\.0"):
        LearntUnitClassifier(5, unit="bilinear", learning_rate=1e9, max_epochs=3, random_state=0).fit(*rings)


def test_labels_never_seen_have_no_gradient(rings):
    network = LearntUnitClassifier(5, max_epochs=1, random_state=0).fit(*rings)
    with pytest.raises(ValueError, match=r"labels \[7\] are not among the classes \[0, 1, 2\]"):
        network.gradients(rings[0][:2], [1, 7])


@parametrize_with_checks([LearntUnitClassifier(8, learning_rate=0.02, max_epochs=30, batch_size=8)])
def test_it_is_a_scikit_learn_estimator(estimator, check):
    check(estimator)
