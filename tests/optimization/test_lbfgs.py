"""L-BFGS: the explicit matrix, conjugate gradients, PyTorch step by step, scipy, the Wolfe conditions, traps, bad input."""

import copy
import importlib
import inspect
import io
import math

import numpy as np
import pytest
import torch
from scipy.optimize import minimize, rosen, rosen_der

from nndl_support.optimization.lbfgs import LBFGS, Trial, cubic_minimum, strong_wolfe, two_loop_recursion

F64 = torch.float64


def vector(n, seed=0):
    return torch.randn(n, generator=torch.Generator().manual_seed(seed), dtype=F64)


def rosenbrock(params):
    x = torch.cat([p.flatten() for p in params])
    return ((1 - x[:-1]) ** 2 + 100 * (x[1:] - x[:-1] ** 2) ** 2).sum()


def rosenbrock_start():
    return [torch.tensor(values, dtype=F64, requires_grad=True) for values in ([-1.2, 1.0], [[-0.5], [2.0]], 0.3)]


INPUTS = vector(41 * 3, seed=1).reshape(41, 3)
TARGETS = torch.sin(1.5 * INPUTS.sum(1, keepdim=True))


def network_loss(params):
    w1, b1, w2, b2 = params
    return ((torch.tanh(INPUTS @ w1 + b1) @ w2 + b2 - TARGETS) ** 2).mean()


def network_start():
    shapes = ((3, 7), (7,), (7, 1), (1,))
    return [(0.5 * vector(math.prod(s), seed=i).reshape(s)).requires_grad_() for i, s in enumerate(shapes)]


PROBLEMS = {"rosenbrock": (rosenbrock_start, rosenbrock), "network": (network_start, network_loss)}


def closure_of(optimizer, loss_of, params):
    def closure():
        optimizer.zero_grad()
        loss = loss_of(params)
        loss.backward()
        return loss

    return closure


def path(kind, problem, calls, **options):
    """The parameters after each call of ``step``, and the optimiser."""
    start, loss_of = PROBLEMS[problem]
    params = start()
    optimizer = kind(params, **options)
    places = []
    for _ in range(calls):
        optimizer.step(closure_of(optimizer, loss_of, params))
        places.append(torch.cat([p.detach().flatten() for p in params]))
    return torch.stack(places), optimizer


# The direction -----------------------------------------------------------------------------------------------------------


def history(n, pairs, seed=0):
    """Steps, and changes of the gradient of a convex quadratic along them."""
    root = vector(n * n, seed=seed).reshape(n, n)
    hessian = root @ root.T + torch.eye(n, dtype=F64)
    steps = [vector(n, seed=seed + 1 + i) for i in range(pairs)]
    return steps, [hessian @ s for s in steps]


@pytest.mark.parametrize("pairs", [0, 1, 3, 11])
def test_the_two_loops_are_the_product_with_the_bfgs_matrix(pairs):
    n, scale, identity = 7, 0.3, torch.eye(7, dtype=F64)
    steps, changes = history(n, pairs)
    h = scale * identity
    for s, y in zip(steps, changes, strict=True):
        rho = 1 / y.dot(s)
        left = identity - rho * torch.outer(s, y)
        h = left @ h @ left.T + rho * torch.outer(s, s)
    g = vector(n, seed=99)
    assert torch.allclose(two_loop_recursion(g, steps, changes, scale), h @ g, rtol=1e-10, atol=1e-12)


def test_the_newest_pair_fulfils_the_secant_equation():
    steps, changes = history(7, 5)
    assert torch.allclose(two_loop_recursion(changes[-1], steps, changes), steps[-1], rtol=0, atol=1e-12)
    assert not torch.allclose(two_loop_recursion(changes[0], steps, changes), steps[0], rtol=0, atol=1e-3)


@pytest.mark.parametrize("memory", [1, 3, 100])
@pytest.mark.parametrize("n", [1, 2, 5, 11])
def test_with_exact_line_search_a_quadratic_of_n_variables_takes_at_most_n_plus_one_iterations(n, memory):
    values = torch.linspace(1, 30, n, dtype=F64)
    q = torch.linalg.qr(vector(n * n).reshape(n, n)).Q
    hessian, solution = q @ torch.diag(values) @ q.T, vector(n, seed=5)
    x, steps, changes = torch.zeros(n, dtype=F64), [], []
    g = hessian @ (x - solution)
    for _ in range(n + 1):
        scale = float(steps[-1].dot(changes[-1]) / changes[-1].dot(changes[-1])) if steps else 1.0
        d = -two_loop_recursion(g, steps[-memory:], changes[-memory:], scale)
        s = -g.dot(d) / d.dot(hessian @ d) * d
        x, old = x + s, g
        g = hessian @ (x - solution)
        steps, changes = [*steps, s], [*changes, g - old]
        if g.norm() < 1e-10:
            break
    assert g.norm() < 1e-10
    assert torch.allclose(x, solution, rtol=0, atol=1e-9)


