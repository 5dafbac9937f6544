"""The loss as a sum of squares, with everything that can be in it, and its derivatives."""

import numpy as np
import pytest
import torch
from torch import nn

from nndl_support.pinn.geometry import Interval, Rectangle, SpaceTime
from nndl_support.pinn.network import MLP
from nndl_support.pinn.objective import Objective
from nndl_support.pinn.operators import partial
from nndl_support.pinn.problem import Condition, Observations, Problem, dirichlet, initial, neumann
from nndl_support.pinn.taylor import closure

F64 = torch.float64
PLAIN = nn.Sequential(nn.Linear(2, 5, dtype=F64), nn.Tanh(), nn.Linear(5, 2, dtype=F64))


def full_problem(**changes):
    """Two equations for two outputs, four kinds of conditions, data, two unknown parameters, all weights different."""
    options = {
        "conditions": [
            dirichlet(lambda f: torch.sin(f.t), n_points=5, weight=2.0),
            neumann(0.3, output="v", on=lambda q: q[:, 0] == 0, n_points=3, weight=0.5),
            initial(lambda f: f.x, n_points=7, weight=3.0),
            Condition("pin", lambda f, p: f.v - p.b, on=[[0.5, 0.25], [0.1, 0.9]], weight=11.0),
        ],
        "unknown": {"a": 0.7, "b": -0.2},
        "data": Observations([[0.2, 0.4], [0.6, 0.1], [0.9, 0.9]], [[1.0], [2.0], [-1.0]], ["v"], weight=5.0),
        "weights": {"second": 7.0},
        "hidden": (5, 3),
    }
    equations = {
        "first": lambda f, p: f.u_t + p.a * f.u * f.u_x - f.v_xx,
        "second": lambda f, p: f.v_t - f.u * f.v + p.b * f.x,
    }
    return Problem(SpaceTime(Interval(0, 1), 0, 1), equations, outputs=("u", "v"), **(options | changes))


def objective_of(problem, network=None, *, seed=0, **options):
    network = problem.network(seed=1) if network is None else network
    return Objective(problem, network, n_points=13, rng=np.random.default_rng(seed), **options)


def with_point_weights(objective):
    generator = torch.Generator().manual_seed(9)
    for block in objective.blocks[:3]:
        block.point_weights = 0.1 + torch.rand(len(block.points), generator=generator, dtype=F64)
    return objective


HARD = {
    "hard": (
        lambda q: torch.stack([q[:, 0], torch.sin(q[:, 1])], 1),
        lambda q: torch.stack([q[:, 1], q[:, 0] * q[:, 1] ** 2], 1),
    )
}
KINDS = {
    "everything": lambda: objective_of(full_problem()),
    "point weights": lambda: with_point_weights(objective_of(full_problem())),
    "hard": lambda: objective_of(full_problem(**HARD)),
    "equations alone": lambda: objective_of(full_problem(conditions=[], data=None)),
    "no unknown": lambda: objective_of(
        Problem(
            Rectangle((0, 0), (1, 1)), lambda f, p: f.laplacian("u") + f.u**2, conditions=[dirichlet(1.0)], hidden=(5,)
        )
    ),
}
EVERY = pytest.mark.parametrize("kind", KINDS)


@EVERY
def test_the_loss_is_the_squared_norm_of_the_residuals(kind):
    objective = KINDS[kind]()
    loss = objective.loss()
    torch.testing.assert_close(objective.residuals().square().sum(), loss, rtol=1e-12, atol=0)
    assert objective.value() == pytest.approx(loss.item(), rel=1e-14)
    weighted = sum(objective.weights[name] * value for name, value in objective.losses().items())
    torch.testing.assert_close(weighted, loss, rtol=1e-12, atol=0)


@EVERY
def test_the_gradient_is_twice_the_jacobian_times_the_residuals(kind):
    objective = KINDS[kind]()
    rho, J = objective.jacobian()
    loss, gradient = objective.gradient()
    torch.testing.assert_close(rho, objective.residuals().detach(), rtol=1e-12, atol=1e-14)
    assert J.shape == (len(rho), len(objective.get()))
    torch.testing.assert_close(gradient, 2 * J.T @ rho, rtol=1e-9, atol=1e-11)
    assert loss.item() == pytest.approx(float(rho @ rho), rel=1e-12)


