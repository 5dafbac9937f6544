"""Newton–Schulz against the singular value decomposition; Muon against PyTorch and pytorch_optimizer; properties; bad input."""

import copy
import functools
import importlib.util

import pytest
import torch

from nndl_support.optimization.muon import CONVERGENT, JORDAN, Muon, newton_schulz, polar_factor

F64 = torch.float64


def matrix(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=F64)


def parameters(shapes=((11, 7), (5, 13), (3, 3)), dtype=F64):
    return [matrix(*shape, seed=i).to(dtype).requires_grad_() for i, shape in enumerate(shapes)]


def loss_of(params):
    return sum(((p - 1) ** 2).sum() + torch.cos(3 * p).sum() for p in params)


def run(optimizer, params, steps, scale=1.0):
    for _ in range(steps):
        optimizer.zero_grad()
        (scale * loss_of(params)).backward()
        optimizer.step()


def largest_difference(first, second):
    return max((a - b).detach().abs().max().item() for a, b in zip(first, second, strict=True))


def with_singular_values(values, rows, columns, seed=0):
    """A matrix with given singular values, and its singular vectors."""
    k = len(values)
    u, v = (torch.linalg.qr(matrix(size, k, seed=seed + i))[0] for i, size in enumerate((rows, columns)))
    return u @ torch.diag(torch.as_tensor(values, dtype=F64)) @ v.T, u, v


# Newton–Schulz -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("rows", "columns"), [(7, 5), (5, 7), (5, 5)])
@pytest.mark.parametrize("coefficients", [JORDAN, CONVERGENT, (2.0, -1.5, 0.5)])
def test_the_iteration_changes_singular_values_by_a_polynomial_and_no_singular_vector(rows, columns, coefficients):
    values = torch.tensor([3.0, 1.5, 0.7, 0.2, 0.01], dtype=F64)
    m, u, v = with_singular_values(values, rows, columns)
    a, b, c = coefficients
    s = values / values.norm()
    for steps in range(7):
        assert torch.allclose(newton_schulz(m, steps, coefficients), u @ torch.diag(s) @ v.T, rtol=0, atol=1e-12)
        s = a * s + b * s**3 + c * s**5


@pytest.mark.parametrize(("rows", "columns"), [(11, 7), (7, 11), (7, 7)])
def test_with_convergent_coefficients_the_limit_is_the_polar_factor(rows, columns):
    m = matrix(rows, columns)
    exact = polar_factor(m)
    errors = [(newton_schulz(m, steps, CONVERGENT) - exact).abs().max().item() for steps in (0, 2, 4, 25)]
    assert errors == sorted(errors, reverse=True)
    assert errors[-1] < 1e-12


def test_the_error_of_the_convergent_iteration_falls_with_the_third_power():
    """The slope 1 has no linear and no quadratic term: s = 1 + e becomes 1 + (5/2) e^3."""
    s = 1 - torch.tensor([0.04, 0.02, 0.01], dtype=F64)
    a, b, c = CONVERGENT
    errors = 1 - (a * s + b * s**3 + c * s**5)
    assert (errors / (1 - s) ** 3).tolist() == pytest.approx([2.5] * 3, rel=0.1)


def test_the_polar_factor_is_the_nearest_matrix_with_orthonormal_columns():
    m = matrix(7, 5)
    u = polar_factor(m)
    assert torch.allclose(u.T @ u, torch.eye(5, dtype=F64), atol=1e-12)
    for seed in range(50):
        other = torch.linalg.qr(u + 0.3 * matrix(7, 5, seed=100 + seed))[0]
        assert (m - u).norm() < (m - other).norm()
        # and the steepest among those of spectral norm 1: its inner product with M is the sum of the singular values
        assert (m * other).sum() < (m * u).sum()
    assert (m * u).sum().item() == pytest.approx(torch.linalg.svdvals(m).sum().item(), rel=1e-12)


