import math

import numpy as np
import pytest
import torch
from scipy import integrate, stats

from nndl_support.deep_belief.harmonium import Harmonium
from nndl_support.deep_belief.units import BernoulliUnits, GaussianUnits, JointUnits, SoftmaxUnits

F64 = torch.float64
B, V, H = 5, 3, 2


def machine(visible=None, hidden=None, *, n_visible=V, n_hidden=H, seed=0, scale=1.0):
    generator = torch.Generator().manual_seed(seed)
    n_visible, n_hidden = getattr(visible, "n", n_visible), getattr(hidden, "n", n_hidden)
    shapes = (n_visible, n_hidden), (n_visible,), (n_hidden,)
    W, a, b = (scale * torch.randn(shape, generator=generator, dtype=F64) for shape in shapes)
    return Harmonium(W, a, b, visible, hidden)


DISCRETE = [
    machine(),
    machine(SoftmaxUnits(6, 3)),
    machine(JointUnits([BernoulliUnits(2), SoftmaxUnits(3, 3)]), n_hidden=3),
    machine(hidden=SoftmaxUnits(3, 3)),
]


def joint_table(rbm):
    """p(v, h) of all states, from the energies written as loops over weights."""
    W, a, b = rbm.W.numpy(), rbm.a.numpy(), rbm.b.numpy()
    weight = np.array(
        [
            [
                math.exp(
                    sum(a[i] * v[i] for i in range(len(a)))
                    + sum(b[j] * h[j] for j in range(len(b)))
                    + sum(v[i] * W[i, j] * h[j] for i in range(len(a)) for j in range(len(b)))
                )
                for h in rbm.hidden.states().numpy()
            ]
            for v in rbm.visible.states().numpy()
        ]
    )
    return weight / weight.sum()


def all_pairs(rbm):
    v, h = rbm.visible.states(), rbm.hidden.states()
    return v.repeat_interleave(len(h), 0), h.repeat(len(v), 1)


# Enumeration --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rbm", DISCRETE, ids=lambda rbm: repr(rbm.visible))
def test_energy_gives_the_joint_distribution(rbm):
    p = (-rbm.energy(*all_pairs(rbm))).softmax(0)
    np.testing.assert_allclose(p, joint_table(rbm).ravel(), rtol=1e-12)


@pytest.mark.parametrize("rbm", DISCRETE, ids=lambda rbm: repr(rbm.visible))
def test_free_energies_give_both_marginals(rbm):
    table = joint_table(rbm)
    np.testing.assert_allclose((-rbm.free_energy(rbm.visible.states())).softmax(0), table.sum(1), rtol=1e-12)
    np.testing.assert_allclose((-rbm.hidden_free_energy(rbm.hidden.states())).softmax(0), table.sum(0), rtol=1e-12)


@pytest.mark.parametrize("rbm", DISCRETE, ids=lambda rbm: repr(rbm.visible))
def test_means_are_the_conditionals_of_the_table(rbm):
    table = joint_table(rbm)
    given_v = table / table.sum(1, keepdims=True)
    given_h = table / table.sum(0, keepdims=True)
    v, h = rbm.visible.states(), rbm.hidden.states()
    np.testing.assert_allclose(rbm.mean_hidden(v), given_v @ h.numpy(), rtol=1e-11)
    np.testing.assert_allclose(rbm.mean_visible(h), given_h.T @ v.numpy(), rtol=1e-11)


@pytest.mark.parametrize("rbm", DISCRETE, ids=lambda rbm: repr(rbm.visible))
def test_a_gibbs_step_leaves_the_distribution_as_it_is(rbm):
    table = joint_table(rbm)
    p_h_given_v = table / table.sum(1, keepdims=True)
    p_v_given_h = table / table.sum(0, keepdims=True)
    transition = p_h_given_v @ p_v_given_h.T
    np.testing.assert_allclose(table.sum(1) @ transition, table.sum(1), rtol=1e-12)
    # and the chain of the program does what this matrix says
    n, start = 30_000, 1
    v = rbm.visible.states()[start].expand(n, -1)
    moved = rbm.gibbs_step(v, torch.Generator().manual_seed(2))
    counts = [(moved == state).all(-1).sum().item() for state in rbm.visible.states()]
    assert stats.chisquare(counts, n * transition[start]).pvalue > 1e-4


