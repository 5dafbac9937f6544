r"""Recursive Levenberg–Marquardt (递推莱文贝格–马夸特法): a little fresh data at every step, and the earlier data remembered.

Each step brings new points with residual :math:`\rho_k` and Jacobian :math:`J_k`. The linear models of earlier steps stay in the
sum of squares, with a weight that fades, so that a step looks at many more points than it evaluates:

.. math:: Q_k(\theta) = \frac{1}{w_k}\sum_{j \le k} \lambda^{k-j} \lVert \rho_j + J_j (\theta - \theta_j) \rVert^2,
    \qquad w_k = \sum_{j \le k} \lambda^{k-j}

Nothing of the past has to be kept but half the Hessian A and half the gradient g of the sum, which follow by recursion:

.. math::
    A_k &= \lambda A_{k-1} + J_k^\top J_k, \qquad
    g_k = \lambda\,(g_{k-1} + A_{k-1}\,\delta_{k-1}) + J_k^\top \rho_k \\
    \delta_k &= -\left(\frac{A_k}{w_k} + \mu I\right)^{-1} \frac{g_k}{w_k}

Shapes: S residuals of a step, P parameters.

References
----------
Bertsekas (1996), Incremental least squares methods and the extended Kalman filter, SIAM Journal on Optimization 6(3),
https://doi.org/10.1137/S1052623494268522. Ngia and Sjöberg (2000), Efficient training of neural nets for nonlinear adaptive
filtering using a recursive Levenberg-Marquardt algorithm, IEEE Transactions on Signal Processing 48(7),
https://doi.org/10.1109/78.847778.
"""

from typing import Any

import torch
from torch import Tensor

from nndl_support.pinn.gram_matrix import gram_matrix

__all__ = ["RecursiveLevenbergMarquardt"]


class RecursiveLevenbergMarquardt:
    r"""The method as an optimiser on an :class:`nndl_support.pinn.objective.Objective` whose points change between steps.

    Parameters
    ----------
    objective : Objective
    memory : float, :math:`0 \le \lambda < 1`
        About :math:`1 / (1 - \lambda)` steps are remembered; 0 is Levenberg–Marquardt.
    share : float, at least 0
        The memory grows with the run: after k steps, :math:`1 / (1 - \lambda)` is at least ``share`` times k. Towards the end the
        models change little and remain true for longer, and what is left of the error is the chance of the points.
    damping : float > 0, the first :math:`\mu`
    largest : float, the damping beyond which the step is given up, and the past forgotten

    Attributes
    ----------
    damping : float, the present one

    Notes
    -----
    Whether a step is good is judged on the latest points. With the loss L, its linear model :math:`m(\delta)` there, and the
    decrease D that the whole of :math:`Q_k` predicts, the gain is :math:`(D - (L(\theta + \delta) - m(\delta)))/D`: how much of
    the promise is left after the error of the linear model. Without memory this is the ratio of the actual to the predicted
    decrease. The loss of the latest points alone may rise.

    Examples
    --------
    >>> import numpy
    >>> from nndl_support.pinn.geometry import Interval
    >>> from nndl_support.pinn.objective import Objective
    >>> from nndl_support.pinn.problem import Problem
    >>> bubble = (lambda x: 0 * x[:, 0], lambda x: x[:, 0] * (1 - x[:, 0]))
    >>> problem = Problem(Interval(0, 1), lambda f, p: f.u_xx + 2, hard=bubble)
    >>> objective = Objective(problem, problem.network(), n_points=10, rng=numpy.random.default_rng(0))
    >>> before, method = objective.value(), RecursiveLevenbergMarquardt(objective)
    >>> for _ in range(20):
    ...     objective.resample()
    ...     after = method.step()
    >>> after < 1e-4 * before
    True
    """

    def __init__(
        self, objective: Any, *, memory: float = 0.9, share: float = 0.025, damping: float = 1e-2, largest: float = 1e12
    ) -> None:
        if not (0 <= memory < 1 and share >= 0 and damping > 0):
            raise ValueError(
                f"memory is {memory}, share {share} and damping {damping}; expected 0 <= memory < 1, share >= 0 and damping > 0"
            )
        self.objective, self.memory, self.share, self.largest = objective, float(memory), float(share), float(largest)
        self.damping, self._growth = float(damping), 2.0
        self._matrix: Tensor | None = None
        self._gradient: Tensor | None = None
        self._weight, self._taken = 0.0, 0

    def step(self) -> float:
        """Take one step, and return the loss of the latest points after it.

        Returns
        -------
        float, unchanged when no damping up to ``largest`` gives an acceptable step
        """
        objective = self.objective
        residuals, jacobian = objective.jacobian()
        before, start = float(residuals @ residuals), objective.get()
        matrix, gradient = self._remember(residuals, jacobian)
        while self.damping <= self.largest:
            damped = matrix / self._weight
            damped.diagonal().add_(self.damping)
            factor, failed = torch.linalg.cholesky_ex(damped)
            if not failed:
                step = -torch.cholesky_solve(gradient[:, None] / self._weight, factor)[:, 0]
                curved = matrix @ step
                predicted = -float(2 * (gradient @ step) + step @ curved) / self._weight
                objective.set(start + step)
                after, linear = objective.value(), residuals + jacobian @ step
                gain = 1 - (after - float(linear @ linear)) / max(predicted, 1e-300)
                # A NaN is no gain.
                if gain > 0:
                    self.damping = max(self.damping * max(1 / 3, 1 - (2 * min(gain, 1.0) - 1) ** 3), 1e-15)
                    self._growth = 2.0
                    gradient.add_(curved)
                    return after
            self.damping *= self._growth
            self._growth *= 2
        objective.set(start)
        self._matrix = self._gradient = None
        self.damping, self._growth = 1.0, 2.0
        return before

    def _remember(self, residuals: Tensor, jacobian: Tensor) -> tuple[Tensor, Tensor]:
        """Add the latest linear model to the faded sum of the earlier ones."""
        if self._matrix is None or self._gradient is None:
            self._matrix, self._gradient, self._weight = gram_matrix(jacobian), residuals @ jacobian, 1.0
        else:
            kept = max(self.memory, 1 - 1 / max(self.share * self._taken, 1))
            self._matrix.mul_(kept).add_(gram_matrix(jacobian))
            self._gradient.mul_(kept).add_(residuals @ jacobian)
            self._weight = kept * self._weight + 1
        self._taken += 1
        return self._matrix, self._gradient

    def state_dict(self) -> dict[str, Any]:
        """Return what a checkpoint has to keep."""
        return {
            "damping": self.damping,
            "growth": self._growth,
            "matrix": None if self._matrix is None else self._matrix.clone(),
            "gradient": None if self._gradient is None else self._gradient.clone(),
            "weight": self._weight,
            "taken": self._taken,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take over what :meth:`state_dict` returned."""
        self.damping, self._growth = state["damping"], state["growth"]
        self._weight, self._taken = state["weight"], state["taken"]
        self._matrix, self._gradient = (
            None if state[k] is None else state[k].to(self.objective.get(), copy=True) for k in ("matrix", "gradient")
        )
