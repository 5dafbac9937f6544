import itertools

import numpy as np
import pytest
from scipy.special import softmax
from sklearn.linear_model import Ridge

from nndl_support.optimization.subnetworks import (
    all_masks,
    dropout_regression,
    dropout_squared_error,
    geometric_mean,
    mask_probabilities,
    mean_over_masks,
)


def test_there_are_all_masks_and_each_once():
    masks = all_masks(5)
    assert sorted(map(tuple, masks)) == sorted(itertools.product([0.0, 1.0], repeat=5))


@pytest.mark.parametrize("keep", [0.3, 0.5, 1.0])
def test_the_probabilities_of_the_masks_sum_to_one_and_keep_each_unit_as_often_as_they_should(keep):
    masks = all_masks(7)
    p = mask_probabilities(masks, keep)
    assert p.sum() == pytest.approx(1)
    np.testing.assert_allclose(p @ masks, keep)


def test_a_linear_network_has_its_own_output_as_mean_over_the_masks():
    rng = np.random.default_rng(0)
    W, x = rng.normal(size=(3, 7)), rng.normal(size=7)
    np.testing.assert_allclose(mean_over_masks(lambda z: z @ W.T, x, 0.3), W @ x, atol=1e-14)


def test_two_linear_layers_with_dropout_between_have_that_too():
    rng = np.random.default_rng(0)
    V, W, x = rng.normal(size=(3, 5)), rng.normal(size=(5, 7)), rng.normal(size=7)
    np.testing.assert_allclose(mean_over_masks(lambda h: h @ V.T, W @ x, 0.3), V @ W @ x, atol=1e-13)


def test_a_rectifier_in_between_breaks_it():
    rng = np.random.default_rng(0)
    W, x = rng.normal(size=(3, 7)), rng.normal(size=7)
    mean = mean_over_masks(lambda z: np.maximum(z @ W.T, 0), x, 0.5)
    assert np.all(mean >= np.maximum(W @ x, 0) - 1e-14)  # Jensen
    assert np.abs(mean - np.maximum(W @ x, 0)).max() > 0.1


@pytest.mark.parametrize("keep", [0.3, 0.5, 0.9])
def test_the_geometric_mean_of_softmax_subnetworks_is_the_network_with_scaled_weights(keep):
    rng = np.random.default_rng(1)
    W, b, x = rng.normal(size=(3, 7)), rng.normal(size=3), rng.normal(size=7)
    masks = all_masks(7)
    outputs = softmax((masks * x) @ W.T + b, axis=1)
    ensemble = geometric_mean(outputs, mask_probabilities(masks, keep))
    np.testing.assert_allclose(ensemble, softmax(keep * W @ x + b), rtol=1e-13)
    assert np.abs(mask_probabilities(masks, keep) @ outputs - ensemble).max() > 0.005  # the arithmetic mean is another


def test_with_a_hidden_layer_weight_scaling_is_only_near():
    rng = np.random.default_rng(2)
    V, W, x = rng.normal(size=(3, 5)), rng.normal(size=(5, 7)), rng.normal(size=7)
    masks = all_masks(7)

    def net(inputs):
        return softmax(np.maximum(inputs @ W.T, 0) @ V.T, axis=1)

    ensemble = geometric_mean(net(masks * x), mask_probabilities(masks, 0.5))
    scaled = net(0.5 * x[None])[0]
    assert 1e-3 < np.abs(ensemble - scaled).max() < 0.3


@pytest.mark.parametrize("keep", [0.5, 0.8])
def test_the_expected_squared_error_is_the_mean_over_all_masks_of_all_examples(keep):
    rng = np.random.default_rng(0)
    X, y, w = rng.normal(size=(5, 3)), rng.normal(size=5), rng.normal(size=3)
    exact = sum(mean_over_masks(lambda z, target=target: (target - z @ w) ** 2, row, keep) for row, target in zip(X, y))
    assert dropout_squared_error(X, y, w, keep) == pytest.approx(exact, rel=1e-13)


def test_the_regression_is_where_the_gradient_of_the_expected_error_vanishes():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(11, 3)), rng.normal(size=11)
    w = dropout_regression(X, y, 0.7)
    for step in 1e-4 * np.eye(3):
        slope = dropout_squared_error(X, y, w + step, 0.7) - dropout_squared_error(X, y, w - step, 0.7)
        assert slope == pytest.approx(0, abs=1e-12)


def test_dropout_regression_is_scikit_learn_s_ridge_on_columns_of_equal_length():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(11, 3)), rng.normal(size=11)
    X /= np.linalg.norm(X, axis=0)
    ridge = Ridge(alpha=(1 - 0.7) / 0.7, fit_intercept=False, solver="cholesky").fit(X, y)
    np.testing.assert_allclose(dropout_regression(X, y, 0.7), ridge.coef_, rtol=1e-12)


def test_predictions_of_dropout_regression_do_not_depend_on_the_units_of_the_inputs_as_ridge_s_do():
    rng = np.random.default_rng(0)
    X, y, units = rng.normal(size=(11, 3)), rng.normal(size=11), np.array([1.0, 1000.0, 0.01])
    np.testing.assert_allclose(
        (X * units) @ dropout_regression(X * units, y, 0.7), X @ dropout_regression(X, y, 0.7), rtol=1e-9
    )
    ridge = [Ridge(alpha=1.0, fit_intercept=False).fit(Z, y).predict(Z) for Z in (X, X * units)]
    assert np.abs(ridge[0] - ridge[1]).max() > 0.01


def test_what_cannot_be_counted_is_refused():
    with pytest.raises(ValueError, match=r"n is 21; expected 1 to 20: there are 2\^n masks"):
        all_masks(21)
    with pytest.raises(ValueError, match="keep is 0"):
        mask_probabilities(all_masks(2), 0)
    with pytest.raises(ValueError, match=r"shape \(2, 2\) and weights \(3,\)"):
        geometric_mean([[0.5, 0.5], [0.2, 0.8]], [0.2, 0.3, 0.5])
    with pytest.raises(ValueError, match="a probability is 0"):
        geometric_mean([[0.0, 1.0], [0.2, 0.8]], [0.5, 0.5])


def test_the_mean_over_the_masks_scales_the_input_of_a_layer_and_not_its_output_as_first_printed():
    """The text under (7.65) once had the output of each neuron multiplied by p."""
    rng = np.random.default_rng(4)
    W, b, x = rng.normal(size=(3, 5)), rng.normal(size=3), rng.normal(size=5)
    mean = mask_probabilities(all_masks(5), 0.8) @ (all_masks(5) * x @ W.T + b)
    np.testing.assert_allclose(mean, W @ (0.8 * x) + b)
    assert np.abs(mean - 0.8 * (W @ x + b)).min() > 0.01
