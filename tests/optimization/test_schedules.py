"""Schedules: closed forms, PyTorch's schedules step by step, resuming, chaining, wrapping, bad input."""

import copy
import io
import math

import pytest
import torch
from torch.optim import lr_scheduler as peers

from nndl_support.optimization import schedules
from nndl_support.optimization.schedules import (
    ClosedFormLR,
    CosineAnnealingLR,
    CosineAnnealingWarmRestarts,
    CyclicLR,
    ExponentialLR,
    InverseTimeLR,
    LinearLR,
    MultiStepLR,
    NaturalExponentialLR,
    PiecewiseConstantLR,
    WarmupLR,
)

SHARED = [
    ("ExponentialLR", {"gamma": 0.97}),
    ("MultiStepLR", {"milestones": [7, 19, 19, 53], "gamma": 0.3}),
    ("LinearLR", {"start_factor": 0.05, "end_factor": 0.8, "total_iters": 37}),
    ("LinearLR", {}),
    ("CosineAnnealingLR", {"T_max": 43}),
    ("CosineAnnealingLR", {"T_max": 17, "eta_min": 0.013}),
    ("CosineAnnealingWarmRestarts", {"T_0": 13, "eta_min": 0.01}),
    ("CosineAnnealingWarmRestarts", {"T_0": 5, "T_mult": 2}),
    ("CosineAnnealingWarmRestarts", {"T_0": 3, "T_mult": 3, "eta_min": 0.002}),
    ("CyclicLR", {"base_lr": 0.01, "max_lr": 0.7, "step_size_up": 11}),
    ("CyclicLR", {"base_lr": 0.01, "max_lr": [0.7, 0.2], "step_size_up": 7, "step_size_down": 13}),
    ("CyclicLR", {"base_lr": 0.01, "max_lr": 0.7, "step_size_up": 11, "mode": "triangular2"}),
    ("CyclicLR", {"base_lr": 0.01, "max_lr": 0.7, "step_size_up": 5, "mode": "exp_range", "gamma": 0.99}),
]
OWN = [
    (InverseTimeLR, {"beta": 0.1}),
    (NaturalExponentialLR, {"beta": 0.05}),
    (PiecewiseConstantLR, {"milestones": [5, 11], "factors": [0.5, 0.03]}),
]
ALL = [*((getattr(schedules, name), options) for name, options in SHARED), *OWN]


def optimizer(*rates):
    """An optimiser with one parameter group for each rate."""
    groups = [{"params": [torch.zeros(2, requires_grad=True)], "lr": rate} for rate in rates or (0.3, 0.02)]
    return torch.optim.SGD(groups, lr=1.0)


def lr(opt):
    return [float(group["lr"]) for group in opt.param_groups]


def advance(opt, schedule, steps):
    """Rates after each of the steps."""
    rates = []
    for _ in range(steps):
        opt.step()
        schedule.step()
        rates.append(lr(opt))
    return rates


def peer_of(name, opt, **options):
    return getattr(peers, name)(opt, **options | ({"cycle_momentum": False} if name == "CyclicLR" else {}))


def warmup(opt):
    return WarmupLR(CosineAnnealingLR(opt, T_max=23, eta_min=0.001), total_iters=7)


@pytest.mark.parametrize(("name", "options"), SHARED)
def test_a_schedule_of_torch_has_the_same_rates_over_hundreds_of_steps(name, options):
    ours, theirs = optimizer(), optimizer()
    schedule, peer = getattr(schedules, name)(ours, **options), peer_of(name, theirs, **options)
    assert lr(ours) == pytest.approx(lr(theirs), abs=1e-12)
    mine, other = advance(ours, schedule, 500), advance(theirs, peer, 500)
    assert max(abs(a - b) for x, y in zip(mine, other, strict=True) for a, b in zip(x, y, strict=True)) <= 1e-12
    assert schedule.get_last_lr() == mine[-1]
    assert len({tuple(rates) for rates in mine}) > 3


@pytest.mark.parametrize(("kind", "options"), ALL)
def test_the_rate_set_is_the_closed_form_without_any_accumulated_error(kind, options):
    opt = optimizer()
    schedule = kind(opt, **options)
    for t, rates in enumerate([lr(opt), *advance(opt, schedule, 1000)]):
        assert rates == [schedule.rate(t, group) for group in range(2)]


