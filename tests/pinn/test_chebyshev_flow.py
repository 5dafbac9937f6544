"""Chebyshev polynomials for steady flows: exact for polynomials, exponential for Kovasznay's flow."""

import numpy as np
import pytest

from nndl_support.pinn.chebyshev_flow import derivative_matrix, steady_flow
from nndl_support.pinn.exact_solutions import kovasznay

BOX = {"low": (-0.5, -0.5), "high": (1.0, 1.5)}


def kovasznay_error(n):
    flow = steady_flow(n, lambda edge: kovasznay(edge)[:, :2], viscosity=1 / 40, **BOX)
    exact = kovasznay(flow.points)
    found = flow.values + [0, 0, exact[:, 2].mean()]
    return np.linalg.norm(found - exact) / np.linalg.norm(exact)


def test_derivatives_of_polynomials_are_exact_on_any_nodes():
    nodes = np.array([-1.3, 0.2, 0.9, 2.0, 2.5])
    for degree in range(5):
        expected = degree * nodes ** max(degree - 1, 0)
        np.testing.assert_allclose(derivative_matrix(nodes) @ nodes**degree, expected, atol=1e-11)


def test_flow_between_plates_is_found_with_its_pressure():
    flow = steady_flow(
        5, lambda q: np.stack([1 - q[:, 1] ** 2, 0 * q[:, 0]], 1), viscosity=0.3, low=(-2, -1), high=(1, 1)
    )
    x, y = flow.points.T
    np.testing.assert_allclose(flow.values[:, 0], 1 - y**2, atol=1e-9)
    np.testing.assert_allclose(flow.values[:, 1], 0, atol=1e-9)
    np.testing.assert_allclose(flow.values[:, 2], -0.6 * (x - x.mean()), atol=1e-9)


def test_error_for_kovasznay_falls_exponentially():
    errors = [kovasznay_error(n) for n in (10, 13, 16)]
    assert errors[1] < errors[0] / 10
    assert errors[2] < errors[1] / 10


def test_a_flow_that_is_too_coarse_to_converge_says_so():
    with pytest.raises(RuntimeError, match="after 3 steps"):
        steady_flow(6, lambda edge: kovasznay(edge)[:, :2], viscosity=1 / 40, max_steps=3, **BOX)


def test_equal_nodes_are_refused():
    with pytest.raises(ValueError, match="equal"):
        derivative_matrix([0.0, 1.0, 1.0])


@pytest.mark.parametrize("wrong", [{"n": 2}, {"viscosity": -0.1}, {"low": (1.0, -0.5)}])
def test_what_makes_no_flow_is_refused(wrong):
    options = {"n": 5, "viscosity": 0.1} | BOX | wrong
    with pytest.raises(ValueError, match="expected at least 3, a positive number and low < high"):
        steady_flow(options.pop("n"), lambda edge: 0 * edge, **options)


def test_steps_are_newtons_and_not_only_in_the_right_direction():
    # Each step squares the error; a Jacobian with a missing term gains two digits a step and needs nine.
    flow = steady_flow(14, lambda edge: kovasznay(edge)[:, :2], viscosity=1 / 40, max_steps=7, **BOX)
    assert flow.residual < 1e-4
