"""The ansatz: shapes, start, conditions that hold whatever the weights, and its derivatives."""

import itertools

import pytest
import torch
from torch import nn

from nndl_support.pinn import taylor
from nndl_support.pinn.network import MLP, FourierFeatures, HardConstraint, Rescale, hard_constraint, jet_of, leibniz
from nndl_support.pinn.operators import partial
from nndl_support.pinn.taylor import closure

F64 = torch.float64
ALL_OF_TWO = [index for n in range(4) for index in itertools.combinations_with_replacement(range(2), n)]


def random_points(n=5, d=2, seed=0):
    return torch.rand(n, d, generator=torch.Generator().manual_seed(seed), dtype=F64)


def lift(q):
    return torch.stack([torch.sin(3 * q[:, 0]) * q[:, 1], torch.exp(q[:, 0] - q[:, 1])], dim=1)


def factor(q):
    return torch.stack([q[:, 0] * (1 - q[:, 0]) * torch.cos(q[:, 1]), q[:, 1] ** 3], dim=1)


def test_a_network_without_features_is_the_sequence_of_its_layers():
    network = MLP(3, 2, (7, 5), activation="silu", seed=1)
    a, b, c = network.layers
    points = random_points(4, 3)
    plain = nn.Sequential(a, nn.SiLU(), b, nn.SiLU(), c)
    torch.testing.assert_close(network(points), plain(points), rtol=1e-12, atol=1e-13)


def test_sizes_follow_the_features():
    network = MLP(2, 3, (7, 5), embedding=FourierFeatures(2, 6))
    assert [(layer.in_features, layer.out_features) for layer in network.layers] == [(6, 7), (7, 5), (5, 3)]
    assert network(random_points()).shape == (5, 3)
    assert MLP(2, 1, ()).layers[0].weight.shape == (1, 2)


def test_weights_start_as_glorot_and_bengio_propose():
    network = MLP(2, 1, (300, 200), seed=0)
    assert network.layers[1].weight.std().item() == pytest.approx((2 / 500) ** 0.5, rel=0.03)
    assert not any(layer.bias.any() for layer in network.layers)


def test_the_start_is_the_normal_one_of_torch_layer_by_layer():
    generator = torch.Generator().manual_seed(4)
    for layer in MLP(3, 2, (7, 5), seed=4).layers:
        wanted = nn.init.xavier_normal_(torch.empty_like(layer.weight), generator=generator)
        assert torch.equal(layer.weight.detach(), wanted)


def test_the_seed_decides_the_start_and_no_global_generator():
    torch.manual_seed(5)
    one = MLP(2, seed=3)
    torch.manual_seed(6)
    same, other = MLP(2, seed=3), MLP(2, seed=4)
    points = random_points()
    assert torch.equal(one(points), same(points))
    assert not torch.equal(one(points), other(points))


def test_single_precision_is_kept_throughout():
    network = hard_constraint(MLP(2, 2, (7,), embedding=Rescale([0, 0], [2, 1]), dtype=torch.float32), lift, factor)
    assert network.dtype == network.network.dtype == torch.float32
    points = random_points().float()
    assert network(points).dtype == torch.float32
    assert network.outputs(network.prepare(points, closure([(0, 1)]))).dtype == torch.float32


