r"""Schedules of the learning rate: what the rate is after t steps, as PyTorch schedulers.

Every class has a method ``rate(t)``, its closed form, and is a :class:`torch.optim.lr_scheduler.LRScheduler` otherwise: made
for an optimiser, its ``step()`` called after the optimiser's, saved and resumed by ``state_dict``. Where PyTorch has the same
schedule, name and arguments are PyTorch's.

Symbols: t counts calls of ``step()`` from 0; :math:`\alpha_0` is the rate with which a parameter group began (``initial_lr``).

Notes
-----
As long as nobody else touches the rate, it is the closed form itself, so nothing accumulates over a long run. If somebody did, by
hand or by another schedule in a ``ChainedScheduler``, the rate found is multiplied by the ratio of the new closed form to the
old. A rate of 0 forgets such a factor, since no ratio leads away from it.

PyTorch's ``CosineAnnealingLR`` is a recursion instead, and departs from its own formula once the rate has been changed from
outside: it carries the change up to ``T_max``, and afterwards adds a rise that belongs to :math:`\alpha_0`. Its
``CosineAnnealingWarmRestarts`` and ``CyclicLR`` overwrite whatever they find.

References
----------
Qiu (2019), Neural networks and deep learning, chapter 7, equations 7.5 to 7.7; Smith (2017), Cyclical learning rates for training
neural networks, https://arxiv.org/abs/1506.01186; Loshchilov and Hutter (2017), SGDR: stochastic gradient descent with warm
restarts, https://arxiv.org/abs/1608.03983; Goyal et al. (2017), Accurate, large minibatch SGD, https://arxiv.org/abs/1706.02677.

Examples
--------
>>> import torch
>>> optimizer = torch.optim.SGD([torch.zeros(2, requires_grad=True)], lr=0.8)
>>> schedule = WarmupLR(InverseTimeLR(optimizer, beta=1.0), total_iters=4)
>>> rates = []
>>> for _ in range(6):
...     rates.append(round(schedule.get_last_lr()[0], 4))
...     optimizer.step()
...     schedule.step()
>>> rates
[0.2, 0.4, 0.6, 0.8, 0.4, 0.2667]
"""

import math
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from typing import Any

from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

__all__ = [
    "ClosedFormLR",
    "CosineAnnealingLR",
    "CosineAnnealingWarmRestarts",
    "CyclicLR",
    "ExponentialLR",
    "InverseTimeLR",
    "LinearLR",
    "MultiStepLR",
    "NaturalExponentialLR",
    "PiecewiseConstantLR",
    "WarmupLR",
]


def _check(condition: bool, name: str, value: Any, expected: str) -> None:
    if not condition:
        raise ValueError(f"{name} is {value}; expected {expected}")


class ClosedFormLR(LRScheduler):
    """A schedule that is a formula of t; a subclass defines ``rate``.

    Parameters
    ----------
    optimizer : torch.optim.Optimizer
    last_epoch : int
        -1 starts anew. To go on at time t without a ``state_dict``, pass t - 1 and have ``initial_lr`` in every parameter group,
        as an optimiser's ``state_dict`` does.
    """

    def rate(self, t: float, group: int = 0) -> float:
        """Learning rate of a parameter group at time t >= 0.

        Parameters
        ----------
        t : int, or a fraction of an epoch
        group : int, index into ``optimizer.param_groups``
        """
        raise NotImplementedError(f"{type(self).__name__} has no formula: define rate")

    def get_lr(self) -> list[Any]:
        """Rates of all groups at ``last_epoch``, with the factor by which others have changed the present ones."""
        if self._step_count > 1:
            before = self._formula
        elif self.last_epoch == 0:
            before = self._before_the_start()
        else:  # resumed in the middle
            return self._get_closed_form_lr()
        found = [group["lr"] for group in self.optimizer.param_groups]
        return [
            now if lr == old or old == 0 else float(lr) * now / float(old)
            for lr, old, now in zip(found, before, self._get_closed_form_lr(), strict=True)
        ]

    def _get_closed_form_lr(self) -> list[Any]:
        self._formula = [self.rate(self.last_epoch, group) for group in range(len(self.base_lrs))]
        return self._formula

    def _before_the_start(self) -> list[Any]:
        """The rates that this schedule finds if it is the only one."""
        return self.base_lrs


