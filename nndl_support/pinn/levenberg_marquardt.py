r"""Levenberg–Marquardt: Gauss–Newton steps (高斯–牛顿法) with a damping that adapts itself.

.. math:: (J^\top J + \mu I)\,\delta = -J^\top \rho,\qquad
    \text{gain} = \frac{\lVert\rho(\theta)\rVert^2 - \lVert\rho(\theta + \delta)\rVert^2}
    {\lVert\rho\rVert^2 - \lVert\rho + J\delta\rVert^2}

Shapes: S residuals, P parameters.

References
----------
Levenberg (1944), A method for the solution of certain non-linear problems in least squares, Quarterly of Applied Mathematics
2(2).
Marquardt (1963), An algorithm for least-squares estimation of nonlinear parameters, SIAM Journal on Applied Mathematics 11(2).
Nielsen (1999), Damping parameter in Marquardt's method, Technical University of Denmark, IMM-REP-1999-05 (how the damping moves).
"""

from typing import Any

import torch
from torch import Tensor

from nndl_support.pinn.gram_matrix import gram_matrix

__all__ = ["LevenbergMarquardt", "damped_step"]


def damped_step(
    residuals: Tensor, jacobian: Tensor, damping: float, *, gram: Tensor | None = None
) -> tuple[Tensor, float]:
    r"""Return the step and by how much the linear model says that it lowers the squared norm.

    Parameters
    ----------
    residuals : tensor (S,)
    jacobian : tensor (S, P)
    damping : float > 0, :math:`\mu`
    gram : tensor, :math:`J^\top J`, or :math:`J J^\top` when S < P; where it is known from a step with another damping

    Returns
    -------
    step : tensor (P,)
    predicted : float, :math:`\lVert\rho\rVert^2 - \lVert\rho + J\delta\rVert^2`

    Raises
    ------
    ValueError
        When there is not one row for each residual, or the damping is negative.
    RuntimeError
        ``torch.linalg.LinAlgError``, when rounding has made the damped matrix indefinite: the damping is too small for the scale
        of the Jacobian.

    Notes
    -----
    With fewer residuals than parameters the same step comes from a system of S equations,
    :math:`\delta = -J^\top (J J^\top + \mu I)^{-1} \rho`.

    Examples
    --------
    >>> step, predicted = damped_step(torch.tensor([2.0]), torch.tensor([[1.0, 0.0]]), 1.0)
    >>> step.tolist(), predicted
    ([-1.0, 0.0], 3.0)
    """
    if residuals.shape != jacobian.shape[:1] or jacobian.ndim != 2 or damping < 0:
        raise ValueError(
            f"residuals have shape {tuple(residuals.shape)}, the Jacobian {tuple(jacobian.shape)}, and damping is {damping}; "
            "expected (S,), (S, P) and at least 0"
        )
    n_residuals, n_parameters = jacobian.shape
    wide = n_residuals < n_parameters
    damped = (gram_matrix(jacobian.T if wide else jacobian) if gram is None else gram).clone()
    damped.diagonal().add_(damping)
    factor = torch.linalg.cholesky(damped)
    if wide:
        step = -(jacobian.T @ torch.cholesky_solve(residuals[:, None], factor))[:, 0]
    else:
        step = -torch.cholesky_solve((residuals @ jacobian)[:, None], factor)[:, 0]
    change = jacobian @ step
    return step, float(-(2 * residuals @ change + change @ change))


class LevenbergMarquardt:
    r"""The method as an optimiser on an :class:`nndl_support.pinn.objective.Objective`.

    Parameters
    ----------
    objective : Objective
    damping : float > 0, the first :math:`\mu`
    largest : float, the damping beyond which the step is given up

    Attributes
    ----------
    damping : float, the present one

    Examples
    --------
    >>> import numpy
    >>> from nndl_support.pinn.geometry import Interval
    >>> from nndl_support.pinn.objective import Objective
    >>> from nndl_support.pinn.problem import Problem
    >>> bubble = (lambda x: 0 * x[:, 0], lambda x: x[:, 0] * (1 - x[:, 0]))
    >>> problem = Problem(Interval(0, 1), lambda f, p: f.u_xx + 2, hard=bubble)
    >>> objective = Objective(problem, problem.network(), n_points=30, rng=numpy.random.default_rng(0))
    >>> method = LevenbergMarquardt(objective)
    >>> before = objective.value()
    >>> for _ in range(20):
    ...     after = method.step()
    >>> after < 1e-6 * before
    True
    """

    def __init__(self, objective: Any, *, damping: float = 1e-2, largest: float = 1e12) -> None:
        if not damping > 0:
            raise ValueError(f"damping is {damping}; expected more than 0")
        self.objective, self.damping, self.largest, self._growth = objective, float(damping), float(largest), 2.0

    def step(self) -> float:
        """Take one step that lowers the loss, and return the loss after it.

        Returns
        -------
        float, unchanged when no damping up to ``largest`` gives a step that lowers the loss
        """
        objective = self.objective
        residuals, jacobian = objective.jacobian()
        before, start = float(residuals @ residuals), objective.get()
        gram = gram_matrix(jacobian.T if len(jacobian) < jacobian.shape[1] else jacobian)
        while self.damping <= self.largest:
            try:
                step, predicted = damped_step(residuals, jacobian, self.damping, gram=gram)
            except torch.linalg.LinAlgError:
                step = None
            if step is not None:
                objective.set(start + step)
                after = objective.value()
                # A NaN is no improvement.
                if after < before:
                    # Beyond 1 the gain changes nothing; in float32 the prediction may be rounded down to nothing.
                    gain = min((before - after) / max(predicted, 1e-300), 1.0)
                    self.damping = max(self.damping * max(1 / 3, 1 - (2 * gain - 1) ** 3), 1e-15)
                    self._growth = 2.0
                    return after
            self.damping *= self._growth
            self._growth *= 2
        objective.set(start)
        self.damping, self._growth = 1.0, 2.0
        return before

    def state_dict(self) -> dict[str, Any]:
        """Return what a checkpoint has to keep."""
        return {"damping": self.damping, "growth": self._growth}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take over what :meth:`state_dict` returned."""
        self.damping, self._growth = state["damping"], state["growth"]