# The line search ---------------------------------------------------------------------------------------------------------

FUNCTIONS = {
    "parabola": (lambda t: (t - 3) ** 2, lambda t: 2 * (t - 3)),
    "far": (lambda t: (t / 1000 - 1) ** 2, lambda t: 2 * (t / 1000 - 1) / 1000),
    "near": (lambda t: math.exp(min(50 * t, 700.0)) - 100 * t, lambda t: 50 * math.exp(min(50 * t, 700.0)) - 100),
    "waves": (lambda t: 0.05 * t**2 - 10 * t + math.sin(5 * t), lambda t: 0.1 * t - 10 + 5 * math.cos(5 * t)),
    "wavy": (lambda t: 0.1 * t**2 - 2 * t + 0.5 * math.sin(3 * t), lambda t: 0.2 * t - 2 + 1.5 * math.cos(3 * t)),
    "quartic": (lambda t: (t - 1) ** 4 - 2 * t, lambda t: 4 * (t - 1) ** 3 - 2),
}


def trials_of(name):
    value, slope = FUNCTIONS[name]
    return lambda t: Trial(t, value(t), torch.empty(0), slope(t))


@pytest.mark.parametrize("c2", [0.9, 0.1])
@pytest.mark.parametrize("first", [1e-3, 1.0, 40.0])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_step_found_fulfils_the_strong_wolfe_conditions(name, first, c2):
    evaluate = trials_of(name)
    start = evaluate(0.0)
    trial, evaluations = strong_wolfe(evaluate, start, first, c2=c2, max_evaluations=50)
    assert trial.t > 0
    assert (trial.loss, trial.slope) == (evaluate(trial.t).loss, evaluate(trial.t).slope)
    assert trial.loss <= start.loss + 1e-4 * trial.t * start.slope
    assert abs(trial.slope) <= c2 * abs(start.slope)
    assert evaluations < 50


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_line_search_tries_the_places_that_torch_tries(name):
    peer = getattr(importlib.import_module("torch.optim.lbfgs"), "_strong_wolfe", None)
    if peer is None:
        pytest.skip("this release of PyTorch has another line search")
    evaluate, one = trials_of(name), torch.ones(1, dtype=F64)
    for first in np.logspace(-3, 1.7, 24).tolist():
        for c2, budget in ((0.9, 25), (0.1, 25), (0.01, 30), (0.001, 6)):
            tried, theirs = [], []

            def ours(t, tried=tried):
                tried.append(t)
                return evaluate(t)

            def their(_x, t, _d, theirs=theirs):
                theirs.append(float(t))
                return evaluate(float(t)).loss, evaluate(float(t)).slope * one

            start = evaluate(0.0)
            slope = torch.tensor(start.slope, dtype=F64)
            if evaluate(first).slope > 1e100:
                continue  # its square overflows, and PyTorch's places become NaN
            trial, evaluations = strong_wolfe(ours, start, first, c2=c2, max_evaluations=budget)
            _, _, t, counted = peer(their, None, first, one, start.loss, slope * one, slope, c2=c2, max_ls=budget - 1)
            assert tried == pytest.approx(theirs, rel=1e-9)
            assert trial.t == pytest.approx(float(t), rel=1e-9)
            assert evaluations == counted


def test_an_acceptable_first_trial_is_the_only_one():
    calls = []

    def evaluate(t):
        calls.append(t)
        return trials_of("parabola")(t)

    trial, evaluations = strong_wolfe(evaluate, trials_of("parabola")(0.0), 2.5)
    assert (trial.t, evaluations, calls) == (2.5, 1, [2.5])


@pytest.mark.parametrize("budget", [1, 2, 4])
def test_when_the_evaluations_are_used_up_the_best_trial_is_returned(budget):
    calls = []

    def evaluate(t):
        calls.append(t)
        return trials_of("far")(t)

    start = trials_of("far")(0.0)
    trial, evaluations = strong_wolfe(evaluate, start, 1e-6, c2=1e-9, max_evaluations=budget)
    assert len(calls) == evaluations == budget
    assert trial.loss == min(trials_of("far")(t).loss for t in calls) < start.loss


