import itertools

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from nndl_support.optimization.regularization import (
    DropConnect,
    Dropout,
    StochasticDepth,
    VariationalDropout,
    distillation_loss,
    label_smoothing_cross_entropy,
    soft_threshold,
)


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def draws(*shape, seed=0):
    return torch.randn(*shape, generator=seeded(seed), dtype=torch.float64)


def masks_of(n):
    return torch.tensor(list(itertools.product([0.0, 1.0], repeat=n)), dtype=torch.float64)


def with_masks(layer, masks):
    """Let the layer use one mask after another in place of random ones."""
    remaining = iter(masks)
    layer._mask = lambda like, *shape: next(remaining).reshape(shape)
    return layer


# ---- dropout


@pytest.mark.parametrize("keep", [0.5, 0.8])
@pytest.mark.parametrize("inverted", [True, False])
def test_the_mean_over_all_masks_is_what_evaluation_returns(keep, inverted):
    x, masks = draws(5), masks_of(5)
    probability = keep ** masks.sum(1) * (1 - keep) ** (5 - masks.sum(1))
    layer = with_masks(Dropout(keep=keep, inverted=inverted), masks)
    mean = sum(weight * layer(x) for weight in probability)
    torch.testing.assert_close(mean, layer.eval()(x), rtol=0, atol=1e-15)
    torch.testing.assert_close(mean, x if inverted else keep * x, rtol=0, atol=1e-15)


def test_p_drops_as_in_torch_and_keep_is_the_rest():
    ours, theirs = Dropout(0.2), nn.Dropout(0.2)
    assert (ours.p, ours.keep) == (theirs.p, 0.8)
    assert Dropout(keep=0.75).p == 0.25
    assert Dropout().p == nn.Dropout().p
    for layer in (Dropout(0.2, generator=seeded()), Dropout(keep=0.8, generator=seeded())):
        assert (layer(torch.ones(100_000)) > 0).double().mean().item() == pytest.approx(0.8, abs=0.01)
    torch.manual_seed(0)
    assert (theirs(torch.ones(100_000)) > 0).double().mean().item() == pytest.approx(0.8, abs=0.01)


@pytest.mark.parametrize("p", [0.0, 0.3, 0.5, 0.9])
def test_it_is_torch_s_function_once_the_mask_is_the_same(p):
    x = draws(7, 11).requires_grad_()
    torch.manual_seed(0)
    theirs = F.dropout(x, p)
    mask = (theirs != 0).double()
    ours = with_masks(Dropout(p), [mask])(x)
    torch.testing.assert_close(ours, theirs, rtol=1e-15, atol=1e-15)
    weights = draws(7, 11, seed=1)
    (our_gradient,) = torch.autograd.grad((ours * weights).sum(), x)
    (their_gradient,) = torch.autograd.grad((theirs * weights).sum(), x)
    torch.testing.assert_close(our_gradient, their_gradient, rtol=1e-15, atol=1e-15)


def test_units_are_dropped_independently():
    kept = (Dropout(keep=0.6, generator=seeded())(torch.ones(200_000, 3)) > 0).double()
    joint = kept.T @ kept / len(kept)
    torch.testing.assert_close(
        joint, torch.full((3, 3), 0.36).double() + 0.24 * torch.eye(3).double(), rtol=0, atol=0.01
    )


@pytest.mark.parametrize("make", [Dropout, VariationalDropout])
def test_the_generator_decides_the_mask_and_evaluation_draws_nothing(make):
    x = draws(7, 5, 3)
    first, second = (make(0.5, generator=seeded(3))(x) for _ in range(2))
    assert torch.equal(first, second)
    assert not torch.equal(first, make(0.5, generator=seeded(4))(x))
    generator = seeded(3)
    state = generator.get_state()
    assert torch.equal(make(0.5, generator=generator).eval()(x), x)
    assert torch.equal(generator.get_state(), state)


