r"""Internal covariate shift (内部协变量偏移), measured: does batch normalisation work because layer inputs stop drifting?

While the layers below learn, the distribution of what a layer receives moves. :class:`NoisyBatchNorm1d` puts such movement back
*after* batch normalisation: at every step each unit gets a new random shift and a new random scale. If stable inputs
were what makes batch normalisation work, the network should lose the advantage.

Two measurements: how far the distribution of the inputs of the activations moves from one step to the next
(:func:`input_moments`, :func:`drift`), and how well the gradient predicts what a step along it does (:func:`along_gradient`).

Shapes: B examples, C units, T steps.

References
----------
Ioffe and Szegedy (2015), Batch normalization: accelerating deep network training by reducing internal covariate shift,
https://arxiv.org/abs/1502.03167. Santurkar, Tsipras, Ilyas and Mądry (2018), How does batch normalization help optimization?,
https://arxiv.org/abs/1805.11604.

Examples
--------
>>> x = torch.randn(64, 3, generator=torch.Generator().manual_seed(0))
>>> layer = NoisyBatchNorm1d(3, shift=2.0, seed=0)
>>> means = torch.stack([layer(x).mean(dim=0).detach() for _ in range(2)])
>>> bool((means[0] - means[1]).abs().max() > 0.5)  # the same inputs, another distribution
True
>>> layer.eval()(x).mean(dim=0).abs().max().item() < 0.5
True
>>> drift([(torch.zeros(3), torch.ones(3)), (torch.ones(3), torch.ones(3))])
[1.0]
>>> model = torch.nn.Linear(3, 2)
>>> change = along_gradient(model, x, (x[:, 0] > 0).long(), rates=(0.0, 0.1))
>>> [round(value, 6) for value in change["gradient"]][0], len(change["loss"])
(0.0, 2)
"""

import copy
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn

from nndl_support.optimization.batch_norm import BatchNorm1d
from nndl_support.optimization.normalized_mlp import NormalizedMLP

Moments = tuple[Tensor, Tensor]


class NoisyBatchNorm1d(BatchNorm1d):
    r"""Batch normalisation followed, in training mode, by a shift and a scale that are drawn anew for every unit at every step.

    .. math:: y = s_t \odot \operatorname{BN}(x) + m_t, \qquad m_t \sim U(-a, a), \qquad \log s_t \sim U(-\log b, \log b)

    Parameters
    ----------
    num_features : int, C
    shift : float >= 0, a, in standard deviations of the normalised input
    scale : float >= 1, b
    seed : int, of the noise
    **options : as for :class:`nndl_support.optimization.batch_norm.BatchNorm1d`
    """

    def __init__(
        self, num_features: int, shift: float = 1.0, scale: float = 1.5, seed: int = 0, **options: Any
    ) -> None:
        super().__init__(num_features, **options)
        if not shift >= 0 or not scale >= 1:
            raise ValueError(f"shift must be at least 0 and scale at least 1, but they are {shift} and {scale}")
        self.shift, self.log_scale = shift, float(torch.tensor(scale).log())
        self._generator = torch.Generator().manual_seed(seed)

    def forward(self, x: Tensor) -> Tensor:
        """Normalise (B, C), and disturb when training."""
        y = super().forward(x)
        if not self.training:
            return y
        u = torch.rand(2, self.num_features, generator=self._generator).to(y) * 2 - 1
        return y * (self.log_scale * u[0]).exp() + self.shift * u[1]


@torch.no_grad()
def input_moments(model: NormalizedMLP, x: Tensor) -> list[Moments]:
    """Mean and standard deviation over the examples of what every activation receives, in training mode.

    The model is copied first, so that neither its running statistics nor its noise move on.

    Parameters
    ----------
    model : NormalizedMLP
    x : tensor (B, D), always the same examples, so that only the weights make a difference

    Returns
    -------
    one pair of tensors (C,) for each hidden layer
    """
    return [(z.mean(dim=0), z.std(dim=0)) for z in copy.deepcopy(model).train().net_inputs(x)[:-1]]


def drift(moments: Sequence[Moments]) -> list[float]:
    r"""How far the distribution of each unit's input moved from one observation to the next, averaged over the units.

    .. math:: d_t = \frac1C \sum_c \frac{\sqrt{(\mu_{t+1,c} - \mu_{t,c})^2 + (\sigma_{t+1,c} - \sigma_{t,c})^2}}{\sigma_{t,c}}

    the distance of the two normal distributions with these moments (Wasserstein-2), in standard deviations of the first.

    Parameters
    ----------
    moments : T + 1 pairs of tensors (C,)

    Returns
    -------
    T floats
    """
    found = []
    for (m0, s0), (m1, s1) in pairwise(moments):
        distance = ((m1 - m0) ** 2 + (s1 - s0) ** 2).sqrt()
        found.append((distance / s0.clamp(min=1e-12)).mean().item())
    return found


def along_gradient(model: nn.Module, x: Tensor, y: Tensor, rates: Iterable[float]) -> dict[str, list[float]]:
    r"""Loss, and relative change of the gradient, after a step of each length along the negative gradient.

    Parameters
    ----------
    model : torch.nn.Module, in training mode; it is copied, and not changed
    x : tensor (B, D)
    y : tensor (B,) of class numbers
    rates : learning rates

    Returns
    -------
    dict with ``loss`` (nats) and ``gradient``, :math:`\lVert g(\theta - \eta g) - g(\theta)\rVert / \lVert g(\theta)\rVert`:
    0 where the gradient predicts perfectly, 1 where it may have become anything
    """
    start = {name: p.detach().clone() for name, p in model.named_parameters()}
    _, first = _loss_and_gradient(copy.deepcopy(model), x, y)
    length = sum((g**2).sum() for g in first.values()) ** 0.5
    found: dict[str, list[float]] = {"loss": [], "gradient": []}
    for rate in rates:
        moved = copy.deepcopy(model)
        with torch.no_grad():
            for name, p in moved.named_parameters():
                p.copy_(start[name] - rate * first[name])
        loss, gradient = _loss_and_gradient(moved, x, y)
        change = sum(((gradient[name] - first[name]) ** 2).sum() for name in first) ** 0.5
        found["loss"].append(loss)
        found["gradient"].append(float(change / length))
    return found


def _loss_and_gradient(model: nn.Module, x: Tensor, y: Tensor) -> tuple[float, dict[str, Tensor]]:
    loss = nn.functional.cross_entropy(model(x), y)
    names, parameters = zip(*model.named_parameters())
    return loss.item(), dict(zip(names, torch.autograd.grad(loss, parameters)))