def test_a_loss_without_end_counts_as_too_far():
    def evaluate(t):
        return (
            Trial(t, t - math.log1p(100 * t), torch.empty(0), 1 - 100 / (1 + 100 * t))
            if t < 2
            else Trial(t, math.inf, torch.empty(0), math.nan)
        )

    trial, _ = strong_wolfe(evaluate, evaluate(0.0), 1000.0, max_evaluations=60)
    assert trial.t < 2
    assert trial.loss < 0


def test_the_cubic_goes_through_both_trials():
    def cubic(t):
        return Trial(t, t**3 - 6 * t, torch.empty(0), 3 * t**2 - 6)

    assert cubic_minimum(cubic(0.0), cubic(3.0)) == pytest.approx(math.sqrt(2), abs=1e-14)
    assert cubic_minimum(cubic(3.0), cubic(0.0)) == cubic_minimum(cubic(0.0), cubic(3.0))
    assert cubic_minimum(cubic(0.0), cubic(1.0), 0.2, 0.9) == 0.9  # cut at the bound
    falling = [Trial(t, -t, torch.empty(0), -1.0) for t in (0.0, 2.0)]
    assert cubic_minimum(*falling, 2.0, 8.0) == 5.0  # a line has no minimum: the middle


# The optimiser -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("problem", PROBLEMS)
@pytest.mark.parametrize(
    ("options", "calls"),
    [
        ({"line_search_fn": "strong_wolfe", "max_iter": 5, "max_eval": 30}, 60),
        ({"line_search_fn": "strong_wolfe", "max_iter": 1}, 100),
        ({"line_search_fn": "strong_wolfe"}, 12),
        ({"line_search_fn": "strong_wolfe", "max_iter": 200, "max_eval": 300, "history_size": 5}, 2),
        ({"line_search_fn": "strong_wolfe", "lr": 0.3, "max_iter": 3, "tolerance_grad": 0.0}, 40),
        ({"lr": 0.01, "history_size": 3, "max_iter": 1}, 700),
        ({"lr": 0.01, "max_iter": 7}, 20),
    ],
)
def test_it_walks_the_path_of_torch(problem, options, calls):
    if "line_search_fn" in options and "max_ls" not in inspect.getsource(torch.optim.LBFGS.step):
        pytest.skip("this release of PyTorch lets the line search exceed max_eval")
    ours, optimizer = path(LBFGS, problem, calls, **options)
    theirs, peer = path(torch.optim.LBFGS, problem, calls, **options)
    assert (ours - theirs).abs().max() <= 1e-12
    state, other = (next(iter(o.state.values())) for o in (optimizer, peer))
    assert state["n_iter"] == other["n_iter"] > 5
    assert state["func_evals"] == other["func_evals"]


def test_it_finds_what_scipy_finds():
    params = [torch.linspace(-1, 2, 11, dtype=F64).requires_grad_()]
    optimizer = LBFGS(params, max_iter=500, max_eval=1000, line_search_fn="strong_wolfe", tolerance_change=1e-14)
    optimizer.step(closure_of(optimizer, rosenbrock, params))
    found = minimize(
        rosen, np.linspace(-1, 2, 11), jac=rosen_der, method="L-BFGS-B", options={"ftol": 1e-15, "gtol": 1e-9}
    )
    assert found.x == pytest.approx(params[0].detach().numpy(), abs=1e-6)
    assert params[0].detach().numpy() == pytest.approx(np.ones(11), abs=1e-6)


@pytest.mark.parametrize("line_search_fn", [None, "strong_wolfe"])
def test_a_convex_quadratic_is_solved_in_one_call(line_search_fn):
    root = vector(25).reshape(5, 5)
    hessian, solution = root @ root.T + torch.eye(5, dtype=F64), vector(5, seed=2)
    x = torch.zeros(5, dtype=F64, requires_grad=True)
    optimizer = LBFGS([x], max_iter=60, line_search_fn=line_search_fn, tolerance_change=0.0)

    def closure():
        optimizer.zero_grad()
        loss = 0.5 * (x - solution) @ hessian @ (x - solution)
        loss.backward()
        return loss

    first = optimizer.step(closure)
    assert first.item() == pytest.approx(0.5 * solution.dot(hessian @ solution).item())
    assert torch.allclose(x, solution, rtol=0, atol=1e-6)