@pytest.mark.parametrize("activation", taylor.ACTIVATIONS)
def test_derivatives_inside_hard_constraints_are_those_of_nested_reverse_mode(activation):
    inner = MLP(2, 2, (7, 5), activation=activation, embedding=Rescale([-1, 0], [1, 2]), seed=1)
    network, points, indices = hard_constraint(inner, lift, factor), random_points(), closure(ALL_OF_TWO)
    jet = network.outputs(network.prepare(points, indices))
    q = points.requires_grad_()
    values = network(q)
    for k, index in enumerate(indices):
        wanted = torch.stack([partial(values[:, c], q, index) for c in range(2)], dim=1)
        torch.testing.assert_close(jet[k], wanted, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("indices", [((),), closure([(0, 0), (1,)])])
def test_prepared_points_give_what_the_network_gives(indices):
    for network in (MLP(2, 2, (7,), seed=0), hard_constraint(MLP(2, 2, (7,), seed=0), lift, factor)):
        points = random_points()
        outputs, inputs, sums = network.traced(network.prepare(points, indices))
        torch.testing.assert_close(outputs[0], network(points), rtol=1e-12, atol=1e-13)
        assert [z.shape for z in sums] == [(len(indices), 5, 7), (len(indices), 5, 2)]
        assert [a.shape for a in inputs] == [(len(indices), 5, 2), (len(indices), 5, 7)]
        torch.testing.assert_close(outputs, network.outputs(network.prepare(points, indices)))


@pytest.mark.parametrize("seed", range(4))
def test_conditions_built_in_hold_exactly_whatever_the_weights(seed):
    network = hard_constraint(MLP(2, 2, (7, 5), seed=seed), lift, factor)
    with torch.no_grad():
        for p in network.parameters():
            p.mul_(10).add_(0.3)
    edge = random_points()
    edge[:, 0] = torch.tensor([0.0, 1.0, 0.0, 1.0, 0.0])
    assert torch.equal(network(edge)[:, 0], lift(edge)[:, 0])
    floor = random_points()
    floor[:, 1] = 0.0
    assert torch.equal(network(floor)[:, 1], lift(floor)[:, 1])
    # A factor with a double zero fixes the slope too.
    q = floor.requires_grad_()
    slope = partial(network(q)[:, 1], q, (1,))
    torch.testing.assert_close(slope, partial(lift(q)[:, 1], q, (1,)), rtol=1e-14, atol=1e-14)


def test_lift_and_factor_of_one_column_may_be_flat():
    flat = hard_constraint(MLP(2, 1, (3,)), lambda q: q[:, 0], lambda q: 1 - q[:, 1])
    column = hard_constraint(MLP(2, 1, (3,)), lambda q: q[:, :1], lambda q: 1 - q[:, 1:])
    assert torch.equal(flat(random_points()), column(random_points()))


def test_lift_that_is_constant_has_no_derivatives():
    network = hard_constraint(MLP(2, 1, (3,)), lambda q: torch.full_like(q[:, 0], 2.0), lambda q: 0 * q[:, 0])
    jet = network.outputs(network.prepare(random_points(), closure([(0, 1)])))
    assert jet[0].eq(2).all()
    assert not jet[1:].any()


def test_the_rule_of_leibniz_for_powers():
    # x^2 y times x y^3: every derivative of x^3 y^4.
    points, indices = random_points().requires_grad_(), closure([(0, 0, 1), (1, 1, 1)])
    x, y = points.unbind(1)
    one, two, both = (jet_of(f, points, indices) for f in POWERS)
    torch.testing.assert_close(leibniz(one, two, indices), both, rtol=1e-12, atol=1e-12)
    place = indices.index((0, 0, 1))
    torch.testing.assert_close(both[place, :, 0], (6 * x * 4 * y**3).detach(), rtol=1e-12, atol=1e-12)


POWERS = (
    lambda q: (q[:, 0] ** 2 * q[:, 1])[:, None],
    lambda q: (q[:, 0] * q[:, 1] ** 3)[:, None],
    lambda q: (q[:, 0] ** 3 * q[:, 1] ** 4)[:, None],
)


def test_jets_of_features_carry_no_graph():
    prepared = hard_constraint(MLP(2, 2, (3,)), lift, factor).prepare(random_points(), closure([(0,)]))
    assert not any(t.requires_grad for t in (prepared.features, prepared.lift, prepared.factor))


def test_jets_are_made_where_gradients_are_off_too():
    with torch.no_grad():
        jet = jet_of(lift, random_points(), closure([(0,)]))
    assert jet[1].any()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: MLP(2, 1, (3, 0)), r"n_inputs is 2, n_outputs 1 and hidden \(3, 0\); expected at least 1 everywhere"),
        (lambda: MLP(2, 0), "n_outputs 0"),
        (lambda: MLP(0), "n_inputs is 0"),
        (
            lambda: hard_constraint(MLP(2, 3), lambda q: q, lambda q: q[:, 0])(random_points()),
            r"lift or factor returned shape \(5, 2\) for 5 points; expected \(5, 3\)",
        ),
        (lambda: MLP(2, activation="relu"), "activation is 'relu'; known are tanh, sin"),
        (lambda: MLP(2)(torch.zeros(5, 3).double()), r"points have shape \(5, 3\), but the network has 2 inputs"),
        (lambda: MLP(2)(torch.zeros(2).double()), r"points have shape \(2,\)"),
        (lambda: MLP(2).prepare(torch.zeros(5, 3).double(), ((),)), r"points have shape \(5, 3\)"),
        (
            lambda: hard_constraint(MLP(2, 2), lambda q: q[:, 0], lambda q: torch.ones(5, 3))(random_points()),
            r"lift or factor returned shape \(5, 3\) for 5 points; expected \(5, 2\)",
        ),
        (
            lambda: HardConstraint(MLP(2, 1), lambda q: q[:3, 0], lambda q: q[:, 0])(random_points()),
            r"returned shape \(3, 1\) for 5 points; expected \(5, 1\)",
        ),
        (
            lambda: HardConstraint(MLP(2, 1), lambda q: 0.0, lambda q: q[:, 0])(random_points()),
            r"returned shape \(\) for 5 points; expected \(5, 1\)",
        ),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_an_embedding_with_weights_is_refused():
    # Points are carried through it once, so its weights would never learn.
    with pytest.raises(ValueError, match="the embedding Linear holds 2 tensors of weights; expected none"):
        MLP(2, embedding=nn.Linear(2, 3))
