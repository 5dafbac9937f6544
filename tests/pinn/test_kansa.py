"""Kansa's method against exact solutions, the golden table, and its own equations."""

import numpy as np
import pytest
from numpy.linalg import LinAlgError

from nndl_support import records
from nndl_support.pinn import kansa
from nndl_support.pinn.exact_solutions import poisson, poisson_source
from nndl_support.pinn.geometry import Difference, Disk, Rectangle
from nndl_support.pinn.kansa import KansaSolver
from nndl_support.pinn.linear_operators import AdvectionDiffusion, Collocation, dirichlet, neumann, robin
from nndl_support.pinn.poisson_on_square import equations, finite_differences, largest_error, square_nodes

LINE = np.linspace(0, 1, 13)[:, None]


def on_square(n, spacing="uniform"):
    return equations(square_nodes(n, spacing=spacing))


@pytest.mark.parametrize(
    ("n", "error", "condition"), [(6, 1.6e-2, 2e6), (8, 4.2e-3, 3e8), (11, 5.4e-4, 5e11), (16, 3.0e-5, 1e17)]
)
def test_the_golden_table_of_largest_errors_is_met(n, error, condition):
    # Multiquadric sqrt(r² + c²) with c = 0.6, so epsilon = 1 / 0.6; uniform grid.
    solver = KansaSolver("multiquadric", epsilon=1 / 0.6).fit(on_square(n))
    assert largest_error(solver.predict) == pytest.approx(error, rel=0.1)
    assert 0.5 < np.log10(solver.condition_number_) / np.log10(condition) < 1.5


def test_the_error_falls_exponentially_with_the_points_on_a_line():
    lines = np.array([6, 8, 10, 12, 14])
    errors = [largest_error(KansaSolver(epsilon=1 / 0.6).fit(on_square(n)).predict) for n in lines.tolist()]
    slope, level = np.polyfit(lines, np.log(errors), 1)
    assert -0.8 < slope < -0.5
    np.testing.assert_allclose(np.log(errors), level + slope * lines, atol=0.5)


def test_finite_differences_have_order_two():
    coarse, fine = (np.abs(u - poisson(x)).max() for x, u in (finite_differences(n, poisson_source) for n in (21, 41)))
    assert coarse / fine == pytest.approx(4, rel=0.05)


def quadratic(x):
    return 1 + 2 * x[:, 0] - x[:, 1] + 3 * x[:, 0] * x[:, 1] + x[:, 0] ** 2 - 2 * x[:, 1] ** 2


def slopes(x):
    return np.column_stack([2 + 3 * x[:, 1] + 2 * x[:, 0], -1 + 3 * x[:, 0] - 4 * x[:, 1]])


@pytest.mark.parametrize("kernel", ["quintic", "gaussian", "wendland_c4"])
def test_with_a_polynomial_beside_it_a_quadratic_is_solved_exactly_for_all_operators_and_conditions(kernel):
    plate = Difference(Rectangle([0, 0], [2, 1]), Disk([1.2, 0.5], 0.3))
    inside = plate.sample(37, rng=np.random.default_rng(0))
    edge, normals = plate.sample_boundary(30, method="grid", rng=np.random.default_rng(1))
    first, second, third = edge[:10], edge[10:20], edge[20:]
    wind, kappa = np.array([1.5, -0.5]), np.array([[1.0, 0.3], [0.3, 2.0]])
    f = -(2 * kappa[0, 0] + 6 * kappa[0, 1] - 4 * kappa[1, 1]) + slopes(inside) @ wind - 7 * quadratic(inside)
    normal_slope = (normals * slopes(edge)).sum(axis=1)
    solver = KansaSolver(kernel, epsilon=2.0, degree=2).fit(
        [
            Collocation(AdvectionDiffusion(kappa, wind, -7.0), inside, f),
            Collocation(dirichlet(), first, quadratic),
            Collocation(neumann(normals[10:20]), second, normal_slope[10:20]),
            Collocation(robin(2.0, 3.0, normals[20:]), third, 2 * quadratic(third) + 3 * normal_slope[20:]),
        ]
    )
    places = plate.sample(23, rng=np.random.default_rng(2))
    np.testing.assert_allclose(solver.predict(places), quadratic(places), atol=1e-5)
    np.testing.assert_allclose(solver.gradient(places), slopes(places), atol=1e-4)
    np.testing.assert_allclose(solver.solution_.laplacian(places), -2, atol=1e-3)


