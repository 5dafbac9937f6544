"""The update against its dual form, against BFGS of the textbook, and against what theory says of a quadratic."""

import math

import pytest
import scipy.optimize
import torch

from nndl_support.optimization.lbfgs import Trial, strong_wolfe
from nndl_support.pinn import self_scaled_broyden
from nndl_support.pinn.self_scaled_broyden import SelfScaledBroyden, broyden_update, scaling_factors
from tests.pinn.small_objectives import F64, SumOfSquares, linear, random_matrix, rosenbrock

SEEDS = range(6)


def random_update(seed, n=7, stretch=1.0):
    """A positive definite H, a step s and a change y with y.s > 0."""
    half, hessian = random_matrix(n, n, seed), random_matrix(n, n, seed + 50)
    inverse = half @ half.T + 0.1 * torch.eye(n, dtype=F64)
    step = random_matrix(n, 1, seed + 70)[:, 0]
    change = stretch * (hessian @ hessian.T + 0.1 * torch.eye(n, dtype=F64)) @ step
    return inverse, step, change


def curvatures(inverse, step, change):
    along = float(change @ step)
    return float(step @ torch.linalg.solve(inverse, step)) / along, float(change @ inverse @ change) / along


def theta_and_tau(b, h, n):
    """The choice of the paper, written once more."""
    a = b * h - 1
    low = min(1, h * (1 - math.sqrt(a / (1 + a))))
    theta = (1 - b) / b
    if theta > 1 / low:
        theta = 1 / low
    if theta < (low - 1) / a:
        theta = (low - 1) / a
    sigma = 1 + a * theta
    determinant = min(1, 1 / b) * sigma ** (1 / (1 - n))
    if theta > 0:
        return theta, min(determinant, min(1, 1 / b) / theta)
    return theta, min(determinant, sigma)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("stretch", [1e-3, 0.1, 1.0, 30.0])
def test_the_update_is_the_inverse_of_the_self_scaled_update_of_the_hessian(seed, stretch):
    inverse, s, y = random_update(seed, stretch=stretch)
    b, h = curvatures(inverse, s, y)
    theta, tau = theta_and_tau(b, h, 7)
    B = torch.linalg.inv(inverse)
    # Broyden's family as it is written for B, Oren and Luenberger's factor in front of what is old.
    Bs, w = B @ s, y / (y @ s) - (B @ s) / (s @ B @ s)
    wanted = tau * (B - torch.outer(Bs, Bs) / (s @ Bs) + theta * (s @ Bs) * torch.outer(w, w)) + torch.outer(y, y) / (
        y @ s
    )
    found = broyden_update(inverse.clone(), s, y, *scaling_factors(b, h, 7))
    torch.testing.assert_close(torch.linalg.inv(found), wanted, rtol=1e-6, atol=1e-8 * float(wanted.abs().max()))


@pytest.mark.parametrize(
    ("b", "h", "low", "high"),
    [
        (1.05, 0.96, -0.05, -0.04),  # (1 - b) / b
        (1.4, 20.0, -0.03, -0.02),  # the lower bound, where the update is barely positive definite
        (0.54, 75.0, 0.8, 0.9),  # (1 - b) / b again
        (0.14, 200.0, 1.0, 1.0),  # the upper bound, which is DFP
    ],
)
def test_the_factors_follow_the_formula_in_every_case(b, h, low, high):
    theta, tau = theta_and_tau(b, h, 7)
    assert low <= theta <= high
    assert scaling_factors(b, h, 7) == pytest.approx((tau, (1 - theta) / (1 + (b * h - 1) * theta)), rel=1e-9)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("stretch", [1e-2, 1.0, 1e2])
def test_the_update_meets_the_secant_equation_and_stays_positive_definite(seed, stretch):
    inverse, s, y = random_update(seed, stretch=stretch)
    tau, phi = scaling_factors(*curvatures(inverse, s, y), 7)
    found = broyden_update(inverse.clone(), s, y, tau, phi)
    torch.testing.assert_close(found @ y, s, rtol=1e-8, atol=1e-10)
    torch.testing.assert_close(found, found.T, rtol=1e-10, atol=1e-10)
    assert torch.linalg.eigvalsh(found).min() > 0


@pytest.mark.parametrize("seed", SEEDS)
def test_the_determinant_of_the_hessian_grows_no_more_than_by_the_curvature_met(seed):
    inverse, s, y = random_update(seed)
    b, h = curvatures(inverse, s, y)
    found = broyden_update(inverse.clone(), s, y, *scaling_factors(b, h, 7))
    assert torch.linalg.det(inverse) / torch.linalg.det(found) <= 1 / b * (1 + 1e-8)


def test_a_model_that_knows_the_curvature_is_left_alone():
    inverse, s, _ = random_update(0)
    y = torch.linalg.solve(inverse, s)
    assert scaling_factors(*curvatures(inverse, s, y), 7) == pytest.approx((1, 1))
    torch.testing.assert_close(broyden_update(inverse.clone(), s, y, 1.0, 1.0), inverse, rtol=1e-8, atol=1e-9)


