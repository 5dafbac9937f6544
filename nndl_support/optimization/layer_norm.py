r"""Layer, group and RMS normalisation (层归一化, 组归一化, 均方根归一化) as torch modules: each example by itself.

Nothing is shared between the examples of a batch, so that a batch of one is enough and evaluation is no different from training.

Shapes: B examples, C channels (units).

References
----------
Ba, Kiros and Hinton (2016), Layer normalization, https://arxiv.org/abs/1607.06450. Wu and He (2018), Group normalization,
https://arxiv.org/abs/1803.08494. Zhang and Sennrich (2019), Root mean square layer normalization,
https://arxiv.org/abs/1910.07467. Qiu (2019), equations 7.49-7.52.
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from nndl_support.optimization.normalize_function import check_count, check_eps, normalize, register_affine


class GroupNorm(nn.Module):
    """Group normalisation (组归一化): each example over groups of neighbouring channels and all positions.

    Parameters
    ----------
    num_groups : int that divides num_channels
        1 is layer normalisation over channels and positions, C is instance normalisation.
    num_channels : int, C
    eps : float >= 0
    affine, bias : bool
        Learn a factor and (with ``bias``) a summand per channel.
    device, dtype : of the parameters

    Examples
    --------
    >>> GroupNorm(2, 4, affine=False)(torch.tensor([[1.0, 3.0, 10.0, 30.0]])).round(decimals=3)
    tensor([[-1.,  1., -1.,  1.]])
    """

    weight: Tensor | None
    bias: Tensor | None

    def __init__(
        self,
        num_groups: int,
        num_channels: int,
        eps: float = 1e-5,
        affine: bool = True,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__()
        self.num_groups = check_count("num_groups", num_groups)
        self.num_channels = check_count("num_channels", num_channels)
        if num_channels % num_groups:
            raise ValueError(f"{num_channels} channels cannot be divided into {num_groups} groups of equal size")
        self.eps, self.affine = check_eps(eps), affine
        register_affine(self, num_channels, affine, bias, device, dtype)

    def forward(self, x: Tensor) -> Tensor:
        """Normalise (B, C, ...)."""
        if x.ndim < 2 or x.shape[1] != self.num_channels:
            raise ValueError(
                f"GroupNorm got an input of shape {tuple(x.shape)}; expected (B, {self.num_channels}, ...)"
            )
        grouped = x.reshape(len(x), self.num_groups, self.num_channels // self.num_groups, -1)
        shape = (1, *grouped.shape[1:3], 1)
        weight = None if self.weight is None else self.weight.reshape(shape)
        bias = None if self.bias is None else self.bias.reshape(shape)
        y, _, _ = normalize(grouped, weight, bias, axes=(2, 3), outer=(0, 3), eps=self.eps)
        return y.reshape(x.shape)

    def extra_repr(self) -> str:
        """The options, as the module prints them."""
        return f"{self.num_groups}, {self.num_channels}, eps={self.eps}, affine={self.affine}"


class _OverLastAxes(nn.Module):
    """What layer and RMS normalisation share: one statistic for each example, parameters of the normalised shape."""

    weight: Tensor | None
    bias: Tensor | None
    eps: float | None

    def __init__(
        self, normalized_shape: int | Sequence[int], affine: bool, bias: bool, device: Any, dtype: Any
    ) -> None:
        super().__init__()
        shape = (normalized_shape,) if isinstance(normalized_shape, int) else tuple(normalized_shape)
        if not shape or any(size < 1 for size in shape):
            raise ValueError(f"normalized_shape must be positive sizes, but is {normalized_shape!r}")
        self.normalized_shape, self.elementwise_affine = shape, affine
        register_affine(self, shape, affine, bias, device, dtype)

    def _normalised(self, x: Tensor, eps: float, centre: bool) -> Tensor:
        n_last = len(self.normalized_shape)
        if tuple(x.shape[-n_last:]) != self.normalized_shape:
            wanted = ", ".join(["...", *map(str, self.normalized_shape)])
            raise ValueError(f"{type(self).__name__} got an input of shape {tuple(x.shape)}; expected ({wanted})")
        last, outer = tuple(range(-n_last, 0)), tuple(range(x.ndim - n_last))
        if not outer:  # one example without a batch axis
            return self._normalised(x[None], eps, centre)[0]
        return normalize(x, self.weight, self.bias, axes=last, outer=outer, eps=eps, centre=centre)[0]

    def extra_repr(self) -> str:
        """The options, as the module prints them."""
        return f"{self.normalized_shape}, eps={self.eps}, elementwise_affine={self.elementwise_affine}"


class LayerNorm(_OverLastAxes):
    """Layer normalisation (层归一化): each example over its last axes, 7.49-7.52.

    Parameters
    ----------
    normalized_shape : int or sequence of int, the sizes of these axes
    eps : float >= 0
    elementwise_affine, bias : bool
        Learn a factor and (with ``bias``) a summand for each entry.
    device, dtype : of the parameters

    Examples
    --------
    >>> LayerNorm(3, elementwise_affine=False)(torch.tensor([0.0, 3.0, 6.0])).round(decimals=3)
    tensor([-1.2250,  0.0000,  1.2250])
    """

    def __init__(
        self,
        normalized_shape: int | Sequence[int],
        eps: float = 1e-5,
        elementwise_affine: bool = True,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(normalized_shape, elementwise_affine, bias, device, dtype)
        self.eps: float = check_eps(eps)

    def forward(self, x: Tensor) -> Tensor:
        """Normalise an input whose last axes have the normalised shape."""
        return self._normalised(x, self.eps, True)


class RMSNorm(_OverLastAxes):
    """Root mean square normalisation (均方根归一化): layer normalisation that subtracts no mean and adds nothing.

    Parameters
    ----------
    normalized_shape : int or sequence of int
    eps : float >= 0, or None for the machine epsilon of the input's type
    elementwise_affine : bool
    device, dtype : of the parameters

    Examples
    --------
    >>> RMSNorm(2, elementwise_affine=False)(torch.tensor([[1.0, 7.0]]))
    tensor([[0.2000, 1.4000]])
    """

    def __init__(
        self,
        normalized_shape: int | Sequence[int],
        eps: float | None = None,
        elementwise_affine: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(normalized_shape, elementwise_affine, False, device, dtype)
        self.eps = None if eps is None else check_eps(eps)

    def forward(self, x: Tensor) -> Tensor:
        """Normalise an input whose last axes have the normalised shape."""
        return self._normalised(x, torch.finfo(x.dtype).eps if self.eps is None else self.eps, False)