def test_the_decays_of_the_book_are_the_formulas():
    opt = optimizer(0.6, 0.1)
    inverse, exponential, natural = (
        InverseTimeLR(opt, beta=0.25),
        ExponentialLR(opt, gamma=0.5),
        NaturalExponentialLR(opt, beta=0.1),
    )
    assert [inverse.rate(t) for t in (0, 4, 8)] == pytest.approx([0.6, 0.3, 0.2], abs=1e-16)
    assert [exponential.rate(t) for t in (0, 1, 3)] == pytest.approx([0.6, 0.3, 0.075], abs=1e-16)
    assert natural.rate(10) == pytest.approx(0.6 / math.e, abs=1e-16)
    assert natural.rate(10, group=1) == pytest.approx(0.1 / math.e, abs=1e-16)


def test_natural_exponential_decay_is_exponential_decay_with_another_base():
    opt = optimizer()
    natural, exponential = NaturalExponentialLR(opt, beta=0.07), ExponentialLR(opt, gamma=math.exp(-0.07))
    for t in range(0, 300, 7):
        assert natural.rate(t) == pytest.approx(exponential.rate(t), rel=1e-13)


def test_a_staircase_may_have_any_heights():
    opt = optimizer(1.0)
    schedule = PiecewiseConstantLR(opt, milestones=[2, 5], factors=[0.5, 3.0])
    assert [schedule.rate(t) for t in range(7)] == [1.0, 1.0, 0.5, 0.5, 0.5, 3.0, 3.0]
    steps = MultiStepLR(opt, milestones=[2, 5], gamma=0.5)
    same = PiecewiseConstantLR(opt, milestones=[2, 5], factors=[0.5, 0.25])
    assert [same.rate(t) for t in range(9)] == [steps.rate(t) for t in range(9)]


def test_a_triangle_is_smiths_formula():
    schedule = CyclicLR(optimizer(), base_lr=0.1, max_lr=0.5, step_size_up=4)
    for t in range(40):
        cycle = math.floor(1 + t / 8)
        x = abs(t / 4 - 2 * cycle + 1)
        assert schedule.rate(t) == pytest.approx(0.1 + 0.4 * max(0.0, 1 - x), abs=1e-15)


def test_periods_grow_and_every_restart_is_at_the_full_rate():
    opt = optimizer(0.4)
    schedule = CosineAnnealingWarmRestarts(opt, T_0=3, T_mult=2, eta_min=0.1)
    restarts = [t for t in range(100) if schedule.rate(t) == 0.4]
    assert restarts == [0, 3, 9, 21, 45, 93]  # 3 (2^i - 1)
    assert schedule.period(50) == (5, 48)
    # halfway through a period the rate is halfway down
    assert schedule.rate(21 + 12) == pytest.approx(0.25, abs=1e-15)


def test_restarts_can_follow_fractions_of_an_epoch_as_torch_does():
    ours, theirs = optimizer(), optimizer()
    schedule = CosineAnnealingWarmRestarts(ours, T_0=2, T_mult=2)
    peer = peers.CosineAnnealingWarmRestarts(theirs, T_0=2, T_mult=2)
    ours.step(), theirs.step()
    for batch in range(1, 90):
        schedule.step(batch / 7)
        peer.step(batch / 7)
        assert lr(ours) == pytest.approx(lr(theirs), abs=1e-12)
    with pytest.raises(ValueError, match=r"epoch is -0\.5; expected a number >= 0"):
        schedule.step(-0.5)


@pytest.mark.parametrize("total", [1, 2, 7])
def test_warm_up_climbs_in_equal_steps_and_then_is_the_other_schedule(total):
    opt, alone = optimizer(), optimizer()
    schedule, other = WarmupLR(InverseTimeLR(opt, beta=0.3), total_iters=total), InverseTimeLR(alone, beta=0.3)
    rates = [lr(opt), *advance(opt, schedule, 60)]
    for t in range(total):
        assert rates[t] == pytest.approx([(t + 1) / total * a for a in (0.3, 0.02)], abs=1e-16)
    assert rates[total - 1 :] == [lr(alone), *advance(alone, other, 61 - total)]