def test_the_equations_are_met_at_their_points():
    solver = KansaSolver("inverse_multiquadric", epsilon=3.0).fit(on_square(7))
    nodes = square_nodes(7)
    np.testing.assert_allclose(-solver.solution_.laplacian(nodes.inside), poisson_source(nodes.inside), atol=1e-8)
    np.testing.assert_allclose(solver.predict(nodes.boundary), 0, atol=1e-9)


def test_leave_one_out_errors_are_those_of_solving_without_the_equation():
    six = on_square(6)
    solver = KansaSolver("gaussian", epsilon=2.5).fit(six)
    system, data = solver.matrix_, solver.right_hand_side_
    for k in (0, 7, 16, 35):
        rest = np.arange(36) != k
        without = np.linalg.solve(system[np.ix_(rest, rest)], data[rest])
        error = data[k] - system[k, rest] @ without
        assert solver.leave_one_out_errors()[k] == pytest.approx(error, rel=1e-5, abs=1e-8)


def test_beside_a_polynomial_leave_one_out_errors_are_those_of_the_equations_alone():
    solver = KansaSolver("gaussian", epsilon=2.5, degree=1).fit(on_square(6))
    system, data, errors = solver.matrix_, solver.right_hand_side_, solver.leave_one_out_errors()
    assert errors.shape == (36,)
    rest = np.arange(39) != 7
    without = np.linalg.solve(system[np.ix_(rest, rest)], data[rest])
    assert errors[7] == pytest.approx(data[7] - system[7, rest] @ without, rel=1e-4)
    by_choice = KansaSolver("gaussian", degree=1).fit(on_square(8))
    assert largest_error(by_choice.predict) < 0.005


def test_the_condition_number_is_the_ratio_of_singular_values():
    solver = KansaSolver("gaussian", epsilon=6.0).fit(on_square(5))
    sizes = np.linalg.svd(solver.matrix_, compute_uv=False)
    assert solver.condition_number_ == pytest.approx(sizes[0] / sizes[-1], rel=1e-6)


@pytest.mark.parametrize("kernel", ["multiquadric", "gaussian"])
def test_the_shape_by_leave_one_out_is_much_better_than_a_narrow_one(kernel):
    chosen = KansaSolver(kernel, epsilon="loo").fit(on_square(10))
    narrow = KansaSolver(kernel, epsilon=10.0).fit(on_square(10))
    assert largest_error(chosen.predict) < largest_error(narrow.predict) / 100


@pytest.mark.parametrize("degree", [-1, 1])
def test_shapes_are_judged_by_leave_one_out_errors_and_the_residual_where_equations_are_met(degree, monkeypatch):
    costs = []
    monkeypatch.setattr(kansa, "choose_epsilon", lambda cost, low, high: costs.append((cost, low, high)) or 2.0)
    solver = KansaSolver("gaussian", degree=degree).fit(on_square(12, "chebyshev"))
    cost, low, high = costs[0]
    for epsilon in (0.7, 2.0):
        fitted = KansaSolver("gaussian", epsilon=epsilon, degree=degree).fit(on_square(12, "chebyshev"))
        unmet = fitted.matrix_ @ fitted.solution_.coefficients - fitted.right_hand_side_
        expected = np.sum(fitted.leave_one_out_errors() ** 2) + np.sum(unmet**2)
        assert cost(epsilon) == pytest.approx(expected, rel=1e-6)
        if epsilon < 1:  # flat, so that rounding is not negligible
            assert np.sum(unmet**2) > 1e-4 * expected
    assert cost(0.02) == np.inf
    # Nearest neighbours on a line of Chebyshev points: the smaller of the two gaps.
    line = np.unique(np.vstack(square_nodes(12, spacing="chebyshev")[:2])[:, 0])
    gap = np.minimum(np.diff(line, append=9), np.diff(line, prepend=-9))
    spacing = np.minimum(gap[:, None], gap).mean()
    np.testing.assert_allclose([low, high], [0.02 / spacing, 2 / spacing])
    assert solver.epsilon_ == 2.0


def test_flat_kernels_whose_equations_are_met_are_not_refused():
    solver = KansaSolver("gaussian", epsilon=1.0).fit(on_square(12, "chebyshev"))
    assert largest_error(solver.predict) < 1e-2