def test_five_steps_bring_singular_values_near_one_unless_they_are_tiny():
    relative = torch.logspace(-5, 0, 401, dtype=F64)
    # each alone beside a large one, so that the division by the norm leaves it as it is
    s = relative
    a, b, c = JORDAN
    for _ in range(5):
        s = a * s + b * s**3 + c * s**5
    settled = s[relative >= 0.002]
    assert 0.68 < settled.min() < 0.70
    assert 1.13 < settled.max() < 1.21
    # far below, the map is almost linear: a^5 = 485 times as large, and no more
    tiny = relative < 1e-4
    assert torch.allclose(s[tiny] / relative[tiny], torch.full_like(s[tiny], JORDAN[0] ** 5), rtol=0.02)


def test_a_random_wide_matrix_comes_out_between_two_thirds_and_one_and_a_quarter():
    for seed in range(5):
        values = torch.linalg.svdvals(newton_schulz(matrix(31, 97, seed=seed)))
        assert 0.68 < values.min() < values.max() < 1.21


def test_transposing_scaling_and_rotating_commute_with_it():
    m, q = matrix(7, 11), torch.linalg.qr(matrix(7, 7, seed=9))[0]
    x = newton_schulz(m)
    assert torch.allclose(newton_schulz(m.T), x.T, atol=1e-13)
    assert torch.allclose(newton_schulz(1000 * m), x, atol=1e-13)
    assert torch.allclose(newton_schulz(q @ m), q @ x, atol=1e-12)


def test_a_zero_matrix_stays_zero_and_fewer_bits_err_within_their_precision():
    assert newton_schulz(torch.zeros(3, 5)).abs().max() == 0
    m = matrix(13, 29)
    half = newton_schulz(m, dtype=torch.bfloat16)
    assert half.dtype == torch.bfloat16
    error = (half.to(F64) - newton_schulz(m)).abs().max()
    assert 1e-6 < error < 0.03  # 8 bits: 0.4 % for each of five steps


def test_a_vector_is_no_matrix():
    with pytest.raises(ValueError, match=r"the matrix has shape \(3,\); expected two dimensions"):
        newton_schulz(torch.ones(3))


# Muon --------------------------------------------------------------------------------------------------------------------


def by_formula(start, gradient, steps, *, lr, momentum, weight_decay, nesterov=True, scale=1.0):
    """Jordan's algorithm as it is printed, the momentum a sum and the orthogonal factor exact."""
    w, total = start.clone(), torch.zeros_like(start)
    for _ in range(steps):
        g = gradient(w)
        total = momentum * total + g
        w = (1 - lr * weight_decay) * w - lr * scale * polar_factor(g + momentum * total if nesterov else total)
    return w


@pytest.mark.parametrize("nesterov", [True, False])
@pytest.mark.parametrize(("shape", "scale"), [((7, 3), (7 / 3) ** 0.5), ((3, 7), 1.0), ((5, 5), 1.0)])
def test_it_is_the_algorithm_of_jordan_when_the_iteration_converges(shape, scale, nesterov):
    start, target = matrix(*shape), matrix(*shape, seed=1)
    options = {"lr": 0.01, "momentum": 0.8, "weight_decay": 0.3, "nesterov": nesterov}
    expected = by_formula(start, lambda w: w - target, 30, scale=scale, **options)
    w = start.clone().requires_grad_()
    optimizer = Muon([w], ns_coefficients=CONVERGENT, ns_steps=60, eps=1e-30, ns_dtype=None, **options)
    for _ in range(30):
        w.grad = w.detach() - target
        optimizer.step()
    assert torch.allclose(w, expected, rtol=0, atol=1e-10)


TORCH = pytest.mark.skipif(not hasattr(torch.optim, "Muon"), reason="PyTorch has Muon since 2.9")


