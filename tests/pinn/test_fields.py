"""Names: which derivative is behind each, and which names there are."""

import copy

import numpy as np
import pytest
import torch

from nndl_support.pinn.fields import Fields, needed_derivatives, of_jet, of_network, tensor_of
from nndl_support.pinn.network import MLP
from nndl_support.pinn.taylor import closure

F64 = torch.float64


def random_points(n=5, d=3, seed=0):
    return torch.rand(n, d, generator=torch.Generator().manual_seed(seed), dtype=F64)


def of_polynomials(normals=None):
    return of_network(
        lambda q: torch.stack([q[:, 0] ** 2 * q[:, 1] * q[:, 2] ** 3, q[:, 0] + q[:, 1] ** 2], dim=1),
        random_points(),
        ("x", "y", "t"),
        ("u", "v"),
        normals,
    )


def test_names_are_those_of_the_paper():
    f = of_polynomials()
    x, y, t = random_points().unbind(1)
    for found, wanted in [
        (f.x, x),
        (f.t, t),
        (f.u, x**2 * y * t**3),
        (f.v, x + y**2),
        (f.u_x, 2 * x * y * t**3),
        (f.u_t, 3 * x**2 * y * t**2),
        (f.v_yy, torch.full_like(x, 2.0)),
        (f.u_xxt, 6 * y * t**2),
        (f.u_ttx, 12 * x * y * t),
        (f.v_xt, torch.zeros_like(x)),
        (f.laplacian("u"), 2 * y * t**3),
        (f.laplacian("v"), torch.full_like(x, 2.0)),
    ]:
        assert found.shape == (5,)
        torch.testing.assert_close(found.detach(), wanted, rtol=1e-12, atol=1e-12)
    assert torch.equal(f.points.detach(), random_points())


def test_letters_of_a_derivative_may_stand_in_any_order():
    f = of_polynomials()
    torch.testing.assert_close(f.u_xyt, f.u_tyx)
    torch.testing.assert_close(f.u_xt, f.u_tx)


@pytest.mark.parametrize("name", ["u", "v", "u_x", "v_yy", "u_xt", "u_xxt"])
def test_a_jet_and_a_network_give_the_same_fields(name):
    network, points = MLP(3, 2, (7, 5), seed=1), random_points()
    indices = closure([(0, 0, 2), (1, 1)])
    by_jet = of_jet(network.outputs(network.prepare(points, indices)), indices, points, ("x", "y", "t"), ("u", "v"))
    by_network = of_network(network, points, ("x", "y", "t"), ("u", "v"))
    torch.testing.assert_close(getattr(by_jet, name), getattr(by_network, name), rtol=1e-10, atol=1e-10)


def test_the_slope_along_the_normal():
    normals = random_points(seed=3)
    f = of_polynomials(normals)
    wanted = normals[:, 0] * f.u_x + normals[:, 1] * f.u_y + normals[:, 2] * f.u_t
    torch.testing.assert_close(f.normal_derivative("u"), wanted)
    assert torch.equal(f.n_y, normals[:, 1])


def test_an_output_whose_name_ends_like_a_derivative_is_found_first():
    f = of_network(lambda q: torch.stack([q[:, 0], q[:, 0] ** 2], dim=1), random_points(5, 1), ("x",), ("c_a", "n"))
    torch.testing.assert_close(f.c_a_x, torch.ones(5, dtype=F64))
    # "n" is an output here, so n_x is its derivative and no normal.
    torch.testing.assert_close(f.n_x, 2 * f.x)


@pytest.mark.parametrize("name", ["w", "u_z", "w_x", "u_", "_x", "u_x_t", "ux", "n_xy"])
def test_names_that_are_not_there_say_which_are(name):
    with pytest.raises(AttributeError, match=f"no field '{name}': the outputs are u, v, the coordinates x, y, t"):
        getattr(of_polynomials(torch.ones(5, 3)), name)


def test_normals_that_are_not_there_are_missed():
    with pytest.raises(ValueError, match="no normals at these points: they were not sampled from a boundary"):
        of_polynomials().normal_derivative("u")
    with pytest.raises(ValueError, match="no normals"):
        _ = of_polynomials().n_x


def test_fields_can_be_copied():
    f = copy.copy(of_polynomials())
    assert torch.equal(f.x, random_points()[:, 0])


def test_asking_twice_differentiates_once():
    calls = []

    def network(q):
        calls.append(1)
        return q[:, 0] ** 3

    f = of_network(network, random_points(5, 1), ("x",), ("u",))
    assert f.u_xx is f.u_xx
    assert f.u_x is f.u_x
    assert len(calls) == 1


def test_a_network_with_other_outputs_is_named():
    with pytest.raises(
        ValueError, match=r"returned shape \(5, 1\) for 5 points and 2 outputs \(u, v\); expected \(5, 2\)"
    ):
        of_network(MLP(3, 1, (3,)), random_points(), ("x", "y", "t"), ("u", "v"))


def test_what_an_equation_needs_is_found_by_asking():
    outputs = ("u", "v")
    assert needed_derivatives(lambda f: f.x, ("x", "y"), outputs) == []
    assert needed_derivatives(lambda f: f.u_xy + f.v_yx * f.v, ("x", "y"), outputs) == [(), (0, 1)]
    assert needed_derivatives(lambda f: f.laplacian("v"), ("x", "t"), outputs) == [(0, 0)]
    # Time takes no part in a Laplacian, and without a time all coordinates do.
    assert needed_derivatives(lambda f: f.laplacian("u"), ("x", "y"), outputs) == [(0, 0), (1, 1)]
    assert needed_derivatives(lambda f: f.laplacian("u"), ("x", "y", "z"), outputs) == [(0, 0), (1, 1), (2, 2)]
    assert needed_derivatives(lambda f: f.normal_derivative("u"), ("x", "y"), outputs) == [(0,), (1,)]


def test_asking_leaves_the_global_generator_alone():
    torch.manual_seed(3)
    wanted = torch.rand(2)
    torch.manual_seed(3)
    needed_derivatives(lambda f: f.u_x, ("x",), ("u",))
    assert torch.equal(torch.rand(2), wanted)


def test_fields_are_what_they_are_given():
    f = Fields(torch.tensor([[2.0]]), ("x",), ("u",), lambda output, index: torch.tensor([float(len(index))]))
    assert [f.u.item(), f.u_x.item(), f.u_xx.item()] == [0.0, 1.0, 2.0]


def test_asking_happens_at_the_points_of_the_caller():
    points, seen = random_points(7, 1) + 10, []
    values = torch.arange(7.0, dtype=F64)
    wanted = needed_derivatives(lambda f: seen.append(f.points) or f.u_x - values, ("x",), ("u",), points)
    assert wanted == [(0,)]
    assert torch.equal(seen[0], points)


def test_numbers_become_a_tensor_whatever_holds_them():
    frozen = np.arange(6.0).reshape(3, 2)
    frozen.flags.writeable = False
    tensor = torch.as_tensor(frozen.copy())
    for values in (frozen, frozen.tolist(), tensor, tensor.float(), frozen.astype(int), frozen.astype(np.float32)):
        found = tensor_of(values)
        assert found.dtype == F64
        assert found.tolist() == frozen.tolist()
    third = tensor_of([1 / 3])
    assert third.item() == 1 / 3  # not by way of single precision
    assert tensor_of(frozen, torch.float32).dtype == torch.float32
    array = np.zeros(2)
    found = tensor_of(array)
    array[0] = 1
    assert found.tolist() == [0, 0]
