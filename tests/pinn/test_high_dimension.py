"""The problem with pairs of neighbours: its source by automatic differentiation, and that the solver makes progress."""

import numpy as np
import pytest
import torch

from nndl_support.pinn import operators
from nndl_support.pinn.fields import of_network
from nndl_support.pinn.high_dimension import bubble, pair_problem, pair_solution, pair_source, solution_at, source_at
from nndl_support.pinn.solver import solve


@pytest.mark.parametrize("d", [2, 3, 5, 8])
def test_source_is_minus_the_laplacian_of_the_solution(d):
    generator = torch.Generator().manual_seed(d)
    q = (2 * torch.rand(7, d, generator=generator, dtype=torch.float64) - 1).requires_grad_()
    by_autograd = -operators.laplacian(pair_solution(q, seed=3), q)
    torch.testing.assert_close(pair_source(q, seed=3), by_autograd, rtol=1e-9, atol=1e-9)


def test_arrays_give_the_values_of_tensors():
    points = np.random.default_rng(0).uniform(-1, 1, (5, 3))
    tensor = torch.as_tensor(points)
    np.testing.assert_array_equal(solution_at(points, seed=2), pair_solution(tensor, seed=2).numpy())
    np.testing.assert_array_equal(source_at(points, seed=2), pair_source(tensor, seed=2).numpy())


def test_solution_vanishes_on_all_faces():
    for axis in range(3):
        q = torch.full((1, 3), 0.3, dtype=torch.float64)
        q[0, axis] = -1.0
        assert float(bubble(q)) == 0
        assert float(pair_solution(q)) == 0


def test_source_is_finite_on_a_face():
    assert torch.isfinite(pair_source(torch.tensor([[1.0, 0.2, -1.0]], dtype=torch.float64))).all()


def test_coordinates_of_a_pair_cannot_be_separated():
    # For a sum of functions of one coordinate each, mixed differences of g vanish.
    def g(a, b):
        q = torch.tensor([[a, b, 0.1, 0.2]], dtype=torch.float64)
        return float(pair_solution(q) / bubble(q))

    assert abs(g(0.5, 0.5) - g(0.5, 0.0) - g(0.0, 0.5) + g(0.0, 0.0)) > 1e-2


def test_the_solution_of_a_seed_satisfies_the_problem_of_that_seed_only():
    q = 2 * torch.rand(5, 3, generator=torch.Generator().manual_seed(1), dtype=torch.float64) - 1
    problem = pair_problem(3, seed=4)
    for seed, solved in ((4, True), (0, False)):
        fields = of_network(lambda x, seed=seed: pair_solution(x, seed=seed)[:, None], q, problem.coordinates, ("u",))
        residual = problem.equations["equation"](fields, None)
        assert bool((residual.abs() < 1e-9).all()) == solved
    np.testing.assert_array_equal(problem.exact(q), pair_solution(q, seed=4))


def test_a_network_learns_it_in_three_dimensions():
    problem = pair_problem(3, hidden=(20,))
    solution = solve(problem, method="levenberg_marquardt", max_iterations=25, n_points=300)
    points = np.random.default_rng(0).uniform(-1, 1, (500, 3))
    assert solution.relative_error(points) < 0.05


def test_other_dimensions_are_refused():
    with pytest.raises(ValueError, match="2 to 13"):
        pair_problem(1)
    with pytest.raises(ValueError, match="pair"):
        pair_source(torch.zeros(4, 1))