def test_long_chains_end_in_the_marginal_distribution():
    rbm, n = machine(seed=3), 20_000
    v = torch.zeros(n, V, dtype=F64)
    generator = torch.Generator().manual_seed(0)
    for _ in range(30):
        v = rbm.gibbs_step(v, generator)
    counts = [(v == state).all(-1).sum().item() for state in rbm.visible.states()]
    assert stats.chisquare(counts, n * joint_table(rbm).sum(1)).pvalue > 1e-4


# Real units: numerical integration ------------------------------------------------------------------------------------------


def test_free_energy_of_the_layer_opposite_to_a_gaussian_one_is_an_integral_over_it():
    rbm = machine(GaussianUnits(1), n_hidden=2, scale=0.8)
    for h in rbm.hidden.states():

        def weight(x, h=h):
            return float((-rbm.energy(torch.tensor([[x]], dtype=F64), h[None])).exp())

        area, _ = integrate.quad(weight, -20, 20)
        assert float(rbm.hidden_free_energy(h[None])) == pytest.approx(-math.log(area), abs=1e-8)


def test_conditional_density_of_a_gaussian_hidden_unit_is_normal_with_its_field_as_mean():
    rbm = machine(hidden=GaussianUnits(1), scale=0.8)
    v = torch.tensor([[1.0, 0.0, 1.0]], dtype=F64)
    weight = lambda x: float((-rbm.energy(v, torch.tensor([[x]], dtype=F64))).exp())  # noqa: E731
    area, _ = integrate.quad(weight, -20, 20)
    mean, _ = integrate.quad(lambda x: x * weight(x) / area, -20, 20)
    square, _ = integrate.quad(lambda x: x * x * weight(x) / area, -20, 20)
    assert mean == pytest.approx(float(rbm.mean_hidden(v)), abs=1e-8)
    assert square - mean**2 == pytest.approx(1.0, abs=1e-8)
    assert -math.log(area) == pytest.approx(float(rbm.free_energy(v)), abs=1e-8)


@pytest.mark.parametrize("layer", ["visible", "hidden"])
def test_the_printed_minus_before_a_squared_hidden_state_leaves_nothing_to_normalise(layer):
    """Qiu 12.60 has -(h - mu)^2 / 2 sigma^2 in the energy where 12.59 has a plus: with the minus no integral exists."""
    rbm = machine(GaussianUnits(1), n_hidden=1) if layer == "visible" else machine(hidden=GaussianUnits(1), n_visible=1)
    one = torch.ones(1, 1, dtype=F64)

    def weight(x, sign):
        here = torch.tensor([[x]], dtype=F64)
        pair = (here, one) if layer == "visible" else (one, here)
        own = 0.5 * here.square().sum()
        return float((-(rbm.energy(*pair) - own + sign * own)).exp())

    right, wrong = (
        [integrate.quad(weight, -limit, limit, args=(sign,))[0] for limit in (6.0, 9.0, 12.0)] for sign in (1, -1)
    )
    assert right[2] == pytest.approx(right[0], rel=1e-3)
    assert wrong[2] > 1e6 * wrong[1] > 1e12 * wrong[0] > 0


def test_what_zhou_calls_a_threshold_acts_as_a_bias():
    """(5.20): E = -sum w s s - sum theta s; a larger theta makes its unit fire more often, not less."""
    rbm = machine()
    raised = Harmonium(rbm.W, rbm.a, rbm.b + torch.tensor([1.0, 0.0], dtype=F64))
    assert (
        raised.mean_hidden(BernoulliUnits(V).states())[:, 0] > rbm.mean_hidden(BernoulliUnits(V).states())[:, 0]
    ).all()
    assert joint_table(raised).sum(0)[[2, 3]].sum() > joint_table(rbm).sum(0)[[2, 3]].sum()


def test_free_energy_of_real_hidden_states_is_a_sum_over_visible_ones():
    rbm = machine(hidden=GaussianUnits(2))
    h = torch.tensor([[0.7, -1.9]], dtype=F64)
    v = rbm.visible.states()
    total = (-rbm.energy(v, h.expand(len(v), -1))).logsumexp(0)
    torch.testing.assert_close(rbm.hidden_free_energy(h)[0], -total)


