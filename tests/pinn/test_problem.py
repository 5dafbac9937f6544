"""Problems that are stated well, and what is said of those that are not."""

import numpy as np
import pytest
import torch

from nndl_support.pinn.fields import of_network
from nndl_support.pinn.geometry import Interval, Rectangle, SpaceTime
from nndl_support.pinn.network import MLP, HardConstraint
from nndl_support.pinn.problem import Condition, Observations, Problem, dirichlet, initial, neumann

F64 = torch.float64
SQUARE = Rectangle((0, 0), (1, 1))
ROD = SpaceTime(Interval(0, 2), 0, 1)


def nothing(f, p):
    return f.u_x


def fields(normals=None):
    points = torch.tensor([[0.5, 2.0], [1.0, 3.0]], dtype=F64)
    return of_network(lambda q: torch.stack([q[:, 0] ** 2 * q[:, 1], q[:, 1] ** 3], 1), points, "xt", "uv", normals)


def test_a_dirichlet_condition_is_the_value_less_what_it_should_be():
    f = fields()
    assert dirichlet(0.25).residual(f, None).tolist() == [0.25, 2.75]
    assert dirichlet(lambda f: f.x * f.t, output="v").residual(f, None).tolist() == [7.0, 24.0]


def test_listed_values_take_the_precision_of_the_points():
    points = torch.tensor([[0.5, 2.0], [1.0, 3.0]], dtype=torch.float32)
    f = of_network(lambda q: q, points, "xt", "uv")
    found = dirichlet([0.25, 0.5]).residual(f, None)
    assert (found.dtype, found.tolist()) == (torch.float32, [0.25, 0.5])
    for condition, what in ((dirichlet([1.0] * 3), "u"), (initial([1.0] * 3, order=1), "u_t")):
        with pytest.raises(
            ValueError, match=rf"{what} was given a value of shape \(3,\) at 2 points; expected one number"
        ):
            condition.residual(f, None)


def test_a_neumann_condition_is_the_outward_slope_less_what_it_should_be():
    f = fields(torch.tensor([[1.0, 0.0], [-1.0, 0.0]], dtype=F64))
    assert neumann(0.5).residual(f, None).tolist() == [1.5, -6.5]
    assert neumann(lambda f: f.t, output="v").residual(f, None).tolist() == [-2.0, -3.0]


def test_an_initial_condition_is_on_the_value_or_its_derivative_by_time():
    f = fields()
    assert initial(1.0).residual(f, None).tolist() == [-0.5, 2.0]
    assert initial(lambda f: f.x, output="v", order=1).residual(f, None).tolist() == [11.5, 26.0]
    assert initial(0.0, output="v", order=2).residual(f, None).tolist() == [12.0, 18.0]
    assert initial(0.0).on == "initial"


def test_conditions_are_named_after_what_they_fix_and_take_options():
    assert [c.name for c in (dirichlet(), neumann(output="p"), initial(0.0), initial(0.0, order=2))] == [
        "u on the boundary",
        "slope of p",
        "u at the start",
        "u_tt at the start",
    ]
    wall = dirichlet(1.0, on=lambda q: q[:, 0] == 0, name="wall", n_points=7, weight=3.0)
    assert (wall.name, wall.n_points, wall.weight) == ("wall", 7, 3.0)


def test_a_single_equation_gets_a_name_and_coordinates_come_from_the_geometry():
    problem = Problem(ROD, nothing)
    assert list(problem.equations) == ["equation"]
    assert problem.coordinates == ("x", "t")
    assert Problem(ROD, {"balance": nothing}).equations["balance"] is nothing


def test_the_network_fits_the_problem():
    problem = Problem(ROD, {"a": nothing}, outputs=("u", "v"), hidden=(7, 5))
    network = problem.network(seed=3)
    assert [layer.out_features for layer in network.layers] == [7, 5, 2]
    low, high = ROD.bounds
    corners = torch.as_tensor(np.stack([low, high]))
    assert network.embedding(corners).tolist() == [[-1, -1], [1, 1]]
    assert torch.equal(network(corners), problem.network(seed=3)(corners))
    assert not torch.equal(network(corners), problem.network(seed=4)(corners))
    assert problem.network(dtype=torch.float32).dtype == torch.float32


