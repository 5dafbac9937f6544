"""Sine transforms for Poisson's equation in a cube."""

import numpy as np
import pytest

from nndl_support.pinn.grid_solvers import poisson_grid
from nndl_support.pinn.sine_poisson import cube_points, grid_error, nodes_needed, solve_on_cube


def test_plane_solution_is_that_of_the_five_point_grid():
    def source(q):
        return np.exp(q[:, 0]) - q[:, 1]

    m = 7
    line = np.linspace(-1, 1, m + 2)
    direct = poisson_grid(source, 0.0, line, line)[1:-1, 1:-1]
    np.testing.assert_allclose(solve_on_cube(source(cube_points(m, 2)).reshape(m, m)), direct, atol=1e-12)


def test_second_differences_of_the_solution_are_the_source_in_three_dimensions():
    f = np.random.default_rng(0).normal(size=(5, 5, 5))
    u = np.pad(solve_on_cube(f), 1)
    h = 1 / 3
    inner = (slice(1, -1),) * 3
    total = sum(np.roll(u, 1, k)[inner] + np.roll(u, -1, k)[inner] - 2 * u[inner] for k in range(3))
    np.testing.assert_allclose(-total / h**2, f, atol=1e-11)


@pytest.mark.parametrize("d", [2, 3, 4])
def test_error_is_of_second_order(d):
    def exact(x):
        return np.cos(np.pi / 2 * x).prod(axis=1)

    errors = [grid_error(lambda x: d * (np.pi / 2) ** 2 * exact(x), exact, m, d)[0] for m in (7, 15)]
    assert 1.8 < np.log2(errors[0] / errors[1]) < 2.2


def test_extrapolated_nodes_have_the_error_they_promise():
    def exact(x):
        return np.cos(np.pi / 2 * x).prod(axis=1) * (1 + x[:, 0])

    def source(x):
        product = np.cos(np.pi / 2 * x)
        slope = -np.pi / 2 * np.sin(np.pi / 2 * x[:, 0]) * product[:, 1]
        return 2 * (np.pi / 2) ** 2 * exact(x) - 2 * slope

    known = grid_error(source, exact, 9, 2)[0]
    m = round(nodes_needed(known / 7, 2, known=known, lines=9) ** 0.5)
    assert grid_error(source, exact, m, 2)[0] == pytest.approx(known / 7, rel=0.1)
    assert nodes_needed(10 * known, 2, known=known, lines=1) == 1
    # a quarter of the error takes half the spacing: 8 intervals become 16
    assert nodes_needed(known / 4, 3, known=known, lines=7) == pytest.approx(15**3)


def test_axes_of_different_lengths_are_refused():
    with pytest.raises(ValueError, match=r"\(3, 5\)"):
        solve_on_cube(np.ones((3, 5)))


def test_no_lines_and_no_error_are_refused():
    with pytest.raises(ValueError, match="0 lines in dimension 2"):
        cube_points(0, 2)
    with pytest.raises(ValueError, match=r"error is 0\.0 and known 0\.1"):
        nodes_needed(0.0, 2, known=0.1, lines=7)