@pytest.mark.parametrize(("b", "tau"), [(0.5, 1.0), (4.0, 0.25)])
def test_along_its_own_eigenvector_a_model_is_only_scaled_down(b, tau):
    assert scaling_factors(b, 1 / b, 7) == (tau, 1.0)


def learnt_after(inverse, fresh, stretch=1.0, t=0.37):
    """What a method knows after a step of length t down its direction, on a quadratic; and step and change."""
    half, gradient = random_matrix(5, 5, 8), random_matrix(5, 1, 9)[:, 0]
    method = SelfScaledBroyden(rosenbrock())
    method.inverse = inverse.clone()
    direction = -inverse @ gradient
    step = t * direction
    change = stretch * (half @ half.T + 0.1 * torch.eye(5, dtype=F64)) @ step
    method._learn(t, direction, change, float(-gradient @ direction), fresh)
    return method.inverse, step, change


def test_it_learns_with_the_factors_of_the_curvature_that_it_claimed_and_of_the_one_that_it_met():
    half = random_matrix(5, 5, 4)
    inverse = half @ half.T + 0.1 * torch.eye(5, dtype=F64)
    found, s, y = learnt_after(inverse, False)
    wanted = broyden_update(inverse.clone(), s, y, *scaling_factors(*curvatures(inverse, s, y), 5))
    torch.testing.assert_close(found, wanted, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("stretch", [1e-3, 1e3])
def test_the_first_matrix_has_the_scale_of_the_curvature_and_is_not_scaled_once_more(stretch):
    found, s, y = learnt_after(torch.eye(5, dtype=F64), True, stretch)
    first = (y @ s) / (y @ y) * torch.eye(5, dtype=F64)
    torch.testing.assert_close(found, broyden_update(first, s, y, 1.0, 1.0), rtol=1e-8, atol=1e-10 / stretch)


def test_a_pair_at_nearly_right_angles_is_still_learnt():
    method = SelfScaledBroyden(rosenbrock(2), scaled=False)
    method.inverse = torch.eye(2, dtype=F64)
    s, y = torch.tensor([1.0, 0.0], dtype=F64), torch.tensor([1e-4, 1.0], dtype=F64)
    method._learn(1.0, s, y, 1.0, False)
    torch.testing.assert_close(method.inverse @ y, s, rtol=0, atol=1e-3)


@pytest.mark.parametrize(("b", "h"), [(1e10, 1e10), (1e-6, 1e30), (1e30, 1e-6)])
def test_factors_are_numbers_for_curvatures_that_have_nothing_in_common(b, h):
    tau, phi = scaling_factors(b, h, 3)
    assert 0 < tau <= 1
    assert math.isfinite(phi)


def bfgs_of_the_textbook(objective, n_steps):
    """Nocedal and Wright (2006), algorithm 6.1, with the first matrix of equation 6.20."""
    x, inverse, iterates = objective.get(), None, []
    loss, gradient = objective.gradient()
    for _ in range(n_steps):
        fresh = inverse is None
        direction = -gradient if fresh else -inverse @ gradient

        def evaluate(t, x=x, direction=direction):
            objective.set(x + t * direction)
            value, slopes = objective.gradient()
            return Trial(t, float(value), slopes, float(slopes @ direction))

        first = min(1.0, 1 / float(gradient.abs().sum())) if fresh else 1.0
        start = Trial(0.0, float(loss), gradient, float(gradient @ direction))
        trial, _ = strong_wolfe(evaluate, start, first, smallest=1e-14)
        s, y = trial.t * direction, trial.gradient - gradient
        eye = torch.eye(len(x), dtype=F64)
        if fresh:
            inverse = (y @ s) / (y @ y) * eye
        rho = 1 / (y @ s)
        left = eye - rho * torch.outer(s, y)
        inverse = left @ inverse @ left.T + rho * torch.outer(s, s)
        x, loss, gradient = x + s, trial.loss, trial.gradient
        iterates.append(x)
    return iterates


def test_without_scaling_it_is_bfgs_of_the_textbook():
    objective = rosenbrock()
    wanted = bfgs_of_the_textbook(rosenbrock(), 12)
    method = SelfScaledBroyden(objective, scaled=False)
    for x in wanted:
        assert method.step() == objective.value()
        torch.testing.assert_close(objective.get(), x, rtol=1e-7, atol=1e-9)


def exact_search(evaluate, start, t, **options):
    """The minimum of a parabola, from its slope at two places."""
    end = evaluate(1.0)
    return evaluate(start.slope / (start.slope - end.slope)), 2


def conjugate_gradients(matrix, right, start, n_steps):
    x, r = start.clone(), right - matrix @ start
    p, iterates = r.clone(), []
    for _ in range(n_steps):
        t = (r @ r) / (p @ matrix @ p)
        x, new = x + t * p, r - t * (matrix @ p)
        p, r = new + (new @ new) / (r @ r) * p, new
        iterates.append(x.clone())
    return iterates


@pytest.mark.parametrize("scaled", [True, False])
@pytest.mark.parametrize("seed", range(3))
def test_on_a_quadratic_an_exact_search_ends_after_as_many_steps_as_there_are_parameters(monkeypatch, scaled, seed):
    # Dixon's theorem: with exact searches all of Broyden's family walk the path of conjugate gradients.
    monkeypatch.setattr(self_scaled_broyden, "strong_wolfe", exact_search)
    objective, A, c = linear(11, 5, seed)
    wanted = conjugate_gradients(A.T @ A, A.T @ c, objective.get(), 5)
    method = SelfScaledBroyden(objective, scaled=scaled)
    for x in wanted:
        method.step()
        torch.testing.assert_close(objective.get(), x, rtol=1e-5, atol=1e-7)
    assert objective.gradient()[1].norm() < 1e-6
    if not scaled:  # BFGS has then seen the whole Hessian, 2 A^T A
        torch.testing.assert_close(method.inverse, torch.linalg.inv(2 * A.T @ A), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("scaled", [True, False])
def test_it_finds_the_minimum_that_scipy_finds(scaled):
    objective, other = rosenbrock(2), rosenbrock(2)

    def for_scipy(x):
        other.set(torch.as_tensor(x))
        loss, gradient = other.gradient()
        return float(loss), gradient.numpy()

    peer = scipy.optimize.minimize(for_scipy, objective.get().numpy(), jac=True, method="BFGS")
    method = SelfScaledBroyden(objective, scaled=scaled)
    for _ in range(3 * peer.nit):
        method.step()
    torch.testing.assert_close(objective.get(), torch.as_tensor(peer.x), rtol=0, atol=1e-4)
    assert objective.value() <= peer.fun + 1e-12


def test_a_direction_that_climbs_is_given_up_for_the_steepest_descent():
    objective, _, _ = linear(11, 5)
    before, gradient = objective.gradient()
    method = SelfScaledBroyden(objective)
    method.inverse = -torch.eye(5, dtype=F64)
    start = objective.get()
    assert method.step() < before
    step = objective.get() - start
    torch.testing.assert_close(step / step.norm(), -gradient / gradient.norm(), rtol=1e-8, atol=1e-10)
    assert torch.linalg.eigvalsh(method.inverse).min() > 0


def test_it_stands_where_the_search_chose_to_and_not_where_it_last_looked(monkeypatch):
    def look_twice(evaluate, start, t, **options):
        chosen = evaluate(1e-3)
        evaluate(2e-3)
        return chosen, 2

    monkeypatch.setattr(self_scaled_broyden, "strong_wolfe", look_twice)
    objective = rosenbrock()
    start, gradient = objective.get(), objective.gradient()[1]
    assert SelfScaledBroyden(objective).step() == objective.value()
    torch.testing.assert_close(objective.get(), start - 1e-3 * gradient)


def test_at_a_minimum_nothing_moves():
    objective = SumOfSquares(lambda theta: theta, [0.0, 0.0])
    assert SelfScaledBroyden(objective).step() == 0.0
    assert objective.get().tolist() == [0.0, 0.0]


def test_a_step_along_which_the_slope_falls_teaches_nothing():
    # -cos has its inflection at pi/2: from 3 a short step downhill meets a slope that is steeper.
    method = SelfScaledBroyden(rosenbrock(2))
    method.inverse = 2 * torch.eye(2, dtype=F64)
    direction = torch.tensor([1.0, 2.0], dtype=F64)
    method._learn(0.5, direction, -direction, 1.0, False)
    assert method.inverse.tolist() == [[2.0, 0.0], [0.0, 2.0]]


def test_what_it_learnt_can_be_saved_and_taken_over():
    one, two = rosenbrock(), rosenbrock()
    method, other = SelfScaledBroyden(one), SelfScaledBroyden(two)
    for _ in range(4):
        method.step()
    other.load_state_dict(method.state_dict())
    two.set(one.get())
    assert method.step() == other.step()
    assert torch.equal(one.get(), two.get())


def test_a_loss_that_is_not_a_number_ahead_counts_as_too_far():
    # The root has no real value beyond 1, where the first step would go.
    objective = SumOfSquares(lambda theta: 3 - torch.sqrt(1 - theta), [0.0])
    method = SelfScaledBroyden(objective)
    losses = [method.step() for _ in range(25)]
    assert losses[-1] < 1e-12
    assert float(objective.get()) == pytest.approx(-8.0)


def test_curvatures_that_no_positive_definite_matrix_has_are_refused():
    with pytest.raises(ValueError, match=r"curvatures are 0\.0 and 1\.0; expected both positive"):
        scaling_factors(0.0, 1.0, 3)
    s = torch.tensor([1.0, 0.0])
    with pytest.raises(ValueError, match=r"y\.s is -1\.0 and y\.Hy 1\.0; expected both positive"):
        broyden_update(torch.eye(2), s, -s, 1.0, 1.0)
