"""The registry of activation functions."""

import dataclasses

import numpy as np
import pytest

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