class InverseTimeLR(ClosedFormLR):
    r"""Inverse-time decay.

    .. math:: \alpha_t = \alpha_0 \frac{1}{1 + \beta t}

    Parameters
    ----------
    optimizer, last_epoch
        As in :class:`ClosedFormLR`.
    beta : float >= 0, decay per step

    References
    ----------
    Qiu (2019), equation 7.5.
    """

    def __init__(self, optimizer: Optimizer, beta: float, last_epoch: int = -1) -> None:
        _check(0 <= beta < math.inf, "beta", beta, "a finite number >= 0")
        self.beta = beta
        super().__init__(optimizer, last_epoch)

    def rate(self, t: float, group: int = 0) -> float:
        """Learning rate of a parameter group at time t."""
        return float(self.base_lrs[group]) / (1 + self.beta * t)


class ExponentialLR(ClosedFormLR):
    r"""Exponential decay: every step multiplies the rate by the same number.

    .. math:: \alpha_t = \alpha_0 \beta^t

    Parameters
    ----------
    optimizer, last_epoch
        As in :class:`ClosedFormLR`.
    gamma : float > 0, the :math:`\beta` of the formula, below 1 for a decay

    References
    ----------
    Qiu (2019), equation 7.6.
    """

    def __init__(self, optimizer: Optimizer, gamma: float, last_epoch: int = -1) -> None:
        _check(0 < gamma < math.inf, "gamma", gamma, "a finite number > 0")
        self.gamma = gamma
        super().__init__(optimizer, last_epoch)

    def rate(self, t: float, group: int = 0) -> float:
        """Learning rate of a parameter group at time t."""
        return float(self.base_lrs[group]) * self.gamma**t


class NaturalExponentialLR(ClosedFormLR):
    r"""Natural exponential decay, the same family as :class:`ExponentialLR` with :math:`e^{-\beta}` for its :math:`\beta`.

    .. math:: \alpha_t = \alpha_0 \exp(-\beta t)

    Parameters
    ----------
    optimizer, last_epoch
        As in :class:`ClosedFormLR`.
    beta : float >= 0, decay per step

    References
    ----------
    Qiu (2019), equation 7.7.
    """

    def __init__(self, optimizer: Optimizer, beta: float, last_epoch: int = -1) -> None:
        _check(0 <= beta < math.inf, "beta", beta, "a finite number >= 0")
        self.beta = beta
        super().__init__(optimizer, last_epoch)

    def rate(self, t: float, group: int = 0) -> float:
        """Learning rate of a parameter group at time t."""
        return float(self.base_lrs[group]) * math.exp(-self.beta * t)


class PiecewiseConstantLR(ClosedFormLR):
    r"""A staircase: :math:`\alpha_t = \alpha_0 \beta_m` from the m-th milestone to the next, :math:`\alpha_0` before the first.

    Parameters
    ----------
    optimizer, last_epoch
        As in :class:`ClosedFormLR`.
    milestones : sequence of int > 0, increasing
    factors : sequence of float >= 0, one for each milestone, each relative to :math:`\alpha_0`
    """

    def __init__(
        self, optimizer: Optimizer, milestones: Iterable[int], factors: Iterable[float], last_epoch: int = -1
    ) -> None:
        self.milestones, self.factors = list(milestones), list(factors)
        rising = all(a < b for a, b in zip([0, *self.milestones], self.milestones, strict=False))
        _check(rising, "milestones", self.milestones, "increasing numbers > 0")
        if len(self.factors) != len(self.milestones):
            raise ValueError(
                f"there are {len(self.factors)} factors for {len(self.milestones)} milestones; expected as many"
            )
        _check(all(0 <= f < math.inf for f in self.factors), "factors", self.factors, "finite numbers >= 0")
        super().__init__(optimizer, last_epoch)

    def rate(self, t: float, group: int = 0) -> float:
        """Learning rate of a parameter group at time t."""
        passed = bisect_right(self.milestones, t)
        return float(self.base_lrs[group]) * (self.factors[passed - 1] if passed else 1.0)