@TORCH
@pytest.mark.parametrize(
    ("options", "steps"),
    [
        ({"lr": 0.02}, 1000),
        ({"lr": 0.02, "nesterov": False, "weight_decay": 0.3}, 100),
        ({"lr": 0.02, "adjust_lr_fn": "match_rms_adamw", "momentum": 0.5}, 100),
        ({"lr": 0.02, "adjust_lr_fn": "original", "ns_steps": 3, "ns_coefficients": (2.0, -1.5, 0.5)}, 100),
    ],
)
def test_it_walks_the_path_of_torch(options, steps):
    ours, theirs = parameters(), parameters()
    optimizer, peer = Muon(ours, **options), torch.optim.Muon(theirs, **options)
    for _ in range(steps // 20):
        run(optimizer, ours, 20)
        run(peer, theirs, 20)
        assert largest_difference(ours, theirs) <= 1e-12
    assert largest_difference(ours, parameters()) > 0.1


@TORCH
def test_a_state_of_torch_can_be_loaded():
    theirs = parameters()
    peer = torch.optim.Muon(theirs, lr=0.03, momentum=0.7)
    run(peer, theirs, 5)
    ours = [p.detach().clone().requires_grad_() for p in theirs]
    optimizer = Muon(ours)
    optimizer.load_state_dict(copy.deepcopy(peer.state_dict()))
    run(peer, theirs, 5)
    run(optimizer, ours, 5)
    assert optimizer.param_groups[0]["ns_dtype"] == torch.bfloat16
    assert largest_difference(ours, theirs) <= 1e-12


@TORCH
def test_torch_loses_the_size_of_its_momentum_in_bfloat16_without_nesterov():
    ours, theirs = parameters([(4, 6)], torch.bfloat16), parameters([(4, 6)], torch.bfloat16)
    for kind, (p,) in ((Muon, ours), (torch.optim.Muon, theirs)):
        optimizer = kind([p], nesterov=False, momentum=0.5)
        p.grad = torch.full_like(p, 8.0)
        optimizer.step()
        momentum = optimizer.state[p]["momentum_buffer"]
        if kind is Muon:
            assert (momentum == 4.0).all()
        elif (momentum == 4.0).all():
            pytest.skip("this release of PyTorch does not normalise the momentum")


@pytest.mark.skipif(not importlib.util.find_spec("pytorch_optimizer"), reason="pytorch_optimizer is not installed")
@pytest.mark.parametrize("dtype", [torch.bfloat16, F64])
@pytest.mark.parametrize(
    ("options", "peer_options"),
    [
        ({}, {}),
        (
            {"adjust_lr_fn": "match_rms_adamw", "nesterov": False, "momentum": 0.6},
            {"use_adjusted_lr": True, "nesterov": False, "momentum": 0.6},
        ),
    ],
)
def test_it_agrees_with_an_independent_implementation(dtype, options, peer_options, monkeypatch):
    base = pytest.importorskip("pytorch_optimizer.optimizer.muon.base", reason="pytorch_optimizer is older than 4")
    from pytorch_optimizer import Muon as Peer

    # The peer iterates in bfloat16, whatever the parameters are; its function has an argument for it that its class does not.
    name = "zero_power_via_newton_schulz_5"
    monkeypatch.setattr(base, name, functools.partial(getattr(base, name), dtype=dtype))
    ours, theirs = parameters(), parameters()
    optimizer = Muon(ours, lr=0.02, weight_decay=0.2, ns_dtype=dtype, **options)
    peer = Peer([{"params": theirs, "use_muon": True}], lr=0.02, weight_decay=0.2, **peer_options)
    for _ in range(20):
        run(optimizer, ours, 1)
        run(peer, theirs, 1)
        assert largest_difference(ours, theirs) <= (1e-12 if dtype == F64 else 1e-6)


def test_a_convolution_counts_as_the_matrix_of_its_filters():
    kernel, flat = matrix(5, 2, 3, 3).requires_grad_(), matrix(5, 2, 3, 3).reshape(5, 18).requires_grad_()
    ours, as_matrix = Muon([kernel], lr=0.1), Muon([flat], lr=0.1)
    for seed in range(4):
        kernel.grad = matrix(5, 2, 3, 3, seed=seed + 1)
        flat.grad = kernel.grad.reshape(5, 18)
        ours.step()
        as_matrix.step()
    assert torch.equal(kernel.reshape(5, 18), flat)


def test_turning_the_coordinates_turns_the_path():
    left, right = (torch.linalg.qr(matrix(n, n, seed=n))[0] for n in (7, 5))
    straight, turned = matrix(7, 5).requires_grad_(), (left @ matrix(7, 5) @ right.T).requires_grad_()
    first, second = (Muon([p], lr=0.05, ns_dtype=None) for p in (straight, turned))
    for seed in range(10):
        straight.grad = matrix(7, 5, seed=seed + 20)
        turned.grad = left @ straight.grad @ right.T
        first.step()
        second.step()
    assert torch.allclose(turned, left @ straight @ right.T, rtol=0, atol=1e-10)


def test_the_size_of_the_gradient_plays_no_part():
    ours, scaled = parameters(), parameters()
    run(Muon(ours, lr=0.01, eps=1e-30, ns_dtype=None), ours, 20)
    run(Muon(scaled, lr=0.01, eps=1e-30, ns_dtype=None), scaled, 20, scale=2.0**-30)
    assert largest_difference(ours, scaled) < 1e-12


def test_maximising_is_minimising_the_negative():
    up, down = parameters(), parameters()
    run(Muon(up, lr=0.01, maximize=True), up, 10, scale=-1.0)
    run(Muon(down, lr=0.01), down, 10)
    assert largest_difference(up, down) == 0


def test_a_run_that_was_saved_and_resumed_is_the_run_that_was_not():
    straight, broken = parameters(), parameters()
    run(Muon(straight, lr=0.01), straight, 12)
    first = Muon(broken, lr=0.01)
    run(first, broken, 7)
    broken = [p.detach().clone().requires_grad_() for p in broken]
    second = Muon(broken, lr=99.0)
    second.load_state_dict(first.state_dict())
    run(second, broken, 5)
    assert largest_difference(straight, broken) == 0


def test_gradients_and_the_callers_tensors_stay_as_they_were():
    params = parameters()
    optimizer = Muon(params, nesterov=True)
    loss_of(params).backward()
    before = [p.grad.clone() for p in params]
    optimizer.step()
    assert all(torch.equal(p.grad, g) for p, g in zip(params, before, strict=True))


def test_a_vector_is_refused_by_place_and_the_group_is_not_added():
    optimizer = Muon(parameters())
    with pytest.raises(
        ValueError, match=r"parameter 1 of group 1 with shape \(5,\) is not a matrix; give it to another"
    ):
        optimizer.add_param_group({"params": [torch.ones(3, 5), torch.ones(5)]})
    assert len(optimizer.param_groups) == 1


def test_a_gradient_that_is_not_finite_is_named():
    params = parameters()
    optimizer = Muon(params)
    loss_of(params).backward()
    params[1].grad[0, 3] = float("nan")
    with pytest.raises(ValueError, match=r"parameter 1 of group 0 with shape \(5, 13\) has 1 of 65 entries"):
        optimizer.step()
    assert largest_difference(params, parameters()) == 0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"lr": -1.0}, "lr is -1.0"),
        ({"momentum": 1.0}, r"momentum is 1.0; expected a number in \[0, 1\)"),
        ({"weight_decay": -0.1}, "weight_decay is -0.1"),
        ({"ns_steps": -1}, "ns_steps is -1; expected a whole number >= 0"),
        ({"ns_coefficients": (1.5, -0.5)}, "ns_coefficients has 2 numbers; expected three"),
        ({"adjust_lr_fn": "square"}, "adjust_lr_fn is 'square'; expected 'original'"),
    ],
)
def test_options_out_of_range_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        Muon(parameters(), **options)


def test_an_empty_group_is_refused():
    with pytest.raises(ValueError, match="parameter group 1 is empty"):
        Muon([{"params": parameters()}, {"params": []}])
