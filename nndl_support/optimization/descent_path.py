"""The path of an optimiser over a surface on the plane, step by step.

Shapes: T steps, so T + 1 places of 2 coordinates.
"""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from nndl_support.optimization.surfaces import Surface

__all__ = ["descend"]


def descend(
    surface: Surface,
    start: Sequence[float],
    make_optimizer: Callable[[list[Tensor]], torch.optim.Optimizer],
    n_steps: int,
) -> Tensor:
    """Places that an optimiser visits, in float64 and with the exact gradient.

    Parameters
    ----------
    surface : Surface, see :mod:`nndl_support.optimization.surfaces`
    start : two floats
    make_optimizer : callable
        Takes a list with one tensor of shape (2,) and returns the optimiser.
    n_steps : int >= 0

    Returns
    -------
    tensor (T + 1, 2), from the start on. A path that leaves what numbers can hold ends where it was last finite, and is shorter.

    Raises
    ------
    ValueError
        When start is not a place on the plane.

    Examples
    --------
    >>> from nndl_support.optimization.optimizers import SGD
    >>> from nndl_support.optimization.surfaces import quadratic
    >>> descend(quadratic(2.0), (4.0, 4.0), lambda params: SGD(params, lr=0.5), 2)
    tensor([[4., 4.],
            [2., 0.],
            [1., 0.]], dtype=torch.float64)
    """
    theta = torch.tensor(start, dtype=torch.float64)
    if theta.shape != (2,) or not theta.isfinite().all():
        raise ValueError(f"start is {tuple(start)}; expected two finite numbers")
    theta.requires_grad_()
    optimizer, path = make_optimizer([theta]), [theta.detach().clone()]
    for _ in range(n_steps):
        theta.grad = surface.gradient(theta.detach())
        if not theta.grad.isfinite().all():
            break
        optimizer.step()
        if not theta.isfinite().all():
            break
        path.append(theta.detach().clone())
    return torch.stack(path)