def test_without_a_generator_torch_s_own_seed_decides():
    x, outputs = draws(7, 5), []
    for _ in range(2):
        torch.manual_seed(5)
        outputs.append(Dropout(0.5)(x))
    assert torch.equal(*outputs)


def test_a_printed_layer_names_both_numbers():
    assert str(Dropout(keep=0.8)) == "Dropout(p=0.2, keep=0.8)"
    assert "p=0.3, keep=0.7" in str(DropConnect(2, 3, 0.3))


@pytest.mark.parametrize("make", [Dropout, VariationalDropout])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
def test_the_type_of_the_numbers_stays(make, dtype):
    assert make(0.5)(torch.ones(2, 3, 5, dtype=dtype)).dtype == dtype


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"p": 1.0}, r"p, the probability of dropping, is 1; expected at least 0 and less than 1"),
        ({"p": -0.1}, "p, the probability of dropping, is -0.1"),
        ({"p": float("nan")}, "p, the probability of dropping, is nan"),
        ({"keep": 0.0}, "p, the probability of dropping, is 1"),
        ({"keep": 1.5}, "p, the probability of dropping, is -0.5"),
        ({"p": 0.2, "keep": 0.8}, r"not both \(p=0.2, keep=0.8\)"),
    ],
)
def test_a_number_that_is_no_such_probability_is_refused(options, message):
    for make in (Dropout, VariationalDropout, lambda **o: DropConnect(2, 3, **o)):
        with pytest.raises(ValueError, match=message):
            make(**options)


# ---- variational dropout


@pytest.mark.parametrize("batch_first", [False, True])
def test_the_mask_is_the_same_at_all_steps_and_another_for_every_sequence(batch_first):
    T, B, H = 7, 5, 11
    shape = (B, T, H) if batch_first else (T, B, H)
    out = VariationalDropout(0.5, batch_first=batch_first, generator=seeded())(torch.ones(shape))
    if batch_first:
        out = out.transpose(0, 1)
    assert all(torch.equal(out[0], out[t]) for t in range(T))
    assert set(out.unique().tolist()) == {0.0, 2.0}
    assert len({tuple(row.tolist()) for row in out[0]}) == B


def test_ordinary_dropout_of_a_sequence_has_another_mask_at_every_step():
    out = Dropout(0.5, generator=seeded())(torch.ones(7, 5, 11))
    assert len({tuple(step.flatten().tolist()) for step in out}) == 7


def test_variational_dropout_has_the_right_mean_and_variance():
    out = VariationalDropout(keep=0.8, generator=seeded())(torch.ones(1, 100_000, 2, dtype=torch.float64))
    assert out.mean().item() == pytest.approx(1, abs=0.01)
    assert out.var().item() == pytest.approx(0.2 / 0.8, abs=0.01)


def test_a_tensor_that_is_no_sequence_is_refused():
    with pytest.raises(ValueError, match=r"x has shape \(5, 3\); expected three axes \(B, T, H\)"):
        VariationalDropout(batch_first=True)(torch.ones(5, 3))


# ---- stochastic depth


def test_a_whole_branch_is_dropped_per_example_with_the_right_mean():
    branch = nn.Linear(3, 3).double()
    block, x = StochasticDepth(branch, keep=0.8, generator=seeded()), draws(5, 3)
    outputs = torch.stack([block(x) for _ in range(2000)])
    f = branch(x)
    whole, none = x + f / 0.8, x
    is_whole = (outputs - whole).abs().amax(2) < 1e-12
    is_none = (outputs - none).abs().amax(2) < 1e-12
    assert bool((is_whole | is_none).all())
    assert is_whole.double().mean().item() == pytest.approx(0.8, abs=0.015)
    assert is_whole.double().var(1).max() > 0  # examples of one batch differ
    torch.testing.assert_close(0.8 * whole + 0.2 * none, block.eval()(x))


# ---- DropConnect


