r"""A network that learns from data alone what a system does in the next moment.

.. math:: \hat s(t + \Delta t) = s(t) + D \odot g\bigl((s(t) - \bar s) / S\bigr)

where g is one layer of tanh units, and the means, the spreads S of states and D of increments are taken from the data.

Shapes: B states, D coordinates.

References
----------
Pathak et al. (2018), Model-free prediction of large spatiotemporally chaotic systems from data, Physical Review Letters 120,
https://doi.org/10.1103/PhysRevLett.120.024102 (valid time of a learned chaotic system). Section "Why physics?" of this book.
"""

from typing import Any

import torch
from torch import Tensor, nn

from nndl_support.training import fit


class OneStepMap(nn.Module):
    """The map from a state to the next, with one hidden layer.

    Parameters
    ----------
    before, after : Tensor (N, D), states one step apart; only their means and spreads are used here
    width : int, hidden units
    generator : torch.Generator, optional
        Draws the weights.

    Examples
    --------
    >>> before = torch.randn(50, 3, generator=torch.Generator().manual_seed(0))
    >>> OneStepMap(before, 0.9 * before, 8)(before).shape
    torch.Size([50, 3])
    """

    mean: Tensor
    spread: Tensor
    increment: Tensor

    def __init__(self, before: Tensor, after: Tensor, width: int, *, generator: torch.Generator | None = None) -> None:
        super().__init__()
        if before.shape != after.shape or before.ndim != 2:
            raise ValueError(
                f"before has shape {tuple(before.shape)} and after {tuple(after.shape)}; expected (N, D) for both"
            )
        still = [d for d in range(before.shape[1]) if not (before[:, d].std() > 0 and (after - before)[:, d].std() > 0)]
        if still:
            raise ValueError(
                f"coordinates {still} of the {len(before)} states, or of their increments, do not vary; "
                "expected a positive spread of each, by which it is divided"
            )
        n = before.shape[1]
        self.register_buffer("mean", before.mean(0))
        self.register_buffer("spread", before.std(0))
        self.register_buffer("increment", (after - before).std(0))
        self.hidden = nn.Linear(n, width, dtype=before.dtype)
        self.out = nn.Linear(width, n, dtype=before.dtype)
        with torch.no_grad():
            for layer, scale in ((self.hidden, 1.0), (self.out, 0.1)):
                size = layer.weight.shape
                layer.weight.copy_(torch.randn(size, generator=generator, dtype=torch.float64) * scale / size[1] ** 0.5)
                layer.bias.copy_(torch.randn(size[0], generator=generator, dtype=torch.float64) * scale)

    def forward(self, state: Tensor) -> Tensor:
        """The next states (B, D) of states (B, D)."""
        return state + self.increment * self.out(torch.tanh(self.hidden((state - self.mean) / self.spread)))

    def advance(self, states: Any) -> Any:
        """The next states as an array (B, D) of an array (B, D), without gradients: the step of a forecast."""
        with torch.no_grad():
            return self(torch.as_tensor(states)).numpy()


def one_step_loss(model: OneStepMap, before: Tensor, after: Tensor) -> Tensor:
    """Mean square error of the next state, each coordinate in units of its increments' spread.

    Examples
    --------
    >>> before = torch.randn(50, 3, generator=torch.Generator().manual_seed(0))
    >>> model = OneStepMap(before, 0.9 * before, 8)
    >>> one_step_loss(model, before, model(before)).item()
    0.0
    """
    return (((model(before) - after) / model.increment) ** 2).mean()


def train_one_step_map(
    before: Tensor, after: Tensor, *, width: int = 32, iterations: int = 400, seed: int = 0
) -> OneStepMap:
    """Fit the map by L-BFGS on all pairs at once.

    Parameters
    ----------
    before, after : Tensor (N, D), float64
    width : int, hidden units
    iterations : int, of L-BFGS; rounded up to a multiple of 100
    seed : int

    Returns
    -------
    OneStepMap

    Examples
    --------
    >>> before = torch.randn(50, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    >>> model = train_one_step_map(before, 0.9 * before, width=4, iterations=100)
    >>> one_step_loss(model, before, 0.9 * before).item() < 0.01
    True
    """
    if iterations < 1:
        raise ValueError(f"iterations is {iterations}; expected at least 1")
    model = OneStepMap(before, after, width, generator=torch.Generator().manual_seed(seed))
    optimizer = torch.optim.LBFGS(
        model.parameters(),
        max_iter=100,
        history_size=30,
        line_search_fn="strong_wolfe",
        tolerance_grad=0.0,
        tolerance_change=0.0,
    )
    fit(model, one_step_loss, (before, after), optimizer, epochs=-(-iterations // 100), batch_size=None, seed=seed)
    return model
