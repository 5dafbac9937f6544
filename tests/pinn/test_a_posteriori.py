"""From the residual of an oscillator to its error: exact cases, an ODE solver, and the bound."""

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from nndl_support.pinn.a_posteriori import oscillator_error, oscillator_error_bound

T = np.linspace(0, 1, 4001)


def test_error_of_a_known_wrong_solution_is_found_exactly():
    # u = cos(w t) + a t³ has the error a t³ and the residual 6 a t / w² + a t³.
    omega, a = 11.0, 0.7
    found = oscillator_error(T, 6 * a * T / omega**2 + a * T**3, omega)
    np.testing.assert_allclose(found, a * T**3, atol=1e-4)


def test_error_obeys_its_own_equation_for_any_residual():
    def residual(t):
        return np.exp(-30 * (t - 0.3) ** 2) - 0.2

    run = solve_ivp(lambda t, y: [y[1], 49 * (residual(t) - y[0])], (0, 1), [0.0, 0.0], t_eval=T, rtol=1e-9, atol=1e-11)
    np.testing.assert_allclose(oscillator_error(T, residual(T), 7.0), run.y[0], atol=1e-4)


def test_bound_holds_and_is_reached_by_the_worst_residual():
    omega = 5.0
    worst = np.sign(np.sin(omega * (1 - T)))
    error, bound = oscillator_error(T, worst, omega), oscillator_error_bound(T, worst, omega)
    assert (np.abs(error) <= bound + 1e-9).all()
    assert abs(error[-1] - omega * np.abs(np.sin(omega * (1 - T))).mean()) < 1e-2
    assert bound[-1] == pytest.approx(omega, rel=1e-3)


def test_times_that_fall_or_differ_in_length_are_refused():
    with pytest.raises(ValueError, match="rising"):
        oscillator_error([0.0, 0.0], [1.0, 1.0], 1.0)
    with pytest.raises(ValueError, match="one length"):
        oscillator_error_bound([0.0, 1.0], [1.0], 1.0)
