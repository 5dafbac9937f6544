"""Steps of gradient descent on quadratics: the exact rates, and what scaling the features does to them."""

import numpy as np
import pytest

from nndl_support.optimization.conditioning import (
    best_parameters,
    condition_number,
    descend,
    live_share,
    regression_hessian,
    steps_to,
    tanh_unit_hessian,
)

RNG = np.random.default_rng(0)


@pytest.mark.parametrize("kappa", [1.0, 3.0, 30.0, 1000.0])
def test_from_the_worst_start_every_step_leaves_exactly_the_promised_share(kappa):
    H = np.diag([1.0, kappa])
    rate, momentum, contraction = best_parameters(H)
    path = descend(H, [1.0, 1.0], rate, steps=20, momentum=momentum)
    assert contraction == pytest.approx((kappa - 1) / (kappa + 1))
    np.testing.assert_allclose(np.abs(path), contraction ** np.arange(21)[:, None] * np.ones(2), atol=1e-12)


def test_no_other_rate_is_better_for_both_ends_of_the_spectrum():
    H = np.diag([1.0, 30.0])
    rate, _, contraction = best_parameters(H)
    for other in rate * np.array([0.9, 0.99, 1.01, 1.05]):
        assert np.abs(1 - other * np.diag(H)).max() > contraction


@pytest.mark.parametrize("kappa", [10.0, 1000.0])
def test_the_heavy_ball_shrinks_the_error_by_the_root_of_kappa(kappa):
    H = np.diag([1.0, kappa])
    rate, momentum, contraction = best_parameters(H, heavy_ball=True)
    # Both eigenvalues of the step in (error, velocity) have the size sqrt(momentum) = contraction.
    for eigenvalue in (1.0, kappa):
        step = np.array([[1 + momentum - rate * eigenvalue, -momentum], [1.0, 0.0]])
        np.testing.assert_allclose(np.abs(np.linalg.eigvals(step)), contraction, rtol=1e-5)
    n = steps_to(1e-6, contraction)
    path = descend(H, [1.0, 1.0], rate, steps=2 * n, momentum=momentum)
    assert np.abs(path[-1]).max() < 1e-6
    assert contraction == pytest.approx((np.sqrt(kappa) - 1) / (np.sqrt(kappa) + 1))


def test_the_number_of_steps_grows_with_kappa_and_with_momentum_as_its_root():
    for heavy_ball, power in ((False, 1.0), (True, 0.5)):
        few, many = (
            steps_to(1e-6, best_parameters(np.diag([1.0, k]), heavy_ball=heavy_ball)[2]) for k in (100.0, 10_000.0)
        )
        assert many / few == pytest.approx(100**power, rel=0.02)


def test_a_rotation_changes_nothing():
    Q = np.linalg.qr(RNG.normal(size=(3, 3)))[0]
    H = np.diag([1.0, 5.0, 7.0])
    assert condition_number(Q @ H @ Q.T) == pytest.approx(7)
    np.testing.assert_allclose(best_parameters(Q @ H @ Q.T), best_parameters(H))
    start = RNG.normal(size=3)
    np.testing.assert_allclose(
        descend(Q @ H @ Q.T, Q @ start, 0.1, steps=7), descend(H, start, 0.1, steps=7) @ Q.T, atol=1e-12
    )


def test_the_hessian_of_regression_is_that_of_central_differences():
    X, y, theta, h = RNG.normal(3, 2, (11, 2)), RNG.normal(size=11), RNG.normal(size=3), 1e-3

    def loss(t):
        return ((t[0] + X @ t[1:] - y) ** 2).mean() / 2

    E = h * np.eye(3)
    differences = [
        [
            (loss(theta + a + b) - loss(theta + a - b) - loss(theta - a + b) + loss(theta - a - b)) / (4 * h * h)
            for a in E
        ]
        for b in E
    ]
    np.testing.assert_allclose(regression_hessian(X), differences, atol=1e-6)


def test_the_hessian_of_the_tanh_unit_is_that_of_central_differences_where_it_fits():
    X, theta, h = RNG.normal(size=(11, 2)), np.array([0.3, 0.5, -0.2]), 1e-4
    y = np.tanh(theta[0] + X @ theta[1:])

    def loss(t):
        return ((np.tanh(t[0] + X @ t[1:]) - y) ** 2).mean() / 2

    E = h * np.eye(3)
    differences = [
        [
            (loss(theta + a + b) - loss(theta + a - b) - loss(theta - a + b) + loss(theta - a - b)) / (4 * h * h)
            for a in E
        ]
        for b in E
    ]
    np.testing.assert_allclose(tanh_unit_hessian(theta, X), differences, atol=1e-6)


def test_standardised_independent_features_have_condition_number_near_one():
    X = RNG.uniform(size=(4000, 2)) * [10, 1]
    scaled = (X - X.mean(axis=0)) / X.std(axis=0)
    assert condition_number(regression_hessian(X)) > 100
    assert condition_number(regression_hessian(scaled)) < 1.1


def test_units_on_wide_features_are_dead_unless_their_weights_are_small():
    X = RNG.uniform(size=(500, 2)) * [10, 1]
    wide, small, scaled = (
        live_share(data, std, rng=np.random.default_rng(0)) for data, std in ((X, 1.0), (X, 0.1), (X / [10, 1], 1.0))
    )
    assert wide < 0.5 < small
    assert scaled > 0.95
    # One feature: |w x| < 2 has the probability 2 Phi(2 / (std x)) - 1, which is .683 at std x = 2.
    assert live_share(np.full((1, 1), 2.0), 1.0, 200_000, rng=RNG) == pytest.approx(0.6827, abs=0.005)


def test_misfits_are_named():
    assert condition_number(np.diag([0.0, 1.0])) == np.inf
    with pytest.raises(ValueError, match=r"H has shape \(2, 3\); expected a symmetric matrix"):
        condition_number(np.ones((2, 3)))
    with pytest.raises(ValueError, match="expected a symmetric matrix"):
        condition_number(np.array([[1.0, 2.0], [0.0, 1.0]]))
    with pytest.raises(ValueError, match="negative eigenvalue -1: the origin is no minimum"):
        condition_number(np.diag([-1.0, 1.0]))
    with pytest.raises(ValueError, match="smallest eigenvalue is 0; expected a positive one"):
        best_parameters(np.diag([0.0, 1.0]))
    with pytest.raises(ValueError, match=r"contraction is 1.0; expected \[0, 1\)"):
        steps_to(1e-3, 1.0)
    assert steps_to(1e-3, 0.0) == 1


@pytest.mark.parametrize("seed", range(5))
def test_collinear_features_have_an_infinite_condition_number_in_spite_of_rounding(seed):
    x = np.random.default_rng(seed).normal(size=(31, 2))
    H = regression_hessian(np.column_stack([x, x @ [0.3, 0.7]]))
    assert condition_number(H) == np.inf
    with pytest.raises(ValueError, match="the smallest eigenvalue is 0; expected a positive one"):
        best_parameters(H)
