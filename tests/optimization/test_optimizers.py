"""Every optimiser beside torch.optim: all combinations of options, over a thousand steps, and through saved states."""

import copy
import inspect
import itertools

import pytest
import torch

from nndl_support.optimization import optimizers

# The options that ours and PyTorch's share; every combination is tried.
OPTIONS = {
    "SGD": {"lr": [0.01], "momentum": [0.0, 0.9], "dampening": [0.0, 0.3], "nesterov": [False, True]},
    "Adagrad": {"lr": [0.3], "lr_decay": [0.0, 0.01], "initial_accumulator_value": [0.0, 0.5], "eps": [1e-6]},
    "RMSprop": {"lr": [0.003], "alpha": [0.95], "momentum": [0.0, 0.8], "centered": [False, True], "eps": [1e-6]},
    "Adadelta": {"lr": [1.0], "rho": [0.9, 0.97], "eps": [1e-4]},
    "Adam": {"lr": [0.01], "betas": [(0.8, 0.99)], "amsgrad": [False, True], "decoupled_weight_decay": [False, True]},
    "AdamW": {"lr": [0.01], "betas": [(0.9, 0.999)], "amsgrad": [False, True]},
    "NAdam": {"lr": [0.01], "momentum_decay": [0.0, 4e-3], "decoupled_weight_decay": [False, True]},
}
SHARED = {"weight_decay": [0.0, 0.03], "maximize": [False, True]}
HAS_DECOUPLED = "decoupled_weight_decay" in inspect.signature(torch.optim.Adam).parameters  # since PyTorch 2.7


def combinations(name):
    options = OPTIONS[name] | SHARED
    for values in itertools.product(*options.values()):
        chosen = dict(zip(options, values, strict=True))
        if chosen.get("nesterov") and (chosen["momentum"] == 0 or chosen["dampening"] > 0):
            continue
        if name == "Adam" and not HAS_DECOUPLED and chosen.pop("decoupled_weight_decay"):
            continue
        yield chosen


CASES = [
    pytest.param(name, chosen, id=f"{name}-" + "-".join(f"{k}={v}" for k, v in chosen.items()))
    for name in OPTIONS
    for chosen in combinations(name)
]
ONE_EACH = {
    "SGD": {"lr": 0.01, "momentum": 0.9, "nesterov": True},
    "Adagrad": {"lr": 0.3, "lr_decay": 0.01},
    "RMSprop": {"lr": 0.003, "momentum": 0.8, "centered": True},
    "Adadelta": {"rho": 0.95, "weight_decay": 0.03},
    "Adam": {"lr": 0.01, "amsgrad": True},
    "AdamW": {"lr": 0.01},
    "NAdam": {"lr": 0.01, "weight_decay": 0.03},
}
SHAPES = [(3, 5), (7,), ()]


def parameters(dtype=torch.float64, shapes=SHAPES):
    generator = torch.Generator().manual_seed(3)
    return [
        (2 * torch.randn(shape, generator=generator, dtype=torch.float64)).to(dtype).requires_grad_()
        for shape in shapes
    ]


@torch.no_grad()
def put_gradients(params, sign=1.0, skip=()):
    """Those of a bumpy bowl, sum of 0.2 x^2 + cos 3x, in which all parameters are tied together by sin of their sum."""
    tie = sum(p.sum() for p in params).cos()
    for place, p in enumerate(params):
        p.grad = None if place in skip else sign * (0.4 * p - 3 * torch.sin(3 * p) + tie.to(p.dtype))


def pair(name, dtype=torch.float64, shapes=SHAPES, **options):
    params, twins = parameters(dtype, shapes), parameters(dtype, shapes)
    return params, getattr(optimizers, name)(params, **options), twins, getattr(torch.optim, name)(twins, **options)


def largest_difference(params, twins):
    return max((a - b).abs().max().item() for a, b in zip(params, twins, strict=True))


def run(params, optimizer, steps, sign=1.0):
    for _ in range(steps):
        put_gradients(params, sign)
        optimizer.step()


@pytest.mark.parametrize(("name", "options"), CASES)
def test_a_thousand_steps_are_those_of_torch(name, options):
    params, ours, twins, theirs = pair(name, shapes=[(3, 5)], **options)
    start = params[0].detach().clone()
    sign = -1.0 if options["maximize"] else 1.0
    worst = 0.0
    for steps in (1, 9, 90, 900):
        run(params, ours, steps, sign)
        run(twins, theirs, steps, sign)
        worst = max(worst, largest_difference(params, twins))
    assert worst <= 1e-12
    assert (params[0] - start).abs().min() > 1e-3  # they went somewhere


@pytest.mark.parametrize("name", ONE_EACH)
@pytest.mark.parametrize("foreach", [False, True])
def test_tensors_of_several_shapes_follow_either_implementation_of_torch(name, foreach):
    params, ours, twins, _ = pair(name, **ONE_EACH[name])
    theirs = getattr(torch.optim, name)(twins, foreach=foreach, **ONE_EACH[name])
    run(params, ours, 300)
    run(twins, theirs, 300)
    assert largest_difference(params, twins) <= 1e-12
    assert params[2].shape == ()


