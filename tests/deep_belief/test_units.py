import itertools
import math

import numpy as np
import pytest
import torch
from scipy import integrate, stats

from nndl_support.deep_belief.units import BernoulliUnits, GaussianUnits, JointUnits, SoftmaxUnits, Units

F64 = torch.float64
LAYERS = [
    BernoulliUnits(3),
    SoftmaxUnits(6, 3),
    SoftmaxUnits(2, 2),
    JointUnits([BernoulliUnits(2), SoftmaxUnits(3, 3)]),
    JointUnits([SoftmaxUnits(2, 2), BernoulliUnits(1), SoftmaxUnits(5, 5)]),
]
CONTINUOUS = [GaussianUnits(2), JointUnits([BernoulliUnits(1), GaussianUnits(3)])]


def field_of(layer, *rows, seed=0):
    return torch.randn(*rows, layer.n, generator=torch.Generator().manual_seed(seed), dtype=F64) * 2


def weights_by_hand(layer, field):
    """exp(field' v - B(v)) of every state, with Python's own arithmetic."""
    return [
        math.exp(sum(f * x for f, x in zip(field.tolist(), v.tolist()))) * math.exp(-float(layer.own_energy(v)))
        for v in layer.states()
    ]


# The states themselves ---------------------------------------------------------------------------------------------------


def test_states_of_bernoulli_units_are_all_bit_strings_in_the_order_of_binary_numbers():
    assert BernoulliUnits(3).states().tolist() == [
        list(map(float, bits)) for bits in itertools.product((0, 1), repeat=3)
    ]


def test_states_of_softmax_units_are_all_choices_of_one_in_every_group():
    expected = [np.concatenate([np.eye(3)[i], np.eye(3)[j]]) for i in range(3) for j in range(3)]
    np.testing.assert_array_equal(SoftmaxUnits(6, 3).states(), expected)


@pytest.mark.parametrize("layer", LAYERS, ids=repr)
def test_there_are_as_many_states_as_announced_all_different_and_all_accepted(layer):
    states = layer.states()
    assert len(states) == layer.n_states == len(torch.unique(states, dim=0))
    layer.check(states)
    layer.check(states, probabilities=True)
    assert states.dtype == F64
    assert layer.states(dtype=torch.float32).dtype == torch.float32


def test_joint_states_are_pairs_of_states():
    layer = JointUnits([BernoulliUnits(2), SoftmaxUnits(3, 3)])
    pairs = [np.concatenate([v, y]) for v in BernoulliUnits(2).states() for y in SoftmaxUnits(3, 3).states()]
    np.testing.assert_array_equal(layer.states(), pairs)


def test_layers_wider_than_any_float_can_count_still_say_how_many_states_they_have():
    wide = BernoulliUnits(2000)
    assert wide.n_states == 2**2000
    assert JointUnits([wide, SoftmaxUnits(10, 10)]).n_states == 10 * 2**2000
    assert JointUnits([wide, GaussianUnits(1)]).n_states == math.inf


@pytest.mark.parametrize("layer", CONTINUOUS, ids=repr)
def test_real_units_have_infinitely_many_states_and_list_none(layer):
    assert layer.n_states == math.inf
    with pytest.raises(ValueError, match="infinitely many states: enumerate the other layer"):
        layer.states()


# Log-normaliser, mean, samples -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("layer", LAYERS, ids=repr)
def test_log_normalizer_is_the_sum_over_all_states(layer):
    field = field_of(layer)
    assert float(layer.log_normalizer(field)) == pytest.approx(math.log(sum(weights_by_hand(layer, field))), abs=1e-12)


@pytest.mark.parametrize("layer", LAYERS, ids=repr)
def test_mean_is_the_average_over_all_states(layer):
    field = field_of(layer)
    weights = np.array(weights_by_hand(layer, field))
    np.testing.assert_allclose(layer.mean(field), weights @ layer.states().numpy() / weights.sum(), rtol=1e-12)


@pytest.mark.parametrize("layer", LAYERS + CONTINUOUS, ids=repr)
def test_mean_is_the_gradient_of_the_log_normalizer(layer):
    field = field_of(layer, 5).requires_grad_()
    (gradient,) = torch.autograd.grad(layer.log_normalizer(field).sum(), field)
    torch.testing.assert_close(layer.mean(field), gradient, rtol=1e-12, atol=1e-14)


def test_log_normalizer_of_gaussian_units_is_the_integral():
    field = torch.tensor([0.7, -1.3], dtype=F64)

    def weight(y, x):
        return math.exp(-float(GaussianUnits(2).own_energy(torch.tensor([x, y], dtype=F64))) + x * 0.7 - y * 1.3)

    area, _ = integrate.dblquad(weight, -9, 9, -9, 9, epsabs=1e-7)
    assert float(GaussianUnits(2).log_normalizer(field)) == pytest.approx(math.log(area), abs=1e-6)


def test_bernoulli_log_normalizer_is_exact_where_softplus_switches_to_a_straight_line():
    field = torch.linspace(-45, 45, 181, dtype=F64)[:, None]
    np.testing.assert_allclose(
        BernoulliUnits(1).log_normalizer(field), np.logaddexp(0, field[:, 0].numpy()), rtol=2e-15, atol=1e-20
    )