@EVERY
def test_the_jacobian_is_that_of_central_differences(kind):
    objective, step = KINDS[kind](), 1e-5
    _, J = objective.jacobian()
    theta = objective.get()
    for column in range(len(theta)):
        unit = torch.zeros_like(theta)
        unit[column] = step
        moved = []
        for sign in (1, -1):
            objective.set(theta + sign * unit)
            moved.append(objective.residuals().detach())
        torch.testing.assert_close(J[:, column], (moved[0] - moved[1]) / (2 * step), rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("kind", ["everything", "point weights"])
def test_taylor_mode_and_reverse_mode_agree(kind):
    by_taylor = KINDS[kind]()
    by_reverse = objective_of(full_problem(), by_taylor.network, derivatives="autograd")
    if kind == "point weights":
        with_point_weights(by_reverse)
    assert by_taylor.taylor
    assert not by_reverse.taylor
    torch.testing.assert_close(by_taylor.residuals(), by_reverse.residuals(), rtol=1e-10, atol=1e-12)
    torch.testing.assert_close(by_taylor.gradient()[1], by_reverse.gradient()[1], rtol=1e-9, atol=1e-12)
    assert by_reverse.value() == pytest.approx(by_taylor.value(), rel=1e-12)


def test_every_term_is_what_it_says():
    objective = objective_of(full_problem())
    a, b = 0.7, -0.2
    losses = objective.losses()
    assert list(losses) == ["first", "second", "u on the boundary", "slope of v", "u at the start", "pin", "data"]
    assert objective.weights == dict(zip(losses, [1.0, 7.0, 2.0, 0.5, 3.0, 11.0, 5.0]))

    def at(block):
        q = block.points.clone().requires_grad_()
        return q, *objective.network(q).unbind(1)

    q, u, v = at(objective.blocks[0])
    d = lambda f, *index: partial(f, q, index)  # noqa: E731
    wanted = {
        "first": d(u, 1) + a * u * d(u, 0) - d(v, 0, 0),
        "second": d(v, 1) - u * v + b * q[:, 0],
    }
    q, u, _ = at(objective.blocks[1])
    wanted["u on the boundary"] = u - torch.sin(q[:, 1])
    q, _, v = at(objective.blocks[2])
    wanted["slope of v"] = -d(v, 0) - 0.3  # the outward normal at x = 0 is -1
    q, u, _ = at(objective.blocks[3])
    wanted["u at the start"] = u - q[:, 0]
    q, _, v = at(objective.blocks[4])
    wanted["pin"] = v - b
    q, _, v = at(objective.blocks[5])
    wanted["data"] = v - torch.tensor([1.0, 2.0, -1.0], dtype=F64)
    for name, residual in wanted.items():
        torch.testing.assert_close(losses[name], residual.square().mean(), rtol=1e-10, atol=1e-13)


def test_points_are_where_they_belong():
    objective = objective_of(full_problem())
    inside, edge, left, start, pin, data = (block.points.numpy() for block in objective.blocks)
    geometry = objective.problem.geometry
    assert [len(p) for p in (inside, edge, left, start, pin, data)] == [13, 5, 3, 7, 2, 3]
    assert geometry.contains(inside).all()
    assert geometry.on_boundary(edge).all()
    assert (left[:, 0] == 0).all()
    assert (start[:, 1] == 0).all()
    assert pin.tolist() == [[0.5, 0.25], [0.1, 0.9]]


def test_the_whole_boundary_comes_with_its_outward_normals():
    # The slope of the network itself along the normals of both ends of a rod.
    problem = Problem(Interval(0, 1), lambda f, p: f.u_xx, conditions=[neumann(0.0, n_points=6)], hidden=(3,))
    objective = objective_of(problem)
    block = objective.blocks[1]
    assert block.normals.tolist() == [[2 * x - 1] for (x,) in block.points.tolist()]
    found = objective.residuals()[13:] * 6**0.5
    q = block.points.clone().requires_grad_()
    torch.testing.assert_close(found, block.normals[:, 0] * partial(objective.network(q)[:, 0], q, (0,)))


def test_observations_of_several_outputs_have_names():
    problem = full_problem(data=Observations([[0.2, 0.4]], [[1.0, 3.0]], weight=5.0))
    objective = objective_of(problem)
    u, v = objective.network(torch.tensor([[0.2, 0.4]], dtype=F64))[0]
    assert objective.losses()["data u"].item() == pytest.approx((u.item() - 1) ** 2)
    assert objective.losses()["data v"].item() == pytest.approx((v.item() - 3) ** 2)
    assert objective.weights["data v"] == 5.0


def test_resampling_moves_what_was_drawn_and_nothing_else():
    objective = objective_of(full_problem())
    before = [block.points.clone() for block in objective.blocks]
    objective.resample()
    moved = [not torch.equal(a, b.points) for a, b in zip(before, objective.blocks)]
    assert moved == [True, True, True, True, False, False]
    assert [len(b.points) for b in objective.blocks] == [13, 5, 3, 7, 2, 3]
    # What was prepared belongs to the new points.
    rho, _ = objective.jacobian()
    fresh = objective_of(full_problem(), objective.network, derivatives="autograd")
    for old, new in zip(objective.blocks, fresh.blocks):
        fresh.set_points(new, old.points, old.normals)
    torch.testing.assert_close(rho, fresh.residuals().detach(), rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("derivatives", ["taylor", "autograd"])
def test_resampling_by_residual_keeps_the_worst_candidates(derivatives):
    # The residual is 1 on the left half and 1e-3 on the right; without a floor 50 of 1000 candidates come from the left.
    problem = Problem(Interval(0, 1), lambda f, p: 0 * f.u + torch.where(f.x < 0.5, 1.0, 1e-3), hidden=(3,))
    objective = Objective(
        problem, problem.network(), n_points=50, rng=np.random.default_rng(0), derivatives=derivatives
    )
    objective.resample(candidates=1000, power=2.0, floor=0.0)
    assert objective.blocks[0].points.shape == (50, 1)
    assert (objective.blocks[0].points < 0.5).all()
    objective.resample(candidates=1000, power=0.0)
    assert 10 < (objective.blocks[0].points < 0.5).sum() < 40


def test_without_a_survey_the_old_candidates_are_drawn_from_by_their_old_residuals():
    problem = Problem(Interval(0, 1), lambda f, p: f.u_x - f.x, hidden=(3,))
    objective = objective_of(problem)
    assert objective.surveyed is None
    objective.resample(candidates=30, survey=False)  # there is none yet
    pool, size = objective.surveyed
    assert pool.shape == (30, 1)
    np.testing.assert_allclose(size, objective.residual_size(torch.as_tensor(pool)).numpy())
    first = objective.blocks[0].points.clone()
    objective.set(objective.get() + 1)
    objective.resample(candidates=30, survey=False)
    assert objective.surveyed[0] is pool
    assert objective.surveyed[1] is size
    assert not torch.equal(objective.blocks[0].points, first)
    assert set(objective.blocks[0].points.flatten().tolist()) <= set(pool.flatten().tolist())
    objective.resample(candidates=40, survey=False)
    assert objective.surveyed[0].shape == (40, 1)
    pool = objective.surveyed[0]
    objective.resample(candidates=40)
    assert objective.surveyed[0] is not pool


def test_the_seed_decides_the_points():
    one, same, other = (objective_of(full_problem(), seed=seed) for seed in (0, 0, 1))
    assert torch.equal(one.blocks[1].points, same.blocks[1].points)
    assert not torch.equal(one.blocks[1].points, other.blocks[1].points)


def test_the_size_of_the_residual_counts_all_equations_with_their_weights():
    objective = objective_of(full_problem())
    points = torch.rand(4, 2, dtype=F64)
    size = objective.residual_size(points)
    assert not size.requires_grad
    objective.set_points(objective.blocks[0], points)
    first, second = objective.residuals()[:8].detach().reshape(2, 4)  # scaled by the root of the weight over 4
    torch.testing.assert_close(size, 2 * (first**2 + second**2).sqrt(), rtol=1e-10, atol=1e-12)


def test_new_points_do_not_inherit_the_weights_of_the_old_ones():
    objective = objective_of(full_problem())
    for block in objective.blocks:
        block.point_weights = torch.full((len(block.points),), 0.5, dtype=F64)
    before = [block.points.clone() for block in objective.blocks]
    objective.resample()
    drawn = [not torch.equal(*points) for points in zip(before, (b.points for b in objective.blocks), strict=True)]
    assert set(drawn) == {True, False}
    for block, moved in zip(objective.blocks, drawn, strict=True):
        assert (block.point_weights is None) == moved
    objective.set_points(objective.blocks[-1], objective.blocks[-1].points)
    assert objective.blocks[-1].point_weights is None


@pytest.mark.parametrize("length", [3, 10_000])
def test_a_vector_of_another_length_is_refused(length):
    objective = objective_of(full_problem())
    kept, size = objective.get(), len(objective.get())
    with pytest.raises(ValueError, match=rf"the vector has shape \({length},\), but there are {size} parameters"):
        objective.set(torch.zeros(length, dtype=F64))
    assert torch.equal(objective.get(), kept)


@pytest.mark.parametrize(
    ("equation", "message"),
    [
        (lambda f, p: (f.u, f.v), "the residual 'equation' is a tuple at 13 points; expected a tensor of shape"),
        (lambda f, p: 1.0, "the residual 'equation' is a float at 13 points"),
        (lambda f, p: f.points, r"the residual 'equation' has shape \(13, 2\) at 13 points"),
    ],
)
def test_a_residual_of_another_kind_is_named(equation, message):
    problem = Problem(SpaceTime(Interval(0, 1), 0, 1), equation, outputs=("u", "v"))
    with pytest.raises(ValueError, match=message):
        objective_of(problem).value()


def test_values_of_another_number_than_the_points_are_named():
    ends = dirichlet([1.0, 2.0, 3.0], on=[[0.0], [1.0]])
    with pytest.raises(ValueError, match=r"u was given a value of shape \(3,\) at 2 points; expected one number"):
        objective_of(Problem(Interval(0, 1), lambda f, p: f.u_x, conditions=[ends]))


def test_weights_may_change_between_steps():
    objective = objective_of(full_problem())
    before = objective.losses()["pin"].item()
    total = objective.value()
    objective.weights["pin"] += 100.0
    assert objective.value() == pytest.approx(total + 100 * before, rel=1e-10)
    rho, J = objective.jacobian()
    torch.testing.assert_close(objective.gradient()[1], 2 * J.T @ rho, rtol=1e-9, atol=1e-10)


def test_all_parameters_make_one_vector():
    objective = objective_of(full_problem())
    theta = objective.get()
    assert theta[-2:].tolist() == [0.7, -0.2]
    assert objective.unknown_values() == {"a": 0.7, "b": -0.2}
    wanted = torch.arange(len(theta), dtype=F64)
    objective.set(wanted)
    assert torch.equal(objective.get(), wanted)
    n_first = objective.network.layers[0].weight.numel()
    assert objective.network.layers[0].weight.flatten().tolist() == list(range(n_first))
    objective.get().zero_()
    assert torch.equal(objective.get(), wanted)


def test_fields_at_any_points_are_those_of_the_network():
    for derivatives in ("taylor", "autograd"):
        objective = objective_of(full_problem(), derivatives=derivatives)
        f = objective.fields([[0.1, 0.2], [0.3, 0.4]], closure([(0, 1)]))
        q = torch.tensor([[0.1, 0.2], [0.3, 0.4]], dtype=F64, requires_grad=True)
        torch.testing.assert_close(f.v_xt, partial(objective.network(q)[:, 1], q, (0, 1)), rtol=1e-9, atol=1e-12)


def test_single_precision_goes_all_the_way():
    problem = full_problem()
    objective = objective_of(problem, problem.network(seed=1, dtype=torch.float32))
    rho, J = objective.jacobian()
    assert {t.dtype for t in (rho, J, objective.get(), objective.blocks[0].points)} == {torch.float32}
    wanted, _ = objective_of(problem).jacobian()
    torch.testing.assert_close(rho.double(), wanted, rtol=1e-2, atol=1e-4)


def test_any_module_will_do_without_a_jacobian():
    objective = objective_of(full_problem(), PLAIN)
    assert not objective.taylor
    assert objective.gradient()[1].shape == objective.get().shape
    with pytest.raises(
        TypeError, match=r"the network is a Sequential with 0 frozen .* use the methods 'adam', 'lbfgs' or"
    ):
        objective.jacobian()
    with pytest.raises(TypeError, match="derivatives come from autograd"):
        objective_of(full_problem(), derivatives="autograd").jacobian()


def test_a_network_of_which_a_part_is_frozen_trains_the_rest():
    network = full_problem().network()
    network.layers[0].requires_grad_(False)
    objective = objective_of(full_problem(), network)
    n_frozen = sum(p.numel() for p in network.layers[0].parameters())
    n_all = sum(p.numel() for p in network.parameters())
    assert len(objective.gradient()[1]) == len(objective.get()) == n_all - n_frozen + 2
    with pytest.raises(TypeError, match="with 2 frozen tensors"):
        objective.jacobian()


class Nothing(nn.Module):
    def forward(self, points):
        return points


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (
            lambda: objective_of(full_problem(), MLP(2, 1)),
            ValueError,
            "the network has 1 outputs, but the problem has 2: u, v",
        ),
        (
            lambda: objective_of(full_problem(), MLP(2, 3)),
            ValueError,
            "the network has 3 outputs, but the problem has 2: u, v",
        ),
        (lambda: objective_of(full_problem(), MLP(3, 2)), ValueError, "but the network has 3 inputs"),
        (
            lambda: objective_of(full_problem(), nn.Linear(2, 1, dtype=F64)).value(),
            ValueError,
            r"the network returned shape \(13, 1\) for 13 points and 2 outputs",
        ),
        (
            lambda: objective_of(full_problem(), Nothing()),
            ValueError,
            "the network, a Nothing, has no weights to train",
        ),
        (
            lambda: objective_of(full_problem(), PLAIN, derivatives="taylor"),
            TypeError,
            "Taylor mode needs an MLP or a HardConstraint, but the network is a Sequential",
        ),
        (lambda: objective_of(full_problem(), derivatives="forward"), ValueError, "derivatives is 'forward'; expected"),
        (
            lambda: Objective(full_problem(), full_problem().network(), n_points=0, rng=np.random.default_rng(0)),
            ValueError,
            "n_points is 0; expected at least 1",
        ),
        (
            lambda: objective_of(full_problem(conditions=[dirichlet(0.0, output="w")])),
            AttributeError,
            "there is no field 'w': the outputs are u, v, the coordinates x, t",
        ),
        (
            lambda: objective_of(Problem(Interval(0, 1), lambda f, p: f.u_t)),
            AttributeError,
            "no field 'u_t': the outputs are u, the coordinates x, and a derivative is written u_x",
        ),
        (
            lambda: objective_of(Problem(Interval(0, 1), lambda f, p: f.u_xxxx)),
            ValueError,
            "has order 4; Taylor mode is written out up to order 3",
        ),
        (
            lambda: objective_of(Problem(Interval(0, 1), {"steady": lambda f, p: f.points})).value(),
            ValueError,
            r"the residual 'steady' has shape \(13, 1\) at 13 points; expected a tensor of shape \(13,\)",
        ),
        (
            lambda: objective_of(Problem(Interval(0, 1), {"steady": lambda f, p: 0.0})).value(),
            ValueError,
            "the residual 'steady' is a float at 13 points",
        ),
        (
            lambda: objective_of(Problem(Interval(0, 1), lambda f, p: f.u_x, conditions=[neumann(on=[[0.0]])])).value(),
            ValueError,
            "no normals at these points.* needs on='boundary' or a function that chooses boundary points",
        ),
        (
            lambda: objective_of(Problem(Interval(0, 1), lambda f, p: f.u_x + p.k)),
            AttributeError,
            "there is no unknown parameter 'k'; the problem names none",
        ),
        (
            lambda: objective_of(Problem(Interval(0, 1), lambda f, p: f.u_x + p.nu, unknown={"k": 1.0, "mu": 2.0})),
            AttributeError,
            "there is no unknown parameter 'nu'; the problem names k, mu",
        ),
    ],
)
def test_what_does_not_fit_is_named(make, error, message):
    with pytest.raises(error, match=message):
        make()