def test_the_loss_never_rises_with_a_line_search():
    params = network_start()
    optimizer = LBFGS(params, max_iter=1, max_eval=20, line_search_fn="strong_wolfe")
    losses = [optimizer.step(closure_of(optimizer, network_loss, params)).item() for _ in range(100)]
    assert (np.diff(losses) <= 0).all()
    assert losses[-1] < 0.05 * losses[0]


def test_a_call_of_one_iteration_has_no_evaluation_left_for_the_line_search():
    """5/4 of one iteration is one evaluation, and one more: the first trial is taken or the step left out."""
    ends = []
    for options in ({}, {"max_eval": 20}):
        params = network_start()
        optimizer = LBFGS(params, max_iter=1, line_search_fn="strong_wolfe", **options)
        for _ in range(60):
            optimizer.step(closure_of(optimizer, network_loss, params))
        ends.append(network_loss(params).item())
    assert optimizer.state[params[0]]["func_evals"] > 60
    assert ends[1] < 0.2 * ends[0]


def test_absolute_tolerances_stop_a_small_loss_early_unless_they_are_zero():
    def small(params):
        return 1e-8 * rosenbrock(params)

    free = {"tolerance_grad": 0.0, "tolerance_change": 0.0, "min_curvature": 0.0}
    ends = []
    for kind, options in ((torch.optim.LBFGS, {}), (LBFGS, {}), (LBFGS, free)):
        params = rosenbrock_start()
        optimizer = kind(params, max_iter=300, max_eval=1000, line_search_fn="strong_wolfe", **options)
        optimizer.step(closure_of(optimizer, small, params))
        ends.append(rosenbrock(params).item())
    assert ends[0] == ends[1] > 1.0
    assert ends[2] < 1e-12


def test_without_a_least_curvature_only_the_first_step_depends_on_the_scale():
    free = {"tolerance_grad": 0.0, "tolerance_change": 0.0, "min_curvature": 0.0}
    ends = []
    for scale in (1.0, 2.0**-30):
        params = [torch.tensor([0.3, 0.2], dtype=F64, requires_grad=True)]
        optimizer = LBFGS(params, max_iter=12, lr=2.0**-8 / scale if scale < 1 else 2.0**-8, max_eval=99, **free)
        # the gradient's sum is below 1 at both scales, so that its cap plays no part in the first step
        loss_of = lambda p, scale=scale: scale * ((p[0] - 0.25) ** 2 * torch.tensor([1.0, 3.0])).sum()  # noqa: E731
        optimizer.param_groups[0]["max_iter"] = 1
        optimizer.step(closure_of(optimizer, loss_of, params))
        optimizer.param_groups[0].update(lr=0.5, max_iter=12)
        optimizer.step(closure_of(optimizer, loss_of, params))
        ends.append(params[0].detach().clone())
    assert torch.equal(ends[0], ends[1])


@pytest.mark.parametrize("start", [0.05, 20.0])
def test_a_trial_beyond_the_domain_of_the_loss_is_taken_back(start):
    def loss_of(params):
        return params[0] - torch.log(params[0])  # NaN for negative numbers; the minimum is at 1

    ends = []
    for kind in (LBFGS, torch.optim.LBFGS):
        params = [torch.tensor(start, dtype=F64, requires_grad=True)]
        optimizer = kind(params, lr=50.0, max_iter=50, max_eval=500, line_search_fn="strong_wolfe")
        optimizer.step(closure_of(optimizer, loss_of, params))
        ends.append(params[0].item())
    assert ends[0] == pytest.approx(1.0, abs=1e-4)


def test_maximising_is_minimising_the_negative():
    ends = []
    for sign in (1, -1):
        params = rosenbrock_start()
        optimizer = LBFGS(params, line_search_fn="strong_wolfe", maximize=sign < 0)
        loss_of = lambda p, sign=sign: sign * rosenbrock(p)  # noqa: E731
        losses = [optimizer.step(closure_of(optimizer, loss_of, params)).item() for _ in range(5)]
        assert losses[-1] * sign < losses[0] * sign
        ends.append(torch.cat([p.detach().flatten() for p in params]))
    assert torch.equal(*ends)


@pytest.mark.parametrize("first", [LBFGS, torch.optim.LBFGS])
def test_a_run_that_was_saved_and_resumed_is_the_run_that_was_not(first):
    options = {"line_search_fn": "strong_wolfe", "max_iter": 4, "history_size": 3}
    straight, _ = path(LBFGS, "network", 12, **options)
    start, loss_of = PROBLEMS["network"]
    params = start()
    before = first(params, **options)
    for _ in range(7):
        before.step(closure_of(before, loss_of, params))
    file = io.BytesIO()
    torch.save(before.state_dict(), file)
    file.seek(0)
    params = [p.detach().clone().requires_grad_() for p in params]
    after = LBFGS(params, lr=99.0)
    after.load_state_dict(torch.load(file, weights_only=True))
    for _ in range(5):
        after.step(closure_of(after, loss_of, params))
    assert (torch.cat([p.detach().flatten() for p in params]) - straight[-1]).abs().max() <= 1e-12