@pytest.mark.parametrize("name", ONE_EACH)
def test_single_precision_agrees_within_its_rounding(name):
    params, ours, twins, theirs = pair(name, dtype=torch.float32, **ONE_EACH[name])
    run(params, ours, 200)
    run(twins, theirs, 200)
    assert params[0].dtype == torch.float32
    assert largest_difference(params, twins) < 1e-5


@pytest.mark.parametrize("name", ONE_EACH)
def test_parameters_that_now_and_then_lack_a_gradient(name):
    params, ours, twins, theirs = pair(name, **ONE_EACH[name])
    for step in range(60):
        skip = [place for place in range(3) if (step + place) % 3 == 0]
        put_gradients(params, skip=skip)
        put_gradients(twins, skip=skip)
        ours.step()
        theirs.step()
    assert largest_difference(params, twins) <= 1e-12


@pytest.mark.parametrize("name", ONE_EACH)
def test_a_rate_that_changes_in_mid_run(name):
    params, ours, twins, theirs = pair(name, **ONE_EACH[name])
    for factor in (1.0, 0.3, 5.0, 0.01):
        for optimizer in (ours, theirs):
            optimizer.param_groups[0]["lr"] *= factor
        run(params, ours, 40)
        run(twins, theirs, 40)
    assert largest_difference(params, twins) <= 1e-12


@pytest.mark.parametrize("name", ONE_EACH)
def test_groups_with_options_of_their_own(name):
    params, twins = parameters(), parameters()
    second = {"lr": 0.02, "weight_decay": 0.1}
    ours, theirs = (
        getattr(package, name)([{"params": p[:1]}, {"params": p[1:]} | second], **ONE_EACH[name])
        for package, p in ((optimizers, params), (torch.optim, twins))
    )
    run(params, ours, 100)
    run(twins, theirs, 100)
    assert largest_difference(params, twins) <= 1e-12


@pytest.mark.parametrize("name", ONE_EACH)
@pytest.mark.parametrize("direction", ["theirs to ours", "ours to theirs", "ours to ours"])
def test_a_saved_run_continues_in_the_other_package(name, direction):
    straight, twins = parameters(), parameters()
    theirs = getattr(torch.optim, name)(twins, **ONE_EACH[name])
    run(straight, getattr(torch.optim, name)(straight, **ONE_EACH[name]), 60)
    first, second = (torch.optim if word == "theirs" else optimizers for word in direction.split(" to "))
    theirs = getattr(first, name)(twins, **ONE_EACH[name])
    run(twins, theirs, 25)
    saved = copy.deepcopy(theirs.state_dict())
    twins = [p.detach().clone().requires_grad_() for p in twins]
    resumed = getattr(second, name)(twins)  # with other options, which the saved ones replace
    resumed.load_state_dict(saved)
    run(twins, resumed, 35)
    assert largest_difference(straight, twins) <= 1e-12


@pytest.mark.parametrize("name", OPTIONS)
def test_the_signature_is_that_of_torch_in_names_order_and_defaults(name):
    ours, theirs = (inspect.signature(getattr(package, name)).parameters for package in (optimizers, torch.optim))
    positional = [p for p in ours.values() if p.kind is p.POSITIONAL_OR_KEYWORD]
    for mine, their in zip(positional, theirs.values(), strict=False):
        assert mine.name == their.name
        assert mine.default == their.default
    implementation = {"foreach", "fused", "capturable", "differentiable"}
    assert set(theirs) - set(ours) == implementation & set(theirs)
    assert set(ours) - set(theirs) <= {"check_finite", "decoupled_weight_decay"}


@pytest.mark.parametrize("name", ONE_EACH)
def test_a_rate_held_in_a_tensor(name):
    options = ONE_EACH[name] | {"lr": torch.tensor(0.01, dtype=torch.float64)}
    params, twins = parameters(), parameters()
    run(params, getattr(optimizers, name)(params, **options), 20)
    run(twins, getattr(optimizers, name)(twins, **(options | {"lr": 0.01})), 20)
    assert largest_difference(params, twins) == 0


@pytest.mark.parametrize("name", OPTIONS)
def test_bad_rates_and_gradients_are_refused(name):
    optimizer = getattr(optimizers, name)
    with pytest.raises(ValueError, match=r"lr is -0\.5; expected a finite number >= 0"):
        optimizer(parameters(), lr=-0.5)
    with pytest.raises(ValueError, match=r"weight_decay is -0\.5"):
        optimizer(parameters(), weight_decay=-0.5)
    with pytest.raises(ValueError, match="parameter group 0 is empty"):
        optimizer([{"params": []}])
    params = parameters()
    put_gradients(params)
    params[1].grad[3] = float("nan")
    with pytest.raises(ValueError, match=r"parameter 1 of group 0 with shape \(7,\) has 1 of 7 entries"):
        optimizer(params).step()


def test_the_module_offers_what_it_says():
    for name in optimizers.__all__:
        assert issubclass(getattr(optimizers, name), torch.optim.Optimizer)
    assert set(OPTIONS) <= set(optimizers.__all__)
