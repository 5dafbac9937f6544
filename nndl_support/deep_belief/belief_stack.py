r"""The parameters of a deep belief network, and what follows from them layer by layer.

.. math:: p(v, h^{(1)}, \dots, h^{(L)}) = \Bigl(\prod_{l=0}^{L-2} p(h^{(l)} \mid h^{(l+1)})\Bigr)\, p(h^{(L-1)}, h^{(L)}),
    \qquad h^{(0)} = v

The topmost pair is a restricted Boltzmann machine; the layers below are directed, from the top to the data. A second set of
weights, the recognition weights, points the other way and proposes hidden states for given data.

Shapes: B examples, n_l units in layer l, n_0 the visible units, C labels (0 where there are none).

References
----------
Hinton, Osindero and Teh (2006), A fast learning algorithm for deep belief nets, Neural Computation 18(7),
https://doi.org/10.1162/neco.2006.18.7.1527; Qiu (2019), equations 12.61-12.66.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Generator, Tensor

from nndl_support.deep_belief.harmonium import Harmonium

__all__ = ["BeliefStack", "Layer", "bernoulli_log_probability"]


class Layer(NamedTuple):
    """One direction between two neighbouring layers: the field of the receiving units is ``x @ weight + bias``.

    Examples
    --------
    >>> Layer(torch.ones(2, 3), torch.zeros(3)).weight.shape
    torch.Size([2, 3])
    """

    weight: Tensor
    bias: Tensor


def bernoulli_log_probability(x: Tensor, field: Tensor) -> Tensor:
    """log p(x) of independent 0-1 units under their fields, in nats: (..., n) and (..., n) to (...).

    Examples
    --------
    >>> bernoulli_log_probability(torch.tensor([1.0, 0.0]), torch.zeros(2)).exp()
    tensor(0.2500)
    """
    # x log sigma(f) + (1 - x) log sigma(-f) = x f - log(1 + e^f)
    return (x * field - F.softplus(field, threshold=40.0)).sum(-1)


@dataclass(frozen=True)
class BeliefStack:
    """Directed layers under a restricted Boltzmann machine, with a way up beside the way down.

    Parameters
    ----------
    recognition : sequence of L - 1 Layers, from the data upward; weight (n_l, n_{l+1}), bias (n_{l+1},)
    generative : sequence of L - 1 Layers, in the same order; weight (n_{l+1}, n_l), bias (n_l,)
    top : Harmonium
        Its visible layer is h^(L-1), with the C label units behind it where there are labels.

    Raises
    ------
    ValueError
        When sizes do not fit, or the top machine sees fewer units than the layer below has.

    Examples
    --------
    >>> rbm = Harmonium(torch.ones(3, 2), torch.zeros(3), torch.zeros(2))
    >>> stack = BeliefStack.from_machines([rbm, rbm.transposed()])
    >>> stack.sizes
    (3, 2, 3)
    >>> stack.transform(torch.zeros(1, 3)).shape
    torch.Size([1, 3])
    """

    recognition: Sequence[Layer]
    generative: Sequence[Layer]
    top: Harmonium

    def __post_init__(self) -> None:
        if len(self.recognition) != len(self.generative):
            raise ValueError(
                f"there are {len(self.recognition)} recognition layers, but {len(self.generative)} generative ones"
            )
        for k, (up, down) in enumerate(zip(self.recognition, self.generative, strict=True)):
            if up.weight.shape != down.weight.shape[::-1]:
                raise ValueError(
                    f"the way up from layer {k} has shape {tuple(up.weight.shape)}, the way down {tuple(down.weight.shape)}; "
                    "one must be the transposed of the other"
                )
        if self.n_labels < 0:
            raise ValueError(f"the top machine sees {len(self.top.a)} units, but the layer below has {self.sizes[-2]}")

    @classmethod
    def from_machines(cls, machines: Sequence[Harmonium]) -> BeliefStack:
        """Stack machines of which each was trained on the hidden units of the one before: the same weights up and down."""
        *below, top = machines
        recognition = [Layer(rbm.W.clone(), rbm.b.clone()) for rbm in below]
        generative = [Layer(rbm.W.T.clone(), rbm.a.clone()) for rbm in below]
        return cls(recognition, generative, top)

    @property
    def sizes(self) -> tuple[int, ...]:
        """Units in every layer, from the data upward: (n_0, ..., n_L); label units are not counted."""
        below = [up.weight.shape[0] for up in self.recognition]
        last = self.recognition[-1].weight.shape[1] if self.recognition else len(self.top.a)
        return (*below, last, len(self.top.b))

    @property
    def n_labels(self) -> int:
        """Label units of the top machine."""
        return len(self.top.a) - self.sizes[-2]

    # Up

    def means_up(self, v: Tensor) -> list[Tensor]:
        """Probabilities of every layer when probabilities are handed upward: (B, n_0) to L tensors (B, n_l), l = 1, ..., L.

        Labels are not looked at: their units stay silent.
        """
        means = []
        for up in (*self.recognition, self.top_layer):
            v = torch.sigmoid(v @ up.weight + up.bias)
            means.append(v)
        return means

    def transform(self, v: Tensor) -> Tensor:
        """Probabilities of the top layer: (B, n_0) to (B, n_L)."""
        return self.means_up(v)[-1]

    @property
    def top_layer(self) -> Layer:
        """The way from h^(L-1) up to h^(L), without the labels."""
        return Layer(self.top.W[: self.sizes[-2]], self.top.b)

    def sample_up(self, v: Tensor, generator: Generator | None = None) -> list[Tensor]:
        """The layers 0, ..., L - 1, each drawn by its recognition weights from the one below: (B, n_0) to L tensors (B, n_l)."""
        states = [v]
        for up in self.recognition:
            states.append(_draw(torch.sigmoid(states[-1] @ up.weight + up.bias), generator))
        return states

    def log_recognition(self, states: Sequence[Tensor]) -> Tensor:
        """log q(h^(1), ..., h^(L-1) | v) of states of the layers 0, ..., L - 1: L tensors (..., n_l) to (...), in nats."""
        total = states[0].new_zeros(states[0].shape[:-1])
        for below, above, up in zip(states[:-1], states[1:], self.recognition, strict=True):
            total = total + bernoulli_log_probability(above, below @ up.weight + up.bias)
        return total

    # Down

    def log_directed(self, states: Sequence[Tensor]) -> Tensor:
        """Sum of log p(h^(l) | h^(l+1)) over the directed layers: L tensors (..., n_l) to (...), in nats."""
        total = states[0].new_zeros(states[0].shape[:-1])
        for below, above, down in zip(states[:-1], states[1:], self.generative, strict=True):
            total = total + bernoulli_log_probability(below, above @ down.weight + down.bias)
        return total

    def log_top(self, h: Tensor) -> Tensor:
        """log p(h^(L-1)) without the partition function, labels summed out: (..., n_{L-1}) to (...), in nats."""
        if not self.n_labels:
            return -self.top.free_energy(h)
        return self.label_log_weights(h).logsumexp(-1)

    def label_log_weights(self, h: Tensor) -> Tensor:
        """log p(h^(L-1), label) without the partition function, for every label: (..., n_{L-1}) to (..., C), in nats."""
        labels = torch.eye(self.n_labels, dtype=h.dtype, device=h.device)
        h = h[..., None, :].expand(*h.shape[:-1], self.n_labels, -1)
        return -self.top.free_energy(torch.cat([h, labels.expand(*h.shape[:-1], -1)], dim=-1))

    def sample_top(
        self, x: Tensor, n_steps: int, generator: Generator | None = None, *, labels: Tensor | None = None
    ) -> Tensor:
        """Gibbs steps of the top machine from ``x`` (B, n_{L-1} + C), with ``labels`` (B, C) held fixed where they are given."""
        for _ in range(n_steps):
            if labels is not None:
                x = torch.cat([x[:, : self.sizes[-2]], labels], dim=1)
            x = self.top.gibbs_step(x, generator)
        return x

    def sample_down(self, h: Tensor, generator: Generator | None = None) -> tuple[list[Tensor], Tensor]:
        """From h^(L-1) (B, n_{L-1}) down to the data.

        Returns
        -------
        list of L tensors (B, n_l), tensor (B, n_0)
            The states of the layers 0, ..., L - 1, and the probabilities of which the visible ones were drawn.
        """
        states, mean = [h], h
        for down in reversed(self.generative):
            mean = torch.sigmoid(states[0] @ down.weight + down.bias)
            states.insert(0, _draw(mean, generator))
        return states, mean

    def to(self, dtype: torch.dtype, device: torch.device | None = None) -> BeliefStack:
        """The same network in another precision or on another device."""

        def moved(layers: Sequence[Layer]) -> list[Layer]:
            return [Layer(*(x.to(dtype=dtype, device=device) for x in layer)) for layer in layers]

        return BeliefStack(moved(self.recognition), moved(self.generative), self.top.to(dtype, device))


def _draw(p: Tensor, generator: Generator | None) -> Tensor:
    return torch.rand(p.shape, generator=generator, dtype=p.dtype, device=p.device).lt_(p)
