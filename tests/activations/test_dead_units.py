"""Units made dead, found dead, revived; networks born dead, against the closed form."""

import numpy as np
import pytest

from nndl_support.activations.dead_units import (
    born_dead_probability,
    born_dead_share,
    deadly_bias,
    is_dead,
    normalised,
)
from nndl_support.activations.rectifiers import relu_derivative

B, D, H = 11, 5, 3


def data(seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(B, D)), rng.normal(size=(D, H))


# D6, exercise 4-3: a unit that is dead on all data
@pytest.mark.parametrize("margin", [0.0, 1.0, 3.5])
def test_the_deadly_bias_kills_and_a_little_more_does_not(margin):
    X, W = data()
    biases = np.array([deadly_bias(X, w, margin=margin) for w in W.T])
    z = X @ W + biases
    np.testing.assert_allclose(z.max(axis=0), -margin, atol=1e-14)
    assert is_dead(z - 1e-12).all()
    assert not relu_derivative(z - 1e-12).any()
    assert not is_dead(z + margin + 1e-9).any()


def test_one_example_is_enough_to_be_alive():
    z = -np.ones((B, H))
    z[4, 1] = 1e-300
    np.testing.assert_array_equal(is_dead(z), [True, False, True])
    np.testing.assert_array_equal(is_dead(np.zeros((B, H))), True)


def test_a_normalised_unit_has_mean_zero_and_variance_one_and_lives():
    X, W = data()
    for w in W.T:
        weights, bias = normalised(X, w)
        z = X @ weights + bias
        assert z.mean() == pytest.approx(0, abs=1e-14)
        assert z.std() == pytest.approx(1, rel=1e-14)
        assert not is_dead(z[:, None])
        np.testing.assert_allclose(np.cross(weights[:3], w[:3]), 0, atol=1e-14)  # the same direction


@pytest.mark.parametrize(("width", "depth"), [(1, 2), (2, 3)])
def test_born_dead_probability_is_right_by_enumeration(width, depth):
    """All patterns of signs are equally likely: a layer dies in one of 2^n, and a dead layer stays dead."""
    patterns = 2**width
    alive = (patterns - 1) ** depth
    assert born_dead_probability(width, depth) == pytest.approx(1 - alive / patterns**depth, rel=1e-15)


@pytest.mark.parametrize(("width", "depth"), [(2, 5), (3, 7), (5, 20)])
def test_drawn_networks_are_born_dead_as_often_as_the_formula_says(width, depth):
    p, n = born_dead_probability(width, depth), 4000
    share = born_dead_share(width, depth, np.random.default_rng(0), n_networks=n)
    assert abs(share - p) < 4 * np.sqrt(p * (1 - p) / n)


def test_wrong_arguments_are_named():
    X, W = data()
    with pytest.raises(
        ValueError, match=r"z must be of shape \(B, H\) with at least one example, but has shape \(3,\)"
    ):
        is_dead(np.ones(3))
    with pytest.raises(ValueError, match="at least one example"):
        is_dead(np.empty((0, 3)))
    for margin in (-1.0, np.nan, np.inf):
        with pytest.raises(ValueError, match="margin must be a finite number of at least 0"):
            deadly_bias(X, W[:, 0], margin=margin)
    with pytest.raises(ValueError, match="the same net input for all examples"):
        normalised(np.ones((B, D)), W[:, 0])
    with pytest.raises(ValueError, match="width=0 and depth=3 must both be at least 1"):
        born_dead_probability(0, 3)
    rng = np.random.default_rng(0)
    for sizes in ((0, 3, 5), (2, 0, 5), (2, 3, 0)):
        with pytest.raises(ValueError, match=r"must all be at least 1"):
            born_dead_share(*sizes[:2], rng, n_networks=sizes[2])


def test_data_that_decide_nothing_are_refused():
    X, W = data()
    with pytest.raises(ValueError, match="z contains NaN"):
        is_dead([[-1.0, np.nan], [-2.0, -3.0]])
    for function in (deadly_bias, normalised):
        with pytest.raises(
            ValueError, match=rf"X has shape \({B}, {D}\) and w \({D - 1},\); expected \(B, D\) and \(D,\)"
        ):
            function(X, W[1:, 0])
        with pytest.raises(ValueError, match="with at least one example"):
            function(np.empty((0, D)), W[:, 0])
        with pytest.raises(ValueError, match="X and w must be finite"):
            function(X, np.full(D, np.nan))
