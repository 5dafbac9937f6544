"""The stated problem: which samples it keeps, that true fields satisfy it, and that a small one is solved."""

import numpy as np
import pytest
import torch

from nndl_support.pinn import fields
from nndl_support.pinn.drifting_vortices import drifting_vortices
from nndl_support.pinn.solver import solve
from nndl_support.pinn.wake_problem import restore, wake_problem, weight_vector

WINDOW, LENGTH = (0.0, 1.0, -0.5, 0.5), 0.5


def samples(n, seed=0):
    rng = np.random.default_rng(seed)
    points = rng.random((n, 3)) * [1.0, 1.0, 0.5] + [0.0, -0.5, 0.0]
    return points, drifting_vortices(points, nu=0.05, drift=(0.6, 0.2))


def test_samples_outside_of_the_window_are_left_out_with_their_velocities():
    points = np.array([[0.5, 0.0, 0.1], [1.5, 0.0, 0.1], [0.5, 0.7, 0.1], [0.5, 0.0, 0.6], [1.0, -0.5, 0.5]])
    velocities = np.arange(15.0).reshape(5, 3)
    problem = wake_problem(points, velocities, window=WINDOW, length=LENGTH)
    np.testing.assert_array_equal(problem.data.points, points[[0, 4]])
    np.testing.assert_array_equal(problem.data.values, velocities[[0, 4], :2])
    with pytest.raises(ValueError, match="none of 1 samples lies between"):
        wake_problem([[5.0, 5.0, 5.0]], [[0.0, 0.0]], window=WINDOW, length=LENGTH)


def test_what_does_not_fit_is_named():
    points, values = samples(5)
    with pytest.raises(ValueError, match="5 points, 4 velocities"):
        wake_problem(points, values[:4], window=WINDOW, length=LENGTH)
    with pytest.raises(ValueError, match="unknown l1, lambda2; expected as many and lambda1, lambda2"):
        wake_problem(points, values, window=WINDOW, length=LENGTH, unknown={"l1": 0.0, "lambda2": 0.0})
    with pytest.raises(ValueError, match="2 columns"):
        wake_problem(points[:, :2], values, window=WINDOW, length=LENGTH)


def test_the_search_starts_where_the_caller_says_and_else_at_zero():
    start = {"lambda1": 0.7, "lambda2": 0.03}
    for given, expected in ((start, start), (None, {"lambda1": 0.0, "lambda2": 0.0})):
        problem = wake_problem(*samples(5), window=WINDOW, length=LENGTH, hidden=(3,), unknown=given)
        assert solve(problem, max_iterations=0, n_points=4).parameters == expected


def test_a_flow_that_is_known_satisfies_the_equations_with_its_own_parameters_only():
    """The fields of a polynomial jet: values and derivatives by differences of the exact flow."""
    points, _ = samples(11)
    problem = wake_problem(*samples(5), window=WINDOW, length=LENGTH)
    h = 1e-3

    def exact(q):
        return torch.as_tensor(drifting_vortices(q.numpy(), nu=0.05, drift=(0.6, 0.2)))

    def derivative(output, index):
        total, unit = [(1.0, torch.as_tensor(points))], torch.eye(3, dtype=torch.float64)
        for axis in index:
            total = [(s * c / (2 * h), q + s * h * unit[axis]) for c, q in total for s in (1, -1)]
        return sum(c * exact(q)[:, output] for c, q in total)

    f = fields.Fields(torch.as_tensor(points), ("x", "y", "t"), ("u", "v", "p"), derivative)
    for l1, l2, size in ((1.0, 0.05, 1e-4), (0.9, 0.05, None), (1.0, 0.06, None)):
        p = type("P", (), {"lambda1": l1, "lambda2": l2})
        residuals = torch.stack([equation(f, p) for equation in problem.equations.values()])
        if size:
            assert residuals.abs().max() < size
        else:
            assert residuals.abs().max() > 0.01


def test_parameters_and_pressure_of_drifting_vortices_are_found():
    points, values = samples(300)
    problem = wake_problem(points, values, window=WINDOW, length=LENGTH, hidden=(12, 12))
    solution = solve(problem, max_iterations=60, n_points=200, seed=0)
    assert solution.parameters["lambda1"] == pytest.approx(1.0, abs=0.03)
    assert solution.parameters["lambda2"] == pytest.approx(0.05, rel=0.1)
    where = points[:50].copy()
    where[:, 2] = 0.25
    pressure = drifting_vortices(where, nu=0.05, drift=(0.6, 0.2))[:, 2]
    found = solution.predict(where)[:, 2]
    error = (found - pressure) - (found - pressure).mean()
    assert np.linalg.norm(error) < 0.1 * np.linalg.norm(pressure - pressure.mean())


def test_a_solution_survives_its_record():
    points, values = samples(20)
    problem = wake_problem(points, values, window=WINDOW, length=LENGTH, hidden=(5, 3))
    solution = solve(problem, max_iterations=2, n_points=20, seed=3)
    again = restore(problem, weight_vector(solution.network).tolist(), solution.parameters)
    np.testing.assert_array_equal(again.predict(points), solution.predict(points))
    assert again.parameters == solution.parameters
    with pytest.raises(ValueError, match=r"there are \(4,\) weights, but the network has"):
        restore(problem, [1.0, 2.0, 3.0, 4.0], {})
