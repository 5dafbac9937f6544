"""Weight normalisation (权重归一化) as a torch module around a layer.

References
----------
Salimans and Kingma (2016), Weight normalization, https://arxiv.org/abs/1602.07868. Qiu (2019), equation 7.55.
"""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize


class WeightNorm(nn.Module):
    r"""A layer whose weight is a length times a direction (权重归一化), 7.55.

    .. math:: W_{i,:} = \frac{g_i}{\lVert v_i\rVert}\, v_i

    Parameters
    ----------
    module : torch.nn.Module
        Changed in place: its parameter becomes a function of g and v, which start so that nothing changes.
    name : str, of the parameter
    dim : int or None
        The axis along which lengths differ: 0 is one length per unit of ``torch.nn.Linear``; None is one for the whole array.

    Attributes
    ----------
    module : the layer; its ``state_dict`` has the entries of ``torch.nn.utils.parametrizations.weight_norm``

    Examples
    --------
    >>> layer = WeightNorm(nn.Linear(2, 1, bias=False))
    >>> with torch.no_grad():
    ...     _ = layer.v.copy_(torch.tensor([[3.0, 4.0]])), layer.g.fill_(10.0)
    >>> layer(torch.tensor([[1.0, 1.0]]))
    tensor([[14.]], grad_fn=<MmBackward0>)
    """

    def __init__(self, module: nn.Module, name: str = "weight", dim: int | None = 0) -> None:
        super().__init__()
        weight = getattr(module, name, None)
        if not isinstance(weight, nn.Parameter):
            known = ", ".join(key for key, _ in module.named_parameters(recurse=False)) or "none"
            raise ValueError(f"{type(module).__name__} has no parameter {name!r}; its parameters: {known}")
        if dim is not None and not -weight.ndim <= dim < weight.ndim:
            raise ValueError(f"dim is {dim}, but {name} has {weight.ndim} axes")
        self.name, self.module = name, module
        parametrize.register_parametrization(module, name, _LengthAndDirection(dim), unsafe=True)

    @property
    def g(self) -> Tensor:
        """The lengths."""
        return getattr(self.module.parametrizations, self.name).original0  # type: ignore[union-attr]

    @property
    def v(self) -> Tensor:
        """The directions, of any length."""
        return getattr(self.module.parametrizations, self.name).original1  # type: ignore[union-attr]

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """Call the layer."""
        return self.module(*args, **kwargs)


class _LengthAndDirection(nn.Module):
    def __init__(self, dim: int | None) -> None:
        super().__init__()
        self.dim = dim

    def forward(self, g: Tensor, v: Tensor) -> Tensor:
        return v * (g / self._lengths(v))

    def right_inverse(self, weight: Tensor) -> tuple[Tensor, Tensor]:
        lengths = self._lengths(weight)
        if (lengths == 0).any():
            raise ValueError(f"{int((lengths == 0).sum())} of {lengths.numel()} weight vectors are zero: no direction")
        return lengths, weight

    def _lengths(self, v: Tensor) -> Tensor:
        if self.dim is None:
            return torch.linalg.vector_norm(v)
        others = [axis for axis in range(v.ndim) if axis != self.dim % v.ndim]
        return torch.linalg.vector_norm(v, dim=others, keepdim=True) if others else v.abs()
