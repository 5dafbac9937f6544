r"""Deep Boltzmann machine (深度玻尔兹曼机, DBM): two hidden layers, all connections undirected.

.. math:: E(v, h, g) = -a^\top v - b^\top h - c^\top g - v^\top W h - h^\top U g

Its units, unlike those of a deep belief network, feel the layer above also when data are given: the posterior is not a single
pass upward but a conversation between the layers, for which mean field (平均场) is the usual approximation.

Shapes: B examples, V visible units, H units in the first hidden layer, G in the second.

References
----------
Salakhutdinov and Hinton (2009), Deep Boltzmann machines, AISTATS, https://proceedings.mlr.press/v5/salakhutdinov09a.html;
Qiu (2019), section 12.4.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Generator, Tensor

from nndl_support.deep_belief import enumeration
from nndl_support.deep_belief.harmonium import Harmonium
from nndl_support.deep_belief.units import BernoulliUnits

__all__ = ["DeepBoltzmannMachine"]


@dataclass(frozen=True)
class DeepBoltzmannMachine:
    """The parameters of a deep Boltzmann machine with two hidden layers, and what follows from them.

    Parameters
    ----------
    W : tensor (V, H), weights between the data and the first hidden layer
    U : tensor (H, G), weights between the hidden layers
    a, b, c : tensors (V,), (H,), (G,), biases

    Examples
    --------
    >>> dbm = DeepBoltzmannMachine(torch.zeros(3, 2), torch.zeros(2, 1), torch.zeros(3), torch.zeros(2), torch.zeros(1))
    >>> dbm.log_likelihood(torch.zeros(1, 3)).exp()
    tensor([0.1250], dtype=torch.float64)
    """

    W: Tensor
    U: Tensor
    a: Tensor
    b: Tensor
    c: Tensor

    def __post_init__(self) -> None:
        sizes = (*self.a.shape, *self.b.shape, *self.c.shape)
        if len(sizes) != 3 or self.W.shape != sizes[:2] or self.U.shape != sizes[1:]:
            raise ValueError(
                f"W has shape {tuple(self.W.shape)}, U {tuple(self.U.shape)}, the biases {sizes}; expected (V, H), (H, G) and "
                "(V,), (H,), (G,)"
            )

    def energy(self, v: Tensor, h: Tensor, g: Tensor) -> Tensor:
        """E(v, h, g) of rows: (B, V), (B, H), (B, G) to (B,)."""
        pairs = ((v @ self.W) * h).sum(-1) + ((h @ self.U) * g).sum(-1)
        return -(v @ self.a + h @ self.b + g @ self.c + pairs)

    def folded(self) -> Harmonium:
        """The same distribution as a machine of two layers: h on the one side, v and g on the other."""
        return Harmonium(torch.cat([self.W.T, self.U], dim=1), self.b, torch.cat([self.a, self.c]))

    # Exactly, by listing the states of h

    def log_likelihood(self, v: Tensor) -> Tensor:
        """log p(v) of every row: (B, V) to (B,), in nats, float64."""
        return self._log_weights(v.double())[1].logsumexp(-1) - enumeration.log_z(self.folded())

    def posterior(self, v: Tensor) -> tuple[Tensor, Tensor]:
        """The states of h (S, H), and p(h | v) of every row (B, S); g given h is a product again."""
        states, log_weights = self._log_weights(v.double())
        return states, log_weights.softmax(-1)

    def _log_weights(self, v: Tensor) -> tuple[Tensor, Tensor]:
        h = BernoulliUnits(len(self.b)).states(device=self.W.device)
        W, U, a, b, c = (p.double() for p in (self.W, self.U, self.a, self.b, self.c))
        # g summed out: log(1 + e^(c + U'h))
        above = torch.nn.functional.softplus(c + h @ U, threshold=40.0).sum(-1)
        return h, (v @ a)[:, None] + (b + v @ W) @ h.T + above

    # Mean field

    def mean_field(self, v: Tensor, n_sweeps: int = 50) -> tuple[Tensor, Tensor]:
        r"""Means of a product distribution of the hidden units that fits the posterior, by sweeps that never lower the bound.

        .. math:: \mu = \sigma(b + W^\top v + U \nu), \qquad \nu = \sigma(c + U^\top \mu)

        Parameters
        ----------
        v : tensor (B, V)
        n_sweeps : int; with 0 the answer is a single pass upward, from the data alone

        Returns
        -------
        tensor (B, H), tensor (B, G)
        """
        mu = torch.sigmoid(self.b + v @ self.W)
        nu = torch.sigmoid(self.c + mu @ self.U)
        for _ in range(n_sweeps):
            mu = torch.sigmoid(self.b + v @ self.W + nu @ self.U.T)
            nu = torch.sigmoid(self.c + mu @ self.U)
        return mu, nu

    def bound(self, v: Tensor, mu: Tensor, nu: Tensor) -> Tensor:
        """Lower bound of log p(v) that the means give: expected -E plus entropies minus log Z; (B,), in nats, float64."""
        v, mu, nu = v.double(), mu.double(), nu.double()
        machine = DeepBoltzmannMachine(*(p.double() for p in (self.W, self.U, self.a, self.b, self.c)))
        entropy = _entropy(mu) + _entropy(nu)
        return entropy - machine.energy(v, mu, nu) - enumeration.log_z(self.folded())

    # Sampling and learning

    def sample(self, n: int, n_steps: int = 1000, generator: Generator | None = None) -> Tensor:
        """Data (n, V) after ``n_steps`` Gibbs steps: h given v and g, then v and g given h."""
        folded = self.folded()
        h = (torch.rand((n, len(self.b)), generator=generator, device=self.W.device) < 0.5).to(self.W.dtype)
        for _ in range(n_steps):
            h = folded.gibbs_step(h, generator)
        return folded.sample_hidden(h, generator)[:, : len(self.a)]

    def climbed(self, v: Tensor, *, n_steps: int, learning_rate: float = 0.05) -> DeepBoltzmannMachine:
        """The machine after ``n_steps`` of Adam on the exact likelihood of ``v`` (small machines only)."""
        parameters = [p.detach().clone().requires_grad_() for p in (self.W, self.U, self.a, self.b, self.c)]
        optimizer = torch.optim.Adam(parameters, learning_rate)
        for _ in range(n_steps):
            optimizer.zero_grad()
            (-DeepBoltzmannMachine(*parameters).log_likelihood(v).mean()).backward()
            optimizer.step()
        return DeepBoltzmannMachine(*(p.detach() for p in parameters))


def _entropy(p: Tensor) -> Tensor:
    """Entropy of independent 0-1 units, in nats: (..., n) to (...)."""
    return -(torch.special.xlogy(p, p) + torch.special.xlogy(1 - p, 1 - p)).sum(-1)
