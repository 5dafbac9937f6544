r"""Flat and sharp minima: a rescaling that changes the sharpness and not the function, and slices that do not depend on it.

A ReLU is positively homogeneous, so that a factor can wander from a layer to the next:

.. math:: W_2 \max(0, W_1 x + b_1) = \frac{W_2}{c} \max(0, c W_1 x + c b_1), \qquad c > 0 .

Both networks are the same function; the Hessian's blocks change by :math:`1/c^2`, 1 and :math:`c^2`.

References
----------
Dinh, Pascanu, Bengio and Bengio (2017), Sharp minima can generalize for deep nets, ICML, https://arxiv.org/abs/1703.04933.
Li, Xu, Taylor, Studer and Goldstein (2018), Visualizing the loss landscape of neural nets, NeurIPS,
https://arxiv.org/abs/1712.09913 (filter normalisation). Hochreiter and Schmidhuber (1997), Flat minima, Neural Computation 9(1),
https://doi.org/10.1162/neco.1997.9.1.1. Qiu (2019), figure 7.2.

Examples
--------
>>> network = nn.Sequential(nn.Linear(3, 5), nn.ReLU(), nn.Linear(5, 2))
>>> x, before = torch.ones(1, 3), network(torch.ones(1, 3))
>>> rescale_relu(network, 0, 8.0)
>>> bool(torch.allclose(network(x), before)), network[0].weight.shape
(True, torch.Size([5, 3]))
"""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn


@torch.no_grad()
def rescale_relu(network: nn.Sequential, layer: int, factor: float) -> None:
    """Multiply the linear layer at a position by a factor and divide the next one by it, in place.

    Parameters
    ----------
    network : torch.nn.Sequential with Linear, ReLU, Linear at positions ``layer``, ``layer + 1``, ``layer + 2``
    layer : int
    factor : float > 0; powers of two change no output by a single bit

    Raises
    ------
    ValueError
        When the factor is not positive.
    TypeError
        When the layers are others.
    """
    if not factor > 0:
        raise ValueError(f"factor is {factor}; expected a positive number")
    three = list(network)[layer : layer + 3] or [network]
    first, second = three[0], three[-1]
    if not (
        len(three) == 3
        and isinstance(first, nn.Linear)
        and isinstance(three[1], nn.ReLU)
        and isinstance(second, nn.Linear)
    ):
        names = ", ".join(type(part).__name__ for part in three)
        raise TypeError(f"layers {layer} to {layer + 2} are {names}; expected Linear, ReLU, Linear")
    first.weight.mul_(factor)
    if first.bias is not None:
        first.bias.mul_(factor)
    second.weight.div_(factor)


def filter_normalized_direction(model: nn.Module, *, generator: torch.Generator | None = None) -> list[Tensor]:
    """A random direction in which every unit's incoming weights have the length that they have in the model.

    Biases and other vectors get 0, as in Li et al.

    Returns
    -------
    list of tensors shaped like ``model.parameters()``

    Examples
    --------
    >>> layer = nn.Linear(3, 2)
    >>> weight, bias = filter_normalized_direction(layer)
    >>> bool(torch.allclose(weight.norm(dim=1), layer.weight.norm(dim=1))), bias
    (True, tensor([0., 0.]))
    """
    direction = []
    for p in model.parameters():
        if p.ndim < 2:
            direction.append(torch.zeros_like(p).detach())
            continue
        d = torch.randn(p.shape, generator=generator, dtype=p.dtype).to(p.device)
        rows = tuple(range(1, p.ndim))
        length = torch.linalg.vector_norm(p.detach(), dim=rows, keepdim=True)
        direction.append(d * length / torch.linalg.vector_norm(d, dim=rows, keepdim=True))
    return direction


@torch.no_grad()
def loss_along(
    model: nn.Module, loss: Callable[[], Tensor], direction: Sequence[Tensor], distances: Sequence[float]
) -> list[float]:
    """The loss at the model's weights plus each distance times the direction; the weights are put back.

    Examples
    --------
    >>> layer = nn.Linear(1, 1, bias=False)
    >>> _ = layer.weight.data.fill_(2.0)
    >>> loss_along(layer, lambda: (layer.weight**2).sum(), [torch.ones(1, 1)], [-2.0, 0.0, 1.0])
    [0.0, 4.0, 9.0]
    """
    parameters = list(model.parameters())
    if [p.shape for p in parameters] != [d.shape for d in direction]:
        raise ValueError("the direction's tensors do not have the shapes of the model's parameters")
    kept = [p.clone() for p in parameters]
    values = []
    try:
        for distance in distances:
            for p, start, d in zip(parameters, kept, direction):
                p.copy_(start + distance * d)
            values.append(loss().item())
    finally:
        for p, start in zip(parameters, kept):
            p.copy_(start)
    return values