def test_warm_up_is_torchs_linear_climb_followed_by_the_other_schedule():
    ours, theirs = optimizer(), optimizer()
    schedule = warmup(ours)
    climb = peers.LinearLR(theirs, start_factor=1 / 7, total_iters=6)
    peer = peers.SequentialLR(theirs, [climb, peers.CosineAnnealingLR(theirs, T_max=23, eta_min=0.001)], [6])
    for mine, other in zip(advance(ours, schedule, 29), advance(theirs, peer, 29), strict=True):
        assert mine == pytest.approx(other, abs=1e-12)


def test_warm_up_leads_to_a_schedule_that_begins_elsewhere():
    opt = optimizer(0.3)
    schedule = WarmupLR(CyclicLR(opt, base_lr=0.04, max_lr=0.2, step_size_up=2), total_iters=4)
    rates = [lr(opt), *advance(opt, schedule, 6)]
    assert rates == [pytest.approx([r]) for r in (0.01, 0.02, 0.03, 0.04, 0.12, 0.2, 0.12)]


@pytest.mark.parametrize("make", [*(lambda o, k=k, a=a: k(o, **a) for k, a in ALL), warmup])
@pytest.mark.parametrize("how", ["state_dict", "last_epoch"])
def test_a_resumed_run_has_the_rates_of_the_one_that_went_on(make, how):
    straight, broken = optimizer(), optimizer()
    expected = advance(straight, make(straight), 200)
    first = make(broken)
    advance(broken, first, 80)
    file = io.BytesIO()
    torch.save((first.state_dict(), broken.state_dict()), file)
    file.seek(0)
    saved, saved_optimizer = torch.load(file, weights_only=True)
    fresh = optimizer(0.9, 0.8)
    if how == "state_dict":
        second = make(fresh)
        second.load_state_dict(saved)
        fresh.load_state_dict(saved_optimizer)
    else:
        fresh.load_state_dict(saved_optimizer)
        second = make(fresh)  # takes initial_lr from the groups
        second = resume(second, fresh, 79)
    assert lr(fresh) == expected[79]
    assert advance(fresh, second, 120) == expected[80:]


def resume(schedule, opt, last_epoch):
    """The same schedule, made anew with ``last_epoch``."""
    options = {
        name: getattr(schedule, name)
        for name in type(schedule).__init__.__code__.co_varnames
        if hasattr(schedule, name)
    }
    options |= {"last_epoch": last_epoch}
    if isinstance(schedule, CyclicLR):
        options |= {"base_lr": schedule.lowest, "max_lr": schedule.highest}
    if isinstance(schedule, WarmupLR):
        return WarmupLR(resume(schedule.schedule, opt, last_epoch), schedule.total_iters, last_epoch)
    options.pop("optimizer")
    return type(schedule)(opt, **options)


def test_torch_resumes_growing_periods_wrongly_from_last_epoch():
    straight = optimizer(0.4)
    schedule = CosineAnnealingWarmRestarts(straight, T_0=3, T_mult=2)
    advance(straight, schedule, 30)
    ours, theirs = copy.deepcopy(straight), copy.deepcopy(straight)
    CosineAnnealingWarmRestarts(ours, T_0=3, T_mult=2, last_epoch=29)
    peers.CosineAnnealingWarmRestarts(theirs, T_0=3, T_mult=2, last_epoch=29)
    assert lr(ours) == lr(straight)
    assert abs(lr(theirs)[0] - lr(straight)[0]) > 0.05  # one restart instead of three


@pytest.mark.parametrize("eta_min", [0.0, 0.1])
def test_torchs_cosine_carries_a_change_to_the_bottom_and_forgets_it_there(eta_min):
    ours, theirs = optimizer(0.4), optimizer(0.4)
    schedule = CosineAnnealingLR(ours, T_max=10, eta_min=eta_min)
    peer = peers.CosineAnnealingLR(theirs, T_max=10, eta_min=eta_min)
    for opt, s in ((ours, schedule), (theirs, peer)):
        advance(opt, s, 4)
        opt.param_groups[0]["lr"] *= 0.5
        advance(opt, s, 5)
    # ours halves the rate, the recursion its height above eta_min; without an eta_min both are the same
    assert lr(ours) == pytest.approx([0.5 * schedule.rate(9)], rel=1e-12)
    ratio = (0.5 * schedule.rate(4) - eta_min) / (schedule.rate(4) - eta_min)
    assert lr(theirs) == pytest.approx([eta_min + ratio * (schedule.rate(9) - eta_min)], rel=1e-12)
    for opt, s in ((ours, schedule), (theirs, peer)):
        advance(opt, s, 11)
    assert lr(ours) == pytest.approx([0.4 if eta_min == 0 else 0.2], rel=1e-12)  # a rate of 0 forgets a factor
    assert lr(theirs) == pytest.approx([0.4], rel=1e-9)