def test_hard_constraints_and_features_belong_to_the_network():
    hard = (lambda q: q[:, 0], lambda q: q[:, 1])
    problem = Problem(ROD, nothing, hard=hard, embedding=torch.nn.Identity)
    network = problem.network()
    assert isinstance(network, HardConstraint)
    assert isinstance(network.network.embedding, torch.nn.Identity)
    assert network(torch.tensor([[0.3, 0.0]], dtype=F64)).item() == 0.3
    plain = MLP(2)
    assert problem.constrain(plain).network is plain
    assert Problem(ROD, nothing).constrain(plain) is plain


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: Problem(SQUARE, nothing, conditions=[dirichlet(0.0, on=[[0.5, 1.0], [0.5, 1.5]], name="rim")]),
            r"condition 'rim': 1 of 2 points lie outside the geometry, the first at \[0\.5, 1\.5\]; its box is \[0\.0, 0\.0\]",
        ),
        (
            lambda: Problem(SQUARE, nothing, data=Observations([[2.0, 0.0]], [[1.0]])),
            r"data: 1 of 1 points lie outside the geometry, the first at \[2\.0, 0\.0\]",
        ),
        (
            lambda: Problem(SQUARE, nothing, conditions=[dirichlet(0.0, on=[[0.5]])]),
            "points has 1 columns, but Rectangle has 2 coordinates: x, y",
        ),
        (lambda: Problem(SQUARE, nothing, conditions=[initial(0.0)]), "holds at the start, but Rectangle has no time"),
        (
            lambda: Problem(SQUARE, nothing, conditions=[dirichlet(0.0, on="edge")]),
            "holds on 'edge'; expected 'boundary', 'initial', a function or points",
        ),
        (
            lambda: Problem(SQUARE, nothing, conditions=[dirichlet(0.0, weight=0.0, name="rim")]),
            r"condition 'rim' has weight 0\.0 and n_points 200; expected > 0 and >= 1",
        ),
        (
            lambda: Problem(SQUARE, nothing, conditions=[dirichlet(0.0, n_points=0)]),
            "n_points 0; expected > 0 and >= 1",
        ),
        (
            lambda: Problem(SQUARE, nothing, conditions=[dirichlet(0.0), dirichlet(1.0)]),
            r"needs a name of its own, but they are \['equation', 'u on the boundary', 'u on the boundary'\]",
        ),
        (
            lambda: Problem(SQUARE, {"data": nothing}, data=Observations([[0.5, 0.5]], [[1.0]])),
            r"needs a name of its own, but they are \['data', 'data'\]",
        ),
        (lambda: Problem(SQUARE, nothing, outputs=("u", "x")), "must be single letters and differ from the outputs"),
        (
            lambda: Problem(Interval(0, 1, name="xi"), nothing),
            r"coordinates \('xi',\) must be single letters and differ from the outputs \('u',\)",
        ),
        (
            lambda: Problem(SQUARE, nothing, weights={"pde": 2.0}),
            r"weights names \['pde'\], but the equations are \['equation'\]",
        ),
        (
            lambda: Problem(SQUARE, nothing, weights={"equation": -1.0}),
            r"weights are {'equation': -1\.0}; expected all > 0",
        ),
        (
            lambda: Problem(SQUARE, nothing, data=Observations([[0.5, 0.5]], [[1.0]], ["w"])),
            r"data were observed of \['w'\], but the outputs are \('u',\)",
        ),
        (
            lambda: Problem(SQUARE, nothing, data=Observations([[0.5, 0.5]], [1.0])),
            r"observed values have shape \(1,\), but there are 1 points and 1 observed outputs; expected \(1, 1\)",
        ),
        (
            lambda: Problem(SQUARE, nothing, outputs=("u", "v"), data=Observations(np.zeros((3, 2)), np.zeros((2, 3)))),
            r"have shape \(2, 3\), but there are 3 points and 2 observed outputs; expected \(3, 2\)",
        ),
        (
            lambda: Problem(SQUARE, nothing, conditions=[dirichlet(0.0, on=np.empty((0, 2)), name="rim")]),
            "condition 'rim' lists no points; expected at least one",
        ),
        (
            lambda: Problem(SQUARE, nothing, data=Observations(np.empty((0, 2)), np.empty((0, 1)))),
            "data lists no points",
        ),
        (
            lambda: Problem(SQUARE, nothing, data=Observations([[0.5, 0.5]] * 2, [[1.0], [np.inf]])),
            "1 of the 2 observed values are NaN or infinite",
        ),
        (
            lambda: Problem(SQUARE, nothing, outputs=("u", "u")),
            r"outputs are \('u', 'u'\); expected at least one, each",
        ),
        (lambda: Problem(SQUARE, nothing, outputs=()), r"outputs are \(\)"),
        (lambda: Problem(SQUARE, nothing, unknown={"k": np.nan}), r"parameters start from {'k': nan}; expected finite"),
        (lambda: initial(0.0, order=-1), "order is -1; expected 0 for the value"),
        (
            lambda: Problem(SQUARE, nothing, data=Observations([[0.5, 0.5]], [[1.0]], weight=0.0)),
            r"data have weight 0\.0; expected > 0",
        ),
    ],
)
def test_a_problem_that_is_not_well_stated_is_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_equations_and_outputs_of_another_kind_are_refused():
    with pytest.raises(TypeError, match=r"equations is a list .* expected a function, or a dict"):
        Problem(SQUARE, [nothing])
    with pytest.raises(TypeError, match=r"outputs is 'theta'; .* a sequence of names such as \('u',\)"):
        Problem(SQUARE, nothing, outputs="theta")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"geometry": (0, 1)}, r"geometry is a tuple; expected a domain such as Interval\(0, 1\)"),
        ({"conditions": dirichlet(0.0)}, r"conditions is a Condition; expected a sequence of Condition, such as"),
        ({"conditions": [nothing]}, "conditions holds a function; expected Condition"),
        ({"unknown": ["k"]}, "unknown is a list; expected a dict of names and numbers"),
        ({"hard": nothing}, r"hard is a function; expected a pair \(lift, factor\)"),
        ({"hard": (nothing,)}, "hard has 1 parts; expected two functions of points"),
        ({"hard": (nothing, 1.0)}, "hard has 2 parts; expected two functions of points"),
    ],
)
def test_parts_of_the_wrong_kind_are_named(changes, message):
    with pytest.raises(TypeError, match=message):
        Problem(**({"geometry": SQUARE, "equations": nothing} | changes))


def test_the_box_in_the_message_is_that_of_the_geometry_and_the_point_the_first_outside():
    with pytest.raises(ValueError, match=r"1 of 3 points lie outside the geometry, the first at \[1\.0, 1\.0001\]"):
        Problem(SQUARE, nothing, conditions=[dirichlet(0.0, on=[[0.0, 0.0], [1.0, 1.0], [1.0, 1.0001]])])


def test_points_on_the_boundary_may_be_listed_in_any_form():
    for points in ([[0.0, 0.5]], np.array([[0.0, 0.5]]), torch.tensor([[0.0, 0.5]])):
        (condition,) = Problem(SQUARE, nothing, conditions=[Condition("one", nothing, on=points)]).conditions
        assert np.asarray(condition.on).tolist() == [[0.0, 0.5]]


def test_arrays_that_may_not_be_written_to_will_do():
    points, values = np.array([[0.2, 0.5]]), np.array([[1.0]])
    points.flags.writeable = values.flags.writeable = False
    problem = Problem(SQUARE, nothing, conditions=[dirichlet(0.0, on=points)], data=Observations(points, values))
    assert np.asarray(problem.data.points).tolist() == [[0.2, 0.5]]
    assert np.asarray(problem.data.values).tolist() == [[1.0]]
