r"""Weight decay and the ℓ2 penalty: one thing under plain gradient descent, two under every other optimiser (权重衰减).

An ℓ2 penalty adds :math:`\lambda w` to the *gradient*, and the optimiser does with the sum what it does with
gradients. Weight decay multiplies the *weights* by :math:`1 - \beta`, past the optimiser.

Shapes: n weights, T steps.

References
----------
Qiu (2019), Neural Networks and Deep Learning, equation 7.64 and exercise 7-4.
Hanson and Pratt (1988), Comparing biases for minimal network construction with back-propagation, NIPS 1.
Loshchilov and Hutter (2019), Decoupled weight decay regularization, arXiv:1711.05101.
Xie and Li (2024), Implicit bias of AdamW: ℓ∞ norm constrained optimization, arXiv:2404.04454.
"""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.optim.lr_scheduler import LRScheduler


def descend(
    optimizer: torch.optim.Optimizer,
    gradient: Callable[[Tensor], Tensor],
    n_steps: int,
    *,
    l2: float = 0.0,
    decay: float = 0.0,
    scheduler: LRScheduler | None = None,
) -> Tensor:
    r"""Let an optimiser descend, with a penalty in the gradient, with decay past it, or both, and return the way.

    .. math:: w_t = (1 - \beta)\, w_{t-1} - \Delta\bigl(\nabla L(w_{t-1}) + \lambda w_{t-1}\bigr)

    where :math:`\Delta` is the optimiser's step, for SGD :math:`\eta` times its argument, and :math:`\beta` is :math:`\eta` times
    ``decay``.

    Parameters
    ----------
    optimizer : torch.optim.Optimizer over one tensor of weights (n,), with its own ``weight_decay`` at 0
    gradient : function of the weights that returns :math:`\nabla L` (n,), noisy or not
    n_steps : int, T
    l2 : float >= 0, :math:`\lambda`
    decay : float >= 0, per unit of learning rate as in ``torch.optim.AdamW``
    scheduler : learning-rate scheduler, optional; stepped after every step

    Returns
    -------
    tensor (T + 1, n)

    Examples
    --------
    >>> w = torch.ones(1)
    >>> descend(torch.optim.SGD([w], lr=0.5), lambda w: 0 * w, 2, decay=0.2).T
    tensor([[1.0000, 0.9000, 0.8100]])
    """
    if l2 < 0 or decay < 0:
        raise ValueError(f"l2 is {l2} and decay {decay}; expected at least 0")
    (weights,) = [p for group in optimizer.param_groups for p in group["params"]]
    own = optimizer.param_groups[0].get("weight_decay", 0)
    if own:
        raise ValueError(f"the optimiser has a weight_decay of {own} of its own; expected 0")
    way = [weights.detach().clone()]
    for _ in range(n_steps):
        with torch.no_grad():
            weights.grad = gradient(weights) + l2 * weights
            weights.mul_(1 - optimizer.param_groups[0]["lr"] * decay)
        optimizer.step()
        if scheduler is not None:
            scheduler.step()
        way.append(weights.detach().clone())
    return torch.stack(way)


def resting_point(
    rule: str, curvature: Tensor, target: Tensor, strength: float, *, momentum: float = 0.0, noise: float = 0.0
) -> Tensor:
    r"""Where the weights come to rest on the parabolas :math:`\frac a2 (w - c)^2`, if the learning rate falls to 0.

    ============  =======================================================================================
    rule          w
    ============  =======================================================================================
    "l2"          :math:`\frac{a}{a + \lambda} c`: the slope of loss and penalty vanishes, whoever descends
    "sgd decay"   :math:`\frac{a}{a + \lambda(1 - \mu)} c`: momentum multiplies the gradient, not the decay
    "adam decay"  c cut to :math:`\pm 1/\lambda` without noise; with gradient noise of standard deviation
                  :math:`\sigma`, large beside the slope, about :math:`\frac{a}{a + \lambda\sigma} c`
    ============  =======================================================================================

    Parameters
    ----------
    rule : {"l2", "sgd decay", "adam decay"}
    curvature, target : tensors (n,), a > 0 and c
    strength : float >= 0, :math:`\lambda` (``l2`` or ``decay`` of :func:`descend`)
    momentum : float in [0, 1), :math:`\mu`, of SGD
    noise : float >= 0, :math:`\sigma`, of the gradient

    Returns
    -------
    tensor (n,)

    Examples
    --------
    >>> a, c = torch.tensor([1.0]), torch.tensor([2.0])
    >>> resting_point("l2", a, c, 1.0), resting_point("sgd decay", a, c, 1.0, momentum=0.9)
    (tensor([1.]), tensor([1.8182]))
    >>> resting_point("adam decay", a, c, 1.0), resting_point("adam decay", a, c, 0.25)
    (tensor([1.]), tensor([2.]))
    """
    if rule == "l2":
        return curvature * target / (curvature + strength)
    if rule == "sgd decay":
        return curvature * target / (curvature + strength * (1 - momentum))
    if rule == "adam decay":
        if noise == 0:
            return target.clamp(-1 / strength, 1 / strength) if strength > 0 else target
        return curvature * target / (curvature + strength * noise)
    raise ValueError(f"rule is {rule!r}; expected 'l2', 'sgd decay' or 'adam decay'")