def test_torchs_cosine_goes_below_zero_when_the_rate_is_halved_at_the_bottom():
    ours, theirs = optimizer(0.4), optimizer(0.4)
    rates = []
    for opt, kind in ((ours, CosineAnnealingLR), (theirs, peers.CosineAnnealingLR)):
        schedule = kind(opt, T_max=10, eta_min=0.1)
        advance(opt, schedule, 10)
        opt.param_groups[0]["lr"] *= 0.5
        rates.append([rate for (rate,) in advance(opt, schedule, 10)])
    assert rates[0] == pytest.approx([0.5 * schedule_rate(t) for t in range(11, 21)], rel=1e-12)
    assert min(rates[0]) > 0.05
    assert rates[1][-1] < -1  # a negative rate climbs the loss


def schedule_rate(t):
    return 0.1 + 0.3 * (1 + math.cos(math.pi * t / 10)) / 2


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_two_schedules_in_a_chain_multiply(order):
    opt = optimizer()
    made = [LinearLR(opt, start_factor=0.1, total_iters=9), CosineAnnealingLR(opt, T_max=400, eta_min=0.001)]
    chain = peers.ChainedScheduler([made[i] for i in order], optimizer=opt)
    for t, rates in enumerate([lr(opt), *advance(opt, chain, 300)]):
        for group, base in enumerate((0.3, 0.02)):
            assert rates[group] == pytest.approx(made[0].rate(t, group) * made[1].rate(t, group) / base, rel=1e-12)


def test_a_chain_may_mix_ours_with_torchs():
    ours, theirs = optimizer(), optimizer()
    first = peers.ChainedScheduler([ExponentialLR(ours, 0.9), peers.LinearLR(ours)], optimizer=ours)
    second = peers.ChainedScheduler([peers.ExponentialLR(theirs, 0.9), peers.LinearLR(theirs)], optimizer=theirs)
    for mine, other in zip(advance(ours, first, 100), advance(theirs, second, 100), strict=True):
        assert mine == pytest.approx(other, rel=1e-12)


def test_a_sequence_hands_over_at_the_milestones_as_with_torchs_own():
    def sequence(module, opt):
        parts = [
            module.LinearLR(opt, start_factor=0.2, total_iters=8),
            module.CosineAnnealingWarmRestarts(opt, T_0=7),
            module.ExponentialLR(opt, gamma=0.9),
        ]
        return peers.SequentialLR(opt, parts, milestones=[10, 31])

    ours, theirs = optimizer(), optimizer()
    first, second = sequence(schedules, ours), sequence(peers, theirs)
    assert lr(ours) == pytest.approx(lr(theirs), rel=1e-12)
    for mine, other in zip(advance(ours, first, 90), advance(theirs, second, 90), strict=True):
        assert mine == pytest.approx(other, rel=1e-12)


def test_a_rate_changed_by_hand_stays_changed():
    opt = optimizer(0.4)
    schedule = InverseTimeLR(opt, beta=0.5)
    advance(opt, schedule, 3)
    opt.param_groups[0]["lr"] *= 0.1
    rates = advance(opt, schedule, 20)
    assert rates[-1] == pytest.approx([0.1 * schedule.rate(23)], rel=1e-13)


def test_a_rate_of_zero_forgets_a_change_by_hand():
    opt = optimizer(0.4)
    schedule = CosineAnnealingLR(opt, T_max=5)
    advance(opt, schedule, 3)
    opt.param_groups[0]["lr"] *= 0.1
    assert advance(opt, schedule, 2)[-1] == [0.0]
    assert advance(opt, schedule, 1) == [[schedule.rate(6)]]
    advance(opt, schedule, 9)
    opt.param_groups[0]["lr"] = 0.7  # where the schedule had put 0
    assert advance(opt, schedule, 1) == [[schedule.rate(16)]]


