r"""Layer-sequential unit variance: initial weights that are measured instead of derived (逐层单位方差初始化).

The weights of each layer start orthogonal. Then one batch is sent through the network, and as it passes, the weights of every
layer are divided by the standard deviation of what it sends, so that the next one already receives the corrected values:

.. math:: W_l \leftarrow W_l \,/\, \sqrt{\operatorname{var} z_l}, \qquad l = 1, \dots, L

References
----------
Mishkin and Matas (2016), All you need is a good init, ICLR, https://arxiv.org/abs/1511.06422.
"""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.conv import _ConvNd

from nndl_support.optimization.initialization import orthogonal_


@torch.no_grad()
def lsuv_(model: nn.Module, batch: Any, generator: torch.Generator | None = None) -> dict[str, float]:
    """Initialise a model by one batch, in place.

    Parameters
    ----------
    model : torch.nn.Module
        Its linear and convolutional layers get new weights, and biases of 0; everything else stays. It runs in the mode,
        training or evaluation, in which it is given.
    batch : what the model takes, a tensor (B, ...)
    generator : torch.Generator, optional, for the orthogonal start

    Returns
    -------
    dict from the names of the layers, in the order in which they ran, to the standard deviations they were divided by

    Raises
    ------
    ValueError
        When a layer sends the same number everywhere, or numbers that are not finite, or runs more than once, or there
        is no layer. The weights are then as before.

    Notes
    -----
    The paper repeats the division until the variance is within a tolerance of 1. With a bias of 0 a layer is
    proportional to its weights, so that the first division is exact. The variance is taken over examples and units
    together. A layer that the batch does not reach keeps its orthogonal weights and is absent from the result.

    Examples
    --------
    >>> model = nn.Sequential(nn.Linear(3, 50), nn.ReLU(), nn.Linear(50, 7))
    >>> batch = torch.randn(200, 3, generator=torch.Generator().manual_seed(0))
    >>> list(lsuv_(model, batch, torch.Generator().manual_seed(1)))
    ['0', '2']
    >>> round(model(batch).detach().var(correction=0).item(), 4)
    1.0
    """
    layers = {name: layer for name, layer in model.named_modules() if isinstance(layer, nn.Linear | _ConvNd)}
    if not layers:
        raise ValueError(f"{type(model).__name__} has no linear or convolutional layer")
    before = {name: value.clone() for name, value in model.state_dict().items()}
    divisors: dict[str, float] = {}
    for layer in layers.values():
        orthogonal_(layer.weight, generator=generator)
        if layer.bias is not None:
            layer.bias.zero_()

    def scale(name: str) -> Any:
        def hook(layer: nn.Module, inputs: Any, output: Tensor) -> Tensor:
            if name in divisors:
                raise ValueError(f"layer {name!r} runs more than once; its outputs cannot all be given the variance 1")
            std = float(output.double().std(correction=0))
            if not 0 < std < float("inf"):
                raise ValueError(
                    f"layer {name!r} cannot be scaled to variance 1: the standard deviation of its outputs, of shape "
                    f"{tuple(output.shape)}, is {std}; does every unit below it send the same for all examples?"
                )
            divisors[name] = std
            layer.weight.div_(std)  # type: ignore[operator, union-attr]
            return output / std

        return hook

    handles = [layer.register_forward_hook(scale(name)) for name, layer in layers.items()]
    try:
        model(batch)
    except BaseException:
        model.load_state_dict(before)
        raise
    finally:
        for handle in handles:
            handle.remove()
    return divisors
