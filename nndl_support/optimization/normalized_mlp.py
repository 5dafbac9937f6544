"""A deep classifier with a normalisation of choice before every activation, and a loop that trains it and keeps the losses.

Shapes: B examples, D inputs, K classes.

References
----------
Ioffe and Szegedy (2015), Batch normalization, https://arxiv.org/abs/1502.03167. Wu and He (2018), Group normalization,
https://arxiv.org/abs/1803.08494.

Examples
--------
>>> X = torch.randn(64, 5, generator=torch.Generator().manual_seed(0))
>>> y = (X[:, 0] * X[:, 1] > 0).long()
>>> model = NormalizedMLP([5, 32, 32, 2], "batch", seed=0)
>>> run = train(model, X, y, epochs=60, batch_size=16, learning_rate=0.1, seed=0)
>>> run.diverged, len(run.losses), accuracy(model, X, y) > 0.9
(False, 240, True)
"""

import copy
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import pairwise

import torch
from torch import Tensor, nn

from nndl_support.optimization.normalization import BatchNorm1d, GroupNorm, LayerNorm, RMSNorm

NORMS: dict[str, Callable[[int], nn.Module]] = {
    "none": lambda n: nn.Identity(),
    "batch": BatchNorm1d,
    "layer": LayerNorm,
    "group": partial(GroupNorm, 4),
    "rms": RMSNorm,
}
ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "relu": torch.relu,
    "tanh": torch.tanh,
    "logistic": torch.sigmoid,
}


class NormalizedMLP(nn.Module):
    """Linear layer, normalisation, activation, again and again; the last layer is linear and returns scores.

    Parameters
    ----------
    sizes : numbers of units, from the inputs to the scores
    norm : str in ``NORMS``, or a callable that makes the module for a number of units
    activation : str in ``ACTIVATIONS``
    seed : int, of the weights, which are normal with variance 2 / fan-in for ReLU and 1 / fan-in otherwise
    dtype : torch.dtype

    Attributes
    ----------
    layers : torch.nn.ModuleList of torch.nn.Linear
    norms : torch.nn.ModuleList, one for every layer but the last

    Raises
    ------
    ValueError
        When there are fewer than two sizes, or a name is unknown.
    """

    def __init__(
        self,
        sizes: Sequence[int],
        norm: str | Callable[[int], nn.Module] = "none",
        activation: str = "relu",
        *,
        seed: int = 0,
        dtype: torch.dtype = torch.float32,
    ) -> None:
        super().__init__()
        if len(sizes) < 2 or min(sizes) < 1:
            raise ValueError(f"expected two or more positive sizes, but got {list(sizes)}")
        if activation not in ACTIVATIONS:
            raise ValueError(f"unknown activation {activation!r}; known are {', '.join(ACTIVATIONS)}")
        if isinstance(norm, str) and norm not in NORMS:
            raise ValueError(f"unknown norm {norm!r}; known are {', '.join(NORMS)}")
        make = NORMS[norm] if isinstance(norm, str) else norm
        self.activation = activation
        self.layers = nn.ModuleList(nn.Linear(n, m) for n, m in pairwise(sizes))
        self.norms = nn.ModuleList(make(m) for m in sizes[1:-1])
        generator = torch.Generator().manual_seed(seed)
        gain = 2.0 if activation == "relu" else 1.0
        for layer in self.linear_layers():
            nn.init.normal_(layer.weight, 0.0, (gain / layer.in_features) ** 0.5, generator=generator)
            nn.init.zeros_(layer.bias)
        self.to(dtype)

    def linear_layers(self) -> list[nn.Linear]:
        """The linear layers, from the inputs to the scores."""
        return [layer for layer in self.layers if isinstance(layer, nn.Linear)]

    def net_inputs(self, x: Tensor) -> list[Tensor]:
        """What every activation receives, and the scores last."""
        received = []
        for layer, norm in zip(self.layers, self.norms):
            received.append(norm(layer(x)))
            x = ACTIVATIONS[self.activation](received[-1])
        return [*received, self.layers[-1](x)]

    def forward(self, x: Tensor) -> Tensor:
        """Scores (B, K)."""
        return self.net_inputs(x)[-1]


@dataclass
class Run:
    """What :func:`train` returns.

    Attributes
    ----------
    losses : list of float, cross-entropy of every step, in nats
    diverged : bool, the loss became NaN or infinite and training stopped there
    observed : list, what the observer returned at every step
    """

    losses: list[float] = field(default_factory=list)
    diverged: bool = False
    observed: list = field(default_factory=list)


def train(
    model: nn.Module,
    X: Tensor,
    y: Tensor,
    *,
    epochs: int,
    batch_size: int,
    learning_rate: float,
    seed: int = 0,
    weight_decay: float = 0.0,
    observe: Callable[[nn.Module, int], object] | None = None,
) -> Run:
    """Stochastic gradient descent on the cross-entropy; a last batch that is not full is left out.

    Parameters
    ----------
    model : torch.nn.Module that returns scores, trained in place and left in training mode
    X : tensor (N, D)
    y : tensor (N,) of class numbers
    epochs, batch_size : int
    learning_rate : float
    seed : int, of the order of the examples
    weight_decay : float
    observe : callable, optional
        Called as ``observe(model, step)`` before every step; what it returns is kept.

    Returns
    -------
    Run

    Raises
    ------
    ValueError
        When the batch is larger than the data.
    """
    if batch_size > len(X):
        raise ValueError(f"batch_size is {batch_size}, but there are {len(X)} examples")
    optimizer = torch.optim.SGD(model.parameters(), lr=learning_rate, weight_decay=weight_decay)
    generator, run = torch.Generator().manual_seed(seed), Run()
    model.train()
    for _ in range(epochs):
        order = torch.randperm(len(X), generator=generator)
        for rows in order[: len(X) - len(X) % batch_size].split(batch_size):
            if observe is not None:
                run.observed.append(observe(model, len(run.losses)))
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(model(X[rows]), y[rows])
            run.losses.append(loss.item())
            if not math.isfinite(run.losses[-1]):
                run.diverged = True
                return run
            loss.backward()
            optimizer.step()
    return run


@torch.no_grad()
def accuracy(model: nn.Module, X: Tensor, y: Tensor, *, training: bool = False) -> float:
    """Share of right answers; the mode of the model is restored.

    Parameters
    ----------
    model : torch.nn.Module
    X : tensor (N, D)
    y : tensor (N,)
    training : bool
        True judges in training mode, where batch normalisation uses the statistics of these very examples. A copy is
        judged, so that the running statistics of the model do not move.
    """
    judged = copy.deepcopy(model).train() if training else model
    mode = judged.training
    judged.train(training)
    share = (judged(X).argmax(dim=1) == y).double().mean().item()
    judged.train(mode)
    return share
