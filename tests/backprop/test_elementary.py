"""Proofs for nndl_support.backprop.elementary: every rule against central differences."""

import numpy as np
import pytest

from nndl_support.backprop.elementary import PARTIALS, is_constant, partials


@pytest.mark.parametrize("ufunc", PARTIALS, ids=lambda ufunc: ufunc.__name__)
def test_every_rule_agrees_with_central_differences(ufunc):
    rng = np.random.default_rng(3)
    inputs = [rng.uniform(0.2, 0.9, 7) for _ in partials(ufunc)]
    output = ufunc(*inputs)
    for place, rule in enumerate(partials(ufunc)):
        left, right = [x.copy() for x in inputs], [x.copy() for x in inputs]
        left[place] -= 1e-6
        right[place] += 1e-6
        numerical = (ufunc(*right) - ufunc(*left)) / 2e-6
        np.testing.assert_allclose(rule(*inputs, output) * np.ones(7), numerical, rtol=1e-7, atol=1e-9)


def test_kinks_follow_the_stated_conventions():
    assert partials(np.absolute)[0](0.0, 0.0) == 0.0
    assert [rule(1.0, 1.0, 1.0) for rule in partials(np.maximum)] == [0.5, 0.5]
    assert [rule(1.0, 1.0, 1.0) for rule in partials(np.minimum)] == [0.5, 0.5]


def test_a_zeroth_power_has_derivative_zero_even_at_zero():
    assert partials(np.power)[0](0.0, 0, 1.0) == 0.0


def test_an_operation_without_a_rule_is_named_together_with_those_that_have_one():
    with pytest.raises(TypeError, match=r"floor has no derivative rule.*absolute, add"):
        partials(np.floor)


def test_constants_are_numbers_and_numeric_arrays():
    assert is_constant(np.float64(1.0))
    assert is_constant(np.arange(3))
    assert not is_constant(None)
    assert not is_constant(1j * np.arange(3))
