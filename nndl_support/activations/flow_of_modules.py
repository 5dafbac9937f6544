"""Gradient norms, layer by layer, of a torch module: what :mod:`nndl_support.activations.flow` asks of autograd.

Shapes: B examples in a batch, L layers.

References
----------
Glorot and Bengio (2010), Understanding the difficulty of training deep feedforward neural networks, AISTATS (figures of
back-propagated gradients, layer by layer).
"""

import copy
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

Loss = Callable[[Tensor, Tensor], Tensor]


def is_module(network: object) -> bool:
    """Tell whether a network is one of torch's modules.

    Examples
    --------
    >>> is_module(nn.Linear(3, 2)), is_module("a network")
    (True, False)
    """
    return isinstance(network, nn.Module)


def layer_gradient_norms(
    module: nn.Module, x: Any, y: Any, *, of: str = "weights", loss: Loss | None = None
) -> list[float]:
    """Norm of the gradient in each layer of a module, from the first layer that runs to the last.

    Parameters
    ----------
    module : torch.nn.Module
    x : tensor or array (B, ...), finite; floating numbers are brought to the dtype and device of the parameters
    y : tensor or array (B, ...)
    of : "weights" or "biases"
        A parameter whose own name begins with "bias" is a bias, every other one a weight.
    loss : callable (output, y) to a scalar, optional
        Without it, cross-entropy of the output as scores for integer y, and the mean squared error for floating y.

    Returns
    -------
    list of L floats; a layer whose output the loss does not use has 0.0

    Raises
    ------
    ValueError
        When there are no parameters to differentiate by, a layer has no bias although biases are asked for, sizes differ,
        the batch is empty, or the data are not finite.

    Notes
    -----
    A layer is a submodule that owns parameters which require a gradient; containers own none, and a normalisation counts.
    The run takes place in a copy, with the random generators put back afterwards: no ``.grad`` is touched, no running
    statistic moves, and a training goes on as if nobody had looked. The mode (training or evaluation) is left as it is.

    Examples
    --------
    >>> module = nn.Sequential(nn.Linear(2, 1, bias=False), nn.Linear(1, 1, bias=False)).double()
    >>> for layer, weight in zip(module, ([[3.0, 4.0]], [[0.5]])):
    ...     layer.weight.data = torch.tensor(weight, dtype=torch.float64)
    >>> layer_gradient_norms(module, [[1.0, 0.0]], [[0.5]])  # output 1.5, slope 2 * (1.5 - 0.5) = 2
    [1.0, 6.0]
    """
    module = copy.deepcopy(module)
    layers = _layers(module)
    if not layers:
        raise ValueError(f"{type(module).__name__} has no parameters that require a gradient")
    first = next(iter(layers[0][1].values()))
    x, y = _checked("x", x, first), _checked("y", y, first)
    if len(x) != len(y):
        raise ValueError(f"x has {len(x)} examples, but y has {len(y)}")
    order: list[nn.Module] = []
    for layer, _ in layers:
        layer.register_forward_pre_hook(lambda ran, _: order.append(ran) if ran not in order else None)
    devices = sorted({p.device.index for p in module.parameters() if p.is_cuda})
    with torch.enable_grad(), torch.random.fork_rng(devices=devices):
        value = (loss or _default_loss)(module(x), y)
    if not isinstance(value, Tensor) or value.numel() != 1:
        raise ValueError(f"the loss must be a single number, but has shape {tuple(getattr(value, 'shape', ()))}")
    # Layers come in the order in which they ran; one whose weights were used without calling it comes where it is declared.
    layers.sort(key=lambda entry: order.index(entry[0]) if entry[0] in order else len(order))
    chosen = [_of_kind(layer, own, of) for layer, own in layers]
    gradients = iter(torch.autograd.grad(value, [p for group in chosen for p in group], allow_unused=True))
    return [_norm([next(gradients) for _ in group]) for group in chosen]


def _layers(module: nn.Module) -> list[tuple[nn.Module, dict[str, nn.Parameter]]]:
    """Submodules with trainable parameters of their own, in the order of declaration, each with those parameters."""
    owned = [
        (layer, {name: p for name, p in layer.named_parameters(recurse=False) if p.requires_grad})
        for layer in module.modules()
    ]
    return [(layer, own) for layer, own in owned if own]


def _of_kind(layer: nn.Module, own: dict[str, nn.Parameter], of: str) -> list[nn.Parameter]:
    chosen = [p for name, p in own.items() if name.startswith("bias") == (of == "biases")]
    if not chosen:
        raise ValueError(f"a layer of type {type(layer).__name__} has no {of}; it owns {', '.join(own)}")
    return chosen


def _checked(name: str, values: Any, like: Tensor) -> Tensor:
    tensor = torch.as_tensor(values, device=like.device)
    if tensor.ndim == 0 or len(tensor) == 0:
        raise ValueError(f"{name} has shape {tuple(tensor.shape)}; expected a batch of at least one example")
    if tensor.is_floating_point():
        if not bool(torch.isfinite(tensor).all()):
            raise ValueError(f"{name} contains NaN or infinity")
        tensor = tensor.to(like.dtype)
    return tensor


def _default_loss(output: Tensor, y: Tensor) -> Tensor:
    if y.is_floating_point():
        if output.numel() != y.numel():
            raise ValueError(f"the output has shape {tuple(output.shape)}, but y has shape {tuple(y.shape)}")
        return nn.functional.mse_loss(output, y.reshape(output.shape))
    if output.ndim < 2:
        raise ValueError(
            f"integer y asks for one score per class, but the output has shape {tuple(output.shape)}; give loss="
        )
    if y.shape != (expected := (output.shape[0], *output.shape[2:])):
        raise ValueError(f"the output has shape {tuple(output.shape)}: y must be {expected}, but is {tuple(y.shape)}")
    low, high = int(y.min()), int(y.max())
    if low < 0 or high >= output.shape[1]:
        raise ValueError(f"y has labels from {low} to {high}, but the output has {output.shape[1]} classes")
    return nn.functional.cross_entropy(output, y.long())


def _norm(gradients: list[Tensor | None]) -> float:
    return float(torch.sqrt(sum((g.double() ** 2).sum() for g in gradients if g is not None) + torch.zeros(())))