# Properties ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rbm", DISCRETE, ids=lambda rbm: repr(rbm.visible))
def test_transposing_exchanges_the_names_and_nothing_else(rbm):
    other = rbm.transposed()
    v, h = all_pairs(rbm)
    torch.testing.assert_close(other.energy(h, v), rbm.energy(v, h))
    torch.testing.assert_close(other.free_energy(h), rbm.hidden_free_energy(h))
    torch.testing.assert_close(other.mean_visible(v), rbm.mean_hidden(v))
    assert other.transposed().visible is rbm.visible


def test_energy_falls_by_the_field_when_a_hidden_unit_is_switched_on():
    rbm, v = machine(), BernoulliUnits(V).states()
    off, on = torch.tensor([[0.0, 1.0]], dtype=F64), torch.tensor([[1.0, 1.0]], dtype=F64)
    drop = rbm.energy(v, off) - rbm.energy(v, on)
    torch.testing.assert_close(drop, rbm.hidden_field(v)[:, 0])
    torch.testing.assert_close(rbm.mean_hidden(v)[:, 0], torch.sigmoid(drop))


def test_batches_with_more_axes_are_loops():
    rbm = machine()
    v = torch.randint(0, 2, (7, B, V), generator=torch.Generator().manual_seed(0)).to(F64)
    h = torch.randint(0, 2, (7, B, H), generator=torch.Generator().manual_seed(1)).to(F64)
    for whole, each in (
        (rbm.energy(v, h), [rbm.energy(x, y) for x, y in zip(v, h)]),
        (rbm.free_energy(v), [rbm.free_energy(x) for x in v]),
        (rbm.mean_hidden(v), [rbm.mean_hidden(x) for x in v]),
        (rbm.mean_visible(h), [rbm.mean_visible(y) for y in h]),
    ):
        torch.testing.assert_close(whole, torch.stack(each))


def test_precision_can_be_changed_and_units_stay():
    rbm = machine(SoftmaxUnits(6, 3))
    single = rbm.to(torch.float32)
    assert single.W.dtype == single.a.dtype == single.b.dtype == torch.float32
    assert single.visible is rbm.visible
    assert rbm.W.dtype == F64


def test_thousands_of_binary_units_are_no_trouble():
    rbm = Harmonium(torch.zeros(1500, 1100), torch.zeros(1500), torch.zeros(1100))
    assert float(rbm.free_energy(torch.zeros(1, 1500))) == pytest.approx(-1100 * math.log(2), rel=1e-6)


# Errors -------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        (((3, 2), (2,), (2,)), r"W has shape \(3, 2\), a \(2,\), b \(2,\); expected \(V, H\), \(V,\) and \(H,\)"),
        (((3, 2), (3,), (3,)), r"a \(3,\), b \(3,\); expected"),
        (((3,), (3,), (3,)), r"W has shape \(3,\)"),
    ],
)
def test_shapes_that_do_not_match_are_named(parts, message):
    with pytest.raises(ValueError, match=message):
        Harmonium(*(torch.zeros(shape) for shape in parts))


def test_units_that_do_not_match_are_named():
    with pytest.raises(ValueError, match=r"W has shape \(3, 2\), but the hidden layer is BernoulliUnits\(5\)"):
        Harmonium(torch.zeros(3, 2), torch.zeros(3), torch.zeros(2), hidden=BernoulliUnits(5))
    with pytest.raises(ValueError, match=r"but the visible layer is GaussianUnits\(2\)"):
        Harmonium(torch.zeros(3, 2), torch.zeros(3), torch.zeros(2), GaussianUnits(2))


def test_two_layers_of_real_units_are_refused():
    with pytest.raises(ValueError, match="at least one of them must have finitely many states"):
        Harmonium(torch.zeros(3, 2), torch.zeros(3), torch.zeros(2), GaussianUnits(3), GaussianUnits(2))


def test_columns_that_do_not_fit_are_named():
    rbm = machine()
    with pytest.raises(ValueError, match="v has 2 columns, but the machine has 3 visible units"):
        rbm.mean_hidden(torch.zeros(1, 2, dtype=F64))
    with pytest.raises(ValueError, match="h has 3 columns, but the machine has 2 hidden units"):
        rbm.mean_visible(torch.zeros(1, 3, dtype=F64))