@pytest.mark.parametrize(("tolerance", "last"), [(1e-3, True), (1e-6, False)])
def test_a_step_shorter_than_the_tolerance_is_the_last(tolerance, last):
    x = torch.tensor([1e-4], dtype=F64, requires_grad=True)
    optimizer = LBFGS([x], lr=1e-5, max_iter=5, max_eval=50, tolerance_change=tolerance, tolerance_grad=0.0)
    optimizer.step(closure_of(optimizer, lambda p: 1e8 * (p[0] ** 2).sum(), [x]))  # the loss changes by .1 and more
    assert (optimizer.state[x]["n_iter"] == 1) == last


def test_a_parameter_without_a_gradient_stays_where_it_is():
    used, idle = torch.tensor([3.0, 4.0], requires_grad=True), torch.ones(2, requires_grad=True)
    optimizer = LBFGS([idle, used], line_search_fn="strong_wolfe")
    optimizer.step(closure_of(optimizer, lambda p: (p[1] ** 2).sum(), [idle, used]))
    assert idle.tolist() == [1.0, 1.0]
    assert used.detach().abs().max() < 1e-4


def test_at_the_minimum_it_does_nothing():
    x = torch.ones(3, dtype=F64, requires_grad=True)
    optimizer = LBFGS([x])
    loss = optimizer.step(closure_of(optimizer, lambda p: ((p[0] - 1) ** 2).sum(), [x]))
    assert loss.item() == 0
    assert x.tolist() == [1.0] * 3
    assert optimizer.state[x]["func_evals"] == 1


def test_a_gradient_that_is_not_finite_is_named_and_the_step_taken_back():
    x = torch.tensor([1.0, 2.0], dtype=F64, requires_grad=True)
    optimizer, calls = LBFGS([x]), []

    def closure():
        optimizer.zero_grad()
        loss = (x**2).sum()
        loss.backward()
        calls.append(x.detach().clone())
        if len(calls) == 3:
            x.grad[1] = float("nan")
        return loss

    with pytest.raises(ValueError, match=r"parameter 0 of group 0 with shape \(2,\) has 1 of 2 entries that are NaN"):
        optimizer.step(closure)
    assert torch.equal(x, calls[1])
    assert not torch.equal(calls[2], calls[1])


def test_it_wants_a_closure_and_one_group():
    x = torch.ones(2, requires_grad=True)
    with pytest.raises(TypeError, match="LBFGS evaluates the loss several times in a step; expected a closure"):
        LBFGS([x]).step()
    with pytest.raises(ValueError, match="LBFGS has one group of parameters; expected no other"):
        LBFGS([{"params": [x]}, {"params": [torch.ones(3, requires_grad=True)]}])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"lr": -1.0}, "lr is -1.0; expected a finite number >= 0"),
        ({"max_iter": 0}, "max_iter is 0; expected a whole number >= 1"),
        ({"max_eval": 0}, "max_eval is 0"),
        ({"history_size": 0}, "history_size is 0"),
        ({"tolerance_grad": -1.0}, "tolerance_grad is -1.0"),
        ({"tolerance_change": math.nan}, "tolerance_change is nan"),
        ({"min_curvature": -1.0}, "min_curvature is -1.0"),
        ({"line_search_fn": "armijo"}, "line_search_fn is 'armijo'; expected 'strong_wolfe' or None"),
    ],
)
def test_options_out_of_range_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        LBFGS([torch.ones(2, requires_grad=True)], **options)


def test_a_deep_copy_goes_its_own_way():
    params = rosenbrock_start()
    optimizer = LBFGS(params, line_search_fn="strong_wolfe", max_iter=2)
    optimizer.step(closure_of(optimizer, rosenbrock, params))
    twin = copy.deepcopy(optimizer)
    theirs = twin.param_groups[0]["params"]
    for _ in range(3):
        optimizer.step(closure_of(optimizer, rosenbrock, params))
        twin.step(closure_of(twin, rosenbrock, theirs))
    assert all(torch.equal(a, b) for a, b in zip(params, theirs, strict=True))