def test_the_mean_over_all_masks_of_the_weights_is_the_mean_network():
    layer = DropConnect(3, 2, keep=0.7).double()
    x, masks = draws(1, 3), masks_of(6)
    probability = 0.7 ** masks.sum(1) * 0.3 ** (6 - masks.sum(1))
    with_masks(layer, masks)
    outputs = torch.cat([layer(x) for _ in masks])
    torch.testing.assert_close(probability @ outputs, layer.eval()(x)[0], rtol=0, atol=1e-14)
    variance = probability @ (outputs - probability @ outputs).square()
    expected = 0.3 / 0.7 * x.square() @ layer.linear.weight.square().T
    torch.testing.assert_close(variance, expected[0], rtol=1e-12, atol=0)


def test_moment_matching_is_nearer_to_the_mean_over_all_masks_than_the_mean_weights_are():
    layer = DropConnect(7, 2, keep=0.5, activation=torch.relu, generator=seeded(), n_samples=20_000).double()
    with torch.no_grad():
        layer.linear.weight.copy_(draws(2, 7, seed=1))
        layer.linear.bias.zero_()
    x, masks = draws(1, 7, seed=2), masks_of(7)
    # Every output has its own weights, so 2^7 masks for each of them are all there is.
    z = torch.stack([(masks * row / 0.5) @ x[0] for row in layer.linear.weight])
    exact = torch.relu(z).mean(1)
    layer.eval()
    by_mean = layer(x)[0]
    layer.inference = "moments"
    by_moments = layer(x)[0]
    assert (by_moments - exact).abs().max() < 0.25 * (by_mean - exact).abs().max()


def test_the_moments_are_those_of_the_closed_form_of_a_rectified_normal_variable():
    layer = DropConnect(5, 3, 0.5, activation=torch.relu, inference="moments", n_samples=100_000, generator=seeded())
    layer.double().eval()
    x = draws(2, 5)
    mean = layer.linear(x)
    std = (x.square() @ layer.linear.weight.square().T).sqrt()
    normal = torch.distributions.Normal(0.0, 1.0)
    expected = mean * normal.cdf(mean / std) + std * normal.log_prob(mean / std).exp()
    torch.testing.assert_close(layer(x), expected, rtol=0, atol=0.01)


def test_every_example_has_its_own_mask_and_the_gradient_reaches_the_weights():
    layer = DropConnect(3, 2, 0.5, generator=seeded())
    out = layer(torch.ones(5, 3))
    assert len({tuple(row.tolist()) for row in out}) > 1
    out.sum().backward()
    assert layer.linear.weight.grad.abs().sum() > 0


def test_one_mask_for_the_batch_has_the_same_mean_and_serves_every_example():
    layer = DropConnect(3, 2, keep=0.7, per_example=False).double()
    x, masks = draws(5, 3), masks_of(6)
    probability = 0.7 ** masks.sum(1) * 0.3 ** (6 - masks.sum(1))
    with_masks(layer, masks)
    outputs = torch.stack([layer(x) for _ in masks])
    torch.testing.assert_close(torch.einsum("m,mbk->bk", probability, outputs), layer.eval()(x), rtol=0, atol=1e-14)
    layer = DropConnect(3, 2, 0.5, per_example=False, generator=seeded())
    assert len({tuple(row.tolist()) for row in layer(torch.ones(5, 3))}) == 1


def test_drop_connect_without_dropping_is_a_linear_layer():
    layer = DropConnect(3, 2, 0.0, bias=False)
    x = torch.randn(5, 3, generator=seeded())
    torch.testing.assert_close(layer(x), layer.linear(x))
    assert layer.linear.bias is None


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"inference": "exact"}, "inference is 'exact'; expected 'mean' or 'moments'"),
        ({"n_samples": 0}, "n_samples is 0; expected at least 1"),
    ],
)
def test_drop_connect_refuses_unknown_options(options, message):
    with pytest.raises(ValueError, match=message):
        DropConnect(3, 2, **options)


# ---- label smoothing


