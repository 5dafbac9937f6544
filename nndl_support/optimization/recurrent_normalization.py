r"""Simple recurrent networks with a normalisation inside the loop: layer normalisation works, batch normalisation needs care.

.. math:: z_t = U h_{t-1} + W x_t, \qquad h_t = \tanh(\operatorname{N}(z_t)),

7.53-7.54 with N = LN. The distribution of :math:`z_t` depends on t: at the first steps there is no history yet. Batch
normalisation in training uses the statistics of *this* step, so what it keeps for evaluation must be kept for every
step apart, and there is nothing for a sequence longer than those of the training (Qiu's exercise 7-3).

Shapes: B sequences, T steps, D inputs, H units, K classes.

References
----------
Ba, Kiros and Hinton (2016), Layer normalization, https://arxiv.org/abs/1607.06450. Cooijmans, Ballas, Laurent, Gülçehre and
Courville (2017), Recurrent batch normalization, https://arxiv.org/abs/1603.09025. Qiu (2019), equations 7.49-7.54.

Examples
--------
>>> sequences = torch.randn(7, 5, 3, generator=torch.Generator().manual_seed(0))
>>> for norm in KINDS:
...     print(norm, tuple(NormalizedSRN(3, 11, 2, norm, n_steps=5, seed=0)(sequences).shape))
none (7, 2)
layer (7, 2)
batch, shared (7, 2)
batch, per step (7, 2)
"""

import torch
from torch import Tensor, nn

from nndl_support.optimization.batch_norm import BatchNorm1d
from nndl_support.optimization.layer_norm import LayerNorm

KINDS = ("none", "layer", "batch, shared", "batch, per step")


class NormalizedSRN(nn.Module):
    """Reads a sequence with a simple recurrent network and classifies it by the last state.

    Parameters
    ----------
    n_inputs, n_units, n_classes : int
    norm : str in ``KINDS``
        "batch, shared" keeps one set of running statistics, "batch, per step" one for every step.
    n_steps : int, the steps for which statistics are kept
    seed : int, of the weights

    Attributes
    ----------
    W : torch.nn.Linear (D to H), without bias: the normalisation would remove it, or adds one
    U : torch.nn.Linear (H to H), orthogonal at first
    norms : torch.nn.ModuleList
    out : torch.nn.Linear (H to K)

    Raises
    ------
    ValueError
        When the norm is unknown, or in the forward pass a sequence has more steps than statistics were kept for.
    """

    def __init__(
        self, n_inputs: int, n_units: int, n_classes: int, norm: str = "layer", *, n_steps: int = 1, seed: int = 0
    ) -> None:
        super().__init__()
        if norm not in KINDS:
            raise ValueError(f"unknown norm {norm!r}; known are {', '.join(map(repr, KINDS))}")
        self.norm, self.n_steps = norm, n_steps
        self.W, self.U = nn.Linear(n_inputs, n_units, bias=False), nn.Linear(n_units, n_units, bias=norm == "none")
        self.out = nn.Linear(n_units, n_classes)
        made: dict[str, list[nn.Module]] = {
            "none": [nn.Identity()],
            "layer": [LayerNorm(n_units)],
            "batch, shared": [BatchNorm1d(n_units)],
            "batch, per step": [BatchNorm1d(n_units) for _ in range(n_steps)],
        }
        self.norms = nn.ModuleList(made[norm])
        generator = torch.Generator().manual_seed(seed)
        for layer in (self.W, self.out):
            nn.init.normal_(layer.weight, 0.0, layer.in_features**-0.5, generator=generator)
        nn.init.orthogonal_(self.U.weight, generator=generator)
        nn.init.zeros_(self.out.bias)
        if norm == "none":
            nn.init.zeros_(self.U.bias)

    def net_inputs(self, x: Tensor) -> list[Tensor]:
        """The z of every step, before it is normalised; T tensors (B, H).

        Parameters
        ----------
        x : tensor (B, T, D)
        """
        return self._read(x)[0]

    def forward(self, x: Tensor) -> Tensor:
        """Scores (B, K) of sequences (B, T, D)."""
        return self.out(self._read(x)[1])

    def _read(self, x: Tensor) -> tuple[list[Tensor], Tensor]:
        if x.ndim != 3 or x.shape[2] != self.W.in_features:
            raise ValueError(f"got sequences of shape {tuple(x.shape)}; expected (B, T, {self.W.in_features})")
        if self.norm == "batch, per step" and x.shape[1] > self.n_steps:
            raise ValueError(
                f"got sequences of {x.shape[1]} steps, but batch normalisation has statistics for {self.n_steps} steps only"
            )
        h, received = x.new_zeros(len(x), self.U.out_features), []
        for t, x_t in enumerate(x.unbind(dim=1)):
            received.append(self.U(h) + self.W(x_t))
            norm = self.norms[t] if len(self.norms) > 1 else self.norms[0]
            h = torch.tanh(norm(received[-1]))
        return received, h
