"""What the optimisers share: checks of options and gradients, closures, groups, saving, schedulers."""

import copy
import io
import pickle

import pytest
import torch

from nndl_support.optimization.optimizer_base import OptimizerBase, check_fraction, check_non_negative, l2_gradients

NAMED = tuple(int(part) for part in torch.__version__.split(".")[:2]) >= (2, 6)


class Averaging(OptimizerBase):
    """Descends along a moving average, and so has a buffer and a counter to look after."""

    def __init__(self, params, lr=0.1, beta=0.5, weight_decay=0.0, *, maximize=False, check_finite=True):
        defaults = {"lr": lr, "beta": beta, "weight_decay": weight_decay}
        super().__init__(params, defaults | {"maximize": maximize, "check_finite": check_finite})

    def _buffer_names(self, group):
        return ("average", "step") if group["beta"] else ()

    def _update(self, group, params, grads, buffers):
        grads = l2_gradients(grads, params, group["weight_decay"])
        if group["beta"]:
            torch._foreach_lerp_(buffers["average"], grads, 1 - group["beta"])
            torch._foreach_add_(buffers["step"], 1)
            grads = buffers["average"]
        torch._foreach_add_(params, grads, alpha=-group["lr"])


def parameters(seed=0, dtype=torch.float64):
    generator = torch.Generator().manual_seed(seed)
    return [
        torch.randn(shape, generator=generator, dtype=dtype).requires_grad_() for shape in [(2, 3), (5,), (), (7, 1, 1)]
    ]


def loss_of(params):
    return sum((p**2).sum() + torch.cos(3 * p).sum() for p in params)


def run(optimizer, params, steps):
    for _ in range(steps):
        optimizer.zero_grad()
        loss_of(params).backward()
        optimizer.step()


def test_the_first_step_is_the_one_computed_by_hand():
    theta = torch.tensor([2.0, -4.0], requires_grad=True)
    optimizer = Averaging([theta], lr=0.5, beta=0.75, weight_decay=0.5)
    theta.grad = torch.tensor([8.0, 0.0])
    optimizer.step()
    # g + 0.5 theta = (9, -2); a quarter of it is averaged in; half of that is the step
    assert theta.tolist() == [2 - 9 / 8, -4 + 2 / 8]
    assert theta.grad.tolist() == [8.0, 0.0]


def test_maximising_a_function_is_minimising_its_negative():
    up, down = parameters(), parameters()
    ascent, descent = Averaging(up, maximize=True), Averaging(down)
    for _ in range(7):
        ascent.zero_grad()
        (-loss_of(up)).backward()
        ascent.step()
    run(descent, down, 7)
    for a, b in zip(up, down, strict=True):
        assert torch.equal(a, b)


def test_a_closure_runs_with_gradients_and_its_loss_comes_back():
    params = parameters()
    optimizer, expected = Averaging(params), loss_of(params).item()

    def closure():
        assert torch.is_grad_enabled()
        optimizer.zero_grad()
        loss = loss_of(params)
        loss.backward()
        return loss

    assert optimizer.step(closure).item() == expected
    assert loss_of(params).item() < expected
    assert optimizer.step() is None


def test_a_parameter_without_a_gradient_is_left_alone_and_gets_no_state():
    params = parameters()
    optimizer = Averaging(params)
    (params[0] ** 2).sum().backward()
    before = [p.detach().clone() for p in params]
    optimizer.step()
    assert not torch.equal(params[0], before[0])
    for p, old in zip(params[1:], before[1:], strict=True):
        assert torch.equal(p, old)
        assert p not in optimizer.state
    assert optimizer.state[params[0]]["step"] == 1


def test_groups_follow_their_own_options():
    first, second = parameters(0), parameters(1)
    together = Averaging([{"params": first, "lr": 0.2, "beta": 0.0}, {"params": second}], lr=0.05)
    run(together, first + second, 9)
    alone_first, alone_second = parameters(0), parameters(1)
    run(Averaging(alone_first, lr=0.2, beta=0.0), alone_first, 9)
    run(Averaging(alone_second, lr=0.05), alone_second, 9)
    for a, b in zip(first + second, alone_first + alone_second, strict=True):
        assert torch.equal(a, b)


def test_a_group_added_later_trains_too():
    first, second = parameters(0), parameters(1)
    optimizer = Averaging(first)
    run(optimizer, first + second, 2)
    optimizer.add_param_group({"params": (p for p in second), "lr": 0.3})
    before = second[0].detach().clone()
    run(optimizer, first + second, 1)
    assert not torch.equal(second[0], before)
    assert optimizer.param_groups[1]["lr"] == 0.3


