"""The Lorenz system against SciPy's integrator, exact sums, its symmetry and its fixed points."""

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from nndl_support.pinn.lorenz import (
    CLASSICAL,
    iterate,
    lorenz_field,
    lorenz_jacobian,
    lorenz_map,
    lyapunov_exponents,
    one_step_error,
    recover_constants,
    runge_kutta_step,
    valid_time,
)

STATES = np.random.default_rng(0).normal(size=(5, 3)) * 8 + [0, 0, 24]


@pytest.fixture(scope="module")
def crowd():
    return iterate(lambda s: lorenz_map(s, 0.1), np.random.default_rng(1).normal(size=(50, 3)) * 8 + [0, 0, 24], 150)[
        -1
    ]


def test_the_fixed_points_rest():
    sigma, rho, beta = 7.0, 13.0, 2.0
    c = np.sqrt(beta * (rho - 1))
    points = np.array([[0, 0, 0], [c, c, rho - 1], [-c, -c, rho - 1]])
    np.testing.assert_allclose(lorenz_field(points, (sigma, rho, beta)), 0, atol=1e-13)


def test_the_field_has_the_mirror_symmetry():
    mirror = np.array([-1, -1, 1])
    np.testing.assert_allclose(lorenz_field(STATES * mirror), lorenz_field(STATES) * mirror)


def test_the_jacobian_agrees_with_central_differences_and_has_the_known_trace():
    jacobian = lorenz_jacobian(STATES)
    for k, step in enumerate(1e-5 * np.eye(3)):
        slope = (lorenz_field(STATES + step) - lorenz_field(STATES - step)) / 2e-5
        np.testing.assert_allclose(jacobian[:, :, k], slope, atol=1e-8)
    np.testing.assert_allclose(np.trace(jacobian, axis1=1, axis2=2), -(10 + 1 + 8 / 3))


def test_runge_kutta_is_exact_to_order_four():
    errors = [
        abs(
            np.squeeze(iterate(lambda s, h=h: runge_kutta_step(lambda s: -s, s, h), np.ones(1), round(1 / h))[-1])
            - np.exp(-1)
        )
        for h in (0.1, 0.05)
    ]
    assert 14 < errors[0] / errors[1] < 18


def test_the_map_agrees_with_scipy():
    for state in STATES[:2]:
        peer = solve_ivp(lambda t, s: lorenz_field(s), (0, 0.3), state, method="DOP853", rtol=1e-12, atol=1e-12)
        np.testing.assert_allclose(lorenz_map(state, 0.3, n_substeps=300), peer.y[:, -1], atol=1e-6)


def test_states_side_by_side_move_like_states_alone():
    together = iterate(lambda s: lorenz_map(s, 0.02), STATES, 7)
    assert together.shape == (8, 5, 3)
    np.testing.assert_allclose(together[:, 3], iterate(lambda s: lorenz_map(s, 0.02), STATES[3], 7), rtol=1e-12)


def test_lyapunov_exponents_sum_to_the_divergence_and_the_largest_is_the_known_one(crowd):
    exponents = lyapunov_exponents(crowd, 20.0)
    np.testing.assert_allclose(exponents.sum(axis=1), -(10 + 1 + 8 / 3), atol=0.01)
    mean = exponents.mean(axis=0)
    # About 0.906, 0 and -14.572, with a standard error of a hundredth.
    assert abs(mean[0] - 0.906) < 0.09
    assert abs(mean[1]) < 0.05
    assert (np.diff(mean) < 0).all()


def test_lyapunov_exponents_at_a_fixed_point_are_the_real_parts_of_eigenvalues():
    calm = (10.0, 0.5, 8 / 3)
    eigenvalues = np.sort(np.linalg.eigvals(lorenz_jacobian(np.zeros(3), calm)).real)[::-1]
    np.testing.assert_allclose(lyapunov_exponents(np.zeros((2, 3)), 5.0, calm), [eigenvalues] * 2, atol=1e-3)


def test_lyapunov_exponents_travel_with_the_state_under_its_own_constants():
    # Slightly above rho = 1 the new rest state has three real and negative eigenvalues.
    calm = (10.0, 1.2, 8 / 3)
    c = np.sqrt(calm[2] * (calm[1] - 1))
    rest = np.array([c, c, calm[1] - 1])
    eigenvalues = np.linalg.eigvals(lorenz_jacobian(rest, calm))
    assert abs(eigenvalues.imag).max() == 0
    found = lyapunov_exponents(rest[None], 5.0, calm, warm_up=20.0)[0]
    np.testing.assert_allclose(found, np.sort(eigenvalues.real)[::-1], atol=1e-3)


