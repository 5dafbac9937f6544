r"""L-BFGS: Newton's direction from the last few steps and the changes of the gradient along them.

Shapes: all parameters together are one vector of P numbers; the history has up to ``history_size`` pairs of such vectors, the
steps s and the changes y of the gradient.

References
----------
Nocedal (1980), Updating quasi-Newton matrices with limited storage, Mathematics of Computation 35(151), 773-782; Liu and Nocedal
(1989), On the limited memory BFGS method for large scale optimization, Mathematical Programming 45, 503-528; Nocedal and Wright
(2006), Numerical optimization, 2nd edition, algorithms 7.4 (two loops), 3.5 and 3.6 (line search).
"""

import math
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any, NamedTuple

import torch
from torch import Tensor

from nndl_support.optimization.optimizer_base import OptimizerBase, check_non_negative

__all__ = ["LBFGS", "Trial", "cubic_minimum", "strong_wolfe", "two_loop_recursion"]


def two_loop_recursion(
    gradient: Tensor, steps: Sequence[Tensor], changes: Sequence[Tensor], scale: float = 1.0
) -> Tensor:
    r"""Product of the BFGS approximation of the inverse Hessian with a gradient, without that matrix.

    .. math:: H_{k+1} = \left(I - \rho_k s_k y_k^\top\right) H_k \left(I - \rho_k y_k s_k^\top\right) + \rho_k s_k s_k^\top,
              \qquad \rho_k = \frac{1}{y_k^\top s_k}, \qquad H_0 = \gamma I

    Parameters
    ----------
    gradient : tensor (P,)
    steps, changes : sequences of tensors (P,), the oldest first
    scale : float, the :math:`\gamma` of the formula

    Returns
    -------
    tensor (P,)

    References
    ----------
    Nocedal and Wright (2006), algorithm 7.4.

    Examples
    --------
    >>> s, y = torch.tensor([1.0, 0.0]), torch.tensor([4.0, 0.0])  # the gradient changes by 4 along the first axis
    >>> two_loop_recursion(torch.tensor([4.0, 4.0]), [s], [y])
    tensor([1., 4.])
    """
    return _two_loops(
        gradient, steps, changes, [1.0 / float(y.dot(s)) for s, y in zip(steps, changes, strict=True)], scale
    )


def _two_loops(
    gradient: Tensor, steps: Sequence[Tensor], changes: Sequence[Tensor], rho: Sequence[float], scale: float
) -> Tensor:
    q, shares = gradient.clone(), []
    for s, y, r in zip(reversed(steps), reversed(changes), reversed(rho), strict=True):
        shares.append(float(s.dot(q)) * r)
        q.add_(y, alpha=-shares[-1])
    q.mul_(scale)
    for s, y, r, share in zip(steps, changes, rho, reversed(shares), strict=True):
        q.add_(s, alpha=share - float(y.dot(q)) * r)
    return q


class Trial(NamedTuple):
    """A point of a line search: how far along the direction, the loss, the gradient, the slope along the direction.

    Examples
    --------
    >>> Trial(0.5, 2.0, torch.tensor([3.0, -1.0]), -1.5).slope
    -1.5
    """

    t: float
    loss: float
    gradient: Tensor
    slope: float


def cubic_minimum(a: Trial, b: Trial, low: float | None = None, high: float | None = None) -> float:
    """Where the cubic through the losses and slopes of two trials is least, between bounds; their middle if it has no minimum.

    Parameters
    ----------
    a, b : Trial
    low, high : float, optional
        The bounds; the places of the two trials without them.

    Examples
    --------
    >>> at = lambda t: Trial(t, (t - 2) ** 2, torch.empty(0), 2 * (t - 2))
    >>> cubic_minimum(at(0.0), at(5.0))
    2.0
    """
    a, b = sorted((a, b), key=lambda trial: trial.t)
    low, high = a.t if low is None else low, b.t if high is None else high
    if a.t < b.t and all(map(math.isfinite, (a.loss, b.loss, a.slope, b.slope))):
        mean = a.slope + b.slope - 3 * (a.loss - b.loss) / (a.t - b.t)
        square = mean * mean - a.slope * b.slope
        if 0 <= square < math.inf:
            root = math.sqrt(square)
            denominator = b.slope - a.slope + 2 * root
            if denominator != 0:
                return min(max(b.t - (b.t - a.t) * ((b.slope + root - mean) / denominator), low), high)
    return (low + high) / 2


