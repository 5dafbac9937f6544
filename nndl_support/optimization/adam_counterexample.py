r"""A convex problem in one variable on which Adam walks to the worst point.

The losses are linear and come in cycles: one steep, the others gentle and of the opposite sign,

.. math:: f_t(x) = \begin{cases} 1010\,x & t \bmod 101 = 1 \\ -10\,x & \text{otherwise} \end{cases} \qquad x \in [-1, 1]

Over a cycle they add up to :math:`10\,x`, so the best point is :math:`-1` and the worst is :math:`+1`.

References
----------
Reddi, Kale and Kumar (2018), On the convergence of Adam and beyond, https://arxiv.org/abs/1904.09237; Zhang, Chen, Shi, Sun and
Luo (2022), Adam can converge without any modification on update rules, https://arxiv.org/abs/2208.09632.
"""

from collections.abc import Callable

import torch
from torch import Tensor

__all__ = ["CYCLE", "follow", "slope"]

CYCLE = 101


def slope(t: int) -> float:
    """Derivative of the loss number t, counted from 1.

    Examples
    --------
    >>> slope(1), slope(2), slope(102), sum(slope(t) for t in range(1, CYCLE + 1))
    (1010.0, -10.0, 1010.0, 10.0)
    """
    return 1010.0 if t % CYCLE == 1 else -10.0


def follow(
    make_optimizer: Callable[[list[Tensor]], torch.optim.Optimizer], n_cycles: int, *, start: float = 0.0
) -> Tensor:
    r"""Where an optimiser stands after each cycle, with the rate :math:`\alpha/\sqrt t` and x kept inside of [-1, 1].

    Parameters
    ----------
    make_optimizer : callable
        Takes a list with the one parameter and returns the optimiser, with the rate :math:`\alpha` of the first step.
    n_cycles : int >= 1
    start : float in [-1, 1]

    Returns
    -------
    tensor (n_cycles,)

    Examples
    --------
    >>> from nndl_support.optimization.optimizers import SGD
    >>> places = follow(lambda params: SGD(params, lr=0.001), 2)
    >>> bool(places[1] < places[0])
    True
    """
    if n_cycles < 1 or not -1 <= start <= 1:
        raise ValueError(f"n_cycles is {n_cycles} and start {start}; expected at least 1 and a number in [-1, 1]")
    x = torch.tensor(start, dtype=torch.float64, requires_grad=True)
    optimizer, places = make_optimizer([x]), []
    first_rate = float(optimizer.param_groups[0]["lr"])
    for t in range(1, n_cycles * CYCLE + 1):
        optimizer.param_groups[0]["lr"] = first_rate / t**0.5
        x.grad = torch.tensor(slope(t), dtype=torch.float64)
        optimizer.step()
        with torch.no_grad():
            x.clamp_(-1.0, 1.0)
        if t % CYCLE == 0:
            places.append(x.detach().clone())
    return torch.stack(places)
