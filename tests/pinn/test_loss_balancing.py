"""Rules that weigh the terms of a loss, against hand computation, and what the callback makes of them."""

from types import SimpleNamespace

import pytest
import torch

from nndl_support.pinn.collocation import point_generator
from nndl_support.pinn.geometry import Interval
from nndl_support.pinn.loss_balancing import (
    RULES,
    LossBalancing,
    annealing_weights,
    gradient_norm_weights,
    term_gradients,
    trace_weights,
)
from nndl_support.pinn.network import MLP
from nndl_support.pinn.objective import Objective
from nndl_support.pinn.pathological_problems import standing_wave_with_soft_ends
from nndl_support.pinn.problem import Problem, dirichlet


def soft(n_points=7, **options):
    problem = standing_wave_with_soft_ends(3.0, **options)
    return Objective(problem, problem.network(seed=2), n_points=n_points, rng=point_generator(5))


def straight_line(slope=0.5, offset=0.25, n_points=3):
    """u = w x + b with u_x = 2 inside and u(1) = 1: two parameters, and every gradient on paper."""
    problem = Problem(
        Interval(0, 1), lambda f, p: f.u_x - 2, conditions=[dirichlet(1.0, on=[[1.0]], name="end", weight=3.0)]
    )
    objective = Objective(problem, MLP(1, hidden=()), n_points=n_points, rng=point_generator(0))
    objective.set(torch.tensor([slope, offset], dtype=torch.float64))
    return objective


def test_gradients_of_the_terms_are_those_on_paper():
    gradients = term_gradients(straight_line())
    # (w - 2)^2 and (w + b - 1)^2 at w = 1/2, b = 1/4.
    assert gradients["equation"].tolist() == pytest.approx([-3.0, 0.0])
    assert gradients["end"].tolist() == pytest.approx([-0.5, -0.5])


def test_weighted_gradients_add_up_to_the_gradient_of_the_loss():
    objective = soft(weight=13.0)
    total = sum(objective.weights[name] * g for name, g in term_gradients(objective).items())
    torch.testing.assert_close(total, objective.gradient()[1])


def test_the_rules_on_a_straight_line():
    objective = straight_line()
    assert RULES["annealing"](objective) == pytest.approx({"equation": 1.0, "end": 3.0 / 0.5})
    assert RULES["damped_annealing"](objective) == pytest.approx({"equation": 1.0, "end": 3.0 / (3.0 * 0.5)})
    norms = {"equation": 3.0, "end": 0.5**0.5}
    wanted = {name: sum(norms.values()) / norm for name, norm in norms.items()}
    assert RULES["gradient_norm"](objective) == pytest.approx(wanted)
    # Rows of the Jacobian: (1, 0) inside, three times over, and (1, 1) at the end.
    assert RULES["trace"](objective) == pytest.approx({"equation": 3.0, "end": 1.5})


def test_annealing_compares_the_largest_slope_with_the_mean_of_the_others():
    gradients = {"a": torch.tensor([1.0, -6.0, 2.0]), "b": torch.tensor([0.5, 0.0, -1.0])}
    assert annealing_weights(gradients, "a") == {"a": 1.0, "b": 12.0}
    assert annealing_weights(gradients, "b") == {"a": pytest.approx(1 / 3), "b": 1.0}


def test_weighted_by_their_rule_all_gradients_are_equally_long():
    gradients = term_gradients(soft())
    weights = gradient_norm_weights(gradients)
    lengths = [float((weights[name] * g).norm()) for name, g in gradients.items()]
    assert lengths == pytest.approx([lengths[0]] * len(lengths))


def test_traces_are_those_of_the_kernels_and_the_weights_stay():
    objective = soft(weight=13.0)
    found, kept = trace_weights(objective), dict(objective.weights)
    traces = {}
    for name, block in zip(kept, objective.blocks, strict=True):
        total = 0.0
        for n in range(len(block.points)):
            residual = objective._evaluate(block)[0][0][n]
            slopes = torch.autograd.grad(residual, objective.parameters, materialize_grads=True)
            total += sum(float(g.square().sum()) for g in slopes)
        traces[name] = total / len(block.points)
    assert found == pytest.approx({name: sum(traces.values()) / trace for name, trace in traces.items()})
    assert objective.weights == kept == {"equation": 1.0, "u at the ends": 13.0}


def test_the_callback_moves_a_part_of_the_way_and_only_when_it_is_time():
    objective = straight_line()
    balancing = LossBalancing("annealing", every=5, rate=0.25)
    moved = []
    for iteration in range(1, 12):
        before = objective.weights["end"]
        balancing(SimpleNamespace(iteration=iteration, objective=objective))
        moved += [iteration] if objective.weights["end"] != before else []
    assert moved == [5, 10]
    # 3 moves a quarter of the way to 6, twice.
    assert [w["end"] for w in balancing.history] == pytest.approx([3.75, 4.3125])
    assert objective.weights["end"] == pytest.approx(4.3125)


def test_damped_annealing_rests_at_the_square_root():
    objective = straight_line()
    balancing = LossBalancing("damped_annealing", every=1, rate=0.5)
    for iteration in range(60):
        balancing(SimpleNamespace(iteration=iteration, objective=objective))
    assert objective.weights["end"] == pytest.approx(6.0**0.5)


def test_a_term_without_gradient_gets_a_finite_weight():
    zero, one = torch.zeros(3), torch.ones(3)
    assert annealing_weights({"a": one, "b": zero}, "a")["b"] == pytest.approx(1e12)
    assert gradient_norm_weights({"a": one, "b": zero})["b"] == pytest.approx(1e12)


def test_what_does_not_fit_is_named():
    with pytest.raises(ValueError, match="no rule 'grad'; known are annealing"):
        LossBalancing("grad")
    with pytest.raises(ValueError, match="every is 0 and rate"):
        LossBalancing(every=0)
    with pytest.raises(ValueError, match="every is 10 and rate 0"):
        LossBalancing(rate=0)
    with pytest.raises(ValueError, match="no term 'c'; the terms are a"):
        annealing_weights({"a": torch.ones(1)}, "c")