def test_a_mixture_of_widths_in_one_group_is_updated_as_alone():
    mixed = [*parameters(0, torch.float32), *parameters(1, torch.float64)]
    run(Averaging(mixed), mixed, 5)
    single, double = parameters(0, torch.float32), parameters(1, torch.float64)
    run(Averaging(single), single, 5)
    run(Averaging(double), double, 5)
    for a, b in zip(mixed, [*single, *double], strict=True):
        assert torch.equal(a, b)


@pytest.mark.parametrize("how", ["state_dict", "torch.save", "pickle", "deepcopy"])
def test_a_run_that_was_saved_and_resumed_is_the_run_that_was_not(how):
    straight, broken = parameters(), parameters()
    run(Averaging(straight, lr=0.07), straight, 10)
    optimizer = Averaging(broken, lr=0.07)
    run(optimizer, broken, 6)
    if how in ("state_dict", "torch.save"):
        saved = optimizer.state_dict()
        if how == "torch.save":
            file = io.BytesIO()
            torch.save(saved, file)
            file.seek(0)
            saved = torch.load(file, weights_only=True)
        broken = [p.detach().clone().requires_grad_() for p in broken]
        optimizer = Averaging(broken, lr=99.0)
        optimizer.load_state_dict(copy.deepcopy(saved))
        assert optimizer.param_groups[0]["lr"] == 0.07
    else:
        optimizer = pickle.loads(pickle.dumps(optimizer)) if how == "pickle" else copy.deepcopy(optimizer)
        broken = optimizer.param_groups[0]["params"]
    run(optimizer, broken, 4)
    for a, b in zip(straight, broken, strict=True):
        assert torch.equal(a, b)


def test_a_state_dict_without_our_options_gets_the_defaults():
    params = parameters()
    optimizer = Averaging(params, check_finite=False)
    saved = optimizer.state_dict()
    del saved["param_groups"][0]["check_finite"]
    fresh = Averaging(parameters())
    fresh.load_state_dict(saved)
    assert fresh.param_groups[0]["check_finite"] is True
    assert "check_finite" in repr(fresh)


def test_an_option_switched_on_in_mid_run_finds_its_buffers():
    params = parameters()
    optimizer = Averaging(params, beta=0.0)
    run(optimizer, params, 2)
    assert not optimizer.state
    optimizer.param_groups[0]["beta"] = 0.9
    run(optimizer, params, 3)
    assert all(optimizer.state[p]["step"] == 3 for p in params)


SCHEDULERS = {
    "StepLR": {"step_size": 2},
    "MultiStepLR": {"milestones": [2, 4]},
    "ExponentialLR": {"gamma": 0.9},
    "CosineAnnealingLR": {"T_max": 9},
    "CosineAnnealingWarmRestarts": {"T_0": 3},
    "LinearLR": {},
    "ConstantLR": {},
    "PolynomialLR": {},
    "LambdaLR": {"lr_lambda": lambda epoch: 1 / (1 + epoch)},
    "MultiplicativeLR": {"lr_lambda": lambda epoch: 0.9},
    "CyclicLR": {"base_lr": 0.01, "max_lr": 0.1, "cycle_momentum": False},
    "OneCycleLR": {"max_lr": 0.1, "total_steps": 20, "cycle_momentum": False},
}


@pytest.mark.parametrize("name", SCHEDULERS)
def test_every_scheduler_of_torch_drives_it(name):
    params, twins = parameters(), parameters()
    ours, theirs = Averaging(params, lr=0.1), torch.optim.SGD(twins, lr=0.1)
    schedulers = [getattr(torch.optim.lr_scheduler, name)(o, **SCHEDULERS[name]) for o in (ours, theirs)]
    rates = []
    for _ in range(6):
        run(ours, params, 1)
        run(theirs, twins, 1)
        for scheduler in schedulers:
            scheduler.step()
        rates.append(ours.param_groups[0]["lr"])
        assert rates[-1] == theirs.param_groups[0]["lr"]
    assert len(set(rates)) > 1


def test_a_plateau_halves_the_rate():
    optimizer = Averaging(parameters(), lr=0.1)
    scheduler = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, factor=0.5, patience=0)
    for loss in (1.0, 1.0, 1.0):
        scheduler.step(loss)
    assert optimizer.param_groups[0]["lr"] == pytest.approx(0.025)


def test_hooks_of_torch_are_called():
    params, calls = parameters(), []
    optimizer = Averaging(params)
    optimizer.register_step_pre_hook(lambda *_: calls.append("before"))
    optimizer.register_step_post_hook(lambda *_: calls.append("after"))
    run(optimizer, params, 1)
    assert calls == ["before", "after"]


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_a_gradient_that_is_not_finite_is_named_and_changes_nothing(value):
    params = parameters()
    optimizer = Averaging([{"params": params[:2]}, {"params": params[2:]}])
    run(optimizer, params, 3)
    before, state = [p.detach().clone() for p in params], copy.deepcopy(optimizer.state_dict())
    params[3].grad[2] = value
    params[3].grad[5] = value
    message = (
        r"parameter 1 of group 1 with shape \(7, 1, 1\) has 2 of 7 entries that are NaN or infinite; no parameter was"
    )
    with pytest.raises(ValueError, match=message):
        optimizer.step()
    for p, old in zip(params, before, strict=True):
        assert torch.equal(p, old)
    for index, entries in state["state"].items():
        assert all(torch.equal(value, optimizer.state_dict()["state"][index][name]) for name, value in entries.items())