def strong_wolfe(
    evaluate: Callable[[float], Trial],
    start: Trial,
    t: float,
    *,
    c1: float = 1e-4,
    c2: float = 0.9,
    smallest: float = 1e-9,
    max_evaluations: int = 25,
) -> tuple[Trial, int]:
    r"""Look along a descent direction for a step that lowers the loss enough and flattens the slope enough.

    .. math:: f(t) \le f(0) + c_1 t f'(0), \qquad \lvert f'(t) \rvert \le c_2 \lvert f'(0) \rvert

    First the step grows until an interval is known to contain such a point, then the interval shrinks.

    Parameters
    ----------
    evaluate : callable from a step length to a :class:`Trial`
    start : Trial, the point at t = 0
    t : float > 0, the first length to try
    c1, c2 : float, 0 < c1 < c2 < 1
    smallest : float, the length of an interval at which to give up
    max_evaluations : int >= 1

    Returns
    -------
    trial : Trial, where both conditions hold, or the best one met when the evaluations or the interval were used up
    evaluations : int

    Notes
    -----
    A trial whose loss is infinite counts as too far.

    References
    ----------
    Nocedal and Wright (2006), algorithms 3.5 and 3.6, with the safeguards of Schmidt's minFunc that PyTorch has too.

    Examples
    --------
    >>> def parabola(t):
    ...     return Trial(t, (t - 3) ** 2, torch.empty(0), 2 * (t - 3))
    >>> trial, evaluations = strong_wolfe(parabola, parabola(0.0), 10.0)
    >>> trial.t, evaluations
    (3.0, 2)
    """

    def too_high(trial: Trial) -> bool:
        return trial.loss > start.loss + c1 * trial.t * start.slope

    def flat(trial: Trial) -> bool:
        return abs(trial.slope) <= -c2 * start.slope

    previous, trial, used = start, evaluate(t), 1
    bracket = None
    while used < max_evaluations and bracket is None:
        if too_high(trial) or (used > 2 and trial.loss >= previous.loss):
            bracket = [previous, trial]
        elif flat(trial):
            return trial, used
        elif trial.slope >= 0:
            bracket = [previous, trial]
        else:
            further = cubic_minimum(previous, trial, trial.t + 0.01 * (trial.t - previous.t), 10 * trial.t)
            previous, trial, used = trial, evaluate(further), used + 1
    bracket = bracket or [start, trial]

    stuck = False
    low = 0 if bracket[0].loss <= bracket[1].loss else 1
    while used < max_evaluations and abs(bracket[1].t - bracket[0].t) >= smallest:
        t, stuck = _inside(bracket, cubic_minimum(bracket[0], bracket[1]), stuck)
        trial, used = evaluate(t), used + 1
        if too_high(trial) or trial.loss >= bracket[low].loss:
            bracket[1 - low] = trial
            low = 0 if bracket[0].loss <= bracket[1].loss else 1
            continue
        if flat(trial):
            return trial, used
        if trial.slope * (bracket[1 - low].t - bracket[low].t) >= 0:
            bracket[1 - low] = bracket[low]
        bracket[low] = trial
    return bracket[low], used


def _inside(bracket: list[Trial], t: float, stuck: bool) -> tuple[float, bool]:
    """The place t, or a tenth of the interval away from its end when t keeps too near to it; and whether t was near."""
    left, right = sorted(trial.t for trial in bracket)
    margin = 0.1 * (right - left)
    if min(right - t, t - left) >= margin:
        return t, False
    if not (stuck or t >= right or t <= left):
        return t, True
    return (right - margin if abs(t - right) < abs(t - left) else left + margin), False


