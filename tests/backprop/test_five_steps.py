"""The two-layer script in five steps (D36)."""

import numpy as np
import pytest

from nndl_support.backprop.five_steps import (
    Weights,
    step_1_initialise,
    step_2_forward,
    step_3_backward,
    step_4_update,
    train,
)
from nndl_support.backprop.gradient_check import check_gradient

R, S1, S2, Q = 3, 5, 2, 7
RNG = np.random.default_rng(0)
P, T = RNG.normal(size=(R, Q)), RNG.normal(size=(S2, Q))


@pytest.mark.parametrize("field", Weights._fields)
def test_step_4_follows_the_gradient_of_half_the_squared_error(field):
    weights = step_1_initialise(R, S1, S2, np.random.default_rng(1))
    A1, _, E = step_2_forward(weights, P, T)
    moved = step_4_update(weights, P, A1, *step_3_backward(weights, A1, E), learning_rate=0.5)
    gradient = (getattr(weights, field) - getattr(moved, field)) / 0.5
    check_gradient(
        lambda p: (step_2_forward(weights._replace(**{field: p}), P, T)[2] ** 2).sum() / 2,
        gradient,
        getattr(weights, field),
    )


def test_training_stops_at_the_goal():
    P = np.linspace(-1, 1, 21)[None, :]
    weights, errors = train(
        P, np.sin(np.pi * P), 5, np.random.default_rng(0), learning_rate=0.02, goal=0.02, max_epochs=9000
    )
    assert errors[-1] <= 0.02 < errors[-2]
    assert (step_2_forward(weights, P, np.sin(np.pi * P))[2] ** 2).sum() == errors[-1]


def test_training_stops_after_the_last_epoch():
    _, errors = train(P, T, S1, np.random.default_rng(0), learning_rate=1e-3, goal=0.0, max_epochs=11)
    assert len(errors) == 12
    assert (np.diff(errors) < 0).all()


def test_a_learning_rate_too_large_is_reported():
    with pytest.raises(FloatingPointError, match=r"diverged after \d+ epochs; lower learning_rate=10"):
        train(P, T, S1, np.random.default_rng(0), learning_rate=10.0, goal=0.0, max_epochs=999)


def test_rows_in_place_of_columns_are_named():
    weights = step_1_initialise(R, S1, S2, np.random.default_rng(1))
    with pytest.raises(
        ValueError, match=r"takes 3 inputs to 2 outputs, but P has shape \(7, 3\) and T has shape \(7, 2\)"
    ):
        step_2_forward(weights, P.T, T.T)
