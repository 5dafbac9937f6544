"""Signals through random layers: shapes, scales, and the two kinds of dropout."""

from functools import partial

import numpy as np
import pytest

from nndl_support.activations.deep_signal import alpha_dropout, dropout, layers
from nndl_support.activations.rectifiers import SELU_ALPHA, SELU_SCALE, relu, selu


def test_a_layer_is_the_function_of_a_matrix_product():
    X, rng = np.random.default_rng(1).normal(size=(5, 3)), np.random.default_rng(0)
    first, second = layers(np.tanh, X, 2, np.random.default_rng(0), width=7, gain=1.7)
    by_hand = np.tanh(X @ rng.normal(scale=np.sqrt(1.7 / 3), size=(3, 7)))
    np.testing.assert_array_equal(first, by_hand)
    np.testing.assert_array_equal(second, np.tanh(by_hand @ rng.normal(scale=np.sqrt(1.7 / 7), size=(7, 7))))


def test_each_function_keeps_its_scale_with_its_own_gain():
    """He's gain keeps the mean square of ReLU, LeCun's the mean square of SELU; exchanged, both drift."""
    X = np.random.default_rng(1).normal(size=(200, 300))

    def mean_square(function, gain):
        *_, last = layers(function, X, 20, np.random.default_rng(0), width=300, gain=gain)
        return np.mean(last**2)

    assert 0.6 < mean_square(relu, 2.0) < 1.6
    assert 0.8 < mean_square(selu, 1.0) < 1.2
    assert mean_square(relu, 1.0) < 1e-4
    assert mean_square(selu, 2.0) > 5


def test_what_is_dropped_goes_on_to_the_next_layer():
    X = np.ones((5, 3))
    outputs = list(layers(relu, X, 3, np.random.default_rng(0), width=7, drop=np.zeros_like))
    assert not any(a.any() for a in outputs)


def test_dropout_keeps_the_mean_and_alpha_dropout_the_variance_too():
    a = np.random.default_rng(0).normal(size=400_000)
    tolerance = 6 / np.sqrt(a.size)
    plain = dropout(a, 0.3, np.random.default_rng(1))
    assert np.mean(plain == 0) == pytest.approx(0.3, abs=tolerance)
    assert plain.mean() == pytest.approx(a.mean(), abs=2 * tolerance)
    assert plain.var() == pytest.approx(1 / 0.7, abs=4 * tolerance)
    gentle = alpha_dropout(a, 0.3, np.random.default_rng(1))
    assert gentle.mean() == pytest.approx(0, abs=tolerance)
    assert gentle.var() == pytest.approx(1, abs=3 * tolerance)


def test_alpha_dropout_moves_the_dropped_to_one_value_and_the_rest_along_a_line():
    a = np.linspace(-1, 1, 101)
    out = alpha_dropout(a, 0.4, np.random.default_rng(0))
    scale = (0.6 + 0.6 * 0.4 * (SELU_SCALE * SELU_ALPHA) ** 2) ** -0.5
    dropped = np.isclose(out, scale * (-SELU_SCALE * SELU_ALPHA * 0.6))
    assert 20 < dropped.sum() < 60
    np.testing.assert_allclose(out[~dropped], scale * (a[~dropped] + 0.4 * SELU_SCALE * SELU_ALPHA), rtol=1e-14)


def test_wrong_arguments_are_named():
    rng = np.random.default_rng(0)
    for rate in (-0.1, 1.0, np.nan):
        for kind in (dropout, alpha_dropout):
            with pytest.raises(ValueError, match=r"rate must lie in \[0, 1\), but is"):
                kind(np.ones(3), rate, rng)
    for gain in (0.0, -1.0, np.inf, np.nan):
        with pytest.raises(ValueError, match="gain must be a positive finite number"):
            next(layers(np.tanh, np.ones((5, 3)), 1, rng, gain=gain))
    for X, width in ((np.ones(3), 7), (np.ones((5, 3)), 0)):
        with pytest.raises(ValueError, match="expected X of shape"):
            next(layers(np.tanh, X, 1, rng, width=width))


def test_zero_rates_change_nothing():
    a = np.random.default_rng(0).normal(size=7)
    for kind in (dropout, alpha_dropout):
        np.testing.assert_allclose(partial(kind, a, 0.0)(np.random.default_rng(1)), a)
