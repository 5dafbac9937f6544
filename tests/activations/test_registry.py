"""The registry of activation functions."""

import dataclasses
import timeit

import numpy as np
import pytest

from nndl_support import records
from nndl_support.activations import registry
from nndl_support.backprop.gradient_check import check_gradient


def test_unknown_name_lists_the_known_ones():
    with pytest.raises(
        ValueError, match=r"unknown activation 'sigmoid'; known are elu, gelu, .*identity, .*logistic.*tanh"
    ):
        registry.get("sigmoid")
    with pytest.raises(ValueError, match="unknown activation None"):
        registry.get(None)


def test_an_entry_cannot_be_changed():
    with pytest.raises(dataclasses.FrozenInstanceError):
        registry.get("relu").name = "other"


@pytest.mark.parametrize("name", registry.names())
def test_every_activation_has_either_elementwise_derivatives_or_a_jacobian(name):
    activation = registry.get(name)
    assert activation.name == name
    assert (activation.derivative is None) == (activation.second_derivative is None) != (activation.jacobian is None)


@pytest.mark.parametrize("name", registry.names())
def test_pulling_a_gradient_back_is_the_chain_rule(name):
    rng = np.random.default_rng(0)
    z, upstream = rng.normal(size=(5, 3)), rng.normal(size=(5, 3))
    activation = registry.get(name)
    check_gradient(lambda z: (upstream * activation.function(z)).sum(), activation.pull_back(z, upstream), z)


@pytest.mark.parametrize("name", registry.names())
def test_integers_are_taken_for_numbers(name):
    x = np.array([[-1, 0, 2]])
    np.testing.assert_array_equal(registry.get(name).function(x), registry.get(name).function(x.astype(float)))


@pytest.mark.parametrize("name", registry.names())
@pytest.mark.parametrize("bad", ["0.5", None, [None, 1.0], [1 + 2j], np.array(["2020-01-01"], dtype="M8[D]")])
def test_what_is_not_a_real_number_is_refused_by_every_function(name, bad):
    activation = registry.get(name)
    functions = (activation.function, activation.derivative, activation.second_derivative, activation.jacobian)
    for function in filter(None, functions):
        with pytest.raises(TypeError, match="an activation function needs real numbers, but x has type"):
            function(bad)


@pytest.mark.parametrize("name", registry.names())
def test_neither_the_order_in_memory_nor_the_precision_of_the_input_changes_anything(name):
    activation = registry.get(name)
    functions = (activation.function, activation.derivative, activation.second_derivative, activation.jacobian)
    single = np.random.default_rng(0).normal(size=(7, 5)).astype(np.float32)
    for function in filter(None, functions):
        expected = function(single.astype(float))
        assert function(single).dtype == expected.dtype == np.float64
        np.testing.assert_array_equal(function(single), expected)
        double = single.astype(float)
        for strided in (double[::2, ::-1], double.T[1:4]):
            np.testing.assert_allclose(function(strided), function(strided.copy()), rtol=1e-15, atol=1e-300)


def test_the_names_of_the_chapter_are_all_there():
    assert set(registry.names()) == {
        *("identity", "logistic", "tanh", "hard_logistic", "hard_tanh"),
        *("relu", "leaky_relu", "prelu", "elu", "selu", "softplus"),
        *("swish", "silu", "gelu", "gelu_tanh", "gelu_sigmoid", "mish"),
        *("softmax", "log_softmax"),
    }


@pytest.mark.parametrize("name", [name for name in registry.names() if registry.get(name).derivative is not None])
def test_everything_is_finite_far_out_and_derivatives_are_slopes(name):
    activation, h = registry.get(name), 1e-5
    far = np.array([-1e4, -1e3, -40.0, 0.0, 40.0, 1e3, 1e4])
    for function in (activation.function, activation.derivative, activation.second_derivative):
        assert np.isfinite(function(far)).all()
        assert np.isfinite(function(np.linspace(-1e4, 1e4, 2003))).all()
    x = np.random.default_rng(0).uniform(-30, 30, 997)
    x = x[np.min(np.abs(np.abs(x)[:, None] - [0.0, 1.0, 2.0]), axis=1) > 1e-3]  # away from kinks
    slope = (activation.function(x + h) - activation.function(x - h)) / (2 * h)
    np.testing.assert_allclose(activation.derivative(x), slope, rtol=0, atol=2e-9)


def test_the_recorded_times_keep_their_bar():
    record = records.load("activations/elementwise_vs_torch")
    elementwise = {name for name in registry.names() if registry.get(name).derivative is not None}
    assert record["bar"] == 6.0
    missed = {}
    for size, by_name in record["figures"].items():
        assert set(by_name) == elementwise
        for kinds in by_name.values():
            assert set(kinds) == {"function", "derivative"}
            assert all(len(result["ratios"]) == 3 for result in kinds.values())
        ratios = {name: kinds["function"]["ratios"] for name, kinds in by_name.items()}
        missed[size] = {name for name in ratios if sum(ratio > record["bar"] for ratio in ratios[name]) >= 2}
    assert missed == {size: set() for size in record["figures"]}


@pytest.mark.parametrize("name", ["logistic", "relu", "softplus"])
def test_a_function_of_the_record_is_as_fast_as_the_record_says_within_a_factor_of_thirty(name):
    """A loaded machine may be slow, but not by the factor that a Python loop over the elements would cost."""
    x, function = np.random.default_rng(0).normal(size=10_000), registry.get(name).function
    seconds = min(timeit.repeat(lambda: function(x), number=1, repeat=20))
    recorded = records.load("activations/elementwise_vs_torch")["figures"]["10000"][name]["function"]
    assert seconds / x.size * 1e9 < 30 * recorded["nanoseconds_per_element"]["ours"]