class MultiStepLR(ClosedFormLR):
    r"""A staircase with equal ratios: the rate is multiplied by ``gamma`` at each milestone.

    Parameters
    ----------
    optimizer, last_epoch
        As in :class:`ClosedFormLR`.
    milestones : sequence of int; one that stands there twice counts twice
    gamma : float >= 0
    """

    def __init__(
        self, optimizer: Optimizer, milestones: Iterable[int], gamma: float = 0.1, last_epoch: int = -1
    ) -> None:
        _check(0 <= gamma < math.inf, "gamma", gamma, "a finite number >= 0")
        self.milestones, self.gamma = sorted(milestones), gamma
        super().__init__(optimizer, last_epoch)

    def rate(self, t: float, group: int = 0) -> float:
        """Learning rate of a parameter group at time t."""
        return float(self.base_lrs[group]) * self.gamma ** bisect_right(self.milestones, t)


class LinearLR(ClosedFormLR):
    r"""A straight line from ``start_factor`` to ``end_factor`` times :math:`\alpha_0`, then constant.

    Parameters
    ----------
    optimizer, last_epoch
        As in :class:`ClosedFormLR`.
    start_factor, end_factor : float >= 0
    total_iters : int >= 1, steps until ``end_factor`` is reached
    """

    def __init__(
        self,
        optimizer: Optimizer,
        start_factor: float = 1.0 / 3,
        end_factor: float = 1.0,
        total_iters: int = 5,
        last_epoch: int = -1,
    ) -> None:
        _check(0 <= start_factor < math.inf, "start_factor", start_factor, "a finite number >= 0")
        _check(0 <= end_factor < math.inf, "end_factor", end_factor, "a finite number >= 0")
        _check(total_iters >= 1, "total_iters", total_iters, "at least 1")
        self.start_factor, self.end_factor, self.total_iters = start_factor, end_factor, total_iters
        super().__init__(optimizer, last_epoch)

    def rate(self, t: float, group: int = 0) -> float:
        """Learning rate of a parameter group at time t."""
        share = min(t, self.total_iters) / self.total_iters
        return float(self.base_lrs[group]) * (self.start_factor + (self.end_factor - self.start_factor) * share)


class CosineAnnealingLR(ClosedFormLR):
    r"""Half a cosine from :math:`\alpha_0` down to ``eta_min`` in ``T_max`` steps, and up again after that.

    .. math:: \alpha_t = \eta_{\min} + \frac{\alpha_0 - \eta_{\min}}{2} \left(1 + \cos \frac{\pi t}{T_{\max}}\right)

    Parameters
    ----------
    optimizer, last_epoch
        As in :class:`ClosedFormLR`.
    T_max : number > 0, steps of the descent
    eta_min : float >= 0

    References
    ----------
    Loshchilov and Hutter (2017), equation 5 without restarts.
    """

    def __init__(self, optimizer: Optimizer, T_max: float, eta_min: float = 0.0, last_epoch: int = -1) -> None:
        _check(0 < T_max < math.inf, "T_max", T_max, "a finite number > 0")
        _check(0 <= eta_min < math.inf, "eta_min", eta_min, "a finite number >= 0")
        self.T_max, self.eta_min = T_max, eta_min
        super().__init__(optimizer, last_epoch)

    def rate(self, t: float, group: int = 0) -> float:
        """Learning rate of a parameter group at time t."""
        height = float(self.base_lrs[group]) - self.eta_min
        return self.eta_min + height * (1 + math.cos(math.pi * t / self.T_max)) / 2