def test_the_order_of_the_equations_does_not_matter():
    forwards, backwards = (KansaSolver(epsilon=3.0).fit(e) for e in (on_square(6), on_square(6)[::-1]))
    places = np.random.default_rng(0).random((5, 2))
    np.testing.assert_allclose(forwards.predict(places), backwards.predict(places), atol=1e-9)


def test_centres_may_lie_elsewhere_so_that_the_equation_holds_on_the_boundary_too():
    nodes = square_nodes(8)
    both = [*on_square(8), Collocation(AdvectionDiffusion(), nodes.boundary, poisson_source)]
    solver = KansaSolver("gaussian", epsilon=2.0).fit(both, centres=np.vstack(nodes))
    np.testing.assert_allclose(-solver.solution_.laplacian(nodes.boundary), 0, atol=1e-4)
    assert largest_error(solver.predict) < largest_error(KansaSolver("gaussian", epsilon=2.0).fit(on_square(8)).predict)


def test_a_singular_system_says_its_condition_number_and_what_to_do():
    # An operator without any term leaves rows of zeros.
    nothing = AdvectionDiffusion(diffusion=0.0)
    rows = [Collocation(nothing, LINE[1:-1], 1.0), Collocation(dirichlet(), LINE[[0, -1]])]
    with pytest.raises(
        LinAlgError, match=r"13 equations is singular or nearly so: .* 'gaussian' with epsilon=5\. Raise"
    ):
        KansaSolver("gaussian", epsilon=5.0).fit(rows)


def test_kernels_too_flat_for_the_equations_to_be_met_are_refused():
    with pytest.raises(LinAlgError, match=r"condition number is \d\.\de.*epsilon=0\.02"):
        KansaSolver("gaussian", epsilon=0.02).fit(on_square(12))


def test_bad_input_is_named():
    rows = [Collocation(AdvectionDiffusion(), LINE[1:-1], 1.0), Collocation(dirichlet(), LINE[[0, -1]])]
    with pytest.raises(ValueError, match="there are no equations"):
        KansaSolver().fit([])
    with pytest.raises(ValueError, match=r"there are 13 equations, but the centres have shape \(12, 1\)"):
        KansaSolver().fit(rows, centres=LINE[:12])
    with pytest.raises(ValueError, match="2 centres coincide with another, such as number 0"):
        KansaSolver().fit([*rows, Collocation(dirichlet(), LINE[[1]])])
    with pytest.raises(ValueError, match="have 1 and 2 coordinates"):
        KansaSolver().fit([*rows, Collocation(dirichlet(), [[0.0, 1.0]])])
    with pytest.raises(
        ValueError, match="'thin_plate_spline' has no Laplacian at its own centre, and 11 of the places"
    ):
        KansaSolver("thin_plate_spline", epsilon=1.0).fit(rows)
    with pytest.raises(ValueError, match="or 'loo', but is 'gcv'"):
        KansaSolver(epsilon="gcv").fit(rows)
    with pytest.raises(ValueError, match=r"or 'loo', but is -1\.0"):
        KansaSolver(epsilon=-1.0).fit(rows)
    with pytest.raises(ValueError, match=r"centres, of shape \(13, 1\), are not all finite"):
        KansaSolver().fit(rows, centres=np.full((13, 1), np.nan))
    with pytest.raises(ValueError, match="has solved nothing yet"):
        KansaSolver().predict(LINE)
    with pytest.raises(ValueError, match="leaves one of the equations out, but there is only one"):
        KansaSolver().fit([Collocation(dirichlet(), [[0.0]], 1.0)])
    for wrong in (0.0, np.nan, np.inf):
        with pytest.raises(ValueError, match=f"epsilon must be positive and finite, or 'loo', but is {wrong}"):
            KansaSolver(epsilon=wrong).fit(rows)
    with pytest.raises(ValueError, match="'cubic' has no shape to choose"):
        KansaSolver("cubic").fit(rows)


def test_the_record_meets_its_bar_again():
    record = records.load("pinn/kansa")
    row = next(r for r in record["poisson"] if r["method"] == record["bar"]["method"] and r["unknowns"] == 144)
    assert row["unknowns"] == record["bar"]["unknowns"]
    assert row["median_error"] <= record["bar"]["error"]
    again = KansaSolver(row["kernel"], epsilon=row["epsilon"]).fit(on_square(12, row["spacing"]))
    # The last digits are rounding noise: within a factor of five.
    assert largest_error(again.predict) < 5 * record["bar"]["error"]
