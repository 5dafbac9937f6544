r"""Energy, free energy and Gibbs sampling of a restricted Boltzmann machine with units of any kind (a harmonium).

.. math:: E(v, h) = B(v) + C(h) - a^\top v - b^\top h - v^\top W h, \qquad p(v, h) = \frac{1}{Z} e^{-E(v, h)}

Two layers, no connection inside of a layer: given one layer, the units of the other are independent. :math:`B` and :math:`C` are
the units' own energies, zero for units that are 0 or 1 (:mod:`nndl_support.deep_belief.units`).

Shapes: B examples or chains, V visible units, H hidden units.

References
----------
Smolensky (1986), Information processing in dynamical systems: foundations of harmony theory, in Parallel Distributed
Processing 1; Qiu (2019), equations 12.29-12.51.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import torch
from torch import Generator, Tensor

from nndl_support.deep_belief.units import BernoulliUnits, Units

__all__ = ["Harmonium"]


@dataclass(frozen=True, eq=False)
class Harmonium:
    """The parameters of a restricted Boltzmann machine, and all that follows from them without a sum over both layers.

    Parameters
    ----------
    W : tensor (V, H), weights
    a : tensor (V,), visible bias
    b : tensor (H,), hidden bias
    visible, hidden : Units
        Bernoulli units unless given.

    Raises
    ------
    ValueError
        When sizes do not match, or when both layers are Gaussian (the density cannot be normalised for large weights).

    Examples
    --------
    >>> rbm = Harmonium(torch.tensor([[2.0], [-1.0]]), torch.zeros(2), torch.tensor([0.5]))
    >>> v, h = torch.tensor([[1.0, 1.0]]), torch.tensor([[1.0]])
    >>> rbm.energy(v, h)  # -(0.5 + 2 - 1)
    tensor([-1.5000])
    >>> rbm.mean_hidden(v).round(decimals=3)  # logistic of 1.5
    tensor([[0.8180]])
    """

    W: Tensor
    a: Tensor
    b: Tensor
    visible: Units = None  # type: ignore[assignment]
    hidden: Units = None  # type: ignore[assignment]

    def __post_init__(self) -> None:
        if self.W.ndim != 2 or self.a.shape != self.W.shape[:1] or self.b.shape != self.W.shape[1:]:
            raise ValueError(
                f"W has shape {tuple(self.W.shape)}, a {tuple(self.a.shape)}, b {tuple(self.b.shape)}; "
                "expected (V, H), (V,) and (H,)"
            )
        for name, size in zip(("visible", "hidden"), self.W.shape, strict=True):
            if getattr(self, name) is None:
                object.__setattr__(self, name, BernoulliUnits(size))
            if getattr(self, name).n != size:
                raise ValueError(f"W has shape {tuple(self.W.shape)}, but the {name} layer is {getattr(self, name)!r}")
        if self.visible.n_states == self.hidden.n_states == math.inf:  # math.isinf fails for numbers like 2^1024
            raise ValueError(
                f"the layers are {self.visible!r} and {self.hidden!r}: at least one of them must have finitely many states"
            )

    def hidden_field(self, v: Tensor) -> Tensor:
        """b + v W: (B, V) to (B, H)."""
        if v.shape[-1] != len(self.a):
            raise ValueError(f"v has {v.shape[-1]} columns, but the machine has {len(self.a)} visible units")
        return torch.addmm(self.b, v, self.W) if v.ndim == 2 else self.b + v @ self.W

    def visible_field(self, h: Tensor) -> Tensor:
        """a + h W^T: (B, H) to (B, V)."""
        if h.shape[-1] != len(self.b):
            raise ValueError(f"h has {h.shape[-1]} columns, but the machine has {len(self.b)} hidden units")
        return torch.addmm(self.a, h, self.W.T) if h.ndim == 2 else self.a + h @ self.W.T

    def energy(self, v: Tensor, h: Tensor) -> Tensor:
        """E(v, h) of pairs of rows: (B, V) and (B, H) to (B,); Qiu 12.29."""
        own = self.visible.own_energy(v) + self.hidden.own_energy(h)
        # B(v) + C(h) - a'v - (b + v W)'h
        return own - v @ self.a - (self.hidden_field(v) * h).sum(-1)

    def mean_hidden(self, v: Tensor) -> Tensor:
        """E[h | v]: (B, V) to (B, H); for 0-1 units the probabilities of Qiu 12.50-12.51."""
        return self.hidden.mean(self.hidden_field(v))

    def mean_visible(self, h: Tensor) -> Tensor:
        """E[v | h]: (B, H) to (B, V); for 0-1 units the probabilities of Qiu 12.50-12.51."""
        return self.visible.mean(self.visible_field(h))

    def sample_hidden(self, v: Tensor, generator: Generator | None = None) -> Tensor:
        """h drawn from p(h | v): (B, V) to (B, H)."""
        return self.hidden.sample(self.hidden_field(v), generator)

    def sample_visible(self, h: Tensor, generator: Generator | None = None) -> Tensor:
        """v drawn from p(v | h): (B, H) to (B, V)."""
        return self.visible.sample(self.visible_field(h), generator)

    def gibbs_step(self, v: Tensor, generator: Generator | None = None) -> Tensor:
        """All hidden units, then all visible units, drawn anew: (B, V) to (B, V)."""
        return self.sample_visible(self.sample_hidden(v, generator), generator)

    def free_energy(self, v: Tensor) -> Tensor:
        r"""F(v), so that p(v) is proportional to exp(-F(v)): (B, V) to (B,), in nats.

        .. math:: F(v) = B(v) - a^\top v - A(b + W^\top v), \qquad A(\eta) = \sum_j \log(1 + e^{\eta_j}) \text{ for 0-1 units}
        """
        return self.visible.own_energy(v) - v @ self.a - self.hidden.log_normalizer(self.hidden_field(v))

    def hidden_free_energy(self, h: Tensor) -> Tensor:
        """The same for the other layer: p(h) is proportional to exp(-F(h)); (B, H) to (B,), in nats."""
        return self.hidden.own_energy(h) - h @ self.b - self.visible.log_normalizer(self.visible_field(h))

    def transposed(self) -> Harmonium:
        """The same distribution with the layers' names exchanged."""
        return Harmonium(self.W.T, self.b, self.a, self.hidden, self.visible)

    def to(self, dtype: torch.dtype, device: torch.device | None = None) -> Harmonium:
        """The same machine in another precision or on another device."""
        W, a, b = (x.to(dtype=dtype, device=device) for x in (self.W, self.a, self.b))
        return replace(self, W=W, a=a, b=b)
