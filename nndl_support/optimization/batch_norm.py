r"""Batch and instance normalisation (批量归一化, 实例归一化) as torch modules: the layers that may keep running statistics.

Shapes: B examples, C channels (units), L positions.

References
----------
Ioffe and Szegedy (2015), Batch normalization, https://arxiv.org/abs/1502.03167. Ulyanov, Vedaldi and Lempitsky (2016), Instance
normalization, https://arxiv.org/abs/1607.08022. Qiu (2019), equations 7.42-7.48.
"""

from typing import Any

import torch
from torch import Tensor, nn

from nndl_support.optimization.normalize_function import check_count, check_eps, normalize, register_affine


class _RunningStatistics(nn.Module):
    """What batch and instance normalisation share: parameters and kept statistics per channel."""

    weight: Tensor | None
    bias: Tensor | None
    running_mean: Tensor | None
    running_var: Tensor | None
    num_batches_tracked: Tensor | None

    def __init__(
        self,
        num_features: int,
        eps: float,
        momentum: float | None,
        affine: bool,
        track_running_stats: bool,
        device: Any,
        dtype: Any,
        bias: bool,
    ) -> None:
        super().__init__()
        if momentum is not None and not 0 <= momentum <= 1:
            raise ValueError(f"momentum must be in [0, 1] or None, but is {momentum}")
        self.num_features, self.eps = check_count("num_features", num_features), check_eps(eps)
        self.momentum, self.affine, self.track_running_stats = momentum, affine, track_running_stats
        factory = {"device": device, "dtype": dtype}
        register_affine(self, num_features, affine, bias, device, dtype)
        kept = track_running_stats
        self.register_buffer("running_mean", torch.zeros(num_features, **factory) if kept else None)
        self.register_buffer("running_var", torch.ones(num_features, **factory) if kept else None)
        self.register_buffer("num_batches_tracked", torch.tensor(0, device=device) if kept else None)

    def extra_repr(self) -> str:
        """The options, as the module prints them."""
        return (
            f"{self.num_features}, eps={self.eps}, momentum={self.momentum}, affine={self.affine}, "
            f"track_running_stats={self.track_running_stats}"
        )

    def _check_channels(self, x: Tensor) -> None:
        if x.ndim not in (2, 3) or x.shape[1] != self.num_features:
            raise ValueError(
                f"{type(self).__name__} got an input of shape {tuple(x.shape)}; expected (B, {self.num_features}) or "
                f"(B, {self.num_features}, L)"
            )

    def _by_kept_statistics(self, x: Tensor) -> Tensor:
        assert self.running_mean is not None
        assert self.running_var is not None
        scale = (self.running_var + self.eps).rsqrt()
        scale = scale if self.weight is None else scale * self.weight
        shift = -self.running_mean * scale
        shift = shift if self.bias is None else shift + self.bias
        factor, summand = _per_channel(scale, x.ndim), _per_channel(shift, x.ndim)
        assert factor is not None
        assert summand is not None
        return x * factor + summand

    @torch.no_grad()
    def _keep(self, mean: Tensor, unbiased: Tensor, share: float) -> None:
        """Move the running statistics by this share towards those of the batch."""
        if self.running_mean is not None and self.running_var is not None:
            self.running_mean.lerp_(mean.to(self.running_mean.dtype), share)
            self.running_var.lerp_(unbiased.to(self.running_var.dtype), share)