@pytest.mark.parametrize("smoothing", [0.0, 0.1, 0.7])
@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_smoothed_cross_entropy_is_torch_s(smoothing, reduction):
    logits, target = draws(5, 7), torch.tensor([0, 6, 3, 3, 1])
    ours = label_smoothing_cross_entropy(logits, target, smoothing=smoothing, reduction=reduction)
    theirs = F.cross_entropy(logits, target, label_smoothing=smoothing, reduction=reduction)
    torch.testing.assert_close(ours, theirs, rtol=1e-14, atol=1e-14)


def test_the_book_s_convention_is_the_cross_entropy_against_the_book_s_labels():
    logits, target, eps = draws(5, 7), torch.tensor([0, 6, 3, 3, 1]), 0.3
    smooth = torch.full((5, 7), eps / 6, dtype=torch.float64)
    smooth[torch.arange(5), target] = 1 - eps
    expected = -(smooth * logits.log_softmax(1)).sum(1)
    ours = label_smoothing_cross_entropy(logits, target, smoothing=eps, convention="book", reduction="none")
    torch.testing.assert_close(ours, expected, rtol=1e-14, atol=1e-14)
    # The loss that the exercise asks for: (1 - eps) CE + eps/(K-1) sum over the wrong classes.
    log_p = logits.log_softmax(1)
    right = log_p[torch.arange(5), target]
    torch.testing.assert_close(ours, -(1 - eps) * right - eps / 6 * (log_p.sum(1) - right))


@pytest.mark.parametrize("n_classes", [2, 3, 11])
def test_the_book_s_epsilon_is_torch_s_times_k_minus_one_over_k(n_classes):
    logits, target = draws(5, n_classes), torch.arange(5) % n_classes
    torch.testing.assert_close(
        label_smoothing_cross_entropy(logits, target, smoothing=0.2),
        label_smoothing_cross_entropy(logits, target, smoothing=0.2 * (n_classes - 1) / n_classes, convention="book"),
    )


def test_the_least_loss_is_the_entropy_of_the_smooth_label():
    eps, target = 0.1, torch.tensor([2])
    best = torch.full((1, 5), eps / 5, dtype=torch.float64)
    best[0, 2] += 1 - eps
    logits = best.log().requires_grad_()
    loss = label_smoothing_cross_entropy(logits, target, smoothing=eps)
    assert loss.item() == pytest.approx(-(best * best.log()).sum().item())
    (gradient,) = torch.autograd.grad(loss, logits)
    assert gradient.abs().max() < 1e-15


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"smoothing": 1.0}, "smoothing is 1.0"),
        ({"convention": "keras"}, "convention is 'keras'; expected 'torch' or 'book'"),
        ({"reduction": "max"}, "reduction is 'max'"),
    ],
)
def test_smoothing_refuses_unknown_options(options, message):
    with pytest.raises(ValueError, match=message):
        label_smoothing_cross_entropy(draws(5, 7), torch.zeros(5, dtype=torch.int64), **options)


def test_smoothing_names_shapes_that_do_not_fit_and_a_single_class():
    with pytest.raises(ValueError, match=r"logits have shape \(5, 7\) and target \(3,\)"):
        label_smoothing_cross_entropy(draws(5, 7), torch.zeros(3, dtype=torch.int64))
    with pytest.raises(ValueError, match="only one class"):
        label_smoothing_cross_entropy(draws(5, 1), torch.zeros(5, dtype=torch.int64), convention="book")


# ---- distillation


@pytest.mark.parametrize("temperature", [0.5, 1.0, 5.0])
def test_the_distance_to_the_teacher_is_torch_s_divergence(temperature):
    z, v, target = draws(5, 7), draws(5, 7, seed=1), torch.tensor([0, 6, 3, 3, 1])
    divergence = F.kl_div(
        (z / temperature).log_softmax(1), (v / temperature).log_softmax(1), log_target=True, reduction="batchmean"
    )
    ours = distillation_loss(z, v, target, temperature=temperature, alpha=0.3)
    expected = 0.3 * temperature**2 * divergence + 0.7 * F.cross_entropy(z, target)
    torch.testing.assert_close(ours, expected, rtol=1e-12, atol=1e-14)


