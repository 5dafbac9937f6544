"""The last step of an inverse problem: Jacobian by central differences, linear models solved exactly, mistakes named."""

import numpy as np
import pytest
import torch

from nndl_support.pinn import problems
from nndl_support.pinn.collocation import point_generator
from nndl_support.pinn.geometry import Interval, Rectangle
from nndl_support.pinn.inverse import Linearization, estimate, linearize
from nndl_support.pinn.objective import Objective
from nndl_support.pinn.problem import Observations, Problem
from nndl_support.pinn.solver import solve

T = np.linspace(0, 2, 23)[:, None]


def cooling(values, start=0.3, weights=None):
    return Problem(
        Interval(0.0, 2.0, name="t"),
        lambda f, p: f.u_t + p.k * f.u - p.c,
        unknown={"k": start, "c": 0.0},
        data=Observations(T, values, weight=3.0),
        hidden=(5,),
        weights=weights or {},
    )


def exact(k=0.8, c=0.2):
    return c / k + (1 - c / k) * np.exp(-k * T)


@pytest.fixture(scope="module")
def solved():
    noisy = exact() + 0.01 * np.random.default_rng(1).standard_normal(T.shape)
    return solve(cooling(noisy), max_iterations=60, n_points=40, resample=0, seed=2)


def test_the_rows_are_those_of_the_loss(solved):
    model = linearize(solved, n_points=13)
    assert model.rows == {"equation": slice(0, 13), "data": slice(13, 36)}
    assert model.scales["equation"] == pytest.approx(13**-0.5)
    assert model.scales["data"] == pytest.approx((3 / 23) ** 0.5)
    misfit = solved.predict(T)[:, 0] - np.asarray(solved.problem.data.values)[:, 0]
    np.testing.assert_allclose(model.residuals[model.rows["data"]], (3 / 23) ** 0.5 * misfit, rtol=1e-10)
    heavier = linearize(solved, n_points=13, weights={"equation": 4.0})
    torch.testing.assert_close(heavier.residuals[:13], 2 * model.residuals[:13])
    torch.testing.assert_close(heavier.residuals[13:], model.residuals[13:])


def test_the_columns_of_the_unknown_parameters_are_central_differences(solved):
    model = linearize(solved, n_points=13, seed=5)
    objective = Objective(solved.problem, solved.network, n_points=13, rng=np.random.default_rng(5))
    base, h = objective.get(), 1e-5
    base[-2:] = torch.tensor(list(solved.parameters.values()), dtype=torch.float64)
    for column in (-2, -1, 0, 7):
        rows = []
        for sign in (1, -1):
            moved = base.clone()
            moved[column] += sign * h
            objective.set(moved)
            rows.append(objective.residuals().detach())
        torch.testing.assert_close((rows[0] - rows[1]) / (2 * h), model.jacobian[:, column], atol=1e-7, rtol=1e-6)
    objective.set(base)


def test_the_parameters_enter_with_all_their_digits(solved):
    model, h = linearize(solved, n_points=13), 1e-8
    kept = solved.parameters["k"]
    solved.parameters["k"] = kept + h
    moved = linearize(solved, n_points=13)
    solved.parameters["k"] = kept
    torch.testing.assert_close((moved.residuals - model.residuals) / h, model.jacobian[:, -2], atol=1e-5, rtol=1e-5)


def test_a_linear_model_is_solved_in_one_step_and_its_errors_are_those_of_the_textbook():
    rng = np.random.default_rng(0)
    jacobian, truth = rng.standard_normal((29, 5)), rng.standard_normal(5)
    rows = {"equation": slice(0, 12), "data": slice(12, 29)}
    model = Linearization(
        torch.as_tensor(-jacobian @ truth),
        torch.as_tensor(jacobian),
        rows,
        {"equation": 1.0, "data": 0.5},
        {"a": 0.0, "b": 0.0},
    )
    found = estimate(model, {"data": 0.3})
    np.testing.assert_allclose(list(found.parameters.values()), truth[-2:], rtol=1e-9)
    reach = np.linalg.pinv(jacobian)[-2:]
    cov = 0.15**2 * reach[:, rows["data"]] @ reach[:, rows["data"]].T
    np.testing.assert_allclose(list(found.standard_errors.values()), np.sqrt(cov.diagonal()), rtol=1e-9)
    assert found.correlation[0, 1] == pytest.approx(cov[0, 1] / np.sqrt(cov[0, 0] * cov[1, 1]))
    np.testing.assert_allclose(found.influence, reach, atol=1e-12)
    assert found.strengths[0] >= found.strengths[1]