class CosineAnnealingWarmRestarts(ClosedFormLR):
    r"""Cosine annealing that jumps back to :math:`\alpha_0` after ``T_0`` steps, and again after periods ``T_mult`` times longer.

    .. math:: \alpha_t = \eta_{\min} + \frac{\alpha_0 - \eta_{\min}}{2} \left(1 + \cos \frac{\pi T_{\text{cur}}}{T_i}\right)

    Here :math:`T_i` is the length of the present period and :math:`T_{\text{cur}}` the time since it began.

    Parameters
    ----------
    optimizer, last_epoch
        As in :class:`ClosedFormLR`.
    T_0 : int >= 1, length of the first period
    T_mult : int >= 1
    eta_min : float >= 0

    Notes
    -----
    PyTorch's class, started with a ``last_epoch`` beyond its second period, carries out a single restart and so goes on with a
    wrong period; here the period follows from t.

    References
    ----------
    Loshchilov and Hutter (2017), equation 5.
    """

    def __init__(
        self, optimizer: Optimizer, T_0: int, T_mult: int = 1, eta_min: float = 0.0, last_epoch: int = -1
    ) -> None:
        _check(T_0 >= 1, "T_0", T_0, "at least 1")
        _check(T_mult >= 1 and T_mult == int(T_mult), "T_mult", T_mult, "a whole number >= 1")
        _check(0 <= eta_min < math.inf, "eta_min", eta_min, "a finite number >= 0")
        self.T_0, self.T_mult, self.eta_min = T_0, T_mult, eta_min
        super().__init__(optimizer, last_epoch)

    def period(self, t: float) -> tuple[float, float]:
        """Time since the last restart and length of the present period, (T_cur, T_i)."""
        if self.T_mult == 1:
            return t % self.T_0, self.T_0
        since, length = t, self.T_0
        while since >= length:
            since, length = since - length, length * self.T_mult
        return since, length

    def rate(self, t: float, group: int = 0) -> float:
        """Learning rate of a parameter group at time t."""
        since, length = self.period(t)
        height = float(self.base_lrs[group]) - self.eta_min
        return self.eta_min + height * (1 + math.cos(math.pi * since / length)) / 2

    def step(self, epoch: float | None = None) -> None:
        """Go to the next time, or to a given one, which may be a fraction: ``epoch + batch / batches``."""
        if epoch is not None:
            _check(epoch >= 0, "epoch", epoch, "a number >= 0")
            self.last_epoch = epoch - 1  # type: ignore[assignment]
        super().step()