def test_at_high_temperature_it_matches_centred_logits():
    z, v = draws(5, 7).requires_grad_(), draws(5, 7, seed=1)
    centred = (z - z.mean(1, keepdim=True)) - (v - v.mean(1, keepdim=True))
    limit = centred.square().sum(1).mean() / (2 * 7)
    errors = []
    for temperature in (1e2, 1e3, 1e4):
        loss = distillation_loss(z, v, temperature=temperature, alpha=1.0)
        errors.append((loss - limit).abs().item())
    # The next term of the expansion is of order 1/T.
    assert errors[0] / errors[1] == pytest.approx(10, rel=0.2)
    assert errors[1] / errors[2] == pytest.approx(10, rel=0.2)
    gradient, of_limit = (torch.autograd.grad(f, z)[0] for f in (loss, limit))
    torch.testing.assert_close(gradient, of_limit, rtol=0, atol=1e-4)
    torch.testing.assert_close(of_limit, centred.detach() / 7 / 5)


def test_the_gradient_keeps_its_size_when_the_temperature_changes():
    z, v = draws(5, 7).requires_grad_(), draws(5, 7, seed=1)
    sizes = [
        torch.autograd.grad(distillation_loss(z, v, temperature=T, alpha=1.0), z)[0].norm().item() for T in (2, 20, 200)
    ]
    assert max(sizes) < 2 * min(sizes)


def test_single_precision_survives_a_high_temperature():
    z, v = draws(5, 7), draws(5, 7, seed=1)
    exact = distillation_loss(z, v, temperature=1000.0, alpha=1.0)
    ours = distillation_loss(z.float(), v.float(), temperature=1000.0, alpha=1.0)
    assert ours.item() == pytest.approx(exact.item(), rel=1e-3)


def test_a_student_equal_to_its_teacher_loses_nothing_and_no_gradient_reaches_the_teacher():
    v = draws(5, 7).requires_grad_()
    z = (v.detach() + 3.0).requires_grad_()  # softmax does not see the 3
    loss = distillation_loss(z, v, alpha=1.0)
    assert loss.item() == pytest.approx(0, abs=1e-15)
    loss.backward()
    assert v.grad is None
    assert z.grad.abs().max() < 1e-15


def test_alpha_zero_is_plain_training():
    z, target = draws(5, 7), torch.tensor([0, 6, 3, 3, 1])
    torch.testing.assert_close(distillation_loss(z, draws(5, 7, seed=1), target, alpha=0.0), F.cross_entropy(z, target))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"temperature": 0.0}, "temperature is 0.0; expected a positive number"),
        ({"alpha": 1.1}, "alpha is 1.1"),
        ({"alpha": 0.5}, "alpha is 0.5, but there is no target for the other 0.5"),
    ],
)
def test_distillation_refuses_options_that_make_no_sense(options, message):
    with pytest.raises(ValueError, match=message):
        distillation_loss(draws(5, 7), draws(5, 7), **options)


def test_distillation_names_shapes_that_do_not_fit():
    with pytest.raises(ValueError, match=r"shapes \(5, 7\) and \(5, 3\)"):
        distillation_loss(draws(5, 7), draws(5, 3), alpha=1.0)


# ---- soft threshold


@pytest.mark.parametrize("t", [0.0, 0.3, 1.7])
def test_the_soft_threshold_minimises_its_objective(t):
    x = torch.linspace(-3, 3, 13, dtype=torch.float64)
    w = torch.linspace(-4, 4, 80_001, dtype=torch.float64)[:, None]
    best = w[(0.5 * (w - x).square() + t * w.abs()).argmin(0), 0]
    torch.testing.assert_close(soft_threshold(x, t), best, rtol=0, atol=1.1e-4)
    torch.testing.assert_close(soft_threshold(x, t), F.softshrink(x, t), rtol=0, atol=1e-15)


def test_a_negative_threshold_is_refused():
    with pytest.raises(ValueError, match="threshold is -1; expected at least 0"):
        soft_threshold(torch.ones(2), -1)