class LBFGS(OptimizerBase):
    r"""Limited-memory BFGS: :math:`\theta \leftarrow \theta - t\, H \nabla f`, with H from ``two_loop_recursion``.

    One call of ``step`` makes up to ``max_iter`` iterations and evaluates the loss many times, on the same data.

    Parameters
    ----------
    params : iterable of tensors or of ``(name, tensor)`` pairs, or a list of one dict with a key ``"params"``
    lr : float or tensor of one element, >= 0
        The step length t, or with a line search the first one to try. The very first iteration, without a history, divides it by
        the sum of the gradient's absolute values if that is above 1.
    max_iter : int >= 1, iterations in a call of ``step``
    max_eval : int >= 1, optional
        Evaluations of the loss in a call, one more being possible in a line search; 5/4 of ``max_iter`` without it. For
        ``max_iter=1`` that leaves the line search a single trial: give it more.
    tolerance_grad : float >= 0, stop when no entry of the gradient is larger
    tolerance_change : float >= 0
        Stop when no parameter has moved by more, when the loss has changed by less, or when the slope along the direction is less
        steep.
    history_size : int >= 1
    line_search_fn : str, optional
        ``"strong_wolfe"``, see ``strong_wolfe``; every step has the length ``lr`` without it.
    maximize, check_finite : bool, see :class:`~nndl_support.optimization.optimizer_base.OptimizerBase`
    min_curvature : float >= 0
        A pair with :math:`y^\top s` no larger than this is forgotten.

    Raises
    ------
    ValueError
        When there is more than one group of parameters; when a gradient is not finite, other than in a trial of the line search.
    TypeError
        When ``step`` is called without a closure.

    Notes
    -----
    Path, state and defaults are those of ``torch.optim.LBFGS``, and so are the traps. The tolerances and the least curvature are
    absolute: where the loss is 1e-8 times as large, the search stops far from the minimum, without an error. Set all three to 0
    and give ``max_iter`` instead; the search is then the same at every scale, up to its first step. PyTorch fixes the least
    curvature at 1e-10, and a trial in which the loss is NaN makes its parameters NaN; here such a trial counts as too far.

    A history from different mini-batches compares gradients of different functions. The method is for the full batch.

    References
    ----------
    Liu and Nocedal (1989), algorithm 2.1, with :math:`\gamma = y^\top s / y^\top y` from the latest pair.

    Examples
    --------
    >>> theta = torch.tensor([-1.5, 2.0], dtype=torch.float64, requires_grad=True)
    >>> optimizer = LBFGS([theta], max_iter=100, line_search_fn="strong_wolfe")
    >>> def closure():
    ...     optimizer.zero_grad()
    ...     loss = (1 - theta[0]) ** 2 + 100 * (theta[1] - theta[0] ** 2) ** 2
    ...     loss.backward()
    ...     return loss
    >>> loss = optimizer.step(closure)
    >>> theta.detach().round(decimals=6)
    tensor([1., 1.], dtype=torch.float64)
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float | Tensor = 1.0,
        max_iter: int = 20,
        max_eval: int | None = None,
        tolerance_grad: float = 1e-7,
        tolerance_change: float = 1e-9,
        history_size: int = 100,
        line_search_fn: str | None = None,
        *,
        maximize: bool = False,
        check_finite: bool = True,
        min_curvature: float = 1e-10,
    ) -> None:
        defaults = {
            "lr": lr,
            "max_iter": max_iter,
            "max_eval": max_iter * 5 // 4 if max_eval is None else max_eval,
            "tolerance_grad": tolerance_grad,
            "tolerance_change": tolerance_change,
            "history_size": history_size,
            "line_search_fn": line_search_fn,
            "min_curvature": min_curvature,
        }
        super().__init__(params, defaults | {"maximize": maximize, "check_finite": check_finite})

    def _check_options(self, group: dict[str, Any]) -> None:
        super()._check_options(group)
        for name in ("tolerance_grad", "tolerance_change", "min_curvature"):
            check_non_negative(name, group[name])
        for name in ("max_iter", "max_eval", "history_size"):
            if group[name] < 1:
                raise ValueError(f"{name} is {group[name]}; expected a whole number >= 1")
        if group["line_search_fn"] not in (None, "strong_wolfe"):
            raise ValueError(f"line_search_fn is {group['line_search_fn']!r}; expected 'strong_wolfe' or None")

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Add the only group; a second one is refused, since all parameters share one direction and one step length."""
        if self.param_groups:
            raise ValueError("LBFGS has one group of parameters; expected no other")
        super().add_param_group(param_group)

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Iterate until a tolerance or a maximum is reached.

        Parameters
        ----------
        closure : callable
            Clears the gradients, evaluates the loss on the same data every time, calls ``backward`` and returns the loss.

        Returns
        -------
        What the closure returned first, at the place where this call began.
        """
        if closure is None:
            raise TypeError("LBFGS evaluates the loss several times in a step; expected a closure that does")
        group = self.param_groups[0]
        change, last_gradient = group["tolerance_change"], group["tolerance_grad"]
        first, loss, gradient = self._evaluate(closure)
        state = self.state[group["params"][0]]
        state.setdefault("n_iter", 0)
        state["func_evals"] = state.get("func_evals", 0) + 1
        evaluations = 1
        if gradient.abs().max() <= last_gradient:
            return first
        for iteration in range(1, group["max_iter"] + 1):
            state["n_iter"] += 1
            t = float(group["lr"])
            if state["n_iter"] == 1:
                state.update(old_dirs=[], old_stps=[], ro=[], H_diag=1.0)
                t *= min(1.0, 1.0 / float(gradient.abs().sum()))
                direction = -gradient
            else:
                _remember(state, gradient, group["history_size"], group["min_curvature"])
                rho = [float(r) for r in state["ro"]]
                direction = -_two_loops(gradient, state["old_stps"], state["old_dirs"], rho, float(state["H_diag"]))
            state.update(d=direction, t=t, prev_flat_grad=gradient, prev_loss=loss)
            slope = float(gradient.dot(direction))
            if slope > -change or not slope < 0:
                break
            here, before, used = [p.clone() for p in group["params"]], loss, 0
            if group["line_search_fn"]:
                start = Trial(0.0, loss, gradient, slope)
                trial, used = strong_wolfe(
                    partial(self._try, closure, here, direction),
                    start,
                    t,
                    smallest=change / float(direction.abs().max()),
                    max_evaluations=group["max_eval"] - evaluations + 1,
                )
                t, loss, gradient, _ = trial
                state["t"] = t
                self._place(here, direction, t)
            else:
                self._place(here, direction, t)
                if iteration < group["max_iter"]:  # in the last iteration nobody needs to know
                    _, loss, gradient = self._evaluate(closure, here)
                    used = 1
            evaluations += used
            state["func_evals"] += used
            if evaluations >= group["max_eval"] or gradient.abs().max() <= last_gradient:
                break
            if direction.mul(t).abs().max() <= change or abs(loss - before) < change:
                break
        return first

    def _evaluate(self, closure: Callable[[], Any], here: list[Tensor] | None = None) -> tuple[Any, float, Tensor]:
        """What the closure returns, and loss and gradient to be minimised; back to ``here`` if the gradient is refused."""
        with torch.enable_grad():
            result = closure()
        try:
            self._with_gradients(0)
        except (ValueError, RuntimeError):
            if here is not None:
                torch._foreach_copy_(self.param_groups[0]["params"], here)
            raise
        return result, *self._signed(result)

    def _signed(self, result: Any) -> tuple[float, Tensor]:
        group = self.param_groups[0]
        gradient = torch.cat(
            [torch.zeros_like(p).flatten() if p.grad is None else p.grad.flatten() for p in group["params"]]
        )
        return (-float(result), -gradient) if group["maximize"] else (float(result), gradient)

    def _try(self, closure: Callable[[], Any], here: list[Tensor], direction: Tensor, t: float) -> Trial:
        """Loss and slope after a step of length t; the loss counts as infinite where either is not finite."""
        self._place(here, direction, t)
        with torch.enable_grad():
            result = closure()
        loss, gradient = self._signed(result)
        slope = float(gradient.dot(direction))
        return Trial(t, loss if math.isfinite(loss) and math.isfinite(slope) else math.inf, gradient, slope)

    def _place(self, here: list[Tensor], direction: Tensor, t: float) -> None:
        """Put the parameters at ``here`` plus t times the direction."""
        params = self.param_groups[0]["params"]
        torch._foreach_copy_(params, here)
        pieces = direction.split([p.numel() for p in params])
        torch._foreach_add_(params, [d.view_as(p) for d, p in zip(pieces, params, strict=True)], alpha=t)


def _remember(state: dict[str, Any], gradient: Tensor, history_size: int, min_curvature: float) -> None:
    """Add the last step and what it did to the gradient to the history, if the loss curves upwards along it."""
    y, s = gradient - state["prev_flat_grad"], state["d"] * float(state["t"])
    curvature = float(y.dot(s))
    if curvature > min_curvature:
        if len(state["old_dirs"]) == history_size:
            for name in ("old_dirs", "old_stps", "ro"):
                state[name].pop(0)
        state["old_dirs"].append(y)
        state["old_stps"].append(s)
        state["ro"].append(1.0 / curvature)
        state["H_diag"] = curvature / float(y.dot(y))