class BatchNorm1d(_RunningStatistics):
    r"""Batch normalisation (批量归一化): each channel over the mini-batch, 7.42-7.48.

    Parameters
    ----------
    num_features : int, C
    eps : float >= 0
    momentum : float in [0, 1], or None
        Weight of the new batch in the running statistics; None keeps the plain mean over all batches.
    affine, bias : bool
        Learn a factor and (with ``bias``) a summand per channel.
    track_running_stats : bool
        False uses the statistics of the batch in evaluation mode too.
    device, dtype : of parameters and buffers

    Attributes
    ----------
    weight, bias : torch.nn.Parameter (C,), the :math:`\gamma` and :math:`\beta`; None where there are none
    running_mean, running_var, num_batches_tracked : buffers

    Notes
    -----
    In training the batch is divided by the root of its *biased* variance, while the *unbiased* one is kept, as in
    ``torch.nn``; the book writes one :math:`\sigma` for both. Inputs are (B, C) or (B, C, L).

    Examples
    --------
    >>> layer = BatchNorm1d(2, momentum=None)
    >>> for batch in ([[1.0, 0.0], [3.0, 0.0]], [[5.0, 0.0], [7.0, 4.0]]):
    ...     y = layer(torch.tensor(batch))
    >>> layer.running_mean, layer.running_var
    (tensor([4., 1.]), tensor([2., 4.]))
    """

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__(num_features, eps, momentum, affine, track_running_stats, device, dtype, bias)

    def forward(self, x: Tensor) -> Tensor:
        """Normalise (B, C) or (B, C, L); in training mode with tracking also update the running statistics."""
        self._check_channels(x)
        if not self.training and self.running_mean is not None:
            return self._by_kept_statistics(x)
        n_values = x.numel() // self.num_features
        if n_values < 2:
            raise ValueError(
                f"BatchNorm1d got an input of shape {tuple(x.shape)}, {n_values} value per channel; expected at least 2 in "
                "training mode: use a larger batch, eval(), or a layer that normalises within an example"
            )
        axes = (0,) if x.ndim == 2 else (0, 2)
        weight, bias = _per_channel(self.weight, x.ndim), _per_channel(self.bias, x.ndim)
        y, mean, variance = normalize(x, weight, bias, axes=axes, outer=axes, eps=self.eps)
        if self.training and self.num_batches_tracked is not None:
            self.num_batches_tracked.add_(1)
            share = 1 / self.num_batches_tracked.item() if self.momentum is None else self.momentum
            self._keep(mean.ravel(), variance.ravel() * (n_values / (n_values - 1)), share)
        return y


class InstanceNorm1d(_RunningStatistics):
    """Instance normalisation (实例归一化): each channel of each example over its positions.

    Parameters
    ----------
    num_features : int, C
    eps : float >= 0
    momentum : float in [0, 1]
    affine, bias, track_running_stats, device, dtype
        As for :class:`BatchNorm1d`, but nothing is learnt or kept unless asked for.

    Notes
    -----
    The kept statistics are the means over the batch of those of its examples. As in ``torch.nn``, ``num_batches_tracked`` is a
    buffer that stays 0. Inputs are (B, C, L), or (C, L) for one example.

    Examples
    --------
    >>> InstanceNorm1d(1)(torch.tensor([[[1.0, 3.0]], [[10.0, 30.0]]])).round(decimals=3)
    tensor([[[-1.,  1.]],
    <BLANKLINE>
            [[-1.,  1.]]])
    """

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float = 0.1,
        affine: bool = False,
        track_running_stats: bool = False,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        if momentum is None:
            raise ValueError("momentum must be a number for InstanceNorm1d: no batches are counted, but it is None")
        super().__init__(num_features, eps, momentum, affine, track_running_stats, device, dtype, bias)

    def forward(self, x: Tensor) -> Tensor:
        """Normalise (B, C, L) or (C, L)."""
        batch = x[None] if x.ndim == 2 else x
        if batch.ndim != 3 or batch.shape[1] != self.num_features:
            raise ValueError(
                f"InstanceNorm1d got an input of shape {tuple(x.shape)}; expected (B, {self.num_features}, L) or "
                f"({self.num_features}, L)"
            )
        y = self._normalised(batch)
        return y[0] if x.ndim == 2 else y

    def _normalised(self, x: Tensor) -> Tensor:
        if not self.training and self.running_mean is not None:
            return self._by_kept_statistics(x)
        if x.shape[2] < 2:
            raise ValueError(f"InstanceNorm1d got {x.shape[2]} position per channel; expected at least 2")
        weight, bias = _per_channel(self.weight, 3), _per_channel(self.bias, 3)
        y, mean, variance = normalize(x, weight, bias, axes=(2,), outer=(0, 2), eps=self.eps)
        if self.training and self.momentum is not None:
            n_values = x.shape[2]
            self._keep(mean.mean((0, 2)), variance.mean((0, 2)) * (n_values / (n_values - 1)), self.momentum)
        return y


def _per_channel(values: Tensor | None, n_axes: int) -> Tensor | None:
    """A vector (C,) so shaped that it meets axis 1."""
    return values if values is None or n_axes == 2 else values.reshape(1, -1, *(1,) * (n_axes - 2))
