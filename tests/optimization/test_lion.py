"""Lion: a step by hand, an independent implementation, the length of a step, the box of the weight decay, bad input."""

import importlib.util
import math
import timeit

import pytest
import torch

from nndl_support import records
from nndl_support.optimization.lion import Lion


def parameters(seed=0):
    generator = torch.Generator().manual_seed(seed)
    return [
        torch.randn(shape, generator=generator, dtype=torch.float64).requires_grad_() for shape in [(5, 3), (7,), ()]
    ]


def loss_of(params):
    return sum((p**2).sum() + torch.cos(3 * p + 1).sum() for p in params)


def run(optimizer, params, steps, scale=1.0):
    for _ in range(steps):
        optimizer.zero_grad()
        (scale * loss_of(params)).backward()
        optimizer.step()


def by_formula(params, gradient, steps, lr, beta1, beta2, weight_decay):
    """Algorithm 2 of Chen et al. (2023), entry by entry."""
    theta, m = [float(x) for x in params], [0.0] * len(params)
    for _ in range(steps):
        g = gradient(theta)
        for i, (x, old, new) in enumerate(zip(theta, m, g, strict=True)):
            c = beta1 * old + (1 - beta1) * new
            theta[i] = x - lr * (math.copysign(c != 0, c) + weight_decay * x)
            m[i] = beta2 * old + (1 - beta2) * new
    return theta


def test_two_steps_are_the_ones_computed_by_hand():
    theta = torch.tensor([1.0, 1.0], dtype=torch.float64, requires_grad=True)
    optimizer = Lion([theta], lr=0.125, betas=(0.5, 0.75), weight_decay=2.0)
    theta.grad = torch.tensor([4.0, 0.0], dtype=torch.float64)
    optimizer.step()
    assert theta.tolist() == [1 - 0.125 * (1 + 2), 1 - 0.125 * 2]  # no gradient yet: only the decay
    assert optimizer.state[theta]["exp_avg"].tolist() == [1.0, 0.0]
    theta.grad = torch.tensor([-1.0, -8.0], dtype=torch.float64)  # 0.5 * 1 + 0.5 * (-1) = 0 and -4
    optimizer.step()
    assert theta.tolist() == [0.625 * 0.75, 0.75 * 0.75 + 0.125]
    assert optimizer.state[theta]["exp_avg"].tolist() == [0.5, -2.0]


@pytest.mark.parametrize("weight_decay", [0.0, 0.3])
def test_it_is_the_algorithm_of_the_paper(weight_decay):
    theta = torch.linspace(-2, 2, 11, dtype=torch.float64).requires_grad_()
    expected = by_formula(
        theta.tolist(), lambda x: [4 * v**3 - 3 * math.sin(3 * v) for v in x], 300, 0.01, 0.8, 0.97, weight_decay
    )
    optimizer = Lion([theta], lr=0.01, betas=(0.8, 0.97), weight_decay=weight_decay)
    for _ in range(300):
        optimizer.zero_grad()
        (theta**4 + torch.cos(3 * theta)).sum().backward()
        optimizer.step()
    assert theta.tolist() == pytest.approx(expected, abs=1e-12)


@pytest.mark.skipif(not importlib.util.find_spec("pytorch_optimizer"), reason="pytorch_optimizer is not installed")
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"betas": (0.95, 0.98), "weight_decay": 0.2},
        {"weight_decay": 0.2, "maximize": True},
    ],
)
def test_it_agrees_with_an_independent_implementation(options):
    from pytorch_optimizer import Lion as Peer

    ours, theirs = parameters(), parameters()
    optimizer, peer = Lion(ours, lr=0.003, **options), Peer(theirs, lr=0.003, **options)
    for _ in range(200):
        run(optimizer, ours, 1)
        run(peer, theirs, 1)
        for a, b in zip(ours, theirs, strict=True):
            assert torch.allclose(a, b, rtol=0, atol=1e-12)


def test_every_coordinate_moves_by_the_learning_rate():
    params = parameters()
    optimizer = Lion(params, lr=2.0**-9)  # a power of two: sums with it are exact enough to compare differences
    for _ in range(50):
        before = [p.detach().clone() for p in params]
        run(optimizer, params, 1)
        for p, old in zip(params, before, strict=True):
            assert torch.allclose((p - old).abs(), torch.full_like(old, 2.0**-9), rtol=1e-12, atol=0)


def test_only_the_sign_of_the_gradient_counts():
    params, scaled = parameters(), parameters()
    run(Lion(params, lr=0.01), params, 40)
    run(Lion(scaled, lr=0.01), scaled, 40, scale=2.0**-20)
    for a, b in zip(params, scaled, strict=True):
        assert torch.equal(a, b)