@pytest.mark.parametrize("layer", LAYERS, ids=repr)
def test_samples_occur_as_often_as_their_probability_says(layer):
    field = field_of(layer) / 2
    n = 40_000
    drawn = layer.sample(field.expand(n, -1), torch.Generator().manual_seed(1))
    layer.check(drawn)
    probability = np.array(weights_by_hand(layer, field))
    probability /= probability.sum()
    counts = [(drawn == state).all(-1).sum().item() for state in layer.states()]
    assert stats.chisquare(counts, n * probability).pvalue > 1e-4


def test_gaussian_samples_have_the_mean_of_the_field_and_variance_one():
    field = torch.tensor([3.0, -1.0], dtype=F64)
    drawn = GaussianUnits(2).sample(field.expand(40_000, -1), torch.Generator().manual_seed(0))
    for column, centre in enumerate((3.0, -1.0)):
        assert stats.kstest(drawn[:, column].numpy(), stats.norm(centre, 1).cdf).pvalue > 1e-4


@pytest.mark.parametrize("layer", LAYERS + CONTINUOUS, ids=repr)
@pytest.mark.parametrize("dtype", [torch.float32, F64])
def test_batches_of_any_shape_and_precision_are_loops_over_rows(layer, dtype):
    field = field_of(layer, 3, 5).to(dtype)
    for function in (layer.log_normalizer, layer.mean, layer.own_energy):
        whole = function(field)
        assert whole.dtype == dtype
        rows = torch.stack([torch.stack([function(row) for row in block]) for block in field])
        torch.testing.assert_close(whole, rows)
    drawn = layer.sample(field, torch.Generator().manual_seed(0))
    assert drawn.shape == field.shape
    assert drawn.dtype == dtype


@pytest.mark.parametrize("layer", LAYERS + CONTINUOUS, ids=repr)
def test_the_same_generator_draws_the_same_states(layer):
    field = field_of(layer, 7)
    first, second = (layer.sample(field, torch.Generator().manual_seed(3)) for _ in range(2))
    assert torch.equal(first, second)


def test_two_categories_are_one_bernoulli_unit():
    x = torch.tensor([1.7], dtype=F64)
    pair = torch.cat([torch.zeros(1, dtype=F64), x])
    assert float(SoftmaxUnits(2, 2).mean(pair)[1]) == pytest.approx(float(BernoulliUnits(1).mean(x)), abs=1e-15)


def test_only_differences_inside_of_a_group_matter_to_its_mean():
    layer, field = SoftmaxUnits(6, 3), field_of(SoftmaxUnits(6, 3))
    shifted = field + torch.tensor([5.0] * 3 + [-2.0] * 3, dtype=F64)
    torch.testing.assert_close(layer.mean(shifted), layer.mean(field))
    assert float(layer.log_normalizer(shifted) - layer.log_normalizer(field)) == pytest.approx(3.0)


# Errors ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("layer", "v", "message"),
    [
        (BernoulliUnits(2), [[0.0, 1.0, 1.0]], r"got 3 columns, but the layer is BernoulliUnits\(2\)"),
        (BernoulliUnits(2), [[0.0, math.nan]], "1 of 2 entries are NaN or infinite"),
        (GaussianUnits(2), [[0.0, -math.inf]], "1 of 2 entries are NaN or infinite"),
        (BernoulliUnits(2), [[0.0, 0.5]], "1 of 2 entries are not 0 or 1, the first is 0.5"),
        (SoftmaxUnits(4, 2), [[1.0, 0.0, 1.0, 1.0]], "1 of 2 groups of 2 columns do not hold zeros and a single 1"),
        (SoftmaxUnits(2, 2), [[0.5, 0.5]], "1 of 1 groups of 2 columns do not hold zeros and a single 1"),
        (JointUnits([GaussianUnits(1), BernoulliUnits(1)]), [[7.0, 2.0]], "the first is 2: Bernoulli units"),
    ],
)
def test_what_is_no_state_is_named(layer, v, message):
    with pytest.raises(ValueError, match=message):
        layer.check(torch.tensor(v))


@pytest.mark.parametrize(
    ("layer", "v", "message"),
    [
        (BernoulliUnits(2), [[-0.1, 1.2]], r"2 of 2 entries are not values in \[0, 1\], the first is -0.1"),
        (SoftmaxUnits(2, 2), [[0.5, 0.4]], "probabilities that sum to 1"),
        (SoftmaxUnits(2, 2), [[1.5, -0.5]], "probabilities that sum to 1"),
    ],
)
def test_what_is_no_mean_is_named(layer, v, message):
    with pytest.raises(ValueError, match=message):
        layer.check(torch.tensor(v), probabilities=True)


def test_means_are_accepted_as_probabilities():
    BernoulliUnits(2).check(torch.tensor([[0.3, 1.0]]), probabilities=True)
    SoftmaxUnits(4, 2).check(torch.tensor([[0.3, 0.7, 1.0, 0.0]]), probabilities=True)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: BernoulliUnits(0), "a layer needs at least 1 unit, not 0"),
        (lambda: SoftmaxUnits(5, 2), "5 columns are no whole number of groups of 2 categories"),
        (
            lambda: SoftmaxUnits(3, 1),
            r"3 columns are no whole number of groups of 1 categories \(at least 2 to a group\)",
        ),
        (lambda: JointUnits([]), "a layer needs at least 1 unit, not 0"),
    ],
)
def test_impossible_layers_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_the_common_class_leaves_the_mathematics_to_its_families():
    for method in ("log_normalizer", "mean", "sample"):
        with pytest.raises(NotImplementedError):
            getattr(Units(2), method)(torch.zeros(2))
