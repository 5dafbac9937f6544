r"""Self-scaled Broyden: a quasi-Newton method (拟牛顿法) with a full matrix that rescales itself at every step.

With the step s, the change y of the gradient and the present approximation H of the inverse Hessian,

.. math::
    H \leftarrow \frac{1}{\tau}\left[H - \frac{H y y^\top H}{y^\top H y} + \varphi\,v v^\top\right] + \frac{s s^\top}{y^\top s},
    \qquad v = \sqrt{y^\top H y}\left(\frac{s}{y^\top s} - \frac{H y}{y^\top H y}\right)

With :math:`\tau = \varphi = 1` this is BFGS.

Shapes: P parameters.

References
----------
Al-Baali (1998), Numerical experience with a class of self-scaling quasi-Newton algorithms, Journal of Optimization Theory and
Applications 96(3), https://doi.org/10.1023/A:1022608410710. Urban, Stefanou and Pons (2025), Unveiling the optimization process
of physics informed neural networks: how accurate and competitive can PINNs be?, Journal of Computational Physics 523,
https://doi.org/10.1016/j.jcp.2024.113656.
"""

import math
from typing import Any

import torch
from torch import Tensor

from nndl_support.optimization.lbfgs import Trial, strong_wolfe

__all__ = ["SelfScaledBroyden", "broyden_update", "scaling_factors"]


def scaling_factors(curvature: float, inverse_curvature: float, n_parameters: int) -> tuple[float, float]:
    r"""Return :math:`\tau` and :math:`\varphi` of the update.

    .. math::
        b = \frac{s^\top H^{-1} s}{y^\top s},\quad h = \frac{y^\top H y}{y^\top s},\quad a = hb - 1,\quad
        \rho = \min\left(1, h\left(1 - \sqrt{\tfrac{a}{1 + a}}\right)\right)

    .. math::
        \theta = \max\left(\frac{\rho - 1}{a}, \min\left(\frac{1}{\rho}, \frac{1 - b}{b}\right)\right),\quad
        \sigma = 1 + a\theta,\quad \varphi = \frac{1 - \theta}{\sigma}

    .. math::
        \tau = \begin{cases}
        \min(1, b^{-1})\,\min(\sigma^{-1/(P-1)}, \theta^{-1}) & \theta > 0 \\
        \min\left(\min(1, b^{-1})\,\sigma^{-1/(P-1)}, \sigma\right) & \theta \le 0
        \end{cases}

    Parameters
    ----------
    curvature : float > 0, b
    inverse_curvature : float > 0, h
    n_parameters : int, P

    Returns
    -------
    tau : float > 0
    phi : float >= 0

    References
    ----------
    Urban, Stefanou and Pons (2025), equations 13 to 23; "SSBroyden2" in the code of the authors.

    Examples
    --------
    When the model already knows the curvature (b = h = 1), nothing is scaled:

    >>> scaling_factors(1.0, 1.0, 10)
    (1.0, 1.0)
    """
    b, h = curvature, inverse_curvature
    if not (b > 0 and h > 0):
        raise ValueError(f"the curvatures are {b} and {h}; expected both positive, as for a positive definite matrix")
    a = max(h * b - 1, 0.0)
    if a < 1e-12:
        return min(1.0, 1 / b), 1.0
    # h (1 - c) with c^2 = a / (1 + a), written so that it does not cancel where a is large.
    rho = min(1.0, 1 / (b * (1 + math.sqrt(a / (1 + a)))))
    theta = max((rho - 1) / a, min(1 / rho, (1 - b) / b))
    sigma = max(1 + a * theta, rho)  # which rounding could undercut
    scaled = min(1.0, 1 / b)
    power = sigma ** (-1 / max(n_parameters - 1, 1))
    tau = scaled * min(power, 1 / theta) if theta > 0 else min(scaled * power, sigma)
    return tau, (1 - theta) / sigma