@pytest.mark.parametrize("weight_decay", [0.5, 2.0])
def test_weight_decay_draws_every_coordinate_into_a_box(weight_decay):
    generator = torch.Generator().manual_seed(1)
    theta = (10 * torch.randn(101, generator=generator, dtype=torch.float64)).requires_grad_()
    optimizer, lr = Lion([theta], lr=0.02, weight_decay=weight_decay), 0.02
    excess = theta.detach().abs() - 1 / weight_decay
    for _ in range(400):
        theta.grad = torch.randn(101, generator=generator, dtype=torch.float64) + 1
        optimizer.step()
        # |theta| - 1/lambda shrinks by at least (1 - lr lambda), whatever the gradients are
        excess = torch.where(excess > 0, excess * (1 - lr * weight_decay), 0.0)
        assert (theta.detach().abs() - 1 / weight_decay <= excess + 1e-12).all()
    assert theta.detach().abs().max() > 0.5 / weight_decay


def test_it_descends_and_ends_within_a_step_of_the_minimum():
    theta = torch.tensor([1.7, -3.1], dtype=torch.float64, requires_grad=True)
    optimizer = Lion([theta], lr=0.01)
    for _ in range(1000):
        optimizer.zero_grad()
        (theta**2 * torch.tensor([1.0, 1e4])).sum().backward()
        optimizer.step()
    # it cannot come nearer than about a step, and momentum swings it a few steps beyond; the scales play no part
    assert theta.detach().abs().max() < 0.2


def test_maximising_is_minimising_the_negative():
    up, down = parameters(), parameters()
    run(Lion(up, lr=0.01, maximize=True), up, 30, scale=-1.0)
    run(Lion(down, lr=0.01), down, 30)
    for a, b in zip(up, down, strict=True):
        assert torch.equal(a, b)


def test_a_run_that_was_saved_and_resumed_is_the_run_that_was_not():
    straight, broken = parameters(), parameters()
    run(Lion(straight, lr=0.01), straight, 20)
    first = Lion(broken, lr=0.01)
    run(first, broken, 11)
    broken = [p.detach().clone().requires_grad_() for p in broken]
    second = Lion(broken, lr=99.0)
    second.load_state_dict(first.state_dict())
    run(second, broken, 9)
    for a, b in zip(straight, broken, strict=True):
        assert torch.equal(a, b)


def test_the_sign_hides_no_gradient_that_is_not_finite():
    theta = torch.ones(3, requires_grad=True)
    optimizer = Lion([theta])
    theta.grad = torch.tensor([1.0, float("inf"), 2.0])
    with pytest.raises(
        ValueError, match=r"parameter 0 of group 0 with shape \(3,\) has 1 of 3 entries that are NaN or"
    ):
        optimizer.step()
    assert theta.tolist() == [1.0, 1.0, 1.0]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"lr": -1e-4}, "lr is -0.0001"),
        ({"betas": (1.0, 0.9)}, r"betas\[0\] is 1.0; expected a number in \[0, 1\)"),
        ({"betas": (0.9, -0.1)}, r"betas\[1\] is -0.1"),
        ({"weight_decay": -0.1}, "weight_decay is -0.1"),
    ],
)
def test_options_out_of_range_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        Lion(parameters(), **options)


def test_an_empty_group_is_refused():
    with pytest.raises(ValueError, match="parameter group 1 is empty"):
        Lion([{"params": parameters()}, {"params": []}])


# The record of all new optimisers ----------------------------------------------------------------------------------------


def test_the_record_beside_the_peers_keeps_its_bar():
    record = records.load("optimization/new_optimizers")
    figures = record["figures"]
    assert set(figures) == {"lion", "muon", "muon_float32", "soap", "lbfgs"}
    assert record["bar"] == 1.5
    assert record["parameters"] == sum(math.prod(shape) for shape in record["shapes"]) >= 10**6
    missed = {}
    for name, figure in figures.items():
        for peer, ratios in figure["ratios"].items():
            assert len(ratios) == 3
            assert sorted(ratios)[1] == figure["median_ratio"][peer]
            if sorted(ratios)[1] > record["bar"]:
                missed[name] = peer
    assert set(missed) <= {"muon_float32"}  # twice the bits: reported, without a bar


def test_the_recorded_time_of_a_step_comes_out_again():
    """A loaded machine may be slow, but not by the factor that a Python loop over the entries would cost."""
    record = records.load("optimization/new_optimizers")
    params = [torch.zeros(shape, requires_grad=True) for shape in record["shapes"]]
    for p in params:
        p.grad = torch.ones_like(p)
    seconds = min(timeit.repeat(Lion(params, weight_decay=0.1).step, number=1, repeat=5))
    assert 1e3 * seconds < 30 * record["figures"]["lion"]["milliseconds"]["ours"]