def test_the_estimate_lies_within_its_errors_of_the_truth(solved):
    found = estimate(linearize(solved, n_points=200), {"data": 0.01})
    for name, truth in (("k", 0.8), ("c", 0.2)):
        assert 0 < found.standard_errors[name] < 0.3
        assert abs(found.parameters[name] - truth) < 4 * found.standard_errors[name]


def test_the_step_finishes_what_training_left():
    short = solve(cooling(exact()), max_iterations=12, n_points=40, resample=0, seed=0)
    found = estimate(linearize(short, n_points=200), {"data": 0.01})
    assert abs(found.parameters["k"] - 0.8) < abs(short.parameters["k"] - 0.8)


def test_the_points_may_gather_where_the_residual_is_large(solved):
    model = linearize(solved, n_points=13, candidates=200, seed=5)
    objective = Objective(solved.problem, solved.network, n_points=13, rng=point_generator(5))
    with torch.no_grad():
        objective.unknown.copy_(torch.tensor(list(solved.parameters.values())))
    objective.resample(candidates=200)
    torch.testing.assert_close(model.residuals, objective.residuals().detach())
    assert not torch.allclose(model.residuals[:13], linearize(solved, n_points=13, seed=5).residuals[:13])


def test_of_several_equations_each_has_its_own_rows():
    box = Rectangle((0.0, 0.0), (1.0, 1.0))
    problem = problems.navier_stokes(box, unknown={"lambda1": 1.0, "lambda2": 0.1})
    solution = solve(problem, max_iterations=1, n_points=7)
    model, heavier = (linearize(solution, n_points=7, weights={"momentum y": w}) for w in (1.0, 4.0))
    assert list(model.rows) == ["momentum x", "momentum y", "continuity"]
    for name, rows in model.rows.items():
        factor = 2 if name == "momentum y" else 1
        assert heavier.scales[name] == pytest.approx(factor * model.scales[name])
        torch.testing.assert_close(heavier.residuals[rows], factor * model.residuals[rows])
    divergence = solution.problem.equations["continuity"]
    where = Objective(problem, solution.network, n_points=7, rng=point_generator(1_000)).blocks[0].points
    wanted = solution.evaluate(where, lambda f: divergence(f, None)) / 7**0.5
    np.testing.assert_allclose(model.residuals[model.rows["continuity"]], wanted, rtol=1e-9, atol=1e-12)


def test_data_without_noise_leave_no_error_and_no_correlation():
    line = Linearization(
        torch.tensor([-1.0, -2.0, -6.0]),
        torch.eye(3)[:, :2],
        {"data": slice(0, 3)},
        {"data": 1.0},
        {"a": 0.0, "b": 0.0},
    )
    found = estimate(line, {"data": 0.0})
    assert set(found.standard_errors.values()) == {0.0}
    assert found.correlation.isnan().all()


def test_the_cutoff_of_the_last_step_can_be_chosen():
    jacobian = torch.tensor([[1.0, 0.0, 0.0], [0.0, 1e-4, 1.0], [0.0, 0.0, 1.0]], dtype=torch.float64)
    line = Linearization(torch.tensor([0.0, 2.0, 4.0]), jacobian, {"data": slice(0, 3)}, {"data": 1.0}, {"a": 0.0})
    # Either the second weight explains the second row alone, or it counts as none and the rows are averaged.
    for rcond, answer in ((1e-7, -4.0), (1e-3, -3.0)):
        assert estimate(line, {"data": 1.0}, rcond=rcond).parameters["a"] == pytest.approx(answer)


def test_mistakes_are_named(solved):
    model = linearize(solved, n_points=7)
    with pytest.raises(ValueError, match=r"sigma names \['dta'\], but the residuals are \['equation', 'data'\]"):
        model.noise({"dta": 1.0})
    with pytest.raises(ValueError, match=r"sigma is \{'data': -1\.0\}; expected standard deviations of at least 0"):
        model.noise({"data": -1.0, "equation": 0.0})
    known = Problem(Interval(0, 1), lambda f, p: f.u_x, hidden=(3,))
    with pytest.raises(ValueError, match="no unknown parameters"):
        linearize(solve(known, max_iterations=1, n_points=5))