class CyclicLR(ClosedFormLR):
    r"""Triangles: the rate climbs from ``base_lr`` to ``max_lr`` and comes down again, without end.

    .. math:: \alpha_t = \alpha_{\text{base}} + (\alpha_{\max} - \alpha_{\text{base}})\, s\,
              \max\left(0, 1 - \lvert t / u - 2m + 1 \rvert\right), \qquad m = \left\lfloor 1 + \frac{t}{2u} \right\rfloor

    for equal halves u; the scale s is 1, or :math:`2^{1-m}` in the mode "triangular2", or :math:`\gamma^t` in "exp_range".

    Parameters
    ----------
    optimizer, last_epoch
        As in :class:`ClosedFormLR`.
    base_lr, max_lr : float >= 0, or one for each parameter group
    step_size_up : int >= 1, steps of the climb
    step_size_down : int >= 1, optional
        Steps of the descent; as many as of the climb without it.
    mode : str, ``"triangular"``, ``"triangular2"`` or ``"exp_range"``
    gamma : float > 0

    Notes
    -----
    The group's own rate plays no part. The momentum is left alone, as in PyTorch's class with ``cycle_momentum=False``.

    References
    ----------
    Smith (2017), section 3.1.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        base_lr: float | Sequence[float],
        max_lr: float | Sequence[float],
        step_size_up: int = 2000,
        step_size_down: int | None = None,
        mode: str = "triangular",
        gamma: float = 1.0,
        last_epoch: int = -1,
    ) -> None:
        _check(step_size_up >= 1, "step_size_up", step_size_up, "at least 1")
        _check(step_size_down is None or step_size_down >= 1, "step_size_down", step_size_down, "at least 1, or None")
        _check(
            mode in ("triangular", "triangular2", "exp_range"),
            "mode",
            repr(mode),
            "triangular, triangular2 or exp_range",
        )
        _check(0 < gamma < math.inf, "gamma", gamma, "a finite number > 0")
        self.lowest, self.highest = (
            _one_for_each_group(name, value, optimizer) for name, value in (("base_lr", base_lr), ("max_lr", max_lr))
        )
        for low, high in zip(self.lowest, self.highest, strict=True):
            _check(0 <= low <= high < math.inf, "base_lr", low, f"a number between 0 and max_lr={high}")
        self.step_size_up, self.step_size_down = (
            step_size_up,
            step_size_up if step_size_down is None else step_size_down,
        )
        self.mode, self.gamma = mode, gamma
        super().__init__(optimizer, last_epoch)

    def rate(self, t: float, group: int = 0) -> float:
        """Learning rate of a parameter group at time t."""
        low, up, down = self.lowest[group], self.step_size_up, self.step_size_down
        cycles, since = divmod(t, up + down)
        height = since / up if since <= up else (up + down - since) / down
        scale = {"triangular": 1.0, "triangular2": 0.5**cycles, "exp_range": self.gamma**t}[self.mode]
        return low + (self.highest[group] - low) * height * scale


def _one_for_each_group(name: str, value: float | Sequence[float], optimizer: Optimizer) -> list[float]:
    groups = len(optimizer.param_groups)
    values = [float(v) for v in value] if isinstance(value, Sequence) else [float(value)] * groups
    if len(values) != groups:
        raise ValueError(f"{name} has {len(values)} values; the optimiser has {groups} parameter groups")
    return values


class WarmupLR(ClosedFormLR):
    r"""Linear warm-up before another schedule.

    .. math:: \alpha_t = \frac{t + 1}{T}\, \alpha'_0 \quad (t < T), \qquad \alpha_t = \alpha'_{t - T + 1} \quad (t \ge T)

    The rate of the other schedule is :math:`\alpha'`. The first step is taken with a T-th of its first rate, the T-th step with
    all of it.

    Parameters
    ----------
    schedule : ClosedFormLR, the schedule that follows; from now on, call ``step`` of the warm-up only
    total_iters : int >= 1, the T of the formula
    last_epoch : int, as in :class:`ClosedFormLR`

    Raises
    ------
    TypeError
        When the schedule has no closed form; ``torch.optim.lr_scheduler.SequentialLR`` can put any two after each other.
    """

    def __init__(self, schedule: ClosedFormLR, total_iters: int, last_epoch: int = -1) -> None:
        if not isinstance(schedule, ClosedFormLR):
            raise TypeError(
                f"the schedule is a {type(schedule).__name__}; expected a ClosedFormLR, such as ExponentialLR"
            )
        _check(total_iters >= 1, "total_iters", total_iters, "at least 1")
        self.schedule, self.total_iters = schedule, total_iters
        super().__init__(schedule.optimizer, last_epoch)

    def rate(self, t: float, group: int = 0) -> float:
        """Learning rate of a parameter group at time t."""
        if t < self.total_iters:
            return self.schedule.rate(0, group) * (t + 1) / self.total_iters
        return self.schedule.rate(t - self.total_iters + 1, group)

    def _before_the_start(self) -> list[Any]:
        return self.schedule._formula

    def state_dict(self) -> dict[str, Any]:
        """Everything but the optimiser, with the state of the schedule that follows."""
        return super().state_dict() | {"schedule": self.schedule.state_dict()}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take over what ``state_dict`` of the same kind of warm-up gave."""
        self.schedule.load_state_dict(state_dict["schedule"])
        super().load_state_dict({key: value for key, value in state_dict.items() if key != "schedule"})