def test_the_horizon_grows_with_the_logarithm_of_the_accuracy(crowd):
    step, spread = lambda s: lorenz_map(s, 0.02, n_substeps=3), np.array([7.9, 9.0, 8.6])
    truth, horizons = iterate(step, crowd, 900), []
    for size in (1e-2, 1e-6):
        horizons.append(valid_time(iterate(step, crowd + size * spread, 900), truth, spread, 0.02).mean())
    # Four powers of ten are worth 4 ln(10) / 0.906, about 10 time units.
    assert 8 < horizons[1] - horizons[0] < 12.5


def test_valid_time_counts_until_the_first_wrong_row_and_treats_nan_as_wrong():
    truth = np.zeros((6, 3, 3))
    forecast = truth.copy()
    forecast[4:, 0] = 1.0
    forecast[2, 1] = np.nan
    np.testing.assert_allclose(valid_time(forecast, truth, np.ones(3), 0.5), [2.0, 1.0, 3.0])


def test_a_tolerance_is_in_units_of_the_spread():
    forecast = np.full((2, 1, 3), 0.6)
    assert valid_time(forecast, np.zeros((2, 1, 3)), np.full(3, 2.0), 1.0) == 2.0
    assert valid_time(forecast, np.zeros((2, 1, 3)), np.full(3, 1.0), 1.0) == 0.0
    assert valid_time(forecast, np.zeros((2, 1, 3)), np.full(3, 1.0), 1.0, tolerance=0.7) == 2.0


def test_constants_are_recovered_from_one_wing_and_their_error_is_that_of_the_noise(crowd):
    orbit = iterate(lambda s: lorenz_map(s, 0.02), crowd[0], 1000)
    rng = np.random.default_rng(0)
    right = orbit[:-1, 0] > 0
    errors = []
    for noise in (1e-2, 1e-4):
        noisy = orbit + noise * rng.normal(size=orbit.shape)
        found = recover_constants(noisy[:-1][right], noisy[1:][right], 0.02, n_substeps=10)
        errors.append(np.abs(found - CLASSICAL).max())
    assert errors[0] < 0.05
    assert errors[1] < 0.1 * errors[0]


def test_other_constants_are_recovered_too():
    other = (7.0, 19.0, 1.5)
    np.testing.assert_allclose(
        recover_constants(STATES, lorenz_map(STATES, 0.02, other, n_substeps=4), 0.02), other, rtol=1e-6
    )


def test_the_substeps_of_a_fit_are_those_that_are_given():
    other, coarse = (7.0, 19.0, 1.5), {"n_substeps": 2}
    after = lorenz_map(STATES, 0.1, other, **coarse)
    np.testing.assert_allclose(recover_constants(STATES, after, 0.1, **coarse), other, rtol=1e-8)
    assert np.abs(recover_constants(STATES, after, 0.1, n_substeps=9) - other).max() > 1e-4


def test_the_error_of_one_step_is_in_units_of_the_spread():
    scale = np.array([1.0, 2.0, 4.0])
    assert one_step_error(lambda s: s + 3 * scale, STATES, STATES, scale) == pytest.approx(3.0)
    assert one_step_error(lambda s: s + [0, 0, 4.0], STATES, STATES, scale) == pytest.approx(1 / np.sqrt(3))


def test_shapes_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match=r"expected \(B, 3\)"):
        lyapunov_exponents(np.zeros(3), 1.0)
    with pytest.raises(ValueError, match=r"expected \(T, B, 3\)"):
        valid_time(np.zeros((3, 3)), np.zeros((3, 3)), np.ones(3), 1.0)
    with pytest.raises(ValueError, match=r"expected \(N, 3\)"):
        recover_constants(np.zeros((4, 3)), np.zeros((5, 3)), 0.1)
    with pytest.raises(ValueError, match=r"expected \(N, 3\) for both, all of it finite"):
        recover_constants(np.full((4, 3), np.nan), np.zeros((4, 3)), 0.1)
    with pytest.raises(ValueError, match=r"state has shape \(3, 2\); expected \(\.\.\., 3\)"):
        lorenz_field(np.zeros((3, 2)))
    with pytest.raises(ValueError, match="n_substeps is 0; expected at least 1"):
        lorenz_map(np.zeros(3), 0.1, n_substeps=0)
    with pytest.raises(ValueError, match="n_steps is -1; expected at least 0"):
        iterate(lorenz_field, np.zeros(3), -1)
    with pytest.raises(ValueError, match="all of it finite"):
        lyapunov_exponents(np.full((2, 3), np.nan), 1.0)
    with pytest.raises(ValueError, match=r"time is 0\.0, dt 0\.01 and warm_up 5\.0; expected at least one step"):
        lyapunov_exponents(STATES, 0.0)
    with pytest.raises(ValueError, match=r"before has shape \(4, 3\) and after \(5, 3\)"):
        one_step_error(lambda s: s, np.zeros((4, 3)), np.zeros((5, 3)), np.ones(3))
