r"""Full-batch gradient descent with its eye on the sharpness.

On a quadratic loss with curvature :math:`\lambda`, a step of gradient descent multiplies the distance from the minimum by
:math:`1 - \eta\lambda`: it converges for :math:`\lambda < 2/\eta` and diverges past it. On a network the curvature changes along
the way, and rises until it meets that bound.

References
----------
Cohen, Kaur, Li, Kolter and Talwalkar (2021), Gradient descent on neural networks typically occurs at the edge of stability, ICLR,
https://arxiv.org/abs/2103.00065.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from nndl_support.optimization.sharpness import sharpness


@dataclass
class Course:
    """What was measured along a descent.

    Attributes
    ----------
    losses : list of float, one per step and one at the end
    steps : list of int, at which the sharpness was measured
    sharpnesses : list of float, largest eigenvalues of the Hessian
    """

    losses: list[float] = field(default_factory=list)
    steps: list[int] = field(default_factory=list)
    sharpnesses: list[float] = field(default_factory=list)


def descend_watching(
    model: nn.Module,
    loss: Callable[[], Tensor],
    *,
    learning_rate: float,
    n_steps: int,
    measure_every: int = 20,
    generator: torch.Generator | None = None,
) -> Course:
    """Gradient descent in place, measuring the sharpness every few steps (each time from the eigenvector of the last).

    Parameters
    ----------
    model : torch.nn.Module
    loss : callable without arguments, the loss of the model on all examples
    learning_rate : float > 0
    n_steps : int
    measure_every : int
    generator : torch.Generator, of the first start of the power iteration

    Returns
    -------
    Course, cut short where the loss is no longer finite

    Raises
    ------
    ValueError
        When the rate is not positive.

    Examples
    --------
    On a quadratic the sharpness stays, and past 2 / rate the loss explodes:

    >>> w = nn.Linear(1, 1, bias=False)
    >>> _ = w.weight.data.fill_(1.0)
    >>> course = descend_watching(w, lambda: 2.5 * (w.weight**2).sum(), learning_rate=0.5, n_steps=40)
    >>> [round(value, 3) for value in course.sharpnesses], course.losses[-1] > course.losses[0]
    ([5.0, 5.0, 5.0], True)
    """
    if not learning_rate > 0:
        raise ValueError(f"learning_rate is {learning_rate}; expected a positive number")
    parameters: list[Tensor] = list(model.parameters())
    course, vector = Course(), None
    for step in range(n_steps + 1):
        if step % measure_every == 0:
            value, vector = sharpness(loss, parameters, start=vector, tolerance=3e-3, generator=generator)
            course.steps.append(step)
            course.sharpnesses.append(value)
        now = loss()
        course.losses.append(now.item())
        if step == n_steps or not torch.isfinite(now):
            break
        gradients = torch.autograd.grad(now, parameters)
        with torch.no_grad():
            torch._foreach_add_(parameters, gradients, alpha=-learning_rate)
    return course