def broyden_update(inverse: Tensor, step: Tensor, change: Tensor, tau: float, phi: float) -> Tensor:
    r"""Update the approximation of the inverse Hessian in place, so that it maps the change of the gradient to the step.

    Parameters
    ----------
    inverse : tensor (P, P), H, symmetric and positive definite
    step : tensor (P,), s
    change : tensor (P,), y, with :math:`y^\top s > 0`
    tau : float > 0
    phi : float >= 0

    Returns
    -------
    tensor (P, P), the one given

    Examples
    --------
    >>> s, y = torch.tensor([1.0, 0.0]), torch.tensor([4.0, 0.0])
    >>> broyden_update(torch.eye(2), s, y, 1.0, 1.0)
    tensor([[0.2500, 0.0000],
            [0.0000, 1.0000]])
    """
    image = inverse @ change
    along, through = float(change @ step), float(change @ image)
    if not (along > 0 and through > 0):
        raise ValueError(
            f"y.s is {along} and y.Hy {through}; expected both positive: no such H maps this change to this step"
        )
    v = math.sqrt(through) * (step / along - image / through)
    inverse.addr_(image, image, alpha=-1 / through).addr_(v, v, alpha=phi)
    return inverse.mul_(1 / tau).addr_(step, step, alpha=1 / along)


class SelfScaledBroyden:
    """The method as an optimiser on an :class:`nndl_support.pinn.objective.Objective`, with a strong Wolfe search.

    Parameters
    ----------
    objective : Objective
    scaled : bool; False is BFGS

    Notes
    -----
    The matrix has P x P entries: some thousand parameters at most. When the points are drawn anew, the matrix is kept.

    Examples
    --------
    >>> import numpy
    >>> from nndl_support.pinn.geometry import Interval
    >>> from nndl_support.pinn.objective import Objective
    >>> from nndl_support.pinn.problem import Problem
    >>> bubble = (lambda x: 0 * x[:, 0], lambda x: x[:, 0] * (1 - x[:, 0]))
    >>> problem = Problem(Interval(0, 1), lambda f, p: f.u_xx + 2, hard=bubble, hidden=(10,))
    >>> objective = Objective(problem, problem.network(), n_points=30, rng=numpy.random.default_rng(0))
    >>> before, method = objective.value(), SelfScaledBroyden(objective)
    >>> for _ in range(50):
    ...     after = method.step()
    >>> after < 1e-3 * before
    True
    """

    def __init__(self, objective: Any, *, scaled: bool = True) -> None:
        self.objective, self.scaled = objective, scaled
        self.inverse: Tensor | None = None

    def step(self) -> float:
        """Take one step, and return the loss after it."""
        objective = self.objective
        start, (loss, gradient) = objective.get(), objective.gradient()
        fresh = self.inverse is None
        if self.inverse is None:
            self.inverse = torch.eye(len(start), dtype=start.dtype, device=start.device)
        direction = -(self.inverse @ gradient)
        slope = float(gradient @ direction)
        if not slope < 0:
            self.inverse, direction, slope, fresh = None, -gradient, -float(gradient @ gradient), True
            self.inverse = torch.eye(len(start), dtype=start.dtype, device=start.device)
        if slope == 0:
            return float(loss)

        def evaluate(t: float) -> Trial:
            objective.set(start + t * direction)
            value, slopes = objective.gradient()
            value = float(value)
            return Trial(t, value if math.isfinite(value) else math.inf, slopes, float(slopes @ direction))

        first = min(1.0, 1 / float(gradient.abs().sum())) if fresh else 1.0
        trial, _ = strong_wolfe(evaluate, Trial(0.0, float(loss), gradient, slope), first, smallest=1e-14)
        objective.set(start + trial.t * direction)
        self._learn(trial.t, direction, trial.gradient - gradient, -slope, fresh)
        return trial.loss

    def _learn(self, t: float, direction: Tensor, change: Tensor, descent: float, fresh: bool) -> None:
        step = t * direction
        along = float(change @ step)
        if not along > 1e-16 * float(change.norm() * step.norm()) or self.inverse is None:
            return
        if fresh:
            # The first matrix has the scale of the curvature just met.
            self.inverse.mul_(along / float(change @ change))
        tau, phi = 1.0, 1.0
        if self.scaled and not fresh:
            # H^-1 s = -t g, because s = -t H g.
            through = float(change @ (self.inverse @ change))
            tau, phi = scaling_factors(t * t * descent / along, through / along, len(step))
        broyden_update(self.inverse, step, change, tau, phi)

    def state_dict(self) -> dict[str, Any]:
        """Return what a checkpoint has to keep."""
        return {"inverse": self.inverse}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take over what :meth:`state_dict` returned."""
        inverse = state["inverse"]
        self.inverse = None if inverse is None else inverse.to(self.objective.get(), copy=True)
