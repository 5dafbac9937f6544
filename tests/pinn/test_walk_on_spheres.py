"""Walks on spheres: the density of Green's function, exact values, and what the standard error promises."""

import numpy as np
import pytest

from nndl_support.pinn.sine_poisson import cube_points, solve_on_cube
from nndl_support.pinn.walk_on_spheres import green_radii, poisson_by_walks


@pytest.mark.parametrize("d", [1, 2, 3, 5, 7])
def test_radii_have_the_second_moment_of_greens_function(d):
    # For -laplace(u) = |x|² in the unit ball, u(0) = 1 / (4 (d + 2)), and the estimator is E[r²] / (2 d).
    r = green_radii(200_000, d, np.random.default_rng(d))
    assert abs((r**2).mean() - 2 * d / (4 * (d + 2))) < 5e-3
    assert r.min() > 0
    assert r.max() < 1


def test_value_on_a_square_agrees_with_differences():
    def source(x):
        return np.exp(x[:, 0]) * (1 + x[:, 1] ** 2)

    m = 31
    grid = solve_on_cube(source(cube_points(m, 2)).reshape(m, m))
    found = poisson_by_walks(source, [0.0, 0.0], walks=6000, rng=np.random.default_rng(0))
    assert abs(found.value - grid[15, 15]) < 4 * found.standard_error + 1e-3
    assert found.standard_error < 0.02 * found.value


def test_product_of_cosines_in_four_dimensions():
    def exact(x):
        return np.cos(np.pi / 2 * x).prod(axis=1)

    at = np.array([0.3, -0.2, 0.0, 0.5])
    found = poisson_by_walks(lambda x: 4 * (np.pi / 2) ** 2 * exact(x), at, walks=4000, rng=np.random.default_rng(1))
    assert abs(found.value - exact(at[None])[0]) < 4 * found.standard_error
    assert found.steps > 5


def test_standard_error_is_the_scatter_of_repetitions():
    values = [
        poisson_by_walks(lambda x: x[:, 0] + 1, [0.2, 0.1, 0.4], walks=200, rng=np.random.default_rng(seed))
        for seed in range(40)
    ]
    scatter = np.std([w.value for w in values], ddof=1)
    assert 0.6 < scatter / np.median([w.standard_error for w in values]) < 1.6


def test_a_start_outside_and_endless_walks_are_refused():
    rng = np.random.default_rng(0)
    with pytest.raises(ValueError, match="inside"):
        poisson_by_walks(lambda x: x[:, 0], [1.0, 0.0], walks=5, rng=rng)
    for start, shell in ((0.5, 1e-4), ([0.5], 0.0), ([float("nan")], 1e-4)):
        with pytest.raises(ValueError, match=r"start is .* expected a point \(d,\) inside"):
            poisson_by_walks(lambda x: x[:, 0], start, walks=5, rng=rng, shell=shell)
    with pytest.raises(ValueError, match=r"source has the shape \(1, 2\) for one point; expected \(1,\)"):
        poisson_by_walks(lambda x: x, [0.5, 0.0], walks=5, rng=rng)
    with pytest.raises(RuntimeError, match="arrived"):
        poisson_by_walks(lambda x: x[:, 0], [0.0, 0.0], walks=500, rng=rng, max_steps=1, shell=1e-9)
    with pytest.raises(ValueError, match="dimension"):
        green_radii(3, 0, rng)
