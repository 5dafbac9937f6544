r"""Input features in front of a network: rescaling, random waves, a periodic coordinate. None of them holds a weight.

Shapes: N points with D coordinates, F features.

References
----------
Tancik et al. (2020), Fourier features let networks learn high frequency functions in low dimensional domains,
https://arxiv.org/abs/2006.10739. Dong and Ni (2021), A method for representing periodic functions and enforcing exactly periodic
boundary conditions with deep neural networks, Journal of Computational Physics 435, https://doi.org/10.1016/j.jcp.2021.110242.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn


class Rescale(nn.Module):
    """Maps a box to [-1, 1] along every coordinate.

    Parameters
    ----------
    low, high : sequences of D floats

    Examples
    --------
    >>> Rescale([0.0, -1.0], [4.0, 1.0])(torch.tensor([[3.0, 0.0]]).double()).tolist()
    [[0.5, 0.0]]
    """

    centre: Tensor
    half_width: Tensor

    def __init__(self, low: Sequence[float], high: Sequence[float]) -> None:
        super().__init__()
        below, above = (torch.tensor([float(x) for x in side], dtype=torch.float64) for side in (low, high))
        if below.shape != above.shape or not (below < above).all():
            raise ValueError(f"low = {below.tolist()} must be below high = {above.tolist()} in every coordinate")
        self.register_buffer("centre", (below + above) / 2)
        self.register_buffer("half_width", (above - below) / 2)

    def forward(self, points: Tensor) -> Tensor:
        """Return the rescaled points, tensor (N, D)."""
        return (points - self.centre) / self.half_width


class FourierFeatures(nn.Module):
    r"""Random Fourier features (随机傅里叶特征): cosines and sines of random waves.

    .. math:: \phi(x) = [\cos(2\pi B x), \sin(2\pi B x)],\qquad B_{fd} \sim \mathcal N(0, s^2)

    Parameters
    ----------
    n_inputs : int, D
    n_features : int, F, even: half cosines, half sines
    scale : float > 0, s, in waves per unit of length
    seed : int

    Examples
    --------
    >>> FourierFeatures(2, 6, seed=0)(torch.zeros(1, 2).double()).tolist()
    [[1.0, 1.0, 1.0, 0.0, 0.0, 0.0]]
    """

    waves: Tensor

    def __init__(self, n_inputs: int, n_features: int, scale: float = 1.0, *, seed: int = 0) -> None:
        super().__init__()
        if n_features < 2 or n_features % 2:
            raise ValueError(f"n_features is {n_features}; expected an even number of at least 2")
        if not scale > 0:
            raise ValueError(f"scale is {scale}; expected more than 0")
        generator = torch.Generator().manual_seed(seed)
        waves = torch.randn(n_inputs, n_features // 2, generator=generator, dtype=torch.float64)
        self.register_buffer("waves", 2 * torch.pi * scale * waves)

    def forward(self, points: Tensor) -> Tensor:
        """Return the features, tensor (N, F)."""
        phase = points @ self.waves
        return torch.cat([torch.cos(phase), torch.sin(phase)], dim=1)


class PeriodicFeatures(nn.Module):
    r"""Replaces one coordinate by cosines and sines of its period, so that every function of them is exactly periodic.

    .. math:: x_a \mapsto \left[\cos\tfrac{2\pi k x_a}{L}, \sin\tfrac{2\pi k x_a}{L}\right]_{k=1}^{n}

    Parameters
    ----------
    axis : int >= 0, the coordinate a
    period : float > 0, L
    n_harmonics : int of at least 1, n
    even : bool
        Cosines only: every function of them is also the same at :math:`-x_a` as at :math:`x_a`.

    Examples
    --------
    >>> features = PeriodicFeatures(0, 2.0)(torch.tensor([[-1.0, 7.0], [1.0, 7.0]]).double())
    >>> features.shape, bool(torch.allclose(features[0], features[1]))
    (torch.Size([2, 3]), True)
    >>> PeriodicFeatures(0, 2.0, even=True)(torch.tensor([[1.0, 7.0]]).double()).tolist()
    [[-1.0, 7.0]]
    """

    waves: Tensor

    def __init__(self, axis: int, period: float, n_harmonics: int = 1, *, even: bool = False) -> None:
        super().__init__()
        if n_harmonics < 1 or not period > 0 or axis < 0:
            raise ValueError(
                f"axis is {axis}, period {period} and n_harmonics {n_harmonics}; expected >= 0, > 0 and >= 1"
            )
        self.axis, self.even = axis, even
        self.register_buffer("waves", 2 * torch.pi / period * torch.arange(1, n_harmonics + 1, dtype=torch.float64))

    def forward(self, points: Tensor) -> Tensor:
        """Return the features, tensor (N, D - 1 + 2 n), or (N, D - 1 + n): waves in place of the coordinate, then the others."""
        if self.axis >= points.shape[1]:
            raise ValueError(f"axis is {self.axis}, but the points have {points.shape[1]} columns, counted from 0")
        phase = points[:, self.axis, None] * self.waves
        others = [column[:, None] for d, column in enumerate(points.unbind(1)) if d != self.axis]
        waves = [torch.cos(phase)] if self.even else [torch.cos(phase), torch.sin(phase)]
        return torch.cat([*waves, *others], dim=1)
