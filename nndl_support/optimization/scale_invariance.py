r"""Weights before a normalisation have no length: what weight decay does to them, and what it does not.

Behind batch normalisation :math:`L(c w) = L(w)` for every :math:`c > 0`, so that :math:`\nabla L(c w) = \nabla L(w)/c` and
:math:`w^\top \nabla L(w) = 0`. A step therefore turns w by an angle of about :math:`\eta \lVert\nabla L\rVert/\lVert w\rVert`:
what counts is the **effective learning rate** (有效学习率) :math:`\eta/\lVert w\rVert^2`. Without decay, w
only grows (Pythagoras),
:math:`\lVert w_{t+1}\rVert^2 = \lVert w_t\rVert^2 + \eta^2 \lVert\nabla L\rVert^2`, and the effective rate falls.

With decay, :math:`w_{t+1} = (1 - \eta\lambda) w_t - \eta \nabla L(w_t)`. Put :math:`w_t = (1 - \eta\lambda)^t v_t`. Then

.. math:: v_{t+1} = v_t - \eta (1 - \eta\lambda)^{-(2t+1)} \nabla L(v_t) :

the very same directions, hence the same function at every step, *without any decay*, by a learning rate that grows exponentially.

References
----------
van Laarhoven (2017), L2 regularization versus batch and weight normalization, https://arxiv.org/abs/1706.05350. Li and Arora
(2020), An exponential learning rate schedule for deep learning, https://arxiv.org/abs/1910.07454.

Examples
--------
>>> round(growing_rate(0.1, 0.5, step=0) / 0.1, 6), round(growing_rate(0.1, 0.5, step=1) / growing_rate(0.1, 0.5, step=0), 6)
(1.052632, 1.108033)
>>> from nndl_support.optimization.normalized_mlp import NormalizedMLP
>>> model = NormalizedMLP([5, 7, 2], "batch", dtype=torch.float64)
>>> [tuple(w.shape) for w in invariant_weights(model)]
[(7, 5)]
>>> X = torch.randn(11, 5, dtype=torch.float64)
>>> losses = descend(model, X, (X[:, 0] > 0).long(), learning_rate=0.1, weight_decay=0.1, steps=3)
>>> len(losses)
3
"""

import torch
from torch import Tensor, nn

from nndl_support.optimization.normalized_mlp import NormalizedMLP


def invariant_weights(model: NormalizedMLP) -> list[Tensor]:
    """The weight matrices whose length does not matter: those followed by a normalisation.

    Parameters
    ----------
    model : NormalizedMLP
    """
    pairs = zip(model.linear_layers(), model.norms)
    return [layer.weight for layer, norm in pairs if not isinstance(norm, nn.Identity)]


def growing_rate(learning_rate: float, weight_decay: float, *, step: int) -> float:
    r"""The rate that replaces weight decay, :math:`\eta (1 - \eta\lambda)^{-(2t+1)}`.

    Parameters
    ----------
    learning_rate, weight_decay : float, with a product below 1
    step : int, t from 0
    """
    shrink = 1 - learning_rate * weight_decay
    if not 0 < shrink <= 1:
        raise ValueError(
            f"learning_rate * weight_decay is {learning_rate * weight_decay:g}; expected a number in [0, 1)"
        )
    return learning_rate * shrink ** -(2 * step + 1)


def descend(
    model: NormalizedMLP,
    X: Tensor,
    y: Tensor,
    *,
    learning_rate: float,
    weight_decay: float,
    steps: int,
    batch_size: int | None = None,
    as_growing_rate: bool = False,
    lengths: list[float] | None = None,
) -> list[float]:
    """Gradient descent in which only the weights without a length decay, or a growing rate takes the place of that decay.

    All other parameters have the fixed learning rate and no decay.

    Parameters
    ----------
    model : NormalizedMLP, trained in place
    X : tensor (N, D)
    y : tensor (N,)
    learning_rate, weight_decay : float
    steps : int
    batch_size : int, optional
        Consecutive examples, again from the first when they are used up; everything unless told.
    as_growing_rate : bool
        True does not decay and lets the rate of these weights grow.
    lengths : list, optional
        The norm of all these weights together is appended after every step.

    Returns
    -------
    list of float, the cross-entropy before every step, in nats
    """
    special = invariant_weights(model)
    ours = {id(w) for w in special}
    parameters = list(model.parameters())
    size, losses = batch_size or len(X), []
    for t in range(steps):
        rows = torch.arange(t * size, (t + 1) * size) % len(X)
        loss = nn.functional.cross_entropy(model(X[rows]), y[rows])
        gradients = torch.autograd.grad(loss, parameters)
        losses.append(loss.item())
        grown = growing_rate(learning_rate, weight_decay, step=t)
        with torch.no_grad():
            for p, gradient in zip(parameters, gradients):
                if id(p) in ours and not as_growing_rate:
                    p.mul_(1 - learning_rate * weight_decay)
                p.sub_(gradient, alpha=grown if id(p) in ours and as_growing_rate else learning_rate)
        if lengths is not None:
            lengths.append(sum((w.detach() ** 2).sum().item() for w in special) ** 0.5)
    return losses