def test_a_rate_that_is_a_tensor_is_filled_in_place():
    parameter, rate = torch.zeros(2, requires_grad=True), torch.tensor(0.5)
    opt = torch.optim.Adam([parameter], lr=rate, capturable=False, foreach=False)
    schedule = ExponentialLR(opt, gamma=0.5)
    advance(opt, schedule, 3)
    assert opt.param_groups[0]["lr"] is rate
    assert rate.item() == 0.0625


@pytest.mark.parametrize(
    ("kind", "options", "message"),
    [
        (InverseTimeLR, {"beta": -1}, "beta is -1; expected a finite number >= 0"),
        (NaturalExponentialLR, {"beta": float("nan")}, "beta is nan"),
        (ExponentialLR, {"gamma": 0}, "gamma is 0; expected a finite number > 0"),
        (MultiStepLR, {"milestones": [3], "gamma": -0.1}, "gamma is -0.1"),
        (
            PiecewiseConstantLR,
            {"milestones": [5, 5], "factors": [1, 1]},
            r"milestones is \[5, 5\]; expected increasing",
        ),
        (PiecewiseConstantLR, {"milestones": [0, 5], "factors": [1, 1]}, r"milestones is \[0, 5\]"),
        (PiecewiseConstantLR, {"milestones": [2, 5], "factors": [1]}, "there are 1 factors for 2 milestones"),
        (PiecewiseConstantLR, {"milestones": [2], "factors": [-1]}, r"factors is \[-1\]"),
        (LinearLR, {"start_factor": -0.1}, "start_factor is -0.1"),
        (LinearLR, {"end_factor": math.inf}, "end_factor is inf"),
        (LinearLR, {"total_iters": 0}, "total_iters is 0; expected at least 1"),
        (CosineAnnealingLR, {"T_max": 0}, "T_max is 0"),
        (CosineAnnealingLR, {"T_max": 5, "eta_min": -1}, "eta_min is -1"),
        (CosineAnnealingWarmRestarts, {"T_0": 0}, "T_0 is 0; expected at least 1"),
        (CosineAnnealingWarmRestarts, {"T_0": 3, "T_mult": 1.5}, "T_mult is 1.5; expected a whole number >= 1"),
        (CosineAnnealingWarmRestarts, {"T_0": 3, "eta_min": -1}, "eta_min is -1"),
        (CyclicLR, {"base_lr": 0.2, "max_lr": 0.1}, "base_lr is 0.2; expected a number between 0 and max_lr=0.1"),
        (CyclicLR, {"base_lr": -0.1, "max_lr": 0.1}, "base_lr is -0.1; expected a number between 0 and max_lr=0.1"),
        (CyclicLR, {"base_lr": 0.1, "max_lr": [0.2] * 3}, "max_lr has 3 values; the optimiser has 2 parameter groups"),
        (CyclicLR, {"base_lr": 0.1, "max_lr": 1, "step_size_up": 0}, "step_size_up is 0"),
        (CyclicLR, {"base_lr": 0.1, "max_lr": 1, "step_size_down": 0}, "step_size_down is 0"),
        (CyclicLR, {"base_lr": 0.1, "max_lr": 1, "mode": "square"}, "mode is 'square'; expected triangular"),
        (CyclicLR, {"base_lr": 0.1, "max_lr": 1, "gamma": -1}, "gamma is -1"),
    ],
)
def test_options_out_of_range_are_refused(kind, options, message):
    with pytest.raises(ValueError, match=message):
        kind(optimizer(), **options)


def test_warm_up_wants_a_closed_form_and_at_least_one_step():
    opt = optimizer()
    with pytest.raises(TypeError, match="the schedule is a StepLR; expected a ClosedFormLR"):
        WarmupLR(peers.StepLR(opt, 3), total_iters=2)
    with pytest.raises(ValueError, match="total_iters is 0; expected at least 1"):
        WarmupLR(ExponentialLR(opt, 0.9), total_iters=0)


def test_a_subclass_must_bring_its_formula():
    with pytest.raises(NotImplementedError, match="ClosedFormLR has no formula: define rate"):
        ClosedFormLR(optimizer())


def test_resuming_without_the_first_rates_is_refused():
    with pytest.raises(KeyError, match="initial_lr"):
        ExponentialLR(optimizer(), gamma=0.9, last_epoch=3)