def test_a_derivative_that_is_not_finite_is_named():
    # The root has no slope at 0, where the hard constraint puts u on the boundary.
    hard = (lambda x: 0 * x[:, 0], lambda x: x[:, 0])
    problem = Problem(
        Interval(0, 1),
        {"flat": lambda f, p: f.u_x},
        conditions=[Condition("root", lambda f, p: torch.sqrt(f.u), on=[[0.0]])],
        hard=hard,
        hidden=(3,),
    )
    with pytest.raises(
        FloatingPointError, match="the residual 'root' is finite, but its derivative by the weights is not"
    ):
        objective_of(problem).jacobian()


def test_values_may_be_listed_with_the_points():
    points, values = [[0.1], [0.5], [0.7], [0.9]], torch.tensor([1.0, 2.0, 3.0, 4.0], dtype=F64)
    for given in (lambda f: values, values, values.tolist(), values.numpy()):
        problem = Problem(Interval(0, 1), lambda f, p: f.u_x, conditions=[dirichlet(given, on=points)], hidden=(3,))
        objective = objective_of(problem)
        found = objective.network(torch.tensor(points, dtype=F64))[:, 0]
        torch.testing.assert_close(objective.losses()["u on the boundary"], (found - values).square().mean())


def test_equations_are_asked_inside_the_geometry_only():
    def density(x):
        assert ((x >= 10) & (x <= 12)).all(), "a table ends here"
        return x

    for derivatives in ("taylor", "autograd"):
        objective_of(
            Problem(
                Interval(10, 12), lambda f, p: f.u_x * density(f.x), conditions=[dirichlet(lambda f: density(f.x))]
            ),
            derivatives=derivatives,
        )