def test_infinities_of_opposite_sign_do_not_cancel():
    theta = torch.zeros(2, requires_grad=True)
    theta.grad = torch.tensor([float("inf"), -float("inf")])
    with pytest.raises(ValueError, match="2 of 2 entries"):
        Averaging([theta]).step()


@pytest.mark.skipif(not NAMED, reason="names of parameters came with PyTorch 2.6")
def test_a_named_parameter_is_called_by_its_name():
    model = torch.nn.Sequential(torch.nn.Linear(3, 5), torch.nn.Tanh(), torch.nn.Linear(5, 2))
    optimizer = Averaging(model.named_parameters())
    model(torch.ones(1, 3)).sum().backward()
    model[2].weight.grad[1, 4] = float("nan")
    with pytest.raises(ValueError, match=r"parameter '2.weight' with shape \(2, 5\) has 1 of 10 entries"):
        optimizer.step()


def test_a_sum_that_overflows_is_no_false_alarm():
    theta = torch.zeros(3, requires_grad=True)
    theta.grad = torch.full((3,), 3e38)
    assert not torch.isfinite(theta.grad.sum())
    Averaging([theta], lr=1e-38).step()
    assert torch.isfinite(theta).all()


def test_the_check_can_be_switched_off():
    theta = torch.zeros(3, requires_grad=True)
    theta.grad = torch.tensor([0.0, float("nan"), 0.0])
    Averaging([theta], check_finite=False).step()
    assert torch.isnan(theta).tolist() == [False, True, False]


def test_a_sparse_gradient_is_refused():
    layer = torch.nn.Embedding(5, 3, sparse=True)
    layer(torch.tensor([1])).sum().backward()
    with pytest.raises(
        RuntimeError, match=r"parameter 0 of group 0 with shape \(5, 3\) is sparse .* Averaging does not"
    ):
        Averaging(layer.parameters()).step()


def test_a_complex_parameter_is_refused_and_the_group_not_added():
    optimizer = Averaging(parameters())
    with pytest.raises(ValueError, match=r"parameter 0 of group 1 with shape \(2,\) is complex \(torch.complex64\)"):
        optimizer.add_param_group({"params": torch.zeros(2, dtype=torch.complex64)})
    assert len(optimizer.param_groups) == 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"lr": -0.1}, "lr is -0.1; expected a finite number >= 0"),
        ({"lr": float("nan")}, "lr is nan"),
        ({"lr": float("inf")}, "lr is inf"),
        ({"lr": torch.ones(2)}, r"lr is a tensor of shape \(2,\)"),
        ({"weight_decay": -1e-4}, "weight_decay is -0.0001"),
    ],
)
def test_options_out_of_range_are_refused_for_all_and_for_one_group(options, message):
    with pytest.raises(ValueError, match=message):
        Averaging(parameters(), **options)
    with pytest.raises(ValueError, match=message):
        Averaging([{"params": parameters(0)}, {"params": parameters(1)} | options])


def test_betas_eps_and_momentum_are_checked_where_a_rule_has_them():
    for name in ("eps", "momentum"):
        with pytest.raises(ValueError, match=f"{name} is -1.0"):
            OptimizerBase(parameters(), {"lr": 0.1, name: -1.0})
    for betas, message in [
        ((0.9, 1.0), r"betas\[1\] is 1.0; expected a number in \[0, 1\)"),
        ((-0.1, 0.9), r"betas\[0\] is -0.1"),
    ]:
        with pytest.raises(ValueError, match=message):
            OptimizerBase(parameters(), {"lr": 0.1, "betas": betas})
    check_fraction("rho", 0.0)
    check_non_negative("lr", torch.tensor([0.0]))


def test_an_empty_list_or_group_is_refused_by_name():
    with pytest.raises(ValueError, match="empty parameter list"):
        Averaging([])
    with pytest.raises(ValueError, match="parameter group 1 is empty; expected at least one tensor"):
        Averaging([{"params": parameters()}, {"params": (p for p in [])}])
    with pytest.raises(TypeError, match="a parameter group is a dict with the key 'params', not a list"):
        Averaging(parameters()).add_param_group(parameters(1))


def test_a_rule_must_be_defined():
    params = parameters()
    optimizer = OptimizerBase(params, {"lr": 0.1})
    loss_of(params).backward()
    with pytest.raises(NotImplementedError, match="OptimizerBase has no update rule"):
        optimizer.step()
