r"""The optimisers of the usual tools on an objective: Adam, and limited-memory BFGS with a strong Wolfe search.

References
----------
Kingma and Ba (2015), Adam, https://arxiv.org/abs/1412.6980; Liu and Nocedal (1989), On the limited memory BFGS method for large
scale optimization, Mathematical Programming 45. Both as in the chapter on optimisation.
"""

import math
from typing import Any

from torch import Tensor

from nndl_support.optimization.adam import Adam
from nndl_support.optimization.lbfgs import LBFGS

__all__ = ["AdamSteps", "LBFGSSteps"]


class _Steps:
    """What both share: a closure over the loss, and the state of the optimiser."""

    def __init__(self, objective: Any, optimizer: Any) -> None:
        self.objective, self.optimizer = objective, optimizer

    def _closure(self) -> Tensor:
        self.optimizer.zero_grad()
        loss = self.objective.loss()
        loss.backward()
        return loss

    def state_dict(self) -> dict[str, Any]:
        """Return what a checkpoint has to keep."""
        return self.optimizer.state_dict()

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take over what :meth:`state_dict` returned."""
        self.optimizer.load_state_dict(state)


class AdamSteps(_Steps):
    """Adam with a rate that may decay.

    Parameters
    ----------
    objective : Objective
    learning_rate : float > 0
    half_life : float > 0, steps after which the rate is half; infinity keeps it

    Raises
    ------
    ValueError
        When one of them is out of range.

    Examples
    --------
    >>> import numpy
    >>> from nndl_support.pinn.geometry import Interval
    >>> from nndl_support.pinn.objective import Objective
    >>> from nndl_support.pinn.problem import Problem
    >>> problem = Problem(Interval(0, 1), lambda f, p: f.u_x - 1)
    >>> objective = Objective(problem, problem.network(), n_points=20, rng=numpy.random.default_rng(0))
    >>> before, method = objective.value(), AdamSteps(objective, learning_rate=1e-2)
    >>> for _ in range(50):
    ...     loss = method.step()
    >>> objective.value() < 0.5 * before
    True
    """

    def __init__(self, objective: Any, *, learning_rate: float = 1e-3, half_life: float = math.inf) -> None:
        if not (learning_rate > 0 and half_life > 0):
            raise ValueError(f"learning_rate is {learning_rate} and half_life {half_life}; expected both > 0")
        super().__init__(objective, Adam(objective.parameters, lr=learning_rate, check_finite=False))
        self.learning_rate, self.half_life, self._taken = learning_rate, half_life, 0

    def step(self) -> float:
        """Take one step, and return the loss before it."""
        loss = self._closure()
        self.optimizer.param_groups[0]["lr"] = self.learning_rate * 0.5 ** (self._taken / self.half_life)
        if math.isfinite(float(loss.detach())):
            self.optimizer.step()
        self._taken += 1
        return float(loss.detach())

    def state_dict(self) -> dict[str, Any]:
        """Return what a checkpoint has to keep."""
        return {"optimizer": super().state_dict(), "taken": self._taken}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take over what :meth:`state_dict` returned."""
        super().load_state_dict(state["optimizer"])
        self._taken = state["taken"]


class LBFGSSteps(_Steps):
    """Limited-memory BFGS; all tolerances are zero, so that it does not stop early where the loss is small.

    Parameters
    ----------
    objective : Objective
    history_size : int, pairs of steps and changes of the gradient
    max_iter : int, iterations in one step of this object

    Examples
    --------
    >>> import numpy
    >>> from nndl_support.pinn.geometry import Interval
    >>> from nndl_support.pinn.objective import Objective
    >>> from nndl_support.pinn.problem import Problem
    >>> problem = Problem(Interval(0, 1), lambda f, p: f.u_x - 1)
    >>> objective = Objective(problem, problem.network(), n_points=20, rng=numpy.random.default_rng(0))
    >>> before, method = objective.value(), LBFGSSteps(objective)
    >>> loss = method.step()
    >>> objective.value() < 0.1 * before
    True
    """

    def __init__(self, objective: Any, *, history_size: int = 50, max_iter: int = 10) -> None:
        optimizer = LBFGS(
            objective.parameters,
            max_iter=max_iter,
            max_eval=4 * max_iter,
            history_size=history_size,
            line_search_fn="strong_wolfe",
            tolerance_grad=0.0,
            tolerance_change=0.0,
            min_curvature=0.0,
            check_finite=False,
        )
        super().__init__(objective, optimizer)

    def step(self) -> float:
        """Take ``max_iter`` iterations, and return the loss after them."""
        self.optimizer.step(self._closure)
        return self.objective.value()
